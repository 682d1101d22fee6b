"""The command `draw`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagc.cli.options import (
    chosen_sizes,
    entry_option,
    size_option,
    spec_argument,
    write_bytes,
    write_text,
)  # fmt: skip
from diagc.cli.watch import watch_option, watched

if TYPE_CHECKING:
    from diagc.pictures import Style


@click.command()
@spec_argument
@entry_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False),
    help="The file; its ending chooses the format: .svg, .pdf, .tex (TikZ) or .html.",
)  # fmt: skip
@click.option("--learning", metavar="NAME", help="Draw this learning diagram.")
@click.option("--open-calls", is_flag=True, help="Draw the inside of called functions.")
@click.option("--kernels", is_flag=True, help="Draw the kernels: what streams, what programs share out.")
@click.option(
    "--as", "style", type=click.Choice(["strands", "overview", "tikz-cd", "quiver"]), default="strands",
    help="For a learning diagram: overview is one graph of all equations, tikz-cd writes a commuting diagram in TeX, "
    "quiver prints a link to edit it.",
)  # fmt: skip
@size_option
@watch_option
def draw(
    spec: Path, entry: str | None, out: Path | None, learning: str | None, open_calls: bool, kernels: bool,
    style: str,
    size: tuple[str, ...],
    watch: bool,
) -> None:  # fmt: skip
    """Draw an entry or a learning diagram of SPEC: one strand per axis, one cell per equation.

    Without --entry and --learning the last one of the file is drawn. Hover texts and HTML pages say bytes and
    operations, as numbers where --size gives all sizes.

    \b
    diagc draw specs/attention/attention.diag -o attention.svg
    diagc draw specs/attention/attention.diag --entry causal --kernels -o kernel.pdf
    diagc draw specs/transformer/block.diag -o block.html --size b=1,t=2048,x=2048
    diagc draw specs/learning/koopman.diag --as overview -o overview.svg
    diagc draw specs/learning/distill.diag --as quiver
    """
    if style in ("tikz-cd", "quiver"):
        _commuting(spec, learning, style, out)
        return
    if out is None:
        raise click.UsageError("name the file of the figure: -o figure.svg")
    shown: Style = (
        "overview" if style == "overview" else "kernels" if kernels else "open" if open_calls else "strands"
    )
    wish = _Wish(spec, entry, learning, shown, size)
    if watch:
        watched([spec], lambda: _draw(wish, out))
    else:
        _draw(wish, out)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be drawn."""

    spec: Path
    entry: str | None
    learning: str | None
    style: Style
    size: tuple[str, ...]


def _draw(wish: _Wish, out: Path) -> None:
    """Write one figure; the ending of the file chooses the format."""
    from diagc.api import load
    from diagc.pictures import FORMATS, figure

    if out.suffix not in FORMATS:
        raise click.UsageError(
            f"`{out.suffix or out}` is no format of figures; name one of {', '.join(FORMATS)}"
        )
    program = load(wish.spec)
    sizes = chosen_sizes(program.entries, wish.size)
    write_bytes(out, figure(program, out.suffix, wish.entry, wish.learning, wish.style, sizes))
    click.echo(out)


def _commuting(spec: Path, learning: str | None, style: str, out: Path | None) -> None:
    """Write or print a learning diagram for other programs."""
    from diagc.api import load
    from diagc.cli.options import chosen_learning
    from diagc.draw.commuting import quiver_link, tikz_cd
    from diagc.draw.learning import cells

    found = cells(chosen_learning(load(spec).learnings, learning, spec))
    text = tikz_cd(found) if style == "tikz-cd" else quiver_link(found) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(out)
