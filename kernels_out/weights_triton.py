"""Fused kernels for scores, sigmoid_weights, spherical, sink, multi_query, cross, with_logsumexp.

Made by diagc 0.1.0 from weights.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["scores", "sigmoid_weights", "spherical", "sink", "multi_query", "cross", "with_logsumexp"]


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
        # src[weights.diag:6]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:6]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
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
def sigmoid_weights_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_e,
    out_stride_q,
    out_stride_e,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:11]
        tile_bf16 = tl.sigmoid(dot * rsqrt).to(tl.bfloat16)
        # src[weights.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(tile_bf16, V, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q) - 1 + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        # src[weights.diag:11]
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], tl.sigmoid(tile * rsqrt), 0.0)
        tile_bf16 = where_q_x.to(tl.bfloat16)
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(tile_bf16, V, acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sigmoid_weights_long_buffer_0_kernel(
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
        # src[weights.diag:10]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:10]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    # src[weights.diag:11]
    sigmoid_q_x = tl.sigmoid(acc_d * tl.rsqrt(tl.cast(size_d, tl.float32)))
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], sigmoid_q_x, 0.0)
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sigmoid_weights_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_e,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_e,
    size_x,
    size_e,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(buffer_0, tl.trans(V), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(buffer_0, tl.trans(V), acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


def _sigmoid_weights(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
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
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    sigmoid_weights_kernel[grid](
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
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def _sigmoid_weights_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    sigmoid_weights_long_buffer_0_kernel[grid](
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


def _sigmoid_weights_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_out(V: bf16[x e], buffer_0: bf16[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bf16[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    sigmoid_weights_long_out_kernel[grid](
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
        e,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def sigmoid_weights(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if max(d, e) <= 256:
        out = _sigmoid_weights(Q, K, V)
        return out
    buffer_0 = _sigmoid_weights_long_buffer_0(Q, K)
    out_2 = _sigmoid_weights_long_out(V, buffer_0)
    return out_2


@triton.jit
def spherical_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_e,
    out_stride_q,
    out_stride_e,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:14]
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = dot * dot
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:7]
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(dot_bf16, V, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:14]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, 0.0)
        mul_q_x = tile * tile
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, V, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:16]
    tile = rsqrt * tl.rsqrt(((rsqrt * rsqrt) * acc_x) + 1e-06)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (tile[:, None] * acc_x_2).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spherical_long_buffer_0_kernel(
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
        # src[weights.diag:14]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:14]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def spherical_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_e,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_e,
    size_x,
    size_e,
    size_q,
    size_d,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = buffer_0 * buffer_0
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(buffer_0_bf16, tl.trans(V), acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        mul_q_x = buffer_0 * buffer_0
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(buffer_0_bf16, tl.trans(V), acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:16]
    tile = rsqrt * tl.rsqrt(((rsqrt * rsqrt) * acc_x) + 1e-06)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (tile[:, None] * acc_x_2).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


def _spherical(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
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
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    spherical_kernel[grid](
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
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def _spherical_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_spherical_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    spherical_long_buffer_0_kernel[grid](
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


def _spherical_long_out(V: torch.Tensor, buffer_0: torch.Tensor, d: int) -> torch.Tensor:
    """_spherical_long_out(V: bf16[x e], buffer_0: f32[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    spherical_long_out_kernel[grid](
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
        e,
        q,
        d,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def spherical(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if max(d, e) <= 256:
        out = _spherical(Q, K, V)
        return out
    buffer_0 = _spherical_long_buffer_0(Q, K)
    out_2 = _spherical_long_out(V, buffer_0, d)
    return out_2


@triton.jit
def sink_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    s_ptr,
    out_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_e,
    out_stride_q,
    out_stride_e,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[weights.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    s = tl.load(s_ptr)
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:20]
        le_q_x = x_index[None, :] <= q_index[:, None]
        S = tl.where(le_q_x, rsqrt * dot, float("-inf"))
        # src[weights.diag:21]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        mul_q = tl.maximum(next_max_x, s) * 1.4426950408889634
        safe_ = tl.where(mul_q == float("-inf"), 0.0, mul_q)
        tile = (tl.maximum(max_x, s) * 1.4426950408889634) - safe_
        scale = tl.exp2(tile)
        where_q_x = tl.where(le_q_x, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        # src[weights.diag:22]
        w = tl.exp2(where_q_x - safe_[:, None])
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:19]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        # src[weights.diag:20]
        le_q_x = x_index[None, :] <= q_index[:, None]
        S = tl.where(le_q_x, rsqrt * tile, float("-inf"))
        # src[weights.diag:21]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        mul_q = tl.maximum(next_max_x, s) * 1.4426950408889634
        safe_ = tl.where(mul_q == float("-inf"), 0.0, mul_q)
        tile_2 = (tl.maximum(max_x, s) * 1.4426950408889634) - safe_
        scale = tl.exp2(tile_2)
        where_q_x = tl.where(le_q_x, (rsqrt * 1.4426950408889634) * tile, float("-inf"))
        # src[weights.diag:22]
        w = tl.exp2(where_q_x - safe_[:, None])
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    # src[weights.diag:21]
    m = tl.maximum(max_x, s)
    # src[weights.diag:23]
    add_q = tl.exp(s - tl.where(m == float("-inf"), 0.0, m)) + sum_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (acc_x * (1.0 / add_q)[:, None]).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sink_long_buffer_0_kernel(
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
        # src[weights.diag:19]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:19]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sink_long_out_kernel(
    V_ptr,
    s_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_x,
    V_stride_e,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_q,
    out_stride_e,
    size_x,
    size_e,
    size_q,
    size_d,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        # src[weights.diag:20]
        le_q_x = x_index[None, :] <= q_index[:, None]
        S = tl.where(le_q_x, rsqrt * buffer_0, float("-inf"))
        # src[weights.diag:21]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        mul_q = tl.maximum(next_max_x, s) * 1.4426950408889634
        safe_ = tl.where(mul_q == float("-inf"), 0.0, mul_q)
        tile = (tl.maximum(max_x, s) * 1.4426950408889634) - safe_
        scale = tl.exp2(tile)
        where_q_x = tl.where(le_q_x, (rsqrt * 1.4426950408889634) * buffer_0, float("-inf"))
        # src[weights.diag:22]
        w = tl.exp2(where_q_x - safe_[:, None])
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[weights.diag:7]
        # src[weights.diag:20]
        le_q_x = x_index[None, :] <= q_index[:, None]
        S = tl.where(le_q_x, rsqrt * buffer_0, float("-inf"))
        # src[weights.diag:21]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        mul_q = tl.maximum(next_max_x, s) * 1.4426950408889634
        safe_ = tl.where(mul_q == float("-inf"), 0.0, mul_q)
        tile = (tl.maximum(max_x, s) * 1.4426950408889634) - safe_
        scale = tl.exp2(tile)
        where_q_x = tl.where(le_q_x, (rsqrt * 1.4426950408889634) * buffer_0, float("-inf"))
        # src[weights.diag:22]
        w = tl.exp2(where_q_x - safe_[:, None])
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    # src[weights.diag:21]
    m = tl.maximum(max_x, s)
    # src[weights.diag:23]
    add_q = tl.exp(s - tl.where(m == float("-inf"), 0.0, m)) + sum_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (acc_x * (1.0 / add_q)[:, None]).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


def _sink(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """_sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("s", s, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    sink_kernel[grid](
        Q,
        K,
        V,
        s,
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
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def _sink_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sink_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    sink_long_buffer_0_kernel[grid](
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


def _sink_long_out(V: torch.Tensor, s: torch.Tensor, buffer_0: torch.Tensor, d: int) -> torch.Tensor:
    """_sink_long_out(V: bf16[x e], s: f32[], buffer_0: f32[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("s", s, torch.float32, 0, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    sink_long_out_kernel[grid](
        V,
        s,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        out.stride(0),
        out.stride(1),
        x,
        e,
        q,
        d,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def sink(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if max(d, e) <= 256:
        out = _sink(Q, K, V, s)
        return out
    buffer_0 = _sink_long_buffer_0(Q, K)
    out_2 = _sink_long_out(V, s, buffer_0, d)
    return out_2


@triton.jit
def multi_query_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_b,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_b,
    K_stride_x,
    K_stride_d,
    V_stride_b,
    V_stride_x,
    V_stride_e,
    out_stride_b,
    out_stride_h,
    out_stride_q,
    out_stride_e,
    size_b,
    size_h,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:26]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:26]
        V = load_tile(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
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
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:27]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:27]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def multi_query_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    buffer_0_ptr,
    Q_stride_b,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_b,
    K_stride_x,
    K_stride_d,
    buffer_0_stride_b,
    buffer_0_stride_h,
    buffer_0_stride_q,
    buffer_0_stride_x,
    size_b,
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
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[weights.diag:26]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:26]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:27]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def multi_query_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_b,
    V_stride_x,
    V_stride_e,
    buffer_0_stride_b,
    buffer_0_stride_h,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_b,
    out_stride_h,
    out_stride_q,
    out_stride_e,
    size_b,
    size_x,
    size_e,
    size_h,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:27]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


def _multi_query(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    multi_query_kernel[grid](
        Q,
        K,
        V,
        out,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        Q.stride(3),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        V.stride(0),
        V.stride(1),
        V.stride(2),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        out.stride(3),
        b,
        h,
        q,
        d,
        x,
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def _multi_query_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_buffer_0(Q: bf16[b h q d], K: bf16[b x d]) -> buffer_0: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    multi_query_long_buffer_0_kernel[grid](
        Q,
        K,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        Q.stride(3),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        buffer_0.stride(0),
        buffer_0.stride(1),
        buffer_0.stride(2),
        buffer_0.stride(3),
        b,
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


def _multi_query_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_out(V: bf16[b x e], buffer_0: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("buffer_0", buffer_0, torch.float32, 4, V.device)
    b, x, e = V.shape
    _, h, q, _ = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: f32[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    multi_query_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        V.stride(2),
        buffer_0.stride(0),
        buffer_0.stride(1),
        buffer_0.stride(2),
        buffer_0.stride(3),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        out.stride(3),
        b,
        x,
        e,
        h,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def multi_query(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    if max(d, e) <= 256:
        out = _multi_query(Q, K, V)
        return out
    buffer_0 = _multi_query_long_buffer_0(Q, K)
    out_2 = _multi_query_long_out(V, buffer_0)
    return out_2


@triton.jit
def cross_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    out_ptr,
    Q_stride_b,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_b,
    K_stride_h,
    K_stride_x,
    K_stride_d,
    V_stride_b,
    V_stride_h,
    V_stride_x,
    V_stride_e,
    out_stride_b,
    out_stride_h,
    out_stride_q,
    out_stride_e,
    size_b,
    size_h,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:30]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:30]
        V = load_tile(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:31]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cross_long_buffer_0_kernel(
    Q_ptr,
    K_ptr,
    buffer_0_ptr,
    Q_stride_b,
    Q_stride_h,
    Q_stride_q,
    Q_stride_d,
    K_stride_b,
    K_stride_h,
    K_stride_x,
    K_stride_d,
    buffer_0_stride_b,
    buffer_0_stride_h,
    buffer_0_stride_q,
    buffer_0_stride_x,
    size_b,
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
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        (scalar * acc_d),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def cross_long_out_kernel(
    V_ptr,
    buffer_0_ptr,
    out_ptr,
    V_stride_b,
    V_stride_h,
    V_stride_x,
    V_stride_e,
    buffer_0_stride_b,
    buffer_0_stride_h,
    buffer_0_stride_q,
    buffer_0_stride_x,
    out_stride_b,
    out_stride_h,
    out_stride_q,
    out_stride_e,
    size_b,
    size_h,
    size_x,
    size_e,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
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
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
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
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:31]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


def _cross(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    cross_kernel[grid](
        Q,
        K,
        V,
        out,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        Q.stride(3),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        K.stride(3),
        V.stride(0),
        V.stride(1),
        V.stride(2),
        V.stride(3),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        out.stride(3),
        b,
        h,
        q,
        d,
        x,
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def _cross_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_cross_long_buffer_0(Q: bf16[b h q d], K: bf16[b h x d]) -> buffer_0: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    cross_long_buffer_0_kernel[grid](
        Q,
        K,
        buffer_0,
        Q.stride(0),
        Q.stride(1),
        Q.stride(2),
        Q.stride(3),
        K.stride(0),
        K.stride(1),
        K.stride(2),
        K.stride(3),
        buffer_0.stride(0),
        buffer_0.stride(1),
        buffer_0.stride(2),
        buffer_0.stride(3),
        b,
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


def _cross_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_cross_long_out(V: bf16[b h x e], buffer_0: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("buffer_0", buffer_0, torch.float32, 4, V.device)
    b, h, x, e = V.shape
    _, _, q, _ = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: f32[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    cross_long_out_kernel[grid](
        V,
        buffer_0,
        out,
        V.stride(0),
        V.stride(1),
        V.stride(2),
        V.stride(3),
        buffer_0.stride(0),
        buffer_0.stride(1),
        buffer_0.stride(2),
        buffer_0.stride(3),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        out.stride(3),
        b,
        h,
        x,
        e,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return out


def cross(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if max(d, e) <= 256:
        out = _cross(Q, K, V)
        return out
    buffer_0 = _cross_long_buffer_0(Q, K)
    out_2 = _cross_long_out(V, buffer_0)
    return out_2


@triton.jit
def with_logsumexp_kernel(
    Q_ptr,
    K_ptr,
    V_ptr,
    O_ptr,
    L_ptr,
    Q_stride_q,
    Q_stride_d,
    K_stride_x,
    K_stride_d,
    V_stride_x,
    V_stride_e,
    O_stride_q,
    O_stride_e,
    L_stride_q,
    size_q,
    size_d,
    size_x,
    size_e,
    BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[weights.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[weights.diag:34]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
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
        # src[weights.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:35]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:36]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    # src[maps.diag:12]
    tl.store(
        L_ptr + q_index * L_stride_q,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def with_logsumexp_long_buffer_0_kernel(
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
        # src[weights.diag:34]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:34]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[weights.diag:35]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def with_logsumexp_long_O_kernel(
    V_ptr,
    buffer_0_ptr,
    O_ptr,
    V_stride_x,
    V_stride_e,
    buffer_0_stride_q,
    buffer_0_stride_x,
    O_stride_q,
    O_stride_e,
    size_x,
    size_e,
    size_q,
    BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
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
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:36]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def with_logsumexp_long_L_rows_kernel(
    buffer_0_ptr,
    L_ptr,
    buffer_0_stride_q,
    buffer_0_stride_x,
    L_stride_q,
    size_q,
    size_x,
    BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    max_ = tl.max(buffer_0, 0)
    sub_x = buffer_0 - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, ((0.6931471805599453 * max_) + tl.log(sum_)))


@triton.jit
def with_logsumexp_long_L_kernel(
    buffer_0_ptr,
    L_ptr,
    buffer_0_stride_q,
    buffer_0_stride_x,
    L_stride_q,
    size_q,
    size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, ((0.6931471805599453 * max_x) + tl.log(z)))


def _with_logsumexp(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: bf16[q e], L: f32[q]. Any strides; sizes are read off the shapes."""
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
    O = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    L = torch.empty((q,), dtype=torch.float32, device=Q.device)
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    with_logsumexp_kernel[grid](
        Q,
        K,
        V,
        O,
        L,
        Q.stride(0),
        Q.stride(1),
        K.stride(0),
        K.stride(1),
        V.stride(0),
        V.stride(1),
        O.stride(0),
        O.stride(1),
        L.stride(0),
        q,
        d,
        x,
        e,
        BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return O, L


def _with_logsumexp_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    with_logsumexp_long_buffer_0_kernel[grid](
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


def _with_logsumexp_long_O(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_O(V: bf16[x e], buffer_0: f32[q x]) -> O: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    O = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    with_logsumexp_long_O_kernel[grid](
        V,
        buffer_0,
        O,
        V.stride(0),
        V.stride(1),
        buffer_0.stride(0),
        buffer_0.stride(1),
        O.stride(0),
        O.stride(1),
        x,
        e,
        q,
        BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E,
        num_warps=warps,
        num_stages=stages,
    )
    return O


def _with_logsumexp_long_L(buffer_0: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_L(buffer_0: f32[q x]) -> L: f32[q]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 2, buffer_0.device)
    q, x = buffer_0.shape
    L = torch.empty((q,), dtype=torch.float32, device=buffer_0.device)
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        with_logsumexp_long_L_rows_kernel[grid](
            buffer_0,
            L,
            buffer_0.stride(0),
            buffer_0.stride(1),
            L.stride(0),
            q,
            x,
            BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X,
            num_warps=warps,
            num_stages=stages,
        )
        return L
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    with_logsumexp_long_L_kernel[grid](
        buffer_0,
        L,
        buffer_0.stride(0),
        buffer_0.stride(1),
        L.stride(0),
        q,
        x,
        BLOCK_X=BLOCK_X,
        num_warps=warps,
        num_stages=stages,
    )
    return L


def with_logsumexp(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: bf16[q e], L: f32[q]. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if max(d, e) <= 256:
        O, L = _with_logsumexp(Q, K, V)
        return O, L
    buffer_0 = _with_logsumexp_long_buffer_0(Q, K)
    O_2 = _with_logsumexp_long_O(V, buffer_0)
    L_2 = _with_logsumexp_long_L(buffer_0)
    return O_2, L_2
