"""The natural gradient: against dense matrices, whatever the parameters are called by, and beside another optimiser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from diagc.backends.training import emit_training
from diagc.check.program import check_source
from diagc.cli.train import train
from diagc.learn.session import bind, load_program
from diagc.source import Source

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
T = RNG.normal(size=(40, 3)).astype(np.float32)
Y = X[:, :3].argmax(1).astype(np.int32)

SPEC = """diag 1
axis i: 4, h: 5, o: 3
fn net(X: f32[i]) -> f32[o] {
  param A: f32[i h] ~ glorot
  param B: f32[h o] ~ glorot
  return sum[h](tanh(sum[i](X * %s)) * B)
}
learning l {
  source s { x: f32[i], y: i32 in o }
  train m: f32[i] -> f32[o] = net
  commute e: m(x) ~ s.y by %s
  optimise by natural(lr = %s, damping = %s, iterations = 60)
  batch 40
}
"""


def moved(text: str, start: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The program, and the parameters after one update on all rows."""
    learning = bind(check_source(Source("l.diag", text)).learnings["l"], {}, {})
    program = load_program(emit_training(learning, "l.diag"))
    options = program.Options(1, 1, 40, 0)
    progress = program.begin(program.REGIME, options, start)
    for _ in program.train(program.REGIME, {"s": {"x": X, "y": Y, "t": T}}, options, progress, {}, {}):
        pass
    return program, progress.moving[0]


def start() -> dict[str, Any]:
    return {
        "m.A": RNG.normal(size=(4, 5)).astype(np.float32),
        "m.B": RNG.normal(size=(5, 3)).astype(np.float32),
    }


def test_one_step_is_that_of_fishers_matrix() -> None:
    """The metric of cross entropy by its definition, E[∇log p ∇log pᵀ] over classes of the model, solved densely."""
    at = start()
    _, after = moved(SPEC % ("A", "cross_entropy", 0.5, 0.1), at)

    def scores(a: Any, b: Any) -> Any:
        return jax.nn.log_softmax(jnp.tanh(X @ a) @ b)

    with jax.enable_x64(True):
        a, b = (jnp.asarray(at[n], jnp.float64) for n in ("m.A", "m.B"))
        slopes = jnp.concatenate(
            [s.reshape(40, 3, -1) for s in jax.jacobian(scores, (0, 1))(a, b)], -1
        )  # row, class, parameter
        chance = jnp.exp(scores(a, b))
        fisher = jnp.einsum("nc,ncp,ncq->pq", chance, slopes, slopes) / 40
        gradient = -slopes[jnp.arange(40), Y].mean(0)
        step = np.asarray(jnp.linalg.solve(fisher + 0.1 * jnp.eye(35), gradient))
    expected = np.concatenate([at["m.A"].ravel(), at["m.B"].ravel()]) - 0.5 * step
    found = np.concatenate([np.asarray(after[n]).ravel() for n in ("m.A", "m.B")])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


SMOOTH = """diag 1
axis i: 4, o: 3
fn net(X: f32[i]) -> f32[o] {
  param A: f32[i o] ~ glorot
  return tanh(sum[i](X * %s))
}
learning l {
  source s { x: f32[i], t: f32[o] }
  train m: f32[i] -> f32[o] = net
  commute e: m(x) ~ s.t by mse
  optimise by %s
  batch 40
}
"""


@pytest.mark.parametrize(
    ("method", "ratio"), [("natural(lr = %s, damping = 1e-7)", 4.0), ("sgd(lr = %s)", 2.0)]
)
def test_other_parameters_give_the_same_function_to_second_order(method: str, ratio: float) -> None:
    """A and exp(A'): predictions after a step of size η differ by O(η²); those of plain gradients by O(η)."""
    at = {"m.A": RNG.uniform(0.2, 0.6, (4, 3)).astype(np.float32)}
    other = {"m.A": np.log(at["m.A"])}
    apart: list[float] = []
    for rate in (0.1, 0.05):
        steps = [
            moved(SMOOTH % (how, method % rate), start)[1] for how, start in (("A", at), ("exp(A)", other))
        ]
        first, second = (np.asarray(step["m.A"]) for step in steps)
        apart.append(float(np.abs(np.tanh(X @ first) - np.tanh(X @ np.exp(second))).max()))
    assert apart[0] / apart[1] == pytest.approx(ratio, rel=0.15)


def test_the_emitted_program_trains_with_two_optimisers(tmp_path: Path) -> None:
    """One model by the natural gradient, the other by Adam; accumulation and clipping around both."""
    text = """diag 1
axis i: 4, h: 5, o: 3
learning l {
  source s { x: f32[i], y: i32 in o }
  train body: f32[i] -> f32[h] = dense[i h]
  train head: f32[h] -> f32[o] = dense[h o]
  commute e: x |> body |> tanh |> head ~ s.y by cross_entropy
  optimise head by natural(lr = linear(1, 0.1, steps = 50), clip = 10), body by adam(lr = 1e-2)
  batch 20
  epochs 60
}
"""
    (tmp_path / "l.diag").write_text(text)
    np.savez(tmp_path / "s.npz", x=X, y=Y)
    words = [str(tmp_path / "l.diag"), "--data", str(tmp_path / "s.npz"), "--accumulate", "2"]
    made = CliRunner().invoke(
        train, [*words, "--validation", str(tmp_path / "s.npz"), "--out", str(tmp_path / "o")]
    )
    assert made.exit_code == 0, made.output
    assert float(made.output.split("label.accuracy")[-1].split("accuracy ")[-1].split(" ")[0]) > 90


@pytest.mark.parametrize(
    "wrong", ["natural(damping = 1)", "natural(lr = 1, iterations = 0.5)", "natural(lr = 1, b1 = 1)"]
)
def test_wrong_arguments_are_refused(wrong: str) -> None:
    text = (SPEC % ("A", "cross_entropy", 1, 1)).replace(
        "natural(lr = 1, damping = 1, iterations = 60)", wrong
    )
    with pytest.raises(Exception, match="E0514"):
        check_source(Source("l.diag", text))
