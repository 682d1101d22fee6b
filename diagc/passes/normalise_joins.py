"""Laws of joins: a fold of a join is one of each part, and what reads one part reads nothing else.

A join whose parts are one thing, read part by part, is that thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import Node, apply, node, rebuild, reduction, view, walk, with_inputs
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.normalise_views import VIEWS


def _fold_of_join(current: Node) -> Node | None:
    """∑ f(a ⧺ b, c) = ∑ f(a, c) + ∑ f(b, c), c without the axis of the join; and so for every fold."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid in ops.COMBINE):
        return None
    op, element = current.op, current.inputs[0]
    joins = [n.op for n in _along(element, op.axes) if isinstance(n.op, ops.Concat)]
    join = next((j for j in joins if j.axis in op.axes), None)
    if join is None:
        return None
    folded: list[Node] = []
    for place, part in enumerate(join.parts):
        made = _part(element, join, place)
        if made is None or part not in made.axes:
            return None
        axes = [part if a == join.axis else a for a in op.axes]
        folded.append(reduction(op.monoid, axes, made, op))
    made = apply(ops.COMBINE[op.monoid], *folded)
    return made if made.dtype is current.dtype else None


def _along(element: Node, axes: tuple[Axis, ...]) -> Iterator[Node]:
    """What an element is made of at each point of some axes."""
    through = ops.Map | ops.Cast | ops.Spread | ops.Stop
    return walk(
        (element,),
        lambda n: tuple(i for i in n.inputs if set(axes) & set(i.axes)) if isinstance(n.op, through) else (),
    )


def _part(element: Node, join: ops.Concat, place: int) -> Node | None:
    """An element at the indices of one part of a join; None where something else runs along it."""
    made = dict[Node, Node]()
    for current in _along(element, (join.axis,)):
        inputs = tuple(made.get(i, i) for i in current.inputs)
        match current.op:
            case ops.Concat() if current.op == join:
                made[current] = current.inputs[place]
            case ops.Spread(axes) if join.axis in axes:
                axes = tuple(join.parts[place] if a == join.axis else a for a in axes)
                made[current] = node(ops.Spread(axes), *inputs)
            case ops.Map() | ops.Cast() | ops.Spread() | ops.Stop():
                made[current] = with_inputs(current, inputs)
            case _:
                return None
    return made[element]


def _part_of_join(current: Node) -> Node | None:
    """(a ⧺ b)[t → i] = a[t → i] for i within a."""
    if not (isinstance(current.op, ops.View) and isinstance(current.inputs[0].op, ops.Concat)):
        return None
    join, coordinates = current.inputs[0].op, dict(current.op.coordinates)
    at = coordinates.pop(join.axis, None)
    if at is None or current.op.fill is not None or not at.is_affine:
        return None
    low = high = at.offset.value
    for axis, times in at.terms:
        size, number = axis.size.value, times.value
        if low is None or high is None or size is None or number is None:
            return None
        low, high = low + min(0, number * (size - 1)), high + max(0, number * (size - 1))
    start = 0
    for operand, part in zip(current.inputs[0].inputs, join.parts, strict=True):
        size = part.size.value
        if size is None or low is None or high is None:
            return None
        if start <= low and high < start + size:
            moved = Coordinate(at.terms, at.offset - start)
            return view(operand, {**coordinates, part: moved})
        start += size
    return None


def _joined_again(current: Node) -> Node | None:
    """e[t → i] ⧺ e[t → |i| + j] = e."""
    if not isinstance(current.op, ops.Concat):
        return None
    axis, parts = current.op.axis, current.op.parts
    whole = _whole(current.inputs[0], parts[0], axis)
    if whole is None:
        return None
    starts = accumulate((part.size for part in parts[:-1]), initial=Size())
    for operand, part, start in zip(current.inputs, parts, starts, strict=True):
        at = Coordinate.affine({part: ONE}, start)
        if rewrite((view(whole, {axis: at}),), VIEWS, Record())[0] is not operand:
            return None
    return whole if whole.dtype is current.dtype else None


def _whole(first: Node, part: Axis, axis: Axis) -> Node | None:
    """What reads all of an axis where the first part reads its beginning; None where a part is read differently."""
    nodes = list(walk((first,)))
    read = [
        pair for n in nodes if isinstance(n.op, ops.View) for pair in n.op.coordinates if part in pair[1].axes
    ]
    plain = all(coordinate.axis == part and source.size == axis.size for source, coordinate in read)
    if not read or not plain or any(isinstance(n.op, ops.Input) and part in n.axes for n in nodes):
        return None

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        match current.op:
            case ops.View(coordinates, fill):
                made = {a: Coordinate.along(axis) if c.axis == part else c for a, c in coordinates}
                return view(inputs[0], made, fill)
            case ops.Iota(a) if a == part:
                return node(ops.Iota(axis))
            case ops.Spread(axes) if part in axes:
                return node(ops.Spread(tuple(axis if a == part else a for a in axes)), *inputs)
            case _:
                return with_inputs(current, inputs)

    return rebuild((first,), change)[0]


JOINS = (
    Rule("fold-of-join", "∑ f(a ⧺ b) = ∑ f(a) + ∑ f(b)", _fold_of_join),
    Rule("part-of-join", "(a ⧺ b)[t → i] = a[t → i], i within a", _part_of_join),
    Rule("joined-again", "e[t → i] ⧺ e[t → |i| + j] = e", _joined_again),
)
