"""Fused kernels for rmsnorm_1024, residual_rmsnorm, scaled_mean.

Made by diagc 0.1.0 from fixed.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["rmsnorm_1024", "residual_rmsnorm", "scaled_mean"]


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
def rmsnorm_1024_rows_kernel(
    X_ptr,
    weight_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    weight_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fixed.diag:6]
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_n = X_f32 * X_f32
    sum_ = tl.sum(mul_n, 0)
    # src[fixed.diag:6]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    tile = tl.rsqrt((0.0009765625 * sum_) + 1e-05) * weight
    # src[maps.diag:25]
    tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, (tile * X_f32).to(tl.bfloat16))


@triton.jit
def rmsnorm_1024_kernel(
    X_ptr,
    weight_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    weight_stride_n,
    out_stride_row,
    out_stride_n,
    size_row,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = (1024) // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_n = X_f32 * X_f32
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_n = X_f32 * X_f32
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    # src[maps.diag:25]
    rsqrt = tl.rsqrt((0.0009765625 * acc_n) + 1e-05)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * weight) * X.to(tl.float32)).to(tl.bfloat16)
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * weight) * X.to(tl.float32)).to(tl.bfloat16)
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tile_bf16,
            mask=(n_index < 1024),
        )


def rmsnorm_1024(X: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """rmsnorm_1024(X: bf16[row n], weight: f32[n]) -> out: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    out = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_1024_rows_kernel[grid](
            X,
            weight,
            out,
            X.stride(0),
            X.stride(1),
            weight.stride(0),
            out.stride(0),
            out.stride(1),
            row,
            BLOCK_N=BLOCK_N,
            EXACT_N=1024 == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_1024_kernel[grid](
        X,
        weight,
        out,
        X.stride(0),
        X.stride(1),
        weight.stride(0),
        out.stride(0),
        out.stride(1),
        row,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out


@triton.jit
def residual_rmsnorm_rows_kernel(
    X_ptr,
    R_ptr,
    weight_ptr,
    Y_ptr,
    S_ptr,
    X_stride_row,
    X_stride_n,
    R_stride_row,
    R_stride_n,
    weight_stride_n,
    Y_stride_row,
    Y_stride_n,
    S_stride_row,
    S_stride_n,
    size_row,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fixed.diag:10]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    # src[fixed.diag:14]
    S = X.to(tl.float32) + R.to(tl.float32)
    # src[maps.diag:25]
    mul_n = S * S
    sum_ = tl.sum(mul_n, 0)
    mul_n_2 = (tl.rsqrt((0.0009765625 * sum_) + 1e-05) * S) * weight
    tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, mul_n_2.to(tl.bfloat16))
    # src[fixed.diag:14]
    tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))


@triton.jit
def residual_rmsnorm_kernel(
    X_ptr,
    R_ptr,
    weight_ptr,
    Y_ptr,
    S_ptr,
    X_stride_row,
    X_stride_n,
    R_stride_row,
    R_stride_n,
    weight_stride_n,
    Y_stride_row,
    Y_stride_n,
    S_stride_row,
    S_stride_n,
    size_row,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = (1024) // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fixed.diag:10]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fixed.diag:14]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        mul_n = S * S
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:10]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n, mask=(n_index < 1024), other=0.0)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        # src[fixed.diag:14]
        S = tl.where(n_index < 1024, X.to(tl.float32) + R.to(tl.float32), 0.0)
        # src[maps.diag:25]
        mul_n = S * S
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    # src[maps.diag:25]
    rsqrt = tl.rsqrt((0.0009765625 * acc_n) + 1e-05)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:10]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fixed.diag:14]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * S) * weight).to(tl.bfloat16),
        )
        # src[fixed.diag:14]
        tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:10]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n, mask=(n_index < 1024), other=0.0)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        # src[fixed.diag:14]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * S) * weight).to(tl.bfloat16),
            mask=(n_index < 1024),
        )
        # src[fixed.diag:14]
        tl.store(
            S_ptr + row_index * S_stride_row + n_index * S_stride_n,
            S.to(tl.bfloat16),
            mask=(n_index < 1024),
        )


def residual_rmsnorm(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """residual_rmsnorm(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if R.shape != (row, 1024):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    Y = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    S = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        residual_rmsnorm_rows_kernel[grid](
            X,
            R,
            weight,
            Y,
            S,
            X.stride(0),
            X.stride(1),
            R.stride(0),
            R.stride(1),
            weight.stride(0),
            Y.stride(0),
            Y.stride(1),
            S.stride(0),
            S.stride(1),
            row,
            BLOCK_N=BLOCK_N,
            EXACT_N=1024 == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return Y, S
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    residual_rmsnorm_kernel[grid](
        X,
        R,
        weight,
        Y,
        S,
        X.stride(0),
        X.stride(1),
        R.stride(0),
        R.stride(1),
        weight.stride(0),
        Y.stride(0),
        Y.stride(1),
        S.stride(0),
        S.stride(1),
        row,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return Y, S


@triton.jit
def scaled_mean_rows_kernel(
    X_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    out_stride_row,
    size_row,
    BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fixed.diag:18]
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    sum_ = tl.sum(X, 0)
    # src[fixed.diag:19]
    tl.store(out_ptr + row_index * out_stride_row, (0.0001220703125 * sum_))


@triton.jit
def scaled_mean_kernel(
    X_ptr,
    out_ptr,
    X_stride_row,
    X_stride_n,
    out_stride_row,
    size_row,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    sum_n = tl.full([], 0.0, tl.float32)
    to_n = (1024) // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fixed.diag:18]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        tile_sum = tl.sum(X, 0)
        next_sum_n = sum_n + tile_sum
        sum_n = next_sum_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:18]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        tile_sum = tl.sum(X, 0)
        next_sum_n = sum_n + tile_sum
        sum_n = next_sum_n
    # src[fixed.diag:19]
    tl.store(out_ptr + row_index * out_stride_row, (0.0001220703125 * sum_n))


def scaled_mean(X: torch.Tensor) -> torch.Tensor:
    """scaled_mean(X: f32[row n]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: f32[row n] has shape {X.shape}, expected {(row, 1024)}")
    out = torch.empty((row,), dtype=torch.float32, device=X.device)
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        scaled_mean_rows_kernel[grid](
            X,
            out,
            X.stride(0),
            X.stride(1),
            out.stride(0),
            row,
            BLOCK_N=BLOCK_N,
            EXACT_N=1024 == BLOCK_N,
            num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    scaled_mean_kernel[grid](
        X,
        out,
        X.stride(0),
        X.stride(1),
        out.stride(0),
        row,
        BLOCK_N=BLOCK_N,
        num_warps=warps,
        num_stages=stages,
    )
    return out
