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
from diagc.cli.ranges import combinations, read_range, sweep_option

if TYPE_CHECKING:
    from diagc.bench.measurement import Measurement
    from diagc.bench.work import Work


@click.command()
@spec_argument
@entry_option
@size_option
@sweep_option
@click.option(
    "--plot",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the times over the first --sweep as a plot (.svg).",
)
@click.option(
    "--repeat", default=5, show_default=True, type=click.IntRange(1), help="Rounds over all implementations."
)
@click.option("--gpu", is_flag=True, help="Measure the Triton kernels on the GPU of this machine.")
@click.option(
    "--tune",
    "tuned",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure forms and tiles instead, and write the fastest kernels to this file.",
)
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
    sweep: tuple[str, ...],
    picture: Path | None,
    repeat: int,
    gpu: bool,
    tuned: Path | None,
    work: Work,
    device: str,
    target: Path | None,
    save: bool,
) -> None:
    """Measure what is emitted for SPEC beside functions of other libraries that compute the same.

    Errors are taken against the float64 reference first. Figures and their provenance go to bench/results as JSON.

    \b
    diagc bench specs/attention/attention_f32.diag --entry mha --size b=1,h=8,d=64 --sweep q,x=512:8192 --plot cpu.svg
    diagc bench specs/attention/attention.diag --entry mha --size b=1,h=16 --sweep q,x=512:32768 \\
        --sweep d=64,128 --gpu --work backward
    diagc bench specs/attention/attention.diag --entry causal --size q=8192,x=8192,d=128 --gpu --tune causal.py
    """
    from datetime import date

    from diagc.api import load
    from diagc.bench import table
    from diagc.bench.cpu import bench_cpu
    from diagc.bench.gpu import Setting, bench_gpu, gpu_table
    from diagc.bench.measurement import failed
    from diagc.bench.plot import plot
    from diagc.bench.tune import tuned_source
    from diagc.machine import machine
    from diagc.verify.device import device_facts, device_name, require_gpu

    if gpu:
        require_gpu()
    program = load(spec)
    entries = chosen_entries(program, entry)
    sizes, ranges = chosen_sizes(entries, size), [read_range(text) for text in sweep]
    if picture is not None and (not ranges or picture.suffix != ".svg"):
        raise click.UsageError("--plot writes the times of a --sweep to a file that ends in .svg")
    if tuned is not None and (not gpu or ranges or len(entries) != 1):
        raise click.UsageError("--tune takes --gpu and one --entry at sizes given by --size")
    today = date.today().isoformat()
    setting = Setting(work, repeat, machine=machine(device)) if gpu else None
    if tuned is not None and setting is not None:
        write_text(tuned, tuned_source(next(iter(entries.values())), str(spec), sizes, setting, click.echo))
        click.echo(f"written to {tuned}")
        return
    measurements: list[Measurement] = []
    for chosen in combinations(ranges):
        taken = sizes | chosen_sizes(entries, [f"{name}={value}" for name, value in chosen.items()])
        if setting is not None:
            measurements += bench_gpu(program, list(entries), taken, setting)
        else:
            measurements += bench_cpu(program, list(entries), taken, repeat, work)
    click.echo(gpu_table(measurements) if gpu else table.text_table(measurements), nl=False)
    if target is not None or save:
        place = Path("bench/results") / (device_name() if gpu else "cpu")
        path = target or place / table.file_name(str(spec), measurements, today)
        write_text(
            path, table.to_json(program, measurements, today, str(spec), device_facts() if gpu else None)
        )
        click.echo(f"written to {path}")
    if picture is not None:
        write_text(picture, plot(measurements, ranges[0].names[0], ranges[0].title))
        click.echo(f"written to {picture}")
    if failed(measurements):
        sys.exit(1)
