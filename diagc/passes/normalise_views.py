"""Laws of re-indexing: it commutes with functions at a point and with folds along other axes, and it composes.

Valid for finite operands, as the others are; `tests/properties` tests each on random input.
"""

from __future__ import annotations

import math

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size, in_order
from diagc.core.diagram import Node, apply, node, reduction, size_node, spread, view, walk, with_inputs
from diagc.core.rewrite import Rule


def _spread_operand(current: Node) -> Node | None:
    """Pointwise operations weave; what is repeated along an axis that no operand has is repeated afterwards."""
    if not isinstance(current.op, ops.Map | ops.Cast):
        return None
    narrow = tuple(o.inputs[0] if isinstance(o.op, ops.Spread) else o for o in current.inputs)
    if narrow == current.inputs:
        return None
    return spread(with_inputs(current, narrow), current.axes)


def _view_of_map(current: Node) -> Node | None:
    """Re-indexing is natural: it commutes with pointwise functions."""
    if not (isinstance(current.op, ops.View) and current.op.fill is None):
        return None
    inner, coordinates = current.inputs[0], dict(current.op.coordinates)
    if isinstance(inner.op, ops.Map | ops.Cast):
        parts = [view(o, {a: c for a, c in coordinates.items() if a in o.axes}) for o in inner.inputs]
        return with_inputs(inner, tuple(parts))
    if isinstance(inner.op, ops.Spread):
        made = view(inner.inputs[0], {a: c for a, c in coordinates.items() if a in inner.inputs[0].axes})
        return spread(made, current.axes)
    if isinstance(inner.op, ops.Iota):
        return _index_value(coordinates[inner.op.axis])
    if isinstance(inner.op, ops.Reduce) and not _touches(coordinates, inner.op) and _each_once(coordinates):
        element = view(inner.inputs[0], coordinates)
        return node(
            ops.Reduce(inner.op.monoid, inner.op.axes, inner.op.compute, inner.op.accumulate), element
        )
    return None


def _each_once(coordinates: dict[Axis, Coordinate]) -> bool:
    """Whether no index is read again and again, as by i // 2 alone: folds would be done again."""
    digits = {axis: c for axis, c in coordinates.items() if not c.is_affine}
    read = in_order(a for c in digits.values() for a in c.axes)
    one = Size.constant(1)
    return math.prod((a.size for a in read), start=one) == math.prod((a.size for a in digits), start=one)


def _touches(coordinates: dict[ops.Axis, Coordinate], op: ops.Reduce) -> bool:
    return any(axis in op.axes for c in coordinates.values() for axis in c.axes)


def _index_value(coordinate: Coordinate) -> Node | None:
    if not coordinate.is_affine:
        return None
    terms = [
        node(ops.Iota(a)) if c == ONE else apply("mul", size_node(c), node(ops.Iota(a)))
        for a, c in coordinate.terms
    ]
    if coordinate.offset != Size() or not terms:
        terms.insert(0, size_node(coordinate.offset))
    return terms[0] if len(terms) == 1 else apply("add", *terms)


def _view_of_view(current: Node) -> Node | None:
    """Re-indexings compose; beyond the end, as long as one of the two says what is there, or both the same."""
    if not (isinstance(current.op, ops.View) and isinstance(current.inputs[0].op, ops.View)):
        return None
    outer, inner = dict(current.op.coordinates), current.inputs[0].op
    base, fill = current.inputs[0].inputs[0], inner.fill if current.op.fill is None else current.op.fill
    if current.op.fill is not None and not _passes(outer, inner, base, current.op.fill):
        return None
    made: dict[ops.Axis, Coordinate] = {}
    for axis, coordinate in inner.coordinates:
        composed = coordinate.substitute(outer)
        if composed is None:
            return None
        made[axis] = composed
    made |= {a: c for a, c in outer.items() if a in base.axes and a not in made}
    return view(base, made, fill)


def _passes(outer: dict[Axis, Coordinate], inner: ops.View, base: Node, fill: float | bool) -> bool:
    """Whether a read beyond the end after a re-indexing is one beyond the end of what that re-indexes."""
    moved = {a for _, coordinate in inner.coordinates for a in coordinate.axes} | dict(
        inner.coordinates
    ).keys()
    alike = inner.fill is None or (type(inner.fill) is type(fill) and inner.fill == fill)
    return alike and all(axis in base.axes and axis not in moved for axis in outer)


def _fold_of_digits(current: Node) -> Node | None:
    """∑ over g of e[f → g // n, c → g % n] = ∑ over f and c of e."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid in ops.UNITS):
        return None
    for axis in current.op.axes:
        element = current.inputs[0]
        views = [n for n in walk((element,), _at_each_point) if isinstance(n.op, ops.View) and axis in n.axes]
        digits = _digits(axis, views)
        if not digits or set(digits.values()) & set(element.axes):
            continue
        made = _apart(element, axis, digits)
        if made is not None:
            axes = [a for a in current.op.axes if a != axis]
            return reduction(current.op.monoid, [*axes, *digits.values()], made, current.op)
    return None


def _at_each_point(current: Node) -> tuple[Node, ...]:
    return current.inputs if isinstance(current.op, ops.Map | ops.Cast | ops.Spread) else ()


def _digits(axis: Axis, views: list[Node]) -> dict[Coordinate, Axis]:
    """The coordinates along an axis that are its digits, with the axes that they index; empty where they are not."""
    pairs = [
        (a, c) for v in views if isinstance(v.op, ops.View) for a, c in v.op.coordinates if axis in c.axes
    ]
    found = {coordinate: a for a, coordinate in reversed(pairs)}
    whole = axis.size.value
    if len(found) < 2 or len(set(found.values())) < len(found) or whole is None:
        return {}
    order = sorted(found, key=lambda c: c.divisor.value or 0)
    step = 1
    for coordinate in order:
        size, last = found[coordinate].size.value, coordinate is order[-1]
        plain = (
            coordinate.terms == ((axis, ONE),)
            and coordinate.offset == Size()
            and coordinate.divisor.value == step
        )
        if not plain or size is None or (coordinate.modulus != found[coordinate].size and not last):
            return {}
        step *= size
    return found if step == whole else {}


def _apart(element: Node, axis: Axis, digits: dict[Coordinate, Axis]) -> Node | None:
    """An element along the digits of an axis; None where it runs along the axis itself."""
    made = dict[Node, Node]()
    for current in walk((element,), _at_each_point):
        inputs = tuple(made.get(i, i) for i in current.inputs)
        match current.op:
            case _ if axis not in current.axes:
                made[current] = current
            case ops.View(coordinates, fill) if all(
                c in digits or axis not in c.axes for _, c in coordinates
            ):
                moved = {a: Coordinate.along(digits[c]) if c in digits else c for a, c in coordinates}
                made[current] = view(current.inputs[0], moved, fill)
            case ops.Map() | ops.Cast():
                made[current] = with_inputs(current, inputs)
            case ops.Spread(axes):
                kept = [a for a in axes if a != axis]
                made[current] = spread(inputs[0], (*kept, *(digits.values() if axis in axes else ())))
            case _:
                return None
    return made[element]


VIEWS = (
    Rule("spread-operand", "pointwise functions are woven", _spread_operand),
    Rule("view-of-map", "naturality of re-indexing", _view_of_map),
    Rule("view-of-view", "re-indexings compose", _view_of_view),
)
DIGITS = (
    Rule("fold-of-digits", "∑ over g of e[f → g // n, c → g % n] = ∑ over f and c of e", _fold_of_digits),
)
