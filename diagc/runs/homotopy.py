"""Whether one path can be moved into another below a loss: a sheet between them that stays in {L ≤ λ}.

In ℝⁿ any two paths with the same ends are homotopic, so only the level makes the question one of the landscape. The
sheet starts as the straight lines between the paths and is pulled down as an elastic membrane. Its highest point is
taken over a finer grid of its cells, so that a sheet that is torn over a hill counts as high as the hill. A low sheet
is a certificate; where none was found, the paths are not homotopic by the sheets tried, which is no proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.diagnostics import failure
from diagc.runs.paths import Loss

Floats = NDArray[np.float64]
Points = Mapping[str, Any]
"""Arrays along a path, points first."""

_ROWS: Final = 17
_STEPS: Final = 1500
_RATE: Final = 0.02
_STIFFNESS: Final = 1e-3
_FINE: Final = 7
"""Points looked at in each direction of a cell of the sheet, beside its corner."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The heights of both paths, of the straight sheet and of the one that was pulled down."""

    paths: tuple[float, float]
    straight: float
    relaxed: float

    @property
    def height(self) -> float:
        return min(self.straight, self.relaxed)


def sheet(first: Points, second: Points, loss: Loss, level: float, seed: int = 0) -> Sheet:
    """The lowest sheet that was found between two paths with the same ends, pulled down where it is above a level.

    Raises `DiagnosticError` E1302 where the paths have other arrays or other ends.
    """
    _check(first, second)
    jax, jnp, flat = import_module("jax"), import_module("jax.numpy"), import_module("jax.flatten_util")
    one, back = flat.ravel_pytree({n: jnp.asarray(np.asarray(v)[0], jnp.float32) for n, v in first.items()})
    columns = max(len(next(iter(p.values()))) for p in (first, second))
    sides = [_even(_rows(path), columns).astype(np.float32) for path in (first, second)]
    scale = float(max(np.abs(side - side.mean(0)).max() for side in sides)) or 1.0
    share = np.linspace(0.0, 1.0, _ROWS, dtype=np.float32)[:, None, None]
    start = (1 - share) * sides[0] + share * sides[1]
    free = np.zeros(start.shape[:2], bool)
    free[1:-1, 1:-1] = True

    def there(point: Any) -> Any:
        return loss(back(point))

    def highest(points: Any) -> Any:
        return jax.lax.map(there, points.reshape(-1, one.size), batch_size=256).max()

    top, sides_top = jax.jit(highest), [float(highest(jnp.asarray(side))) for side in sides]
    straight = relaxed = float(top(_finer(jnp.asarray(start))))
    if straight > level:
        relaxed = float(top(_finer(_relaxed(start, free, there, level, scale, seed))))
    return Sheet((sides_top[0], sides_top[1]), straight, relaxed)


def _relaxed(start: Any, free: Any, there: Loss, level: float, scale: float, seed: int) -> Any:
    """The membrane after Adam on the mean of hinge(L - λ)² and its elastic energy; its rim is held."""
    jax, jnp, optax = (import_module(name) for name in ("jax", "jax.numpy", "optax"))
    optimiser, held = optax.adam(_RATE * scale), jnp.asarray(free)[:, :, None]

    def energy(made: Any, key: Any) -> Any:
        jitter = jax.random.uniform(key, (2, 1, 1, 1))
        down = made[:-1] + jitter[0] * (made[1:] - made[:-1])
        inner = down[:, :-1] + jitter[1] * (down[:, 1:] - down[:, :-1])
        high = jax.lax.map(there, inner.reshape(-1, inner.shape[-1]), batch_size=256)
        above = jnp.maximum(high - 0.98 * level, 0.0) / (abs(level) + 1e-12)
        stretch = sum((jnp.diff(made, axis=a) ** 2).sum(-1).mean() for a in (0, 1)) / scale**2
        return jnp.mean(above**2) + _STIFFNESS * stretch * start.shape[0]

    def step(state: Any, key: Any) -> Any:
        made, moments = state
        slope = jnp.where(held, jax.grad(energy)(made, key), 0.0)
        change, moments = optimiser.update(slope, moments)
        return (made + jnp.where(held, change, 0.0), moments), None

    key, noise = jax.random.split(jax.random.key(seed))
    made = jnp.asarray(start) + jnp.where(
        held, 0.1 * scale * jax.random.normal(noise, (1, 1, start.shape[2])), 0.0
    )
    keys = jax.random.split(key, _STEPS)
    return jax.jit(lambda: jax.lax.scan(step, (made, optimiser.init(made)), keys)[0][0])()


def _finer(made: Any) -> Any:
    """The points of the sheet and of its cells, by bilinear interpolation."""
    jnp = import_module("jax.numpy")
    parts = jnp.arange(_FINE + 1) / (_FINE + 1)
    for axis in (0, 1):
        first, after = (jnp.moveaxis(made, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        inner = first[:, None] + parts[None, :, *(None,) * (first.ndim - 1)] * (after - first)[:, None]
        whole = jnp.concatenate([inner.reshape(-1, *first.shape[1:]), jnp.moveaxis(made, axis, 0)[-1:]])
        made = jnp.moveaxis(whole, 0, axis)
    return made


def _rows(path: Points) -> Floats:
    arrays = [np.asarray(path[name], np.float64) for name in sorted(path)]
    return np.concatenate([a.reshape(len(a), -1) for a in arrays], 1)


def _even(rows: Floats, count: int) -> Floats:
    """So many points of a broken line, evenly in its parameter."""
    at, places = np.linspace(0.0, 1.0, count), np.linspace(0.0, 1.0, len(rows))
    made: list[Floats] = [np.asarray(np.interp(at, places, column), np.float64) for column in rows.T]
    return np.stack(made, 1)


def _check(first: Points, second: Points) -> None:
    """The paths have the same arrays, and start and end at the same points."""
    shapes = [{n: np.asarray(v).shape[1:] for n, v in path.items()} for path in (first, second)]
    if shapes[0] != shapes[1] or any(
        len(np.asarray(v)) < 2 for path in (first, second) for v in path.values()
    ):
        raise failure(
            "E1302", "the paths are not through the same space: their arrays differ",
            help="both files hold the same names, two points at least, and the same shapes behind the points",
        )  # fmt: skip
    left, right = _rows(first), _rows(second)
    for place, words in ((0, "start"), (-1, "end")):
        if not np.allclose(left[place], right[place], rtol=1e-4, atol=1e-5):
            raise failure(
                "E1302", f"the paths do not {words} at the same point, so no sheet has both for its rim",
                help="write both with `diagc runs classes --path` between the same runs, in the same direction",
            )  # fmt: skip
