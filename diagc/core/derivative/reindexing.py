"""Transposes of what reads arrays at computed places.

The transpose of a reading is a scattering: `∑ over the results of where(place = index, cotangent, 0)`, which is always
right. Where the place determines the index, the sum has one term, which is read by another view: renaming, offset,
flip, stride, merge and split of axes. A window `i + k` leaves the sum over k.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.derivative.terms import FreshAxes, index_value, masked, total
from diagc.core.diagram import Node, apply, constant, node, spread, view


@dataclass(slots=True)
class _Inverse:
    """The index along axes of the result, as far as the place in the operand determines it.

    `read` are the coordinates that are not used up; `exact` axes follow for every place, the others may come out of
    range; `divisible` are numerators with their divisors, which must divide.
    """

    read: dict[Axis, Coordinate]
    free: tuple[Axis, ...]
    solved: dict[Axis, Coordinate] = field(default_factory=dict[Axis, Coordinate])
    exact: set[Axis] = field(default_factory=set[Axis])
    divisible: list[tuple[Coordinate, Size]] = field(default_factory=list[tuple[Coordinate, Size]])

    def find(self) -> None:
        for axis in self.free:
            self._merged(axis)
        for axis in tuple(self.read):
            self._split(axis)
        for axis in tuple(self.read):
            self._linear(axis)

    def _merged(self, axis: Axis) -> None:
        """`a -> h // n, b -> h % n` is solved by h = a·n + b."""
        parts = {
            c.divisor: (a, c)
            for a, c in self.read.items()
            if c.terms == ((axis, ONE),) and c.offset == Size() and not c.is_affine
        }
        step, terms = ONE, dict[Axis, Size]()
        while step in parts and step != axis.size:
            place, coordinate = parts[step]
            if coordinate.modulus not in (None, place.size) or place in terms:
                return
            terms[place] = step
            step = step * place.size
        if step == axis.size and terms:
            self._solve(axis, Coordinate.affine(terms, Size()), terms)

    def _split(self, axis: Axis) -> None:
        """`h -> a·n + b` is solved by a = h // n and b = h % n; a plain renaming is the case of one term."""
        coordinate = self.read[axis]
        found = {c: a for a, c in coordinate.terms}
        if not coordinate.is_affine or coordinate.offset != Size() or len(found) < len(coordinate.terms):
            return
        step, order = ONE, list[tuple[Axis, Size]]()
        while step in found and len(order) < len(found):
            order.append((found[step], step))
            step = step * found[step].size
        if step != axis.size or len(order) < len(found) or not all(map(self._open, found.values())):
            return
        along = ((axis, ONE),)
        for part, divisor in order:
            last = part is order[-1][0]
            self._solve(part, Coordinate(along, Size(), divisor, None if last else part.size), (axis,))

    def _open(self, axis: Axis) -> bool:
        return axis in self.free and axis not in self.solved

    def _linear(self, axis: Axis) -> None:
        """`a -> k·b + rest` is solved by b = (a − rest) / k where k divides and b is in range."""
        coordinate = self.read[axis]
        held = {a for c in self.solved.values() for a in c.axes}
        choices = [(c.value, b) for b, c in coordinate.terms if c.value and self._open(b) and b not in held]
        known = all(self.solved[b].is_affine for b in coordinate.axes if b in self.solved)
        if not coordinate.is_affine or not choices or not known:
            return
        step, chosen = max(choices, key=lambda t: (t[1].size.value is None, t[1].size.value or 0, -abs(t[0])))
        sign = 1 if step > 0 else -1
        rest = Coordinate(tuple(t for t in coordinate.terms if t[0] != chosen), coordinate.offset)
        rest = rest.substitute(self.solved) or rest
        terms = {a: -sign * c for a, c in rest.terms}
        terms[axis] = terms.get(axis, Size()) + sign
        numerator = Coordinate.affine(terms, -sign * rest.offset)
        if abs(step) == 1:
            self._solve(chosen, numerator, (axis,), exact=_flips(numerator, axis, chosen))
            return
        divisor = Size.constant(abs(step))
        self.divisible.append((numerator, divisor))
        quotient = Coordinate(numerator.terms, numerator.offset, divisor)
        self._solve(chosen, quotient, (axis,), exact=False)

    def _solve(self, axis: Axis, by: Coordinate, used: Iterable[Axis], exact: bool = True) -> None:
        self.solved[axis] = by
        if exact:
            self.exact.add(axis)
        for place in used:
            self.read.pop(place, None)

    def condition(self) -> Node | None:
        """What must hold for a place and the remaining axes to belong together."""
        parts: list[Node] = []
        for numerator, divisor in self.divisible:
            parts.append(apply("eq", apply("mod", index_value(numerator), _size(divisor)), constant(0)))
        for axis, coordinate in self.read.items():
            index = self._index(coordinate)
            parts.append(apply("eq", node(ops.Iota(axis)), index))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else apply("and", *parts)

    def _index(self, coordinate: Coordinate) -> Node:
        value = index_value(Coordinate((), coordinate.offset))
        for axis, coefficient in coordinate.terms:
            along = index_value(self.solved.get(axis, Coordinate.along(axis)))
            value = apply("add", value, apply("mul", _size(coefficient), along))
        if coordinate.divisor != ONE:
            value = apply("floordiv", value, _size(coordinate.divisor))
        return value if coordinate.modulus is None else apply("mod", value, _size(coordinate.modulus))


