"""A function of a user's Python file as a specification: traced in a child process, written, and compared with it.

Source of the comparison: the function itself, run once by its own framework on random arrays.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.diagnostics import Label, failure
from diagc.importers.traced import Traced, read
from diagc.importers.values import NoDiagram
from diagc.importers.written import write
from diagc.limits import IMPORT_BYTES, IMPORT_SECONDS
from diagc.source import Source
from diagc.syntax.format import format_source

DTYPES = {
    "f64": "float64", "f32": "float32", "bf16": "bfloat16", "f16": "float16", "i64": "int64", "i32": "int32",
    "i16": "int16", "i8": "int8", "u8": "uint8", "bool": "bool",
}  # fmt: skip
"""The dtypes of arguments, and what NumPy calls them."""

TOLERANCES = {"f64": 1e-9, "f32": 1e-4, "f16": 2e-2, "bf16": 5e-2}
"""How far a result may be from float64, of its largest element: the rounding of the function's own steps."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A specification, and how far its results are from the function's: the largest difference, relative."""

    text: str
    error: float


def parse_arguments(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """`f32[4,128] i32[4]` as dtypes and shapes. Raises `ValueError`."""
    found = re.findall(r"(\w+)\[([^\]]*)\]", text)
    left = re.sub(r"\w+\[[^\]]*\]", "", text).strip(" ,")
    if left or any(dtype not in DTYPES for dtype, _ in found):
        raise ValueError(f"write arguments as `f32[4,128] i32[4]`; dtypes are {', '.join(DTYPES)}")
    return [(dtype, tuple(int(n) for n in shape.replace(" ", "").split(",") if n)) for dtype, shape in found]


def import_function(file: Path, name: str, arguments: Sequence[tuple[str, tuple[int, ...]]]) -> Imported:
    """The specification of a function of arrays at these arguments.

    Raises `DiagnosticError`: E1401 where its code fails or does what is not allowed, E1402 for an operation without a
    diagram, E1403 where the specification computes something else.
    """
    source = Source(str(file), file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        traced = _trace(source, file, name, arguments, folder)
        try:
            text = write(traced, f"{file.name}:{name}")
        except NoDiagram as found:
            raise failure(
                "E1402", f"`{name}`: {found.message}", *_place(source, found.line),
                help="write that part as a specification by hand, or import the functions around it",
            ) from None  # fmt: skip
        error = _error(text, name, traced, folder)
    if not error <= max(TOLERANCES.get(v.dtype, 0.0) for v in traced.outputs):
        raise failure(
            "E1403", f"the specification of `{name}` differs from it by {error:.1e} of the largest element",
            help="please report it with the function; nothing was written",
        )  # fmt: skip
    return Imported(format_source(Source(f"{name}.diag", text)), error)


def _trace(
    source: Source, file: Path, name: str, arguments: Sequence[tuple[str, tuple[int, ...]]], folder: Path
) -> Traced:  # fmt: skip
    request = {
        "file": str(file.resolve()), "function": name, "bytes": IMPORT_BYTES, "seconds": IMPORT_SECONDS,
        "arguments": [[DTYPES[dtype], shape] for dtype, shape in arguments],
    }  # fmt: skip
    (folder / "request.json").write_text(json.dumps(request))
    command = [sys.executable, "-m", "diagc.importers.jax_worker", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=2 * IMPORT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _failed(source, f"`{name}` did not end in {2 * IMPORT_SECONDS} s", None) from None
    if (folder / "error.json").exists():
        said = json.loads((folder / "error.json").read_text())
        raise _failed(source, f"`{name}`: {said['message']}", said["line"])
    if not (folder / "graph.json").exists():
        reason = f"did not end in {IMPORT_SECONDS} s" if done.returncode in (-24, -9) else "ended the process"
        raise _failed(source, f"`{name}` {reason}", None)
    return read(json.loads((folder / "graph.json").read_text()))


def _failed(source: Source, message: str, line: int | None) -> Exception:
    return failure(
        "E1401", message, *_place(source, line),
        help="functions of arrays alone are imported: no files, no programs, arguments as in `--args`",
    )  # fmt: skip


def _place(source: Source, line: int | None) -> list[Label]:
    """A line of the user's file."""
    return [] if line is None else [Label(source.line_span(line), "here")]


def _error(text: str, name: str, traced: Traced, folder: Path) -> float:
    """The largest difference between the specification in float64 and the function, of the largest element."""
    entry = check_source(Source(f"{name}.diag", text)).entries[name]
    inputs, outputs = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    found = evaluate(entry.diagram, {n: inputs[n] for n, _, _ in traced.inputs})
    worst = 0.0
    for made, key in zip(found, outputs.files, strict=True):
        expected = outputs[key]
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-30)
        same = (made == expected) | (np.isnan(made) & np.isnan(expected))
        worst = max(worst, float(np.where(same, 0.0, np.abs(made - expected) / scale).max(initial=0.0)))
    return worst
