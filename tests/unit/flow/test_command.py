"""`diagc flow` as a command, and the loss that it expands against the float64 reference of the compiler."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from diagc.backends.reference import evaluate
from diagc.check.program import read_program
from diagc.cli.flow import flow
from diagc.core.learning import parameter_path
from diagc.flow.lower import problem_of
from diagc.flow.simulate import loss_function
from diagc.passes.commute import commute

SPECS = Path(__file__).parents[3] / "specs" / "flow"


def call(*arguments: str) -> str:
    result = CliRunner().invoke(flow, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.diag")), ids=lambda p: p.stem)
def test_the_diagrams_sum_to_the_loss(path: Path) -> None:
    """The loss as a sum of diagrams is what the reference computes from the checked diagram."""
    (learning,) = read_program(path).learnings.values()
    problem = problem_of(learning)
    sizes = {symbol: 3 + 2 * n for n, symbol in enumerate(problem.sizes)}
    generator = np.random.default_rng(0)
    arrays = {
        parameter_path(p.node): generator.normal(size=tuple(s.evaluate(sizes) for s in p.sizes))
        for p in problem.parameters
    }
    (expected,) = evaluate(commute(learning), arrays, sizes)
    found = loss_function(problem, {**sizes, "sigma": 1.0, "tau": 1.0})(tuple(arrays.values()))
    assert float(found) == pytest.approx(float(expected), rel=1e-4)  # float32 outside of a run


def test_series_in_three_forms(tmp_path: Path) -> None:
    spec = str(SPECS / "cp2.diag")
    text = call("series", spec, "--order", "1", "--diagrams", str(tmp_path))
    assert "Y_1 = 2 p H sigma^2 + 2 p^3 H sigma^6 + 2 p^2 H^2 sigma^6 + 2 p^2 H sigma^6" in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["order_0.svg", "order_1.svg"]
    assert "Y_{0} &= \\frac{1}{2} p + \\frac{1}{2} p^{2} H \\sigma^{4} \\\\" in call(
        "series", spec, "--order", "0", "--format", "latex"
    )
    found = json.loads(call("series", spec, "--order", "0", "--format", "json"))
    assert found["orders"][0]["terms"] == [
        {"coefficient": "1/2", "powers": {"p": "1"}},
        {"coefficient": "1/2", "powers": {"p": "2", "H": "1", "sigma": "4"}},
    ]
    leading = call("series", spec, "--order", "1", "--limit", "p,H")
    assert "Y_1 = 2 p H sigma^2 + 2 p^3 H sigma^6 + 2 p^2 H^2 sigma^6\n" in leading


def test_a_limit_names_a_size() -> None:
    result = CliRunner().invoke(flow, ["series", str(SPECS / "cp2.diag"), "--limit", "q"])
    assert (result.exit_code, "no size" in result.output) == (2, True)


def test_results_say_for_which_sizes_they_hold() -> None:
    """Doubling is a bijection modulo odd sizes only, so two is excluded."""
    assert "for sizes prime to 2" in call("series", str(SPECS / "modular.diag"), "--order", "3")


def test_regimes_place_a_point(tmp_path: Path) -> None:
    options = ["--order", "3", "--size", "p=512,H=4096", "--value", "sigma=0.03"]
    spec = str(SPECS / "cp3.diag")
    text = call("regimes", spec, *options, "-o", str(tmp_path))
    assert "p^2 / H = 64; 1 is the boundary" in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["map.svg", "polygon.svg"]
    found = json.loads(call("regimes", spec, *options, "--format", "json"))
    assert found["point"]["face"] in [regime["face"] for regime in found["regimes"]]
    missing = CliRunner().invoke(flow, ["regimes", spec, "--size", "p=3"])
    assert missing.exit_code == 2


def test_solve_prints_every_way(tmp_path: Path) -> None:
    figure = tmp_path / "a.svg"
    text = call(
        "solve", str(SPECS / "cp2_sym.diag"), "--size", "p=20,H=20", "--value", "sigma=0.05", "--runs", "3",
        "--order", "4", "--points", "4", "-o", str(figure),
    )  # fmt: skip
    for words in ("partial sum", "Padé [2/2]", "logistic spectrum", "no guarantee", "regime"):
        assert words in text
    assert "3 runs" in figure.read_text()
