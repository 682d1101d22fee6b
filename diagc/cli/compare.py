"""The command `verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import chosen_entries, entry_option, form_option, spec_argument

if TYPE_CHECKING:
    from diagc.backends.launches import Form


@click.command()
@spec_argument
@entry_option
@click.option("--thorough", is_flag=True, help="More sizes.")
@click.option("--gpu", is_flag=True, help="Run the kernels on the GPU of this machine, and nothing else.")
@form_option
@click.option("--static/--no-static", default=True, help="Compile the kernels ahead of time as well.")
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    type=click.Choice(["bf16", "f16", "f32"]),
    default=("bf16", "f16", "f32"),
    help="Dtypes to run in besides those of the spec.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(["sm_80", "sm_90", "sm_100", "gfx942"]),
    default=("sm_80", "sm_90", "sm_100"),
    help="What to compile for.",
)
def verify(
    spec: Path,
    entry: str | None,
    thorough: bool,
    gpu: bool,
    form: Form,
    static: bool,
    dtypes: tuple[str, ...],
    targets: tuple[str, ...],
) -> None:
    """Compare every back end of SPEC with the float64 reference on random and nasty inputs.

    Triton runs in its interpreter; then every configuration is compiled for each target and its registers, spills,
    shared memory and matrix instructions are listed. With --gpu they run on the device, in the dtypes of the spec.

    \b
    diagc verify specs/attention/attention.diag
    diagc verify specs/norm/norms.diag --entry layernorm --target sm_90
    diagc verify specs/attention/attention.diag --gpu --form descriptors
    """
    from diagc.api import load
    from diagc.core.dtypes import DType
    from diagc.verify.device import require_gpu
    from diagc.verify.summary import verify_on_gpu, verify_program

    if gpu:
        require_gpu()
    elif form != "pointers":
        raise click.UsageError("--form takes --gpu: a device runs the forms")
    program = load(spec)
    fine = True
    wanted = [DType(dtype) for dtype in dtypes]
    entries = chosen_entries(program, entry)
    made = (
        verify_on_gpu(entries, str(spec), thorough, form)
        if gpu
        else verify_program(entries, str(spec), thorough, wanted, targets if static else ())
    )
    for table, good in made:
        click.echo(table)
        fine = fine and good
    if not fine:
        sys.exit(1)
