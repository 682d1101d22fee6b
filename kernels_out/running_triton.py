"""Fused kernels for running_mean, moving_average, cell.

Made by diagc 0.1.0 from running.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["running_mean", "moving_average", "cell"]


@triton.jit
def tanh(x):
    """(1 - e) / (1 + e) with e = exp(-2|x|), by its series where that would cancel."""
    e = tl.exp(-2.0 * tl.abs(x))
    large = tl.where(x < 0, -1.0, 1.0) * (1.0 - e) / (1.0 + e)
    square = x * x
    return tl.where(tl.abs(x) < 0.1, x * (1.0 - square / 3.0 * (1.0 - 0.4 * square)), large)


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
def running_mean_kernel(
    X_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, out_stride_b, out_stride_t, out_stride_d, size_b,
    size_t, size_d, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(d_index < size_d)[None, :],
        )
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        sum_ = tl.sum(X_2, 0)
        add_d = state + sum_
        state = add_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def running_mean_forward_kernel(
    X_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, out_stride_b, out_stride_t, out_stride_d, size_b,
    size_t, size_d, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(d_index < size_d)[None, :],
        )
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        sum_ = tl.sum(X_2, 0)
        add_d = state + sum_
        state = add_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def running_mean_backward_buffer_0_kernel(
    d_out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_t, d_out_stride_d, buffer_0_stride_b,
    buffer_0_stride_t, buffer_0_stride_d, size_b, size_t, size_d, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        tile_f32 = (((-1 + size_t) + 1) + (-1 * t_index)).to(tl.float32)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        mul_t_d = d_out * (1.0 / tile_f32)[:, None]
        running_sum = tl.cumsum(mul_t_d, 0)
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + t_index[:, None] * buffer_0_stride_t + d_index[None, :] * buffer_0_stride_d,
            (state[None, :] + running_sum),
            mask=(d_index < size_d)[None, :],
        )
        tile_f32_2 = (((-1 + size_t) + 1) + (-1 * t_index)).to(tl.float32)
        d_out_2 = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        mul_t_d_2 = d_out_2 * (1.0 / tile_f32_2)[:, None]
        sum_ = tl.sum(mul_t_d_2, 0)
        add_d = state + sum_
        state = add_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        tile_f32 = (((-1 + size_t) + 1) + (-1 * t_index)).to(tl.float32)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_t_d = d_out * (1.0 / tile_f32)[:, None]
        running_sum = tl.cumsum(mul_t_d, 0)
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + t_index[:, None] * buffer_0_stride_t + d_index[None, :] * buffer_0_stride_d,
            (state[None, :] + running_sum),
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def running_mean_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_t, buffer_0_stride_d, d_X_stride_b,
    d_X_stride_t, d_X_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + t_index * d_X_stride_t + d_index * d_X_stride_d,
        buffer_0,
        mask=(d_index < size_d),
    )


def _running_mean(X: torch.Tensor) -> torch.Tensor:
    """_running_mean(X: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    b, t, d = X.shape
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(d, BLOCK_D),)
    running_mean_kernel[grid](
        X, out, X.stride(0), X.stride(1), X.stride(2), out.stride(0), out.stride(1), out.stride(2), b, t, d,
        BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def _running_mean_forward(X: torch.Tensor) -> torch.Tensor:
    """_running_mean_forward(X: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    b, t, d = X.shape
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(d, BLOCK_D),)
    running_mean_forward_kernel[grid](
        X, out, X.stride(0), X.stride(1), X.stride(2), out.stride(0), out.stride(1), out.stride(2), b, t, d,
        BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def _running_mean_backward_buffer_0(d_out: torch.Tensor) -> torch.Tensor:
    """_running_mean_backward_buffer_0(d_out: f32[b t d]) -> buffer_0: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 3, d_out.device)
    b, t, d = d_out.shape
    buffer_0 = torch.empty((b, t, d), dtype=torch.float32, device=d_out.device)
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(d, BLOCK_D),)
    running_mean_backward_buffer_0_kernel[grid](
        d_out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), b, t, d, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


def _running_mean_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_running_mean_backward_d_X(buffer_0: f32[b t d]) -> d_X: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 3, buffer_0.device)
    b, t, d = buffer_0.shape
    d_X = torch.empty((b, t, d), dtype=torch.float32, device=buffer_0.device)
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    running_mean_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_X.stride(0),
        d_X.stride(1), d_X.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_X


