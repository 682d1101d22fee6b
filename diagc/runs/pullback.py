"""The fibre product {(x, y): A x = B y} of two linear maps, and its nearest kin between trained features.

Linear: the kernel of [A, -B], of dimension m + n - rank; every other pair of maps that agrees factors through it by
exactly one map. Features of two nets share no coordinates: canonical correlations give them some, pairs are mutual
nearest neighbours there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Fibre:
    """A basis of the fibre product: columns of `left` and `right` are its two projections."""

    left: Floats
    right: Floats

    @property
    def dimension(self) -> int:
        return self.left.shape[1]

    def universal(self, p: Floats, q: Floats) -> tuple[Floats, float]:
        """The map U with left U = p and right U = q, and how far it is from that at most."""
        basis, wanted = np.concatenate([self.left, self.right]), np.concatenate([p, q])
        found: Floats = np.asarray(np.linalg.lstsq(basis, wanted, rcond=None)[0], np.float64)
        return found, float(np.abs(basis @ found - wanted).max(initial=0.0))


def fibre(a: Floats, b: Floats) -> Fibre:
    """The fibre product of A [k m] and B [k n]."""
    _, sizes, right = np.linalg.svd(np.concatenate([a, -b], 1))
    rank = int((sizes > sizes.max(initial=0.0) * max(a.shape[1], b.shape[1]) * 1e-14).sum())
    kernel = right[rank:].T
    return Fibre(kernel[: a.shape[1]], kernel[a.shape[1] :])


@dataclass(frozen=True, slots=True)
class Shared:
    """Affine maps of two feature spaces into shared coordinates, and the correlations there, greatest first."""

    left: Floats
    left_shift: Floats
    right: Floats
    right_shift: Floats
    correlations: Floats


def correlated(x: Floats, y: Floats, count: int, ridge: float = 1e-2) -> Shared:
    """Regularised canonical correlations of paired rows: the `count` directions that agree most."""
    mean_x: Floats = x.mean(0)
    mean_y: Floats = y.mean(0)
    white_x, white_y = _whitener(x - mean_x, ridge), _whitener(y - mean_y, ridge)
    across: Floats = white_x.T @ (x - mean_x).T @ (y - mean_y) @ white_y / len(x)
    u, sizes, vt = np.linalg.svd(across)
    left: Floats = white_x @ u[:, :count]
    right: Floats = white_y @ vt.T[:, :count]
    return Shared(left, -mean_x @ left, right, -mean_y @ right, sizes[:count])


def _whitener(centred: Floats, ridge: float) -> Floats:
    covariance: Floats = centred.T @ centred / len(centred)
    sizes, vectors = np.linalg.eigh(covariance)
    return vectors / np.sqrt(np.maximum(sizes, 0.0) + ridge * max(float(sizes.max()), 1e-12))


def mutual_pairs(left: Floats, right: Floats) -> list[tuple[int, int]]:
    """The rows of two tables that are each other's nearest."""
    trees: Any = import_module("scipy.spatial").cKDTree
    there, back = trees(right).query(left)[1], trees(left).query(right)[1]
    return [(i, int(j)) for i, j in enumerate(there) if back[j] == i]


def shared_space(
    x: Floats, y: Floats, x_kinds: Sequence[int], y_kinds: Sequence[int], count: int
) -> tuple[Shared, list[tuple[int, int]]]:
    """Shared coordinates of features of unpaired samples with classes in common, and the pairs that they rest on.

    Starts from rows paired with the mean of their class, then takes mutual nearest pairs until these stay.
    """
    kinds = [k for k in sorted(set(x_kinds)) if k in set(y_kinds)]
    a, b = np.array(x_kinds), np.array(y_kinds)
    means_x, means_y = ({k: v[c == k].mean(0) for k in kinds} for v, c in ((x, a), (y, b)))
    first = [np.stack([means_x[k] for k in b if k in kinds]), x[np.isin(a, kinds)]]
    second = [y[np.isin(b, kinds)], np.stack([means_y[k] for k in a if k in kinds])]
    found = correlated(np.concatenate(first), np.concatenate(second), count)
    pairs: list[tuple[int, int]] = []
    for _ in range(_ROUNDS):
        before = pairs
        pairs = mutual_pairs(x @ found.left + found.left_shift, y @ found.right + found.right_shift)
        if pairs == before or len(pairs) <= count:
            break
        found = correlated(x[[i for i, _ in pairs]], y[[j for _, j in pairs]], count)
    return found, pairs
