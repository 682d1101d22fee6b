"""Minimal elements: the laws of antichains and of upper closures, and many points."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from diagc.codesign.antichain import dominated, minimal

POINTS = st.integers(1, 4).flatmap(
    lambda k: st.lists(
        st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 3.0, np.inf])] * k), min_size=1, max_size=30
    )
)


@settings(max_examples=80, deadline=None)
@given(POINTS)
def test_the_minimal_elements_are_the_antichain_with_the_same_upper_closure(
    rows: list[tuple[float, ...]],
) -> None:
    points = np.asarray(rows)
    kept = points[minimal(points)]
    by_hand = [p for p in points if not any((q <= p).all() and (q < p).any() for q in points)]
    assert sorted(map(tuple, kept)) == sorted(set(map(tuple, by_hand)))
    assert dominated(points, kept).all(), "every point lies above one that is kept"
    assert len(minimal(kept)) == len(kept), "what is minimal stays so"


def test_ten_thousand_points_of_an_antichain() -> None:
    generator = np.random.default_rng(0)
    share = generator.random(10_000)
    line = np.stack([share, 1 - share], axis=1)
    assert len(minimal(line)) == 10_000
    simplex = generator.dirichlet((1.0, 1.0, 1.0), 10_000)
    assert len(minimal(np.concatenate([simplex, simplex + 0.1]))) == 10_000
    assert minimal(np.zeros((0, 3))).tolist() == []
