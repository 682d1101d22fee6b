"""Kernels whose tiles come by descriptors: right on any arrays, and compiled to what Hopper has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from diagc.api import load
from diagc.backends import triton_program
from diagc.backends.forms import formed
from diagc.backends.launches import Form, Variant
from diagc.backends.plans import kernels
from diagc.backends.triton_descriptors import HELPER, copies
from diagc.backends.triton_parts import ASSUMED, PROCESSORS
from diagc.check.entry import Entry
from diagc.kernel.ir import Loop
from diagc.verify.aot import compile_variants
from diagc.verify.cases import make_case
from diagc.verify.differential import Outcome, Question, compare, gradients_of, results_of
from tests.unit.specs import entry

ROOT = Path(__file__).parents[2]
HOPPER: tuple[Form, ...] = ("descriptors", "specialised", "persistent", "gluon")
SIZES = {
    "causal": {"q": 67, "x": 131, "d": 40},
    "sliding_window": {"q": 67, "x": 330, "d": 24},
    "documents": {"q": 67, "x": 70, "d": 32},
    "gqa": {"b": 2, "kv": 1, "g": 2, "q": 19, "x": 67, "d": 24},
    "matmul": {"m": 330, "n": 264, "k": 72},
}
QUICK = [name for name in SIZES if name != "documents"]


def shipped(name: str) -> Entry:
    folder = {"causal": "attention/attention", "gqa": "attention/gqa", "matmul": "dense/matmul"}
    return load(ROOT / "specs" / f"{folder.get(name, 'attention/masks')}.diag").entries[name]


def outcomes(
    names: Iterable[str], form: Form, ask: Callable[[Entry], Question] = results_of
) -> list[Outcome]:
    """One case of each function, all in one process."""
    asked = {name: shipped(name) for name in names}
    found = {n: [make_case(ask(e).diagram, "forms", SIZES[n], "random")] for n, e in asked.items()}
    return compare(asked, found, "triton", "forms.diag", ask, form)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays that descriptors do not take are an error, so that what is run is what is asked for."""
    either = "return all(_has_tiles(array) for array in arrays)"
    assert either in HELPER
    strict = f"assert {either.removeprefix('return ')}, 'no tiles'\n    return True"
    monkeypatch.setattr(triton_program, "HELPER", HELPER.replace(either, strict))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that runs three programs at once, so that each has several tiles."""
    many = f"return {ASSUMED}\n"
    assert many in PROCESSORS
    monkeypatch.setattr(triton_program, "PROCESSORS", PROCESSORS.replace(many, "return 3\n"))


@pytest.mark.usefixtures("always", "few")
@pytest.mark.parametrize("form", HOPPER)
@pytest.mark.parametrize(
    "names",
    [QUICK, pytest.param([n for n in SIZES if n not in QUICK], marks=pytest.mark.slow)],
    ids=["quick", "others"],
)
def test_results_by_descriptors(names: list[str], form: Form) -> None:
    found = outcomes(names, form)
    assert len(found) == len(names)
    assert [one for one in found if one.problem] == []


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("form", HOPPER)
def test_gradients_by_descriptors(form: Form) -> None:
    (found,) = outcomes(["causal"], form, gradients_of)
    assert found.problem is None


@pytest.mark.usefixtures("always")
def test_strides_that_are_no_multiples_of_16_bytes_have_no_tiles() -> None:
    asked = shipped("causal")
    case = make_case(asked.diagram, "odd", {"q": 17, "x": 19, "d": 37}, "random")
    (found,) = compare({"causal": asked}, {"causal": [case]}, "triton", "f.diag", form="descriptors")
    assert found.problem is not None and "no tiles" in found.problem


@pytest.mark.parametrize(
    "form", ["descriptors", *(pytest.param(f, marks=pytest.mark.slow) for f in HOPPER[1:])]
)
def test_such_arrays_come_by_pointers(form: Form) -> None:
    asked = shipped("causal")
    case = make_case(asked.diagram, "odd", {"q": 17, "x": 19, "d": 37}, "random")
    (found,) = compare({"causal": asked}, {"causal": [case]}, "triton", "f.diag", form=form)
    assert found.problem is None


def variant(text: str, form: Form) -> Variant:
    return formed(kernels(entry(text), gradients=False), form).variants[0]


SCORES = "axis q, x, d\nfn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]{more}) -> bf16[q d] {{\n{body}\n}}"
STREAMED = SCORES.format(more="", body="return sum[x](softmax[x](sum[d](Q * K)) * V)")
CHOSEN = SCORES.format(
    more=", place: i32[x] in x", body="return sum[x](softmax[x](sum[d](Q * K[x -> place])) * V)"
)
COMPUTED = SCORES.format(more="", body="return sum[x](softmax[x](sum[d](Q * exp(K))) * V)")


@pytest.mark.parametrize(("text", "copied"), [(STREAMED, "Q K V"), (CHOSEN, "Q V"), (COMPUTED, "Q V")])
def test_only_tiles_that_feed_a_product_as_they_are_stored_are_copied(text: str, copied: str) -> None:
    found = copies(variant(text, "pointers").kernel)
    assert {copy.source.op.name for copy in found.values()} == set(copied.split())  # pyright: ignore[reportAttributeAccessIssue]


def test_the_specialised_form_has_one_loop_and_the_others_two() -> None:
    for form, loops in (("pointers", 2), ("descriptors", 2), ("specialised", 1), ("persistent", 1)):
        made = variant(STREAMED, form)
        assert sum(isinstance(s, Loop) for s in made.kernel.statements()) == loops
        assert made.form == form


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "copied"), [("pointers", 0), ("descriptors", 1), ("specialised", 1), ("persistent", 1)]
)
def test_hopper_copies_by_itself_and_multiplies_without_waiting(form: Form, copied: int) -> None:
    for report in compile_variants([variant(STREAMED, form)], ["sm_90"]):
        assert report.problem is None and report.wgmma > 0
        assert bool(report.ptx.count("cp.async.bulk.tensor")) == bool(copied)
        assert ("setmaxnreg" in report.ptx) == (form == "specialised")
