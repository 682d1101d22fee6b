"""Runs compose to the bit with all that a checkpoint holds, and not without the state of the optimiser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from diagc.cli.runs import runs
from diagc.runs.functor import affine_share, cka, parted

RNG = np.random.default_rng(0)

SPEC = """diag 1
axis i: 6, h: 8, o: 3
fn net(X: f32[i]) -> f32[o] {
  model a = dense[i h]
  model b = dense[h o]
  return X |> a |> relu |> b
}
learning l {
  source s { x: f32[i], y: i32 in o, n: f32[i] ~ normal(stddev = 0.1) }
  train m: f32[i] -> f32[o] = net
  commute e: m(x + n) ~ s.y by cross_entropy
  optimise by %s
  batch 16
}
"""


@pytest.mark.parametrize(
    ("optimiser", "without"),
    [
        ("sgd(lr = 0.1)", "it has none to drop"),
        ("adam(lr = 1e-2)", "differs first in parameter m.a.W"),
        *(
            pytest.param(optimiser, "differs first in parameter m.a.W", marks=pytest.mark.slow)
            for optimiser in ("sgd(lr = 0.1, momentum = 0.9)", "lion(lr = 1e-3)")
        ),
    ],
)
def test_runs_compose_with_the_state_only(samples: Path, optimiser: str, without: str) -> None:
    (samples / "l.diag").write_text(SPEC % optimiser)
    words = ["functor", str(samples / "l.diag"), "--data", str(samples / "s.npz"), "--steps", "9"]
    made = CliRunner().invoke(runs, words)
    assert made.exit_code == 0, made.output
    assert "18 updates against 9 and 9: the same bits" in made.output
    assert f"without the optimiser's state: {without}" in made.output
    assert "→ m.b.W" in made.output
    assert "→ m.a.W" not in made.output  # it reads data alone


def test_a_file_without_a_model_that_trains_is_one_error(tmp_path: Path) -> None:
    spec = tmp_path / "a.diag"
    spec.write_text("diag 1\naxis n\nfn f(X: f32[n]) -> f32 { return sum[n](X) }\n")
    for words in (
        ["runs", "functor", str(spec)],
        ["runs", "classes", str(spec), str(tmp_path)],
        ["flow", "series", str(spec)],
    ):
        made = subprocess.run(
            [sys.executable, "-m", "diagc.cli.main", *words], capture_output=True, text=True, check=False
        )
        assert made.returncode == 1
        assert "error[E1303]" in made.stderr
        assert "a.diag:3" in made.stderr


def test_free_sizes_are_given(tmp_path: Path) -> None:
    """A linear flow has one exact step: two halves of a run of full batches compose."""
    spec = Path(__file__).parents[3] / "specs" / "flow" / "cp2.diag"
    made = CliRunner().invoke(
        runs, ["functor", str(spec), "--set", "p=3,H=4", "--value", "sigma=0.3", "--steps", "5"]
    )
    assert made.exit_code == 0, made.output
    assert "10 updates against 5 and 5: the same bits" in made.output


def test_alignment_is_that_of_gram_matrices() -> None:
    """By the definition over samples: ⟨HKH, HLH⟩ over the norms."""
    x, y = RNG.normal(size=(30, 5)), RNG.normal(size=(30, 4))
    centre = np.eye(30) - 1 / 30
    k, m = (centre @ (z @ z.T) @ centre for z in (x, y))
    assert cka(x, y) == pytest.approx((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))
    turned = np.linalg.qr(RNG.normal(size=(5, 5)))[0]
    assert cka(x, 2 * x @ turned + 3) == pytest.approx(1.0)


def test_affine_share() -> None:
    x = RNG.normal(size=(200, 5))
    assert affine_share(x, x @ RNG.normal(size=(5, 3)) + 2) == pytest.approx(1.0)
    assert affine_share(x, RNG.normal(size=(200, 3))) < 0.05
    assert affine_share(x, x**2) < 0.2


def test_near_pairs_that_part() -> None:
    """Two near pairs far from each other; one pair is torn apart, then everything is scaled."""
    x = np.array([[0.0, 0.0], [0.1, 0.0], [10.0, 0.0], [10.2, 0.0], [20.0, 0.0], [20.3, 0.0]])
    torn = x.copy()
    torn[1] = [5.0, 0.0]
    assert parted(x, 7 * x) == 0.0
    assert parted(x, torn) == 1.0  # k is the median 0.2: the pair at 0.1 counts, those at 0.2 and 0.3 do not
