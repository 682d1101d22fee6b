"""Products and running folds as what has a simple derivative.

A product by all but one of its factors, `∏ over j of where(j = i, 1, a_j)`, is right where a factor is 0; a running
fold is a fold over what lies before, `⊕ over j of where(j ≤ i, a_j, unit)`. Both cost the square of the axis.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate
from diagc.core.derivative.terms import FreshAxes
from diagc.core.diagram import Node, apply, constant, node, reduction, view


def exclusive_product(operand: Node, axes: tuple[Axis, ...], fresh: FreshAxes) -> Node:
    """At each place the product over `axes` of the elements at all other places."""
    names = {axis: fresh.copy(axis) for axis in axes}
    others = view(operand, {axis: Coordinate.along(made) for axis, made in names.items()})
    same = [apply("eq", node(ops.Iota(axis)), node(ops.Iota(made))) for axis, made in names.items()]
    here = same[0] if len(same) == 1 else apply("and", *same)
    return reduction("prod", names.values(), apply("where", here, constant(1.0), others))


def as_reduction(operand: Node, op: ops.Cumulative, fresh: FreshAxes) -> tuple[Node, Node, Axis]:
    """The running fold as a fold, its element, and the axis that the element has instead of the operand's."""
    before = fresh.copy(op.axis)
    element = view(operand, {op.axis: Coordinate.along(before)})
    reached = apply("le", node(ops.Iota(before)), node(ops.Iota(op.axis)))
    seen = apply("where", reached, element, constant(ops.UNITS[op.monoid]))
    return reduction(op.monoid, (before,), seen), element, before
