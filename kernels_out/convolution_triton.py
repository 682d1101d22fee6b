"""Fused kernels for conv1d, conv2d, depthwise1d, causal_depthwise, depthwise2d, strided2d.

Made by diagc 0.1.0 from convolution.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["conv1d", "conv2d", "depthwise1d", "causal_depthwise", "depthwise2d", "strided2d"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of convolution_jax.py do, on NumPy arrays")
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
    """A function of convolution_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by convolution_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("convolution_jax.py")
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
    """A function that on a CPU is that of convolution_jax.py; `params` are the places of what it takes as parameters."""

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
def conv1d_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c, W_stride_o,
    out_stride_b, out_stride_i, out_stride_o, size_b, size_i, size_c, size_o, BLOCK_C: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    b_index = program.to(tl.int64)
    acc_k_c = tl.full([BLOCK_I, BLOCK_O], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        to_c = size_c // BLOCK_C * BLOCK_C
        # whole tiles, no mask needed
        for first_c in tl.range(0, to_c, BLOCK_C):
            c_index = first_c + tl.arange(0, BLOCK_C)
            # src[convolution.diag:6]
            W = tl.load(
                W_ptr + k_index * W_stride_k + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[convolution.diag:7]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index + -1) * X_stride_i + c_index[None, :] * X_stride_c,
                mask=(i_index < size_i)[:, None] & ((i_index[:, None] + k_index + -1) >= 0) & ((i_index[:, None] + k_index + -1) < size_i),
                other=0,
            )
            next_acc_k_c = tl.dot(X, tl.trans(W), acc_k_c)
            acc_k_c = next_acc_k_c
        from_c = tl.maximum(0, to_c)
        # tiles that a mask or the end cuts
        for first_c_2 in tl.range(from_c, size_c, BLOCK_C):
            c_index = first_c_2 + tl.arange(0, BLOCK_C)
            # src[convolution.diag:6]
            W = tl.load(
                W_ptr + k_index * W_stride_k + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                mask=(c_index < size_c)[None, :] & (o_index < size_o)[:, None],
                other=0.0,
            )
            # src[convolution.diag:7]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index + -1) * X_stride_i + c_index[None, :] * X_stride_c,
                mask=(i_index < size_i)[:, None] & (c_index < size_c)[None, :] & ((i_index[:, None] + k_index + -1) >= 0) & ((i_index[:, None] + k_index + -1) < size_i),
                other=0,
            )
            next_acc_k_c = tl.dot(X, tl.trans(W), acc_k_c)
            acc_k_c = next_acc_k_c
    tl.store(
        out_ptr + b_index * out_stride_b + i_index[:, None] * out_stride_i + o_index[None, :] * out_stride_o,
        acc_k_c.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def conv1d_forward_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c, W_stride_o,
    out_stride_b, out_stride_i, out_stride_o, size_b, size_i, size_c, size_o, BLOCK_C: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    b_index = program.to(tl.int64)
    acc_k_c = tl.full([BLOCK_I, BLOCK_O], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        to_c = size_c // BLOCK_C * BLOCK_C
        # whole tiles, no mask needed
        for first_c in tl.range(0, to_c, BLOCK_C):
            c_index = first_c + tl.arange(0, BLOCK_C)
            # src[convolution.diag:6]
            W = tl.load(
                W_ptr + k_index * W_stride_k + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[convolution.diag:7]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index + -1) * X_stride_i + c_index[None, :] * X_stride_c,
                mask=(i_index < size_i)[:, None] & ((i_index[:, None] + k_index + -1) >= 0) & ((i_index[:, None] + k_index + -1) < size_i),
                other=0,
            )
            next_acc_k_c = tl.dot(X, tl.trans(W), acc_k_c)
            acc_k_c = next_acc_k_c
        from_c = tl.maximum(0, to_c)
        # tiles that a mask or the end cuts
        for first_c_2 in tl.range(from_c, size_c, BLOCK_C):
            c_index = first_c_2 + tl.arange(0, BLOCK_C)
            # src[convolution.diag:6]
            W = tl.load(
                W_ptr + k_index * W_stride_k + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                mask=(c_index < size_c)[None, :] & (o_index < size_o)[:, None],
                other=0.0,
            )
            # src[convolution.diag:7]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index + -1) * X_stride_i + c_index[None, :] * X_stride_c,
                mask=(i_index < size_i)[:, None] & (c_index < size_c)[None, :] & ((i_index[:, None] + k_index + -1) >= 0) & ((i_index[:, None] + k_index + -1) < size_i),
                other=0,
            )
            next_acc_k_c = tl.dot(X, tl.trans(W), acc_k_c)
            acc_k_c = next_acc_k_c
    tl.store(
        out_ptr + b_index * out_stride_b + i_index[:, None] * out_stride_i + o_index[None, :] * out_stride_o,
        acc_k_c.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def conv1d_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_k, W_stride_c, W_stride_o, d_out_stride_b, d_out_stride_i,
    d_out_stride_o, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k, size_c,
    size_o, size_b, size_i, BLOCK_O: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_C: tl.constexpr,
):
    program = tl.program_id(0)
    first_c = (program % tl.cdiv(size_c, BLOCK_C)) * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    program = program // tl.cdiv(size_c, BLOCK_C)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    k_index = (program % 3).to(tl.int64)
    program = program // 3
    b_index = program.to(tl.int64)
    acc_o = tl.full([BLOCK_I, BLOCK_C], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + i_index[:, None] * d_out_stride_i + o_index[None, :] * d_out_stride_o,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        # src[convolution.diag:6]
        W = tl.load(
            W_ptr + k_index * W_stride_k + c_index[:, None] * W_stride_c + o_index[None, :] * W_stride_o,
            mask=(c_index < size_c)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + i_index[:, None] * d_out_stride_i + o_index[None, :] * d_out_stride_o,
            mask=(i_index < size_i)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[convolution.diag:6]
        W = tl.load(
            W_ptr + k_index * W_stride_k + c_index[:, None] * W_stride_c + o_index[None, :] * W_stride_o,
            mask=(c_index < size_c)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + i_index[:, None] * buffer_0_stride_i + c_index[None, :] * buffer_0_stride_c + k_index * buffer_0_stride_k,
        acc_o,
        mask=(i_index < size_i)[:, None] & (c_index < size_c)[None, :],
    )


@triton.jit
def conv1d_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_c, d_out_stride_b, d_out_stride_i,
    d_out_stride_o, d_W_stride_k, d_W_stride_c, d_W_stride_o, size_b, size_i, size_c, size_o,
    BLOCK_I: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_c = (program % tl.cdiv(size_c, BLOCK_C)) * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    program = program // tl.cdiv(size_c, BLOCK_C)
    k_index = program.to(tl.int64)
    acc_b_i = tl.full([BLOCK_C, BLOCK_O], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_i = size_i // BLOCK_I * BLOCK_I
        # whole tiles, no mask needed
        for first_i in tl.range(0, to_i, BLOCK_I):
            i_index = first_i + tl.arange(0, BLOCK_I)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index[None, :] * d_out_stride_i + o_index[:, None] * d_out_stride_o,
                mask=(o_index < size_o)[:, None],
                other=0.0,
            )
            # src[convolution.diag:7]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[None, :] + k_index + -1) * X_stride_i + c_index[:, None] * X_stride_c,
                mask=(c_index < size_c)[:, None] & ((i_index[None, :] + k_index + -1) >= 0) & ((i_index[None, :] + k_index + -1) < size_i),
                other=0,
            )
            next_acc_b_i = tl.dot(X, tl.trans(d_out), acc_b_i)
            acc_b_i = next_acc_b_i
        from_i = tl.maximum(0, to_i)
        # tiles that a mask or the end cuts
        for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
            i_index = first_i_2 + tl.arange(0, BLOCK_I)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index[None, :] * d_out_stride_i + o_index[:, None] * d_out_stride_o,
                mask=(i_index < size_i)[None, :] & (o_index < size_o)[:, None],
                other=0.0,
            )
            # src[convolution.diag:7]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[None, :] + k_index + -1) * X_stride_i + c_index[:, None] * X_stride_c,
                mask=(i_index < size_i)[None, :] & (c_index < size_c)[:, None] & ((i_index[None, :] + k_index + -1) >= 0) & ((i_index[None, :] + k_index + -1) < size_i),
                other=0,
            )
            next_acc_b_i = tl.dot(X, tl.trans(d_out), acc_b_i)
            acc_b_i = next_acc_b_i
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + c_index[:, None] * d_W_stride_c + o_index[None, :] * d_W_stride_o,
        acc_b_i.to(tl.bfloat16),
        mask=(c_index < size_c)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def conv1d_backward_d_X_rows_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k,
    d_X_stride_b, d_X_stride_i, d_X_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
    EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
        mask=(k_index < 3) & ((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i),
        other=0.0,
    )
    sum_ = tl.sum(buffer_0, 0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + c_index * d_X_stride_c,
        sum_.to(tl.bfloat16),
    )


