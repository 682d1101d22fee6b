# Made by diagc 0.1.0 from running.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["running_mean", "moving_average", "cell"]


def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]


def running_mean(X):
    """running_mean(X: f32[b t d]) -> f32[b t d]"""
    X = jnp.asarray(X, jnp.float32)
    b, t, d = X.shape
    running_sum_t = jnp.cumsum(X, axis=1)  # [b t d]  # src[running.diag:7]
    quotient = running_sum_t / (jnp.arange(t)[:, None] + 1)  # [b t d]  # src[running.diag:7]
    return quotient


def moving_average(X, smoothing):
    """moving_average(X: f32[b t d], smoothing: f32[d]) -> f32[b t d]"""
    X, smoothing = (jnp.asarray(array, jnp.float32) for array in (X, smoothing))
    X, smoothing = _alike(X, smoothing)
    b, t, d = X.shape
    if smoothing.shape != (d,):
        raise ValueError(f"smoothing: f32[d] has shape {smoothing.shape}, expected {(d,)}")
    view = X[:, 0]  # [b d]  # src[running.diag:12]
    a = jax.nn.sigmoid(smoothing)  # [d]  # src[running.diag:11]
    product = (1 - a) * X  # [b t d]  # src[running.diag:12]
    read0 = a  # [d]

    def step(states, arrays):
        (state0,) = states
        (read1,) = arrays
        total = read0 * state0 + read1.T  # [b d]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step, tuple(_alike(view, product.transpose(1, 2, 0))[:-1]), (product.transpose(1, 2, 0),))
    return state0_t.transpose(1, 0, 2)


def cell(X, W, gate):
    """cell(X: bf16[b t e], W: bf16[e d], gate: f32[d]) -> f32[b t d]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    gate = jnp.asarray(gate, jnp.float32)
    X, W, gate = _alike(X, W, gate)
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    if gate.shape != (d,):
        raise ValueError(f"gate: f32[d] has shape {gate.shape}, expected {(d,)}")
    spread = jnp.broadcast_to(jnp.float32(0), (b, d))  # [b d]
    U = jnp.einsum("bte,ed->btd", X, W, preferred_element_type=jnp.float32)  # [b t d]  # src[running.diag:16]
    read0 = gate  # [d]

    def step(states, arrays):
        (state0,) = states
        (read1,) = arrays
        tanh_value = jnp.tanh(read0[:, None] * state0 + read1.T)  # [d b]
        following = (tanh_value,)
        return following, following

    _, (state0_t,) = lax.scan(step, tuple(_alike(spread.T, U.transpose(1, 0, 2))[:-1]), (U.transpose(1, 0, 2),))
    return state0_t.transpose(2, 0, 1)
