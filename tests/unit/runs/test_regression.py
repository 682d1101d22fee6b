"""Lifetimes of runs by hand, and regressions where the truth is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import linregress

from diagc.runs.classes import lifetimes
from diagc.runs.pictures import counts, dendrogram, merges
from diagc.runs.regression import regression

HEIGHTS = np.array([[1.0, 3.0, 9.0, 9.0], [3.0, 2.0, 5.0, 9.0], [9.0, 5.0, 0.5, 9.0], [9.0, 9.0, 9.0, 8.0]])
RNG = np.random.default_rng(0)


def test_lifetimes_by_hand() -> None:
    """The second run meets the first at 3, both meet the deepest at 5, the last meets them at 9."""
    assert lifetimes(HEIGHTS) == pytest.approx([4.0, 1.0, np.inf, 1.0])


def test_merges_and_counts_by_hand() -> None:
    assert [(h, set(a) | set(b)) for h, a, b in merges(HEIGHTS)] == [
        (3, {0, 1}),
        (5, {0, 1, 2}),
        (9, {0, 1, 2, 3}),
    ]
    assert counts(HEIGHTS, [0.4, 1.0, 3.0, 5.0, 8.5, 9.0]) == [0, 2, 2, 1, 2, 1]
    titles = [getattr(i, "title", "") for i in dendrogram(HEIGHTS, ["a", "b", "c", "d"], "t").items]
    assert "2 and 1 runs meet at 5" in titles or "1 and 2 runs meet at 5" in titles


def test_a_plain_regression_is_that_of_scipy() -> None:
    x, z = RNG.normal(size=60), RNG.normal(size=60)
    y = -2 * x + RNG.normal(size=60)
    found, expected = regression(list(y), list(x), list(z)).plain, linregress(x, y)
    assert found is not None
    assert found.slope == pytest.approx(expected.slope)
    assert found.share == pytest.approx(expected.rvalue**2)
    assert found.low < 0.8 < found.high


def test_the_partial_share_is_that_of_two_regressions() -> None:
    """Where the training loss decides both, nothing is left; the formula of partial correlation by hand."""
    z = RNG.normal(size=80)
    x, y = z + 0.1 * RNG.normal(size=80), z + 0.1 * RNG.normal(size=80)
    found = regression(list(y), list(x), list(z))
    r = np.corrcoef([x, y, z])
    partial = (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))
    assert found.plain is not None
    assert found.partial is not None
    assert found.plain.share > 0.9
    assert found.partial.share == pytest.approx(partial**2)
    assert found.partial.share < 0.1


def test_runs_without_a_lifetime_are_left_out() -> None:
    x = [np.inf, *range(9)]
    found = regression(list(range(10)), x, [0.0] * 10)
    assert found.runs == 9
    assert found.plain is not None
    assert found.plain.share == pytest.approx(1.0)
    assert regression([1.0] * 7, [1.0] * 7, [1.0] * 7).plain is None
    assert regression([1.0] * 9, list(range(9)), [0.0] * 9).plain is None