@triton.jit
def conv1d_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k,
    d_X_stride_b, d_X_stride_i, d_X_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    sum_k = tl.full([], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
            mask=((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_k = sum_k + tile_sum
        sum_k = next_sum_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
            mask=(k_index < 3) & ((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_k = sum_k + tile_sum
        sum_k = next_sum_k
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + c_index * d_X_stride_c,
        sum_k.to(tl.bfloat16),
    )


@_operator
def _conv1d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_conv1d(X: bf16[b i c], W: bf16[k c o]) -> out: bf16[b i o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    b, i, c = X.shape
    _, _, o = W.shape
    if W.shape != (3, c, o):
        raise ValueError(f"W: bf16[k c o] has shape {W.shape}, expected {(3, c, o)}")
    out = torch.empty((b, i, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I, BLOCK_O, BLOCK_C, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(i, BLOCK_I) * triton.cdiv(o, BLOCK_O),)
    conv1d_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), W.stride(2),
        out.stride(0), out.stride(1), out.stride(2), b, i, c, o, BLOCK_C=BLOCK_C, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _conv1d_forward(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_conv1d_forward(X: bf16[b i c], W: bf16[k c o]) -> out: bf16[b i o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    b, i, c = X.shape
    _, _, o = W.shape
    if W.shape != (3, c, o):
        raise ValueError(f"W: bf16[k c o] has shape {W.shape}, expected {(3, c, o)}")
    out = torch.empty((b, i, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I, BLOCK_O, BLOCK_C, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(i, BLOCK_I) * triton.cdiv(o, BLOCK_O),)
    conv1d_forward_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), W.stride(2),
        out.stride(0), out.stride(1), out.stride(2), b, i, c, o, BLOCK_C=BLOCK_C, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _conv1d_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_conv1d_backward_buffer_0(W: bf16[k c o], d_out: bf16[b i o]) -> buffer_0: f32[b i c k]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("d_out", d_out, torch.bfloat16, 3, W.device)
    _, c, o = W.shape
    b, i, _ = d_out.shape
    if W.shape != (3, c, o):
        raise ValueError(f"W: bf16[k c o] has shape {W.shape}, expected {(3, c, o)}")
    if d_out.shape != (b, i, o):
        raise ValueError(f"d_out: bf16[b i o] has shape {d_out.shape}, expected {(b, i, o)}")
    buffer_0 = torch.empty((b, i, c, 3), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_I, BLOCK_C, BLOCK_O, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(i, BLOCK_I) * triton.cdiv(c, BLOCK_C) * 3,)
    conv1d_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), W.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), c, o,
        b, i, BLOCK_O=BLOCK_O, BLOCK_I=BLOCK_I, BLOCK_C=BLOCK_C, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _conv1d_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_conv1d_backward_d_W(X: bf16[b i c], d_out: bf16[b i o]) -> d_W: bf16[k c o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    b, i, c = X.shape
    _, _, o = d_out.shape
    if d_out.shape != (b, i, o):
        raise ValueError(f"d_out: bf16[b i o] has shape {d_out.shape}, expected {(b, i, o)}")
    d_W = torch.empty((3, c, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_C, BLOCK_O, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (3 * triton.cdiv(c, BLOCK_C) * triton.cdiv(o, BLOCK_O),)
    conv1d_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), X.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_W.stride(0), d_W.stride(1), d_W.stride(2), b, i, c, o, BLOCK_I=BLOCK_I,
        BLOCK_C=BLOCK_C, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _conv1d_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_conv1d_backward_d_X(buffer_0: f32[b i c k]) -> d_X: bf16[b i c]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 4, buffer_0.device)
    b, i, c, _ = buffer_0.shape
    if buffer_0.shape != (b, i, c, 3):
        raise ValueError(f"buffer_0: f32[b i c k] has shape {buffer_0.shape}, expected {(b, i, c, 3)}")
    d_X = torch.empty((b, i, c), dtype=torch.bfloat16, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 16384:
        if BLOCK_K <= 1024:
            warps, stages = 4, 1
        elif BLOCK_K <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * i * c,)
        conv1d_backward_d_X_rows_kernel[grid](
            buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
            d_X.stride(0), d_X.stride(1), d_X.stride(2), b, i, c, BLOCK_K=BLOCK_K, EXACT_K=3 == BLOCK_K,
            num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_K, warps, stages = 4096, 8, 2
    grid = (b * i * c,)
    conv1d_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        d_X.stride(0), d_X.stride(1), d_X.stride(2), b, i, c, BLOCK_K=BLOCK_K, num_warps=warps,
        num_stages=stages,
    )
    return d_X


class _conv1d_autograd(torch.autograd.Function):
    """conv1d and its derivative."""

    @staticmethod
    def forward(ctx, X, W):
        out = _conv1d_forward(X, W)
        ctx.save_for_backward(X, W)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W = ctx.saved_tensors
        buffer_0 = _conv1d_backward_buffer_0(W, d_out)
        d_W = _conv1d_backward_d_W(X, d_out)
        d_X = _conv1d_backward_d_X(buffer_0)
        return d_X, d_W


@_anywhere(torch.bfloat16, torch.bfloat16)
def conv1d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """conv1d(X: bf16[b i c], W: bf16[k c o]) -> out: bf16[b i o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i, c = X.shape
    _, _, o = W.shape
    if W.shape != (3, c, o):
        raise ValueError(f"W: bf16[k c o] has shape {W.shape}, expected {(3, c, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        return _conv1d_autograd.apply(X, W)
    out = _conv1d(X, W)
    return out


@triton.jit
def conv2d_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, W_stride_k, W_stride_l, W_stride_c,
    W_stride_o, out_stride_b, out_stride_i, out_stride_j, out_stride_o, size_b, size_i, size_j, size_c,
    size_o, BLOCK_C: tl.constexpr, BLOCK_J: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    acc_k_l_c = tl.full([BLOCK_J, BLOCK_O], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        for l_index in tl.range(0, 3):
            to_c = size_c // BLOCK_C * BLOCK_C
            # whole tiles, no mask needed
            for first_c in tl.range(0, to_c, BLOCK_C):
                c_index = first_c + tl.arange(0, BLOCK_C)
                # src[convolution.diag:11]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index + -1) * X_stride_j + c_index[None, :] * X_stride_c,
                    mask=(j_index < size_j)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index + -1) >= 0) & ((j_index[:, None] + l_index + -1) < size_j),
                    other=0,
                )
                # src[convolution.diag:10]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:11]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
            from_c = tl.maximum(0, to_c)
            # tiles that a mask or the end cuts
            for first_c_2 in tl.range(from_c, size_c, BLOCK_C):
                c_index = first_c_2 + tl.arange(0, BLOCK_C)
                # src[convolution.diag:11]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index + -1) * X_stride_j + c_index[None, :] * X_stride_c,
                    mask=(j_index < size_j)[:, None] & (c_index < size_c)[None, :] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index + -1) >= 0) & ((j_index[:, None] + l_index + -1) < size_j),
                    other=0,
                )
                # src[convolution.diag:10]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(c_index < size_c)[None, :] & (o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:11]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + j_index[:, None] * out_stride_j + o_index[None, :] * out_stride_o,
        acc_k_l_c.to(tl.bfloat16),
        mask=(j_index < size_j)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def conv2d_forward_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, W_stride_k, W_stride_l, W_stride_c,
    W_stride_o, out_stride_b, out_stride_i, out_stride_j, out_stride_o, size_b, size_i, size_j, size_c,
    size_o, BLOCK_C: tl.constexpr, BLOCK_J: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    acc_k_l_c = tl.full([BLOCK_J, BLOCK_O], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        for l_index in tl.range(0, 3):
            to_c = size_c // BLOCK_C * BLOCK_C
            # whole tiles, no mask needed
            for first_c in tl.range(0, to_c, BLOCK_C):
                c_index = first_c + tl.arange(0, BLOCK_C)
                # src[convolution.diag:11]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index + -1) * X_stride_j + c_index[None, :] * X_stride_c,
                    mask=(j_index < size_j)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index + -1) >= 0) & ((j_index[:, None] + l_index + -1) < size_j),
                    other=0,
                )
                # src[convolution.diag:10]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:11]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
            from_c = tl.maximum(0, to_c)
            # tiles that a mask or the end cuts
            for first_c_2 in tl.range(from_c, size_c, BLOCK_C):
                c_index = first_c_2 + tl.arange(0, BLOCK_C)
                # src[convolution.diag:11]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index + -1) * X_stride_j + c_index[None, :] * X_stride_c,
                    mask=(j_index < size_j)[:, None] & (c_index < size_c)[None, :] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index + -1) >= 0) & ((j_index[:, None] + l_index + -1) < size_j),
                    other=0,
                )
                # src[convolution.diag:10]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(c_index < size_c)[None, :] & (o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:11]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + j_index[:, None] * out_stride_j + o_index[None, :] * out_stride_o,
        acc_k_l_c.to(tl.bfloat16),
        mask=(j_index < size_j)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def conv2d_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_k, W_stride_l, W_stride_c, W_stride_o, d_out_stride_b,
    d_out_stride_i, d_out_stride_j, d_out_stride_o, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_j,
    buffer_0_stride_c, buffer_0_stride_k, buffer_0_stride_l, size_c, size_o, size_b, size_i, size_j,
    BLOCK_O: tl.constexpr, BLOCK_J: tl.constexpr, BLOCK_C: tl.constexpr,
):
    program = tl.program_id(0)
    first_c = (program % tl.cdiv(size_c, BLOCK_C)) * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    program = program // tl.cdiv(size_c, BLOCK_C)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    l_index = (program % 3).to(tl.int64)
    program = program // 3
    k_index = (program % 3).to(tl.int64)
    program = program // 3
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    acc_o = tl.full([BLOCK_J, BLOCK_C], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        # src[convolution.diag:10]
        W = tl.load(
            W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[:, None] * W_stride_c + o_index[None, :] * W_stride_o,
            mask=(c_index < size_c)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index[:, None] * d_out_stride_j + o_index[None, :] * d_out_stride_o,
            mask=(j_index < size_j)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        # src[convolution.diag:10]
        W = tl.load(
            W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[:, None] * W_stride_c + o_index[None, :] * W_stride_o,
            mask=(c_index < size_c)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index[:, None] * d_out_stride_j + o_index[None, :] * d_out_stride_o,
            mask=(j_index < size_j)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + i_index * buffer_0_stride_i + j_index[:, None] * buffer_0_stride_j + c_index[None, :] * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l,
        acc_o,
        mask=(j_index < size_j)[:, None] & (c_index < size_c)[None, :],
    )


@triton.jit
def conv2d_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, d_out_stride_b, d_out_stride_i,
    d_out_stride_j, d_out_stride_o, d_W_stride_k, d_W_stride_l, d_W_stride_c, d_W_stride_o, size_b, size_i,
    size_j, size_c, size_o, BLOCK_J: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_c = (program % tl.cdiv(size_c, BLOCK_C)) * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    program = program // tl.cdiv(size_c, BLOCK_C)
    l_index = (program % 3).to(tl.int64)
    program = program // 3
    k_index = program.to(tl.int64)
    acc_b_i_j = tl.full([BLOCK_C, BLOCK_O], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        for i_index in tl.range(0, size_i):
            to_j = size_j // BLOCK_J * BLOCK_J
            # whole tiles, no mask needed
            for first_j in tl.range(0, to_j, BLOCK_J):
                j_index = first_j + tl.arange(0, BLOCK_J)
                d_out = tl.load(
                    d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index[None, :] * d_out_stride_j + o_index[:, None] * d_out_stride_o,
                    mask=(o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:11]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[None, :] + l_index + -1) * X_stride_j + c_index[:, None] * X_stride_c,
                    mask=(c_index < size_c)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[None, :] + l_index + -1) >= 0) & ((j_index[None, :] + l_index + -1) < size_j),
                    other=0,
                )
                next_acc_b_i_j = tl.dot(X, tl.trans(d_out), acc_b_i_j)
                acc_b_i_j = next_acc_b_i_j
            from_j = tl.maximum(0, to_j)
            # tiles that a mask or the end cuts
            for first_j_2 in tl.range(from_j, size_j, BLOCK_J):
                j_index = first_j_2 + tl.arange(0, BLOCK_J)
                d_out = tl.load(
                    d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index[None, :] * d_out_stride_j + o_index[:, None] * d_out_stride_o,
                    mask=(j_index < size_j)[None, :] & (o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:11]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[None, :] + l_index + -1) * X_stride_j + c_index[:, None] * X_stride_c,
                    mask=(j_index < size_j)[None, :] & (c_index < size_c)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[None, :] + l_index + -1) >= 0) & ((j_index[None, :] + l_index + -1) < size_j),
                    other=0,
                )
                next_acc_b_i_j = tl.dot(X, tl.trans(d_out), acc_b_i_j)
                acc_b_i_j = next_acc_b_i_j
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + l_index * d_W_stride_l + c_index[:, None] * d_W_stride_c + o_index[None, :] * d_W_stride_o,
        acc_b_i_j.to(tl.bfloat16),
        mask=(c_index < size_c)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def conv2d_backward_d_X_rows_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_j, buffer_0_stride_c,
    buffer_0_stride_k, buffer_0_stride_l, d_X_stride_b, d_X_stride_i, d_X_stride_j, d_X_stride_c, size_b,
    size_i, size_j, size_c, BLOCK_K: tl.constexpr, BLOCK_L: tl.constexpr, EXACT_K: tl.constexpr,
    EXACT_L: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    j_index = (program % size_j).to(tl.int64)
    program = program // size_j
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    l_index = tl.arange(0, BLOCK_L)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index[:, None] + 1) * buffer_0_stride_i + (j_index + -1 * l_index[None, :] + 1) * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index[:, None] * buffer_0_stride_k + l_index[None, :] * buffer_0_stride_l,
        mask=(k_index < 3)[:, None] & (l_index < 3)[None, :] & ((i_index + -1 * k_index[:, None] + 1) >= 0) & ((i_index + -1 * k_index[:, None] + 1) < size_i) & ((j_index + -1 * l_index[None, :] + 1) >= 0) & ((j_index + -1 * l_index[None, :] + 1) < size_j),
        other=0.0,
    )
    sum_ = tl.sum(tl.sum(buffer_0, 1), 0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + j_index * d_X_stride_j + c_index * d_X_stride_c,
        sum_.to(tl.bfloat16),
    )


@triton.jit
def conv2d_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_j, buffer_0_stride_c,
    buffer_0_stride_k, buffer_0_stride_l, d_X_stride_b, d_X_stride_i, d_X_stride_j, d_X_stride_c, size_b,
    size_i, size_j, size_c, BLOCK_L: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    j_index = (program % size_j).to(tl.int64)
    program = program // size_j
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    sum_k_l = tl.full([], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        to_l = (3) // BLOCK_L * BLOCK_L
        # whole tiles, no mask needed
        for first_l in tl.range(0, to_l, BLOCK_L):
            l_index = first_l + tl.arange(0, BLOCK_L)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + (j_index + -1 * l_index + 1) * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l,
                mask=((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i) & ((j_index + -1 * l_index + 1) >= 0) & ((j_index + -1 * l_index + 1) < size_j),
                other=0.0,
            )
            tile_sum = tl.sum(buffer_0, 0)
            next_sum_k_l = sum_k_l + tile_sum
            sum_k_l = next_sum_k_l
        from_l = tl.maximum(0, to_l)
        # tiles that a mask or the end cuts
        for first_l_2 in tl.range(from_l, 3, BLOCK_L):
            l_index = first_l_2 + tl.arange(0, BLOCK_L)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + (j_index + -1 * l_index + 1) * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l,
                mask=(l_index < 3) & ((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i) & ((j_index + -1 * l_index + 1) >= 0) & ((j_index + -1 * l_index + 1) < size_j),
                other=0.0,
            )
            tile_sum = tl.sum(buffer_0, 0)
            next_sum_k_l = sum_k_l + tile_sum
            sum_k_l = next_sum_k_l
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + j_index * d_X_stride_j + c_index * d_X_stride_c,
        sum_k_l.to(tl.bfloat16),
    )


@_operator
def _conv2d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_conv2d(X: bf16[b i j c], W: bf16[k l c o]) -> out: bf16[b i j o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 4, X.device)
    b, i, j, c = X.shape
    _, _, _, o = W.shape
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    out = torch.empty((b, i, j, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_J, BLOCK_O, BLOCK_C, warps, stages = 128, 128, 64, 8, 3
    grid = (b * i * triton.cdiv(j, BLOCK_J) * triton.cdiv(o, BLOCK_O),)
    conv2d_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1), W.stride(2),
        W.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, i, j, c, o,
        BLOCK_C=BLOCK_C, BLOCK_J=BLOCK_J, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _conv2d_forward(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_conv2d_forward(X: bf16[b i j c], W: bf16[k l c o]) -> out: bf16[b i j o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 4, X.device)
    b, i, j, c = X.shape
    _, _, _, o = W.shape
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    out = torch.empty((b, i, j, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_J, BLOCK_O, BLOCK_C, warps, stages = 128, 128, 64, 8, 3
    grid = (b * i * triton.cdiv(j, BLOCK_J) * triton.cdiv(o, BLOCK_O),)
    conv2d_forward_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1), W.stride(2),
        W.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, i, j, c, o,
        BLOCK_C=BLOCK_C, BLOCK_J=BLOCK_J, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _conv2d_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_conv2d_backward_buffer_0(W: bf16[k l c o], d_out: bf16[b i j o]) -> buffer_0: f32[b i j c k l]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 4, W.device)
    _check("d_out", d_out, torch.bfloat16, 4, W.device)
    _, _, c, o = W.shape
    b, i, j, _ = d_out.shape
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    if d_out.shape != (b, i, j, o):
        raise ValueError(f"d_out: bf16[b i j o] has shape {d_out.shape}, expected {(b, i, j, o)}")
    buffer_0 = torch.empty((b, i, j, c, 3, 3), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_J, BLOCK_C, BLOCK_O, warps, stages = 128, 128, 64, 8, 3
    grid = (b * i * triton.cdiv(j, BLOCK_J) * triton.cdiv(c, BLOCK_C) * 3 * 3,)
    conv2d_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), W.stride(2), W.stride(3), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), buffer_0.stride(5), c, o, b, i, j,
        BLOCK_O=BLOCK_O, BLOCK_J=BLOCK_J, BLOCK_C=BLOCK_C, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _conv2d_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_conv2d_backward_d_W(X: bf16[b i j c], d_out: bf16[b i j o]) -> d_W: bf16[k l c o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    b, i, j, c = X.shape
    _, _, _, o = d_out.shape
    if d_out.shape != (b, i, j, o):
        raise ValueError(f"d_out: bf16[b i j o] has shape {d_out.shape}, expected {(b, i, j, o)}")
    d_W = torch.empty((3, 3, c, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_C, BLOCK_O, BLOCK_J, warps, stages = 128, 128, 64, 8, 3
    grid = (3 * 3 * triton.cdiv(c, BLOCK_C) * triton.cdiv(o, BLOCK_O),)
    conv2d_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), X.stride(2), X.stride(3), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_out.stride(3), d_W.stride(0), d_W.stride(1), d_W.stride(2), d_W.stride(3), b, i, j,
        c, o, BLOCK_J=BLOCK_J, BLOCK_C=BLOCK_C, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _conv2d_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_conv2d_backward_d_X(buffer_0: f32[b i j c k l]) -> d_X: bf16[b i j c]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 6, buffer_0.device)
    b, i, j, c, _, _ = buffer_0.shape
    if buffer_0.shape != (b, i, j, c, 3, 3):
        raise ValueError(f"buffer_0: f32[b i j c k l] has shape {buffer_0.shape}, expected {(b, i, j, c, 3, 3)}")
    d_X = torch.empty((b, i, j, c), dtype=torch.bfloat16, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_K = max(16, triton.next_power_of_2(3))
    BLOCK_L = max(16, triton.next_power_of_2(3))
    if BLOCK_K * BLOCK_L <= 16384:
        if BLOCK_K * BLOCK_L <= 1024:
            warps, stages = 4, 1
        elif BLOCK_K * BLOCK_L <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * i * j * c,)
        conv2d_backward_d_X_rows_kernel[grid](
            buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
            buffer_0.stride(4), buffer_0.stride(5), d_X.stride(0), d_X.stride(1), d_X.stride(2),
            d_X.stride(3), b, i, j, c, BLOCK_K=BLOCK_K, BLOCK_L=BLOCK_L, EXACT_K=3 == BLOCK_K,
            EXACT_L=3 == BLOCK_L, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_L, warps, stages = 4096, 8, 2
    grid = (b * i * j * c,)
    conv2d_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_0.stride(4), buffer_0.stride(5), d_X.stride(0), d_X.stride(1), d_X.stride(2), d_X.stride(3), b,
        i, j, c, BLOCK_L=BLOCK_L, num_warps=warps, num_stages=stages,
    )
    return d_X


class _conv2d_autograd(torch.autograd.Function):
    """conv2d and its derivative."""

    @staticmethod
    def forward(ctx, X, W):
        out = _conv2d_forward(X, W)
        ctx.save_for_backward(X, W)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W = ctx.saved_tensors
        buffer_0 = _conv2d_backward_buffer_0(W, d_out)
        d_W = _conv2d_backward_d_W(X, d_out)
        d_X = _conv2d_backward_d_X(buffer_0)
        return d_X, d_W


@_anywhere(torch.bfloat16, torch.bfloat16)
def conv2d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """conv2d(X: bf16[b i j c], W: bf16[k l c o]) -> out: bf16[b i j o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i, j, c = X.shape
    _, _, _, o = W.shape
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        return _conv2d_autograd.apply(X, W)
    out = _conv2d(X, W)
    return out


@triton.jit
def depthwise1d_rows_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c, out_stride_b,
    out_stride_i, out_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr, BLOCK_I: tl.constexpr,
    EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    # src[convolution.diag:15]
    X = tl.load(
        X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -1) * X_stride_i + c_index * X_stride_c,
        mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -1) >= 0) & ((i_index[:, None] + k_index[None, :] + -1) < size_i),
        other=0,
    )
    # src[convolution.diag:14]
    W = load_tile(W_ptr + k_index * W_stride_k + c_index * W_stride_c, (k_index < 3), 0.0, EXACT_K)
    # src[convolution.diag:15]
    mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
    sum_ = tl.sum(mul_i_k, 1)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        sum_.to(tl.bfloat16),
        mask=(i_index < size_i),
    )


@triton.jit
def depthwise1d_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c, out_stride_b,
    out_stride_i, out_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    acc_k = tl.full([BLOCK_I], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[convolution.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -1) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & ((i_index[:, None] + k_index[None, :] + -1) >= 0) & ((i_index[:, None] + k_index[None, :] + -1) < size_i),
            other=0,
        )
        # src[convolution.diag:14]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c)
        # src[convolution.diag:15]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[convolution.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -1) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -1) >= 0) & ((i_index[:, None] + k_index[None, :] + -1) < size_i),
            other=0,
        )
        # src[convolution.diag:14]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c, mask=(k_index < 3), other=0.0)
        # src[convolution.diag:15]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        acc_k.to(tl.bfloat16),
        mask=(i_index < size_i),
    )


@triton.jit
def depthwise1d_forward_rows_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c, out_stride_b,
    out_stride_i, out_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr, BLOCK_I: tl.constexpr,
    EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    # src[convolution.diag:15]
    X = tl.load(
        X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -1) * X_stride_i + c_index * X_stride_c,
        mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -1) >= 0) & ((i_index[:, None] + k_index[None, :] + -1) < size_i),
        other=0,
    )
    # src[convolution.diag:14]
    W = load_tile(W_ptr + k_index * W_stride_k + c_index * W_stride_c, (k_index < 3), 0.0, EXACT_K)
    # src[convolution.diag:15]
    mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
    sum_ = tl.sum(mul_i_k, 1)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        sum_.to(tl.bfloat16),
        mask=(i_index < size_i),
    )


