"""Fused kernels for running_mean, moving_average, cell.

Made by diagc 0.1.0 from running.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["running_mean", "moving_average", "cell"]


@triton.jit
def tanh(x):
    """(1 - e) / (1 + e) with e = exp(-2|x|), by its series where that would cancel."""
    e = tl.exp(-2.0 * tl.abs(x))
    large = tl.where(x < 0, -1.0, 1.0) * (1.0 - e) / (1.0 + e)
    square = x * x
    return tl.where(tl.abs(x) < 0.1, x * (1.0 - square / 3.0 * (1.0 - 0.4 * square)), large)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of running_jax.py do, on NumPy arrays")
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
    """A function of running_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by running_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("running_jax.py")
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
    """A function that on a CPU is that of running_jax.py; `params` are the places of what it takes as parameters."""

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
def running_mean_kernel(
    X_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, out_stride_b, out_stride_t, out_stride_d, size_b,
    size_t, size_d, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(d_index < size_d)[None, :],
        )
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        sum_ = tl.sum(X_2, 0)
        add_d = state + sum_
        state = add_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def running_mean_forward_kernel(
    X_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, out_stride_b, out_stride_t, out_stride_d, size_b,
    size_t, size_d, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(d_index < size_d)[None, :],
        )
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        sum_ = tl.sum(X_2, 0)
        add_d = state + sum_
        state = add_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        # src[running.diag:6]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + d_index[None, :] * X_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:7]
        running_sum = tl.cumsum(X, 0)
        mul_t_d = (1.0 / (t_index + 1).to(tl.float32))[:, None] * (state[None, :] + running_sum)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index[:, None] * out_stride_t + d_index[None, :] * out_stride_d,
            mul_t_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def running_mean_backward_buffer_0_kernel(
    d_out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_t, d_out_stride_d, buffer_0_stride_b,
    buffer_0_stride_t, buffer_0_stride_d, size_b, size_t, size_d, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    to_t = size_t // BLOCK_T * BLOCK_T
    # whole tiles, no mask needed
    for first_t in tl.range(0, to_t, BLOCK_T):
        t_index = first_t + tl.arange(0, BLOCK_T)
        tile_f32 = (((-1 + size_t) + 1) + (-1 * t_index)).to(tl.float32)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        mul_t_d = d_out * (1.0 / tile_f32)[:, None]
        running_sum = tl.cumsum(mul_t_d, 0)
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + t_index[:, None] * buffer_0_stride_t + d_index[None, :] * buffer_0_stride_d,
            (state[None, :] + running_sum),
            mask=(d_index < size_d)[None, :],
        )
        tile_f32_2 = (((-1 + size_t) + 1) + (-1 * t_index)).to(tl.float32)
        d_out_2 = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            mask=(d_index < size_d)[None, :],
            other=0.0,
        )
        mul_t_d_2 = d_out_2 * (1.0 / tile_f32_2)[:, None]
        sum_ = tl.sum(mul_t_d_2, 0)
        add_d = state + sum_
        state = add_d
    from_t = tl.maximum(0, to_t)
    # tiles that a mask or the end cuts
    for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
        t_index = first_t_2 + tl.arange(0, BLOCK_T)
        tile_f32 = (((-1 + size_t) + 1) + (-1 * t_index)).to(tl.float32)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * d_out_stride_t + d_index[None, :] * d_out_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_t_d = d_out * (1.0 / tile_f32)[:, None]
        running_sum = tl.cumsum(mul_t_d, 0)
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + t_index[:, None] * buffer_0_stride_t + d_index[None, :] * buffer_0_stride_d,
            (state[None, :] + running_sum),
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
        )


@triton.jit
def running_mean_backward_d_X_kernel(
    buffer_0_ptr, d_X_ptr, buffer_0_stride_b, buffer_0_stride_t, buffer_0_stride_d, d_X_stride_b,
    d_X_stride_t, d_X_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + t_index * d_X_stride_t + d_index * d_X_stride_d,
        buffer_0,
        mask=(d_index < size_d),
    )


