# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""The part of an emitted training program that every learning diagram has in common.

`backends.training` copies the text below the mark into the programs that it writes, behind the loss and the table
`REGIME`. No other module imports this one, since it loads JAX.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import load_file, save_file

# ---- program


@dataclass(frozen=True)
class Regime:
    """What is trained on what.

    `columns` are those of each source: dtype, shape of one sample, and the size of the axis that an index points
    into. `trained` and `frozen` are parameters by path: initialiser, shape, dtype. `weights` are files by model.
    """

    name: str
    columns: dict[str, dict[str, tuple[str, tuple[int, ...], int | None]]]
    trained: dict[str, tuple[Any, tuple[int, ...], str]]
    frozen: dict[str, tuple[Any, tuple[int, ...], str]]
    weights: dict[str, str]
    optimiser: Callable[[], optax.GradientTransformation]
    loss: Callable[..., Any]
    metrics: dict[str, Callable[..., Any]]
    epochs: int
    steps: int | None
    batch: int | None
    seed: int


@dataclass(frozen=True)
class Options:
    """How long to train and how to draw. `steps`, where given, counts instead of `epochs`; no batch means all rows."""

    epochs: int
    steps: int | None
    batch: int | None
    seed: int


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
            return slice(None)
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


def make_step(regime: Regime, optimiser: optax.GradientTransformation) -> Callable[..., Any]:
    """One update, compiled: parameters and the optimiser's state are given away and come back changed."""

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params: Any, state: Any, frozen: Any, batch: Any, key: Any) -> Any:
        gradient = jax.value_and_grad(regime.loss, has_aux=True)
        (total, terms), gradients = gradient(params, frozen, batch, key)
        updates, state = optimiser.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, {"loss": total, "terms": terms}

    return step