@triton.jit
def depthwise1d_forward_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c, out_stride_b,
    out_stride_i, out_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    acc_k = tl.full([BLOCK_I], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[convolution.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -1) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & ((i_index[:, None] + k_index[None, :] + -1) >= 0) & ((i_index[:, None] + k_index[None, :] + -1) < size_i),
            other=0,
        )
        # src[convolution.diag:14]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c)
        # src[convolution.diag:15]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[convolution.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -1) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -1) >= 0) & ((i_index[:, None] + k_index[None, :] + -1) < size_i),
            other=0,
        )
        # src[convolution.diag:14]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c, mask=(k_index < 3), other=0.0)
        # src[convolution.diag:15]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        acc_k.to(tl.bfloat16),
        mask=(i_index < size_i),
    )


@triton.jit
def depthwise1d_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_k, W_stride_c, d_out_stride_b, d_out_stride_i, d_out_stride_c,
    buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k, size_c, size_b, size_i,
    BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(3, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(3, BLOCK_K)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + c_index * d_out_stride_c,
    )
    # src[convolution.diag:14]
    W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c, mask=(k_index < 3), other=0.0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + i_index * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
        (W.to(tl.float32) * d_out.to(tl.float32)),
        mask=(k_index < 3),
    )


@triton.jit
def depthwise1d_backward_d_W_rows_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_c, d_out_stride_b, d_out_stride_i,
    d_out_stride_c, d_W_stride_k, d_W_stride_c, size_b, size_i, size_c, BLOCK_B: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_K: tl.constexpr, EXACT_B: tl.constexpr, EXACT_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(3, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(3, BLOCK_K)
    c_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    d_out = load_tile(
        d_out_ptr + b_index[:, None] * d_out_stride_b + i_index[None, :] * d_out_stride_i + c_index * d_out_stride_c,
        (b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        0.0,
        EXACT_B and EXACT_I,
    )
    # src[convolution.diag:15]
    X = tl.load(
        X_ptr + b_index[None, :, None] * X_stride_b + (i_index[None, None, :] + k_index[:, None, None] + -1) * X_stride_i + c_index * X_stride_c,
        mask=(b_index < size_b)[None, :, None] & (i_index < size_i)[None, None, :] & (k_index < 3)[:, None, None] & ((i_index[None, None, :] + k_index[:, None, None] + -1) >= 0) & ((i_index[None, None, :] + k_index[:, None, None] + -1) < size_i),
        other=0,
    )
    mul_k_b_i = X.to(tl.float32) * d_out.to(tl.float32)[None, :, :]
    sum_ = tl.sum(tl.sum(mul_k_b_i, 2), 1)
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + c_index * d_W_stride_c,
        sum_.to(tl.bfloat16),
        mask=(k_index < 3),
    )


@triton.jit
def depthwise1d_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_c, d_out_stride_b, d_out_stride_i,
    d_out_stride_c, d_W_stride_k, d_W_stride_c, size_b, size_i, size_c, BLOCK_I: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(3, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(3, BLOCK_K)
    c_index = program.to(tl.int64)
    acc_b_i = tl.full([BLOCK_K], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_i = size_i // BLOCK_I * BLOCK_I
        # whole tiles, no mask needed
        for first_i in tl.range(0, to_i, BLOCK_I):
            i_index = first_i + tl.arange(0, BLOCK_I)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + c_index * d_out_stride_c,
            )
            # src[convolution.diag:15]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[None, :] + k_index[:, None] + -1) * X_stride_i + c_index * X_stride_c,
                mask=(k_index < 3)[:, None] & ((i_index[None, :] + k_index[:, None] + -1) >= 0) & ((i_index[None, :] + k_index[:, None] + -1) < size_i),
                other=0,
            )
            mul_k_i = X.to(tl.float32) * d_out.to(tl.float32)[None, :]
            tile_sum = tl.sum(mul_k_i, 1)
            next_acc_b_i = acc_b_i + tile_sum
            acc_b_i = next_acc_b_i
        from_i = tl.maximum(0, to_i)
        # tiles that a mask or the end cuts
        for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
            i_index = first_i_2 + tl.arange(0, BLOCK_I)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + c_index * d_out_stride_c,
                mask=(i_index < size_i),
                other=0.0,
            )
            # src[convolution.diag:15]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[None, :] + k_index[:, None] + -1) * X_stride_i + c_index * X_stride_c,
                mask=(i_index < size_i)[None, :] & (k_index < 3)[:, None] & ((i_index[None, :] + k_index[:, None] + -1) >= 0) & ((i_index[None, :] + k_index[:, None] + -1) < size_i),
                other=0,
            )
            mul_k_i = X.to(tl.float32) * d_out.to(tl.float32)[None, :]
            tile_sum = tl.sum(mul_k_i, 1)
            next_acc_b_i = acc_b_i + tile_sum
            acc_b_i = next_acc_b_i
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + c_index * d_W_stride_c,
        acc_b_i.to(tl.bfloat16),
        mask=(k_index < 3),
    )


@triton.jit
def depthwise1d_backward_d_X_rows_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k,
    d_X_stride_b, d_X_stride_i, d_X_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
    EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
        mask=(k_index < 3) & ((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i),
        other=0.0,
    )
    sum_ = tl.sum(buffer_0, 0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + c_index * d_X_stride_c,
        sum_.to(tl.bfloat16),
    )


