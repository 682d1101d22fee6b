"""Rounds of taking the best: what is left of a chunk once other places have been taken.

Round j folds over the places that the rounds before it have not taken: its value is the extremum of s there, its place
the outermost index that attains it. Per chunk, the rounds are the best elements in falling order, lowest index first.
When chunks are merged, at most one of them loses its head in each round: the one that held what was taken. What a
chunk has in round j is therefore the head of its list once the places taken before have been struck off, and the list
of j elements is long enough. Only the extremum, the exclusion of places and the order of rounds are used: `topk`, the
two nearest, or the margin of the best over the second come out alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Node, apply, constant
from diagc.core.fold.algebra import Dependence, Selection, literal, name_of

T = TypeVar("T")


class Choosing(Protocol[T]):
    """What a selection is evaluated with: nodes of a diagram, or values of a kernel."""

    def equal(self, left: T, right: T) -> T: ...

    def choose(self, condition: T, chosen: T, other: T) -> T: ...


def head(
    selection: Selection, old: Mapping[Node, T], new: Mapping[Node, T], fill: T | None, algebra: Choosing[T]
) -> T:
    """What a round has in the state `old` when the rounds before it have become `new`; `fill` where it has no place."""
    values, places = [old[n] for n in selection.values], [old[n] for n in selection.places]
    for taken in selection.taken:
        struck = algebra.equal(new[taken], places[0])
        values, places = (_dropped(entries, struck, algebra) for entries in (values, places))
    if fill is None:
        return values[0]
    return algebra.choose(algebra.equal(values[0], new[selection.values[-1]]), places[0], fill)


def _dropped(entries: list[T], struck: T, algebra: Choosing[T]) -> list[T]:
    """A list without its head where that is struck off, else without its last element."""
    return [algebra.choose(struck, after, entry) for entry, after in pairwise(entries)]


# ---- finding the rounds


@dataclass(frozen=True, slots=True)
class _Round:
    """What a round folds: `base`, the conditions and the value of its elements, at the places that are not `taken`.

    For a place, `reference` is the value that is attained there, `index` what is collected, `fill` what stands where
    nothing is left.
    """

    monoid: str
    base: tuple[frozenset[Node], Node]
    taken: frozenset[Node]
    reference: Node | None = None
    index: Node | None = None
    fill: Node | None = None


def selection_of(reduction: Node, dependence: Dependence) -> Selection | None:
    """The selection that a reduction is a round of, given those that its element depends on; None where it is none."""
    found = _round(reduction, dependence)
    if found is None or not (found.taken or found.reference):
        return None
    rounds = {place: _round(place, dependence) for place in found.taken}
    places = sorted(rounds, key=lambda p: len(made.taken) if (made := rounds[p]) else 0)
    values: list[Node] = []
    for number, place in enumerate(places):
        earlier = rounds[place]
        if earlier is None or earlier.reference is None or earlier.taken != frozenset(places[:number]):
            return None
        values.append(earlier.reference)
    values.append(found.reference or reduction)
    if any(made is None or made.index != found.index for made in rounds.values()):
        return None
    for number, value in enumerate(values):
        made = _round(value, dependence)
        if made is None or made.reference is not None or made.taken != frozenset(places[:number]):
            return None
        if (made.monoid, made.base) != (found.monoid, found.base):
            return None
    if found.reference is not None:
        places.append(reduction)
    return Selection(tuple(values), tuple(places), found.fill)


def _round(reduction: Node, dependence: Dependence) -> _Round | None:
    """A reduction along one axis as a round, for a value or for a place."""
    op = reduction.op
    if not (isinstance(op, ops.Reduce) and op.monoid in ("max", "min") and len(op.axes) == 1):
        return None
    conditions, core = _elements(reduction, reduction.inputs[0])
    place = _place(reduction, conditions, core, dependence) if op.monoid == "min" else None
    return place or _made(reduction, conditions, core, dependence)


def _place(reduction: Node, outer: list[Node], core: Node, dependence: Dependence) -> _Round | None:
    """The round of a place: the lowest index among those that attain a value, else a fill above all of them."""
    assert isinstance(reduction.op, ops.Reduce)
    (axis,) = reduction.op.axes
    conditions, core, fill = _peeled(core)
    if fill is None:
        conditions, outer, fill = outer, [], constant(ops.unit_of("min", reduction.dtype))
    attained = [
        (c, *pair) for c in conditions for pair in _sides(c, "eq") if _is_extremum(pair[0], axis, dependence)
    ]
    if len(attained) != 1 or any(map(dependence.depends, outer)):
        return None
    condition, value, element = attained[0]
    inner, base = _elements(value, element)
    rest = [*outer, *inner, *(c for c in conditions if c is not condition)]
    if not (_is_index(core, axis, dependence) and _is_beyond(fill, core, axis, rest)):
        return None
    return _made(value, rest, base, dependence, (value, _uncast(core), fill))


def _made(
    extremum: Node, conditions: list[Node], core: Node, dependence: Dependence,
    place: tuple[Node, Node, Node] | None = None,
) -> _Round | None:  # fmt: skip
    """A round over the elements of an extremum; all conditions that move exclude an index."""
    op = extremum.op
    assert isinstance(op, ops.Reduce)
    moving = [c for c in conditions if dependence.depends(c)]
    excluded = [_excluded(c, op.axes[0], dependence) for c in moving]
    found = [e for e in excluded if e is not None]
    reference, index, fill = place or (None, found[0][1] if found else None, None)
    if dependence.depends(core) or None in excluded or any(other != index for _, other in found):
        return None
    base = frozenset(c for c in conditions if c not in moving), core
    return _Round(op.monoid, base, frozenset(p for p, _ in found), reference, index, fill)


def _elements(extremum: Node, element: Node) -> tuple[list[Node], Node]:
    """An element of a maximum or minimum as what it is under conditions, without which it counts for nothing."""
    assert isinstance(extremum.op, ops.Reduce)
    unit, conditions = ops.unit_of(extremum.op.monoid, extremum.dtype), list[Node]()
    while name_of(inner := _uncast(element)) == "where":
        condition, chosen, other = inner.inputs
        if literal(_uncast(other)) == unit:
            conditions += _conjuncts(condition)
            element = chosen
        elif literal(_uncast(chosen)) == unit:
            conditions += _complements(condition)
            element = other
        else:
            break
    return conditions, element


def _peeled(element: Node) -> tuple[list[Node], Node, Node | None]:
    """Conditions, value and fill of nested choices with the same fill; without a choice there is no fill."""
    conditions, fill = list[Node](), None
    while name_of(inner := _uncast(element)) == "where" and fill in (None, inner.inputs[2]):
        conditions += _conjuncts(inner.inputs[0])
        element, fill = inner.inputs[1], inner.inputs[2]
    return conditions, element, fill


def _conjuncts(condition: Node) -> list[Node]:
    if name_of(condition) != "and":
        return [condition]
    return [part for operand in condition.inputs for part in _conjuncts(operand)]


def _complements(condition: Node) -> list[Node]:
    """The parts of a condition that holds where the given one does not."""
    match name_of(condition):
        case "or":
            return [part for operand in condition.inputs for part in _complements(operand)]
        case "eq":
            return [apply("ne", *condition.inputs)]
        case _:
            return [apply("not", condition)]


def _sides(condition: Node, name: str) -> list[tuple[Node, Node]]:
    """Both orders of the sides of a comparison."""
    if name_of(condition) != name or len(condition.inputs) != 2:
        return []
    left, right = condition.inputs
    return [(left, right), (right, left)]


def _is_extremum(current: Node, axis: Axis, dependence: Dependence) -> bool:
    op = current.op
    known = isinstance(op, ops.Reduce) and op.monoid in ("max", "min") and op.axes == (axis,)
    return known and dependence.depends(current)


def _excluded(condition: Node, axis: Axis, dependence: Dependence) -> tuple[Node, Node] | None:
    """The place p and the index of `index != p`."""
    for place, index in _sides(condition, "ne"):
        place, index = _uncast(place), _uncast(index)
        if isinstance(place.op, ops.Reduce) and _is_index(index, axis, dependence):
            return place, index
    return None


def _is_index(current: Node, axis: Axis, dependence: Dependence) -> bool:
    """Whether a node is different for each index of an axis: the index and something that does not have the axis."""
    current = _uncast(current)
    if name_of(current) == "add":
        moving = [o for o in current.inputs if axis in o.axes]
        return len(moving) == 1 and not dependence.depends(current) and _is_index(moving[0], axis, dependence)
    return current.op == ops.Iota(axis)


def _uncast(current: Node) -> Node:
    """A node without conversions of integers, which keep indices apart."""
    while isinstance(current.op, ops.Cast) and current.dtype.kind == current.inputs[0].dtype.kind == "int":
        current = current.inputs[0]
    return current


def _is_beyond(fill: Node, index: Node, axis: Axis, conditions: list[Node]) -> bool:
    """Whether a fill is no lower than any index that counts."""
    if literal(_uncast(fill)) == ops.unit_of("min", fill.dtype):
        return True
    index, last = _uncast(index), _size(fill)
    ends = [axis.size] if index.op == ops.Iota(axis) else []
    ends += [
        end for c in conditions if name_of(c) == "lt" and c.inputs[0] == index and (end := _size(c.inputs[1]))
    ]
    return last is not None and any(last in (end - 1, end) for end in ends)


def _size(current: Node) -> Size | None:
    """The size that a node is, if it is one."""
    current = _uncast(current)
    value = literal(current)
    if isinstance(value, int):
        return Size.constant(value)
    return current.op.size if isinstance(current.op, ops.SizeOf) else None
