"""The command `compile`: code out of a spec."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.cli.options import chosen_entries, entry_option, spec_argument, write_text

_STAGES = ("tree", "diagram", "plan", "kernel", "triton", "jax")


@click.command("compile")
@spec_argument
@entry_option
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
def compile(spec: Path, entry: str | None, target: str, out: Path, emit: str | None) -> None:
    """Write the Triton and JAX code of SPEC to OUT/NAME_triton.py and OUT/NAME_jax.py.

    \b
    diagc compile specs/attention/attention.diag
    diagc compile specs/norm/norms.diag --entry layernorm --emit jax
    """
    from diagc.api import jax_source, load, triton_source

    program = load(spec)
    entries = chosen_entries(program, entry)
    if emit is not None:
        for stage in emit.split(","):
            click.echo(_stage(stage.strip(), entries, spec), nl=False)
        return
    if target != "jax":
        path = out / f"{spec.stem}_triton.py"
        write_text(path, triton_source(entries, str(spec)))
        click.echo(path)
    if target != "triton":
        path = out / f"{spec.stem}_jax.py"
        write_text(path, jax_source(entries, str(spec)))
        click.echo(path)


def _stage(stage: str, entries: object, spec: Path) -> str:
    from diagc import api

    makers = {
        "tree": api.tree_text, "diagram": api.diagram_text, "plan": api.derivation_text, "kernel": api.kernel_text,
        "triton": api.triton_source, "jax": api.jax_source,
    }  # fmt: skip
    if stage not in makers:
        raise click.UsageError(f"no stage is called `{stage}`; there are {', '.join(_STAGES)}")
    return makers[stage](entries, str(spec))  # pyright: ignore[reportArgumentType]
