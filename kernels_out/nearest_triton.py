"""Fused kernels for distances, nearest, nearest_distance, nearest_few, margin, kernel_regression.

Made by diagc 0.1.0 from nearest.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["distances", "nearest", "nearest_distance", "nearest_few", "margin", "kernel_regression"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of nearest_jax.py do, on NumPy arrays")
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
    """A function of nearest_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by nearest_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("nearest_jax.py")
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
    """A function that on a CPU is that of nearest_jax.py; `params` are the places of what it takes as parameters."""

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
def distances_rows_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:6]
    K = load_tile(K_ptr + x_index * K_stride_x + d_index * K_stride_d, (d_index < size_d), 0.0, EXACT_D)
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
    mul_d = sub_d * sub_d
    sum_ = tl.sum(mul_d, 0)
    tl.store(out_ptr + q_index * out_stride_q + x_index * out_stride_x, sum_)


@triton.jit
def distances_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[nearest.diag:6]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d)
        # src[nearest.diag:7]
        sub_d = Q - tl.where(Q == float("-inf"), 0.0, K)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[nearest.diag:6]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
        # src[nearest.diag:7]
        sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(out_ptr + q_index * out_stride_q + x_index * out_stride_x, acc_d)


@triton.jit
def distances_parts_rows_kernel(
    Q_ptr, K_ptr, sum_parts_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, sum_parts_stride_d_part_1,
    sum_parts_stride_q, sum_parts_stride_x, size_q, size_d, size_x, size_parts_d, size_length_d,
    BLOCK_D_IN_1: tl.constexpr, EXACT_D_IN_1: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    d_part_index = program.to(tl.int64)
    d_in_index = tl.arange(0, BLOCK_D_IN_1)
    # src[nearest.diag:6]
    K = tl.load(
        K_ptr + x_index * K_stride_x + (size_length_d * d_part_index + d_in_index) * K_stride_d,
        mask=(d_in_index < size_length_d) & ((size_length_d * d_part_index + d_in_index) >= 0) & ((size_length_d * d_part_index + d_in_index) < size_d),
        other=0.0,
    )
    Q = tl.load(
        Q_ptr + q_index * Q_stride_q + (size_length_d * d_part_index + d_in_index) * Q_stride_d,
        mask=(d_in_index < size_length_d) & ((size_length_d * d_part_index + d_in_index) >= 0) & ((size_length_d * d_part_index + d_in_index) < size_d),
        other=0.0,
    )
    # src[nearest.diag:7]
    lt_d_in = ((d_part_index * size_length_d) + d_in_index) < size_d
    where_d_in = tl.where(lt_d_in & (d_in_index < size_length_d), Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
    mul_d_in = where_d_in * where_d_in
    sum_ = tl.sum(mul_d_in, 0)
    tl.store(
        sum_parts_ptr + d_part_index * sum_parts_stride_d_part_1 + q_index * sum_parts_stride_q + x_index * sum_parts_stride_x,
        sum_,
    )


@triton.jit
def distances_parts_kernel(
    Q_ptr, K_ptr, sum_parts_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, sum_parts_stride_d_part_1,
    sum_parts_stride_q, sum_parts_stride_x, size_q, size_d, size_x, size_parts_d, size_length_d,
    BLOCK_D_IN_1: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    d_part_index = program.to(tl.int64)
    acc_d_in = tl.full([], 0.0, tl.float32)
    mul = d_part_index * size_length_d
    to_d_in = (tl.maximum(tl.minimum(size_length_d, -1 * tl.cast(mul, tl.int64) + size_d), 0).to(tl.int32)) // BLOCK_D_IN_1 * BLOCK_D_IN_1
    # whole tiles, no mask needed
    for first_d_in in tl.range(0, to_d_in, BLOCK_D_IN_1):
        d_in_index = first_d_in + tl.arange(0, BLOCK_D_IN_1)
        # src[nearest.diag:6]
        K = tl.load(
            K_ptr + x_index * K_stride_x + (size_length_d * d_part_index + d_in_index) * K_stride_d,
            mask=((size_length_d * d_part_index + d_in_index) >= 0) & ((size_length_d * d_part_index + d_in_index) < size_d),
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index * Q_stride_q + (size_length_d * d_part_index + d_in_index) * Q_stride_d,
            mask=((size_length_d * d_part_index + d_in_index) >= 0) & ((size_length_d * d_part_index + d_in_index) < size_d),
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_in = Q - tl.where(Q == float("-inf"), 0.0, K)
        mul_d_in = sub_d_in * sub_d_in
        tile_sum = tl.sum(mul_d_in, 0)
        next_acc_d_in = acc_d_in + tile_sum
        acc_d_in = next_acc_d_in
    from_d_in = tl.maximum(0, to_d_in)
    to_d_in_2 = tl.maximum(tl.minimum(size_length_d, -1 * tl.cast(mul, tl.int64) + size_d), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_d_in_2 in tl.range(from_d_in, to_d_in_2, BLOCK_D_IN_1):
        d_in_index = first_d_in_2 + tl.arange(0, BLOCK_D_IN_1)
        # src[nearest.diag:6]
        K = tl.load(
            K_ptr + x_index * K_stride_x + (size_length_d * d_part_index + d_in_index) * K_stride_d,
            mask=(d_in_index < size_length_d) & ((size_length_d * d_part_index + d_in_index) >= 0) & ((size_length_d * d_part_index + d_in_index) < size_d),
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index * Q_stride_q + (size_length_d * d_part_index + d_in_index) * Q_stride_d,
            mask=(d_in_index < size_length_d) & ((size_length_d * d_part_index + d_in_index) >= 0) & ((size_length_d * d_part_index + d_in_index) < size_d),
            other=0.0,
        )
        # src[nearest.diag:7]
        tile = ((mul + d_in_index) < size_d) & (d_in_index < size_length_d)
        where_d_in = tl.where(tile, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
        mul_d_in = where_d_in * where_d_in
        tile_sum = tl.sum(mul_d_in, 0)
        next_acc_d_in = acc_d_in + tile_sum
        acc_d_in = next_acc_d_in
    tl.store(
        sum_parts_ptr + d_part_index * sum_parts_stride_d_part_1 + q_index * sum_parts_stride_q + x_index * sum_parts_stride_x,
        acc_d_in,
    )


@triton.jit
def distances_joined_rows_kernel(
    sum_parts_ptr, out_ptr, sum_parts_stride_d_part_1, sum_parts_stride_q, sum_parts_stride_x, out_stride_q,
    out_stride_x, size_parts_d, size_q, size_x, BLOCK_D_PART_1: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    d_part_index = tl.arange(0, BLOCK_D_PART_1)
    sum_parts = tl.load(
        sum_parts_ptr + d_part_index[None, :] * sum_parts_stride_d_part_1 + q_index * sum_parts_stride_q + x_index[:, None] * sum_parts_stride_x,
        mask=(d_part_index < size_parts_d)[None, :] & (x_index < size_x)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(sum_parts, 1)
    tl.store(out_ptr + q_index * out_stride_q + x_index * out_stride_x, sum_, mask=(x_index < size_x))


@triton.jit
def distances_joined_kernel(
    sum_parts_ptr, out_ptr, sum_parts_stride_d_part_1, sum_parts_stride_q, sum_parts_stride_x, out_stride_q,
    out_stride_x, size_parts_d, size_q, size_x, BLOCK_D_PART_1: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    sum_d_part = tl.full([BLOCK_X], 0.0, tl.float32)
    to_d_part = size_parts_d // BLOCK_D_PART_1 * BLOCK_D_PART_1
    # whole tiles, no mask needed
    for first_d_part in tl.range(0, to_d_part, BLOCK_D_PART_1):
        d_part_index = first_d_part + tl.arange(0, BLOCK_D_PART_1)
        sum_parts = tl.load(
            sum_parts_ptr + d_part_index[None, :] * sum_parts_stride_d_part_1 + q_index * sum_parts_stride_q + x_index[:, None] * sum_parts_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(sum_parts, 1)
        next_sum_d_part = sum_d_part + tile_sum
        sum_d_part = next_sum_d_part
    from_d_part = tl.maximum(0, to_d_part)
    # tiles that a mask or the end cuts
    for first_d_part_2 in tl.range(from_d_part, size_parts_d, BLOCK_D_PART_1):
        d_part_index = first_d_part_2 + tl.arange(0, BLOCK_D_PART_1)
        sum_parts = tl.load(
            sum_parts_ptr + d_part_index[None, :] * sum_parts_stride_d_part_1 + q_index * sum_parts_stride_q + x_index[:, None] * sum_parts_stride_x,
            mask=(d_part_index < size_parts_d)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(sum_parts, 1)
        next_sum_d_part = sum_d_part + tile_sum
        sum_d_part = next_sum_d_part
    tl.store(out_ptr + q_index * out_stride_q + x_index * out_stride_x, sum_d_part, mask=(x_index < size_x))


@triton.jit
def distances_forward_rows_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:6]
    K = load_tile(K_ptr + x_index * K_stride_x + d_index * K_stride_d, (d_index < size_d), 0.0, EXACT_D)
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
    mul_d = sub_d * sub_d
    sum_ = tl.sum(mul_d, 0)
    tl.store(out_ptr + q_index * out_stride_q + x_index * out_stride_x, sum_)


@triton.jit
def distances_forward_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[nearest.diag:6]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d)
        # src[nearest.diag:7]
        sub_d = Q - tl.where(Q == float("-inf"), 0.0, K)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[nearest.diag:6]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
        # src[nearest.diag:7]
        sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(out_ptr + q_index * out_stride_q + x_index * out_stride_x, acc_d)


@triton.jit
def distances_backward_d_Q_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, d_out_stride_q,
    d_out_stride_x, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[nearest.diag:6]
    K = tl.load(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    # src[nearest.diag:7]
    sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    sub_d_x_2 = tl.where((x_index < size_x)[None, :], sub_d_x, 0.0)
    mul_d_x = sub_d_x_2 * d_out[None, :]
    sum_ = tl.sum(mul_d_x, 1)
    tl.store(d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d, (2.0 * sum_), mask=(d_index < size_d))


@triton.jit
def distances_backward_d_Q_kernel(
    Q_ptr, K_ptr, d_out_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, d_out_stride_q,
    d_out_stride_x, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:6]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x)
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        mul_d_x = sub_d_x * d_out[None, :]
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[nearest.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        sub_d_x_2 = tl.where((x_index < size_x)[None, :], sub_d_x, 0.0)
        mul_d_x = sub_d_x_2 * d_out[None, :]
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        (2.0 * acc_x),
        mask=(d_index < size_d),
    )


@triton.jit
def distances_backward_d_K_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, d_out_stride_q,
    d_out_stride_x, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    q_index = tl.arange(0, BLOCK_Q)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
        (q_index < size_q),
        0.0,
        EXACT_Q,
    )
    # src[nearest.diag:6]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    Q = tl.load(
        Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
        mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    # src[nearest.diag:7]
    sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
    sub_d_q_2 = tl.where((q_index < size_q)[None, :], sub_d_q, 0.0)
    mul_d_q = sub_d_q_2 * d_out[None, :]
    sum_ = tl.sum(mul_d_q, 1)
    tl.store(
        d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d,
        (-2.0 * sum_),
        mask=(d_index < size_d),
    )


@triton.jit
def distances_backward_d_K_kernel(
    Q_ptr, K_ptr, d_out_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, d_out_stride_q,
    d_out_stride_x, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:6]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x)
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        mul_d_q = sub_d_q * d_out[None, :]
        tile_sum = tl.sum(mul_d_q, 1)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
            mask=(q_index < size_q),
            other=0.0,
        )
        # src[nearest.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        sub_d_q_2 = tl.where((q_index < size_q)[None, :], sub_d_q, 0.0)
        mul_d_q = sub_d_q_2 * d_out[None, :]
        tile_sum = tl.sum(mul_d_q, 1)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    tl.store(
        d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d,
        (-2.0 * acc_q),
        mask=(d_index < size_d),
    )


@_operator
def _distances(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_distances(Q: f32[q d], K: f32[x d]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q * x,)
        distances_rows_kernel[grid](
            Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d,
            x, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q * x,)
    distances_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d, x,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _distances_parts(Q: torch.Tensor, K: torch.Tensor, parts_d: int, length_d: int) -> torch.Tensor:
    """_distances_parts(Q: f32[q d], K: f32[x d]) -> sum_parts: f32[d_part q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    sum_parts = torch.empty((parts_d, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(sum_parts):
        return sum_parts
    BLOCK_D_IN_1 = max(16, triton.next_power_of_2(length_d))
    if BLOCK_D_IN_1 <= 16384:
        if BLOCK_D_IN_1 <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D_IN_1 <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (parts_d * q * x,)
        distances_parts_rows_kernel[grid](
            Q, K, sum_parts, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), sum_parts.stride(0),
            sum_parts.stride(1), sum_parts.stride(2), q, d, x, parts_d, length_d, BLOCK_D_IN_1=BLOCK_D_IN_1,
            EXACT_D_IN_1=length_d == BLOCK_D_IN_1, num_warps=warps, num_stages=stages,
        )
        return sum_parts
    BLOCK_D_IN_1, warps, stages = 4096, 8, 2
    grid = (parts_d * q * x,)
    distances_parts_kernel[grid](
        Q, K, sum_parts, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), sum_parts.stride(0),
        sum_parts.stride(1), sum_parts.stride(2), q, d, x, parts_d, length_d, BLOCK_D_IN_1=BLOCK_D_IN_1,
        num_warps=warps, num_stages=stages,
    )
    return sum_parts


@_operator
def _distances_joined(sum_parts: torch.Tensor) -> torch.Tensor:
    """_distances_joined(sum_parts: f32[d_part q x]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("sum_parts", sum_parts, torch.float32, 3, sum_parts.device)
    parts_d, q, x = sum_parts.shape
    out = torch.empty((q, x), dtype=torch.float32, device=sum_parts.device)
    if _is_traced(out):
        return out
    BLOCK_D_PART_1 = max(16, triton.next_power_of_2(parts_d))
    if BLOCK_D_PART_1 <= 1024:
        if BLOCK_D_PART_1 <= 16:
            BLOCK_X, warps, stages = 256, 4, 1
        elif BLOCK_D_PART_1 <= 64:
            BLOCK_X, warps, stages = 64, 4, 1
        elif BLOCK_D_PART_1 <= 256:
            BLOCK_X, warps, stages = 16, 4, 1
        else:
            BLOCK_X, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(x, BLOCK_X),)
        distances_joined_rows_kernel[grid](
            sum_parts, out, sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2), out.stride(0),
            out.stride(1), parts_d, q, x, BLOCK_D_PART_1=BLOCK_D_PART_1, BLOCK_X=BLOCK_X,
            EXACT_D_PART_1=parts_d == BLOCK_D_PART_1, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_D_PART_1, BLOCK_X, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(x, BLOCK_X),)
    distances_joined_kernel[grid](
        sum_parts, out, sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2), out.stride(0),
        out.stride(1), parts_d, q, x, BLOCK_D_PART_1=BLOCK_D_PART_1, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _distances_forward(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_distances_forward(Q: f32[q d], K: f32[x d]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q * x,)
        distances_forward_rows_kernel[grid](
            Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d,
            x, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q * x,)
    distances_forward_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d, x,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _distances_backward_d_Q(Q: torch.Tensor, K: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_distances_backward_d_Q(Q: f32[q d], K: f32[x d], d_out: f32[q x]) -> d_Q: f32[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 1024:
        if BLOCK_X <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_X <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(d, BLOCK_D),)
        distances_backward_d_Q_rows_kernel[grid](
            Q, K, d_out, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
            d_out.stride(1), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_Q
    BLOCK_X, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(d, BLOCK_D),)
    distances_backward_d_Q_kernel[grid](
        Q, K, d_out, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        d_out.stride(1), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _distances_backward_d_K(Q: torch.Tensor, K: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_distances_backward_d_K(Q: f32[q d], K: f32[x d], d_out: f32[q x]) -> d_K: f32[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (x * triton.cdiv(d, BLOCK_D),)
        distances_backward_d_K_rows_kernel[grid](
            Q, K, d_out, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
            d_out.stride(1), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
            EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_Q, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (x * triton.cdiv(d, BLOCK_D),)
    distances_backward_d_K_kernel[grid](
        Q, K, d_out, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        d_out.stride(1), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K


class _distances_autograd(torch.autograd.Function):
    """distances and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        out = _distances_forward(Q, K)
        ctx.save_for_backward(Q, K)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K = ctx.saved_tensors
        d_Q = _distances_backward_d_Q(Q, K, d_out)
        d_K = _distances_backward_d_K(Q, K, d_out)
        return d_Q, d_K


@_anywhere(torch.float32, torch.float32)
def distances(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """distances(Q: f32[q d], K: f32[x d]) -> out: f32[q x]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        return _distances_autograd.apply(Q, K)
    programs = q * x
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if d >= 512:
            parts_d = min(triton.cdiv(d, 256), triton.cdiv(processors, programs))
            length_d = triton.cdiv(d, parts_d * 256) * 256
            parts_d = triton.cdiv(d, length_d)
            sum_parts = _distances_parts(Q, K, parts_d, length_d)
            out = _distances_joined(sum_parts)
            return out
    out = _distances(Q, K)
    return out


@triton.jit
def nearest_rows_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:10]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = load_tile(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        (x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        0.0,
        EXACT_X and EXACT_D,
    )
    sub_x_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_d_2 = tl.where((d_index < size_d)[None, :], sub_x_d, 0.0)
    # src[nearest.diag:7]
    mul_x_d = sub_x_d_2 * sub_x_d_2
    sum_ = tl.sum(mul_x_d, 1)
    tile = tl.where(x_index < size_x, sum_, float("inf"))
    min_ = tl.min(tile, 0)
    where_x = tl.where(sum_ == min_, x_index.to(tl.int32), tl.cast((-1 + size_x), tl.int32))
    where_x_2 = tl.where(x_index < size_x, where_x, 2147483647)
    # src[nearest.diag:11]
    min_2 = tl.min(where_x_2, 0)
    tl.store(out_ptr + q_index * out_stride_q, min_2)


@triton.jit
def nearest_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    min_x = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
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
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        tile_min = tl.min(sum_, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        where_q_x = tl.where(sum_ == next_min_x[:, None], x_index.to(tl.int32)[None, :], tile_i32)
        # src[nearest.diag:11]
        tile_min_2 = tl.min(where_q_x, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x = next_min_x
        min_x_2 = next_min_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        tile_2 = tl.where((x_index < size_x)[None, :], sum_, float("inf"))
        tile_min = tl.min(tile_2, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        where_q_x = tl.where(sum_ == next_min_x[:, None], x_index.to(tl.int32)[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        # src[nearest.diag:11]
        tile_min_2 = tl.min(where_q_x_2, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x = next_min_x
        min_x_2 = next_min_x_2
    tl.store(out_ptr + q_index * out_stride_q, min_x_2, mask=(q_index < size_q))


@triton.jit
def nearest_parts_rows_kernel(
    Q_ptr, K_ptr, min_parts_ptr, min_parts2_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    min_parts_stride_x_part_1, min_parts_stride_q, min_parts2_stride_x_part_1, min_parts2_stride_q, size_q,
    size_d, size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr,
    EXACT_X_IN_1: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    x_part_index = program.to(tl.int64)
    x_in_index = tl.arange(0, BLOCK_X_IN_1)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:10]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = tl.load(
        K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
        other=0.0,
    )
    sub_x_in_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_in_d_2 = tl.where((d_index < size_d)[None, :], sub_x_in_d, 0.0)
    # src[nearest.diag:7]
    mul_x_in_d = sub_x_in_d_2 * sub_x_in_d_2
    sum_ = tl.sum(mul_x_in_d, 1)
    add_x_in = (size_length_x * x_part_index) + x_in_index
    lt_x_in = add_x_in < size_x
    where_x_in = tl.where(x_in_index < size_length_x, tl.where(lt_x_in, sum_, float("inf")), float("inf"))
    min_ = tl.min(where_x_in, 0)
    tl.store(min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q, min_)
    where_x_in_2 = tl.where(min_ == sum_, add_x_in.to(tl.int32), tl.cast((-1 + size_x), tl.int32))
    where_x_in_3 = tl.where(lt_x_in, where_x_in_2, tl.cast(2147483647, tl.int32))
    where_x_in_4 = tl.where(x_in_index < size_length_x, where_x_in_3, 2147483647)
    # src[nearest.diag:11]
    min_2 = tl.min(where_x_in_4, 0)
    tl.store(
        min_parts2_ptr + x_part_index * min_parts2_stride_x_part_1 + q_index * min_parts2_stride_q,
        min_2,
    )


@triton.jit
def nearest_parts_kernel(
    Q_ptr, K_ptr, min_parts_ptr, min_parts2_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    min_parts_stride_x_part_1, min_parts_stride_q, min_parts2_stride_x_part_1, min_parts2_stride_q, size_q,
    size_d, size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    min_x_in = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_in_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    mul = size_length_x * x_part_index
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    tile_i32_2 = tl.cast(2147483647, tl.int32)
    to_x_in = size_length_x // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        add_x_in = mul + x_in_index
        lt_x_in = add_x_in < size_x
        where_q_x_in = tl.where(lt_x_in[None, :], sum_, float("inf"))
        tile_min = tl.min(where_q_x_in, 1)
        next_min_x_in = tl.minimum(min_x_in, tile_min)
        tile_i32_3 = tl.where(min_x_in == next_min_x_in, min_x_in_2, tile_i32)
        where_q_x_in_2 = tl.where(next_min_x_in[:, None] == sum_, add_x_in.to(tl.int32)[None, :], tile_i32)
        where_q_x_in_3 = tl.where(lt_x_in[None, :], where_q_x_in_2, tile_i32_2)
        # src[nearest.diag:11]
        tile_min_2 = tl.min(where_q_x_in_3, 1)
        next_tile_i32 = tl.minimum(tile_i32_3, tile_min_2)
        min_x_in = next_min_x_in
        min_x_in_2 = next_tile_i32
    from_x_in = tl.maximum(0, to_x_in)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, size_length_x, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[nearest.diag:10]
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        add_x_in = mul + x_in_index
        lt_x_in = add_x_in < size_x
        where_q_x_in = tl.where((x_in_index < size_length_x)[None, :], tl.where(lt_x_in[None, :], sum_, float("inf")), float("inf"))
        tile_min = tl.min(where_q_x_in, 1)
        next_min_x_in = tl.minimum(min_x_in, tile_min)
        tile_i32_3 = tl.where(min_x_in == next_min_x_in, min_x_in_2, tile_i32)
        where_q_x_in_2 = tl.where(next_min_x_in[:, None] == sum_, add_x_in.to(tl.int32)[None, :], tile_i32)
        where_q_x_in_3 = tl.where(lt_x_in[None, :], where_q_x_in_2, tile_i32_2)
        where_q_x_in_4 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_3, 2147483647)
        # src[nearest.diag:11]
        tile_min_2 = tl.min(where_q_x_in_4, 1)
        next_tile_i32 = tl.minimum(tile_i32_3, tile_min_2)
        min_x_in = next_min_x_in
        min_x_in_2 = next_tile_i32
    tl.store(
        min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q,
        min_x_in,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts2_ptr + x_part_index * min_parts2_stride_x_part_1 + q_index * min_parts2_stride_q,
        min_x_in_2,
        mask=(q_index < size_q),
    )


@triton.jit
def nearest_joined_rows_kernel(
    min_parts_ptr, min_parts2_ptr, out_ptr, min_parts_stride_x_part_1, min_parts_stride_q,
    min_parts2_stride_x_part_1, min_parts2_stride_q, out_stride_q, size_parts_x, size_q, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_X_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    min_parts2 = tl.load(
        min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0,
    )
    min_parts = tl.load(
        min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    tile = tl.where((x_part_index < size_parts_x)[None, :], min_parts, float("inf"))
    min_ = tl.min(tile, 1)
    where_q_x_part = tl.where(min_[:, None] == min_parts, min_parts2, tl.cast((-1 + size_x), tl.int32))
    where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tl.cast(2147483647, tl.int32))
    where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
    min_2 = tl.min(where_q_x_part_3, 1)
    tl.store(out_ptr + q_index * out_stride_q, min_2, mask=(q_index < size_q))


@triton.jit
def nearest_joined_kernel(
    min_parts_ptr, min_parts2_ptr, out_ptr, min_parts_stride_x_part_1, min_parts_stride_q,
    min_parts2_stride_x_part_1, min_parts2_stride_q, out_stride_q, size_parts_x, size_q, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    min_x_part = tl.full([BLOCK_Q], float("inf"), tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_min = tl.min(min_parts, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        tile = tl.where((x_part_index < size_parts_x)[None, :], min_parts, float("inf"))
        tile_min = tl.min(tile, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    min_x_part_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    tile_i32 = tl.cast(2147483647, tl.int32)
    tile_i32_2 = tl.cast((-1 + size_x), tl.int32)
    # whole tiles, no mask needed
    for first_x_part_3 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_3 + tl.arange(0, BLOCK_X_PART_1)
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(min_x_part[:, None] == min_parts, min_parts2, tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        tile_min = tl.min(where_q_x_part_2, 1)
        next_min_x_part = tl.minimum(min_x_part_2, tile_min)
        min_x_part_2 = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_4 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_4 + tl.arange(0, BLOCK_X_PART_1)
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(min_x_part[:, None] == min_parts, min_parts2, tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
        tile_min = tl.min(where_q_x_part_3, 1)
        next_min_x_part = tl.minimum(min_x_part_2, tile_min)
        min_x_part_2 = next_min_x_part
    tl.store(out_ptr + q_index * out_stride_q, min_x_part_2, mask=(q_index < size_q))


@_operator
def _nearest(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_nearest(Q: f32[q d], K: f32[x d]) -> out: i32[q] in x. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.int32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_X = max(16, triton.next_power_of_2(x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_X * BLOCK_D <= 16384:
        if BLOCK_X * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        nearest_rows_kernel[grid](
            Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
            BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, EXACT_X=x == BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _nearest_parts(
    Q: torch.Tensor,
    K: torch.Tensor,
    parts_x: int,
    length_x: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_nearest_parts(Q: f32[q d], K: f32[x d]) -> min_parts: f32[x_part q], min_parts2: i32[x_part q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    min_parts = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    min_parts2 = torch.empty((parts_x, q), dtype=torch.int32, device=Q.device)
    if _is_traced(min_parts):
        return min_parts, min_parts2
    BLOCK_X_IN_1 = max(16, triton.next_power_of_2(length_x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_X_IN_1 * BLOCK_D <= 16384:
        if BLOCK_X_IN_1 * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X_IN_1 * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (parts_x * q,)
        nearest_parts_rows_kernel[grid](
            Q, K, min_parts, min_parts2, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
            min_parts.stride(0), min_parts.stride(1), min_parts2.stride(0), min_parts2.stride(1), q, d, x,
            parts_x, length_x, BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D,
            EXACT_X_IN_1=length_x == BLOCK_X_IN_1, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return min_parts, min_parts2
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (parts_x * triton.cdiv(q, BLOCK_Q),)
    nearest_parts_kernel[grid](
        Q, K, min_parts, min_parts2, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), min_parts.stride(0),
        min_parts.stride(1), min_parts2.stride(0), min_parts2.stride(1), q, d, x, parts_x, length_x,
        BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2,
        num_warps=warps, num_stages=stages,
    )
    return min_parts, min_parts2


@_operator
def _nearest_joined(min_parts: torch.Tensor, min_parts2: torch.Tensor, x: int, length_x: int) -> torch.Tensor:
    """_nearest_joined(min_parts: f32[x_part q], min_parts2: i32[x_part q]) -> out: i32[q] in x. Any strides; sizes are read off the shapes."""
    _check("min_parts", min_parts, torch.float32, 2, min_parts.device)
    _check("min_parts2", min_parts2, torch.int32, 2, min_parts.device)
    parts_x, q = min_parts.shape
    if min_parts2.shape != (parts_x, q):
        raise ValueError(f"min_parts2: i32[x_part q] has shape {min_parts2.shape}, expected {(parts_x, q)}")
    out = torch.empty((q,), dtype=torch.int32, device=min_parts.device)
    if _is_traced(out):
        return out
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    if BLOCK_X_PART_1 <= 1024:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_Q, warps, stages = 256, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_Q, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 256:
            BLOCK_Q, warps, stages = 16, 4, 1
        else:
            BLOCK_Q, warps, stages = 8, 8, 1
        grid = (triton.cdiv(q, BLOCK_Q),)
        nearest_joined_rows_kernel[grid](
            min_parts, min_parts2, out, min_parts.stride(0), min_parts.stride(1), min_parts2.stride(0),
            min_parts2.stride(1), out.stride(0), parts_x, q, x, length_x, BLOCK_X_PART_1=BLOCK_X_PART_1,
            BLOCK_Q=BLOCK_Q, EXACT_X_PART_1=parts_x == BLOCK_X_PART_1, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X_PART_1, BLOCK_Q, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_joined_kernel[grid](
        min_parts, min_parts2, out, min_parts.stride(0), min_parts.stride(1), min_parts2.stride(0),
        min_parts2.stride(1), out.stride(0), parts_x, q, x, length_x, BLOCK_X_PART_1=BLOCK_X_PART_1,
        BLOCK_Q=BLOCK_Q, num_warps=warps, num_stages=stages,
    )
    return out


@_anywhere(torch.float32, torch.float32)
def nearest(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """nearest(Q: f32[q d], K: f32[x d]) -> out: i32[q] in x. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    programs = triton.cdiv(q, 16)
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512 and d <= 16384:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            min_parts, min_parts2 = _nearest_parts(Q, K, parts_x, length_x)
            out = _nearest_joined(min_parts, min_parts2, x, length_x)
            return out
    out = _nearest(Q, K)
    return out


@triton.jit
def nearest_distance_rows_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:14]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = load_tile(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        (x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        0.0,
        EXACT_X and EXACT_D,
    )
    sub_x_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_d_2 = tl.where((d_index < size_d)[None, :], sub_x_d, 0.0)
    # src[nearest.diag:7]
    mul_x_d = sub_x_d_2 * sub_x_d_2
    sum_ = tl.sum(mul_x_d, 1)
    tile = tl.where(x_index < size_x, sum_, float("inf"))
    # src[nearest.diag:15]
    min_ = tl.min(tile, 0)
    tl.store(out_ptr + q_index * out_stride_q, min_)


@triton.jit
def nearest_distance_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    min_x = tl.full([BLOCK_Q], float("inf"), tl.float32)
    # src[nearest.diag:14]
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
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:15]
        tile_min = tl.min(sum_, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        min_x = next_min_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:14]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        tile_2 = tl.where((x_index < size_x)[None, :], sum_, float("inf"))
        # src[nearest.diag:15]
        tile_min = tl.min(tile_2, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        min_x = next_min_x
    tl.store(out_ptr + q_index * out_stride_q, min_x, mask=(q_index < size_q))


@triton.jit
def nearest_distance_parts_rows_kernel(
    Q_ptr, K_ptr, min_parts_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, min_parts_stride_x_part_1,
    min_parts_stride_q, size_q, size_d, size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_X_IN_1: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    x_part_index = program.to(tl.int64)
    x_in_index = tl.arange(0, BLOCK_X_IN_1)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:14]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = tl.load(
        K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
        other=0.0,
    )
    sub_x_in_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_in_d_2 = tl.where((d_index < size_d)[None, :], sub_x_in_d, 0.0)
    # src[nearest.diag:7]
    mul_x_in_d = sub_x_in_d_2 * sub_x_in_d_2
    sum_ = tl.sum(mul_x_in_d, 1)
    lt_x_in = ((x_part_index * size_length_x) + x_in_index) < size_x
    where_x_in = tl.where(x_in_index < size_length_x, tl.where(lt_x_in, sum_, float("inf")), float("inf"))
    # src[nearest.diag:15]
    min_ = tl.min(where_x_in, 0)
    tl.store(min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q, min_)


@triton.jit
def nearest_distance_parts_kernel(
    Q_ptr, K_ptr, min_parts_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, min_parts_stride_x_part_1,
    min_parts_stride_q, size_q, size_d, size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    min_x_in = tl.full([BLOCK_Q], float("inf"), tl.float32)
    mul = x_part_index * size_length_x
    # src[nearest.diag:14]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x_in = (tl.maximum(tl.minimum(size_length_x, -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)) // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        # src[nearest.diag:15]
        tile_min = tl.min(sum_, 1)
        next_min_x_in = tl.minimum(min_x_in, tile_min)
        min_x_in = next_min_x_in
    from_x_in = tl.maximum(0, to_x_in)
    to_x_in_2 = tl.maximum(tl.minimum(size_length_x, -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, to_x_in_2, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[nearest.diag:14]
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        where_q_x_in = tl.where(((mul + x_in_index) < size_x)[None, :], sum_, float("inf"))
        where_q_x_in_2 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in, float("inf"))
        # src[nearest.diag:15]
        tile_min = tl.min(where_q_x_in_2, 1)
        next_min_x_in = tl.minimum(min_x_in, tile_min)
        min_x_in = next_min_x_in
    tl.store(
        min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q,
        min_x_in,
        mask=(q_index < size_q),
    )


@triton.jit
def nearest_distance_joined_rows_kernel(
    min_parts_ptr, out_ptr, min_parts_stride_x_part_1, min_parts_stride_q, out_stride_q, size_parts_x, size_q,
    BLOCK_X_PART_1: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_X_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    min_parts = tl.load(
        min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    tile = tl.where((x_part_index < size_parts_x)[None, :], min_parts, float("inf"))
    min_ = tl.min(tile, 1)
    tl.store(out_ptr + q_index * out_stride_q, min_, mask=(q_index < size_q))


@triton.jit
def nearest_distance_joined_kernel(
    min_parts_ptr, out_ptr, min_parts_stride_x_part_1, min_parts_stride_q, out_stride_q, size_parts_x, size_q,
    BLOCK_X_PART_1: tl.constexpr, BLOCK_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    min_x_part = tl.full([BLOCK_Q], float("inf"), tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_min = tl.min(min_parts, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        tile = tl.where((x_part_index < size_parts_x)[None, :], min_parts, float("inf"))
        tile_min = tl.min(tile, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    tl.store(out_ptr + q_index * out_stride_q, min_x_part, mask=(q_index < size_q))


@triton.jit
def nearest_distance_forward_rows_kernel(
    Q_ptr, K_ptr, out_ptr, place_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q,
    place_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    EXACT_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:14]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = load_tile(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        (x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        0.0,
        EXACT_X and EXACT_D,
    )
    sub_x_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_d_2 = tl.where((d_index < size_d)[None, :], sub_x_d, 0.0)
    # src[nearest.diag:7]
    mul_x_d = sub_x_d_2 * sub_x_d_2
    sum_ = tl.sum(mul_x_d, 1)
    tile = tl.where(x_index < size_x, sum_, float("inf"))
    # src[nearest.diag:15]
    min_ = tl.min(tile, 0)
    tl.store(out_ptr + q_index * out_stride_q, min_)
    where_x = tl.where(min_ == sum_, x_index.to(tl.int32), tl.cast((-1 + size_x), tl.int32))
    where_x_2 = tl.where(x_index < size_x, where_x, 2147483647)
    min_2 = tl.min(where_x_2, 0)
    tl.store(place_ptr + q_index * place_stride_q, min_2)


@triton.jit
def nearest_distance_forward_kernel(
    Q_ptr, K_ptr, out_ptr, place_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q,
    place_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    min_x = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:14]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
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
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:15]
        tile_min = tl.min(sum_, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        where_q_x = tl.where(next_min_x[:, None] == sum_, x_index.to(tl.int32)[None, :], tile_i32)
        tile_min_2 = tl.min(where_q_x, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x = next_min_x
        min_x_2 = next_min_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:14]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        tile_2 = tl.where((x_index < size_x)[None, :], sum_, float("inf"))
        # src[nearest.diag:15]
        tile_min = tl.min(tile_2, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        where_q_x = tl.where(next_min_x[:, None] == sum_, x_index.to(tl.int32)[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        tile_min_2 = tl.min(where_q_x_2, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x = next_min_x
        min_x_2 = next_min_x_2
    tl.store(out_ptr + q_index * out_stride_q, min_x, mask=(q_index < size_q))
    tl.store(place_ptr + q_index * place_stride_q, min_x_2, mask=(q_index < size_q))


@triton.jit
def nearest_distance_backward_d_Q_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[nearest.diag:14]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    K = tl.load(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    sub_d_x = K - tl.where(K == float("-inf"), 0.0, Q[:, None])
    place = tl.load(place_ptr + q_index * place_stride_q)
    tile = (x_index.to(tl.int32) == place) & (x_index < size_x)
    where_d_x = tl.where(tile[None, :], sub_d_x, 0.0)
    sum_ = tl.sum(where_d_x, 1)
    d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        ((-2.0 * d_out) * sum_),
        mask=(d_index < size_d),
    )


@triton.jit
def nearest_distance_backward_d_Q_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    sum_x = tl.full([BLOCK_D], 0.0, tl.float32)
    place = tl.load(place_ptr + q_index * place_stride_q)
    # src[nearest.diag:14]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_x = K - tl.where(K == float("-inf"), 0.0, Q[:, None])
        where_d_x = tl.where((x_index.to(tl.int32) == place)[None, :], sub_d_x, 0.0)
        tile_sum = tl.sum(where_d_x, 1)
        next_sum_x = sum_x + tile_sum
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:14]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_x = K - tl.where(K == float("-inf"), 0.0, Q[:, None])
        tile = (x_index.to(tl.int32) == place) & (x_index < size_x)
        where_d_x = tl.where(tile[None, :], sub_d_x, 0.0)
        tile_sum = tl.sum(where_d_x, 1)
        next_sum_x = sum_x + tile_sum
        sum_x = next_sum_x
    d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        ((-2.0 * d_out) * sum_x),
        mask=(d_index < size_d),
    )


@triton.jit
def nearest_distance_backward_d_K_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    q_index = tl.arange(0, BLOCK_Q)
    d_out = load_tile(d_out_ptr + q_index * d_out_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    # src[nearest.diag:14]
    Q = tl.load(
        Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
        mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    sub_d_q = K[:, None] - tl.where((K == float("-inf"))[:, None], 0.0, Q)
    place = load_tile(place_ptr + q_index * place_stride_q, (q_index < size_q), 0, EXACT_Q)
    tile = (x_index.to(tl.int32) == place) & (q_index < size_q)
    where_d_q = tl.where(tile[None, :], sub_d_q * d_out[None, :], 0.0)
    sum_ = tl.sum(where_d_q, 1)
    tl.store(d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d, (2.0 * sum_), mask=(d_index < size_d))


@triton.jit
def nearest_distance_backward_d_K_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    sum_q = tl.full([BLOCK_D], 0.0, tl.float32)
    x_i32 = x_index.to(tl.int32)
    # indices that the mask may leave
    begin_q = tl.full([1024], size_q, tl.int32)
    end_q = tl.full([1024], 0, tl.int32)
    for first_q in tl.range(0, size_q, 1024):
        q_index = (first_q + tl.arange(0, 1024)).to(tl.int32)
        place = tl.load(place_ptr + q_index * place_stride_q, mask=(q_index < size_q), other=0)
        met = (x_i32 == place) & (q_index < size_q)
        begin_q = tl.minimum(begin_q, tl.where(met, q_index, size_q))
        end_q = tl.maximum(end_q, tl.where(met, q_index + 1, 0))
    begin_q = tl.min(begin_q, 0)
    end_q = tl.max(end_q, 0)
    # src[nearest.diag:14]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    from_q = (tl.maximum(0, begin_q)) // BLOCK_Q * BLOCK_Q
    to_q = size_q // BLOCK_Q * BLOCK_Q
    to_q_2 = tl.cdiv(end_q, BLOCK_Q) * BLOCK_Q
    to_q_3 = tl.minimum(to_q, to_q_2)
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q, to_q_3, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        place = tl.load(place_ptr + q_index * place_stride_q)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_q = K[:, None] - tl.where((K == float("-inf"))[:, None], 0.0, Q)
        where_d_q = tl.where((x_i32 == place)[None, :], sub_d_q * d_out[None, :], 0.0)
        tile_sum = tl.sum(where_d_q, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    from_q_2 = tl.maximum(from_q, to_q_3)
    to_q_4 = tl.minimum(size_q, end_q)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_2, to_q_4, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q, mask=(q_index < size_q), other=0.0)
        # src[nearest.diag:14]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_q = K[:, None] - tl.where((K == float("-inf"))[:, None], 0.0, Q)
        place = tl.load(place_ptr + q_index * place_stride_q, mask=(q_index < size_q), other=0)
        where_d_q = tl.where(((x_i32 == place) & (q_index < size_q))[None, :], sub_d_q * d_out[None, :], 0.0)
        tile_sum = tl.sum(where_d_q, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    tl.store(
        d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d,
        (2.0 * sum_q),
        mask=(d_index < size_d),
    )


@_operator
def _nearest_distance(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_nearest_distance(Q: f32[q d], K: f32[x d]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_X = max(16, triton.next_power_of_2(x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_X * BLOCK_D <= 16384:
        if BLOCK_X * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        nearest_distance_rows_kernel[grid](
            Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
            BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, EXACT_X=x == BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_distance_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _nearest_distance_parts(Q: torch.Tensor, K: torch.Tensor, parts_x: int, length_x: int) -> torch.Tensor:
    """_nearest_distance_parts(Q: f32[q d], K: f32[x d]) -> min_parts: f32[x_part q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    min_parts = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    if _is_traced(min_parts):
        return min_parts
    BLOCK_X_IN_1 = max(16, triton.next_power_of_2(length_x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_X_IN_1 * BLOCK_D <= 16384:
        if BLOCK_X_IN_1 * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X_IN_1 * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (parts_x * q,)
        nearest_distance_parts_rows_kernel[grid](
            Q, K, min_parts, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), min_parts.stride(0),
            min_parts.stride(1), q, d, x, parts_x, length_x, BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D,
            EXACT_X_IN_1=length_x == BLOCK_X_IN_1, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return min_parts
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (parts_x * triton.cdiv(q, BLOCK_Q),)
    nearest_distance_parts_kernel[grid](
        Q, K, min_parts, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), min_parts.stride(0),
        min_parts.stride(1), q, d, x, parts_x, length_x, BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D_2,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps, num_stages=stages,
    )
    return min_parts


@_operator
def _nearest_distance_joined(min_parts: torch.Tensor) -> torch.Tensor:
    """_nearest_distance_joined(min_parts: f32[x_part q]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("min_parts", min_parts, torch.float32, 2, min_parts.device)
    parts_x, q = min_parts.shape
    out = torch.empty((q,), dtype=torch.float32, device=min_parts.device)
    if _is_traced(out):
        return out
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    if BLOCK_X_PART_1 <= 1024:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_Q, warps, stages = 256, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_Q, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 256:
            BLOCK_Q, warps, stages = 16, 4, 1
        else:
            BLOCK_Q, warps, stages = 8, 8, 1
        grid = (triton.cdiv(q, BLOCK_Q),)
        nearest_distance_joined_rows_kernel[grid](
            min_parts, out, min_parts.stride(0), min_parts.stride(1), out.stride(0), parts_x, q,
            BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_Q=BLOCK_Q, EXACT_X_PART_1=parts_x == BLOCK_X_PART_1,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X_PART_1, BLOCK_Q, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_distance_joined_kernel[grid](
        min_parts, out, min_parts.stride(0), min_parts.stride(1), out.stride(0), parts_x, q,
        BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_Q=BLOCK_Q, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _nearest_distance_forward(Q: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_nearest_distance_forward(Q: f32[q d], K: f32[x d]) -> out: f32[q], place: i32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
    place = torch.empty((q,), dtype=torch.int32, device=Q.device)
    if _is_traced(out):
        return out, place
    BLOCK_X = max(16, triton.next_power_of_2(x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_X * BLOCK_D <= 16384:
        if BLOCK_X * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        nearest_distance_forward_rows_kernel[grid](
            Q, K, out, place, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0),
            place.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, EXACT_X=x == BLOCK_X,
            EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return out, place
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_distance_forward_kernel[grid](
        Q, K, out, place, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), place.stride(0),
        q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps,
        num_stages=stages,
    )
    return out, place


@_operator
def _nearest_distance_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    place: torch.Tensor,
) -> torch.Tensor:
    """_nearest_distance_backward_d_Q(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q]) -> d_Q: f32[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("place", place, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 1024:
        if BLOCK_X <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_X <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(d, BLOCK_D),)
        nearest_distance_backward_d_Q_rows_kernel[grid](
            Q, K, d_out, place, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
            place.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_Q
    BLOCK_X, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(d, BLOCK_D),)
    nearest_distance_backward_d_Q_kernel[grid](
        Q, K, d_out, place, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        place.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _nearest_distance_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    place: torch.Tensor,
) -> torch.Tensor:
    """_nearest_distance_backward_d_K(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q]) -> d_K: f32[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("place", place, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (x * triton.cdiv(d, BLOCK_D),)
        nearest_distance_backward_d_K_rows_kernel[grid](
            Q, K, d_out, place, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
            place.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
            EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_Q, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (x * triton.cdiv(d, BLOCK_D),)
    nearest_distance_backward_d_K_kernel[grid](
        Q, K, d_out, place, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        place.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K


class _nearest_distance_autograd(torch.autograd.Function):
    """nearest_distance and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        out, place = _nearest_distance_forward(Q, K)
        ctx.save_for_backward(Q, K, place)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, place = ctx.saved_tensors
        d_Q = _nearest_distance_backward_d_Q(Q, K, d_out, place)
        d_K = _nearest_distance_backward_d_K(Q, K, d_out, place)
        return d_Q, d_K


@_anywhere(torch.float32, torch.float32)
def nearest_distance(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """nearest_distance(Q: f32[q d], K: f32[x d]) -> out: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        if d <= 16384:
            return _nearest_distance_autograd.apply(Q, K)
        raise ValueError("nearest_distance: gradients are made for sizes whose tiles are held on chip")
    programs = triton.cdiv(q, 16)
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512 and d <= 16384:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            min_parts = _nearest_distance_parts(Q, K, parts_x, length_x)
            out = _nearest_distance_joined(min_parts)
            return out
    out = _nearest_distance(Q, K)
    return out


@triton.jit
def nearest_few_rows_kernel(
    Q_ptr, K_ptr, D_ptr, I_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, D_stride_q, D_stride_place,
    I_stride_q, I_stride_place, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_PLACE: tl.constexpr, EXACT_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    place_index = tl.arange(0, BLOCK_PLACE)
    # src[nearest.diag:19]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = load_tile(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        (x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        0.0,
        EXACT_X and EXACT_D,
    )
    sub_x_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_d_2 = tl.where((d_index < size_d)[None, :], sub_x_d, 0.0)
    # src[nearest.diag:7]
    mul_x_d = sub_x_d_2 * sub_x_d_2
    sum_ = tl.sum(mul_x_d, 1)
    # src[nearest.diag:20]
    mul_x = tl.where(x_index < size_x, -1.0 * sum_, float("-inf"))
    x_i32 = x_index.to(tl.int32)
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    max_ = tl.max(mul_x, 0)
    where_x = tl.where(x_index < size_x, tl.where(mul_x == max_, x_i32, tile_i32), 2147483647)
    min_ = tl.min(where_x, 0)
    ne_x = min_ != x_i32
    where_x_2 = tl.where(ne_x, mul_x, float("-inf"))
    max_2 = tl.max(where_x_2, 0)
    where_x_3 = tl.where((max_2 == mul_x) & ne_x, x_i32, tile_i32)
    where_x_4 = tl.where(x_index < size_x, where_x_3, 2147483647)
    min_2 = tl.min(where_x_4, 0)
    ne_x_2 = min_2 != x_i32
    where_x_5 = tl.where(ne_x & ne_x_2, mul_x, float("-inf"))
    max_3 = tl.max(where_x_5, 0)
    where_x_6 = tl.where(((mul_x == max_3) & ne_x) & ne_x_2, x_i32, tile_i32)
    where_x_7 = tl.where(x_index < size_x, where_x_6, 2147483647)
    min_3 = tl.min(where_x_7, 0)
    ne_x_3 = min_3 != x_i32
    where_x_8 = tl.where((ne_x_3 & ne_x) & ne_x_2, mul_x, float("-inf"))
    max_4 = tl.max(where_x_8, 0)
    eq_place = 2 == place_index
    eq_place_2 = 1 == place_index
    where_place = tl.where(eq_place_2, max_2, tl.where(eq_place, max_3, max_4))
    eq_place_3 = 0 == place_index
    # src[nearest.diag:21]
    tl.store(
        D_ptr + q_index * D_stride_q + place_index * D_stride_place,
        (tl.where(eq_place_3, max_, where_place) * -1.0),
        mask=(place_index < 4),
    )
    where_x_9 = tl.where((((max_4 == mul_x) & ne_x_3) & ne_x) & ne_x_2, x_i32, tile_i32)
    where_x_10 = tl.where(x_index < size_x, where_x_9, 2147483647)
    min_4 = tl.min(where_x_10, 0)
    where_place_2 = tl.where(eq_place_2, min_2, tl.where(eq_place, min_3, min_4))
    # src[nearest.diag:20]
    tl.store(
        I_ptr + q_index * I_stride_q + place_index * I_stride_place,
        tl.where(eq_place_3, min_, where_place_2),
        mask=(place_index < 4),
    )


@triton.jit
def nearest_few_kernel(
    Q_ptr, K_ptr, D_ptr, I_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, D_stride_q, D_stride_place,
    I_stride_q, I_stride_place, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_PLACE: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    place_index = tl.arange(0, BLOCK_PLACE)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_2 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_3 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_3 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_4 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_4 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
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
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:20]
        mul_q_x = -1.0 * sum_
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        x_i32 = x_index.to(tl.int32)
        where_q_x = tl.where(mul_q_x == next_max_x[:, None], x_i32[None, :], tile_i32)
        tile_min = tl.min(where_q_x, 1)
        next_min_x = tl.minimum(tl.where(max_x == next_max_x, min_x, tile_i32), tile_min)
        min_x_5 = next_min_x == min_x
        max_x_5 = tl.where(min_x_5, max_x_2, max_x)
        ne_q_x = next_min_x[:, None] != x_i32[None, :]
        where_q_x_2 = tl.where(ne_q_x, mul_q_x, float("-inf"))
        tile_max_2 = tl.max(where_q_x_2, 1)
        next_max_x_2 = tl.maximum(max_x_5, tile_max_2)
        min_x_6 = tl.where(min_x_5, min_x_2, min_x)
        tile_i32_2 = tl.where(max_x_5 == next_max_x_2, min_x_6, tile_i32)
        where_q_x_3 = tl.where((next_max_x_2[:, None] == mul_q_x) & ne_q_x, x_i32[None, :], tile_i32)
        tile_min_2 = tl.min(where_q_x_3, 1)
        next_tile_i32 = tl.minimum(tile_i32_2, tile_min_2)
        max_x_6 = tl.where(min_x_5, max_x_3, max_x_2)
        min_x_7 = next_tile_i32 == min_x_6
        max_x_7 = tl.where(min_x_7, max_x_6, max_x_5)
        ne_q_x_2 = next_tile_i32[:, None] != x_i32[None, :]
        where_q_x_4 = tl.where(ne_q_x & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_3 = tl.max(where_q_x_4, 1)
        next_max_x_3 = tl.maximum(max_x_7, tile_max_3)
        min_x_8 = tl.where(min_x_5, min_x_3, min_x_2)
        min_x_9 = tl.where(min_x_7, min_x_8, min_x_6)
        tile_i32_3 = tl.where(max_x_7 == next_max_x_3, min_x_9, tile_i32)
        and_q_x = ((mul_q_x == next_max_x_3[:, None]) & ne_q_x) & ne_q_x_2
        where_q_x_5 = tl.where(and_q_x, x_i32[None, :], tile_i32)
        tile_min_3 = tl.min(where_q_x_5, 1)
        next_tile_i32_2 = tl.minimum(tile_i32_3, tile_min_3)
        max_x_8 = tl.where(min_x_7, tl.where(min_x_5, max_x_4, max_x_3), max_x_6)
        min_x_10 = next_tile_i32_2 == min_x_9
        max_x_9 = tl.where(min_x_10, max_x_8, max_x_7)
        ne_q_x_3 = next_tile_i32_2[:, None] != x_i32[None, :]
        where_q_x_6 = tl.where((ne_q_x_3 & ne_q_x) & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_4 = tl.max(where_q_x_6, 1)
        next_max_x_4 = tl.maximum(max_x_9, tile_max_4)
        min_x_11 = tl.where(min_x_7, tl.where(min_x_5, min_x_4, min_x_3), min_x_8)
        tile_i32_4 = tl.where(max_x_9 == next_max_x_4, tl.where(min_x_10, min_x_11, min_x_9), tile_i32)
        tile_2 = ((next_max_x_4[:, None] == mul_q_x) & ne_q_x_3) & ne_q_x
        where_q_x_7 = tl.where(tile_2 & ne_q_x_2, x_i32[None, :], tile_i32)
        tile_min_4 = tl.min(where_q_x_7, 1)
        next_tile_i32_3 = tl.minimum(tile_i32_4, tile_min_4)
        max_x = next_max_x
        min_x = next_min_x
        max_x_2 = next_max_x_2
        min_x_2 = next_tile_i32
        max_x_3 = next_max_x_3
        min_x_3 = next_tile_i32_2
        max_x_4 = next_max_x_4
        min_x_4 = next_tile_i32_3
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:19]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:20]
        mul_q_x = tl.where((x_index < size_x)[None, :], -1.0 * sum_, float("-inf"))
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        x_i32 = x_index.to(tl.int32)
        where_q_x = tl.where(mul_q_x == next_max_x[:, None], x_i32[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        tile_min = tl.min(where_q_x_2, 1)
        next_min_x = tl.minimum(tl.where(max_x == next_max_x, min_x, tile_i32), tile_min)
        min_x_5 = next_min_x == min_x
        max_x_5 = tl.where(min_x_5, max_x_2, max_x)
        ne_q_x = next_min_x[:, None] != x_i32[None, :]
        where_q_x_3 = tl.where(ne_q_x, mul_q_x, float("-inf"))
        tile_max_2 = tl.max(where_q_x_3, 1)
        next_max_x_2 = tl.maximum(max_x_5, tile_max_2)
        min_x_6 = tl.where(min_x_5, min_x_2, min_x)
        tile_i32_2 = tl.where(max_x_5 == next_max_x_2, min_x_6, tile_i32)
        where_q_x_4 = tl.where((next_max_x_2[:, None] == mul_q_x) & ne_q_x, x_i32[None, :], tile_i32)
        where_q_x_5 = tl.where((x_index < size_x)[None, :], where_q_x_4, 2147483647)
        tile_min_2 = tl.min(where_q_x_5, 1)
        next_tile_i32 = tl.minimum(tile_i32_2, tile_min_2)
        max_x_6 = tl.where(min_x_5, max_x_3, max_x_2)
        min_x_7 = next_tile_i32 == min_x_6
        max_x_7 = tl.where(min_x_7, max_x_6, max_x_5)
        ne_q_x_2 = next_tile_i32[:, None] != x_i32[None, :]
        where_q_x_6 = tl.where(ne_q_x & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_3 = tl.max(where_q_x_6, 1)
        next_max_x_3 = tl.maximum(max_x_7, tile_max_3)
        min_x_8 = tl.where(min_x_5, min_x_3, min_x_2)
        min_x_9 = tl.where(min_x_7, min_x_8, min_x_6)
        tile_i32_3 = tl.where(max_x_7 == next_max_x_3, min_x_9, tile_i32)
        and_q_x = ((mul_q_x == next_max_x_3[:, None]) & ne_q_x) & ne_q_x_2
        where_q_x_7 = tl.where((x_index < size_x)[None, :], tl.where(and_q_x, x_i32[None, :], tile_i32), 2147483647)
        tile_min_3 = tl.min(where_q_x_7, 1)
        next_tile_i32_2 = tl.minimum(tile_i32_3, tile_min_3)
        max_x_8 = tl.where(min_x_7, tl.where(min_x_5, max_x_4, max_x_3), max_x_6)
        min_x_10 = next_tile_i32_2 == min_x_9
        max_x_9 = tl.where(min_x_10, max_x_8, max_x_7)
        ne_q_x_3 = next_tile_i32_2[:, None] != x_i32[None, :]
        where_q_x_8 = tl.where((ne_q_x_3 & ne_q_x) & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_4 = tl.max(where_q_x_8, 1)
        next_max_x_4 = tl.maximum(max_x_9, tile_max_4)
        min_x_11 = tl.where(min_x_7, tl.where(min_x_5, min_x_4, min_x_3), min_x_8)
        tile_i32_4 = tl.where(max_x_9 == next_max_x_4, tl.where(min_x_10, min_x_11, min_x_9), tile_i32)
        tile_2 = ((next_max_x_4[:, None] == mul_q_x) & ne_q_x_3) & ne_q_x
        where_q_x_9 = tl.where(tile_2 & ne_q_x_2, x_i32[None, :], tile_i32)
        where_q_x_10 = tl.where((x_index < size_x)[None, :], where_q_x_9, 2147483647)
        tile_min_4 = tl.min(where_q_x_10, 1)
        next_tile_i32_3 = tl.minimum(tile_i32_4, tile_min_4)
        max_x = next_max_x
        min_x = next_min_x
        max_x_2 = next_max_x_2
        min_x_2 = next_tile_i32
        max_x_3 = next_max_x_3
        min_x_3 = next_tile_i32_2
        max_x_4 = next_max_x_4
        min_x_4 = next_tile_i32_3
    eq_place = 2 == place_index
    where_q_place = tl.where(eq_place[None, :], max_x_3[:, None], max_x_4[:, None])
    eq_place_2 = 1 == place_index
    where_q_place_2 = tl.where(eq_place_2[None, :], max_x_2[:, None], where_q_place)
    eq_place_3 = 0 == place_index
    # src[nearest.diag:20]
    near = tl.where(eq_place_3[None, :], max_x[:, None], where_q_place_2)
    # src[nearest.diag:21]
    tl.store(
        D_ptr + q_index[:, None] * D_stride_q + place_index[None, :] * D_stride_place,
        (near * -1.0),
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )
    where_q_place_3 = tl.where(eq_place[None, :], min_x_3[:, None], min_x_4[:, None])
    where_q_place_4 = tl.where(eq_place_2[None, :], min_x_2[:, None], where_q_place_3)
    # src[nearest.diag:20]
    found = tl.where(eq_place_3[None, :], min_x[:, None], where_q_place_4)
    tl.store(
        I_ptr + q_index[:, None] * I_stride_q + place_index[None, :] * I_stride_place,
        found,
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )


@triton.jit
def nearest_few_parts_rows_kernel(
    Q_ptr, K_ptr, max_parts_ptr, min_parts_ptr, max_parts2_ptr, min_parts2_ptr, max_parts3_ptr,
    min_parts3_ptr, max_parts4_ptr, min_parts4_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    max_parts_stride_x_part_1, max_parts_stride_q, min_parts_stride_x_part_1, min_parts_stride_q,
    max_parts2_stride_x_part_1, max_parts2_stride_q, min_parts2_stride_x_part_1, min_parts2_stride_q,
    max_parts3_stride_x_part_1, max_parts3_stride_q, min_parts3_stride_x_part_1, min_parts3_stride_q,
    max_parts4_stride_x_part_1, max_parts4_stride_q, min_parts4_stride_x_part_1, min_parts4_stride_q, size_q,
    size_d, size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr,
    EXACT_X_IN_1: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    x_part_index = program.to(tl.int64)
    x_in_index = tl.arange(0, BLOCK_X_IN_1)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:19]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = tl.load(
        K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
        other=0.0,
    )
    sub_x_in_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_in_d_2 = tl.where((d_index < size_d)[None, :], sub_x_in_d, 0.0)
    # src[nearest.diag:7]
    mul_x_in_d = sub_x_in_d_2 * sub_x_in_d_2
    sum_ = tl.sum(mul_x_in_d, 1)
    # src[nearest.diag:20]
    add_x_in = x_in_index + (size_length_x * x_part_index)
    lt_x_in = add_x_in < size_x
    where_x_in = tl.where(lt_x_in & (x_in_index < size_length_x), sum_ * -1.0, float("-inf"))
    max_ = tl.max(where_x_in, 0)
    tl.store(max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + q_index * max_parts_stride_q, max_)
    tile_i32 = tl.cast(2147483647, tl.int32)
    tile_i32_2 = tl.cast((-1 + size_x), tl.int32)
    tile_i32_3 = add_x_in.to(tl.int32)
    where_x_in_2 = tl.where(max_ == where_x_in, tile_i32_3, tile_i32_2)
    where_x_in_3 = tl.where(x_in_index < size_length_x, tl.where(lt_x_in, where_x_in_2, tile_i32), 2147483647)
    min_ = tl.min(where_x_in_3, 0)
    tl.store(min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q, min_)
    ne_x_in = tile_i32_3 != min_
    where_x_in_4 = tl.where(ne_x_in, where_x_in, float("-inf"))
    max_2 = tl.max(where_x_in_4, 0)
    tl.store(
        max_parts2_ptr + x_part_index * max_parts2_stride_x_part_1 + q_index * max_parts2_stride_q,
        max_2,
    )
    where_x_in_5 = tl.where((where_x_in == max_2) & ne_x_in, tile_i32_3, tile_i32_2)
    where_x_in_6 = tl.where(x_in_index < size_length_x, tl.where(lt_x_in, where_x_in_5, tile_i32), 2147483647)
    min_2 = tl.min(where_x_in_6, 0)
    tl.store(
        min_parts2_ptr + x_part_index * min_parts2_stride_x_part_1 + q_index * min_parts2_stride_q,
        min_2,
    )
    ne_x_in_2 = min_2 != tile_i32_3
    where_x_in_7 = tl.where(ne_x_in & ne_x_in_2, where_x_in, float("-inf"))
    max_3 = tl.max(where_x_in_7, 0)
    tl.store(
        max_parts3_ptr + x_part_index * max_parts3_stride_x_part_1 + q_index * max_parts3_stride_q,
        max_3,
    )
    where_x_in_8 = tl.where((ne_x_in & ne_x_in_2) & (where_x_in == max_3), tile_i32_3, tile_i32_2)
    where_x_in_9 = tl.where(x_in_index < size_length_x, tl.where(lt_x_in, where_x_in_8, tile_i32), 2147483647)
    min_3 = tl.min(where_x_in_9, 0)
    tl.store(
        min_parts3_ptr + x_part_index * min_parts3_stride_x_part_1 + q_index * min_parts3_stride_q,
        min_3,
    )
    ne_x_in_3 = tile_i32_3 != min_3
    where_x_in_10 = tl.where((ne_x_in & ne_x_in_2) & ne_x_in_3, where_x_in, float("-inf"))
    max_4 = tl.max(where_x_in_10, 0)
    tl.store(
        max_parts4_ptr + x_part_index * max_parts4_stride_x_part_1 + q_index * max_parts4_stride_q,
        max_4,
    )
    and_x_in = (((max_4 == where_x_in) & ne_x_in) & ne_x_in_2) & ne_x_in_3
    where_x_in_11 = tl.where(lt_x_in, tl.where(and_x_in, tile_i32_3, tile_i32_2), tile_i32)
    where_x_in_12 = tl.where(x_in_index < size_length_x, where_x_in_11, 2147483647)
    min_4 = tl.min(where_x_in_12, 0)
    tl.store(
        min_parts4_ptr + x_part_index * min_parts4_stride_x_part_1 + q_index * min_parts4_stride_q,
        min_4,
    )


@triton.jit
def nearest_few_parts_kernel(
    Q_ptr, K_ptr, max_parts_ptr, min_parts_ptr, max_parts2_ptr, min_parts2_ptr, max_parts3_ptr,
    min_parts3_ptr, max_parts4_ptr, min_parts4_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    max_parts_stride_x_part_1, max_parts_stride_q, min_parts_stride_x_part_1, min_parts_stride_q,
    max_parts2_stride_x_part_1, max_parts2_stride_q, min_parts2_stride_x_part_1, min_parts2_stride_q,
    max_parts3_stride_x_part_1, max_parts3_stride_q, min_parts3_stride_x_part_1, min_parts3_stride_q,
    max_parts4_stride_x_part_1, max_parts4_stride_q, min_parts4_stride_x_part_1, min_parts4_stride_q, size_q,
    size_d, size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x_in = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_in = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_in_2 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_in_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_in_3 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_in_3 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_in_4 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_in_4 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    mul = size_length_x * x_part_index
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    tile_i32_2 = tl.cast(2147483647, tl.int32)
    to_x_in = size_length_x // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        # src[nearest.diag:20]
        add_x_in = x_in_index + mul
        lt_x_in = add_x_in < size_x
        where_q_x_in = tl.where(lt_x_in[None, :], sum_ * -1.0, float("-inf"))
        tile_max = tl.max(where_q_x_in, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        tile_i32_3 = tl.where(max_x_in == next_max_x_in, min_x_in, tile_i32)
        tile_i32_4 = add_x_in.to(tl.int32)
        where_q_x_in_2 = tl.where(next_max_x_in[:, None] == where_q_x_in, tile_i32_4[None, :], tile_i32)
        where_q_x_in_3 = tl.where(lt_x_in[None, :], where_q_x_in_2, tile_i32_2)
        tile_min = tl.min(where_q_x_in_3, 1)
        next_tile_i32 = tl.minimum(tile_i32_3, tile_min)
        min_x_in_5 = next_tile_i32 == min_x_in
        max_x_in_5 = tl.where(min_x_in_5, max_x_in_2, max_x_in)
        ne_q_x_in = tile_i32_4[None, :] != next_tile_i32[:, None]
        where_q_x_in_4 = tl.where(ne_q_x_in, where_q_x_in, float("-inf"))
        tile_max_2 = tl.max(where_q_x_in_4, 1)
        next_max_x_in_2 = tl.maximum(max_x_in_5, tile_max_2)
        min_x_in_6 = tl.where(min_x_in_5, min_x_in_2, min_x_in)
        tile_i32_5 = tl.where(max_x_in_5 == next_max_x_in_2, min_x_in_6, tile_i32)
        and_q_x_in = (where_q_x_in == next_max_x_in_2[:, None]) & ne_q_x_in
        where_q_x_in_5 = tl.where(and_q_x_in, tile_i32_4[None, :], tile_i32)
        where_q_x_in_6 = tl.where(lt_x_in[None, :], where_q_x_in_5, tile_i32_2)
        tile_min_2 = tl.min(where_q_x_in_6, 1)
        next_tile_i32_2 = tl.minimum(tile_i32_5, tile_min_2)
        max_x_in_6 = tl.where(min_x_in_5, max_x_in_3, max_x_in_2)
        min_x_in_7 = next_tile_i32_2 == min_x_in_6
        max_x_in_7 = tl.where(min_x_in_7, max_x_in_6, max_x_in_5)
        ne_q_x_in_2 = next_tile_i32_2[:, None] != tile_i32_4[None, :]
        where_q_x_in_7 = tl.where(ne_q_x_in & ne_q_x_in_2, where_q_x_in, float("-inf"))
        tile_max_3 = tl.max(where_q_x_in_7, 1)
        next_max_x_in_3 = tl.maximum(max_x_in_7, tile_max_3)
        min_x_in_8 = tl.where(min_x_in_5, min_x_in_3, min_x_in_2)
        min_x_in_9 = tl.where(min_x_in_7, min_x_in_8, min_x_in_6)
        tile_i32_6 = tl.where(max_x_in_7 == next_max_x_in_3, min_x_in_9, tile_i32)
        and_q_x_in_2 = (ne_q_x_in & ne_q_x_in_2) & (where_q_x_in == next_max_x_in_3[:, None])
        where_q_x_in_8 = tl.where(and_q_x_in_2, tile_i32_4[None, :], tile_i32)
        where_q_x_in_9 = tl.where(lt_x_in[None, :], where_q_x_in_8, tile_i32_2)
        tile_min_3 = tl.min(where_q_x_in_9, 1)
        next_tile_i32_3 = tl.minimum(tile_i32_6, tile_min_3)
        max_x_in_8 = tl.where(min_x_in_7, tl.where(min_x_in_5, max_x_in_4, max_x_in_3), max_x_in_6)
        min_x_in_10 = next_tile_i32_3 == min_x_in_9
        max_x_in_9 = tl.where(min_x_in_10, max_x_in_8, max_x_in_7)
        ne_q_x_in_3 = tile_i32_4[None, :] != next_tile_i32_3[:, None]
        where_q_x_in_10 = tl.where((ne_q_x_in & ne_q_x_in_2) & ne_q_x_in_3, where_q_x_in, float("-inf"))
        tile_max_4 = tl.max(where_q_x_in_10, 1)
        next_max_x_in_4 = tl.maximum(max_x_in_9, tile_max_4)
        min_x_in_11 = tl.where(min_x_in_7, tl.where(min_x_in_5, min_x_in_4, min_x_in_3), min_x_in_8)
        tile_i32_7 = tl.where(max_x_in_9 == next_max_x_in_4, tl.where(min_x_in_10, min_x_in_11, min_x_in_9), tile_i32)
        tile_2 = (next_max_x_in_4[:, None] == where_q_x_in) & ne_q_x_in
        where_q_x_in_11 = tl.where((tile_2 & ne_q_x_in_2) & ne_q_x_in_3, tile_i32_4[None, :], tile_i32)
        where_q_x_in_12 = tl.where(lt_x_in[None, :], where_q_x_in_11, tile_i32_2)
        tile_min_4 = tl.min(where_q_x_in_12, 1)
        next_tile_i32_4 = tl.minimum(tile_i32_7, tile_min_4)
        max_x_in = next_max_x_in
        min_x_in = next_tile_i32
        max_x_in_2 = next_max_x_in_2
        min_x_in_2 = next_tile_i32_2
        max_x_in_3 = next_max_x_in_3
        min_x_in_3 = next_tile_i32_3
        max_x_in_4 = next_max_x_in_4
        min_x_in_4 = next_tile_i32_4
    from_x_in = tl.maximum(0, to_x_in)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, size_length_x, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[nearest.diag:19]
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        # src[nearest.diag:20]
        add_x_in = x_in_index + mul
        lt_x_in = add_x_in < size_x
        where_q_x_in = tl.where((lt_x_in & (x_in_index < size_length_x))[None, :], sum_ * -1.0, float("-inf"))
        tile_max = tl.max(where_q_x_in, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        tile_i32_3 = tl.where(max_x_in == next_max_x_in, min_x_in, tile_i32)
        tile_i32_4 = add_x_in.to(tl.int32)
        where_q_x_in_2 = tl.where(next_max_x_in[:, None] == where_q_x_in, tile_i32_4[None, :], tile_i32)
        where_q_x_in_3 = tl.where(lt_x_in[None, :], where_q_x_in_2, tile_i32_2)
        where_q_x_in_4 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_3, 2147483647)
        tile_min = tl.min(where_q_x_in_4, 1)
        next_tile_i32 = tl.minimum(tile_i32_3, tile_min)
        min_x_in_5 = next_tile_i32 == min_x_in
        max_x_in_5 = tl.where(min_x_in_5, max_x_in_2, max_x_in)
        ne_q_x_in = tile_i32_4[None, :] != next_tile_i32[:, None]
        where_q_x_in_5 = tl.where(ne_q_x_in, where_q_x_in, float("-inf"))
        tile_max_2 = tl.max(where_q_x_in_5, 1)
        next_max_x_in_2 = tl.maximum(max_x_in_5, tile_max_2)
        min_x_in_6 = tl.where(min_x_in_5, min_x_in_2, min_x_in)
        tile_i32_5 = tl.where(max_x_in_5 == next_max_x_in_2, min_x_in_6, tile_i32)
        and_q_x_in = (where_q_x_in == next_max_x_in_2[:, None]) & ne_q_x_in
        where_q_x_in_6 = tl.where(and_q_x_in, tile_i32_4[None, :], tile_i32)
        where_q_x_in_7 = tl.where(lt_x_in[None, :], where_q_x_in_6, tile_i32_2)
        where_q_x_in_8 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_7, 2147483647)
        tile_min_2 = tl.min(where_q_x_in_8, 1)
        next_tile_i32_2 = tl.minimum(tile_i32_5, tile_min_2)
        max_x_in_6 = tl.where(min_x_in_5, max_x_in_3, max_x_in_2)
        min_x_in_7 = next_tile_i32_2 == min_x_in_6
        max_x_in_7 = tl.where(min_x_in_7, max_x_in_6, max_x_in_5)
        ne_q_x_in_2 = next_tile_i32_2[:, None] != tile_i32_4[None, :]
        where_q_x_in_9 = tl.where(ne_q_x_in & ne_q_x_in_2, where_q_x_in, float("-inf"))
        tile_max_3 = tl.max(where_q_x_in_9, 1)
        next_max_x_in_3 = tl.maximum(max_x_in_7, tile_max_3)
        min_x_in_8 = tl.where(min_x_in_5, min_x_in_3, min_x_in_2)
        min_x_in_9 = tl.where(min_x_in_7, min_x_in_8, min_x_in_6)
        tile_i32_6 = tl.where(max_x_in_7 == next_max_x_in_3, min_x_in_9, tile_i32)
        and_q_x_in_2 = (ne_q_x_in & ne_q_x_in_2) & (where_q_x_in == next_max_x_in_3[:, None])
        where_q_x_in_10 = tl.where(and_q_x_in_2, tile_i32_4[None, :], tile_i32)
        where_q_x_in_11 = tl.where(lt_x_in[None, :], where_q_x_in_10, tile_i32_2)
        where_q_x_in_12 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_11, 2147483647)
        tile_min_3 = tl.min(where_q_x_in_12, 1)
        next_tile_i32_3 = tl.minimum(tile_i32_6, tile_min_3)
        max_x_in_8 = tl.where(min_x_in_7, tl.where(min_x_in_5, max_x_in_4, max_x_in_3), max_x_in_6)
        min_x_in_10 = next_tile_i32_3 == min_x_in_9
        max_x_in_9 = tl.where(min_x_in_10, max_x_in_8, max_x_in_7)
        ne_q_x_in_3 = tile_i32_4[None, :] != next_tile_i32_3[:, None]
        where_q_x_in_13 = tl.where((ne_q_x_in & ne_q_x_in_2) & ne_q_x_in_3, where_q_x_in, float("-inf"))
        tile_max_4 = tl.max(where_q_x_in_13, 1)
        next_max_x_in_4 = tl.maximum(max_x_in_9, tile_max_4)
        min_x_in_11 = tl.where(min_x_in_7, tl.where(min_x_in_5, min_x_in_4, min_x_in_3), min_x_in_8)
        tile_i32_7 = tl.where(max_x_in_9 == next_max_x_in_4, tl.where(min_x_in_10, min_x_in_11, min_x_in_9), tile_i32)
        tile_2 = (next_max_x_in_4[:, None] == where_q_x_in) & ne_q_x_in
        where_q_x_in_14 = tl.where((tile_2 & ne_q_x_in_2) & ne_q_x_in_3, tile_i32_4[None, :], tile_i32)
        where_q_x_in_15 = tl.where(lt_x_in[None, :], where_q_x_in_14, tile_i32_2)
        where_q_x_in_16 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_15, 2147483647)
        tile_min_4 = tl.min(where_q_x_in_16, 1)
        next_tile_i32_4 = tl.minimum(tile_i32_7, tile_min_4)
        max_x_in = next_max_x_in
        min_x_in = next_tile_i32
        max_x_in_2 = next_max_x_in_2
        min_x_in_2 = next_tile_i32_2
        max_x_in_3 = next_max_x_in_3
        min_x_in_3 = next_tile_i32_3
        max_x_in_4 = next_max_x_in_4
        min_x_in_4 = next_tile_i32_4
    tl.store(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + q_index * max_parts_stride_q,
        max_x_in,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q,
        min_x_in,
        mask=(q_index < size_q),
    )
    tl.store(
        max_parts2_ptr + x_part_index * max_parts2_stride_x_part_1 + q_index * max_parts2_stride_q,
        max_x_in_2,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts2_ptr + x_part_index * min_parts2_stride_x_part_1 + q_index * min_parts2_stride_q,
        min_x_in_2,
        mask=(q_index < size_q),
    )
    tl.store(
        max_parts3_ptr + x_part_index * max_parts3_stride_x_part_1 + q_index * max_parts3_stride_q,
        max_x_in_3,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts3_ptr + x_part_index * min_parts3_stride_x_part_1 + q_index * min_parts3_stride_q,
        min_x_in_3,
        mask=(q_index < size_q),
    )
    tl.store(
        max_parts4_ptr + x_part_index * max_parts4_stride_x_part_1 + q_index * max_parts4_stride_q,
        max_x_in_4,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts4_ptr + x_part_index * min_parts4_stride_x_part_1 + q_index * min_parts4_stride_q,
        min_x_in_4,
        mask=(q_index < size_q),
    )


@triton.jit
def nearest_few_joined_rows_kernel(
    max_parts_ptr, min_parts_ptr, max_parts2_ptr, min_parts2_ptr, max_parts3_ptr, min_parts3_ptr,
    max_parts4_ptr, min_parts4_ptr, D_ptr, I_ptr, max_parts_stride_x_part_1, max_parts_stride_q,
    min_parts_stride_x_part_1, min_parts_stride_q, max_parts2_stride_x_part_1, max_parts2_stride_q,
    min_parts2_stride_x_part_1, min_parts2_stride_q, max_parts3_stride_x_part_1, max_parts3_stride_q,
    min_parts3_stride_x_part_1, min_parts3_stride_q, max_parts4_stride_x_part_1, max_parts4_stride_q,
    min_parts4_stride_x_part_1, min_parts4_stride_q, D_stride_q, D_stride_place, I_stride_q, I_stride_place,
    size_parts_x, size_q, size_x, size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_PLACE: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_X_PART_1: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    place_index = tl.arange(0, BLOCK_PLACE)
    max_parts = tl.load(
        max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=float("-inf"),
    )
    max_parts2 = tl.load(
        max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    min_parts = tl.load(
        min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0,
    )
    tile_i32 = tl.cast(2147483647, tl.int32)
    tile_i32_2 = tl.cast((-1 + size_x), tl.int32)
    max_ = tl.max(max_parts, 1)
    where_q_x_part = tl.where(max_parts == max_[:, None], min_parts, tile_i32_2)
    lt_x_part = (x_part_index * size_length_x) < size_x
    where_q_x_part_2 = tl.where(lt_x_part[None, :], where_q_x_part, tile_i32)
    where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
    min_ = tl.min(where_q_x_part_3, 1)
    eq_q_x_part = min_[:, None] == min_parts
    where_q_x_part_4 = tl.where(eq_q_x_part, max_parts2, max_parts)
    max_parts3 = tl.load(
        max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    where_q_x_part_5 = tl.where(eq_q_x_part, max_parts3, max_parts2)
    min_parts2 = tl.load(
        min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0,
    )
    where_q_x_part_6 = tl.where(eq_q_x_part, min_parts2, min_parts)
    where_q_x_part_7 = tl.where((lt_x_part & (x_part_index < size_parts_x))[None, :], where_q_x_part_4, float("-inf"))
    max_2 = tl.max(where_q_x_part_7, 1)
    where_q_x_part_8 = tl.where(where_q_x_part_4 == max_2[:, None], where_q_x_part_6, tile_i32_2)
    where_q_x_part_9 = tl.where(lt_x_part[None, :], where_q_x_part_8, tile_i32)
    where_q_x_part_10 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_9, 2147483647)
    min_2 = tl.min(where_q_x_part_10, 1)
    eq_q_x_part_2 = where_q_x_part_6 == min_2[:, None]
    where_q_x_part_11 = tl.where(eq_q_x_part_2, where_q_x_part_5, where_q_x_part_4)
    max_parts4 = tl.load(
        max_parts4_ptr + x_part_index[None, :] * max_parts4_stride_x_part_1 + q_index[:, None] * max_parts4_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    where_q_x_part_12 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts4, max_parts3), where_q_x_part_5)
    min_parts3 = tl.load(
        min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0,
    )
    where_q_x_part_13 = tl.where(eq_q_x_part, min_parts3, min_parts2)
    where_q_x_part_14 = tl.where(eq_q_x_part_2, where_q_x_part_13, where_q_x_part_6)
    where_q_x_part_15 = tl.where((lt_x_part & (x_part_index < size_parts_x))[None, :], where_q_x_part_11, float("-inf"))
    max_3 = tl.max(where_q_x_part_15, 1)
    where_q_x_part_16 = tl.where(max_3[:, None] == where_q_x_part_11, where_q_x_part_14, tile_i32_2)
    where_q_x_part_17 = tl.where(lt_x_part[None, :], where_q_x_part_16, tile_i32)
    where_q_x_part_18 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_17, 2147483647)
    min_3 = tl.min(where_q_x_part_18, 1)
    eq_q_x_part_3 = where_q_x_part_14 == min_3[:, None]
    where_q_x_part_19 = tl.where(eq_q_x_part_3, where_q_x_part_12, where_q_x_part_11)
    where_q_x_part_20 = tl.where((lt_x_part & (x_part_index < size_parts_x))[None, :], where_q_x_part_19, float("-inf"))
    max_4 = tl.max(where_q_x_part_20, 1)
    eq_place = 2 == place_index
    where_q_place = tl.where(eq_place[None, :], max_3[:, None], max_4[:, None])
    eq_place_2 = place_index == 1
    where_q_place_2 = tl.where(eq_place_2[None, :], max_2[:, None], where_q_place)
    eq_place_3 = 0 == place_index
    where_q_place_3 = tl.where(eq_place_3[None, :], max_[:, None], where_q_place_2)
    tl.store(
        D_ptr + q_index[:, None] * D_stride_q + place_index[None, :] * D_stride_place,
        (where_q_place_3 * -1.0),
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )
    min_parts4 = tl.load(
        min_parts4_ptr + x_part_index[None, :] * min_parts4_stride_x_part_1 + q_index[:, None] * min_parts4_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0,
    )
    where_q_x_part_21 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts4, min_parts3), where_q_x_part_13)
    where_q_x_part_22 = tl.where(eq_q_x_part_3, where_q_x_part_21, where_q_x_part_14)
    where_q_x_part_23 = tl.where(where_q_x_part_19 == max_4[:, None], where_q_x_part_22, tile_i32_2)
    where_q_x_part_24 = tl.where(lt_x_part[None, :], where_q_x_part_23, tile_i32)
    where_q_x_part_25 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_24, 2147483647)
    min_4 = tl.min(where_q_x_part_25, 1)
    where_q_place_4 = tl.where(eq_place[None, :], min_3[:, None], min_4[:, None])
    where_q_place_5 = tl.where(eq_place_2[None, :], min_2[:, None], where_q_place_4)
    where_q_place_6 = tl.where(eq_place_3[None, :], min_[:, None], where_q_place_5)
    tl.store(
        I_ptr + q_index[:, None] * I_stride_q + place_index[None, :] * I_stride_place,
        where_q_place_6,
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )


@triton.jit
def nearest_few_joined_kernel(
    max_parts_ptr, min_parts_ptr, max_parts2_ptr, min_parts2_ptr, max_parts3_ptr, min_parts3_ptr,
    max_parts4_ptr, min_parts4_ptr, D_ptr, I_ptr, max_parts_stride_x_part_1, max_parts_stride_q,
    min_parts_stride_x_part_1, min_parts_stride_q, max_parts2_stride_x_part_1, max_parts2_stride_q,
    min_parts2_stride_x_part_1, min_parts2_stride_q, max_parts3_stride_x_part_1, max_parts3_stride_q,
    min_parts3_stride_x_part_1, min_parts3_stride_q, max_parts4_stride_x_part_1, max_parts4_stride_q,
    min_parts4_stride_x_part_1, min_parts4_stride_q, D_stride_q, D_stride_place, I_stride_q, I_stride_place,
    size_parts_x, size_q, size_x, size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_PLACE: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    place_index = tl.arange(0, BLOCK_PLACE)
    max_x_part = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(max_parts, 1)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        max_x_part = next_max_x_part
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=float("-inf"),
        )
        tile_max = tl.max(max_parts, 1)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        max_x_part = next_max_x_part
    min_x_part = tl.full([BLOCK_Q], 2147483647, tl.int32)
    tile_i32 = tl.cast(2147483647, tl.int32)
    tile_i32_2 = tl.cast((-1 + size_x), tl.int32)
    # whole tiles, no mask needed
    for first_x_part_3 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_3 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(max_parts == max_x_part[:, None], min_parts, tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        tile_min = tl.min(where_q_x_part_2, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_4 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_4 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(max_parts == max_x_part[:, None], min_parts, tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
        tile_min = tl.min(where_q_x_part_3, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    max_x_part_2 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    # whole tiles, no mask needed
    for first_x_part_5 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_5 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part = tl.where(min_x_part[:, None] == min_parts, max_parts2, max_parts)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, float("-inf"))
        tile_max = tl.max(where_q_x_part_2, 1)
        next_max_x_part = tl.maximum(max_x_part_2, tile_max)
        max_x_part_2 = next_max_x_part
    # tiles that a mask or the end cuts
    for first_x_part_6 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_6 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part = tl.where(min_x_part[:, None] == min_parts, max_parts2, max_parts)
        tile = ((x_part_index * size_length_x) < size_x) & (x_part_index < size_parts_x)
        where_q_x_part_2 = tl.where(tile[None, :], where_q_x_part, float("-inf"))
        tile_max = tl.max(where_q_x_part_2, 1)
        next_max_x_part = tl.maximum(max_x_part_2, tile_max)
        max_x_part_2 = next_max_x_part
    min_x_part_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # whole tiles, no mask needed
    for first_x_part_7 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_7 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        eq_q_x_part_2 = tl.where(eq_q_x_part, max_parts2, max_parts) == max_x_part_2[:, None]
        where_q_x_part = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts2, min_parts), tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        tile_min = tl.min(where_q_x_part_2, 1)
        next_min_x_part = tl.minimum(min_x_part_2, tile_min)
        min_x_part_2 = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_8 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_8 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        eq_q_x_part_2 = tl.where(eq_q_x_part, max_parts2, max_parts) == max_x_part_2[:, None]
        where_q_x_part = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts2, min_parts), tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
        tile_min = tl.min(where_q_x_part_3, 1)
        next_min_x_part = tl.minimum(min_x_part_2, tile_min)
        min_x_part_2 = next_min_x_part
    max_x_part_3 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    # whole tiles, no mask needed
    for first_x_part_9 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_9 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part_2 = tl.where(eq_q_x_part, min_parts2, min_parts) == min_x_part_2[:, None]
        where_q_x_part = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts3, max_parts2), tl.where(eq_q_x_part, max_parts2, max_parts))
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, float("-inf"))
        tile_max = tl.max(where_q_x_part_2, 1)
        next_max_x_part = tl.maximum(max_x_part_3, tile_max)
        max_x_part_3 = next_max_x_part
    # tiles that a mask or the end cuts
    for first_x_part_10 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_10 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part_2 = tl.where(eq_q_x_part, min_parts2, min_parts) == min_x_part_2[:, None]
        where_q_x_part = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts3, max_parts2), tl.where(eq_q_x_part, max_parts2, max_parts))
        tile = ((x_part_index * size_length_x) < size_x) & (x_part_index < size_parts_x)
        where_q_x_part_2 = tl.where(tile[None, :], where_q_x_part, float("-inf"))
        tile_max = tl.max(where_q_x_part_2, 1)
        next_max_x_part = tl.maximum(max_x_part_3, tile_max)
        max_x_part_3 = next_max_x_part
    min_x_part_3 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # whole tiles, no mask needed
    for first_x_part_11 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_11 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        where_q_x_part = tl.where(eq_q_x_part, min_parts2, min_parts)
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part_2 = where_q_x_part == min_x_part_2[:, None]
        where_q_x_part_2 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts3, min_parts2), where_q_x_part)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_3 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts3, max_parts2), tl.where(eq_q_x_part, max_parts2, max_parts))
        where_q_x_part_4 = tl.where(max_x_part_3[:, None] == where_q_x_part_3, where_q_x_part_2, tile_i32_2)
        where_q_x_part_5 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part_4, tile_i32)
        tile_min = tl.min(where_q_x_part_5, 1)
        next_min_x_part = tl.minimum(min_x_part_3, tile_min)
        min_x_part_3 = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_12 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_12 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        where_q_x_part = tl.where(eq_q_x_part, min_parts2, min_parts)
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part_2 = where_q_x_part == min_x_part_2[:, None]
        where_q_x_part_2 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts3, min_parts2), where_q_x_part)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_3 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts3, max_parts2), tl.where(eq_q_x_part, max_parts2, max_parts))
        where_q_x_part_4 = tl.where(max_x_part_3[:, None] == where_q_x_part_3, where_q_x_part_2, tile_i32_2)
        where_q_x_part_5 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part_4, tile_i32)
        where_q_x_part_6 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_5, 2147483647)
        tile_min = tl.min(where_q_x_part_6, 1)
        next_min_x_part = tl.minimum(min_x_part_3, tile_min)
        min_x_part_3 = next_min_x_part
    max_x_part_4 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    # whole tiles, no mask needed
    for first_x_part_13 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_13 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(eq_q_x_part, max_parts3, max_parts2)
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_2 = tl.where(eq_q_x_part, min_parts2, min_parts)
        eq_q_x_part_2 = where_q_x_part_2 == min_x_part_2[:, None]
        where_q_x_part_3 = tl.where(eq_q_x_part_2, where_q_x_part, tl.where(eq_q_x_part, max_parts2, max_parts))
        max_parts4 = tl.load(
            max_parts4_ptr + x_part_index[None, :] * max_parts4_stride_x_part_1 + q_index[:, None] * max_parts4_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_4 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts4, max_parts3), where_q_x_part)
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_5 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts3, min_parts2), where_q_x_part_2)
        where_q_x_part_6 = tl.where(where_q_x_part_5 == min_x_part_3[:, None], where_q_x_part_4, where_q_x_part_3)
        where_q_x_part_7 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part_6, float("-inf"))
        tile_max = tl.max(where_q_x_part_7, 1)
        next_max_x_part = tl.maximum(max_x_part_4, tile_max)
        max_x_part_4 = next_max_x_part
    # tiles that a mask or the end cuts
    for first_x_part_14 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_14 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(eq_q_x_part, max_parts3, max_parts2)
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_2 = tl.where(eq_q_x_part, min_parts2, min_parts)
        eq_q_x_part_2 = where_q_x_part_2 == min_x_part_2[:, None]
        where_q_x_part_3 = tl.where(eq_q_x_part_2, where_q_x_part, tl.where(eq_q_x_part, max_parts2, max_parts))
        max_parts4 = tl.load(
            max_parts4_ptr + x_part_index[None, :] * max_parts4_stride_x_part_1 + q_index[:, None] * max_parts4_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_4 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts4, max_parts3), where_q_x_part)
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_5 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts3, min_parts2), where_q_x_part_2)
        where_q_x_part_6 = tl.where(where_q_x_part_5 == min_x_part_3[:, None], where_q_x_part_4, where_q_x_part_3)
        tile = ((x_part_index * size_length_x) < size_x) & (x_part_index < size_parts_x)
        where_q_x_part_7 = tl.where(tile[None, :], where_q_x_part_6, float("-inf"))
        tile_max = tl.max(where_q_x_part_7, 1)
        next_max_x_part = tl.maximum(max_x_part_4, tile_max)
        max_x_part_4 = next_max_x_part
    min_x_part_4 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # whole tiles, no mask needed
    for first_x_part_15 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_15 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        where_q_x_part = tl.where(eq_q_x_part, min_parts2, min_parts)
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_2 = tl.where(eq_q_x_part, min_parts3, min_parts2)
        eq_q_x_part_2 = where_q_x_part == min_x_part_2[:, None]
        where_q_x_part_3 = tl.where(eq_q_x_part_2, where_q_x_part_2, where_q_x_part)
        min_parts4 = tl.load(
            min_parts4_ptr + x_part_index[None, :] * min_parts4_stride_x_part_1 + q_index[:, None] * min_parts4_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_4 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts4, min_parts3), where_q_x_part_2)
        eq_q_x_part_3 = where_q_x_part_3 == min_x_part_3[:, None]
        where_q_x_part_5 = tl.where(eq_q_x_part_3, where_q_x_part_4, where_q_x_part_3)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_6 = tl.where(eq_q_x_part, max_parts3, max_parts2)
        where_q_x_part_7 = tl.where(eq_q_x_part_2, where_q_x_part_6, tl.where(eq_q_x_part, max_parts2, max_parts))
        max_parts4 = tl.load(
            max_parts4_ptr + x_part_index[None, :] * max_parts4_stride_x_part_1 + q_index[:, None] * max_parts4_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_8 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts4, max_parts3), where_q_x_part_6)
        where_q_x_part_9 = tl.where(eq_q_x_part_3, where_q_x_part_8, where_q_x_part_7)
        where_q_x_part_10 = tl.where(where_q_x_part_9 == max_x_part_4[:, None], where_q_x_part_5, tile_i32_2)
        where_q_x_part_11 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part_10, tile_i32)
        tile_min = tl.min(where_q_x_part_11, 1)
        next_min_x_part = tl.minimum(min_x_part_4, tile_min)
        min_x_part_4 = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_16 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_16 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        eq_q_x_part = min_x_part[:, None] == min_parts
        where_q_x_part = tl.where(eq_q_x_part, min_parts2, min_parts)
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_2 = tl.where(eq_q_x_part, min_parts3, min_parts2)
        eq_q_x_part_2 = where_q_x_part == min_x_part_2[:, None]
        where_q_x_part_3 = tl.where(eq_q_x_part_2, where_q_x_part_2, where_q_x_part)
        min_parts4 = tl.load(
            min_parts4_ptr + x_part_index[None, :] * min_parts4_stride_x_part_1 + q_index[:, None] * min_parts4_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part_4 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, min_parts4, min_parts3), where_q_x_part_2)
        eq_q_x_part_3 = where_q_x_part_3 == min_x_part_3[:, None]
        where_q_x_part_5 = tl.where(eq_q_x_part_3, where_q_x_part_4, where_q_x_part_3)
        max_parts = tl.load(
            max_parts_ptr + x_part_index[None, :] * max_parts_stride_x_part_1 + q_index[:, None] * max_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts2 = tl.load(
            max_parts2_ptr + x_part_index[None, :] * max_parts2_stride_x_part_1 + q_index[:, None] * max_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        max_parts3 = tl.load(
            max_parts3_ptr + x_part_index[None, :] * max_parts3_stride_x_part_1 + q_index[:, None] * max_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_6 = tl.where(eq_q_x_part, max_parts3, max_parts2)
        where_q_x_part_7 = tl.where(eq_q_x_part_2, where_q_x_part_6, tl.where(eq_q_x_part, max_parts2, max_parts))
        max_parts4 = tl.load(
            max_parts4_ptr + x_part_index[None, :] * max_parts4_stride_x_part_1 + q_index[:, None] * max_parts4_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part_8 = tl.where(eq_q_x_part_2, tl.where(eq_q_x_part, max_parts4, max_parts3), where_q_x_part_6)
        where_q_x_part_9 = tl.where(eq_q_x_part_3, where_q_x_part_8, where_q_x_part_7)
        where_q_x_part_10 = tl.where(where_q_x_part_9 == max_x_part_4[:, None], where_q_x_part_5, tile_i32_2)
        where_q_x_part_11 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part_10, tile_i32)
        where_q_x_part_12 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_11, 2147483647)
        tile_min = tl.min(where_q_x_part_12, 1)
        next_min_x_part = tl.minimum(min_x_part_4, tile_min)
        min_x_part_4 = next_min_x_part
    eq_place = 2 == place_index
    where_q_place = tl.where(eq_place[None, :], max_x_part_3[:, None], max_x_part_4[:, None])
    eq_place_2 = place_index == 1
    where_q_place_2 = tl.where(eq_place_2[None, :], max_x_part_2[:, None], where_q_place)
    eq_place_3 = 0 == place_index
    where_q_place_3 = tl.where(eq_place_3[None, :], max_x_part[:, None], where_q_place_2)
    tl.store(
        D_ptr + q_index[:, None] * D_stride_q + place_index[None, :] * D_stride_place,
        (where_q_place_3 * -1.0),
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )
    where_q_place_4 = tl.where(eq_place[None, :], min_x_part_3[:, None], min_x_part_4[:, None])
    where_q_place_5 = tl.where(eq_place_2[None, :], min_x_part_2[:, None], where_q_place_4)
    where_q_place_6 = tl.where(eq_place_3[None, :], min_x_part[:, None], where_q_place_5)
    tl.store(
        I_ptr + q_index[:, None] * I_stride_q + place_index[None, :] * I_stride_place,
        where_q_place_6,
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )


@triton.jit
def nearest_few_forward_rows_kernel(
    Q_ptr, K_ptr, D_ptr, I_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, D_stride_q, D_stride_place,
    I_stride_q, I_stride_place, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_PLACE: tl.constexpr, EXACT_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    place_index = tl.arange(0, BLOCK_PLACE)
    # src[nearest.diag:19]
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    K = load_tile(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        (x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        0.0,
        EXACT_X and EXACT_D,
    )
    sub_x_d = K - tl.where(K == float("-inf"), 0.0, Q[None, :])
    sub_x_d_2 = tl.where((d_index < size_d)[None, :], sub_x_d, 0.0)
    # src[nearest.diag:7]
    mul_x_d = sub_x_d_2 * sub_x_d_2
    sum_ = tl.sum(mul_x_d, 1)
    # src[nearest.diag:20]
    mul_x = tl.where(x_index < size_x, -1.0 * sum_, float("-inf"))
    x_i32 = x_index.to(tl.int32)
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    max_ = tl.max(mul_x, 0)
    where_x = tl.where(x_index < size_x, tl.where(mul_x == max_, x_i32, tile_i32), 2147483647)
    min_ = tl.min(where_x, 0)
    ne_x = min_ != x_i32
    where_x_2 = tl.where(ne_x, mul_x, float("-inf"))
    max_2 = tl.max(where_x_2, 0)
    where_x_3 = tl.where(ne_x & (mul_x == max_2), x_i32, tile_i32)
    where_x_4 = tl.where(x_index < size_x, where_x_3, 2147483647)
    min_2 = tl.min(where_x_4, 0)
    ne_x_2 = min_2 != x_i32
    where_x_5 = tl.where(ne_x & ne_x_2, mul_x, float("-inf"))
    max_3 = tl.max(where_x_5, 0)
    where_x_6 = tl.where((ne_x & ne_x_2) & (mul_x == max_3), x_i32, tile_i32)
    where_x_7 = tl.where(x_index < size_x, where_x_6, 2147483647)
    min_3 = tl.min(where_x_7, 0)
    ne_x_3 = x_i32 != min_3
    where_x_8 = tl.where((ne_x & ne_x_3) & ne_x_2, mul_x, float("-inf"))
    max_4 = tl.max(where_x_8, 0)
    eq_place = 2 == place_index
    eq_place_2 = place_index == 1
    where_place = tl.where(eq_place_2, max_2, tl.where(eq_place, max_3, max_4))
    eq_place_3 = 0 == place_index
    # src[nearest.diag:21]
    tl.store(
        D_ptr + q_index * D_stride_q + place_index * D_stride_place,
        (-1.0 * tl.where(eq_place_3, max_, where_place)),
        mask=(place_index < 4),
    )
    where_x_9 = tl.where(((ne_x & (max_4 == mul_x)) & ne_x_3) & ne_x_2, x_i32, tile_i32)
    where_x_10 = tl.where(x_index < size_x, where_x_9, 2147483647)
    min_4 = tl.min(where_x_10, 0)
    where_place_2 = tl.where(eq_place_2, min_2, tl.where(eq_place, min_3, min_4))
    # src[nearest.diag:20]
    tl.store(
        I_ptr + q_index * I_stride_q + place_index * I_stride_place,
        tl.where(eq_place_3, min_, where_place_2),
        mask=(place_index < 4),
    )


@triton.jit
def nearest_few_forward_kernel(
    Q_ptr, K_ptr, D_ptr, I_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, D_stride_q, D_stride_place,
    I_stride_q, I_stride_place, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_PLACE: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    place_index = tl.arange(0, BLOCK_PLACE)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_2 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_3 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_3 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    max_x_4 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    min_x_4 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
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
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:20]
        mul_q_x = -1.0 * sum_
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        x_i32 = x_index.to(tl.int32)
        where_q_x = tl.where(mul_q_x == next_max_x[:, None], x_i32[None, :], tile_i32)
        tile_min = tl.min(where_q_x, 1)
        next_min_x = tl.minimum(tl.where(max_x == next_max_x, min_x, tile_i32), tile_min)
        min_x_5 = next_min_x == min_x
        max_x_5 = tl.where(min_x_5, max_x_2, max_x)
        ne_q_x = next_min_x[:, None] != x_i32[None, :]
        where_q_x_2 = tl.where(ne_q_x, mul_q_x, float("-inf"))
        tile_max_2 = tl.max(where_q_x_2, 1)
        next_max_x_2 = tl.maximum(max_x_5, tile_max_2)
        min_x_6 = tl.where(min_x_5, min_x_2, min_x)
        tile_i32_2 = tl.where(max_x_5 == next_max_x_2, min_x_6, tile_i32)
        where_q_x_3 = tl.where(ne_q_x & (mul_q_x == next_max_x_2[:, None]), x_i32[None, :], tile_i32)
        tile_min_2 = tl.min(where_q_x_3, 1)
        next_tile_i32 = tl.minimum(tile_i32_2, tile_min_2)
        max_x_6 = tl.where(min_x_5, max_x_3, max_x_2)
        min_x_7 = next_tile_i32 == min_x_6
        max_x_7 = tl.where(min_x_7, max_x_6, max_x_5)
        ne_q_x_2 = next_tile_i32[:, None] != x_i32[None, :]
        where_q_x_4 = tl.where(ne_q_x & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_3 = tl.max(where_q_x_4, 1)
        next_max_x_3 = tl.maximum(max_x_7, tile_max_3)
        min_x_8 = tl.where(min_x_5, min_x_3, min_x_2)
        min_x_9 = tl.where(min_x_7, min_x_8, min_x_6)
        tile_i32_3 = tl.where(max_x_7 == next_max_x_3, min_x_9, tile_i32)
        and_q_x = (ne_q_x & ne_q_x_2) & (mul_q_x == next_max_x_3[:, None])
        where_q_x_5 = tl.where(and_q_x, x_i32[None, :], tile_i32)
        tile_min_3 = tl.min(where_q_x_5, 1)
        next_tile_i32_2 = tl.minimum(tile_i32_3, tile_min_3)
        max_x_8 = tl.where(min_x_7, tl.where(min_x_5, max_x_4, max_x_3), max_x_6)
        min_x_10 = next_tile_i32_2 == min_x_9
        max_x_9 = tl.where(min_x_10, max_x_8, max_x_7)
        ne_q_x_3 = x_i32[None, :] != next_tile_i32_2[:, None]
        where_q_x_6 = tl.where((ne_q_x & ne_q_x_3) & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_4 = tl.max(where_q_x_6, 1)
        next_max_x_4 = tl.maximum(max_x_9, tile_max_4)
        min_x_11 = tl.where(min_x_7, tl.where(min_x_5, min_x_4, min_x_3), min_x_8)
        tile_i32_4 = tl.where(max_x_9 == next_max_x_4, tl.where(min_x_10, min_x_11, min_x_9), tile_i32)
        tile_2 = (ne_q_x & (next_max_x_4[:, None] == mul_q_x)) & ne_q_x_3
        where_q_x_7 = tl.where(tile_2 & ne_q_x_2, x_i32[None, :], tile_i32)
        tile_min_4 = tl.min(where_q_x_7, 1)
        next_tile_i32_3 = tl.minimum(tile_i32_4, tile_min_4)
        max_x = next_max_x
        min_x = next_min_x
        max_x_2 = next_max_x_2
        min_x_2 = next_tile_i32
        max_x_3 = next_max_x_3
        min_x_3 = next_tile_i32_2
        max_x_4 = next_max_x_4
        min_x_4 = next_tile_i32_3
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:19]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((K == float("-inf"))[None, :, :], 0.0, Q[:, None, :])
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], K[None, :, :] - tile, 0.0)
        # src[nearest.diag:7]
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:20]
        mul_q_x = tl.where((x_index < size_x)[None, :], -1.0 * sum_, float("-inf"))
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        x_i32 = x_index.to(tl.int32)
        where_q_x = tl.where(mul_q_x == next_max_x[:, None], x_i32[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        tile_min = tl.min(where_q_x_2, 1)
        next_min_x = tl.minimum(tl.where(max_x == next_max_x, min_x, tile_i32), tile_min)
        min_x_5 = next_min_x == min_x
        max_x_5 = tl.where(min_x_5, max_x_2, max_x)
        ne_q_x = next_min_x[:, None] != x_i32[None, :]
        where_q_x_3 = tl.where(ne_q_x, mul_q_x, float("-inf"))
        tile_max_2 = tl.max(where_q_x_3, 1)
        next_max_x_2 = tl.maximum(max_x_5, tile_max_2)
        min_x_6 = tl.where(min_x_5, min_x_2, min_x)
        tile_i32_2 = tl.where(max_x_5 == next_max_x_2, min_x_6, tile_i32)
        where_q_x_4 = tl.where(ne_q_x & (mul_q_x == next_max_x_2[:, None]), x_i32[None, :], tile_i32)
        where_q_x_5 = tl.where((x_index < size_x)[None, :], where_q_x_4, 2147483647)
        tile_min_2 = tl.min(where_q_x_5, 1)
        next_tile_i32 = tl.minimum(tile_i32_2, tile_min_2)
        max_x_6 = tl.where(min_x_5, max_x_3, max_x_2)
        min_x_7 = next_tile_i32 == min_x_6
        max_x_7 = tl.where(min_x_7, max_x_6, max_x_5)
        ne_q_x_2 = next_tile_i32[:, None] != x_i32[None, :]
        where_q_x_6 = tl.where(ne_q_x & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_3 = tl.max(where_q_x_6, 1)
        next_max_x_3 = tl.maximum(max_x_7, tile_max_3)
        min_x_8 = tl.where(min_x_5, min_x_3, min_x_2)
        min_x_9 = tl.where(min_x_7, min_x_8, min_x_6)
        tile_i32_3 = tl.where(max_x_7 == next_max_x_3, min_x_9, tile_i32)
        and_q_x = (ne_q_x & ne_q_x_2) & (mul_q_x == next_max_x_3[:, None])
        where_q_x_7 = tl.where((x_index < size_x)[None, :], tl.where(and_q_x, x_i32[None, :], tile_i32), 2147483647)
        tile_min_3 = tl.min(where_q_x_7, 1)
        next_tile_i32_2 = tl.minimum(tile_i32_3, tile_min_3)
        max_x_8 = tl.where(min_x_7, tl.where(min_x_5, max_x_4, max_x_3), max_x_6)
        min_x_10 = next_tile_i32_2 == min_x_9
        max_x_9 = tl.where(min_x_10, max_x_8, max_x_7)
        ne_q_x_3 = x_i32[None, :] != next_tile_i32_2[:, None]
        where_q_x_8 = tl.where((ne_q_x & ne_q_x_3) & ne_q_x_2, mul_q_x, float("-inf"))
        tile_max_4 = tl.max(where_q_x_8, 1)
        next_max_x_4 = tl.maximum(max_x_9, tile_max_4)
        min_x_11 = tl.where(min_x_7, tl.where(min_x_5, min_x_4, min_x_3), min_x_8)
        tile_i32_4 = tl.where(max_x_9 == next_max_x_4, tl.where(min_x_10, min_x_11, min_x_9), tile_i32)
        tile_2 = (ne_q_x & (next_max_x_4[:, None] == mul_q_x)) & ne_q_x_3
        where_q_x_9 = tl.where(tile_2 & ne_q_x_2, x_i32[None, :], tile_i32)
        where_q_x_10 = tl.where((x_index < size_x)[None, :], where_q_x_9, 2147483647)
        tile_min_4 = tl.min(where_q_x_10, 1)
        next_tile_i32_3 = tl.minimum(tile_i32_4, tile_min_4)
        max_x = next_max_x
        min_x = next_min_x
        max_x_2 = next_max_x_2
        min_x_2 = next_tile_i32
        max_x_3 = next_max_x_3
        min_x_3 = next_tile_i32_2
        max_x_4 = next_max_x_4
        min_x_4 = next_tile_i32_3
    eq_place = 2 == place_index
    where_q_place = tl.where(eq_place[None, :], max_x_3[:, None], max_x_4[:, None])
    eq_place_2 = place_index == 1
    where_q_place_2 = tl.where(eq_place_2[None, :], max_x_2[:, None], where_q_place)
    eq_place_3 = 0 == place_index
    # src[nearest.diag:20]
    near = tl.where(eq_place_3[None, :], max_x[:, None], where_q_place_2)
    # src[nearest.diag:21]
    tl.store(
        D_ptr + q_index[:, None] * D_stride_q + place_index[None, :] * D_stride_place,
        (-1.0 * near),
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )
    where_q_place_3 = tl.where(eq_place[None, :], min_x_3[:, None], min_x_4[:, None])
    where_q_place_4 = tl.where(eq_place_2[None, :], min_x_2[:, None], where_q_place_3)
    # src[nearest.diag:20]
    found = tl.where(eq_place_3[None, :], min_x[:, None], where_q_place_4)
    tl.store(
        I_ptr + q_index[:, None] * I_stride_q + place_index[None, :] * I_stride_place,
        found,
        mask=(q_index < size_q)[:, None] & (place_index < 4)[None, :],
    )


@triton.jit
def nearest_few_backward_buffer_0_rows_kernel(
    d_D_ptr, I_ptr, buffer_0_ptr, d_D_stride_q, d_D_stride_place, I_stride_q, I_stride_place,
    buffer_0_stride_q, buffer_0_stride_x, size_q, size_x, BLOCK_PLACE: tl.constexpr,
    EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    place_index = tl.arange(0, BLOCK_PLACE)
    d_D = load_tile(
        d_D_ptr + q_index * d_D_stride_q + place_index * d_D_stride_place,
        (place_index < 4),
        0.0,
        EXACT_PLACE,
    )
    I = load_tile(
        I_ptr + q_index * I_stride_q + place_index * I_stride_place,
        (place_index < 4),
        0,
        EXACT_PLACE,
    )
    where_place = tl.where((x_index == I) & (place_index < 4), d_D, 0.0)
    sum_ = tl.sum(where_place, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x, sum_)


@triton.jit
def nearest_few_backward_buffer_0_kernel(
    d_D_ptr, I_ptr, buffer_0_ptr, d_D_stride_q, d_D_stride_place, I_stride_q, I_stride_place,
    buffer_0_stride_q, buffer_0_stride_x, size_q, size_x, BLOCK_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    sum_place = tl.full([], 0.0, tl.float32)
    to_place = (4) // BLOCK_PLACE * BLOCK_PLACE
    # whole tiles, no mask needed
    for first_place in tl.range(0, to_place, BLOCK_PLACE):
        place_index = first_place + tl.arange(0, BLOCK_PLACE)
        I = tl.load(I_ptr + q_index * I_stride_q + place_index * I_stride_place)
        d_D = tl.load(d_D_ptr + q_index * d_D_stride_q + place_index * d_D_stride_place)
        where_place = tl.where(x_index == I, d_D, 0.0)
        tile_sum = tl.sum(where_place, 0)
        next_sum_place = sum_place + tile_sum
        sum_place = next_sum_place
    from_place = tl.maximum(0, to_place)
    # tiles that a mask or the end cuts
    for first_place_2 in tl.range(from_place, 4, BLOCK_PLACE):
        place_index = first_place_2 + tl.arange(0, BLOCK_PLACE)
        d_D = tl.load(
            d_D_ptr + q_index * d_D_stride_q + place_index * d_D_stride_place,
            mask=(place_index < 4),
            other=0.0,
        )
        I = tl.load(
            I_ptr + q_index * I_stride_q + place_index * I_stride_place,
            mask=(place_index < 4),
            other=0,
        )
        where_place = tl.where((x_index == I) & (place_index < 4), d_D, 0.0)
        tile_sum = tl.sum(where_place, 0)
        next_sum_place = sum_place + tile_sum
        sum_place = next_sum_place
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x, sum_place)


@triton.jit
def nearest_few_backward_d_Q_rows_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[nearest.diag:19]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    K = tl.load(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    sub_d_x = K - tl.where(K == float("-inf"), 0.0, Q[:, None])
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    mul_d_x = buffer_0[None, :] * sub_d_x
    sum_ = tl.sum(mul_d_x, 1)
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        (-2.0 * sum_),
        mask=(d_index < size_d),
    )


@triton.jit
def nearest_few_backward_d_Q_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:19]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_x = K - tl.where(K == float("-inf"), 0.0, Q[:, None])
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        mul_d_x = buffer_0[None, :] * sub_d_x
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:19]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_x = K - tl.where(K == float("-inf"), 0.0, Q[:, None])
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_d_x = buffer_0[None, :] * sub_d_x
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        (-2.0 * acc_x),
        mask=(d_index < size_d),
    )


@triton.jit
def nearest_few_backward_d_K_rows_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    q_index = tl.arange(0, BLOCK_Q)
    # src[nearest.diag:19]
    Q = tl.load(
        Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
        mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    sub_d_q = K[:, None] - tl.where((K == float("-inf"))[:, None], 0.0, Q)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (q_index < size_q),
        0.0,
        EXACT_Q,
    )
    mul_d_q = buffer_0[None, :] * sub_d_q
    sum_ = tl.sum(mul_d_q, 1)
    tl.store(d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d, (2.0 * sum_), mask=(d_index < size_d))


@triton.jit
def nearest_few_backward_d_K_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:19]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_q = K[:, None] - tl.where((K == float("-inf"))[:, None], 0.0, Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        mul_d_q = buffer_0[None, :] * sub_d_q
        tile_sum = tl.sum(mul_d_q, 1)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[nearest.diag:19]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        sub_d_q = K[:, None] - tl.where((K == float("-inf"))[:, None], 0.0, Q)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_d_q = buffer_0[None, :] * sub_d_q
        tile_sum = tl.sum(mul_d_q, 1)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    tl.store(
        d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d,
        (2.0 * acc_q),
        mask=(d_index < size_d),
    )


@_operator
def _nearest_few(Q: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_nearest_few(Q: f32[q d], K: f32[x d]) -> D: f32[q place], I: i32[q place] in x. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    D = torch.empty((q, 4), dtype=torch.float32, device=Q.device)
    I = torch.empty((q, 4), dtype=torch.int32, device=Q.device)
    if _is_traced(D):
        return D, I
    BLOCK_X = max(16, triton.next_power_of_2(x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_PLACE = max(16, triton.next_power_of_2(4))
    if BLOCK_X * BLOCK_D <= 16384:
        if BLOCK_X * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        nearest_few_rows_kernel[grid](
            Q, K, D, I, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), D.stride(0), D.stride(1),
            I.stride(0), I.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_PLACE=BLOCK_PLACE,
            EXACT_X=x == BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_PLACE=4 == BLOCK_PLACE, num_warps=warps,
            num_stages=stages,
        )
        return D, I
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    BLOCK_PLACE_2 = max(16, triton.next_power_of_2(4))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_few_kernel[grid](
        Q, K, D, I, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), D.stride(0), D.stride(1), I.stride(0),
        I.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_PLACE=BLOCK_PLACE_2, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D_2, EXACT_PLACE=4 == BLOCK_PLACE_2, num_warps=warps, num_stages=stages,
    )
    return D, I


@_operator
def _nearest_few_parts(
    Q: torch.Tensor,
    K: torch.Tensor,
    parts_x: int,
    length_x: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_nearest_few_parts(Q: f32[q d], K: f32[x d]) -> max_parts: f32[x_part q], min_parts: i32[x_part q], max_parts2: f32[x_part q], min_parts2: i32[x_part q], max_parts3: f32[x_part q], min_parts3: i32[x_part q], max_parts4: f32[x_part q], min_parts4: i32[x_part q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    max_parts = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    min_parts = torch.empty((parts_x, q), dtype=torch.int32, device=Q.device)
    max_parts2 = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    min_parts2 = torch.empty((parts_x, q), dtype=torch.int32, device=Q.device)
    max_parts3 = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    min_parts3 = torch.empty((parts_x, q), dtype=torch.int32, device=Q.device)
    max_parts4 = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    min_parts4 = torch.empty((parts_x, q), dtype=torch.int32, device=Q.device)
    if _is_traced(max_parts):
        return max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4
    BLOCK_X_IN_1 = max(16, triton.next_power_of_2(length_x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_X_IN_1 * BLOCK_D <= 16384:
        if BLOCK_X_IN_1 * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X_IN_1 * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (parts_x * q,)
        nearest_few_parts_rows_kernel[grid](
            Q, K, max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4,
            min_parts4, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), max_parts.stride(0),
            max_parts.stride(1), min_parts.stride(0), min_parts.stride(1), max_parts2.stride(0),
            max_parts2.stride(1), min_parts2.stride(0), min_parts2.stride(1), max_parts3.stride(0),
            max_parts3.stride(1), min_parts3.stride(0), min_parts3.stride(1), max_parts4.stride(0),
            max_parts4.stride(1), min_parts4.stride(0), min_parts4.stride(1), q, d, x, parts_x, length_x,
            BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D, EXACT_X_IN_1=length_x == BLOCK_X_IN_1,
            EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (parts_x * triton.cdiv(q, BLOCK_Q),)
    nearest_few_parts_kernel[grid](
        Q, K, max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4,
        Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), max_parts.stride(0), max_parts.stride(1),
        min_parts.stride(0), min_parts.stride(1), max_parts2.stride(0), max_parts2.stride(1),
        min_parts2.stride(0), min_parts2.stride(1), max_parts3.stride(0), max_parts3.stride(1),
        min_parts3.stride(0), min_parts3.stride(1), max_parts4.stride(0), max_parts4.stride(1),
        min_parts4.stride(0), min_parts4.stride(1), q, d, x, parts_x, length_x, BLOCK_X_IN_1=BLOCK_X_IN_1,
        BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps, num_stages=stages,
    )
    return max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4


@_operator
def _nearest_few_joined(
    max_parts: torch.Tensor, min_parts: torch.Tensor, max_parts2: torch.Tensor, min_parts2: torch.Tensor,
    max_parts3: torch.Tensor, min_parts3: torch.Tensor, max_parts4: torch.Tensor, min_parts4: torch.Tensor,
    x: int, length_x: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_nearest_few_joined(max_parts: f32[x_part q], min_parts: i32[x_part q], max_parts2: f32[x_part q], min_parts2: i32[x_part q], max_parts3: f32[x_part q], min_parts3: i32[x_part q], max_parts4: f32[x_part q], min_parts4: i32[x_part q]) -> D: f32[q place], I: i32[q place] in x. Any strides; sizes are read off the shapes."""
    _check("max_parts", max_parts, torch.float32, 2, max_parts.device)
    _check("min_parts", min_parts, torch.int32, 2, max_parts.device)
    _check("max_parts2", max_parts2, torch.float32, 2, max_parts.device)
    _check("min_parts2", min_parts2, torch.int32, 2, max_parts.device)
    _check("max_parts3", max_parts3, torch.float32, 2, max_parts.device)
    _check("min_parts3", min_parts3, torch.int32, 2, max_parts.device)
    _check("max_parts4", max_parts4, torch.float32, 2, max_parts.device)
    _check("min_parts4", min_parts4, torch.int32, 2, max_parts.device)
    parts_x, q = max_parts.shape
    if min_parts.shape != (parts_x, q):
        raise ValueError(f"min_parts: i32[x_part q] has shape {min_parts.shape}, expected {(parts_x, q)}")
    if max_parts2.shape != (parts_x, q):
        raise ValueError(f"max_parts2: f32[x_part q] has shape {max_parts2.shape}, expected {(parts_x, q)}")
    if min_parts2.shape != (parts_x, q):
        raise ValueError(f"min_parts2: i32[x_part q] has shape {min_parts2.shape}, expected {(parts_x, q)}")
    if max_parts3.shape != (parts_x, q):
        raise ValueError(f"max_parts3: f32[x_part q] has shape {max_parts3.shape}, expected {(parts_x, q)}")
    if min_parts3.shape != (parts_x, q):
        raise ValueError(f"min_parts3: i32[x_part q] has shape {min_parts3.shape}, expected {(parts_x, q)}")
    if max_parts4.shape != (parts_x, q):
        raise ValueError(f"max_parts4: f32[x_part q] has shape {max_parts4.shape}, expected {(parts_x, q)}")
    if min_parts4.shape != (parts_x, q):
        raise ValueError(f"min_parts4: i32[x_part q] has shape {min_parts4.shape}, expected {(parts_x, q)}")
    D = torch.empty((q, 4), dtype=torch.float32, device=max_parts.device)
    I = torch.empty((q, 4), dtype=torch.int32, device=max_parts.device)
    if _is_traced(D):
        return D, I
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    BLOCK_PLACE = max(16, triton.next_power_of_2(4))
    if BLOCK_X_PART_1 <= 256:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_Q, warps, stages = 128, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_Q, warps, stages = 32, 4, 1
        else:
            BLOCK_Q, warps, stages = 8, 4, 1
        grid = (triton.cdiv(q, BLOCK_Q),)
        nearest_few_joined_rows_kernel[grid](
            max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4, D,
            I, max_parts.stride(0), max_parts.stride(1), min_parts.stride(0), min_parts.stride(1),
            max_parts2.stride(0), max_parts2.stride(1), min_parts2.stride(0), min_parts2.stride(1),
            max_parts3.stride(0), max_parts3.stride(1), min_parts3.stride(0), min_parts3.stride(1),
            max_parts4.stride(0), max_parts4.stride(1), min_parts4.stride(0), min_parts4.stride(1),
            D.stride(0), D.stride(1), I.stride(0), I.stride(1), parts_x, q, x, length_x,
            BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_PLACE=BLOCK_PLACE, BLOCK_Q=BLOCK_Q,
            EXACT_X_PART_1=parts_x == BLOCK_X_PART_1, EXACT_PLACE=4 == BLOCK_PLACE, num_warps=warps,
            num_stages=stages,
        )
        return D, I
    BLOCK_PLACE_2 = max(16, triton.next_power_of_2(4))
    BLOCK_X_PART_1, BLOCK_Q, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_few_joined_kernel[grid](
        max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4, D, I,
        max_parts.stride(0), max_parts.stride(1), min_parts.stride(0), min_parts.stride(1),
        max_parts2.stride(0), max_parts2.stride(1), min_parts2.stride(0), min_parts2.stride(1),
        max_parts3.stride(0), max_parts3.stride(1), min_parts3.stride(0), min_parts3.stride(1),
        max_parts4.stride(0), max_parts4.stride(1), min_parts4.stride(0), min_parts4.stride(1), D.stride(0),
        D.stride(1), I.stride(0), I.stride(1), parts_x, q, x, length_x, BLOCK_X_PART_1=BLOCK_X_PART_1,
        BLOCK_PLACE=BLOCK_PLACE_2, BLOCK_Q=BLOCK_Q, EXACT_PLACE=4 == BLOCK_PLACE_2, num_warps=warps,
        num_stages=stages,
    )
    return D, I


@_operator
def _nearest_few_forward(Q: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_nearest_few_forward(Q: f32[q d], K: f32[x d]) -> D: f32[q place], I: i32[q place] in x. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    D = torch.empty((q, 4), dtype=torch.float32, device=Q.device)
    I = torch.empty((q, 4), dtype=torch.int32, device=Q.device)
    if _is_traced(D):
        return D, I
    BLOCK_X = max(16, triton.next_power_of_2(x))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_PLACE = max(16, triton.next_power_of_2(4))
    if BLOCK_X * BLOCK_D <= 16384:
        if BLOCK_X * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        nearest_few_forward_rows_kernel[grid](
            Q, K, D, I, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), D.stride(0), D.stride(1),
            I.stride(0), I.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_PLACE=BLOCK_PLACE,
            EXACT_X=x == BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_PLACE=4 == BLOCK_PLACE, num_warps=warps,
            num_stages=stages,
        )
        return D, I
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    BLOCK_PLACE_2 = max(16, triton.next_power_of_2(4))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    nearest_few_forward_kernel[grid](
        Q, K, D, I, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), D.stride(0), D.stride(1), I.stride(0),
        I.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_PLACE=BLOCK_PLACE_2, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D_2, EXACT_PLACE=4 == BLOCK_PLACE_2, num_warps=warps, num_stages=stages,
    )
    return D, I


@_operator
def _nearest_few_backward_buffer_0(d_D: torch.Tensor, I: torch.Tensor, x: int) -> torch.Tensor:
    """_nearest_few_backward_buffer_0(d_D: f32[q place], I: i32[q place] in x) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("d_D", d_D, torch.float32, 2, d_D.device)
    _check("I", I, torch.int32, 2, d_D.device)
    q, _ = d_D.shape
    if d_D.shape != (q, 4):
        raise ValueError(f"d_D: f32[q place] has shape {d_D.shape}, expected {(q, 4)}")
    if I.shape != (q, 4):
        raise ValueError(f"I: i32[q place] has shape {I.shape}, expected {(q, 4)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=d_D.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_PLACE = max(16, triton.next_power_of_2(4))
    if BLOCK_PLACE <= 16384:
        if BLOCK_PLACE <= 1024:
            warps, stages = 4, 1
        elif BLOCK_PLACE <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q * x,)
        nearest_few_backward_buffer_0_rows_kernel[grid](
            d_D, I, buffer_0, d_D.stride(0), d_D.stride(1), I.stride(0), I.stride(1), buffer_0.stride(0),
            buffer_0.stride(1), q, x, BLOCK_PLACE=BLOCK_PLACE, EXACT_PLACE=4 == BLOCK_PLACE, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_PLACE, warps, stages = 4096, 8, 2
    grid = (q * x,)
    nearest_few_backward_buffer_0_kernel[grid](
        d_D, I, buffer_0, d_D.stride(0), d_D.stride(1), I.stride(0), I.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, x, BLOCK_PLACE=BLOCK_PLACE, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _nearest_few_backward_d_Q(Q: torch.Tensor, K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_nearest_few_backward_d_Q(Q: f32[q d], K: f32[x d], buffer_0: f32[q x]) -> d_Q: f32[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 1024:
        if BLOCK_X <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_X <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(d, BLOCK_D),)
        nearest_few_backward_d_Q_rows_kernel[grid](
            Q, K, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
            buffer_0.stride(1), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_Q
    BLOCK_X, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(d, BLOCK_D),)
    nearest_few_backward_d_Q_kernel[grid](
        Q, K, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _nearest_few_backward_d_K(Q: torch.Tensor, K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_nearest_few_backward_d_K(Q: f32[q d], K: f32[x d], buffer_0: f32[q x]) -> d_K: f32[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (x * triton.cdiv(d, BLOCK_D),)
        nearest_few_backward_d_K_rows_kernel[grid](
            Q, K, buffer_0, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
            buffer_0.stride(1), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
            EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_Q, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (x * triton.cdiv(d, BLOCK_D),)
    nearest_few_backward_d_K_kernel[grid](
        Q, K, buffer_0, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K


class _nearest_few_autograd(torch.autograd.Function):
    """nearest_few and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        x, _ = K.shape
        D, I = _nearest_few_forward(Q, K)
        ctx.save_for_backward(Q, K, I)
        ctx.sizes = (x,)
        ctx.mark_non_differentiable(I)
        return D, I

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_D, unused):
        Q, K, I = ctx.saved_tensors
        (x,) = ctx.sizes
        buffer_0 = _nearest_few_backward_buffer_0(d_D, I, x)
        d_Q = _nearest_few_backward_d_Q(Q, K, buffer_0)
        d_K = _nearest_few_backward_d_K(Q, K, buffer_0)
        return d_Q, d_K


@_anywhere(torch.float32, torch.float32)
def nearest_few(Q: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """nearest_few(Q: f32[q d], K: f32[x d]) -> D: f32[q place], I: i32[q place] in x. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        if d <= 16384:
            return _nearest_few_autograd.apply(Q, K)
        raise ValueError("nearest_few: gradients are made for sizes whose tiles are held on chip")
    programs = triton.cdiv(q, 16)
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512 and d <= 16384:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4 = _nearest_few_parts(Q, K, parts_x, length_x)
            D, I = _nearest_few_joined(max_parts, min_parts, max_parts2, min_parts2, max_parts3, min_parts3, max_parts4, min_parts4, x, length_x)
            return D, I
    D, I = _nearest_few(Q, K)
    return D, I


@triton.jit
def margin_rows_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    x_index = tl.arange(0, BLOCK_X)
    # src[nearest.diag:25]
    K = load_tile(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        (x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        0.0,
        EXACT_X and EXACT_D,
    )
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    sub_d_x_2 = tl.where((d_index < size_d)[:, None], sub_d_x, 0.0)
    mul_d_x = sub_d_x_2 * sub_d_x_2
    sum_ = tl.sum(mul_d_x, 0)
    D = tl.where(x_index < size_x, sum_, float("inf"))
    # src[nearest.diag:27]
    min_ = tl.min(D, 0)
    where_x = tl.where(sum_ == min_, x_index.to(tl.int32), tl.cast((-1 + size_x), tl.int32))
    where_x_2 = tl.where(x_index < size_x, where_x, 2147483647)
    min_2 = tl.min(where_x_2, 0)
    where_x_3 = tl.where(x_index < size_x, tl.where(min_2 == x_index, float("inf"), sum_), float("inf"))
    min_3 = tl.min(where_x_3, 0)
    tl.store(out_ptr + q_index * out_stride_q, (min_3 - min_))


@triton.jit
def margin_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    min_x = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    min_x_3 = tl.full([BLOCK_Q], float("inf"), tl.float32)
    # src[nearest.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
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
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:27]
        tile_min = tl.min(sum_, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        where_q_x = tl.where(sum_ == next_min_x[:, None], x_index.to(tl.int32)[None, :], tile_i32)
        tile_min_2 = tl.min(where_q_x, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x_4 = tl.where(next_min_x_2 == min_x_2, min_x_3, min_x)
        where_q_x_2 = tl.where(next_min_x_2[:, None] == x_index[None, :], float("inf"), sum_)
        tile_min_3 = tl.min(where_q_x_2, 1)
        next_min_x_3 = tl.minimum(min_x_4, tile_min_3)
        min_x = next_min_x
        min_x_2 = next_min_x_2
        min_x_3 = next_min_x_3
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        D = tl.where((x_index < size_x)[None, :], sum_, float("inf"))
        # src[nearest.diag:27]
        tile_min = tl.min(D, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        where_q_x = tl.where(sum_ == next_min_x[:, None], x_index.to(tl.int32)[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        tile_min_2 = tl.min(where_q_x_2, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x_4 = tl.where(next_min_x_2 == min_x_2, min_x_3, min_x)
        where_q_x_3 = tl.where(next_min_x_2[:, None] == x_index[None, :], float("inf"), sum_)
        where_q_x_4 = tl.where((x_index < size_x)[None, :], where_q_x_3, float("inf"))
        tile_min_3 = tl.min(where_q_x_4, 1)
        next_min_x_3 = tl.minimum(min_x_4, tile_min_3)
        min_x = next_min_x
        min_x_2 = next_min_x_2
        min_x_3 = next_min_x_3
    # src[nearest.diag:27]
    tl.store(out_ptr + q_index * out_stride_q, (min_x_3 - min_x), mask=(q_index < size_q))


@triton.jit
def margin_parts_rows_kernel(
    Q_ptr, K_ptr, min_parts_ptr, min_parts2_ptr, min_parts3_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, min_parts_stride_x_part_1, min_parts_stride_q, min_parts2_stride_x_part_1,
    min_parts2_stride_q, min_parts3_stride_x_part_1, min_parts3_stride_q, size_q, size_d, size_x,
    size_parts_x, size_length_x, BLOCK_D: tl.constexpr, BLOCK_X_IN_1: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_X_IN_1: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    x_in_index = tl.arange(0, BLOCK_X_IN_1)
    # src[nearest.diag:25]
    K = tl.load(
        K_ptr + (size_length_x * x_part_index + x_in_index[None, :]) * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_in_index < size_length_x)[None, :] & (d_index < size_d)[:, None] & ((size_length_x * x_part_index + x_in_index[None, :]) >= 0) & ((size_length_x * x_part_index + x_in_index[None, :]) < size_x),
        other=0.0,
    )
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d_x_in = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    sub_d_x_in_2 = tl.where((d_index < size_d)[:, None], sub_d_x_in, 0.0)
    mul_d_x_in = sub_d_x_in_2 * sub_d_x_in_2
    sum_ = tl.sum(mul_d_x_in, 0)
    # src[nearest.diag:27]
    add_x_in = x_in_index + (x_part_index * size_length_x)
    lt_x_in = add_x_in < size_x
    where_x_in = tl.where(x_in_index < size_length_x, tl.where(lt_x_in, sum_, float("inf")), float("inf"))
    min_ = tl.min(where_x_in, 0)
    tl.store(min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q, min_)
    where_x_in_2 = tl.where(sum_ == min_, add_x_in.to(tl.int32), tl.cast((-1 + size_x), tl.int32))
    where_x_in_3 = tl.where(lt_x_in, where_x_in_2, tl.cast(2147483647, tl.int32))
    where_x_in_4 = tl.where(x_in_index < size_length_x, where_x_in_3, 2147483647)
    min_2 = tl.min(where_x_in_4, 0)
    tl.store(
        min_parts2_ptr + x_part_index * min_parts2_stride_x_part_1 + q_index * min_parts2_stride_q,
        min_2,
    )
    where_x_in_5 = tl.where(lt_x_in, tl.where(add_x_in == min_2, float("inf"), sum_), float("inf"))
    where_x_in_6 = tl.where(x_in_index < size_length_x, where_x_in_5, float("inf"))
    min_3 = tl.min(where_x_in_6, 0)
    tl.store(
        min_parts3_ptr + x_part_index * min_parts3_stride_x_part_1 + q_index * min_parts3_stride_q,
        min_3,
    )


@triton.jit
def margin_parts_kernel(
    Q_ptr, K_ptr, min_parts_ptr, min_parts2_ptr, min_parts3_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, min_parts_stride_x_part_1, min_parts_stride_q, min_parts2_stride_x_part_1,
    min_parts2_stride_q, min_parts3_stride_x_part_1, min_parts3_stride_q, size_q, size_d, size_x,
    size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    min_x_in = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_in_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    min_x_in_3 = tl.full([BLOCK_Q], float("inf"), tl.float32)
    # src[nearest.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    mul = x_part_index * size_length_x
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    tile_i32_2 = tl.cast(2147483647, tl.int32)
    to_x_in = size_length_x // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        # src[nearest.diag:27]
        add_x_in = x_in_index + mul
        lt_x_in = add_x_in < size_x
        where_q_x_in = tl.where(lt_x_in[None, :], sum_, float("inf"))
        tile_min = tl.min(where_q_x_in, 1)
        next_min_x_in = tl.minimum(min_x_in, tile_min)
        tile_i32_3 = tl.where(min_x_in == next_min_x_in, min_x_in_2, tile_i32)
        where_q_x_in_2 = tl.where(sum_ == next_min_x_in[:, None], add_x_in.to(tl.int32)[None, :], tile_i32)
        where_q_x_in_3 = tl.where(lt_x_in[None, :], where_q_x_in_2, tile_i32_2)
        tile_min_2 = tl.min(where_q_x_in_3, 1)
        next_tile_i32 = tl.minimum(tile_i32_3, tile_min_2)
        min_x_in_4 = tl.where(next_tile_i32 == min_x_in_2, min_x_in_3, min_x_in)
        where_q_x_in_4 = tl.where(add_x_in[None, :] == next_tile_i32[:, None], float("inf"), sum_)
        where_q_x_in_5 = tl.where(lt_x_in[None, :], where_q_x_in_4, float("inf"))
        tile_min_3 = tl.min(where_q_x_in_5, 1)
        next_min_x_in_2 = tl.minimum(min_x_in_4, tile_min_3)
        min_x_in = next_min_x_in
        min_x_in_2 = next_tile_i32
        min_x_in_3 = next_min_x_in_2
    from_x_in = tl.maximum(0, to_x_in)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, size_length_x, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[nearest.diag:25]
        K = tl.load(
            K_ptr + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & (d_index < size_d)[None, :] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_in_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_in_d = sub_q_x_in_d * sub_q_x_in_d
        sum_ = tl.sum(mul_q_x_in_d, 2)
        # src[nearest.diag:27]
        add_x_in = x_in_index + mul
        lt_x_in = add_x_in < size_x
        where_q_x_in = tl.where((x_in_index < size_length_x)[None, :], tl.where(lt_x_in[None, :], sum_, float("inf")), float("inf"))
        tile_min = tl.min(where_q_x_in, 1)
        next_min_x_in = tl.minimum(min_x_in, tile_min)
        tile_i32_3 = tl.where(min_x_in == next_min_x_in, min_x_in_2, tile_i32)
        where_q_x_in_2 = tl.where(sum_ == next_min_x_in[:, None], add_x_in.to(tl.int32)[None, :], tile_i32)
        where_q_x_in_3 = tl.where(lt_x_in[None, :], where_q_x_in_2, tile_i32_2)
        where_q_x_in_4 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_3, 2147483647)
        tile_min_2 = tl.min(where_q_x_in_4, 1)
        next_tile_i32 = tl.minimum(tile_i32_3, tile_min_2)
        min_x_in_4 = tl.where(next_tile_i32 == min_x_in_2, min_x_in_3, min_x_in)
        where_q_x_in_5 = tl.where(add_x_in[None, :] == next_tile_i32[:, None], float("inf"), sum_)
        where_q_x_in_6 = tl.where(lt_x_in[None, :], where_q_x_in_5, float("inf"))
        where_q_x_in_7 = tl.where((x_in_index < size_length_x)[None, :], where_q_x_in_6, float("inf"))
        tile_min_3 = tl.min(where_q_x_in_7, 1)
        next_min_x_in_2 = tl.minimum(min_x_in_4, tile_min_3)
        min_x_in = next_min_x_in
        min_x_in_2 = next_tile_i32
        min_x_in_3 = next_min_x_in_2
    tl.store(
        min_parts_ptr + x_part_index * min_parts_stride_x_part_1 + q_index * min_parts_stride_q,
        min_x_in,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts2_ptr + x_part_index * min_parts2_stride_x_part_1 + q_index * min_parts2_stride_q,
        min_x_in_2,
        mask=(q_index < size_q),
    )
    tl.store(
        min_parts3_ptr + x_part_index * min_parts3_stride_x_part_1 + q_index * min_parts3_stride_q,
        min_x_in_3,
        mask=(q_index < size_q),
    )


@triton.jit
def margin_joined_rows_kernel(
    min_parts_ptr, min_parts2_ptr, min_parts3_ptr, out_ptr, min_parts_stride_x_part_1, min_parts_stride_q,
    min_parts2_stride_x_part_1, min_parts2_stride_q, min_parts3_stride_x_part_1, min_parts3_stride_q,
    out_stride_q, size_parts_x, size_q, size_x, size_length_x, BLOCK_X_PART_1: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_X_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    min_parts = tl.load(
        min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    tile = tl.where((x_part_index < size_parts_x)[None, :], min_parts, float("inf"))
    min_ = tl.min(tile, 1)
    min_parts3 = tl.load(
        min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0.0,
    )
    min_parts2 = tl.load(
        min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
        mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
        other=0,
    )
    where_q_x_part = tl.where(min_[:, None] == min_parts, min_parts2, tl.cast((-1 + size_x), tl.int32))
    lt_x_part = (x_part_index * size_length_x) < size_x
    where_q_x_part_2 = tl.where(lt_x_part[None, :], where_q_x_part, tl.cast(2147483647, tl.int32))
    where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
    min_2 = tl.min(where_q_x_part_3, 1)
    where_q_x_part_4 = tl.where(min_parts2 == min_2[:, None], min_parts3, min_parts)
    where_q_x_part_5 = tl.where(lt_x_part[None, :], where_q_x_part_4, float("inf"))
    where_q_x_part_6 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_5, float("inf"))
    min_3 = tl.min(where_q_x_part_6, 1)
    sub_q = min_3 - tl.where(min_ == float("-inf"), 0.0, min_)
    tl.store(out_ptr + q_index * out_stride_q, sub_q, mask=(q_index < size_q))


@triton.jit
def margin_joined_kernel(
    min_parts_ptr, min_parts2_ptr, min_parts3_ptr, out_ptr, min_parts_stride_x_part_1, min_parts_stride_q,
    min_parts2_stride_x_part_1, min_parts2_stride_q, min_parts3_stride_x_part_1, min_parts3_stride_q,
    out_stride_q, size_parts_x, size_q, size_x, size_length_x, BLOCK_X_PART_1: tl.constexpr,
    BLOCK_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    min_x_part = tl.full([BLOCK_Q], float("inf"), tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_min = tl.min(min_parts, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        tile = tl.where((x_part_index < size_parts_x)[None, :], min_parts, float("inf"))
        tile_min = tl.min(tile, 1)
        next_min_x_part = tl.minimum(min_x_part, tile_min)
        min_x_part = next_min_x_part
    min_x_part_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    tile_i32 = tl.cast(2147483647, tl.int32)
    tile_i32_2 = tl.cast((-1 + size_x), tl.int32)
    # whole tiles, no mask needed
    for first_x_part_3 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_3 + tl.arange(0, BLOCK_X_PART_1)
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(min_x_part[:, None] == min_parts, min_parts2, tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        tile_min = tl.min(where_q_x_part_2, 1)
        next_min_x_part = tl.minimum(min_x_part_2, tile_min)
        min_x_part_2 = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_4 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_4 + tl.arange(0, BLOCK_X_PART_1)
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x_part = tl.where(min_x_part[:, None] == min_parts, min_parts2, tile_i32_2)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, tile_i32)
        where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, 2147483647)
        tile_min = tl.min(where_q_x_part_3, 1)
        next_min_x_part = tl.minimum(min_x_part_2, tile_min)
        min_x_part_2 = next_min_x_part
    min_x_part_3 = tl.full([BLOCK_Q], float("inf"), tl.float32)
    # whole tiles, no mask needed
    for first_x_part_5 in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part_5 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part = tl.where(min_parts2 == min_x_part_2[:, None], min_parts3, min_parts)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, float("inf"))
        tile_min = tl.min(where_q_x_part_2, 1)
        next_min_x_part = tl.minimum(min_x_part_3, tile_min)
        min_x_part_3 = next_min_x_part
    # tiles that a mask or the end cuts
    for first_x_part_6 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_6 + tl.arange(0, BLOCK_X_PART_1)
        min_parts = tl.load(
            min_parts_ptr + x_part_index[None, :] * min_parts_stride_x_part_1 + q_index[:, None] * min_parts_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts3 = tl.load(
            min_parts3_ptr + x_part_index[None, :] * min_parts3_stride_x_part_1 + q_index[:, None] * min_parts3_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0.0,
        )
        min_parts2 = tl.load(
            min_parts2_ptr + x_part_index[None, :] * min_parts2_stride_x_part_1 + q_index[:, None] * min_parts2_stride_q,
            mask=(x_part_index < size_parts_x)[None, :] & (q_index < size_q)[:, None],
            other=0,
        )
        where_q_x_part = tl.where(min_parts2 == min_x_part_2[:, None], min_parts3, min_parts)
        where_q_x_part_2 = tl.where(((x_part_index * size_length_x) < size_x)[None, :], where_q_x_part, float("inf"))
        where_q_x_part_3 = tl.where((x_part_index < size_parts_x)[None, :], where_q_x_part_2, float("inf"))
        tile_min = tl.min(where_q_x_part_3, 1)
        next_min_x_part = tl.minimum(min_x_part_3, tile_min)
        min_x_part_3 = next_min_x_part
    safe_min_x_part = tl.where(min_x_part == float("-inf"), 0.0, min_x_part)
    tl.store(out_ptr + q_index * out_stride_q, (min_x_part_3 - safe_min_x_part), mask=(q_index < size_q))


@triton.jit
def margin_forward_rows_kernel(
    Q_ptr, K_ptr, out_ptr, place_ptr, place__ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    out_stride_q, place_stride_q, place__stride_q, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    x_index = tl.arange(0, BLOCK_X)
    # src[nearest.diag:25]
    K = load_tile(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        (x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        0.0,
        EXACT_X and EXACT_D,
    )
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    sub_d_x_2 = tl.where((d_index < size_d)[:, None], sub_d_x, 0.0)
    mul_d_x = sub_d_x_2 * sub_d_x_2
    sum_ = tl.sum(mul_d_x, 0)
    D = tl.where(x_index < size_x, sum_, float("inf"))
    # src[nearest.diag:27]
    min_ = tl.min(D, 0)
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    x_i32 = x_index.to(tl.int32)
    where_x = tl.where(x_index < size_x, tl.where(sum_ == min_, x_i32, tile_i32), 2147483647)
    min_2 = tl.min(where_x, 0)
    where_x_2 = tl.where(x_index == min_2, float("inf"), sum_)
    where_x_3 = tl.where(x_index < size_x, where_x_2, float("inf"))
    min_3 = tl.min(where_x_3, 0)
    tl.store(out_ptr + q_index * out_stride_q, (min_3 - min_))
    tl.store(place_ptr + q_index * place_stride_q, min_2)
    where_x_4 = tl.where(x_index < size_x, tl.where(where_x_2 == min_3, x_i32, tile_i32), 2147483647)
    min_4 = tl.min(where_x_4, 0)
    tl.store(place__ptr + q_index * place__stride_q, min_4)


@triton.jit
def margin_forward_kernel(
    Q_ptr, K_ptr, out_ptr, place_ptr, place__ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    out_stride_q, place_stride_q, place__stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    min_x = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_2 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    min_x_3 = tl.full([BLOCK_Q], float("inf"), tl.float32)
    min_x_4 = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[nearest.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
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
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:27]
        tile_min = tl.min(sum_, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        x_i32 = x_index.to(tl.int32)
        where_q_x = tl.where(sum_ == next_min_x[:, None], x_i32[None, :], tile_i32)
        tile_min_2 = tl.min(where_q_x, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x_5 = next_min_x_2 == min_x_2
        min_x_6 = tl.where(min_x_5, min_x_3, min_x)
        where_q_x_2 = tl.where(x_index[None, :] == next_min_x_2[:, None], float("inf"), sum_)
        tile_min_3 = tl.min(where_q_x_2, 1)
        next_min_x_3 = tl.minimum(min_x_6, tile_min_3)
        tile_i32_2 = tl.where(min_x_6 == next_min_x_3, tl.where(min_x_5, min_x_4, min_x_2), tile_i32)
        where_q_x_3 = tl.where(where_q_x_2 == next_min_x_3[:, None], x_i32[None, :], tile_i32)
        tile_min_4 = tl.min(where_q_x_3, 1)
        next_tile_i32 = tl.minimum(tile_i32_2, tile_min_4)
        min_x = next_min_x
        min_x_2 = next_min_x_2
        min_x_3 = next_min_x_3
        min_x_4 = next_tile_i32
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        D = tl.where((x_index < size_x)[None, :], sum_, float("inf"))
        # src[nearest.diag:27]
        tile_min = tl.min(D, 1)
        next_min_x = tl.minimum(min_x, tile_min)
        x_i32 = x_index.to(tl.int32)
        where_q_x = tl.where(sum_ == next_min_x[:, None], x_i32[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        tile_min_2 = tl.min(where_q_x_2, 1)
        next_min_x_2 = tl.minimum(tl.where(min_x == next_min_x, min_x_2, tile_i32), tile_min_2)
        min_x_5 = next_min_x_2 == min_x_2
        min_x_6 = tl.where(min_x_5, min_x_3, min_x)
        where_q_x_3 = tl.where(x_index[None, :] == next_min_x_2[:, None], float("inf"), sum_)
        where_q_x_4 = tl.where((x_index < size_x)[None, :], where_q_x_3, float("inf"))
        tile_min_3 = tl.min(where_q_x_4, 1)
        next_min_x_3 = tl.minimum(min_x_6, tile_min_3)
        tile_i32_2 = tl.where(min_x_6 == next_min_x_3, tl.where(min_x_5, min_x_4, min_x_2), tile_i32)
        where_q_x_5 = tl.where(where_q_x_3 == next_min_x_3[:, None], x_i32[None, :], tile_i32)
        where_q_x_6 = tl.where((x_index < size_x)[None, :], where_q_x_5, 2147483647)
        tile_min_4 = tl.min(where_q_x_6, 1)
        next_tile_i32 = tl.minimum(tile_i32_2, tile_min_4)
        min_x = next_min_x
        min_x_2 = next_min_x_2
        min_x_3 = next_min_x_3
        min_x_4 = next_tile_i32
    # src[nearest.diag:27]
    tl.store(out_ptr + q_index * out_stride_q, (min_x_3 - min_x), mask=(q_index < size_q))
    tl.store(place_ptr + q_index * place_stride_q, min_x_2, mask=(q_index < size_q))
    tl.store(place__ptr + q_index * place__stride_q, min_x_4, mask=(q_index < size_q))


@triton.jit
def margin_backward_d_Q_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, place__ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, place__stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
    # src[nearest.diag:25]
    K = tl.load(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    # src[nearest.diag:7]
    sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    place = tl.load(place_ptr + q_index * place_stride_q)
    # src[nearest.diag:27]
    x_i32 = x_index.to(tl.int32)
    where_d_x = tl.where((x_i32 == place)[None, :], (2.0 * d_out) * sub_d_x, 0.0)
    place_ = tl.load(place__ptr + q_index * place__stride_q)
    where_d_x_2 = tl.where((x_i32 == place_)[None, :], sub_d_x * d_out, 0.0)
    where_d_x_3 = tl.where((place == x_index)[None, :], 0.0, where_d_x_2)
    safe_ = tl.where(where_d_x == float("-inf"), 0.0, where_d_x)
    sub_d_x_2 = tl.where((x_index < size_x)[None, :], (2.0 * where_d_x_3) - safe_, 0.0)
    sum_ = tl.sum(sub_d_x_2, 1)
    tl.store(d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d, sum_, mask=(d_index < size_d))


@triton.jit
def margin_backward_d_Q_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, place__ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, place__stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    sum_x = tl.full([BLOCK_D], 0.0, tl.float32)
    d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
    # src[nearest.diag:25]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    place = tl.load(place_ptr + q_index * place_stride_q)
    place_ = tl.load(place__ptr + q_index * place__stride_q)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        # src[nearest.diag:27]
        x_i32 = x_index.to(tl.int32)
        where_d_x = tl.where((x_i32 == place)[None, :], (2.0 * d_out) * sub_d_x, 0.0)
        where_d_x_2 = tl.where((x_i32 == place_)[None, :], sub_d_x * d_out, 0.0)
        where_d_x_3 = tl.where((place == x_index)[None, :], 0.0, where_d_x_2)
        safe_ = tl.where(where_d_x == float("-inf"), 0.0, where_d_x)
        sub_d_x_2 = (2.0 * where_d_x_3) - safe_
        tile_sum = tl.sum(sub_d_x_2, 1)
        next_sum_x = sum_x + tile_sum
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:25]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        # src[nearest.diag:27]
        x_i32 = x_index.to(tl.int32)
        where_d_x = tl.where((x_i32 == place)[None, :], (2.0 * d_out) * sub_d_x, 0.0)
        where_d_x_2 = tl.where((x_i32 == place_)[None, :], sub_d_x * d_out, 0.0)
        where_d_x_3 = tl.where((place == x_index)[None, :], 0.0, where_d_x_2)
        safe_ = tl.where(where_d_x == float("-inf"), 0.0, where_d_x)
        sub_d_x_2 = tl.where((x_index < size_x)[None, :], (2.0 * where_d_x_3) - safe_, 0.0)
        tile_sum = tl.sum(sub_d_x_2, 1)
        next_sum_x = sum_x + tile_sum
        sum_x = next_sum_x
    tl.store(d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d, sum_x, mask=(d_index < size_d))


@triton.jit
def margin_backward_d_K_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, place__ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, place__stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    q_index = tl.arange(0, BLOCK_Q)
    d_out = load_tile(d_out_ptr + q_index * d_out_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    # src[nearest.diag:25]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    Q = tl.load(
        Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
        mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    # src[nearest.diag:7]
    sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
    place_ = load_tile(place__ptr + q_index * place__stride_q, (q_index < size_q), 0, EXACT_Q)
    # src[nearest.diag:27]
    x_i32 = x_index.to(tl.int32)
    where_d_q = tl.where((x_i32 == place_)[None, :], sub_d_q * d_out[None, :], 0.0)
    place = load_tile(place_ptr + q_index * place_stride_q, (q_index < size_q), 0, EXACT_Q)
    where_d_q_2 = tl.where((place == x_index)[None, :], 0.0, where_d_q)
    mul_d_q = 2.0 * where_d_q_2
    where_d_q_3 = tl.where((x_i32 == place)[None, :], (2.0 * d_out)[None, :] * sub_d_q, 0.0)
    sub_d_q_2 = where_d_q_3 - tl.where(mul_d_q == float("-inf"), 0.0, mul_d_q)
    sub_d_q_3 = tl.where((q_index < size_q)[None, :], sub_d_q_2, 0.0)
    sum_ = tl.sum(sub_d_q_3, 1)
    tl.store(d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d, sum_, mask=(d_index < size_d))


@triton.jit
def margin_backward_d_K_kernel(
    Q_ptr, K_ptr, d_out_ptr, place_ptr, place__ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    d_out_stride_q, place_stride_q, place__stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    sum_q = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:25]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    # src[nearest.diag:27]
    x_i32 = x_index.to(tl.int32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
        # src[nearest.diag:25]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        place_ = tl.load(place__ptr + q_index * place__stride_q)
        where_d_q = tl.where((x_i32 == place_)[None, :], sub_d_q * d_out[None, :], 0.0)
        place = tl.load(place_ptr + q_index * place_stride_q)
        # src[nearest.diag:27]
        where_d_q_2 = tl.where((place == x_index)[None, :], 0.0, where_d_q)
        mul_d_q = 2.0 * where_d_q_2
        where_d_q_3 = tl.where((x_i32 == place)[None, :], (2.0 * d_out)[None, :] * sub_d_q, 0.0)
        sub_d_q_2 = where_d_q_3 - tl.where(mul_d_q == float("-inf"), 0.0, mul_d_q)
        tile_sum = tl.sum(sub_d_q_2, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q, mask=(q_index < size_q), other=0.0)
        # src[nearest.diag:25]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        place_ = tl.load(place__ptr + q_index * place__stride_q, mask=(q_index < size_q), other=0)
        where_d_q = tl.where((x_i32 == place_)[None, :], sub_d_q * d_out[None, :], 0.0)
        place = tl.load(place_ptr + q_index * place_stride_q, mask=(q_index < size_q), other=0)
        # src[nearest.diag:27]
        where_d_q_2 = tl.where((place == x_index)[None, :], 0.0, where_d_q)
        mul_d_q = 2.0 * where_d_q_2
        where_d_q_3 = tl.where((x_i32 == place)[None, :], (2.0 * d_out)[None, :] * sub_d_q, 0.0)
        sub_d_q_2 = where_d_q_3 - tl.where(mul_d_q == float("-inf"), 0.0, mul_d_q)
        sub_d_q_3 = tl.where((q_index < size_q)[None, :], sub_d_q_2, 0.0)
        tile_sum = tl.sum(sub_d_q_3, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    tl.store(d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d, sum_q, mask=(d_index < size_d))


@_operator
def _margin(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_margin(Q: f32[q d], K: f32[x d]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_D * BLOCK_X <= 16384:
        if BLOCK_D * BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D * BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        margin_rows_kernel[grid](
            Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
            BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    margin_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _margin_parts(
    Q: torch.Tensor,
    K: torch.Tensor,
    parts_x: int,
    length_x: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_margin_parts(Q: f32[q d], K: f32[x d]) -> min_parts: f32[x_part q], min_parts2: i32[x_part q], min_parts3: f32[x_part q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    min_parts = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    min_parts2 = torch.empty((parts_x, q), dtype=torch.int32, device=Q.device)
    min_parts3 = torch.empty((parts_x, q), dtype=torch.float32, device=Q.device)
    if _is_traced(min_parts):
        return min_parts, min_parts2, min_parts3
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_X_IN_1 = max(16, triton.next_power_of_2(length_x))
    if BLOCK_D * BLOCK_X_IN_1 <= 16384:
        if BLOCK_D * BLOCK_X_IN_1 <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D * BLOCK_X_IN_1 <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (parts_x * q,)
        margin_parts_rows_kernel[grid](
            Q, K, min_parts, min_parts2, min_parts3, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
            min_parts.stride(0), min_parts.stride(1), min_parts2.stride(0), min_parts2.stride(1),
            min_parts3.stride(0), min_parts3.stride(1), q, d, x, parts_x, length_x, BLOCK_D=BLOCK_D,
            BLOCK_X_IN_1=BLOCK_X_IN_1, EXACT_D=d == BLOCK_D, EXACT_X_IN_1=length_x == BLOCK_X_IN_1,
            num_warps=warps, num_stages=stages,
        )
        return min_parts, min_parts2, min_parts3
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X_IN_1, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (parts_x * triton.cdiv(q, BLOCK_Q),)
    margin_parts_kernel[grid](
        Q, K, min_parts, min_parts2, min_parts3, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        min_parts.stride(0), min_parts.stride(1), min_parts2.stride(0), min_parts2.stride(1),
        min_parts3.stride(0), min_parts3.stride(1), q, d, x, parts_x, length_x, BLOCK_X_IN_1=BLOCK_X_IN_1,
        BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D_2, num_warps=warps, num_stages=stages,
    )
    return min_parts, min_parts2, min_parts3


@_operator
def _margin_joined(
    min_parts: torch.Tensor,
    min_parts2: torch.Tensor,
    min_parts3: torch.Tensor,
    x: int,
    length_x: int,
) -> torch.Tensor:
    """_margin_joined(min_parts: f32[x_part q], min_parts2: i32[x_part q], min_parts3: f32[x_part q]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("min_parts", min_parts, torch.float32, 2, min_parts.device)
    _check("min_parts2", min_parts2, torch.int32, 2, min_parts.device)
    _check("min_parts3", min_parts3, torch.float32, 2, min_parts.device)
    parts_x, q = min_parts.shape
    if min_parts2.shape != (parts_x, q):
        raise ValueError(f"min_parts2: i32[x_part q] has shape {min_parts2.shape}, expected {(parts_x, q)}")
    if min_parts3.shape != (parts_x, q):
        raise ValueError(f"min_parts3: f32[x_part q] has shape {min_parts3.shape}, expected {(parts_x, q)}")
    out = torch.empty((q,), dtype=torch.float32, device=min_parts.device)
    if _is_traced(out):
        return out
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    if BLOCK_X_PART_1 <= 1024:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_Q, warps, stages = 256, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_Q, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 256:
            BLOCK_Q, warps, stages = 16, 4, 1
        else:
            BLOCK_Q, warps, stages = 8, 8, 1
        grid = (triton.cdiv(q, BLOCK_Q),)
        margin_joined_rows_kernel[grid](
            min_parts, min_parts2, min_parts3, out, min_parts.stride(0), min_parts.stride(1),
            min_parts2.stride(0), min_parts2.stride(1), min_parts3.stride(0), min_parts3.stride(1),
            out.stride(0), parts_x, q, x, length_x, BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_Q=BLOCK_Q,
            EXACT_X_PART_1=parts_x == BLOCK_X_PART_1, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X_PART_1, BLOCK_Q, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    margin_joined_kernel[grid](
        min_parts, min_parts2, min_parts3, out, min_parts.stride(0), min_parts.stride(1),
        min_parts2.stride(0), min_parts2.stride(1), min_parts3.stride(0), min_parts3.stride(1), out.stride(0),
        parts_x, q, x, length_x, BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_Q=BLOCK_Q, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _margin_forward(Q: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_margin_forward(Q: f32[q d], K: f32[x d]) -> out: f32[q], place: i32[q], place_: i32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
    place = torch.empty((q,), dtype=torch.int32, device=Q.device)
    place_ = torch.empty((q,), dtype=torch.int32, device=Q.device)
    if _is_traced(out):
        return out, place, place_
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_D * BLOCK_X <= 16384:
        if BLOCK_D * BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D * BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        margin_forward_rows_kernel[grid](
            Q, K, out, place, place_, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0),
            place.stride(0), place_.stride(0), q, d, x, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X,
            EXACT_D=d == BLOCK_D, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return out, place, place_
    BLOCK_D_2 = max(16, triton.next_power_of_2(d))
    if BLOCK_D_2 > 16384:
        raise ValueError(f"d = {BLOCK_D_2}: at most 16384 elements are held on chip")
    if BLOCK_D_2 <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 2
    elif BLOCK_D_2 <= 256:
        BLOCK_X, BLOCK_Q, warps, stages = 4, 16, 8, 2
    elif BLOCK_D_2 <= 1024:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 16, 8, 2
    elif BLOCK_D_2 <= 4096:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 1, 1, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    margin_forward_kernel[grid](
        Q, K, out, place, place_, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0),
        place.stride(0), place_.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D_2, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D_2, num_warps=warps, num_stages=stages,
    )
    return out, place, place_


@_operator
def _margin_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    place: torch.Tensor,
    place_: torch.Tensor,
) -> torch.Tensor:
    """_margin_backward_d_Q(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q], place_: i32[q]) -> d_Q: f32[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("place", place, torch.int32, 1, Q.device)
    _check("place_", place_, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if place_.shape != (q,):
        raise ValueError(f"place_: i32[q] has shape {place_.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 1024:
        if BLOCK_X <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_X <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(d, BLOCK_D),)
        margin_backward_d_Q_rows_kernel[grid](
            Q, K, d_out, place, place_, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
            d_out.stride(0), place.stride(0), place_.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x,
            BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_Q
    BLOCK_X, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(d, BLOCK_D),)
    margin_backward_d_Q_kernel[grid](
        Q, K, d_out, place, place_, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        place.stride(0), place_.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _margin_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    place: torch.Tensor,
    place_: torch.Tensor,
) -> torch.Tensor:
    """_margin_backward_d_K(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q], place_: i32[q]) -> d_K: f32[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("place", place, torch.int32, 1, Q.device)
    _check("place_", place_, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if place_.shape != (q,):
        raise ValueError(f"place_: i32[q] has shape {place_.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (x * triton.cdiv(d, BLOCK_D),)
        margin_backward_d_K_rows_kernel[grid](
            Q, K, d_out, place, place_, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
            d_out.stride(0), place.stride(0), place_.stride(0), d_K.stride(0), d_K.stride(1), q, d, x,
            BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_Q, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (x * triton.cdiv(d, BLOCK_D),)
    margin_backward_d_K_kernel[grid](
        Q, K, d_out, place, place_, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        place.stride(0), place_.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


class _margin_autograd(torch.autograd.Function):
    """margin and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        out, place, place_ = _margin_forward(Q, K)
        ctx.save_for_backward(Q, K, place, place_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, place, place_ = ctx.saved_tensors
        d_Q = _margin_backward_d_Q(Q, K, d_out, place, place_)
        d_K = _margin_backward_d_K(Q, K, d_out, place, place_)
        return d_Q, d_K


@_anywhere(torch.float32, torch.float32)
def margin(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """margin(Q: f32[q d], K: f32[x d]) -> out: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        if d <= 16384:
            return _margin_autograd.apply(Q, K)
        raise ValueError("margin: gradients are made for sizes whose tiles are held on chip")
    programs = triton.cdiv(q, 16)
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512 and d <= 16384:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            min_parts, min_parts2, min_parts3 = _margin_parts(Q, K, parts_x, length_x)
            out = _margin_joined(min_parts, min_parts2, min_parts3, x, length_x)
            return out
    out = _margin(Q, K)
    return out


@triton.jit
def kernel_regression_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    out_stride_q, out_stride_e, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[nearest.diag:31]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[nearest.diag:31]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:32]
        mul_q_x = (recip * -1.0) * sum_
        # src[maps.diag:5]
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        tile_2 = (-1.4426950408889634 * next_max_x) - (-1.4426950408889634 * max_x)
        scale = tl.exp2(tile_2)
        mul_q_x_2 = -1.4426950408889634 * (next_max_x[:, None] + (recip * sum_))
        e = tl.exp2(mul_q_x_2)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[nearest.diag:31]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        next_acc_x = tl.dot(e, V, (acc_x * scale[:, None]), input_precision="ieee")
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:31]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:32]
        mul_q_x = tl.where((x_index < size_x)[None, :], (recip * -1.0) * sum_, float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        tile_2 = (-1.4426950408889634 * next_max_x) - (-1.4426950408889634 * max_x)
        scale = tl.exp2(tile_2)
        mul_q_x_2 = -1.4426950408889634 * (next_max_x[:, None] + (recip * sum_))
        mul_q_x_3 = tl.where((x_index < size_x)[None, :], mul_q_x_2, float("-inf"))
        e = tl.exp2(mul_q_x_3)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e, V, (acc_x * scale[:, None]), input_precision="ieee")
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[nearest.diag:32]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def kernel_regression_long_buffer_0_rows_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:31]
    K = load_tile(K_ptr + x_index * K_stride_x + d_index * K_stride_d, (d_index < size_d), 0.0, EXACT_D)
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
    mul_d = sub_d * sub_d
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x, sum_)


@triton.jit
def kernel_regression_long_buffer_0_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[nearest.diag:31]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d)
        # src[nearest.diag:7]
        sub_d = Q - tl.where(Q == float("-inf"), 0.0, K)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[nearest.diag:31]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
        # src[nearest.diag:7]
        sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x, acc_d)


@triton.jit
def kernel_regression_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_x, V_stride_e, buffer_0_stride_q, buffer_0_stride_x, out_stride_q,
    out_stride_e, size_x, size_e, size_q, size_d, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
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
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = (recip * -1.0) * buffer_0
        # src[maps.diag:5]
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        mul_q = -1.4426950408889634 * max_x
        tile = (-1.4426950408889634 * next_max_x) - tl.where(mul_q == float("-inf"), 0.0, mul_q)
        scale = tl.exp2(tile)
        mul_q_x_2 = -1.4426950408889634 * (next_max_x[:, None] + (recip * buffer_0))
        e = tl.exp2(mul_q_x_2)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e, tl.trans(V), (acc_x * scale[:, None]), input_precision="ieee")
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
            other=0.0,
        )
        # src[nearest.diag:32]
        mul_q_x = tl.where((x_index < size_x)[None, :], (recip * -1.0) * buffer_0, float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        mul_q = -1.4426950408889634 * max_x
        tile = (-1.4426950408889634 * next_max_x) - tl.where(mul_q == float("-inf"), 0.0, mul_q)
        scale = tl.exp2(tile)
        mul_q_x_2 = -1.4426950408889634 * (next_max_x[:, None] + (recip * buffer_0))
        mul_q_x_3 = tl.where((x_index < size_x)[None, :], mul_q_x_2, float("-inf"))
        e = tl.exp2(mul_q_x_3)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e, tl.trans(V), (acc_x * scale[:, None]), input_precision="ieee")
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[nearest.diag:32]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def kernel_regression_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, state_ptr, z_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    V_stride_x, V_stride_e, out_stride_q, out_stride_e, state_stride_q, z_stride_q, size_q, size_d, size_x,
    size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    # src[nearest.diag:31]
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
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:32]
        mul_q_x = (-1.0 * recip) * sum_
        # src[maps.diag:5]
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        tile_2 = (-1.4426950408889634 * next_max_x) - (-1.4426950408889634 * max_x)
        scale = tl.exp2(tile_2)
        mul_q_x_2 = ((sum_ * recip) + next_max_x[:, None]) * -1.4426950408889634
        e = tl.exp2(mul_q_x_2)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[nearest.diag:31]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        next_acc_x = tl.dot(e, V, (acc_x * scale[:, None]), input_precision="ieee")
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:31]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        tile = tl.where((Q == float("-inf"))[:, None, :], 0.0, K[None, :, :])
        # src[nearest.diag:7]
        sub_q_x_d = tl.where((d_index < size_d)[None, None, :], Q[:, None, :] - tile, 0.0)
        mul_q_x_d = sub_q_x_d * sub_q_x_d
        sum_ = tl.sum(mul_q_x_d, 2)
        # src[nearest.diag:32]
        mul_q_x = tl.where((x_index < size_x)[None, :], (-1.0 * recip) * sum_, float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        tile_2 = (-1.4426950408889634 * next_max_x) - (-1.4426950408889634 * max_x)
        scale = tl.exp2(tile_2)
        mul_q_x_2 = ((sum_ * recip) + next_max_x[:, None]) * -1.4426950408889634
        mul_q_x_3 = tl.where((x_index < size_x)[None, :], mul_q_x_2, float("-inf"))
        e = tl.exp2(mul_q_x_3)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e, V, (acc_x * scale[:, None]), input_precision="ieee")
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[nearest.diag:32]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(state_ptr + q_index * state_stride_q, max_x, mask=(q_index < size_q))
    tl.store(z_ptr + q_index * z_stride_q, z, mask=(q_index < size_q))


@triton.jit
def kernel_regression_backward_e_rows_kernel(
    Q_ptr, K_ptr, state_ptr, e_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, state_stride_q,
    e_stride_q, e_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:31]
    K = load_tile(K_ptr + x_index * K_stride_x + d_index * K_stride_d, (d_index < size_d), 0.0, EXACT_D)
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
    mul_d = sub_d * sub_d
    sum_ = tl.sum(mul_d, 0)
    # src[nearest.diag:32]
    state = tl.load(state_ptr + q_index * state_stride_q)
    add = state + ((1.0 / tl.cast(size_d, tl.float32)) * sum_)
    # src[maps.diag:5]
    tl.store(e_ptr + q_index * e_stride_q + x_index * e_stride_x, tl.exp2(-1.4426950408889634 * add))


@triton.jit
def kernel_regression_backward_e_kernel(
    Q_ptr, K_ptr, state_ptr, e_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, state_stride_q,
    e_stride_q, e_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[nearest.diag:31]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d)
        # src[nearest.diag:7]
        sub_d = Q - tl.where(Q == float("-inf"), 0.0, K)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[nearest.diag:31]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
        # src[nearest.diag:7]
        sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    # src[nearest.diag:32]
    state = tl.load(state_ptr + q_index * state_stride_q)
    add = state + ((1.0 / tl.cast(size_d, tl.float32)) * acc_d)
    # src[maps.diag:5]
    tl.store(e_ptr + q_index * e_stride_q + x_index * e_stride_x, tl.exp2(-1.4426950408889634 * add))


@triton.jit
def kernel_regression_backward_buffer_1_rows_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    out = load_tile(
        out_ptr + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = out * d_out
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, sum_)


@triton.jit
def kernel_regression_backward_buffer_1_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e)
        out = tl.load(out_ptr + q_index * out_stride_q + e_index * out_stride_e)
        mul_e = out * d_out
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        out = tl.load(
            out_ptr + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = out * d_out
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_e)


@triton.jit
def kernel_regression_backward_buffer_2_kernel(
    V_ptr, d_out_ptr, buffer_1_ptr, buffer_2_ptr, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e,
    buffer_1_stride_q, buffer_2_stride_q, buffer_2_stride_x, size_x, size_e, size_q, BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_e = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e, input_precision="ieee")
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e, input_precision="ieee")
        acc_e = next_acc_e
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
    tl.store(
        buffer_2_ptr + q_index[:, None] * buffer_2_stride_q + x_index[None, :] * buffer_2_stride_x,
        (acc_e - buffer_1[:, None]),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def kernel_regression_backward_d_V_kernel(
    d_out_ptr, z_ptr, e_ptr, d_V_ptr, d_out_stride_q, d_out_stride_e, z_stride_q, e_stride_q, e_stride_x,
    d_V_stride_x, d_V_stride_e, size_q, size_e, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        z = tl.load(z_ptr + q_index * z_stride_q)
        # src[maps.diag:7]
        e = tl.load(
            e_ptr + q_index[None, :] * e_stride_q + x_index[:, None] * e_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        tile = tl.where((z > 0.0)[None, :], e, 0.0) * (1.0 / z)[None, :]
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(tile, tl.trans(d_out), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        e = tl.load(
            e_ptr + q_index[None, :] * e_stride_q + x_index[:, None] * e_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        # src[maps.diag:7]
        tile = tl.where((z > 0.0)[None, :], e, 0.0) * tl.where(q_index < size_q, 1.0 / z, 0.0)[None, :]
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(tile, tl.trans(d_out), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def kernel_regression_backward_d_Q_rows_kernel(
    Q_ptr, K_ptr, z_ptr, buffer_2_ptr, e_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    z_stride_q, buffer_2_stride_q, buffer_2_stride_x, e_stride_q, e_stride_x, d_Q_stride_q, d_Q_stride_d,
    size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    z = tl.load(z_ptr + q_index * z_stride_q)
    # src[nearest.diag:32]
    e = load_tile(e_ptr + q_index * e_stride_q + x_index * e_stride_x, (x_index < size_x), 0.0, EXACT_X)
    buffer_2 = load_tile(
        buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[nearest.diag:31]
    K = tl.load(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    # src[nearest.diag:7]
    sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    sub_d_x_2 = tl.where((x_index < size_x)[None, :], sub_d_x, 0.0)
    mul_d_x = sub_d_x_2 * (buffer_2 * e)[None, :]
    sum_ = tl.sum(mul_d_x, 1)
    scalar = ((1.0 / tl.cast(size_d, tl.float32)) * -2.0) * (1.0 / z)
    # src[maps.diag:7]
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        tl.where(z > 0.0, scalar * sum_, 0.0),
        mask=(d_index < size_d),
    )


@triton.jit
def kernel_regression_backward_d_Q_kernel(
    Q_ptr, K_ptr, z_ptr, buffer_2_ptr, e_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    z_stride_q, buffer_2_stride_q, buffer_2_stride_x, e_stride_q, e_stride_x, d_Q_stride_q, d_Q_stride_d,
    size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:31]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        e = tl.load(e_ptr + q_index * e_stride_q + x_index * e_stride_x)
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x)
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        mul_d_x = sub_d_x * (buffer_2 * e)[None, :]
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        e = tl.load(e_ptr + q_index * e_stride_q + x_index * e_stride_x, mask=(x_index < size_x), other=0.0)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[nearest.diag:31]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        sub_d_x_2 = tl.where((x_index < size_x)[None, :], sub_d_x, 0.0)
        mul_d_x = sub_d_x_2 * (buffer_2 * e)[None, :]
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    z = tl.load(z_ptr + q_index * z_stride_q)
    # src[nearest.diag:32]
    scalar = ((1.0 / tl.cast(size_d, tl.float32)) * -2.0) * (1.0 / z)
    # src[maps.diag:7]
    tl.store(
        d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d,
        tl.where(z > 0.0, scalar * acc_x, 0.0),
        mask=(d_index < size_d),
    )


@triton.jit
def kernel_regression_backward_d_K_rows_kernel(
    Q_ptr, K_ptr, z_ptr, buffer_2_ptr, e_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    z_stride_q, buffer_2_stride_q, buffer_2_stride_x, e_stride_q, e_stride_x, d_K_stride_x, d_K_stride_d,
    size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    q_index = tl.arange(0, BLOCK_Q)
    e = load_tile(e_ptr + q_index * e_stride_q + x_index * e_stride_x, (q_index < size_q), 0.0, EXACT_Q)
    z = load_tile(z_ptr + q_index * z_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    buffer_2 = load_tile(
        buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
        (q_index < size_q),
        0.0,
        EXACT_Q,
    )
    # src[nearest.diag:31]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    Q = tl.load(
        Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
        mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    # src[nearest.diag:7]
    sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
    mul_d_q = ((buffer_2 * (1.0 / z)) * e)[None, :] * sub_d_q
    # src[maps.diag:7]
    where_d_q = tl.where(((z > 0.0) & (q_index < size_q))[None, :], mul_d_q, 0.0)
    sum_ = tl.sum(where_d_q, 1)
    # src[nearest.diag:32]
    mul_d = (2.0 * (1.0 / tl.cast(size_d, tl.float32))) * sum_
    tl.store(d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d, mul_d, mask=(d_index < size_d))


@triton.jit
def kernel_regression_backward_d_K_kernel(
    Q_ptr, K_ptr, z_ptr, buffer_2_ptr, e_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    z_stride_q, buffer_2_stride_q, buffer_2_stride_x, e_stride_q, e_stride_x, d_K_stride_x, d_K_stride_d,
    size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    sum_q = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:31]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        z = tl.load(z_ptr + q_index * z_stride_q)
        # src[maps.diag:7]
        e = tl.load(e_ptr + q_index * e_stride_q + x_index * e_stride_x)
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x)
        # src[nearest.diag:31]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        mul_d_q = ((buffer_2 * (1.0 / z)) * e)[None, :] * sub_d_q
        where_d_q = tl.where((z > 0.0)[None, :], mul_d_q, 0.0)
        tile_sum = tl.sum(where_d_q, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        e = tl.load(e_ptr + q_index * e_stride_q + x_index * e_stride_x, mask=(q_index < size_q), other=0.0)
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            mask=(q_index < size_q),
            other=0.0,
        )
        # src[nearest.diag:31]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        mul_d_q = ((buffer_2 * (1.0 / z)) * e)[None, :] * sub_d_q
        # src[maps.diag:7]
        where_d_q = tl.where(((z > 0.0) & (q_index < size_q))[None, :], mul_d_q, 0.0)
        tile_sum = tl.sum(where_d_q, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    # src[nearest.diag:32]
    mul_d = (2.0 * (1.0 / tl.cast(size_d, tl.float32))) * sum_q
    tl.store(d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d, mul_d, mask=(d_index < size_d))


@triton.jit
def kernel_regression_long_forward_state_rows_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, state_stride_q, state_stride_x,
    size_q, size_d, size_x, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[nearest.diag:31]
    K = load_tile(K_ptr + x_index * K_stride_x + d_index * K_stride_d, (d_index < size_d), 0.0, EXACT_D)
    Q = load_tile(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    # src[nearest.diag:7]
    sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
    mul_d = sub_d * sub_d
    sum_ = tl.sum(mul_d, 0)
    tl.store(state_ptr + q_index * state_stride_q + x_index * state_stride_x, sum_)


@triton.jit
def kernel_regression_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, state_stride_q, state_stride_x,
    size_q, size_d, size_x, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    q_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[nearest.diag:31]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d)
        # src[nearest.diag:7]
        sub_d = Q - tl.where(Q == float("-inf"), 0.0, K)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[nearest.diag:31]
        K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
        Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
        # src[nearest.diag:7]
        sub_d = tl.where(d_index < size_d, Q - tl.where(Q == float("-inf"), 0.0, K), 0.0)
        mul_d = sub_d * sub_d
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(state_ptr + q_index * state_stride_q + x_index * state_stride_x, acc_d)


@triton.jit
def kernel_regression_long_forward_e_state__rows_kernel(
    state_ptr, e_ptr, state__ptr, state_stride_q, state_stride_x, e_stride_q, e_stride_x, state__stride_q,
    size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    mul_x = tl.where(x_index < size_x, (-1.0 * recip) * state, float("-inf"))
    # src[maps.diag:5]
    max_ = tl.max(mul_x, 0)
    e = tl.exp2(-1.4426950408889634 * ((recip * state) + max_))
    tl.store(e_ptr + q_index * e_stride_q + x_index * e_stride_x, e, mask=(x_index < size_x))
    tl.store(state__ptr + q_index * state__stride_q, max_)


@triton.jit
def kernel_regression_long_forward_e_state__kernel(
    state_ptr, e_ptr, state__ptr, state_stride_q, state_stride_x, e_stride_q, e_stride_x, state__stride_q,
    size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (-1.0 * recip) * state
        # src[maps.diag:5]
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        max_x = next_max_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[nearest.diag:32]
        mul_x = tl.where(x_index < size_x, (-1.0 * recip) * state, float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        max_x = next_max_x
    tl.store(state__ptr + q_index * state__stride_q, max_x)
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = -1.4426950408889634 * ((recip * state) + max_x)
        # src[maps.diag:5]
        tl.store(e_ptr + q_index * e_stride_q + x_index * e_stride_x, tl.exp2(mul_x))
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = -1.4426950408889634 * ((recip * state) + max_x)
        # src[maps.diag:5]
        tl.store(e_ptr + q_index * e_stride_q + x_index * e_stride_x, tl.exp2(mul_x), mask=(x_index < size_x))


@triton.jit
def kernel_regression_long_forward_z_rows_kernel(
    e_ptr, z_ptr, e_stride_q, e_stride_x, z_stride_q, size_q, size_x, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    e = load_tile(e_ptr + q_index * e_stride_q + x_index * e_stride_x, (x_index < size_x), 0.0, EXACT_X)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(z_ptr + q_index * z_stride_q, sum_)


@triton.jit
def kernel_regression_long_forward_z_kernel(
    e_ptr,
    z_ptr,
    e_stride_q,
    e_stride_x,
    z_stride_q,
    size_q,
    size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    z = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        e = tl.load(e_ptr + q_index * e_stride_q + x_index * e_stride_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = z + tile_sum
        z = next_z
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        e = tl.load(e_ptr + q_index * e_stride_q + x_index * e_stride_x, mask=(x_index < size_x), other=0.0)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = z + tile_sum
        z = next_z
    tl.store(z_ptr + q_index * z_stride_q, z)


@triton.jit
def kernel_regression_long_forward_out_kernel(
    V_ptr, z_ptr, e_ptr, out_ptr, V_stride_x, V_stride_e, z_stride_q, e_stride_q, e_stride_x, out_stride_q,
    out_stride_e, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        e = tl.load(
            e_ptr + q_index[:, None] * e_stride_q + x_index[None, :] * e_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e, tl.trans(V), acc_x, input_precision="ieee")
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        e = tl.load(
            e_ptr + q_index[:, None] * e_stride_q + x_index[None, :] * e_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e, tl.trans(V), acc_x, input_precision="ieee")
        acc_x = next_acc_x
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    # src[maps.diag:7]
    # src[nearest.diag:32]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def kernel_regression_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, buffer_0_ptr, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e, buffer_0_stride_q,
    buffer_0_stride_x, size_x, size_e, size_q, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_e = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e, input_precision="ieee")
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[nearest.diag:31]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e, input_precision="ieee")
        acc_e = next_acc_e
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_e,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def kernel_regression_long_backward_buffer_1_rows_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    out = load_tile(
        out_ptr + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_out * out
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, sum_)


@triton.jit
def kernel_regression_long_backward_buffer_1_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        out = tl.load(out_ptr + q_index * out_stride_q + e_index * out_stride_e)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e)
        mul_e = d_out * out
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_out * out
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_e)


@triton.jit
def kernel_regression_long_backward_buffer_2_d_Q_rows_kernel(
    Q_ptr, K_ptr, state_ptr, state__ptr, z_ptr, buffer_0_ptr, buffer_1_ptr, buffer_2_ptr, d_Q_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, state_stride_q, state_stride_x, state__stride_q, z_stride_q,
    buffer_0_stride_q, buffer_0_stride_x, buffer_1_stride_q, buffer_2_stride_q, buffer_2_stride_x,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    z = tl.load(z_ptr + q_index * z_stride_q)
    recip = 1.0 / z
    # src[nearest.diag:32]
    recip_2 = 1.0 / tl.cast(size_d, tl.float32)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    mul_x = (state_ + (state * recip_2)) * -1.4426950408889634
    # src[maps.diag:5]
    e = tl.exp2(tl.where(x_index < size_x, mul_x, float("-inf")))
    # src[maps.diag:7]
    gt = z > 0.0
    tl.store(
        buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
        (tl.where(gt, e, 0.0) * recip),
        mask=(x_index < size_x),
    )
    # src[nearest.diag:31]
    K = tl.load(
        K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
        mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    # src[nearest.diag:7]
    sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
    mul_d_x = ((buffer_0 - safe_buffer_1) * e)[None, :] * sub_d_x
    sum_ = tl.sum(mul_d_x, 1)
    where_d = tl.where(gt, ((-2.0 * recip_2) * recip) * sum_, 0.0)
    tl.store(d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d, where_d, mask=(d_index < size_d))


@triton.jit
def kernel_regression_long_backward_buffer_2_d_Q_kernel(
    Q_ptr, K_ptr, state_ptr, state__ptr, z_ptr, buffer_0_ptr, buffer_1_ptr, buffer_2_ptr, d_Q_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, state_stride_q, state_stride_x, state__stride_q, z_stride_q,
    buffer_0_stride_q, buffer_0_stride_x, buffer_1_stride_q, buffer_2_stride_q, buffer_2_stride_x,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    q_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:31]
    Q = tl.load(Q_ptr + q_index * Q_stride_q + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[nearest.diag:31]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (state_ + (state * recip)) * -1.4426950408889634
        # src[maps.diag:5]
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        mul_d_x = ((buffer_0 - safe_buffer_1) * tl.exp2(mul_x))[None, :] * sub_d_x
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[nearest.diag:31]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_x = Q[:, None] - tl.where((Q == float("-inf"))[:, None], 0.0, K)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = (state_ + (state * recip)) * -1.4426950408889634
        # src[maps.diag:5]
        e = tl.exp2(tl.where(x_index < size_x, mul_x, float("-inf")))
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        mul_d_x = ((buffer_0 - safe_buffer_1) * e)[None, :] * sub_d_x
        tile_sum = tl.sum(mul_d_x, 1)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    z = tl.load(z_ptr + q_index * z_stride_q)
    recip_2 = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    where_d = tl.where(gt, ((-2.0 * recip) * recip_2) * acc_x, 0.0)
    tl.store(d_Q_ptr + q_index * d_Q_stride_q + d_index * d_Q_stride_d, where_d, mask=(d_index < size_d))
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (state_ + (state * recip)) * -1.4426950408889634
        # src[maps.diag:5]
        tl.store(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            (tl.where(gt, tl.exp2(mul_x), 0.0) * recip_2),
        )
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = (state_ + (state * recip)) * -1.4426950408889634
        # src[maps.diag:5]
        tl.store(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            (tl.where(gt, tl.exp2(mul_x), 0.0) * recip_2),
            mask=(x_index < size_x),
        )


@triton.jit
def kernel_regression_long_backward_d_K_rows_kernel(
    Q_ptr, K_ptr, state_ptr, state__ptr, z_ptr, buffer_0_ptr, buffer_1_ptr, d_K_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, state_stride_q, state_stride_x, state__stride_q, z_stride_q, buffer_0_stride_q,
    buffer_0_stride_x, buffer_1_stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    q_index = tl.arange(0, BLOCK_Q)
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    z = load_tile(z_ptr + q_index * z_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (q_index < size_q),
        0.0,
        EXACT_Q,
    )
    state_ = load_tile(state__ptr + q_index * state__stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q = (state_ + (state * recip)) * -1.4426950408889634
    # src[maps.diag:5]
    buffer_1 = load_tile(buffer_1_ptr + q_index * buffer_1_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (q_index < size_q),
        0.0,
        EXACT_Q,
    )
    safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
    # src[nearest.diag:31]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    Q = tl.load(
        Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
        mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    # src[nearest.diag:7]
    sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
    tile = ((buffer_0 - safe_buffer_1) * tl.exp2(mul_q)) * (1.0 / z)
    # src[maps.diag:7]
    where_d_q = tl.where(((z > 0.0) & (q_index < size_q))[None, :], tile[None, :] * sub_d_q, 0.0)
    sum_ = tl.sum(where_d_q, 1)
    tl.store(
        d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d,
        ((2.0 * recip) * sum_),
        mask=(d_index < size_d),
    )


@triton.jit
def kernel_regression_long_backward_d_K_kernel(
    Q_ptr, K_ptr, state_ptr, state__ptr, z_ptr, buffer_0_ptr, buffer_1_ptr, d_K_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, state_stride_q, state_stride_x, state__stride_q, z_stride_q, buffer_0_stride_q,
    buffer_0_stride_x, buffer_1_stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    x_index = program.to(tl.int64)
    sum_q = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[nearest.diag:32]
    recip = 1.0 / tl.cast(size_d, tl.float32)
    # src[nearest.diag:31]
    K = tl.load(K_ptr + x_index * K_stride_x + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        z = tl.load(z_ptr + q_index * z_stride_q)
        # src[maps.diag:7]
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        mul_q = (state_ + (state * recip)) * -1.4426950408889634
        # src[maps.diag:5]
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        # src[nearest.diag:31]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        tile = ((buffer_0 - safe_buffer_1) * tl.exp2(mul_q)) * (1.0 / z)
        where_d_q = tl.where((z > 0.0)[None, :], tile[None, :] * sub_d_q, 0.0)
        tile_sum = tl.sum(where_d_q, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(q_index < size_q),
            other=0.0,
        )
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = (state_ + (state * recip)) * -1.4426950408889634
        # src[maps.diag:5]
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(q_index < size_q),
            other=0.0,
        )
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        # src[nearest.diag:31]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[nearest.diag:7]
        sub_d_q = Q - tl.where(Q == float("-inf"), 0.0, K[:, None])
        tile = ((buffer_0 - safe_buffer_1) * tl.exp2(mul_q)) * (1.0 / z)
        # src[maps.diag:7]
        where_d_q = tl.where(((z > 0.0) & (q_index < size_q))[None, :], tile[None, :] * sub_d_q, 0.0)
        tile_sum = tl.sum(where_d_q, 1)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    tl.store(
        d_K_ptr + x_index * d_K_stride_x + d_index * d_K_stride_d,
        ((2.0 * recip) * sum_q),
        mask=(d_index < size_d),
    )


@triton.jit
def kernel_regression_long_backward_d_V_kernel(
    d_out_ptr, buffer_2_ptr, d_V_ptr, d_out_stride_q, d_out_stride_e, buffer_2_stride_q, buffer_2_stride_x,
    d_V_stride_x, d_V_stride_e, size_q, size_e, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[None, :] * buffer_2_stride_q + x_index[:, None] * buffer_2_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_2, tl.trans(d_out), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[None, :] * buffer_2_stride_q + x_index[:, None] * buffer_2_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_2, tl.trans(d_out), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@_operator
def _kernel_regression(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_kernel_regression(Q: f32[q d], K: f32[x d], V: f32[x e]) -> out: f32[q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("V", V, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    out = torch.empty((q, e), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 128:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 128 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 16, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q),)
    kernel_regression_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _kernel_regression_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_buffer_0(Q: f32[q d], K: f32[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q * x,)
        kernel_regression_long_buffer_0_rows_kernel[grid](
            Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
            buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q * x,)
    kernel_regression_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _kernel_regression_long_out(V: torch.Tensor, buffer_0: torch.Tensor, d: int) -> torch.Tensor:
    """_kernel_regression_long_out(V: f32[x e], buffer_0: f32[q x]) -> out: f32[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.float32, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.float32, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 64, 64, 32, 4, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    kernel_regression_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, e, q, d, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _kernel_regression_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_kernel_regression_forward(Q: f32[q d], K: f32[x d], V: f32[x e]) -> out: f32[q e], state: f32[q], z: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("V", V, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    out = torch.empty((q, e), dtype=torch.float32, device=Q.device)
    state = torch.empty((q,), dtype=torch.float32, device=Q.device)
    z = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, state, z
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 128:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 128 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 16, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q),)
    kernel_regression_forward_kernel[grid](
        Q, K, V, out, state, z, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), state.stride(0), z.stride(0), q, d, x, e, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return out, state, z


@_operator
def _kernel_regression_backward_e(Q: torch.Tensor, K: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_backward_e(Q: f32[q d], K: f32[x d], state: f32[q]) -> e: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    e = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(e):
        return e
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q * x,)
        kernel_regression_backward_e_rows_kernel[grid](
            Q, K, state, e, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), e.stride(0),
            e.stride(1), q, d, x, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return e
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q * x,)
    kernel_regression_backward_e_kernel[grid](
        Q, K, state, e, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), e.stride(0),
        e.stride(1), q, d, x, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return e


@_operator
def _kernel_regression_backward_buffer_1(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_backward_buffer_1(d_out: f32[q e], out: f32[q e]) -> buffer_1: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 2, d_out.device)
    _check("out", out, torch.float32, 2, d_out.device)
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: f32[q e] has shape {out.shape}, expected {(q, e)}")
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        kernel_regression_backward_buffer_1_rows_kernel[grid](
            d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    kernel_regression_backward_buffer_1_kernel[grid](
        d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _kernel_regression_backward_buffer_2(
    V: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_kernel_regression_backward_buffer_2(V: f32[x e], d_out: f32[q e], buffer_1: f32[q]) -> buffer_2: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.float32, 2, V.device)
    _check("d_out", d_out, torch.float32, 2, V.device)
    _check("buffer_1", buffer_1, torch.float32, 1, V.device)
    x, e = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: f32[q e] has shape {d_out.shape}, expected {(q, e)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    buffer_2 = torch.empty((q, x), dtype=torch.float32, device=V.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 64, 64, 32, 4, 2
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    kernel_regression_backward_buffer_2_kernel[grid](
        V, d_out, buffer_1, buffer_2, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _kernel_regression_backward_d_V(d_out: torch.Tensor, z: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_backward_d_V(d_out: f32[q e], z: f32[q], e: f32[q x]) -> d_V: f32[x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 2, d_out.device)
    _check("z", z, torch.float32, 1, d_out.device)
    _check("e", e, torch.float32, 2, d_out.device)
    q, e_2 = d_out.shape
    _, x = e.shape
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if e.shape != (q, x):
        raise ValueError(f"e: f32[q x] has shape {e.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e_2), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 64, 64, 32, 4, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e_2, BLOCK_E),)
    kernel_regression_backward_d_V_kernel[grid](
        d_out, z, e, d_V, d_out.stride(0), d_out.stride(1), z.stride(0), e.stride(0), e.stride(1),
        d_V.stride(0), d_V.stride(1), q, e_2, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _kernel_regression_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    z: torch.Tensor,
    buffer_2: torch.Tensor,
    e: torch.Tensor,
) -> torch.Tensor:
    """_kernel_regression_backward_d_Q(Q: f32[q d], K: f32[x d], z: f32[q], buffer_2: f32[q x], e: f32[q x]) -> d_Q: f32[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("buffer_2", buffer_2, torch.float32, 2, Q.device)
    _check("e", e, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    if e.shape != (q, x):
        raise ValueError(f"e: f32[q x] has shape {e.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 1024:
        if BLOCK_X <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_X <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(d, BLOCK_D),)
        kernel_regression_backward_d_Q_rows_kernel[grid](
            Q, K, z, buffer_2, e, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), z.stride(0),
            buffer_2.stride(0), buffer_2.stride(1), e.stride(0), e.stride(1), d_Q.stride(0), d_Q.stride(1), q,
            d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_Q
    BLOCK_X, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(d, BLOCK_D),)
    kernel_regression_backward_d_Q_kernel[grid](
        Q, K, z, buffer_2, e, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), z.stride(0),
        buffer_2.stride(0), buffer_2.stride(1), e.stride(0), e.stride(1), d_Q.stride(0), d_Q.stride(1), q, d,
        x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _kernel_regression_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    z: torch.Tensor,
    buffer_2: torch.Tensor,
    e: torch.Tensor,
) -> torch.Tensor:
    """_kernel_regression_backward_d_K(Q: f32[q d], K: f32[x d], z: f32[q], buffer_2: f32[q x], e: f32[q x]) -> d_K: f32[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("buffer_2", buffer_2, torch.float32, 2, Q.device)
    _check("e", e, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    if e.shape != (q, x):
        raise ValueError(f"e: f32[q x] has shape {e.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (x * triton.cdiv(d, BLOCK_D),)
        kernel_regression_backward_d_K_rows_kernel[grid](
            Q, K, z, buffer_2, e, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), z.stride(0),
            buffer_2.stride(0), buffer_2.stride(1), e.stride(0), e.stride(1), d_K.stride(0), d_K.stride(1), q,
            d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_Q, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (x * triton.cdiv(d, BLOCK_D),)
    kernel_regression_backward_d_K_kernel[grid](
        Q, K, z, buffer_2, e, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), z.stride(0),
        buffer_2.stride(0), buffer_2.stride(1), e.stride(0), e.stride(1), d_K.stride(0), d_K.stride(1), q, d,
        x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _kernel_regression_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_forward_state(Q: f32[q d], K: f32[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    state = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q * x,)
        kernel_regression_long_forward_state_rows_kernel[grid](
            Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1),
            q, d, x, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return state
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q * x,)
    kernel_regression_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _kernel_regression_long_forward_e_state_(
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_kernel_regression_long_forward_e_state_(state: f32[q x]) -> e: f32[q x], state_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    e = torch.empty((q, x), dtype=torch.float32, device=state.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(e):
        return e, state_
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        kernel_regression_long_forward_e_state__rows_kernel[grid](
            state, e, state_, state.stride(0), state.stride(1), e.stride(0), e.stride(1), state_.stride(0), q,
            x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return e, state_
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    kernel_regression_long_forward_e_state__kernel[grid](
        state, e, state_, state.stride(0), state.stride(1), e.stride(0), e.stride(1), state_.stride(0), q, x,
        d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return e, state_


@_operator
def _kernel_regression_long_forward_z(e: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_forward_z(e: f32[q x]) -> z: f32[q]. Any strides; sizes are read off the shapes."""
    _check("e", e, torch.float32, 2, e.device)
    q, x = e.shape
    z = torch.empty((q,), dtype=torch.float32, device=e.device)
    if _is_traced(z):
        return z
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        kernel_regression_long_forward_z_rows_kernel[grid](
            e, z, e.stride(0), e.stride(1), z.stride(0), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return z
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    kernel_regression_long_forward_z_kernel[grid](
        e, z, e.stride(0), e.stride(1), z.stride(0), q, x, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return z


@_operator
def _kernel_regression_long_forward_out(V: torch.Tensor, z: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_forward_out(V: f32[x e], z: f32[q], e: f32[q x]) -> out: f32[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.float32, 2, V.device)
    _check("z", z, torch.float32, 1, V.device)
    _check("e", e, torch.float32, 2, V.device)
    x, e_2 = V.shape
    (q,) = z.shape
    if e.shape != (q, x):
        raise ValueError(f"e: f32[q x] has shape {e.shape}, expected {(q, x)}")
    out = torch.empty((q, e_2), dtype=torch.float32, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 64, 64, 32, 4, 2
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e_2, BLOCK_E),)
    kernel_regression_long_forward_out_kernel[grid](
        V, z, e, out, V.stride(0), V.stride(1), z.stride(0), e.stride(0), e.stride(1), out.stride(0),
        out.stride(1), x, e_2, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _kernel_regression_long_backward_buffer_0(V: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_backward_buffer_0(V: f32[x e], d_out: f32[q e]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.float32, 2, V.device)
    _check("d_out", d_out, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: f32[q e] has shape {d_out.shape}, expected {(q, e)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 64, 64, 32, 4, 2
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    kernel_regression_long_backward_buffer_0_kernel[grid](
        V, d_out, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _kernel_regression_long_backward_buffer_1(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_backward_buffer_1(d_out: f32[q e], out: f32[q e]) -> buffer_1: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 2, d_out.device)
    _check("out", out, torch.float32, 2, d_out.device)
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: f32[q e] has shape {out.shape}, expected {(q, e)}")
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        kernel_regression_long_backward_buffer_1_rows_kernel[grid](
            d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    kernel_regression_long_backward_buffer_1_kernel[grid](
        d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _kernel_regression_long_backward_buffer_2_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    z: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_kernel_regression_long_backward_buffer_2_d_Q(Q: f32[q d], K: f32[x d], state: f32[q x], state_: f32[q], z: f32[q], buffer_0: f32[q x], buffer_1: f32[q]) -> buffer_2: f32[q x], d_Q: f32[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    buffer_2 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_2):
        return buffer_2, d_Q
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 1024:
        if BLOCK_X <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_X <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (q * triton.cdiv(d, BLOCK_D),)
        kernel_regression_long_backward_buffer_2_d_Q_rows_kernel[grid](
            Q, K, state, state_, z, buffer_0, buffer_1, buffer_2, d_Q, Q.stride(0), Q.stride(1), K.stride(0),
            K.stride(1), state.stride(0), state.stride(1), state_.stride(0), z.stride(0), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), d_Q.stride(0),
            d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return buffer_2, d_Q
    BLOCK_X, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (q * triton.cdiv(d, BLOCK_D),)
    kernel_regression_long_backward_buffer_2_d_Q_kernel[grid](
        Q, K, state, state_, z, buffer_0, buffer_1, buffer_2, d_Q, Q.stride(0), Q.stride(1), K.stride(0),
        K.stride(1), state.stride(0), state.stride(1), state_.stride(0), z.stride(0), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), d_Q.stride(0),
        d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_2, d_Q


@_operator
def _kernel_regression_long_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    z: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_kernel_regression_long_backward_d_K(Q: f32[q d], K: f32[x d], state: f32[q x], state_: f32[q], z: f32[q], buffer_0: f32[q x], buffer_1: f32[q]) -> d_K: f32[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 2, Q.device)
    _check("K", K, torch.float32, 2, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (x * triton.cdiv(d, BLOCK_D),)
        kernel_regression_long_backward_d_K_rows_kernel[grid](
            Q, K, state, state_, z, buffer_0, buffer_1, d_K, Q.stride(0), Q.stride(1), K.stride(0),
            K.stride(1), state.stride(0), state.stride(1), state_.stride(0), z.stride(0), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q,
            BLOCK_D=BLOCK_D, EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_Q, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (x * triton.cdiv(d, BLOCK_D),)
    kernel_regression_long_backward_d_K_kernel[grid](
        Q, K, state, state_, z, buffer_0, buffer_1, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        state.stride(0), state.stride(1), state_.stride(0), z.stride(0), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _kernel_regression_long_backward_d_V(d_out: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_kernel_regression_long_backward_d_V(d_out: f32[q e], buffer_2: f32[q x]) -> d_V: f32[x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 2, d_out.device)
    _check("buffer_2", buffer_2, torch.float32, 2, d_out.device)
    q, e = d_out.shape
    _, x = buffer_2.shape
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 64, 64, 32, 4, 2
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    kernel_regression_long_backward_d_V_kernel[grid](
        d_out, buffer_2, d_V, d_out.stride(0), d_out.stride(1), buffer_2.stride(0), buffer_2.stride(1),
        d_V.stride(0), d_V.stride(1), q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


class _kernel_regression_autograd(torch.autograd.Function):
    """kernel_regression and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, state, z = _kernel_regression_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, state, z)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, state, z = ctx.saved_tensors
        e = _kernel_regression_backward_e(Q, K, state)
        buffer_1 = _kernel_regression_backward_buffer_1(d_out, out)
        buffer_2 = _kernel_regression_backward_buffer_2(V, d_out, buffer_1)
        d_V = _kernel_regression_backward_d_V(d_out, z, e)
        d_Q = _kernel_regression_backward_d_Q(Q, K, z, buffer_2, e)
        d_K = _kernel_regression_backward_d_K(Q, K, z, buffer_2, e)
        return d_Q, d_K, d_V


class _kernel_regression_long_autograd(torch.autograd.Function):
    """kernel_regression and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _kernel_regression_long_forward_state(Q, K)
        e, state_ = _kernel_regression_long_forward_e_state_(state, d)
        z = _kernel_regression_long_forward_z(e)
        out = _kernel_regression_long_forward_out(V, z, e)
        ctx.save_for_backward(Q, K, V, out, state, state_, z)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, state, state_, z = ctx.saved_tensors
        buffer_0 = _kernel_regression_long_backward_buffer_0(V, d_out)
        buffer_1 = _kernel_regression_long_backward_buffer_1(d_out, out)
        buffer_2, d_Q = _kernel_regression_long_backward_buffer_2_d_Q(Q, K, state, state_, z, buffer_0, buffer_1)
        d_K = _kernel_regression_long_backward_d_K(Q, K, state, state_, z, buffer_0, buffer_1)
        d_V = _kernel_regression_long_backward_d_V(d_out, buffer_2)
        return d_Q, d_K, d_V


@_anywhere(torch.float32, torch.float32, torch.float32)
def kernel_regression(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """kernel_regression(Q: f32[q d], K: f32[x d], V: f32[x e]) -> out: f32[q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 128:
            return _kernel_regression_autograd.apply(Q, K, V)
        return _kernel_regression_long_autograd.apply(Q, K, V)
    if max(d, e) <= 128:
        out = _kernel_regression(Q, K, V)
        return out
    buffer_0 = _kernel_regression_long_buffer_0(Q, K)
    out_2 = _kernel_regression_long_out(V, buffer_0, d)
    return out_2
