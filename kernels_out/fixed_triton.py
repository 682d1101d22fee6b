"""Fused kernels for rmsnorm_1024, residual_rmsnorm, scaled_mean.

Made by diagc 0.1.0 from fixed.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["rmsnorm_1024", "residual_rmsnorm", "scaled_mean"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of fixed_jax.py do, on NumPy arrays")
    if array.dtype is not dtype or array.dim() != rank:
        raise ValueError(f"{name}: expected {rank} axes of {dtype}, got {array.dim()} of {array.dtype}")
    if array.device != device:
        raise ValueError(f"{name}: on {array.device}, but the first array is on {device}")
    span = sum((size - 1) * abs(stride) for size, stride in zip(array.shape, array.stride()))
    if span >= 2**31:
        raise ValueError(f"{name}: spans {span} elements; the kernel counts to 2**31")


def _is_traced(tensor: object) -> bool:
    """Whether this stands for a tensor and holds none: torch reads off it what a function does."""
    return isinstance(tensor, torch.Tensor) and type(tensor) not in (torch.Tensor, torch.nn.Parameter)


def _operator(launch):
    """A launcher that is one operator to what traces: torch.compile, torch.export, fake tensors."""
    name = "".join(c if c.isalnum() else "_" for c in __name__)
    operator = torch.library.custom_op(f"{name}::{launch.__name__}", launch, mutates_args=())
    operator.register_fake(launch)

    @functools.wraps(launch)
    def call(*arrays, **named):
        if torch.compiler.is_compiling() or any(map(_is_traced, (*arrays, *named.values()))):
            return operator(*arrays, **named)
        return launch(*arrays, **named)

    return call


@functools.cache
def _in_blocks(name: str, params: tuple[tuple[int, str], ...], real: tuple[int, ...]):
    """A function of fixed_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by fixed_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("fixed_jax.py")
    if not path.exists():
        raise FileNotFoundError(f"on a CPU this runs by the file that diagc compile writes beside it: no {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    blocks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(blocks)
    named = dict(params)

    def results(*arrays):
        given = [array for place, array in enumerate(arrays) if place not in named]
        given += [{name: arrays[place] for place, name in params}] if params else []
        made = getattr(blocks, name)(*given)
        return made if type(made) is tuple else (made,)

    def differentiated(*arrays):
        def of_real(*chosen):
            every = dict(zip(real, chosen))
            made = results(*(every.get(place, array) for place, array in enumerate(arrays)))
            return [r for r in made if r.dtype.kind in "fV"], made

        _, pull, made = jax.vjp(of_real, *(arrays[place] for place in real), has_aux=True)
        return made, pull

    return jax.jit(results), jax.jit(differentiated), jax.jit(lambda pull, cotangents: pull(cotangents))


def _to_jax(tensors):
    import jax

    if not jax.config.jax_enable_x64 and any(tensor.dtype is torch.float64 for tensor in tensors):
        raise ValueError('JAX has no float64 unless it is told so: jax.config.update("jax_enable_x64", True)')
    return [jax.dlpack.from_dlpack(tensor.detach().contiguous()) for tensor in tensors]


def _to_torch(arrays):
    return tuple(map(torch.from_dlpack, arrays))


class _BlocksAutograd(torch.autograd.Function):
    """A function in blocks and its derivative."""

    @staticmethod
    def forward(ctx, name, params, *tensors):
        ctx.real = tuple(place for place, tensor in enumerate(tensors) if tensor.is_floating_point())
        _, differentiated, ctx.pulled = _in_blocks(name, params, ctx.real)
        made, ctx.pull = differentiated(*_to_jax(tensors))
        ctx.save_for_backward(*tensors)  # they are shared with the blocks: torch says if one was changed meanwhile
        results = _to_torch(made)
        ctx.mark_non_differentiable(*(r for r in results if not r.is_floating_point()))
        return results

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *cotangents):
        count = len(ctx.saved_tensors)
        found = ctx.pulled(ctx.pull, _to_jax([c for c in cotangents if c.is_floating_point()]))
        gradients = dict(zip(ctx.real, _to_torch(found)))
        return (None, None, *(gradients.get(place) for place in range(count)))


