"""Every shipped entry in Triton's interpreter and in JAX against the float64 reference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from diagc.backends.plans import kernels, normal_form
from diagc.check.entry import Entry
from diagc.core.canonical import diagram_hash
from diagc.diagnostics import DiagnosticError
from diagc.verify.aot import compile_variants
from diagc.verify.cases import Case, cases
from diagc.verify.differential import Backend, compare
from tests.unit.specs import SPECS, entry, spec_entries

ROOMS_WITHOUT_NAMES = ("core", "check", "cost", "passes", "plan", "kernel", "backends")


SLOW = (
    "attention_f32",
    "block",
    "convolution",
    "decode",
    "differential",
    "fused",
    "gqa",
    "latent",
    "linear",
    "masks",
    "moments",
    "nearest",
    "regularised",
    "rotary",
    "routing",
    "weights",
)
"""Specs whose kernels take the interpreter long: they run with `make test-all`."""

MARKED = [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if p.stem in SLOW else []) for p in SPECS]

QUICK = ("ones", "ragged", "long", "empty rows")
"""Cases that every test run has: no tile is full, some are skipped, some are whole; the others are slow."""

some_cases = pytest.mark.parametrize(
    "quick", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["quick", "others"]
)


def chosen_cases(entries: Mapping[str, Entry], quick: bool) -> dict[str, list[Case]]:
    """The quick cases of each entry, or the others."""
    return {n: [c for c in cases(e.diagram) if (c.name in QUICK) == quick] for n, e in entries.items()}


def is_fused(found: Entry) -> bool:
    """Whether kernels are made for an entry."""
    try:
        kernels(found)
    except DiagnosticError:
        return False
    return True


@pytest.mark.parametrize("backend", ["triton", "jax"])
@pytest.mark.parametrize("spec", MARKED)
@some_cases
def test_back_ends_agree_with_the_reference(spec: Path, backend: Backend, quick: bool) -> None:
    entries = spec_entries(spec)
    if backend == "triton":
        entries = {name: found for name, found in entries.items() if is_fused(found)}
    chosen = chosen_cases(entries, quick)
    outcomes = compare(entries, chosen, backend, spec.name)
    assert len(outcomes) == sum(map(len, chosen.values())) >= 3 * len(entries)
    assert [o for o in outcomes if o.problem is not None] == []


WINDOW = """
axis q, x, d, d2
fn window(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  S = sum[d](Q * K) * rsqrt(size(d))
  return sum[x](softmax[x](where(x <= q and x > q - 37, S, -inf)) * V)
}
fn nothing_left(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  return sum[x](softmax[x](where(x < q - 20, sum[d](Q * K), -inf)) * V)
}
fn strided(Q: f32[q d], K: f32[x d], V: f32[x d], ok: bool[x]) -> f32[q d] {
  return sum[x](softmax[x](where(ok and x % 3 == q % 3, sum[d](Q * K), -inf)) * V)
}
fn twice_as_far(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  return sum[x](softmax[x](where(x <= 2 * q + 3 and 3 * x + 2 * q > 90, sum[d](Q * K), -inf)) * V)
}
fn from_the_end(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  return sum[x](softmax[x](where(x <= 97 - q, sum[d](Q * K), -inf)) * V)
}
fn keys_are_made(Q: f32[q d], C: f32[x d], U: f32[d d2], V: f32[x d]) -> f32[q d2] {
  K = sum[d](C * U)
  return sum[x](softmax[x](where(x <= q, sum[d2](sum[d](Q * U) * K), -inf)) * K)
}
fn sigmoid_weights(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {
  return sum[x](where(x <= q, sigmoid(sum[d](Q * K)), 0) * V)
}
fn two_results(Q: f32[q d], K: f32[x d], V: f32[x d]) -> (O: f32[q d], L: f32[q]) {
  S = sum[d](Q * K)
  return sum[x](softmax[x](S) * V), logsumexp[x](S)
}
fn weights(Q: f32[q d], K: f32[x d]) -> f32[q x] {
  return softmax[x](sum[d](Q * K))
}
"""


@some_cases
@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_unshipped_masks_and_results_agree_too(backend: Backend, quick: bool) -> None:
    names = (
        "window", "nothing_left", "strided", "twice_as_far", "from_the_end", "keys_are_made", "sigmoid_weights",
        "two_results", "weights",
    )  # fmt: skip
    entries = {name: entry(WINDOW, name) for name in names}
    outcomes = compare(entries, chosen_cases(entries, quick), backend, "window.diag")
    assert len(outcomes) >= 3 * len(names)
    assert [o for o in outcomes if o.problem is not None] == []


def test_one_kernel_for_every_spelling() -> None:
    head = "axis q, x, d\nfn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {\n"
    scores = "  S = sum[d](Q * K) * rsqrt(size(d))\n"
    library = head + scores + "  return sum[x](softmax[x](S) * V)\n}"
    by_hand = (
        head
        + scores
        + (
            "  m = max[x](S)\n  w = exp(S - m)\n  t = sum[x](w)\n  return sum[x](where(t > 0, w / t, 0) * V)\n}"
        )
    )
    outside = (
        head
        + scores
        + (
            "  m = max[x](S)\n  w = exp(S - m)\n  t = sum[x](w)\n  return where(t > 0, sum[x](V * w) / t, 0)\n}"
        )
    )
    renamed = (
        "axis r, s, feature\nfn f(A: bf16[r feature], B: bf16[s feature], C: bf16[s feature]) -> bf16[r feature] {\n"
        "  return sum[s](C * softmax[s](rsqrt(size(feature)) * sum[feature](B * A)))\n}"
    )
    hashes = {diagram_hash(normal_form(entry(text))[0]) for text in (library, by_hand, outside, renamed)}
    assert len(hashes) == 1


def test_no_room_below_the_library_knows_an_algorithm() -> None:
    root = Path(__file__).parents[2] / "diagc"
    words = ("softmax", "attention", "flash")
    found = [
        f"{path}: {word}"
        for room in ROOMS_WITHOUT_NAMES
        for path in (root / room).rglob("*.py")
        for word in words
        if word in path.read_text("utf-8").lower()
    ]
    assert found == []


def test_sm_90_kernel_of_head_128_keeps_its_registers_and_overlaps_its_products() -> None:
    made = kernels(spec_entries(SPECS[0].parents[1] / "attention" / "attention.diag")["attention"])
    variant = made.variants[0]
    chosen = type(variant)(variant.kernel, tuple(c for c in variant.configs if c.max_resident == 128))
    (report,) = compile_variants([chosen], ["sm_90"])
    assert report.problem is None
    assert report.spills == 0
    assert report.wgmma
    assert not report.serialised
