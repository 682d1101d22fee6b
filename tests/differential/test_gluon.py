"""Kernels in Gluon under the simulation: right in every order that was drawn, and broken ones are found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diagc.api import load
from diagc.backends import triton_module
from diagc.backends.forms import formed
from diagc.backends.gluon_form import ROWS
from diagc.backends.gluon_kernel import kernel_text
from diagc.backends.launches import EntryKernels
from diagc.backends.plans import kernels
from diagc.verify.aot import compile_variants
from diagc.verify.cases import make_case
from diagc.verify.differential import Outcome, compare, gradients_of, results_of
from tests.unit.specs import entry

CAUSAL = load(Path(__file__).parents[2] / "specs/attention/attention.diag").entries["causal"]


def outcome(gradients: bool = False) -> Outcome:
    question = (gradients_of if gradients else results_of)(CAUSAL)
    case = make_case(question.diagram, "gluon", {"q": 600, "x": 700, "d": 40}, "random")
    (found,) = compare(
        {"causal": CAUSAL}, {"causal": [case]}, "triton", "f.diag", lambda _: question, "gluon"
    )
    return found


def pipelined(text: str) -> EntryKernels:
    return formed(kernels(entry(text)), "gluon")


WAIT_FREE = "mbarrier.wait(V_free.index(turn % STAGES), turn // STAGES & 1 ^ 1)"
WAIT_READY = "mbarrier.wait(V_ready.index(turn % STAGES), turn // STAGES & 1)"
ARRIVE = "mbarrier.arrive(V_free.index(turn % STAGES), count=1)"
FINISH = "next_acc_x = warpgroup_mma_wait(0, deps=[next_acc_x])"
BROKEN = {
    "a tile is filled before it was read": (WAIT_FREE, "pass"),
    "a tile is read before it was filled": (WAIT_READY, "pass"),
    "a tile is given back while a product reads it": (FINISH, f"{ARRIVE}\n        {FINISH}"),
    "a tile is not given back": (ARRIVE, "pass"),
    "a phase is waited for too early": (WAIT_READY, WAIT_READY.replace("& 1)", "& 1 ^ 1)")),
    "a result is used before it is there": ("dot = warpgroup_mma_wait(0, deps=[next_dot])", "dot = next_dot"),
    "a product of the turn before": (
        "K_ring.index(ahead % STAGES).permute((1, 0))", "K_ring.index(turn % STAGES).permute((1, 0))",
    ),
}  # fmt: skip


QUICK = ("a tile is filled before it was read", "a tile is read before it was filled")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in BROKEN]
)
def test_what_is_wrong_with_a_pipeline_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, broken = BROKEN[name]

    def changed(*given: Any) -> tuple[str, set[str]]:
        text, helpers = kernel_text(*given)
        assert sound in text or "backward" in text
        return text.replace(sound, broken), helpers

    monkeypatch.setattr(triton_module, "kernel_text", changed)
    assert outcome().problem is not None


def test_values_of_another_width_than_keys() -> None:
    question = results_of(entry(WIDTHS))
    case = make_case(question.diagram, "gluon", {"q": 130, "x": 300, "d": 40, "e": 24}, "random")
    (found,) = compare({"f": entry(WIDTHS)}, {"f": [case]}, "triton", "f.diag", form="gluon")
    assert found.problem is None
    assert "f_pipelined" in {v.kernel.name for v in pipelined(WIDTHS).variants}


def test_a_long_pipeline_is_right() -> None:
    assert outcome().problem is None
    assert outcome(gradients=True).problem is None


HEADER = "axis q, x, d\nfn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {\n"
WIDTHS = """axis q, x, d, e
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""
CHAINED: dict[str, tuple[str, bool]] = {
    "softmax": ("sum[x](softmax[x](sum[d](Q * K)) * V)", True),
    "no fold between": ("sum[x](relu(sum[d](Q * K)) * V)", True),
    "right side computed": ("sum[x](softmax[x](sum[d](Q * K)) * exp(V))", False),
    "nothing ahead": ("sum[x](softmax[x](sum[d](exp(Q) * K)) * V)", False),
}


@pytest.mark.parametrize("name", list(CHAINED))
def test_chained_products_have_a_pipeline(name: str) -> None:
    body, expected = CHAINED[name]
    first = pipelined(f"{HEADER}  return {body}\n}}").plans[0].launches[0].variants[0]
    assert (first.form == "gluon") == expected
    if expected:
        assert all(ROWS in dict(config.blocks).values() for config in first.configs)


@pytest.mark.slow
def test_forward_and_backward_compile_to_overlapping_products() -> None:
    variants = [v for v in formed(kernels(CAUSAL), "gluon").variants if v.form == "gluon"]
    assert {v.kernel.name for v in variants} >= {
        "causal_pipelined", "causal_backward_d_Q_pipelined", "causal_backward_d_K_d_V_pipelined"
    }  # fmt: skip
    for report in compile_variants(variants, ["sm_90"]):
        assert report.problem is None
        assert "setmaxnreg" in report.ptx
        _arrivals_follow_barriers(report.ptx)
        assert _between(report.ptx, "wgmma.commit_group", "wgmma.wait_group", "ex2.approx") > 0


def _arrivals_follow_barriers(ptx: str) -> None:
    """All consumer warps are done with a tile before one thread gives it back."""
    steps = [line.strip() for line in ptx.splitlines()]
    synchronised = False
    for step in steps:
        if step.startswith(("bar.sync", "barrier.sync")):
            synchronised = True
        if "wgmma.mma_async" in step:
            synchronised = False
        if "mbarrier.arrive.shared" in step:
            assert synchronised


def _between(text: str, first: str, last: str, wanted: str) -> int:
    """How often something occurs after one text and before the next other one, at most."""
    parts: list[str] = text.split(first)[1:]

    return max(part.split(last)[0].count(wanted) for part in parts)
