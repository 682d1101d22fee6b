"""The command `optimise`."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.cli.importer import parsed
from diagc.cli.options import write_text
from diagc.limits import LEAST_REGION_BYTES


@click.command()
@click.argument("function", metavar="FILE.py:NAME")
@click.option("--args", "arguments", required=True, metavar="'f32[4,128] i32[4]'", help="Dtypes and shapes.")
@click.option("--framework", type=click.Choice(["jax", "torch"]), help="Where the file does not tell.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder.")
@click.option(
    "--least-bytes",
    type=click.IntRange(min=0),
    default=LEAST_REGION_BYTES,
    show_default=True,
    help="Of parts of a function: those that move less stay as they are.",
)
@click.option(
    "--explain", is_flag=True, help="Say why: the predicted cost without each law, and of schedules."
)
@click.option("--measure", is_flag=True, help="Run both here: errors, times and memory, in the report.")
def optimise(
    function: str, arguments: str, framework: str | None, out: Path, least_bytes: int, explain: bool, measure: bool
) -> None:  # fmt: skip
    """Write a module that stands for a function of JAX or PyTorch: the same signature, derived kernels.

    \b
    diagc optimise model.py:attend --args 'f32[8,1024,64] f32[8,1024,64] f32[8,1024,64]' -o fast
    diagc optimise 'model.py:Block(64, heads=4)' --args 'f32[2,16,64]'

    OUT/NAME_optimised.py has the function, forward and backward, by the derived code beside it: on a GPU its kernels,
    on a CPU blocks. OUT/NAME.md says what was found and by which laws, bytes and time before and after as predicted,
    and how far it is from the function. Where the whole is no diagram, or gains nothing as one, regions of it are
    replaced and all else stays as it is. Where nothing is found, that is said, and no module is written. With --measure
    both are run on this machine, values and gradients, beside the function in float64.
    """
    from diagc.optimise.command import optimised_file
    from diagc.optimise.measured import measured_lines

    file, wanted, call, given = parsed(function, arguments)
    made = optimised_file(file, wanted, given, framework, call, least_bytes, out, explain)
    for name, text in made.files.items():
        write_text(out / name, text)
    report = made.report
    if measure and made.found:
        module = out / f"{wanted}_optimised.py"
        report += "\n" + "\n".join(measured_lines(module, file, wanted, given, framework, call))
        write_text(out / f"{wanted}.md", report)
    click.echo(report)
    click.echo("\n".join(str(out / name) for name in made.files))
