"""Every operator of the reference against an independent NumPy expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from diagc.backends.reference import evaluate
from diagc.backends.sizes import bind_sizes
from diagc.core import ops, random
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    reduction,
    size_node,
    spread,
    view,
)
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError

Q, X, D = (Axis(name, Size.symbol(name)) for name in "qxd")
N, R, K = Axis("n", Size.symbol("n")), Axis("i", Size.symbol("i")), Axis("k", Size.symbol("k"))
ONE = Size.constant(1)
GENERATOR = np.random.default_rng(0)


def given(name: str, *axes: Axis, dtype: DType = DType.F32) -> Node:
    return node(ops.Input(name), array=Array(dtype, axes))


A, B, V = given("A", Q, D), given("B", X, D), given("V", Q)
ARRAYS: dict[str, NDArray[Any]] = {
    "A": GENERATOR.normal(size=(3, 4)),
    "B": GENERATOR.normal(size=(5, 4)),
    "V": GENERATOR.normal(size=3),
}
a, b, v = ARRAYS["A"], ARRAYS["B"], ARRAYS["V"]


def diagram(*outputs: Node, inputs: Sequence[Node] = (A, B, V)) -> Diagram:
    names = tuple(f"Y{place}" for place in range(len(outputs)))
    return Diagram("test", tuple(inputs), outputs, names, tuple(output.array for output in outputs))


def run(output: Node, **options: Any) -> NDArray[Any]:
    return evaluate(diagram(output), ARRAYS, **options)[0]


def affine(**terms: int) -> Coordinate:
    axes = {axis.uid: axis for axis in (Q, X, D, N, R, K)}
    offset = terms.pop("offset", 0)
    return Coordinate.affine({axes[n]: Size.constant(c) for n, c in terms.items()}, Size.constant(offset))


CASES: dict[str, tuple[Node, NDArray[Any]]] = {
    "woven sum": (apply("add", A, V), a + v[:, None]),
    "outer product": (apply("mul", V, given("V", Q)), v * v),
    "contraction": (reduction("sum", [D], apply("mul", A, B)), a @ b.T),
    "contraction of three": (
        reduction("sum", [D, Q], apply("mul", A, B, V)),
        np.einsum("qd,xd,q->x", a, b, v),
    ),
    "square": (reduction("sum", [D], apply("mul", A, A)), (a * a).sum(1)),
    "where": (apply("where", apply("gt", A, constant(0)), A, constant(-np.inf)), np.where(a > 0, a, -np.inf)),
    "max": (reduction("max", [D], A), a.max(1)),
    "prod": (reduction("prod", [Q, D], A), a.prod()),
    "argmin": (reduction("argmin", [Q], A), a.argmin(0)),
    "any": (reduction("any", [D], apply("gt", A, constant(1))), (a > 1).any(1)),
    "sizes": (apply("rsqrt", size_node(D.size + 5)), np.asarray(1 / 3)),
    "index": (apply("mul", A, node(ops.Iota(D))), a * np.arange(4)),
    "truncation": (cast(apply("mul", A, constant(10.0)), DType.I32), np.trunc(a * 10)),
    "stop": (node(ops.Stop(), A), a),
    "spread": (spread(V, [D]), np.repeat(v[:, None], 4, 1)),
    "running sum": (node(ops.Cumulative("sum", D), A), a.cumsum(1)),
    "running max": (node(ops.Cumulative("max", Q), A), np.maximum.accumulate(a, 0)),
    "largest": (node(ops.TopK(D, Axis("s", Size.constant(2)), False), A), -np.sort(-a, 1)[:, :2]),
    "places": (node(ops.TopK(D, Axis("s", Size.constant(2)), True), A), np.argsort(-a, 1)[:, :2]),
    "slice": (view(A, {D: affine(offset=2)}), a[:, 2]),
    "flip": (view(A, {D: Coordinate.affine({D: -ONE}, D.size - 1)}), a[:, ::-1]),
    "rename": (reduction("sum", [D], apply("mul", A, view(A, {Q: Coordinate.along(R)}))), a @ a.T),
    "diagonal": (
        view(reduction("sum", [D], apply("mul", A, view(A, {Q: affine(i=1)}))), {R: affine(q=1)}),
        (a**2).sum(1),
    ),
    "gather": (node(ops.Gather(X), B, apply("mod", node(ops.Iota(Q)), constant(2))), b[[0, 1, 0]]),
    "batched gather": (node(ops.Gather(D), A, node(ops.Iota(Q))), a[range(3), range(3)]),
    "uniform": (node(ops.Random("uniform", 7, (Q, D))), random.uniform(0, 7, (3, 4))),
    "negative power": (apply("pow", A, constant(-2)), a**-2.0),
    "floor of a size": (apply("floor", apply("div", size_node(D.size), constant(3))), np.asarray(1.0)),
    "reciprocal of an integer": (apply("recip", size_node(D.size)), np.asarray(0.25)),
}  # fmt: skip
SIZES = {"i": 3, "k": 2, "n": 4}


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str) -> None:
    output, expected = CASES[name]
    found = run(output, sizes=SIZES)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    rounded = run(output, sizes=SIZES, rounding=True)
    np.testing.assert_allclose(rounded, expected, rtol=1e-5, atol=1e-6)


def test_window_and_padding() -> None:
    signal, weights = given("S", N), given("W", K)
    i = Axis("i", N.size - K.size + 1)
    window = view(signal, {N: Coordinate.affine({i: ONE, K: ONE}, Size())})
    valid = reduction("sum", [K], apply("mul", window, weights))
    shifted = view(signal, {N: Coordinate.affine({N: ONE}, Size.constant(-1))}, 9.0)
    arrays = {"S": np.arange(6.0), "W": np.array([1.0, -2.0, 0.5])}
    one, two = evaluate(diagram(valid, shifted, inputs=(signal, weights)), arrays)
    np.testing.assert_allclose(one, np.correlate(arrays["S"], arrays["W"], "valid"))
    np.testing.assert_allclose(two, [9, 0, 1, 2, 3, 4])


def test_split_and_merge_are_inverse() -> None:
    whole = Axis("w", Q.size * D.size)
    along = ((whole, ONE),)
    digits = {Q: Coordinate(along, Size(), D.size), D: Coordinate(along, Size(), ONE, D.size)}
    merged = view(A, digits)
    split = view(merged, {whole: Coordinate.affine({Q: D.size, D: ONE}, Size())})
    one, two = evaluate(diagram(merged, split), ARRAYS)
    np.testing.assert_array_equal(one, a.reshape(-1))
    np.testing.assert_array_equal(two, a.T)  # the terms of a coordinate are sorted by axis


def test_concat_aligns_other_axes() -> None:
    whole = Axis("w", Q.size + X.size)
    found = run(node(ops.Concat(whole, (Q, X)), A, B))
    np.testing.assert_array_equal(found, np.concatenate([a, b]))


def test_scan_runs_several_states_and_gains_axes() -> None:
    h, c, x = given("h"), given("c"), given("x", Q)
    outputs = (apply("add", apply("mul", h, c), x), apply("add", c, constant(1.0)))
    body = Diagram("body", (h, c, x), outputs, ("h", "c"), tuple(o.array for o in outputs))
    zero = constant(0.0)
    found = run(node(ops.Scan(D, body, 2, 0), zero, zero, A))
    state, count, expected = np.zeros(3), 0.0, list[NDArray[Any]]()
    for step in range(4):
        state, count = state * count + a[:, step], count + 1
        expected.append(state)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("monoid", "unit"), list(ops.UNITS.items()))
def test_empty_axes_give_the_unit(monoid: ops.Monoid, unit: float) -> None:
    operand = given("E", Q, dtype=DType.BOOL if monoid in ("any", "all") else DType.F32)
    (found,) = evaluate(diagram(reduction(monoid, [Q], operand), inputs=[operand]), {"E": np.zeros(0)})
    assert found == unit


def test_empty_contraction_is_zero() -> None:
    (found,) = evaluate(
        diagram(reduction("sum", [D], apply("mul", A, B)), inputs=(A, B)),
        {"A": np.ones((2, 0)), "B": np.ones((3, 0))},
    )
    np.testing.assert_array_equal(found, np.zeros((2, 3)))


def test_minus_infinity_absorbs() -> None:
    lowest = constant(-np.inf)
    for output in (
        apply("sub", lowest, lowest),
        apply("add", lowest, constant(np.inf)),
        apply("add", lowest, lowest),
    ):
        assert run(output) == -np.inf
    assert run(apply("sub", constant(1.0), lowest)) == np.inf


def test_branch_not_taken_does_not_leak() -> None:
    zero = constant(0.0)
    assert run(apply("where", constant(False), apply("div", zero, zero), constant(1.0))) == 1.0


def test_ties_go_to_the_lowest_index() -> None:
    arrays = {"V": np.array([1.0, 2.0, 2.0])}
    slots = Axis("s", Size.constant(3))
    top = node(ops.TopK(Q, slots, True), V)
    one, two = evaluate(diagram(reduction("argmax", [Q], V), top, inputs=[V]), arrays)
    assert one == 1
    np.testing.assert_array_equal(two, [1, 2, 0])


def test_layout_orders_the_result() -> None:
    turned = Diagram("turned", (A,), (A,), ("Y",), (Array(DType.F32, (D, Q)),))
    np.testing.assert_array_equal(evaluate(turned, {"A": a})[0], a.T)


def test_large_product_is_never_built() -> None:
    arrays = {"A": np.ones((4000, 64)), "B": np.ones((4000, 64)), "V": np.ones(4000)}
    scores = reduction("sum", [D], apply("mul", A, B))
    (found,) = evaluate(diagram(reduction("sum", [X], scores)), arrays)
    np.testing.assert_array_equal(found, np.full(4000, 64.0 * 4000))


def code(action: Any) -> str:
    with pytest.raises(DiagnosticError) as caught:
        action()
    return caught.value.diagnostics[0].code


def test_errors_are_diagnostics() -> None:
    big = {"A": np.ones((20000, 1)), "B": np.ones((20000, 1)), "V": np.ones(20000)}
    outer = diagram(apply("add", A, B))
    assert code(lambda: evaluate(outer, big)) == "E0801"
    assert code(lambda: evaluate(outer, {**ARRAYS, "B": np.ones((5, 3))})) == "E0601"
    assert code(lambda: evaluate(outer, {**ARRAYS, "B": np.ones(5)})) == "E0601"
    assert code(lambda: evaluate(outer, {"A": a})) == "E0603"
    assert code(lambda: run(node(ops.Iota(N)))) == "E0602"
    assert code(lambda: run(view(A, {D: affine(offset=4)}))) == "E0607"
    assert code(lambda: run(node(ops.Gather(D), A, constant(-1)))) == "E0607"
    assert code(lambda: run(node(ops.TopK(D, Axis("s", Size.constant(5)), False), A))) == "E0605"


def test_sizes_are_solved_through_polynomials() -> None:
    kv, g = Size.symbol("kv"), Size.symbol("g")
    heads, group, half = Axis("h", kv * g), Axis("g", g), Axis("e", Size.symbol("m") * 2 + 1)
    inputs = (given("A", heads, half), given("B", group))
    found = bind_sizes(diagram(inputs[0], inputs=inputs), {"A": (6, 9), "B": (3,)})
    assert (found["kv"], found["g"], found["m"]) == (2, 3, 4)
    assert code(lambda: bind_sizes(diagram(inputs[0], inputs=inputs), {"A": (6, 8), "B": (3,)})) == "E0601"


def test_rounding_narrows_contracted_factors_only() -> None:
    left, right = given("L", D, dtype=DType.BF16), given("R", D)
    value = np.array([1.0 + 2.0**-12])
    total = reduction("sum", [D], apply("mul", left, right, constant(1.0 + 2.0**-12)))
    (found,) = evaluate(diagram(total, inputs=(left, right)), {"L": np.ones(1), "R": value}, rounding=True)
    assert found == np.float32(1.0 + 2.0**-12)
    assert evaluate(diagram(cast(right, DType.BF16), inputs=[right]), {"R": value})[0] == value
    rounded = evaluate(diagram(cast(right, DType.BF16), inputs=[right]), {"R": value}, rounding=True)[0]
    assert rounded == value.astype(ml_dtypes.bfloat16).astype(np.float64)


def test_casts_saturate_and_wrap() -> None:
    x = given("F", Q)
    arrays = {"F": np.array([np.nan, 1e30, -300.7])}
    (found,) = evaluate(diagram(cast(x, DType.I8), inputs=[x]), arrays)
    np.testing.assert_array_equal(found, [0, 127, -128])
    assert run(cast(constant(300), DType.U8)) == 44
