"""Hidden axes of a diagram: those whose index may be permuted without changing what it computes.

Followed is where an axis runs, from operator to operator: it begins at parameters and ends in sums. Such a stretch is
hidden when nothing orders it (no index arithmetic, window, running sum or order of places) and it reaches neither data
nor results; stretches that a renaming joins are permuted together, those of one axis that do not meet are not. This is
read off the diagram: channels, heads and hidden units of any architecture are found by the same rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, operator_axes, walk

Place = tuple[Node, Axis]
"""An axis where a node has it."""


@dataclass(frozen=True, slots=True)
class Group:
    """One hidden axis: its size, and the places of the parameters that run along it, by name."""

    size: int
    places: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Stretches:
    """Places that are one as far as permutations go; `fixed` are places that nothing may permute."""

    parent: dict[Place, Place] = field(default_factory=dict[Place, Place])
    fixed: set[Place] = field(default_factory=set[Place])

    def root(self, place: Place) -> Place:
        while (above := self.parent.get(place, place)) != place:
            self.parent[place] = self.parent.get(above, above)
            place = above
        return place

    def join(self, a: Place, b: Place) -> None:
        a, b = self.root(a), self.root(b)
        if a != b:
            self.parent[b] = a

    def fix(self, node: Node, axes: Iterable[Axis]) -> None:
        self.fixed.update((node, axis) for axis in axes if axis in node.axes)


def groups(diagram: Diagram, moving: Collection[str] | None = None) -> tuple[Group, ...]:
    """The hidden axes of a diagram whose sizes are numbers, largest first.

    Parameters that are not `moving`, by path, stay as they are; None lets all of them move.
    """
    found = _Stretches()
    for node in diagram.inputs:
        if isinstance(node.op, ops.Input) and moving is not None and node.op.name not in moving:
            found.fix(node, node.axes)
    for output in diagram.outputs:
        found.fix(output, output.axes)
    for node in _every(diagram.outputs):
        _read(node, found)
    fixed = {found.root(place) for place in found.fixed}
    places: dict[Place, list[tuple[str, int]]] = {}
    for node in diagram.inputs:
        if isinstance(node.op, ops.Input) and node.op.role != "tensor":
            for number, axis in enumerate(node.axes):
                if (root := found.root((node, axis))) not in fixed:
                    places.setdefault(root, []).append((node.op.name, number))
    made = [
        Group(size, tuple(sorted(held)))
        for (_, axis), held in places.items()
        if (size := axis.size.value or 0) > 1
    ]
    return tuple(sorted(made, key=lambda group: (-group.size, group.places)))


def _every(roots: tuple[Node, ...]) -> Iterator[Node]:
    """The nodes below roots, and those of the bodies of state machines, whose inputs are operands of the machine."""
    for node in walk(roots):
        if isinstance(node.op, ops.Scan):
            yield from (n for n in _every(node.op.body.outputs) if not isinstance(n.op, ops.Input))
        yield node


def _read(node: Node, found: _Stretches) -> None:
    """What one operator says of the axes of its operands and of its result."""
    match node.op:
        case ops.Input(_, "tensor"):
            found.fix(node, node.axes)
        case ops.View(coordinates, _):
            _pass(node, found, {axis for axis, _ in coordinates})
            for axis, coordinate in coordinates:
                if coordinate.axis is not None:
                    found.join((node.inputs[0], axis), (node, coordinate.axis))
                else:
                    found.fix(node.inputs[0], [axis])
                    found.fix(node, coordinate.axes)
        case ops.Scan():
            _machine(node, node.op, found)
        case ops.Input() | ops.Map() | ops.Cast() | ops.Stop() | ops.Spread():
            _pass(node, found, ())
        case ops.Reduce(monoid, axes) if monoid not in ("argmax", "argmin"):
            _pass(node, found, axes)
        case _:  # an index, an order, a place in a list, a draw of its own
            named = operator_axes(node.op)
            _pass(node, found, named)
            for one in (node, *node.inputs):
                found.fix(one, named)
            found.fix(node, node.axes if isinstance(node.op, ops.Iota) else ())


def _pass(node: Node, found: _Stretches, ended: Iterable[Axis]) -> None:
    """Axes of operands go through to the result, and are one in all operands that have them."""
    seen: dict[Axis, Place] = {axis: (node, axis) for axis in node.axes if axis not in set(ended)}
    for operand in node.inputs:
        for axis in operand.axes:
            found.join(seen.setdefault(axis, (operand, axis)), (operand, axis))


def _machine(node: Node, op: ops.Scan, found: _Stretches) -> None:
    """A state machine: its axis is ordered; operands are the inputs of its body, and states come back as states."""
    inputs, outputs = op.body.inputs, op.body.outputs
    for operand, inner in zip(node.inputs, inputs, strict=True):
        found.fix(operand, [op.axis])
        for axis in inner.axes:
            found.join((operand, axis), (inner, axis))
    for state, after in zip(inputs, outputs, strict=False):
        for axis in after.axes:
            found.join((state, axis), (after, axis))
    found.fix(node, [op.axis])
    for axis in outputs[op.output].axes:
        found.join((node, axis), (outputs[op.output], axis))
