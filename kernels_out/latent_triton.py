"""Fused kernels for mla, mla_decode.

Made by diagc 0.1.0 from latent.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["mla", "mla_decode"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of latent_jax.py do, on NumPy arrays")
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
    """A function of latent_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by latent_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("latent_jax.py")
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
    """A function that on a CPU is that of latent_jax.py; `params` are the places of what it takes as parameters."""

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
def mla_K_kernel(
    C_ptr, U_ptr, K_ptr, C_stride_b, C_stride_x, C_stride_r, U_stride_h, U_stride_r, U_stride_d, K_stride_b,
    K_stride_h, K_stride_x, K_stride_d, size_b, size_x, size_h, BLOCK_R: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(C, tl.trans(U), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(r_index < 256)[None, :] & (d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(C, tl.trans(U), acc_r)
        acc_r = next_acc_r
    tl.store(
        K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        acc_r.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < 128)[None, :],
    )


@triton.jit
def mla_out_kernel(
    Q_ptr, R_ptr, C_ptr, T_ptr, W_ptr, K_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d,
    R_stride_b, R_stride_h, R_stride_q, R_stride_p, C_stride_b, C_stride_x, C_stride_r, T_stride_b,
    T_stride_x, T_stride_p, W_stride_h, W_stride_r, W_stride_e, K_stride_b, K_stride_h, K_stride_x,
    K_stride_d, out_stride_b, out_stride_h, out_stride_q, out_stride_e, size_b, size_h, size_q, size_x,
    BLOCK_X: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_R: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_P: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_R: tl.constexpr, EXACT_Q: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    p_index = tl.arange(0, BLOCK_P)
    d_index = tl.arange(0, BLOCK_D)
    r_index = tl.arange(0, BLOCK_R)
    q_index = tl.arange(0, BLOCK_Q)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[latent.diag:8]
    Q = load_tile(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        (q_index < size_q)[:, None],
        0.0,
        EXACT_Q,
    )
    # src[latent.diag:9]
    R = load_tile(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        (q_index < size_q)[:, None],
        0.0,
        EXACT_Q,
    )
    # src[latent.diag:13]
    W = tl.load(W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e)
    to_x = (tl.minimum(size_x, 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[latent.diag:17]
        dot = tl.dot(K, tl.trans(Q))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(T, tl.trans(R))
        mul_x_q = 0.10411754627697266 * (dot_2 + dot)
        tile_max = tl.max(mul_x_q, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x_q - next_max_x[None, :])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
        )
        # src[latent.diag:16]
        dot_3 = tl.dot(C, tl.trans(W))
        dot_bf16 = dot_3.to(tl.bfloat16)
        next_acc_x = tl.dot(tl.trans(e_bf16), dot_bf16, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, size_q)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot = tl.dot(K, tl.trans(Q))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(T, tl.trans(R))
        # src[latent.diag:18]
        tile = (x_index[:, None] <= q_index[None, :]) & (x_index < size_x)[:, None]
        where_x_q = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        tile_max = tl.max(where_x_q, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_x_q - safe_next_max_x[None, :])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        dot_3 = tl.dot(C, tl.trans(W))
        dot_bf16 = dot_3.to(tl.bfloat16)
        next_acc_x = tl.dot(tl.trans(e_bf16), dot_bf16, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[latent.diag:18]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )


@triton.jit
def mla_long_K_kernel(
    C_ptr, U_ptr, K_ptr, C_stride_b, C_stride_x, C_stride_r, U_stride_h, U_stride_r, U_stride_d, K_stride_b,
    K_stride_h, K_stride_x, K_stride_d, size_b, size_x, size_h, BLOCK_R: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(C, tl.trans(U), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(r_index < 256)[None, :] & (d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(C, tl.trans(U), acc_r)
        acc_r = next_acc_r
    tl.store(
        K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        acc_r.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < 128)[None, :],
    )


@triton.jit
def mla_long_V_kernel(
    C_ptr, W_ptr, V_ptr, C_stride_b, C_stride_x, C_stride_r, W_stride_h, W_stride_r, W_stride_e, V_stride_b,
    V_stride_h, V_stride_e, V_stride_x, size_b, size_x, size_h, BLOCK_R: tl.constexpr, BLOCK_E: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_E, BLOCK_X], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:13]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        next_acc_r = tl.dot(W, tl.trans(C), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:13]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(r_index < 256)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:16]
        next_acc_r = tl.dot(W, tl.trans(C), acc_r)
        acc_r = next_acc_r
    tl.store(
        V_ptr + b_index * V_stride_b + h_index * V_stride_h + e_index[:, None] * V_stride_e + x_index[None, :] * V_stride_x,
        acc_r.to(tl.bfloat16),
        mask=(e_index < 128)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def mla_long_out_kernel(
    Q_ptr, R_ptr, T_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b,
    R_stride_h, R_stride_q, R_stride_p, T_stride_b, T_stride_x, T_stride_p, K_stride_b, K_stride_h,
    K_stride_x, K_stride_d, V_stride_b, V_stride_h, V_stride_e, V_stride_x, out_stride_b, out_stride_h,
    out_stride_q, out_stride_e, size_b, size_h, size_q, size_x, BLOCK_X: tl.constexpr, BLOCK_P: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_P: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    p_index = tl.arange(0, BLOCK_P)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[latent.diag:8]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[latent.diag:9]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        )
        # src[latent.diag:17]
        dot = tl.dot(Q, tl.trans(K))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(R, tl.trans(T))
        mul_q_x = 0.10411754627697266 * (dot_2 + dot)
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
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + e_index[None, :] * V_stride_e + x_index[:, None] * V_stride_x,
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
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot = tl.dot(Q, tl.trans(K))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(R, tl.trans(T))
        # src[latent.diag:18]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
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
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + e_index[None, :] * V_stride_e + x_index[:, None] * V_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[latent.diag:18]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )


@triton.jit
def mla_forward_state_kernel(
    C_ptr, U_ptr, state_ptr, C_stride_b, C_stride_x, C_stride_r, U_stride_h, U_stride_r, U_stride_d,
    state_stride_b, state_stride_h, state_stride_d, state_stride_x, size_b, size_x, size_h,
    BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_D, BLOCK_X], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(U, tl.trans(C), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(r_index < 256)[None, :] & (d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(U, tl.trans(C), acc_r)
        acc_r = next_acc_r
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[:, None] * state_stride_d + x_index[None, :] * state_stride_x,
        acc_r,
        mask=(d_index < 128)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def mla_forward_out_kernel(
    Q_ptr, R_ptr, C_ptr, T_ptr, W_ptr, state_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d,
    R_stride_b, R_stride_h, R_stride_q, R_stride_p, C_stride_b, C_stride_x, C_stride_r, T_stride_b,
    T_stride_x, T_stride_p, W_stride_h, W_stride_r, W_stride_e, state_stride_b, state_stride_h,
    state_stride_d, state_stride_x, out_stride_b, out_stride_h, out_stride_q, out_stride_e, size_b, size_h,
    size_q, size_x, BLOCK_X: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr, EXACT_P: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_R: tl.constexpr, EXACT_Q: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    p_index = tl.arange(0, BLOCK_P)
    d_index = tl.arange(0, BLOCK_D)
    r_index = tl.arange(0, BLOCK_R)
    q_index = tl.arange(0, BLOCK_Q)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[latent.diag:8]
    Q = load_tile(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        (q_index < size_q)[:, None],
        0.0,
        EXACT_Q,
    )
    # src[latent.diag:9]
    R = load_tile(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        (q_index < size_q)[:, None],
        0.0,
        EXACT_Q,
    )
    # src[latent.diag:13]
    W = tl.load(W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e)
    to_x = (tl.minimum(size_x, 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[latent.diag:17]
        dot = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(T, tl.trans(R))
        mul_x_q = 0.10411754627697266 * (dot_2 + dot)
        tile_max = tl.max(mul_x_q, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x_q - next_max_x[None, :])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
        )
        # src[latent.diag:16]
        dot_3 = tl.dot(C, tl.trans(W))
        dot_bf16 = dot_3.to(tl.bfloat16)
        next_acc_x = tl.dot(tl.trans(e_bf16), dot_bf16, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, size_q)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[latent.diag:17]
        dot = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(T, tl.trans(R))
        # src[latent.diag:18]
        tile = (x_index[:, None] <= q_index[None, :]) & (x_index < size_x)[:, None]
        where_x_q = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        tile_max = tl.max(where_x_q, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_x_q - safe_next_max_x[None, :])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        dot_3 = tl.dot(C, tl.trans(W))
        dot_bf16 = dot_3.to(tl.bfloat16)
        next_acc_x = tl.dot(tl.trans(e_bf16), dot_bf16, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[latent.diag:18]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )


@triton.jit
def mla_forward_logsum_kernel(
    Q_ptr, R_ptr, T_ptr, state_ptr, logsum_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b,
    R_stride_h, R_stride_q, R_stride_p, T_stride_b, T_stride_x, T_stride_p, state_stride_b, state_stride_h,
    state_stride_d, state_stride_x, logsum_stride_b, logsum_stride_h, logsum_stride_q, size_b, size_h, size_q,
    size_x, BLOCK_X: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_P: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    p_index = tl.arange(0, BLOCK_P)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[latent.diag:8]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[latent.diag:9]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[latent.diag:17]
        dot = tl.dot(Q, tl.trans(state_bf16))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(R, tl.trans(T))
        mul_q_x = 0.10411754627697266 * (dot_2 + dot)
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
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[latent.diag:17]
        dot = tl.dot(Q, tl.trans(state_bf16))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(R, tl.trans(T))
        # src[latent.diag:18]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
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
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def mla_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    out = tl.load(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
    )
    mul_e = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def mla_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = (128) // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
        )
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, 128, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < 128),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < 128),
            other=0.0,
        )
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        acc_e,
    )


@triton.jit
def mla_backward_V_kernel(
    C_ptr, W_ptr, V_ptr, C_stride_b, C_stride_x, C_stride_r, W_stride_h, W_stride_r, W_stride_e, V_stride_b,
    V_stride_h, V_stride_x, V_stride_e, size_b, size_x, size_h, BLOCK_R: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:13]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        next_acc_r = tl.dot(C, tl.trans(W), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:13]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(r_index < 256)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        next_acc_r = tl.dot(C, tl.trans(W), acc_r)
        acc_r = next_acc_r
    tl.store(
        V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        acc_r.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < 128)[None, :],
    )


@triton.jit
def mla_backward_buffer_5_buffer_6_kernel(
    Q_ptr, R_ptr, T_ptr, d_out_ptr, logsum_ptr, state_ptr, V_ptr, buffer_0_ptr, buffer_5_ptr, buffer_6_ptr,
    Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b, R_stride_h, R_stride_q, R_stride_p,
    T_stride_b, T_stride_x, T_stride_p, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    logsum_stride_b, logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h, state_stride_d,
    state_stride_x, V_stride_b, V_stride_h, V_stride_x, V_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, buffer_5_stride_b, buffer_5_stride_h, buffer_5_stride_d, buffer_5_stride_x,
    buffer_6_stride_b, buffer_6_stride_h, buffer_6_stride_x, buffer_6_stride_e, size_b, size_h, size_q,
    size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_P: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr, EXACT_P: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    p_index = tl.arange(0, BLOCK_P)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[latent.diag:11]
    T = tl.load(
        T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    state_bf16 = state.to(tl.bfloat16)
    V = tl.load(
        V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_q = logsum * 1.4426950408889634
        # src[latent.diag:9]
        R = tl.load(
            R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot = tl.dot(T, tl.trans(R))
        # src[latent.diag:8]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:18]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        dot_3 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_3 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        )
        # src[latent.diag:9]
        R = tl.load(
            R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        )
        # src[latent.diag:17]
        dot = tl.dot(T, tl.trans(R))
        # src[latent.diag:8]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(state_bf16, tl.trans(Q))
        sub_x_q = (0.10411754627697266 * (dot_2 + dot)) - (logsum * 1.4426950408889634)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        )
        dot_3 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_3 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_q = logsum * 1.4426950408889634
        # src[latent.diag:9]
        R = tl.load(
            R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot = tl.dot(T, tl.trans(R))
        # src[latent.diag:8]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:18]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        dot_3 = tl.dot(V, tl.trans(d_out))
        tile_bf16 = (exp2_x_q * (dot_3 - buffer_0[None, :])).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + d_index[None, :] * buffer_5_stride_d + x_index[:, None] * buffer_5_stride_x,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + x_index[:, None] * buffer_6_stride_x + e_index[None, :] * buffer_6_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@triton.jit
def mla_backward_d_Q_d_R_kernel(
    Q_ptr, R_ptr, T_ptr, d_out_ptr, logsum_ptr, state_ptr, V_ptr, buffer_0_ptr, d_Q_ptr, d_R_ptr, Q_stride_b,
    Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b, R_stride_h, R_stride_q, R_stride_p, T_stride_b,
    T_stride_x, T_stride_p, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h, state_stride_d, state_stride_x,
    V_stride_b, V_stride_h, V_stride_x, V_stride_e, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q,
    d_Q_stride_b, d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, d_R_stride_b, d_R_stride_h, d_R_stride_q,
    d_R_stride_p, size_b, size_h, size_q, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_P: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_P: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    p_index = tl.arange(0, BLOCK_P)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_P], 0.0, tl.float32)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = logsum * 1.4426950408889634
    # src[latent.diag:9]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[latent.diag:8]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot = tl.dot(R, tl.trans(T))
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_bf16 = state.to(tl.bfloat16)
        dot_2 = tl.dot(Q, tl.trans(state_bf16))
        sub_q_x = (0.10411754627697266 * (dot_2 + dot)) - mul_q[:, None]
        exp2_q_x = tl.exp2(sub_q_x)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        )
        dot_3 = tl.dot(d_out, tl.trans(V))
        sub_q_x_2 = dot_3 - buffer_0[:, None]
        tile_bf16 = (exp2_q_x * sub_q_x_2).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, state_bf16, acc_x)
        tile_bf16_2 = (exp2_q_x * sub_q_x_2).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16_2, T, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot = tl.dot(R, tl.trans(T))
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        dot_2 = tl.dot(Q, tl.trans(state_bf16))
        # src[latent.diag:18]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        dot_3 = tl.dot(d_out, tl.trans(V))
        sub_q_x_2 = dot_3 - buffer_0[:, None]
        tile_bf16 = (exp2_q_x * sub_q_x_2).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, state_bf16, acc_x)
        tile_bf16_2 = (exp2_q_x * sub_q_x_2).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16_2, T, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * 0.07216878364870323).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )
    tl.store(
        d_R_ptr + b_index * d_R_stride_b + h_index * d_R_stride_h + q_index[:, None] * d_R_stride_q + p_index[None, :] * d_R_stride_p,
        (acc_x_2 * 0.07216878364870323).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )


@triton.jit
def mla_backward_d_T_kernel(
    Q_ptr, R_ptr, T_ptr, d_out_ptr, logsum_ptr, state_ptr, V_ptr, buffer_0_ptr, d_T_ptr, Q_stride_b,
    Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b, R_stride_h, R_stride_q, R_stride_p, T_stride_b,
    T_stride_x, T_stride_p, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h, state_stride_d, state_stride_x,
    V_stride_b, V_stride_h, V_stride_x, V_stride_e, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q,
    d_T_stride_b, d_T_stride_x, d_T_stride_p, size_b, size_h, size_q, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_P: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_P: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    p_index = tl.arange(0, BLOCK_P)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_h_q = tl.full([BLOCK_X, BLOCK_P], 0.0, tl.float32)
    # src[latent.diag:11]
    T = tl.load(
        T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    for h_index in tl.range(0, size_h):
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
        from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
        to_q = tl.minimum(from_q_2, size_q)
        # tiles that a mask or the end cuts
        for first_q in tl.range(from_q, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            # src[latent.diag:9]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = logsum * 1.4426950408889634
            # src[latent.diag:17]
            dot = tl.dot(T, tl.trans(R))
            # src[latent.diag:8]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            # src[latent.diag:17]
            dot_2 = tl.dot(state_bf16, tl.trans(Q))
            # src[latent.diag:18]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            dot_3 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (tl.exp2(sub_x_q) * (dot_3 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, R, acc_h_q)
            acc_h_q = next_acc_h_q
        to_q_2 = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            # src[latent.diag:9]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
            )
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            )
            # src[latent.diag:17]
            dot = tl.dot(T, tl.trans(R))
            # src[latent.diag:8]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            )
            # src[latent.diag:17]
            dot_2 = tl.dot(state_bf16, tl.trans(Q))
            sub_x_q = (0.10411754627697266 * (dot_2 + dot)) - (logsum * 1.4426950408889634)[None, :]
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            )
            dot_3 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (tl.exp2(sub_x_q) * (dot_3 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, R, acc_h_q)
            acc_h_q = next_acc_h_q
        from_q_3 = tl.maximum(from_q_2, to_q_2)
        # tiles that a mask or the end cuts
        for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
            q_index = first_q_3 + tl.arange(0, BLOCK_Q)
            # src[latent.diag:9]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = logsum * 1.4426950408889634
            # src[latent.diag:17]
            dot = tl.dot(T, tl.trans(R))
            # src[latent.diag:8]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            # src[latent.diag:17]
            dot_2 = tl.dot(state_bf16, tl.trans(Q))
            # src[latent.diag:18]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            dot_3 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (tl.exp2(sub_x_q) * (dot_3 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, R, acc_h_q)
            acc_h_q = next_acc_h_q
    tl.store(
        d_T_ptr + b_index * d_T_stride_b + x_index[:, None] * d_T_stride_x + p_index[None, :] * d_T_stride_p,
        (acc_h_q * 0.07216878364870323).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@triton.jit
def mla_backward_buffer_1_kernel(
    C_ptr, buffer_5_ptr, buffer_1_ptr, C_stride_b, C_stride_x, C_stride_r, buffer_5_stride_b,
    buffer_5_stride_h, buffer_5_stride_d, buffer_5_stride_x, buffer_1_stride_b, buffer_1_stride_h,
    buffer_1_stride_d, buffer_1_stride_r, size_b, size_x, size_h, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_D, BLOCK_R], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + d_index[:, None] * buffer_5_stride_d + x_index[None, :] * buffer_5_stride_x,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_5, tl.trans(C), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(x_index < size_x)[None, :] & (r_index < 256)[:, None],
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + d_index[:, None] * buffer_5_stride_d + x_index[None, :] * buffer_5_stride_x,
            mask=(d_index < 128)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_5, tl.trans(C), acc_x)
        acc_x = next_acc_x
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index[:, None] * buffer_1_stride_d + r_index[None, :] * buffer_1_stride_r,
        acc_x,
        mask=(d_index < 128)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_backward_buffer_2_kernel(
    C_ptr, buffer_6_ptr, buffer_2_ptr, C_stride_b, C_stride_x, C_stride_r, buffer_6_stride_b,
    buffer_6_stride_h, buffer_6_stride_x, buffer_6_stride_e, buffer_2_stride_b, buffer_2_stride_h,
    buffer_2_stride_r, buffer_2_stride_e, size_b, size_x, size_h, BLOCK_X: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_R, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + x_index[None, :] * buffer_6_stride_x + e_index[:, None] * buffer_6_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(C, tl.trans(buffer_6), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(x_index < size_x)[None, :] & (r_index < 256)[:, None],
            other=0.0,
        )
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + x_index[None, :] * buffer_6_stride_x + e_index[:, None] * buffer_6_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(C, tl.trans(buffer_6), acc_x)
        acc_x = next_acc_x
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index[:, None] * buffer_2_stride_r + e_index[None, :] * buffer_2_stride_e,
        acc_x,
        mask=(r_index < 256)[:, None] & (e_index < 128)[None, :],
    )


@triton.jit
def mla_backward_buffer_4_kernel(
    U_ptr, buffer_5_ptr, buffer_4_ptr, U_stride_h, U_stride_r, U_stride_d, buffer_5_stride_b,
    buffer_5_stride_h, buffer_5_stride_d, buffer_5_stride_x, buffer_4_stride_b, buffer_4_stride_x,
    buffer_4_stride_r, size_h, size_b, size_x, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    acc_h_d = tl.full([BLOCK_X, BLOCK_R], 0.0, tl.float32)
    for h_index in tl.range(0, size_h):
        to_d = (128) // BLOCK_D * BLOCK_D
        # whole tiles, no mask needed
        for first_d in tl.range(0, to_d, BLOCK_D):
            d_index = first_d + tl.arange(0, BLOCK_D)
            # src[latent.diag:12]
            U = tl.load(
                U_ptr + h_index * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d,
                mask=(r_index < 256)[:, None],
                other=0.0,
            )
            buffer_5 = tl.load(
                buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + d_index[None, :] * buffer_5_stride_d + x_index[:, None] * buffer_5_stride_x,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            next_acc_h_d = tl.dot(buffer_5, tl.trans(U), acc_h_d)
            acc_h_d = next_acc_h_d
        from_d = tl.maximum(0, to_d)
        # tiles that a mask or the end cuts
        for first_d_2 in tl.range(from_d, 128, BLOCK_D):
            d_index = first_d_2 + tl.arange(0, BLOCK_D)
            # src[latent.diag:12]
            U = tl.load(
                U_ptr + h_index * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d,
                mask=(r_index < 256)[:, None] & (d_index < 128)[None, :],
                other=0.0,
            )
            buffer_5 = tl.load(
                buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + d_index[None, :] * buffer_5_stride_d + x_index[:, None] * buffer_5_stride_x,
                mask=(d_index < 128)[None, :] & (x_index < size_x)[:, None],
                other=0.0,
            )
            next_acc_h_d = tl.dot(buffer_5, tl.trans(U), acc_h_d)
            acc_h_d = next_acc_h_d
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + x_index[:, None] * buffer_4_stride_x + r_index[None, :] * buffer_4_stride_r,
        (acc_h_d * 0.07216878364870323),
        mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_backward_d_C_kernel(
    W_ptr, buffer_4_ptr, buffer_6_ptr, d_C_ptr, W_stride_h, W_stride_r, W_stride_e, buffer_4_stride_b,
    buffer_4_stride_x, buffer_4_stride_r, buffer_6_stride_b, buffer_6_stride_h, buffer_6_stride_x,
    buffer_6_stride_e, d_C_stride_b, d_C_stride_x, d_C_stride_r, size_h, size_b, size_x,
    BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    acc_h_e = tl.full([BLOCK_X, BLOCK_R], 0.0, tl.float32)
    for h_index in tl.range(0, size_h):
        to_e = (128) // BLOCK_E * BLOCK_E
        # whole tiles, no mask needed
        for first_e in tl.range(0, to_e, BLOCK_E):
            e_index = first_e + tl.arange(0, BLOCK_E)
            buffer_6 = tl.load(
                buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + x_index[:, None] * buffer_6_stride_x + e_index[None, :] * buffer_6_stride_e,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            # src[latent.diag:13]
            W = tl.load(
                W_ptr + h_index * W_stride_h + r_index[:, None] * W_stride_r + e_index[None, :] * W_stride_e,
                mask=(r_index < 256)[:, None],
                other=0.0,
            )
            next_acc_h_e = tl.dot(buffer_6, tl.trans(W), acc_h_e)
            acc_h_e = next_acc_h_e
        from_e = tl.maximum(0, to_e)
        # tiles that a mask or the end cuts
        for first_e_2 in tl.range(from_e, 128, BLOCK_E):
            e_index = first_e_2 + tl.arange(0, BLOCK_E)
            buffer_6 = tl.load(
                buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + x_index[:, None] * buffer_6_stride_x + e_index[None, :] * buffer_6_stride_e,
                mask=(x_index < size_x)[:, None] & (e_index < 128)[None, :],
                other=0.0,
            )
            # src[latent.diag:13]
            W = tl.load(
                W_ptr + h_index * W_stride_h + r_index[:, None] * W_stride_r + e_index[None, :] * W_stride_e,
                mask=(r_index < 256)[:, None] & (e_index < 128)[None, :],
                other=0.0,
            )
            next_acc_h_e = tl.dot(buffer_6, tl.trans(W), acc_h_e)
            acc_h_e = next_acc_h_e
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + x_index[:, None] * buffer_4_stride_x + r_index[None, :] * buffer_4_stride_r,
        mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
        other=0.0,
    )
    tl.store(
        d_C_ptr + b_index * d_C_stride_b + x_index[:, None] * d_C_stride_x + r_index[None, :] * d_C_stride_r,
        (buffer_4 + acc_h_e).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_backward_d_U_rows_kernel(
    buffer_1_ptr, d_U_ptr, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_d, buffer_1_stride_r,
    d_U_stride_h, d_U_stride_r, d_U_stride_d, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
    EXACT_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    d_index = (program % 128).to(tl.int64)
    program = program // 128
    h_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    buffer_1 = tl.load(
        buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index * buffer_1_stride_d + r_index[:, None] * buffer_1_stride_r,
        mask=(b_index < size_b)[None, :] & (r_index < 256)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(buffer_1, 1)
    tl.store(
        d_U_ptr + h_index * d_U_stride_h + r_index * d_U_stride_r + d_index * d_U_stride_d,
        (sum_ * 0.07216878364870323).to(tl.bfloat16),
        mask=(r_index < 256),
    )


@triton.jit
def mla_backward_d_U_kernel(
    buffer_1_ptr, d_U_ptr, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_d, buffer_1_stride_r,
    d_U_stride_h, d_U_stride_r, d_U_stride_d, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    d_index = (program % 128).to(tl.int64)
    program = program // 128
    h_index = program.to(tl.int64)
    sum_b = tl.full([BLOCK_R], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index * buffer_1_stride_d + r_index[:, None] * buffer_1_stride_r,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_1, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index * buffer_1_stride_d + r_index[:, None] * buffer_1_stride_r,
            mask=(b_index < size_b)[None, :] & (r_index < 256)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_1, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    tl.store(
        d_U_ptr + h_index * d_U_stride_h + r_index * d_U_stride_r + d_index * d_U_stride_d,
        (sum_b * 0.07216878364870323).to(tl.bfloat16),
        mask=(r_index < 256),
    )


@triton.jit
def mla_backward_d_W_rows_kernel(
    buffer_2_ptr, d_W_ptr, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_r, buffer_2_stride_e,
    d_W_stride_h, d_W_stride_r, d_W_stride_e, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    r_index = (program % 256).to(tl.int64)
    program = program // 256
    h_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index * buffer_2_stride_r + e_index[:, None] * buffer_2_stride_e,
        mask=(b_index < size_b)[None, :] & (e_index < 128)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(buffer_2, 1)
    tl.store(
        d_W_ptr + h_index * d_W_stride_h + r_index * d_W_stride_r + e_index * d_W_stride_e,
        sum_.to(tl.bfloat16),
        mask=(e_index < 128),
    )


@triton.jit
def mla_backward_d_W_kernel(
    buffer_2_ptr, d_W_ptr, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_r, buffer_2_stride_e,
    d_W_stride_h, d_W_stride_r, d_W_stride_e, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    r_index = (program % 256).to(tl.int64)
    program = program // 256
    h_index = program.to(tl.int64)
    sum_b = tl.full([BLOCK_E], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index * buffer_2_stride_r + e_index[:, None] * buffer_2_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_2, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index * buffer_2_stride_r + e_index[:, None] * buffer_2_stride_e,
            mask=(b_index < size_b)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_2, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    tl.store(
        d_W_ptr + h_index * d_W_stride_h + r_index * d_W_stride_r + e_index * d_W_stride_e,
        sum_b.to(tl.bfloat16),
        mask=(e_index < 128),
    )


@triton.jit
def mla_long_forward_state_kernel(
    C_ptr, U_ptr, state_ptr, C_stride_b, C_stride_x, C_stride_r, U_stride_h, U_stride_r, U_stride_d,
    state_stride_b, state_stride_h, state_stride_d, state_stride_x, size_b, size_x, size_h,
    BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_D, BLOCK_X], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(U, tl.trans(C), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:12]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(r_index < 256)[None, :] & (d_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:15]
        next_acc_r = tl.dot(U, tl.trans(C), acc_r)
        acc_r = next_acc_r
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[:, None] * state_stride_d + x_index[None, :] * state_stride_x,
        acc_r,
        mask=(d_index < 128)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def mla_long_forward_state__kernel(
    C_ptr, W_ptr, state__ptr, C_stride_b, C_stride_x, C_stride_r, W_stride_h, W_stride_r, W_stride_e,
    state__stride_b, state__stride_h, state__stride_x, state__stride_e, size_b, size_x, size_h,
    BLOCK_R: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:13]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        next_acc_r = tl.dot(C, tl.trans(W), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        # src[latent.diag:13]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(r_index < 256)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        # src[latent.diag:16]
        next_acc_r = tl.dot(C, tl.trans(W), acc_r)
        acc_r = next_acc_r
    tl.store(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
        acc_r,
        mask=(x_index < size_x)[:, None] & (e_index < 128)[None, :],
    )


@triton.jit
def mla_long_forward_out_logsum_kernel(
    Q_ptr, R_ptr, T_ptr, state_ptr, state__ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_h, Q_stride_q,
    Q_stride_d, R_stride_b, R_stride_h, R_stride_q, R_stride_p, T_stride_b, T_stride_x, T_stride_p,
    state_stride_b, state_stride_h, state_stride_d, state_stride_x, state__stride_b, state__stride_h,
    state__stride_x, state__stride_e, out_stride_b, out_stride_h, out_stride_q, out_stride_e, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, size_b, size_h, size_q, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_P: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    p_index = tl.arange(0, BLOCK_P)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[latent.diag:9]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[latent.diag:8]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot = tl.dot(R, tl.trans(T))
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_bf16 = state.to(tl.bfloat16)
        dot_2 = tl.dot(Q, tl.trans(state_bf16))
        mul_q_x = 0.10411754627697266 * (dot_2 + dot)
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
        )
        state__bf16 = state_.to(tl.bfloat16)
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, state__bf16, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot = tl.dot(R, tl.trans(T))
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        dot_2 = tl.dot(Q, tl.trans(state_bf16))
        # src[latent.diag:18]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, state__bf16, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[latent.diag:18]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def mla_long_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    out = tl.load(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
    )
    mul_e = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def mla_long_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = (128) // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
        )
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, 128, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < 128),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < 128),
            other=0.0,
        )
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        acc_e,
    )


@triton.jit
def mla_long_backward_buffer_3_buffer_4_kernel(
    Q_ptr, R_ptr, T_ptr, d_out_ptr, logsum_ptr, state_ptr, state__ptr, buffer_0_ptr, buffer_3_ptr,
    buffer_4_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b, R_stride_h, R_stride_q,
    R_stride_p, T_stride_b, T_stride_x, T_stride_p, d_out_stride_b, d_out_stride_h, d_out_stride_q,
    d_out_stride_e, logsum_stride_b, logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h,
    state_stride_d, state_stride_x, state__stride_b, state__stride_h, state__stride_x, state__stride_e,
    buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, buffer_3_stride_b, buffer_3_stride_h,
    buffer_3_stride_d, buffer_3_stride_x, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_x,
    buffer_4_stride_e, size_b, size_h, size_q, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr, EXACT_P: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    p_index = tl.arange(0, BLOCK_P)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    state__bf16 = state_.to(tl.bfloat16)
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    state_bf16 = state.to(tl.bfloat16)
    # src[latent.diag:11]
    T = tl.load(
        T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[latent.diag:8]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        dot = tl.dot(state__bf16, tl.trans(d_out))
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_q = logsum * 1.4426950408889634
        # src[latent.diag:17]
        dot_2 = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:9]
        R = tl.load(
            R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_3 = tl.dot(T, tl.trans(R))
        # src[latent.diag:18]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 0.10411754627697266 * (dot_3 + dot_2), float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[latent.diag:8]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        )
        dot = tl.dot(state__bf16, tl.trans(d_out))
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        )
        # src[latent.diag:17]
        dot_2 = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:9]
        R = tl.load(
            R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        )
        # src[latent.diag:17]
        dot_3 = tl.dot(T, tl.trans(R))
        sub_x_q = (0.10411754627697266 * (dot_3 + dot_2)) - (logsum * 1.4426950408889634)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        # src[latent.diag:8]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        dot = tl.dot(state__bf16, tl.trans(d_out))
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_q = logsum * 1.4426950408889634
        # src[latent.diag:17]
        dot_2 = tl.dot(state_bf16, tl.trans(Q))
        # src[latent.diag:9]
        R = tl.load(
            R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_3 = tl.dot(T, tl.trans(R))
        # src[latent.diag:18]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 0.10411754627697266 * (dot_3 + dot_2), float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + d_index[None, :] * buffer_3_stride_d + x_index[:, None] * buffer_3_stride_x,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + x_index[:, None] * buffer_4_stride_x + e_index[None, :] * buffer_4_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@triton.jit
def mla_long_backward_d_Q_d_R_kernel(
    Q_ptr, R_ptr, T_ptr, d_out_ptr, logsum_ptr, state_ptr, state__ptr, buffer_0_ptr, d_Q_ptr, d_R_ptr,
    Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b, R_stride_h, R_stride_q, R_stride_p,
    T_stride_b, T_stride_x, T_stride_p, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    logsum_stride_b, logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h, state_stride_d,
    state_stride_x, state__stride_b, state__stride_h, state__stride_x, state__stride_e, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, d_Q_stride_b, d_Q_stride_h, d_Q_stride_q, d_Q_stride_d,
    d_R_stride_b, d_R_stride_h, d_R_stride_q, d_R_stride_p, size_b, size_h, size_q, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_P: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    p_index = tl.arange(0, BLOCK_P)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_P], 0.0, tl.float32)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = logsum * 1.4426950408889634
    # src[latent.diag:8]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[latent.diag:9]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
        )
        state__bf16 = state_.to(tl.bfloat16)
        dot = tl.dot(d_out, tl.trans(state__bf16))
        sub_q_x = dot - buffer_0[:, None]
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[latent.diag:17]
        dot_2 = tl.dot(Q, tl.trans(state_bf16))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:17]
        dot_3 = tl.dot(R, tl.trans(T))
        sub_q_x_2 = (0.10411754627697266 * (dot_3 + dot_2)) - mul_q[:, None]
        exp2_q_x = tl.exp2(sub_q_x_2)
        tile_bf16 = (sub_q_x * exp2_q_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, state_bf16, acc_x)
        tile_bf16_2 = (sub_q_x * exp2_q_x).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16_2, T, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        dot = tl.dot(d_out, tl.trans(state__bf16))
        sub_q_x = dot - buffer_0[:, None]
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[latent.diag:17]
        dot_2 = tl.dot(Q, tl.trans(state_bf16))
        # src[latent.diag:11]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:17]
        dot_3 = tl.dot(R, tl.trans(T))
        # src[latent.diag:18]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.10411754627697266 * (dot_3 + dot_2), float("-inf"))
        sub_q_x_2 = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x_2)
        tile_bf16 = (sub_q_x * exp2_q_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, state_bf16, acc_x)
        tile_bf16_2 = (sub_q_x * exp2_q_x).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16_2, T, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * 0.07216878364870323).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )
    tl.store(
        d_R_ptr + b_index * d_R_stride_b + h_index * d_R_stride_h + q_index[:, None] * d_R_stride_q + p_index[None, :] * d_R_stride_p,
        (acc_x_2 * 0.07216878364870323).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None],
    )


@triton.jit
def mla_long_backward_d_T_kernel(
    Q_ptr, R_ptr, T_ptr, d_out_ptr, logsum_ptr, state_ptr, state__ptr, buffer_0_ptr, d_T_ptr, Q_stride_b,
    Q_stride_h, Q_stride_q, Q_stride_d, R_stride_b, R_stride_h, R_stride_q, R_stride_p, T_stride_b,
    T_stride_x, T_stride_p, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h, state_stride_d, state_stride_x,
    state__stride_b, state__stride_h, state__stride_x, state__stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, d_T_stride_b, d_T_stride_x, d_T_stride_p, size_b, size_h, size_q, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_P: tl.constexpr, EXACT_E: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    p_index = tl.arange(0, BLOCK_P)
    e_index = tl.arange(0, BLOCK_E)
    d_index = tl.arange(0, BLOCK_D)
    acc_h_q = tl.full([BLOCK_X, BLOCK_P], 0.0, tl.float32)
    # src[latent.diag:11]
    T = tl.load(
        T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    for h_index in tl.range(0, size_h):
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + x_index[:, None] * state__stride_x + e_index[None, :] * state__stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state__bf16 = state_.to(tl.bfloat16)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + d_index[None, :] * state_stride_d + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
        from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
        to_q = tl.minimum(from_q_2, size_q)
        # tiles that a mask or the end cuts
        for first_q in tl.range(from_q, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            # src[latent.diag:9]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            dot = tl.dot(state__bf16, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = logsum * 1.4426950408889634
            # src[latent.diag:8]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            # src[latent.diag:17]
            dot_2 = tl.dot(state_bf16, tl.trans(Q))
            dot_3 = tl.dot(T, tl.trans(R))
            # src[latent.diag:18]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, 0.10411754627697266 * (dot_3 + dot_2), float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            tile_bf16 = ((dot - buffer_0[None, :]) * tl.exp2(sub_x_q)).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, R, acc_h_q)
            acc_h_q = next_acc_h_q
        to_q_2 = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            # src[latent.diag:9]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
            )
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            )
            dot = tl.dot(state__bf16, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            )
            # src[latent.diag:8]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            )
            # src[latent.diag:17]
            dot_2 = tl.dot(state_bf16, tl.trans(Q))
            dot_3 = tl.dot(T, tl.trans(R))
            sub_x_q = (0.10411754627697266 * (dot_3 + dot_2)) - (logsum * 1.4426950408889634)[None, :]
            tile_bf16 = ((dot - buffer_0[None, :]) * tl.exp2(sub_x_q)).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, R, acc_h_q)
            acc_h_q = next_acc_h_q
        from_q_3 = tl.maximum(from_q_2, to_q_2)
        # tiles that a mask or the end cuts
        for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
            q_index = first_q_3 + tl.arange(0, BLOCK_Q)
            # src[latent.diag:9]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index * R_stride_h + q_index[:, None] * R_stride_q + p_index[None, :] * R_stride_p,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            dot = tl.dot(state__bf16, tl.trans(d_out))
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = logsum * 1.4426950408889634
            # src[latent.diag:8]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None],
                other=0.0,
            )
            # src[latent.diag:17]
            dot_2 = tl.dot(state_bf16, tl.trans(Q))
            dot_3 = tl.dot(T, tl.trans(R))
            # src[latent.diag:18]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, 0.10411754627697266 * (dot_3 + dot_2), float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            tile_bf16 = ((dot - buffer_0[None, :]) * tl.exp2(sub_x_q)).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, R, acc_h_q)
            acc_h_q = next_acc_h_q
    tl.store(
        d_T_ptr + b_index * d_T_stride_b + x_index[:, None] * d_T_stride_x + p_index[None, :] * d_T_stride_p,
        (acc_h_q * 0.07216878364870323).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@triton.jit
def mla_long_backward_buffer_1_kernel(
    C_ptr, buffer_3_ptr, buffer_1_ptr, C_stride_b, C_stride_x, C_stride_r, buffer_3_stride_b,
    buffer_3_stride_h, buffer_3_stride_d, buffer_3_stride_x, buffer_1_stride_b, buffer_1_stride_h,
    buffer_1_stride_d, buffer_1_stride_r, size_b, size_x, size_h, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_D, BLOCK_R], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + d_index[:, None] * buffer_3_stride_d + x_index[None, :] * buffer_3_stride_x,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_3, tl.trans(C), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(x_index < size_x)[None, :] & (r_index < 256)[:, None],
            other=0.0,
        )
        buffer_3 = tl.load(
            buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + d_index[:, None] * buffer_3_stride_d + x_index[None, :] * buffer_3_stride_x,
            mask=(d_index < 128)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_3, tl.trans(C), acc_x)
        acc_x = next_acc_x
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index[:, None] * buffer_1_stride_d + r_index[None, :] * buffer_1_stride_r,
        acc_x,
        mask=(d_index < 128)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_long_backward_buffer_2_kernel(
    C_ptr, buffer_4_ptr, buffer_2_ptr, C_stride_b, C_stride_x, C_stride_r, buffer_4_stride_b,
    buffer_4_stride_h, buffer_4_stride_x, buffer_4_stride_e, buffer_2_stride_b, buffer_2_stride_h,
    buffer_2_stride_r, buffer_2_stride_e, size_b, size_x, size_h, BLOCK_X: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_R, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + x_index[None, :] * buffer_4_stride_x + e_index[:, None] * buffer_4_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(C, tl.trans(buffer_4), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:10]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[None, :] * C_stride_x + r_index[:, None] * C_stride_r,
            mask=(x_index < size_x)[None, :] & (r_index < 256)[:, None],
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + x_index[None, :] * buffer_4_stride_x + e_index[:, None] * buffer_4_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(C, tl.trans(buffer_4), acc_x)
        acc_x = next_acc_x
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index[:, None] * buffer_2_stride_r + e_index[None, :] * buffer_2_stride_e,
        acc_x,
        mask=(r_index < 256)[:, None] & (e_index < 128)[None, :],
    )


@triton.jit
def mla_long_backward_d_C_kernel(
    U_ptr, W_ptr, buffer_4_ptr, buffer_3_ptr, d_C_ptr, U_stride_h, U_stride_r, U_stride_d, W_stride_h,
    W_stride_r, W_stride_e, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_x, buffer_4_stride_e,
    buffer_3_stride_b, buffer_3_stride_h, buffer_3_stride_d, buffer_3_stride_x, d_C_stride_b, d_C_stride_x,
    d_C_stride_r, size_h, size_b, size_x, BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    acc_h_e = tl.full([BLOCK_X, BLOCK_R], 0.0, tl.float32)
    for h_index in tl.range(0, size_h):
        to_e = (128) // BLOCK_E * BLOCK_E
        # whole tiles, no mask needed
        for first_e in tl.range(0, to_e, BLOCK_E):
            e_index = first_e + tl.arange(0, BLOCK_E)
            # src[latent.diag:13]
            W = tl.load(
                W_ptr + h_index * W_stride_h + r_index[:, None] * W_stride_r + e_index[None, :] * W_stride_e,
                mask=(r_index < 256)[:, None],
                other=0.0,
            )
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + x_index[:, None] * buffer_4_stride_x + e_index[None, :] * buffer_4_stride_e,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            next_acc_h_e = tl.dot(buffer_4, tl.trans(W), acc_h_e)
            acc_h_e = next_acc_h_e
        from_e = tl.maximum(0, to_e)
        # tiles that a mask or the end cuts
        for first_e_2 in tl.range(from_e, 128, BLOCK_E):
            e_index = first_e_2 + tl.arange(0, BLOCK_E)
            # src[latent.diag:13]
            W = tl.load(
                W_ptr + h_index * W_stride_h + r_index[:, None] * W_stride_r + e_index[None, :] * W_stride_e,
                mask=(r_index < 256)[:, None] & (e_index < 128)[None, :],
                other=0.0,
            )
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + x_index[:, None] * buffer_4_stride_x + e_index[None, :] * buffer_4_stride_e,
                mask=(x_index < size_x)[:, None] & (e_index < 128)[None, :],
                other=0.0,
            )
            next_acc_h_e = tl.dot(buffer_4, tl.trans(W), acc_h_e)
            acc_h_e = next_acc_h_e
    acc_h_d = tl.full([BLOCK_X, BLOCK_R], 0.0, tl.float32)
    for h_index_2 in tl.range(0, size_h):
        to_d = (128) // BLOCK_D * BLOCK_D
        # whole tiles, no mask needed
        for first_d in tl.range(0, to_d, BLOCK_D):
            d_index = first_d + tl.arange(0, BLOCK_D)
            # src[latent.diag:12]
            U = tl.load(
                U_ptr + h_index_2 * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d,
                mask=(r_index < 256)[:, None],
                other=0.0,
            )
            buffer_3 = tl.load(
                buffer_3_ptr + b_index * buffer_3_stride_b + h_index_2 * buffer_3_stride_h + d_index[None, :] * buffer_3_stride_d + x_index[:, None] * buffer_3_stride_x,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            next_acc_h_d = tl.dot(buffer_3, tl.trans(U), acc_h_d)
            acc_h_d = next_acc_h_d
        from_d = tl.maximum(0, to_d)
        # tiles that a mask or the end cuts
        for first_d_2 in tl.range(from_d, 128, BLOCK_D):
            d_index = first_d_2 + tl.arange(0, BLOCK_D)
            # src[latent.diag:12]
            U = tl.load(
                U_ptr + h_index_2 * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d,
                mask=(r_index < 256)[:, None] & (d_index < 128)[None, :],
                other=0.0,
            )
            buffer_3 = tl.load(
                buffer_3_ptr + b_index * buffer_3_stride_b + h_index_2 * buffer_3_stride_h + d_index[None, :] * buffer_3_stride_d + x_index[:, None] * buffer_3_stride_x,
                mask=(d_index < 128)[None, :] & (x_index < size_x)[:, None],
                other=0.0,
            )
            next_acc_h_d = tl.dot(buffer_3, tl.trans(U), acc_h_d)
            acc_h_d = next_acc_h_d
    tile_bf16 = (acc_h_e + (acc_h_d * 0.07216878364870323)).to(tl.bfloat16)
    tl.store(
        d_C_ptr + b_index * d_C_stride_b + x_index[:, None] * d_C_stride_x + r_index[None, :] * d_C_stride_r,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_long_backward_d_U_rows_kernel(
    buffer_1_ptr, d_U_ptr, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_d, buffer_1_stride_r,
    d_U_stride_h, d_U_stride_r, d_U_stride_d, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
    EXACT_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    d_index = (program % 128).to(tl.int64)
    program = program // 128
    h_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    buffer_1 = tl.load(
        buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index * buffer_1_stride_d + r_index[:, None] * buffer_1_stride_r,
        mask=(b_index < size_b)[None, :] & (r_index < 256)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(buffer_1, 1)
    tl.store(
        d_U_ptr + h_index * d_U_stride_h + r_index * d_U_stride_r + d_index * d_U_stride_d,
        (sum_ * 0.07216878364870323).to(tl.bfloat16),
        mask=(r_index < 256),
    )


@triton.jit
def mla_long_backward_d_U_kernel(
    buffer_1_ptr, d_U_ptr, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_d, buffer_1_stride_r,
    d_U_stride_h, d_U_stride_r, d_U_stride_d, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    d_index = (program % 128).to(tl.int64)
    program = program // 128
    h_index = program.to(tl.int64)
    sum_b = tl.full([BLOCK_R], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index * buffer_1_stride_d + r_index[:, None] * buffer_1_stride_r,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_1, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[None, :] * buffer_1_stride_b + h_index * buffer_1_stride_h + d_index * buffer_1_stride_d + r_index[:, None] * buffer_1_stride_r,
            mask=(b_index < size_b)[None, :] & (r_index < 256)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_1, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    tl.store(
        d_U_ptr + h_index * d_U_stride_h + r_index * d_U_stride_r + d_index * d_U_stride_d,
        (sum_b * 0.07216878364870323).to(tl.bfloat16),
        mask=(r_index < 256),
    )


@triton.jit
def mla_long_backward_d_W_rows_kernel(
    buffer_2_ptr, d_W_ptr, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_r, buffer_2_stride_e,
    d_W_stride_h, d_W_stride_r, d_W_stride_e, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_E: tl.constexpr,
    EXACT_B: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    r_index = (program % 256).to(tl.int64)
    program = program // 256
    h_index = program.to(tl.int64)
    b_index = tl.arange(0, BLOCK_B)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index * buffer_2_stride_r + e_index[:, None] * buffer_2_stride_e,
        mask=(b_index < size_b)[None, :] & (e_index < 128)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(buffer_2, 1)
    tl.store(
        d_W_ptr + h_index * d_W_stride_h + r_index * d_W_stride_r + e_index * d_W_stride_e,
        sum_.to(tl.bfloat16),
        mask=(e_index < 128),
    )


@triton.jit
def mla_long_backward_d_W_kernel(
    buffer_2_ptr, d_W_ptr, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_r, buffer_2_stride_e,
    d_W_stride_h, d_W_stride_r, d_W_stride_e, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    r_index = (program % 256).to(tl.int64)
    program = program // 256
    h_index = program.to(tl.int64)
    sum_b = tl.full([BLOCK_E], 0.0, tl.float32)
    to_b = size_b // BLOCK_B * BLOCK_B
    # whole tiles, no mask needed
    for first_b in tl.range(0, to_b, BLOCK_B):
        b_index = first_b + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index * buffer_2_stride_r + e_index[:, None] * buffer_2_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_2, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    from_b = tl.maximum(0, to_b)
    # tiles that a mask or the end cuts
    for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
        b_index = first_b_2 + tl.arange(0, BLOCK_B)
        buffer_2 = tl.load(
            buffer_2_ptr + b_index[None, :] * buffer_2_stride_b + h_index * buffer_2_stride_h + r_index * buffer_2_stride_r + e_index[:, None] * buffer_2_stride_e,
            mask=(b_index < size_b)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_2, 1)
        next_sum_b = sum_b + tile_sum
        sum_b = next_sum_b
    tl.store(
        d_W_ptr + h_index * d_W_stride_h + r_index * d_W_stride_r + e_index * d_W_stride_e,
        sum_b.to(tl.bfloat16),
        mask=(e_index < 128),
    )


@_operator
def _mla_K(C: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_mla_K(C: bf16[b x r], U: bf16[h r d]) -> K: bf16[b h x d]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("U", U, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = U.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    K = torch.empty((b, h, x, 128), dtype=torch.bfloat16, device=C.device)
    if _is_traced(K):
        return K
    BLOCK_X, BLOCK_D, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(128, BLOCK_D),)
    mla_K_kernel[grid](
        C, U, K, C.stride(0), C.stride(1), C.stride(2), U.stride(0), U.stride(1), U.stride(2), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), b, x, h, BLOCK_R=BLOCK_R, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return K


@_operator
def _mla_out(
    Q: torch.Tensor,
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    W: torch.Tensor,
    K: torch.Tensor,
) -> torch.Tensor:
    """_mla_out(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], W: bf16[h r e], K: bf16[b h x d]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("C", C, torch.bfloat16, 3, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("W", W, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if K.shape != (b, h, x, 128):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, 128)}")
    out = torch.empty((b, h, q, 128), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_R = max(16, triton.next_power_of_2(256))
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_P, BLOCK_D, BLOCK_R, BLOCK_Q, BLOCK_E) > 256:
        raise ValueError(f"p x d x r x q x e = {max(BLOCK_P, BLOCK_D, BLOCK_R, BLOCK_Q, BLOCK_E)}: at most 256 elements are held on chip")
    BLOCK_X, warps, stages = 16, 8, 2
    grid = (b * h,)
    mla_out_kernel[grid](
        Q, R, C, T, W, K, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), R.stride(0), R.stride(1),
        R.stride(2), R.stride(3), C.stride(0), C.stride(1), C.stride(2), T.stride(0), T.stride(1),
        T.stride(2), W.stride(0), W.stride(1), W.stride(2), K.stride(0), K.stride(1), K.stride(2),
        K.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, h, q, x, BLOCK_X=BLOCK_X,
        BLOCK_P=BLOCK_P, BLOCK_D=BLOCK_D, BLOCK_R=BLOCK_R, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E,
        EXACT_P=64 == BLOCK_P, EXACT_D=128 == BLOCK_D, EXACT_R=256 == BLOCK_R, EXACT_Q=q == BLOCK_Q,
        EXACT_E=128 == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mla_long_K(C: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_mla_long_K(C: bf16[b x r], U: bf16[h r d]) -> K: bf16[b h x d]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("U", U, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = U.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    K = torch.empty((b, h, x, 128), dtype=torch.bfloat16, device=C.device)
    if _is_traced(K):
        return K
    BLOCK_X, BLOCK_D, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(128, BLOCK_D),)
    mla_long_K_kernel[grid](
        C, U, K, C.stride(0), C.stride(1), C.stride(2), U.stride(0), U.stride(1), U.stride(2), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), b, x, h, BLOCK_R=BLOCK_R, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return K


@_operator
def _mla_long_V(C: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_mla_long_V(C: bf16[b x r], W: bf16[h r e]) -> V: bf16[b h e x]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("W", W, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = W.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    V = torch.empty((b, h, 128, x), dtype=torch.bfloat16, device=C.device)
    if _is_traced(V):
        return V
    BLOCK_E, BLOCK_X, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(128, BLOCK_E) * triton.cdiv(x, BLOCK_X),)
    mla_long_V_kernel[grid](
        C, W, V, C.stride(0), C.stride(1), C.stride(2), W.stride(0), W.stride(1), W.stride(2), V.stride(0),
        V.stride(1), V.stride(2), V.stride(3), b, x, h, BLOCK_R=BLOCK_R, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return V


@_operator
def _mla_long_out(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> torch.Tensor:
    """_mla_long_out(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], K: bf16[b h x d], V: bf16[b h e x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if K.shape != (b, h, x, 128):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, 128)}")
    if V.shape != (b, h, 128, x):
        raise ValueError(f"V: bf16[b h e x] has shape {V.shape}, expected {(b, h, 128, x)}")
    out = torch.empty((b, h, q, 128), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_P, BLOCK_D, BLOCK_E) > 128:
        raise ValueError(f"p x d x e = {max(BLOCK_P, BLOCK_D, BLOCK_E)}: at most 128 elements are held on chip")
    BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    mla_long_out_kernel[grid](
        Q, R, T, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), R.stride(0), R.stride(1),
        R.stride(2), R.stride(3), T.stride(0), T.stride(1), T.stride(2), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), b, h, q, x, BLOCK_X=BLOCK_X, BLOCK_P=BLOCK_P,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_P=64 == BLOCK_P, EXACT_D=128 == BLOCK_D,
        EXACT_E=128 == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mla_forward_state(C: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_mla_forward_state(C: bf16[b x r], U: bf16[h r d]) -> state: f32[b h d x]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("U", U, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = U.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    state = torch.empty((b, h, 128, x), dtype=torch.float32, device=C.device)
    if _is_traced(state):
        return state
    BLOCK_D, BLOCK_X, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(128, BLOCK_D) * triton.cdiv(x, BLOCK_X),)
    mla_forward_state_kernel[grid](
        C, U, state, C.stride(0), C.stride(1), C.stride(2), U.stride(0), U.stride(1), U.stride(2),
        state.stride(0), state.stride(1), state.stride(2), state.stride(3), b, x, h, BLOCK_R=BLOCK_R,
        BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _mla_forward_out(
    Q: torch.Tensor,
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    W: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_mla_forward_out(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], W: bf16[h r e], state: f32[b h d x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("C", C, torch.bfloat16, 3, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("W", W, torch.bfloat16, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    out = torch.empty((b, h, q, 128), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_R = max(16, triton.next_power_of_2(256))
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_P, BLOCK_D, BLOCK_R, BLOCK_Q, BLOCK_E) > 256:
        raise ValueError(f"p x d x r x q x e = {max(BLOCK_P, BLOCK_D, BLOCK_R, BLOCK_Q, BLOCK_E)}: at most 256 elements are held on chip")
    BLOCK_X, warps, stages = 16, 8, 2
    grid = (b * h,)
    mla_forward_out_kernel[grid](
        Q, R, C, T, W, state, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), R.stride(0),
        R.stride(1), R.stride(2), R.stride(3), C.stride(0), C.stride(1), C.stride(2), T.stride(0),
        T.stride(1), T.stride(2), W.stride(0), W.stride(1), W.stride(2), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, h, q,
        x, BLOCK_X=BLOCK_X, BLOCK_P=BLOCK_P, BLOCK_D=BLOCK_D, BLOCK_R=BLOCK_R, BLOCK_Q=BLOCK_Q,
        BLOCK_E=BLOCK_E, EXACT_P=64 == BLOCK_P, EXACT_D=128 == BLOCK_D, EXACT_R=256 == BLOCK_R,
        EXACT_Q=q == BLOCK_Q, EXACT_E=128 == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mla_forward_logsum(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_mla_forward_logsum(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], state: f32[b h d x]) -> logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    if _is_traced(logsum):
        return logsum
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    if max(BLOCK_P, BLOCK_D) > 128:
        raise ValueError(f"p x d = {max(BLOCK_P, BLOCK_D)}: at most 128 elements are held on chip")
    BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    mla_forward_logsum_kernel[grid](
        Q, R, T, state, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), R.stride(0), R.stride(1),
        R.stride(2), R.stride(3), T.stride(0), T.stride(1), T.stride(2), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h, q, x,
        BLOCK_X=BLOCK_X, BLOCK_P=BLOCK_P, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_P=64 == BLOCK_P,
        EXACT_D=128 == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _mla_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_mla_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> buffer_0: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, q, _ = d_out.shape
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if out.shape != (b, h, q, 128):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, 128)}")
    buffer_0 = torch.empty((b, h, q), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        mla_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0),
            buffer_0.stride(1), buffer_0.stride(2), b, h, q, BLOCK_E=BLOCK_E, EXACT_E=128 == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    mla_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), b, h, q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _mla_backward_V(C: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_mla_backward_V(C: bf16[b x r], W: bf16[h r e]) -> V: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("W", W, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = W.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    V = torch.empty((b, h, x, 128), dtype=torch.bfloat16, device=C.device)
    if _is_traced(V):
        return V
    BLOCK_X, BLOCK_E, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(128, BLOCK_E),)
    mla_backward_V_kernel[grid](
        C, W, V, C.stride(0), C.stride(1), C.stride(2), W.stride(0), W.stride(1), W.stride(2), V.stride(0),
        V.stride(1), V.stride(2), V.stride(3), b, x, h, BLOCK_R=BLOCK_R, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return V


@_operator
def _mla_backward_buffer_5_buffer_6(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    V: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_backward_buffer_5_buffer_6(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], V: bf16[b h x e], buffer_0: f32[b h q]) -> buffer_5: bf16[b h d x], buffer_6: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if V.shape != (b, h, x, 128):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    buffer_5 = torch.empty((b, h, 128, x), dtype=torch.bfloat16, device=Q.device)
    buffer_6 = torch.empty((b, h, x, 128), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_5):
        return buffer_5, buffer_6
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    if max(BLOCK_D, BLOCK_E, BLOCK_P) > 128:
        raise ValueError(f"d x e x p = {max(BLOCK_D, BLOCK_E, BLOCK_P)}: at most 128 elements are held on chip")
    BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    grid = (b * h * triton.cdiv(x, BLOCK_X),)
    mla_backward_buffer_5_buffer_6_kernel[grid](
        Q, R, T, d_out, logsum, state, V, buffer_0, buffer_5, buffer_6, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), T.stride(0), T.stride(1),
        T.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2),
        buffer_5.stride(3), buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2), buffer_6.stride(3), b,
        h, q, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_P=BLOCK_P, BLOCK_X=BLOCK_X,
        EXACT_D=128 == BLOCK_D, EXACT_E=128 == BLOCK_E, EXACT_P=64 == BLOCK_P, num_warps=warps,
        num_stages=stages,
    )
    return buffer_5, buffer_6


@_operator
def _mla_backward_d_Q_d_R(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    V: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_backward_d_Q_d_R(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], V: bf16[b h x e], buffer_0: f32[b h q]) -> d_Q: bf16[b h q d], d_R: bf16[b h q p]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if V.shape != (b, h, x, 128):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_Q = torch.empty((b, h, q, 128), dtype=torch.bfloat16, device=Q.device)
    d_R = torch.empty((b, h, q, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q, d_R
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_D, BLOCK_P, BLOCK_E) > 128:
        raise ValueError(f"d x p x e = {max(BLOCK_D, BLOCK_P, BLOCK_E)}: at most 128 elements are held on chip")
    BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    mla_backward_d_Q_d_R_kernel[grid](
        Q, R, T, d_out, logsum, state, V, buffer_0, d_Q, d_R, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), T.stride(0), T.stride(1),
        T.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3),
        d_R.stride(0), d_R.stride(1), d_R.stride(2), d_R.stride(3), b, h, q, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_P=BLOCK_P, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=128 == BLOCK_D,
        EXACT_P=64 == BLOCK_P, EXACT_E=128 == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_Q, d_R


@_operator
def _mla_backward_d_T(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    V: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_mla_backward_d_T(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], V: bf16[b h x e], buffer_0: f32[b h q]) -> d_T: bf16[b x p]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if V.shape != (b, h, x, 128):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_T = torch.empty((b, x, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_T):
        return d_T
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_P, BLOCK_D, BLOCK_E) > 128:
        raise ValueError(f"p x d x e = {max(BLOCK_P, BLOCK_D, BLOCK_E)}: at most 128 elements are held on chip")
    BLOCK_X, BLOCK_Q, warps, stages = 32, 64, 8, 2
    grid = (b * triton.cdiv(x, BLOCK_X),)
    mla_backward_d_T_kernel[grid](
        Q, R, T, d_out, logsum, state, V, buffer_0, d_T, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), T.stride(0), T.stride(1), T.stride(2),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), d_T.stride(0), d_T.stride(1), d_T.stride(2), b, h, q, x,
        BLOCK_Q=BLOCK_Q, BLOCK_P=BLOCK_P, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X,
        EXACT_P=64 == BLOCK_P, EXACT_D=128 == BLOCK_D, EXACT_E=128 == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return d_T


@_operator
def _mla_backward_buffer_1(C: torch.Tensor, buffer_5: torch.Tensor) -> torch.Tensor:
    """_mla_backward_buffer_1(C: bf16[b x r], buffer_5: bf16[b h d x]) -> buffer_1: f32[b h d r]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("buffer_5", buffer_5, torch.bfloat16, 4, C.device)
    b, x, _ = C.shape
    _, h, _, _ = buffer_5.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if buffer_5.shape != (b, h, 128, x):
        raise ValueError(f"buffer_5: bf16[b h d x] has shape {buffer_5.shape}, expected {(b, h, 128, x)}")
    buffer_1 = torch.empty((b, h, 128, 256), dtype=torch.float32, device=C.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_D, BLOCK_R, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(128, BLOCK_D) * triton.cdiv(256, BLOCK_R),)
    mla_backward_buffer_1_kernel[grid](
        C, buffer_5, buffer_1, C.stride(0), C.stride(1), C.stride(2), buffer_5.stride(0), buffer_5.stride(1),
        buffer_5.stride(2), buffer_5.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_1.stride(3), b, x, h, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _mla_backward_buffer_2(C: torch.Tensor, buffer_6: torch.Tensor) -> torch.Tensor:
    """_mla_backward_buffer_2(C: bf16[b x r], buffer_6: bf16[b h x e]) -> buffer_2: f32[b h r e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("buffer_6", buffer_6, torch.bfloat16, 4, C.device)
    b, x, _ = C.shape
    _, h, _, _ = buffer_6.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if buffer_6.shape != (b, h, x, 128):
        raise ValueError(f"buffer_6: bf16[b h x e] has shape {buffer_6.shape}, expected {(b, h, x, 128)}")
    buffer_2 = torch.empty((b, h, 256, 128), dtype=torch.float32, device=C.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_R, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(256, BLOCK_R) * triton.cdiv(128, BLOCK_E),)
    mla_backward_buffer_2_kernel[grid](
        C, buffer_6, buffer_2, C.stride(0), C.stride(1), C.stride(2), buffer_6.stride(0), buffer_6.stride(1),
        buffer_6.stride(2), buffer_6.stride(3), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), b, x, h, BLOCK_X=BLOCK_X, BLOCK_R=BLOCK_R, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return buffer_2


@_operator
def _mla_backward_buffer_4(U: torch.Tensor, buffer_5: torch.Tensor) -> torch.Tensor:
    """_mla_backward_buffer_4(U: bf16[h r d], buffer_5: bf16[b h d x]) -> buffer_4: f32[b x r]. Any strides; sizes are read off the shapes."""
    _check("U", U, torch.bfloat16, 3, U.device)
    _check("buffer_5", buffer_5, torch.bfloat16, 4, U.device)
    h, _, _ = U.shape
    b, _, _, x = buffer_5.shape
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if buffer_5.shape != (b, h, 128, x):
        raise ValueError(f"buffer_5: bf16[b h d x] has shape {buffer_5.shape}, expected {(b, h, 128, x)}")
    buffer_4 = torch.empty((b, x, 256), dtype=torch.float32, device=U.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_X, BLOCK_R, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(x, BLOCK_X) * triton.cdiv(256, BLOCK_R),)
    mla_backward_buffer_4_kernel[grid](
        U, buffer_5, buffer_4, U.stride(0), U.stride(1), U.stride(2), buffer_5.stride(0), buffer_5.stride(1),
        buffer_5.stride(2), buffer_5.stride(3), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), h,
        b, x, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, BLOCK_R=BLOCK_R, num_warps=warps, num_stages=stages,
    )
    return buffer_4


@_operator
def _mla_backward_d_C(W: torch.Tensor, buffer_4: torch.Tensor, buffer_6: torch.Tensor) -> torch.Tensor:
    """_mla_backward_d_C(W: bf16[h r e], buffer_4: f32[b x r], buffer_6: bf16[b h x e]) -> d_C: bf16[b x r]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("buffer_4", buffer_4, torch.float32, 3, W.device)
    _check("buffer_6", buffer_6, torch.bfloat16, 4, W.device)
    h, _, _ = W.shape
    b, x, _ = buffer_4.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if buffer_4.shape != (b, x, 256):
        raise ValueError(f"buffer_4: f32[b x r] has shape {buffer_4.shape}, expected {(b, x, 256)}")
    if buffer_6.shape != (b, h, x, 128):
        raise ValueError(f"buffer_6: bf16[b h x e] has shape {buffer_6.shape}, expected {(b, h, x, 128)}")
    d_C = torch.empty((b, x, 256), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_C):
        return d_C
    BLOCK_X, BLOCK_R, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(x, BLOCK_X) * triton.cdiv(256, BLOCK_R),)
    mla_backward_d_C_kernel[grid](
        W, buffer_4, buffer_6, d_C, W.stride(0), W.stride(1), W.stride(2), buffer_4.stride(0),
        buffer_4.stride(1), buffer_4.stride(2), buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2),
        buffer_6.stride(3), d_C.stride(0), d_C.stride(1), d_C.stride(2), h, b, x, BLOCK_E=BLOCK_E,
        BLOCK_X=BLOCK_X, BLOCK_R=BLOCK_R, num_warps=warps, num_stages=stages,
    )
    return d_C


@_operator
def _mla_backward_d_U(buffer_1: torch.Tensor) -> torch.Tensor:
    """_mla_backward_d_U(buffer_1: f32[b h d r]) -> d_U: bf16[h r d]. Any strides; sizes are read off the shapes."""
    _check("buffer_1", buffer_1, torch.float32, 4, buffer_1.device)
    b, h, _, _ = buffer_1.shape
    if buffer_1.shape != (b, h, 128, 256):
        raise ValueError(f"buffer_1: f32[b h d r] has shape {buffer_1.shape}, expected {(b, h, 128, 256)}")
    d_U = torch.empty((h, 256, 128), dtype=torch.bfloat16, device=buffer_1.device)
    if _is_traced(d_U):
        return d_U
    BLOCK_B = max(16, triton.next_power_of_2(b))
    if BLOCK_B <= 1024:
        if BLOCK_B <= 16:
            BLOCK_R, warps, stages = 256, 4, 1
        elif BLOCK_B <= 64:
            BLOCK_R, warps, stages = 64, 4, 1
        elif BLOCK_B <= 256:
            BLOCK_R, warps, stages = 16, 4, 1
        else:
            BLOCK_R, warps, stages = 8, 8, 1
        grid = (h * triton.cdiv(256, BLOCK_R) * 128,)
        mla_backward_d_U_rows_kernel[grid](
            buffer_1, d_U, buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
            d_U.stride(0), d_U.stride(1), d_U.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R,
            EXACT_B=b == BLOCK_B, num_warps=warps, num_stages=stages,
        )
        return d_U
    BLOCK_B, BLOCK_R, warps, stages = 128, 16, 8, 2
    grid = (h * triton.cdiv(256, BLOCK_R) * 128,)
    mla_backward_d_U_kernel[grid](
        buffer_1, d_U, buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        d_U.stride(0), d_U.stride(1), d_U.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return d_U


@_operator
def _mla_backward_d_W(buffer_2: torch.Tensor) -> torch.Tensor:
    """_mla_backward_d_W(buffer_2: f32[b h r e]) -> d_W: bf16[h r e]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 4, buffer_2.device)
    b, h, _, _ = buffer_2.shape
    if buffer_2.shape != (b, h, 256, 128):
        raise ValueError(f"buffer_2: f32[b h r e] has shape {buffer_2.shape}, expected {(b, h, 256, 128)}")
    d_W = torch.empty((h, 256, 128), dtype=torch.bfloat16, device=buffer_2.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_B = max(16, triton.next_power_of_2(b))
    if BLOCK_B <= 1024:
        if BLOCK_B <= 16:
            BLOCK_E, warps, stages = 128, 4, 1
        elif BLOCK_B <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_B <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (h * 256 * triton.cdiv(128, BLOCK_E),)
        mla_backward_d_W_rows_kernel[grid](
            buffer_2, d_W, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
            d_W.stride(0), d_W.stride(1), d_W.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_E=BLOCK_E,
            EXACT_B=b == BLOCK_B, num_warps=warps, num_stages=stages,
        )
        return d_W
    BLOCK_B, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (h * 256 * triton.cdiv(128, BLOCK_E),)
    mla_backward_d_W_kernel[grid](
        buffer_2, d_W, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
        d_W.stride(0), d_W.stride(1), d_W.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return d_W


@_operator
def _mla_long_forward_state(C: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_mla_long_forward_state(C: bf16[b x r], U: bf16[h r d]) -> state: f32[b h d x]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("U", U, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = U.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    state = torch.empty((b, h, 128, x), dtype=torch.float32, device=C.device)
    if _is_traced(state):
        return state
    BLOCK_D, BLOCK_X, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(128, BLOCK_D) * triton.cdiv(x, BLOCK_X),)
    mla_long_forward_state_kernel[grid](
        C, U, state, C.stride(0), C.stride(1), C.stride(2), U.stride(0), U.stride(1), U.stride(2),
        state.stride(0), state.stride(1), state.stride(2), state.stride(3), b, x, h, BLOCK_R=BLOCK_R,
        BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _mla_long_forward_state_(C: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_mla_long_forward_state_(C: bf16[b x r], W: bf16[h r e]) -> state_: f32[b h x e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("W", W, torch.bfloat16, 3, C.device)
    b, x, _ = C.shape
    h, _, _ = W.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    state_ = torch.empty((b, h, x, 128), dtype=torch.float32, device=C.device)
    if _is_traced(state_):
        return state_
    BLOCK_X, BLOCK_E, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(128, BLOCK_E),)
    mla_long_forward_state__kernel[grid](
        C, W, state_, C.stride(0), C.stride(1), C.stride(2), W.stride(0), W.stride(1), W.stride(2),
        state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3), b, x, h, BLOCK_R=BLOCK_R,
        BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return state_


@_operator
def _mla_long_forward_out_logsum(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_long_forward_out_logsum(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], state: f32[b h d x], state_: f32[b h x e]) -> out: bf16[b h q e], logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("state_", state_, torch.float32, 4, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if state_.shape != (b, h, x, 128):
        raise ValueError(f"state_: f32[b h x e] has shape {state_.shape}, expected {(b, h, x, 128)}")
    out = torch.empty((b, h, q, 128), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_D, BLOCK_P, BLOCK_E) > 128:
        raise ValueError(f"d x p x e = {max(BLOCK_D, BLOCK_P, BLOCK_E)}: at most 128 elements are held on chip")
    BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    mla_long_forward_out_logsum_kernel[grid](
        Q, R, T, state, state_, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), R.stride(0),
        R.stride(1), R.stride(2), R.stride(3), T.stride(0), T.stride(1), T.stride(2), state.stride(0),
        state.stride(1), state.stride(2), state.stride(3), state_.stride(0), state_.stride(1),
        state_.stride(2), state_.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3),
        logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h, q, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_P=BLOCK_P, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=128 == BLOCK_D, EXACT_P=64 == BLOCK_P,
        EXACT_E=128 == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _mla_long_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_mla_long_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> buffer_0: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, q, _ = d_out.shape
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if out.shape != (b, h, q, 128):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, 128)}")
    buffer_0 = torch.empty((b, h, q), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        mla_long_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0),
            buffer_0.stride(1), buffer_0.stride(2), b, h, q, BLOCK_E=BLOCK_E, EXACT_E=128 == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    mla_long_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), b, h, q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _mla_long_backward_buffer_3_buffer_4(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_long_backward_buffer_3_buffer_4(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], state_: f32[b h x e], buffer_0: f32[b h q]) -> buffer_3: bf16[b h d x], buffer_4: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("state_", state_, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if state_.shape != (b, h, x, 128):
        raise ValueError(f"state_: f32[b h x e] has shape {state_.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    buffer_3 = torch.empty((b, h, 128, x), dtype=torch.bfloat16, device=Q.device)
    buffer_4 = torch.empty((b, h, x, 128), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_3):
        return buffer_3, buffer_4
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    if max(BLOCK_D, BLOCK_E, BLOCK_P) > 128:
        raise ValueError(f"d x e x p = {max(BLOCK_D, BLOCK_E, BLOCK_P)}: at most 128 elements are held on chip")
    BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    grid = (b * h * triton.cdiv(x, BLOCK_X),)
    mla_long_backward_buffer_3_buffer_4_kernel[grid](
        Q, R, T, d_out, logsum, state, state_, buffer_0, buffer_3, buffer_4, Q.stride(0), Q.stride(1),
        Q.stride(2), Q.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), T.stride(0),
        T.stride(1), T.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        logsum.stride(0), logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), state_.stride(0), state_.stride(1), state_.stride(2),
        state_.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_3.stride(0),
        buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), buffer_4.stride(3), b, h, q, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_P=BLOCK_P, BLOCK_X=BLOCK_X, EXACT_D=128 == BLOCK_D, EXACT_E=128 == BLOCK_E,
        EXACT_P=64 == BLOCK_P, num_warps=warps, num_stages=stages,
    )
    return buffer_3, buffer_4


@_operator
def _mla_long_backward_d_Q_d_R(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_long_backward_d_Q_d_R(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], state_: f32[b h x e], buffer_0: f32[b h q]) -> d_Q: bf16[b h q d], d_R: bf16[b h q p]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("state_", state_, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if state_.shape != (b, h, x, 128):
        raise ValueError(f"state_: f32[b h x e] has shape {state_.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_Q = torch.empty((b, h, q, 128), dtype=torch.bfloat16, device=Q.device)
    d_R = torch.empty((b, h, q, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q, d_R
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if max(BLOCK_D, BLOCK_P, BLOCK_E) > 128:
        raise ValueError(f"d x p x e = {max(BLOCK_D, BLOCK_P, BLOCK_E)}: at most 128 elements are held on chip")
    BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    mla_long_backward_d_Q_d_R_kernel[grid](
        Q, R, T, d_out, logsum, state, state_, buffer_0, d_Q, d_R, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), T.stride(0), T.stride(1),
        T.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_Q.stride(0), d_Q.stride(1),
        d_Q.stride(2), d_Q.stride(3), d_R.stride(0), d_R.stride(1), d_R.stride(2), d_R.stride(3), b, h, q, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_P=BLOCK_P, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q,
        EXACT_D=128 == BLOCK_D, EXACT_P=64 == BLOCK_P, EXACT_E=128 == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return d_Q, d_R


@_operator
def _mla_long_backward_d_T(
    Q: torch.Tensor,
    R: torch.Tensor,
    T: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_mla_long_backward_d_T(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], state_: f32[b h x e], buffer_0: f32[b h q]) -> d_T: bf16[b x p]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("state", state, torch.float32, 4, Q.device)
    _check("state_", state_, torch.float32, 4, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state.shape}, expected {(b, h, 128, x)}")
    if state_.shape != (b, h, x, 128):
        raise ValueError(f"state_: f32[b h x e] has shape {state_.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_T = torch.empty((b, x, 64), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_T):
        return d_T
    BLOCK_P = max(16, triton.next_power_of_2(64))
    BLOCK_E = max(16, triton.next_power_of_2(128))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    if max(BLOCK_P, BLOCK_E, BLOCK_D) > 128:
        raise ValueError(f"p x e x d = {max(BLOCK_P, BLOCK_E, BLOCK_D)}: at most 128 elements are held on chip")
    BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 2
    grid = (b * triton.cdiv(x, BLOCK_X),)
    mla_long_backward_d_T_kernel[grid](
        Q, R, T, d_out, logsum, state, state_, buffer_0, d_T, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), R.stride(0), R.stride(1), R.stride(2), R.stride(3), T.stride(0), T.stride(1),
        T.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_T.stride(0), d_T.stride(1),
        d_T.stride(2), b, h, q, x, BLOCK_Q=BLOCK_Q, BLOCK_P=BLOCK_P, BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_P=64 == BLOCK_P, EXACT_E=128 == BLOCK_E, EXACT_D=128 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_T


@_operator
def _mla_long_backward_buffer_1(C: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_mla_long_backward_buffer_1(C: bf16[b x r], buffer_3: bf16[b h d x]) -> buffer_1: f32[b h d r]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 4, C.device)
    b, x, _ = C.shape
    _, h, _, _ = buffer_3.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if buffer_3.shape != (b, h, 128, x):
        raise ValueError(f"buffer_3: bf16[b h d x] has shape {buffer_3.shape}, expected {(b, h, 128, x)}")
    buffer_1 = torch.empty((b, h, 128, 256), dtype=torch.float32, device=C.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_D, BLOCK_R, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(128, BLOCK_D) * triton.cdiv(256, BLOCK_R),)
    mla_long_backward_buffer_1_kernel[grid](
        C, buffer_3, buffer_1, C.stride(0), C.stride(1), C.stride(2), buffer_3.stride(0), buffer_3.stride(1),
        buffer_3.stride(2), buffer_3.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_1.stride(3), b, x, h, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _mla_long_backward_buffer_2(C: torch.Tensor, buffer_4: torch.Tensor) -> torch.Tensor:
    """_mla_long_backward_buffer_2(C: bf16[b x r], buffer_4: bf16[b h x e]) -> buffer_2: f32[b h r e]. Any strides; sizes are read off the shapes."""
    _check("C", C, torch.bfloat16, 3, C.device)
    _check("buffer_4", buffer_4, torch.bfloat16, 4, C.device)
    b, x, _ = C.shape
    _, h, _, _ = buffer_4.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if buffer_4.shape != (b, h, x, 128):
        raise ValueError(f"buffer_4: bf16[b h x e] has shape {buffer_4.shape}, expected {(b, h, x, 128)}")
    buffer_2 = torch.empty((b, h, 256, 128), dtype=torch.float32, device=C.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_R, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(256, BLOCK_R) * triton.cdiv(128, BLOCK_E),)
    mla_long_backward_buffer_2_kernel[grid](
        C, buffer_4, buffer_2, C.stride(0), C.stride(1), C.stride(2), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), buffer_4.stride(3), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), b, x, h, BLOCK_X=BLOCK_X, BLOCK_R=BLOCK_R, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return buffer_2


@_operator
def _mla_long_backward_d_C(
    U: torch.Tensor,
    W: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_mla_long_backward_d_C(U: bf16[h r d], W: bf16[h r e], buffer_4: bf16[b h x e], buffer_3: bf16[b h d x]) -> d_C: bf16[b x r]. Any strides; sizes are read off the shapes."""
    _check("U", U, torch.bfloat16, 3, U.device)
    _check("W", W, torch.bfloat16, 3, U.device)
    _check("buffer_4", buffer_4, torch.bfloat16, 4, U.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 4, U.device)
    h, _, _ = U.shape
    b, _, x, _ = buffer_4.shape
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if buffer_4.shape != (b, h, x, 128):
        raise ValueError(f"buffer_4: bf16[b h x e] has shape {buffer_4.shape}, expected {(b, h, x, 128)}")
    if buffer_3.shape != (b, h, 128, x):
        raise ValueError(f"buffer_3: bf16[b h d x] has shape {buffer_3.shape}, expected {(b, h, 128, x)}")
    d_C = torch.empty((b, x, 256), dtype=torch.bfloat16, device=U.device)
    if _is_traced(d_C):
        return d_C
    BLOCK_X, BLOCK_R, BLOCK_E, BLOCK_D, warps, stages = 128, 128, 64, 64, 8, 3
    grid = (b * triton.cdiv(x, BLOCK_X) * triton.cdiv(256, BLOCK_R),)
    mla_long_backward_d_C_kernel[grid](
        U, W, buffer_4, buffer_3, d_C, U.stride(0), U.stride(1), U.stride(2), W.stride(0), W.stride(1),
        W.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), buffer_4.stride(3),
        buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3), d_C.stride(0),
        d_C.stride(1), d_C.stride(2), h, b, x, BLOCK_E=BLOCK_E, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X,
        BLOCK_R=BLOCK_R, num_warps=warps, num_stages=stages,
    )
    return d_C


@_operator
def _mla_long_backward_d_U(buffer_1: torch.Tensor) -> torch.Tensor:
    """_mla_long_backward_d_U(buffer_1: f32[b h d r]) -> d_U: bf16[h r d]. Any strides; sizes are read off the shapes."""
    _check("buffer_1", buffer_1, torch.float32, 4, buffer_1.device)
    b, h, _, _ = buffer_1.shape
    if buffer_1.shape != (b, h, 128, 256):
        raise ValueError(f"buffer_1: f32[b h d r] has shape {buffer_1.shape}, expected {(b, h, 128, 256)}")
    d_U = torch.empty((h, 256, 128), dtype=torch.bfloat16, device=buffer_1.device)
    if _is_traced(d_U):
        return d_U
    BLOCK_B = max(16, triton.next_power_of_2(b))
    if BLOCK_B <= 1024:
        if BLOCK_B <= 16:
            BLOCK_R, warps, stages = 256, 4, 1
        elif BLOCK_B <= 64:
            BLOCK_R, warps, stages = 64, 4, 1
        elif BLOCK_B <= 256:
            BLOCK_R, warps, stages = 16, 4, 1
        else:
            BLOCK_R, warps, stages = 8, 8, 1
        grid = (h * triton.cdiv(256, BLOCK_R) * 128,)
        mla_long_backward_d_U_rows_kernel[grid](
            buffer_1, d_U, buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
            d_U.stride(0), d_U.stride(1), d_U.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R,
            EXACT_B=b == BLOCK_B, num_warps=warps, num_stages=stages,
        )
        return d_U
    BLOCK_B, BLOCK_R, warps, stages = 128, 16, 8, 2
    grid = (h * triton.cdiv(256, BLOCK_R) * 128,)
    mla_long_backward_d_U_kernel[grid](
        buffer_1, d_U, buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        d_U.stride(0), d_U.stride(1), d_U.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return d_U


@_operator
def _mla_long_backward_d_W(buffer_2: torch.Tensor) -> torch.Tensor:
    """_mla_long_backward_d_W(buffer_2: f32[b h r e]) -> d_W: bf16[h r e]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 4, buffer_2.device)
    b, h, _, _ = buffer_2.shape
    if buffer_2.shape != (b, h, 256, 128):
        raise ValueError(f"buffer_2: f32[b h r e] has shape {buffer_2.shape}, expected {(b, h, 256, 128)}")
    d_W = torch.empty((h, 256, 128), dtype=torch.bfloat16, device=buffer_2.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_B = max(16, triton.next_power_of_2(b))
    if BLOCK_B <= 1024:
        if BLOCK_B <= 16:
            BLOCK_E, warps, stages = 128, 4, 1
        elif BLOCK_B <= 64:
            BLOCK_E, warps, stages = 64, 4, 1
        elif BLOCK_B <= 256:
            BLOCK_E, warps, stages = 16, 4, 1
        else:
            BLOCK_E, warps, stages = 8, 8, 1
        grid = (h * 256 * triton.cdiv(128, BLOCK_E),)
        mla_long_backward_d_W_rows_kernel[grid](
            buffer_2, d_W, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
            d_W.stride(0), d_W.stride(1), d_W.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_E=BLOCK_E,
            EXACT_B=b == BLOCK_B, num_warps=warps, num_stages=stages,
        )
        return d_W
    BLOCK_B, BLOCK_E, warps, stages = 128, 16, 8, 2
    grid = (h * 256 * triton.cdiv(128, BLOCK_E),)
    mla_long_backward_d_W_kernel[grid](
        buffer_2, d_W, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), buffer_2.stride(3),
        d_W.stride(0), d_W.stride(1), d_W.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return d_W


class _mla_autograd(torch.autograd.Function):
    """mla and its derivative."""

    @staticmethod
    def forward(ctx, Q, R, C, T, U, W):
        state = _mla_forward_state(C, U)
        out = _mla_forward_out(Q, R, C, T, W, state)
        logsum = _mla_forward_logsum(Q, R, T, state)
        ctx.save_for_backward(Q, R, C, T, U, W, out, logsum, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, R, C, T, U, W, out, logsum, state = ctx.saved_tensors
        buffer_0 = _mla_backward_buffer_0(d_out, out)
        V = _mla_backward_V(C, W)
        buffer_5, buffer_6 = _mla_backward_buffer_5_buffer_6(Q, R, T, d_out, logsum, state, V, buffer_0)
        d_Q, d_R = _mla_backward_d_Q_d_R(Q, R, T, d_out, logsum, state, V, buffer_0)
        d_T = _mla_backward_d_T(Q, R, T, d_out, logsum, state, V, buffer_0)
        buffer_1 = _mla_backward_buffer_1(C, buffer_5)
        buffer_2 = _mla_backward_buffer_2(C, buffer_6)
        buffer_4 = _mla_backward_buffer_4(U, buffer_5)
        d_C = _mla_backward_d_C(W, buffer_4, buffer_6)
        d_U = _mla_backward_d_U(buffer_1)
        d_W = _mla_backward_d_W(buffer_2)
        return d_Q, d_R, d_C, d_T, d_U, d_W


class _mla_long_autograd(torch.autograd.Function):
    """mla and its derivative."""

    @staticmethod
    def forward(ctx, Q, R, C, T, U, W):
        state = _mla_long_forward_state(C, U)
        state_ = _mla_long_forward_state_(C, W)
        out, logsum = _mla_long_forward_out_logsum(Q, R, T, state, state_)
        ctx.save_for_backward(Q, R, C, T, U, W, out, logsum, state, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, R, C, T, U, W, out, logsum, state, state_ = ctx.saved_tensors
        buffer_0 = _mla_long_backward_buffer_0(d_out, out)
        buffer_3, buffer_4 = _mla_long_backward_buffer_3_buffer_4(Q, R, T, d_out, logsum, state, state_, buffer_0)
        d_Q, d_R = _mla_long_backward_d_Q_d_R(Q, R, T, d_out, logsum, state, state_, buffer_0)
        d_T = _mla_long_backward_d_T(Q, R, T, d_out, logsum, state, state_, buffer_0)
        buffer_1 = _mla_long_backward_buffer_1(C, buffer_3)
        buffer_2 = _mla_long_backward_buffer_2(C, buffer_4)
        d_C = _mla_long_backward_d_C(U, W, buffer_4, buffer_3)
        d_U = _mla_long_backward_d_U(buffer_1)
        d_W = _mla_long_backward_d_W(buffer_2)
        return d_Q, d_R, d_C, d_T, d_U, d_W


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16)
def mla(
    Q: torch.Tensor,
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    U: torch.Tensor,
    W: torch.Tensor,
) -> torch.Tensor:
    """mla(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e]) -> out: bf16[b h q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, q, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, R, C, T, U, W)):
        if max(64, 128, 256, q, 128) <= 256:
            return _mla_autograd.apply(Q, R, C, T, U, W)
        return _mla_long_autograd.apply(Q, R, C, T, U, W)
    if max(64, 128, 256, q, 128) <= 256:
        K = _mla_K(C, U)
        out = _mla_out(Q, R, C, T, W, K)
        return out
    K_2 = _mla_long_K(C, U)
    V = _mla_long_V(C, W)
    out_2 = _mla_long_out(Q, R, T, K_2, V)
    return out_2


@triton.jit
def mla_decode_buffer_0_buffer_1_kernel(
    Q_ptr, R_ptr, C_ptr, T_ptr, U_ptr, filled_ptr, buffer_0_ptr, buffer_1_ptr, Q_stride_b, Q_stride_h,
    Q_stride_one, Q_stride_d, R_stride_b, R_stride_h, R_stride_one, R_stride_p, C_stride_b, C_stride_x,
    C_stride_r, T_stride_b, T_stride_x, T_stride_p, U_stride_h, U_stride_r, U_stride_d, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_one, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_one,
    buffer_1_stride_r, size_b, size_h, size_x, BLOCK_X: tl.constexpr, BLOCK_R: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_ONE: tl.constexpr, EXACT_R: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_P: tl.constexpr,
):
    program = tl.program_id(0)
    first_one = (program % tl.cdiv(1, BLOCK_ONE)) * BLOCK_ONE
    one_index = first_one + tl.arange(0, BLOCK_ONE)
    program = program // tl.cdiv(1, BLOCK_ONE)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    r_index = tl.arange(0, BLOCK_R)
    d_index = tl.arange(0, BLOCK_D)
    p_index = tl.arange(0, BLOCK_P)
    max_x = tl.full([BLOCK_ONE], float("-inf"), tl.float32)
    sum_x = tl.full([BLOCK_ONE], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_ONE, BLOCK_R], 0.0, tl.float32)
    # src[latent.diag:29]
    filled = tl.load(filled_ptr)
    # src[latent.diag:24]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + one_index[:, None] * R_stride_one + p_index[None, :] * R_stride_p,
        mask=(one_index < 1)[:, None],
        other=0.0,
    )
    # src[latent.diag:23]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + one_index[:, None] * Q_stride_one + d_index[None, :] * Q_stride_d,
        mask=(one_index < 1)[:, None],
        other=0.0,
    )
    # src[latent.diag:27]
    U = tl.load(U_ptr + h_index * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d)
    dot = tl.dot(Q, tl.trans(U))
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:26]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:33]
        dot_2 = tl.dot(R, tl.trans(T))
        # src[latent.diag:25]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
        )
        dot_bf16 = dot.to(tl.bfloat16)
        # src[latent.diag:33]
        dot_3 = tl.dot(dot_bf16, tl.trans(C))
        mul_one_x = (dot_3 + dot_2) * 0.10411754627697266
        tile_max = tl.max(mul_one_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        exp2_one_x = tl.exp2(mul_one_x - next_max_x[:, None])
        tile_sum = tl.sum(exp2_one_x, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        tile_bf16 = exp2_one_x.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, C, (acc_x * scale[:, None]))
        max_x = next_max_x
        sum_x = next_sum_x
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:26]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:33]
        dot_2 = tl.dot(R, tl.trans(T))
        # src[latent.diag:25]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        dot_bf16 = dot.to(tl.bfloat16)
        # src[latent.diag:33]
        dot_3 = tl.dot(dot_bf16, tl.trans(C))
        # src[latent.diag:34]
        where_one_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], (dot_3 + dot_2) * 0.10411754627697266, float("-inf"))
        tile_max = tl.max(where_one_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        exp2_one_x = tl.exp2(where_one_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(exp2_one_x, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        tile_bf16 = exp2_one_x.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, C, (acc_x * scale[:, None]))
        max_x = next_max_x
        sum_x = next_sum_x
        acc_x = next_acc_x
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + one_index * buffer_0_stride_one,
        sum_x,
        mask=(one_index < 1),
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + one_index[:, None] * buffer_1_stride_one + r_index[None, :] * buffer_1_stride_r,
        acc_x.to(tl.bfloat16),
        mask=(one_index < 1)[:, None],
    )


@triton.jit
def mla_decode_out_kernel(
    W_ptr, buffer_0_ptr, buffer_1_ptr, out_ptr, W_stride_h, W_stride_r, W_stride_e, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_one, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_one,
    buffer_1_stride_r, out_stride_b, out_stride_h, out_stride_one, out_stride_e, size_h, size_b,
    BLOCK_R: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_B, BLOCK_E], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:28]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index * buffer_1_stride_h + one_index * buffer_1_stride_one + r_index[None, :] * buffer_1_stride_r,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_1, tl.trans(W), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:28]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(r_index < 256)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index * buffer_1_stride_h + one_index * buffer_1_stride_one + r_index[None, :] * buffer_1_stride_r,
            mask=(b_index < size_b)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_1, tl.trans(W), acc_r)
        acc_r = next_acc_r
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + one_index * buffer_0_stride_one,
        mask=(b_index < size_b),
        other=0.0,
    )
    where_b_e = tl.where((buffer_0 > 0.0)[:, None], (1.0 / buffer_0)[:, None] * acc_r, 0.0)
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + h_index * out_stride_h + one_index * out_stride_one + e_index[None, :] * out_stride_e,
        where_b_e.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (e_index < 128)[None, :],
    )


@triton.jit
def mla_decode_forward_buffer_0_state_state__kernel(
    Q_ptr, R_ptr, C_ptr, T_ptr, U_ptr, filled_ptr, buffer_0_ptr, state_ptr, state__ptr, Q_stride_b,
    Q_stride_h, Q_stride_one, Q_stride_d, R_stride_b, R_stride_h, R_stride_one, R_stride_p, C_stride_b,
    C_stride_x, C_stride_r, T_stride_b, T_stride_x, T_stride_p, U_stride_h, U_stride_r, U_stride_d,
    buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_one, buffer_0_stride_r, state_stride_b,
    state_stride_h, state_stride_one, state__stride_b, state__stride_h, state__stride_one, size_b, size_h,
    size_x, BLOCK_X: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_P: tl.constexpr,
    BLOCK_ONE: tl.constexpr, EXACT_R: tl.constexpr, EXACT_D: tl.constexpr, EXACT_P: tl.constexpr,
):
    program = tl.program_id(0)
    first_one = (program % tl.cdiv(1, BLOCK_ONE)) * BLOCK_ONE
    one_index = first_one + tl.arange(0, BLOCK_ONE)
    program = program // tl.cdiv(1, BLOCK_ONE)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    r_index = tl.arange(0, BLOCK_R)
    d_index = tl.arange(0, BLOCK_D)
    p_index = tl.arange(0, BLOCK_P)
    max_x = tl.full([BLOCK_ONE], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_ONE, BLOCK_R], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_ONE], 0.0, tl.float32)
    # src[latent.diag:29]
    filled = tl.load(filled_ptr)
    # src[latent.diag:24]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index * R_stride_h + one_index[:, None] * R_stride_one + p_index[None, :] * R_stride_p,
        mask=(one_index < 1)[:, None],
        other=0.0,
    )
    # src[latent.diag:23]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + one_index[:, None] * Q_stride_one + d_index[None, :] * Q_stride_d,
        mask=(one_index < 1)[:, None],
        other=0.0,
    )
    # src[latent.diag:27]
    U = tl.load(U_ptr + h_index * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d)
    dot = tl.dot(Q, tl.trans(U))
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:26]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:33]
        dot_2 = tl.dot(R, tl.trans(T))
        # src[latent.diag:25]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
        )
        dot_bf16 = dot.to(tl.bfloat16)
        # src[latent.diag:33]
        dot_3 = tl.dot(dot_bf16, tl.trans(C))
        mul_one_x = 0.10411754627697266 * (dot_3 + dot_2)
        tile_max = tl.max(mul_one_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        exp2_one_x = tl.exp2(mul_one_x - next_max_x[:, None])
        tile_bf16 = exp2_one_x.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, C, (acc_x * scale[:, None]))
        tile_sum = tl.sum(exp2_one_x, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:26]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:33]
        dot_2 = tl.dot(R, tl.trans(T))
        # src[latent.diag:25]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        dot_bf16 = dot.to(tl.bfloat16)
        # src[latent.diag:33]
        dot_3 = tl.dot(dot_bf16, tl.trans(C))
        # src[latent.diag:34]
        where_one_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.10411754627697266 * (dot_3 + dot_2), float("-inf"))
        tile_max = tl.max(where_one_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        exp2_one_x = tl.exp2(where_one_x - safe_next_max_x[:, None])
        tile_bf16 = exp2_one_x.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, C, (acc_x * scale[:, None]))
        tile_sum = tl.sum(exp2_one_x, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + one_index[:, None] * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
        acc_x.to(tl.bfloat16),
        mask=(one_index < 1)[:, None],
    )
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + one_index * state_stride_one,
        (0.6931471805599453 * max_x),
        mask=(one_index < 1),
    )
    tl.store(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + one_index * state__stride_one,
        sum_x,
        mask=(one_index < 1),
    )


@triton.jit
def mla_decode_forward_out_kernel(
    W_ptr, state__ptr, buffer_0_ptr, out_ptr, W_stride_h, W_stride_r, W_stride_e, state__stride_b,
    state__stride_h, state__stride_one, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_one,
    buffer_0_stride_r, out_stride_b, out_stride_h, out_stride_one, out_stride_e, size_h, size_b,
    BLOCK_R: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_B, BLOCK_E], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:28]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(e_index < 128)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index * buffer_0_stride_h + one_index * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_0, tl.trans(W), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:28]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[None, :] * W_stride_r + e_index[:, None] * W_stride_e,
            mask=(r_index < 256)[None, :] & (e_index < 128)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index * buffer_0_stride_h + one_index * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
            mask=(b_index < size_b)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_0, tl.trans(W), acc_r)
        acc_r = next_acc_r
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + one_index * state__stride_one,
        mask=(b_index < size_b),
        other=0.0,
    )
    where_b_e = tl.where((state_ > 0.0)[:, None], acc_r * (1.0 / state_)[:, None], 0.0)
    tl.store(
        out_ptr + b_index[:, None] * out_stride_b + h_index * out_stride_h + one_index * out_stride_one + e_index[None, :] * out_stride_e,
        where_b_e.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (e_index < 128)[None, :],
    )


@triton.jit
def mla_decode_forward_logsum_kernel(
    state__ptr, state_ptr, logsum_ptr, state__stride_b, state__stride_h, state__stride_one, state_stride_b,
    state_stride_h, state_stride_one, logsum_stride_b, logsum_stride_h, logsum_stride_one, size_b, size_h,
    BLOCK_ONE: tl.constexpr,
):
    program = tl.program_id(0)
    first_one = (program % tl.cdiv(1, BLOCK_ONE)) * BLOCK_ONE
    one_index = first_one + tl.arange(0, BLOCK_ONE)
    program = program // tl.cdiv(1, BLOCK_ONE)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + one_index * state_stride_one,
        mask=(one_index < 1),
        other=0.0,
    )
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + one_index * state__stride_one,
        mask=(one_index < 1),
        other=0.0,
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + one_index * logsum_stride_one,
        (tl.log(state_) + state),
        mask=(one_index < 1),
    )


@triton.jit
def mla_decode_backward_buffer_0_kernel(
    Q_ptr, U_ptr, buffer_0_ptr, Q_stride_b, Q_stride_h, Q_stride_one, Q_stride_d, U_stride_h, U_stride_r,
    U_stride_d, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_one, buffer_0_stride_r, size_b, size_h,
    BLOCK_D: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_B, BLOCK_R], 0.0, tl.float32)
    to_d = (128) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[latent.diag:27]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        # src[latent.diag:23]
        Q = tl.load(
            Q_ptr + b_index[:, None] * Q_stride_b + h_index * Q_stride_h + one_index * Q_stride_one + d_index[None, :] * Q_stride_d,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(Q, tl.trans(U), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 128, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[latent.diag:27]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[:, None] * U_stride_r + d_index[None, :] * U_stride_d,
            mask=(r_index < 256)[:, None] & (d_index < 128)[None, :],
            other=0.0,
        )
        # src[latent.diag:23]
        Q = tl.load(
            Q_ptr + b_index[:, None] * Q_stride_b + h_index * Q_stride_h + one_index * Q_stride_one + d_index[None, :] * Q_stride_d,
            mask=(b_index < size_b)[:, None] & (d_index < 128)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(Q, tl.trans(U), acc_d)
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + b_index[:, None] * buffer_0_stride_b + h_index * buffer_0_stride_h + one_index * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
        acc_d.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_decode_backward_buffer_2_kernel(
    W_ptr, d_out_ptr, buffer_2_ptr, W_stride_h, W_stride_r, W_stride_e, d_out_stride_b, d_out_stride_h,
    d_out_stride_one, d_out_stride_e, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_one,
    buffer_2_stride_r, size_h, size_b, BLOCK_E: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr,
):
    program = tl.program_id(0)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_B, BLOCK_R], 0.0, tl.float32)
    to_e = (128) // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index[None, :] * d_out_stride_e,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        # src[latent.diag:28]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[:, None] * W_stride_r + e_index[None, :] * W_stride_e,
            mask=(r_index < 256)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(W), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, 128, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index[:, None] * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index[None, :] * d_out_stride_e,
            mask=(b_index < size_b)[:, None] & (e_index < 128)[None, :],
            other=0.0,
        )
        # src[latent.diag:28]
        W = tl.load(
            W_ptr + h_index * W_stride_h + r_index[:, None] * W_stride_r + e_index[None, :] * W_stride_e,
            mask=(r_index < 256)[:, None] & (e_index < 128)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(W), acc_e)
        acc_e = next_acc_e
    tl.store(
        buffer_2_ptr + b_index[:, None] * buffer_2_stride_b + h_index * buffer_2_stride_h + one_index * buffer_2_stride_one + r_index[None, :] * buffer_2_stride_r,
        acc_e.to(tl.bfloat16),
        mask=(b_index < size_b)[:, None] & (r_index < 256)[None, :],
    )


@triton.jit
def mla_decode_backward_buffer_4_rows_kernel(
    d_out_ptr, out_ptr, buffer_4_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_one, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_one, out_stride_e, buffer_4_stride_b, buffer_4_stride_h,
    buffer_4_stride_one, size_b, size_h, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index * d_out_stride_e,
    )
    out = tl.load(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + one_index * out_stride_one + e_index * out_stride_e,
    )
    mul_e = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + one_index * buffer_4_stride_one,
        sum_,
    )


@triton.jit
def mla_decode_backward_buffer_4_kernel(
    d_out_ptr, out_ptr, buffer_4_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_one, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_one, out_stride_e, buffer_4_stride_b, buffer_4_stride_h,
    buffer_4_stride_one, size_b, size_h, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = (128) // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index * d_out_stride_e,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + one_index * out_stride_one + e_index * out_stride_e,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, 128, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index * d_out_stride_e,
            mask=(e_index < 128),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + one_index * out_stride_one + e_index * out_stride_e,
            mask=(e_index < 128),
            other=0.0,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + one_index * buffer_4_stride_one,
        acc_e,
    )


@triton.jit
def mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R_kernel(
    R_ptr, C_ptr, T_ptr, filled_ptr, logsum_ptr, state_ptr, buffer_0_ptr, buffer_2_ptr, buffer_4_ptr,
    buffer_1_ptr, buffer_3_ptr, buffer_5_ptr, d_R_ptr, R_stride_b, R_stride_h, R_stride_one, R_stride_p,
    C_stride_b, C_stride_x, C_stride_r, T_stride_b, T_stride_x, T_stride_p, logsum_stride_b, logsum_stride_h,
    logsum_stride_one, state_stride_b, state_stride_h, state_stride_one, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_one, buffer_0_stride_r, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_one,
    buffer_2_stride_r, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_one, buffer_1_stride_b,
    buffer_1_stride_h, buffer_1_stride_one, buffer_1_stride_r, buffer_3_stride_b, buffer_3_stride_h,
    buffer_3_stride_one, buffer_3_stride_r, buffer_5_stride_b, buffer_5_stride_h, buffer_5_stride_one,
    buffer_5_stride_r, d_R_stride_b, d_R_stride_h, d_R_stride_one, d_R_stride_p, size_b, size_h, size_x,
    BLOCK_X: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_H: tl.constexpr,
    EXACT_R: tl.constexpr, EXACT_P: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = (program % tl.cdiv(size_h, BLOCK_H)) * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    program = program // tl.cdiv(size_h, BLOCK_H)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    b_index = program.to(tl.int64)
    r_index = tl.arange(0, BLOCK_R)
    p_index = tl.arange(0, BLOCK_P)
    acc_x = tl.full([BLOCK_H, BLOCK_R], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_H, BLOCK_R], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_H, BLOCK_R], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_H, BLOCK_P], 0.0, tl.float32)
    # src[latent.diag:29]
    filled = tl.load(filled_ptr)
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + one_index * state_stride_one,
        mask=(h_index < size_h),
        other=0.0,
    )
    mul_h = 1.4426950408889634 * state
    # src[latent.diag:24]
    R = tl.load(
        R_ptr + b_index * R_stride_b + h_index[:, None] * R_stride_h + one_index * R_stride_one + p_index[None, :] * R_stride_p,
        mask=(h_index < size_h)[:, None],
        other=0.0,
    )
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h + one_index * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
        mask=(h_index < size_h)[:, None],
        other=0.0,
    )
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + one_index * buffer_4_stride_one,
        mask=(h_index < size_h),
        other=0.0,
    )
    buffer_2 = tl.load(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h + one_index * buffer_2_stride_one + r_index[None, :] * buffer_2_stride_r,
        mask=(h_index < size_h)[:, None],
        other=0.0,
    )
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + one_index * logsum_stride_one,
        mask=(h_index < size_h),
        other=0.0,
    )
    mul_h_2 = 1.4426950408889634 * logsum
    to_x = (tl.minimum(size_x, filled)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[latent.diag:25]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
        )
        # src[latent.diag:26]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        )
        # src[latent.diag:33]
        dot = tl.dot(R, tl.trans(T))
        dot_2 = tl.dot(buffer_0, tl.trans(C))
        mul_h_x = 0.10411754627697266 * (dot_2 + dot)
        dot_3 = tl.dot(buffer_2, tl.trans(C))
        sub_h_x = dot_3 - buffer_4[:, None]
        tile_bf16 = (tl.exp2(mul_h_x - mul_h[:, None]) * sub_h_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, C, acc_x)
        exp2_h_x = tl.exp2(mul_h_x - mul_h_2[:, None])
        tile_bf16_2 = exp2_h_x.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16_2, C, acc_x_2)
        tile_bf16_3 = (exp2_h_x * sub_h_x).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16_3, C, acc_x_3)
        tile_bf16_4 = (exp2_h_x * sub_h_x).to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16_4, T, acc_x_4)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, filled)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[latent.diag:25]
        C = tl.load(
            C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:26]
        T = tl.load(
            T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[latent.diag:33]
        dot = tl.dot(R, tl.trans(T))
        dot_2 = tl.dot(buffer_0, tl.trans(C))
        # src[latent.diag:34]
        where_h_x = tl.where(((x_index < filled) & (x_index < size_x))[None, :], 0.10411754627697266 * (dot_2 + dot), float("-inf"))
        sub_h_x = where_h_x - tl.where(mul_h == float("-inf"), 0.0, mul_h)[:, None]
        dot_3 = tl.dot(buffer_2, tl.trans(C))
        sub_h_x_2 = dot_3 - buffer_4[:, None]
        tile_bf16 = (tl.exp2(sub_h_x) * sub_h_x_2).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, C, acc_x)
        sub_h_x_3 = where_h_x - tl.where(mul_h_2 == float("-inf"), 0.0, mul_h_2)[:, None]
        exp2_h_x = tl.exp2(sub_h_x_3)
        tile_bf16_2 = exp2_h_x.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16_2, C, acc_x_2)
        tile_bf16_3 = (exp2_h_x * sub_h_x_2).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16_3, C, acc_x_3)
        tile_bf16_4 = (exp2_h_x * sub_h_x_2).to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16_4, T, acc_x_4)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index[:, None] * buffer_1_stride_h + one_index * buffer_1_stride_one + r_index[None, :] * buffer_1_stride_r,
        acc_x.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None],
    )
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + h_index[:, None] * buffer_3_stride_h + one_index * buffer_3_stride_one + r_index[None, :] * buffer_3_stride_r,
        acc_x_2.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None],
    )
    tl.store(
        buffer_5_ptr + b_index * buffer_5_stride_b + h_index[:, None] * buffer_5_stride_h + one_index * buffer_5_stride_one + r_index[None, :] * buffer_5_stride_r,
        acc_x_3.to(tl.bfloat16),
        mask=(h_index < size_h)[:, None],
    )
    tl.store(
        d_R_ptr + b_index * d_R_stride_b + h_index[:, None] * d_R_stride_h + one_index * d_R_stride_one + p_index[None, :] * d_R_stride_p,
        (acc_x_4 * 0.07216878364870323).to(tl.bfloat16),
        mask=(h_index < size_h)[:, None],
    )


@triton.jit
def mla_decode_backward_d_C_d_T_kernel(
    R_ptr, C_ptr, T_ptr, filled_ptr, logsum_ptr, buffer_0_ptr, buffer_2_ptr, buffer_4_ptr, d_C_ptr, d_T_ptr,
    R_stride_b, R_stride_h, R_stride_one, R_stride_p, C_stride_b, C_stride_x, C_stride_r, T_stride_b,
    T_stride_x, T_stride_p, logsum_stride_b, logsum_stride_h, logsum_stride_one, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_one, buffer_0_stride_r, buffer_2_stride_b, buffer_2_stride_h,
    buffer_2_stride_one, buffer_2_stride_r, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_one,
    d_C_stride_b, d_C_stride_x, d_C_stride_r, d_T_stride_b, d_T_stride_x, d_T_stride_p, size_b, size_h,
    size_x, BLOCK_H: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_R: tl.constexpr, EXACT_P: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    r_index = tl.arange(0, BLOCK_R)
    p_index = tl.arange(0, BLOCK_P)
    acc_h_one = tl.full([BLOCK_X, BLOCK_R], 0.0, tl.float32)
    acc_h_one_2 = tl.full([BLOCK_X, BLOCK_R], 0.0, tl.float32)
    acc_h_one_3 = tl.full([BLOCK_X, BLOCK_P], 0.0, tl.float32)
    # src[latent.diag:26]
    T = tl.load(
        T_ptr + b_index * T_stride_b + x_index[:, None] * T_stride_x + p_index[None, :] * T_stride_p,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[latent.diag:25]
    C = tl.load(
        C_ptr + b_index * C_stride_b + x_index[:, None] * C_stride_x + r_index[None, :] * C_stride_r,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[latent.diag:29]
    filled = tl.load(filled_ptr)
    # src[latent.diag:34]
    lt_x = x_index < filled
    for one_index in tl.range(0, 1):
        to_h = size_h // BLOCK_H * BLOCK_H
        # whole tiles, no mask needed
        for first_h in tl.range(0, to_h, BLOCK_H):
            h_index = first_h + tl.arange(0, BLOCK_H)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + one_index * logsum_stride_one,
            )
            mul_h = 1.4426950408889634 * logsum
            # src[latent.diag:24]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index[:, None] * R_stride_h + one_index * R_stride_one + p_index[None, :] * R_stride_p,
            )
            # src[latent.diag:33]
            dot = tl.dot(T, tl.trans(R))
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h + one_index * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
            )
            dot_2 = tl.dot(C, tl.trans(buffer_0))
            where_x_h = tl.where(lt_x[:, None], 0.10411754627697266 * (dot_2 + dot), float("-inf"))
            sub_x_h = where_x_h - tl.where(mul_h == float("-inf"), 0.0, mul_h)[None, :]
            exp2_x_h = tl.exp2(sub_x_h)
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + one_index * buffer_4_stride_one,
            )
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h + one_index * buffer_2_stride_one + r_index[None, :] * buffer_2_stride_r,
            )
            dot_3 = tl.dot(C, tl.trans(buffer_2))
            sub_x_h_2 = dot_3 - buffer_4[None, :]
            tile_bf16 = (exp2_x_h * sub_x_h_2).to(tl.bfloat16)
            next_acc_h_one = tl.dot(tile_bf16, buffer_0, acc_h_one)
            tile_bf16_2 = exp2_x_h.to(tl.bfloat16)
            next_acc_h_one_2 = tl.dot(tile_bf16_2, buffer_2, acc_h_one_2)
            tile_bf16_3 = (exp2_x_h * sub_x_h_2).to(tl.bfloat16)
            next_acc_h_one_3 = tl.dot(tile_bf16_3, R, acc_h_one_3)
            acc_h_one = next_acc_h_one
            acc_h_one_2 = next_acc_h_one_2
            acc_h_one_3 = next_acc_h_one_3
        from_h = tl.maximum(0, to_h)
        # tiles that a mask or the end cuts
        for first_h_2 in tl.range(from_h, size_h, BLOCK_H):
            h_index = first_h_2 + tl.arange(0, BLOCK_H)
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + one_index * logsum_stride_one,
                mask=(h_index < size_h),
                other=0.0,
            )
            mul_h = 1.4426950408889634 * logsum
            # src[latent.diag:24]
            R = tl.load(
                R_ptr + b_index * R_stride_b + h_index[:, None] * R_stride_h + one_index * R_stride_one + p_index[None, :] * R_stride_p,
                mask=(h_index < size_h)[:, None],
                other=0.0,
            )
            # src[latent.diag:33]
            dot = tl.dot(T, tl.trans(R))
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index[:, None] * buffer_0_stride_h + one_index * buffer_0_stride_one + r_index[None, :] * buffer_0_stride_r,
                mask=(h_index < size_h)[:, None],
                other=0.0,
            )
            dot_2 = tl.dot(C, tl.trans(buffer_0))
            where_x_h = tl.where(lt_x[:, None] & (h_index < size_h)[None, :], 0.10411754627697266 * (dot_2 + dot), float("-inf"))
            sub_x_h = where_x_h - tl.where(mul_h == float("-inf"), 0.0, mul_h)[None, :]
            exp2_x_h = tl.exp2(sub_x_h)
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + one_index * buffer_4_stride_one,
                mask=(h_index < size_h),
                other=0.0,
            )
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + h_index[:, None] * buffer_2_stride_h + one_index * buffer_2_stride_one + r_index[None, :] * buffer_2_stride_r,
                mask=(h_index < size_h)[:, None],
                other=0.0,
            )
            dot_3 = tl.dot(C, tl.trans(buffer_2))
            sub_x_h_2 = dot_3 - buffer_4[None, :]
            tile_bf16 = (exp2_x_h * sub_x_h_2).to(tl.bfloat16)
            next_acc_h_one = tl.dot(tile_bf16, buffer_0, acc_h_one)
            tile_bf16_2 = exp2_x_h.to(tl.bfloat16)
            next_acc_h_one_2 = tl.dot(tile_bf16_2, buffer_2, acc_h_one_2)
            tile_bf16_3 = (exp2_x_h * sub_x_h_2).to(tl.bfloat16)
            next_acc_h_one_3 = tl.dot(tile_bf16_3, R, acc_h_one_3)
            acc_h_one = next_acc_h_one
            acc_h_one_2 = next_acc_h_one_2
            acc_h_one_3 = next_acc_h_one_3
    where_x_r = tl.where(lt_x[:, None], acc_h_one * 0.07216878364870323, 0.0)
    tl.store(
        d_C_ptr + b_index * d_C_stride_b + x_index[:, None] * d_C_stride_x + r_index[None, :] * d_C_stride_r,
        (where_x_r + acc_h_one_2).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )
    where_x_p = tl.where(lt_x[:, None], acc_h_one_3 * 0.07216878364870323, 0.0)
    tl.store(
        d_T_ptr + b_index * d_T_stride_b + x_index[:, None] * d_T_stride_x + p_index[None, :] * d_T_stride_p,
        where_x_p.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None],
    )


@triton.jit
def mla_decode_backward_d_Q_kernel(
    U_ptr, state__ptr, buffer_1_ptr, d_Q_ptr, U_stride_h, U_stride_r, U_stride_d, state__stride_b,
    state__stride_h, state__stride_one, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_one,
    buffer_1_stride_r, d_Q_stride_b, d_Q_stride_h, d_Q_stride_one, d_Q_stride_d, size_h, size_b,
    BLOCK_R: tl.constexpr, BLOCK_B: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    first_b = (program % tl.cdiv(size_b, BLOCK_B)) * BLOCK_B
    b_index = first_b + tl.arange(0, BLOCK_B)
    program = program // tl.cdiv(size_b, BLOCK_B)
    one_index = (program % 1).to(tl.int64)
    program = program // 1
    h_index = program.to(tl.int64)
    acc_r = tl.full([BLOCK_B, BLOCK_D], 0.0, tl.float32)
    to_r = (256) // BLOCK_R * BLOCK_R
    # whole tiles, no mask needed
    for first_r in tl.range(0, to_r, BLOCK_R):
        r_index = first_r + tl.arange(0, BLOCK_R)
        # src[latent.diag:27]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(d_index < 128)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index * buffer_1_stride_h + one_index * buffer_1_stride_one + r_index[None, :] * buffer_1_stride_r,
            mask=(b_index < size_b)[:, None],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_1, tl.trans(U), acc_r)
        acc_r = next_acc_r
    from_r = tl.maximum(0, to_r)
    # tiles that a mask or the end cuts
    for first_r_2 in tl.range(from_r, 256, BLOCK_R):
        r_index = first_r_2 + tl.arange(0, BLOCK_R)
        # src[latent.diag:27]
        U = tl.load(
            U_ptr + h_index * U_stride_h + r_index[None, :] * U_stride_r + d_index[:, None] * U_stride_d,
            mask=(r_index < 256)[None, :] & (d_index < 128)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + b_index[:, None] * buffer_1_stride_b + h_index * buffer_1_stride_h + one_index * buffer_1_stride_one + r_index[None, :] * buffer_1_stride_r,
            mask=(b_index < size_b)[:, None] & (r_index < 256)[None, :],
            other=0.0,
        )
        next_acc_r = tl.dot(buffer_1, tl.trans(U), acc_r)
        acc_r = next_acc_r
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + one_index * state__stride_one,
        mask=(b_index < size_b),
        other=0.0,
    )
    mul_b_d = (0.07216878364870323 * (1.0 / state_))[:, None] * acc_r
    tile_bf16 = tl.where((state_ > 0.0)[:, None], mul_b_d, 0.0).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + b_index[:, None] * d_Q_stride_b + h_index * d_Q_stride_h + one_index * d_Q_stride_one + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(b_index < size_b)[:, None] & (d_index < 128)[None, :],
    )


@triton.jit
def mla_decode_backward_d_U_kernel(
    Q_ptr, buffer_5_ptr, d_U_ptr, Q_stride_b, Q_stride_h, Q_stride_one, Q_stride_d, buffer_5_stride_b,
    buffer_5_stride_h, buffer_5_stride_one, buffer_5_stride_r, d_U_stride_h, d_U_stride_r, d_U_stride_d,
    size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(128, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(128, BLOCK_D)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    h_index = program.to(tl.int64)
    acc_b_one = tl.full([BLOCK_R, BLOCK_D], 0.0, tl.float32)
    for one_index in tl.range(0, 1):
        to_b = size_b // BLOCK_B * BLOCK_B
        # whole tiles, no mask needed
        for first_b in tl.range(0, to_b, BLOCK_B):
            b_index = first_b + tl.arange(0, BLOCK_B)
            buffer_5 = tl.load(
                buffer_5_ptr + b_index[None, :] * buffer_5_stride_b + h_index * buffer_5_stride_h + one_index * buffer_5_stride_one + r_index[:, None] * buffer_5_stride_r,
                mask=(r_index < 256)[:, None],
                other=0.0,
            )
            # src[latent.diag:23]
            Q = tl.load(
                Q_ptr + b_index[None, :] * Q_stride_b + h_index * Q_stride_h + one_index * Q_stride_one + d_index[:, None] * Q_stride_d,
                mask=(d_index < 128)[:, None],
                other=0.0,
            )
            next_acc_b_one = tl.dot(buffer_5, tl.trans(Q), acc_b_one)
            acc_b_one = next_acc_b_one
        from_b = tl.maximum(0, to_b)
        # tiles that a mask or the end cuts
        for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
            b_index = first_b_2 + tl.arange(0, BLOCK_B)
            buffer_5 = tl.load(
                buffer_5_ptr + b_index[None, :] * buffer_5_stride_b + h_index * buffer_5_stride_h + one_index * buffer_5_stride_one + r_index[:, None] * buffer_5_stride_r,
                mask=(b_index < size_b)[None, :] & (r_index < 256)[:, None],
                other=0.0,
            )
            # src[latent.diag:23]
            Q = tl.load(
                Q_ptr + b_index[None, :] * Q_stride_b + h_index * Q_stride_h + one_index * Q_stride_one + d_index[:, None] * Q_stride_d,
                mask=(b_index < size_b)[None, :] & (d_index < 128)[:, None],
                other=0.0,
            )
            next_acc_b_one = tl.dot(buffer_5, tl.trans(Q), acc_b_one)
            acc_b_one = next_acc_b_one
    tile_bf16 = (acc_b_one * 0.07216878364870323).to(tl.bfloat16)
    tl.store(
        d_U_ptr + h_index * d_U_stride_h + r_index[:, None] * d_U_stride_r + d_index[None, :] * d_U_stride_d,
        tile_bf16,
        mask=(r_index < 256)[:, None] & (d_index < 128)[None, :],
    )


@triton.jit
def mla_decode_backward_d_W_kernel(
    d_out_ptr, buffer_3_ptr, d_W_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_one, d_out_stride_e,
    buffer_3_stride_b, buffer_3_stride_h, buffer_3_stride_one, buffer_3_stride_r, d_W_stride_h, d_W_stride_r,
    d_W_stride_e, size_b, size_h, BLOCK_B: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(128, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(128, BLOCK_E)
    first_r = (program % tl.cdiv(256, BLOCK_R)) * BLOCK_R
    r_index = first_r + tl.arange(0, BLOCK_R)
    program = program // tl.cdiv(256, BLOCK_R)
    h_index = program.to(tl.int64)
    acc_b_one = tl.full([BLOCK_R, BLOCK_E], 0.0, tl.float32)
    for one_index in tl.range(0, 1):
        to_b = size_b // BLOCK_B * BLOCK_B
        # whole tiles, no mask needed
        for first_b in tl.range(0, to_b, BLOCK_B):
            b_index = first_b + tl.arange(0, BLOCK_B)
            d_out = tl.load(
                d_out_ptr + b_index[None, :] * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index[:, None] * d_out_stride_e,
                mask=(e_index < 128)[:, None],
                other=0.0,
            )
            buffer_3 = tl.load(
                buffer_3_ptr + b_index[None, :] * buffer_3_stride_b + h_index * buffer_3_stride_h + one_index * buffer_3_stride_one + r_index[:, None] * buffer_3_stride_r,
                mask=(r_index < 256)[:, None],
                other=0.0,
            )
            next_acc_b_one = tl.dot(buffer_3, tl.trans(d_out), acc_b_one)
            acc_b_one = next_acc_b_one
        from_b = tl.maximum(0, to_b)
        # tiles that a mask or the end cuts
        for first_b_2 in tl.range(from_b, size_b, BLOCK_B):
            b_index = first_b_2 + tl.arange(0, BLOCK_B)
            d_out = tl.load(
                d_out_ptr + b_index[None, :] * d_out_stride_b + h_index * d_out_stride_h + one_index * d_out_stride_one + e_index[:, None] * d_out_stride_e,
                mask=(b_index < size_b)[None, :] & (e_index < 128)[:, None],
                other=0.0,
            )
            buffer_3 = tl.load(
                buffer_3_ptr + b_index[None, :] * buffer_3_stride_b + h_index * buffer_3_stride_h + one_index * buffer_3_stride_one + r_index[:, None] * buffer_3_stride_r,
                mask=(b_index < size_b)[None, :] & (r_index < 256)[:, None],
                other=0.0,
            )
            next_acc_b_one = tl.dot(buffer_3, tl.trans(d_out), acc_b_one)
            acc_b_one = next_acc_b_one
    tl.store(
        d_W_ptr + h_index * d_W_stride_h + r_index[:, None] * d_W_stride_r + e_index[None, :] * d_W_stride_e,
        acc_b_one.to(tl.bfloat16),
        mask=(r_index < 256)[:, None] & (e_index < 128)[None, :],
    )


@_operator
def _mla_decode_buffer_0_buffer_1(
    Q: torch.Tensor,
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    U: torch.Tensor,
    filled: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_decode_buffer_0_buffer_1(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], filled: i32[]) -> buffer_0: f32[b h one], buffer_1: bf16[b h one r]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("C", C, torch.bfloat16, 3, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("U", U, torch.bfloat16, 3, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, h, _, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    buffer_0 = torch.empty((b, h, 1), dtype=torch.float32, device=Q.device)
    buffer_1 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_R = max(16, triton.next_power_of_2(256))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    if max(BLOCK_R, BLOCK_D, BLOCK_P) > 256:
        raise ValueError(f"r x d x p = {max(BLOCK_R, BLOCK_D, BLOCK_P)}: at most 256 elements are held on chip")
    BLOCK_ONE, BLOCK_X, warps, stages = 16, 16, 8, 2
    grid = (b * h * triton.cdiv(1, BLOCK_ONE),)
    mla_decode_buffer_0_buffer_1_kernel[grid](
        Q, R, C, T, U, filled, buffer_0, buffer_1, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), C.stride(0), C.stride(1), C.stride(2),
        T.stride(0), T.stride(1), T.stride(2), U.stride(0), U.stride(1), U.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_1.stride(3), b, h, x, BLOCK_X=BLOCK_X, BLOCK_R=BLOCK_R, BLOCK_D=BLOCK_D, BLOCK_P=BLOCK_P,
        BLOCK_ONE=BLOCK_ONE, EXACT_R=256 == BLOCK_R, EXACT_D=128 == BLOCK_D, EXACT_P=64 == BLOCK_P,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _mla_decode_out(W: torch.Tensor, buffer_0: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_mla_decode_out(W: bf16[h r e], buffer_0: f32[b h one], buffer_1: bf16[b h one r]) -> out: bf16[b h one e]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("buffer_0", buffer_0, torch.float32, 3, W.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 4, W.device)
    h, _, _ = W.shape
    b, _, _ = buffer_0.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if buffer_0.shape != (b, h, 1):
        raise ValueError(f"buffer_0: f32[b h one] has shape {buffer_0.shape}, expected {(b, h, 1)}")
    if buffer_1.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_1: bf16[b h one r] has shape {buffer_1.shape}, expected {(b, h, 1, 256)}")
    out = torch.empty((b, h, 1, 128), dtype=torch.bfloat16, device=W.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_E, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * h * 1 * triton.cdiv(128, BLOCK_E),)
    mla_decode_out_kernel[grid](
        W, buffer_0, buffer_1, out, W.stride(0), W.stride(1), W.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_1.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), h, b, BLOCK_R=BLOCK_R,
        BLOCK_B=BLOCK_B, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mla_decode_forward_buffer_0_state_state_(
    Q: torch.Tensor,
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    U: torch.Tensor,
    filled: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_mla_decode_forward_buffer_0_state_state_(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], filled: i32[]) -> buffer_0: bf16[b h one r], state: f32[b h one], state_: f32[b h one]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("R", R, torch.bfloat16, 4, Q.device)
    _check("C", C, torch.bfloat16, 3, Q.device)
    _check("T", T, torch.bfloat16, 3, Q.device)
    _check("U", U, torch.bfloat16, 3, Q.device)
    _check("filled", filled, torch.int32, 0, Q.device)
    b, h, _, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    buffer_0 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=Q.device)
    state = torch.empty((b, h, 1), dtype=torch.float32, device=Q.device)
    state_ = torch.empty((b, h, 1), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, state, state_
    BLOCK_R = max(16, triton.next_power_of_2(256))
    BLOCK_D = max(16, triton.next_power_of_2(128))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    if max(BLOCK_R, BLOCK_D, BLOCK_P) > 256:
        raise ValueError(f"r x d x p = {max(BLOCK_R, BLOCK_D, BLOCK_P)}: at most 256 elements are held on chip")
    BLOCK_ONE, BLOCK_X, warps, stages = 16, 16, 8, 2
    grid = (b * h * triton.cdiv(1, BLOCK_ONE),)
    mla_decode_forward_buffer_0_state_state__kernel[grid](
        Q, R, C, T, U, filled, buffer_0, state, state_, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), C.stride(0), C.stride(1), C.stride(2),
        T.stride(0), T.stride(1), T.stride(2), U.stride(0), U.stride(1), U.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), state.stride(0), state.stride(1),
        state.stride(2), state_.stride(0), state_.stride(1), state_.stride(2), b, h, x, BLOCK_X=BLOCK_X,
        BLOCK_R=BLOCK_R, BLOCK_D=BLOCK_D, BLOCK_P=BLOCK_P, BLOCK_ONE=BLOCK_ONE, EXACT_R=256 == BLOCK_R,
        EXACT_D=128 == BLOCK_D, EXACT_P=64 == BLOCK_P, num_warps=warps, num_stages=stages,
    )
    return buffer_0, state, state_


@_operator
def _mla_decode_forward_out(W: torch.Tensor, state_: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_mla_decode_forward_out(W: bf16[h r e], state_: f32[b h one], buffer_0: bf16[b h one r]) -> out: bf16[b h one e]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("state_", state_, torch.float32, 3, W.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, W.device)
    h, _, _ = W.shape
    b, _, _ = state_.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    if buffer_0.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_0: bf16[b h one r] has shape {buffer_0.shape}, expected {(b, h, 1, 256)}")
    out = torch.empty((b, h, 1, 128), dtype=torch.bfloat16, device=W.device)
    if _is_traced(out):
        return out
    BLOCK_B, BLOCK_E, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * h * 1 * triton.cdiv(128, BLOCK_E),)
    mla_decode_forward_out_kernel[grid](
        W, state_, buffer_0, out, W.stride(0), W.stride(1), W.stride(2), state_.stride(0), state_.stride(1),
        state_.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), h, b, BLOCK_R=BLOCK_R, BLOCK_B=BLOCK_B,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _mla_decode_forward_logsum(state_: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_mla_decode_forward_logsum(state_: f32[b h one], state: f32[b h one]) -> logsum: f32[b h one]. Any strides; sizes are read off the shapes."""
    _check("state_", state_, torch.float32, 3, state_.device)
    _check("state", state, torch.float32, 3, state_.device)
    b, h, _ = state_.shape
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    if state.shape != (b, h, 1):
        raise ValueError(f"state: f32[b h one] has shape {state.shape}, expected {(b, h, 1)}")
    logsum = torch.empty((b, h, 1), dtype=torch.float32, device=state_.device)
    if _is_traced(logsum):
        return logsum
    BLOCK_ONE, warps, stages = 1024, 4, 1
    grid = (b * h * triton.cdiv(1, BLOCK_ONE),)
    mla_decode_forward_logsum_kernel[grid](
        state_, state, logsum, state_.stride(0), state_.stride(1), state_.stride(2), state.stride(0),
        state.stride(1), state.stride(2), logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h,
        BLOCK_ONE=BLOCK_ONE, num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _mla_decode_backward_buffer_0(Q: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_mla_decode_backward_buffer_0(Q: bf16[b h one d], U: bf16[h r d]) -> buffer_0: bf16[b h one r]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("U", U, torch.bfloat16, 3, Q.device)
    b, h, _, _ = Q.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    buffer_0 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_B, BLOCK_R, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * h * 1 * triton.cdiv(256, BLOCK_R),)
    mla_decode_backward_buffer_0_kernel[grid](
        Q, U, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), U.stride(0), U.stride(1),
        U.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, h,
        BLOCK_D=BLOCK_D, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _mla_decode_backward_buffer_2(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_mla_decode_backward_buffer_2(W: bf16[h r e], d_out: bf16[b h one e]) -> buffer_2: bf16[b h one r]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 3, W.device)
    _check("d_out", d_out, torch.bfloat16, 4, W.device)
    h, _, _ = W.shape
    b, _, _, _ = d_out.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    buffer_2 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=W.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_B, BLOCK_R, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * h * 1 * triton.cdiv(256, BLOCK_R),)
    mla_decode_backward_buffer_2_kernel[grid](
        W, d_out, buffer_2, W.stride(0), W.stride(1), W.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), d_out.stride(3), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), h, b, BLOCK_E=BLOCK_E, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, num_warps=warps,
        num_stages=stages,
    )
    return buffer_2


@_operator
def _mla_decode_backward_buffer_4(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_mla_decode_backward_buffer_4(d_out: bf16[b h one e], out: bf16[b h one e]) -> buffer_4: f32[b h one]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, _, _ = d_out.shape
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if out.shape != (b, h, 1, 128):
        raise ValueError(f"out: bf16[b h one e] has shape {out.shape}, expected {(b, h, 1, 128)}")
    buffer_4 = torch.empty((b, h, 1), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_E = max(16, triton.next_power_of_2(128))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * 1,)
        mla_decode_backward_buffer_4_rows_kernel[grid](
            d_out, out, buffer_4, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_4.stride(0),
            buffer_4.stride(1), buffer_4.stride(2), b, h, BLOCK_E=BLOCK_E, EXACT_E=128 == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_4
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * 1,)
    mla_decode_backward_buffer_4_kernel[grid](
        d_out, out, buffer_4, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), b, h, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_4


@_operator
def _mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R(
    R: torch.Tensor, C: torch.Tensor, T: torch.Tensor, filled: torch.Tensor, logsum: torch.Tensor,
    state: torch.Tensor, buffer_0: torch.Tensor, buffer_2: torch.Tensor, buffer_4: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R(R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], filled: i32[], logsum: f32[b h one], state: f32[b h one], buffer_0: bf16[b h one r], buffer_2: bf16[b h one r], buffer_4: f32[b h one]) -> buffer_1: bf16[b h one r], buffer_3: bf16[b h one r], buffer_5: bf16[b h one r], d_R: bf16[b h one p]. Any strides; sizes are read off the shapes."""
    _check("R", R, torch.bfloat16, 4, R.device)
    _check("C", C, torch.bfloat16, 3, R.device)
    _check("T", T, torch.bfloat16, 3, R.device)
    _check("filled", filled, torch.int32, 0, R.device)
    _check("logsum", logsum, torch.float32, 3, R.device)
    _check("state", state, torch.float32, 3, R.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, R.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 4, R.device)
    _check("buffer_4", buffer_4, torch.float32, 3, R.device)
    b, h, _, _ = R.shape
    _, x, _ = C.shape
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    if state.shape != (b, h, 1):
        raise ValueError(f"state: f32[b h one] has shape {state.shape}, expected {(b, h, 1)}")
    if buffer_0.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_0: bf16[b h one r] has shape {buffer_0.shape}, expected {(b, h, 1, 256)}")
    if buffer_2.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_2: bf16[b h one r] has shape {buffer_2.shape}, expected {(b, h, 1, 256)}")
    if buffer_4.shape != (b, h, 1):
        raise ValueError(f"buffer_4: f32[b h one] has shape {buffer_4.shape}, expected {(b, h, 1)}")
    buffer_1 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=R.device)
    buffer_3 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=R.device)
    buffer_5 = torch.empty((b, h, 1, 256), dtype=torch.bfloat16, device=R.device)
    d_R = torch.empty((b, h, 1, 64), dtype=torch.bfloat16, device=R.device)
    if _is_traced(buffer_1):
        return buffer_1, buffer_3, buffer_5, d_R
    BLOCK_R = max(16, triton.next_power_of_2(256))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    if max(BLOCK_R, BLOCK_P) > 256:
        raise ValueError(f"r x p = {max(BLOCK_R, BLOCK_P)}: at most 256 elements are held on chip")
    BLOCK_H, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (b * triton.cdiv(h, BLOCK_H) * 1,)
    mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R_kernel[grid](
        R, C, T, filled, logsum, state, buffer_0, buffer_2, buffer_4, buffer_1, buffer_3, buffer_5, d_R,
        R.stride(0), R.stride(1), R.stride(2), R.stride(3), C.stride(0), C.stride(1), C.stride(2),
        T.stride(0), T.stride(1), T.stride(2), logsum.stride(0), logsum.stride(1), logsum.stride(2),
        state.stride(0), state.stride(1), state.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), buffer_3.stride(0), buffer_3.stride(1),
        buffer_3.stride(2), buffer_3.stride(3), buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2),
        buffer_5.stride(3), d_R.stride(0), d_R.stride(1), d_R.stride(2), d_R.stride(3), b, h, x,
        BLOCK_X=BLOCK_X, BLOCK_R=BLOCK_R, BLOCK_P=BLOCK_P, BLOCK_H=BLOCK_H, EXACT_R=256 == BLOCK_R,
        EXACT_P=64 == BLOCK_P, num_warps=warps, num_stages=stages,
    )
    return buffer_1, buffer_3, buffer_5, d_R


@_operator
def _mla_decode_backward_d_C_d_T(
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    filled: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_2: torch.Tensor,
    buffer_4: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_mla_decode_backward_d_C_d_T(R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], filled: i32[], logsum: f32[b h one], buffer_0: bf16[b h one r], buffer_2: bf16[b h one r], buffer_4: f32[b h one]) -> d_C: bf16[b x r], d_T: bf16[b x p]. Any strides; sizes are read off the shapes."""
    _check("R", R, torch.bfloat16, 4, R.device)
    _check("C", C, torch.bfloat16, 3, R.device)
    _check("T", T, torch.bfloat16, 3, R.device)
    _check("filled", filled, torch.int32, 0, R.device)
    _check("logsum", logsum, torch.float32, 3, R.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, R.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 4, R.device)
    _check("buffer_4", buffer_4, torch.float32, 3, R.device)
    b, h, _, _ = R.shape
    _, x, _ = C.shape
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    if buffer_0.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_0: bf16[b h one r] has shape {buffer_0.shape}, expected {(b, h, 1, 256)}")
    if buffer_2.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_2: bf16[b h one r] has shape {buffer_2.shape}, expected {(b, h, 1, 256)}")
    if buffer_4.shape != (b, h, 1):
        raise ValueError(f"buffer_4: f32[b h one] has shape {buffer_4.shape}, expected {(b, h, 1)}")
    d_C = torch.empty((b, x, 256), dtype=torch.bfloat16, device=R.device)
    d_T = torch.empty((b, x, 64), dtype=torch.bfloat16, device=R.device)
    if _is_traced(d_C):
        return d_C, d_T
    BLOCK_R = max(16, triton.next_power_of_2(256))
    BLOCK_P = max(16, triton.next_power_of_2(64))
    if max(BLOCK_R, BLOCK_P) > 256:
        raise ValueError(f"r x p = {max(BLOCK_R, BLOCK_P)}: at most 256 elements are held on chip")
    BLOCK_X, BLOCK_H, warps, stages = 16, 16, 8, 1
    grid = (b * triton.cdiv(x, BLOCK_X),)
    mla_decode_backward_d_C_d_T_kernel[grid](
        R, C, T, filled, logsum, buffer_0, buffer_2, buffer_4, d_C, d_T, R.stride(0), R.stride(1),
        R.stride(2), R.stride(3), C.stride(0), C.stride(1), C.stride(2), T.stride(0), T.stride(1),
        T.stride(2), logsum.stride(0), logsum.stride(1), logsum.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_2.stride(0), buffer_2.stride(1),
        buffer_2.stride(2), buffer_2.stride(3), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2),
        d_C.stride(0), d_C.stride(1), d_C.stride(2), d_T.stride(0), d_T.stride(1), d_T.stride(2), b, h, x,
        BLOCK_H=BLOCK_H, BLOCK_R=BLOCK_R, BLOCK_P=BLOCK_P, BLOCK_X=BLOCK_X, EXACT_R=256 == BLOCK_R,
        EXACT_P=64 == BLOCK_P, num_warps=warps, num_stages=stages,
    )
    return d_C, d_T


@_operator
def _mla_decode_backward_d_Q(U: torch.Tensor, state_: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_mla_decode_backward_d_Q(U: bf16[h r d], state_: f32[b h one], buffer_1: bf16[b h one r]) -> d_Q: bf16[b h one d]. Any strides; sizes are read off the shapes."""
    _check("U", U, torch.bfloat16, 3, U.device)
    _check("state_", state_, torch.float32, 3, U.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 4, U.device)
    h, _, _ = U.shape
    b, _, _ = state_.shape
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    if buffer_1.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_1: bf16[b h one r] has shape {buffer_1.shape}, expected {(b, h, 1, 256)}")
    d_Q = torch.empty((b, h, 1, 128), dtype=torch.bfloat16, device=U.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_B, BLOCK_D, BLOCK_R, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(b, BLOCK_B) * h * 1 * triton.cdiv(128, BLOCK_D),)
    mla_decode_backward_d_Q_kernel[grid](
        U, state_, buffer_1, d_Q, U.stride(0), U.stride(1), U.stride(2), state_.stride(0), state_.stride(1),
        state_.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), h, b, BLOCK_R=BLOCK_R, BLOCK_B=BLOCK_B,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _mla_decode_backward_d_U(Q: torch.Tensor, buffer_5: torch.Tensor) -> torch.Tensor:
    """_mla_decode_backward_d_U(Q: bf16[b h one d], buffer_5: bf16[b h one r]) -> d_U: bf16[h r d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("buffer_5", buffer_5, torch.bfloat16, 4, Q.device)
    b, h, _, _ = Q.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if buffer_5.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_5: bf16[b h one r] has shape {buffer_5.shape}, expected {(b, h, 1, 256)}")
    d_U = torch.empty((h, 256, 128), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_U):
        return d_U
    BLOCK_R, BLOCK_D, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(256, BLOCK_R) * triton.cdiv(128, BLOCK_D),)
    mla_decode_backward_d_U_kernel[grid](
        Q, buffer_5, d_U, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), buffer_5.stride(0),
        buffer_5.stride(1), buffer_5.stride(2), buffer_5.stride(3), d_U.stride(0), d_U.stride(1),
        d_U.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_U


@_operator
def _mla_decode_backward_d_W(d_out: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_mla_decode_backward_d_W(d_out: bf16[b h one e], buffer_3: bf16[b h one r]) -> d_W: bf16[h r e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 4, d_out.device)
    b, h, _, _ = d_out.shape
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if buffer_3.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_3: bf16[b h one r] has shape {buffer_3.shape}, expected {(b, h, 1, 256)}")
    d_W = torch.empty((h, 256, 128), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_R, BLOCK_E, BLOCK_B, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(256, BLOCK_R) * triton.cdiv(128, BLOCK_E),)
    mla_decode_backward_d_W_kernel[grid](
        d_out, buffer_3, d_W, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3), d_W.stride(0),
        d_W.stride(1), d_W.stride(2), b, h, BLOCK_B=BLOCK_B, BLOCK_R=BLOCK_R, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_W


class _mla_decode_autograd(torch.autograd.Function):
    """mla_decode and its derivative."""

    @staticmethod
    def forward(ctx, Q, R, C, T, U, W, filled):
        buffer_0, state, state_ = _mla_decode_forward_buffer_0_state_state_(Q, R, C, T, U, filled)
        out = _mla_decode_forward_out(W, state_, buffer_0)
        logsum = _mla_decode_forward_logsum(state_, state)
        ctx.save_for_backward(Q, R, C, T, U, W, filled, out, logsum, state, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, R, C, T, U, W, filled, out, logsum, state, state_ = ctx.saved_tensors
        buffer_0 = _mla_decode_backward_buffer_0(Q, U)
        buffer_2 = _mla_decode_backward_buffer_2(W, d_out)
        buffer_4 = _mla_decode_backward_buffer_4(d_out, out)
        buffer_1, buffer_3, buffer_5, d_R = _mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R(R, C, T, filled, logsum, state, buffer_0, buffer_2, buffer_4)
        d_C, d_T = _mla_decode_backward_d_C_d_T(R, C, T, filled, logsum, buffer_0, buffer_2, buffer_4)
        d_Q = _mla_decode_backward_d_Q(U, state_, buffer_1)
        d_U = _mla_decode_backward_d_U(Q, buffer_5)
        d_W = _mla_decode_backward_d_W(d_out, buffer_3)
        return d_Q, d_R, d_C, d_T, d_U, d_W, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.int32)
def mla_decode(
    Q: torch.Tensor,
    R: torch.Tensor,
    C: torch.Tensor,
    T: torch.Tensor,
    U: torch.Tensor,
    W: torch.Tensor,
    filled: torch.Tensor,
) -> torch.Tensor:
    """mla_decode(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[]) -> out: bf16[b h one e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, _, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, R, C, T, U, W)):
        return _mla_decode_autograd.apply(Q, R, C, T, U, W, filled)
    buffer_0, buffer_1 = _mla_decode_buffer_0_buffer_1(Q, R, C, T, U, filled)
    out = _mla_decode_out(W, buffer_0, buffer_1)
    return out
