"""Derivatives of every operator and function against differences of the float64 reference."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.core.diagram import Diagram
from diagc.core.ops import POINTWISE
from diagc.core.verify import verify
from tests.unit.core.derivative.numeric import (
    Arrays,
    central,
    float_inputs,
    forward_diagram,
    loss,
    name_of,
    reverse_diagram,
)
from tests.unit.specs import SPECS, entry, spec_entries

HEADER: Final = """
axis q, x, d, i, j, t, u, b, h, k: 3, n: i + k - 1, even, all: 2 * even, top: 2, vocab, a, c, ac: a + c
axis kv, g, head: kv * g, twice: 2 * i + 1, col: i, s: 3 * i
"""
SIZES: Final = {
    "q": 3, "x": 4, "d": 2, "i": 4, "j": 3, "t": 4, "u": 2, "b": 2, "h": 2, "even": 3, "vocab": 5, "a": 2, "c": 3,
    "kv": 2, "g": 3, "token": 3, "row": 3, "n": 4, "m": 3, "e": 2, "k": 3,
}  # fmt: skip

FUNCTIONS: Final = {
    "add": "fn f(A: f32[q], B: f32[x]) -> f32[q x] { return A + B }",
    "sub": "fn f(A: f32[q], B: f32[q x]) -> f32[q x] { return A - B }",
    "mul": "fn f(A: f32[q], B: f32[x], C: f32[q x]) -> f32[q x] { return A * B * C * C }",
    "div": "fn f(A: f32[q], B: f32[x]) -> f32[q x] { return A / B }",
    "pow": "fn f(A: f32[q], B: f32[x]) -> f32[q x] { return A ^ B + A ^ 3 + A ^ 2 + A ^ 1 + A ^ 0 + A ^ 0.5 + B ^ -1 }",
    "base": "fn f(A: f32[q]) -> f32[q] { return 2 ^ A }",
    "neg": "fn f(A: f32[q]) -> f32[q] { return -A }",
    "min max": "fn f(A: f32[q], B: f32[x]) -> f32[q x] { return min(A, B) * max(max(A, B), 1.3) }",
    "where": "fn f(A: f32[q], B: f32[x]) -> f32[q x] { return where(A < B, A * A, B * B * A) }",
    "steps": "fn f(A: f32[q]) -> f32[q] { return A * floor(3 * A) + A * sign(A - 1) + A * round(2 * A) }",
    "masked log": "fn f(A: f32[q]) -> f32[q] { return where(A - 1 > 0, log(A - 1), -inf) }",
    "masked root": "fn f(A: f32[q]) -> f32[q] { return where(A > 1, sqrt(A - 1) * rsqrt(A - 1) * A, 0) }",
    "integers": "fn f(A: f32[q], I: i32[q]) -> f32[q] { return A * I + (I // 2) % 3 }",
    "index": "fn f(A: f32[q x]) -> f32[q x] { return A * q + x / size(x) }",
    "cast": """fn f(A: bf16[q d], B: f64[q]) -> bf16[q d] {
        return cast(A * cast(B, f32), bf16) * cast(cast(A, i32), f32) }""",
    "stop": "fn f(A: f32[q]) -> f32[q] { return A * A - stop(A) * stop(A) * 0 }",
    "sum": "fn f(A: f32[q x]) -> f32[q] { return sum[x](A) }",
    "sum of all": "fn f(A: f32[q x]) -> f32[] { return sum[q x](sin(A)) }",
    "contraction": "fn f(A: f32[q d], B: f32[x d]) -> f32[q x] { return sum[d](A * B) }",
    "three factors": "fn f(A: f32[q d], B: f32[x d], C: f32[q]) -> f32[x] { return sum[q d](A * B * C * A) }",
    "unused axis": """fn f(A: f32[q d], B: f32[q]) -> f32[] {
        return sum[q d](B + 0 * A) + sum[d](zeros[d]() + sum[q](B)) }""",
    "mean": "fn f(A: f32[q x]) -> f32[q] { return mean[x](A * A) }",
    "prod": "fn f(A: f32[q x]) -> f32[q] { return prod[x](A) }",
    "prod of two axes": "fn f(A: f32[q d]) -> f32[] { return prod[q d](A) }",
    "max": "fn f(A: f32[q x]) -> f32[q] { return max[x](A) * min[x](A) }",
    "max of two axes": "fn f(A: f32[q x]) -> f32[] { return max[q x](A) }",
    "arg": "fn f(A: f32[q x]) -> f32[q] { return argmax[x](A) * max[x](A) + argmin[x](A) }",
    "any": "fn f(A: f32[q x]) -> f32[q] { return where(any[x](A > 1.2) or all[x](A < 3), 2, 1) * sum[x](A) }",
    "cumsum": "fn f(A: f32[t d]) -> f32[t d] { return cumsum[t](A * A) }",
    "cumsum shared": "fn f(A: f32[d]) -> f32[t d] { return cumsum[t](A + zeros[t]()) }",
    "scan": "fn f(A: f32[t d], X: f32[t d]) -> f32[t d] { return scan[t](h = 0; A * h + X) }",
    "scan from": "fn f(A: f32[t d], X: f32[t], H: f32[d]) -> f32[t d] { return scan[t](h = H; tanh(A * h) + X) }",
    "scan of two": """fn f(X: f32[t], w: f32, y: f32) -> (A: f32[t], B: f32[t]) {
        p, r = scan[t](p = y, r = 1; r * w, p * r + X) return p, r }""",
    "scan unused": """fn f(X: f32[t], w: f32) -> f32[t] {
        p, r = scan[t](p = 0, r = w; sin(r) + p, p * r + X) return r }""",
    "scan of a matrix": """fn f(X: f32[t i], W: f32[i j], U: f32[j i]) -> f32[t i] {
        return scan[t](h = 0; tanh(sum[j](sum[i](h * W) * U)) + X) }""",
    "scan of states": """fn f(K: f32[t i], V: f32[t j], Q: f32[t i]) -> f32[t j] {
        S = scan[t](s = 0; 0.9 * s + K * V) return sum[i](S * Q) }""",
    "scan nested": """fn f(X: f32[t u], y: f32) -> f32[t u] {
        return scan[t](h = y; scan[u](g = y; 0.5 * g * X + X + h * h)) }""",
    "scan counted": "fn f(X: f32[t]) -> f32[t] { return scan[t](h = 1; where(t < 2, h * X, h)) }",
    "scan last": "fn f(X: f32[t]) -> f32[] { H = scan[t](h = 1; h * X) return H[t -> size(t) - 1] }",
    "rename": "fn f(A: f32[i d]) -> f32[col d] { return A[i -> col] }",
    "transpose": "fn f(A: f32[i col]) -> f32[i col] { return A[i -> col, col -> i] * A }",
    "window": "fn f(A: f32[n]) -> f32[i k] { return A[n -> i + k] }",
    "convolution": "fn f(A: f32[i], W: f32[k]) -> f32[i] { return sum[k](A[i -> i + k - 1 else 0] * W) }",
    "stride": "fn f(A: f32[all]) -> f32[even] { return A[all -> 2 * even + 1] }",
    "stride backwards": "fn f(A: f32[all]) -> f32[even] { return A[all -> size(all) - 2 - 2 * even] }",
    "strided convolution": """fn f(A: f32[twice], W: f32[k]) -> f32[i] {
        return sum[k](A[twice -> 2 * i + k - 1 else 0] * W) }""",
    "dilated convolution": """fn f(A: f32[s], W: f32[k]) -> f32[i] {
        return sum[k](A[s -> i + 3 * k - 2 else 0] * W) }""",
    "tiles": "fn f(A: f32[s]) -> f32[i k] { return A[s -> 3 * i + k] }",
    "flip": "fn f(A: f32[i]) -> f32[i] { return A[i -> size(i) - 1 - i] }",
    "first": "fn f(A: f32[i d]) -> f32[d] { return A[i -> 0] }",
    "diagonal": "fn f(A: f32[i col]) -> f32[i] { return A[col -> i, i -> i] }",
    "diagonal window": "fn f(A: f32[n i]) -> f32[i k] { return A[n -> i + k] }",
    "other diagonal": "fn f(A: f32[n i]) -> f32[i] { return A[n -> 2 * i else 0] }",
    "padded": "fn f(A: f32[i]) -> f32[n] { return A[i -> n - 1 else -inf] }",
    "shared view": "fn f(A: f32[d]) -> f32[n d] { B = A + zeros[i]() return B[i -> n - 1 else 5] }",
    "split": "fn f(A: f32[head d]) -> f32[kv g d] { return A[head -> (kv g)] }",
    "merge": "fn f(A: f32[kv g d]) -> f32[head d] { return A[(kv g) -> head] }",
    "gather": "fn f(A: f32[vocab d], I: i32[b t] in vocab) -> f32[b t d] { return A[vocab -> I] }",
    "gather own": "fn f(A: f32[q vocab], I: i32[q] in vocab) -> f32[q] { return A[vocab -> I] }",
    "gather same": "fn f(A: f32[vocab d]) -> f32[vocab d] { return A[vocab -> vocab // 2] }",
    "gather best": "fn f(A: f32[q x]) -> f32[q] { return A[x -> argmax[x](A)] }",
    "gather outside": "fn f(A: f32[vocab d], I: i32[t] in vocab) -> f32[t d] { return A[vocab -> I + 2 else 7] }",
    "concat": "fn f(A: f32[a d], B: f32[c d]) -> f32[ac d] { return concat[ac](A * A, B) }",
    "topk": "fn f(A: f32[q x]) -> f32[q top] { values, indices = topk[x](A, k = top) return values * values }",
    "one hot": "fn f(A: f32[q x]) -> f32[q] { return sum[x](one_hot[x](argmax[x](A)) * A) }",
    "random": "fn f(A: f32[q d]) -> f32[q d] { return dropout(A, p = 0.5) + A * normal[q d]() }",
    "softmax": "fn f(A: f32[q x]) -> f32[q x] { return softmax[x](A) }",
    "masked softmax": "fn f(A: f32[q x]) -> f32[q x] { return softmax[x](where(x + 1 <= q, A, -inf)) }",
    "logsumexp": "fn f(A: f32[q x]) -> f32[q] { return logsumexp[x](A) }",
    "log softmax": "fn f(A: f32[q x]) -> f32[q x] { return log_softmax[x](A) }",
    "layer norm": "fn f(A: f32[q x], w: f32[x], v: f32[x]) -> f32[q x] { return layer_norm[x](A, w, v) }",
    "l2": "fn f(A: f32[q x]) -> f32[q x] { return l2_normalise[x](A) }",
    "weighted maximum": "fn f(A: f32[q x]) -> f32[q x] { m = max[x](A) return m * exp(A - m) }",
}  # fmt: skip
SIGNED: Final = (
    "abs", "exp", "exp2", "expm1", "tanh", "sigmoid", "erf", "relu", "gelu", "silu", "softplus", "sin", "cos",
)  # fmt: skip
UNARY: Final = (*SIGNED, "recip", "log", "log2", "log1p", "sqrt", "rsqrt")


def arrays_of(diagram: Diagram, seed: int = 0) -> tuple[Arrays, dict[str, int]]:
    """Inputs in [0.5, 2], indices in range, everything at distance from ties and steps."""
    generator = np.random.default_rng(seed)
    used = [a for n in (*diagram.inputs, *diagram.outputs) for a in n.axes]
    symbols = {
        s: SIZES.get(s, 3) for s in (*diagram.size_symbols, *(s for a in used for s in a.size.symbols))
    }
    arrays: Arrays = {}
    for current in diagram.inputs:
        shape = tuple(axis.size.evaluate(symbols) for axis in current.axes)
        if current.dtype.kind == "float":
            count = int(np.prod(shape))
            spaced = 0.5 + 1.5 * (generator.permutation(count) + 0.37) / max(count, 1)
            arrays[name_of(current)] = spaced.reshape(shape)
        elif current.dtype.kind == "bool":
            arrays[name_of(current)] = generator.random(shape) < 0.6
        else:
            bound = current.array.index_of
            limit = bound.size.evaluate(symbols) if bound else 3
            arrays[name_of(current)] = generator.integers(0, limit, shape)
    return arrays, symbols


def check(diagram: Diagram, arrays: Arrays, sizes: dict[str, int], step: float = 1e-3) -> None:
    """Reverse against differences, and forward against reverse by the inner product with cotangents."""
    generator = np.random.default_rng(1)
    reverse, forward = reverse_diagram(diagram), forward_diagram(diagram)
    verify(reverse)
    verify(forward)
    for current in reverse.inputs[len(diagram.inputs) :]:
        shape = tuple(axis.size.evaluate(sizes) for axis in current.axes)
        arrays[name_of(current)] = generator.uniform(-1.0, 1.0, shape)
    found = evaluate(reverse, arrays, sizes)
    pushed = dict(arrays)
    inner = 0.0
    for current, value in zip(float_inputs(diagram), found, strict=True):
        name = name_of(current)
        expected = central(lambda v, n=name: loss(diagram, {**arrays, n: v}, sizes), arrays[name], step)
        scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-7 * scale, err_msg=name)
        pushed[f"t{name}"] = generator.uniform(-1.0, 1.0, arrays[name].shape)
        inner += float(np.sum(value * pushed[f"t{name}"]))
    given = {name_of(n): pushed[name_of(n)] for n in forward.inputs}
    tangents = evaluate(forward, given, sizes)
    outer = sum(float(np.sum(arrays[f"ct{place}"] * t)) for place, t in enumerate(tangents))
    np.testing.assert_allclose(outer, inner, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operators(name: str) -> None:
    diagram = entry(f"{HEADER}\n{FUNCTIONS[name]}").diagram
    check(diagram, *arrays_of(diagram))


@pytest.mark.parametrize("name", UNARY)
def test_scalar_functions(name: str) -> None:
    diagram = entry(f"axis q\nfn f(A: f32[q]) -> f32[q] {{ return {name_in_language(name)} }}").diagram
    points = [0.3, 0.8, 1.7] + ([-0.6, -1.4, 2.5] if name in SIGNED else [])
    check(diagram, {"A": np.array(points)}, {"q": len(points)})


def name_in_language(name: str) -> str:
    return "1 / A" if name == "recip" else f"{name}(A)"


def test_every_function_of_the_catalogue_is_covered() -> None:
    steps = {
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "and",
        "or",
        "not",
        "sign",
        "floor",
        "round",
        "floordiv",
        "mod",
    }
    binary = {"add", "sub", "mul", "div", "pow", "neg", "min", "max", "where"}
    assert set(POINTWISE) == steps | binary | set(UNARY)


WIDE = ("routing", "decode", "rotary", "block")
"""Specs with so many inputs that differences take long: they run with `make test-all`."""

SHIPPED = [
    pytest.param(path, name, marks=[pytest.mark.slow] if path.stem in WIDE else [])
    for path in SPECS
    for name in spec_entries(path)
]


@pytest.mark.parametrize(("path", "name"), SHIPPED, ids=str)
def test_shipped_specs(path: object, name: str) -> None:
    diagram = spec_entries(path)[name].diagram  # type: ignore[arg-type]
    if any((axis.size.value or 0) > 200 for n in diagram.inputs for axis in n.axes):
        pytest.skip("an axis of a fixed length: too many differences")
    check(
        diagram, *arrays_of(diagram), step=2e-4
    )  # distances of given arrays are nearer to ties than their inputs
