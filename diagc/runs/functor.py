"""Training as a functor: a run of 2n updates is one of n after one of n, to the bit, and what runs do to wires.

Post-composition with θ ↦ φ_θ is functorial for any program and shows nothing. What can fail is composition of runs: it
holds where the object is parameters, averages, the state of the optimiser, the number of the update and the key, as a
checkpoint holds them, and fails where one is left out. Drift of a wire: linear CKA (Kornblith et al., arXiv 1905.00414)
and the R² of the best affine map on rows that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.core.learning import LearningDiagram
from diagc.learn.session import Prepared
from diagc.runs.wires import columns, filled, values, wires

Floats = NDArray[np.float64]

_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Drift:
    """How like a wire is to itself between two moments of a run; where R² is 1, an affine map undoes the change.

    `parted` is the share of near pairs of samples that are no longer near.
    """

    wire: str
    cka: float
    affine: float
    parted: float


@dataclass(frozen=True, slots=True)
class Report:
    """The first array in which a resumed run differs, None where it is the same to the bit, likewise when the state of
    the optimiser is dropped (`stateless` where there is none); drifts over the first and over the second half."""

    resumed: str | None
    dropped: str | None
    stateless: bool
    first: tuple[Drift, ...]
    second: tuple[Drift, ...]


def functor(made: Prepared, learning: LearningDiagram, updates: int) -> Report:
    """Compare 2n updates with n and n, and the wires at 0, n and 2n. `learning` is the bound diagram of the run."""
    program, options = made.program, made.options
    seed = options.seed
    start = program.begin(program.REGIME, options, made.initial(seed))
    at_start = _arrays(start.moving)
    whole = _trained(made, start, 2 * updates)
    half = _trained(made, program.begin(program.REGIME, options, made.initial(seed)), updates)
    at_half = _arrays(half.moving)
    mark = program.fingerprint(program.REGIME, made.data, options)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.safetensors"
        program.save_checkpoint(path, half, mark)
        taken_up = program.begin(program.REGIME, options, made.initial(seed))
        program.read_checkpoint(path, taken_up, mark)
    params, slow, _ = taken_up.moving
    fresh = program.make_optimiser(program.REGIME, options).init(params)
    bare = program.Progress(updates, program.jax.tree.map(program.jnp.array, (params, slow, fresh)))
    resumed, dropped = (_trained(made, progress, 2 * updates) for progress in (taken_up, bare))
    found = [wired(made, learning, held) for held in (at_start, at_half, _arrays(whole.moving))]
    return Report(
        _difference(program, whole.moving, resumed.moving), _difference(program, whole.moving, dropped.moving),
        not any(np.size(leaf) > 1 for leaf in program.jax.tree.leaves(fresh)),
        drifts(found[0], found[1]), drifts(found[1], found[2]),
    )  # fmt: skip


def _trained(made: Prepared, progress: Any, steps: int) -> Any:
    options = replace(made.options, steps=steps)
    for _ in made.program.train(made.program.REGIME, made.data, options, progress, made.frozen, {}):
        pass
    return progress


def _arrays(moving: Any) -> dict[str, Any]:
    """Parameters and averages; what trains on gives its arrays away, so these are copies."""
    return {path: np.array(value) for part in moving[:2] for path, value in part.items()}


def _difference(program: Any, left: Any, right: Any) -> str | None:
    """The first array that differs in a bit, with how far, parameters first."""
    names = ("parameter", "average", "optimiser")
    for kind, one, other in zip(names, left, right, strict=True):
        pairs = zip(
            *(program.jax.tree_util.tree_flatten_with_path(part)[0] for part in (one, other)), strict=True
        )
        for (path, a), (_, b) in pairs:
            a, b = np.asarray(a), np.asarray(b)
            if a.tobytes() != b.tobytes():
                name = program.jax.tree_util.keystr(path, simple=True, separator=".")
                return f"{kind} {name}, by up to {np.abs(a.astype(float) - b.astype(float)).max():.3g}"
    return None


def wired(made: Prepared, learning: LearningDiagram, arrays: Mapping[str, Any]) -> dict[str, Floats]:
    """The wires of a diagram on the first rows of its data, a row for each sample."""
    tables = {n: {c: a[:_ROWS] for c, a in table.items()} for n, table in made.data.items()}
    tables = filled(made.program, made.program.REGIME, tables, made.options.batch or 1, made.options.seed)
    found = wires(learning)
    rows = values(learning, list(found.values()), {**columns(tables), **made.frozen, **arrays})
    return dict(zip(found, rows, strict=True))


def drifts(before: Mapping[str, Floats], after: Mapping[str, Floats]) -> tuple[Drift, ...]:
    """The drift of each wire that has moved at all; what reads data alone does not."""
    return tuple(
        Drift(name, cka(rows, after[name]), affine_share(rows, after[name]), parted(rows, after[name]))
        for name, rows in before.items()
        if not np.array_equal(rows, after[name])
    )


def cka(x: Floats, y: Floats) -> float:
    """Linear centred kernel alignment of paired rows: 1 for rotations, shifts and common scales.

    >>> x = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
    >>> round(cka(x, 3 * x[:, ::-1] + 7), 12)
    1.0
    """
    x, y = x - x.mean(0), y - y.mean(0)
    top = float((np.abs(x.T @ y) ** 2).sum())
    scale = float(np.sqrt(((x.T @ x) ** 2).sum() * ((y.T @ y) ** 2).sum()))
    return top / scale if scale else 0.0


def affine_share(x: Floats, y: Floats) -> float:
    """R² of the best affine map from x to y, fitted on every other row and judged on the rest."""
    lifted = np.concatenate([x, np.ones((len(x), 1))], 1)
    fitted = np.linalg.lstsq(lifted[::2], y[::2], rcond=None)[0]
    rest = y[1::2] - lifted[1::2] @ fitted
    around = y[1::2] - y[1::2].mean(0)
    total = float((around**2).sum())
    return 1.0 - float((rest**2).sum()) / total if total else 0.0


def parted(x: Floats, y: Floats) -> float:
    """Of the pairs closer than k in x the share that is not in y; k is the median distance of nearest neighbours in x.

    Distances are in units of the spread of the samples, so that a common scale parts nothing.
    """
    spatial: Any = import_module("scipy.spatial")
    near, then = (_distances(spatial, z) for z in (x, y))
    nearest: Floats = np.sort(near, 0)[1]
    k = float(np.median(nearest))
    close = np.triu(near < k, 1)
    return float((then[close] >= k).mean()) if close.any() else 0.0


def _distances(spatial: Any, z: Floats) -> Floats:
    found = spatial.distance.squareform(spatial.distance.pdist(z / (np.sqrt(z.var(0).sum()) or 1.0)))
    return np.asarray(found, np.float64)
