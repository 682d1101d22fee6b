"""Contractions as kernels compute them: masks inside, ∑ₐ where(c, f·g, 0) = ∑ₐ where(c, f, 0)·g, and sides in brackets.

The normal form has masks outside of products and products flat, so that equal diagrams meet. A product of matrices must
be a sum over a product, so before planning a mask moves to a factor that has all its axes, to one that is computed if
there is one; factors with the same axes become one factor, which can be stored as one array.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagc.core import ops
from diagc.core.contraction import multiplies
from diagc.core.diagram import Diagram, Node, apply, constant, node
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.normalise import function, literal, order


def _mask_of_factor(current: Node) -> Node | None:
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"):
        return None
    element = current.inputs[0]
    if (
        function(element) != "where"
        or literal(element.inputs[2]) != 0
        or function(element.inputs[1]) != "mul"
    ):
        return None
    condition, factors = element.inputs[0], element.inputs[1].inputs
    if not multiplies(
        node(current.op, element.inputs[1])
    ):  # elsewhere 0 · ∞ could come of it, and nothing is gained
        return None
    wide = [f for f in factors if set(condition.axes) <= set(f.axes)]
    if not wide:
        return None
    chosen = next((f for f in wide if not isinstance(f.op, ops.Input)), wide[0])
    masked = apply("where", condition, chosen, constant(0.0))
    product = apply("mul", *(masked if f is chosen else f for f in factors))
    return node(current.op, product)


def _side(current: Node) -> Node | None:
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"):
        return None
    element = current.inputs[0]
    if function(element) != "mul" or len(element.inputs) < 3:
        return None
    computed = [f for f in element.inputs if isinstance(f.op, ops.Map | ops.Reduce | ops.Cast)]
    for factor in computed:
        alike = [f for f in computed if set(f.axes) == set(factor.axes)]
        if len(alike) > 1 and set(current.op.axes) & set(factor.axes):
            rest = [f for f in element.inputs if f not in alike]
            product = apply("mul", *alike)
            return node(current.op, apply("mul", product, *rest) if rest else product)
    return None


RULE = Rule("mask-of-factor", "∑ₐ where(c, f·g, 0) = ∑ₐ where(c, f, 0)·g", _mask_of_factor)


SIDE = Rule("side", "(f·g)·h = f·g·h, f and g over the same axes", _side)


@dataclass(frozen=True, slots=True)
class MaskedFactors:
    """The pass `masked-factors`: contractions under a mask become contractions of a masked factor."""

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram with masks inside its contractions."""
        record = record or Record()
        return order(diagram.with_outputs(rewrite(diagram.outputs, (RULE, SIDE), record)), record)
