"""Minimal elements of finite sets of points in products of ordered sets.

The minimal elements of a set are those that no other is below in every coordinate; they are an antichain, and the
smallest set with the same upper closure. Each of several equal points counts once, the first.

>>> minimal(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]])).tolist()
[0, 1]
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Places = NDArray[np.intp]

_BLOCK: Final = 512
"""Points that are compared at once: 512 × 10,000 comparisons take 5 MB for each coordinate."""


def minimal(points: Points) -> Places:
    """The places of the minimal elements of `points` [n k], in order; infinity is the greatest value.

    Points are looked at in lexicographic order: what is below a point comes before it, so each is compared with those
    found so far only.
    """
    count, width = points.shape
    if count == 0 or width == 0:
        return np.arange(min(count, 1))
    keys: list[Any] = [np.arange(count), *(points[:, k] for k in range(width - 1, -1, -1))]
    order: Places = np.lexsort(keys)
    ranked = points[order]
    first = np.ones(count, dtype=bool)
    first[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    order, ranked = order[first], ranked[first]
    kept = _staircase(ranked) if width <= 2 else _blocks(ranked)
    return np.sort(order[kept])


def _staircase(ranked: Points) -> NDArray[np.bool_]:
    """For one or two coordinates: a point is minimal where the last coordinate falls below all before."""
    if ranked.shape[1] == 1:
        return np.arange(len(ranked)) == 0
    last = ranked[:, 1]
    before = np.concatenate(([np.inf], np.minimum.accumulate(last)[:-1]))
    found = last < before
    found[0] = True
    return found


def _blocks(ranked: Points) -> NDArray[np.bool_]:
    kept = np.zeros(len(ranked), dtype=bool)
    front = np.empty((0, ranked.shape[1]))
    for start in range(0, len(ranked), _BLOCK):
        block = ranked[start : start + _BLOCK]
        open_ = ~_above(block, front)
        places = np.flatnonzero(open_)
        inside = block[places]
        covered = _below(inside, inside)
        np.fill_diagonal(covered, False)
        left = places[~covered.any(axis=0)]
        kept[start + left] = True
        front = np.concatenate((front, block[left]))
    return kept


def _below(low: Points, high: Points) -> NDArray[np.bool_]:
    """[i j]: whether low i is at most high j in every coordinate."""
    found = np.ones((len(low), len(high)), dtype=bool)
    for column in range(low.shape[1]):
        found &= low[:, column, None] <= high[None, :, column]
    return found


def _above(points: Points, front: Points) -> NDArray[np.bool_]:
    """Whether each point has one of a front below it."""
    return np.any(_below(front, points), axis=0) if len(front) else np.zeros(len(points), dtype=bool)


def dominated(points: Points, front: Points) -> NDArray[np.bool_]:
    """Whether each of `points` lies in the upper closure of `front`."""
    return _above(points, front)
