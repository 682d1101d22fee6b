# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""The part of an emitted training program that every learning diagram has in common: what it trains on.

Copied in front of `training_program.py`; see there. What a step reads and draws follows from the seed and the number of
the step alone.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

# ---- data


@dataclass(frozen=True)
class Regime:
    """What is trained on what.

    `columns` are those of each source: dtype, shape of one sample, and the size of the axis that an index points
    into; `drawn` are those that are drawn, with the distribution and its numbers. `trained` and `frozen` are
    parameters by path: initialiser, shape, dtype; `averages` follow a parameter that trains with a decay. `weights`
    are files by model, `importance` the final weights of the equations. `curvature` gives products with the curvature
    of the loss, to optimisers that take them.
    """

    name: str
    columns: dict[str, dict[str, tuple[str, tuple[int, ...], int | None]]]
    drawn: dict[str, dict[str, tuple[str, tuple[int, ...], int | None, str, dict[str, float]]]]
    trained: dict[str, tuple[Any, tuple[int, ...], str]]
    frozen: dict[str, tuple[Any, tuple[int, ...], str]]
    averages: dict[str, tuple[str, float]]
    weights: dict[str, str]
    importance: dict[str, float]
    optimiser: Callable[[], optax.GradientTransformation]
    loss: Callable[..., Any]
    metrics: dict[str, Callable[..., Any]]
    epochs: int
    steps: int | None
    batch: int | None
    seed: int
    curvature: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Options:
    """How to train. `steps`, where given, counts instead of `epochs`; no batch means all rows.

    Gradients of `accumulate` batches make one update. `patience` is the number of epochs without a better score after
    which training stops; `keep_best` returns the parameters of the best epoch, not the last. `mesh` names axes of
    devices: samples are split over `data`, parameters and the optimiser over `model`.
    """

    epochs: int
    steps: int | None
    batch: int | None
    seed: int
    accumulate: int = 1
    clip: float | None = None
    patience: int | None = None
    keep_best: bool = False
    mesh: tuple[tuple[str, int], ...] = ()


class Sampler:
    """The rows of each step. A pass over the source uses no row twice; source, pass and seed decide its order."""

    def __init__(self, source: str, rows: int, options: Options) -> None:
        self.rows = rows
        self.size = min(options.batch or rows, rows)
        self.steps = rows // self.size
        self.seed = (options.seed, zlib.crc32(source.encode()))
        self.turn, self.order = -1, np.arange(rows)

    def __call__(self, step: int) -> Any:
        if self.size == self.rows:
            return np.arange(self.rows)
        turn, place = divmod(step, self.steps)
        if turn != self.turn:
            self.turn = turn
            self.order = np.random.default_rng([*self.seed, turn]).permutation(self.rows)
        return self.order[place * self.size : (place + 1) * self.size]


def initial(regime: Regime, seed: int) -> dict[str, Any]:
    """Parameters before training; each has a key of its own, from the seed and its path."""
    key = jax.random.key(seed)
    made: dict[str, Any] = {}
    for path, (initialiser, shape, dtype) in regime.trained.items():
        own = jax.random.fold_in(key, zlib.crc32(path.encode()))
        made[path] = initialiser(own, shape, jnp.dtype(dtype))
    return made


def draw(regime: Regime, source: str, rows: int, seed: int, step: Any) -> dict[str, Any]:
    """The drawn columns of a source for `rows` samples of a step; each has a key of its own."""
    return shaped(regime, source, raw(regime, source, rows, seed, step))


def raw(regime: Regime, source: str, rows: int, seed: int, step: Any) -> dict[str, Any]:
    """What `shaped` makes the drawn columns of: the same bits however many steps are drawn together.

    A normal column is uniform on (-1, 1) here: the bits of its quantiles may depend on what is computed with them.
    """
    made: dict[str, Any] = {}
    for name, (dtype, shape, limit, distribution, given) in regime.drawn.get(source, {}).items():
        own = jax.random.fold_in(jax.random.key(seed), zlib.crc32(f"{source}.{name}".encode()))
        key, full = jax.random.fold_in(own, step), (rows, *shape)
        if distribution == "normal":
            value = jax.random.uniform(key, full, jnp.float32, np.nextafter(np.float32(-1), 0), 1.0)
            dtype = "float32"
        elif distribution == "bernoulli":
            value = jax.random.bernoulli(key, given.get("p", 0.5), full)
        elif limit is not None:
            value = jax.random.randint(key, full, 0, limit)
        else:
            value = jax.random.uniform(key, full, jnp.float32, given.get("low", 0.0), given.get("high", 1.0))
        made[name] = value.astype(jnp.dtype(dtype))
    return made


def shaped(regime: Regime, source: str, made: dict[str, Any]) -> dict[str, Any]:
    """The drawn columns out of `raw`."""
    columns = dict(made)
    for name, (dtype, _, _, distribution, given) in regime.drawn.get(source, {}).items():
        if distribution == "normal":
            normal = np.float32(math.sqrt(2)) * jax.lax.erf_inv(made[name])
            columns[name] = (given.get("mean", 0.0) + given.get("stddev", 1.0) * normal).astype(dtype)
    return columns


