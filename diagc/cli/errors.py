"""How errors leave the command line: to people on standard error, to programs on standard output."""

from __future__ import annotations

import os
import sys
from typing import Final

import click

from diagc.diagnostics import Diagnostic

FORMATS: Final = ("full", "short", "json", "github", "sarif")


def report(diagnostics: tuple[Diagnostic, ...], style: str = "full") -> int:
    """Print diagnostics: for people to standard error, for programs to standard output; the exit code they mean."""
    from diagc import rendered
    from diagc.cli import report as machines

    if style == "full":
        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        click.echo(rendered.render_text(diagnostics, colour), err=True, nl=False, color=colour)
    else:
        texts = {
            "short": rendered.render_short, "json": machines.render_json, "github": machines.render_github,
            "sarif": machines.render_sarif,
        }  # fmt: skip
        click.echo(texts[style](diagnostics), nl=False)
    environment = bool(diagnostics) and all(d.code.startswith("E10") for d in diagnostics)
    return 2 if environment else 1
