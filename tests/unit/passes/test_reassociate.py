"""The order of contractions follows the work, and the value does not change."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.backends.sizes import input_name
from diagc.core import ops
from diagc.core.contraction import summed_factors
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.rewrite import Record
from diagc.core.text import print_diagram
from diagc.passes.normalise import Normalise
from diagc.passes.reassociate import Reassociate
from tests.unit.specs import entry

LINEAR = """axis q, x, d: 64, e: 64
fn f(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e] { return sum[x](sum[d](Q * K) * V) }"""
LORA = """axis b, i, o, r: 16
fn f(X: f32[b i], W: f32[i o], A: f32[i r], B: f32[r o]) -> f32[b o] { return sum[i](X * (W + sum[r](A * B))) }"""
LATENT = """axis q, x, c: 512, h: 128, d: 64
fn f(Q: f32[q h d], U: f32[h c d], C: f32[x c]) -> f32[h q x] { return sum[d](Q * sum[c](C * U)) }"""


def reassociated(text: str, sizes: dict[str, int] | None = None) -> tuple[Diagram, Diagram]:
    normal = Normalise().run(entry(text).diagram)
    return normal, Reassociate(sizes or {}).run(normal)


def intermediate_axes(diagram: Diagram) -> set[frozenset[str]]:
    """The axes of every sum below the result."""
    sums = [n for n in walk(diagram.outputs) if isinstance(n.op, ops.Reduce)]
    return {frozenset(a.name for a in n.axes) for n in sums[:-1]}


def test_keys_meet_values_first_where_nothing_stands_between() -> None:
    _, made = reassociated(LINEAR)
    assert intermediate_axes(made) == {frozenset("de")}


def test_something_between_keeps_the_order() -> None:
    text = LINEAR.replace("sum[d](Q * K) * V", "exp(sum[d](Q * K)) * V")
    normal, made = reassociated(text)
    assert made is normal


def test_a_low_rank_update_is_applied_without_being_formed() -> None:
    _, made = reassociated(LORA)
    assert frozenset("io") not in intermediate_axes(made)
    assert frozenset("br") in intermediate_axes(made)


@pytest.mark.parametrize(("q", "inner"), [(1, "qhc"), (4096, "xhd")])
def test_keys_of_a_latent_are_formed_for_many_queries_and_absorbed_for_one(q: int, inner: str) -> None:
    _, made = reassociated(LATENT, {"q": q, "x": 4096})
    assert intermediate_axes(made) == {frozenset(inner)}


@pytest.mark.parametrize(
    "text",
    [
        "axis i, h\nfn f(A: f32[h i], B: f32[i h], r: f32[h]) -> f32[h] { return sum[i](A * sum[h](B * r)) }",
        "axis i, j, l, k\nfn f(U: f32[k i], V: f32[k j], W: f32[k l]) -> f32[i j l] { return sum[k](U * V * W) }",
    ],
)
def test_what_would_only_change_places_is_no_step(text: str) -> None:
    normal, record = Normalise().run(entry(text).diagram), Record()
    assert Reassociate().run(normal, record) is normal and not record.steps


def test_a_contraction_in_f16_stays_as_written() -> None:
    normal, made = reassociated(LORA.replace("f32", "f16"))
    assert made is normal


def test_what_another_reader_needs_stays() -> None:
    text = """axis q, x, d: 64, e: 64
    fn f(Q: f32[q d], K: f32[x d], V: f32[x e]) -> (O: f32[q e], S: f32[q x]) {
      S = sum[d](Q * K)
      return sum[x](S * V), S
    }"""
    normal, made = reassociated(text)
    assert made is normal


@pytest.mark.parametrize(("text", "q"), [(LINEAR, 4096), (LORA, 4096), (LATENT, 1)])
def test_the_value_is_the_same(text: str, q: int) -> None:
    normal, made = reassociated(text, {"q": q})
    assert made is not normal
    random, sizes = np.random.default_rng(7), dict.fromkeys(normal.size_symbols, 5)
    arrays = {input_name(n): _array(random, n, sizes) for n in normal.inputs}
    for before, after in zip(evaluate(normal, arrays, sizes), evaluate(made, arrays, sizes), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12 * float(np.abs(before).max()))


def _array(random: np.random.Generator, node: Node, sizes: dict[str, int]) -> np.ndarray:
    return random.standard_normal([axis.size.evaluate(sizes) for axis in node.axes])


def test_five_matrices_are_multiplied_in_the_order_of_least_work() -> None:
    # dimensions 30 × 35 × 15 × 5 × 10 × 20: the bracketing is (A (B C)) (D E), Cormen et al., 15.2, with n = 5
    text = """axis i: 3000, j: 3500, k: 1500, l: 500, m: 1000, n: 2000
    fn f(A: f32[i j], B: f32[j k], C: f32[k l], D: f32[l m], E: f32[m n]) -> f32[i n] {
      return sum[m](sum[l](sum[k](sum[j](A * B) * C) * D) * E)
    }"""
    _, made = reassociated(text)
    assert intermediate_axes(made) == {frozenset("jl"), frozenset("il"), frozenset("ln")}, print_diagram(made)
    assert all(len(summed_factors(n)) == 2 for n in walk(made.outputs) if isinstance(n.op, ops.Reduce))
