"""Terms of design problems over arrays, and which of their parts are known before the whole is."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.core.design import Apply, Order, Term, Variable, variables
from diagc.core.terms import INCREASING, Functions, Value, interval

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-9
"""What a natural number may be above a whole one by rounding alone, as a share of it."""


def _where_defined(function: Callable[[Any], Any], outside: float) -> Callable[[Any], Any]:
    def value(x: Any) -> Any:
        with np.errstate(all="ignore"):
            found = function(np.asarray(x, dtype=float))
        return np.where(np.isnan(found), outside, found)

    return value


def _power(base: Any, exponent: float) -> Any:
    with np.errstate(all="ignore"):
        return np.power(np.asarray(base, dtype=float), exponent)


ARRAYS: Final[Functions] = {
    "min": np.minimum, "max": np.maximum, "where": np.where, "power": _power,
    "sqrt": _where_defined(np.sqrt, 0.0), "exp": _where_defined(np.exp, 0.0),
    "log": _where_defined(np.log, -math.inf), "log1p": _where_defined(np.log1p, -math.inf),
    "ceil": _where_defined(np.ceil, 0.0), "floor": _where_defined(np.floor, 0.0),
}  # fmt: skip
"""The functions of terms over arrays."""


def value(term: Term, known: Mapping[str, Value], end: int) -> Floats:
    """The least (0) or greatest (1) value of a term, never below 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.asarray(interval(term, known, ARRAYS)[end], dtype=float)
    return np.maximum(np.where(np.isnan(found), math.inf, found), 0.0)


def settled(values: Floats, order: Order) -> Floats:
    """Values of an order: natural numbers are rounded up."""
    return np.ceil(values * (1 - _ROUNDING)) if order.name == "natural" else values


def known_parts(term: Term, known: Collection[str]) -> Iterator[Term]:
    """The largest parts of a term that are known, of which it is an increasing function.

    Two points that agree in these parts, or of which one is below the other in all, stay so in the term. A part that
    stands where the term may fall with it is taken apart into its variables.
    """
    names = set(variables(term))
    if not names & set(known):
        return
    if names <= set(known):
        yield term
        return
    match term:
        case Apply("add" | "max" | "min" as function, operands):
            whole = tuple(o for o in operands if (own := set(variables(o))) and own <= set(known))
            if whole:
                yield whole[0] if len(whole) == 1 else Apply(function, whole)
            for operand in operands:
                if operand not in whole:
                    yield from known_parts(operand, known)
        case Apply(function, (operand,)) if function in INCREASING:
            yield from known_parts(operand, known)
        case _:
            yield from (Variable(name) for name in sorted(names & set(known)))


def parts_of(terms: Iterable[Term], known: Collection[str]) -> list[Term]:
    """The known parts of several terms, each once."""
    return list(dict.fromkeys(part for term in terms for part in known_parts(term, known)))
