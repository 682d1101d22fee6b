"""Fused kernels for rotary_rows, rotary.

Made by diagc 0.1.0 from rotary.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["rotary_rows", "rotary"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of rotary_jax.py do, on NumPy arrays")
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
    """A function of rotary_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by rotary_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("rotary_jax.py")
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
    """A function that on a CPU is that of rotary_jax.py; `params` are the places of what it takes as parameters."""

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
def rotary_rows_kernel(
    X_ptr, out_ptr, X_stride_b, X_stride_h, X_stride_q, X_stride_two, X_stride_half, out_stride_b,
    out_stride_h, out_stride_q, out_stride_two, out_stride_half, size_b, size_h, size_q,
    BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    # src[maps.diag:42]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = q_index.to(tl.float32) * pow_half
    # src[maps.diag:44]
    # src[maps.diag:43]
    X = tl.load(
        X_ptr + b_index * X_stride_b + h_index * X_stride_h + q_index * X_stride_q + (-1 * two_index + 1) * X_stride_two + half_index * X_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    X_f32 = X.to(tl.float32)
    # src[maps.diag:44]
    mul_half = tl.where(two_index == 0, X_f32 * -1.0, X_f32) * tl.sin(angle)
    # src[rotary.diag:6]
    X_2 = tl.load(
        X_ptr + b_index * X_stride_b + h_index * X_stride_h + q_index * X_stride_q + two_index * X_stride_two + half_index * X_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    # src[maps.diag:44]
    # src[rotary.diag:6]
    # src[maps.diag:44]
    add_half = (tl.cos(angle) * X_2.to(tl.float32)) + mul_half
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + two_index * out_stride_two + half_index * out_stride_half,
        add_half.to(tl.bfloat16),
        mask=(half_index < 32),
    )


@triton.jit
def rotary_rows_forward_kernel(
    X_ptr, out_ptr, X_stride_b, X_stride_h, X_stride_q, X_stride_two, X_stride_half, out_stride_b,
    out_stride_h, out_stride_q, out_stride_two, out_stride_half, size_b, size_h, size_q,
    BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    # src[maps.diag:42]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = q_index.to(tl.float32) * pow_half
    # src[maps.diag:44]
    # src[maps.diag:43]
    X = tl.load(
        X_ptr + b_index * X_stride_b + h_index * X_stride_h + q_index * X_stride_q + (-1 * two_index + 1) * X_stride_two + half_index * X_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    X_f32 = X.to(tl.float32)
    # src[maps.diag:44]
    mul_half = tl.where(two_index == 0, X_f32 * -1.0, X_f32) * tl.sin(angle)
    # src[rotary.diag:6]
    X_2 = tl.load(
        X_ptr + b_index * X_stride_b + h_index * X_stride_h + q_index * X_stride_q + two_index * X_stride_two + half_index * X_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    # src[maps.diag:44]
    # src[rotary.diag:6]
    # src[maps.diag:44]
    add_half = (tl.cos(angle) * X_2.to(tl.float32)) + mul_half
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + two_index * out_stride_two + half_index * out_stride_half,
        add_half.to(tl.bfloat16),
        mask=(half_index < 32),
    )


@triton.jit
def rotary_rows_backward_kernel(
    d_out_ptr, d_X_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_two, d_out_stride_half,
    d_X_stride_b, d_X_stride_h, d_X_stride_q, d_X_stride_two, d_X_stride_half, size_b, size_h, size_q,
    BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    # src[maps.diag:42]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = pow_half * q_index.to(tl.float32)
    # src[maps.diag:44]
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + (-1 * two_index + 1) * d_out_stride_two + half_index * d_out_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    mul_half = d_out.to(tl.float32) * tl.sin(angle)
    eq = ((two_index * -1) + 1) == 0
    where_half = tl.where(eq, mul_half, 0.0)
    d_out_2 = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + two_index * d_out_stride_two + half_index * d_out_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    add_half = (d_out_2.to(tl.float32) * tl.cos(angle)) + tl.where(eq, 0.0, mul_half)
    safe_ = tl.where(where_half == float("-inf"), 0.0, where_half)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + h_index * d_X_stride_h + q_index * d_X_stride_q + two_index * d_X_stride_two + half_index * d_X_stride_half,
        (add_half - safe_).to(tl.bfloat16),
        mask=(half_index < 32),
    )


@_operator
def _rotary_rows(X: torch.Tensor) -> torch.Tensor:
    """_rotary_rows(X: bf16[b h q two half]) -> out: bf16[b h q two half]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 5, X.device)
    b, h, q, _, _ = X.shape
    if X.shape != (b, h, q, 2, 32):
        raise ValueError(f"X: bf16[b h q two half] has shape {X.shape}, expected {(b, h, q, 2, 32)}")
    out = torch.empty((b, h, q, 2, 32), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * q * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_rows_kernel[grid](
        X, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), X.stride(4), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), out.stride(4), b, h, q, BLOCK_HALF=BLOCK_HALF, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _rotary_rows_forward(X: torch.Tensor) -> torch.Tensor:
    """_rotary_rows_forward(X: bf16[b h q two half]) -> out: bf16[b h q two half]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 5, X.device)
    b, h, q, _, _ = X.shape
    if X.shape != (b, h, q, 2, 32):
        raise ValueError(f"X: bf16[b h q two half] has shape {X.shape}, expected {(b, h, q, 2, 32)}")
    out = torch.empty((b, h, q, 2, 32), dtype=torch.bfloat16, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * q * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_rows_forward_kernel[grid](
        X, out, X.stride(0), X.stride(1), X.stride(2), X.stride(3), X.stride(4), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), out.stride(4), b, h, q, BLOCK_HALF=BLOCK_HALF, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _rotary_rows_backward(d_out: torch.Tensor) -> torch.Tensor:
    """_rotary_rows_backward(d_out: bf16[b h q two half]) -> d_X: bf16[b h q two half]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 5, d_out.device)
    b, h, q, _, _ = d_out.shape
    if d_out.shape != (b, h, q, 2, 32):
        raise ValueError(f"d_out: bf16[b h q two half] has shape {d_out.shape}, expected {(b, h, q, 2, 32)}")
    d_X = torch.empty((b, h, q, 2, 32), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * q * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_rows_backward_kernel[grid](
        d_out, d_X, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), d_out.stride(4),
        d_X.stride(0), d_X.stride(1), d_X.stride(2), d_X.stride(3), d_X.stride(4), b, h, q,
        BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return d_X


class _rotary_rows_autograd(torch.autograd.Function):
    """rotary_rows and its derivative."""

    @staticmethod
    def forward(ctx, X):
        out = _rotary_rows_forward(X)
        ctx.save_for_backward()
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        d_X = _rotary_rows_backward(d_out)
        return d_X


@_anywhere(torch.bfloat16)
def rotary_rows(X: torch.Tensor) -> torch.Tensor:
    """rotary_rows(X: bf16[b h q two half]) -> out: bf16[b h q two half]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, q, _, _ = X.shape
    if X.shape != (b, h, q, 2, 32):
        raise ValueError(f"X: bf16[b h q two half] has shape {X.shape}, expected {(b, h, q, 2, 32)}")
    if torch.is_grad_enabled() and X.requires_grad:
        return _rotary_rows_autograd.apply(X)
    out = _rotary_rows(X)
    return out


@triton.jit
def rotary_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_two, Q_stride_half, K_stride_b,
    K_stride_h, K_stride_x, K_stride_two, K_stride_half, V_stride_b, V_stride_h, V_stride_x, V_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, size_b, size_h, size_q, size_x, size_e,
    BLOCK_X: tl.constexpr, BLOCK_HALF: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_HALF: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    half_index = tl.arange(0, BLOCK_HALF)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[maps.diag:49]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = pow_half[None, :] * q_index.to(tl.float32)[:, None]
    # src[maps.diag:51]
    sin_q_half = tl.sin(angle)
    # src[maps.diag:49]
    Q_f32 = Q.to(tl.float32)
    # src[maps.diag:51]
    # src[maps.diag:50]
    Q_2 = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[maps.diag:51]
    cos_q_half = tl.cos(angle)
    # src[maps.diag:50]
    Q_f32_2 = Q_2.to(tl.float32)
    # src[maps.diag:51]
    B = (cos_q_half * Q_f32_2) + (sin_q_half * Q_f32)
    mul_q_half = sin_q_half * Q_f32_2
    safe_ = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
    A = (Q_f32 * cos_q_half) - safe_
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[maps.diag:49]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
        )
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * x_index.to(tl.float32)[:, None]
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle_2)
        # src[maps.diag:49]
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle_2)
        # src[maps.diag:50]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
        )
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        D = (K_f32_2 * cos_x_half) + (sin_x_half * K_f32)
        # src[rotary.diag:13]
        dot = tl.dot(B, tl.trans(D), input_precision="ieee")
        # src[maps.diag:51]
        mul_x_half = sin_x_half * K_f32_2
        safe_2 = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (cos_x_half * K_f32) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(A, tl.trans(C), input_precision="ieee")
        mul_q_x = 0.18033688011112042 * (dot_2 + dot)
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
        # src[rotary.diag:10]
        V = load_tile(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
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
        # src[maps.diag:49]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * x_index.to(tl.float32)[:, None]
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle_2)
        # src[maps.diag:49]
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle_2)
        # src[maps.diag:50]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        D = (K_f32_2 * cos_x_half) + (sin_x_half * K_f32)
        # src[rotary.diag:13]
        dot = tl.dot(B, tl.trans(D), input_precision="ieee")
        # src[maps.diag:51]
        mul_x_half = sin_x_half * K_f32_2
        safe_2 = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (cos_x_half * K_f32) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(A, tl.trans(C), input_precision="ieee")
        # src[rotary.diag:14]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.18033688011112042 * (dot_2 + dot), float("-inf"))
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
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[rotary.diag:14]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def rotary_long_buffer_0_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_two, Q_stride_half, K_stride_b,
    K_stride_h, K_stride_x, K_stride_two, K_stride_half, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, buffer_0_stride_x, size_b, size_h, size_q, size_x, BLOCK_HALF: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_half = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_half_2 = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    # src[maps.diag:48]
    x_f32 = x_index.to(tl.float32)
    q_f32 = q_index.to(tl.float32)
    to_half = (32) // BLOCK_HALF * BLOCK_HALF
    # whole tiles, no mask needed
    for first_half in tl.range(0, to_half, BLOCK_HALF):
        half_index = first_half + tl.arange(0, BLOCK_HALF)
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
        angle = pow_half[None, :] * x_f32[:, None]
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle)
        # src[maps.diag:50]
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        mul_x_half = sin_x_half * K_f32
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle)
        # src[maps.diag:49]
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        safe_ = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (cos_x_half * K_f32_2) - safe_
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * q_f32[:, None]
        # src[maps.diag:51]
        sin_q_half = tl.sin(angle_2)
        # src[maps.diag:50]
        Q_f32 = Q.to(tl.float32)
        # src[maps.diag:51]
        mul_q_half = sin_q_half * Q_f32
        cos_q_half = tl.cos(angle_2)
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        Q_f32_2 = Q_2.to(tl.float32)
        # src[maps.diag:51]
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (Q_f32_2 * cos_q_half) - safe_2
        # src[rotary.diag:13]
        next_acc_half = tl.dot(A, tl.trans(C), acc_half, input_precision="ieee")
        # src[maps.diag:51]
        D = (K_f32 * cos_x_half) + (sin_x_half * K_f32_2)
        B = (cos_q_half * Q_f32) + (sin_q_half * Q_f32_2)
        # src[rotary.diag:13]
        next_acc_half_2 = tl.dot(B, tl.trans(D), acc_half_2, input_precision="ieee")
        acc_half = next_acc_half
        acc_half_2 = next_acc_half_2
    from_half = tl.maximum(0, to_half)
    # tiles that a mask or the end cuts
    for first_half_2 in tl.range(from_half, 32, BLOCK_HALF):
        half_index = first_half_2 + tl.arange(0, BLOCK_HALF)
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:48]
        pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
        angle = pow_half[None, :] * x_f32[:, None]
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle)
        # src[maps.diag:50]
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        mul_x_half = sin_x_half * K_f32
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle)
        # src[maps.diag:49]
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        safe_ = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = tl.where((half_index < 32)[None, :], (cos_x_half * K_f32_2) - safe_, 0.0)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * q_f32[:, None]
        # src[maps.diag:51]
        sin_q_half = tl.sin(angle_2)
        # src[maps.diag:50]
        Q_f32 = Q.to(tl.float32)
        # src[maps.diag:51]
        mul_q_half = sin_q_half * Q_f32
        cos_q_half = tl.cos(angle_2)
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        Q_f32_2 = Q_2.to(tl.float32)
        # src[maps.diag:51]
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (Q_f32_2 * cos_q_half) - safe_2
        # src[rotary.diag:13]
        next_acc_half = tl.dot(A, tl.trans(C), acc_half, input_precision="ieee")
        # src[maps.diag:51]
        D = tl.where((half_index < 32)[None, :], (K_f32 * cos_x_half) + (sin_x_half * K_f32_2), 0.0)
        B = (cos_q_half * Q_f32) + (sin_q_half * Q_f32_2)
        # src[rotary.diag:13]
        next_acc_half_2 = tl.dot(B, tl.trans(D), acc_half_2, input_precision="ieee")
        acc_half = next_acc_half
        acc_half_2 = next_acc_half_2
    # src[rotary.diag:13]
    # src[rotary.diag:14]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], 0.18033688011112042 * (acc_half + acc_half_2), float("-inf"))
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def rotary_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_b, V_stride_h, V_stride_x, V_stride_e, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, out_stride_b, out_stride_h, out_stride_q,
    out_stride_e, size_b, size_h, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[rotary.diag:14]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def rotary_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, state_ptr, z_ptr, Q_stride_b, Q_stride_h, Q_stride_q,
    Q_stride_two, Q_stride_half, K_stride_b, K_stride_h, K_stride_x, K_stride_two, K_stride_half, V_stride_b,
    V_stride_h, V_stride_x, V_stride_e, out_stride_b, out_stride_h, out_stride_q, out_stride_e,
    logsum_stride_b, logsum_stride_h, logsum_stride_q, state_stride_b, state_stride_h, state_stride_q,
    z_stride_b, z_stride_h, z_stride_q, size_b, size_h, size_q, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_HALF: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_HALF: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    half_index = tl.arange(0, BLOCK_HALF)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = q_index.to(tl.float32)[:, None] * pow_half[None, :]
    # src[maps.diag:51]
    cos_q_half = tl.cos(angle)
    # src[maps.diag:50]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    Q_f32 = Q.to(tl.float32)
    # src[maps.diag:51]
    sin_q_half = tl.sin(angle)
    # src[maps.diag:49]
    Q_2 = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    Q_f32_2 = Q_2.to(tl.float32)
    # src[maps.diag:51]
    B = (Q_f32_2 * sin_q_half) + (Q_f32 * cos_q_half)
    mul_q_half = Q_f32 * sin_q_half
    safe_ = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
    A = (Q_f32_2 * cos_q_half) - safe_
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[maps.diag:48]
        angle_2 = x_index.to(tl.float32)[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle_2)
        # src[maps.diag:49]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
        )
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle_2)
        # src[maps.diag:50]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
        )
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        D = (K_f32_2 * cos_x_half) + (K_f32 * sin_x_half)
        # src[rotary.diag:13]
        dot = tl.dot(B, tl.trans(D), input_precision="ieee")
        # src[maps.diag:51]
        mul_x_half = K_f32_2 * sin_x_half
        safe_2 = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (K_f32 * cos_x_half) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(A, tl.trans(C), input_precision="ieee")
        mul_q_x = 0.18033688011112042 * (dot_2 + dot)
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[rotary.diag:10]
        V = load_tile(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
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
        # src[maps.diag:48]
        angle_2 = x_index.to(tl.float32)[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle_2)
        # src[maps.diag:49]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle_2)
        # src[maps.diag:50]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        D = (K_f32_2 * cos_x_half) + (K_f32 * sin_x_half)
        # src[rotary.diag:13]
        dot = tl.dot(B, tl.trans(D), input_precision="ieee")
        # src[maps.diag:51]
        mul_x_half = K_f32_2 * sin_x_half
        safe_2 = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (K_f32 * cos_x_half) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(A, tl.trans(C), input_precision="ieee")
        # src[rotary.diag:14]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.18033688011112042 * (dot_2 + dot), float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[rotary.diag:14]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    mul_q = 0.6931471805599453 * max_x
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (mul_q + tl.log(z)),
        mask=(q_index < size_q),
    )
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q,
        mul_q,
        mask=(q_index < size_q),
    )
    tl.store(
        z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q,
        z,
        mask=(q_index < size_q),
    )


