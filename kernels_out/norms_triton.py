"""Fused kernels for softmax_rows, logsumexp_rows, rmsnorm, layernorm.

Made by diagc 0.1.0 from norms.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

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
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of norms_jax.py do, on NumPy arrays")
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
    """A function of norms_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by norms_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("norms_jax.py")
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
    """A function that on a CPU is that of norms_jax.py; `params` are the places of what it takes as parameters."""

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


def _processors(array: torch.Tensor) -> int:
    """How many programs the device of an array runs at once at least."""
    if array.device.type != "cuda":
        return 132
    return torch.cuda.get_device_properties(array.device).multi_processor_count


@triton.jit
def softmax_rows_rows_kernel(
    X_ptr, out_ptr, X_stride_row, X_stride_n, out_stride_row, out_stride_n, size_row, size_n,
    BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
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
    X_ptr, out_ptr, X_stride_row, X_stride_n, out_stride_row, out_stride_n, size_row, size_n,
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


@triton.jit
def softmax_rows_forward_rows_kernel(
    X_ptr, out_ptr, logsum_ptr, X_stride_row, X_stride_n, out_stride_row, out_stride_n, logsum_stride_row,
    size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
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
        tl.where(sum_ > 0.0, (1.0 / sum_) * e, 0.0),
        mask=(n_index < size_n),
    )
    tl.store(logsum_ptr + row_index * logsum_stride_row, (max_ + tl.log(sum_)))


@triton.jit
def softmax_rows_forward_kernel(
    X_ptr, out_ptr, logsum_ptr, X_stride_row, X_stride_n, out_stride_row, out_stride_n, logsum_stride_row,
    size_row, size_n, BLOCK_N: tl.constexpr,
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
    tl.store(logsum_ptr + row_index * logsum_stride_row, (max_n + tl.log(z)))
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
            tl.where(gt, recip * tl.exp(sub_n), 0.0),
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
            tl.where(gt, recip * tl.exp(sub_n), 0.0),
            mask=(n_index < size_n),
        )


@triton.jit
def softmax_rows_backward_rows_kernel(
    X_ptr, d_out_ptr, out_ptr, logsum_ptr, d_X_ptr, X_stride_row, X_stride_n, d_out_stride_row,
    d_out_stride_n, out_stride_row, out_stride_n, logsum_stride_row, d_X_stride_row, d_X_stride_n, size_row,
    size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    out = load_tile(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        (n_index < size_n),
        0.0,
        EXACT_N,
    )
    d_out = load_tile(
        d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
        (n_index < size_n),
        0.0,
        EXACT_N,
    )
    mul_n = d_out * out
    sum_ = tl.sum(mul_n, 0)
    logsum = tl.load(logsum_ptr + row_index * logsum_stride_row)
    # src[norms.diag:6]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    sub_n = X - tl.where(logsum == float("-inf"), 0.0, logsum)
    tl.store(
        d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
        (tl.exp(sub_n) * (d_out - sum_)),
        mask=(n_index < size_n),
    )


@triton.jit
def softmax_rows_backward_kernel(
    X_ptr, d_out_ptr, out_ptr, logsum_ptr, d_X_ptr, X_stride_row, X_stride_n, d_out_stride_row,
    d_out_stride_n, out_stride_row, out_stride_n, logsum_stride_row, d_X_stride_row, d_X_stride_n, size_row,
    size_n, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        out = tl.load(out_ptr + row_index * out_stride_row + n_index * out_stride_n)
        d_out = tl.load(d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n)
        mul_n = d_out * out
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        out = tl.load(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        mul_n = d_out * out
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    logsum = tl.load(logsum_ptr + row_index * logsum_stride_row)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        d_out = tl.load(d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n)
        # src[norms.diag:6]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        sub_n = X - tl.where(logsum == float("-inf"), 0.0, logsum)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            (tl.exp(sub_n) * (d_out - acc_n)),
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        d_out = tl.load(
            d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[norms.diag:6]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        sub_n = X - tl.where(logsum == float("-inf"), 0.0, logsum)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            (tl.exp(sub_n) * (d_out - acc_n)),
            mask=(n_index < size_n),
        )


@_operator
def _softmax_rows(X: torch.Tensor) -> torch.Tensor:
    """_softmax_rows(X: f32[row n]) -> out: f32[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    out = torch.empty((row, n), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
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
            X, out, X.stride(0), X.stride(1), out.stride(0), out.stride(1), row, n, BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    softmax_rows_kernel[grid](
        X, out, X.stride(0), X.stride(1), out.stride(0), out.stride(1), row, n, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _softmax_rows_forward(X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_softmax_rows_forward(X: f32[row n]) -> out: f32[row n], logsum: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    out = torch.empty((row, n), dtype=torch.float32, device=X.device)
    logsum = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        softmax_rows_forward_rows_kernel[grid](
            X, out, logsum, X.stride(0), X.stride(1), out.stride(0), out.stride(1), logsum.stride(0), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return out, logsum
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    softmax_rows_forward_kernel[grid](
        X, out, logsum, X.stride(0), X.stride(1), out.stride(0), out.stride(1), logsum.stride(0), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _softmax_rows_backward(
    X: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_softmax_rows_backward(X: f32[row n], d_out: f32[row n], out: f32[row n], logsum: f32[row]) -> d_X: f32[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.float32, 2, X.device)
    _check("out", out, torch.float32, 2, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    row, n = X.shape
    if d_out.shape != (row, n):
        raise ValueError(f"d_out: f32[row n] has shape {d_out.shape}, expected {(row, n)}")
    if out.shape != (row, n):
        raise ValueError(f"out: f32[row n] has shape {out.shape}, expected {(row, n)}")
    if logsum.shape != (row,):
        raise ValueError(f"logsum: f32[row] has shape {logsum.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.float32, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        softmax_rows_backward_rows_kernel[grid](
            X, d_out, out, logsum, d_X, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1),
            out.stride(0), out.stride(1), logsum.stride(0), d_X.stride(0), d_X.stride(1), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    softmax_rows_backward_kernel[grid](
        X, d_out, out, logsum, d_X, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1), out.stride(0),
        out.stride(1), logsum.stride(0), d_X.stride(0), d_X.stride(1), row, n, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return d_X


class _softmax_rows_autograd(torch.autograd.Function):
    """softmax_rows and its derivative."""

    @staticmethod
    def forward(ctx, X):
        out, logsum = _softmax_rows_forward(X)
        ctx.save_for_backward(X, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, out, logsum = ctx.saved_tensors
        d_X = _softmax_rows_backward(X, d_out, out, logsum)
        return d_X


@_anywhere(torch.float32)
def softmax_rows(X: torch.Tensor) -> torch.Tensor:
    """softmax_rows(X: f32[row n]) -> out: f32[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    if torch.is_grad_enabled() and X.requires_grad:
        return _softmax_rows_autograd.apply(X)
    out = _softmax_rows(X)
    return out


@triton.jit
def logsumexp_rows_rows_kernel(
    X_ptr, out_ptr, X_stride_row, X_stride_n, out_stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
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


@triton.jit
def logsumexp_rows_parts_rows_kernel(
    X_ptr, m_parts_ptr, sum_parts_ptr, X_stride_row, X_stride_n, m_parts_stride_n_part_1, m_parts_stride_row,
    sum_parts_stride_n_part_1, sum_parts_stride_row, size_row, size_n, size_parts_n, size_length_n,
    BLOCK_N_IN_1: tl.constexpr, EXACT_N_IN_1: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = (program % size_row).to(tl.int64)
    program = program // size_row
    n_part_index = program.to(tl.int64)
    n_in_index = tl.arange(0, BLOCK_N_IN_1)
    # src[norms.diag:10]
    X = tl.load(
        X_ptr + row_index * X_stride_row + (size_length_n * n_part_index + n_in_index) * X_stride_n,
        mask=(n_in_index < size_length_n) & ((size_length_n * n_part_index + n_in_index) >= 0) & ((size_length_n * n_part_index + n_in_index) < size_n),
        other=0.0,
    )
    lt_n_in = (n_in_index + (n_part_index * size_length_n)) < size_n
    where_n_in = tl.where(lt_n_in & (n_in_index < size_length_n), X, float("-inf"))
    # src[maps.diag:11]
    max_ = tl.max(where_n_in, 0)
    tl.store(m_parts_ptr + n_part_index * m_parts_stride_n_part_1 + row_index * m_parts_stride_row, max_)
    # src[maps.diag:12]
    sub_n_in = where_n_in - tl.where(max_ == float("-inf"), 0.0, max_)
    exp_n_in = tl.exp(sub_n_in)
    sum_ = tl.sum(exp_n_in, 0)
    tl.store(
        sum_parts_ptr + n_part_index * sum_parts_stride_n_part_1 + row_index * sum_parts_stride_row,
        sum_,
    )


@triton.jit
def logsumexp_rows_parts_kernel(
    X_ptr, m_parts_ptr, sum_parts_ptr, X_stride_row, X_stride_n, m_parts_stride_n_part_1, m_parts_stride_row,
    sum_parts_stride_n_part_1, sum_parts_stride_row, size_row, size_n, size_parts_n, size_length_n,
    BLOCK_N_IN_1: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = (program % size_row).to(tl.int64)
    program = program // size_row
    n_part_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_n_in = tl.full([], 0.0, tl.float32)
    mul = n_part_index * size_length_n
    to_n_in = (tl.maximum(tl.minimum(size_length_n, -1 * tl.cast(mul, tl.int64) + size_n), 0).to(tl.int32)) // BLOCK_N_IN_1 * BLOCK_N_IN_1
    # whole tiles, no mask needed
    for first_n_in in tl.range(0, to_n_in, BLOCK_N_IN_1):
        n_in_index = first_n_in + tl.arange(0, BLOCK_N_IN_1)
        # src[norms.diag:10]
        X = tl.load(
            X_ptr + row_index * X_stride_row + (size_length_n * n_part_index + n_in_index) * X_stride_n,
            mask=((size_length_n * n_part_index + n_in_index) >= 0) & ((size_length_n * n_part_index + n_in_index) < size_n),
            other=0.0,
        )
        # src[maps.diag:11]
        tile_max = tl.max(X, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_n_in = tl.exp(X - safe_next_m)
        tile_sum = tl.sum(exp_n_in, 0)
        next_sum_n_in = (sum_n_in * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_n_in = next_sum_n_in
    from_n_in = tl.maximum(0, to_n_in)
    to_n_in_2 = tl.maximum(tl.minimum(size_length_n, -1 * tl.cast(mul, tl.int64) + size_n), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_n_in_2 in tl.range(from_n_in, to_n_in_2, BLOCK_N_IN_1):
        n_in_index = first_n_in_2 + tl.arange(0, BLOCK_N_IN_1)
        # src[norms.diag:10]
        X = tl.load(
            X_ptr + row_index * X_stride_row + (size_length_n * n_part_index + n_in_index) * X_stride_n,
            mask=(n_in_index < size_length_n) & ((size_length_n * n_part_index + n_in_index) >= 0) & ((size_length_n * n_part_index + n_in_index) < size_n),
            other=0.0,
        )
        tile = ((n_in_index + mul) < size_n) & (n_in_index < size_length_n)
        where_n_in = tl.where(tile, X, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(where_n_in, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_n_in = tl.exp(where_n_in - safe_next_m)
        tile_sum = tl.sum(exp_n_in, 0)
        next_sum_n_in = (sum_n_in * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_n_in = next_sum_n_in
    tl.store(m_parts_ptr + n_part_index * m_parts_stride_n_part_1 + row_index * m_parts_stride_row, m)
    tl.store(
        sum_parts_ptr + n_part_index * sum_parts_stride_n_part_1 + row_index * sum_parts_stride_row,
        sum_n_in,
    )


@triton.jit
def logsumexp_rows_joined_rows_kernel(
    m_parts_ptr, sum_parts_ptr, out_ptr, m_parts_stride_n_part_1, m_parts_stride_row,
    sum_parts_stride_n_part_1, sum_parts_stride_row, out_stride_row, size_parts_n, size_row, size_n,
    size_length_n, BLOCK_N_PART_1: tl.constexpr, BLOCK_ROW: tl.constexpr, EXACT_N_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    n_part_index = tl.arange(0, BLOCK_N_PART_1)
    m_parts = tl.load(
        m_parts_ptr + n_part_index[None, :] * m_parts_stride_n_part_1 + row_index[:, None] * m_parts_stride_row,
        mask=(n_part_index < size_parts_n)[None, :] & (row_index < size_row)[:, None],
        other=float("-inf"),
    )
    max_ = tl.max(m_parts, 1)
    sub_row_n_part = m_parts - tl.where(max_ == float("-inf"), 0.0, max_)[:, None]
    sum_parts = tl.load(
        sum_parts_ptr + n_part_index[None, :] * sum_parts_stride_n_part_1 + row_index[:, None] * sum_parts_stride_row,
        mask=(n_part_index < size_parts_n)[None, :] & (row_index < size_row)[:, None],
        other=0.0,
    )
    where_row_n_part = tl.where(((size_length_n * n_part_index) < size_n)[None, :], sum_parts * tl.exp(sub_row_n_part), 0.0)
    sum_ = tl.sum(where_row_n_part, 1)
    tl.store(out_ptr + row_index * out_stride_row, (max_ + tl.log(sum_)), mask=(row_index < size_row))


@triton.jit
def logsumexp_rows_joined_kernel(
    m_parts_ptr, sum_parts_ptr, out_ptr, m_parts_stride_n_part_1, m_parts_stride_row,
    sum_parts_stride_n_part_1, sum_parts_stride_row, out_stride_row, size_parts_n, size_row, size_n,
    size_length_n, BLOCK_N_PART_1: tl.constexpr, BLOCK_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    max_n_part = tl.full([BLOCK_ROW], float("-inf"), tl.float32)
    sum_n_part = tl.full([BLOCK_ROW], 0.0, tl.float32)
    to_n_part = size_parts_n // BLOCK_N_PART_1 * BLOCK_N_PART_1
    # whole tiles, no mask needed
    for first_n_part in tl.range(0, to_n_part, BLOCK_N_PART_1):
        n_part_index = first_n_part + tl.arange(0, BLOCK_N_PART_1)
        m_parts = tl.load(
            m_parts_ptr + n_part_index[None, :] * m_parts_stride_n_part_1 + row_index[:, None] * m_parts_stride_row,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        tile_max = tl.max(m_parts, 1)
        next_max_n_part = tl.maximum(max_n_part, tile_max)
        safe_next_max_n_part = tl.where(next_max_n_part == float("-inf"), 0.0, next_max_n_part)
        sum_n_part_2 = sum_n_part * tl.exp(max_n_part - safe_next_max_n_part)
        sum_parts = tl.load(
            sum_parts_ptr + n_part_index[None, :] * sum_parts_stride_n_part_1 + row_index[:, None] * sum_parts_stride_row,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        mul_row_n_part = sum_parts * tl.exp(m_parts - safe_next_max_n_part[:, None])
        where_row_n_part = tl.where(((size_length_n * n_part_index) < size_n)[None, :], mul_row_n_part, 0.0)
        tile_sum = tl.sum(where_row_n_part, 1)
        next_sum_n_part = sum_n_part_2 + tile_sum
        max_n_part = next_max_n_part
        sum_n_part = next_sum_n_part
    from_n_part = tl.maximum(0, to_n_part)
    # tiles that a mask or the end cuts
    for first_n_part_2 in tl.range(from_n_part, size_parts_n, BLOCK_N_PART_1):
        n_part_index = first_n_part_2 + tl.arange(0, BLOCK_N_PART_1)
        m_parts = tl.load(
            m_parts_ptr + n_part_index[None, :] * m_parts_stride_n_part_1 + row_index[:, None] * m_parts_stride_row,
            mask=(n_part_index < size_parts_n)[None, :] & (row_index < size_row)[:, None],
            other=float("-inf"),
        )
        tile_max = tl.max(m_parts, 1)
        next_max_n_part = tl.maximum(max_n_part, tile_max)
        safe_next_max_n_part = tl.where(next_max_n_part == float("-inf"), 0.0, next_max_n_part)
        sum_n_part_2 = sum_n_part * tl.exp(max_n_part - safe_next_max_n_part)
        sum_parts = tl.load(
            sum_parts_ptr + n_part_index[None, :] * sum_parts_stride_n_part_1 + row_index[:, None] * sum_parts_stride_row,
            mask=(n_part_index < size_parts_n)[None, :] & (row_index < size_row)[:, None],
            other=0.0,
        )
        mul_row_n_part = sum_parts * tl.exp(m_parts - safe_next_max_n_part[:, None])
        where_row_n_part = tl.where(((size_length_n * n_part_index) < size_n)[None, :], mul_row_n_part, 0.0)
        tile_sum = tl.sum(where_row_n_part, 1)
        next_sum_n_part = sum_n_part_2 + tile_sum
        max_n_part = next_max_n_part
        sum_n_part = next_sum_n_part
    tl.store(
        out_ptr + row_index * out_stride_row,
        (max_n_part + tl.log(sum_n_part)),
        mask=(row_index < size_row),
    )


@triton.jit
def logsumexp_rows_forward_rows_kernel(
    X_ptr, out_ptr, X_stride_row, X_stride_n, out_stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
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
def logsumexp_rows_forward_kernel(
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


@triton.jit
def logsumexp_rows_backward_kernel(
    X_ptr, d_out_ptr, out_ptr, d_X_ptr, X_stride_row, X_stride_n, d_out_stride_row, out_stride_row,
    d_X_stride_row, d_X_stride_n, size_row, size_n, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    row_index = program.to(tl.int64)
    out = tl.load(out_ptr + row_index * out_stride_row)
    # src[norms.diag:10]
    X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n, mask=(n_index < size_n), other=0.0)
    exp_n = tl.exp(X - tl.where(out == float("-inf"), 0.0, out))
    d_out = tl.load(d_out_ptr + row_index * d_out_stride_row)
    tl.store(
        d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
        (d_out * exp_n),
        mask=(n_index < size_n),
    )


@_operator
def _logsumexp_rows(X: torch.Tensor) -> torch.Tensor:
    """_logsumexp_rows(X: f32[row n]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    out = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
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
            X, out, X.stride(0), X.stride(1), out.stride(0), row, n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    logsumexp_rows_kernel[grid](
        X, out, X.stride(0), X.stride(1), out.stride(0), row, n, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _logsumexp_rows_parts(X: torch.Tensor, parts_n: int, length_n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """_logsumexp_rows_parts(X: f32[row n]) -> m_parts: f32[n_part row], sum_parts: f32[n_part row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    m_parts = torch.empty((parts_n, row), dtype=torch.float32, device=X.device)
    sum_parts = torch.empty((parts_n, row), dtype=torch.float32, device=X.device)
    if _is_traced(m_parts):
        return m_parts, sum_parts
    BLOCK_N_IN_1 = max(16, triton.next_power_of_2(length_n))
    if BLOCK_N_IN_1 <= 16384:
        if BLOCK_N_IN_1 <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N_IN_1 <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (parts_n * row,)
        logsumexp_rows_parts_rows_kernel[grid](
            X, m_parts, sum_parts, X.stride(0), X.stride(1), m_parts.stride(0), m_parts.stride(1),
            sum_parts.stride(0), sum_parts.stride(1), row, n, parts_n, length_n, BLOCK_N_IN_1=BLOCK_N_IN_1,
            EXACT_N_IN_1=length_n == BLOCK_N_IN_1, num_warps=warps, num_stages=stages,
        )
        return m_parts, sum_parts
    BLOCK_N_IN_1, warps, stages = 4096, 8, 2
    grid = (parts_n * row,)
    logsumexp_rows_parts_kernel[grid](
        X, m_parts, sum_parts, X.stride(0), X.stride(1), m_parts.stride(0), m_parts.stride(1),
        sum_parts.stride(0), sum_parts.stride(1), row, n, parts_n, length_n, BLOCK_N_IN_1=BLOCK_N_IN_1,
        num_warps=warps, num_stages=stages,
    )
    return m_parts, sum_parts


@_operator
def _logsumexp_rows_joined(
    m_parts: torch.Tensor,
    sum_parts: torch.Tensor,
    n: int,
    length_n: int,
) -> torch.Tensor:
    """_logsumexp_rows_joined(m_parts: f32[n_part row], sum_parts: f32[n_part row]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("m_parts", m_parts, torch.float32, 2, m_parts.device)
    _check("sum_parts", sum_parts, torch.float32, 2, m_parts.device)
    parts_n, row = m_parts.shape
    if sum_parts.shape != (parts_n, row):
        raise ValueError(f"sum_parts: f32[n_part row] has shape {sum_parts.shape}, expected {(parts_n, row)}")
    out = torch.empty((row,), dtype=torch.float32, device=m_parts.device)
    if _is_traced(out):
        return out
    BLOCK_N_PART_1 = max(16, triton.next_power_of_2(parts_n))
    if BLOCK_N_PART_1 <= 1024:
        if BLOCK_N_PART_1 <= 16:
            BLOCK_ROW, warps, stages = 256, 4, 1
        elif BLOCK_N_PART_1 <= 64:
            BLOCK_ROW, warps, stages = 64, 4, 1
        elif BLOCK_N_PART_1 <= 256:
            BLOCK_ROW, warps, stages = 16, 4, 1
        else:
            BLOCK_ROW, warps, stages = 8, 8, 1
        grid = (triton.cdiv(row, BLOCK_ROW),)
        logsumexp_rows_joined_rows_kernel[grid](
            m_parts, sum_parts, out, m_parts.stride(0), m_parts.stride(1), sum_parts.stride(0),
            sum_parts.stride(1), out.stride(0), parts_n, row, n, length_n, BLOCK_N_PART_1=BLOCK_N_PART_1,
            BLOCK_ROW=BLOCK_ROW, EXACT_N_PART_1=parts_n == BLOCK_N_PART_1, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N_PART_1, BLOCK_ROW, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(row, BLOCK_ROW),)
    logsumexp_rows_joined_kernel[grid](
        m_parts, sum_parts, out, m_parts.stride(0), m_parts.stride(1), sum_parts.stride(0),
        sum_parts.stride(1), out.stride(0), parts_n, row, n, length_n, BLOCK_N_PART_1=BLOCK_N_PART_1,
        BLOCK_ROW=BLOCK_ROW, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _logsumexp_rows_forward(X: torch.Tensor) -> torch.Tensor:
    """_logsumexp_rows_forward(X: f32[row n]) -> out: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    row, n = X.shape
    out = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        logsumexp_rows_forward_rows_kernel[grid](
            X, out, X.stride(0), X.stride(1), out.stride(0), row, n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    logsumexp_rows_forward_kernel[grid](
        X, out, X.stride(0), X.stride(1), out.stride(0), row, n, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _logsumexp_rows_backward(X: torch.Tensor, d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_logsumexp_rows_backward(X: f32[row n], d_out: f32[row], out: f32[row]) -> d_X: f32[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 2, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("out", out, torch.float32, 1, X.device)
    row, n = X.shape
    if d_out.shape != (row,):
        raise ValueError(f"d_out: f32[row] has shape {d_out.shape}, expected {(row,)}")
    if out.shape != (row,):
        raise ValueError(f"out: f32[row] has shape {out.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.float32, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N, warps, stages = 1024, 4, 1
    grid = (row * triton.cdiv(n, BLOCK_N),)
    logsumexp_rows_backward_kernel[grid](
        X, d_out, out, d_X, X.stride(0), X.stride(1), d_out.stride(0), out.stride(0), d_X.stride(0),
        d_X.stride(1), row, n, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_X


class _logsumexp_rows_autograd(torch.autograd.Function):
    """logsumexp_rows and its derivative."""

    @staticmethod
    def forward(ctx, X):
        out = _logsumexp_rows_forward(X)
        ctx.save_for_backward(X, out)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, out = ctx.saved_tensors
        d_X = _logsumexp_rows_backward(X, d_out, out)
        return d_X


@_anywhere(torch.float32)
def logsumexp_rows(X: torch.Tensor) -> torch.Tensor:
    """logsumexp_rows(X: f32[row n]) -> out: f32[row]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    if torch.is_grad_enabled() and X.requires_grad:
        return _logsumexp_rows_autograd.apply(X)
    programs = row
    processors = _processors(X)
    if 0 < 2 * programs <= processors:
        if n >= 512:
            parts_n = min(triton.cdiv(n, 256), triton.cdiv(processors, programs))
            length_n = triton.cdiv(n, parts_n * 256) * 256
            parts_n = triton.cdiv(n, length_n)
            m_parts, sum_parts = _logsumexp_rows_parts(X, parts_n, length_n)
            out = _logsumexp_rows_joined(m_parts, sum_parts, n, length_n)
            return out
    out = _logsumexp_rows(X)
    return out


@triton.jit
def rmsnorm_rows_kernel(
    X_ptr, weight_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row, out_stride_n,
    size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
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
    add = 1e-05 + (sum_ * (1.0 / tl.cast(size_n, tl.float32)))
    # src[norms.diag:14]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:25]
    tile_bf16 = ((tl.rsqrt(add) * weight) * X_f32).to(tl.bfloat16)
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        tile_bf16,
        mask=(n_index < size_n),
    )


@triton.jit
def rmsnorm_kernel(
    X_ptr, weight_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row, out_stride_n,
    size_row, size_n, BLOCK_N: tl.constexpr,
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
    add = 1e-05 + (acc_n * (1.0 / tl.cast(size_n, tl.float32)))
    rsqrt = tl.rsqrt(add)
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * weight) * X.to(tl.float32)).to(tl.bfloat16)
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, tile_bf16)
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        # src[maps.diag:25]
        tile_bf16 = ((rsqrt * weight) * X.to(tl.float32)).to(tl.bfloat16)
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            tile_bf16,
            mask=(n_index < size_n),
        )


@triton.jit
def rmsnorm_forward_rows_kernel(
    X_ptr, weight_ptr, out_ptr, state_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row,
    out_stride_n, state_stride_row, size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
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
    add = 1e-05 + (sum_ * (1.0 / tl.cast(size_n, tl.float32)))
    # src[norms.diag:14]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[maps.diag:25]
    tile_bf16 = ((tl.rsqrt(add) * X_f32) * weight).to(tl.bfloat16)
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        tile_bf16,
        mask=(n_index < size_n),
    )
    tl.store(state_ptr + row_index * state_stride_row, sum_)


@triton.jit
def rmsnorm_forward_kernel(
    X_ptr, weight_ptr, out_ptr, state_ptr, X_stride_row, X_stride_n, weight_stride_n, out_stride_row,
    out_stride_n, state_stride_row, size_row, size_n, BLOCK_N: tl.constexpr,
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
    tl.store(state_ptr + row_index * state_stride_row, acc_n)
    # src[maps.diag:25]
    add = 1e-05 + (acc_n * (1.0 / tl.cast(size_n, tl.float32)))
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


@triton.jit
def rmsnorm_backward_d_X_rows_kernel(
    X_ptr, weight_ptr, d_out_ptr, out_ptr, state_ptr, d_X_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_n, out_stride_row, out_stride_n, state_stride_row, d_X_stride_row,
    d_X_stride_n, size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    state = tl.load(state_ptr + row_index * state_stride_row)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    rsqrt = tl.rsqrt(1e-05 + (recip * state))
    # src[norms.diag:14]
    X = load_tile(X_ptr + row_index * X_stride_row + n_index * X_stride_n, (n_index < size_n), 0.0, EXACT_N)
    out = load_tile(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        (n_index < size_n),
        0.0,
        EXACT_N,
    )
    d_out = load_tile(
        d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
        (n_index < size_n),
        0.0,
        EXACT_N,
    )
    d_out_f32 = d_out.to(tl.float32)
    mul_n = d_out_f32 * out.to(tl.float32)
    sum_ = tl.sum(mul_n, 0)
    mul_n_2 = ((sum_ * recip) * rsqrt) * X.to(tl.float32)
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    sub_n = (d_out_f32 * weight) - tl.where(mul_n_2 == float("-inf"), 0.0, mul_n_2)
    tl.store(
        d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
        (sub_n * rsqrt).to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def rmsnorm_backward_d_X_kernel(
    X_ptr, weight_ptr, d_out_ptr, out_ptr, state_ptr, d_X_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_n, out_stride_row, out_stride_n, state_stride_row, d_X_stride_row,
    d_X_stride_n, size_row, size_n, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    acc_n = tl.full([], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
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
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        out = tl.load(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        mul_n = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_n, 0)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    state = tl.load(state_ptr + row_index * state_stride_row)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    rsqrt = tl.rsqrt(1e-05 + (recip * state))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        mul_n = ((acc_n * recip) * rsqrt) * X.to(tl.float32)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        d_out = tl.load(d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n)
        sub_n = (d_out.to(tl.float32) * weight) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            (sub_n * rsqrt).to(tl.bfloat16),
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:14]
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        mul_n = ((acc_n * recip) * rsqrt) * X.to(tl.float32)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        d_out = tl.load(
            d_out_ptr + row_index * d_out_stride_row + n_index * d_out_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        sub_n = (d_out.to(tl.float32) * weight) - tl.where(mul_n == float("-inf"), 0.0, mul_n)
        tl.store(
            d_X_ptr + row_index * d_X_stride_row + n_index * d_X_stride_n,
            (sub_n * rsqrt).to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def rmsnorm_backward_d_weight_rows_kernel(
    X_ptr, d_out_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, d_out_stride_row, d_out_stride_n,
    state_stride_row, d_weight_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    add_row = 1e-05 + ((1.0 / tl.cast(size_n, tl.float32)) * state)
    d_out = tl.load(
        d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    # src[norms.diag:14]
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    mul_n_row = (tl.rsqrt(add_row)[None, :] * X.to(tl.float32)) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < size_n))


@triton.jit
def rmsnorm_backward_d_weight_kernel(
    X_ptr, d_out_ptr, state_ptr, d_weight_ptr, X_stride_row, X_stride_n, d_out_stride_row, d_out_stride_n,
    state_stride_row, d_weight_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
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
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[norms.diag:14]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        tile = tl.rsqrt(1e-05 + (recip * state))[None, :] * X.to(tl.float32)
        mul_n_row = tile * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[norms.diag:14]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        tile = tl.rsqrt(1e-05 + (recip * state))[None, :] * X.to(tl.float32)
        mul_n_row = tile * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        acc_row = next_acc_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < size_n))


@_operator
def _rmsnorm(X: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """_rmsnorm(X: bf16[row n], weight: f32[n]) -> out: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    out = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
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
            X, weight, out, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1), row, n,
            BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_kernel[grid](
        X, weight, out, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rmsnorm_forward(X: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_rmsnorm_forward(X: bf16[row n], weight: f32[n]) -> out: bf16[row n], state: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    out = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, state
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_forward_rows_kernel[grid](
            X, weight, out, state, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1),
            state.stride(0), row, n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps,
            num_stages=stages,
        )
        return out, state
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_forward_kernel[grid](
        X, weight, out, state, X.stride(0), X.stride(1), weight.stride(0), out.stride(0), out.stride(1),
        state.stride(0), row, n, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out, state


@_operator
def _rmsnorm_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rmsnorm_backward_d_X(X: bf16[row n], weight: f32[n], d_out: bf16[row n], out: bf16[row n], state: f32[row]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("out", out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if d_out.shape != (row, n):
        raise ValueError(f"d_out: bf16[row n] has shape {d_out.shape}, expected {(row, n)}")
    if out.shape != (row, n):
        raise ValueError(f"out: bf16[row n] has shape {out.shape}, expected {(row, n)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    d_X = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        rmsnorm_backward_d_X_rows_kernel[grid](
            X, weight, d_out, out, state, d_X, X.stride(0), X.stride(1), weight.stride(0), d_out.stride(0),
            d_out.stride(1), out.stride(0), out.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), row,
            n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    rmsnorm_backward_d_X_kernel[grid](
        X, weight, d_out, out, state, d_X, X.stride(0), X.stride(1), weight.stride(0), d_out.stride(0),
        d_out.stride(1), out.stride(0), out.stride(1), state.stride(0), d_X.stride(0), d_X.stride(1), row, n,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _rmsnorm_backward_d_weight(X: torch.Tensor, d_out: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_rmsnorm_backward_d_weight(X: bf16[row n], d_out: bf16[row n], state: f32[row]) -> d_weight: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    row, n = X.shape
    if d_out.shape != (row, n):
        raise ValueError(f"d_out: bf16[row n] has shape {d_out.shape}, expected {(row, n)}")
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
        rmsnorm_backward_d_weight_rows_kernel[grid](
            X, d_out, state, d_weight, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1),
            state.stride(0), d_weight.stride(0), row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N,
            EXACT_ROW=row == BLOCK_ROW, num_warps=warps, num_stages=stages,
        )
        return d_weight
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    rmsnorm_backward_d_weight_kernel[grid](
        X, d_out, state, d_weight, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1),
        state.stride(0), d_weight.stride(0), row, n, BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return d_weight


class _rmsnorm_autograd(torch.autograd.Function):
    """rmsnorm and its derivative."""

    @staticmethod
    def forward(ctx, X, weight):
        out, state = _rmsnorm_forward(X, weight)
        ctx.save_for_backward(X, weight, out, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, out, state = ctx.saved_tensors
        d_X = _rmsnorm_backward_d_X(X, weight, d_out, out, state)
        d_weight = _rmsnorm_backward_d_weight(X, d_out, state)
        return d_X, d_weight


@_anywhere(torch.bfloat16, torch.float32)
def rmsnorm(X: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """rmsnorm(X: bf16[row n], weight: f32[n]) -> out: bf16[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight)):
        return _rmsnorm_autograd.apply(X, weight)
    out = _rmsnorm(X, weight)
    return out


@triton.jit
def layernorm_rows_kernel(
    X_ptr, weight_ptr, bias_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, bias_stride_n,
    out_stride_row, out_stride_n, size_row, size_n, BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[norms.diag:18]
    bias = load_tile(bias_ptr + n_index * bias_stride_n, (n_index < size_n), 0.0, EXACT_N)
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
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
    mul_n_2 = (tl.rsqrt(1e-05 + (sum_2 * recip)) * sub_n) * weight
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        (mul_n_2 + bias).to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def layernorm_kernel(
    X_ptr, weight_ptr, bias_ptr, out_ptr, X_stride_row, X_stride_n, weight_stride_n, bias_stride_n,
    out_stride_row, out_stride_n, size_row, size_n, BLOCK_N: tl.constexpr,
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
    rsqrt = tl.rsqrt(1e-05 + (acc_n * recip))
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:29]
        add_n = ((rsqrt * (X.to(tl.float32) - mul)) * weight) + bias
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, add_n.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[maps.diag:29]
        add_n = ((rsqrt * (X.to(tl.float32) - mul)) * weight) + bias
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            add_n.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def layernorm_forward_rows_kernel(
    X_ptr, weight_ptr, bias_ptr, out_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n, weight_stride_n,
    bias_stride_n, out_stride_row, out_stride_n, state_stride_row, state___stride_row, size_row, size_n,
    BLOCK_N: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    row_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    # src[norms.diag:18]
    bias = load_tile(bias_ptr + n_index * bias_stride_n, (n_index < size_n), 0.0, EXACT_N)
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
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
    mul_n_2 = (tl.rsqrt(1e-05 + (sum_2 * recip)) * sub_n) * weight
    tl.store(
        out_ptr + row_index * out_stride_row + n_index * out_stride_n,
        (mul_n_2 + bias).to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    tl.store(state_ptr + row_index * state_stride_row, sum_)
    tl.store(state___ptr + row_index * state___stride_row, sum_2)


@triton.jit
def layernorm_forward_kernel(
    X_ptr, weight_ptr, bias_ptr, out_ptr, state_ptr, state___ptr, X_stride_row, X_stride_n, weight_stride_n,
    bias_stride_n, out_stride_row, out_stride_n, state_stride_row, state___stride_row, size_row, size_n,
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
    tl.store(state_ptr + row_index * state_stride_row, sum_n)
    tl.store(state___ptr + row_index * state___stride_row, acc_n)
    # src[maps.diag:21]
    # src[maps.diag:29]
    rsqrt = tl.rsqrt(1e-05 + (acc_n * recip))
    mul = sum_n * recip
    # whole tiles, no mask needed
    for first_n_3 in tl.range(0, to_n, BLOCK_N):
        n_index = first_n_3 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        bias = tl.load(bias_ptr + n_index * bias_stride_n)
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        X = tl.load(X_ptr + row_index * X_stride_row + n_index * X_stride_n)
        # src[maps.diag:29]
        add_n = ((rsqrt * (X.to(tl.float32) - mul)) * weight) + bias
        tl.store(out_ptr + row_index * out_stride_row + n_index * out_stride_n, add_n.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        bias = tl.load(bias_ptr + n_index * bias_stride_n, mask=(n_index < size_n), other=0.0)
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        X = tl.load(
            X_ptr + row_index * X_stride_row + n_index * X_stride_n,
            mask=(n_index < size_n),
            other=0.0,
        )
        # src[maps.diag:29]
        add_n = ((rsqrt * (X.to(tl.float32) - mul)) * weight) + bias
        tl.store(
            out_ptr + row_index * out_stride_row + n_index * out_stride_n,
            add_n.to(tl.bfloat16),
            mask=(n_index < size_n),
        )


@triton.jit
def layernorm_backward_d_X_rows_kernel(
    X_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, d_X_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_n, state_stride_row, state___stride_row, d_X_stride_row, d_X_stride_n,
    size_row, size_n, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    n_index = tl.arange(0, BLOCK_N)
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    rsqrt_row = tl.rsqrt(1e-05 + (recip * state__))
    # src[norms.diag:18]
    X = tl.load(
        X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    mul_row = recip * state
    X_f32 = X.to(tl.float32)
    sub_row_n = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
    sub_row_n_2 = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
    weight = load_tile(weight_ptr + n_index * weight_stride_n, (n_index < size_n), 0.0, EXACT_N)
    d_out = tl.load(
        d_out_ptr + row_index[:, None] * d_out_stride_row + n_index[None, :] * d_out_stride_n,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        other=0.0,
    )
    d_out_f32 = d_out.to(tl.float32)
    mul_row_n = (weight[None, :] * d_out_f32) * sub_row_n_2
    sum_ = tl.sum(mul_row_n, 1)
    mul_row_n_2 = (((recip * sum_) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
    mul_row_n_3 = d_out_f32 * weight[None, :]
    add_row_n = tl.where((n_index < size_n)[None, :], mul_row_n_3 + mul_row_n_2, 0.0)
    sum_2 = tl.sum(add_row_n, 1)
    mul_row_n_4 = ((sum_ * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_2
    mul_row_n_5 = (mul_row_n_4 + sum_2[:, None]) * recip
    safe_ = tl.where(mul_row_n_5 == float("-inf"), 0.0, mul_row_n_5)
    tile_bf16 = ((mul_row_n_3 - safe_) * rsqrt_row[:, None]).to(tl.bfloat16)
    tl.store(
        d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
        tile_bf16,
        mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def layernorm_backward_d_X_kernel(
    X_ptr, weight_ptr, d_out_ptr, state_ptr, state___ptr, d_X_ptr, X_stride_row, X_stride_n, weight_stride_n,
    d_out_stride_row, d_out_stride_n, state_stride_row, state___stride_row, d_X_stride_row, d_X_stride_n,
    size_row, size_n, BLOCK_N: tl.constexpr, BLOCK_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_row = program * BLOCK_ROW
    row_index = first_row + tl.arange(0, BLOCK_ROW)
    acc_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n = tl.full([BLOCK_ROW], 0.0, tl.float32)
    sum_n_2 = tl.full([BLOCK_ROW], 0.0, tl.float32)
    state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    mul_row = recip * state
    state__ = tl.load(state___ptr + row_index * state___stride_row, mask=(row_index < size_row), other=0.0)
    rsqrt_row = tl.rsqrt(1e-05 + (recip * state__))
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + n_index[None, :] * d_out_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        d_out_f32 = d_out.to(tl.float32)
        mul_row_n = (weight[None, :] * d_out_f32) * sub_row_n
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
        mul_row_n_2 = (((recip * next_acc_n) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_2
        add_row_n = (d_out_f32 * weight[None, :]) + mul_row_n_2
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
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        sub_row_n = X_f32 - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + n_index[None, :] * d_out_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        d_out_f32 = d_out.to(tl.float32)
        mul_row_n = (weight[None, :] * d_out_f32) * sub_row_n
        tile_sum = tl.sum(mul_row_n, 1)
        next_acc_n = acc_n + tile_sum
        where_row = tl.where(tl.abs(acc_n) < float("inf"), acc_n, 0.0)
        where_row_2 = tl.where(tl.abs(next_acc_n) < float("inf"), next_acc_n, 0.0)
        sum_n_3 = (((recip * rsqrt_row) * rsqrt_row) * sum_n_2) * (where_row_2 - where_row)
        sub_row_n_2 = mul_row[:, None] - tl.where(X_f32 == float("-inf"), 0.0, X_f32)
        sub_row_n_3 = tl.where((n_index < size_n)[None, :], sub_row_n_2, 0.0)
        mul_row_n_2 = (((recip * next_acc_n) * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n_3
        add_row_n = tl.where((n_index < size_n)[None, :], (d_out_f32 * weight[None, :]) + mul_row_n_2, 0.0)
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
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((acc_n * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
        mul_row_n_2 = (mul_row_n + sum_n[:, None]) * recip
        weight = tl.load(weight_ptr + n_index * weight_stride_n)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + n_index[None, :] * d_out_stride_n,
            mask=(row_index < size_row)[:, None],
            other=0.0,
        )
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        sub_row_n_2 = (d_out.to(tl.float32) * weight[None, :]) - safe_
        tile_bf16 = (sub_row_n_2 * rsqrt_row[:, None]).to(tl.bfloat16)
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            tile_bf16,
            mask=(row_index < size_row)[:, None],
        )
    # tiles that a mask or the end cuts
    for first_n_4 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_4 + tl.arange(0, BLOCK_N)
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index[:, None] * X_stride_row + n_index[None, :] * X_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        sub_row_n = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[:, None]
        mul_row_n = ((acc_n * rsqrt_row) * rsqrt_row)[:, None] * sub_row_n
        mul_row_n_2 = (mul_row_n + sum_n[:, None]) * recip
        weight = tl.load(weight_ptr + n_index * weight_stride_n, mask=(n_index < size_n), other=0.0)
        d_out = tl.load(
            d_out_ptr + row_index[:, None] * d_out_stride_row + n_index[None, :] * d_out_stride_n,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        safe_ = tl.where(mul_row_n_2 == float("-inf"), 0.0, mul_row_n_2)
        sub_row_n_2 = (d_out.to(tl.float32) * weight[None, :]) - safe_
        tile_bf16 = (sub_row_n_2 * rsqrt_row[:, None]).to(tl.bfloat16)
        tl.store(
            d_X_ptr + row_index[:, None] * d_X_stride_row + n_index[None, :] * d_X_stride_n,
            tile_bf16,
            mask=(row_index < size_row)[:, None] & (n_index < size_n)[None, :],
        )


@triton.jit
def layernorm_backward_d_weight_d_bias_rows_kernel(
    X_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    d_out_stride_row, d_out_stride_n, state_stride_row, state___stride_row, d_weight_stride_n,
    d_bias_stride_n, size_row, size_n, BLOCK_ROW: tl.constexpr, BLOCK_N: tl.constexpr,
    EXACT_ROW: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    row_index = tl.arange(0, BLOCK_ROW)
    state = load_tile(state_ptr + row_index * state_stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    recip = 1.0 / tl.cast(size_n, tl.float32)
    mul_row = recip * state
    # src[norms.diag:18]
    X = tl.load(
        X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
    state__ = load_tile(state___ptr + row_index * state___stride_row, (row_index < size_row), 0.0, EXACT_ROW)
    d_out = tl.load(
        d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
        mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    d_out_f32 = d_out.to(tl.float32)
    tile = tl.rsqrt(1e-05 + (recip * state__))[None, :] * d_out_f32
    mul_n_row = tile * sub_n_row
    sum_ = tl.sum(mul_n_row, 1)
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, sum_, mask=(n_index < size_n))
    sum_2 = tl.sum(d_out_f32, 1)
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_2, mask=(n_index < size_n))


@triton.jit
def layernorm_backward_d_weight_d_bias_kernel(
    X_ptr, d_out_ptr, state_ptr, state___ptr, d_weight_ptr, d_bias_ptr, X_stride_row, X_stride_n,
    d_out_stride_row, d_out_stride_n, state_stride_row, state___stride_row, d_weight_stride_n,
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
        state = tl.load(state_ptr + row_index * state_stride_row)
        mul_row = recip * state
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        state__ = tl.load(state___ptr + row_index * state___stride_row)
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        d_out_f32 = d_out.to(tl.float32)
        tile = tl.rsqrt(1e-05 + (recip * state__))[None, :] * d_out_f32
        mul_n_row = tile * sub_n_row
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(d_out_f32, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    from_row = tl.maximum(0, to_row)
    # tiles that a mask or the end cuts
    for first_row_2 in tl.range(from_row, size_row, BLOCK_ROW):
        row_index = first_row_2 + tl.arange(0, BLOCK_ROW)
        state = tl.load(state_ptr + row_index * state_stride_row, mask=(row_index < size_row), other=0.0)
        mul_row = recip * state
        # src[norms.diag:18]
        X = tl.load(
            X_ptr + row_index[None, :] * X_stride_row + n_index[:, None] * X_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        sub_n_row = X.to(tl.float32) - tl.where(mul_row == float("-inf"), 0.0, mul_row)[None, :]
        state__ = tl.load(
            state___ptr + row_index * state___stride_row,
            mask=(row_index < size_row),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + row_index[None, :] * d_out_stride_row + n_index[:, None] * d_out_stride_n,
            mask=(row_index < size_row)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        d_out_f32 = d_out.to(tl.float32)
        tile = tl.rsqrt(1e-05 + (recip * state__))[None, :] * d_out_f32
        mul_n_row = tile * sub_n_row
        tile_sum = tl.sum(mul_n_row, 1)
        next_acc_row = acc_row + tile_sum
        tile_sum_2 = tl.sum(d_out_f32, 1)
        next_sum_row = sum_row + tile_sum_2
        acc_row = next_acc_row
        sum_row = next_sum_row
    tl.store(d_weight_ptr + n_index * d_weight_stride_n, acc_row, mask=(n_index < size_n))
    tl.store(d_bias_ptr + n_index * d_bias_stride_n, sum_row, mask=(n_index < size_n))


@_operator
def _layernorm(X: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """_layernorm(X: bf16[row n], weight: f32[n], bias: f32[n]) -> out: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    out = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
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
            X, weight, bias, out, X.stride(0), X.stride(1), weight.stride(0), bias.stride(0), out.stride(0),
            out.stride(1), row, n, BLOCK_N=BLOCK_N, EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_kernel[grid](
        X, weight, bias, out, X.stride(0), X.stride(1), weight.stride(0), bias.stride(0), out.stride(0),
        out.stride(1), row, n, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _layernorm_forward(
    X: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_layernorm_forward(X: bf16[row n], weight: f32[n], bias: f32[n]) -> out: bf16[row n], state: f32[row], state__: f32[row]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    out = torch.empty((row, n), dtype=torch.bfloat16, device=X.device)
    state = torch.empty((row,), dtype=torch.float32, device=X.device)
    state__ = torch.empty((row,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, state, state__
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 16384:
        if BLOCK_N <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (row,)
        layernorm_forward_rows_kernel[grid](
            X, weight, bias, out, state, state__, X.stride(0), X.stride(1), weight.stride(0), bias.stride(0),
            out.stride(0), out.stride(1), state.stride(0), state__.stride(0), row, n, BLOCK_N=BLOCK_N,
            EXACT_N=n == BLOCK_N, num_warps=warps, num_stages=stages,
        )
        return out, state, state__
    BLOCK_N, warps, stages = 4096, 8, 2
    grid = (row,)
    layernorm_forward_kernel[grid](
        X, weight, bias, out, state, state__, X.stride(0), X.stride(1), weight.stride(0), bias.stride(0),
        out.stride(0), out.stride(1), state.stride(0), state__.stride(0), row, n, BLOCK_N=BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return out, state, state__


@_operator
def _layernorm_backward_d_X(
    X: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> torch.Tensor:
    """_layernorm_backward_d_X(X: bf16[row n], weight: f32[n], d_out: bf16[row n], state: f32[row], state__: f32[row]) -> d_X: bf16[row n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("weight", weight, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if d_out.shape != (row, n):
        raise ValueError(f"d_out: bf16[row n] has shape {d_out.shape}, expected {(row, n)}")
    if state.shape != (row,):
        raise ValueError(f"state: f32[row] has shape {state.shape}, expected {(row,)}")
    if state__.shape != (row,):
        raise ValueError(f"state__: f32[row] has shape {state__.shape}, expected {(row,)}")
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
        layernorm_backward_d_X_rows_kernel[grid](
            X, weight, d_out, state, state__, d_X, X.stride(0), X.stride(1), weight.stride(0),
            d_out.stride(0), d_out.stride(1), state.stride(0), state__.stride(0), d_X.stride(0),
            d_X.stride(1), row, n, BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_N, BLOCK_ROW, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(row, BLOCK_ROW),)
    layernorm_backward_d_X_kernel[grid](
        X, weight, d_out, state, state__, d_X, X.stride(0), X.stride(1), weight.stride(0), d_out.stride(0),
        d_out.stride(1), state.stride(0), state__.stride(0), d_X.stride(0), d_X.stride(1), row, n,
        BLOCK_N=BLOCK_N, BLOCK_ROW=BLOCK_ROW, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _layernorm_backward_d_weight_d_bias(
    X: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_layernorm_backward_d_weight_d_bias(X: bf16[row n], d_out: bf16[row n], state: f32[row], state__: f32[row]) -> d_weight: f32[n], d_bias: f32[n]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 1, X.device)
    _check("state__", state__, torch.float32, 1, X.device)
    row, n = X.shape
    if d_out.shape != (row, n):
        raise ValueError(f"d_out: bf16[row n] has shape {d_out.shape}, expected {(row, n)}")
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
        layernorm_backward_d_weight_d_bias_rows_kernel[grid](
            X, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), d_out.stride(0),
            d_out.stride(1), state.stride(0), state__.stride(0), d_weight.stride(0), d_bias.stride(0), row, n,
            BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, EXACT_ROW=row == BLOCK_ROW, num_warps=warps,
            num_stages=stages,
        )
        return d_weight, d_bias
    BLOCK_ROW, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    layernorm_backward_d_weight_d_bias_kernel[grid](
        X, d_out, state, state__, d_weight, d_bias, X.stride(0), X.stride(1), d_out.stride(0),
        d_out.stride(1), state.stride(0), state__.stride(0), d_weight.stride(0), d_bias.stride(0), row, n,
        BLOCK_ROW=BLOCK_ROW, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_weight, d_bias


class _layernorm_autograd(torch.autograd.Function):
    """layernorm and its derivative."""

    @staticmethod
    def forward(ctx, X, weight, bias):
        out, state, state__ = _layernorm_forward(X, weight, bias)
        ctx.save_for_backward(X, weight, state, state__)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, weight, state, state__ = ctx.saved_tensors
        d_X = _layernorm_backward_d_X(X, weight, d_out, state, state__)
        d_weight, d_bias = _layernorm_backward_d_weight_d_bias(X, d_out, state, state__)
        return d_X, d_weight, d_bias


@_anywhere(torch.bfloat16, torch.float32, torch.float32)
def layernorm(X: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """layernorm(X: bf16[row n], weight: f32[n], bias: f32[n]) -> out: bf16[row n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    row, n = X.shape
    if weight.shape != (n,):
        raise ValueError(f"weight: f32[n] has shape {weight.shape}, expected {(n,)}")
    if bias.shape != (n,):
        raise ValueError(f"bias: f32[n] has shape {bias.shape}, expected {(n,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, weight, bias)):
        return _layernorm_autograd.apply(X, weight, bias)
    out = _layernorm(X, weight, bias)
    return out
