"""Folds that go on from one that is there: ∑ₐ_b e = ∑ₐ (∑_b e) where ∑_b e is computed in any case.

The normal form merges nested folds so that equal diagrams meet; what is computed for another reader is not computed
twice for it.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.diagram import Node, rebuild, reduction, walk, with_inputs
from diagc.core.rewrite import Record, Rule, Step

RULE = Rule("shared-fold", "∑ₐ_b e = ∑ₐ ∑_b e, ∑_b e being there", lambda _: None)

_Key = tuple[Node, ops.Monoid, object, object]


def shared_folds(roots: tuple[Node, ...], record: Record) -> tuple[Node, ...]:
    """The roots, each fold taken over the largest part of it that another node has already."""
    parts: dict[_Key, list[Node]] = {}
    for current in walk(roots):
        if isinstance(current.op, ops.Reduce) and current.op.monoid in ops.UNITS:
            parts.setdefault(_key(current, current.op), []).append(current)
    wider = {
        n: part for group in parts.values() if len(group) > 1 for n in group if (part := _part(n, group))
    }
    if not wider:
        return roots

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made = record.follow(current, with_inputs(current, inputs))
        part = wider.get(current)
        if part is None or not isinstance(made.op, ops.Reduce) or not isinstance(part.op, ops.Reduce):
            return made
        inner = with_inputs(part, inputs)
        rest = [axis for axis in made.op.axes if axis not in part.op.axes]
        outer = record.follow(made, reduction(made.op.monoid, rest, inner, made.op))
        record.steps.append(Step(RULE, made, outer))
        return outer

    return rebuild(roots, change)


def _key(current: Node, op: ops.Reduce) -> _Key:
    return current.inputs[0], op.monoid, op.compute, op.accumulate


def _part(current: Node, group: list[Node]) -> Node | None:
    """The fold of the same elements over most of the axes of a fold."""
    found = [n for n in group if set(_axes(n)) < set(_axes(current))]
    return max(found, key=lambda n: (len(_axes(n)), -group.index(n)), default=None)


def _axes(current: Node) -> tuple[ops.Axis, ...]:
    assert isinstance(current.op, ops.Reduce)
    return current.op.axes