@triton.jit
def rotary_backward_buffer_4_rows_kernel(
    d_out_ptr, out_ptr, buffer_4_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_4_stride_b, buffer_4_stride_h,
    buffer_4_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    out = load_tile(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index * buffer_4_stride_q,
        sum_,
    )


@triton.jit
def rotary_backward_buffer_4_kernel(
    d_out_ptr, out_ptr, buffer_4_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_4_stride_b, buffer_4_stride_h,
    buffer_4_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index * buffer_4_stride_q,
        acc_e,
    )


@triton.jit
def rotary_backward_buffer_0_buffer_1_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, state_ptr, buffer_4_ptr, buffer_0_ptr, buffer_1_ptr, Q_stride_b,
    Q_stride_h, Q_stride_q, Q_stride_two, Q_stride_half, K_stride_b, K_stride_h, K_stride_x, K_stride_two,
    K_stride_half, V_stride_b, V_stride_h, V_stride_x, V_stride_e, d_out_stride_b, d_out_stride_h,
    d_out_stride_q, d_out_stride_e, state_stride_b, state_stride_h, state_stride_q, buffer_4_stride_b,
    buffer_4_stride_h, buffer_4_stride_q, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q,
    buffer_0_stride_half, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_half,
    size_b, size_h, size_q, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_HALF: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_HALF: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    half_index = tl.arange(0, BLOCK_HALF)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_HALF], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_HALF], 0.0, tl.float32)
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    buffer_4 = tl.load(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index * buffer_4_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = 1.4426950408889634 * state
    # src[maps.diag:50]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    # src[maps.diag:48]
    angle = pow_half[None, :] * q_index.to(tl.float32)[:, None]
    # src[maps.diag:51]
    sin_q_half = tl.sin(angle)
    # src[maps.diag:50]
    Q_f32 = Q.to(tl.float32)
    # src[maps.diag:51]
    mul_q_half = sin_q_half * Q_f32
    cos_q_half = tl.cos(angle)
    # src[maps.diag:49]
    Q_2 = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
        mask=(q_index < size_q)[:, None],
        other=0.0,
    )
    Q_f32_2 = Q_2.to(tl.float32)
    # src[maps.diag:51]
    safe_ = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
    A = (Q_f32_2 * cos_q_half) - safe_
    B = (sin_q_half * Q_f32_2) + (Q_f32 * cos_q_half)
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[maps.diag:48]
        angle_2 = x_index.to(tl.float32)[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle_2)
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
        )
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle_2)
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
        )
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        D = (K_f32_2 * sin_x_half) + (K_f32 * cos_x_half)
        # src[rotary.diag:10]
        V = load_tile(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_out, tl.trans(V))
        sub_q_x = dot - buffer_4[:, None]
        # src[maps.diag:51]
        mul_x_half = K_f32 * sin_x_half
        safe_2 = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (cos_x_half * K_f32_2) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(A, tl.trans(C), input_precision="ieee")
        dot_3 = tl.dot(B, tl.trans(D), input_precision="ieee")
        sub_q_x_2 = (0.18033688011112042 * (dot_3 + dot_2)) - mul_q[:, None]
        exp2_q_x = tl.exp2(sub_q_x_2)
        tile = sub_q_x * exp2_q_x
        next_acc_x = tl.dot(tile, D, acc_x, input_precision="ieee")
        tile_2 = sub_q_x * exp2_q_x
        next_acc_x_2 = tl.dot(tile_2, C, acc_x_2, input_precision="ieee")
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[maps.diag:48]
        angle_2 = x_index.to(tl.float32)[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        cos_x_half = tl.cos(angle_2)
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        K_f32 = K.to(tl.float32)
        # src[maps.diag:51]
        sin_x_half = tl.sin(angle_2)
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        K_f32_2 = K_2.to(tl.float32)
        # src[maps.diag:51]
        D = (K_f32_2 * sin_x_half) + (K_f32 * cos_x_half)
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        sub_q_x = dot - buffer_4[:, None]
        # src[maps.diag:51]
        mul_x_half = K_f32 * sin_x_half
        safe_2 = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (cos_x_half * K_f32_2) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(A, tl.trans(C), input_precision="ieee")
        dot_3 = tl.dot(B, tl.trans(D), input_precision="ieee")
        # src[rotary.diag:14]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.18033688011112042 * (dot_3 + dot_2), float("-inf"))
        sub_q_x_2 = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x_2)
        tile_2 = sub_q_x * exp2_q_x
        next_acc_x = tl.dot(tile_2, D, acc_x, input_precision="ieee")
        tile_3 = sub_q_x * exp2_q_x
        next_acc_x_2 = tl.dot(tile_3, C, acc_x_2, input_precision="ieee")
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + half_index[None, :] * buffer_0_stride_half,
        acc_x,
        mask=(q_index < size_q)[:, None],
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[:, None] * buffer_1_stride_q + half_index[None, :] * buffer_1_stride_half,
        acc_x_2,
        mask=(q_index < size_q)[:, None],
    )


