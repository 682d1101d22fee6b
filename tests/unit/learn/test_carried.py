"""Training programs that carry kernels: the same loss and gradients without a GPU, and PTX for one."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from diagc.check.program import check_source, read_program
from diagc.core.learning import LearningDiagram
from diagc.diagnostics import DiagnosticError
from diagc.learn.carried import carried_terms
from diagc.learn.session import bind, load_program, written
from diagc.source import Source
from tests.unit.specs import ROOT

SPEC = """diag 1
axis i: 16, o: 4
learning l {{
  source s {{ x: f32[i], y: f32[o] }}
  train m: f32[i] -> f32[o] = linear[i o]
  frozen t: f32[i] -> f32[o] = linear[i o] from "t.safetensors"
  commute e: m(x){noise} ~ s.y by mse weight 0.5
  commute f: m(x) ~ t(x) by l1 weight linear(0, 1, steps = 10)
  batch 32
}}
"""


def learning(noise: str = "") -> LearningDiagram:
    return bind(check_source(Source("l.diag", SPEC.format(noise=noise))).learnings["l"], {}, {})


def test_a_loss_that_draws_has_no_kernels() -> None:
    with pytest.raises(DiagnosticError, match="E0629") as caught:
        written(learning(" + normal[o]()"), "l", None, "sm_90")
    assert "--kernels" in (caught.value.diagnostics[0].help or "")


@pytest.mark.slow
def test_a_program_with_kernels_trains_alike() -> None:
    text = written(learning(), "l", None, "sm_90")
    assert "terms(batch[" in text
    assert "def terms(" in text
    assert text.count("_Compiled(") > 2
    carried, plain = load_program(text), load_program(written(learning(), "l", None, None))
    generator = np.random.default_rng(0)
    params, frozen = (
        {name: generator.standard_normal((16, 4)).astype(np.float32)} for name in ("m.W", "t.W")
    )
    batch = {
        "s": {c: generator.standard_normal((32, n)).astype(np.float32) for c, n in (("x", 16), ("y", 4))}
    }

    def measured(program: Any) -> Any:
        def loss(p: Any) -> Any:
            return program.REGIME.loss(p, frozen, batch, 0, 3)

        return jax.jit(jax.value_and_grad(loss, has_aux=True))(params)

    (own, own_terms), own_gradient = measured(carried)
    (other, terms), gradient = measured(plain)
    np.testing.assert_allclose(own, other, rtol=1e-5)
    for label in ("e", "f"):
        np.testing.assert_allclose(own_terms[label], terms[label], rtol=1e-5)
    np.testing.assert_allclose(own_gradient["m.W"], gradient["m.W"], rtol=1e-4, atol=1e-5)
    assert carried.REGIME.trained.keys() == plain.REGIME.trained.keys() == {"m.W"}


@pytest.mark.slow
def test_distillation_from_a_wide_teacher_has_kernels() -> None:
    """The weights of its teacher do not fit into shared memory at once."""
    (found,) = read_program(ROOT / "specs" / "learning" / "distill.diag").learnings.values()
    text = carried_terms(bind(found, {}, {}), "sm_90")
    assert "def terms(" in text and text.count("_Compiled(") > 20
