"""Classes of runs: the components of {loss ≤ λ} as far as paths show them, and whether they say anything of a metric.

`classes(λ)` joins runs below λ whose path stays below λ. A count has no meaning without λ and the family of paths. Runs
above λ are in no class. Differences of a metric within and between classes come with a permutation test and with the
noise of the metric itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagc.runs.persistence import Pair, components

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """Runs at a level: their classes (-1 above it), and mean differences of a metric with the test's probability."""

    level: float
    labels: tuple[int, ...]
    within: float | None = None
    between: float | None = None
    probability: float | None = None

    @property
    def count(self) -> int:
        return len({label for label in self.labels if label >= 0})

    @property
    def largest(self) -> int:
        alive = [label for label in self.labels if label >= 0]
        return max((alive.count(label) for label in set(alive)), default=0)


def classes(heights: Floats, level: float) -> tuple[int, ...]:
    """The class of each run at a level, numbered by first occurrence; -1 for a run that lies above it."""
    count, labels, found = len(heights), [-1] * len(heights), 0
    for first in range(count):
        if labels[first] >= 0 or heights[first, first] > level:
            continue
        waiting, labels[first] = [first], found
        while waiting:
            run = waiting.pop()
            for other in range(count):
                if labels[other] < 0 and heights[other, other] <= level and heights[run, other] <= level:
                    labels[other] = found
                    waiting.append(other)
        found += 1
    return tuple(labels)


def barcode(heights: Floats) -> list[Pair]:
    """The merge tree of runs as pairs: each is born at its loss and dies where it meets a lower one."""
    count = len(heights)
    edges = [(i, j, float(heights[i, j])) for i in range(count) for j in range(i)]
    return components(np.diag(heights), edges)


def lifetimes(heights: Floats) -> Floats:
    """For each run how far λ rises from its loss to where its class meets a deeper one; infinite for the deepest."""
    own, count = np.diag(heights), len(heights)
    owner, made = list(range(count)), np.full(count, np.inf)
    edges = [(float(heights[i, j]), i, j) for i in range(count) for j in range(i)]
    for top, i, j in sorted(edges):
        older, younger = sorted((owner[i], owner[j]), key=lambda n: (own[n], n))
        if older != younger:
            made[younger] = top - own[younger]
            owner = [older if o == younger else o for o in owner]
    return made


def split(
    heights: Floats, level: float, metric: Sequence[float] | None = None, trials: int = 2000, seed: int = 0
) -> Split:
    """Classes at a level; with a metric, whether it differs more between them than within them."""
    labels = classes(heights, level)
    alive = [n for n, label in enumerate(labels) if label >= 0]
    if metric is None or len(alive) < 3:
        return Split(level, labels)
    kinds, values = np.array([labels[n] for n in alive]), np.array([metric[n] for n in alive])
    first, second = np.triu_indices(len(alive), 1)
    apart = np.abs(values[first] - values[second])
    same = kinds[first] == kinds[second]
    if same.all() or not same.any():
        return Split(level, labels)
    observed = float(apart[~same].mean() - apart[same].mean())
    generator, more = np.random.default_rng(seed), 0
    for _ in range(trials):
        mixed = generator.permutation(kinds)
        alike = mixed[first] == mixed[second]
        more += float(apart[~alike].mean() - apart[alike].mean()) >= observed
    return Split(
        level, labels, float(apart[same].mean()), float(apart[~same].mean()), (1 + more) / (trials + 1)
    )
