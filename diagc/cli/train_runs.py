"""`diagc train --runs N --vary seed,lr`: many runs in one programme, a folder for each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from diagc.core.learning import LearningDiagram
    from diagc.learn.session import Inputs, Service

_RATES: Final = (0.3, 3.0)
"""Factors of the learning rate where `--vary lr` names none."""


@dataclass(frozen=True, slots=True)
class Varied:
    """How many runs there are, whether their seeds differ, and between which factors their learning rates lie."""

    runs: int
    seeds: bool
    rates: tuple[float, float] | None


def varying(
    runs: int | None, vary: str | None, emit: Path | None, service: Mapping[str, Any]
) -> Varied | None:
    """What `--runs` and `--vary` ask for; None for a single run."""
    if runs is None:
        if vary is not None:
            raise click.UsageError("--vary says how runs differ: say how many with --runs")
        return None
    single = ("patience", "keep_best", "checkpoint", "resume", "tensorboard", "coordinator")
    alone = [f"--{name.replace('_', '-')}" for name in single if service.get(name)]
    if alone or emit is not None:
        raise click.UsageError(f"{(alone or ['--emit'])[0]} is about one run: leave out --runs")
    seeds, rates = vary is None, None
    for part in (vary or "").split(",") if vary is not None else ():
        name, _, limits = part.strip().partition("=")
        if name == "seed" and not limits:
            seeds = True
        elif name == "lr":
            rates = _factors(limits)
        else:
            raise click.BadParameter(f"`{part}` is neither `seed` nor `lr=LOW:HIGH`", param_hint="--vary")
    return Varied(runs, seeds, rates)


def _factors(limits: str) -> tuple[float, float]:
    if not limits:
        return _RATES
    try:
        low, high = map(float, limits.split(":"))
    except ValueError:
        low = high = 0.0
    if not 0 < low < high < float("inf"):
        raise click.BadParameter(
            f"`{limits}` is not LOW:HIGH, as in lr=0.3:3: factors of the learning rate", param_hint="--vary"
        )
    return low, high


def train_runs(
    learning: LearningDiagram, inputs: Inputs, root: Path, values: dict[str, float], out: Path, service: Service,
    varied: Varied, quiet: bool,
) -> None:  # fmt: skip
    """Train the runs, write their folders and say what became of them."""
    from diagc.cli.progress import Progress
    from diagc.learn.many import train_many, variation, write_runs
    from diagc.learn.session import make_folder, prepare

    started = time.perf_counter()
    made = prepare(learning, inputs, root, values, service)
    chosen = variation(varied.runs, learning.settings.seed, varied.seeds, varied.rates)
    make_folder(out)
    with Progress(quiet) as progress:
        runs = train_many(made, chosen, progress.show)
    folders = write_runs(made, runs, out)
    if quiet:
        return
    losses = [run.progress.records[-1]["loss"] for run in runs if run.stopped is None]
    if losses:
        click.echo(f"{len(losses)} runs, loss {min(losses):.6g} to {max(losses):.6g}")
    for run in runs:
        if run.stopped is not None:
            click.echo(f"{run.name} (seed {run.seed}, lr × {run.rate:.3g}) stopped: {run.stopped}")
    click.echo(f"wrote {len(folders)} folders and runs.csv to {out} in {time.perf_counter() - started:.1f} s")