@triton.jit
def rotary_backward_buffer_2_buffer_3_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_4_ptr, buffer_2_ptr, buffer_3_ptr, d_V_ptr, Q_stride_b,
    Q_stride_h, Q_stride_q, Q_stride_two, Q_stride_half, K_stride_b, K_stride_h, K_stride_x, K_stride_two,
    K_stride_half, V_stride_b, V_stride_h, V_stride_x, V_stride_e, d_out_stride_b, d_out_stride_h,
    d_out_stride_q, d_out_stride_e, logsum_stride_b, logsum_stride_h, logsum_stride_q, buffer_4_stride_b,
    buffer_4_stride_h, buffer_4_stride_q, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_half,
    buffer_2_stride_x, buffer_3_stride_b, buffer_3_stride_h, buffer_3_stride_half, buffer_3_stride_x,
    d_V_stride_b, d_V_stride_h, d_V_stride_x, d_V_stride_e, size_b, size_h, size_q, size_x, size_e,
    BLOCK_Q: tl.constexpr, BLOCK_HALF: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_HALF: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    half_index = tl.arange(0, BLOCK_HALF)
    e_index = tl.arange(0, BLOCK_E)
    acc_q = tl.full([BLOCK_X, BLOCK_HALF], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_HALF], 0.0, tl.float32)
    acc_q_3 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    # src[rotary.diag:10]
    V = tl.load(
        V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    # src[maps.diag:48]
    angle = x_index.to(tl.float32)[:, None] * pow_half[None, :]
    # src[maps.diag:51]
    sin_x_half = tl.sin(angle)
    # src[maps.diag:50]
    K = tl.load(
        K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    K_f32 = K.to(tl.float32)
    # src[maps.diag:51]
    mul_x_half = K_f32 * sin_x_half
    # src[maps.diag:49]
    K_2 = tl.load(
        K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
        mask=(x_index < size_x)[:, None],
        other=0.0,
    )
    # src[maps.diag:51]
    cos_x_half = tl.cos(angle)
    # src[maps.diag:49]
    K_f32_2 = K_2.to(tl.float32)
    # src[maps.diag:51]
    safe_ = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
    C = (cos_x_half * K_f32_2) - safe_
    D = (K_f32_2 * sin_x_half) + (K_f32 * cos_x_half)
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * q_index.to(tl.float32)[:, None]
        # src[maps.diag:51]
        cos_q_half = tl.cos(angle_2)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        Q_f32 = Q.to(tl.float32)
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        sin_q_half = tl.sin(angle_2)
        # src[maps.diag:49]
        Q_f32_2 = Q_2.to(tl.float32)
        # src[maps.diag:51]
        B = (sin_q_half * Q_f32_2) + (Q_f32 * cos_q_half)
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index * buffer_4_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_out))
        sub_x_q = dot - buffer_4[None, :]
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_q = 1.4426950408889634 * logsum
        mul_q_half = sin_q_half * Q_f32
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (Q_f32_2 * cos_q_half) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(C, tl.trans(A), input_precision="ieee")
        dot_3 = tl.dot(D, tl.trans(B), input_precision="ieee")
        # src[rotary.diag:14]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 0.18033688011112042 * (dot_3 + dot_2), float("-inf"))
        sub_x_q_2 = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_2)
        tile_2 = sub_x_q * exp2_x_q
        next_acc_q = tl.dot(tile_2, B, acc_q, input_precision="ieee")
        tile_3 = sub_x_q * exp2_x_q
        next_acc_q_2 = tl.dot(tile_3, A, acc_q_2, input_precision="ieee")
        tile_bf16 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * q_index.to(tl.float32)[:, None]
        # src[maps.diag:51]
        cos_q_half = tl.cos(angle_2)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
        )
        Q_f32 = Q.to(tl.float32)
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
        )
        # src[maps.diag:51]
        sin_q_half = tl.sin(angle_2)
        # src[maps.diag:49]
        Q_f32_2 = Q_2.to(tl.float32)
        # src[maps.diag:51]
        B = (sin_q_half * Q_f32_2) + (Q_f32 * cos_q_half)
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index * buffer_4_stride_q,
        )
        d_out = load_tile(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(V, tl.trans(d_out))
        sub_x_q = dot - buffer_4[None, :]
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        )
        mul_q_half = sin_q_half * Q_f32
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (Q_f32_2 * cos_q_half) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(C, tl.trans(A), input_precision="ieee")
        dot_3 = tl.dot(D, tl.trans(B), input_precision="ieee")
        sub_x_q_2 = (0.18033688011112042 * (dot_3 + dot_2)) - (1.4426950408889634 * logsum)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_2)
        tile = sub_x_q * exp2_x_q
        next_acc_q = tl.dot(tile, B, acc_q, input_precision="ieee")
        tile_2 = sub_x_q * exp2_x_q
        next_acc_q_2 = tl.dot(tile_2, A, acc_q_2, input_precision="ieee")
        tile_bf16 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        # src[maps.diag:48]
        angle_2 = pow_half[None, :] * q_index.to(tl.float32)[:, None]
        # src[maps.diag:51]
        cos_q_half = tl.cos(angle_2)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        Q_f32 = Q.to(tl.float32)
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        sin_q_half = tl.sin(angle_2)
        # src[maps.diag:49]
        Q_f32_2 = Q_2.to(tl.float32)
        # src[maps.diag:51]
        B = (sin_q_half * Q_f32_2) + (Q_f32 * cos_q_half)
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index * buffer_4_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_out))
        sub_x_q = dot - buffer_4[None, :]
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        mul_q = 1.4426950408889634 * logsum
        mul_q_half = sin_q_half * Q_f32
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (Q_f32_2 * cos_q_half) - safe_2
        # src[rotary.diag:13]
        dot_2 = tl.dot(C, tl.trans(A), input_precision="ieee")
        dot_3 = tl.dot(D, tl.trans(B), input_precision="ieee")
        # src[rotary.diag:14]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 0.18033688011112042 * (dot_3 + dot_2), float("-inf"))
        sub_x_q_2 = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_2)
        tile_2 = sub_x_q * exp2_x_q
        next_acc_q = tl.dot(tile_2, B, acc_q, input_precision="ieee")
        tile_3 = sub_x_q * exp2_x_q
        next_acc_q_2 = tl.dot(tile_3, A, acc_q_2, input_precision="ieee")
        tile_bf16 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h + half_index[None, :] * buffer_2_stride_half + x_index[:, None] * buffer_2_stride_x,
        acc_q,
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + half_index[None, :] * buffer_3_stride_half + x_index[:, None] * buffer_3_stride_x,
        acc_q_2,
        mask=(x_index < size_x)[:, None],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_3.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def rotary_backward_d_Q_kernel(
    z_ptr, buffer_0_ptr, buffer_1_ptr, d_Q_ptr, z_stride_b, z_stride_h, z_stride_q, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_half, buffer_1_stride_b, buffer_1_stride_h,
    buffer_1_stride_q, buffer_1_stride_half, d_Q_stride_b, d_Q_stride_h, d_Q_stride_q, d_Q_stride_two,
    d_Q_stride_half, size_b, size_h, size_q, BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index * buffer_1_stride_q + half_index * buffer_1_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = pow_half * q_index.to(tl.float32)
    # src[maps.diag:51]
    cos_half = tl.cos(angle)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q + half_index * buffer_0_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    sin_half = tl.sin(angle)
    z = tl.load(z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q)
    recip = 1.0 / z
    mul_half = (0.125 * recip) * ((sin_half * buffer_0) + (cos_half * buffer_1))
    # src[maps.diag:7]
    gt = z > 0.0
    mul_half_2 = sin_half * buffer_1
    safe_ = tl.where(mul_half_2 == float("-inf"), 0.0, mul_half_2)
    mul_half_3 = (0.125 * recip) * ((cos_half * buffer_0) - safe_)
    add_half = tl.where(gt & (two_index == 1), mul_half_3, 0.0) + tl.where(gt & (0 == two_index), mul_half, 0.0)
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index * d_Q_stride_q + two_index * d_Q_stride_two + half_index * d_Q_stride_half,
        add_half.to(tl.bfloat16),
        mask=(half_index < 32),
    )


@triton.jit
def rotary_backward_d_K_kernel(
    buffer_2_ptr, buffer_3_ptr, d_K_ptr, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_half,
    buffer_2_stride_x, buffer_3_stride_b, buffer_3_stride_h, buffer_3_stride_half, buffer_3_stride_x,
    d_K_stride_b, d_K_stride_h, d_K_stride_x, d_K_stride_two, d_K_stride_half, size_b, size_h, size_x,
    BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + half_index * buffer_3_stride_half + x_index * buffer_3_stride_x,
        mask=(half_index < 32),
        other=0.0,
    )
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = x_index.to(tl.float32) * pow_half
    # src[maps.diag:51]
    sin_half = tl.sin(angle)
    mul_half = sin_half * buffer_3
    cos_half = tl.cos(angle)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h + half_index * buffer_2_stride_half + x_index * buffer_2_stride_x,
        mask=(half_index < 32),
        other=0.0,
    )
    safe_ = tl.where(mul_half == float("-inf"), 0.0, mul_half)
    where_half = tl.where(two_index == 1, ((buffer_2 * cos_half) - safe_) * 0.125, 0.0)
    mul_half_2 = 0.125 * ((buffer_2 * sin_half) + (cos_half * buffer_3))
    add_half = tl.where(0 == two_index, mul_half_2, 0.0) + where_half
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + h_index * d_K_stride_h + x_index * d_K_stride_x + two_index * d_K_stride_two + half_index * d_K_stride_half,
        add_half.to(tl.bfloat16),
        mask=(half_index < 32),
    )


