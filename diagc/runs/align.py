"""Alignment of two runs: the permutations of hidden axes that bring one as near to the other as can be found.

First each axis is matched by what no permutation of the others changes (entries along fixed axes, sorted along hidden
ones), which is exact for a permuted copy. Then axes are improved in turn by linear assignment, from there and from the
identity, until none moves; the nearer result counts. (Ainsworth et al., Git Re-Basin, arXiv 2209.04836.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.runs.hidden import Group

Floats = NDArray[np.float64]
Weights = Mapping[str, Floats]
Orders = list[NDArray[np.int64]]

_ROUNDS: Final = 50


def aligned(first: Weights, second: Weights, hidden: Sequence[Group]) -> dict[str, Floats]:
    """The second run with its hidden axes permuted so that it is near to the first."""
    starts = [[np.arange(group.size) for group in hidden], _matched(first, second, hidden)]
    found = [permuted(second, hidden, _improved(first, second, hidden, start)) for start in starts]
    return min(found, key=lambda weights: distance(first, weights))


def permuted(
    weights: Weights, hidden: Sequence[Group], orders: Sequence[NDArray[np.int64]]
) -> dict[str, Floats]:
    """Weights with entry `orders[g][i]` of each hidden axis g at place i."""
    made = {name: np.asarray(value) for name, value in weights.items()}
    for group, order in zip(hidden, orders, strict=True):
        for name, place in group.places:
            made[name] = np.take(made[name], order, place)
    return made


def distance(first: Weights, second: Weights) -> float:
    """The sum of squared differences."""
    return sum(float(((first[name] - second[name]) ** 2).sum()) for name in first)


def _matched(first: Weights, second: Weights, hidden: Sequence[Group]) -> Orders:
    orders: Orders = []
    for group in hidden:
        left, right = (_features(weights, group, hidden) for weights in (first, second))
        cost = (left**2).sum(1)[:, None] - 2 * left @ right.T + (right**2).sum(1)[None]
        orders.append(_assignment(cost))
    return orders


def _features(weights: Weights, group: Group, hidden: Sequence[Group]) -> Floats:
    """For each index of a hidden axis numbers that permutations of the other hidden axes leave alone."""
    loose = {place for other in hidden for place in other.places}
    parts: list[Floats] = []
    for name, place in group.places:
        value = np.moveaxis(weights[name], place, 0)
        others = [p for p in range(weights[name].ndim) if p != place]
        kept = [1 + n for n, p in enumerate(others) if (name, p) not in loose]
        moved = np.moveaxis(value, kept, range(1, 1 + len(kept)))
        flat = moved.reshape(*moved.shape[: 1 + len(kept)], -1)
        parts.append(np.sort(flat, -1).reshape(group.size, -1))
    return np.concatenate(parts, 1)


def _improved(first: Weights, second: Weights, hidden: Sequence[Group], start: Orders) -> Orders:
    orders = list(start)
    for _ in range(_ROUNDS):
        before = [order.copy() for order in orders]
        for n, group in enumerate(hidden):
            others = [np.arange(g.size) if m == n else orders[m] for m, g in enumerate(hidden)]
            moved = permuted(second, hidden, others)
            likeness = sum(
                _unfolded(first[name], place) @ _unfolded(moved[name], place).T
                for name, place in group.places
            )
            orders[n] = _assignment(-np.asarray(likeness))
        if all((a == b).all() for a, b in zip(before, orders, strict=True)):
            break
    return orders


def _unfolded(value: Floats, place: int) -> Floats:
    return np.moveaxis(value, place, 0).reshape(value.shape[place], -1)


def _assignment(cost: Floats) -> NDArray[np.int64]:
    solver: Any = import_module("scipy.optimize").linear_sum_assignment
    return np.asarray(solver(cost)[1], np.int64)
