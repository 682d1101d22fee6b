"""Closed forms that leading coefficients satisfy, found in the coefficients themselves.

On a face the leading terms of all orders are numbers y_s. Where their ratios y_(s+1) / y_s are a straight line
a (b + s) in the order, their sum is a power law, y_0 (1 + a t)^-b; where they are one number r, it is y_0 exp(-r t).
Two parameters are read off and every further order is a check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagc.flow.pareto import front
from diagc.flow.polynomial import Polynomial, value
from diagc.flow.regimes import Map, Regime, located

Floats = NDArray[np.float64]

_EXACT: Final = 1e-9
_NEAR: Final = log(100.0)
"""A boundary counts as near when the monomial that is 1 on it is within a factor of 100."""


@dataclass(frozen=True, slots=True)
class Law:
    """`E[L(t)] = offset + start · decay(t)`, with its face, and a formula for people."""

    face: str
    formula: str
    offset: float
    start: float
    rate: float
    power: float | None

    def __call__(self, times: Floats) -> Floats:
        """The loss at times."""
        if self.power is None:
            return self.offset + self.start * np.exp(-self.rate * times)
        return self.offset + self.start * (1 + self.rate * times) ** -self.power


def laws(
    series: Sequence[Polynomial],
    symbols: tuple[str, ...],
    sizes: int,
    among: Map,
    numbers: Mapping[str, float],
) -> list[Law]:
    """The laws of the edges that a point lies near to; where none has one, that of the vertex."""
    place = located(among, dict(numbers))
    near = {name for name, _, distance in place.distances if abs(distance) < _NEAR}
    for faces in ([r for r in among.regimes if r.name in near], [place.regime]):
        found = [law for face in faces if (law := face_law(series, symbols, sizes, among, face, numbers))]
        if found:
            return found
    return []


def face_law(
    series: Sequence[Polynomial], symbols: tuple[str, ...], sizes: int, among: Map, face: Regime,
    numbers: Mapping[str, float],
) -> Law | None:  # fmt: skip
    """The law of the leading terms of a face at given numbers; None where their ratios are no straight line."""
    values = [_leading(polynomial, symbols, sizes, among, face, numbers) for polynomial in series]
    constant = value({p: c for p, c in series[0].items() if not any(p[sizes:])}, numbers, symbols)
    with_target = [values[0] + constant, *values[1:]]
    made = _fitted(with_target)
    offset = 0.0
    if made is None:
        made, offset = _fitted(values), constant
    if made is None:
        return None
    start = (with_target if not offset else values)[0]
    rate, power = made
    if power is None:
        formula = f"{_plus(offset)}{start:.6g} exp(-{rate:.6g} t)"
    else:
        formula = f"{_plus(offset)}{start:.6g} (1 + {rate:.6g} t)^-{power:.6g}"
    return Law(face.name, formula, offset, start, rate, power)


def _plus(offset: float) -> str:
    return f"{offset:.6g} + " if offset else ""


def _leading(
    polynomial: Polynomial, symbols: tuple[str, ...], sizes: int, among: Map, face: Regime,
    numbers: Mapping[str, float],
) -> float:  # fmt: skip
    """The sum of the terms that lead on a face, of those that move."""
    places = [symbols.index(symbol) for symbol in among.symbols]
    moving = {p: c for p, c in front(polynomial, tuple(places[: among.sizes])).items() if any(p[sizes:])}
    heights = {p: sum(float(p[n]) * d for n, d in zip(places, face.direction, strict=True)) for p in moving}
    top = max(heights.values())
    return value({p: moving[p] for p, height in heights.items() if height > top - 1e-6}, numbers, symbols)


def _fitted(values: Sequence[float]) -> tuple[float, float | None] | None:
    """Rate and power of the law that values follow; None where they follow none."""
    if len(values) < 4 or any(v <= 0 for v in values):
        return None
    ratios = [b / a for a, b in pairwise(values)]
    slope = ratios[1] - ratios[0]
    if any(abs(r - ratios[0] - slope * s) > _EXACT * r for s, r in enumerate(ratios)):
        return None
    if abs(slope) <= _EXACT * ratios[0]:
        return ratios[0], None
    return (slope, ratios[0] / slope) if slope > 0 else None