@triton.jit
def rotary_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_two, Q_stride_half, K_stride_b,
    K_stride_h, K_stride_x, K_stride_two, K_stride_half, state_stride_b, state_stride_h, state_stride_q,
    state_stride_x, size_b, size_h, size_q, size_x, BLOCK_HALF: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_half = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    # src[maps.diag:48]
    x_f32 = x_index.to(tl.float32)
    q_f32 = q_index.to(tl.float32)
    to_half = (32) // BLOCK_HALF * BLOCK_HALF
    # whole tiles, no mask needed
    for first_half in tl.range(0, to_half, BLOCK_HALF):
        half_index = first_half + tl.arange(0, BLOCK_HALF)
        pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
        angle = x_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        mul_x_half = K.to(tl.float32) * tl.sin(angle)
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        # src[maps.diag:51]
        safe_ = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = (tl.cos(angle) * K_2.to(tl.float32)) - safe_
        # src[maps.diag:48]
        angle_2 = q_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        mul_q_half = Q.to(tl.float32) * tl.sin(angle_2)
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        # src[maps.diag:51]
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (tl.cos(angle_2) * Q_2.to(tl.float32)) - safe_2
        # src[rotary.diag:13]
        next_acc_half = tl.dot(A, tl.trans(C), acc_half, input_precision="ieee")
        acc_half = next_acc_half
    from_half = tl.maximum(0, to_half)
    # tiles that a mask or the end cuts
    for first_half_2 in tl.range(from_half, 32, BLOCK_HALF):
        half_index = first_half_2 + tl.arange(0, BLOCK_HALF)
        # src[maps.diag:48]
        pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
        angle = x_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        mul_x_half = K.to(tl.float32) * tl.sin(angle)
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        # src[maps.diag:51]
        safe_ = tl.where(mul_x_half == float("-inf"), 0.0, mul_x_half)
        C = tl.where((half_index < 32)[None, :], (tl.cos(angle) * K_2.to(tl.float32)) - safe_, 0.0)
        # src[maps.diag:48]
        angle_2 = q_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        mul_q_half = Q.to(tl.float32) * tl.sin(angle_2)
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        # src[maps.diag:51]
        safe_2 = tl.where(mul_q_half == float("-inf"), 0.0, mul_q_half)
        A = (tl.cos(angle_2) * Q_2.to(tl.float32)) - safe_2
        # src[rotary.diag:13]
        next_acc_half = tl.dot(A, tl.trans(C), acc_half, input_precision="ieee")
        acc_half = next_acc_half
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_half,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def rotary_long_forward_state__kernel(
    Q_ptr, K_ptr, state__ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_two, Q_stride_half, K_stride_b,
    K_stride_h, K_stride_x, K_stride_two, K_stride_half, state__stride_b, state__stride_h, state__stride_q,
    state__stride_x, size_b, size_h, size_q, size_x, BLOCK_HALF: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_half = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    # src[maps.diag:48]
    q_f32 = q_index.to(tl.float32)
    x_f32 = x_index.to(tl.float32)
    to_half = (32) // BLOCK_HALF * BLOCK_HALF
    # whole tiles, no mask needed
    for first_half in tl.range(0, to_half, BLOCK_HALF):
        half_index = first_half + tl.arange(0, BLOCK_HALF)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
        angle = q_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        B = (Q_2.to(tl.float32) * tl.sin(angle)) + (tl.cos(angle) * Q.to(tl.float32))
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        angle_2 = x_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        # src[maps.diag:51]
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        D = (K_2.to(tl.float32) * tl.sin(angle_2)) + (tl.cos(angle_2) * K.to(tl.float32))
        # src[rotary.diag:13]
        next_acc_half = tl.dot(B, tl.trans(D), acc_half, input_precision="ieee")
        acc_half = next_acc_half
    from_half = tl.maximum(0, to_half)
    # tiles that a mask or the end cuts
    for first_half_2 in tl.range(from_half, 32, BLOCK_HALF):
        half_index = first_half_2 + tl.arange(0, BLOCK_HALF)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 1 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:48]
        pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
        angle = q_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + 0 * Q_stride_two + half_index[None, :] * Q_stride_half,
            mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        B = (Q_2.to(tl.float32) * tl.sin(angle)) + (tl.cos(angle) * Q.to(tl.float32))
        B_2 = tl.where((half_index < 32)[None, :], B, 0.0)
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 1 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:48]
        angle_2 = x_f32[:, None] * pow_half[None, :]
        # src[maps.diag:51]
        # src[maps.diag:50]
        # src[maps.diag:51]
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + 0 * K_stride_two + half_index[None, :] * K_stride_half,
            mask=(x_index < size_x)[:, None] & (half_index < 32)[None, :],
            other=0.0,
        )
        # src[maps.diag:51]
        D = (K_2.to(tl.float32) * tl.sin(angle_2)) + (tl.cos(angle_2) * K.to(tl.float32))
        # src[rotary.diag:13]
        next_acc_half = tl.dot(B_2, tl.trans(D), acc_half, input_precision="ieee")
        acc_half = next_acc_half
    tl.store(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
        acc_half,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def rotary_long_forward_state___z_rows_kernel(
    state__ptr, state_ptr, state___ptr, z_ptr, state__stride_b, state__stride_h, state__stride_q,
    state__stride_x, state_stride_b, state_stride_h, state_stride_q, state_stride_x, state___stride_b,
    state___stride_h, state___stride_q, z_stride_b, z_stride_h, z_stride_q, size_b, size_h, size_q, size_x,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    state = load_tile(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    state_ = load_tile(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index * state__stride_q + x_index * state__stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[rotary.diag:13]
    # src[rotary.diag:14]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), 0.18033688011112042 * (state_ + state), float("-inf"))
    max_ = tl.max(where_x, 0)
    tl.store(
        state___ptr + b_index * state___stride_b + h_index * state___stride_h + q_index * state___stride_q,
        (max_ * 0.6931471805599453),
    )
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q, sum_)


@triton.jit
def rotary_long_forward_state___z_kernel(
    state__ptr, state_ptr, state___ptr, z_ptr, state__stride_b, state__stride_h, state__stride_q,
    state__stride_x, state_stride_b, state_stride_h, state_stride_q, state_stride_x, state___stride_b,
    state___stride_h, state___stride_q, z_stride_b, z_stride_h, z_stride_q, size_b, size_h, size_q, size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index * state__stride_q + x_index * state__stride_x,
        )
        # src[rotary.diag:13]
        mul_x = 0.18033688011112042 * (state_ + state)
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
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index * state__stride_q + x_index * state__stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[rotary.diag:13]
        # src[rotary.diag:14]
        where_x = tl.where((x_index <= q_index) & (x_index < size_x), 0.18033688011112042 * (state_ + state), float("-inf"))
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
        state___ptr + b_index * state___stride_b + h_index * state___stride_h + q_index * state___stride_q,
        (max_x * 0.6931471805599453),
    )
    tl.store(z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q, z)


@triton.jit
def rotary_long_forward_out_kernel(
    V_ptr, z_ptr, state__ptr, state_ptr, out_ptr, V_stride_b, V_stride_h, V_stride_x, V_stride_e, z_stride_b,
    z_stride_h, z_stride_q, state__stride_b, state__stride_h, state__stride_q, state__stride_x,
    state_stride_b, state_stride_h, state_stride_q, state_stride_x, out_stride_b, out_stride_h, out_stride_q,
    out_stride_e, size_b, size_h, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[rotary.diag:13]
        mul_q_x = 0.18033688011112042 * (state_ + state)
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        acc_x_2 = acc_x * tl.exp2(max_x - safe_next_max_x)[:, None]
        # src[maps.diag:5]
        e_bf16 = tl.exp2(mul_q_x - safe_next_max_x[:, None]).to(tl.bfloat16)
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), acc_x_2)
        max_x = next_max_x
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[rotary.diag:13]
        # src[rotary.diag:14]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.18033688011112042 * (state_ + state), float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        acc_x_2 = acc_x * tl.exp2(max_x - safe_next_max_x)[:, None]
        # src[maps.diag:5]
        e_bf16 = tl.exp2(where_q_x - safe_next_max_x[:, None]).to(tl.bfloat16)
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), acc_x_2)
        max_x = next_max_x
        acc_x = next_acc_x
    z = tl.load(
        z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    # src[maps.diag:7]
    # src[rotary.diag:14]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def rotary_long_forward_logsum_kernel(
    state___ptr, z_ptr, logsum_ptr, state___stride_b, state___stride_h, state___stride_q, z_stride_b,
    z_stride_h, z_stride_q, logsum_stride_b, logsum_stride_h, logsum_stride_q, size_b, size_h, size_q,
    BLOCK_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    z = tl.load(
        z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + h_index * state___stride_h + q_index * state___stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (state__ + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def rotary_long_backward_buffer_4_kernel(
    V_ptr, d_out_ptr, buffer_4_ptr, V_stride_b, V_stride_h, V_stride_x, V_stride_e, d_out_stride_b,
    d_out_stride_h, d_out_stride_q, d_out_stride_e, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_q,
    buffer_4_stride_x, size_b, size_h, size_x, size_e, size_q, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[rotary.diag:10]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[:, None] * buffer_4_stride_q + x_index[None, :] * buffer_4_stride_x,
        acc_e,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def rotary_long_backward_buffer_5_rows_kernel(
    d_out_ptr, out_ptr, buffer_5_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_5_stride_b, buffer_5_stride_h,
    buffer_5_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    out = load_tile(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    d_out = load_tile(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(
        buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
        sum_,
    )


@triton.jit
def rotary_long_backward_buffer_5_kernel(
    d_out_ptr, out_ptr, buffer_5_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_5_stride_b, buffer_5_stride_h,
    buffer_5_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
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
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(
        buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
        acc_e,
    )


@triton.jit
def rotary_long_backward_buffer_6_kernel(
    logsum_ptr, state_ptr, state__ptr, buffer_6_ptr, logsum_stride_b, logsum_stride_h, logsum_stride_q,
    state_stride_b, state_stride_h, state_stride_q, state_stride_x, state__stride_b, state__stride_h,
    state__stride_q, state__stride_x, buffer_6_stride_b, buffer_6_stride_h, buffer_6_stride_q,
    buffer_6_stride_x, size_b, size_h, size_q, size_x, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
    )
    mul = 1.4426950408889634 * logsum
    state_ = tl.load(
        state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index * state__stride_q + x_index * state__stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[rotary.diag:14]
    where_x = tl.where(x_index <= q_index, 0.18033688011112042 * (state + state_), float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index * buffer_6_stride_q + x_index * buffer_6_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def rotary_long_backward_buffer_0_kernel(
    K_ptr, state_ptr, state__ptr, state___ptr, buffer_4_ptr, buffer_5_ptr, buffer_0_ptr, K_stride_b,
    K_stride_h, K_stride_x, K_stride_two, K_stride_half, state_stride_b, state_stride_h, state_stride_q,
    state_stride_x, state__stride_b, state__stride_h, state__stride_q, state__stride_x, state___stride_b,
    state___stride_h, state___stride_q, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_q,
    buffer_4_stride_x, buffer_5_stride_b, buffer_5_stride_h, buffer_5_stride_q, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_half, size_b, size_h, size_x, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_HALF], 0.0, tl.float32)
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + h_index * state___stride_h + q_index * state___stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = 1.4426950408889634 * state__
    buffer_5 = tl.load(
        buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        sub_q_x = (0.18033688011112042 * (state + state_)) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[:, None] * buffer_4_stride_q + x_index[None, :] * buffer_4_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile = tl.exp2(sub_q_x) * (buffer_4 - safe_buffer_5[:, None])
        angle = x_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 1 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        mul_half_x = K.to(tl.float32) * tl.sin(angle)
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 0 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        safe_ = tl.where(mul_half_x == float("-inf"), 0.0, mul_half_x)
        C = (K_2.to(tl.float32) * tl.cos(angle)) - safe_
        next_acc_x = tl.dot(tile, tl.trans(C), acc_x, input_precision="ieee")
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[rotary.diag:14]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.18033688011112042 * (state + state_), float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[:, None] * buffer_4_stride_q + x_index[None, :] * buffer_4_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile_2 = tl.exp2(sub_q_x) * (buffer_4 - safe_buffer_5[:, None])
        # src[maps.diag:48]
        angle = x_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:50]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 1 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(x_index < size_x)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        mul_half_x = K.to(tl.float32) * tl.sin(angle)
        # src[maps.diag:49]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 0 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(x_index < size_x)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        safe_ = tl.where(mul_half_x == float("-inf"), 0.0, mul_half_x)
        C = (K_2.to(tl.float32) * tl.cos(angle)) - safe_
        next_acc_x = tl.dot(tile_2, tl.trans(C), acc_x, input_precision="ieee")
        acc_x = next_acc_x
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + half_index[None, :] * buffer_0_stride_half,
        acc_x,
        mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
    )


@triton.jit
def rotary_long_backward_buffer_1_kernel(
    K_ptr, state_ptr, state__ptr, state___ptr, buffer_4_ptr, buffer_5_ptr, buffer_1_ptr, K_stride_b,
    K_stride_h, K_stride_x, K_stride_two, K_stride_half, state_stride_b, state_stride_h, state_stride_q,
    state_stride_x, state__stride_b, state__stride_h, state__stride_q, state__stride_x, state___stride_b,
    state___stride_h, state___stride_q, buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_q,
    buffer_4_stride_x, buffer_5_stride_b, buffer_5_stride_h, buffer_5_stride_q, buffer_1_stride_b,
    buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_half, size_b, size_h, size_x, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_HALF], 0.0, tl.float32)
    state__ = tl.load(
        state___ptr + b_index * state___stride_b + h_index * state___stride_h + q_index * state___stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = 1.4426950408889634 * state__
    buffer_5 = tl.load(
        buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        sub_q_x = (0.18033688011112042 * (state + state_)) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[:, None] * buffer_4_stride_q + x_index[None, :] * buffer_4_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile = tl.exp2(sub_q_x) * (buffer_4 - safe_buffer_5[:, None])
        angle = x_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:49]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 0 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:50]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 1 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        D = (K_2.to(tl.float32) * tl.cos(angle)) + (K.to(tl.float32) * tl.sin(angle))
        next_acc_x = tl.dot(tile, tl.trans(D), acc_x, input_precision="ieee")
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state_ = tl.load(
            state__ptr + b_index * state__stride_b + h_index * state__stride_h + q_index[:, None] * state__stride_q + x_index[None, :] * state__stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[rotary.diag:14]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 0.18033688011112042 * (state + state_), float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[:, None] * buffer_4_stride_q + x_index[None, :] * buffer_4_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile_2 = tl.exp2(sub_q_x) * (buffer_4 - safe_buffer_5[:, None])
        # src[maps.diag:48]
        angle = x_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:49]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 0 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(x_index < size_x)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:50]
        K_2 = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + 1 * K_stride_two + half_index[:, None] * K_stride_half,
            mask=(x_index < size_x)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        D = (K_2.to(tl.float32) * tl.cos(angle)) + (K.to(tl.float32) * tl.sin(angle))
        next_acc_x = tl.dot(tile_2, tl.trans(D), acc_x, input_precision="ieee")
        acc_x = next_acc_x
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[:, None] * buffer_1_stride_q + half_index[None, :] * buffer_1_stride_half,
        acc_x,
        mask=(q_index < size_q)[:, None] & (half_index < 32)[None, :],
    )


@triton.jit
def rotary_long_backward_buffer_2_kernel(
    Q_ptr, buffer_6_ptr, buffer_4_ptr, buffer_5_ptr, buffer_2_ptr, Q_stride_b, Q_stride_h, Q_stride_q,
    Q_stride_two, Q_stride_half, buffer_6_stride_b, buffer_6_stride_h, buffer_6_stride_q, buffer_6_stride_x,
    buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_q, buffer_4_stride_x, buffer_5_stride_b,
    buffer_5_stride_h, buffer_5_stride_q, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_half,
    buffer_2_stride_x, size_b, size_h, size_q, size_x, BLOCK_Q: tl.constexpr, BLOCK_HALF: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_HALF, BLOCK_X], 0.0, tl.float32)
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 1 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        angle = q_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:50]
        # src[maps.diag:51]
        mul_half_q = tl.sin(angle) * Q.to(tl.float32)
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 0 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        safe_ = tl.where(mul_half_q == float("-inf"), 0.0, mul_half_q)
        A = (Q_2.to(tl.float32) * tl.cos(angle)) - safe_
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index[None, :] * buffer_6_stride_q + x_index[:, None] * buffer_6_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile = buffer_6 * (buffer_4 - safe_buffer_5[None, :])
        next_acc_q = tl.dot(A, tl.trans(tile), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 1 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(q_index < size_q)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:48]
        angle = q_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:50]
        # src[maps.diag:51]
        mul_half_q = tl.sin(angle) * Q.to(tl.float32)
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 0 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(q_index < size_q)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        safe_ = tl.where(mul_half_q == float("-inf"), 0.0, mul_half_q)
        A = (Q_2.to(tl.float32) * tl.cos(angle)) - safe_
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index[None, :] * buffer_6_stride_q + x_index[:, None] * buffer_6_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile = buffer_6 * (buffer_4 - safe_buffer_5[None, :])
        next_acc_q = tl.dot(A, tl.trans(tile), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h + half_index[:, None] * buffer_2_stride_half + x_index[None, :] * buffer_2_stride_x,
        acc_q,
        mask=(half_index < 32)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def rotary_long_backward_buffer_3_kernel(
    Q_ptr, buffer_6_ptr, buffer_4_ptr, buffer_5_ptr, buffer_3_ptr, Q_stride_b, Q_stride_h, Q_stride_q,
    Q_stride_two, Q_stride_half, buffer_6_stride_b, buffer_6_stride_h, buffer_6_stride_q, buffer_6_stride_x,
    buffer_4_stride_b, buffer_4_stride_h, buffer_4_stride_q, buffer_4_stride_x, buffer_5_stride_b,
    buffer_5_stride_h, buffer_5_stride_q, buffer_3_stride_b, buffer_3_stride_h, buffer_3_stride_half,
    buffer_3_stride_x, size_b, size_h, size_q, size_x, BLOCK_Q: tl.constexpr, BLOCK_HALF: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_HALF, BLOCK_X], 0.0, tl.float32)
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        angle = q_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 1 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 0 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        # src[maps.diag:51]
        B = (tl.sin(angle) * Q_2.to(tl.float32)) + (Q.to(tl.float32) * tl.cos(angle))
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index[None, :] * buffer_6_stride_q + x_index[:, None] * buffer_6_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile = buffer_6 * (buffer_4 - safe_buffer_5[None, :])
        next_acc_q = tl.dot(B, tl.trans(tile), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[maps.diag:48]
        angle = q_index.to(tl.float32)[None, :] * pow_half[:, None]
        # src[maps.diag:51]
        # src[maps.diag:50]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 1 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(q_index < size_q)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        Q_2 = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + 0 * Q_stride_two + half_index[:, None] * Q_stride_half,
            mask=(q_index < size_q)[None, :] & (half_index < 32)[:, None],
            other=0.0,
        )
        # src[maps.diag:51]
        # src[maps.diag:49]
        # src[maps.diag:51]
        B = (tl.sin(angle) * Q_2.to(tl.float32)) + (Q.to(tl.float32) * tl.cos(angle))
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index[None, :] * buffer_6_stride_q + x_index[:, None] * buffer_6_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_5 = tl.load(
            buffer_5_ptr + b_index * buffer_5_stride_b + h_index * buffer_5_stride_h + q_index * buffer_5_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + h_index * buffer_4_stride_h + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        tile = buffer_6 * (buffer_4 - safe_buffer_5[None, :])
        next_acc_q = tl.dot(B, tl.trans(tile), acc_q, input_precision="ieee")
        acc_q = next_acc_q
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + half_index[:, None] * buffer_3_stride_half + x_index[None, :] * buffer_3_stride_x,
        acc_q,
        mask=(half_index < 32)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def rotary_long_backward_d_V_kernel(
    d_out_ptr, buffer_6_ptr, d_V_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    buffer_6_stride_b, buffer_6_stride_h, buffer_6_stride_q, buffer_6_stride_x, d_V_stride_b, d_V_stride_h,
    d_V_stride_x, d_V_stride_e, size_b, size_h, size_q, size_e, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index[None, :] * buffer_6_stride_q + x_index[:, None] * buffer_6_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_6_bf16 = buffer_6.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_6_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_6 = tl.load(
            buffer_6_ptr + b_index * buffer_6_stride_b + h_index * buffer_6_stride_h + q_index[None, :] * buffer_6_stride_q + x_index[:, None] * buffer_6_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_6_bf16 = buffer_6.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_6_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def rotary_long_backward_d_Q_kernel(
    z_ptr, buffer_0_ptr, buffer_1_ptr, d_Q_ptr, z_stride_b, z_stride_h, z_stride_q, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_half, buffer_1_stride_b, buffer_1_stride_h,
    buffer_1_stride_q, buffer_1_stride_half, d_Q_stride_b, d_Q_stride_h, d_Q_stride_q, d_Q_stride_two,
    d_Q_stride_half, size_b, size_h, size_q, BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = q_index.to(tl.float32) * pow_half
    # src[maps.diag:51]
    sin_half = tl.sin(angle)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q + half_index * buffer_0_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    mul_half = buffer_0 * sin_half
    cos_half = tl.cos(angle)
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index * buffer_1_stride_q + half_index * buffer_1_stride_half,
        mask=(half_index < 32),
        other=0.0,
    )
    safe_ = tl.where(mul_half == float("-inf"), 0.0, mul_half)
    z = tl.load(z_ptr + b_index * z_stride_b + h_index * z_stride_h + q_index * z_stride_q)
    recip = 1.0 / z
    mul_half_2 = (recip * 0.125) * ((buffer_1 * cos_half) - safe_)
    # src[maps.diag:7]
    gt = z > 0.0
    mul_half_3 = (recip * 0.125) * ((buffer_0 * cos_half) + (sin_half * buffer_1))
    add_half = tl.where((two_index == 0) & gt, mul_half_3, 0.0) + tl.where((two_index == 1) & gt, mul_half_2, 0.0)
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index * d_Q_stride_q + two_index * d_Q_stride_two + half_index * d_Q_stride_half,
        add_half.to(tl.bfloat16),
        mask=(half_index < 32),
    )


@triton.jit
def rotary_long_backward_d_K_kernel(
    buffer_2_ptr, buffer_3_ptr, d_K_ptr, buffer_2_stride_b, buffer_2_stride_h, buffer_2_stride_half,
    buffer_2_stride_x, buffer_3_stride_b, buffer_3_stride_h, buffer_3_stride_half, buffer_3_stride_x,
    d_K_stride_b, d_K_stride_h, d_K_stride_x, d_K_stride_two, d_K_stride_half, size_b, size_h, size_x,
    BLOCK_HALF: tl.constexpr,
):
    program = tl.program_id(0)
    first_half = (program % tl.cdiv(32, BLOCK_HALF)) * BLOCK_HALF
    half_index = first_half + tl.arange(0, BLOCK_HALF)
    program = program // tl.cdiv(32, BLOCK_HALF)
    two_index = (program % 2).to(tl.int64)
    program = program // 2
    x_index = (program % size_x).to(tl.int64)
    program = program // size_x
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    buffer_2 = tl.load(
        buffer_2_ptr + b_index * buffer_2_stride_b + h_index * buffer_2_stride_h + half_index * buffer_2_stride_half + x_index * buffer_2_stride_x,
        mask=(half_index < 32),
        other=0.0,
    )
    # src[maps.diag:48]
    pow_half = tl.exp2(((-half_index).to(tl.float32) * 0.03125) * tl.log2(10000.0))
    angle = x_index.to(tl.float32) * pow_half
    # src[maps.diag:51]
    sin_half = tl.sin(angle)
    mul_half = sin_half * buffer_2
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + h_index * buffer_3_stride_h + half_index * buffer_3_stride_half + x_index * buffer_3_stride_x,
        mask=(half_index < 32),
        other=0.0,
    )
    cos_half = tl.cos(angle)
    safe_ = tl.where(mul_half == float("-inf"), 0.0, mul_half)
    where_half = tl.where(two_index == 1, ((cos_half * buffer_3) - safe_) * 0.125, 0.0)
    mul_half_2 = 0.125 * ((cos_half * buffer_2) + (sin_half * buffer_3))
    add_half = tl.where(two_index == 0, mul_half_2, 0.0) + where_half
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + h_index * d_K_stride_h + x_index * d_K_stride_x + two_index * d_K_stride_two + half_index * d_K_stride_half,
        add_half.to(tl.bfloat16),
        mask=(half_index < 32),
    )


@_operator
def _rotary(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_rotary(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_HALF = max(16, triton.next_power_of_2(32))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_HALF, BLOCK_E) > 256:
        raise ValueError(f"half x e = {max(BLOCK_HALF, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_HALF, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_HALF, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 32, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    rotary_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), K.stride(4), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, h, q, x, e,
        BLOCK_X=BLOCK_X, BLOCK_HALF=BLOCK_HALF, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_HALF=32 == BLOCK_HALF,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rotary_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_rotary_long_buffer_0(Q: bf16[b h q two half], K: bf16[b h x two half]) -> buffer_0: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_HALF, warps, stages = 64, 64, 32, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    rotary_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), K.stride(4), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), b, h, q, x, BLOCK_HALF=BLOCK_HALF, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _rotary_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_rotary_long_out(V: bf16[b h x e], buffer_0: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("buffer_0", buffer_0, torch.float32, 4, V.device)
    b, h, x, e = V.shape
    _, _, q, _ = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: f32[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    rotary_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), V.stride(2), V.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), b, h, x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rotary_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_rotary_forward(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> out: bf16[b h q e], logsum: f32[b h q], state: f32[b h q], z: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    state = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    z = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum, state, z
    BLOCK_HALF = max(16, triton.next_power_of_2(32))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_HALF, BLOCK_E) > 256:
        raise ValueError(f"half x e = {max(BLOCK_HALF, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_HALF, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_HALF, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 32, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    rotary_forward_kernel[grid](
        Q, K, V, out, logsum, state, z, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4),
        K.stride(0), K.stride(1), K.stride(2), K.stride(3), K.stride(4), V.stride(0), V.stride(1),
        V.stride(2), V.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3),
        logsum.stride(0), logsum.stride(1), logsum.stride(2), state.stride(0), state.stride(1),
        state.stride(2), z.stride(0), z.stride(1), z.stride(2), b, h, q, x, e, BLOCK_X=BLOCK_X,
        BLOCK_HALF=BLOCK_HALF, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_HALF=32 == BLOCK_HALF,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out, logsum, state, z


@_operator
def _rotary_backward_buffer_4(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_rotary_backward_buffer_4(d_out: bf16[b h q e], out: bf16[b h q e]) -> buffer_4: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    buffer_4 = torch.empty((b, h, q), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        rotary_backward_buffer_4_rows_kernel[grid](
            d_out, out, buffer_4, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_4.stride(0),
            buffer_4.stride(1), buffer_4.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_4
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    rotary_backward_buffer_4_kernel[grid](
        d_out, out, buffer_4, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_4


@_operator
def _rotary_backward_buffer_0_buffer_1(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    buffer_4: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_rotary_backward_buffer_0_buffer_1(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e], d_out: bf16[b h q e], state: f32[b h q], buffer_4: f32[b h q]) -> buffer_0: f32[b h q half], buffer_1: f32[b h q half]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("state", state, torch.float32, 3, Q.device)
    _check("buffer_4", buffer_4, torch.float32, 3, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if state.shape != (b, h, q):
        raise ValueError(f"state: f32[b h q] has shape {state.shape}, expected {(b, h, q)}")
    if buffer_4.shape != (b, h, q):
        raise ValueError(f"buffer_4: f32[b h q] has shape {buffer_4.shape}, expected {(b, h, q)}")
    buffer_0 = torch.empty((b, h, q, 32), dtype=torch.float32, device=Q.device)
    buffer_1 = torch.empty((b, h, q, 32), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1
    BLOCK_HALF = max(16, triton.next_power_of_2(32))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_HALF, BLOCK_E) > 256:
        raise ValueError(f"half x e = {max(BLOCK_HALF, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_HALF, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_HALF, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 32, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    rotary_backward_buffer_0_buffer_1_kernel[grid](
        Q, K, V, d_out, state, buffer_4, buffer_0, buffer_1, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), K.stride(4),
        V.stride(0), V.stride(1), V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), state.stride(0), state.stride(1), state.stride(2), buffer_4.stride(0),
        buffer_4.stride(1), buffer_4.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), b,
        h, q, x, e, BLOCK_X=BLOCK_X, BLOCK_HALF=BLOCK_HALF, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q,
        EXACT_HALF=32 == BLOCK_HALF, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _rotary_backward_buffer_2_buffer_3_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_4: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_rotary_backward_buffer_2_buffer_3_d_V(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_4: f32[b h q]) -> buffer_2: f32[b h half x], buffer_3: f32[b h half x], d_V: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("buffer_4", buffer_4, torch.float32, 3, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_4.shape != (b, h, q):
        raise ValueError(f"buffer_4: f32[b h q] has shape {buffer_4.shape}, expected {(b, h, q)}")
    buffer_2 = torch.empty((b, h, 32, x), dtype=torch.float32, device=Q.device)
    buffer_3 = torch.empty((b, h, 32, x), dtype=torch.float32, device=Q.device)
    d_V = torch.empty((b, h, x, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_2):
        return buffer_2, buffer_3, d_V
    BLOCK_HALF = max(16, triton.next_power_of_2(32))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_HALF, BLOCK_E) > 256:
        raise ValueError(f"half x e = {max(BLOCK_HALF, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_HALF, BLOCK_E) <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_HALF, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 32, 8, 1
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 1
    grid = (b * h * triton.cdiv(x, BLOCK_X),)
    rotary_backward_buffer_2_buffer_3_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_4, buffer_2, buffer_3, d_V, Q.stride(0), Q.stride(1), Q.stride(2),
        Q.stride(3), Q.stride(4), K.stride(0), K.stride(1), K.stride(2), K.stride(3), K.stride(4),
        V.stride(0), V.stride(1), V.stride(2), V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        d_out.stride(3), logsum.stride(0), logsum.stride(1), logsum.stride(2), buffer_4.stride(0),
        buffer_4.stride(1), buffer_4.stride(2), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3),
        d_V.stride(0), d_V.stride(1), d_V.stride(2), d_V.stride(3), b, h, q, x, e, BLOCK_Q=BLOCK_Q,
        BLOCK_HALF=BLOCK_HALF, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X, EXACT_HALF=32 == BLOCK_HALF,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_2, buffer_3, d_V


@_operator
def _rotary_backward_d_Q(z: torch.Tensor, buffer_0: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_rotary_backward_d_Q(z: f32[b h q], buffer_0: f32[b h q half], buffer_1: f32[b h q half]) -> d_Q: bf16[b h q two half]. Any strides; sizes are read off the shapes."""
    _check("z", z, torch.float32, 3, z.device)
    _check("buffer_0", buffer_0, torch.float32, 4, z.device)
    _check("buffer_1", buffer_1, torch.float32, 4, z.device)
    b, h, q = z.shape
    if buffer_0.shape != (b, h, q, 32):
        raise ValueError(f"buffer_0: f32[b h q half] has shape {buffer_0.shape}, expected {(b, h, q, 32)}")
    if buffer_1.shape != (b, h, q, 32):
        raise ValueError(f"buffer_1: f32[b h q half] has shape {buffer_1.shape}, expected {(b, h, q, 32)}")
    d_Q = torch.empty((b, h, q, 2, 32), dtype=torch.bfloat16, device=z.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * q * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_backward_d_Q_kernel[grid](
        z, buffer_0, buffer_1, d_Q, z.stride(0), z.stride(1), z.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3),
        d_Q.stride(4), b, h, q, BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _rotary_backward_d_K(buffer_2: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_rotary_backward_d_K(buffer_2: f32[b h half x], buffer_3: f32[b h half x]) -> d_K: bf16[b h x two half]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 4, buffer_2.device)
    _check("buffer_3", buffer_3, torch.float32, 4, buffer_2.device)
    b, h, _, x = buffer_2.shape
    if buffer_2.shape != (b, h, 32, x):
        raise ValueError(f"buffer_2: f32[b h half x] has shape {buffer_2.shape}, expected {(b, h, 32, x)}")
    if buffer_3.shape != (b, h, 32, x):
        raise ValueError(f"buffer_3: f32[b h half x] has shape {buffer_3.shape}, expected {(b, h, 32, x)}")
    d_K = torch.empty((b, h, x, 2, 32), dtype=torch.bfloat16, device=buffer_2.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * x * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_backward_d_K_kernel[grid](
        buffer_2, buffer_3, d_K, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), d_K.stride(4), b, h, x,
        BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _rotary_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_rotary_long_forward_state(Q: bf16[b h q two half], K: bf16[b h x two half]) -> state: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    state = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_HALF, warps, stages = 64, 64, 32, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    rotary_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), K.stride(4), state.stride(0), state.stride(1), state.stride(2),
        state.stride(3), b, h, q, x, BLOCK_HALF=BLOCK_HALF, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return state


@_operator
def _rotary_long_forward_state_(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_rotary_long_forward_state_(Q: bf16[b h q two half], K: bf16[b h x two half]) -> state_: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("K", K, torch.bfloat16, 5, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    state_ = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state_):
        return state_
    BLOCK_Q, BLOCK_X, BLOCK_HALF, warps, stages = 64, 64, 32, 4, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    rotary_long_forward_state__kernel[grid](
        Q, K, state_, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), Q.stride(4), K.stride(0),
        K.stride(1), K.stride(2), K.stride(3), K.stride(4), state_.stride(0), state_.stride(1),
        state_.stride(2), state_.stride(3), b, h, q, x, BLOCK_HALF=BLOCK_HALF, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state_


@_operator
def _rotary_long_forward_state___z(
    state_: torch.Tensor,
    state: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_rotary_long_forward_state___z(state_: f32[b h q x], state: f32[b h q x]) -> state__: f32[b h q], z: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("state_", state_, torch.float32, 4, state_.device)
    _check("state", state, torch.float32, 4, state_.device)
    b, h, q, x = state_.shape
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    state__ = torch.empty((b, h, q), dtype=torch.float32, device=state_.device)
    z = torch.empty((b, h, q), dtype=torch.float32, device=state_.device)
    if _is_traced(state__):
        return state__, z
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        rotary_long_forward_state___z_rows_kernel[grid](
            state_, state, state__, z, state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3),
            state.stride(0), state.stride(1), state.stride(2), state.stride(3), state__.stride(0),
            state__.stride(1), state__.stride(2), z.stride(0), z.stride(1), z.stride(2), b, h, q, x,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return state__, z
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    rotary_long_forward_state___z_kernel[grid](
        state_, state, state__, z, state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3),
        state.stride(0), state.stride(1), state.stride(2), state.stride(3), state__.stride(0),
        state__.stride(1), state__.stride(2), z.stride(0), z.stride(1), z.stride(2), b, h, q, x,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state__, z


@_operator
def _rotary_long_forward_out(
    V: torch.Tensor,
    z: torch.Tensor,
    state_: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_forward_out(V: bf16[b h x e], z: f32[b h q], state_: f32[b h q x], state: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("z", z, torch.float32, 3, V.device)
    _check("state_", state_, torch.float32, 4, V.device)
    _check("state", state, torch.float32, 4, V.device)
    b, h, x, e = V.shape
    _, _, q = z.shape
    if z.shape != (b, h, q):
        raise ValueError(f"z: f32[b h q] has shape {z.shape}, expected {(b, h, q)}")
    if state_.shape != (b, h, q, x):
        raise ValueError(f"state_: f32[b h q x] has shape {state_.shape}, expected {(b, h, q, x)}")
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    rotary_long_forward_out_kernel[grid](
        V, z, state_, state, out, V.stride(0), V.stride(1), V.stride(2), V.stride(3), z.stride(0),
        z.stride(1), z.stride(2), state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3),
        state.stride(0), state.stride(1), state.stride(2), state.stride(3), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), b, h, x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _rotary_long_forward_logsum(state__: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """_rotary_long_forward_logsum(state__: f32[b h q], z: f32[b h q]) -> logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("state__", state__, torch.float32, 3, state__.device)
    _check("z", z, torch.float32, 3, state__.device)
    b, h, q = state__.shape
    if z.shape != (b, h, q):
        raise ValueError(f"z: f32[b h q] has shape {z.shape}, expected {(b, h, q)}")
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=state__.device)
    if _is_traced(logsum):
        return logsum
    BLOCK_Q, warps, stages = 1024, 4, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    rotary_long_forward_logsum_kernel[grid](
        state__, z, logsum, state__.stride(0), state__.stride(1), state__.stride(2), z.stride(0), z.stride(1),
        z.stride(2), logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h, q, BLOCK_Q=BLOCK_Q,
        num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _rotary_long_backward_buffer_4(V: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_rotary_long_backward_buffer_4(V: bf16[b h x e], d_out: bf16[b h q e]) -> buffer_4: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("d_out", d_out, torch.bfloat16, 4, V.device)
    b, h, x, e = V.shape
    _, _, q, _ = d_out.shape
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    buffer_4 = torch.empty((b, h, q, x), dtype=torch.float32, device=V.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    rotary_long_backward_buffer_4_kernel[grid](
        V, d_out, buffer_4, V.stride(0), V.stride(1), V.stride(2), V.stride(3), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), buffer_4.stride(3), b, h, x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_4


@_operator
def _rotary_long_backward_buffer_5(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_rotary_long_backward_buffer_5(d_out: bf16[b h q e], out: bf16[b h q e]) -> buffer_5: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    buffer_5 = torch.empty((b, h, q), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_5):
        return buffer_5
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        rotary_long_backward_buffer_5_rows_kernel[grid](
            d_out, out, buffer_5, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_5.stride(0),
            buffer_5.stride(1), buffer_5.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_5
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    rotary_long_backward_buffer_5_kernel[grid](
        d_out, out, buffer_5, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_5.stride(0), buffer_5.stride(1),
        buffer_5.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_5


@_operator
def _rotary_long_backward_buffer_6(
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_backward_buffer_6(logsum: f32[b h q], state: f32[b h q x], state_: f32[b h q x]) -> buffer_6: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 3, logsum.device)
    _check("state", state, torch.float32, 4, logsum.device)
    _check("state_", state_, torch.float32, 4, logsum.device)
    b, h, q = logsum.shape
    _, _, _, x = state.shape
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    if state_.shape != (b, h, q, x):
        raise ValueError(f"state_: f32[b h q x] has shape {state_.shape}, expected {(b, h, q, x)}")
    buffer_6 = torch.empty((b, h, q, x), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_6):
        return buffer_6
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (b * h * q * triton.cdiv(x, BLOCK_X),)
    rotary_long_backward_buffer_6_kernel[grid](
        logsum, state, state_, buffer_6, logsum.stride(0), logsum.stride(1), logsum.stride(2),
        state.stride(0), state.stride(1), state.stride(2), state.stride(3), state_.stride(0),
        state_.stride(1), state_.stride(2), state_.stride(3), buffer_6.stride(0), buffer_6.stride(1),
        buffer_6.stride(2), buffer_6.stride(3), b, h, q, x, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_6


@_operator
def _rotary_long_backward_buffer_0(
    K: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_5: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_backward_buffer_0(K: bf16[b h x two half], state: f32[b h q x], state_: f32[b h q x], state__: f32[b h q], buffer_4: f32[b h q x], buffer_5: f32[b h q]) -> buffer_0: f32[b h q half]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 5, K.device)
    _check("state", state, torch.float32, 4, K.device)
    _check("state_", state_, torch.float32, 4, K.device)
    _check("state__", state__, torch.float32, 3, K.device)
    _check("buffer_4", buffer_4, torch.float32, 4, K.device)
    _check("buffer_5", buffer_5, torch.float32, 3, K.device)
    b, h, x, _, _ = K.shape
    _, _, q, _ = state.shape
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    if state_.shape != (b, h, q, x):
        raise ValueError(f"state_: f32[b h q x] has shape {state_.shape}, expected {(b, h, q, x)}")
    if state__.shape != (b, h, q):
        raise ValueError(f"state__: f32[b h q] has shape {state__.shape}, expected {(b, h, q)}")
    if buffer_4.shape != (b, h, q, x):
        raise ValueError(f"buffer_4: f32[b h q x] has shape {buffer_4.shape}, expected {(b, h, q, x)}")
    if buffer_5.shape != (b, h, q):
        raise ValueError(f"buffer_5: f32[b h q] has shape {buffer_5.shape}, expected {(b, h, q)}")
    buffer_0 = torch.empty((b, h, q, 32), dtype=torch.float32, device=K.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_HALF, BLOCK_X, warps, stages = 64, 32, 32, 4, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(32, BLOCK_HALF),)
    rotary_long_backward_buffer_0_kernel[grid](
        K, state, state_, state__, buffer_4, buffer_5, buffer_0, K.stride(0), K.stride(1), K.stride(2),
        K.stride(3), K.stride(4), state.stride(0), state.stride(1), state.stride(2), state.stride(3),
        state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3), state__.stride(0),
        state__.stride(1), state__.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2),
        buffer_4.stride(3), buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, h, x, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _rotary_long_backward_buffer_1(
    K: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_5: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_backward_buffer_1(K: bf16[b h x two half], state: f32[b h q x], state_: f32[b h q x], state__: f32[b h q], buffer_4: f32[b h q x], buffer_5: f32[b h q]) -> buffer_1: f32[b h q half]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 5, K.device)
    _check("state", state, torch.float32, 4, K.device)
    _check("state_", state_, torch.float32, 4, K.device)
    _check("state__", state__, torch.float32, 3, K.device)
    _check("buffer_4", buffer_4, torch.float32, 4, K.device)
    _check("buffer_5", buffer_5, torch.float32, 3, K.device)
    b, h, x, _, _ = K.shape
    _, _, q, _ = state.shape
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    if state_.shape != (b, h, q, x):
        raise ValueError(f"state_: f32[b h q x] has shape {state_.shape}, expected {(b, h, q, x)}")
    if state__.shape != (b, h, q):
        raise ValueError(f"state__: f32[b h q] has shape {state__.shape}, expected {(b, h, q)}")
    if buffer_4.shape != (b, h, q, x):
        raise ValueError(f"buffer_4: f32[b h q x] has shape {buffer_4.shape}, expected {(b, h, q, x)}")
    if buffer_5.shape != (b, h, q):
        raise ValueError(f"buffer_5: f32[b h q] has shape {buffer_5.shape}, expected {(b, h, q)}")
    buffer_1 = torch.empty((b, h, q, 32), dtype=torch.float32, device=K.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_Q, BLOCK_HALF, BLOCK_X, warps, stages = 64, 32, 32, 4, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(32, BLOCK_HALF),)
    rotary_long_backward_buffer_1_kernel[grid](
        K, state, state_, state__, buffer_4, buffer_5, buffer_1, K.stride(0), K.stride(1), K.stride(2),
        K.stride(3), K.stride(4), state.stride(0), state.stride(1), state.stride(2), state.stride(3),
        state_.stride(0), state_.stride(1), state_.stride(2), state_.stride(3), state__.stride(0),
        state__.stride(1), state__.stride(2), buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2),
        buffer_4.stride(3), buffer_5.stride(0), buffer_5.stride(1), buffer_5.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), b, h, x, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _rotary_long_backward_buffer_2(
    Q: torch.Tensor,
    buffer_6: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_5: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_backward_buffer_2(Q: bf16[b h q two half], buffer_6: f32[b h q x], buffer_4: f32[b h q x], buffer_5: f32[b h q]) -> buffer_2: f32[b h half x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("buffer_6", buffer_6, torch.float32, 4, Q.device)
    _check("buffer_4", buffer_4, torch.float32, 4, Q.device)
    _check("buffer_5", buffer_5, torch.float32, 3, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, _, x = buffer_6.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if buffer_6.shape != (b, h, q, x):
        raise ValueError(f"buffer_6: f32[b h q x] has shape {buffer_6.shape}, expected {(b, h, q, x)}")
    if buffer_4.shape != (b, h, q, x):
        raise ValueError(f"buffer_4: f32[b h q x] has shape {buffer_4.shape}, expected {(b, h, q, x)}")
    if buffer_5.shape != (b, h, q):
        raise ValueError(f"buffer_5: f32[b h q] has shape {buffer_5.shape}, expected {(b, h, q)}")
    buffer_2 = torch.empty((b, h, 32, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_HALF, BLOCK_X, BLOCK_Q, warps, stages = 32, 64, 32, 4, 1
    grid = (b * h * triton.cdiv(32, BLOCK_HALF) * triton.cdiv(x, BLOCK_X),)
    rotary_long_backward_buffer_2_kernel[grid](
        Q, buffer_6, buffer_4, buffer_5, buffer_2, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2), buffer_6.stride(3),
        buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), buffer_4.stride(3), buffer_5.stride(0),
        buffer_5.stride(1), buffer_5.stride(2), buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), b, h, q, x, BLOCK_Q=BLOCK_Q, BLOCK_HALF=BLOCK_HALF, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _rotary_long_backward_buffer_3(
    Q: torch.Tensor,
    buffer_6: torch.Tensor,
    buffer_4: torch.Tensor,
    buffer_5: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_backward_buffer_3(Q: bf16[b h q two half], buffer_6: f32[b h q x], buffer_4: f32[b h q x], buffer_5: f32[b h q]) -> buffer_3: f32[b h half x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 5, Q.device)
    _check("buffer_6", buffer_6, torch.float32, 4, Q.device)
    _check("buffer_4", buffer_4, torch.float32, 4, Q.device)
    _check("buffer_5", buffer_5, torch.float32, 3, Q.device)
    b, h, q, _, _ = Q.shape
    _, _, _, x = buffer_6.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if buffer_6.shape != (b, h, q, x):
        raise ValueError(f"buffer_6: f32[b h q x] has shape {buffer_6.shape}, expected {(b, h, q, x)}")
    if buffer_4.shape != (b, h, q, x):
        raise ValueError(f"buffer_4: f32[b h q x] has shape {buffer_4.shape}, expected {(b, h, q, x)}")
    if buffer_5.shape != (b, h, q):
        raise ValueError(f"buffer_5: f32[b h q] has shape {buffer_5.shape}, expected {(b, h, q)}")
    buffer_3 = torch.empty((b, h, 32, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_3):
        return buffer_3
    BLOCK_HALF, BLOCK_X, BLOCK_Q, warps, stages = 32, 64, 32, 4, 1
    grid = (b * h * triton.cdiv(32, BLOCK_HALF) * triton.cdiv(x, BLOCK_X),)
    rotary_long_backward_buffer_3_kernel[grid](
        Q, buffer_6, buffer_4, buffer_5, buffer_3, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        Q.stride(4), buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2), buffer_6.stride(3),
        buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), buffer_4.stride(3), buffer_5.stride(0),
        buffer_5.stride(1), buffer_5.stride(2), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
        buffer_3.stride(3), b, h, q, x, BLOCK_Q=BLOCK_Q, BLOCK_HALF=BLOCK_HALF, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_3


@_operator
def _rotary_long_backward_d_V(d_out: torch.Tensor, buffer_6: torch.Tensor) -> torch.Tensor:
    """_rotary_long_backward_d_V(d_out: bf16[b h q e], buffer_6: f32[b h q x]) -> d_V: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("buffer_6", buffer_6, torch.float32, 4, d_out.device)
    b, h, q, e = d_out.shape
    _, _, _, x = buffer_6.shape
    if buffer_6.shape != (b, h, q, x):
        raise ValueError(f"buffer_6: f32[b h q x] has shape {buffer_6.shape}, expected {(b, h, q, x)}")
    d_V = torch.empty((b, h, x, e), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    rotary_long_backward_d_V_kernel[grid](
        d_out, buffer_6, d_V, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        buffer_6.stride(0), buffer_6.stride(1), buffer_6.stride(2), buffer_6.stride(3), d_V.stride(0),
        d_V.stride(1), d_V.stride(2), d_V.stride(3), b, h, q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _rotary_long_backward_d_Q(
    z: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_rotary_long_backward_d_Q(z: f32[b h q], buffer_0: f32[b h q half], buffer_1: f32[b h q half]) -> d_Q: bf16[b h q two half]. Any strides; sizes are read off the shapes."""
    _check("z", z, torch.float32, 3, z.device)
    _check("buffer_0", buffer_0, torch.float32, 4, z.device)
    _check("buffer_1", buffer_1, torch.float32, 4, z.device)
    b, h, q = z.shape
    if buffer_0.shape != (b, h, q, 32):
        raise ValueError(f"buffer_0: f32[b h q half] has shape {buffer_0.shape}, expected {(b, h, q, 32)}")
    if buffer_1.shape != (b, h, q, 32):
        raise ValueError(f"buffer_1: f32[b h q half] has shape {buffer_1.shape}, expected {(b, h, q, 32)}")
    d_Q = torch.empty((b, h, q, 2, 32), dtype=torch.bfloat16, device=z.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * q * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_long_backward_d_Q_kernel[grid](
        z, buffer_0, buffer_1, d_Q, z.stride(0), z.stride(1), z.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3),
        d_Q.stride(4), b, h, q, BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _rotary_long_backward_d_K(buffer_2: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_rotary_long_backward_d_K(buffer_2: f32[b h half x], buffer_3: f32[b h half x]) -> d_K: bf16[b h x two half]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 4, buffer_2.device)
    _check("buffer_3", buffer_3, torch.float32, 4, buffer_2.device)
    b, h, _, x = buffer_2.shape
    if buffer_2.shape != (b, h, 32, x):
        raise ValueError(f"buffer_2: f32[b h half x] has shape {buffer_2.shape}, expected {(b, h, 32, x)}")
    if buffer_3.shape != (b, h, 32, x):
        raise ValueError(f"buffer_3: f32[b h half x] has shape {buffer_3.shape}, expected {(b, h, 32, x)}")
    d_K = torch.empty((b, h, x, 2, 32), dtype=torch.bfloat16, device=buffer_2.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_HALF, warps, stages = 1024, 4, 1
    grid = (b * h * x * 2 * triton.cdiv(32, BLOCK_HALF),)
    rotary_long_backward_d_K_kernel[grid](
        buffer_2, buffer_3, d_K, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2),
        buffer_2.stride(3), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), buffer_3.stride(3),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), d_K.stride(4), b, h, x,
        BLOCK_HALF=BLOCK_HALF, num_warps=warps, num_stages=stages,
    )
    return d_K


class _rotary_autograd(torch.autograd.Function):
    """rotary and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum, state, z = _rotary_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum, state, z)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state, z = ctx.saved_tensors
        buffer_4 = _rotary_backward_buffer_4(d_out, out)
        buffer_0, buffer_1 = _rotary_backward_buffer_0_buffer_1(Q, K, V, d_out, state, buffer_4)
        buffer_2, buffer_3, d_V = _rotary_backward_buffer_2_buffer_3_d_V(Q, K, V, d_out, logsum, buffer_4)
        d_Q = _rotary_backward_d_Q(z, buffer_0, buffer_1)
        d_K = _rotary_backward_d_K(buffer_2, buffer_3)
        return d_Q, d_K, d_V


class _rotary_long_autograd(torch.autograd.Function):
    """rotary and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        state = _rotary_long_forward_state(Q, K)
        state_ = _rotary_long_forward_state_(Q, K)
        state__, z = _rotary_long_forward_state___z(state_, state)
        out = _rotary_long_forward_out(V, z, state_, state)
        logsum = _rotary_long_forward_logsum(state__, z)
        ctx.save_for_backward(Q, K, V, out, logsum, state, state_, state__, z)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state, state_, state__, z = ctx.saved_tensors
        buffer_4 = _rotary_long_backward_buffer_4(V, d_out)
        buffer_5 = _rotary_long_backward_buffer_5(d_out, out)
        buffer_6 = _rotary_long_backward_buffer_6(logsum, state, state_)
        buffer_0 = _rotary_long_backward_buffer_0(K, state, state_, state__, buffer_4, buffer_5)
        buffer_1 = _rotary_long_backward_buffer_1(K, state, state_, state__, buffer_4, buffer_5)
        buffer_2 = _rotary_long_backward_buffer_2(Q, buffer_6, buffer_4, buffer_5)
        buffer_3 = _rotary_long_backward_buffer_3(Q, buffer_6, buffer_4, buffer_5)
        d_V = _rotary_long_backward_d_V(d_out, buffer_6)
        d_Q = _rotary_long_backward_d_Q(z, buffer_0, buffer_1)
        d_K = _rotary_long_backward_d_K(buffer_2, buffer_3)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def rotary(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """rotary(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> out: bf16[b h q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(32, e) <= 256 and max(32, e) <= 256:
            return _rotary_autograd.apply(Q, K, V)
        return _rotary_long_autograd.apply(Q, K, V)
    if max(32, e) <= 256:
        out = _rotary(Q, K, V)
        return out
    buffer_0 = _rotary_long_buffer_0(Q, K)
    out_2 = _rotary_long_out(V, buffer_0)
    return out_2
