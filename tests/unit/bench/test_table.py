"""The table and the JSON beside it."""

from __future__ import annotations

import json
from pathlib import Path

from diagc.bench.measurement import Measurement, Spread, failed, small_sizes
from diagc.bench.table import file_name, text_table, to_json
from diagc.check.program import Program, check_source
from diagc.cli.options import write_text
from diagc.source import Source

TEXT = "diag 1 axis m, n fn total(X: f32[m n]) -> f32[m] { return sum[n](X) }"
SIZES = {"m": 2, "n": 3}


def program() -> Program:
    return check_source(Source("a.diag", TEXT))


def row(name: str = "emitted, plain", problem: str | None = None, peer: bool = False) -> Measurement:
    spread = None if problem else Spread.of([0.5, 1.5, 1.0])
    error = float("nan") if problem else 1e-7
    return Measurement(
        "total",
        name,
        "diagc",
        "f32",
        SIZES,
        spread,
        spread,
        0.25,
        2_000_000,
        1_000_000,
        error,
        3e-7,
        peer,
        problem,
    )


def test_the_table_shows_median_spread_memory_and_error() -> None:
    table = text_table([row(), row("emitted, blockwise")])
    assert table.splitlines()[0] == "total, forward  f32  m=2 n=3"
    (line,) = [line for line in table.splitlines() if "plain" in line]
    assert line.split()[2:] == ["1.00", "0.5–1.50", "1.00", "1", "2", "0.25", "1.0e-07"]


def test_a_problem_is_written_below_the_table() -> None:
    assert "emitted, plain: no result" in text_table([row(problem="no result")])


def test_only_what_is_emitted_can_fail() -> None:
    assert failed([row(problem="no result")])
    assert not failed([row(), row("peer", problem="no result", peer=True)])


def test_json_has_provenance_and_no_nan() -> None:
    text = to_json(program(), [row(), row("other", problem="no result")], "2030-01-02", "some/folder/a.diag")
    log = json.loads(text, parse_constant=lambda name: AssertionError(name))
    about = log["provenance"]
    assert about["spec"] == "a.diag"
    assert about["date"] == "2030-01-02"
    assert log["measurements"][0]["sizes"] == SIZES
    assert len(about["diagrams"]["total"]) == 24
    assert {"versions", "processor", "python", "tolerance"} <= set(about)
    first, second = log["measurements"]
    assert first["cpu"] == {"median": 1.0, "least": 0.5, "most": 1.5, "count": 3}
    assert second["error"] is None
    assert text == to_json(program(), [row(), row("other", problem="no result")], "2030-01-02", "a.diag")


def test_the_file_is_named_by_what_was_measured(tmp_path: Path) -> None:
    name = file_name("specs/a.diag", [row()], "2030-01-02")
    assert name == "2030-01-02-a-total-m2-n3.json"
    write_text(tmp_path / "new" / name, "{}\n")
    write_text(tmp_path / "new" / name, "[]\n")
    assert [p.name for p in (tmp_path / "new").iterdir()] == [name]
    assert (tmp_path / "new" / name).read_text() == "[]\n"


def test_small_sizes_stay_equal_where_they_were() -> None:
    small = small_sizes({"b": 1, "h": 8, "q": 8192, "d": 64, "x": 8192})
    assert (small["b"], small["h"]) == (1, 8)
    assert small["q"] == small["x"] != small["d"]