@triton.jit
def depthwise1d_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k,
    d_X_stride_b, d_X_stride_i, d_X_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    sum_k = tl.full([], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
            mask=((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_k = sum_k + tile_sum
        sum_k = next_sum_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
            mask=(k_index < 3) & ((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_k = sum_k + tile_sum
        sum_k = next_sum_k
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + c_index * d_X_stride_c,
        sum_k.to(tl.bfloat16),
    )


@_operator
def _depthwise1d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_depthwise1d(X: bf16[b i c], W: bf16[k c]) -> out: bf16[b i c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    out = torch.empty((b, i, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 1024:
        if BLOCK_K <= 16:
            BLOCK_I, warps, stages = 256, 4, 1
        elif BLOCK_K <= 64:
            BLOCK_I, warps, stages = 64, 4, 1
        elif BLOCK_K <= 256:
            BLOCK_I, warps, stages = 16, 4, 1
        else:
            BLOCK_I, warps, stages = 8, 8, 1
        grid = (b * triton.cdiv(i, BLOCK_I) * c,)
        depthwise1d_rows_kernel[grid](
            X, W, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), out.stride(0),
            out.stride(1), out.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I, EXACT_K=3 == BLOCK_K,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_K, BLOCK_I, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(i, BLOCK_I) * c,)
    depthwise1d_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), out.stride(0),
        out.stride(1), out.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _depthwise1d_forward(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_depthwise1d_forward(X: bf16[b i c], W: bf16[k c]) -> out: bf16[b i c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    out = torch.empty((b, i, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 1024:
        if BLOCK_K <= 16:
            BLOCK_I, warps, stages = 256, 4, 1
        elif BLOCK_K <= 64:
            BLOCK_I, warps, stages = 64, 4, 1
        elif BLOCK_K <= 256:
            BLOCK_I, warps, stages = 16, 4, 1
        else:
            BLOCK_I, warps, stages = 8, 8, 1
        grid = (b * triton.cdiv(i, BLOCK_I) * c,)
        depthwise1d_forward_rows_kernel[grid](
            X, W, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), out.stride(0),
            out.stride(1), out.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I, EXACT_K=3 == BLOCK_K,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_K, BLOCK_I, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(i, BLOCK_I) * c,)
    depthwise1d_forward_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), out.stride(0),
        out.stride(1), out.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _depthwise1d_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_depthwise1d_backward_buffer_0(W: bf16[k c], d_out: bf16[b i c]) -> buffer_0: f32[b i c k]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("d_out", d_out, torch.bfloat16, 3, W.device)
    _, c = W.shape
    b, i, _ = d_out.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if d_out.shape != (b, i, c):
        raise ValueError(f"d_out: bf16[b i c] has shape {d_out.shape}, expected {(b, i, c)}")
    buffer_0 = torch.empty((b, i, c, 3), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_K, warps, stages = 1024, 4, 1
    grid = (b * i * c * triton.cdiv(3, BLOCK_K),)
    depthwise1d_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), c, b, i,
        BLOCK_K=BLOCK_K, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _depthwise1d_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_depthwise1d_backward_d_W(X: bf16[b i c], d_out: bf16[b i c]) -> d_W: bf16[k c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    b, i, c = X.shape
    if d_out.shape != (b, i, c):
        raise ValueError(f"d_out: bf16[b i c] has shape {d_out.shape}, expected {(b, i, c)}")
    d_W = torch.empty((3, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_I = max(16, triton.next_power_of_2(i))
    if BLOCK_B * BLOCK_I <= 1024:
        if BLOCK_B * BLOCK_I <= 256:
            BLOCK_K, warps, stages = 16, 4, 1
        else:
            BLOCK_K, warps, stages = 8, 8, 1
        grid = (triton.cdiv(3, BLOCK_K) * c,)
        depthwise1d_backward_d_W_rows_kernel[grid](
            X, d_out, d_W, X.stride(0), X.stride(1), X.stride(2), d_out.stride(0), d_out.stride(1),
            d_out.stride(2), d_W.stride(0), d_W.stride(1), b, i, c, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I,
            BLOCK_K=BLOCK_K, EXACT_B=b == BLOCK_B, EXACT_I=i == BLOCK_I, num_warps=warps, num_stages=stages,
        )
        return d_W
    BLOCK_I, BLOCK_K, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(3, BLOCK_K) * c,)
    depthwise1d_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), X.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_W.stride(0), d_W.stride(1), b, i, c, BLOCK_I=BLOCK_I, BLOCK_K=BLOCK_K,
        num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _depthwise1d_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_depthwise1d_backward_d_X(buffer_0: f32[b i c k]) -> d_X: bf16[b i c]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 4, buffer_0.device)
    b, i, c, _ = buffer_0.shape
    if buffer_0.shape != (b, i, c, 3):
        raise ValueError(f"buffer_0: f32[b i c k] has shape {buffer_0.shape}, expected {(b, i, c, 3)}")
    d_X = torch.empty((b, i, c), dtype=torch.bfloat16, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 16384:
        if BLOCK_K <= 1024:
            warps, stages = 4, 1
        elif BLOCK_K <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * i * c,)
        depthwise1d_backward_d_X_rows_kernel[grid](
            buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
            d_X.stride(0), d_X.stride(1), d_X.stride(2), b, i, c, BLOCK_K=BLOCK_K, EXACT_K=3 == BLOCK_K,
            num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_K, warps, stages = 4096, 8, 2
    grid = (b * i * c,)
    depthwise1d_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        d_X.stride(0), d_X.stride(1), d_X.stride(2), b, i, c, BLOCK_K=BLOCK_K, num_warps=warps,
        num_stages=stages,
    )
    return d_X


class _depthwise1d_autograd(torch.autograd.Function):
    """depthwise1d and its derivative."""

    @staticmethod
    def forward(ctx, X, W):
        out = _depthwise1d_forward(X, W)
        ctx.save_for_backward(X, W)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W = ctx.saved_tensors
        buffer_0 = _depthwise1d_backward_buffer_0(W, d_out)
        d_W = _depthwise1d_backward_d_W(X, d_out)
        d_X = _depthwise1d_backward_d_X(buffer_0)
        return d_X, d_W


@_anywhere(torch.bfloat16, torch.bfloat16)
def depthwise1d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """depthwise1d(X: bf16[b i c], W: bf16[k c]) -> out: bf16[b i c]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        return _depthwise1d_autograd.apply(X, W)
    out = _depthwise1d(X, W)
    return out


@triton.jit
def causal_depthwise_rows_kernel(
    X_ptr, W_ptr, bias_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c,
    bias_stride_c, out_stride_b, out_stride_i, out_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
    BLOCK_I: tl.constexpr, EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    # src[convolution.diag:19]
    X = tl.load(
        X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -2) * X_stride_i + c_index * X_stride_c,
        mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -2) >= 0) & ((i_index[:, None] + k_index[None, :] + -2) < size_i),
        other=0,
    )
    # src[convolution.diag:18]
    W = load_tile(W_ptr + k_index * W_stride_k + c_index * W_stride_c, (k_index < 3), 0.0, EXACT_K)
    # src[convolution.diag:19]
    mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
    sum_ = tl.sum(mul_i_k, 1)
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    # src[convolution.diag:19]
    argument = (bias + sum_)
    tile_bf16 = (argument * tl.sigmoid(argument)).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        tile_bf16,
        mask=(i_index < size_i),
    )


@triton.jit
def causal_depthwise_kernel(
    X_ptr, W_ptr, bias_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c,
    bias_stride_c, out_stride_b, out_stride_i, out_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
    BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    acc_k = tl.full([BLOCK_I], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[convolution.diag:19]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -2) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & ((i_index[:, None] + k_index[None, :] + -2) >= 0) & ((i_index[:, None] + k_index[None, :] + -2) < size_i),
            other=0,
        )
        # src[convolution.diag:18]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c)
        # src[convolution.diag:19]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[convolution.diag:19]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -2) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -2) >= 0) & ((i_index[:, None] + k_index[None, :] + -2) < size_i),
            other=0,
        )
        # src[convolution.diag:18]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c, mask=(k_index < 3), other=0.0)
        # src[convolution.diag:19]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    # src[convolution.diag:19]
    argument = (bias + acc_k)
    tile_bf16 = (argument * tl.sigmoid(argument)).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        tile_bf16,
        mask=(i_index < size_i),
    )


@triton.jit
def causal_depthwise_forward_rows_kernel(
    X_ptr, W_ptr, bias_ptr, out_ptr, state_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c,
    bias_stride_c, out_stride_b, out_stride_i, out_stride_c, state_stride_b, state_stride_i, state_stride_c,
    size_b, size_i, size_c, BLOCK_K: tl.constexpr, BLOCK_I: tl.constexpr, EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    # src[convolution.diag:19]
    X = tl.load(
        X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -2) * X_stride_i + c_index * X_stride_c,
        mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -2) >= 0) & ((i_index[:, None] + k_index[None, :] + -2) < size_i),
        other=0,
    )
    # src[convolution.diag:18]
    W = load_tile(W_ptr + k_index * W_stride_k + c_index * W_stride_c, (k_index < 3), 0.0, EXACT_K)
    # src[convolution.diag:19]
    mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
    sum_ = tl.sum(mul_i_k, 1)
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    # src[convolution.diag:19]
    argument = (bias + sum_)
    tile_bf16 = (argument * tl.sigmoid(argument)).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        tile_bf16,
        mask=(i_index < size_i),
    )
    tl.store(
        state_ptr + b_index * state_stride_b + i_index * state_stride_i + c_index * state_stride_c,
        sum_,
        mask=(i_index < size_i),
    )


@triton.jit
def causal_depthwise_forward_kernel(
    X_ptr, W_ptr, bias_ptr, out_ptr, state_ptr, X_stride_b, X_stride_i, X_stride_c, W_stride_k, W_stride_c,
    bias_stride_c, out_stride_b, out_stride_i, out_stride_c, state_stride_b, state_stride_i, state_stride_c,
    size_b, size_i, size_c, BLOCK_K: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    b_index = program.to(tl.int64)
    acc_k = tl.full([BLOCK_I], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[convolution.diag:19]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -2) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & ((i_index[:, None] + k_index[None, :] + -2) >= 0) & ((i_index[:, None] + k_index[None, :] + -2) < size_i),
            other=0,
        )
        # src[convolution.diag:18]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c)
        # src[convolution.diag:19]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[convolution.diag:19]
        X = tl.load(
            X_ptr + b_index * X_stride_b + (i_index[:, None] + k_index[None, :] + -2) * X_stride_i + c_index * X_stride_c,
            mask=(i_index < size_i)[:, None] & (k_index < 3)[None, :] & ((i_index[:, None] + k_index[None, :] + -2) >= 0) & ((i_index[:, None] + k_index[None, :] + -2) < size_i),
            other=0,
        )
        # src[convolution.diag:18]
        W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c, mask=(k_index < 3), other=0.0)
        # src[convolution.diag:19]
        mul_i_k = W.to(tl.float32)[None, :] * X.to(tl.float32)
        tile_sum = tl.sum(mul_i_k, 1)
        next_acc_k = acc_k + tile_sum
        acc_k = next_acc_k
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    # src[convolution.diag:19]
    argument = (bias + acc_k)
    tile_bf16 = (argument * tl.sigmoid(argument)).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + c_index * out_stride_c,
        tile_bf16,
        mask=(i_index < size_i),
    )
    tl.store(
        state_ptr + b_index * state_stride_b + i_index * state_stride_i + c_index * state_stride_c,
        acc_k,
        mask=(i_index < size_i),
    )


@triton.jit
def causal_depthwise_backward_buffer_0_kernel(
    W_ptr, bias_ptr, d_out_ptr, state_ptr, buffer_0_ptr, W_stride_k, W_stride_c, bias_stride_c,
    d_out_stride_b, d_out_stride_i, d_out_stride_c, state_stride_b, state_stride_i, state_stride_c,
    buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k, size_c, size_b, size_i,
    BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(3, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(3, BLOCK_K)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    # src[convolution.diag:18]
    W = tl.load(W_ptr + k_index * W_stride_k + c_index * W_stride_c, mask=(k_index < 3), other=0.0)
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    state = tl.load(
        state_ptr + b_index * state_stride_b + i_index * state_stride_i + c_index * state_stride_c,
    )
    # src[convolution.diag:19]
    add = state + bias
    sigmoid = tl.sigmoid(add)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + c_index * d_out_stride_c,
    )
    # src[convolution.diag:18]
    scalar = (((1.0 - sigmoid) * add) + 1.0) * d_out.to(tl.float32)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + i_index * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
        ((scalar * sigmoid) * W.to(tl.float32)),
        mask=(k_index < 3),
    )


@triton.jit
def causal_depthwise_backward_d_W_rows_kernel(
    X_ptr, bias_ptr, d_out_ptr, state_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_c, bias_stride_c,
    d_out_stride_b, d_out_stride_i, d_out_stride_c, state_stride_b, state_stride_i, state_stride_c,
    d_W_stride_k, d_W_stride_c, size_b, size_i, size_c, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr,
    BLOCK_K: tl.constexpr, EXACT_B: tl.constexpr, EXACT_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(3, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(3, BLOCK_K)
    c_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    state = load_tile(
        state_ptr + b_index[:, None] * state_stride_b + i_index[None, :] * state_stride_i + c_index * state_stride_c,
        (b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        0.0,
        EXACT_B and EXACT_I,
    )
    # src[convolution.diag:19]
    add_b_i = state + bias
    sigmoid_b_i = tl.sigmoid(add_b_i)
    mul_b_i = (((1.0 - sigmoid_b_i) * add_b_i) + 1.0) * sigmoid_b_i
    d_out = load_tile(
        d_out_ptr + b_index[:, None] * d_out_stride_b + i_index[None, :] * d_out_stride_i + c_index * d_out_stride_c,
        (b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        0.0,
        EXACT_B and EXACT_I,
    )
    X = tl.load(
        X_ptr + b_index[None, :, None] * X_stride_b + (i_index[None, None, :] + k_index[:, None, None] + -2) * X_stride_i + c_index * X_stride_c,
        mask=(b_index < size_b)[None, :, None] & (i_index < size_i)[None, None, :] & (k_index < 3)[:, None, None] & ((i_index[None, None, :] + k_index[:, None, None] + -2) >= 0) & ((i_index[None, None, :] + k_index[:, None, None] + -2) < size_i),
        other=0,
    )
    mul_k_b_i = (d_out.to(tl.float32) * mul_b_i)[None, :, :] * X.to(tl.float32)
    sum_ = tl.sum(tl.sum(mul_k_b_i, 2), 1)
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + c_index * d_W_stride_c,
        sum_.to(tl.bfloat16),
        mask=(k_index < 3),
    )


@triton.jit
def causal_depthwise_backward_d_W_kernel(
    X_ptr, bias_ptr, d_out_ptr, state_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_c, bias_stride_c,
    d_out_stride_b, d_out_stride_i, d_out_stride_c, state_stride_b, state_stride_i, state_stride_c,
    d_W_stride_k, d_W_stride_c, size_b, size_i, size_c, BLOCK_I: tl.constexpr, BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(3, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(3, BLOCK_K)
    c_index = program.to(tl.int64)
    acc_b_i = tl.full([BLOCK_K], 0.0, tl.float32)
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c)
    for b_index in tl.range(0, size_b):
        to_i = size_i // BLOCK_I * BLOCK_I
        # whole tiles, no mask needed
        for first_i in tl.range(0, to_i, BLOCK_I):
            i_index = first_i + tl.arange(0, BLOCK_I)
            state = tl.load(
                state_ptr + b_index * state_stride_b + i_index * state_stride_i + c_index * state_stride_c,
            )
            # src[convolution.diag:19]
            add_i = state + bias
            sigmoid_i = tl.sigmoid(add_i)
            mul_i = (((1.0 - sigmoid_i) * add_i) + 1.0) * sigmoid_i
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + c_index * d_out_stride_c,
            )
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[None, :] + k_index[:, None] + -2) * X_stride_i + c_index * X_stride_c,
                mask=(k_index < 3)[:, None] & ((i_index[None, :] + k_index[:, None] + -2) >= 0) & ((i_index[None, :] + k_index[:, None] + -2) < size_i),
                other=0,
            )
            mul_k_i = (d_out.to(tl.float32) * mul_i)[None, :] * X.to(tl.float32)
            tile_sum = tl.sum(mul_k_i, 1)
            next_acc_b_i = acc_b_i + tile_sum
            acc_b_i = next_acc_b_i
        from_i = tl.maximum(0, to_i)
        # tiles that a mask or the end cuts
        for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
            i_index = first_i_2 + tl.arange(0, BLOCK_I)
            state = tl.load(
                state_ptr + b_index * state_stride_b + i_index * state_stride_i + c_index * state_stride_c,
                mask=(i_index < size_i),
                other=0.0,
            )
            # src[convolution.diag:19]
            add_i = state + bias
            sigmoid_i = tl.sigmoid(add_i)
            mul_i = (((1.0 - sigmoid_i) * add_i) + 1.0) * sigmoid_i
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + c_index * d_out_stride_c,
                mask=(i_index < size_i),
                other=0.0,
            )
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index[None, :] + k_index[:, None] + -2) * X_stride_i + c_index * X_stride_c,
                mask=(i_index < size_i)[None, :] & (k_index < 3)[:, None] & ((i_index[None, :] + k_index[:, None] + -2) >= 0) & ((i_index[None, :] + k_index[:, None] + -2) < size_i),
                other=0,
            )
            mul_k_i = (d_out.to(tl.float32) * mul_i)[None, :] * X.to(tl.float32)
            tile_sum = tl.sum(mul_k_i, 1)
            next_acc_b_i = acc_b_i + tile_sum
            acc_b_i = next_acc_b_i
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + c_index * d_W_stride_c,
        acc_b_i.to(tl.bfloat16),
        mask=(k_index < 3),
    )


@triton.jit
def causal_depthwise_backward_d_bias_rows_kernel(
    bias_ptr, d_out_ptr, state_ptr, d_bias_ptr, bias_stride_c, d_out_stride_b, d_out_stride_i, d_out_stride_c,
    state_stride_b, state_stride_i, state_stride_c, d_bias_stride_c, size_c, size_b, size_i,
    BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_C: tl.constexpr, EXACT_B: tl.constexpr,
    EXACT_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_c = program * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    b_index = tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c, mask=(c_index < size_c), other=0.0)
    state = tl.load(
        state_ptr + b_index[None, :, None] * state_stride_b + i_index[None, None, :] * state_stride_i + c_index[:, None, None] * state_stride_c,
        mask=(b_index < size_b)[None, :, None] & (i_index < size_i)[None, None, :] & (c_index < size_c)[:, None, None],
        other=0.0,
    )
    # src[convolution.diag:19]
    add_c_b_i = state + bias[:, None, None]
    sigmoid_c_b_i = tl.sigmoid(add_c_b_i)
    mul_c_b_i = (((1.0 - sigmoid_c_b_i) * add_c_b_i) + 1.0) * sigmoid_c_b_i
    d_out = tl.load(
        d_out_ptr + b_index[None, :, None] * d_out_stride_b + i_index[None, None, :] * d_out_stride_i + c_index[:, None, None] * d_out_stride_c,
        mask=(b_index < size_b)[None, :, None] & (i_index < size_i)[None, None, :] & (c_index < size_c)[:, None, None],
        other=0.0,
    )
    mul_c_b_i_2 = d_out.to(tl.float32) * mul_c_b_i
    sum_ = tl.sum(tl.sum(mul_c_b_i_2, 2), 1)
    tl.store(d_bias_ptr + c_index * d_bias_stride_c, sum_, mask=(c_index < size_c))


@triton.jit
def causal_depthwise_backward_d_bias_kernel(
    bias_ptr, d_out_ptr, state_ptr, d_bias_ptr, bias_stride_c, d_out_stride_b, d_out_stride_i, d_out_stride_c,
    state_stride_b, state_stride_i, state_stride_c, d_bias_stride_c, size_c, size_b, size_i,
    BLOCK_I: tl.constexpr, BLOCK_C: tl.constexpr,
):
    program = tl.program_id(0)
    first_c = program * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    acc_b_i = tl.full([BLOCK_C], 0.0, tl.float32)
    # src[convolution.diag:18]
    bias = tl.load(bias_ptr + c_index * bias_stride_c, mask=(c_index < size_c), other=0.0)
    for b_index in tl.range(0, size_b):
        to_i = size_i // BLOCK_I * BLOCK_I
        # whole tiles, no mask needed
        for first_i in tl.range(0, to_i, BLOCK_I):
            i_index = first_i + tl.arange(0, BLOCK_I)
            state = tl.load(
                state_ptr + b_index * state_stride_b + i_index[None, :] * state_stride_i + c_index[:, None] * state_stride_c,
                mask=(c_index < size_c)[:, None],
                other=0.0,
            )
            # src[convolution.diag:19]
            add_c_i = state + bias[:, None]
            sigmoid_c_i = tl.sigmoid(add_c_i)
            mul_c_i = (((1.0 - sigmoid_c_i) * add_c_i) + 1.0) * sigmoid_c_i
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index[None, :] * d_out_stride_i + c_index[:, None] * d_out_stride_c,
                mask=(c_index < size_c)[:, None],
                other=0.0,
            )
            mul_c_i_2 = d_out.to(tl.float32) * mul_c_i
            tile_sum = tl.sum(mul_c_i_2, 1)
            next_acc_b_i = acc_b_i + tile_sum
            acc_b_i = next_acc_b_i
        from_i = tl.maximum(0, to_i)
        # tiles that a mask or the end cuts
        for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
            i_index = first_i_2 + tl.arange(0, BLOCK_I)
            state = tl.load(
                state_ptr + b_index * state_stride_b + i_index[None, :] * state_stride_i + c_index[:, None] * state_stride_c,
                mask=(i_index < size_i)[None, :] & (c_index < size_c)[:, None],
                other=0.0,
            )
            # src[convolution.diag:19]
            add_c_i = state + bias[:, None]
            sigmoid_c_i = tl.sigmoid(add_c_i)
            mul_c_i = (((1.0 - sigmoid_c_i) * add_c_i) + 1.0) * sigmoid_c_i
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + i_index[None, :] * d_out_stride_i + c_index[:, None] * d_out_stride_c,
                mask=(i_index < size_i)[None, :] & (c_index < size_c)[:, None],
                other=0.0,
            )
            mul_c_i_2 = d_out.to(tl.float32) * mul_c_i
            tile_sum = tl.sum(mul_c_i_2, 1)
            next_acc_b_i = acc_b_i + tile_sum
            acc_b_i = next_acc_b_i
    tl.store(d_bias_ptr + c_index * d_bias_stride_c, acc_b_i, mask=(c_index < size_c))


@triton.jit
def causal_depthwise_backward_d_X_rows_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k,
    d_X_stride_b, d_X_stride_i, d_X_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
    EXACT_K: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 2) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
        mask=(k_index < 3) & ((i_index + -1 * k_index + 2) >= 0) & ((i_index + -1 * k_index + 2) < size_i),
        other=0.0,
    )
    sum_ = tl.sum(buffer_0, 0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + c_index * d_X_stride_c,
        sum_.to(tl.bfloat16),
    )


@triton.jit
def causal_depthwise_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_c, buffer_0_stride_k,
    d_X_stride_b, d_X_stride_i, d_X_stride_c, size_b, size_i, size_c, BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    sum_k = tl.full([], 0.0, tl.float32)
    to_k = (3) // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 2) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
            mask=((i_index + -1 * k_index + 2) >= 0) & ((i_index + -1 * k_index + 2) < size_i),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_k = sum_k + tile_sum
        sum_k = next_sum_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, 3, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 2) * buffer_0_stride_i + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k,
            mask=(k_index < 3) & ((i_index + -1 * k_index + 2) >= 0) & ((i_index + -1 * k_index + 2) < size_i),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_k = sum_k + tile_sum
        sum_k = next_sum_k
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + c_index * d_X_stride_c,
        sum_k.to(tl.bfloat16),
    )


@_operator
def _causal_depthwise(X: torch.Tensor, W: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """_causal_depthwise(X: bf16[b i c], W: bf16[k c], bias: f32[c]) -> out: bf16[b i c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if bias.shape != (c,):
        raise ValueError(f"bias: f32[c] has shape {bias.shape}, expected {(c,)}")
    out = torch.empty((b, i, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 1024:
        if BLOCK_K <= 16:
            BLOCK_I, warps, stages = 256, 4, 1
        elif BLOCK_K <= 64:
            BLOCK_I, warps, stages = 64, 4, 1
        elif BLOCK_K <= 256:
            BLOCK_I, warps, stages = 16, 4, 1
        else:
            BLOCK_I, warps, stages = 8, 8, 1
        grid = (b * triton.cdiv(i, BLOCK_I) * c,)
        causal_depthwise_rows_kernel[grid](
            X, W, bias, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), bias.stride(0),
            out.stride(0), out.stride(1), out.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I,
            EXACT_K=3 == BLOCK_K, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_K, BLOCK_I, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(i, BLOCK_I) * c,)
    causal_depthwise_kernel[grid](
        X, W, bias, out, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), bias.stride(0),
        out.stride(0), out.stride(1), out.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _causal_depthwise_forward(
    X: torch.Tensor,
    W: torch.Tensor,
    bias: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_causal_depthwise_forward(X: bf16[b i c], W: bf16[k c], bias: f32[c]) -> out: bf16[b i c], state: f32[b i c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if bias.shape != (c,):
        raise ValueError(f"bias: f32[c] has shape {bias.shape}, expected {(c,)}")
    out = torch.empty((b, i, c), dtype=torch.bfloat16, device=X.device)
    state = torch.empty((b, i, c), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, state
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 1024:
        if BLOCK_K <= 16:
            BLOCK_I, warps, stages = 256, 4, 1
        elif BLOCK_K <= 64:
            BLOCK_I, warps, stages = 64, 4, 1
        elif BLOCK_K <= 256:
            BLOCK_I, warps, stages = 16, 4, 1
        else:
            BLOCK_I, warps, stages = 8, 8, 1
        grid = (b * triton.cdiv(i, BLOCK_I) * c,)
        causal_depthwise_forward_rows_kernel[grid](
            X, W, bias, out, state, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1),
            bias.stride(0), out.stride(0), out.stride(1), out.stride(2), state.stride(0), state.stride(1),
            state.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I, EXACT_K=3 == BLOCK_K, num_warps=warps,
            num_stages=stages,
        )
        return out, state
    BLOCK_K, BLOCK_I, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(i, BLOCK_I) * c,)
    causal_depthwise_forward_kernel[grid](
        X, W, bias, out, state, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1),
        bias.stride(0), out.stride(0), out.stride(1), out.stride(2), state.stride(0), state.stride(1),
        state.stride(2), b, i, c, BLOCK_K=BLOCK_K, BLOCK_I=BLOCK_I, num_warps=warps, num_stages=stages,
    )
    return out, state


@_operator
def _causal_depthwise_backward_buffer_0(
    W: torch.Tensor,
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_causal_depthwise_backward_buffer_0(W: bf16[k c], bias: f32[c], d_out: bf16[b i c], state: f32[b i c]) -> buffer_0: f32[b i c k]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("bias", bias, torch.float32, 1, W.device)
    _check("d_out", d_out, torch.bfloat16, 3, W.device)
    _check("state", state, torch.float32, 3, W.device)
    _, c = W.shape
    b, i, _ = d_out.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if bias.shape != (c,):
        raise ValueError(f"bias: f32[c] has shape {bias.shape}, expected {(c,)}")
    if d_out.shape != (b, i, c):
        raise ValueError(f"d_out: bf16[b i c] has shape {d_out.shape}, expected {(b, i, c)}")
    if state.shape != (b, i, c):
        raise ValueError(f"state: f32[b i c] has shape {state.shape}, expected {(b, i, c)}")
    buffer_0 = torch.empty((b, i, c, 3), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_K, warps, stages = 1024, 4, 1
    grid = (b * i * c * triton.cdiv(3, BLOCK_K),)
    causal_depthwise_backward_buffer_0_kernel[grid](
        W, bias, d_out, state, buffer_0, W.stride(0), W.stride(1), bias.stride(0), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), state.stride(0), state.stride(1), state.stride(2),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), c, b, i,
        BLOCK_K=BLOCK_K, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _causal_depthwise_backward_d_W(
    X: torch.Tensor,
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_causal_depthwise_backward_d_W(X: bf16[b i c], bias: f32[c], d_out: bf16[b i c], state: f32[b i c]) -> d_W: bf16[k c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("bias", bias, torch.float32, 1, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state", state, torch.float32, 3, X.device)
    b, i, c = X.shape
    if bias.shape != (c,):
        raise ValueError(f"bias: f32[c] has shape {bias.shape}, expected {(c,)}")
    if d_out.shape != (b, i, c):
        raise ValueError(f"d_out: bf16[b i c] has shape {d_out.shape}, expected {(b, i, c)}")
    if state.shape != (b, i, c):
        raise ValueError(f"state: f32[b i c] has shape {state.shape}, expected {(b, i, c)}")
    d_W = torch.empty((3, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_I = max(16, triton.next_power_of_2(i))
    if BLOCK_B * BLOCK_I <= 1024:
        if BLOCK_B * BLOCK_I <= 256:
            BLOCK_K, warps, stages = 8, 4, 1
        else:
            BLOCK_K, warps, stages = 8, 8, 1
        grid = (triton.cdiv(3, BLOCK_K) * c,)
        causal_depthwise_backward_d_W_rows_kernel[grid](
            X, bias, d_out, state, d_W, X.stride(0), X.stride(1), X.stride(2), bias.stride(0),
            d_out.stride(0), d_out.stride(1), d_out.stride(2), state.stride(0), state.stride(1),
            state.stride(2), d_W.stride(0), d_W.stride(1), b, i, c, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I,
            BLOCK_K=BLOCK_K, EXACT_B=b == BLOCK_B, EXACT_I=i == BLOCK_I, num_warps=warps, num_stages=stages,
        )
        return d_W
    BLOCK_I, BLOCK_K, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(3, BLOCK_K) * c,)
    causal_depthwise_backward_d_W_kernel[grid](
        X, bias, d_out, state, d_W, X.stride(0), X.stride(1), X.stride(2), bias.stride(0), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), state.stride(0), state.stride(1), state.stride(2), d_W.stride(0),
        d_W.stride(1), b, i, c, BLOCK_I=BLOCK_I, BLOCK_K=BLOCK_K, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _causal_depthwise_backward_d_bias(
    bias: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_causal_depthwise_backward_d_bias(bias: f32[c], d_out: bf16[b i c], state: f32[b i c]) -> d_bias: f32[c]. Any strides; sizes are read off the shapes."""
    _check("bias", bias, torch.float32, 1, bias.device)
    _check("d_out", d_out, torch.bfloat16, 3, bias.device)
    _check("state", state, torch.float32, 3, bias.device)
    (c,) = bias.shape
    b, i, _ = d_out.shape
    if d_out.shape != (b, i, c):
        raise ValueError(f"d_out: bf16[b i c] has shape {d_out.shape}, expected {(b, i, c)}")
    if state.shape != (b, i, c):
        raise ValueError(f"state: f32[b i c] has shape {state.shape}, expected {(b, i, c)}")
    d_bias = torch.empty((c,), dtype=torch.float32, device=bias.device)
    if _is_traced(d_bias):
        return d_bias
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_I = max(16, triton.next_power_of_2(i))
    if BLOCK_B * BLOCK_I <= 1024:
        if BLOCK_B * BLOCK_I <= 256:
            BLOCK_C, warps, stages = 8, 4, 1
        else:
            BLOCK_C, warps, stages = 8, 8, 1
        grid = (triton.cdiv(c, BLOCK_C),)
        causal_depthwise_backward_d_bias_rows_kernel[grid](
            bias, d_out, state, d_bias, bias.stride(0), d_out.stride(0), d_out.stride(1), d_out.stride(2),
            state.stride(0), state.stride(1), state.stride(2), d_bias.stride(0), c, b, i, BLOCK_B=BLOCK_B,
            BLOCK_I=BLOCK_I, BLOCK_C=BLOCK_C, EXACT_B=b == BLOCK_B, EXACT_I=i == BLOCK_I, num_warps=warps,
            num_stages=stages,
        )
        return d_bias
    BLOCK_I, BLOCK_C, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(c, BLOCK_C),)
    causal_depthwise_backward_d_bias_kernel[grid](
        bias, d_out, state, d_bias, bias.stride(0), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        state.stride(0), state.stride(1), state.stride(2), d_bias.stride(0), c, b, i, BLOCK_I=BLOCK_I,
        BLOCK_C=BLOCK_C, num_warps=warps, num_stages=stages,
    )
    return d_bias


@_operator
def _causal_depthwise_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_causal_depthwise_backward_d_X(buffer_0: f32[b i c k]) -> d_X: bf16[b i c]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 4, buffer_0.device)
    b, i, c, _ = buffer_0.shape
    if buffer_0.shape != (b, i, c, 3):
        raise ValueError(f"buffer_0: f32[b i c k] has shape {buffer_0.shape}, expected {(b, i, c, 3)}")
    d_X = torch.empty((b, i, c), dtype=torch.bfloat16, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_K = max(16, triton.next_power_of_2(3))
    if BLOCK_K <= 16384:
        if BLOCK_K <= 1024:
            warps, stages = 4, 1
        elif BLOCK_K <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * i * c,)
        causal_depthwise_backward_d_X_rows_kernel[grid](
            buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
            d_X.stride(0), d_X.stride(1), d_X.stride(2), b, i, c, BLOCK_K=BLOCK_K, EXACT_K=3 == BLOCK_K,
            num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_K, warps, stages = 4096, 8, 2
    grid = (b * i * c,)
    causal_depthwise_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        d_X.stride(0), d_X.stride(1), d_X.stride(2), b, i, c, BLOCK_K=BLOCK_K, num_warps=warps,
        num_stages=stages,
    )
    return d_X


class _causal_depthwise_autograd(torch.autograd.Function):
    """causal_depthwise and its derivative."""

    @staticmethod
    def forward(ctx, X, W, bias):
        out, state = _causal_depthwise_forward(X, W, bias)
        ctx.save_for_backward(X, W, bias, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, bias, state = ctx.saved_tensors
        buffer_0 = _causal_depthwise_backward_buffer_0(W, bias, d_out, state)
        d_W = _causal_depthwise_backward_d_W(X, bias, d_out, state)
        d_bias = _causal_depthwise_backward_d_bias(bias, d_out, state)
        d_X = _causal_depthwise_backward_d_X(buffer_0)
        return d_X, d_W, d_bias


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def causal_depthwise(X: torch.Tensor, W: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """causal_depthwise(X: bf16[b i c], W: bf16[k c], bias: f32[c]) -> out: bf16[b i c]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i, c = X.shape
    if W.shape != (3, c):
        raise ValueError(f"W: bf16[k c] has shape {W.shape}, expected {(3, c)}")
    if bias.shape != (c,):
        raise ValueError(f"bias: f32[c] has shape {bias.shape}, expected {(c,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, bias)):
        return _causal_depthwise_autograd.apply(X, W, bias)
    out = _causal_depthwise(X, W, bias)
    return out


@triton.jit
def depthwise2d_rows_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, W_stride_k, W_stride_l, W_stride_c,
    out_stride_b, out_stride_i, out_stride_j, out_stride_c, size_b, size_i, size_j, size_c,
    BLOCK_K: tl.constexpr, BLOCK_L: tl.constexpr, BLOCK_J: tl.constexpr, EXACT_K: tl.constexpr,
    EXACT_L: tl.constexpr,
):
    program = tl.program_id(0)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    l_index = tl.arange(0, BLOCK_L)
    # src[convolution.diag:23]
    X = tl.load(
        X_ptr + b_index * X_stride_b + (i_index + k_index[None, :, None] + -1) * X_stride_i + (j_index[:, None, None] + l_index[None, None, :] + -1) * X_stride_j + c_index * X_stride_c,
        mask=(k_index < 3)[None, :, None] & (j_index < size_j)[:, None, None] & (l_index < 3)[None, None, :] & ((i_index + k_index[None, :, None] + -1) >= 0) & ((i_index + k_index[None, :, None] + -1) < size_i) & ((j_index[:, None, None] + l_index[None, None, :] + -1) >= 0) & ((j_index[:, None, None] + l_index[None, None, :] + -1) < size_j),
        other=0,
    )
    # src[convolution.diag:22]
    W = load_tile(
        W_ptr + k_index[:, None] * W_stride_k + l_index[None, :] * W_stride_l + c_index * W_stride_c,
        (k_index < 3)[:, None] & (l_index < 3)[None, :],
        0.0,
        EXACT_K and EXACT_L,
    )
    # src[convolution.diag:23]
    mul_j_k_l = W.to(tl.float32)[None, :, :] * X.to(tl.float32)
    sum_ = tl.sum(tl.sum(mul_j_k_l, 2), 1)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + j_index * out_stride_j + c_index * out_stride_c,
        sum_.to(tl.bfloat16),
        mask=(j_index < size_j),
    )


@triton.jit
def depthwise2d_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, W_stride_k, W_stride_l, W_stride_c,
    out_stride_b, out_stride_i, out_stride_j, out_stride_c, size_b, size_i, size_j, size_c,
    BLOCK_L: tl.constexpr, BLOCK_J: tl.constexpr,
):
    program = tl.program_id(0)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    acc_k_l = tl.full([BLOCK_J], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        to_l = (3) // BLOCK_L * BLOCK_L
        # whole tiles, no mask needed
        for first_l in tl.range(0, to_l, BLOCK_L):
            l_index = first_l + tl.arange(0, BLOCK_L)
            # src[convolution.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index[None, :] + -1) * X_stride_j + c_index * X_stride_c,
                mask=(j_index < size_j)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index[None, :] + -1) >= 0) & ((j_index[:, None] + l_index[None, :] + -1) < size_j),
                other=0,
            )
            # src[convolution.diag:22]
            W = tl.load(W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index * W_stride_c)
            # src[convolution.diag:23]
            mul_j_l = W.to(tl.float32)[None, :] * X.to(tl.float32)
            tile_sum = tl.sum(mul_j_l, 1)
            next_acc_k_l = acc_k_l + tile_sum
            acc_k_l = next_acc_k_l
        from_l = tl.maximum(0, to_l)
        # tiles that a mask or the end cuts
        for first_l_2 in tl.range(from_l, 3, BLOCK_L):
            l_index = first_l_2 + tl.arange(0, BLOCK_L)
            # src[convolution.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index[None, :] + -1) * X_stride_j + c_index * X_stride_c,
                mask=(j_index < size_j)[:, None] & (l_index < 3)[None, :] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index[None, :] + -1) >= 0) & ((j_index[:, None] + l_index[None, :] + -1) < size_j),
                other=0,
            )
            # src[convolution.diag:22]
            W = tl.load(
                W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index * W_stride_c,
                mask=(l_index < 3),
                other=0.0,
            )
            # src[convolution.diag:23]
            mul_j_l = W.to(tl.float32)[None, :] * X.to(tl.float32)
            tile_sum = tl.sum(mul_j_l, 1)
            next_acc_k_l = acc_k_l + tile_sum
            acc_k_l = next_acc_k_l
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + j_index * out_stride_j + c_index * out_stride_c,
        acc_k_l.to(tl.bfloat16),
        mask=(j_index < size_j),
    )


@triton.jit
def depthwise2d_forward_rows_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, W_stride_k, W_stride_l, W_stride_c,
    out_stride_b, out_stride_i, out_stride_j, out_stride_c, size_b, size_i, size_j, size_c,
    BLOCK_K: tl.constexpr, BLOCK_L: tl.constexpr, BLOCK_J: tl.constexpr, EXACT_K: tl.constexpr,
    EXACT_L: tl.constexpr,
):
    program = tl.program_id(0)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    l_index = tl.arange(0, BLOCK_L)
    # src[convolution.diag:23]
    X = tl.load(
        X_ptr + b_index * X_stride_b + (i_index + k_index[None, :, None] + -1) * X_stride_i + (j_index[:, None, None] + l_index[None, None, :] + -1) * X_stride_j + c_index * X_stride_c,
        mask=(k_index < 3)[None, :, None] & (j_index < size_j)[:, None, None] & (l_index < 3)[None, None, :] & ((i_index + k_index[None, :, None] + -1) >= 0) & ((i_index + k_index[None, :, None] + -1) < size_i) & ((j_index[:, None, None] + l_index[None, None, :] + -1) >= 0) & ((j_index[:, None, None] + l_index[None, None, :] + -1) < size_j),
        other=0,
    )
    # src[convolution.diag:22]
    W = load_tile(
        W_ptr + k_index[:, None] * W_stride_k + l_index[None, :] * W_stride_l + c_index * W_stride_c,
        (k_index < 3)[:, None] & (l_index < 3)[None, :],
        0.0,
        EXACT_K and EXACT_L,
    )
    # src[convolution.diag:23]
    mul_j_k_l = W.to(tl.float32)[None, :, :] * X.to(tl.float32)
    sum_ = tl.sum(tl.sum(mul_j_k_l, 2), 1)
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + j_index * out_stride_j + c_index * out_stride_c,
        sum_.to(tl.bfloat16),
        mask=(j_index < size_j),
    )


@triton.jit
def depthwise2d_forward_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, W_stride_k, W_stride_l, W_stride_c,
    out_stride_b, out_stride_i, out_stride_j, out_stride_c, size_b, size_i, size_j, size_c,
    BLOCK_L: tl.constexpr, BLOCK_J: tl.constexpr,
):
    program = tl.program_id(0)
    first_j = (program % tl.cdiv(size_j, BLOCK_J)) * BLOCK_J
    j_index = first_j + tl.arange(0, BLOCK_J)
    program = program // tl.cdiv(size_j, BLOCK_J)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    acc_k_l = tl.full([BLOCK_J], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        to_l = (3) // BLOCK_L * BLOCK_L
        # whole tiles, no mask needed
        for first_l in tl.range(0, to_l, BLOCK_L):
            l_index = first_l + tl.arange(0, BLOCK_L)
            # src[convolution.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index[None, :] + -1) * X_stride_j + c_index * X_stride_c,
                mask=(j_index < size_j)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index[None, :] + -1) >= 0) & ((j_index[:, None] + l_index[None, :] + -1) < size_j),
                other=0,
            )
            # src[convolution.diag:22]
            W = tl.load(W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index * W_stride_c)
            # src[convolution.diag:23]
            mul_j_l = W.to(tl.float32)[None, :] * X.to(tl.float32)
            tile_sum = tl.sum(mul_j_l, 1)
            next_acc_k_l = acc_k_l + tile_sum
            acc_k_l = next_acc_k_l
        from_l = tl.maximum(0, to_l)
        # tiles that a mask or the end cuts
        for first_l_2 in tl.range(from_l, 3, BLOCK_L):
            l_index = first_l_2 + tl.arange(0, BLOCK_L)
            # src[convolution.diag:23]
            X = tl.load(
                X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[:, None] + l_index[None, :] + -1) * X_stride_j + c_index * X_stride_c,
                mask=(j_index < size_j)[:, None] & (l_index < 3)[None, :] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[:, None] + l_index[None, :] + -1) >= 0) & ((j_index[:, None] + l_index[None, :] + -1) < size_j),
                other=0,
            )
            # src[convolution.diag:22]
            W = tl.load(
                W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index * W_stride_c,
                mask=(l_index < 3),
                other=0.0,
            )
            # src[convolution.diag:23]
            mul_j_l = W.to(tl.float32)[None, :] * X.to(tl.float32)
            tile_sum = tl.sum(mul_j_l, 1)
            next_acc_k_l = acc_k_l + tile_sum
            acc_k_l = next_acc_k_l
    tl.store(
        out_ptr + b_index * out_stride_b + i_index * out_stride_i + j_index * out_stride_j + c_index * out_stride_c,
        acc_k_l.to(tl.bfloat16),
        mask=(j_index < size_j),
    )


