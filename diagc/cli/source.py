"""Commands on sources: `check`, `fmt`, `explain`."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

import click

from diagc.cli.errors import FORMATS, report
from diagc.cli.options import specs_argument, write_text
from diagc.cli.suggest import suggestion
from diagc.cli.watch import watch_option, watched
from diagc.diagnostics import Diagnostic, DiagnosticError


@click.command()
@specs_argument
@click.option("--format", "style", type=click.Choice(FORMATS), help="How errors are printed.")
@watch_option
@click.pass_context
def check(ctx: click.Context, specs: tuple[Path, ...], style: str | None, watch: bool) -> None:
    """Report every error of SPECS; exit with 1 if there is one.

    \b
    diagc check specs/attention/attention.diag
    diagc check specs/**/*.diag --format github
    diagc check specs/attention/masks.diag --watch
    """
    above = ctx.parent.params.get("style") if ctx.parent is not None else None
    chosen = style or above or "full"
    if watch:
        watched(specs, lambda: _checked(specs, chosen))
    else:
        _checked(specs, chosen)


def _checked(specs: tuple[Path, ...], style: str) -> None:
    """Print the errors of specs; raises `Exit` when there are any, and says nothing more."""
    from diagc.api import load

    found: list[Diagnostic] = []
    for spec in specs:
        try:
            load(spec)
        except DiagnosticError as error:
            found += error.diagnostics
    if found or style not in ("full", "short"):
        code = report(tuple(found), style)
        if found:
            raise click.exceptions.Exit(code)


@click.command()
@specs_argument
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file would change."
)
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
def fmt(specs: tuple[Path, ...], only_check: bool, diff: bool) -> None:
    """Lay SPECS out in the one style. Comments are kept; the result is proved to mean the same."""
    from diagc.syntax.files import load_source
    from diagc.syntax.format import format_source

    changed = False
    for spec in specs:
        source = load_source(spec, spec.parent)
        text = format_source(source)
        if text == source.text:
            continue
        changed = True
        if diff:
            before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
            click.echo("".join(difflib.unified_diff(before, after, str(spec), str(spec))), nl=False)
        elif only_check:
            click.echo(f"would reformat {spec}")
        else:
            write_text(spec, text)
            click.echo(f"reformatted {spec}")
    if changed and (only_check or diff):
        sys.exit(1)


@click.command()
@click.argument("code")
def explain(code: str) -> None:
    """Print the page that documents an error CODE, such as E0301."""
    page = _pages().get(code.upper())
    if page is None:
        near = suggestion(code.upper(), _pages()) or "; codes look like E0301"
        raise click.UsageError(f"no error has the code `{code}`{near}")
    click.echo(page)


def _pages() -> dict[str, str]:
    """The sections of the error index by code."""
    inside = Path(__file__).parent.parent / "docs" / "errors.md"
    path = inside if inside.exists() else Path(__file__).parents[2] / "docs" / "errors.md"
    parts = re.split(r"^## (?=E\d{4})", path.read_text("utf-8"), flags=re.MULTILINE)
    return {part[:5]: part.rstrip() for part in parts[1:]}
