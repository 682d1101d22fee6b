"""Fused kernels for mlp, swiglu, geglu, lora.

Made by diagc 0.1.0 from layers.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["mlp", "swiglu", "geglu", "lora"]


@triton.jit
def gelu(x):
    """x times the normal distribution, whose tail is taken by Chebyshev's fit to erfc (Numerical Recipes, 6.2)."""
    z = 0.7071067811865476 * tl.abs(x)
    t = 1.0 / (1.0 + 0.5 * z)
    p = 1.48851587 + t * (-0.82215223 + t * 0.17087277)
    p = -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * p))
    p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * p)))
    tail = 0.5 * t * tl.exp(p - z * z)
    return x * tl.where(x < 0, tail, 1.0 - tail)


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of layers_jax.py do, on NumPy arrays")
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
    """A function of layers_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by layers_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("layers_jax.py")
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
    """A function that on a CPU is that of layers_jax.py; `params` are the places of what it takes as parameters."""

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
def mlp_kernel(
    X_ptr, W_ptr, c_ptr, D_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, c_stride_h,
    D_stride_h, D_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_h, size_o, BLOCK_H: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, EXACT_I: tl.constexpr,
    EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:6]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        c = tl.load(c_ptr + h_index * c_stride_h)
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:7]
        dot = tl.dot(X, tl.trans(W))
        H_bf16 = gelu(dot + c[None, :]).to(tl.bfloat16)
        # src[layers.diag:8]
        next_acc_h = tl.dot(H_bf16, D, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:7]
        dot = tl.dot(X, tl.trans(W))
        H_bf16 = gelu(dot + c[None, :]).to(tl.bfloat16)
        # src[layers.diag:8]
        next_acc_h = tl.dot(H_bf16, D, acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def mlp_long_H_kernel(
    X_ptr, W_ptr, c_ptr, H_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, c_stride_h, H_stride_b,
    H_stride_h, size_b, size_i, size_h, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:7]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:7]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    # src[layers.diag:6]
    c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
    # src[layers.diag:7]
    tl.store(
        H_ptr + b_index[:, None] * H_stride_b + h_index[None, :] * H_stride_h,
        gelu(acc_i + c[None, :]).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def mlp_long_out_kernel(
    D_ptr, H_ptr, out_ptr, D_stride_h, D_stride_o, H_stride_b, H_stride_h, out_stride_b, out_stride_o, size_h,
    size_o, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        H = tl.load(
            H_ptr + b_index[:, None] * H_stride_b + h_index[None, :] * H_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:8]
        next_acc_h = tl.dot(H, tl.trans(D), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(h_index < size_h)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        H = tl.load(
            H_ptr + b_index[:, None] * H_stride_b + h_index[None, :] * H_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:8]
        next_acc_h = tl.dot(H, tl.trans(D), acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def mlp_forward_kernel(
    X_ptr, W_ptr, c_ptr, D_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, c_stride_h,
    D_stride_h, D_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_h, size_o, BLOCK_H: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, EXACT_I: tl.constexpr,
    EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:6]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        c = tl.load(c_ptr + h_index * c_stride_h)
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:7]
        dot = tl.dot(X, tl.trans(W))
        H_bf16 = gelu(dot + c[None, :]).to(tl.bfloat16)
        # src[layers.diag:8]
        next_acc_h = tl.dot(H_bf16, D, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:7]
        dot = tl.dot(X, tl.trans(W))
        H_bf16 = gelu(dot + c[None, :]).to(tl.bfloat16)
        # src[layers.diag:8]
        next_acc_h = tl.dot(H_bf16, D, acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def mlp_backward_d_X_kernel(
    X_ptr, W_ptr, c_ptr, D_ptr, d_out_ptr, d_X_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h,
    c_stride_h, D_stride_h, D_stride_o, d_out_stride_b, d_out_stride_o, d_X_stride_b, d_X_stride_i, size_b,
    size_i, size_h, size_o, BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr,
    BLOCK_B: tl.constexpr, EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    # src[layers.diag:6]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        c = tl.load(c_ptr + h_index * c_stride_h)
        # src[layers.diag:7]
        dot = tl.dot(X, tl.trans(W))
        add_b_h = dot + c[None, :]
        exp2_b_h = tl.exp2((-0.7213475204444817 * add_b_h) * add_b_h)
        tile = 0.5 + (tl.erf(0.7071067811865476 * add_b_h) * 0.5)
        add_b_h_2 = tile + ((0.3989422804014327 * add_b_h) * exp2_b_h)
        # src[layers.diag:6]
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot_2 = tl.dot(d_out, tl.trans(D))
        tile_bf16 = (add_b_h_2 * dot_2).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, W, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
        # src[layers.diag:7]
        dot = tl.dot(X, tl.trans(W))
        add_b_h = dot + c[None, :]
        exp2_b_h = tl.exp2((-0.7213475204444817 * add_b_h) * add_b_h)
        tile = 0.5 + (tl.erf(0.7071067811865476 * add_b_h) * 0.5)
        add_b_h_2 = tile + ((0.3989422804014327 * add_b_h) * exp2_b_h)
        add_b_h_3 = tl.where((h_index < size_h)[None, :], add_b_h_2, 0.0)
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(D))
        tile_bf16 = (add_b_h_3 * dot_2).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, W, acc_h)
        acc_h = next_acc_h
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def mlp_backward_d_W_d_c_d_D_kernel(
    X_ptr, W_ptr, c_ptr, D_ptr, d_out_ptr, d_W_ptr, d_c_ptr, d_D_ptr, X_stride_b, X_stride_i, W_stride_i,
    W_stride_h, c_stride_h, D_stride_h, D_stride_o, d_out_stride_b, d_out_stride_o, d_W_stride_i,
    d_W_stride_h, d_c_stride_h, d_D_stride_h, d_D_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_H: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_b = tl.full([BLOCK_H, BLOCK_I], 0.0, tl.float32)
    acc_b_2 = tl.full([BLOCK_H], 0.0, tl.float32)
    acc_b_3 = tl.full([BLOCK_H, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:6]
    c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
    W = tl.load(
        W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    D = tl.load(
        D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        X = load_tile(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:7]
        dot = tl.dot(W, tl.trans(X))
        add_h_b = dot + c[:, None]
        exp2_h_b = tl.exp2((-0.7213475204444817 * add_h_b) * add_h_b)
        tile = 0.5 + (tl.erf(0.7071067811865476 * add_h_b) * 0.5)
        add_h_b_2 = tile + ((0.3989422804014327 * add_h_b) * exp2_h_b)
        d_out = load_tile(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot_2 = tl.dot(D, tl.trans(d_out))
        tile_bf16 = (add_h_b_2 * dot_2).to(tl.bfloat16)
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        mul_h_b = add_h_b_2 * dot_2
        tile_sum = tl.sum(mul_h_b, 1)
        next_acc_b_2 = acc_b_2 + tile_sum
        H_bf16 = gelu(add_h_b).to(tl.bfloat16)
        next_acc_b_3 = tl.dot(H_bf16, d_out, acc_b_3)
        acc_b = next_acc_b
        acc_b_2 = next_acc_b_2
        acc_b_3 = next_acc_b_3
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        # src[layers.diag:6]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:7]
        dot = tl.dot(W, tl.trans(X))
        add_h_b = dot + c[:, None]
        exp2_h_b = tl.exp2((-0.7213475204444817 * add_h_b) * add_h_b)
        tile = 0.5 + (tl.erf(0.7071067811865476 * add_h_b) * 0.5)
        add_h_b_2 = tile + ((0.3989422804014327 * add_h_b) * exp2_h_b)
        add_h_b_3 = tl.where((b_index < size_b)[None, :], add_h_b_2, 0.0)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(D, tl.trans(d_out))
        tile_bf16 = (add_h_b_3 * dot_2).to(tl.bfloat16)
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        mul_h_b = add_h_b_3 * dot_2
        tile_sum = tl.sum(mul_h_b, 1)
        next_acc_b_2 = acc_b_2 + tile_sum
        H_bf16 = gelu(add_h_b).to(tl.bfloat16)
        next_acc_b_3 = tl.dot(H_bf16, d_out, acc_b_3)
        acc_b = next_acc_b
        acc_b_2 = next_acc_b_2
        acc_b_3 = next_acc_b_3
    tl.store(
        d_W_ptr + i_index[None, :] * d_W_stride_i + h_index[:, None] * d_W_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
    )
    tl.store(d_c_ptr + h_index * d_c_stride_h, acc_b_2, mask=(h_index < size_h))
    tl.store(
        d_D_ptr + h_index[:, None] * d_D_stride_h + o_index[None, :] * d_D_stride_o,
        acc_b_3.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def mlp_long_forward_state_kernel(
    X_ptr, W_ptr, state_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, state_stride_b, state_stride_h,
    size_b, size_i, size_h, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:7]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:7]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    tl.store(
        state_ptr + b_index[:, None] * state_stride_b + h_index[None, :] * state_stride_h,
        acc_i,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def mlp_long_forward_H_kernel(
    c_ptr, state_ptr, H_ptr, c_stride_h, state_stride_b, state_stride_h, H_stride_b, H_stride_h, size_h,
    size_b, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    b_index = program.to(tl.int64)
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    # src[layers.diag:6]
    c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
    # src[layers.diag:7]
    tl.store(
        H_ptr + b_index * H_stride_b + h_index * H_stride_h,
        gelu(c + state).to(tl.bfloat16),
        mask=(h_index < size_h),
    )


@triton.jit
def mlp_long_forward_out_kernel(
    D_ptr, H_ptr, out_ptr, D_stride_h, D_stride_o, H_stride_b, H_stride_h, out_stride_b, out_stride_o, size_h,
    size_o, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        H = tl.load(
            H_ptr + b_index[:, None] * H_stride_b + h_index[None, :] * H_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:8]
        next_acc_h = tl.dot(H, tl.trans(D), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        H = tl.load(
            H_ptr + b_index[:, None] * H_stride_b + h_index[None, :] * H_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(h_index < size_h)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:8]
        next_acc_h = tl.dot(H, tl.trans(D), acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def mlp_long_backward_buffer_0_kernel(
    c_ptr, D_ptr, d_out_ptr, state_ptr, buffer_0_ptr, c_stride_h, D_stride_h, D_stride_o, d_out_stride_b,
    d_out_stride_o, state_stride_b, state_stride_h, buffer_0_stride_b, buffer_0_stride_h, size_h, size_o,
    size_b, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_o = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(D), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[layers.diag:6]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(D), acc_o)
        acc_o = next_acc_o
    state = tl.load(
        state_ptr + b_index[:, None] * state_stride_b + h_index[None, :] * state_stride_h,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
        other=0.0,
    )
    # src[layers.diag:6]
    c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
    # src[layers.diag:7]
    add_b_h = c[None, :] + state
    exp2_b_h = tl.exp2((-0.7213475204444817 * add_b_h) * add_b_h)
    tile = 0.5 + ((0.3989422804014327 * add_b_h) * exp2_b_h)
    add_b_h_2 = tile + (tl.erf(0.7071067811865476 * add_b_h) * 0.5)
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
        (acc_o * add_b_h_2),
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def mlp_long_backward_H_kernel(
    c_ptr, state_ptr, H_ptr, c_stride_h, state_stride_b, state_stride_h, H_stride_b, H_stride_h, size_h,
    size_b, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    b_index = program.to(tl.int64)
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    # src[layers.diag:6]
    c = tl.load(c_ptr + h_index * c_stride_h, mask=(h_index < size_h), other=0.0)
    # src[layers.diag:7]
    tl.store(
        H_ptr + b_index * H_stride_b + h_index * H_stride_h,
        gelu(c + state).to(tl.bfloat16),
        mask=(h_index < size_h),
    )


@triton.jit
def mlp_long_backward_d_X_kernel(
    W_ptr, buffer_0_ptr, d_X_ptr, W_stride_i, W_stride_h, buffer_0_stride_b, buffer_0_stride_h, d_X_stride_b,
    d_X_stride_i, size_i, size_h, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + h_index[None, :] * W_stride_h,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_h = tl.dot(buffer_0_bf16, tl.trans(W), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[layers.diag:6]
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + h_index[None, :] * W_stride_h,
            mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        next_acc_h = tl.dot(buffer_0_bf16, tl.trans(W), acc_h)
        acc_h = next_acc_h
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def mlp_long_backward_d_W_kernel(
    X_ptr, buffer_0_ptr, d_W_ptr, X_stride_b, X_stride_i, buffer_0_stride_b, buffer_0_stride_h, d_W_stride_i,
    d_W_stride_h, size_b, size_i, size_h, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_H], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[layers.diag:6]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_0_bf16), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[layers.diag:6]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_0_bf16), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_W_ptr + i_index[:, None] * d_W_stride_i + h_index[None, :] * d_W_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def mlp_long_backward_d_c_rows_kernel(
    buffer_0_ptr, d_c_ptr, buffer_0_stride_b, buffer_0_stride_h, d_c_stride_h, size_b, size_h,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, EXACT_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    b_index = tl.arange(0, BLOCK_B)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
        mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(buffer_0, 1)
    tl.store(d_c_ptr + h_index * d_c_stride_h, sum_, mask=(h_index < size_h))


@triton.jit
def mlp_long_backward_d_c_kernel(
    buffer_0_ptr, d_c_ptr, buffer_0_stride_b, buffer_0_stride_h, d_c_stride_h, size_b, size_h,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    sum_b = tl.full([BLOCK_H], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    tl.store(d_c_ptr + h_index * d_c_stride_h, sum_b, mask=(h_index < size_h))


@triton.jit
def mlp_long_backward_d_D_kernel(
    d_out_ptr, H_ptr, d_D_ptr, d_out_stride_b, d_out_stride_o, H_stride_b, H_stride_h, d_D_stride_h,
    d_D_stride_o, size_b, size_o, size_h, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    acc_b = tl.full([BLOCK_H, BLOCK_O], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        H = tl.load(
            H_ptr + b_index[None, :] * H_stride_b + h_index[:, None] * H_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(H, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(b_index < size_b)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        H = tl.load(
            H_ptr + b_index[None, :] * H_stride_b + h_index[:, None] * H_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(H, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_D_ptr + h_index[:, None] * d_D_stride_h + o_index[None, :] * d_D_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
    )


@_operator
def _mlp(X: torch.Tensor, W: torch.Tensor, c: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """_mlp(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    mlp_kernel[grid](
        X, W, c, D, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), c.stride(0), D.stride(0),
        D.stride(1), out.stride(0), out.stride(1), b, i, h, o, BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _mlp_long_H(X: torch.Tensor, W: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """_mlp_long_H(X: bf16[b i], W: bf16[i h], c: f32[h]) -> H: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("c", c, torch.float32, 1, X.device)
    b, i = X.shape
    _, h = W.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    H = torch.empty((b, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(H):
        return H
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    mlp_long_H_kernel[grid](
        X, W, c, H, X.stride(0), X.stride(1), W.stride(0), W.stride(1), c.stride(0), H.stride(0), H.stride(1),
        b, i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return H


@_operator
def _mlp_long_out(D: torch.Tensor, H: torch.Tensor) -> torch.Tensor:
    """_mlp_long_out(D: bf16[h o], H: bf16[b h]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("H", H, torch.bfloat16, 2, D.device)
    h, o = D.shape
    b, _ = H.shape
    if H.shape != (b, h):
        raise ValueError(f"H: bf16[b h] has shape {H.shape}, expected {(b, h)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=D.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    mlp_long_out_kernel[grid](
        D, H, out, D.stride(0), D.stride(1), H.stride(0), H.stride(1), out.stride(0), out.stride(1), h, o, b,
        BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mlp_forward(X: torch.Tensor, W: torch.Tensor, c: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """_mlp_forward(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    mlp_forward_kernel[grid](
        X, W, c, D, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), c.stride(0), D.stride(0),
        D.stride(1), out.stride(0), out.stride(1), b, i, h, o, BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _mlp_backward_d_X(
    X: torch.Tensor,
    W: torch.Tensor,
    c: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    """_mlp_backward_d_X(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o], d_out: bf16[b o]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    mlp_backward_d_X_kernel[grid](
        X, W, c, D, d_out, d_X, X.stride(0), X.stride(1), W.stride(0), W.stride(1), c.stride(0), D.stride(0),
        D.stride(1), d_out.stride(0), d_out.stride(1), d_X.stride(0), d_X.stride(1), b, i, h, o,
        BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I,
        EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _mlp_backward_d_W_d_c_d_D(
    X: torch.Tensor,
    W: torch.Tensor,
    c: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_mlp_backward_d_W_d_c_d_D(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o], d_out: bf16[b o]) -> d_W: bf16[i h], d_c: f32[h], d_D: bf16[h o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_W = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    d_c = torch.empty((h,), dtype=torch.float32, device=X.device)
    d_D = torch.empty((h, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W, d_c, d_D
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_H, BLOCK_B, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_H, BLOCK_B, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_H, BLOCK_B, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(h, BLOCK_H),)
    mlp_backward_d_W_d_c_d_D_kernel[grid](
        X, W, c, D, d_out, d_W, d_c, d_D, X.stride(0), X.stride(1), W.stride(0), W.stride(1), c.stride(0),
        D.stride(0), D.stride(1), d_out.stride(0), d_out.stride(1), d_W.stride(0), d_W.stride(1),
        d_c.stride(0), d_D.stride(0), d_D.stride(1), b, i, h, o, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_H=BLOCK_H, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_W, d_c, d_D


@_operator
def _mlp_long_forward_state(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_mlp_long_forward_state(X: bf16[b i], W: bf16[i h]) -> state: f32[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    state = torch.empty((b, h), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    mlp_long_forward_state_kernel[grid](
        X, W, state, X.stride(0), X.stride(1), W.stride(0), W.stride(1), state.stride(0), state.stride(1), b,
        i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _mlp_long_forward_H(c: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_mlp_long_forward_H(c: f32[h], state: f32[b h]) -> H: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("state", state, torch.float32, 2, c.device)
    (h,) = c.shape
    b, _ = state.shape
    if state.shape != (b, h):
        raise ValueError(f"state: f32[b h] has shape {state.shape}, expected {(b, h)}")
    H = torch.empty((b, h), dtype=torch.bfloat16, device=c.device)
    if _is_traced(H):
        return H
    BLOCK_H, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(h, BLOCK_H),)
    mlp_long_forward_H_kernel[grid](
        c, state, H, c.stride(0), state.stride(0), state.stride(1), H.stride(0), H.stride(1), h, b,
        BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return H


@_operator
def _mlp_long_forward_out(D: torch.Tensor, H: torch.Tensor) -> torch.Tensor:
    """_mlp_long_forward_out(D: bf16[h o], H: bf16[b h]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("H", H, torch.bfloat16, 2, D.device)
    h, o = D.shape
    b, _ = H.shape
    if H.shape != (b, h):
        raise ValueError(f"H: bf16[b h] has shape {H.shape}, expected {(b, h)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=D.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    mlp_long_forward_out_kernel[grid](
        D, H, out, D.stride(0), D.stride(1), H.stride(0), H.stride(1), out.stride(0), out.stride(1), h, o, b,
        BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mlp_long_backward_buffer_0(
    c: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_mlp_long_backward_buffer_0(c: f32[h], D: bf16[h o], d_out: bf16[b o], state: f32[b h]) -> buffer_0: f32[b h]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("D", D, torch.bfloat16, 2, c.device)
    _check("d_out", d_out, torch.bfloat16, 2, c.device)
    _check("state", state, torch.float32, 2, c.device)
    (h,) = c.shape
    _, o = D.shape
    b, _ = d_out.shape
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    if state.shape != (b, h):
        raise ValueError(f"state: f32[b h] has shape {state.shape}, expected {(b, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.float32, device=c.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_B, BLOCK_H, BLOCK_O, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    mlp_long_backward_buffer_0_kernel[grid](
        c, D, d_out, state, buffer_0, c.stride(0), D.stride(0), D.stride(1), d_out.stride(0), d_out.stride(1),
        state.stride(0), state.stride(1), buffer_0.stride(0), buffer_0.stride(1), h, o, b, BLOCK_O=BLOCK_O,
        BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _mlp_long_backward_H(c: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_mlp_long_backward_H(c: f32[h], state: f32[b h]) -> H: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("state", state, torch.float32, 2, c.device)
    (h,) = c.shape
    b, _ = state.shape
    if state.shape != (b, h):
        raise ValueError(f"state: f32[b h] has shape {state.shape}, expected {(b, h)}")
    H = torch.empty((b, h), dtype=torch.bfloat16, device=c.device)
    if _is_traced(H):
        return H
    BLOCK_H, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(h, BLOCK_H),)
    mlp_long_backward_H_kernel[grid](
        c, state, H, c.stride(0), state.stride(0), state.stride(1), H.stride(0), H.stride(1), h, b,
        BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return H


@_operator
def _mlp_long_backward_d_X(W: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_mlp_long_backward_d_X(W: bf16[i h], buffer_0: f32[b h]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("buffer_0", buffer_0, torch.float32, 2, W.device)
    i, h = W.shape
    b, _ = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: f32[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_B, BLOCK_I, BLOCK_H, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(i, BLOCK_I),)
    mlp_long_backward_d_X_kernel[grid](
        W, buffer_0, d_X, W.stride(0), W.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
        d_X.stride(1), i, h, b, BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, num_warps=warps,
        num_stages=stages,
    )
    return d_X


@_operator
def _mlp_long_backward_d_W(X: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_mlp_long_backward_d_W(X: bf16[b i], buffer_0: f32[b h]) -> d_W: bf16[i h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, i = X.shape
    _, h = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: f32[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    d_W = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_I, BLOCK_H, BLOCK_B, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(h, BLOCK_H),)
    mlp_long_backward_d_W_kernel[grid](
        X, buffer_0, d_W, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_W.stride(0),
        d_W.stride(1), b, i, h, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_H=BLOCK_H, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _mlp_long_backward_d_c(buffer_0: torch.Tensor) -> torch.Tensor:
    """_mlp_long_backward_d_c(buffer_0: f32[b h]) -> d_c: f32[h]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 2, buffer_0.device)
    b, h = buffer_0.shape
    d_c = torch.empty((h,), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(d_c):
        return d_c
    BLOCK_B = max(16, triton.next_power_of_2(b))
    if BLOCK_B <= 1024:
        if BLOCK_B <= 16:
            BLOCK_H, warps, stages = 256, 4, 1
        elif BLOCK_B <= 64:
            BLOCK_H, warps, stages = 64, 4, 1
        elif BLOCK_B <= 256:
            BLOCK_H, warps, stages = 16, 4, 1
        else:
            BLOCK_H, warps, stages = 8, 8, 1
        grid = (triton.cdiv(h, BLOCK_H),)
        mlp_long_backward_d_c_rows_kernel[grid](
            buffer_0, d_c, buffer_0.stride(0), buffer_0.stride(1), d_c.stride(0), b, h, BLOCK_B=BLOCK_B,
            BLOCK_H=BLOCK_H, EXACT_B=b == BLOCK_B, num_warps=warps, num_stages=stages,
        )
        return d_c
    BLOCK_B, BLOCK_H, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(h, BLOCK_H),)
    mlp_long_backward_d_c_kernel[grid](
        buffer_0, d_c, buffer_0.stride(0), buffer_0.stride(1), d_c.stride(0), b, h, BLOCK_B=BLOCK_B,
        BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return d_c


@_operator
def _mlp_long_backward_d_D(d_out: torch.Tensor, H: torch.Tensor) -> torch.Tensor:
    """_mlp_long_backward_d_D(d_out: bf16[b o], H: bf16[b h]) -> d_D: bf16[h o]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("H", H, torch.bfloat16, 2, d_out.device)
    b, o = d_out.shape
    _, h = H.shape
    if H.shape != (b, h):
        raise ValueError(f"H: bf16[b h] has shape {H.shape}, expected {(b, h)}")
    d_D = torch.empty((h, o), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_D):
        return d_D
    BLOCK_H, BLOCK_O, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(h, BLOCK_H) * triton.cdiv(o, BLOCK_O),)
    mlp_long_backward_d_D_kernel[grid](
        d_out, H, d_D, d_out.stride(0), d_out.stride(1), H.stride(0), H.stride(1), d_D.stride(0),
        d_D.stride(1), b, o, h, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_D


class _mlp_autograd(torch.autograd.Function):
    """mlp and its derivative."""

    @staticmethod
    def forward(ctx, X, W, c, D):
        out = _mlp_forward(X, W, c, D)
        ctx.save_for_backward(X, W, c, D)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, c, D = ctx.saved_tensors
        d_X = _mlp_backward_d_X(X, W, c, D, d_out)
        d_W, d_c, d_D = _mlp_backward_d_W_d_c_d_D(X, W, c, D, d_out)
        return d_X, d_W, d_c, d_D


class _mlp_long_autograd(torch.autograd.Function):
    """mlp and its derivative."""

    @staticmethod
    def forward(ctx, X, W, c, D):
        state = _mlp_long_forward_state(X, W)
        H = _mlp_long_forward_H(c, state)
        out = _mlp_long_forward_out(D, H)
        ctx.save_for_backward(X, W, c, D, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, c, D, state = ctx.saved_tensors
        buffer_0 = _mlp_long_backward_buffer_0(c, D, d_out, state)
        H = _mlp_long_backward_H(c, state)
        d_X = _mlp_long_backward_d_X(W, buffer_0)
        d_W = _mlp_long_backward_d_W(X, buffer_0)
        d_c = _mlp_long_backward_d_c(buffer_0)
        d_D = _mlp_long_backward_d_D(d_out, H)
        return d_X, d_W, d_c, d_D


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32, torch.bfloat16)
def mlp(X: torch.Tensor, W: torch.Tensor, c: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """mlp(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> out: bf16[b o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, c, D)):
        if max(i, o) <= 256 and max(i, o) <= 256:
            return _mlp_autograd.apply(X, W, c, D)
        return _mlp_long_autograd.apply(X, W, c, D)
    if max(i, o) <= 256:
        out = _mlp(X, W, c, D)
        return out
    H = _mlp_long_H(X, W, c)
    out_2 = _mlp_long_out(D, H)
    return out_2


@triton.jit
def swiglu_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, U_stride_i,
    U_stride_h, D_stride_h, D_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:11]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:12]
        dot = tl.dot(X, tl.trans(W))
        # src[layers.diag:11]
        U = load_tile(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:12]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = ((dot * tl.sigmoid(dot)) * dot_2).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        dot = tl.dot(X, tl.trans(W))
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = ((dot * tl.sigmoid(dot)) * dot_2).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def swiglu_long_buffer_0_kernel(
    X_ptr, W_ptr, U_ptr, buffer_0_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, U_stride_i, U_stride_h,
    buffer_0_stride_b, buffer_0_stride_h, size_b, size_i, size_h, BLOCK_I: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    acc_i_2 = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i_2 = tl.dot(X, tl.trans(U), acc_i_2)
        acc_i = next_acc_i
        acc_i_2 = next_acc_i_2
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i_2 = tl.dot(X, tl.trans(U), acc_i_2)
        acc_i = next_acc_i
        acc_i_2 = next_acc_i_2
    # src[layers.diag:12]
    tile_bf16 = ((acc_i * tl.sigmoid(acc_i)) * acc_i_2).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
        tile_bf16,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def swiglu_long_out_kernel(
    D_ptr, buffer_0_ptr, out_ptr, D_stride_h, D_stride_o, buffer_0_stride_b, buffer_0_stride_h, out_stride_b,
    out_stride_o, size_h, size_o, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(h_index < size_h)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def swiglu_forward_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, U_stride_i,
    U_stride_h, D_stride_h, D_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:11]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:12]
        dot = tl.dot(X, tl.trans(W))
        # src[layers.diag:11]
        U = load_tile(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:12]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = ((dot * tl.sigmoid(dot)) * dot_2).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        dot = tl.dot(X, tl.trans(W))
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = ((dot * tl.sigmoid(dot)) * dot_2).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def swiglu_backward_d_X_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, d_out_ptr, d_X_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h,
    U_stride_i, U_stride_h, D_stride_h, D_stride_o, d_out_stride_b, d_out_stride_o, d_X_stride_b,
    d_X_stride_i, size_b, size_i, size_h, size_o, BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr,
    BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    acc_h_2 = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    # src[layers.diag:11]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        U = load_tile(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(d_out, tl.trans(D))
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:12]
        dot_2 = tl.dot(X, tl.trans(W))
        tile_bf16 = (dot * (dot_2 * tl.sigmoid(dot_2))).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, U, acc_h)
        sigmoid_b_h = tl.sigmoid(dot_2)
        dot_3 = tl.dot(X, tl.trans(U))
        tile = ((sigmoid_b_h * dot) * dot_3) * ((dot_2 * (1.0 - sigmoid_b_h)) + 1.0)
        tile_bf16_2 = tile.to(tl.bfloat16)
        next_acc_h_2 = tl.dot(tile_bf16_2, W, acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(D))
        tile = tl.where((h_index < size_h)[None, :], dot, 0.0)
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        dot_2 = tl.dot(X, tl.trans(W))
        tile_bf16 = (tile * (dot_2 * tl.sigmoid(dot_2))).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, U, acc_h)
        sigmoid_b_h = tl.sigmoid(dot_2)
        dot_3 = tl.dot(X, tl.trans(U))
        tile_2 = ((sigmoid_b_h * tile) * dot_3) * ((dot_2 * (1.0 - sigmoid_b_h)) + 1.0)
        tile_bf16_2 = tile_2.to(tl.bfloat16)
        next_acc_h_2 = tl.dot(tile_bf16_2, W, acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        (acc_h + acc_h_2).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def swiglu_backward_d_W_d_U_d_D_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, d_out_ptr, d_W_ptr, d_U_ptr, d_D_ptr, X_stride_b, X_stride_i, W_stride_i,
    W_stride_h, U_stride_i, U_stride_h, D_stride_h, D_stride_o, d_out_stride_b, d_out_stride_o, d_W_stride_i,
    d_W_stride_h, d_U_stride_i, d_U_stride_h, d_D_stride_h, d_D_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_H: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_b = tl.full([BLOCK_H, BLOCK_I], 0.0, tl.float32)
    acc_b_2 = tl.full([BLOCK_H, BLOCK_I], 0.0, tl.float32)
    acc_b_3 = tl.full([BLOCK_H, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:11]
    W = tl.load(
        W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    D = tl.load(
        D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    U = tl.load(
        U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        X = load_tile(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:12]
        dot = tl.dot(W, tl.trans(X))
        sigmoid_h_b = tl.sigmoid(dot)
        d_out = load_tile(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot_2 = tl.dot(D, tl.trans(d_out))
        dot_3 = tl.dot(U, tl.trans(X))
        tile = ((sigmoid_h_b * dot_2) * dot_3) * ((dot * (1.0 - sigmoid_h_b)) + 1.0)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        silu_h_b = dot * tl.sigmoid(dot)
        tile_bf16_2 = (dot_2 * silu_h_b).to(tl.bfloat16)
        next_acc_b_2 = tl.dot(tile_bf16_2, X, acc_b_2)
        tile_bf16_3 = (dot_3 * silu_h_b).to(tl.bfloat16)
        next_acc_b_3 = tl.dot(tile_bf16_3, d_out, acc_b_3)
        acc_b = next_acc_b
        acc_b_2 = next_acc_b_2
        acc_b_3 = next_acc_b_3
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:12]
        dot = tl.dot(W, tl.trans(X))
        sigmoid_h_b = tl.sigmoid(dot)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(D, tl.trans(d_out))
        tile = tl.where((b_index < size_b)[None, :], dot_2, 0.0)
        dot_3 = tl.dot(U, tl.trans(X))
        tile_2 = ((sigmoid_h_b * tile) * dot_3) * ((dot * (1.0 - sigmoid_h_b)) + 1.0)
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        silu_h_b = dot * tl.sigmoid(dot)
        tile_bf16_2 = (tile * silu_h_b).to(tl.bfloat16)
        next_acc_b_2 = tl.dot(tile_bf16_2, X, acc_b_2)
        tile_bf16_3 = (dot_3 * silu_h_b).to(tl.bfloat16)
        next_acc_b_3 = tl.dot(tile_bf16_3, d_out, acc_b_3)
        acc_b = next_acc_b
        acc_b_2 = next_acc_b_2
        acc_b_3 = next_acc_b_3
    tl.store(
        d_W_ptr + i_index[None, :] * d_W_stride_i + h_index[:, None] * d_W_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
    )
    tl.store(
        d_U_ptr + i_index[None, :] * d_U_stride_i + h_index[:, None] * d_U_stride_h,
        acc_b_2.to(tl.bfloat16),
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
    )
    tl.store(
        d_D_ptr + h_index[:, None] * d_D_stride_h + o_index[None, :] * d_D_stride_o,
        acc_b_3.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def swiglu_long_forward_state_kernel(
    X_ptr, W_ptr, state_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, state_stride_b, state_stride_h,
    size_b, size_i, size_h, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:11]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:11]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    tl.store(
        state_ptr + b_index[:, None] * state_stride_b + h_index[None, :] * state_stride_h,
        acc_i,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def swiglu_long_forward_state__kernel(
    X_ptr, U_ptr, state__ptr, X_stride_b, X_stride_i, U_stride_i, U_stride_h, state__stride_b,
    state__stride_h, size_b, size_i, size_h, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr,
    BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i = tl.dot(X, tl.trans(U), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:11]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_i = tl.dot(X, tl.trans(U), acc_i)
        acc_i = next_acc_i
    tl.store(
        state__ptr + b_index[:, None] * state__stride_b + h_index[None, :] * state__stride_h,
        acc_i,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def swiglu_long_forward_buffer_0_kernel(
    state_ptr, state__ptr, buffer_0_ptr, state_stride_b, state_stride_h, state__stride_b, state__stride_h,
    buffer_0_stride_b, buffer_0_stride_h, size_b, size_h, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    b_index = program.to(tl.int64)
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    # src[layers.diag:12]
    tile_bf16 = ((state * tl.sigmoid(state)) * state_).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h,
        tile_bf16,
        mask=(h_index < size_h),
    )


@triton.jit
def swiglu_long_forward_out_kernel(
    D_ptr, buffer_0_ptr, out_ptr, D_stride_h, D_stride_o, buffer_0_stride_b, buffer_0_stride_h, out_stride_b,
    out_stride_o, size_h, size_o, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(h_index < size_h)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:12]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def swiglu_long_backward_buffer_0_buffer_1_kernel(
    D_ptr, d_out_ptr, state_ptr, state__ptr, buffer_0_ptr, buffer_1_ptr, D_stride_h, D_stride_o,
    d_out_stride_b, d_out_stride_o, state_stride_b, state_stride_h, state__stride_b, state__stride_h,
    buffer_0_stride_b, buffer_0_stride_h, buffer_1_stride_b, buffer_1_stride_h, size_h, size_o, size_b,
    BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_o = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(D), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        # src[layers.diag:11]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(D), acc_o)
        acc_o = next_acc_o
    state_ = tl.load(
        state__ptr + b_index[:, None] * state__stride_b + h_index[None, :] * state__stride_h,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index[:, None] * state_stride_b + h_index[None, :] * state_stride_h,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
        other=0.0,
    )
    sigmoid_b_h = tl.sigmoid(state)
    tile = (acc_o * sigmoid_b_h) * (1.0 + ((1.0 - sigmoid_b_h) * state))
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
        (tile * state_).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )
    # src[layers.diag:12]
    tile_bf16 = (acc_o * (state * tl.sigmoid(state))).to(tl.bfloat16)
    tl.store(
        buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index[None, :] * buffer_1_stride_h,
        tile_bf16,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def swiglu_long_backward_buffer_2_kernel(
    state_ptr, state__ptr, buffer_2_ptr, state_stride_b, state_stride_h, state__stride_b, state__stride_h,
    buffer_2_stride_b, buffer_2_stride_h, size_b, size_h, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    b_index = program.to(tl.int64)
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    # src[layers.diag:12]
    tile_bf16 = ((state * tl.sigmoid(state)) * state_).to(tl.bfloat16)
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h,
        tile_bf16,
        mask=(h_index < size_h),
    )


@triton.jit
def swiglu_long_backward_d_X_kernel(
    W_ptr, U_ptr, buffer_0_ptr, buffer_1_ptr, d_X_ptr, W_stride_i, W_stride_h, U_stride_i, U_stride_h,
    buffer_0_stride_b, buffer_0_stride_h, buffer_1_stride_b, buffer_1_stride_h, d_X_stride_b, d_X_stride_i,
    size_i, size_h, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    acc_h_2 = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:11]
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + h_index[None, :] * W_stride_h,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_h = tl.dot(buffer_0, tl.trans(W), acc_h)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index[None, :] * buffer_1_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        U = tl.load(
            U_ptr + i_index[:, None] * U_stride_i + h_index[None, :] * U_stride_h,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_h_2 = tl.dot(buffer_1, tl.trans(U), acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:11]
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + h_index[None, :] * W_stride_h,
            mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        next_acc_h = tl.dot(buffer_0, tl.trans(W), acc_h)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index[None, :] * buffer_1_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        U = tl.load(
            U_ptr + i_index[:, None] * U_stride_i + h_index[None, :] * U_stride_h,
            mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        next_acc_h_2 = tl.dot(buffer_1, tl.trans(U), acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        (acc_h + acc_h_2).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def swiglu_long_backward_d_W_kernel(
    X_ptr, buffer_0_ptr, d_W_ptr, X_stride_b, X_stride_i, buffer_0_stride_b, buffer_0_stride_h, d_W_stride_i,
    d_W_stride_h, size_b, size_i, size_h, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_H], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_0), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_0), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_W_ptr + i_index[:, None] * d_W_stride_i + h_index[None, :] * d_W_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def swiglu_long_backward_d_U_kernel(
    X_ptr, buffer_1_ptr, d_U_ptr, X_stride_b, X_stride_i, buffer_1_stride_b, buffer_1_stride_h, d_U_stride_i,
    d_U_stride_h, size_b, size_i, size_h, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_H], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index[:, None] * buffer_1_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_1), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index[:, None] * buffer_1_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:11]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_1), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_U_ptr + i_index[:, None] * d_U_stride_i + h_index[None, :] * d_U_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def swiglu_long_backward_d_D_kernel(
    d_out_ptr, buffer_2_ptr, d_D_ptr, d_out_stride_b, d_out_stride_o, buffer_2_stride_b, buffer_2_stride_h,
    d_D_stride_h, d_D_stride_o, size_b, size_o, size_h, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    acc_b = tl.full([BLOCK_H, BLOCK_O], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(buffer_2, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(b_index < size_b)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(buffer_2, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_D_ptr + h_index[:, None] * d_D_stride_h + o_index[None, :] * d_D_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
    )


@_operator
def _swiglu(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """_swiglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    swiglu_kernel[grid](
        X, W, U, D, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        D.stride(0), D.stride(1), out.stride(0), out.stride(1), b, i, h, o, BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _swiglu_long_buffer_0(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_buffer_0(X: bf16[b i], W: bf16[i h], U: bf16[i h]) -> buffer_0: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    swiglu_long_buffer_0_kernel[grid](
        X, W, U, buffer_0, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), b, i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _swiglu_long_out(D: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_out(D: bf16[h o], buffer_0: bf16[b h]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, D.device)
    h, o = D.shape
    b, _ = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=D.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    swiglu_long_out_kernel[grid](
        D, buffer_0, out, D.stride(0), D.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), h, o, b, BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _swiglu_forward(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """_swiglu_forward(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    swiglu_forward_kernel[grid](
        X, W, U, D, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        D.stride(0), D.stride(1), out.stride(0), out.stride(1), b, i, h, o, BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _swiglu_backward_d_X(
    X: torch.Tensor,
    W: torch.Tensor,
    U: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    """_swiglu_backward_d_X(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_B, BLOCK_H, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(b, BLOCK_B),)
    swiglu_backward_d_X_kernel[grid](
        X, W, U, D, d_out, d_X, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        D.stride(0), D.stride(1), d_out.stride(0), d_out.stride(1), d_X.stride(0), d_X.stride(1), b, i, h, o,
        BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I,
        EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _swiglu_backward_d_W_d_U_d_D(
    X: torch.Tensor,
    W: torch.Tensor,
    U: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_swiglu_backward_d_W_d_U_d_D(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> d_W: bf16[i h], d_U: bf16[i h], d_D: bf16[h o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_W = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    d_U = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    d_D = torch.empty((h, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W, d_U, d_D
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_H, BLOCK_B, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_H, BLOCK_B, warps, stages = 32, 16, 8, 1
    else:
        BLOCK_H, BLOCK_B, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(h, BLOCK_H),)
    swiglu_backward_d_W_d_U_d_D_kernel[grid](
        X, W, U, D, d_out, d_W, d_U, d_D, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0),
        U.stride(1), D.stride(0), D.stride(1), d_out.stride(0), d_out.stride(1), d_W.stride(0), d_W.stride(1),
        d_U.stride(0), d_U.stride(1), d_D.stride(0), d_D.stride(1), b, i, h, o, BLOCK_B=BLOCK_B,
        BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, BLOCK_H=BLOCK_H, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_W, d_U, d_D


@_operator
def _swiglu_long_forward_state(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_forward_state(X: bf16[b i], W: bf16[i h]) -> state: f32[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    state = torch.empty((b, h), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    swiglu_long_forward_state_kernel[grid](
        X, W, state, X.stride(0), X.stride(1), W.stride(0), W.stride(1), state.stride(0), state.stride(1), b,
        i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _swiglu_long_forward_state_(X: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_forward_state_(X: bf16[b i], U: bf16[i h]) -> state_: f32[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = U.shape
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    state_ = torch.empty((b, h), dtype=torch.float32, device=X.device)
    if _is_traced(state_):
        return state_
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    swiglu_long_forward_state__kernel[grid](
        X, U, state_, X.stride(0), X.stride(1), U.stride(0), U.stride(1), state_.stride(0), state_.stride(1),
        b, i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return state_


@_operator
def _swiglu_long_forward_buffer_0(state: torch.Tensor, state_: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_forward_buffer_0(state: f32[b h], state_: f32[b h]) -> buffer_0: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    _check("state_", state_, torch.float32, 2, state.device)
    b, h = state.shape
    if state_.shape != (b, h):
        raise ValueError(f"state_: f32[b h] has shape {state_.shape}, expected {(b, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.bfloat16, device=state.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_H, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(h, BLOCK_H),)
    swiglu_long_forward_buffer_0_kernel[grid](
        state, state_, buffer_0, state.stride(0), state.stride(1), state_.stride(0), state_.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), b, h, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _swiglu_long_forward_out(D: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_forward_out(D: bf16[h o], buffer_0: bf16[b h]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, D.device)
    h, o = D.shape
    b, _ = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=D.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    swiglu_long_forward_out_kernel[grid](
        D, buffer_0, out, D.stride(0), D.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), h, o, b, BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _swiglu_long_backward_buffer_0_buffer_1(
    D: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_swiglu_long_backward_buffer_0_buffer_1(D: bf16[h o], d_out: bf16[b o], state: f32[b h], state_: f32[b h]) -> buffer_0: bf16[b h], buffer_1: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("d_out", d_out, torch.bfloat16, 2, D.device)
    _check("state", state, torch.float32, 2, D.device)
    _check("state_", state_, torch.float32, 2, D.device)
    h, o = D.shape
    b, _ = d_out.shape
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    if state.shape != (b, h):
        raise ValueError(f"state: f32[b h] has shape {state.shape}, expected {(b, h)}")
    if state_.shape != (b, h):
        raise ValueError(f"state_: f32[b h] has shape {state_.shape}, expected {(b, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.bfloat16, device=D.device)
    buffer_1 = torch.empty((b, h), dtype=torch.bfloat16, device=D.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_B, BLOCK_H, BLOCK_O, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    swiglu_long_backward_buffer_0_buffer_1_kernel[grid](
        D, d_out, state, state_, buffer_0, buffer_1, D.stride(0), D.stride(1), d_out.stride(0),
        d_out.stride(1), state.stride(0), state.stride(1), state_.stride(0), state_.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), h, o, b,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _swiglu_long_backward_buffer_2(state: torch.Tensor, state_: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_backward_buffer_2(state: f32[b h], state_: f32[b h]) -> buffer_2: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    _check("state_", state_, torch.float32, 2, state.device)
    b, h = state.shape
    if state_.shape != (b, h):
        raise ValueError(f"state_: f32[b h] has shape {state_.shape}, expected {(b, h)}")
    buffer_2 = torch.empty((b, h), dtype=torch.bfloat16, device=state.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_H, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(h, BLOCK_H),)
    swiglu_long_backward_buffer_2_kernel[grid](
        state, state_, buffer_2, state.stride(0), state.stride(1), state_.stride(0), state_.stride(1),
        buffer_2.stride(0), buffer_2.stride(1), b, h, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _swiglu_long_backward_d_X(
    W: torch.Tensor,
    U: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_swiglu_long_backward_d_X(W: bf16[i h], U: bf16[i h], buffer_0: bf16[b h], buffer_1: bf16[b h]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("U", U, torch.bfloat16, 2, W.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, W.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, W.device)
    i, h = W.shape
    b, _ = buffer_0.shape
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    if buffer_1.shape != (b, h):
        raise ValueError(f"buffer_1: bf16[b h] has shape {buffer_1.shape}, expected {(b, h)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_B, BLOCK_I, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(i, BLOCK_I),)
    swiglu_long_backward_d_X_kernel[grid](
        W, U, buffer_0, buffer_1, d_X, W.stride(0), W.stride(1), U.stride(0), U.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_X.stride(0), d_X.stride(1), i, h, b,
        BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _swiglu_long_backward_d_W(X: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_backward_d_W(X: bf16[b i], buffer_0: bf16[b h]) -> d_W: bf16[i h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    d_W = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_I, BLOCK_H, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(h, BLOCK_H),)
    swiglu_long_backward_d_W_kernel[grid](
        X, buffer_0, d_W, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_W.stride(0),
        d_W.stride(1), b, i, h, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_H=BLOCK_H, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _swiglu_long_backward_d_U(X: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_backward_d_U(X: bf16[b i], buffer_1: bf16[b h]) -> d_U: bf16[i h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = buffer_1.shape
    if buffer_1.shape != (b, h):
        raise ValueError(f"buffer_1: bf16[b h] has shape {buffer_1.shape}, expected {(b, h)}")
    d_U = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_U):
        return d_U
    BLOCK_I, BLOCK_H, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(h, BLOCK_H),)
    swiglu_long_backward_d_U_kernel[grid](
        X, buffer_1, d_U, X.stride(0), X.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_U.stride(0),
        d_U.stride(1), b, i, h, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_H=BLOCK_H, num_warps=warps,
        num_stages=stages,
    )
    return d_U


@_operator
def _swiglu_long_backward_d_D(d_out: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_swiglu_long_backward_d_D(d_out: bf16[b o], buffer_2: bf16[b h]) -> d_D: bf16[h o]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 2, d_out.device)
    b, o = d_out.shape
    _, h = buffer_2.shape
    if buffer_2.shape != (b, h):
        raise ValueError(f"buffer_2: bf16[b h] has shape {buffer_2.shape}, expected {(b, h)}")
    d_D = torch.empty((h, o), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_D):
        return d_D
    BLOCK_H, BLOCK_O, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(h, BLOCK_H) * triton.cdiv(o, BLOCK_O),)
    swiglu_long_backward_d_D_kernel[grid](
        d_out, buffer_2, d_D, d_out.stride(0), d_out.stride(1), buffer_2.stride(0), buffer_2.stride(1),
        d_D.stride(0), d_D.stride(1), b, o, h, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, BLOCK_O=BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_D


class _swiglu_autograd(torch.autograd.Function):
    """swiglu and its derivative."""

    @staticmethod
    def forward(ctx, X, W, U, D):
        out = _swiglu_forward(X, W, U, D)
        ctx.save_for_backward(X, W, U, D)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, U, D = ctx.saved_tensors
        d_X = _swiglu_backward_d_X(X, W, U, D, d_out)
        d_W, d_U, d_D = _swiglu_backward_d_W_d_U_d_D(X, W, U, D, d_out)
        return d_X, d_W, d_U, d_D


class _swiglu_long_autograd(torch.autograd.Function):
    """swiglu and its derivative."""

    @staticmethod
    def forward(ctx, X, W, U, D):
        state = _swiglu_long_forward_state(X, W)
        state_ = _swiglu_long_forward_state_(X, U)
        buffer_0 = _swiglu_long_forward_buffer_0(state, state_)
        out = _swiglu_long_forward_out(D, buffer_0)
        ctx.save_for_backward(X, W, U, D, state, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, U, D, state, state_ = ctx.saved_tensors
        buffer_0, buffer_1 = _swiglu_long_backward_buffer_0_buffer_1(D, d_out, state, state_)
        buffer_2 = _swiglu_long_backward_buffer_2(state, state_)
        d_X = _swiglu_long_backward_d_X(W, U, buffer_0, buffer_1)
        d_W = _swiglu_long_backward_d_W(X, buffer_0)
        d_U = _swiglu_long_backward_d_U(X, buffer_1)
        d_D = _swiglu_long_backward_d_D(d_out, buffer_2)
        return d_X, d_W, d_U, d_D


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16)
def swiglu(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """swiglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> out: bf16[b o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, U, D)):
        if max(i, o) <= 256 and max(i, o) <= 256:
            return _swiglu_autograd.apply(X, W, U, D)
        return _swiglu_long_autograd.apply(X, W, U, D)
    if max(i, o) <= 256:
        out = _swiglu(X, W, U, D)
        return out
    buffer_0 = _swiglu_long_buffer_0(X, W, U)
    out_2 = _swiglu_long_out(D, buffer_0)
    return out_2


@triton.jit
def geglu_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, U_stride_i,
    U_stride_h, D_stride_h, D_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:15]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:16]
        dot = tl.dot(X, tl.trans(W))
        # src[layers.diag:15]
        U = load_tile(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:16]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = (gelu(dot) * dot_2).to(tl.bfloat16)
        # src[layers.diag:15]
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:15]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        dot = tl.dot(X, tl.trans(W))
        gelu_b_h = gelu(tl.where((h_index < size_h)[None, :], dot, 0.0))
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = (gelu_b_h * dot_2).to(tl.bfloat16)
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def geglu_long_buffer_0_kernel(
    X_ptr, W_ptr, U_ptr, buffer_0_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, U_stride_i, U_stride_h,
    buffer_0_stride_b, buffer_0_stride_h, size_b, size_i, size_h, BLOCK_I: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    acc_i_2 = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:15]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i_2 = tl.dot(X, tl.trans(U), acc_i_2)
        acc_i = next_acc_i
        acc_i_2 = next_acc_i_2
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:15]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i_2 = tl.dot(X, tl.trans(U), acc_i_2)
        acc_i = next_acc_i
        acc_i_2 = next_acc_i_2
    # src[layers.diag:16]
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
        (gelu(acc_i) * acc_i_2).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def geglu_long_out_kernel(
    D_ptr, buffer_0_ptr, out_ptr, D_stride_h, D_stride_o, buffer_0_stride_b, buffer_0_stride_h, out_stride_b,
    out_stride_o, size_h, size_o, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(h_index < size_h)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def geglu_forward_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, U_stride_i,
    U_stride_h, D_stride_h, D_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:15]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:16]
        dot = tl.dot(X, tl.trans(W))
        # src[layers.diag:15]
        U = load_tile(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:16]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = (gelu(dot) * dot_2).to(tl.bfloat16)
        # src[layers.diag:15]
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:15]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        dot = tl.dot(X, tl.trans(W))
        gelu_b_h = gelu(tl.where((h_index < size_h)[None, :], dot, 0.0))
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        dot_2 = tl.dot(X, tl.trans(U))
        tile_bf16 = (gelu_b_h * dot_2).to(tl.bfloat16)
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(tile_bf16, D, acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def geglu_backward_d_X_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, d_out_ptr, d_X_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h,
    U_stride_i, U_stride_h, D_stride_h, D_stride_o, d_out_stride_b, d_out_stride_o, d_X_stride_b,
    d_X_stride_i, size_b, size_i, size_h, size_o, BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr,
    BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_h = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    acc_h_2 = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    # src[layers.diag:15]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        U = load_tile(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        D = load_tile(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(d_out, tl.trans(D))
        W = load_tile(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        # src[layers.diag:16]
        dot_2 = tl.dot(X, tl.trans(W))
        tile_bf16 = (dot * gelu(dot_2)).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, U, acc_h)
        tile = 0.3989422804014327 * tl.exp2((-0.7213475204444817 * dot_2) * dot_2)
        add_b_h = (0.5 + (tile * dot_2)) + (tl.erf(0.7071067811865476 * dot_2) * 0.5)
        dot_3 = tl.dot(X, tl.trans(U))
        tile_bf16_2 = ((dot * add_b_h) * dot_3).to(tl.bfloat16)
        next_acc_h_2 = tl.dot(tile_bf16_2, W, acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(D))
        tile = tl.where((h_index < size_h)[None, :], dot, 0.0)
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        dot_2 = tl.dot(X, tl.trans(W))
        tile_bf16 = (tile * gelu(dot_2)).to(tl.bfloat16)
        next_acc_h = tl.dot(tile_bf16, U, acc_h)
        tile_2 = 0.3989422804014327 * tl.exp2((-0.7213475204444817 * dot_2) * dot_2)
        add_b_h = (0.5 + (tile_2 * dot_2)) + (tl.erf(0.7071067811865476 * dot_2) * 0.5)
        dot_3 = tl.dot(X, tl.trans(U))
        tile_bf16_2 = ((tile * add_b_h) * dot_3).to(tl.bfloat16)
        next_acc_h_2 = tl.dot(tile_bf16_2, W, acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        (acc_h + acc_h_2).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def geglu_backward_d_W_d_U_d_D_kernel(
    X_ptr, W_ptr, U_ptr, D_ptr, d_out_ptr, d_W_ptr, d_U_ptr, d_D_ptr, X_stride_b, X_stride_i, W_stride_i,
    W_stride_h, U_stride_i, U_stride_h, D_stride_h, D_stride_o, d_out_stride_b, d_out_stride_o, d_W_stride_i,
    d_W_stride_h, d_U_stride_i, d_U_stride_h, d_D_stride_h, d_D_stride_o, size_b, size_i, size_h, size_o,
    BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_H: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_b = tl.full([BLOCK_H, BLOCK_I], 0.0, tl.float32)
    acc_b_2 = tl.full([BLOCK_H, BLOCK_I], 0.0, tl.float32)
    acc_b_3 = tl.full([BLOCK_H, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:15]
    D = tl.load(
        D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    W = tl.load(
        W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    U = tl.load(
        U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        X = load_tile(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        d_out = load_tile(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(D, tl.trans(d_out))
        # src[layers.diag:16]
        dot_2 = tl.dot(W, tl.trans(X))
        tile = 0.3989422804014327 * tl.exp2((-0.7213475204444817 * dot_2) * dot_2)
        add_h_b = (0.5 + (tile * dot_2)) + (tl.erf(0.7071067811865476 * dot_2) * 0.5)
        dot_3 = tl.dot(U, tl.trans(X))
        tile_bf16 = ((dot * add_h_b) * dot_3).to(tl.bfloat16)
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        gelu_h_b = gelu(dot_2)
        tile_bf16_2 = (dot * gelu_h_b).to(tl.bfloat16)
        next_acc_b_2 = tl.dot(tile_bf16_2, X, acc_b_2)
        tile_bf16_3 = (dot_3 * gelu_h_b).to(tl.bfloat16)
        next_acc_b_3 = tl.dot(tile_bf16_3, d_out, acc_b_3)
        acc_b = next_acc_b
        acc_b_2 = next_acc_b_2
        acc_b_3 = next_acc_b_3
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(D, tl.trans(d_out))
        tile = tl.where((b_index < size_b)[None, :], dot, 0.0)
        # src[layers.diag:16]
        dot_2 = tl.dot(W, tl.trans(X))
        tile_2 = 0.3989422804014327 * tl.exp2((-0.7213475204444817 * dot_2) * dot_2)
        add_h_b = (0.5 + (tile_2 * dot_2)) + (tl.erf(0.7071067811865476 * dot_2) * 0.5)
        dot_3 = tl.dot(U, tl.trans(X))
        tile_bf16 = ((tile * add_h_b) * dot_3).to(tl.bfloat16)
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        gelu_h_b = gelu(dot_2)
        tile_bf16_2 = (tile * gelu_h_b).to(tl.bfloat16)
        next_acc_b_2 = tl.dot(tile_bf16_2, X, acc_b_2)
        tile_bf16_3 = (dot_3 * gelu_h_b).to(tl.bfloat16)
        next_acc_b_3 = tl.dot(tile_bf16_3, d_out, acc_b_3)
        acc_b = next_acc_b
        acc_b_2 = next_acc_b_2
        acc_b_3 = next_acc_b_3
    tl.store(
        d_W_ptr + i_index[None, :] * d_W_stride_i + h_index[:, None] * d_W_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
    )
    tl.store(
        d_U_ptr + i_index[None, :] * d_U_stride_i + h_index[:, None] * d_U_stride_h,
        acc_b_2.to(tl.bfloat16),
        mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
    )
    tl.store(
        d_D_ptr + h_index[:, None] * d_D_stride_h + o_index[None, :] * d_D_stride_o,
        acc_b_3.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def geglu_long_forward_state_kernel(
    X_ptr, W_ptr, state_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_h, state_stride_b, state_stride_h,
    size_b, size_i, size_h, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + h_index[:, None] * W_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    tl.store(
        state_ptr + b_index[:, None] * state_stride_b + h_index[None, :] * state_stride_h,
        acc_i,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def geglu_long_forward_state__kernel(
    X_ptr, U_ptr, state__ptr, X_stride_b, X_stride_i, U_stride_i, U_stride_h, state__stride_b,
    state__stride_h, size_b, size_i, size_h, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr,
    BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i = tl.dot(X, tl.trans(U), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        U = tl.load(
            U_ptr + i_index[None, :] * U_stride_i + h_index[:, None] * U_stride_h,
            mask=(i_index < size_i)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_i = tl.dot(X, tl.trans(U), acc_i)
        acc_i = next_acc_i
    tl.store(
        state__ptr + b_index[:, None] * state__stride_b + h_index[None, :] * state__stride_h,
        acc_i,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def geglu_long_forward_buffer_0_kernel(
    state_ptr, state__ptr, buffer_0_ptr, state_stride_b, state_stride_h, state__stride_b, state__stride_h,
    buffer_0_stride_b, buffer_0_stride_h, size_b, size_h, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    b_index = program.to(tl.int64)
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    # src[layers.diag:16]
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h,
        (gelu(state) * state_).to(tl.bfloat16),
        mask=(h_index < size_h),
    )


@triton.jit
def geglu_long_forward_out_kernel(
    D_ptr, buffer_0_ptr, out_ptr, D_stride_h, D_stride_o, buffer_0_stride_b, buffer_0_stride_h, out_stride_b,
    out_stride_o, size_h, size_o, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[None, :] * D_stride_h + o_index[:, None] * D_stride_o,
            mask=(h_index < size_h)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:16]
        next_acc_h = tl.dot(buffer_0, tl.trans(D), acc_h)
        acc_h = next_acc_h
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        acc_h.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def geglu_long_backward_buffer_0_buffer_1_kernel(
    D_ptr, d_out_ptr, state_ptr, state__ptr, buffer_0_ptr, buffer_1_ptr, D_stride_h, D_stride_o,
    d_out_stride_b, d_out_stride_o, state_stride_b, state_stride_h, state__stride_b, state__stride_h,
    buffer_0_stride_b, buffer_0_stride_h, buffer_1_stride_b, buffer_1_stride_h, size_h, size_o, size_b,
    BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_o = tl.full([BLOCK_B, BLOCK_H], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(D), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        # src[layers.diag:15]
        D = tl.load(
            D_ptr + h_index[:, None] * D_stride_h + o_index[None, :] * D_stride_o,
            mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(D), acc_o)
        acc_o = next_acc_o
    state = tl.load(
        state_ptr + b_index[:, None] * state_stride_b + h_index[None, :] * state_stride_h,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
        other=0.0,
    )
    # src[layers.diag:16]
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
        (gelu(state) * acc_o).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )
    state_ = tl.load(
        state__ptr + b_index[:, None] * state__stride_b + h_index[None, :] * state__stride_h,
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
        other=0.0,
    )
    tile = 0.3989422804014327 * tl.exp2((-0.7213475204444817 * state) * state)
    add_b_h = (0.5 + (tile * state)) + (tl.erf(0.7071067811865476 * state) * 0.5)
    tl.store(
        buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index[None, :] * buffer_1_stride_h,
        ((add_b_h * acc_o) * state_).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def geglu_long_backward_buffer_2_kernel(
    state_ptr, state__ptr, buffer_2_ptr, state_stride_b, state_stride_h, state__stride_b, state__stride_h,
    buffer_2_stride_b, buffer_2_stride_h, size_b, size_h, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    b_index = program.to(tl.int64)
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h,
        mask=(h_index < size_h),
        other=0.0,
    )
    # src[layers.diag:16]
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h,
        (gelu(state) * state_).to(tl.bfloat16),
        mask=(h_index < size_h),
    )


@triton.jit
def geglu_long_backward_d_X_kernel(
    W_ptr, U_ptr, buffer_0_ptr, buffer_1_ptr, d_X_ptr, W_stride_i, W_stride_h, U_stride_i, U_stride_h,
    buffer_0_stride_b, buffer_0_stride_h, buffer_1_stride_b, buffer_1_stride_h, d_X_stride_b, d_X_stride_i,
    size_i, size_h, size_b, BLOCK_H: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_h = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    acc_h_2 = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    to_h = size_h // BLOCK_H * BLOCK_H
    # whole tiles, no mask needed
    for first_h in tl.range(0, to_h, BLOCK_H):
        h_index = first_h + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[:, None] * U_stride_i + h_index[None, :] * U_stride_h,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_h = tl.dot(buffer_0, tl.trans(U), acc_h)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index[None, :] * buffer_1_stride_h,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + h_index[None, :] * W_stride_h,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_h_2 = tl.dot(buffer_1, tl.trans(W), acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    from_h = tl.maximum(0, to_h)
    # tiles that a mask or the end cuts
    for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
        h_index = first_h_2 + tl.arange(0, BLOCK_H)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index[None, :] * buffer_0_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        # src[layers.diag:15]
        U = tl.load(
            U_ptr + i_index[:, None] * U_stride_i + h_index[None, :] * U_stride_h,
            mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        next_acc_h = tl.dot(buffer_0, tl.trans(U), acc_h)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index[None, :] * buffer_1_stride_h,
            mask=(b_index < size_b)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + h_index[None, :] * W_stride_h,
            mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
            other=0.0,
        )
        next_acc_h_2 = tl.dot(buffer_1, tl.trans(W), acc_h_2)
        acc_h = next_acc_h
        acc_h_2 = next_acc_h_2
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        (acc_h + acc_h_2).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def geglu_long_backward_d_W_kernel(
    X_ptr, buffer_1_ptr, d_W_ptr, X_stride_b, X_stride_i, buffer_1_stride_b, buffer_1_stride_h, d_W_stride_i,
    d_W_stride_h, size_b, size_i, size_h, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_H], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index[:, None] * buffer_1_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_1), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index[:, None] * buffer_1_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_1), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_W_ptr + i_index[:, None] * d_W_stride_i + h_index[None, :] * d_W_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def geglu_long_backward_d_U_kernel(
    X_ptr, buffer_0_ptr, d_U_ptr, X_stride_b, X_stride_i, buffer_0_stride_b, buffer_0_stride_h, d_U_stride_i,
    d_U_stride_h, size_b, size_i, size_h, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_H], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_0), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[None, :] * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        # src[layers.diag:15]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_0), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_U_ptr + i_index[:, None] * d_U_stride_i + h_index[None, :] * d_U_stride_h,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (h_index < size_h)[None, :],
    )


@triton.jit
def geglu_long_backward_d_D_kernel(
    d_out_ptr, buffer_2_ptr, d_D_ptr, d_out_stride_b, d_out_stride_o, buffer_2_stride_b, buffer_2_stride_h,
    d_D_stride_h, d_D_stride_o, size_b, size_o, size_h, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    acc_b = tl.full([BLOCK_H, BLOCK_O], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(buffer_2, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h,
            mask=(b_index < size_b)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(b_index < size_b)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(buffer_2, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_D_ptr + h_index[:, None] * d_D_stride_h + o_index[None, :] * d_D_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None] & (o_index < size_o)[None, :],
    )


@_operator
def _geglu(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """_geglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    geglu_kernel[grid](
        X, W, U, D, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        D.stride(0), D.stride(1), out.stride(0), out.stride(1), b, i, h, o, BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _geglu_long_buffer_0(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_geglu_long_buffer_0(X: bf16[b i], W: bf16[i h], U: bf16[i h]) -> buffer_0: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    geglu_long_buffer_0_kernel[grid](
        X, W, U, buffer_0, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), b, i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _geglu_long_out(D: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_geglu_long_out(D: bf16[h o], buffer_0: bf16[b h]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, D.device)
    h, o = D.shape
    b, _ = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=D.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    geglu_long_out_kernel[grid](
        D, buffer_0, out, D.stride(0), D.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), h, o, b, BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _geglu_forward(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """_geglu_forward(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(b, BLOCK_B),)
    geglu_forward_kernel[grid](
        X, W, U, D, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        D.stride(0), D.stride(1), out.stride(0), out.stride(1), b, i, h, o, BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _geglu_backward_d_X(
    X: torch.Tensor,
    W: torch.Tensor,
    U: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    """_geglu_backward_d_X(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_H, warps, stages = 64, 16, 8, 1
    else:
        BLOCK_B, BLOCK_H, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(b, BLOCK_B),)
    geglu_backward_d_X_kernel[grid](
        X, W, U, D, d_out, d_X, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        D.stride(0), D.stride(1), d_out.stride(0), d_out.stride(1), d_X.stride(0), d_X.stride(1), b, i, h, o,
        BLOCK_H=BLOCK_H, BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I,
        EXACT_O=o == BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _geglu_backward_d_W_d_U_d_D(
    X: torch.Tensor,
    W: torch.Tensor,
    U: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_geglu_backward_d_W_d_U_d_D(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> d_W: bf16[i h], d_U: bf16[i h], d_D: bf16[h o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    _check("D", D, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_W = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    d_U = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    d_D = torch.empty((h, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W, d_U, d_D
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_H, BLOCK_B, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_H, BLOCK_B, warps, stages = 32, 16, 8, 1
    else:
        BLOCK_H, BLOCK_B, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(h, BLOCK_H),)
    geglu_backward_d_W_d_U_d_D_kernel[grid](
        X, W, U, D, d_out, d_W, d_U, d_D, X.stride(0), X.stride(1), W.stride(0), W.stride(1), U.stride(0),
        U.stride(1), D.stride(0), D.stride(1), d_out.stride(0), d_out.stride(1), d_W.stride(0), d_W.stride(1),
        d_U.stride(0), d_U.stride(1), d_D.stride(0), d_D.stride(1), b, i, h, o, BLOCK_B=BLOCK_B,
        BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, BLOCK_H=BLOCK_H, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_W, d_U, d_D


@_operator
def _geglu_long_forward_state(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_geglu_long_forward_state(X: bf16[b i], W: bf16[i h]) -> state: f32[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = W.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    state = torch.empty((b, h), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    geglu_long_forward_state_kernel[grid](
        X, W, state, X.stride(0), X.stride(1), W.stride(0), W.stride(1), state.stride(0), state.stride(1), b,
        i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _geglu_long_forward_state_(X: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_geglu_long_forward_state_(X: bf16[b i], U: bf16[i h]) -> state_: f32[b h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("U", U, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = U.shape
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    state_ = torch.empty((b, h), dtype=torch.float32, device=X.device)
    if _is_traced(state_):
        return state_
    BLOCK_B, BLOCK_H, BLOCK_I, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    geglu_long_forward_state__kernel[grid](
        X, U, state_, X.stride(0), X.stride(1), U.stride(0), U.stride(1), state_.stride(0), state_.stride(1),
        b, i, h, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return state_


@_operator
def _geglu_long_forward_buffer_0(state: torch.Tensor, state_: torch.Tensor) -> torch.Tensor:
    """_geglu_long_forward_buffer_0(state: f32[b h], state_: f32[b h]) -> buffer_0: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    _check("state_", state_, torch.float32, 2, state.device)
    b, h = state.shape
    if state_.shape != (b, h):
        raise ValueError(f"state_: f32[b h] has shape {state_.shape}, expected {(b, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.bfloat16, device=state.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_H, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(h, BLOCK_H),)
    geglu_long_forward_buffer_0_kernel[grid](
        state, state_, buffer_0, state.stride(0), state.stride(1), state_.stride(0), state_.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), b, h, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _geglu_long_forward_out(D: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_geglu_long_forward_out(D: bf16[h o], buffer_0: bf16[b h]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, D.device)
    h, o = D.shape
    b, _ = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=D.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    geglu_long_forward_out_kernel[grid](
        D, buffer_0, out, D.stride(0), D.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), h, o, b, BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _geglu_long_backward_buffer_0_buffer_1(
    D: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_geglu_long_backward_buffer_0_buffer_1(D: bf16[h o], d_out: bf16[b o], state: f32[b h], state_: f32[b h]) -> buffer_0: bf16[b h], buffer_1: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("D", D, torch.bfloat16, 2, D.device)
    _check("d_out", d_out, torch.bfloat16, 2, D.device)
    _check("state", state, torch.float32, 2, D.device)
    _check("state_", state_, torch.float32, 2, D.device)
    h, o = D.shape
    b, _ = d_out.shape
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    if state.shape != (b, h):
        raise ValueError(f"state: f32[b h] has shape {state.shape}, expected {(b, h)}")
    if state_.shape != (b, h):
        raise ValueError(f"state_: f32[b h] has shape {state_.shape}, expected {(b, h)}")
    buffer_0 = torch.empty((b, h), dtype=torch.bfloat16, device=D.device)
    buffer_1 = torch.empty((b, h), dtype=torch.bfloat16, device=D.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_B, BLOCK_H, BLOCK_O, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(h, BLOCK_H),)
    geglu_long_backward_buffer_0_buffer_1_kernel[grid](
        D, d_out, state, state_, buffer_0, buffer_1, D.stride(0), D.stride(1), d_out.stride(0),
        d_out.stride(1), state.stride(0), state.stride(1), state_.stride(0), state_.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), h, o, b,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _geglu_long_backward_buffer_2(state: torch.Tensor, state_: torch.Tensor) -> torch.Tensor:
    """_geglu_long_backward_buffer_2(state: f32[b h], state_: f32[b h]) -> buffer_2: bf16[b h]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    _check("state_", state_, torch.float32, 2, state.device)
    b, h = state.shape
    if state_.shape != (b, h):
        raise ValueError(f"state_: f32[b h] has shape {state_.shape}, expected {(b, h)}")
    buffer_2 = torch.empty((b, h), dtype=torch.bfloat16, device=state.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_H, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(h, BLOCK_H),)
    geglu_long_backward_buffer_2_kernel[grid](
        state, state_, buffer_2, state.stride(0), state.stride(1), state_.stride(0), state_.stride(1),
        buffer_2.stride(0), buffer_2.stride(1), b, h, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _geglu_long_backward_d_X(
    W: torch.Tensor,
    U: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_geglu_long_backward_d_X(W: bf16[i h], U: bf16[i h], buffer_0: bf16[b h], buffer_1: bf16[b h]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("U", U, torch.bfloat16, 2, W.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, W.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, W.device)
    i, h = W.shape
    b, _ = buffer_0.shape
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    if buffer_1.shape != (b, h):
        raise ValueError(f"buffer_1: bf16[b h] has shape {buffer_1.shape}, expected {(b, h)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_B, BLOCK_I, BLOCK_H, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(i, BLOCK_I),)
    geglu_long_backward_d_X_kernel[grid](
        W, U, buffer_0, buffer_1, d_X, W.stride(0), W.stride(1), U.stride(0), U.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_X.stride(0), d_X.stride(1), i, h, b,
        BLOCK_H=BLOCK_H, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _geglu_long_backward_d_W(X: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_geglu_long_backward_d_W(X: bf16[b i], buffer_1: bf16[b h]) -> d_W: bf16[i h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = buffer_1.shape
    if buffer_1.shape != (b, h):
        raise ValueError(f"buffer_1: bf16[b h] has shape {buffer_1.shape}, expected {(b, h)}")
    d_W = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_I, BLOCK_H, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(h, BLOCK_H),)
    geglu_long_backward_d_W_kernel[grid](
        X, buffer_1, d_W, X.stride(0), X.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_W.stride(0),
        d_W.stride(1), b, i, h, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_H=BLOCK_H, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _geglu_long_backward_d_U(X: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_geglu_long_backward_d_U(X: bf16[b i], buffer_0: bf16[b h]) -> d_U: bf16[i h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, h = buffer_0.shape
    if buffer_0.shape != (b, h):
        raise ValueError(f"buffer_0: bf16[b h] has shape {buffer_0.shape}, expected {(b, h)}")
    d_U = torch.empty((i, h), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_U):
        return d_U
    BLOCK_I, BLOCK_H, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(h, BLOCK_H),)
    geglu_long_backward_d_U_kernel[grid](
        X, buffer_0, d_U, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_U.stride(0),
        d_U.stride(1), b, i, h, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_H=BLOCK_H, num_warps=warps,
        num_stages=stages,
    )
    return d_U


@_operator
def _geglu_long_backward_d_D(d_out: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_geglu_long_backward_d_D(d_out: bf16[b o], buffer_2: bf16[b h]) -> d_D: bf16[h o]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 2, d_out.device)
    b, o = d_out.shape
    _, h = buffer_2.shape
    if buffer_2.shape != (b, h):
        raise ValueError(f"buffer_2: bf16[b h] has shape {buffer_2.shape}, expected {(b, h)}")
    d_D = torch.empty((h, o), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_D):
        return d_D
    BLOCK_H, BLOCK_O, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(h, BLOCK_H) * triton.cdiv(o, BLOCK_O),)
    geglu_long_backward_d_D_kernel[grid](
        d_out, buffer_2, d_D, d_out.stride(0), d_out.stride(1), buffer_2.stride(0), buffer_2.stride(1),
        d_D.stride(0), d_D.stride(1), b, o, h, BLOCK_B=BLOCK_B, BLOCK_H=BLOCK_H, BLOCK_O=BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_D


class _geglu_autograd(torch.autograd.Function):
    """geglu and its derivative."""

    @staticmethod
    def forward(ctx, X, W, U, D):
        out = _geglu_forward(X, W, U, D)
        ctx.save_for_backward(X, W, U, D)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, U, D = ctx.saved_tensors
        d_X = _geglu_backward_d_X(X, W, U, D, d_out)
        d_W, d_U, d_D = _geglu_backward_d_W_d_U_d_D(X, W, U, D, d_out)
        return d_X, d_W, d_U, d_D


class _geglu_long_autograd(torch.autograd.Function):
    """geglu and its derivative."""

    @staticmethod
    def forward(ctx, X, W, U, D):
        state = _geglu_long_forward_state(X, W)
        state_ = _geglu_long_forward_state_(X, U)
        buffer_0 = _geglu_long_forward_buffer_0(state, state_)
        out = _geglu_long_forward_out(D, buffer_0)
        ctx.save_for_backward(X, W, U, D, state, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, U, D, state, state_ = ctx.saved_tensors
        buffer_0, buffer_1 = _geglu_long_backward_buffer_0_buffer_1(D, d_out, state, state_)
        buffer_2 = _geglu_long_backward_buffer_2(state, state_)
        d_X = _geglu_long_backward_d_X(W, U, buffer_0, buffer_1)
        d_W = _geglu_long_backward_d_W(X, buffer_1)
        d_U = _geglu_long_backward_d_U(X, buffer_0)
        d_D = _geglu_long_backward_d_D(d_out, buffer_2)
        return d_X, d_W, d_U, d_D


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16)
def geglu(X: torch.Tensor, W: torch.Tensor, U: torch.Tensor, D: torch.Tensor) -> torch.Tensor:
    """geglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> out: bf16[b o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, U, D)):
        if max(i, o) <= 256 and max(i, o) <= 256:
            return _geglu_autograd.apply(X, W, U, D)
        return _geglu_long_autograd.apply(X, W, U, D)
    if max(i, o) <= 256:
        out = _geglu(X, W, U, D)
        return out
    buffer_0 = _geglu_long_buffer_0(X, W, U)
    out_2 = _geglu_long_out(D, buffer_0)
    return out_2


@triton.jit
def lora_kernel(
    X_ptr, W_ptr, A_ptr, B_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_o, A_stride_i,
    A_stride_r, B_stride_r, B_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_o,
    BLOCK_R: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_r = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:19]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_r = (16) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        B = load_tile(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        A = load_tile(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        dot = tl.dot(X, tl.trans(A))
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_r = tl.dot(dot_bf16, B, acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 16, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        dot = tl.dot(X, tl.trans(A))
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_r = tl.dot(dot_bf16, B, acc_r)
        acc_r = next_acc_r
    # src[layers.diag:19]
    W = load_tile(
        W_ptr + i_index[None, :] * W_stride_i + o_index[:, None] * W_stride_o,
        (i_index < size_i)[None, :] & (o_index < size_o)[:, None],
        0.0,
        EXACT_I and EXACT_O,
    )
    dot = tl.dot(X, tl.trans(W))
    # src[layers.diag:20]
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        (acc_r + dot).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_long_buffer_0_kernel(
    X_ptr, A_ptr, buffer_0_ptr, X_stride_b, X_stride_i, A_stride_i, A_stride_r, buffer_0_stride_b,
    buffer_0_stride_r, size_b, size_i, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(16, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(16, BLOCK_R)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_R], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(r_index < 16)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(A), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(A), acc_i)
        acc_i = next_acc_i
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + r_index[None, :] * buffer_0_stride_r,
        acc_i.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (r_index < 16)[None, :],
    )


@triton.jit
def lora_long_out_kernel(
    X_ptr, W_ptr, B_ptr, buffer_0_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_o, B_stride_r,
    B_stride_o, buffer_0_stride_b, buffer_0_stride_r, out_stride_b, out_stride_o, size_b, size_i, size_o,
    BLOCK_R: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_r = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_r = (16) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[None, :] * B_stride_r + o_index[:, None] * B_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + r_index[None, :] * buffer_0_stride_r,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_0, tl.trans(B), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 16, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[None, :] * B_stride_r + o_index[:, None] * B_stride_o,
            mask=(r_index < 16)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + r_index[None, :] * buffer_0_stride_r,
            mask=(b_index < size_b)[:, None] & (r_index < 16)[None, :],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_0, tl.trans(B), acc_r)
        acc_r = next_acc_r
    acc_i = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + o_index[:, None] * W_stride_o,
            mask=(i_index < size_i)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    # src[layers.diag:20]
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        (acc_r + acc_i).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_forward_kernel(
    X_ptr, W_ptr, A_ptr, B_ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_o, A_stride_i,
    A_stride_r, B_stride_r, B_stride_o, out_stride_b, out_stride_o, size_b, size_i, size_o,
    BLOCK_R: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_I: tl.constexpr, EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_r = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:19]
    X = tl.load(
        X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    to_r = (16) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        B = load_tile(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        A = load_tile(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        dot = tl.dot(X, tl.trans(A))
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_r = tl.dot(dot_bf16, B, acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 16, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        dot = tl.dot(X, tl.trans(A))
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_r = tl.dot(dot_bf16, B, acc_r)
        acc_r = next_acc_r
    # src[layers.diag:19]
    W = load_tile(
        W_ptr + i_index[None, :] * W_stride_i + o_index[:, None] * W_stride_o,
        (i_index < size_i)[None, :] & (o_index < size_o)[:, None],
        0.0,
        EXACT_I and EXACT_O,
    )
    dot = tl.dot(X, tl.trans(W))
    # src[layers.diag:20]
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        (acc_r + dot).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_backward_d_X_kernel(
    W_ptr, A_ptr, B_ptr, d_out_ptr, d_X_ptr, W_stride_i, W_stride_o, A_stride_i, A_stride_r, B_stride_r,
    B_stride_o, d_out_stride_b, d_out_stride_o, d_X_stride_b, d_X_stride_i, size_i, size_o, size_b,
    BLOCK_R: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr,
    EXACT_O: tl.constexpr, EXACT_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    o_index = tl.arange(0, BLOCK_O)
    i_index = tl.arange(0, BLOCK_I)
    acc_r = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    to_r = (16) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        A = load_tile(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        B = load_tile(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(d_out, tl.trans(B))
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_r = tl.dot(dot_bf16, A, acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 16, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        B = tl.load(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(B))
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_r = tl.dot(dot_bf16, A, acc_r)
        acc_r = next_acc_r
    # src[layers.diag:19]
    W = load_tile(
        W_ptr + i_index[:, None] * W_stride_i + o_index[None, :] * W_stride_o,
        (i_index < size_i)[:, None] & (o_index < size_o)[None, :],
        0.0,
        EXACT_I and EXACT_O,
    )
    dot = tl.dot(d_out, tl.trans(W))
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        (acc_r + dot).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def lora_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, d_out_stride_b, d_out_stride_o, d_W_stride_i,
    d_W_stride_o, size_b, size_i, size_o, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_O], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(b_index < size_b)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_W_ptr + i_index[:, None] * d_W_stride_i + o_index[None, :] * d_W_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_backward_d_A_kernel(
    X_ptr, B_ptr, d_out_ptr, d_A_ptr, X_stride_b, X_stride_i, B_stride_r, B_stride_o, d_out_stride_b,
    d_out_stride_o, d_A_stride_i, d_A_stride_r, size_b, size_i, size_o, BLOCK_B: tl.constexpr,
    BLOCK_O: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_R: tl.constexpr, EXACT_O: tl.constexpr,
    EXACT_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = program * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    o_index = tl.arange(0, BLOCK_O)
    i_index = tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_R, BLOCK_I], 0.0, tl.float32)
    # src[layers.diag:19]
    B = tl.load(
        B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
        mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
        other=0.0,
    )
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        d_out = load_tile(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        dot = tl.dot(B, tl.trans(d_out))
        dot_bf16 = dot.to(tl.bfloat16)
        X = load_tile(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        next_acc_b = tl.dot(dot_bf16, X, acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        dot = tl.dot(B, tl.trans(d_out))
        tile_bf16 = tl.where((b_index < size_b)[None, :], dot, 0.0).to(tl.bfloat16)
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        next_acc_b = tl.dot(tile_bf16, X, acc_b)
        acc_b = next_acc_b
    tl.store(
        d_A_ptr + i_index[None, :] * d_A_stride_i + r_index[:, None] * d_A_stride_r,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
    )


@triton.jit
def lora_backward_d_B_kernel(
    X_ptr, A_ptr, d_out_ptr, d_B_ptr, X_stride_b, X_stride_i, A_stride_i, A_stride_r, d_out_stride_b,
    d_out_stride_o, d_B_stride_r, d_B_stride_o, size_b, size_i, size_o, BLOCK_B: tl.constexpr,
    BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr, BLOCK_R: tl.constexpr, EXACT_I: tl.constexpr,
    EXACT_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = program * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    i_index = tl.arange(0, BLOCK_I)
    o_index = tl.arange(0, BLOCK_O)
    acc_b = tl.full([BLOCK_R, BLOCK_O], 0.0, tl.float32)
    # src[layers.diag:19]
    A = tl.load(
        A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
        mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
        other=0.0,
    )
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        X = load_tile(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            (i_index < size_i)[None, :],
            0.0,
            EXACT_I,
        )
        dot = tl.dot(A, tl.trans(X))
        dot_bf16 = dot.to(tl.bfloat16)
        d_out = load_tile(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            (o_index < size_o)[None, :],
            0.0,
            EXACT_O,
        )
        next_acc_b = tl.dot(dot_bf16, d_out, acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        dot = tl.dot(A, tl.trans(X))
        tile_bf16 = tl.where((b_index < size_b)[None, :], dot, 0.0).to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_b = tl.dot(tile_bf16, d_out, acc_b)
        acc_b = next_acc_b
    tl.store(
        d_B_ptr + r_index[:, None] * d_B_stride_r + o_index[None, :] * d_B_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_long_forward_state__kernel(
    X_ptr, A_ptr, state__ptr, X_stride_b, X_stride_i, A_stride_i, A_stride_r, state__stride_b,
    state__stride_r, size_b, size_i, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(16, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(16, BLOCK_R)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_i = tl.full([BLOCK_B, BLOCK_R], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(r_index < 16)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(A), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[None, :] * A_stride_i + r_index[:, None] * A_stride_r,
            mask=(i_index < size_i)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(A), acc_i)
        acc_i = next_acc_i
    tl.store(
        state__ptr + b_index[:, None] * state__stride_b + r_index[None, :] * state__stride_r,
        acc_i,
        mask=(b_index < size_b)[:, None] & (r_index < 16)[None, :],
    )


@triton.jit
def lora_long_forward_out_kernel(
    X_ptr, W_ptr, B_ptr, state__ptr, out_ptr, X_stride_b, X_stride_i, W_stride_i, W_stride_o, B_stride_r,
    B_stride_o, state__stride_b, state__stride_r, out_stride_b, out_stride_o, size_b, size_i, size_o,
    BLOCK_R: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_r = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_r = (16) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[None, :] * B_stride_r + o_index[:, None] * B_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index[:, None] * state__stride_b + r_index[None, :] * state__stride_r,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        next_acc_r = tl.dot(state__bf16, tl.trans(B), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 16, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[None, :] * B_stride_r + o_index[:, None] * B_stride_o,
            mask=(r_index < 16)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index[:, None] * state__stride_b + r_index[None, :] * state__stride_r,
            mask=(b_index < size_b)[:, None] & (r_index < 16)[None, :],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        next_acc_r = tl.dot(state__bf16, tl.trans(B), acc_r)
        acc_r = next_acc_r
    acc_i = tl.full([BLOCK_B, BLOCK_O], 0.0, tl.float32)
    to_i = size_i // BLOCK_I * BLOCK_I
    # whole tiles, no mask needed
    for first_i in tl.range(0, to_i, BLOCK_I):
        i_index = first_i + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + o_index[:, None] * W_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    from_i = tl.maximum(0, to_i)
    # tiles that a mask or the end cuts
    for first_i_2 in tl.range(from_i, size_i, BLOCK_I):
        i_index = first_i_2 + tl.arange(0, BLOCK_I)
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[:, None] * X_stride_b + i_index[None, :] * X_stride_i,
            mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + i_index[None, :] * W_stride_i + o_index[:, None] * W_stride_o,
            mask=(i_index < size_i)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_i = tl.dot(X, tl.trans(W), acc_i)
        acc_i = next_acc_i
    # src[layers.diag:20]
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + o_index[None, :] * out_stride_o,
        (acc_r + acc_i).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_long_backward_buffer_0_kernel(
    W_ptr, d_out_ptr, buffer_0_ptr, W_stride_i, W_stride_o, d_out_stride_b, d_out_stride_o, buffer_0_stride_b,
    buffer_0_stride_i, size_i, size_o, size_b, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr,
    BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_o = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        # src[layers.diag:19]
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + o_index[None, :] * W_stride_o,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        # src[layers.diag:19]
        W = tl.load(
            W_ptr + i_index[:, None] * W_stride_i + o_index[None, :] * W_stride_o,
            mask=(i_index < size_i)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(W), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + i_index[None, :] * buffer_0_stride_i,
        acc_o,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def lora_long_backward_buffer_1_kernel(
    B_ptr, d_out_ptr, buffer_1_ptr, B_stride_r, B_stride_o, d_out_stride_b, d_out_stride_o, buffer_1_stride_b,
    buffer_1_stride_r, size_o, size_b, BLOCK_O: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(16, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(16, BLOCK_R)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_o = tl.full([BLOCK_B, BLOCK_R], 0.0, tl.float32)
    to_o = size_o // BLOCK_O * BLOCK_O
    # whole tiles, no mask needed
    for first_o in tl.range(0, to_o, BLOCK_O):
        o_index = first_o + tl.arange(0, BLOCK_O)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            mask=(r_index < 16)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(B), acc_o)
        acc_o = next_acc_o
    from_o = tl.maximum(0, to_o)
    # tiles that a mask or the end cuts
    for first_o_2 in tl.range(from_o, size_o, BLOCK_O):
        o_index = first_o_2 + tl.arange(0, BLOCK_O)
        # src[layers.diag:19]
        B = tl.load(
            B_ptr + r_index[:, None] * B_stride_r + o_index[None, :] * B_stride_o,
            mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + o_index[None, :] * d_out_stride_o,
            mask=(b_index < size_b)[:, None] & (o_index < size_o)[None, :],
            other=0.0,
        )
        next_acc_o = tl.dot(d_out, tl.trans(B), acc_o)
        acc_o = next_acc_o
    tl.store(
        buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + r_index[None, :] * buffer_1_stride_r,
        acc_o.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (r_index < 16)[None, :],
    )


@triton.jit
def lora_long_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_b, X_stride_i, d_out_stride_b, d_out_stride_o, d_W_stride_i,
    d_W_stride_o, size_b, size_i, size_o, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_O], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(b_index < size_b)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_W_ptr + i_index[:, None] * d_W_stride_i + o_index[None, :] * d_W_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_long_backward_d_B_kernel(
    d_out_ptr, state__ptr, d_B_ptr, d_out_stride_b, d_out_stride_o, state__stride_b, state__stride_r,
    d_B_stride_r, d_B_stride_o, size_b, size_o, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
    BLOCK_O: tl.constexpr,
):
    program = tl.program_id(0)
    first_o = (program % tl.cdiv(size_o, BLOCK_O)) * BLOCK_O
    o_index = first_o + tl.arange(0, BLOCK_O)
    program = program // tl.cdiv(size_o, BLOCK_O)
    first_r = program * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    acc_b = tl.full([BLOCK_R, BLOCK_O], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        state_ = tl.load(
            state__ptr + b_index[None, :] * state__stride_b + r_index[:, None] * state__stride_r,
            mask=(r_index < 16)[:, None],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(state__bf16, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        state_ = tl.load(
            state__ptr + b_index[None, :] * state__stride_b + r_index[:, None] * state__stride_r,
            mask=(b_index < size_b)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index[None, :] * d_out_stride_b + o_index[:, None] * d_out_stride_o,
            mask=(b_index < size_b)[None, :] & (o_index < size_o)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(state__bf16, tl.trans(d_out), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_B_ptr + r_index[:, None] * d_B_stride_r + o_index[None, :] * d_B_stride_o,
        acc_b.to(tl.bfloat16),
        mask=(r_index < 16)[:, None] & (o_index < size_o)[None, :],
    )


@triton.jit
def lora_long_backward_d_X_kernel(
    A_ptr, buffer_0_ptr, buffer_1_ptr, d_X_ptr, A_stride_i, A_stride_r, buffer_0_stride_b, buffer_0_stride_i,
    buffer_1_stride_b, buffer_1_stride_r, d_X_stride_b, d_X_stride_i, size_i, size_b, BLOCK_R: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr,
):
    program = tl.program_id(0)
    first_i = (program % tl.cdiv(size_i, BLOCK_I)) * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    program = program // tl.cdiv(size_i, BLOCK_I)
    first_b = program * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    acc_r = tl.full([BLOCK_B, BLOCK_I], 0.0, tl.float32)
    to_r = (16) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[:, None] * A_stride_i + r_index[None, :] * A_stride_r,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + r_index[None, :] * buffer_1_stride_r,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_1, tl.trans(A), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 16, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[layers.diag:19]
        A = tl.load(
            A_ptr + i_index[:, None] * A_stride_i + r_index[None, :] * A_stride_r,
            mask=(i_index < size_i)[:, None] & (r_index < 16)[None, :],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + r_index[None, :] * buffer_1_stride_r,
            mask=(b_index < size_b)[:, None] & (r_index < 16)[None, :],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_1, tl.trans(A), acc_r)
        acc_r = next_acc_r
    buffer_0 = tl.load(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + i_index[None, :] * buffer_0_stride_i,
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
        other=0.0,
    )
    tl.store(
        d_X_ptr + b_index[:, None] * d_X_stride_b + i_index[None, :] * d_X_stride_i,
        (buffer_0 + acc_r).to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (i_index < size_i)[None, :],
    )


@triton.jit
def lora_long_backward_d_A_kernel(
    X_ptr, buffer_1_ptr, d_A_ptr, X_stride_b, X_stride_i, buffer_1_stride_b, buffer_1_stride_r, d_A_stride_i,
    d_A_stride_r, size_b, size_i, BLOCK_B: tl.constexpr, BLOCK_I: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(16, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(16, BLOCK_R)
    first_i = program * BLOCK_I
    i_index = first_i + tl.arange(0, BLOCK_I)
    acc_b = tl.full([BLOCK_I, BLOCK_R], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + r_index[:, None] * buffer_1_stride_r,
            mask=(r_index < 16)[:, None],
            other=0.0,
        )
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_1), acc_b)
        acc_b = next_acc_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + r_index[:, None] * buffer_1_stride_r,
            mask=(b_index < size_b)[None, :] & (r_index < 16)[:, None],
            other=0.0,
        )
        # src[layers.diag:19]
        X = tl.load(
            X_ptr + b_index[None, :] * X_stride_b + i_index[:, None] * X_stride_i,
            mask=(b_index < size_b)[None, :] & (i_index < size_i)[:, None],
            other=0.0,
        )
        next_acc_b = tl.dot(X, tl.trans(buffer_1), acc_b)
        acc_b = next_acc_b
    tl.store(
        d_A_ptr + i_index[:, None] * d_A_stride_i + r_index[None, :] * d_A_stride_r,
        acc_b.to(tl.bfloat16),
        mask=(i_index < size_i)[:, None] & (r_index < 16)[None, :],
    )


@_operator
def _lora(X: torch.Tensor, W: torch.Tensor, A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_lora(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("A", A, torch.bfloat16, 2, X.device)
    _check("B", B, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_R, warps, stages = 64, 16, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_R, warps, stages = 64, 16, 8, 2
    else:
        BLOCK_B, BLOCK_R, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(b, BLOCK_B),)
    lora_kernel[grid](
        X, W, A, B, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), A.stride(0), A.stride(1),
        B.stride(0), B.stride(1), out.stride(0), out.stride(1), b, i, o, BLOCK_R=BLOCK_R, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _lora_long_buffer_0(X: torch.Tensor, A: torch.Tensor) -> torch.Tensor:
    """_lora_long_buffer_0(X: bf16[b i], A: bf16[i r]) -> buffer_0: bf16[b r]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("A", A, torch.bfloat16, 2, X.device)
    b, i = X.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    buffer_0 = torch.empty((b, 16), dtype=torch.bfloat16, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_B, BLOCK_R, BLOCK_I, warps, stages = 128, 16, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(16, BLOCK_R),)
    lora_long_buffer_0_kernel[grid](
        X, A, buffer_0, X.stride(0), X.stride(1), A.stride(0), A.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), b, i, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _lora_long_out(X: torch.Tensor, W: torch.Tensor, B: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_lora_long_out(X: bf16[b i], W: bf16[i o], B: bf16[r o], buffer_0: bf16[b r]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("B", B, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if buffer_0.shape != (b, 16):
        raise ValueError(f"buffer_0: bf16[b r] has shape {buffer_0.shape}, expected {(b, 16)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_R, BLOCK_I, warps, stages = 128, 128, 16, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    lora_long_out_kernel[grid](
        X, W, B, buffer_0, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), B.stride(0), B.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), out.stride(0), out.stride(1), b, i, o, BLOCK_R=BLOCK_R,
        BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _lora_forward(X: torch.Tensor, W: torch.Tensor, A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_lora_forward(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("A", A, torch.bfloat16, 2, X.device)
    _check("B", B, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_B, BLOCK_R, warps, stages = 64, 16, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_B, BLOCK_R, warps, stages = 64, 16, 8, 2
    else:
        BLOCK_B, BLOCK_R, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(b, BLOCK_B),)
    lora_forward_kernel[grid](
        X, W, A, B, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), A.stride(0), A.stride(1),
        B.stride(0), B.stride(1), out.stride(0), out.stride(1), b, i, o, BLOCK_R=BLOCK_R, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _lora_backward_d_X(
    W: torch.Tensor,
    A: torch.Tensor,
    B: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    """_lora_backward_d_X(W: bf16[i o], A: bf16[i r], B: bf16[r o], d_out: bf16[b o]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("A", A, torch.bfloat16, 2, W.device)
    _check("B", B, torch.bfloat16, 2, W.device)
    _check("d_out", d_out, torch.bfloat16, 2, W.device)
    i, o = W.shape
    b, _ = d_out.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_O = max(16, triton.next_power_of_2(o))
    BLOCK_I = max(16, triton.next_power_of_2(i))
    if max(BLOCK_O, BLOCK_I) > 256:
        raise ValueError(f"o x i = {max(BLOCK_O, BLOCK_I)}: at most 256 elements are held on chip")
    if max(BLOCK_O, BLOCK_I) <= 64:
        BLOCK_B, BLOCK_R, warps, stages = 64, 16, 4, 2
    elif max(BLOCK_O, BLOCK_I) <= 128:
        BLOCK_B, BLOCK_R, warps, stages = 64, 16, 8, 2
    else:
        BLOCK_B, BLOCK_R, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(b, BLOCK_B),)
    lora_backward_d_X_kernel[grid](
        W, A, B, d_out, d_X, W.stride(0), W.stride(1), A.stride(0), A.stride(1), B.stride(0), B.stride(1),
        d_out.stride(0), d_out.stride(1), d_X.stride(0), d_X.stride(1), i, o, b, BLOCK_R=BLOCK_R,
        BLOCK_O=BLOCK_O, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, EXACT_O=o == BLOCK_O, EXACT_I=i == BLOCK_I,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _lora_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_lora_backward_d_W(X: bf16[b i], d_out: bf16[b o]) -> d_W: bf16[i o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = d_out.shape
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_W = torch.empty((i, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_I, BLOCK_O, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(o, BLOCK_O),)
    lora_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1), d_W.stride(0),
        d_W.stride(1), b, i, o, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _lora_backward_d_A(X: torch.Tensor, B: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_lora_backward_d_A(X: bf16[b i], B: bf16[r o], d_out: bf16[b o]) -> d_A: bf16[i r]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("B", B, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = B.shape
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_A = torch.empty((i, 16), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_A):
        return d_A
    BLOCK_O = max(16, triton.next_power_of_2(o))
    BLOCK_I = max(16, triton.next_power_of_2(i))
    if max(BLOCK_O, BLOCK_I) > 256:
        raise ValueError(f"o x i = {max(BLOCK_O, BLOCK_I)}: at most 256 elements are held on chip")
    if max(BLOCK_O, BLOCK_I) <= 64:
        BLOCK_R, BLOCK_B, warps, stages = 16, 64, 4, 2
    elif max(BLOCK_O, BLOCK_I) <= 128:
        BLOCK_R, BLOCK_B, warps, stages = 16, 64, 8, 2
    else:
        BLOCK_R, BLOCK_B, warps, stages = 16, 16, 8, 2
    grid = (triton.cdiv(16, BLOCK_R),)
    lora_backward_d_A_kernel[grid](
        X, B, d_out, d_A, X.stride(0), X.stride(1), B.stride(0), B.stride(1), d_out.stride(0),
        d_out.stride(1), d_A.stride(0), d_A.stride(1), b, i, o, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O,
        BLOCK_I=BLOCK_I, BLOCK_R=BLOCK_R, EXACT_O=o == BLOCK_O, EXACT_I=i == BLOCK_I, num_warps=warps,
        num_stages=stages,
    )
    return d_A


@_operator
def _lora_backward_d_B(X: torch.Tensor, A: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_lora_backward_d_B(X: bf16[b i], A: bf16[i r], d_out: bf16[b o]) -> d_B: bf16[r o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("A", A, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = d_out.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_B = torch.empty((16, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_B):
        return d_B
    BLOCK_I = max(16, triton.next_power_of_2(i))
    BLOCK_O = max(16, triton.next_power_of_2(o))
    if max(BLOCK_I, BLOCK_O) > 256:
        raise ValueError(f"i x o = {max(BLOCK_I, BLOCK_O)}: at most 256 elements are held on chip")
    if max(BLOCK_I, BLOCK_O) <= 64:
        BLOCK_R, BLOCK_B, warps, stages = 16, 64, 4, 2
    elif max(BLOCK_I, BLOCK_O) <= 128:
        BLOCK_R, BLOCK_B, warps, stages = 16, 64, 8, 2
    else:
        BLOCK_R, BLOCK_B, warps, stages = 16, 16, 8, 2
    grid = (triton.cdiv(16, BLOCK_R),)
    lora_backward_d_B_kernel[grid](
        X, A, d_out, d_B, X.stride(0), X.stride(1), A.stride(0), A.stride(1), d_out.stride(0),
        d_out.stride(1), d_B.stride(0), d_B.stride(1), b, i, o, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I,
        BLOCK_O=BLOCK_O, BLOCK_R=BLOCK_R, EXACT_I=i == BLOCK_I, EXACT_O=o == BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_B


@_operator
def _lora_long_forward_state_(X: torch.Tensor, A: torch.Tensor) -> torch.Tensor:
    """_lora_long_forward_state_(X: bf16[b i], A: bf16[i r]) -> state_: f32[b r]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("A", A, torch.bfloat16, 2, X.device)
    b, i = X.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    state_ = torch.empty((b, 16), dtype=torch.float32, device=X.device)
    if _is_traced(state_):
        return state_
    BLOCK_B, BLOCK_R, BLOCK_I, warps, stages = 128, 16, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(16, BLOCK_R),)
    lora_long_forward_state__kernel[grid](
        X, A, state_, X.stride(0), X.stride(1), A.stride(0), A.stride(1), state_.stride(0), state_.stride(1),
        b, i, BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps, num_stages=stages,
    )
    return state_


@_operator
def _lora_long_forward_out(
    X: torch.Tensor,
    W: torch.Tensor,
    B: torch.Tensor,
    state_: torch.Tensor,
) -> torch.Tensor:
    """_lora_long_forward_out(X: bf16[b i], W: bf16[i o], B: bf16[r o], state_: f32[b r]) -> out: bf16[b o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("B", B, torch.bfloat16, 2, X.device)
    _check("state_", state_, torch.float32, 2, X.device)
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if state_.shape != (b, 16):
        raise ValueError(f"state_: f32[b r] has shape {state_.shape}, expected {(b, 16)}")
    out = torch.empty((b, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_O, BLOCK_R, BLOCK_I, warps, stages = 128, 128, 16, 64, 8, 1
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(o, BLOCK_O),)
    lora_long_forward_out_kernel[grid](
        X, W, B, state_, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), B.stride(0), B.stride(1),
        state_.stride(0), state_.stride(1), out.stride(0), out.stride(1), b, i, o, BLOCK_R=BLOCK_R,
        BLOCK_I=BLOCK_I, BLOCK_B=BLOCK_B, BLOCK_O=BLOCK_O, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _lora_long_backward_buffer_0(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_lora_long_backward_buffer_0(W: bf16[i o], d_out: bf16[b o]) -> buffer_0: f32[b i]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("d_out", d_out, torch.bfloat16, 2, W.device)
    i, o = W.shape
    b, _ = d_out.shape
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    buffer_0 = torch.empty((b, i), dtype=torch.float32, device=W.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_B, BLOCK_I, BLOCK_O, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(i, BLOCK_I),)
    lora_long_backward_buffer_0_kernel[grid](
        W, d_out, buffer_0, W.stride(0), W.stride(1), d_out.stride(0), d_out.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), i, o, b, BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _lora_long_backward_buffer_1(B: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_lora_long_backward_buffer_1(B: bf16[r o], d_out: bf16[b o]) -> buffer_1: bf16[b r]. Any strides; sizes are read off the shapes."""
    _check("B", B, torch.bfloat16, 2, B.device)
    _check("d_out", d_out, torch.bfloat16, 2, B.device)
    _, o = B.shape
    b, _ = d_out.shape
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    buffer_1 = torch.empty((b, 16), dtype=torch.bfloat16, device=B.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_B, BLOCK_R, BLOCK_O, warps, stages = 128, 16, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(16, BLOCK_R),)
    lora_long_backward_buffer_1_kernel[grid](
        B, d_out, buffer_1, B.stride(0), B.stride(1), d_out.stride(0), d_out.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), o, b, BLOCK_O=BLOCK_O, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _lora_long_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_lora_long_backward_d_W(X: bf16[b i], d_out: bf16[b o]) -> d_W: bf16[i o]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    b, i = X.shape
    _, o = d_out.shape
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    d_W = torch.empty((i, o), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_I, BLOCK_O, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(o, BLOCK_O),)
    lora_long_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1), d_W.stride(0),
        d_W.stride(1), b, i, o, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_O=BLOCK_O, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _lora_long_backward_d_B(d_out: torch.Tensor, state_: torch.Tensor) -> torch.Tensor:
    """_lora_long_backward_d_B(d_out: bf16[b o], state_: f32[b r]) -> d_B: bf16[r o]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("state_", state_, torch.float32, 2, d_out.device)
    b, o = d_out.shape
    if state_.shape != (b, 16):
        raise ValueError(f"state_: f32[b r] has shape {state_.shape}, expected {(b, 16)}")
    d_B = torch.empty((16, o), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_B):
        return d_B
    BLOCK_R, BLOCK_O, BLOCK_B, warps, stages = 16, 128, 64, 8, 1
    grid = (triton.cdiv(16, BLOCK_R) * triton.cdiv(o, BLOCK_O),)
    lora_long_backward_d_B_kernel[grid](
        d_out, state_, d_B, d_out.stride(0), d_out.stride(1), state_.stride(0), state_.stride(1),
        d_B.stride(0), d_B.stride(1), b, o, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, BLOCK_O=BLOCK_O,
        num_warps=warps, num_stages=stages,
    )
    return d_B


@_operator
def _lora_long_backward_d_X(A: torch.Tensor, buffer_0: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_lora_long_backward_d_X(A: bf16[i r], buffer_0: f32[b i], buffer_1: bf16[b r]) -> d_X: bf16[b i]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("buffer_0", buffer_0, torch.float32, 2, A.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, A.device)
    i, _ = A.shape
    b, _ = buffer_0.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if buffer_0.shape != (b, i):
        raise ValueError(f"buffer_0: f32[b i] has shape {buffer_0.shape}, expected {(b, i)}")
    if buffer_1.shape != (b, 16):
        raise ValueError(f"buffer_1: bf16[b r] has shape {buffer_1.shape}, expected {(b, 16)}")
    d_X = torch.empty((b, i), dtype=torch.bfloat16, device=A.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_B, BLOCK_I, BLOCK_R, warps, stages = 128, 128, 16, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * triton.cdiv(i, BLOCK_I),)
    lora_long_backward_d_X_kernel[grid](
        A, buffer_0, buffer_1, d_X, A.stride(0), A.stride(1), buffer_0.stride(0), buffer_0.stride(1),
        buffer_1.stride(0), buffer_1.stride(1), d_X.stride(0), d_X.stride(1), i, b, BLOCK_R=BLOCK_R,
        BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _lora_long_backward_d_A(X: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_lora_long_backward_d_A(X: bf16[b i], buffer_1: bf16[b r]) -> d_A: bf16[i r]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, X.device)
    b, i = X.shape
    if buffer_1.shape != (b, 16):
        raise ValueError(f"buffer_1: bf16[b r] has shape {buffer_1.shape}, expected {(b, 16)}")
    d_A = torch.empty((i, 16), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_A):
        return d_A
    BLOCK_I, BLOCK_R, BLOCK_B, warps, stages = 128, 16, 64, 8, 3
    grid = (triton.cdiv(i, BLOCK_I) * triton.cdiv(16, BLOCK_R),)
    lora_long_backward_d_A_kernel[grid](
        X, buffer_1, d_A, X.stride(0), X.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_A.stride(0),
        d_A.stride(1), b, i, BLOCK_B=BLOCK_B, BLOCK_I=BLOCK_I, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return d_A


class _lora_autograd(torch.autograd.Function):
    """lora and its derivative."""

    @staticmethod
    def forward(ctx, X, W, A, B):
        out = _lora_forward(X, W, A, B)
        ctx.save_for_backward(X, W, A, B)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, A, B = ctx.saved_tensors
        d_X = _lora_backward_d_X(W, A, B, d_out)
        d_W = _lora_backward_d_W(X, d_out)
        d_A = _lora_backward_d_A(X, B, d_out)
        d_B = _lora_backward_d_B(X, A, d_out)
        return d_X, d_W, d_A, d_B


class _lora_long_autograd(torch.autograd.Function):
    """lora and its derivative."""

    @staticmethod
    def forward(ctx, X, W, A, B):
        state_ = _lora_long_forward_state_(X, A)
        out = _lora_long_forward_out(X, W, B, state_)
        ctx.save_for_backward(X, W, A, B, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, A, B, state_ = ctx.saved_tensors
        buffer_0 = _lora_long_backward_buffer_0(W, d_out)
        buffer_1 = _lora_long_backward_buffer_1(B, d_out)
        d_W = _lora_long_backward_d_W(X, d_out)
        d_B = _lora_long_backward_d_B(d_out, state_)
        d_X = _lora_long_backward_d_X(A, buffer_0, buffer_1)
        d_A = _lora_long_backward_d_A(X, buffer_1)
        return d_X, d_W, d_A, d_B


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16)
def lora(X: torch.Tensor, W: torch.Tensor, A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """lora(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> out: bf16[b o]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, A, B)):
        if max(i, o) <= 256 and max(o, i) <= 256 and max(i, o) <= 256:
            return _lora_autograd.apply(X, W, A, B)
        return _lora_long_autograd.apply(X, W, A, B)
    if max(i, o) <= 256:
        out = _lora(X, W, A, B)
        return out
    buffer_0 = _lora_long_buffer_0(X, A)
    out_2 = _lora_long_out(X, W, B, buffer_0)
    return out_2
