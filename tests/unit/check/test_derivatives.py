"""`grad` and `jvp` in the language, against derivatives worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.diagnostics import DiagnosticError
from tests.unit.specs import entry

HEADER = """axis q, b, c
fn cube(X: f32[q]) -> f32 { return sum[q](X ^ 3) }
fn slope = grad(cube, wrt = (X))
fn product(X: f32[q], Y: f32[q]) -> f32[q] { return X * Y }
fn scaled(X: f32[q], s: f32) -> f32 { return s * sum[q](X * X) }
"""
X = np.array([1.0, 2.0, -3.0])
V = np.array([0.5, -1.0, 2.0])


def value(text: str, **arrays: Any) -> np.ndarray:
    (found,) = evaluate(entry(HEADER + text).diagram, arrays)
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return grad(cube, wrt = (X))", 3 * X**2),
        ("return grad(cube, V, wrt = (X))", 3 * V**2),
        ("return grad(cube, X = V, wrt = X)", 3 * V**2),
        ("return grad(cube, X * V, wrt = (X))", 3 * (X * V) ** 2),
        ("return V |> grad(cube, wrt = (X))", 3 * V**2),
        ("return slope(X) + slope(V)", 3 * X**2 + 3 * V**2),
        ("return grad(slope, wrt = (X), ct = V)", 6 * X * V),
        ("return grad(product, X, X, wrt = (Y), ct = V)", X * V),
        ("P, R = grad(product, X, V, wrt = (X, Y), ct = V) return P + R", V * V + X * V),
        ("return jvp(cube, X, V) + 0 * X", np.full(3, float(np.sum(3 * X**2 * V)))),
        ("return jvp(slope, X, V)", 6 * X * V),
        ("return jvp(product, (X, V), (V, X))", V * V + X * X),
        ("return jvp(product, X, V, Y = X)", V * X),
        ("return grad(scaled(s = 2), wrt = (X))", 4 * X),
    ],
)
def test_values(body: str, expected: np.ndarray) -> None:
    found = value(f"fn f(X: f32[q], V: f32[q]) -> f32[q] {{ {body} }}", X=X, V=V)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_alias_is_an_entry_with_the_types_of_its_operands() -> None:
    made = entry(f"{HEADER}fn f = weave[b] slope").diagram
    assert made.output_names == ("dX",)
    assert [str(axis) for axis in made.layouts[0].axes] == ["b", "q"]
    given = np.stack([X, V])
    np.testing.assert_allclose(evaluate(made, {"X": given})[0], 3 * given**2, rtol=1e-12)


def test_what_is_shared_along_a_woven_axis_gets_the_sum() -> None:
    text = "fn f(X: f32[b q], s: f32[]) -> f32[] { return grad(scaled, wrt = (s)) }"
    given = np.stack([X, V])
    np.testing.assert_allclose(value(text, X=given, s=np.array(2.0)), np.sum(given**2), rtol=1e-12)


def test_the_dtype_is_that_of_the_operand() -> None:
    text = "fn f(X: bf16[q]) -> bf16[q] { return grad(cube, wrt = (X)) }"
    assert entry(HEADER + text).diagram.outputs[0].dtype.value == "bf16"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return grad(cube, wrt = (Z))", "E0201"),
        ("return grad(cube)", "E0306"),
        ("return grad(cube, wrt = (X, X))", "E0306"),
        ("return grad(cube, wrt = (X + 1))", "E0306"),
        ("return grad(wrt = (X))", "E0306"),
        ("return grad(cube, X, V, wrt = (X))", "E0307"),
        ("return grad(cube, Z = V, wrt = (X))", "E0307"),
        ("return grad(unheard, wrt = (X))", "E0203"),
        ("return grad(product, X, V, wrt = (X))", "E0325"),
        ("return grad(product, X, V, wrt = (X), ct = (X, V))", "E0325"),
        ("return grad(product, X, V, wrt = (X), ct = zeros[c]())", "E0325"),
        ("return grad(cube, I, wrt = (X)) + X", "E0325"),
        ("return grad(scaled, wrt = (X)) + X", "E0201"),
        ("return jvp(cube, X)", "E0306"),
        ("return jvp(cube, (X, V), (X, V))", "E0306"),
        ("return jvp(cube, X, zeros[c]()) + X", "E0325"),
    ],
)
def test_errors(body: str, code: str) -> None:
    text = f"fn f(X: f32[q], V: f32[q], I: i32[q]) -> f32[q] {{ {body} }}"
    with pytest.raises(DiagnosticError) as raised:
        entry(HEADER + text)
    found = raised.value.diagnostics
    assert [d.code for d in found] == [code]
    assert found[0].help


def test_an_alias_names_parameters() -> None:
    with pytest.raises(DiagnosticError, match="E0201"):
        entry(f"{HEADER}fn f = grad(cube, wrt = (Y))")