@torch.compiler.disable
def _run_blocks(name, params, tensors):
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        made = _BlocksAutograd.apply(name, params, *tensors)
    else:
        made = _to_torch(_in_blocks(name, params, ())[0](*_to_jax(tensors)))
    return made if len(made) > 1 else made[0]


_INTERPRETED = triton.knobs.runtime.interpret


def _anywhere(*dtypes: torch.dtype, params: tuple[tuple[int, str], ...] = ()):
    """A function that on a CPU is that of fixed_jax.py; `params` are the places of what it takes as parameters."""

    def wrapped(function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*arrays, **named):
            tensors = signature.bind(*arrays, **named).args if named else arrays
            if _INTERPRETED or any(tensor.device.type != "cpu" or _is_traced(tensor) for tensor in tensors):
                return function(*tensors)
            for name, tensor, dtype in zip(signature.parameters, tensors, dtypes):
                if tensor.dtype is not dtype:
                    raise ValueError(f"{name}: expected {dtype}, got {tensor.dtype}")
            return _run_blocks(function.__name__, params, tensors)

        return call

    return wrapped


@triton.jit
def rmsnorm_1024_rows_kernel(
    X_ptr, weight_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row, out_stride_n,
    size_row, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fixed.diag:6]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_n = X_f32 * X_f32
    sum_ = tl.sum(mul_n, 0)
    tile = tl.rsqrt(1e-05 + (sum_ * 0.0009765625)) * X_f32
    tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, (tile * weight).to(tl.bfloat16))


@triton.jit
def rmsnorm_1024_kernel(
    X_ptr, weight_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row, out_stride_n,
    size_row, BLOCK_N: tl.constexpr,
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
    rsqrt = tl.rsqrt(1e-05 + (acc_n * 0.0009765625))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * X.to(tl.float32)) * weight).to(tl.bfloat16)
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * X.to(tl.float32)) * weight).to(tl.bfloat16)
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tile_bf16,
            mask=(n_index < 1024),
        )


@triton.jit
def rmsnorm_1024_forward_rows_kernel(
    X_ptr, weight_ptr, out_ptr, state_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row,
    out_stride_n, state_stride_row, size_row, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fixed.diag:6]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_n = X_f32 * X_f32
    sum_ = tl.sum(mul_n, 0)
    tile = tl.rsqrt(1e-05 + (0.0009765625 * sum_)) * X_f32
    tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, (tile * weight).to(tl.bfloat16))
    tl.store(state_ptr + row_index * state_stride_row, sum_)


@triton.jit
def rmsnorm_1024_forward_kernel(
    X_ptr, weight_ptr, out_ptr, state_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row,
    out_stride_n, state_stride_row, size_row, BLOCK_N: tl.constexpr,
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
    tl.store(state_ptr + row_index * state_stride_row, acc_n)
    # src[maps.diag:25]
    rsqrt = tl.rsqrt(1e-05 + (0.0009765625 * acc_n))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * X.to(tl.float32)) * weight).to(tl.bfloat16)
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * X.to(tl.float32)) * weight).to(tl.bfloat16)
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tile_bf16,
            mask=(n_index < 1024),
        )