@triton.jit
def depthwise2d_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_k, W_stride_l, W_stride_c, d_out_stride_b, d_out_stride_i,
    d_out_stride_j, d_out_stride_c, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_j,
    buffer_0_stride_c, buffer_0_stride_k, buffer_0_stride_l, size_c, size_b, size_i, size_j,
    BLOCK_L: tl.constexpr,
):
    program = tl.program_id(0)
    first_l = (program % tl.cdiv(3, BLOCK_L)) * BLOCK_L
    l_index = first_l + tl.arange(0, BLOCK_L)
    program = program // tl.cdiv(3, BLOCK_L)
    k_index = (program % 3).to(tl.int64)
    program = program // 3
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    j_index = (program % size_j).to(tl.int64)
    program = program // size_j
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    # src[convolution.diag:22]
    W = tl.load(
        W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index * W_stride_c,
        mask=(l_index < 3),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index * d_out_stride_j + c_index * d_out_stride_c,
    )
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + i_index * buffer_0_stride_i + j_index * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l,
        (d_out.to(tl.float32) * W.to(tl.float32)),
        mask=(l_index < 3),
    )


@triton.jit
def depthwise2d_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, X_stride_j, X_stride_c, d_out_stride_b, d_out_stride_i,
    d_out_stride_j, d_out_stride_c, d_W_stride_k, d_W_stride_l, d_W_stride_c, size_b, size_i, size_j, size_c,
    BLOCK_J: tl.constexpr, BLOCK_L: tl.constexpr,
):
    program = tl.program_id(0)
    first_l = (program % tl.cdiv(3, BLOCK_L)) * BLOCK_L
    l_index = first_l + tl.arange(0, BLOCK_L)
    program = program // tl.cdiv(3, BLOCK_L)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    k_index = program.to(tl.int64)
    acc_b_i_j = tl.full([BLOCK_L], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        for i_index in tl.range(0, size_i):
            to_j = size_j // BLOCK_J * BLOCK_J
            # whole tiles, no mask needed
            for first_j in tl.range(0, to_j, BLOCK_J):
                j_index = first_j + tl.arange(0, BLOCK_J)
                d_out = tl.load(
                    d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index * d_out_stride_j + c_index * d_out_stride_c,
                )
                # src[convolution.diag:23]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[None, :] + l_index[:, None] + -1) * X_stride_j + c_index * X_stride_c,
                    mask=(l_index < 3)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[None, :] + l_index[:, None] + -1) >= 0) & ((j_index[None, :] + l_index[:, None] + -1) < size_j),
                    other=0,
                )
                mul_l_j = X.to(tl.float32) * d_out.to(tl.float32)[None, :]
                tile_sum = tl.sum(mul_l_j, 1)
                next_acc_b_i_j = acc_b_i_j + tile_sum
                acc_b_i_j = next_acc_b_i_j
            from_j = tl.maximum(0, to_j)
            # tiles that a mask or the end cuts
            for first_j_2 in tl.range(from_j, size_j, BLOCK_J):
                j_index = first_j_2 + tl.arange(0, BLOCK_J)
                d_out = tl.load(
                    d_out_ptr + b_index * d_out_stride_b + i_index * d_out_stride_i + j_index * d_out_stride_j + c_index * d_out_stride_c,
                    mask=(j_index < size_j),
                    other=0.0,
                )
                # src[convolution.diag:23]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (i_index + k_index + -1) * X_stride_i + (j_index[None, :] + l_index[:, None] + -1) * X_stride_j + c_index * X_stride_c,
                    mask=(j_index < size_j)[None, :] & (l_index < 3)[:, None] & ((i_index + k_index + -1) >= 0) & ((i_index + k_index + -1) < size_i) & ((j_index[None, :] + l_index[:, None] + -1) >= 0) & ((j_index[None, :] + l_index[:, None] + -1) < size_j),
                    other=0,
                )
                mul_l_j = X.to(tl.float32) * d_out.to(tl.float32)[None, :]
                tile_sum = tl.sum(mul_l_j, 1)
                next_acc_b_i_j = acc_b_i_j + tile_sum
                acc_b_i_j = next_acc_b_i_j
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + l_index * d_W_stride_l + c_index * d_W_stride_c,
        acc_b_i_j.to(tl.bfloat16),
        mask=(l_index < 3),
    )


