"""The façade: everything that the command line does, as functions on values.

>>> from diagc.source import Source
>>> check(Source("a.diag", "diag 1 axis n fn f(X: f32[n]) -> f32 { return sum[n](X) }"))
()
"""

from __future__ import annotations

from pathlib import Path

from diagc.check.program import Program, collect, read_program
from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.source import Source


def check(source: Source, files: dict[str, str] | None = None) -> tuple[Diagnostic, ...]:
    """Every error of a text; `files` holds texts by the path under which `use` names them."""
    try:
        _, sink = collect(source, Path(source.name).parent, files)
    except DiagnosticError as error:
        return error.diagnostics
    return tuple(sink.diagnostics)


def load(path: Path) -> Program:
    """The checked program of a file. Raises `DiagnosticError` with every error of the file."""
    return read_program(path)


def reveal(source: Source, line: int, name: str) -> str:
    """The type of the value called `name` that is defined on a line, as `f32[q x]`."""
    program, _ = collect(source, Path(source.name).parent)
    for entry in program.entries.values():
        for written, node in entry.defined:
            if written.text == name and written.span.source == source and written.span.line == line:
                return str(node.array)
    raise KeyError(name)
