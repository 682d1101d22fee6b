"""Sums exchanged with sums that exist: the derivative of weighted sums reads their results."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.contraction import summed_factors
from diagc.core.diagram import Array, Diagram, Node, apply, constant, node, reduction, walk
from diagc.core.dtypes import DType
from diagc.passes.exchange import exchange, read_saved
from diagc.passes.normalise import Normalise
from tests.unit.specs import entry

A, B, C = (Axis(name, Size.symbol(name)) for name in "abc")
SIZES: Final = {"a": 3, "b": 4, "c": 2}

BACKWARD: Final = """axis q, x, d
fn weighted(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {
  S = where(x + 1 <= q, sum[d](Q * K) * rsqrt(size(d)), -inf)
  return sum[x](softmax[x](S) * V)
}
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d], dO: bf16[q d]) -> (
  O: bf16[q d], dQ: bf16[q d], dK: bf16[x d], dV: bf16[x d]
) {
  dQ, dK, dV = grad(weighted, wrt = (Q, K, V), ct = dO)
  return weighted(Q, K, V), dQ, dK, dV
}"""


def array(name: str, *axes: Axis) -> Node:
    return node(ops.Input(name), array=Array(DType.F32, axes))


def values(roots: tuple[Node, ...]) -> tuple[np.ndarray, ...]:
    inputs = tuple(n for n in walk(roots) if isinstance(n.op, ops.Input))
    arrays: dict[str, np.ndarray] = {}
    for current in inputs:
        assert isinstance(current.op, ops.Input)
        shape = [axis.size.evaluate(SIZES) for axis in current.axes]
        arrays[current.op.name] = np.random.default_rng(ord(current.op.name)).normal(size=shape)
    names = tuple(f"o{i}" for i in range(len(roots)))
    return evaluate(Diagram("t", inputs, roots, names, tuple(r.array for r in roots)), arrays, SIZES)


def test_the_law_on_random_arrays() -> None:
    f, g, h, k = array("f", A, C), array("g", B, C), array("h", A, B), array("k", A)
    inner = reduction("sum", [B], apply("mul", g, h))
    root = reduction("sum", [A], apply("mul", f, inner, k))
    there = reduction("sum", [A], apply("mul", h, k, f))
    (made,) = exchange((root,), (there,))
    assert isinstance(made.op, ops.Reduce)
    assert made.op.axes == (B,)
    assert there in summed_factors(made)
    found = values((root, made))
    np.testing.assert_allclose(found[1].transpose(), found[0].transpose(), rtol=1e-12)


def test_nothing_is_exchanged_without_the_sum_or_where_axes_are_shared() -> None:
    f, g, h = array("f", A, C), array("g", B), array("h", A, B)
    root = reduction("sum", [A], apply("mul", f, reduction("sum", [B], apply("mul", g, h))))
    assert exchange((root,), (reduction("sum", [A], apply("mul", f, g)),)) == (root,)
    wide = array("w", A, B)
    shared = reduction("sum", [A], apply("mul", wide, reduction("sum", [B], apply("mul", g, h))))
    assert exchange((shared,), (reduction("sum", [A], apply("mul", wide, h)),)) == (shared,)


@pytest.mark.parametrize("masked", [True, False])
def test_a_masked_saved_array_is_read_under_its_mask_only(masked: bool) -> None:
    f, s, e = array("f", C), array("s", A, C), array("e", A, C)
    positive = apply("gt", f, constant(0.0))
    saved = apply("where", positive, apply("mul", f, s), constant(0.0))
    use = apply("mul", f, reduction("sum", [A], apply("mul", e, s)))
    root = apply("where", positive, use, constant(0.0)) if masked else use
    stand_in = array("m", A, C)
    (made,) = read_saved((root,), {saved: stand_in})
    assert (stand_in in set(walk((made,)))) is masked


def backward() -> Diagram:
    return Normalise().run(entry(BACKWARD).diagram)


def sums(roots: tuple[Node, ...], axis: str) -> list[Node]:
    return [n for n in walk(roots) if isinstance(n.op, ops.Reduce) and [str(a) for a in n.op.axes] == [axis]]


def test_the_backward_reads_the_result_and_keeps_the_values() -> None:
    """∑ₓ P·dP becomes ∑_d dO·O (Dao et al., arXiv 2205.14135, section B.2)."""
    diagram = backward()
    output = diagram.outputs[0]
    rows = [n for n in sums(diagram.outputs, "x") if [str(a) for a in n.axes] == ["q"]]
    assert {n.op.monoid for n in rows if isinstance(n.op, ops.Reduce)} == {"max", "sum"}
    assert len(rows) == 3
    found = exchange(diagram.outputs, walk((output,)))
    rows = [n for n in sums(found, "x") if [str(a) for a in n.axes] == ["q"]]
    assert len(rows) == 2, "only the maximum and the sum of the weights run over x"
    generator = np.random.default_rng(0)
    arrays = {"Q": (5, 3), "K": (4, 3), "V": (4, 3), "dO": (5, 3)}
    given = {name: generator.normal(size=shape) for name, shape in arrays.items()}
    before = evaluate(diagram, given)
    for old, new in zip(before, evaluate(diagram.with_outputs(found), given), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-10, atol=1e-12)
    stand_in = node(ops.Input("O"), array=output.array)
    read = read_saved(found[1:], {output: stand_in})
    deltas = [n for n in sums(read, "d") if stand_in in summed_factors(n)]
    assert [{n.op.name for n in summed_factors(d) if isinstance(n.op, ops.Input)} for d in deltas] == [
        {"O", "dO"}
    ]
    later = Diagram("b", (*diagram.inputs, stand_in), read, diagram.output_names[1:], diagram.layouts[1:])
    for old, new in zip(before[1:], evaluate(later, {**given, "O": before[0]}), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-10, atol=1e-12)


def test_a_saved_logarithm_stands_for_the_maximum_and_the_sum() -> None:
    """P = exp(S - L), with rows of weights that are empty (arXiv 2307.08691, algorithm 2)."""
    text = BACKWARD.replace("  O: bf16[q d],", "  O: bf16[q d], L: f32[q],").replace(
        "return weighted(Q, K, V),",
        "L = logsumexp[x](where(x + 1 <= q, sum[d](Q * K) * rsqrt(size(d)), -inf)) return weighted(Q, K, V), L,",
    )
    diagram = Normalise().run(entry(text).diagram)
    output, logarithm = diagram.outputs[:2]
    stand_ins = {n: node(ops.Input(name), array=n.array) for n, name in ((output, "O"), (logarithm, "L"))}
    read = read_saved(exchange(diagram.outputs, walk((output,)))[2:], stand_ins)
    monoids = [n.op.monoid for n in walk(read) if isinstance(n.op, ops.Reduce)]
    functions = {n.op.function.name for n in walk(read) if isinstance(n.op, ops.Map)}
    assert monoids == ["sum"] * 6, "scores, dP, delta and the three results"
    assert "recip" not in functions
    assert "gt" not in functions
    generator = np.random.default_rng(0)
    arrays = {"Q": (5, 3), "K": (4, 3), "V": (4, 3), "dO": (5, 3)}
    given = {name: generator.normal(size=shape) for name, shape in arrays.items()}
    before = evaluate(diagram, given)
    inputs = (*diagram.inputs, *stand_ins.values())
    later = Diagram("b", inputs, read, diagram.output_names[2:], diagram.layouts[2:])
    for old, new in zip(before[2:], evaluate(later, {**given, "O": before[0], "L": before[1]}), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-10, atol=1e-12)


def test_the_backward_has_one_difference_and_no_derivative_of_the_maximum() -> None:
    diagram = backward()
    assert sum(n.op.monoid == "max" for n in walk(diagram.outputs) if isinstance(n.op, ops.Reduce)) == 1
    equalities = [
        n for n in walk(diagram.outputs) if isinstance(n.op, ops.Map) and n.op.function.name == "eq"
    ]
    assert not equalities, "ties of the maximum play no part"
    added = [n for n in walk(diagram.outputs) if isinstance(n.op, ops.Map) and n.op.function.name == "add"]
    assert not [n for n in added if n.dtype is DType.F32]
    taken = [n for n in walk(diagram.outputs) if isinstance(n.op, ops.Map) and n.op.function.name == "sub"]
    assert len(taken) == 2, "S - m and dP - delta"


def test_normal_form_is_final() -> None:
    diagram = backward()
    assert Normalise().run(diagram).outputs == diagram.outputs