@triton.jit
def rmsnorm_1024_backward_d_X_rows_kernel(
    X_ptr, weight_ptr, d_out_ptr, out_ptr, state_ptr, d_X_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_n, out_stride_row, out_stride_n, state_stride_row, d_X_stride_row,
    d_X_stride_n, size_row, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    out = tl.load(out_ptr + row_index * out_stride_row + n_index * out_stride_n)
    d_out = tl.load(d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n)
    d_out_f32 = d_out.to(tl.float32)
    mul_n = d_out_f32 * out.to(tl.float32)
    sum_ = tl.sum(mul_n, 0)
    # src[fixed.diag:6]
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    state = tl.load(state_ptr + row_index * state_stride_row)
    rsqrt = tl.rsqrt(1e-05 + (state * 0.0009765625))
    mul_n_2 = ((rsqrt * 0.0009765625) * sum_) * X.to(tl.float32)
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    sub_n = (weight * d_out_f32) - tl.where(mul_n_2 == float("-inf"), 0.0, mul_n_2)
    tl.store(d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n, (rsqrt * sub_n).to(tl.bfloat16))


@triton.jit
def rmsnorm_1024_backward_d_X_kernel(
    X_ptr, weight_ptr, d_out_ptr, out_ptr, state_ptr, d_X_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_n, out_stride_row, out_stride_n, state_stride_row, d_X_stride_row,
    d_X_stride_n, size_row, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = (1024) // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        out = tl.load(out_ptr + row_index * out_stride_row + n_index * out_stride_n)
        d_out = tl.load(d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n)
        mul_n = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        out = tl.load(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            mask=(n_index < 1024),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
            mask=(n_index < 1024),
            other=0.0,
        )
        mul_n = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    state = tl.load(state_ptr + row_index * state_stride_row)
    rsqrt = tl.rsqrt(1e-05 + (state * 0.0009765625))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        mul_n = ((rsqrt * 0.0009765625) * acc_n) * X.to(tl.float32)
        d_out = tl.load(d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        sub_n = (weight * d_out.to(tl.float32)) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            (rsqrt * sub_n).to(tl.bfloat16),
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        mul_n = ((rsqrt * 0.0009765625) * acc_n) * X.to(tl.float32)
        d_out = tl.load(
            d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
            mask=(n_index < 1024),
            other=0.0,
        )
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        sub_n = (weight * d_out.to(tl.float32)) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            (rsqrt * sub_n).to(tl.bfloat16),
            mask=(n_index < 1024),
        )


@triton.jit
def rmsnorm_1024_backward_d_weight_rows_kernel(
    X_ptr, d_out_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, d_out_stride_row, d_out_stride_n,
    state_stride_row, d_weight_stride_n, size_row, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    # src[fixed.diag:6]
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
        other=0.0,
    )
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    rsqrt_row = tl.where(row_index < size_row, tl.rsqrt(1e-05 + (state * 0.0009765625)), 0.0)
    mul_n_row = (rsqrt_row[None, :] * d_out.to(tl.float32)) * X.to(tl.float32)
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < 1024))


@triton.jit
def rmsnorm_1024_backward_d_weight_kernel(
    X_ptr, d_out_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, d_out_stride_row, d_out_stride_n,
    state_stride_row, d_weight_stride_n, size_row, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N], 0.0, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        # src[fixed.diag:6]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < 1024)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
            mask=(n_index < 1024)[:, None],
            other=0.0,
        )
        state = tl.load(state_ptr + row_index * state_stride_row)
        tile = tl.rsqrt(1e-05 + (state * 0.0009765625))[None, :] * d_out.to(tl.float32)
        mul_n_row = tile * X.to(tl.float32)
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        # src[fixed.diag:6]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
            other=0.0,
        )
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        rsqrt_row = tl.where(row_index < size_row, tl.rsqrt(1e-05 + (state * 0.0009765625)), 0.0)
        mul_n_row = (rsqrt_row[None, :] * d_out.to(tl.float32)) * X.to(tl.float32)
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < 1024))


