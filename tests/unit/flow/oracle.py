"""The expected Taylor coefficients of gradient flow without diagrams: jets of the loss, averaged by Gauss-Hermite.

The losses are written again here with einsum. d^s L / dx^s at t = 0, x = -t, is a polynomial in the initial numbers,
so a Gauss-Hermite grid with enough nodes averages it exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.jet import jet

Array = Any
Loss = Callable[[tuple[Array, ...], tuple[Array, ...]], Array]


@dataclass(frozen=True)
class Model:
    """A loss of trained and of fixed arrays, with their shapes at sizes, and the degree in one number of L and ∇L."""

    loss: Loss
    trained: Callable[..., tuple[tuple[int, ...], ...]]
    fixed: Callable[..., tuple[tuple[int, ...], ...]] = lambda **_: ()
    degree: int = 2


def _half(difference: Array) -> Array:
    return 0.5 * (difference**2).sum()


def _identity(p: int, rank: int) -> np.ndarray:
    made = np.zeros((p,) * rank)
    made[(np.arange(p),) * rank] = 1
    return made


def _cp(rank: int, tied: bool) -> Model:
    letters = "abcd"[:rank]
    text = ",".join(f"k{x}" for x in letters) + "->" + letters

    def loss(u: tuple[Array, ...], _: tuple[Array, ...]) -> Array:
        factors = u * rank if tied else u
        return _half(jnp.einsum(text, *factors) - _identity(u[0].shape[1], rank))

    return Model(loss, lambda p, H: ((H, p),) * (1 if tied else rank), degree=2 * rank if tied else 2)


def _linear(u: tuple[Array, ...], _: tuple[Array, ...]) -> Array:
    return _half(u[0] @ u[1] @ u[2] - jnp.eye(u[0].shape[0]))


def _modular(u: tuple[Array, ...], _: tuple[Array, ...]) -> Array:
    p = u[0].shape[1]
    i, j, k = np.indices((p, p, p))
    return _half(jnp.einsum("ka,kb,kc->abc", *u) - ((i + j - k) % p == 0))


def _quadratic(u: tuple[Array, ...], fixed: tuple[Array, ...]) -> Array:
    x, v = fixed
    return _half(((x @ u[0].T) ** 2).sum(1) - (x @ v) ** 2)


def _regression(u: tuple[Array, ...], fixed: tuple[Array, ...]) -> Array:
    x, v = fixed
    return _half(x @ u[0] - x @ v)


MODELS: Final = {
    "cp2": _cp(2, False), "cp2_sym": _cp(2, True), "cp3": _cp(3, False), "cp3_sym": _cp(3, True),
    "cp4_sym": _cp(4, True),
    "linear3": Model(_linear, lambda p, H: ((p, H), (H, H), (H, p))),
    "modular": Model(_modular, lambda p, H: ((H, p),) * 3),
    "quadratic": Model(_quadratic, lambda n, d, H: ((H, d),), lambda n, d, H: ((n, d), (d,)), degree=4),
    "regression": Model(_regression, lambda n, d: ((d,),), lambda n, d: ((n, d), (d,))),
}  # fmt: skip


def coefficients(model: Model, order: int, trained: tuple[Array, ...], fixed: tuple[Array, ...]) -> Array:
    """d^s L / dx^s for s ≤ order at one initial point, by jets of the gradient."""

    def loss(u: tuple[Array, ...]) -> Array:
        return model.loss(u, fixed)

    gradient = jax.grad(loss)
    found = [loss(trained)]
    derivatives: list[tuple[Array, ...]] = []
    for _ in range(order):
        series = tuple([d[n] for d in derivatives] for n in range(len(trained)))
        if derivatives:
            first, rest = jet(lambda *u: gradient(u), trained, series)
            derivatives = [first, *(tuple(r[s] for r in rest) for s in range(len(derivatives)))]
        else:
            derivatives = [gradient(trained)]
    if order:
        series = tuple([d[n] for d in derivatives] for n in range(len(trained)))
        found += jet(lambda *u: loss(u), trained, series)[1]
    return jnp.stack(found)


def gauss_hermite(name: str, sizes: dict[str, int], scales: tuple[float, ...], order: int) -> np.ndarray:
    """E[d^s L / dx^s] for s ≤ order; `scales` are those of the trained, then of the fixed arrays."""
    model = MODELS[name]
    shapes = (*model.trained(**sizes), *model.fixed(**sizes))
    count = sum(math.prod(shape) for shape in shapes)
    degree = model.degree + order * (2 * model.degree - 2 if model.degree > 2 else 2)
    nodes = degree // 2 + 1
    where, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    with jax.enable_x64(True):
        one = jax.jit(jax.vmap(partial(_flat, model, order, shapes, scales, len(model.trained(**sizes)))))
        total, every = np.zeros(order + 1), nodes**count
        for start in range(0, every, 1 << 14):
            places = (
                np.arange(start, start + (1 << 14)) % every
            )  # the last part is filled up, and weighs nothing
            digits = np.stack(np.unravel_index(places, (nodes,) * count), 1)
            weights = np.where(np.arange(start, start + (1 << 14)) < every, weight[digits].prod(1), 0)
            total += weights @ np.asarray(one(where[digits]))
    return total


def _flat(
    model: Model, order: int, shapes: tuple[tuple[int, ...], ...], scales: tuple[float, ...], trained: int,
    numbers: Array,
) -> Array:  # fmt: skip
    arrays: list[Array] = []
    for shape, scale in zip(shapes, scales, strict=True):
        count = math.prod(shape)
        arrays.append(numbers[:count].reshape(shape) * scale)
        numbers = numbers[count:]
    return coefficients(model, order, tuple(arrays[:trained]), tuple(arrays[trained:]))
