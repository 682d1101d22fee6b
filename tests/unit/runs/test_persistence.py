"""Persistence of landscapes: Himmelblau's function, whose critical values are known, and small graphs by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from diagc.api import load
from diagc.diagnostics import DiagnosticError
from diagc.runs.barcode import barcode, csv, diagram
from diagc.runs.landscape import landscape
from diagc.runs.persistence import Pair, components, on_grid, on_sample, total

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "specs" / "runs" / "himmelblau.diag"
SADDLES = (104.0152, 67.7192, 13.3119)
"""The heights of three saddles; the fourth closes a loop at 178.3372, which the maximum of 181.6165 fills."""


def heights(points: np.ndarray) -> np.ndarray:
    return landscape(load(SPEC).entries["himmelblau"].diagram)(points)


def test_himmelblau_on_a_grid() -> None:
    pytest.importorskip("gudhi")
    found = [pair for pair in on_grid(heights, [(-5, 5), (-5, 5)], 401) if pair.length > 1]
    zero = [pair for pair in found if pair.dimension == 0]
    assert np.isinf(zero[0].death)
    assert [pair.death for pair in zero[1:]] == pytest.approx(SADDLES, abs=0.05)
    assert [pair.birth for pair in zero] == pytest.approx([0] * 4, abs=0.05)
    (loop,) = (pair for pair in found if pair.dimension == 1)
    assert (loop.birth, loop.death) == pytest.approx((178.3372, 181.6165), abs=0.05)


def test_himmelblau_on_random_points() -> None:
    """Four thousand points: deaths within two per cent, births within two per cent of the highest saddle."""
    found = on_sample(heights, [(-5, 5), (-5, 5)], 4000)
    deaths = [pair.death for pair in found[1:4]]
    assert deaths == pytest.approx(SADDLES, rel=0.02)
    assert max(pair.birth for pair in found[:4]) < 0.02 * SADDLES[0]


def test_components_by_hand() -> None:
    """A path 0-1-2-3 with heights 1, 4, 0, 2 and one isolated point: the elder rule at each merge."""
    found = components([1.0, 4.0, 0.0, 2.0, 3.0], [(0, 1, 4.0), (1, 2, 4.0), (2, 3, 2.5)])
    assert found == [
        Pair(0, 0.0, np.inf), Pair(0, 3.0, np.inf), Pair(0, 1.0, 4.0), Pair(0, 2.0, 2.5),
    ]  # fmt: skip
    assert total(found) == 3.5


def test_pictures_and_table() -> None:
    pairs = [Pair(0, 0.0, np.inf), Pair(0, 0.5, 2.0), Pair(1, 3.0, 4.0)]
    assert csv(pairs).splitlines() == ["dimension,birth,death", "0,0,inf", "0,0.5,2", "1,3,4"]
    for scene in (barcode(pairs, "x"), diagram(pairs, "x")):
        assert scene.width > 100
        assert any("H1 [3, 4)" in getattr(item, "title", "") for item in scene.items)


def test_an_entry_of_another_form_is_refused() -> None:
    path = ROOT / "specs" / "dense" / "matmul.diag"
    with pytest.raises(DiagnosticError, match="E1301"):
        landscape(next(iter(load(path).entries.values())).diagram)


def test_the_command_writes_pairs_and_pictures(tmp_path: Path) -> None:
    pytest.importorskip("gudhi")
    arguments = ["runs", "persistence", str(SPEC), "--landscape", "--grid", "81", "-o", str(tmp_path)]
    made = subprocess.run(
        [sys.executable, "-m", "diagc.cli.main", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.count("H0") >= 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["barcode.svg", "diagram.svg", "pairs.csv"]
    assert (tmp_path / "pairs.csv").read_text().count("inf") == 1
