"""What the expansion cannot take is one error, which names the line and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError
from diagc.flow.lower import problem_of
from diagc.flow.series import Series
from diagc.learn.weights import load_weights
from diagc.source import Source

SPEC = """diag 1
size p, H
axis i: p, j: p, k: H
fn f() -> f32[i j] {
  param U: f32[k i] ~ %s
  return %s
}
fn F() -> f32[i j] { return %s }
learning l {
  train m: () -> f32[i j] = f()
  commute fit: %s ~ F() by sse
}
"""
INIT, VALUE = "normal(stddev = sigma)", "sum[k](U * U[i -> j])"
TARGET, SIDE = "where(i == j, 1.0, 0.0)", "m()"


def text(init: str = INIT, value: str = VALUE, target: str = TARGET, side: str = SIDE) -> str:
    return SPEC % (init, value, target, side)


@pytest.mark.parametrize(
    ("spec", "code", "line", "words"),
    [
        (text(init="glorot"), "E1202", 5, "glorot_uniform"),
        (text(value="sum[k](softmax[k](U) * U[i -> j])"), "E1201", 6, "z > 0"),
        (text(value="softmax[j](sum[k](U * U[i -> j]))"), "E1201", 6, "z > 0"),
        (text(value="sum[k](relu(U) * U[i -> j])"), "E1201", 6, "relu"),
        (text(value="sum[k](U * U[i -> j]) / sum[k i](U)"), "E1201", 6, "division"),
        (text(side="stop(m()) * m()"), "E1201", 11, "stop"),
        (text(target="where(i <= j, 1.0, 0.0)"), "E1201", 8, "le"),
        (text(target="where(i == j + 1, 1.0, 0.0)"), "E1204", 8, "index"),
        (text(target="where(i % 3 == j, 1.0, 0.0)"), "E1204", 8, "index"),
    ],
)
def test_one_error_names_line_and_reason(spec: str, code: str, line: int, words: str) -> None:
    program = check_source(Source("a.diag", spec))
    with pytest.raises(DiagnosticError) as raised:
        problem_of(program.learnings["l"])
    (found,) = raised.value.diagnostics
    assert (found.code, found.span and (found.span.source.name, found.span.line)) == (code, ("a.diag", line))
    assert words in found.message + found.labels[0].text
    assert found.help


def test_columns_have_no_distribution() -> None:
    spec = """diag 1
axis i: 4
fn linear(X: f32[i]) -> f32 { param w: f32[i] ~ normal(stddev = sigma)
  return sum[i](w * X) }
learning l {
  source d { x: f32[i], y: f32 }
  train m: f32[i] -> f32 = linear
  commute fit: m(x) ~ y by sse
}
"""
    with pytest.raises(DiagnosticError, match="E1203"):
        problem_of(check_source(Source("a.diag", spec)).learnings["l"])


def test_sizes_divide_and_take_roots() -> None:
    """A mean instead of a sum, and a model scaled by the root of its width: E[L] of order 0 by hand."""
    spec = """diag 1
size p, H
axis i: p, k: H
fn f() -> f32[i] {
  param U: f32[k i] ~ normal(stddev = 2.0)
  return sum[k](U) * rsqrt(size(k))
}
fn F() -> f32[i] { return zeros[i]() + 3.0 }
learning l {
  train m: () -> f32[i] = f()
  commute fit: m() ~ F() by mse weight 0.5
}
"""
    problem = problem_of(check_source(Source("a.diag", spec)).learnings["l"])
    (first, second) = Series(problem).orders(1)
    # L = mean over i of (g_i - 3)^2 / 2 with g_i normal of variance 4, and |∇L|^2 = mean of (g_i - 3)^2 / p
    assert {tuple(map(str, k)): v for k, v in first.polynomial.items()} == {("0", "0"): 6.5}
    assert [sorted(map(float, k)) for k in second.polynomial] == [[-1, 0]]
    assert list(second.polynomial.values()) == [13]


def test_a_frozen_constant_needs_a_file_only_to_train() -> None:
    root = Path(__file__).parents[3] / "specs" / "flow" / "regression.diag"
    learning = check_source(Source("a.diag", root.read_text())).learnings["regression"]
    assert len(problem_of(learning).parameters) == 3
    with pytest.raises(DiagnosticError, match="E0512"):
        load_weights(learning, Path(), {})
