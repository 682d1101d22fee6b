"""Files to the columns of a source: npz, csv with a header, safetensors, and those of `formats`.

A table is a dict of arrays with one row for each sample. What a file holds is checked against the types of the source,
and each mistake names the column, the first row where it occurs, and a remedy (E0610–E0619). Rows count from 0, as in
`FILE[start:stop]`; in a csv file the header is not a row.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType]

from diagc.core.dtypes import DType
from diagc.core.learning import Column, LearningDiagram, Source
from diagc.diagnostics import Diagnostic, DiagnosticError, failure
from diagc.learn.csv_table import read_csv
from diagc.learn.formats import read_data_set, read_hub, read_images, read_parquet

Tensor = NDArray[Any]
Table = dict[str, Tensor]

FORMATS: Final = (
    ".npz",
    ".csv",
    ".safetensors",
    ".parquet",
    "a folder of images",
    "sklearn:digits",
    "datasets:NAME",
)
_STORED: Final[dict[DType, Any]] = {
    DType.F64: np.float64, DType.F32: np.float32, DType.TF32: np.float32, DType.F16: np.float16,
    DType.BF16: ml_dtypes.bfloat16, DType.F8E4M3: ml_dtypes.float8_e4m3fn, DType.F8E5M2: ml_dtypes.float8_e5m2,
    DType.I64: np.int64, DType.I32: np.int32, DType.I16: np.int16, DType.I8: np.int8, DType.U8: np.uint8,
    DType.BOOL: np.bool_,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """A file, and which of its rows: `FILE[start:stop]`."""

    path: Path
    start: int | None = None
    stop: int | None = None

    def __str__(self) -> str:
        if self.start is None and self.stop is None:
            return str(self.path)
        return f"{self.path}[{'' if self.start is None else self.start}:{'' if self.stop is None else self.stop}]"


def parse_selection(text: str) -> Selection:
    """`FILE` or `FILE[start:stop]`; E0618 when what stands in the brackets is no range of rows."""
    if not text.endswith("]") or "[" not in text:
        return Selection(Path(text))
    path, _, inside = text[:-1].rpartition("[")
    match = re.fullmatch(r"(-?\d*):(-?\d*)", inside)
    if match is None:
        raise failure(
            "E0618",
            f"`[{inside}]` is no range of rows",
            help="write `FILE[0:100]`, `FILE[:100]` or `FILE[100:]`",
        )
    start, stop = (int(part) if part else None for part in match.groups())
    return Selection(Path(path), start, stop)


def parse_sources(
    written: Sequence[str], learning: LearningDiagram, option: str, shared: bool = False
) -> dict[str, Selection]:
    """`source=FILE[a:b]` by source; a plain `FILE` serves a single source, or every source where it may be `shared`.

    Raises E0618 and E0619.
    """
    names = [source.name for source in learning.sources if source.reads]
    found: dict[str, Selection] = {}
    for text in written:
        name, given, rest = text.partition("=")
        if not given and len(names) > 1 and not shared:
            raise failure(
                "E0619", f"`{option} {text}` does not say for which source",
                help=f"`{learning.name}` has several: `{option} {names[0]}={text}`",
            )  # fmt: skip
        if given and name not in names:
            raise failure(
                "E0619", f"`{learning.name}` has no source `{name}`",
                help=f"the sources that read are {', '.join(f'`{n}`' for n in names) or 'none'}",
            )  # fmt: skip
        for owner in [name] if given else names:
            if owner in found:
                raise failure(
                    "E0619", f"`{option}` is given twice for source `{owner}`", help="join the files into one"
                )
            found[owner] = parse_selection(rest if given else text)
    return found


def load_source_table(selection: Selection, source: Source) -> Table:
    """The table of a source. Raises `DiagnosticError` with everything that is wrong with the file."""
    held = read_file(selection.path)
    problems: list[Diagnostic] = []
    table: Table = {}
    for column in source.columns:
        if column.drawn is not None:
            continue
        try:
            table[column.name] = _column(selection, source, column, held)
        except DiagnosticError as error:
            problems += error.diagnostics
    if problems:
        raise DiagnosticError(problems)
    _check_rows(selection, table)
    table = {
        name: np.ascontiguousarray(array[selection.start : selection.stop]) for name, array in table.items()
    }
    if not len(next(iter(table.values()))):
        raise failure("E0618", f"`{selection}` selects no row", help="choose a range inside of the file")
    return table


def read_file(path: Path) -> Table:
    """Every array of a file by name. E0610 when it cannot be read, E0616 for a csv file that is no table."""
    try:
        match path.suffix:
            case _ if (library := str(path).partition(":"))[0] in ("sklearn", "datasets") and library[1]:
                return (read_hub if library[0] == "datasets" else read_data_set)(library[2])
            case _ if path.is_dir():
                return read_images(path)
            case ".parquet":
                return read_parquet(path)
            case ".npz":
                zipfile.ZipFile(path).close()  # NumPy takes what is no archive for a pickle, and says so
                with np.load(path, allow_pickle=False) as archive:
                    return {name: archive[name] for name in archive.files}
            case ".safetensors":
                return load_file(path)
            case ".csv":
                return read_csv(path)
            case _:
                raise failure(
                    "E0610", f"`{path}` has no known format", help=f"the formats are {', '.join(FORMATS)}"
                )
    except DiagnosticError:
        raise
    except OSError as error:
        raise failure(
            "E0610",
            f"cannot read `{path}`: {error.strerror or error}",
            help="check the path; it is relative to the current folder",
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise failure(
            "E0610",
            f"cannot read `{path}`: {reason}",
            help="write the file again; pickled objects are not read",
        ) from None


def _column(selection: Selection, source: Source, column: Column, held: Table) -> Tensor:
    path, name = selection.path, f"{source.name}.{column.name}"
    if column.name not in held:
        raise failure(
            "E0611", f"`{path}` has no column `{column.name}`, which source `{source.name}` declares as {column.array}",
            help=f"it has {', '.join(f'`{n}`' for n in held) or 'none'}",
        )  # fmt: skip
    array = held[column.name]
    array = _as_dtype(path, name, column, array)
    _check_shape(path, name, column, array)
    if column.array.dtype.kind == "float":
        bad = ~np.isfinite(array.astype(np.float64))
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            raise failure(
                "E0614", f"column `{name}` of `{path}` has a number that is not finite, first in row {row}",
                help="remove such rows, or fill in the numbers",
            )  # fmt: skip
    _check_index(path, name, column, array)
    return array


def _as_dtype(path: Path, name: str, column: Column, array: Tensor) -> Tensor:
    wanted = column.array.dtype
    kind = (
        "float"
        if array.dtype.kind == "V" or ml_dtypes_float(array.dtype)
        else {"f": "float", "b": "bool"}.get(array.dtype.kind, "int")
    )
    if array.dtype.kind not in "fiubV" and kind != "float":
        raise _wrong_dtype(path, name, column, array, "numbers are needed")
    if kind == "float" and wanted.kind == "int":
        whole = array == np.floor(array.astype(np.float64))
        if path.suffix != ".csv" or not whole.all():
            raise _wrong_dtype(
                path, name, column, array, f"convert it: `array.astype(numpy.{np.dtype(_STORED[wanted])})`"
            )
    elif kind != wanted.kind and (kind, wanted.kind) not in (
        ("int", "float"),
        ("bool", "int"),
        ("bool", "float"),
    ):
        raise _wrong_dtype(path, name, column, array, f"convert it, or declare the column as `{kind}`")
    if wanted.kind == "int" and len(array):
        limits = np.iinfo(_STORED[wanted])
        if array.min() < limits.min or array.max() > limits.max:
            raise _wrong_dtype(
                path, name, column, array, f"its numbers exceed {wanted.value}: declare a wider dtype"
            )
    with np.errstate(over="ignore"):
        return array.astype(_STORED[wanted])


def ml_dtypes_float(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is one of the narrow floats that NumPy itself does not have."""
    return dtype in (
        np.dtype(ml_dtypes.bfloat16),
        np.dtype(ml_dtypes.float8_e4m3fn),
        np.dtype(ml_dtypes.float8_e5m2),
    )


