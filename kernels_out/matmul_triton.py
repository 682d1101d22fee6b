"""Fused kernels for matmul, matmul_bias_gelu.

Made by diagc 0.1.0 from matmul.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["matmul", "matmul_bias_gelu"]


@triton.jit
def gelu(x):
    """x times the normal distribution, whose tail is taken by Chebyshev's fit to erfc (Numerical Recipes, 6.2)."""
    z = 0.7071067811865476 * tl.abs(x)
    t = 1.0 / (1.0 + 0.5 * z)
    p = 1.48851587 + t * (-0.82215223 + t * 0.17087277)
    p = -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * p))
    p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * p)))
    tail = 0.5 * t * tl.exp(p - z * z)
    return x * tl.where(x < 0, tail, 1.0 - tail)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread."""
    if array.dtype is not dtype or array.dim() != rank:
        raise ValueError(f"{name}: expected {rank} axes of {dtype}, got {array.dim()} of {array.dtype}")
    if array.device != device:
        raise ValueError(f"{name}: on {array.device}, but the first array is on {device}")
    span = sum((size - 1) * abs(stride) for size, stride in zip(array.shape, array.stride()))
    if span >= 2**31:
        raise ValueError(f"{name}: spans {span} elements; the kernel counts to 2**31")


@triton.jit
def matmul_kernel(
    A_ptr,
    B_ptr,
    out_ptr,
    A_stride_m,
    A_stride_k,
    B_stride_k,
    B_stride_n,
    out_stride_m,
    out_stride_n,
    size_m,
    size_k,
    size_n,
    BLOCK_K: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_k = tl.full([BLOCK_M, BLOCK_N], 0.0, tl.float32)
    to_k = size_k // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        # src[matmul.diag:7]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, size_k, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(k_index < size_k)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
            other=0.0,
        )
        # src[matmul.diag:7]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    tl.store(
        out_ptr + m_index[:, None] * out_stride_m + n_index[None, :] * out_stride_n,
        acc_k.to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )


def matmul(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """matmul(A: bf16[m k], B: bf16[k n]) -> out: bf16[m n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("B", B, torch.bfloat16, 2, A.device)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    out = torch.empty((m, n), dtype=torch.bfloat16, device=A.device)
    BLOCK_M, BLOCK_N, BLOCK_K, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N),)
    matmul_kernel[grid](
        A,
        B,
        out,
        A.stride(0),
        A.stride(1),
        B.stride(0),
        B.stride(1),
        out.stride(0),
        out.stride(1),
        m,
        k,
        n,
        BLOCK_K=BLOCK_K,
        BLOCK_M=BLOCK_M,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def matmul_bias_gelu_kernel(
    A_ptr,
    B_ptr,
    c_ptr,
    out_ptr,
    A_stride_m,
    A_stride_k,
    B_stride_k,
    B_stride_n,
    c_stride_n,
    out_stride_m,
    out_stride_n,
    size_m,
    size_k,
    size_n,
    BLOCK_K: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_k = tl.full([BLOCK_M, BLOCK_N], 0.0, tl.float32)
    to_k = size_k // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[matmul.diag:10]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        # src[matmul.diag:11]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, size_k, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[matmul.diag:10]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(k_index < size_k)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
            other=0.0,
        )
        # src[matmul.diag:11]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    # src[matmul.diag:10]
    c = tl.load(c_ptr + n_index * c_stride_n, mask=(n_index < size_n), other=0.0)
    # src[matmul.diag:11]
    tl.store(
        out_ptr + m_index[:, None] * out_stride_m + n_index[None, :] * out_stride_n,
        gelu(c[None, :] + acc_k).to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )


def matmul_bias_gelu(A: torch.Tensor, B: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """matmul_bias_gelu(A: bf16[m k], B: bf16[k n], c: f32[n]) -> out: bf16[m n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("B", B, torch.bfloat16, 2, A.device)
    _check("c", c, torch.float32, 1, A.device)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    if c.shape != (n,):
        raise ValueError(f"c: f32[n] has shape {c.shape}, expected {(n,)}")
    out = torch.empty((m, n), dtype=torch.bfloat16, device=A.device)
    BLOCK_M, BLOCK_N, BLOCK_K, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N),)
    matmul_bias_gelu_kernel[grid](
        A,
        B,
        c,
        out,
        A.stride(0),
        A.stride(1),
        B.stride(0),
        B.stride(1),
        c.stride(0),
        out.stride(0),
        out.stride(1),
        m,
        k,
        n,
        BLOCK_K=BLOCK_K,
        BLOCK_M=BLOCK_M,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out
