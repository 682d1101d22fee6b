# Made by diagc 0.1.0 from matmul.diag. Runs on JAX alone.
import jax
import jax.numpy as jnp

__all__ = ["matmul", "matmul_bias_gelu"]


def matmul(A, B):
    """matmul(A: bf16[m k], B: bf16[k n]) -> bf16[m n]"""
    A, B = (jnp.asarray(array, jnp.bfloat16) for array in (A, B))
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    sum_k = jnp.einsum("mk,kn->mn", A, B, preferred_element_type=jnp.float32)  # [m n]  # src[matmul.diag:7]
    as_bf16 = sum_k.astype(jnp.bfloat16)  # [m n]
    return as_bf16


def matmul_bias_gelu(A, B, c):
    """matmul_bias_gelu(A: bf16[m k], B: bf16[k n], c: f32[n]) -> bf16[m n]"""
    A, B = (jnp.asarray(array, jnp.bfloat16) for array in (A, B))
    c = jnp.asarray(c, jnp.float32)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    if c.shape != (n,):
        raise ValueError(f"c: f32[n] has shape {c.shape}, expected {(n,)}")
    sum_k = jnp.einsum("mk,kn->mn", A, B, preferred_element_type=jnp.float32)  # [m n]  # src[matmul.diag:11]
    as_bf16 = jax.nn.gelu(sum_k + c, approximate=False).astype(jnp.bfloat16)  # [m n]
    return as_bf16
