"""A vector in a mean field of its like: u' = ν (u^(ν-1) - θ z₂^(ν-1) u), z_m = Σ_i u_i^m, for even ν ≥ 4.

E[L] = p/2 + H (θ z₂^ν / 2 - z_ν) with θ = 1 + (ν-1)!! H p^(-ν/2). The hierarchy
`z_m' = m ν (z_(m+ν-2) - θ z₂^(ν-1) z_m)` from `z_m(0) = (m-1)!! p σ^m` has every leading coefficient of the series of a
symmetric tensor of rank ν fitted to the identity; a loss with just these coefficients is taken to follow it. Along
the ascent the equation is of Bernoulli's form: it stays bounded below a threshold of p^(ν-1) σ^ν.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import permutations
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.flow.pareto import front
from diagc.flow.polynomial import Polynomial

Floats = NDArray[np.float64]

_linspace: Any = np.linspace


@dataclass(frozen=True, slots=True)
class MeanField:
    """The equation for a rank; positions of the roles of p, H and the scale in the symbols."""

    rank: int
    wide: int
    terms: int
    scale: int

    def theta(self, numbers: Sequence[float]) -> float:
        """The factor by which many terms slow each other down."""
        return 1 + _odd(self.rank - 1) * numbers[self.terms] * numbers[self.wide] ** (-self.rank / 2)

    def ratio(self, numbers: Sequence[float]) -> float:
        """θ p^(ν-1) σ^ν over its threshold: below 1 the ascent stays bounded."""
        p, sigma = numbers[self.wide], numbers[self.scale]
        return self.theta(numbers) * p ** (self.rank - 1) * sigma**self.rank / threshold(self.rank)

    def __call__(self, times: Floats, numbers: Sequence[float], draws: int = 2000, seed: int = 0) -> Floats:
        """E[L] at times by a system of `draws` vectors of p coordinates each, in Runge-Kutta steps of order four."""
        p, h, sigma = int(numbers[self.wide]), numbers[self.terms], numbers[self.scale]
        nu, theta = self.rank, self.theta(numbers)
        u = np.random.default_rng(seed).normal(0.0, sigma, (draws, p))

        def slope(v: Floats) -> Floats:
            return nu * (v ** (nu - 1) - theta * (v * v).sum(1, keepdims=True) ** (nu - 1) * v)

        losses: list[float] = []
        for now, after in zip(times, [*times[1:], times[-1]], strict=True):
            squares, high = (u * u).sum(1), (u**nu).sum(1)
            losses.append(p / 2 + h * float((theta * squares**nu / 2 - high).mean()))
            left = float(after - now)
            while left > 0:
                fastest = nu * (
                    nu * theta * float((u * u).sum(1).max()) ** (nu - 1)
                    + nu * float(abs(u).max()) ** (nu - 2)
                )
                step = min(left, 0.2 / fastest)
                a = slope(u)
                b = slope(u + step / 2 * a)
                c = slope(u + step / 2 * b)
                u = u + step / 6 * (a + 2 * b + 2 * c + slope(u + step * c))
                left -= step
        return np.array(losses)


def mean_field_of(series: Sequence[Polynomial], sizes: int, symbols: int) -> MeanField | None:
    """The mean field equation of a series, where all its leading coefficients are those of one."""
    if sizes != 2 or symbols != 3 or len(series) < 3:
        return None
    rank = max(powers[2] for powers in series[0]) / 2
    if rank.denominator != 1 or rank % 2 or rank < 4:
        return None
    for wide, terms in permutations((0, 1)):
        if all(_matches(polynomial, int(rank), s, wide) for s, polynomial in enumerate(series)):
            return MeanField(int(rank), wide, terms, 2)
    return None


def _matches(polynomial: Polynomial, rank: int, order: int, wide: int) -> bool:
    expected = {
        tuple(Fraction(x) for x in ((p, h, scale) if wide == 0 else (h, p, scale))): number
        for (p, h, scale), number in leading(rank, order).items()
    }
    return {p: c for p, c in front(polynomial, (0, 1)).items() if p[2]} == expected


@cache
def leading(rank: int, order: int) -> dict[tuple[int, int, int], Fraction]:
    """The leading terms of an order, by powers of p, H and σ."""
    total: dict[tuple[int, int, int], Fraction] = {}
    for (moments, slowed), number in _derivative(rank, order).items():
        weight = number * prod(_odd(m - 1) for m in moments)
        for many in range(slowed + 1):  # θ^slowed, term by term
            powers = (len(moments) - many * rank // 2, 1 + many, sum(moments))
            more = weight * comb(slowed, many) * _odd(rank - 1) ** many
            total[powers] = total.get(powers, Fraction(0)) + more
    return {powers: number for powers, number in total.items() if number}


@cache
def _derivative(rank: int, order: int) -> dict[tuple[tuple[int, ...], int], Fraction]:
    """The order-th derivative along the ascent of L / H, as a polynomial in moments z_m and in θ."""
    if order == 0:
        return {((2,) * rank, 1): Fraction(1, 2), ((rank,), 0): Fraction(-1)}
    made: dict[tuple[tuple[int, ...], int], Fraction] = {}
    for (moments, slowed), number in _derivative(rank, order - 1).items():
        for n, m in enumerate(moments):
            rest = moments[:n] + moments[n + 1 :]
            for more, factor, times in (((m + rank - 2,), -1, 0), ((m,) + (2,) * (rank - 1), 1, 1)):
                key = (tuple(sorted(rest + more)), slowed + times)
                made[key] = made.get(key, Fraction(0)) + factor * number * m * rank
    return made


@cache
def threshold(rank: int) -> float:
    """ρ* = 1 / (ν² ∫₀^∞ F(v)^(ν-1) dv), F(v) = E[g² (1 + ν(ν-2) v g^(ν-2))^(-2/(ν-2))] for normal g.

    Both integrals by the trapezoidal rule in the logarithm, which converges exponentially there.
    """
    y: Floats = _linspace(-14.0, np.log(13.0), 4000)
    g = np.exp(y)
    weight = 2 / np.sqrt(2 * np.pi) * g**3 * np.exp(-(g**2) / 2) * (y[1] - y[0])
    w: Floats = _linspace(-30.0, 60.0 if rank < 8 else 90.0, 6000)
    mean = np.array([
        float((weight * (1 + rank * (rank - 2) * v * g ** (rank - 2)) ** (-2 / (rank - 2))).sum()) for v in np.exp(w)
    ])  # fmt: skip
    return 1 / (rank**2 * float((mean ** (rank - 1) * np.exp(w)).sum()) * float(w[1] - w[0]))


def _odd(n: int) -> int:
    """n!! for odd n."""
    return prod(range(n, 0, -2))
