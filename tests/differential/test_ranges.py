"""Loops that data bound: the same results, and no tile visited that nothing needs.

What is visited is seen from outside: column j of the values is NaN in block j of the streamed axis and a weight of 0
does not hide it, so the result has NaN in column j exactly where block j was visited.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from diagc.backends.emit import jax_source, triton_source
from diagc.backends.plans import kernels
from diagc.verify.cases import Case
from diagc.verify.differential import Backend, compare, gradients_of, results_of
from tests.unit.specs import entry

SPEC = """
axis b, q, x, d
fn scores(Q: f32[q d], K: f32[x d]) -> f32[q x] { return sum[d](Q * K) * rsqrt(size(d)) }
fn same(Q: f32[q d], K: f32[x d], V: f32[x d], of_q: i32[q], of_x: i32[x]) -> f32[q d] {
  return sum[x](softmax[x](where(of_q == of_x, scores(Q, K), -inf)) * V)
}
fn causal(Q: f32[q d], K: f32[x d], V: f32[x d], of_q: i32[q], of_x: i32[x]) -> f32[q d] {
  return sum[x](softmax[x](where(x <= q and of_q == of_x, scores(Q, K), -inf)) * V)
}
fn before(Q: f32[q d], K: f32[x d], V: f32[x d], of_q: i32[q], of_x: i32[x]) -> f32[q d] {
  return sum[x](softmax[x](where(of_q > of_x, scores(Q, K), -inf)) * V)
}
fn flagged(Q: f32[q d], K: f32[x d], V: f32[x d], ok: bool[x]) -> f32[q d] {
  return sum[x](where(ok, sigmoid(scores(Q, K)), 0) * V)
}
fn either(Q: f32[q d], K: f32[x d], V: f32[x d], of_q: i32[q], of_x: i32[x], ok: bool[x]) -> f32[q d] {
  return sum[x](softmax[x](where(of_q == of_x or ok, scores(Q, K), -inf)) * V)
}
fn lengths(Q: f32[b q d], K: f32[b x d], V: f32[b x d], low: i32[b], high: i32[b]) -> f32[b q d] {
  S = sum[d](Q * K)
  return sum[x](softmax[x](where(x >= low and x <= high, S, -inf)) * V)
}
"""
ENTRIES = {name: entry(SPEC, name) for name in ("same", "causal", "before", "flagged", "either", "lengths")}
RANDOM = np.random.default_rng(7)
Q, X, D = 150, 170, 12


def ids(kind: str, count: int) -> NDArray[np.int32]:
    """Document numbers: contiguous documents, the same in any order, one document, or one for each index."""
    length = -(-count // 5)
    made = {
        "sorted": np.arange(count) // length - 2,
        "unsorted": RANDOM.permutation(np.arange(count) // length),
        "equal": np.full(count, 3),
        "different": RANDOM.permutation(count),
        "absent": np.arange(count) % 2,
    }
    return made[kind].astype(np.int32)


def arrays(name: str, kind: str) -> dict[str, NDArray[Any]]:
    lead = (2,) if name == "lengths" else ()
    made: dict[str, NDArray[Any]] = {
        n: RANDOM.standard_normal((*lead, s, D)).astype(np.float32)
        for n, s in zip("QKV", (Q, X, X), strict=True)
    }
    if name == "lengths":
        limits = {"sorted": (3, 40), "unsorted": (60, 20), "equal": (-5, 2**31 - 1), "different": (64, 64)}
        low, high = limits.get(kind, (-(2**31), 31))
        made |= {"low": np.array([low, 5], np.int32), "high": np.array([high, 100], np.int32)}
        return made
    if name != "flagged":
        of_q = ids("equal" if kind == "absent" else kind, Q)
        made |= {"of_q": of_q, "of_x": ids(kind, X)}
    if name in ("flagged", "either"):
        made["ok"] = ids(kind, X) == 1
    return made


def chosen(gradients: bool) -> dict[str, list[Case]]:
    """Every kind of data for results; for gradients, which take the interpreter long, what loops of them share."""
    found: dict[str, list[Case]] = {}
    for name in ("same", "causal", "lengths") if gradients else ENTRIES:
        sizes = {"q": Q, "d": D, "x": X} | ({"b": 2} if name == "lengths" else {})
        kinds = (
            ("sorted", "unsorted") if gradients else ("sorted", "unsorted", "equal", "different", "absent")
        )
        found[name] = [Case(kind, sizes, arrays(name, kind)) for kind in kinds]
        if gradients:
            shape = (2, Q, D) if name == "lengths" else (Q, D)
            cotangents = gradients_of(ENTRIES[name]).cotangents
            for case in found[name]:
                for cotangent in cotangents:
                    case.arrays[cotangent] = RANDOM.standard_normal(shape).astype(np.float32)
    return found


@pytest.mark.parametrize(
    ("backend", "gradients"),
    [
        ("triton", False),
        ("triton", True),
        ("jax", False),
        pytest.param("jax", True, marks=pytest.mark.slow),
    ],
    ids=["triton-results", "triton-gradients", "jax-results", "jax-gradients"],
)
def test_any_order_of_the_data_gives_the_reference(backend: Backend, gradients: bool) -> None:
    cases = chosen(gradients)
    entries = {name: ENTRIES[name] for name in cases}
    outcomes = compare(entries, cases, backend, "ranges.diag", gradients_of if gradients else results_of)
    assert len(outcomes) == sum(map(len, cases.values()))
    assert [o for o in outcomes if o.problem is not None] == []


# ---- what is visited

BLOCK_Q, BLOCK_X = 64, 16
"""Blocks of a kernel on float32 with few features; blockwise JAX is given the same."""


def test_blocks_are_those_of_the_kernel() -> None:
    (config, *_) = kernels(ENTRIES["same"]).variants[0].configs
    assert {axis.name: block for axis, block in config.blocks} == {"q": BLOCK_Q, "x": BLOCK_X}


def run(
    name: str,
    backend: Backend,
    given: dict[str, NDArray[Any]],
    folder: Path,
    cotangents: tuple[str, ...] = (),
) -> list[NDArray[Any]]:
    """What the emitted function gives, in a process of its own; JAX in the blocks of the kernel."""
    found = {name: ENTRIES[name]}
    text = triton_source(found.values(), "r") if backend == "triton" else jax_source(found, "r")
    for axis, default, block in (("x", 256, BLOCK_X), ("q", 512, BLOCK_Q)):
        text = text.replace(f"block_{axis}={default}", f"block_{axis}={block}")
    (folder / "module.py").write_text(text)
    np.savez(folder / "call.npz", **given)  # pyright: ignore[reportArgumentType]
    kinds = {"float32": "float32", "int32": "int32", "bool": "bool"}
    call = {
        "name": "call", "function": name, "dtypes": {n: kinds[a.dtype.name] for n, a in given.items()},
        "parameters": [], "cotangents": list(cotangents),
    }  # fmt: skip
    (folder / "request.json").write_text(json.dumps({"calls": [call]}))
    kind = "triton" if backend == "triton" else "jax"
    subprocess.run([sys.executable, "-m", "diagc.verify.run_worker", kind, str(folder)], check=True)
    return list(np.load(folder / "call.out.npz").values())


def visited(name: str, backend: Backend, given: dict[str, NDArray[Any]], folder: Path) -> NDArray[np.bool_]:
    """For each tile of q and block of x whether it was visited."""
    blocks = -(-X // BLOCK_X)
    values = np.zeros((X, D), np.float32)
    for block in range(blocks):
        values[block * BLOCK_X : (block + 1) * BLOCK_X, block] = np.nan
    lead = given["V"].shape[:-2]
    (out,) = run(name, backend, given | {"V": np.broadcast_to(values, (*lead, X, D)).copy()}, folder)
    seen = np.isnan(out[..., :blocks])
    return np.stack([seen[..., q : q + BLOCK_Q, :].any(-2) for q in range(0, Q, BLOCK_Q)], -2)


def between(allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The blocks from the first to the last that some query of a tile may look at."""
    blocks = -(-X // BLOCK_X)
    wanted = np.zeros((-(-Q // BLOCK_Q), blocks), bool)
    for tile, first in enumerate(range(0, Q, BLOCK_Q)):
        places = np.flatnonzero(allowed[first : first + BLOCK_Q].any(0)) // BLOCK_X
        if len(places):
            wanted[tile, places[0] : places[-1] + 1] = True
    return wanted


VISITS: list[tuple[str, Backend]] = [(name, "triton") for name in ("same", "causal", "before", "flagged")]
VISITS += [(name, "jax") for name in ("same", "before", "flagged")]
"""Blockwise JAX does not cut what it is told about indices at the end of the queries: `causal` visits a block more."""


@pytest.mark.parametrize(("name", "backend"), VISITS)
def test_contiguous_documents_are_visited_and_nothing_else(
    name: str, backend: Backend, tmp_path: Path
) -> None:
    given = arrays(name, "sorted")
    if name == "flagged":
        allowed = np.broadcast_to(given["ok"], (Q, X))
    else:
        row, column = given["of_q"][:, None], given["of_x"]
        allowed = {"same": row == column, "before": row > column}.get(
            name, (row == column) & (np.arange(X) <= np.arange(Q)[:, None])
        )
    found, wanted = visited(name, backend, given, tmp_path), between(allowed)
    assert 0 < wanted.sum() < wanted.size
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_a_length_of_its_own_bounds_each_loop(backend: Backend, tmp_path: Path) -> None:
    given = arrays("lengths", "sorted") | {
        "low": np.array([20, 64], np.int32),
        "high": np.array([40, 95], np.int32),
    }
    found = visited("lengths", backend, given, tmp_path)
    index = np.arange(X)
    wanted = [
        between(np.broadcast_to((index >= low) & (index <= high), (Q, X)))
        for low, high in ((20, 40), (64, 95))
    ]
    if (
        backend == "jax"
    ):  # sequences are held together, and a loop goes from the first of any to the last of any
        joint = between(np.broadcast_to((index >= 20) & (index <= 95), (Q, X)))
        wanted = [joint, joint]
    np.testing.assert_array_equal(found, np.stack(wanted))


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_gradients_visit_what_results_do(backend: Backend, tmp_path: Path) -> None:
    """Keys of documents without queries and queries of documents without keys are NaN: gradients do not meet them."""
    given = arrays("same", "sorted") | {"d_out": RANDOM.standard_normal((Q, D)).astype(np.float32)}
    given["of_q"] = np.where(np.arange(Q) < BLOCK_Q, 1, 2).astype(np.int32)
    given["of_x"] = np.where(np.arange(X) < 5 * BLOCK_X, 2, 3).astype(np.int32)
    given["K"][5 * BLOCK_X :], given["Q"][:BLOCK_Q] = np.nan, np.nan
    (cotangent,) = gradients_of(ENTRIES["same"]).cotangents
    given[cotangent] = given.pop("d_out")
    d_q, d_k, d_v = run("same", backend, given, tmp_path, (cotangent,))
    assert np.isfinite(d_q[BLOCK_Q:]).all()
    assert np.isfinite(d_k[: 5 * BLOCK_X]).all()
    assert np.isfinite(d_v).all()
