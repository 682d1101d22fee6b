"""Levels of paths between runs: how high the loss rises on the way from one to another.

Three families: straight; straight after alignment, by which hidden units are permuted and rescaled; and after
alignment a quadratic Bézier curve whose control point is trained (Garipov et al., arXiv 1802.10026). A path that stays
low is a certificate that two runs are connected at this height; where none was found, they are not connected by the
paths tried, which is no proof that they are not.
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
from diagc.runs.scales import Scale, balanced

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


@dataclass(frozen=True, slots=True)
class Route:
    """A path between two runs: its family, arrays along it (points first) and the loss at each point.

    An aligned or curved one ends at a copy of the second run with permuted and rescaled hidden units.
    """

    family: str
    points: dict[str, Floats]
    losses: Floats


def levels(
    runs: Sequence[Weights], loss: Loss, hidden: Sequence[Group], families: Sequence[str] = FAMILIES,
    seed: int = 0, rescalings: Sequence[Scale] = (),
) -> Levels:  # fmt: skip
    """The levels of all pairs of runs. A curve is never counted higher than the straight path it started from."""
    jax, pairs = import_module("jax"), list(combinations(range(len(runs)), 2))
    own = np.asarray(jax.jit(jax.vmap(loss))(_stacked(runs)), np.float64)
    found = {family: np.diag(own) for family in families}
    bent = set(families) & {"aligned", "curved"}
    even = [balanced(run, rescalings) for run in runs] if bent else []

    def line(a: Any, b: Any) -> Any:
        return _losses(loss, a, b, None).max()

    def curve(a: Any, b: Any, key: Any) -> Any:
        return _losses(loss, a, b, _control(loss, a, b, key)).max()

    straight, curved = jax.jit(jax.vmap(line)), jax.jit(jax.vmap(curve))
    keys = _keys(len(runs), seed)
    for start in range(0, len(pairs), _PART):
        part = pairs[start : start + _PART]
        made: dict[str, Any] = {}
        if "straight" in families:
            made["straight"] = straight(
                _stacked([runs[i] for i, _ in part]), _stacked([runs[j] for _, j in part])
            )
        if bent:
            first = _stacked([even[i] for i, _ in part])
            matched = _stacked([aligned(even[i], even[j], hidden) for i, j in part])
            made["aligned"] = straight(first, matched)
            if "curved" in families:
                high = curved(first, matched, keys[start : start + _PART])
                made["curved"] = np.minimum(np.asarray(high), np.asarray(made["aligned"]))
        for family in families:
            for (i, j), height in zip(part, np.asarray(made[family], np.float64), strict=True):
                found[family][i, j] = found[family][j, i] = max(float(height), own[i], own[j])
    return Levels(own, found)


def routes(
    runs: Sequence[Weights], ends: tuple[int, int], loss: Loss, hidden: Sequence[Group],
    families: Sequence[str] = FAMILIES, seed: int = 0, rescalings: Sequence[Scale] = (),
) -> list[Route]:  # fmt: skip
    """The paths from one run to another that `levels` looked at, one for each family."""
    pair = (min(ends), max(ends))
    key = _keys(len(runs), seed)[list(combinations(range(len(runs)), 2)).index(pair)]
    made: list[Route] = []
    for family in families:
        a, b = runs[pair[0]], runs[pair[1]]
        if family != "straight":
            a = balanced(a, rescalings)
            b = aligned(a, balanced(b, rescalings), hidden)
        first, second = ({n: np.asarray(v, np.float32) for n, v in end.items()} for end in (a, b))
        control = _control(loss, first, second, key) if family == "curved" else None
        along = _along(first, second, control)
        points = {n: np.asarray(v, np.float64)[:: 1 if ends == pair else -1] for n, v in along.items()}
        losses = np.asarray(_losses(loss, first, second, control), np.float64)
        made.append(Route(family, points, losses[:: 1 if ends == pair else -1]))
    return made


def _along(a: Weights, b: Weights, control: Weights | None) -> dict[str, Any]:
    """The points of a path, evenly in its parameter, as rows."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    def at(t: Any) -> dict[str, Any]:
        return _between(a, b, control, t)

    return jax.vmap(at)(jnp.linspace(0.0, 1.0, _POINTS))


def _keys(runs: int, seed: int) -> Any:
    """A random key for each pair of runs."""
    random = import_module("jax").random
    return random.split(random.key(seed), max(1, runs * (runs - 1) // 2))


def _stacked(runs: Sequence[Weights]) -> dict[str, Any]:
    return {name: np.stack([np.asarray(run[name], np.float32) for run in runs]) for name in runs[0]}


def _losses(loss: Loss, a: Weights, b: Weights, control: Weights | None) -> Any:
    """The losses at points of a path, evenly in its parameter."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    def at(t: Any) -> Any:
        return loss(_between(a, b, control, t))

    return jax.lax.map(at, jnp.linspace(0.0, 1.0, _POINTS))


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
