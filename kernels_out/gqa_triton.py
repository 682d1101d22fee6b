"""Fused kernels for causal, gqa.

Made by diagc 0.1.0 from gqa.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["causal", "gqa"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of gqa_jax.py do, on NumPy arrays")
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
    """A function of gqa_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by gqa_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("gqa_jax.py")
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
    """A function that on a CPU is that of gqa_jax.py; `params` are the places of what it takes as parameters."""

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
def causal_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_d,
    out_stride_q, out_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:6]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:6]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_long_buffer_0_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, buffer_0_stride_q,
    buffer_0_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[gqa.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:8]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def causal_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_x, V_stride_d, buffer_0_stride_q, buffer_0_stride_x, out_stride_q,
    out_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
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
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_d, out_stride_q, out_stride_d, logsum_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:6]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:6]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        (tl.log(z) + (max_x * 0.6931471805599453)),
        mask=(q_index < size_q),
    )


@triton.jit
def causal_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_d, out_stride_q, out_stride_d,
    buffer_0_stride_q, size_q, size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    out = load_tile(
        out_ptr + q_index * out_stride_q + d_index * out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_d = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def causal_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_d, out_stride_q, out_stride_d,
    buffer_0_stride_q, size_q, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d)
        out = tl.load(out_ptr + q_index * out_stride_q + d_index * out_stride_d)
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        out = tl.load(
            out_ptr + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_d)


