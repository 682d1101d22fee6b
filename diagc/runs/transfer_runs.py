"""Trains the approaches of an emitted transfer, several runs of each in one programme, and counts what trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagc.core.learning import LearningDiagram, parameter_path
from diagc.learn.data import Selection, Table
from diagc.learn.edits import write_model
from diagc.learn.many import train_many, variation, write_runs
from diagc.learn.session import Inputs, Prepared, Service, bind, prepare
from diagc.learn.weights import load_weights
from diagc.runs.pullback import shared_space
from diagc.runs.transfer import Side
from diagc.runs.wires import columns, values, wires


@dataclass(frozen=True, slots=True)
class Outcome:
    """An approach: how many numbers it trained, and the metric on held-out data for each run that came to its end."""

    name: str
    parameters: int
    metric: str
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sets:
    """Rows of the old and of the new source to train on, and rows of the new one to judge by."""

    old: Selection
    new: Selection
    held_out: Selection


@dataclass(frozen=True, slots=True)
class Transfer:
    """Two sides, the folder of the emitted specification, what it reads, and how many runs each approach gets."""

    old: Side
    new: Side
    folder: Path
    sets: Sets
    runs: int

    def inputs(self, approach: str) -> Inputs:
        """The files of an approach by source."""
        before, after = self.old.source.name.text, self.new.source.name.text
        if approach == "origin":
            return Inputs({before: self.sets.old})
        data = {after: self.sets.new}
        if approach == "fibre_product":
            data["origin_samples"] = self.sets.old
        return Inputs(data, {after: self.sets.held_out})


def outcomes(
    job: Transfer, learnings: Mapping[str, LearningDiagram], report: Callable[[Outcome], None]
) -> list[Outcome]:
    """Train the origin, then each approach in turn; `report` sees each. Weights go where the specification looks."""
    _train(job, "origin", learnings["origin"], 1)
    made: list[Outcome] = []
    for name, learning in learnings.items():
        if name != "origin":
            if name == "fibre_product":
                _share(job, learnings["origin"], learnings["scratch"], learning)
            made.append(_train(job, name, learning, job.runs))
            report(made[-1])
    return made


def _train(job: Transfer, name: str, learning: LearningDiagram, runs: int) -> Outcome:
    """Runs that differ in their seeds; the weights of the first are those of the approach."""
    inputs = job.inputs(name)
    bound = bind(learning, {}, {}, inputs.data)
    made = prepare(bound, inputs, job.folder, {}, Service())
    done = train_many(made, variation(runs, bound.settings.seed, True, None))
    target = job.folder / name
    target.mkdir(parents=True, exist_ok=True)
    write_runs(made, done, target)
    alive = [run.progress for run in done if run.stopped is None]
    if alive:
        made.program.save(made.program.REGIME, alive[0], target)
    count = sum(math.prod(a.size.value or 1 for a in p.axes) for p in bound.parameters("train"))
    metric, numbers = _scores(job, alive)
    return Outcome(name, count, metric, numbers)


def _scores(job: Transfer, alive: list[Any]) -> tuple[str, tuple[float, ...]]:
    """The accuracy on held-out rows where there is one, else the loss."""
    found = [p.records[-1].get("validation", {}).get(job.new.source.name.text, {}) for p in alive]
    name = "fit.accuracy" if found and "fit.accuracy" in found[0] else "fit"
    return name, tuple(float(record[name]) for record in found if name in record)


def _share(job: Transfer, old: LearningDiagram, new: LearningDiagram, product: LearningDiagram) -> None:
    """Shared coordinates of the features of both sides, as weights of the two frozen projections."""
    x, x_kinds = _features(job, "origin", old, job.old)
    y, y_kinds = _features(job, "scratch", new, job.new)
    frozen = bind(product, {}, {}).parameters("frozen")
    shapes = {parameter_path(p): tuple(a.size.value or 1 for a in p.axes) for p in frozen}
    found, _ = shared_space(x, y, x_kinds, y_kinds, shapes["left.c"][0])
    sides = {"left": (found.left, found.left_shift), "right": (found.right, found.right_shift)}
    for name, (matrix, shift) in sides.items():
        arrays = {"W": matrix.reshape(shapes[f"{name}.W"]).astype(np.float32), "c": shift.astype(np.float32)}
        write_model(job.folder / "shared" / f"{name}.safetensors", arrays)


def _features(job: Transfer, name: str, learning: LearningDiagram, of: Side) -> tuple[Any, list[int]]:
    """What the head reads on the rows trained on, and their classes."""
    inputs = job.inputs(name)
    bound = bind(learning, {}, {}, inputs.data)
    made: Prepared = prepare(bound, inputs, job.folder, {}, Service())
    files = {m.name: job.folder / name / f"{m.name}.safetensors" for m in bound.models}
    held = load_weights(bound, job.folder, files)
    node = next(n for wire, n in wires(bound).items() if wire.startswith(f"→ {of.head.name.text}."))
    table: Table = made.data[of.source.name.text]
    (rows,) = values(bound, [node], {**columns(made.data), **held})
    label = next(c.name for c in bound.sources[0].columns if c.array.index_of is not None)
    return rows, [int(k) for k in table[label]]
