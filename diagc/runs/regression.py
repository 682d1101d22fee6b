"""How much of a metric a number of each run explains, beside what the training loss explains already.

R² of a straight line, with its sign and a bootstrap interval over runs; the partial R² is that of what is left of both
after a straight line in the training loss. An interval that reaches 0 says that nothing was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SAMPLES: Final = 2000
_NOISE: Final = 1e-6
LEAST: Final = 8
"""The fewest runs that are worth a line."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A line: its slope, its share of the variance, and the 95 % interval of the share over bootstrap samples."""

    slope: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A metric on a number of each run: alone, and given the training loss; None where nothing varies."""

    runs: int
    plain: Fit | None
    partial: Fit | None


def regression(
    values: Sequence[float], numbers: Sequence[float], losses: Sequence[float], seed: int = 0
) -> Regression:
    """The regression of `values` on `numbers`; runs with a number that is not finite are left out."""
    table = np.array([values, numbers, losses], np.float64)
    table = table[:, np.isfinite(table).all(0)]
    count = table.shape[1]
    if count < LEAST:
        return Regression(count, None, None)
    draws = np.random.default_rng(seed).integers(0, count, (_SAMPLES, count))
    return Regression(count, _fit(table, draws, False), _fit(table, draws, True))


def _fit(table: Floats, draws: NDArray[np.int64], given: bool) -> Fit | None:
    found = _share(table, given)
    if found is None:
        return None
    shares = [one[1] for draw in draws if (one := _share(table[:, draw], given)) is not None]
    low, high = np.quantile(shares, [0.025, 0.975]) if shares else (0.0, 1.0)
    return Fit(found[0], found[1], float(low), float(high))


def _share(table: Floats, given: bool) -> tuple[float, float] | None:
    """Slope and R² of the first row on the second, after both were freed of the third where it is `given`."""
    y, x = table[0] - table[0].mean(), table[1] - table[1].mean()
    z = table[2] - table[2].mean()
    noise = _NOISE * float(np.abs(table[2]).max())  # of the losses that lifetimes are differences of
    scale = np.array([x @ x * 1e-12 + len(x) * noise**2, y @ y * 1e-12 + 1e-300])
    if given and z @ z > 0:
        x, y = (v - (v @ z) / (z @ z) * z for v in (x, y))
    if x @ x <= scale[0] or y @ y <= scale[1]:
        return None
    return float((x @ y) / (x @ x)), float((x @ y) ** 2 / ((x @ x) * (y @ y)))