@_operator
def _rmsnorm_1024(X: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """_rmsnorm_1024(X: bf16[row n], weight: f32[n]) -> out: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    out = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
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
            X, weight, out, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1), row,
            BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_1024_kernel[grid](
        X, weight, out, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1), row,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rmsnorm_1024_forward(X: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_rmsnorm_1024_forward(X: bf16[row n], weight: f32[n]) -> out: bf16[row n], state: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    out = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, state
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_1024_forward_rows_kernel[grid](
            X, weight, out, state, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1),
            state.stride(0), row, BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N, num_warps=warps,
            num_stages=stages,
        )
        return out, state
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_1024_forward_kernel[grid](
        X, weight, out, state, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1),
        state.stride(0), row, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out, state


@_operator
def _rmsnorm_1024_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_1024_backward_d_X(X: bf16[row n], weight: f32[n], d_out: bf16[row n], out: bf16[row n], state: f32[row]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("out", out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    if d_out.shape != (row, 1024):
        raise ValueError(f"d_out: bf16[row n] has shape {d_out.shape}, expected {(row, 1024)}")
    if out.shape != (row, 1024):
        raise ValueError(f"out: bf16[row n] has shape {out.shape}, expected {(row, 1024)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_X = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_1024_backward_d_X_rows_kernel[grid](
            X, weight, d_out, out, state, d_X, X.stride(0), X.stride(1), weight.stride(0), d_out.stride(0),
            d_out.stride(1), out.stride(0), out.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), row,
            BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_1024_backward_d_X_kernel[grid](
        X, weight, d_out, out, state, d_X, X.stride(0), X.stride(1), weight.stride(0), d_out.stride(0),
        d_out.stride(1), out.stride(0), out.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), row,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _rmsnorm_1024_backward_d_weight(
    X: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_1024_backward_d_weight(X: bf16[row n], d_out: bf16[row n], state: f32[row]) -> d_weight: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if d_out.shape != (row, 1024):
        raise ValueError(f"d_out: bf16[row n] has shape {d_out.shape}, expected {(row, 1024)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_weight = torch.empty((1024,), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight
    BLOCK_ROW = max(16, triton.next_power_of_2(row))
    if BLOCK_ROW <= 1024:
        if BLOCK_ROW <= 16:
            BLOCK_N, warps, stages = 256, 4, 1
        elif BLOCK_ROW <= 64:
            BLOCK_N, warps, stages = 64, 4, 1
        elif BLOCK_ROW <= 256:
            BLOCK_N, warps, stages = 16, 4, 1
        else:
            BLOCK_N, warps, stages = 8, 8, 1
        grid = (triton.cdiv(1024, BLOCK_N),)
        rmsnorm_1024_backward_d_weight_rows_kernel[grid](
            X, d_out, state, d_weight, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1),
            state.stride(0), d_weight.stride(0), row, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
            EXACT_ROW=row == BLOCK_ROW, num_warps=warps, num_stages=stages,
        )
        return d_weight
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(1024, BLOCK_N),)
    rmsnorm_1024_backward_d_weight_kernel[grid](
        X, d_out, state, d_weight, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1),
        state.stride(0), d_weight.stride(0), row, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return d_weight


class _rmsnorm_1024_autograd(torch.autograd.Function):
    """rmsnorm_1024 and its derivative."""

    @staticmethod
    def forward(ctx, X, weight):
        out, state = _rmsnorm_1024_forward(X, weight)
        ctx.save_for_backward(X, weight, out, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, out, state = ctx.saved_tensors
        d_X = _rmsnorm_1024_backward_d_X(X, weight, d_out, out, state)
        d_weight = _rmsnorm_1024_backward_d_weight(X, d_out, state)
        return d_X, d_weight


@_anywhere(torch.bfloat16, torch.float32)
def rmsnorm_1024(X: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """rmsnorm_1024(X: bf16[row n], weight: f32[n]) -> out: bf16[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight)):
        return _rmsnorm_1024_autograd.apply(X, weight)
    out = _rmsnorm_1024(X, weight)
    return out


@triton.jit
def residual_rmsnorm_rows_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, size_row, BLOCK_N: tl.constexpr,
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
    mul_n_2 = (tl.rsqrt(1e-05 + (sum_ * 0.0009765625)) * S) * weight
    tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, mul_n_2.to(tl.bfloat16))
    # src[fixed.diag:14]
    tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))


@triton.jit
def residual_rmsnorm_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, size_row, BLOCK_N: tl.constexpr,
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
    rsqrt = tl.rsqrt(1e-05 + (acc_n * 0.0009765625))
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


@triton.jit
def residual_rmsnorm_forward_rows_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, state_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, state_stride_row, size_row,
    BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fixed.diag:10]
    R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    # src[fixed.diag:14]
    S = X.to(tl.float32) + R.to(tl.float32)
    # src[fixed.diag:10]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    # src[maps.diag:25]
    mul_n = S * S
    sum_ = tl.sum(mul_n, 0)
    tile = tl.rsqrt((0.0009765625 * sum_) + 1e-05) * weight
    tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, (tile * S).to(tl.bfloat16))
    # src[fixed.diag:14]
    tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    tl.store(state_ptr + row_index * state_stride_row, sum_)


