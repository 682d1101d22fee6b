"""The command `bench`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import (
    chosen_entries,
    chosen_sizes,
    entry_option,
    size_option,
    spec_argument,
    write_text,
)

if TYPE_CHECKING:
    from diagc.bench.work import Work


@click.command()
@spec_argument
@entry_option
@size_option
@click.option(
    "--repeat", default=5, show_default=True, type=click.IntRange(1), help="Rounds over all implementations."
)
@click.option("--gpu", is_flag=True, help="Measure the Triton kernels on the GPU of this machine.")
@click.option(
    "--work",
    type=click.Choice(["forward", "backward", "both"]),
    default="forward",
    help="What is timed: results, their derivative, or both.",
)
@click.option(
    "--on", "device", default="h200", show_default=True, help="The machine that --gpu predicts for."
)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Where the figures go.")
@click.option("--save/--no-save", default=True, help="Keep the figures in bench/results.")
def bench(
    spec: Path,
    entry: str | None,
    size: tuple[str, ...],
    repeat: int,
    gpu: bool,
    work: Work,
    device: str,
    target: Path | None,
    save: bool,
) -> None:
    """Measure what is emitted for SPEC beside functions of other libraries that compute the same.

    Errors are taken against the float64 reference first. Figures and their provenance go to bench/results as JSON.
    """
    from datetime import date

    from diagc.api import load
    from diagc.bench import table
    from diagc.bench.cpu import bench_cpu
    from diagc.bench.gpu import Setting, bench_gpu, gpu_table
    from diagc.bench.measurement import failed
    from diagc.machine import machine
    from diagc.verify.device import device_facts, device_name, require_gpu

    if gpu:
        require_gpu()
    program = load(spec)
    entries = chosen_entries(program, entry)
    sizes = chosen_sizes(entries, size)
    today = date.today().isoformat()
    if gpu:
        setting = Setting(work, repeat, machine=machine(device))
        measurements = bench_gpu(program, list(entries), sizes, setting)
    else:
        measurements = bench_cpu(program, list(entries), sizes, repeat, work)
    click.echo(gpu_table(measurements) if gpu else table.text_table(measurements), nl=False)
    if target is not None or save:
        place = Path("bench/results") / (device_name() if gpu else "cpu")
        path = target or place / table.file_name(str(spec), measurements, today)
        write_text(
            path, table.to_json(program, measurements, today, str(spec), device_facts() if gpu else None)
        )
        click.echo(f"written to {path}")
    if failed(measurements):
        sys.exit(1)
