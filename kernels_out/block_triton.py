"""Fused kernels for attend, block.

Made by diagc 0.1.0 from block.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["attend", "block"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of block_jax.py do, on NumPy arrays")
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
    """A function of block_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by block_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("block_jax.py")
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
    """A function that on a CPU is that of block_jax.py; `params` are the places of what it takes as parameters."""

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
def attend_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_t, Q_stride_d, K_stride_b,
    K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_t, out_stride_d, size_b, size_t, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_T], float("-inf"), tl.float32)
    z = tl.full([BLOCK_T], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    # src[block.diag:6]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[block.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_t_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_t_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[block.diag:6]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[block.diag:6]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_t_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[block.diag:6]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[block.diag:8]
    where_t_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
        where_t_d.to(tl.bfloat16),
        mask=(t_index < size_t)[:, None],
    )


@triton.jit
def attend_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_t, Q_stride_d,
    K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d,
    out_stride_b, out_stride_kv, out_stride_g, out_stride_t, out_stride_d, logsum_stride_b, logsum_stride_kv,
    logsum_stride_g, logsum_stride_t, size_b, size_t, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_T], float("-inf"), tl.float32)
    z = tl.full([BLOCK_T], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    # src[block.diag:6]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[block.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_t_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_t_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[block.diag:6]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[block.diag:6]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_t_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[block.diag:6]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[block.diag:8]
    where_t_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
        where_t_d.to(tl.bfloat16),
        mask=(t_index < size_t)[:, None],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + t_index * logsum_stride_t,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(t_index < size_t),
    )


@triton.jit
def attend_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_t,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_t, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_t, size_b, size_t, BLOCK_D: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index * d_out_stride_t + d_index * d_out_stride_d,
    )
    out = tl.load(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + t_index * out_stride_t + d_index * out_stride_d,
    )
    mul_d = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + t_index * buffer_0_stride_t,
        sum_,
    )


@triton.jit
def attend_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_t,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_t, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_t, size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index * d_out_stride_t + d_index * d_out_stride_d,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + t_index * out_stride_t + d_index * out_stride_d,
        )
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index * d_out_stride_t + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + t_index * out_stride_t + d_index * out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + t_index * buffer_0_stride_t,
        acc_d,
    )


@triton.jit
def attend_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_kv, Q_stride_g,
    Q_stride_t, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv,
    V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_t, d_out_stride_d,
    logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_t, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_t, d_Q_stride_b, d_Q_stride_kv, d_Q_stride_g,
    d_Q_stride_t, d_Q_stride_d, size_b, size_t, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + t_index * logsum_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    mul_t = 1.4426950408889634 * logsum
    # src[block.diag:6]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + t_index * buffer_0_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index[:, None] * d_out_stride_t + d_index[None, :] * d_out_stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[block.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        exp2_t_x = tl.exp2((0.18033688011112042 * dot) - mul_t[:, None])
        # src[block.diag:6]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (exp2_t_x * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[block.diag:6]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
        sub_t_x = where_t_x - tl.where(mul_t == float("-inf"), 0.0, mul_t)[:, None]
        # src[block.diag:6]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_t_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + kv_index * d_Q_stride_kv + g_index * d_Q_stride_g + t_index[:, None] * d_Q_stride_t + d_index[None, :] * d_Q_stride_d,
        (0.125 * acc_x).to(tl.bfloat16),
        mask=(t_index < size_t)[:, None],
    )


@triton.jit
def attend_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_t, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_t,
    d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_t, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_t, d_K_stride_b, d_K_stride_kv, d_K_stride_x,
    d_K_stride_d, d_V_stride_b, d_V_stride_kv, d_V_stride_x, d_V_stride_d, size_b, size_t,
    BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_t, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_t, BLOCK_X)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_t_g = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_t_g_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[block.diag:6]
    K = tl.load(
        K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_t)[:, None],
        other=0.0,
    )
    V = tl.load(
        V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_t)[:, None],
        other=0.0,
    )
    for g_index in tl.range(0, 2):
        from_t = (tl.maximum(0, first_x)) // BLOCK_T * BLOCK_T
        from_t_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_t) - 1), BLOCK_T) * BLOCK_T
        to_t = tl.minimum(from_t_2, size_t)
        # tiles that a mask or the end cuts
        for first_t in tl.range(from_t, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + t_index * logsum_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            mul_t = 1.4426950408889634 * logsum
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            # src[block.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            # src[block.diag:8]
            tile = (x_index[:, None] <= t_index[None, :]) & (t_index < size_t)[None, :]
            where_x_t = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
            sub_x_t = where_x_t - tl.where(mul_t == float("-inf"), 0.0, mul_t)[None, :]
            exp2_x_t = tl.exp2(sub_x_t)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + t_index * buffer_0_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index[:, None] * d_out_stride_t + d_index[None, :] * d_out_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_t * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_t_g = tl.dot(tile_bf16, Q, acc_t_g)
            tile_bf16_2 = exp2_x_t.to(tl.bfloat16)
            next_acc_t_g_2 = tl.dot(tile_bf16_2, d_out, acc_t_g_2)
            acc_t_g = next_acc_t_g
            acc_t_g_2 = next_acc_t_g_2
        to_t_2 = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t_2 in tl.range(from_t_2, to_t_2, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + t_index * logsum_stride_t,
            )
            # src[block.diag:6]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
            )
            # src[block.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            sub_x_t = (0.18033688011112042 * dot) - (1.4426950408889634 * logsum)[None, :]
            exp2_x_t = tl.exp2(sub_x_t)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + t_index * buffer_0_stride_t,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index[:, None] * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_t * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_t_g = tl.dot(tile_bf16, Q, acc_t_g)
            tile_bf16_2 = exp2_x_t.to(tl.bfloat16)
            next_acc_t_g_2 = tl.dot(tile_bf16_2, d_out, acc_t_g_2)
            acc_t_g = next_acc_t_g
            acc_t_g_2 = next_acc_t_g_2
        from_t_3 = tl.maximum(from_t_2, to_t_2)
        # tiles that a mask or the end cuts
        for first_t_3 in tl.range(from_t_3, size_t, BLOCK_T):
            t_index = first_t_3 + tl.arange(0, BLOCK_T)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + t_index * logsum_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            mul_t = 1.4426950408889634 * logsum
            # src[block.diag:6]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index * Q_stride_g + t_index[:, None] * Q_stride_t + d_index[None, :] * Q_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            # src[block.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            # src[block.diag:8]
            tile = (x_index[:, None] <= t_index[None, :]) & (t_index < size_t)[None, :]
            where_x_t = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
            sub_x_t = where_x_t - tl.where(mul_t == float("-inf"), 0.0, mul_t)[None, :]
            exp2_x_t = tl.exp2(sub_x_t)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + t_index * buffer_0_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + t_index[:, None] * d_out_stride_t + d_index[None, :] * d_out_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_t * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_t_g = tl.dot(tile_bf16, Q, acc_t_g)
            tile_bf16_2 = exp2_x_t.to(tl.bfloat16)
            next_acc_t_g_2 = tl.dot(tile_bf16_2, d_out, acc_t_g_2)
            acc_t_g = next_acc_t_g
            acc_t_g_2 = next_acc_t_g_2
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + kv_index * d_K_stride_kv + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (0.125 * acc_t_g).to(tl.bfloat16),
        mask=(x_index < size_t)[:, None],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + kv_index * d_V_stride_kv + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_t_g_2.to(tl.bfloat16),
        mask=(x_index < size_t)[:, None],
    )


@_operator
def _attend(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_attend(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> out: bf16[b kv g t d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    out = torch.empty((b, 2, 2, t, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * 2 * 2 * triton.cdiv(t, BLOCK_T),)
    attend_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), b, t, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _attend_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_attend_forward(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> out: bf16[b kv g t d], logsum: f32[b kv g t]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    out = torch.empty((b, 2, 2, t, 64), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, 2, 2, t), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * 2 * 2 * triton.cdiv(t, BLOCK_T),)
    attend_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), logsum.stride(3), b, t, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_T=BLOCK_T, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _attend_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_attend_backward_buffer_0(d_out: bf16[b kv g t d], out: bf16[b kv g t d]) -> buffer_0: f32[b kv g t]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    _check("out", out, torch.bfloat16, 5, d_out.device)
    b, _, _, t, _ = d_out.shape
    if d_out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"d_out: bf16[b kv g t d] has shape {d_out.shape}, expected {(b, 2, 2, t, 64)}")
    if out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"out: bf16[b kv g t d] has shape {out.shape}, expected {(b, 2, 2, t, 64)}")
    buffer_0 = torch.empty((b, 2, 2, t), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * 2 * 2 * t,)
        attend_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
            buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, t,
            BLOCK_D=BLOCK_D, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (b * 2 * 2 * t,)
    attend_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, t, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _attend_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_attend_backward_d_Q(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g t d], logsum: f32[b kv g t], buffer_0: f32[b kv g t]) -> d_Q: bf16[b kv g t d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    if d_out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"d_out: bf16[b kv g t d] has shape {d_out.shape}, expected {(b, 2, 2, t, 64)}")
    if logsum.shape != (b, 2, 2, t):
        raise ValueError(f"logsum: f32[b kv g t] has shape {logsum.shape}, expected {(b, 2, 2, t)}")
    if buffer_0.shape != (b, 2, 2, t):
        raise ValueError(f"buffer_0: f32[b kv g t] has shape {buffer_0.shape}, expected {(b, 2, 2, t)}")
    d_Q = torch.empty((b, 2, 2, t, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * 2 * 2 * triton.cdiv(t, BLOCK_T),)
    attend_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_Q.stride(0),
        d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), d_Q.stride(4), b, t, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_T=BLOCK_T, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _attend_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_attend_backward_d_K_d_V(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g t d], logsum: f32[b kv g t], buffer_0: f32[b kv g t]) -> d_K: bf16[b kv x d], d_V: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    if d_out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"d_out: bf16[b kv g t d] has shape {d_out.shape}, expected {(b, 2, 2, t, 64)}")
    if logsum.shape != (b, 2, 2, t):
        raise ValueError(f"logsum: f32[b kv g t] has shape {logsum.shape}, expected {(b, 2, 2, t)}")
    if buffer_0.shape != (b, 2, 2, t):
        raise ValueError(f"buffer_0: f32[b kv g t] has shape {buffer_0.shape}, expected {(b, 2, 2, t)}")
    d_K = torch.empty((b, 2, t, 64), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, 2, t, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_X, BLOCK_T, warps, stages = 64, 16, 8, 1
    grid = (b * 2 * triton.cdiv(t, BLOCK_X),)
    attend_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_K.stride(0),
        d_K.stride(1), d_K.stride(2), d_K.stride(3), d_V.stride(0), d_V.stride(1), d_V.stride(2),
        d_V.stride(3), b, t, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=64 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


class _attend_autograd(torch.autograd.Function):
    """attend and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _attend_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _attend_backward_buffer_0(d_out, out)
        d_Q = _attend_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _attend_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def attend(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """attend(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> out: bf16[b kv g t d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        return _attend_autograd.apply(Q, K, V)
    out = _attend(Q, K, V)
    return out


@triton.jit
def block_buffer_0_rows_kernel(
    X_ptr, buffer_0_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_0_stride_b, buffer_0_stride_x, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    X = tl.load(X_ptr + b_index * X_stride_b + x_index * X_stride_t + width_index * X_stride_width)
    X_f32 = X.to(tl.float32)
    mul_width = X_f32 * X_f32
    sum_ = tl.sum(mul_width, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + x_index * buffer_0_stride_x,
        tl.rsqrt(1e-05 + (sum_ * 0.001953125)),
    )


@triton.jit
def block_buffer_0_kernel(
    X_ptr, buffer_0_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_0_stride_b, buffer_0_stride_x, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(X_ptr + b_index * X_stride_b + x_index * X_stride_t + width_index * X_stride_width)
        X_f32 = X.to(tl.float32)
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index * X_stride_t + width_index * X_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + x_index * buffer_0_stride_x,
        tl.rsqrt(1e-05 + (acc_width * 0.001953125)),
    )


@triton.jit
def block_buffer_3_kernel(
    X_ptr, a_ptr, WQ_ptr, buffer_3_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WQ_stride_width, WQ_stride_kv, WQ_stride_g, WQ_stride_d, buffer_3_stride_b, buffer_3_stride_t,
    buffer_3_stride_kv, buffer_3_stride_d, buffer_3_stride_g, size_b, size_t, BLOCK_WIDTH: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:14]
        WQ = tl.load(
            WQ_ptr + width_index[None, :] * WQ_stride_width + kv_index * WQ_stride_kv + g_index * WQ_stride_g + d_index[:, None] * WQ_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WQ), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:14]
        WQ = tl.load(
            WQ_ptr + width_index[None, :] * WQ_stride_width + kv_index * WQ_stride_kv + g_index * WQ_stride_g + d_index[:, None] * WQ_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WQ), acc_width)
        acc_width = next_acc_width
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + kv_index * buffer_3_stride_kv + d_index[None, :] * buffer_3_stride_d + g_index * buffer_3_stride_g,
        acc_width,
        mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_buffer_4_rows_kernel(
    X_ptr, buffer_4_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_4_stride_b, buffer_4_stride_t, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    # src[block.diag:12]
    X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_width = X_f32 * X_f32
    sum_ = tl.sum(mul_width, 0)
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        tl.rsqrt((sum_ * 0.001953125) + 1e-05),
    )


@triton.jit
def block_buffer_4_kernel(
    X_ptr, buffer_4_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_4_stride_b, buffer_4_stride_t, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    # src[maps.diag:25]
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        tl.rsqrt((acc_width * 0.001953125) + 1e-05),
    )


@triton.jit
def block_K_kernel(
    X_ptr, a_ptr, WK_ptr, buffer_0_ptr, K_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WK_stride_width, WK_stride_kv, WK_stride_d, buffer_0_stride_b, buffer_0_stride_x, K_stride_b, K_stride_x,
    K_stride_kv, K_stride_d, size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_x = (program % tl.cdiv(size_t, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_t, BLOCK_X)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:15]
        WK = tl.load(
            WK_ptr + width_index[None, :] * WK_stride_width + kv_index * WK_stride_kv + d_index[:, None] * WK_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WK), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:15]
        WK = tl.load(
            WK_ptr + width_index[None, :] * WK_stride_width + kv_index * WK_stride_kv + d_index[:, None] * WK_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WK), acc_width)
        acc_width = next_acc_width
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + x_index * buffer_0_stride_x,
        mask=(x_index < size_t),
        other=0.0,
    )
    tl.store(
        K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + kv_index * K_stride_kv + d_index[None, :] * K_stride_d,
        (buffer_0[:, None] * acc_width).to(tl.bfloat16),
        mask=(x_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_V_kernel(
    X_ptr, a_ptr, WV_ptr, buffer_0_ptr, V_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WV_stride_width, WV_stride_kv, WV_stride_d, buffer_0_stride_b, buffer_0_stride_x, V_stride_b, V_stride_x,
    V_stride_kv, V_stride_d, size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_x = (program % tl.cdiv(size_t, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_t, BLOCK_X)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:16]
        WV = tl.load(
            WV_ptr + width_index[None, :] * WV_stride_width + kv_index * WV_stride_kv + d_index[:, None] * WV_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WV), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:16]
        WV = tl.load(
            WV_ptr + width_index[None, :] * WV_stride_width + kv_index * WV_stride_kv + d_index[:, None] * WV_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WV), acc_width)
        acc_width = next_acc_width
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + x_index * buffer_0_stride_x,
        mask=(x_index < size_t),
        other=0.0,
    )
    tl.store(
        V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + kv_index * V_stride_kv + d_index[None, :] * V_stride_d,
        (buffer_0[:, None] * acc_width).to(tl.bfloat16),
        mask=(x_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_buffer_9_kernel(
    K_ptr, buffer_3_ptr, buffer_4_ptr, V_ptr, buffer_9_ptr, K_stride_b, K_stride_x, K_stride_kv, K_stride_d,
    buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_kv, buffer_3_stride_d, buffer_3_stride_g,
    buffer_4_stride_b, buffer_4_stride_t, V_stride_b, V_stride_x, V_stride_kv, V_stride_d, buffer_9_stride_b,
    buffer_9_stride_t, buffer_9_stride_kv, buffer_9_stride_d, buffer_9_stride_g, size_b, size_t,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_T], float("-inf"), tl.float32)
    z = tl.full([BLOCK_T], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + kv_index * buffer_3_stride_kv + d_index[None, :] * buffer_3_stride_d + g_index * buffer_3_stride_g,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    # src[block.diag:24]
    tile_bf16 = (buffer_3 * buffer_4[:, None]).to(tl.bfloat16)
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + kv_index * K_stride_kv + d_index[None, :] * K_stride_d,
        )
        # src[block.diag:7]
        dot = tl.dot(tile_bf16, tl.trans(K))
        mul_t_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_t_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + kv_index * V_stride_kv + d_index[None, :] * V_stride_d,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + kv_index * K_stride_kv + d_index[None, :] * K_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:7]
        dot = tl.dot(tile_bf16, tl.trans(K))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_t_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + kv_index * V_stride_kv + d_index[None, :] * V_stride_d,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[block.diag:8]
    where_t_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        buffer_9_ptr + b_index * buffer_9_stride_b + t_index[:, None] * buffer_9_stride_t + kv_index * buffer_9_stride_kv + d_index[None, :] * buffer_9_stride_d + g_index * buffer_9_stride_g,
        where_t_d.to(tl.bfloat16),
        mask=(t_index < size_t)[:, None],
    )


