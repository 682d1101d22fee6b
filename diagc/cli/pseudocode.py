"""The command `pseudocode`: the variables and operations of a kernel with their levels and clocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from diagc.cli.options import chosen_entries, entry_option, pairs, size_option, spec_argument, whole
from diagc.cost.columns import SHARED, Columns, Operation
from diagc.cost.words import seconds

_PIPELINES = (
    ("matrix units", "tensor"),
    ("special functions", "SFU"),
    ("vector units", "FP32"),
    (SHARED, "shared"),
)


@click.command()
@spec_argument
@entry_option
@click.option(
    "--on", "on", metavar="MACHINE", required=True, help="A machine by name, or the path of a .yaml file."
)
@size_option
@click.option("--group", "group", multiple=True, metavar="A=N,…", help="Fix the rows that a warpgroup has.")
@click.option("--stream", "stream", multiple=True, metavar="A=N,…", help="Fix the chunks of streamed axes.")
@click.option("--warpgroups", type=click.IntRange(1), help="Count so many instead of as many as fit.")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", help="How it is printed."
)
def pseudocode(
    spec: Path, entry: str | None, on: str, size: tuple[str, ...], group: tuple[str, ...], stream: tuple[str, ...],
    warpgroups: int | None, style: str,
) -> None:  # fmt: skip
    """List what a kernel of SPEC holds at which level, and the clocks that each operation takes of each pipeline.

    \b
    diagc pseudocode specs/attention/attention.diag --entry attention --on h200 --size q=4096,x=4096,d=128
    diagc pseudocode specs/dense/matmul.diag --entry matmul --on h100 --size m=4096,n=4096,k=4096 --group m=64,n=256
    """
    from diagc.api import columns, load
    from diagc.machine import machine

    device, sizes = machine(on), pairs(size, "--size", whole)
    reports: list[_Report] = []
    for name, each in chosen_entries(load(spec), entry).items():
        found = columns(each, device, sizes, pairs(group, "--group", whole), pairs(stream, "--stream", whole))
        if found is None:
            raise click.UsageError(f"`{name}` is one program: it has no rows that warpgroups could share out")
        reports.append(_Report(name, found, warpgroups or found.warpgroups))
    if style == "json":
        made = [r.json() for r in reports]
        click.echo(json.dumps(made[0] if len(made) == 1 else made, indent=2))
    else:
        click.echo("\n\n".join("\n".join(r.lines()) for r in reports))


class _Report:
    """The table of one entry for a number of warpgroups."""

    def __init__(self, name: str, found: Columns, warpgroups: int) -> None:
        self.name, self.found, self.warpgroups = name, found, warpgroups

    @property
    def rows(self) -> int:
        """Rows of a processor."""
        return self.warpgroups * self.found.tile

    def json(self) -> dict[str, Any]:
        found = self.found
        return {
            "entry": self.name,
            "machine": found.machine.name,
            "rows": {_bare(found.rows): found.tile},
            "chunk": {_bare(axis): tile for axis, tile in found.chunk.items()},
            "variables": [
                {
                    "name": v.name, "axes": [*map(_bare, v.axes)], "shape": v.shape, "dtype": v.dtype, "bytes": v.bytes,
                    "copies": v.copies, "level": v.level, "held_by": "warpgroup" if v.own else "block",
                }
                for v in found.variables
            ],
            "operations": [
                {"name": o.name, "axes": [*map(_bare, o.axes)], "dtype": o.dtype, "loop": o.loop,
                 "clocks": dict(o.clocks)}
                for o in found.operations
            ],
            "clocks": found.clocks(),
            "limits": {limit.level: limit.warpgroups for limit in found.limits},
            "warpgroups": self.warpgroups,
            "ceiling_flops": found.ceiling,
            "transfer_seconds": found.transfer_seconds(),
            "compute_seconds": found.compute_seconds(self.rows),
            "compute_bound_from": found.compute_bound_from(),
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        found = self.found
        chunk = ", ".join(f"{_bare(axis)} = {tile}" for axis, tile in found.chunk.items())
        yield f"{self.name} on {found.machine.title}"
        yield f"a warpgroup has {_bare(found.rows)} = {found.tile} rows" + (
            f"; a chunk is {chunk}" if chunk else ""
        )
        yield ""
        yield from self._variables()
        yield ""
        yield from self._operations()
        yield ""
        yield from self._limits()

    def _variables(self) -> Iterator[str]:
        rows = [("variable", "axes", "tile", "dtype", "bytes", "level", "held")]
        for v in self.found.variables:
            held = "each warpgroup" if v.own else "the block"
            ahead = f", {v.copies} times" if v.copies > 1 else ""
            tile = " × ".join(map(str, v.shape)) or "1"
            rows.append(
                (v.name, _bundle(v.axes), tile, v.dtype, f"{v.bytes:,}", v.level, f"by {held}{ahead}")
            )
        yield from _table(rows, (4,))

    def _operations(self) -> Iterator[str]:
        loops = dict.fromkeys(o.loop for o in self.found.operations)
        for loop in loops:
            unit = "a row, outside of loops" if loop is None else f"a row-chunk of loop {loop + 1}"
            rows = [(f"clocks for {unit}", "axes", "dtype", *(title for _, title in _PIPELINES))]
            rows += [self._operation(o) for o in self.found.operations if o.loop == loop]
            totals = self.found.clocks(loop)
            rows.append(("all", "", "", *(_clocks(totals.get(name)) for name, _ in _PIPELINES)))
            yield from _table(rows, (3, 4, 5, 6))
            yield ""

    def _operation(self, found: Operation) -> tuple[str, ...]:
        clocks = (_clocks(found.clocks.get(name)) for name, _ in _PIPELINES)
        return found.name, _bundle(found.axes), found.dtype, *clocks

    def _limits(self) -> Iterator[str]:
        found, machine = self.found, self.found.machine
        for limit in found.limits:
            title = machine.levels[limit.level].title
            room = f"{limit.capacity:,.0f} B"
            room = f"({room} − {limit.block:,} B of the block)" if limit.block else room
            yield (f"{title}: {room} / {limit.each:,} B a warpgroup = {limit.warpgroups:.2f} warpgroups")
        yield f"{self.warpgroups} warpgroup{'s' * (self.warpgroups > 1)}: {self.rows} rows a processor"
        if found.ceiling:
            yield f"matrix units: at most {found.ceiling / 1e15:.4g} PFLOP/s"
        bound = found.compute_bound_from()
        if found.chunk and bound is not None:
            times = seconds(found.transfer_seconds()), seconds(found.compute_seconds(self.rows))
            yield f"a chunk: transfer {times[0]}, compute {times[1]}; compute bound from {bound} rows a processor"


def _bare(axis: str) -> str:
    return axis.partition("#")[0]


def _bundle(axes: tuple[str, ...]) -> str:
    return f"[{' '.join(map(_bare, axes))}]"


def _clocks(value: float | None) -> str:
    return f"{value:.3g}" if value else ""


def _table(rows: list[tuple[str, ...]], right: tuple[int, ...]) -> Iterator[str]:
    """Rows in columns; those named in `right` end at the same place."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (
            f"{cell:>{width}}" if place in right else f"{cell:{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
