"""The command `machine`."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.cli.options import write_text


@click.group()
def machine() -> None:
    """Machine files: what the cost model knows about a device."""


@machine.command()
@click.option("--base", default="h200", show_default=True, help="The machine whose other numbers are kept.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File; NAME_measured.yaml."
)
def measure(base: str, out: Path | None) -> None:
    """Measure the GPU of this machine and write a machine file, for use with --on FILE.

    \b
    diagc machine measure
    diagc machine measure --base h100 -o mine.yaml
    diagc cost specs/attention/attention.diag --on mine.yaml

    Copies, reads from the cache and through shared memory, matrix products, multiply-adds, exponentials and the start
    of a kernel are measured; capacities and counts keep the numbers of the base.
    """
    from datetime import date

    from diagc.bench.rates import machine_text, measured
    from diagc.machine import machine_source, read_machine
    from diagc.source import Source
    from diagc.verify.device import device_facts, require_gpu

    source = machine_source(base)
    before = read_machine(source)
    require_gpu()
    path = out or Path(f"{before.name}_measured.yaml")
    rates = measured()
    text = machine_text(source.text, rates, path.stem, {"date": date.today().isoformat(), **device_facts()})
    read_machine(Source(str(path), text))
    for rate in rates:
        click.echo(f"{'.'.join(rate.place)}: {rate.text}")
    write_text(path, text)
    click.echo(path)
