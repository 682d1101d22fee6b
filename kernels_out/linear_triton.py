"""Fused kernels for one_head, linear_attention, retention, ssd, gated_delta.

Made by diagc 0.1.0 from linear.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["one_head", "linear_attention", "retention", "ssd", "gated_delta"]


@triton.jit
def softplus(x):
    """log(1 + exp(x)) without overflow."""
    e = tl.exp(-tl.abs(x))
    u = 1.0 + e
    return tl.maximum(x, 0.0) + tl.where(u == 1.0, e, tl.log(u) * (e / (u - 1.0)))


@triton.jit
def product(a, b):
    return a * b


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


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
def one_head_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_t, Q_stride_d, K_stride_t, K_stride_d, V_stride_t, V_stride_e,
    out_stride_t, out_stride_e, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = program * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def one_head_long_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_t, Q_stride_d, K_stride_t, K_stride_d, V_stride_t, V_stride_e,
    out_stride_t, out_stride_e, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = program * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


def _one_head(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> out: bf16[t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    out = torch.empty((t, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 128:
        raise ValueError(f"d = {BLOCK_D}: at most 128 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (triton.cdiv(e, BLOCK_E),)
    one_head_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def _one_head_long(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_one_head_long(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> out: bf16[t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    out = torch.empty((t, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 128:
        raise ValueError(f"d = {BLOCK_D}: at most 128 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (triton.cdiv(e, BLOCK_E),)
    one_head_long_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def one_head(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> out: bf16[t e]. Any strides; sizes are read off the shapes."""
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    if d <= 128:
        out = _one_head(Q, K, V)
        return out
    out_2 = _one_head_long(Q, K, V)
    return out_2


@triton.jit
def linear_attention_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_t, K_stride_d, V_stride_b, V_stride_h, V_stride_t, V_stride_e, out_stride_b, out_stride_h,
    out_stride_t, out_stride_e, size_b, size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def linear_attention_long_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_t, K_stride_d, V_stride_b, V_stride_h, V_stride_t, V_stride_e, out_stride_b, out_stride_h,
    out_stride_t, out_stride_e, size_b, size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


