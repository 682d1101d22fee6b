"""The command `draw`."""

from __future__ import annotations

from pathlib import Path

import click

from diagc.cli.options import entry_option, spec_argument, write_text


@click.command()
@spec_argument
@entry_option
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The SVG file."
)
@click.option("--learning", metavar="NAME", help="Draw this learning diagram.")
@click.option("--open-calls", is_flag=True, help="Draw the inside of called functions.")
def draw(spec: Path, entry: str | None, out: Path, learning: str | None, open_calls: bool) -> None:
    """Draw an entry or a learning diagram of SPEC as SVG: one strand per axis.

    Without --entry and --learning the last one of the file is drawn.
    """
    from diagc.api import load, picture

    if out.suffix != ".svg":
        raise click.UsageError(f"`{out.suffix or out}` is not drawn yet; name a file that ends in .svg")
    write_text(out, picture(load(spec), entry, learning, open_calls))
    click.echo(out)
