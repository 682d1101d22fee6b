"""The command `cost`: what a kernel moves, computes and takes on a machine, before it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import (
    chosen_entries,
    entry_option,
    pairs,
    size_option,
    spec_argument,
    table_format_option,
    whole,
    write_text,
)
from diagc.cli.predictions import Request, csv_text, swept
from diagc.cli.ranges import sweep_option

if TYPE_CHECKING:
    from diagc.machine import Machine


@click.command()
@spec_argument
@entry_option
@click.option(
    "--on", "on", metavar="MACHINE", required=True, help="A machine by name, or the path of a .yaml file."
)
@size_option
@click.option(
    "--group", "group", multiple=True, metavar="A=N,…", help="Fix tiles of axes that programs share out."
)
@click.option("--stream", "stream", multiple=True, metavar="A=N,…", help="Fix tiles of streamed axes.")
@sweep_option
@click.option(
    "--plot",
    "-o",
    "--out",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the sweep as a plot (.svg).",
)
@click.option(
    "--cluster", type=click.IntRange(1), metavar="N", help="Let N programs fill their memory together."
)
@click.option(
    "--visited",
    "share",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Of the tiles of loops whose masks depend on data, count this share; all without it.",
)
@table_format_option
def cost(
    spec: Path, entry: str | None, on: str, size: tuple[str, ...], group: tuple[str, ...], stream: tuple[str, ...],
    sweep: tuple[str, ...], out: Path | None, cluster: int | None, share: float | None, style: str,
) -> None:  # fmt: skip
    """Predict bytes, operations and time of the kernels of SPEC on a machine, and choose their tiles.

    \b
    diagc cost specs/attention/attention.diag --entry attention --on h200 --size q=4096,x=4096,d=128
    diagc cost specs/dense/matmul.diag --entry matmul --on h100 --size m=4096,n=4096 --sweep k=64:8192 --plot k.svg
    diagc cost specs/attention/attention.diag --entry mha --on h100 --size b=2,h=16 \\
        --sweep q,x=512:65536 --sweep d=64,128
    """
    from diagc.api import load
    from diagc.machine import machine

    if out is not None and (not sweep or out.suffix != ".svg"):
        raise click.UsageError("--plot writes the plot of a --sweep to a file that ends in .svg")
    found, device = chosen_entries(load(spec), entry), machine(on)
    _check_cluster(cluster, device)
    fixed = pairs(group, "--group", whole), pairs(stream, "--stream", whole)
    request = Request(device, pairs(size, "--size", whole), *fixed, cluster, share)
    if sweep:
        if len(found) != 1:
            raise click.UsageError("--sweep looks at one entry: choose it with --entry")
        table = swept(next(iter(found.values())), request, sweep)
        click.echo(out if out is not None else table.printed(style))
        if out is not None:
            write_text(out, table.plot())
        return
    reports = [request.report(each, with_emitted=style != "csv") for each in found.values()]
    if style == "json":
        made = [r.json() for r in reports]
        click.echo(json.dumps(made[0] if len(made) == 1 else made, indent=2))
    elif style == "csv":
        click.echo(csv_text(reports))
    else:
        click.echo("\n\n".join("\n".join(r.lines()) for r in reports))


def _check_cluster(cluster: int | None, device: Machine) -> None:
    if cluster is None or cluster in device.clusters:
        return
    sizes = ", ".join(map(str, device.clusters)) or "none"
    raise click.UsageError(
        f"no source states what clusters of {cluster} transfer on {device.name}; there is: {sizes}"
    )
