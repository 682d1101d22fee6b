"""Fused kernels for scores, sliding_window, dilated, prefix_lm, documents, padding, alibi, relative_bias, softcap.

Made by diagc 0.1.0 from masks.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["scores", "sliding_window", "dilated", "prefix_lm", "documents", "padding", "alibi", "relative_bias", "softcap"]


@triton.jit
def tanh(x):
    """(1 - e) / (1 + e) with e = exp(-2|x|), by its series where that would cancel."""
    e = tl.exp(-2.0 * tl.abs(x))
    large = tl.where(x < 0, -1.0, 1.0) * (1.0 - e) / (1.0 + e)
    square = x * x
    return tl.where(tl.abs(x) < 0.1, x * (1.0 - square / 3.0 * (1.0 - 0.4 * square)), large)


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
        # src[masks.diag:6]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:6]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
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
def sliding_window_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_d,
    out_stride_q,
    out_stride_d,
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
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:11]
    sub_q = q_index - 256
    from_x = (tl.maximum(0, first_q + -255)) // BLOCK_X * BLOCK_X
    from_x_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + -255), BLOCK_X) * BLOCK_X
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + 1)
    to_x_2 = tl.minimum(from_x_2, to_x)
    # tiles that a mask or the end cuts
    for first_x in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (x_index[None, :] > sub_q[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    to_x_3 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x_2, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_3 = tl.maximum(from_x_2, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_3, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (x_index[None, :] > sub_q[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:12]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    buffer_0_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
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
        # src[masks.diag:10]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:10]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:11]
    and_q_x = (x_index[None, :] <= q_index[:, None]) & (x_index[None, :] > (q_index - 256)[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(and_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sliding_window_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_d,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:12]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _sliding_window(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
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
    sliding_window_kernel[grid](
        Q,
        K,
        V,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        out.stride(0),
        out.stride(1),
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


def _sliding_window_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    sliding_window_long_buffer_0_kernel[grid](
        Q,
        K,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _sliding_window_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    sliding_window_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def sliding_window(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d <= 256:
        out = _sliding_window(Q, K, V)
        return out
    buffer_0 = _sliding_window_long_buffer_0(Q, K)
    out_2 = _sliding_window_long_out(V, buffer_0)
    return out_2


@triton.jit
def dilated_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_d,
    out_stride_q,
    out_stride_d,
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
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:15]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:16]
        eq_q_x = ((q_index[:, None] - x_index[None, :]) % 4) == 0
        # src[masks.diag:15]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(eq_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:15]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:15]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:16]
        eq_q_x = ((q_index[:, None] - x_index[None, :]) % 4) == 0
        and_q_x = (x_index[None, :] <= q_index[:, None]) & eq_q_x
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:17]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    buffer_0_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
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
        # src[masks.diag:15]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:15]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:16]
    eq_q_x = ((q_index[:, None] - x_index[None, :]) % 4) == 0
    and_q_x = (x_index[None, :] <= q_index[:, None]) & eq_q_x
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(and_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def dilated_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_d,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:15]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:15]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:17]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _dilated(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
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
    dilated_kernel[grid](
        Q,
        K,
        V,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        out.stride(0),
        out.stride(1),
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


def _dilated_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_dilated_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    dilated_long_buffer_0_kernel[grid](
        Q,
        K,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _dilated_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_dilated_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    dilated_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def dilated(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d <= 256:
        out = _dilated(Q, K, V)
        return out
    buffer_0 = _dilated_long_buffer_0(Q, K)
    out_2 = _dilated_long_out(V, buffer_0)
    return out_2


@triton.jit
def prefix_lm_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_d,
    out_stride_q,
    out_stride_d,
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
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:20]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:21]
        or_q_x = (x_index < 64)[None, :] | (x_index[None, :] <= q_index[:, None])
        # src[masks.diag:20]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(or_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:20]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:20]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:21]
        or_q_x = (x_index < 64)[None, :] | (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(or_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:22]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    buffer_0_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
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
        # src[masks.diag:20]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:20]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:21]
    or_q_x = (x_index < 64)[None, :] | (x_index[None, :] <= q_index[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(or_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def prefix_lm_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_d,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:22]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _prefix_lm(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
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
    prefix_lm_kernel[grid](
        Q,
        K,
        V,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        out.stride(0),
        out.stride(1),
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


def _prefix_lm_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    prefix_lm_long_buffer_0_kernel[grid](
        Q,
        K,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _prefix_lm_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    prefix_lm_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def prefix_lm(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d <= 256:
        out = _prefix_lm(Q, K, V)
        return out
    buffer_0 = _prefix_lm_long_buffer_0(Q, K)
    out_2 = _prefix_lm_long_out(V, buffer_0)
    return out_2


@triton.jit
def documents_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    of_q_ptr,
    of_x_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_d,
    of_q_stride_q,
    of_x_stride_x,
    out_stride_q,
    out_stride_d,
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
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x)
        # src[masks.diag:26]
        # src[masks.diag:25]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(of_q[:, None] == of_x[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:25]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        # src[masks.diag:26]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (of_q[:, None] == of_x[None, :])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:27]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    of_q_ptr,
    of_x_ptr,
    buffer_0_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    of_q_stride_q,
    of_x_stride_x,
    buffer_0_stride_q,
    buffer_0_stride_x,
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
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:25]
    of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    # src[masks.diag:26]
    and_q_x = (x_index[None, :] <= q_index[:, None]) & (of_q[:, None] == of_x[None, :])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(and_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def documents_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_d,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:27]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _documents(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> torch.Tensor:
    """_documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
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
    documents_kernel[grid](
        Q,
        K,
        V,
        of_q,
        of_x,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        of_q.stride(0),
        of_x.stride(0),
        out.stride(0),
        out.stride(1),
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


def _documents_long_buffer_0(
    Q: torch.Tensor,
    K: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> torch.Tensor:
    """_documents_long_buffer_0(Q: bf16[q d], K: bf16[x d], of_q: i32[q], of_x: i32[x]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    documents_long_buffer_0_kernel[grid](
        Q,
        K,
        of_q,
        of_x,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        of_q.stride(0),
        of_x.stride(0),
        buffer_0.stride(0),
        buffer_0.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _documents_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_documents_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    documents_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def documents(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> torch.Tensor:
    """documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    if d <= 256:
        out = _documents(Q, K, V, of_q, of_x)
        return out
    buffer_0 = _documents_long_buffer_0(Q, K, of_q, of_x)
    out_2 = _documents_long_out(V, buffer_0)
    return out_2


@triton.jit
def padding_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    real_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_d,
    real_stride_x,
    out_stride_q,
    out_stride_d,
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
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:30]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(real[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:30]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        where_q_x = tl.where((real & (x_index < size_x))[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:30]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:31]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    real_ptr,
    buffer_0_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    real_stride_x,
    buffer_0_stride_q,
    buffer_0_stride_x,
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
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:30]
    real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
    where_q_x = tl.where(real[None, :], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def padding_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_d,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:30]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:30]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:31]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _padding(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """_padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
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
    padding_kernel[grid](
        Q,
        K,
        V,
        real,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        real.stride(0),
        out.stride(0),
        out.stride(1),
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


def _padding_long_buffer_0(Q: torch.Tensor, K: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """_padding_long_buffer_0(Q: bf16[q d], K: bf16[x d], real: bool[x]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    padding_long_buffer_0_kernel[grid](
        Q,
        K,
        real,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        real.stride(0),
        buffer_0.stride(0),
        buffer_0.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _padding_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_padding_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    padding_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def padding(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    if d <= 256:
        out = _padding(Q, K, V, real)
        return out
    buffer_0 = _padding_long_buffer_0(Q, K, real)
    out_2 = _padding_long_out(V, buffer_0)
    return out_2


@triton.jit
def alibi_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    slope_ptr,
    out_ptr,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_h,
    K_stride_x,
    K_stride_d,
    V_stride_h,
    V_stride_x,
    V_stride_d,
    slope_stride_h,
    out_stride_h,
    out_stride_q,
    out_stride_d,
    size_h,
    size_q,
    size_d,
    size_x,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        # src[masks.diag:34]
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        add_q_x = (rsqrt * dot) + (tile_f32 * slope)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        S = tl.where(tile, (rsqrt * dot) + (tile_f32 * slope), float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:36]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_long_S_kernel(
    Q_ptr,
    K_ptr,
    slope_ptr,
    S_ptr,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_h,
    K_stride_x,
    K_stride_d,
    slope_stride_h,
    S_stride_h,
    S_stride_q,
    S_stride_x,
    size_h,
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
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    # src[masks.diag:35]
    tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
    # src[masks.diag:7]
    # src[masks.diag:35]
    add_q_x = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_d) + (tile_f32 * slope)
    S = tl.where(x_index[None, :] <= q_index[:, None], add_q_x, float("-inf"))
    tl.store(
        S_ptr + h_index * S_stride_h + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
        S,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def alibi_long_out_kernel(
    V_ptr,
    S_ptr,
    out_ptr,
    V_stride_h,
    V_stride_x,
    V_stride_d,
    S_stride_h,
    S_stride_q,
    S_stride_x,
    out_stride_h,
    out_stride_q,
    out_stride_d,
    size_h,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + h_index * S_stride_h + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + h_index * S_stride_h + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:36]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _alibi(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """_alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    alibi_kernel[grid](
        Q,
        K,
        V,
        slope,
        out,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        V.stride(0),
        V.stride(1),
        V.stride(2),
        slope.stride(0),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        h,
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


def _alibi_long_S(Q: torch.Tensor, K: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """_alibi_long_S(Q: bf16[h q d], K: bf16[h x d], slope: f32[h]) -> S: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    S = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    alibi_long_S_kernel[grid](
        Q,
        K,
        slope,
        S,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        slope.stride(0),
        S.stride(0),
        S.stride(1),
        S.stride(2),
        h,
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return S


def _alibi_long_out(V: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """_alibi_long_out(V: bf16[h x d], S: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("S", S, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = S.shape
    if S.shape != (h, q, x):
        raise ValueError(f"S: f32[h q x] has shape {S.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    alibi_long_out_kernel[grid](
        V,
        S,
        out,
        V.stride(0),
        V.stride(1),
        V.stride(2),
        S.stride(0),
        S.stride(1),
        S.stride(2),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        h,
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def alibi(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if d <= 256:
        out = _alibi(Q, K, V, slope)
        return out
    S = _alibi_long_S(Q, K, slope)
    out_2 = _alibi_long_out(V, S)
    return out_2


@triton.jit
def relative_bias_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    B_ptr,
    out_ptr,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_h,
    K_stride_x,
    K_stride_d,
    V_stride_h,
    V_stride_x,
    V_stride_d,
    B_stride_h,
    B_stride_q,
    B_stride_x,
    out_stride_h,
    out_stride_q,
    out_stride_d,
    size_h,
    size_q,
    size_d,
    size_x,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:39]
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:40]
        add_q_x = (dot * rsqrt) + B
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        # src[masks.diag:40]
        add_q_x = (tile * rsqrt) + B
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:40]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    B_ptr,
    buffer_0_ptr,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_h,
    K_stride_x,
    K_stride_d,
    B_stride_h,
    B_stride_q,
    B_stride_x,
    buffer_0_stride_h,
    buffer_0_stride_q,
    buffer_0_stride_x,
    size_h,
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
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:39]
    B = tl.load(
        B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    # src[masks.diag:40]
    add_q_x = (acc_d * tl.rsqrt(tl.cast(size_d, tl.float32))) + B
    tl.store(
        buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        add_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def relative_bias_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_h,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_h,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_h,
    out_stride_q,
    out_stride_d,
    size_h,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:40]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _relative_bias(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_relative_bias(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    relative_bias_kernel[grid](
        Q,
        K,
        V,
        B,
        out,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        V.stride(0),
        V.stride(1),
        V.stride(2),
        B.stride(0),
        B.stride(1),
        B.stride(2),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        h,
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


def _relative_bias_long_buffer_0(Q: torch.Tensor, K: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_buffer_0(Q: bf16[h q d], K: bf16[h x d], B: f32[h q x]) -> buffer_0: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    buffer_0 = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    relative_bias_long_buffer_0_kernel[grid](
        Q,
        K,
        B,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        B.stride(0),
        B.stride(1),
        B.stride(2),
        buffer_0.stride(0),
        buffer_0.stride(1),
        buffer_0.stride(2),
        h,
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _relative_bias_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_out(V: bf16[h x d], buffer_0: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("buffer_0", buffer_0, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = buffer_0.shape
    if buffer_0.shape != (h, q, x):
        raise ValueError(f"buffer_0: f32[h q x] has shape {buffer_0.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    relative_bias_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        V.stride(2),
        buffer_0.stride(0),
        buffer_0.stride(1),
        buffer_0.stride(2),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        h,
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def relative_bias(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """relative_bias(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    if d <= 256:
        out = _relative_bias(Q, K, V, B)
        return out
    buffer_0 = _relative_bias_long_buffer_0(Q, K, B)
    out_2 = _relative_bias_long_out(V, buffer_0)
    return out_2


@triton.jit
def softcap_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_d,
    out_stride_q,
    out_stride_d,
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
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:43]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:43]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        mul_q_x = tanh((0.03333333333333333 * rsqrt) * dot) * 43.2808512266689
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:43]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        mul_q_x = tanh((0.03333333333333333 * rsqrt) * dot) * 43.2808512266689
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, mul_q_x, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:45]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    buffer_0_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
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
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 0.03333333333333333 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:44]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], tanh(scalar * acc_d) * 43.2808512266689, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def softcap_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_d,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_d,
    size_x,
    size_d,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:45]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


def _softcap(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
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
    softcap_kernel[grid](
        Q,
        K,
        V,
        out,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        out.stride(0),
        out.stride(1),
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


def _softcap_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_softcap_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    softcap_long_buffer_0_kernel[grid](
        Q,
        K,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        q,
        d,
        x,
        BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _softcap_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_softcap_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    softcap_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        d,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def softcap(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d <= 256:
        out = _softcap(Q, K, V)
        return out
    buffer_0 = _softcap_long_buffer_0(Q, K)
    out_2 = _softcap_long_out(V, buffer_0)
    return out_2
