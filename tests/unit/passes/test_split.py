"""A fold over an axis in parts gives what the fold gives, for any number of parts, some of them beyond the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from diagc.backends.emit import triton_source
from diagc.backends.plans import kernels
from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.diagram import Diagram, Node, apply, node, reduction, walk
from diagc.core.fold import FoldAlgebra
from diagc.core.verify import verify
from diagc.passes.split import NotSplit, split
from diagc.verify.cases import make_case
from diagc.verify.differential import compare
from tests.properties.cascades import CASCADES, MAXIMUM, TOTAL, WEIGHT, S, V, X, fold, total
from tests.properties.selections import rounds
from tests.unit.specs import entry

LENGTH = 13
PARTS = ((1, 13), (1, 20), (2, 7), (4, 4), (13, 1), (5, 3), (6, 4), (20, 1), (3, 13))
"""Numbers of parts and their lengths; in the last four some parts lie beyond the end."""

MORE: dict[str, tuple[Node, ...]] = {
    "plain sum": (total(S),),
    "sum and weighted sum of another": (total(V), MAXIMUM, TOTAL, total(apply("mul", WEIGHT, V))),
    "smallest index of a maximum": (
        MAXIMUM,
        reduction("min", (X,), apply("where", apply("eq", S, MAXIMUM), node(ops.Iota(X)), node(ops.SizeOf(X.size)))),
    ),
    "the best three": rounds(S, 3),
    "is any negative": (reduction("any", (X,), apply("lt", S, V)),),
}  # fmt: skip
EVERY = {**CASCADES, **MORE}


def cascade(*reductions: Node) -> tuple[Diagram, FoldAlgebra]:
    inputs = tuple(n for n in walk(reductions) if isinstance(n.op, ops.Input))
    names = tuple(f"r{place}" for place in range(len(reductions)))
    return Diagram("f", inputs, reductions, names, tuple(r.array for r in reductions)), fold(*reductions)


@pytest.mark.parametrize("name", EVERY)
def test_a_fold_is_the_fold_of_the_folds_of_its_parts(name: str) -> None:
    diagram, algebra = cascade(*EVERY[name])
    made = split(diagram, algebra, X)
    for part in (made.states, made.joined, made.whole):
        verify(part)
    random = np.random.default_rng(7)
    arrays = {key: 3 * random.standard_normal(LENGTH) for key in "SVW"}
    given = {n.op.name: arrays[n.op.name] for n in diagram.inputs if isinstance(n.op, ops.Input)}
    want = evaluate(diagram, given)
    for parts, length in PARTS:
        got = evaluate(made.whole, given, {"parts_x": parts, "length_x": length})
        for one, other in zip(got, want, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, err_msg=f"{parts} parts of {length}")


def test_scores_of_minus_infinity_leave_parts_empty() -> None:
    """Every score of a part is −inf: its state is the unit, whatever the others are."""
    diagram, algebra = cascade(*CASCADES["weighted sum"])
    made = split(diagram, algebra, X)
    scores = np.full(LENGTH, -np.inf)
    payload = np.arange(1.0, LENGTH + 1)
    scores[5] = -800.0
    got = evaluate(made.whole, {"S": scores, "V": payload}, {"parts_x": 5, "length_x": 3})
    np.testing.assert_array_equal(got, (-800.0, 1.0, 6.0))


def test_what_still_carries_the_axis_does_not_split() -> None:
    shares = apply("mul", WEIGHT, apply("recip", TOTAL))
    diagram = Diagram("f", (S,), (shares,), ("out",), (shares.array,))
    with pytest.raises(NotSplit, match="beside its folds"):
        split(diagram, fold(MAXIMUM, TOTAL), X)


DECODE = """
axis b, g, q: 1, x, d: 32
fn decode(Q: f32[b g q d], K: f32[b x d], V: f32[b x d], filled: i32[]) -> f32[b g q d] {
  S = sum[d](Q * K) * rsqrt(size(d))
  return sum[x](softmax[x](where(x < filled, S, -inf)) * V)
}
"""
TOTALS = """
axis r, n
fn loss(A: f32[n], B: f32[n]) -> f32[] {
  D = A - B
  return mean[n](D * D)
}
fn loss_of_rows(A: f32[r n], B: f32[r n]) -> f32[] {
  D = A - B
  return mean[r n](D * D)
}
fn spread(A: f32[n]) -> f32[] {
  return variance[n](A)
}
"""


@pytest.mark.parametrize(
    ("text", "name", "sizes"),
    [
        (DECODE, "decode", {"b": 1, "g": 2, "x": 1301}),
        (TOTALS, "loss", {"n": 2500}),
        (TOTALS, "spread", {"n": 2500}),
        (TOTALS, "loss_of_rows", {"r": 150, "n": 5}),
        (TOTALS, "loss_of_rows", {"r": 2, "n": 1030}),
    ],
)
def test_kernels_in_parts_give_the_results(text: str, name: str, sizes: dict[str, int]) -> None:
    found = entry(text, name)
    case = make_case(found.diagram, "long", sizes, "random")
    if "filled" in case.arrays:
        case.arrays["filled"] = np.asarray(1000)
    (outcome,) = compare({name: found}, {name: [case]}, "triton", "test.diag")
    assert outcome.problem is None, outcome
    assert outcome.refused is None


RUN = """
import os, sys
os.environ["TRITON_INTERPRET"] = "1"
sys.path.insert(0, sys.argv[1])
import module, torch
calls = []
whole, parts = module._loss, module._loss_parts
module._loss = lambda *a: calls.append("whole") or whole(*a)
module._loss_parts = lambda *a: calls.append(a[-2:]) or parts(*a)
short, long = torch.ones(511), torch.ones(100_000)
module.loss(short, short)
module.loss(long, long)
module.loss(long.requires_grad_(), long)
print(calls)
"""


def test_parts_are_taken_where_programs_are_few_and_no_gradient_is_wanted(tmp_path: Path) -> None:
    """100 000 over 132 multiprocessors is 758 each: parts of 3 · 256, of which 131 hold all."""
    (tmp_path / "module.py").write_text(triton_source([entry(TOTALS, "loss")], "test.diag"))
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
    assert ran.stdout.strip() == "['whole', (131, 768)]"


def parted(text: str, name: str = "f") -> list[str]:
    return [p.axis.name for p in kernels(entry(text, name), gradients=False).parted]


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("axis n\nfn f(A: f32[n]) -> f32[] { return sum[n](A) }", ["n"]),
        ("axis r, n\nfn f(A: f32[r n]) -> f32[r] { return max[n](A) }", ["n"]),
        ("axis r, n\nfn f(A: f32[r n]) -> f32[] { return sum[r n](A) }", ["r", "n"]),
        ("axis n: 1024\nfn f(A: f32[n]) -> f32[] { return sum[n](A) }", []),
        ("axis n\nfn f(A: f32[n]) -> f32[n] { return softmax[n](A) }", []),
        ("axis m, k, n\nfn f(A: f32[m k], B: f32[k n]) -> f32[m n] { return sum[k](A * B) }", []),
        ("axis m: 32, k, n: 32\nfn f(A: f32[m k], B: f32[k n]) -> f32[m n] { return sum[k](A * B) }", ["k"]),
        ("axis r, n\nfn f(A: f32[r n]) -> f32[r] { return max[n](where(n <= r + 5, A, -inf)) }", []),
        (
            "axis q: 4, n\nfn f(A: f32[q n]) -> f32[q] { return max[n](where(n <= q + size(n) - 4, A, -inf)) }",
            ["n"],
        ),
        (
            "axis q: 4, n\nfn f(A: f32[q n]) -> f32[q] { return max[n](where(n > q + size(n) - 128, A, -inf)) }",
            [],
        ),
    ],
    ids=[
        "total", "rows", "two axes", "short", "carried", "many tiles", "split-K", "loop cut short", "causal", "window",
    ],
)  # fmt: skip
def test_parts_are_made_where_they_can_pay(text: str, axes: list[str]) -> None:
    assert parted(text) == axes


def test_joined_states_are_those_of_the_worked_example() -> None:
    """Scores 0 … 3, values 1, 2, 4, 8 in two parts: the states of the parts, from the derivation of the fold."""
    diagram, algebra = cascade(*CASCADES["weighted sum"])
    made = split(diagram, algebra, X)
    given: dict[str, NDArray[Any]] = {"S": np.arange(4.0), "V": np.array([1.0, 2.0, 4.0, 8.0])}
    states = evaluate(made.states, given, {"parts_x": 2, "length_x": 2})
    np.testing.assert_allclose(states, ((1, 3), (1.367879, 1.367879), (2.367879, 9.471518)), atol=5e-7)
    joined = evaluate(made.whole, given, {"parts_x": 2, "length_x": 2})
    np.testing.assert_allclose(joined, (3, 1.553002, 9.791975), atol=5e-7)
