"""The handwritten digits of scikit-learn as files: `python -m diagc.learn.digits data/`.

1,797 images of 8 × 8 with 17 grey values, scaled to [0, 1], in an order that is shuffled once with a fixed seed: 1,200
to train on, the other 597 to test.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Table = dict[str, NDArray[Any]]
TRAIN_ROWS: Final = 1200


def digits() -> Table:
    """`image: f32[64]` and `label: i32` of all digits, in the order that is shuffled once."""
    from sklearn.datasets import load_digits  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    held: Any = load_digits()  # pyright: ignore[reportUnknownVariableType]
    order = np.random.default_rng(0).permutation(len(held.target))
    return {"image": (held.data / 16).astype(np.float32)[order], "label": held.target.astype(np.int32)[order]}


def write_digits(folder: Path) -> tuple[Path, ...]:
    """Write `digits.npz`, `digits_train.npz` and `digits_test.npz`: `image: f32[64]`, `label: i32`."""
    table = digits()
    parts = {"digits": slice(None), "digits_train": slice(TRAIN_ROWS), "digits_test": slice(TRAIN_ROWS, None)}
    return write_tables(
        folder, {name: {c: array[rows] for c, array in table.items()} for name, rows in parts.items()}
    )


def write_tables(folder: Path, tables: Mapping[str, Table]) -> tuple[Path, ...]:
    """Write tables as `NAME.npz`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, table in tables.items():
        path, partial = folder / f"{name}.npz", folder / f".{name}.partial.npz"
        held: Any = {column: np.ascontiguousarray(array) for column, array in table.items()}
        np.savez(partial, **held)
        os.replace(partial, path)
        written.append(path)
    return tuple(written)


if __name__ == "__main__":
    for made in write_digits(Path(sys.argv[1] if len(sys.argv) > 1 else "data")):
        print(made)
