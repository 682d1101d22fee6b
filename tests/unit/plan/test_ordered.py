"""Loops in order: which machines run in chunks, what is written before them, and what they compute."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.backends.differentiate import planned
from diagc.backends.plans import normal_form
from diagc.backends.reference import evaluate
from diagc.diagnostics import DiagnosticError
from diagc.plan.partition import Stage, partition
from diagc.plan.structure import structure
from diagc.verify.cases import cases, make_case
from diagc.verify.differential import compare
from tests.unit.specs import entry

AXES = "axis h, t, d, e, u, lo: 8, hi: 8, r: lo + hi, q, expert: 12, place: 3, a, c, ac: a + c\n"


def _stages(text: str) -> tuple[Stage, ...]:
    normal, record = normal_form(entry(AXES + text))
    return partition(planned(normal, record), record)


def _kind(stage: Stage) -> str:
    order = stage.structure.ordered
    assert order is not None
    return "steps" if order.twin is None else "tiles"


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("s + K * V", "tiles"),
        ("g * s + K * V", "tiles"),
        ("where(g > 0, s, 0) - K * V", "tiles"),
        ("s * s + K * V", "steps"),
        ("w * s + K * V", "steps"),
        ("tanh(s) + K * V", "steps"),
        ("s + tanh(K * V)", "steps"),
        ("s - K * sum[d](K * s) + K * V", "steps"),
    ],
)
def test_affine_diagonal_steps_with_separable_sums_run_in_tiles(step: str, kind: str) -> None:
    (stage,) = _stages(
        "fn f(Q: f32[t d], K: f32[t d], V: f32[t e], g: f32[t], w: f32[d]) -> f32[t e] "
        f"{{ S = scan[t](s = 0; {step}) return sum[d](Q * S) }}"
    )
    assert _kind(stage) == kind


def test_a_product_of_matrices_below_a_loop_and_a_fold_above_it_are_kernels_of_their_own() -> None:
    text = (
        "fn f(X: f32[t u], W: f32[u d]) -> f32[d] "
        "{ m = scan[t](s = 0; tanh(s) + sum[u](X * W)) return sum[t](m * m) }"
    )
    stages = _stages(text)
    assert [s.structure.ordered is not None for s in stages] == [False, True, False]


def test_machines_along_two_axes_and_folds_of_what_runs_are_refused_in_one_kernel() -> None:
    for body in ("cumsum[t](X) + cumsum[d](X)", "X * sum[t](cumsum[t](X))"):
        with pytest.raises(DiagnosticError, match="E0702"):
            structure(entry(f"{AXES}fn f(X: f32[t d]) -> f32[t d] {{ return {body} }}").diagram)


MACHINES = """
fn signed(Q: f32[h t d], K: f32[h t d], V: f32[h t e], g: f32[h t]) -> f32[h t e] {
  S = scan[t](s = 1; where(g > 0.3, 0, g) * s + K * V)
  return sum[d](Q * S)
}
fn cumulative(X: f32[h t d]) -> f32[h t d] {
  return cumsum[t](exp(X)) * X
}
fn weights(Q: f32[t d], K: f32[t d], V: f32[t e]) -> f32[t e] {
  S = scan[t](s = 0; s + exp(K) * V)
  z = scan[t](s = 0; s + exp(K))
  return sum[d](exp(Q) * S) / sum[d](exp(Q) * z)
}
fn fibonacci(X: f32[t d]) -> f32[t d] {
  low, high = scan[t](low = 0, high = 1; high * 0.5, low + high * X)
  return low + high
}
fn joined(A: f32[a e], B: f32[c e]) -> f32[ac e] {
  return concat[ac](exp(A), B * 2)
}
fn route(X: f32[q expert]) -> (W: f32[q place], I: i32[q place]) {
  v, i = topk[expert](X, k = place)
  return softmax[place](v), i
}
"""


def test_kernels_of_joins_selections_and_machines_agree_with_the_reference() -> None:
    names = ("signed", "cumulative", "weights", "fibonacci", "joined", "route")
    entries = {name: entry(AXES + MACHINES, name) for name in names}
    kept = ("ones", "ragged", "block ± 1", "constant values")
    chosen = {n: [c for c in cases(e.diagram) if c.name in kept] for n, e in entries.items()}
    outcomes = compare(entries, chosen, "triton", "m.diag")
    assert len(outcomes) == len(names) * len(kept)
    assert [o for o in outcomes if o.problem] == []


def test_rotated_positions_are_part_of_the_loads_of_the_scores() -> None:
    text = """
    fn rotate[p](X) {
      half = concat[r](-X[r -> lo + 8], X[r -> hi])
      angle = p * exp2(-(r % 8))
      return X * cos(angle) + half * sin(angle)
    }
    fn f(Q: f32[q r], K: f32[t r], V: f32[t e]) -> f32[q e] {
      return sum[t](softmax[t](sum[r](rotate[q](Q) * rotate[t](K))) * V)
    }
    """
    assert len(_stages(text)) == 1
    found = entry(AXES + text)
    case = make_case(found.diagram, "rotated", {"q": 5, "t": 21, "e": 3}, "random")
    outcomes = compare({"f": found}, {"f": [case]}, "triton", "r.diag")
    assert [o for o in outcomes if o.problem] == []
    query, key, value = (case.arrays[n].astype(np.float64) for n in "QKV")
    (got,) = evaluate(found.diagram, case.arrays, case.sizes)
    frequency = np.exp2(-(np.arange(16) % 8.0))

    def turned(x: np.ndarray) -> np.ndarray:
        angle = np.arange(len(x))[:, None] * frequency
        return x * np.cos(angle) + np.concatenate([-x[:, 8:], x[:, :8]], 1) * np.sin(angle)

    scores = np.exp(turned(query) @ turned(key).T)
    np.testing.assert_allclose(got, scores / scores.sum(1, keepdims=True) @ value, rtol=1e-9)
