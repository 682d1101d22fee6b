"""Runs of a learning diagram on disk, and its loss on data as a function of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagc.backends.training import emit_training
from diagc.core.learning import LearningDiagram
from diagc.learn.session import Inputs, bind, load_program, load_tables
from diagc.learn.weights import load_weights
from diagc.passes.commute import commute
from diagc.runs.hidden import Group, groups
from diagc.runs.paths import Loss, Weights


@dataclass(frozen=True, slots=True)
class Population:
    """Trained runs of one diagram: parameters by path, hidden axes, the loss on data, and metrics on held-out data."""

    names: tuple[str, ...]
    weights: tuple[Weights, ...]
    hidden: tuple[Group, ...]
    loss: Loss
    metrics: dict[str, tuple[float, ...]]
    rows: int


def population(
    learning: LearningDiagram,
    folders: Sequence[Path],
    inputs: Inputs,
    root: Path,
    values: Mapping[str, float],
) -> Population:
    """Runs that `diagc train --out FOLDER` wrote. Raises `DiagnosticError` for files and data that do not fit."""
    bound = bind(learning, {}, values, inputs.data)
    data, held_out = load_tables(bound, inputs)
    regime = load_program(emit_training(bound, bound.name, values)).REGIME
    trained = [m.name for m in bound.models if m.mode == "train" and m.parameters]
    weights: list[Weights] = []
    frozen: dict[str, Any] = {}
    for folder in folders:
        files = {**inputs.weights, **{name: folder / f"{name}.safetensors" for name in trained}}
        held = load_weights(bound, root, files)
        weights.append({path: np.asarray(held[path]) for path in regime.trained})
        frozen = {path: np.asarray(held[path]) for path in regime.frozen}

    def loss(parameters: Any) -> Any:
        return regime.loss(parameters, frozen, data)[0]

    metrics: dict[str, list[float]] = {}
    for run in weights:
        for source, table in held_out.items():
            for name, number in regime.metrics[source](run, frozen, table).items():
                metrics.setdefault(name, []).append(float(number))
    rows = min((len(next(iter(table.values()))) for table in held_out.values()), default=0)
    made = {name: tuple(numbers) for name, numbers in metrics.items()}
    return Population(
        tuple(folder.name for folder in folders), tuple(weights), groups(commute(bound)), loss, made, rows
    )
