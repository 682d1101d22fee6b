"""Gradients of small entries in Triton's interpreter and in JAX against the float64 reference."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.backends.plans import kernels
from diagc.verify import differential
from diagc.verify.cases import cases
from diagc.verify.differential import Backend, compare, gradients_of
from tests.unit.specs import entry

HEAD = "axis kv, g, q, x, d, e\n"
CHOSEN = {
    "best": "fn best(Q: bf16[q d], K: bf16[x d]) -> f32[q] { return max[x](sum[d](Q * K)) }",
    "by_best": "fn by_best(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e] {\n"
    "  S = sum[d](Q * K)\n  return sum[x](exp(S - 2 * max[x](S)) * V)\n}",
    "of_all": "fn of_all(Q: f32[q d], K: f32[x d]) -> f32 { return min[q x](sum[d](Q * K)) }",
}
STILL = {
    "steps": "fn steps(Q: f32[q d], K: f32[x d]) -> f32[q] { return sum[d](floor(Q)) + sum[x d](Q * stop(K)) }",
    "still": "fn still(Q: f32[q d], K: f32[x d]) -> f32[q x] { return sum[d](floor(Q) * sign(K)) }",
}
GROUPED = {
    "grouped": "fn grouped(Q: f32[kv g q d], K: f32[kv x d], V: f32[kv x e]) -> f32[kv g q e] {\n"
    "  return sum[x](softmax[x](sum[d](Q * K)) * V)\n}",
}
SATURATED = {
    "weights": "fn weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32) -> f32[q e] {\n"
    "  return sum[x](softmax[x](s * sum[d](Q * K)) * V)\n}",
}


def problems(texts: dict[str, str], backend: Backend, names: tuple[str, ...]) -> list[str]:
    entries = {name: entry(HEAD + text, name) for name, text in texts.items()}
    chosen = {
        name: [c for c in cases(gradients_of(found).diagram) if c.name in names]
        for name, found in entries.items()
    }
    outcomes = compare(entries, chosen, backend, "gradients.diag", gradients_of)
    assert len(outcomes) == len(texts) * len(names)
    return [f"{o.entry}, {o.case}: {o.problem or o.refused}" for o in outcomes if o.problem or o.refused]


@pytest.mark.parametrize("backend", ["triton", pytest.param("jax", marks=pytest.mark.slow)])
def test_the_winner_of_recomputed_elements_has_the_derivative(backend: Backend) -> None:
    assert problems(CHOSEN, backend, ("ragged", "constant values")) == []


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_gradients_that_read_nothing_are_zero(backend: Backend) -> None:
    for name, text in STILL.items():
        assert kernels(entry(HEAD + text, name)).differentiated
    assert problems(STILL, backend, ("primes",)) == []


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_sums_over_queries_and_heads_of_a_group(backend: Backend) -> None:
    """Two loops in each other: every one has an index of its own."""
    assert problems(GROUPED, backend, ("primes",)) == []


def test_what_one_kernel_cannot_hold_has_gradients_as_well() -> None:
    text = {"wide": "fn wide(Q: bf16[q d], K: bf16[x d]) -> f32[q] { return logsumexp[x](sum[d](Q * K)) }"}
    found = kernels(entry(HEAD + text["wide"], "wide"))
    assert [made.name for made in found.differentiated] == ["wide", "wide_long"]
    assert problems(text, "triton", ("long",)) == []


@pytest.mark.parametrize("backend", ["triton", "jax"])
def test_saturated_weights(backend: Backend) -> None:
    assert problems(SATURATED, backend, ("large values",)) == []


@pytest.mark.parametrize("name", ["d_Q", "d_V"])
def test_a_gradient_by_half_is_noticed_beside_moved_roundings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What moves by roundings is tolerated; a wrong gradient that is well conditioned is not."""
    found = entry(HEAD + SATURATED["weights"], "weights")
    asked = gradients_of(found)
    chosen = [c for c in cases(asked.diagram) if c.name == "ragged"]

    def halved(value: np.ndarray, *rest: object) -> tuple[float, float, str | None]:
        layout = rest[2]
        wrong = (
            value / 2 if layout is asked.diagram.layouts[asked.diagram.output_names.index(name)] else value
        )
        return judged(wrong, *rest)

    judged = differential.judge_array
    monkeypatch.setattr(differential, "judge_array", halved)
    (outcome,) = compare({"weights": found}, {"weights": chosen}, "jax", "gradients.diag", lambda _: asked)
    assert outcome.problem is not None
