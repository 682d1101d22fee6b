"""Fused kernels for scores, kurtosis, deviation, spread, drift, choice, temperature.

Made by diagc 0.1.0 from moments.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["scores", "kurtosis", "deviation", "spread", "drift", "choice", "temperature"]


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
def scores_kernel(
    Q_ptr,
    K_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    out_stride_q,
    out_stride_x,
    size_q,
    size_d,
    size_x,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[moments.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[moments.diag:7]
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
        (acc_d * tl.rsqrt(tl.cast(size_d, tl.float32))),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


def scores(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """scores(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    scores_kernel[grid](
        Q,
        K,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        out.stride(0),
        out.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def kurtosis_kernel(
    Q_ptr,
    K_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    out_stride_q,
    size_q,
    size_d,
    size_x,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_d_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_f32 = tl.cast(size_x, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    recip = 1.0 / tile_f32
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x + BLOCK_X, size_x), tl.float32)
        # src[moments.diag:11]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        mul_q_x_d = Q.to(tl.float32)[:, None, :] * K.to(tl.float32)[None, :, :]
        tile_sum = tl.sum(tl.sum(mul_q_x_d, 2), 1)
        next_acc_d_x = acc_d_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul_q = (recip * rsqrt) * (next_acc_d_x * where)
        next_centre = tl.where(tl.abs(mul_q) < float("inf"), mul_q, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-4.0 * sum_x) + (before_f32 * change)) * change
        acc_x_5 = (-4.0 * acc_x_2) + (((6.0 * acc_x_3) + acc_x_4) * change)
        dot = tl.dot(Q, tl.trans(K))
        # src[moments.diag:13]
        C = (dot * rsqrt) - next_centre[:, None]
        # src[moments.diag:14]
        mul_q_x = ((C * C) * C) * C
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x = (acc_x + (acc_x_5 * change)) + tile_sum_2
        acc_x_6 = ((3.0 * sum_x) + ((-1.0 * before_f32) * change)) * change
        acc_x_7 = acc_x_2 + (((-3.0 * acc_x_3) + acc_x_6) * change)
        mul_q_x_2 = (C * C) * C
        tile_sum_3 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = acc_x_7 + tile_sum_3
        acc_x_8 = ((-2.0 * sum_x) + (before_f32 * change)) * change
        mul_q_x_3 = C * C
        tile_sum_4 = tl.sum(mul_q_x_3, 1)
        next_acc_x_3 = (acc_x_3 + acc_x_8) + tile_sum_4
        tile_sum_5 = tl.sum(C, 1)
        next_sum_x = (sum_x + ((-1.0 * before_f32) * change)) + tile_sum_5
        acc_d_x = next_acc_d_x
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        sum_x = next_sum_x
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x_2, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x_2 + BLOCK_X, size_x), tl.float32)
        # src[moments.diag:11]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        mul_q_x_d = Q.to(tl.float32)[:, None, :] * K.to(tl.float32)[None, :, :]
        tile_sum = tl.sum(tl.sum(mul_q_x_d, 2), 1)
        next_acc_d_x = acc_d_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul_q = (recip * rsqrt) * (next_acc_d_x * where)
        next_centre = tl.where(tl.abs(mul_q) < float("inf"), mul_q, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-4.0 * sum_x) + (before_f32 * change)) * change
        acc_x_5 = (-4.0 * acc_x_2) + (((6.0 * acc_x_3) + acc_x_4) * change)
        dot = tl.dot(Q, tl.trans(K))
        # src[moments.diag:13]
        C = tl.where((x_index < size_x)[None, :], (dot * rsqrt) - next_centre[:, None], 0.0)
        # src[moments.diag:14]
        mul_q_x = ((C * C) * C) * C
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x = (acc_x + (acc_x_5 * change)) + tile_sum_2
        acc_x_6 = ((3.0 * sum_x) + ((-1.0 * before_f32) * change)) * change
        acc_x_7 = acc_x_2 + (((-3.0 * acc_x_3) + acc_x_6) * change)
        mul_q_x_2 = (C * C) * C
        tile_sum_3 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = acc_x_7 + tile_sum_3
        acc_x_8 = ((-2.0 * sum_x) + (before_f32 * change)) * change
        mul_q_x_3 = C * C
        tile_sum_4 = tl.sum(mul_q_x_3, 1)
        next_acc_x_3 = (acc_x_3 + acc_x_8) + tile_sum_4
        tile_sum_5 = tl.sum(C, 1)
        next_sum_x = (sum_x + ((-1.0 * before_f32) * change)) + tile_sum_5
        acc_d_x = next_acc_d_x
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        sum_x = next_sum_x
        centre = next_centre
    # src[moments.diag:14]
    recip_q = 1.0 / (0.001 + (recip * acc_x_3))
    tl.store(
        out_ptr + q_index * out_stride_q,
        (((recip * acc_x) * recip_q) * recip_q),
        mask=(q_index < size_q),
    )


