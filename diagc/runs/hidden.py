"""Hidden axes of a diagram: those whose index may be permuted without changing what it computes.

An axis is hidden when only parameters carry it, it is never ordered (no index arithmetic, window, running sum or order
of places) and it reaches neither data nor results. Axes that a renaming joins are permuted together. This is read off
the diagram: channels, heads and hidden units of any architecture are found by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, operator_axes, walk


@dataclass(frozen=True, slots=True)
class Group:
    """One hidden axis: its size, and the places of the parameters that run along it, by name."""

    size: int
    places: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Classes:
    """Axes that are one as far as permutations go; `fixed` are classes that nothing may permute."""

    parent: dict[Axis, Axis] = field(default_factory=dict[Axis, Axis])
    fixed: set[Axis] = field(default_factory=set[Axis])

    def root(self, axis: Axis) -> Axis:
        while (above := self.parent.get(axis, axis)) != axis:
            axis = above
        return axis

    def join(self, a: Axis, b: Axis) -> None:
        a, b = self.root(a), self.root(b)
        if a != b:
            self.parent[b] = a

    def fix(self, axes: Iterable[Axis]) -> None:
        self.fixed.update(axes)


def groups(diagram: Diagram) -> tuple[Group, ...]:
    """The hidden axes of a diagram whose sizes are numbers, largest first."""
    classes = _Classes()
    for output in diagram.outputs:
        classes.fix(output.axes)
    for node in walk(diagram.outputs):
        _read(node, classes)
    fixed = {classes.root(axis) for axis in classes.fixed}
    found: dict[Axis, list[tuple[str, int]]] = {}
    for node in diagram.inputs:
        if isinstance(node.op, ops.Input) and node.op.role != "tensor":
            for place, axis in enumerate(node.axes):
                if classes.root(axis) not in fixed:
                    found.setdefault(classes.root(axis), []).append((node.op.name, place))
    made = [
        Group(size, tuple(places)) for axis, places in found.items() if (size := axis.size.value or 0) > 1
    ]
    return tuple(sorted(made, key=lambda group: (-group.size, group.places)))


def _read(node: Node, classes: _Classes) -> None:
    """What one operator says of its axes."""
    match node.op:
        case ops.Input(_, "tensor"):
            classes.fix(node.axes)
            classes.fix([node.array.index_of] if node.array.index_of else [])
        case ops.View(coordinates, _):
            for axis, coordinate in coordinates:
                if coordinate.axis is not None:
                    classes.join(axis, coordinate.axis)
                else:
                    classes.fix([axis, *coordinate.axes])
        case ops.Reduce(monoid, axes) if monoid in ("argmax", "argmin"):
            classes.fix(axes)
        case ops.Input() | ops.Map() | ops.Cast() | ops.Stop() | ops.Reduce() | ops.Spread():
            pass
        case _:  # an index, an order, a place in a list, a draw of its own
            classes.fix(operator_axes(node.op))
            classes.fix(node.axes if isinstance(node.op, ops.Iota) else ())
