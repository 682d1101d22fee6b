"""A function of a user's Python file as regions between boxes, where as a whole it has no diagram.

Source of the comparison: the function as its framework runs it, operator by operator, in the child process. Each region
gets the arrays that the function itself has there, so that a sort of values that differ by their rounding does not turn
it over; what the operators return is compared with what the function returns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError, failure
from diagc.importers.function import TOLERANCES, Imported, answered, difference, import_function, request_of
from diagc.source import Source
from diagc.syntax.format import format_source


@dataclass(frozen=True, slots=True)
class Boxed:
    """A file of regions, what its boxes are called, and the largest difference from the function, relative."""

    text: str
    error: float
    framework: str
    regions: int
    boxes: tuple[str, ...]


def import_with_boxes(
    file: Path,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None = None,
    call: str | None = None,
) -> Imported | Boxed:
    """The specification of a function or module; what has no diagram is a box, and the regions around it are entries.

    Raises `DiagnosticError` as `import_function`: E1402 where nothing around the boxes is worth a diagram.
    """
    try:
        return import_function(file, name, arguments, framework, call)
    except DiagnosticError as error:
        if error.diagnostics[0].code != "E1402":
            raise
        whole = error
    try:
        return _boxed(file, name, arguments, framework, call)
    except DiagnosticError as error:
        raise (whole if error.diagnostics[0].code == "E1402" else error) from None


def _boxed(
    file: Path,
    name: str,
    arguments: Sequence[tuple[str, tuple[int, ...]]],
    framework: str | None,
    call: str | None,
) -> Boxed:
    source = Source(str(file), file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as path:
        request = {**request_of(source, name, arguments, framework, call), "kind": "boxes"}
        made = answered(source, Path(path), request, "diagc.importers.worker", "boxes.json")
        error = _error(name, made, Path(path))
    boxes = tuple(step["box"] for step in made["steps"] if step["box"])
    text = format_source(Source(f"{name}.diag", made["text"]))
    return Boxed(text, error, request["framework"], len(made["steps"]) - len(boxes), boxes)


def _error(name: str, made: dict[str, Any], folder: Path) -> float:
    """The largest difference of a region, and of the whole. Raises `DiagnosticError` E1403 where one is too large."""
    entries = check_source(Source(f"{name}.diag", made["text"])).entries
    arrays = dict(zip(made["arrays"], _stored(folder / "arrays.npz"), strict=True))
    written = {array for step in made["steps"] for array, _ in step["writes"]}
    known = {array: value for array, value in arrays.items() if array not in written}
    worst = 0.0
    for step in made["steps"]:
        given = {array: known[array] for array in step["reads"]}
        if not step["box"]:
            found = evaluate(entries[step["entry"]].diagram, given)
            pairs = zip(found, step["writes"], strict=True)
            error = max(difference(one, arrays[array]) for one, (array, _) in pairs)
            _compare(error, [dtype for _, dtype in step["writes"]], f"its part `{step['entry']}`")
            worst = max(worst, error)
        known |= {array: arrays[array] for array, _ in step["writes"]}
    for (array, dtype), result in zip(made["returned"], _stored(folder / "outputs.npz"), strict=True):
        error = difference(known[array] if isinstance(array, str) else array, result)
        _compare(error, [dtype], f"`{array}`, which `{name}` returns,")
        worst = max(worst, error)
    return worst


def _stored(path: Path) -> list[Any]:
    with np.load(path) as stored:
        return [stored[key] for key in stored.files]


def _compare(error: float, dtypes: Sequence[str], what: str) -> None:
    if not error <= max(TOLERANCES.get(dtype, 0.0) for dtype in dtypes):
        raise failure(
            "E1403", f"{what} differs from the function by {error:.1e} of the largest element",
            help="please report it with the function; nothing was written",
        )  # fmt: skip
