"""Sums of the series: its partial sums, and the band between two neighbouring Padé approximants.

At finite sizes E[L(t)] has no radius of convergence: backwards in time a run blows up with positive probability. A
Padé approximant is then a summation without a guarantee, and two of neighbouring orders show how far it can be
trusted. (Baker and Graves-Morris, Padé Approximants.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_lstsq: Any = np.linalg.lstsq
_linspace: Any = np.linspace


@dataclass(frozen=True, slots=True)
class Band:
    """Two approximants at times; `orders` names them. `poles` says that one has a pole within these times."""

    higher: Floats
    lower: Floats
    orders: tuple[str, str]
    poles: bool

    @property
    def spread(self) -> Floats:
        return np.abs(self.higher - self.lower)


def partial_sum(values: Sequence[float], times: Floats) -> Floats:
    """Σ Y_s (-t)^s / s! for the values Y_s."""
    total = np.zeros_like(times)
    for s in reversed(range(len(values))):
        total = values[s] / factorial(s) + (-times) * total
    return total


def pade_band(values: Sequence[float], times: Floats) -> Band:
    """The approximant from all values and the one from all but the last, each as near to diagonal as there is."""
    last = len(values) - 1
    higher, lower = _pade(values, times), _pade(values[:-1], times)
    names = (_name(last), _name(last - 1))
    return Band(higher[0], lower[0], names, higher[1] or lower[1])


def _name(order: int) -> str:
    return f"[{order - order // 2}/{order // 2}]"


def _pade(values: Sequence[float], times: Floats) -> tuple[Floats, bool]:
    order = len(values) - 1
    below, above = order // 2, order - order // 2
    scale = float(times[-1]) or 1.0
    terms = [(-1.0) ** s * v / factorial(s) * scale**s for s, v in enumerate(values)]
    matrix = [
        [terms[above + i - j] if above + i >= j else 0.0 for j in range(1, below + 1)]
        for i in range(1, below + 1)
    ]
    right = [-terms[above + i] for i in range(1, below + 1)]
    denominator = [1.0, *(_lstsq(np.array(matrix), np.array(right), rcond=None)[0] if below else ())]
    numerator = [
        sum(denominator[j] * terms[k - j] for j in range(min(k, below) + 1)) for k in range(above + 1)
    ]
    at = times / scale
    under = np.polyval(denominator[::-1], at)
    fine = np.asarray(np.polyval(denominator[::-1], _linspace(0, at[-1], 513)), np.float64)
    return np.polyval(numerator[::-1], at) / under, bool((fine <= 0).any())
