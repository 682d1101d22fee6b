"""The command `import`."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.cli.options import write_text


@click.command("import")
@click.argument("function", metavar="FILE.py:NAME")
@click.option("--args", "arguments", required=True, metavar="'f32[4,128] i32[4]'", help="Dtypes and shapes.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File; NAME.diag.")
def import_(function: str, arguments: str, out: Path | None) -> None:
    """Write the specification of a JAX function of arrays, compared with the function on random arrays.

    \b
    diagc import model.py:attend --args 'f32[8,64,32] f32[8,64,32] f32[8,64,32]'
    diagc import model.py:norm --args 'f32[128,512] f32[512]' -o norm.diag

    Axes are found by data flow; annotations of jaxtyping name them. The code of FILE.py runs in a process of its own,
    with limits on time and memory, and may open no files.
    """
    from diagc.importers.function import import_function, parse_arguments

    name, _, wanted = function.rpartition(":")
    file = Path(name)
    if not name or not file.is_file():
        raise click.BadParameter(
            f"write FILE.py:NAME, with a file that exists: {function}", param_hint="FILE.py:NAME"
        )
    try:
        given = parse_arguments(arguments)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--args") from None
    made = import_function(file, wanted, given)
    path = out or Path(f"{wanted}.diag")
    write_text(path, made.text)
    click.echo(f"{path}: the same as `{wanted}` within {made.error:.1e} of the largest element")
