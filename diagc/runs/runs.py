"""Runs of a learning diagram on disk, and its loss on data as a function of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagc.backends.training import emit_training
from diagc.core.learning import LearningDiagram
from diagc.learn.data import Table
from diagc.learn.session import Inputs, bind, load_program, load_tables
from diagc.learn.weights import load_weights
from diagc.passes.commute import commute
from diagc.runs.hidden import Group, groups
from diagc.runs.paths import Loss, Weights
from diagc.runs.scales import Scale, scales
from diagc.runs.wires import filled


@dataclass(frozen=True, slots=True)
class Population:
    """Trained runs of one diagram: parameters by path, what of them may be permuted and rescaled, the loss on data, and
    metrics on held-out data; the `gap` of a metric is what it has more on held-out data than on training data."""

    names: tuple[str, ...]
    weights: tuple[Weights, ...]
    hidden: tuple[Group, ...]
    rescalings: tuple[Scale, ...]
    loss: Loss
    metrics: dict[str, tuple[float, ...]]
    rows: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A bound diagram with its emitted program and its tables; columns that are drawn were drawn once."""

    learning: LearningDiagram
    regime: Any
    data: dict[str, Table]
    held_out: dict[str, Table]


def loaded(learning: LearningDiagram, inputs: Inputs, root: Path, values: Mapping[str, float]) -> Loaded:
    """What a loss needs but for parameters. Raises `DiagnosticError` for data that do not fit."""
    bound = bind(learning, {}, values, inputs.data)
    data, held_out = load_tables(bound, inputs)
    program = load_program(emit_training(bound, bound.name, values))
    regime, seed = program.REGIME, bound.settings.seed

    data, held_out = (filled(program, regime, tables, regime.batch, seed) for tables in (data, held_out))
    return Loaded(bound, regime, data, held_out)


def data_loss(learning: LearningDiagram, inputs: Inputs, root: Path, values: Mapping[str, float]) -> Loss:
    """The loss on data as a function of what trains; frozen models come from the files that the inputs name."""
    made = loaded(learning, inputs, root, values)
    held = load_weights(made.learning, root, inputs.weights)
    return _loss(made, {path: np.asarray(held[path]) for path in made.regime.frozen})


def _loss(made: Loaded, frozen: Mapping[str, Any]) -> Loss:
    def loss(parameters: Any) -> Any:
        return made.regime.loss(parameters, frozen, made.data)[0]

    return loss


def population(
    learning: LearningDiagram,
    folders: Sequence[Path],
    inputs: Inputs,
    root: Path,
    values: Mapping[str, float],
) -> Population:
    """Runs that `diagc train --out FOLDER` wrote. Raises `DiagnosticError` for files and data that do not fit.

    Models that follow others are held as the first run has them.
    """
    made = loaded(learning, inputs, root, values)
    written = [m.name for m in made.learning.models if m.mode != "frozen" and m.parameters]
    weights: list[Weights] = []
    fixed: list[dict[str, Any]] = []
    for folder in folders:
        files = {**inputs.weights, **{name: folder / f"{name}.safetensors" for name in written}}
        held = load_weights(made.learning, root, files)
        weights.append({path: np.asarray(held[path]) for path in made.regime.trained})
        fixed.append({p: np.asarray(held[p]) for p in (*made.regime.frozen, *made.regime.averages)})
    loss, hidden = _loss(made, fixed[0]), groups(commute(made.learning), made.regime.trained)
    rows = min((len(next(iter(table.values()))) for table in made.held_out.values()), default=0)
    return Population(
        tuple(folder.name for folder in folders), tuple(weights), hidden, tuple(scales(weights[0], loss, hidden)),
        loss, _metrics(made, weights, fixed), rows,
    )  # fmt: skip


def _metrics(
    made: Loaded, weights: Sequence[Weights], fixed: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[float, ...]]:
    metrics: dict[str, list[float]] = {}
    for run, frozen in zip(weights, fixed, strict=True):
        for source, table in made.held_out.items():
            found, trained_on = (
                {name: float(x) for name, x in made.regime.metrics[source](run, frozen, rows).items()}
                for rows in (table, made.data[source])
            )
            gaps = {f"{name}.gap": found[name] - trained_on[name] for name in found}
            for name, number in {**found, **gaps}.items():
                metrics.setdefault(name, []).append(number)
    return {name: tuple(numbers) for name, numbers in metrics.items()}
