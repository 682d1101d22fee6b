"""Files to columns: every format gives the same arrays, every mistake names column, row and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from diagc.check.program import check_source
from diagc.core.learning import LearningDiagram
from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.learn.data import Selection, load_source_table, parse_selection, parse_sources, split
from diagc.source import Source

TEXT = """diag 1
axis pixel: 3, class: 2
learning l {
  source lab { image: f32[pixel], label: i32 in class }
  source unl { image: f32[pixel] }
  train m: f32[pixel] -> f32[class] = dense[pixel class]
  commute e: m(lab.image) ~ lab.label by cross_entropy
}
"""
LEARNING: LearningDiagram = check_source(Source("a.diag", TEXT)).learnings["l"]
LAB = LEARNING.source("lab")
IMAGE = np.arange(12, dtype=np.float32).reshape(4, 3) / 8
LABEL = np.array([0, 1, 1, 0], np.int32)


def write(path: Path, **columns: Any) -> Path:
    match path.suffix:
        case ".npz":
            np.savez(path, **columns)
        case ".safetensors":
            save_file(columns, path)
        case _:
            image, label = columns["image"], columns["label"]
            rows = [[*map(repr, map(float, row)), str(label[i])] for i, row in enumerate(image)]
            lines = [["image.0", "image.1", "image.2", "label"], *rows]
            path.write_text("".join(",".join(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".safetensors"])
def test_every_format_gives_the_same_arrays(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", image=IMAGE, label=LABEL)
    table = load_source_table(Selection(path), LAB)
    assert {name: array.dtype.str for name, array in table.items()} == {"image": "<f4", "label": "<i4"}
    np.testing.assert_array_equal(table["image"], IMAGE)
    np.testing.assert_array_equal(table["label"], LABEL)


def test_ranges_of_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", image=IMAGE, label=LABEL)
    for text, rows in (
        ("[:3]", slice(3)),
        ("[1:]", slice(1, None)),
        ("[1:3]", slice(1, 3)),
        ("[-1:]", slice(-1, None)),
    ):
        table = load_source_table(parse_selection(f"{path}{text}"), LAB)
        np.testing.assert_array_equal(table["label"], LABEL[rows])


def problems(path: Path, **columns: Any) -> tuple[Diagnostic, ...]:
    with pytest.raises(DiagnosticError) as caught:
        load_source_table(parse_selection(str(write(path, **columns))), LAB)
    return caught.value.diagnostics


def changed(array: Any, place: tuple[int, ...], value: float) -> Any:
    copy = array.copy()
    copy[place] = value
    return copy


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("E0611", {"image": IMAGE}, "no column `label`"),
    ("E0612", {"image": IMAGE, "label": LABEL.astype(np.float32)}, "float32"),
    ("E0612", {"image": IMAGE.astype(np.complex64), "label": LABEL}, "complex64"),
    ("E0612", {"image": IMAGE, "label": LABEL.astype(np.int64) + 2**40}, "int64"),
    ("E0612", {"image": IMAGE, "label": np.array(["a", "b", "c", "d"])}, "<U1"),
    ("E0613", {"image": IMAGE.T, "label": LABEL}, "(3, 4)"),
    ("E0613", {"image": IMAGE, "label": LABEL[:, None]}, "(4, 1)"),
    ("E0614", {"image": changed(IMAGE, (2, 1), np.nan), "label": LABEL}, "row 2"),
    ("E0614", {"image": changed(IMAGE, (0, 1), np.inf), "label": LABEL}, "row 0"),
    ("E0615", {"image": IMAGE, "label": changed(LABEL, (3,), 2)}, "row 3 holds 2"),
    ("E0615", {"image": IMAGE, "label": changed(LABEL, (1,), -1)}, "row 1 holds -1"),
    ("E0617", {"image": IMAGE[:3], "label": LABEL}, "`image` has 3"),
    ("E0617", {"image": IMAGE[:0], "label": LABEL[:0]}, "no rows"),
]


@pytest.mark.parametrize(("code", "columns", "text"), CASES)
def test_mistakes_in_a_file(tmp_path: Path, code: str, columns: dict[str, Any], text: str) -> None:
    (found,) = problems(tmp_path / "a.npz", **columns)
    assert found.code == code
    assert text in found.message
    assert found.help


def test_all_mistakes_of_a_file_come_in_one_run(tmp_path: Path) -> None:
    found = problems(tmp_path / "a.npz", image=IMAGE.T, label=LABEL + 9)
    assert [d.code for d in found] == ["E0613", "E0615"]


CSV = [
    ("image.0,image.1,image.2,label\n0,0,0,0\n0,0,0\n", "row 1"),
    ("image.0,image.1,image.2,label\n0,x,0,0\n", "column `image.1`"),
    ("image.0,image.1,image.2,label\n0,,0,0\n", "empty cell"),
    ("image.0,image.2,image.3,label\n0,0,0,0\n", "image.0"),
    ("label,label\n0,0\n", "twice"),
    ("", "is empty"),
]


@pytest.mark.parametrize(("text", "expected"), CSV)
def test_mistakes_in_a_csv_file(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(DiagnosticError) as caught:
        load_source_table(Selection(path), LAB)
    (found,) = caught.value.diagnostics
    assert found.code == "E0616"
    assert expected in found.message


@pytest.mark.parametrize("name", ["missing.npz", "a.parquet", "folder.npz", "text.npz", "text.safetensors"])
def test_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    for text in ("text.npz", "text.safetensors"):
        (tmp_path / text).write_text("no archive", "utf-8")
    with pytest.raises(DiagnosticError) as caught:
        load_source_table(Selection(tmp_path / name), LAB)
    assert caught.value.diagnostics[0].code == "E0610"
    assert "pickle" not in caught.value.diagnostics[0].message
    assert caught.value.diagnostics[0].help


def test_an_archive_of_objects_is_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=np.array([{}], object), label=LABEL)
    with pytest.raises(DiagnosticError, match="E0610"):
        load_source_table(Selection(tmp_path / "a.npz"), LAB)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (["a.npz"], "E0619"),
        (["lob=a.npz"], "E0619"),
        (["lab=a.npz", "lab=b.npz"], "E0619"),
        (["lab=a.npz[1]"], "E0618"),
    ],
)
def test_mistakes_on_the_command_line(written: list[str], code: str) -> None:
    with pytest.raises(DiagnosticError, match=code):
        parse_sources(written, LEARNING, "--data")


def test_a_range_without_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", image=IMAGE, label=LABEL)
    with pytest.raises(DiagnosticError, match="E0618"):
        load_source_table(parse_selection(f"{path}[9:]"), LAB)


def test_a_fraction_is_held_out_once_and_by_the_seed() -> None:
    table = {"image": np.arange(10.0)}
    kept, held = split(table, 0.3, 1)
    assert len(held["image"]) == 3
    assert sorted([*kept["image"], *held["image"]]) == list(range(10))
    np.testing.assert_array_equal(split(table, 0.3, 1)[1]["image"], held["image"])
    assert list(split(table, 0.3, 2)[1]["image"]) != list(held["image"])