def _linear_attention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> out: bf16[b h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    out = torch.empty((b, h, t, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 128:
        raise ValueError(f"d = {BLOCK_D}: at most 128 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (b * h * triton.cdiv(e, BLOCK_E),)
    linear_attention_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), b, h, t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def _linear_attention_long(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_linear_attention_long(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> out: bf16[b h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    out = torch.empty((b, h, t, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 128:
        raise ValueError(f"d = {BLOCK_D}: at most 128 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (b * h * triton.cdiv(e, BLOCK_E),)
    linear_attention_long_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), b, h, t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def linear_attention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> out: bf16[b h t e]. Any strides; sizes are read off the shapes."""
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    if d <= 128:
        out = _linear_attention(Q, K, V)
        return out
    out_2 = _linear_attention_long(Q, K, V)
    return out_2


@triton.jit
def retention_kernel(
    Q_ptr, K_ptr, V_ptr, rate_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_h, K_stride_t,
    K_stride_d, V_stride_h, V_stride_t, V_stride_e, rate_stride_h, out_stride_h, out_stride_t, out_stride_e,
    size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    exp2 = tl.exp2(tl.abs(rate) * -1.4426950408889634)
    # src[linear.diag:15]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:13]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = where_t_t_2.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile_bf16_2 = (K.to(tl.float32) * prod[:, None]).to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), V)
        zero_2 = tl.full([BLOCK_T], 0.0, tl.float32)
        exp2_t_2 = zero_2 + exp2
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_d_e = (prod_2 * state) + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:13]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, running_prod * dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def retention_long_kernel(
    Q_ptr, K_ptr, V_ptr, rate_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_h, K_stride_t,
    K_stride_d, V_stride_h, V_stride_t, V_stride_e, rate_stride_h, out_stride_h, out_stride_t, out_stride_e,
    size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    exp2 = tl.exp2(tl.abs(rate) * -1.4426950408889634)
    # src[linear.diag:15]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:13]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = where_t_t_2.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile_bf16_2 = (K.to(tl.float32) * prod[:, None]).to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), V)
        zero_2 = tl.full([BLOCK_T], 0.0, tl.float32)
        exp2_t_2 = zero_2 + exp2
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_d_e = (prod_2 * state) + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:13]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, running_prod * dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


def _retention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """_retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("rate", rate, torch.float32, 1, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 128:
        raise ValueError(f"d = {BLOCK_D}: at most 128 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    retention_kernel[grid](
        Q, K, V, rate, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), rate.stride(0), out.stride(0), out.stride(1), out.stride(2), h,
        t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


def _retention_long(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """_retention_long(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("rate", rate, torch.float32, 1, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 128:
        raise ValueError(f"d = {BLOCK_D}: at most 128 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    retention_long_kernel[grid](
        Q, K, V, rate, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), rate.stride(0), out.stride(0), out.stride(1), out.stride(2), h,
        t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


def retention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    if d <= 128:
        out = _retention(Q, K, V, rate)
        return out
    out_2 = _retention_long(Q, K, V, rate)
    return out_2


@triton.jit
def ssd_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, D_ptr, out_ptr, C_stride_t, C_stride_n, B_stride_t, B_stride_n,
    X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, A_stride_h, D_stride_h, out_stride_h,
    out_stride_t, out_stride_e, size_t, size_n, size_h, size_e, BLOCK_T: tl.constexpr, BLOCK_N: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    state = tl.full([BLOCK_N, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:24]
    D = tl.load(D_ptr + h_index * D_stride_h)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        softplus_t = softplus(dt)
        B = load_tile(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        # src[linear.diag:19]
        C = load_tile(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus_t[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile = (B.to(tl.float32) * prod[:, None]) * softplus_t[:, None]
        tile_bf16_2 = tile.to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), X_2)
        exp2_t_2 = tl.exp2((abs_ * -1.4426950408889634) * softplus_t)
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_n_e = (prod_2 * state) + dot_4
        state = add_n_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=float("-inf"),
        )
        B = tl.load(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[linear.diag:19]
        C = tl.load(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=0.0,
        )
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus(dt)[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def ssd_long_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, D_ptr, out_ptr, C_stride_t, C_stride_n, B_stride_t, B_stride_n,
    X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, A_stride_h, D_stride_h, out_stride_h,
    out_stride_t, out_stride_e, size_t, size_n, size_h, size_e, BLOCK_T: tl.constexpr, BLOCK_N: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    state = tl.full([BLOCK_N, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:24]
    D = tl.load(D_ptr + h_index * D_stride_h)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        softplus_t = softplus(dt)
        B = load_tile(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        # src[linear.diag:19]
        C = load_tile(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus_t[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile = (B.to(tl.float32) * prod[:, None]) * softplus_t[:, None]
        tile_bf16_2 = tile.to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), X_2)
        exp2_t_2 = tl.exp2((abs_ * -1.4426950408889634) * softplus_t)
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_n_e = (prod_2 * state) + dot_4
        state = add_n_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=float("-inf"),
        )
        B = tl.load(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[linear.diag:19]
        C = tl.load(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=0.0,
        )
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus(dt)[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


def _ssd(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    D: torch.Tensor,
) -> torch.Tensor:
    """_ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("A", A, torch.float32, 1, C.device)
    _check("D", D, torch.float32, 1, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=C.device)
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N > 128:
        raise ValueError(f"n = {BLOCK_N}: at most 128 elements are held on chip")
    if BLOCK_N <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    ssd_kernel[grid](
        C, B, X, dt, A, D, out, C.stride(0), C.stride(1), B.stride(0), B.stride(1), X.stride(0), X.stride(1),
        X.stride(2), dt.stride(0), dt.stride(1), A.stride(0), D.stride(0), out.stride(0), out.stride(1),
        out.stride(2), t, n, h, e, BLOCK_T=BLOCK_T, BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, EXACT_N=n == BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return out


def _ssd_long(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    D: torch.Tensor,
) -> torch.Tensor:
    """_ssd_long(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("A", A, torch.float32, 1, C.device)
    _check("D", D, torch.float32, 1, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=C.device)
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N > 128:
        raise ValueError(f"n = {BLOCK_N}: at most 128 elements are held on chip")
    if BLOCK_N <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    ssd_long_kernel[grid](
        C, B, X, dt, A, D, out, C.stride(0), C.stride(1), B.stride(0), B.stride(1), X.stride(0), X.stride(1),
        X.stride(2), dt.stride(0), dt.stride(1), A.stride(0), D.stride(0), out.stride(0), out.stride(1),
        out.stride(2), t, n, h, e, BLOCK_T=BLOCK_T, BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, EXACT_N=n == BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return out


def ssd(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    D: torch.Tensor,
) -> torch.Tensor:
    """ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    if n <= 128:
        out = _ssd(C, B, X, dt, A, D)
        return out
    out_2 = _ssd_long(C, B, X, dt, A, D)
    return out_2


@triton.jit
def gated_delta_buffer_0_rows_kernel(
    K_ptr, buffer_0_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_0_stride_h, buffer_0_stride_t, size_h,
    size_t, size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[linear.diag:34]
    K = load_tile(
        K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    # src[linear.diag:39]
    mul_d = K * K
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t, tl.rsqrt(1e-06 + sum_))


@triton.jit
def gated_delta_buffer_0_kernel(
    K_ptr, buffer_0_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_0_stride_h, buffer_0_stride_t, size_h,
    size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d)
        # src[linear.diag:39]
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[linear.diag:39]
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    # src[linear.diag:39]
    tl.store(
        buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t,
        tl.rsqrt(1e-06 + acc_d),
    )


@triton.jit
def gated_delta_out_kernel(
    Q_ptr, K_ptr, V_ptr, beta_ptr, gate_ptr, buffer_0_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_h, K_stride_t, K_stride_d, V_stride_h, V_stride_t, V_stride_e, beta_stride_h, beta_stride_t,
    gate_stride_h, gate_stride_t, buffer_0_stride_h, buffer_0_stride_t, out_stride_h, out_stride_t,
    out_stride_e, size_h, size_t, size_d, size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    for t_index in tl.range(0, size_t):
        buffer_0 = tl.load(buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t)
        # src[linear.diag:35]
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        # src[linear.diag:34]
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        # src[linear.diag:36]
        beta = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
        # src[linear.diag:42]
        sigmoid = tl.sigmoid(beta)
        mul_e_d = ((sigmoid * buffer_0) * K)[None, :] * V[:, None]
        # src[linear.diag:39]
        mul_e_d_2 = (K * buffer_0)[None, :] * state
        sum_ = tl.sum(mul_e_d_2, 1)
        # src[linear.diag:42]
        mul_e_d_3 = ((sigmoid * buffer_0) * K)[None, :] * sum_[:, None]
        safe_ = tl.where(mul_e_d_3 == float("-inf"), 0.0, mul_e_d_3)
        # src[linear.diag:37]
        gate = tl.load(gate_ptr + h_index * gate_stride_h + t_index * gate_stride_t)
        # src[linear.diag:42]
        add_e_d = (tl.sigmoid(gate) * (state - safe_)) + mul_e_d
        # src[linear.diag:33]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        mul_e_d_4 = Q[None, :] * add_e_d
        sum_2 = tl.sum(mul_e_d_4, 1)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index * out_stride_t + e_index * out_stride_e,
            sum_2,
            mask=(e_index < size_e),
        )
        state = add_e_d


def _gated_delta_buffer_0(K: torch.Tensor) -> torch.Tensor:
    """_gated_delta_buffer_0(K: f32[h t d]) -> buffer_0: f32[h t]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.float32, 3, K.device)
    h, t, d = K.shape
    buffer_0 = torch.empty((h, t), dtype=torch.float32, device=K.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (h * t,)
        gated_delta_buffer_0_rows_kernel[grid](
            K, buffer_0, K.stride(0), K.stride(1), K.stride(2), buffer_0.stride(0), buffer_0.stride(1), h, t,
            d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (h * t,)
    gated_delta_buffer_0_kernel[grid](
        K, buffer_0, K.stride(0), K.stride(1), K.stride(2), buffer_0.stride(0), buffer_0.stride(1), h, t, d,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


def _gated_delta_out(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    beta: torch.Tensor,
    gate: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_gated_delta_out(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t], buffer_0: f32[h t]) -> out: f32[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 3, Q.device)
    _check("K", K, torch.float32, 3, Q.device)
    _check("V", V, torch.float32, 3, Q.device)
    _check("beta", beta, torch.float32, 2, Q.device)
    _check("gate", gate, torch.float32, 2, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    if buffer_0.shape != (h, t):
        raise ValueError(f"buffer_0: f32[h t] has shape {buffer_0.shape}, expected {(h, t)}")
    out = torch.empty((h, t, e), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 16384:
        raise ValueError(f"d = {BLOCK_D}: at most 16384 elements are held on chip")
    if BLOCK_D <= 1024:
        BLOCK_E, warps, stages = 16, 4, 1
    elif BLOCK_D <= 4096:
        BLOCK_E, warps, stages = 16, 8, 1
    else:
        BLOCK_E, warps, stages = 16, 16, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    gated_delta_out_kernel[grid](
        Q, K, V, beta, gate, buffer_0, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), beta.stride(0), beta.stride(1), gate.stride(0),
        gate.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0), out.stride(1), out.stride(2),
        h, t, d, e, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


def gated_delta(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    beta: torch.Tensor,
    gate: torch.Tensor,
) -> torch.Tensor:
    """gated_delta(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t]) -> out: f32[h t e]. Any strides; sizes are read off the shapes."""
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    buffer_0 = _gated_delta_buffer_0(K)
    out = _gated_delta_out(Q, K, V, beta, gate, buffer_0)
    return out
