"""The command `compile`: code out of a spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diagc.check.entry import Entry
from diagc.cli.options import (
    chosen_entries,
    chosen_sizes,
    entry_option,
    form_option,
    size_option,
    spec_argument,
    write_text,
)

if TYPE_CHECKING:
    from diagc.backends.emit import Carried
    from diagc.backends.launches import Form

_STAGES = ("tree", "diagram", "plan", "kernel", "triton", "jax")


@click.command("compile")
@spec_argument
@entry_option
@size_option
@form_option
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
@click.option(
    "--ptx",
    "architecture",
    type=click.Choice(["sm_80", "sm_90", "sm_100"]),
    is_flag=False,
    flag_value="sm_90",
    help="Compile the kernels that --size launches: into the JAX file, and to PTX beside the Triton file.",
)
def compile(
    spec: Path, entry: str | None, size: tuple[str, ...], form: Form, target: str, out: Path, emit: str | None,
    architecture: str | None,
) -> None:  # fmt: skip
    """Write the Triton and JAX code of SPEC to OUT/NAME_triton.py and OUT/NAME_jax.py.

    \b
    diagc compile specs/attention/attention.diag
    diagc compile specs/norm/norms.diag --entry layernorm --emit jax
    diagc compile specs/dense/layers.diag --size n=16
    diagc compile specs/attention/attention.diag --target jax --size d=128 --ptx sm_90
    diagc compile specs/attention/attention.diag --target triton --form descriptors

    Kernels are right at every size; those that --size gives decide in which order contractions are done.

    With --ptx the JAX file carries the kernels, and is these on CUDA and code in blocks elsewhere; its user needs
    JAX with its CUDA plugin, and neither Triton nor torch. Axes that a kernel holds have the sizes that --size gives,
    all others any size.

    Beside the Triton file PTX goes to OUT/NAME_sm_90/KERNEL.ptx. It takes dense arrays and sizes that are multiples of
    16, other than those that --size gives; kernels.json there says what each kernel is called with.
    """
    from diagc.api import jax_source, load, triton_source

    program = load(spec)
    entries = chosen_entries(program, entry)
    sizes = chosen_sizes(entries, size)
    if emit is not None:
        for stage in emit.split(","):
            click.echo(_stage(stage.strip(), entries, spec, sizes, form), nl=False)
        return
    if target != "jax":
        path = out / f"{spec.stem}_triton.py"
        write_text(path, triton_source(entries, str(spec), sizes, form))
        click.echo(path)
    if target != "triton":
        path = out / f"{spec.stem}_jax.py"
        carried = None if architecture is None else _carried(entries, sizes, architecture)
        write_text(path, jax_source(entries, str(spec), sizes, carried))
        click.echo(path)
    if architecture is not None and target != "jax":
        _write_ptx(entries, sizes, out / f"{spec.stem}_{architecture}", architecture)


def _carried(entries: Mapping[str, Entry], sizes: Mapping[str, int], target: str) -> Carried:
    from diagc.verify.ptx import carried

    found, problems = carried(entries, sizes, target)
    for report in problems:
        click.echo(f"{report.kernel}: {report.problem}", err=True)
    for name in entries.keys() - found.entries.keys():
        click.echo(f"{name}: no kernel is called by JAX at these sizes", err=True)
    return found


def _write_ptx(entries: Mapping[str, Entry], sizes: Mapping[str, int], folder: Path, target: str) -> None:
    from diagc.verify.ptx import compiled

    listed: list[dict[str, Any]] = []
    for entry in entries.values():
        for report, asked in compiled(entry, sizes, target):
            if report.problem is not None:
                click.echo(f"{report.kernel}: {report.problem}", err=True)
            if report.ptx:
                write_text(folder / f"{report.kernel}.ptx", report.ptx)
                listed.append(asked)
                click.echo(folder / f"{report.kernel}.ptx")
    write_text(folder / "kernels.json", json.dumps(listed, indent=1) + "\n")
    click.echo(folder / "kernels.json")


def _stage(stage: str, entries: Mapping[str, Entry], spec: Path, sizes: Mapping[str, int], form: Form) -> str:
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
            return api.triton_source(entries, str(spec), sizes, form)
        case "jax":
            return api.jax_source(entries, str(spec), sizes)
        case _:
            raise click.UsageError(f"no stage is called `{stage}`; there are {', '.join(_STAGES)}")
