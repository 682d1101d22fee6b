"""The forward derivative of diagrams: `jvp` maps tangents of inputs to tangents of outputs.

Every operator is linear in the tangents of its operands: what re-indexes or sums does to tangents what it does to
values, and a `Map` adds tangents times its partial derivatives. Tangents may lack axes along which they are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from diagc.core import ops
from diagc.core.axes import Coordinate
from diagc.core.contraction import contraction_dtype, summed_factors
from diagc.core.derivative.partials import chosen_element, partials
from diagc.core.derivative.reindexing import chosen_indices
from diagc.core.derivative.reverse import active_nodes
from diagc.core.derivative.running import as_reduction, exclusive_product
from diagc.core.derivative.scans import pushed_scan
from diagc.core.derivative.shifts import irrelevant_choices
from diagc.core.derivative.terms import FreshAxes, added, at_axes, scaled, total, zero_like
from diagc.core.diagram import Node, apply, cast, node, spread, view, walk


def jvp(outputs: tuple[Node, ...], tangents: Mapping[Node, Node]) -> tuple[Node, ...]:
    """For each output the sum over nodes of derivative times tangent, with the output's axes and dtype.

    A tangent has the axes of its node, or lacks those along which it is the same.
    """
    for moved, tangent in tangents.items():
        if not set(tangent.axes) <= set(moved.axes):
            raise ValueError(f"a tangent {tangent.array} for a node {moved.array}")
    pairs = zip(outputs, push(outputs, tangents), strict=True)
    return tuple(cast(zero_like(n) if t is None else at_axes(t, n), n.dtype) for n, t in pairs)


def push(outputs: tuple[Node, ...], tangents: Mapping[Node, Node]) -> tuple[Node | None, ...]:
    """The tangents of outputs before they are rounded; None where there is no dependence."""
    return _Forward(outputs, tangents).run(outputs)


class _Forward:
    """One sweep from the inputs up."""

    def __init__(self, outputs: tuple[Node, ...], tangents: Mapping[Node, Node]) -> None:
        self.order = list(walk(outputs))
        self.active = active_nodes(self.order, set(tangents), irrelevant_choices(outputs))
        self.fresh = FreshAxes((*outputs, *tangents.values()))
        self.tangents: dict[Node, Node] = dict(tangents)

    def run(self, outputs: tuple[Node, ...]) -> tuple[Node | None, ...]:
        for current in self.order:
            if current in self.active and current not in self.tangents:
                self.tangents[current] = self._tangent(current)
        return tuple(self.tangents.get(output) for output in outputs)

    def _full(self, operand: Node) -> Node:
        """The tangent of an operand with all of its axes."""
        tangent = self.tangents.get(operand)
        return zero_like(operand) if tangent is None else spread(tangent, operand.axes)

    def _tangent(self, current: Node) -> Node:
        match current.op:
            case ops.Map():
                pairs = zip(current.inputs, partials(current), strict=True)
                moving = [(self.tangents[n], p) for n, p in pairs if p is not None and n in self.tangents]
                return added([partial.times(tangent) for tangent, partial in moving] or [zero_like(current)])
            case ops.Cast() | ops.Spread():
                return self.tangents[current.inputs[0]]
            case ops.Reduce() as op:
                return self._reduce(current, op)
            case ops.Cumulative() as op:
                return self._cumulative(current, op)
            case ops.Scan():
                return pushed_scan(current, self.tangents, push)
            case _:
                return self._reindexed(current)

    def _reduce(self, current: Node, op: ops.Reduce) -> Node:
        operand = current.inputs[0]
        factors = summed_factors(current)
        if factors:
            like = ops.Reduce("sum", op.axes, contraction_dtype(current), op.accumulate)
            return added(self._contraction(like, factors))
        tangent = self.tangents[operand]
        if op.monoid == "sum":
            return total(tangent, op.axes)
        if op.monoid == "prod":
            return total(scaled(tangent, exclusive_product(operand, op.axes, self.fresh)), op.axes)
        return total(chosen_element(operand, current).times(tangent), op.axes)

    def _contraction(self, op: ops.Reduce, factors: tuple[Node, ...]) -> list[Node]:
        found: list[Node] = []
        for place, factor in enumerate(factors):
            if factor in self.tangents:
                rest = (*factors[:place], *factors[place + 1 :])
                found.append(total(apply("mul", self.tangents[factor], *rest), op.axes, op))
        return found

    def _cumulative(self, current: Node, op: ops.Cumulative) -> Node:
        operand = current.inputs[0]
        if op.monoid == "sum":
            return node(op, spread(self.tangents[operand], (op.axis,)))
        expanded, element, before = as_reduction(operand, op, self.fresh)
        moved = view(spread(self.tangents[operand], (op.axis,)), {op.axis: Coordinate.along(before)})
        (found,) = push((expanded,), {element: moved})
        return zero_like(current) if found is None else found

    def _reindexed(self, current: Node) -> Node:
        tangents = [self._full(operand) for operand in current.inputs]
        match current.op:
            case ops.View(coordinates, fill):
                return view(tangents[0], dict(coordinates), None if fill is None else 0.0)
            case ops.Gather():
                return node(current.op, tangents[0], current.inputs[1])
            case ops.TopK(axis):
                return node(ops.Gather(axis), tangents[0], chosen_indices(current))
            case ops.Concat():
                return node(current.op, *tangents)
            case _:
                return zero_like(current)
