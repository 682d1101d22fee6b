"""Work that is done again when a file changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import click

from diagc.cli.errors import report
from diagc.diagnostics import DiagnosticError

SECONDS: Final = 0.25
"""Between two looks at the files: below what a person notices after saving."""

watch_option = click.option(
    "--watch", is_flag=True, help="Do it again whenever a spec beside it changes; end with Ctrl-C."
)


def watched(
    specs: Iterable[Path], work: Callable[[], None], again: Callable[[], bool] = lambda: True
) -> None:
    """Do the work now and after each change of the specs or of others in their folders.

    Errors of the specs are printed and do not end it; it goes on while `again()` holds.
    """
    folders = sorted({spec.parent for spec in specs})
    seen: dict[Path, int] | None = None
    while again():
        now = {path: path.stat().st_mtime_ns for folder in folders for path in sorted(folder.glob("*.diag"))}
        if now != seen:
            seen = now
            try:
                work()
            except DiagnosticError as error:
                report(error.diagnostics)
            except click.exceptions.Exit:
                pass  # the errors are printed
            click.echo(f"watching {', '.join(map(str, folders))}", err=True)
        time.sleep(SECONDS)
