"""Fused kernels for layernorm_residual, rmsnorm_residual, groupnorm, groupnorm_residual, layernorm_matmul, rmsnorm_matmul, groupnorm_matmul.

Made by diagc 0.1.0 from fused.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["layernorm_residual", "rmsnorm_residual", "groupnorm", "groupnorm_residual", "layernorm_matmul", "rmsnorm_matmul", "groupnorm_matmul"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of fused_jax.py do, on NumPy arrays")
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
    """A function of fused_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by fused_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("fused_jax.py")
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
    """A function that on a CPU is that of fused_jax.py; `params` are the places of what it takes as parameters."""

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
def layernorm_residual_rows_kernel(
    X_ptr, R_ptr, weight_ptr, bias_ptr, Y_ptr, S_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, bias_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, size_row, size_n,
    BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[fused.diag:6]
    R = load_tile(R_ptr + row_index * R_stride_row + n_index * R_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[fused.diag:10]
    S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
    sum_ = tl.sum(S, 0)
    # src[maps.diag:29]
    sub_n = tl.where(n_index < size_n, S - (sum_ * recip), 0.0)
    # src[maps.diag:21]
    mul_n = sub_n * sub_n
    sum_2 = tl.sum(mul_n, 0)
    # src[maps.diag:29]
    # src[fused.diag:6]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:29]
    mul_n_2 = (tl.rsqrt(1e-05 + (sum_2 * recip)) * weight) * sub_n
    # src[fused.diag:6]
    bias = load_tile(bias_ptr + n_index * bias_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:29]
    tl.store(
        Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
        (bias + mul_n_2).to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    # src[fused.diag:10]
    tl.store(
        S_ptr + row_index * S_stride_row + n_index * S_stride_n,
        S.to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def layernorm_residual_kernel(
    X_ptr, R_ptr, weight_ptr, bias_ptr, Y_ptr, S_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, bias_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, size_row, size_n,
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
        # src[fused.diag:6]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        tile_sum = tl.sum(S, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = (next_sum_n * where) * recip
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_n_2 = ((-2.0 * sum_n_2) + (before_f32 * change)) * change
        # src[maps.diag:29]
        sub_n = S - next_centre
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
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:10]
        S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
        tile_sum = tl.sum(S, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = (next_sum_n * where) * recip
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_n_2 = ((-2.0 * sum_n_2) + (before_f32 * change)) * change
        # src[maps.diag:29]
        sub_n = tl.where(n_index < size_n, S - next_centre, 0.0)
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
    # src[maps.diag:21]
    # src[maps.diag:29]
    rsqrt = tl.rsqrt(1e-05 + (acc_n * recip))
    mul = sum_n * recip
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:29]
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:29]
        # src[fused.diag:6]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        # src[maps.diag:29]
        tile_bf16 = (bias + ((rsqrt * weight) * (S - mul))).to(tl.bfloat16)
        tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, tile_bf16)
        # src[fused.diag:10]
        tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:29]
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        # src[fused.diag:6]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        tile_bf16 = (bias + ((rsqrt * weight) * (S - mul))).to(tl.bfloat16)
        tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, tile_bf16, mask=(n_index < size_n))
        # src[fused.diag:10]
        tl.store(
            S_ptr + row_index * S_stride_row + n_index * S_stride_n,
            S.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def layernorm_residual_forward_rows_kernel(
    X_ptr, R_ptr, weight_ptr, bias_ptr, Y_ptr, S_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, weight_stride_n, bias_stride_n, Y_stride_row, Y_stride_n, S_stride_row,
    S_stride_n, state_stride_row, state___stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[fused.diag:6]
    R = load_tile(R_ptr + row_index * R_stride_row + n_index * R_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[fused.diag:10]
    S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
    sum_ = tl.sum(S, 0)
    # src[maps.diag:29]
    sub_n = tl.where(n_index < size_n, S - (sum_ * recip), 0.0)
    # src[maps.diag:21]
    mul_n = sub_n * sub_n
    sum_2 = tl.sum(mul_n, 0)
    # src[maps.diag:29]
    # src[fused.diag:6]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:29]
    mul_n_2 = (tl.rsqrt(1e-05 + (recip * sum_2)) * weight) * sub_n
    # src[fused.diag:6]
    bias = load_tile(bias_ptr + n_index * bias_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:29]
    tl.store(
        Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
        (bias + mul_n_2).to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    # src[fused.diag:10]
    tl.store(
        S_ptr + row_index * S_stride_row + n_index * S_stride_n,
        S.to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    tl.store(state_ptr + row_index * state_stride_row, sum_)
    tl.store(state___ptr + row_index * state___stride_row, sum_2)


@triton.jit
def layernorm_residual_forward_kernel(
    X_ptr, R_ptr, weight_ptr, bias_ptr, Y_ptr, S_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, weight_stride_n, bias_stride_n, Y_stride_row, Y_stride_n, S_stride_row,
    S_stride_n, state_stride_row, state___stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
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
        # src[fused.diag:6]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        tile_sum = tl.sum(S, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = (next_sum_n * where) * recip
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_n_2 = ((-2.0 * sum_n_2) + (before_f32 * change)) * change
        # src[maps.diag:29]
        sub_n = S - next_centre
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
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:10]
        S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
        tile_sum = tl.sum(S, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = (next_sum_n * where) * recip
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_n_2 = ((-2.0 * sum_n_2) + (before_f32 * change)) * change
        # src[maps.diag:29]
        sub_n = tl.where(n_index < size_n, S - next_centre, 0.0)
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
    tl.store(state_ptr + row_index * state_stride_row, sum_n)
    tl.store(state___ptr + row_index * state___stride_row, acc_n)
    # src[maps.diag:21]
    # src[maps.diag:29]
    rsqrt = tl.rsqrt(1e-05 + (recip * acc_n))
    mul = sum_n * recip
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:29]
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:29]
        # src[fused.diag:6]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        # src[maps.diag:29]
        tile_bf16 = (bias + ((rsqrt * weight) * (S - mul))).to(tl.bfloat16)
        tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, tile_bf16)
        # src[fused.diag:10]
        tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:29]
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        # src[fused.diag:6]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        tile_bf16 = (bias + ((rsqrt * weight) * (S - mul))).to(tl.bfloat16)
        tl.store(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, tile_bf16, mask=(n_index < size_n))
        # src[fused.diag:10]
        tl.store(
            S_ptr + row_index * S_stride_row + n_index * S_stride_n,
            S.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def layernorm_residual_backward_d_X_d_R_rows_kernel(
    X_ptr, R_ptr, weight_ptr, d_Y_ptr, d_S_ptr, state_ptr, state___ptr, d_X_ptr, d_R_ptr, X_stride_row,
    X_stride_n, R_stride_row, R_stride_n, weight_stride_n, d_Y_stride_row, d_Y_stride_n, d_S_stride_row,
    d_S_stride_n, state_stride_row, state___stride_row, d_X_stride_row, d_X_stride_n, d_R_stride_row,
    d_R_stride_n, size_row, size_n, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    n_index = tl.arange(0, BLOCK_N)
    d_Y = tl.load(
        d_Y_ptr + row_index[:, None] * d_Y_stride_row + n_index[None, :] * d_Y_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    # src[fused.diag:6]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    d_Y_f32 = d_Y.to(tl.float32)
    mul_row_n = weight[None, :] * d_Y_f32
    recip = 1.0 / tl.cast(size_n, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:29]
    mul_row = state * recip
    # src[fused.diag:6]
    R = tl.load(
        R_ptr + row_index[:, None] * R_stride_row + n_index[None, :] * R_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    X = tl.load(
        X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    # src[fused.diag:10]
    S = X.to(tl.float32) + R.to(tl.float32)
    # src[maps.diag:29]
    sub_row_n = S - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
    mul_row_n_2 = (weight[None, :] * d_Y_f32) * sub_row_n
    sum_ = tl.sum(mul_row_n_2, 1)
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    rsqrt_row = tl.rsqrt(1e-05 + (state__ * recip))
    sub_row_n_2 = mul_row[:, None] - tl.where(S == float("-inf"), 0.0, S)
    mul_row_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_)[:, None] * sub_row_n_2
    add_row_n = tl.where((n_index < size_n)[None, :], mul_row_n_3 + mul_row_n, 0.0)
    sum_2 = tl.sum(add_row_n, 1)
    mul_row_n_4 = ((rsqrt_row * rsqrt_row) * sum_)[:, None] * sub_row_n
    mul_row_n_5 = recip * (mul_row_n_4 + sum_2[:, None])
    safe_ = tl.where(mul_row_n_5 == float("-inf"), 0.0, mul_row_n_5)
    d_S = tl.load(
        d_S_ptr + row_index[:, None] * d_S_stride_row + n_index[None, :] * d_S_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    add_row_n_2 = d_S.to(tl.float32) + (rsqrt_row[:, None] * (mul_row_n - safe_))
    tile_bf16 = add_row_n_2.to(tl.bfloat16)
    tl.store(
        d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )
    tl.store(
        d_R_ptr + row_index[:, None] * d_R_stride_row + n_index[None, :] * d_R_stride_n,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def layernorm_residual_backward_d_X_d_R_kernel(
    X_ptr, R_ptr, weight_ptr, d_Y_ptr, d_S_ptr, state_ptr, state___ptr, d_X_ptr, d_R_ptr, X_stride_row,
    X_stride_n, R_stride_row, R_stride_n, weight_stride_n, d_Y_stride_row, d_Y_stride_n, d_S_stride_row,
    d_S_stride_n, state_stride_row, state___stride_row, d_X_stride_row, d_X_stride_n, d_R_stride_row,
    d_R_stride_n, size_row, size_n, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:29]
    mul_row = state * recip
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    rsqrt_row = tl.rsqrt(1e-05 + (state__ * recip))
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index[:, None] * R_stride_row + n_index[None, :] * R_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:29]
        sub_row_n = S - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        d_Y = tl.load(
            d_Y_ptr + row_index[:, None] * d_Y_stride_row + n_index[None, :] * d_Y_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        d_Y_f32 = d_Y.to(tl.float32)
        mul_row_n = (weight[None, :] * d_Y_f32) * sub_row_n
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(S == float("-inf"), 0.0, S)
        mul_row_n_2 = (((recip * rsqrt_row) * rsqrt_row) * next_acc_n)[:, None] * sub_row_n_2
        add_row_n = mul_row_n_2 + (weight[None, :] * d_Y_f32)
        tile_sum_2 = tl.sum(add_row_n, 1)
        next_sum_n = (sum_n + sum_n_3) + tile_sum_2
        tile_sum_3 = tl.sum(sub_row_n_2, 1)
        next_sum_n_2 = sum_n_2 + tile_sum_3
        acc_n = next_acc_n
        sum_n = next_sum_n
        sum_n_2 = next_sum_n_2
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index[:, None] * R_stride_row + n_index[None, :] * R_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[fused.diag:10]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:29]
        sub_row_n = S - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        d_Y = tl.load(
            d_Y_ptr + row_index[:, None] * d_Y_stride_row + n_index[None, :] * d_Y_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        d_Y_f32 = d_Y.to(tl.float32)
        mul_row_n = (weight[None, :] * d_Y_f32) * sub_row_n
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(S == float("-inf"), 0.0, S)
        sub_row_n_3 = tl.where((n_index < size_n)[None, :], sub_row_n_2, 0.0)
        mul_row_n_2 = (((recip * rsqrt_row) * rsqrt_row) * next_acc_n)[:, None] * sub_row_n_3
        add_row_n = tl.where((n_index < size_n)[None, :], mul_row_n_2 + (weight[None, :] * d_Y_f32), 0.0)
        tile_sum_2 = tl.sum(add_row_n, 1)
        next_sum_n = (sum_n + sum_n_3) + tile_sum_2
        tile_sum_3 = tl.sum(sub_row_n_3, 1)
        next_sum_n_2 = sum_n_2 + tile_sum_3
        acc_n = next_acc_n
        sum_n = next_sum_n
        sum_n_2 = next_sum_n_2
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index[:, None] * R_stride_row + n_index[None, :] * R_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:10]
        # src[maps.diag:29]
        sub_row_n = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((rsqrt_row * rsqrt_row) * acc_n)[:, None] * sub_row_n
        mul_row_n_2 = recip * (mul_row_n + sum_n[:, None])
        d_Y = tl.load(
            d_Y_ptr + row_index[:, None] * d_Y_stride_row + n_index[None, :] * d_Y_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        mul_row_n_3 = rsqrt_row[:, None] * ((weight[None, :] * d_Y.to(tl.float32)) - safe_)
        d_S = tl.load(
            d_S_ptr + row_index[:, None] * d_S_stride_row + n_index[None, :] * d_S_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        tile_bf16 = (d_S.to(tl.float32) + mul_row_n_3).to(tl.bfloat16)
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            tile_bf16,
            mask=(row_index < size_row)[:, None],
        )
        tl.store(
            d_R_ptr + row_index[:, None] * d_R_stride_row + n_index[None, :] * d_R_stride_n,
            tile_bf16,
            mask=(row_index < size_row)[:, None],
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index[:, None] * R_stride_row + n_index[None, :] * R_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[fused.diag:10]
        # src[maps.diag:29]
        sub_row_n = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((rsqrt_row * rsqrt_row) * acc_n)[:, None] * sub_row_n
        mul_row_n_2 = recip * (mul_row_n + sum_n[:, None])
        d_Y = tl.load(
            d_Y_ptr + row_index[:, None] * d_Y_stride_row + n_index[None, :] * d_Y_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[fused.diag:6]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        mul_row_n_3 = rsqrt_row[:, None] * ((weight[None, :] * d_Y.to(tl.float32)) - safe_)
        d_S = tl.load(
            d_S_ptr + row_index[:, None] * d_S_stride_row + n_index[None, :] * d_S_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        tile_bf16 = (d_S.to(tl.float32) + mul_row_n_3).to(tl.bfloat16)
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            tile_bf16,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        )
        tl.store(
            d_R_ptr + row_index[:, None] * d_R_stride_row + n_index[None, :] * d_R_stride_n,
            tile_bf16,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        )


@triton.jit
def layernorm_residual_backward_d_weight_d_bias_rows_kernel(
    X_ptr, R_ptr, d_Y_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, d_Y_stride_row, d_Y_stride_n, state_stride_row, state___stride_row,
    d_weight_stride_n, d_bias_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    # src[maps.diag:29]
    mul_row = state * recip
    # src[fused.diag:6]
    R = tl.load(
        R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    # src[fused.diag:10]
    # src[maps.diag:29]
    sub_n_row = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
    d_Y = tl.load(
        d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    state__ = load_tile(state___ptr + row_index * state___stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    rsqrt_row = tl.where(row_index < size_row, tl.rsqrt(1e-05 + (state__ * recip)), 0.0)
    d_Y_f32 = d_Y.to(tl.float32)
    mul_n_row = (rsqrt_row[None, :] * d_Y_f32) * sub_n_row
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < size_n))
    sum_2 = tl.sum(d_Y_f32, 1)
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_2, mask=(n_index < size_n))


@triton.jit
def layernorm_residual_backward_d_weight_d_bias_kernel(
    X_ptr, R_ptr, d_Y_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, d_Y_stride_row, d_Y_stride_n, state_stride_row, state___stride_row,
    d_weight_stride_n, d_bias_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N], 0.0, tl.float32)
    sum_row = tl.full([BLOCK_N], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:29]
        mul_row = state * recip
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[fused.diag:10]
        # src[maps.diag:29]
        sub_n_row = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        d_Y = tl.load(
            d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + row_index * state___stride_row)
        d_Y_f32 = d_Y.to(tl.float32)
        tile = tl.rsqrt(1e-05 + (state__ * recip))[None, :] * d_Y_f32
        mul_n_row = tile * sub_n_row
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(d_Y_f32, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:29]
        mul_row = state * recip
        # src[fused.diag:6]
        R = tl.load(
            R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[fused.diag:10]
        # src[maps.diag:29]
        sub_n_row = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        d_Y = tl.load(
            d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        state__ = tl.load(
            state___ptr + row_index * state___stride_row,
            mask=(row_index < size_row),
            other=0.0,
        )
        rsqrt_row = tl.where(row_index < size_row, tl.rsqrt(1e-05 + (state__ * recip)), 0.0)
        d_Y_f32 = d_Y.to(tl.float32)
        mul_n_row = (rsqrt_row[None, :] * d_Y_f32) * sub_n_row
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(d_Y_f32, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < size_n))
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_row, mask=(n_index < size_n))


@_operator
def _layernorm_residual(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_residual(X: bf16[row n], R: bf16[row n], weight: f32[n], bias: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    Y = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    S = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(Y):
        return Y, S
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_residual_rows_kernel[grid](
            X, R, weight, bias, Y, S, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
            bias.stride(0), Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), row, n, BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return Y, S
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_residual_kernel[grid](
        X, R, weight, bias, Y, S, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
        bias.stride(0), Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), row, n, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return Y, S


@_operator
def _layernorm_residual_forward(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_layernorm_residual_forward(X: bf16[row n], R: bf16[row n], weight: f32[n], bias: f32[n]) -> Y: bf16[row n], S: bf16[row n], state: f32[row], state__: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    Y = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    S = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    state__ = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(Y):
        return Y, S, state, state__
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_residual_forward_rows_kernel[grid](
            X, R, weight, bias, Y, S, state, state__, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
            weight.stride(0), bias.stride(0), Y.stride(0), Y.stride(1), S.stride(0), S.stride(1),
            state.stride(0), state__.stride(0), row, n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return Y, S, state, state__
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_residual_forward_kernel[grid](
        X, R, weight, bias, Y, S, state, state__, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
        weight.stride(0), bias.stride(0), Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), state.stride(0),
        state__.stride(0), row, n, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return Y, S, state, state__


@_operator
def _layernorm_residual_backward_d_X_d_R(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    d_Y: torch.Tensor,
    d_S: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_residual_backward_d_X_d_R(X: bf16[row n], R: bf16[row n], weight: f32[n], d_Y: bf16[row n], d_S: bf16[row n], state: f32[row], state__: f32[row]) -> d_X: bf16[row n], d_R: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_Y", d_Y, torch.bfloat16, 2, X.device)
    _check("d_S", d_S, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if d_Y.shape != (row, n):
        raise ValueError(f"d_Y: bf16[row n] has shape {d_Y.shape}, expected {(row, n)}")
    if d_S.shape != (row, n):
        raise ValueError(f"d_S: bf16[row n] has shape {d_S.shape}, expected {(row, n)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    d_R = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X, d_R
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 1024:
        if BLOCK_N <= 16:
            BLOCK_ROW, warps, stages = 256, 4, 1
        elif BLOCK_N <= 64:
            BLOCK_ROW, warps, stages = 64, 4, 1
        elif BLOCK_N <= 256:
            BLOCK_ROW, warps, stages = 16, 4, 1
        else:
            BLOCK_ROW, warps, stages = 8, 8, 1
        grid = (triton.cdiv(row, BLOCK_ROW),)
        layernorm_residual_backward_d_X_d_R_rows_kernel[grid](
            X, R, weight, d_Y, d_S, state, state__, d_X, d_R, X.stride(0), X.stride(1), R.stride(0),
            R.stride(1), weight.stride(0), d_Y.stride(0), d_Y.stride(1), d_S.stride(0), d_S.stride(1),
            state.stride(0), state__.stride(0), d_X.stride(0), d_X.stride(1), d_R.stride(0), d_R.stride(1),
            row, n, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, EXACT_N=n == BLOCK_N, num_warps=warps,
            num_stages=stages,
        )
        return d_X, d_R
    BLOCK_N, BLOCK_ROW, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(row, BLOCK_ROW),)
    layernorm_residual_backward_d_X_d_R_kernel[grid](
        X, R, weight, d_Y, d_S, state, state__, d_X, d_R, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
        weight.stride(0), d_Y.stride(0), d_Y.stride(1), d_S.stride(0), d_S.stride(1), state.stride(0),
        state__.stride(0), d_X.stride(0), d_X.stride(1), d_R.stride(0), d_R.stride(1), row, n,
        BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, num_warps=warps, num_stages=stages,
    )
    return d_X, d_R


@_operator
def _layernorm_residual_backward_d_weight_d_bias(
    X: torch.Tensor,
    R: torch.Tensor,
    d_Y: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_residual_backward_d_weight_d_bias(X: bf16[row n], R: bf16[row n], d_Y: bf16[row n], state: f32[row], state__: f32[row]) -> d_weight: f32[n], d_bias: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("d_Y", d_Y, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if d_Y.shape != (row, n):
        raise ValueError(f"d_Y: bf16[row n] has shape {d_Y.shape}, expected {(row, n)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    d_weight = torch.empty((n,), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((n,), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
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
        grid = (triton.cdiv(n, BLOCK_N),)
        layernorm_residual_backward_d_weight_d_bias_rows_kernel[grid](
            X, R, d_Y, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
            d_Y.stride(0), d_Y.stride(1), state.stride(0), state__.stride(0), d_weight.stride(0),
            d_bias.stride(0), row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, EXACT_ROW=row == BLOCK_ROW,
            num_warps=warps, num_stages=stages,
        )
        return d_weight, d_bias
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    layernorm_residual_backward_d_weight_d_bias_kernel[grid](
        X, R, d_Y, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
        d_Y.stride(0), d_Y.stride(1), state.stride(0), state__.stride(0), d_weight.stride(0),
        d_bias.stride(0), row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_weight, d_bias


class _layernorm_residual_autograd(torch.autograd.Function):
    """layernorm_residual and its derivative."""

    @staticmethod
    def forward(ctx, X, R, weight, bias):
        Y, S, state, state__ = _layernorm_residual_forward(X, R, weight, bias)
        ctx.save_for_backward(X, R, weight, state, state__)
        return Y, S

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_Y, d_S):
        X, R, weight, state, state__ = ctx.saved_tensors
        d_X, d_R = _layernorm_residual_backward_d_X_d_R(X, R, weight, d_Y, d_S, state, state__)
        d_weight, d_bias = _layernorm_residual_backward_d_weight_d_bias(X, R, d_Y, state, state__)
        return d_X, d_R, d_weight, d_bias


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32, torch.float32)
def layernorm_residual(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """layernorm_residual(X: bf16[row n], R: bf16[row n], weight: f32[n], bias: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, R, weight, bias)):
        return _layernorm_residual_autograd.apply(X, R, weight, bias)
    Y, S = _layernorm_residual(X, R, weight, bias)
    return Y, S


@triton.jit
def rmsnorm_residual_rows_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, size_row, size_n,
    BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fused.diag:14]
    R = load_tile(R_ptr + row_index * R_stride_row + n_index * R_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[fused.diag:18]
    S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
    # src[maps.diag:25]
    mul_n = S * S
    sum_ = tl.sum(mul_n, 0)
    add = 1e-05 + (sum_ * (1.0 / tl.cast(size_n, tl.float32)))
    # src[fused.diag:14]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:25]
    tl.store(
        Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
        ((tl.rsqrt(add) * weight) * S).to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    # src[fused.diag:18]
    tl.store(
        S_ptr + row_index * S_stride_row + n_index * S_stride_n,
        S.to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def rmsnorm_residual_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, size_row, size_n,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:18]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        mul_n = S * S
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:18]
        S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
        # src[maps.diag:25]
        mul_n = S * S
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    # src[maps.diag:25]
    add = 1e-05 + (acc_n * (1.0 / tl.cast(size_n, tl.float32)))
    rsqrt = tl.rsqrt(add)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:18]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[fused.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * weight) * S).to(tl.bfloat16),
        )
        # src[fused.diag:18]
        tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:18]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[fused.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * weight) * S).to(tl.bfloat16),
            mask=(n_index < size_n),
        )
        # src[fused.diag:18]
        tl.store(
            S_ptr + row_index * S_stride_row + n_index * S_stride_n,
            S.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def rmsnorm_residual_forward_rows_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, state_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, state_stride_row, size_row, size_n,
    BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fused.diag:14]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    R = load_tile(R_ptr + row_index * R_stride_row + n_index * R_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[fused.diag:18]
    S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
    # src[maps.diag:25]
    mul_n = S * S
    sum_ = tl.sum(mul_n, 0)
    add = 1e-05 + ((1.0 / tl.cast(size_n, tl.float32)) * sum_)
    tl.store(
        Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
        ((tl.rsqrt(add) * S) * weight).to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    # src[fused.diag:18]
    tl.store(
        S_ptr + row_index * S_stride_row + n_index * S_stride_n,
        S.to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    tl.store(state_ptr + row_index * state_stride_row, sum_)


@triton.jit
def rmsnorm_residual_forward_kernel(
    X_ptr, R_ptr, weight_ptr, Y_ptr, S_ptr, state_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    weight_stride_n, Y_stride_row, Y_stride_n, S_stride_row, S_stride_n, state_stride_row, size_row, size_n,
    BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:18]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        mul_n = S * S
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:18]
        S = tl.where(n_index < size_n, X.to(tl.float32) + R.to(tl.float32), 0.0)
        # src[maps.diag:25]
        mul_n = S * S
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    tl.store(state_ptr + row_index * state_stride_row, acc_n)
    # src[maps.diag:25]
    add = 1e-05 + ((1.0 / tl.cast(size_n, tl.float32)) * acc_n)
    rsqrt = tl.rsqrt(add)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:18]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * S) * weight).to(tl.bfloat16),
        )
        # src[fused.diag:18]
        tl.store(S_ptr + row_index * S_stride_row + n_index * S_stride_n, S.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:18]
        S = X.to(tl.float32) + R.to(tl.float32)
        # src[maps.diag:25]
        tl.store(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            ((rsqrt * S) * weight).to(tl.bfloat16),
            mask=(n_index < size_n),
        )
        # src[fused.diag:18]
        tl.store(
            S_ptr + row_index * S_stride_row + n_index * S_stride_n,
            S.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def rmsnorm_residual_backward_d_X_d_R_rows_kernel(
    X_ptr, R_ptr, weight_ptr, d_Y_ptr, d_S_ptr, Y_ptr, state_ptr, d_X_ptr, d_R_ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, weight_stride_n, d_Y_stride_row, d_Y_stride_n, d_S_stride_row, d_S_stride_n,
    Y_stride_row, Y_stride_n, state_stride_row, d_X_stride_row, d_X_stride_n, d_R_stride_row, d_R_stride_n,
    size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    d_S = load_tile(
        d_S_ptr + row_index * d_S_stride_row + n_index * d_S_stride_n,
        (n_index < size_n),
        0.0,
        EXACT_N,
    )
    recip = 1.0 / tl.cast(size_n, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row)
    rsqrt = tl.rsqrt(1e-05 + (state * recip))
    # src[fused.diag:14]
    R = load_tile(R_ptr + row_index * R_stride_row + n_index * R_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[fused.diag:18]
    d_Y = load_tile(
        d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n,
        (n_index < size_n),
        0.0,
        EXACT_N,
    )
    Y = load_tile(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n, (n_index < size_n), 0.0, EXACT_N)
    d_Y_f32 = d_Y.to(tl.float32)
    mul_n = Y.to(tl.float32) * d_Y_f32
    sum_ = tl.sum(mul_n, 0)
    mul_n_2 = ((sum_ * recip) * rsqrt) * (X.to(tl.float32) + R.to(tl.float32))
    # src[fused.diag:14]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    sub_n = (d_Y_f32 * weight) - tl.where(mul_n_2 == float("-inf"), 0.0, mul_n_2)
    tile_bf16 = ((sub_n * rsqrt) + d_S.to(tl.float32)).to(tl.bfloat16)
    tl.store(
        d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
        tile_bf16,
        mask=(n_index < size_n),
    )
    tl.store(
        d_R_ptr + row_index * d_R_stride_row + n_index * d_R_stride_n,
        tile_bf16,
        mask=(n_index < size_n),
    )


@triton.jit
def rmsnorm_residual_backward_d_X_d_R_kernel(
    X_ptr, R_ptr, weight_ptr, d_Y_ptr, d_S_ptr, Y_ptr, state_ptr, d_X_ptr, d_R_ptr, X_stride_row, X_stride_n,
    R_stride_row, R_stride_n, weight_stride_n, d_Y_stride_row, d_Y_stride_n, d_S_stride_row, d_S_stride_n,
    Y_stride_row, Y_stride_n, state_stride_row, d_X_stride_row, d_X_stride_n, d_R_stride_row, d_R_stride_n,
    size_row, size_n, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        d_Y = tl.load(d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n)
        Y = tl.load(Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n)
        mul_n = Y.to(tl.float32) * d_Y.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        d_Y = tl.load(
            d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        Y = tl.load(
            Y_ptr + row_index * Y_stride_row + n_index * Y_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        mul_n = Y.to(tl.float32) * d_Y.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    recip = 1.0 / tl.cast(size_n, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row)
    rsqrt = tl.rsqrt(1e-05 + (state * recip))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        d_S = tl.load(d_S_ptr + row_index * d_S_stride_row + n_index * d_S_stride_n)
        # src[fused.diag:14]
        R = tl.load(R_ptr + row_index * R_stride_row + n_index * R_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[fused.diag:18]
        mul_n = ((acc_n * recip) * rsqrt) * (X.to(tl.float32) + R.to(tl.float32))
        # src[fused.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        d_Y = tl.load(d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n)
        sub_n = (d_Y.to(tl.float32) * weight) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tile_bf16 = ((sub_n * rsqrt) + d_S.to(tl.float32)).to(tl.bfloat16)
        tl.store(d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n, tile_bf16)
        tl.store(d_R_ptr + row_index * d_R_stride_row + n_index * d_R_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        d_S = tl.load(
            d_S_ptr + row_index * d_S_stride_row + n_index * d_S_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:14]
        R = tl.load(
            R_ptr + row_index * R_stride_row + n_index * R_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[fused.diag:18]
        mul_n = ((acc_n * recip) * rsqrt) * (X.to(tl.float32) + R.to(tl.float32))
        # src[fused.diag:14]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        d_Y = tl.load(
            d_Y_ptr + row_index * d_Y_stride_row + n_index * d_Y_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        sub_n = (d_Y.to(tl.float32) * weight) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tile_bf16 = ((sub_n * rsqrt) + d_S.to(tl.float32)).to(tl.bfloat16)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            tile_bf16,
            mask=(n_index < size_n),
        )
        tl.store(
            d_R_ptr + row_index * d_R_stride_row + n_index * d_R_stride_n,
            tile_bf16,
            mask=(n_index < size_n),
        )


@triton.jit
def rmsnorm_residual_backward_d_weight_rows_kernel(
    X_ptr, R_ptr, d_Y_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    d_Y_stride_row, d_Y_stride_n, state_stride_row, d_weight_stride_n, size_row, size_n,
    BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr, EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    add_row = 1e-05 + (state * (1.0 / tl.cast(size_n, tl.float32)))
    # src[fused.diag:14]
    R = tl.load(
        R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    # src[fused.diag:18]
    d_Y = tl.load(
        d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    tile = tl.rsqrt(add_row)[None, :] * d_Y.to(tl.float32)
    mul_n_row = tile * (X.to(tl.float32) + R.to(tl.float32))
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < size_n))


@triton.jit
def rmsnorm_residual_backward_d_weight_kernel(
    X_ptr, R_ptr, d_Y_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, R_stride_row, R_stride_n,
    d_Y_stride_row, d_Y_stride_n, state_stride_row, d_weight_stride_n, size_row, size_n,
    BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[fused.diag:14]
        R = tl.load(
            R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[fused.diag:18]
        d_Y = tl.load(
            d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        tile = tl.rsqrt(1e-05 + (state * recip))[None, :] * d_Y.to(tl.float32)
        mul_n_row = tile * (X.to(tl.float32) + R.to(tl.float32))
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[fused.diag:14]
        R = tl.load(
            R_ptr + row_index[None, :] * R_stride_row + n_index[:, None] * R_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[fused.diag:18]
        d_Y = tl.load(
            d_Y_ptr + row_index[None, :] * d_Y_stride_row + n_index[:, None] * d_Y_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        tile = tl.rsqrt(1e-05 + (state * recip))[None, :] * d_Y.to(tl.float32)
        mul_n_row = tile * (X.to(tl.float32) + R.to(tl.float32))
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < size_n))


@_operator
def _rmsnorm_residual(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_rmsnorm_residual(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    Y = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    S = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(Y):
        return Y, S
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_residual_rows_kernel[grid](
            X, R, weight, Y, S, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
            Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), row, n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return Y, S
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_residual_kernel[grid](
        X, R, weight, Y, S, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0), Y.stride(0),
        Y.stride(1), S.stride(0), S.stride(1), row, n, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return Y, S


@_operator
def _rmsnorm_residual_forward(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_rmsnorm_residual_forward(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n], state: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    Y = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    S = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(Y):
        return Y, S, state
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_residual_forward_rows_kernel[grid](
            X, R, weight, Y, S, state, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
            Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), state.stride(0), row, n, BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return Y, S, state
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_residual_forward_kernel[grid](
        X, R, weight, Y, S, state, X.stride(0), X.stride(1), R.stride(0), R.stride(1), weight.stride(0),
        Y.stride(0), Y.stride(1), S.stride(0), S.stride(1), state.stride(0), row, n, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return Y, S, state


@_operator
def _rmsnorm_residual_backward_d_X_d_R(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    d_Y: torch.Tensor,
    d_S: torch.Tensor,
    Y: torch.Tensor,
    state: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_rmsnorm_residual_backward_d_X_d_R(X: bf16[row n], R: bf16[row n], weight: f32[n], d_Y: bf16[row n], d_S: bf16[row n], Y: bf16[row n], state: f32[row]) -> d_X: bf16[row n], d_R: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_Y", d_Y, torch.bfloat16, 2, X.device)
    _check("d_S", d_S, torch.bfloat16, 2, X.device)
    _check("Y", Y, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if d_Y.shape != (row, n):
        raise ValueError(f"d_Y: bf16[row n] has shape {d_Y.shape}, expected {(row, n)}")
    if d_S.shape != (row, n):
        raise ValueError(f"d_S: bf16[row n] has shape {d_S.shape}, expected {(row, n)}")
    if Y.shape != (row, n):
        raise ValueError(f"Y: bf16[row n] has shape {Y.shape}, expected {(row, n)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    d_R = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X, d_R
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_residual_backward_d_X_d_R_rows_kernel[grid](
            X, R, weight, d_Y, d_S, Y, state, d_X, d_R, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
            weight.stride(0), d_Y.stride(0), d_Y.stride(1), d_S.stride(0), d_S.stride(1), Y.stride(0),
            Y.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), d_R.stride(0), d_R.stride(1), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return d_X, d_R
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_residual_backward_d_X_d_R_kernel[grid](
        X, R, weight, d_Y, d_S, Y, state, d_X, d_R, X.stride(0), X.stride(1), R.stride(0), R.stride(1),
        weight.stride(0), d_Y.stride(0), d_Y.stride(1), d_S.stride(0), d_S.stride(1), Y.stride(0),
        Y.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), d_R.stride(0), d_R.stride(1), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_X, d_R


@_operator
def _rmsnorm_residual_backward_d_weight(
    X: torch.Tensor,
    R: torch.Tensor,
    d_Y: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_residual_backward_d_weight(X: bf16[row n], R: bf16[row n], d_Y: bf16[row n], state: f32[row]) -> d_weight: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("R", R, torch.bfloat16, 2, X.device)
    _check("d_Y", d_Y, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if d_Y.shape != (row, n):
        raise ValueError(f"d_Y: bf16[row n] has shape {d_Y.shape}, expected {(row, n)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_weight = torch.empty((n,), dtype=torch.float32, device=X.device)
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
        grid = (triton.cdiv(n, BLOCK_N),)
        rmsnorm_residual_backward_d_weight_rows_kernel[grid](
            X, R, d_Y, state, d_weight, X.stride(0), X.stride(1), R.stride(0), R.stride(1), d_Y.stride(0),
            d_Y.stride(1), state.stride(0), d_weight.stride(0), row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
            EXACT_ROW=row == BLOCK_ROW, num_warps=warps, num_stages=stages,
        )
        return d_weight
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    rmsnorm_residual_backward_d_weight_kernel[grid](
        X, R, d_Y, state, d_weight, X.stride(0), X.stride(1), R.stride(0), R.stride(1), d_Y.stride(0),
        d_Y.stride(1), state.stride(0), d_weight.stride(0), row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return d_weight


class _rmsnorm_residual_autograd(torch.autograd.Function):
    """rmsnorm_residual and its derivative."""

    @staticmethod
    def forward(ctx, X, R, weight):
        Y, S, state = _rmsnorm_residual_forward(X, R, weight)
        ctx.save_for_backward(X, R, weight, Y, state)
        return Y, S

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_Y, d_S):
        X, R, weight, Y, state = ctx.saved_tensors
        d_X, d_R = _rmsnorm_residual_backward_d_X_d_R(X, R, weight, d_Y, d_S, Y, state)
        d_weight = _rmsnorm_residual_backward_d_weight(X, R, d_Y, state)
        return d_X, d_R, d_weight


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def rmsnorm_residual(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """rmsnorm_residual(X: bf16[row n], R: bf16[row n], weight: f32[n]) -> Y: bf16[row n], S: bf16[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    if R.shape != (row, n):
        raise ValueError(f"R: bf16[row n] has shape {R.shape}, expected {(row, n)}")
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, R, weight)):
        return _rmsnorm_residual_autograd.apply(X, R, weight)
    Y, S = _rmsnorm_residual(X, R, weight)
    return Y, S


@triton.jit
def groupnorm_buffer_0_buffer_1_rows_kernel(
    X_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    buffer_0_stride_b, buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr,
    EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    # src[fused.diag:23]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(tl.sum(X_f32, 1), 0)
    # src[maps.diag:33]
    mul = sum_ * recip
    tl.store(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group, mul)
    centred = tl.where((pixel_index < size_pixel)[None, :], X_f32 - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        tl.rsqrt(1e-05 + (sum_2 * recip)),
    )


@triton.jit
def groupnorm_buffer_0_buffer_1_kernel(
    X_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    buffer_0_stride_b, buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = X_f32 - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, X_f32 - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    # src[maps.diag:33]
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        (sum_channel_pixel * recip),
    )
    # src[maps.diag:34]
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        tl.rsqrt(1e-05 + (acc_channel_pixel * recip)),
    )


@triton.jit
def groupnorm_out_kernel(
    X_ptr, weight_ptr, bias_ptr, buffer_1_ptr, buffer_0_ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, buffer_1_stride_b, buffer_1_stride_group, buffer_0_stride_b, buffer_0_stride_group,
    out_stride_b, out_stride_group, out_stride_channel, out_stride_pixel, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    # src[fused.diag:25]
    bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
    buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
    # src[fused.diag:23]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
    # src[maps.diag:33]
    # src[fused.diag:24]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
    # src[maps.diag:34]
    mul_pixel = (buffer_1 * weight) * (X.to(tl.float32) - safe_buffer_0)
    tl.store(
        out_ptr + b_index * out_stride_b + group_index * out_stride_group + channel_index * out_stride_channel + pixel_index * out_stride_pixel,
        (mul_pixel + bias).to(tl.bfloat16),
        mask=(pixel_index < size_pixel),
    )


@triton.jit
def groupnorm_forward_state_state___rows_kernel(
    X_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, size_b, size_pixel,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr,
    EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    # src[fused.diag:23]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(tl.sum(X_f32, 1), 0)
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_)
    # src[maps.diag:33]
    mul = sum_ * (1.0 / tl.cast((16 * size_pixel), tl.float32))
    centred = tl.where((pixel_index < size_pixel)[None, :], X_f32 - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, sum_2)


@triton.jit
def groupnorm_forward_state_state___kernel(
    X_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = X_f32 - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, X_f32 - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_channel_pixel)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, acc_channel_pixel)


@triton.jit
def groupnorm_forward_out_kernel(
    X_ptr, weight_ptr, bias_ptr, state_ptr, state___ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, state_stride_b, state_stride_group, state___stride_b, state___stride_group,
    out_stride_b, out_stride_group, out_stride_channel, out_stride_pixel, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    # src[fused.diag:25]
    bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
    # src[fused.diag:24]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
    # src[maps.diag:34]
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * recip
    # src[fused.diag:23]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[maps.diag:33]
    centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
    # src[maps.diag:34]
    mul_pixel = (tl.rsqrt(1e-05 + (state__ * recip)) * weight) * centred
    tl.store(
        out_ptr + b_index * out_stride_b + group_index * out_stride_group + channel_index * out_stride_channel + pixel_index * out_stride_pixel,
        (mul_pixel + bias).to(tl.bfloat16),
        mask=(pixel_index < size_pixel),
    )


@triton.jit
def groupnorm_backward_buffer_0_buffer_1_rows_kernel(
    X_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    d_out_stride_b, d_out_stride_group, d_out_stride_channel, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, buffer_0_stride_b, buffer_0_stride_group,
    buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel, BLOCK_CHANNEL: tl.constexpr,
    BLOCK_PIXEL: tl.constexpr, BLOCK_B: tl.constexpr, EXACT_CHANNEL: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    group_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    d_out = tl.load(
        d_out_ptr + b_index[:, None, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index[None, :, None] * d_out_stride_channel + pixel_index[None, None, :] * d_out_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[fused.diag:24]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    # src[fused.diag:23]
    X = tl.load(
        X_ptr + b_index[:, None, None] * X_stride_b + group_index * X_stride_group + channel_index[None, :, None] * X_stride_channel + pixel_index[None, None, :] * X_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    X_f32 = X.to(tl.float32)
    # src[maps.diag:33]
    centred = X_f32 - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None, None]
    d_out_f32 = d_out.to(tl.float32)
    mul_b_channel_pixel = (weight[None, :, None] * centred) * d_out_f32
    sum_ = tl.sum(tl.sum(mul_b_channel_pixel, 2), 1)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        sum_,
        mask=(b_index < size_b),
    )
    sub_b_channel_pixel = mul_b[:, None, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.rsqrt((state__ * recip) + 1e-05)
    mul_b_channel_pixel_2 = (((recip * rsqrt_b) * rsqrt_b) * sum_)[:, None, None] * sub_b_channel_pixel
    add_b_channel_pixel = (weight[None, :, None] * d_out_f32) + mul_b_channel_pixel_2
    add_b_channel_pixel_2 = tl.where((pixel_index < size_pixel)[None, None, :], add_b_channel_pixel, 0.0)
    sum_2 = tl.sum(tl.sum(add_b_channel_pixel_2, 2), 1)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_2,
        mask=(b_index < size_b),
    )


@triton.jit
def groupnorm_backward_buffer_0_buffer_1_kernel(
    X_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    d_out_stride_b, d_out_stride_group, d_out_stride_channel, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, buffer_0_stride_b, buffer_0_stride_group,
    buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
    BLOCK_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    group_index = program.to(tl.int64)
    acc_channel_pixel = tl.full([BLOCK_B], 0.0, tl.float32)
    sum_channel_pixel = tl.full([BLOCK_B], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([BLOCK_B], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.rsqrt((state__ * recip) + 1e-05)
    for channel_index in tl.range(0, 16):
        # src[fused.diag:24]
        weight = tl.load(
            weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        )
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index[:, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index[:, None] * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            # src[maps.diag:33]
            centred = X_f32 - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None]
            d_out_f32 = d_out.to(tl.float32)
            mul_b_pixel = (weight * centred) * d_out_f32
            tile_sum = tl.sum(mul_b_pixel, 1)
            next_acc_channel_pixel = acc_channel_pixel + tile_sum
            where_b = tl.where(tl.abs(acc_channel_pixel) < float("inf"), acc_channel_pixel, 0.0)
            where_b_2 = tl.where(tl.abs(next_acc_channel_pixel) < float("inf"), next_acc_channel_pixel, 0.0)
            mul_b_2 = ((recip * rsqrt_b) * rsqrt_b) * sum_channel_pixel_2
            sum_channel_pixel_3 = sum_channel_pixel + (mul_b_2 * (where_b_2 - where_b))
            sub_b_pixel = mul_b[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
            tile = ((recip * rsqrt_b) * rsqrt_b) * next_acc_channel_pixel
            add_b_pixel = (weight * d_out_f32) + (tile[:, None] * sub_b_pixel)
            tile_sum_2 = tl.sum(add_b_pixel, 1)
            next_sum_channel_pixel = sum_channel_pixel_3 + tile_sum_2
            tile_sum_3 = tl.sum(sub_b_pixel, 1)
            next_sum_channel_pixel_2 = sum_channel_pixel_2 + tile_sum_3
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel = next_sum_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index[:, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index[:, None] * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            # src[maps.diag:33]
            centred = X_f32 - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None]
            d_out_f32 = d_out.to(tl.float32)
            mul_b_pixel = (weight * centred) * d_out_f32
            tile_sum = tl.sum(mul_b_pixel, 1)
            next_acc_channel_pixel = acc_channel_pixel + tile_sum
            where_b = tl.where(tl.abs(acc_channel_pixel) < float("inf"), acc_channel_pixel, 0.0)
            where_b_2 = tl.where(tl.abs(next_acc_channel_pixel) < float("inf"), next_acc_channel_pixel, 0.0)
            mul_b_2 = ((recip * rsqrt_b) * rsqrt_b) * sum_channel_pixel_2
            sum_channel_pixel_3 = sum_channel_pixel + (mul_b_2 * (where_b_2 - where_b))
            sub_b_pixel = mul_b[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
            sub_b_pixel_2 = tl.where((pixel_index < size_pixel)[None, :], sub_b_pixel, 0.0)
            tile = ((recip * rsqrt_b) * rsqrt_b) * next_acc_channel_pixel
            add_b_pixel = (weight * d_out_f32) + (tile[:, None] * sub_b_pixel_2)
            add_b_pixel_2 = tl.where((pixel_index < size_pixel)[None, :], add_b_pixel, 0.0)
            tile_sum_2 = tl.sum(add_b_pixel_2, 1)
            next_sum_channel_pixel = sum_channel_pixel_3 + tile_sum_2
            tile_sum_3 = tl.sum(sub_b_pixel_2, 1)
            next_sum_channel_pixel_2 = sum_channel_pixel_2 + tile_sum_3
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel = next_sum_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        acc_channel_pixel,
        mask=(b_index < size_b),
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_channel_pixel,
        mask=(b_index < size_b),
    )


@triton.jit
def groupnorm_backward_d_weight_d_bias_rows_kernel(
    X_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, d_out_stride_b, d_out_stride_group, d_out_stride_channel,
    d_out_stride_pixel, state_stride_b, state_stride_group, state___stride_b, state___stride_group,
    d_weight_stride_group, d_weight_stride_channel, d_bias_stride_group, d_bias_stride_channel, size_b,
    size_pixel, BLOCK_B: tl.constexpr, BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
    EXACT_B: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    d_out = tl.load(
        d_out_ptr + b_index[None, :, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index[:, None, None] * d_out_stride_channel + pixel_index[None, None, :] * d_out_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = load_tile(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        (b_index < size_b),
        0.0,
        EXACT_B,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    # src[fused.diag:23]
    X = tl.load(
        X_ptr + b_index[None, :, None] * X_stride_b + group_index * X_stride_group + channel_index[:, None, None] * X_stride_channel + pixel_index[None, None, :] * X_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[maps.diag:33]
    centred = X.to(tl.float32) - tl.where(mul_b == float("-inf"), 0.0, mul_b)[None, :, None]
    centred_2 = tl.where((pixel_index < size_pixel)[None, None, :], centred, 0.0)
    state__ = load_tile(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        (b_index < size_b),
        0.0,
        EXACT_B,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.where(b_index < size_b, tl.rsqrt((state__ * recip) + 1e-05), 0.0)
    d_out_f32 = d_out.to(tl.float32)
    mul_channel_b_pixel = (rsqrt_b[None, :, None] * centred_2) * d_out_f32
    sum_ = tl.sum(tl.sum(mul_channel_b_pixel, 2), 1)
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        sum_,
        mask=(channel_index < 16),
    )
    sum_2 = tl.sum(tl.sum(d_out_f32, 2), 1)
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_2,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_backward_d_weight_d_bias_kernel(
    X_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, d_out_stride_b, d_out_stride_group, d_out_stride_channel,
    d_out_stride_pixel, state_stride_b, state_stride_group, state___stride_b, state___stride_group,
    d_weight_stride_group, d_weight_stride_channel, d_bias_stride_group, d_bias_stride_channel, size_b,
    size_pixel, BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    acc_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    sum_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    for b_index in tl.range(0, size_b):
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = state * recip
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt((state__ * recip) + 1e-05)
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + group_index * d_out_stride_group + channel_index[:, None] * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            d_out_f32 = d_out.to(tl.float32)
            mul_channel_pixel = (rsqrt * centred) * d_out_f32
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(d_out_f32, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + group_index * d_out_stride_group + channel_index[:, None] * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            centred_2 = tl.where((pixel_index < size_pixel)[None, :], centred, 0.0)
            d_out_f32 = d_out.to(tl.float32)
            mul_channel_pixel = (rsqrt * centred_2) * d_out_f32
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(d_out_f32, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        acc_b_pixel,
        mask=(channel_index < 16),
    )
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_b_pixel,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_backward_d_X_kernel(
    X_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, buffer_1_ptr, buffer_0_ptr, d_X_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    d_out_stride_b, d_out_stride_group, d_out_stride_channel, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, buffer_1_stride_b, buffer_1_stride_group,
    buffer_0_stride_b, buffer_0_stride_group, d_X_stride_b, d_X_stride_group, d_X_stride_channel,
    d_X_stride_pixel, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * recip
    # src[fused.diag:23]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[maps.diag:33]
    centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
    state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
    # src[maps.diag:34]
    rsqrt = tl.rsqrt((state__ * recip) + 1e-05)
    buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
    add_pixel = buffer_1 + (((rsqrt * rsqrt) * buffer_0) * centred)
    mul_pixel = add_pixel * recip
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + group_index * d_out_stride_group + channel_index * d_out_stride_channel + pixel_index * d_out_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:24]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    safe_ = tl.where(mul_pixel == float("-inf"), 0.0, mul_pixel)
    mul_pixel_2 = rsqrt * ((weight * d_out.to(tl.float32)) - safe_)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + group_index * d_X_stride_group + channel_index * d_X_stride_channel + pixel_index * d_X_stride_pixel,
        mul_pixel_2.to(tl.bfloat16),
        mask=(pixel_index < size_pixel),
    )


@_operator
def _groupnorm_buffer_0_buffer_1(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_buffer_0_buffer_1(X: bf16[b group channel pixel]) -> buffer_0: f32[b group], buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_buffer_0_buffer_1_rows_kernel[grid](
            X, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2), X.stride(3), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL,
            BLOCK_PIXEL=BLOCK_PIXEL, EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_buffer_0_buffer_1_kernel[grid](
        X, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2), X.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _groupnorm_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_out(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], buffer_1: f32[b group], buffer_0: f32[b group]) -> out: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    out = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_out_kernel[grid](
        X, weight, bias, buffer_1, buffer_0, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_forward_state_state__(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_forward_state_state__(X: bf16[b group channel pixel]) -> state: f32[b group], state__: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    state = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    state__ = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state, state__
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_forward_state_state___rows_kernel[grid](
            X, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), state.stride(0),
            state.stride(1), state__.stride(0), state__.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL,
            BLOCK_PIXEL=BLOCK_PIXEL, EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return state, state__
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_forward_state_state___kernel[grid](
        X, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), state.stride(0),
        state.stride(1), state__.stride(0), state__.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL,
        num_warps=warps, num_stages=stages,
    )
    return state, state__


@_operator
def _groupnorm_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_forward_out(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], state: f32[b group], state__: f32[b group]) -> out: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    out = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_forward_out_kernel[grid](
        X, weight, bias, state, state__, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), state.stride(0), state.stride(1),
        state__.stride(0), state__.stride(1), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b,
        pixel, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_backward_buffer_0_buffer_1(
    X: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_backward_buffer_0_buffer_1(X: bf16[b group channel pixel], weight: f32[group channel], d_out: bf16[b group channel pixel], state: f32[b group], state__: f32[b group]) -> buffer_0: f32[b group], buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if d_out.shape != (b, 4, 16, pixel):
        raise ValueError(f"d_out: bf16[b group channel pixel] has shape {d_out.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 256:
            BLOCK_B, warps, stages = 8, 4, 1
        else:
            BLOCK_B, warps, stages = 8, 8, 1
        grid = (triton.cdiv(b, BLOCK_B) * 4,)
        groupnorm_backward_buffer_0_buffer_1_rows_kernel[grid](
            X, weight, d_out, state, state__, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
            X.stride(3), weight.stride(0), weight.stride(1), d_out.stride(0), d_out.stride(1),
            d_out.stride(2), d_out.stride(3), state.stride(0), state.stride(1), state__.stride(0),
            state__.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1),
            b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_B=BLOCK_B,
            EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_PIXEL, BLOCK_B, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B) * 4,)
    groupnorm_backward_buffer_0_buffer_1_kernel[grid](
        X, weight, d_out, state, state__, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), weight.stride(0), weight.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), state.stride(0), state.stride(1), state__.stride(0), state__.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel,
        BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_B=BLOCK_B, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _groupnorm_backward_d_weight_d_bias(
    X: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_backward_d_weight_d_bias(X: bf16[b group channel pixel], d_out: bf16[b group channel pixel], state: f32[b group], state__: f32[b group]) -> d_weight: f32[group channel], d_bias: f32[group channel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if d_out.shape != (b, 4, 16, pixel):
        raise ValueError(f"d_out: bf16[b group channel pixel] has shape {d_out.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    d_weight = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_B * BLOCK_PIXEL <= 1024:
        if BLOCK_B * BLOCK_PIXEL <= 256:
            BLOCK_CHANNEL, warps, stages = 8, 4, 1
        else:
            BLOCK_CHANNEL, warps, stages = 8, 8, 1
        grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
        groupnorm_backward_d_weight_d_bias_rows_kernel[grid](
            X, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
            d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), state.stride(0),
            state.stride(1), state__.stride(0), state__.stride(1), d_weight.stride(0), d_weight.stride(1),
            d_bias.stride(0), d_bias.stride(1), b, pixel, BLOCK_B=BLOCK_B, BLOCK_PIXEL=BLOCK_PIXEL,
            BLOCK_CHANNEL=BLOCK_CHANNEL, EXACT_B=b == BLOCK_B, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return d_weight, d_bias
    BLOCK_PIXEL, BLOCK_CHANNEL, warps, stages = 128, 16, 8, 2
    grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
    groupnorm_backward_d_weight_d_bias_kernel[grid](
        X, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), state.stride(0), state.stride(1),
        state__.stride(0), state__.stride(1), d_weight.stride(0), d_weight.stride(1), d_bias.stride(0),
        d_bias.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_CHANNEL=BLOCK_CHANNEL, num_warps=warps,
        num_stages=stages,
    )
    return d_weight, d_bias


@_operator
def _groupnorm_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_backward_d_X(X: bf16[b group channel pixel], weight: f32[group channel], d_out: bf16[b group channel pixel], state: f32[b group], state__: f32[b group], buffer_1: f32[b group], buffer_0: f32[b group]) -> d_X: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if d_out.shape != (b, 4, 16, pixel):
        raise ValueError(f"d_out: bf16[b group channel pixel] has shape {d_out.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    d_X = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_backward_d_X_kernel[grid](
        X, weight, d_out, state, state__, buffer_1, buffer_0, d_X, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), weight.stride(0), weight.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), state.stride(0), state.stride(1), state__.stride(0), state__.stride(1),
        buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
        d_X.stride(1), d_X.stride(2), d_X.stride(3), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps,
        num_stages=stages,
    )
    return d_X


class _groupnorm_autograd(torch.autograd.Function):
    """groupnorm and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, bias):
        state, state__ = _groupnorm_forward_state_state__(X)
        out = _groupnorm_forward_out(X, weight, bias, state, state__)
        ctx.save_for_backward(X, weight, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, state, state__ = ctx.saved_tensors
        buffer_0, buffer_1 = _groupnorm_backward_buffer_0_buffer_1(X, weight, d_out, state, state__)
        d_weight, d_bias = _groupnorm_backward_d_weight_d_bias(X, d_out, state, state__)
        d_X = _groupnorm_backward_d_X(X, weight, d_out, state, state__, buffer_1, buffer_0)
        return d_X, d_weight, d_bias


@_anywhere(torch.bfloat16, torch.float32, torch.float32)
def groupnorm(X: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """groupnorm(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel]) -> out: bf16[b group channel pixel]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight, bias)):
        return _groupnorm_autograd.apply(X, weight, bias)
    buffer_0, buffer_1 = _groupnorm_buffer_0_buffer_1(X)
    out = _groupnorm_out(X, weight, bias, buffer_1, buffer_0)
    return out


@triton.jit
def groupnorm_residual_buffer_0_buffer_1_rows_kernel(
    X_ptr, R_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel, buffer_0_stride_b, buffer_0_stride_group,
    buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel, BLOCK_CHANNEL: tl.constexpr,
    BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    # src[fused.diag:32]
    R = load_tile(
        R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index[:, None] * R_stride_channel + pixel_index[None, :] * R_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    # src[fused.diag:31]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    add_channel_pixel = tl.where((pixel_index < size_pixel)[None, :], X.to(tl.float32) + R.to(tl.float32), 0.0)
    sum_ = tl.sum(tl.sum(add_channel_pixel, 1), 0)
    # src[maps.diag:33]
    mul = sum_ * recip
    tl.store(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group, mul)
    centred = tl.where((pixel_index < size_pixel)[None, :], add_channel_pixel - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        tl.rsqrt(1e-05 + (sum_2 * recip)),
    )


@triton.jit
def groupnorm_residual_buffer_0_buffer_1_kernel(
    X_ptr, R_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel, buffer_0_stride_b, buffer_0_stride_group,
    buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            add_pixel = X.to(tl.float32) + R.to(tl.float32)
            tile_sum = tl.sum(add_pixel, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = add_pixel - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            add_pixel = tl.where(pixel_index < size_pixel, X.to(tl.float32) + R.to(tl.float32), 0.0)
            tile_sum = tl.sum(add_pixel, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, add_pixel - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    # src[maps.diag:33]
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        (sum_channel_pixel * recip),
    )
    # src[maps.diag:34]
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        tl.rsqrt(1e-05 + (acc_channel_pixel * recip)),
    )


@triton.jit
def groupnorm_residual_out_kernel(
    X_ptr, R_ptr, weight_ptr, bias_ptr, buffer_0_ptr, buffer_1_ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel,
    weight_stride_group, weight_stride_channel, bias_stride_group, bias_stride_channel, buffer_0_stride_b,
    buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, out_stride_b, out_stride_group,
    out_stride_channel, out_stride_pixel, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
    buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
    # src[fused.diag:32]
    R = tl.load(
        R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:31]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
    # src[maps.diag:33]
    centred = (X.to(tl.float32) + R.to(tl.float32)) - safe_buffer_0
    # src[fused.diag:33]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    # src[maps.diag:34]
    # src[fused.diag:34]
    bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
    # src[maps.diag:34]
    tile_bf16 = (bias + ((weight * buffer_1) * centred)).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + group_index * out_stride_group + channel_index * out_stride_channel + pixel_index * out_stride_pixel,
        tile_bf16,
        mask=(pixel_index < size_pixel),
    )


@triton.jit
def groupnorm_residual_forward_state_state___rows_kernel(
    X_ptr, R_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel, state_stride_b, state_stride_group,
    state___stride_b, state___stride_group, size_b, size_pixel, BLOCK_CHANNEL: tl.constexpr,
    BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    # src[fused.diag:32]
    R = load_tile(
        R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index[:, None] * R_stride_channel + pixel_index[None, :] * R_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    # src[fused.diag:31]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    add_channel_pixel = tl.where((pixel_index < size_pixel)[None, :], X.to(tl.float32) + R.to(tl.float32), 0.0)
    sum_ = tl.sum(tl.sum(add_channel_pixel, 1), 0)
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_)
    # src[maps.diag:33]
    mul = sum_ * (1.0 / tl.cast((16 * size_pixel), tl.float32))
    centred = tl.where((pixel_index < size_pixel)[None, :], add_channel_pixel - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, sum_2)


@triton.jit
def groupnorm_residual_forward_state_state___kernel(
    X_ptr, R_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel, state_stride_b, state_stride_group,
    state___stride_b, state___stride_group, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            add_pixel = X.to(tl.float32) + R.to(tl.float32)
            tile_sum = tl.sum(add_pixel, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = add_pixel - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            add_pixel = tl.where(pixel_index < size_pixel, X.to(tl.float32) + R.to(tl.float32), 0.0)
            tile_sum = tl.sum(add_pixel, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = (next_sum_channel_pixel * where) * recip
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, add_pixel - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_channel_pixel)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, acc_channel_pixel)


@triton.jit
def groupnorm_residual_forward_out_kernel(
    X_ptr, R_ptr, weight_ptr, bias_ptr, state___ptr, state_ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel,
    weight_stride_group, weight_stride_channel, bias_stride_group, bias_stride_channel, state___stride_b,
    state___stride_group, state_stride_b, state_stride_group, out_stride_b, out_stride_group,
    out_stride_channel, out_stride_pixel, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    # src[fused.diag:34]
    bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
    # src[fused.diag:33]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * recip
    # src[fused.diag:32]
    R = tl.load(
        R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:31]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    # src[maps.diag:33]
    centred = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul == float("-inf"), 0.0, mul)
    state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
    # src[maps.diag:34]
    mul_pixel = (tl.rsqrt(1e-05 + (state__ * recip)) * weight) * centred
    tl.store(
        out_ptr + b_index * out_stride_b + group_index * out_stride_group + channel_index * out_stride_channel + pixel_index * out_stride_pixel,
        (mul_pixel + bias).to(tl.bfloat16),
        mask=(pixel_index < size_pixel),
    )


@triton.jit
def groupnorm_residual_backward_buffer_0_buffer_1_rows_kernel(
    X_ptr, R_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group, R_stride_channel,
    R_stride_pixel, weight_stride_group, weight_stride_channel, d_out_stride_b, d_out_stride_group,
    d_out_stride_channel, d_out_stride_pixel, state_stride_b, state_stride_group, state___stride_b,
    state___stride_group, buffer_0_stride_b, buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group,
    size_b, size_pixel, BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_CHANNEL: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    group_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    # src[fused.diag:33]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    # src[fused.diag:32]
    R = tl.load(
        R_ptr + b_index[:, None, None] * R_stride_b + group_index * R_stride_group + channel_index[None, :, None] * R_stride_channel + pixel_index[None, None, :] * R_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[fused.diag:31]
    X = tl.load(
        X_ptr + b_index[:, None, None] * X_stride_b + group_index * X_stride_group + channel_index[None, :, None] * X_stride_channel + pixel_index[None, None, :] * X_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    add_b_channel_pixel = X.to(tl.float32) + R.to(tl.float32)
    # src[maps.diag:33]
    centred = add_b_channel_pixel - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None, None]
    d_out = tl.load(
        d_out_ptr + b_index[:, None, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index[None, :, None] * d_out_stride_channel + pixel_index[None, None, :] * d_out_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    d_out_f32 = d_out.to(tl.float32)
    mul_b_channel_pixel = (weight[None, :, None] * d_out_f32) * centred
    sum_ = tl.sum(tl.sum(mul_b_channel_pixel, 2), 1)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        sum_,
        mask=(b_index < size_b),
    )
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.rsqrt(1e-05 + (state__ * recip))
    safe_ = tl.where(add_b_channel_pixel == float("-inf"), 0.0, add_b_channel_pixel)
    mul_b_channel_pixel_2 = (((recip * sum_) * rsqrt_b) * rsqrt_b)[:, None, None] * (mul_b[:, None, None] - safe_)
    add_b_channel_pixel_2 = (d_out_f32 * weight[None, :, None]) + mul_b_channel_pixel_2
    add_b_channel_pixel_3 = tl.where((pixel_index < size_pixel)[None, None, :], add_b_channel_pixel_2, 0.0)
    sum_2 = tl.sum(tl.sum(add_b_channel_pixel_3, 2), 1)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_2,
        mask=(b_index < size_b),
    )


@triton.jit
def groupnorm_residual_backward_buffer_0_buffer_1_kernel(
    X_ptr, R_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group, R_stride_channel,
    R_stride_pixel, weight_stride_group, weight_stride_channel, d_out_stride_b, d_out_stride_group,
    d_out_stride_channel, d_out_stride_pixel, state_stride_b, state_stride_group, state___stride_b,
    state___stride_group, buffer_0_stride_b, buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group,
    size_b, size_pixel, BLOCK_PIXEL: tl.constexpr, BLOCK_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    group_index = program.to(tl.int64)
    acc_channel_pixel = tl.full([BLOCK_B], 0.0, tl.float32)
    sum_channel_pixel = tl.full([BLOCK_B], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([BLOCK_B], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.rsqrt(1e-05 + (state__ * recip))
    for channel_index in tl.range(0, 16):
        # src[fused.diag:33]
        weight = tl.load(
            weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        )
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index[:, None] * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index[None, :] * R_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index[:, None] * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            add_b_pixel = X.to(tl.float32) + R.to(tl.float32)
            # src[maps.diag:33]
            centred = add_b_pixel - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None]
            d_out = tl.load(
                d_out_ptr + b_index[:, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            d_out_f32 = d_out.to(tl.float32)
            mul_b_pixel = (weight * d_out_f32) * centred
            tile_sum = tl.sum(mul_b_pixel, 1)
            next_acc_channel_pixel = acc_channel_pixel + tile_sum
            where_b = tl.where(tl.abs(acc_channel_pixel) < float("inf"), acc_channel_pixel, 0.0)
            where_b_2 = tl.where(tl.abs(next_acc_channel_pixel) < float("inf"), next_acc_channel_pixel, 0.0)
            mul_b_2 = ((recip * rsqrt_b) * rsqrt_b) * sum_channel_pixel_2
            sum_channel_pixel_3 = sum_channel_pixel + (mul_b_2 * (where_b_2 - where_b))
            safe_ = tl.where(add_b_pixel == float("-inf"), 0.0, add_b_pixel)
            sub_b_pixel = mul_b[:, None] - safe_
            tile = ((recip * next_acc_channel_pixel) * rsqrt_b) * rsqrt_b
            add_b_pixel_2 = (d_out_f32 * weight) + (tile[:, None] * sub_b_pixel)
            tile_sum_2 = tl.sum(add_b_pixel_2, 1)
            next_sum_channel_pixel = sum_channel_pixel_3 + tile_sum_2
            tile_sum_3 = tl.sum(sub_b_pixel, 1)
            next_sum_channel_pixel_2 = sum_channel_pixel_2 + tile_sum_3
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel = next_sum_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index[:, None] * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index[None, :] * R_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index[:, None] * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            add_b_pixel = X.to(tl.float32) + R.to(tl.float32)
            # src[maps.diag:33]
            centred = add_b_pixel - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None]
            d_out = tl.load(
                d_out_ptr + b_index[:, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            d_out_f32 = d_out.to(tl.float32)
            mul_b_pixel = (weight * d_out_f32) * centred
            tile_sum = tl.sum(mul_b_pixel, 1)
            next_acc_channel_pixel = acc_channel_pixel + tile_sum
            where_b = tl.where(tl.abs(acc_channel_pixel) < float("inf"), acc_channel_pixel, 0.0)
            where_b_2 = tl.where(tl.abs(next_acc_channel_pixel) < float("inf"), next_acc_channel_pixel, 0.0)
            mul_b_2 = ((recip * rsqrt_b) * rsqrt_b) * sum_channel_pixel_2
            sum_channel_pixel_3 = sum_channel_pixel + (mul_b_2 * (where_b_2 - where_b))
            safe_ = tl.where(add_b_pixel == float("-inf"), 0.0, add_b_pixel)
            sub_b_pixel = tl.where((pixel_index < size_pixel)[None, :], mul_b[:, None] - safe_, 0.0)
            tile = ((recip * next_acc_channel_pixel) * rsqrt_b) * rsqrt_b
            add_b_pixel_2 = (d_out_f32 * weight) + (tile[:, None] * sub_b_pixel)
            add_b_pixel_3 = tl.where((pixel_index < size_pixel)[None, :], add_b_pixel_2, 0.0)
            tile_sum_2 = tl.sum(add_b_pixel_3, 1)
            next_sum_channel_pixel = sum_channel_pixel_3 + tile_sum_2
            tile_sum_3 = tl.sum(sub_b_pixel, 1)
            next_sum_channel_pixel_2 = sum_channel_pixel_2 + tile_sum_3
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel = next_sum_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        acc_channel_pixel,
        mask=(b_index < size_b),
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_channel_pixel,
        mask=(b_index < size_b),
    )


@triton.jit
def groupnorm_residual_backward_d_weight_d_bias_rows_kernel(
    X_ptr, R_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel,
    d_out_stride_b, d_out_stride_group, d_out_stride_channel, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, d_weight_stride_group,
    d_weight_stride_channel, d_bias_stride_group, d_bias_stride_channel, size_b, size_pixel,
    BLOCK_B: tl.constexpr, BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr, EXACT_B: tl.constexpr,
    EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = load_tile(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        (b_index < size_b),
        0.0,
        EXACT_B,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    # src[fused.diag:32]
    R = tl.load(
        R_ptr + b_index[None, :, None] * R_stride_b + group_index * R_stride_group + channel_index[:, None, None] * R_stride_channel + pixel_index[None, None, :] * R_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[fused.diag:31]
    X = tl.load(
        X_ptr + b_index[None, :, None] * X_stride_b + group_index * X_stride_group + channel_index[:, None, None] * X_stride_channel + pixel_index[None, None, :] * X_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    # src[maps.diag:33]
    centred = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul_b == float("-inf"), 0.0, mul_b)[None, :, None]
    d_out = tl.load(
        d_out_ptr + b_index[None, :, None] * d_out_stride_b + group_index * d_out_stride_group + channel_index[:, None, None] * d_out_stride_channel + pixel_index[None, None, :] * d_out_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    state__ = load_tile(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        (b_index < size_b),
        0.0,
        EXACT_B,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.where(b_index < size_b, tl.rsqrt(1e-05 + (state__ * recip)), 0.0)
    d_out_f32 = d_out.to(tl.float32)
    mul_channel_b_pixel = (rsqrt_b[None, :, None] * d_out_f32) * centred
    sum_ = tl.sum(tl.sum(mul_channel_b_pixel, 2), 1)
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        sum_,
        mask=(channel_index < 16),
    )
    sum_2 = tl.sum(tl.sum(d_out_f32, 2), 1)
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_2,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_residual_backward_d_weight_d_bias_kernel(
    X_ptr, R_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group, R_stride_channel, R_stride_pixel,
    d_out_stride_b, d_out_stride_group, d_out_stride_channel, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, d_weight_stride_group,
    d_weight_stride_channel, d_bias_stride_group, d_bias_stride_channel, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    acc_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    sum_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    for b_index in tl.range(0, size_b):
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = state * recip
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index[:, None] * R_stride_channel + pixel_index[None, :] * R_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            # src[maps.diag:33]
            centred = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul == float("-inf"), 0.0, mul)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + group_index * d_out_stride_group + channel_index[:, None] * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            d_out_f32 = d_out.to(tl.float32)
            mul_channel_pixel = (rsqrt * d_out_f32) * centred
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(d_out_f32, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            # src[fused.diag:32]
            R = tl.load(
                R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index[:, None] * R_stride_channel + pixel_index[None, :] * R_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:31]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:32]
            # src[fused.diag:36]
            # src[maps.diag:33]
            centred = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul == float("-inf"), 0.0, mul)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + group_index * d_out_stride_group + channel_index[:, None] * d_out_stride_channel + pixel_index[None, :] * d_out_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            d_out_f32 = d_out.to(tl.float32)
            mul_channel_pixel = (rsqrt * d_out_f32) * centred
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(d_out_f32, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        acc_b_pixel,
        mask=(channel_index < 16),
    )
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_b_pixel,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_residual_backward_d_X_d_R_kernel(
    X_ptr, R_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, buffer_1_ptr, buffer_0_ptr, d_X_ptr, d_R_ptr,
    X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel, R_stride_b, R_stride_group,
    R_stride_channel, R_stride_pixel, weight_stride_group, weight_stride_channel, d_out_stride_b,
    d_out_stride_group, d_out_stride_channel, d_out_stride_pixel, state_stride_b, state_stride_group,
    state___stride_b, state___stride_group, buffer_1_stride_b, buffer_1_stride_group, buffer_0_stride_b,
    buffer_0_stride_group, d_X_stride_b, d_X_stride_group, d_X_stride_channel, d_X_stride_pixel, d_R_stride_b,
    d_R_stride_group, d_R_stride_channel, d_R_stride_pixel, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
    # src[maps.diag:34]
    rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * recip
    # src[fused.diag:32]
    R = tl.load(
        R_ptr + b_index * R_stride_b + group_index * R_stride_group + channel_index * R_stride_channel + pixel_index * R_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:31]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:32]
    # src[fused.diag:36]
    # src[maps.diag:33]
    centred = (X.to(tl.float32) + R.to(tl.float32)) - tl.where(mul == float("-inf"), 0.0, mul)
    buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
    buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
    add_pixel = buffer_1 + (((buffer_0 * rsqrt) * rsqrt) * centred)
    mul_pixel = add_pixel * recip
    # src[fused.diag:33]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + group_index * d_out_stride_group + channel_index * d_out_stride_channel + pixel_index * d_out_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    safe_ = tl.where(mul_pixel == float("-inf"), 0.0, mul_pixel)
    mul_pixel_2 = ((d_out.to(tl.float32) * weight) - safe_) * rsqrt
    tile_bf16 = mul_pixel_2.to(tl.bfloat16)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + group_index * d_X_stride_group + channel_index * d_X_stride_channel + pixel_index * d_X_stride_pixel,
        tile_bf16,
        mask=(pixel_index < size_pixel),
    )
    tl.store(
        d_R_ptr + b_index * d_R_stride_b + group_index * d_R_stride_group + channel_index * d_R_stride_channel + pixel_index * d_R_stride_pixel,
        tile_bf16,
        mask=(pixel_index < size_pixel),
    )


@_operator
def _groupnorm_residual_buffer_0_buffer_1(
    X: torch.Tensor,
    R: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_residual_buffer_0_buffer_1(X: bf16[b group channel pixel], R: bf16[b group channel pixel]) -> buffer_0: f32[b group], buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_residual_buffer_0_buffer_1_rows_kernel[grid](
            X, R, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2), X.stride(3), R.stride(0),
            R.stride(1), R.stride(2), R.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
            buffer_1.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_PIXEL=BLOCK_PIXEL,
            EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_residual_buffer_0_buffer_1_kernel[grid](
        X, R, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2), X.stride(3), R.stride(0),
        R.stride(1), R.stride(2), R.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _groupnorm_residual_out(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_residual_out(X: bf16[b group channel pixel], R: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], buffer_0: f32[b group], buffer_1: f32[b group]) -> out: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    out = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_residual_out_kernel[grid](
        X, R, weight, bias, buffer_0, buffer_1, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), weight.stride(0), weight.stride(1),
        bias.stride(0), bias.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, pixel,
        BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_residual_forward_state_state__(
    X: torch.Tensor,
    R: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_residual_forward_state_state__(X: bf16[b group channel pixel], R: bf16[b group channel pixel]) -> state: f32[b group], state__: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    state = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    state__ = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state, state__
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_residual_forward_state_state___rows_kernel[grid](
            X, R, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), R.stride(0),
            R.stride(1), R.stride(2), R.stride(3), state.stride(0), state.stride(1), state__.stride(0),
            state__.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_PIXEL=BLOCK_PIXEL,
            EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL, num_warps=warps,
            num_stages=stages,
        )
        return state, state__
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_residual_forward_state_state___kernel[grid](
        X, R, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), R.stride(0), R.stride(1),
        R.stride(2), R.stride(3), state.stride(0), state.stride(1), state__.stride(0), state__.stride(1), b,
        pixel, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return state, state__


@_operator
def _groupnorm_residual_forward_out(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    state__: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_residual_forward_out(X: bf16[b group channel pixel], R: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], state__: f32[b group], state: f32[b group]) -> out: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("state", state, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    out = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_residual_forward_out_kernel[grid](
        X, R, weight, bias, state__, state, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), weight.stride(0), weight.stride(1),
        bias.stride(0), bias.stride(1), state__.stride(0), state__.stride(1), state.stride(0),
        state.stride(1), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, pixel,
        BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_residual_backward_buffer_0_buffer_1(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_residual_backward_buffer_0_buffer_1(X: bf16[b group channel pixel], R: bf16[b group channel pixel], weight: f32[group channel], d_out: bf16[b group channel pixel], state: f32[b group], state__: f32[b group]) -> buffer_0: f32[b group], buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if d_out.shape != (b, 4, 16, pixel):
        raise ValueError(f"d_out: bf16[b group channel pixel] has shape {d_out.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 256:
            BLOCK_B, warps, stages = 8, 4, 1
        else:
            BLOCK_B, warps, stages = 8, 8, 1
        grid = (triton.cdiv(b, BLOCK_B) * 4,)
        groupnorm_residual_backward_buffer_0_buffer_1_rows_kernel[grid](
            X, R, weight, d_out, state, state__, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
            X.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), weight.stride(0),
            weight.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            state.stride(0), state.stride(1), state__.stride(0), state__.stride(1), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL,
            BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_B=BLOCK_B, EXACT_CHANNEL=16 == BLOCK_CHANNEL,
            EXACT_PIXEL=pixel == BLOCK_PIXEL, num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_PIXEL, BLOCK_B, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B) * 4,)
    groupnorm_residual_backward_buffer_0_buffer_1_kernel[grid](
        X, R, weight, d_out, state, state__, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), weight.stride(0), weight.stride(1),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), state.stride(0), state.stride(1),
        state__.stride(0), state__.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_B=BLOCK_B, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _groupnorm_residual_backward_d_weight_d_bias(
    X: torch.Tensor,
    R: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_residual_backward_d_weight_d_bias(X: bf16[b group channel pixel], R: bf16[b group channel pixel], d_out: bf16[b group channel pixel], state: f32[b group], state__: f32[b group]) -> d_weight: f32[group channel], d_bias: f32[group channel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if d_out.shape != (b, 4, 16, pixel):
        raise ValueError(f"d_out: bf16[b group channel pixel] has shape {d_out.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    d_weight = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_B * BLOCK_PIXEL <= 1024:
        if BLOCK_B * BLOCK_PIXEL <= 256:
            BLOCK_CHANNEL, warps, stages = 8, 4, 1
        else:
            BLOCK_CHANNEL, warps, stages = 8, 8, 1
        grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
        groupnorm_residual_backward_d_weight_d_bias_rows_kernel[grid](
            X, R, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
            R.stride(0), R.stride(1), R.stride(2), R.stride(3), d_out.stride(0), d_out.stride(1),
            d_out.stride(2), d_out.stride(3), state.stride(0), state.stride(1), state__.stride(0),
            state__.stride(1), d_weight.stride(0), d_weight.stride(1), d_bias.stride(0), d_bias.stride(1), b,
            pixel, BLOCK_B=BLOCK_B, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_CHANNEL=BLOCK_CHANNEL,
            EXACT_B=b == BLOCK_B, EXACT_PIXEL=pixel == BLOCK_PIXEL, num_warps=warps, num_stages=stages,
        )
        return d_weight, d_bias
    BLOCK_PIXEL, BLOCK_CHANNEL, warps, stages = 128, 16, 8, 2
    grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
    groupnorm_residual_backward_d_weight_d_bias_kernel[grid](
        X, R, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), state.stride(0), state.stride(1), state__.stride(0), state__.stride(1),
        d_weight.stride(0), d_weight.stride(1), d_bias.stride(0), d_bias.stride(1), b, pixel,
        BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_CHANNEL=BLOCK_CHANNEL, num_warps=warps, num_stages=stages,
    )
    return d_weight, d_bias


@_operator
def _groupnorm_residual_backward_d_X_d_R(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_residual_backward_d_X_d_R(X: bf16[b group channel pixel], R: bf16[b group channel pixel], weight: f32[group channel], d_out: bf16[b group channel pixel], state: f32[b group], state__: f32[b group], buffer_1: f32[b group], buffer_0: f32[b group]) -> d_X: bf16[b group channel pixel], d_R: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("R", R, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if d_out.shape != (b, 4, 16, pixel):
        raise ValueError(f"d_out: bf16[b group channel pixel] has shape {d_out.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    d_X = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    d_R = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X, d_R
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_residual_backward_d_X_d_R_kernel[grid](
        X, R, weight, d_out, state, state__, buffer_1, buffer_0, d_X, d_R, X.stride(0), X.stride(1),
        X.stride(2), X.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), weight.stride(0),
        weight.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), state.stride(0),
        state.stride(1), state__.stride(0), state__.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0), d_X.stride(1), d_X.stride(2), d_X.stride(3),
        d_R.stride(0), d_R.stride(1), d_R.stride(2), d_R.stride(3), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL,
        num_warps=warps, num_stages=stages,
    )
    return d_X, d_R


class _groupnorm_residual_autograd(torch.autograd.Function):
    """groupnorm_residual and its derivative."""

    @staticmethod
    def forward(ctx, X, R, weight, bias):
        state, state__ = _groupnorm_residual_forward_state_state__(X, R)
        out = _groupnorm_residual_forward_out(X, R, weight, bias, state__, state)
        ctx.save_for_backward(X, R, weight, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, R, weight, state, state__ = ctx.saved_tensors
        buffer_0, buffer_1 = _groupnorm_residual_backward_buffer_0_buffer_1(X, R, weight, d_out, state, state__)
        d_weight, d_bias = _groupnorm_residual_backward_d_weight_d_bias(X, R, d_out, state, state__)
        d_X, d_R = _groupnorm_residual_backward_d_X_d_R(X, R, weight, d_out, state, state__, buffer_1, buffer_0)
        return d_X, d_R, d_weight, d_bias


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32, torch.float32)
def groupnorm_residual(
    X: torch.Tensor,
    R: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> torch.Tensor:
    """groupnorm_residual(X: bf16[b group channel pixel], R: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel]) -> out: bf16[b group channel pixel]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if R.shape != (b, 4, 16, pixel):
        raise ValueError(f"R: bf16[b group channel pixel] has shape {R.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, R, weight, bias)):
        return _groupnorm_residual_autograd.apply(X, R, weight, bias)
    buffer_0, buffer_1 = _groupnorm_residual_buffer_0_buffer_1(X, R)
    out = _groupnorm_residual_out(X, R, weight, bias, buffer_0, buffer_1)
    return out


@triton.jit
def layernorm_matmul_buffer_0_buffer_1_rows_kernel(
    X_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_row, X_stride_n, buffer_0_stride_row, buffer_1_stride_row,
    size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[fused.diag:39]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(X_f32, 0)
    # src[maps.diag:29]
    mul = sum_ * recip
    tl.store(buffer_0_ptr + row_index * buffer_0_stride_row, mul)
    sub_n = tl.where(n_index < size_n, X_f32 - mul, 0.0)
    # src[maps.diag:21]
    mul_n = sub_n * sub_n
    sum_2 = tl.sum(mul_n, 0)
    # src[maps.diag:29]
    tl.store(buffer_1_ptr + row_index * buffer_1_stride_row, tl.rsqrt(1e-05 + (sum_2 * recip)))


@triton.jit
def layernorm_matmul_buffer_0_buffer_1_kernel(
    X_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_row, X_stride_n, buffer_0_stride_row, buffer_1_stride_row,
    size_row, size_n, BLOCK_N: tl.constexpr,
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
        # src[fused.diag:39]
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
        # src[fused.diag:39]
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
    tl.store(buffer_0_ptr + row_index * buffer_0_stride_row, (sum_n * recip))
    # src[maps.diag:21]
    # src[maps.diag:29]
    tl.store(buffer_1_ptr + row_index * buffer_1_stride_row, tl.rsqrt(1e-05 + (acc_n * recip)))


@triton.jit
def layernorm_matmul_out_kernel(
    X_ptr, weight_ptr, bias_ptr, W_ptr, buffer_0_ptr, buffer_1_ptr, out_ptr, X_stride_row, X_stride_n,
    weight_stride_n, bias_stride_n, W_stride_n, W_stride_o, buffer_0_stride_row, buffer_1_stride_row,
    out_stride_row, out_stride_o, size_row, size_n, size_o, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW, BLOCK_O], 0.0, tl.float32)
    buffer_1 = tl.load(buffer_1_ptr + row_index * buffer_1_stride_row, mask=(row_index < size_row), other=0.0)
    buffer_0 = tl.load(buffer_0_ptr + row_index * buffer_0_stride_row, mask=(row_index < size_row), other=0.0)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        # src[maps.diag:29]
        # src[fused.diag:39]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:29]
        mul_row_n = (weight[None, :] * buffer_1[:, None]) * (X.to(tl.float32) - safe_buffer_0[:, None])
        # src[fused.diag:39]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        # src[maps.diag:29]
        tile_bf16 = (bias[None, :] + mul_row_n).to(tl.bfloat16)
        # src[fused.diag:40]
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(n_index < size_n)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        # src[maps.diag:29]
        # src[fused.diag:39]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        mul_row_n = (weight[None, :] * buffer_1[:, None]) * (X.to(tl.float32) - safe_buffer_0[:, None])
        # src[fused.diag:39]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:29]
        tile_bf16 = (bias[None, :] + mul_row_n).to(tl.bfloat16)
        # src[fused.diag:40]
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        acc_n = next_acc_n
    tl.store(
        out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
        acc_n.to(tl.bfloat16),
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def layernorm_matmul_forward_state_state___rows_kernel(
    X_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n, state_stride_row, state___stride_row, size_row,
    size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fused.diag:39]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(X_f32, 0)
    tl.store(state_ptr + row_index * state_stride_row, sum_)
    # src[maps.diag:29]
    sub_n = X_f32 - ((1.0 / tl.cast(size_n, tl.float32)) * sum_)
    sub_n_2 = tl.where(n_index < size_n, sub_n, 0.0)
    # src[maps.diag:21]
    mul_n = sub_n_2 * sub_n_2
    sum_2 = tl.sum(mul_n, 0)
    tl.store(state___ptr + row_index * state___stride_row, sum_2)


@triton.jit
def layernorm_matmul_forward_state_state___kernel(
    X_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n, state_stride_row, state___stride_row, size_row,
    size_n, BLOCK_N: tl.constexpr,
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
        # src[fused.diag:39]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        X_f32 = X.to(tl.float32)
        tile_sum = tl.sum(X_f32, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_n * where)
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
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        tile_sum = tl.sum(X_f32, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_n * where)
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
    tl.store(state_ptr + row_index * state_stride_row, sum_n)
    tl.store(state___ptr + row_index * state___stride_row, acc_n)


@triton.jit
def layernorm_matmul_forward_out_kernel(
    X_ptr, weight_ptr, bias_ptr, W_ptr, state_ptr, state___ptr, out_ptr, X_stride_row, X_stride_n,
    weight_stride_n, bias_stride_n, W_stride_n, W_stride_o, state_stride_row, state___stride_row,
    out_stride_row, out_stride_o, size_row, size_n, size_o, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW, BLOCK_O], 0.0, tl.float32)
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:21]
    # src[maps.diag:29]
    rsqrt_row = tl.rsqrt(1e-05 + (recip * state__))
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    mul_row = recip * state
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = (rsqrt_row[:, None] * weight[None, :]) * sub_row_n
        tile_bf16 = (mul_row_n + bias[None, :]).to(tl.bfloat16)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[fused.diag:40]
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = (rsqrt_row[:, None] * weight[None, :]) * sub_row_n
        add_row_n = tl.where((n_index < size_n)[None, :], mul_row_n + bias[None, :], 0.0)
        tile_bf16 = add_row_n.to(tl.bfloat16)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(n_index < size_n)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[fused.diag:40]
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        acc_n = next_acc_n
    tl.store(
        out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
        acc_n.to(tl.bfloat16),
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def layernorm_matmul_backward_d_X_kernel(
    X_ptr, weight_ptr, W_ptr, d_out_ptr, state_ptr, state___ptr, d_X_ptr, X_stride_row, X_stride_n,
    weight_stride_n, W_stride_n, W_stride_o, d_out_stride_row, d_out_stride_o, state_stride_row,
    state___stride_row, d_X_stride_row, d_X_stride_n, size_row, size_n, size_o, BLOCK_N: tl.constexpr,
    BLOCK_O: tl.constexpr, BLOCK_ROW: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    o_index = tl.arange(0, BLOCK_O)
    acc_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:29]
    mul_row = recip * state
    d_out = tl.load(
        d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:21]
    rsqrt_row = tl.rsqrt((recip * state__) + 1e-05)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:29]
        sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        # src[fused.diag:39]
        W = load_tile(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(d_out, tl.trans(W))
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        mul_row_n = weight[None, :] * (dot * sub_row_n)
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
        mul_row_n_2 = (((recip * next_acc_n) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_2
        add_row_n = (weight[None, :] * dot) + mul_row_n_2
        tile_sum_2 = tl.sum(add_row_n, 1)
        next_sum_n = (sum_n + sum_n_3) + tile_sum_2
        tile_sum_3 = tl.sum(sub_row_n_2, 1)
        next_sum_n_2 = sum_n_2 + tile_sum_3
        acc_n = next_acc_n
        sum_n = next_sum_n
        sum_n_2 = next_sum_n_2
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:29]
        sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(W))
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        mul_row_n = weight[None, :] * (dot * sub_row_n)
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
        sub_row_n_3 = tl.where((n_index < size_n)[None, :], sub_row_n_2, 0.0)
        mul_row_n_2 = (((recip * next_acc_n) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_3
        add_row_n = tl.where((n_index < size_n)[None, :], (weight[None, :] * dot) + mul_row_n_2, 0.0)
        tile_sum_2 = tl.sum(add_row_n, 1)
        next_sum_n = (sum_n + sum_n_3) + tile_sum_2
        tile_sum_3 = tl.sum(sub_row_n_3, 1)
        next_sum_n_2 = sum_n_2 + tile_sum_3
        acc_n = next_acc_n
        sum_n = next_sum_n
        sum_n_2 = next_sum_n_2
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((acc_n * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
        mul_row_n_2 = recip * (sum_n[:, None] + mul_row_n)
        # src[fused.diag:39]
        W = load_tile(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(d_out, tl.trans(W))
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        mul_row_n_3 = ((weight[None, :] * dot) - safe_) * rsqrt_row[:, None]
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            mul_row_n_3.to(tl.bfloat16),
            mask=(row_index < size_row)[:, None],
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((acc_n * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
        mul_row_n_2 = recip * (sum_n[:, None] + mul_row_n)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(W))
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        mul_row_n_3 = ((weight[None, :] * dot) - safe_) * rsqrt_row[:, None]
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            mul_row_n_3.to(tl.bfloat16),
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        )


@triton.jit
def layernorm_matmul_backward_d_weight_d_bias_kernel(
    X_ptr, W_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    W_stride_n, W_stride_o, d_out_stride_row, d_out_stride_o, state_stride_row, state___stride_row,
    d_weight_stride_n, d_bias_stride_n, size_row, size_n, size_o, BLOCK_ROW: tl.constexpr,
    BLOCK_O: tl.constexpr, BLOCK_N: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    o_index = tl.arange(0, BLOCK_O)
    acc_row = tl.full([BLOCK_N], 0.0, tl.float32)
    sum_row = tl.full([BLOCK_N], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[fused.diag:39]
    W = tl.load(
        W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
        mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        state__ = tl.load(state___ptr + row_index * state___stride_row)
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        d_out = load_tile(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(W, tl.trans(d_out))
        mul_n_row = (dot * sub_n_row) * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(dot, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        state__ = tl.load(
            state___ptr + row_index * state___stride_row,
            mask=(row_index < size_row),
            other=0.0,
        )
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(W, tl.trans(d_out))
        tile = tl.where((row_index < size_row)[None, :], dot, 0.0)
        mul_n_row = (tile * sub_n_row) * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(tile, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < size_n))
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_row, mask=(n_index < size_n))


@triton.jit
def layernorm_matmul_backward_d_W_kernel(
    X_ptr, weight_ptr, bias_ptr, d_out_ptr, state_ptr, state___ptr, d_W_ptr, X_stride_row, X_stride_n,
    weight_stride_n, bias_stride_n, d_out_stride_row, d_out_stride_o, state_stride_row, state___stride_row,
    d_W_stride_n, d_W_stride_o, size_row, size_n, size_o, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N, BLOCK_O], 0.0, tl.float32)
    # src[fused.diag:39]
    bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + row_index * state___stride_row)
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        tile = weight[:, None] * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_bf16 = ((tile * sub_n_row) + bias[:, None]).to(tl.bfloat16)
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(row_index < size_row)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        state__ = tl.load(
            state___ptr + row_index * state___stride_row,
            mask=(row_index < size_row),
            other=0.0,
        )
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        tile = weight[:, None] * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_bf16 = ((tile * sub_n_row) + bias[:, None]).to(tl.bfloat16)
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    tl.store(
        d_W_ptr + n_index[:, None] * d_W_stride_n + o_index[None, :] * d_W_stride_o,
        acc_row.to(tl.bfloat16),
        mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def layernorm_matmul_long_forward_state_state___rows_kernel(
    X_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n, state_stride_row, state___stride_row, size_row,
    size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fused.diag:39]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(X_f32, 0)
    tl.store(state_ptr + row_index * state_stride_row, sum_)
    # src[maps.diag:29]
    sub_n = X_f32 - ((1.0 / tl.cast(size_n, tl.float32)) * sum_)
    sub_n_2 = tl.where(n_index < size_n, sub_n, 0.0)
    # src[maps.diag:21]
    mul_n = sub_n_2 * sub_n_2
    sum_2 = tl.sum(mul_n, 0)
    tl.store(state___ptr + row_index * state___stride_row, sum_2)


@triton.jit
def layernorm_matmul_long_forward_state_state___kernel(
    X_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n, state_stride_row, state___stride_row, size_row,
    size_n, BLOCK_N: tl.constexpr,
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
        # src[fused.diag:39]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        X_f32 = X.to(tl.float32)
        tile_sum = tl.sum(X_f32, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_n * where)
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
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        tile_sum = tl.sum(X_f32, 0)
        next_sum_n = sum_n + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_n * where)
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
    tl.store(state_ptr + row_index * state_stride_row, sum_n)
    tl.store(state___ptr + row_index * state___stride_row, acc_n)


@triton.jit
def layernorm_matmul_long_forward_out_kernel(
    X_ptr, weight_ptr, bias_ptr, W_ptr, state_ptr, state___ptr, out_ptr, X_stride_row, X_stride_n,
    weight_stride_n, bias_stride_n, W_stride_n, W_stride_o, state_stride_row, state___stride_row,
    out_stride_row, out_stride_o, size_row, size_n, size_o, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW, BLOCK_O], 0.0, tl.float32)
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:21]
    # src[maps.diag:29]
    rsqrt_row = tl.rsqrt(1e-05 + (recip * state__))
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    mul_row = recip * state
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = (rsqrt_row[:, None] * weight[None, :]) * sub_row_n
        tile_bf16 = (mul_row_n + bias[None, :]).to(tl.bfloat16)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[fused.diag:40]
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = (rsqrt_row[:, None] * weight[None, :]) * sub_row_n
        add_row_n = tl.where((n_index < size_n)[None, :], mul_row_n + bias[None, :], 0.0)
        tile_bf16 = add_row_n.to(tl.bfloat16)
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(n_index < size_n)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[fused.diag:40]
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        acc_n = next_acc_n
    tl.store(
        out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
        acc_n.to(tl.bfloat16),
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def layernorm_matmul_long_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_n, W_stride_o, d_out_stride_row, d_out_stride_o,
    buffer_0_stride_row, buffer_0_stride_n, size_n, size_o, size_row, BLOCK_O: tl.constexpr,
    BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_o = tl.full([BLOCK_ROW, BLOCK_N], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[fused.diag:39]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_0_ptr + row_index[:, None] * buffer_0_stride_row + n_index[None, :] * buffer_0_stride_n,
        acc_o,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def layernorm_matmul_long_backward_d_W_kernel(
    X_ptr, weight_ptr, bias_ptr, d_out_ptr, state_ptr, state___ptr, d_W_ptr, X_stride_row, X_stride_n,
    weight_stride_n, bias_stride_n, d_out_stride_row, d_out_stride_o, state_stride_row, state___stride_row,
    d_W_stride_n, d_W_stride_o, size_row, size_n, size_o, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N, BLOCK_O], 0.0, tl.float32)
    # src[fused.diag:39]
    bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + row_index * state___stride_row)
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        tile = weight[:, None] * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_bf16 = ((tile * sub_n_row) + bias[:, None]).to(tl.bfloat16)
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(row_index < size_row)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        state__ = tl.load(
            state___ptr + row_index * state___stride_row,
            mask=(row_index < size_row),
            other=0.0,
        )
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        tile = weight[:, None] * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_bf16 = ((tile * sub_n_row) + bias[:, None]).to(tl.bfloat16)
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    tl.store(
        d_W_ptr + n_index[:, None] * d_W_stride_n + o_index[None, :] * d_W_stride_o,
        acc_row.to(tl.bfloat16),
        mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def layernorm_matmul_long_backward_d_X_rows_kernel(
    X_ptr, weight_ptr, state_ptr, state___ptr, buffer_0_ptr, d_X_ptr, X_stride_row, X_stride_n,
    weight_stride_n, state_stride_row, state___stride_row, buffer_0_stride_row, buffer_0_stride_n,
    d_X_stride_row, d_X_stride_n, size_row, size_n, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    n_index = tl.arange(0, BLOCK_N)
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:21]
    rsqrt_row = tl.rsqrt((recip * state__) + 1e-05)
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:29]
    mul_row = recip * state
    # src[fused.diag:39]
    X = tl.load(
        X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    X_f32 = X.to(tl.float32)
    # src[maps.diag:29]
    sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
    buffer_0 = tl.load(
        buffer_0_ptr + row_index[:, None] * buffer_0_stride_row + n_index[None, :] * buffer_0_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    # src[fused.diag:39]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    mul_row_n = weight[None, :] * (buffer_0 * sub_row_n)
    sum_ = tl.sum(mul_row_n, 1)
    mul_row_n_2 = ((sum_ * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
    sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
    mul_row_n_3 = (((recip * sum_) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_2
    mul_row_n_4 = weight[None, :] * buffer_0
    add_row_n = tl.where((n_index < size_n)[None, :], mul_row_n_4 + mul_row_n_3, 0.0)
    sum_2 = tl.sum(add_row_n, 1)
    mul_row_n_5 = recip * (sum_2[:, None] + mul_row_n_2)
    safe_ = tl.where(mul_row_n_5 == float("-inf"), 0.0, mul_row_n_5)
    tile_bf16 = ((mul_row_n_4 - safe_) * rsqrt_row[:, None]).to(tl.bfloat16)
    tl.store(
        d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def layernorm_matmul_long_backward_d_X_kernel(
    X_ptr, weight_ptr, state_ptr, state___ptr, buffer_0_ptr, d_X_ptr, X_stride_row, X_stride_n,
    weight_stride_n, state_stride_row, state___stride_row, buffer_0_stride_row, buffer_0_stride_n,
    d_X_stride_row, d_X_stride_n, size_row, size_n, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:29]
    mul_row = recip * state
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:21]
    rsqrt_row = tl.rsqrt((recip * state__) + 1e-05)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:29]
        sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        buffer_0 = tl.load(
            buffer_0_ptr + row_index[:, None] * buffer_0_stride_row + n_index[None, :] * buffer_0_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:39]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        mul_row_n = weight[None, :] * (buffer_0 * sub_row_n)
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
        mul_row_n_2 = (((recip * next_acc_n) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_2
        add_row_n = (weight[None, :] * buffer_0) + mul_row_n_2
        tile_sum_2 = tl.sum(add_row_n, 1)
        next_sum_n = (sum_n + sum_n_3) + tile_sum_2
        tile_sum_3 = tl.sum(sub_row_n_2, 1)
        next_sum_n_2 = sum_n_2 + tile_sum_3
        acc_n = next_acc_n
        sum_n = next_sum_n
        sum_n_2 = next_sum_n_2
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:29]
        sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        buffer_0 = tl.load(
            buffer_0_ptr + row_index[:, None] * buffer_0_stride_row + n_index[None, :] * buffer_0_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[fused.diag:39]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        mul_row_n = weight[None, :] * (buffer_0 * sub_row_n)
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
        sub_row_n_3 = tl.where((n_index < size_n)[None, :], sub_row_n_2, 0.0)
        mul_row_n_2 = (((recip * next_acc_n) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_3
        add_row_n = tl.where((n_index < size_n)[None, :], (weight[None, :] * buffer_0) + mul_row_n_2, 0.0)
        tile_sum_2 = tl.sum(add_row_n, 1)
        next_sum_n = (sum_n + sum_n_3) + tile_sum_2
        tile_sum_3 = tl.sum(sub_row_n_3, 1)
        next_sum_n_2 = sum_n_2 + tile_sum_3
        acc_n = next_acc_n
        sum_n = next_sum_n
        sum_n_2 = next_sum_n_2
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((acc_n * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
        mul_row_n_2 = recip * (sum_n[:, None] + mul_row_n)
        buffer_0 = tl.load(
            buffer_0_ptr + row_index[:, None] * buffer_0_stride_row + n_index[None, :] * buffer_0_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:39]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        mul_row_n_3 = ((weight[None, :] * buffer_0) - safe_) * rsqrt_row[:, None]
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            mul_row_n_3.to(tl.bfloat16),
            mask=(row_index < size_row)[:, None],
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((acc_n * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
        mul_row_n_2 = recip * (sum_n[:, None] + mul_row_n)
        buffer_0 = tl.load(
            buffer_0_ptr + row_index[:, None] * buffer_0_stride_row + n_index[None, :] * buffer_0_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[fused.diag:39]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        mul_row_n_3 = ((weight[None, :] * buffer_0) - safe_) * rsqrt_row[:, None]
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            mul_row_n_3.to(tl.bfloat16),
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        )


@triton.jit
def layernorm_matmul_long_backward_d_weight_d_bias_rows_kernel(
    X_ptr, state_ptr, state___ptr, buffer_0_ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    state_stride_row, state___stride_row, buffer_0_stride_row, buffer_0_stride_n, d_weight_stride_n,
    d_bias_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    state__ = load_tile(state___ptr + row_index * state___stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:21]
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    # src[maps.diag:29]
    mul_row = recip * state
    # src[fused.diag:39]
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    # src[maps.diag:29]
    sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
    buffer_0 = tl.load(
        buffer_0_ptr + row_index[None, :] * buffer_0_stride_row + n_index[:, None] * buffer_0_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    mul_n_row = (buffer_0 * sub_n_row) * tl.rsqrt((recip * state__) + 1e-05)[None, :]
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < size_n))
    sum_2 = tl.sum(buffer_0, 1)
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_2, mask=(n_index < size_n))


@triton.jit
def layernorm_matmul_long_backward_d_weight_d_bias_kernel(
    X_ptr, state_ptr, state___ptr, buffer_0_ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    state_stride_row, state___stride_row, buffer_0_stride_row, buffer_0_stride_n, d_weight_stride_n,
    d_bias_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N], 0.0, tl.float32)
    sum_row = tl.full([BLOCK_N], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        state__ = tl.load(state___ptr + row_index * state___stride_row)
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        buffer_0 = tl.load(
            buffer_0_ptr + row_index[None, :] * buffer_0_stride_row + n_index[:, None] * buffer_0_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        mul_n_row = (buffer_0 * sub_n_row) * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(buffer_0, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        state__ = tl.load(
            state___ptr + row_index * state___stride_row,
            mask=(row_index < size_row),
            other=0.0,
        )
        # src[maps.diag:21]
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:29]
        mul_row = recip * state
        # src[fused.diag:39]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[maps.diag:29]
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        buffer_0 = tl.load(
            buffer_0_ptr + row_index[None, :] * buffer_0_stride_row + n_index[:, None] * buffer_0_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        mul_n_row = (buffer_0 * sub_n_row) * tl.rsqrt((recip * state__) + 1e-05)[None, :]
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(buffer_0, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < size_n))
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_row, mask=(n_index < size_n))


@_operator
def _layernorm_matmul_buffer_0_buffer_1(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_matmul_buffer_0_buffer_1(X: bf16[row n]) -> buffer_0: f32[row], buffer_1: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    row, n = X.shape
    buffer_0 = torch.empty((row,), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_matmul_buffer_0_buffer_1_rows_kernel[grid](
            X, buffer_0, buffer_1, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_1.stride(0), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_matmul_buffer_0_buffer_1_kernel[grid](
        X, buffer_0, buffer_1, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_1.stride(0), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _layernorm_matmul_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_out(X: bf16[row n], weight: f32[n], bias: f32[n], W: bf16[n o], buffer_0: f32[row], buffer_1: f32[row]) -> out: bf16[row o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 1, X.device)
    _check("buffer_1", buffer_1, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if buffer_0.shape != (row,):
        raise ValueError(f"buffer_0: f32[row] has shape {buffer_0.shape}, expected {(row,)}")
    if buffer_1.shape != (row,):
        raise ValueError(f"buffer_1: f32[row] has shape {buffer_1.shape}, expected {(row,)}")
    out = torch.empty((row, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_ROW, BLOCK_O, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(o, BLOCK_O),)
    layernorm_matmul_out_kernel[grid](
        X, weight, bias, W, buffer_0, buffer_1, out, X.stride(0), X.stride(1), weight.stride(0),
        bias.stride(0), W.stride(0), W.stride(1), buffer_0.stride(0), buffer_1.stride(0), out.stride(0),
        out.stride(1), row, n, o, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _layernorm_matmul_forward_state_state__(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_matmul_forward_state_state__(X: bf16[row n]) -> state: f32[row], state__: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    row, n = X.shape
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    state__ = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state, state__
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_matmul_forward_state_state___rows_kernel[grid](
            X, state, state__, X.stride(0), X.stride(1), state.stride(0), state__.stride(0), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return state, state__
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_matmul_forward_state_state___kernel[grid](
        X, state, state__, X.stride(0), X.stride(1), state.stride(0), state__.stride(0), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return state, state__


@_operator
def _layernorm_matmul_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_forward_out(X: bf16[row n], weight: f32[n], bias: f32[n], W: bf16[n o], state: f32[row], state__: f32[row]) -> out: bf16[row o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    out = torch.empty((row, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_ROW, BLOCK_O, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(o, BLOCK_O),)
    layernorm_matmul_forward_out_kernel[grid](
        X, weight, bias, W, state, state__, out, X.stride(0), X.stride(1), weight.stride(0), bias.stride(0),
        W.stride(0), W.stride(1), state.stride(0), state__.stride(0), out.stride(0), out.stride(1), row, n, o,
        BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _layernorm_matmul_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_backward_d_X(X: bf16[row n], weight: f32[n], W: bf16[n o], d_out: bf16[row o], state: f32[row], state__: f32[row]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if BLOCK_O > 256:
        raise ValueError(f"o = {BLOCK_O}: at most 256 elements are held on chip")
    if BLOCK_O <= 64:
        BLOCK_ROW, BLOCK_N, warps, stages = 64, 64, 4, 2
    elif BLOCK_O <= 128:
        BLOCK_ROW, BLOCK_N, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_ROW, BLOCK_N, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(row, BLOCK_ROW),)
    layernorm_matmul_backward_d_X_kernel[grid](
        X, weight, W, d_out, state, state__, d_X, X.stride(0), X.stride(1), weight.stride(0), W.stride(0),
        W.stride(1), d_out.stride(0), d_out.stride(1), state.stride(0), state__.stride(0), d_X.stride(0),
        d_X.stride(1), row, n, o, BLOCK_N=BLOCK_N, BLOCK_O=BLOCK_O, BLOCK_ROW=BLOCK_ROW, EXACT_O=o == BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _layernorm_matmul_backward_d_weight_d_bias(
    X: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_matmul_backward_d_weight_d_bias(X: bf16[row n], W: bf16[n o], d_out: bf16[row o], state: f32[row], state__: f32[row]) -> d_weight: f32[n], d_bias: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    d_weight = torch.empty((n,), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((n,), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if BLOCK_O > 256:
        raise ValueError(f"o = {BLOCK_O}: at most 256 elements are held on chip")
    if BLOCK_O <= 64:
        BLOCK_N, BLOCK_ROW, warps, stages = 64, 64, 4, 2
    elif BLOCK_O <= 128:
        BLOCK_N, BLOCK_ROW, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_N, BLOCK_ROW, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    layernorm_matmul_backward_d_weight_d_bias_kernel[grid](
        X, W, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), W.stride(0), W.stride(1),
        d_out.stride(0), d_out.stride(1), state.stride(0), state__.stride(0), d_weight.stride(0),
        d_bias.stride(0), row, n, o, BLOCK_ROW=BLOCK_ROW, BLOCK_O=BLOCK_O, BLOCK_N=BLOCK_N,
        EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_weight, d_bias


@_operator
def _layernorm_matmul_backward_d_W(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_backward_d_W(X: bf16[row n], weight: f32[n], bias: f32[n], d_out: bf16[row o], state: f32[row], state__: f32[row]) -> d_W: bf16[n o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = d_out.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    d_W = torch.empty((n, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_N, BLOCK_O, BLOCK_ROW, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(n, BLOCK_N) * triton.cdiv(o, BLOCK_O),)
    layernorm_matmul_backward_d_W_kernel[grid](
        X, weight, bias, d_out, state, state__, d_W, X.stride(0), X.stride(1), weight.stride(0),
        bias.stride(0), d_out.stride(0), d_out.stride(1), state.stride(0), state__.stride(0), d_W.stride(0),
        d_W.stride(1), row, n, o, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _layernorm_matmul_long_forward_state_state__(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_matmul_long_forward_state_state__(X: bf16[row n]) -> state: f32[row], state__: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    row, n = X.shape
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    state__ = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state, state__
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_matmul_long_forward_state_state___rows_kernel[grid](
            X, state, state__, X.stride(0), X.stride(1), state.stride(0), state__.stride(0), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return state, state__
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_matmul_long_forward_state_state___kernel[grid](
        X, state, state__, X.stride(0), X.stride(1), state.stride(0), state__.stride(0), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return state, state__


@_operator
def _layernorm_matmul_long_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_long_forward_out(X: bf16[row n], weight: f32[n], bias: f32[n], W: bf16[n o], state: f32[row], state__: f32[row]) -> out: bf16[row o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    out = torch.empty((row, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_ROW, BLOCK_O, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(o, BLOCK_O),)
    layernorm_matmul_long_forward_out_kernel[grid](
        X, weight, bias, W, state, state__, out, X.stride(0), X.stride(1), weight.stride(0), bias.stride(0),
        W.stride(0), W.stride(1), state.stride(0), state__.stride(0), out.stride(0), out.stride(1), row, n, o,
        BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _layernorm_matmul_long_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_layernorm_matmul_long_backward_buffer_0(W: bf16[n o], d_out: bf16[row o]) -> buffer_0: f32[row n]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("d_out", d_out, torch.bfloat16, 2, W.device)
    n, o = W.shape
    row, _ = d_out.shape
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    buffer_0 = torch.empty((row, n), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_ROW, BLOCK_N, BLOCK_O, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(n, BLOCK_N),)
    layernorm_matmul_long_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), d_out.stride(0), d_out.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), n, o, row, BLOCK_O=BLOCK_O, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _layernorm_matmul_long_backward_d_W(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_long_backward_d_W(X: bf16[row n], weight: f32[n], bias: f32[n], d_out: bf16[row o], state: f32[row], state__: f32[row]) -> d_W: bf16[n o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = d_out.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    d_W = torch.empty((n, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_N, BLOCK_O, BLOCK_ROW, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(n, BLOCK_N) * triton.cdiv(o, BLOCK_O),)
    layernorm_matmul_long_backward_d_W_kernel[grid](
        X, weight, bias, d_out, state, state__, d_W, X.stride(0), X.stride(1), weight.stride(0),
        bias.stride(0), d_out.stride(0), d_out.stride(1), state.stride(0), state__.stride(0), d_W.stride(0),
        d_W.stride(1), row, n, o, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _layernorm_matmul_long_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_matmul_long_backward_d_X(X: bf16[row n], weight: f32[n], state: f32[row], state__: f32[row], buffer_0: f32[row n]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    if buffer_0.shape != (row, n):
        raise ValueError(f"buffer_0: f32[row n] has shape {buffer_0.shape}, expected {(row, n)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 1024:
        if BLOCK_N <= 16:
            BLOCK_ROW, warps, stages = 256, 4, 1
        elif BLOCK_N <= 64:
            BLOCK_ROW, warps, stages = 64, 4, 1
        elif BLOCK_N <= 256:
            BLOCK_ROW, warps, stages = 16, 4, 1
        else:
            BLOCK_ROW, warps, stages = 8, 8, 1
        grid = (triton.cdiv(row, BLOCK_ROW),)
        layernorm_matmul_long_backward_d_X_rows_kernel[grid](
            X, weight, state, state__, buffer_0, d_X, X.stride(0), X.stride(1), weight.stride(0),
            state.stride(0), state__.stride(0), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
            d_X.stride(1), row, n, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_N, BLOCK_ROW, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(row, BLOCK_ROW),)
    layernorm_matmul_long_backward_d_X_kernel[grid](
        X, weight, state, state__, buffer_0, d_X, X.stride(0), X.stride(1), weight.stride(0), state.stride(0),
        state__.stride(0), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0), d_X.stride(1), row, n,
        BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _layernorm_matmul_long_backward_d_weight_d_bias(
    X: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_matmul_long_backward_d_weight_d_bias(X: bf16[row n], state: f32[row], state__: f32[row], buffer_0: f32[row n]) -> d_weight: f32[n], d_bias: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    row, n = X.shape
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
    if buffer_0.shape != (row, n):
        raise ValueError(f"buffer_0: f32[row n] has shape {buffer_0.shape}, expected {(row, n)}")
    d_weight = torch.empty((n,), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((n,), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
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
        grid = (triton.cdiv(n, BLOCK_N),)
        layernorm_matmul_long_backward_d_weight_d_bias_rows_kernel[grid](
            X, state, state__, buffer_0, d_weight, d_bias, X.stride(0), X.stride(1), state.stride(0),
            state__.stride(0), buffer_0.stride(0), buffer_0.stride(1), d_weight.stride(0), d_bias.stride(0),
            row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, EXACT_ROW=row == BLOCK_ROW, num_warps=warps,
            num_stages=stages,
        )
        return d_weight, d_bias
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    layernorm_matmul_long_backward_d_weight_d_bias_kernel[grid](
        X, state, state__, buffer_0, d_weight, d_bias, X.stride(0), X.stride(1), state.stride(0),
        state__.stride(0), buffer_0.stride(0), buffer_0.stride(1), d_weight.stride(0), d_bias.stride(0), row,
        n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_weight, d_bias


class _layernorm_matmul_autograd(torch.autograd.Function):
    """layernorm_matmul and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, bias, W):
        state, state__ = _layernorm_matmul_forward_state_state__(X)
        out = _layernorm_matmul_forward_out(X, weight, bias, W, state, state__)
        ctx.save_for_backward(X, weight, bias, W, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, bias, W, state, state__ = ctx.saved_tensors
        d_X = _layernorm_matmul_backward_d_X(X, weight, W, d_out, state, state__)
        d_weight, d_bias = _layernorm_matmul_backward_d_weight_d_bias(X, W, d_out, state, state__)
        d_W = _layernorm_matmul_backward_d_W(X, weight, bias, d_out, state, state__)
        return d_X, d_weight, d_bias, d_W


class _layernorm_matmul_long_autograd(torch.autograd.Function):
    """layernorm_matmul and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, bias, W):
        state, state__ = _layernorm_matmul_long_forward_state_state__(X)
        out = _layernorm_matmul_long_forward_out(X, weight, bias, W, state, state__)
        ctx.save_for_backward(X, weight, bias, W, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, bias, W, state, state__ = ctx.saved_tensors
        buffer_0 = _layernorm_matmul_long_backward_buffer_0(W, d_out)
        d_W = _layernorm_matmul_long_backward_d_W(X, weight, bias, d_out, state, state__)
        d_X = _layernorm_matmul_long_backward_d_X(X, weight, state, state__, buffer_0)
        d_weight, d_bias = _layernorm_matmul_long_backward_d_weight_d_bias(X, state, state__, buffer_0)
        return d_X, d_weight, d_bias, d_W


@_anywhere(torch.bfloat16, torch.float32, torch.float32, torch.bfloat16)
def layernorm_matmul(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
) -> torch.Tensor:
    """layernorm_matmul(X: bf16[row n], weight: f32[n], bias: f32[n], W: bf16[n o]) -> out: bf16[row o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight, bias, W)):
        if o <= 256:
            return _layernorm_matmul_autograd.apply(X, weight, bias, W)
        return _layernorm_matmul_long_autograd.apply(X, weight, bias, W)
    buffer_0, buffer_1 = _layernorm_matmul_buffer_0_buffer_1(X)
    out = _layernorm_matmul_out(X, weight, bias, W, buffer_0, buffer_1)
    return out


@triton.jit
def rmsnorm_matmul_kernel(
    X_ptr, weight_ptr, W_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, W_stride_n, W_stride_o,
    out_stride_row, out_stride_o, size_row, size_n, size_o, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW, BLOCK_O], 0.0, tl.float32)
    acc_n_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:43]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        tile_bf16 = (X_f32 * weight[None, :]).to(tl.bfloat16)
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        # src[maps.diag:25]
        mul_row_n = X_f32 * X_f32
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n_2 = acc_n_2 + tile_sum
        acc_n = next_acc_n
        acc_n_2 = next_acc_n_2
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:43]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        tile_bf16 = (X_f32 * weight[None, :]).to(tl.bfloat16)
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(n_index < size_n)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_n = tl.dot(tile_bf16, tl.trans(W), acc_n)
        # src[maps.diag:25]
        mul_row_n = X_f32 * X_f32
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n_2 = acc_n_2 + tile_sum
        acc_n = next_acc_n
        acc_n_2 = next_acc_n_2
    # src[maps.diag:25]
    add_row = 1e-05 + (acc_n_2 * (1.0 / tl.cast(size_n, tl.float32)))
    # src[fused.diag:44]
    tile_bf16 = (acc_n * tl.rsqrt(add_row)[:, None]).to(tl.bfloat16)
    tl.store(
        out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def rmsnorm_matmul_forward_state_rows_kernel(
    X_ptr, state_ptr, X_stride_row, X_stride_n, state_stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fused.diag:43]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_n = X_f32 * X_f32
    sum_ = tl.sum(mul_n, 0)
    tl.store(state_ptr + row_index * state_stride_row, sum_)


@triton.jit
def rmsnorm_matmul_forward_state_kernel(
    X_ptr,
    state_ptr,
    X_stride_row,
    X_stride_n,
    state_stride_row,
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
        # src[fused.diag:43]
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
        # src[fused.diag:43]
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
    tl.store(state_ptr + row_index * state_stride_row, acc_n)


@triton.jit
def rmsnorm_matmul_forward_out_kernel(
    X_ptr, weight_ptr, W_ptr, state_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, W_stride_n,
    W_stride_o, state_stride_row, out_stride_row, out_stride_o, size_row, size_n, size_o,
    BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW, BLOCK_O], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        tile_bf16 = (W.to(tl.float32) * weight[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        next_acc_n = tl.dot(X, tl.trans(tile_bf16), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(n_index < size_n)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        tile_bf16 = (W.to(tl.float32) * weight[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        next_acc_n = tl.dot(X, tl.trans(tile_bf16), acc_n)
        acc_n = next_acc_n
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:25]
    add_row = 1e-05 + ((1.0 / tl.cast(size_n, tl.float32)) * state)
    # src[fused.diag:44]
    tile_bf16 = (acc_n * tl.rsqrt(add_row)[:, None]).to(tl.bfloat16)
    tl.store(
        out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def rmsnorm_matmul_backward_d_X_kernel(
    X_ptr, weight_ptr, W_ptr, d_out_ptr, out_ptr, state_ptr, d_X_ptr, X_stride_row, X_stride_n,
    weight_stride_n, W_stride_n, W_stride_o, d_out_stride_row, d_out_stride_o, out_stride_row, out_stride_o,
    state_stride_row, d_X_stride_row, d_X_stride_n, size_row, size_n, size_o, BLOCK_O: tl.constexpr,
    BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_o = tl.full([BLOCK_ROW, BLOCK_N], 0.0, tl.float32)
    acc_o_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        out = tl.load(
            out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        mul_row_o = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_row_o, 1)
        next_acc_o_2 = acc_o_2 + tile_sum
        acc_o = next_acc_o
        acc_o_2 = next_acc_o_2
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        out = tl.load(
            out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
            mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        mul_row_o = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_row_o, 1)
        next_acc_o_2 = acc_o_2 + tile_sum
        acc_o = next_acc_o
        acc_o_2 = next_acc_o_2
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:25]
    rsqrt_row = tl.rsqrt(1e-05 + (recip * state))
    # src[fused.diag:43]
    X = tl.load(
        X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    mul_row_n = ((recip * acc_o_2) * rsqrt_row)[:, None] * X.to(tl.float32)
    weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
    safe_ = tl.where(mul_row_n == float("-inf"), 0.0, mul_row_n)
    mul_row_n_2 = ((weight[None, :] * acc_o) - safe_) * rsqrt_row[:, None]
    tl.store(
        d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
        mul_row_n_2.to(tl.bfloat16),
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def rmsnorm_matmul_backward_d_weight_kernel(
    X_ptr, W_ptr, d_out_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, W_stride_n, W_stride_o,
    d_out_stride_row, d_out_stride_o, state_stride_row, d_weight_stride_n, size_row, size_n, size_o,
    BLOCK_O: tl.constexpr, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr, EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    acc_o = tl.full([BLOCK_N], 0.0, tl.float32)
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    # src[maps.diag:25]
    add_row = 1e-05 + ((1.0 / tl.cast(size_n, tl.float32)) * state)
    rsqrt_row = tl.rsqrt(add_row)
    # src[fused.diag:43]
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = load_tile(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            (row_index < size_row)[None, :],
            0.0,
            EXACT_ROW,
        )
        tile_bf16 = (X.to(tl.float32) * rsqrt_row[None, :]).to(tl.bfloat16)
        dot = tl.dot(tile_bf16, tl.trans(d_out))
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        mul_n_o = W.to(tl.float32) * dot
        tile_sum = tl.sum(mul_n_o, 1)
        next_acc_o = acc_o + tile_sum
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(row_index < size_row)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[fused.diag:43]
        tile_bf16 = (X.to(tl.float32) * rsqrt_row[None, :]).to(tl.bfloat16)
        dot = tl.dot(tile_bf16, tl.trans(d_out))
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        mul_n_o = W.to(tl.float32) * dot
        tile_sum = tl.sum(mul_n_o, 1)
        next_acc_o = acc_o + tile_sum
        acc_o = next_acc_o
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_o, mask=(n_index < size_n))


@triton.jit
def rmsnorm_matmul_backward_d_W_kernel(
    X_ptr, weight_ptr, d_out_ptr, state_ptr, d_W_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_o, state_stride_row, d_W_stride_n, d_W_stride_o, size_row, size_n, size_o,
    BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N, BLOCK_O], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        # src[fused.diag:43]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:25]
        tile = X.to(tl.float32) * tl.rsqrt(1e-05 + (recip * state))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        # src[fused.diag:43]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:25]
        tile = X.to(tl.float32) * tl.rsqrt(1e-05 + (recip * state))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(row_index < size_row)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    # src[fused.diag:43]
    weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
    tl.store(
        d_W_ptr + n_index[:, None] * d_W_stride_n + o_index[None, :] * d_W_stride_o,
        (weight[:, None] * acc_row).to(tl.bfloat16),
        mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def rmsnorm_matmul_long_forward_state_rows_kernel(
    X_ptr, state_ptr, X_stride_row, X_stride_n, state_stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[fused.diag:43]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_n = X_f32 * X_f32
    sum_ = tl.sum(mul_n, 0)
    tl.store(state_ptr + row_index * state_stride_row, sum_)


@triton.jit
def rmsnorm_matmul_long_forward_state_kernel(
    X_ptr,
    state_ptr,
    X_stride_row,
    X_stride_n,
    state_stride_row,
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
        # src[fused.diag:43]
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
        # src[fused.diag:43]
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
    tl.store(state_ptr + row_index * state_stride_row, acc_n)


@triton.jit
def rmsnorm_matmul_long_forward_out_kernel(
    X_ptr, weight_ptr, W_ptr, state_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, W_stride_n,
    W_stride_o, state_stride_row, out_stride_row, out_stride_o, size_row, size_n, size_o,
    BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW, BLOCK_O], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        tile_bf16 = (W.to(tl.float32) * weight[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        next_acc_n = tl.dot(X, tl.trans(tile_bf16), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[None, :] * W_stride_n + o_index[:, None] * W_stride_o,
            mask=(n_index < size_n)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        tile_bf16 = (W.to(tl.float32) * weight[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        next_acc_n = tl.dot(X, tl.trans(tile_bf16), acc_n)
        acc_n = next_acc_n
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    # src[maps.diag:25]
    add_row = 1e-05 + ((1.0 / tl.cast(size_n, tl.float32)) * state)
    # src[fused.diag:44]
    tile_bf16 = (acc_n * tl.rsqrt(add_row)[:, None]).to(tl.bfloat16)
    tl.store(
        out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def rmsnorm_matmul_long_backward_buffer_0_kernel(
    X_ptr, d_out_ptr, state_ptr, buffer_0_ptr, X_stride_row, X_stride_n, d_out_stride_row, d_out_stride_o,
    state_stride_row, buffer_0_stride_n, buffer_0_stride_o, size_row, size_n, size_o, BLOCK_ROW: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    acc_row = tl.full([BLOCK_N, BLOCK_O], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    to_row = size_row // BLOCK_ROW * BLOCK_ROW
    # whole tiles, no mask needed
    for first_row in tl.range(0, to_row, BLOCK_ROW):
        row_index = first_row + tl.arange(0, BLOCK_ROW)
        # src[fused.diag:43]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        state = tl.load(state_ptr + row_index * state_stride_row)
        # src[maps.diag:25]
        tile = X.to(tl.float32) * tl.rsqrt(1e-05 + (recip * state))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        # src[fused.diag:43]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        # src[maps.diag:25]
        tile = X.to(tl.float32) * tl.rsqrt(1e-05 + (recip * state))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + o_index[:, None] * d_out_stride_o,
            mask=(row_index < size_row)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_row = tl.dot(tile_bf16, tl.trans(d_out), acc_row)
        acc_row = next_acc_row
    tl.store(
        buffer_0_ptr + n_index[:, None] * buffer_0_stride_n + o_index[None, :] * buffer_0_stride_o,
        acc_row,
        mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def rmsnorm_matmul_long_backward_d_X_kernel(
    X_ptr, weight_ptr, W_ptr, d_out_ptr, out_ptr, state_ptr, d_X_ptr, X_stride_row, X_stride_n,
    weight_stride_n, W_stride_n, W_stride_o, d_out_stride_row, d_out_stride_o, out_stride_row, out_stride_o,
    state_stride_row, d_X_stride_row, d_X_stride_n, size_row, size_n, size_o, BLOCK_O: tl.constexpr,
    BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_o = tl.full([BLOCK_ROW, BLOCK_N], 0.0, tl.float32)
    acc_o_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        out = tl.load(
            out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        mul_row_o = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_row_o, 1)
        next_acc_o_2 = acc_o_2 + tile_sum
        acc_o = next_acc_o
        acc_o_2 = next_acc_o_2
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + o_index[None, :] * d_out_stride_o,
            mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[fused.diag:43]
        W = tl.load(
            W_ptr + n_index[:, None] * W_stride_n + o_index[None, :] * W_stride_o,
            mask=(n_index < size_n)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        out = tl.load(
            out_ptr + row_index[:, None] * out_stride_row + o_index[None, :] * out_stride_o,
            mask=(row_index < size_row)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        mul_row_o = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_row_o, 1)
        next_acc_o_2 = acc_o_2 + tile_sum
        acc_o = next_acc_o
        acc_o_2 = next_acc_o_2
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    # src[maps.diag:25]
    rsqrt_row = tl.rsqrt(1e-05 + (recip * state))
    # src[fused.diag:43]
    X = tl.load(
        X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    mul_row_n = ((recip * acc_o_2) * rsqrt_row)[:, None] * X.to(tl.float32)
    weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
    safe_ = tl.where(mul_row_n == float("-inf"), 0.0, mul_row_n)
    mul_row_n_2 = ((weight[None, :] * acc_o) - safe_) * rsqrt_row[:, None]
    tl.store(
        d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
        mul_row_n_2.to(tl.bfloat16),
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def rmsnorm_matmul_long_backward_d_weight_d_W_rows_kernel(
    weight_ptr, W_ptr, buffer_0_ptr, d_weight_ptr, d_W_ptr, weight_stride_n, W_stride_n, W_stride_o,
    buffer_0_stride_n, buffer_0_stride_o, d_weight_stride_n, d_W_stride_n, d_W_stride_o, size_n, size_o,
    BLOCK_O: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    n_index = program.to(tl.int64)
    o_index = tl.arange(0, BLOCK_O)
    buffer_0 = load_tile(
        buffer_0_ptr + n_index * buffer_0_stride_n + o_index * buffer_0_stride_o,
        (o_index < size_o),
        0.0,
        EXACT_O,
    )
    # src[fused.diag:43]
    W = load_tile(W_ptr + n_index * W_stride_n + o_index * W_stride_o, (o_index < size_o), 0.0, EXACT_O)
    mul_o = W.to(tl.float32) * buffer_0
    sum_ = tl.sum(mul_o, 0)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_)
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    tl.store(
        d_W_ptr + n_index * d_W_stride_n + o_index * d_W_stride_o,
        (weight * buffer_0).to(tl.bfloat16),
        mask=(o_index < size_o),
    )


@triton.jit
def rmsnorm_matmul_long_backward_d_weight_d_W_kernel(
    weight_ptr, W_ptr, buffer_0_ptr, d_weight_ptr, d_W_ptr, weight_stride_n, W_stride_n, W_stride_o,
    buffer_0_stride_n, buffer_0_stride_o, d_weight_stride_n, d_W_stride_n, d_W_stride_o, size_n, size_o,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    n_index = program.to(tl.int64)
    acc_o = tl.full([], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        buffer_0 = tl.load(buffer_0_ptr + n_index * buffer_0_stride_n + o_index * buffer_0_stride_o)
        # src[fused.diag:43]
        W = tl.load(W_ptr + n_index * W_stride_n + o_index * W_stride_o)
        mul_o = W.to(tl.float32) * buffer_0
        tile_sum = tl.sum(mul_o, 0)
        next_acc_o = acc_o + tile_sum
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        buffer_0 = tl.load(
            buffer_0_ptr + n_index * buffer_0_stride_n + o_index * buffer_0_stride_o,
            mask=(o_index < size_o),
            other=0.0,
        )
        # src[fused.diag:43]
        W = tl.load(W_ptr + n_index * W_stride_n + o_index * W_stride_o, mask=(o_index < size_o), other=0.0)
        mul_o = W.to(tl.float32) * buffer_0
        tile_sum = tl.sum(mul_o, 0)
        next_acc_o = acc_o + tile_sum
        acc_o = next_acc_o
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_o)
    # src[fused.diag:43]
    weight = tl.load(weight_ptr + n_index * weight_stride_n)
    # whole tiles, no mask needed
    for first_o_3 in tl.range(0, to_o, BLOCK_O):
        o_index = first_o_3 + tl.arange(0, BLOCK_O)
        buffer_0 = tl.load(buffer_0_ptr + n_index * buffer_0_stride_n + o_index * buffer_0_stride_o)
        tl.store(
            d_W_ptr + n_index * d_W_stride_n + o_index * d_W_stride_o,
            (weight * buffer_0).to(tl.bfloat16),
        )
    # tiles that a mask or the end cuts
    for first_o_4 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_4 + tl.arange(0, BLOCK_O)
        buffer_0 = tl.load(
            buffer_0_ptr + n_index * buffer_0_stride_n + o_index * buffer_0_stride_o,
            mask=(o_index < size_o),
            other=0.0,
        )
        tl.store(
            d_W_ptr + n_index * d_W_stride_n + o_index * d_W_stride_o,
            (weight * buffer_0).to(tl.bfloat16),
            mask=(o_index < size_o),
        )


@_operator
def _rmsnorm_matmul(X: torch.Tensor, weight: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_rmsnorm_matmul(X: bf16[row n], weight: f32[n], W: bf16[n o]) -> out: bf16[row o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    out = torch.empty((row, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_ROW, BLOCK_O, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(o, BLOCK_O),)
    rmsnorm_matmul_kernel[grid](
        X, weight, W, out, X.stride(0), X.stride(1), weight.stride(0), W.stride(0), W.stride(1),
        out.stride(0), out.stride(1), row, n, o, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, BLOCK_O=BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rmsnorm_matmul_forward_state(X: torch.Tensor) -> torch.Tensor:
    """_rmsnorm_matmul_forward_state(X: bf16[row n]) -> state: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    row, n = X.shape
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_matmul_forward_state_rows_kernel[grid](
            X, state, X.stride(0), X.stride(1), state.stride(0), row, n, BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return state
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_matmul_forward_state_kernel[grid](
        X, state, X.stride(0), X.stride(1), state.stride(0), row, n, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return state


@_operator
def _rmsnorm_matmul_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_forward_out(X: bf16[row n], weight: f32[n], W: bf16[n o], state: f32[row]) -> out: bf16[row o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    out = torch.empty((row, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_ROW, BLOCK_O, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(o, BLOCK_O),)
    rmsnorm_matmul_forward_out_kernel[grid](
        X, weight, W, state, out, X.stride(0), X.stride(1), weight.stride(0), W.stride(0), W.stride(1),
        state.stride(0), out.stride(0), out.stride(1), row, n, o, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW,
        BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rmsnorm_matmul_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_backward_d_X(X: bf16[row n], weight: f32[n], W: bf16[n o], d_out: bf16[row o], out: bf16[row o], state: f32[row]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("out", out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if out.shape != (row, o):
        raise ValueError(f"out: bf16[row o] has shape {out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_ROW, BLOCK_N, BLOCK_O, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(n, BLOCK_N),)
    rmsnorm_matmul_backward_d_X_kernel[grid](
        X, weight, W, d_out, out, state, d_X, X.stride(0), X.stride(1), weight.stride(0), W.stride(0),
        W.stride(1), d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1), state.stride(0),
        d_X.stride(0), d_X.stride(1), row, n, o, BLOCK_O=BLOCK_O, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _rmsnorm_matmul_backward_d_weight(
    X: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_backward_d_weight(X: bf16[row n], W: bf16[n o], d_out: bf16[row o], state: f32[row]) -> d_weight: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_weight = torch.empty((n,), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight
    BLOCK_ROW = max(16, triton.next_power_of_2(row))
    if BLOCK_ROW > 256:
        raise ValueError(f"row = {BLOCK_ROW}: at most 256 elements are held on chip")
    if BLOCK_ROW <= 64:
        BLOCK_N, BLOCK_O, warps, stages = 64, 64, 4, 2
    elif BLOCK_ROW <= 128:
        BLOCK_N, BLOCK_O, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_N, BLOCK_O, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    rmsnorm_matmul_backward_d_weight_kernel[grid](
        X, W, d_out, state, d_weight, X.stride(0), X.stride(1), W.stride(0), W.stride(1), d_out.stride(0),
        d_out.stride(1), state.stride(0), d_weight.stride(0), row, n, o, BLOCK_O=BLOCK_O, BLOCK_ROW=BLOCK_ROW,
        BLOCK_N=BLOCK_N, EXACT_ROW=row == BLOCK_ROW, num_warps=warps, num_stages=stages,
    )
    return d_weight


@_operator
def _rmsnorm_matmul_backward_d_W(
    X: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_backward_d_W(X: bf16[row n], weight: f32[n], d_out: bf16[row o], state: f32[row]) -> d_W: bf16[n o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = d_out.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_W = torch.empty((n, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_N, BLOCK_O, BLOCK_ROW, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(n, BLOCK_N) * triton.cdiv(o, BLOCK_O),)
    rmsnorm_matmul_backward_d_W_kernel[grid](
        X, weight, d_out, state, d_W, X.stride(0), X.stride(1), weight.stride(0), d_out.stride(0),
        d_out.stride(1), state.stride(0), d_W.stride(0), d_W.stride(1), row, n, o, BLOCK_ROW=BLOCK_ROW,
        BLOCK_N=BLOCK_N, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _rmsnorm_matmul_long_forward_state(X: torch.Tensor) -> torch.Tensor:
    """_rmsnorm_matmul_long_forward_state(X: bf16[row n]) -> state: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    row, n = X.shape
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_matmul_long_forward_state_rows_kernel[grid](
            X, state, X.stride(0), X.stride(1), state.stride(0), row, n, BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return state
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_matmul_long_forward_state_kernel[grid](
        X, state, X.stride(0), X.stride(1), state.stride(0), row, n, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return state


@_operator
def _rmsnorm_matmul_long_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_long_forward_out(X: bf16[row n], weight: f32[n], W: bf16[n o], state: f32[row]) -> out: bf16[row o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    out = torch.empty((row, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_ROW, BLOCK_O, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(o, BLOCK_O),)
    rmsnorm_matmul_long_forward_out_kernel[grid](
        X, weight, W, state, out, X.stride(0), X.stride(1), weight.stride(0), W.stride(0), W.stride(1),
        state.stride(0), out.stride(0), out.stride(1), row, n, o, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW,
        BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rmsnorm_matmul_long_backward_buffer_0(
    X: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_long_backward_buffer_0(X: bf16[row n], d_out: bf16[row o], state: f32[row]) -> buffer_0: f32[n o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = d_out.shape
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    buffer_0 = torch.empty((n, o), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_N, BLOCK_O, BLOCK_ROW, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(n, BLOCK_N) * triton.cdiv(o, BLOCK_O),)
    rmsnorm_matmul_long_backward_buffer_0_kernel[grid](
        X, d_out, state, buffer_0, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1),
        state.stride(0), buffer_0.stride(0), buffer_0.stride(1), row, n, o, BLOCK_ROW=BLOCK_ROW,
        BLOCK_N=BLOCK_N, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _rmsnorm_matmul_long_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_matmul_long_backward_d_X(X: bf16[row n], weight: f32[n], W: bf16[n o], d_out: bf16[row o], out: bf16[row o], state: f32[row]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("out", out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if d_out.shape != (row, o):
        raise ValueError(f"d_out: bf16[row o] has shape {d_out.shape}, expected {(row, o)}")
    if out.shape != (row, o):
        raise ValueError(f"out: bf16[row o] has shape {out.shape}, expected {(row, o)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_ROW, BLOCK_N, BLOCK_O, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(row, BLOCK_ROW) * triton.cdiv(n, BLOCK_N),)
    rmsnorm_matmul_long_backward_d_X_kernel[grid](
        X, weight, W, d_out, out, state, d_X, X.stride(0), X.stride(1), weight.stride(0), W.stride(0),
        W.stride(1), d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1), state.stride(0),
        d_X.stride(0), d_X.stride(1), row, n, o, BLOCK_O=BLOCK_O, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _rmsnorm_matmul_long_backward_d_weight_d_W(
    weight: torch.Tensor,
    W: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_rmsnorm_matmul_long_backward_d_weight_d_W(weight: f32[n], W: bf16[n o], buffer_0: f32[n o]) -> d_weight: f32[n], d_W: bf16[n o]. Any strides; sizes are read off the shapes."""
    _check("weight", weight, torch.float32, 1, weight.device)
    _check("W", W, torch.bfloat16, 2, weight.device)
    _check("buffer_0", buffer_0, torch.float32, 2, weight.device)
    (n,) = weight.shape
    _, o = W.shape
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if buffer_0.shape != (n, o):
        raise ValueError(f"buffer_0: f32[n o] has shape {buffer_0.shape}, expected {(n, o)}")
    d_weight = torch.empty((n,), dtype=torch.float32, device=weight.device)
    d_W = torch.empty((n, o), dtype=torch.bfloat16, device=weight.device)
    if _is_traced(d_weight):
        return d_weight, d_W
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if BLOCK_O <= 16384:
        if BLOCK_O <= 1024:
            warps, stages = 4, 1
        elif BLOCK_O <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (n,)
        rmsnorm_matmul_long_backward_d_weight_d_W_rows_kernel[grid](
            weight, W, buffer_0, d_weight, d_W, weight.stride(0), W.stride(0), W.stride(1),
            buffer_0.stride(0), buffer_0.stride(1), d_weight.stride(0), d_W.stride(0), d_W.stride(1), n, o,
            BLOCK_O=BLOCK_O, EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
        )
        return d_weight, d_W
    BLOCK_O, warps, stages = 4096, 8, 2
    grid = (n,)
    rmsnorm_matmul_long_backward_d_weight_d_W_kernel[grid](
        weight, W, buffer_0, d_weight, d_W, weight.stride(0), W.stride(0), W.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), d_weight.stride(0), d_W.stride(0), d_W.stride(1), n, o, BLOCK_O=BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_weight, d_W


class _rmsnorm_matmul_autograd(torch.autograd.Function):
    """rmsnorm_matmul and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, W):
        state = _rmsnorm_matmul_forward_state(X)
        out = _rmsnorm_matmul_forward_out(X, weight, W, state)
        ctx.save_for_backward(X, weight, W, out, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, W, out, state = ctx.saved_tensors
        d_X = _rmsnorm_matmul_backward_d_X(X, weight, W, d_out, out, state)
        d_weight = _rmsnorm_matmul_backward_d_weight(X, W, d_out, state)
        d_W = _rmsnorm_matmul_backward_d_W(X, weight, d_out, state)
        return d_X, d_weight, d_W


class _rmsnorm_matmul_long_autograd(torch.autograd.Function):
    """rmsnorm_matmul and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, W):
        state = _rmsnorm_matmul_long_forward_state(X)
        out = _rmsnorm_matmul_long_forward_out(X, weight, W, state)
        ctx.save_for_backward(X, weight, W, out, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, W, out, state = ctx.saved_tensors
        buffer_0 = _rmsnorm_matmul_long_backward_buffer_0(X, d_out, state)
        d_X = _rmsnorm_matmul_long_backward_d_X(X, weight, W, d_out, out, state)
        d_weight, d_W = _rmsnorm_matmul_long_backward_d_weight_d_W(weight, W, buffer_0)
        return d_X, d_weight, d_W


@_anywhere(torch.bfloat16, torch.float32, torch.bfloat16)
def rmsnorm_matmul(X: torch.Tensor, weight: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """rmsnorm_matmul(X: bf16[row n], weight: f32[n], W: bf16[n o]) -> out: bf16[row o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    _, o = W.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if W.shape != (n, o):
        raise ValueError(f"W: bf16[n o] has shape {W.shape}, expected {(n, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight, W)):
        if row <= 256:
            return _rmsnorm_matmul_autograd.apply(X, weight, W)
        return _rmsnorm_matmul_long_autograd.apply(X, weight, W)
    out = _rmsnorm_matmul(X, weight, W)
    return out


@triton.jit
def groupnorm_matmul_buffer_0_buffer_1_rows_kernel(
    X_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    buffer_0_stride_b, buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr,
    EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    # src[fused.diag:49]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(tl.sum(X_f32, 1), 0)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    # src[maps.diag:33]
    mul = recip * sum_
    tl.store(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group, mul)
    centred = tl.where((pixel_index < size_pixel)[None, :], X_f32 - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        tl.rsqrt(1e-05 + (sum_2 * recip)),
    )


@triton.jit
def groupnorm_matmul_buffer_0_buffer_1_kernel(
    X_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    buffer_0_stride_b, buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = recip * (next_sum_channel_pixel * where)
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = X_f32 - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = recip * (next_sum_channel_pixel * where)
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, X_f32 - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    # src[maps.diag:33]
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        (recip * sum_channel_pixel),
    )
    # src[maps.diag:34]
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        tl.rsqrt(1e-05 + (acc_channel_pixel * recip)),
    )


@triton.jit
def groupnorm_matmul_out_kernel(
    X_ptr, weight_ptr, bias_ptr, W_ptr, buffer_1_ptr, buffer_0_ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, W_stride_group, W_stride_channel, W_stride_o, buffer_1_stride_b,
    buffer_1_stride_group, buffer_0_stride_b, buffer_0_stride_group, out_stride_b, out_stride_o,
    out_stride_pixel, size_b, size_pixel, size_o, BLOCK_CHANNEL: tl.constexpr, BLOCK_O: tl.constexpr,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    b_index = program.to(tl.int64)
    acc_group_channel = tl.full([BLOCK_O, BLOCK_PIXEL], 0.0, tl.float32)
    for group_index in tl.range(0, 4):
        buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
        buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
        to_channel = (16) // BLOCK_CHANNEL * BLOCK_CHANNEL
        # whole tiles, no mask needed
        for first_channel in tl.range(0, to_channel, BLOCK_CHANNEL):
            channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
            # src[fused.diag:52]
            W = tl.load(
                W_ptr + group_index * W_stride_group + channel_index[None, :] * W_stride_channel + o_index[:, None] * W_stride_o,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:51]
            bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
            # src[fused.diag:50]
            weight = tl.load(
                weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[None, :] * X_stride_channel + pixel_index[:, None] * X_stride_pixel,
                mask=(pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
            # src[maps.diag:33]
            # src[maps.diag:34]
            mul_pixel_channel = (buffer_1 * weight)[None, :] * (X.to(tl.float32) - safe_buffer_0)
            Y_bf16 = (mul_pixel_channel + bias[None, :]).to(tl.bfloat16)
            # src[fused.diag:55]
            next_acc_group_channel = tl.dot(W, tl.trans(Y_bf16), acc_group_channel)
            acc_group_channel = next_acc_group_channel
        from_channel = tl.maximum(0, to_channel)
        # tiles that a mask or the end cuts
        for first_channel_2 in tl.range(from_channel, 16, BLOCK_CHANNEL):
            channel_index = first_channel_2 + tl.arange(0, BLOCK_CHANNEL)
            # src[fused.diag:52]
            W = tl.load(
                W_ptr + group_index * W_stride_group + channel_index[None, :] * W_stride_channel + o_index[:, None] * W_stride_o,
                mask=(channel_index < 16)[None, :] & (o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:51]
            bias = tl.load(
                bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel,
                mask=(channel_index < 16),
                other=0.0,
            )
            # src[fused.diag:50]
            weight = tl.load(
                weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
                mask=(channel_index < 16),
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[None, :] * X_stride_channel + pixel_index[:, None] * X_stride_pixel,
                mask=(channel_index < 16)[None, :] & (pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
            # src[maps.diag:33]
            # src[maps.diag:34]
            mul_pixel_channel = (buffer_1 * weight)[None, :] * (X.to(tl.float32) - safe_buffer_0)
            Y_bf16 = (mul_pixel_channel + bias[None, :]).to(tl.bfloat16)
            # src[fused.diag:55]
            next_acc_group_channel = tl.dot(W, tl.trans(Y_bf16), acc_group_channel)
            acc_group_channel = next_acc_group_channel
    tl.store(
        out_ptr + b_index * out_stride_b + o_index[:, None] * out_stride_o + pixel_index[None, :] * out_stride_pixel,
        acc_group_channel.to(tl.bfloat16),
        mask=(o_index < size_o)[:, None] & (pixel_index < size_pixel)[None, :],
    )


@triton.jit
def groupnorm_matmul_forward_state_state___rows_kernel(
    X_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, size_b, size_pixel,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr,
    EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    # src[fused.diag:49]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(tl.sum(X_f32, 1), 0)
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_)
    # src[maps.diag:33]
    mul = (1.0 / tl.cast((16 * size_pixel), tl.float32)) * sum_
    centred = tl.where((pixel_index < size_pixel)[None, :], X_f32 - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, sum_2)


@triton.jit
def groupnorm_matmul_forward_state_state___kernel(
    X_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = recip * (next_sum_channel_pixel * where)
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = X_f32 - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = recip * (next_sum_channel_pixel * where)
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, X_f32 - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_channel_pixel)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, acc_channel_pixel)


@triton.jit
def groupnorm_matmul_forward_out_kernel(
    X_ptr, weight_ptr, bias_ptr, W_ptr, state___ptr, state_ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, W_stride_group, W_stride_channel, W_stride_o, state___stride_b, state___stride_group,
    state_stride_b, state_stride_group, out_stride_b, out_stride_o, out_stride_pixel, size_b, size_pixel,
    size_o, BLOCK_CHANNEL: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    b_index = program.to(tl.int64)
    acc_group_channel = tl.full([BLOCK_O, BLOCK_PIXEL], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    for group_index in tl.range(0, 4):
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = recip * state
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (recip * state__))
        to_channel = (16) // BLOCK_CHANNEL * BLOCK_CHANNEL
        # whole tiles, no mask needed
        for first_channel in tl.range(0, to_channel, BLOCK_CHANNEL):
            channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
            # src[fused.diag:52]
            W = tl.load(
                W_ptr + group_index * W_stride_group + channel_index[None, :] * W_stride_channel + o_index[:, None] * W_stride_o,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[None, :] * X_stride_channel + pixel_index[:, None] * X_stride_pixel,
                mask=(pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[fused.diag:50]
            weight = tl.load(
                weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
            )
            # src[maps.diag:34]
            # src[fused.diag:51]
            bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
            # src[maps.diag:34]
            Y = bias[None, :] + ((rsqrt * weight)[None, :] * centred)
            Y_bf16 = Y.to(tl.bfloat16)
            # src[fused.diag:55]
            next_acc_group_channel = tl.dot(W, tl.trans(Y_bf16), acc_group_channel)
            acc_group_channel = next_acc_group_channel
        from_channel = tl.maximum(0, to_channel)
        # tiles that a mask or the end cuts
        for first_channel_2 in tl.range(from_channel, 16, BLOCK_CHANNEL):
            channel_index = first_channel_2 + tl.arange(0, BLOCK_CHANNEL)
            # src[fused.diag:52]
            W = tl.load(
                W_ptr + group_index * W_stride_group + channel_index[None, :] * W_stride_channel + o_index[:, None] * W_stride_o,
                mask=(channel_index < 16)[None, :] & (o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[None, :] * X_stride_channel + pixel_index[:, None] * X_stride_pixel,
                mask=(channel_index < 16)[None, :] & (pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[fused.diag:50]
            weight = tl.load(
                weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
                mask=(channel_index < 16),
                other=0.0,
            )
            # src[maps.diag:34]
            # src[fused.diag:51]
            bias = tl.load(
                bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel,
                mask=(channel_index < 16),
                other=0.0,
            )
            # src[maps.diag:34]
            Y = bias[None, :] + ((rsqrt * weight)[None, :] * centred)
            Y_bf16 = Y.to(tl.bfloat16)
            # src[fused.diag:55]
            next_acc_group_channel = tl.dot(W, tl.trans(Y_bf16), acc_group_channel)
            acc_group_channel = next_acc_group_channel
    tl.store(
        out_ptr + b_index * out_stride_b + o_index[:, None] * out_stride_o + pixel_index[None, :] * out_stride_pixel,
        acc_group_channel.to(tl.bfloat16),
        mask=(o_index < size_o)[:, None] & (pixel_index < size_pixel)[None, :],
    )


@triton.jit
def groupnorm_matmul_backward_buffer_2_kernel(
    X_ptr, weight_ptr, W_ptr, d_out_ptr, state_ptr, buffer_2_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, W_stride_group,
    W_stride_channel, W_stride_o, d_out_stride_b, d_out_stride_o, d_out_stride_pixel, state_stride_b,
    state_stride_group, buffer_2_stride_b, buffer_2_stride_group, buffer_2_stride_channel, size_b, size_pixel,
    size_o, BLOCK_PIXEL: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
    EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    o_index = tl.arange(0, BLOCK_O)
    acc_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    # src[fused.diag:52]
    W = tl.load(
        W_ptr + group_index * W_stride_group + channel_index[:, None] * W_stride_channel + o_index[None, :] * W_stride_o,
        mask=(channel_index < 16)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * (1.0 / tl.cast((16 * size_pixel), tl.float32))
    # src[fused.diag:50]
    weight = tl.load(
        weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        mask=(channel_index < 16),
        other=0.0,
    )
    to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
    # whole tiles, no mask needed
    for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
        pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
        d_out = load_tile(
            d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(W, tl.trans(d_out))
        # src[fused.diag:49]
        X = tl.load(
            X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
            mask=(channel_index < 16)[:, None],
            other=0.0,
        )
        # src[maps.diag:33]
        sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
        mul_channel_pixel = weight[:, None] * (sub_channel_pixel * dot)
        tile_sum = tl.sum(mul_channel_pixel, 1)
        next_acc_pixel = acc_pixel + tile_sum
        acc_pixel = next_acc_pixel
    from_pixel = tl.maximum(0, to_pixel)
    # tiles that a mask or the end cuts
    for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
        pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
            mask=(o_index < size_o)[None, :] & (pixel_index < size_pixel)[:, None],
            other=0.0,
        )
        dot = tl.dot(W, tl.trans(d_out))
        # src[fused.diag:49]
        X = tl.load(
            X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
            mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
            other=0.0,
        )
        # src[maps.diag:33]
        sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
        sub_channel_pixel_2 = tl.where((pixel_index < size_pixel)[None, :], sub_channel_pixel, 0.0)
        mul_channel_pixel = weight[:, None] * (sub_channel_pixel_2 * dot)
        tile_sum = tl.sum(mul_channel_pixel, 1)
        next_acc_pixel = acc_pixel + tile_sum
        acc_pixel = next_acc_pixel
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel,
        acc_pixel,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_matmul_backward_d_weight_d_bias_kernel(
    X_ptr, W_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, W_stride_group, W_stride_channel, W_stride_o, d_out_stride_b,
    d_out_stride_o, d_out_stride_pixel, state_stride_b, state_stride_group, state___stride_b,
    state___stride_group, d_weight_stride_group, d_weight_stride_channel, d_bias_stride_group,
    d_bias_stride_channel, size_b, size_pixel, size_o, BLOCK_PIXEL: tl.constexpr, BLOCK_O: tl.constexpr,
    BLOCK_CHANNEL: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    o_index = tl.arange(0, BLOCK_O)
    acc_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    sum_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    # src[fused.diag:52]
    W = tl.load(
        W_ptr + group_index * W_stride_group + channel_index[:, None] * W_stride_channel + o_index[None, :] * W_stride_o,
        mask=(channel_index < 16)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    for b_index in tl.range(0, size_b):
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = state * recip
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            d_out = load_tile(
                d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
                (o_index < size_o)[None, :],
                0.0,
                EXACT_O,
            )
            dot = tl.dot(W, tl.trans(d_out))
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            mul_channel_pixel = (sub_channel_pixel * dot) * rsqrt
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(dot, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
                mask=(o_index < size_o)[None, :] & (pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            dot = tl.dot(W, tl.trans(d_out))
            tile = tl.where((pixel_index < size_pixel)[None, :], dot, 0.0)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[maps.diag:33]
            sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            mul_channel_pixel = (sub_channel_pixel * tile) * rsqrt
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(tile, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        acc_b_pixel,
        mask=(channel_index < 16),
    )
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_b_pixel,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_matmul_backward_d_W_kernel(
    X_ptr, weight_ptr, bias_ptr, d_out_ptr, state_ptr, state___ptr, d_W_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, d_out_stride_b, d_out_stride_o, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, d_W_stride_group, d_W_stride_channel,
    d_W_stride_o, size_b, size_pixel, size_o, BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    acc_b_pixel = tl.full([BLOCK_CHANNEL, BLOCK_O], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    # src[fused.diag:50]
    weight = tl.load(
        weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        mask=(channel_index < 16),
        other=0.0,
    )
    # src[fused.diag:51]
    bias = tl.load(
        bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel,
        mask=(channel_index < 16),
        other=0.0,
    )
    for b_index in tl.range(0, size_b):
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = state * recip
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + o_index[:, None] * d_out_stride_o + pixel_index[None, :] * d_out_stride_pixel,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[maps.diag:34]
            add_channel_pixel = bias[:, None] + ((rsqrt * weight)[:, None] * sub_channel_pixel)
            tile_bf16 = add_channel_pixel.to(tl.bfloat16)
            next_acc_b_pixel = tl.dot(tile_bf16, tl.trans(d_out), acc_b_pixel)
            acc_b_pixel = next_acc_b_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + o_index[:, None] * d_out_stride_o + pixel_index[None, :] * d_out_stride_pixel,
                mask=(o_index < size_o)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[maps.diag:33]
            sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[maps.diag:34]
            add_channel_pixel = bias[:, None] + ((rsqrt * weight)[:, None] * sub_channel_pixel)
            tile_bf16 = add_channel_pixel.to(tl.bfloat16)
            next_acc_b_pixel = tl.dot(tile_bf16, tl.trans(d_out), acc_b_pixel)
            acc_b_pixel = next_acc_b_pixel
    tl.store(
        d_W_ptr + group_index * d_W_stride_group + channel_index[:, None] * d_W_stride_channel + o_index[None, :] * d_W_stride_o,
        acc_b_pixel.to(tl.bfloat16),
        mask=(channel_index < 16)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def groupnorm_matmul_backward_buffer_0_rows_kernel(
    buffer_2_ptr, buffer_0_ptr, buffer_2_stride_b, buffer_2_stride_group, buffer_2_stride_channel,
    buffer_0_stride_b, buffer_0_stride_group, size_b, BLOCK_CHANNEL: tl.constexpr,
    EXACT_CHANNEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel,
    )
    sum_ = tl.sum(buffer_2, 0)
    tl.store(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group, sum_)


@triton.jit
def groupnorm_matmul_backward_buffer_0_kernel(
    buffer_2_ptr, buffer_0_ptr, buffer_2_stride_b, buffer_2_stride_group, buffer_2_stride_channel,
    buffer_0_stride_b, buffer_0_stride_group, size_b, BLOCK_CHANNEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel = tl.full([], 0.0, tl.float32)
    to_channel = (16) // BLOCK_CHANNEL * BLOCK_CHANNEL
    # whole tiles, no mask needed
    for first_channel in tl.range(0, to_channel, BLOCK_CHANNEL):
        channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel,
        )
        tile_sum = tl.sum(buffer_2, 0)
        next_sum_channel = sum_channel + tile_sum
        sum_channel = next_sum_channel
    from_channel = tl.maximum(0, to_channel)
    # tiles that a mask or the end cuts
    for first_channel_2 in tl.range(from_channel, 16, BLOCK_CHANNEL):
        channel_index = first_channel_2 + tl.arange(0, BLOCK_CHANNEL)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel,
            mask=(channel_index < 16),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_2, 0)
        next_sum_channel = sum_channel + tile_sum
        sum_channel = next_sum_channel
    tl.store(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group, sum_channel)


@triton.jit
def groupnorm_matmul_backward_buffer_1_kernel(
    X_ptr, weight_ptr, W_ptr, d_out_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    W_stride_group, W_stride_channel, W_stride_o, d_out_stride_b, d_out_stride_o, d_out_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, buffer_0_stride_b,
    buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel, size_o,
    BLOCK_PIXEL: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_GROUP: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_group = (program % tl.cdiv(4, BLOCK_GROUP)) * BLOCK_GROUP
    group_index = first_group + tl.arange(0, BLOCK_GROUP)
    program = program // tl.cdiv(4, BLOCK_GROUP)
    b_index = program.to(tl.int64)
    o_index = tl.arange(0, BLOCK_O)
    sum_channel_pixel = tl.full([BLOCK_GROUP], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(group_index < 4),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_group = tl.rsqrt(1e-05 + (state__ * recip))
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(group_index < 4),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_group = state * recip
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        mask=(group_index < 4),
        other=0.0,
    )
    for channel_index in tl.range(0, 16):
        # src[fused.diag:52]
        W = tl.load(
            W_ptr + group_index[:, None] * W_stride_group + channel_index * W_stride_channel + o_index[None, :] * W_stride_o,
            mask=(group_index < 4)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[fused.diag:50]
        weight = tl.load(
            weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
            mask=(group_index < 4),
            other=0.0,
        )
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            d_out = load_tile(
                d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
                (o_index < size_o)[None, :],
                0.0,
                EXACT_O,
            )
            dot = tl.dot(W, tl.trans(d_out))
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index[:, None] * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(group_index < 4)[:, None],
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            sub_group_pixel = mul_group[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
            tile = ((recip * buffer_0) * rsqrt_group) * rsqrt_group
            add_group_pixel = (tile[:, None] * sub_group_pixel) + (weight[:, None] * dot)
            tile_sum = tl.sum(add_group_pixel, 1)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            sum_channel_pixel = next_sum_channel_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
                mask=(o_index < size_o)[None, :] & (pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            dot = tl.dot(W, tl.trans(d_out))
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index[:, None] * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(group_index < 4)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            sub_group_pixel = mul_group[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
            tile = ((recip * buffer_0) * rsqrt_group) * rsqrt_group
            add_group_pixel = (tile[:, None] * sub_group_pixel) + (weight[:, None] * dot)
            add_group_pixel_2 = tl.where((pixel_index < size_pixel)[None, :], add_group_pixel, 0.0)
            tile_sum = tl.sum(add_group_pixel_2, 1)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            sum_channel_pixel = next_sum_channel_pixel
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_channel_pixel,
        mask=(group_index < 4),
    )


@triton.jit
def groupnorm_matmul_backward_d_X_kernel(
    X_ptr, weight_ptr, W_ptr, d_out_ptr, state_ptr, state___ptr, buffer_1_ptr, buffer_0_ptr, d_X_ptr,
    X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    W_stride_group, W_stride_channel, W_stride_o, d_out_stride_b, d_out_stride_o, d_out_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, buffer_1_stride_b,
    buffer_1_stride_group, buffer_0_stride_b, buffer_0_stride_group, d_X_stride_b, d_X_stride_group,
    d_X_stride_channel, d_X_stride_pixel, size_b, size_pixel, size_o, BLOCK_O: tl.constexpr,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    acc_o = tl.full([BLOCK_CHANNEL, BLOCK_PIXEL], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
            mask=(pixel_index < size_pixel)[:, None],
            other=0.0,
        )
        # src[fused.diag:52]
        W = tl.load(
            W_ptr + group_index * W_stride_group + channel_index[:, None] * W_stride_channel + o_index[None, :] * W_stride_o,
            mask=(channel_index < 16)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(W, tl.trans(d_out), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
            mask=(o_index < size_o)[None, :] & (pixel_index < size_pixel)[:, None],
            other=0.0,
        )
        # src[fused.diag:52]
        W = tl.load(
            W_ptr + group_index * W_stride_group + channel_index[:, None] * W_stride_channel + o_index[None, :] * W_stride_o,
            mask=(channel_index < 16)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(W, tl.trans(d_out), acc_o)
        acc_o = next_acc_o
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
    # src[maps.diag:34]
    rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * recip
    # src[fused.diag:49]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
        other=0.0,
    )
    # src[maps.diag:33]
    sub_channel_pixel = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
    buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
    mul_channel_pixel = ((buffer_0 * rsqrt) * rsqrt) * sub_channel_pixel
    buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
    mul_channel_pixel_2 = (buffer_1 + mul_channel_pixel) * recip
    # src[fused.diag:50]
    weight = tl.load(
        weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        mask=(channel_index < 16),
        other=0.0,
    )
    safe_ = tl.where(mul_channel_pixel_2 == float("-inf"), 0.0, mul_channel_pixel_2)
    tile_bf16 = (((weight[:, None] * acc_o) - safe_) * rsqrt).to(tl.bfloat16)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + group_index * d_X_stride_group + channel_index[:, None] * d_X_stride_channel + pixel_index[None, :] * d_X_stride_pixel,
        tile_bf16,
        mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
    )


@triton.jit
def groupnorm_matmul_long_forward_state_state___rows_kernel(
    X_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, size_b, size_pixel,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, EXACT_CHANNEL: tl.constexpr,
    EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    # src[fused.diag:49]
    X = load_tile(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
        (pixel_index < size_pixel)[None, :],
        0.0,
        EXACT_PIXEL,
    )
    X_f32 = X.to(tl.float32)
    sum_ = tl.sum(tl.sum(X_f32, 1), 0)
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_)
    # src[maps.diag:33]
    mul = (1.0 / tl.cast((16 * size_pixel), tl.float32)) * sum_
    centred = tl.where((pixel_index < size_pixel)[None, :], X_f32 - mul, 0.0)
    # src[maps.diag:34]
    mul_channel_pixel = centred * centred
    sum_2 = tl.sum(tl.sum(mul_channel_pixel, 1), 0)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, sum_2)


@triton.jit
def groupnorm_matmul_long_forward_state_state___kernel(
    X_ptr, state_ptr, state___ptr, X_stride_b, X_stride_group, X_stride_channel, X_stride_pixel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    sum_channel_pixel = tl.full([], 0.0, tl.float32)
    acc_channel_pixel = tl.full([], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast((16 * size_pixel), tl.float32)
    recip = 1.0 / tile_f32
    for channel_index in tl.range(0, 16):
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel), tl.float32)
            scalar = tl.minimum(first_pixel + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = recip * (next_sum_channel_pixel * where)
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = X_f32 - next_centre
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            tile_f32_2 = tl.cast(((channel_index * size_pixel) + first_pixel_2), tl.float32)
            scalar = tl.minimum(first_pixel_2 + BLOCK_PIXEL, size_pixel)
            tile_f32_3 = tl.cast(((channel_index * size_pixel) + scalar), tl.float32)
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
                mask=(pixel_index < size_pixel),
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            tile_sum = tl.sum(X_f32, 0)
            next_sum_channel_pixel = sum_channel_pixel + tile_sum
            where = tl.where(tile_f32_3 == tile_f32, 1.0, tile_f32 / tl.maximum(tile_f32_3, 1.0))
            mul = recip * (next_sum_channel_pixel * where)
            next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
            change = next_centre - centre
            acc_channel_pixel_2 = (-2.0 * sum_channel_pixel_2) + (tile_f32_2 * change)
            acc_channel_pixel_3 = acc_channel_pixel + (acc_channel_pixel_2 * change)
            # src[maps.diag:33]
            centred = tl.where(pixel_index < size_pixel, X_f32 - next_centre, 0.0)
            # src[maps.diag:34]
            mul_pixel = centred * centred
            tile_sum_2 = tl.sum(mul_pixel, 0)
            next_acc_channel_pixel = acc_channel_pixel_3 + tile_sum_2
            sum_channel_pixel_3 = sum_channel_pixel_2 + ((-1.0 * tile_f32_2) * change)
            tile_sum_3 = tl.sum(centred, 0)
            next_sum_channel_pixel_2 = sum_channel_pixel_3 + tile_sum_3
            sum_channel_pixel = next_sum_channel_pixel
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
            centre = next_centre
    tl.store(state_ptr + b_index * state_stride_b + group_index * state_stride_group, sum_channel_pixel)
    tl.store(state___ptr + b_index * state___stride_b + group_index * state___stride_group, acc_channel_pixel)


@triton.jit
def groupnorm_matmul_long_forward_out_kernel(
    X_ptr, weight_ptr, bias_ptr, W_ptr, state___ptr, state_ptr, out_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, W_stride_group, W_stride_channel, W_stride_o, state___stride_b, state___stride_group,
    state_stride_b, state_stride_group, out_stride_b, out_stride_o, out_stride_pixel, size_b, size_pixel,
    size_o, BLOCK_CHANNEL: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    b_index = program.to(tl.int64)
    acc_group_channel = tl.full([BLOCK_O, BLOCK_PIXEL], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    for group_index in tl.range(0, 4):
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = recip * state
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (recip * state__))
        to_channel = (16) // BLOCK_CHANNEL * BLOCK_CHANNEL
        # whole tiles, no mask needed
        for first_channel in tl.range(0, to_channel, BLOCK_CHANNEL):
            channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
            # src[fused.diag:52]
            W = tl.load(
                W_ptr + group_index * W_stride_group + channel_index[None, :] * W_stride_channel + o_index[:, None] * W_stride_o,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[None, :] * X_stride_channel + pixel_index[:, None] * X_stride_pixel,
                mask=(pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[fused.diag:50]
            weight = tl.load(
                weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
            )
            # src[maps.diag:34]
            # src[fused.diag:51]
            bias = tl.load(bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel)
            # src[maps.diag:34]
            Y = bias[None, :] + ((rsqrt * weight)[None, :] * centred)
            Y_bf16 = Y.to(tl.bfloat16)
            # src[fused.diag:55]
            next_acc_group_channel = tl.dot(W, tl.trans(Y_bf16), acc_group_channel)
            acc_group_channel = next_acc_group_channel
        from_channel = tl.maximum(0, to_channel)
        # tiles that a mask or the end cuts
        for first_channel_2 in tl.range(from_channel, 16, BLOCK_CHANNEL):
            channel_index = first_channel_2 + tl.arange(0, BLOCK_CHANNEL)
            # src[fused.diag:52]
            W = tl.load(
                W_ptr + group_index * W_stride_group + channel_index[None, :] * W_stride_channel + o_index[:, None] * W_stride_o,
                mask=(channel_index < 16)[None, :] & (o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[None, :] * X_stride_channel + pixel_index[:, None] * X_stride_pixel,
                mask=(channel_index < 16)[None, :] & (pixel_index < size_pixel)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[fused.diag:50]
            weight = tl.load(
                weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
                mask=(channel_index < 16),
                other=0.0,
            )
            # src[maps.diag:34]
            # src[fused.diag:51]
            bias = tl.load(
                bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel,
                mask=(channel_index < 16),
                other=0.0,
            )
            # src[maps.diag:34]
            Y = bias[None, :] + ((rsqrt * weight)[None, :] * centred)
            Y_bf16 = Y.to(tl.bfloat16)
            # src[fused.diag:55]
            next_acc_group_channel = tl.dot(W, tl.trans(Y_bf16), acc_group_channel)
            acc_group_channel = next_acc_group_channel
    tl.store(
        out_ptr + b_index * out_stride_b + o_index[:, None] * out_stride_o + pixel_index[None, :] * out_stride_pixel,
        acc_group_channel.to(tl.bfloat16),
        mask=(o_index < size_o)[:, None] & (pixel_index < size_pixel)[None, :],
    )


@triton.jit
def groupnorm_matmul_long_backward_buffer_2_kernel(
    W_ptr, d_out_ptr, buffer_2_ptr, W_stride_group, W_stride_channel, W_stride_o, d_out_stride_b,
    d_out_stride_o, d_out_stride_pixel, buffer_2_stride_b, buffer_2_stride_group, buffer_2_stride_channel,
    buffer_2_stride_pixel, size_o, size_b, size_pixel, BLOCK_O: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
    BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    acc_o = tl.full([BLOCK_CHANNEL, BLOCK_PIXEL], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
            mask=(pixel_index < size_pixel)[:, None],
            other=0.0,
        )
        # src[fused.diag:52]
        W = tl.load(
            W_ptr + group_index * W_stride_group + channel_index[:, None] * W_stride_channel + o_index[None, :] * W_stride_o,
            mask=(channel_index < 16)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(W, tl.trans(d_out), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + o_index[None, :] * d_out_stride_o + pixel_index[:, None] * d_out_stride_pixel,
            mask=(o_index < size_o)[None, :] & (pixel_index < size_pixel)[:, None],
            other=0.0,
        )
        # src[fused.diag:52]
        W = tl.load(
            W_ptr + group_index * W_stride_group + channel_index[:, None] * W_stride_channel + o_index[None, :] * W_stride_o,
            mask=(channel_index < 16)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(W, tl.trans(d_out), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index[:, None] * buffer_2_stride_channel + pixel_index[None, :] * buffer_2_stride_pixel,
        acc_o,
        mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
    )


@triton.jit
def groupnorm_matmul_long_backward_d_W_kernel(
    X_ptr, weight_ptr, bias_ptr, d_out_ptr, state_ptr, state___ptr, d_W_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel, bias_stride_group,
    bias_stride_channel, d_out_stride_b, d_out_stride_o, d_out_stride_pixel, state_stride_b,
    state_stride_group, state___stride_b, state___stride_group, d_W_stride_group, d_W_stride_channel,
    d_W_stride_o, size_b, size_pixel, size_o, BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    acc_b_pixel = tl.full([BLOCK_CHANNEL, BLOCK_O], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    # src[fused.diag:50]
    weight = tl.load(
        weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        mask=(channel_index < 16),
        other=0.0,
    )
    # src[fused.diag:51]
    bias = tl.load(
        bias_ptr + group_index * bias_stride_group + channel_index * bias_stride_channel,
        mask=(channel_index < 16),
        other=0.0,
    )
    for b_index in tl.range(0, size_b):
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = state * recip
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + o_index[:, None] * d_out_stride_o + pixel_index[None, :] * d_out_stride_pixel,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[maps.diag:34]
            add_channel_pixel = bias[:, None] + ((rsqrt * weight)[:, None] * centred)
            tile_bf16 = add_channel_pixel.to(tl.bfloat16)
            next_acc_b_pixel = tl.dot(tile_bf16, tl.trans(d_out), acc_b_pixel)
            acc_b_pixel = next_acc_b_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + o_index[:, None] * d_out_stride_o + pixel_index[None, :] * d_out_stride_pixel,
                mask=(o_index < size_o)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            # src[maps.diag:34]
            add_channel_pixel = bias[:, None] + ((rsqrt * weight)[:, None] * centred)
            tile_bf16 = add_channel_pixel.to(tl.bfloat16)
            next_acc_b_pixel = tl.dot(tile_bf16, tl.trans(d_out), acc_b_pixel)
            acc_b_pixel = next_acc_b_pixel
    tl.store(
        d_W_ptr + group_index * d_W_stride_group + channel_index[:, None] * d_W_stride_channel + o_index[None, :] * d_W_stride_o,
        acc_b_pixel.to(tl.bfloat16),
        mask=(channel_index < 16)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def groupnorm_matmul_long_backward_buffer_0_buffer_1_rows_kernel(
    X_ptr, weight_ptr, state_ptr, state___ptr, buffer_2_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, buffer_2_stride_b,
    buffer_2_stride_group, buffer_2_stride_channel, buffer_2_stride_pixel, buffer_0_stride_b,
    buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel,
    BLOCK_CHANNEL: tl.constexpr, BLOCK_PIXEL: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_CHANNEL: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    group_index = program.to(tl.int64)
    channel_index = tl.arange(0, BLOCK_CHANNEL)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index[:, None, None] * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index[None, :, None] * buffer_2_stride_channel + pixel_index[None, None, :] * buffer_2_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    # src[fused.diag:49]
    X = tl.load(
        X_ptr + b_index[:, None, None] * X_stride_b + group_index * X_stride_group + channel_index[None, :, None] * X_stride_channel + pixel_index[None, None, :] * X_stride_pixel,
        mask=(b_index < size_b)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    X_f32 = X.to(tl.float32)
    # src[maps.diag:33]
    centred = X_f32 - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None, None]
    # src[fused.diag:50]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    mul_b_channel_pixel = weight[None, :, None] * (centred * buffer_2)
    sum_ = tl.sum(tl.sum(mul_b_channel_pixel, 2), 1)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        sum_,
        mask=(b_index < size_b),
    )
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.rsqrt(1e-05 + (state__ * recip))
    sub_b_channel_pixel = mul_b[:, None, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
    mul_b_channel_pixel_2 = (((recip * sum_) * rsqrt_b) * rsqrt_b)[:, None, None] * sub_b_channel_pixel
    add_b_channel_pixel = mul_b_channel_pixel_2 + (weight[None, :, None] * buffer_2)
    add_b_channel_pixel_2 = tl.where((pixel_index < size_pixel)[None, None, :], add_b_channel_pixel, 0.0)
    sum_2 = tl.sum(tl.sum(add_b_channel_pixel_2, 2), 1)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_2,
        mask=(b_index < size_b),
    )


@triton.jit
def groupnorm_matmul_long_backward_buffer_0_buffer_1_kernel(
    X_ptr, weight_ptr, state_ptr, state___ptr, buffer_2_ptr, buffer_0_ptr, buffer_1_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, buffer_2_stride_b,
    buffer_2_stride_group, buffer_2_stride_channel, buffer_2_stride_pixel, buffer_0_stride_b,
    buffer_0_stride_group, buffer_1_stride_b, buffer_1_stride_group, size_b, size_pixel,
    BLOCK_PIXEL: tl.constexpr, BLOCK_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    group_index = program.to(tl.int64)
    acc_channel_pixel = tl.full([BLOCK_B], 0.0, tl.float32)
    sum_channel_pixel = tl.full([BLOCK_B], 0.0, tl.float32)
    sum_channel_pixel_2 = tl.full([BLOCK_B], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        mask=(b_index < size_b),
        other=0.0,
    )
    # src[maps.diag:34]
    rsqrt_b = tl.rsqrt(1e-05 + (state__ * recip))
    for channel_index in tl.range(0, 16):
        # src[fused.diag:50]
        weight = tl.load(
            weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel,
        )
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index[:, None] * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel + pixel_index[None, :] * buffer_2_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index[:, None] * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(b_index < size_b)[:, None],
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            # src[maps.diag:33]
            centred = X_f32 - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None]
            mul_b_pixel = weight * (centred * buffer_2)
            tile_sum = tl.sum(mul_b_pixel, 1)
            next_acc_channel_pixel = acc_channel_pixel + tile_sum
            where_b = tl.where(tl.abs(acc_channel_pixel) < float("inf"), acc_channel_pixel, 0.0)
            where_b_2 = tl.where(tl.abs(next_acc_channel_pixel) < float("inf"), next_acc_channel_pixel, 0.0)
            mul_b_2 = ((recip * rsqrt_b) * rsqrt_b) * sum_channel_pixel_2
            sum_channel_pixel_3 = sum_channel_pixel + (mul_b_2 * (where_b_2 - where_b))
            sub_b_pixel = mul_b[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
            tile = ((recip * next_acc_channel_pixel) * rsqrt_b) * rsqrt_b
            add_b_pixel = (tile[:, None] * sub_b_pixel) + (weight * buffer_2)
            tile_sum_2 = tl.sum(add_b_pixel, 1)
            next_sum_channel_pixel = sum_channel_pixel_3 + tile_sum_2
            tile_sum_3 = tl.sum(sub_b_pixel, 1)
            next_sum_channel_pixel_2 = sum_channel_pixel_2 + tile_sum_3
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel = next_sum_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index[:, None] * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel + pixel_index[None, :] * buffer_2_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index[:, None] * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(b_index < size_b)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            X_f32 = X.to(tl.float32)
            # src[maps.diag:33]
            centred = X_f32 - tl.where(mul_b == float("-inf"), 0.0, mul_b)[:, None]
            mul_b_pixel = weight * (centred * buffer_2)
            tile_sum = tl.sum(mul_b_pixel, 1)
            next_acc_channel_pixel = acc_channel_pixel + tile_sum
            where_b = tl.where(tl.abs(acc_channel_pixel) < float("inf"), acc_channel_pixel, 0.0)
            where_b_2 = tl.where(tl.abs(next_acc_channel_pixel) < float("inf"), next_acc_channel_pixel, 0.0)
            mul_b_2 = ((recip * rsqrt_b) * rsqrt_b) * sum_channel_pixel_2
            sum_channel_pixel_3 = sum_channel_pixel + (mul_b_2 * (where_b_2 - where_b))
            sub_b_pixel = mul_b[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
            sub_b_pixel_2 = tl.where((pixel_index < size_pixel)[None, :], sub_b_pixel, 0.0)
            tile = ((recip * next_acc_channel_pixel) * rsqrt_b) * rsqrt_b
            add_b_pixel = (tile[:, None] * sub_b_pixel_2) + (weight * buffer_2)
            add_b_pixel_2 = tl.where((pixel_index < size_pixel)[None, :], add_b_pixel, 0.0)
            tile_sum_2 = tl.sum(add_b_pixel_2, 1)
            next_sum_channel_pixel = sum_channel_pixel_3 + tile_sum_2
            tile_sum_3 = tl.sum(sub_b_pixel_2, 1)
            next_sum_channel_pixel_2 = sum_channel_pixel_2 + tile_sum_3
            acc_channel_pixel = next_acc_channel_pixel
            sum_channel_pixel = next_sum_channel_pixel
            sum_channel_pixel_2 = next_sum_channel_pixel_2
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group,
        acc_channel_pixel,
        mask=(b_index < size_b),
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group,
        sum_channel_pixel,
        mask=(b_index < size_b),
    )


@triton.jit
def groupnorm_matmul_long_backward_d_weight_d_bias_rows_kernel(
    X_ptr, state_ptr, state___ptr, buffer_2_ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, state_stride_b, state_stride_group, state___stride_b,
    state___stride_group, buffer_2_stride_b, buffer_2_stride_group, buffer_2_stride_channel,
    buffer_2_stride_pixel, d_weight_stride_group, d_weight_stride_channel, d_bias_stride_group,
    d_bias_stride_channel, size_b, size_pixel, BLOCK_B: tl.constexpr, BLOCK_PIXEL: tl.constexpr,
    BLOCK_CHANNEL: tl.constexpr, EXACT_B: tl.constexpr, EXACT_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    pixel_index = tl.arange(0, BLOCK_PIXEL)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state__ = load_tile(
        state___ptr + b_index * state___stride_b + group_index * state___stride_group,
        (b_index < size_b),
        0.0,
        EXACT_B,
    )
    # src[maps.diag:34]
    buffer_2 = tl.load(
        buffer_2_ptr + b_index[None, :, None] * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index[:, None, None] * buffer_2_stride_channel + pixel_index[None, None, :] * buffer_2_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    state = load_tile(
        state_ptr + b_index * state_stride_b + group_index * state_stride_group,
        (b_index < size_b),
        0.0,
        EXACT_B,
    )
    # src[maps.diag:33]
    mul_b = state * recip
    # src[fused.diag:49]
    X = tl.load(
        X_ptr + b_index[None, :, None] * X_stride_b + group_index * X_stride_group + channel_index[:, None, None] * X_stride_channel + pixel_index[None, None, :] * X_stride_pixel,
        mask=(b_index < size_b)[None, :, None] & (channel_index < 16)[:, None, None] & (pixel_index < size_pixel)[None, None, :],
        other=0.0,
    )
    # src[maps.diag:33]
    centred = X.to(tl.float32) - tl.where(mul_b == float("-inf"), 0.0, mul_b)[None, :, None]
    centred_2 = tl.where((b_index < size_b)[None, :, None], centred, 0.0)
    centred_3 = tl.where((pixel_index < size_pixel)[None, None, :], centred_2, 0.0)
    mul_channel_b_pixel = (centred_3 * buffer_2) * tl.rsqrt(1e-05 + (state__ * recip))[None, :, None]
    sum_ = tl.sum(tl.sum(mul_channel_b_pixel, 2), 1)
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        sum_,
        mask=(channel_index < 16),
    )
    sum_2 = tl.sum(tl.sum(buffer_2, 2), 1)
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_2,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_matmul_long_backward_d_weight_d_bias_kernel(
    X_ptr, state_ptr, state___ptr, buffer_2_ptr, d_weight_ptr, d_bias_ptr, X_stride_b, X_stride_group,
    X_stride_channel, X_stride_pixel, state_stride_b, state_stride_group, state___stride_b,
    state___stride_group, buffer_2_stride_b, buffer_2_stride_group, buffer_2_stride_channel,
    buffer_2_stride_pixel, d_weight_stride_group, d_weight_stride_channel, d_bias_stride_group,
    d_bias_stride_channel, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr, BLOCK_CHANNEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_channel = (program % tl.cdiv(16, BLOCK_CHANNEL)) * BLOCK_CHANNEL
    channel_index = first_channel + tl.arange(0, BLOCK_CHANNEL)
    program = program // tl.cdiv(16, BLOCK_CHANNEL)
    group_index = program.to(tl.int64)
    acc_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    sum_b_pixel = tl.full([BLOCK_CHANNEL], 0.0, tl.float32)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    for b_index in tl.range(0, size_b):
        state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
        # src[maps.diag:34]
        rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
        state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
        # src[maps.diag:33]
        mul = state * recip
        to_pixel = size_pixel // BLOCK_PIXEL * BLOCK_PIXEL
        # whole tiles, no mask needed
        for first_pixel in tl.range(0, to_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index[:, None] * buffer_2_stride_channel + pixel_index[None, :] * buffer_2_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            mul_channel_pixel = (centred * buffer_2) * rsqrt
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(buffer_2, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
        from_pixel = tl.maximum(0, to_pixel)
        # tiles that a mask or the end cuts
        for first_pixel_2 in tl.range(from_pixel, size_pixel, BLOCK_PIXEL):
            pixel_index = first_pixel_2 + tl.arange(0, BLOCK_PIXEL)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index[:, None] * buffer_2_stride_channel + pixel_index[None, :] * buffer_2_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[fused.diag:49]
            X = tl.load(
                X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index[:, None] * X_stride_channel + pixel_index[None, :] * X_stride_pixel,
                mask=(channel_index < 16)[:, None] & (pixel_index < size_pixel)[None, :],
                other=0.0,
            )
            # src[maps.diag:33]
            centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
            centred_2 = tl.where((pixel_index < size_pixel)[None, :], centred, 0.0)
            mul_channel_pixel = (centred_2 * buffer_2) * rsqrt
            tile_sum = tl.sum(mul_channel_pixel, 1)
            next_acc_b_pixel = acc_b_pixel + tile_sum
            tile_sum_2 = tl.sum(buffer_2, 1)
            next_sum_b_pixel = sum_b_pixel + tile_sum_2
            acc_b_pixel = next_acc_b_pixel
            sum_b_pixel = next_sum_b_pixel
    tl.store(
        d_weight_ptr + group_index * d_weight_stride_group + channel_index * d_weight_stride_channel,
        acc_b_pixel,
        mask=(channel_index < 16),
    )
    tl.store(
        d_bias_ptr + group_index * d_bias_stride_group + channel_index * d_bias_stride_channel,
        sum_b_pixel,
        mask=(channel_index < 16),
    )


@triton.jit
def groupnorm_matmul_long_backward_d_X_kernel(
    X_ptr, weight_ptr, state_ptr, state___ptr, buffer_2_ptr, buffer_1_ptr, buffer_0_ptr, d_X_ptr, X_stride_b,
    X_stride_group, X_stride_channel, X_stride_pixel, weight_stride_group, weight_stride_channel,
    state_stride_b, state_stride_group, state___stride_b, state___stride_group, buffer_2_stride_b,
    buffer_2_stride_group, buffer_2_stride_channel, buffer_2_stride_pixel, buffer_1_stride_b,
    buffer_1_stride_group, buffer_0_stride_b, buffer_0_stride_group, d_X_stride_b, d_X_stride_group,
    d_X_stride_channel, d_X_stride_pixel, size_b, size_pixel, BLOCK_PIXEL: tl.constexpr,
):
    program = tl.program_id(0)
    first_pixel = (program % tl.cdiv(size_pixel, BLOCK_PIXEL)) * BLOCK_PIXEL
    pixel_index = first_pixel + tl.arange(0, BLOCK_PIXEL)
    program = program // tl.cdiv(size_pixel, BLOCK_PIXEL)
    channel_index = (program % 16).to(tl.int64)
    program = program // 16
    group_index = (program % 4).to(tl.int64)
    program = program // 4
    b_index = program.to(tl.int64)
    recip = 1.0 / tl.cast((16 * size_pixel), tl.float32)
    state__ = tl.load(state___ptr + b_index * state___stride_b + group_index * state___stride_group)
    # src[maps.diag:34]
    rsqrt = tl.rsqrt(1e-05 + (state__ * recip))
    state = tl.load(state_ptr + b_index * state_stride_b + group_index * state_stride_group)
    # src[maps.diag:33]
    mul = state * recip
    # src[fused.diag:49]
    X = tl.load(
        X_ptr + b_index * X_stride_b + group_index * X_stride_group + channel_index * X_stride_channel + pixel_index * X_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[maps.diag:33]
    centred = X.to(tl.float32) - tl.where(mul == float("-inf"), 0.0, mul)
    buffer_0 = tl.load(buffer_0_ptr + b_index * buffer_0_stride_b + group_index * buffer_0_stride_group)
    buffer_1 = tl.load(buffer_1_ptr + b_index * buffer_1_stride_b + group_index * buffer_1_stride_group)
    add_pixel = buffer_1 + (((buffer_0 * rsqrt) * rsqrt) * centred)
    mul_pixel = add_pixel * recip
    buffer_2 = tl.load(
        buffer_2_ptr + b_index * buffer_2_stride_b + group_index * buffer_2_stride_group + channel_index * buffer_2_stride_channel + pixel_index * buffer_2_stride_pixel,
        mask=(pixel_index < size_pixel),
        other=0.0,
    )
    # src[fused.diag:50]
    weight = tl.load(weight_ptr + group_index * weight_stride_group + channel_index * weight_stride_channel)
    safe_ = tl.where(mul_pixel == float("-inf"), 0.0, mul_pixel)
    tile_bf16 = (((weight * buffer_2) - safe_) * rsqrt).to(tl.bfloat16)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + group_index * d_X_stride_group + channel_index * d_X_stride_channel + pixel_index * d_X_stride_pixel,
        tile_bf16,
        mask=(pixel_index < size_pixel),
    )


@_operator
def _groupnorm_matmul_buffer_0_buffer_1(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_matmul_buffer_0_buffer_1(X: bf16[b group channel pixel]) -> buffer_0: f32[b group], buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_matmul_buffer_0_buffer_1_rows_kernel[grid](
            X, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2), X.stride(3), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL,
            BLOCK_PIXEL=BLOCK_PIXEL, EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_matmul_buffer_0_buffer_1_kernel[grid](
        X, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2), X.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _groupnorm_matmul_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_out(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], W: bf16[group channel o], buffer_1: f32[b group], buffer_0: f32[b group]) -> out: bf16[b o pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    out = torch.empty((b, o, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_O, BLOCK_PIXEL, BLOCK_CHANNEL, warps, stages = 128, 128, 16, 8, 1
    grid = (b * triton.cdiv(o, BLOCK_O) * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_matmul_out_kernel[grid](
        X, weight, bias, W, buffer_1, buffer_0, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), W.stride(0), W.stride(1),
        W.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0), buffer_0.stride(1),
        out.stride(0), out.stride(1), out.stride(2), b, pixel, o, BLOCK_CHANNEL=BLOCK_CHANNEL,
        BLOCK_O=BLOCK_O, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_matmul_forward_state_state__(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_matmul_forward_state_state__(X: bf16[b group channel pixel]) -> state: f32[b group], state__: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    state = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    state__ = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state, state__
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_matmul_forward_state_state___rows_kernel[grid](
            X, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), state.stride(0),
            state.stride(1), state__.stride(0), state__.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL,
            BLOCK_PIXEL=BLOCK_PIXEL, EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return state, state__
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_matmul_forward_state_state___kernel[grid](
        X, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), state.stride(0),
        state.stride(1), state__.stride(0), state__.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL,
        num_warps=warps, num_stages=stages,
    )
    return state, state__


@_operator
def _groupnorm_matmul_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
    state__: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_forward_out(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], W: bf16[group channel o], state__: f32[b group], state: f32[b group]) -> out: bf16[b o pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("state", state, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    out = torch.empty((b, o, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_O, BLOCK_PIXEL, BLOCK_CHANNEL, warps, stages = 128, 128, 16, 8, 1
    grid = (b * triton.cdiv(o, BLOCK_O) * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_matmul_forward_out_kernel[grid](
        X, weight, bias, W, state__, state, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), W.stride(0), W.stride(1),
        W.stride(2), state__.stride(0), state__.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), out.stride(2), b, pixel, o, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_O=BLOCK_O,
        BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_matmul_backward_buffer_2(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_backward_buffer_2(X: bf16[b group channel pixel], weight: f32[group channel], W: bf16[group channel o], d_out: bf16[b o pixel], state: f32[b group]) -> buffer_2: f32[b group channel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    buffer_2 = torch.empty((b, 4, 16), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if BLOCK_O > 256:
        raise ValueError(f"o = {BLOCK_O}: at most 256 elements are held on chip")
    if BLOCK_O <= 64:
        BLOCK_CHANNEL, BLOCK_PIXEL, warps, stages = 16, 64, 4, 2
    elif BLOCK_O <= 128:
        BLOCK_CHANNEL, BLOCK_PIXEL, warps, stages = 16, 64, 8, 2
    else:
        BLOCK_CHANNEL, BLOCK_PIXEL, warps, stages = 16, 16, 8, 2
    grid = (b * 4 * triton.cdiv(16, BLOCK_CHANNEL),)
    groupnorm_matmul_backward_buffer_2_kernel[grid](
        X, weight, W, d_out, state, buffer_2, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), W.stride(0), W.stride(1), W.stride(2), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), state.stride(0), state.stride(1), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), b, pixel, o, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_O=BLOCK_O,
        BLOCK_CHANNEL=BLOCK_CHANNEL, EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _groupnorm_matmul_backward_d_weight_d_bias(
    X: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_matmul_backward_d_weight_d_bias(X: bf16[b group channel pixel], W: bf16[group channel o], d_out: bf16[b o pixel], state: f32[b group], state__: f32[b group]) -> d_weight: f32[group channel], d_bias: f32[group channel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    d_weight = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if BLOCK_O > 256:
        raise ValueError(f"o = {BLOCK_O}: at most 256 elements are held on chip")
    if BLOCK_O <= 64:
        BLOCK_CHANNEL, BLOCK_PIXEL, warps, stages = 16, 64, 4, 2
    elif BLOCK_O <= 128:
        BLOCK_CHANNEL, BLOCK_PIXEL, warps, stages = 16, 64, 8, 2
    else:
        BLOCK_CHANNEL, BLOCK_PIXEL, warps, stages = 16, 16, 4, 2
    grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
    groupnorm_matmul_backward_d_weight_d_bias_kernel[grid](
        X, W, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        W.stride(0), W.stride(1), W.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        state.stride(0), state.stride(1), state__.stride(0), state__.stride(1), d_weight.stride(0),
        d_weight.stride(1), d_bias.stride(0), d_bias.stride(1), b, pixel, o, BLOCK_PIXEL=BLOCK_PIXEL,
        BLOCK_O=BLOCK_O, BLOCK_CHANNEL=BLOCK_CHANNEL, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_weight, d_bias


@_operator
def _groupnorm_matmul_backward_d_W(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_backward_d_W(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], d_out: bf16[b o pixel], state: f32[b group], state__: f32[b group]) -> d_W: bf16[group channel o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, o, _ = d_out.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    d_W = torch.empty((4, 16, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_CHANNEL, BLOCK_O, BLOCK_PIXEL, warps, stages = 16, 128, 64, 8, 1
    grid = (4 * triton.cdiv(16, BLOCK_CHANNEL) * triton.cdiv(o, BLOCK_O),)
    groupnorm_matmul_backward_d_W_kernel[grid](
        X, weight, bias, d_out, state, state__, d_W, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), state.stride(0), state.stride(1), state__.stride(0), state__.stride(1),
        d_W.stride(0), d_W.stride(1), d_W.stride(2), b, pixel, o, BLOCK_PIXEL=BLOCK_PIXEL,
        BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _groupnorm_matmul_backward_buffer_0(buffer_2: torch.Tensor) -> torch.Tensor:
    """_groupnorm_matmul_backward_buffer_0(buffer_2: f32[b group channel]) -> buffer_0: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 3, buffer_2.device)
    b, _, _ = buffer_2.shape
    if buffer_2.shape != (b, 4, 16):
        raise ValueError(f"buffer_2: f32[b group channel] has shape {buffer_2.shape}, expected {(b, 4, 16)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=buffer_2.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    if BLOCK_CHANNEL <= 16384:
        if BLOCK_CHANNEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_matmul_backward_buffer_0_rows_kernel[grid](
            buffer_2, buffer_0, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
            buffer_0.stride(0), buffer_0.stride(1), b, BLOCK_CHANNEL=BLOCK_CHANNEL,
            EXACT_CHANNEL=16 == BLOCK_CHANNEL, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_CHANNEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_matmul_backward_buffer_0_kernel[grid](
        buffer_2, buffer_0, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), b, BLOCK_CHANNEL=BLOCK_CHANNEL, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _groupnorm_matmul_backward_buffer_1(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_backward_buffer_1(X: bf16[b group channel pixel], weight: f32[group channel], W: bf16[group channel o], d_out: bf16[b o pixel], state: f32[b group], state__: f32[b group], buffer_0: f32[b group]) -> buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if BLOCK_O > 256:
        raise ValueError(f"o = {BLOCK_O}: at most 256 elements are held on chip")
    if BLOCK_O <= 64:
        BLOCK_GROUP, BLOCK_PIXEL, warps, stages = 16, 64, 4, 2
    elif BLOCK_O <= 128:
        BLOCK_GROUP, BLOCK_PIXEL, warps, stages = 16, 64, 8, 2
    else:
        BLOCK_GROUP, BLOCK_PIXEL, warps, stages = 16, 16, 8, 2
    grid = (b * triton.cdiv(4, BLOCK_GROUP),)
    groupnorm_matmul_backward_buffer_1_kernel[grid](
        X, weight, W, d_out, state, state__, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), weight.stride(0), weight.stride(1), W.stride(0), W.stride(1), W.stride(2),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), state.stride(0), state.stride(1),
        state__.stride(0), state__.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), b, pixel, o, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_O=BLOCK_O, BLOCK_GROUP=BLOCK_GROUP,
        EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _groupnorm_matmul_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    W: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_backward_d_X(X: bf16[b group channel pixel], weight: f32[group channel], W: bf16[group channel o], d_out: bf16[b o pixel], state: f32[b group], state__: f32[b group], buffer_1: f32[b group], buffer_0: f32[b group]) -> d_X: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    d_X = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_CHANNEL, BLOCK_PIXEL, BLOCK_O, warps, stages = 16, 128, 64, 8, 3
    grid = (b * 4 * triton.cdiv(16, BLOCK_CHANNEL) * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_matmul_backward_d_X_kernel[grid](
        X, weight, W, d_out, state, state__, buffer_1, buffer_0, d_X, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), weight.stride(0), weight.stride(1), W.stride(0), W.stride(1), W.stride(2),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), state.stride(0), state.stride(1),
        state__.stride(0), state__.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), d_X.stride(0), d_X.stride(1), d_X.stride(2), d_X.stride(3), b, pixel, o,
        BLOCK_O=BLOCK_O, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps,
        num_stages=stages,
    )
    return d_X


@_operator
def _groupnorm_matmul_long_forward_state_state__(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_matmul_long_forward_state_state__(X: bf16[b group channel pixel]) -> state: f32[b group], state__: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    state = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    state__ = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state, state__
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 16384:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
            warps, stages = 4, 1
        elif BLOCK_CHANNEL * BLOCK_PIXEL <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 4,)
        groupnorm_matmul_long_forward_state_state___rows_kernel[grid](
            X, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), state.stride(0),
            state.stride(1), state__.stride(0), state__.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL,
            BLOCK_PIXEL=BLOCK_PIXEL, EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return state, state__
    BLOCK_PIXEL, warps, stages = 4096, 8, 2
    grid = (b * 4,)
    groupnorm_matmul_long_forward_state_state___kernel[grid](
        X, state, state__, X.stride(0), X.stride(1), X.stride(2), X.stride(3), state.stride(0),
        state.stride(1), state__.stride(0), state__.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL,
        num_warps=warps, num_stages=stages,
    )
    return state, state__


@_operator
def _groupnorm_matmul_long_forward_out(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
    state__: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_long_forward_out(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], W: bf16[group channel o], state__: f32[b group], state: f32[b group]) -> out: bf16[b o pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("state", state, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    out = torch.empty((b, o, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_O, BLOCK_PIXEL, BLOCK_CHANNEL, warps, stages = 128, 128, 16, 8, 1
    grid = (b * triton.cdiv(o, BLOCK_O) * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_matmul_long_forward_out_kernel[grid](
        X, weight, bias, W, state__, state, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), W.stride(0), W.stride(1),
        W.stride(2), state__.stride(0), state__.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), out.stride(2), b, pixel, o, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_O=BLOCK_O,
        BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _groupnorm_matmul_long_backward_buffer_2(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_groupnorm_matmul_long_backward_buffer_2(W: bf16[group channel o], d_out: bf16[b o pixel]) -> buffer_2: f32[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("d_out", d_out, torch.bfloat16, 3, W.device)
    _, _, o = W.shape
    b, _, pixel = d_out.shape
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    buffer_2 = torch.empty((b, 4, 16, pixel), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_CHANNEL, BLOCK_PIXEL, BLOCK_O, warps, stages = 16, 128, 64, 8, 3
    grid = (b * 4 * triton.cdiv(16, BLOCK_CHANNEL) * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_matmul_long_backward_buffer_2_kernel[grid](
        W, d_out, buffer_2, W.stride(0), W.stride(1), W.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), o, b,
        pixel, BLOCK_O=BLOCK_O, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps,
        num_stages=stages,
    )
    return buffer_2


@_operator
def _groupnorm_matmul_long_backward_d_W(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_long_backward_d_W(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], d_out: bf16[b o pixel], state: f32[b group], state__: f32[b group]) -> d_W: bf16[group channel o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("bias", bias, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    _, o, _ = d_out.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if d_out.shape != (b, o, pixel):
        raise ValueError(f"d_out: bf16[b o pixel] has shape {d_out.shape}, expected {(b, o, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    d_W = torch.empty((4, 16, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_CHANNEL, BLOCK_O, BLOCK_PIXEL, warps, stages = 16, 128, 64, 8, 1
    grid = (4 * triton.cdiv(16, BLOCK_CHANNEL) * triton.cdiv(o, BLOCK_O),)
    groupnorm_matmul_long_backward_d_W_kernel[grid](
        X, weight, bias, d_out, state, state__, d_W, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        weight.stride(0), weight.stride(1), bias.stride(0), bias.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), state.stride(0), state.stride(1), state__.stride(0), state__.stride(1),
        d_W.stride(0), d_W.stride(1), d_W.stride(2), b, pixel, o, BLOCK_PIXEL=BLOCK_PIXEL,
        BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _groupnorm_matmul_long_backward_buffer_0_buffer_1(
    X: torch.Tensor,
    weight: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_matmul_long_backward_buffer_0_buffer_1(X: bf16[b group channel pixel], weight: f32[group channel], state: f32[b group], state__: f32[b group], buffer_2: f32[b group channel pixel]) -> buffer_0: f32[b group], buffer_1: f32[b group]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_2", buffer_2, torch.float32, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_2.shape != (b, 4, 16, pixel):
        raise ValueError(f"buffer_2: f32[b group channel pixel] has shape {buffer_2.shape}, expected {(b, 4, 16, pixel)}")
    buffer_0 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    buffer_1 = torch.empty((b, 4), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_CHANNEL = max(16, triton.next_power_of_2(16))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_CHANNEL * BLOCK_PIXEL <= 1024:
        if BLOCK_CHANNEL * BLOCK_PIXEL <= 256:
            BLOCK_B, warps, stages = 8, 4, 1
        else:
            BLOCK_B, warps, stages = 8, 8, 1
        grid = (triton.cdiv(b, BLOCK_B) * 4,)
        groupnorm_matmul_long_backward_buffer_0_buffer_1_rows_kernel[grid](
            X, weight, state, state__, buffer_2, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
            X.stride(3), weight.stride(0), weight.stride(1), state.stride(0), state.stride(1),
            state__.stride(0), state__.stride(1), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
            buffer_2.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
            buffer_1.stride(1), b, pixel, BLOCK_CHANNEL=BLOCK_CHANNEL, BLOCK_PIXEL=BLOCK_PIXEL,
            BLOCK_B=BLOCK_B, EXACT_CHANNEL=16 == BLOCK_CHANNEL, EXACT_PIXEL=pixel == BLOCK_PIXEL,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_PIXEL, BLOCK_B, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B) * 4,)
    groupnorm_matmul_long_backward_buffer_0_buffer_1_kernel[grid](
        X, weight, state, state__, buffer_2, buffer_0, buffer_1, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), weight.stride(0), weight.stride(1), state.stride(0), state.stride(1), state__.stride(0),
        state__.stride(1), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), b, pixel,
        BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_B=BLOCK_B, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _groupnorm_matmul_long_backward_d_weight_d_bias(
    X: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_groupnorm_matmul_long_backward_d_weight_d_bias(X: bf16[b group channel pixel], state: f32[b group], state__: f32[b group], buffer_2: f32[b group channel pixel]) -> d_weight: f32[group channel], d_bias: f32[group channel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_2", buffer_2, torch.float32, 4, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_2.shape != (b, 4, 16, pixel):
        raise ValueError(f"buffer_2: f32[b group channel pixel] has shape {buffer_2.shape}, expected {(b, 4, 16, pixel)}")
    d_weight = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    d_bias = torch.empty((4, 16), dtype=torch.float32, device=X.device)
    if _is_traced(d_weight):
        return d_weight, d_bias
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_PIXEL = max(16, triton.next_power_of_2(pixel))
    if BLOCK_B * BLOCK_PIXEL <= 1024:
        if BLOCK_B * BLOCK_PIXEL <= 256:
            BLOCK_CHANNEL, warps, stages = 8, 4, 1
        else:
            BLOCK_CHANNEL, warps, stages = 8, 8, 1
        grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
        groupnorm_matmul_long_backward_d_weight_d_bias_rows_kernel[grid](
            X, state, state__, buffer_2, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
            state.stride(0), state.stride(1), state__.stride(0), state__.stride(1), buffer_2.stride(0),
            buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), d_weight.stride(0),
            d_weight.stride(1), d_bias.stride(0), d_bias.stride(1), b, pixel, BLOCK_B=BLOCK_B,
            BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_CHANNEL=BLOCK_CHANNEL, EXACT_B=b == BLOCK_B,
            EXACT_PIXEL=pixel == BLOCK_PIXEL, num_warps=warps, num_stages=stages,
        )
        return d_weight, d_bias
    BLOCK_PIXEL, BLOCK_CHANNEL, warps, stages = 128, 16, 8, 2
    grid = (4 * triton.cdiv(16, BLOCK_CHANNEL),)
    groupnorm_matmul_long_backward_d_weight_d_bias_kernel[grid](
        X, state, state__, buffer_2, d_weight, d_bias, X.stride(0), X.stride(1), X.stride(2), X.stride(3),
        state.stride(0), state.stride(1), state__.stride(0), state__.stride(1), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), d_weight.stride(0), d_weight.stride(1),
        d_bias.stride(0), d_bias.stride(1), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, BLOCK_CHANNEL=BLOCK_CHANNEL,
        num_warps=warps, num_stages=stages,
    )
    return d_weight, d_bias


@_operator
def _groupnorm_matmul_long_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_2: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_groupnorm_matmul_long_backward_d_X(X: bf16[b group channel pixel], weight: f32[group channel], state: f32[b group], state__: f32[b group], buffer_2: f32[b group channel pixel], buffer_1: f32[b group], buffer_0: f32[b group]) -> d_X: bf16[b group channel pixel]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    _check("state", state, torch.float32, 2, X.device)
    _check("state__", state__, torch.float32, 2, X.device)
    _check("buffer_2", buffer_2, torch.float32, 4, X.device)
    _check("buffer_1", buffer_1, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, _, _, pixel = X.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if state.shape != (b, 4):
        raise ValueError(f"state: f32[b group] has shape {state.shape}, expected {(b, 4)}")
    if state__.shape != (b, 4):
        raise ValueError(f"state__: f32[b group] has shape {state__.shape}, expected {(b, 4)}")
    if buffer_2.shape != (b, 4, 16, pixel):
        raise ValueError(f"buffer_2: f32[b group channel pixel] has shape {buffer_2.shape}, expected {(b, 4, 16, pixel)}")
    if buffer_1.shape != (b, 4):
        raise ValueError(f"buffer_1: f32[b group] has shape {buffer_1.shape}, expected {(b, 4)}")
    if buffer_0.shape != (b, 4):
        raise ValueError(f"buffer_0: f32[b group] has shape {buffer_0.shape}, expected {(b, 4)}")
    d_X = torch.empty((b, 4, 16, pixel), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_PIXEL, warps, stages = 1024, 4, 1
    grid = (b * 4 * 16 * triton.cdiv(pixel, BLOCK_PIXEL),)
    groupnorm_matmul_long_backward_d_X_kernel[grid](
        X, weight, state, state__, buffer_2, buffer_1, buffer_0, d_X, X.stride(0), X.stride(1), X.stride(2),
        X.stride(3), weight.stride(0), weight.stride(1), state.stride(0), state.stride(1), state__.stride(0),
        state__.stride(1), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
        d_X.stride(1), d_X.stride(2), d_X.stride(3), b, pixel, BLOCK_PIXEL=BLOCK_PIXEL, num_warps=warps,
        num_stages=stages,
    )
    return d_X


class _groupnorm_matmul_autograd(torch.autograd.Function):
    """groupnorm_matmul and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, bias, W):
        state, state__ = _groupnorm_matmul_forward_state_state__(X)
        out = _groupnorm_matmul_forward_out(X, weight, bias, W, state__, state)
        ctx.save_for_backward(X, weight, bias, W, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, bias, W, state, state__ = ctx.saved_tensors
        buffer_2 = _groupnorm_matmul_backward_buffer_2(X, weight, W, d_out, state)
        d_weight, d_bias = _groupnorm_matmul_backward_d_weight_d_bias(X, W, d_out, state, state__)
        d_W = _groupnorm_matmul_backward_d_W(X, weight, bias, d_out, state, state__)
        buffer_0 = _groupnorm_matmul_backward_buffer_0(buffer_2)
        buffer_1 = _groupnorm_matmul_backward_buffer_1(X, weight, W, d_out, state, state__, buffer_0)
        d_X = _groupnorm_matmul_backward_d_X(X, weight, W, d_out, state, state__, buffer_1, buffer_0)
        return d_X, d_weight, d_bias, d_W


class _groupnorm_matmul_long_autograd(torch.autograd.Function):
    """groupnorm_matmul and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, bias, W):
        state, state__ = _groupnorm_matmul_long_forward_state_state__(X)
        out = _groupnorm_matmul_long_forward_out(X, weight, bias, W, state__, state)
        ctx.save_for_backward(X, weight, bias, W, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, bias, W, state, state__ = ctx.saved_tensors
        buffer_2 = _groupnorm_matmul_long_backward_buffer_2(W, d_out)
        d_W = _groupnorm_matmul_long_backward_d_W(X, weight, bias, d_out, state, state__)
        buffer_0, buffer_1 = _groupnorm_matmul_long_backward_buffer_0_buffer_1(X, weight, state, state__, buffer_2)
        d_weight, d_bias = _groupnorm_matmul_long_backward_d_weight_d_bias(X, state, state__, buffer_2)
        d_X = _groupnorm_matmul_long_backward_d_X(X, weight, state, state__, buffer_2, buffer_1, buffer_0)
        return d_X, d_weight, d_bias, d_W


@_anywhere(torch.bfloat16, torch.float32, torch.float32, torch.bfloat16)
def groupnorm_matmul(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    W: torch.Tensor,
) -> torch.Tensor:
    """groupnorm_matmul(X: bf16[b group channel pixel], weight: f32[group channel], bias: f32[group channel], W: bf16[group channel o]) -> out: bf16[b o pixel]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, _, _, pixel = X.shape
    _, _, o = W.shape
    if X.shape != (b, 4, 16, pixel):
        raise ValueError(f"X: bf16[b group channel pixel] has shape {X.shape}, expected {(b, 4, 16, pixel)}")
    if weight.shape != (4, 16):
        raise ValueError(f"weight: f32[group channel] has shape {weight.shape}, expected {(4, 16)}")
    if bias.shape != (4, 16):
        raise ValueError(f"bias: f32[group channel] has shape {bias.shape}, expected {(4, 16)}")
    if W.shape != (4, 16, o):
        raise ValueError(f"W: bf16[group channel o] has shape {W.shape}, expected {(4, 16, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight, bias, W)):
        if o <= 256:
            return _groupnorm_matmul_autograd.apply(X, weight, bias, W)
        return _groupnorm_matmul_long_autograd.apply(X, weight, bias, W)
    buffer_0, buffer_1 = _groupnorm_matmul_buffer_0_buffer_1(X)
    out = _groupnorm_matmul_out(X, weight, bias, W, buffer_1, buffer_0)
    return out
