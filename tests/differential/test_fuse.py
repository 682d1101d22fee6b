"""Derived regions where people stand: `diagc.jax.fuse` and a backend of `torch.compile`, beside what they stand for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import diagc.dynamo
import diagc.jax
from diagc.importers.traced import Graph, Traced, Variable
from diagc.optimise import derived as kept
from diagc.optimise.regions import Unit, regions
from tests.differential import small_gpt as gpt

STEPS, RATE, ROWS = 200, 0.3, 8


def heads(q: Any, k: Any, v: Any) -> Any:
    s = jnp.where(jnp.tri(64, dtype=bool), q @ k.swapaxes(-1, -2) / 4, -jnp.inf)
    return jax.nn.softmax(s, axis=-1) @ v


def test_a_fused_function_is_the_function_under_jit_grad_and_vmap() -> None:
    before = len(kept.known())
    random = np.random.default_rng(0)
    arrays = [jnp.asarray(random.standard_normal((2, 64, 16)), jnp.float32) for _ in range(3)]
    fused = diagc.jax.fuse(heads, least_bytes=0)

    def total(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: (function(*given) ** 2).sum()

    np.testing.assert_allclose(jax.jit(fused)(*arrays), heads(*arrays), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(jax.vmap(fused)(*arrays), heads(*arrays), rtol=1e-4, atol=1e-5)
    slopes = [jax.grad(total(function), (0, 1, 2))(*arrays) for function in (fused, heads)]
    for one, other in zip(*slopes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert len(kept.known()) > before


@pytest.mark.slow
def test_a_function_with_its_own_derivative_keeps_it() -> None:
    """Straight through: rounding, with the derivative of the identity."""

    @jax.custom_vjp
    def rounded(x: Any) -> Any:
        return jnp.round(x)

    rounded.defvjp(lambda x: (jnp.round(x), None), lambda _, g: (g,))

    def function(x: Any) -> Any:
        return jax.nn.softmax(rounded(x) @ x.T, axis=-1) @ x

    x = jnp.asarray(np.random.default_rng(0).standard_normal((32, 16)), jnp.float32)
    found, expected = (
        jax.grad(lambda x, f=f: (f(x) ** 2).sum())(x) for f in (diagc.jax.fuse(function, 0), function)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_dropout_in_training_is_fused_around_what_is_drawn() -> None:
    def dropped(q: Any, k: Any, v: Any, seed: Any) -> Any:
        s = q @ k.swapaxes(-1, -2) / 4
        keep = jax.random.bernoulli(jax.random.key(seed), 0.9, s.shape)
        return jnp.where(keep, jax.nn.softmax(s, -1) / 0.9, 0.0) @ v

    random = np.random.default_rng(0)
    arrays = [jnp.asarray(random.standard_normal((2, 64, 16)), jnp.float32) for _ in range(3)]
    before = len(kept.known())
    fused = diagc.jax.fuse(dropped, least_bytes=0)
    for seed in map(jnp.asarray, (0, 1)):
        np.testing.assert_allclose(fused(*arrays, seed), dropped(*arrays, seed), rtol=1e-4, atol=1e-5)
        slopes = [
            jax.grad(lambda *given, f=f, seed=seed: (f(*given, seed) ** 2).sum(), (0, 1, 2))(*arrays)
            for f in (fused, dropped)
        ]
        for one, other in zip(*slopes, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert any(part is not None for part in kept.known()[before:])


def test_what_has_no_diagram_runs_as_it_is() -> None:
    x = jnp.asarray(np.random.default_rng(0).standard_normal((8, 16)), jnp.float32)
    assert (diagc.jax.fuse(lambda x: jnp.sort(x) * 2)(x) == jnp.sort(x) * 2).all()


def test_no_way_leaves_a_region_and_comes_back() -> None:
    """x feeds a fold, a product with a weight, and after it a sum with x: two regions, in order."""
    graph = Graph()
    x, w = graph.variable("f32", (4, 8)), graph.variable("f32", (8, 8))
    y = graph.emit("exp", (x,), "f32", (4, 8))
    first = graph.emit("reduce_sum", (y,), "f32", (4,), axes=[1])
    numbers = [[[1], [0]], [[], []]]
    product = graph.emit("dot_general", (y, w), "f32", (4, 8), dimension_numbers=numbers)
    joined = graph.emit("add", (y, product), "f32", (4, 8))
    last = graph.emit("reduce_max", (joined,), "f32", (4,), axes=[1])
    units = [Unit((operation,), operation.primitive == "dot_general") for operation in graph.operations]
    found = regions(units, [first, last], "f")
    assert [region.units for region in found] == [(0, 1), (3, 4)]
    assert [v.number for v in found[1].inputs] == [y.number, product.number]
    assert {v.number for v in found[0].outputs} == {y.number, first.number}
    assert isinstance(found[0].traced, Traced) and isinstance(last, Variable)


@pytest.mark.slow
def test_a_small_gpt_trains_alike_in_jax() -> None:
    before = len(kept.known())

    def trained(function: Callable[..., Any]) -> list[float]:
        step = jax.jit(jax.value_and_grad(function))
        params, losses = gpt.parameters(), list[float]()
        for seed in range(STEPS):
            value, slopes = step(params, *map(jnp.asarray, gpt.text(ROWS, seed)))
            params = jax.tree.map(lambda p, g: p - RATE * g, params, slopes)
            losses.append(float(value))
        return losses

    fused, plain = trained(diagc.jax.fuse(gpt.loss, least_bytes=0)), trained(gpt.loss)
    assert plain[-1] < plain[0] - 0.5
    np.testing.assert_allclose(fused, plain, rtol=1e-3)
    assert sum(region is not None for region in kept.known()[before:]) >= 3


@pytest.mark.slow
def test_a_small_gpt_trains_alike_in_torch() -> None:
    before = len(kept.known())

    def trained(model: torch.nn.Module, run: Callable[..., Any]) -> list[float]:
        optimiser, losses = torch.optim.SGD(model.parameters(), RATE), list[float]()
        for seed in range(STEPS):
            value = run(*map(torch.as_tensor, gpt.text(ROWS, seed)))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(value.item())
        return losses

    torch.manual_seed(0)
    model = gpt.GPT()
    other = copy.deepcopy(model)
    compiled = torch.compile(model, backend="diagc", options={"least_bytes": 0})
    fused, plain = trained(model, compiled), trained(other, other)
    assert plain[-1] < plain[0] - 0.1
    np.testing.assert_allclose(fused, plain, rtol=1e-3)
    assert sum(region is not None for region in kept.known()[before:]) >= 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of inductor's own imports
def test_the_rest_is_compiled_by_inductor_and_gradients_stay() -> None:
    torch.manual_seed(0)
    model = gpt.GPT()
    other = copy.deepcopy(model)
    compiled = torch.compile(model, backend="diagc", options={"least_bytes": 0, "rest": "inductor"})
    arrays = list(map(torch.as_tensor, gpt.text(ROWS, 0)))
    found, expected = compiled(*arrays), other(*arrays)
    found.backward()
    expected.backward()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, rtol=1e-3, atol=1e-5)
    assert any(region is not None for region in kept.known())


def test_an_option_that_the_backend_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="the options `least_bytes`, a number, and `rest`"):
        diagc.dynamo.diagc(None, [], options={"rest": "fast"})