def _size(size: Size) -> Node:
    return index_value(Coordinate((), size))


def _flips(numerator: Coordinate, axis: Axis, chosen: Axis) -> bool:
    return numerator == Coordinate.affine({axis: -ONE}, axis.size - 1) and axis.size == chosen.size


def transposed_view(op: ops.View, operand: Node, cotangent: Node, fresh: FreshAxes) -> Node:
    """The cotangent of the operand of a view; `cotangent` may lack axes of the result."""
    read = dict(op.coordinates)
    kept = {axis for axis in operand.axes if axis not in read}
    mentioned = dict.fromkeys(b for c in read.values() for b in c.axes if b not in kept)
    names = {b: fresh.copy(b) if b in read else b for b in mentioned}
    inverse = _Inverse({a: _renamed(c, names) for a, c in read.items()}, tuple(names.values()))
    inverse.find()
    inexact = [b for b, made in names.items() if made in inverse.solved and made not in inverse.exact]
    full = spread(cotangent, inexact)
    target = {
        b: inverse.solved.get(made, Coordinate.along(made)) for b, made in names.items() if b in full.axes
    }
    moved = view(full, target, 0.0 if inexact else None)
    left = [made for made in names.values() if made not in inverse.solved]
    return total(masked(inverse.condition(), moved), left)


def _renamed(coordinate: Coordinate, names: dict[Axis, Axis]) -> Coordinate:
    terms = tuple((names.get(a, a), c) for a, c in coordinate.terms)
    return Coordinate(terms, coordinate.offset, coordinate.divisor, coordinate.modulus)


def transposed_gather(axis: Axis, operand: Node, index: Node, cotangent: Node, fresh: FreshAxes) -> Node:
    """The cotangent of an array that is read at the integers of `index`."""
    if axis in index.axes:
        apart = {axis: Coordinate.along(fresh.copy(axis))}
        index = view(index, apart)
        cotangent = view(cotangent, apart) if axis in cotangent.axes else cotangent
    hit = apply("eq", node(ops.Iota(axis)), index)
    return total(masked(hit, cotangent), (a for a in index.axes if a not in operand.axes))


def transposed_concat(current: Node, cotangent: Node) -> list[Node]:
    """The cotangents of the operands of a concatenation: slices."""
    assert isinstance(current.op, ops.Concat)
    made: list[Node] = []
    offset = Size()
    for operand, part in zip(current.inputs, current.op.parts, strict=True):
        piece = cotangent
        if current.op.axis in cotangent.axes:
            piece = view(cotangent, {current.op.axis: Coordinate.affine({part: ONE}, offset)})
        made.append(total(piece, (a for a in piece.axes if a not in operand.axes)))
        offset = offset + part.size
    return made


def chosen_indices(current: Node) -> Node:
    """The indices that belong to the values of a `TopK`."""
    assert isinstance(current.op, ops.TopK)
    return node(ops.TopK(current.op.axis, current.op.slots, True), *current.inputs)


def flipped(value: Node, axis: Axis) -> Node:
    """The array read backwards along an axis, which it need not have."""
    if axis not in value.axes:
        return value
    return view(value, {axis: Coordinate.affine({axis: -ONE}, axis.size - 1)})
