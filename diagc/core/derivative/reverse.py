"""The reverse derivative of diagrams: `gradient` maps cotangents of outputs to cotangents of inputs.

Operands receive what their users send, each operator by its transpose; the sum of all is the derivative. It is
accumulated in float32 (float64 where the operand is) and rounded once, to the dtype of what it is the derivative by.
"""

from __future__ import annotations

from collections.abc import Iterable

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate
from diagc.core.contraction import contracted_factors, contraction_dtype, summed_factors
from diagc.core.derivative.partials import chosen_element, partials
from diagc.core.derivative.reindexing import (
    chosen_indices,
    flipped,
    transposed_concat,
    transposed_gather,
    transposed_view,
)
from diagc.core.derivative.running import as_reduction, exclusive_product
from diagc.core.derivative.scans import transposed_scan
from diagc.core.derivative.shifts import irrelevant_choices
from diagc.core.derivative.terms import FreshAxes, added, at_axes, mask_of, masked, scaled, total, zero_like
from diagc.core.diagram import Node, apply, cast, node, spread, view, walk

Contributions = list[tuple[Node, Node]]
"""Operands with what they receive."""


def gradient(
    outputs: tuple[Node, ...], cotangents: tuple[Node, ...], wrt: tuple[Node, ...]
) -> tuple[Node, ...]:
    """For each node of `wrt` the sum over outputs of cotangent times derivative: its axes, its dtype.

    A cotangent has the axes of its output, or lacks those along which it is the same. Nodes of `wrt` are inputs of
    the diagram, or other float nodes that are no product. What the outputs do not depend on has derivative 0.
    """
    for output, cotangent in zip(outputs, cotangents, strict=True):
        if not set(cotangent.axes) <= set(output.axes):
            raise ValueError(f"a cotangent {cotangent.array} for an output {output.array}")
    found = pull(outputs, cotangents, wrt)
    return tuple(cast(at_axes(found[n], n) if n in found else zero_like(n), n.dtype) for n in wrt)


def pull(outputs: tuple[Node, ...], cotangents: tuple[Node, ...], wrt: tuple[Node, ...]) -> dict[Node, Node]:
    """The cotangents of nodes before they are rounded; they may lack axes, and none is there without dependence."""
    return _Reverse(outputs, cotangents, wrt).run()


