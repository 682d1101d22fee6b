# Made by diagc 0.1.0 from norms.diag. Runs on JAX alone.
import jax.numpy as jnp
from jax import lax

__all__ = ["softmax_rows", "logsumexp_rows", "rmsnorm", "layernorm"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def softmax_rows(X):
    """softmax_rows(X: f32[row n]) -> f32[row n]"""
    X = jnp.asarray(X, jnp.float32)
    row, n = X.shape
    max_n = jnp.max(X, axis=1, initial=-jnp.inf)  # [row]  # src[maps.diag:5]
    e = jnp.exp(_subtract(X, max_n[:, None]))  # [row n]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [row]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [row n]  # src[maps.diag:7]
    return chosen


def logsumexp_rows(X):
    """logsumexp_rows(X: f32[row n]) -> f32[row]"""
    X = jnp.asarray(X, jnp.float32)
    row, n = X.shape
    m = jnp.max(X, axis=1, initial=-jnp.inf)  # [row]  # src[maps.diag:11]
    sum_n = jnp.sum(jnp.exp(_subtract(X, m[:, None])), axis=1)  # [row]  # src[maps.diag:12]
    total = m + jnp.log(sum_n)  # [row]  # src[maps.diag:12]
    return total


def rmsnorm(X, weight):
    """rmsnorm(X: bf16[row n], weight: f32[n]) -> bf16[row n]"""
    X = jnp.asarray(X, jnp.bfloat16)
    weight = jnp.asarray(weight, jnp.float32)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    sum_n = jnp.einsum("rn,rn->r", X, X, preferred_element_type=jnp.float32)  # [row]
    product = X.astype(jnp.float32) * lax.rsqrt(sum_n[:, None] / n + 1e-05) * weight  # [row n]  # src[maps.diag:25]
    as_bf16 = product.astype(jnp.bfloat16)  # [row n]
    return as_bf16


def layernorm(X, weight, bias):
    """layernorm(X: bf16[row n], weight: f32[n], bias: f32[n]) -> bf16[row n]"""
    X = jnp.asarray(X, jnp.bfloat16)
    weight, bias = (jnp.asarray(array, jnp.float32) for array in (weight, bias))
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    sum_n = jnp.sum(X.astype(jnp.float32), axis=1)  # [row]
    difference = X.astype(jnp.float32) - sum_n[:, None] / n  # [row n]  # src[maps.diag:29]
    sum_n_2 = jnp.sum(difference ** 2, axis=1)  # [row]
    product = difference * lax.rsqrt(sum_n_2[:, None] / n + 1e-05) * weight  # [row n]  # src[maps.diag:29]
    as_bf16 = (product + bias).astype(jnp.bfloat16)  # [row n]
    return as_bf16
