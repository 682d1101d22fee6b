"""Fused kernels for weights, differential.

Made by diagc 0.1.0 from differential.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["weights", "differential"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of differential_jax.py do, on NumPy arrays")
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
    """A function of differential_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by differential_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("differential_jax.py")
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
    """A function that on a CPU is that of differential_jax.py; `params` are the places of what it takes as parameters."""

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
def weights_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[differential.diag:6]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (rsqrt * 1.4426950408889634) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    to_x_3 = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x_3, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_2 = tl.where(gt_q[:, None], recip_q[:, None] * tl.exp2(sub_q_x), 0.0)
        tl.store(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            where_q_x_2,
            mask=(q_index < size_q)[:, None],
        )
    from_x_2 = tl.maximum(0, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x_2, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_2 = tl.where(gt_q[:, None], recip_q[:, None] * tl.exp2(sub_q_x), 0.0)
        tl.store(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            where_q_x_2,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        )


@triton.jit
def weights_long_buffer_0_kernel(
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
        # src[differential.diag:6]
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
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[differential.diag:6]
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
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[differential.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def weights_long_out_rows_kernel(
    buffer_0_ptr, out_ptr, buffer_0_stride_q, buffer_0_stride_x, out_stride_q, out_stride_x, size_q, size_x,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[maps.diag:5]
    max_ = tl.max(buffer_0, 0)
    sub_x = buffer_0 - tl.where(max_ == float("-inf"), 0.0, max_)
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:7]
    tl.store(
        out_ptr + q_index * out_stride_q + x_index * out_stride_x,
        tl.where(sum_ > 0.0, (1.0 / sum_) * e, 0.0),
        mask=(x_index < size_x),
    )


@triton.jit
def weights_long_out_kernel(
    buffer_0_ptr, out_ptr, buffer_0_stride_q, buffer_0_stride_x, out_stride_q, out_stride_x, size_q, size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        # src[maps.diag:5]
        sub_x = buffer_0 - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[maps.diag:7]
        tl.store(
            out_ptr + q_index * out_stride_q + x_index * out_stride_x,
            tl.where(gt, recip * tl.exp2(sub_x), 0.0),
        )
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[maps.diag:5]
        sub_x = buffer_0 - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[maps.diag:7]
        tl.store(
            out_ptr + q_index * out_stride_q + x_index * out_stride_x,
            tl.where(gt, recip * tl.exp2(sub_x), 0.0),
            mask=(x_index < size_x),
        )


@triton.jit
def weights_forward_kernel(
    Q_ptr, K_ptr, out_ptr, logsum_ptr, z_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q,
    out_stride_x, logsum_stride_q, z_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[differential.diag:6]
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
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        (tl.log(z) + (max_x * 0.6931471805599453)),
        mask=(q_index < size_q),
    )
    tl.store(z_ptr + q_index * z_stride_q, z, mask=(q_index < size_q))
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    to_x_3 = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x_3, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_2 = tl.where(gt_q[:, None], recip_q[:, None] * tl.exp2(sub_q_x), 0.0)
        tl.store(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            where_q_x_2,
            mask=(q_index < size_q)[:, None],
        )
    from_x_2 = tl.maximum(0, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x_2, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_2 = tl.where(gt_q[:, None], recip_q[:, None] * tl.exp2(sub_q_x), 0.0)
        tl.store(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            where_q_x_2,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        )


@triton.jit
def weights_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_x, out_stride_q, out_stride_x,
    buffer_0_stride_q, size_q, size_x, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    out = load_tile(
        out_ptr + q_index * out_stride_q + x_index * out_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    mul_x = d_out * out
    sum_ = tl.sum(mul_x, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def weights_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_x, out_stride_q, out_stride_x,
    buffer_0_stride_q, size_q, size_x, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        out = tl.load(out_ptr + q_index * out_stride_q + x_index * out_stride_x)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x)
        mul_x = d_out * out
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        out = tl.load(
            out_ptr + q_index * out_stride_q + x_index * out_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = d_out * out
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x)


@triton.jit
def weights_backward_d_Q_kernel(
    Q_ptr, K_ptr, d_out_ptr, out_ptr, logsum_ptr, z_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, d_out_stride_q, d_out_stride_x, out_stride_q, out_stride_x, logsum_stride_q, z_stride_q,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[differential.diag:6]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + x_index[None, :] * d_out_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = d_out * tl.exp2(sub_q_x)
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_4 = (-1.0 * acc_x_3) * (where_q_2 - where_q)[:, None]
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_bf16 = (out * (d_out - next_acc_x[:, None])).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, K, (acc_x_2 + acc_x_4))
        out_bf16 = out.to(tl.bfloat16)
        next_acc_x_3 = tl.dot(out_bf16, K, acc_x_3)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + x_index[None, :] * d_out_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        mul_q_x = d_out * tl.exp2(sub_q_x)
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_4 = (-1.0 * acc_x_3) * (where_q_2 - where_q)[:, None]
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        tile_bf16 = (out * (d_out - next_acc_x[:, None])).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, K, (acc_x_2 + acc_x_4))
        out_bf16 = out.to(tl.bfloat16)
        next_acc_x_3 = tl.dot(out_bf16, K, acc_x_3)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    # src[maps.diag:7]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x_2 * rsqrt, 0.0)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def weights_backward_d_K_kernel(
    Q_ptr, K_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, d_out_stride_q, d_out_stride_x, logsum_stride_q, buffer_0_stride_q, d_K_stride_x,
    d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[differential.diag:6]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + x_index[:, None] * d_out_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[differential.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        tile_2 = (d_out - safe_buffer_0[None, :]) * tl.exp2(sub_x_q)
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + x_index[:, None] * d_out_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        # src[differential.diag:6]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        sub_x_q = ((1.4426950408889634 * rsqrt) * dot) - (1.4426950408889634 * logsum)[None, :]
        tile = (d_out - safe_buffer_0[None, :]) * tl.exp2(sub_x_q)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + x_index[:, None] * d_out_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[differential.diag:6]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        tile_2 = (d_out - safe_buffer_0[None, :]) * tl.exp2(sub_x_q)
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def weights_long_forward_state_kernel(
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
        # src[differential.diag:6]
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
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[differential.diag:6]
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
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def weights_long_forward_out_logsum_z_rows_kernel(
    state_ptr, out_ptr, logsum_ptr, z_ptr, state_stride_q, state_stride_x, out_stride_q, out_stride_x,
    logsum_stride_q, z_stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    # src[differential.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:7]
    tl.store(
        out_ptr + q_index * out_stride_q + x_index * out_stride_x,
        tl.where(sum_ > 0.0, e * (1.0 / sum_), 0.0),
        mask=(x_index < size_x),
    )
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((max_ * 0.6931471805599453) + tl.log(sum_)))
    tl.store(z_ptr + q_index * z_stride_q, sum_)


@triton.jit
def weights_long_forward_out_logsum_z_kernel(
    state_ptr, out_ptr, logsum_ptr, z_ptr, state_stride_q, state_stride_x, out_stride_q, out_stride_x,
    logsum_stride_q, z_stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[differential.diag:7]
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
        # src[differential.diag:7]
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
    tl.store(z_ptr + q_index * z_stride_q, z)
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    to_x_3 = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x_3, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        # src[differential.diag:7]
        where_x = tl.where(x_index <= q_index, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x = where_x - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[maps.diag:5]
        # src[maps.diag:7]
        tl.store(
            out_ptr + q_index * out_stride_q + x_index * out_stride_x,
            tl.where(gt, tl.exp2(sub_x) * recip, 0.0),
        )
    from_x_2 = tl.maximum(0, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x_2, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[differential.diag:7]
        where_x = tl.where(x_index <= q_index, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x = where_x - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[maps.diag:5]
        # src[maps.diag:7]
        tl.store(
            out_ptr + q_index * out_stride_q + x_index * out_stride_x,
            tl.where(gt, tl.exp2(sub_x) * recip, 0.0),
            mask=(x_index < size_x),
        )


@triton.jit
def weights_long_backward_buffer_0_buffer_1_rows_kernel(
    d_out_ptr, out_ptr, logsum_ptr, state_ptr, buffer_0_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_x,
    out_stride_q, out_stride_x, logsum_stride_q, state_stride_q, state_stride_x, buffer_0_stride_q,
    buffer_1_stride_q, buffer_1_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[differential.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    where_x = tl.where(x_index <= q_index, scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    exp2_x = tl.exp2(sub_x)
    mul_x = exp2_x * d_out
    sum_ = tl.sum(mul_x, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)
    out = load_tile(
        out_ptr + q_index * out_stride_q + x_index * out_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    mul_x_2 = out * d_out
    sum_2 = tl.sum(mul_x_2, 0)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        ((d_out - sum_2) * exp2_x).to(tl.bfloat16),
        mask=(x_index < size_x),
    )


@triton.jit
def weights_long_backward_buffer_0_buffer_1_kernel(
    d_out_ptr, out_ptr, logsum_ptr, state_ptr, buffer_0_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_x,
    out_stride_q, out_stride_x, logsum_stride_q, state_stride_q, state_stride_x, buffer_0_stride_q,
    buffer_1_stride_q, buffer_1_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x = tl.where(x_index <= q_index, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
        mul_x = tl.exp2(sub_x) * d_out
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        out = tl.load(out_ptr + q_index * out_stride_q + x_index * out_stride_x)
        mul_x_2 = out * d_out
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[differential.diag:7]
        where_x = tl.where(x_index <= q_index, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
        mul_x = tl.exp2(sub_x) * d_out
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        out = tl.load(
            out_ptr + q_index * out_stride_q + x_index * out_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x_2 = out * d_out
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x)
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        # src[differential.diag:7]
        where_x = tl.where(x_index <= q_index, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x)
        tile_bf16 = ((d_out - acc_x_2) * tl.exp2(sub_x)).to(tl.bfloat16)
        tl.store(buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x, tile_bf16)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[differential.diag:7]
        where_x = tl.where(x_index <= q_index, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + x_index * d_out_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        tile_bf16 = ((d_out - acc_x_2) * tl.exp2(sub_x)).to(tl.bfloat16)
        tl.store(
            buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
            tile_bf16,
            mask=(x_index < size_x),
        )


@triton.jit
def weights_long_backward_d_Q_kernel(
    K_ptr, d_out_ptr, out_ptr, z_ptr, buffer_0_ptr, d_Q_ptr, K_stride_x, K_stride_d, d_out_stride_q,
    d_out_stride_x, out_stride_q, out_stride_x, z_stride_q, buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d,
    size_x, size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + x_index[None, :] * d_out_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_bf16 = ((d_out - safe_buffer_0[:, None]) * out).to(tl.bfloat16)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(tile_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + x_index[None, :] * d_out_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        sub_q_x = tl.where((x_index < size_x)[None, :], d_out - safe_buffer_0[:, None], 0.0)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        tile_bf16 = (sub_q_x * out).to(tl.bfloat16)
        # src[differential.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(tile_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[differential.diag:7]
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    # src[maps.diag:7]
    where_q_d = tl.where((z > 0.0)[:, None], tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x, 0.0)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def weights_long_backward_d_K_kernel(
    Q_ptr, buffer_1_ptr, d_K_ptr, Q_stride_q, Q_stride_d, buffer_1_stride_q, buffer_1_stride_x, d_K_stride_x,
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
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1, tl.trans(Q), acc_q)
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
        # src[differential.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[differential.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _weights(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_weights(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
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
    weights_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _weights_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_weights_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    weights_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _weights_long_out(buffer_0: torch.Tensor) -> torch.Tensor:
    """_weights_long_out(buffer_0: f32[q x]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 2, buffer_0.device)
    q, x = buffer_0.shape
    out = torch.empty((q, x), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(out):
        return out
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        weights_long_out_rows_kernel[grid](
            buffer_0, out, buffer_0.stride(0), buffer_0.stride(1), out.stride(0), out.stride(1), q, x,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    weights_long_out_kernel[grid](
        buffer_0, out, buffer_0.stride(0), buffer_0.stride(1), out.stride(0), out.stride(1), q, x,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _weights_forward(Q: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_weights_forward(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x], logsum: f32[q], z: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=Q.device)
    z = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum, z
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
    weights_forward_kernel[grid](
        Q, K, out, logsum, z, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0),
        out.stride(1), logsum.stride(0), z.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum, z


@_operator
def _weights_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_weights_backward_buffer_0(d_out: f32[q x], out: f32[q x]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 2, d_out.device)
    _check("out", out, torch.float32, 2, d_out.device)
    q, x = d_out.shape
    if out.shape != (q, x):
        raise ValueError(f"out: f32[q x] has shape {out.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        weights_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    weights_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, x, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _weights_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    logsum: torch.Tensor,
    z: torch.Tensor,
) -> torch.Tensor:
    """_weights_backward_d_Q(Q: bf16[q d], K: bf16[x d], d_out: f32[q x], out: f32[q x], logsum: f32[q], z: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.float32, 2, Q.device)
    _check("out", out, torch.float32, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    if out.shape != (q, x):
        raise ValueError(f"out: f32[q x] has shape {out.shape}, expected {(q, x)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    weights_backward_d_Q_kernel[grid](
        Q, K, d_out, out, logsum, z, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), d_out.stride(0),
        d_out.stride(1), out.stride(0), out.stride(1), logsum.stride(0), z.stride(0), d_Q.stride(0),
        d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _weights_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_weights_backward_d_K(Q: bf16[q d], K: bf16[x d], d_out: f32[q x], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.float32, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(x, BLOCK_X),)
    weights_backward_d_K_kernel[grid](
        Q, K, d_out, logsum, buffer_0, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0), d_K.stride(0), d_K.stride(1),
        q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _weights_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_weights_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    weights_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _weights_long_forward_out_logsum_z(
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_weights_long_forward_out_logsum_z(state: f32[q x]) -> out: f32[q x], logsum: f32[q], z: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    out = torch.empty((q, x), dtype=torch.float32, device=state.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=state.device)
    z = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(out):
        return out, logsum, z
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        weights_long_forward_out_logsum_z_rows_kernel[grid](
            state, out, logsum, z, state.stride(0), state.stride(1), out.stride(0), out.stride(1),
            logsum.stride(0), z.stride(0), q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return out, logsum, z
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    weights_long_forward_out_logsum_z_kernel[grid](
        state, out, logsum, z, state.stride(0), state.stride(1), out.stride(0), out.stride(1),
        logsum.stride(0), z.stride(0), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return out, logsum, z


@_operator
def _weights_long_backward_buffer_0_buffer_1(
    d_out: torch.Tensor,
    out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_weights_long_backward_buffer_0_buffer_1(d_out: f32[q x], out: f32[q x], logsum: f32[q], state: f32[q x]) -> buffer_0: f32[q], buffer_1: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 2, d_out.device)
    _check("out", out, torch.float32, 2, d_out.device)
    _check("logsum", logsum, torch.float32, 1, d_out.device)
    _check("state", state, torch.float32, 2, d_out.device)
    q, x = d_out.shape
    if out.shape != (q, x):
        raise ValueError(f"out: f32[q x] has shape {out.shape}, expected {(q, x)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
    buffer_1 = torch.empty((q, x), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        weights_long_backward_buffer_0_buffer_1_rows_kernel[grid](
            d_out, out, logsum, state, buffer_0, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0),
            out.stride(1), logsum.stride(0), state.stride(0), state.stride(1), buffer_0.stride(0),
            buffer_1.stride(0), buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    weights_long_backward_buffer_0_buffer_1_kernel[grid](
        d_out, out, logsum, state, buffer_0, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0),
        out.stride(1), logsum.stride(0), state.stride(0), state.stride(1), buffer_0.stride(0),
        buffer_1.stride(0), buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _weights_long_backward_d_Q(
    K: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    z: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_weights_long_backward_d_Q(K: bf16[x d], d_out: f32[q x], out: f32[q x], z: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("d_out", d_out, torch.float32, 2, K.device)
    _check("out", out, torch.float32, 2, K.device)
    _check("z", z, torch.float32, 1, K.device)
    _check("buffer_0", buffer_0, torch.float32, 1, K.device)
    x, d = K.shape
    q, _ = d_out.shape
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    if out.shape != (q, x):
        raise ValueError(f"out: f32[q x] has shape {out.shape}, expected {(q, x)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    weights_long_backward_d_Q_kernel[grid](
        K, d_out, out, z, buffer_0, d_Q, K.stride(0), K.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), z.stride(0), buffer_0.stride(0), d_Q.stride(0), d_Q.stride(1), x, d, q,
        BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _weights_long_backward_d_K(Q: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_weights_long_backward_d_K(Q: bf16[q d], buffer_1: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_1.shape
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: bf16[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    weights_long_backward_d_K_kernel[grid](
        Q, buffer_1, d_K, Q.stride(0), Q.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _weights_autograd(torch.autograd.Function):
    """weights and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        out, logsum, z = _weights_forward(Q, K)
        ctx.save_for_backward(Q, K, out, logsum, z)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, out, logsum, z = ctx.saved_tensors
        buffer_0 = _weights_backward_buffer_0(d_out, out)
        d_Q = _weights_backward_d_Q(Q, K, d_out, out, logsum, z)
        d_K = _weights_backward_d_K(Q, K, d_out, logsum, buffer_0)
        return d_Q, d_K


class _weights_long_autograd(torch.autograd.Function):
    """weights and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        _, d = Q.shape
        state = _weights_long_forward_state(Q, K)
        out, logsum, z = _weights_long_forward_out_logsum_z(state, d)
        ctx.save_for_backward(Q, K, out, logsum, state, z)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, out, logsum, state, z = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0, buffer_1 = _weights_long_backward_buffer_0_buffer_1(d_out, out, logsum, state, d)
        d_Q = _weights_long_backward_d_Q(K, d_out, out, z, buffer_0)
        d_K = _weights_long_backward_d_K(Q, buffer_1)
        return d_Q, d_K


@_anywhere(torch.bfloat16, torch.bfloat16)
def weights(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """weights(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        if d <= 256 and d <= 256:
            return _weights_autograd.apply(Q, K)
        return _weights_long_autograd.apply(Q, K)
    if d <= 256:
        out = _weights(Q, K)
        return out
    buffer_0 = _weights_long_buffer_0(Q, K)
    out_2 = _weights_long_out(buffer_0)
    return out_2


@triton.jit
def differential_kernel(
    Q_ptr, K_ptr, Q2_ptr, K2_ptr, V_ptr, lambda_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    Q2_stride_q, Q2_stride_d, K2_stride_x, K2_stride_d, V_stride_x, V_stride_e, out_stride_q, out_stride_e,
    size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    max_x_2 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[differential.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[differential.diag:13]
    Q2 = tl.load(
        Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[differential.diag:12]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        # src[differential.diag:14]
        K2 = load_tile(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q2, tl.trans(K2))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        tile_max_2 = tl.max(where_q_x_2, 1)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x_2 = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        # src[maps.diag:5]
        e_2 = tl.exp2(where_q_x_2 - safe_next_max_x_2[:, None])
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 1)
        next_z_2 = (z_2 * tl.exp2(max_x_2 - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        z = next_z
        max_x_2 = next_max_x_2
        z_2 = next_z_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q2, tl.trans(K2))
        where_q_x_2 = tl.where(le_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        tile_max_2 = tl.max(where_q_x_2, 1)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x_2 = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        # src[maps.diag:5]
        e_2 = tl.exp2(where_q_x_2 - safe_next_max_x_2[:, None])
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 1)
        next_z_2 = (z_2 * tl.exp2(max_x_2 - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        z = next_z
        max_x_2 = next_max_x_2
        z_2 = next_z_2
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    recip_q = 1.0 / z_2
    # src[maps.diag:7]
    gt_q = z_2 > 0.0
    recip_q_2 = 1.0 / z
    gt_q_2 = z > 0.0
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[differential.diag:14]
        K2 = load_tile(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q2, tl.trans(K2))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)[:, None]
        # src[maps.diag:5]
        mul_q_x = (lambda_ * recip_q)[:, None] * tl.exp2(sub_q_x)
        # src[differential.diag:18]
        # src[differential.diag:12]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x_2 = where_q_x_2 - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_3 = tl.where(gt_q_2[:, None], tl.exp2(sub_q_x_2) * recip_q_2[:, None], 0.0)
        # src[differential.diag:18]
        P = where_q_x_3 - tl.where(gt_q[:, None], mul_q_x, 0.0)
        P_bf16 = P.to(tl.bfloat16)
        # src[differential.diag:19]
        next_acc_x = tl.dot(P_bf16, V, acc_x)
        acc_x = next_acc_x
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q2, tl.trans(K2))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)[:, None]
        # src[maps.diag:5]
        mul_q_x = (lambda_ * recip_q)[:, None] * tl.exp2(sub_q_x)
        # src[differential.diag:18]
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x_2 = where_q_x_2 - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_3 = tl.where(gt_q_2[:, None], tl.exp2(sub_q_x_2) * recip_q_2[:, None], 0.0)
        # src[differential.diag:18]
        P = where_q_x_3 - tl.where(gt_q[:, None], mul_q_x, 0.0)
        P_bf16 = P.to(tl.bfloat16)
        # src[differential.diag:19]
        next_acc_x = tl.dot(P_bf16, V, acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def differential_long_buffer_0_kernel(
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
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[differential.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def differential_long_buffer_1_kernel(
    Q2_ptr, K2_ptr, buffer_1_ptr, Q2_stride_q, Q2_stride_d, K2_stride_x, K2_stride_d, buffer_1_stride_q,
    buffer_1_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
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
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q2, tl.trans(K2), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q2, tl.trans(K2), acc_d)
        acc_d = next_acc_d
    # src[differential.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def differential_long_buffer_5_P_rows_kernel(
    lambda_ptr, buffer_1_ptr, buffer_0_ptr, buffer_5_ptr, P_ptr, buffer_1_stride_q, buffer_1_stride_x,
    buffer_0_stride_q, buffer_0_stride_x, buffer_5_stride_q, P_stride_q, P_stride_x, size_q, size_x,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    buffer_1 = load_tile(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[maps.diag:5]
    max_ = tl.max(buffer_1, 0)
    tl.store(buffer_5_ptr + q_index * buffer_5_stride_q, max_)
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    # src[maps.diag:5]
    sub_x = buffer_1 - tl.where(max_ == float("-inf"), 0.0, max_)
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:7]
    # src[differential.diag:18]
    where_x = tl.where(sum_ > 0.0, ((1.0 / sum_) * lambda_) * e, 0.0)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[maps.diag:5]
    max_2 = tl.max(buffer_0, 0)
    sub_x_2 = buffer_0 - tl.where(max_2 == float("-inf"), 0.0, max_2)
    e_2 = tl.exp2(sub_x_2)
    # src[maps.diag:6]
    sum_2 = tl.sum(e_2, 0)
    # src[maps.diag:7]
    # src[differential.diag:18]
    P = tl.where(sum_2 > 0.0, e_2 * (1.0 / sum_2), 0.0) - where_x
    tl.store(P_ptr + q_index * P_stride_q + x_index * P_stride_x, P.to(tl.bfloat16), mask=(x_index < size_x))


@triton.jit
def differential_long_buffer_5_P_kernel(
    lambda_ptr, buffer_1_ptr, buffer_0_ptr, buffer_5_ptr, P_ptr, buffer_1_stride_q, buffer_1_stride_x,
    buffer_0_stride_q, buffer_0_stride_x, buffer_5_stride_q, P_stride_q, P_stride_x, size_q, size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    max_x_2 = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    z_2 = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x)
        # src[maps.diag:5]
        tile_max = tl.max(buffer_1, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        tile_max_2 = tl.max(buffer_0, 0)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x_2 - safe_next_max_x)) + tile_sum
        safe_next_max_x_2 = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e_2 = tl.exp2(buffer_1 - safe_next_max_x_2)
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 0)
        next_z_2 = (z_2 * tl.exp2(max_x - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        max_x_2 = next_max_x_2
        z = next_z
        z_2 = next_z_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(
            buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_1, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        tile_max_2 = tl.max(buffer_0, 0)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x_2 - safe_next_max_x)) + tile_sum
        safe_next_max_x_2 = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e_2 = tl.exp2(buffer_1 - safe_next_max_x_2)
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 0)
        next_z_2 = (z_2 * tl.exp2(max_x - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        max_x_2 = next_max_x_2
        z = next_z
        z_2 = next_z_2
    tl.store(buffer_5_ptr + q_index * buffer_5_stride_q, max_x)
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    recip = 1.0 / z_2
    # src[maps.diag:7]
    gt = z_2 > 0.0
    recip_2 = 1.0 / z
    gt_2 = z > 0.0
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x)
        # src[maps.diag:5]
        sub_x = buffer_1 - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[differential.diag:18]
        where_x = tl.where(gt, (recip * lambda_) * tl.exp2(sub_x), 0.0)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        # src[maps.diag:5]
        sub_x_2 = buffer_0 - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)
        # src[maps.diag:7]
        # src[differential.diag:18]
        P = tl.where(gt_2, tl.exp2(sub_x_2) * recip_2, 0.0) - where_x
        tl.store(P_ptr + q_index * P_stride_q + x_index * P_stride_x, P.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(
            buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[maps.diag:5]
        sub_x = buffer_1 - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[differential.diag:18]
        where_x = tl.where(gt, (recip * lambda_) * tl.exp2(sub_x), 0.0)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[maps.diag:5]
        sub_x_2 = buffer_0 - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)
        # src[maps.diag:7]
        # src[differential.diag:18]
        P = tl.where(gt_2, tl.exp2(sub_x_2) * recip_2, 0.0) - where_x
        tl.store(
            P_ptr + q_index * P_stride_q + x_index * P_stride_x,
            P.to(tl.bfloat16),
            mask=(x_index < size_x),
        )


@triton.jit
def differential_long_out_kernel(
    V_ptr, P_ptr, out_ptr, V_stride_x, V_stride_e, P_stride_q, P_stride_x, out_stride_q, out_stride_e, size_x,
    size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        P = tl.load(
            P_ptr + q_index[:, None] * P_stride_q + x_index[None, :] * P_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:19]
        next_acc_x = tl.dot(P, tl.trans(V), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        P = tl.load(
            P_ptr + q_index[:, None] * P_stride_q + x_index[None, :] * P_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[differential.diag:19]
        next_acc_x = tl.dot(P, tl.trans(V), acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def differential_forward_kernel(
    Q_ptr, K_ptr, Q2_ptr, K2_ptr, V_ptr, lambda_ptr, out_ptr, logsum_ptr, logsum__ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, Q2_stride_q, Q2_stride_d, K2_stride_x, K2_stride_d, V_stride_x, V_stride_e,
    out_stride_q, out_stride_e, logsum_stride_q, logsum__stride_q, size_q, size_d, size_x, size_e,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    max_x_2 = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[differential.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:13]
    Q2 = tl.load(
        Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[differential.diag:12]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        # src[differential.diag:14]
        K2 = load_tile(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q2, tl.trans(K2))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        tile_max_2 = tl.max(where_q_x_2, 1)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x_2 = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        # src[maps.diag:5]
        e_2 = tl.exp2(where_q_x_2 - safe_next_max_x_2[:, None])
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 1)
        next_z_2 = (z_2 * tl.exp2(max_x_2 - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        z = next_z
        max_x_2 = next_max_x_2
        z_2 = next_z_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q2, tl.trans(K2))
        where_q_x_2 = tl.where(le_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        tile_max_2 = tl.max(where_q_x_2, 1)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x_2 = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        # src[maps.diag:5]
        e_2 = tl.exp2(where_q_x_2 - safe_next_max_x_2[:, None])
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 1)
        next_z_2 = (z_2 * tl.exp2(max_x_2 - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        z = next_z
        max_x_2 = next_max_x_2
        z_2 = next_z_2
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    recip_q = 1.0 / z_2
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    # src[maps.diag:7]
    gt_q = z_2 > 0.0
    recip_q_2 = 1.0 / z
    gt_q_2 = z > 0.0
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[differential.diag:14]
        K2 = load_tile(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q2, tl.trans(K2))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)[:, None]
        # src[maps.diag:5]
        mul_q_x = (lambda_ * recip_q)[:, None] * tl.exp2(sub_q_x)
        # src[differential.diag:18]
        # src[differential.diag:12]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x_2 = where_q_x_2 - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_3 = tl.where(gt_q_2[:, None], recip_q_2[:, None] * tl.exp2(sub_q_x_2), 0.0)
        # src[differential.diag:18]
        P = where_q_x_3 - tl.where(gt_q[:, None], mul_q_x, 0.0)
        P_bf16 = P.to(tl.bfloat16)
        # src[differential.diag:19]
        next_acc_x = tl.dot(P_bf16, V, acc_x)
        acc_x = next_acc_x
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(Q2, tl.trans(K2))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)[:, None]
        # src[maps.diag:5]
        mul_q_x = (lambda_ * recip_q)[:, None] * tl.exp2(sub_q_x)
        # src[differential.diag:18]
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x_2 = where_q_x_2 - tl.where(max_x == float("-inf"), 0.0, max_x)[:, None]
        # src[maps.diag:5]
        # src[maps.diag:7]
        where_q_x_3 = tl.where(gt_q_2[:, None], recip_q_2[:, None] * tl.exp2(sub_q_x_2), 0.0)
        # src[differential.diag:18]
        P = where_q_x_3 - tl.where(gt_q[:, None], mul_q_x, 0.0)
        P_bf16 = P.to(tl.bfloat16)
        # src[differential.diag:19]
        next_acc_x = tl.dot(P_bf16, V, acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )
    tl.store(
        logsum__ptr + q_index * logsum__stride_q,
        ((max_x_2 * 0.6931471805599453) + tl.log(z_2)),
        mask=(q_index < size_q),
    )


@triton.jit
def differential_backward_buffer_0_buffer_1_d_Q_d_Q2_kernel(
    Q_ptr, K_ptr, Q2_ptr, K2_ptr, V_ptr, lambda_ptr, d_out_ptr, logsum_ptr, logsum__ptr, buffer_0_ptr,
    buffer_1_ptr, d_Q_ptr, d_Q2_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, Q2_stride_q, Q2_stride_d,
    K2_stride_x, K2_stride_d, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e, logsum_stride_q,
    logsum__stride_q, buffer_0_stride_q, buffer_1_stride_q, d_Q_stride_q, d_Q_stride_d, d_Q2_stride_q,
    d_Q2_stride_d, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_5 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_6 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = logsum * 1.4426950408889634
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[differential.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_2 = logsum_ * 1.4426950408889634
    # src[differential.diag:13]
    Q2 = tl.load(
        Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[differential.diag:12]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x)
        mul_q_x = exp2_q_x * dot
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[differential.diag:14]
        K2 = load_tile(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_3 = tl.dot(Q2, tl.trans(K2))
        where_q_x_2 = tl.where(le_q_x, (1.4426950408889634 * rsqrt) * dot_3, float("-inf"))
        sub_q_x_2 = where_q_x_2 - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[:, None]
        exp2_q_x_2 = tl.exp2(sub_q_x_2)
        mul_q_x_2 = exp2_q_x_2 * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_7 = (-1.0 * acc_x_4) * (where_q_2 - where_q)[:, None]
        tile_bf16 = (exp2_q_x * (dot - next_acc_x[:, None])).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16, K, (acc_x_3 + acc_x_7))
        tile_bf16_2 = exp2_q_x.to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16_2, K, acc_x_4)
        where_q_3 = tl.where(tl.abs(acc_x_2) < float("inf"), acc_x_2, 0.0)
        where_q_4 = tl.where(tl.abs(next_acc_x_2) < float("inf"), next_acc_x_2, 0.0)
        acc_x_8 = (-1.0 * acc_x_6) * (where_q_4 - where_q_3)[:, None]
        tile_bf16_3 = (exp2_q_x_2 * (dot - next_acc_x_2[:, None])).to(tl.bfloat16)
        next_acc_x_5 = tl.dot(tile_bf16_3, K2, (acc_x_5 + acc_x_8))
        tile_bf16_4 = exp2_q_x_2.to(tl.bfloat16)
        next_acc_x_6 = tl.dot(tile_bf16_4, K2, acc_x_6)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        le_q_x = x_index[None, :] <= q_index[:, None]
        where_q_x = tl.where(le_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x)
        mul_q_x = exp2_q_x * dot
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_3 = tl.dot(Q2, tl.trans(K2))
        where_q_x_2 = tl.where(le_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_3, float("-inf"))
        sub_q_x_2 = where_q_x_2 - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[:, None]
        exp2_q_x_2 = tl.exp2(sub_q_x_2)
        mul_q_x_2 = exp2_q_x_2 * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_7 = (-1.0 * acc_x_4) * (where_q_2 - where_q)[:, None]
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], dot - next_acc_x[:, None], 0.0)
        tile_bf16 = (exp2_q_x * sub_q_x_3).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16, K, (acc_x_3 + acc_x_7))
        tile_bf16_2 = exp2_q_x.to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16_2, K, acc_x_4)
        where_q_3 = tl.where(tl.abs(acc_x_2) < float("inf"), acc_x_2, 0.0)
        where_q_4 = tl.where(tl.abs(next_acc_x_2) < float("inf"), next_acc_x_2, 0.0)
        acc_x_8 = (-1.0 * acc_x_6) * (where_q_4 - where_q_3)[:, None]
        sub_q_x_4 = tl.where((x_index < size_x)[None, :], dot - next_acc_x_2[:, None], 0.0)
        tile_bf16_3 = (exp2_q_x_2 * sub_q_x_4).to(tl.bfloat16)
        next_acc_x_5 = tl.dot(tile_bf16_3, K2, (acc_x_5 + acc_x_8))
        tile_bf16_4 = exp2_q_x_2.to(tl.bfloat16)
        next_acc_x_6 = tl.dot(tile_bf16_4, K2, acc_x_6)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x, mask=(q_index < size_q))
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_x_2, mask=(q_index < size_q))
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x_3 * rsqrt).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    tile_bf16 = (((-1.0 * lambda_) * rsqrt) * acc_x_5).to(tl.bfloat16)
    tl.store(
        d_Q2_ptr + q_index[:, None] * d_Q2_stride_q + d_index[None, :] * d_Q2_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def differential_backward_d_K_d_K2_d_V_kernel(
    Q_ptr, K_ptr, Q2_ptr, K2_ptr, V_ptr, lambda_ptr, d_out_ptr, logsum_ptr, logsum__ptr, buffer_0_ptr,
    buffer_1_ptr, d_K_ptr, d_K2_ptr, d_V_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, Q2_stride_q,
    Q2_stride_d, K2_stride_x, K2_stride_d, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e,
    logsum_stride_q, logsum__stride_q, buffer_0_stride_q, buffer_1_stride_q, d_K_stride_x, d_K_stride_d,
    d_K2_stride_x, d_K2_stride_d, d_V_stride_x, d_V_stride_e, size_q, size_d, size_x, size_e,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_3 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[differential.diag:12]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:15]
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    # src[differential.diag:14]
    K2 = tl.load(
        K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        mul_q = logsum * 1.4426950408889634
        # src[differential.diag:11]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        le_x_q = x_index[:, None] <= q_index[None, :]
        where_x_q = tl.where(le_x_q, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q)
        mul_q_2 = logsum_ * 1.4426950408889634
        # src[differential.diag:13]
        Q2 = load_tile(
            Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[differential.diag:7]
        dot_3 = tl.dot(K2, tl.trans(Q2))
        where_x_q_2 = tl.where(le_x_q, (1.4426950408889634 * rsqrt) * dot_3, float("-inf"))
        sub_x_q_2 = where_x_q_2 - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        exp2_x_q_2 = tl.exp2(sub_x_q_2)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        tile_bf16_2 = (exp2_x_q_2 * (dot_2 - buffer_1[None, :])).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, Q2, acc_q_2)
        tile_bf16_3 = (exp2_x_q - (exp2_x_q_2 * lambda_)).to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16_3, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = logsum * 1.4426950408889634
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        le_x_q = x_index[:, None] <= q_index[None, :]
        where_x_q = tl.where(le_x_q, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        sub_x_q_2 = tl.where((q_index < size_q)[None, :], dot_2 - buffer_0[None, :], 0.0)
        tile_bf16 = (exp2_x_q * sub_x_q_2).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q, mask=(q_index < size_q), other=0.0)
        mul_q_2 = logsum_ * 1.4426950408889634
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        dot_3 = tl.dot(K2, tl.trans(Q2))
        where_x_q_2 = tl.where(le_x_q, (1.4426950408889634 * rsqrt) * dot_3, float("-inf"))
        sub_x_q_3 = where_x_q_2 - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        exp2_x_q_2 = tl.exp2(sub_x_q_3)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        tile_bf16_2 = (exp2_x_q_2 * (dot_2 - buffer_1[None, :])).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, Q2, acc_q_2)
        tile_bf16_3 = (exp2_x_q - (exp2_x_q_2 * lambda_)).to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16_3, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tile_bf16 = (((-1.0 * lambda_) * rsqrt) * acc_q_2).to(tl.bfloat16)
    tl.store(
        d_K2_ptr + x_index[:, None] * d_K2_stride_x + d_index[None, :] * d_K2_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_3.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def differential_backward_d_lambda_rows_kernel(
    buffer_1_ptr,
    d_lambda_ptr,
    buffer_1_stride_q,
    size_q,
    BLOCK_Q: tl.constexpr,
    EXACT_Q: tl.constexpr,
):
    q_index = tl.arange(0, BLOCK_Q)
    buffer_1 = load_tile(buffer_1_ptr + q_index * buffer_1_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    sum_ = tl.sum(buffer_1, 0)
    tl.store(d_lambda_ptr, (sum_ * -1.0))


@triton.jit
def differential_backward_d_lambda_kernel(
    buffer_1_ptr,
    d_lambda_ptr,
    buffer_1_stride_q,
    size_q,
    BLOCK_Q: tl.constexpr,
):
    sum_q = tl.full([], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        tile_sum = tl.sum(buffer_1, 0)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        tile_sum = tl.sum(buffer_1, 0)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    tl.store(d_lambda_ptr, (sum_q * -1.0))


@triton.jit
def differential_long_forward_state_kernel(
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
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def differential_long_forward_state__kernel(
    Q2_ptr, K2_ptr, state__ptr, Q2_stride_q, Q2_stride_d, K2_stride_x, K2_stride_d, state__stride_q,
    state__stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
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
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q2, tl.trans(K2), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[:, None] * K2_stride_x + d_index[None, :] * K2_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[:, None] * Q2_stride_q + d_index[None, :] * Q2_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[differential.diag:7]
        next_acc_d = tl.dot(Q2, tl.trans(K2), acc_d)
        acc_d = next_acc_d
    tl.store(
        state__ptr + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def differential_long_forward_z__buffer_3_P_logsum_logsum__rows_kernel(
    lambda_ptr, state__ptr, state_ptr, z__ptr, buffer_3_ptr, P_ptr, logsum_ptr, logsum__ptr, state__stride_q,
    state__stride_x, state_stride_q, state_stride_x, z__stride_q, buffer_3_stride_q, P_stride_q, P_stride_x,
    logsum_stride_q, logsum__stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state_ = load_tile(
        state__ptr + q_index * state__stride_q + x_index * state__stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    le_x = x_index <= q_index
    where_x = tl.where(le_x & (x_index < size_x), (1.4426950408889634 * rsqrt) * state_, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(z__ptr + q_index * z__stride_q, sum_)
    tl.store(buffer_3_ptr + q_index * buffer_3_stride_q, max_)
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    # src[maps.diag:7]
    # src[differential.diag:18]
    where_x_2 = tl.where(sum_ > 0.0, ((1.0 / sum_) * lambda_) * e, 0.0)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    where_x_3 = tl.where(le_x & (x_index < size_x), (1.4426950408889634 * rsqrt) * state, float("-inf"))
    max_2 = tl.max(where_x_3, 0)
    sub_x_2 = where_x_3 - tl.where(max_2 == float("-inf"), 0.0, max_2)
    # src[maps.diag:5]
    e_2 = tl.exp2(sub_x_2)
    # src[maps.diag:6]
    sum_2 = tl.sum(e_2, 0)
    # src[maps.diag:7]
    # src[differential.diag:18]
    P = tl.where(sum_2 > 0.0, (1.0 / sum_2) * e_2, 0.0) - where_x_2
    tl.store(P_ptr + q_index * P_stride_q + x_index * P_stride_x, P.to(tl.bfloat16), mask=(x_index < size_x))
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((max_2 * 0.6931471805599453) + tl.log(sum_2)))
    tl.store(logsum__ptr + q_index * logsum__stride_q, ((max_ * 0.6931471805599453) + tl.log(sum_)))


@triton.jit
def differential_long_forward_z__buffer_3_P_logsum_logsum__kernel(
    lambda_ptr, state__ptr, state_ptr, z__ptr, buffer_3_ptr, P_ptr, logsum_ptr, logsum__ptr, state__stride_q,
    state__stride_x, state_stride_q, state_stride_x, z__stride_q, buffer_3_stride_q, P_stride_q, P_stride_x,
    logsum_stride_q, logsum__stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    max_x_2 = tl.full([], float("-inf"), tl.float32)
    z_2 = tl.full([], 0.0, tl.float32)
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state_ = tl.load(state__ptr + q_index * state__stride_q + x_index * state__stride_x)
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        tile_max = tl.max(where_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x_2 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        tile_max_2 = tl.max(where_x_2, 0)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x_2 = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        # src[maps.diag:5]
        e_2 = tl.exp2(where_x_2 - safe_next_max_x_2)
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 0)
        next_z_2 = (z_2 * tl.exp2(max_x_2 - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        z = next_z
        max_x_2 = next_max_x_2
        z_2 = next_z_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + q_index * state__stride_q + x_index * state__stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[differential.diag:7]
        le_x = x_index <= q_index
        where_x = tl.where(le_x & (x_index < size_x), (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        tile_max = tl.max(where_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        where_x_2 = tl.where(le_x & (x_index < size_x), (1.4426950408889634 * rsqrt) * state, float("-inf"))
        tile_max_2 = tl.max(where_x_2, 0)
        next_max_x_2 = tl.maximum(max_x_2, tile_max_2)
        safe_next_max_x_2 = tl.where(next_max_x_2 == float("-inf"), 0.0, next_max_x_2)
        # src[maps.diag:5]
        e_2 = tl.exp2(where_x_2 - safe_next_max_x_2)
        # src[maps.diag:6]
        tile_sum_2 = tl.sum(e_2, 0)
        next_z_2 = (z_2 * tl.exp2(max_x_2 - safe_next_max_x_2)) + tile_sum_2
        max_x = next_max_x
        z = next_z
        max_x_2 = next_max_x_2
        z_2 = next_z_2
    tl.store(z__ptr + q_index * z__stride_q, z)
    tl.store(buffer_3_ptr + q_index * buffer_3_stride_q, max_x)
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((max_x_2 * 0.6931471805599453) + tl.log(z_2)))
    tl.store(logsum__ptr + q_index * logsum__stride_q, ((max_x * 0.6931471805599453) + tl.log(z)))
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    recip_2 = 1.0 / z_2
    gt_2 = z_2 > 0.0
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state_ = tl.load(state__ptr + q_index * state__stride_q + x_index * state__stride_x)
        # src[differential.diag:7]
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        sub_x = where_x - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[maps.diag:5]
        # src[differential.diag:18]
        where_x_2 = tl.where(gt, (recip * lambda_) * tl.exp2(sub_x), 0.0)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x_3 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x_2 = where_x_3 - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)
        # src[maps.diag:5]
        # src[maps.diag:7]
        # src[differential.diag:18]
        P = tl.where(gt_2, recip_2 * tl.exp2(sub_x_2), 0.0) - where_x_2
        tl.store(P_ptr + q_index * P_stride_q + x_index * P_stride_x, P.to(tl.bfloat16))
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + q_index * state__stride_q + x_index * state__stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[differential.diag:7]
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        sub_x = where_x - tl.where(max_x == float("-inf"), 0.0, max_x)
        # src[maps.diag:5]
        # src[differential.diag:18]
        where_x_2 = tl.where(gt, (recip * lambda_) * tl.exp2(sub_x), 0.0)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        where_x_3 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x_2 = where_x_3 - tl.where(max_x_2 == float("-inf"), 0.0, max_x_2)
        # src[maps.diag:5]
        # src[maps.diag:7]
        # src[differential.diag:18]
        P = tl.where(gt_2, recip_2 * tl.exp2(sub_x_2), 0.0) - where_x_2
        tl.store(
            P_ptr + q_index * P_stride_q + x_index * P_stride_x,
            P.to(tl.bfloat16),
            mask=(x_index < size_x),
        )


@triton.jit
def differential_long_forward_out_kernel(
    V_ptr, P_ptr, out_ptr, V_stride_x, V_stride_e, P_stride_q, P_stride_x, out_stride_q, out_stride_e, size_x,
    size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        P = tl.load(
            P_ptr + q_index[:, None] * P_stride_q + x_index[None, :] * P_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[differential.diag:19]
        next_acc_x = tl.dot(P, tl.trans(V), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        P = tl.load(
            P_ptr + q_index[:, None] * P_stride_q + x_index[None, :] * P_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[differential.diag:19]
        next_acc_x = tl.dot(P, tl.trans(V), acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def differential_long_backward_buffer_0_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[differential.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_e,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4_rows_kernel(
    lambda_ptr, logsum_ptr, logsum__ptr, state_ptr, state__ptr, buffer_0_ptr, buffer_2_ptr, buffer_2__ptr,
    buffer_3_ptr, buffer_4_ptr, logsum_stride_q, logsum__stride_q, state_stride_q, state_stride_x,
    state__stride_q, state__stride_x, buffer_0_stride_q, buffer_0_stride_x, buffer_2_stride_q,
    buffer_2__stride_q, buffer_2__stride_x, buffer_3_stride_q, buffer_3_stride_x, buffer_4_stride_q,
    buffer_4_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q)
    mul = 1.4426950408889634 * logsum_
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state_ = load_tile(
        state__ptr + q_index * state__stride_q + x_index * state__stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    le_x = x_index <= q_index
    where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    exp2_x = tl.exp2(sub_x)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    mul_x = buffer_0 * exp2_x
    sum_ = tl.sum(mul_x, 0)
    tl.store(buffer_2_ptr + q_index * buffer_2_stride_q, sum_)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul_2 = 1.4426950408889634 * logsum
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    where_x_2 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
    sub_x_2 = where_x_2 - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
    exp2_x_2 = tl.exp2(sub_x_2)
    mul_x_2 = buffer_0 * exp2_x_2
    sum_2 = tl.sum(mul_x_2, 0)
    tl.store(
        buffer_2__ptr + q_index * buffer_2__stride_q + x_index * buffer_2__stride_x,
        ((buffer_0 - sum_2) * exp2_x_2).to(tl.bfloat16),
        mask=(x_index < size_x),
    )
    tl.store(
        buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
        ((buffer_0 - sum_) * exp2_x).to(tl.bfloat16),
        mask=(x_index < size_x),
    )
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    tl.store(
        buffer_4_ptr + q_index * buffer_4_stride_q + x_index * buffer_4_stride_x,
        (exp2_x_2 - (lambda_ * exp2_x)).to(tl.bfloat16),
        mask=(x_index < size_x),
    )


@triton.jit
def differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4_kernel(
    lambda_ptr, logsum_ptr, logsum__ptr, state_ptr, state__ptr, buffer_0_ptr, buffer_2_ptr, buffer_2__ptr,
    buffer_3_ptr, buffer_4_ptr, logsum_stride_q, logsum__stride_q, state_stride_q, state_stride_x,
    state__stride_q, state__stride_x, buffer_0_stride_q, buffer_0_stride_x, buffer_2_stride_q,
    buffer_2__stride_q, buffer_2__stride_x, buffer_3_stride_q, buffer_3_stride_x, buffer_4_stride_q,
    buffer_4_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q)
    mul = 1.4426950408889634 * logsum_
    # src[differential.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul_2 = 1.4426950408889634 * logsum
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state_ = tl.load(state__ptr + q_index * state__stride_q + x_index * state__stride_x)
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        mul_x = buffer_0 * tl.exp2(sub_x)
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x_2 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x_2 = where_x_2 - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        mul_x_2 = buffer_0 * tl.exp2(sub_x_2)
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + q_index * state__stride_q + x_index * state__stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[differential.diag:7]
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = buffer_0 * tl.exp2(sub_x)
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        where_x_2 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x_2 = where_x_2 - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        mul_x_2 = buffer_0 * tl.exp2(sub_x_2)
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    tl.store(buffer_2_ptr + q_index * buffer_2_stride_q, acc_x)
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        # src[differential.diag:7]
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x = where_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x = tl.exp2(sub_x)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        tl.store(
            buffer_2__ptr + q_index * buffer_2__stride_q + x_index * buffer_2__stride_x,
            ((buffer_0 - acc_x_2) * exp2_x).to(tl.bfloat16),
        )
        state_ = tl.load(state__ptr + q_index * state__stride_q + x_index * state__stride_x)
        where_x_2 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        sub_x_2 = where_x_2 - tl.where(mul == float("-inf"), 0.0, mul)
        exp2_x_2 = tl.exp2(sub_x_2)
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            ((buffer_0 - acc_x) * exp2_x_2).to(tl.bfloat16),
        )
        tl.store(
            buffer_4_ptr + q_index * buffer_4_stride_q + x_index * buffer_4_stride_x,
            (exp2_x - (lambda_ * exp2_x_2)).to(tl.bfloat16),
        )
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[differential.diag:7]
        le_x = x_index <= q_index
        where_x = tl.where(le_x, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        sub_x = where_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x = tl.exp2(sub_x)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        tl.store(
            buffer_2__ptr + q_index * buffer_2__stride_q + x_index * buffer_2__stride_x,
            ((buffer_0 - acc_x_2) * exp2_x).to(tl.bfloat16),
            mask=(x_index < size_x),
        )
        state_ = tl.load(
            state__ptr + q_index * state__stride_q + x_index * state__stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        where_x_2 = tl.where(le_x, (1.4426950408889634 * rsqrt) * state_, float("-inf"))
        sub_x_2 = where_x_2 - tl.where(mul == float("-inf"), 0.0, mul)
        exp2_x_2 = tl.exp2(sub_x_2)
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            ((buffer_0 - acc_x) * exp2_x_2).to(tl.bfloat16),
            mask=(x_index < size_x),
        )
        tl.store(
            buffer_4_ptr + q_index * buffer_4_stride_q + x_index * buffer_4_stride_x,
            (exp2_x - (lambda_ * exp2_x_2)).to(tl.bfloat16),
            mask=(x_index < size_x),
        )


@triton.jit
def differential_long_backward_d_Q_kernel(
    K_ptr, buffer_2__ptr, d_Q_ptr, K_stride_x, K_stride_d, buffer_2__stride_q, buffer_2__stride_x,
    d_Q_stride_q, d_Q_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
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
        buffer_2_ = tl.load(
            buffer_2__ptr + q_index[:, None] * buffer_2__stride_q + x_index[None, :] * buffer_2__stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_2_, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_2_ = tl.load(
            buffer_2__ptr + q_index[:, None] * buffer_2__stride_q + x_index[None, :] * buffer_2__stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[differential.diag:12]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_2_, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[differential.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def differential_long_backward_d_K_kernel(
    Q_ptr, buffer_2__ptr, d_K_ptr, Q_stride_q, Q_stride_d, buffer_2__stride_q, buffer_2__stride_x,
    d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        buffer_2_ = tl.load(
            buffer_2__ptr + q_index[None, :] * buffer_2__stride_q + x_index[:, None] * buffer_2__stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_2_, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_2_ = tl.load(
            buffer_2__ptr + q_index[None, :] * buffer_2__stride_q + x_index[:, None] * buffer_2__stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:11]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_2_, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[differential.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def differential_long_backward_d_Q2_kernel(
    K2_ptr, lambda_ptr, buffer_3_ptr, d_Q2_ptr, K2_stride_x, K2_stride_d, buffer_3_stride_q,
    buffer_3_stride_x, d_Q2_stride_q, d_Q2_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
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
        buffer_3 = tl.load(
            buffer_3_ptr + q_index[:, None] * buffer_3_stride_q + x_index[None, :] * buffer_3_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[None, :] * K2_stride_x + d_index[:, None] * K2_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_3, tl.trans(K2), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_3 = tl.load(
            buffer_3_ptr + q_index[:, None] * buffer_3_stride_q + x_index[None, :] * buffer_3_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[differential.diag:14]
        K2 = tl.load(
            K2_ptr + x_index[None, :] * K2_stride_x + d_index[:, None] * K2_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_3, tl.trans(K2), acc_x)
        acc_x = next_acc_x
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    # src[differential.diag:7]
    scalar = (-1.0 * tl.rsqrt(tl.cast(size_d, tl.float32))) * lambda_
    tl.store(
        d_Q2_ptr + q_index[:, None] * d_Q2_stride_q + d_index[None, :] * d_Q2_stride_d,
        (scalar * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def differential_long_backward_d_K2_kernel(
    Q2_ptr, lambda_ptr, buffer_3_ptr, d_K2_ptr, Q2_stride_q, Q2_stride_d, buffer_3_stride_q,
    buffer_3_stride_x, d_K2_stride_x, d_K2_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
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
        buffer_3 = tl.load(
            buffer_3_ptr + q_index[None, :] * buffer_3_stride_q + x_index[:, None] * buffer_3_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[None, :] * Q2_stride_q + d_index[:, None] * Q2_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_3, tl.trans(Q2), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_3 = tl.load(
            buffer_3_ptr + q_index[None, :] * buffer_3_stride_q + x_index[:, None] * buffer_3_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        # src[differential.diag:13]
        Q2 = tl.load(
            Q2_ptr + q_index[None, :] * Q2_stride_q + d_index[:, None] * Q2_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_3, tl.trans(Q2), acc_q)
        acc_q = next_acc_q
    # src[differential.diag:16]
    lambda_ = tl.load(lambda_ptr)
    # src[differential.diag:7]
    scalar = (-1.0 * tl.rsqrt(tl.cast(size_d, tl.float32))) * lambda_
    tl.store(
        d_K2_ptr + x_index[:, None] * d_K2_stride_x + d_index[None, :] * d_K2_stride_d,
        (scalar * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def differential_long_backward_d_V_kernel(
    d_out_ptr, buffer_4_ptr, d_V_ptr, d_out_stride_q, d_out_stride_e, buffer_4_stride_q, buffer_4_stride_x,
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
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_4, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_4, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def differential_long_backward_d_lambda_rows_kernel(
    buffer_2_ptr,
    d_lambda_ptr,
    buffer_2_stride_q,
    size_q,
    BLOCK_Q: tl.constexpr,
    EXACT_Q: tl.constexpr,
):
    q_index = tl.arange(0, BLOCK_Q)
    buffer_2 = load_tile(buffer_2_ptr + q_index * buffer_2_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    sum_ = tl.sum(buffer_2, 0)
    tl.store(d_lambda_ptr, (sum_ * -1.0))


@triton.jit
def differential_long_backward_d_lambda_kernel(
    buffer_2_ptr,
    d_lambda_ptr,
    buffer_2_stride_q,
    size_q,
    BLOCK_Q: tl.constexpr,
):
    sum_q = tl.full([], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q)
        tile_sum = tl.sum(buffer_2, 0)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q, mask=(q_index < size_q), other=0.0)
        tile_sum = tl.sum(buffer_2, 0)
        next_sum_q = sum_q + tile_sum
        sum_q = next_sum_q
    tl.store(d_lambda_ptr, (sum_q * -1.0))


@_operator
def _differential(
    Q: torch.Tensor,
    K: torch.Tensor,
    Q2: torch.Tensor,
    K2: torch.Tensor,
    V: torch.Tensor,
    lambda_: torch.Tensor,
) -> torch.Tensor:
    """_differential(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("Q2", Q2, torch.bfloat16, 2, Q.device)
    _check("K2", K2, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("lambda", lambda_, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    differential_kernel[grid](
        Q, K, Q2, K2, V, lambda_, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), Q2.stride(0),
        Q2.stride(1), K2.stride(0), K2.stride(1), V.stride(0), V.stride(1), out.stride(0), out.stride(1), q,
        d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _differential_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_differential_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    differential_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _differential_long_buffer_1(Q2: torch.Tensor, K2: torch.Tensor) -> torch.Tensor:
    """_differential_long_buffer_1(Q2: bf16[q d], K2: bf16[x d]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q2", Q2, torch.bfloat16, 2, Q2.device)
    _check("K2", K2, torch.bfloat16, 2, Q2.device)
    q, d = Q2.shape
    x, _ = K2.shape
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    buffer_1 = torch.empty((q, x), dtype=torch.float32, device=Q2.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    differential_long_buffer_1_kernel[grid](
        Q2, K2, buffer_1, Q2.stride(0), Q2.stride(1), K2.stride(0), K2.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _differential_long_buffer_5_P(
    lambda_: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_differential_long_buffer_5_P(lambda: f32[], buffer_1: f32[q x], buffer_0: f32[q x]) -> buffer_5: f32[q], P: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("lambda", lambda_, torch.float32, 0, lambda_.device)
    _check("buffer_1", buffer_1, torch.float32, 2, lambda_.device)
    _check("buffer_0", buffer_0, torch.float32, 2, lambda_.device)
    q, x = buffer_1.shape
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    buffer_5 = torch.empty((q,), dtype=torch.float32, device=lambda_.device)
    P = torch.empty((q, x), dtype=torch.bfloat16, device=lambda_.device)
    if _is_traced(buffer_5):
        return buffer_5, P
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        differential_long_buffer_5_P_rows_kernel[grid](
            lambda_, buffer_1, buffer_0, buffer_5, P, buffer_1.stride(0), buffer_1.stride(1),
            buffer_0.stride(0), buffer_0.stride(1), buffer_5.stride(0), P.stride(0), P.stride(1), q, x,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return buffer_5, P
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    differential_long_buffer_5_P_kernel[grid](
        lambda_, buffer_1, buffer_0, buffer_5, P, buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), buffer_5.stride(0), P.stride(0), P.stride(1), q, x, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_5, P


@_operator
def _differential_long_out(V: torch.Tensor, P: torch.Tensor) -> torch.Tensor:
    """_differential_long_out(V: bf16[x e], P: bf16[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("P", P, torch.bfloat16, 2, V.device)
    x, e = V.shape
    q, _ = P.shape
    if P.shape != (q, x):
        raise ValueError(f"P: bf16[q x] has shape {P.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    differential_long_out_kernel[grid](
        V, P, out, V.stride(0), V.stride(1), P.stride(0), P.stride(1), out.stride(0), out.stride(1), x, e, q,
        BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _differential_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    Q2: torch.Tensor,
    K2: torch.Tensor,
    V: torch.Tensor,
    lambda_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_differential_forward(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> out: bf16[q e], logsum: f32[q], logsum_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("Q2", Q2, torch.bfloat16, 2, Q.device)
    _check("K2", K2, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("lambda", lambda_, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=Q.device)
    logsum_ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum, logsum_
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    differential_forward_kernel[grid](
        Q, K, Q2, K2, V, lambda_, out, logsum, logsum_, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        Q2.stride(0), Q2.stride(1), K2.stride(0), K2.stride(1), V.stride(0), V.stride(1), out.stride(0),
        out.stride(1), logsum.stride(0), logsum_.stride(0), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out, logsum, logsum_


@_operator
def _differential_backward_buffer_0_buffer_1_d_Q_d_Q2(
    Q: torch.Tensor, K: torch.Tensor, Q2: torch.Tensor, K2: torch.Tensor, V: torch.Tensor,
    lambda_: torch.Tensor, d_out: torch.Tensor, logsum: torch.Tensor, logsum_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_differential_backward_buffer_0_buffer_1_d_Q_d_Q2(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[], d_out: bf16[q e], logsum: f32[q], logsum_: f32[q]) -> buffer_0: f32[q], buffer_1: f32[q], d_Q: bf16[q d], d_Q2: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("Q2", Q2, torch.bfloat16, 2, Q.device)
    _check("K2", K2, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("lambda", lambda_, torch.float32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("logsum_", logsum_, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if logsum_.shape != (q,):
        raise ValueError(f"logsum_: f32[q] has shape {logsum_.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    d_Q2 = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1, d_Q, d_Q2
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 32, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q),)
    differential_backward_buffer_0_buffer_1_d_Q_d_Q2_kernel[grid](
        Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, buffer_0, buffer_1, d_Q, d_Q2, Q.stride(0),
        Q.stride(1), K.stride(0), K.stride(1), Q2.stride(0), Q2.stride(1), K2.stride(0), K2.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), logsum_.stride(0),
        buffer_0.stride(0), buffer_1.stride(0), d_Q.stride(0), d_Q.stride(1), d_Q2.stride(0), d_Q2.stride(1),
        q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1, d_Q, d_Q2


@_operator
def _differential_backward_d_K_d_K2_d_V(
    Q: torch.Tensor, K: torch.Tensor, Q2: torch.Tensor, K2: torch.Tensor, V: torch.Tensor,
    lambda_: torch.Tensor, d_out: torch.Tensor, logsum: torch.Tensor, logsum_: torch.Tensor,
    buffer_0: torch.Tensor, buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_differential_backward_d_K_d_K2_d_V(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[], d_out: bf16[q e], logsum: f32[q], logsum_: f32[q], buffer_0: f32[q], buffer_1: f32[q]) -> d_K: bf16[x d], d_K2: bf16[x d], d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("Q2", Q2, torch.bfloat16, 2, Q.device)
    _check("K2", K2, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("lambda", lambda_, torch.float32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("logsum_", logsum_, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if logsum_.shape != (q,):
        raise ValueError(f"logsum_: f32[q] has shape {logsum_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_K2 = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_K2, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    differential_backward_d_K_d_K2_d_V_kernel[grid](
        Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, buffer_0, buffer_1, d_K, d_K2, d_V, Q.stride(0),
        Q.stride(1), K.stride(0), K.stride(1), Q2.stride(0), Q2.stride(1), K2.stride(0), K2.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), logsum_.stride(0),
        buffer_0.stride(0), buffer_1.stride(0), d_K.stride(0), d_K.stride(1), d_K2.stride(0), d_K2.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, e, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_K2, d_V


@_operator
def _differential_backward_d_lambda(buffer_1: torch.Tensor) -> torch.Tensor:
    """_differential_backward_d_lambda(buffer_1: f32[q]) -> d_lambda: f32[]. Any strides; sizes are read off the shapes."""
    _check("buffer_1", buffer_1, torch.float32, 1, buffer_1.device)
    (q,) = buffer_1.shape
    d_lambda = torch.empty((), dtype=torch.float32, device=buffer_1.device)
    if _is_traced(d_lambda):
        return d_lambda
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 16384:
        if BLOCK_Q <= 1024:
            warps, stages = 4, 1
        elif BLOCK_Q <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        differential_backward_d_lambda_rows_kernel[grid](
            buffer_1,
            d_lambda,
            buffer_1.stride(0),
            q,
            BLOCK_Q=BLOCK_Q,
            EXACT_Q=q == BLOCK_Q,
            num_warps=warps,
            num_stages=stages,
        )
        return d_lambda
    BLOCK_Q, warps, stages = 4096, 8, 2
    grid = (1,)
    differential_backward_d_lambda_kernel[grid](
        buffer_1,
        d_lambda,
        buffer_1.stride(0),
        q,
        BLOCK_Q=BLOCK_Q,
        num_warps=warps,
        num_stages=stages,
    )
    return d_lambda


@_operator
def _differential_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_differential_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    differential_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _differential_long_forward_state_(Q2: torch.Tensor, K2: torch.Tensor) -> torch.Tensor:
    """_differential_long_forward_state_(Q2: bf16[q d], K2: bf16[x d]) -> state_: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q2", Q2, torch.bfloat16, 2, Q2.device)
    _check("K2", K2, torch.bfloat16, 2, Q2.device)
    q, d = Q2.shape
    x, _ = K2.shape
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    state_ = torch.empty((q, x), dtype=torch.float32, device=Q2.device)
    if _is_traced(state_):
        return state_
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    differential_long_forward_state__kernel[grid](
        Q2, K2, state_, Q2.stride(0), Q2.stride(1), K2.stride(0), K2.stride(1), state_.stride(0),
        state_.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return state_


@_operator
def _differential_long_forward_z__buffer_3_P_logsum_logsum_(
    lambda_: torch.Tensor,
    state_: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_differential_long_forward_z__buffer_3_P_logsum_logsum_(lambda: f32[], state_: f32[q x], state: f32[q x]) -> z_: f32[q], buffer_3: f32[q], P: bf16[q x], logsum: f32[q], logsum_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("lambda", lambda_, torch.float32, 0, lambda_.device)
    _check("state_", state_, torch.float32, 2, lambda_.device)
    _check("state", state, torch.float32, 2, lambda_.device)
    q, x = state_.shape
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    z_ = torch.empty((q,), dtype=torch.float32, device=lambda_.device)
    buffer_3 = torch.empty((q,), dtype=torch.float32, device=lambda_.device)
    P = torch.empty((q, x), dtype=torch.bfloat16, device=lambda_.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=lambda_.device)
    logsum_ = torch.empty((q,), dtype=torch.float32, device=lambda_.device)
    if _is_traced(z_):
        return z_, buffer_3, P, logsum, logsum_
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        differential_long_forward_z__buffer_3_P_logsum_logsum__rows_kernel[grid](
            lambda_, state_, state, z_, buffer_3, P, logsum, logsum_, state_.stride(0), state_.stride(1),
            state.stride(0), state.stride(1), z_.stride(0), buffer_3.stride(0), P.stride(0), P.stride(1),
            logsum.stride(0), logsum_.stride(0), q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return z_, buffer_3, P, logsum, logsum_
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    differential_long_forward_z__buffer_3_P_logsum_logsum__kernel[grid](
        lambda_, state_, state, z_, buffer_3, P, logsum, logsum_, state_.stride(0), state_.stride(1),
        state.stride(0), state.stride(1), z_.stride(0), buffer_3.stride(0), P.stride(0), P.stride(1),
        logsum.stride(0), logsum_.stride(0), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return z_, buffer_3, P, logsum, logsum_


@_operator
def _differential_long_forward_out(V: torch.Tensor, P: torch.Tensor) -> torch.Tensor:
    """_differential_long_forward_out(V: bf16[x e], P: bf16[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("P", P, torch.bfloat16, 2, V.device)
    x, e = V.shape
    q, _ = P.shape
    if P.shape != (q, x):
        raise ValueError(f"P: bf16[q x] has shape {P.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    differential_long_forward_out_kernel[grid](
        V, P, out, V.stride(0), V.stride(1), P.stride(0), P.stride(1), out.stride(0), out.stride(1), x, e, q,
        BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _differential_long_backward_buffer_0(V: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_differential_long_backward_buffer_0(V: bf16[x e], d_out: bf16[q e]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_out", d_out, torch.bfloat16, 2, V.device)
    x, e = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    differential_long_backward_buffer_0_kernel[grid](
        V, d_out, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4(
    lambda_: torch.Tensor,
    logsum: torch.Tensor,
    logsum_: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4(lambda: f32[], logsum: f32[q], logsum_: f32[q], state: f32[q x], state_: f32[q x], buffer_0: f32[q x]) -> buffer_2: f32[q], buffer_2_: bf16[q x], buffer_3: bf16[q x], buffer_4: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("lambda", lambda_, torch.float32, 0, lambda_.device)
    _check("logsum", logsum, torch.float32, 1, lambda_.device)
    _check("logsum_", logsum_, torch.float32, 1, lambda_.device)
    _check("state", state, torch.float32, 2, lambda_.device)
    _check("state_", state_, torch.float32, 2, lambda_.device)
    _check("buffer_0", buffer_0, torch.float32, 2, lambda_.device)
    (q,) = logsum.shape
    _, x = state.shape
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if logsum_.shape != (q,):
        raise ValueError(f"logsum_: f32[q] has shape {logsum_.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q, x):
        raise ValueError(f"state_: f32[q x] has shape {state_.shape}, expected {(q, x)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    buffer_2 = torch.empty((q,), dtype=torch.float32, device=lambda_.device)
    buffer_2_ = torch.empty((q, x), dtype=torch.bfloat16, device=lambda_.device)
    buffer_3 = torch.empty((q, x), dtype=torch.bfloat16, device=lambda_.device)
    buffer_4 = torch.empty((q, x), dtype=torch.bfloat16, device=lambda_.device)
    if _is_traced(buffer_2):
        return buffer_2, buffer_2_, buffer_3, buffer_4
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4_rows_kernel[grid](
            lambda_, logsum, logsum_, state, state_, buffer_0, buffer_2, buffer_2_, buffer_3, buffer_4,
            logsum.stride(0), logsum_.stride(0), state.stride(0), state.stride(1), state_.stride(0),
            state_.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_2.stride(0), buffer_2_.stride(0),
            buffer_2_.stride(1), buffer_3.stride(0), buffer_3.stride(1), buffer_4.stride(0),
            buffer_4.stride(1), q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return buffer_2, buffer_2_, buffer_3, buffer_4
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4_kernel[grid](
        lambda_, logsum, logsum_, state, state_, buffer_0, buffer_2, buffer_2_, buffer_3, buffer_4,
        logsum.stride(0), logsum_.stride(0), state.stride(0), state.stride(1), state_.stride(0),
        state_.stride(1), buffer_0.stride(0), buffer_0.stride(1), buffer_2.stride(0), buffer_2_.stride(0),
        buffer_2_.stride(1), buffer_3.stride(0), buffer_3.stride(1), buffer_4.stride(0), buffer_4.stride(1),
        q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_2, buffer_2_, buffer_3, buffer_4


@_operator
def _differential_long_backward_d_Q(K: torch.Tensor, buffer_2_: torch.Tensor) -> torch.Tensor:
    """_differential_long_backward_d_Q(K: bf16[x d], buffer_2_: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("buffer_2_", buffer_2_, torch.bfloat16, 2, K.device)
    x, d = K.shape
    q, _ = buffer_2_.shape
    if buffer_2_.shape != (q, x):
        raise ValueError(f"buffer_2_: bf16[q x] has shape {buffer_2_.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    differential_long_backward_d_Q_kernel[grid](
        K, buffer_2_, d_Q, K.stride(0), K.stride(1), buffer_2_.stride(0), buffer_2_.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _differential_long_backward_d_K(Q: torch.Tensor, buffer_2_: torch.Tensor) -> torch.Tensor:
    """_differential_long_backward_d_K(Q: bf16[q d], buffer_2_: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("buffer_2_", buffer_2_, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_2_.shape
    if buffer_2_.shape != (q, x):
        raise ValueError(f"buffer_2_: bf16[q x] has shape {buffer_2_.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    differential_long_backward_d_K_kernel[grid](
        Q, buffer_2_, d_K, Q.stride(0), Q.stride(1), buffer_2_.stride(0), buffer_2_.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _differential_long_backward_d_Q2(
    K2: torch.Tensor,
    lambda_: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_differential_long_backward_d_Q2(K2: bf16[x d], lambda: f32[], buffer_3: bf16[q x]) -> d_Q2: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K2", K2, torch.bfloat16, 2, K2.device)
    _check("lambda", lambda_, torch.float32, 0, K2.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 2, K2.device)
    x, d = K2.shape
    q, _ = buffer_3.shape
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if buffer_3.shape != (q, x):
        raise ValueError(f"buffer_3: bf16[q x] has shape {buffer_3.shape}, expected {(q, x)}")
    d_Q2 = torch.empty((q, d), dtype=torch.bfloat16, device=K2.device)
    if _is_traced(d_Q2):
        return d_Q2
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    differential_long_backward_d_Q2_kernel[grid](
        K2, lambda_, buffer_3, d_Q2, K2.stride(0), K2.stride(1), buffer_3.stride(0), buffer_3.stride(1),
        d_Q2.stride(0), d_Q2.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q2


@_operator
def _differential_long_backward_d_K2(
    Q2: torch.Tensor,
    lambda_: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_differential_long_backward_d_K2(Q2: bf16[q d], lambda: f32[], buffer_3: bf16[q x]) -> d_K2: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q2", Q2, torch.bfloat16, 2, Q2.device)
    _check("lambda", lambda_, torch.float32, 0, Q2.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 2, Q2.device)
    q, d = Q2.shape
    _, x = buffer_3.shape
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if buffer_3.shape != (q, x):
        raise ValueError(f"buffer_3: bf16[q x] has shape {buffer_3.shape}, expected {(q, x)}")
    d_K2 = torch.empty((x, d), dtype=torch.bfloat16, device=Q2.device)
    if _is_traced(d_K2):
        return d_K2
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    differential_long_backward_d_K2_kernel[grid](
        Q2, lambda_, buffer_3, d_K2, Q2.stride(0), Q2.stride(1), buffer_3.stride(0), buffer_3.stride(1),
        d_K2.stride(0), d_K2.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K2


@_operator
def _differential_long_backward_d_V(d_out: torch.Tensor, buffer_4: torch.Tensor) -> torch.Tensor:
    """_differential_long_backward_d_V(d_out: bf16[q e], buffer_4: bf16[q x]) -> d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("buffer_4", buffer_4, torch.bfloat16, 2, d_out.device)
    q, e = d_out.shape
    _, x = buffer_4.shape
    if buffer_4.shape != (q, x):
        raise ValueError(f"buffer_4: bf16[q x] has shape {buffer_4.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    differential_long_backward_d_V_kernel[grid](
        d_out, buffer_4, d_V, d_out.stride(0), d_out.stride(1), buffer_4.stride(0), buffer_4.stride(1),
        d_V.stride(0), d_V.stride(1), q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _differential_long_backward_d_lambda(buffer_2: torch.Tensor) -> torch.Tensor:
    """_differential_long_backward_d_lambda(buffer_2: f32[q]) -> d_lambda: f32[]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 1, buffer_2.device)
    (q,) = buffer_2.shape
    d_lambda = torch.empty((), dtype=torch.float32, device=buffer_2.device)
    if _is_traced(d_lambda):
        return d_lambda
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 16384:
        if BLOCK_Q <= 1024:
            warps, stages = 4, 1
        elif BLOCK_Q <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        differential_long_backward_d_lambda_rows_kernel[grid](
            buffer_2,
            d_lambda,
            buffer_2.stride(0),
            q,
            BLOCK_Q=BLOCK_Q,
            EXACT_Q=q == BLOCK_Q,
            num_warps=warps,
            num_stages=stages,
        )
        return d_lambda
    BLOCK_Q, warps, stages = 4096, 8, 2
    grid = (1,)
    differential_long_backward_d_lambda_kernel[grid](
        buffer_2,
        d_lambda,
        buffer_2.stride(0),
        q,
        BLOCK_Q=BLOCK_Q,
        num_warps=warps,
        num_stages=stages,
    )
    return d_lambda


class _differential_autograd(torch.autograd.Function):
    """differential and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, Q2, K2, V, lambda_):
        out, logsum, logsum_ = _differential_forward(Q, K, Q2, K2, V, lambda_)
        ctx.save_for_backward(Q, K, Q2, K2, V, lambda_, logsum, logsum_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, Q2, K2, V, lambda_, logsum, logsum_ = ctx.saved_tensors
        buffer_0, buffer_1, d_Q, d_Q2 = _differential_backward_buffer_0_buffer_1_d_Q_d_Q2(Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_)
        d_K, d_K2, d_V = _differential_backward_d_K_d_K2_d_V(Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, buffer_0, buffer_1)
        d_lambda = _differential_backward_d_lambda(buffer_1)
        return d_Q, d_K, d_Q2, d_K2, d_V, d_lambda


class _differential_long_autograd(torch.autograd.Function):
    """differential and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, Q2, K2, V, lambda_):
        _, d = Q.shape
        state = _differential_long_forward_state(Q, K)
        state_ = _differential_long_forward_state_(Q2, K2)
        z_, buffer_3, P, logsum, logsum_ = _differential_long_forward_z__buffer_3_P_logsum_logsum_(lambda_, state_, state, d)
        out = _differential_long_forward_out(V, P)
        ctx.save_for_backward(Q, K, Q2, K2, V, lambda_, logsum, logsum_, state, state_)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, Q2, K2, V, lambda_, logsum, logsum_, state, state_ = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0 = _differential_long_backward_buffer_0(V, d_out)
        buffer_2, buffer_2_, buffer_3, buffer_4 = _differential_long_backward_buffer_2_buffer_2__buffer_3_buffer_4(lambda_, logsum, logsum_, state, state_, buffer_0, d)
        d_Q = _differential_long_backward_d_Q(K, buffer_2_)
        d_K = _differential_long_backward_d_K(Q, buffer_2_)
        d_Q2 = _differential_long_backward_d_Q2(K2, lambda_, buffer_3)
        d_K2 = _differential_long_backward_d_K2(Q2, lambda_, buffer_3)
        d_V = _differential_long_backward_d_V(d_out, buffer_4)
        d_lambda = _differential_long_backward_d_lambda(buffer_2)
        return d_Q, d_K, d_Q2, d_K2, d_V, d_lambda


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32)
def differential(
    Q: torch.Tensor,
    K: torch.Tensor,
    Q2: torch.Tensor,
    K2: torch.Tensor,
    V: torch.Tensor,
    lambda_: torch.Tensor,
) -> torch.Tensor:
    """differential(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> out: bf16[q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, Q2, K2, V, lambda_)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _differential_autograd.apply(Q, K, Q2, K2, V, lambda_)
        return _differential_long_autograd.apply(Q, K, Q2, K2, V, lambda_)
    if max(d, e) <= 256:
        out = _differential(Q, K, Q2, K2, V, lambda_)
        return out
    buffer_0 = _differential_long_buffer_0(Q, K)
    buffer_1 = _differential_long_buffer_1(Q2, K2)
    buffer_5, P = _differential_long_buffer_5_P(lambda_, buffer_1, buffer_0)
    out_2 = _differential_long_out(V, P)
    return out_2
