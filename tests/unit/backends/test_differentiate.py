"""The stages of a derivative: what is kept, what is computed again, and that together they are the derivative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagc.backends.differentiate import Derivative, derivative, is_differentiable, with_gradients
from diagc.backends.plans import normal_form
from diagc.backends.reference import evaluate
from diagc.backends.sizes import input_name
from diagc.core import ops
from diagc.core.diagram import walk
from diagc.diagnostics import DiagnosticError
from diagc.verify.cases import make_case
from tests.unit.specs import SPECS, entry, spec_entries

ATTEND = """axis q, x, d, e
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e] {
  return sum[x](softmax[x](where(x <= q, sum[d](Q * K) * rsqrt(size(d)), -inf)) * V)
}"""


def stages(text: str) -> Derivative:
    return derivative(*normal_form(entry(text)))


def written(made: Derivative) -> list[tuple[str, ...]]:
    return [stage.diagram.output_names for stage in made.backward]


def test_the_result_and_one_logarithm_a_row_are_kept() -> None:
    made = stages(ATTEND)
    assert made.saved == ("Q", "K", "V", "out", "logsum")
    (forward,) = made.forward
    assert len(forward.structure.passes) == 1


def test_gradients_over_different_axes_come_from_kernels_of_one_pass() -> None:
    made = stages(ATTEND)
    assert written(made)[1:] == [("d_Q",), ("d_K", "d_V")]
    assert [len(stage.structure.passes) for stage in made.backward] == [1, 1, 1]


def test_the_row_sum_of_weights_and_their_cotangents_is_read_from_the_result() -> None:
    """∑ₓ P·dP = ∑_d dO·O (FlashAttention-2, arXiv 2307.08691, section 2.3)."""
    first = stages(ATTEND).backward[0]
    assert {input_name(n) for n in first.diagram.inputs} == {"d_out", "out"}


def test_other_names_and_orders_give_the_same_stages() -> None:
    other = """axis column, row, depth, width
    fn f(C: bf16[column width], A: bf16[row depth], B: bf16[column depth]) -> bf16[row width] {
      s = rsqrt(size(depth)) * sum[depth](B * A)
      return sum[column](C * softmax[column](where(column <= row, s, -inf)))
    }"""
    assert {frozenset(names) for names in written(stages(other))[1:]} == {
        frozenset({"d_A"}),
        frozenset({"d_C", "d_B"}),
    }


def test_the_gradient_of_rows_needs_no_pass_of_its_own() -> None:
    made = stages("""axis t, v
    fn f(X: f32[t v], label: i32[t] in v) -> f32[t] { return logsumexp[v](X) - X[v -> label] }""")
    (backward,) = made.backward
    assert backward.structure.passes == ()
    assert made.gradients == ("d_X", None)


def test_the_layers_of_a_norm_share_the_pass_over_rows() -> None:
    made = stages("""axis r, n
    fn f(X: f32[r n], g: f32[n], c: f32[n]) -> f32[r n] {
      m = mean[n](X)
      return (X - m) * rsqrt(mean[n]((X - m) ^ 2) + 1e-5) * g + c
    }""")
    assert ("d_g", "d_c") in written(made)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_stage_by_stage_is_the_derivative(spec: Path) -> None:
    """In float64, against the derivative of the diagram as it is written."""
    for name, each in spec_entries(spec).items():
        if not is_differentiable(each.diagram):
            continue
        try:
            made = derivative(*normal_form(each))
        except DiagnosticError:
            continue
        joint, _ = with_gradients(each.diagram)
        sizes = {symbol: 3 + place for place, symbol in enumerate(joint.size_symbols)}
        case = make_case(joint, name, sizes, "random")
        known = dict(case.arrays)
        for stage in made.stages:
            given = {input_name(n): known[input_name(n)] for n in stage.diagram.inputs}
            results = evaluate(stage.diagram, given, sizes)
            known |= dict(zip(stage.diagram.output_names, results, strict=True))
        for result, wanted in zip(joint.output_names, evaluate(joint, case.arrays, sizes), strict=True):
            scale = float(np.abs(wanted).max(initial=1e-9))
            np.testing.assert_allclose(
                known[result], wanted, rtol=1e-7, atol=1e-9 * scale, err_msg=f"{name} {result}"
            )


def test_the_place_of_a_maximum_is_kept_by_the_kernel_that_finds_it() -> None:
    """What is computed again may be rounded otherwise: no backward kernel compares real numbers for equality."""
    made = stages("axis q, x, d\nfn f(Q: bf16[q d], K: bf16[x d]) -> f32[q] { return max[x](sum[d](Q * K)) }")
    assert len(made.forward) == 1
    nodes = [n for stage in made.backward for n in walk(stage.diagram.outputs)]
    equal = [n for n in nodes if isinstance(n.op, ops.Map) and n.op.function.name == "eq"]
    assert equal
    assert all(operand.dtype.kind == "int" for n in equal for operand in n.inputs)


def test_a_place_that_is_a_result_is_read_from_it() -> None:
    made = stages(
        "axis q, x\nfn f(X: f32[q x]) -> (a: i32[q] in x, b: f32[q]) { return argmax[x](X), max[x](X) ^ 2 }"
    )
    assert "a" in made.saved
    integers = [n for s in made.forward for n in s.diagram.layouts if n.dtype.kind == "int"]
    assert len(integers) == 1