def _wrong_dtype(path: Path, name: str, column: Column, array: Tensor, remedy: str) -> DiagnosticError:
    return failure(
        "E0612",
        f"column `{name}` is declared as {column.array}, but `{path}` holds {array.dtype} under this name",
        help=remedy,
    )


def _check_shape(path: Path, name: str, column: Column, array: Tensor) -> None:
    axes = column.array.axes
    extents = [axis.size.value for axis in axes]
    fits = array.ndim == len(axes) + 1 and all(
        e is None or e == s for e, s in zip(extents, array.shape[1:], strict=True)
    )
    if not fits:
        wanted = ", ".join(["rows", *(str(axis.size) for axis in axes)])
        raise failure(
            "E0613",
            f"column `{name}` is declared as {column.array}, but `{path}` holds an array of shape {array.shape}",
            help=f"save it with shape ({wanted}): samples first, then the axes in the declared order",
        )  # fmt: skip


def _check_index(path: Path, name: str, column: Column, array: Tensor) -> None:
    axis = column.array.index_of
    if axis is None or axis.size.value is None:
        return
    bad = (array < 0) | (array >= axis.size.value)
    if bad.any():
        place = np.argwhere(bad)[0]
        raise failure(
            "E0615",
            f"column `{name}` of `{path}` is an index into `{axis}` of size {axis.size}, "
            f"but row {place[0]} holds {array[tuple(place)]}",
            help=f"indices count from 0 to {axis.size.value - 1}",
        )


def _check_rows(selection: Selection, table: Mapping[str, Tensor]) -> None:
    rows = {name: len(array) for name, array in table.items()}
    if len(set(rows.values())) > 1:
        text = ", ".join(f"`{name}` has {count}" for name, count in rows.items())
        raise failure(
            "E0617",
            f"the columns of `{selection.path}` have different numbers of rows: {text}",
            help="save one row for each sample",
        )
    if 0 in rows.values():
        raise failure("E0617", f"`{selection.path}` has no rows", help="save one row for each sample")


def split(table: Table, fraction: float, seed: int) -> tuple[Table, Table]:
    """A table in two: rows to train on, and `fraction` of the rows (at least one), chosen by the seed, to validate."""
    rows = len(next(iter(table.values())))
    held = min(max(1, round(rows * fraction)), rows - 1)
    if held < 1:
        raise failure(
            "E0618", "one row cannot be split into training and validation", help="give `--validation FILE`"
        )
    order = np.random.default_rng([seed, 0x5EED]).permutation(rows)
    kept, out = np.sort(order[held:]), np.sort(order[:held])
    return {n: a[kept] for n, a in table.items()}, {n: a[out] for n, a in table.items()}
