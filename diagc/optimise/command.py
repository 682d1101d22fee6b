"""What `diagc optimise` does with a function: one diagram for all of it, else regions of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diagc.diagnostics import DiagnosticError
from diagc.importers.function import import_function, import_parts
from diagc.optimise.function import Optimised, optimised
from diagc.optimise.parts import optimised_parts


def optimised_file(
    file: Path,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None,
    call: str | None,
    least_bytes: int,
    out: Path,
    explain: bool = False,
) -> Optimised:
    """The files that stand for a function of a file; they will lie in `out`.

    Raises `DiagnosticError` where its code fails.
    """
    try:
        whole = optimised(import_function(file, name, arguments, framework, call), file, name, explain)
        why = whole.why
    except DiagnosticError as error:
        if error.diagnostics[0].code not in ("E0702", "E1402"):
            raise
        whole, why = None, error.diagnostics[0].message
    if whole is not None and whole.found:
        return whole
    parts = optimised_parts(
        import_parts(file, name, arguments, framework, call), file, name, least_bytes, out, why, explain
    )
    return parts if parts.found or whole is None else whole