@triton.jit
def depthwise2d_backward_d_X_rows_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_j, buffer_0_stride_c,
    buffer_0_stride_k, buffer_0_stride_l, d_X_stride_b, d_X_stride_i, d_X_stride_j, d_X_stride_c, size_b,
    size_i, size_j, size_c, BLOCK_K: tl.constexpr, BLOCK_L: tl.constexpr, EXACT_K: tl.constexpr,
    EXACT_L: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    j_index = (program % size_j).to(tl.int64)
    program = program // size_j
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    l_index = tl.arange(0, BLOCK_L)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index[:, None] + 1) * buffer_0_stride_i + (j_index + -1 * l_index[None, :] + 1) * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index[:, None] * buffer_0_stride_k + l_index[None, :] * buffer_0_stride_l,
        mask=(k_index < 3)[:, None] & (l_index < 3)[None, :] & ((i_index + -1 * k_index[:, None] + 1) >= 0) & ((i_index + -1 * k_index[:, None] + 1) < size_i) & ((j_index + -1 * l_index[None, :] + 1) >= 0) & ((j_index + -1 * l_index[None, :] + 1) < size_j),
        other=0.0,
    )
    sum_ = tl.sum(tl.sum(buffer_0, 1), 0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + j_index * d_X_stride_j + c_index * d_X_stride_c,
        sum_.to(tl.bfloat16),
    )


@triton.jit
def depthwise2d_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_i, buffer_0_stride_j, buffer_0_stride_c,
    buffer_0_stride_k, buffer_0_stride_l, d_X_stride_b, d_X_stride_i, d_X_stride_j, d_X_stride_c, size_b,
    size_i, size_j, size_c, BLOCK_L: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    j_index = (program % size_j).to(tl.int64)
    program = program // size_j
    i_index = (program % size_i).to(tl.int64)
    program = program // size_i
    b_index = program.to(tl.int64)
    sum_k_l = tl.full([], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        to_l = (3) // BLOCK_L * BLOCK_L
        # whole tiles, no mask needed
        for first_l in tl.range(0, to_l, BLOCK_L):
            l_index = first_l + tl.arange(0, BLOCK_L)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + (j_index + -1 * l_index + 1) * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l,
                mask=((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i) & ((j_index + -1 * l_index + 1) >= 0) & ((j_index + -1 * l_index + 1) < size_j),
                other=0.0,
            )
            tile_sum = tl.sum(buffer_0, 0)
            next_sum_k_l = sum_k_l + tile_sum
            sum_k_l = next_sum_k_l
        from_l = tl.maximum(0, to_l)
        # tiles that a mask or the end cuts
        for first_l_2 in tl.range(from_l, 3, BLOCK_L):
            l_index = first_l_2 + tl.arange(0, BLOCK_L)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + (i_index + -1 * k_index + 1) * buffer_0_stride_i + (j_index + -1 * l_index + 1) * buffer_0_stride_j + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l,
                mask=(l_index < 3) & ((i_index + -1 * k_index + 1) >= 0) & ((i_index + -1 * k_index + 1) < size_i) & ((j_index + -1 * l_index + 1) >= 0) & ((j_index + -1 * l_index + 1) < size_j),
                other=0.0,
            )
            tile_sum = tl.sum(buffer_0, 0)
            next_sum_k_l = sum_k_l + tile_sum
            sum_k_l = next_sum_k_l
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + i_index * d_X_stride_i + j_index * d_X_stride_j + c_index * d_X_stride_c,
        sum_k_l.to(tl.bfloat16),
    )