class _Reverse:
    """One sweep from the outputs down. `received` are the terms of the cotangent of each node."""

    def __init__(
        self, outputs: tuple[Node, ...], cotangents: tuple[Node, ...], wrt: tuple[Node, ...]
    ) -> None:
        self.order = list(walk(outputs))
        self.wrt = set(wrt)
        self.active = active_nodes(self.order, self.wrt, irrelevant_choices(outputs))
        self.fresh = FreshAxes((*outputs, *cotangents))
        self.received: dict[Node, list[Node]] = {}
        for output, cotangent in zip(outputs, cotangents, strict=True):
            self.send(output, cotangent)

    def send(self, operand: Node, cotangent: Node) -> None:
        if operand in self.active:
            self.received.setdefault(operand, []).append(cotangent)

    def run(self) -> dict[Node, Node]:
        first: dict[object, Node] = {}
        loops: dict[Node, dict[int, Node]] = {}
        for current in self.order:
            if isinstance(current.op, ops.Scan):
                first.setdefault(_loop(current), current)
        found: dict[Node, Node] = {}
        for current in reversed(self.order):
            terms = self.received.pop(current, [])
            cotangent = added(terms) if terms else None
            if cotangent is not None and current in self.wrt:
                found[current] = cotangent
            if isinstance(current.op, ops.Scan):  # the outputs of one loop are transposed together
                leader = first[_loop(current)]
                if cotangent is not None:
                    loops.setdefault(leader, {})[current.op.output] = cotangent
                cotangent = None
                if leader is current and leader in loops:
                    self._send_all(transposed_scan(current, loops[leader], pull))
            if cotangent is not None:
                self._send_all(self.pull(current, cotangent))
        return found

    def _send_all(self, contributions: Iterable[tuple[Node, Node]]) -> None:
        for operand, value in contributions:
            self.send(operand, value)

    def pull(self, current: Node, cotangent: Node) -> Contributions:
        """What a node that received a cotangent sends to its operands."""
        match current.op:
            case ops.Map():
                return self._map(current, cotangent)
            case ops.Cast():
                return [(current.inputs[0], cotangent)]
            case ops.Spread():
                operand = current.inputs[0]
                return [(operand, _summed_to(operand, spread(cotangent, current.axes)))]
            case ops.Reduce() as op:
                return self._reduce(current, op, cotangent)
            case ops.Cumulative() as op:
                return self._cumulative(current, op, cotangent)
            case _:
                return self._reindexed(current, cotangent)

    def _map(self, current: Node, cotangent: Node) -> Contributions:
        return [
            (operand, _summed_to(operand, partial.times(cotangent), current))
            for operand, partial in zip(current.inputs, partials(current), strict=True)
            if partial is not None and operand in self.active
        ]

    def _reduce(self, current: Node, op: ops.Reduce, cotangent: Node) -> Contributions:
        operand = current.inputs[0]
        factors = summed_factors(current)
        if factors:
            return self._contraction(current, op, factors, cotangent)
        if op.monoid == "sum":
            return [(operand, cotangent)]
        if op.monoid == "prod":
            return [(operand, scaled(cotangent, exclusive_product(operand, op.axes, self.fresh)))]
        return [(operand, chosen_element(operand, current).times(cotangent))]

    def _contraction(
        self, current: Node, op: ops.Reduce, factors: tuple[Node, ...], cotangent: Node
    ) -> Contributions:
        """∑ of a product: the cotangent takes the place of each factor; what was contracted stays a contraction."""
        contracted = contracted_factors(current)
        found: Contributions = []
        for place, factor in enumerate(factors):
            if factor in self.active:
                extra = [axis for axis in current.inputs[0].axes if axis not in factor.axes]
                rest = (*factors[:place], *factors[place + 1 :])
                like = _precision(current, op) if factor in contracted else None
                found.append((factor, _contracted(cotangent, rest, extra, like)))
        return found

    def _cumulative(self, current: Node, op: ops.Cumulative, cotangent: Node) -> Contributions:
        operand = current.inputs[0]
        if op.monoid != "sum":
            expanded, element, before = as_reduction(operand, op, self.fresh)
            made = pull((expanded,), (cotangent,), (element,))[element]
            return [(operand, view(made, {before: Coordinate.along(op.axis)}))]
        backwards = flipped(spread(cotangent, (op.axis,)), op.axis)
        return [(operand, flipped(node(op, backwards), op.axis))]

    def _reindexed(self, current: Node, cotangent: Node) -> Contributions:
        operand = current.inputs[0] if current.inputs else current
        match current.op:
            case ops.View() as op:
                return [(operand, transposed_view(op, operand, cotangent, self.fresh))]
            case ops.Gather(axis):
                return [(operand, transposed_gather(axis, operand, current.inputs[1], cotangent, self.fresh))]
            case ops.TopK(axis, slots):
                full = spread(cotangent, (slots,))
                return [
                    (operand, transposed_gather(axis, operand, chosen_indices(current), full, self.fresh))
                ]
            case ops.Concat():
                return list(zip(current.inputs, transposed_concat(current, cotangent), strict=True))
            case _:
                return []


def _precision(current: Node, op: ops.Reduce) -> ops.Reduce:
    """The transpose of a contraction multiplies in its dtype."""
    return ops.Reduce("sum", op.axes, contraction_dtype(current), op.accumulate)


def _contracted(cotangent: Node, rest: tuple[Node, ...], extra: list[Axis], like: ops.Reduce | None) -> Node:
    """A mask that is free of the axes stays outside; another one is a factor, since the others are finite."""
    inside = mask_of(cotangent)
    if inside is not None and not set(extra) & set(inside[0].axes):
        return masked(inside[0], _contracted(inside[1], rest, extra, like))
    if not extra:
        return scaled(cotangent, *rest)
    return total(apply("mul", cotangent, *rest), extra, like)


def _loop(current: Node) -> object:
    assert isinstance(current.op, ops.Scan)
    return current.op.axis, current.op.body, current.inputs


def active_nodes(order: Iterable[Node], wrt: set[Node], still: Iterable[Node]) -> set[Node]:
    """The float nodes that depend on `wrt`, other than through `Stop` and the `still` ones."""
    fixed, found = set(still) - wrt, set(wrt)
    for current in order:
        moves = current.dtype.kind == "float" and not isinstance(current.op, ops.Stop)
        if moves and current not in fixed and any(operand in found for operand in current.inputs):
            found.add(current)
    return found


def _summed_to(operand: Node, cotangent: Node, current: Node | None = None) -> Node:
    """The sum over the axes along which the operand is shared."""
    axes = (current or cotangent).axes
    return total(cotangent, (a for a in axes if a not in operand.axes))
