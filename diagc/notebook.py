"""`%load_ext diagc` and the cell magic `%%diag`: a cell is a spec, its result its picture.

    %%diag --name d --entry causal
    diag 1
    …

draws the entry and keeps it as `d`, a `diagc.loaded.Loaded`. Errors are printed with their lines and carets.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import Any

from diagc.diagnostics import DiagnosticError
from diagc.loaded import Loaded, loads


def register(shell: Any) -> None:
    """Give an IPython shell the magic."""

    def diag(line: str, cell: str) -> Loaded | None:
        from diagc.rendered import render_text

        wanted = argparse.ArgumentParser("%%diag", add_help=False)
        wanted.add_argument("--name", help="the variable that keeps the diagram")
        wanted.add_argument("--entry", help="the entry that is drawn; else the last")
        options = wanted.parse_args(shlex.split(line))
        try:
            found = loads(cell, options.entry)
        except DiagnosticError as error:
            sys.stderr.write(render_text(error.diagnostics))
            return None
        if options.name:
            shell.push({options.name: found})
        return found

    shell.register_magic_function(diag, "cell", "diag")
