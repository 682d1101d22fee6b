"""Values of terms of design problems as intervals, and whether terms are monotone.

A term is evaluated over numbers or over arrays; each variable and each result is the pair of the least and the greatest
value that it may have. Two arguments decide what a function is: `MATH` for numbers, NumPy's for arrays.

>>> double = Apply("mul", (Constant(2.0, 3.0), Variable("x")))
>>> interval(double, {"x": (1.0, 1.0)}, MATH), direction(double, {"x": (0.0, math.inf)}, {"x"})
((2.0, 3.0), 'up')
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Literal, assert_never

from diagc.core.design import Apply, Constant, Term, Variable

Value = tuple[Any, Any]
"""The least and the greatest value: numbers, or arrays of them."""

Functions = Mapping[str, Callable[..., Any]]
Direction = Literal["constant", "up", "down", "unknown"]

INCREASING: Final = ("sqrt", "exp", "log", "log1p", "ceil", "floor")
"""Functions of one term that grow with it."""

FUNCTIONS: Final = ("min", "max", *INCREASING)
"""Functions that a term may call."""

_PAIRS: Final = 3000
"""Pairs of points at which a term whose signs decide nothing is compared."""


def _guarded(function: Callable[[float], float], outside: float) -> Callable[[float], float]:
    def value(x: float) -> float:
        if x == math.inf:
            return math.inf
        try:
            return float(function(x))
        except (ValueError, OverflowError):
            return outside if x <= 0 else math.inf

    return value


def _power(base: float, exponent: float) -> float:
    try:
        return math.inf if base == 0 and exponent < 0 else float(base**exponent)
    except OverflowError:
        return math.inf


def _where(condition: bool, yes: float, no: float) -> float:
    return yes if condition else no


MATH: Final[Functions] = {
    "min": min, "max": max, "where": _where, "power": _power,
    "sqrt": _guarded(math.sqrt, 0.0), "exp": _guarded(math.exp, 0.0), "log": _guarded(math.log, -math.inf),
    "log1p": _guarded(math.log1p, -math.inf), "ceil": _guarded(math.ceil, 0.0), "floor": _guarded(math.floor, 0.0),
}  # fmt: skip
"""The functions over numbers; what is not defined is the limit from where it is."""


def interval(term: Term, known: Mapping[str, Value], functions: Functions) -> Value:
    """The least and the greatest value of a term."""
    match term:
        case Constant(low, high):
            return low, high
        case Variable(name):
            return known[name]
        case Apply(function, operands):
            return _applied(function, [interval(o, known, functions) for o in operands], functions)
        case _:
            assert_never(term)


def _applied(function: str, operands: list[Value], functions: Functions) -> Value:
    (low, high), *rest = operands
    match function:
        case "neg":
            return -high, -low
        case "add":
            for a, b in rest:
                low, high = low + a, high + b
            return low, high
        case "mul":
            return _product((low, high), rest[0], functions)
        case "div":
            a, b = rest[0]
            return _product((low, high), (_inverse(b, functions), _inverse(a, functions)), functions)
        case "pow":
            return _raised((low, high), rest[0][0], functions)
        case "min" | "max":
            for a, b in rest:
                low, high = functions[function](low, a), functions[function](high, b)
            return low, high
        case _:
            return functions[function](low), functions[function](high)


def _product(left: Value, right: Value, functions: Functions) -> Value:
    """Products of all ends; nothing of what is infinite is nothing."""
    where = functions["where"]
    ends: list[Any] = [
        where((a == 0) | (b == 0), 0.0, where(a == 0, 1.0, a) * where(b == 0, 1.0, b))
        for a in left
        for b in right
    ]
    low = high = ends[0]
    for end in ends[1:]:
        low, high = functions["min"](low, end), functions["max"](high, end)
    return low, high


def _inverse(value: Any, functions: Functions) -> Any:
    """1/x for x > 0, and ∞ at and below 0: a divisor is never negative."""
    where = functions["where"]
    positive = value > 0
    return where(positive, 1.0 / where(positive, value, 1.0), math.inf)


def _raised(base: Value, exponent: float, functions: Functions) -> Value:
    """A power of a base ≥ 0; a base below counts as 0."""
    low, high = (functions["power"](functions["max"](end, 0.0), exponent) for end in base)
    return (low, high) if exponent >= 0 else (high, low)


# ---- monotonicity


def direction(term: Term, ranges: Mapping[str, Value], free: Collection[str]) -> Direction:
    """How a term follows the variables in `free`, as the signs of its parts tell; `ranges` are those of all names."""
    match term:
        case Constant():
            return "constant"
        case Variable(name):
            return "up" if name in free else "constant"
        case Apply(function, operands):
            found: list[Direction] = [direction(o, ranges, free) for o in operands]
            signs = [_sign(o, ranges) for o in operands]
            return _combined(function, operands, found, signs)
        case _:
            assert_never(term)


_OPPOSITE: Final[dict[Direction, Direction]] = {
    "up": "down",
    "down": "up",
    "constant": "constant",
    "unknown": "unknown",
}


def _sign(term: Term, ranges: Mapping[str, Value]) -> int:
    """1 where a term is never negative, -1 where it is never positive, 0 where neither is known."""
    low, high = interval(term, ranges, MATH)
    return 1 if low >= 0 else -1 if high <= 0 else 0


def _combined(
    function: str, operands: tuple[Term, ...], found: list[Direction], signs: list[int]
) -> Direction:
    match function:
        case "neg":
            return _OPPOSITE[found[0]]
        case "mul" | "div":
            second = _OPPOSITE[found[1]] if function == "div" else found[1]
            return _together([_scaled(found[0], signs[1]), _scaled(second, signs[0])])
        case "pow":
            exponent = operands[1]
            power = exponent.low if isinstance(exponent, Constant) else 0.0
            return found[0] if power >= 0 else _OPPOSITE[found[0]]
        case _:
            return _together(found)


def _scaled(found: Direction, sign: int) -> Direction:
    """A direction times something of a sign."""
    if found == "constant" or sign == 1:
        return found
    return _OPPOSITE[found] if sign == -1 else "unknown"


def _together(found: list[Direction]) -> Direction:
    seen: list[Direction] = [each for each in found if each != "constant"]
    if not seen:
        return "constant"
    return seen[0] if all(each == seen[0] for each in seen) else "unknown"


def counterexample(
    term: Term, free: Collection[str], fixed: Mapping[str, Value]
) -> tuple[dict[str, float], dict[str, float], float, float] | None:
    """Two points, the first below the second, at which a term falls, with its values; None where none was found.

    The points are random ones of a fixed sequence, over six decades; two neighbours differ in one variable at a time.
    """
    names, generator = sorted(free), random.Random(0)
    if not names:
        return None
    for _ in range(_PAIRS):
        low = {name: _drawn(generator) for name in names}
        moved = generator.choice(names)
        high = low | {moved: low[moved] * 10 ** generator.uniform(0, 1) + generator.choice([0.0, 1e-3])}
        for end in (0, 1):
            before, after = (
                interval(term, {**fixed, **{n: (v, v) for n, v in at.items()}}, MATH)[end]
                for at in (low, high)
            )
            if before > after + 1e-9 * abs(before):
                return low, high, before, after
    return None


def _drawn(generator: random.Random) -> float:
    return 0.0 if generator.random() < 0.1 else float(f"{10 ** generator.uniform(-3, 3):.3g}")