@triton.jit
def residual_rmsnorm_forward_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, state_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, state_stride_row, size_row,
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
    tl.store(state_ptr + row_index * state_stride_row, acc_n)
    # src[maps.diag:25]
    rsqrt = tl.rsqrt((0.0009765625 * acc_n) + 1e-05)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:10]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fixed.diag:14]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[fixed.diag:10]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * weight) * S).to(tl.bfloat16),
        )
        # src[fixed.diag:14]
        tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fixed.diag:10]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n, mask=(n_index < 1024), other=0.0)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        # src[fixed.diag:14]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[fixed.diag:10]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * weight) * S).to(tl.bfloat16),
            mask=(n_index < 1024),
        )
        # src[fixed.diag:14]
        tl.store(
            S_ptr + row_index * S_stride_row + n_index * S_stride_n,
            S.to(tl.bfloat16),
            mask=(n_index < 1024),
        )


@triton.jit
def residual_rmsnorm_backward_d_X_d_R_rows_kernel(
    X_ptr, R_ptr, weight_ptr, d_Y_ptr, d_S_ptr, Y_ptr, state_ptr, d_X_ptr, d_R_ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, weight_stride_n, d_Y_stride_row, d_Y_stride_n, d_S_stride_row, d_S_stride_n,
    Y_stride_row, Y_stride_n, state_stride_row, d_X_stride_row, d_X_stride_n, d_R_stride_row, d_R_stride_n,
    size_row, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    d_S = tl.load(d_S_ptr + row_index * d_S_stride_row + n_index * d_S_stride_n)
    state = tl.load(state_ptr + row_index * state_stride_row)
    # src[maps.diag:25]
    rsqrt = tl.rsqrt(1e-05 + (0.0009765625 * state))
    # src[fixed.diag:10]
    R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
    # src[fixed.diag:14]
    Y = tl.load(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n)
    d_Y = tl.load(d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n)
    d_Y_f32 = d_Y.to(tl.float32)
    mul_n = d_Y_f32 * Y.to(tl.float32)
    sum_ = tl.sum(mul_n, 0)
    mul_n_2 = ((sum_ * 0.0009765625) * rsqrt) * (X.to(tl.float32) + R.to(tl.float32))
    # src[fixed.diag:10]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    sub_n = (weight * d_Y_f32) - tl.where(mul_n_2 == float("-inf"), 0.0, mul_n_2)
    tile_bf16 = ((sub_n * rsqrt) + d_S.to(tl.float32)).to(tl.bfloat16)
    tl.store(d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n, tile_bf16)
    tl.store(d_R_ptr + row_index * d_R_stride_row + n_index * d_R_stride_n, tile_bf16)


@triton.jit
def residual_rmsnorm_backward_d_X_d_R_kernel(
    X_ptr, R_ptr, weight_ptr, d_Y_ptr, d_S_ptr, Y_ptr, state_ptr, d_X_ptr, d_R_ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, weight_stride_n, d_Y_stride_row, d_Y_stride_n, d_S_stride_row, d_S_stride_n,
    Y_stride_row, Y_stride_n, state_stride_row, d_X_stride_row, d_X_stride_n, d_R_stride_row, d_R_stride_n,
    size_row, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = (1024) // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        Y = tl.load(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n)
        d_Y = tl.load(d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n)
        mul_n = d_Y.to(tl.float32) * Y.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        Y = tl.load(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, mask=(n_index < 1024), other=0.0)
        d_Y = tl.load(
            d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n,
            mask=(n_index < 1024),
            other=0.0,
        )
        mul_n = d_Y.to(tl.float32) * Y.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    state = tl.load(state_ptr + row_index * state_stride_row)
    # src[maps.diag:25]
    rsqrt = tl.rsqrt(1e-05 + (0.0009765625 * state))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        d_S = tl.load(d_S_ptr + row_index * d_S_stride_row + n_index * d_S_stride_n)
        # src[fixed.diag:10]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fixed.diag:14]
        mul_n = ((acc_n * 0.0009765625) * rsqrt) * (X.to(tl.float32) + R.to(tl.float32))
        d_Y = tl.load(d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n)
        # src[fixed.diag:10]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        sub_n = (weight * d_Y.to(tl.float32)) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tile_bf16 = ((sub_n * rsqrt) + d_S.to(tl.float32)).to(tl.bfloat16)
        tl.store(d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n, tile_bf16)
        tl.store(d_R_ptr + row_index * d_R_stride_row + n_index * d_R_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, 1024, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        d_S = tl.load(
            d_S_ptr + row_index * d_S_stride_row + n_index * d_S_stride_n,
            mask=(n_index < 1024),
            other=0.0,
        )
        # src[fixed.diag:10]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n, mask=(n_index < 1024), other=0.0)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < 1024), other=0.0)
        # src[fixed.diag:14]
        mul_n = ((acc_n * 0.0009765625) * rsqrt) * (X.to(tl.float32) + R.to(tl.float32))
        d_Y = tl.load(
            d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n,
            mask=(n_index < 1024),
            other=0.0,
        )
        # src[fixed.diag:10]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < 1024), other=0.0)
        sub_n = (weight * d_Y.to(tl.float32)) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tile_bf16 = ((sub_n * rsqrt) + d_S.to(tl.float32)).to(tl.bfloat16)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            tile_bf16,
            mask=(n_index < 1024),
        )
        tl.store(
            d_R_ptr + row_index * d_R_stride_row + n_index * d_R_stride_n,
            tile_bf16,
            mask=(n_index < 1024),
        )


@triton.jit
def residual_rmsnorm_backward_d_weight_rows_kernel(
    X_ptr, R_ptr, d_Y_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    d_Y_stride_row, d_Y_stride_n, state_stride_row, d_weight_stride_n, size_row, BLOCK_ROW: tl.constexpr,
    BLOCK_N: tl.constexpr, EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    d_Y = tl.load(
        d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
        other=0.0,
    )
    # src[fixed.diag:10]
    R = tl.load(
        R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
        other=0.0,
    )
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
        other=0.0,
    )
    # src[fixed.diag:14]
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    # src[maps.diag:25]
    rsqrt_row = tl.where(row_index < size_row, tl.rsqrt(1e-05 + (0.0009765625 * state)), 0.0)
    tile = rsqrt_row[None, :] * (X.to(tl.float32) + R.to(tl.float32))
    mul_n_row = tile * d_Y.to(tl.float32)
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < 1024))


