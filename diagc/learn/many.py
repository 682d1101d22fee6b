"""Many runs of one learning diagram in one programme: the update of the emitted trainer, mapped over the runs.

Each run is the one that `train` makes with its seed, up to rounding, whatever runs are beside it: it has initial
parameters, an order of samples and draws of its own. Its learning rate is the written one times a factor. A run whose
loss is not finite stops there, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np

from diagc.diagnostics import failure
from diagc.learn.session import Prepared, Record

_BYTES: Final = 256 << 20
"""The most that the batches of one dispatch take, of all runs together."""


@dataclass(frozen=True, slots=True)
class Variation:
    """For each run its seed, and what its learning rate is multiplied by."""

    seeds: tuple[int, ...]
    rates: tuple[float, ...]


@dataclass(slots=True)
class Run:
    """A run: what varies, where it is, and why it stopped before its end, if it did."""

    name: str
    seed: int
    rate: float
    progress: Any
    stopped: str | None = None


def variation(runs: int, seed: int, seeds: bool, rates: tuple[float, float] | None) -> Variation:
    """Seeds that count up where they vary; factors of the learning rate between two, evenly on a logarithmic scale.

    Where both vary, the first seed shuffles which run has which factor.

    >>> variation(3, 5, True, None)
    Variation(seeds=(5, 6, 7), rates=(1.0, 1.0, 1.0))
    >>> variation(3, 5, False, (0.25, 4.0)).rates
    (0.25, 1.0, 4.0)
    """
    chosen = tuple((seed + n) % 2**32 if seeds else seed for n in range(runs))
    factors = np.ones(runs) if rates is None else np.geomspace(*rates, runs)
    if seeds and rates is not None:
        factors = np.random.default_rng(seed).permutation(factors)
    return Variation(chosen, tuple(float(f) for f in factors))


def train_many(
    made: Prepared, varied: Variation, report: Callable[[Record, int], None] = lambda record, epochs: None
) -> list[Run]:
    """Train all runs; `report` sees the mean loss of those that have not stopped, and the number of epochs.

    On a mesh the runs are shared out over all devices. Raises E0627 where their number does not allow that.
    """
    program, options, regime = made.program, made.options, made.program.REGIME
    plain, width = replace(options, mesh=()), len(str(len(varied.seeds) - 1))
    runs = [
        Run(f"run-{n:0{width}}", s, r, program.begin(_scaled(made, 1.0), plain, made.initial(s)))
        for n, (s, r) in enumerate(zip(varied.seeds, varied.rates, strict=True))
    ]
    place, batches = _placing(made, len(runs)), _batches(made, varied.seeds)
    first, updates = batches[0], _updates(made, batches[0])
    moving = place(program.jax.tree.map(_stacked, *(run.progress.moving for run in runs)))
    factors = place((np.array(varied.seeds, np.uint32), np.array(varied.rates, np.float32)))
    frozen = program.jax.tree.map(program.jnp.array, made.frozen)
    evaluators = {name: program.jax.jit(metrics) for name, metrics in regime.metrics.items()}
    last, step = options.steps or options.epochs * first.per_epoch, 0
    pending: list[tuple[int, Any]] = []
    while step < last and any(run.stopped is None for run in runs):
        end = min(last, (step // first.per_epoch + 1) * first.per_epoch)
        count = min(first.length, end - step)
        chunk = place(_chunk(batches, step))
        moving, values = updates(moving, frozen, chunk, np.int32(step), np.int32(count), *factors)
        step += count
        pending.append((count, values))
        if step == end:
            _note(runs, pending, step, program, batches)
            _evaluate(made, runs, moving, batches, evaluators)
            _report(runs, report, made.epochs)
            pending = []
    return runs


def write_runs(made: Prepared, runs: Sequence[Run], out: Path) -> list[Path]:
    """A folder for each run that came to its end, as `train --out` writes it, and `runs.csv` with all; the folders."""
    folders: list[Path] = []
    for run in runs:
        if run.stopped is None:
            folders.append(out / run.name)
            folders[-1].mkdir(parents=True, exist_ok=True)
            made.program.save(made.program.REGIME, run.progress, folders[-1])
            made.program.write_metrics(folders[-1], run.progress.records)
    rows = [f"{r.name},{r.seed},{r.rate:.9g},{_last_loss(r)},{r.stopped or ''}" for r in runs]
    text = "\n".join(["run,seed,rate,loss,stopped", *rows]) + "\n"

    def write(path: Path) -> None:
        path.write_text(text, "utf-8")

    made.program.replaced(out / "runs.csv", write)
    return folders


def _stacked(*arrays: Any) -> Any:
    return np.stack(arrays)


def _last_loss(run: Run) -> str:
    return f"{run.progress.records[-1]['loss']:.9g}" if run.progress.records else ""


def _scaled(made: Prepared, rate: Any) -> Any:
    """The regime with its learning rate times a factor: every optimiser's step is proportional to its rate."""
    optax, inner = made.program.optax, made.program.REGIME.optimiser
    return replace(made.program.REGIME, optimiser=lambda: optax.chain(inner(), optax.scale(rate)))