@triton.jit
def causal_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_d, d_out_stride_q, d_out_stride_d, logsum_stride_q, buffer_0_stride_q,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:6]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = ((1.4426950408889634 * rsqrt) * dot) - mul_q[:, None]
        # src[gqa.diag:6]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * rsqrt).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, V_stride_x, V_stride_d, d_out_stride_q, d_out_stride_d, logsum_stride_q,
    buffer_0_stride_q, d_K_stride_x, d_K_stride_d, d_V_stride_x, d_V_stride_d, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:6]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[gqa.diag:8]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        # src[gqa.diag:6]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        sub_x_q = ((1.4426950408889634 * rsqrt) * dot) - (1.4426950408889634 * logsum)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[gqa.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[gqa.diag:8]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, state_stride_q, state_stride_x,
    size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[gqa.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[gqa.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def causal_long_forward_out_kernel(
    V_ptr, state_ptr, out_ptr, V_stride_x, V_stride_d, state_stride_q, state_stride_x, out_stride_q,
    out_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = (1.4426950408889634 * rsqrt) * state
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[gqa.diag:7]
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:8]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((max_ * 0.6931471805599453) + tl.log(sum_)))


@triton.jit
def causal_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (1.4426950408889634 * rsqrt) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, q_index + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[gqa.diag:8]
        where_x = tl.where((x_index <= q_index) & (x_index < size_x), (1.4426950408889634 * rsqrt) * state, float("-inf"))
        tile_max = tl.max(where_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((max_x * 0.6931471805599453) + tl.log(z)))


@triton.jit
def causal_long_backward_buffer_1_kernel(
    logsum_ptr, state_ptr, buffer_1_ptr, logsum_stride_q, state_stride_q, state_stride_x, buffer_1_stride_q,
    buffer_1_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    # src[gqa.diag:7]
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:8]
    where_x = tl.where(x_index <= q_index, scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def causal_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, out_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_x, V_stride_d, d_out_stride_q,
    d_out_stride_d, out_stride_q, out_stride_d, buffer_1_stride_q, buffer_1_stride_x, buffer_0_stride_q,
    buffer_0_stride_x, size_x, size_d, size_q, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_d_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[gqa.diag:6]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    buffer_1 = tl.load(
        buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tile_bf16 = (buffer_1 * (acc_d - acc_d_2[:, None])).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def causal_long_backward_d_V_kernel(
    d_out_ptr, buffer_1_ptr, d_V_ptr, d_out_stride_q, d_out_stride_d, buffer_1_stride_q, buffer_1_stride_x,
    d_V_stride_x, d_V_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_long_backward_d_Q_kernel(
    K_ptr, buffer_0_ptr, d_Q_ptr, K_stride_x, K_stride_d, buffer_0_stride_q, buffer_0_stride_x, d_Q_stride_q,
    d_Q_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
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
        # src[gqa.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[gqa.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def causal_long_backward_d_K_kernel(
    Q_ptr, buffer_0_ptr, d_K_ptr, Q_stride_q, Q_stride_d, buffer_0_stride_q, buffer_0_stride_x, d_K_stride_x,
    d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[gqa.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        # src[gqa.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[gqa.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _causal(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_causal(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    causal_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _causal_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_causal_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    causal_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _causal_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_causal_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    causal_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _causal_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_causal_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    causal_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), logsum.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _causal_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_causal_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("out", out, torch.bfloat16, 2, d_out.device)
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
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
        grid = (q,)
        causal_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    causal_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _causal_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_causal_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    causal_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _causal_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_causal_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    causal_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _causal_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_causal_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    state = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    causal_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _causal_long_forward_out(V: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_causal_long_forward_out(V: bf16[x d], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("state", state, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    causal_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _causal_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_causal_long_forward_logsum(state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    logsum = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(logsum):
        return logsum
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        causal_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    causal_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _causal_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_causal_long_backward_buffer_1(logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 1, logsum.device)
    _check("state", state, torch.float32, 2, logsum.device)
    (q,) = logsum.shape
    _, x = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_1 = torch.empty((q, x), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    causal_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _causal_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_causal_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_out", d_out, torch.bfloat16, 2, V.device)
    _check("out", out, torch.bfloat16, 2, V.device)
    _check("buffer_1", buffer_1, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: f32[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    causal_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _causal_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_causal_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("buffer_1", buffer_1, torch.float32, 2, d_out.device)
    q, d = d_out.shape
    _, x = buffer_1.shape
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: f32[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    d_V = torch.empty((x, d), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    causal_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _causal_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_causal_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, K.device)
    x, d = K.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bf16[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    causal_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _causal_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_causal_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bf16[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    causal_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _causal_autograd(torch.autograd.Function):
    """causal and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _causal_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _causal_backward_buffer_0(d_out, out)
        d_Q = _causal_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _causal_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _causal_long_autograd(torch.autograd.Function):
    """causal and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _causal_long_forward_state(Q, K)
        out = _causal_long_forward_out(V, state)
        logsum = _causal_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _causal_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _causal_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _causal_long_backward_d_V(d_out, buffer_1)
        d_Q = _causal_long_backward_d_Q(K, buffer_0)
        d_K = _causal_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def causal(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """causal(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _causal_autograd.apply(Q, K, V)
        return _causal_long_autograd.apply(Q, K, V)
    if d <= 256:
        out = _causal(Q, K, V)
        return out
    buffer_0 = _causal_long_buffer_0(Q, K)
    out_2 = _causal_long_out(V, buffer_0)
    return out_2


@triton.jit
def gqa_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b,
    K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_b, size_kv, size_g, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:12]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[gqa.diag:12]
        K = load_tile(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (rsqrt * 1.4426950408889634) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:12]
        V = load_tile(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[gqa.diag:12]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_long_buffer_0_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b,
    K_stride_kv, K_stride_x, K_stride_d, buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g,
    buffer_0_stride_q, buffer_0_stride_x, size_b, size_kv, size_g, size_q, size_d, size_x,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[gqa.diag:12]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[gqa.diag:12]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[gqa.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[gqa.diag:8]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def gqa_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_b, V_stride_kv, V_stride_x, V_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, buffer_0_stride_x, out_stride_b, out_stride_kv,
    out_stride_g, out_stride_q, out_stride_d, size_b, size_kv, size_x, size_d, size_g, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d,
    K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d,
    out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, logsum_stride_b, logsum_stride_kv,
    logsum_stride_g, logsum_stride_q, size_b, size_kv, size_g, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:12]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[gqa.diag:12]
        K = load_tile(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[gqa.diag:12]
        V = load_tile(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[gqa.diag:12]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def gqa_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, size_b, size_kv, size_g, size_q, size_d,
    BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = load_tile(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    out = load_tile(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_d = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def gqa_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, size_b, size_kv, size_g, size_q, size_d,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        )
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        acc_d,
    )


@triton.jit
def gqa_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_kv, Q_stride_g,
    Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv,
    V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q, d_out_stride_d,
    logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, d_Q_stride_b, d_Q_stride_kv, d_Q_stride_g,
    d_Q_stride_q, d_Q_stride_d, size_b, size_kv, size_g, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = 1.4426950408889634 * logsum
    # src[gqa.diag:12]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[gqa.diag:12]
        K = load_tile(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = ((rsqrt * 1.4426950408889634) * dot) - mul_q[:, None]
        # src[gqa.diag:12]
        V = load_tile(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[gqa.diag:12]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + kv_index * d_Q_stride_kv + g_index * d_Q_stride_g + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, d_K_stride_b, d_K_stride_kv, d_K_stride_x,
    d_K_stride_d, d_V_stride_b, d_V_stride_kv, d_V_stride_x, d_V_stride_d, size_b, size_kv, size_g, size_q,
    size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_q_g = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_g_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:12]
    K = tl.load(
        K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:12]
    V = tl.load(
        V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    for g_index in tl.range(0, size_g):
        from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
        from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
        to_q = tl.minimum(from_q_2, size_q)
        # tiles that a mask or the end cuts
        for first_q in tl.range(from_q, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = 1.4426950408889634 * logsum
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
                other=0.0,
            )
            # src[gqa.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            # src[gqa.diag:8]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            exp2_x_q = tl.exp2(sub_x_q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
                mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_q_g = tl.dot(tile_bf16, Q, acc_q_g)
            tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
            next_acc_q_g_2 = tl.dot(tile_bf16_2, d_out, acc_q_g_2)
            acc_q_g = next_acc_q_g
            acc_q_g_2 = next_acc_q_g_2
        to_q_2 = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
            )
            # src[gqa.diag:12]
            Q = load_tile(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                (d_index < size_d)[None, :],
                0.0,
                EXACT_D,
            )
            # src[gqa.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            sub_x_q = ((rsqrt * 1.4426950408889634) * dot) - (1.4426950408889634 * logsum)[None, :]
            exp2_x_q = tl.exp2(sub_x_q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
            )
            d_out = load_tile(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
                (d_index < size_d)[None, :],
                0.0,
                EXACT_D,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_q_g = tl.dot(tile_bf16, Q, acc_q_g)
            tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
            next_acc_q_g_2 = tl.dot(tile_bf16_2, d_out, acc_q_g_2)
            acc_q_g = next_acc_q_g
            acc_q_g_2 = next_acc_q_g_2
        from_q_3 = tl.maximum(from_q_2, to_q_2)
        # tiles that a mask or the end cuts
        for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
            q_index = first_q_3 + tl.arange(0, BLOCK_Q)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = 1.4426950408889634 * logsum
            # src[gqa.diag:12]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
                other=0.0,
            )
            # src[gqa.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            # src[gqa.diag:8]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            exp2_x_q = tl.exp2(sub_x_q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
                mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_q_g = tl.dot(tile_bf16, Q, acc_q_g)
            tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
            next_acc_q_g_2 = tl.dot(tile_bf16_2, d_out, acc_q_g_2)
            acc_q_g = next_acc_q_g
            acc_q_g_2 = next_acc_q_g_2
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + kv_index * d_K_stride_kv + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q_g * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + kv_index * d_V_stride_kv + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_g_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b,
    K_stride_kv, K_stride_x, K_stride_d, state_stride_b, state_stride_kv, state_stride_g, state_stride_q,
    state_stride_x, size_b, size_kv, size_g, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[gqa.diag:12]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[gqa.diag:12]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def gqa_long_forward_out_kernel(
    V_ptr, state_ptr, out_ptr, V_stride_b, V_stride_kv, V_stride_x, V_stride_d, state_stride_b,
    state_stride_kv, state_stride_g, state_stride_q, state_stride_x, out_stride_b, out_stride_kv,
    out_stride_g, out_stride_q, out_stride_d, size_b, size_kv, size_x, size_d, size_g, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = (rsqrt * 1.4426950408889634) * state
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[gqa.diag:8]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[gqa.diag:9]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_b, state_stride_kv, state_stride_g, state_stride_q, state_stride_x,
    logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q, size_b, size_kv, size_g, size_q,
    size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    state = load_tile(
        state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[gqa.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[gqa.diag:8]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        (tl.log(sum_) + (0.6931471805599453 * max_)),
    )


@triton.jit
def gqa_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_b, state_stride_kv, state_stride_g, state_stride_q, state_stride_x,
    logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q, size_b, size_kv, size_g, size_q,
    size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[gqa.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index * state_stride_q + x_index * state_stride_x,
        )
        mul_x = (rsqrt * 1.4426950408889634) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, q_index + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[gqa.diag:8]
        where_x = tl.where((x_index <= q_index) & (x_index < size_x), (rsqrt * 1.4426950408889634) * state, float("-inf"))
        tile_max = tl.max(where_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        (tl.log(z) + (0.6931471805599453 * max_x)),
    )


@triton.jit
def gqa_long_backward_buffer_1_kernel(
    logsum_ptr, state_ptr, buffer_1_ptr, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q,
    state_stride_b, state_stride_kv, state_stride_g, state_stride_q, state_stride_x, buffer_1_stride_b,
    buffer_1_stride_kv, buffer_1_stride_g, buffer_1_stride_q, buffer_1_stride_x, size_b, size_kv, size_g,
    size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
    )
    mul = 1.4426950408889634 * logsum
    # src[gqa.diag:7]
    state = tl.load(
        state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + g_index * state_stride_g + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[gqa.diag:8]
    where_x = tl.where(x_index <= q_index, scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + g_index * buffer_1_stride_g + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def gqa_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, out_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_b, V_stride_kv, V_stride_x, V_stride_d,
    d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q, d_out_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_1_stride_b, buffer_1_stride_kv,
    buffer_1_stride_g, buffer_1_stride_q, buffer_1_stride_x, buffer_0_stride_b, buffer_0_stride_kv,
    buffer_0_stride_g, buffer_0_stride_q, buffer_0_stride_x, size_b, size_kv, size_x, size_d, size_g, size_q,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_d_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[gqa.diag:12]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + g_index * buffer_1_stride_g + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tile_bf16 = (buffer_1 * (acc_d - acc_d_2[:, None])).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def gqa_long_backward_d_V_kernel(
    d_out_ptr, buffer_1_ptr, d_V_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, buffer_1_stride_b, buffer_1_stride_kv, buffer_1_stride_g, buffer_1_stride_q,
    buffer_1_stride_x, d_V_stride_b, d_V_stride_kv, d_V_stride_x, d_V_stride_d, size_b, size_kv, size_g,
    size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_g_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    for g_index in tl.range(0, size_g):
        to_q = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q in tl.range(0, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + g_index * buffer_1_stride_g + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            buffer_1_bf16 = buffer_1.to(tl.bfloat16)
            next_acc_g_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_g_q)
            acc_g_q = next_acc_g_q
        from_q = tl.maximum(0, to_q)
        # tiles that a mask or the end cuts
        for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
                mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + g_index * buffer_1_stride_g + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
                mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
                other=0.0,
            )
            buffer_1_bf16 = buffer_1.to(tl.bfloat16)
            next_acc_g_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_g_q)
            acc_g_q = next_acc_g_q
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + kv_index * d_V_stride_kv + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_g_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_long_backward_d_Q_kernel(
    K_ptr, buffer_0_ptr, d_Q_ptr, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, buffer_0_stride_x, d_Q_stride_b, d_Q_stride_kv,
    d_Q_stride_g, d_Q_stride_q, d_Q_stride_d, size_b, size_kv, size_x, size_d, size_g, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[gqa.diag:12]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[gqa.diag:12]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[gqa.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + kv_index * d_Q_stride_kv + g_index * d_Q_stride_g + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def gqa_long_backward_d_K_kernel(
    Q_ptr, buffer_0_ptr, d_K_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, buffer_0_stride_x,
    d_K_stride_b, d_K_stride_kv, d_K_stride_x, d_K_stride_d, size_b, size_kv, size_g, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_g_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    for g_index in tl.range(0, size_g):
        to_q = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q in tl.range(0, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            # src[gqa.diag:12]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            next_acc_g_q = tl.dot(buffer_0, tl.trans(Q), acc_g_q)
            acc_g_q = next_acc_g_q
        from_q = tl.maximum(0, to_q)
        # tiles that a mask or the end cuts
        for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
                mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
                other=0.0,
            )
            # src[gqa.diag:12]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
                mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            next_acc_g_q = tl.dot(buffer_0, tl.trans(Q), acc_g_q)
            acc_g_q = next_acc_g_q
    # src[gqa.diag:7]
    mul_x_d = tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_g_q
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + kv_index * d_K_stride_kv + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        mul_x_d.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _gqa(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_gqa(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    out = torch.empty((b, kv, g, q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q),)
    gqa_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), b, kv, g, q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _gqa_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_gqa_long_buffer_0(Q: bf16[b kv g q d], K: bf16[b kv x d]) -> buffer_0: f32[b kv g q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    buffer_0 = torch.empty((b, kv, g, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    gqa_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), buffer_0.stride(4), b, kv, g, q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _gqa_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_gqa_long_out(V: bf16[b kv x d], buffer_0: f32[b kv g q x]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("buffer_0", buffer_0, torch.float32, 5, V.device)
    b, kv, x, d = V.shape
    _, _, g, q, _ = buffer_0.shape
    if buffer_0.shape != (b, kv, g, q, x):
        raise ValueError(f"buffer_0: f32[b kv g q x] has shape {buffer_0.shape}, expected {(b, kv, g, q, x)}")
    out = torch.empty((b, kv, g, q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    gqa_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), V.stride(2), V.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), out.stride(4), b, kv, x, d, g, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _gqa_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_gqa_forward(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> out: bf16[b kv g q d], logsum: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    out = torch.empty((b, kv, g, q, d), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, kv, g, q), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q),)
    gqa_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), logsum.stride(3), b, kv, g, q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _gqa_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_gqa_backward_buffer_0(d_out: bf16[b kv g q d], out: bf16[b kv g q d]) -> buffer_0: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    _check("out", out, torch.bfloat16, 5, d_out.device)
    b, kv, g, q, d = d_out.shape
    if out.shape != (b, kv, g, q, d):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, q, d)}")
    buffer_0 = torch.empty((b, kv, g, q), dtype=torch.float32, device=d_out.device)
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
        grid = (b * kv * g * q,)
        gqa_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
            buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g, q, d,
            BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (b * kv * g * q,)
    gqa_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g, q, d,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _gqa_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_gqa_backward_d_Q(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> d_Q: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    if d_out.shape != (b, kv, g, q, d):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, q, d)}")
    if logsum.shape != (b, kv, g, q):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, q)}")
    if buffer_0.shape != (b, kv, g, q):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, q)}")
    d_Q = torch.empty((b, kv, g, q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q),)
    gqa_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_Q.stride(0),
        d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), d_Q.stride(4), b, kv, g, q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _gqa_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_gqa_backward_d_K_d_V(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> d_K: bf16[b kv x d], d_V: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    if d_out.shape != (b, kv, g, q, d):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, q, d)}")
    if logsum.shape != (b, kv, g, q):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, q)}")
    if buffer_0.shape != (b, kv, g, q):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, q)}")
    d_K = torch.empty((b, kv, x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, kv, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (b * kv * triton.cdiv(x, BLOCK_X),)
    gqa_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_K.stride(0),
        d_K.stride(1), d_K.stride(2), d_K.stride(3), d_V.stride(0), d_V.stride(1), d_V.stride(2),
        d_V.stride(3), b, kv, g, q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _gqa_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_gqa_long_forward_state(Q: bf16[b kv g q d], K: bf16[b kv x d]) -> state: f32[b kv g q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    state = torch.empty((b, kv, g, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    gqa_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), state.stride(4), b, kv, g, q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _gqa_long_forward_out(V: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_gqa_long_forward_out(V: bf16[b kv x d], state: f32[b kv g q x]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("state", state, torch.float32, 5, V.device)
    b, kv, x, d = V.shape
    _, _, g, q, _ = state.shape
    if state.shape != (b, kv, g, q, x):
        raise ValueError(f"state: f32[b kv g q x] has shape {state.shape}, expected {(b, kv, g, q, x)}")
    out = torch.empty((b, kv, g, q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    gqa_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), V.stride(2), V.stride(3), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), state.stride(4), out.stride(0), out.stride(1), out.stride(2),
        out.stride(3), out.stride(4), b, kv, x, d, g, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _gqa_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_gqa_long_forward_logsum(state: f32[b kv g q x]) -> logsum: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 5, state.device)
    b, kv, g, q, x = state.shape
    logsum = torch.empty((b, kv, g, q), dtype=torch.float32, device=state.device)
    if _is_traced(logsum):
        return logsum
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * kv * g * q,)
        gqa_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), state.stride(2), state.stride(3),
            state.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3), b, kv, g,
            q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (b * kv * g * q,)
    gqa_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), state.stride(2), state.stride(3), state.stride(4),
        logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3), b, kv, g, q, x, d,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _gqa_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_gqa_long_backward_buffer_1(logsum: f32[b kv g q], state: f32[b kv g q x]) -> buffer_1: f32[b kv g q x]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 4, logsum.device)
    _check("state", state, torch.float32, 5, logsum.device)
    b, kv, g, q = logsum.shape
    _, _, _, _, x = state.shape
    if state.shape != (b, kv, g, q, x):
        raise ValueError(f"state: f32[b kv g q x] has shape {state.shape}, expected {(b, kv, g, q, x)}")
    buffer_1 = torch.empty((b, kv, g, q, x), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (b * kv * g * q * triton.cdiv(x, BLOCK_X),)
    gqa_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        state.stride(0), state.stride(1), state.stride(2), state.stride(3), state.stride(4),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), buffer_1.stride(4), b,
        kv, g, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _gqa_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_gqa_long_backward_buffer_0(V: bf16[b kv x d], d_out: bf16[b kv g q d], out: bf16[b kv g q d], buffer_1: f32[b kv g q x]) -> buffer_0: bf16[b kv g q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("d_out", d_out, torch.bfloat16, 5, V.device)
    _check("out", out, torch.bfloat16, 5, V.device)
    _check("buffer_1", buffer_1, torch.float32, 5, V.device)
    b, kv, x, d = V.shape
    _, _, g, q, _ = d_out.shape
    if d_out.shape != (b, kv, g, q, d):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, q, d)}")
    if out.shape != (b, kv, g, q, d):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, q, d)}")
    if buffer_1.shape != (b, kv, g, q, x):
        raise ValueError(f"buffer_1: f32[b kv g q x] has shape {buffer_1.shape}, expected {(b, kv, g, q, x)}")
    buffer_0 = torch.empty((b, kv, g, q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 1
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    gqa_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), d_out.stride(4), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), out.stride(4), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), buffer_1.stride(4), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), b, kv, x, d, g, q, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _gqa_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_gqa_long_backward_d_V(d_out: bf16[b kv g q d], buffer_1: f32[b kv g q x]) -> d_V: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    _check("buffer_1", buffer_1, torch.float32, 5, d_out.device)
    b, kv, g, q, d = d_out.shape
    _, _, _, _, x = buffer_1.shape
    if buffer_1.shape != (b, kv, g, q, x):
        raise ValueError(f"buffer_1: f32[b kv g q x] has shape {buffer_1.shape}, expected {(b, kv, g, q, x)}")
    d_V = torch.empty((b, kv, x, d), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (b * kv * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    gqa_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_1.stride(4), d_V.stride(0), d_V.stride(1), d_V.stride(2), d_V.stride(3), b, kv, g, q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _gqa_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_gqa_long_backward_d_Q(K: bf16[b kv x d], buffer_0: bf16[b kv g q x]) -> d_Q: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 4, K.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 5, K.device)
    b, kv, x, d = K.shape
    _, _, g, q, _ = buffer_0.shape
    if buffer_0.shape != (b, kv, g, q, x):
        raise ValueError(f"buffer_0: bf16[b kv g q x] has shape {buffer_0.shape}, expected {(b, kv, g, q, x)}")
    d_Q = torch.empty((b, kv, g, q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * kv * g * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    gqa_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), K.stride(2), K.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), d_Q.stride(0),
        d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), d_Q.stride(4), b, kv, x, d, g, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _gqa_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_gqa_long_backward_d_K(Q: bf16[b kv g q d], buffer_0: bf16[b kv g q x]) -> d_K: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 5, Q.device)
    b, kv, g, q, d = Q.shape
    _, _, _, _, x = buffer_0.shape
    if buffer_0.shape != (b, kv, g, q, x):
        raise ValueError(f"buffer_0: bf16[b kv g q x] has shape {buffer_0.shape}, expected {(b, kv, g, q, x)}")
    d_K = torch.empty((b, kv, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (b * kv * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    gqa_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_0.stride(4), d_K.stride(0),
        d_K.stride(1), d_K.stride(2), d_K.stride(3), b, kv, g, q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


class _gqa_autograd(torch.autograd.Function):
    """gqa and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _gqa_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _gqa_backward_buffer_0(d_out, out)
        d_Q = _gqa_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _gqa_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _gqa_long_autograd(torch.autograd.Function):
    """gqa and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, _, _, _, d = Q.shape
        state = _gqa_long_forward_state(Q, K)
        out = _gqa_long_forward_out(V, state)
        logsum = _gqa_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _gqa_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _gqa_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _gqa_long_backward_d_V(d_out, buffer_1)
        d_Q = _gqa_long_backward_d_Q(K, buffer_0)
        d_K = _gqa_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def gqa(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """gqa(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> out: bf16[b kv g q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _gqa_autograd.apply(Q, K, V)
        return _gqa_long_autograd.apply(Q, K, V)
    if d <= 256:
        out = _gqa(Q, K, V)
        return out
    buffer_0 = _gqa_long_buffer_0(Q, K)
    out_2 = _gqa_long_out(V, buffer_0)
    return out_2
