"""Sheets between half-turns around a hill: on a ring they exist above the hill only, on a sphere at every level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from diagc.cli.runs import runs
from diagc.diagnostics import DiagnosticError
from diagc.runs.homotopy import sheet

ANGLES = np.linspace(0, np.pi, 33)


def turn(sign: float, dimension: int) -> dict[str, np.ndarray]:
    rows = [np.cos(ANGLES), sign * np.sin(ANGLES), *[0 * ANGLES] * (dimension - 2)]
    return {"u": np.stack(rows, 1)}


def shell(at: Any) -> Any:
    """Zero on the unit sphere; the hill in the middle has height 1."""
    return (jnp.sum(at["u"] ** 2) - 1) ** 2


@pytest.mark.parametrize(
    ("dimension", "level", "homotopic"), [(2, 0.5, False), (2, 0.9, False), (2, 1.1, True), (3, 0.5, True)]
)
def test_half_turns(dimension: int, level: float, homotopic: bool) -> None:
    """The circle has a hole below the hill's height; the sphere has none, but the straight sheet crosses the hill."""
    found = sheet(turn(1, dimension), turn(-1, dimension), shell, level)
    assert max(found.paths) < 1e-6
    assert found.straight == pytest.approx(1.0, abs=1e-3)
    assert (found.height <= level) == homotopic


def test_paths_with_other_ends_are_refused() -> None:
    other = {"u": turn(1, 2)["u"] + 0.5}
    with pytest.raises(DiagnosticError, match="E1302"):
        sheet(turn(1, 2), other, shell, 1.0)
    with pytest.raises(DiagnosticError, match="E1302"):
        sheet(turn(1, 2), {"v": turn(1, 2)["u"]}, shell, 1.0)


def test_the_command_on_a_landscape(tmp_path: Path) -> None:
    (tmp_path / "ring.diag").write_text(
        "diag 1\naxis point\n"
        "fn ring(x: f32[point], y: f32[point]) -> f32[point] { return (x ^ 2 + y ^ 2 - 1) ^ 2 }\n"
    )
    for name, sign in (("left", 1), ("right", -1)):
        rows = "".join(f"{x:.9f},{y:.9f}\n" for x, y in turn(sign, 2)["u"])
        (tmp_path / f"{name}.csv").write_text(f"x,y\n{rows}")
    words = ["homotopy", str(tmp_path / "ring.diag"), str(tmp_path / "left.csv"), str(tmp_path / "right.csv")]
    below = CliRunner().invoke(runs, [*words, "--landscape", "--level", "0.5"])
    above = CliRunner().invoke(runs, [*words, "--landscape", "--level", "1.1"])
    assert below.exit_code == above.exit_code == 0, below.output
    assert "not homotopic in {loss ≤ 0.5} by the sheets tried" in below.output
    assert "homotopic in {loss ≤ 1.1}: the sheet is the certificate" in above.output
