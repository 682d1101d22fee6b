"""How a training run shows itself: a bar on a terminal, a line for each tenth of the run elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from diagc.learn.session import Record


class Progress:
    """A context in which records are shown as they come; quiet shows none."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bar: Any = None
        self.task: Any = None
        self.shown = 0

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress as Bar,
                TextColumn,
                TimeRemainingColumn,
            )

            columns = (
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
            )
            self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def show(self, record: Record, epochs: int) -> None:
        """One more epoch of `epochs` is done."""
        if self.bar is not None:
            if self.task is None:
                self.task = self.bar.add_task("", total=epochs)
            self.bar.update(self.task, completed=record["epoch"], description=f"loss {record['loss']:.4g}")
        elif not self.quiet and record["epoch"] * 10 // epochs > self.shown:
            self.shown = record["epoch"] * 10 // epochs
            click.echo(self.summary(record), err=True)

    def summary(self, record: Record) -> str:
        """A record as one line."""
        parts = [f"epoch {record['epoch']}", f"loss {record['loss']:.6g}"]
        if len(record["terms"]) > 1:
            parts += [f"{name} {value:.6g}" for name, value in record["terms"].items()]
        for source, metrics in record.get("validation", {}).items():
            parts += [f"validation {source} {name} {_shown(name, value)}" for name, value in metrics.items()]
        return "  ".join(parts)


def _shown(name: str, value: float) -> str:
    return f"{100 * value:.2f} %" if name.endswith(".accuracy") else f"{value:.6g}"
