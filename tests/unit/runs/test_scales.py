"""Rescalings of units: found where the activation is homogeneous, nowhere else, and balanced to one copy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diagc.runs.align import aligned, distance
from diagc.runs.hidden import Group
from diagc.runs.paths import levels
from diagc.runs.scales import Scale, balanced, scales

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5)).astype(np.float32)
Y = RNG.normal(size=(30, 2)).astype(np.float32)
HIDDEN = (Group(7, (("W", 1), ("c", 0), ("V", 0))),)


def net(activation: Any, target: Any) -> Any:
    def loss(at: Any) -> Any:
        return jnp.mean((activation(X @ at["W"] + at["c"]) @ at["V"] - target) ** 2)

    return loss


def weights() -> dict[str, np.ndarray]:
    return {"W": RNG.normal(size=(5, 7)), "c": RNG.normal(size=7), "V": RNG.normal(size=(7, 2))}


@pytest.mark.parametrize(
    ("activation", "found"),
    [
        (jax.nn.relu, [(1, 1, -1)]),
        (lambda x: x, [(1, 1, -1)]),
        (jnp.square, [(1, 1, -2)]),
        (jnp.tanh, []),
        (jax.nn.silu, []),
    ],
)
def test_exponents_are_those_of_the_activation(activation: Any, found: list[tuple[int, ...]]) -> None:
    assert [scale.exponents for scale in scales(weights(), net(activation, Y), HIDDEN)] == found


def test_a_permuted_and_rescaled_copy_is_brought_back() -> None:
    first = weights()
    loss = net(jax.nn.relu, np.maximum(X @ first["W"] + first["c"], 0) @ first["V"])
    order, factor = RNG.permutation(7), RNG.uniform(0.2, 5, 7)
    moved = {
        "W": (first["W"] * factor)[:, order],
        "c": (first["c"] * factor)[order],
        "V": (first["V"] / factor[:, None])[order],
    }
    found = scales(first, loss, HIDDEN)
    left, right = balanced(first, found), balanced(moved, found)
    assert float(loss(left)) == pytest.approx(0, abs=1e-6)
    assert distance(left, aligned(left, right, HIDDEN)) <= 1e-12
    made = levels([first, moved], loss, HIDDEN, ("straight", "aligned"), rescalings=found)
    assert made.heights["aligned"][0, 1] == pytest.approx(made.losses.max(), abs=1e-6)
    assert made.heights["straight"][0, 1] > made.losses.max() + 0.05


def test_balancing_by_hand() -> None:
    """One unit: a |w|, |v| / a of equal norm where the product is 6."""
    scale = Scale(Group(1, (("w", 0), ("v", 0))), (1, -1))
    made = balanced({"w": np.array([12.0]), "v": np.array([0.5])}, [scale])
    assert made["w"] == pytest.approx(6**0.5)
    assert made["v"] == pytest.approx(6**0.5)
    dead = balanced({"w": np.array([0.0]), "v": np.array([0.5])}, [scale])
    assert dead["v"] == pytest.approx(0.5)