def kurtosis(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    kurtosis_kernel[grid](
        Q,
        K,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        out.stride(0),
        q,
        d,
        x,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def deviation_kernel(
    Q_ptr,
    K_ptr,
    t_ptr,
    M_ptr,
    D_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    t_stride_x,
    M_stride_q,
    D_stride_q,
    size_q,
    size_d,
    size_x,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:18]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (rsqrt * 1.4426950408889634) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = t[None, :] * e
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((-2.0 * acc_x_3) + (z * change)) * change)
        # src[moments.diag:21]
        sub_q_x = t[None, :] - next_centre[:, None]
        mul_q_x_3 = (e * sub_q_x) * sub_q_x
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_q_x_4 = e * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = ((acc_x_3 + ((-1.0 * z) * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (rsqrt * 1.4426950408889634) * tile
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = t[None, :] * e
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((-2.0 * acc_x_3) + (z * change)) * change)
        # src[moments.diag:21]
        sub_q_x = tl.where((x_index < size_x)[None, :], t[None, :] - next_centre[:, None], 0.0)
        mul_q_x_3 = (e * sub_q_x) * sub_q_x
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_q_x_4 = e * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = ((acc_x_3 + ((-1.0 * z) * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    # src[moments.diag:20]
    tl.store(M_ptr + q_index * M_stride_q, tl.where(gt_q, acc_x * recip_q, 0.0), mask=(q_index < size_q))
    # src[moments.diag:21]
    sqrt_q = tl.sqrt(tl.where(gt_q, recip_q * acc_x_2, 0.0) + 1.0)
    tl.store(D_ptr + q_index * D_stride_q, sqrt_q, mask=(q_index < size_q))


def deviation(Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> M: f32[q], D: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    M = torch.empty((q,), dtype=torch.float32, device=Q.device)
    D = torch.empty((q,), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    deviation_kernel[grid](
        Q,
        K,
        t,
        M,
        D,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        t.stride(0),
        M.stride(0),
        D.stride(0),
        q,
        d,
        x,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return M, D


@triton.jit
def spread_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    O_ptr,
    N_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_e,
    O_stride_q,
    O_stride_e,
    N_stride_q,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    m = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        # src[moments.diag:27]
        tile_max = tl.max(S, 1)
        next_m = tl.maximum(m, tile_max)
        scale = tl.exp(m - next_m)
        # src[moments.diag:28]
        sub_q_x = S - next_m[:, None]
        w = tl.exp(sub_q_x)
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        where_q = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where_q - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:30]
        mul_q_x = w * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x_2 = ((acc_x_2 + ((-1.0 * z) * change)) * scale) + tile_sum_2
        m = next_m
        acc_x = next_acc_x
        z = next_z
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        S_2 = tl.where((x_index < size_x)[None, :], S, float("-inf"))
        # src[moments.diag:27]
        tile_max = tl.max(S_2, 1)
        next_m = tl.maximum(m, tile_max)
        scale = tl.exp(m - next_m)
        # src[moments.diag:28]
        sub_q_x = S_2 - next_m[:, None]
        w = tl.exp(sub_q_x)
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        where_q = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where_q - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:30]
        mul_q_x = tl.where((x_index < size_x)[None, :], w * sub_q_x, 0.0)
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x_2 = ((acc_x_2 + ((-1.0 * z) * change)) * scale) + tile_sum_2
        m = next_m
        acc_x = next_acc_x
        z = next_z
        acc_x_2 = next_acc_x_2
    recip_q = 1.0 / z
    # src[moments.diag:30]
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        (acc_x * recip_q[:, None]),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(N_ptr + q_index * N_stride_q, tl.exp(tl.log(z) - (acc_x_2 * recip_q)), mask=(q_index < size_q))


def spread(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: f32[q e], N: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    O = torch.empty((q, e), dtype=torch.float32, device=Q.device)
    N = torch.empty((q,), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 64, 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 64, 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    spread_kernel[grid](
        Q,
        K,
        V,
        O,
        N,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        O.stride(0),
        O.stride(1),
        N.stride(0),
        q,
        d,
        x,
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        EXACT_D=d == BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return O, N


@triton.jit
def drift_kernel(
    Q_ptr,
    K_ptr,
    t_ptr,
    forecast_ptr,
    lean_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    t_stride_x,
    forecast_stride_q,
    lean_stride_q,
    size_q,
    size_d,
    size_x,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_5 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_6 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_7 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = t[None, :] * e
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_q = 1.0 / next_z
        # src[maps.diag:7]
        gt_q = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt_q, recip_q * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = e * x_f32[None, :]
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt_q, (recip * recip_q) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_q_x = (x_f32 * recip)[None, :] - next_centre_2[:, None]
        sub_q_x_2 = t[None, :] - next_centre[:, None]
        mul_q_x_4 = (e * sub_q_x_2) * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_q_x_5 = e * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_q_x_6 = e * sub_q_x_2
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_q_x_7 = ((e * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_q_x_8 = (e * sub_q_x) * sub_q_x
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (1.4426950408889634 * rsqrt) * tile
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = t[None, :] * e
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_q = 1.0 / next_z
        # src[maps.diag:7]
        gt_q = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt_q, recip_q * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = e * x_f32[None, :]
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt_q, (recip * recip_q) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_q_x = (x_f32 * recip)[None, :] - next_centre_2[:, None]
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], sub_q_x, 0.0)
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], t[None, :] - next_centre[:, None], 0.0)
        mul_q_x_4 = tl.where((x_index < size_x)[None, :], (e * sub_q_x_3) * sub_q_x_2, 0.0)
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_q_x_5 = e * sub_q_x_2
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_q_x_6 = e * sub_q_x_3
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_q_x_7 = ((e * sub_q_x_2) * sub_q_x_2) * sub_q_x_2
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_q_x_8 = (e * sub_q_x_2) * sub_q_x_2
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    # src[moments.diag:39]
    # src[moments.diag:37]
    # src[moments.diag:39]
    add_q = tl.where(gt_q, recip_q * acc_x, 0.0) + tl.where(gt_q, recip_q * acc_x_3, 0.0)
    tl.store(forecast_ptr + q_index * forecast_stride_q, add_q, mask=(q_index < size_q))
    # src[moments.diag:38]
    # src[moments.diag:39]
    add_q_2 = tl.where(gt_q, (recip * recip_q) * acc_x_2, 0.0) + tl.where(gt_q, recip_q * acc_x_6, 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, add_q_2, mask=(q_index < size_q))


def drift(Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> forecast: f32[q], lean: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    forecast = torch.empty((q,), dtype=torch.float32, device=Q.device)
    lean = torch.empty((q,), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    drift_kernel[grid](
        Q,
        K,
        t,
        forecast,
        lean,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        t.stride(0),
        forecast.stride(0),
        lean.stride(0),
        q,
        d,
        x,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return forecast, lean


@triton.jit
def choice_kernel(
    logits_ptr,
    E_ptr,
    mean_ptr,
    best_ptr,
    top_ptr,
    logits_stride_token,
    logits_stride_vocab,
    E_stride_vocab,
    E_stride_e,
    mean_stride_token,
    mean_stride_e,
    best_stride_token,
    top_stride_token,
    size_token,
    size_vocab,
    size_e,
    BLOCK_VOCAB: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    max_vocab = tl.full([BLOCK_TOKEN], float("-inf"), tl.float32)
    z = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_E], 0.0, tl.float32)
    min_vocab = tl.full([BLOCK_TOKEN], 2147483647, tl.int32)
    tile_i32 = tl.cast((-1 + size_vocab), tl.int32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(logits, 1)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        safe_next_max_vocab = tl.where(next_max_vocab == float("-inf"), 0.0, next_max_vocab)
        scale = tl.exp(max_vocab - safe_next_max_vocab)
        e = tl.exp(logits - safe_next_max_vocab[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), (acc_vocab * scale[:, None]))
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_token_vocab = tl.where(logits == next_max_vocab[:, None], vocab_index.to(tl.int32)[None, :], tile_i32)
        # src[moments.diag:49]
        tile_min = tl.min(where_token_vocab, 1)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        z = next_z
        acc_vocab = next_acc_vocab
        min_vocab = next_min_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(logits, 1)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        safe_next_max_vocab = tl.where(next_max_vocab == float("-inf"), 0.0, next_max_vocab)
        scale = tl.exp(max_vocab - safe_next_max_vocab)
        e = tl.exp(logits - safe_next_max_vocab[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(vocab_index < size_vocab)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), (acc_vocab * scale[:, None]))
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_token_vocab = tl.where(logits == next_max_vocab[:, None], vocab_index.to(tl.int32)[None, :], tile_i32)
        where_token_vocab_2 = tl.where((vocab_index < size_vocab)[None, :], where_token_vocab, 2147483647)
        # src[moments.diag:49]
        tile_min = tl.min(where_token_vocab_2, 1)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        z = next_z
        acc_vocab = next_acc_vocab
        min_vocab = next_min_vocab
    # src[maps.diag:7]
    # src[moments.diag:49]
    where_token_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_vocab, 0.0)
    tl.store(
        mean_ptr + token_index[:, None] * mean_stride_token + e_index[None, :] * mean_stride_e,
        where_token_e.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(best_ptr + token_index * best_stride_token, min_vocab, mask=(token_index < size_token))
    tl.store(top_ptr + token_index * top_stride_token, max_vocab, mask=(token_index < size_token))


def choice(logits: torch.Tensor, E: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """choice(logits: f32[token vocab], E: bf16[vocab e]) -> mean: bf16[token e], best: i32[token] in vocab, top: f32[token]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    _check("E", E, torch.bfloat16, 2, logits.device)
    token, vocab = logits.shape
    _, e = E.shape
    if E.shape != (vocab, e):
        raise ValueError(f"E: bf16[vocab e] has shape {E.shape}, expected {(vocab, e)}")
    mean = torch.empty((token, e), dtype=torch.bfloat16, device=logits.device)
    best = torch.empty((token,), dtype=torch.int32, device=logits.device)
    top = torch.empty((token,), dtype=torch.float32, device=logits.device)
    BLOCK_TOKEN, BLOCK_E, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(e, BLOCK_E),)
    choice_kernel[grid](
        logits,
        E,
        mean,
        best,
        top,
        logits.stride(0),
        logits.stride(1),
        E.stride(0),
        E.stride(1),
        mean.stride(0),
        mean.stride(1),
        best.stride(0),
        top.stride(0),
        token,
        vocab,
        e,
        BLOCK_VOCAB=BLOCK_VOCAB,
        BLOCK_TOKEN=BLOCK_TOKEN,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return mean, best, top


@triton.jit
def temperature_kernel(
    Q_ptr,
    K_ptr,
    b_ptr,
    L_ptr,
    E_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    L_stride_q,
    E_stride_q,
    size_q,
    size_d,
    size_x,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:53]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = ((1.4426950408889634 * rsqrt) * b) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        mul_q_x_2 = e * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:53]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = tl.where((x_index < size_x)[None, :], ((1.4426950408889634 * rsqrt) * b) * dot, float("-inf"))
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        mul_q_x_2 = e * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:12]
    tl.store(
        L_ptr + q_index * L_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )
    # src[maps.diag:7]
    # src[moments.diag:55]
    where_q = tl.where(z > 0.0, (rsqrt * acc_x) * (1.0 / z), 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where_q, mask=(q_index < size_q))


def temperature(Q: torch.Tensor, K: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> L: f32[q], E: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("b", b, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    L = torch.empty((q,), dtype=torch.float32, device=Q.device)
    E = torch.empty((q,), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    temperature_kernel[grid](
        Q,
        K,
        b,
        L,
        E,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        L.stride(0),
        E.stride(0),
        q,
        d,
        x,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return L, E
