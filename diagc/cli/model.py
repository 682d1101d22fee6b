"""`diagc model`: edits of trained models that keep their arrays.

Exit codes: 0 fine, 1 a file or a part does not fit, 2 usage, 70 a bug.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from diagc.learn.edits import Arrays
    from diagc.source import Source

_FILE = click.Path(path_type=Path)
_OUT = click.option("-o", "--out", type=_FILE, required=True, metavar="FILE", help="The file to write.")


@click.group(short_help="edit trained models")
def model() -> None:
    """Take models apart and put them together; say in a specification which stay and which are shared.

    \b
    diagc model extract teacher.safetensors l1 -o l1.safetensors
    diagc model swap student.safetensors l1 l1.safetensors -o new.safetensors
    diagc model freeze spec.diag teacher -o frozen.diag
    """


def _reported(work: Callable[[], str]) -> None:
    """Do it and say so, or report what is wrong."""
    from diagc.cli.main import report
    from diagc.diagnostics import DiagnosticError

    try:
        click.echo(work())
    except DiagnosticError as error:
        raise SystemExit(report(error.diagnostics)) from None


def _saved(out: Path, make: Callable[[], Arrays]) -> str:
    from diagc.learn.edits import write_model

    arrays = make()
    write_model(out, arrays)
    return f"wrote {out}: {len(arrays)} arrays"


@model.command()
@click.argument("file", type=_FILE)
@click.argument("part")
@_OUT
def extract(file: Path, part: str, out: Path) -> None:
    """Write a PART of FILE as a model of its own."""
    from diagc.learn import edits

    _reported(lambda: _saved(out, lambda: edits.extract(edits.read_model(file), part)))


@model.command()
@click.argument("file", type=_FILE)
@click.argument("part")
@click.argument("other", type=_FILE)
@_OUT
def swap(file: Path, part: str, other: Path, out: Path) -> None:
    """Put the model OTHER in the place of a PART of FILE."""
    from diagc.learn import edits

    _reported(lambda: _saved(out, lambda: edits.swap(edits.read_model(file), part, edits.read_model(other))))


@model.command()
@click.argument("file", type=_FILE)
@click.argument("part")
@click.argument("to")
@_OUT
def copy(file: Path, part: str, to: str, out: Path) -> None:
    """Give the arrays of a PART of FILE to the part TO as well."""
    from diagc.learn import edits

    _reported(lambda: _saved(out, lambda: edits.copy(edits.read_model(file), part, to)))


@model.command()
@click.argument("left", type=_FILE)
@click.argument("right", type=_FILE)
@_OUT
def glue(left: Path, right: Path, out: Path) -> None:
    """Join two models that agree where they share names."""
    from diagc.learn import edits

    _reported(lambda: _saved(out, lambda: edits.glue(edits.read_model(left), edits.read_model(right))))


def _rewritten(spec: Path, out: Path, edit: Callable[[Source], str]) -> str:
    from diagc.cli.options import write_text
    from diagc.syntax.files import load_source

    write_text(out, edit(load_source(spec, spec.parent)))
    return f"wrote {out}"


@model.command()
@click.argument("spec", type=_FILE)
@click.argument("name")
@click.option("--weights", metavar="FILE", help="Its weights, below the folder of the specification.")
@_OUT
def freeze(spec: Path, name: str, weights: str | None, out: Path) -> None:
    """Declare the model NAME of SPEC frozen."""
    from diagc.learn import edits

    _reported(lambda: _rewritten(spec, out, lambda source: edits.freeze(source, name, weights)))


@model.command()
@click.argument("spec", type=_FILE)
@click.argument("name")
@_OUT
def thaw(spec: Path, name: str, out: Path) -> None:
    """Let the model NAME of SPEC train, from the weights at which it was frozen."""
    from diagc.learn import edits

    _reported(lambda: _rewritten(spec, out, lambda source: edits.thaw(source, name)))


@model.command()
@click.argument("spec", type=_FILE)
@click.argument("name")
@click.argument("to")
@_OUT
def tie(spec: Path, name: str, to: str, out: Path) -> None:
    """Let the model TO take the place of NAME in SPEC."""
    from diagc.learn import edits

    _reported(lambda: _rewritten(spec, out, lambda source: edits.tie(source, name, to)))
