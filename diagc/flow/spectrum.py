"""The flow of a Gram matrix U'U towards a multiple of the identity: logistic eigenvalues of a Wishart matrix.

Each eigenvalue obeys λ' = -r λ (λ - 1) on its own, and at large sizes they start as the law of Marchenko and Pastur
says. The series of such a loss has leading coefficients `M(s, d) · Narayana(d + 1, n)`; a loss whose leading
coefficients are these, exactly and at every order that is known, is solved by it, whatever it was written as.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from math import comb

import numpy as np
from numpy.typing import NDArray

from diagc.flow.pareto import front
from diagc.flow.polynomial import Polynomial

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The loss `amplitude · (p/2 - …)` with rate `r`; positions of the roles of p, H and the scale in the symbols."""

    wide: int
    terms: int
    scale: int
    amplitude: float
    rate: float

    def __call__(self, times: Floats, numbers: Sequence[float], nodes: int = 4000) -> Floats:
        """E[L] at times, for numbers of all symbols, by Gauss-Chebyshev quadrature over the spectrum."""
        p, h, z = numbers[self.wide], numbers[self.terms], numbers[self.wide] * numbers[self.scale] ** 2
        ratio = h / p
        low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
        angle = (np.arange(nodes) + 0.5) * np.pi / nodes
        spectrum = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
        weight = (high - low) ** 2 / 4 * np.sin(angle) ** 2 / (2 * np.pi * spectrum) * np.pi / nodes
        decay = np.exp(-self.rate * np.asarray(times, np.float64))[:, None]
        start = (z * spectrum)[None]
        moved = start / (start + (1 - start) * decay)
        return self.amplitude * p / 2 * (((moved - 1) ** 2) @ weight + max(0.0, 1 - ratio))


def spectrum_of(series: Sequence[Polynomial], sizes: int, symbols: int) -> Spectrum | None:
    """The spectral solution of a series, where its leading coefficients are those of one."""
    if sizes != 2 or symbols != 3 or len(series) < 3:
        return None
    for wide, terms in permutations((0, 1)):
        found = _matched(series, wide, terms)
        if found is not None:
            return found
    return None


def _matched(series: Sequence[Polynomial], wide: int, terms: int) -> Spectrum | None:
    def powers(p: int, h: int, scale: int) -> tuple[Fraction, ...]:
        made = {wide: p, terms: h, 2: scale}
        return tuple(Fraction(made[n]) for n in range(3))

    amplitude = -series[0].get(powers(1, 1, 2), Fraction(0))
    if amplitude <= 0:
        return None
    rate = series[1].get(powers(1, 1, 2), Fraction(0)) / amplitude
    steps = {(0, 0): -amplitude, (0, 1): amplitude / 2}
    for s, polynomial in enumerate(series):
        expected: dict[tuple[Fraction, ...], Fraction] = {}
        for d in range(s + 2):
            if s:
                before, same = steps.get((s - 1, d - 1), Fraction(0)), steps.get((s - 1, d), Fraction(0))
                steps[s, d] = rate * (d * before - (d + 1) * same)
            for n in range(1, d + 2):
                narayana = Fraction(comb(d + 1, n) * comb(d + 1, n - 1), d + 1)
                expected[powers(d + 2 - n, n, 2 * (d + 1))] = steps[s, d] * narayana
        if {p: c for p, c in front(polynomial, (0, 1)).items() if p[2]} != expected:
            return None
    return Spectrum(wide, terms, 2, float(amplitude), float(rate))