@_operator
def _running_mean(X: torch.Tensor) -> torch.Tensor:
    """_running_mean(X: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    b, t, d = X.shape
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(d, BLOCK_D),)
    running_mean_kernel[grid](
        X, out, X.stride(0), X.stride(1), X.stride(2), out.stride(0), out.stride(1), out.stride(2), b, t, d,
        BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _running_mean_forward(X: torch.Tensor) -> torch.Tensor:
    """_running_mean_forward(X: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    b, t, d = X.shape
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(d, BLOCK_D),)
    running_mean_forward_kernel[grid](
        X, out, X.stride(0), X.stride(1), X.stride(2), out.stride(0), out.stride(1), out.stride(2), b, t, d,
        BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _running_mean_backward_buffer_0(d_out: torch.Tensor) -> torch.Tensor:
    """_running_mean_backward_buffer_0(d_out: f32[b t d]) -> buffer_0: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 3, d_out.device)
    b, t, d = d_out.shape
    buffer_0 = torch.empty((b, t, d), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (b * triton.cdiv(d, BLOCK_D),)
    running_mean_backward_buffer_0_kernel[grid](
        d_out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), b, t, d, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _running_mean_backward_d_X(buffer_0: torch.Tensor) -> torch.Tensor:
    """_running_mean_backward_d_X(buffer_0: f32[b t d]) -> d_X: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 3, buffer_0.device)
    b, t, d = buffer_0.shape
    d_X = torch.empty((b, t, d), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    running_mean_backward_d_X_kernel[grid](
        buffer_0, d_X, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_X.stride(0),
        d_X.stride(1), d_X.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_X


class _running_mean_autograd(torch.autograd.Function):
    """running_mean and its derivative."""

    @staticmethod
    def forward(ctx, X):
        out = _running_mean_forward(X)
        ctx.save_for_backward()
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        buffer_0 = _running_mean_backward_buffer_0(d_out)
        d_X = _running_mean_backward_d_X(buffer_0)
        return d_X


@_anywhere(torch.float32)
def running_mean(X: torch.Tensor) -> torch.Tensor:
    """running_mean(X: f32[b t d]) -> out: f32[b t d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, t, d = X.shape
    if torch.is_grad_enabled() and X.requires_grad:
        return _running_mean_autograd.apply(X)
    out = _running_mean(X)
    return out


@triton.jit
def moving_average_kernel(
    X_ptr, smoothing_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, smoothing_stride_d, out_stride_b,
    out_stride_t, out_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    # src[running.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + 0 * X_stride_t + d_index * X_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    a = tl.sigmoid(smoothing)
    # src[running.diag:12]
    for t_index in tl.range(0, size_t):
        # src[running.diag:10]
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + d_index * X_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[running.diag:12]
        add_d = (a * X) + ((1.0 - a) * X_2)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index * out_stride_t + d_index * out_stride_d,
            add_d,
            mask=(d_index < size_d),
        )
        X = add_d


@triton.jit
def moving_average_forward_kernel(
    X_ptr, smoothing_ptr, out_ptr, X_stride_b, X_stride_t, X_stride_d, smoothing_stride_d, out_stride_b,
    out_stride_t, out_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    # src[running.diag:12]
    X = tl.load(
        X_ptr + b_index * X_stride_b + 0 * X_stride_t + d_index * X_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    a = tl.sigmoid(smoothing)
    # src[running.diag:12]
    for t_index in tl.range(0, size_t):
        # src[running.diag:10]
        X_2 = tl.load(
            X_ptr + b_index * X_stride_b + t_index * X_stride_t + d_index * X_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        # src[running.diag:12]
        add_d = (a * X) + ((1.0 - a) * X_2)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index * out_stride_t + d_index * out_stride_d,
            add_d,
            mask=(d_index < size_d),
        )
        X = add_d


@triton.jit
def moving_average_backward_buffer_0_kernel(
    smoothing_ptr, d_out_ptr, buffer_0_ptr, smoothing_stride_d, d_out_stride_b, d_out_stride_t,
    d_out_stride_d, buffer_0_stride_b, buffer_0_stride_t, buffer_0_stride_d, size_d, size_b, size_t,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    for t_index in tl.range(0, size_t):
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = (state + d_out) * tl.sigmoid(smoothing)
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + t_index * buffer_0_stride_t + d_index * buffer_0_stride_d,
            mul_d,
            mask=(d_index < size_d),
        )
        state = mul_d


@triton.jit
def moving_average_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_b, buffer_0_stride_t, buffer_0_stride_d, buffer_1_stride_b,
    buffer_1_stride_t, buffer_1_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + t_index * buffer_1_stride_t + d_index * buffer_1_stride_d,
        buffer_0,
        mask=(d_index < size_d),
    )


@triton.jit
def moving_average_backward_buffer_2_d_X_kernel(
    smoothing_ptr, d_out_ptr, buffer_1_ptr, buffer_2_ptr, d_X_ptr, smoothing_stride_d, d_out_stride_b,
    d_out_stride_t, d_out_stride_d, buffer_1_stride_b, buffer_1_stride_t, buffer_1_stride_d,
    buffer_2_stride_b, buffer_2_stride_t, buffer_2_stride_d, d_X_stride_b, d_X_stride_t, d_X_stride_d, size_d,
    size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + t_index * d_out_stride_t + d_index * d_out_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + (t_index + 1) * buffer_1_stride_t + d_index * buffer_1_stride_d,
        mask=(d_index < size_d) & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    add_d = buffer_1 + d_out
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + d_index * buffer_2_stride_d,
        add_d,
        mask=(d_index < size_d),
    )
    buffer_1_2 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + 0 * buffer_1_stride_t + d_index * buffer_1_stride_d,
        mask=(d_index < size_d) & (0 >= 0) & (0 < size_t),
        other=0.0,
    )
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    # src[running.diag:12]
    add_d_2 = ((1.0 - tl.sigmoid(smoothing)) * add_d) + tl.where(0 == t_index, buffer_1_2, 0.0)
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + t_index * d_X_stride_t + d_index * d_X_stride_d,
        add_d_2,
        mask=(d_index < size_d),
    )


@triton.jit
def moving_average_backward_d_smoothing_rows_kernel(
    X_ptr, smoothing_ptr, out_ptr, buffer_2_ptr, d_smoothing_ptr, X_stride_b, X_stride_t, X_stride_d,
    smoothing_stride_d, out_stride_b, out_stride_t, out_stride_d, buffer_2_stride_b, buffer_2_stride_t,
    buffer_2_stride_d, d_smoothing_stride_d, size_b, size_t, size_d, BLOCK_B: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_B: tl.constexpr, EXACT_T: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = program * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    b_index = tl.arange(0, BLOCK_B)
    t_index = tl.arange(0, BLOCK_T)
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    a = tl.sigmoid(smoothing)
    # src[running.diag:12]
    buffer_2 = tl.load(
        buffer_2_ptr + b_index[None, :, None] * buffer_2_stride_b + t_index[None, None, :] * buffer_2_stride_t + d_index[:, None, None] * buffer_2_stride_d,
        mask=(b_index < size_b)[None, :, None] & (t_index < size_t)[None, None, :] & (d_index < size_d)[:, None, None],
        other=0.0,
    )
    # src[running.diag:10]
    X = tl.load(
        X_ptr + b_index[None, :, None] * X_stride_b + t_index[None, None, :] * X_stride_t + d_index[:, None, None] * X_stride_d,
        mask=(b_index < size_b)[None, :, None] & (t_index < size_t)[None, None, :] & (d_index < size_d)[:, None, None],
        other=0.0,
    )
    mul_d_b_t = X * buffer_2
    sum_ = tl.sum(tl.sum(mul_d_b_t, 2), 1)
    out = tl.load(
        out_ptr + b_index[None, :, None] * out_stride_b + (t_index[None, None, :] + -1) * out_stride_t + d_index[:, None, None] * out_stride_d,
        mask=(b_index < size_b)[None, :, None] & (t_index < size_t)[None, None, :] & (d_index < size_d)[:, None, None] & ((t_index[None, None, :] + -1) >= 0) & ((t_index[None, None, :] + -1) < size_t),
        other=0,
    )
    # src[running.diag:12]
    X_2 = tl.load(
        X_ptr + b_index[None, :] * X_stride_b + 0 * X_stride_t + d_index[:, None] * X_stride_d,
        mask=(b_index < size_b)[None, :] & (d_index < size_d)[:, None],
        other=0.0,
    )
    where_d_b_t = tl.where((0 == t_index)[None, None, :], X_2[:, :, None], out)
    mul_d_b_t_2 = where_d_b_t * buffer_2
    sum_2 = tl.sum(tl.sum(mul_d_b_t_2, 2), 1)
    tl.store(
        d_smoothing_ptr + d_index * d_smoothing_stride_d,
        ((a * (sum_2 - sum_)) * (1.0 - a)),
        mask=(d_index < size_d),
    )


@triton.jit
def moving_average_backward_d_smoothing_kernel(
    X_ptr, smoothing_ptr, out_ptr, buffer_2_ptr, d_smoothing_ptr, X_stride_b, X_stride_t, X_stride_d,
    smoothing_stride_d, out_stride_b, out_stride_t, out_stride_d, buffer_2_stride_b, buffer_2_stride_t,
    buffer_2_stride_d, d_smoothing_stride_d, size_b, size_t, size_d, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = program * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    acc_t_b = tl.full([BLOCK_D], 0.0, tl.float32)
    acc_b_t = tl.full([BLOCK_D], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        # src[running.diag:12]
        X = tl.load(
            X_ptr + b_index * X_stride_b + 0 * X_stride_t + d_index * X_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + t_index[None, :] * buffer_2_stride_t + d_index[:, None] * buffer_2_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            out = tl.load(
                out_ptr + b_index * out_stride_b + (t_index[None, :] + -1) * out_stride_t + d_index[:, None] * out_stride_d,
                mask=(d_index < size_d)[:, None] & ((t_index[None, :] + -1) >= 0) & ((t_index[None, :] + -1) < size_t),
                other=0,
            )
            where_d_t = tl.where((0 == t_index)[None, :], X[:, None], out)
            mul_d_t = where_d_t * buffer_2
            tile_sum = tl.sum(mul_d_t, 1)
            next_acc_t_b = acc_t_b + tile_sum
            # src[running.diag:10]
            X_2 = tl.load(
                X_ptr + b_index * X_stride_b + t_index[None, :] * X_stride_t + d_index[:, None] * X_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            mul_d_t_2 = X_2 * buffer_2
            tile_sum_2 = tl.sum(mul_d_t_2, 1)
            next_acc_b_t = acc_b_t + tile_sum_2
            acc_t_b = next_acc_t_b
            acc_b_t = next_acc_b_t
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_2 = tl.load(
                buffer_2_ptr + b_index * buffer_2_stride_b + t_index[None, :] * buffer_2_stride_t + d_index[:, None] * buffer_2_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            out = tl.load(
                out_ptr + b_index * out_stride_b + (t_index[None, :] + -1) * out_stride_t + d_index[:, None] * out_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None] & ((t_index[None, :] + -1) >= 0) & ((t_index[None, :] + -1) < size_t),
                other=0,
            )
            where_d_t = tl.where((0 == t_index)[None, :], X[:, None], out)
            mul_d_t = where_d_t * buffer_2
            tile_sum = tl.sum(mul_d_t, 1)
            next_acc_t_b = acc_t_b + tile_sum
            # src[running.diag:10]
            X_2 = tl.load(
                X_ptr + b_index * X_stride_b + t_index[None, :] * X_stride_t + d_index[:, None] * X_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            mul_d_t_2 = X_2 * buffer_2
            tile_sum_2 = tl.sum(mul_d_t_2, 1)
            next_acc_b_t = acc_b_t + tile_sum_2
            acc_t_b = next_acc_t_b
            acc_b_t = next_acc_b_t
    # src[running.diag:10]
    smoothing = tl.load(smoothing_ptr + d_index * smoothing_stride_d, mask=(d_index < size_d), other=0.0)
    # src[running.diag:11]
    a = tl.sigmoid(smoothing)
    # src[running.diag:12]
    tl.store(
        d_smoothing_ptr + d_index * d_smoothing_stride_d,
        ((a * (acc_t_b - acc_b_t)) * (1.0 - a)),
        mask=(d_index < size_d),
    )


@_operator
def _moving_average(X: torch.Tensor, smoothing: torch.Tensor) -> torch.Tensor:
    """_moving_average(X: f32[b t d], smoothing: f32[d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    _check("smoothing", smoothing, torch.float32, 1, X.device)
    b, t, d = X.shape
    if smoothing.shape != (d,):
        raise ValueError(f"smoothing: f32[d] has shape {smoothing.shape}, expected {(d,)}")
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    moving_average_kernel[grid](
        X, smoothing, out, X.stride(0), X.stride(1), X.stride(2), smoothing.stride(0), out.stride(0),
        out.stride(1), out.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _moving_average_forward(X: torch.Tensor, smoothing: torch.Tensor) -> torch.Tensor:
    """_moving_average_forward(X: f32[b t d], smoothing: f32[d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    _check("smoothing", smoothing, torch.float32, 1, X.device)
    b, t, d = X.shape
    if smoothing.shape != (d,):
        raise ValueError(f"smoothing: f32[d] has shape {smoothing.shape}, expected {(d,)}")
    out = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    moving_average_forward_kernel[grid](
        X, smoothing, out, X.stride(0), X.stride(1), X.stride(2), smoothing.stride(0), out.stride(0),
        out.stride(1), out.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _moving_average_backward_buffer_0(smoothing: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_moving_average_backward_buffer_0(smoothing: f32[d], d_out: f32[b t d]) -> buffer_0: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("smoothing", smoothing, torch.float32, 1, smoothing.device)
    _check("d_out", d_out, torch.float32, 3, smoothing.device)
    (d,) = smoothing.shape
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, d):
        raise ValueError(f"d_out: f32[b t d] has shape {d_out.shape}, expected {(b, t, d)}")
    buffer_0 = torch.empty((b, t, d), dtype=torch.float32, device=smoothing.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    moving_average_backward_buffer_0_kernel[grid](
        smoothing, d_out, buffer_0, smoothing.stride(0), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d, b, t, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _moving_average_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_moving_average_backward_buffer_1(buffer_0: f32[b t d]) -> buffer_1: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 3, buffer_0.device)
    b, t, d = buffer_0.shape
    buffer_1 = torch.empty((b, t, d), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    moving_average_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _moving_average_backward_buffer_2_d_X(
    smoothing: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_moving_average_backward_buffer_2_d_X(smoothing: f32[d], d_out: f32[b t d], buffer_1: f32[b t d]) -> buffer_2: f32[b t d], d_X: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("smoothing", smoothing, torch.float32, 1, smoothing.device)
    _check("d_out", d_out, torch.float32, 3, smoothing.device)
    _check("buffer_1", buffer_1, torch.float32, 3, smoothing.device)
    (d,) = smoothing.shape
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, d):
        raise ValueError(f"d_out: f32[b t d] has shape {d_out.shape}, expected {(b, t, d)}")
    if buffer_1.shape != (b, t, d):
        raise ValueError(f"buffer_1: f32[b t d] has shape {buffer_1.shape}, expected {(b, t, d)}")
    buffer_2 = torch.empty((b, t, d), dtype=torch.float32, device=smoothing.device)
    d_X = torch.empty((b, t, d), dtype=torch.float32, device=smoothing.device)
    if _is_traced(buffer_2):
        return buffer_2, d_X
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    moving_average_backward_buffer_2_d_X_kernel[grid](
        smoothing, d_out, buffer_1, buffer_2, d_X, smoothing.stride(0), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), d_X.stride(0), d_X.stride(1), d_X.stride(2), d, b, t,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_2, d_X


@_operator
def _moving_average_backward_d_smoothing(
    X: torch.Tensor,
    smoothing: torch.Tensor,
    out: torch.Tensor,
    buffer_2: torch.Tensor,
) -> torch.Tensor:
    """_moving_average_backward_d_smoothing(X: f32[b t d], smoothing: f32[d], out: f32[b t d], buffer_2: f32[b t d]) -> d_smoothing: f32[d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.float32, 3, X.device)
    _check("smoothing", smoothing, torch.float32, 1, X.device)
    _check("out", out, torch.float32, 3, X.device)
    _check("buffer_2", buffer_2, torch.float32, 3, X.device)
    b, t, d = X.shape
    if smoothing.shape != (d,):
        raise ValueError(f"smoothing: f32[d] has shape {smoothing.shape}, expected {(d,)}")
    if out.shape != (b, t, d):
        raise ValueError(f"out: f32[b t d] has shape {out.shape}, expected {(b, t, d)}")
    if buffer_2.shape != (b, t, d):
        raise ValueError(f"buffer_2: f32[b t d] has shape {buffer_2.shape}, expected {(b, t, d)}")
    d_smoothing = torch.empty((d,), dtype=torch.float32, device=X.device)
    if _is_traced(d_smoothing):
        return d_smoothing
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_T = max(16, triton.next_power_of_2(t))
    if BLOCK_B * BLOCK_T <= 1024:
        if BLOCK_B * BLOCK_T <= 256:
            BLOCK_D, warps, stages = 8, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (triton.cdiv(d, BLOCK_D),)
        moving_average_backward_d_smoothing_rows_kernel[grid](
            X, smoothing, out, buffer_2, d_smoothing, X.stride(0), X.stride(1), X.stride(2),
            smoothing.stride(0), out.stride(0), out.stride(1), out.stride(2), buffer_2.stride(0),
            buffer_2.stride(1), buffer_2.stride(2), d_smoothing.stride(0), b, t, d, BLOCK_B=BLOCK_B,
            BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, EXACT_B=b == BLOCK_B, EXACT_T=t == BLOCK_T, num_warps=warps,
            num_stages=stages,
        )
        return d_smoothing
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(d, BLOCK_D),)
    moving_average_backward_d_smoothing_kernel[grid](
        X, smoothing, out, buffer_2, d_smoothing, X.stride(0), X.stride(1), X.stride(2), smoothing.stride(0),
        out.stride(0), out.stride(1), out.stride(2), buffer_2.stride(0), buffer_2.stride(1),
        buffer_2.stride(2), d_smoothing.stride(0), b, t, d, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_smoothing


class _moving_average_autograd(torch.autograd.Function):
    """moving_average and its derivative."""

    @staticmethod
    def forward(ctx, X, smoothing):
        out = _moving_average_forward(X, smoothing)
        ctx.save_for_backward(X, smoothing, out)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, smoothing, out = ctx.saved_tensors
        buffer_0 = _moving_average_backward_buffer_0(smoothing, d_out)
        buffer_1 = _moving_average_backward_buffer_1(buffer_0)
        buffer_2, d_X = _moving_average_backward_buffer_2_d_X(smoothing, d_out, buffer_1)
        d_smoothing = _moving_average_backward_d_smoothing(X, smoothing, out, buffer_2)
        return d_X, d_smoothing


@_anywhere(torch.float32, torch.float32)
def moving_average(X: torch.Tensor, smoothing: torch.Tensor) -> torch.Tensor:
    """moving_average(X: f32[b t d], smoothing: f32[d]) -> out: f32[b t d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, t, d = X.shape
    if smoothing.shape != (d,):
        raise ValueError(f"smoothing: f32[d] has shape {smoothing.shape}, expected {(d,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, smoothing)):
        return _moving_average_autograd.apply(X, smoothing)
    out = _moving_average(X, smoothing)
    return out


@triton.jit
def cell_U_kernel(
    X_ptr, W_ptr, U_ptr, X_stride_b, X_stride_t, X_stride_e, W_stride_e, W_stride_d, U_stride_b, U_stride_t,
    U_stride_d, size_b, size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    U = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[running.diag:16]
        next_U = tl.dot(X, tl.trans(W), U)
        U = next_U
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(e_index < size_e)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[running.diag:16]
        next_U = tl.dot(X, tl.trans(W), U)
        U = next_U
    tl.store(
        U_ptr + b_index * U_stride_b + t_index[:, None] * U_stride_t + d_index[None, :] * U_stride_d,
        U,
        mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def cell_out_kernel(
    gate_ptr, U_ptr, out_ptr, gate_stride_d, U_stride_b, U_stride_t, U_stride_d, out_stride_b, out_stride_t,
    out_stride_d, size_d, size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    for t_index in tl.range(0, size_t):
        U = tl.load(
            U_ptr + b_index * U_stride_b + t_index * U_stride_t + d_index * U_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        tanh_d = tanh((gate * state) + U)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index * out_stride_t + d_index * out_stride_d,
            tanh_d,
            mask=(d_index < size_d),
        )
        state = tanh_d


@triton.jit
def cell_forward_U_kernel(
    X_ptr, W_ptr, U_ptr, X_stride_b, X_stride_t, X_stride_e, W_stride_e, W_stride_d, U_stride_b, U_stride_t,
    U_stride_d, size_b, size_t, size_e, size_d, BLOCK_E: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    U = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        # src[running.diag:16]
        next_U = tl.dot(X, tl.trans(W), U)
        U = next_U
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        X = tl.load(
            X_ptr + b_index * X_stride_b + t_index[:, None] * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(e_index < size_e)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        # src[running.diag:16]
        next_U = tl.dot(X, tl.trans(W), U)
        U = next_U
    tl.store(
        U_ptr + b_index * U_stride_b + t_index[:, None] * U_stride_t + d_index[None, :] * U_stride_d,
        U,
        mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def cell_forward_out_kernel(
    gate_ptr, U_ptr, out_ptr, gate_stride_d, U_stride_b, U_stride_t, U_stride_d, out_stride_b, out_stride_t,
    out_stride_d, size_d, size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    for t_index in tl.range(0, size_t):
        U = tl.load(
            U_ptr + b_index * U_stride_b + t_index * U_stride_t + d_index * U_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        tanh_d = tanh((gate * state) + U)
        tl.store(
            out_ptr + b_index * out_stride_b + t_index * out_stride_t + d_index * out_stride_d,
            tanh_d,
            mask=(d_index < size_d),
        )
        state = tanh_d


@triton.jit
def cell_backward_buffer_2_kernel(
    X_ptr, W_ptr, buffer_2_ptr, X_stride_b, X_stride_t, X_stride_e, W_stride_e, W_stride_d, buffer_2_stride_b,
    buffer_2_stride_t, buffer_2_stride_d, size_b, size_t, size_e, size_d, BLOCK_E: tl.constexpr,
    BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_e = tl.full([BLOCK_T, BLOCK_D], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index * X_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(X, tl.trans(W), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[running.diag:15]
        W = tl.load(
            W_ptr + e_index[None, :] * W_stride_e + d_index[:, None] * W_stride_d,
            mask=(e_index < size_e)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + b_index * X_stride_b + (-1 * t_index[:, None] + (-1 + size_t)) * X_stride_t + e_index[None, :] * X_stride_e,
            mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(X, tl.trans(W), acc_e)
        acc_e = next_acc_e
    tl.store(
        buffer_2_ptr + b_index * buffer_2_stride_b + t_index[:, None] * buffer_2_stride_t + d_index[None, :] * buffer_2_stride_d,
        acc_e,
        mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def cell_backward_buffer_0_kernel(
    gate_ptr, d_out_ptr, out_ptr, buffer_2_ptr, buffer_0_ptr, gate_stride_d, d_out_stride_b, d_out_stride_t,
    d_out_stride_d, out_stride_b, out_stride_t, out_stride_d, buffer_2_stride_b, buffer_2_stride_t,
    buffer_2_stride_d, buffer_0_stride_b, buffer_0_stride_t, buffer_0_stride_d, size_d, size_b, size_t,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    b_index = program.to(tl.int64)
    state = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    for t_index in tl.range(0, size_t):
        buffer_2 = tl.load(
            buffer_2_ptr + b_index * buffer_2_stride_b + t_index * buffer_2_stride_t + d_index * buffer_2_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        out = tl.load(
            out_ptr + b_index * out_stride_b + (-1 * t_index + (-2 + size_t)) * out_stride_t + d_index * out_stride_d,
            mask=(d_index < size_d) & ((-1 * t_index + (-2 + size_t)) >= 0) & ((-1 * t_index + (-2 + size_t)) < size_t),
            other=0,
        )
        where_d = tl.where(0 == ((t_index * -1) + (-1 + size_t)), 0.0, out)
        tanh_d = tanh((gate * where_d) + buffer_2)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + (-1 * t_index + (-1 + size_t)) * d_out_stride_t + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = ((state + d_out) * (1.0 - (tanh_d * tanh_d))) * gate
        tl.store(
            buffer_0_ptr + b_index * buffer_0_stride_b + t_index * buffer_0_stride_t + d_index * buffer_0_stride_d,
            mul_d,
            mask=(d_index < size_d),
        )
        state = mul_d


@triton.jit
def cell_backward_buffer_1_kernel(
    buffer_0_ptr, buffer_1_ptr, buffer_0_stride_b, buffer_0_stride_t, buffer_0_stride_d, buffer_1_stride_b,
    buffer_1_stride_t, buffer_1_stride_d, size_b, size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + (-1 * t_index + (-1 + size_t)) * buffer_0_stride_t + d_index * buffer_0_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + t_index * buffer_1_stride_t + d_index * buffer_1_stride_d,
        buffer_0,
        mask=(d_index < size_d),
    )


@triton.jit
def cell_backward_buffer_3_kernel(
    d_out_ptr, buffer_1_ptr, buffer_3_ptr, d_out_stride_b, d_out_stride_t, d_out_stride_d, buffer_1_stride_b,
    buffer_1_stride_t, buffer_1_stride_d, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_d, size_b,
    size_t, size_d, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + t_index * d_out_stride_t + d_index * d_out_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + (t_index + 1) * buffer_1_stride_t + d_index * buffer_1_stride_d,
        mask=(d_index < size_d) & ((t_index + 1) >= 0) & ((t_index + 1) < size_t),
        other=0.0,
    )
    tl.store(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + d_index * buffer_3_stride_d,
        (buffer_1 + d_out),
        mask=(d_index < size_d),
    )


@triton.jit
def cell_backward_buffer_4_kernel(
    gate_ptr, out_ptr, U_ptr, buffer_3_ptr, buffer_4_ptr, gate_stride_d, out_stride_b, out_stride_t,
    out_stride_d, U_stride_b, U_stride_t, U_stride_d, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_d,
    buffer_4_stride_b, buffer_4_stride_t, buffer_4_stride_d, size_d, size_b, size_t, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    t_index = (program % size_t).to(tl.int64)
    program = program // size_t
    b_index = program.to(tl.int64)
    U = tl.load(
        U_ptr + b_index * U_stride_b + t_index * U_stride_t + d_index * U_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    out = tl.load(
        out_ptr + b_index * out_stride_b + (t_index + -1) * out_stride_t + d_index * out_stride_d,
        mask=(d_index < size_d) & ((t_index + -1) >= 0) & ((t_index + -1) < size_t),
        other=0,
    )
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    tanh_d = tanh((gate * tl.where(0 == t_index, 0.0, out)) + U)
    buffer_3 = tl.load(
        buffer_3_ptr + b_index * buffer_3_stride_b + t_index * buffer_3_stride_t + d_index * buffer_3_stride_d,
        mask=(d_index < size_d),
        other=0.0,
    )
    tile_bf16 = (buffer_3 * (1.0 - (tanh_d * tanh_d))).to(tl.bfloat16)
    tl.store(
        buffer_4_ptr + b_index * buffer_4_stride_b + t_index * buffer_4_stride_t + d_index * buffer_4_stride_d,
        tile_bf16,
        mask=(d_index < size_d),
    )


@triton.jit
def cell_backward_d_gate_rows_kernel(
    gate_ptr, out_ptr, U_ptr, buffer_3_ptr, d_gate_ptr, gate_stride_d, out_stride_b, out_stride_t,
    out_stride_d, U_stride_b, U_stride_t, U_stride_d, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_d,
    d_gate_stride_d, size_d, size_b, size_t, BLOCK_B: tl.constexpr, BLOCK_T: tl.constexpr,
    BLOCK_D: tl.constexpr, EXACT_B: tl.constexpr, EXACT_T: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = program * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    b_index = tl.arange(0, BLOCK_B)
    t_index = tl.arange(0, BLOCK_T)
    out = tl.load(
        out_ptr + b_index[None, :, None] * out_stride_b + (t_index[None, None, :] + -1) * out_stride_t + d_index[:, None, None] * out_stride_d,
        mask=(b_index < size_b)[None, :, None] & (t_index < size_t)[None, None, :] & (d_index < size_d)[:, None, None] & ((t_index[None, None, :] + -1) >= 0) & ((t_index[None, None, :] + -1) < size_t),
        other=0,
    )
    where_d_b_t = tl.where((0 == t_index)[None, None, :], 0.0, out)
    U = tl.load(
        U_ptr + b_index[None, :, None] * U_stride_b + t_index[None, None, :] * U_stride_t + d_index[:, None, None] * U_stride_d,
        mask=(b_index < size_b)[None, :, None] & (t_index < size_t)[None, None, :] & (d_index < size_d)[:, None, None],
        other=0.0,
    )
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    tanh_d_b_t = tanh((gate[:, None, None] * where_d_b_t) + U)
    buffer_3 = tl.load(
        buffer_3_ptr + b_index[None, :, None] * buffer_3_stride_b + t_index[None, None, :] * buffer_3_stride_t + d_index[:, None, None] * buffer_3_stride_d,
        mask=(b_index < size_b)[None, :, None] & (t_index < size_t)[None, None, :] & (d_index < size_d)[:, None, None],
        other=0.0,
    )
    mul_d_b_t = (buffer_3 * (1.0 - (tanh_d_b_t * tanh_d_b_t))) * where_d_b_t
    sum_ = tl.sum(tl.sum(mul_d_b_t, 2), 1)
    tl.store(d_gate_ptr + d_index * d_gate_stride_d, sum_, mask=(d_index < size_d))


@triton.jit
def cell_backward_d_gate_kernel(
    gate_ptr, out_ptr, U_ptr, buffer_3_ptr, d_gate_ptr, gate_stride_d, out_stride_b, out_stride_t,
    out_stride_d, U_stride_b, U_stride_t, U_stride_d, buffer_3_stride_b, buffer_3_stride_t, buffer_3_stride_d,
    d_gate_stride_d, size_d, size_b, size_t, BLOCK_T: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = program * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    acc_t_b = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[running.diag:15]
    gate = tl.load(gate_ptr + d_index * gate_stride_d, mask=(d_index < size_d), other=0.0)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            out = tl.load(
                out_ptr + b_index * out_stride_b + (t_index[None, :] + -1) * out_stride_t + d_index[:, None] * out_stride_d,
                mask=(d_index < size_d)[:, None] & ((t_index[None, :] + -1) >= 0) & ((t_index[None, :] + -1) < size_t),
                other=0,
            )
            where_d_t = tl.where((0 == t_index)[None, :], 0.0, out)
            U = tl.load(
                U_ptr + b_index * U_stride_b + t_index[None, :] * U_stride_t + d_index[:, None] * U_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            tanh_d_t = tanh((gate[:, None] * where_d_t) + U)
            buffer_3 = tl.load(
                buffer_3_ptr + b_index * buffer_3_stride_b + t_index[None, :] * buffer_3_stride_t + d_index[:, None] * buffer_3_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            mul_d_t = (buffer_3 * (1.0 - (tanh_d_t * tanh_d_t))) * where_d_t
            tile_sum = tl.sum(mul_d_t, 1)
            next_acc_t_b = acc_t_b + tile_sum
            acc_t_b = next_acc_t_b
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            out = tl.load(
                out_ptr + b_index * out_stride_b + (t_index[None, :] + -1) * out_stride_t + d_index[:, None] * out_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None] & ((t_index[None, :] + -1) >= 0) & ((t_index[None, :] + -1) < size_t),
                other=0,
            )
            where_d_t = tl.where((0 == t_index)[None, :], 0.0, out)
            U = tl.load(
                U_ptr + b_index * U_stride_b + t_index[None, :] * U_stride_t + d_index[:, None] * U_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            tanh_d_t = tanh((gate[:, None] * where_d_t) + U)
            buffer_3 = tl.load(
                buffer_3_ptr + b_index * buffer_3_stride_b + t_index[None, :] * buffer_3_stride_t + d_index[:, None] * buffer_3_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            mul_d_t = (buffer_3 * (1.0 - (tanh_d_t * tanh_d_t))) * where_d_t
            tile_sum = tl.sum(mul_d_t, 1)
            next_acc_t_b = acc_t_b + tile_sum
            acc_t_b = next_acc_t_b
    tl.store(d_gate_ptr + d_index * d_gate_stride_d, acc_t_b, mask=(d_index < size_d))


@triton.jit
def cell_backward_d_X_kernel(
    W_ptr, buffer_4_ptr, d_X_ptr, W_stride_e, W_stride_d, buffer_4_stride_b, buffer_4_stride_t,
    buffer_4_stride_d, d_X_stride_b, d_X_stride_t, d_X_stride_e, size_e, size_d, size_b, size_t,
    BLOCK_D: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_t = (program % tl.cdiv(size_t, BLOCK_T)) * BLOCK_T
    t_index = first_t + tl.arange(0, BLOCK_T)
    program = program // tl.cdiv(size_t, BLOCK_T)
    b_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_T, BLOCK_E], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + t_index[:, None] * buffer_4_stride_t + d_index[None, :] * buffer_4_stride_d,
            mask=(t_index < size_t)[:, None],
            other=0.0,
        )
        # src[running.diag:15]
        W = tl.load(
            W_ptr + e_index[:, None] * W_stride_e + d_index[None, :] * W_stride_d,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(buffer_4, tl.trans(W), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        buffer_4 = tl.load(
            buffer_4_ptr + b_index * buffer_4_stride_b + t_index[:, None] * buffer_4_stride_t + d_index[None, :] * buffer_4_stride_d,
            mask=(t_index < size_t)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[running.diag:15]
        W = tl.load(
            W_ptr + e_index[:, None] * W_stride_e + d_index[None, :] * W_stride_d,
            mask=(e_index < size_e)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(buffer_4, tl.trans(W), acc_d)
        acc_d = next_acc_d
    tl.store(
        d_X_ptr + b_index * d_X_stride_b + t_index[:, None] * d_X_stride_t + e_index[None, :] * d_X_stride_e,
        acc_d.to(tl.bfloat16),
        mask=(t_index < size_t)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cell_backward_d_W_kernel(
    X_ptr, buffer_4_ptr, d_W_ptr, X_stride_b, X_stride_t, X_stride_e, buffer_4_stride_b, buffer_4_stride_t,
    buffer_4_stride_d, d_W_stride_e, d_W_stride_d, size_b, size_t, size_e, size_d, BLOCK_T: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_e = program * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    acc_t_b = tl.full([BLOCK_E, BLOCK_D], 0.0, tl.float32)
    for b_index in tl.range(0, size_b):
        to_t = size_t // BLOCK_T * BLOCK_T
        # whole tiles, no mask needed
        for first_t in tl.range(0, to_t, BLOCK_T):
            t_index = first_t + tl.arange(0, BLOCK_T)
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + t_index[None, :] * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            # src[running.diag:15]
            X = tl.load(
                X_ptr + b_index * X_stride_b + t_index[None, :] * X_stride_t + e_index[:, None] * X_stride_e,
                mask=(e_index < size_e)[:, None],
                other=0.0,
            )
            next_acc_t_b = tl.dot(X, tl.trans(buffer_4), acc_t_b)
            acc_t_b = next_acc_t_b
        from_t = tl.maximum(0, to_t)
        # tiles that a mask or the end cuts
        for first_t_2 in tl.range(from_t, size_t, BLOCK_T):
            t_index = first_t_2 + tl.arange(0, BLOCK_T)
            buffer_4 = tl.load(
                buffer_4_ptr + b_index * buffer_4_stride_b + t_index[None, :] * buffer_4_stride_t + d_index[:, None] * buffer_4_stride_d,
                mask=(t_index < size_t)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            # src[running.diag:15]
            X = tl.load(
                X_ptr + b_index * X_stride_b + t_index[None, :] * X_stride_t + e_index[:, None] * X_stride_e,
                mask=(t_index < size_t)[None, :] & (e_index < size_e)[:, None],
                other=0.0,
            )
            next_acc_t_b = tl.dot(X, tl.trans(buffer_4), acc_t_b)
            acc_t_b = next_acc_t_b
    tl.store(
        d_W_ptr + e_index[:, None] * d_W_stride_e + d_index[None, :] * d_W_stride_d,
        acc_t_b.to(tl.bfloat16),
        mask=(e_index < size_e)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _cell_U(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_cell_U(X: bf16[b t e], W: bf16[e d]) -> U: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    U = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(U):
        return U
    BLOCK_T, BLOCK_D, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(d, BLOCK_D),)
    cell_U_kernel[grid](
        X, W, U, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        U.stride(2), b, t, e, d, BLOCK_E=BLOCK_E, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return U


@_operator
def _cell_out(gate: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_cell_out(gate: f32[d], U: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 1, gate.device)
    _check("U", U, torch.float32, 3, gate.device)
    (d,) = gate.shape
    b, t, _ = U.shape
    if U.shape != (b, t, d):
        raise ValueError(f"U: f32[b t d] has shape {U.shape}, expected {(b, t, d)}")
    out = torch.empty((b, t, d), dtype=torch.float32, device=gate.device)
    if _is_traced(out):
        return out
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    cell_out_kernel[grid](
        gate, U, out, gate.stride(0), U.stride(0), U.stride(1), U.stride(2), out.stride(0), out.stride(1),
        out.stride(2), d, b, t, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _cell_forward_U(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_cell_forward_U(X: bf16[b t e], W: bf16[e d]) -> U: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    U = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(U):
        return U
    BLOCK_T, BLOCK_D, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(d, BLOCK_D),)
    cell_forward_U_kernel[grid](
        X, W, U, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), U.stride(0), U.stride(1),
        U.stride(2), b, t, e, d, BLOCK_E=BLOCK_E, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return U


@_operator
def _cell_forward_out(gate: torch.Tensor, U: torch.Tensor) -> torch.Tensor:
    """_cell_forward_out(gate: f32[d], U: f32[b t d]) -> out: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 1, gate.device)
    _check("U", U, torch.float32, 3, gate.device)
    (d,) = gate.shape
    b, t, _ = U.shape
    if U.shape != (b, t, d):
        raise ValueError(f"U: f32[b t d] has shape {U.shape}, expected {(b, t, d)}")
    out = torch.empty((b, t, d), dtype=torch.float32, device=gate.device)
    if _is_traced(out):
        return out
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    cell_forward_out_kernel[grid](
        gate, U, out, gate.stride(0), U.stride(0), U.stride(1), U.stride(2), out.stride(0), out.stride(1),
        out.stride(2), d, b, t, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _cell_backward_buffer_2(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_cell_backward_buffer_2(X: bf16[b t e], W: bf16[e d]) -> buffer_2: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    buffer_2 = torch.empty((b, t, d), dtype=torch.float32, device=X.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_T, BLOCK_D, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(d, BLOCK_D),)
    cell_backward_buffer_2_kernel[grid](
        X, W, buffer_2, X.stride(0), X.stride(1), X.stride(2), W.stride(0), W.stride(1), buffer_2.stride(0),
        buffer_2.stride(1), buffer_2.stride(2), b, t, e, d, BLOCK_E=BLOCK_E, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _cell_backward_buffer_0(
    gate: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_2: torch.Tensor,
) -> torch.Tensor:
    """_cell_backward_buffer_0(gate: f32[d], d_out: f32[b t d], out: f32[b t d], buffer_2: f32[b t d]) -> buffer_0: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 1, gate.device)
    _check("d_out", d_out, torch.float32, 3, gate.device)
    _check("out", out, torch.float32, 3, gate.device)
    _check("buffer_2", buffer_2, torch.float32, 3, gate.device)
    (d,) = gate.shape
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, d):
        raise ValueError(f"d_out: f32[b t d] has shape {d_out.shape}, expected {(b, t, d)}")
    if out.shape != (b, t, d):
        raise ValueError(f"out: f32[b t d] has shape {out.shape}, expected {(b, t, d)}")
    if buffer_2.shape != (b, t, d):
        raise ValueError(f"buffer_2: f32[b t d] has shape {buffer_2.shape}, expected {(b, t, d)}")
    buffer_0 = torch.empty((b, t, d), dtype=torch.float32, device=gate.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * triton.cdiv(d, BLOCK_D),)
    cell_backward_buffer_0_kernel[grid](
        gate, d_out, out, buffer_2, buffer_0, gate.stride(0), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), out.stride(0), out.stride(1), out.stride(2), buffer_2.stride(0), buffer_2.stride(1),
        buffer_2.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d, b, t,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _cell_backward_buffer_1(buffer_0: torch.Tensor) -> torch.Tensor:
    """_cell_backward_buffer_1(buffer_0: f32[b t d]) -> buffer_1: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 3, buffer_0.device)
    b, t, d = buffer_0.shape
    buffer_1 = torch.empty((b, t, d), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    cell_backward_buffer_1_kernel[grid](
        buffer_0, buffer_1, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), b, t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _cell_backward_buffer_3(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_cell_backward_buffer_3(d_out: f32[b t d], buffer_1: f32[b t d]) -> buffer_3: f32[b t d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 3, d_out.device)
    _check("buffer_1", buffer_1, torch.float32, 3, d_out.device)
    b, t, d = d_out.shape
    if buffer_1.shape != (b, t, d):
        raise ValueError(f"buffer_1: f32[b t d] has shape {buffer_1.shape}, expected {(b, t, d)}")
    buffer_3 = torch.empty((b, t, d), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_3):
        return buffer_3
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    cell_backward_buffer_3_kernel[grid](
        d_out, buffer_1, buffer_3, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2), b,
        t, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_3


@_operator
def _cell_backward_buffer_4(
    gate: torch.Tensor,
    out: torch.Tensor,
    U: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_cell_backward_buffer_4(gate: f32[d], out: f32[b t d], U: f32[b t d], buffer_3: f32[b t d]) -> buffer_4: bf16[b t d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 1, gate.device)
    _check("out", out, torch.float32, 3, gate.device)
    _check("U", U, torch.float32, 3, gate.device)
    _check("buffer_3", buffer_3, torch.float32, 3, gate.device)
    (d,) = gate.shape
    b, t, _ = out.shape
    if out.shape != (b, t, d):
        raise ValueError(f"out: f32[b t d] has shape {out.shape}, expected {(b, t, d)}")
    if U.shape != (b, t, d):
        raise ValueError(f"U: f32[b t d] has shape {U.shape}, expected {(b, t, d)}")
    if buffer_3.shape != (b, t, d):
        raise ValueError(f"buffer_3: f32[b t d] has shape {buffer_3.shape}, expected {(b, t, d)}")
    buffer_4 = torch.empty((b, t, d), dtype=torch.bfloat16, device=gate.device)
    if _is_traced(buffer_4):
        return buffer_4
    BLOCK_D, warps, stages = 1024, 4, 1
    grid = (b * t * triton.cdiv(d, BLOCK_D),)
    cell_backward_buffer_4_kernel[grid](
        gate, out, U, buffer_3, buffer_4, gate.stride(0), out.stride(0), out.stride(1), out.stride(2),
        U.stride(0), U.stride(1), U.stride(2), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
        buffer_4.stride(0), buffer_4.stride(1), buffer_4.stride(2), d, b, t, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_4


@_operator
def _cell_backward_d_gate(
    gate: torch.Tensor,
    out: torch.Tensor,
    U: torch.Tensor,
    buffer_3: torch.Tensor,
) -> torch.Tensor:
    """_cell_backward_d_gate(gate: f32[d], out: f32[b t d], U: f32[b t d], buffer_3: f32[b t d]) -> d_gate: f32[d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 1, gate.device)
    _check("out", out, torch.float32, 3, gate.device)
    _check("U", U, torch.float32, 3, gate.device)
    _check("buffer_3", buffer_3, torch.float32, 3, gate.device)
    (d,) = gate.shape
    b, t, _ = out.shape
    if out.shape != (b, t, d):
        raise ValueError(f"out: f32[b t d] has shape {out.shape}, expected {(b, t, d)}")
    if U.shape != (b, t, d):
        raise ValueError(f"U: f32[b t d] has shape {U.shape}, expected {(b, t, d)}")
    if buffer_3.shape != (b, t, d):
        raise ValueError(f"buffer_3: f32[b t d] has shape {buffer_3.shape}, expected {(b, t, d)}")
    d_gate = torch.empty((d,), dtype=torch.float32, device=gate.device)
    if _is_traced(d_gate):
        return d_gate
    BLOCK_B = max(16, triton.next_power_of_2(b))
    BLOCK_T = max(16, triton.next_power_of_2(t))
    if BLOCK_B * BLOCK_T <= 1024:
        if BLOCK_B * BLOCK_T <= 256:
            BLOCK_D, warps, stages = 8, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (triton.cdiv(d, BLOCK_D),)
        cell_backward_d_gate_rows_kernel[grid](
            gate, out, U, buffer_3, d_gate, gate.stride(0), out.stride(0), out.stride(1), out.stride(2),
            U.stride(0), U.stride(1), U.stride(2), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
            d_gate.stride(0), d, b, t, BLOCK_B=BLOCK_B, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D,
            EXACT_B=b == BLOCK_B, EXACT_T=t == BLOCK_T, num_warps=warps, num_stages=stages,
        )
        return d_gate
    BLOCK_T, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(d, BLOCK_D),)
    cell_backward_d_gate_kernel[grid](
        gate, out, U, buffer_3, d_gate, gate.stride(0), out.stride(0), out.stride(1), out.stride(2),
        U.stride(0), U.stride(1), U.stride(2), buffer_3.stride(0), buffer_3.stride(1), buffer_3.stride(2),
        d_gate.stride(0), d, b, t, BLOCK_T=BLOCK_T, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_gate


@_operator
def _cell_backward_d_X(W: torch.Tensor, buffer_4: torch.Tensor) -> torch.Tensor:
    """_cell_backward_d_X(W: bf16[e d], buffer_4: bf16[b t d]) -> d_X: bf16[b t e]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("buffer_4", buffer_4, torch.bfloat16, 3, W.device)
    e, d = W.shape
    b, t, _ = buffer_4.shape
    if buffer_4.shape != (b, t, d):
        raise ValueError(f"buffer_4: bf16[b t d] has shape {buffer_4.shape}, expected {(b, t, d)}")
    d_X = torch.empty((b, t, e), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_T, BLOCK_E, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(t, BLOCK_T) * triton.cdiv(e, BLOCK_E),)
    cell_backward_d_X_kernel[grid](
        W, buffer_4, d_X, W.stride(0), W.stride(1), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), d_X.stride(0), d_X.stride(1), d_X.stride(2), e, d, b, t, BLOCK_D=BLOCK_D,
        BLOCK_T=BLOCK_T, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _cell_backward_d_W(X: torch.Tensor, buffer_4: torch.Tensor) -> torch.Tensor:
    """_cell_backward_d_W(X: bf16[b t e], buffer_4: bf16[b t d]) -> d_W: bf16[e d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 3, X.device)
    _check("buffer_4", buffer_4, torch.bfloat16, 3, X.device)
    b, t, e = X.shape
    _, _, d = buffer_4.shape
    if buffer_4.shape != (b, t, d):
        raise ValueError(f"buffer_4: bf16[b t d] has shape {buffer_4.shape}, expected {(b, t, d)}")
    d_W = torch.empty((e, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_E, BLOCK_D, BLOCK_T, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(e, BLOCK_E) * triton.cdiv(d, BLOCK_D),)
    cell_backward_d_W_kernel[grid](
        X, buffer_4, d_W, X.stride(0), X.stride(1), X.stride(2), buffer_4.stride(0), buffer_4.stride(1),
        buffer_4.stride(2), d_W.stride(0), d_W.stride(1), b, t, e, d, BLOCK_T=BLOCK_T, BLOCK_E=BLOCK_E,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_W


class _cell_autograd(torch.autograd.Function):
    """cell and its derivative."""

    @staticmethod
    def forward(ctx, X, W, gate):
        U = _cell_forward_U(X, W)
        out = _cell_forward_out(gate, U)
        ctx.save_for_backward(X, W, gate, out, U)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, gate, out, U = ctx.saved_tensors
        buffer_2 = _cell_backward_buffer_2(X, W)
        buffer_0 = _cell_backward_buffer_0(gate, d_out, out, buffer_2)
        buffer_1 = _cell_backward_buffer_1(buffer_0)
        buffer_3 = _cell_backward_buffer_3(d_out, buffer_1)
        buffer_4 = _cell_backward_buffer_4(gate, out, U, buffer_3)
        d_gate = _cell_backward_d_gate(gate, out, U, buffer_3)
        d_X = _cell_backward_d_X(W, buffer_4)
        d_W = _cell_backward_d_W(X, buffer_4)
        return d_X, d_W, d_gate


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def cell(X: torch.Tensor, W: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """cell(X: bf16[b t e], W: bf16[e d], gate: f32[d]) -> out: f32[b t d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, t, e = X.shape
    _, d = W.shape
    if W.shape != (e, d):
        raise ValueError(f"W: bf16[e d] has shape {W.shape}, expected {(e, d)}")
    if gate.shape != (d,):
        raise ValueError(f"gate: f32[d] has shape {gate.shape}, expected {(d,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, gate)):
        return _cell_autograd.apply(X, W, gate)
    U = _cell_U(X, W)
    out = _cell_out(gate, U)
    return out
