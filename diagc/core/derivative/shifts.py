"""Choices that the results do not depend on, proved by algebra.

Let a node u move by a number t at each of its points. Nodes that follow as `v + w·t` or as `v·exp(w·t)`, with a weight
w, compose: sums add shifts, products add the weights of scales, `exp` makes scales of shifts and `log` shifts of
scales. When every result has weight 0, its derivative by u is 0: a maximum that is subtracted for the
range of exponentials only is of this kind, and its own derivative is not needed.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from diagc.core import ops
from diagc.core.diagram import Node, operator_axes, users, walk


@dataclass(frozen=True, slots=True)
class Weight:
    """How a node follows: by `+ amount·t` or by `· exp(amount·t)`; amount 0 is no change."""

    kind: Literal["shift", "scale"]
    amount: float


class _UnknownWeight(Exception):
    """A node follows in another way."""


_STILL: Final = None
_LN2: Final = math.log(2.0)
_SCALED_BY: Final = {"recip": -1.0, "sqrt": 0.5, "rsqrt": -0.5, "neg": 1.0, "abs": 1.0, "relu": 1.0}
_STEPS: Final = frozenset({"sign", "floor", "round", "floordiv"})


def irrelevant_choices(roots: Iterable[Node]) -> frozenset[Node]:
    """The maxima and minima below the roots by which every root has derivative 0."""
    ends = tuple(roots)
    order = {current: place for place, current in enumerate(walk(ends))}
    readers = users(ends)
    return frozenset(n for n in order if _is_choice(n) and _is_irrelevant(n, ends, order, readers))


def irrelevant_stops(roots: Iterable[Node]) -> tuple[Node, ...]:
    """The stops below the roots by which every root has derivative 0, what they stop included."""
    ends = tuple(roots)
    order = {current: place for place, current in enumerate(walk(ends))}
    stops = [n for n in order if isinstance(n.op, ops.Stop) and n.dtype.kind == "float"]
    if not stops:
        return ()
    readers = users(ends)
    return tuple(n for n in stops if _is_irrelevant(n, ends, order, readers))


def relevant_choices(roots: Iterable[Node]) -> frozenset[Node]:
    """The folded maxima and minima below the roots that are not known to be irrelevant."""
    ends = tuple(roots)
    folded = frozenset(n for n in walk(ends) if _is_choice(n) and isinstance(n.op, ops.Reduce) and n.op.axes)
    return folded - irrelevant_choices(ends)


def _is_choice(current: Node) -> bool:
    match current.op:
        case ops.Reduce("max" | "min"):
            return current.dtype.kind == "float"
        case ops.Map(function):
            return function.name in ("max", "min") and current.dtype.kind == "float"
        case _:
            return False


def _is_irrelevant(
    chosen: Node, roots: tuple[Node, ...], order: dict[Node, int], readers: dict[Node, list[Node]]
) -> bool:
    """Follow the move upwards, operands before users, until it has died out."""
    weights = {chosen: Weight("shift", 1.0)}
    waiting = [(order[reader], reader) for reader in readers[chosen]]
    heapq.heapify(waiting)
    done: set[Node] = {chosen}
    while waiting:
        _, current = heapq.heappop(waiting)
        if current in done:
            continue
        done.add(current)
        try:
            weight = _follow(current, weights, chosen)
        except _UnknownWeight:
            return False
        if weight is not None and abs(weight.amount) > 1e-12:
            weights[current] = weight
            for reader in readers[current]:
                heapq.heappush(waiting, (order[reader], reader))
    return not any(root in weights for root in roots)


def _follow(current: Node, weights: dict[Node, Weight], chosen: Node) -> Weight | None:
    """The weight of a node from those of its operands; None where its derivative is 0."""
    found = [weights.get(operand) for operand in current.inputs]
    if current.dtype.kind != "float" or not any(found) or isinstance(current.op, ops.Stop):
        return _STILL
    match current.op:
        case ops.Map(function):
            return _map(function.name, current, found)
        case ops.Cast() | ops.Spread():
            return found[0]
        case ops.Reduce(monoid) if not set(operator_axes(current.op)) & set(chosen.axes):
            return _fold(monoid, found[0])
        case ops.View(_, fill) if not set(operator_axes(current.op)) & set(chosen.axes):
            if fill is None or _any_weight(fill, found[0]):
                return found[0]
            raise _UnknownWeight
        case ops.Gather(axis) if axis not in chosen.axes:
            return found[0]
        case _:
            raise _UnknownWeight


def _fold(monoid: ops.Monoid, weight: Weight | None) -> Weight | None:
    if weight and (monoid in ("max", "min") or (monoid == "sum" and weight.kind == "scale")):
        return weight
    raise _UnknownWeight


def _any_weight(value: float | None, weight: Weight | None) -> bool:
    """0 stays 0 under every scale, and an infinity stays under every shift."""
    if value is None or weight is None:
        return False
    return value == 0 if weight.kind == "scale" else math.isinf(value)


Found = list[Weight | None]


def _map(name: str, current: Node, found: Found) -> Weight | None:
    if name in _STEPS:
        return _STILL
    if name in _SCALED_BY:
        return _unary(name, found[0])
    return _RULES.get(name, _unknown)(current, found)


def _unary(name: str, weight: Weight | None) -> Weight:
    if weight is not None and weight.kind == "scale":
        return Weight("scale", _SCALED_BY[name] * weight.amount)
    if weight is not None and name == "neg":
        return Weight("shift", -weight.amount)
    raise _UnknownWeight


def _unknown(current: Node, found: Found) -> Weight | None:
    raise _UnknownWeight


def _exponential(rate: float) -> Callable[[Node, Found], Weight]:
    def rule(_: Node, found: Found) -> Weight:
        if found[0] is None or found[0].kind != "shift":
            raise _UnknownWeight
        return Weight("scale", rate * found[0].amount)

    return rule


def _logarithm(rate: float) -> Callable[[Node, Found], Weight]:
    def rule(_: Node, found: Found) -> Weight:
        if found[0] is None or found[0].kind != "scale":
            raise _UnknownWeight
        return Weight("shift", found[0].amount / rate)

    return rule


def _sum(current: Node, found: Found) -> Weight:
    moving = [weight for weight in found if weight]
    if all(weight.kind == "shift" for weight in moving):
        return Weight("shift", sum(weight.amount for weight in moving))
    return _same(current.inputs, found)


def _difference(current: Node, found: Found) -> Weight:
    left, right = found
    if right is not None and right.kind == "shift":
        right = Weight("shift", -right.amount)
    return _sum(current, [left, right])


def _same(operands: Iterable[Node], found: Found) -> Weight:
    """All operands follow alike, up to constants that follow every weight."""
    moving = next(weight for weight in found if weight)
    for operand, weight in zip(operands, found, strict=True):
        value = float(operand.op.value) if isinstance(operand.op, ops.Constant) else None
        if weight != moving and not (weight is None and _any_weight(value, moving)):
            raise _UnknownWeight
    return moving


def _branches(current: Node, found: Found) -> Weight:
    return _same(current.inputs[1:], found[1:])


def _product(current: Node, found: Found) -> Weight:
    moving = [weight for weight in found if weight]
    if all(weight.kind == "scale" for weight in moving):
        return Weight("scale", sum(weight.amount for weight in moving))
    numbers = [float(o.op.value) for o in current.inputs if isinstance(o.op, ops.Constant)]
    if len(moving) > 1 or len(numbers) + 1 < len(found):
        raise _UnknownWeight
    return Weight("shift", moving[0].amount * math.prod(numbers))


def _quotient(current: Node, found: Found) -> Weight:
    top, bottom = found
    if any(weight is not None and weight.kind == "shift" for weight in found):
        raise _UnknownWeight
    return Weight("scale", (top.amount if top else 0.0) - (bottom.amount if bottom else 0.0))


def _power(current: Node, found: Found) -> Weight:
    exponent, base = current.inputs[1].op, found[0]
    if base is None or base.kind != "scale" or not isinstance(exponent, ops.Constant):
        raise _UnknownWeight
    return Weight("scale", base.amount * float(exponent.value))


def _choice(current: Node, found: Found) -> Weight:
    return _same(current.inputs, found)


_RULES: Final[dict[str, Callable[[Node, Found], Weight | None]]] = {
    "add": _sum,
    "sub": _difference,
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "where": _branches,
    "max": _choice,
    "min": _choice,
    "exp": _exponential(1.0),
    "exp2": _exponential(_LN2),
    "log": _logarithm(1.0),
    "log2": _logarithm(_LN2),
}
