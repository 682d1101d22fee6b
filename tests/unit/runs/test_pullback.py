"""Fibre products of linear maps by their universal property; shared coordinates where they were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.runs.pullback import correlated, fibre, mutual_pairs, shared_space

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("k", "m", "n", "rank"), [(4, 6, 5, 4), (7, 4, 3, 6), (5, 6, 4, 2), (3, 3, 3, 3)])
def test_dimension_and_universal_property(k: int, m: int, n: int, rank: int) -> None:
    """m + n - rank; a pair of maps that agree factors through the fibre product, by one map only."""
    basis = RNG.normal(size=(k, rank))
    a, b = basis @ RNG.normal(size=(rank, m)), basis @ RNG.normal(size=(rank, n))
    found = fibre(a, b)
    assert found.dimension == m + n - np.linalg.matrix_rank(np.concatenate([a, b], 1)) == m + n - rank
    assert np.abs(a @ found.left - b @ found.right).max(initial=0) <= 1e-10
    kernel = np.linalg.svd(np.concatenate([a, -b], 1))[2][rank:].T  # any pair that agrees lies in the kernel
    pair = kernel @ RNG.normal(size=(kernel.shape[1], 4))
    made, residual = found.universal(pair[:m], pair[m:])
    assert residual <= 1e-10
    assert made.shape == (found.dimension, 4)
    assert np.linalg.matrix_rank(np.concatenate([found.left, found.right])) == found.dimension
    strange = RNG.normal(size=(m, 4)), RNG.normal(size=(n, 4))
    if rank > 0:
        assert found.universal(*strange)[1] > 1e-3


def test_correlations_of_a_drawn_common_part() -> None:
    z = RNG.normal(size=(2000, 2))
    x = z @ RNG.normal(size=(2, 5)) + 0.01 * RNG.normal(size=(2000, 5))
    y = z @ RNG.normal(size=(2, 4)) + 0.01 * RNG.normal(size=(2000, 4))
    found = correlated(x, y, 3, ridge=1e-6)
    assert found.correlations[:2] == pytest.approx(1.0, abs=0.01)
    assert found.correlations[2] < 0.2
    left, right = x @ found.left + found.left_shift, y @ found.right + found.right_shift
    assert np.abs(left[:, :2] - right[:, :2]).max() < 0.2


def test_pairs_of_two_views_are_found_without_pairs() -> None:
    kinds = RNG.integers(0, 5, 300)
    z = 5 * np.eye(5)[kinds] + RNG.normal(size=(300, 5))
    x, y = z @ RNG.normal(size=(5, 8)), z @ RNG.normal(size=(5, 6))
    order = RNG.permutation(300)
    _, pairs = shared_space(x, y[order], list(kinds), list(kinds[order]), 4)
    same = np.mean([kinds[i] == kinds[order[j]] for i, j in pairs])
    assert len(pairs) > 60
    assert same > 0.95


def test_mutual_pairs_by_hand() -> None:
    left, right = np.array([[0.0], [1.0], [5.0]]), np.array([[0.9], [6.0]])
    assert mutual_pairs(left, right) == [(1, 0), (2, 1)]