@_operator
def _depthwise2d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_depthwise2d(X: bf16[b i j c], W: bf16[k l c]) -> out: bf16[b i j c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    b, i, j, c = X.shape
    if W.shape != (3, 3, c):
        raise ValueError(f"W: bf16[k l c] has shape {W.shape}, expected {(3, 3, c)}")
    out = torch.empty((b, i, j, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_K = max(16, triton.next_power_of_2(3))
    BLOCK_L = max(16, triton.next_power_of_2(3))
    if BLOCK_K * BLOCK_L <= 1024:
        if BLOCK_K * BLOCK_L <= 256:
            BLOCK_J, warps, stages = 16, 4, 1
        else:
            BLOCK_J, warps, stages = 8, 8, 1
        grid = (b * i * triton.cdiv(j, BLOCK_J) * c,)
        depthwise2d_rows_kernel[grid](
            X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1),
            W.stride(2), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, i, j, c,
            BLOCK_K=BLOCK_K, BLOCK_L=BLOCK_L, BLOCK_J=BLOCK_J, EXACT_K=3 == BLOCK_K, EXACT_L=3 == BLOCK_L,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_L, BLOCK_J, warps, stages = 128, 16, 8, 2
    grid = (b * i * triton.cdiv(j, BLOCK_J) * c,)
    depthwise2d_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1), W.stride(2),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, i, j, c, BLOCK_L=BLOCK_L,
        BLOCK_J=BLOCK_J, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _depthwise2d_forward(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_depthwise2d_forward(X: bf16[b i j c], W: bf16[k l c]) -> out: bf16[b i j c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 3, X.device)
    b, i, j, c = X.shape
    if W.shape != (3, 3, c):
        raise ValueError(f"W: bf16[k l c] has shape {W.shape}, expected {(3, 3, c)}")
    out = torch.empty((b, i, j, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_K = max(16, triton.next_power_of_2(3))
    BLOCK_L = max(16, triton.next_power_of_2(3))
    if BLOCK_K * BLOCK_L <= 1024:
        if BLOCK_K * BLOCK_L <= 256:
            BLOCK_J, warps, stages = 16, 4, 1
        else:
            BLOCK_J, warps, stages = 8, 8, 1
        grid = (b * i * triton.cdiv(j, BLOCK_J) * c,)
        depthwise2d_forward_rows_kernel[grid](
            X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1),
            W.stride(2), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, i, j, c,
            BLOCK_K=BLOCK_K, BLOCK_L=BLOCK_L, BLOCK_J=BLOCK_J, EXACT_K=3 == BLOCK_K, EXACT_L=3 == BLOCK_L,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_L, BLOCK_J, warps, stages = 128, 16, 8, 2
    grid = (b * i * triton.cdiv(j, BLOCK_J) * c,)
    depthwise2d_forward_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1), W.stride(2),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, i, j, c, BLOCK_L=BLOCK_L,
        BLOCK_J=BLOCK_J, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _depthwise2d_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_depthwise2d_backward_buffer_0(W: bf16[k l c], d_out: bf16[b i j c]) -> buffer_0: f32[b i j c k l]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("d_out", d_out, torch.bfloat16, 4, W.device)
    _, _, c = W.shape
    b, i, j, _ = d_out.shape
    if W.shape != (3, 3, c):
        raise ValueError(f"W: bf16[k l c] has shape {W.shape}, expected {(3, 3, c)}")
    if d_out.shape != (b, i, j, c):
        raise ValueError(f"d_out: bf16[b i j c] has shape {d_out.shape}, expected {(b, i, j, c)}")
    buffer_0 = torch.empty((b, i, j, c, 3, 3), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_L, warps, stages = 1024, 4, 1
    grid = (b * i * j * c * 3 * triton.cdiv(3, BLOCK_L),)
    depthwise2d_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), W.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_out.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), buffer_0.stride(4), buffer_0.stride(5), c, b, i, j, BLOCK_L=BLOCK_L,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _depthwise2d_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_depthwise2d_backward_d_W(X: bf16[b i j c], d_out: bf16[b i j c]) -> d_W: bf16[k l c]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    b, i, j, c = X.shape
    if d_out.shape != (b, i, j, c):
        raise ValueError(f"d_out: bf16[b i j c] has shape {d_out.shape}, expected {(b, i, j, c)}")
    d_W = torch.empty((3, 3, c), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_J, BLOCK_L, warps, stages = 128, 16, 8, 2
    grid = (3 * triton.cdiv(3, BLOCK_L) * c,)
    depthwise2d_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), X.stride(2), X.stride(3), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_out.stride(3), d_W.stride(0), d_W.stride(1), d_W.stride(2), b, i, j, c,
        BLOCK_J=BLOCK_J, BLOCK_L=BLOCK_L, num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _depthwise2d_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_depthwise2d_backward_d_X(buffer_0: f32[b i j c k l]) -> d_X: bf16[b i j c]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 6, buffer_0.device)
    b, i, j, c, _, _ = buffer_0.shape
    if buffer_0.shape != (b, i, j, c, 3, 3):
        raise ValueError(f"buffer_0: f32[b i j c k l] has shape {buffer_0.shape}, expected {(b, i, j, c, 3, 3)}")
    d_X = torch.empty((b, i, j, c), dtype=torch.bfloat16, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_K = max(16, triton.next_power_of_2(3))
    BLOCK_L = max(16, triton.next_power_of_2(3))
    if BLOCK_K * BLOCK_L <= 16384:
        if BLOCK_K * BLOCK_L <= 1024:
            warps, stages = 4, 1
        elif BLOCK_K * BLOCK_L <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * i * j * c,)
        depthwise2d_backward_d_X_rows_kernel[grid](
            buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
            buffer_0.stride(4), buffer_0.stride(5), d_X.stride(0), d_X.stride(1), d_X.stride(2),
            d_X.stride(3), b, i, j, c, BLOCK_K=BLOCK_K, BLOCK_L=BLOCK_L, EXACT_K=3 == BLOCK_K,
            EXACT_L=3 == BLOCK_L, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_L, warps, stages = 4096, 8, 2
    grid = (b * i * j * c,)
    depthwise2d_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_0.stride(4), buffer_0.stride(5), d_X.stride(0), d_X.stride(1), d_X.stride(2), d_X.stride(3), b,
        i, j, c, BLOCK_L=BLOCK_L, num_warps=warps, num_stages=stages,
    )
    return d_X


class _depthwise2d_autograd(torch.autograd.Function):
    """depthwise2d and its derivative."""

    @staticmethod
    def forward(ctx, X, W):
        out = _depthwise2d_forward(X, W)
        ctx.save_for_backward(X, W)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W = ctx.saved_tensors
        buffer_0 = _depthwise2d_backward_buffer_0(W, d_out)
        d_W = _depthwise2d_backward_d_W(X, d_out)
        d_X = _depthwise2d_backward_d_X(buffer_0)
        return d_X, d_W


@_anywhere(torch.bfloat16, torch.bfloat16)
def depthwise2d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """depthwise2d(X: bf16[b i j c], W: bf16[k l c]) -> out: bf16[b i j c]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i, j, c = X.shape
    if W.shape != (3, 3, c):
        raise ValueError(f"W: bf16[k l c] has shape {W.shape}, expected {(3, 3, c)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        return _depthwise2d_autograd.apply(X, W)
    out = _depthwise2d(X, W)
    return out


@triton.jit
def strided2d_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_even_i, X_stride_even_j, X_stride_c, W_stride_k, W_stride_l,
    W_stride_c, W_stride_o, out_stride_b, out_stride_half_i, out_stride_half_j, out_stride_o, size_b,
    size_half_i, size_half_j, size_c, size_o, BLOCK_C: tl.constexpr, BLOCK_HALF_J: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_half_j = (program % tl.cdiv(size_half_j, BLOCK_HALF_J)) * BLOCK_HALF_J
    half_j_index = first_half_j + tl.arange(0, BLOCK_HALF_J)
    program = program // tl.cdiv(size_half_j, BLOCK_HALF_J)
    half_i_index = (program % size_half_i).to(tl.int64)
    program = program // size_half_i
    b_index = program.to(tl.int64)
    acc_k_l_c = tl.full([BLOCK_HALF_J, BLOCK_O], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        for l_index in tl.range(0, 3):
            to_c = size_c // BLOCK_C * BLOCK_C
            # whole tiles, no mask needed
            for first_c in tl.range(0, to_c, BLOCK_C):
                c_index = first_c + tl.arange(0, BLOCK_C)
                # src[convolution.diag:26]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:27]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (2 * half_i_index + k_index + -1) * X_stride_even_i + (2 * half_j_index[:, None] + l_index + -1) * X_stride_even_j + c_index[None, :] * X_stride_c,
                    mask=(half_j_index < size_half_j)[:, None] & ((2 * half_i_index + k_index + -1) >= 0) & ((2 * half_i_index + k_index + -1) < (2 * size_half_i)) & ((2 * half_j_index[:, None] + l_index + -1) >= 0) & ((2 * half_j_index[:, None] + l_index + -1) < (2 * size_half_j)),
                    other=0,
                )
                # src[convolution.diag:28]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
            from_c = tl.maximum(0, to_c)
            # tiles that a mask or the end cuts
            for first_c_2 in tl.range(from_c, size_c, BLOCK_C):
                c_index = first_c_2 + tl.arange(0, BLOCK_C)
                # src[convolution.diag:26]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(c_index < size_c)[None, :] & (o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:27]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (2 * half_i_index + k_index + -1) * X_stride_even_i + (2 * half_j_index[:, None] + l_index + -1) * X_stride_even_j + c_index[None, :] * X_stride_c,
                    mask=(half_j_index < size_half_j)[:, None] & (c_index < size_c)[None, :] & ((2 * half_i_index + k_index + -1) >= 0) & ((2 * half_i_index + k_index + -1) < (2 * size_half_i)) & ((2 * half_j_index[:, None] + l_index + -1) >= 0) & ((2 * half_j_index[:, None] + l_index + -1) < (2 * size_half_j)),
                    other=0,
                )
                # src[convolution.diag:28]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
    tl.store(
        out_ptr + b_index * out_stride_b + half_i_index * out_stride_half_i + half_j_index[:, None] * out_stride_half_j + o_index[None, :] * out_stride_o,
        acc_k_l_c.to(tl.bfloat16),
        mask=(half_j_index < size_half_j)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def strided2d_forward_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_b, X_stride_even_i, X_stride_even_j, X_stride_c, W_stride_k, W_stride_l,
    W_stride_c, W_stride_o, out_stride_b, out_stride_half_i, out_stride_half_j, out_stride_o, size_b,
    size_half_i, size_half_j, size_c, size_o, BLOCK_C: tl.constexpr, BLOCK_HALF_J: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_half_j = (program % tl.cdiv(size_half_j, BLOCK_HALF_J)) * BLOCK_HALF_J
    half_j_index = first_half_j + tl.arange(0, BLOCK_HALF_J)
    program = program // tl.cdiv(size_half_j, BLOCK_HALF_J)
    half_i_index = (program % size_half_i).to(tl.int64)
    program = program // size_half_i
    b_index = program.to(tl.int64)
    acc_k_l_c = tl.full([BLOCK_HALF_J, BLOCK_O], 0.0, tl.float32)
    for k_index in tl.range(0, 3):
        for l_index in tl.range(0, 3):
            to_c = size_c // BLOCK_C * BLOCK_C
            # whole tiles, no mask needed
            for first_c in tl.range(0, to_c, BLOCK_C):
                c_index = first_c + tl.arange(0, BLOCK_C)
                # src[convolution.diag:26]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:27]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (2 * half_i_index + k_index + -1) * X_stride_even_i + (2 * half_j_index[:, None] + l_index + -1) * X_stride_even_j + c_index[None, :] * X_stride_c,
                    mask=(half_j_index < size_half_j)[:, None] & ((2 * half_i_index + k_index + -1) >= 0) & ((2 * half_i_index + k_index + -1) < (2 * size_half_i)) & ((2 * half_j_index[:, None] + l_index + -1) >= 0) & ((2 * half_j_index[:, None] + l_index + -1) < (2 * size_half_j)),
                    other=0,
                )
                # src[convolution.diag:28]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
            from_c = tl.maximum(0, to_c)
            # tiles that a mask or the end cuts
            for first_c_2 in tl.range(from_c, size_c, BLOCK_C):
                c_index = first_c_2 + tl.arange(0, BLOCK_C)
                # src[convolution.diag:26]
                W = tl.load(
                    W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[None, :] * W_stride_c + o_index[:, None] * W_stride_o,
                    mask=(c_index < size_c)[None, :] & (o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:27]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (2 * half_i_index + k_index + -1) * X_stride_even_i + (2 * half_j_index[:, None] + l_index + -1) * X_stride_even_j + c_index[None, :] * X_stride_c,
                    mask=(half_j_index < size_half_j)[:, None] & (c_index < size_c)[None, :] & ((2 * half_i_index + k_index + -1) >= 0) & ((2 * half_i_index + k_index + -1) < (2 * size_half_i)) & ((2 * half_j_index[:, None] + l_index + -1) >= 0) & ((2 * half_j_index[:, None] + l_index + -1) < (2 * size_half_j)),
                    other=0,
                )
                # src[convolution.diag:28]
                next_acc_k_l_c = tl.dot(X, tl.trans(W), acc_k_l_c)
                acc_k_l_c = next_acc_k_l_c
    tl.store(
        out_ptr + b_index * out_stride_b + half_i_index * out_stride_half_i + half_j_index[:, None] * out_stride_half_j + o_index[None, :] * out_stride_o,
        acc_k_l_c.to(tl.bfloat16),
        mask=(half_j_index < size_half_j)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def strided2d_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_k, W_stride_l, W_stride_c, W_stride_o, d_out_stride_b,
    d_out_stride_half_i, d_out_stride_half_j, d_out_stride_o, buffer_0_stride_b, buffer_0_stride_c,
    buffer_0_stride_k, buffer_0_stride_l, buffer_0_stride_half_i, buffer_0_stride_half_j, size_c, size_o,
    size_b, size_half_i, size_half_j, BLOCK_O: tl.constexpr, BLOCK_C: tl.constexpr,
    BLOCK_HALF_J: tl.constexpr,
):
    program = tl.program_id(0)
    first_half_j = (program % tl.cdiv(size_half_j, BLOCK_HALF_J)) * BLOCK_HALF_J
    half_j_index = first_half_j + tl.arange(0, BLOCK_HALF_J)
    program = program // tl.cdiv(size_half_j, BLOCK_HALF_J)
    first_c = (program % tl.cdiv(size_c, BLOCK_C)) * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    program = program // tl.cdiv(size_c, BLOCK_C)
    half_i_index = (program % size_half_i).to(tl.int64)
    program = program // size_half_i
    l_index = (program % 3).to(tl.int64)
    program = program // 3
    k_index = (program % 3).to(tl.int64)
    program = program // 3
    b_index = program.to(tl.int64)
    acc_o = tl.full([BLOCK_C, BLOCK_HALF_J], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + half_i_index * d_out_stride_half_i + half_j_index[:, None] * d_out_stride_half_j + o_index[None, :] * d_out_stride_o,
            mask=(half_j_index < size_half_j)[:, None],
            other=0.0,
        )
        # src[convolution.diag:26]
        W = tl.load(
            W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[:, None] * W_stride_c + o_index[None, :] * W_stride_o,
            mask=(c_index < size_c)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(W, tl.trans(d_out), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + half_i_index * d_out_stride_half_i + half_j_index[:, None] * d_out_stride_half_j + o_index[None, :] * d_out_stride_o,
            mask=(half_j_index < size_half_j)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[convolution.diag:26]
        W = tl.load(
            W_ptr + k_index * W_stride_k + l_index * W_stride_l + c_index[:, None] * W_stride_c + o_index[None, :] * W_stride_o,
            mask=(c_index < size_c)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(W, tl.trans(d_out), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + c_index[:, None] * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l + half_i_index * buffer_0_stride_half_i + half_j_index[None, :] * buffer_0_stride_half_j,
        acc_o,
        mask=(c_index < size_c)[:, None] & (half_j_index < size_half_j)[None, :],
    )


@triton.jit
def strided2d_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_even_i, X_stride_even_j, X_stride_c, d_out_stride_b,
    d_out_stride_half_i, d_out_stride_half_j, d_out_stride_o, d_W_stride_k, d_W_stride_l, d_W_stride_c,
    d_W_stride_o, size_b, size_half_i, size_half_j, size_c, size_o, BLOCK_HALF_J: tl.constexpr,
    BLOCK_C: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_c = (program % tl.cdiv(size_c, BLOCK_C)) * BLOCK_C
    c_index = first_c + tl.arange(0, BLOCK_C)
    program = program // tl.cdiv(size_c, BLOCK_C)
    l_index = (program % 3).to(tl.int64)
    program = program // 3
    k_index = program.to(tl.int64)
    acc_b_half_i_half_j = tl.full([BLOCK_C, BLOCK_O], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        for half_i_index in tl.range(0, size_half_i):
            to_half_j = size_half_j // BLOCK_HALF_J * BLOCK_HALF_J
            # whole tiles, no mask needed
            for first_half_j in tl.range(0, to_half_j, BLOCK_HALF_J):
                half_j_index = first_half_j + tl.arange(0, BLOCK_HALF_J)
                d_out = tl.load(
                    d_out_ptr + b_index * d_out_stride_b + half_i_index * d_out_stride_half_i + half_j_index[None, :] * d_out_stride_half_j + o_index[:, None] * d_out_stride_o,
                    mask=(o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:27]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (k_index + 2 * half_i_index + -1) * X_stride_even_i + (l_index + 2 * half_j_index[None, :] + -1) * X_stride_even_j + c_index[:, None] * X_stride_c,
                    mask=(c_index < size_c)[:, None] & ((k_index + 2 * half_i_index + -1) >= 0) & ((k_index + 2 * half_i_index + -1) < (2 * size_half_i)) & ((l_index + 2 * half_j_index[None, :] + -1) >= 0) & ((l_index + 2 * half_j_index[None, :] + -1) < (2 * size_half_j)),
                    other=0,
                )
                next_acc_b_half_i_half_j = tl.dot(X, tl.trans(d_out), acc_b_half_i_half_j)
                acc_b_half_i_half_j = next_acc_b_half_i_half_j
            from_half_j = tl.maximum(0, to_half_j)
            # tiles that a mask or the end cuts
            for first_half_j_2 in tl.range(from_half_j, size_half_j, BLOCK_HALF_J):
                half_j_index = first_half_j_2 + tl.arange(0, BLOCK_HALF_J)
                d_out = tl.load(
                    d_out_ptr + b_index * d_out_stride_b + half_i_index * d_out_stride_half_i + half_j_index[None, :] * d_out_stride_half_j + o_index[:, None] * d_out_stride_o,
                    mask=(half_j_index < size_half_j)[None, :] & (o_index < size_o)[:, None],
                    other=0.0,
                )
                # src[convolution.diag:27]
                X = tl.load(
                    X_ptr + b_index * X_stride_b + (k_index + 2 * half_i_index + -1) * X_stride_even_i + (l_index + 2 * half_j_index[None, :] + -1) * X_stride_even_j + c_index[:, None] * X_stride_c,
                    mask=(half_j_index < size_half_j)[None, :] & (c_index < size_c)[:, None] & ((k_index + 2 * half_i_index + -1) >= 0) & ((k_index + 2 * half_i_index + -1) < (2 * size_half_i)) & ((l_index + 2 * half_j_index[None, :] + -1) >= 0) & ((l_index + 2 * half_j_index[None, :] + -1) < (2 * size_half_j)),
                    other=0,
                )
                next_acc_b_half_i_half_j = tl.dot(X, tl.trans(d_out), acc_b_half_i_half_j)
                acc_b_half_i_half_j = next_acc_b_half_i_half_j
    tl.store(
        d_W_ptr + k_index * d_W_stride_k + l_index * d_W_stride_l + c_index[:, None] * d_W_stride_c + o_index[None, :] * d_W_stride_o,
        acc_b_half_i_half_j.to(tl.bfloat16),
        mask=(c_index < size_c)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def strided2d_backward_d_X_rows_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_c, buffer_0_stride_k, buffer_0_stride_l,
    buffer_0_stride_half_i, buffer_0_stride_half_j, d_X_stride_b, d_X_stride_even_i, d_X_stride_even_j,
    d_X_stride_c, size_b, size_c, size_half_i, size_half_j, BLOCK_K: tl.constexpr, BLOCK_L: tl.constexpr,
    EXACT_K: tl.constexpr, EXACT_L: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    even_j_index = (program % (2 * size_half_j)).to(tl.int64)
    program = program // (2 * size_half_j)
    even_i_index = (program % (2 * size_half_i)).to(tl.int64)
    program = program // (2 * size_half_i)
    b_index = program.to(tl.int64)
    k_index = tl.arange(0, BLOCK_K)
    l_index = tl.arange(0, BLOCK_L)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + c_index * buffer_0_stride_c + k_index[:, None] * buffer_0_stride_k + l_index[None, :] * buffer_0_stride_l + ((even_i_index + -1 * k_index[:, None] + 1) // 2) * buffer_0_stride_half_i + ((even_j_index + -1 * l_index[None, :] + 1) // 2) * buffer_0_stride_half_j,
        mask=(k_index < 3)[:, None] & (l_index < 3)[None, :] & (((even_i_index + -1 * k_index[:, None] + 1) // 2) >= 0) & (((even_i_index + -1 * k_index[:, None] + 1) // 2) < size_half_i) & (((even_j_index + -1 * l_index[None, :] + 1) // 2) >= 0) & (((even_j_index + -1 * l_index[None, :] + 1) // 2) < size_half_j),
        other=0.0,
    )
    mod_k = (((even_i_index * 1) + 1) + (-1 * k_index)) % 2
    mod_l = (((even_j_index * 1) + 1) + (-1 * l_index)) % 2
    where_k_l = tl.where((0 == mod_l)[None, :] & (0 == mod_k)[:, None], buffer_0, 0.0)
    sum_ = tl.sum(tl.sum(where_k_l, 1), 0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + even_i_index * d_X_stride_even_i + even_j_index * d_X_stride_even_j + c_index * d_X_stride_c,
        sum_.to(tl.bfloat16),
    )


@triton.jit
def strided2d_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_c, buffer_0_stride_k, buffer_0_stride_l,
    buffer_0_stride_half_i, buffer_0_stride_half_j, d_X_stride_b, d_X_stride_even_i, d_X_stride_even_j,
    d_X_stride_c, size_b, size_c, size_half_i, size_half_j, BLOCK_L: tl.constexpr,
):
    program = tl.program_id(0)
    c_index = (program % size_c).to(tl.int64)
    program = program // size_c
    even_j_index = (program % (2 * size_half_j)).to(tl.int64)
    program = program // (2 * size_half_j)
    even_i_index = (program % (2 * size_half_i)).to(tl.int64)
    program = program // (2 * size_half_i)
    b_index = program.to(tl.int64)
    sum_l_k = tl.full([], 0.0, tl.float32)
    mul = even_j_index * 1
    for k_index in tl.range(0, 3):
        mod = (((even_i_index * 1) + (-1 * k_index)) + 1) % 2
        eq = 0 == mod
        to_l = (3) // BLOCK_L * BLOCK_L
        # whole tiles, no mask needed
        for first_l in tl.range(0, to_l, BLOCK_L):
            l_index = first_l + tl.arange(0, BLOCK_L)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l + ((even_i_index + -1 * k_index + 1) // 2) * buffer_0_stride_half_i + ((even_j_index + -1 * l_index + 1) // 2) * buffer_0_stride_half_j,
                mask=(((even_i_index + -1 * k_index + 1) // 2) >= 0) & (((even_i_index + -1 * k_index + 1) // 2) < size_half_i) & (((even_j_index + -1 * l_index + 1) // 2) >= 0) & (((even_j_index + -1 * l_index + 1) // 2) < size_half_j),
                other=0.0,
            )
            where_l = tl.where(0 == (((mul + 1) + (-1 * l_index)) % 2), buffer_0, 0.0)
            where_l_2 = tl.where(eq, where_l, 0.0)
            tile_sum = tl.sum(where_l_2, 0)
            next_sum_l_k = sum_l_k + tile_sum
            sum_l_k = next_sum_l_k
        from_l = tl.maximum(0, to_l)
        # tiles that a mask or the end cuts
        for first_l_2 in tl.range(from_l, 3, BLOCK_L):
            l_index = first_l_2 + tl.arange(0, BLOCK_L)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + c_index * buffer_0_stride_c + k_index * buffer_0_stride_k + l_index * buffer_0_stride_l + ((even_i_index + -1 * k_index + 1) // 2) * buffer_0_stride_half_i + ((even_j_index + -1 * l_index + 1) // 2) * buffer_0_stride_half_j,
                mask=(l_index < 3) & (((even_i_index + -1 * k_index + 1) // 2) >= 0) & (((even_i_index + -1 * k_index + 1) // 2) < size_half_i) & (((even_j_index + -1 * l_index + 1) // 2) >= 0) & (((even_j_index + -1 * l_index + 1) // 2) < size_half_j),
                other=0.0,
            )
            where_l = tl.where((0 == (((mul + 1) + (-1 * l_index)) % 2)) & eq, buffer_0, 0.0)
            tile_sum = tl.sum(where_l, 0)
            next_sum_l_k = sum_l_k + tile_sum
            sum_l_k = next_sum_l_k
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + even_i_index * d_X_stride_even_i + even_j_index * d_X_stride_even_j + c_index * d_X_stride_c,
        sum_l_k.to(tl.bfloat16),
    )


@_operator
def _strided2d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_strided2d(X: bf16[b even_i even_j c], W: bf16[k l c o]) -> out: bf16[b half_i half_j o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 4, X.device)
    b, _, _, c = X.shape
    half_i = X.shape[1] // 2
    half_j = X.shape[2] // 2
    _, _, _, o = W.shape
    if X.shape != (b, 2 * half_i, 2 * half_j, c):
        raise ValueError(f"X: bf16[b even_i even_j c] has shape {X.shape}, expected {(b, 2 * half_i, 2 * half_j, c)}")
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    out = torch.empty((b, half_i, half_j, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_HALF_J, BLOCK_O, BLOCK_C, warps, stages = 128, 128, 64, 8, 3
    grid = (b * half_i * triton.cdiv(half_j, BLOCK_HALF_J) * triton.cdiv(o, BLOCK_O),)
    strided2d_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1), W.stride(2),
        W.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, half_i, half_j, c, o,
        BLOCK_C=BLOCK_C, BLOCK_HALF_J=BLOCK_HALF_J, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _strided2d_forward(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_strided2d_forward(X: bf16[b even_i even_j c], W: bf16[k l c o]) -> out: bf16[b half_i half_j o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("W", W, torch.bfloat16, 4, X.device)
    b, _, _, c = X.shape
    half_i = X.shape[1] // 2
    half_j = X.shape[2] // 2
    _, _, _, o = W.shape
    if X.shape != (b, 2 * half_i, 2 * half_j, c):
        raise ValueError(f"X: bf16[b even_i even_j c] has shape {X.shape}, expected {(b, 2 * half_i, 2 * half_j, c)}")
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    out = torch.empty((b, half_i, half_j, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_HALF_J, BLOCK_O, BLOCK_C, warps, stages = 128, 128, 64, 8, 3
    grid = (b * half_i * triton.cdiv(half_j, BLOCK_HALF_J) * triton.cdiv(o, BLOCK_O),)
    strided2d_forward_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), W.stride(0), W.stride(1), W.stride(2),
        W.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, half_i, half_j, c, o,
        BLOCK_C=BLOCK_C, BLOCK_HALF_J=BLOCK_HALF_J, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _strided2d_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_strided2d_backward_buffer_0(W: bf16[k l c o], d_out: bf16[b half_i half_j o]) -> buffer_0: f32[b c k l half_i half_j]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 4, W.device)
    _check("d_out", d_out, torch.bfloat16, 4, W.device)
    _, _, c, o = W.shape
    b, half_i, half_j, _ = d_out.shape
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    if d_out.shape != (b, half_i, half_j, o):
        raise ValueError(f"d_out: bf16[b half_i half_j o] has shape {d_out.shape}, expected {(b, half_i, half_j, o)}")
    buffer_0 = torch.empty((b, c, 3, 3, half_i, half_j), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_C, BLOCK_HALF_J, BLOCK_O, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(c, BLOCK_C) * 3 * 3 * half_i * triton.cdiv(half_j, BLOCK_HALF_J),)
    strided2d_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), W.stride(2), W.stride(3), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), buffer_0.stride(5), c, o, b, half_i,
        half_j, BLOCK_O=BLOCK_O, BLOCK_C=BLOCK_C, BLOCK_HALF_J=BLOCK_HALF_J, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _strided2d_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_strided2d_backward_d_W(X: bf16[b even_i even_j c], d_out: bf16[b half_i half_j o]) -> d_W: bf16[k l c o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 4, X.device)
    _check("d_out", d_out, torch.bfloat16, 4, X.device)
    b, _, _, c = X.shape
    half_i = X.shape[1] // 2
    half_j = X.shape[2] // 2
    _, _, _, o = d_out.shape
    if X.shape != (b, 2 * half_i, 2 * half_j, c):
        raise ValueError(f"X: bf16[b even_i even_j c] has shape {X.shape}, expected {(b, 2 * half_i, 2 * half_j, c)}")
    if d_out.shape != (b, half_i, half_j, o):
        raise ValueError(f"d_out: bf16[b half_i half_j o] has shape {d_out.shape}, expected {(b, half_i, half_j, o)}")
    d_W = torch.empty((3, 3, c, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_C, BLOCK_O, BLOCK_HALF_J, warps, stages = 128, 128, 64, 8, 3
    grid = (3 * 3 * triton.cdiv(c, BLOCK_C) * triton.cdiv(o, BLOCK_O),)
    strided2d_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), X.stride(2), X.stride(3), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_out.stride(3), d_W.stride(0), d_W.stride(1), d_W.stride(2), d_W.stride(3), b,
        half_i, half_j, c, o, BLOCK_HALF_J=BLOCK_HALF_J, BLOCK_C=BLOCK_C, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _strided2d_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_strided2d_backward_d_X(buffer_0: f32[b c k l half_i half_j]) -> d_X: bf16[b even_i even_j c]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 6, buffer_0.device)
    b, c, _, _, half_i, half_j = buffer_0.shape
    if buffer_0.shape != (b, c, 3, 3, half_i, half_j):
        raise ValueError(f"buffer_0: f32[b c k l half_i half_j] has shape {buffer_0.shape}, expected {(b, c, 3, 3, half_i, half_j)}")
    d_X = torch.empty((b, (2 * half_i), (2 * half_j), c), dtype=torch.bfloat16, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_K = max(16, triton.next_power_of_2(3))
    BLOCK_L = max(16, triton.next_power_of_2(3))
    if BLOCK_K * BLOCK_L <= 16384:
        if BLOCK_K * BLOCK_L <= 1024:
            warps, stages = 4, 1
        elif BLOCK_K * BLOCK_L <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * (2 * half_i) * (2 * half_j) * c,)
        strided2d_backward_d_X_rows_kernel[grid](
            buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
            buffer_0.stride(4), buffer_0.stride(5), d_X.stride(0), d_X.stride(1), d_X.stride(2),
            d_X.stride(3), b, c, half_i, half_j, BLOCK_K=BLOCK_K, BLOCK_L=BLOCK_L, EXACT_K=3 == BLOCK_K,
            EXACT_L=3 == BLOCK_L, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_L, warps, stages = 4096, 8, 2
    grid = (b * (2 * half_i) * (2 * half_j) * c,)
    strided2d_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_0.stride(4), buffer_0.stride(5), d_X.stride(0), d_X.stride(1), d_X.stride(2), d_X.stride(3), b,
        c, half_i, half_j, BLOCK_L=BLOCK_L, num_warps=warps, num_stages=stages,
    )
    return d_X


class _strided2d_autograd(torch.autograd.Function):
    """strided2d and its derivative."""

    @staticmethod
    def forward(ctx, X, W):
        out = _strided2d_forward(X, W)
        ctx.save_for_backward(X, W)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W = ctx.saved_tensors
        buffer_0 = _strided2d_backward_buffer_0(W, d_out)
        d_W = _strided2d_backward_d_W(X, d_out)
        d_X = _strided2d_backward_d_X(buffer_0)
        return d_X, d_W


@_anywhere(torch.bfloat16, torch.bfloat16)
def strided2d(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """strided2d(X: bf16[b even_i even_j c], W: bf16[k l c o]) -> out: bf16[b half_i half_j o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, _, _, c = X.shape
    half_i = X.shape[1] // 2
    half_j = X.shape[2] // 2
    _, _, _, o = W.shape
    if X.shape != (b, 2 * half_i, 2 * half_j, c):
        raise ValueError(f"X: bf16[b even_i even_j c] has shape {X.shape}, expected {(b, 2 * half_i, 2 * half_j, c)}")
    if W.shape != (3, 3, c, o):
        raise ValueError(f"W: bf16[k l c o] has shape {W.shape}, expected {(3, 3, c, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        return _strided2d_autograd.apply(X, W)
    out = _strided2d(X, W)
    return out
