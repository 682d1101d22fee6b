"""What was measured on this machine of a function and of the module that stands for it, as lines of a report."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diagc.cost.words import amount, seconds
from diagc.importers.function import answered, request_of
from diagc.limits import MEASURE_SECONDS
from diagc.source import Source


def measured_lines(
    module: Path,
    file: Path,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None,
    call: str | None,
) -> list[str]:
    """A table of errors, times and memory of a function and of the module that stands for it.

    Both are run in a child process with limits. Raises `DiagnosticError` E1401 where one of them fails.
    """
    source = Source(str(file), file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as path:
        request: dict[str, Any] = {
            **request_of(source, name, arguments, framework, call),
            "seconds": MEASURE_SECONDS, "module": str(module.resolve()),
        }  # fmt: skip
        found = answered(source, Path(path), request, "diagc.optimise.measure_worker", "measured.json")
    return _table(found)


def _table(found: Mapping[str, Any]) -> list[str]:
    sides = found["function"], found["derived"]
    rows = [
        ("forward", *(seconds(s["forward"]) for s in sides)),
        ("forward and backward", *(seconds(s["both"]) for s in sides)),
        ("memory, forward", *(amount(s["forward_bytes"]) for s in sides)),
        ("memory, forward and backward", *(amount(s["both_bytes"]) for s in sides)),
        ("error of values", *(f"{s['values']:.1e}" for s in sides)),
        ("error of gradients", *(f"{s['gradients']:.1e}" for s in sides)),
    ]
    about = f"Measured on {found['machine']}, {found['versions']}"
    reading = (
        "memory is how far the resident set grows in a second run, errors are shares of the largest element"
    )
    return [
        f"{about}; times are medians of {found['rounds']} interleaved runs,",
        f"{reading}, beside {found['reference']}:",
        "",
        f"| | {found['peer']} | as derived |",
        "|---|--:|--:|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
