# Made by diagc 0.1.0 from fixed.diag. Runs on JAX alone.
import jax.numpy as jnp
from jax import lax

__all__ = ["rmsnorm_1024", "residual_rmsnorm", "scaled_mean"]


def rmsnorm_1024(X, weight):
    """rmsnorm_1024(X: bf16[row n], weight: f32[n]) -> bf16[row n]"""
    X = jnp.asarray(X, jnp.bfloat16)
    weight = jnp.asarray(weight, jnp.float32)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    sum_n = jnp.einsum("rn,rn->r", X, X, preferred_element_type=jnp.float32)  # [row]
    product = X.astype(jnp.float32) * lax.rsqrt(sum_n[:, None] / 1024 + 1e-05) * weight  # [row n]  # src[maps.diag:25]
    as_bf16 = product.astype(jnp.bfloat16)  # [row n]
    return as_bf16


def residual_rmsnorm(X, R, weight):
    """residual_rmsnorm(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> (bf16[row n], bf16[row n])"""
    X, R = (jnp.asarray(array, jnp.bfloat16) for array in (X, R))
    weight = jnp.asarray(weight, jnp.float32)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if R.shape != (row, 1024):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    S = X.astype(jnp.float32) + R.astype(jnp.float32)  # [row n]  # src[fixed.diag:14]
    sum_n = jnp.einsum("rn,rn->r", S, S, precision="highest")  # [row]
    product = S * lax.rsqrt(sum_n[:, None] / 1024 + 1e-05) * weight  # [row n]  # src[maps.diag:25]
    as_bf16 = product.astype(jnp.bfloat16)  # [row n]
    as_bf16_2 = S.astype(jnp.bfloat16)  # [row n]
    return as_bf16, as_bf16_2


def scaled_mean(X):
    """scaled_mean(X: f32[row n]) -> f32[row]"""
    X = jnp.asarray(X, jnp.float32)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: f32[row n] has shape {X.shape}, expected {(row, 1024)}")
    sum_n = jnp.sum(X, axis=1)  # [row]
    quotient = sum_n / 1024 / 8  # [row]  # src[fixed.diag:19]
    return quotient
