"""Fused kernels for softmax_rows, logsumexp_rows, rmsnorm, layernorm.

Made by diagc 0.1.0 from norms.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["softmax_rows", "logsumexp_rows", "rmsnorm", "layernorm"]


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
def softmax_rows_rows_kernel(
    X_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[norms.diag:6]
    X = load_tile(
        X_ptr + row_index * X_stride_row + n_index * X_stride_n,
        (n_index < size_n),
        float("-inf"),
        EXACT_N,
    )
    # src[maps.diag:5]
    max_ = tl.max(X, 0)
    e = tl.exp(X - tl.where(max_ == float("-inf"), 0.0, max_))
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:7]
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        tl.where(sum_ > 0.0, e * (1.0 / sum_), 0.0),
        mask=(n_index < size_n),
    )


@triton.jit
def softmax_rows_kernel(
    X_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    max_n = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[norms.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:5]
        tile_max = tl.max(X, 0)
        next_max_n = tl.maximum(max_n, tile_max)
        safe_next_max_n = tl.where(next_max_n == float("-inf"), 0.0, next_max_n)
        e = tl.exp(X - safe_next_max_n)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp(max_n - safe_next_max_n)) + tile_sum
        max_n = next_max_n
        z = next_z
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[norms.diag:6]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(X, 0)
        next_max_n = tl.maximum(max_n, tile_max)
        safe_next_max_n = tl.where(next_max_n == float("-inf"), 0.0, next_max_n)
        e = tl.exp(X - safe_next_max_n)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp(max_n - safe_next_max_n)) + tile_sum
        max_n = next_max_n
        z = next_z
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:5]
        sub_n = X - tl.where(max_n == float("-inf"), 0.0, max_n)
        # src[maps.diag:7]
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tl.where(gt, tl.exp(sub_n) * recip, 0.0),
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:6]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[maps.diag:5]
        sub_n = X - tl.where(max_n == float("-inf"), 0.0, max_n)
        # src[maps.diag:7]
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tl.where(gt, tl.exp(sub_n) * recip, 0.0),
            mask=(n_index < size_n),
        )


def softmax_rows(X: torch.Tensor) -> torch.Tensor:
    """softmax_rows(X: f32[row n]) -> out: f32[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    out = torch.empty((row, n), dtype=torch.float32, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        softmax_rows_rows_kernel[grid](
            X,
            out,
            X.stride(0),
            X.stride(1),
            out.stride(0),
            out.stride(1),
            row,
            n,
            BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    softmax_rows_kernel[grid](
        X,
        out,
        X.stride(0),
        X.stride(1),
        out.stride(0),
        out.stride(1),
        row,
        n,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def logsumexp_rows_rows_kernel(
    X_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    out_stride_row,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[norms.diag:10]
    X = load_tile(
        X_ptr + row_index * X_stride_row + n_index * X_stride_n,
        (n_index < size_n),
        float("-inf"),
        EXACT_N,
    )
    # src[maps.diag:11]
    max_ = tl.max(X, 0)
    # src[maps.diag:12]
    exp_n = tl.exp(X - tl.where(max_ == float("-inf"), 0.0, max_))
    sum_ = tl.sum(exp_n, 0)
    tl.store(out_ptr + row_index * out_stride_row, (tl.log(sum_) + max_))


@triton.jit
def logsumexp_rows_kernel(
    X_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    out_stride_row,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[norms.diag:10]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:11]
        tile_max = tl.max(X, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_n = tl.exp(X - safe_next_m)
        tile_sum = tl.sum(exp_n, 0)
        next_sum_n = (sum_n * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_n = next_sum_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[norms.diag:10]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=float("-inf"),
        )
        # src[maps.diag:11]
        tile_max = tl.max(X, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_n = tl.exp(X - safe_next_m)
        tile_sum = tl.sum(exp_n, 0)
        next_sum_n = (sum_n * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_n = next_sum_n
    # src[maps.diag:12]
    tl.store(out_ptr + row_index * out_stride_row, (tl.log(sum_n) + m))


def logsumexp_rows(X: torch.Tensor) -> torch.Tensor:
    """logsumexp_rows(X: f32[row n]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    out = torch.empty((row,), dtype=torch.float32, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        logsumexp_rows_rows_kernel[grid](
            X,
            out,
            X.stride(0),
            X.stride(1),
            out.stride(0),
            row,
            n,
            BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    logsumexp_rows_kernel[grid](
        X,
        out,
        X.stride(0),
        X.stride(1),
        out.stride(0),
        row,
        n,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def rmsnorm_rows_kernel(
    X_ptr,
    weight_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    weight_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[norms.diag:14]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_n = X_f32 * X_f32
    sum_ = tl.sum(mul_n, 0)
    add = (sum_ * (1.0 / tl.cast(size_n, tl.float32))) + 1e-05
    # src[norms.diag:14]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:25]
    tile_bf16 = ((tl.rsqrt(add) * X_f32) * weight).to(tl.bfloat16)
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        tile_bf16,
        mask=(n_index < size_n),
    )


@triton.jit
def rmsnorm_kernel(
    X_ptr,
    weight_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    weight_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_n = X_f32 * X_f32
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_n = X_f32 * X_f32
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    # src[maps.diag:25]
    add = (acc_n * (1.0 / tl.cast(size_n, tl.float32))) + 1e-05
    rsqrt = tl.rsqrt(add)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * X.to(tl.float32)) * weight).to(tl.bfloat16)
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * X.to(tl.float32)) * weight).to(tl.bfloat16)
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tile_bf16,
            mask=(n_index < size_n),
        )


def rmsnorm(X: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """rmsnorm(X: bf16[row n], weight: f32[n]) -> out: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    out = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_rows_kernel[grid](
            X,
            weight,
            out,
            X.stride(0),
            X.stride(1),
            weight.stride(0),
            out.stride(0),
            out.stride(1),
            row,
            n,
            BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_kernel[grid](
        X,
        weight,
        out,
        X.stride(0),
        X.stride(1),
        weight.stride(0),
        out.stride(0),
        out.stride(1),
        row,
        n,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def layernorm_rows_kernel(
    X_ptr,
    weight_ptr,
    bias_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    weight_stride_n,
    bias_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[norms.diag:18]
    bias = load_tile(bias_ptr + n_index * bias_stride_n, (n_index < size_n), 0.0, EXACT_N)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(X_f32, 0)
    # src[maps.diag:29]
    sub_n = tl.where(n_index < size_n, X_f32 - (sum_ * recip), 0.0)
    # src[maps.diag:21]
    mul_n = sub_n * sub_n
    sum_2 = tl.sum(mul_n, 0)
    # src[maps.diag:29]
    # src[norms.diag:18]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:29]
    mul_n_2 = (tl.rsqrt((sum_2 * recip) + 1e-05) * weight) * sub_n
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        (mul_n_2 + bias).to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def layernorm_kernel(
    X_ptr,
    weight_ptr,
    bias_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    weight_stride_n,
    bias_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    size_n,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    sum_n = tl.full([], 0.0, tl.float32)
    acc_n = tl.full([], 0.0, tl.float32)
    sum_n_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast(size_n, tl.float32)
    recip = 1.0 / tile_f32
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        before_f32 = tl.cast(first_n, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_n + BLOCK_N, size_n), tl.float32)
        # src[norms.diag:18]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        X_f32 = X.to(tl.float32)
        tile_sum = tl.sum(X_f32, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = (next_sum_n * where) * recip
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_n_2 = ((-2.0 * sum_n_2) + (before_f32 * change)) * change
        # src[maps.diag:29]
        sub_n = X_f32 - next_centre
        # src[maps.diag:21]
        mul_n = sub_n * sub_n
        tile_sum_2 = tl.sum(mul_n, 0)
        next_acc_n = (acc_n + acc_n_2) + tile_sum_2
        tile_sum_3 = tl.sum(sub_n, 0)
        next_sum_n_2 = (sum_n_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        sum_n = next_sum_n
        acc_n = next_acc_n
        sum_n_2 = next_sum_n_2
        centre = next_centre
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        before_f32 = tl.cast(first_n_2, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_n_2 + BLOCK_N, size_n), tl.float32)
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        tile_sum = tl.sum(X_f32, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = (next_sum_n * where) * recip
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_n_2 = ((-2.0 * sum_n_2) + (before_f32 * change)) * change
        # src[maps.diag:29]
        sub_n = tl.where(n_index < size_n, X_f32 - next_centre, 0.0)
        # src[maps.diag:21]
        mul_n = sub_n * sub_n
        tile_sum_2 = tl.sum(mul_n, 0)
        next_acc_n = (acc_n + acc_n_2) + tile_sum_2
        tile_sum_3 = tl.sum(sub_n, 0)
        next_sum_n_2 = (sum_n_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        sum_n = next_sum_n
        acc_n = next_acc_n
        sum_n_2 = next_sum_n_2
        centre = next_centre
    # src[maps.diag:29]
    mul = sum_n * recip
    # src[maps.diag:21]
    # src[maps.diag:29]
    rsqrt = tl.rsqrt((acc_n * recip) + 1e-05)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:29]
        # src[norms.diag:18]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:29]
        add_n = ((rsqrt * weight) * (X.to(tl.float32) - mul)) + bias
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, add_n.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[maps.diag:29]
        # src[norms.diag:18]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        add_n = ((rsqrt * weight) * (X.to(tl.float32) - mul)) + bias
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            add_n.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


def layernorm(X: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """layernorm(X: bf16[row n], weight: f32[n], bias: f32[n]) -> out: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    out = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_rows_kernel[grid](
            X,
            weight,
            bias,
            out,
            X.stride(0),
            X.stride(1),
            weight.stride(0),
            bias.stride(0),
            out.stride(0),
            out.stride(1),
            row,
            n,
            BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_kernel[grid](
        X,
        weight,
        bias,
        out,
        X.stride(0),
        X.stride(1),
        weight.stride(0),
        bias.stride(0),
        out.stride(0),
        out.stride(1),
        row,
        n,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out
