# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingImports=false
"""Parquet files, folders of images, data sets of scikit-learn and of Hugging Face as columns of numbers.

The libraries that read them are optional; where one is missing, E0610 says what to install.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.diagnostics import DiagnosticError, failure

Columns = dict[str, NDArray[Any]]

IMAGES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
DATA_SETS: Final = ("digits",)
"""Data sets of scikit-learn that ship with it."""


def missing(path: object, package: str, extra: str = "data") -> DiagnosticError:
    """E0610: a library that is not installed."""
    return failure(
        "E0610",
        f"reading `{path}` needs `{package}`, which is not installed",
        help=f"install it: `pip install diagc[{extra}]`",
    )


# ---- parquet


def read_parquet(path: Path) -> Columns:
    """Columns of numbers, and of lists of one length, as arrays with a row for each sample.

    E0610 for a file that is none, E0616 for an empty cell or lists of different lengths, with the row.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise missing(path, "pyarrow") from None
    try:
        table: Any = parquet.read_table(path)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowIOError) as error:
        reason = " ".join(str(error).split())
        raise failure("E0610", f"cannot read `{path}`: {reason}", help="write the file again") from None
    return {name: _column(path, name, table.column(name)) for name in table.column_names}


def _column(path: Path, name: str, column: Any) -> NDArray[Any]:
    if column.null_count:
        row = next(i for i, value in enumerate(column.to_pylist()) if value is None)
        raise failure(
            "E0616",
            f"row {row} of `{path}` has an empty cell in column `{name}`",
            help="write a number in every cell",
        )
    first = column[0].as_py() if len(column) else 0
    if not isinstance(first, list):
        return np.asarray(column.to_numpy())
    rows = column.to_pylist()
    wrong = next((i for i, row in enumerate(rows) if np.shape(row) != np.shape(first)), None)
    if wrong is not None:
        raise failure(
            "E0616", f"row {wrong} of `{path}` holds an array of another shape than row 0 in column `{name}`",
            help="every row of a column has one shape",
        )  # fmt: skip
    return np.asarray(rows)


# ---- images


def read_images(folder: Path) -> Columns:
    """`image`, in [0, 1] and f32, and `label`, the place of its folder among the sorted folders.

    Grey images have the shape (rows, columns), coloured ones (rows, columns, 3). Without folders inside there is no
    `label`. E0610 for an image that cannot be read, E0613 for images of different sizes.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise missing(folder, "pillow") from None
    classes = sorted(p for p in folder.iterdir() if p.is_dir())
    found = [
        (p, i) for i, c in enumerate(classes or [folder]) for p in sorted(c.iterdir()) if p.suffix in IMAGES
    ]
    if not found:
        raise failure(
            "E0610",
            f"the folder `{folder}` holds no images",
            help=f"the formats are {', '.join(IMAGES)}, one folder for a class",
        )
    images: list[NDArray[Any]] = []
    for path, _ in found:
        try:
            with Image.open(path) as image:
                plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
                images.append(np.asarray(plain, np.float32) / np.float32(255))
        except (OSError, UnidentifiedImageError) as error:
            raise failure("E0610", f"cannot read `{path}`: {error}", help="write the image again") from None
        if images[-1].shape != images[0].shape:
            raise failure(
                "E0613", f"`{path}` has shape {images[-1].shape}, `{found[0][0]}` has {images[0].shape}",
                help="bring all images to one size and one mode",
            )  # fmt: skip
    table: Columns = {"image": np.stack(images)}
    return {**table, "label": np.array([i for _, i in found], np.int32)} if classes else table


# ---- data sets that ship


def read_data_set(name: str) -> Columns:
    """`sklearn:digits`: the columns that `make data` writes. E0610 for a name that is unknown."""
    if name not in DATA_SETS:
        raise failure("E0610", f"`sklearn:{name}` is not known", help=f"write `sklearn:{DATA_SETS[0]}`")
    try:
        from diagc.learn.digits import digits

        return digits()
    except ImportError:
        raise missing(f"sklearn:{name}", "scikit-learn") from None


def read_hub(written: str) -> Columns:
    """`NAME:SPLIT` of the library `datasets`, or of a folder that it saved; the split is `train` where none is given.

    Images come as f32 in [0, 1]. E0610 for what it cannot load, and for columns that are neither numbers nor images.
    """
    path = f"datasets:{written}"
    try:
        import datasets
    except ImportError:
        raise missing(path, "datasets", "hub") from None
    name, _, split = written.partition(":")
    try:
        if Path(name).is_dir():
            held: Any = datasets.load_from_disk(name)
            held = held[split or "train"] if isinstance(held, datasets.DatasetDict) else held
        else:
            held = datasets.load_dataset(name, split=split or "train")
    except Exception as error:  # the library raises its own errors and those of what it uses
        reason = " ".join(str(error).split())
        raise failure(
            "E0610", f"`datasets` cannot load `{written}`: {reason}",
            help="name a data set, or a folder that `save_to_disk` wrote, and one of its splits: `datasets:mnist:test`",
        ) from None  # fmt: skip
    scales = {n: np.float32(255) for n, kind in held.features.items() if isinstance(kind, datasets.Image)}
    table = held.with_format("numpy")[:]
    return {
        n: np.asarray(a, np.float32) / scales[n] if n in scales else np.asarray(a) for n, a in table.items()
    }
