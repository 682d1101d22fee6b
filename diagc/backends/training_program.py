# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""The part of an emitted training program that every learning diagram has in common: how it trains.

`backends.training` copies the text below the mark into the programs that it writes, behind the loss and the table
`REGIME`, with that of `training_files.py` behind it. No other module imports this one, since it loads JAX.

Exactness: rows and random numbers of a step follow from the seed and the number of the step alone, and every update
runs in one compiled loop whatever number of updates it is asked for. So a run that goes on from a checkpoint, at any
step, ends in the same bits.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

# ---- program


@dataclass(frozen=True)
class Regime:
    """What is trained on what.

    `columns` are those of each source: dtype, shape of one sample, and the size of the axis that an index points
    into; `drawn` are those that are drawn, with the distribution and its numbers. `trained` and `frozen` are
    parameters by path: initialiser, shape, dtype; `averages` follow a parameter that trains with a decay. `weights`
    are files by model, `importance` the final weights of the equations.
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


@dataclass
class Progress:
    """Where a run is: after how many updates, with what parameters, and what it has seen.

    `moving` are parameters, averages and the state of the optimiser; `values` the losses of the updates since the
    last record.
    """

    step: int
    moving: tuple[dict[str, Any], dict[str, Any], Any]
    values: dict[str, list[float]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    score: float = math.inf
    waited: int = 0
    stopped: bool = False


class NotFinite(FloatingPointError):
    """A loss that is no finite number, with the batch that gave it."""

    def __init__(self, message: str, batch: dict[str, dict[str, Any]]) -> None:
        super().__init__(message)
        self.batch = batch


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
    made: dict[str, Any] = {}
    for name, (dtype, shape, limit, distribution, given) in regime.drawn.get(source, {}).items():
        own = jax.random.fold_in(jax.random.key(seed), zlib.crc32(f"{source}.{name}".encode()))
        key, full = jax.random.fold_in(own, step), (rows, *shape)
        if distribution == "normal":
            value = given.get("mean", 0.0) + given.get("stddev", 1.0) * jax.random.normal(key, full)
        elif distribution == "bernoulli":
            value = jax.random.bernoulli(key, given.get("p", 0.5), full)
        elif limit is not None:
            value = jax.random.randint(key, full, 0, limit)
        else:
            value = jax.random.uniform(key, full, jnp.float32, given.get("low", 0.0), given.get("high", 1.0))
        made[name] = value.astype(jnp.dtype(dtype))
    return made


def make_optimiser(regime: Regime, options: Options) -> optax.GradientTransformation:
    """The optimiser of the regime, behind clipping, over as many batches as accumulate."""
    made = regime.optimiser()
    if options.clip is not None:
        made = optax.chain(optax.clip_by_global_norm(options.clip), made)
    if options.accumulate == 1:
        return made
    return optax.MultiSteps(made, options.accumulate).gradient_transformation()


def make_updates(regime: Regime, options: Options, sizes: dict[str, int]) -> Callable[..., Any]:
    """Several updates in one compiled loop: `count` of them, from update number `start` on.

    What moves is given away and comes back changed. `chunk` has the batches one after another; a table with a single
    batch serves every update.
    """
    optimiser = make_optimiser(regime, options)
    gradient = jax.value_and_grad(regime.loss, has_aux=True)

    def update(moving: Any, frozen: Any, batch: Any, number: Any) -> Any:
        before, slow, state = moving
        key = jnp.uint32(options.seed * 1_000_003 % 2**32) + number.astype(jnp.uint32) + jnp.uint32(1)
        (total, terms), gradients = gradient(
            before, {**frozen, **slow}, batch, key, number // options.accumulate
        )
        updates, state = optimiser.update(gradients, state, before)
        params: Any = optax.apply_updates(before, updates)
        moved = (number + 1) % options.accumulate == 0
        for path, (of, decay) in regime.averages.items():
            mean = decay * slow[path] + (1 - decay) * params[of]
            slow = {**slow, path: mean if options.accumulate == 1 else jnp.where(moved, mean, slow[path])}
        return (params, slow, state), {"loss": total, **terms}

    @partial(jax.jit, donate_argnums=0)
    def updates(moving: Any, frozen: Any, chunk: Any, start: Any, count: Any) -> Any:
        def one(i: Any, carry: Any) -> Any:
            moving, values = carry
            batch = {
                source: {name: a[jnp.minimum(i, a.shape[0] - 1)] for name, a in chunk.get(source, {}).items()}
                | draw(regime, source, rows, options.seed, start + i)
                for source, rows in sizes.items()
            }
            moving, found = update(moving, frozen, batch, start + i)
            return moving, {name: values[name].at[i].set(found[name]) for name in values}

        values = {name: jnp.zeros(steps_of(chunk), jnp.float32) for name in ("loss", *regime.importance)}
        return jax.lax.fori_loop(0, count, one, (moving, values))

    return updates


def steps_of(chunk: dict[str, Any]) -> int:
    """How many updates a chunk can serve."""
    return max(a.shape[0] for table in chunk.values() for a in table.values())


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


class Devices:
    """Where arrays live: split over the axes of a mesh, or on the one device."""

    def __init__(self, options: Options) -> None:
        self.axes, self.mesh = dict(options.mesh), None
        count = math.prod(self.axes.values())
        if count > 1:
            if count > len(jax.devices()):
                raise ValueError(f"the mesh has {count} devices, and {len(jax.devices())} are there")
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
            return jax.device_put(array, NamedSharding(mesh, PartitionSpec(*split(array))))

        return jax.tree.map(put, arrays)


def begin(regime: Regime, options: Options, params: dict[str, Any]) -> Progress:
    """A run before its first update; averages start where what they follow starts."""
    params = jax.tree.map(jnp.array, params)
    slow = {path: jnp.array(params[of]) for path, (of, _) in regime.averages.items()}
    return Progress(0, (params, slow, make_optimiser(regime, options).init(params)))


def train(
    regime: Regime,
    data: dict[str, dict[str, Any]],
    options: Options,
    progress: Progress,
    frozen: dict[str, Any],
    validation: dict[str, dict[str, Any]],
    every: int | None = None,
) -> Iterator[bool]:
    """Train on tables of columns, in place; True after each epoch, when `progress` has one more record.

    An epoch is one pass over the source with the most batches; the others start over as often as needed. A diagram
    that reads nothing has epochs of 100 updates. False is given after each `every` updates between epochs.
    Raises `NotFinite` when a loss is not finite.
    """
    batches = Batches(data, options)
    last = options.steps or options.epochs * batches.per_epoch
    updates = make_updates(regime, options, batches.sizes)
    evaluators = {name: jax.jit(metrics) for name, metrics in regime.metrics.items()}
    devices = Devices(options)
    frozen = devices.parameters(jax.tree.map(jnp.array, frozen))
    progress.moving = devices.parameters(progress.moving)
    pending: list[Any] = []
    while progress.step < last and not progress.stopped:
        step, ends = progress.step, [last, (progress.step // batches.per_epoch + 1) * batches.per_epoch]
        ends += [(step // every + 1) * every] if every else []
        count = min(batches.length, min(ends) - step)
        moving, values = updates(
            progress.moving, frozen, devices.batches(batches.chunk(step)), np.int32(step), np.int32(count)
        )
        progress.moving, progress.step = moving, step + count
        pending.append((step, count, values))
        whole = progress.step == last or progress.step % batches.per_epoch == 0
        if whole or (every and progress.step % every == 0):
            for start, number, found in pending:
                _note(progress, {name: np.asarray(v)[:number] for name, v in found.items()}, start, batches)
            pending = []
            if whole:
                _record(regime, options, progress, batches, evaluators, frozen, validation)
            yield whole


def _note(progress: Progress, values: dict[str, Any], start: int, batches: Batches) -> None:
    """Remember the losses of some updates. The equation whose loss is not finite first is named."""
    for place in range(len(values["loss"])):
        bad = [
            name for name in sorted(values, key=lambda n: n == "loss") if not np.isfinite(values[name][place])
        ]
        if bad:
            what = "the loss" if bad[0] == "loss" else f"equation `{bad[0]}`"
            found = f"{what} is {values[bad[0]][place]} in update {start + place + 1}"
            raise NotFinite(found, batches.batch(start + place))
    for name, found in values.items():
        progress.values.setdefault(name, []).extend(float(v) for v in found)


def _record(
    regime: Regime,
    options: Options,
    progress: Progress,
    batches: Batches,
    evaluators: dict[str, Any],
    frozen: dict[str, Any],
    validation: dict[str, dict[str, Any]],
) -> None:
    """One more record: means since the last one, and the metrics of the validation."""
    means = {name: float(np.mean(found)) for name, found in progress.values.items()}
    epoch = -(-progress.step // batches.per_epoch)
    record: dict[str, Any] = {
        "epoch": epoch,
        "step": progress.step,
        "loss": means.pop("loss"),
        "terms": means,
    }
    params, slow, _ = progress.moving
    scores = means
    if validation:
        fixed = {**frozen, **slow}
        record["validation"] = {
            name: evaluate(regime, evaluators[name], params, fixed, name, table, options)
            for name, table in validation.items()
        }
        scores = {n: v for found in record["validation"].values() for n, v in found.items()}
    progress.values = {}
    progress.records.append(record)
    score = sum(w * scores[label] for label, w in regime.importance.items() if label in scores)
    better = score < progress.score
    progress.waited = 0 if better else progress.waited + 1
    progress.score = score if better else progress.score
    if better and options.keep_best:
        progress.best = {path: np.array(value) for path, value in params.items()}
    progress.stopped = options.patience is not None and progress.waited >= options.patience


def evaluate(
    regime: Regime,
    metrics: Callable[..., Any],
    params: Any,
    frozen: Any,
    source: str,
    table: dict[str, Any],
    options: Options,
) -> dict[str, float]:
    """Means over all rows of a table, in chunks; what is drawn is the same each time."""
    rows, chunk = len(next(iter(table.values()))) if table else options.batch or 1, 4096
    totals: dict[str, float] = {}
    for start in range(0, rows, chunk):
        part = {name: array[start : start + chunk] for name, array in table.items()}
        count = min(chunk, rows - start)
        part |= draw(regime, source, count, options.seed, 2**31 - 1 - start // chunk)
        for name, value in metrics(params, frozen, part).items():
            totals[name] = totals.get(name, 0.0) + count / rows * float(value)
    return totals
