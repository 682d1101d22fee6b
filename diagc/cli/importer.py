"""The command `import`."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.cli.options import write_text


@click.command("import")
@click.argument("function", metavar="FILE.py:NAME")
@click.option("--args", "arguments", required=True, metavar="'f32[4,128] i32[4]'", help="Dtypes and shapes.")
@click.option("--framework", type=click.Choice(["jax", "torch"]), help="Where the file does not tell.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File; NAME.diag.")
def import_(function: str, arguments: str, framework: str | None, out: Path | None) -> None:
    """Write the specification of a function of JAX or PyTorch, or of a module, compared with it on random arrays.

    \b
    diagc import model.py:attend --args 'f32[8,64,32] f32[8,64,32] f32[8,64,32]'
    diagc import model.py:norm --args 'f32[128,512] f32[512]' -o norm.diag
    diagc import 'model.py:Block(64, heads=4)' --args 'f32[2,16,64]'

    Axes are found by data flow; annotations of jaxtyping name them. What has no diagram, as a sort, is a box, which
    stands as a comment with its type; what lies between boxes is one entry each. The code of FILE.py runs in a process
    of its own, with limits on time and memory, and may open no files.
    """
    from diagc.importers.boxed import Boxed, import_with_boxes

    file, wanted, call, given = parsed(function, arguments)
    made = import_with_boxes(file, wanted, given, framework, call)
    path = out or Path(f"{wanted}.diag")
    write_text(path, made.text)
    cut = ""
    if isinstance(made, Boxed):
        boxes = "1 box" if len(made.boxes) == 1 else f"{len(made.boxes)} boxes"
        regions = "1 region" if made.regions == 1 else f"{made.regions} regions"
        cut = f"{regions} and {boxes} ({', '.join(dict.fromkeys(made.boxes))}); "
    click.echo(f"{path}: {cut}the same as `{wanted}` within {made.error:.1e} of the largest element")


def parsed(function: str, arguments: str) -> tuple[Path, str, str | None, list[tuple[str, tuple[int, ...]]]]:
    """What a command is given as FILE.py:NAME and --args. Raises `click.BadParameter`."""
    from diagc.importers.function import parse_arguments, parse_function

    try:
        file, name, call = parse_function(function)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="FILE.py:NAME") from None
    try:
        return file, name, call, parse_arguments(arguments)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--args") from None
