"""Parquet files, folders of images, data sets that ship: the same arrays, and clear errors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diagc.check.program import check_source
from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.learn.data import Selection, load_source_table, parse_selection
from diagc.learn.digits import write_digits
from diagc.source import Source

TEXT = """diag 1
axis pixel: 64, class: 10, row: 2, column: 3, kind: 2
learning l {
  source digits { image: f32[pixel], label: i32 in class }
  source square { image: f32[row column], label: i32 in kind }
  source plain { image: f32[row column] }
  train m: f32[pixel] -> f32[class] = dense[pixel class]
  commute e: m(digits.image) ~ digits.label by cross_entropy
}
"""
LEARNING = check_source(Source("a.diag", TEXT)).learnings["l"]
GREY = np.arange(24, dtype=np.uint8).reshape(4, 2, 3) * 10


def problem(path: Path | str, source: str) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        load_source_table(Selection(Path(path)), LEARNING.source(source))
    return caught.value.diagnostics[0]


def parquet(path: Path, **columns: Any) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as writer

    writer.write_table(pyarrow.table(columns), path)
    return path


def images(folder: Path, mode: str = "L") -> Path:
    image = pytest.importorskip("PIL.Image")
    for number, pixels in enumerate(GREY):
        place = folder / ("cat" if number % 2 else "ant")
        place.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels).convert(mode).save(place / f"{number}.png")
    return folder


def test_parquet_gives_the_arrays_of_npz(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    write_digits(tmp_path)
    with np.load(tmp_path / "digits_test.npz") as held:
        image, label = held["image"], held["label"]
    path = parquet(tmp_path / "a.parquet", image=list(image), label=label)
    wanted = load_source_table(Selection(tmp_path / "digits_test.npz"), LEARNING.source("digits"))
    found = load_source_table(Selection(path), LEARNING.source("digits"))
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    part = load_source_table(Selection(path, 3, 9), LEARNING.source("digits"))
    np.testing.assert_array_equal(part["label"], label[3:9])


def test_the_digits_ship(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    write_digits(tmp_path)
    wanted = load_source_table(Selection(tmp_path / "digits.npz"), LEARNING.source("digits"))
    found = load_source_table(Selection(Path("sklearn:digits")), LEARNING.source("digits"))
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)
    assert problem("sklearn:iris", "digits").code == "E0610"


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", image=[[0.0] * 64] * 9, label=[1] * 9)
    path.write_bytes(path.read_bytes()[:-40])
    assert problem(path, "digits").code == "E0610"


def test_holes_and_ragged_rows_of_parquet(tmp_path: Path) -> None:
    found = problem(parquet(tmp_path / "a.parquet", image=[[0.0] * 64] * 3, label=[1, None, 2]), "digits")
    assert (found.code, "row 1" in found.message) == ("E0616", True)
    found = problem(parquet(tmp_path / "b.parquet", image=[[0.0] * 64, [0.0] * 63], label=[1, 2]), "digits")
    assert (found.code, "row 1" in found.message) == ("E0616", True)
    found = problem(parquet(tmp_path / "c.parquet", image=[[0.0] * 63] * 2, label=[1, 2]), "digits")
    assert found.code == "E0613"
    found = problem(parquet(tmp_path / "d.parquet", image=["a", "b"], label=[1, 2]), "digits")
    assert found.code == "E0612"


def test_a_folder_of_images(tmp_path: Path) -> None:
    table = load_source_table(Selection(images(tmp_path / "a")), LEARNING.source("square"))
    np.testing.assert_array_equal(table["label"], [0, 0, 1, 1])
    np.testing.assert_allclose(table["image"], GREY[[0, 2, 1, 3]] / 255, rtol=1e-6)
    plain = load_source_table(Selection(tmp_path / "a" / "ant"), LEARNING.source("plain"))
    np.testing.assert_allclose(plain["image"], GREY[[0, 2]] / 255, rtol=1e-6)


def test_mistakes_in_a_folder_of_images(tmp_path: Path) -> None:
    coloured = problem(images(tmp_path / "a", "RGB"), "square")
    assert coloured.code == "E0613"
    assert "(4, 2, 3, 3)" in coloured.message
    mixed = images(tmp_path / "b")
    pytest.importorskip("PIL.Image").new("L", (5, 5)).save(mixed / "cat" / "9.png")
    assert "9.png" in problem(mixed, "square").message
    (mixed / "cat" / "9.png").write_bytes(b"no image")
    assert problem(mixed, "square").code == "E0610"
    (tmp_path / "c").mkdir()
    assert problem(tmp_path / "c", "square").code == "E0610"
    assert problem(tmp_path / "b" / "ant", "square").code == "E0611"


def test_data_sets_of_hugging_face_give_the_arrays_of_npz(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_digits(tmp_path)
    wanted = load_source_table(Selection(tmp_path / "digits_test.npz"), LEARNING.source("digits"))
    rows = {"image": wanted["image"].tolist(), "label": wanted["label"].tolist()}
    datasets.DatasetDict({"test": datasets.Dataset.from_dict(rows)}).save_to_disk(tmp_path / "saved")
    found = load_source_table(
        parse_selection(f"datasets:{tmp_path}/saved:test[10:90]"), LEARNING.source("digits")
    )
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array[10:90])
    for name in (f"{tmp_path}/saved", f"{tmp_path}/saved:tset"):
        assert problem(f"datasets:{name}", "digits").code == "E0610"


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    found = problem("datasets:mnist", "digits")
    assert found.code == "E0610"
    assert "diagc[hub]" in (found.help or "")
