"""Terms of other shapes: parameters as values, sequences, chains, models without inputs, random and scanned ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from diagc.backends.training import emit_training
from diagc.check.program import check_source
from diagc.learn.session import bind, load_program
from diagc.source import Source

DIAGRAMS = {
    "a term on parameters alone has no batch": """axis i: 5, o: 3
learning l {
  source s { a: f32[i], y: f32[o] }
  train m: f32[i] -> f32[o] = dense[i o]
  commute fit: m(a) ~ y by mse
  commute decay: m.W ~ 0 * m.W by sse weight 0.001
}""",
    "sequences are averaged over their places": """axis t: 6, vocab: 11, d: 4
fn lm(X: i32[t] in vocab) -> f32[t vocab] {
  model e = embedding[vocab d]
  model o = dense[d vocab]
  h = cumsum[t](e(X))
  return o(h)
}
learning l {
  source s { x: i32[t] in vocab, y: i32[t] in vocab }
  train m: (i32[t] in vocab) -> f32[t vocab] = lm
  commute next: m(x) ~ y by cross_entropy
}""",
    "copies of a chain have parameters of their own": """axis i: 5
fn block(X: f32[i]) -> f32[i] {
  model l = dense[i i]
  return X + tanh(l(X))
}
learning l {
  source s { a: f32[i] }
  train m: f32[i] -> f32[i] = chain(3, block)
  commute e: m(m(a)) ~ s.a by cosine
}""",
    "all axes of a matrix are its features": """axis i: 5, o: 3
fn outer(X: f32[i]) -> f32[o i] {
  param W: f32[o i] ~ he
  return W * X
}
learning l {
  source s { a: f32[i], b: f32[o i] }
  train m: f32[i] -> f32[o i] = outer
  commute e: m(a) ~ b by sse
}""",
    "a model may have no input": """axis i: 5
fn free() -> f32[i] {
  param W: f32[i] ~ ones
  return 2 * W
}
learning l {
  source s { a: f32[i] }
  train m: () -> f32[i] = free()
  commute e: m() ~ a by huber
}""",
}
PARAMETERS = {
    "copies of a chain have parameters of their own": 6,
    "sequences are averaged over their places": 3,
}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_loss_and_gradient(name: str) -> None:
    learning = check_source(Source("a.diag", f"diag 1\n{DIAGRAMS[name]}\n")).learnings["l"]
    program = load_program(emit_training(bind(learning, {}, {}), "a.diag"))
    regime, generator = program.REGIME, np.random.default_rng(0)
    batch: dict[str, Any] = {}
    for column, (dtype, shape, limit) in regime.columns["s"].items():
        drawn = generator.integers(0, limit, (7, *shape)) if limit else generator.standard_normal((7, *shape))
        batch[column] = drawn.astype(dtype)
    params = program.initial(regime, 0)
    value, gradient = jax.value_and_grad(lambda p: regime.loss(p, {}, {"s": batch})[0])(params)
    assert np.isfinite(value)
    assert value > 0
    assert len(params) == PARAMETERS.get(name, len(params))
    assert all(np.asarray(g).any() for g in gradient.values())


def test_the_loss_of_a_matrix_is_half_its_squared_norm() -> None:
    text = f"diag 1\n{DIAGRAMS['all axes of a matrix are its features']}\n"
    learning = check_source(Source("a.diag", text)).learnings["l"]
    regime = load_program(emit_training(bind(learning, {}, {}), "a.diag")).REGIME
    generator = np.random.default_rng(0)
    a, b, w = (generator.standard_normal(shape).astype(np.float32) for shape in ((7, 5), (7, 3, 5), (3, 5)))
    value = regime.loss({"m.W": w}, {}, {"s": {"a": a, "b": b}})[0]
    np.testing.assert_allclose(value, 0.5 * ((w * a[:, None] - b) ** 2).sum((1, 2)).mean(), rtol=1e-6)


def test_a_module_that_is_used_can_implement_a_model(tmp_path: Path) -> None:
    block = (
        "diag 1\nfn mlp[i h o](X: f32[i]) -> f32[o] {\n  return X |> dense[i h] |> relu |> dense[h o]\n}\n"
    )
    text = """diag 1
use "blocks.diag" as blocks
axis pixel: 4, class: 3, hidden: 5
learning l {
  source s { x: f32[pixel], label: i32 in class }
  train m: f32[pixel] -> f32[class] = blocks.mlp[pixel hidden class]
  commute a: m(x) ~ label by cross_entropy
  commute b: m(2 * x) ~ stop(m(x)) by kl
}
"""
    learning = check_source(
        Source(str(tmp_path / "a.diag"), text), tmp_path, {"blocks.diag": block}
    ).learnings["l"]
    names = [p.op.name for p in learning.parameters("train")]
    assert names == ["m.dense.W", "m.dense.c", "m.dense_2.W", "m.dense_2.c"]
