"""Levels of paths between runs: how high the loss rises on the way from one to another.

Three families: straight, straight after alignment, and a quadratic Bézier curve after alignment whose control point is
trained (Garipov et al., arXiv 1802.10026). A path that stays low is a certificate that two runs are connected at this
height; where none was found, they are not connected by the paths tried, which is no proof that they are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.runs.align import aligned
from diagc.runs.hidden import Group

Floats = NDArray[np.float64]
Weights = Mapping[str, Any]
Loss = Callable[[Any], Any]
"""The loss of parameters by path, on data that it holds; a function that JAX can trace."""

FAMILIES: Final = ("straight", "aligned", "curved")
_POINTS: Final = 21
_PART: Final = 128
_STEPS: Final = 150
_RATE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Levels:
    """The loss of each run, and by family the height of the path between each two (the diagonal is the runs' own)."""

    losses: Floats
    heights: dict[str, Floats]


def levels(
    runs: Sequence[Weights], loss: Loss, hidden: Sequence[Group], families: Sequence[str] = FAMILIES,
    seed: int = 0,
) -> Levels:  # fmt: skip
    """The levels of all pairs of runs. A curve is never counted higher than the straight path it started from."""
    jax, pairs = import_module("jax"), list(combinations(range(len(runs)), 2))
    single = jax.jit(jax.vmap(loss))
    own = np.asarray(single(_stacked(runs)), np.float64)
    found = {family: np.diag(own) for family in families}
    near = (
        {(i, j): aligned(_plain(runs[i]), _plain(runs[j]), hidden) for i, j in pairs}
        if families != ("straight",)
        else {}
    )

    def line(a: Any, b: Any) -> Any:
        return _highest(loss, a, b, None)

    def curve(a: Any, b: Any, key: Any) -> Any:
        return _highest(loss, a, b, _control(loss, a, b, key))

    straight, curved = jax.jit(jax.vmap(line)), jax.jit(jax.vmap(curve))
    keys = jax.random.split(jax.random.key(seed), len(pairs))
    for start in range(0, len(pairs), _PART):
        part = pairs[start : start + _PART]
        first = _stacked([runs[i] for i, _ in part])
        matched = _stacked([near[pair] for pair in part]) if near else None
        made: dict[str, Any] = {}
        if "straight" in families:
            made["straight"] = straight(first, _stacked([runs[j] for _, j in part]))
        if "aligned" in families or "curved" in families:
            made["aligned"] = straight(first, matched)
        if "curved" in families:
            bent = curved(first, matched, keys[start : start + _PART])
            made["curved"] = np.minimum(np.asarray(bent), np.asarray(made["aligned"]))
        for family in families:
            for (i, j), height in zip(part, np.asarray(made[family], np.float64), strict=True):
                found[family][i, j] = found[family][j, i] = max(float(height), own[i], own[j])
    return Levels(own, found)


def _plain(weights: Weights) -> dict[str, Floats]:
    return {name: np.asarray(value, np.float64) for name, value in weights.items()}


def _stacked(runs: Sequence[Weights]) -> dict[str, Any]:
    return {name: np.stack([np.asarray(run[name], np.float32) for run in runs]) for name in runs[0]}


def _highest(loss: Loss, a: Weights, b: Weights, control: Weights | None) -> Any:
    """The greatest loss at points of a path."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    def at(t: Any) -> Any:
        return loss(_between(a, b, control, t))

    return jax.lax.map(at, jnp.linspace(0.0, 1.0, _POINTS)).max()


def _between(a: Weights, b: Weights, control: Weights | None, t: Any) -> dict[str, Any]:
    if control is None:
        return {name: (1 - t) * a[name] + t * b[name] for name in a}
    return {n: (1 - t) ** 2 * a[n] + 2 * t * (1 - t) * control[n] + t * t * b[n] for n in a}


def _control(loss: Loss, a: Weights, b: Weights, key: Any) -> dict[str, Any]:
    """The control point of a curve, trained by Adam on the mean loss along it."""
    jax, jnp, optax = (import_module(name) for name in ("jax", "jax.numpy", "optax"))
    optimiser = optax.adam(_RATE)
    start = {name: (a[name] + b[name]) / 2 for name in a}

    def step(state: Any, t: Any) -> Any:
        control, moments = state

        def there(at: Any) -> Any:
            return loss(_between(a, b, at, t))

        slope = jax.grad(there)(control)
        change, moments = optimiser.update(slope, moments)
        return (optax.apply_updates(control, change), moments), None

    times = jax.random.uniform(key, (_STEPS,), jnp.float32)
    return jax.lax.scan(step, (start, optimiser.init(start)), times)[0][0]
