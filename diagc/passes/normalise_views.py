"""Laws of re-indexing: it commutes with functions at a point and with folds along other axes, and it composes.

Valid for finite operands, as the others are; `tests/properties` tests each on random input.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import Node, apply, node, size_node, spread, view, with_inputs
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
    if isinstance(inner.op, ops.Reduce) and not _touches(coordinates, inner.op):
        element = view(inner.inputs[0], coordinates)
        return node(
            ops.Reduce(inner.op.monoid, inner.op.axes, inner.op.compute, inner.op.accumulate), element
        )
    return None


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


VIEWS = (
    Rule("spread-operand", "pointwise functions are woven", _spread_operand),
    Rule("view-of-map", "naturality of re-indexing", _view_of_map),
    Rule("view-of-view", "re-indexings compose", _view_of_view),
)
