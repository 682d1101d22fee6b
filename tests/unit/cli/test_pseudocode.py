"""The command `pseudocode`: figures of arXiv 2412.03317, §5, and arithmetic that can be done by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from diagc.cli.pseudocode import pseudocode
from tests.unit.cost.textbook import MATMUL, NARROW

HOPPER = ["--size", "q=16384,x=16384,d=128", "--group", "q=128", "--stream", "x=64"]
KIB = 1024


@pytest.fixture
def narrow(tmp_path: Path) -> str:
    path = tmp_path / "narrow.diag"
    path.write_text(f"diag 1\n{NARROW}\n", "utf-8")
    return str(path)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(pseudocode, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def report(*arguments: str) -> dict[str, Any]:
    return json.loads(run(*arguments, "--format", "json"))


def test_figures_of_hopper(narrow: str) -> None:
    """Scores in 8 bits, values in 16, d = 128, 128 rows a warpgroup: the table of the paper."""
    found = report(narrow, "--on", "h100", *HOPPER, "--warpgroups", "3")
    assert found["clocks"]["matrix units"] == pytest.approx(6, rel=1e-3)
    products = [o["clocks"]["matrix units"] for o in found["operations"] if "matrix units" in o["clocks"]]
    assert sorted(products) == pytest.approx([2, 4], rel=1e-3)
    assert found["limits"]["l2"] == pytest.approx(3.73, abs=5e-3)
    assert found["ceiling_flops"] == pytest.approx(1.319e15, rel=5e-4)
    assert found["transfer_seconds"] == pytest.approx(0.968e-6, abs=5e-10)
    assert found["compute_seconds"] == pytest.approx(1.259e-6, abs=5e-10)
    assert found["compute_bound_from"] == 296
    assert report(narrow, "--on", "h200", *HOPPER)["compute_bound_from"] == 207


def test_other_pipelines_by_hand(narrow: str) -> None:
    """64 exponentials at 16 a clock, and one for the rescaling; 128 bytes a clock from shared memory."""
    found = report(narrow, "--on", "h100", *HOPPER)
    assert found["clocks"]["special functions"] == pytest.approx((64 + 1) / 16, rel=1e-3)
    (scores,) = [o for o in found["operations"] if o["dtype"] == "f8e4m3"]
    read = 2 * 64 * 128 + 128 * 128  # fragments are 64 × 256: K for each half of the 128 rows, Q once
    assert scores["clocks"]["l2"] == pytest.approx(read / 128 / 128, rel=1e-3)


def test_registers_by_hand(narrow: str) -> None:
    """The result and the scores in float32, the rounded scores, a maximum and a sum for each of 128 rows."""
    found = report(narrow, "--on", "h100", *HOPPER)
    row = 128 * 4 + 64 * 4 + 64 * 2 + 4 + 4
    assert found["limits"]["l3"] == pytest.approx(256 * KIB / (128 * row), rel=1e-12)
    assert found["warpgroups"] == 2


def test_variables(narrow: str) -> None:
    found = {v["name"]: v for v in report(narrow, "--on", "h100", *HOPPER)["variables"]}
    assert (found["K"]["bytes"], found["K"]["held_by"], found["K"]["copies"]) == (64 * 128, "block", 2)
    assert (found["Q"]["bytes"], found["Q"]["held_by"], found["Q"]["level"]) == (128 * 128, "warpgroup", "l2")
    assert (found["out"]["shape"], found["out"]["dtype"]) == ([128, 128], "f16")
    assert (found["e"]["dtype"], found["e"]["level"]) == ("f32", "l3")


def test_a_product(tmp_path: Path) -> None:
    """One row of 128 × 256 × 128 in bf16: 2·256·128 FLOP at 4096 a clock."""
    path = tmp_path / "product.diag"
    path.write_text(f"diag 1\n{MATMUL}\n", "utf-8")
    tiles = ["--group", "a=128,c=256", "--stream", "b=128"]
    found = report(str(path), "--on", "h200", "--size", "a=4096,b=4096,c=4096", *tiles)
    assert found["clocks"]["matrix units"] == pytest.approx(2 * 256 * 128 / 4096, rel=1e-3)
    assert found["limits"]["l3"] == pytest.approx(256 * KIB / (128 * 256 * 4))


def test_text_and_refusal(narrow: str, tmp_path: Path) -> None:
    shown = run(narrow, "--on", "h100", *HOPPER, "--warpgroups", "3")
    for part in (
        "= 3.73 warpgroups",
        "1.319 PFLOP/s",
        "compute bound from 296 rows",
        "by the block, 2 times",
    ):
        assert part in shown
    path = tmp_path / "one.diag"
    path.write_text("diag 1\naxis q\nfn f(X: f32[q]) -> f32 { return sum[q](X) }\n", "utf-8")
    refused = CliRunner().invoke(pseudocode, [str(path), "--on", "h100", "--size", "q=64"])
    assert refused.exit_code == 2
