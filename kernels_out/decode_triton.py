"""Fused kernels for decode, decode_ragged, decode_few.

Made by diagc 0.1.0 from decode.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["decode", "decode_ragged", "decode_few"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of decode_jax.py do, on NumPy arrays")
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
    """A function of decode_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by decode_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("decode_jax.py")
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
    """A function that on a CPU is that of decode_jax.py; `params` are the places of what it takes as parameters."""

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
def decode_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, out_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d,
    K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d,
    out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_b, size_kv, size_g, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:10]
    filled = tl.load(filled_ptr)
    # src[decode.diag:7]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:13]
        where_g_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[decode.diag:13]
    where_g_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index[:, None] * out_stride_g + q_index * out_stride_q + d_index[None, :] * out_stride_d,
        where_g_d.to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_parts_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, max_parts_ptr, z_parts_ptr, sum_parts_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, max_parts_stride_x_part_1, max_parts_stride_b, max_parts_stride_kv,
    max_parts_stride_g, max_parts_stride_q, z_parts_stride_x_part_1, z_parts_stride_b, z_parts_stride_kv,
    z_parts_stride_g, z_parts_stride_q, sum_parts_stride_x_part_1, sum_parts_stride_b, sum_parts_stride_kv,
    sum_parts_stride_g, sum_parts_stride_q, sum_parts_stride_d, size_b, size_kv, size_g, size_x, size_parts_x,
    size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = (program % size_b).to(tl.int64)
    program = program // size_b
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x_in = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x_in = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    mul = x_part_index * size_length_x
    # src[decode.diag:10]
    filled = tl.load(filled_ptr)
    # src[decode.diag:7]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x_in = (tl.maximum(tl.minimum(tl.minimum(size_length_x, -1 * tl.cast(mul, tl.int64) + tl.cast(filled, tl.int64)), -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)) // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x_in = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x_in, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        scale = tl.exp2(max_x_in - next_max_x_in)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x_in - next_max_x_in[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * V_stride_x + d_index[None, :] * V_stride_d,
            mask=((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        next_acc_x_in = tl.dot(e_bf16, V, (acc_x_in * scale[:, None]))
        max_x_in = next_max_x_in
        z = next_z
        acc_x_in = next_acc_x_in
    from_x_in = tl.maximum(0, to_x_in)
    to_x_in_2 = tl.maximum(tl.minimum(tl.minimum(size_length_x, -1 * tl.cast(mul, tl.int64) + tl.cast(filled, tl.int64)), -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, to_x_in_2, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:13]
        add_x_in = mul + x_in_index
        tile = (add_x_in < filled) & (x_in_index < size_length_x)
        where_g_x_in = tl.where(tile[None, :], 0.18033688011112042 * dot, float("-inf"))
        where_g_x_in_2 = tl.where((add_x_in < size_x)[None, :], where_g_x_in, float("-inf"))
        tile_max = tl.max(where_g_x_in_2, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        safe_next_max_x_in = tl.where(next_max_x_in == float("-inf"), 0.0, next_max_x_in)
        scale = tl.exp2(max_x_in - safe_next_max_x_in)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x_in_2 - safe_next_max_x_in[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        next_acc_x_in = tl.dot(e_bf16, V, (acc_x_in * scale[:, None]))
        max_x_in = next_max_x_in
        z = next_z
        acc_x_in = next_acc_x_in
    tl.store(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
        max_x_in,
        mask=(g_index < size_g),
    )
    tl.store(
        z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
        z,
        mask=(g_index < size_g),
    )
    tl.store(
        sum_parts_ptr + x_part_index * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index[:, None] * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[None, :] * sum_parts_stride_d,
        acc_x_in,
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_joined_rows_kernel(
    max_parts_ptr, z_parts_ptr, sum_parts_ptr, out_ptr, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_q, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_q, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_q, sum_parts_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_parts_x, size_b, size_kv, size_g, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    max_parts = load_tile(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
        (x_part_index < size_parts_x),
        float("-inf"),
        EXACT_X_PART_1,
    )
    max_ = tl.max(max_parts, 0)
    sub_x_part = max_parts - tl.where(max_ == float("-inf"), 0.0, max_)
    exp2_x_part = tl.exp2(sub_x_part)
    sum_parts = tl.load(
        sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[:, None] * sum_parts_stride_d,
        mask=(x_part_index < size_parts_x)[None, :] & (d_index < 64)[:, None],
        other=0.0,
    )
    lt_x_part = (size_length_x * x_part_index) < size_x
    where_d_x_part = tl.where(lt_x_part[None, :], sum_parts * exp2_x_part[None, :], 0.0)
    sum_ = tl.sum(where_d_x_part, 1)
    z_parts = load_tile(
        z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
        (x_part_index < size_parts_x),
        0.0,
        EXACT_X_PART_1,
    )
    where_x_part = tl.where(lt_x_part, z_parts * exp2_x_part, 0.0)
    sum_2 = tl.sum(where_x_part, 0)
    tile_bf16 = tl.where(sum_2 > 0.0, (1.0 / sum_2) * sum_, 0.0).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        tile_bf16,
        mask=(d_index < 64),
    )


@triton.jit
def decode_joined_kernel(
    max_parts_ptr, z_parts_ptr, sum_parts_ptr, out_ptr, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_q, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_q, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_q, sum_parts_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_parts_x, size_b, size_kv, size_g, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    max_x_part = tl.full([], float("-inf"), tl.float32)
    sum_x_part = tl.full([], 0.0, tl.float32)
    sum_x_part_2 = tl.full([BLOCK_D], 0.0, tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
        )
        tile_max = tl.max(max_parts, 0)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        safe_next_max_x_part = tl.where(next_max_x_part == float("-inf"), 0.0, next_max_x_part)
        scale = tl.exp2(max_x_part - safe_next_max_x_part)
        exp2_x_part = tl.exp2(max_parts - safe_next_max_x_part)
        z_parts = tl.load(
            z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
        )
        lt_x_part = (size_length_x * x_part_index) < size_x
        where_x_part = tl.where(lt_x_part, z_parts * exp2_x_part, 0.0)
        tile_sum = tl.sum(where_x_part, 0)
        next_sum_x_part = (sum_x_part * scale) + tile_sum
        sum_parts = tl.load(
            sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[:, None] * sum_parts_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        where_d_x_part = tl.where(lt_x_part[None, :], sum_parts * exp2_x_part[None, :], 0.0)
        tile_sum_2 = tl.sum(where_d_x_part, 1)
        next_sum_x_part_2 = (sum_x_part_2 * scale) + tile_sum_2
        max_x_part = next_max_x_part
        sum_x_part = next_sum_x_part
        sum_x_part_2 = next_sum_x_part_2
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
            mask=(x_part_index < size_parts_x),
            other=float("-inf"),
        )
        tile_max = tl.max(max_parts, 0)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        safe_next_max_x_part = tl.where(next_max_x_part == float("-inf"), 0.0, next_max_x_part)
        scale = tl.exp2(max_x_part - safe_next_max_x_part)
        exp2_x_part = tl.exp2(max_parts - safe_next_max_x_part)
        z_parts = tl.load(
            z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
            mask=(x_part_index < size_parts_x),
            other=0.0,
        )
        lt_x_part = (size_length_x * x_part_index) < size_x
        where_x_part = tl.where(lt_x_part, z_parts * exp2_x_part, 0.0)
        tile_sum = tl.sum(where_x_part, 0)
        next_sum_x_part = (sum_x_part * scale) + tile_sum
        sum_parts = tl.load(
            sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[:, None] * sum_parts_stride_d,
            mask=(x_part_index < size_parts_x)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        where_d_x_part = tl.where(lt_x_part[None, :], sum_parts * exp2_x_part[None, :], 0.0)
        tile_sum_2 = tl.sum(where_d_x_part, 1)
        next_sum_x_part_2 = (sum_x_part_2 * scale) + tile_sum_2
        max_x_part = next_max_x_part
        sum_x_part = next_sum_x_part
        sum_x_part_2 = next_sum_x_part_2
    where_d = tl.where(sum_x_part > 0.0, (1.0 / sum_x_part) * sum_x_part_2, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        where_d.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def decode_forward_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q,
    Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x,
    V_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, logsum_stride_b,
    logsum_stride_kv, logsum_stride_g, logsum_stride_q, size_b, size_kv, size_g, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:10]
    filled = tl.load(filled_ptr)
    # src[decode.diag:7]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[decode.diag:9]
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
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:13]
        where_g_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[decode.diag:13]
    where_g_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index[:, None] * out_stride_g + q_index * out_stride_q + d_index[None, :] * out_stride_d,
        where_g_d.to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(g_index < size_g),
    )


@triton.jit
def decode_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, size_b, size_kv, size_g, BLOCK_D: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
    )
    out = tl.load(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
    )
    mul_d = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def decode_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, size_b, size_kv, size_g, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
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
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < 64),
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
def decode_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, d_Q_stride_b, d_Q_stride_kv, d_Q_stride_g,
    d_Q_stride_q, d_Q_stride_d, size_b, size_kv, size_g, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:10]
    filled = tl.load(filled_ptr)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        mask=(g_index < size_g),
        other=0.0,
    )
    mul_g = logsum * 1.4426950408889634
    # src[decode.diag:7]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        mask=(g_index < size_g),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + q_index * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        exp2_g_x = tl.exp2((0.18033688011112042 * dot) - mul_g[:, None])
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (exp2_g_x * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:8]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:12]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:13]
        where_g_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.18033688011112042 * dot, float("-inf"))
        sub_g_x = where_g_x - tl.where(mul_g == float("-inf"), 0.0, mul_g)[:, None]
        # src[decode.diag:9]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_g_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + kv_index * d_Q_stride_kv + g_index[:, None] * d_Q_stride_g + q_index * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (0.125 * acc_x).to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b,
    Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d,
    V_stride_b, V_stride_kv, V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g,
    d_out_stride_q, d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, d_K_stride_b, d_K_stride_kv,
    d_K_stride_x, d_K_stride_d, d_V_stride_b, d_V_stride_kv, d_V_stride_x, d_V_stride_d, size_b, size_kv,
    size_g, size_x, BLOCK_G: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_g_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_g_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:8]
    K = tl.load(
        K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[decode.diag:10]
    filled = tl.load(filled_ptr)
    # src[decode.diag:13]
    lt_x = x_index < filled
    # src[decode.diag:9]
    V = tl.load(
        V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    for q_index in tl.range(0, 1):
        to_g = size_g // BLOCK_G * BLOCK_G
        # whole tiles, no mask needed
        for first_g in tl.range(0, to_g, BLOCK_G):
            g_index = first_g + tl.arange(0, BLOCK_G)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
            )
            mul_g = logsum * 1.4426950408889634
            # src[decode.diag:7]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
            )
            # src[decode.diag:12]
            dot = tl.dot(K, tl.trans(Q))
            where_x_g = tl.where(lt_x[:, None], 0.18033688011112042 * dot, float("-inf"))
            sub_x_g = where_x_g - tl.where(mul_g == float("-inf"), 0.0, mul_g)[None, :]
            exp2_x_g = tl.exp2(sub_x_g)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + q_index * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_g * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_g_q = tl.dot(tile_bf16, Q, acc_g_q)
            tile_bf16_2 = exp2_x_g.to(tl.bfloat16)
            next_acc_g_q_2 = tl.dot(tile_bf16_2, d_out, acc_g_q_2)
            acc_g_q = next_acc_g_q
            acc_g_q_2 = next_acc_g_q_2
        from_g = tl.maximum(0, to_g)
        # tiles that a mask or the end cuts
        for first_g_2 in tl.range(from_g, size_g, BLOCK_G):
            g_index = first_g_2 + tl.arange(0, BLOCK_G)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
                mask=(g_index < size_g),
                other=0.0,
            )
            mul_g = logsum * 1.4426950408889634
            # src[decode.diag:7]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(g_index < size_g)[:, None],
                other=0.0,
            )
            # src[decode.diag:12]
            dot = tl.dot(K, tl.trans(Q))
            where_x_g = tl.where(lt_x[:, None] & (g_index < size_g)[None, :], 0.18033688011112042 * dot, float("-inf"))
            sub_x_g = where_x_g - tl.where(mul_g == float("-inf"), 0.0, mul_g)[None, :]
            exp2_x_g = tl.exp2(sub_x_g)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
                mask=(g_index < size_g),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + q_index * d_out_stride_q + d_index[None, :] * d_out_stride_d,
                mask=(g_index < size_g)[:, None],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_g * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_g_q = tl.dot(tile_bf16, Q, acc_g_q)
            tile_bf16_2 = exp2_x_g.to(tl.bfloat16)
            next_acc_g_q_2 = tl.dot(tile_bf16_2, d_out, acc_g_q_2)
            acc_g_q = next_acc_g_q
            acc_g_q_2 = next_acc_g_q_2
    tile_bf16 = tl.where(lt_x[:, None], 0.125 * acc_g_q, 0.0).to(tl.bfloat16)
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + kv_index * d_K_stride_kv + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + kv_index * d_V_stride_kv + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_g_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@_operator
def _decode(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
    """_decode(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    out = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_kernel[grid](
        Q, K, V, filled, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), b, kv, g, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _decode_parts(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    parts_x: int,
    length_x: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_decode_parts(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> max_parts: f32[x_part b kv g q], z_parts: f32[x_part b kv g q], sum_parts: f32[x_part b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    max_parts = torch.empty((parts_x, b, kv, g, 1), dtype=torch.float32, device=Q.device)
    z_parts = torch.empty((parts_x, b, kv, g, 1), dtype=torch.float32, device=Q.device)
    sum_parts = torch.empty((parts_x, b, kv, g, 1, 64), dtype=torch.float32, device=Q.device)
    if _is_traced(max_parts):
        return max_parts, z_parts, sum_parts
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X_IN_1, warps, stages = 64, 64, 4, 2
    grid = (parts_x * b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_parts_kernel[grid](
        Q, K, V, filled, max_parts, z_parts, sum_parts, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
        max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
        z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2),
        sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), b, kv, g, x, parts_x, length_x,
        BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return max_parts, z_parts, sum_parts


@_operator
def _decode_joined(
    max_parts: torch.Tensor,
    z_parts: torch.Tensor,
    sum_parts: torch.Tensor,
    x: int,
    length_x: int,
) -> torch.Tensor:
    """_decode_joined(max_parts: f32[x_part b kv g q], z_parts: f32[x_part b kv g q], sum_parts: f32[x_part b kv g q d]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("max_parts", max_parts, torch.float32, 5, max_parts.device)
    _check("z_parts", z_parts, torch.float32, 5, max_parts.device)
    _check("sum_parts", sum_parts, torch.float32, 6, max_parts.device)
    parts_x, b, kv, g, _ = max_parts.shape
    if max_parts.shape != (parts_x, b, kv, g, 1):
        raise ValueError(f"max_parts: f32[x_part b kv g q] has shape {max_parts.shape}, expected {(parts_x, b, kv, g, 1)}")
    if z_parts.shape != (parts_x, b, kv, g, 1):
        raise ValueError(f"z_parts: f32[x_part b kv g q] has shape {z_parts.shape}, expected {(parts_x, b, kv, g, 1)}")
    if sum_parts.shape != (parts_x, b, kv, g, 1, 64):
        raise ValueError(f"sum_parts: f32[x_part b kv g q d] has shape {sum_parts.shape}, expected {(parts_x, b, kv, g, 1, 64)}")
    out = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=max_parts.device)
    if _is_traced(out):
        return out
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    if BLOCK_X_PART_1 <= 1024:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (b * kv * g * 1 * triton.cdiv(64, BLOCK_D),)
        decode_joined_rows_kernel[grid](
            max_parts, z_parts, sum_parts, out, max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
            max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
            z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1),
            sum_parts.stride(2), sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), out.stride(0),
            out.stride(1), out.stride(2), out.stride(3), out.stride(4), parts_x, b, kv, g, x, length_x,
            BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_D=BLOCK_D, EXACT_X_PART_1=parts_x == BLOCK_X_PART_1,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X_PART_1, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * kv * g * 1 * triton.cdiv(64, BLOCK_D),)
    decode_joined_kernel[grid](
        max_parts, z_parts, sum_parts, out, max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
        max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
        z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2),
        sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), out.stride(4), parts_x, b, kv, g, x, length_x,
        BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _decode_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_decode_forward(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> out: bf16[b kv g q d], logsum: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    out = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, kv, g, 1), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_forward_kernel[grid](
        Q, K, V, filled, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4),
        K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3), b, kv, g, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _decode_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_decode_backward_buffer_0(d_out: bf16[b kv g q d], out: bf16[b kv g q d]) -> buffer_0: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    _check("out", out, torch.bfloat16, 5, d_out.device)
    b, kv, g, _, _ = d_out.shape
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, 1, 64)}")
    buffer_0 = torch.empty((b, kv, g, 1), dtype=torch.float32, device=d_out.device)
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
        grid = (b * kv * g * 1,)
        decode_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
            buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g,
            BLOCK_D=BLOCK_D, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (b * kv * g * 1,)
    decode_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _decode_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_decode_backward_d_Q(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> d_Q: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    d_Q = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_backward_d_Q_kernel[grid](
        Q, K, V, filled, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_Q.stride(0),
        d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), d_Q.stride(4), b, kv, g, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _decode_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_decode_backward_d_K_d_V(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> d_K: bf16[b kv x d], d_V: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    d_K = torch.empty((b, kv, x, 64), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, kv, x, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_X, BLOCK_G, warps, stages = 64, 16, 8, 1
    grid = (b * kv * triton.cdiv(x, BLOCK_X),)
    decode_backward_d_K_d_V_kernel[grid](
        Q, K, V, filled, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0),
        V.stride(1), V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2),
        logsum.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), d_V.stride(0), d_V.stride(1),
        d_V.stride(2), d_V.stride(3), b, kv, g, x, BLOCK_G=BLOCK_G, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X,
        EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


class _decode_autograd(torch.autograd.Function):
    """decode and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, filled):
        out, logsum = _decode_forward(Q, K, V, filled)
        ctx.save_for_backward(Q, K, V, filled, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, filled, out, logsum = ctx.saved_tensors
        buffer_0 = _decode_backward_buffer_0(d_out, out)
        d_Q = _decode_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0)
        d_K, d_V = _decode_backward_d_K_d_V(Q, K, V, filled, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.int32)
def decode(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
    """decode(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> out: bf16[b kv g q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        return _decode_autograd.apply(Q, K, V, filled)
    programs = b * kv * triton.cdiv(g, 64)
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            max_parts, z_parts, sum_parts = _decode_parts(Q, K, V, filled, parts_x, length_x)
            out = _decode_joined(max_parts, z_parts, sum_parts, x, length_x)
            return out
    out = _decode(Q, K, V, filled)
    return out


@triton.jit
def decode_ragged_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, out_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d,
    K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d,
    filled_stride_b, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_b, size_kv,
    size_g, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:21]
    filled = tl.load(filled_ptr + b_index * filled_stride_b)
    # src[decode.diag:18]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:23]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:23]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:24]
        where_g_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[decode.diag:24]
    where_g_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index[:, None] * out_stride_g + q_index * out_stride_q + d_index[None, :] * out_stride_d,
        where_g_d.to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_ragged_parts_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, max_parts_ptr, z_parts_ptr, sum_parts_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, filled_stride_b, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_q, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_q, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_q, sum_parts_stride_d, size_b, size_kv, size_g,
    size_x, size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = (program % size_b).to(tl.int64)
    program = program // size_b
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x_in = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x_in = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    mul = size_length_x * x_part_index
    # src[decode.diag:21]
    filled = tl.load(filled_ptr + b_index * filled_stride_b)
    # src[decode.diag:18]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x_in = (tl.maximum(tl.minimum(tl.minimum(size_length_x, -1 * tl.cast(mul, tl.int64) + tl.cast(filled, tl.int64)), -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)) // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[decode.diag:23]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x_in = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x_in, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        scale = tl.exp2(max_x_in - next_max_x_in)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x_in - next_max_x_in[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * V_stride_x + d_index[None, :] * V_stride_d,
            mask=((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        next_acc_x_in = tl.dot(e_bf16, V, (acc_x_in * scale[:, None]))
        max_x_in = next_max_x_in
        z = next_z
        acc_x_in = next_acc_x_in
    from_x_in = tl.maximum(0, to_x_in)
    to_x_in_2 = tl.maximum(tl.minimum(tl.minimum(size_length_x, -1 * tl.cast(mul, tl.int64) + tl.cast(filled, tl.int64)), -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, to_x_in_2, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[decode.diag:23]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:24]
        add_x_in = x_in_index + mul
        tile = (add_x_in < filled) & (x_in_index < size_length_x)
        where_g_x_in = tl.where(tile[None, :], 0.18033688011112042 * dot, float("-inf"))
        where_g_x_in_2 = tl.where((add_x_in < size_x)[None, :], where_g_x_in, float("-inf"))
        tile_max = tl.max(where_g_x_in_2, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        safe_next_max_x_in = tl.where(next_max_x_in == float("-inf"), 0.0, next_max_x_in)
        scale = tl.exp2(max_x_in - safe_next_max_x_in)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x_in_2 - safe_next_max_x_in[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        next_acc_x_in = tl.dot(e_bf16, V, (acc_x_in * scale[:, None]))
        max_x_in = next_max_x_in
        z = next_z
        acc_x_in = next_acc_x_in
    tl.store(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
        max_x_in,
        mask=(g_index < size_g),
    )
    tl.store(
        z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
        z,
        mask=(g_index < size_g),
    )
    tl.store(
        sum_parts_ptr + x_part_index * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index[:, None] * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[None, :] * sum_parts_stride_d,
        acc_x_in,
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_ragged_joined_rows_kernel(
    max_parts_ptr, z_parts_ptr, sum_parts_ptr, out_ptr, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_q, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_q, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_q, sum_parts_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_parts_x, size_b, size_kv, size_g, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    max_parts = load_tile(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
        (x_part_index < size_parts_x),
        float("-inf"),
        EXACT_X_PART_1,
    )
    max_ = tl.max(max_parts, 0)
    sub_x_part = max_parts - tl.where(max_ == float("-inf"), 0.0, max_)
    exp2_x_part = tl.exp2(sub_x_part)
    sum_parts = tl.load(
        sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[:, None] * sum_parts_stride_d,
        mask=(x_part_index < size_parts_x)[None, :] & (d_index < 64)[:, None],
        other=0.0,
    )
    lt_x_part = (size_length_x * x_part_index) < size_x
    where_d_x_part = tl.where(lt_x_part[None, :], sum_parts * exp2_x_part[None, :], 0.0)
    sum_ = tl.sum(where_d_x_part, 1)
    z_parts = load_tile(
        z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
        (x_part_index < size_parts_x),
        0.0,
        EXACT_X_PART_1,
    )
    where_x_part = tl.where(lt_x_part, z_parts * exp2_x_part, 0.0)
    sum_2 = tl.sum(where_x_part, 0)
    tile_bf16 = tl.where(sum_2 > 0.0, (1.0 / sum_2) * sum_, 0.0).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        tile_bf16,
        mask=(d_index < 64),
    )


@triton.jit
def decode_ragged_joined_kernel(
    max_parts_ptr, z_parts_ptr, sum_parts_ptr, out_ptr, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_q, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_q, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_q, sum_parts_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_q, out_stride_d, size_parts_x, size_b, size_kv, size_g, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    max_x_part = tl.full([], float("-inf"), tl.float32)
    sum_x_part = tl.full([], 0.0, tl.float32)
    sum_x_part_2 = tl.full([BLOCK_D], 0.0, tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
        )
        tile_max = tl.max(max_parts, 0)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        safe_next_max_x_part = tl.where(next_max_x_part == float("-inf"), 0.0, next_max_x_part)
        scale = tl.exp2(max_x_part - safe_next_max_x_part)
        exp2_x_part = tl.exp2(max_parts - safe_next_max_x_part)
        z_parts = tl.load(
            z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
        )
        lt_x_part = (size_length_x * x_part_index) < size_x
        where_x_part = tl.where(lt_x_part, z_parts * exp2_x_part, 0.0)
        tile_sum = tl.sum(where_x_part, 0)
        next_sum_x_part = (sum_x_part * scale) + tile_sum
        sum_parts = tl.load(
            sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[:, None] * sum_parts_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        where_d_x_part = tl.where(lt_x_part[None, :], sum_parts * exp2_x_part[None, :], 0.0)
        tile_sum_2 = tl.sum(where_d_x_part, 1)
        next_sum_x_part_2 = (sum_x_part_2 * scale) + tile_sum_2
        max_x_part = next_max_x_part
        sum_x_part = next_sum_x_part
        sum_x_part_2 = next_sum_x_part_2
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + q_index * max_parts_stride_q,
            mask=(x_part_index < size_parts_x),
            other=float("-inf"),
        )
        tile_max = tl.max(max_parts, 0)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        safe_next_max_x_part = tl.where(next_max_x_part == float("-inf"), 0.0, next_max_x_part)
        scale = tl.exp2(max_x_part - safe_next_max_x_part)
        exp2_x_part = tl.exp2(max_parts - safe_next_max_x_part)
        z_parts = tl.load(
            z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + q_index * z_parts_stride_q,
            mask=(x_part_index < size_parts_x),
            other=0.0,
        )
        lt_x_part = (size_length_x * x_part_index) < size_x
        where_x_part = tl.where(lt_x_part, z_parts * exp2_x_part, 0.0)
        tile_sum = tl.sum(where_x_part, 0)
        next_sum_x_part = (sum_x_part * scale) + tile_sum
        sum_parts = tl.load(
            sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + q_index * sum_parts_stride_q + d_index[:, None] * sum_parts_stride_d,
            mask=(x_part_index < size_parts_x)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        where_d_x_part = tl.where(lt_x_part[None, :], sum_parts * exp2_x_part[None, :], 0.0)
        tile_sum_2 = tl.sum(where_d_x_part, 1)
        next_sum_x_part_2 = (sum_x_part_2 * scale) + tile_sum_2
        max_x_part = next_max_x_part
        sum_x_part = next_sum_x_part
        sum_x_part_2 = next_sum_x_part_2
    where_d = tl.where(sum_x_part > 0.0, (1.0 / sum_x_part) * sum_x_part_2, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        where_d.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def decode_ragged_forward_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_q,
    Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x,
    V_stride_d, filled_stride_b, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d,
    logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q, size_b, size_kv, size_g, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:21]
    filled = tl.load(filled_ptr + b_index * filled_stride_b)
    # src[decode.diag:18]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:23]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:23]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:24]
        where_g_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[decode.diag:24]
    where_g_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index[:, None] * out_stride_g + q_index * out_stride_q + d_index[None, :] * out_stride_d,
        where_g_d.to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(g_index < size_g),
    )


@triton.jit
def decode_ragged_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, size_b, size_kv, size_g, BLOCK_D: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    out = tl.load(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
    )
    mul_d = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def decode_ragged_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_q,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_q, out_stride_d, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, size_b, size_kv, size_g, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
        )
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        acc_d,
    )


@triton.jit
def decode_ragged_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, filled_stride_b, d_out_stride_b, d_out_stride_kv, d_out_stride_g,
    d_out_stride_q, d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_q,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q, d_Q_stride_b, d_Q_stride_kv,
    d_Q_stride_g, d_Q_stride_q, d_Q_stride_d, size_b, size_kv, size_g, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    q_index = (program % 1).to(tl.int64)
    program = program // 1
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:21]
    filled = tl.load(filled_ptr + b_index * filled_stride_b)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
        mask=(g_index < size_g),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + q_index * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
        mask=(g_index < size_g),
        other=0.0,
    )
    mul_g = 1.4426950408889634 * logsum
    # src[decode.diag:18]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:23]
        dot_2 = tl.dot(Q, tl.trans(K))
        exp2_g_x = tl.exp2((0.18033688011112042 * dot_2) - mul_g[:, None])
        tile_bf16 = ((dot - buffer_0[:, None]) * exp2_g_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:20]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[decode.diag:19]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:23]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[decode.diag:24]
        where_g_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.18033688011112042 * dot_2, float("-inf"))
        sub_g_x = where_g_x - tl.where(mul_g == float("-inf"), 0.0, mul_g)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_g_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + kv_index * d_Q_stride_kv + g_index[:, None] * d_Q_stride_g + q_index * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (0.125 * acc_x).to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_ragged_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b,
    Q_stride_kv, Q_stride_g, Q_stride_q, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d,
    V_stride_b, V_stride_kv, V_stride_x, V_stride_d, filled_stride_b, d_out_stride_b, d_out_stride_kv,
    d_out_stride_g, d_out_stride_q, d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g,
    logsum_stride_q, buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_q,
    d_K_stride_b, d_K_stride_kv, d_K_stride_x, d_K_stride_d, d_V_stride_b, d_V_stride_kv, d_V_stride_x,
    d_V_stride_d, size_b, size_kv, size_g, size_x, BLOCK_G: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_g_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_g_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:20]
    V = tl.load(
        V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[decode.diag:19]
    K = tl.load(
        K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[decode.diag:21]
    filled = tl.load(filled_ptr + b_index * filled_stride_b)
    # src[decode.diag:24]
    lt_x = x_index < filled
    for q_index in tl.range(0, 1):
        to_g = size_g // BLOCK_G * BLOCK_G
        # whole tiles, no mask needed
        for first_g in tl.range(0, to_g, BLOCK_G):
            g_index = first_g + tl.arange(0, BLOCK_G)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + q_index * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            )
            dot = tl.dot(V, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
            )
            mul_g = 1.4426950408889634 * logsum
            # src[decode.diag:18]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
            )
            # src[decode.diag:23]
            dot_2 = tl.dot(K, tl.trans(Q))
            where_x_g = tl.where(lt_x[:, None], 0.18033688011112042 * dot_2, float("-inf"))
            sub_x_g = where_x_g - tl.where(mul_g == float("-inf"), 0.0, mul_g)[None, :]
            exp2_x_g = tl.exp2(sub_x_g)
            tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_g).to(tl.bfloat16)
            next_acc_g_q = tl.dot(tile_bf16, Q, acc_g_q)
            tile_bf16_2 = exp2_x_g.to(tl.bfloat16)
            next_acc_g_q_2 = tl.dot(tile_bf16_2, d_out, acc_g_q_2)
            acc_g_q = next_acc_g_q
            acc_g_q_2 = next_acc_g_q_2
        from_g = tl.maximum(0, to_g)
        # tiles that a mask or the end cuts
        for first_g_2 in tl.range(from_g, size_g, BLOCK_G):
            g_index = first_g_2 + tl.arange(0, BLOCK_G)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + q_index * buffer_0_stride_q,
                mask=(g_index < size_g),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + q_index * d_out_stride_q + d_index[None, :] * d_out_stride_d,
                mask=(g_index < size_g)[:, None],
                other=0.0,
            )
            dot = tl.dot(V, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + q_index * logsum_stride_q,
                mask=(g_index < size_g),
                other=0.0,
            )
            mul_g = 1.4426950408889634 * logsum
            # src[decode.diag:18]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + q_index * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(g_index < size_g)[:, None],
                other=0.0,
            )
            # src[decode.diag:23]
            dot_2 = tl.dot(K, tl.trans(Q))
            where_x_g = tl.where(lt_x[:, None] & (g_index < size_g)[None, :], 0.18033688011112042 * dot_2, float("-inf"))
            sub_x_g = where_x_g - tl.where(mul_g == float("-inf"), 0.0, mul_g)[None, :]
            exp2_x_g = tl.exp2(sub_x_g)
            tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_g).to(tl.bfloat16)
            next_acc_g_q = tl.dot(tile_bf16, Q, acc_g_q)
            tile_bf16_2 = exp2_x_g.to(tl.bfloat16)
            next_acc_g_q_2 = tl.dot(tile_bf16_2, d_out, acc_g_q_2)
            acc_g_q = next_acc_g_q
            acc_g_q_2 = next_acc_g_q_2
    tile_bf16 = tl.where(lt_x[:, None], 0.125 * acc_g_q, 0.0).to(tl.bfloat16)
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + kv_index * d_K_stride_kv + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + kv_index * d_V_stride_kv + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_g_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@_operator
def _decode_ragged(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
    """_decode_ragged(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 1, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    out = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_ragged_kernel[grid](
        Q, K, V, filled, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        filled.stride(0), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), b, kv, g,
        x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _decode_ragged_parts(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    parts_x: int,
    length_x: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_decode_ragged_parts(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> max_parts: f32[x_part b kv g q], z_parts: f32[x_part b kv g q], sum_parts: f32[x_part b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 1, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    max_parts = torch.empty((parts_x, b, kv, g, 1), dtype=torch.float32, device=Q.device)
    z_parts = torch.empty((parts_x, b, kv, g, 1), dtype=torch.float32, device=Q.device)
    sum_parts = torch.empty((parts_x, b, kv, g, 1, 64), dtype=torch.float32, device=Q.device)
    if _is_traced(max_parts):
        return max_parts, z_parts, sum_parts
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X_IN_1, warps, stages = 64, 64, 4, 2
    grid = (parts_x * b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_ragged_parts_kernel[grid](
        Q, K, V, filled, max_parts, z_parts, sum_parts, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), filled.stride(0), max_parts.stride(0), max_parts.stride(1),
        max_parts.stride(2), max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1),
        z_parts.stride(2), z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1),
        sum_parts.stride(2), sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), b, kv, g, x,
        parts_x, length_x, BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return max_parts, z_parts, sum_parts


@_operator
def _decode_ragged_joined(
    max_parts: torch.Tensor,
    z_parts: torch.Tensor,
    sum_parts: torch.Tensor,
    x: int,
    length_x: int,
) -> torch.Tensor:
    """_decode_ragged_joined(max_parts: f32[x_part b kv g q], z_parts: f32[x_part b kv g q], sum_parts: f32[x_part b kv g q d]) -> out: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("max_parts", max_parts, torch.float32, 5, max_parts.device)
    _check("z_parts", z_parts, torch.float32, 5, max_parts.device)
    _check("sum_parts", sum_parts, torch.float32, 6, max_parts.device)
    parts_x, b, kv, g, _ = max_parts.shape
    if max_parts.shape != (parts_x, b, kv, g, 1):
        raise ValueError(f"max_parts: f32[x_part b kv g q] has shape {max_parts.shape}, expected {(parts_x, b, kv, g, 1)}")
    if z_parts.shape != (parts_x, b, kv, g, 1):
        raise ValueError(f"z_parts: f32[x_part b kv g q] has shape {z_parts.shape}, expected {(parts_x, b, kv, g, 1)}")
    if sum_parts.shape != (parts_x, b, kv, g, 1, 64):
        raise ValueError(f"sum_parts: f32[x_part b kv g q d] has shape {sum_parts.shape}, expected {(parts_x, b, kv, g, 1, 64)}")
    out = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=max_parts.device)
    if _is_traced(out):
        return out
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    if BLOCK_X_PART_1 <= 1024:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (b * kv * g * 1 * triton.cdiv(64, BLOCK_D),)
        decode_ragged_joined_rows_kernel[grid](
            max_parts, z_parts, sum_parts, out, max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
            max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
            z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1),
            sum_parts.stride(2), sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), out.stride(0),
            out.stride(1), out.stride(2), out.stride(3), out.stride(4), parts_x, b, kv, g, x, length_x,
            BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_D=BLOCK_D, EXACT_X_PART_1=parts_x == BLOCK_X_PART_1,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X_PART_1, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * kv * g * 1 * triton.cdiv(64, BLOCK_D),)
    decode_ragged_joined_kernel[grid](
        max_parts, z_parts, sum_parts, out, max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
        max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
        z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2),
        sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), out.stride(4), parts_x, b, kv, g, x, length_x,
        BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _decode_ragged_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_decode_ragged_forward(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> out: bf16[b kv g q d], logsum: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 1, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    out = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, kv, g, 1), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_ragged_forward_kernel[grid](
        Q, K, V, filled, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4),
        K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), filled.stride(0), out.stride(0), out.stride(1), out.stride(2), out.stride(3),
        out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3), b, kv, g, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out, logsum


