"""Where −inf and +inf may occur: conservative for infinities that a program writes down or that a logarithm or an
empty maximum brings. An array from outside may hold −inf (a mask that somebody added); products and sums of such
arrays are taken to be finite. Overflow and division by zero are not followed.

Back ends use it to spend a guard on `-inf - -inf` (which is −inf, language §2) only where it can happen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, walk

Reasons = frozenset[Axis | str | None]
"""Why an infinity may occur: None always, an axis only where that axis is empty, `given` where a caller passes it."""

_NEVER: Final[Reasons] = frozenset()
_ALWAYS: Final[Reasons] = frozenset({None})
_GIVEN: Final[Reasons] = frozenset({"given"})


@dataclass(frozen=True, slots=True)
class Infinities:
    """Which infinities a value may hold, and why."""

    low: Reasons = _NEVER
    high: Reasons = _NEVER

    def __or__(self, other: Infinities) -> Infinities:
        return Infinities(self.low | other.low, self.high | other.high)

    @property
    def negative(self) -> bool:
        return bool(self.low)

    @property
    def positive(self) -> bool:
        return bool(self.high)

    @property
    def swapped(self) -> Infinities:
        return Infinities(self.high, self.low)

    @property
    def either(self) -> Reasons:
        return self.low | self.high

    @property
    def computed(self) -> Infinities:
        """Without what only a caller could bring."""
        return Infinities(self.low - _GIVEN, self.high - _GIVEN)

    def over(self, axes: tuple[Axis, ...]) -> Infinities:
        """What remains in an array over these axes: where one of them is empty there is no element."""
        return Infinities(self.low.difference(axes), self.high.difference(axes))


FINITE: Final = Infinities()
_KEEP_SIGN: Final = frozenset({"add", "where", "floor", "round", "sqrt"})
_KEEP_POSITIVE: Final = frozenset({"exp", "exp2", "expm1", "relu", "softplus"})
_ANY_TO_BOTH: Final = frozenset({"mul", "pow", "div", "gelu", "silu", "floordiv", "mod"})


def infinities(
    roots: Iterable[Node], given: Mapping[Node, Infinities] | None = None
) -> dict[Node, Infinities]:
    """For every node below the roots what it may hold; `given` overrides, for states of scans."""
    found: dict[Node, Infinities] = dict(given or {})
    for current in walk(roots):
        if current not in found:
            found[current] = _transfer(current, [found[operand] for operand in current.inputs]).over(
                current.axes
            )
    return found


def may_be_negative_infinity(current: Node) -> bool:
    """Whether the node may hold −inf."""
    return infinities([current])[current].negative


def _union(values: Iterable[Infinities]) -> Infinities:
    total = FINITE
    for value in values:
        total = total | value
    return total


def _literal(value: float | None) -> Infinities:
    number = 0.0 if value is None else value
    return Infinities(_ALWAYS if number == -math.inf else _NEVER, _ALWAYS if number == math.inf else _NEVER)


def _transfer(current: Node, values: list[Infinities]) -> Infinities:
    match current.op:
        case ops.Input(_, "tensor") if current.dtype.kind == "float":
            return Infinities(low=_GIVEN)
        case ops.Constant(value):
            return _literal(value)
        case ops.Map(function):
            return _mapped(function.name, values)
        case ops.Reduce(monoid) | ops.Cumulative(monoid):
            return _folded(current, monoid, values[0])
        case ops.View(_, fill):
            return values[0] | _literal(fill)
        case ops.Gather():
            return values[0]
        case ops.TopK(_, _, indices):
            return FINITE if indices else values[0]
        case ops.Scan() as op:
            return _scanned(op, values)
        case ops.Cast() | ops.Stop() | ops.Spread() | ops.Concat():
            return _union(values) if current.dtype.kind == "float" else FINITE
        case _:
            return FINITE


def _mapped(name: str, values: list[Infinities]) -> Infinities:
    every = _union(values[1:] if name == "where" else values)
    if name in _KEEP_SIGN:
        return every
    if name in _KEEP_POSITIVE:
        return Infinities(_NEVER, every.high)
    if name in _ANY_TO_BOTH:
        every = every.computed
        return Infinities(every.either, every.either)
    match name:
        case "sub":
            return values[0] | values[1].swapped
        case "neg":
            return every.swapped
        case "abs":
            return Infinities(_NEVER, every.either)
        case "log" | "log2" | "log1p":
            return Infinities(_ALWAYS, every.high)
        case "max":
            return Infinities(every.low if all(v.negative for v in values) else _NEVER, every.high)
        case "min":
            return Infinities(every.low, every.high if all(v.positive for v in values) else _NEVER)
        case _:
            return FINITE


def _folded(current: Node, monoid: ops.Monoid, value: Infinities) -> Infinities:
    axes = current.op.axes if isinstance(current.op, ops.Reduce) else ()
    empty: Reasons = frozenset(axis for axis in axes if not axis.size.value and current.dtype.kind == "float")
    match monoid:
        case "max":
            return value | Infinities(low=empty)
        case "min":
            return value | Infinities(high=empty)
        case "sum":
            return value.computed
        case "prod":
            return Infinities(value.either, value.either)
        case _:
            return FINITE


def _scanned(op: ops.Scan, values: list[Infinities]) -> Infinities:
    return scan_states(op, op.body, values)[op.output]


def scan_states(op: ops.Scan, body: Diagram, values: list[Infinities]) -> list[Infinities]:
    """What every state may hold at some step: the least fixed point; each round adds a flag or ends."""
    states = values[: op.states]
    while True:
        found = infinities(body.outputs, dict(zip(body.inputs, [*states, *values[op.states :]], strict=True)))
        grown = [state | found[result] for state, result in zip(states, body.outputs, strict=True)]
        if grown == states:
            return states
        states = grown
