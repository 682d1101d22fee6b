"""Ties, forward mode and second derivatives as JAX has them in float64; ways that end in infinities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.core.derivative.reverse import gradient
from diagc.core.derivative.shifts import irrelevant_choices
from diagc.core.diagram import Diagram, apply, constant, walk
from tests.unit.core.derivative.numeric import forward_diagram, reverse_diagram
from tests.unit.specs import entry

HEADER: Final = "axis q, x, d, t, y: x\n"
ROWS: Final = np.array([[1.0, 3.0, 3.0, -2.0], [0.5, 0.5, 0.5, 0.5], [0.0, -1.0, 0.0, 4.0]])
VECTOR: Final = np.array([0.3, -0.7, 1.1, 0.4])


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def softmax_loss(v: Any) -> Any:
    return jnp.sum(jnp.sin(jax.nn.softmax(v) * jnp.arange(4.0)))


SCALARS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "cubes": ("sum[x](X ^ 3 * sin(X))", lambda v: jnp.sum(v**3 * jnp.sin(v))),
    "log sum": ("logsumexp[x](X)", jax.nn.logsumexp),
    "softmax": ("sum[x](sin(softmax[x](X) * x))", softmax_loss),
    "norm": (
        "sum[x](rms_norm[x](X, X))",
        lambda v: jnp.sum(v * jax.lax.rsqrt(jnp.mean(v * v) + 1e-5) * v),
    ),
    "product": ("prod[x](X)", jnp.prod),
    "gelu": ("sum[x](gelu(X) * silu(X))", lambda v: jnp.sum(jax.nn.gelu(v, approximate=False) * jax.nn.silu(v))),
    "running": ("sum[x](cumsum[x](X * X) ^ 2)", lambda v: jnp.sum(jnp.cumsum(v * v) ** 2)),
    "window": (
        "sum[x](X[x -> x - 1 else 0] * X * X)",
        lambda v: jnp.sum(jnp.concatenate([jnp.zeros(1), v[:-1]]) * v * v),
    ),
    "scan": (
        "sum[x](scan[x](h = 1; tanh(h * X)))",
        lambda v: jnp.sum(jax.lax.scan(lambda h, e: (jnp.tanh(h * e),) * 2, jnp.ones(()), v)[1]),
    ),
    "maximum": ("max[x](X) * sum[x](X)", lambda v: jnp.max(v) * jnp.sum(v)),
}  # fmt: skip


@pytest.mark.parametrize("name", SCALARS)
def test_second_derivatives(name: str) -> None:
    """The derivative of V · (derivative of f) is the Hessian times V."""
    text, function = SCALARS[name]
    direction = np.array([0.2, 1.0, -0.6, 0.9])
    source = f"""{HEADER}fn s(X: f32[x]) -> f32 {{ return {text} }}
    fn g(X: f32[x], V: f32[x]) -> f32 {{ return sum[x](grad(s, wrt = (X)) * V) }}
    fn f(X: f32[x], V: f32[x]) -> (R: f32[x], F: f32[x]) {{ return grad(g, wrt = (X)), jvp(slope, X, V) }}
    fn slope = grad(s, wrt = (X))"""
    found = evaluate(entry(source).diagram, {"X": VECTOR, "V": direction})
    expected = jax.hessian(function)(jnp.asarray(VECTOR)) @ direction
    for value in found:
        np.testing.assert_allclose(value, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", SCALARS)
def test_forward(name: str) -> None:
    text, function = SCALARS[name]
    diagram = forward_diagram(entry(f"{HEADER}fn f(X: f32[x]) -> f32 {{ return {text} }}").diagram)
    direction = np.array([0.2, 1.0, -0.6, 0.9])
    _, expected = jax.jvp(function, (jnp.asarray(VECTOR),), (jnp.asarray(direction),))
    (found,) = evaluate(diagram, {"X": VECTOR, "tX": direction})
    np.testing.assert_allclose(found, expected, rtol=1e-9)


TIES: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "largest": ("max[x](X)", lambda v: v[jnp.arange(len(v)), jnp.argmax(v, axis=1)]),
    "smallest": ("min[x](X)", lambda v: v[jnp.arange(len(v)), jnp.argmin(v, axis=1)]),
    "largest of all": ("max[q x](X) + 0 * sum[x](X)", lambda v: v.ravel()[jnp.argmax(v)] + jnp.zeros(len(v))),
    "of a number": ("sum[x](max(X, 0.5) + min(X, 0.0))", lambda v: jnp.sum(jnp.maximum(v, 0.5) + jnp.minimum(v, 0), 1)),
    "relu": ("sum[x](relu(X))", lambda v: jnp.sum(jax.nn.relu(v), 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", TIES)
def test_ties(name: str) -> None:
    text, function = TIES[name]
    diagram = reverse_diagram(entry(f"{HEADER}fn f(X: f32[q x]) -> f32[q] {{ return {text} }}").diagram)
    weights = np.array([1.0, 2.0, -1.0])
    _, pull = jax.vjp(function, jnp.asarray(ROWS))
    (found,) = evaluate(diagram, {"X": ROWS, "ct0": weights})
    np.testing.assert_allclose(found, pull(jnp.asarray(weights))[0], rtol=1e-12)


FINITE: Final = {
    "a branch not taken": "where(X > 0, log(X), -inf)",
    "a root not taken": "where(X > 0, sqrt(X) + X / sum[x](where(X > 0, X, 0)), 0)",
    "empty rows of weights": "softmax[x](where(x < 2 * q, X, -inf))",
    "a power at zero": "X ^ 2 + 0 * abs(X) ^ 1",
    "twice not taken": "exp(where(X > 0, log(X) * sqrt(X), 0)) * where(X > 0, 1 / X, 0)",
}


@pytest.mark.parametrize("name", FINITE)
def test_masked_branches_leak_nothing(name: str) -> None:
    text = f"{HEADER}fn f(X: f32[q x]) -> f32[q x] {{ return {FINITE[name]} }}"
    (found,) = evaluate(reverse_diagram(entry(text).diagram), {"X": ROWS, "ct0": np.ones(ROWS.shape)})
    assert np.isfinite(found).all()


CHOICES: Final = {
    "softmax[x](X)": 1,
    "logsumexp[x](X) + 0 * X": 1,
    "log_softmax[x](X)": 1,
    "exp2(X - max[x](X)) / sum[x](exp2(X - max[x](X)))": 1,
    "max[x](X) * exp(X - max[x](X))": 0,
    "exp(X - 2 * max[x](X)) / sum[x](exp(X - max[x](X)))": 0,
    "X / max[x](X)": 0,
    "exp(X - max[q](X)) / sum[q x](exp(X - max[q](X)))": 0,
}


@pytest.mark.parametrize("text", CHOICES)
def test_choices_that_cancel_are_found_and_no_others(text: str) -> None:
    diagram = entry(f"{HEADER}fn f(X: f32[q x]) -> f32[q x] {{ return {text} }}").diagram
    assert len(irrelevant_choices(diagram.outputs)) == CHOICES[text]


def test_a_cotangent_with_other_axes_is_refused() -> None:
    diagram: Diagram = entry(f"{HEADER}fn f(X: f32[q x]) -> f32[q] {{ return sum[x](X) }}").diagram
    with pytest.raises(ValueError, match="cotangent"):
        gradient(diagram.outputs, diagram.inputs, diagram.inputs)


def test_what_does_not_depend_has_derivative_zero() -> None:
    diagram = entry(f"{HEADER}fn f(X: f32[q x], Y: f32[q]) -> f32[q] {{ return sum[x](X) }}").diagram
    _, found = gradient(diagram.outputs, (constant(1.0),), diagram.inputs)
    assert set(found.axes) == set(diagram.inputs[1].axes)
    assert not [n for n in walk((found,)) if n in diagram.inputs]
    assert apply("add", found, found).axes == found.axes
