"""Every fold found is exact: any chunking and any tree of merges give the whole, and the whole is the cascade."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from tests.properties.cascades import CASCADES, evaluated, fold, joined, lift

LENGTH = 13


@pytest.mark.parametrize("name", CASCADES)
@pytest.mark.parametrize("seed", range(4))
def test_any_chunking_and_any_tree(name: str, seed: int) -> None:
    generator, numbers = random.Random(seed), np.random.default_rng(seed)
    arrays = {key: numbers.standard_normal(LENGTH) for key in ("S", "V", "W")}
    algebra = fold(*CASCADES[name])
    cuts = [0, *sorted(generator.sample(range(1, LENGTH), generator.randint(1, 8))), LENGTH]
    chunks = [{key: array[a:b] for key, array in arrays.items()} for a, b in pairwise(cuts)]
    states = [lift(algebra, chunk, LENGTH) for chunk in chunks]
    generator.shuffle(states)
    while len(states) > 1:
        pair = [states.pop(generator.randrange(len(states))) for _ in range(2)]
        states.append(joined(algebra, pair[0], pair[1], LENGTH))
    merged = dict(zip((c.reduction for c in algebra.components), states[0], strict=True))
    direct = evaluated(CASCADES[name], arrays, LENGTH)
    found = [merged[target] for target in CASCADES[name]]
    np.testing.assert_allclose(found, np.array([float(v) for v in direct]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASCADES)
def test_a_state_that_has_seen_nothing_changes_nothing(name: str) -> None:
    arrays = {key: np.random.default_rng(7).standard_normal(LENGTH) for key in ("S", "V", "W")}
    algebra = fold(*CASCADES[name])
    nothing = lift(algebra, {key: array[:0] for key, array in arrays.items()}, LENGTH)
    state = lift(algebra, arrays, LENGTH)
    if not np.isfinite(nothing).all():
        assert all(
            np.isfinite(v) or c.monoid in ("max", "min")
            for c, v in zip(algebra.components, nothing, strict=True)
        )
    for merged in (joined(algebra, nothing, state, LENGTH), joined(algebra, state, nothing, LENGTH)):
        np.testing.assert_allclose(merged, state, rtol=1e-12, atol=1e-12)


def test_a_large_mean_leaves_the_variance_exact() -> None:
    """Chunks of data far from 0: sums of squares would lose all digits, centred merges lose none."""
    arrays = {key: 1e8 + np.random.default_rng(3).standard_normal(4096) for key in ("S", "V", "W")}
    algebra = fold(*CASCADES["variance"])
    state = lift(algebra, {key: array[:0] for key, array in arrays.items()}, 4096)
    for first in range(0, 4096, 128):
        chunk = lift(algebra, {key: array[first : first + 128] for key, array in arrays.items()}, 4096)
        state = joined(algebra, state, chunk, 4096)
    squares = dict(zip((c.reduction for c in algebra.components), state, strict=True))[
        CASCADES["variance"][1]
    ]
    assert squares == pytest.approx(np.sum((arrays["S"] - np.mean(arrays["S"])) ** 2), rel=1e-9)
