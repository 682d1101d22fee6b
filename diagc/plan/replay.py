"""The diagrams between laws: each application done on the written diagram, in order, until the normal form stands.

A law is written for operands in the order of the normal form. Where an application is looked for, commutative
functions and sets of axes are therefore taken in any order; the picture keeps the order that it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, node, substitute, walk
from diagc.core.rewrite import Step


def replay(diagram: Diagram, steps: Sequence[Step], end: Diagram) -> Iterator[tuple[Step | None, Diagram]]:
    """The diagram, for each step that changes it the diagram after it, and `end` where that says something else."""
    same = _Unordered()
    outputs: tuple[Node, ...] = diagram.outputs
    found: list[tuple[Step | None, Diagram]] = [(None, diagram)]
    for step in steps:
        changed = _applied(outputs, step, same)
        if changed != outputs:
            outputs = changed
            found.append((step, diagram.with_outputs(outputs)))
    if outputs != end.outputs and len(found) > 1 and same.all(outputs) == same.all(end.outputs):
        found[-1] = (found[-1][0], end)
    elif outputs != end.outputs:
        found.append((None, end))
    yield from found


def _applied(outputs: tuple[Node, ...], step: Step, same: _Unordered) -> tuple[Node, ...]:
    """The roots after one application, in which what was there already is the same node as before."""
    wanted = same.of(step.before)
    here = {same.of(current): current for current in walk(outputs)}
    if wanted not in here:
        return outputs
    kept = {
        n: here[same.of(n)] for n in walk((step.after,)) if same.of(n) in here and same.of(n) is not wanted
    }
    (after,) = substitute((step.after,), kept)
    return substitute(outputs, {here[wanted]: after})


@dataclass(slots=True)
class _Unordered:
    """For nodes that differ in the order of what has none, one node that stands for all of them."""

    known: dict[Node, Node] = field(default_factory=dict[Node, Node])

    def of(self, current: Node) -> Node:
        for each in walk((current,)):
            if each not in self.known:
                self.known[each] = self._made(each)
        return self.known[current]

    def all(self, roots: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(map(self.of, roots))

    def _made(self, current: Node) -> Node:
        if not current.inputs:
            return current
        inputs = [self.known[operand] for operand in current.inputs]
        match current.op:
            case ops.Map(function) if function.commutative:
                inputs.sort(key=id)
                return node(current.op, *inputs)
            case ops.Reduce(axes=axes) | ops.Spread(axes=axes):
                return node(replace(current.op, axes=tuple(sorted(axes, key=_name))), *inputs)
            case ops.View(coordinates):
                ordered = tuple((a, c.ordered(_name)) for a, c in coordinates)
                return node(replace(current.op, coordinates=ordered), *inputs)
            case _:
                return node(current.op, *inputs)


def _name(axis: Axis) -> tuple[int, str]:
    return 0, axis.uid