class _running_mean_autograd(torch.autograd.Function):
    """running_mean and its derivative."""

    @staticmethod
    def forward(ctx, X):
        out = _running_mean_forward(X)
        ctx.save_for_backward()
        return out

    @staticmethod
    def backward(ctx, d_out):
        buffer_0 = _running_mean_backward_buffer_0(d_out)
        d_X = _running_mean_backward_d_X(buffer_0)
        return d_X


def running_mean(X: torch.Tensor) -> torch.Tensor:
    """running_mean(X: f32[b t d]) -> out: f32[b t d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, t, d = X.shape
    if torch.is_grad_enabled() and X.requires_grad:
        return _running_mean_autograd.apply(X)
    out = _running_mean(X)
    return out


@triton.jit
def moving_average_kernel(
    X_ptr, smoothing_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, smoothing_stride_d, out_stride_b,
    out_stride_t, out_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    # src[running.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + 0 * X_stride_t + d_index * X_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    a = tl.sigmoid(smoothing)
    # src[running.diag:12]
    for t_index in tl.range(0, size_t):
        # src[running.diag:10]
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + d_index * X_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[running.diag:12]
        add_d = (a * X) + (X_2 * (1.0 - a))
        tl.store(
            out_ptr + b_index * out_stride_b + t_index * out_stride_t + d_index * out_stride_d,
            add_d,
            mask=(d_index < size_d),
        )
        X = add_d


def moving_average(X: torch.Tensor, smoothing: torch.Tensor) -> torch.Tensor:
    """moving_average(X: f32[b t d], smoothing: f32[d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    _check("smoothing", smoothing, torch.float32, 1, X.device)
    b, t, d = X.shape
    if smoothing.shape != (d,):
        raise ValueError(f"smoothing: f32[d] has shape {smoothing.shape}, expected {(d,)}")
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    moving_average_kernel[grid](
        X, smoothing, out, X.stride(0), X.stride(1), X.stride(2), smoothing.stride(0), out.stride(0),
        out.stride(1), out.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@triton.jit
def cell_U_kernel(
    X_ptr, W_ptr, U_ptr, X_stride_b, X_stride_t, X_stride_e, W_stride_e, W_stride_d, U_stride_b, U_stride_t,
    U_stride_d, size_b, size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    U = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[running.diag:16]
        next_U = tl.dot(X, tl.trans(W), U)
        U = next_U
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(e_index < size_e)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[running.diag:16]
        next_U = tl.dot(X, tl.trans(W), U)
        U = next_U
    tl.store(
        U_ptr + b_index * U_stride_b + t_index[:, None] * U_stride_t + d_index[None, :] * U_stride_d,
        U,
        mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def cell_out_kernel(
    gate_ptr, U_ptr, out_ptr, gate_stride_d, U_stride_b, U_stride_t, U_stride_d, out_stride_b, out_stride_t,
    out_stride_d, size_d, size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    for t_index in tl.range(0, size_t):
        U = tl.load(
            U_ptr + b_index * U_stride_b + t_index * U_stride_t + d_index * U_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        tanh_d = tanh((gate * state) + U)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index * out_stride_t + d_index * out_stride_d,
            tanh_d,
            mask=(d_index < size_d),
        )
        state = tanh_d


def _cell_U(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_cell_U(X: bf16[b t e], W: bf16[e d]) -> U: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    U = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    BLOCK_T, BLOCK_D, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(d, BLOCK_D),)
    cell_U_kernel[grid](
        X, W, U, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        U.stride(2), b, t, e, d, BLOCK_E=BLOCK_E, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return U


def _cell_out(gate: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_cell_out(gate: f32[d], U: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 1, gate.device)
    _check("U", U, torch.float32, 3, gate.device)
    (d,) = gate.shape
    b, t, _ = U.shape
    if U.shape != (b, t, d):
        raise ValueError(f"U: f32[b t d] has shape {U.shape}, expected {(b, t, d)}")
    out = torch.empty((b, t, d), dtype=torch.float32, device=gate.device)
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    cell_out_kernel[grid](
        gate, U, out, gate.stride(0), U.stride(0), U.stride(1), U.stride(2), out.stride(0), out.stride(1),
        out.stride(2), d, b, t, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


def cell(X: torch.Tensor, W: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """cell(X: bf16[b t e], W: bf16[e d], gate: f32[d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    if gate.shape != (d,):
        raise ValueError(f"gate: f32[d] has shape {gate.shape}, expected {(d,)}")
    U = _cell_U(X, W)
    out = _cell_out(gate, U)
    return out
