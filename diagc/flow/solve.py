"""E[L(t)] in every way that is known: simulated, as a series, summed, and in closed form where the series has one.

Closed forms are found by what the coefficients satisfy. A name of a model decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagc.flow.bernoulli import mean_field_of
from diagc.flow.laws import laws
from diagc.flow.polynomial import Polynomial, value
from diagc.flow.problem import Problem
from diagc.flow.regimes import Map, Place, located, regimes
from diagc.flow.resum import Band, pade_band, partial_sum
from diagc.flow.simulate import Curves, simulate
from diagc.flow.spectrum import spectrum_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed form at times: its name, the condition under which it holds, its values."""

    name: str
    holds: str
    values: Floats


@dataclass(frozen=True, slots=True)
class Solution:
    """Curves of the expected loss at the times of the simulation."""

    curves: Curves
    series: Floats
    band: Band
    closed: tuple[Closed, ...]
    place: Place
    found: Map
    warnings: tuple[str, ...]


def solve(
    problem: Problem, series: Sequence[Polynomial], numbers: Mapping[str, float], times: Floats, runs: int,
    seed: int = 0,
) -> Solution:  # fmt: skip
    """Every way for a problem at given sizes and scales; `series` has at least four orders."""
    found = regimes(series, problem)
    values = [value(polynomial, numbers, problem.symbols) for polynomial in series]
    curves = simulate(problem, numbers, times, runs, seed)
    band = pade_band(values, times)
    return Solution(
        curves, partial_sum(values, times), band, tuple(closed_forms(problem, series, found, numbers, times)),
        located(found, dict(numbers)), found, tuple(_warnings(band, curves)),
    )  # fmt: skip


def closed_forms(
    problem: Problem, series: Sequence[Polynomial], found: Map, numbers: Mapping[str, float], times: Floats
) -> list[Closed]:
    """The closed forms whose conditions the series satisfies, at times."""
    at = [float(numbers[symbol]) for symbol in problem.symbols]
    sizes, symbols = len(problem.sizes), len(problem.symbols)
    made: list[Closed] = []
    spectrum = spectrum_of(series, sizes, symbols)
    if spectrum is not None:
        made.append(Closed("logistic spectrum", "everywhere at large sizes", spectrum(times, at)))
    field = mean_field_of(series, sizes, symbols)
    if field is not None:
        bound = "below" if field.ratio(at) < 1 else "above"
        holds = f"few terms; the ascent is {bound} its threshold by a factor of {field.ratio(at):.3g}"
        made.append(Closed(f"mean field of rank {field.rank}", holds, field(times, at)))
    fitting = laws(series, problem.symbols, sizes, found, numbers)
    return made + [Closed(law.formula, f"on {law.face}", law(times)) for law in fitting]


def _warnings(band: Band, curves: Curves) -> list[str]:
    made = ["a Padé sum has no guarantee here: at finite sizes the series has no radius of convergence"]
    if band.poles:
        made.append(
            "a denominator of the Padé band has a zero within these times: the band is no estimate there"
        )
    wide = band.spread > 0.1 * abs(curves.mean[0])
    if wide.any():
        made.append(
            f"the Padé band is wider than a tenth of E[L(0)] from t = {curves.times[wide.argmax()]:.4g} on"
        )
    if not np.isfinite(curves.losses).all():
        made.append(f"{int((~np.isfinite(curves.losses[:, -1])).sum())} runs diverged")
    return made
