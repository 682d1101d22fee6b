"""The command `codesign`: the page that explains it is run, tables agree with each other, errors are one line."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from diagc.check.program import check_source
from diagc.cli.main import cli
from diagc.source import Source

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "codesign.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ diagc (.*)$", PAGE, re.MULTILINE)
DRONE = "specs/design/drone.diag"


def diagc(*words: str) -> Result:
    """A command in this process, from the root of the repository."""
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


@pytest.fixture(autouse=True)
def _at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=pytest.mark.slow) if "--machine" in c else c for c in COMMANDS],
)
def test_the_commands_of_the_page_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    result = diagc(*shlex.split(command))
    assert result.exit_code == 0, result.output
    for written in re.findall(r"\S+\.svg", command):
        assert (tmp_path / written).read_text("utf-8").startswith("<svg")


def test_the_lamp_of_the_page_is_solved(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```diag\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert check_source(Source("lamp.diag", f"diag 1\n{text}")).designs
    path = tmp_path / "lamp.diag"
    path.write_text(f"diag 1\n{text}", "utf-8")
    found = json.loads(diagc("codesign", str(path), "--format", "json").output)
    lamp = {point["implementations"]["bulb"]: point["resources"] for point in found[0]["at_best"]["points"]}
    energy = 5 * 800 / 120
    assert lamp["efficacy = 120"]["mass"] == pytest.approx(energy / 150, rel=1e-6)
    assert lamp["efficacy = 120"]["cost"] == pytest.approx(0.0005 * 120**2 + 0.3 * energy, rel=1e-6)


def test_text_json_and_csv_say_the_same() -> None:
    found = json.loads(diagc("codesign", DRONE, "--format", "json").output)[0]
    table = list(csv.DictReader(io.StringIO(diagc("codesign", DRONE, "--format", "csv").output)))
    best = [row for row in table if row["bound"] == "at best"]
    assert [float(row["cost"]) for row in best] == [
        p["resources"]["cost"] for p in found["at_best"]["points"]
    ]
    text = diagc("codesign", DRONE).output
    assert all(row["battery"] in text for row in table)


def test_a_small_family_in_every_form(tmp_path: Path) -> None:
    spec, sizes = "specs/attention/attention.diag", "b=2,h=16,q=2048,x=2048,d=64"
    words = ["codesign", spec, "--machine", "specs/families/hopper.yaml", "--entry", "mha=2", "--size", sizes]
    words += ["--designs", "16", "--jobs", "1", "--reference", "h100"]
    plot = tmp_path / "front.svg"
    found = json.loads(diagc(*words, "--format", "json", "--plot", str(plot)).output)
    assert found["designs"] == 16
    assert plot.exists()
    (reference,) = found["references"]
    assert reference["kernels"]["mha"]["bound"] == "special functions"
    assert reference["time"] == pytest.approx(2 * reference["kernels"]["mha"]["seconds"])
    alone = json.loads(
        diagc("cost", spec, "--entry", "mha", "--on", "h100", "--size", sizes, "--format", "json").output
    )
    assert reference["kernels"]["mha"]["seconds"] == pytest.approx(alone["predicted_seconds"])
    table = list(csv.DictReader(io.StringIO(diagc(*words, "--format", "csv").output)))
    assert len(table) == len(found["front"]) + 1


def test_a_front_is_told_in_words() -> None:
    words = [
        "--entry",
        "matmul",
        "--size",
        "m=1024,n=1024,k=64",
        "--designs",
        "4",
        "--jobs",
        "1",
        "--reference",
        "",
    ]
    told = diagc(
        "codesign", "specs/dense/matmul.diag", "--machine", "specs/families/hopper.yaml", *words
    ).output
    for part in (
        "4 designs of 10 free parameters",
        "least cost",
        "beaten by",
        "d log time / d log parameter",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("codesign", DRONE, "--need", "distance=1e9"), 1, None),
        (("codesign", DRONE, "--need", "height=3"), 2, "provides distance"),
        (("codesign", DRONE, "--need", "distance=far"), 2, "no number"),
        (("codesign", DRONE, "--design", "plane"), 2, "no design"),
        (("codesign",), 2, "give one spec"),
        (("codesign", "specs/dense/matmul.diag"), 2, "no `design`"),
        (("compile", DRONE), 2, "diagc codesign"),
        (("train", DRONE), 2, "diagc codesign"),
        (("cost", DRONE, "--on", "h100"), 2, "diagc codesign"),
    ],
)
def test_what_is_wrong_is_one_error(words: tuple[str, ...], code: int, told: str | None) -> None:
    result = diagc(*words)
    assert result.exit_code == code
    assert told is None or told in result.output


def test_designs_are_checked_formatted_and_drawn(tmp_path: Path) -> None:
    specs = sorted(map(str, Path("specs/design").glob("*.diag")))
    assert diagc("check", *specs).exit_code == 0
    assert diagc("fmt", "--check", *specs).exit_code == 0
    pytest.importorskip("pygraphviz")
    for form in ("svg", "html", "tex"):
        assert diagc("draw", DRONE, "-o", str(tmp_path / f"drone.{form}")).exit_code == 0
    assert "battery" in (tmp_path / "drone.svg").read_text("utf-8")
