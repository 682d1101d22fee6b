"""Commands on sources: `check`, `fmt`, `explain`."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

import click

from diagc.cli.options import specs_argument, write_text
from diagc.diagnostics import Diagnostic, DiagnosticError


@click.command()
@specs_argument
@click.option(
    "--format", "style", type=click.Choice(["full", "short", "json", "github", "sarif"]), default="full",
    help="How errors are printed.",
)  # fmt: skip
def check(specs: tuple[Path, ...], style: str) -> None:
    """Report every error of SPECS; exit with 1 if there is one.

    \b
    diagc check specs/attention/attention.diag
    diagc check specs/**/*.diag --format github
    """
    from diagc.api import load

    found: list[Diagnostic] = []
    for spec in specs:
        try:
            load(spec)
        except DiagnosticError as error:
            found += error.diagnostics
    _print(tuple(found), style)
    if found:
        sys.exit(1)


def _print(found: tuple[Diagnostic, ...], style: str) -> None:
    from diagc.cli import main, render, report

    if style == "full":
        if found:
            main.report(found)
        return
    texts = {
        "short": render.render_short, "json": report.render_json, "github": report.render_github,
        "sarif": report.render_sarif,
    }  # fmt: skip
    click.echo(texts[style](found), nl=False)


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
        raise click.UsageError(f"no error has the code `{code}`; codes look like E0301")
    click.echo(page)


def _pages() -> dict[str, str]:
    """The sections of the error index by code."""
    inside = Path(__file__).parent.parent / "docs" / "errors.md"
    path = inside if inside.exists() else Path(__file__).parents[2] / "docs" / "errors.md"
    parts = re.split(r"^## (?=E\d{4})", path.read_text("utf-8"), flags=re.MULTILINE)
    return {part[:5]: part.rstrip() for part in parts[1:]}