def train(
    regime: Regime,
    data: dict[str, dict[str, Any]],
    options: Options,
    params: dict[str, Any],
    frozen: dict[str, Any],
    validation: dict[str, dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Train on tables of columns; after each epoch, the record of its metrics and the parameters.

    An epoch is one pass over the source with the most steps; the others start over as often as needed.
    Raises `FloatingPointError` when the loss is not finite.
    """
    samplers = {name: Sampler(name, len(next(iter(table.values()))), options) for name, table in data.items()}
    per_epoch = max(sampler.steps for sampler in samplers.values())
    last = options.steps or options.epochs * per_epoch
    optimiser = regime.optimiser()
    params, frozen = jax.tree.map(jnp.array, (params, frozen))
    state = optimiser.init(params)
    step = make_step(regime, optimiser)
    evaluators = {name: jax.jit(metrics) for name, metrics in regime.metrics.items()}
    done: list[dict[str, Any]] = []
    for number in range(1, last + 1):
        rows = {name: sampler(number - 1) for name, sampler in samplers.items()}
        batch = {name: {c: array[rows[name]] for c, array in table.items()} for name, table in data.items()}
        key = np.uint32((options.seed * 1_000_003 + number) % 2**32)
        params, state, values = step(params, state, frozen, batch, key)
        done.append(values)
        if number % per_epoch == 0 or number == last:
            means = jax.tree.map(lambda *values: float(np.mean([float(v) for v in values])), *done)
            record = {"epoch": -(-number // per_epoch), "step": number, **means}
            if not math.isfinite(record["loss"]):
                raise FloatingPointError(f"the loss is {record['loss']} in epoch {record['epoch']}")
            if validation:
                record["validation"] = {
                    name: evaluate(evaluators[name], params, frozen, table)
                    for name, table in validation.items()
                }
            done = []
            yield record, params


def evaluate(
    metrics: Callable[..., Any], params: Any, frozen: Any, table: dict[str, Any]
) -> dict[str, float]:
    """Means over all rows of a table, in chunks."""
    rows, chunk = len(next(iter(table.values()))), 4096
    totals: dict[str, float] = {}
    for start in range(0, rows, chunk):
        part = {name: array[start : start + chunk] for name, array in table.items()}
        share = min(chunk, rows - start) / rows
        for name, value in metrics(params, frozen, part).items():
            totals[name] = totals.get(name, 0.0) + share * float(value)
    return totals


def save(regime: Regime, params: dict[str, Any], folder: Path) -> None:
    """One safetensors file for each model that trained, renamed into place when it is whole."""
    for model in dict.fromkeys(path.partition(".")[0] for path in regime.trained):
        own = {p.partition(".")[2]: np.asarray(v) for p, v in params.items() if p.partition(".")[0] == model}
        partial_file = folder / f"{model}.safetensors.partial"
        save_file(own, partial_file)
        os.replace(partial_file, folder / f"{model}.safetensors")


# ---- files


def read_table(text: str, columns: dict[str, tuple[str, tuple[int, ...], int | None]]) -> dict[str, Any]:
    """The columns of `FILE` or of the rows `FILE[start:stop]`: npz, safetensors, or csv with a header."""
    match = re.fullmatch(r"(.*?)(?:\[(\d*):(\d*)\])?", text)
    assert match is not None
    path, start, stop = match[1], int(match[2] or 0), int(match[3]) if match[3] else None
    if path.endswith(".csv"):
        held = read_csv(path)
    elif path.endswith(".safetensors"):
        held = load_file(path)
    else:
        with np.load(path, allow_pickle=False) as archive:
            held = {name: archive[name] for name in archive.files}
    table: dict[str, Any] = {}
    for name, (dtype, shape, limit) in columns.items():
        if name not in held or held[name].shape[1:] != shape:
            sys.exit(f"{path}: column {name} of shape {shape} is missing")
        table[name] = held[name][start:stop].astype(dtype)
        if limit is not None and not ((table[name] >= 0) & (table[name] < limit)).all():
            sys.exit(f"{path}: column {name} is not below {limit}")
        if not np.isfinite(table[name]).all():
            sys.exit(f"{path}: column {name} has numbers that are not finite")
    return table


def read_csv(path: str) -> dict[str, Any]:
    """Columns by their header; `image.0`, `image.1`, … are one column `image` of vectors."""
    with open(path, newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    values = np.array(rows, np.float64)
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        groups.setdefault(name.rpartition(".")[0] or name, []).append(place)
    return {
        name: values[:, places[0]] if header[places[0]] == name else values[:, places]
        for name, places in groups.items()
    }


def read_weights(regime: Regime, files: dict[str, str], params: dict[str, Any]) -> dict[str, Any]:
    """The frozen parameters; parameters that train are replaced where their model has a file."""
    found: dict[str, Any] = {}
    for model, path in files.items():
        held = load_file(path)
        for declared, target in ((regime.frozen, found), (regime.trained, params)):
            for full, (_, shape, dtype) in declared.items():
                owner, _, rest = full.partition(".")
                if owner == model:
                    if rest not in held or held[rest].shape != shape:
                        sys.exit(f"{path}: array {rest} of shape {shape} is missing")
                    target[full] = held[rest].astype(jnp.dtype(dtype))
    return found


def named(regime: Regime, written: list[str], what: str) -> dict[str, str]:
    """`source=FILE` by source; a plain FILE serves a single source, and validates all of them."""
    found: dict[str, str] = {}
    for text in written:
        name, given, path = text.partition("=")
        if not given and len(regime.columns) > 1 and what == "data":
            sys.exit(f"--{what} names a source: --{what} {next(iter(regime.columns))}={text}")
        if given and name not in regime.columns:
            sys.exit(f"--{what}: no source is called {name}")
        found |= {name: path} if given else dict.fromkeys(regime.columns, text)
    return found


def main(regime: Regime) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=f"Train {regime.name}.")
    parser.add_argument("--data", action="append", required=True, metavar="[SOURCE=]FILE[a:b]")
    parser.add_argument("--validation", action="append", default=[], metavar="[SOURCE=]FILE[a:b]")
    parser.add_argument("--weights", action="append", default=[], metavar="MODEL=FILE")
    parser.add_argument("--out", type=Path, default=Path("out") / regime.name, metavar="DIR")
    for name in ("epochs", "steps", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(regime, name))
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args()
    files = named(regime, given.data, "data")
    if missing := [name for name in regime.columns if name not in files]:
        parser.error(f"no data for {', '.join(missing)}: --data {missing[0]}=FILE")
    data = {name: read_table(files[name], columns) for name, columns in regime.columns.items()}
    held_out = named(regime, given.validation, "validation")
    validation = {name: read_table(path, regime.columns[name]) for name, path in held_out.items()}
    params = initial(regime, given.seed)
    weights = regime.weights | dict(text.split("=", 1) for text in given.weights)
    frozen = read_weights(regime, weights, params)
    given.out.mkdir(parents=True, exist_ok=True)
    log = given.out / "metrics.jsonl"
    options = Options(given.epochs, given.steps, given.batch, given.seed)
    with open(f"{log}.partial", "w", encoding="utf-8") as stream:
        for record, trained in train(regime, data, options, params, frozen, validation):
            line = json.dumps(record)
            stream.write(line + "\n")
            params = trained
            if not given.quiet:
                print(line, flush=True)
    os.replace(f"{log}.partial", log)
    save(regime, params, given.out)