@triton.jit
def residual_rmsnorm_backward_d_weight_kernel(
    X_ptr, R_ptr, d_Y_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    d_Y_stride_row, d_Y_stride_n, state_stride_row, d_weight_stride_n, size_row, BLOCK_ROW: tl.constexpr,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N], 0.0, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        d_Y = tl.load(
            d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
            mask=(n_index < 1024)[:, None],
            other=0.0,
        )
        # src[fixed.diag:10]
        R = tl.load(
            R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
            mask=(n_index < 1024)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < 1024)[:, None],
            other=0.0,
        )
        # src[fixed.diag:14]
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:25]
        tile = tl.rsqrt(1e-05 + (0.0009765625 * state))[None, :] * (X.to(tl.float32) + R.to(tl.float32))
        mul_n_row = tile * d_Y.to(tl.float32)
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        d_Y = tl.load(
            d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
            other=0.0,
        )
        # src[fixed.diag:10]
        R = tl.load(
            R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < 1024)[:, None],
            other=0.0,
        )
        # src[fixed.diag:14]
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:25]
        rsqrt_row = tl.where(row_index < size_row, tl.rsqrt(1e-05 + (0.0009765625 * state)), 0.0)
        tile = rsqrt_row[None, :] * (X.to(tl.float32) + R.to(tl.float32))
        mul_n_row = tile * d_Y.to(tl.float32)
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < 1024))


