"""Folds by a vector of sums in code: as accurate as two passes, finite where the result is, and in one pass."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from diagc.backends.emit import jax_source, triton_source
from diagc.backends.plans import normal_form
from diagc.plan.structure import structure
from diagc.verify.cases import Case, cases, make_case
from diagc.verify.differential import Backend, compare
from tests.unit.specs import ROOT, entry, spec_entries

NOVEL = ROOT / "specs" / "novel" / "moments.diag"
COLUMN = """
axis r, n, k
fn spread(A: f32[r k], B: f32[k n]) -> f32[r] {
  return variance[n](sum[k](A * B))
}
"""


@pytest.mark.parametrize("name", sorted(spec_entries(NOVEL)))
def test_novel_diagrams_stream_in_one_pass(name: str) -> None:
    planned = structure(normal_form(spec_entries(NOVEL)[name])[0])
    assert len(planned.passes) == 1


def rows(mean: float, count: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(5).standard_normal((2, count))
    return (mean + drawn).astype(np.float32)


def added(parts: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Row sums in float32 as a loop over blocks adds them."""
    total = np.zeros(len(parts), np.float32)
    for first in range(0, parts.shape[1], block):
        total += np.sum(parts[:, first : first + block], axis=1, dtype=np.float32)
    return total


def two_passes(data: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """The mean in a first loop, the squares about it in a second one, both in float32."""
    share = np.float32(1) / np.float32(data.shape[1])
    centred = data - (added(data, block) * share)[:, None]
    return added(centred * centred, block) * share


RUN = """
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
{body}
"""
JAX = (
    "import module\na = np.load(sys.argv[2]); np.save(sys.argv[3], np.asarray(module.spread(a['A'], a['B'])))"
)
TRITON = (
    "import os; os.environ['TRITON_INTERPRET'] = '1'\nimport torch, module\na = np.load(sys.argv[2])\n"
    "np.save(sys.argv[3], module.spread(*(torch.from_numpy(a[k]) for k in a.files)).numpy())"
)


def run(folder: Path, source: str, body: str, **arrays: NDArray[Any]) -> NDArray[Any]:
    (folder / "module.py").write_text(source)
    np.savez(folder / "in.npz", **arrays)
    command = [
        sys.executable,
        "-c",
        RUN.format(body=body),
        str(folder),
        str(folder / "in.npz"),
        str(folder / "out.npy"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return np.load(folder / "out.npy")


def assert_as_good_as_two_passes(got: NDArray[Any], data: NDArray[np.float32], block: int) -> None:
    truth = np.var(data.astype(np.float64), axis=1)
    error, plain = np.abs(got - truth), np.abs(two_passes(data, block) - truth)
    assert np.all(error <= 2 * plain.max() + 2.0**-22 * truth), (error, plain)


def test_one_pass_in_blocks_is_as_accurate_as_two(tmp_path: Path) -> None:
    """Standard normal data about 10⁴ in float32; sums of squares would have no correct digit."""
    data = rows(1e4, 100_000)
    found = entry(COLUMN, "spread")
    source = jax_source({"spread": found}, "column.diag")
    assert "fori_loop" in source
    got = run(tmp_path, source, JAX, A=np.eye(2, dtype=np.float32), B=data)
    assert_as_good_as_two_passes(got, data, 256)


def test_one_pass_in_triton_is_as_accurate_as_two(tmp_path: Path) -> None:
    data = rows(1e4, 100_000)
    found = entry("axis r, n\nfn spread(X: f32[r n]) -> f32[r] { return variance[n](X) }", "spread")
    got = run(tmp_path, triton_source([found], "rows.diag"), TRITON, X=data)
    assert_as_good_as_two_passes(got, data, 4096)


HARD = """
axis q, x, e
fn entropy(S: f32[q x]) -> f32[q] {
  m = max[x](S)
  w = exp(S - m)
  z = sum[x](w)
  return log(z) - sum[x](where(S > -inf, w * (S - m), 0)) / z
}
fn deviation(S: f32[q x], t: f32[x]) -> f32[q] {
  P = softmax[x](S)
  m = sum[x](P * t)
  return 1 + sum[x](P * (t - m) ^ 2)
}
fn fourth(S: f32[q x], t: f32[x]) -> f32[q] {
  w = where(S > -inf, 1.0, 0)
  n = sum[x](w)
  m = sum[x](w * t) / n
  return 1 + sum[x](w * (t - m) ^ 4) / n
}
fn place(S: f32[q x]) -> (i: i32[q] in x, j: i32[q] in x, c: f32[q]) {
  return argmax[x](S), argmin[x](S), sum[x](where(S == max[x](S), 1.0, 0))
}
"""
HARD_NAMES = ("entropy", "deviation", "fourth", "place")


def hard_scores() -> Iterator[tuple[str, NDArray[np.float64]]]:
    drawn = np.random.default_rng(11).standard_normal((3, 300))
    late = drawn.copy()
    late[:, :280] = -np.inf
    yield "nothing in the first tiles", late
    early = drawn.copy()
    early[:, 5:] = -np.inf
    yield "nothing in the last tiles", early
    yield "magnitude 10⁴", 1e4 * np.round(drawn, 2)
    yield "rising", np.arange(300.0) * np.ones((3, 1)) * 50
    yield "falling", -np.arange(300.0) * np.ones((3, 1)) * 50
    yield "equal", np.full((3, 300), 2.5)


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_hard_rows_are_finite_where_the_reference_is(backend: Backend) -> None:
    entries = {name: entry(HARD, name) for name in HARD_NAMES}
    payload = 50.0 + np.random.default_rng(2).integers(-8, 8, 300)
    made: dict[str, list[Case]] = {}
    for name, found in entries.items():
        every = {"t": payload} if name in ("deviation", "fourth") else {}
        made[name] = [
            Case(title, {"q": 3, "x": 300}, {"S": scores.astype(np.float32).astype(np.float64), **every})
            for title, scores in hard_scores()
        ] + [c for c in cases(found.diagram) if c.name in ("ones", "ragged", "long")]
    outcomes = compare(entries, made, backend, "hard.diag")
    assert [o for o in outcomes if o.problem is not None] == []
    assert all(len(structure(normal_form(e)[0]).passes) == 1 for e in entries.values())


NESTED = """
axis q, x, y, d
fn inner(Q: f32[q d], K: f32[x y d], V: f32[x y]) -> f32[q] {
  S = sum[d](Q * K)
  A = logsumexp[y](S)
  return sum[x](softmax[x](A) * sum[y](softmax[y](S) * V))
}
fn pooled(Q: f32[q d], K: f32[x y d], t: f32[x]) -> (L: f32[q], D: f32[q]) {
  A = max[y](sum[d](Q * K))
  P = softmax[x](A)
  m = sum[x](P * t)
  return logsumexp[x](A), 1 + sum[x](P * (t - m) ^ 2)
}
fn several(S: f32[q x], V: f32[x d], t: f32[x]) -> (O: f32[q d], L: f32[q], m: f32[q], i: i32[q] in x, D: f32[q]) {
  P = softmax[x](S)
  m = sum[x](P * t)
  return sum[x](P * V), logsumexp[x](S), m, argmax[x](S), 1 + sum[x](P * (t - m) ^ 2)
}
"""


@pytest.mark.parametrize("backend", [pytest.param("triton", marks=pytest.mark.slow), "jax"])
def test_folds_inside_folds_and_many_results_share_a_pass(backend: Backend) -> None:
    entries = {name: entry(NESTED, name) for name in ("inner", "pooled", "several")}
    for found in entries.values():
        assert len(structure(normal_form(found)[0]).passes) == 1
    chosen = ("ones", "ragged", "constant values")
    made = {n: [c for c in cases(e.diagram) if c.name in chosen] for n, e in entries.items()}
    outcomes = compare(entries, made, backend, "nested.diag")
    assert [o for o in outcomes if o.problem is not None] == []


LATE = """
axis q, x, d: 16
fn late(Q: f32[q d], K: f32[x d], V: f32[x d], first: i32[]) -> f32[q d] {
  S = sum[d](Q * K)
  return sum[x](softmax[x](where(x >= first, S, -inf)) * V)
}
"""


def test_tiles_that_data_masks_wholly_are_empty() -> None:
    """Tiles before the first index have no finite maximum although no affine mask cuts them."""
    found = entry(LATE, "late")
    case = make_case(found.diagram, "late", {"q": 40, "x": 300}, "random")
    case.arrays["first"] = np.asarray(270)
    (outcome,) = compare({"late": found}, {"late": [case]}, "triton", "test.diag")
    assert outcome.problem is None, outcome
