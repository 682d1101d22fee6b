# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
"""The natural gradient of an emitted training program: the gradient measured by what it changes in the predictions.

Copied behind `predictions` and `discrepancy` of a diagram whose optimiser is `natural`; see `training_program.py`. No
matrix is made: J is the derivative of the predictions, H the second derivative of the loss by them, and
(Jᵀ H J + damping) v = gradient is solved by conjugate gradients with products of both. For cross entropy Jᵀ H J is
Fisher's metric (Martens, arXiv 1412.1193).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

# ---- natural gradient


def curvature(
    predictions: Callable[..., Any],
    discrepancy: Callable[..., Any],
    params: dict[str, Any],
    frozen: Any,
    batch: Any,
    key: Any,
    step: Any,
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Products with Jᵀ H J at these parameters; a vector may leave parameters out, which then stay."""

    def predicted(at: dict[str, Any]) -> Any:
        return predictions(at, frozen, batch, key, step)

    def apart(outputs: Any) -> Any:
        return discrepancy(outputs, params, frozen, batch, key, step)

    outputs, push = jax.linearize(predicted, params)
    pull = jax.linear_transpose(push, params)

    def product(vector: dict[str, Any]) -> dict[str, Any]:
        full = {path: vector.get(path, jnp.zeros_like(value)) for path, value in params.items()}
        (found,) = pull(jax.jvp(jax.grad(apart), (outputs,), (push(full),))[1])
        return {path: found[path] for path in vector}

    return product


def natural(learning_rate: Any, damping: float = 1e-3, iterations: int = 20) -> optax.GradientTransformation:
    """Steps along the natural gradient, by at most so many products with the curvature of the batch."""

    def init(params: Any) -> Any:
        return optax.EmptyState()

    def update(updates: Any, state: Any, params: Any = None, *, curvature: Any = None, **others: Any) -> Any:
        own = {path: value for path, value in updates.items() if isinstance(value, jax.Array)}

        def product(vector: dict[str, Any]) -> dict[str, Any]:
            return {path: bent + damping * vector[path] for path, bent in curvature(vector).items()}

        found, _ = jax.scipy.sparse.linalg.cg(product, own, maxiter=iterations)
        return {**updates, **found}, state

    direction = optax.GradientTransformationExtraArgs(init, update)
    return optax.chain(direction, optax.scale_by_learning_rate(learning_rate))
