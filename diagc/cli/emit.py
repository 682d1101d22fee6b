"""The command `compile`: code out of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from diagc.check.entry import Entry
from diagc.cli.options import (
    chosen_entries,
    chosen_sizes,
    entry_option,
    size_option,
    spec_argument,
    write_text,
)

_STAGES = ("tree", "diagram", "plan", "kernel", "triton", "jax")


@click.command("compile")
@spec_argument
@entry_option
@size_option
@click.option("--target", type=click.Choice(["all", "triton", "jax"]), default="all", help="What to write.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("kernels_out"),
    help="Folder.",
)
@click.option(
    "--emit", metavar="STAGES", help=f"Print instead, of {', '.join(_STAGES)}; several with commas."
)
def compile(
    spec: Path, entry: str | None, size: tuple[str, ...], target: str, out: Path, emit: str | None
) -> None:
    """Write the Triton and JAX code of SPEC to OUT/NAME_triton.py and OUT/NAME_jax.py.

    \b
    diagc compile specs/attention/attention.diag
    diagc compile specs/norm/norms.diag --entry layernorm --emit jax
    diagc compile specs/dense/layers.diag --size n=16

    Kernels are right at every size; those that --size gives decide in which order contractions are done.
    """
    from diagc.api import jax_source, load, triton_source

    program = load(spec)
    entries = chosen_entries(program, entry)
    sizes = chosen_sizes(entries, size)
    if emit is not None:
        for stage in emit.split(","):
            click.echo(_stage(stage.strip(), entries, spec, sizes), nl=False)
        return
    if target != "jax":
        path = out / f"{spec.stem}_triton.py"
        write_text(path, triton_source(entries, str(spec), sizes))
        click.echo(path)
    if target != "triton":
        path = out / f"{spec.stem}_jax.py"
        write_text(path, jax_source(entries, str(spec), sizes))
        click.echo(path)


def _stage(stage: str, entries: Mapping[str, Entry], spec: Path, sizes: Mapping[str, int]) -> str:
    from diagc import api

    match stage:
        case "tree":
            return api.tree_text(str(spec))
        case "diagram":
            return api.diagram_text(entries)
        case "plan":
            return api.derivation_text(entries, sizes)
        case "kernel":
            return api.kernel_text(entries, sizes)
        case "triton":
            return api.triton_source(entries, str(spec), sizes)
        case "jax":
            return api.jax_source(entries, str(spec), sizes)
        case _:
            raise click.UsageError(f"no stage is called `{stage}`; there are {', '.join(_STAGES)}")
