"""The best of a streamed axis in code: one pass, ties and −∞ in order, in tiles shorter than a list, and in parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from diagc.backends.differentiate import planned
from diagc.backends.emit import jax_source
from diagc.backends.plans import kernels, normal_form
from diagc.plan.structure import structure
from diagc.verify.cases import Case
from diagc.verify.differential import Backend, compare
from tests.unit.specs import entry

TEXT = """
axis q, x, d, few: 4, many: 6
fn near(Q: f32[q d], K: f32[x d], ok: bool[x]) -> (D: f32[q few], I: i32[q few] in x) {
  v, i = topk[x](where(ok, -sum[d]((Q - K) ^ 2), -inf), k = few)
  return v, i
}
fn alike(Q: bf16[q d], K: bf16[x d], ok: bool[x]) -> (S: f32[q many], I: i32[q many] in x) {
  v, i = topk[x](where(ok, sum[d](Q * K), -inf), k = many)
  return v, i
}
fn second(Q: f32[q d], K: f32[x d], ok: bool[x]) -> (gap: f32[q], i: i32[q] in x) {
  D = where(ok, sum[d]((Q - K) ^ 2), 1000)
  best = argmin[x](D)
  left = where(x == best, inf, D)
  return min[x](left) - min[x](D), argmin[x](left)
}
"""
NAMES = ("near", "alike", "second")
SIZES = (
    {"q": 3, "d": 40, "x": 529},
    {"q": 2, "d": 3, "x": 7},
    {"q": 18, "d": 64, "x": 289},
)
"""In parts, of which the end cuts the last; held; in tiles of 16 with one index in the last."""


def ties() -> Iterator[Case]:
    """Small integers, so that all arithmetic is exact and most scores occur often; then all but a few are −∞."""
    for number, sizes in enumerate(SIZES):
        random = np.random.default_rng(number)
        Q, K = (random.integers(-1, 2, (sizes[a], sizes["d"])).astype(np.float64) for a in "qx")
        K[:, 3:] = 0
        for kept in (sizes["x"], 2):
            ok = np.zeros(sizes["x"], np.bool_)
            ok[random.choice(sizes["x"], kept, replace=False)] = True
            yield Case(f"{sizes['x']}, {kept} kept", sizes, {"Q": Q, "K": K, "ok": ok})


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_kernel_with_one_pass(name: str) -> None:
    found = entry(TEXT, name)
    assert len(structure(planned(*normal_form(found))).passes) == 1
    (launch,) = kernels(found, gradients=False).plans[0].launches
    assert len(launch.diagram.outputs) == 2
    assert "fori_loop" in jax_source({name: found}, "near.diag")


@pytest.mark.parametrize("name", ["near", "second"])
def test_each_part_is_one_kernel(name: str) -> None:
    (parted,) = (p for p in kernels(entry(TEXT, name), gradients=False).parted if p.axis.name == "x")
    assert len(parted.plan.launches) == 2


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_ties_and_infinities_are_in_the_order_of_the_reference(backend: Backend) -> None:
    entries = {name: entry(TEXT, name) for name in NAMES}
    outcomes = compare(entries, {name: list(ties()) for name in NAMES}, backend, "near.diag")
    assert [(o.entry, o.case, o.problem or o.refused) for o in outcomes if o.problem or o.refused] == []
    assert max(o.error for o in outcomes) == 0
