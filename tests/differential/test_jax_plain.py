"""Emitted JAX, run on the CPU, against the float64 reference.

Tolerance: the error is at most twice that of the same computation written plainly in the same dtype (the rounding
reference), and a few units in the last place of the largest value where that error happens to be nothing.
"""

from __future__ import annotations

import importlib.util
import inspect
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from diagc.backends.infinities import may_be_negative_infinity
from diagc.backends.jax_plain import emit_module, emit_plain
from diagc.backends.reference import evaluate
from diagc.core import ops
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
from tests.properties.diagrams import Case, random_case

PRECISIONS = {DType.F32: 24, DType.F64: 53, DType.BF16: 8}


def module_of(text: str, folder: Path) -> ModuleType:
    """The emitted text as an imported module."""
    path = folder / "emitted.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(f"emitted_{abs(hash(text))}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs_of(case: Case, folder: Path, jit: bool = False) -> tuple[NDArray[Any], ...]:
    function = module_of(emit_plain(case.diagram, "run"), folder).run
    wanted = inspect.signature(function).parameters
    options = {name: case.sizes[name] for name in wanted if name in case.sizes}
    if "key" in wanted:
        options["key"] = 3
    if jit:
        function = jax.jit(function, static_argnames=tuple(options))
    found = function(**case.arrays, **options)
    return tuple(np.asarray(y).astype(np.float64) for y in (found if isinstance(found, tuple) else (found,)))


def check(case: Case, folder: Path, jit: bool = False) -> None:
    exact = evaluate(case.diagram, case.arrays, case.sizes, key=3)
    plain = evaluate(case.diagram, case.arrays, case.sizes, key=3, rounding=True)
    found = outputs_of(case, folder, jit)
    for y, expected, rounded, layout in zip(found, exact, plain, case.diagram.layouts, strict=True):
        assert y.shape == expected.shape
        finite = np.isfinite(expected)
        np.testing.assert_array_equal(y[~finite], expected[~finite])
        error = np.abs(y - expected)[finite].max(initial=0.0)
        allowed = np.abs(rounded - expected)[finite].max(initial=0.0)
        unit = 2.0 ** (1 - PRECISIONS.get(layout.dtype, 24)) * np.abs(expected[finite]).max(initial=1.0)
        assert error <= 2 * allowed + 8 * unit


@pytest.mark.parametrize("dtype", [DType.F32, DType.BF16])
@pytest.mark.parametrize("seed", range(40))
def test_random_diagrams(seed: int, dtype: DType, tmp_path: Path) -> None:
    check(random_case(seed, dtype), tmp_path)


@pytest.mark.parametrize("seed", range(100, 140))
def test_random_diagrams_in_float64(seed: int, tmp_path: Path) -> None:
    with jax.enable_x64(True):
        check(random_case(seed, DType.F64), tmp_path)


@pytest.mark.parametrize("seed", range(200, 206))
def test_random_diagrams_compile(seed: int, tmp_path: Path) -> None:
    check(random_case(seed, DType.F32, 14), tmp_path, jit=True)


Q, X, D = (Axis(name, Size.symbol(name)) for name in "qxd")


def given(name: str, *axes: Axis, dtype: DType = DType.F32) -> Node:
    return node(ops.Input(name), array=Array(dtype, axes))


def scores_diagram(dtype: DType) -> Diagram:
    """The worked example of the language, with a mask that hides every key of the first rows."""
    q, k, v = given("Q", Q, D, dtype=dtype), given("K", X, D, dtype=dtype), given("V", X, D, dtype=dtype)
    s = apply("mul", reduction("sum", [D], apply("mul", q, k)), apply("rsqrt", size_node(D.size)))
    m = apply("where", apply("lt", node(ops.Iota(X)), node(ops.Iota(Q))), s, constant(-np.inf))
    e = apply("exp", apply("sub", m, reduction("max", [X], m)))
    z = reduction("sum", [X], e)
    p = apply("where", apply("gt", z, constant(0)), apply("div", e, z), constant(0))
    o = reduction("sum", [X], apply("mul", p, v))
    return Diagram("masked", (q, k, v), (o,), ("O",), (Array(dtype, (Q, D)),))


def quarters(shape: tuple[int, ...], scale: float) -> NDArray[Any]:
    return np.random.default_rng(1).integers(-8, 9, shape) / 4.0 * scale


@pytest.mark.parametrize("scale", [1.0, 64.0, 1e-30])
@pytest.mark.parametrize("dtype", [DType.F32, DType.BF16])
@pytest.mark.parametrize("shape", [(5, 7, 4), (1, 1, 1), (3, 0, 2), (4, 4, 0)])
def test_masked_rows(shape: tuple[int, int, int], dtype: DType, scale: float, tmp_path: Path) -> None:
    q, x, d = shape
    arrays = {"Q": quarters((q, d), scale), "K": quarters((x, d), scale), "V": quarters((x, d), 1.0)}
    arrays = {name: array.astype(np.float32).astype(np.float64) for name, array in arrays.items()}
    if dtype is DType.BF16:
        arrays = {n: np.asarray(jax.numpy.bfloat16(y)).astype(np.float64) for n, y in arrays.items()}
    check(Case(scores_diagram(dtype), arrays, {}), tmp_path)


def test_text_is_what_an_engineer_would_write() -> None:
    text = emit_plain(scores_diagram(DType.BF16), "masked")
    assert 'jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)' in text
    assert "q, d = Q.shape" in text
    assert all(len(line) <= 110 for line in text.splitlines())
    assert text == emit_plain(scores_diagram(DType.BF16), "masked")


