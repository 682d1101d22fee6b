# Made by diagc 0.1.0 from fused.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["layernorm_residual", "rmsnorm_residual", "groupnorm", "groupnorm_residual", "layernorm_matmul", "rmsnorm_matmul", "groupnorm_matmul"]


def _einsum(formula, *factors, **options):
    """jnp.einsum of 16-bit factors; of the same values in float32 on CPUs, where XLA lacks some products."""
    if jax.default_backend() == "cpu":
        factors = [factor.astype(jnp.float32) for factor in factors]
    return jnp.einsum(formula, *factors, **options)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _product(formula, dtype, *factors):
    """jnp.einsum of factors rounded to 16 bits, added up in float32; derivatives are not rounded."""
    return _einsum(formula, *(f.astype(dtype) for f in factors), preferred_element_type=jnp.float32)


@functools.partial(_product.defjvp, symbolic_zeros=True)
def _product_tangent(formula, dtype, factors, tangents):
    """The sum over the factors of the product with the tangent in that factor's place."""
    wide = [f.astype(dtype).astype(jnp.float32) for f in factors]
    made = _product(formula, dtype, *factors)
    tangent = jnp.zeros_like(made)
    for place, t in enumerate(tangents):
        if not isinstance(t, jax.custom_derivatives.SymbolicZero):
            tangent += jnp.einsum(formula, *wide[:place], t.astype(jnp.float32), *wide[place + 1 :])
    return made, tangent


def layernorm_residual(X, R, weight, bias):
    """layernorm_residual(X: bf16[row n], R: bf16[row n], weight: f32[n], bias: f32[n]) -> (bf16[row n], bf16[row n])"""
    X, R = (jnp.asarray(array, jnp.bfloat16) for array in (X, R))
    weight, bias = (jnp.asarray(array, jnp.float32) for array in (weight, bias))
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    S = X.astype(jnp.float32) + R.astype(jnp.float32)  # [row n]  # src[fused.diag:10]
    sum_n = jnp.sum(S, axis=1)  # [row]
    difference = S - sum_n[:, None] / n  # [row n]  # src[maps.diag:29]
    sum_n_2 = jnp.sum(difference ** 2, axis=1)  # [row]
    product = difference * lax.rsqrt(sum_n_2[:, None] / n + 1e-05) * weight  # [row n]  # src[maps.diag:29]
    as_bf16 = (product + bias).astype(jnp.bfloat16)  # [row n]
    as_bf16_2 = S.astype(jnp.bfloat16)  # [row n]
    return as_bf16, as_bf16_2


def rmsnorm_residual(X, R, weight):
    """rmsnorm_residual(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> (bf16[row n], bf16[row n])"""
    X, R = (jnp.asarray(array, jnp.bfloat16) for array in (X, R))
    weight = jnp.asarray(weight, jnp.float32)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    S = X.astype(jnp.float32) + R.astype(jnp.float32)  # [row n]  # src[fused.diag:18]
    sum_n = jnp.einsum("rn,rn->r", S, S, precision="highest")  # [row]
    product = S * lax.rsqrt(sum_n[:, None] / n + 1e-05) * weight  # [row n]  # src[maps.diag:25]
    as_bf16 = product.astype(jnp.bfloat16)  # [row n]
    as_bf16_2 = S.astype(jnp.bfloat16)  # [row n]
    return as_bf16, as_bf16_2


def groupnorm(X, weight, bias):
    """groupnorm(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel]) -> bf16[b group channel pixel]"""
    X = jnp.asarray(X, jnp.bfloat16)
    weight, bias = (jnp.asarray(array, jnp.float32) for array in (weight, bias))
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    sum_channel_pixel = jnp.sum(X.astype(jnp.float32), axis=(2, 3))  # [b group]
    centred = X.astype(jnp.float32) - sum_channel_pixel[:, :, None, None] / (16 * pixel)  # src[maps.diag:33]
    sum_channel_pixel_2 = jnp.sum(centred ** 2, axis=(2, 3))  # [b group]
    product = centred * lax.rsqrt(sum_channel_pixel_2[:, :, None, None] / (16 * pixel) + 1e-05)  # src[maps.diag:34]
    as_bf16 = (product * weight[:, :, None] + bias[:, :, None]).astype(jnp.bfloat16)
    return as_bf16


