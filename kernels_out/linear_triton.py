"""Fused kernels for one_head, linear_attention, retention, ssd, gated_delta.

Made by diagc 0.1.0 from linear.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["one_head", "linear_attention", "retention", "ssd", "gated_delta"]


@triton.jit
def softplus(x):
    """log(1 + exp(x)) without overflow."""
    e = tl.exp(-tl.abs(x))
    u = 1.0 + e
    return tl.maximum(x, 0.0) + tl.where(u == 1.0, e, tl.log(u) * (e / (u - 1.0)))


@triton.jit
def sign(x):
    """-1, 0 or 1."""
    return tl.where(x > 0, 1.0, tl.where(x < 0, -1.0, 0.0))


@triton.jit
def product(a, b):
    return a * b


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of linear_jax.py do, on NumPy arrays")
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
    """A function of linear_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by linear_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("linear_jax.py")
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
    """A function that on a CPU is that of linear_jax.py; `params` are the places of what it takes as parameters."""

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
def one_head_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_t, Q_stride_d, K_stride_t, K_stride_d, V_stride_t, V_stride_e,
    out_stride_t, out_stride_e, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = program * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def one_head_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_t, Q_stride_d, K_stride_t, K_stride_d, V_stride_t, V_stride_e,
    out_stride_t, out_stride_e, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = program * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def one_head_backward_buffer_0_kernel(
    Q_ptr, d_out_ptr, buffer_0_ptr, Q_stride_t, Q_stride_d, d_out_stride_t, d_out_stride_e, buffer_0_stride_t,
    buffer_0_stride_d, buffer_0_stride_e, size_t, size_d, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = program.to(tl.int64)
    state = tl.full([BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    for t_index in tl.range(0, size_t):
        Q = tl.load(Q_ptr + (-1 * t_index + (-1 + size_t)) * Q_stride_t + d_index * Q_stride_d)
        d_out = tl.load(
            d_out_ptr + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
        add_e = state + (scalar * d_out.to(tl.float32))
        tl.store(
            buffer_0_ptr + t_index * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
            add_e,
            mask=(e_index < size_e),
        )
        state = add_e


@triton.jit
def one_head_backward_d_Q_kernel(
    K_ptr, V_ptr, d_out_ptr, d_Q_ptr, K_stride_t, K_stride_d, V_stride_t, V_stride_e, d_out_stride_t,
    d_out_stride_e, d_Q_stride_t, d_Q_stride_d, size_t, size_d, size_e, BLOCK_T: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = program * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    state = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        K = tl.load(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        V = load_tile(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        d_out = load_tile(
            d_out_ptr + t_index[:, None] * d_out_stride_t + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_out, tl.trans(V))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, K)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(d_out, state_bf16)
        tl.store(
            d_Q_ptr + t_index[:, None] * d_Q_stride_t + d_index[None, :] * d_Q_stride_d,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(d_index < size_d)[None, :],
        )
        dot_4 = tl.dot(tl.trans(V), K)
        add_e_d = state + dot_4
        state = add_e_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        K = tl.load(
            K_ptr + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        V = tl.load(
            V_ptr + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + t_index[:, None] * d_out_stride_t + e_index[None, :] * d_out_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, K)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(d_out, state_bf16)
        tl.store(
            d_Q_ptr + t_index[:, None] * d_Q_stride_t + d_index[None, :] * d_Q_stride_d,
            ((dot_3 + dot_2) * rsqrt).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def one_head_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_t, buffer_0_stride_d, buffer_0_stride_e, buffer_1_stride_t,
    buffer_1_stride_d, buffer_1_stride_e, size_t, size_d, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    t_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + t_index * buffer_1_stride_t + d_index * buffer_1_stride_d + e_index * buffer_1_stride_e,
        buffer_0,
        mask=(e_index < size_e),
    )


@triton.jit
def one_head_backward_d_K_rows_kernel(
    Q_ptr, V_ptr, d_out_ptr, buffer_1_ptr, d_K_ptr, Q_stride_t, Q_stride_d, V_stride_t, V_stride_e,
    d_out_stride_t, d_out_stride_e, buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, d_K_stride_t,
    d_K_stride_d, size_t, size_d, size_e, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    # src[linear.diag:6]
    V = load_tile(V_ptr + t_index * V_stride_t + e_index * V_stride_e, (e_index < size_e), 0.0, EXACT_E)
    d_out = load_tile(
        d_out_ptr + t_index * d_out_stride_t + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    # src[linear.diag:8]
    # src[linear.diag:6]
    Q = tl.load(Q_ptr + t_index * Q_stride_t + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    tile = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
    buffer_1 = tl.load(
        buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    add_d_e = buffer_1 + (tile[:, None] * d_out.to(tl.float32)[None, :])
    mul_d_e = add_d_e * V.to(tl.float32)[None, :]
    sum_ = tl.sum(mul_d_e, 1)
    tl.store(
        d_K_ptr + t_index * d_K_stride_t + d_index * d_K_stride_d,
        sum_.to(tl.bfloat16),
        mask=(d_index < size_d),
    )


@triton.jit
def one_head_backward_d_K_kernel(
    Q_ptr, V_ptr, d_out_ptr, buffer_1_ptr, d_K_ptr, Q_stride_t, Q_stride_d, V_stride_t, V_stride_e,
    d_out_stride_t, d_out_stride_e, buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, d_K_stride_t,
    d_K_stride_d, size_t, size_d, size_e, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[linear.diag:6]
    Q = tl.load(Q_ptr + t_index * Q_stride_t + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        V = tl.load(V_ptr + t_index * V_stride_t + e_index * V_stride_e)
        d_out = tl.load(d_out_ptr + t_index * d_out_stride_t + e_index * d_out_stride_e)
        mul_d_e = (rsqrt * Q.to(tl.float32))[:, None] * d_out.to(tl.float32)[None, :]
        buffer_1 = tl.load(
            buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
            mask=(d_index < size_d)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        mul_d_e_2 = (buffer_1 + mul_d_e) * V.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_d_e_2, 1)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[linear.diag:6]
        V = tl.load(V_ptr + t_index * V_stride_t + e_index * V_stride_e, mask=(e_index < size_e), other=0.0)
        d_out = tl.load(
            d_out_ptr + t_index * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_d_e = (rsqrt * Q.to(tl.float32))[:, None] * d_out.to(tl.float32)[None, :]
        buffer_1 = tl.load(
            buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        mul_d_e_2 = (buffer_1 + mul_d_e) * V.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_d_e_2, 1)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        d_K_ptr + t_index * d_K_stride_t + d_index * d_K_stride_d,
        acc_e.to(tl.bfloat16),
        mask=(d_index < size_d),
    )


@triton.jit
def one_head_backward_d_V_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, buffer_1_ptr, d_V_ptr, Q_stride_t, Q_stride_d, K_stride_t, K_stride_d,
    d_out_stride_t, d_out_stride_e, buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, d_V_stride_t,
    d_V_stride_e, size_t, size_d, size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = tl.load(
        d_out_ptr + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[linear.diag:8]
    # src[linear.diag:6]
    Q = load_tile(Q_ptr + t_index * Q_stride_t + d_index * Q_stride_d, (d_index < size_d), 0.0, EXACT_D)
    tile = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
    buffer_1 = tl.load(
        buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
        mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    add_e_d = buffer_1 + (tile[None, :] * d_out.to(tl.float32)[:, None])
    K = load_tile(K_ptr + t_index * K_stride_t + d_index * K_stride_d, (d_index < size_d), 0.0, EXACT_D)
    mul_e_d = K.to(tl.float32)[None, :] * add_e_d
    sum_ = tl.sum(mul_e_d, 1)
    tl.store(
        d_V_ptr + t_index * d_V_stride_t + e_index * d_V_stride_e,
        sum_.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@triton.jit
def one_head_backward_d_V_kernel(
    Q_ptr, K_ptr, d_out_ptr, buffer_1_ptr, d_V_ptr, Q_stride_t, Q_stride_d, K_stride_t, K_stride_d,
    d_out_stride_t, d_out_stride_e, buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, d_V_stride_t,
    d_V_stride_e, size_t, size_d, size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_E], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[linear.diag:6]
        Q = tl.load(Q_ptr + t_index * Q_stride_t + d_index * Q_stride_d)
        mul_e_d = (rsqrt * Q.to(tl.float32))[None, :] * d_out.to(tl.float32)[:, None]
        buffer_1 = tl.load(
            buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
            mask=(e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        K = tl.load(K_ptr + t_index * K_stride_t + d_index * K_stride_d)
        mul_e_d_2 = K.to(tl.float32)[None, :] * (buffer_1 + mul_e_d)
        tile_sum = tl.sum(mul_e_d_2, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[linear.diag:6]
        Q = tl.load(Q_ptr + t_index * Q_stride_t + d_index * Q_stride_d, mask=(d_index < size_d), other=0.0)
        mul_e_d = (rsqrt * Q.to(tl.float32))[None, :] * d_out.to(tl.float32)[:, None]
        buffer_1 = tl.load(
            buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
            mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        K = tl.load(K_ptr + t_index * K_stride_t + d_index * K_stride_d, mask=(d_index < size_d), other=0.0)
        mul_e_d_2 = K.to(tl.float32)[None, :] * (buffer_1 + mul_e_d)
        tile_sum = tl.sum(mul_e_d_2, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        d_V_ptr + t_index * d_V_stride_t + e_index * d_V_stride_e,
        acc_d.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@_operator
def _one_head(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> out: bf16[t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    out = torch.empty((t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(e, BLOCK_E),)
    one_head_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _one_head_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_one_head_forward(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> out: bf16[t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    out = torch.empty((t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(e, BLOCK_E),)
    one_head_forward_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _one_head_backward_buffer_0(Q: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_one_head_backward_buffer_0(Q: bf16[t d], d_out: bf16[t e]) -> buffer_0: f32[t d e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    t, d = Q.shape
    _, e = d_out.shape
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    buffer_0 = torch.empty((t, d, e), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (d * triton.cdiv(e, BLOCK_E),)
    one_head_backward_buffer_0_kernel[grid](
        Q, d_out, buffer_0, Q.stride(0), Q.stride(1), d_out.stride(0), d_out.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), t, d, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _one_head_backward_d_Q(K: torch.Tensor, V: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_one_head_backward_d_Q(K: bf16[t d], V: bf16[t e], d_out: bf16[t e]) -> d_Q: bf16[t d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("V", V, torch.bfloat16, 2, K.device)
    _check("d_out", d_out, torch.bfloat16, 2, K.device)
    t, d = K.shape
    _, e = V.shape
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    d_Q = torch.empty((t, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E > 256:
        raise ValueError(f"e = {BLOCK_E}: at most 256 elements are held on chip")
    if BLOCK_E <= 64:
        BLOCK_D, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_E <= 128:
        BLOCK_D, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_D, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(d, BLOCK_D),)
    one_head_backward_d_Q_kernel[grid](
        K, V, d_out, d_Q, K.stride(0), K.stride(1), V.stride(0), V.stride(1), d_out.stride(0),
        d_out.stride(1), d_Q.stride(0), d_Q.stride(1), t, d, e, BLOCK_T=BLOCK_T, BLOCK_E=BLOCK_E,
        BLOCK_D=BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _one_head_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_one_head_backward_buffer_1(buffer_0: f32[t d e]) -> buffer_1: f32[t d e]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 3, buffer_0.device)
    t, d, e = buffer_0.shape
    buffer_1 = torch.empty((t, d, e), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (t * d * triton.cdiv(e, BLOCK_E),)
    one_head_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), t, d, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _one_head_backward_d_K(
    Q: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_one_head_backward_d_K(Q: bf16[t d], V: bf16[t e], d_out: bf16[t e], buffer_1: f32[t d e]) -> d_K: bf16[t d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 3, Q.device)
    t, d = Q.shape
    _, e = V.shape
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    if buffer_1.shape != (t, d, e):
        raise ValueError(f"buffer_1: f32[t d e] has shape {buffer_1.shape}, expected {(t, d, e)}")
    d_K = torch.empty((t, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 1024:
        if BLOCK_E <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_E <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_E <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (t * triton.cdiv(d, BLOCK_D),)
        one_head_backward_d_K_rows_kernel[grid](
            Q, V, d_out, buffer_1, d_K, Q.stride(0), Q.stride(1), V.stride(0), V.stride(1), d_out.stride(0),
            d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), d_K.stride(0),
            d_K.stride(1), t, d, e, BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return d_K
    BLOCK_E, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (t * triton.cdiv(d, BLOCK_D),)
    one_head_backward_d_K_kernel[grid](
        Q, V, d_out, buffer_1, d_K, Q.stride(0), Q.stride(1), V.stride(0), V.stride(1), d_out.stride(0),
        d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), d_K.stride(0),
        d_K.stride(1), t, d, e, BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _one_head_backward_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_one_head_backward_d_V(Q: bf16[t d], K: bf16[t d], d_out: bf16[t e], buffer_1: f32[t d e]) -> d_V: bf16[t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 3, Q.device)
    t, d = Q.shape
    _, e = d_out.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    if buffer_1.shape != (t, d, e):
        raise ValueError(f"buffer_1: f32[t d e] has shape {buffer_1.shape}, expected {(t, d, e)}")
    d_V = torch.empty((t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_E, warps, stages = 256, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (t * triton.cdiv(e, BLOCK_E),)
        one_head_backward_d_V_rows_kernel[grid](
            Q, K, d_out, buffer_1, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
            d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), d_V.stride(0),
            d_V.stride(1), t, d, e, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return d_V
    BLOCK_D, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (t * triton.cdiv(e, BLOCK_E),)
    one_head_backward_d_V_kernel[grid](
        Q, K, d_out, buffer_1, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), d_V.stride(0),
        d_V.stride(1), t, d, e, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


class _one_head_autograd(torch.autograd.Function):
    """one_head and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out = _one_head_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V = ctx.saved_tensors
        buffer_0 = _one_head_backward_buffer_0(Q, d_out)
        d_Q = _one_head_backward_d_Q(K, V, d_out)
        buffer_1 = _one_head_backward_buffer_1(buffer_0)
        d_K = _one_head_backward_d_K(Q, V, d_out, buffer_1)
        d_V = _one_head_backward_d_V(Q, K, d_out, buffer_1)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def one_head(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> out: bf16[t e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and e <= 256:
            return _one_head_autograd.apply(Q, K, V)
        raise ValueError("one_head: gradients are made for sizes whose tiles are held on chip")
    out = _one_head(Q, K, V)
    return out


@triton.jit
def linear_attention_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_t, K_stride_d, V_stride_b, V_stride_h, V_stride_t, V_stride_e, out_stride_b, out_stride_h,
    out_stride_t, out_stride_e, size_b, size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def linear_attention_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_t, K_stride_d, V_stride_b, V_stride_h, V_stride_t, V_stride_e, out_stride_b, out_stride_h,
    out_stride_t, out_stride_e, size_b, size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:6]
        Q = load_tile(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        dot_4 = tl.dot(tl.trans(K), V)
        add_d_e = state + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        tl.store(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def linear_attention_backward_buffer_0_kernel(
    Q_ptr, d_out_ptr, buffer_0_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d, d_out_stride_b,
    d_out_stride_h, d_out_stride_t, d_out_stride_e, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_t,
    buffer_0_stride_d, buffer_0_stride_e, size_b, size_h, size_t, size_d, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:8]
    for t_index in tl.range(0, size_t):
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + (-1 * t_index + (-1 + size_t)) * Q_stride_t + d_index * Q_stride_d,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
        add_e = state + (scalar * d_out.to(tl.float32))
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
            add_e,
            mask=(e_index < size_e),
        )
        state = add_e


@triton.jit
def linear_attention_backward_d_Q_kernel(
    K_ptr, V_ptr, d_out_ptr, d_Q_ptr, K_stride_b, K_stride_h, K_stride_t, K_stride_d, V_stride_b, V_stride_h,
    V_stride_t, V_stride_e, d_out_stride_b, d_out_stride_h, d_out_stride_t, d_out_stride_e, d_Q_stride_b,
    d_Q_stride_h, d_Q_stride_t, d_Q_stride_d, size_b, size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    state = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        V = load_tile(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        d_out = load_tile(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index[:, None] * d_out_stride_t + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_out, tl.trans(V))
        where_t_t = tl.where(t_index[None, :] <= t_index[:, None], dot, 0.0)
        tile_bf16 = where_t_t.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, K)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(d_out, state_bf16)
        tl.store(
            d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + t_index[:, None] * d_Q_stride_t + d_index[None, :] * d_Q_stride_d,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(d_index < size_d)[None, :],
        )
        dot_4 = tl.dot(tl.trans(V), K)
        add_e_d = state + dot_4
        state = add_e_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index[:, None] * d_out_stride_t + e_index[None, :] * d_out_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, K)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(d_out, state_bf16)
        tl.store(
            d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + t_index[:, None] * d_Q_stride_t + d_index[None, :] * d_Q_stride_d,
            (rsqrt * (dot_3 + dot_2)).to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def linear_attention_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_t, buffer_0_stride_d,
    buffer_0_stride_e, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, size_b, size_h, size_t, size_d, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + t_index * buffer_1_stride_t + d_index * buffer_1_stride_d + e_index * buffer_1_stride_e,
        buffer_0,
        mask=(e_index < size_e),
    )


@triton.jit
def linear_attention_backward_d_K_rows_kernel(
    Q_ptr, V_ptr, d_out_ptr, buffer_1_ptr, d_K_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d,
    V_stride_b, V_stride_h, V_stride_t, V_stride_e, d_out_stride_b, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, d_K_stride_b, d_K_stride_h, d_K_stride_t, d_K_stride_d, size_b, size_h, size_t, size_d,
    size_e, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    d_out = load_tile(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    # src[linear.diag:6]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    # src[linear.diag:8]
    # src[linear.diag:6]
    tile = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
    add_d_e = (tile[:, None] * d_out.to(tl.float32)[None, :]) + buffer_1
    V = load_tile(
        V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_d_e = V.to(tl.float32)[None, :] * add_d_e
    sum_ = tl.sum(mul_d_e, 1)
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + h_index * d_K_stride_h + t_index * d_K_stride_t + d_index * d_K_stride_d,
        sum_.to(tl.bfloat16),
        mask=(d_index < size_d),
    )


@triton.jit
def linear_attention_backward_d_K_kernel(
    Q_ptr, V_ptr, d_out_ptr, buffer_1_ptr, d_K_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d,
    V_stride_b, V_stride_h, V_stride_t, V_stride_e, d_out_stride_b, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, d_K_stride_b, d_K_stride_h, d_K_stride_t, d_K_stride_d, size_b, size_h, size_t, size_d,
    size_e, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[linear.diag:6]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
            mask=(d_index < size_d)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        )
        # src[linear.diag:6]
        mul_d_e = (rsqrt * Q.to(tl.float32))[:, None] * d_out.to(tl.float32)[None, :]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
        )
        mul_d_e_2 = V.to(tl.float32)[None, :] * (mul_d_e + buffer_1)
        tile_sum = tl.sum(mul_d_e_2, 1)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        # src[linear.diag:6]
        mul_d_e = (rsqrt * Q.to(tl.float32))[:, None] * d_out.to(tl.float32)[None, :]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_d_e_2 = V.to(tl.float32)[None, :] * (mul_d_e + buffer_1)
        tile_sum = tl.sum(mul_d_e_2, 1)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + h_index * d_K_stride_h + t_index * d_K_stride_t + d_index * d_K_stride_d,
        acc_e.to(tl.bfloat16),
        mask=(d_index < size_d),
    )


@triton.jit
def linear_attention_backward_d_V_rows_kernel(
    Q_ptr, K_ptr, d_out_ptr, buffer_1_ptr, d_V_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_b, K_stride_h, K_stride_t, K_stride_d, d_out_stride_b, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, d_V_stride_b, d_V_stride_h, d_V_stride_t, d_V_stride_e, size_b, size_h, size_t, size_d,
    size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
        mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[linear.diag:6]
    Q = load_tile(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    # src[linear.diag:8]
    # src[linear.diag:6]
    tile = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
    add_e_d = (tile[None, :] * d_out.to(tl.float32)[:, None]) + buffer_1
    K = load_tile(
        K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_e_d = K.to(tl.float32)[None, :] * add_e_d
    sum_ = tl.sum(mul_e_d, 1)
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + h_index * d_V_stride_h + t_index * d_V_stride_t + e_index * d_V_stride_e,
        sum_.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@triton.jit
def linear_attention_backward_d_V_kernel(
    Q_ptr, K_ptr, d_out_ptr, buffer_1_ptr, d_V_ptr, Q_stride_b, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_b, K_stride_h, K_stride_t, K_stride_d, d_out_stride_b, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, d_V_stride_b, d_V_stride_h, d_V_stride_t, d_V_stride_e, size_b, size_h, size_t, size_d,
    size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_E], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[linear.diag:8]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
            mask=(e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
        )
        mul_e_d = (rsqrt * Q.to(tl.float32))[None, :] * d_out.to(tl.float32)[:, None]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        )
        mul_e_d_2 = K.to(tl.float32)[None, :] * (mul_e_d + buffer_1)
        tile_sum = tl.sum(mul_e_d_2, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
            mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        # src[linear.diag:6]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_e_d = (rsqrt * Q.to(tl.float32))[None, :] * d_out.to(tl.float32)[:, None]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_e_d_2 = K.to(tl.float32)[None, :] * (mul_e_d + buffer_1)
        tile_sum = tl.sum(mul_e_d_2, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + h_index * d_V_stride_h + t_index * d_V_stride_t + e_index * d_V_stride_e,
        acc_d.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@_operator
def _linear_attention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> out: bf16[b h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    out = torch.empty((b, h, t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (b * h * triton.cdiv(e, BLOCK_E),)
    linear_attention_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), b, h, t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _linear_attention_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_linear_attention_forward(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> out: bf16[b h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    out = torch.empty((b, h, t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (b * h * triton.cdiv(e, BLOCK_E),)
    linear_attention_forward_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), b, h, t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _linear_attention_backward_buffer_0(Q: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_linear_attention_backward_buffer_0(Q: bf16[b h t d], d_out: bf16[b h t e]) -> buffer_0: f32[b h t d e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = d_out.shape
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    buffer_0 = torch.empty((b, h, t, d, e), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (b * h * d * triton.cdiv(e, BLOCK_E),)
    linear_attention_backward_buffer_0_kernel[grid](
        Q, d_out, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), b, h, t, d, e, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _linear_attention_backward_d_Q(K: torch.Tensor, V: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_linear_attention_backward_d_Q(K: bf16[b h t d], V: bf16[b h t e], d_out: bf16[b h t e]) -> d_Q: bf16[b h t d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 4, K.device)
    _check("V", V, torch.bfloat16, 4, K.device)
    _check("d_out", d_out, torch.bfloat16, 4, K.device)
    b, h, t, d = K.shape
    _, _, _, e = V.shape
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    d_Q = torch.empty((b, h, t, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E > 256:
        raise ValueError(f"e = {BLOCK_E}: at most 256 elements are held on chip")
    if BLOCK_E <= 64:
        BLOCK_D, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_E <= 128:
        BLOCK_D, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_D, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (b * h * triton.cdiv(d, BLOCK_D),)
    linear_attention_backward_d_Q_kernel[grid](
        K, V, d_out, d_Q, K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), b, h, t, d, e, BLOCK_T=BLOCK_T,
        BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _linear_attention_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_linear_attention_backward_buffer_1(buffer_0: f32[b h t d e]) -> buffer_1: f32[b h t d e]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 5, buffer_0.device)
    b, h, t, d, e = buffer_0.shape
    buffer_1 = torch.empty((b, h, t, d, e), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (b * h * t * d * triton.cdiv(e, BLOCK_E),)
    linear_attention_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_0.stride(4), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_1.stride(4), b, h, t, d, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _linear_attention_backward_d_K(
    Q: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_linear_attention_backward_d_K(Q: bf16[b h t d], V: bf16[b h t e], d_out: bf16[b h t e], buffer_1: f32[b h t d e]) -> d_K: bf16[b h t d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 5, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    if buffer_1.shape != (b, h, t, d, e):
        raise ValueError(f"buffer_1: f32[b h t d e] has shape {buffer_1.shape}, expected {(b, h, t, d, e)}")
    d_K = torch.empty((b, h, t, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 1024:
        if BLOCK_E <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_E <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_E <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (b * h * t * triton.cdiv(d, BLOCK_D),)
        linear_attention_backward_d_K_rows_kernel[grid](
            Q, V, d_out, buffer_1, d_K, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), V.stride(0),
            V.stride(1), V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
            d_out.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
            buffer_1.stride(4), d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), b, h, t, d, e,
            BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return d_K
    BLOCK_E, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * h * t * triton.cdiv(d, BLOCK_D),)
    linear_attention_backward_d_K_kernel[grid](
        Q, V, d_out, buffer_1, d_K, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), V.stride(0),
        V.stride(1), V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_1.stride(4), d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), b, h, t, d, e,
        BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _linear_attention_backward_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_linear_attention_backward_d_V(Q: bf16[b h t d], K: bf16[b h t d], d_out: bf16[b h t e], buffer_1: f32[b h t d e]) -> d_V: bf16[b h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 5, Q.device)
    b, h, t, d = Q.shape
    _, _, _, e = d_out.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    if buffer_1.shape != (b, h, t, d, e):
        raise ValueError(f"buffer_1: f32[b h t d e] has shape {buffer_1.shape}, expected {(b, h, t, d, e)}")
    d_V = torch.empty((b, h, t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_E, warps, stages = 256, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (b * h * t * triton.cdiv(e, BLOCK_E),)
        linear_attention_backward_d_V_rows_kernel[grid](
            Q, K, d_out, buffer_1, d_V, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0),
            K.stride(1), K.stride(2), K.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
            d_out.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
            buffer_1.stride(4), d_V.stride(0), d_V.stride(1), d_V.stride(2), d_V.stride(3), b, h, t, d, e,
            BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return d_V
    BLOCK_D, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (b * h * t * triton.cdiv(e, BLOCK_E),)
    linear_attention_backward_d_V_kernel[grid](
        Q, K, d_out, buffer_1, d_V, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_1.stride(4), d_V.stride(0), d_V.stride(1), d_V.stride(2), d_V.stride(3), b, h, t, d, e,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


class _linear_attention_autograd(torch.autograd.Function):
    """linear_attention and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out = _linear_attention_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V = ctx.saved_tensors
        buffer_0 = _linear_attention_backward_buffer_0(Q, d_out)
        d_Q = _linear_attention_backward_d_Q(K, V, d_out)
        buffer_1 = _linear_attention_backward_buffer_1(buffer_0)
        d_K = _linear_attention_backward_d_K(Q, V, d_out, buffer_1)
        d_V = _linear_attention_backward_d_V(Q, K, d_out, buffer_1)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def linear_attention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> out: bf16[b h t e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and e <= 256:
            return _linear_attention_autograd.apply(Q, K, V)
        raise ValueError("linear_attention: gradients are made for sizes whose tiles are held on chip")
    out = _linear_attention(Q, K, V)
    return out


@triton.jit
def retention_kernel(
    Q_ptr, K_ptr, V_ptr, rate_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_h, K_stride_t,
    K_stride_d, V_stride_h, V_stride_t, V_stride_e, rate_stride_h, out_stride_h, out_stride_t, out_stride_e,
    size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    exp2 = tl.exp2(tl.abs(rate) * -1.4426950408889634)
    # src[linear.diag:15]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:13]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = where_t_t_2.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile_bf16_2 = (K.to(tl.float32) * prod[:, None]).to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), V)
        zero_2 = tl.full([BLOCK_T], 0.0, tl.float32)
        exp2_t_2 = zero_2 + exp2
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_d_e = (prod_2 * state) + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:13]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, running_prod * dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def retention_forward_kernel(
    Q_ptr, K_ptr, V_ptr, rate_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_h, K_stride_t,
    K_stride_d, V_stride_h, V_stride_t, V_stride_e, rate_stride_h, out_stride_h, out_stride_t, out_stride_e,
    size_h, size_t, size_d, size_e, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_D, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    exp2 = tl.exp2(tl.abs(rate) * -1.4426950408889634)
    # src[linear.diag:15]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[linear.diag:13]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = where_t_t_2.to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile_bf16_2 = (K.to(tl.float32) * prod[:, None]).to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), V)
        zero_2 = tl.full([BLOCK_T], 0.0, tl.float32)
        exp2_t_2 = zero_2 + exp2
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_d_e = (prod_2 * state) + dot_4
        state = add_d_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index[:, None] * V_stride_t + e_index[None, :] * V_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index[:, None] * K_stride_t + d_index[None, :] * K_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[linear.diag:13]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(Q, tl.trans(K))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2, 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        tile = (t_index[None, :] <= t_index[:, None]) & (t_index < size_t)[None, :]
        tile_bf16 = tl.where(tile, running_prod * dot, 0.0).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, V)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(Q, state_bf16)
        zero = tl.full([BLOCK_T], 0.0, tl.float32)
        # src[linear.diag:14]
        exp2_t = zero + exp2
        running_prod_2 = tl.cumprod(exp2_t, 0)
        mul_t_e = rsqrt * ((running_prod_2[:, None] * dot_3) + dot_2)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            mul_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def retention_backward_buffer_0_S_kernel(
    Q_ptr, K_ptr, V_ptr, rate_ptr, d_out_ptr, buffer_0_ptr, S_ptr, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_h, K_stride_t, K_stride_d, V_stride_h, V_stride_t, V_stride_e, rate_stride_h, d_out_stride_h,
    d_out_stride_t, d_out_stride_e, buffer_0_stride_h, buffer_0_stride_t, buffer_0_stride_d,
    buffer_0_stride_e, S_stride_h, S_stride_t, S_stride_d, S_stride_e, size_h, size_t, size_d, size_e,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    h_index = program.to(tl.int64)
    state = tl.full([BLOCK_E], 0.0, tl.float32)
    state_2 = tl.full([BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    exp2 = tl.exp2(tl.abs(rate) * -1.4426950408889634)
    # src[linear.diag:15]
    for t_index in tl.range(0, size_t):
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + (-1 * t_index + (-1 + size_t)) * Q_stride_t + d_index * Q_stride_d,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * Q.to(tl.float32)
        mul_e = (state + (scalar * d_out.to(tl.float32))) * exp2
        tl.store(
            buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
            mul_e,
            mask=(e_index < size_e),
        )
        # src[linear.diag:13]
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        K = tl.load(K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d)
        # src[linear.diag:14]
        add_e = (exp2 * state_2) + (K.to(tl.float32) * V.to(tl.float32))
        tl.store(
            S_ptr + h_index * S_stride_h + t_index * S_stride_t + d_index * S_stride_d + e_index * S_stride_e,
            add_e,
            mask=(e_index < size_e),
        )
        state = mul_e
        state_2 = add_e


@triton.jit
def retention_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_h, buffer_0_stride_t, buffer_0_stride_d, buffer_0_stride_e,
    buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, size_h, size_t, size_d,
    size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + h_index * buffer_0_stride_h + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + h_index * buffer_1_stride_h + t_index * buffer_1_stride_t + d_index * buffer_1_stride_d + e_index * buffer_1_stride_e,
        buffer_0,
        mask=(e_index < size_e),
    )


@triton.jit
def retention_backward_buffer_4_kernel(
    Q_ptr, d_out_ptr, buffer_1_ptr, buffer_4_ptr, Q_stride_h, Q_stride_t, Q_stride_d, d_out_stride_h,
    d_out_stride_t, d_out_stride_e, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, buffer_4_stride_h, buffer_4_stride_t, buffer_4_stride_d, buffer_4_stride_e, size_h,
    size_t, size_d, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    buffer_1 = tl.load(
        buffer_1_ptr + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index * buffer_1_stride_d + e_index * buffer_1_stride_e,
        mask=(e_index < size_e) & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    # src[linear.diag:15]
    d_out = tl.load(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[linear.diag:13]
    Q = tl.load(Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d)
    scalar = Q.to(tl.float32) * tl.rsqrt(tl.cast(size_d, tl.float32))
    tl.store(
        buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index * buffer_4_stride_d + e_index * buffer_4_stride_e,
        ((scalar * d_out.to(tl.float32)) + buffer_1),
        mask=(e_index < size_e),
    )


@triton.jit
def retention_backward_buffer_3_d_Q_d_K_rows_kernel(
    V_ptr, d_out_ptr, buffer_4_ptr, S_ptr, buffer_3_ptr, d_Q_ptr, d_K_ptr, V_stride_h, V_stride_t, V_stride_e,
    d_out_stride_h, d_out_stride_t, d_out_stride_e, buffer_4_stride_h, buffer_4_stride_t, buffer_4_stride_d,
    buffer_4_stride_e, S_stride_h, S_stride_t, S_stride_d, S_stride_e, buffer_3_stride_h, buffer_3_stride_t,
    buffer_3_stride_d, buffer_3_stride_e, d_Q_stride_h, d_Q_stride_t, d_Q_stride_d, d_K_stride_h,
    d_K_stride_t, d_K_stride_d, size_h, size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    S = tl.load(
        S_ptr + h_index * S_stride_h + (t_index + -1) * S_stride_t + d_index[:, None] * S_stride_d + e_index[None, :] * S_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
        other=0,
    )
    buffer_4 = tl.load(
        buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d + e_index[None, :] * buffer_4_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t + d_index[:, None] * buffer_3_stride_d + e_index[None, :] * buffer_3_stride_e,
        (buffer_4 * tl.where(0 == t_index, 0.0, S)),
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
    )
    # src[linear.diag:15]
    S_2 = tl.load(
        S_ptr + h_index * S_stride_h + t_index * S_stride_t + d_index[:, None] * S_stride_d + e_index[None, :] * S_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    d_out = load_tile(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_d_e = d_out.to(tl.float32)[None, :] * S_2
    sum_ = tl.sum(mul_d_e, 1)
    tile_bf16 = (sum_ * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + t_index * d_Q_stride_t + d_index * d_Q_stride_d,
        tile_bf16,
        mask=(d_index < size_d),
    )
    # src[linear.diag:13]
    V = load_tile(
        V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_d_e_2 = buffer_4 * V.to(tl.float32)[None, :]
    sum_2 = tl.sum(mul_d_e_2, 1)
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + t_index * d_K_stride_t + d_index * d_K_stride_d,
        sum_2.to(tl.bfloat16),
        mask=(d_index < size_d),
    )


@triton.jit
def retention_backward_buffer_3_d_Q_d_K_kernel(
    V_ptr, d_out_ptr, buffer_4_ptr, S_ptr, buffer_3_ptr, d_Q_ptr, d_K_ptr, V_stride_h, V_stride_t, V_stride_e,
    d_out_stride_h, d_out_stride_t, d_out_stride_e, buffer_4_stride_h, buffer_4_stride_t, buffer_4_stride_d,
    buffer_4_stride_e, S_stride_h, S_stride_t, S_stride_d, S_stride_e, buffer_3_stride_h, buffer_3_stride_t,
    buffer_3_stride_d, buffer_3_stride_e, d_Q_stride_h, d_Q_stride_t, d_Q_stride_d, d_K_stride_h,
    d_K_stride_t, d_K_stride_d, size_h, size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_D], 0.0, tl.float32)
    acc_e_2 = tl.full([BLOCK_D], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        S = tl.load(
            S_ptr + h_index * S_stride_h + t_index * S_stride_t + d_index[:, None] * S_stride_d + e_index[None, :] * S_stride_e,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        )
        mul_d_e = d_out.to(tl.float32)[None, :] * S
        tile_sum = tl.sum(mul_d_e, 1)
        next_acc_e = acc_e + tile_sum
        # src[linear.diag:13]
        V = tl.load(V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e)
        buffer_4 = tl.load(
            buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d + e_index[None, :] * buffer_4_stride_e,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        mul_d_e_2 = buffer_4 * V.to(tl.float32)[None, :]
        tile_sum_2 = tl.sum(mul_d_e_2, 1)
        next_acc_e_2 = acc_e_2 + tile_sum_2
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        S = tl.load(
            S_ptr + h_index * S_stride_h + t_index * S_stride_t + d_index[:, None] * S_stride_d + e_index[None, :] * S_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_d_e = d_out.to(tl.float32)[None, :] * S
        tile_sum = tl.sum(mul_d_e, 1)
        next_acc_e = acc_e + tile_sum
        # src[linear.diag:13]
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d + e_index[None, :] * buffer_4_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        mul_d_e_2 = buffer_4 * V.to(tl.float32)[None, :]
        tile_sum_2 = tl.sum(mul_d_e_2, 1)
        next_acc_e_2 = acc_e_2 + tile_sum_2
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    # src[linear.diag:15]
    tile_bf16 = (acc_e * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + t_index * d_Q_stride_t + d_index * d_Q_stride_d,
        tile_bf16,
        mask=(d_index < size_d),
    )
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + t_index * d_K_stride_t + d_index * d_K_stride_d,
        acc_e_2.to(tl.bfloat16),
        mask=(d_index < size_d),
    )
    eq = 0 == t_index
    # whole tiles, no mask needed
    for first_e_3 in tl.range(0, to_e, BLOCK_E):
        e_index = first_e_3 + tl.arange(0, BLOCK_E)
        S = tl.load(
            S_ptr + h_index * S_stride_h + (t_index + -1) * S_stride_t + d_index[:, None] * S_stride_d + e_index[None, :] * S_stride_e,
            mask=(d_index < size_d)[:, None] & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
            other=0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d + e_index[None, :] * buffer_4_stride_e,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        tl.store(
            buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t + d_index[:, None] * buffer_3_stride_d + e_index[None, :] * buffer_3_stride_e,
            (buffer_4 * tl.where(eq, 0.0, S)),
            mask=(d_index < size_d)[:, None],
        )
    # tiles that a mask or the end cuts
    for first_e_4 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_4 + tl.arange(0, BLOCK_E)
        S = tl.load(
            S_ptr + h_index * S_stride_h + (t_index + -1) * S_stride_t + d_index[:, None] * S_stride_d + e_index[None, :] * S_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
            other=0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d + e_index[None, :] * buffer_4_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        tl.store(
            buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t + d_index[:, None] * buffer_3_stride_d + e_index[None, :] * buffer_3_stride_e,
            (buffer_4 * tl.where(eq, 0.0, S)),
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def retention_backward_d_V_rows_kernel(
    K_ptr, buffer_4_ptr, d_V_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_4_stride_h, buffer_4_stride_t,
    buffer_4_stride_d, buffer_4_stride_e, d_V_stride_h, d_V_stride_t, d_V_stride_e, size_h, size_t, size_d,
    size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[linear.diag:13]
    K = load_tile(
        K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    buffer_4 = tl.load(
        buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[None, :] * buffer_4_stride_d + e_index[:, None] * buffer_4_stride_e,
        mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None],
        other=0.0,
    )
    mul_e_d = buffer_4 * K.to(tl.float32)[None, :]
    sum_ = tl.sum(mul_e_d, 1)
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + t_index * d_V_stride_t + e_index * d_V_stride_e,
        sum_.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@triton.jit
def retention_backward_d_V_kernel(
    K_ptr, buffer_4_ptr, d_V_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_4_stride_h, buffer_4_stride_t,
    buffer_4_stride_d, buffer_4_stride_e, d_V_stride_h, d_V_stride_t, d_V_stride_e, size_h, size_t, size_d,
    size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_E], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[linear.diag:13]
        K = tl.load(K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d)
        buffer_4 = tl.load(
            buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[None, :] * buffer_4_stride_d + e_index[:, None] * buffer_4_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        mul_e_d = buffer_4 * K.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_e_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[linear.diag:13]
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + h_index * buffer_4_stride_h + t_index * buffer_4_stride_t + d_index[None, :] * buffer_4_stride_d + e_index[:, None] * buffer_4_stride_e,
            mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        mul_e_d = buffer_4 * K.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_e_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + t_index * d_V_stride_t + e_index * d_V_stride_e,
        acc_d.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@triton.jit
def retention_backward_d_rate_rows_kernel(
    rate_ptr, buffer_3_ptr, d_rate_ptr, rate_stride_h, buffer_3_stride_h, buffer_3_stride_t,
    buffer_3_stride_d, buffer_3_stride_e, d_rate_stride_h, size_h, size_t, size_d, size_e,
    BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_T: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = program.to(tl.int64)
    t_index = tl.arange(0, BLOCK_T)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    buffer_3 = load_tile(
        buffer_3_ptr + h_index * buffer_3_stride_h + t_index[:, None, None] * buffer_3_stride_t + d_index[None, :, None] * buffer_3_stride_d + e_index[None, None, :] * buffer_3_stride_e,
        (t_index < size_t)[:, None, None] & (d_index < size_d)[None, :, None] & (e_index < size_e)[None, None, :],
        0.0,
        EXACT_T and EXACT_D and EXACT_E,
    )
    sum_ = tl.sum(tl.sum(tl.sum(buffer_3, 2), 1), 0)
    mul = ((sum_ * -1.0) * sign(rate)) * tl.exp2(tl.abs(rate) * -1.4426950408889634)
    tl.store(d_rate_ptr + h_index * d_rate_stride_h, mul)


@triton.jit
def retention_backward_d_rate_kernel(
    rate_ptr, buffer_3_ptr, d_rate_ptr, rate_stride_h, buffer_3_stride_h, buffer_3_stride_t,
    buffer_3_stride_d, buffer_3_stride_e, d_rate_stride_h, size_h, size_t, size_d, size_e,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = program.to(tl.int64)
    sum_t_d_e = tl.full([], 0.0, tl.float32)
    for t_index in tl.range(0, size_t):
        for d_index in tl.range(0, size_d):
            to_e = size_e // BLOCK_E * BLOCK_E
            # whole tiles, no mask needed
            for first_e in tl.range(0, to_e, BLOCK_E):
                e_index = first_e + tl.arange(0, BLOCK_E)
                buffer_3 = tl.load(
                    buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t + d_index * buffer_3_stride_d + e_index * buffer_3_stride_e,
                )
                tile_sum = tl.sum(buffer_3, 0)
                next_sum_t_d_e = sum_t_d_e + tile_sum
                sum_t_d_e = next_sum_t_d_e
            from_e = tl.maximum(0, to_e)
            # tiles that a mask or the end cuts
            for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
                e_index = first_e_2 + tl.arange(0, BLOCK_E)
                buffer_3 = tl.load(
                    buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t + d_index * buffer_3_stride_d + e_index * buffer_3_stride_e,
                    mask=(e_index < size_e),
                    other=0.0,
                )
                tile_sum = tl.sum(buffer_3, 0)
                next_sum_t_d_e = sum_t_d_e + tile_sum
                sum_t_d_e = next_sum_t_d_e
    # src[linear.diag:13]
    rate = tl.load(rate_ptr + h_index * rate_stride_h)
    # src[linear.diag:14]
    mul = ((sum_t_d_e * -1.0) * sign(rate)) * tl.exp2(tl.abs(rate) * -1.4426950408889634)
    tl.store(d_rate_ptr + h_index * d_rate_stride_h, mul)


@_operator
def _retention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """_retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("rate", rate, torch.float32, 1, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    retention_kernel[grid](
        Q, K, V, rate, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), rate.stride(0), out.stride(0), out.stride(1), out.stride(2), h,
        t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _retention_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """_retention_forward(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("rate", rate, torch.float32, 1, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    retention_forward_kernel[grid](
        Q, K, V, rate, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), rate.stride(0), out.stride(0), out.stride(1), out.stride(2), h,
        t, d, e, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _retention_backward_buffer_0_S(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    rate: torch.Tensor,
    d_out: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_retention_backward_buffer_0_S(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h], d_out: bf16[h t e]) -> buffer_0: f32[h t d e], S: f32[h t d e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("rate", rate, torch.float32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 3, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    buffer_0 = torch.empty((h, t, d, e), dtype=torch.float32, device=Q.device)
    S = torch.empty((h, t, d, e), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, S
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (h * d * triton.cdiv(e, BLOCK_E),)
    retention_backward_buffer_0_S_kernel[grid](
        Q, K, V, rate, d_out, buffer_0, S, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), rate.stride(0), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        S.stride(0), S.stride(1), S.stride(2), S.stride(3), h, t, d, e, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0, S


@_operator
def _retention_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_retention_backward_buffer_1(buffer_0: f32[h t d e]) -> buffer_1: f32[h t d e]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 4, buffer_0.device)
    h, t, d, e = buffer_0.shape
    buffer_1 = torch.empty((h, t, d, e), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (h * t * d * triton.cdiv(e, BLOCK_E),)
    retention_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), h, t, d, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _retention_backward_buffer_4(
    Q: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_retention_backward_buffer_4(Q: bf16[h t d], d_out: bf16[h t e], buffer_1: f32[h t d e]) -> buffer_4: f32[h t d e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 3, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 4, Q.device)
    h, t, d = Q.shape
    _, _, e = d_out.shape
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if buffer_1.shape != (h, t, d, e):
        raise ValueError(f"buffer_1: f32[h t d e] has shape {buffer_1.shape}, expected {(h, t, d, e)}")
    buffer_4 = torch.empty((h, t, d, e), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (h * t * d * triton.cdiv(e, BLOCK_E),)
    retention_backward_buffer_4_kernel[grid](
        Q, d_out, buffer_1, buffer_4, Q.stride(0), Q.stride(1), Q.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), buffer_4.stride(3), h, t, d, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_4


@_operator
def _retention_backward_buffer_3_d_Q_d_K(
    V: torch.Tensor,
    d_out: torch.Tensor,
    buffer_4: torch.Tensor,
    S: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_retention_backward_buffer_3_d_Q_d_K(V: bf16[h t e], d_out: bf16[h t e], buffer_4: f32[h t d e], S: f32[h t d e]) -> buffer_3: f32[h t d e], d_Q: bf16[h t d], d_K: bf16[h t d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("d_out", d_out, torch.bfloat16, 3, V.device)
    _check("buffer_4", buffer_4, torch.float32, 4, V.device)
    _check("S", S, torch.float32, 4, V.device)
    h, t, e = V.shape
    _, _, d, _ = buffer_4.shape
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if buffer_4.shape != (h, t, d, e):
        raise ValueError(f"buffer_4: f32[h t d e] has shape {buffer_4.shape}, expected {(h, t, d, e)}")
    if S.shape != (h, t, d, e):
        raise ValueError(f"S: f32[h t d e] has shape {S.shape}, expected {(h, t, d, e)}")
    buffer_3 = torch.empty((h, t, d, e), dtype=torch.float32, device=V.device)
    d_Q = torch.empty((h, t, d), dtype=torch.bfloat16, device=V.device)
    d_K = torch.empty((h, t, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_3):
        return buffer_3, d_Q, d_K
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 1024:
        if BLOCK_E <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_E <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_E <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (h * t * triton.cdiv(d, BLOCK_D),)
        retention_backward_buffer_3_d_Q_d_K_rows_kernel[grid](
            V, d_out, buffer_4, S, buffer_3, d_Q, d_K, V.stride(0), V.stride(1), V.stride(2), d_out.stride(0),
            d_out.stride(1), d_out.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2),
            buffer_4.stride(3), S.stride(0), S.stride(1), S.stride(2), S.stride(3), buffer_3.stride(0),
            buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3), d_Q.stride(0), d_Q.stride(1),
            d_Q.stride(2), d_K.stride(0), d_K.stride(1), d_K.stride(2), h, t, e, d, BLOCK_E=BLOCK_E,
            BLOCK_D=BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return buffer_3, d_Q, d_K
    BLOCK_E, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (h * t * triton.cdiv(d, BLOCK_D),)
    retention_backward_buffer_3_d_Q_d_K_kernel[grid](
        V, d_out, buffer_4, S, buffer_3, d_Q, d_K, V.stride(0), V.stride(1), V.stride(2), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2),
        buffer_4.stride(3), S.stride(0), S.stride(1), S.stride(2), S.stride(3), buffer_3.stride(0),
        buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3), d_Q.stride(0), d_Q.stride(1),
        d_Q.stride(2), d_K.stride(0), d_K.stride(1), d_K.stride(2), h, t, e, d, BLOCK_E=BLOCK_E,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_3, d_Q, d_K


@_operator
def _retention_backward_d_V(K: torch.Tensor, buffer_4: torch.Tensor) -> torch.Tensor:
    """_retention_backward_d_V(K: bf16[h t d], buffer_4: f32[h t d e]) -> d_V: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 3, K.device)
    _check("buffer_4", buffer_4, torch.float32, 4, K.device)
    h, t, d = K.shape
    _, _, _, e = buffer_4.shape
    if buffer_4.shape != (h, t, d, e):
        raise ValueError(f"buffer_4: f32[h t d e] has shape {buffer_4.shape}, expected {(h, t, d, e)}")
    d_V = torch.empty((h, t, e), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_E, warps, stages = 256, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (h * t * triton.cdiv(e, BLOCK_E),)
        retention_backward_d_V_rows_kernel[grid](
            K, buffer_4, d_V, K.stride(0), K.stride(1), K.stride(2), buffer_4.stride(0), buffer_4.stride(1),
            buffer_4.stride(2), buffer_4.stride(3), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, t, d, e,
            BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return d_V
    BLOCK_D, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (h * t * triton.cdiv(e, BLOCK_E),)
    retention_backward_d_V_kernel[grid](
        K, buffer_4, d_V, K.stride(0), K.stride(1), K.stride(2), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), buffer_4.stride(3), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, t, d, e,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _retention_backward_d_rate(rate: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_retention_backward_d_rate(rate: f32[h], buffer_3: f32[h t d e]) -> d_rate: f32[h]. Any strides; sizes are read off the shapes."""
    _check("rate", rate, torch.float32, 1, rate.device)
    _check("buffer_3", buffer_3, torch.float32, 4, rate.device)
    (h,) = rate.shape
    _, t, d, e = buffer_3.shape
    if buffer_3.shape != (h, t, d, e):
        raise ValueError(f"buffer_3: f32[h t d e] has shape {buffer_3.shape}, expected {(h, t, d, e)}")
    d_rate = torch.empty((h,), dtype=torch.float32, device=rate.device)
    if _is_traced(d_rate):
        return d_rate
    BLOCK_T = max(16, triton.next_power_of_2(t))
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_T * BLOCK_D * BLOCK_E <= 16384:
        if BLOCK_T * BLOCK_D * BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_T * BLOCK_D * BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (h,)
        retention_backward_d_rate_rows_kernel[grid](
            rate, buffer_3, d_rate, rate.stride(0), buffer_3.stride(0), buffer_3.stride(1),
            buffer_3.stride(2), buffer_3.stride(3), d_rate.stride(0), h, t, d, e, BLOCK_T=BLOCK_T,
            BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_T=t == BLOCK_T, EXACT_D=d == BLOCK_D,
            EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return d_rate
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (h,)
    retention_backward_d_rate_kernel[grid](
        rate, buffer_3, d_rate, rate.stride(0), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
        buffer_3.stride(3), d_rate.stride(0), h, t, d, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_rate


class _retention_autograd(torch.autograd.Function):
    """retention and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, rate):
        out = _retention_forward(Q, K, V, rate)
        ctx.save_for_backward(Q, K, V, rate)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, rate = ctx.saved_tensors
        buffer_0, S = _retention_backward_buffer_0_S(Q, K, V, rate, d_out)
        buffer_1 = _retention_backward_buffer_1(buffer_0)
        buffer_4 = _retention_backward_buffer_4(Q, d_out, buffer_1)
        buffer_3, d_Q, d_K = _retention_backward_buffer_3_d_Q_d_K(V, d_out, buffer_4, S)
        d_V = _retention_backward_d_V(K, buffer_4)
        d_rate = _retention_backward_d_rate(rate, buffer_3)
        return d_Q, d_K, d_V, d_rate


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32)
def retention(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> out: bf16[h t e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V, rate)):
        if d <= 256:
            return _retention_autograd.apply(Q, K, V, rate)
        raise ValueError("retention: gradients are made for sizes whose tiles are held on chip")
    out = _retention(Q, K, V, rate)
    return out


@triton.jit
def ssd_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, D_ptr, out_ptr, C_stride_t, C_stride_n, B_stride_t, B_stride_n,
    X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, A_stride_h, D_stride_h, out_stride_h,
    out_stride_t, out_stride_e, size_t, size_n, size_h, size_e, BLOCK_T: tl.constexpr, BLOCK_N: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    state = tl.full([BLOCK_N, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:24]
    D = tl.load(D_ptr + h_index * D_stride_h)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        softplus_t = softplus(dt)
        B = load_tile(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        # src[linear.diag:19]
        C = load_tile(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus_t[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile = (B.to(tl.float32) * prod[:, None]) * softplus_t[:, None]
        tile_bf16_2 = tile.to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), X_2)
        exp2_t_2 = tl.exp2((abs_ * -1.4426950408889634) * softplus_t)
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_n_e = (prod_2 * state) + dot_4
        state = add_n_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=float("-inf"),
        )
        B = tl.load(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[linear.diag:19]
        C = tl.load(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=0.0,
        )
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus(dt)[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def ssd_forward_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, D_ptr, out_ptr, C_stride_t, C_stride_n, B_stride_t, B_stride_n,
    X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, A_stride_h, D_stride_h, out_stride_h,
    out_stride_t, out_stride_e, size_t, size_n, size_h, size_e, BLOCK_T: tl.constexpr, BLOCK_N: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    state = tl.full([BLOCK_N, BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:24]
    D = tl.load(D_ptr + h_index * D_stride_h)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        softplus_t = softplus(dt)
        B = load_tile(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        # src[linear.diag:19]
        C = load_tile(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            (n_index < size_n)[None, :],
            0.0,
            EXACT_N,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus_t[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(e_index < size_e)[None, :],
        )
        prod = tl.reduce(where_t_t, 0, product)
        tile = (B.to(tl.float32) * prod[:, None]) * softplus_t[:, None]
        tile_bf16_2 = tile.to(tl.bfloat16)
        dot_4 = tl.dot(tl.trans(tile_bf16_2), X_2)
        exp2_t_2 = tl.exp2((abs_ * -1.4426950408889634) * softplus_t)
        prod_2 = tl.reduce(exp2_t_2, 0, product)
        add_n_e = (prod_2 * state) + dot_4
        state = add_n_e
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[linear.diag:28]
        X_2 = tl.load(
            X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dt = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=float("-inf"),
        )
        B = tl.load(
            B_ptr + t_index[:, None] * B_stride_t + n_index[None, :] * B_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[linear.diag:19]
        C = tl.load(
            C_ptr + t_index[:, None] * C_stride_t + n_index[None, :] * C_stride_n,
            mask=(t_index < size_t)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        dot = tl.dot(C, tl.trans(B))
        # src[linear.diag:22]
        dt_2 = tl.load(
            dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
            mask=(t_index < size_t),
            other=0.0,
        )
        # src[linear.diag:26]
        # src[linear.diag:27]
        exp2_t = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt_2))
        where_t_t = tl.where(t_index[:, None] > t_index[None, :], exp2_t[:, None], 1.0)
        running_prod = tl.cumprod(where_t_t, 0)
        where_t_t_2 = tl.where(t_index[None, :] <= t_index[:, None], running_prod * dot, 0.0)
        tile_bf16 = (where_t_t_2 * softplus(dt)[None, :]).to(tl.bfloat16)
        dot_2 = tl.dot(tile_bf16, X_2)
        state_bf16 = state.to(tl.bfloat16)
        dot_3 = tl.dot(C, state_bf16)
        running_prod_2 = tl.cumprod(exp2_t, 0)
        add_t_e = ((running_prod_2[:, None] * dot_3) + dot_2) + (X.to(tl.float32) * D)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index[:, None] * out_stride_t + e_index[None, :] * out_stride_e,
            add_t_e.to(tl.bfloat16),
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        )


@triton.jit
def ssd_backward_buffer_0_S_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, d_out_ptr, buffer_0_ptr, S_ptr, C_stride_t, C_stride_n, B_stride_t,
    B_stride_n, X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, A_stride_h, d_out_stride_h,
    d_out_stride_t, d_out_stride_e, buffer_0_stride_t, buffer_0_stride_n, buffer_0_stride_h,
    buffer_0_stride_e, S_stride_t, S_stride_n, S_stride_h, S_stride_e, size_t, size_n, size_h, size_e,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    n_index = program.to(tl.int64)
    state = tl.full([BLOCK_E], 0.0, tl.float32)
    state_2 = tl.full([BLOCK_E], 0.0, tl.float32)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    for t_index in tl.range(0, size_t):
        dt = tl.load(dt_ptr + h_index * dt_stride_h + (-1 * t_index + (-1 + size_t)) * dt_stride_t)
        exp2 = tl.exp2((softplus(dt) * abs_) * -1.4426950408889634)
        C = tl.load(C_ptr + (-1 * t_index + (-1 + size_t)) * C_stride_t + n_index * C_stride_n)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        add_e = state + (d_out.to(tl.float32) * C.to(tl.float32))
        mul_e = add_e * exp2
        tl.store(
            buffer_0_ptr + t_index * buffer_0_stride_t + n_index * buffer_0_stride_n + h_index * buffer_0_stride_h + e_index * buffer_0_stride_e,
            mul_e,
            mask=(e_index < size_e),
        )
        # src[linear.diag:21]
        X = tl.load(
            X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        # src[linear.diag:22]
        dt_2 = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        # src[linear.diag:26]
        step = softplus(dt_2)
        # src[linear.diag:20]
        B = tl.load(B_ptr + t_index * B_stride_t + n_index * B_stride_n)
        # src[linear.diag:21]
        # src[linear.diag:27]
        mul_e_2 = tl.exp2((abs_ * -1.4426950408889634) * step) * state_2
        add_e_2 = mul_e_2 + ((B.to(tl.float32) * step) * X.to(tl.float32))
        tl.store(
            S_ptr + t_index * S_stride_t + n_index * S_stride_n + h_index * S_stride_h + e_index * S_stride_e,
            add_e_2,
            mask=(e_index < size_e),
        )
        state = mul_e
        state_2 = add_e_2


@triton.jit
def ssd_backward_d_D_rows_kernel(
    X_ptr, d_out_ptr, d_D_ptr, X_stride_h, X_stride_t, X_stride_e, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, d_D_stride_h, size_h, size_t, size_e, BLOCK_T: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_T: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = program.to(tl.int64)
    t_index = tl.arange(0, BLOCK_T)
    e_index = tl.arange(0, BLOCK_E)
    # src[linear.diag:21]
    X = load_tile(
        X_ptr + h_index * X_stride_h + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
        (t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        0.0,
        EXACT_T and EXACT_E,
    )
    d_out = load_tile(
        d_out_ptr + h_index * d_out_stride_h + t_index[:, None] * d_out_stride_t + e_index[None, :] * d_out_stride_e,
        (t_index < size_t)[:, None] & (e_index < size_e)[None, :],
        0.0,
        EXACT_T and EXACT_E,
    )
    mul_t_e = d_out.to(tl.float32) * X.to(tl.float32)
    sum_ = tl.sum(tl.sum(mul_t_e, 1), 0)
    tl.store(d_D_ptr + h_index * d_D_stride_h, sum_)


@triton.jit
def ssd_backward_d_D_kernel(
    X_ptr, d_out_ptr, d_D_ptr, X_stride_h, X_stride_t, X_stride_e, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, d_D_stride_h, size_h, size_t, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = program.to(tl.int64)
    acc_t_e = tl.full([], 0.0, tl.float32)
    for t_index in tl.range(0, size_t):
        to_e = size_e // BLOCK_E * BLOCK_E
        # whole tiles, no mask needed
        for first_e in tl.range(0, to_e, BLOCK_E):
            e_index = first_e + tl.arange(0, BLOCK_E)
            # src[linear.diag:21]
            X = tl.load(X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e)
            d_out = tl.load(
                d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
            )
            mul_e = d_out.to(tl.float32) * X.to(tl.float32)
            tile_sum = tl.sum(mul_e, 0)
            next_acc_t_e = acc_t_e + tile_sum
            acc_t_e = next_acc_t_e
        from_e = tl.maximum(0, to_e)
        # tiles that a mask or the end cuts
        for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
            e_index = first_e_2 + tl.arange(0, BLOCK_E)
            # src[linear.diag:21]
            X = tl.load(
                X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e,
                mask=(e_index < size_e),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
                mask=(e_index < size_e),
                other=0.0,
            )
            mul_e = d_out.to(tl.float32) * X.to(tl.float32)
            tile_sum = tl.sum(mul_e, 0)
            next_acc_t_e = acc_t_e + tile_sum
            acc_t_e = next_acc_t_e
    tl.store(d_D_ptr + h_index * d_D_stride_h, acc_t_e)


@triton.jit
def ssd_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_t, buffer_0_stride_n, buffer_0_stride_h, buffer_0_stride_e,
    buffer_1_stride_t, buffer_1_stride_n, buffer_1_stride_h, buffer_1_stride_e, size_t, size_n, size_h,
    size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    n_index = (program % size_n).to(tl.int64)
    program = program // size_n
    t_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + n_index * buffer_0_stride_n + h_index * buffer_0_stride_h + e_index * buffer_0_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + t_index * buffer_1_stride_t + n_index * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index * buffer_1_stride_e,
        buffer_0,
        mask=(e_index < size_e),
    )


@triton.jit
def ssd_backward_buffer_3_d_dt_rows_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, d_out_ptr, S_ptr, buffer_1_ptr, buffer_3_ptr, d_dt_ptr, C_stride_t,
    C_stride_n, B_stride_t, B_stride_n, X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t,
    A_stride_h, d_out_stride_h, d_out_stride_t, d_out_stride_e, S_stride_t, S_stride_n, S_stride_h,
    S_stride_e, buffer_1_stride_t, buffer_1_stride_n, buffer_1_stride_h, buffer_1_stride_e, buffer_3_stride_t,
    buffer_3_stride_h, d_dt_stride_h, d_dt_stride_t, size_t, size_n, size_h, size_e, BLOCK_N: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_N: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    t_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    # src[linear.diag:19]
    C = load_tile(C_ptr + t_index * C_stride_t + n_index * C_stride_n, (n_index < size_n), 0.0, EXACT_N)
    mul_n_e = C.to(tl.float32)[:, None] * d_out.to(tl.float32)[None, :]
    buffer_1 = tl.load(
        buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[:, None] * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index[None, :] * buffer_1_stride_e,
        mask=(n_index < size_n)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    add_n_e = buffer_1 + mul_n_e
    S = tl.load(
        S_ptr + (t_index + -1) * S_stride_t + n_index[:, None] * S_stride_n + h_index * S_stride_h + e_index[None, :] * S_stride_e,
        mask=(n_index < size_n)[:, None] & (e_index < size_e)[None, :] & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
        other=0,
    )
    mul_n_e_2 = tl.where(t_index == 0, 0.0, S) * add_n_e
    sum_ = tl.sum(tl.sum(mul_n_e_2, 1), 0)
    tl.store(buffer_3_ptr + t_index * buffer_3_stride_t + h_index * buffer_3_stride_h, sum_)
    # src[linear.diag:22]
    dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
    # src[linear.diag:26]
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    exp2 = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt))
    # src[linear.diag:21]
    X = load_tile(
        X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    # src[linear.diag:20]
    B = load_tile(B_ptr + t_index * B_stride_t + n_index * B_stride_n, (n_index < size_n), 0.0, EXACT_N)
    # src[linear.diag:21]
    tile = B.to(tl.float32)[:, None] * X.to(tl.float32)[None, :]
    mul_n_e_3 = tile * add_n_e
    sum_2 = tl.sum(tl.sum(mul_n_e_3, 1), 0)
    mul = (sum_2 - ((abs_ * sum_) * exp2)) * tl.sigmoid(dt)
    tl.store(d_dt_ptr + h_index * d_dt_stride_h + t_index * d_dt_stride_t, mul)


@triton.jit
def ssd_backward_buffer_3_d_dt_kernel(
    C_ptr, B_ptr, X_ptr, dt_ptr, A_ptr, d_out_ptr, S_ptr, buffer_1_ptr, buffer_3_ptr, d_dt_ptr, C_stride_t,
    C_stride_n, B_stride_t, B_stride_n, X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t,
    A_stride_h, d_out_stride_h, d_out_stride_t, d_out_stride_e, S_stride_t, S_stride_n, S_stride_h,
    S_stride_e, buffer_1_stride_t, buffer_1_stride_n, buffer_1_stride_h, buffer_1_stride_e, buffer_3_stride_t,
    buffer_3_stride_h, d_dt_stride_h, d_dt_stride_t, size_t, size_n, size_h, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    t_index = program.to(tl.int64)
    acc_n_e = tl.full([], 0.0, tl.float32)
    acc_n_e_2 = tl.full([], 0.0, tl.float32)
    eq = t_index == 0
    for n_index in tl.range(0, size_n):
        # src[linear.diag:19]
        C = tl.load(C_ptr + t_index * C_stride_t + n_index * C_stride_n)
        # src[linear.diag:20]
        B = tl.load(B_ptr + t_index * B_stride_t + n_index * B_stride_n)
        to_e = size_e // BLOCK_E * BLOCK_E
        # whole tiles, no mask needed
        for first_e in tl.range(0, to_e, BLOCK_E):
            e_index = first_e + tl.arange(0, BLOCK_E)
            d_out = tl.load(
                d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
            )
            # src[linear.diag:19]
            buffer_1 = tl.load(
                buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index * buffer_1_stride_e,
                mask=((t_index + 1) >= 0) & ((t_index + 1) < size_t),
                other=0.0,
            )
            add_e = buffer_1 + (C.to(tl.float32) * d_out.to(tl.float32))
            S = tl.load(
                S_ptr + (t_index + -1) * S_stride_t + n_index * S_stride_n + h_index * S_stride_h + e_index * S_stride_e,
                mask=((t_index + -1) >= 0) & ((t_index + -1) < size_t),
                other=0,
            )
            mul_e = tl.where(eq, 0.0, S) * add_e
            tile_sum = tl.sum(mul_e, 0)
            next_acc_n_e = acc_n_e + tile_sum
            # src[linear.diag:21]
            X = tl.load(X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e)
            # src[linear.diag:20]
            # src[linear.diag:21]
            mul_e_2 = (B.to(tl.float32) * X.to(tl.float32)) * add_e
            tile_sum_2 = tl.sum(mul_e_2, 0)
            next_acc_n_e_2 = acc_n_e_2 + tile_sum_2
            acc_n_e = next_acc_n_e
            acc_n_e_2 = next_acc_n_e_2
        from_e = tl.maximum(0, to_e)
        # tiles that a mask or the end cuts
        for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
            e_index = first_e_2 + tl.arange(0, BLOCK_E)
            d_out = tl.load(
                d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
                mask=(e_index < size_e),
                other=0.0,
            )
            # src[linear.diag:19]
            buffer_1 = tl.load(
                buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index * buffer_1_stride_e,
                mask=(e_index < size_e) & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
                other=0.0,
            )
            add_e = buffer_1 + (C.to(tl.float32) * d_out.to(tl.float32))
            S = tl.load(
                S_ptr + (t_index + -1) * S_stride_t + n_index * S_stride_n + h_index * S_stride_h + e_index * S_stride_e,
                mask=(e_index < size_e) & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
                other=0,
            )
            mul_e = tl.where(eq, 0.0, S) * add_e
            tile_sum = tl.sum(mul_e, 0)
            next_acc_n_e = acc_n_e + tile_sum
            # src[linear.diag:21]
            X = tl.load(
                X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e,
                mask=(e_index < size_e),
                other=0.0,
            )
            # src[linear.diag:20]
            # src[linear.diag:21]
            mul_e_2 = (B.to(tl.float32) * X.to(tl.float32)) * add_e
            tile_sum_2 = tl.sum(mul_e_2, 0)
            next_acc_n_e_2 = acc_n_e_2 + tile_sum_2
            acc_n_e = next_acc_n_e
            acc_n_e_2 = next_acc_n_e_2
    tl.store(buffer_3_ptr + t_index * buffer_3_stride_t + h_index * buffer_3_stride_h, acc_n_e)
    # src[linear.diag:22]
    dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
    # src[linear.diag:26]
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h)
    # src[linear.diag:27]
    abs_ = tl.abs(A)
    exp2 = tl.exp2((abs_ * -1.4426950408889634) * softplus(dt))
    mul = (acc_n_e_2 - ((abs_ * acc_n_e) * exp2)) * tl.sigmoid(dt)
    tl.store(d_dt_ptr + h_index * d_dt_stride_h + t_index * d_dt_stride_t, mul)


@triton.jit
def ssd_backward_d_C_d_B_rows_kernel(
    C_ptr, X_ptr, dt_ptr, d_out_ptr, S_ptr, buffer_1_ptr, d_C_ptr, d_B_ptr, C_stride_t, C_stride_n,
    X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, S_stride_t, S_stride_n, S_stride_h, S_stride_e, buffer_1_stride_t, buffer_1_stride_n,
    buffer_1_stride_h, buffer_1_stride_e, d_C_stride_t, d_C_stride_n, d_B_stride_t, d_B_stride_n, size_t,
    size_n, size_h, size_e, BLOCK_H: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_N: tl.constexpr,
    EXACT_H: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    t_index = program.to(tl.int64)
    h_index = tl.arange(0, BLOCK_H)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + h_index[:, None] * d_out_stride_h + t_index * d_out_stride_t + e_index[None, :] * d_out_stride_e,
        (h_index < size_h)[:, None] & (e_index < size_e)[None, :],
        0.0,
        EXACT_H and EXACT_E,
    )
    S = tl.load(
        S_ptr + t_index * S_stride_t + n_index[:, None, None] * S_stride_n + h_index[None, :, None] * S_stride_h + e_index[None, None, :] * S_stride_e,
        mask=(n_index < size_n)[:, None, None] & (h_index < size_h)[None, :, None] & (e_index < size_e)[None, None, :],
        other=0.0,
    )
    d_out_f32 = d_out.to(tl.float32)
    mul_n_h_e = S * d_out_f32[None, :, :]
    sum_ = tl.sum(tl.sum(mul_n_h_e, 2), 1)
    tl.store(
        d_C_ptr + t_index * d_C_stride_t + n_index * d_C_stride_n,
        sum_.to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    # src[linear.diag:19]
    C = tl.load(C_ptr + t_index * C_stride_t + n_index * C_stride_n, mask=(n_index < size_n), other=0.0)
    mul_n_h_e_2 = C.to(tl.float32)[:, None, None] * d_out_f32[None, :, :]
    buffer_1 = tl.load(
        buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[:, None, None] * buffer_1_stride_n + h_index[None, :, None] * buffer_1_stride_h + e_index[None, None, :] * buffer_1_stride_e,
        mask=(n_index < size_n)[:, None, None] & (h_index < size_h)[None, :, None] & (e_index < size_e)[None, None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    # src[linear.diag:21]
    X = load_tile(
        X_ptr + h_index[:, None] * X_stride_h + t_index * X_stride_t + e_index[None, :] * X_stride_e,
        (h_index < size_h)[:, None] & (e_index < size_e)[None, :],
        0.0,
        EXACT_H and EXACT_E,
    )
    # src[linear.diag:22]
    dt = load_tile(
        dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t,
        (h_index < size_h),
        float("-inf"),
        EXACT_H,
    )
    # src[linear.diag:26]
    # src[linear.diag:21]
    mul_n_h_e_3 = (softplus(dt)[:, None] * X.to(tl.float32))[None, :, :] * (buffer_1 + mul_n_h_e_2)
    sum_2 = tl.sum(tl.sum(mul_n_h_e_3, 2), 1)
    tl.store(
        d_B_ptr + t_index * d_B_stride_t + n_index * d_B_stride_n,
        sum_2.to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def ssd_backward_d_C_d_B_kernel(
    C_ptr, X_ptr, dt_ptr, d_out_ptr, S_ptr, buffer_1_ptr, d_C_ptr, d_B_ptr, C_stride_t, C_stride_n,
    X_stride_h, X_stride_t, X_stride_e, dt_stride_h, dt_stride_t, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, S_stride_t, S_stride_n, S_stride_h, S_stride_e, buffer_1_stride_t, buffer_1_stride_n,
    buffer_1_stride_h, buffer_1_stride_e, d_C_stride_t, d_C_stride_n, d_B_stride_t, d_B_stride_n, size_t,
    size_n, size_h, size_e, BLOCK_E: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    t_index = program.to(tl.int64)
    acc_h_e = tl.full([BLOCK_N], 0.0, tl.float32)
    acc_h_e_2 = tl.full([BLOCK_N], 0.0, tl.float32)
    # src[linear.diag:19]
    C = tl.load(C_ptr + t_index * C_stride_t + n_index * C_stride_n, mask=(n_index < size_n), other=0.0)
    for h_index in tl.range(0, size_h):
        # src[linear.diag:22]
        dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
        # src[linear.diag:26]
        step = softplus(dt)
        to_e = size_e // BLOCK_E * BLOCK_E
        # whole tiles, no mask needed
        for first_e in tl.range(0, to_e, BLOCK_E):
            e_index = first_e + tl.arange(0, BLOCK_E)
            d_out = tl.load(
                d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
            )
            S = tl.load(
                S_ptr + t_index * S_stride_t + n_index[:, None] * S_stride_n + h_index * S_stride_h + e_index[None, :] * S_stride_e,
                mask=(n_index < size_n)[:, None],
                other=0.0,
            )
            d_out_f32 = d_out.to(tl.float32)
            mul_n_e = S * d_out_f32[None, :]
            tile_sum = tl.sum(mul_n_e, 1)
            next_acc_h_e = acc_h_e + tile_sum
            # src[linear.diag:19]
            buffer_1 = tl.load(
                buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[:, None] * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index[None, :] * buffer_1_stride_e,
                mask=(n_index < size_n)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
                other=0.0,
            )
            add_n_e = buffer_1 + (C.to(tl.float32)[:, None] * d_out_f32[None, :])
            # src[linear.diag:21]
            X = tl.load(X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e)
            mul_n_e_2 = (step * X.to(tl.float32))[None, :] * add_n_e
            tile_sum_2 = tl.sum(mul_n_e_2, 1)
            next_acc_h_e_2 = acc_h_e_2 + tile_sum_2
            acc_h_e = next_acc_h_e
            acc_h_e_2 = next_acc_h_e_2
        from_e = tl.maximum(0, to_e)
        # tiles that a mask or the end cuts
        for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
            e_index = first_e_2 + tl.arange(0, BLOCK_E)
            d_out = tl.load(
                d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
                mask=(e_index < size_e),
                other=0.0,
            )
            S = tl.load(
                S_ptr + t_index * S_stride_t + n_index[:, None] * S_stride_n + h_index * S_stride_h + e_index[None, :] * S_stride_e,
                mask=(n_index < size_n)[:, None] & (e_index < size_e)[None, :],
                other=0.0,
            )
            d_out_f32 = d_out.to(tl.float32)
            mul_n_e = S * d_out_f32[None, :]
            tile_sum = tl.sum(mul_n_e, 1)
            next_acc_h_e = acc_h_e + tile_sum
            # src[linear.diag:19]
            buffer_1 = tl.load(
                buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[:, None] * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index[None, :] * buffer_1_stride_e,
                mask=(n_index < size_n)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
                other=0.0,
            )
            add_n_e = buffer_1 + (C.to(tl.float32)[:, None] * d_out_f32[None, :])
            # src[linear.diag:21]
            X = tl.load(
                X_ptr + h_index * X_stride_h + t_index * X_stride_t + e_index * X_stride_e,
                mask=(e_index < size_e),
                other=0.0,
            )
            mul_n_e_2 = (step * X.to(tl.float32))[None, :] * add_n_e
            tile_sum_2 = tl.sum(mul_n_e_2, 1)
            next_acc_h_e_2 = acc_h_e_2 + tile_sum_2
            acc_h_e = next_acc_h_e
            acc_h_e_2 = next_acc_h_e_2
    tl.store(
        d_C_ptr + t_index * d_C_stride_t + n_index * d_C_stride_n,
        acc_h_e.to(tl.bfloat16),
        mask=(n_index < size_n),
    )
    tl.store(
        d_B_ptr + t_index * d_B_stride_t + n_index * d_B_stride_n,
        acc_h_e_2.to(tl.bfloat16),
        mask=(n_index < size_n),
    )


@triton.jit
def ssd_backward_d_X_rows_kernel(
    C_ptr, B_ptr, dt_ptr, D_ptr, d_out_ptr, buffer_1_ptr, d_X_ptr, C_stride_t, C_stride_n, B_stride_t,
    B_stride_n, dt_stride_h, dt_stride_t, D_stride_h, d_out_stride_h, d_out_stride_t, d_out_stride_e,
    buffer_1_stride_t, buffer_1_stride_n, buffer_1_stride_h, buffer_1_stride_e, d_X_stride_h, d_X_stride_t,
    d_X_stride_e, size_t, size_n, size_h, size_e, BLOCK_N: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    n_index = tl.arange(0, BLOCK_N)
    d_out = tl.load(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[linear.diag:24]
    D = tl.load(D_ptr + h_index * D_stride_h)
    d_out_f32 = d_out.to(tl.float32)
    # src[linear.diag:22]
    dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
    # src[linear.diag:26]
    # src[linear.diag:19]
    C = load_tile(C_ptr + t_index * C_stride_t + n_index * C_stride_n, (n_index < size_n), 0.0, EXACT_N)
    buffer_1 = tl.load(
        buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[None, :] * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index[:, None] * buffer_1_stride_e,
        mask=(n_index < size_n)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    add_e_n = buffer_1 + (C.to(tl.float32)[None, :] * d_out_f32[:, None])
    # src[linear.diag:20]
    B = load_tile(B_ptr + t_index * B_stride_t + n_index * B_stride_n, (n_index < size_n), 0.0, EXACT_N)
    mul_e_n = B.to(tl.float32)[None, :] * add_e_n
    sum_ = tl.sum(mul_e_n, 1)
    tile_bf16 = ((sum_ * softplus(dt)) + (D * d_out_f32)).to(tl.bfloat16)
    tl.store(
        d_X_ptr + h_index * d_X_stride_h + t_index * d_X_stride_t + e_index * d_X_stride_e,
        tile_bf16,
        mask=(e_index < size_e),
    )


@triton.jit
def ssd_backward_d_X_kernel(
    C_ptr, B_ptr, dt_ptr, D_ptr, d_out_ptr, buffer_1_ptr, d_X_ptr, C_stride_t, C_stride_n, B_stride_t,
    B_stride_n, dt_stride_h, dt_stride_t, D_stride_h, d_out_stride_h, d_out_stride_t, d_out_stride_e,
    buffer_1_stride_t, buffer_1_stride_n, buffer_1_stride_h, buffer_1_stride_e, d_X_stride_h, d_X_stride_t,
    d_X_stride_e, size_t, size_n, size_h, size_e, BLOCK_N: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_n = tl.full([BLOCK_E], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        # src[linear.diag:19]
        C = tl.load(C_ptr + t_index * C_stride_t + n_index * C_stride_n)
        mul_e_n = C.to(tl.float32)[None, :] * d_out.to(tl.float32)[:, None]
        buffer_1 = tl.load(
            buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[None, :] * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index[:, None] * buffer_1_stride_e,
            mask=(e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        # src[linear.diag:20]
        B = tl.load(B_ptr + t_index * B_stride_t + n_index * B_stride_n)
        mul_e_n_2 = B.to(tl.float32)[None, :] * (buffer_1 + mul_e_n)
        tile_sum = tl.sum(mul_e_n_2, 1)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        # src[linear.diag:19]
        C = tl.load(C_ptr + t_index * C_stride_t + n_index * C_stride_n, mask=(n_index < size_n), other=0.0)
        mul_e_n = C.to(tl.float32)[None, :] * d_out.to(tl.float32)[:, None]
        buffer_1 = tl.load(
            buffer_1_ptr + (t_index + 1) * buffer_1_stride_t + n_index[None, :] * buffer_1_stride_n + h_index * buffer_1_stride_h + e_index[:, None] * buffer_1_stride_e,
            mask=(n_index < size_n)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        # src[linear.diag:20]
        B = tl.load(B_ptr + t_index * B_stride_t + n_index * B_stride_n, mask=(n_index < size_n), other=0.0)
        mul_e_n_2 = B.to(tl.float32)[None, :] * (buffer_1 + mul_e_n)
        tile_sum = tl.sum(mul_e_n_2, 1)
        next_acc_n = acc_n + tile_sum
        acc_n = next_acc_n
    # src[linear.diag:24]
    D = tl.load(D_ptr + h_index * D_stride_h)
    # src[linear.diag:22]
    dt = tl.load(dt_ptr + h_index * dt_stride_h + t_index * dt_stride_t)
    # src[linear.diag:26]
    add_e = (acc_n * softplus(dt)) + (D * d_out.to(tl.float32))
    tl.store(
        d_X_ptr + h_index * d_X_stride_h + t_index * d_X_stride_t + e_index * d_X_stride_e,
        add_e.to(tl.bfloat16),
        mask=(e_index < size_e),
    )


@triton.jit
def ssd_backward_d_A_rows_kernel(
    dt_ptr, A_ptr, buffer_3_ptr, d_A_ptr, dt_stride_h, dt_stride_t, A_stride_h, buffer_3_stride_t,
    buffer_3_stride_h, d_A_stride_h, size_h, size_t, BLOCK_T: tl.constexpr, BLOCK_H: tl.constexpr,
    EXACT_T: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    t_index = tl.arange(0, BLOCK_T)
    # src[linear.diag:22]
    dt = tl.load(
        dt_ptr + h_index[:, None] * dt_stride_h + t_index[None, :] * dt_stride_t,
        mask=(h_index < size_h)[:, None] & (t_index < size_t)[None, :],
        other=0.0,
    )
    # src[linear.diag:26]
    step = softplus(dt)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h, mask=(h_index < size_h), other=0.0)
    # src[linear.diag:27]
    mul_h_t = (-1.4426950408889634 * tl.abs(A))[:, None] * step
    mul_h_t_2 = tl.where((t_index < size_t)[None, :], mul_h_t, float("-inf"))
    buffer_3 = tl.load(
        buffer_3_ptr + t_index[None, :] * buffer_3_stride_t + h_index[:, None] * buffer_3_stride_h,
        mask=(t_index < size_t)[None, :] & (h_index < size_h)[:, None],
        other=0.0,
    )
    mul_h_t_3 = (buffer_3 * step) * tl.exp2(mul_h_t_2)
    sum_ = tl.sum(mul_h_t_3, 1)
    tl.store(d_A_ptr + h_index * d_A_stride_h, ((-1.0 * sign(A)) * sum_), mask=(h_index < size_h))


@triton.jit
def ssd_backward_d_A_kernel(
    dt_ptr, A_ptr, buffer_3_ptr, d_A_ptr, dt_stride_h, dt_stride_t, A_stride_h, buffer_3_stride_t,
    buffer_3_stride_h, d_A_stride_h, size_h, size_t, BLOCK_T: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    acc_t = tl.full([BLOCK_H], 0.0, tl.float32)
    # src[linear.diag:23]
    A = tl.load(A_ptr + h_index * A_stride_h, mask=(h_index < size_h), other=0.0)
    # src[linear.diag:27]
    abs_h = tl.abs(A)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[linear.diag:22]
        dt = tl.load(
            dt_ptr + h_index[:, None] * dt_stride_h + t_index[None, :] * dt_stride_t,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        # src[linear.diag:26]
        step = softplus(dt)
        # src[linear.diag:27]
        exp2_h_t = tl.exp2((-1.4426950408889634 * abs_h)[:, None] * step)
        buffer_3 = tl.load(
            buffer_3_ptr + t_index[None, :] * buffer_3_stride_t + h_index[:, None] * buffer_3_stride_h,
            mask=(h_index < size_h)[:, None],
            other=0.0,
        )
        mul_h_t = (buffer_3 * step) * exp2_h_t
        tile_sum = tl.sum(mul_h_t, 1)
        next_acc_t = acc_t + tile_sum
        acc_t = next_acc_t
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[linear.diag:22]
        dt = tl.load(
            dt_ptr + h_index[:, None] * dt_stride_h + t_index[None, :] * dt_stride_t,
            mask=(h_index < size_h)[:, None] & (t_index < size_t)[None, :],
            other=0.0,
        )
        # src[linear.diag:26]
        step = softplus(dt)
        mul_h_t = tl.where((t_index < size_t)[None, :], (-1.4426950408889634 * abs_h)[:, None] * step, float("-inf"))
        # src[linear.diag:27]
        buffer_3 = tl.load(
            buffer_3_ptr + t_index[None, :] * buffer_3_stride_t + h_index[:, None] * buffer_3_stride_h,
            mask=(t_index < size_t)[None, :] & (h_index < size_h)[:, None],
            other=0.0,
        )
        mul_h_t_2 = (buffer_3 * step) * tl.exp2(mul_h_t)
        tile_sum = tl.sum(mul_h_t_2, 1)
        next_acc_t = acc_t + tile_sum
        acc_t = next_acc_t
    tl.store(d_A_ptr + h_index * d_A_stride_h, ((-1.0 * sign(A)) * acc_t), mask=(h_index < size_h))


@_operator
def _ssd(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    D: torch.Tensor,
) -> torch.Tensor:
    """_ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("A", A, torch.float32, 1, C.device)
    _check("D", D, torch.float32, 1, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=C.device)
    if _is_traced(out):
        return out
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N > 256:
        raise ValueError(f"n = {BLOCK_N}: at most 256 elements are held on chip")
    if BLOCK_N <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_N <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    ssd_kernel[grid](
        C, B, X, dt, A, D, out, C.stride(0), C.stride(1), B.stride(0), B.stride(1), X.stride(0), X.stride(1),
        X.stride(2), dt.stride(0), dt.stride(1), A.stride(0), D.stride(0), out.stride(0), out.stride(1),
        out.stride(2), t, n, h, e, BLOCK_T=BLOCK_T, BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, EXACT_N=n == BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _ssd_forward(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    D: torch.Tensor,
) -> torch.Tensor:
    """_ssd_forward(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> out: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("A", A, torch.float32, 1, C.device)
    _check("D", D, torch.float32, 1, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    out = torch.empty((h, t, e), dtype=torch.bfloat16, device=C.device)
    if _is_traced(out):
        return out
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N > 256:
        raise ValueError(f"n = {BLOCK_N}: at most 256 elements are held on chip")
    if BLOCK_N <= 64:
        BLOCK_E, BLOCK_T, warps, stages = 64, 16, 8, 1
    elif BLOCK_N <= 128:
        BLOCK_E, BLOCK_T, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_E, BLOCK_T, warps, stages = 32, 16, 8, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    ssd_forward_kernel[grid](
        C, B, X, dt, A, D, out, C.stride(0), C.stride(1), B.stride(0), B.stride(1), X.stride(0), X.stride(1),
        X.stride(2), dt.stride(0), dt.stride(1), A.stride(0), D.stride(0), out.stride(0), out.stride(1),
        out.stride(2), t, n, h, e, BLOCK_T=BLOCK_T, BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, EXACT_N=n == BLOCK_N,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _ssd_backward_buffer_0_S(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    d_out: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_ssd_backward_buffer_0_S(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], d_out: bf16[h t e]) -> buffer_0: f32[t n h e], S: f32[t n h e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("A", A, torch.float32, 1, C.device)
    _check("d_out", d_out, torch.bfloat16, 3, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    buffer_0 = torch.empty((t, n, h, e), dtype=torch.float32, device=C.device)
    S = torch.empty((t, n, h, e), dtype=torch.float32, device=C.device)
    if _is_traced(buffer_0):
        return buffer_0, S
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (n * h * triton.cdiv(e, BLOCK_E),)
    ssd_backward_buffer_0_S_kernel[grid](
        C, B, X, dt, A, d_out, buffer_0, S, C.stride(0), C.stride(1), B.stride(0), B.stride(1), X.stride(0),
        X.stride(1), X.stride(2), dt.stride(0), dt.stride(1), A.stride(0), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        S.stride(0), S.stride(1), S.stride(2), S.stride(3), t, n, h, e, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0, S


@_operator
def _ssd_backward_d_D(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_ssd_backward_d_D(X: bf16[h t e], d_out: bf16[h t e]) -> d_D: f32[h]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    h, t, e = X.shape
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    d_D = torch.empty((h,), dtype=torch.float32, device=X.device)
    if _is_traced(d_D):
        return d_D
    BLOCK_T = max(16, triton.next_power_of_2(t))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_T * BLOCK_E <= 16384:
        if BLOCK_T * BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_T * BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (h,)
        ssd_backward_d_D_rows_kernel[grid](
            X, d_out, d_D, X.stride(0), X.stride(1), X.stride(2), d_out.stride(0), d_out.stride(1),
            d_out.stride(2), d_D.stride(0), h, t, e, BLOCK_T=BLOCK_T, BLOCK_E=BLOCK_E, EXACT_T=t == BLOCK_T,
            EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return d_D
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (h,)
    ssd_backward_d_D_kernel[grid](
        X, d_out, d_D, X.stride(0), X.stride(1), X.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_D.stride(0), h, t, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_D


@_operator
def _ssd_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_ssd_backward_buffer_1(buffer_0: f32[t n h e]) -> buffer_1: f32[t n h e]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 4, buffer_0.device)
    t, n, h, e = buffer_0.shape
    buffer_1 = torch.empty((t, n, h, e), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (t * n * h * triton.cdiv(e, BLOCK_E),)
    ssd_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), t, n, h, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _ssd_backward_buffer_3_d_dt(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    d_out: torch.Tensor,
    S: torch.Tensor,
    buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_ssd_backward_buffer_3_d_dt(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], d_out: bf16[h t e], S: f32[t n h e], buffer_1: f32[t n h e]) -> buffer_3: f32[t h], d_dt: f32[h t]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("A", A, torch.float32, 1, C.device)
    _check("d_out", d_out, torch.bfloat16, 3, C.device)
    _check("S", S, torch.float32, 4, C.device)
    _check("buffer_1", buffer_1, torch.float32, 4, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if S.shape != (t, n, h, e):
        raise ValueError(f"S: f32[t n h e] has shape {S.shape}, expected {(t, n, h, e)}")
    if buffer_1.shape != (t, n, h, e):
        raise ValueError(f"buffer_1: f32[t n h e] has shape {buffer_1.shape}, expected {(t, n, h, e)}")
    buffer_3 = torch.empty((t, h), dtype=torch.float32, device=C.device)
    d_dt = torch.empty((h, t), dtype=torch.float32, device=C.device)
    if _is_traced(buffer_3):
        return buffer_3, d_dt
    BLOCK_N = max(16, triton.next_power_of_2(n))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_N * BLOCK_E <= 16384:
        if BLOCK_N * BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_N * BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (t * h,)
        ssd_backward_buffer_3_d_dt_rows_kernel[grid](
            C, B, X, dt, A, d_out, S, buffer_1, buffer_3, d_dt, C.stride(0), C.stride(1), B.stride(0),
            B.stride(1), X.stride(0), X.stride(1), X.stride(2), dt.stride(0), dt.stride(1), A.stride(0),
            d_out.stride(0), d_out.stride(1), d_out.stride(2), S.stride(0), S.stride(1), S.stride(2),
            S.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
            buffer_3.stride(0), buffer_3.stride(1), d_dt.stride(0), d_dt.stride(1), t, n, h, e,
            BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, EXACT_N=n == BLOCK_N, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_3, d_dt
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (t * h,)
    ssd_backward_buffer_3_d_dt_kernel[grid](
        C, B, X, dt, A, d_out, S, buffer_1, buffer_3, d_dt, C.stride(0), C.stride(1), B.stride(0),
        B.stride(1), X.stride(0), X.stride(1), X.stride(2), dt.stride(0), dt.stride(1), A.stride(0),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), S.stride(0), S.stride(1), S.stride(2), S.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), buffer_3.stride(0),
        buffer_3.stride(1), d_dt.stride(0), d_dt.stride(1), t, n, h, e, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return buffer_3, d_dt


@_operator
def _ssd_backward_d_C_d_B(
    C: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    d_out: torch.Tensor,
    S: torch.Tensor,
    buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_ssd_backward_d_C_d_B(C: bf16[t n], X: bf16[h t e], dt: f32[h t], d_out: bf16[h t e], S: f32[t n h e], buffer_1: f32[t n h e]) -> d_C: bf16[t n], d_B: bf16[t n]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("X", X, torch.bfloat16, 3, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("d_out", d_out, torch.bfloat16, 3, C.device)
    _check("S", S, torch.float32, 4, C.device)
    _check("buffer_1", buffer_1, torch.float32, 4, C.device)
    t, n = C.shape
    h, _, e = X.shape
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if S.shape != (t, n, h, e):
        raise ValueError(f"S: f32[t n h e] has shape {S.shape}, expected {(t, n, h, e)}")
    if buffer_1.shape != (t, n, h, e):
        raise ValueError(f"buffer_1: f32[t n h e] has shape {buffer_1.shape}, expected {(t, n, h, e)}")
    d_C = torch.empty((t, n), dtype=torch.bfloat16, device=C.device)
    d_B = torch.empty((t, n), dtype=torch.bfloat16, device=C.device)
    if _is_traced(d_C):
        return d_C, d_B
    BLOCK_H = max(16, triton.next_power_of_2(h))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_H * BLOCK_E <= 1024:
        if BLOCK_H * BLOCK_E <= 256:
            BLOCK_N, warps, stages = 8, 4, 1
        else:
            BLOCK_N, warps, stages = 8, 8, 1
        grid = (t * triton.cdiv(n, BLOCK_N),)
        ssd_backward_d_C_d_B_rows_kernel[grid](
            C, X, dt, d_out, S, buffer_1, d_C, d_B, C.stride(0), C.stride(1), X.stride(0), X.stride(1),
            X.stride(2), dt.stride(0), dt.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2),
            S.stride(0), S.stride(1), S.stride(2), S.stride(3), buffer_1.stride(0), buffer_1.stride(1),
            buffer_1.stride(2), buffer_1.stride(3), d_C.stride(0), d_C.stride(1), d_B.stride(0),
            d_B.stride(1), t, n, h, e, BLOCK_H=BLOCK_H, BLOCK_E=BLOCK_E, BLOCK_N=BLOCK_N,
            EXACT_H=h == BLOCK_H, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return d_C, d_B
    BLOCK_E, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (t * triton.cdiv(n, BLOCK_N),)
    ssd_backward_d_C_d_B_kernel[grid](
        C, X, dt, d_out, S, buffer_1, d_C, d_B, C.stride(0), C.stride(1), X.stride(0), X.stride(1),
        X.stride(2), dt.stride(0), dt.stride(1), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        S.stride(0), S.stride(1), S.stride(2), S.stride(3), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), d_C.stride(0), d_C.stride(1), d_B.stride(0), d_B.stride(1), t,
        n, h, e, BLOCK_E=BLOCK_E, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_C, d_B


@_operator
def _ssd_backward_d_X(
    C: torch.Tensor,
    B: torch.Tensor,
    dt: torch.Tensor,
    D: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_ssd_backward_d_X(C: bf16[t n], B: bf16[t n], dt: f32[h t], D: f32[h], d_out: bf16[h t e], buffer_1: f32[t n h e]) -> d_X: bf16[h t e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 2, C.device)
    _check("B", B, torch.bfloat16, 2, C.device)
    _check("dt", dt, torch.float32, 2, C.device)
    _check("D", D, torch.float32, 1, C.device)
    _check("d_out", d_out, torch.bfloat16, 3, C.device)
    _check("buffer_1", buffer_1, torch.float32, 4, C.device)
    t, n = C.shape
    h, _ = dt.shape
    _, _, e = d_out.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if buffer_1.shape != (t, n, h, e):
        raise ValueError(f"buffer_1: f32[t n h e] has shape {buffer_1.shape}, expected {(t, n, h, e)}")
    d_X = torch.empty((h, t, e), dtype=torch.bfloat16, device=C.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_N = max(16, triton.next_power_of_2(n))
    if BLOCK_N <= 1024:
        if BLOCK_N <= 16:
            BLOCK_E, warps, stages = 256, 4, 1
        elif BLOCK_N <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_N <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (h * t * triton.cdiv(e, BLOCK_E),)
        ssd_backward_d_X_rows_kernel[grid](
            C, B, dt, D, d_out, buffer_1, d_X, C.stride(0), C.stride(1), B.stride(0), B.stride(1),
            dt.stride(0), dt.stride(1), D.stride(0), d_out.stride(0), d_out.stride(1), d_out.stride(2),
            buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), d_X.stride(0),
            d_X.stride(1), d_X.stride(2), t, n, h, e, BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, EXACT_N=n == BLOCK_N,
            num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_N, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (h * t * triton.cdiv(e, BLOCK_E),)
    ssd_backward_d_X_kernel[grid](
        C, B, dt, D, d_out, buffer_1, d_X, C.stride(0), C.stride(1), B.stride(0), B.stride(1), dt.stride(0),
        dt.stride(1), D.stride(0), d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), d_X.stride(0), d_X.stride(1),
        d_X.stride(2), t, n, h, e, BLOCK_N=BLOCK_N, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _ssd_backward_d_A(dt: torch.Tensor, A: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_ssd_backward_d_A(dt: f32[h t], A: f32[h], buffer_3: f32[t h]) -> d_A: f32[h]. Any strides; sizes are read off the shapes."""
    _check("dt", dt, torch.float32, 2, dt.device)
    _check("A", A, torch.float32, 1, dt.device)
    _check("buffer_3", buffer_3, torch.float32, 2, dt.device)
    h, t = dt.shape
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if buffer_3.shape != (t, h):
        raise ValueError(f"buffer_3: f32[t h] has shape {buffer_3.shape}, expected {(t, h)}")
    d_A = torch.empty((h,), dtype=torch.float32, device=dt.device)
    if _is_traced(d_A):
        return d_A
    BLOCK_T = max(16, triton.next_power_of_2(t))
    if BLOCK_T <= 1024:
        if BLOCK_T <= 16:
            BLOCK_H, warps, stages = 256, 4, 1
        elif BLOCK_T <= 64:
            BLOCK_H, warps, stages = 64, 4, 1
        elif BLOCK_T <= 256:
            BLOCK_H, warps, stages = 16, 4, 1
        else:
            BLOCK_H, warps, stages = 8, 8, 1
        grid = (triton.cdiv(h, BLOCK_H),)
        ssd_backward_d_A_rows_kernel[grid](
            dt, A, buffer_3, d_A, dt.stride(0), dt.stride(1), A.stride(0), buffer_3.stride(0),
            buffer_3.stride(1), d_A.stride(0), h, t, BLOCK_T=BLOCK_T, BLOCK_H=BLOCK_H, EXACT_T=t == BLOCK_T,
            num_warps=warps, num_stages=stages,
        )
        return d_A
    BLOCK_T, BLOCK_H, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(h, BLOCK_H),)
    ssd_backward_d_A_kernel[grid](
        dt, A, buffer_3, d_A, dt.stride(0), dt.stride(1), A.stride(0), buffer_3.stride(0), buffer_3.stride(1),
        d_A.stride(0), h, t, BLOCK_T=BLOCK_T, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return d_A


class _ssd_autograd(torch.autograd.Function):
    """ssd and its derivative."""

    @staticmethod
    def forward(ctx, C, B, X, dt, A, D):
        out = _ssd_forward(C, B, X, dt, A, D)
        ctx.save_for_backward(C, B, X, dt, A, D)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        C, B, X, dt, A, D = ctx.saved_tensors
        buffer_0, S = _ssd_backward_buffer_0_S(C, B, X, dt, A, d_out)
        d_D = _ssd_backward_d_D(X, d_out)
        buffer_1 = _ssd_backward_buffer_1(buffer_0)
        buffer_3, d_dt = _ssd_backward_buffer_3_d_dt(C, B, X, dt, A, d_out, S, buffer_1)
        d_C, d_B = _ssd_backward_d_C_d_B(C, X, dt, d_out, S, buffer_1)
        d_X = _ssd_backward_d_X(C, B, dt, D, d_out, buffer_1)
        d_A = _ssd_backward_d_A(dt, A, buffer_3)
        return d_C, d_B, d_X, d_dt, d_A, d_D


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32, torch.float32, torch.float32)
def ssd(
    C: torch.Tensor,
    B: torch.Tensor,
    X: torch.Tensor,
    dt: torch.Tensor,
    A: torch.Tensor,
    D: torch.Tensor,
) -> torch.Tensor:
    """ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> out: bf16[h t e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (C, B, X, dt, A, D)):
        if n <= 256:
            return _ssd_autograd.apply(C, B, X, dt, A, D)
        raise ValueError("ssd: gradients are made for sizes whose tiles are held on chip")
    out = _ssd(C, B, X, dt, A, D)
    return out


@triton.jit
def gated_delta_buffer_0_rows_kernel(
    K_ptr, buffer_0_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_0_stride_h, buffer_0_stride_t, size_h,
    size_t, size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[linear.diag:34]
    K = load_tile(
        K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    # src[linear.diag:39]
    mul_d = K * K
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t, tl.rsqrt(1e-06 + sum_))


@triton.jit
def gated_delta_buffer_0_kernel(
    K_ptr, buffer_0_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_0_stride_h, buffer_0_stride_t, size_h,
    size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d)
        # src[linear.diag:39]
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[linear.diag:39]
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    # src[linear.diag:39]
    tl.store(
        buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t,
        tl.rsqrt(1e-06 + acc_d),
    )


@triton.jit
def gated_delta_out_kernel(
    Q_ptr, K_ptr, V_ptr, beta_ptr, gate_ptr, buffer_0_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_h, K_stride_t, K_stride_d, V_stride_h, V_stride_t, V_stride_e, beta_stride_h, beta_stride_t,
    gate_stride_h, gate_stride_t, buffer_0_stride_h, buffer_0_stride_t, out_stride_h, out_stride_t,
    out_stride_e, size_h, size_t, size_d, size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    for t_index in tl.range(0, size_t):
        buffer_0 = tl.load(buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t)
        # src[linear.diag:35]
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        # src[linear.diag:34]
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        # src[linear.diag:36]
        beta = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
        # src[linear.diag:42]
        sigmoid = tl.sigmoid(beta)
        mul_e_d = ((sigmoid * buffer_0) * K)[None, :] * V[:, None]
        # src[linear.diag:39]
        mul_e_d_2 = (K * buffer_0)[None, :] * state
        sum_ = tl.sum(mul_e_d_2, 1)
        # src[linear.diag:42]
        mul_e_d_3 = ((sigmoid * buffer_0) * K)[None, :] * sum_[:, None]
        safe_ = tl.where(mul_e_d_3 == float("-inf"), 0.0, mul_e_d_3)
        # src[linear.diag:37]
        gate = tl.load(gate_ptr + h_index * gate_stride_h + t_index * gate_stride_t)
        # src[linear.diag:42]
        add_e_d = (tl.sigmoid(gate) * (state - safe_)) + mul_e_d
        # src[linear.diag:33]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        mul_e_d_4 = Q[None, :] * add_e_d
        sum_2 = tl.sum(mul_e_d_4, 1)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index * out_stride_t + e_index * out_stride_e,
            sum_2,
            mask=(e_index < size_e),
        )
        state = add_e_d


@triton.jit
def gated_delta_forward_state_rows_kernel(
    K_ptr, state_ptr, K_stride_h, K_stride_t, K_stride_d, state_stride_h, state_stride_t, size_h, size_t,
    size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[linear.diag:34]
    K = load_tile(
        K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    # src[linear.diag:39]
    mul_d = K * K
    sum_ = tl.sum(mul_d, 0)
    tl.store(state_ptr + h_index * state_stride_h + t_index * state_stride_t, sum_)


@triton.jit
def gated_delta_forward_state_kernel(
    K_ptr, state_ptr, K_stride_h, K_stride_t, K_stride_d, state_stride_h, state_stride_t, size_h, size_t,
    size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d)
        # src[linear.diag:39]
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[linear.diag:39]
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(state_ptr + h_index * state_stride_h + t_index * state_stride_t, acc_d)


@triton.jit
def gated_delta_forward_out_kernel(
    Q_ptr, K_ptr, V_ptr, beta_ptr, gate_ptr, state_ptr, out_ptr, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_h, K_stride_t, K_stride_d, V_stride_h, V_stride_t, V_stride_e, beta_stride_h, beta_stride_t,
    gate_stride_h, gate_stride_t, state_stride_h, state_stride_t, out_stride_h, out_stride_t, out_stride_e,
    size_h, size_t, size_d, size_e, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    for t_index in tl.range(0, size_t):
        # src[linear.diag:33]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        # src[linear.diag:34]
        K = load_tile(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        # src[linear.diag:35]
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        # src[linear.diag:36]
        beta = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
        # src[linear.diag:42]
        sigmoid = tl.sigmoid(beta)
        state_2 = tl.load(state_ptr + h_index * state_stride_h + t_index * state_stride_t)
        # src[linear.diag:39]
        rsqrt = tl.rsqrt(1e-06 + state_2)
        # src[linear.diag:42]
        # src[linear.diag:39]
        mul_e_d = (rsqrt * K)[None, :] * state
        sum_ = tl.sum(mul_e_d, 1)
        # src[linear.diag:42]
        mul_e_d_2 = ((rsqrt * sigmoid) * K)[None, :] * sum_[:, None]
        safe_ = tl.where(mul_e_d_2 == float("-inf"), 0.0, mul_e_d_2)
        # src[linear.diag:37]
        gate = tl.load(gate_ptr + h_index * gate_stride_h + t_index * gate_stride_t)
        # src[linear.diag:42]
        add_e_d = (tl.sigmoid(gate) * (state - safe_)) + (((rsqrt * sigmoid) * V)[:, None] * K[None, :])
        add_e_d_2 = tl.where((d_index < size_d)[None, :], add_e_d, 0.0)
        mul_e_d_3 = add_e_d_2 * Q[None, :]
        sum_2 = tl.sum(mul_e_d_3, 1)
        tl.store(
            out_ptr + h_index * out_stride_h + t_index * out_stride_t + e_index * out_stride_e,
            sum_2,
            mask=(e_index < size_e),
        )
        state = add_e_d_2


@triton.jit
def gated_delta_backward_buffer_3_rows_kernel(
    K_ptr, buffer_3_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_3_stride_h, buffer_3_stride_t, size_h,
    size_t, size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    K = load_tile(
        K_ptr + h_index * K_stride_h + (-1 * t_index + (-1 + size_t)) * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_d = K * K
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t, tl.rsqrt(1e-06 + sum_))


@triton.jit
def gated_delta_backward_buffer_3_kernel(
    K_ptr, buffer_3_ptr, K_stride_h, K_stride_t, K_stride_d, buffer_3_stride_h, buffer_3_stride_t, size_h,
    size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        K = tl.load(
            K_ptr + h_index * K_stride_h + (-1 * t_index + (-1 + size_t)) * K_stride_t + d_index * K_stride_d,
        )
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        K = tl.load(
            K_ptr + h_index * K_stride_h + (-1 * t_index + (-1 + size_t)) * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = K * K
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t,
        tl.rsqrt(1e-06 + acc_d),
    )


@triton.jit
def gated_delta_backward_buffer_0_buffer_2_kernel(
    Q_ptr, K_ptr, V_ptr, beta_ptr, gate_ptr, d_out_ptr, state_ptr, buffer_3_ptr, buffer_0_ptr, buffer_2_ptr,
    Q_stride_h, Q_stride_t, Q_stride_d, K_stride_h, K_stride_t, K_stride_d, V_stride_h, V_stride_t,
    V_stride_e, beta_stride_h, beta_stride_t, gate_stride_h, gate_stride_t, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, state_stride_h, state_stride_t, buffer_3_stride_h, buffer_3_stride_t, buffer_0_stride_h,
    buffer_0_stride_t, buffer_0_stride_d, buffer_0_stride_e, buffer_2_stride_h, buffer_2_stride_t,
    buffer_2_stride_d, buffer_2_stride_e, size_h, size_t, size_d, size_e, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    state_2 = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    for t_index in tl.range(0, size_t):
        buffer_3 = tl.load(buffer_3_ptr + h_index * buffer_3_stride_h + t_index * buffer_3_stride_t)
        K = load_tile(
            K_ptr + h_index * K_stride_h + (-1 * t_index + (-1 + size_t)) * K_stride_t + d_index * K_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        beta = tl.load(beta_ptr + h_index * beta_stride_h + (-1 * t_index + (-1 + size_t)) * beta_stride_t)
        gate = tl.load(gate_ptr + h_index * gate_stride_h + (-1 * t_index + (-1 + size_t)) * gate_stride_t)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + (-1 * t_index + (-1 + size_t)) * Q_stride_t + d_index * Q_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        mul_e_d = (state + (Q[None, :] * d_out[:, None])) * tl.sigmoid(gate)
        mul_e_d_2 = (mul_e_d * -1.0) * ((buffer_3 * tl.sigmoid(beta)) * K)[None, :]
        sum_ = tl.sum(mul_e_d_2, 1)
        add_e_d = mul_e_d + (sum_[:, None] * (K * buffer_3)[None, :])
        tl.store(
            buffer_0_ptr + h_index * buffer_0_stride_h + t_index * buffer_0_stride_t + d_index[None, :] * buffer_0_stride_d + e_index[:, None] * buffer_0_stride_e,
            add_e_d,
            mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None],
        )
        state_3 = tl.load(state_ptr + h_index * state_stride_h + t_index * state_stride_t)
        # src[linear.diag:39]
        rsqrt = tl.rsqrt(1e-06 + state_3)
        # src[linear.diag:34]
        K_2 = load_tile(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            (d_index < size_d),
            0.0,
            EXACT_D,
        )
        # src[linear.diag:36]
        beta_2 = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
        # src[linear.diag:42]
        sigmoid = tl.sigmoid(beta_2)
        # src[linear.diag:35]
        V = tl.load(
            V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e_d_3 = ((sigmoid * rsqrt) * V)[:, None] * K_2[None, :]
        mul_e_d_4 = (K_2 * rsqrt)[None, :] * state_2
        sum_2 = tl.sum(mul_e_d_4, 1)
        mul_e_d_5 = ((sigmoid * rsqrt) * K_2)[None, :] * sum_2[:, None]
        safe_ = tl.where(mul_e_d_5 == float("-inf"), 0.0, mul_e_d_5)
        # src[linear.diag:37]
        gate_2 = tl.load(gate_ptr + h_index * gate_stride_h + t_index * gate_stride_t)
        # src[linear.diag:42]
        add_e_d_2 = (tl.sigmoid(gate_2) * (state_2 - safe_)) + mul_e_d_3
        tl.store(
            buffer_2_ptr + h_index * buffer_2_stride_h + t_index * buffer_2_stride_t + d_index[None, :] * buffer_2_stride_d + e_index[:, None] * buffer_2_stride_e,
            add_e_d_2,
            mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None],
        )
        state = add_e_d
        state_2 = add_e_d_2


@triton.jit
def gated_delta_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_h, buffer_0_stride_t, buffer_0_stride_d, buffer_0_stride_e,
    buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, size_h, size_t, size_d,
    size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    d_index = (program % size_d).to(tl.int64)
    program = program // size_d
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + h_index * buffer_0_stride_h + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d + e_index * buffer_0_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + h_index * buffer_1_stride_h + t_index * buffer_1_stride_t + d_index * buffer_1_stride_d + e_index * buffer_1_stride_e,
        buffer_0,
        mask=(e_index < size_e),
    )


@triton.jit
def gated_delta_backward_d_Q_rows_kernel(
    d_out_ptr, buffer_2_ptr, d_Q_ptr, d_out_stride_h, d_out_stride_t, d_out_stride_e, buffer_2_stride_h,
    buffer_2_stride_t, buffer_2_stride_d, buffer_2_stride_e, d_Q_stride_h, d_Q_stride_t, d_Q_stride_d, size_h,
    size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    buffer_2 = tl.load(
        buffer_2_ptr + h_index * buffer_2_stride_h + t_index * buffer_2_stride_t + d_index[:, None] * buffer_2_stride_d + e_index[None, :] * buffer_2_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    d_out = load_tile(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_d_e = d_out[None, :] * buffer_2
    sum_ = tl.sum(mul_d_e, 1)
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + t_index * d_Q_stride_t + d_index * d_Q_stride_d,
        sum_,
        mask=(d_index < size_d),
    )


@triton.jit
def gated_delta_backward_d_Q_kernel(
    d_out_ptr, buffer_2_ptr, d_Q_ptr, d_out_stride_h, d_out_stride_t, d_out_stride_e, buffer_2_stride_h,
    buffer_2_stride_t, buffer_2_stride_d, buffer_2_stride_e, d_Q_stride_h, d_Q_stride_t, d_Q_stride_d, size_h,
    size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_D], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        buffer_2 = tl.load(
            buffer_2_ptr + h_index * buffer_2_stride_h + t_index * buffer_2_stride_t + d_index[:, None] * buffer_2_stride_d + e_index[None, :] * buffer_2_stride_e,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        )
        mul_d_e = d_out[None, :] * buffer_2
        tile_sum = tl.sum(mul_d_e, 1)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        buffer_2 = tl.load(
            buffer_2_ptr + h_index * buffer_2_stride_h + t_index * buffer_2_stride_t + d_index[:, None] * buffer_2_stride_d + e_index[None, :] * buffer_2_stride_e,
            mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_d_e = d_out[None, :] * buffer_2
        tile_sum = tl.sum(mul_d_e, 1)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + t_index * d_Q_stride_t + d_index * d_Q_stride_d,
        acc_e,
        mask=(d_index < size_d),
    )


@triton.jit
def gated_delta_backward_d_K_d_beta_d_gate_kernel(
    Q_ptr, K_ptr, V_ptr, beta_ptr, gate_ptr, d_out_ptr, state_ptr, buffer_1_ptr, buffer_2_ptr, d_K_ptr,
    d_beta_ptr, d_gate_ptr, Q_stride_h, Q_stride_t, Q_stride_d, K_stride_h, K_stride_t, K_stride_d,
    V_stride_h, V_stride_t, V_stride_e, beta_stride_h, beta_stride_t, gate_stride_h, gate_stride_t,
    d_out_stride_h, d_out_stride_t, d_out_stride_e, state_stride_h, state_stride_t, buffer_1_stride_h,
    buffer_1_stride_t, buffer_1_stride_d, buffer_1_stride_e, buffer_2_stride_h, buffer_2_stride_t,
    buffer_2_stride_d, buffer_2_stride_e, d_K_stride_h, d_K_stride_t, d_K_stride_d, d_beta_stride_h,
    d_beta_stride_t, d_gate_stride_h, d_gate_stride_t, size_h, size_t, size_d, size_e, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    state = tl.load(state_ptr + h_index * state_stride_h + t_index * state_stride_t)
    # src[linear.diag:39]
    rsqrt = tl.rsqrt(1e-06 + state)
    # src[linear.diag:34]
    K = load_tile(
        K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    # src[linear.diag:33]
    Q = load_tile(
        Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    d_out = load_tile(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    buffer_1 = tl.load(
        buffer_1_ptr + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[:, None] * buffer_1_stride_d + e_index[None, :] * buffer_1_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    add_d_e = buffer_1 + (d_out[None, :] * Q[:, None])
    buffer_2 = tl.load(
        buffer_2_ptr + h_index * buffer_2_stride_h + (t_index + -1) * buffer_2_stride_t + d_index[:, None] * buffer_2_stride_d + e_index[None, :] * buffer_2_stride_e,
        mask=(d_index < size_d)[:, None] & (e_index < size_e)[None, :] & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
        other=0,
    )
    where_d_e = tl.where(0 == t_index, 0.0, buffer_2)
    mul_d_e = K[:, None] * where_d_e
    sum_ = tl.sum(mul_d_e, 0)
    tile = tl.where(e_index < size_e, sum_, 0.0)
    mul_d_e_2 = tile[None, :] * add_d_e
    sum_2 = tl.sum(mul_d_e_2, 1)
    mul_d = sum_2 * K
    sum_3 = tl.sum(mul_d, 0)
    mul_d_e_3 = add_d_e * K[:, None]
    sum_4 = tl.sum(mul_d_e_3, 0)
    mul_d_e_4 = where_d_e * sum_4[None, :]
    sum_5 = tl.sum(mul_d_e_4, 1)
    mul_d_2 = K * sum_5
    sum_6 = tl.sum(mul_d_2, 0)
    # src[linear.diag:37]
    gate = tl.load(gate_ptr + h_index * gate_stride_h + t_index * gate_stride_t)
    # src[linear.diag:42]
    sigmoid = tl.sigmoid(gate)
    # src[linear.diag:35]
    V = load_tile(
        V_ptr + h_index * V_stride_h + t_index * V_stride_t + e_index * V_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_d_e_5 = (V[None, :] * K[:, None]) * add_d_e
    sum_7 = tl.sum(tl.sum(mul_d_e_5, 1), 0)
    scalar = (sum_7 - ((sigmoid * rsqrt) * (sum_6 + sum_3))) * rsqrt
    mul_d_3 = rsqrt * ((sigmoid * (sum_2 + sum_5)) + (scalar * K))
    mul_d_e_6 = V[None, :] * add_d_e
    sum_8 = tl.sum(mul_d_e_6, 1)
    # src[linear.diag:36]
    beta = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
    # src[linear.diag:42]
    sigmoid_2 = tl.sigmoid(beta)
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + t_index * d_K_stride_t + d_index * d_K_stride_d,
        ((sigmoid_2 * rsqrt) * (sum_8 - mul_d_3)),
        mask=(d_index < size_d),
    )
    mul = ((sigmoid_2 * (1.0 - sigmoid_2)) * rsqrt) * (sum_7 - ((sigmoid * sum_3) * rsqrt))
    tl.store(d_beta_ptr + h_index * d_beta_stride_h + t_index * d_beta_stride_t, mul)
    mul_d_e_7 = (((sigmoid_2 * rsqrt) * rsqrt) * tile)[None, :] * K[:, None]
    safe_ = tl.where(mul_d_e_7 == float("-inf"), 0.0, mul_d_e_7)
    sub_d_e = tl.where((e_index < size_e)[None, :], where_d_e - safe_, 0.0)
    sub_d_e_2 = tl.where((d_index < size_d)[:, None], sub_d_e, 0.0)
    mul_d_e_8 = sub_d_e_2 * add_d_e
    sum_9 = tl.sum(tl.sum(mul_d_e_8, 1), 0)
    tl.store(
        d_gate_ptr + h_index * d_gate_stride_h + t_index * d_gate_stride_t,
        ((sigmoid * (1.0 - sigmoid)) * sum_9),
    )


@triton.jit
def gated_delta_backward_d_V_rows_kernel(
    Q_ptr, K_ptr, beta_ptr, d_out_ptr, state_ptr, buffer_1_ptr, d_V_ptr, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_h, K_stride_t, K_stride_d, beta_stride_h, beta_stride_t, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, state_stride_h, state_stride_t, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, d_V_stride_h, d_V_stride_t, d_V_stride_e, size_h, size_t, size_d, size_e,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[linear.diag:34]
    K = load_tile(
        K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    # src[linear.diag:33]
    Q = load_tile(
        Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    d_out = tl.load(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    buffer_1 = tl.load(
        buffer_1_ptr + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
        mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    mul_e_d = (buffer_1 + (d_out[:, None] * Q[None, :])) * K[None, :]
    sum_ = tl.sum(mul_e_d, 1)
    state = tl.load(state_ptr + h_index * state_stride_h + t_index * state_stride_t)
    # src[linear.diag:39]
    # src[linear.diag:36]
    beta = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
    # src[linear.diag:42]
    mul_e = (tl.sigmoid(beta) * tl.rsqrt(1e-06 + state)) * sum_
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + t_index * d_V_stride_t + e_index * d_V_stride_e,
        mul_e,
        mask=(e_index < size_e),
    )


@triton.jit
def gated_delta_backward_d_V_kernel(
    Q_ptr, K_ptr, beta_ptr, d_out_ptr, state_ptr, buffer_1_ptr, d_V_ptr, Q_stride_h, Q_stride_t, Q_stride_d,
    K_stride_h, K_stride_t, K_stride_d, beta_stride_h, beta_stride_t, d_out_stride_h, d_out_stride_t,
    d_out_stride_e, state_stride_h, state_stride_t, buffer_1_stride_h, buffer_1_stride_t, buffer_1_stride_d,
    buffer_1_stride_e, d_V_stride_h, d_V_stride_t, d_V_stride_e, size_h, size_t, size_d, size_e,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_E], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + h_index * d_out_stride_h + t_index * d_out_stride_t + e_index * d_out_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d)
        # src[linear.diag:33]
        Q = tl.load(Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d)
        buffer_1 = tl.load(
            buffer_1_ptr + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
            mask=(e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        mul_e_d = (buffer_1 + (d_out[:, None] * Q[None, :])) * K[None, :]
        tile_sum = tl.sum(mul_e_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[linear.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + t_index * K_stride_t + d_index * K_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[linear.diag:33]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + t_index * Q_stride_t + d_index * Q_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + h_index * buffer_1_stride_h + (t_index + 1) * buffer_1_stride_t + d_index[None, :] * buffer_1_stride_d + e_index[:, None] * buffer_1_stride_e,
            mask=(d_index < size_d)[None, :] & (e_index < size_e)[:, None] & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
            other=0.0,
        )
        mul_e_d = (buffer_1 + (d_out[:, None] * Q[None, :])) * K[None, :]
        tile_sum = tl.sum(mul_e_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    state = tl.load(state_ptr + h_index * state_stride_h + t_index * state_stride_t)
    # src[linear.diag:39]
    # src[linear.diag:36]
    beta = tl.load(beta_ptr + h_index * beta_stride_h + t_index * beta_stride_t)
    # src[linear.diag:42]
    mul_e = (tl.sigmoid(beta) * tl.rsqrt(1e-06 + state)) * acc_d
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + t_index * d_V_stride_t + e_index * d_V_stride_e,
        mul_e,
        mask=(e_index < size_e),
    )


@_operator
def _gated_delta_buffer_0(K: torch.Tensor) -> torch.Tensor:
    """_gated_delta_buffer_0(K: f32[h t d]) -> buffer_0: f32[h t]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.float32, 3, K.device)
    h, t, d = K.shape
    buffer_0 = torch.empty((h, t), dtype=torch.float32, device=K.device)
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
        grid = (h * t,)
        gated_delta_buffer_0_rows_kernel[grid](
            K, buffer_0, K.stride(0), K.stride(1), K.stride(2), buffer_0.stride(0), buffer_0.stride(1), h, t,
            d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (h * t,)
    gated_delta_buffer_0_kernel[grid](
        K, buffer_0, K.stride(0), K.stride(1), K.stride(2), buffer_0.stride(0), buffer_0.stride(1), h, t, d,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _gated_delta_out(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    beta: torch.Tensor,
    gate: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_gated_delta_out(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t], buffer_0: f32[h t]) -> out: f32[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 3, Q.device)
    _check("K", K, torch.float32, 3, Q.device)
    _check("V", V, torch.float32, 3, Q.device)
    _check("beta", beta, torch.float32, 2, Q.device)
    _check("gate", gate, torch.float32, 2, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    if buffer_0.shape != (h, t):
        raise ValueError(f"buffer_0: f32[h t] has shape {buffer_0.shape}, expected {(h, t)}")
    out = torch.empty((h, t, e), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 16384:
        raise ValueError(f"d = {BLOCK_D}: at most 16384 elements are held on chip")
    if BLOCK_D <= 16:
        BLOCK_E, warps, stages = 256, 4, 1
    elif BLOCK_D <= 64:
        BLOCK_E, warps, stages = 64, 4, 1
    elif BLOCK_D <= 256:
        BLOCK_E, warps, stages = 16, 4, 1
    elif BLOCK_D <= 1024:
        BLOCK_E, warps, stages = 8, 8, 1
    elif BLOCK_D <= 4096:
        BLOCK_E, warps, stages = 4, 16, 1
    else:
        BLOCK_E, warps, stages = 1, 16, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    gated_delta_out_kernel[grid](
        Q, K, V, beta, gate, buffer_0, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), beta.stride(0), beta.stride(1), gate.stride(0),
        gate.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0), out.stride(1), out.stride(2),
        h, t, d, e, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _gated_delta_forward_state(K: torch.Tensor) -> torch.Tensor:
    """_gated_delta_forward_state(K: f32[h t d]) -> state: f32[h t]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.float32, 3, K.device)
    h, t, d = K.shape
    state = torch.empty((h, t), dtype=torch.float32, device=K.device)
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
        grid = (h * t,)
        gated_delta_forward_state_rows_kernel[grid](
            K, state, K.stride(0), K.stride(1), K.stride(2), state.stride(0), state.stride(1), h, t, d,
            BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return state
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (h * t,)
    gated_delta_forward_state_kernel[grid](
        K, state, K.stride(0), K.stride(1), K.stride(2), state.stride(0), state.stride(1), h, t, d,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _gated_delta_forward_out(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    beta: torch.Tensor,
    gate: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_gated_delta_forward_out(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t], state: f32[h t]) -> out: f32[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 3, Q.device)
    _check("K", K, torch.float32, 3, Q.device)
    _check("V", V, torch.float32, 3, Q.device)
    _check("beta", beta, torch.float32, 2, Q.device)
    _check("gate", gate, torch.float32, 2, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    if state.shape != (h, t):
        raise ValueError(f"state: f32[h t] has shape {state.shape}, expected {(h, t)}")
    out = torch.empty((h, t, e), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 4096:
        raise ValueError(f"d = {BLOCK_D}: at most 4096 elements are held on chip")
    if BLOCK_D <= 16:
        BLOCK_E, warps, stages = 256, 4, 1
    elif BLOCK_D <= 64:
        BLOCK_E, warps, stages = 64, 4, 1
    elif BLOCK_D <= 256:
        BLOCK_E, warps, stages = 16, 4, 1
    elif BLOCK_D <= 1024:
        BLOCK_E, warps, stages = 8, 8, 1
    else:
        BLOCK_E, warps, stages = 4, 16, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    gated_delta_forward_out_kernel[grid](
        Q, K, V, beta, gate, state, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), beta.stride(0), beta.stride(1), gate.stride(0),
        gate.stride(1), state.stride(0), state.stride(1), out.stride(0), out.stride(1), out.stride(2), h, t,
        d, e, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _gated_delta_backward_buffer_3(K: torch.Tensor) -> torch.Tensor:
    """_gated_delta_backward_buffer_3(K: f32[h t d]) -> buffer_3: f32[h t]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.float32, 3, K.device)
    h, t, d = K.shape
    buffer_3 = torch.empty((h, t), dtype=torch.float32, device=K.device)
    if _is_traced(buffer_3):
        return buffer_3
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (h * t,)
        gated_delta_backward_buffer_3_rows_kernel[grid](
            K, buffer_3, K.stride(0), K.stride(1), K.stride(2), buffer_3.stride(0), buffer_3.stride(1), h, t,
            d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_3
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (h * t,)
    gated_delta_backward_buffer_3_kernel[grid](
        K, buffer_3, K.stride(0), K.stride(1), K.stride(2), buffer_3.stride(0), buffer_3.stride(1), h, t, d,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_3


@_operator
def _gated_delta_backward_buffer_0_buffer_2(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    beta: torch.Tensor,
    gate: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    buffer_3: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_gated_delta_backward_buffer_0_buffer_2(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t], d_out: f32[h t e], state: f32[h t], buffer_3: f32[h t]) -> buffer_0: f32[h t d e], buffer_2: f32[h t d e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 3, Q.device)
    _check("K", K, torch.float32, 3, Q.device)
    _check("V", V, torch.float32, 3, Q.device)
    _check("beta", beta, torch.float32, 2, Q.device)
    _check("gate", gate, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("buffer_3", buffer_3, torch.float32, 2, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: f32[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if state.shape != (h, t):
        raise ValueError(f"state: f32[h t] has shape {state.shape}, expected {(h, t)}")
    if buffer_3.shape != (h, t):
        raise ValueError(f"buffer_3: f32[h t] has shape {buffer_3.shape}, expected {(h, t)}")
    buffer_0 = torch.empty((h, t, d, e), dtype=torch.float32, device=Q.device)
    buffer_2 = torch.empty((h, t, d, e), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_2
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 4096:
        raise ValueError(f"d = {BLOCK_D}: at most 4096 elements are held on chip")
    if BLOCK_D <= 16:
        BLOCK_E, warps, stages = 256, 4, 1
    elif BLOCK_D <= 64:
        BLOCK_E, warps, stages = 64, 4, 1
    elif BLOCK_D <= 256:
        BLOCK_E, warps, stages = 16, 4, 1
    elif BLOCK_D <= 1024:
        BLOCK_E, warps, stages = 8, 8, 1
    else:
        BLOCK_E, warps, stages = 1, 16, 1
    grid = (h * triton.cdiv(e, BLOCK_E),)
    gated_delta_backward_buffer_0_buffer_2_kernel[grid](
        Q, K, V, beta, gate, d_out, state, buffer_3, buffer_0, buffer_2, Q.stride(0), Q.stride(1),
        Q.stride(2), K.stride(0), K.stride(1), K.stride(2), V.stride(0), V.stride(1), V.stride(2),
        beta.stride(0), beta.stride(1), gate.stride(0), gate.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), state.stride(0), state.stride(1), buffer_3.stride(0), buffer_3.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), h, t, d, e, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_2


@_operator
def _gated_delta_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_gated_delta_backward_buffer_1(buffer_0: f32[h t d e]) -> buffer_1: f32[h t d e]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 4, buffer_0.device)
    h, t, d, e = buffer_0.shape
    buffer_1 = torch.empty((h, t, d, e), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (h * t * d * triton.cdiv(e, BLOCK_E),)
    gated_delta_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), h, t, d, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _gated_delta_backward_d_Q(d_out: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_gated_delta_backward_d_Q(d_out: f32[h t e], buffer_2: f32[h t d e]) -> d_Q: f32[h t d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 3, d_out.device)
    _check("buffer_2", buffer_2, torch.float32, 4, d_out.device)
    h, t, e = d_out.shape
    _, _, d, _ = buffer_2.shape
    if buffer_2.shape != (h, t, d, e):
        raise ValueError(f"buffer_2: f32[h t d e] has shape {buffer_2.shape}, expected {(h, t, d, e)}")
    d_Q = torch.empty((h, t, d), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 1024:
        if BLOCK_E <= 16:
            BLOCK_D, warps, stages = 256, 4, 1
        elif BLOCK_E <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_E <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (h * t * triton.cdiv(d, BLOCK_D),)
        gated_delta_backward_d_Q_rows_kernel[grid](
            d_out, buffer_2, d_Q, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_2.stride(0),
            buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), d_Q.stride(0), d_Q.stride(1),
            d_Q.stride(2), h, t, e, d, BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, EXACT_E=e == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return d_Q
    BLOCK_E, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (h * t * triton.cdiv(d, BLOCK_D),)
    gated_delta_backward_d_Q_kernel[grid](
        d_out, buffer_2, d_Q, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), d_Q.stride(0), d_Q.stride(1),
        d_Q.stride(2), h, t, e, d, BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _gated_delta_backward_d_K_d_beta_d_gate(
    Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, beta: torch.Tensor, gate: torch.Tensor,
    d_out: torch.Tensor, state: torch.Tensor, buffer_1: torch.Tensor, buffer_2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_gated_delta_backward_d_K_d_beta_d_gate(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t], d_out: f32[h t e], state: f32[h t], buffer_1: f32[h t d e], buffer_2: f32[h t d e]) -> d_K: f32[h t d], d_beta: f32[h t], d_gate: f32[h t]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 3, Q.device)
    _check("K", K, torch.float32, 3, Q.device)
    _check("V", V, torch.float32, 3, Q.device)
    _check("beta", beta, torch.float32, 2, Q.device)
    _check("gate", gate, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 4, Q.device)
    _check("buffer_2", buffer_2, torch.float32, 4, Q.device)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: f32[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if state.shape != (h, t):
        raise ValueError(f"state: f32[h t] has shape {state.shape}, expected {(h, t)}")
    if buffer_1.shape != (h, t, d, e):
        raise ValueError(f"buffer_1: f32[h t d e] has shape {buffer_1.shape}, expected {(h, t, d, e)}")
    if buffer_2.shape != (h, t, d, e):
        raise ValueError(f"buffer_2: f32[h t d e] has shape {buffer_2.shape}, expected {(h, t, d, e)}")
    d_K = torch.empty((h, t, d), dtype=torch.float32, device=Q.device)
    d_beta = torch.empty((h, t), dtype=torch.float32, device=Q.device)
    d_gate = torch.empty((h, t), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_beta, d_gate
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_D * BLOCK_E > 16384:
        raise ValueError(f"d x e = {BLOCK_D * BLOCK_E}: at most 16384 elements are held on chip")
    if BLOCK_D * BLOCK_E <= 1024:
        warps, stages = 4, 1
    elif BLOCK_D * BLOCK_E <= 4096:
        warps, stages = 8, 1
    else:
        warps, stages = 16, 1
    grid = (h * t,)
    gated_delta_backward_d_K_d_beta_d_gate_kernel[grid](
        Q, K, V, beta, gate, d_out, state, buffer_1, buffer_2, d_K, d_beta, d_gate, Q.stride(0), Q.stride(1),
        Q.stride(2), K.stride(0), K.stride(1), K.stride(2), V.stride(0), V.stride(1), V.stride(2),
        beta.stride(0), beta.stride(1), gate.stride(0), gate.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), state.stride(0), state.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), d_K.stride(0), d_K.stride(1), d_K.stride(2), d_beta.stride(0), d_beta.stride(1),
        d_gate.stride(0), d_gate.stride(1), h, t, d, e, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_beta, d_gate


@_operator
def _gated_delta_backward_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    beta: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_gated_delta_backward_d_V(Q: f32[h t d], K: f32[h t d], beta: f32[h t], d_out: f32[h t e], state: f32[h t], buffer_1: f32[h t d e]) -> d_V: f32[h t e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.float32, 3, Q.device)
    _check("K", K, torch.float32, 3, Q.device)
    _check("beta", beta, torch.float32, 2, Q.device)
    _check("d_out", d_out, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 4, Q.device)
    h, t, d = Q.shape
    _, _, e = d_out.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: f32[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if state.shape != (h, t):
        raise ValueError(f"state: f32[h t] has shape {state.shape}, expected {(h, t)}")
    if buffer_1.shape != (h, t, d, e):
        raise ValueError(f"buffer_1: f32[h t d e] has shape {buffer_1.shape}, expected {(h, t, d, e)}")
    d_V = torch.empty((h, t, e), dtype=torch.float32, device=Q.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_E, warps, stages = 256, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (h * t * triton.cdiv(e, BLOCK_E),)
        gated_delta_backward_d_V_rows_kernel[grid](
            Q, K, beta, d_out, state, buffer_1, d_V, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0),
            K.stride(1), K.stride(2), beta.stride(0), beta.stride(1), d_out.stride(0), d_out.stride(1),
            d_out.stride(2), state.stride(0), state.stride(1), buffer_1.stride(0), buffer_1.stride(1),
            buffer_1.stride(2), buffer_1.stride(3), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, t, d, e,
            BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return d_V
    BLOCK_D, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (h * t * triton.cdiv(e, BLOCK_E),)
    gated_delta_backward_d_V_kernel[grid](
        Q, K, beta, d_out, state, buffer_1, d_V, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0),
        K.stride(1), K.stride(2), beta.stride(0), beta.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), state.stride(0), state.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, t, d, e,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


class _gated_delta_autograd(torch.autograd.Function):
    """gated_delta and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, beta, gate):
        state = _gated_delta_forward_state(K)
        out = _gated_delta_forward_out(Q, K, V, beta, gate, state)
        ctx.save_for_backward(Q, K, V, beta, gate, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, beta, gate, state = ctx.saved_tensors
        buffer_3 = _gated_delta_backward_buffer_3(K)
        buffer_0, buffer_2 = _gated_delta_backward_buffer_0_buffer_2(Q, K, V, beta, gate, d_out, state, buffer_3)
        buffer_1 = _gated_delta_backward_buffer_1(buffer_0)
        d_Q = _gated_delta_backward_d_Q(d_out, buffer_2)
        d_K, d_beta, d_gate = _gated_delta_backward_d_K_d_beta_d_gate(Q, K, V, beta, gate, d_out, state, buffer_1, buffer_2)
        d_V = _gated_delta_backward_d_V(Q, K, beta, d_out, state, buffer_1)
        return d_Q, d_K, d_V, d_beta, d_gate


@_anywhere(torch.float32, torch.float32, torch.float32, torch.float32, torch.float32)
def gated_delta(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    beta: torch.Tensor,
    gate: torch.Tensor,
) -> torch.Tensor:
    """gated_delta(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t]) -> out: f32[h t e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V, beta, gate)):
        if d <= 4096 and d <= 4096 and triton.next_power_of_2(d) * triton.next_power_of_2(e) <= 16384:
            return _gated_delta_autograd.apply(Q, K, V, beta, gate)
        raise ValueError("gated_delta: gradients are made for sizes whose tiles are held on chip")
    buffer_0 = _gated_delta_buffer_0(K)
    out = _gated_delta_out(Q, K, V, beta, gate, buffer_0)
    return out
