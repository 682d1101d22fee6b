"""Persistent homology of sublevel sets {L ≤ λ}: when components and loops of a landscape appear and vanish.

A component is born at the height of a minimum and dies at the lowest saddle to a deeper one (the elder rule). On a grid
this is exact for the grid; on a sample the landscape is a graph of near neighbours, an edge as high as the highest of
the points looked at between its ends; for runs it is a tree of merges from the matrix of levels of paths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Landscape = Callable[[Floats], Floats]
"""Heights of points, given as rows."""

_BETWEEN: Final = 7
"""Points looked at between the ends of an edge of a sample."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A class of a dimension that is there from `birth` to `death`; the first component never dies."""

    dimension: int
    birth: float
    death: float

    @property
    def length(self) -> float:
        return self.death - self.birth


def on_grid(landscape: Landscape, ranges: Sequence[tuple[float, float]], count: int) -> list[Pair]:
    """The pairs of a landscape on a regular grid of `count` points in each direction, longest first."""
    lines = [np.linspace(low, high, count) for low, high in ranges]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*lines, indexing="ij")], 1)
    heights = landscape(points).reshape((count,) * len(ranges))
    complex = _gudhi().CubicalComplex(vertices=heights)
    return _pairs(complex.persistence(min_persistence=0.0))


def on_sample(
    landscape: Landscape,
    ranges: Sequence[tuple[float, float]],
    count: int,
    neighbours: int = 12,
    seed: int = 0,
) -> list[Pair]:
    """The components of a landscape on random points joined to near ones, longest first."""
    low, high = np.array(ranges, np.float64).T
    points: Floats = low + (high - low) * np.random.default_rng(seed).random((count, len(ranges)))
    tree = import_module("scipy.spatial").cKDTree(points)
    near = tree.query(points, k=neighbours + 1)[1][:, 1:]
    ends = np.array(sorted({(min(i, int(j)), max(i, int(j))) for i in range(count) for j in near[i]}))
    heights = landscape(points)
    tops = np.maximum(heights[ends[:, 0]], heights[ends[:, 1]])
    for part in np.arange(1, _BETWEEN + 1) / (_BETWEEN + 1):
        tops = np.maximum(tops, landscape((1 - part) * points[ends[:, 0]] + part * points[ends[:, 1]]))
    return components(heights, [(int(i), int(j), float(t)) for (i, j), t in zip(ends, tops, strict=True)])


def components(heights: Sequence[float] | Floats, edges: Sequence[tuple[int, int, float]]) -> list[Pair]:
    """The components of a graph with heights, longest first; an edge is as high as its ends at least.

    >>> [(pair.birth, pair.death) for pair in components([0.0, 1.0, 5.0], [(0, 1, 3.0), (1, 2, 7.0)])]
    [(0.0, inf), (1.0, 3.0), (5.0, 7.0)]
    """
    owner = list(range(len(heights)))

    def root(node: int) -> int:
        while owner[node] != node:
            owner[node] = owner[owner[node]]
            node = owner[node]
        return node

    found: list[Pair] = []
    for i, j, top in sorted(edges, key=lambda e: e[2]):
        older, younger = sorted((root(i), root(j)), key=lambda n: (heights[n], n))
        if older != younger:
            owner[younger] = older
            if top > heights[younger]:
                found.append(Pair(0, float(heights[younger]), top))
    roots = {root(node) for node in range(len(heights))}
    found += [Pair(0, float(heights[node]), float("inf")) for node in sorted(roots)]
    return sorted(found, key=_order)


def total(pairs: Sequence[Pair]) -> float:
    """The total length of the components that die."""
    return sum(pair.length for pair in pairs if pair.dimension == 0 and np.isfinite(pair.death))


def _pairs(found: Sequence[tuple[int, tuple[float, float]]]) -> list[Pair]:
    return sorted((Pair(d, float(b), float(e)) for d, (b, e) in found), key=_order)


def _order(pair: Pair) -> tuple[int, float, float]:
    return (pair.dimension, -pair.length, pair.birth)


def _gudhi() -> Any:
    """The library of complexes, which is an extra."""
    from diagc.diagnostics import failure

    try:
        return import_module("gudhi")
    except ImportError:
        raise failure(
            "E1002", "grids need the package `gudhi`, which is not installed", help="`pip install gudhi`"
        ) from None