@_operator
def _decode_ragged_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_decode_ragged_backward_buffer_0(d_out: bf16[b kv g q d], out: bf16[b kv g q d]) -> buffer_0: f32[b kv g q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    _check("out", out, torch.bfloat16, 5, d_out.device)
    b, kv, g, _, _ = d_out.shape
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, 1, 64)}")
    buffer_0 = torch.empty((b, kv, g, 1), dtype=torch.float32, device=d_out.device)
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
        grid = (b * kv * g * 1,)
        decode_ragged_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
            buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g,
            BLOCK_D=BLOCK_D, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (b * kv * g * 1,)
    decode_ragged_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _decode_ragged_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_decode_ragged_backward_d_Q(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> d_Q: bf16[b kv g q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    d_Q = torch.empty((b, kv, g, 1, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 1,)
    decode_ragged_backward_d_Q_kernel[grid](
        Q, K, V, filled, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), filled.stride(0), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2),
        logsum.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), d_Q.stride(4), b, kv, g, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _decode_ragged_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_decode_ragged_backward_d_K_d_V(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> d_K: bf16[b kv x d], d_V: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    d_K = torch.empty((b, kv, x, 64), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, kv, x, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_X, BLOCK_G, warps, stages = 64, 16, 8, 1
    grid = (b * kv * triton.cdiv(x, BLOCK_X),)
    decode_ragged_backward_d_K_d_V_kernel[grid](
        Q, K, V, filled, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0),
        V.stride(1), V.stride(2), V.stride(3), filled.stride(0), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_out.stride(3), d_out.stride(4), logsum.stride(0), logsum.stride(1),
        logsum.stride(2), logsum.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), d_V.stride(0),
        d_V.stride(1), d_V.stride(2), d_V.stride(3), b, kv, g, x, BLOCK_G=BLOCK_G, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


class _decode_ragged_autograd(torch.autograd.Function):
    """decode_ragged and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, filled):
        out, logsum = _decode_ragged_forward(Q, K, V, filled)
        ctx.save_for_backward(Q, K, V, filled, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, filled, out, logsum = ctx.saved_tensors
        buffer_0 = _decode_ragged_backward_buffer_0(d_out, out)
        d_Q = _decode_ragged_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0)
        d_K, d_V = _decode_ragged_backward_d_K_d_V(Q, K, V, filled, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.int32)
def decode_ragged(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
    """decode_ragged(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> out: bf16[b kv g q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        return _decode_ragged_autograd.apply(Q, K, V, filled)
    programs = b * kv * triton.cdiv(g, 64)
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            max_parts, z_parts, sum_parts = _decode_ragged_parts(Q, K, V, filled, parts_x, length_x)
            out = _decode_ragged_joined(max_parts, z_parts, sum_parts, x, length_x)
            return out
    out = _decode_ragged(Q, K, V, filled)
    return out


@triton.jit
def decode_few_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, out_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_few, Q_stride_d,
    K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x, V_stride_d,
    out_stride_b, out_stride_kv, out_stride_g, out_stride_few, out_stride_d, size_b, size_kv, size_g, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:32]
    filled = tl.load(filled_ptr)
    # src[decode.diag:29]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + few_index * Q_stride_few + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.maximum(tl.minimum(size_x, few_index + tl.cast(filled, tl.int64) - 3), 0).to(tl.int32)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:34]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[decode.diag:31]
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
    to_x_2 = tl.maximum(tl.minimum(size_x, few_index + tl.cast(filled, tl.int64) - 3), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:34]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:35]
        tile = ((x_index + 4) <= (few_index + filled)) & (x_index < size_x)
        where_g_x = tl.where(tile[None, :], 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[decode.diag:36]
    where_g_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index[:, None] * out_stride_g + few_index * out_stride_few + d_index[None, :] * out_stride_d,
        where_g_d.to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_few_parts_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, max_parts_ptr, z_parts_ptr, sum_parts_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_few, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, max_parts_stride_x_part_1, max_parts_stride_b, max_parts_stride_kv,
    max_parts_stride_g, max_parts_stride_few, z_parts_stride_x_part_1, z_parts_stride_b, z_parts_stride_kv,
    z_parts_stride_g, z_parts_stride_few, sum_parts_stride_x_part_1, sum_parts_stride_b, sum_parts_stride_kv,
    sum_parts_stride_g, sum_parts_stride_few, sum_parts_stride_d, size_b, size_kv, size_g, size_x,
    size_parts_x, size_length_x, BLOCK_X_IN_1: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = (program % size_b).to(tl.int64)
    program = program // size_b
    x_part_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x_in = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x_in = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    mul = x_part_index * size_length_x
    # src[decode.diag:32]
    filled = tl.load(filled_ptr)
    # src[decode.diag:29]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + few_index * Q_stride_few + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x_in = (tl.maximum(tl.minimum(tl.minimum(size_length_x, few_index - 1 * tl.cast(mul, tl.int64) + tl.cast(filled, tl.int64) - 3), -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)) // BLOCK_X_IN_1 * BLOCK_X_IN_1
    # whole tiles, no mask needed
    for first_x_in in tl.range(0, to_x_in, BLOCK_X_IN_1):
        x_in_index = first_x_in + tl.arange(0, BLOCK_X_IN_1)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[decode.diag:34]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x_in = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x_in, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        scale = tl.exp2(max_x_in - next_max_x_in)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x_in - next_max_x_in[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * V_stride_x + d_index[None, :] * V_stride_d,
            mask=((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x_in = tl.dot(e_bf16, V, (acc_x_in * scale[:, None]))
        max_x_in = next_max_x_in
        z = next_z
        acc_x_in = next_acc_x_in
    from_x_in = tl.maximum(0, to_x_in)
    to_x_in_2 = tl.maximum(tl.minimum(tl.minimum(size_length_x, few_index - 1 * tl.cast(mul, tl.int64) + tl.cast(filled, tl.int64) - 3), -1 * tl.cast(mul, tl.int64) + size_x), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_in_2 in tl.range(from_x_in, to_x_in_2, BLOCK_X_IN_1):
        x_in_index = first_x_in_2 + tl.arange(0, BLOCK_X_IN_1)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[decode.diag:34]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:35]
        seen = ((mul + 4) + x_in_index) <= (few_index + filled)
        where_g_x_in = tl.where((seen & (x_in_index < size_length_x))[None, :], 0.18033688011112042 * dot, float("-inf"))
        where_g_x_in_2 = tl.where(((x_in_index + mul) < size_x)[None, :], where_g_x_in, float("-inf"))
        tile_max = tl.max(where_g_x_in_2, 1)
        next_max_x_in = tl.maximum(max_x_in, tile_max)
        safe_next_max_x_in = tl.where(next_max_x_in == float("-inf"), 0.0, next_max_x_in)
        scale = tl.exp2(max_x_in - safe_next_max_x_in)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x_in_2 - safe_next_max_x_in[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + (size_length_x * x_part_index + x_in_index[:, None]) * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_in_index < size_length_x)[:, None] & ((size_length_x * x_part_index + x_in_index[:, None]) >= 0) & ((size_length_x * x_part_index + x_in_index[:, None]) < size_x),
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x_in = tl.dot(e_bf16, V, (acc_x_in * scale[:, None]))
        max_x_in = next_max_x_in
        z = next_z
        acc_x_in = next_acc_x_in
    tl.store(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + few_index * max_parts_stride_few,
        max_x_in,
        mask=(g_index < size_g),
    )
    tl.store(
        z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + few_index * z_parts_stride_few,
        z,
        mask=(g_index < size_g),
    )
    tl.store(
        sum_parts_ptr + x_part_index * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index[:, None] * sum_parts_stride_g + few_index * sum_parts_stride_few + d_index[None, :] * sum_parts_stride_d,
        acc_x_in,
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_few_joined_rows_kernel(
    max_parts_ptr, z_parts_ptr, sum_parts_ptr, out_ptr, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_few, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_few, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_few, sum_parts_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_few, out_stride_d, size_parts_x, size_b, size_kv, size_g, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_X_PART_1: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    x_part_index = tl.arange(0, BLOCK_X_PART_1)
    z_parts = load_tile(
        z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + few_index * z_parts_stride_few,
        (x_part_index < size_parts_x),
        0.0,
        EXACT_X_PART_1,
    )
    max_parts = load_tile(
        max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + few_index * max_parts_stride_few,
        (x_part_index < size_parts_x),
        float("-inf"),
        EXACT_X_PART_1,
    )
    max_ = tl.max(max_parts, 0)
    sub_x_part = max_parts - tl.where(max_ == float("-inf"), 0.0, max_)
    exp2_x_part = tl.exp2(sub_x_part)
    lt_x_part = (x_part_index * size_length_x) < size_x
    where_x_part = tl.where(lt_x_part, exp2_x_part * z_parts, 0.0)
    sum_ = tl.sum(where_x_part, 0)
    sum_parts = tl.load(
        sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + few_index * sum_parts_stride_few + d_index[:, None] * sum_parts_stride_d,
        mask=(x_part_index < size_parts_x)[None, :] & (d_index < 64)[:, None],
        other=0.0,
    )
    where_d_x_part = tl.where(lt_x_part[None, :], exp2_x_part[None, :] * sum_parts, 0.0)
    sum_2 = tl.sum(where_d_x_part, 1)
    tile_bf16 = tl.where(sum_ > 0.0, sum_2 * (1.0 / sum_), 0.0).to(tl.bfloat16)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + few_index * out_stride_few + d_index * out_stride_d,
        tile_bf16,
        mask=(d_index < 64),
    )


@triton.jit
def decode_few_joined_kernel(
    max_parts_ptr, z_parts_ptr, sum_parts_ptr, out_ptr, max_parts_stride_x_part_1, max_parts_stride_b,
    max_parts_stride_kv, max_parts_stride_g, max_parts_stride_few, z_parts_stride_x_part_1, z_parts_stride_b,
    z_parts_stride_kv, z_parts_stride_g, z_parts_stride_few, sum_parts_stride_x_part_1, sum_parts_stride_b,
    sum_parts_stride_kv, sum_parts_stride_g, sum_parts_stride_few, sum_parts_stride_d, out_stride_b,
    out_stride_kv, out_stride_g, out_stride_few, out_stride_d, size_parts_x, size_b, size_kv, size_g, size_x,
    size_length_x, BLOCK_X_PART_1: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    max_x_part = tl.full([], float("-inf"), tl.float32)
    sum_x_part = tl.full([], 0.0, tl.float32)
    sum_x_part_2 = tl.full([BLOCK_D], 0.0, tl.float32)
    to_x_part = size_parts_x // BLOCK_X_PART_1 * BLOCK_X_PART_1
    # whole tiles, no mask needed
    for first_x_part in tl.range(0, to_x_part, BLOCK_X_PART_1):
        x_part_index = first_x_part + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + few_index * max_parts_stride_few,
        )
        tile_max = tl.max(max_parts, 0)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        safe_next_max_x_part = tl.where(next_max_x_part == float("-inf"), 0.0, next_max_x_part)
        scale = tl.exp2(max_x_part - safe_next_max_x_part)
        z_parts = tl.load(
            z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + few_index * z_parts_stride_few,
        )
        exp2_x_part = tl.exp2(max_parts - safe_next_max_x_part)
        lt_x_part = (x_part_index * size_length_x) < size_x
        where_x_part = tl.where(lt_x_part, exp2_x_part * z_parts, 0.0)
        tile_sum = tl.sum(where_x_part, 0)
        next_sum_x_part = (sum_x_part * scale) + tile_sum
        sum_parts = tl.load(
            sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + few_index * sum_parts_stride_few + d_index[:, None] * sum_parts_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        where_d_x_part = tl.where(lt_x_part[None, :], exp2_x_part[None, :] * sum_parts, 0.0)
        tile_sum_2 = tl.sum(where_d_x_part, 1)
        next_sum_x_part_2 = (sum_x_part_2 * scale) + tile_sum_2
        max_x_part = next_max_x_part
        sum_x_part = next_sum_x_part
        sum_x_part_2 = next_sum_x_part_2
    from_x_part = tl.maximum(0, to_x_part)
    # tiles that a mask or the end cuts
    for first_x_part_2 in tl.range(from_x_part, size_parts_x, BLOCK_X_PART_1):
        x_part_index = first_x_part_2 + tl.arange(0, BLOCK_X_PART_1)
        max_parts = tl.load(
            max_parts_ptr + x_part_index * max_parts_stride_x_part_1 + b_index * max_parts_stride_b + kv_index * max_parts_stride_kv + g_index * max_parts_stride_g + few_index * max_parts_stride_few,
            mask=(x_part_index < size_parts_x),
            other=float("-inf"),
        )
        tile_max = tl.max(max_parts, 0)
        next_max_x_part = tl.maximum(max_x_part, tile_max)
        safe_next_max_x_part = tl.where(next_max_x_part == float("-inf"), 0.0, next_max_x_part)
        scale = tl.exp2(max_x_part - safe_next_max_x_part)
        z_parts = tl.load(
            z_parts_ptr + x_part_index * z_parts_stride_x_part_1 + b_index * z_parts_stride_b + kv_index * z_parts_stride_kv + g_index * z_parts_stride_g + few_index * z_parts_stride_few,
            mask=(x_part_index < size_parts_x),
            other=0.0,
        )
        exp2_x_part = tl.exp2(max_parts - safe_next_max_x_part)
        lt_x_part = (x_part_index * size_length_x) < size_x
        where_x_part = tl.where(lt_x_part, exp2_x_part * z_parts, 0.0)
        tile_sum = tl.sum(where_x_part, 0)
        next_sum_x_part = (sum_x_part * scale) + tile_sum
        sum_parts = tl.load(
            sum_parts_ptr + x_part_index[None, :] * sum_parts_stride_x_part_1 + b_index * sum_parts_stride_b + kv_index * sum_parts_stride_kv + g_index * sum_parts_stride_g + few_index * sum_parts_stride_few + d_index[:, None] * sum_parts_stride_d,
            mask=(x_part_index < size_parts_x)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        where_d_x_part = tl.where(lt_x_part[None, :], exp2_x_part[None, :] * sum_parts, 0.0)
        tile_sum_2 = tl.sum(where_d_x_part, 1)
        next_sum_x_part_2 = (sum_x_part_2 * scale) + tile_sum_2
        max_x_part = next_max_x_part
        sum_x_part = next_sum_x_part
        sum_x_part_2 = next_sum_x_part_2
    where_d = tl.where(sum_x_part > 0.0, sum_x_part_2 * (1.0 / sum_x_part), 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + few_index * out_stride_few + d_index * out_stride_d,
        where_d.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def decode_few_forward_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_kv, Q_stride_g, Q_stride_few,
    Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b, V_stride_kv, V_stride_x,
    V_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_few, out_stride_d, logsum_stride_b,
    logsum_stride_kv, logsum_stride_g, logsum_stride_few, size_b, size_kv, size_g, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_G], float("-inf"), tl.float32)
    z = tl.full([BLOCK_G], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:32]
    filled = tl.load(filled_ptr)
    # src[decode.diag:29]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + few_index * Q_stride_few + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.maximum(tl.minimum(size_x, few_index + tl.cast(filled, tl.int64) - 3), 0).to(tl.int32)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:34]
        dot = tl.dot(Q, tl.trans(K))
        mul_g_x = 0.18033688011112042 * dot
        tile_max = tl.max(mul_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_g_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.maximum(tl.minimum(size_x, few_index + tl.cast(filled, tl.int64) - 3), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:34]
        dot = tl.dot(Q, tl.trans(K))
        # src[decode.diag:35]
        tile = ((x_index + 4) <= (few_index + filled)) & (x_index < size_x)
        where_g_x = tl.where(tile[None, :], 0.18033688011112042 * dot, float("-inf"))
        tile_max = tl.max(where_g_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_g_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[decode.diag:36]
    where_g_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index[:, None] * out_stride_g + few_index * out_stride_few + d_index[None, :] * out_stride_d,
        where_g_d.to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + few_index * logsum_stride_few,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(g_index < size_g),
    )


@triton.jit
def decode_few_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_few,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_few, out_stride_d,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_few, size_b, size_kv, size_g,
    BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + few_index * d_out_stride_few + d_index * d_out_stride_d,
    )
    out = tl.load(
        out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + few_index * out_stride_few + d_index * out_stride_d,
    )
    mul_d = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + few_index * buffer_0_stride_few,
        sum_,
    )


@triton.jit
def decode_few_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_few,
    d_out_stride_d, out_stride_b, out_stride_kv, out_stride_g, out_stride_few, out_stride_d,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_few, size_b, size_kv, size_g,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    g_index = (program % size_g).to(tl.int64)
    program = program // size_g
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + few_index * d_out_stride_few + d_index * d_out_stride_d,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + few_index * out_stride_few + d_index * out_stride_d,
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
            d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index * d_out_stride_g + few_index * d_out_stride_few + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + kv_index * out_stride_kv + g_index * out_stride_g + few_index * out_stride_few + d_index * out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        mul_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + few_index * buffer_0_stride_few,
        acc_d,
    )


@triton.jit
def decode_few_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_kv,
    Q_stride_g, Q_stride_few, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d, V_stride_b,
    V_stride_kv, V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g, d_out_stride_few,
    d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_few, buffer_0_stride_b,
    buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_few, d_Q_stride_b, d_Q_stride_kv, d_Q_stride_g,
    d_Q_stride_few, d_Q_stride_d, size_b, size_kv, size_g, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_G: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_g = (program % tl.cdiv(size_g, BLOCK_G)) * BLOCK_G
    g_index = first_g + tl.arange(0, BLOCK_G)
    program = program // tl.cdiv(size_g, BLOCK_G)
    few_index = (program % 4).to(tl.int64)
    program = program // 4
    kv_index = (program % size_kv).to(tl.int64)
    program = program // size_kv
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_G, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:32]
    filled = tl.load(filled_ptr)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + few_index * buffer_0_stride_few,
        mask=(g_index < size_g),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + few_index * d_out_stride_few + d_index[None, :] * d_out_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + few_index * logsum_stride_few,
        mask=(g_index < size_g),
        other=0.0,
    )
    mul_g = 1.4426950408889634 * logsum
    # src[decode.diag:29]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + few_index * Q_stride_few + d_index[None, :] * Q_stride_d,
        mask=(g_index < size_g)[:, None],
        other=0.0,
    )
    to_x = (tl.maximum(tl.minimum(size_x, few_index + tl.cast(filled, tl.int64) - 3), 0).to(tl.int32)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[decode.diag:34]
        dot_2 = tl.dot(Q, tl.trans(K))
        exp2_g_x = tl.exp2((0.18033688011112042 * dot_2) - mul_g[:, None])
        tile_bf16 = ((dot - buffer_0[:, None]) * exp2_g_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.maximum(tl.minimum(size_x, few_index + tl.cast(filled, tl.int64) - 3), 0).to(tl.int32)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[decode.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[decode.diag:31]
        V = tl.load(
            V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[decode.diag:34]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[decode.diag:35]
        tile = ((4 + x_index) <= (few_index + filled)) & (x_index < size_x)
        where_g_x = tl.where(tile[None, :], 0.18033688011112042 * dot_2, float("-inf"))
        sub_g_x = where_g_x - tl.where(mul_g == float("-inf"), 0.0, mul_g)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_g_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + kv_index * d_Q_stride_kv + g_index[:, None] * d_Q_stride_g + few_index * d_Q_stride_few + d_index[None, :] * d_Q_stride_d,
        (0.125 * acc_x).to(tl.bfloat16),
        mask=(g_index < size_g)[:, None],
    )


@triton.jit
def decode_few_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, filled_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b,
    Q_stride_kv, Q_stride_g, Q_stride_few, Q_stride_d, K_stride_b, K_stride_kv, K_stride_x, K_stride_d,
    V_stride_b, V_stride_kv, V_stride_x, V_stride_d, d_out_stride_b, d_out_stride_kv, d_out_stride_g,
    d_out_stride_few, d_out_stride_d, logsum_stride_b, logsum_stride_kv, logsum_stride_g, logsum_stride_few,
    buffer_0_stride_b, buffer_0_stride_kv, buffer_0_stride_g, buffer_0_stride_few, d_K_stride_b,
    d_K_stride_kv, d_K_stride_x, d_K_stride_d, d_V_stride_b, d_V_stride_kv, d_V_stride_x, d_V_stride_d,
    size_b, size_kv, size_g, size_x, BLOCK_G: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_g_few = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_g_few_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[decode.diag:31]
    V = tl.load(
        V_ptr + b_index * V_stride_b + kv_index * V_stride_kv + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[decode.diag:30]
    K = tl.load(
        K_ptr + b_index * K_stride_b + kv_index * K_stride_kv + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[decode.diag:32]
    filled = tl.load(filled_ptr)
    for few_index in tl.range(0, 4):
        # src[decode.diag:35]
        seen = (4 + x_index) <= (few_index + filled)
        to_g = size_g // BLOCK_G * BLOCK_G
        # whole tiles, no mask needed
        for first_g in tl.range(0, to_g, BLOCK_G):
            g_index = first_g + tl.arange(0, BLOCK_G)
            # src[decode.diag:29]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + few_index * Q_stride_few + d_index[None, :] * Q_stride_d,
            )
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + few_index * buffer_0_stride_few,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + few_index * d_out_stride_few + d_index[None, :] * d_out_stride_d,
            )
            dot = tl.dot(V, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + few_index * logsum_stride_few,
            )
            mul_g = 1.4426950408889634 * logsum
            # src[decode.diag:34]
            dot_2 = tl.dot(K, tl.trans(Q))
            where_x_g = tl.where(seen[:, None], 0.18033688011112042 * dot_2, float("-inf"))
            sub_x_g = where_x_g - tl.where(mul_g == float("-inf"), 0.0, mul_g)[None, :]
            exp2_x_g = tl.exp2(sub_x_g)
            tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_g).to(tl.bfloat16)
            next_acc_g_few = tl.dot(tile_bf16, Q, acc_g_few)
            tile_bf16_2 = exp2_x_g.to(tl.bfloat16)
            next_acc_g_few_2 = tl.dot(tile_bf16_2, d_out, acc_g_few_2)
            acc_g_few = next_acc_g_few
            acc_g_few_2 = next_acc_g_few_2
        from_g = tl.maximum(0, to_g)
        # tiles that a mask or the end cuts
        for first_g_2 in tl.range(from_g, size_g, BLOCK_G):
            g_index = first_g_2 + tl.arange(0, BLOCK_G)
            # src[decode.diag:29]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + kv_index * Q_stride_kv + g_index[:, None] * Q_stride_g + few_index * Q_stride_few + d_index[None, :] * Q_stride_d,
                mask=(g_index < size_g)[:, None],
                other=0.0,
            )
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + kv_index * buffer_0_stride_kv + g_index * buffer_0_stride_g + few_index * buffer_0_stride_few,
                mask=(g_index < size_g),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + kv_index * d_out_stride_kv + g_index[:, None] * d_out_stride_g + few_index * d_out_stride_few + d_index[None, :] * d_out_stride_d,
                mask=(g_index < size_g)[:, None],
                other=0.0,
            )
            dot = tl.dot(V, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + kv_index * logsum_stride_kv + g_index * logsum_stride_g + few_index * logsum_stride_few,
                mask=(g_index < size_g),
                other=0.0,
            )
            mul_g = 1.4426950408889634 * logsum
            # src[decode.diag:34]
            dot_2 = tl.dot(K, tl.trans(Q))
            where_x_g = tl.where(seen[:, None] & (g_index < size_g)[None, :], 0.18033688011112042 * dot_2, float("-inf"))
            sub_x_g = where_x_g - tl.where(mul_g == float("-inf"), 0.0, mul_g)[None, :]
            exp2_x_g = tl.exp2(sub_x_g)
            tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_g).to(tl.bfloat16)
            next_acc_g_few = tl.dot(tile_bf16, Q, acc_g_few)
            tile_bf16_2 = exp2_x_g.to(tl.bfloat16)
            next_acc_g_few_2 = tl.dot(tile_bf16_2, d_out, acc_g_few_2)
            acc_g_few = next_acc_g_few
            acc_g_few_2 = next_acc_g_few_2
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + kv_index * d_K_stride_kv + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (0.125 * acc_g_few).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + kv_index * d_V_stride_kv + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_g_few_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@_operator
def _decode_few(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
    """_decode_few(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> out: bf16[b kv g few d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    out = torch.empty((b, kv, g, 4, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 4,)
    decode_few_kernel[grid](
        Q, K, V, filled, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4), b, kv, g, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _decode_few_parts(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    parts_x: int,
    length_x: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_decode_few_parts(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> max_parts: f32[x_part b kv g few], z_parts: f32[x_part b kv g few], sum_parts: f32[x_part b kv g few d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    max_parts = torch.empty((parts_x, b, kv, g, 4), dtype=torch.float32, device=Q.device)
    z_parts = torch.empty((parts_x, b, kv, g, 4), dtype=torch.float32, device=Q.device)
    sum_parts = torch.empty((parts_x, b, kv, g, 4, 64), dtype=torch.float32, device=Q.device)
    if _is_traced(max_parts):
        return max_parts, z_parts, sum_parts
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X_IN_1, warps, stages = 64, 64, 4, 2
    grid = (parts_x * b * kv * triton.cdiv(g, BLOCK_G) * 4,)
    decode_few_parts_kernel[grid](
        Q, K, V, filled, max_parts, z_parts, sum_parts, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
        max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
        z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2),
        sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), b, kv, g, x, parts_x, length_x,
        BLOCK_X_IN_1=BLOCK_X_IN_1, BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return max_parts, z_parts, sum_parts


@_operator
def _decode_few_joined(
    max_parts: torch.Tensor,
    z_parts: torch.Tensor,
    sum_parts: torch.Tensor,
    x: int,
    length_x: int,
) -> torch.Tensor:
    """_decode_few_joined(max_parts: f32[x_part b kv g few], z_parts: f32[x_part b kv g few], sum_parts: f32[x_part b kv g few d]) -> out: bf16[b kv g few d]. Any strides; sizes are read off the shapes."""
    _check("max_parts", max_parts, torch.float32, 5, max_parts.device)
    _check("z_parts", z_parts, torch.float32, 5, max_parts.device)
    _check("sum_parts", sum_parts, torch.float32, 6, max_parts.device)
    parts_x, b, kv, g, _ = max_parts.shape
    if max_parts.shape != (parts_x, b, kv, g, 4):
        raise ValueError(f"max_parts: f32[x_part b kv g few] has shape {max_parts.shape}, expected {(parts_x, b, kv, g, 4)}")
    if z_parts.shape != (parts_x, b, kv, g, 4):
        raise ValueError(f"z_parts: f32[x_part b kv g few] has shape {z_parts.shape}, expected {(parts_x, b, kv, g, 4)}")
    if sum_parts.shape != (parts_x, b, kv, g, 4, 64):
        raise ValueError(f"sum_parts: f32[x_part b kv g few d] has shape {sum_parts.shape}, expected {(parts_x, b, kv, g, 4, 64)}")
    out = torch.empty((b, kv, g, 4, 64), dtype=torch.bfloat16, device=max_parts.device)
    if _is_traced(out):
        return out
    BLOCK_X_PART_1 = max(16, triton.next_power_of_2(parts_x))
    if BLOCK_X_PART_1 <= 1024:
        if BLOCK_X_PART_1 <= 16:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_X_PART_1 <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (b * kv * g * 4 * triton.cdiv(64, BLOCK_D),)
        decode_few_joined_rows_kernel[grid](
            max_parts, z_parts, sum_parts, out, max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
            max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
            z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1),
            sum_parts.stride(2), sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), out.stride(0),
            out.stride(1), out.stride(2), out.stride(3), out.stride(4), parts_x, b, kv, g, x, length_x,
            BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_D=BLOCK_D, EXACT_X_PART_1=parts_x == BLOCK_X_PART_1,
            num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X_PART_1, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * kv * g * 4 * triton.cdiv(64, BLOCK_D),)
    decode_few_joined_kernel[grid](
        max_parts, z_parts, sum_parts, out, max_parts.stride(0), max_parts.stride(1), max_parts.stride(2),
        max_parts.stride(3), max_parts.stride(4), z_parts.stride(0), z_parts.stride(1), z_parts.stride(2),
        z_parts.stride(3), z_parts.stride(4), sum_parts.stride(0), sum_parts.stride(1), sum_parts.stride(2),
        sum_parts.stride(3), sum_parts.stride(4), sum_parts.stride(5), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), out.stride(4), parts_x, b, kv, g, x, length_x,
        BLOCK_X_PART_1=BLOCK_X_PART_1, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _decode_few_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_decode_few_forward(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> out: bf16[b kv g few d], logsum: f32[b kv g few]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    out = torch.empty((b, kv, g, 4, 64), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, kv, g, 4), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 64, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 4,)
    decode_few_forward_kernel[grid](
        Q, K, V, filled, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4),
        K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3), b, kv, g, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _decode_few_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_decode_few_backward_buffer_0(d_out: bf16[b kv g few d], out: bf16[b kv g few d]) -> buffer_0: f32[b kv g few]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    _check("out", out, torch.bfloat16, 5, d_out.device)
    b, kv, g, _, _ = d_out.shape
    if d_out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"d_out: bf16[b kv g few d] has shape {d_out.shape}, expected {(b, kv, g, 4, 64)}")
    if out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"out: bf16[b kv g few d] has shape {out.shape}, expected {(b, kv, g, 4, 64)}")
    buffer_0 = torch.empty((b, kv, g, 4), dtype=torch.float32, device=d_out.device)
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
        grid = (b * kv * g * 4,)
        decode_few_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
            buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g,
            BLOCK_D=BLOCK_D, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (b * kv * g * 4,)
    decode_few_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), out.stride(0), out.stride(1), out.stride(2), out.stride(3), out.stride(4),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, kv, g,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _decode_few_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_decode_few_backward_d_Q(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g few d], logsum: f32[b kv g few], buffer_0: f32[b kv g few]) -> d_Q: bf16[b kv g few d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"d_out: bf16[b kv g few d] has shape {d_out.shape}, expected {(b, kv, g, 4, 64)}")
    if logsum.shape != (b, kv, g, 4):
        raise ValueError(f"logsum: f32[b kv g few] has shape {logsum.shape}, expected {(b, kv, g, 4)}")
    if buffer_0.shape != (b, kv, g, 4):
        raise ValueError(f"buffer_0: f32[b kv g few] has shape {buffer_0.shape}, expected {(b, kv, g, 4)}")
    d_Q = torch.empty((b, kv, g, 4, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_G, BLOCK_X, warps, stages = 64, 32, 4, 2
    grid = (b * kv * triton.cdiv(g, BLOCK_G) * 4,)
    decode_few_backward_d_Q_kernel[grid](
        Q, K, V, filled, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2), logsum.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_Q.stride(0),
        d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), d_Q.stride(4), b, kv, g, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_G=BLOCK_G, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _decode_few_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    filled: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_decode_few_backward_d_K_d_V(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g few d], logsum: f32[b kv g few], buffer_0: f32[b kv g few]) -> d_K: bf16[b kv x d], d_V: bf16[b kv x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 5, Q.device)
    _check("logsum", logsum, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 4, Q.device)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"d_out: bf16[b kv g few d] has shape {d_out.shape}, expected {(b, kv, g, 4, 64)}")
    if logsum.shape != (b, kv, g, 4):
        raise ValueError(f"logsum: f32[b kv g few] has shape {logsum.shape}, expected {(b, kv, g, 4)}")
    if buffer_0.shape != (b, kv, g, 4):
        raise ValueError(f"buffer_0: f32[b kv g few] has shape {buffer_0.shape}, expected {(b, kv, g, 4)}")
    d_K = torch.empty((b, kv, x, 64), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, kv, x, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_X, BLOCK_G, warps, stages = 64, 16, 8, 1
    grid = (b * kv * triton.cdiv(x, BLOCK_X),)
    decode_few_backward_d_K_d_V_kernel[grid](
        Q, K, V, filled, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0),
        V.stride(1), V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), d_out.stride(4), logsum.stride(0), logsum.stride(1), logsum.stride(2),
        logsum.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), d_V.stride(0), d_V.stride(1),
        d_V.stride(2), d_V.stride(3), b, kv, g, x, BLOCK_G=BLOCK_G, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X,
        EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


class _decode_few_autograd(torch.autograd.Function):
    """decode_few and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, filled):
        out, logsum = _decode_few_forward(Q, K, V, filled)
        ctx.save_for_backward(Q, K, V, filled, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, filled, out, logsum = ctx.saved_tensors
        buffer_0 = _decode_few_backward_buffer_0(d_out, out)
        d_Q = _decode_few_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0)
        d_K, d_V = _decode_few_backward_d_K_d_V(Q, K, V, filled, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.int32)
def decode_few(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
    """decode_few(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> out: bf16[b kv g few d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        return _decode_few_autograd.apply(Q, K, V, filled)
    programs = b * kv * triton.cdiv(g, 64) * 4
    processors = _processors(Q)
    if 0 < 2 * programs <= processors:
        if x >= 512:
            parts_x = min(triton.cdiv(x, 256), triton.cdiv(processors, programs))
            length_x = triton.cdiv(x, parts_x * 256) * 256
            parts_x = triton.cdiv(x, length_x)
            max_parts, z_parts, sum_parts = _decode_few_parts(Q, K, V, filled, parts_x, length_x)
            out = _decode_few_joined(max_parts, z_parts, sum_parts, x, length_x)
            return out
    out = _decode_few(Q, K, V, filled)
    return out