def _updates(made: Prepared, batches: Any) -> Any:
    """The compiled updates of all runs; a table that is one batch is the same for all of them."""
    program = made.program

    def one(moving: Any, frozen: Any, chunk: Any, start: Any, count: Any, seed: Any, rate: Any) -> Any:
        own = replace(made.options, seed=seed, mesh=())
        return program.make_updates(_scaled(made, rate), own, batches.sizes)(
            moving, frozen, chunk, start, count
        )

    shared = {name: None if whole else 0 for name, whole in _whole(batches).items()}
    mapped = program.jax.vmap(one, in_axes=(0, None, shared, None, None, 0, 0))
    return program.jax.jit(mapped, donate_argnums=0)


def _whole(batches: Any) -> dict[str, bool]:
    return {"": True, **{name: s.size == s.rows for name, s in batches.samplers.items()}}


def _batches(made: Prepared, seeds: Sequence[int]) -> list[Any]:
    """The batches of each run, in pieces that are small enough for all together."""
    made_of = made.program.Batches
    found = [made_of(made.data, replace(made.options, seed=seed)) for seed in seeds]
    whole = _whole(found[0])
    each = sum(a.nbytes for n, t in found[0].chunk(0).items() if not whole[n] for a in t.values())
    for batches in found:
        batches.length = max(1, min(batches.length, batches.length * _BYTES // max(1, each * len(found))))
    return found


def _chunk(batches: Sequence[Any], step: int) -> dict[str, dict[str, Any]]:
    found, whole = [each.chunk(step) for each in batches], _whole(batches[0])
    return {
        name: table if whole[name] else {c: np.stack([f[name][c] for f in found]) for c in table}
        for name, table in found[0].items()
    }


def _placing(made: Prepared, runs: int) -> Callable[[Any], Any]:
    """Puts arrays whose first axis is that of the runs on the devices; what has another first axis is everywhere."""
    program, mesh = made.program, made.program.Devices(made.options).mesh
    if mesh is None:
        return lambda arrays: arrays
    if runs % mesh.size:
        raise failure(
            "E0627", f"{runs} runs cannot be shared out over {mesh.size} devices",
            help=f"train a multiple of {mesh.size} runs",
        )  # fmt: skip

    def put(array: Any) -> Any:
        axes = (tuple(mesh.axis_names),) if array.ndim and array.shape[0] == runs else ()
        return program.jax.device_put(array, program.NamedSharding(mesh, program.PartitionSpec(*axes)))

    return lambda arrays: program.jax.tree.map(put, arrays)


def _note(
    runs: Sequence[Run], pending: Sequence[tuple[int, Any]], step: int, program: Any, batches: Sequence[Any]
) -> None:
    """Give every run the losses of its updates since the last epoch; one that is not finite stops it."""
    names = list(pending[0][1])
    losses = {n: np.concatenate([np.asarray(v[n])[:, :count] for count, v in pending], 1) for n in names}
    start = step - next(iter(losses.values())).shape[1]
    for number, run in enumerate(runs):
        if run.stopped is None:
            try:
                own = {name: found[number] for name, found in losses.items()}
                program.note_losses(run.progress, own, start, batches[number])
                run.progress.step = step
            except FloatingPointError as error:
                run.stopped = str(error)


def _evaluate(
    made: Prepared, runs: Sequence[Run], moving: Any, batches: Sequence[Any], evaluators: Any
) -> None:
    """One more record for each run that has not stopped, with its metrics on held-out rows."""
    held = made.program.jax.tree.map(np.asarray, moving)
    for number, run in enumerate(runs):
        if run.stopped is None:
            run.progress.moving = made.program.jax.tree.map(itemgetter(number), held)
            own = replace(made.options, seed=run.seed)
            made.program.note_epoch(
                made.program.REGIME, own, run.progress, batches[number], evaluators, made.frozen,
                made.validation,
            )  # fmt: skip


def _report(runs: Sequence[Run], report: Callable[[Record, int], None], epochs: int) -> None:
    alive = [run.progress.records[-1] for run in runs if run.stopped is None]
    if alive:
        terms = {n: float(np.mean([r["terms"][n] for r in alive])) for n in alive[0]["terms"]}
        report(
            {
                **alive[0],
                "loss": float(np.mean([r["loss"] for r in alive])),
                "terms": terms,
                "validation": {},
            },
            epochs,
        )
