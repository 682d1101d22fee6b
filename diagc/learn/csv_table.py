"""A csv file with a header as columns of numbers; `image.0`, `image.1`, … are one column `image` of vectors."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.diagnostics import failure


def read_csv(path: Path) -> dict[str, NDArray[Any]]:
    """Columns in f64 by the names of the header. E0616 for a ragged row, a cell that is no number, or a bad header."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = [line for line in csv.reader(stream) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise failure(
            "E0616", f"`{path}` is no csv file: {error}", help="save it as UTF-8 with commas"
        ) from None
    if not lines:
        raise failure("E0616", f"`{path}` is empty", help="the first line names the columns")
    header, rows = lines[0], lines[1:]
    groups = _groups(path, header)
    values = np.empty((len(rows), len(header)), np.float64)
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise failure(
                "E0616", f"row {number} of `{path}` has {len(row)} cells, the header has {len(header)}",
                help="every row has one cell for each column of the header",
            )  # fmt: skip
        for place, cell in enumerate(row):
            values[number, place] = _number(path, cell, number, header[place])
    return {
        name: values[:, places[0]] if single else values[:, places]
        for name, (places, single) in groups.items()
    }


def _groups(path: Path, header: list[str]) -> dict[str, tuple[list[int], bool]]:
    """Columns of the file by column of the source; parts of a vector in the order of their numbers."""
    found: dict[str, dict[int, int]] = {}
    for place, written in enumerate(header):
        name, dot, part = written.strip().rpartition(".")
        key = (name, int(part)) if dot and part.isdigit() else (written.strip(), -1)
        parts = found.setdefault(key[0], {})
        if key[1] in parts or (-1 in (key[1], *parts) and parts):
            raise failure(
                "E0616", f"`{path}` has column `{written}` twice", help="name each column of the header once"
            )
        parts[key[1]] = place
    for name, parts in found.items():
        if -1 not in parts and sorted(parts) != list(range(len(parts))):
            raise failure(
                "E0616", f"the parts of `{name}` in `{path}` are not `{name}.0` to `{name}.{len(parts) - 1}`",
                help="number the parts of a vector from 0 without gaps",
            )  # fmt: skip
    return {name: ([parts[k] for k in sorted(parts)], -1 in parts) for name, parts in found.items()}


def _number(path: Path, cell: str, row: int, column: str) -> float:
    try:
        return float(cell)
    except ValueError:
        what = "an empty cell" if not cell.strip() else f"`{cell}`"
        raise failure(
            "E0616",
            f"row {row} of `{path}` has {what} in column `{column}`",
            help="write a number in every cell",
        ) from None