def test_emission_is_fast_and_does_not_import_jax() -> None:
    start = time.perf_counter()
    emit_plain(scores_diagram(DType.F32), "masked")
    assert time.perf_counter() - start < 0.05


def test_guards_appear_only_where_infinities_may() -> None:
    a, b = given("A", Q), given("B", Q)
    assert may_be_negative_infinity(apply("sub", a, b))  # a caller may have added a mask
    assert not may_be_negative_infinity(apply("mul", a, b))
    assert may_be_negative_infinity(apply("log", a))
    plain = Diagram("plain", (a, b), (apply("sub", apply("mul", a, a), b),), ("Y",), (a.array,))
    assert "_subtract" not in emit_plain(plain, "plain")
    assert "_subtract" in emit_plain(scores_diagram(DType.F32), "masked")


def test_wrong_shapes_are_value_errors(tmp_path: Path) -> None:
    function = module_of(emit_plain(scores_diagram(DType.F32), "run"), tmp_path).run
    with pytest.raises(ValueError, match="expected"):
        function(np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 2)))


def test_parameters_come_by_path(tmp_path: Path) -> None:
    x = given("X", D)
    w = node(ops.Input("l1.W", "parameter"), array=Array(DType.F32, (D, Q)))
    dense = Diagram(
        "dense", (x, w), (reduction("sum", [D], apply("mul", x, w)),), ("Y",), (Array(DType.F32, (Q,)),)
    )
    array, weights = np.ones(3), np.arange(6.0).reshape(3, 2)
    module = module_of(emit_module({"dense": dense}, "made by diagc"), tmp_path)
    assert module.__all__ == ["dense"]
    np.testing.assert_allclose(module.dense(array, {"l1.W": weights}), weights.sum(0))
    module = module_of(emit_plain(dense, "dense", "arguments"), tmp_path)
    np.testing.assert_allclose(module.dense(array, weights), weights.sum(0))


def test_casts_views_and_states(tmp_path: Path) -> None:
    x, y = given("X", Q, D), given("Y", Q)
    h, r = given("h"), given("r", D)
    body = Diagram(
        "body", (h, r), (apply("max", apply("mul", h, constant(0.5)), r),), ("h",), (Array(DType.F32, (D,)),)
    )
    states = node(ops.Scan(Q, body, 1, 0), constant(0.0), x)
    turned = view(x, {D: Coordinate.affine({D: Size.constant(-1)}, D.size - 1)})
    low = cast(apply("mul", x, constant(100.0)), DType.I8)
    summed = reduction("sum", [D], apply("mul", cast(x, DType.F8E4M3), y, constant(0.1)))
    outputs = (states, turned, low, summed, node(ops.Random("normal", 4, (Q, D))))
    names = tuple(f"Y{place}" for place in range(len(outputs)))
    diagram = Diagram("several", (x, y), outputs, names, tuple(o.array for o in outputs))
    check(Case(diagram, {"X": quarters((4, 3), 1.0), "Y": quarters((4,), 1.0)}, {}), tmp_path)


def test_an_infinity_of_an_empty_axis_ends_where_the_axis_returns() -> None:
    a = given("A", Q, X)
    top = reduction("max", [X], a)
    total = reduction("sum", [X], apply("exp", apply("sub", a, top)))
    assert may_be_negative_infinity(top)
    result = apply("add", top, apply("log", total))
    assert "_add" not in emit_plain(Diagram("fold", (a,), (result,), ("Y",), (result.array,)), "fold")


def test_a_contraction_is_repeated_along_axes_of_its_scale(tmp_path: Path) -> None:
    a, b = given("A", Q, X), given("B", X)
    scale = spread(given("S"), [D])
    total = reduction("sum", [X], apply("mul", a, b, scale))
    inputs = (a, b, given("S"))
    case = Diagram("scaled", inputs, (total,), ("Y",), (Array(DType.F32, (D, Q)),))
    arrays = {"A": quarters((2, 3), 1.0), "B": quarters((3,), 1.0), "S": np.asarray(0.5)}
    check(Case(case, arrays, {"d": 4}), tmp_path)


def test_what_a_product_rounds_passes_its_derivative_unrounded(tmp_path: Path) -> None:
    """JAX itself would round what comes back through a rounding to bfloat16, to 2e-3."""
    x = given("X", Q, D)
    weight = given("weight", D, X, dtype=DType.BF16)
    out = reduction("sum", [D], apply("mul", apply("exp", x), weight))
    diagram = Diagram("product", (x, weight), (out,), ("out",), (Array(DType.F32, (Q, X)),))
    function = module_of(emit_plain(diagram, "run"), tmp_path).run
    rng = np.random.default_rng(0)
    sides = rng.standard_normal((8, 4)).astype(np.float32)
    columns = np.asarray(jax.numpy.asarray(rng.standard_normal((4, 3)), jax.numpy.bfloat16)).astype(
        np.float64
    )
    seed = rng.standard_normal((8, 3)).astype(np.float32)
    _, pull = jax.vjp(function, sides, jax.numpy.asarray(columns, jax.numpy.bfloat16))
    wanted = seed.astype(np.float64) @ columns.T * np.exp(sides.astype(np.float64))
    np.testing.assert_allclose(np.asarray(pull(seed)[0]), wanted, rtol=1e-5)
    _, tangent = jax.jvp(lambda x: function(x, columns), (sides,), (np.ones_like(sides),))
    np.testing.assert_allclose(np.asarray(tangent), np.exp(sides.astype(np.float64)) @ columns, rtol=1e-2)
