# Made by diagc 0.1.0 from convolution.diag. Runs on JAX alone.
import jax
import jax.numpy as jnp

__all__ = ["conv1d", "conv2d", "depthwise1d", "causal_depthwise", "depthwise2d", "strided2d"]


def _einsum(formula, *factors, **options):
    """jnp.einsum of 16-bit factors; of the same values in float32 on CPUs, where XLA lacks some products."""
    if jax.default_backend() == "cpu":
        factors = [factor.astype(jnp.float32) for factor in factors]
    return jnp.einsum(formula, *factors, **options)


def _read(array, index, fill):
    """array[index], and `fill` where an integer index is out of range; `index` is made by jnp.s_."""
    index = index if isinstance(index, tuple) else (index,)
    index += (slice(None),) * (array.ndim - len(index))
    empty = [(0, int(size == 0 and not isinstance(i, slice))) for size, i in zip(array.shape, index)]
    array = jnp.pad(array, empty, constant_values=fill)
    return array.at[index].get(mode="fill", fill_value=fill, wrap_negative_indices=False)


def conv1d(X, W):
    """conv1d(X: bf16[b i c], W: bf16[k c o]) -> bf16[b i o]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    b, i, c = X.shape
    _, _, o = W.shape
    if W.shape != (3, c, o):
        raise ValueError(f"W: bf16[k c o] has shape {W.shape}, expected {(3, c, o)}")
    view = _read(X, jnp.s_[:, jnp.arange(i)[:, None] + jnp.arange(3) - 1], 0.0)  # [b i k c]  # src[convolution.diag:7]
    sum_k_c = jnp.einsum("bikc,kco->bio", view, W, preferred_element_type=jnp.float32)  # [b i o]  # src[convolution.diag:7]
    as_bf16 = sum_k_c.astype(jnp.bfloat16)  # [b i o]
    return as_bf16


def conv2d(X, W):
    """conv2d(X: bf16[b i j c], W: bf16[k l c o]) -> bf16[b i j o]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    b, i, j, c = X.shape
    _, _, _, o = W.shape
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    view = _read(X, jnp.s_[:, jnp.arange(i)[:, None, None, None] + jnp.arange(3)[:, None, None] - 1, jnp.arange(j)[:, None] + jnp.arange(3) - 1], 0.0)  # src[convolution.diag:11]
    sum_k_l_c = jnp.einsum("bikjlc,klco->bijo", view, W, preferred_element_type=jnp.float32)  # [b i j o]  # src[convolution.diag:11]
    as_bf16 = sum_k_l_c.astype(jnp.bfloat16)  # [b i j o]
    return as_bf16


def depthwise1d(X, W):
    """depthwise1d(X: bf16[b i c], W: bf16[k c]) -> bf16[b i c]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    view = _read(X, jnp.s_[:, jnp.arange(i)[:, None] + jnp.arange(3) - 1], 0.0)  # [b i k c]  # src[convolution.diag:15]
    sum_k = _einsum("bikc,kc->bic", view, W, preferred_element_type=jnp.float32)  # [b i c]  # src[convolution.diag:15]
    as_bf16 = sum_k.astype(jnp.bfloat16)  # [b i c]
    return as_bf16


def causal_depthwise(X, W, bias):
    """causal_depthwise(X: bf16[b i c], W: bf16[k c], bias: f32[c]) -> bf16[b i c]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    bias = jnp.asarray(bias, jnp.float32)
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if bias.shape != (c,):
        raise ValueError(f"bias: f32[c] has shape {bias.shape}, expected {(c,)}")
    view = _read(X, jnp.s_[:, jnp.arange(i)[:, None] + jnp.arange(3) - 2], 0.0)  # [b i k c]  # src[convolution.diag:19]
    sum_k = _einsum("bikc,kc->bic", view, W, preferred_element_type=jnp.float32)  # [b i c]  # src[convolution.diag:19]
    as_bf16 = jax.nn.silu(sum_k + bias).astype(jnp.bfloat16)  # [b i c]
    return as_bf16


def depthwise2d(X, W):
    """depthwise2d(X: bf16[b i j c], W: bf16[k l c]) -> bf16[b i j c]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    b, i, j, c = X.shape
    if W.shape != (3, 3, c):
        raise ValueError(f"W: bf16[k l c] has shape {W.shape}, expected {(3, 3, c)}")
    view = _read(X, jnp.s_[:, jnp.arange(i)[:, None, None, None] + jnp.arange(3)[:, None, None] - 1, jnp.arange(j)[:, None] + jnp.arange(3) - 1], 0.0)  # src[convolution.diag:23]
    sum_k_l = _einsum("bikjlc,klc->bijc", view, W, preferred_element_type=jnp.float32)  # [b i j c]  # src[convolution.diag:23]
    as_bf16 = sum_k_l.astype(jnp.bfloat16)  # [b i j c]
    return as_bf16


def strided2d(X, W):
    """strided2d(X: bf16[b even_i even_j c], W: bf16[k l c o]) -> bf16[b half_i half_j o]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    b, _, _, c = X.shape
    half_i = X.shape[1] // 2
    half_j = X.shape[2] // 2
    _, _, _, o = W.shape
    if X.shape != (b, 2 * half_i, 2 * half_j, c):
        raise ValueError(f"X: bf16[b even_i even_j c] has shape {X.shape}, expected {(b, 2 * half_i, 2 * half_j, c)}")
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    windows = _read(X, jnp.s_[:, 2 * jnp.arange(half_i)[:, None, None, None] + jnp.arange(3)[:, None, None] - 1, 2 * jnp.arange(half_j)[:, None] + jnp.arange(3) - 1], 0.0)  # src[convolution.diag:27]
    sum_k_l_c = jnp.einsum("bhkalc,klco->bhao", windows, W, preferred_element_type=jnp.float32)  # src[convolution.diag:28]
    as_bf16 = sum_k_l_c.astype(jnp.bfloat16)  # [b half_i half_j o]
    return as_bf16