def groupnorm_residual(X, R, weight, bias):
    """groupnorm_residual(X: bf16[b group channel pixel], R: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel]) -> bf16[b group channel pixel]"""
    X, R = (jnp.asarray(array, jnp.bfloat16) for array in (X, R))
    weight, bias = (jnp.asarray(array, jnp.float32) for array in (weight, bias))
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    total = X.astype(jnp.float32) + R.astype(jnp.float32)  # [b group channel pixel]  # src[fused.diag:36]
    sum_channel_pixel = jnp.sum(total, axis=(2, 3))  # [b group]
    centred = total - sum_channel_pixel[:, :, None, None] / (16 * pixel)  # [b group channel pixel]  # src[maps.diag:33]
    sum_channel_pixel_2 = jnp.sum(centred ** 2, axis=(2, 3))  # [b group]
    product = centred * lax.rsqrt(sum_channel_pixel_2[:, :, None, None] / (16 * pixel) + 1e-05)  # src[maps.diag:34]
    as_bf16 = (product * weight[:, :, None] + bias[:, :, None]).astype(jnp.bfloat16)
    return as_bf16


def layernorm_matmul(X, weight, bias, W):
    """layernorm_matmul(X: bf16[row n], weight: f32[n], bias: f32[n], W: bf16[n o]) -> bf16[row o]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    weight, bias = (jnp.asarray(array, jnp.float32) for array in (weight, bias))
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    sum_n = jnp.sum(X.astype(jnp.float32), axis=1)  # [row]
    difference = X.astype(jnp.float32) - sum_n[:, None] / n  # [row n]  # src[maps.diag:29]
    sum_n_2 = jnp.sum(difference ** 2, axis=1)  # [row]
    product = difference * lax.rsqrt(sum_n_2[:, None] / n + 1e-05) * weight  # [row n]  # src[maps.diag:29]
    sum_n_3 = _product("rn,no->ro", jnp.bfloat16, product + bias, W)  # [row o]  # src[fused.diag:40]
    as_bf16 = sum_n_3.astype(jnp.bfloat16)  # [row o]
    return as_bf16


def rmsnorm_matmul(X, weight, W):
    """rmsnorm_matmul(X: bf16[row n], weight: f32[n], W: bf16[n o]) -> bf16[row o]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    weight = jnp.asarray(weight, jnp.float32)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    sum_n = jnp.einsum("rn,rn->r", X, X, preferred_element_type=jnp.float32)  # [row]
    rsqrt_value = lax.rsqrt(sum_n / n + 1e-05)  # [row]  # src[maps.diag:25]
    sum_n_2 = _product("rn,n,no->ro", jnp.bfloat16, X, weight, W) * rsqrt_value[:, None]  # [row o]  # src[fused.diag:44]
    as_bf16 = sum_n_2.astype(jnp.bfloat16)  # [row o]
    return as_bf16


def groupnorm_matmul(X, weight, bias, W):
    """groupnorm_matmul(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], W: bf16[group channel o]) -> bf16[b o pixel]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    weight, bias = (jnp.asarray(array, jnp.float32) for array in (weight, bias))
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    sum_channel_pixel = jnp.sum(X.astype(jnp.float32), axis=(2, 3))  # [b group]
    centred = X.astype(jnp.float32) - sum_channel_pixel[:, :, None, None] / (16 * pixel)  # src[maps.diag:33]
    sum_channel_pixel_2 = jnp.sum(centred ** 2, axis=(2, 3))  # [b group]
    product = centred * lax.rsqrt(sum_channel_pixel_2[:, :, None, None] / (16 * pixel) + 1e-05)  # src[maps.diag:34]
    Y = product * weight[:, :, None] + bias[:, :, None]  # [b group channel pixel]  # src[maps.diag:34]
    sum_group_channel = _product("bgcp,gco->bop", jnp.bfloat16, Y, W)  # [b o pixel]  # src[fused.diag:55]
    as_bf16 = sum_group_channel.astype(jnp.bfloat16)  # [b o pixel]
    return as_bf16