class Batches:
    """The batches of a run, several in one piece, so that small models do not wait for Python."""

    def __init__(self, data: dict[str, dict[str, Any]], options: Options) -> None:
        self.data = {name: table for name, table in data.items() if table}
        self.samplers = {n: Sampler(n, len(next(iter(t.values()))), options) for n, t in self.data.items()}
        self.per_epoch = max((s.steps for s in self.samplers.values()), default=100)
        self.sizes = {n: self.samplers[n].size if n in self.samplers else options.batch or 1 for n in data}
        one = sum(
            a.nbytes // len(a) * self.samplers[n].size for n, t in self.data.items() for a in t.values()
        )
        most = max(1, min(64, (64 << 20) // max(one, 1)))
        self.length = -(-self.per_epoch // -(-self.per_epoch // most))

    def chunk(self, step: int) -> dict[str, dict[str, Any]]:
        """The batches of `length` updates from `step` on; a table that is one batch stands once."""
        found: dict[str, dict[str, Any]] = {"": {"": np.zeros(self.length, np.int8)}}
        for name, sampler in self.samplers.items():
            count = 1 if sampler.size == sampler.rows else self.length
            rows = np.stack([sampler(step + i) for i in range(count)])
            found[name] = {column: array[rows] for column, array in self.data[name].items()}
        return found

    def batch(self, step: int) -> dict[str, dict[str, Any]]:
        """The batch of one update."""
        return {
            name: {c: array[self.samplers[name](step)] for c, array in table.items()}
            for name, table in self.data.items()
        }


def join(coordinator: str, process: int, processes: int) -> None:
    """Become one of several processes that train together; before anything else that computes.

    `coordinator` is HOST:PORT of process 0. When another process dies, a collective fails here, which is an error that
    can be told; when it is process 0, JAX ends the others itself.
    """
    jax.config.update("jax_enable_recoverability", True)
    jax.distributed.initialize(
        coordinator, processes, process, heartbeat_timeout_seconds=20, shutdown_timeout_seconds=20
    )


def part() -> None:
    """Leave the others at the end of a run; process 0 goes last, since what it serves ends with it."""
    multihost_utils.sync_global_devices("the run has ended")
    if jax.process_index() == 0:
        time.sleep(1.0)
    jax.distributed.shutdown()


def whole(array: Any) -> Any:
    """An array as NumPy's, whatever devices of whatever process hold its parts; every process asks for it."""
    if not isinstance(array, jax.Array) or array.is_fully_addressable:
        return np.asarray(array)
    if array.is_fully_replicated:
        return np.asarray(array.addressable_data(0))
    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


class Devices:
    """Where arrays live: split over the axes of a mesh, or on the one device.

    Several processes hold one mesh of all their devices, by default along `data`; each has the same tables and brings
    the parts that its devices hold.
    """

    def __init__(self, options: Options) -> None:
        every = jax.device_count()
        self.axes, self.mesh = dict(options.mesh), None
        if jax.process_count() > 1:
            self.axes = self.axes or {"data": every}
            if math.prod(self.axes.values()) != every:
                raise ValueError(
                    f"the mesh has {math.prod(self.axes.values())} devices, the processes have {every}"
                )
        count = math.prod(self.axes.values())
        if count > 1:
            if count > every:
                raise ValueError(f"the mesh has {count} devices, JAX has {every}")
            found = np.array(jax.devices()[:count]).reshape(tuple(self.axes.values()))
            self.mesh = Mesh(found, tuple(self.axes))

    def batches(self, chunk: Any) -> Any:
        """Batches, their samples split over `data` where it divides them."""
        return self._put(
            chunk, lambda a: (None, "data") if a.ndim > 1 and self._divides("data", a.shape[1]) else ()
        )

    def parameters(self, moving: Any) -> Any:
        """Arrays that train, their longest axis split over `model` where it divides it."""

        def split(a: Any) -> tuple[str | None, ...]:
            longest = int(np.argmax(a.shape)) if a.ndim else 0
            if not a.ndim or not self._divides("model", a.shape[longest]):
                return ()
            return (*(None for _ in range(longest)), "model")

        return self._put(moving, split)

    def _divides(self, name: str, extent: int) -> bool:
        return name in self.axes and extent % self.axes[name] == 0

    def _put(self, arrays: Any, split: Callable[[Any], tuple[str | None, ...]]) -> Any:
        mesh = self.mesh
        if mesh is None:
            return arrays

        def put(array: Any) -> Any:
            sharding = NamedSharding(mesh, PartitionSpec(*split(array)))
            if jax.process_count() == 1:
                return jax.device_put(array, sharding)
            held = np.asarray(array)
            return jax.make_array_from_callback(held.shape, sharding, lambda index: held[index])

        return jax.tree.map(put, arrays)
