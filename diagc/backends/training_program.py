# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""The part of an emitted training program that every learning diagram has in common: how it trains.

`backends.training` copies the text below the mark into the programs that it writes, behind the loss and the table
`REGIME`; that of `training_data.py` stands before it and that of `training_files.py` behind it. Nothing else imports
them, since they load JAX.

Exactness: rows and random numbers of a step follow from the seed and the number of the step alone, and every update
runs in one compiled loop whatever number of updates it is asked for. So a run that goes on from a checkpoint, at any
step, ends in the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from diagc.backends.training_data import Batches, Devices, Options, Regime, draw, raw, shaped, whole

# ---- program


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


class Lost(RuntimeError):
    """Another process of this run has ended, so that this one cannot go on."""


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
        key = jnp.uint32(options.seed) * jnp.uint32(1_000_003) + number.astype(jnp.uint32) + jnp.uint32(1)
        here = ({**frozen, **slow}, batch, key, number // options.accumulate)
        (total, terms), gradients = gradient(before, *here)
        bent = {} if regime.curvature is None else {"curvature": regime.curvature(before, *here)}
        updates, state = optimiser.update(gradients, state, before, **bent)
        params: Any = optax.apply_updates(before, updates)
        moved = (number + 1) % options.accumulate == 0
        for path, (of, decay) in regime.averages.items():
            mean = decay * slow[path] + (1 - decay) * params[of]
            slow = {**slow, path: mean if options.accumulate == 1 else jnp.where(moved, mean, slow[path])}
        return (params, slow, state), {"loss": total, **terms}

    @partial(jax.jit, donate_argnums=0)
    def updates(moving: Any, frozen: Any, chunk: Any, start: Any, count: Any) -> Any:
        drawn = drawn_ahead(regime, sizes, options.seed, start + jnp.arange(steps_of(chunk)))

        def one(i: Any, carry: Any) -> Any:
            moving, values = carry
            batch = {
                source: {name: a[jnp.minimum(i, a.shape[0] - 1)] for name, a in chunk.get(source, {}).items()}
                | drawn(source, i)
                for source in sizes
            }
            moving, found = update(moving, frozen, batch, start + i)
            return moving, {name: values[name].at[i].set(found[name]) for name in values}

        values = {name: jnp.zeros(steps_of(chunk), jnp.float32) for name in ("loss", *regime.importance)}
        return jax.lax.fori_loop(0, count, one, (moving, values))

    return updates


def drawn_ahead(regime: Regime, sizes: dict[str, int], seed: int, steps: Any) -> Callable[[str, Any], Any]:
    """The drawn columns of a source at a place in `steps`: drawn for all at once where that takes little memory."""
    found: dict[str, Any] = {}
    for source, rows in sizes.items():
        numbers = sum(rows * math.prod(shape) for _, shape, *_ in regime.drawn.get(source, {}).values())
        if 4 * numbers * len(steps) <= 8 << 20:
            found[source] = jax.vmap(partial(raw, regime, source, rows, seed))(steps)

    def at(source: str, i: Any) -> dict[str, Any]:
        if source in found:
            return shaped(regime, source, {name: a[i] for name, a in found[source].items()})
        return draw(regime, source, sizes[source], seed, steps[i])

    return at


def steps_of(chunk: dict[str, Any]) -> int:
    """How many updates a chunk can serve."""
    return max(a.shape[0] for table in chunk.values() for a in table.values())


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
        ended = progress.step == last or progress.step % batches.per_epoch == 0
        if ended or (every and progress.step % every == 0):
            for start, number, found in pending:
                note_losses(progress, {name: whole(v)[:number] for name, v in found.items()}, start, batches)
            pending = []
            if ended:
                note_epoch(regime, options, progress, batches, evaluators, frozen, validation)
            yield ended


def note_losses(progress: Progress, values: dict[str, Any], start: int, batches: Batches) -> None:
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


def note_epoch(
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
        progress.best = {path: np.array(whole(value)) for path, value in params.items()}
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
    """Means over all rows of a table, in chunks; what is drawn is the same each time.

    A chunk counts as many rows as it has, or as much as the mask of an equation weighs there.
    """
    rows, chunk = len(next(iter(table.values()))) if table else options.batch or 1, 4096
    totals, masses = dict[str, float](), dict[str, float]()
    for start in range(0, rows, chunk):
        part = {name: array[start : start + chunk] for name, array in table.items()}
        count = min(chunk, rows - start)
        drawn = draw(regime, source, count, options.seed, 2**31 - 1 - start // chunk)
        part |= {name: np.asarray(array) for name, array in drawn.items()}
        found = {name: float(whole(value)) for name, value in metrics(params, frozen, part).items()}
        for name in (name for name in found if not name.endswith(".mass")):
            mass = found.get(f"{name}.mass", float(count))
            totals[name] = totals.get(name, 0.0) + mass * found[name]
            masses[name] = masses.get(name, 0.0) + mass
    return {name: total / (masses[name] or 1.0) for name, total in totals.items()}
