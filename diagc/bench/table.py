"""Measurements as a table for people and as JSON with their provenance."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any, Final

from diagc.bench.host import processor
from diagc.bench.measurement import Measurement, Spread, spoken_sizes
from diagc.check.program import Program
from diagc.core.canonical import diagram_hash
from diagc.version import __version__

TOLERANCE: Final = (
    "relative to the norm of the float64 reference, on a small size: at most twice the error of the same computation "
    "written plainly in the same dtypes, plus one unit in the last place; 8 times that for a peer"
)
_LIBRARIES: Final = ("jax", "jaxlib", "numpy", "torch", "triton")
_MEGABYTE: Final = 1e6


def provenance(program: Program, measurements: Sequence[Measurement], date: str, spec: str) -> dict[str, Any]:
    """What is needed to repeat the measurements: versions, machine, hashes of the diagrams, sizes, tolerance."""
    entries = dict.fromkeys(m.entry for m in measurements)
    return {
        "diagc": __version__,
        "python": platform.python_version(),
        "versions": {name: found for name in _LIBRARIES if (found := _version(name))},
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "date": date,
        "spec": spec,
        "diagrams": {name: diagram_hash(program.entries[name].diagram) for name in entries},
        "tolerance": TOLERANCE,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def text_table(measurements: Iterable[Measurement]) -> str:
    """One table for each entry; seconds are CPU seconds of all threads, megabytes are above what was there before."""
    grouped = groupby(measurements, key=lambda m: (m.entry, m.sizes))
    return "\n".join(_entry_table(name, list(rows)) for (name, _), rows in grouped)


def _entry_table(name: str, rows: list[Measurement]) -> str:
    head = ("implementation", "CPU s", "least–most", "wall s", "MB run", "MB all", "first s", "error")
    body = [head, *map(_row, rows)]
    widths = [max(len(row[i]) for row in body) for i in range(len(head))]
    lines = [f"{name}, {rows[0].work}  {rows[0].dtype}  {spoken_sizes(rows[0].sizes)}"]
    for row in body:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    lines += [f"  {m.implementation}: {m.problem}" for m in rows if m.problem]
    return "\n".join(lines) + "\n"


def _row(m: Measurement) -> tuple[str, ...]:
    label = (
        m.implementation
        if m.library == "diagc"
        else f"{m.library} {_version(m.library) or ''} {m.implementation}"
    )
    if m.cpu is None or m.wall is None:
        return (label, *["–"] * 6, f"{m.error:.1e}")
    return (
        label, _seconds(m.cpu.median), f"{_seconds(m.cpu.least)}–{_seconds(m.cpu.most)}", _seconds(m.wall.median),
        f"{m.run_memory / _MEGABYTE:.0f}", f"{m.memory / _MEGABYTE:.0f}", _seconds(m.first), f"{m.error:.1e}",
    )  # fmt: skip


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def to_json(
    program: Program,
    measurements: Sequence[Measurement],
    date: str,
    spec: str,
    device: Mapping[str, str] | None = None,
) -> str:
    """The measurements and their provenance; the same input gives the same text. `device` describes a GPU."""
    about = provenance(program, measurements, date, PurePath(spec).name)
    if device is not None:
        about["device"] = dict(device)
    log = {"provenance": about, "measurements": [_entry(m) for m in measurements]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _entry(m: Measurement) -> dict[str, Any]:
    made = asdict(m)
    made["cpu"], made["wall"] = _rounded(m.cpu), _rounded(m.wall)
    made["first"] = round(m.first, 4)
    made["error"] = None if m.error != m.error else float(f"{m.error:.3g}")  # JSON has no NaN
    made["allowed"] = float(f"{m.allowed:.3g}")
    return made


def _rounded(spread: Spread | None) -> dict[str, float] | None:
    """Six digits: more are noise."""
    if spread is None:
        return None
    digits = {key: float(f"{value:.6g}") for key, value in asdict(spread).items()}
    return digits | {"count": spread.count}


def file_name(spec: str, measurements: Sequence[Measurement], date: str) -> str:
    """A name that says what was measured: date, spec, entries, what of them if not results, and sizes."""
    works = "".join(f"-{work}" for work in dict.fromkeys(m.work for m in measurements) if work != "forward")
    entries = "-".join(dict.fromkeys(m.entry for m in measurements))
    sizes: dict[str, list[int]] = {}
    for symbol, size in (pair for m in measurements for pair in m.sizes.items()):
        sizes.setdefault(symbol, []).append(size)
    spoken = [
        f"{symbol}{min(some)}" if min(some) == max(some) else f"{symbol}{min(some)}to{max(some)}"
        for symbol, some in sizes.items()
    ]
    return f"{date}-{Path(spec).stem}-{entries}{works}-{'-'.join(spoken)}.json"
