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
from typing import Any

import numpy as np

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.diagnostics import Label, failure
from diagc.importers.frameworks import frameworks
from diagc.importers.traced import NAMES, Parts, Traced, read
from diagc.importers.values import NoDiagram
from diagc.importers.written import named, write
from diagc.limits import IMPORT_BYTES, IMPORT_SECONDS
from diagc.source import Source
from diagc.syntax.format import format_source

TOLERANCES = {"f64": 1e-9, "f32": 1e-4, "f16": 2e-2, "bf16": 5e-2}
"""How far a result may be from float64, of its largest element: the rounding of the function's own steps."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A specification, and how far its results are from the function's: the largest difference, relative.

    `parameters` are the paths of what a module holds.
    """

    text: str
    error: float
    framework: str
    traced: Traced
    parameters: tuple[str, ...]

    @property
    def arguments(self) -> int:
        """How many of the inputs are the function's own; parameters come after them."""
        return len(self.traced.inputs) - len(self.parameters)


def parse_arguments(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """`f32[4,128] i32[4]` as dtypes and shapes. Raises `ValueError`."""
    found = re.findall(r"(\w+)\[([^\]]*)\]", text)
    left = re.sub(r"\w+\[[^\]]*\]", "", text).strip(" ,")
    if left or any(dtype not in NAMES for dtype, _ in found):
        raise ValueError(f"write arguments as `f32[4,128] i32[4]`; dtypes are {', '.join(NAMES)}")
    return [(dtype, tuple(int(n) for n in shape.replace(" ", "").split(",") if n)) for dtype, shape in found]


def parse_function(text: str) -> tuple[Path, str, str | None]:
    """`FILE.py:NAME` or `FILE.py:NAME(64, heads=4)` as file, name, and what stands in brackets. Raises `ValueError`."""
    head, bracket, call = text.partition("(")
    file, _, name = head.rpartition(":")
    if not file or not Path(file).is_file() or (bracket and not call.endswith(")")):
        raise ValueError(f"write FILE.py:NAME, with a file that exists: {text}")
    return Path(file), name, call[:-1] if bracket else None


def import_function(
    file: Path,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None = None,
    call: str | None = None,
) -> Imported:
    """The specification of a function or module at these arguments; `call` is what makes a module: `64, heads=4`.

    Raises `DiagnosticError`: E1401 where its code fails or does what is not allowed, E1402 for an operation without a
    diagram, E1403 where the specification computes something else.
    """
    source = Source(str(file), file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        request: dict[str, Any] = request_of(source, name, arguments, framework, call)
        traced = _trace(source, folder, request).traced
        try:
            text = write(traced, f"{file.name}:{name}")
        except NoDiagram as found:
            raise no_diagram(source, f"`{name}`: {found.message}", found.line) from None
        parameters = tuple(json.loads((folder / "parameters.json").read_text()))
        error = _error(text, name, traced, folder)
    if not error <= max(TOLERANCES.get(v.dtype, 0.0) for v in traced.outputs):
        raise failure(
            "E1403", f"the specification of `{name}` differs from it by {error:.1e} of the largest element",
            help="please report it with the function; nothing was written",
        )  # fmt: skip
    return Imported(
        format_source(Source(f"{name}.diag", text)), error, request["framework"], traced, parameters
    )


@dataclass(frozen=True, slots=True)
class ImportedParts:
    """A function some operators of which have no diagram; `parameters` as in `Imported`."""

    parts: Parts
    framework: str
    parameters: tuple[str, ...]
    is_module: bool


def import_parts(
    file: Path,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None = None,
    call: str | None = None,
) -> ImportedParts:
    """The operations of a function or module, also those without a diagram. Raises `DiagnosticError` E1401."""
    source = Source(str(file), file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as path:
        request: dict[str, Any] = {**request_of(source, name, arguments, framework, call), "kind": "parts"}
        found = _trace(source, Path(path), request)
        parameters = tuple(json.loads((Path(path) / "parameters.json").read_text()))
    return ImportedParts(found, request["framework"], parameters, call is not None)


def request_of(
    source: Source,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None,
    call: str | None,
) -> dict[str, Any]:
    """What the child process is asked for."""
    return {
        "file": str(Path(source.name).resolve()), "function": name, "call": call, "kind": "whole",
        "framework": framework or _framework(source, name), "bytes": IMPORT_BYTES, "seconds": IMPORT_SECONDS,
        "arguments": [[NAMES[dtype], shape] for dtype, shape in arguments],
    }  # fmt: skip


def _framework(source: Source, name: str) -> str:
    """The framework of a function. Raises `DiagnosticError` where its text does not tell."""
    try:
        found = frameworks(source.text, name)
    except SyntaxError as error:
        raise _failed(source, f"SyntaxError: {error.msg}", error.lineno) from None
    if len(found) != 1:
        said = f"uses {' and '.join(found)}" if found else "imports neither jax nor torch"
        raise failure("E1401", f"`{name}`: the file {said}", help="say which with `--framework jax|torch`")
    return found[0]


def _trace(source: Source, folder: Path, request: dict[str, Any]) -> Parts:
    graph = answered(source, folder, request, "diagc.importers.worker", "graph.json")
    return Parts(named(read(graph)), tuple((count, opaque) for count, opaque in graph.get("units", ())))


def answered(source: Source, folder: Path, request: dict[str, Any], worker: str, answer: str) -> Any:
    """What a child process writes for a request. Raises `DiagnosticError` where the user's code fails or is stopped."""
    name, seconds = request["function"], request["seconds"]
    (folder / "request.json").write_text(json.dumps(request))
    command = [sys.executable, "-m", worker, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * seconds, check=False)
    except subprocess.TimeoutExpired:
        raise _failed(source, f"`{name}` did not end in {2 * seconds} s", None) from None
    if (folder / "error.json").exists():
        said = json.loads((folder / "error.json").read_text())
        refused = no_diagram if said["code"] == "E1402" else _failed
        raise refused(source, f"`{name}`: {said['message']}", said["line"])
    if not (folder / answer).exists():
        reason = f"did not end in {seconds} s" if done.returncode in (-24, -9) else "ended the process"
        raise _failed(source, f"`{name}` {reason}", None)
    return json.loads((folder / answer).read_text())


def _failed(source: Source, message: str, line: int | None) -> Exception:
    return failure(
        "E1401", message, *_place(source, line),
        help="functions of arrays alone are imported: no files, no programs, arguments as in `--args`",
    )  # fmt: skip


def no_diagram(source: Source, message: str, line: int | None) -> Exception:
    """E1402."""
    return failure(
        "E1402", message, *_place(source, line),
        help="nothing around it is worth a diagram; write that part as a specification by hand",
    )  # fmt: skip


def _place(source: Source, line: int | None) -> list[Label]:
    """A line of the user's file."""
    return [] if line is None else [Label(source.line_span(line), "here")]


def _error(text: str, name: str, traced: Traced, folder: Path) -> float:
    """The largest difference between the specification in float64 and the function, of the largest element."""
    entry = check_source(Source(f"{name}.diag", text)).entries[traced.name]
    inputs, outputs = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    given = {name: inputs[key] for (name, _, _), key in zip(traced.inputs, inputs.files, strict=True)}
    found = evaluate(entry.diagram, given)
    worst = 0.0
    for made, key in zip(found, outputs.files, strict=True):
        worst = max(worst, difference(made, outputs[key]))
    return worst


def difference(made: Any, expected: Any) -> float:
    """The largest difference between arrays, of the largest finite element that is expected."""
    a, b = (np.asarray(x, np.float64) for x in (made, expected))
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    scale = np.abs(b[np.isfinite(b)]).max(initial=1e-30)
    return float(np.where(same, 0.0, np.abs(a - b) / scale).max(initial=0.0))
