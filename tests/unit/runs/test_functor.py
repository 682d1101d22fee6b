"""Runs compose to the bit with all that a checkpoint holds, and not without the state of the optimiser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from diagc.cli.runs import runs
from diagc.runs.functor import affine_share, cka

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
        ("sgd(lr = 0.1, momentum = 0.9)", "differs first in parameter m.a.W"),
        ("adam(lr = 1e-2)", "differs first in parameter m.a.W"),
        ("lion(lr = 1e-3)", "differs first in parameter m.a.W"),
    ],
)
def test_runs_compose_with_the_state_only(tmp_path: Path, optimiser: str, without: str) -> None:
    x = RNG.normal(size=(100, 6)).astype(np.float32)
    np.savez(tmp_path / "s.npz", x=x, y=x[:, :3].argmax(1).astype(np.int32))
    (tmp_path / "l.diag").write_text(SPEC % optimiser)
    words = ["functor", str(tmp_path / "l.diag"), "--data", str(tmp_path / "s.npz"), "--steps", "9"]
    made = CliRunner().invoke(runs, words)
    assert made.exit_code == 0, made.output
    assert "18 updates against 9 and 9: the same bits" in made.output
    assert f"without the optimiser's state: {without}" in made.output
    assert "→ m.b.W" in made.output
    assert "→ m.a.W" not in made.output  # it reads data alone


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
