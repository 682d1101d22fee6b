"""The command `bench`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from diagc.cli.options import chosen_entries, entry_option, spec_argument, write_text


def _sizes(_: click.Context, __: click.Parameter, value: str | None) -> dict[str, int]:
    """`b=1,h=8` as a mapping."""
    found: dict[str, int] = {}
    for part in filter(None, (value or "").split(",")):
        symbol, _equals, size = part.partition("=")
        if not size.strip().isdigit() or int(size) < 1:
            raise click.BadParameter(f"`{part}` is not of the form `name=size` with a size of at least 1")
        found[symbol.strip()] = int(size)
    return found


@click.command()
@spec_argument
@entry_option
@click.option(
    "--size", "sizes", callback=_sizes, metavar="B=1,H=8,…", help="Sizes of symbols; others are small."
)
@click.option(
    "--repeat", default=5, show_default=True, type=click.IntRange(1), help="Rounds over all implementations."
)
@click.option("--gpu", is_flag=True, help="Measure the Triton kernels on the GPU of this machine.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Where the figures go.")
@click.option("--save/--no-save", default=True, help="Keep the figures in bench/results.")
def bench(
    spec: Path,
    entry: str | None,
    sizes: dict[str, int],
    repeat: int,
    gpu: bool,
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
    from diagc.bench.gpu import bench_gpu, device_facts, device_name, gpu_table, require_gpu
    from diagc.bench.measurement import failed

    if gpu:
        require_gpu()
    program = load(spec)
    entries = list(chosen_entries(program, entry))
    unknown = set(sizes) - {s for name in entries for s in program.entries[name].diagram.size_symbols}
    if unknown:
        raise click.UsageError(f"no size is called {', '.join(f'`{s}`' for s in sorted(unknown))}")
    today = date.today().isoformat()
    if gpu:
        measurements = bench_gpu(program, entries, sizes, repeat)
    else:
        measurements = bench_cpu(program, entries, sizes, repeat)
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