@triton.jit
def block_buffer_10_kernel(
    WO_ptr, buffer_9_ptr, buffer_10_ptr, WO_stride_kv, WO_stride_g, WO_stride_d, WO_stride_width,
    buffer_9_stride_b, buffer_9_stride_t, buffer_9_stride_kv, buffer_9_stride_d, buffer_9_stride_g,
    buffer_10_stride_b, buffer_10_stride_t, buffer_10_stride_width, size_b, size_t, BLOCK_D: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_kv_g_d = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    for kv_index in tl.range(0, 2):
        for g_index in tl.range(0, 2):
            to_d = (64) // BLOCK_D * BLOCK_D
            # whole tiles, no mask needed
            for first_d in tl.range(0, to_d, BLOCK_D):
                d_index = first_d + tl.arange(0, BLOCK_D)
                buffer_9 = tl.load(
                    buffer_9_ptr + b_index * buffer_9_stride_b + t_index[:, None] * buffer_9_stride_t + kv_index * buffer_9_stride_kv + d_index[None, :] * buffer_9_stride_d + g_index * buffer_9_stride_g,
                    mask=(t_index < size_t)[:, None],
                    other=0.0,
                )
                # src[block.diag:17]
                WO = tl.load(
                    WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[None, :] * WO_stride_d + width_index[:, None] * WO_stride_width,
                    mask=(width_index < 512)[:, None],
                    other=0.0,
                )
                # src[block.diag:27]
                next_acc_kv_g_d = tl.dot(buffer_9, tl.trans(WO), acc_kv_g_d)
                acc_kv_g_d = next_acc_kv_g_d
            from_d = tl.maximum(0, to_d)
            # tiles that a mask or the end cuts
            for first_d_2 in tl.range(from_d, 64, BLOCK_D):
                d_index = first_d_2 + tl.arange(0, BLOCK_D)
                buffer_9 = tl.load(
                    buffer_9_ptr + b_index * buffer_9_stride_b + t_index[:, None] * buffer_9_stride_t + kv_index * buffer_9_stride_kv + d_index[None, :] * buffer_9_stride_d + g_index * buffer_9_stride_g,
                    mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                    other=0.0,
                )
                # src[block.diag:17]
                WO = tl.load(
                    WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[None, :] * WO_stride_d + width_index[:, None] * WO_stride_width,
                    mask=(d_index < 64)[None, :] & (width_index < 512)[:, None],
                    other=0.0,
                )
                # src[block.diag:27]
                next_acc_kv_g_d = tl.dot(buffer_9, tl.trans(WO), acc_kv_g_d)
                acc_kv_g_d = next_acc_kv_g_d
    tl.store(
        buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + width_index[None, :] * buffer_10_stride_width,
        acc_kv_g_d,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_buffer_5_kernel(
    X_ptr, c_ptr, gate_ptr, buffer_10_ptr, buffer_5_ptr, X_stride_b, X_stride_t, X_stride_width,
    c_stride_width, gate_stride_width, gate_stride_hidden, buffer_10_stride_b, buffer_10_stride_t,
    buffer_10_stride_width, buffer_5_stride_b, buffer_5_stride_t, buffer_5_stride_hidden, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[None, :] * gate_stride_width + hidden_index[:, None] * gate_stride_hidden,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width)
        tile_bf16 = (gate.to(tl.float32) * c[None, :]).to(tl.bfloat16)
        buffer_10 = tl.load(
            buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + width_index[None, :] * buffer_10_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:27]
        Y_bf16 = (X.to(tl.float32) + buffer_10).to(tl.bfloat16)
        next_acc_width = tl.dot(Y_bf16, tl.trans(tile_bf16), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[None, :] * gate_stride_width + hidden_index[:, None] * gate_stride_hidden,
            mask=(width_index < 512)[None, :] & (hidden_index < 1024)[:, None],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (gate.to(tl.float32) * c[None, :]).to(tl.bfloat16)
        buffer_10 = tl.load(
            buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + width_index[None, :] * buffer_10_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:27]
        Y_bf16 = (X.to(tl.float32) + buffer_10).to(tl.bfloat16)
        next_acc_width = tl.dot(Y_bf16, tl.trans(tile_bf16), acc_width)
        acc_width = next_acc_width
    tl.store(
        buffer_5_ptr + b_index * buffer_5_stride_b + t_index[:, None] * buffer_5_stride_t + hidden_index[None, :] * buffer_5_stride_hidden,
        acc_width,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_buffer_6_rows_kernel(
    X_ptr, buffer_10_ptr, buffer_6_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_10_stride_b,
    buffer_10_stride_t, buffer_10_stride_width, buffer_6_stride_b, buffer_6_stride_t, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr, EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    buffer_10 = tl.load(
        buffer_10_ptr + b_index * buffer_10_stride_b + t_index * buffer_10_stride_t + width_index * buffer_10_stride_width,
    )
    # src[block.diag:12]
    X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
    # src[block.diag:27]
    Y = X.to(tl.float32) + buffer_10
    # src[maps.diag:25]
    mul_width = Y * Y
    sum_ = tl.sum(mul_width, 0)
    tl.store(
        buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t,
        tl.rsqrt(1e-05 + (sum_ * 0.001953125)),
    )


@triton.jit
def block_buffer_6_kernel(
    X_ptr, buffer_10_ptr, buffer_6_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_10_stride_b,
    buffer_10_stride_t, buffer_10_stride_width, buffer_6_stride_b, buffer_6_stride_t, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_10 = tl.load(
            buffer_10_ptr + b_index * buffer_10_stride_b + t_index * buffer_10_stride_t + width_index * buffer_10_stride_width,
        )
        # src[block.diag:12]
        X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
        # src[block.diag:27]
        Y = X.to(tl.float32) + buffer_10
        # src[maps.diag:25]
        mul_width = Y * Y
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_10 = tl.load(
            buffer_10_ptr + b_index * buffer_10_stride_b + t_index * buffer_10_stride_t + width_index * buffer_10_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        # src[block.diag:27]
        Y = tl.where(width_index < 512, X.to(tl.float32) + buffer_10, 0.0)
        # src[maps.diag:25]
        mul_width = Y * Y
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    # src[maps.diag:25]
    tl.store(
        buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t,
        tl.rsqrt(1e-05 + (acc_width * 0.001953125)),
    )


@triton.jit
def block_buffer_7_kernel(
    X_ptr, c_ptr, up_ptr, buffer_5_ptr, buffer_6_ptr, buffer_10_ptr, buffer_7_ptr, X_stride_b, X_stride_t,
    X_stride_width, c_stride_width, up_stride_width, up_stride_hidden, buffer_5_stride_b, buffer_5_stride_t,
    buffer_5_stride_hidden, buffer_6_stride_b, buffer_6_stride_t, buffer_10_stride_b, buffer_10_stride_t,
    buffer_10_stride_width, buffer_7_stride_b, buffer_7_stride_t, buffer_7_stride_hidden, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[None, :] * up_stride_width + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width)
        tile_bf16 = (up.to(tl.float32) * c[None, :]).to(tl.bfloat16)
        buffer_10 = tl.load(
            buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + width_index[None, :] * buffer_10_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:27]
        Y_bf16 = (X.to(tl.float32) + buffer_10).to(tl.bfloat16)
        next_acc_width = tl.dot(Y_bf16, tl.trans(tile_bf16), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[None, :] * up_stride_width + hidden_index[:, None] * up_stride_hidden,
            mask=(width_index < 512)[None, :] & (hidden_index < 1024)[:, None],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (up.to(tl.float32) * c[None, :]).to(tl.bfloat16)
        buffer_10 = tl.load(
            buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + width_index[None, :] * buffer_10_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:27]
        Y_bf16 = (X.to(tl.float32) + buffer_10).to(tl.bfloat16)
        next_acc_width = tl.dot(Y_bf16, tl.trans(tile_bf16), acc_width)
        acc_width = next_acc_width
    buffer_6 = tl.load(
        buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    buffer_5 = tl.load(
        buffer_5_ptr + b_index * buffer_5_stride_b + t_index[:, None] * buffer_5_stride_t + hidden_index[None, :] * buffer_5_stride_hidden,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
        other=0.0,
    )
    # src[block.diag:29]
    # src[maps.diag:55]
    argument = (buffer_5 * buffer_6[:, None])
    tile_bf16 = ((argument * tl.sigmoid(argument)) * acc_width).to(tl.bfloat16)
    tl.store(
        buffer_7_ptr + b_index * buffer_7_stride_b + t_index[:, None] * buffer_7_stride_t + hidden_index[None, :] * buffer_7_stride_hidden,
        tile_bf16,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_out_kernel(
    X_ptr, down_ptr, buffer_7_ptr, buffer_6_ptr, buffer_10_ptr, out_ptr, X_stride_b, X_stride_t,
    X_stride_width, down_stride_hidden, down_stride_width, buffer_7_stride_b, buffer_7_stride_t,
    buffer_7_stride_hidden, buffer_6_stride_b, buffer_6_stride_t, buffer_10_stride_b, buffer_10_stride_t,
    buffer_10_stride_width, out_stride_b, out_stride_t, out_stride_width, size_b, size_t,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_hidden = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    to_hidden = (1024) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[None, :] * down_stride_hidden + width_index[:, None] * down_stride_width,
            mask=(width_index < 512)[:, None],
            other=0.0,
        )
        buffer_7 = tl.load(
            buffer_7_ptr + b_index * buffer_7_stride_b + t_index[:, None] * buffer_7_stride_t + hidden_index[None, :] * buffer_7_stride_hidden,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_7, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[None, :] * down_stride_hidden + width_index[:, None] * down_stride_width,
            mask=(hidden_index < 1024)[None, :] & (width_index < 512)[:, None],
            other=0.0,
        )
        buffer_7 = tl.load(
            buffer_7_ptr + b_index * buffer_7_stride_b + t_index[:, None] * buffer_7_stride_t + hidden_index[None, :] * buffer_7_stride_hidden,
            mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_7, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    buffer_10 = tl.load(
        buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + width_index[None, :] * buffer_10_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    # src[block.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    buffer_6 = tl.load(
        buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[block.diag:29]
    # src[block.diag:12]
    tile = (acc_hidden * buffer_6[:, None]) + X.to(tl.float32)
    # src[block.diag:29]
    tl.store(
        out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + width_index[None, :] * out_stride_width,
        (tile + buffer_10).to(tl.bfloat16),
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_forward_state_kernel(
    X_ptr, a_ptr, WK_ptr, state_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width, WK_stride_width,
    WK_stride_kv, WK_stride_d, state_stride_b, state_stride_kv, state_stride_d, state_stride_x, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_t, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_t, BLOCK_X)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_D, BLOCK_X], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:15]
        WK = tl.load(
            WK_ptr + width_index[None, :] * WK_stride_width + kv_index * WK_stride_kv + d_index[:, None] * WK_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (WK.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(X), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:15]
        WK = tl.load(
            WK_ptr + width_index[None, :] * WK_stride_width + kv_index * WK_stride_kv + d_index[:, None] * WK_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (WK.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(X), acc_width)
        acc_width = next_acc_width
    tl.store(
        state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[:, None] * state_stride_d + x_index[None, :] * state_stride_x,
        acc_width,
        mask=(d_index < 64)[:, None] & (x_index < size_t)[None, :],
    )


@triton.jit
def block_forward_state__rows_kernel(
    X_ptr, state__ptr, X_stride_b, X_stride_t, X_stride_width, state__stride_b, state__stride_x, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    X = tl.load(X_ptr + b_index * X_stride_b + x_index * X_stride_t + width_index * X_stride_width)
    X_f32 = X.to(tl.float32)
    mul_width = X_f32 * X_f32
    sum_ = tl.sum(mul_width, 0)
    tl.store(state__ptr + b_index * state__stride_b + x_index * state__stride_x, sum_)


@triton.jit
def block_forward_state__kernel(
    X_ptr, state__ptr, X_stride_b, X_stride_t, X_stride_width, state__stride_b, state__stride_x, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    x_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(X_ptr + b_index * X_stride_b + x_index * X_stride_t + width_index * X_stride_width)
        X_f32 = X.to(tl.float32)
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index * X_stride_t + width_index * X_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    tl.store(state__ptr + b_index * state__stride_b + x_index * state__stride_x, acc_width)


@triton.jit
def block_forward_state___kernel(
    X_ptr, a_ptr, WQ_ptr, state___ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WQ_stride_width, WQ_stride_kv, WQ_stride_g, WQ_stride_d, state___stride_b, state___stride_t,
    state___stride_kv, state___stride_g, state___stride_d, size_b, size_t, BLOCK_WIDTH: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:14]
        WQ = tl.load(
            WQ_ptr + width_index[None, :] * WQ_stride_width + kv_index * WQ_stride_kv + g_index * WQ_stride_g + d_index[:, None] * WQ_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (WQ.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(X, tl.trans(tile_bf16), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:14]
        WQ = tl.load(
            WQ_ptr + width_index[None, :] * WQ_stride_width + kv_index * WQ_stride_kv + g_index * WQ_stride_g + d_index[:, None] * WQ_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (WQ.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        next_acc_width = tl.dot(X, tl.trans(tile_bf16), acc_width)
        acc_width = next_acc_width
    tl.store(
        state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
        acc_width,
        mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_forward_state____rows_kernel(
    X_ptr, state____ptr, X_stride_b, X_stride_t, X_stride_width, state____stride_b, state____stride_t, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    # src[block.diag:12]
    X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
    X_f32 = X.to(tl.float32)
    # src[maps.diag:25]
    mul_width = X_f32 * X_f32
    sum_ = tl.sum(mul_width, 0)
    tl.store(state____ptr + b_index * state____stride_b + t_index * state____stride_t, sum_)


@triton.jit
def block_forward_state____kernel(
    X_ptr, state____ptr, X_stride_b, X_stride_t, X_stride_width, state____stride_b, state____stride_t, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        X_f32 = X.to(tl.float32)
        # src[maps.diag:25]
        mul_width = X_f32 * X_f32
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    tl.store(state____ptr + b_index * state____stride_b + t_index * state____stride_t, acc_width)


@triton.jit
def block_forward_state_____kernel(
    X_ptr, a_ptr, WV_ptr, state_____ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WV_stride_width, WV_stride_kv, WV_stride_d, state_____stride_b, state_____stride_kv, state_____stride_d,
    state_____stride_x, size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_t, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_t, BLOCK_X)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_D, BLOCK_X], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:16]
        WV = tl.load(
            WV_ptr + width_index[None, :] * WV_stride_width + kv_index * WV_stride_kv + d_index[:, None] * WV_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (WV.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(X), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:16]
        WV = tl.load(
            WV_ptr + width_index[None, :] * WV_stride_width + kv_index * WV_stride_kv + d_index[:, None] * WV_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (WV.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        X = tl.load(
            X_ptr + b_index * X_stride_b + x_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(x_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(X), acc_width)
        acc_width = next_acc_width
    tl.store(
        state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[:, None] * state_____stride_d + x_index[None, :] * state_____stride_x,
        acc_width,
        mask=(d_index < 64)[:, None] & (x_index < size_t)[None, :],
    )


@triton.jit
def block_forward_logsum_state_______state________kernel(
    state__ptr, state_ptr, state____ptr, state___ptr, state_____ptr, logsum_ptr, state_______ptr,
    state________ptr, state__stride_b, state__stride_x, state_stride_b, state_stride_kv, state_stride_d,
    state_stride_x, state____stride_b, state____stride_t, state___stride_b, state___stride_t,
    state___stride_kv, state___stride_g, state___stride_d, state_____stride_b, state_____stride_kv,
    state_____stride_d, state_____stride_x, logsum_stride_b, logsum_stride_t, logsum_stride_kv,
    logsum_stride_g, state_______stride_b, state_______stride_t, state_______stride_kv, state_______stride_g,
    state________stride_b, state________stride_t, state________stride_kv, state________stride_g,
    state________stride_d, size_b, size_t, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_T], float("-inf"), tl.float32)
    z = tl.full([BLOCK_T], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    state___ = tl.load(
        state____ptr + b_index * state____stride_b + t_index * state____stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[maps.diag:25]
    # src[block.diag:24]
    mul_t_d = tl.rsqrt(1e-05 + (state___ * 0.001953125))[:, None] * state__
    tile_bf16 = mul_t_d.to(tl.bfloat16)
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_ = tl.load(state__ptr + b_index * state__stride_b + x_index * state__stride_x)
        rsqrt_x = tl.rsqrt(1e-05 + (state_ * 0.001953125))
        tile_bf16_2 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
        # src[block.diag:7]
        dot = tl.dot(tile_bf16, tl.trans(tile_bf16_2))
        mul_t_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_t_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        state____ = tl.load(
            state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
        )
        tile_bf16_3 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tile_bf16_3, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + x_index * state__stride_x,
            mask=(x_index < size_t),
            other=0.0,
        )
        rsqrt_x = tl.rsqrt(1e-05 + (state_ * 0.001953125))
        tile_bf16_2 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
        # src[block.diag:7]
        dot = tl.dot(tile_bf16, tl.trans(tile_bf16_2))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_t_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_t_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        state____ = tl.load(
            state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        tile_bf16_3 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tile_bf16_3, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + t_index * logsum_stride_t + kv_index * logsum_stride_kv + g_index * logsum_stride_g,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(t_index < size_t),
    )
    tl.store(
        state_______ptr + b_index * state_______stride_b + t_index * state_______stride_t + kv_index * state_______stride_kv + g_index * state_______stride_g,
        z,
        mask=(t_index < size_t),
    )
    tl.store(
        state________ptr + b_index * state________stride_b + t_index[:, None] * state________stride_t + kv_index * state________stride_kv + g_index * state________stride_g + d_index[None, :] * state________stride_d,
        acc_x,
        mask=(t_index < size_t)[:, None],
    )


@triton.jit
def block_forward_buffer_3_kernel(
    WO_ptr, state_______ptr, state________ptr, buffer_3_ptr, WO_stride_kv, WO_stride_g, WO_stride_d,
    WO_stride_width, state_______stride_b, state_______stride_t, state_______stride_kv, state_______stride_g,
    state________stride_b, state________stride_t, state________stride_kv, state________stride_g,
    state________stride_d, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_width, size_b, size_t,
    BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_kv_g_d = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    for kv_index in tl.range(0, 2):
        for g_index in tl.range(0, 2):
            state______ = tl.load(
                state_______ptr + b_index * state_______stride_b + t_index * state_______stride_t + kv_index * state_______stride_kv + g_index * state_______stride_g,
                mask=(t_index < size_t),
                other=0.0,
            )
            recip_t = 1.0 / state______
            # src[maps.diag:7]
            gt_t = state______ > 0.0
            to_d = (64) // BLOCK_D * BLOCK_D
            # whole tiles, no mask needed
            for first_d in tl.range(0, to_d, BLOCK_D):
                d_index = first_d + tl.arange(0, BLOCK_D)
                state_______ = tl.load(
                    state________ptr + b_index * state________stride_b + t_index[:, None] * state________stride_t + kv_index * state________stride_kv + g_index * state________stride_g + d_index[None, :] * state________stride_d,
                    mask=(t_index < size_t)[:, None],
                    other=0.0,
                )
                # src[block.diag:8]
                where_t_d = tl.where(gt_t[:, None], state_______ * recip_t[:, None], 0.0)
                tile_bf16 = where_t_d.to(tl.bfloat16)
                # src[block.diag:17]
                WO = tl.load(
                    WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[None, :] * WO_stride_d + width_index[:, None] * WO_stride_width,
                    mask=(width_index < 512)[:, None],
                    other=0.0,
                )
                # src[block.diag:27]
                next_acc_kv_g_d = tl.dot(tile_bf16, tl.trans(WO), acc_kv_g_d)
                acc_kv_g_d = next_acc_kv_g_d
            from_d = tl.maximum(0, to_d)
            # tiles that a mask or the end cuts
            for first_d_2 in tl.range(from_d, 64, BLOCK_D):
                d_index = first_d_2 + tl.arange(0, BLOCK_D)
                state_______ = tl.load(
                    state________ptr + b_index * state________stride_b + t_index[:, None] * state________stride_t + kv_index * state________stride_kv + g_index * state________stride_g + d_index[None, :] * state________stride_d,
                    mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                    other=0.0,
                )
                # src[block.diag:8]
                where_t_d = tl.where(gt_t[:, None] & (d_index < 64)[None, :], state_______ * recip_t[:, None], 0.0)
                tile_bf16 = where_t_d.to(tl.bfloat16)
                # src[block.diag:17]
                WO = tl.load(
                    WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[None, :] * WO_stride_d + width_index[:, None] * WO_stride_width,
                    mask=(d_index < 64)[None, :] & (width_index < 512)[:, None],
                    other=0.0,
                )
                # src[block.diag:27]
                next_acc_kv_g_d = tl.dot(tile_bf16, tl.trans(WO), acc_kv_g_d)
                acc_kv_g_d = next_acc_kv_g_d
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + width_index[None, :] * buffer_3_stride_width,
        acc_kv_g_d,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_forward_buffer_0_rows_kernel(
    X_ptr, buffer_3_ptr, buffer_0_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_3_stride_b,
    buffer_3_stride_t, buffer_3_stride_width, buffer_0_stride_b, buffer_0_stride_t, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr, EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + width_index * buffer_3_stride_width,
    )
    # src[block.diag:12]
    X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
    # src[block.diag:27]
    Y = X.to(tl.float32) + buffer_3
    # src[maps.diag:25]
    mul_width = Y * Y
    sum_ = tl.sum(mul_width, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + t_index * buffer_0_stride_t,
        tl.rsqrt(1e-05 + (sum_ * 0.001953125)),
    )


@triton.jit
def block_forward_buffer_0_kernel(
    X_ptr, buffer_3_ptr, buffer_0_ptr, X_stride_b, X_stride_t, X_stride_width, buffer_3_stride_b,
    buffer_3_stride_t, buffer_3_stride_width, buffer_0_stride_b, buffer_0_stride_t, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + width_index * buffer_3_stride_width,
        )
        # src[block.diag:12]
        X = tl.load(X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width)
        # src[block.diag:27]
        Y = X.to(tl.float32) + buffer_3
        # src[maps.diag:25]
        mul_width = Y * Y
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + width_index * buffer_3_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + width_index * X_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        # src[block.diag:27]
        Y = tl.where(width_index < 512, X.to(tl.float32) + buffer_3, 0.0)
        # src[maps.diag:25]
        mul_width = Y * Y
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    # src[maps.diag:25]
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + t_index * buffer_0_stride_t,
        tl.rsqrt(1e-05 + (acc_width * 0.001953125)),
    )


@triton.jit
def block_forward_buffer_1_kernel(
    X_ptr, c_ptr, gate_ptr, buffer_0_ptr, buffer_3_ptr, buffer_1_ptr, X_stride_b, X_stride_t, X_stride_width,
    c_stride_width, gate_stride_width, gate_stride_hidden, buffer_0_stride_b, buffer_0_stride_t,
    buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_width, buffer_1_stride_b, buffer_1_stride_t,
    buffer_1_stride_hidden, size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + width_index[None, :] * buffer_3_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:27]
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width)
        tile_bf16 = ((X.to(tl.float32) + buffer_3) * c[None, :]).to(tl.bfloat16)
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[None, :] * gate_stride_width + hidden_index[:, None] * gate_stride_hidden,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(gate), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + width_index[None, :] * buffer_3_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:27]
        Y = tl.where((width_index < 512)[None, :], X.to(tl.float32) + buffer_3, 0.0)
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (Y * c[None, :]).to(tl.bfloat16)
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[None, :] * gate_stride_width + hidden_index[:, None] * gate_stride_hidden,
            mask=(width_index < 512)[None, :] & (hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(gate), acc_width)
        acc_width = next_acc_width
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + t_index * buffer_0_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[block.diag:29]
    # src[maps.diag:55]
    argument = (buffer_0[:, None] * acc_width)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + t_index[:, None] * buffer_1_stride_t + hidden_index[None, :] * buffer_1_stride_hidden,
        (argument * tl.sigmoid(argument)),
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_forward_buffer_2_kernel(
    X_ptr, c_ptr, up_ptr, buffer_1_ptr, buffer_3_ptr, buffer_2_ptr, X_stride_b, X_stride_t, X_stride_width,
    c_stride_width, up_stride_width, up_stride_hidden, buffer_1_stride_b, buffer_1_stride_t,
    buffer_1_stride_hidden, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_width, buffer_2_stride_b,
    buffer_2_stride_t, buffer_2_stride_hidden, size_b, size_t, BLOCK_WIDTH: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + width_index[None, :] * buffer_3_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:27]
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width)
        tile_bf16 = ((X.to(tl.float32) + buffer_3) * c[None, :]).to(tl.bfloat16)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[None, :] * up_stride_width + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(up), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + width_index[None, :] * buffer_3_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:27]
        Y = tl.where((width_index < 512)[None, :], X.to(tl.float32) + buffer_3, 0.0)
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (Y * c[None, :]).to(tl.bfloat16)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[None, :] * up_stride_width + hidden_index[:, None] * up_stride_hidden,
            mask=(width_index < 512)[None, :] & (hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(up), acc_width)
        acc_width = next_acc_width
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + t_index[:, None] * buffer_1_stride_t + hidden_index[None, :] * buffer_1_stride_hidden,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + t_index[:, None] * buffer_2_stride_t + hidden_index[None, :] * buffer_2_stride_hidden,
        (buffer_1 * acc_width).to(tl.bfloat16),
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_forward_out_kernel(
    X_ptr, down_ptr, buffer_3_ptr, buffer_2_ptr, buffer_0_ptr, out_ptr, X_stride_b, X_stride_t,
    X_stride_width, down_stride_hidden, down_stride_width, buffer_3_stride_b, buffer_3_stride_t,
    buffer_3_stride_width, buffer_2_stride_b, buffer_2_stride_t, buffer_2_stride_hidden, buffer_0_stride_b,
    buffer_0_stride_t, out_stride_b, out_stride_t, out_stride_width, size_b, size_t,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_hidden = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    to_hidden = (1024) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index * buffer_2_stride_b + t_index[:, None] * buffer_2_stride_t + hidden_index[None, :] * buffer_2_stride_hidden,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[None, :] * down_stride_hidden + width_index[:, None] * down_stride_width,
            mask=(width_index < 512)[:, None],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_2, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index * buffer_2_stride_b + t_index[:, None] * buffer_2_stride_t + hidden_index[None, :] * buffer_2_stride_hidden,
            mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[None, :] * down_stride_hidden + width_index[:, None] * down_stride_width,
            mask=(hidden_index < 1024)[None, :] & (width_index < 512)[:, None],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_2, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + t_index * buffer_0_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[block.diag:29]
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + width_index[None, :] * buffer_3_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    # src[block.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    # src[block.diag:29]
    add_t_width = (X.to(tl.float32) + buffer_3) + (acc_hidden * buffer_0[:, None])
    tl.store(
        out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + width_index[None, :] * out_stride_width,
        add_t_width.to(tl.bfloat16),
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_buffer_6_kernel(
    down_ptr, d_out_ptr, buffer_6_ptr, down_stride_hidden, down_stride_width, d_out_stride_b, d_out_stride_t,
    d_out_stride_width, buffer_6_stride_b, buffer_6_stride_t, buffer_6_stride_hidden, size_b, size_t,
    BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + t_index[:, None] * d_out_stride_t + width_index[None, :] * d_out_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[:, None] * down_stride_hidden + width_index[None, :] * down_stride_width,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(d_out, tl.trans(down), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + t_index[:, None] * d_out_stride_t + width_index[None, :] * d_out_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[:, None] * down_stride_hidden + width_index[None, :] * down_stride_width,
            mask=(hidden_index < 1024)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        next_acc_width = tl.dot(d_out, tl.trans(down), acc_width)
        acc_width = next_acc_width
    tl.store(
        buffer_6_ptr + b_index * buffer_6_stride_b + t_index[:, None] * buffer_6_stride_t + hidden_index[None, :] * buffer_6_stride_hidden,
        acc_width,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_buffer_15_kernel(
    logsum_ptr, state_ptr, state__ptr, state___ptr, state____ptr, state_____ptr, buffer_15_ptr,
    logsum_stride_b, logsum_stride_t, logsum_stride_kv, logsum_stride_g, state_stride_b, state_stride_kv,
    state_stride_d, state_stride_x, state__stride_b, state__stride_x, state___stride_b, state___stride_t,
    state___stride_kv, state___stride_g, state___stride_d, state____stride_b, state____stride_t,
    state_____stride_b, state_____stride_kv, state_____stride_d, state_____stride_x, buffer_15_stride_b,
    buffer_15_stride_t, buffer_15_stride_kv, buffer_15_stride_g, buffer_15_stride_d, size_b, size_t,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + t_index * logsum_stride_t + kv_index * logsum_stride_kv + g_index * logsum_stride_g,
        mask=(t_index < size_t),
        other=0.0,
    )
    mul_t = 1.4426950408889634 * logsum
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    state___ = tl.load(
        state____ptr + b_index * state____stride_b + t_index * state____stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[maps.diag:25]
    mul_t_d = tl.rsqrt(1e-05 + (0.001953125 * state___))[:, None] * state__
    tile_bf16 = mul_t_d.to(tl.bfloat16)
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state____ = tl.load(
            state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
        )
        state_ = tl.load(state__ptr + b_index * state__stride_b + x_index * state__stride_x)
        rsqrt_x = tl.rsqrt(1e-05 + (0.001953125 * state_))
        tile_bf16_2 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        tile_bf16_3 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
        dot = tl.dot(tile_bf16, tl.trans(tile_bf16_3))
        exp2_t_x = tl.exp2((dot * 0.18033688011112042) - mul_t[:, None])
        tile_bf16_4 = exp2_t_x.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16_4, tile_bf16_2, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state____ = tl.load(
            state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + x_index * state__stride_x,
            mask=(x_index < size_t),
            other=0.0,
        )
        rsqrt_x = tl.rsqrt(1e-05 + (0.001953125 * state_))
        tile_bf16_2 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        tile_bf16_3 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
        dot = tl.dot(tile_bf16, tl.trans(tile_bf16_3))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, dot * 0.18033688011112042, float("-inf"))
        sub_t_x = where_t_x - tl.where(mul_t == float("-inf"), 0.0, mul_t)[:, None]
        tile_bf16_4 = tl.exp2(sub_t_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16_4, tile_bf16_2, acc_x)
        acc_x = next_acc_x
    tl.store(
        buffer_15_ptr + b_index * buffer_15_stride_b + t_index[:, None] * buffer_15_stride_t + kv_index * buffer_15_stride_kv + g_index * buffer_15_stride_g + d_index[None, :] * buffer_15_stride_d,
        acc_x.to(tl.bfloat16),
        mask=(t_index < size_t)[:, None],
    )


@triton.jit
def block_backward_buffer_13_kernel(
    X_ptr, WO_ptr, buffer_15_ptr, buffer_13_ptr, X_stride_b, X_stride_t, X_stride_width, WO_stride_kv,
    WO_stride_g, WO_stride_d, WO_stride_width, buffer_15_stride_b, buffer_15_stride_t, buffer_15_stride_kv,
    buffer_15_stride_g, buffer_15_stride_d, buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width,
    size_b, size_t, BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_kv_d_g = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    for kv_index in tl.range(0, 2):
        for g_index in tl.range(0, 2):
            to_d = (64) // BLOCK_D * BLOCK_D
            # whole tiles, no mask needed
            for first_d in tl.range(0, to_d, BLOCK_D):
                d_index = first_d + tl.arange(0, BLOCK_D)
                buffer_15 = tl.load(
                    buffer_15_ptr + b_index * buffer_15_stride_b + t_index[:, None] * buffer_15_stride_t + kv_index * buffer_15_stride_kv + g_index * buffer_15_stride_g + d_index[None, :] * buffer_15_stride_d,
                    mask=(t_index < size_t)[:, None],
                    other=0.0,
                )
                # src[block.diag:17]
                WO = tl.load(
                    WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[None, :] * WO_stride_d + width_index[:, None] * WO_stride_width,
                    mask=(width_index < 512)[:, None],
                    other=0.0,
                )
                next_acc_kv_d_g = tl.dot(buffer_15, tl.trans(WO), acc_kv_d_g)
                acc_kv_d_g = next_acc_kv_d_g
            from_d = tl.maximum(0, to_d)
            # tiles that a mask or the end cuts
            for first_d_2 in tl.range(from_d, 64, BLOCK_D):
                d_index = first_d_2 + tl.arange(0, BLOCK_D)
                buffer_15 = tl.load(
                    buffer_15_ptr + b_index * buffer_15_stride_b + t_index[:, None] * buffer_15_stride_t + kv_index * buffer_15_stride_kv + g_index * buffer_15_stride_g + d_index[None, :] * buffer_15_stride_d,
                    mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                    other=0.0,
                )
                # src[block.diag:17]
                WO = tl.load(
                    WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[None, :] * WO_stride_d + width_index[:, None] * WO_stride_width,
                    mask=(d_index < 64)[None, :] & (width_index < 512)[:, None],
                    other=0.0,
                )
                next_acc_kv_d_g = tl.dot(buffer_15, tl.trans(WO), acc_kv_d_g)
                acc_kv_d_g = next_acc_kv_d_g
    # src[block.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
        (X.to(tl.float32) + acc_kv_d_g),
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_buffer_3_kernel(
    c_ptr, gate_ptr, buffer_13_ptr, buffer_3_ptr, c_stride_width, gate_stride_width, gate_stride_hidden,
    buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width, buffer_3_stride_b, buffer_3_stride_t,
    buffer_3_stride_hidden, size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width)
        tile_bf16 = (buffer_13 * c[None, :]).to(tl.bfloat16)
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[None, :] * gate_stride_width + hidden_index[:, None] * gate_stride_hidden,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(gate), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (buffer_13 * c[None, :]).to(tl.bfloat16)
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[None, :] * gate_stride_width + hidden_index[:, None] * gate_stride_hidden,
            mask=(width_index < 512)[None, :] & (hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(gate), acc_width)
        acc_width = next_acc_width
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index[:, None] * buffer_3_stride_t + hidden_index[None, :] * buffer_3_stride_hidden,
        acc_width,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_buffer_4_rows_kernel(
    buffer_13_ptr, buffer_4_ptr, buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width,
    buffer_4_stride_b, buffer_4_stride_t, size_b, size_t, BLOCK_WIDTH: tl.constexpr,
    EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    width_index = tl.arange(0, BLOCK_WIDTH)
    buffer_13 = tl.load(
        buffer_13_ptr + b_index * buffer_13_stride_b + t_index * buffer_13_stride_t + width_index * buffer_13_stride_width,
    )
    mul_width = buffer_13 * buffer_13
    sum_ = tl.sum(mul_width, 0)
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        tl.rsqrt(1e-05 + (sum_ * 0.001953125)),
    )


@triton.jit
def block_backward_buffer_4_kernel(
    buffer_13_ptr, buffer_4_ptr, buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width,
    buffer_4_stride_b, buffer_4_stride_t, size_b, size_t, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index * buffer_13_stride_t + width_index * buffer_13_stride_width,
        )
        mul_width = buffer_13 * buffer_13
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index * buffer_13_stride_t + width_index * buffer_13_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        mul_width = buffer_13 * buffer_13
        tile_sum = tl.sum(mul_width, 0)
        next_acc_width = acc_width + tile_sum
        acc_width = next_acc_width
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        tl.rsqrt(1e-05 + (acc_width * 0.001953125)),
    )


@triton.jit
def block_backward_buffer_5_kernel(
    c_ptr, up_ptr, buffer_13_ptr, buffer_5_ptr, c_stride_width, up_stride_width, up_stride_hidden,
    buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width, buffer_5_stride_b, buffer_5_stride_t,
    buffer_5_stride_hidden, size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_HIDDEN], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width)
        tile_bf16 = (buffer_13 * c[None, :]).to(tl.bfloat16)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[None, :] * up_stride_width + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(up), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:18]
        c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (buffer_13 * c[None, :]).to(tl.bfloat16)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[None, :] * up_stride_width + hidden_index[:, None] * up_stride_hidden,
            mask=(width_index < 512)[None, :] & (hidden_index < 1024)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(up), acc_width)
        acc_width = next_acc_width
    tl.store(
        buffer_5_ptr + b_index * buffer_5_stride_b + t_index[:, None] * buffer_5_stride_t + hidden_index[None, :] * buffer_5_stride_hidden,
        acc_width,
        mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_buffer_23_kernel(
    buffer_5_ptr, buffer_3_ptr, buffer_4_ptr, buffer_23_ptr, buffer_5_stride_b, buffer_5_stride_t,
    buffer_5_stride_hidden, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_hidden, buffer_4_stride_b,
    buffer_4_stride_t, buffer_23_stride_b, buffer_23_stride_t, buffer_23_stride_hidden, size_b, size_t,
    BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + hidden_index * buffer_3_stride_hidden,
        mask=(hidden_index < 1024),
        other=0.0,
    )
    argument = (buffer_3 * buffer_4)
    buffer_5 = tl.load(
        buffer_5_ptr + b_index * buffer_5_stride_b + t_index * buffer_5_stride_t + hidden_index * buffer_5_stride_hidden,
        mask=(hidden_index < 1024),
        other=0.0,
    )
    tile_bf16 = (buffer_5 * (argument * tl.sigmoid(argument))).to(tl.bfloat16)
    tl.store(
        buffer_23_ptr + b_index * buffer_23_stride_b + t_index * buffer_23_stride_t + hidden_index * buffer_23_stride_hidden,
        tile_bf16,
        mask=(hidden_index < 1024),
    )


@triton.jit
def block_backward_buffer_12_kernel(
    down_ptr, d_out_ptr, buffer_23_ptr, buffer_12_ptr, down_stride_hidden, down_stride_width, d_out_stride_b,
    d_out_stride_t, d_out_stride_width, buffer_23_stride_b, buffer_23_stride_t, buffer_23_stride_hidden,
    buffer_12_stride_b, buffer_12_stride_t, buffer_12_stride_width, size_b, size_t,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_hidden = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    to_hidden = (1024) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        buffer_23 = tl.load(
            buffer_23_ptr + b_index * buffer_23_stride_b + t_index[:, None] * buffer_23_stride_t + hidden_index[None, :] * buffer_23_stride_hidden,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[None, :] * down_stride_hidden + width_index[:, None] * down_stride_width,
            mask=(width_index < 512)[:, None],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_23, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        buffer_23 = tl.load(
            buffer_23_ptr + b_index * buffer_23_stride_b + t_index[:, None] * buffer_23_stride_t + hidden_index[None, :] * buffer_23_stride_hidden,
            mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        # src[block.diag:21]
        down = tl.load(
            down_ptr + hidden_index[None, :] * down_stride_hidden + width_index[:, None] * down_stride_width,
            mask=(hidden_index < 1024)[None, :] & (width_index < 512)[:, None],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_23, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + t_index[:, None] * d_out_stride_t + width_index[None, :] * d_out_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_12_ptr + b_index * buffer_12_stride_b + t_index[:, None] * buffer_12_stride_t + width_index[None, :] * buffer_12_stride_width,
        (d_out.to(tl.float32) * acc_hidden),
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_d_down_kernel(
    d_out_ptr, buffer_23_ptr, buffer_4_ptr, d_down_ptr, d_out_stride_b, d_out_stride_t, d_out_stride_width,
    buffer_23_stride_b, buffer_23_stride_t, buffer_23_stride_hidden, buffer_4_stride_b, buffer_4_stride_t,
    d_down_stride_hidden, d_down_stride_width, size_b, size_t, BLOCK_T: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_hidden = program * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    acc_b_t = tl.full([BLOCK_HIDDEN, BLOCK_WIDTH], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_23 = tl.load(
                buffer_23_ptr + b_index * buffer_23_stride_b + t_index[None, :] * buffer_23_stride_t + hidden_index[:, None] * buffer_23_stride_hidden,
                mask=(hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
            tile_bf16 = (buffer_23.to(tl.float32) * buffer_4[None, :]).to(tl.bfloat16)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + t_index[None, :] * d_out_stride_t + width_index[:, None] * d_out_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_t = tl.dot(tile_bf16, tl.trans(d_out), acc_b_t)
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_23 = tl.load(
                buffer_23_ptr + b_index * buffer_23_stride_b + t_index[None, :] * buffer_23_stride_t + hidden_index[:, None] * buffer_23_stride_hidden,
                mask=(t_index < size_t)[None, :] & (hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            tile_bf16 = (buffer_23.to(tl.float32) * buffer_4[None, :]).to(tl.bfloat16)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + t_index[None, :] * d_out_stride_t + width_index[:, None] * d_out_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_t = tl.dot(tile_bf16, tl.trans(d_out), acc_b_t)
            acc_b_t = next_acc_b_t
    tl.store(
        d_down_ptr + hidden_index[:, None] * d_down_stride_hidden + width_index[None, :] * d_down_stride_width,
        acc_b_t.to(tl.bfloat16),
        mask=(hidden_index < 1024)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_buffer_7_buffer_21_buffer_22_buffer_24_rows_kernel(
    buffer_12_ptr, buffer_3_ptr, buffer_4_ptr, buffer_5_ptr, buffer_6_ptr, buffer_7_ptr, buffer_21_ptr,
    buffer_22_ptr, buffer_24_ptr, buffer_12_stride_b, buffer_12_stride_t, buffer_12_stride_width,
    buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_hidden, buffer_4_stride_b, buffer_4_stride_t,
    buffer_5_stride_b, buffer_5_stride_t, buffer_5_stride_hidden, buffer_6_stride_b, buffer_6_stride_t,
    buffer_6_stride_hidden, buffer_7_stride_b, buffer_7_stride_t, buffer_21_stride_b, buffer_21_stride_t,
    buffer_21_stride_hidden, buffer_22_stride_b, buffer_22_stride_t, buffer_22_stride_hidden,
    buffer_24_stride_b, buffer_24_stride_t, buffer_24_stride_hidden, size_b, size_t,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_WIDTH: tl.constexpr, EXACT_HIDDEN: tl.constexpr,
    EXACT_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    width_index = tl.arange(0, BLOCK_WIDTH)
    buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
    buffer_6 = tl.load(
        buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t + hidden_index * buffer_6_stride_hidden,
    )
    buffer_5 = tl.load(
        buffer_5_ptr + b_index * buffer_5_stride_b + t_index * buffer_5_stride_t + hidden_index * buffer_5_stride_hidden,
    )
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + hidden_index * buffer_3_stride_hidden,
    )
    mul_hidden = buffer_3 * buffer_4
    sigmoid_hidden = tl.sigmoid(mul_hidden)
    add_hidden = 1.0 + ((buffer_4 * (1.0 - sigmoid_hidden)) * buffer_3)
    tile = ((add_hidden * sigmoid_hidden) * buffer_3) * buffer_5
    mul_hidden_2 = tile * buffer_6
    sum_ = tl.sum(mul_hidden_2, 0)
    buffer_12 = tl.load(
        buffer_12_ptr + b_index * buffer_12_stride_b + t_index * buffer_12_stride_t + width_index * buffer_12_stride_width,
    )
    sum_2 = tl.sum(buffer_12, 0)
    tl.store(
        buffer_7_ptr + b_index * buffer_7_stride_b + t_index * buffer_7_stride_t,
        (sum_2 + (sum_ * buffer_4)),
    )
    mul_hidden_3 = ((add_hidden * sigmoid_hidden) * buffer_5) * buffer_6
    tl.store(
        buffer_21_ptr + b_index * buffer_21_stride_b + t_index * buffer_21_stride_t + hidden_index * buffer_21_stride_hidden,
        mul_hidden_3.to(tl.bfloat16),
    )
    mul_hidden_4 = buffer_6 * (mul_hidden * tl.sigmoid(mul_hidden))
    tl.store(
        buffer_22_ptr + b_index * buffer_22_stride_b + t_index * buffer_22_stride_t + hidden_index * buffer_22_stride_hidden,
        mul_hidden_4,
    )
    tile_2 = ((buffer_4 * buffer_4) * add_hidden) * sigmoid_hidden
    tl.store(
        buffer_24_ptr + b_index * buffer_24_stride_b + t_index * buffer_24_stride_t + hidden_index * buffer_24_stride_hidden,
        ((tile_2 * buffer_5) * buffer_6),
    )


@triton.jit
def block_backward_buffer_7_buffer_21_buffer_22_buffer_24_kernel(
    buffer_12_ptr, buffer_3_ptr, buffer_4_ptr, buffer_5_ptr, buffer_6_ptr, buffer_7_ptr, buffer_21_ptr,
    buffer_22_ptr, buffer_24_ptr, buffer_12_stride_b, buffer_12_stride_t, buffer_12_stride_width,
    buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_hidden, buffer_4_stride_b, buffer_4_stride_t,
    buffer_5_stride_b, buffer_5_stride_t, buffer_5_stride_hidden, buffer_6_stride_b, buffer_6_stride_t,
    buffer_6_stride_hidden, buffer_7_stride_b, buffer_7_stride_t, buffer_21_stride_b, buffer_21_stride_t,
    buffer_21_stride_hidden, buffer_22_stride_b, buffer_22_stride_t, buffer_22_stride_hidden,
    buffer_24_stride_b, buffer_24_stride_t, buffer_24_stride_hidden, size_b, size_t,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    sum_width = tl.full([], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        buffer_12 = tl.load(
            buffer_12_ptr + b_index * buffer_12_stride_b + t_index * buffer_12_stride_t + width_index * buffer_12_stride_width,
        )
        tile_sum = tl.sum(buffer_12, 0)
        next_sum_width = sum_width + tile_sum
        sum_width = next_sum_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        buffer_12 = tl.load(
            buffer_12_ptr + b_index * buffer_12_stride_b + t_index * buffer_12_stride_t + width_index * buffer_12_stride_width,
            mask=(width_index < 512),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_12, 0)
        next_sum_width = sum_width + tile_sum
        sum_width = next_sum_width
    acc_hidden = tl.full([], 0.0, tl.float32)
    buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
    to_hidden = (1024) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t + hidden_index * buffer_6_stride_hidden,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + t_index * buffer_5_stride_t + hidden_index * buffer_5_stride_hidden,
        )
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + hidden_index * buffer_3_stride_hidden,
        )
        sigmoid_hidden = tl.sigmoid(buffer_3 * buffer_4)
        add_hidden = 1.0 + ((buffer_4 * (1.0 - sigmoid_hidden)) * buffer_3)
        tile = ((add_hidden * sigmoid_hidden) * buffer_3) * buffer_5
        mul_hidden = tile * buffer_6
        tile_sum = tl.sum(mul_hidden, 0)
        next_acc_hidden = acc_hidden + tile_sum
        acc_hidden = next_acc_hidden
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t + hidden_index * buffer_6_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + t_index * buffer_5_stride_t + hidden_index * buffer_5_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + hidden_index * buffer_3_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        sigmoid_hidden = tl.sigmoid(buffer_3 * buffer_4)
        add_hidden = 1.0 + ((buffer_4 * (1.0 - sigmoid_hidden)) * buffer_3)
        tile = tl.where(hidden_index < 1024, add_hidden, 0.0) * sigmoid_hidden
        mul_hidden = ((tile * buffer_3) * buffer_5) * buffer_6
        tile_sum = tl.sum(mul_hidden, 0)
        next_acc_hidden = acc_hidden + tile_sum
        acc_hidden = next_acc_hidden
    tl.store(
        buffer_7_ptr + b_index * buffer_7_stride_b + t_index * buffer_7_stride_t,
        (sum_width + (acc_hidden * buffer_4)),
    )
    # whole tiles, no mask needed
    for first_hidden_3 in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden_3 + tl.arange(0, BLOCK_HIDDEN)
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t + hidden_index * buffer_6_stride_hidden,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + t_index * buffer_5_stride_t + hidden_index * buffer_5_stride_hidden,
        )
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + hidden_index * buffer_3_stride_hidden,
        )
        mul_hidden = buffer_3 * buffer_4
        sigmoid_hidden = tl.sigmoid(mul_hidden)
        add_hidden = 1.0 + ((buffer_4 * (1.0 - sigmoid_hidden)) * buffer_3)
        mul_hidden_2 = ((add_hidden * sigmoid_hidden) * buffer_5) * buffer_6
        tl.store(
            buffer_21_ptr + b_index * buffer_21_stride_b + t_index * buffer_21_stride_t + hidden_index * buffer_21_stride_hidden,
            mul_hidden_2.to(tl.bfloat16),
        )
        mul_hidden_3 = buffer_6 * (mul_hidden * tl.sigmoid(mul_hidden))
        tl.store(
            buffer_22_ptr + b_index * buffer_22_stride_b + t_index * buffer_22_stride_t + hidden_index * buffer_22_stride_hidden,
            mul_hidden_3,
        )
        tile = ((buffer_4 * buffer_4) * add_hidden) * sigmoid_hidden
        tl.store(
            buffer_24_ptr + b_index * buffer_24_stride_b + t_index * buffer_24_stride_t + hidden_index * buffer_24_stride_hidden,
            ((tile * buffer_5) * buffer_6),
        )
    # tiles that a mask or the end cuts
    for first_hidden_4 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_4 + tl.arange(0, BLOCK_HIDDEN)
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + t_index * buffer_6_stride_t + hidden_index * buffer_6_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + t_index * buffer_5_stride_t + hidden_index * buffer_5_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + hidden_index * buffer_3_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        mul_hidden = buffer_3 * buffer_4
        sigmoid_hidden = tl.sigmoid(mul_hidden)
        add_hidden = 1.0 + ((buffer_4 * (1.0 - sigmoid_hidden)) * buffer_3)
        mul_hidden_2 = ((add_hidden * sigmoid_hidden) * buffer_5) * buffer_6
        tl.store(
            buffer_21_ptr + b_index * buffer_21_stride_b + t_index * buffer_21_stride_t + hidden_index * buffer_21_stride_hidden,
            mul_hidden_2.to(tl.bfloat16),
            mask=(hidden_index < 1024),
        )
        mul_hidden_3 = buffer_6 * (mul_hidden * tl.sigmoid(mul_hidden))
        tl.store(
            buffer_22_ptr + b_index * buffer_22_stride_b + t_index * buffer_22_stride_t + hidden_index * buffer_22_stride_hidden,
            mul_hidden_3,
            mask=(hidden_index < 1024),
        )
        tile = ((buffer_4 * buffer_4) * add_hidden) * sigmoid_hidden
        tl.store(
            buffer_24_ptr + b_index * buffer_24_stride_b + t_index * buffer_24_stride_t + hidden_index * buffer_24_stride_hidden,
            ((tile * buffer_5) * buffer_6),
            mask=(hidden_index < 1024),
        )


@triton.jit
def block_backward_buffer_11_kernel(
    c_ptr, up_ptr, gate_ptr, buffer_21_ptr, buffer_4_ptr, buffer_22_ptr, buffer_11_ptr, c_stride_width,
    up_stride_width, up_stride_hidden, gate_stride_width, gate_stride_hidden, buffer_21_stride_b,
    buffer_21_stride_t, buffer_21_stride_hidden, buffer_4_stride_b, buffer_4_stride_t, buffer_22_stride_b,
    buffer_22_stride_t, buffer_22_stride_hidden, buffer_11_stride_b, buffer_11_stride_t,
    buffer_11_stride_width, size_b, size_t, BLOCK_HIDDEN: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_hidden = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    acc_hidden_2 = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    to_hidden = (1024) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        buffer_21 = tl.load(
            buffer_21_ptr + b_index * buffer_21_stride_b + t_index[:, None] * buffer_21_stride_t + hidden_index[None, :] * buffer_21_stride_hidden,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[:, None] * gate_stride_width + hidden_index[None, :] * gate_stride_hidden,
            mask=(width_index < 512)[:, None],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_21, tl.trans(gate), acc_hidden)
        buffer_22 = tl.load(
            buffer_22_ptr + b_index * buffer_22_stride_b + t_index[:, None] * buffer_22_stride_t + hidden_index[None, :] * buffer_22_stride_hidden,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        buffer_22_bf16 = buffer_22.to(tl.bfloat16)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[:, None] * up_stride_width + hidden_index[None, :] * up_stride_hidden,
            mask=(width_index < 512)[:, None],
            other=0.0,
        )
        next_acc_hidden_2 = tl.dot(buffer_22_bf16, tl.trans(up), acc_hidden_2)
        acc_hidden = next_acc_hidden
        acc_hidden_2 = next_acc_hidden_2
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        buffer_21 = tl.load(
            buffer_21_ptr + b_index * buffer_21_stride_b + t_index[:, None] * buffer_21_stride_t + hidden_index[None, :] * buffer_21_stride_hidden,
            mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        # src[block.diag:20]
        gate = tl.load(
            gate_ptr + width_index[:, None] * gate_stride_width + hidden_index[None, :] * gate_stride_hidden,
            mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        next_acc_hidden = tl.dot(buffer_21, tl.trans(gate), acc_hidden)
        buffer_22 = tl.load(
            buffer_22_ptr + b_index * buffer_22_stride_b + t_index[:, None] * buffer_22_stride_t + hidden_index[None, :] * buffer_22_stride_hidden,
            mask=(t_index < size_t)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        buffer_22_bf16 = buffer_22.to(tl.bfloat16)
        # src[block.diag:19]
        up = tl.load(
            up_ptr + width_index[:, None] * up_stride_width + hidden_index[None, :] * up_stride_hidden,
            mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
            other=0.0,
        )
        next_acc_hidden_2 = tl.dot(buffer_22_bf16, tl.trans(up), acc_hidden_2)
        acc_hidden = next_acc_hidden
        acc_hidden_2 = next_acc_hidden_2
    # src[block.diag:18]
    c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    add_t_width = (acc_hidden * buffer_4[:, None]) + acc_hidden_2
    tl.store(
        buffer_11_ptr + b_index * buffer_11_stride_b + t_index[:, None] * buffer_11_stride_t + width_index[None, :] * buffer_11_stride_width,
        (add_t_width * c[None, :]),
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_buffer_17_kernel(
    up_ptr, buffer_22_ptr, buffer_13_ptr, buffer_4_ptr, buffer_17_ptr, up_stride_width, up_stride_hidden,
    buffer_22_stride_b, buffer_22_stride_t, buffer_22_stride_hidden, buffer_13_stride_b, buffer_13_stride_t,
    buffer_13_stride_width, buffer_4_stride_b, buffer_4_stride_t, buffer_17_stride_width,
    buffer_17_stride_hidden, size_b, size_t, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_width = program * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    acc_b_t = tl.full([BLOCK_WIDTH, BLOCK_HIDDEN], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_22 = tl.load(
                buffer_22_ptr + b_index * buffer_22_stride_b + t_index[None, :] * buffer_22_stride_t + hidden_index[:, None] * buffer_22_stride_hidden,
                mask=(hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
            tile = buffer_22 * buffer_4[None, :]
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_t = tl.dot(buffer_13, tl.trans(tile), acc_b_t, input_precision="ieee")
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_22 = tl.load(
                buffer_22_ptr + b_index * buffer_22_stride_b + t_index[None, :] * buffer_22_stride_t + hidden_index[:, None] * buffer_22_stride_hidden,
                mask=(t_index < size_t)[None, :] & (hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            tile = buffer_22 * buffer_4[None, :]
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_t = tl.dot(buffer_13, tl.trans(tile), acc_b_t, input_precision="ieee")
            acc_b_t = next_acc_b_t
    # src[block.diag:19]
    up = tl.load(
        up_ptr + width_index[:, None] * up_stride_width + hidden_index[None, :] * up_stride_hidden,
        mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_17_ptr + width_index[:, None] * buffer_17_stride_width + hidden_index[None, :] * buffer_17_stride_hidden,
        (acc_b_t * up.to(tl.float32)),
        mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_buffer_19_kernel(
    gate_ptr, buffer_24_ptr, buffer_13_ptr, buffer_19_ptr, gate_stride_width, gate_stride_hidden,
    buffer_24_stride_b, buffer_24_stride_t, buffer_24_stride_hidden, buffer_13_stride_b, buffer_13_stride_t,
    buffer_13_stride_width, buffer_19_stride_width, buffer_19_stride_hidden, size_b, size_t,
    BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_width = program * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    acc_b_t = tl.full([BLOCK_WIDTH, BLOCK_HIDDEN], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_24 = tl.load(
                buffer_24_ptr + b_index * buffer_24_stride_b + t_index[None, :] * buffer_24_stride_t + hidden_index[:, None] * buffer_24_stride_hidden,
                mask=(hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_t = tl.dot(buffer_13, tl.trans(buffer_24), acc_b_t, input_precision="ieee")
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_24 = tl.load(
                buffer_24_ptr + b_index * buffer_24_stride_b + t_index[None, :] * buffer_24_stride_t + hidden_index[:, None] * buffer_24_stride_hidden,
                mask=(t_index < size_t)[None, :] & (hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_t = tl.dot(buffer_13, tl.trans(buffer_24), acc_b_t, input_precision="ieee")
            acc_b_t = next_acc_b_t
    # src[block.diag:20]
    gate = tl.load(
        gate_ptr + width_index[:, None] * gate_stride_width + hidden_index[None, :] * gate_stride_hidden,
        mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_19_ptr + width_index[:, None] * buffer_19_stride_width + hidden_index[None, :] * buffer_19_stride_hidden,
        (acc_b_t * gate.to(tl.float32)),
        mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_d_up_kernel(
    c_ptr, buffer_22_ptr, buffer_13_ptr, buffer_4_ptr, d_up_ptr, c_stride_width, buffer_22_stride_b,
    buffer_22_stride_t, buffer_22_stride_hidden, buffer_13_stride_b, buffer_13_stride_t,
    buffer_13_stride_width, buffer_4_stride_b, buffer_4_stride_t, d_up_stride_width, d_up_stride_hidden,
    size_b, size_t, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_width = program * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    acc_b_t = tl.full([BLOCK_WIDTH, BLOCK_HIDDEN], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_22 = tl.load(
                buffer_22_ptr + b_index * buffer_22_stride_b + t_index[None, :] * buffer_22_stride_t + hidden_index[:, None] * buffer_22_stride_hidden,
                mask=(hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
            tile_bf16 = (buffer_22 * buffer_4[None, :]).to(tl.bfloat16)
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            buffer_13_bf16 = buffer_13.to(tl.bfloat16)
            next_acc_b_t = tl.dot(buffer_13_bf16, tl.trans(tile_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_22 = tl.load(
                buffer_22_ptr + b_index * buffer_22_stride_b + t_index[None, :] * buffer_22_stride_t + hidden_index[:, None] * buffer_22_stride_hidden,
                mask=(t_index < size_t)[None, :] & (hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            tile_bf16 = (buffer_22 * buffer_4[None, :]).to(tl.bfloat16)
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            buffer_13_bf16 = buffer_13.to(tl.bfloat16)
            next_acc_b_t = tl.dot(buffer_13_bf16, tl.trans(tile_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
    # src[block.diag:18]
    c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
    tl.store(
        d_up_ptr + width_index[:, None] * d_up_stride_width + hidden_index[None, :] * d_up_stride_hidden,
        (acc_b_t * c[:, None]).to(tl.bfloat16),
        mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_d_gate_kernel(
    c_ptr, buffer_24_ptr, buffer_13_ptr, d_gate_ptr, c_stride_width, buffer_24_stride_b, buffer_24_stride_t,
    buffer_24_stride_hidden, buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width,
    d_gate_stride_width, d_gate_stride_hidden, size_b, size_t, BLOCK_T: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(1024, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(1024, BLOCK_HIDDEN)
    first_width = program * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    acc_b_t = tl.full([BLOCK_WIDTH, BLOCK_HIDDEN], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_24 = tl.load(
                buffer_24_ptr + b_index * buffer_24_stride_b + t_index[None, :] * buffer_24_stride_t + hidden_index[:, None] * buffer_24_stride_hidden,
                mask=(hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_24_bf16 = buffer_24.to(tl.bfloat16)
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            buffer_13_bf16 = buffer_13.to(tl.bfloat16)
            next_acc_b_t = tl.dot(buffer_13_bf16, tl.trans(buffer_24_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_24 = tl.load(
                buffer_24_ptr + b_index * buffer_24_stride_b + t_index[None, :] * buffer_24_stride_t + hidden_index[:, None] * buffer_24_stride_hidden,
                mask=(t_index < size_t)[None, :] & (hidden_index < 1024)[:, None],
                other=0.0,
            )
            buffer_24_bf16 = buffer_24.to(tl.bfloat16)
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            buffer_13_bf16 = buffer_13.to(tl.bfloat16)
            next_acc_b_t = tl.dot(buffer_13_bf16, tl.trans(buffer_24_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
    # src[block.diag:18]
    c = tl.load(c_ptr + width_index * c_stride_width, mask=(width_index < 512), other=0.0)
    tl.store(
        d_gate_ptr + width_index[:, None] * d_gate_stride_width + hidden_index[None, :] * d_gate_stride_hidden,
        (acc_b_t * c[:, None]).to(tl.bfloat16),
        mask=(width_index < 512)[:, None] & (hidden_index < 1024)[None, :],
    )


@triton.jit
def block_backward_buffer_8_kernel(
    WO_ptr, d_out_ptr, buffer_11_ptr, buffer_7_ptr, buffer_13_ptr, buffer_4_ptr, buffer_8_ptr, WO_stride_kv,
    WO_stride_g, WO_stride_d, WO_stride_width, d_out_stride_b, d_out_stride_t, d_out_stride_width,
    buffer_11_stride_b, buffer_11_stride_t, buffer_11_stride_width, buffer_7_stride_b, buffer_7_stride_t,
    buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width, buffer_4_stride_b, buffer_4_stride_t,
    buffer_8_stride_b, buffer_8_stride_t, buffer_8_stride_kv, buffer_8_stride_g, buffer_8_stride_d, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    buffer_7 = tl.load(
        buffer_7_ptr + b_index * buffer_7_stride_b + t_index * buffer_7_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:17]
        WO = tl.load(
            WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[:, None] * WO_stride_d + width_index[None, :] * WO_stride_width,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + t_index[:, None] * d_out_stride_t + width_index[None, :] * d_out_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        tile = ((0.001953125 * buffer_7) * buffer_4) * buffer_4
        mul_t_width = tile[:, None] * buffer_13
        buffer_11 = tl.load(
            buffer_11_ptr + b_index * buffer_11_stride_b + t_index[:, None] * buffer_11_stride_t + width_index[None, :] * buffer_11_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        safe_ = tl.where(mul_t_width == float("-inf"), 0.0, mul_t_width)
        add_t_width = ((buffer_11 - safe_) * buffer_4[:, None]) + d_out.to(tl.float32)
        tile_bf16 = add_t_width.to(tl.bfloat16)
        next_acc_width = tl.dot(tile_bf16, tl.trans(WO), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:17]
        WO = tl.load(
            WO_ptr + kv_index * WO_stride_kv + g_index * WO_stride_g + d_index[:, None] * WO_stride_d + width_index[None, :] * WO_stride_width,
            mask=(d_index < 64)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + t_index[:, None] * d_out_stride_t + width_index[None, :] * d_out_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        buffer_13 = tl.load(
            buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        tile = ((0.001953125 * buffer_7) * buffer_4) * buffer_4
        mul_t_width = tile[:, None] * buffer_13
        buffer_11 = tl.load(
            buffer_11_ptr + b_index * buffer_11_stride_b + t_index[:, None] * buffer_11_stride_t + width_index[None, :] * buffer_11_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        safe_ = tl.where(mul_t_width == float("-inf"), 0.0, mul_t_width)
        add_t_width = ((buffer_11 - safe_) * buffer_4[:, None]) + d_out.to(tl.float32)
        tile_bf16 = add_t_width.to(tl.bfloat16)
        next_acc_width = tl.dot(tile_bf16, tl.trans(WO), acc_width)
        acc_width = next_acc_width
    tl.store(
        buffer_8_ptr + b_index * buffer_8_stride_b + t_index[:, None] * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index[None, :] * buffer_8_stride_d,
        acc_width,
        mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_backward_d_WO_kernel(
    d_out_ptr, buffer_15_ptr, buffer_11_ptr, buffer_7_ptr, buffer_13_ptr, buffer_4_ptr, d_WO_ptr,
    d_out_stride_b, d_out_stride_t, d_out_stride_width, buffer_15_stride_b, buffer_15_stride_t,
    buffer_15_stride_kv, buffer_15_stride_g, buffer_15_stride_d, buffer_11_stride_b, buffer_11_stride_t,
    buffer_11_stride_width, buffer_7_stride_b, buffer_7_stride_t, buffer_13_stride_b, buffer_13_stride_t,
    buffer_13_stride_width, buffer_4_stride_b, buffer_4_stride_t, d_WO_stride_kv, d_WO_stride_g,
    d_WO_stride_d, d_WO_stride_width, size_b, size_t, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = program.to(tl.int64)
    acc_b_t = tl.full([BLOCK_D, BLOCK_WIDTH], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_15 = tl.load(
                buffer_15_ptr + b_index * buffer_15_stride_b + t_index[None, :] * buffer_15_stride_t + kv_index * buffer_15_stride_kv + g_index * buffer_15_stride_g + d_index[:, None] * buffer_15_stride_d,
                mask=(d_index < 64)[:, None],
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + t_index[None, :] * d_out_stride_t + width_index[:, None] * d_out_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t)
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            buffer_7 = tl.load(buffer_7_ptr + b_index * buffer_7_stride_b + t_index * buffer_7_stride_t)
            tile = ((0.001953125 * buffer_7) * buffer_4) * buffer_4
            mul_width_t = tile[None, :] * buffer_13
            buffer_11 = tl.load(
                buffer_11_ptr + b_index * buffer_11_stride_b + t_index[None, :] * buffer_11_stride_t + width_index[:, None] * buffer_11_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            safe_ = tl.where(mul_width_t == float("-inf"), 0.0, mul_width_t)
            add_width_t = ((buffer_11 - safe_) * buffer_4[None, :]) + d_out.to(tl.float32)
            tile_bf16 = add_width_t.to(tl.bfloat16)
            next_acc_b_t = tl.dot(buffer_15, tl.trans(tile_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_15 = tl.load(
                buffer_15_ptr + b_index * buffer_15_stride_b + t_index[None, :] * buffer_15_stride_t + kv_index * buffer_15_stride_kv + g_index * buffer_15_stride_g + d_index[:, None] * buffer_15_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < 64)[:, None],
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + t_index[None, :] * d_out_stride_t + width_index[:, None] * d_out_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            buffer_13 = tl.load(
                buffer_13_ptr + b_index * buffer_13_stride_b + t_index[None, :] * buffer_13_stride_t + width_index[:, None] * buffer_13_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            buffer_7 = tl.load(
                buffer_7_ptr + b_index * buffer_7_stride_b + t_index * buffer_7_stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            tile = ((0.001953125 * buffer_7) * buffer_4) * buffer_4
            mul_width_t = tile[None, :] * buffer_13
            buffer_11 = tl.load(
                buffer_11_ptr + b_index * buffer_11_stride_b + t_index[None, :] * buffer_11_stride_t + width_index[:, None] * buffer_11_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            safe_ = tl.where(mul_width_t == float("-inf"), 0.0, mul_width_t)
            add_width_t = ((buffer_11 - safe_) * buffer_4[None, :]) + d_out.to(tl.float32)
            tile_bf16 = add_width_t.to(tl.bfloat16)
            next_acc_b_t = tl.dot(buffer_15, tl.trans(tile_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
    tl.store(
        d_WO_ptr + kv_index * d_WO_stride_kv + g_index * d_WO_stride_g + d_index[:, None] * d_WO_stride_d + width_index[None, :] * d_WO_stride_width,
        acc_b_t.to(tl.bfloat16),
        mask=(d_index < 64)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_d_c_rows_kernel(
    buffer_17_ptr, buffer_19_ptr, d_c_ptr, buffer_17_stride_width, buffer_17_stride_hidden,
    buffer_19_stride_width, buffer_19_stride_hidden, d_c_stride_width, BLOCK_HIDDEN: tl.constexpr,
    EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    width_index = program.to(tl.int64)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    buffer_19 = tl.load(
        buffer_19_ptr + width_index * buffer_19_stride_width + hidden_index * buffer_19_stride_hidden,
    )
    sum_ = tl.sum(buffer_19, 0)
    buffer_17 = tl.load(
        buffer_17_ptr + width_index * buffer_17_stride_width + hidden_index * buffer_17_stride_hidden,
    )
    sum_2 = tl.sum(buffer_17, 0)
    tl.store(d_c_ptr + width_index * d_c_stride_width, (sum_2 + sum_))


@triton.jit
def block_backward_d_c_kernel(
    buffer_17_ptr, buffer_19_ptr, d_c_ptr, buffer_17_stride_width, buffer_17_stride_hidden,
    buffer_19_stride_width, buffer_19_stride_hidden, d_c_stride_width, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    width_index = program.to(tl.int64)
    sum_hidden = tl.full([], 0.0, tl.float32)
    sum_hidden_2 = tl.full([], 0.0, tl.float32)
    to_hidden = (1024) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        buffer_17 = tl.load(
            buffer_17_ptr + width_index * buffer_17_stride_width + hidden_index * buffer_17_stride_hidden,
        )
        tile_sum = tl.sum(buffer_17, 0)
        next_sum_hidden = sum_hidden + tile_sum
        buffer_19 = tl.load(
            buffer_19_ptr + width_index * buffer_19_stride_width + hidden_index * buffer_19_stride_hidden,
        )
        tile_sum_2 = tl.sum(buffer_19, 0)
        next_sum_hidden_2 = sum_hidden_2 + tile_sum_2
        sum_hidden = next_sum_hidden
        sum_hidden_2 = next_sum_hidden_2
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 1024, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        buffer_17 = tl.load(
            buffer_17_ptr + width_index * buffer_17_stride_width + hidden_index * buffer_17_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_17, 0)
        next_sum_hidden = sum_hidden + tile_sum
        buffer_19 = tl.load(
            buffer_19_ptr + width_index * buffer_19_stride_width + hidden_index * buffer_19_stride_hidden,
            mask=(hidden_index < 1024),
            other=0.0,
        )
        tile_sum_2 = tl.sum(buffer_19, 0)
        next_sum_hidden_2 = sum_hidden_2 + tile_sum_2
        sum_hidden = next_sum_hidden
        sum_hidden_2 = next_sum_hidden_2
    tl.store(d_c_ptr + width_index * d_c_stride_width, (sum_hidden + sum_hidden_2))


@triton.jit
def block_backward_buffer_2_rows_kernel(
    state_______ptr, state________ptr, buffer_8_ptr, buffer_2_ptr, state_______stride_b, state_______stride_t,
    state_______stride_kv, state_______stride_g, state________stride_b, state________stride_t,
    state________stride_kv, state________stride_g, state________stride_d, buffer_8_stride_b,
    buffer_8_stride_t, buffer_8_stride_kv, buffer_8_stride_g, buffer_8_stride_d, buffer_2_stride_b,
    buffer_2_stride_t, buffer_2_stride_kv, buffer_2_stride_g, size_b, size_t, BLOCK_D: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state______ = tl.load(
        state_______ptr + b_index * state_______stride_b + t_index * state_______stride_t + kv_index * state_______stride_kv + g_index * state_______stride_g,
    )
    buffer_8 = tl.load(
        buffer_8_ptr + b_index * buffer_8_stride_b + t_index * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index * buffer_8_stride_d,
    )
    state_______ = tl.load(
        state________ptr + b_index * state________stride_b + t_index * state________stride_t + kv_index * state________stride_kv + g_index * state________stride_g + d_index * state________stride_d,
    )
    mul_d = state_______ * buffer_8
    sum_ = tl.sum(mul_d, 0)
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + kv_index * buffer_2_stride_kv + g_index * buffer_2_stride_g,
        (sum_ * (1.0 / state______)),
    )


@triton.jit
def block_backward_buffer_2_kernel(
    state_______ptr, state________ptr, buffer_8_ptr, buffer_2_ptr, state_______stride_b, state_______stride_t,
    state_______stride_kv, state_______stride_g, state________stride_b, state________stride_t,
    state________stride_kv, state________stride_g, state________stride_d, buffer_8_stride_b,
    buffer_8_stride_t, buffer_8_stride_kv, buffer_8_stride_g, buffer_8_stride_d, buffer_2_stride_b,
    buffer_2_stride_t, buffer_2_stride_kv, buffer_2_stride_g, size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        buffer_8 = tl.load(
            buffer_8_ptr + b_index * buffer_8_stride_b + t_index * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index * buffer_8_stride_d,
        )
        state_______ = tl.load(
            state________ptr + b_index * state________stride_b + t_index * state________stride_t + kv_index * state________stride_kv + g_index * state________stride_g + d_index * state________stride_d,
        )
        mul_d = state_______ * buffer_8
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        buffer_8 = tl.load(
            buffer_8_ptr + b_index * buffer_8_stride_b + t_index * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index * buffer_8_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        state_______ = tl.load(
            state________ptr + b_index * state________stride_b + t_index * state________stride_t + kv_index * state________stride_kv + g_index * state________stride_g + d_index * state________stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        mul_d = state_______ * buffer_8
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    state______ = tl.load(
        state_______ptr + b_index * state_______stride_b + t_index * state_______stride_t + kv_index * state_______stride_kv + g_index * state_______stride_g,
    )
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + kv_index * buffer_2_stride_kv + g_index * buffer_2_stride_g,
        (acc_d * (1.0 / state______)),
    )


@triton.jit
def block_backward_buffer_0_buffer_1_kernel(
    logsum_ptr, state_ptr, state__ptr, state___ptr, state____ptr, state_____ptr, buffer_8_ptr, buffer_2_ptr,
    buffer_0_ptr, buffer_1_ptr, logsum_stride_b, logsum_stride_t, logsum_stride_kv, logsum_stride_g,
    state_stride_b, state_stride_kv, state_stride_d, state_stride_x, state__stride_b, state__stride_x,
    state___stride_b, state___stride_t, state___stride_kv, state___stride_g, state___stride_d,
    state____stride_b, state____stride_t, state_____stride_b, state_____stride_kv, state_____stride_d,
    state_____stride_x, buffer_8_stride_b, buffer_8_stride_t, buffer_8_stride_kv, buffer_8_stride_g,
    buffer_8_stride_d, buffer_2_stride_b, buffer_2_stride_t, buffer_2_stride_kv, buffer_2_stride_g,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_d, buffer_0_stride_x, buffer_1_stride_b,
    buffer_1_stride_kv, buffer_1_stride_d, buffer_1_stride_x, size_b, size_t, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_t, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_t, BLOCK_X)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_t_g = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_t_g_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    state = tl.load(
        state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        mask=(x_index < size_t)[:, None],
        other=0.0,
    )
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + x_index * state__stride_x,
        mask=(x_index < size_t),
        other=0.0,
    )
    rsqrt_x = tl.rsqrt(1e-05 + (0.001953125 * state_))
    tile_bf16 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
    state____ = tl.load(
        state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
        mask=(x_index < size_t)[:, None],
        other=0.0,
    )
    tile_bf16_2 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
    for g_index in tl.range(0, 2):
        from_t = (tl.maximum(0, first_x)) // BLOCK_T * BLOCK_T
        from_t_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_t) - 1), BLOCK_T) * BLOCK_T
        to_t = tl.minimum(from_t_2, size_t)
        # tiles that a mask or the end cuts
        for first_t in tl.range(from_t, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            state__ = tl.load(
                state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            state___ = tl.load(
                state____ptr + b_index * state____stride_b + t_index * state____stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            # src[maps.diag:25]
            mul_t_d = tl.rsqrt(1e-05 + (0.001953125 * state___))[:, None] * state__
            tile_bf16_3 = mul_t_d.to(tl.bfloat16)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + t_index * logsum_stride_t + kv_index * logsum_stride_kv + g_index * logsum_stride_g,
                mask=(t_index < size_t),
                other=0.0,
            )
            mul_t = 1.4426950408889634 * logsum
            dot = tl.dot(tile_bf16, tl.trans(tile_bf16_3))
            # src[block.diag:8]
            tile = (x_index[:, None] <= t_index[None, :]) & (t_index < size_t)[None, :]
            where_x_t = tl.where(tile, dot * 0.18033688011112042, float("-inf"))
            sub_x_t = where_x_t - tl.where(mul_t == float("-inf"), 0.0, mul_t)[None, :]
            exp2_x_t = tl.exp2(sub_x_t)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + kv_index * buffer_2_stride_kv + g_index * buffer_2_stride_g,
                mask=(t_index < size_t),
                other=0.0,
            )
            buffer_8 = tl.load(
                buffer_8_ptr + b_index * buffer_8_stride_b + t_index[:, None] * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index[None, :] * buffer_8_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            buffer_8_bf16 = buffer_8.to(tl.bfloat16)
            dot_2 = tl.dot(tile_bf16_2, tl.trans(buffer_8_bf16))
            tile_bf16_4 = (exp2_x_t * (dot_2 - buffer_2[None, :])).to(tl.bfloat16)
            next_acc_t_g = tl.dot(tile_bf16_4, tile_bf16_3, acc_t_g)
            tile_bf16_5 = exp2_x_t.to(tl.bfloat16)
            next_acc_t_g_2 = tl.dot(tile_bf16_5, buffer_8_bf16, acc_t_g_2)
            acc_t_g = next_acc_t_g
            acc_t_g_2 = next_acc_t_g_2
        to_t_2 = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t_2 in tl.range(from_t_2, to_t_2, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            state__ = tl.load(
                state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
            )
            state___ = tl.load(state____ptr + b_index * state____stride_b + t_index * state____stride_t)
            # src[maps.diag:25]
            mul_t_d = tl.rsqrt(1e-05 + (0.001953125 * state___))[:, None] * state__
            tile_bf16_3 = mul_t_d.to(tl.bfloat16)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + t_index * logsum_stride_t + kv_index * logsum_stride_kv + g_index * logsum_stride_g,
            )
            dot = tl.dot(tile_bf16, tl.trans(tile_bf16_3))
            sub_x_t = (dot * 0.18033688011112042) - (1.4426950408889634 * logsum)[None, :]
            exp2_x_t = tl.exp2(sub_x_t)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + kv_index * buffer_2_stride_kv + g_index * buffer_2_stride_g,
            )
            buffer_8 = tl.load(
                buffer_8_ptr + b_index * buffer_8_stride_b + t_index[:, None] * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index[None, :] * buffer_8_stride_d,
            )
            buffer_8_bf16 = buffer_8.to(tl.bfloat16)
            dot_2 = tl.dot(tile_bf16_2, tl.trans(buffer_8_bf16))
            tile_bf16_4 = (exp2_x_t * (dot_2 - buffer_2[None, :])).to(tl.bfloat16)
            next_acc_t_g = tl.dot(tile_bf16_4, tile_bf16_3, acc_t_g)
            tile_bf16_5 = exp2_x_t.to(tl.bfloat16)
            next_acc_t_g_2 = tl.dot(tile_bf16_5, buffer_8_bf16, acc_t_g_2)
            acc_t_g = next_acc_t_g
            acc_t_g_2 = next_acc_t_g_2
        from_t_3 = tl.maximum(from_t_2, to_t_2)
        # tiles that a mask or the end cuts
        for first_t_3 in tl.range(from_t_3, size_t, BLOCK_T):
            t_index = first_t_3 + tl.arange(0, BLOCK_T)
            state__ = tl.load(
                state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            state___ = tl.load(
                state____ptr + b_index * state____stride_b + t_index * state____stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            # src[maps.diag:25]
            mul_t_d = tl.rsqrt(1e-05 + (0.001953125 * state___))[:, None] * state__
            tile_bf16_3 = mul_t_d.to(tl.bfloat16)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + t_index * logsum_stride_t + kv_index * logsum_stride_kv + g_index * logsum_stride_g,
                mask=(t_index < size_t),
                other=0.0,
            )
            mul_t = 1.4426950408889634 * logsum
            dot = tl.dot(tile_bf16, tl.trans(tile_bf16_3))
            # src[block.diag:8]
            tile = (x_index[:, None] <= t_index[None, :]) & (t_index < size_t)[None, :]
            where_x_t = tl.where(tile, dot * 0.18033688011112042, float("-inf"))
            sub_x_t = where_x_t - tl.where(mul_t == float("-inf"), 0.0, mul_t)[None, :]
            exp2_x_t = tl.exp2(sub_x_t)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + kv_index * buffer_2_stride_kv + g_index * buffer_2_stride_g,
                mask=(t_index < size_t),
                other=0.0,
            )
            buffer_8 = tl.load(
                buffer_8_ptr + b_index * buffer_8_stride_b + t_index[:, None] * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index[None, :] * buffer_8_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            buffer_8_bf16 = buffer_8.to(tl.bfloat16)
            dot_2 = tl.dot(tile_bf16_2, tl.trans(buffer_8_bf16))
            tile_bf16_4 = (exp2_x_t * (dot_2 - buffer_2[None, :])).to(tl.bfloat16)
            next_acc_t_g = tl.dot(tile_bf16_4, tile_bf16_3, acc_t_g)
            tile_bf16_5 = exp2_x_t.to(tl.bfloat16)
            next_acc_t_g_2 = tl.dot(tile_bf16_5, buffer_8_bf16, acc_t_g_2)
            acc_t_g = next_acc_t_g
            acc_t_g_2 = next_acc_t_g_2
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + d_index[None, :] * buffer_0_stride_d + x_index[:, None] * buffer_0_stride_x,
        acc_t_g,
        mask=(x_index < size_t)[:, None],
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + d_index[None, :] * buffer_1_stride_d + x_index[:, None] * buffer_1_stride_x,
        acc_t_g_2,
        mask=(x_index < size_t)[:, None],
    )


@triton.jit
def block_backward_buffer_14_kernel(
    logsum_ptr, state_ptr, state__ptr, state___ptr, state____ptr, state_____ptr, buffer_8_ptr, buffer_2_ptr,
    buffer_14_ptr, logsum_stride_b, logsum_stride_t, logsum_stride_kv, logsum_stride_g, state_stride_b,
    state_stride_kv, state_stride_d, state_stride_x, state__stride_b, state__stride_x, state___stride_b,
    state___stride_t, state___stride_kv, state___stride_g, state___stride_d, state____stride_b,
    state____stride_t, state_____stride_b, state_____stride_kv, state_____stride_d, state_____stride_x,
    buffer_8_stride_b, buffer_8_stride_t, buffer_8_stride_kv, buffer_8_stride_g, buffer_8_stride_d,
    buffer_2_stride_b, buffer_2_stride_t, buffer_2_stride_kv, buffer_2_stride_g, buffer_14_stride_b,
    buffer_14_stride_t, buffer_14_stride_kv, buffer_14_stride_g, buffer_14_stride_d, size_b, size_t,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_t = (tl.cdiv(size_t, BLOCK_T) - 1 - (program % tl.cdiv(size_t, BLOCK_T))) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + t_index * logsum_stride_t + kv_index * logsum_stride_kv + g_index * logsum_stride_g,
        mask=(t_index < size_t),
        other=0.0,
    )
    mul_t = 1.4426950408889634 * logsum
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    state___ = tl.load(
        state____ptr + b_index * state____stride_b + t_index * state____stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[maps.diag:25]
    mul_t_d = tl.rsqrt(1e-05 + (0.001953125 * state___))[:, None] * state__
    tile_bf16 = mul_t_d.to(tl.bfloat16)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + kv_index * buffer_2_stride_kv + g_index * buffer_2_stride_g,
        mask=(t_index < size_t),
        other=0.0,
    )
    buffer_8 = tl.load(
        buffer_8_ptr + b_index * buffer_8_stride_b + t_index[:, None] * buffer_8_stride_t + kv_index * buffer_8_stride_kv + g_index * buffer_8_stride_g + d_index[None, :] * buffer_8_stride_d,
        mask=(t_index < size_t)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_t, first_t + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_ = tl.load(state__ptr + b_index * state__stride_b + x_index * state__stride_x)
        rsqrt_x = tl.rsqrt(1e-05 + (0.001953125 * state_))
        tile_bf16_2 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
        dot = tl.dot(tile_bf16, tl.trans(tile_bf16_2))
        exp2_t_x = tl.exp2((dot * 0.18033688011112042) - mul_t[:, None])
        state____ = tl.load(
            state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
        )
        tile_bf16_3 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
        buffer_8_bf16 = buffer_8.to(tl.bfloat16)
        dot_2 = tl.dot(buffer_8_bf16, tl.trans(tile_bf16_3))
        tile_bf16_4 = (exp2_t_x * (dot_2 - buffer_2[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16_4, tile_bf16_2, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_t, tl.minimum(first_t + BLOCK_T, size_t))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + kv_index * state_stride_kv + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + x_index * state__stride_x,
            mask=(x_index < size_t),
            other=0.0,
        )
        rsqrt_x = tl.rsqrt(1e-05 + (0.001953125 * state_))
        tile_bf16_2 = (rsqrt_x[:, None] * state).to(tl.bfloat16)
        dot = tl.dot(tile_bf16, tl.trans(tile_bf16_2))
        # src[block.diag:8]
        tile = (x_index[None, :] <= t_index[:, None]) & (x_index < size_t)[None, :]
        where_t_x = tl.where(tile, dot * 0.18033688011112042, float("-inf"))
        sub_t_x = where_t_x - tl.where(mul_t == float("-inf"), 0.0, mul_t)[:, None]
        state____ = tl.load(
            state_____ptr + b_index * state_____stride_b + kv_index * state_____stride_kv + d_index[None, :] * state_____stride_d + x_index[:, None] * state_____stride_x,
            mask=(x_index < size_t)[:, None],
            other=0.0,
        )
        tile_bf16_3 = (rsqrt_x[:, None] * state____).to(tl.bfloat16)
        buffer_8_bf16 = buffer_8.to(tl.bfloat16)
        dot_2 = tl.dot(buffer_8_bf16, tl.trans(tile_bf16_3))
        tile_bf16_4 = (tl.exp2(sub_t_x) * (dot_2 - buffer_2[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16_4, tile_bf16_2, acc_x)
        acc_x = next_acc_x
    tl.store(
        buffer_14_ptr + b_index * buffer_14_stride_b + t_index[:, None] * buffer_14_stride_t + kv_index * buffer_14_stride_kv + g_index * buffer_14_stride_g + d_index[None, :] * buffer_14_stride_d,
        acc_x,
        mask=(t_index < size_t)[:, None],
    )


@triton.jit
def block_backward_buffer_9_kernel(
    X_ptr, a_ptr, WV_ptr, buffer_1_ptr, buffer_9_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WV_stride_width, WV_stride_kv, WV_stride_d, buffer_1_stride_b, buffer_1_stride_kv, buffer_1_stride_d,
    buffer_1_stride_x, buffer_9_stride_b, buffer_9_stride_t, buffer_9_stride_kv, buffer_9_stride_d, size_b,
    size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:16]
        WV = tl.load(
            WV_ptr + width_index[None, :] * WV_stride_width + kv_index * WV_stride_kv + d_index[:, None] * WV_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WV), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:16]
        WV = tl.load(
            WV_ptr + width_index[None, :] * WV_stride_width + kv_index * WV_stride_kv + d_index[:, None] * WV_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WV), acc_width)
        acc_width = next_acc_width
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + d_index[None, :] * buffer_1_stride_d + t_index[:, None] * buffer_1_stride_x,
        mask=(d_index < 64)[None, :] & (t_index < size_t)[:, None],
        other=0.0,
    )
    tl.store(
        buffer_9_ptr + b_index * buffer_9_stride_b + t_index[:, None] * buffer_9_stride_t + kv_index * buffer_9_stride_kv + d_index[None, :] * buffer_9_stride_d,
        (buffer_1 * acc_width),
        mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_backward_buffer_10_kernel(
    X_ptr, a_ptr, WK_ptr, buffer_0_ptr, buffer_10_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width,
    WK_stride_width, WK_stride_kv, WK_stride_d, buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_d,
    buffer_0_stride_x, buffer_10_stride_b, buffer_10_stride_t, buffer_10_stride_kv, buffer_10_stride_d,
    size_b, size_t, BLOCK_WIDTH: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    b_index = program.to(tl.int64)
    acc_width = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_width = (512) // BLOCK_WIDTH * BLOCK_WIDTH
    # whole tiles, no mask needed
    for first_width in tl.range(0, to_width, BLOCK_WIDTH):
        width_index = first_width + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:15]
        WK = tl.load(
            WK_ptr + width_index[None, :] * WK_stride_width + kv_index * WK_stride_kv + d_index[:, None] * WK_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WK), acc_width)
        acc_width = next_acc_width
    from_width = tl.maximum(0, to_width)
    # tiles that a mask or the end cuts
    for first_width_2 in tl.range(from_width, 512, BLOCK_WIDTH):
        width_index = first_width_2 + tl.arange(0, BLOCK_WIDTH)
        # src[block.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
            mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
            other=0.0,
        )
        # src[block.diag:13]
        a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
        tile_bf16 = (X.to(tl.float32) * a[None, :]).to(tl.bfloat16)
        # src[block.diag:15]
        WK = tl.load(
            WK_ptr + width_index[None, :] * WK_stride_width + kv_index * WK_stride_kv + d_index[:, None] * WK_stride_d,
            mask=(width_index < 512)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        next_acc_width = tl.dot(tile_bf16, tl.trans(WK), acc_width)
        acc_width = next_acc_width
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + d_index[None, :] * buffer_0_stride_d + t_index[:, None] * buffer_0_stride_x,
        mask=(d_index < 64)[None, :] & (t_index < size_t)[:, None],
        other=0.0,
    )
    tl.store(
        buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + kv_index * buffer_10_stride_kv + d_index[None, :] * buffer_10_stride_d,
        (acc_width * buffer_0),
        mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_backward_buffer_16_kernel(
    X_ptr, state__ptr, buffer_1_ptr, buffer_16_ptr, X_stride_b, X_stride_t, X_stride_width, state__stride_b,
    state__stride_x, buffer_1_stride_b, buffer_1_stride_kv, buffer_1_stride_d, buffer_1_stride_x,
    buffer_16_stride_width, buffer_16_stride_kv, buffer_16_stride_d, size_b, size_t, BLOCK_X: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    kv_index = program.to(tl.int64)
    acc_b_x = tl.full([BLOCK_WIDTH, BLOCK_D], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_x = size_t // BLOCK_X * BLOCK_X
        # whole tiles, no mask needed
        for first_x in tl.range(0, to_x, BLOCK_X):
            x_index = first_x + tl.arange(0, BLOCK_X)
            state_ = tl.load(state__ptr + b_index * state__stride_b + x_index * state__stride_x)
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + d_index[:, None] * buffer_1_stride_d + x_index[None, :] * buffer_1_stride_x,
                mask=(d_index < 64)[:, None],
                other=0.0,
            )
            tile = tl.rsqrt(1e-05 + (0.001953125 * state_))[None, :] * buffer_1
            tile_bf16 = tile.to(tl.bfloat16)
            X = tl.load(
                X_ptr + b_index * X_stride_b + x_index[None, :] * X_stride_t + width_index[:, None] * X_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_x = tl.dot(X, tl.trans(tile_bf16), acc_b_x)
            acc_b_x = next_acc_b_x
        from_x = tl.maximum(0, to_x)
        # tiles that a mask or the end cuts
        for first_x_2 in tl.range(from_x, size_t, BLOCK_X):
            x_index = first_x_2 + tl.arange(0, BLOCK_X)
            state_ = tl.load(
                state__ptr + b_index * state__stride_b + x_index * state__stride_x,
                mask=(x_index < size_t),
                other=0.0,
            )
            rsqrt_x = tl.where(x_index < size_t, tl.rsqrt(1e-05 + (0.001953125 * state_)), 0.0)
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + kv_index * buffer_1_stride_kv + d_index[:, None] * buffer_1_stride_d + x_index[None, :] * buffer_1_stride_x,
                mask=(d_index < 64)[:, None] & (x_index < size_t)[None, :],
                other=0.0,
            )
            tile_bf16 = (rsqrt_x[None, :] * buffer_1).to(tl.bfloat16)
            X = tl.load(
                X_ptr + b_index * X_stride_b + x_index[None, :] * X_stride_t + width_index[:, None] * X_stride_width,
                mask=(x_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_x = tl.dot(X, tl.trans(tile_bf16), acc_b_x)
            acc_b_x = next_acc_b_x
    tl.store(
        buffer_16_ptr + width_index[:, None] * buffer_16_stride_width + kv_index * buffer_16_stride_kv + d_index[None, :] * buffer_16_stride_d,
        acc_b_x,
        mask=(width_index < 512)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_backward_buffer_18_kernel(
    X_ptr, state__ptr, buffer_0_ptr, buffer_18_ptr, X_stride_b, X_stride_t, X_stride_width, state__stride_b,
    state__stride_x, buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_d, buffer_0_stride_x,
    buffer_18_stride_width, buffer_18_stride_kv, buffer_18_stride_d, size_b, size_t, BLOCK_X: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    kv_index = program.to(tl.int64)
    acc_b_x = tl.full([BLOCK_WIDTH, BLOCK_D], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_x = size_t // BLOCK_X * BLOCK_X
        # whole tiles, no mask needed
        for first_x in tl.range(0, to_x, BLOCK_X):
            x_index = first_x + tl.arange(0, BLOCK_X)
            state_ = tl.load(state__ptr + b_index * state__stride_b + x_index * state__stride_x)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + d_index[:, None] * buffer_0_stride_d + x_index[None, :] * buffer_0_stride_x,
                mask=(d_index < 64)[:, None],
                other=0.0,
            )
            tile = tl.rsqrt(1e-05 + (0.001953125 * state_))[None, :] * buffer_0
            tile_bf16 = tile.to(tl.bfloat16)
            X = tl.load(
                X_ptr + b_index * X_stride_b + x_index[None, :] * X_stride_t + width_index[:, None] * X_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_x = tl.dot(X, tl.trans(tile_bf16), acc_b_x)
            acc_b_x = next_acc_b_x
        from_x = tl.maximum(0, to_x)
        # tiles that a mask or the end cuts
        for first_x_2 in tl.range(from_x, size_t, BLOCK_X):
            x_index = first_x_2 + tl.arange(0, BLOCK_X)
            state_ = tl.load(
                state__ptr + b_index * state__stride_b + x_index * state__stride_x,
                mask=(x_index < size_t),
                other=0.0,
            )
            rsqrt_x = tl.where(x_index < size_t, tl.rsqrt(1e-05 + (0.001953125 * state_)), 0.0)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + d_index[:, None] * buffer_0_stride_d + x_index[None, :] * buffer_0_stride_x,
                mask=(d_index < 64)[:, None] & (x_index < size_t)[None, :],
                other=0.0,
            )
            tile_bf16 = (rsqrt_x[None, :] * buffer_0).to(tl.bfloat16)
            X = tl.load(
                X_ptr + b_index * X_stride_b + x_index[None, :] * X_stride_t + width_index[:, None] * X_stride_width,
                mask=(x_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_b_x = tl.dot(X, tl.trans(tile_bf16), acc_b_x)
            acc_b_x = next_acc_b_x
    tl.store(
        buffer_18_ptr + width_index[:, None] * buffer_18_stride_width + kv_index * buffer_18_stride_kv + d_index[None, :] * buffer_18_stride_d,
        acc_b_x,
        mask=(width_index < 512)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_backward_buffer_20_kernel(
    X_ptr, state____ptr, buffer_14_ptr, buffer_20_ptr, X_stride_b, X_stride_t, X_stride_width,
    state____stride_b, state____stride_t, buffer_14_stride_b, buffer_14_stride_t, buffer_14_stride_kv,
    buffer_14_stride_g, buffer_14_stride_d, buffer_20_stride_width, buffer_20_stride_kv, buffer_20_stride_g,
    buffer_20_stride_d, size_b, size_t, BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = program.to(tl.int64)
    acc_b_t = tl.full([BLOCK_WIDTH, BLOCK_D], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            # src[block.diag:12]
            X = tl.load(
                X_ptr + b_index * X_stride_b + t_index[None, :] * X_stride_t + width_index[:, None] * X_stride_width,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            state___ = tl.load(state____ptr + b_index * state____stride_b + t_index * state____stride_t)
            # src[maps.diag:25]
            tile = X.to(tl.float32) * tl.rsqrt(1e-05 + (0.001953125 * state___))[None, :]
            tile_bf16 = tile.to(tl.bfloat16)
            buffer_14 = tl.load(
                buffer_14_ptr + b_index * buffer_14_stride_b + t_index[None, :] * buffer_14_stride_t + kv_index * buffer_14_stride_kv + g_index * buffer_14_stride_g + d_index[:, None] * buffer_14_stride_d,
                mask=(d_index < 64)[:, None],
                other=0.0,
            )
            buffer_14_bf16 = buffer_14.to(tl.bfloat16)
            next_acc_b_t = tl.dot(tile_bf16, tl.trans(buffer_14_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            # src[block.diag:12]
            X = tl.load(
                X_ptr + b_index * X_stride_b + t_index[None, :] * X_stride_t + width_index[:, None] * X_stride_width,
                mask=(t_index < size_t)[None, :] & (width_index < 512)[:, None],
                other=0.0,
            )
            state___ = tl.load(
                state____ptr + b_index * state____stride_b + t_index * state____stride_t,
                mask=(t_index < size_t),
                other=0.0,
            )
            # src[maps.diag:25]
            tile = X.to(tl.float32) * tl.rsqrt(1e-05 + (0.001953125 * state___))[None, :]
            tile_bf16 = tile.to(tl.bfloat16)
            buffer_14 = tl.load(
                buffer_14_ptr + b_index * buffer_14_stride_b + t_index[None, :] * buffer_14_stride_t + kv_index * buffer_14_stride_kv + g_index * buffer_14_stride_g + d_index[:, None] * buffer_14_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < 64)[:, None],
                other=0.0,
            )
            buffer_14_bf16 = buffer_14.to(tl.bfloat16)
            next_acc_b_t = tl.dot(tile_bf16, tl.trans(buffer_14_bf16), acc_b_t)
            acc_b_t = next_acc_b_t
    tl.store(
        buffer_20_ptr + width_index[:, None] * buffer_20_stride_width + kv_index * buffer_20_stride_kv + g_index * buffer_20_stride_g + d_index[None, :] * buffer_20_stride_d,
        acc_b_t,
        mask=(width_index < 512)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def block_backward_d_X_kernel(
    X_ptr, a_ptr, WQ_ptr, WK_ptr, WV_ptr, d_out_ptr, state___ptr, state____ptr, buffer_11_ptr, buffer_7_ptr,
    buffer_13_ptr, buffer_4_ptr, buffer_14_ptr, buffer_0_ptr, buffer_1_ptr, buffer_9_ptr, buffer_10_ptr,
    d_X_ptr, X_stride_b, X_stride_t, X_stride_width, a_stride_width, WQ_stride_width, WQ_stride_kv,
    WQ_stride_g, WQ_stride_d, WK_stride_width, WK_stride_kv, WK_stride_d, WV_stride_width, WV_stride_kv,
    WV_stride_d, d_out_stride_b, d_out_stride_t, d_out_stride_width, state___stride_b, state___stride_t,
    state___stride_kv, state___stride_g, state___stride_d, state____stride_b, state____stride_t,
    buffer_11_stride_b, buffer_11_stride_t, buffer_11_stride_width, buffer_7_stride_b, buffer_7_stride_t,
    buffer_13_stride_b, buffer_13_stride_t, buffer_13_stride_width, buffer_4_stride_b, buffer_4_stride_t,
    buffer_14_stride_b, buffer_14_stride_t, buffer_14_stride_kv, buffer_14_stride_g, buffer_14_stride_d,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_d, buffer_0_stride_x, buffer_1_stride_b,
    buffer_1_stride_kv, buffer_1_stride_d, buffer_1_stride_x, buffer_9_stride_b, buffer_9_stride_t,
    buffer_9_stride_kv, buffer_9_stride_d, buffer_10_stride_b, buffer_10_stride_t, buffer_10_stride_kv,
    buffer_10_stride_d, d_X_stride_b, d_X_stride_t, d_X_stride_width, size_b, size_t, BLOCK_D: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_WIDTH: tl.constexpr,
):
    program = tl.program_id(0)
    first_width = (program % tl.cdiv(512, BLOCK_WIDTH)) * BLOCK_WIDTH
    width_index = first_width + tl.arange(0, BLOCK_WIDTH)
    program = program // tl.cdiv(512, BLOCK_WIDTH)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_kv_g_d = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    acc_kv_g_d_2 = tl.full([BLOCK_T], 0.0, tl.float32)
    for kv_index in tl.range(0, 2):
        for g_index in tl.range(0, 2):
            to_d = (64) // BLOCK_D * BLOCK_D
            # whole tiles, no mask needed
            for first_d in tl.range(0, to_d, BLOCK_D):
                d_index = first_d + tl.arange(0, BLOCK_D)
                # src[block.diag:14]
                WQ = tl.load(
                    WQ_ptr + width_index[:, None] * WQ_stride_width + kv_index * WQ_stride_kv + g_index * WQ_stride_g + d_index[None, :] * WQ_stride_d,
                    mask=(width_index < 512)[:, None],
                    other=0.0,
                )
                buffer_14 = tl.load(
                    buffer_14_ptr + b_index * buffer_14_stride_b + t_index[:, None] * buffer_14_stride_t + kv_index * buffer_14_stride_kv + g_index * buffer_14_stride_g + d_index[None, :] * buffer_14_stride_d,
                    mask=(t_index < size_t)[:, None],
                    other=0.0,
                )
                buffer_14_bf16 = buffer_14.to(tl.bfloat16)
                next_acc_kv_g_d = tl.dot(buffer_14_bf16, tl.trans(WQ), acc_kv_g_d)
                state__ = tl.load(
                    state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
                    mask=(t_index < size_t)[:, None],
                    other=0.0,
                )
                mul_t_d = state__ * buffer_14
                tile_sum = tl.sum(mul_t_d, 1)
                next_acc_kv_g_d_2 = acc_kv_g_d_2 + tile_sum
                acc_kv_g_d = next_acc_kv_g_d
                acc_kv_g_d_2 = next_acc_kv_g_d_2
            from_d = tl.maximum(0, to_d)
            # tiles that a mask or the end cuts
            for first_d_2 in tl.range(from_d, 64, BLOCK_D):
                d_index = first_d_2 + tl.arange(0, BLOCK_D)
                # src[block.diag:14]
                WQ = tl.load(
                    WQ_ptr + width_index[:, None] * WQ_stride_width + kv_index * WQ_stride_kv + g_index * WQ_stride_g + d_index[None, :] * WQ_stride_d,
                    mask=(width_index < 512)[:, None] & (d_index < 64)[None, :],
                    other=0.0,
                )
                buffer_14 = tl.load(
                    buffer_14_ptr + b_index * buffer_14_stride_b + t_index[:, None] * buffer_14_stride_t + kv_index * buffer_14_stride_kv + g_index * buffer_14_stride_g + d_index[None, :] * buffer_14_stride_d,
                    mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                    other=0.0,
                )
                buffer_14_bf16 = buffer_14.to(tl.bfloat16)
                next_acc_kv_g_d = tl.dot(buffer_14_bf16, tl.trans(WQ), acc_kv_g_d)
                state__ = tl.load(
                    state___ptr + b_index * state___stride_b + t_index[:, None] * state___stride_t + kv_index * state___stride_kv + g_index * state___stride_g + d_index[None, :] * state___stride_d,
                    mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                    other=0.0,
                )
                mul_t_d = state__ * buffer_14
                tile_sum = tl.sum(mul_t_d, 1)
                next_acc_kv_g_d_2 = acc_kv_g_d_2 + tile_sum
                acc_kv_g_d = next_acc_kv_g_d
                acc_kv_g_d_2 = next_acc_kv_g_d_2
    acc_kv_d = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    acc_kv_d_2 = tl.full([BLOCK_T, BLOCK_WIDTH], 0.0, tl.float32)
    sum_kv_d = tl.full([BLOCK_T], 0.0, tl.float32)
    sum_kv_d_2 = tl.full([BLOCK_T], 0.0, tl.float32)
    for kv_index_2 in tl.range(0, 2):
        to_d = (64) // BLOCK_D * BLOCK_D
        # whole tiles, no mask needed
        for first_d in tl.range(0, to_d, BLOCK_D):
            d_index = first_d + tl.arange(0, BLOCK_D)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index_2 * buffer_0_stride_kv + d_index[None, :] * buffer_0_stride_d + t_index[:, None] * buffer_0_stride_x,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            buffer_0_bf16 = buffer_0.to(tl.bfloat16)
            # src[block.diag:15]
            WK = tl.load(
                WK_ptr + width_index[:, None] * WK_stride_width + kv_index_2 * WK_stride_kv + d_index[None, :] * WK_stride_d,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_kv_d = tl.dot(buffer_0_bf16, tl.trans(WK), acc_kv_d)
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + kv_index_2 * buffer_1_stride_kv + d_index[None, :] * buffer_1_stride_d + t_index[:, None] * buffer_1_stride_x,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            buffer_1_bf16 = buffer_1.to(tl.bfloat16)
            # src[block.diag:16]
            WV = tl.load(
                WV_ptr + width_index[:, None] * WV_stride_width + kv_index_2 * WV_stride_kv + d_index[None, :] * WV_stride_d,
                mask=(width_index < 512)[:, None],
                other=0.0,
            )
            next_acc_kv_d_2 = tl.dot(buffer_1_bf16, tl.trans(WV), acc_kv_d_2)
            buffer_9 = tl.load(
                buffer_9_ptr + b_index * buffer_9_stride_b + t_index[:, None] * buffer_9_stride_t + kv_index_2 * buffer_9_stride_kv + d_index[None, :] * buffer_9_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            tile_sum = tl.sum(buffer_9, 1)
            next_sum_kv_d = sum_kv_d + tile_sum
            buffer_10 = tl.load(
                buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + kv_index_2 * buffer_10_stride_kv + d_index[None, :] * buffer_10_stride_d,
                mask=(t_index < size_t)[:, None],
                other=0.0,
            )
            tile_sum_2 = tl.sum(buffer_10, 1)
            next_sum_kv_d_2 = sum_kv_d_2 + tile_sum_2
            acc_kv_d = next_acc_kv_d
            acc_kv_d_2 = next_acc_kv_d_2
            sum_kv_d = next_sum_kv_d
            sum_kv_d_2 = next_sum_kv_d_2
        from_d = tl.maximum(0, to_d)
        # tiles that a mask or the end cuts
        for first_d_2 in tl.range(from_d, 64, BLOCK_D):
            d_index = first_d_2 + tl.arange(0, BLOCK_D)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index_2 * buffer_0_stride_kv + d_index[None, :] * buffer_0_stride_d + t_index[:, None] * buffer_0_stride_x,
                mask=(d_index < 64)[None, :] & (t_index < size_t)[:, None],
                other=0.0,
            )
            buffer_0_bf16 = buffer_0.to(tl.bfloat16)
            # src[block.diag:15]
            WK = tl.load(
                WK_ptr + width_index[:, None] * WK_stride_width + kv_index_2 * WK_stride_kv + d_index[None, :] * WK_stride_d,
                mask=(width_index < 512)[:, None] & (d_index < 64)[None, :],
                other=0.0,
            )
            next_acc_kv_d = tl.dot(buffer_0_bf16, tl.trans(WK), acc_kv_d)
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + kv_index_2 * buffer_1_stride_kv + d_index[None, :] * buffer_1_stride_d + t_index[:, None] * buffer_1_stride_x,
                mask=(d_index < 64)[None, :] & (t_index < size_t)[:, None],
                other=0.0,
            )
            buffer_1_bf16 = buffer_1.to(tl.bfloat16)
            # src[block.diag:16]
            WV = tl.load(
                WV_ptr + width_index[:, None] * WV_stride_width + kv_index_2 * WV_stride_kv + d_index[None, :] * WV_stride_d,
                mask=(width_index < 512)[:, None] & (d_index < 64)[None, :],
                other=0.0,
            )
            next_acc_kv_d_2 = tl.dot(buffer_1_bf16, tl.trans(WV), acc_kv_d_2)
            buffer_9 = tl.load(
                buffer_9_ptr + b_index * buffer_9_stride_b + t_index[:, None] * buffer_9_stride_t + kv_index_2 * buffer_9_stride_kv + d_index[None, :] * buffer_9_stride_d,
                mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                other=0.0,
            )
            tile_sum = tl.sum(buffer_9, 1)
            next_sum_kv_d = sum_kv_d + tile_sum
            buffer_10 = tl.load(
                buffer_10_ptr + b_index * buffer_10_stride_b + t_index[:, None] * buffer_10_stride_t + kv_index_2 * buffer_10_stride_kv + d_index[None, :] * buffer_10_stride_d,
                mask=(t_index < size_t)[:, None] & (d_index < 64)[None, :],
                other=0.0,
            )
            tile_sum_2 = tl.sum(buffer_10, 1)
            next_sum_kv_d_2 = sum_kv_d_2 + tile_sum_2
            acc_kv_d = next_acc_kv_d
            acc_kv_d_2 = next_acc_kv_d_2
            sum_kv_d = next_sum_kv_d
            sum_kv_d_2 = next_sum_kv_d_2
    state___ = tl.load(
        state____ptr + b_index * state____stride_b + t_index * state____stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    # src[maps.diag:25]
    rsqrt_t = tl.rsqrt(1e-05 + (0.001953125 * state___))
    # src[block.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + width_index[None, :] * X_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    tile = (acc_kv_g_d_2 * 0.000244140625) + (sum_kv_d * 0.001953125)
    tile_2 = (tile + (0.000244140625 * sum_kv_d_2)) * rsqrt_t
    mul_t_width = (tile_2 * rsqrt_t)[:, None] * X.to(tl.float32)
    # src[block.diag:13]
    a = tl.load(a_ptr + width_index * a_stride_width, mask=(width_index < 512), other=0.0)
    add_t_width = ((acc_kv_g_d * 0.125) + (acc_kv_d * 0.125)) + acc_kv_d_2
    safe_ = tl.where(mul_t_width == float("-inf"), 0.0, mul_t_width)
    mul_t_width_2 = rsqrt_t[:, None] * ((add_t_width * a[None, :]) - safe_)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + t_index[:, None] * d_out_stride_t + width_index[None, :] * d_out_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    buffer_13 = tl.load(
        buffer_13_ptr + b_index * buffer_13_stride_b + t_index[:, None] * buffer_13_stride_t + width_index[None, :] * buffer_13_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    buffer_7 = tl.load(
        buffer_7_ptr + b_index * buffer_7_stride_b + t_index * buffer_7_stride_t,
        mask=(t_index < size_t),
        other=0.0,
    )
    tile_3 = ((0.001953125 * buffer_7) * buffer_4) * buffer_4
    mul_t_width_3 = tile_3[:, None] * buffer_13
    buffer_11 = tl.load(
        buffer_11_ptr + b_index * buffer_11_stride_b + t_index[:, None] * buffer_11_stride_t + width_index[None, :] * buffer_11_stride_width,
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
        other=0.0,
    )
    safe_2 = tl.where(mul_t_width_3 == float("-inf"), 0.0, mul_t_width_3)
    tile_4 = ((buffer_11 - safe_2) * buffer_4[:, None]) + d_out.to(tl.float32)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + t_index[:, None] * d_X_stride_t + width_index[None, :] * d_X_stride_width,
        (tile_4 + mul_t_width_2).to(tl.bfloat16),
        mask=(t_index < size_t)[:, None] & (width_index < 512)[None, :],
    )


@triton.jit
def block_backward_d_a_rows_kernel(
    WQ_ptr, WK_ptr, WV_ptr, buffer_16_ptr, buffer_20_ptr, buffer_18_ptr, d_a_ptr, WQ_stride_width,
    WQ_stride_kv, WQ_stride_g, WQ_stride_d, WK_stride_width, WK_stride_kv, WK_stride_d, WV_stride_width,
    WV_stride_kv, WV_stride_d, buffer_16_stride_width, buffer_16_stride_kv, buffer_16_stride_d,
    buffer_20_stride_width, buffer_20_stride_kv, buffer_20_stride_g, buffer_20_stride_d,
    buffer_18_stride_width, buffer_18_stride_kv, buffer_18_stride_d, d_a_stride_width, BLOCK_KV: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_KV: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_G: tl.constexpr,
):
    program = tl.program_id(0)
    width_index = program.to(tl.int64)
    kv_index = tl.arange(0, BLOCK_KV)
    d_index = tl.arange(0, BLOCK_D)
    g_index = tl.arange(0, BLOCK_G)
    # src[block.diag:15]
    WK = load_tile(
        WK_ptr + width_index * WK_stride_width + kv_index[:, None] * WK_stride_kv + d_index[None, :] * WK_stride_d,
        (kv_index < 2)[:, None],
        0.0,
        EXACT_KV,
    )
    buffer_18 = load_tile(
        buffer_18_ptr + width_index * buffer_18_stride_width + kv_index[:, None] * buffer_18_stride_kv + d_index[None, :] * buffer_18_stride_d,
        (kv_index < 2)[:, None],
        0.0,
        EXACT_KV,
    )
    mul_kv_d = buffer_18 * WK.to(tl.float32)
    sum_ = tl.sum(tl.sum(mul_kv_d, 1), 0)
    buffer_20 = load_tile(
        buffer_20_ptr + width_index * buffer_20_stride_width + kv_index[:, None, None] * buffer_20_stride_kv + g_index[None, None, :] * buffer_20_stride_g + d_index[None, :, None] * buffer_20_stride_d,
        (kv_index < 2)[:, None, None] & (g_index < 2)[None, None, :],
        0.0,
        EXACT_KV and EXACT_G,
    )
    # src[block.diag:14]
    WQ = load_tile(
        WQ_ptr + width_index * WQ_stride_width + kv_index[:, None, None] * WQ_stride_kv + g_index[None, None, :] * WQ_stride_g + d_index[None, :, None] * WQ_stride_d,
        (kv_index < 2)[:, None, None] & (g_index < 2)[None, None, :],
        0.0,
        EXACT_KV and EXACT_G,
    )
    mul_kv_d_g = WQ.to(tl.float32) * buffer_20
    sum_2 = tl.sum(tl.sum(tl.sum(mul_kv_d_g, 2), 1), 0)
    buffer_16 = load_tile(
        buffer_16_ptr + width_index * buffer_16_stride_width + kv_index[:, None] * buffer_16_stride_kv + d_index[None, :] * buffer_16_stride_d,
        (kv_index < 2)[:, None],
        0.0,
        EXACT_KV,
    )
    # src[block.diag:16]
    WV = load_tile(
        WV_ptr + width_index * WV_stride_width + kv_index[:, None] * WV_stride_kv + d_index[None, :] * WV_stride_d,
        (kv_index < 2)[:, None],
        0.0,
        EXACT_KV,
    )
    mul_kv_d_2 = WV.to(tl.float32) * buffer_16
    sum_3 = tl.sum(tl.sum(mul_kv_d_2, 1), 0)
    tl.store(d_a_ptr + width_index * d_a_stride_width, ((sum_3 + (0.125 * sum_2)) + (sum_ * 0.125)))


@triton.jit
def block_backward_d_a_kernel(
    WQ_ptr, WK_ptr, WV_ptr, buffer_16_ptr, buffer_20_ptr, buffer_18_ptr, d_a_ptr, WQ_stride_width,
    WQ_stride_kv, WQ_stride_g, WQ_stride_d, WK_stride_width, WK_stride_kv, WK_stride_d, WV_stride_width,
    WV_stride_kv, WV_stride_d, buffer_16_stride_width, buffer_16_stride_kv, buffer_16_stride_d,
    buffer_20_stride_width, buffer_20_stride_kv, buffer_20_stride_g, buffer_20_stride_d,
    buffer_18_stride_width, buffer_18_stride_kv, buffer_18_stride_d, d_a_stride_width, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    width_index = program.to(tl.int64)
    acc_kv_d = tl.full([], 0.0, tl.float32)
    acc_kv_d_2 = tl.full([], 0.0, tl.float32)
    for kv_index in tl.range(0, 2):
        to_d = (64) // BLOCK_D * BLOCK_D
        # whole tiles, no mask needed
        for first_d in tl.range(0, to_d, BLOCK_D):
            d_index = first_d + tl.arange(0, BLOCK_D)
            buffer_16 = tl.load(
                buffer_16_ptr + width_index * buffer_16_stride_width + kv_index * buffer_16_stride_kv + d_index * buffer_16_stride_d,
            )
            # src[block.diag:16]
            WV = tl.load(
                WV_ptr + width_index * WV_stride_width + kv_index * WV_stride_kv + d_index * WV_stride_d,
            )
            mul_d = WV.to(tl.float32) * buffer_16
            tile_sum = tl.sum(mul_d, 0)
            next_acc_kv_d = acc_kv_d + tile_sum
            # src[block.diag:15]
            WK = tl.load(
                WK_ptr + width_index * WK_stride_width + kv_index * WK_stride_kv + d_index * WK_stride_d,
            )
            buffer_18 = tl.load(
                buffer_18_ptr + width_index * buffer_18_stride_width + kv_index * buffer_18_stride_kv + d_index * buffer_18_stride_d,
            )
            mul_d_2 = buffer_18 * WK.to(tl.float32)
            tile_sum_2 = tl.sum(mul_d_2, 0)
            next_acc_kv_d_2 = acc_kv_d_2 + tile_sum_2
            acc_kv_d = next_acc_kv_d
            acc_kv_d_2 = next_acc_kv_d_2
        from_d = tl.maximum(0, to_d)
        # tiles that a mask or the end cuts
        for first_d_2 in tl.range(from_d, 64, BLOCK_D):
            d_index = first_d_2 + tl.arange(0, BLOCK_D)
            buffer_16 = tl.load(
                buffer_16_ptr + width_index * buffer_16_stride_width + kv_index * buffer_16_stride_kv + d_index * buffer_16_stride_d,
                mask=(d_index < 64),
                other=0.0,
            )
            # src[block.diag:16]
            WV = tl.load(
                WV_ptr + width_index * WV_stride_width + kv_index * WV_stride_kv + d_index * WV_stride_d,
                mask=(d_index < 64),
                other=0.0,
            )
            mul_d = WV.to(tl.float32) * buffer_16
            tile_sum = tl.sum(mul_d, 0)
            next_acc_kv_d = acc_kv_d + tile_sum
            # src[block.diag:15]
            WK = tl.load(
                WK_ptr + width_index * WK_stride_width + kv_index * WK_stride_kv + d_index * WK_stride_d,
                mask=(d_index < 64),
                other=0.0,
            )
            buffer_18 = tl.load(
                buffer_18_ptr + width_index * buffer_18_stride_width + kv_index * buffer_18_stride_kv + d_index * buffer_18_stride_d,
                mask=(d_index < 64),
                other=0.0,
            )
            mul_d_2 = buffer_18 * WK.to(tl.float32)
            tile_sum_2 = tl.sum(mul_d_2, 0)
            next_acc_kv_d_2 = acc_kv_d_2 + tile_sum_2
            acc_kv_d = next_acc_kv_d
            acc_kv_d_2 = next_acc_kv_d_2
    acc_kv_g_d = tl.full([], 0.0, tl.float32)
    for kv_index_2 in tl.range(0, 2):
        for g_index in tl.range(0, 2):
            to_d = (64) // BLOCK_D * BLOCK_D
            # whole tiles, no mask needed
            for first_d in tl.range(0, to_d, BLOCK_D):
                d_index = first_d + tl.arange(0, BLOCK_D)
                buffer_20 = tl.load(
                    buffer_20_ptr + width_index * buffer_20_stride_width + kv_index_2 * buffer_20_stride_kv + g_index * buffer_20_stride_g + d_index * buffer_20_stride_d,
                )
                # src[block.diag:14]
                WQ = tl.load(
                    WQ_ptr + width_index * WQ_stride_width + kv_index_2 * WQ_stride_kv + g_index * WQ_stride_g + d_index * WQ_stride_d,
                )
                mul_d = WQ.to(tl.float32) * buffer_20
                tile_sum = tl.sum(mul_d, 0)
                next_acc_kv_g_d = acc_kv_g_d + tile_sum
                acc_kv_g_d = next_acc_kv_g_d
            from_d = tl.maximum(0, to_d)
            # tiles that a mask or the end cuts
            for first_d_2 in tl.range(from_d, 64, BLOCK_D):
                d_index = first_d_2 + tl.arange(0, BLOCK_D)
                buffer_20 = tl.load(
                    buffer_20_ptr + width_index * buffer_20_stride_width + kv_index_2 * buffer_20_stride_kv + g_index * buffer_20_stride_g + d_index * buffer_20_stride_d,
                    mask=(d_index < 64),
                    other=0.0,
                )
                # src[block.diag:14]
                WQ = tl.load(
                    WQ_ptr + width_index * WQ_stride_width + kv_index_2 * WQ_stride_kv + g_index * WQ_stride_g + d_index * WQ_stride_d,
                    mask=(d_index < 64),
                    other=0.0,
                )
                mul_d = WQ.to(tl.float32) * buffer_20
                tile_sum = tl.sum(mul_d, 0)
                next_acc_kv_g_d = acc_kv_g_d + tile_sum
                acc_kv_g_d = next_acc_kv_g_d
    add = (acc_kv_d + (0.125 * acc_kv_g_d)) + (acc_kv_d_2 * 0.125)
    tl.store(d_a_ptr + width_index * d_a_stride_width, add)


@triton.jit
def block_backward_d_WQ_d_WK_d_WV_kernel(
    a_ptr, buffer_20_ptr, buffer_18_ptr, buffer_16_ptr, d_WQ_ptr, d_WK_ptr, d_WV_ptr, a_stride_width,
    buffer_20_stride_width, buffer_20_stride_kv, buffer_20_stride_g, buffer_20_stride_d,
    buffer_18_stride_width, buffer_18_stride_kv, buffer_18_stride_d, buffer_16_stride_width,
    buffer_16_stride_kv, buffer_16_stride_d, d_WQ_stride_width, d_WQ_stride_kv, d_WQ_stride_g, d_WQ_stride_d,
    d_WK_stride_width, d_WK_stride_kv, d_WK_stride_d, d_WV_stride_width, d_WV_stride_kv, d_WV_stride_d,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    g_index = (program % 2).to(tl.int64)
    program = program // 2
    kv_index = (program % 2).to(tl.int64)
    program = program // 2
    width_index = program.to(tl.int64)
    buffer_20 = tl.load(
        buffer_20_ptr + width_index * buffer_20_stride_width + kv_index * buffer_20_stride_kv + g_index * buffer_20_stride_g + d_index * buffer_20_stride_d,
        mask=(d_index < 64),
        other=0.0,
    )
    # src[block.diag:13]
    a = tl.load(a_ptr + width_index * a_stride_width)
    tl.store(
        d_WQ_ptr + width_index * d_WQ_stride_width + kv_index * d_WQ_stride_kv + g_index * d_WQ_stride_g + d_index * d_WQ_stride_d,
        ((0.125 * a) * buffer_20).to(tl.bfloat16),
        mask=(d_index < 64),
    )
    buffer_18 = tl.load(
        buffer_18_ptr + width_index * buffer_18_stride_width + kv_index * buffer_18_stride_kv + d_index * buffer_18_stride_d,
        mask=(d_index < 64),
        other=0.0,
    )
    tl.store(
        d_WK_ptr + width_index * d_WK_stride_width + kv_index * d_WK_stride_kv + d_index * d_WK_stride_d,
        ((0.125 * a) * buffer_18).to(tl.bfloat16),
        mask=(d_index < 64),
    )
    buffer_16 = tl.load(
        buffer_16_ptr + width_index * buffer_16_stride_width + kv_index * buffer_16_stride_kv + d_index * buffer_16_stride_d,
        mask=(d_index < 64),
        other=0.0,
    )
    tl.store(
        d_WV_ptr + width_index * d_WV_stride_width + kv_index * d_WV_stride_kv + d_index * d_WV_stride_d,
        (a * buffer_16).to(tl.bfloat16),
        mask=(d_index < 64),
    )


@_operator
def _block_buffer_0(X: torch.Tensor) -> torch.Tensor:
    """_block_buffer_0(X: bf16[b t width]) -> buffer_0: f32[b x]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    buffer_0 = torch.empty((b, t), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_buffer_0_rows_kernel[grid](
            X, buffer_0, X.stride(0), X.stride(1), X.stride(2), buffer_0.stride(0), buffer_0.stride(1), b, t,
            BLOCK_WIDTH=BLOCK_WIDTH, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_buffer_0_kernel[grid](
        X, buffer_0, X.stride(0), X.stride(1), X.stride(2), buffer_0.stride(0), buffer_0.stride(1), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _block_buffer_3(X: torch.Tensor, a: torch.Tensor, WQ: torch.Tensor) -> torch.Tensor:
    """_block_buffer_3(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d]) -> buffer_3: f32[b t kv d g]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WQ", WQ, torch.bfloat16, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    buffer_3 = torch.empty((b, t, 2, 64, 2), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_3):
        return buffer_3
    BLOCK_T, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * triton.cdiv(64, BLOCK_D) * 2,)
    block_buffer_3_kernel[grid](
        X, a, WQ, buffer_3, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WQ.stride(0), WQ.stride(1),
        WQ.stride(2), WQ.stride(3), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
        buffer_3.stride(3), buffer_3.stride(4), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_3


@_operator
def _block_buffer_4(X: torch.Tensor) -> torch.Tensor:
    """_block_buffer_4(X: bf16[b t width]) -> buffer_4: f32[b t]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    buffer_4 = torch.empty((b, t), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_buffer_4_rows_kernel[grid](
            X, buffer_4, X.stride(0), X.stride(1), X.stride(2), buffer_4.stride(0), buffer_4.stride(1), b, t,
            BLOCK_WIDTH=BLOCK_WIDTH, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return buffer_4
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_buffer_4_kernel[grid](
        X, buffer_4, X.stride(0), X.stride(1), X.stride(2), buffer_4.stride(0), buffer_4.stride(1), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_4


@_operator
def _block_K(X: torch.Tensor, a: torch.Tensor, WK: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_block_K(X: bf16[b t width], a: f32[width], WK: bf16[width kv d], buffer_0: f32[b x]) -> K: bf16[b x kv d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WK", WK, torch.bfloat16, 3, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if buffer_0.shape != (b, t):
        raise ValueError(f"buffer_0: f32[b x] has shape {buffer_0.shape}, expected {(b, t)}")
    K = torch.empty((b, t, 2, 64), dtype=torch.bfloat16, device=X.device)
    if _is_traced(K):
        return K
    BLOCK_X, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_X) * 2 * triton.cdiv(64, BLOCK_D),)
    block_K_kernel[grid](
        X, a, WK, buffer_0, K, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WK.stride(0), WK.stride(1),
        WK.stride(2), buffer_0.stride(0), buffer_0.stride(1), K.stride(0), K.stride(1), K.stride(2),
        K.stride(3), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return K


@_operator
def _block_V(X: torch.Tensor, a: torch.Tensor, WV: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_block_V(X: bf16[b t width], a: f32[width], WV: bf16[width kv d], buffer_0: f32[b x]) -> V: bf16[b x kv d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WV", WV, torch.bfloat16, 3, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if buffer_0.shape != (b, t):
        raise ValueError(f"buffer_0: f32[b x] has shape {buffer_0.shape}, expected {(b, t)}")
    V = torch.empty((b, t, 2, 64), dtype=torch.bfloat16, device=X.device)
    if _is_traced(V):
        return V
    BLOCK_X, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_X) * 2 * triton.cdiv(64, BLOCK_D),)
    block_V_kernel[grid](
        X, a, WV, buffer_0, V, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WV.stride(0), WV.stride(1),
        WV.stride(2), buffer_0.stride(0), buffer_0.stride(1), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return V


@_operator
def _block_buffer_9(
    K: torch.Tensor,
    buffer_3: torch.Tensor,
    buffer_4: torch.Tensor,
    V: torch.Tensor,
) -> torch.Tensor:
    """_block_buffer_9(K: bf16[b x kv d], buffer_3: f32[b t kv d g], buffer_4: f32[b t], V: bf16[b x kv d]) -> buffer_9: bf16[b t kv d g]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 4, K.device)
    _check("buffer_3", buffer_3, torch.float32, 5, K.device)
    _check("buffer_4", buffer_4, torch.float32, 2, K.device)
    _check("V", V, torch.bfloat16, 4, K.device)
    b, t, _, _ = K.shape
    if K.shape != (b, t, 2, 64):
        raise ValueError(f"K: bf16[b x kv d] has shape {K.shape}, expected {(b, t, 2, 64)}")
    if buffer_3.shape != (b, t, 2, 64, 2):
        raise ValueError(f"buffer_3: f32[b t kv d g] has shape {buffer_3.shape}, expected {(b, t, 2, 64, 2)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    if V.shape != (b, t, 2, 64):
        raise ValueError(f"V: bf16[b x kv d] has shape {V.shape}, expected {(b, t, 2, 64)}")
    buffer_9 = torch.empty((b, t, 2, 64, 2), dtype=torch.bfloat16, device=K.device)
    if _is_traced(buffer_9):
        return buffer_9
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * 2,)
    block_buffer_9_kernel[grid](
        K, buffer_3, buffer_4, V, buffer_9, K.stride(0), K.stride(1), K.stride(2), K.stride(3),
        buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3), buffer_3.stride(4),
        buffer_4.stride(0), buffer_4.stride(1), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        buffer_9.stride(0), buffer_9.stride(1), buffer_9.stride(2), buffer_9.stride(3), buffer_9.stride(4), b,
        t, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_9


@_operator
def _block_buffer_10(WO: torch.Tensor, buffer_9: torch.Tensor) -> torch.Tensor:
    """_block_buffer_10(WO: bf16[kv g d width], buffer_9: bf16[b t kv d g]) -> buffer_10: f32[b t width]. Any strides; sizes are read off the shapes."""
    _check("WO", WO, torch.bfloat16, 4, WO.device)
    _check("buffer_9", buffer_9, torch.bfloat16, 5, WO.device)
    b, t, _, _, _ = buffer_9.shape
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if buffer_9.shape != (b, t, 2, 64, 2):
        raise ValueError(f"buffer_9: bf16[b t kv d g] has shape {buffer_9.shape}, expected {(b, t, 2, 64, 2)}")
    buffer_10 = torch.empty((b, t, 512), dtype=torch.float32, device=WO.device)
    if _is_traced(buffer_10):
        return buffer_10
    BLOCK_T, BLOCK_WIDTH, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_buffer_10_kernel[grid](
        WO, buffer_9, buffer_10, WO.stride(0), WO.stride(1), WO.stride(2), WO.stride(3), buffer_9.stride(0),
        buffer_9.stride(1), buffer_9.stride(2), buffer_9.stride(3), buffer_9.stride(4), buffer_10.stride(0),
        buffer_10.stride(1), buffer_10.stride(2), b, t, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_10


@_operator
def _block_buffer_5(
    X: torch.Tensor,
    c: torch.Tensor,
    gate: torch.Tensor,
    buffer_10: torch.Tensor,
) -> torch.Tensor:
    """_block_buffer_5(X: bf16[b t width], c: f32[width], gate: bf16[width hidden], buffer_10: f32[b t width]) -> buffer_5: f32[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("gate", gate, torch.bfloat16, 2, X.device)
    _check("buffer_10", buffer_10, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    buffer_5 = torch.empty((b, t, 1024), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_5):
        return buffer_5
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_buffer_5_kernel[grid](
        X, c, gate, buffer_10, buffer_5, X.stride(0), X.stride(1), X.stride(2), c.stride(0), gate.stride(0),
        gate.stride(1), buffer_10.stride(0), buffer_10.stride(1), buffer_10.stride(2), buffer_5.stride(0),
        buffer_5.stride(1), buffer_5.stride(2), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T,
        BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return buffer_5


@_operator
def _block_buffer_6(X: torch.Tensor, buffer_10: torch.Tensor) -> torch.Tensor:
    """_block_buffer_6(X: bf16[b t width], buffer_10: f32[b t width]) -> buffer_6: f32[b t]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("buffer_10", buffer_10, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    buffer_6 = torch.empty((b, t), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_6):
        return buffer_6
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_buffer_6_rows_kernel[grid](
            X, buffer_10, buffer_6, X.stride(0), X.stride(1), X.stride(2), buffer_10.stride(0),
            buffer_10.stride(1), buffer_10.stride(2), buffer_6.stride(0), buffer_6.stride(1), b, t,
            BLOCK_WIDTH=BLOCK_WIDTH, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return buffer_6
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_buffer_6_kernel[grid](
        X, buffer_10, buffer_6, X.stride(0), X.stride(1), X.stride(2), buffer_10.stride(0),
        buffer_10.stride(1), buffer_10.stride(2), buffer_6.stride(0), buffer_6.stride(1), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_6


@_operator
def _block_buffer_7(
    X: torch.Tensor,
    c: torch.Tensor,
    up: torch.Tensor,
    buffer_5: torch.Tensor,
    buffer_6: torch.Tensor,
    buffer_10: torch.Tensor,
) -> torch.Tensor:
    """_block_buffer_7(X: bf16[b t width], c: f32[width], up: bf16[width hidden], buffer_5: f32[b t hidden], buffer_6: f32[b t], buffer_10: f32[b t width]) -> buffer_7: bf16[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("up", up, torch.bfloat16, 2, X.device)
    _check("buffer_5", buffer_5, torch.float32, 3, X.device)
    _check("buffer_6", buffer_6, torch.float32, 2, X.device)
    _check("buffer_10", buffer_10, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if buffer_5.shape != (b, t, 1024):
        raise ValueError(f"buffer_5: f32[b t hidden] has shape {buffer_5.shape}, expected {(b, t, 1024)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    buffer_7 = torch.empty((b, t, 1024), dtype=torch.bfloat16, device=X.device)
    if _is_traced(buffer_7):
        return buffer_7
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_buffer_7_kernel[grid](
        X, c, up, buffer_5, buffer_6, buffer_10, buffer_7, X.stride(0), X.stride(1), X.stride(2), c.stride(0),
        up.stride(0), up.stride(1), buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2),
        buffer_6.stride(0), buffer_6.stride(1), buffer_10.stride(0), buffer_10.stride(1), buffer_10.stride(2),
        buffer_7.stride(0), buffer_7.stride(1), buffer_7.stride(2), b, t, BLOCK_WIDTH=BLOCK_WIDTH,
        BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return buffer_7


@_operator
def _block_out(
    X: torch.Tensor,
    down: torch.Tensor,
    buffer_7: torch.Tensor,
    buffer_6: torch.Tensor,
    buffer_10: torch.Tensor,
) -> torch.Tensor:
    """_block_out(X: bf16[b t width], down: bf16[hidden width], buffer_7: bf16[b t hidden], buffer_6: f32[b t], buffer_10: f32[b t width]) -> out: bf16[b t width]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("down", down, torch.bfloat16, 2, X.device)
    _check("buffer_7", buffer_7, torch.bfloat16, 3, X.device)
    _check("buffer_6", buffer_6, torch.float32, 2, X.device)
    _check("buffer_10", buffer_10, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if buffer_7.shape != (b, t, 1024):
        raise ValueError(f"buffer_7: bf16[b t hidden] has shape {buffer_7.shape}, expected {(b, t, 1024)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    out = torch.empty((b, t, 512), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_T, BLOCK_WIDTH, BLOCK_HIDDEN, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_out_kernel[grid](
        X, down, buffer_7, buffer_6, buffer_10, out, X.stride(0), X.stride(1), X.stride(2), down.stride(0),
        down.stride(1), buffer_7.stride(0), buffer_7.stride(1), buffer_7.stride(2), buffer_6.stride(0),
        buffer_6.stride(1), buffer_10.stride(0), buffer_10.stride(1), buffer_10.stride(2), out.stride(0),
        out.stride(1), out.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_T=BLOCK_T,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _block_forward_state(X: torch.Tensor, a: torch.Tensor, WK: torch.Tensor) -> torch.Tensor:
    """_block_forward_state(X: bf16[b t width], a: f32[width], WK: bf16[width kv d]) -> state: f32[b kv d x]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WK", WK, torch.bfloat16, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    state = torch.empty((b, 2, 64, t), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_D, BLOCK_X, BLOCK_WIDTH, warps, stages = 64, 128, 64, 8, 1
    grid = (b * 2 * triton.cdiv(64, BLOCK_D) * triton.cdiv(t, BLOCK_X),)
    block_forward_state_kernel[grid](
        X, a, WK, state, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WK.stride(0), WK.stride(1),
        WK.stride(2), state.stride(0), state.stride(1), state.stride(2), state.stride(3), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _block_forward_state_(X: torch.Tensor) -> torch.Tensor:
    """_block_forward_state_(X: bf16[b t width]) -> state_: f32[b x]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    state_ = torch.empty((b, t), dtype=torch.float32, device=X.device)
    if _is_traced(state_):
        return state_
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_forward_state__rows_kernel[grid](
            X, state_, X.stride(0), X.stride(1), X.stride(2), state_.stride(0), state_.stride(1), b, t,
            BLOCK_WIDTH=BLOCK_WIDTH, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return state_
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_forward_state__kernel[grid](
        X, state_, X.stride(0), X.stride(1), X.stride(2), state_.stride(0), state_.stride(1), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return state_


@_operator
def _block_forward_state__(X: torch.Tensor, a: torch.Tensor, WQ: torch.Tensor) -> torch.Tensor:
    """_block_forward_state__(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d]) -> state__: f32[b t kv g d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WQ", WQ, torch.bfloat16, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    state__ = torch.empty((b, t, 2, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(state__):
        return state__
    BLOCK_T, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * 2 * triton.cdiv(64, BLOCK_D),)
    block_forward_state___kernel[grid](
        X, a, WQ, state__, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WQ.stride(0), WQ.stride(1),
        WQ.stride(2), WQ.stride(3), state__.stride(0), state__.stride(1), state__.stride(2),
        state__.stride(3), state__.stride(4), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return state__


@_operator
def _block_forward_state___(X: torch.Tensor) -> torch.Tensor:
    """_block_forward_state___(X: bf16[b t width]) -> state___: f32[b t]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    state___ = torch.empty((b, t), dtype=torch.float32, device=X.device)
    if _is_traced(state___):
        return state___
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_forward_state____rows_kernel[grid](
            X, state___, X.stride(0), X.stride(1), X.stride(2), state___.stride(0), state___.stride(1), b, t,
            BLOCK_WIDTH=BLOCK_WIDTH, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return state___
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_forward_state____kernel[grid](
        X, state___, X.stride(0), X.stride(1), X.stride(2), state___.stride(0), state___.stride(1), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return state___


@_operator
def _block_forward_state____(X: torch.Tensor, a: torch.Tensor, WV: torch.Tensor) -> torch.Tensor:
    """_block_forward_state____(X: bf16[b t width], a: f32[width], WV: bf16[width kv d]) -> state____: f32[b kv d x]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WV", WV, torch.bfloat16, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    state____ = torch.empty((b, 2, 64, t), dtype=torch.float32, device=X.device)
    if _is_traced(state____):
        return state____
    BLOCK_D, BLOCK_X, BLOCK_WIDTH, warps, stages = 64, 128, 64, 8, 1
    grid = (b * 2 * triton.cdiv(64, BLOCK_D) * triton.cdiv(t, BLOCK_X),)
    block_forward_state_____kernel[grid](
        X, a, WV, state____, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WV.stride(0), WV.stride(1),
        WV.stride(2), state____.stride(0), state____.stride(1), state____.stride(2), state____.stride(3), b,
        t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state____


@_operator
def _block_forward_logsum_state_______state_______(
    state_: torch.Tensor,
    state: torch.Tensor,
    state___: torch.Tensor,
    state__: torch.Tensor,
    state____: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_block_forward_logsum_state_______state_______(state_: f32[b x], state: f32[b kv d x], state___: f32[b t], state__: f32[b t kv g d], state____: f32[b kv d x]) -> logsum: f32[b t kv g], state______: f32[b t kv g], state_______: f32[b t kv g d]. Any strides; sizes are read off the shapes."""
    _check("state_", state_, torch.float32, 2, state_.device)
    _check("state", state, torch.float32, 4, state_.device)
    _check("state___", state___, torch.float32, 2, state_.device)
    _check("state__", state__, torch.float32, 5, state_.device)
    _check("state____", state____, torch.float32, 4, state_.device)
    b, t = state_.shape
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    logsum = torch.empty((b, t, 2, 2), dtype=torch.float32, device=state_.device)
    state______ = torch.empty((b, t, 2, 2), dtype=torch.float32, device=state_.device)
    state_______ = torch.empty((b, t, 2, 2, 64), dtype=torch.float32, device=state_.device)
    if _is_traced(logsum):
        return logsum, state______, state_______
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * 2,)
    block_forward_logsum_state_______state________kernel[grid](
        state_, state, state___, state__, state____, logsum, state______, state_______, state_.stride(0),
        state_.stride(1), state.stride(0), state.stride(1), state.stride(2), state.stride(3),
        state___.stride(0), state___.stride(1), state__.stride(0), state__.stride(1), state__.stride(2),
        state__.stride(3), state__.stride(4), state____.stride(0), state____.stride(1), state____.stride(2),
        state____.stride(3), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        state______.stride(0), state______.stride(1), state______.stride(2), state______.stride(3),
        state_______.stride(0), state_______.stride(1), state_______.stride(2), state_______.stride(3),
        state_______.stride(4), b, t, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T,
        EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return logsum, state______, state_______


@_operator
def _block_forward_buffer_3(
    WO: torch.Tensor,
    state______: torch.Tensor,
    state_______: torch.Tensor,
) -> torch.Tensor:
    """_block_forward_buffer_3(WO: bf16[kv g d width], state______: f32[b t kv g], state_______: f32[b t kv g d]) -> buffer_3: f32[b t width]. Any strides; sizes are read off the shapes."""
    _check("WO", WO, torch.bfloat16, 4, WO.device)
    _check("state______", state______, torch.float32, 4, WO.device)
    _check("state_______", state_______, torch.float32, 5, WO.device)
    b, t, _, _ = state______.shape
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if state______.shape != (b, t, 2, 2):
        raise ValueError(f"state______: f32[b t kv g] has shape {state______.shape}, expected {(b, t, 2, 2)}")
    if state_______.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state_______: f32[b t kv g d] has shape {state_______.shape}, expected {(b, t, 2, 2, 64)}")
    buffer_3 = torch.empty((b, t, 512), dtype=torch.float32, device=WO.device)
    if _is_traced(buffer_3):
        return buffer_3
    BLOCK_T, BLOCK_WIDTH, BLOCK_D, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_forward_buffer_3_kernel[grid](
        WO, state______, state_______, buffer_3, WO.stride(0), WO.stride(1), WO.stride(2), WO.stride(3),
        state______.stride(0), state______.stride(1), state______.stride(2), state______.stride(3),
        state_______.stride(0), state_______.stride(1), state_______.stride(2), state_______.stride(3),
        state_______.stride(4), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), b, t,
        BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_3


@_operator
def _block_forward_buffer_0(X: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_block_forward_buffer_0(X: bf16[b t width], buffer_3: f32[b t width]) -> buffer_0: f32[b t]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("buffer_3", buffer_3, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t, 512):
        raise ValueError(f"buffer_3: f32[b t width] has shape {buffer_3.shape}, expected {(b, t, 512)}")
    buffer_0 = torch.empty((b, t), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_forward_buffer_0_rows_kernel[grid](
            X, buffer_3, buffer_0, X.stride(0), X.stride(1), X.stride(2), buffer_3.stride(0),
            buffer_3.stride(1), buffer_3.stride(2), buffer_0.stride(0), buffer_0.stride(1), b, t,
            BLOCK_WIDTH=BLOCK_WIDTH, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_forward_buffer_0_kernel[grid](
        X, buffer_3, buffer_0, X.stride(0), X.stride(1), X.stride(2), buffer_3.stride(0), buffer_3.stride(1),
        buffer_3.stride(2), buffer_0.stride(0), buffer_0.stride(1), b, t, BLOCK_WIDTH=BLOCK_WIDTH,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _block_forward_buffer_1(
    X: torch.Tensor,
    c: torch.Tensor,
    gate: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_block_forward_buffer_1(X: bf16[b t width], c: f32[width], gate: bf16[width hidden], buffer_0: f32[b t], buffer_3: f32[b t width]) -> buffer_1: f32[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("gate", gate, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    _check("buffer_3", buffer_3, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if buffer_0.shape != (b, t):
        raise ValueError(f"buffer_0: f32[b t] has shape {buffer_0.shape}, expected {(b, t)}")
    if buffer_3.shape != (b, t, 512):
        raise ValueError(f"buffer_3: f32[b t width] has shape {buffer_3.shape}, expected {(b, t, 512)}")
    buffer_1 = torch.empty((b, t, 1024), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_forward_buffer_1_kernel[grid](
        X, c, gate, buffer_0, buffer_3, buffer_1, X.stride(0), X.stride(1), X.stride(2), c.stride(0),
        gate.stride(0), gate.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_3.stride(0),
        buffer_3.stride(1), buffer_3.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), b,
        t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _block_forward_buffer_2(
    X: torch.Tensor,
    c: torch.Tensor,
    up: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_block_forward_buffer_2(X: bf16[b t width], c: f32[width], up: bf16[width hidden], buffer_1: f32[b t hidden], buffer_3: f32[b t width]) -> buffer_2: bf16[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("c", c, torch.float32, 1, X.device)
    _check("up", up, torch.bfloat16, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 3, X.device)
    _check("buffer_3", buffer_3, torch.float32, 3, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if buffer_1.shape != (b, t, 1024):
        raise ValueError(f"buffer_1: f32[b t hidden] has shape {buffer_1.shape}, expected {(b, t, 1024)}")
    if buffer_3.shape != (b, t, 512):
        raise ValueError(f"buffer_3: f32[b t width] has shape {buffer_3.shape}, expected {(b, t, 512)}")
    buffer_2 = torch.empty((b, t, 1024), dtype=torch.bfloat16, device=X.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_forward_buffer_2_kernel[grid](
        X, c, up, buffer_1, buffer_3, buffer_2, X.stride(0), X.stride(1), X.stride(2), c.stride(0),
        up.stride(0), up.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_2.stride(0), buffer_2.stride(1),
        buffer_2.stride(2), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN,
        num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _block_forward_out(
    X: torch.Tensor,
    down: torch.Tensor,
    buffer_3: torch.Tensor,
    buffer_2: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_block_forward_out(X: bf16[b t width], down: bf16[hidden width], buffer_3: f32[b t width], buffer_2: bf16[b t hidden], buffer_0: f32[b t]) -> out: bf16[b t width]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("down", down, torch.bfloat16, 2, X.device)
    _check("buffer_3", buffer_3, torch.float32, 3, X.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 3, X.device)
    _check("buffer_0", buffer_0, torch.float32, 2, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if buffer_3.shape != (b, t, 512):
        raise ValueError(f"buffer_3: f32[b t width] has shape {buffer_3.shape}, expected {(b, t, 512)}")
    if buffer_2.shape != (b, t, 1024):
        raise ValueError(f"buffer_2: bf16[b t hidden] has shape {buffer_2.shape}, expected {(b, t, 1024)}")
    if buffer_0.shape != (b, t):
        raise ValueError(f"buffer_0: f32[b t] has shape {buffer_0.shape}, expected {(b, t)}")
    out = torch.empty((b, t, 512), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_T, BLOCK_WIDTH, BLOCK_HIDDEN, warps, stages = 128, 64, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_forward_out_kernel[grid](
        X, down, buffer_3, buffer_2, buffer_0, out, X.stride(0), X.stride(1), X.stride(2), down.stride(0),
        down.stride(1), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), out.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_T=BLOCK_T,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _block_backward_buffer_6(down: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_6(down: bf16[hidden width], d_out: bf16[b t width]) -> buffer_6: f32[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("down", down, torch.bfloat16, 2, down.device)
    _check("d_out", d_out, torch.bfloat16, 3, down.device)
    b, t, _ = d_out.shape
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    buffer_6 = torch.empty((b, t, 1024), dtype=torch.float32, device=down.device)
    if _is_traced(buffer_6):
        return buffer_6
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_buffer_6_kernel[grid](
        down, d_out, buffer_6, down.stride(0), down.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps,
        num_stages=stages,
    )
    return buffer_6


@_operator
def _block_backward_buffer_15(
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    state___: torch.Tensor,
    state____: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_15(logsum: f32[b t kv g], state: f32[b kv d x], state_: f32[b x], state__: f32[b t kv g d], state___: f32[b t], state____: f32[b kv d x]) -> buffer_15: bf16[b t kv g d]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 4, logsum.device)
    _check("state", state, torch.float32, 4, logsum.device)
    _check("state_", state_, torch.float32, 2, logsum.device)
    _check("state__", state__, torch.float32, 5, logsum.device)
    _check("state___", state___, torch.float32, 2, logsum.device)
    _check("state____", state____, torch.float32, 4, logsum.device)
    b, t, _, _ = logsum.shape
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    buffer_15 = torch.empty((b, t, 2, 2, 64), dtype=torch.bfloat16, device=logsum.device)
    if _is_traced(buffer_15):
        return buffer_15
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * 2,)
    block_backward_buffer_15_kernel[grid](
        logsum, state, state_, state__, state___, state____, buffer_15, logsum.stride(0), logsum.stride(1),
        logsum.stride(2), logsum.stride(3), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), state_.stride(0), state_.stride(1), state__.stride(0), state__.stride(1),
        state__.stride(2), state__.stride(3), state__.stride(4), state___.stride(0), state___.stride(1),
        state____.stride(0), state____.stride(1), state____.stride(2), state____.stride(3),
        buffer_15.stride(0), buffer_15.stride(1), buffer_15.stride(2), buffer_15.stride(3),
        buffer_15.stride(4), b, t, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, EXACT_D=64 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return buffer_15


@_operator
def _block_backward_buffer_13(X: torch.Tensor, WO: torch.Tensor, buffer_15: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_13(X: bf16[b t width], WO: bf16[kv g d width], buffer_15: bf16[b t kv g d]) -> buffer_13: f32[b t width]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("WO", WO, torch.bfloat16, 4, X.device)
    _check("buffer_15", buffer_15, torch.bfloat16, 5, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if buffer_15.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_15: bf16[b t kv g d] has shape {buffer_15.shape}, expected {(b, t, 2, 2, 64)}")
    buffer_13 = torch.empty((b, t, 512), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_13):
        return buffer_13
    BLOCK_T, BLOCK_WIDTH, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_backward_buffer_13_kernel[grid](
        X, WO, buffer_15, buffer_13, X.stride(0), X.stride(1), X.stride(2), WO.stride(0), WO.stride(1),
        WO.stride(2), WO.stride(3), buffer_15.stride(0), buffer_15.stride(1), buffer_15.stride(2),
        buffer_15.stride(3), buffer_15.stride(4), buffer_13.stride(0), buffer_13.stride(1),
        buffer_13.stride(2), b, t, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps,
        num_stages=stages,
    )
    return buffer_13


@_operator
def _block_backward_buffer_3(c: torch.Tensor, gate: torch.Tensor, buffer_13: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_3(c: f32[width], gate: bf16[width hidden], buffer_13: f32[b t width]) -> buffer_3: f32[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("gate", gate, torch.bfloat16, 2, c.device)
    _check("buffer_13", buffer_13, torch.float32, 3, c.device)
    b, t, _ = buffer_13.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    buffer_3 = torch.empty((b, t, 1024), dtype=torch.float32, device=c.device)
    if _is_traced(buffer_3):
        return buffer_3
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_buffer_3_kernel[grid](
        c, gate, buffer_13, buffer_3, c.stride(0), gate.stride(0), gate.stride(1), buffer_13.stride(0),
        buffer_13.stride(1), buffer_13.stride(2), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
        b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps,
        num_stages=stages,
    )
    return buffer_3


@_operator
def _block_backward_buffer_4(buffer_13: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_4(buffer_13: f32[b t width]) -> buffer_4: f32[b t]. Any strides; sizes are read off the shapes."""
    _check("buffer_13", buffer_13, torch.float32, 3, buffer_13.device)
    b, t, _ = buffer_13.shape
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    buffer_4 = torch.empty((b, t), dtype=torch.float32, device=buffer_13.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_WIDTH <= 16384:
        if BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_backward_buffer_4_rows_kernel[grid](
            buffer_13, buffer_4, buffer_13.stride(0), buffer_13.stride(1), buffer_13.stride(2),
            buffer_4.stride(0), buffer_4.stride(1), b, t, BLOCK_WIDTH=BLOCK_WIDTH,
            EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps, num_stages=stages,
        )
        return buffer_4
    BLOCK_WIDTH, warps, stages = 4096, 8, 2
    grid = (b * t,)
    block_backward_buffer_4_kernel[grid](
        buffer_13, buffer_4, buffer_13.stride(0), buffer_13.stride(1), buffer_13.stride(2),
        buffer_4.stride(0), buffer_4.stride(1), b, t, BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps,
        num_stages=stages,
    )
    return buffer_4


@_operator
def _block_backward_buffer_5(c: torch.Tensor, up: torch.Tensor, buffer_13: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_5(c: f32[width], up: bf16[width hidden], buffer_13: f32[b t width]) -> buffer_5: f32[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("up", up, torch.bfloat16, 2, c.device)
    _check("buffer_13", buffer_13, torch.float32, 3, c.device)
    b, t, _ = buffer_13.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    buffer_5 = torch.empty((b, t, 1024), dtype=torch.float32, device=c.device)
    if _is_traced(buffer_5):
        return buffer_5
    BLOCK_T, BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_buffer_5_kernel[grid](
        c, up, buffer_13, buffer_5, c.stride(0), up.stride(0), up.stride(1), buffer_13.stride(0),
        buffer_13.stride(1), buffer_13.stride(2), buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2),
        b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps,
        num_stages=stages,
    )
    return buffer_5


@_operator
def _block_backward_buffer_23(
    buffer_5: torch.Tensor,
    buffer_3: torch.Tensor,
    buffer_4: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_23(buffer_5: f32[b t hidden], buffer_3: f32[b t hidden], buffer_4: f32[b t]) -> buffer_23: bf16[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("buffer_5", buffer_5, torch.float32, 3, buffer_5.device)
    _check("buffer_3", buffer_3, torch.float32, 3, buffer_5.device)
    _check("buffer_4", buffer_4, torch.float32, 2, buffer_5.device)
    b, t, _ = buffer_5.shape
    if buffer_5.shape != (b, t, 1024):
        raise ValueError(f"buffer_5: f32[b t hidden] has shape {buffer_5.shape}, expected {(b, t, 1024)}")
    if buffer_3.shape != (b, t, 1024):
        raise ValueError(f"buffer_3: f32[b t hidden] has shape {buffer_3.shape}, expected {(b, t, 1024)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    buffer_23 = torch.empty((b, t, 1024), dtype=torch.bfloat16, device=buffer_5.device)
    if _is_traced(buffer_23):
        return buffer_23
    BLOCK_HIDDEN, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_buffer_23_kernel[grid](
        buffer_5, buffer_3, buffer_4, buffer_23, buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2),
        buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_4.stride(0), buffer_4.stride(1),
        buffer_23.stride(0), buffer_23.stride(1), buffer_23.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN,
        num_warps=warps, num_stages=stages,
    )
    return buffer_23


@_operator
def _block_backward_buffer_12(
    down: torch.Tensor,
    d_out: torch.Tensor,
    buffer_23: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_12(down: bf16[hidden width], d_out: bf16[b t width], buffer_23: bf16[b t hidden]) -> buffer_12: f32[b t width]. Any strides; sizes are read off the shapes."""
    _check("down", down, torch.bfloat16, 2, down.device)
    _check("d_out", d_out, torch.bfloat16, 3, down.device)
    _check("buffer_23", buffer_23, torch.bfloat16, 3, down.device)
    b, t, _ = d_out.shape
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_23.shape != (b, t, 1024):
        raise ValueError(f"buffer_23: bf16[b t hidden] has shape {buffer_23.shape}, expected {(b, t, 1024)}")
    buffer_12 = torch.empty((b, t, 512), dtype=torch.float32, device=down.device)
    if _is_traced(buffer_12):
        return buffer_12
    BLOCK_T, BLOCK_WIDTH, BLOCK_HIDDEN, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_backward_buffer_12_kernel[grid](
        down, d_out, buffer_23, buffer_12, down.stride(0), down.stride(1), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_23.stride(0), buffer_23.stride(1), buffer_23.stride(2), buffer_12.stride(0),
        buffer_12.stride(1), buffer_12.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_T=BLOCK_T,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_12


@_operator
def _block_backward_d_down(
    d_out: torch.Tensor,
    buffer_23: torch.Tensor,
    buffer_4: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_d_down(d_out: bf16[b t width], buffer_23: bf16[b t hidden], buffer_4: f32[b t]) -> d_down: bf16[hidden width]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 3, d_out.device)
    _check("buffer_23", buffer_23, torch.bfloat16, 3, d_out.device)
    _check("buffer_4", buffer_4, torch.float32, 2, d_out.device)
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_23.shape != (b, t, 1024):
        raise ValueError(f"buffer_23: bf16[b t hidden] has shape {buffer_23.shape}, expected {(b, t, 1024)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    d_down = torch.empty((1024, 512), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_down):
        return d_down
    BLOCK_HIDDEN, BLOCK_WIDTH, BLOCK_T, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(1024, BLOCK_HIDDEN) * triton.cdiv(512, BLOCK_WIDTH),)
    block_backward_d_down_kernel[grid](
        d_out, buffer_23, buffer_4, d_down, d_out.stride(0), d_out.stride(1), d_out.stride(2),
        buffer_23.stride(0), buffer_23.stride(1), buffer_23.stride(2), buffer_4.stride(0), buffer_4.stride(1),
        d_down.stride(0), d_down.stride(1), b, t, BLOCK_T=BLOCK_T, BLOCK_HIDDEN=BLOCK_HIDDEN,
        BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return d_down


@_operator
def _block_backward_buffer_7_buffer_21_buffer_22_buffer_24(
    buffer_12: torch.Tensor,
    buffer_3: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_5: torch.Tensor,
    buffer_6: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_block_backward_buffer_7_buffer_21_buffer_22_buffer_24(buffer_12: f32[b t width], buffer_3: f32[b t hidden], buffer_4: f32[b t], buffer_5: f32[b t hidden], buffer_6: f32[b t hidden]) -> buffer_7: f32[b t], buffer_21: bf16[b t hidden], buffer_22: f32[b t hidden], buffer_24: f32[b t hidden]. Any strides; sizes are read off the shapes."""
    _check("buffer_12", buffer_12, torch.float32, 3, buffer_12.device)
    _check("buffer_3", buffer_3, torch.float32, 3, buffer_12.device)
    _check("buffer_4", buffer_4, torch.float32, 2, buffer_12.device)
    _check("buffer_5", buffer_5, torch.float32, 3, buffer_12.device)
    _check("buffer_6", buffer_6, torch.float32, 3, buffer_12.device)
    b, t, _ = buffer_12.shape
    if buffer_12.shape != (b, t, 512):
        raise ValueError(f"buffer_12: f32[b t width] has shape {buffer_12.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t, 1024):
        raise ValueError(f"buffer_3: f32[b t hidden] has shape {buffer_3.shape}, expected {(b, t, 1024)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    if buffer_5.shape != (b, t, 1024):
        raise ValueError(f"buffer_5: f32[b t hidden] has shape {buffer_5.shape}, expected {(b, t, 1024)}")
    if buffer_6.shape != (b, t, 1024):
        raise ValueError(f"buffer_6: f32[b t hidden] has shape {buffer_6.shape}, expected {(b, t, 1024)}")
    buffer_7 = torch.empty((b, t), dtype=torch.float32, device=buffer_12.device)
    buffer_21 = torch.empty((b, t, 1024), dtype=torch.bfloat16, device=buffer_12.device)
    buffer_22 = torch.empty((b, t, 1024), dtype=torch.float32, device=buffer_12.device)
    buffer_24 = torch.empty((b, t, 1024), dtype=torch.float32, device=buffer_12.device)
    if _is_traced(buffer_7):
        return buffer_7, buffer_21, buffer_22, buffer_24
    BLOCK_HIDDEN = max(16, triton.next_power_of_2(1024))
    BLOCK_WIDTH = max(16, triton.next_power_of_2(512))
    if BLOCK_HIDDEN * BLOCK_WIDTH <= 16384:
        if BLOCK_HIDDEN * BLOCK_WIDTH <= 1024:
            warps, stages = 4, 1
        elif BLOCK_HIDDEN * BLOCK_WIDTH <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t,)
        block_backward_buffer_7_buffer_21_buffer_22_buffer_24_rows_kernel[grid](
            buffer_12, buffer_3, buffer_4, buffer_5, buffer_6, buffer_7, buffer_21, buffer_22, buffer_24,
            buffer_12.stride(0), buffer_12.stride(1), buffer_12.stride(2), buffer_3.stride(0),
            buffer_3.stride(1), buffer_3.stride(2), buffer_4.stride(0), buffer_4.stride(1),
            buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2), buffer_6.stride(0),
            buffer_6.stride(1), buffer_6.stride(2), buffer_7.stride(0), buffer_7.stride(1),
            buffer_21.stride(0), buffer_21.stride(1), buffer_21.stride(2), buffer_22.stride(0),
            buffer_22.stride(1), buffer_22.stride(2), buffer_24.stride(0), buffer_24.stride(1),
            buffer_24.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_WIDTH=BLOCK_WIDTH,
            EXACT_HIDDEN=1024 == BLOCK_HIDDEN, EXACT_WIDTH=512 == BLOCK_WIDTH, num_warps=warps,
            num_stages=stages,
        )
        return buffer_7, buffer_21, buffer_22, buffer_24
    BLOCK_HIDDEN, BLOCK_WIDTH, warps, stages = 4096, 4096, 8, 2
    grid = (b * t,)
    block_backward_buffer_7_buffer_21_buffer_22_buffer_24_kernel[grid](
        buffer_12, buffer_3, buffer_4, buffer_5, buffer_6, buffer_7, buffer_21, buffer_22, buffer_24,
        buffer_12.stride(0), buffer_12.stride(1), buffer_12.stride(2), buffer_3.stride(0), buffer_3.stride(1),
        buffer_3.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_5.stride(0), buffer_5.stride(1),
        buffer_5.stride(2), buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2), buffer_7.stride(0),
        buffer_7.stride(1), buffer_21.stride(0), buffer_21.stride(1), buffer_21.stride(2),
        buffer_22.stride(0), buffer_22.stride(1), buffer_22.stride(2), buffer_24.stride(0),
        buffer_24.stride(1), buffer_24.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_WIDTH=BLOCK_WIDTH,
        num_warps=warps, num_stages=stages,
    )
    return buffer_7, buffer_21, buffer_22, buffer_24


@_operator
def _block_backward_buffer_11(
    c: torch.Tensor,
    up: torch.Tensor,
    gate: torch.Tensor,
    buffer_21: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_22: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_11(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], buffer_21: bf16[b t hidden], buffer_4: f32[b t], buffer_22: f32[b t hidden]) -> buffer_11: f32[b t width]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("up", up, torch.bfloat16, 2, c.device)
    _check("gate", gate, torch.bfloat16, 2, c.device)
    _check("buffer_21", buffer_21, torch.bfloat16, 3, c.device)
    _check("buffer_4", buffer_4, torch.float32, 2, c.device)
    _check("buffer_22", buffer_22, torch.float32, 3, c.device)
    b, t, _ = buffer_21.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if buffer_21.shape != (b, t, 1024):
        raise ValueError(f"buffer_21: bf16[b t hidden] has shape {buffer_21.shape}, expected {(b, t, 1024)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    if buffer_22.shape != (b, t, 1024):
        raise ValueError(f"buffer_22: f32[b t hidden] has shape {buffer_22.shape}, expected {(b, t, 1024)}")
    buffer_11 = torch.empty((b, t, 512), dtype=torch.float32, device=c.device)
    if _is_traced(buffer_11):
        return buffer_11
    BLOCK_T, BLOCK_WIDTH, BLOCK_HIDDEN, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_backward_buffer_11_kernel[grid](
        c, up, gate, buffer_21, buffer_4, buffer_22, buffer_11, c.stride(0), up.stride(0), up.stride(1),
        gate.stride(0), gate.stride(1), buffer_21.stride(0), buffer_21.stride(1), buffer_21.stride(2),
        buffer_4.stride(0), buffer_4.stride(1), buffer_22.stride(0), buffer_22.stride(1), buffer_22.stride(2),
        buffer_11.stride(0), buffer_11.stride(1), buffer_11.stride(2), b, t, BLOCK_HIDDEN=BLOCK_HIDDEN,
        BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps, num_stages=stages,
    )
    return buffer_11


@_operator
def _block_backward_buffer_17(
    up: torch.Tensor,
    buffer_22: torch.Tensor,
    buffer_13: torch.Tensor,
    buffer_4: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_17(up: bf16[width hidden], buffer_22: f32[b t hidden], buffer_13: f32[b t width], buffer_4: f32[b t]) -> buffer_17: f32[width hidden]. Any strides; sizes are read off the shapes."""
    _check("up", up, torch.bfloat16, 2, up.device)
    _check("buffer_22", buffer_22, torch.float32, 3, up.device)
    _check("buffer_13", buffer_13, torch.float32, 3, up.device)
    _check("buffer_4", buffer_4, torch.float32, 2, up.device)
    b, t, _ = buffer_22.shape
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if buffer_22.shape != (b, t, 1024):
        raise ValueError(f"buffer_22: f32[b t hidden] has shape {buffer_22.shape}, expected {(b, t, 1024)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    buffer_17 = torch.empty((512, 1024), dtype=torch.float32, device=up.device)
    if _is_traced(buffer_17):
        return buffer_17
    BLOCK_WIDTH, BLOCK_HIDDEN, BLOCK_T, warps, stages = 64, 64, 32, 8, 2
    grid = (triton.cdiv(512, BLOCK_WIDTH) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_buffer_17_kernel[grid](
        up, buffer_22, buffer_13, buffer_4, buffer_17, up.stride(0), up.stride(1), buffer_22.stride(0),
        buffer_22.stride(1), buffer_22.stride(2), buffer_13.stride(0), buffer_13.stride(1),
        buffer_13.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_17.stride(0), buffer_17.stride(1),
        b, t, BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps,
        num_stages=stages,
    )
    return buffer_17


@_operator
def _block_backward_buffer_19(
    gate: torch.Tensor,
    buffer_24: torch.Tensor,
    buffer_13: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_19(gate: bf16[width hidden], buffer_24: f32[b t hidden], buffer_13: f32[b t width]) -> buffer_19: f32[width hidden]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.bfloat16, 2, gate.device)
    _check("buffer_24", buffer_24, torch.float32, 3, gate.device)
    _check("buffer_13", buffer_13, torch.float32, 3, gate.device)
    b, t, _ = buffer_24.shape
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if buffer_24.shape != (b, t, 1024):
        raise ValueError(f"buffer_24: f32[b t hidden] has shape {buffer_24.shape}, expected {(b, t, 1024)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    buffer_19 = torch.empty((512, 1024), dtype=torch.float32, device=gate.device)
    if _is_traced(buffer_19):
        return buffer_19
    BLOCK_WIDTH, BLOCK_HIDDEN, BLOCK_T, warps, stages = 64, 64, 32, 4, 2
    grid = (triton.cdiv(512, BLOCK_WIDTH) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_buffer_19_kernel[grid](
        gate, buffer_24, buffer_13, buffer_19, gate.stride(0), gate.stride(1), buffer_24.stride(0),
        buffer_24.stride(1), buffer_24.stride(2), buffer_13.stride(0), buffer_13.stride(1),
        buffer_13.stride(2), buffer_19.stride(0), buffer_19.stride(1), b, t, BLOCK_T=BLOCK_T,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return buffer_19


@_operator
def _block_backward_d_up(
    c: torch.Tensor,
    buffer_22: torch.Tensor,
    buffer_13: torch.Tensor,
    buffer_4: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_d_up(c: f32[width], buffer_22: f32[b t hidden], buffer_13: f32[b t width], buffer_4: f32[b t]) -> d_up: bf16[width hidden]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("buffer_22", buffer_22, torch.float32, 3, c.device)
    _check("buffer_13", buffer_13, torch.float32, 3, c.device)
    _check("buffer_4", buffer_4, torch.float32, 2, c.device)
    b, t, _ = buffer_22.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if buffer_22.shape != (b, t, 1024):
        raise ValueError(f"buffer_22: f32[b t hidden] has shape {buffer_22.shape}, expected {(b, t, 1024)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    d_up = torch.empty((512, 1024), dtype=torch.bfloat16, device=c.device)
    if _is_traced(d_up):
        return d_up
    BLOCK_WIDTH, BLOCK_HIDDEN, BLOCK_T, warps, stages = 64, 64, 32, 4, 1
    grid = (triton.cdiv(512, BLOCK_WIDTH) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_d_up_kernel[grid](
        c, buffer_22, buffer_13, buffer_4, d_up, c.stride(0), buffer_22.stride(0), buffer_22.stride(1),
        buffer_22.stride(2), buffer_13.stride(0), buffer_13.stride(1), buffer_13.stride(2),
        buffer_4.stride(0), buffer_4.stride(1), d_up.stride(0), d_up.stride(1), b, t, BLOCK_T=BLOCK_T,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return d_up


@_operator
def _block_backward_d_gate(c: torch.Tensor, buffer_24: torch.Tensor, buffer_13: torch.Tensor) -> torch.Tensor:
    """_block_backward_d_gate(c: f32[width], buffer_24: f32[b t hidden], buffer_13: f32[b t width]) -> d_gate: bf16[width hidden]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("buffer_24", buffer_24, torch.float32, 3, c.device)
    _check("buffer_13", buffer_13, torch.float32, 3, c.device)
    b, t, _ = buffer_24.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if buffer_24.shape != (b, t, 1024):
        raise ValueError(f"buffer_24: f32[b t hidden] has shape {buffer_24.shape}, expected {(b, t, 1024)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    d_gate = torch.empty((512, 1024), dtype=torch.bfloat16, device=c.device)
    if _is_traced(d_gate):
        return d_gate
    BLOCK_WIDTH, BLOCK_HIDDEN, BLOCK_T, warps, stages = 64, 64, 32, 4, 1
    grid = (triton.cdiv(512, BLOCK_WIDTH) * triton.cdiv(1024, BLOCK_HIDDEN),)
    block_backward_d_gate_kernel[grid](
        c, buffer_24, buffer_13, d_gate, c.stride(0), buffer_24.stride(0), buffer_24.stride(1),
        buffer_24.stride(2), buffer_13.stride(0), buffer_13.stride(1), buffer_13.stride(2), d_gate.stride(0),
        d_gate.stride(1), b, t, BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_HIDDEN=BLOCK_HIDDEN,
        num_warps=warps, num_stages=stages,
    )
    return d_gate


@_operator
def _block_backward_buffer_8(
    WO: torch.Tensor,
    d_out: torch.Tensor,
    buffer_11: torch.Tensor,
    buffer_7: torch.Tensor,
    buffer_13: torch.Tensor,
    buffer_4: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_8(WO: bf16[kv g d width], d_out: bf16[b t width], buffer_11: f32[b t width], buffer_7: f32[b t], buffer_13: f32[b t width], buffer_4: f32[b t]) -> buffer_8: f32[b t kv g d]. Any strides; sizes are read off the shapes."""
    _check("WO", WO, torch.bfloat16, 4, WO.device)
    _check("d_out", d_out, torch.bfloat16, 3, WO.device)
    _check("buffer_11", buffer_11, torch.float32, 3, WO.device)
    _check("buffer_7", buffer_7, torch.float32, 2, WO.device)
    _check("buffer_13", buffer_13, torch.float32, 3, WO.device)
    _check("buffer_4", buffer_4, torch.float32, 2, WO.device)
    b, t, _ = d_out.shape
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_11.shape != (b, t, 512):
        raise ValueError(f"buffer_11: f32[b t width] has shape {buffer_11.shape}, expected {(b, t, 512)}")
    if buffer_7.shape != (b, t):
        raise ValueError(f"buffer_7: f32[b t] has shape {buffer_7.shape}, expected {(b, t)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    buffer_8 = torch.empty((b, t, 2, 2, 64), dtype=torch.float32, device=WO.device)
    if _is_traced(buffer_8):
        return buffer_8
    BLOCK_T, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_buffer_8_kernel[grid](
        WO, d_out, buffer_11, buffer_7, buffer_13, buffer_4, buffer_8, WO.stride(0), WO.stride(1),
        WO.stride(2), WO.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_11.stride(0),
        buffer_11.stride(1), buffer_11.stride(2), buffer_7.stride(0), buffer_7.stride(1), buffer_13.stride(0),
        buffer_13.stride(1), buffer_13.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_8.stride(0),
        buffer_8.stride(1), buffer_8.stride(2), buffer_8.stride(3), buffer_8.stride(4), b, t,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_8


@_operator
def _block_backward_d_WO(
    d_out: torch.Tensor,
    buffer_15: torch.Tensor,
    buffer_11: torch.Tensor,
    buffer_7: torch.Tensor,
    buffer_13: torch.Tensor,
    buffer_4: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_d_WO(d_out: bf16[b t width], buffer_15: bf16[b t kv g d], buffer_11: f32[b t width], buffer_7: f32[b t], buffer_13: f32[b t width], buffer_4: f32[b t]) -> d_WO: bf16[kv g d width]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 3, d_out.device)
    _check("buffer_15", buffer_15, torch.bfloat16, 5, d_out.device)
    _check("buffer_11", buffer_11, torch.float32, 3, d_out.device)
    _check("buffer_7", buffer_7, torch.float32, 2, d_out.device)
    _check("buffer_13", buffer_13, torch.float32, 3, d_out.device)
    _check("buffer_4", buffer_4, torch.float32, 2, d_out.device)
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_15.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_15: bf16[b t kv g d] has shape {buffer_15.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_11.shape != (b, t, 512):
        raise ValueError(f"buffer_11: f32[b t width] has shape {buffer_11.shape}, expected {(b, t, 512)}")
    if buffer_7.shape != (b, t):
        raise ValueError(f"buffer_7: f32[b t] has shape {buffer_7.shape}, expected {(b, t)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    d_WO = torch.empty((2, 2, 64, 512), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_WO):
        return d_WO
    BLOCK_D, BLOCK_WIDTH, BLOCK_T, warps, stages = 64, 128, 64, 8, 1
    grid = (2 * 2 * triton.cdiv(64, BLOCK_D) * triton.cdiv(512, BLOCK_WIDTH),)
    block_backward_d_WO_kernel[grid](
        d_out, buffer_15, buffer_11, buffer_7, buffer_13, buffer_4, d_WO, d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_15.stride(0), buffer_15.stride(1), buffer_15.stride(2), buffer_15.stride(3),
        buffer_15.stride(4), buffer_11.stride(0), buffer_11.stride(1), buffer_11.stride(2),
        buffer_7.stride(0), buffer_7.stride(1), buffer_13.stride(0), buffer_13.stride(1), buffer_13.stride(2),
        buffer_4.stride(0), buffer_4.stride(1), d_WO.stride(0), d_WO.stride(1), d_WO.stride(2),
        d_WO.stride(3), b, t, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps,
        num_stages=stages,
    )
    return d_WO


@_operator
def _block_backward_d_c(buffer_17: torch.Tensor, buffer_19: torch.Tensor) -> torch.Tensor:
    """_block_backward_d_c(buffer_17: f32[width hidden], buffer_19: f32[width hidden]) -> d_c: f32[width]. Any strides; sizes are read off the shapes."""
    _check("buffer_17", buffer_17, torch.float32, 2, buffer_17.device)
    _check("buffer_19", buffer_19, torch.float32, 2, buffer_17.device)
    if buffer_17.shape != (512, 1024):
        raise ValueError(f"buffer_17: f32[width hidden] has shape {buffer_17.shape}, expected {(512, 1024)}")
    if buffer_19.shape != (512, 1024):
        raise ValueError(f"buffer_19: f32[width hidden] has shape {buffer_19.shape}, expected {(512, 1024)}")
    d_c = torch.empty((512,), dtype=torch.float32, device=buffer_17.device)
    if _is_traced(d_c):
        return d_c
    BLOCK_HIDDEN = max(16, triton.next_power_of_2(1024))
    if BLOCK_HIDDEN <= 16384:
        if BLOCK_HIDDEN <= 1024:
            warps, stages = 4, 1
        elif BLOCK_HIDDEN <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (512,)
        block_backward_d_c_rows_kernel[grid](
            buffer_17, buffer_19, d_c, buffer_17.stride(0), buffer_17.stride(1), buffer_19.stride(0),
            buffer_19.stride(1), d_c.stride(0), BLOCK_HIDDEN=BLOCK_HIDDEN, EXACT_HIDDEN=1024 == BLOCK_HIDDEN,
            num_warps=warps, num_stages=stages,
        )
        return d_c
    BLOCK_HIDDEN, warps, stages = 4096, 8, 2
    grid = (512,)
    block_backward_d_c_kernel[grid](
        buffer_17, buffer_19, d_c, buffer_17.stride(0), buffer_17.stride(1), buffer_19.stride(0),
        buffer_19.stride(1), d_c.stride(0), BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return d_c


@_operator
def _block_backward_buffer_2(
    state______: torch.Tensor,
    state_______: torch.Tensor,
    buffer_8: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_2(state______: f32[b t kv g], state_______: f32[b t kv g d], buffer_8: f32[b t kv g d]) -> buffer_2: f32[b t kv g]. Any strides; sizes are read off the shapes."""
    _check("state______", state______, torch.float32, 4, state______.device)
    _check("state_______", state_______, torch.float32, 5, state______.device)
    _check("buffer_8", buffer_8, torch.float32, 5, state______.device)
    b, t, _, _ = state______.shape
    if state______.shape != (b, t, 2, 2):
        raise ValueError(f"state______: f32[b t kv g] has shape {state______.shape}, expected {(b, t, 2, 2)}")
    if state_______.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state_______: f32[b t kv g d] has shape {state_______.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_8.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_8: f32[b t kv g d] has shape {buffer_8.shape}, expected {(b, t, 2, 2, 64)}")
    buffer_2 = torch.empty((b, t, 2, 2), dtype=torch.float32, device=state______.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D <= 16384:
        if BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * t * 2 * 2,)
        block_backward_buffer_2_rows_kernel[grid](
            state______, state_______, buffer_8, buffer_2, state______.stride(0), state______.stride(1),
            state______.stride(2), state______.stride(3), state_______.stride(0), state_______.stride(1),
            state_______.stride(2), state_______.stride(3), state_______.stride(4), buffer_8.stride(0),
            buffer_8.stride(1), buffer_8.stride(2), buffer_8.stride(3), buffer_8.stride(4),
            buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), b, t,
            BLOCK_D=BLOCK_D, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_2
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (b * t * 2 * 2,)
    block_backward_buffer_2_kernel[grid](
        state______, state_______, buffer_8, buffer_2, state______.stride(0), state______.stride(1),
        state______.stride(2), state______.stride(3), state_______.stride(0), state_______.stride(1),
        state_______.stride(2), state_______.stride(3), state_______.stride(4), buffer_8.stride(0),
        buffer_8.stride(1), buffer_8.stride(2), buffer_8.stride(3), buffer_8.stride(4), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3), b, t, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_2


@_operator
def _block_backward_buffer_0_buffer_1(
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    state___: torch.Tensor,
    state____: torch.Tensor,
    buffer_8: torch.Tensor,
    buffer_2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_block_backward_buffer_0_buffer_1(logsum: f32[b t kv g], state: f32[b kv d x], state_: f32[b x], state__: f32[b t kv g d], state___: f32[b t], state____: f32[b kv d x], buffer_8: f32[b t kv g d], buffer_2: f32[b t kv g]) -> buffer_0: f32[b kv d x], buffer_1: f32[b kv d x]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 4, logsum.device)
    _check("state", state, torch.float32, 4, logsum.device)
    _check("state_", state_, torch.float32, 2, logsum.device)
    _check("state__", state__, torch.float32, 5, logsum.device)
    _check("state___", state___, torch.float32, 2, logsum.device)
    _check("state____", state____, torch.float32, 4, logsum.device)
    _check("buffer_8", buffer_8, torch.float32, 5, logsum.device)
    _check("buffer_2", buffer_2, torch.float32, 4, logsum.device)
    b, t, _, _ = logsum.shape
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    if buffer_8.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_8: f32[b t kv g d] has shape {buffer_8.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    buffer_0 = torch.empty((b, 2, 64, t), dtype=torch.float32, device=logsum.device)
    buffer_1 = torch.empty((b, 2, 64, t), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_X, BLOCK_T, warps, stages = 64, 16, 8, 1
    grid = (b * 2 * triton.cdiv(t, BLOCK_X),)
    block_backward_buffer_0_buffer_1_kernel[grid](
        logsum, state, state_, state__, state___, state____, buffer_8, buffer_2, buffer_0, buffer_1,
        logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3), state.stride(0),
        state.stride(1), state.stride(2), state.stride(3), state_.stride(0), state_.stride(1),
        state__.stride(0), state__.stride(1), state__.stride(2), state__.stride(3), state__.stride(4),
        state___.stride(0), state___.stride(1), state____.stride(0), state____.stride(1), state____.stride(2),
        state____.stride(3), buffer_8.stride(0), buffer_8.stride(1), buffer_8.stride(2), buffer_8.stride(3),
        buffer_8.stride(4), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), b, t, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _block_backward_buffer_14(
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    state___: torch.Tensor,
    state____: torch.Tensor,
    buffer_8: torch.Tensor,
    buffer_2: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_14(logsum: f32[b t kv g], state: f32[b kv d x], state_: f32[b x], state__: f32[b t kv g d], state___: f32[b t], state____: f32[b kv d x], buffer_8: f32[b t kv g d], buffer_2: f32[b t kv g]) -> buffer_14: f32[b t kv g d]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 4, logsum.device)
    _check("state", state, torch.float32, 4, logsum.device)
    _check("state_", state_, torch.float32, 2, logsum.device)
    _check("state__", state__, torch.float32, 5, logsum.device)
    _check("state___", state___, torch.float32, 2, logsum.device)
    _check("state____", state____, torch.float32, 4, logsum.device)
    _check("buffer_8", buffer_8, torch.float32, 5, logsum.device)
    _check("buffer_2", buffer_2, torch.float32, 4, logsum.device)
    b, t, _, _ = logsum.shape
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    if buffer_8.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_8: f32[b t kv g d] has shape {buffer_8.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    buffer_14 = torch.empty((b, t, 2, 2, 64), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_14):
        return buffer_14
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_T, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * 2,)
    block_backward_buffer_14_kernel[grid](
        logsum, state, state_, state__, state___, state____, buffer_8, buffer_2, buffer_14, logsum.stride(0),
        logsum.stride(1), logsum.stride(2), logsum.stride(3), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), state_.stride(0), state_.stride(1), state__.stride(0),
        state__.stride(1), state__.stride(2), state__.stride(3), state__.stride(4), state___.stride(0),
        state___.stride(1), state____.stride(0), state____.stride(1), state____.stride(2),
        state____.stride(3), buffer_8.stride(0), buffer_8.stride(1), buffer_8.stride(2), buffer_8.stride(3),
        buffer_8.stride(4), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
        buffer_14.stride(0), buffer_14.stride(1), buffer_14.stride(2), buffer_14.stride(3),
        buffer_14.stride(4), b, t, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, EXACT_D=64 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return buffer_14


@_operator
def _block_backward_buffer_9(
    X: torch.Tensor,
    a: torch.Tensor,
    WV: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_9(X: bf16[b t width], a: f32[width], WV: bf16[width kv d], buffer_1: f32[b kv d x]) -> buffer_9: f32[b t kv d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WV", WV, torch.bfloat16, 3, X.device)
    _check("buffer_1", buffer_1, torch.float32, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    buffer_9 = torch.empty((b, t, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_9):
        return buffer_9
    BLOCK_T, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_buffer_9_kernel[grid](
        X, a, WV, buffer_1, buffer_9, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WV.stride(0),
        WV.stride(1), WV.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_1.stride(3), buffer_9.stride(0), buffer_9.stride(1), buffer_9.stride(2), buffer_9.stride(3), b,
        t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_9


@_operator
def _block_backward_buffer_10(
    X: torch.Tensor,
    a: torch.Tensor,
    WK: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_10(X: bf16[b t width], a: f32[width], WK: bf16[width kv d], buffer_0: f32[b kv d x]) -> buffer_10: f32[b t kv d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WK", WK, torch.bfloat16, 3, X.device)
    _check("buffer_0", buffer_0, torch.float32, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    buffer_10 = torch.empty((b, t, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_10):
        return buffer_10
    BLOCK_T, BLOCK_D, BLOCK_WIDTH, warps, stages = 128, 64, 64, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_buffer_10_kernel[grid](
        X, a, WK, buffer_0, buffer_10, X.stride(0), X.stride(1), X.stride(2), a.stride(0), WK.stride(0),
        WK.stride(1), WK.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), buffer_10.stride(0), buffer_10.stride(1), buffer_10.stride(2),
        buffer_10.stride(3), b, t, BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_10


@_operator
def _block_backward_buffer_16(X: torch.Tensor, state_: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_16(X: bf16[b t width], state_: f32[b x], buffer_1: f32[b kv d x]) -> buffer_16: f32[width kv d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("state_", state_, torch.float32, 2, X.device)
    _check("buffer_1", buffer_1, torch.float32, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    buffer_16 = torch.empty((512, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_16):
        return buffer_16
    BLOCK_WIDTH, BLOCK_D, BLOCK_X, warps, stages = 128, 64, 64, 8, 1
    grid = (triton.cdiv(512, BLOCK_WIDTH) * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_buffer_16_kernel[grid](
        X, state_, buffer_1, buffer_16, X.stride(0), X.stride(1), X.stride(2), state_.stride(0),
        state_.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_16.stride(0), buffer_16.stride(1), buffer_16.stride(2), b, t, BLOCK_X=BLOCK_X,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_16


@_operator
def _block_backward_buffer_18(X: torch.Tensor, state_: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_block_backward_buffer_18(X: bf16[b t width], state_: f32[b x], buffer_0: f32[b kv d x]) -> buffer_18: f32[width kv d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("state_", state_, torch.float32, 2, X.device)
    _check("buffer_0", buffer_0, torch.float32, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    buffer_18 = torch.empty((512, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_18):
        return buffer_18
    BLOCK_WIDTH, BLOCK_D, BLOCK_X, warps, stages = 128, 64, 64, 8, 1
    grid = (triton.cdiv(512, BLOCK_WIDTH) * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_buffer_18_kernel[grid](
        X, state_, buffer_0, buffer_18, X.stride(0), X.stride(1), X.stride(2), state_.stride(0),
        state_.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        buffer_18.stride(0), buffer_18.stride(1), buffer_18.stride(2), b, t, BLOCK_X=BLOCK_X,
        BLOCK_WIDTH=BLOCK_WIDTH, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_18


@_operator
def _block_backward_buffer_20(
    X: torch.Tensor,
    state___: torch.Tensor,
    buffer_14: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_buffer_20(X: bf16[b t width], state___: f32[b t], buffer_14: f32[b t kv g d]) -> buffer_20: f32[width kv g d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("state___", state___, torch.float32, 2, X.device)
    _check("buffer_14", buffer_14, torch.float32, 5, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if buffer_14.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_14: f32[b t kv g d] has shape {buffer_14.shape}, expected {(b, t, 2, 2, 64)}")
    buffer_20 = torch.empty((512, 2, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_20):
        return buffer_20
    BLOCK_WIDTH, BLOCK_D, BLOCK_T, warps, stages = 128, 64, 64, 8, 1
    grid = (triton.cdiv(512, BLOCK_WIDTH) * 2 * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_buffer_20_kernel[grid](
        X, state___, buffer_14, buffer_20, X.stride(0), X.stride(1), X.stride(2), state___.stride(0),
        state___.stride(1), buffer_14.stride(0), buffer_14.stride(1), buffer_14.stride(2),
        buffer_14.stride(3), buffer_14.stride(4), buffer_20.stride(0), buffer_20.stride(1),
        buffer_20.stride(2), buffer_20.stride(3), b, t, BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_20


@_operator
def _block_backward_d_X(
    X: torch.Tensor, a: torch.Tensor, WQ: torch.Tensor, WK: torch.Tensor, WV: torch.Tensor,
    d_out: torch.Tensor, state__: torch.Tensor, state___: torch.Tensor, buffer_11: torch.Tensor,
    buffer_7: torch.Tensor, buffer_13: torch.Tensor, buffer_4: torch.Tensor, buffer_14: torch.Tensor,
    buffer_0: torch.Tensor, buffer_1: torch.Tensor, buffer_9: torch.Tensor, buffer_10: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_d_X(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], d_out: bf16[b t width], state__: f32[b t kv g d], state___: f32[b t], buffer_11: f32[b t width], buffer_7: f32[b t], buffer_13: f32[b t width], buffer_4: f32[b t], buffer_14: f32[b t kv g d], buffer_0: f32[b kv d x], buffer_1: f32[b kv d x], buffer_9: f32[b t kv d], buffer_10: f32[b t kv d]) -> d_X: bf16[b t width]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("a", a, torch.float32, 1, X.device)
    _check("WQ", WQ, torch.bfloat16, 4, X.device)
    _check("WK", WK, torch.bfloat16, 3, X.device)
    _check("WV", WV, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 3, X.device)
    _check("state__", state__, torch.float32, 5, X.device)
    _check("state___", state___, torch.float32, 2, X.device)
    _check("buffer_11", buffer_11, torch.float32, 3, X.device)
    _check("buffer_7", buffer_7, torch.float32, 2, X.device)
    _check("buffer_13", buffer_13, torch.float32, 3, X.device)
    _check("buffer_4", buffer_4, torch.float32, 2, X.device)
    _check("buffer_14", buffer_14, torch.float32, 5, X.device)
    _check("buffer_0", buffer_0, torch.float32, 4, X.device)
    _check("buffer_1", buffer_1, torch.float32, 4, X.device)
    _check("buffer_9", buffer_9, torch.float32, 4, X.device)
    _check("buffer_10", buffer_10, torch.float32, 4, X.device)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if buffer_11.shape != (b, t, 512):
        raise ValueError(f"buffer_11: f32[b t width] has shape {buffer_11.shape}, expected {(b, t, 512)}")
    if buffer_7.shape != (b, t):
        raise ValueError(f"buffer_7: f32[b t] has shape {buffer_7.shape}, expected {(b, t)}")
    if buffer_13.shape != (b, t, 512):
        raise ValueError(f"buffer_13: f32[b t width] has shape {buffer_13.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t):
        raise ValueError(f"buffer_4: f32[b t] has shape {buffer_4.shape}, expected {(b, t)}")
    if buffer_14.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_14: f32[b t kv g d] has shape {buffer_14.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    if buffer_9.shape != (b, t, 2, 64):
        raise ValueError(f"buffer_9: f32[b t kv d] has shape {buffer_9.shape}, expected {(b, t, 2, 64)}")
    if buffer_10.shape != (b, t, 2, 64):
        raise ValueError(f"buffer_10: f32[b t kv d] has shape {buffer_10.shape}, expected {(b, t, 2, 64)}")
    d_X = torch.empty((b, t, 512), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_T, BLOCK_WIDTH, BLOCK_D, warps, stages = 128, 64, 32, 8, 1
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(512, BLOCK_WIDTH),)
    block_backward_d_X_kernel[grid](
        X, a, WQ, WK, WV, d_out, state__, state___, buffer_11, buffer_7, buffer_13, buffer_4, buffer_14,
        buffer_0, buffer_1, buffer_9, buffer_10, d_X, X.stride(0), X.stride(1), X.stride(2), a.stride(0),
        WQ.stride(0), WQ.stride(1), WQ.stride(2), WQ.stride(3), WK.stride(0), WK.stride(1), WK.stride(2),
        WV.stride(0), WV.stride(1), WV.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        state__.stride(0), state__.stride(1), state__.stride(2), state__.stride(3), state__.stride(4),
        state___.stride(0), state___.stride(1), buffer_11.stride(0), buffer_11.stride(1), buffer_11.stride(2),
        buffer_7.stride(0), buffer_7.stride(1), buffer_13.stride(0), buffer_13.stride(1), buffer_13.stride(2),
        buffer_4.stride(0), buffer_4.stride(1), buffer_14.stride(0), buffer_14.stride(1), buffer_14.stride(2),
        buffer_14.stride(3), buffer_14.stride(4), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_9.stride(0), buffer_9.stride(1), buffer_9.stride(2), buffer_9.stride(3), buffer_10.stride(0),
        buffer_10.stride(1), buffer_10.stride(2), buffer_10.stride(3), d_X.stride(0), d_X.stride(1),
        d_X.stride(2), b, t, BLOCK_D=BLOCK_D, BLOCK_T=BLOCK_T, BLOCK_WIDTH=BLOCK_WIDTH, num_warps=warps,
        num_stages=stages,
    )
    return d_X


@_operator
def _block_backward_d_a(
    WQ: torch.Tensor,
    WK: torch.Tensor,
    WV: torch.Tensor,
    buffer_16: torch.Tensor,
    buffer_20: torch.Tensor,
    buffer_18: torch.Tensor,
) -> torch.Tensor:
    """_block_backward_d_a(WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], buffer_16: f32[width kv d], buffer_20: f32[width kv g d], buffer_18: f32[width kv d]) -> d_a: f32[width]. Any strides; sizes are read off the shapes."""
    _check("WQ", WQ, torch.bfloat16, 4, WQ.device)
    _check("WK", WK, torch.bfloat16, 3, WQ.device)
    _check("WV", WV, torch.bfloat16, 3, WQ.device)
    _check("buffer_16", buffer_16, torch.float32, 3, WQ.device)
    _check("buffer_20", buffer_20, torch.float32, 4, WQ.device)
    _check("buffer_18", buffer_18, torch.float32, 3, WQ.device)
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if buffer_16.shape != (512, 2, 64):
        raise ValueError(f"buffer_16: f32[width kv d] has shape {buffer_16.shape}, expected {(512, 2, 64)}")
    if buffer_20.shape != (512, 2, 2, 64):
        raise ValueError(f"buffer_20: f32[width kv g d] has shape {buffer_20.shape}, expected {(512, 2, 2, 64)}")
    if buffer_18.shape != (512, 2, 64):
        raise ValueError(f"buffer_18: f32[width kv d] has shape {buffer_18.shape}, expected {(512, 2, 64)}")
    d_a = torch.empty((512,), dtype=torch.float32, device=WQ.device)
    if _is_traced(d_a):
        return d_a
    BLOCK_KV = max(16, triton.next_power_of_2(2))
    BLOCK_D = max(16, triton.next_power_of_2(64))
    BLOCK_G = max(16, triton.next_power_of_2(2))
    if BLOCK_KV * BLOCK_D * BLOCK_G <= 16384:
        if BLOCK_KV * BLOCK_D * BLOCK_G <= 1024:
            warps, stages = 4, 1
        elif BLOCK_KV * BLOCK_D * BLOCK_G <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (512,)
        block_backward_d_a_rows_kernel[grid](
            WQ, WK, WV, buffer_16, buffer_20, buffer_18, d_a, WQ.stride(0), WQ.stride(1), WQ.stride(2),
            WQ.stride(3), WK.stride(0), WK.stride(1), WK.stride(2), WV.stride(0), WV.stride(1), WV.stride(2),
            buffer_16.stride(0), buffer_16.stride(1), buffer_16.stride(2), buffer_20.stride(0),
            buffer_20.stride(1), buffer_20.stride(2), buffer_20.stride(3), buffer_18.stride(0),
            buffer_18.stride(1), buffer_18.stride(2), d_a.stride(0), BLOCK_KV=BLOCK_KV, BLOCK_D=BLOCK_D,
            BLOCK_G=BLOCK_G, EXACT_KV=2 == BLOCK_KV, EXACT_D=64 == BLOCK_D, EXACT_G=2 == BLOCK_G,
            num_warps=warps, num_stages=stages,
        )
        return d_a
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (512,)
    block_backward_d_a_kernel[grid](
        WQ, WK, WV, buffer_16, buffer_20, buffer_18, d_a, WQ.stride(0), WQ.stride(1), WQ.stride(2),
        WQ.stride(3), WK.stride(0), WK.stride(1), WK.stride(2), WV.stride(0), WV.stride(1), WV.stride(2),
        buffer_16.stride(0), buffer_16.stride(1), buffer_16.stride(2), buffer_20.stride(0),
        buffer_20.stride(1), buffer_20.stride(2), buffer_20.stride(3), buffer_18.stride(0),
        buffer_18.stride(1), buffer_18.stride(2), d_a.stride(0), BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_a


@_operator
def _block_backward_d_WQ_d_WK_d_WV(
    a: torch.Tensor,
    buffer_20: torch.Tensor,
    buffer_18: torch.Tensor,
    buffer_16: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_block_backward_d_WQ_d_WK_d_WV(a: f32[width], buffer_20: f32[width kv g d], buffer_18: f32[width kv d], buffer_16: f32[width kv d]) -> d_WQ: bf16[width kv g d], d_WK: bf16[width kv d], d_WV: bf16[width kv d]. Any strides; sizes are read off the shapes."""
    _check("a", a, torch.float32, 1, a.device)
    _check("buffer_20", buffer_20, torch.float32, 4, a.device)
    _check("buffer_18", buffer_18, torch.float32, 3, a.device)
    _check("buffer_16", buffer_16, torch.float32, 3, a.device)
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if buffer_20.shape != (512, 2, 2, 64):
        raise ValueError(f"buffer_20: f32[width kv g d] has shape {buffer_20.shape}, expected {(512, 2, 2, 64)}")
    if buffer_18.shape != (512, 2, 64):
        raise ValueError(f"buffer_18: f32[width kv d] has shape {buffer_18.shape}, expected {(512, 2, 64)}")
    if buffer_16.shape != (512, 2, 64):
        raise ValueError(f"buffer_16: f32[width kv d] has shape {buffer_16.shape}, expected {(512, 2, 64)}")
    d_WQ = torch.empty((512, 2, 2, 64), dtype=torch.bfloat16, device=a.device)
    d_WK = torch.empty((512, 2, 64), dtype=torch.bfloat16, device=a.device)
    d_WV = torch.empty((512, 2, 64), dtype=torch.bfloat16, device=a.device)
    if _is_traced(d_WQ):
        return d_WQ, d_WK, d_WV
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (512 * 2 * 2 * triton.cdiv(64, BLOCK_D),)
    block_backward_d_WQ_d_WK_d_WV_kernel[grid](
        a, buffer_20, buffer_18, buffer_16, d_WQ, d_WK, d_WV, a.stride(0), buffer_20.stride(0),
        buffer_20.stride(1), buffer_20.stride(2), buffer_20.stride(3), buffer_18.stride(0),
        buffer_18.stride(1), buffer_18.stride(2), buffer_16.stride(0), buffer_16.stride(1),
        buffer_16.stride(2), d_WQ.stride(0), d_WQ.stride(1), d_WQ.stride(2), d_WQ.stride(3), d_WK.stride(0),
        d_WK.stride(1), d_WK.stride(2), d_WV.stride(0), d_WV.stride(1), d_WV.stride(2), BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_WQ, d_WK, d_WV


class _block_autograd(torch.autograd.Function):
    """block and its derivative."""

    @staticmethod
    def forward(ctx, X, a, WQ, WK, WV, WO, c, up, gate, down):
        state = _block_forward_state(X, a, WK)
        state_ = _block_forward_state_(X)
        state__ = _block_forward_state__(X, a, WQ)
        state___ = _block_forward_state___(X)
        state____ = _block_forward_state____(X, a, WV)
        logsum, state______, state_______ = _block_forward_logsum_state_______state_______(state_, state, state___, state__, state____)
        buffer_3 = _block_forward_buffer_3(WO, state______, state_______)
        buffer_0 = _block_forward_buffer_0(X, buffer_3)
        buffer_1 = _block_forward_buffer_1(X, c, gate, buffer_0, buffer_3)
        buffer_2 = _block_forward_buffer_2(X, c, up, buffer_1, buffer_3)
        out = _block_forward_out(X, down, buffer_3, buffer_2, buffer_0)
        ctx.save_for_backward(X, a, WQ, WK, WV, WO, c, up, gate, down, logsum, state, state_, state__, state___, state____, state______, state_______)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, a, WQ, WK, WV, WO, c, up, gate, down, logsum, state, state_, state__, state___, state____, state______, state_______ = ctx.saved_tensors
        buffer_6 = _block_backward_buffer_6(down, d_out)
        buffer_15 = _block_backward_buffer_15(logsum, state, state_, state__, state___, state____)
        buffer_13 = _block_backward_buffer_13(X, WO, buffer_15)
        buffer_3 = _block_backward_buffer_3(c, gate, buffer_13)
        buffer_4 = _block_backward_buffer_4(buffer_13)
        buffer_5 = _block_backward_buffer_5(c, up, buffer_13)
        buffer_23 = _block_backward_buffer_23(buffer_5, buffer_3, buffer_4)
        buffer_12 = _block_backward_buffer_12(down, d_out, buffer_23)
        d_down = _block_backward_d_down(d_out, buffer_23, buffer_4)
        buffer_7, buffer_21, buffer_22, buffer_24 = _block_backward_buffer_7_buffer_21_buffer_22_buffer_24(buffer_12, buffer_3, buffer_4, buffer_5, buffer_6)
        buffer_11 = _block_backward_buffer_11(c, up, gate, buffer_21, buffer_4, buffer_22)
        buffer_17 = _block_backward_buffer_17(up, buffer_22, buffer_13, buffer_4)
        buffer_19 = _block_backward_buffer_19(gate, buffer_24, buffer_13)
        d_up = _block_backward_d_up(c, buffer_22, buffer_13, buffer_4)
        d_gate = _block_backward_d_gate(c, buffer_24, buffer_13)
        buffer_8 = _block_backward_buffer_8(WO, d_out, buffer_11, buffer_7, buffer_13, buffer_4)
        d_WO = _block_backward_d_WO(d_out, buffer_15, buffer_11, buffer_7, buffer_13, buffer_4)
        d_c = _block_backward_d_c(buffer_17, buffer_19)
        buffer_2 = _block_backward_buffer_2(state______, state_______, buffer_8)
        buffer_0, buffer_1 = _block_backward_buffer_0_buffer_1(logsum, state, state_, state__, state___, state____, buffer_8, buffer_2)
        buffer_14 = _block_backward_buffer_14(logsum, state, state_, state__, state___, state____, buffer_8, buffer_2)
        buffer_9 = _block_backward_buffer_9(X, a, WV, buffer_1)
        buffer_10 = _block_backward_buffer_10(X, a, WK, buffer_0)
        buffer_16 = _block_backward_buffer_16(X, state_, buffer_1)
        buffer_18 = _block_backward_buffer_18(X, state_, buffer_0)
        buffer_20 = _block_backward_buffer_20(X, state___, buffer_14)
        d_X = _block_backward_d_X(X, a, WQ, WK, WV, d_out, state__, state___, buffer_11, buffer_7, buffer_13, buffer_4, buffer_14, buffer_0, buffer_1, buffer_9, buffer_10)
        d_a = _block_backward_d_a(WQ, WK, WV, buffer_16, buffer_20, buffer_18)
        d_WQ, d_WK, d_WV = _block_backward_d_WQ_d_WK_d_WV(a, buffer_20, buffer_18, buffer_16)
        return d_X, d_a, d_WQ, d_WK, d_WV, d_WO, d_c, d_up, d_gate, d_down


@_anywhere(torch.bfloat16, torch.float32, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32, torch.bfloat16, torch.bfloat16, torch.bfloat16)
def block(
    X: torch.Tensor, a: torch.Tensor, WQ: torch.Tensor, WK: torch.Tensor, WV: torch.Tensor, WO: torch.Tensor,
    c: torch.Tensor, up: torch.Tensor, gate: torch.Tensor, down: torch.Tensor,
) -> torch.Tensor:
    """block(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], WO: bf16[kv g d width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width]) -> out: bf16[b t width]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, a, WQ, WK, WV, WO, c, up, gate, down)):
        return _block_autograd.apply(X, a, WQ, WK, WV, WO, c, up, gate, down)
    buffer_0 = _block_buffer_0(X)
    buffer_3 = _block_buffer_3(X, a, WQ)
    buffer_4 = _block_buffer_4(X)
    K = _block_K(X, a, WK, buffer_0)
    V = _block_V(X, a, WV, buffer_0)
    buffer_9 = _block_buffer_9(K, buffer_3, buffer_4, V)
    buffer_10 = _block_buffer_10(WO, buffer_9)
    buffer_5 = _block_buffer_5(X, c, gate, buffer_10)
    buffer_6 = _block_buffer_6(X, buffer_10)
    buffer_7 = _block_buffer_7(X, c, up, buffer_5, buffer_6, buffer_10)
    out = _block_out(X, down, buffer_7, buffer_6, buffer_10)
    return out