@_operator
def _residual_rmsnorm(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_residual_rmsnorm(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Any strides; sizes are read off the shapes."""
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
    if _is_traced(Y):
        return Y, S
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
            X, R, weight, Y, S, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
            Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), row, BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return Y, S
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    residual_rmsnorm_kernel[grid](
        X, R, weight, Y, S, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0), Y.stride(0),
        Y.stride(1), S.stride(0), S.stride(1), row, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return Y, S


@_operator
def _residual_rmsnorm_forward(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_residual_rmsnorm_forward(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n], state: f32[row]. Any strides; sizes are read off the shapes."""
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
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(Y):
        return Y, S, state
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        residual_rmsnorm_forward_rows_kernel[grid](
            X, R, weight, Y, S, state, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
            Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), state.stride(0), row, BLOCK_N=BLOCK_N,
            EXACT_N=1024 == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return Y, S, state
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    residual_rmsnorm_forward_kernel[grid](
        X, R, weight, Y, S, state, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
        Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), state.stride(0), row, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return Y, S, state


@_operator
def _residual_rmsnorm_backward_d_X_d_R(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    d_Y: torch.Tensor,
    d_S: torch.Tensor,
    Y: torch.Tensor,
    state: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_residual_rmsnorm_backward_d_X_d_R(X: bf16[row n], R: bf16[row n], weight: f32[n], d_Y: bf16[row n], d_S: bf16[row n], Y: bf16[row n], state: f32[row]) -> d_X: bf16[row n], d_R: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_Y", d_Y, torch.bfloat16, 2, X.device)
    _check("d_S", d_S, torch.bfloat16, 2, X.device)
    _check("Y", Y, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if R.shape != (row, 1024):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    if d_Y.shape != (row, 1024):
        raise ValueError(f"d_Y: bf16[row n] has shape {d_Y.shape}, expected {(row, 1024)}")
    if d_S.shape != (row, 1024):
        raise ValueError(f"d_S: bf16[row n] has shape {d_S.shape}, expected {(row, 1024)}")
    if Y.shape != (row, 1024):
        raise ValueError(f"Y: bf16[row n] has shape {Y.shape}, expected {(row, 1024)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_X = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    d_R = torch.empty((row, 1024), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X, d_R
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        residual_rmsnorm_backward_d_X_d_R_rows_kernel[grid](
            X, R, weight, d_Y, d_S, Y, state, d_X, d_R, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
            weight.stride(0), d_Y.stride(0), d_Y.stride(1), d_S.stride(0), d_S.stride(1), Y.stride(0),
            Y.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), d_R.stride(0), d_R.stride(1), row,
            BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return d_X, d_R
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    residual_rmsnorm_backward_d_X_d_R_kernel[grid](
        X, R, weight, d_Y, d_S, Y, state, d_X, d_R, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
        weight.stride(0), d_Y.stride(0), d_Y.stride(1), d_S.stride(0), d_S.stride(1), Y.stride(0),
        Y.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), d_R.stride(0), d_R.stride(1), row,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_X, d_R


@_operator
def _residual_rmsnorm_backward_d_weight(
    X: torch.Tensor,
    R: torch.Tensor,
    d_Y: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_residual_rmsnorm_backward_d_weight(X: bf16[row n], R: bf16[row n], d_Y: bf16[row n], state: f32[row]) -> d_weight: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("d_Y", d_Y, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if R.shape != (row, 1024):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, 1024)}")
    if d_Y.shape != (row, 1024):
        raise ValueError(f"d_Y: bf16[row n] has shape {d_Y.shape}, expected {(row, 1024)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_weight = torch.empty((1024,), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight
    BLOCK_ROW = max(16, triton.next_power_of_2(row))
    if BLOCK_ROW <= 1024:
        if BLOCK_ROW <= 16:
            BLOCK_N, warps, stages = 256, 4, 1
        elif BLOCK_ROW <= 64:
            BLOCK_N, warps, stages = 64, 4, 1
        elif BLOCK_ROW <= 256:
            BLOCK_N, warps, stages = 16, 4, 1
        else:
            BLOCK_N, warps, stages = 8, 8, 1
        grid = (triton.cdiv(1024, BLOCK_N),)
        residual_rmsnorm_backward_d_weight_rows_kernel[grid](
            X, R, d_Y, state, d_weight, X.stride(0), X.stride(1), R.stride(0), R.stride(1), d_Y.stride(0),
            d_Y.stride(1), state.stride(0), d_weight.stride(0), row, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
            EXACT_ROW=row == BLOCK_ROW, num_warps=warps, num_stages=stages,
        )
        return d_weight
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(1024, BLOCK_N),)
    residual_rmsnorm_backward_d_weight_kernel[grid](
        X, R, d_Y, state, d_weight, X.stride(0), X.stride(1), R.stride(0), R.stride(1), d_Y.stride(0),
        d_Y.stride(1), state.stride(0), d_weight.stride(0), row, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return d_weight


class _residual_rmsnorm_autograd(torch.autograd.Function):
    """residual_rmsnorm and its derivative."""

    @staticmethod
    def forward(ctx, X, R, weight):
        Y, S, state = _residual_rmsnorm_forward(X, R, weight)
        ctx.save_for_backward(X, R, weight, Y, state)
        return Y, S

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_Y, d_S):
        X, R, weight, Y, state = ctx.saved_tensors
        d_X, d_R = _residual_rmsnorm_backward_d_X_d_R(X, R, weight, d_Y, d_S, Y, state)
        d_weight = _residual_rmsnorm_backward_d_weight(X, R, d_Y, state)
        return d_X, d_R, d_weight


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def residual_rmsnorm(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """residual_rmsnorm(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: bf16[row n] has shape {X.shape}, expected {(row, 1024)}")
    if R.shape != (row, 1024):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, 1024)}")
    if weight.shape != (1024,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(1024,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, R, weight)):
        return _residual_rmsnorm_autograd.apply(X, R, weight)
    Y, S = _residual_rmsnorm(X, R, weight)
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
    tl.store(out_ptr + row_index * out_stride_row, (sum_ * 0.0001220703125))


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
    tl.store(out_ptr + row_index * out_stride_row, (sum_n * 0.0001220703125))


@triton.jit
def scaled_mean_forward_rows_kernel(
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
    tl.store(out_ptr + row_index * out_stride_row, (sum_ * 0.0001220703125))


@triton.jit
def scaled_mean_forward_kernel(
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
    tl.store(out_ptr + row_index * out_stride_row, (sum_n * 0.0001220703125))


@triton.jit
def scaled_mean_backward_kernel(
    d_out_ptr,
    d_X_ptr,
    d_out_stride_row,
    d_X_stride_row,
    d_X_stride_n,
    size_row,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(1024, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(1024, BLOCK_N)
    row_index = program.to(tl.int64)
    d_out = tl.load(d_out_ptr + row_index * d_out_stride_row)
    tl.store(
        d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
        (0.0001220703125 * d_out),
        mask=(n_index < 1024),
    )


@_operator
def _scaled_mean(X: torch.Tensor) -> torch.Tensor:
    """_scaled_mean(X: f32[row n]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: f32[row n] has shape {X.shape}, expected {(row, 1024)}")
    out = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
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
            X, out, X.stride(0), X.stride(1), out.stride(0), row, BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    scaled_mean_kernel[grid](
        X, out, X.stride(0), X.stride(1), out.stride(0), row, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _scaled_mean_forward(X: torch.Tensor) -> torch.Tensor:
    """_scaled_mean_forward(X: f32[row n]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: f32[row n] has shape {X.shape}, expected {(row, 1024)}")
    out = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_N = max(16, triton.next_power_of_2(1024))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        scaled_mean_forward_rows_kernel[grid](
            X, out, X.stride(0), X.stride(1), out.stride(0), row, BLOCK_N=BLOCK_N, EXACT_N=1024 == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    scaled_mean_forward_kernel[grid](
        X, out, X.stride(0), X.stride(1), out.stride(0), row, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _scaled_mean_backward(d_out: torch.Tensor) -> torch.Tensor:
    """_scaled_mean_backward(d_out: f32[row]) -> d_X: f32[row n]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 1, d_out.device)
    (row,) = d_out.shape
    d_X = torch.empty((row, 1024), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N, warps, stages = 1024, 4, 1
    grid = (row * triton.cdiv(1024, BLOCK_N),)
    scaled_mean_backward_kernel[grid](
        d_out, d_X, d_out.stride(0), d_X.stride(0), d_X.stride(1), row, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return d_X


class _scaled_mean_autograd(torch.autograd.Function):
    """scaled_mean and its derivative."""

    @staticmethod
    def forward(ctx, X):
        out = _scaled_mean_forward(X)
        ctx.save_for_backward()
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        d_X = _scaled_mean_backward(d_out)
        return d_X


@_anywhere(torch.float32)
def scaled_mean(X: torch.Tensor) -> torch.Tensor:
    """scaled_mean(X: f32[row n]) -> out: f32[row]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, _ = X.shape
    if X.shape != (row, 1024):
        raise ValueError(f"X: f32[row n] has shape {X.shape}, expected {(row, 1024)}")
    if torch.is_grad_enabled() and X.requires_grad:
        return _scaled_mean_autograd.apply(X)
    out = _scaled_mean(X)
    return out
