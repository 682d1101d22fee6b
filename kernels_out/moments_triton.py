"""Fused kernels for scores, kurtosis, deviation, spread, drift, choice, temperature.

Made by diagc 0.1.0 from moments.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["scores", "kurtosis", "deviation", "spread", "drift", "choice", "temperature"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of moments_jax.py do, on NumPy arrays")
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
    """A function of moments_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by moments_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("moments_jax.py")
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
    """A function that on a CPU is that of moments_jax.py; `params` are the places of what it takes as parameters."""

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
def scores_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        # src[moments.diag:6]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:6]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[moments.diag:7]
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
        (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_d),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def scores_forward_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, out_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        # src[moments.diag:6]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:6]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[moments.diag:7]
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + x_index[None, :] * out_stride_x,
        (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_d),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def scores_backward_d_Q_kernel(
    K_ptr, d_out_ptr, d_Q_ptr, K_stride_x, K_stride_d, d_out_stride_q, d_out_stride_x, d_Q_stride_q,
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + x_index[None, :] * d_out_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[moments.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(d_out_bf16, tl.trans(K), acc_x)
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
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[moments.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(d_out_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[moments.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def scores_backward_d_K_kernel(
    Q_ptr, d_out_ptr, d_K_ptr, Q_stride_q, Q_stride_d, d_out_stride_q, d_out_stride_x, d_K_stride_x,
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
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + x_index[:, None] * d_out_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[moments.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(d_out_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + x_index[:, None] * d_out_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[moments.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(d_out_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[moments.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _scores(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_scores(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    scores_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d, x,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _scores_forward(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_scores_forward(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    scores_forward_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), out.stride(1), q, d, x,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _scores_backward_d_Q(K: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_scores_backward_d_Q(K: bf16[x d], d_out: f32[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("d_out", d_out, torch.float32, 2, K.device)
    x, d = K.shape
    q, _ = d_out.shape
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    scores_backward_d_Q_kernel[grid](
        K, d_out, d_Q, K.stride(0), K.stride(1), d_out.stride(0), d_out.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _scores_backward_d_K(Q: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_scores_backward_d_K(Q: bf16[q d], d_out: f32[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.float32, 2, Q.device)
    q, d = Q.shape
    _, x = d_out.shape
    if d_out.shape != (q, x):
        raise ValueError(f"d_out: f32[q x] has shape {d_out.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    scores_backward_d_K_kernel[grid](
        Q, d_out, d_K, Q.stride(0), Q.stride(1), d_out.stride(0), d_out.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _scores_autograd(torch.autograd.Function):
    """scores and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        out = _scores_forward(Q, K)
        ctx.save_for_backward(Q, K)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K = ctx.saved_tensors
        d_Q = _scores_backward_d_Q(K, d_out)
        d_K = _scores_backward_d_K(Q, d_out)
        return d_Q, d_K


@_anywhere(torch.bfloat16, torch.bfloat16)
def scores(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """scores(Q: bf16[q d], K: bf16[x d]) -> out: f32[q x]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        return _scores_autograd.apply(Q, K)
    out = _scores(Q, K)
    return out


@triton.jit
def kurtosis_kernel(
    Q_ptr, K_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, out_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    sum_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_f32 = tl.cast(size_x, tl.float32)
    recip = 1.0 / tile_f32
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x + BLOCK_X, size_x), tl.float32)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile_sum = tl.sum(dot, 1)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul_q = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul_q) < float("inf"), mul_q, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        sub_q_x = dot - next_centre[:, None]
        mul_q_x = sub_q_x * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x = (acc_x + acc_x_4) + tile_sum_2
        tile_sum_3 = tl.sum(sub_q_x, 1)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        acc_x_5 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_6 = (-4.0 * acc_x_3) + (((6.0 * acc_x) + acc_x_5) * change)
        mul_q_x_2 = ((sub_q_x * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = (acc_x_2 + (acc_x_6 * change)) + tile_sum_4
        acc_x_7 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_8 = acc_x_3 + (((-3.0 * acc_x) + (acc_x_7 * change)) * change)
        mul_q_x_3 = (sub_q_x * sub_q_x) * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_3, 1)
        next_acc_x_3 = acc_x_8 + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        sum_x_2 = next_sum_x_2
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x_2, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x_2 + BLOCK_X, size_x), tl.float32)
        # src[moments.diag:11]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, 0.0)
        tile_sum = tl.sum(tile, 1)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul_q = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul_q) < float("inf"), mul_q, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        sub_q_x = tl.where((x_index < size_x)[None, :], tile - next_centre[:, None], 0.0)
        mul_q_x = sub_q_x * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x = (acc_x + acc_x_4) + tile_sum_2
        tile_sum_3 = tl.sum(sub_q_x, 1)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        acc_x_5 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_6 = (-4.0 * acc_x_3) + (((6.0 * acc_x) + acc_x_5) * change)
        mul_q_x_2 = ((sub_q_x * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = (acc_x_2 + (acc_x_6 * change)) + tile_sum_4
        acc_x_7 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_8 = acc_x_3 + (((-3.0 * acc_x) + (acc_x_7 * change)) * change)
        mul_q_x_3 = (sub_q_x * sub_q_x) * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_3, 1)
        next_acc_x_3 = acc_x_8 + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        sum_x_2 = next_sum_x_2
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:14]
    recip_q = 1.0 / (0.001 + (((rsqrt * rsqrt) * recip) * acc_x))
    tile = ((((rsqrt * rsqrt) * rsqrt) * rsqrt) * recip) * recip_q
    tl.store(out_ptr + q_index * out_stride_q, ((tile * recip_q) * acc_x_2), mask=(q_index < size_q))


@triton.jit
def kurtosis_long_buffer_0_kernel(
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
        # src[moments.diag:11]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:11]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def kurtosis_long_out_rows_kernel(
    buffer_0_ptr, out_ptr, buffer_0_stride_q, buffer_0_stride_x, out_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    sum_ = tl.sum(buffer_0, 0)
    sub_x = tl.where(x_index < size_x, buffer_0 - (recip * sum_), 0.0)
    mul_x = ((sub_x * sub_x) * sub_x) * sub_x
    sum_2 = tl.sum(mul_x, 0)
    mul_x_2 = sub_x * sub_x
    sum_3 = tl.sum(mul_x_2, 0)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:14]
    recip_2 = 1.0 / (0.001 + (((rsqrt * rsqrt) * recip) * sum_3))
    scalar = ((((rsqrt * rsqrt) * rsqrt) * rsqrt) * recip_2) * recip_2
    tl.store(out_ptr + q_index * out_stride_q, ((scalar * sum_2) * recip))


@triton.jit
def kurtosis_long_out_kernel(
    buffer_0_ptr, out_ptr, buffer_0_stride_q, buffer_0_stride_x, out_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    sum_x = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    sum_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast(size_x, tl.float32)
    recip = 1.0 / tile_f32
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x + BLOCK_X, size_x), tl.float32)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        sub_x = buffer_0 - next_centre
        mul_x = sub_x * sub_x
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x + acc_x_4) + tile_sum_2
        tile_sum_3 = tl.sum(sub_x, 0)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        acc_x_5 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_6 = (-4.0 * acc_x_3) + (((6.0 * acc_x) + acc_x_5) * change)
        mul_x_2 = ((sub_x * sub_x) * sub_x) * sub_x
        tile_sum_4 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_2 + (acc_x_6 * change)) + tile_sum_4
        acc_x_7 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_8 = acc_x_3 + (((-3.0 * acc_x) + (acc_x_7 * change)) * change)
        mul_x_3 = (sub_x * sub_x) * sub_x
        tile_sum_5 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = acc_x_8 + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        sum_x_2 = next_sum_x_2
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x_2, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x_2 + BLOCK_X, size_x), tl.float32)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 0)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        sub_x = tl.where(x_index < size_x, buffer_0 - next_centre, 0.0)
        mul_x = sub_x * sub_x
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x + acc_x_4) + tile_sum_2
        tile_sum_3 = tl.sum(sub_x, 0)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        acc_x_5 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_6 = (-4.0 * acc_x_3) + (((6.0 * acc_x) + acc_x_5) * change)
        mul_x_2 = ((sub_x * sub_x) * sub_x) * sub_x
        tile_sum_4 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_2 + (acc_x_6 * change)) + tile_sum_4
        acc_x_7 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_8 = acc_x_3 + (((-3.0 * acc_x) + (acc_x_7 * change)) * change)
        mul_x_3 = (sub_x * sub_x) * sub_x
        tile_sum_5 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = acc_x_8 + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        sum_x_2 = next_sum_x_2
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:14]
    recip_2 = 1.0 / (0.001 + (((rsqrt * rsqrt) * recip) * acc_x))
    scalar = ((((rsqrt * rsqrt) * rsqrt) * rsqrt) * recip_2) * recip_2
    tl.store(out_ptr + q_index * out_stride_q, ((scalar * acc_x_2) * recip))


@triton.jit
def kurtosis_forward_kernel(
    Q_ptr, K_ptr, out_ptr, state_ptr, state___ptr, state_____ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, out_stride_q, state_stride_q, state___stride_q, state_____stride_q, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    sum_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_f32 = tl.cast(size_x, tl.float32)
    recip = 1.0 / tile_f32
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x + BLOCK_X, size_x), tl.float32)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile_sum = tl.sum(dot, 1)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul_q = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul_q) < float("inf"), mul_q, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_5 = (-4.0 * acc_x_2) + (((6.0 * acc_x_3) + acc_x_4) * change)
        sub_q_x = dot - next_centre[:, None]
        mul_q_x = ((sub_q_x * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x = (acc_x + (acc_x_5 * change)) + tile_sum_2
        acc_x_6 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_7 = ((-3.0 * acc_x_3) + (acc_x_6 * change)) * change
        mul_q_x_2 = (sub_q_x * sub_q_x) * sub_q_x
        tile_sum_3 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = (acc_x_2 + acc_x_7) + tile_sum_3
        acc_x_8 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        mul_q_x_3 = sub_q_x * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_3, 1)
        next_acc_x_3 = (acc_x_3 + acc_x_8) + tile_sum_4
        tile_sum_5 = tl.sum(sub_q_x, 1)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        sum_x_2 = next_sum_x_2
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x_2, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x_2 + BLOCK_X, size_x), tl.float32)
        # src[moments.diag:11]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, 0.0)
        tile_sum = tl.sum(tile, 1)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul_q = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul_q) < float("inf"), mul_q, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_5 = (-4.0 * acc_x_2) + (((6.0 * acc_x_3) + acc_x_4) * change)
        sub_q_x = tl.where((x_index < size_x)[None, :], tile - next_centre[:, None], 0.0)
        mul_q_x = ((sub_q_x * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x = (acc_x + (acc_x_5 * change)) + tile_sum_2
        acc_x_6 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_7 = ((-3.0 * acc_x_3) + (acc_x_6 * change)) * change
        mul_q_x_2 = (sub_q_x * sub_q_x) * sub_q_x
        tile_sum_3 = tl.sum(mul_q_x_2, 1)
        next_acc_x_2 = (acc_x_2 + acc_x_7) + tile_sum_3
        acc_x_8 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        mul_q_x_3 = sub_q_x * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_3, 1)
        next_acc_x_3 = (acc_x_3 + acc_x_8) + tile_sum_4
        tile_sum_5 = tl.sum(sub_q_x, 1)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        sum_x_2 = next_sum_x_2
        centre = next_centre
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:14]
    recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * acc_x_3))
    tile = ((((recip * rsqrt) * rsqrt) * rsqrt) * rsqrt) * acc_x
    tl.store(out_ptr + q_index * out_stride_q, ((tile * recip_q) * recip_q), mask=(q_index < size_q))
    tl.store(state_ptr + q_index * state_stride_q, sum_x, mask=(q_index < size_q))
    tl.store(state___ptr + q_index * state___stride_q, acc_x_3, mask=(q_index < size_q))
    tl.store(state_____ptr + q_index * state_____stride_q, acc_x, mask=(q_index < size_q))


@triton.jit
def kurtosis_backward_buffer_0_d_Q_kernel(
    Q_ptr, K_ptr, d_out_ptr, state_ptr, state___ptr, state_____ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, d_out_stride_q, state_stride_q, state___stride_q, state_____stride_q,
    buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_D], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state__))
    state____ = tl.load(state_____ptr + q_index * state_____stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = (((recip * rsqrt) * rsqrt) * state____) * recip_q
    state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_2 = recip * state
    # src[moments.diag:11]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = dot - mul_q_2[:, None]
        sub_q_x_2 = (sub_q_x * sub_q_x) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        mul_q_x = sub_q_x * sub_q_x_2
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_3 = (-1.0 * (recip * sum_x))[None, :] * (where_q_2 - where_q)[:, None]
        mul_q_x_2 = (((rsqrt * rsqrt) * state____) * recip_q)[:, None] * sub_q_x
        mul_q_x_3 = (next_acc_x[:, None] + mul_q_x_2) * recip
        safe_ = tl.where(mul_q_x_3 == float("-inf"), 0.0, mul_q_x_3)
        tile_bf16 = (((sub_q_x * sub_q_x) * sub_q_x) - safe_).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, K, (acc_x_2 + acc_x_3))
        # src[moments.diag:11]
        K_f32 = K.to(tl.float32)
        tile_sum_2 = tl.sum(K_f32, 0)
        next_sum_x = sum_x + tile_sum_2
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:11]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = dot - mul_q_2[:, None]
        sub_q_x_2 = (sub_q_x * sub_q_x) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], sub_q_x_2, 0.0)
        mul_q_x = sub_q_x * sub_q_x_3
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_3 = (-1.0 * (recip * sum_x))[None, :] * (where_q_2 - where_q)[:, None]
        mul_q_x_2 = (((rsqrt * rsqrt) * state____) * recip_q)[:, None] * sub_q_x
        mul_q_x_3 = (next_acc_x[:, None] + mul_q_x_2) * recip
        safe_ = tl.where(mul_q_x_3 == float("-inf"), 0.0, mul_q_x_3)
        sub_q_x_4 = tl.where((x_index < size_x)[None, :], ((sub_q_x * sub_q_x) * sub_q_x) - safe_, 0.0)
        tile_bf16 = sub_q_x_4.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, K, (acc_x_2 + acc_x_3))
        # src[moments.diag:11]
        K_f32 = K.to(tl.float32)
        tile_sum_2 = tl.sum(K_f32, 0)
        next_sum_x = sum_x + tile_sum_2
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        sum_x = next_sum_x
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x, mask=(q_index < size_q))
    d_out = tl.load(d_out_ptr + q_index * d_out_stride_q, mask=(q_index < size_q), other=0.0)
    scalar = ((((recip * 4.0) * rsqrt) * rsqrt) * rsqrt) * rsqrt
    mul_q_d = (((scalar * d_out) * recip_q) * recip_q)[:, None] * acc_x_2
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        mul_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def kurtosis_backward_d_K_kernel(
    Q_ptr, K_ptr, d_out_ptr, state_ptr, state___ptr, state_____ptr, buffer_0_ptr, d_K_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, d_out_stride_q, state_stride_q, state___stride_q, state_____stride_q,
    buffer_0_stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:11]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state__))
        state____ = tl.load(state_____ptr + q_index * state_____stride_q)
        state = tl.load(state_ptr + q_index * state_stride_q)
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        sub_x_q = dot - (recip * state)[None, :]
        mul_x_q = (((rsqrt * rsqrt) * state____) * recip_q)[None, :] * sub_x_q
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        mul_x_q_2 = (buffer_0[None, :] + mul_x_q) * recip
        safe_ = tl.where(mul_x_q_2 == float("-inf"), 0.0, mul_x_q_2)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
        tile = (((sub_x_q * sub_x_q) * sub_x_q) - safe_) * d_out[None, :]
        tile_bf16 = ((tile * recip_q[None, :]) * recip_q[None, :]).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state__))
        state____ = tl.load(state_____ptr + q_index * state_____stride_q, mask=(q_index < size_q), other=0.0)
        state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
        # src[moments.diag:11]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        sub_x_q = dot - (recip * state)[None, :]
        mul_x_q = (((rsqrt * rsqrt) * state____) * recip_q)[None, :] * sub_x_q
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q_2 = (buffer_0[None, :] + mul_x_q) * recip
        safe_ = tl.where(mul_x_q_2 == float("-inf"), 0.0, mul_x_q_2)
        sub_x_q_2 = tl.where((q_index < size_q)[None, :], ((sub_x_q * sub_x_q) * sub_x_q) - safe_, 0.0)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q, mask=(q_index < size_q), other=0.0)
        tile = (sub_x_q_2 * d_out[None, :]) * recip_q[None, :]
        tile_bf16 = (tile * recip_q[None, :]).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    scalar = ((((recip * 4.0) * rsqrt) * rsqrt) * rsqrt) * rsqrt
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (scalar * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def kurtosis_long_forward_state_kernel(
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
        # src[moments.diag:11]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:11]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def kurtosis_long_forward_state__state____state______rows_kernel(
    state_ptr, state__ptr, state____ptr, state______ptr, state_stride_q, state_stride_x, state__stride_q,
    state____stride_q, state______stride_q, size_q, size_x, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    sum_ = tl.sum(state, 0)
    tl.store(state__ptr + q_index * state__stride_q, sum_)
    sub_x = state - ((1.0 / tl.cast(size_x, tl.float32)) * sum_)
    sub_x_2 = tl.where(x_index < size_x, sub_x, 0.0)
    mul_x = sub_x_2 * sub_x_2
    sum_2 = tl.sum(mul_x, 0)
    tl.store(state____ptr + q_index * state____stride_q, sum_2)
    mul_x_2 = ((sub_x_2 * sub_x_2) * sub_x_2) * sub_x_2
    sum_3 = tl.sum(mul_x_2, 0)
    tl.store(state______ptr + q_index * state______stride_q, sum_3)


@triton.jit
def kurtosis_long_forward_state__state____state______kernel(
    state_ptr, state__ptr, state____ptr, state______ptr, state_stride_q, state_stride_x, state__stride_q,
    state____stride_q, state______stride_q, size_q, size_x, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    sum_x = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    sum_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    tile_f32 = tl.cast(size_x, tl.float32)
    recip = 1.0 / tile_f32
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x + BLOCK_X, size_x), tl.float32)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        tile_sum = tl.sum(state, 0)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        sub_x = state - next_centre
        mul_x = sub_x * sub_x
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x + acc_x_4) + tile_sum_2
        tile_sum_3 = tl.sum(sub_x, 0)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        acc_x_5 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_6 = (-4.0 * acc_x_3) + (((6.0 * acc_x) + acc_x_5) * change)
        mul_x_2 = ((sub_x * sub_x) * sub_x) * sub_x
        tile_sum_4 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_2 + (acc_x_6 * change)) + tile_sum_4
        acc_x_7 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_8 = acc_x_3 + (((-3.0 * acc_x) + (acc_x_7 * change)) * change)
        mul_x_3 = (sub_x * sub_x) * sub_x
        tile_sum_5 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = acc_x_8 + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        sum_x_2 = next_sum_x_2
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        before_f32 = tl.cast(first_x_2, tl.float32)
        seen_f32 = tl.cast(tl.minimum(first_x_2 + BLOCK_X, size_x), tl.float32)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        tile_sum = tl.sum(state, 0)
        next_sum_x = sum_x + tile_sum
        where = tl.where(seen_f32 == tile_f32, 1.0, tile_f32 / tl.maximum(seen_f32, 1.0))
        mul = recip * (next_sum_x * where)
        next_centre = tl.where(tl.abs(mul) < float("inf"), mul, 0.0)
        change = next_centre - centre
        acc_x_4 = ((-2.0 * sum_x_2) + (before_f32 * change)) * change
        sub_x = tl.where(x_index < size_x, state - next_centre, 0.0)
        mul_x = sub_x * sub_x
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x + acc_x_4) + tile_sum_2
        tile_sum_3 = tl.sum(sub_x, 0)
        next_sum_x_2 = (sum_x_2 + ((-1.0 * before_f32) * change)) + tile_sum_3
        acc_x_5 = ((-4.0 * sum_x_2) + (before_f32 * change)) * change
        acc_x_6 = (-4.0 * acc_x_3) + (((6.0 * acc_x) + acc_x_5) * change)
        mul_x_2 = ((sub_x * sub_x) * sub_x) * sub_x
        tile_sum_4 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_2 + (acc_x_6 * change)) + tile_sum_4
        acc_x_7 = (3.0 * sum_x_2) + ((-1.0 * before_f32) * change)
        acc_x_8 = acc_x_3 + (((-3.0 * acc_x) + (acc_x_7 * change)) * change)
        mul_x_3 = (sub_x * sub_x) * sub_x
        tile_sum_5 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = acc_x_8 + tile_sum_5
        sum_x = next_sum_x
        acc_x = next_acc_x
        sum_x_2 = next_sum_x_2
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    tl.store(state__ptr + q_index * state__stride_q, sum_x)
    tl.store(state____ptr + q_index * state____stride_q, acc_x)
    tl.store(state______ptr + q_index * state______stride_q, acc_x_2)


@triton.jit
def kurtosis_long_forward_out_kernel(
    state____ptr, state______ptr, out_ptr, state____stride_q, state______stride_q, out_stride_q, size_q,
    size_x, size_d, BLOCK_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    state_____ = tl.load(state______ptr + q_index * state______stride_q, mask=(q_index < size_q), other=0.0)
    state___ = tl.load(state____ptr + q_index * state____stride_q, mask=(q_index < size_q), other=0.0)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:14]
    recip_q = 1.0 / (0.001 + (((rsqrt * rsqrt) * recip) * state___))
    tile = ((((rsqrt * rsqrt) * rsqrt) * rsqrt) * recip) * recip_q
    tl.store(out_ptr + q_index * out_stride_q, ((tile * recip_q) * state_____), mask=(q_index < size_q))


@triton.jit
def kurtosis_long_backward_buffer_0_rows_kernel(
    state_ptr, state__ptr, state____ptr, state______ptr, buffer_0_ptr, state_stride_q, state_stride_x,
    state__stride_q, state____stride_q, state______stride_q, buffer_0_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    mul = recip * state_
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    sub_x = state - tl.where(mul == float("-inf"), 0.0, mul)
    state_____ = tl.load(state______ptr + q_index * state______stride_q)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state___ = tl.load(state____ptr + q_index * state____stride_q)
    recip_2 = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state___))
    mul_2 = (((recip * recip_2) * rsqrt) * rsqrt) * state_____
    sub_x_2 = (sub_x * sub_x) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
    mul_x = tl.where(x_index < size_x, sub_x_2, 0.0) * sub_x
    sum_ = tl.sum(mul_x, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def kurtosis_long_backward_buffer_0_kernel(
    state_ptr, state__ptr, state____ptr, state______ptr, buffer_0_ptr, state_stride_q, state_stride_x,
    state__stride_q, state____stride_q, state______stride_q, buffer_0_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    mul = recip * state_
    state_____ = tl.load(state______ptr + q_index * state______stride_q)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state___ = tl.load(state____ptr + q_index * state____stride_q)
    recip_2 = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state___))
    mul_2 = (((recip * recip_2) * rsqrt) * rsqrt) * state_____
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        sub_x = state - tl.where(mul == float("-inf"), 0.0, mul)
        sub_x_2 = (sub_x * sub_x) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        mul_x = sub_x_2 * sub_x
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        sub_x = state - tl.where(mul == float("-inf"), 0.0, mul)
        sub_x_2 = (sub_x * sub_x) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        mul_x = tl.where(x_index < size_x, sub_x_2, 0.0) * sub_x
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x)


@triton.jit
def kurtosis_long_backward_d_Q_kernel(
    K_ptr, d_out_ptr, state_ptr, state__ptr, state____ptr, state______ptr, buffer_0_ptr, d_Q_ptr, K_stride_x,
    K_stride_d, d_out_stride_q, state_stride_q, state_stride_x, state__stride_q, state____stride_q,
    state______stride_q, buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_x, size_d, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    state_____ = tl.load(state______ptr + q_index * state______stride_q, mask=(q_index < size_q), other=0.0)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state___ = tl.load(state____ptr + q_index * state____stride_q, mask=(q_index < size_q), other=0.0)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state___))
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = recip * state_
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:11]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        sub_q_x = state - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        mul_q_x = (((rsqrt * rsqrt) * recip_q) * state_____)[:, None] * sub_q_x
        mul_q_x_2 = recip * (buffer_0[:, None] + mul_q_x)
        safe_ = tl.where(mul_q_x_2 == float("-inf"), 0.0, mul_q_x_2)
        tile_bf16 = (((sub_q_x * sub_q_x) * sub_q_x) - safe_).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:11]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        sub_q_x = state - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        mul_q_x = (((rsqrt * rsqrt) * recip_q) * state_____)[:, None] * sub_q_x
        mul_q_x_2 = recip * (buffer_0[:, None] + mul_q_x)
        safe_ = tl.where(mul_q_x_2 == float("-inf"), 0.0, mul_q_x_2)
        tile_bf16 = (((sub_q_x * sub_q_x) * sub_q_x) - safe_).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    d_out = tl.load(d_out_ptr + q_index * d_out_stride_q, mask=(q_index < size_q), other=0.0)
    scalar = ((((recip * rsqrt) * rsqrt) * rsqrt) * rsqrt) * 4.0
    mul_q_d = (((scalar * recip_q) * recip_q) * d_out)[:, None] * acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        mul_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def kurtosis_long_backward_d_K_kernel(
    Q_ptr, d_out_ptr, state_ptr, state__ptr, state____ptr, state______ptr, buffer_0_ptr, d_K_ptr, Q_stride_q,
    Q_stride_d, d_out_stride_q, state_stride_q, state_stride_x, state__stride_q, state____stride_q,
    state______stride_q, buffer_0_stride_q, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    recip = 1.0 / tl.cast(size_x, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[moments.diag:11]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q)
        state___ = tl.load(state____ptr + q_index * state____stride_q)
        recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state___))
        tile = (Q.to(tl.float32) * d_out[None, :]) * recip_q[None, :]
        tile_bf16 = (tile * recip_q[None, :]).to(tl.bfloat16)
        state_____ = tl.load(state______ptr + q_index * state______stride_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        mul_q = recip * state_
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        sub_x_q = state - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        mul_x_q = (((rsqrt * rsqrt) * recip_q) * state_____)[None, :] * sub_x_q
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        mul_x_q_2 = recip * (buffer_0[None, :] + mul_x_q)
        safe_ = tl.where(mul_x_q_2 == float("-inf"), 0.0, mul_x_q_2)
        tile_bf16_2 = (((sub_x_q * sub_x_q) * sub_x_q) - safe_).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16_2, tl.trans(tile_bf16), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[moments.diag:11]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q, mask=(q_index < size_q), other=0.0)
        state___ = tl.load(state____ptr + q_index * state____stride_q, mask=(q_index < size_q), other=0.0)
        recip_q = 1.0 / (0.001 + (((recip * rsqrt) * rsqrt) * state___))
        tile = (Q.to(tl.float32) * d_out[None, :]) * recip_q[None, :]
        tile_bf16 = (tile * recip_q[None, :]).to(tl.bfloat16)
        state_____ = tl.load(
            state______ptr + q_index * state______stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = recip * state_
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        sub_x_q = state - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        mul_x_q = (((rsqrt * rsqrt) * recip_q) * state_____)[None, :] * sub_x_q
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q_2 = recip * (buffer_0[None, :] + mul_x_q)
        safe_ = tl.where(mul_x_q_2 == float("-inf"), 0.0, mul_x_q_2)
        tile_bf16_2 = (((sub_x_q * sub_x_q) * sub_x_q) - safe_).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16_2, tl.trans(tile_bf16), acc_q)
        acc_q = next_acc_q
    scalar = ((((recip * rsqrt) * rsqrt) * rsqrt) * rsqrt) * 4.0
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (scalar * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _kurtosis(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_kurtosis(Q: bf16[q d], K: bf16[x d]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
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
    kurtosis_kernel[grid](
        Q, K, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), out.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _kurtosis_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_kurtosis_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    kurtosis_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _kurtosis_long_out(buffer_0: torch.Tensor, d: int) -> torch.Tensor:
    """_kurtosis_long_out(buffer_0: f32[q x]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 2, buffer_0.device)
    q, x = buffer_0.shape
    out = torch.empty((q,), dtype=torch.float32, device=buffer_0.device)
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
        kurtosis_long_out_rows_kernel[grid](
            buffer_0, out, buffer_0.stride(0), buffer_0.stride(1), out.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    kurtosis_long_out_kernel[grid](
        buffer_0, out, buffer_0.stride(0), buffer_0.stride(1), out.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _kurtosis_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_kurtosis_forward(Q: bf16[q d], K: bf16[x d]) -> out: f32[q], state: f32[q], state__: f32[q], state____: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    out = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state__ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state____ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, state, state__, state____
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
    kurtosis_forward_kernel[grid](
        Q, K, out, state, state__, state____, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        out.stride(0), state.stride(0), state__.stride(0), state____.stride(0), q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, state, state__, state____


@_operator
def _kurtosis_backward_buffer_0_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    state____: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_kurtosis_backward_buffer_0_d_Q(Q: bf16[q d], K: bf16[x d], d_out: f32[q], state: f32[q], state__: f32[q], state____: f32[q]) -> buffer_0: f32[q], d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("state__", state__, torch.float32, 1, Q.device)
    _check("state____", state____, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if state____.shape != (q,):
        raise ValueError(f"state____: f32[q] has shape {state____.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, d_Q
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
    kurtosis_backward_buffer_0_d_Q_kernel[grid](
        Q, K, d_out, state, state__, state____, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0),
        K.stride(1), d_out.stride(0), state.stride(0), state__.stride(0), state____.stride(0),
        buffer_0.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0, d_Q


@_operator
def _kurtosis_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    state____: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_kurtosis_backward_d_K(Q: bf16[q d], K: bf16[x d], d_out: f32[q], state: f32[q], state__: f32[q], state____: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("state__", state__, torch.float32, 1, Q.device)
    _check("state____", state____, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if state____.shape != (q,):
        raise ValueError(f"state____: f32[q] has shape {state____.shape}, expected {(q,)}")
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
    kurtosis_backward_d_K_kernel[grid](
        Q, K, d_out, state, state__, state____, buffer_0, d_K, Q.stride(0), Q.stride(1), K.stride(0),
        K.stride(1), d_out.stride(0), state.stride(0), state__.stride(0), state____.stride(0),
        buffer_0.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _kurtosis_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_kurtosis_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    kurtosis_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _kurtosis_long_forward_state__state____state_____(
    state: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_kurtosis_long_forward_state__state____state_____(state: f32[q x]) -> state_: f32[q], state___: f32[q], state_____: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    state_ = torch.empty((q,), dtype=torch.float32, device=state.device)
    state___ = torch.empty((q,), dtype=torch.float32, device=state.device)
    state_____ = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(state_):
        return state_, state___, state_____
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        kurtosis_long_forward_state__state____state______rows_kernel[grid](
            state, state_, state___, state_____, state.stride(0), state.stride(1), state_.stride(0),
            state___.stride(0), state_____.stride(0), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return state_, state___, state_____
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    kurtosis_long_forward_state__state____state______kernel[grid](
        state, state_, state___, state_____, state.stride(0), state.stride(1), state_.stride(0),
        state___.stride(0), state_____.stride(0), q, x, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state_, state___, state_____


@_operator
def _kurtosis_long_forward_out(
    state___: torch.Tensor,
    state_____: torch.Tensor,
    x: int,
    d: int,
) -> torch.Tensor:
    """_kurtosis_long_forward_out(state___: f32[q], state_____: f32[q]) -> out: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state___", state___, torch.float32, 1, state___.device)
    _check("state_____", state_____, torch.float32, 1, state___.device)
    (q,) = state___.shape
    if state_____.shape != (q,):
        raise ValueError(f"state_____: f32[q] has shape {state_____.shape}, expected {(q,)}")
    out = torch.empty((q,), dtype=torch.float32, device=state___.device)
    if _is_traced(out):
        return out
    BLOCK_Q, warps, stages = 1024, 4, 1
    grid = (triton.cdiv(q, BLOCK_Q),)
    kurtosis_long_forward_out_kernel[grid](
        state___, state_____, out, state___.stride(0), state_____.stride(0), out.stride(0), q, x, d,
        BLOCK_Q=BLOCK_Q, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _kurtosis_long_backward_buffer_0(
    state: torch.Tensor,
    state_: torch.Tensor,
    state___: torch.Tensor,
    state_____: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_kurtosis_long_backward_buffer_0(state: f32[q x], state_: f32[q], state___: f32[q], state_____: f32[q]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    _check("state_", state_, torch.float32, 1, state.device)
    _check("state___", state___, torch.float32, 1, state.device)
    _check("state_____", state_____, torch.float32, 1, state.device)
    q, x = state.shape
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state___.shape != (q,):
        raise ValueError(f"state___: f32[q] has shape {state___.shape}, expected {(q,)}")
    if state_____.shape != (q,):
        raise ValueError(f"state_____: f32[q] has shape {state_____.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=state.device)
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
        kurtosis_long_backward_buffer_0_rows_kernel[grid](
            state, state_, state___, state_____, buffer_0, state.stride(0), state.stride(1), state_.stride(0),
            state___.stride(0), state_____.stride(0), buffer_0.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    kurtosis_long_backward_buffer_0_kernel[grid](
        state, state_, state___, state_____, buffer_0, state.stride(0), state.stride(1), state_.stride(0),
        state___.stride(0), state_____.stride(0), buffer_0.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _kurtosis_long_backward_d_Q(
    K: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state___: torch.Tensor,
    state_____: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_kurtosis_long_backward_d_Q(K: bf16[x d], d_out: f32[q], state: f32[q x], state_: f32[q], state___: f32[q], state_____: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("d_out", d_out, torch.float32, 1, K.device)
    _check("state", state, torch.float32, 2, K.device)
    _check("state_", state_, torch.float32, 1, K.device)
    _check("state___", state___, torch.float32, 1, K.device)
    _check("state_____", state_____, torch.float32, 1, K.device)
    _check("buffer_0", buffer_0, torch.float32, 1, K.device)
    x, d = K.shape
    (q,) = d_out.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state___.shape != (q,):
        raise ValueError(f"state___: f32[q] has shape {state___.shape}, expected {(q,)}")
    if state_____.shape != (q,):
        raise ValueError(f"state_____: f32[q] has shape {state_____.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    kurtosis_long_backward_d_Q_kernel[grid](
        K, d_out, state, state_, state___, state_____, buffer_0, d_Q, K.stride(0), K.stride(1),
        d_out.stride(0), state.stride(0), state.stride(1), state_.stride(0), state___.stride(0),
        state_____.stride(0), buffer_0.stride(0), d_Q.stride(0), d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _kurtosis_long_backward_d_K(
    Q: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    state___: torch.Tensor,
    state_____: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_kurtosis_long_backward_d_K(Q: bf16[q d], d_out: f32[q], state: f32[q x], state_: f32[q], state___: f32[q], state_____: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("state___", state___, torch.float32, 1, Q.device)
    _check("state_____", state_____, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    _, x = state.shape
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state___.shape != (q,):
        raise ValueError(f"state___: f32[q] has shape {state___.shape}, expected {(q,)}")
    if state_____.shape != (q,):
        raise ValueError(f"state_____: f32[q] has shape {state_____.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    kurtosis_long_backward_d_K_kernel[grid](
        Q, d_out, state, state_, state___, state_____, buffer_0, d_K, Q.stride(0), Q.stride(1),
        d_out.stride(0), state.stride(0), state.stride(1), state_.stride(0), state___.stride(0),
        state_____.stride(0), buffer_0.stride(0), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


class _kurtosis_autograd(torch.autograd.Function):
    """kurtosis and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        out, state, state__, state____ = _kurtosis_forward(Q, K)
        ctx.save_for_backward(Q, K, state, state__, state____)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, state, state__, state____ = ctx.saved_tensors
        buffer_0, d_Q = _kurtosis_backward_buffer_0_d_Q(Q, K, d_out, state, state__, state____)
        d_K = _kurtosis_backward_d_K(Q, K, d_out, state, state__, state____, buffer_0)
        return d_Q, d_K


class _kurtosis_long_autograd(torch.autograd.Function):
    """kurtosis and its derivative."""

    @staticmethod
    def forward(ctx, Q, K):
        _, d = Q.shape
        x, _ = K.shape
        state = _kurtosis_long_forward_state(Q, K)
        state_, state___, state_____ = _kurtosis_long_forward_state__state____state_____(state)
        out = _kurtosis_long_forward_out(state___, state_____, x, d)
        ctx.save_for_backward(Q, K, state, state_, state___, state_____)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, state, state_, state___, state_____ = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0 = _kurtosis_long_backward_buffer_0(state, state_, state___, state_____, d)
        d_Q = _kurtosis_long_backward_d_Q(K, d_out, state, state_, state___, state_____, buffer_0)
        d_K = _kurtosis_long_backward_d_K(Q, d_out, state, state_, state___, state_____, buffer_0)
        return d_Q, d_K


@_anywhere(torch.bfloat16, torch.bfloat16)
def kurtosis(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> out: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K)):
        if d <= 256 and d <= 256:
            return _kurtosis_autograd.apply(Q, K)
        return _kurtosis_long_autograd.apply(Q, K)
    if d <= 256:
        out = _kurtosis(Q, K)
        return out
    buffer_0 = _kurtosis_long_buffer_0(Q, K)
    out_2 = _kurtosis_long_out(buffer_0, d)
    return out_2


@triton.jit
def deviation_kernel(
    Q_ptr, K_ptr, t_ptr, M_ptr, D_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, t_stride_x, M_stride_q,
    D_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:18]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
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
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = e * t[None, :]
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_q_x = next_centre[:, None] - t[None, :]
        mul_q_x_3 = (e * sub_q_x) * sub_q_x
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_q_x_4 = e * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (1.4426950408889634 * rsqrt) * tile
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = e * t[None, :]
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_q_x = tl.where((x_index < size_x)[None, :], next_centre[:, None] - t[None, :], 0.0)
        mul_q_x_3 = (e * sub_q_x) * sub_q_x
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_q_x_4 = e * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    # src[moments.diag:20]
    tl.store(M_ptr + q_index * M_stride_q, tl.where(gt_q, acc_x * recip_q, 0.0), mask=(q_index < size_q))
    # src[moments.diag:21]
    sqrt_q = tl.sqrt(1.0 + tl.where(gt_q, acc_x_2 * recip_q, 0.0))
    tl.store(D_ptr + q_index * D_stride_q, sqrt_q, mask=(q_index < size_q))


@triton.jit
def deviation_long_buffer_0_kernel(
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
        # src[moments.diag:18]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:18]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[moments.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        (scalar * acc_d),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def deviation_long_M_D_rows_kernel(
    t_ptr, buffer_0_ptr, M_ptr, D_ptr, t_stride_x, buffer_0_stride_q, buffer_0_stride_x, M_stride_q,
    D_stride_q, size_x, size_q, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    recip = 1.0 / sum_
    # src[moments.diag:18]
    t = load_tile(t_ptr + x_index * t_stride_x, (x_index < size_x), 0.0, EXACT_X)
    mul_x = e * t
    sum_2 = tl.sum(mul_x, 0)
    # src[maps.diag:7]
    gt = sum_ > 0.0
    # src[moments.diag:20]
    m = tl.where(gt, sum_2 * recip, 0.0)
    tl.store(M_ptr + q_index * M_stride_q, m)
    sub_x_2 = tl.where(x_index < size_x, m - t, 0.0)
    mul_x_2 = (e * sub_x_2) * sub_x_2
    sum_3 = tl.sum(mul_x_2, 0)
    # src[moments.diag:21]
    tl.store(D_ptr + q_index * D_stride_q, tl.sqrt(1.0 + tl.where(gt, sum_3 * recip, 0.0)))


@triton.jit
def deviation_long_M_D_kernel(
    t_ptr, buffer_0_ptr, M_ptr, D_ptr, t_stride_x, buffer_0_stride_q, buffer_0_stride_x, M_stride_q,
    D_stride_q, size_x, size_q, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_x = e * t
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_x = next_centre - t
        mul_x_2 = (e * sub_x) * sub_x
        tile_sum_3 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_x_3 = e * sub_x
        tile_sum_4 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
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
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_x = e * t
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_x = tl.where(x_index < size_x, next_centre - t, 0.0)
        mul_x_2 = (e * sub_x) * sub_x
        tile_sum_3 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_x_3 = e * sub_x
        tile_sum_4 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    # src[moments.diag:20]
    tl.store(M_ptr + q_index * M_stride_q, tl.where(gt, acc_x * recip, 0.0))
    # src[moments.diag:21]
    sqrt = tl.sqrt(1.0 + tl.where(gt, acc_x_2 * recip, 0.0))
    tl.store(D_ptr + q_index * D_stride_q, sqrt)


@triton.jit
def deviation_forward_kernel(
    Q_ptr, K_ptr, t_ptr, M_ptr, D_ptr, logsum_ptr, state_ptr, z_ptr, state__ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, t_stride_x, M_stride_q, D_stride_q, logsum_stride_q, state_stride_q, z_stride_q,
    state__stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:18]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
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
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = e * t[None, :]
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_q_x = next_centre[:, None] - t[None, :]
        mul_q_x_3 = (sub_q_x * sub_q_x) * e
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_q_x_4 = e * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (1.4426950408889634 * rsqrt) * tile
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = e * t[None, :]
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, next_acc_x * (1.0 / next_z), 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_q_x = tl.where((x_index < size_x)[None, :], next_centre[:, None] - t[None, :], 0.0)
        mul_q_x_3 = (sub_q_x * sub_q_x) * e
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_q_x_4 = e * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    # src[moments.diag:20]
    tl.store(M_ptr + q_index * M_stride_q, tl.where(gt_q, acc_x * recip_q, 0.0), mask=(q_index < size_q))
    # src[moments.diag:21]
    sqrt_q = tl.sqrt(tl.where(gt_q, acc_x_2 * recip_q, 0.0) + 1.0)
    tl.store(D_ptr + q_index * D_stride_q, sqrt_q, mask=(q_index < size_q))
    mul_q = max_x * 0.6931471805599453
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(z) + mul_q), mask=(q_index < size_q))
    tl.store(state_ptr + q_index * state_stride_q, mul_q, mask=(q_index < size_q))
    tl.store(z_ptr + q_index * z_stride_q, z, mask=(q_index < size_q))
    tl.store(state__ptr + q_index * state__stride_q, acc_x, mask=(q_index < size_q))


@triton.jit
def deviation_backward_buffer_0_buffer_1_buffer_2_d_Q_kernel(
    Q_ptr, K_ptr, t_ptr, d_M_ptr, d_D_ptr, M_ptr, logsum_ptr, state_ptr, z_ptr, state__ptr, buffer_0_ptr,
    buffer_1_ptr, buffer_2_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, t_stride_x,
    d_M_stride_q, d_D_stride_q, M_stride_q, logsum_stride_q, state_stride_q, z_stride_q, state__stride_q,
    buffer_0_stride_q, buffer_1_stride_q, buffer_2_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_5 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_6 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_7 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = logsum * 1.4426950408889634
    # src[moments.diag:18]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    M = tl.load(M_ptr + q_index * M_stride_q, mask=(q_index < size_q), other=0.0)
    state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_2 = state * 1.4426950408889634
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    recip_q = 1.0 / z
    d_M = tl.load(d_M_ptr + q_index * d_M_stride_q, mask=(q_index < size_q), other=0.0)
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_3 = state_ * d_M
    d_D = tl.load(d_D_ptr + q_index * d_D_stride_q, mask=(q_index < size_q), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        exp2_q_x = tl.exp2(mul_q_x - mul_q[:, None])
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        tile = tl.where((M == float("-inf"))[:, None], 0.0, t[None, :])
        sub_q_x = M[:, None] - tile
        mul_q_x_2 = sub_q_x * exp2_q_x
        tile_sum = tl.sum(mul_q_x_2, 1)
        next_acc_x = acc_x + tile_sum
        mul_q_x_3 = (sub_q_x * sub_q_x) * exp2_q_x
        tile_sum_2 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        rsqrt_q = tl.rsqrt(next_acc_x_2 + 1.0)
        next_centre = tl.where(tl.abs(rsqrt_q) < float("inf"), rsqrt_q, 0.0)
        exp2_q_x_2 = tl.exp2(mul_q_x - mul_q_2[:, None])
        mul_q_x_4 = (sub_q_x * sub_q_x) * exp2_q_x_2
        tile_sum_3 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = acc_x_3 + tile_sum_3
        tile_2 = (((0.5 * d_D) * next_acc_x_3) * next_centre) + (((d_D * state_) * next_acc_x) * next_centre)
        mul_q_4 = (tile_2 + mul_q_3) * recip_q
        next_centre_2 = tl.where(tl.abs(mul_q_4) < float("inf"), mul_q_4, 0.0)
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        change = where_q_2 - where_q
        change_2 = next_centre - centre
        mul_q_d = d_D[:, None] * acc_x_5
        acc_x_8 = ((d_D * centre)[:, None] * acc_x_5) + (mul_q_d * change_2[:, None])
        acc_x_9 = (-1.0 * acc_x_7) * (next_centre_2 - centre_2)[:, None]
        acc_x_10 = (acc_x_4 + acc_x_9) + (acc_x_6 * change_2[:, None])
        mul_q_x_5 = (((0.5 * d_D) * next_centre)[:, None] * sub_q_x) * sub_q_x
        mul_q_x_6 = ((d_D * next_acc_x)[:, None] * t[None, :]) * next_centre[:, None]
        add_q_x = (mul_q_x_6 + mul_q_x_5) + (d_M[:, None] * t[None, :])
        safe_next_centre = tl.where(next_centre_2 == float("-inf"), 0.0, next_centre_2)
        tile_3 = (add_q_x - safe_next_centre[:, None]) * exp2_q_x_2
        tile_bf16 = tile_3.to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16, K, (acc_x_10 + (acc_x_8 * change[:, None])))
        tile_bf16_2 = (K.to(tl.float32) * t[:, None]).to(tl.bfloat16)
        tile_bf16_3 = exp2_q_x_2.to(tl.bfloat16)
        next_acc_x_5 = tl.dot(tile_bf16_3, tile_bf16_2, acc_x_5)
        add_q_x_2 = ((d_D * next_acc_x)[:, None] * t[None, :]) + (((0.5 * d_D)[:, None] * sub_q_x) * sub_q_x)
        tile_bf16_4 = (exp2_q_x_2 * add_q_x_2).to(tl.bfloat16)
        next_acc_x_6 = tl.dot(tile_bf16_4, K, (acc_x_6 + (mul_q_d * change[:, None])))
        next_acc_x_7 = tl.dot(tile_bf16_3, K, acc_x_7)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:18]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        exp2_q_x = tl.exp2(mul_q_x - mul_q[:, None])
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        tile = tl.where((M == float("-inf"))[:, None], 0.0, t[None, :])
        sub_q_x = tl.where((x_index < size_x)[None, :], M[:, None] - tile, 0.0)
        mul_q_x_2 = sub_q_x * exp2_q_x
        tile_sum = tl.sum(mul_q_x_2, 1)
        next_acc_x = acc_x + tile_sum
        mul_q_x_3 = (sub_q_x * sub_q_x) * exp2_q_x
        tile_sum_2 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        rsqrt_q = tl.rsqrt(next_acc_x_2 + 1.0)
        next_centre = tl.where(tl.abs(rsqrt_q) < float("inf"), rsqrt_q, 0.0)
        exp2_q_x_2 = tl.exp2(mul_q_x - mul_q_2[:, None])
        mul_q_x_4 = (sub_q_x * sub_q_x) * exp2_q_x_2
        tile_sum_3 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = acc_x_3 + tile_sum_3
        tile_2 = (((0.5 * d_D) * next_acc_x_3) * next_centre) + (((d_D * state_) * next_acc_x) * next_centre)
        mul_q_4 = (tile_2 + mul_q_3) * recip_q
        next_centre_2 = tl.where(tl.abs(mul_q_4) < float("inf"), mul_q_4, 0.0)
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        change = where_q_2 - where_q
        change_2 = next_centre - centre
        mul_q_d = d_D[:, None] * acc_x_5
        acc_x_8 = ((d_D * centre)[:, None] * acc_x_5) + (mul_q_d * change_2[:, None])
        acc_x_9 = (-1.0 * acc_x_7) * (next_centre_2 - centre_2)[:, None]
        acc_x_10 = (acc_x_4 + acc_x_9) + (acc_x_6 * change_2[:, None])
        mul_q_x_5 = (((0.5 * d_D) * next_centre)[:, None] * sub_q_x) * sub_q_x
        mul_q_x_6 = ((d_D * next_acc_x)[:, None] * t[None, :]) * next_centre[:, None]
        add_q_x = (mul_q_x_6 + mul_q_x_5) + (d_M[:, None] * t[None, :])
        safe_next_centre = tl.where(next_centre_2 == float("-inf"), 0.0, next_centre_2)
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], add_q_x - safe_next_centre[:, None], 0.0)
        tile_bf16 = (sub_q_x_2 * exp2_q_x_2).to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16, K, (acc_x_10 + (acc_x_8 * change[:, None])))
        tile_bf16_2 = (K.to(tl.float32) * t[:, None]).to(tl.bfloat16)
        tile_bf16_3 = exp2_q_x_2.to(tl.bfloat16)
        next_acc_x_5 = tl.dot(tile_bf16_3, tile_bf16_2, acc_x_5)
        add_q_x_2 = ((d_D * next_acc_x)[:, None] * t[None, :]) + (((0.5 * d_D)[:, None] * sub_q_x) * sub_q_x)
        add_q_x_3 = tl.where((x_index < size_x)[None, :], add_q_x_2, 0.0)
        tile_bf16_4 = (exp2_q_x_2 * add_q_x_3).to(tl.bfloat16)
        next_acc_x_6 = tl.dot(tile_bf16_4, K, (acc_x_6 + (mul_q_d * change[:, None])))
        next_acc_x_7 = tl.dot(tile_bf16_3, K, acc_x_7)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x, mask=(q_index < size_q))
    rsqrt_q = tl.rsqrt(acc_x_2 + 1.0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, rsqrt_q, mask=(q_index < size_q))
    tile = (((0.5 * d_D) * acc_x_3) * rsqrt_q) + (((d_D * state_) * acc_x) * rsqrt_q)
    tl.store(
        buffer_2_ptr + q_index * buffer_2_stride_q,
        ((tile + mul_q_3) * recip_q),
        mask=(q_index < size_q),
    )
    # src[maps.diag:7]
    where_q_d = tl.where((z > 0.0)[:, None], (rsqrt * recip_q)[:, None] * acc_x_4, 0.0)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def deviation_backward_d_K_d_t_kernel(
    Q_ptr, K_ptr, t_ptr, d_M_ptr, d_D_ptr, M_ptr, logsum_ptr, state_ptr, z_ptr, buffer_0_ptr, buffer_1_ptr,
    buffer_2_ptr, d_K_ptr, d_t_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, t_stride_x, d_M_stride_q,
    d_D_stride_q, M_stride_q, logsum_stride_q, state_stride_q, z_stride_q, buffer_0_stride_q,
    buffer_1_stride_q, buffer_2_stride_q, d_K_stride_x, d_K_stride_d, d_t_stride_x, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    sum_q = tl.full([BLOCK_X], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X], 0.0, tl.float32)
    # src[moments.diag:18]
    t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q)
        d_M = tl.load(d_M_ptr + q_index * d_M_stride_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        M = tl.load(M_ptr + q_index * M_stride_q)
        tile = tl.where((M == float("-inf"))[None, :], 0.0, t[:, None])
        sub_x_q = M[None, :] - tile
        d_D = tl.load(d_D_ptr + q_index * d_D_stride_q)
        mul_x_q = (((0.5 * d_D) * buffer_1)[None, :] * sub_x_q) * sub_x_q
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        mul_x_q_2 = ((d_D * buffer_0)[None, :] * t[:, None]) * buffer_1[None, :]
        add_x_q = (mul_x_q_2 + mul_x_q) + (d_M[None, :] * t[:, None])
        safe_buffer_2 = tl.where(buffer_2 == float("-inf"), 0.0, buffer_2)
        state = tl.load(state_ptr + q_index * state_stride_q)
        # src[moments.diag:18]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        mul_x_q_3 = (1.4426950408889634 * rsqrt) * dot
        sub_x_q_2 = mul_x_q_3 - (state * 1.4426950408889634)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_2)
        z = tl.load(z_ptr + q_index * z_stride_q)
        # src[maps.diag:7]
        gt_q = z > 0.0
        recip_q = 1.0 / z
        tile_2 = (add_x_q - safe_buffer_2[None, :]) * tl.where(gt_q[None, :], exp2_x_q, 0.0)
        tile_bf16 = (tile_2 * recip_q[None, :]).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_3 = (d_M + ((d_D * buffer_0) * buffer_1)) * recip_q
        where_x_q = tl.where(gt_q[None, :], tile_3[None, :] * exp2_x_q, 0.0)
        tile_sum = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        sub_x_q_3 = mul_x_q_3 - (logsum * 1.4426950408889634)[None, :]
        mul_x_q_4 = (d_D * buffer_1)[None, :] * (sub_x_q * tl.exp2(sub_x_q_3))
        tile_sum_2 = tl.sum(mul_x_q_4, 1)
        next_acc_q_2 = acc_q_2 + tile_sum_2
        acc_q = next_acc_q
        sum_q = next_sum_q
        acc_q_2 = next_acc_q_2
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q, mask=(q_index < size_q), other=0.0)
        d_M = tl.load(d_M_ptr + q_index * d_M_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        M = tl.load(M_ptr + q_index * M_stride_q, mask=(q_index < size_q), other=0.0)
        tile = tl.where((M == float("-inf"))[None, :], 0.0, t[:, None])
        sub_x_q = M[None, :] - tile
        d_D = tl.load(d_D_ptr + q_index * d_D_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q = (((0.5 * d_D) * buffer_1)[None, :] * sub_x_q) * sub_x_q
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q_2 = ((d_D * buffer_0)[None, :] * t[:, None]) * buffer_1[None, :]
        add_x_q = (mul_x_q_2 + mul_x_q) + (d_M[None, :] * t[:, None])
        safe_buffer_2 = tl.where(buffer_2 == float("-inf"), 0.0, buffer_2)
        state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
        # src[moments.diag:18]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        mul_x_q_3 = (1.4426950408889634 * rsqrt) * dot
        sub_x_q_2 = mul_x_q_3 - (state * 1.4426950408889634)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_2)
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        # src[maps.diag:7]
        gt_q = z > 0.0
        recip_q = tl.where(q_index < size_q, 1.0 / z, 0.0)
        tile_2 = (add_x_q - safe_buffer_2[None, :]) * tl.where(gt_q[None, :], exp2_x_q, 0.0)
        tile_bf16 = (tile_2 * recip_q[None, :]).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_3 = (d_M + ((d_D * buffer_0) * buffer_1)) * recip_q
        where_x_q = tl.where(gt_q[None, :], tile_3[None, :] * exp2_x_q, 0.0)
        tile_sum = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        sub_x_q_3 = mul_x_q_3 - (logsum * 1.4426950408889634)[None, :]
        mul_x_q_4 = (d_D * buffer_1)[None, :] * (sub_x_q * tl.exp2(sub_x_q_3))
        tile_sum_2 = tl.sum(mul_x_q_4, 1)
        next_acc_q_2 = acc_q_2 + tile_sum_2
        acc_q = next_acc_q
        sum_q = next_sum_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(d_t_ptr + x_index * d_t_stride_x, (sum_q - acc_q_2), mask=(x_index < size_x))


@triton.jit
def deviation_long_forward_state_kernel(
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
        # src[moments.diag:18]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:18]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def deviation_long_forward_M_D_logsum_state__z_state___rows_kernel(
    t_ptr, state_ptr, M_ptr, D_ptr, logsum_ptr, state__ptr, z_ptr, state___ptr, t_stride_x, state_stride_q,
    state_stride_x, M_stride_q, D_stride_q, logsum_stride_q, state__stride_q, z_stride_q, state___stride_q,
    size_x, size_q, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[moments.diag:18]
    t = load_tile(t_ptr + x_index * t_stride_x, (x_index < size_x), 0.0, EXACT_X)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[moments.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    mul_x = scalar * state
    max_ = tl.max(mul_x, 0)
    sub_x = mul_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    mul_x_2 = e * t
    sum_ = tl.sum(mul_x_2, 0)
    # src[maps.diag:6]
    sum_2 = tl.sum(e, 0)
    recip = 1.0 / sum_2
    # src[maps.diag:7]
    gt = sum_2 > 0.0
    # src[moments.diag:20]
    m = tl.where(gt, recip * sum_, 0.0)
    tl.store(M_ptr + q_index * M_stride_q, m)
    sub_x_2 = tl.where(x_index < size_x, m - t, 0.0)
    mul_x_3 = (sub_x_2 * sub_x_2) * e
    sum_3 = tl.sum(mul_x_3, 0)
    # src[moments.diag:21]
    tl.store(D_ptr + q_index * D_stride_q, tl.sqrt(1.0 + tl.where(gt, sum_3 * recip, 0.0)))
    mul = 0.6931471805599453 * max_
    tl.store(logsum_ptr + q_index * logsum_stride_q, (mul + tl.log(sum_2)))
    tl.store(state__ptr + q_index * state__stride_q, mul)
    tl.store(z_ptr + q_index * z_stride_q, sum_2)
    tl.store(state___ptr + q_index * state___stride_q, sum_)


@triton.jit
def deviation_long_forward_M_D_logsum_state__z_state___kernel(
    t_ptr, state_ptr, M_ptr, D_ptr, logsum_ptr, state__ptr, z_ptr, state___ptr, t_stride_x, state_stride_q,
    state_stride_x, M_stride_q, D_stride_q, logsum_stride_q, state__stride_q, z_stride_q, state___stride_q,
    size_x, size_q, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (rsqrt * 1.4426950408889634) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_x_2 = e * t
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, (1.0 / next_z) * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_x = next_centre - t
        mul_x_3 = (sub_x * sub_x) * e
        tile_sum_3 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_x_4 = e * sub_x
        tile_sum_4 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        mul_x = (rsqrt * 1.4426950408889634) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_x_2 = e * t
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        # src[maps.diag:7]
        # src[moments.diag:20]
        m = tl.where(next_z > 0.0, (1.0 / next_z) * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        acc_x_4 = acc_x_2 + (((2.0 * acc_x_3) + (z * change)) * change)
        sub_x = tl.where(x_index < size_x, next_centre - t, 0.0)
        mul_x_3 = (sub_x * sub_x) * e
        tile_sum_3 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = (acc_x_4 * scale) + tile_sum_3
        mul_x_4 = e * sub_x
        tile_sum_4 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = ((acc_x_3 + (z * change)) * scale) + tile_sum_4
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        centre = next_centre
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    # src[moments.diag:20]
    tl.store(M_ptr + q_index * M_stride_q, tl.where(gt, recip * acc_x, 0.0))
    # src[moments.diag:21]
    sqrt = tl.sqrt(1.0 + tl.where(gt, acc_x_2 * recip, 0.0))
    tl.store(D_ptr + q_index * D_stride_q, sqrt)
    mul = 0.6931471805599453 * max_x
    tl.store(logsum_ptr + q_index * logsum_stride_q, (mul + tl.log(z)))
    tl.store(state__ptr + q_index * state__stride_q, mul)
    tl.store(z_ptr + q_index * z_stride_q, z)
    tl.store(state___ptr + q_index * state___stride_q, acc_x)


@triton.jit
def deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3_rows_kernel(
    t_ptr, d_M_ptr, d_D_ptr, M_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, state___ptr, buffer_0_ptr,
    buffer_1_ptr, buffer_2_ptr, buffer_3_ptr, t_stride_x, d_M_stride_q, d_D_stride_q, M_stride_q,
    logsum_stride_q, state_stride_q, state_stride_x, state__stride_q, z_stride_q, state___stride_q,
    buffer_0_stride_q, buffer_1_stride_q, buffer_2_stride_q, buffer_2_stride_x, buffer_3_stride_q,
    buffer_3_stride_x, size_x, size_q, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    mul_x = scalar * state
    sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
    exp2_x = tl.exp2(sub_x)
    # src[moments.diag:18]
    t = load_tile(t_ptr + x_index * t_stride_x, (x_index < size_x), 0.0, EXACT_X)
    M = tl.load(M_ptr + q_index * M_stride_q)
    sub_x_2 = M - tl.where(M == float("-inf"), 0.0, t)
    mul_x_2 = sub_x_2 * exp2_x
    sum_ = tl.sum(mul_x_2, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)
    mul_x_3 = (sub_x_2 * sub_x_2) * exp2_x
    sum_2 = tl.sum(mul_x_3, 0)
    rsqrt = tl.rsqrt(sum_2 + 1.0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, rsqrt)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    mul_2 = 1.4426950408889634 * state_
    sub_x_3 = mul_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
    exp2_x_2 = tl.exp2(sub_x_3)
    z = tl.load(z_ptr + q_index * z_stride_q)
    recip = 1.0 / z
    d_M = tl.load(d_M_ptr + q_index * d_M_stride_q)
    state__ = tl.load(state___ptr + q_index * state___stride_q)
    d_D = tl.load(d_D_ptr + q_index * d_D_stride_q)
    mul_x_4 = (sub_x_2 * sub_x_2) * exp2_x_2
    sum_3 = tl.sum(mul_x_4, 0)
    scalar_2 = (((sum_3 * d_D) * 0.5) * rsqrt) + (((d_D * state__) * sum_) * rsqrt)
    mul_3 = (scalar_2 + (state__ * d_M)) * recip
    tile = (((d_D * sum_) * rsqrt) * t) + ((((d_D * 0.5) * rsqrt) * sub_x_2) * sub_x_2)
    sub_x_4 = (tile + (d_M * t)) - tl.where(mul_3 == float("-inf"), 0.0, mul_3)
    tl.store(
        buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
        (sub_x_4 * exp2_x_2).to(tl.bfloat16),
        mask=(x_index < size_x),
    )
    # src[maps.diag:7]
    mul_x_5 = (tl.where(z > 0.0, recip, 0.0) * sub_x_4) * exp2_x_2
    tl.store(
        buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
        mul_x_5.to(tl.bfloat16),
        mask=(x_index < size_x),
    )


@triton.jit
def deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3_kernel(
    t_ptr, d_M_ptr, d_D_ptr, M_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, state___ptr, buffer_0_ptr,
    buffer_1_ptr, buffer_2_ptr, buffer_3_ptr, t_stride_x, d_M_stride_q, d_D_stride_q, M_stride_q,
    logsum_stride_q, state_stride_q, state_stride_x, state__stride_q, z_stride_q, state___stride_q,
    buffer_0_stride_q, buffer_1_stride_q, buffer_2_stride_q, buffer_2_stride_x, buffer_3_stride_q,
    buffer_3_stride_x, size_x, size_q, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    M = tl.load(M_ptr + q_index * M_stride_q)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    mul_2 = 1.4426950408889634 * state_
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (rsqrt * 1.4426950408889634) * state
        sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        sub_x_2 = M - tl.where(M == float("-inf"), 0.0, t)
        mul_x_2 = sub_x_2 * exp2_x
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        mul_x_3 = (sub_x_2 * sub_x_2) * exp2_x
        tile_sum_2 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        sub_x_3 = mul_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        mul_x_4 = (sub_x_2 * sub_x_2) * tl.exp2(sub_x_3)
        tile_sum_3 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = acc_x_3 + tile_sum_3
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        mul_x = (rsqrt * 1.4426950408889634) * state
        sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        sub_x_2 = M - tl.where(M == float("-inf"), 0.0, t)
        mul_x_2 = sub_x_2 * exp2_x
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        mul_x_3 = (sub_x_2 * sub_x_2) * exp2_x
        tile_sum_2 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        sub_x_3 = mul_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        mul_x_4 = (sub_x_2 * sub_x_2) * tl.exp2(sub_x_3)
        tile_sum_3 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = acc_x_3 + tile_sum_3
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x)
    rsqrt_2 = tl.rsqrt(acc_x_2 + 1.0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, rsqrt_2)
    z = tl.load(z_ptr + q_index * z_stride_q)
    recip = 1.0 / z
    d_M = tl.load(d_M_ptr + q_index * d_M_stride_q)
    state__ = tl.load(state___ptr + q_index * state___stride_q)
    d_D = tl.load(d_D_ptr + q_index * d_D_stride_q)
    scalar = (((acc_x_3 * d_D) * 0.5) * rsqrt_2) + (((d_D * state__) * acc_x) * rsqrt_2)
    mul_3 = (scalar + (state__ * d_M)) * recip
    # src[maps.diag:7]
    where = tl.where(z > 0.0, recip, 0.0)
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        sub_x = ((rsqrt * 1.4426950408889634) * state) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x)
        sub_x_2 = M - tl.where(M == float("-inf"), 0.0, t)
        tile = (((d_D * acc_x) * rsqrt_2) * t) + ((((d_D * 0.5) * rsqrt_2) * sub_x_2) * sub_x_2)
        sub_x_3 = (tile + (d_M * t)) - tl.where(mul_3 == float("-inf"), 0.0, mul_3)
        tl.store(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            (sub_x_3 * exp2_x).to(tl.bfloat16),
        )
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            ((where * sub_x_3) * exp2_x).to(tl.bfloat16),
        )
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        sub_x = ((rsqrt * 1.4426950408889634) * state) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:18]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        sub_x_2 = M - tl.where(M == float("-inf"), 0.0, t)
        tile = (((d_D * acc_x) * rsqrt_2) * t) + ((((d_D * 0.5) * rsqrt_2) * sub_x_2) * sub_x_2)
        sub_x_3 = (tile + (d_M * t)) - tl.where(mul_3 == float("-inf"), 0.0, mul_3)
        tl.store(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            (sub_x_3 * exp2_x).to(tl.bfloat16),
            mask=(x_index < size_x),
        )
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            ((where * sub_x_3) * exp2_x).to(tl.bfloat16),
            mask=(x_index < size_x),
        )


@triton.jit
def deviation_long_backward_d_Q_kernel(
    K_ptr, z_ptr, buffer_2_ptr, d_Q_ptr, K_stride_x, K_stride_d, z_stride_q, buffer_2_stride_q,
    buffer_2_stride_x, d_Q_stride_q, d_Q_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
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
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[:, None] * buffer_2_stride_q + x_index[None, :] * buffer_2_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[moments.diag:18]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_2, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[:, None] * buffer_2_stride_q + x_index[None, :] * buffer_2_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[moments.diag:18]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_2, tl.trans(K), acc_x)
        acc_x = next_acc_x
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    # src[moments.diag:7]
    tile = tl.rsqrt(tl.cast(size_d, tl.float32)) * (1.0 / z)
    # src[maps.diag:7]
    where_q_d = tl.where((z > 0.0)[:, None], tile[:, None] * acc_x, 0.0)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def deviation_long_backward_d_K_kernel(
    Q_ptr, buffer_3_ptr, d_K_ptr, Q_stride_q, Q_stride_d, buffer_3_stride_q, buffer_3_stride_x, d_K_stride_x,
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
        buffer_3 = tl.load(
            buffer_3_ptr + q_index[None, :] * buffer_3_stride_q + x_index[:, None] * buffer_3_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[moments.diag:18]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_3, tl.trans(Q), acc_q)
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
        # src[moments.diag:18]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_3, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[moments.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def deviation_long_backward_d_t_rows_kernel(
    t_ptr, d_M_ptr, d_D_ptr, M_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, buffer_0_ptr, buffer_1_ptr,
    d_t_ptr, t_stride_x, d_M_stride_q, d_D_stride_q, M_stride_q, logsum_stride_q, state_stride_q,
    state_stride_x, state__stride_q, z_stride_q, buffer_0_stride_q, buffer_1_stride_q, d_t_stride_x, size_x,
    size_q, size_d, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    q_index = tl.arange(0, BLOCK_Q)
    buffer_1 = load_tile(buffer_1_ptr + q_index * buffer_1_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    logsum = load_tile(logsum_ptr + q_index * logsum_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    state = tl.load(
        state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
        mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
        other=0.0,
    )
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    mul_x_q = scalar * state
    sub_x_q = mul_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
    # src[moments.diag:18]
    t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
    M = load_tile(M_ptr + q_index * M_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    tile = tl.where((M == float("-inf"))[None, :], 0.0, t[:, None])
    d_D = load_tile(d_D_ptr + q_index * d_D_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_x_q_2 = (d_D * buffer_1)[None, :] * ((M[None, :] - tile) * tl.exp2(sub_x_q))
    sum_ = tl.sum(mul_x_q_2, 1)
    state_ = load_tile(state__ptr + q_index * state__stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q_2 = 1.4426950408889634 * state_
    sub_x_q_2 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
    z = load_tile(z_ptr + q_index * z_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    d_M = load_tile(d_M_ptr + q_index * d_M_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    buffer_0 = load_tile(buffer_0_ptr + q_index * buffer_0_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    tile_2 = (((d_D * buffer_0) * buffer_1) + d_M) * tl.where(q_index < size_q, 1.0 / z, 0.0)
    # src[maps.diag:7]
    where_x_q = tl.where((z > 0.0)[None, :], tile_2[None, :] * tl.exp2(sub_x_q_2), 0.0)
    sum_2 = tl.sum(where_x_q, 1)
    tl.store(d_t_ptr + x_index * d_t_stride_x, (sum_2 - sum_), mask=(x_index < size_x))


@triton.jit
def deviation_long_backward_d_t_kernel(
    t_ptr, d_M_ptr, d_D_ptr, M_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, buffer_0_ptr, buffer_1_ptr,
    d_t_ptr, t_stride_x, d_M_stride_q, d_D_stride_q, M_stride_q, logsum_stride_q, state_stride_q,
    state_stride_x, state__stride_q, z_stride_q, buffer_0_stride_q, buffer_1_stride_q, d_t_stride_x, size_x,
    size_q, size_d, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    sum_q = tl.full([BLOCK_X], 0.0, tl.float32)
    acc_q = tl.full([BLOCK_X], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:18]
    t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        mul_q = 1.4426950408889634 * state_
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        mul_x_q = (rsqrt * 1.4426950408889634) * state
        sub_x_q = mul_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        z = tl.load(z_ptr + q_index * z_stride_q)
        d_M = tl.load(d_M_ptr + q_index * d_M_stride_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_D = tl.load(d_D_ptr + q_index * d_D_stride_q)
        tile = (((d_D * buffer_0) * buffer_1) + d_M) * (1.0 / z)
        # src[maps.diag:7]
        where_x_q = tl.where((z > 0.0)[None, :], tile[None, :] * tl.exp2(sub_x_q), 0.0)
        tile_sum = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        mul_q_2 = 1.4426950408889634 * logsum
        sub_x_q_2 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        M = tl.load(M_ptr + q_index * M_stride_q)
        tile_2 = tl.where((M == float("-inf"))[None, :], 0.0, t[:, None])
        mul_x_q_2 = (d_D * buffer_1)[None, :] * ((M[None, :] - tile_2) * tl.exp2(sub_x_q_2))
        tile_sum_2 = tl.sum(mul_x_q_2, 1)
        next_acc_q = acc_q + tile_sum_2
        sum_q = next_sum_q
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * state_
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        mul_x_q = (rsqrt * 1.4426950408889634) * state
        sub_x_q = mul_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        d_M = tl.load(d_M_ptr + q_index * d_M_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_D = tl.load(d_D_ptr + q_index * d_D_stride_q, mask=(q_index < size_q), other=0.0)
        tile = (((d_D * buffer_0) * buffer_1) + d_M) * tl.where(q_index < size_q, 1.0 / z, 0.0)
        # src[maps.diag:7]
        where_x_q = tl.where((z > 0.0)[None, :], tile[None, :] * tl.exp2(sub_x_q), 0.0)
        tile_sum = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q_2 = 1.4426950408889634 * logsum
        sub_x_q_2 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        M = tl.load(M_ptr + q_index * M_stride_q, mask=(q_index < size_q), other=0.0)
        tile_2 = tl.where((M == float("-inf"))[None, :], 0.0, t[:, None])
        mul_x_q_2 = (d_D * buffer_1)[None, :] * ((M[None, :] - tile_2) * tl.exp2(sub_x_q_2))
        tile_sum_2 = tl.sum(mul_x_q_2, 1)
        next_acc_q = acc_q + tile_sum_2
        sum_q = next_sum_q
        acc_q = next_acc_q
    tl.store(d_t_ptr + x_index * d_t_stride_x, (sum_q - acc_q), mask=(x_index < size_x))


@_operator
def _deviation(Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> M: f32[q], D: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    M = torch.empty((q,), dtype=torch.float32, device=Q.device)
    D = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(M):
        return M, D
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
    deviation_kernel[grid](
        Q, K, t, M, D, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), t.stride(0), M.stride(0),
        D.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return M, D


@_operator
def _deviation_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_deviation_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    deviation_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _deviation_long_M_D(t: torch.Tensor, buffer_0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_deviation_long_M_D(t: f32[x], buffer_0: f32[q x]) -> M: f32[q], D: f32[q]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("buffer_0", buffer_0, torch.float32, 2, t.device)
    (x,) = t.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    M = torch.empty((q,), dtype=torch.float32, device=t.device)
    D = torch.empty((q,), dtype=torch.float32, device=t.device)
    if _is_traced(M):
        return M, D
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        deviation_long_M_D_rows_kernel[grid](
            t, buffer_0, M, D, t.stride(0), buffer_0.stride(0), buffer_0.stride(1), M.stride(0), D.stride(0),
            x, q, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return M, D
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    deviation_long_M_D_kernel[grid](
        t, buffer_0, M, D, t.stride(0), buffer_0.stride(0), buffer_0.stride(1), M.stride(0), D.stride(0), x,
        q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return M, D


@_operator
def _deviation_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    t: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_deviation_forward(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> M: f32[q], D: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    M = torch.empty((q,), dtype=torch.float32, device=Q.device)
    D = torch.empty((q,), dtype=torch.float32, device=Q.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state = torch.empty((q,), dtype=torch.float32, device=Q.device)
    z = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(M):
        return M, D, logsum, state, z, state_
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
    deviation_forward_kernel[grid](
        Q, K, t, M, D, logsum, state, z, state_, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        t.stride(0), M.stride(0), D.stride(0), logsum.stride(0), state.stride(0), z.stride(0),
        state_.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return M, D, logsum, state, z, state_


@_operator
def _deviation_backward_buffer_0_buffer_1_buffer_2_d_Q(
    Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor, d_M: torch.Tensor, d_D: torch.Tensor, M: torch.Tensor,
    logsum: torch.Tensor, state: torch.Tensor, z: torch.Tensor, state_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_deviation_backward_buffer_0_buffer_1_buffer_2_d_Q(Q: bf16[q d], K: bf16[x d], t: f32[x], d_M: f32[q], d_D: f32[q], M: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q]) -> buffer_0: f32[q], buffer_1: f32[q], buffer_2: f32[q], d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    _check("d_M", d_M, torch.float32, 1, Q.device)
    _check("d_D", d_D, torch.float32, 1, Q.device)
    _check("M", M, torch.float32, 1, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_M.shape != (q,):
        raise ValueError(f"d_M: f32[q] has shape {d_M.shape}, expected {(q,)}")
    if d_D.shape != (q,):
        raise ValueError(f"d_D: f32[q] has shape {d_D.shape}, expected {(q,)}")
    if M.shape != (q,):
        raise ValueError(f"M: f32[q] has shape {M.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_2 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1, buffer_2, d_Q
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q),)
    deviation_backward_buffer_0_buffer_1_buffer_2_d_Q_kernel[grid](
        Q, K, t, d_M, d_D, M, logsum, state, z, state_, buffer_0, buffer_1, buffer_2, d_Q, Q.stride(0),
        Q.stride(1), K.stride(0), K.stride(1), t.stride(0), d_M.stride(0), d_D.stride(0), M.stride(0),
        logsum.stride(0), state.stride(0), z.stride(0), state_.stride(0), buffer_0.stride(0),
        buffer_1.stride(0), buffer_2.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1, buffer_2, d_Q


@_operator
def _deviation_backward_d_K_d_t(
    Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor, d_M: torch.Tensor, d_D: torch.Tensor, M: torch.Tensor,
    logsum: torch.Tensor, state: torch.Tensor, z: torch.Tensor, buffer_0: torch.Tensor,
    buffer_1: torch.Tensor, buffer_2: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_deviation_backward_d_K_d_t(Q: bf16[q d], K: bf16[x d], t: f32[x], d_M: f32[q], d_D: f32[q], M: f32[q], logsum: f32[q], state: f32[q], z: f32[q], buffer_0: f32[q], buffer_1: f32[q], buffer_2: f32[q]) -> d_K: bf16[x d], d_t: f32[x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    _check("d_M", d_M, torch.float32, 1, Q.device)
    _check("d_D", d_D, torch.float32, 1, Q.device)
    _check("M", M, torch.float32, 1, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    _check("buffer_2", buffer_2, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_M.shape != (q,):
        raise ValueError(f"d_M: f32[q] has shape {d_M.shape}, expected {(q,)}")
    if d_D.shape != (q,):
        raise ValueError(f"d_D: f32[q] has shape {d_D.shape}, expected {(q,)}")
    if M.shape != (q,):
        raise ValueError(f"M: f32[q] has shape {M.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_2.shape != (q,):
        raise ValueError(f"buffer_2: f32[q] has shape {buffer_2.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_t = torch.empty((x,), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_t
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(x, BLOCK_X),)
    deviation_backward_d_K_d_t_kernel[grid](
        Q, K, t, d_M, d_D, M, logsum, state, z, buffer_0, buffer_1, buffer_2, d_K, d_t, Q.stride(0),
        Q.stride(1), K.stride(0), K.stride(1), t.stride(0), d_M.stride(0), d_D.stride(0), M.stride(0),
        logsum.stride(0), state.stride(0), z.stride(0), buffer_0.stride(0), buffer_1.stride(0),
        buffer_2.stride(0), d_K.stride(0), d_K.stride(1), d_t.stride(0), q, d, x, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_t


@_operator
def _deviation_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_deviation_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    deviation_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _deviation_long_forward_M_D_logsum_state__z_state__(
    t: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_deviation_long_forward_M_D_logsum_state__z_state__(t: f32[x], state: f32[q x]) -> M: f32[q], D: f32[q], logsum: f32[q], state_: f32[q], z: f32[q], state__: f32[q]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("state", state, torch.float32, 2, t.device)
    (x,) = t.shape
    q, _ = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    M = torch.empty((q,), dtype=torch.float32, device=t.device)
    D = torch.empty((q,), dtype=torch.float32, device=t.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=t.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=t.device)
    z = torch.empty((q,), dtype=torch.float32, device=t.device)
    state__ = torch.empty((q,), dtype=torch.float32, device=t.device)
    if _is_traced(M):
        return M, D, logsum, state_, z, state__
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        deviation_long_forward_M_D_logsum_state__z_state___rows_kernel[grid](
            t, state, M, D, logsum, state_, z, state__, t.stride(0), state.stride(0), state.stride(1),
            M.stride(0), D.stride(0), logsum.stride(0), state_.stride(0), z.stride(0), state__.stride(0), x,
            q, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return M, D, logsum, state_, z, state__
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    deviation_long_forward_M_D_logsum_state__z_state___kernel[grid](
        t, state, M, D, logsum, state_, z, state__, t.stride(0), state.stride(0), state.stride(1),
        M.stride(0), D.stride(0), logsum.stride(0), state_.stride(0), z.stride(0), state__.stride(0), x, q, d,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return M, D, logsum, state_, z, state__


@_operator
def _deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3(
    t: torch.Tensor, d_M: torch.Tensor, d_D: torch.Tensor, M: torch.Tensor, logsum: torch.Tensor,
    state: torch.Tensor, state_: torch.Tensor, z: torch.Tensor, state__: torch.Tensor, d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3(t: f32[x], d_M: f32[q], d_D: f32[q], M: f32[q], logsum: f32[q], state: f32[q x], state_: f32[q], z: f32[q], state__: f32[q]) -> buffer_0: f32[q], buffer_1: f32[q], buffer_2: bf16[q x], buffer_3: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("d_M", d_M, torch.float32, 1, t.device)
    _check("d_D", d_D, torch.float32, 1, t.device)
    _check("M", M, torch.float32, 1, t.device)
    _check("logsum", logsum, torch.float32, 1, t.device)
    _check("state", state, torch.float32, 2, t.device)
    _check("state_", state_, torch.float32, 1, t.device)
    _check("z", z, torch.float32, 1, t.device)
    _check("state__", state__, torch.float32, 1, t.device)
    (x,) = t.shape
    (q,) = d_M.shape
    if d_D.shape != (q,):
        raise ValueError(f"d_D: f32[q] has shape {d_D.shape}, expected {(q,)}")
    if M.shape != (q,):
        raise ValueError(f"M: f32[q] has shape {M.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=t.device)
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=t.device)
    buffer_2 = torch.empty((q, x), dtype=torch.bfloat16, device=t.device)
    buffer_3 = torch.empty((q, x), dtype=torch.bfloat16, device=t.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1, buffer_2, buffer_3
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 4096:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        else:
            warps, stages = 8, 1
        grid = (q,)
        deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3_rows_kernel[grid](
            t, d_M, d_D, M, logsum, state, state_, z, state__, buffer_0, buffer_1, buffer_2, buffer_3,
            t.stride(0), d_M.stride(0), d_D.stride(0), M.stride(0), logsum.stride(0), state.stride(0),
            state.stride(1), state_.stride(0), z.stride(0), state__.stride(0), buffer_0.stride(0),
            buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), buffer_3.stride(0),
            buffer_3.stride(1), x, q, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0, buffer_1, buffer_2, buffer_3
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3_kernel[grid](
        t, d_M, d_D, M, logsum, state, state_, z, state__, buffer_0, buffer_1, buffer_2, buffer_3,
        t.stride(0), d_M.stride(0), d_D.stride(0), M.stride(0), logsum.stride(0), state.stride(0),
        state.stride(1), state_.stride(0), z.stride(0), state__.stride(0), buffer_0.stride(0),
        buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), buffer_3.stride(0), buffer_3.stride(1), x,
        q, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1, buffer_2, buffer_3


@_operator
def _deviation_long_backward_d_Q(K: torch.Tensor, z: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_deviation_long_backward_d_Q(K: bf16[x d], z: f32[q], buffer_2: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("z", z, torch.float32, 1, K.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 2, K.device)
    x, d = K.shape
    (q,) = z.shape
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: bf16[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    deviation_long_backward_d_Q_kernel[grid](
        K, z, buffer_2, d_Q, K.stride(0), K.stride(1), z.stride(0), buffer_2.stride(0), buffer_2.stride(1),
        d_Q.stride(0), d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _deviation_long_backward_d_K(Q: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_deviation_long_backward_d_K(Q: bf16[q d], buffer_3: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_3.shape
    if buffer_3.shape != (q, x):
        raise ValueError(f"buffer_3: bf16[q x] has shape {buffer_3.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    deviation_long_backward_d_K_kernel[grid](
        Q, buffer_3, d_K, Q.stride(0), Q.stride(1), buffer_3.stride(0), buffer_3.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _deviation_long_backward_d_t(
    t: torch.Tensor, d_M: torch.Tensor, d_D: torch.Tensor, M: torch.Tensor, logsum: torch.Tensor,
    state: torch.Tensor, state_: torch.Tensor, z: torch.Tensor, buffer_0: torch.Tensor,
    buffer_1: torch.Tensor, d: int,
) -> torch.Tensor:
    """_deviation_long_backward_d_t(t: f32[x], d_M: f32[q], d_D: f32[q], M: f32[q], logsum: f32[q], state: f32[q x], state_: f32[q], z: f32[q], buffer_0: f32[q], buffer_1: f32[q]) -> d_t: f32[x]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("d_M", d_M, torch.float32, 1, t.device)
    _check("d_D", d_D, torch.float32, 1, t.device)
    _check("M", M, torch.float32, 1, t.device)
    _check("logsum", logsum, torch.float32, 1, t.device)
    _check("state", state, torch.float32, 2, t.device)
    _check("state_", state_, torch.float32, 1, t.device)
    _check("z", z, torch.float32, 1, t.device)
    _check("buffer_0", buffer_0, torch.float32, 1, t.device)
    _check("buffer_1", buffer_1, torch.float32, 1, t.device)
    (x,) = t.shape
    (q,) = d_M.shape
    if d_D.shape != (q,):
        raise ValueError(f"d_D: f32[q] has shape {d_D.shape}, expected {(q,)}")
    if M.shape != (q,):
        raise ValueError(f"M: f32[q] has shape {M.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    d_t = torch.empty((x,), dtype=torch.float32, device=t.device)
    if _is_traced(d_t):
        return d_t
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_X, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_X, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_X, warps, stages = 16, 4, 1
        else:
            BLOCK_X, warps, stages = 8, 8, 1
        grid = (triton.cdiv(x, BLOCK_X),)
        deviation_long_backward_d_t_rows_kernel[grid](
            t, d_M, d_D, M, logsum, state, state_, z, buffer_0, buffer_1, d_t, t.stride(0), d_M.stride(0),
            d_D.stride(0), M.stride(0), logsum.stride(0), state.stride(0), state.stride(1), state_.stride(0),
            z.stride(0), buffer_0.stride(0), buffer_1.stride(0), d_t.stride(0), x, q, d, BLOCK_Q=BLOCK_Q,
            BLOCK_X=BLOCK_X, EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_t
    BLOCK_Q, BLOCK_X, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(x, BLOCK_X),)
    deviation_long_backward_d_t_kernel[grid](
        t, d_M, d_D, M, logsum, state, state_, z, buffer_0, buffer_1, d_t, t.stride(0), d_M.stride(0),
        d_D.stride(0), M.stride(0), logsum.stride(0), state.stride(0), state.stride(1), state_.stride(0),
        z.stride(0), buffer_0.stride(0), buffer_1.stride(0), d_t.stride(0), x, q, d, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return d_t


class _deviation_autograd(torch.autograd.Function):
    """deviation and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, t):
        M, D, logsum, state, z, state_ = _deviation_forward(Q, K, t)
        ctx.save_for_backward(Q, K, t, M, logsum, state, z, state_)
        return M, D

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_M, d_D):
        Q, K, t, M, logsum, state, z, state_ = ctx.saved_tensors
        buffer_0, buffer_1, buffer_2, d_Q = _deviation_backward_buffer_0_buffer_1_buffer_2_d_Q(Q, K, t, d_M, d_D, M, logsum, state, z, state_)
        d_K, d_t = _deviation_backward_d_K_d_t(Q, K, t, d_M, d_D, M, logsum, state, z, buffer_0, buffer_1, buffer_2)
        return d_Q, d_K, d_t


class _deviation_long_autograd(torch.autograd.Function):
    """deviation and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, t):
        _, d = Q.shape
        state = _deviation_long_forward_state(Q, K)
        M, D, logsum, state_, z, state__ = _deviation_long_forward_M_D_logsum_state__z_state__(t, state, d)
        ctx.save_for_backward(Q, K, t, M, logsum, state, state_, z, state__)
        ctx.sizes = (d,)
        return M, D

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_M, d_D):
        Q, K, t, M, logsum, state, state_, z, state__ = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0, buffer_1, buffer_2, buffer_3 = _deviation_long_backward_buffer_0_buffer_1_buffer_2_buffer_3(t, d_M, d_D, M, logsum, state, state_, z, state__, d)
        d_Q = _deviation_long_backward_d_Q(K, z, buffer_2)
        d_K = _deviation_long_backward_d_K(Q, buffer_3)
        d_t = _deviation_long_backward_d_t(t, d_M, d_D, M, logsum, state, state_, z, buffer_0, buffer_1, d)
        return d_Q, d_K, d_t


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def deviation(Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> M: f32[q], D: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, t)):
        if d <= 256 and d <= 256:
            return _deviation_autograd.apply(Q, K, t)
        return _deviation_long_autograd.apply(Q, K, t)
    if d <= 256:
        M, D = _deviation(Q, K, t)
        return M, D
    buffer_0 = _deviation_long_buffer_0(Q, K)
    M_2, D_2 = _deviation_long_M_D(t, buffer_0)
    return M_2, D_2


@triton.jit
def spread_kernel(
    Q_ptr, K_ptr, V_ptr, O_ptr, N_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    O_stride_q, O_stride_e, N_stride_q, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    m = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        # src[moments.diag:27]
        tile_max = tl.max(S, 1)
        next_m = tl.maximum(m, tile_max)
        scale = tl.exp(m - next_m)
        # src[moments.diag:28]
        sub_q_x = S - next_m[:, None]
        w = tl.exp(sub_q_x)
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:28]
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:25]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        where_q = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where_q - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        mul_q_x = w * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x_2 = ((acc_x_2 + ((-1.0 * z) * change)) * scale) + tile_sum_2
        m = next_m
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        S_2 = tl.where((x_index < size_x)[None, :], S, float("-inf"))
        # src[moments.diag:27]
        tile_max = tl.max(S_2, 1)
        next_m = tl.maximum(m, tile_max)
        scale = tl.exp(m - next_m)
        # src[moments.diag:28]
        sub_q_x = S_2 - next_m[:, None]
        w = tl.exp(sub_q_x)
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:28]
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        where_q = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where_q - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        mul_q_x = tl.where((x_index < size_x)[None, :], w * sub_q_x, 0.0)
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x_2 = ((acc_x_2 + ((-1.0 * z) * change)) * scale) + tile_sum_2
        m = next_m
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    recip_q = 1.0 / z
    # src[moments.diag:30]
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        (recip_q[:, None] * acc_x),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(N_ptr + q_index * N_stride_q, tl.exp(tl.log(z) - (recip_q * acc_x_2)), mask=(q_index < size_q))


@triton.jit
def spread_long_S_kernel(
    Q_ptr, K_ptr, S_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, S_stride_q, S_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    S = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[moments.diag:25]
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
        # src[moments.diag:26]
        next_S = tl.dot(Q, tl.trans(K), S)
        S = next_S
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:25]
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
        # src[moments.diag:26]
        next_S = tl.dot(Q, tl.trans(K), S)
        S = next_S
    tl.store(
        S_ptr + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
        S,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def spread_long_O_kernel(
    V_ptr, S_ptr, O_ptr, V_stride_x, V_stride_e, S_stride_q, S_stride_x, O_stride_q, O_stride_e, size_x,
    size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    m = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[moments.diag:27]
        tile_max = tl.max(S, 1)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        scale = tl.exp(m - safe_next_m)
        # src[moments.diag:28]
        w = tl.exp(S - safe_next_m[:, None])
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:28]
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        m = next_m
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[moments.diag:27]
        tile_max = tl.max(S, 1)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        scale = tl.exp(m - safe_next_m)
        # src[moments.diag:28]
        w = tl.exp(S - safe_next_m[:, None])
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:28]
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        m = next_m
        z = next_z
        acc_x = next_acc_x
    # src[moments.diag:30]
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        ((1.0 / z)[:, None] * acc_x),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spread_long_N_rows_kernel(
    S_ptr, N_ptr, S_stride_q, S_stride_x, N_stride_q, size_q, size_x, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    S = load_tile(
        S_ptr + q_index * S_stride_q + x_index * S_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[moments.diag:27]
    max_ = tl.max(S, 0)
    # src[moments.diag:28]
    sub_x = S - tl.where(max_ == float("-inf"), 0.0, max_)
    w = tl.exp(sub_x)
    # src[moments.diag:30]
    mul_x = tl.where(x_index < size_x, w * sub_x, 0.0)
    sum_ = tl.sum(mul_x, 0)
    # src[moments.diag:29]
    sum_2 = tl.sum(w, 0)
    # src[moments.diag:30]
    tl.store(N_ptr + q_index * N_stride_q, tl.exp(tl.log(sum_2) - ((1.0 / sum_2) * sum_)))


@triton.jit
def spread_long_N_kernel(
    S_ptr,
    N_ptr,
    S_stride_q,
    S_stride_x,
    N_stride_q,
    size_q,
    size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x)
        # src[moments.diag:27]
        tile_max = tl.max(S, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        scale = tl.exp(m - safe_next_m)
        # src[moments.diag:28]
        sub_x = S - safe_next_m
        w = tl.exp(sub_x)
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 0)
        next_z = (z * scale) + tile_sum
        where = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:30]
        mul_x = w * sub_x
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = ((acc_x + ((-1.0 * z) * change)) * scale) + tile_sum_2
        m = next_m
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + q_index * S_stride_q + x_index * S_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[moments.diag:27]
        tile_max = tl.max(S, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        scale = tl.exp(m - safe_next_m)
        # src[moments.diag:28]
        sub_x = S - safe_next_m
        w = tl.exp(sub_x)
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 0)
        next_z = (z * scale) + tile_sum
        where = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:30]
        mul_x = tl.where(x_index < size_x, w * sub_x, 0.0)
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = ((acc_x + ((-1.0 * z) * change)) * scale) + tile_sum_2
        m = next_m
        z = next_z
        acc_x = next_acc_x
    # src[moments.diag:30]
    tl.store(N_ptr + q_index * N_stride_q, tl.exp(tl.log(z) - ((1.0 / z) * acc_x)))


@triton.jit
def spread_forward_kernel(
    Q_ptr, K_ptr, V_ptr, O_ptr, N_ptr, logsum_ptr, m_ptr, z_ptr, state_ptr, state__ptr, place_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e, O_stride_q, O_stride_e, N_stride_q,
    logsum_stride_q, m_stride_q, z_stride_q, state_stride_q, state_stride_e, state__stride_q, place_stride_q,
    size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    m = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    min_x = tl.full([BLOCK_Q], 2147483647, tl.int32)
    # src[moments.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        # src[moments.diag:27]
        tile_max = tl.max(S, 1)
        next_m = tl.maximum(m, tile_max)
        scale = tl.exp(m - next_m)
        # src[moments.diag:25]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[moments.diag:28]
        sub_q_x = S - next_m[:, None]
        w = tl.exp(sub_q_x)
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        where_q = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where_q - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:30]
        mul_q_x = w * sub_q_x
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x_2 = ((acc_x_2 + ((-1.0 * z) * change)) * scale) + tile_sum_2
        where_q_x = tl.where(S == next_m[:, None], x_index.to(tl.int32)[None, :], tile_i32)
        tile_min = tl.min(where_q_x, 1)
        next_min_x = tl.minimum(tl.where(m == next_m, min_x, tile_i32), tile_min)
        m = next_m
        acc_x = next_acc_x
        z = next_z
        acc_x_2 = next_acc_x_2
        min_x = next_min_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        S_2 = tl.where((x_index < size_x)[None, :], S, float("-inf"))
        # src[moments.diag:27]
        tile_max = tl.max(S_2, 1)
        next_m = tl.maximum(m, tile_max)
        scale = tl.exp(m - next_m)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[moments.diag:28]
        sub_q_x = S_2 - next_m[:, None]
        w = tl.exp(sub_q_x)
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 1)
        next_z = (z * scale) + tile_sum
        where_q = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where_q - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:30]
        mul_q_x = tl.where((x_index < size_x)[None, :], w * sub_q_x, 0.0)
        tile_sum_2 = tl.sum(mul_q_x, 1)
        next_acc_x_2 = ((acc_x_2 + ((-1.0 * z) * change)) * scale) + tile_sum_2
        where_q_x = tl.where(S_2 == next_m[:, None], x_index.to(tl.int32)[None, :], tile_i32)
        where_q_x_2 = tl.where((x_index < size_x)[None, :], where_q_x, 2147483647)
        tile_min = tl.min(where_q_x_2, 1)
        next_min_x = tl.minimum(tl.where(m == next_m, min_x, tile_i32), tile_min)
        m = next_m
        acc_x = next_acc_x
        z = next_z
        acc_x_2 = next_acc_x_2
        min_x = next_min_x
    recip_q = 1.0 / z
    # src[moments.diag:30]
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        (acc_x * recip_q[:, None]),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    log_q = tl.log(z)
    tl.store(N_ptr + q_index * N_stride_q, tl.exp(log_q - (acc_x_2 * recip_q)), mask=(q_index < size_q))
    tl.store(logsum_ptr + q_index * logsum_stride_q, (log_q + m), mask=(q_index < size_q))
    tl.store(m_ptr + q_index * m_stride_q, m, mask=(q_index < size_q))
    tl.store(z_ptr + q_index * z_stride_q, z, mask=(q_index < size_q))
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + e_index[None, :] * state_stride_e,
        acc_x,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(state__ptr + q_index * state__stride_q, acc_x_2, mask=(q_index < size_q))
    tl.store(place_ptr + q_index * place_stride_q, min_x, mask=(q_index < size_q))


@triton.jit
def spread_backward_buffer_1_rows_kernel(
    d_O_ptr, d_N_ptr, N_ptr, z_ptr, state_ptr, state__ptr, buffer_1_ptr, d_O_stride_q, d_O_stride_e,
    d_N_stride_q, N_stride_q, z_stride_q, state_stride_q, state_stride_e, state__stride_q, buffer_1_stride_q,
    size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    N = tl.load(N_ptr + q_index * N_stride_q)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
    state = load_tile(
        state_ptr + q_index * state_stride_q + e_index * state_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    d_O = load_tile(
        d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_O * state
    sum_ = tl.sum(mul_e, 0)
    z = tl.load(z_ptr + q_index * z_stride_q)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, ((1.0 / z) * (sum_ - ((d_N * N) * state_))))


@triton.jit
def spread_backward_buffer_1_kernel(
    d_O_ptr, d_N_ptr, N_ptr, z_ptr, state_ptr, state__ptr, buffer_1_ptr, d_O_stride_q, d_O_stride_e,
    d_N_stride_q, N_stride_q, z_stride_q, state_stride_q, state_stride_e, state__stride_q, buffer_1_stride_q,
    size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        state = tl.load(state_ptr + q_index * state_stride_q + e_index * state_stride_e)
        d_O = tl.load(d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e)
        mul_e = d_O * state
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        state = tl.load(
            state_ptr + q_index * state_stride_q + e_index * state_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        d_O = tl.load(
            d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_O * state
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    N = tl.load(N_ptr + q_index * N_stride_q)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
    z = tl.load(z_ptr + q_index * z_stride_q)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, ((1.0 / z) * (acc_e - ((d_N * N) * state_))))


@triton.jit
def spread_backward_buffer_0_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_O_ptr, d_N_ptr, N_ptr, logsum_ptr, m_ptr, place_ptr, buffer_1_ptr, buffer_0_ptr,
    d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e, d_O_stride_q,
    d_O_stride_e, d_N_stride_q, N_stride_q, logsum_stride_q, m_stride_q, place_stride_q, buffer_1_stride_q,
    buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
    N = tl.load(N_ptr + q_index * N_stride_q, mask=(q_index < size_q), other=0.0)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q, mask=(q_index < size_q), other=0.0)
    m = tl.load(m_ptr + q_index * m_stride_q, mask=(q_index < size_q), other=0.0)
    # src[moments.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    d_O = tl.load(
        d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    place = tl.load(place_ptr + q_index * place_stride_q, mask=(q_index < size_q), other=0)
    mul_q = d_N * N
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        add_q_x = ((d_N * N)[:, None] * (S - m[:, None])) + buffer_1[:, None]
        # src[moments.diag:25]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        dot = tl.dot(d_O_bf16, tl.trans(V))
        exp_q_x = tl.exp(S - logsum[:, None])
        mul_q_x = exp_q_x * (dot - add_q_x)
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_4 = (-1.0 * acc_x_3) * (where_q_2 - where_q)[:, None]
        eq_q_x = place[:, None] == x_index.to(tl.int32)[None, :]
        add_q_x_2 = tl.where(eq_q_x, next_acc_x[:, None], 0.0) + ((d_N * N)[:, None] * exp_q_x)
        sub_q_x = (dot + mul_q[:, None]) - tl.where(add_q_x == float("-inf"), 0.0, add_q_x)
        safe_ = tl.where(add_q_x_2 == float("-inf"), 0.0, add_q_x_2)
        tile_bf16 = ((exp_q_x * sub_q_x) - safe_).to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, K, (acc_x_2 + acc_x_4))
        tile_bf16_2 = tl.where(eq_q_x, 1.0, 0.0).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16_2, K, acc_x_3)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:26]
        S = tl.dot(Q, tl.trans(K))
        add_q_x = ((d_N * N)[:, None] * (S - m[:, None])) + buffer_1[:, None]
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        dot = tl.dot(d_O_bf16, tl.trans(V))
        sub_q_x = tl.where((x_index < size_x)[None, :], S - logsum[:, None], float("-inf"))
        exp_q_x = tl.exp(sub_q_x)
        mul_q_x = exp_q_x * (dot - add_q_x)
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_4 = (-1.0 * acc_x_3) * (where_q_2 - where_q)[:, None]
        eq_q_x = place[:, None] == x_index.to(tl.int32)[None, :]
        add_q_x_2 = tl.where(eq_q_x, next_acc_x[:, None], 0.0) + ((d_N * N)[:, None] * exp_q_x)
        sub_q_x_2 = (dot + mul_q[:, None]) - tl.where(add_q_x == float("-inf"), 0.0, add_q_x)
        safe_ = tl.where(add_q_x_2 == float("-inf"), 0.0, add_q_x_2)
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], (exp_q_x * sub_q_x_2) - safe_, 0.0)
        tile_bf16 = sub_q_x_3.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, K, (acc_x_2 + acc_x_4))
        tile_bf16_2 = tl.where(eq_q_x, 1.0, 0.0).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16_2, K, acc_x_3)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x, mask=(q_index < size_q))
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        acc_x_2.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def spread_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_O_ptr, d_N_ptr, N_ptr, logsum_ptr, m_ptr, place_ptr, buffer_1_ptr, buffer_0_ptr,
    d_K_ptr, d_V_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e, d_O_stride_q,
    d_O_stride_e, d_N_stride_q, N_stride_q, logsum_stride_q, m_stride_q, place_stride_q, buffer_1_stride_q,
    buffer_0_stride_q, d_K_stride_x, d_K_stride_d, d_V_stride_x, d_V_stride_e, size_q, size_d, size_x, size_e,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[moments.diag:25]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    x_i32 = x_index.to(tl.int32)
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        N = tl.load(N_ptr + q_index * N_stride_q)
        d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:26]
        S = tl.dot(K, tl.trans(Q))
        exp_x_q = tl.exp(S - logsum[None, :])
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        place = tl.load(place_ptr + q_index * place_stride_q)
        where_x_q = tl.where(place[None, :] == x_i32[:, None], buffer_0[None, :], 0.0)
        add_x_q = where_x_q + ((d_N * N)[None, :] * exp_x_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        m = tl.load(m_ptr + q_index * m_stride_q)
        add_x_q_2 = ((d_N * N)[None, :] * (S - m[None, :])) + buffer_1[None, :]
        d_O = load_tile(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        dot = tl.dot(V, tl.trans(d_O_bf16))
        safe_ = tl.where(add_x_q_2 == float("-inf"), 0.0, add_x_q_2)
        sub_x_q = (exp_x_q * ((dot + (d_N * N)[None, :]) - safe_)) - tl.where(add_x_q == float("-inf"), 0.0, add_x_q)
        tile_bf16 = sub_x_q.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_O_bf16, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        N = tl.load(N_ptr + q_index * N_stride_q, mask=(q_index < size_q), other=0.0)
        d_N = tl.load(d_N_ptr + q_index * d_N_stride_q, mask=(q_index < size_q), other=0.0)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        # src[moments.diag:25]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:26]
        S = tl.dot(K, tl.trans(Q))
        exp_x_q = tl.exp(S - logsum[None, :])
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        place = tl.load(place_ptr + q_index * place_stride_q, mask=(q_index < size_q), other=0)
        where_x_q = tl.where(place[None, :] == x_i32[:, None], buffer_0[None, :], 0.0)
        add_x_q = where_x_q + ((d_N * N)[None, :] * exp_x_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        m = tl.load(m_ptr + q_index * m_stride_q, mask=(q_index < size_q), other=0.0)
        add_x_q_2 = ((d_N * N)[None, :] * (S - m[None, :])) + buffer_1[None, :]
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        dot = tl.dot(V, tl.trans(d_O_bf16))
        safe_ = tl.where(add_x_q_2 == float("-inf"), 0.0, add_x_q_2)
        sub_x_q = (exp_x_q * ((dot + (d_N * N)[None, :]) - safe_)) - tl.where(add_x_q == float("-inf"), 0.0, add_x_q)
        sub_x_q_2 = tl.where((q_index < size_q)[None, :], sub_x_q, 0.0)
        tile_bf16 = sub_x_q_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_O_bf16, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spread_long_forward_S_kernel(
    Q_ptr, K_ptr, S_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, S_stride_q, S_stride_x, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    S = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[moments.diag:25]
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
        # src[moments.diag:26]
        next_S = tl.dot(Q, tl.trans(K), S)
        S = next_S
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:25]
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
        # src[moments.diag:26]
        next_S = tl.dot(Q, tl.trans(K), S)
        S = next_S
    tl.store(
        S_ptr + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
        S,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def spread_long_forward_w_m__state__place_rows_kernel(
    S_ptr, w_ptr, m__ptr, state__ptr, place_ptr, S_stride_q, S_stride_x, w_stride_q, w_stride_x, m__stride_q,
    state__stride_q, place_stride_q, size_q, size_x, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    S = load_tile(
        S_ptr + q_index * S_stride_q + x_index * S_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[moments.diag:27]
    max_ = tl.max(S, 0)
    # src[moments.diag:28]
    sub_x = S - tl.where(max_ == float("-inf"), 0.0, max_)
    w = tl.exp(sub_x)
    tl.store(w_ptr + q_index * w_stride_q + x_index * w_stride_x, w, mask=(x_index < size_x))
    tl.store(m__ptr + q_index * m__stride_q, max_)
    # src[moments.diag:30]
    mul_x = tl.where(x_index < size_x, sub_x * w, 0.0)
    sum_ = tl.sum(mul_x, 0)
    tl.store(state__ptr + q_index * state__stride_q, sum_)
    where_x = tl.where(S == max_, x_index.to(tl.int32), tl.cast((-1 + size_x), tl.int32))
    where_x_2 = tl.where(x_index < size_x, where_x, 2147483647)
    min_ = tl.min(where_x_2, 0)
    tl.store(place_ptr + q_index * place_stride_q, min_)


@triton.jit
def spread_long_forward_w_m__state__place_kernel(
    S_ptr, w_ptr, m__ptr, state__ptr, place_ptr, S_stride_q, S_stride_x, w_stride_q, w_stride_x, m__stride_q,
    state__stride_q, place_stride_q, size_q, size_x, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    z = tl.full([], 0.0, tl.float32)
    min_x = tl.full([], 2147483647, tl.int32)
    tile_i32 = tl.cast((-1 + size_x), tl.int32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x)
        # src[moments.diag:27]
        tile_max = tl.max(S, 0)
        next_m = tl.maximum(m, tile_max)
        where = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        scale = tl.exp(m - safe_next_m)
        # src[moments.diag:28]
        sub_x = S - safe_next_m
        w = tl.exp(sub_x)
        # src[moments.diag:30]
        mul_x = sub_x * w
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = ((acc_x + ((-1.0 * z) * change)) * scale) + tile_sum
        # src[moments.diag:29]
        tile_sum_2 = tl.sum(w, 0)
        next_z = (z * scale) + tile_sum_2
        where_x = tl.where(S == next_m, x_index.to(tl.int32), tile_i32)
        tile_min = tl.min(where_x, 0)
        next_min_x = tl.minimum(tl.where(m == next_m, min_x, tile_i32), tile_min)
        m = next_m
        acc_x = next_acc_x
        z = next_z
        min_x = next_min_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + q_index * S_stride_q + x_index * S_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[moments.diag:27]
        tile_max = tl.max(S, 0)
        next_m = tl.maximum(m, tile_max)
        where = tl.where(tl.abs(next_m) < float("inf"), next_m, 0.0)
        change = where - tl.where(tl.abs(m) < float("inf"), m, 0.0)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        scale = tl.exp(m - safe_next_m)
        # src[moments.diag:28]
        sub_x = S - safe_next_m
        w = tl.exp(sub_x)
        # src[moments.diag:30]
        mul_x = tl.where(x_index < size_x, sub_x * w, 0.0)
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = ((acc_x + ((-1.0 * z) * change)) * scale) + tile_sum
        # src[moments.diag:29]
        tile_sum_2 = tl.sum(w, 0)
        next_z = (z * scale) + tile_sum_2
        where_x = tl.where(S == next_m, x_index.to(tl.int32), tile_i32)
        where_x_2 = tl.where(x_index < size_x, where_x, 2147483647)
        tile_min = tl.min(where_x_2, 0)
        next_min_x = tl.minimum(tl.where(m == next_m, min_x, tile_i32), tile_min)
        m = next_m
        acc_x = next_acc_x
        z = next_z
        min_x = next_min_x
    tl.store(m__ptr + q_index * m__stride_q, m)
    tl.store(state__ptr + q_index * state__stride_q, acc_x)
    tl.store(place_ptr + q_index * place_stride_q, min_x)
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x)
        # src[moments.diag:28]
        tl.store(
            w_ptr + q_index * w_stride_q + x_index * w_stride_x,
            tl.exp(S - tl.where(m == float("-inf"), 0.0, m)),
        )
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x, mask=(x_index < size_x), other=0.0)
        # src[moments.diag:28]
        tl.store(
            w_ptr + q_index * w_stride_q + x_index * w_stride_x,
            tl.exp(S - tl.where(m == float("-inf"), 0.0, m)),
            mask=(x_index < size_x),
        )


@triton.jit
def spread_long_forward_z__rows_kernel(
    w_ptr, z__ptr, w_stride_q, w_stride_x, z__stride_q, size_q, size_x, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    w = load_tile(w_ptr + q_index * w_stride_q + x_index * w_stride_x, (x_index < size_x), 0.0, EXACT_X)
    # src[moments.diag:29]
    sum_ = tl.sum(w, 0)
    tl.store(z__ptr + q_index * z__stride_q, sum_)


@triton.jit
def spread_long_forward_z__kernel(
    w_ptr,
    z__ptr,
    w_stride_q,
    w_stride_x,
    z__stride_q,
    size_q,
    size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    z = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        w = tl.load(w_ptr + q_index * w_stride_q + x_index * w_stride_x)
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 0)
        next_z = z + tile_sum
        z = next_z
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        w = tl.load(w_ptr + q_index * w_stride_q + x_index * w_stride_x, mask=(x_index < size_x), other=0.0)
        # src[moments.diag:29]
        tile_sum = tl.sum(w, 0)
        next_z = z + tile_sum
        z = next_z
    tl.store(z__ptr + q_index * z__stride_q, z)


@triton.jit
def spread_long_forward_state_kernel(
    V_ptr, w_ptr, state_ptr, V_stride_x, V_stride_e, w_stride_q, w_stride_x, state_stride_q, state_stride_e,
    size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        w = tl.load(
            w_ptr + q_index[:, None] * w_stride_q + x_index[None, :] * w_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        w = tl.load(
            w_ptr + q_index[:, None] * w_stride_q + x_index[None, :] * w_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        w_bf16 = w.to(tl.bfloat16)
        # src[moments.diag:30]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), acc_x)
        acc_x = next_acc_x
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + e_index[None, :] * state_stride_e,
        acc_x,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spread_long_forward_O_N_logsum__kernel(
    state_ptr, z__ptr, state__ptr, m__ptr, O_ptr, N_ptr, logsum__ptr, state_stride_q, state_stride_e,
    z__stride_q, state__stride_q, m__stride_q, O_stride_q, O_stride_e, N_stride_q, logsum__stride_q, size_q,
    size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    q_index = program.to(tl.int64)
    z_ = tl.load(z__ptr + q_index * z__stride_q)
    recip = 1.0 / z_
    state = tl.load(
        state_ptr + q_index * state_stride_q + e_index * state_stride_e,
        mask=(e_index < size_e),
        other=0.0,
    )
    # src[moments.diag:30]
    tl.store(O_ptr + q_index * O_stride_q + e_index * O_stride_e, (state * recip), mask=(e_index < size_e))
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    mul = state_ * recip
    log = tl.log(z_)
    exp = tl.exp(log - tl.where(mul == float("-inf"), 0.0, mul))
    tl.store(N_ptr + q_index * N_stride_q, exp)
    m_ = tl.load(m__ptr + q_index * m__stride_q)
    tl.store(logsum__ptr + q_index * logsum__stride_q, (m_ + log))


@triton.jit
def spread_long_backward_buffer_0_kernel(
    V_ptr, d_O_ptr, buffer_0_ptr, V_stride_x, V_stride_e, d_O_stride_q, d_O_stride_e, buffer_0_stride_q,
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
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        next_acc_e = tl.dot(d_O_bf16, tl.trans(V), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[moments.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        next_acc_e = tl.dot(d_O_bf16, tl.trans(V), acc_e)
        acc_e = next_acc_e
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_e,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def spread_long_backward_buffer_1_rows_kernel(
    d_O_ptr, d_N_ptr, N_ptr, z__ptr, state_ptr, state__ptr, buffer_1_ptr, d_O_stride_q, d_O_stride_e,
    d_N_stride_q, N_stride_q, z__stride_q, state_stride_q, state_stride_e, state__stride_q, buffer_1_stride_q,
    size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    z_ = tl.load(z__ptr + q_index * z__stride_q)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    N = tl.load(N_ptr + q_index * N_stride_q)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
    state = load_tile(
        state_ptr + q_index * state_stride_q + e_index * state_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    d_O = load_tile(
        d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_O * state
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, ((sum_ - ((d_N * N) * state_)) * (1.0 / z_)))


@triton.jit
def spread_long_backward_buffer_1_kernel(
    d_O_ptr, d_N_ptr, N_ptr, z__ptr, state_ptr, state__ptr, buffer_1_ptr, d_O_stride_q, d_O_stride_e,
    d_N_stride_q, N_stride_q, z__stride_q, state_stride_q, state_stride_e, state__stride_q, buffer_1_stride_q,
    size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        state = tl.load(state_ptr + q_index * state_stride_q + e_index * state_stride_e)
        d_O = tl.load(d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e)
        mul_e = d_O * state
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        state = tl.load(
            state_ptr + q_index * state_stride_q + e_index * state_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        d_O = tl.load(
            d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_O * state
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    z_ = tl.load(z__ptr + q_index * z__stride_q)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    N = tl.load(N_ptr + q_index * N_stride_q)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, ((acc_e - ((d_N * N) * state_)) * (1.0 / z_)))


@triton.jit
def spread_long_backward_buffer_2_buffer_3_rows_kernel(
    d_N_ptr, N_ptr, logsum__ptr, S_ptr, m__ptr, place_ptr, buffer_0_ptr, buffer_1_ptr, buffer_2_ptr,
    buffer_3_ptr, d_N_stride_q, N_stride_q, logsum__stride_q, S_stride_q, S_stride_x, m__stride_q,
    place_stride_q, buffer_0_stride_q, buffer_0_stride_x, buffer_1_stride_q, buffer_2_stride_q,
    buffer_2_stride_x, buffer_3_stride_q, buffer_3_stride_x, size_q, size_x, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q)
    S = load_tile(S_ptr + q_index * S_stride_q + x_index * S_stride_x, (x_index < size_x), 0.0, EXACT_X)
    sub_x = S - tl.where(logsum_ == float("-inf"), 0.0, logsum_)
    exp_x = tl.exp(tl.where(x_index < size_x, sub_x, float("-inf")))
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
    N = tl.load(N_ptr + q_index * N_stride_q)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
    m_ = tl.load(m__ptr + q_index * m__stride_q)
    # src[moments.diag:28]
    mul_x = (d_N * N) * (S - tl.where(m_ == float("-inf"), 0.0, m_))
    add_x = mul_x + buffer_1
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    safe_ = tl.where(add_x == float("-inf"), 0.0, add_x)
    mul_x_2 = (buffer_0 - safe_) * exp_x
    sum_ = tl.sum(mul_x_2, 0)
    place = tl.load(place_ptr + q_index * place_stride_q)
    where_x = tl.where(x_index.to(tl.int32) == place, sum_, 0.0)
    add_x_2 = ((d_N * N) * exp_x) + where_x
    sub_x_2 = (exp_x * (((d_N * N) + buffer_0) - safe_)) - tl.where(add_x_2 == float("-inf"), 0.0, add_x_2)
    tl.store(
        buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
        sub_x_2.to(tl.bfloat16),
        mask=(x_index < size_x),
    )
    tl.store(
        buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
        exp_x,
        mask=(x_index < size_x),
    )


@triton.jit
def spread_long_backward_buffer_2_buffer_3_kernel(
    d_N_ptr, N_ptr, logsum__ptr, S_ptr, m__ptr, place_ptr, buffer_0_ptr, buffer_1_ptr, buffer_2_ptr,
    buffer_3_ptr, d_N_stride_q, N_stride_q, logsum__stride_q, S_stride_q, S_stride_x, m__stride_q,
    place_stride_q, buffer_0_stride_q, buffer_0_stride_x, buffer_1_stride_q, buffer_2_stride_q,
    buffer_2_stride_x, buffer_3_stride_q, buffer_3_stride_x, size_q, size_x, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    logsum_ = tl.load(logsum__ptr + q_index * logsum__stride_q)
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
    N = tl.load(N_ptr + q_index * N_stride_q)
    d_N = tl.load(d_N_ptr + q_index * d_N_stride_q)
    m_ = tl.load(m__ptr + q_index * m__stride_q)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x)
        sub_x = S - tl.where(logsum_ == float("-inf"), 0.0, logsum_)
        # src[moments.diag:28]
        mul_x = (d_N * N) * (S - tl.where(m_ == float("-inf"), 0.0, m_))
        add_x = mul_x + buffer_1
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        sub_x_2 = buffer_0 - tl.where(add_x == float("-inf"), 0.0, add_x)
        mul_x_2 = sub_x_2 * tl.exp(sub_x)
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x, mask=(x_index < size_x), other=0.0)
        sub_x = S - tl.where(logsum_ == float("-inf"), 0.0, logsum_)
        exp_x = tl.exp(tl.where(x_index < size_x, sub_x, float("-inf")))
        # src[moments.diag:28]
        mul_x = (d_N * N) * (S - tl.where(m_ == float("-inf"), 0.0, m_))
        add_x = mul_x + buffer_1
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        sub_x_2 = buffer_0 - tl.where(add_x == float("-inf"), 0.0, add_x)
        mul_x_2 = sub_x_2 * exp_x
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    place = tl.load(place_ptr + q_index * place_stride_q)
    mul = d_N * N
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        where_x = tl.where(x_index.to(tl.int32) == place, acc_x, 0.0)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x)
        sub_x = S - tl.where(logsum_ == float("-inf"), 0.0, logsum_)
        exp_x = tl.exp(sub_x)
        add_x = ((d_N * N) * exp_x) + where_x
        # src[moments.diag:28]
        mul_x = (d_N * N) * (S - tl.where(m_ == float("-inf"), 0.0, m_))
        add_x_2 = mul_x + buffer_1
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        sub_x_2 = (mul + buffer_0) - tl.where(add_x_2 == float("-inf"), 0.0, add_x_2)
        sub_x_3 = (exp_x * sub_x_2) - tl.where(add_x == float("-inf"), 0.0, add_x)
        tl.store(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            sub_x_3.to(tl.bfloat16),
        )
        tl.store(buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x, exp_x)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        where_x = tl.where(x_index.to(tl.int32) == place, acc_x, 0.0)
        S = tl.load(S_ptr + q_index * S_stride_q + x_index * S_stride_x, mask=(x_index < size_x), other=0.0)
        sub_x = S - tl.where(logsum_ == float("-inf"), 0.0, logsum_)
        exp_x = tl.exp(sub_x)
        add_x = ((d_N * N) * exp_x) + where_x
        # src[moments.diag:28]
        mul_x = (d_N * N) * (S - tl.where(m_ == float("-inf"), 0.0, m_))
        add_x_2 = mul_x + buffer_1
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        sub_x_2 = (mul + buffer_0) - tl.where(add_x_2 == float("-inf"), 0.0, add_x_2)
        sub_x_3 = (exp_x * sub_x_2) - tl.where(add_x == float("-inf"), 0.0, add_x)
        tl.store(
            buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
            sub_x_3.to(tl.bfloat16),
            mask=(x_index < size_x),
        )
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            exp_x,
            mask=(x_index < size_x),
        )


@triton.jit
def spread_long_backward_d_Q_kernel(
    K_ptr, buffer_2_ptr, d_Q_ptr, K_stride_x, K_stride_d, buffer_2_stride_q, buffer_2_stride_x, d_Q_stride_q,
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
        # src[moments.diag:25]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[:, None] * buffer_2_stride_q + x_index[None, :] * buffer_2_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_2, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:25]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[:, None] * buffer_2_stride_q + x_index[None, :] * buffer_2_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_2, tl.trans(K), acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def spread_long_backward_d_K_kernel(
    Q_ptr, buffer_2_ptr, d_K_ptr, Q_stride_q, Q_stride_d, buffer_2_stride_q, buffer_2_stride_x, d_K_stride_x,
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
        # src[moments.diag:25]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[None, :] * buffer_2_stride_q + x_index[:, None] * buffer_2_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_2, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[moments.diag:25]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[None, :] * buffer_2_stride_q + x_index[:, None] * buffer_2_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_2, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def spread_long_backward_d_V_kernel(
    d_O_ptr, buffer_3_ptr, d_V_ptr, d_O_stride_q, d_O_stride_e, buffer_3_stride_q, buffer_3_stride_x,
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
        buffer_3 = tl.load(
            buffer_3_ptr + q_index[None, :] * buffer_3_stride_q + x_index[:, None] * buffer_3_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_3_bf16 = buffer_3.to(tl.bfloat16)
        d_O = tl.load(
            d_O_ptr + q_index[None, :] * d_O_stride_q + e_index[:, None] * d_O_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_3_bf16, tl.trans(d_O_bf16), acc_q)
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
        buffer_3_bf16 = buffer_3.to(tl.bfloat16)
        d_O = tl.load(
            d_O_ptr + q_index[None, :] * d_O_stride_q + e_index[:, None] * d_O_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        d_O_bf16 = d_O.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_3_bf16, tl.trans(d_O_bf16), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@_operator
def _spread(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: f32[q e], N: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    O = torch.empty((q, e), dtype=torch.float32, device=Q.device)
    N = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(O):
        return O, N
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    spread_kernel[grid](
        Q, K, V, O, N, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        O.stride(0), O.stride(1), N.stride(0), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O, N


@_operator
def _spread_long_S(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_spread_long_S(Q: bf16[q d], K: bf16[x d]) -> S: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    S = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(S):
        return S
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    spread_long_S_kernel[grid](
        Q, K, S, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), S.stride(0), S.stride(1), q, d, x,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return S


@_operator
def _spread_long_O(V: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """_spread_long_O(V: bf16[x e], S: f32[q x]) -> O: f32[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("S", S, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = S.shape
    if S.shape != (q, x):
        raise ValueError(f"S: f32[q x] has shape {S.shape}, expected {(q, x)}")
    O = torch.empty((q, e), dtype=torch.float32, device=V.device)
    if _is_traced(O):
        return O
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    spread_long_O_kernel[grid](
        V, S, O, V.stride(0), V.stride(1), S.stride(0), S.stride(1), O.stride(0), O.stride(1), x, e, q,
        BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O


@_operator
def _spread_long_N(S: torch.Tensor) -> torch.Tensor:
    """_spread_long_N(S: f32[q x]) -> N: f32[q]. Any strides; sizes are read off the shapes."""
    _check("S", S, torch.float32, 2, S.device)
    q, x = S.shape
    N = torch.empty((q,), dtype=torch.float32, device=S.device)
    if _is_traced(N):
        return N
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spread_long_N_rows_kernel[grid](
            S, N, S.stride(0), S.stride(1), N.stride(0), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return N
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    spread_long_N_kernel[grid](
        S, N, S.stride(0), S.stride(1), N.stride(0), q, x, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return N


@_operator
def _spread_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_spread_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: f32[q e], N: f32[q], logsum: f32[q], m: f32[q], z: f32[q], state: f32[q e], state_: f32[q], place: i32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    O = torch.empty((q, e), dtype=torch.float32, device=Q.device)
    N = torch.empty((q,), dtype=torch.float32, device=Q.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=Q.device)
    m = torch.empty((q,), dtype=torch.float32, device=Q.device)
    z = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state = torch.empty((q, e), dtype=torch.float32, device=Q.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    place = torch.empty((q,), dtype=torch.int32, device=Q.device)
    if _is_traced(O):
        return O, N, logsum, m, z, state, state_, place
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    spread_forward_kernel[grid](
        Q, K, V, O, N, logsum, m, z, state, state_, place, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), O.stride(0), O.stride(1), N.stride(0), logsum.stride(0), m.stride(0),
        z.stride(0), state.stride(0), state.stride(1), state_.stride(0), place.stride(0), q, d, x, e,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O, N, logsum, m, z, state, state_, place


@_operator
def _spread_backward_buffer_1(
    d_O: torch.Tensor,
    d_N: torch.Tensor,
    N: torch.Tensor,
    z: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
) -> torch.Tensor:
    """_spread_backward_buffer_1(d_O: f32[q e], d_N: f32[q], N: f32[q], z: f32[q], state: f32[q e], state_: f32[q]) -> buffer_1: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_O", d_O, torch.float32, 2, d_O.device)
    _check("d_N", d_N, torch.float32, 1, d_O.device)
    _check("N", N, torch.float32, 1, d_O.device)
    _check("z", z, torch.float32, 1, d_O.device)
    _check("state", state, torch.float32, 2, d_O.device)
    _check("state_", state_, torch.float32, 1, d_O.device)
    q, e = d_O.shape
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state.shape != (q, e):
        raise ValueError(f"state: f32[q e] has shape {state.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=d_O.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spread_backward_buffer_1_rows_kernel[grid](
            d_O, d_N, N, z, state, state_, buffer_1, d_O.stride(0), d_O.stride(1), d_N.stride(0), N.stride(0),
            z.stride(0), state.stride(0), state.stride(1), state_.stride(0), buffer_1.stride(0), q, e,
            BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    spread_backward_buffer_1_kernel[grid](
        d_O, d_N, N, z, state, state_, buffer_1, d_O.stride(0), d_O.stride(1), d_N.stride(0), N.stride(0),
        z.stride(0), state.stride(0), state.stride(1), state_.stride(0), buffer_1.stride(0), q, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _spread_backward_buffer_0_d_Q(
    Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, d_O: torch.Tensor, d_N: torch.Tensor, N: torch.Tensor,
    logsum: torch.Tensor, m: torch.Tensor, place: torch.Tensor, buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_spread_backward_buffer_0_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: f32[q e], d_N: f32[q], N: f32[q], logsum: f32[q], m: f32[q], place: i32[q], buffer_1: f32[q]) -> buffer_0: f32[q], d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_O", d_O, torch.float32, 2, Q.device)
    _check("d_N", d_N, torch.float32, 1, Q.device)
    _check("N", N, torch.float32, 1, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("m", m, torch.float32, 1, Q.device)
    _check("place", place, torch.int32, 1, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: f32[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if m.shape != (q,):
        raise ValueError(f"m: f32[q] has shape {m.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, d_Q
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
    spread_backward_buffer_0_d_Q_kernel[grid](
        Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, buffer_0, d_Q, Q.stride(0), Q.stride(1),
        K.stride(0), K.stride(1), V.stride(0), V.stride(1), d_O.stride(0), d_O.stride(1), d_N.stride(0),
        N.stride(0), logsum.stride(0), m.stride(0), place.stride(0), buffer_1.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0, d_Q


@_operator
def _spread_backward_d_K_d_V(
    Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, d_O: torch.Tensor, d_N: torch.Tensor, N: torch.Tensor,
    logsum: torch.Tensor, m: torch.Tensor, place: torch.Tensor, buffer_1: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_spread_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: f32[q e], d_N: f32[q], N: f32[q], logsum: f32[q], m: f32[q], place: i32[q], buffer_1: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_O", d_O, torch.float32, 2, Q.device)
    _check("d_N", d_N, torch.float32, 1, Q.device)
    _check("N", N, torch.float32, 1, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("m", m, torch.float32, 1, Q.device)
    _check("place", place, torch.int32, 1, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: f32[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if m.shape != (q,):
        raise ValueError(f"m: f32[q] has shape {m.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 32, 8, 1
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    spread_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1),
        K.stride(0), K.stride(1), V.stride(0), V.stride(1), d_O.stride(0), d_O.stride(1), d_N.stride(0),
        N.stride(0), logsum.stride(0), m.stride(0), place.stride(0), buffer_1.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, e, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _spread_long_forward_S(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_spread_long_forward_S(Q: bf16[q d], K: bf16[x d]) -> S: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    S = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(S):
        return S
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    spread_long_forward_S_kernel[grid](
        Q, K, S, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), S.stride(0), S.stride(1), q, d, x,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return S


@_operator
def _spread_long_forward_w_m__state__place(
    S: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_spread_long_forward_w_m__state__place(S: f32[q x]) -> w: f32[q x], m_: f32[q], state_: f32[q], place: i32[q]. Any strides; sizes are read off the shapes."""
    _check("S", S, torch.float32, 2, S.device)
    q, x = S.shape
    w = torch.empty((q, x), dtype=torch.float32, device=S.device)
    m_ = torch.empty((q,), dtype=torch.float32, device=S.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=S.device)
    place = torch.empty((q,), dtype=torch.int32, device=S.device)
    if _is_traced(w):
        return w, m_, state_, place
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spread_long_forward_w_m__state__place_rows_kernel[grid](
            S, w, m_, state_, place, S.stride(0), S.stride(1), w.stride(0), w.stride(1), m_.stride(0),
            state_.stride(0), place.stride(0), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return w, m_, state_, place
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    spread_long_forward_w_m__state__place_kernel[grid](
        S, w, m_, state_, place, S.stride(0), S.stride(1), w.stride(0), w.stride(1), m_.stride(0),
        state_.stride(0), place.stride(0), q, x, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return w, m_, state_, place


@_operator
def _spread_long_forward_z_(w: torch.Tensor) -> torch.Tensor:
    """_spread_long_forward_z_(w: f32[q x]) -> z_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("w", w, torch.float32, 2, w.device)
    q, x = w.shape
    z_ = torch.empty((q,), dtype=torch.float32, device=w.device)
    if _is_traced(z_):
        return z_
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spread_long_forward_z__rows_kernel[grid](
            w, z_, w.stride(0), w.stride(1), z_.stride(0), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return z_
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    spread_long_forward_z__kernel[grid](
        w, z_, w.stride(0), w.stride(1), z_.stride(0), q, x, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return z_


@_operator
def _spread_long_forward_state(V: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """_spread_long_forward_state(V: bf16[x e], w: f32[q x]) -> state: f32[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("w", w, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = w.shape
    if w.shape != (q, x):
        raise ValueError(f"w: f32[q x] has shape {w.shape}, expected {(q, x)}")
    state = torch.empty((q, e), dtype=torch.float32, device=V.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    spread_long_forward_state_kernel[grid](
        V, w, state, V.stride(0), V.stride(1), w.stride(0), w.stride(1), state.stride(0), state.stride(1), x,
        e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _spread_long_forward_O_N_logsum_(
    state: torch.Tensor,
    z_: torch.Tensor,
    state_: torch.Tensor,
    m_: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_spread_long_forward_O_N_logsum_(state: f32[q e], z_: f32[q], state_: f32[q], m_: f32[q]) -> O: f32[q e], N: f32[q], logsum_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    _check("z_", z_, torch.float32, 1, state.device)
    _check("state_", state_, torch.float32, 1, state.device)
    _check("m_", m_, torch.float32, 1, state.device)
    q, e = state.shape
    if z_.shape != (q,):
        raise ValueError(f"z_: f32[q] has shape {z_.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if m_.shape != (q,):
        raise ValueError(f"m_: f32[q] has shape {m_.shape}, expected {(q,)}")
    O = torch.empty((q, e), dtype=torch.float32, device=state.device)
    N = torch.empty((q,), dtype=torch.float32, device=state.device)
    logsum_ = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(O):
        return O, N, logsum_
    BLOCK_E, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(e, BLOCK_E),)
    spread_long_forward_O_N_logsum__kernel[grid](
        state, z_, state_, m_, O, N, logsum_, state.stride(0), state.stride(1), z_.stride(0),
        state_.stride(0), m_.stride(0), O.stride(0), O.stride(1), N.stride(0), logsum_.stride(0), q, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O, N, logsum_


@_operator
def _spread_long_backward_buffer_0(V: torch.Tensor, d_O: torch.Tensor) -> torch.Tensor:
    """_spread_long_backward_buffer_0(V: bf16[x e], d_O: f32[q e]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_O", d_O, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = d_O.shape
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: f32[q e] has shape {d_O.shape}, expected {(q, e)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    spread_long_backward_buffer_0_kernel[grid](
        V, d_O, buffer_0, V.stride(0), V.stride(1), d_O.stride(0), d_O.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _spread_long_backward_buffer_1(
    d_O: torch.Tensor,
    d_N: torch.Tensor,
    N: torch.Tensor,
    z_: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
) -> torch.Tensor:
    """_spread_long_backward_buffer_1(d_O: f32[q e], d_N: f32[q], N: f32[q], z_: f32[q], state: f32[q e], state_: f32[q]) -> buffer_1: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_O", d_O, torch.float32, 2, d_O.device)
    _check("d_N", d_N, torch.float32, 1, d_O.device)
    _check("N", N, torch.float32, 1, d_O.device)
    _check("z_", z_, torch.float32, 1, d_O.device)
    _check("state", state, torch.float32, 2, d_O.device)
    _check("state_", state_, torch.float32, 1, d_O.device)
    q, e = d_O.shape
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if z_.shape != (q,):
        raise ValueError(f"z_: f32[q] has shape {z_.shape}, expected {(q,)}")
    if state.shape != (q, e):
        raise ValueError(f"state: f32[q e] has shape {state.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=d_O.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spread_long_backward_buffer_1_rows_kernel[grid](
            d_O, d_N, N, z_, state, state_, buffer_1, d_O.stride(0), d_O.stride(1), d_N.stride(0),
            N.stride(0), z_.stride(0), state.stride(0), state.stride(1), state_.stride(0), buffer_1.stride(0),
            q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    spread_long_backward_buffer_1_kernel[grid](
        d_O, d_N, N, z_, state, state_, buffer_1, d_O.stride(0), d_O.stride(1), d_N.stride(0), N.stride(0),
        z_.stride(0), state.stride(0), state.stride(1), state_.stride(0), buffer_1.stride(0), q, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _spread_long_backward_buffer_2_buffer_3(
    d_N: torch.Tensor,
    N: torch.Tensor,
    logsum_: torch.Tensor,
    S: torch.Tensor,
    m_: torch.Tensor,
    place: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_spread_long_backward_buffer_2_buffer_3(d_N: f32[q], N: f32[q], logsum_: f32[q], S: f32[q x], m_: f32[q], place: i32[q], buffer_0: f32[q x], buffer_1: f32[q]) -> buffer_2: bf16[q x], buffer_3: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("d_N", d_N, torch.float32, 1, d_N.device)
    _check("N", N, torch.float32, 1, d_N.device)
    _check("logsum_", logsum_, torch.float32, 1, d_N.device)
    _check("S", S, torch.float32, 2, d_N.device)
    _check("m_", m_, torch.float32, 1, d_N.device)
    _check("place", place, torch.int32, 1, d_N.device)
    _check("buffer_0", buffer_0, torch.float32, 2, d_N.device)
    _check("buffer_1", buffer_1, torch.float32, 1, d_N.device)
    (q,) = d_N.shape
    _, x = S.shape
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if logsum_.shape != (q,):
        raise ValueError(f"logsum_: f32[q] has shape {logsum_.shape}, expected {(q,)}")
    if S.shape != (q, x):
        raise ValueError(f"S: f32[q x] has shape {S.shape}, expected {(q, x)}")
    if m_.shape != (q,):
        raise ValueError(f"m_: f32[q] has shape {m_.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    buffer_2 = torch.empty((q, x), dtype=torch.bfloat16, device=d_N.device)
    buffer_3 = torch.empty((q, x), dtype=torch.float32, device=d_N.device)
    if _is_traced(buffer_2):
        return buffer_2, buffer_3
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spread_long_backward_buffer_2_buffer_3_rows_kernel[grid](
            d_N, N, logsum_, S, m_, place, buffer_0, buffer_1, buffer_2, buffer_3, d_N.stride(0), N.stride(0),
            logsum_.stride(0), S.stride(0), S.stride(1), m_.stride(0), place.stride(0), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1),
            buffer_3.stride(0), buffer_3.stride(1), q, x, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return buffer_2, buffer_3
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    spread_long_backward_buffer_2_buffer_3_kernel[grid](
        d_N, N, logsum_, S, m_, place, buffer_0, buffer_1, buffer_2, buffer_3, d_N.stride(0), N.stride(0),
        logsum_.stride(0), S.stride(0), S.stride(1), m_.stride(0), place.stride(0), buffer_0.stride(0),
        buffer_0.stride(1), buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), buffer_3.stride(0),
        buffer_3.stride(1), q, x, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_2, buffer_3


@_operator
def _spread_long_backward_d_Q(K: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_spread_long_backward_d_Q(K: bf16[x d], buffer_2: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 2, K.device)
    x, d = K.shape
    q, _ = buffer_2.shape
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: bf16[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    spread_long_backward_d_Q_kernel[grid](
        K, buffer_2, d_Q, K.stride(0), K.stride(1), buffer_2.stride(0), buffer_2.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _spread_long_backward_d_K(Q: torch.Tensor, buffer_2: torch.Tensor) -> torch.Tensor:
    """_spread_long_backward_d_K(Q: bf16[q d], buffer_2: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("buffer_2", buffer_2, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_2.shape
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: bf16[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    spread_long_backward_d_K_kernel[grid](
        Q, buffer_2, d_K, Q.stride(0), Q.stride(1), buffer_2.stride(0), buffer_2.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _spread_long_backward_d_V(d_O: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_spread_long_backward_d_V(d_O: f32[q e], buffer_3: f32[q x]) -> d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("d_O", d_O, torch.float32, 2, d_O.device)
    _check("buffer_3", buffer_3, torch.float32, 2, d_O.device)
    q, e = d_O.shape
    _, x = buffer_3.shape
    if buffer_3.shape != (q, x):
        raise ValueError(f"buffer_3: f32[q x] has shape {buffer_3.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=d_O.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 64, 64, 32, 4, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    spread_long_backward_d_V_kernel[grid](
        d_O, buffer_3, d_V, d_O.stride(0), d_O.stride(1), buffer_3.stride(0), buffer_3.stride(1),
        d_V.stride(0), d_V.stride(1), q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


class _spread_autograd(torch.autograd.Function):
    """spread and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        O, N, logsum, m, z, state, state_, place = _spread_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, N, logsum, m, z, state, state_, place)
        return O, N

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_O, d_N):
        Q, K, V, N, logsum, m, z, state, state_, place = ctx.saved_tensors
        buffer_1 = _spread_backward_buffer_1(d_O, d_N, N, z, state, state_)
        buffer_0, d_Q = _spread_backward_buffer_0_d_Q(Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1)
        d_K, d_V = _spread_backward_d_K_d_V(Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, buffer_0)
        return d_Q, d_K, d_V


class _spread_long_autograd(torch.autograd.Function):
    """spread and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        S = _spread_long_forward_S(Q, K)
        w, m_, state_, place = _spread_long_forward_w_m__state__place(S)
        z_ = _spread_long_forward_z_(w)
        state = _spread_long_forward_state(V, w)
        O, N, logsum_ = _spread_long_forward_O_N_logsum_(state, z_, state_, m_)
        ctx.save_for_backward(Q, K, V, N, logsum_, S, m_, z_, state, state_, place)
        return O, N

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_O, d_N):
        Q, K, V, N, logsum_, S, m_, z_, state, state_, place = ctx.saved_tensors
        buffer_0 = _spread_long_backward_buffer_0(V, d_O)
        buffer_1 = _spread_long_backward_buffer_1(d_O, d_N, N, z_, state, state_)
        buffer_2, buffer_3 = _spread_long_backward_buffer_2_buffer_3(d_N, N, logsum_, S, m_, place, buffer_0, buffer_1)
        d_Q = _spread_long_backward_d_Q(K, buffer_2)
        d_K = _spread_long_backward_d_K(Q, buffer_2)
        d_V = _spread_long_backward_d_V(d_O, buffer_3)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def spread(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: f32[q e], N: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _spread_autograd.apply(Q, K, V)
        return _spread_long_autograd.apply(Q, K, V)
    if max(d, e) <= 256:
        O, N = _spread(Q, K, V)
        return O, N
    S = _spread_long_S(Q, K)
    O_2 = _spread_long_O(V, S)
    N_2 = _spread_long_N(S)
    return O_2, N_2


@triton.jit
def drift_kernel(
    Q_ptr, K_ptr, t_ptr, forecast_ptr, lean_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, t_stride_x,
    forecast_stride_q, lean_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_5 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_6 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_7 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
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
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = e * t[None, :]
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_q = 1.0 / next_z
        # src[maps.diag:7]
        gt_q = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt_q, recip_q * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = e * x_f32[None, :]
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt_q, (recip * recip_q) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_q_x = (recip * x_f32)[None, :] - next_centre_2[:, None]
        sub_q_x_2 = t[None, :] - next_centre[:, None]
        mul_q_x_4 = (sub_q_x_2 * e) * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_q_x_5 = e * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_q_x_6 = e * sub_q_x_2
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_q_x_7 = ((e * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_q_x_8 = (e * sub_q_x) * sub_q_x
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (1.4426950408889634 * rsqrt) * tile
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = e * t[None, :]
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_q = 1.0 / next_z
        # src[maps.diag:7]
        gt_q = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt_q, recip_q * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = e * x_f32[None, :]
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt_q, (recip * recip_q) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_q_x = (recip * x_f32)[None, :] - next_centre_2[:, None]
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], sub_q_x, 0.0)
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], t[None, :] - next_centre[:, None], 0.0)
        mul_q_x_4 = tl.where((x_index < size_x)[None, :], (sub_q_x_3 * e) * sub_q_x_2, 0.0)
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_q_x_5 = e * sub_q_x_2
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_q_x_6 = e * sub_q_x_3
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_q_x_7 = ((e * sub_q_x_2) * sub_q_x_2) * sub_q_x_2
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_q_x_8 = (e * sub_q_x_2) * sub_q_x_2
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    # src[moments.diag:39]
    tl.store(
        forecast_ptr + q_index * forecast_stride_q,
        tl.where(gt_q, recip_q * (acc_x + acc_x_3), 0.0),
        mask=(q_index < size_q),
    )
    where_q = tl.where(gt_q, recip_q * ((recip * acc_x_2) + acc_x_6), 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, where_q, mask=(q_index < size_q))


@triton.jit
def drift_long_buffer_0_kernel(
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
        # src[moments.diag:34]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:34]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[moments.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        (scalar * acc_d),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def drift_long_forecast_lean_rows_kernel(
    t_ptr, buffer_0_ptr, forecast_ptr, lean_ptr, t_stride_x, buffer_0_stride_q, buffer_0_stride_x,
    forecast_stride_q, lean_stride_q, size_x, size_q, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[moments.diag:36]
    x_f32 = x_index.to(tl.float32)
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
    mul_x = e * x_f32
    sum_ = tl.sum(mul_x, 0)
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    # src[maps.diag:6]
    sum_2 = tl.sum(e, 0)
    recip_2 = 1.0 / sum_2
    # src[maps.diag:7]
    gt = sum_2 > 0.0
    # src[moments.diag:38]
    # src[moments.diag:36]
    # src[moments.diag:39]
    sub_x_2 = (recip * x_f32) - tl.where(gt, (recip_2 * recip) * sum_, 0.0)
    sub_x_3 = tl.where(x_index < size_x, sub_x_2, 0.0)
    # src[moments.diag:34]
    t = load_tile(t_ptr + x_index * t_stride_x, (x_index < size_x), 0.0, EXACT_X)
    mul_x_2 = e * t
    sum_3 = tl.sum(mul_x_2, 0)
    # src[moments.diag:37]
    # src[moments.diag:39]
    mul_x_3 = ((t - tl.where(gt, recip_2 * sum_3, 0.0)) * e) * sub_x_3
    mul_x_4 = tl.where(x_index < size_x, mul_x_3, 0.0)
    sum_4 = tl.sum(mul_x_4, 0)
    tl.store(forecast_ptr + q_index * forecast_stride_q, tl.where(gt, recip_2 * (sum_3 + sum_4), 0.0))
    mul_x_5 = ((e * sub_x_3) * sub_x_3) * sub_x_3
    sum_5 = tl.sum(mul_x_5, 0)
    where = tl.where(gt, recip_2 * ((recip * sum_) + sum_5), 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, where)


@triton.jit
def drift_long_forecast_lean_kernel(
    t_ptr, buffer_0_ptr, forecast_ptr, lean_ptr, t_stride_x, buffer_0_stride_q, buffer_0_stride_x,
    forecast_stride_q, lean_stride_q, size_x, size_q, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    acc_x_4 = tl.full([], 0.0, tl.float32)
    acc_x_5 = tl.full([], 0.0, tl.float32)
    acc_x_6 = tl.full([], 0.0, tl.float32)
    acc_x_7 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    centre_2 = tl.full([], 0.0, tl.float32)
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_x = e * t
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_2 = 1.0 / next_z
        # src[maps.diag:7]
        gt = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt, recip_2 * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_x_2 = e * x_f32
        tile_sum_3 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt, (recip_2 * recip) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_x = (recip * x_f32) - next_centre_2
        sub_x_2 = t - next_centre
        mul_x_3 = (sub_x_2 * e) * sub_x
        tile_sum_4 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_x_4 = e * sub_x
        tile_sum_5 = tl.sum(mul_x_4, 0)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_x_5 = e * sub_x_2
        tile_sum_6 = tl.sum(mul_x_5, 0)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_x_6 = ((e * sub_x) * sub_x) * sub_x
        tile_sum_7 = tl.sum(mul_x_6, 0)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_x_7 = (e * sub_x) * sub_x
        tile_sum_8 = tl.sum(mul_x_7, 0)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
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
        scale = tl.exp2(max_x - safe_next_max_x)
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_x = e * t
        tile_sum_2 = tl.sum(mul_x, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_2 = 1.0 / next_z
        # src[maps.diag:7]
        gt = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt, recip_2 * next_acc_x, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_x_2 = e * x_f32
        tile_sum_3 = tl.sum(mul_x_2, 0)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt, (recip_2 * recip) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_x = tl.where(x_index < size_x, (recip * x_f32) - next_centre_2, 0.0)
        sub_x_2 = tl.where(x_index < size_x, t - next_centre, 0.0)
        mul_x_3 = tl.where(x_index < size_x, (sub_x_2 * e) * sub_x, 0.0)
        tile_sum_4 = tl.sum(mul_x_3, 0)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_x_4 = e * sub_x
        tile_sum_5 = tl.sum(mul_x_4, 0)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_x_5 = e * sub_x_2
        tile_sum_6 = tl.sum(mul_x_5, 0)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_x_6 = ((e * sub_x) * sub_x) * sub_x
        tile_sum_7 = tl.sum(mul_x_6, 0)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_x_7 = (e * sub_x) * sub_x
        tile_sum_8 = tl.sum(mul_x_7, 0)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    recip_2 = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    # src[moments.diag:39]
    tl.store(forecast_ptr + q_index * forecast_stride_q, tl.where(gt, recip_2 * (acc_x + acc_x_3), 0.0))
    where = tl.where(gt, recip_2 * ((recip * acc_x_2) + acc_x_6), 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, where)


@triton.jit
def drift_forward_kernel(
    Q_ptr, K_ptr, t_ptr, forecast_ptr, lean_ptr, logsum_ptr, state_ptr, z_ptr, state__ptr, state___ptr,
    Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, t_stride_x, forecast_stride_q, lean_stride_q,
    logsum_stride_q, state_stride_q, z_stride_q, state__stride_q, state___stride_q, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_5 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_6 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_7 = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
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
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = t[None, :] * e
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_q = 1.0 / next_z
        # src[maps.diag:7]
        gt_q = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt_q, next_acc_x * recip_q, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = e * x_f32[None, :]
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt_q, (recip * recip_q) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_q_x = (recip * x_f32)[None, :] - next_centre_2[:, None]
        sub_q_x_2 = t[None, :] - next_centre[:, None]
        mul_q_x_4 = (e * sub_q_x_2) * sub_q_x
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_q_x_5 = e * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_q_x_6 = e * sub_q_x_2
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_q_x_7 = ((e * sub_q_x) * sub_q_x) * sub_q_x
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_q_x_8 = (e * sub_q_x) * sub_q_x
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (rsqrt * 1.4426950408889634) * tile
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        scale = tl.exp2(max_x - next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_q_x - next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = t[None, :] * e
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_q = 1.0 / next_z
        # src[maps.diag:7]
        gt_q = next_z > 0.0
        # src[moments.diag:37]
        m = tl.where(gt_q, next_acc_x * recip_q, 0.0)
        next_centre = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = e * x_f32[None, :]
        tile_sum_3 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:38]
        centre_3 = tl.where(gt_q, (recip * recip_q) * next_acc_x_2, 0.0)
        next_centre_2 = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_q_x = (recip * x_f32)[None, :] - next_centre_2[:, None]
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], sub_q_x, 0.0)
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], t[None, :] - next_centre[:, None], 0.0)
        mul_q_x_4 = tl.where((x_index < size_x)[None, :], (e * sub_q_x_3) * sub_q_x_2, 0.0)
        tile_sum_4 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_q_x_5 = e * sub_q_x_2
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_q_x_6 = e * sub_q_x_3
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_4) + ((-1.0 * z) * change_2)) * change_2
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change_2)
        mul_q_x_7 = ((e * sub_q_x_2) * sub_q_x_2) * sub_q_x_2
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_4) + (z * change_2)) * change_2)
        mul_q_x_8 = (e * sub_q_x_2) * sub_q_x_2
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    # src[moments.diag:39]
    tl.store(
        forecast_ptr + q_index * forecast_stride_q,
        tl.where(gt_q, recip_q * (acc_x + acc_x_3), 0.0),
        mask=(q_index < size_q),
    )
    where_q = tl.where(gt_q, recip_q * (acc_x_6 + (acc_x_2 * recip)), 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, where_q, mask=(q_index < size_q))
    mul_q = max_x * 0.6931471805599453
    tl.store(logsum_ptr + q_index * logsum_stride_q, (mul_q + tl.log(z)), mask=(q_index < size_q))
    tl.store(state_ptr + q_index * state_stride_q, mul_q, mask=(q_index < size_q))
    tl.store(z_ptr + q_index * z_stride_q, z, mask=(q_index < size_q))
    tl.store(state__ptr + q_index * state__stride_q, acc_x, mask=(q_index < size_q))
    tl.store(state___ptr + q_index * state___stride_q, acc_x_2, mask=(q_index < size_q))


@triton.jit
def drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q_kernel(
    Q_ptr, K_ptr, t_ptr, d_forecast_ptr, d_lean_ptr, logsum_ptr, state_ptr, z_ptr, state__ptr, state___ptr,
    buffer_0_ptr, buffer_1_ptr, buffer_2_ptr, buffer_3_ptr, buffer_5_ptr, buffer_6_ptr, d_Q_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, t_stride_x, d_forecast_stride_q, d_lean_stride_q, logsum_stride_q,
    state_stride_q, z_stride_q, state__stride_q, state___stride_q, buffer_0_stride_q, buffer_1_stride_q,
    buffer_2_stride_q, buffer_3_stride_q, buffer_5_stride_q, buffer_6_stride_q, d_Q_stride_q, d_Q_stride_d,
    size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_5 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_6 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_7 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_8 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_9 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_10 = tl.full([BLOCK_Q], 0.0, tl.float32)
    sum_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_11 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_12 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_13 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_14 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_15 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_16 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    centre_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    d_forecast = tl.load(d_forecast_ptr + q_index * d_forecast_stride_q, mask=(q_index < size_q), other=0.0)
    d_lean = tl.load(d_lean_ptr + q_index * d_lean_stride_q, mask=(q_index < size_q), other=0.0)
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_2 = 1.4426950408889634 * state
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    recip_q = 1.0 / z
    # src[maps.diag:7]
    gt_q = z > 0.0
    where_q = tl.where(gt_q, (recip * recip_q) * recip_q, 0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        exp2_q_x = tl.exp2(mul_q_x - mul_q[:, None])
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_q_x_2 = t[None, :] * exp2_q_x
        tile_sum = tl.sum(mul_q_x_2, 1)
        next_acc_x = acc_x + tile_sum
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_q_x_3 = x_f32[None, :] * exp2_q_x
        tile_sum_2 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        where_q_2 = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_3 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        change = where_q_3 - where_q_2
        where_q_4 = tl.where(tl.abs(acc_x_2) < float("inf"), acc_x_2, 0.0)
        where_q_5 = tl.where(tl.abs(next_acc_x_2) < float("inf"), next_acc_x_2, 0.0)
        change_2 = where_q_5 - where_q_4
        acc_x_17 = (3.0 * (((recip * recip) * d_lean) * sum_x)) * change_2
        acc_x_18 = (-6.0 * (((recip * recip) * d_lean) * acc_x_4)) + acc_x_17
        acc_x_19 = (acc_x_3 + (acc_x_18 * change_2)) + ((-1.0 * (d_forecast * sum_x)) * change)
        exp2_q_x_2 = tl.exp2(mul_q_x - mul_q_2[:, None])
        sub_q_x = x_f32[None, :] - next_acc_x_2[:, None]
        tile = (((3.0 * recip) * recip) * d_lean)[:, None] * sub_q_x
        sub_q_x_2 = t[None, :] - next_acc_x[:, None]
        add_q_x = (sub_q_x_2 * d_forecast[:, None]) + (tile * sub_q_x)
        mul_q_x_4 = add_q_x * exp2_q_x_2
        tile_sum_3 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = acc_x_19 + tile_sum_3
        tile_sum_4 = tl.sum(exp2_q_x_2, 1)
        next_sum_x = sum_x + tile_sum_4
        mul_q_x_5 = exp2_q_x_2 * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = (acc_x_4 + ((-1.0 * sum_x) * change_2)) + tile_sum_5
        mul_q_x_6 = sub_q_x * exp2_q_x_2
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = (acc_x_5 + ((-1.0 * sum_x) * change_2)) + tile_sum_6
        add_q = (next_acc_x_3 * state__) + ((d_forecast * state_) * next_acc_x_5)
        mul_q_3 = recip_q * add_q
        next_centre = tl.where(tl.abs(mul_q_3) < float("inf"), mul_q_3, 0.0)
        acc_x_20 = ((3.0 * acc_x_5) + ((-1.0 * sum_x) * change_2)) * change_2
        acc_x_21 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_20) * change_2)
        mul_q_x_7 = ((sub_q_x * sub_q_x) * sub_q_x) * exp2_q_x_2
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = acc_x_21 + tile_sum_7
        acc_x_22 = ((-2.0 * acc_x_5) + (sum_x * change_2)) * change_2
        mul_q_x_8 = (exp2_q_x_2 * sub_q_x) * sub_q_x
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_7 + acc_x_22) + tile_sum_8
        acc_x_23 = ((-1.0 * acc_x_5) + (sum_x * change_2)) * change
        acc_x_24 = (acc_x_8 + ((-1.0 * acc_x_9) * change_2)) + acc_x_23
        mul_q_x_9 = (sub_q_x_2 * sub_q_x) * exp2_q_x_2
        tile_sum_9 = tl.sum(mul_q_x_9, 1)
        next_acc_x_8 = acc_x_24 + tile_sum_9
        tile_2 = recip * (((recip * recip) * next_acc_x_6) + state__)
        add_q_2 = (tile_2 * d_lean) + (d_forecast * (state_ + (next_acc_x_8 * recip)))
        mul_q_4 = (recip_q * recip_q) * add_q_2
        next_centre_2 = tl.where(tl.abs(mul_q_4) < float("inf"), mul_q_4, 0.0)
        mul_q_x_10 = exp2_q_x_2 * sub_q_x_2
        tile_sum_10 = tl.sum(mul_q_x_10, 1)
        next_acc_x_9 = (acc_x_9 + ((-1.0 * sum_x) * change)) + tile_sum_10
        mul_q_x_11 = sub_q_x * exp2_q_x
        tile_sum_11 = tl.sum(mul_q_x_11, 1)
        next_acc_x_10 = (acc_x_10 + ((-1.0 * sum_x_2) * change_2)) + tile_sum_11
        tile_sum_12 = tl.sum(exp2_q_x, 1)
        next_sum_x_2 = sum_x_2 + tile_sum_12
        where_q_6 = tl.where(tl.abs(acc_x_5) < float("inf"), acc_x_5, 0.0)
        where_q_7 = tl.where(tl.abs(next_acc_x_5) < float("inf"), next_acc_x_5, 0.0)
        where_q_8 = tl.where(tl.abs(acc_x_3) < float("inf"), acc_x_3, 0.0)
        where_q_9 = tl.where(tl.abs(next_acc_x_3) < float("inf"), next_acc_x_3, 0.0)
        mul_q_d = ((recip * recip_q) * d_forecast)[:, None] * acc_x_15
        mul_q_d_2 = ((((recip * recip) * recip) * recip_q) * d_lean)[:, None] * acc_x_15
        mul_q_d_3 = ((((recip * recip) * recip) * recip_q) * d_lean)[:, None] * acc_x_12
        mul_q_d_4 = ((recip * recip_q) * d_forecast)[:, None] * acc_x_12
        acc_x_25 = (-1.0 * mul_q_d) + (mul_q_d_4 * change_2[:, None])
        acc_x_26 = (3.0 * mul_q_d_2) + ((-1.0 * mul_q_d_3) * change_2[:, None])
        acc_x_27 = (-1.0 * acc_x_12) * (next_centre_2 - centre_2)[:, None]
        acc_x_28 = (acc_x_16 + (acc_x_26 * change_2[:, None])) * change_2[:, None]
        acc_x_29 = ((acc_x_11 + acc_x_27) + acc_x_28) + (acc_x_25 * change[:, None])
        acc_x_30 = acc_x_29 + (acc_x_14 * (where_q_9 - where_q_8)[:, None])
        acc_x_31 = acc_x_30 + (acc_x_13 * (where_q_7 - where_q_6)[:, None])
        acc_x_32 = (where_q[:, None] * acc_x_12) * (next_centre - centre)[:, None]
        tile_3 = ((((recip * recip) * recip) * recip_q) * d_lean)[:, None] * sub_q_x
        tile_4 = ((recip * recip_q) * d_forecast)[:, None] * sub_q_x_2
        mul_q_x_12 = (recip_q[:, None] * t[None, :]) * d_forecast[:, None]
        mul_q_x_13 = (t[None, :] * d_forecast[:, None]) * next_acc_x_5[:, None]
        add_q_x_2 = mul_q_x_13 + (x_f32[None, :] * next_acc_x_3[:, None])
        safe_ = tl.where(add_q_x_2 == float("-inf"), 0.0, add_q_x_2)
        mul_q_x_14 = ((recip * recip_q) * recip_q)[:, None] * (next_centre[:, None] - safe_)
        mul_q_x_15 = ((recip * recip_q)[:, None] * x_f32[None, :]) * d_lean[:, None]
        tile_5 = mul_q_x_15 + tl.where(gt_q[:, None], mul_q_x_14, 0.0)
        add_q_x_3 = ((tile_5 + mul_q_x_12) + (tile_4 * sub_q_x)) + ((tile_3 * sub_q_x) * sub_q_x)
        safe_next_centre = tl.where(next_centre_2 == float("-inf"), 0.0, next_centre_2)
        tile_6 = (add_q_x_3 - safe_next_centre[:, None]) * exp2_q_x_2
        tile_bf16 = tile_6.to(tl.bfloat16)
        next_acc_x_11 = tl.dot(tile_bf16, K, (acc_x_31 + acc_x_32))
        tile_bf16_2 = exp2_q_x_2.to(tl.bfloat16)
        next_acc_x_12 = tl.dot(tile_bf16_2, K, acc_x_12)
        tile_7 = ((-1.0 * recip) * t)[None, :] * d_forecast[:, None]
        where_q_x = tl.where(gt_q[:, None], (tile_7 * recip_q[:, None]) * recip_q[:, None], 0.0)
        tile_bf16_3 = (exp2_q_x_2 * where_q_x).to(tl.bfloat16)
        next_acc_x_13 = tl.dot(tile_bf16_3, K, acc_x_13)
        tile_8 = ((-1.0 * recip) * x_f32)[None, :] * recip_q[:, None]
        where_q_x_2 = tl.where(gt_q[:, None], tile_8 * recip_q[:, None], 0.0)
        tile_bf16_4 = (exp2_q_x_2 * where_q_x_2).to(tl.bfloat16)
        next_acc_x_14 = tl.dot(tile_bf16_4, K, acc_x_14)
        acc_x_33 = acc_x_15 + ((-1.0 * acc_x_12) * change_2[:, None])
        tile_bf16_5 = (exp2_q_x_2 * sub_q_x).to(tl.bfloat16)
        next_acc_x_15 = tl.dot(tile_bf16_5, K, acc_x_33)
        acc_x_34 = (6.0 * mul_q_d_2) + ((-3.0 * mul_q_d_3) * change_2[:, None])
        acc_x_35 = (acc_x_16 + (acc_x_34 * change_2[:, None])) + (mul_q_d_4 * change[:, None])
        tile_9 = ((((-3.0 * recip) * recip) * recip) * recip_q) * d_lean
        mul_q_x_16 = (((-1.0 * recip) * recip_q) * d_forecast)[:, None] * sub_q_x_2
        add_q_x_4 = mul_q_x_16 + ((tile_9[:, None] * sub_q_x) * sub_q_x)
        tile_bf16_6 = (exp2_q_x_2 * add_q_x_4).to(tl.bfloat16)
        next_acc_x_16 = tl.dot(tile_bf16_6, K, acc_x_35)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        sum_x = next_sum_x
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        acc_x_8 = next_acc_x_8
        acc_x_9 = next_acc_x_9
        acc_x_10 = next_acc_x_10
        sum_x_2 = next_sum_x_2
        acc_x_11 = next_acc_x_11
        acc_x_12 = next_acc_x_12
        acc_x_13 = next_acc_x_13
        acc_x_14 = next_acc_x_14
        acc_x_15 = next_acc_x_15
        acc_x_16 = next_acc_x_16
        centre = next_centre
        centre_2 = next_centre_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        mul_q_x = (1.4426950408889634 * rsqrt) * tile
        exp2_q_x = tl.exp2(mul_q_x - mul_q[:, None])
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_q_x_2 = t[None, :] * exp2_q_x
        tile_sum = tl.sum(mul_q_x_2, 1)
        next_acc_x = acc_x + tile_sum
        # src[moments.diag:36]
        tile_2 = tl.where(x_index < size_x, x_index.to(tl.float32), 0.0)
        mul_q_x_3 = tile_2[None, :] * exp2_q_x
        tile_sum_2 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = acc_x_2 + tile_sum_2
        where_q_2 = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_3 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        change = where_q_3 - where_q_2
        where_q_4 = tl.where(tl.abs(acc_x_2) < float("inf"), acc_x_2, 0.0)
        where_q_5 = tl.where(tl.abs(next_acc_x_2) < float("inf"), next_acc_x_2, 0.0)
        change_2 = where_q_5 - where_q_4
        acc_x_17 = (3.0 * (((recip * recip) * d_lean) * sum_x)) * change_2
        acc_x_18 = (-6.0 * (((recip * recip) * d_lean) * acc_x_4)) + acc_x_17
        acc_x_19 = (acc_x_3 + (acc_x_18 * change_2)) + ((-1.0 * (d_forecast * sum_x)) * change)
        exp2_q_x_2 = tl.exp2(mul_q_x - mul_q_2[:, None])
        sub_q_x = tl.where((x_index < size_x)[None, :], tile_2[None, :] - next_acc_x_2[:, None], 0.0)
        tile_3 = (((3.0 * recip) * recip) * d_lean)[:, None] * sub_q_x
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], t[None, :] - next_acc_x[:, None], 0.0)
        add_q_x = (sub_q_x_2 * d_forecast[:, None]) + (tile_3 * sub_q_x)
        add_q_x_2 = tl.where((x_index < size_x)[None, :], add_q_x, 0.0)
        mul_q_x_4 = add_q_x_2 * exp2_q_x_2
        tile_sum_3 = tl.sum(mul_q_x_4, 1)
        next_acc_x_3 = acc_x_19 + tile_sum_3
        tile_sum_4 = tl.sum(exp2_q_x_2, 1)
        next_sum_x = sum_x + tile_sum_4
        mul_q_x_5 = exp2_q_x_2 * sub_q_x
        tile_sum_5 = tl.sum(mul_q_x_5, 1)
        next_acc_x_4 = (acc_x_4 + ((-1.0 * sum_x) * change_2)) + tile_sum_5
        mul_q_x_6 = sub_q_x * exp2_q_x_2
        tile_sum_6 = tl.sum(mul_q_x_6, 1)
        next_acc_x_5 = (acc_x_5 + ((-1.0 * sum_x) * change_2)) + tile_sum_6
        add_q = (next_acc_x_3 * state__) + ((d_forecast * state_) * next_acc_x_5)
        mul_q_3 = recip_q * add_q
        next_centre = tl.where(tl.abs(mul_q_3) < float("inf"), mul_q_3, 0.0)
        acc_x_20 = ((3.0 * acc_x_5) + ((-1.0 * sum_x) * change_2)) * change_2
        acc_x_21 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_20) * change_2)
        mul_q_x_7 = ((sub_q_x * sub_q_x) * sub_q_x) * exp2_q_x_2
        tile_sum_7 = tl.sum(mul_q_x_7, 1)
        next_acc_x_6 = acc_x_21 + tile_sum_7
        acc_x_22 = ((-2.0 * acc_x_5) + (sum_x * change_2)) * change_2
        mul_q_x_8 = (exp2_q_x_2 * sub_q_x) * sub_q_x
        tile_sum_8 = tl.sum(mul_q_x_8, 1)
        next_acc_x_7 = (acc_x_7 + acc_x_22) + tile_sum_8
        acc_x_23 = ((-1.0 * acc_x_5) + (sum_x * change_2)) * change
        acc_x_24 = (acc_x_8 + ((-1.0 * acc_x_9) * change_2)) + acc_x_23
        mul_q_x_9 = (sub_q_x_2 * sub_q_x) * exp2_q_x_2
        tile_sum_9 = tl.sum(mul_q_x_9, 1)
        next_acc_x_8 = acc_x_24 + tile_sum_9
        tile_4 = recip * (((recip * recip) * next_acc_x_6) + state__)
        add_q_2 = (tile_4 * d_lean) + (d_forecast * (state_ + (next_acc_x_8 * recip)))
        mul_q_4 = (recip_q * recip_q) * add_q_2
        next_centre_2 = tl.where(tl.abs(mul_q_4) < float("inf"), mul_q_4, 0.0)
        mul_q_x_10 = exp2_q_x_2 * sub_q_x_2
        tile_sum_10 = tl.sum(mul_q_x_10, 1)
        next_acc_x_9 = (acc_x_9 + ((-1.0 * sum_x) * change)) + tile_sum_10
        mul_q_x_11 = sub_q_x * exp2_q_x
        tile_sum_11 = tl.sum(mul_q_x_11, 1)
        next_acc_x_10 = (acc_x_10 + ((-1.0 * sum_x_2) * change_2)) + tile_sum_11
        tile_sum_12 = tl.sum(exp2_q_x, 1)
        next_sum_x_2 = sum_x_2 + tile_sum_12
        where_q_6 = tl.where(tl.abs(acc_x_5) < float("inf"), acc_x_5, 0.0)
        where_q_7 = tl.where(tl.abs(next_acc_x_5) < float("inf"), next_acc_x_5, 0.0)
        where_q_8 = tl.where(tl.abs(acc_x_3) < float("inf"), acc_x_3, 0.0)
        where_q_9 = tl.where(tl.abs(next_acc_x_3) < float("inf"), next_acc_x_3, 0.0)
        mul_q_d = ((recip * recip_q) * d_forecast)[:, None] * acc_x_15
        mul_q_d_2 = ((((recip * recip) * recip) * recip_q) * d_lean)[:, None] * acc_x_15
        mul_q_d_3 = ((((recip * recip) * recip) * recip_q) * d_lean)[:, None] * acc_x_12
        mul_q_d_4 = ((recip * recip_q) * d_forecast)[:, None] * acc_x_12
        acc_x_25 = (-1.0 * mul_q_d) + (mul_q_d_4 * change_2[:, None])
        acc_x_26 = (3.0 * mul_q_d_2) + ((-1.0 * mul_q_d_3) * change_2[:, None])
        acc_x_27 = (-1.0 * acc_x_12) * (next_centre_2 - centre_2)[:, None]
        acc_x_28 = (acc_x_16 + (acc_x_26 * change_2[:, None])) * change_2[:, None]
        acc_x_29 = ((acc_x_11 + acc_x_27) + acc_x_28) + (acc_x_25 * change[:, None])
        acc_x_30 = acc_x_29 + (acc_x_14 * (where_q_9 - where_q_8)[:, None])
        acc_x_31 = acc_x_30 + (acc_x_13 * (where_q_7 - where_q_6)[:, None])
        acc_x_32 = (where_q[:, None] * acc_x_12) * (next_centre - centre)[:, None]
        tile_5 = ((((recip * recip) * recip) * recip_q) * d_lean)[:, None] * sub_q_x
        tile_6 = ((recip * recip_q) * d_forecast)[:, None] * sub_q_x_2
        mul_q_x_12 = (recip_q[:, None] * t[None, :]) * d_forecast[:, None]
        mul_q_x_13 = (t[None, :] * d_forecast[:, None]) * next_acc_x_5[:, None]
        add_q_x_3 = mul_q_x_13 + (tile_2[None, :] * next_acc_x_3[:, None])
        safe_ = tl.where(add_q_x_3 == float("-inf"), 0.0, add_q_x_3)
        mul_q_x_14 = ((recip * recip_q) * recip_q)[:, None] * (next_centre[:, None] - safe_)
        mul_q_x_15 = ((recip * recip_q)[:, None] * tile_2[None, :]) * d_lean[:, None]
        tile_7 = mul_q_x_15 + tl.where(gt_q[:, None], mul_q_x_14, 0.0)
        add_q_x_4 = ((tile_7 + mul_q_x_12) + (tile_6 * sub_q_x)) + ((tile_5 * sub_q_x) * sub_q_x)
        safe_next_centre = tl.where(next_centre_2 == float("-inf"), 0.0, next_centre_2)
        sub_q_x_3 = tl.where((x_index < size_x)[None, :], add_q_x_4 - safe_next_centre[:, None], 0.0)
        tile_bf16 = (sub_q_x_3 * exp2_q_x_2).to(tl.bfloat16)
        next_acc_x_11 = tl.dot(tile_bf16, K, (acc_x_31 + acc_x_32))
        tile_bf16_2 = exp2_q_x_2.to(tl.bfloat16)
        next_acc_x_12 = tl.dot(tile_bf16_2, K, acc_x_12)
        tile_8 = ((-1.0 * recip) * t)[None, :] * d_forecast[:, None]
        where_q_x = tl.where(gt_q[:, None], (tile_8 * recip_q[:, None]) * recip_q[:, None], 0.0)
        tile_bf16_3 = (exp2_q_x_2 * where_q_x).to(tl.bfloat16)
        next_acc_x_13 = tl.dot(tile_bf16_3, K, acc_x_13)
        tile_9 = ((-1.0 * recip) * tile_2)[None, :] * recip_q[:, None]
        where_q_x_2 = tl.where(gt_q[:, None], tile_9 * recip_q[:, None], 0.0)
        tile_bf16_4 = (exp2_q_x_2 * where_q_x_2).to(tl.bfloat16)
        next_acc_x_14 = tl.dot(tile_bf16_4, K, acc_x_14)
        acc_x_33 = acc_x_15 + ((-1.0 * acc_x_12) * change_2[:, None])
        tile_bf16_5 = (exp2_q_x_2 * sub_q_x).to(tl.bfloat16)
        next_acc_x_15 = tl.dot(tile_bf16_5, K, acc_x_33)
        acc_x_34 = (6.0 * mul_q_d_2) + ((-3.0 * mul_q_d_3) * change_2[:, None])
        acc_x_35 = (acc_x_16 + (acc_x_34 * change_2[:, None])) + (mul_q_d_4 * change[:, None])
        tile_10 = ((((-3.0 * recip) * recip) * recip) * recip_q) * d_lean
        mul_q_x_16 = (((-1.0 * recip) * recip_q) * d_forecast)[:, None] * sub_q_x_2
        add_q_x_5 = mul_q_x_16 + ((tile_10[:, None] * sub_q_x) * sub_q_x)
        add_q_x_6 = tl.where((x_index < size_x)[None, :], add_q_x_5, 0.0)
        tile_bf16_6 = (exp2_q_x_2 * add_q_x_6).to(tl.bfloat16)
        next_acc_x_16 = tl.dot(tile_bf16_6, K, acc_x_35)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        sum_x = next_sum_x
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        acc_x_8 = next_acc_x_8
        acc_x_9 = next_acc_x_9
        acc_x_10 = next_acc_x_10
        sum_x_2 = next_sum_x_2
        acc_x_11 = next_acc_x_11
        acc_x_12 = next_acc_x_12
        acc_x_13 = next_acc_x_13
        acc_x_14 = next_acc_x_14
        acc_x_15 = next_acc_x_15
        acc_x_16 = next_acc_x_16
        centre = next_centre
        centre_2 = next_centre_2
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x, mask=(q_index < size_q))
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_x_2, mask=(q_index < size_q))
    tl.store(buffer_2_ptr + q_index * buffer_2_stride_q, acc_x_3, mask=(q_index < size_q))
    tl.store(buffer_3_ptr + q_index * buffer_3_stride_q, acc_x_5, mask=(q_index < size_q))
    tile = recip * (((recip * recip) * acc_x_6) + state__)
    add_q = (tile * d_lean) + (d_forecast * (state_ + (acc_x_8 * recip)))
    tl.store(
        buffer_5_ptr + q_index * buffer_5_stride_q,
        ((recip_q * recip_q) * add_q),
        mask=(q_index < size_q),
    )
    tl.store(buffer_6_ptr + q_index * buffer_6_stride_q, (1.0 - (recip * acc_x_10)), mask=(q_index < size_q))
    tile_bf16 = tl.where(gt_q[:, None], acc_x_11 * rsqrt, 0.0).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def drift_backward_d_K_d_t_kernel(
    Q_ptr, K_ptr, t_ptr, d_forecast_ptr, d_lean_ptr, logsum_ptr, state_ptr, z_ptr, state__ptr, state___ptr,
    buffer_2_ptr, buffer_3_ptr, buffer_0_ptr, buffer_1_ptr, buffer_5_ptr, buffer_6_ptr, d_K_ptr, d_t_ptr,
    Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, t_stride_x, d_forecast_stride_q, d_lean_stride_q,
    logsum_stride_q, state_stride_q, z_stride_q, state__stride_q, state___stride_q, buffer_2_stride_q,
    buffer_3_stride_q, buffer_0_stride_q, buffer_1_stride_q, buffer_5_stride_q, buffer_6_stride_q,
    d_K_stride_x, d_K_stride_d, d_t_stride_x, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X], 0.0, tl.float32)
    sum_q = tl.full([BLOCK_X], 0.0, tl.float32)
    # src[moments.diag:36]
    x_f32 = x_index.to(tl.float32)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    # src[moments.diag:34]
    t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:34]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_5 = tl.load(buffer_5_ptr + q_index * buffer_5_stride_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        sub_x_q = x_f32[:, None] - buffer_1[None, :]
        d_lean = tl.load(d_lean_ptr + q_index * d_lean_stride_q)
        z = tl.load(z_ptr + q_index * z_stride_q)
        recip_q = 1.0 / z
        tile = ((((recip * recip) * recip) * recip_q) * d_lean)[None, :] * sub_x_q
        d_forecast = tl.load(d_forecast_ptr + q_index * d_forecast_stride_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        tile_2 = tl.where((t == float("-inf"))[:, None], 0.0, buffer_0[None, :])
        tile_3 = ((recip * recip_q) * d_forecast)[None, :] * (t[:, None] - tile_2)
        mul_x_q = (recip_q[None, :] * t[:, None]) * d_forecast[None, :]
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q)
        buffer_3 = tl.load(buffer_3_ptr + q_index * buffer_3_stride_q)
        mul_x_q_2 = (t[:, None] * d_forecast[None, :]) * buffer_3[None, :]
        add_x_q = mul_x_q_2 + (x_f32[:, None] * buffer_2[None, :])
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        add_q = (buffer_2 * state__) + ((d_forecast * state_) * buffer_3)
        sub_x_q_2 = (recip_q * add_q)[None, :] - tl.where(add_x_q == float("-inf"), 0.0, add_x_q)
        mul_x_q_3 = ((recip * recip_q) * recip_q)[None, :] * sub_x_q_2
        # src[maps.diag:7]
        gt_q = z > 0.0
        mul_x_q_4 = ((recip * recip_q)[None, :] * x_f32[:, None]) * d_lean[None, :]
        tile_4 = mul_x_q_4 + tl.where(gt_q[None, :], mul_x_q_3, 0.0)
        add_x_q_2 = ((tile_4 + mul_x_q) + (tile_3 * sub_x_q)) + ((tile * sub_x_q) * sub_x_q)
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        state = tl.load(state_ptr + q_index * state_stride_q)
        # src[moments.diag:34]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        mul_x_q_5 = (1.4426950408889634 * rsqrt) * dot
        sub_x_q_3 = mul_x_q_5 - (1.4426950408889634 * state)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_3)
        tile_5 = (add_x_q_2 - safe_buffer_5[None, :]) * tl.where(gt_q[None, :], exp2_x_q, 0.0)
        tile_bf16 = tile_5.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        sub_x_q_4 = mul_x_q_5 - (1.4426950408889634 * logsum)[None, :]
        mul_x_q_6 = (sub_x_q * tl.exp2(sub_x_q_4)) * d_forecast[None, :]
        tile_sum = tl.sum(mul_x_q_6, 1)
        next_acc_q_2 = acc_q_2 + tile_sum
        buffer_6 = tl.load(buffer_6_ptr + q_index * buffer_6_stride_q)
        mul_x_q_7 = ((recip_q * buffer_6) * d_forecast)[None, :] * exp2_x_q
        where_x_q = tl.where(gt_q[None, :], mul_x_q_7, 0.0)
        tile_sum_2 = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum_2
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        sum_q = next_sum_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_5 = tl.load(buffer_5_ptr + q_index * buffer_5_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        sub_x_q = x_f32[:, None] - buffer_1[None, :]
        d_lean = tl.load(d_lean_ptr + q_index * d_lean_stride_q, mask=(q_index < size_q), other=0.0)
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        recip_q = 1.0 / z
        tile = ((((recip * recip) * recip) * recip_q) * d_lean)[None, :] * sub_x_q
        d_forecast = tl.load(
            d_forecast_ptr + q_index * d_forecast_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        tile_2 = tl.where((t == float("-inf"))[:, None], 0.0, buffer_0[None, :])
        tile_3 = ((recip * recip_q) * d_forecast)[None, :] * (t[:, None] - tile_2)
        mul_x_q = (recip_q[None, :] * t[:, None]) * d_forecast[None, :]
        buffer_2 = tl.load(buffer_2_ptr + q_index * buffer_2_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_3 = tl.load(buffer_3_ptr + q_index * buffer_3_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q_2 = (t[:, None] * d_forecast[None, :]) * buffer_3[None, :]
        add_x_q = mul_x_q_2 + (x_f32[:, None] * buffer_2[None, :])
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        add_q = (buffer_2 * state__) + ((d_forecast * state_) * buffer_3)
        sub_x_q_2 = (recip_q * add_q)[None, :] - tl.where(add_x_q == float("-inf"), 0.0, add_x_q)
        mul_x_q_3 = ((recip * recip_q) * recip_q)[None, :] * sub_x_q_2
        # src[maps.diag:7]
        gt_q = z > 0.0
        mul_x_q_4 = ((recip * recip_q)[None, :] * x_f32[:, None]) * d_lean[None, :]
        tile_4 = mul_x_q_4 + tl.where(gt_q[None, :], mul_x_q_3, 0.0)
        add_x_q_2 = ((tile_4 + mul_x_q) + (tile_3 * sub_x_q)) + ((tile * sub_x_q) * sub_x_q)
        safe_buffer_5 = tl.where(buffer_5 == float("-inf"), 0.0, buffer_5)
        sub_x_q_3 = tl.where((q_index < size_q)[None, :], add_x_q_2 - safe_buffer_5[None, :], 0.0)
        state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
        # src[moments.diag:34]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        mul_x_q_5 = (1.4426950408889634 * rsqrt) * dot
        sub_x_q_4 = mul_x_q_5 - (1.4426950408889634 * state)[None, :]
        exp2_x_q = tl.exp2(sub_x_q_4)
        tile_5 = sub_x_q_3 * tl.where(gt_q[None, :], exp2_x_q, 0.0)
        tile_bf16 = tile_5.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        sub_x_q_5 = mul_x_q_5 - (1.4426950408889634 * logsum)[None, :]
        mul_x_q_6 = (sub_x_q * tl.exp2(sub_x_q_5)) * d_forecast[None, :]
        tile_sum = tl.sum(mul_x_q_6, 1)
        next_acc_q_2 = acc_q_2 + tile_sum
        buffer_6 = tl.load(buffer_6_ptr + q_index * buffer_6_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q_7 = ((recip_q * buffer_6) * d_forecast)[None, :] * exp2_x_q
        where_x_q = tl.where((gt_q & (q_index < size_q))[None, :], mul_x_q_7, 0.0)
        tile_sum_2 = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum_2
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        sum_q = next_sum_q
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(d_t_ptr + x_index * d_t_stride_x, ((recip * acc_q_2) + sum_q), mask=(x_index < size_x))


@triton.jit
def drift_long_forward_state_kernel(
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
        # src[moments.diag:34]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:34]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def drift_long_forward_forecast_lean_logsum_state__z_state___state____rows_kernel(
    t_ptr, state_ptr, forecast_ptr, lean_ptr, logsum_ptr, state__ptr, z_ptr, state___ptr, state____ptr,
    t_stride_x, state_stride_q, state_stride_x, forecast_stride_q, lean_stride_q, logsum_stride_q,
    state__stride_q, z_stride_q, state___stride_q, state____stride_q, size_x, size_q, size_d,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[moments.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    mul_x = scalar * state
    max_ = tl.max(mul_x, 0)
    sub_x = mul_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    recip = 1.0 / sum_
    # src[moments.diag:34]
    t = load_tile(t_ptr + x_index * t_stride_x, (x_index < size_x), 0.0, EXACT_X)
    mul_x_2 = e * t
    sum_2 = tl.sum(mul_x_2, 0)
    # src[maps.diag:7]
    gt = sum_ > 0.0
    # src[moments.diag:37]
    # src[moments.diag:39]
    # src[moments.diag:36]
    recip_2 = 1.0 / tl.cast(size_x, tl.float32)
    x_f32 = x_index.to(tl.float32)
    mul_x_3 = e * x_f32
    sum_3 = tl.sum(mul_x_3, 0)
    # src[moments.diag:38]
    # src[moments.diag:36]
    # src[moments.diag:39]
    sub_x_2 = (recip_2 * x_f32) - tl.where(gt, (sum_3 * recip_2) * recip, 0.0)
    sub_x_3 = tl.where(x_index < size_x, sub_x_2, 0.0)
    mul_x_4 = (e * sub_x_3) * (t - tl.where(gt, sum_2 * recip, 0.0))
    mul_x_5 = tl.where(x_index < size_x, mul_x_4, 0.0)
    sum_4 = tl.sum(mul_x_5, 0)
    tl.store(forecast_ptr + q_index * forecast_stride_q, tl.where(gt, (sum_4 + sum_2) * recip, 0.0))
    mul_x_6 = ((e * sub_x_3) * sub_x_3) * sub_x_3
    sum_5 = tl.sum(mul_x_6, 0)
    where = tl.where(gt, ((sum_3 * recip_2) + sum_5) * recip, 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, where)
    mul = 0.6931471805599453 * max_
    tl.store(logsum_ptr + q_index * logsum_stride_q, (mul + tl.log(sum_)))
    tl.store(state__ptr + q_index * state__stride_q, mul)
    tl.store(z_ptr + q_index * z_stride_q, sum_)
    tl.store(state___ptr + q_index * state___stride_q, sum_2)
    tl.store(state____ptr + q_index * state____stride_q, sum_3)


@triton.jit
def drift_long_forward_forecast_lean_logsum_state__z_state___state____kernel(
    t_ptr, state_ptr, forecast_ptr, lean_ptr, logsum_ptr, state__ptr, z_ptr, state___ptr, state____ptr,
    t_stride_x, state_stride_q, state_stride_x, forecast_stride_q, lean_stride_q, logsum_stride_q,
    state__stride_q, z_stride_q, state___stride_q, state____stride_q, size_x, size_q, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    acc_x_4 = tl.full([], 0.0, tl.float32)
    acc_x_5 = tl.full([], 0.0, tl.float32)
    acc_x_6 = tl.full([], 0.0, tl.float32)
    acc_x_7 = tl.full([], 0.0, tl.float32)
    centre = tl.full([], 0.0, tl.float32)
    centre_2 = tl.full([], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (1.4426950408889634 * rsqrt) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_x_2 = e * x_f32
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_2 = 1.0 / next_z
        # src[maps.diag:7]
        gt = next_z > 0.0
        # src[moments.diag:38]
        centre_3 = tl.where(gt, (next_acc_x * recip) * recip_2, 0.0)
        next_centre = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_x_3 = e * t
        tile_sum_3 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:37]
        m = tl.where(gt, next_acc_x_2 * recip_2, 0.0)
        next_centre_2 = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:39]
        sub_x = t - next_centre_2
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_x_2 = (recip * x_f32) - next_centre
        mul_x_4 = (e * sub_x_2) * sub_x
        tile_sum_4 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_x_5 = e * sub_x
        tile_sum_5 = tl.sum(mul_x_5, 0)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_x_6 = e * sub_x_2
        tile_sum_6 = tl.sum(mul_x_6, 0)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_5) + ((-1.0 * z) * change)) * change
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change)
        mul_x_7 = ((e * sub_x_2) * sub_x_2) * sub_x_2
        tile_sum_7 = tl.sum(mul_x_7, 0)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_5) + (z * change)) * change)
        mul_x_8 = (e * sub_x_2) * sub_x_2
        tile_sum_8 = tl.sum(mul_x_8, 0)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        mul_x = (1.4426950408889634 * rsqrt) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        mul_x_2 = e * x_f32
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        recip_2 = 1.0 / next_z
        # src[maps.diag:7]
        gt = next_z > 0.0
        # src[moments.diag:38]
        centre_3 = tl.where(gt, (next_acc_x * recip) * recip_2, 0.0)
        next_centre = tl.where(tl.abs(centre_3) < float("inf"), centre_3, 0.0)
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_x_3 = e * t
        tile_sum_3 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = (acc_x_2 * scale) + tile_sum_3
        # src[moments.diag:37]
        m = tl.where(gt, next_acc_x_2 * recip_2, 0.0)
        next_centre_2 = tl.where(tl.abs(m) < float("inf"), m, 0.0)
        change = next_centre - centre
        change_2 = next_centre_2 - centre_2
        acc_x_8 = (acc_x_3 + ((-1.0 * acc_x_5) * change_2)) + (((-1.0 * acc_x_4) + (z * change_2)) * change)
        # src[moments.diag:39]
        sub_x = tl.where(x_index < size_x, t - next_centre_2, 0.0)
        # src[moments.diag:36]
        # src[moments.diag:39]
        sub_x_2 = tl.where(x_index < size_x, (recip * x_f32) - next_centre, 0.0)
        mul_x_4 = tl.where(x_index < size_x, (e * sub_x_2) * sub_x, 0.0)
        tile_sum_4 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = (acc_x_8 * scale) + tile_sum_4
        mul_x_5 = e * sub_x
        tile_sum_5 = tl.sum(mul_x_5, 0)
        next_acc_x_4 = ((acc_x_4 + ((-1.0 * z) * change_2)) * scale) + tile_sum_5
        mul_x_6 = e * sub_x_2
        tile_sum_6 = tl.sum(mul_x_6, 0)
        next_acc_x_5 = ((acc_x_5 + ((-1.0 * z) * change)) * scale) + tile_sum_6
        acc_x_9 = ((3.0 * acc_x_5) + ((-1.0 * z) * change)) * change
        acc_x_10 = acc_x_6 + (((-3.0 * acc_x_7) + acc_x_9) * change)
        mul_x_7 = ((e * sub_x_2) * sub_x_2) * sub_x_2
        tile_sum_7 = tl.sum(mul_x_7, 0)
        next_acc_x_6 = (acc_x_10 * scale) + tile_sum_7
        acc_x_11 = acc_x_7 + (((-2.0 * acc_x_5) + (z * change)) * change)
        mul_x_8 = (e * sub_x_2) * sub_x_2
        tile_sum_8 = tl.sum(mul_x_8, 0)
        next_acc_x_7 = (acc_x_11 * scale) + tile_sum_8
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        centre = next_centre
        centre_2 = next_centre_2
    recip_2 = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    # src[moments.diag:39]
    tl.store(forecast_ptr + q_index * forecast_stride_q, tl.where(gt, (acc_x_3 + acc_x_2) * recip_2, 0.0))
    where = tl.where(gt, ((acc_x * recip) + acc_x_6) * recip_2, 0.0)
    tl.store(lean_ptr + q_index * lean_stride_q, where)
    mul = 0.6931471805599453 * max_x
    tl.store(logsum_ptr + q_index * logsum_stride_q, (mul + tl.log(z)))
    tl.store(state__ptr + q_index * state__stride_q, mul)
    tl.store(z_ptr + q_index * z_stride_q, z)
    tl.store(state___ptr + q_index * state___stride_q, acc_x_2)
    tl.store(state____ptr + q_index * state____stride_q, acc_x)


@triton.jit
def drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4_rows_kernel(
    t_ptr, d_forecast_ptr, d_lean_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, state___ptr, state____ptr,
    buffer_0_ptr, buffer_5_ptr, buffer_3_ptr, buffer_4_ptr, t_stride_x, d_forecast_stride_q, d_lean_stride_q,
    logsum_stride_q, state_stride_q, state_stride_x, state__stride_q, z_stride_q, state___stride_q,
    state____stride_q, buffer_0_stride_q, buffer_5_stride_q, buffer_3_stride_q, buffer_3_stride_x,
    buffer_4_stride_q, buffer_4_stride_x, size_x, size_q, size_d, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    mul_x = scalar * state
    sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
    exp2_x = tl.exp2(sub_x)
    # src[moments.diag:36]
    tile = tl.where(x_index < size_x, x_index.to(tl.float32), 0.0)
    mul_x_2 = tile * exp2_x
    sum_ = tl.sum(mul_x_2, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)
    recip = 1.0 / tl.cast(size_x, tl.float32)
    sub_x_2 = tl.where(x_index < size_x, tile - sum_, 0.0)
    mul_x_3 = sub_x_2 * exp2_x
    sum_2 = tl.sum(mul_x_3, 0)
    tl.store(buffer_5_ptr + q_index * buffer_5_stride_q, (1.0 - (sum_2 * recip)))
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    mul_2 = 1.4426950408889634 * state_
    sub_x_3 = mul_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
    exp2_x_2 = tl.exp2(sub_x_3)
    z = tl.load(z_ptr + q_index * z_stride_q)
    recip_2 = 1.0 / z
    d_forecast = tl.load(d_forecast_ptr + q_index * d_forecast_stride_q)
    state__ = tl.load(state___ptr + q_index * state___stride_q)
    # src[moments.diag:34]
    t = load_tile(t_ptr + x_index * t_stride_x, (x_index < size_x), 0.0, EXACT_X)
    mul_x_4 = exp2_x * t
    sum_3 = tl.sum(mul_x_4, 0)
    sub_x_4 = t - sum_3
    mul_x_5 = (sub_x_2 * sub_x_4) * exp2_x_2
    sum_4 = tl.sum(mul_x_5, 0)
    d_lean = tl.load(d_lean_ptr + q_index * d_lean_stride_q)
    state___ = tl.load(state____ptr + q_index * state____stride_q)
    mul_x_6 = ((sub_x_2 * sub_x_2) * sub_x_2) * exp2_x_2
    sum_5 = tl.sum(mul_x_6, 0)
    mul_3 = (recip * (((recip * recip) * sum_5) + state___)) * d_lean
    add = mul_3 + (((recip * sum_4) + state__) * d_forecast)
    mul_4 = (add * recip_2) * recip_2
    mul_x_7 = (((recip * recip_2) * d_forecast) * sub_x_2) * sub_x_4
    tile_2 = ((((recip * recip) * recip) * recip_2) * d_lean) * sub_x_2
    mul_x_8 = ((((recip * recip) * 3.0) * d_lean) * sub_x_2) * sub_x_2
    add_x = tl.where(x_index < size_x, mul_x_8 + (sub_x_4 * d_forecast), 0.0)
    mul_x_9 = add_x * exp2_x_2
    sum_6 = tl.sum(mul_x_9, 0)
    mul_x_10 = sub_x_2 * exp2_x_2
    sum_7 = tl.sum(mul_x_10, 0)
    add_x_2 = ((sum_7 * d_forecast) * t) + (tile * sum_6)
    add_2 = (sum_6 * state___) + ((sum_7 * state__) * d_forecast)
    sub_x_5 = (recip_2 * add_2) - tl.where(add_x_2 == float("-inf"), 0.0, add_x_2)
    # src[maps.diag:7]
    gt = z > 0.0
    where_x = tl.where(gt, ((recip * recip_2) * recip_2) * sub_x_5, 0.0)
    tile_3 = (((recip_2 * d_forecast) * t) + where_x) + ((tile_2 * sub_x_2) * sub_x_2)
    add_x_3 = (tile_3 + mul_x_7) + (((recip * recip_2) * d_lean) * tile)
    sub_x_6 = add_x_3 - tl.where(mul_4 == float("-inf"), 0.0, mul_4)
    tl.store(
        buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
        (sub_x_6 * exp2_x_2).to(tl.bfloat16),
        mask=(x_index < size_x),
    )
    tile_bf16 = (tl.where(gt, sub_x_6, 0.0) * exp2_x_2).to(tl.bfloat16)
    tl.store(
        buffer_4_ptr + q_index * buffer_4_stride_q + x_index * buffer_4_stride_x,
        tile_bf16,
        mask=(x_index < size_x),
    )


@triton.jit
def drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4_kernel(
    t_ptr, d_forecast_ptr, d_lean_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, state___ptr, state____ptr,
    buffer_0_ptr, buffer_5_ptr, buffer_3_ptr, buffer_4_ptr, t_stride_x, d_forecast_stride_q, d_lean_stride_q,
    logsum_stride_q, state_stride_q, state_stride_x, state__stride_q, z_stride_q, state___stride_q,
    state____stride_q, buffer_0_stride_q, buffer_5_stride_q, buffer_3_stride_q, buffer_3_stride_x,
    buffer_4_stride_q, buffer_4_stride_x, size_x, size_q, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    acc_x_2 = tl.full([], 0.0, tl.float32)
    sum_x = tl.full([], 0.0, tl.float32)
    acc_x_3 = tl.full([], 0.0, tl.float32)
    acc_x_4 = tl.full([], 0.0, tl.float32)
    acc_x_5 = tl.full([], 0.0, tl.float32)
    sum_x_2 = tl.full([], 0.0, tl.float32)
    acc_x_6 = tl.full([], 0.0, tl.float32)
    acc_x_7 = tl.full([], 0.0, tl.float32)
    acc_x_8 = tl.full([], 0.0, tl.float32)
    acc_x_9 = tl.full([], 0.0, tl.float32)
    acc_x_10 = tl.full([], 0.0, tl.float32)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    d_lean = tl.load(d_lean_ptr + q_index * d_lean_stride_q)
    # src[moments.diag:36]
    recip = 1.0 / tl.cast(size_x, tl.float32)
    d_forecast = tl.load(d_forecast_ptr + q_index * d_forecast_stride_q)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    mul_2 = 1.4426950408889634 * state_
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (1.4426950408889634 * rsqrt) * state
        sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
        exp2_x = tl.exp2(sub_x)
        x_f32 = x_index.to(tl.float32)
        mul_x_2 = x_f32 * exp2_x
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        where = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        change = where_2 - where
        sub_x_2 = x_f32 - next_acc_x
        mul_x_3 = sub_x_2 * exp2_x
        tile_sum_2 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = (acc_x_2 + ((-1.0 * sum_x) * change)) + tile_sum_2
        tile_sum_3 = tl.sum(exp2_x, 0)
        next_sum_x = sum_x + tile_sum_3
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        mul_x_4 = exp2_x * t
        tile_sum_4 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = acc_x_3 + tile_sum_4
        where_3 = tl.where(tl.abs(acc_x_3) < float("inf"), acc_x_3, 0.0)
        where_4 = tl.where(tl.abs(next_acc_x_3) < float("inf"), next_acc_x_3, 0.0)
        change_2 = where_4 - where_3
        acc_x_11 = (3.0 * (((recip * recip) * d_lean) * sum_x_2)) * change
        acc_x_12 = (-6.0 * (((recip * recip) * d_lean) * acc_x_5)) + acc_x_11
        acc_x_13 = acc_x_4 + ((-1.0 * (d_forecast * sum_x_2)) * change_2)
        sub_x_3 = mul_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x_2 = tl.exp2(sub_x_3)
        sub_x_4 = t - next_acc_x_3
        mul_x_5 = ((((recip * recip) * 3.0) * d_lean) * sub_x_2) * sub_x_2
        mul_x_6 = (mul_x_5 + (sub_x_4 * d_forecast)) * exp2_x_2
        tile_sum_5 = tl.sum(mul_x_6, 0)
        next_acc_x_4 = (acc_x_13 + (acc_x_12 * change)) + tile_sum_5
        mul_x_7 = exp2_x_2 * sub_x_2
        tile_sum_6 = tl.sum(mul_x_7, 0)
        next_acc_x_5 = (acc_x_5 + ((-1.0 * sum_x_2) * change)) + tile_sum_6
        tile_sum_7 = tl.sum(exp2_x_2, 0)
        next_sum_x_2 = sum_x_2 + tile_sum_7
        mul_x_8 = sub_x_2 * exp2_x_2
        tile_sum_8 = tl.sum(mul_x_8, 0)
        next_acc_x_6 = (acc_x_6 + ((-1.0 * sum_x_2) * change)) + tile_sum_8
        acc_x_14 = ((3.0 * acc_x_6) + ((-1.0 * sum_x_2) * change)) * change
        acc_x_15 = acc_x_7 + (((-3.0 * acc_x_8) + acc_x_14) * change)
        mul_x_9 = ((sub_x_2 * sub_x_2) * sub_x_2) * exp2_x_2
        tile_sum_9 = tl.sum(mul_x_9, 0)
        next_acc_x_7 = acc_x_15 + tile_sum_9
        acc_x_16 = ((-2.0 * acc_x_6) + (sum_x_2 * change)) * change
        mul_x_10 = (exp2_x_2 * sub_x_2) * sub_x_2
        tile_sum_10 = tl.sum(mul_x_10, 0)
        next_acc_x_8 = (acc_x_8 + acc_x_16) + tile_sum_10
        acc_x_17 = ((-1.0 * acc_x_10) + (sum_x_2 * change_2)) * change
        acc_x_18 = (acc_x_9 + ((-1.0 * acc_x_6) * change_2)) + acc_x_17
        mul_x_11 = (sub_x_2 * sub_x_4) * exp2_x_2
        tile_sum_11 = tl.sum(mul_x_11, 0)
        next_acc_x_9 = acc_x_18 + tile_sum_11
        mul_x_12 = exp2_x_2 * sub_x_4
        tile_sum_12 = tl.sum(mul_x_12, 0)
        next_acc_x_10 = (acc_x_10 + ((-1.0 * sum_x_2) * change_2)) + tile_sum_12
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        sum_x = next_sum_x
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        sum_x_2 = next_sum_x_2
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        acc_x_8 = next_acc_x_8
        acc_x_9 = next_acc_x_9
        acc_x_10 = next_acc_x_10
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        mul_x = (1.4426950408889634 * rsqrt) * state
        sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:36]
        tile = tl.where(x_index < size_x, x_index.to(tl.float32), 0.0)
        mul_x_2 = tile * exp2_x
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        where = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        change = where_2 - where
        sub_x_2 = tl.where(x_index < size_x, tile - next_acc_x, 0.0)
        mul_x_3 = sub_x_2 * exp2_x
        tile_sum_2 = tl.sum(mul_x_3, 0)
        next_acc_x_2 = (acc_x_2 + ((-1.0 * sum_x) * change)) + tile_sum_2
        tile_sum_3 = tl.sum(exp2_x, 0)
        next_sum_x = sum_x + tile_sum_3
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        mul_x_4 = exp2_x * t
        tile_sum_4 = tl.sum(mul_x_4, 0)
        next_acc_x_3 = acc_x_3 + tile_sum_4
        where_3 = tl.where(tl.abs(acc_x_3) < float("inf"), acc_x_3, 0.0)
        where_4 = tl.where(tl.abs(next_acc_x_3) < float("inf"), next_acc_x_3, 0.0)
        change_2 = where_4 - where_3
        acc_x_11 = (3.0 * (((recip * recip) * d_lean) * sum_x_2)) * change
        acc_x_12 = (-6.0 * (((recip * recip) * d_lean) * acc_x_5)) + acc_x_11
        acc_x_13 = acc_x_4 + ((-1.0 * (d_forecast * sum_x_2)) * change_2)
        sub_x_3 = mul_x - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x_2 = tl.exp2(sub_x_3)
        sub_x_4 = tl.where(x_index < size_x, t - next_acc_x_3, 0.0)
        mul_x_5 = ((((recip * recip) * 3.0) * d_lean) * sub_x_2) * sub_x_2
        add_x = tl.where(x_index < size_x, mul_x_5 + (sub_x_4 * d_forecast), 0.0)
        mul_x_6 = add_x * exp2_x_2
        tile_sum_5 = tl.sum(mul_x_6, 0)
        next_acc_x_4 = (acc_x_13 + (acc_x_12 * change)) + tile_sum_5
        mul_x_7 = exp2_x_2 * sub_x_2
        tile_sum_6 = tl.sum(mul_x_7, 0)
        next_acc_x_5 = (acc_x_5 + ((-1.0 * sum_x_2) * change)) + tile_sum_6
        tile_sum_7 = tl.sum(exp2_x_2, 0)
        next_sum_x_2 = sum_x_2 + tile_sum_7
        mul_x_8 = sub_x_2 * exp2_x_2
        tile_sum_8 = tl.sum(mul_x_8, 0)
        next_acc_x_6 = (acc_x_6 + ((-1.0 * sum_x_2) * change)) + tile_sum_8
        acc_x_14 = ((3.0 * acc_x_6) + ((-1.0 * sum_x_2) * change)) * change
        acc_x_15 = acc_x_7 + (((-3.0 * acc_x_8) + acc_x_14) * change)
        mul_x_9 = ((sub_x_2 * sub_x_2) * sub_x_2) * exp2_x_2
        tile_sum_9 = tl.sum(mul_x_9, 0)
        next_acc_x_7 = acc_x_15 + tile_sum_9
        acc_x_16 = ((-2.0 * acc_x_6) + (sum_x_2 * change)) * change
        mul_x_10 = (exp2_x_2 * sub_x_2) * sub_x_2
        tile_sum_10 = tl.sum(mul_x_10, 0)
        next_acc_x_8 = (acc_x_8 + acc_x_16) + tile_sum_10
        acc_x_17 = ((-1.0 * acc_x_10) + (sum_x_2 * change_2)) * change
        acc_x_18 = (acc_x_9 + ((-1.0 * acc_x_6) * change_2)) + acc_x_17
        mul_x_11 = (sub_x_2 * sub_x_4) * exp2_x_2
        tile_sum_11 = tl.sum(mul_x_11, 0)
        next_acc_x_9 = acc_x_18 + tile_sum_11
        mul_x_12 = exp2_x_2 * sub_x_4
        tile_sum_12 = tl.sum(mul_x_12, 0)
        next_acc_x_10 = (acc_x_10 + ((-1.0 * sum_x_2) * change_2)) + tile_sum_12
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        sum_x = next_sum_x
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        acc_x_5 = next_acc_x_5
        sum_x_2 = next_sum_x_2
        acc_x_6 = next_acc_x_6
        acc_x_7 = next_acc_x_7
        acc_x_8 = next_acc_x_8
        acc_x_9 = next_acc_x_9
        acc_x_10 = next_acc_x_10
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x)
    tl.store(buffer_5_ptr + q_index * buffer_5_stride_q, (1.0 - (acc_x_2 * recip)))
    z = tl.load(z_ptr + q_index * z_stride_q)
    recip_2 = 1.0 / z
    state__ = tl.load(state___ptr + q_index * state___stride_q)
    state___ = tl.load(state____ptr + q_index * state____stride_q)
    scalar = recip * (((recip * recip) * acc_x_7) + state___)
    add = (scalar * d_lean) + (((recip * acc_x_9) + state__) * d_forecast)
    mul_3 = (add * recip_2) * recip_2
    add_2 = (acc_x_4 * state___) + ((acc_x_6 * state__) * d_forecast)
    mul_4 = recip_2 * add_2
    # src[maps.diag:7]
    gt = z > 0.0
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        sub_x = ((1.4426950408889634 * rsqrt) * state) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x)
        sub_x_2 = x_f32 - acc_x
        mul_x = (((recip * recip_2) * d_forecast) * sub_x_2) * (t - acc_x_3)
        tile = ((((recip * recip) * recip) * recip_2) * d_lean) * sub_x_2
        add_x = ((acc_x_6 * d_forecast) * t) + (x_f32 * acc_x_4)
        sub_x_3 = mul_4 - tl.where(add_x == float("-inf"), 0.0, add_x)
        where_x = tl.where(gt, ((recip * recip_2) * recip_2) * sub_x_3, 0.0)
        tile_2 = (((recip_2 * d_forecast) * t) + where_x) + ((tile * sub_x_2) * sub_x_2)
        add_x_2 = (tile_2 + mul_x) + (((recip * recip_2) * d_lean) * x_f32)
        sub_x_4 = add_x_2 - tl.where(mul_3 == float("-inf"), 0.0, mul_3)
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            (sub_x_4 * exp2_x).to(tl.bfloat16),
        )
        tile_bf16 = (tl.where(gt, sub_x_4, 0.0) * exp2_x).to(tl.bfloat16)
        tl.store(buffer_4_ptr + q_index * buffer_4_stride_q + x_index * buffer_4_stride_x, tile_bf16)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        sub_x = ((1.4426950408889634 * rsqrt) * state) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        exp2_x = tl.exp2(sub_x)
        # src[moments.diag:36]
        x_f32 = x_index.to(tl.float32)
        # src[moments.diag:34]
        t = tl.load(t_ptr + x_index * t_stride_x, mask=(x_index < size_x), other=0.0)
        sub_x_2 = x_f32 - acc_x
        mul_x = (((recip * recip_2) * d_forecast) * sub_x_2) * (t - acc_x_3)
        tile = ((((recip * recip) * recip) * recip_2) * d_lean) * sub_x_2
        add_x = ((acc_x_6 * d_forecast) * t) + (x_f32 * acc_x_4)
        sub_x_3 = mul_4 - tl.where(add_x == float("-inf"), 0.0, add_x)
        where_x = tl.where(gt, ((recip * recip_2) * recip_2) * sub_x_3, 0.0)
        tile_2 = (((recip_2 * d_forecast) * t) + where_x) + ((tile * sub_x_2) * sub_x_2)
        add_x_2 = (tile_2 + mul_x) + (((recip * recip_2) * d_lean) * x_f32)
        sub_x_4 = add_x_2 - tl.where(mul_3 == float("-inf"), 0.0, mul_3)
        tl.store(
            buffer_3_ptr + q_index * buffer_3_stride_q + x_index * buffer_3_stride_x,
            (sub_x_4 * exp2_x).to(tl.bfloat16),
            mask=(x_index < size_x),
        )
        tile_bf16 = (tl.where(gt, sub_x_4, 0.0) * exp2_x).to(tl.bfloat16)
        tl.store(
            buffer_4_ptr + q_index * buffer_4_stride_q + x_index * buffer_4_stride_x,
            tile_bf16,
            mask=(x_index < size_x),
        )


@triton.jit
def drift_long_backward_d_Q_kernel(
    K_ptr, z_ptr, buffer_3_ptr, d_Q_ptr, K_stride_x, K_stride_d, z_stride_q, buffer_3_stride_q,
    buffer_3_stride_x, d_Q_stride_q, d_Q_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
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
        # src[moments.diag:34]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_3, tl.trans(K), acc_x)
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
        # src[moments.diag:34]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_3, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[moments.diag:7]
    z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
    # src[maps.diag:7]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * tl.rsqrt(tl.cast(size_d, tl.float32)), 0.0)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def drift_long_backward_d_K_kernel(
    Q_ptr, buffer_4_ptr, d_K_ptr, Q_stride_q, Q_stride_d, buffer_4_stride_q, buffer_4_stride_x, d_K_stride_x,
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
        buffer_4 = tl.load(
            buffer_4_ptr + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[moments.diag:34]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_4, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_4 = tl.load(
            buffer_4_ptr + q_index[None, :] * buffer_4_stride_q + x_index[:, None] * buffer_4_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        # src[moments.diag:34]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_4, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[moments.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def drift_long_backward_d_t_rows_kernel(
    d_forecast_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, buffer_5_ptr, buffer_0_ptr, d_t_ptr,
    d_forecast_stride_q, logsum_stride_q, state_stride_q, state_stride_x, state__stride_q, z_stride_q,
    buffer_5_stride_q, buffer_0_stride_q, d_t_stride_x, size_q, size_x, size_d, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_Q: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    q_index = tl.arange(0, BLOCK_Q)
    d_forecast = load_tile(d_forecast_ptr + q_index * d_forecast_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    logsum = load_tile(logsum_ptr + q_index * logsum_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q = 1.4426950408889634 * logsum
    # src[moments.diag:7]
    state = tl.load(
        state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
        mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
        other=0.0,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    mul_x_q = scalar * state
    sub_x_q = mul_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
    buffer_0 = load_tile(buffer_0_ptr + q_index * buffer_0_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    # src[moments.diag:36]
    sub_x_q_2 = x_index.to(tl.float32)[:, None] - buffer_0[None, :]
    mul_x_q_2 = (sub_x_q_2 * tl.exp2(sub_x_q)) * d_forecast[None, :]
    sum_ = tl.sum(mul_x_q_2, 1)
    state_ = load_tile(state__ptr + q_index * state__stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q_2 = 1.4426950408889634 * state_
    sub_x_q_3 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
    z = load_tile(z_ptr + q_index * z_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    buffer_5 = load_tile(buffer_5_ptr + q_index * buffer_5_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    tile = buffer_5 * tl.where(q_index < size_q, 1.0 / z, 0.0)
    mul_x_q_3 = (tile * d_forecast)[None, :] * tl.exp2(sub_x_q_3)
    # src[maps.diag:7]
    where_x_q = tl.where((z > 0.0)[None, :], mul_x_q_3, 0.0)
    sum_2 = tl.sum(where_x_q, 1)
    add_x = sum_2 + ((1.0 / tl.cast(size_x, tl.float32)) * sum_)
    tl.store(d_t_ptr + x_index * d_t_stride_x, add_x, mask=(x_index < size_x))


@triton.jit
def drift_long_backward_d_t_kernel(
    d_forecast_ptr, logsum_ptr, state_ptr, state__ptr, z_ptr, buffer_5_ptr, buffer_0_ptr, d_t_ptr,
    d_forecast_stride_q, logsum_stride_q, state_stride_q, state_stride_x, state__stride_q, z_stride_q,
    buffer_5_stride_q, buffer_0_stride_q, d_t_stride_x, size_q, size_x, size_d, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    sum_q = tl.full([BLOCK_X], 0.0, tl.float32)
    acc_q = tl.full([BLOCK_X], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:36]
    x_f32 = x_index.to(tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_forecast = tl.load(d_forecast_ptr + q_index * d_forecast_stride_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        mul_q = 1.4426950408889634 * state_
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        mul_x_q = (1.4426950408889634 * rsqrt) * state
        sub_x_q = mul_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        z = tl.load(z_ptr + q_index * z_stride_q)
        buffer_5 = tl.load(buffer_5_ptr + q_index * buffer_5_stride_q)
        mul_x_q_2 = ((buffer_5 * (1.0 / z)) * d_forecast)[None, :] * tl.exp2(sub_x_q)
        # src[maps.diag:7]
        where_x_q = tl.where((z > 0.0)[None, :], mul_x_q_2, 0.0)
        tile_sum = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        mul_q_2 = 1.4426950408889634 * logsum
        sub_x_q_2 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        mul_x_q_3 = (x_f32[:, None] - buffer_0[None, :]) * tl.exp2(sub_x_q_2)
        mul_x_q_4 = mul_x_q_3 * d_forecast[None, :]
        tile_sum_2 = tl.sum(mul_x_q_4, 1)
        next_acc_q = acc_q + tile_sum_2
        sum_q = next_sum_q
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_forecast = tl.load(
            d_forecast_ptr + q_index * d_forecast_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * state_
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        mul_x_q = (1.4426950408889634 * rsqrt) * state
        sub_x_q = mul_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        z = tl.load(z_ptr + q_index * z_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_5 = tl.load(buffer_5_ptr + q_index * buffer_5_stride_q, mask=(q_index < size_q), other=0.0)
        tile = buffer_5 * tl.where(q_index < size_q, 1.0 / z, 0.0)
        mul_x_q_2 = (tile * d_forecast)[None, :] * tl.exp2(sub_x_q)
        # src[maps.diag:7]
        where_x_q = tl.where((z > 0.0)[None, :], mul_x_q_2, 0.0)
        tile_sum = tl.sum(where_x_q, 1)
        next_sum_q = sum_q + tile_sum
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q_2 = 1.4426950408889634 * logsum
        sub_x_q_2 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        mul_x_q_3 = (x_f32[:, None] - buffer_0[None, :]) * tl.exp2(sub_x_q_2)
        mul_x_q_4 = mul_x_q_3 * d_forecast[None, :]
        tile_sum_2 = tl.sum(mul_x_q_4, 1)
        next_acc_q = acc_q + tile_sum_2
        sum_q = next_sum_q
        acc_q = next_acc_q
    # src[moments.diag:36]
    add_x = sum_q + ((1.0 / tl.cast(size_x, tl.float32)) * acc_q)
    tl.store(d_t_ptr + x_index * d_t_stride_x, add_x, mask=(x_index < size_x))


@_operator
def _drift(Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> forecast: f32[q], lean: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    forecast = torch.empty((q,), dtype=torch.float32, device=Q.device)
    lean = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(forecast):
        return forecast, lean
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
    drift_kernel[grid](
        Q, K, t, forecast, lean, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), t.stride(0),
        forecast.stride(0), lean.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return forecast, lean


@_operator
def _drift_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_drift_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    drift_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _drift_long_forecast_lean(t: torch.Tensor, buffer_0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_drift_long_forecast_lean(t: f32[x], buffer_0: f32[q x]) -> forecast: f32[q], lean: f32[q]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("buffer_0", buffer_0, torch.float32, 2, t.device)
    (x,) = t.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    forecast = torch.empty((q,), dtype=torch.float32, device=t.device)
    lean = torch.empty((q,), dtype=torch.float32, device=t.device)
    if _is_traced(forecast):
        return forecast, lean
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        drift_long_forecast_lean_rows_kernel[grid](
            t, buffer_0, forecast, lean, t.stride(0), buffer_0.stride(0), buffer_0.stride(1),
            forecast.stride(0), lean.stride(0), x, q, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return forecast, lean
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    drift_long_forecast_lean_kernel[grid](
        t, buffer_0, forecast, lean, t.stride(0), buffer_0.stride(0), buffer_0.stride(1), forecast.stride(0),
        lean.stride(0), x, q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return forecast, lean


@_operator
def _drift_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    t: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_drift_forward(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> forecast: f32[q], lean: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q], state__: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    forecast = torch.empty((q,), dtype=torch.float32, device=Q.device)
    lean = torch.empty((q,), dtype=torch.float32, device=Q.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state = torch.empty((q,), dtype=torch.float32, device=Q.device)
    z = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state__ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(forecast):
        return forecast, lean, logsum, state, z, state_, state__
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
    drift_forward_kernel[grid](
        Q, K, t, forecast, lean, logsum, state, z, state_, state__, Q.stride(0), Q.stride(1), K.stride(0),
        K.stride(1), t.stride(0), forecast.stride(0), lean.stride(0), logsum.stride(0), state.stride(0),
        z.stride(0), state_.stride(0), state__.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return forecast, lean, logsum, state, z, state_, state__


@_operator
def _drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q(
    Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor, d_forecast: torch.Tensor, d_lean: torch.Tensor,
    logsum: torch.Tensor, state: torch.Tensor, z: torch.Tensor, state_: torch.Tensor, state__: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q(Q: bf16[q d], K: bf16[x d], t: f32[x], d_forecast: f32[q], d_lean: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q], state__: f32[q]) -> buffer_0: f32[q], buffer_1: f32[q], buffer_2: f32[q], buffer_3: f32[q], buffer_5: f32[q], buffer_6: f32[q], d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    _check("d_forecast", d_forecast, torch.float32, 1, Q.device)
    _check("d_lean", d_lean, torch.float32, 1, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("state__", state__, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_forecast.shape != (q,):
        raise ValueError(f"d_forecast: f32[q] has shape {d_forecast.shape}, expected {(q,)}")
    if d_lean.shape != (q,):
        raise ValueError(f"d_lean: f32[q] has shape {d_lean.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_2 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_3 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_5 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_6 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1, buffer_2, buffer_3, buffer_5, buffer_6, d_Q
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 32, 16, 8, 1
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 16, 16, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q),)
    drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q_kernel[grid](
        Q, K, t, d_forecast, d_lean, logsum, state, z, state_, state__, buffer_0, buffer_1, buffer_2,
        buffer_3, buffer_5, buffer_6, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), t.stride(0),
        d_forecast.stride(0), d_lean.stride(0), logsum.stride(0), state.stride(0), z.stride(0),
        state_.stride(0), state__.stride(0), buffer_0.stride(0), buffer_1.stride(0), buffer_2.stride(0),
        buffer_3.stride(0), buffer_5.stride(0), buffer_6.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0, buffer_1, buffer_2, buffer_3, buffer_5, buffer_6, d_Q


@_operator
def _drift_backward_d_K_d_t(
    Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor, d_forecast: torch.Tensor, d_lean: torch.Tensor,
    logsum: torch.Tensor, state: torch.Tensor, z: torch.Tensor, state_: torch.Tensor, state__: torch.Tensor,
    buffer_2: torch.Tensor, buffer_3: torch.Tensor, buffer_0: torch.Tensor, buffer_1: torch.Tensor,
    buffer_5: torch.Tensor, buffer_6: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_drift_backward_d_K_d_t(Q: bf16[q d], K: bf16[x d], t: f32[x], d_forecast: f32[q], d_lean: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q], state__: f32[q], buffer_2: f32[q], buffer_3: f32[q], buffer_0: f32[q], buffer_1: f32[q], buffer_5: f32[q], buffer_6: f32[q]) -> d_K: bf16[x d], d_t: f32[x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("t", t, torch.float32, 1, Q.device)
    _check("d_forecast", d_forecast, torch.float32, 1, Q.device)
    _check("d_lean", d_lean, torch.float32, 1, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("z", z, torch.float32, 1, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("state__", state__, torch.float32, 1, Q.device)
    _check("buffer_2", buffer_2, torch.float32, 1, Q.device)
    _check("buffer_3", buffer_3, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    _check("buffer_5", buffer_5, torch.float32, 1, Q.device)
    _check("buffer_6", buffer_6, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_forecast.shape != (q,):
        raise ValueError(f"d_forecast: f32[q] has shape {d_forecast.shape}, expected {(q,)}")
    if d_lean.shape != (q,):
        raise ValueError(f"d_lean: f32[q] has shape {d_lean.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_2.shape != (q,):
        raise ValueError(f"buffer_2: f32[q] has shape {buffer_2.shape}, expected {(q,)}")
    if buffer_3.shape != (q,):
        raise ValueError(f"buffer_3: f32[q] has shape {buffer_3.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_5.shape != (q,):
        raise ValueError(f"buffer_5: f32[q] has shape {buffer_5.shape}, expected {(q,)}")
    if buffer_6.shape != (q,):
        raise ValueError(f"buffer_6: f32[q] has shape {buffer_6.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_t = torch.empty((x,), dtype=torch.float32, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_t
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(x, BLOCK_X),)
    drift_backward_d_K_d_t_kernel[grid](
        Q, K, t, d_forecast, d_lean, logsum, state, z, state_, state__, buffer_2, buffer_3, buffer_0,
        buffer_1, buffer_5, buffer_6, d_K, d_t, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        t.stride(0), d_forecast.stride(0), d_lean.stride(0), logsum.stride(0), state.stride(0), z.stride(0),
        state_.stride(0), state__.stride(0), buffer_2.stride(0), buffer_3.stride(0), buffer_0.stride(0),
        buffer_1.stride(0), buffer_5.stride(0), buffer_6.stride(0), d_K.stride(0), d_K.stride(1),
        d_t.stride(0), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K, d_t


@_operator
def _drift_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_drift_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    drift_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _drift_long_forward_forecast_lean_logsum_state__z_state___state___(
    t: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_drift_long_forward_forecast_lean_logsum_state__z_state___state___(t: f32[x], state: f32[q x]) -> forecast: f32[q], lean: f32[q], logsum: f32[q], state_: f32[q], z: f32[q], state__: f32[q], state___: f32[q]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("state", state, torch.float32, 2, t.device)
    (x,) = t.shape
    q, _ = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    forecast = torch.empty((q,), dtype=torch.float32, device=t.device)
    lean = torch.empty((q,), dtype=torch.float32, device=t.device)
    logsum = torch.empty((q,), dtype=torch.float32, device=t.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=t.device)
    z = torch.empty((q,), dtype=torch.float32, device=t.device)
    state__ = torch.empty((q,), dtype=torch.float32, device=t.device)
    state___ = torch.empty((q,), dtype=torch.float32, device=t.device)
    if _is_traced(forecast):
        return forecast, lean, logsum, state_, z, state__, state___
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        drift_long_forward_forecast_lean_logsum_state__z_state___state____rows_kernel[grid](
            t, state, forecast, lean, logsum, state_, z, state__, state___, t.stride(0), state.stride(0),
            state.stride(1), forecast.stride(0), lean.stride(0), logsum.stride(0), state_.stride(0),
            z.stride(0), state__.stride(0), state___.stride(0), x, q, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return forecast, lean, logsum, state_, z, state__, state___
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    drift_long_forward_forecast_lean_logsum_state__z_state___state____kernel[grid](
        t, state, forecast, lean, logsum, state_, z, state__, state___, t.stride(0), state.stride(0),
        state.stride(1), forecast.stride(0), lean.stride(0), logsum.stride(0), state_.stride(0), z.stride(0),
        state__.stride(0), state___.stride(0), x, q, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return forecast, lean, logsum, state_, z, state__, state___


@_operator
def _drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4(
    t: torch.Tensor, d_forecast: torch.Tensor, d_lean: torch.Tensor, logsum: torch.Tensor,
    state: torch.Tensor, state_: torch.Tensor, z: torch.Tensor, state__: torch.Tensor, state___: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4(t: f32[x], d_forecast: f32[q], d_lean: f32[q], logsum: f32[q], state: f32[q x], state_: f32[q], z: f32[q], state__: f32[q], state___: f32[q]) -> buffer_0: f32[q], buffer_5: f32[q], buffer_3: bf16[q x], buffer_4: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("t", t, torch.float32, 1, t.device)
    _check("d_forecast", d_forecast, torch.float32, 1, t.device)
    _check("d_lean", d_lean, torch.float32, 1, t.device)
    _check("logsum", logsum, torch.float32, 1, t.device)
    _check("state", state, torch.float32, 2, t.device)
    _check("state_", state_, torch.float32, 1, t.device)
    _check("z", z, torch.float32, 1, t.device)
    _check("state__", state__, torch.float32, 1, t.device)
    _check("state___", state___, torch.float32, 1, t.device)
    (x,) = t.shape
    (q,) = d_forecast.shape
    if d_lean.shape != (q,):
        raise ValueError(f"d_lean: f32[q] has shape {d_lean.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if state___.shape != (q,):
        raise ValueError(f"state___: f32[q] has shape {state___.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=t.device)
    buffer_5 = torch.empty((q,), dtype=torch.float32, device=t.device)
    buffer_3 = torch.empty((q, x), dtype=torch.bfloat16, device=t.device)
    buffer_4 = torch.empty((q, x), dtype=torch.bfloat16, device=t.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_5, buffer_3, buffer_4
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 4096:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        else:
            warps, stages = 8, 1
        grid = (q,)
        drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4_rows_kernel[grid](
            t, d_forecast, d_lean, logsum, state, state_, z, state__, state___, buffer_0, buffer_5, buffer_3,
            buffer_4, t.stride(0), d_forecast.stride(0), d_lean.stride(0), logsum.stride(0), state.stride(0),
            state.stride(1), state_.stride(0), z.stride(0), state__.stride(0), state___.stride(0),
            buffer_0.stride(0), buffer_5.stride(0), buffer_3.stride(0), buffer_3.stride(1),
            buffer_4.stride(0), buffer_4.stride(1), x, q, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_5, buffer_3, buffer_4
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4_kernel[grid](
        t, d_forecast, d_lean, logsum, state, state_, z, state__, state___, buffer_0, buffer_5, buffer_3,
        buffer_4, t.stride(0), d_forecast.stride(0), d_lean.stride(0), logsum.stride(0), state.stride(0),
        state.stride(1), state_.stride(0), z.stride(0), state__.stride(0), state___.stride(0),
        buffer_0.stride(0), buffer_5.stride(0), buffer_3.stride(0), buffer_3.stride(1), buffer_4.stride(0),
        buffer_4.stride(1), x, q, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_5, buffer_3, buffer_4


@_operator
def _drift_long_backward_d_Q(K: torch.Tensor, z: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_drift_long_backward_d_Q(K: bf16[x d], z: f32[q], buffer_3: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("z", z, torch.float32, 1, K.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 2, K.device)
    x, d = K.shape
    (q,) = z.shape
    if buffer_3.shape != (q, x):
        raise ValueError(f"buffer_3: bf16[q x] has shape {buffer_3.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    drift_long_backward_d_Q_kernel[grid](
        K, z, buffer_3, d_Q, K.stride(0), K.stride(1), z.stride(0), buffer_3.stride(0), buffer_3.stride(1),
        d_Q.stride(0), d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _drift_long_backward_d_K(Q: torch.Tensor, buffer_4: torch.Tensor) -> torch.Tensor:
    """_drift_long_backward_d_K(Q: bf16[q d], buffer_4: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("buffer_4", buffer_4, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_4.shape
    if buffer_4.shape != (q, x):
        raise ValueError(f"buffer_4: bf16[q x] has shape {buffer_4.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    drift_long_backward_d_K_kernel[grid](
        Q, buffer_4, d_K, Q.stride(0), Q.stride(1), buffer_4.stride(0), buffer_4.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _drift_long_backward_d_t(
    d_forecast: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    z: torch.Tensor,
    buffer_5: torch.Tensor,
    buffer_0: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_drift_long_backward_d_t(d_forecast: f32[q], logsum: f32[q], state: f32[q x], state_: f32[q], z: f32[q], buffer_5: f32[q], buffer_0: f32[q]) -> d_t: f32[x]. Any strides; sizes are read off the shapes."""
    _check("d_forecast", d_forecast, torch.float32, 1, d_forecast.device)
    _check("logsum", logsum, torch.float32, 1, d_forecast.device)
    _check("state", state, torch.float32, 2, d_forecast.device)
    _check("state_", state_, torch.float32, 1, d_forecast.device)
    _check("z", z, torch.float32, 1, d_forecast.device)
    _check("buffer_5", buffer_5, torch.float32, 1, d_forecast.device)
    _check("buffer_0", buffer_0, torch.float32, 1, d_forecast.device)
    (q,) = d_forecast.shape
    _, x = state.shape
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_5.shape != (q,):
        raise ValueError(f"buffer_5: f32[q] has shape {buffer_5.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_t = torch.empty((x,), dtype=torch.float32, device=d_forecast.device)
    if _is_traced(d_t):
        return d_t
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 1024:
        if BLOCK_Q <= 16:
            BLOCK_X, warps, stages = 256, 4, 1
        elif BLOCK_Q <= 64:
            BLOCK_X, warps, stages = 64, 4, 1
        elif BLOCK_Q <= 256:
            BLOCK_X, warps, stages = 16, 4, 1
        else:
            BLOCK_X, warps, stages = 8, 8, 1
        grid = (triton.cdiv(x, BLOCK_X),)
        drift_long_backward_d_t_rows_kernel[grid](
            d_forecast, logsum, state, state_, z, buffer_5, buffer_0, d_t, d_forecast.stride(0),
            logsum.stride(0), state.stride(0), state.stride(1), state_.stride(0), z.stride(0),
            buffer_5.stride(0), buffer_0.stride(0), d_t.stride(0), q, x, d, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
            EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_t
    BLOCK_Q, BLOCK_X, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(x, BLOCK_X),)
    drift_long_backward_d_t_kernel[grid](
        d_forecast, logsum, state, state_, z, buffer_5, buffer_0, d_t, d_forecast.stride(0), logsum.stride(0),
        state.stride(0), state.stride(1), state_.stride(0), z.stride(0), buffer_5.stride(0),
        buffer_0.stride(0), d_t.stride(0), q, x, d, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return d_t


class _drift_autograd(torch.autograd.Function):
    """drift and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, t):
        forecast, lean, logsum, state, z, state_, state__ = _drift_forward(Q, K, t)
        ctx.save_for_backward(Q, K, t, logsum, state, z, state_, state__)
        return forecast, lean

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_forecast, d_lean):
        Q, K, t, logsum, state, z, state_, state__ = ctx.saved_tensors
        buffer_0, buffer_1, buffer_2, buffer_3, buffer_5, buffer_6, d_Q = _drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q(Q, K, t, d_forecast, d_lean, logsum, state, z, state_, state__)
        d_K, d_t = _drift_backward_d_K_d_t(Q, K, t, d_forecast, d_lean, logsum, state, z, state_, state__, buffer_2, buffer_3, buffer_0, buffer_1, buffer_5, buffer_6)
        return d_Q, d_K, d_t


class _drift_long_autograd(torch.autograd.Function):
    """drift and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, t):
        _, d = Q.shape
        state = _drift_long_forward_state(Q, K)
        forecast, lean, logsum, state_, z, state__, state___ = _drift_long_forward_forecast_lean_logsum_state__z_state___state___(t, state, d)
        ctx.save_for_backward(Q, K, t, logsum, state, state_, z, state__, state___)
        ctx.sizes = (d,)
        return forecast, lean

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_forecast, d_lean):
        Q, K, t, logsum, state, state_, z, state__, state___ = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0, buffer_5, buffer_3, buffer_4 = _drift_long_backward_buffer_0_buffer_5_buffer_3_buffer_4(t, d_forecast, d_lean, logsum, state, state_, z, state__, state___, d)
        d_Q = _drift_long_backward_d_Q(K, z, buffer_3)
        d_K = _drift_long_backward_d_K(Q, buffer_4)
        d_t = _drift_long_backward_d_t(d_forecast, logsum, state, state_, z, buffer_5, buffer_0, d)
        return d_Q, d_K, d_t


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def drift(Q: torch.Tensor, K: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> forecast: f32[q], lean: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, t)):
        if d <= 256 and d <= 256:
            return _drift_autograd.apply(Q, K, t)
        return _drift_long_autograd.apply(Q, K, t)
    if d <= 256:
        forecast, lean = _drift(Q, K, t)
        return forecast, lean
    buffer_0 = _drift_long_buffer_0(Q, K)
    forecast_2, lean_2 = _drift_long_forecast_lean(t, buffer_0)
    return forecast_2, lean_2


@triton.jit
def choice_e_best_top_rows_kernel(
    logits_ptr, e_ptr, best_ptr, top_ptr, logits_stride_token, logits_stride_vocab, e_stride_token,
    e_stride_vocab, best_stride_token, top_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
    EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[moments.diag:43]
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[maps.diag:5]
    max_ = tl.max(logits, 0)
    sub_vocab = logits - tl.where(max_ == float("-inf"), 0.0, max_)
    tl.store(
        e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
        tl.exp(sub_vocab),
        mask=(vocab_index < size_vocab),
    )
    where_vocab = tl.where(logits == max_, vocab_index.to(tl.int32), tl.cast((-1 + size_vocab), tl.int32))
    where_vocab_2 = tl.where(vocab_index < size_vocab, where_vocab, 2147483647)
    # src[moments.diag:49]
    min_ = tl.min(where_vocab_2, 0)
    tl.store(best_ptr + token_index * best_stride_token, min_)
    tl.store(top_ptr + token_index * top_stride_token, max_)


@triton.jit
def choice_e_best_top_kernel(
    logits_ptr, e_ptr, best_ptr, top_ptr, logits_stride_token, logits_stride_vocab, e_stride_token,
    e_stride_vocab, best_stride_token, top_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    max_vocab = tl.full([], float("-inf"), tl.float32)
    min_vocab = tl.full([], 2147483647, tl.int32)
    tile_i32 = tl.cast((-1 + size_vocab), tl.int32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        tile_max = tl.max(logits, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_vocab = tl.where(logits == next_max_vocab, vocab_index.to(tl.int32), tile_i32)
        # src[moments.diag:49]
        tile_min = tl.min(where_vocab, 0)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        min_vocab = next_min_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(logits, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_vocab = tl.where(logits == next_max_vocab, vocab_index.to(tl.int32), tile_i32)
        where_vocab_2 = tl.where(vocab_index < size_vocab, where_vocab, 2147483647)
        # src[moments.diag:49]
        tile_min = tl.min(where_vocab_2, 0)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        min_vocab = next_min_vocab
    tl.store(best_ptr + token_index * best_stride_token, min_vocab)
    tl.store(top_ptr + token_index * top_stride_token, max_vocab)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        safe_max_vocab = tl.where(max_vocab == float("-inf"), 0.0, max_vocab)
        # src[maps.diag:5]
        tl.store(
            e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
            tl.exp(logits - safe_max_vocab),
        )
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        safe_max_vocab = tl.where(max_vocab == float("-inf"), 0.0, max_vocab)
        # src[maps.diag:5]
        tl.store(
            e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
            tl.exp(logits - safe_max_vocab),
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def choice_mean_kernel(
    E_ptr, e_ptr, mean_ptr, E_stride_vocab, E_stride_e, e_stride_token, e_stride_vocab, mean_stride_token,
    mean_stride_e, size_vocab, size_e, size_token, BLOCK_VOCAB: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    z = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_E], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        e = tl.load(
            e_ptr + token_index[:, None] * e_stride_token + vocab_index[None, :] * e_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = z + tile_sum
        e_bf16 = e.to(tl.bfloat16)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), acc_vocab)
        z = next_z
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        e = tl.load(
            e_ptr + token_index[:, None] * e_stride_token + vocab_index[None, :] * e_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = z + tile_sum
        e_bf16 = e.to(tl.bfloat16)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(vocab_index < size_vocab)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), acc_vocab)
        z = next_z
        acc_vocab = next_acc_vocab
    # src[maps.diag:7]
    # src[moments.diag:49]
    where_token_e = tl.where((z > 0.0)[:, None], acc_vocab * (1.0 / z)[:, None], 0.0)
    tl.store(
        mean_ptr + token_index[:, None] * mean_stride_token + e_index[None, :] * mean_stride_e,
        where_token_e.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def choice_forward_e_best_top_rows_kernel(
    logits_ptr, e_ptr, best_ptr, top_ptr, logits_stride_token, logits_stride_vocab, e_stride_token,
    e_stride_vocab, best_stride_token, top_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
    EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[moments.diag:43]
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[maps.diag:5]
    max_ = tl.max(logits, 0)
    sub_vocab = logits - tl.where(max_ == float("-inf"), 0.0, max_)
    tl.store(
        e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
        tl.exp(sub_vocab),
        mask=(vocab_index < size_vocab),
    )
    where_vocab = tl.where(logits == max_, vocab_index.to(tl.int32), tl.cast((-1 + size_vocab), tl.int32))
    where_vocab_2 = tl.where(vocab_index < size_vocab, where_vocab, 2147483647)
    # src[moments.diag:49]
    min_ = tl.min(where_vocab_2, 0)
    tl.store(best_ptr + token_index * best_stride_token, min_)
    tl.store(top_ptr + token_index * top_stride_token, max_)


@triton.jit
def choice_forward_e_best_top_kernel(
    logits_ptr, e_ptr, best_ptr, top_ptr, logits_stride_token, logits_stride_vocab, e_stride_token,
    e_stride_vocab, best_stride_token, top_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    max_vocab = tl.full([], float("-inf"), tl.float32)
    min_vocab = tl.full([], 2147483647, tl.int32)
    tile_i32 = tl.cast((-1 + size_vocab), tl.int32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        tile_max = tl.max(logits, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_vocab = tl.where(logits == next_max_vocab, vocab_index.to(tl.int32), tile_i32)
        # src[moments.diag:49]
        tile_min = tl.min(where_vocab, 0)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        min_vocab = next_min_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(logits, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_vocab = tl.where(logits == next_max_vocab, vocab_index.to(tl.int32), tile_i32)
        where_vocab_2 = tl.where(vocab_index < size_vocab, where_vocab, 2147483647)
        # src[moments.diag:49]
        tile_min = tl.min(where_vocab_2, 0)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        min_vocab = next_min_vocab
    tl.store(best_ptr + token_index * best_stride_token, min_vocab)
    tl.store(top_ptr + token_index * top_stride_token, max_vocab)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        safe_max_vocab = tl.where(max_vocab == float("-inf"), 0.0, max_vocab)
        # src[maps.diag:5]
        tl.store(
            e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
            tl.exp(logits - safe_max_vocab),
        )
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        safe_max_vocab = tl.where(max_vocab == float("-inf"), 0.0, max_vocab)
        # src[maps.diag:5]
        tl.store(
            e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
            tl.exp(logits - safe_max_vocab),
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def choice_forward_mean_kernel(
    E_ptr, e_ptr, mean_ptr, E_stride_vocab, E_stride_e, e_stride_token, e_stride_vocab, mean_stride_token,
    mean_stride_e, size_vocab, size_e, size_token, BLOCK_VOCAB: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    z = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_E], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        e = tl.load(
            e_ptr + token_index[:, None] * e_stride_token + vocab_index[None, :] * e_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = z + tile_sum
        e_bf16 = e.to(tl.bfloat16)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), acc_vocab)
        z = next_z
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        e = tl.load(
            e_ptr + token_index[:, None] * e_stride_token + vocab_index[None, :] * e_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = z + tile_sum
        e_bf16 = e.to(tl.bfloat16)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(vocab_index < size_vocab)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), acc_vocab)
        z = next_z
        acc_vocab = next_acc_vocab
    # src[maps.diag:7]
    # src[moments.diag:49]
    where_token_e = tl.where((z > 0.0)[:, None], acc_vocab * (1.0 / z)[:, None], 0.0)
    tl.store(
        mean_ptr + token_index[:, None] * mean_stride_token + e_index[None, :] * mean_stride_e,
        where_token_e.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def choice_backward_z_buffer_1_rows_kernel(
    logits_ptr, top_ptr, z_ptr, buffer_1_ptr, logits_stride_token, logits_stride_vocab, top_stride_token,
    z_stride_token, buffer_1_stride_token, buffer_1_stride_vocab, size_token, size_vocab,
    BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    top = tl.load(top_ptr + token_index * top_stride_token)
    # src[moments.diag:43]
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[maps.diag:5]
    sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
    e = tl.exp(sub_vocab)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(z_ptr + token_index * z_stride_token, sum_)
    # src[maps.diag:7]
    tile_bf16 = (tl.where(sum_ > 0.0, 1.0 / sum_, 0.0) * e).to(tl.bfloat16)
    tl.store(
        buffer_1_ptr + token_index * buffer_1_stride_token + vocab_index * buffer_1_stride_vocab,
        tile_bf16,
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def choice_backward_z_buffer_1_kernel(
    logits_ptr, top_ptr, z_ptr, buffer_1_ptr, logits_stride_token, logits_stride_vocab, top_stride_token,
    z_stride_token, buffer_1_stride_token, buffer_1_stride_vocab, size_token, size_vocab,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    z = tl.full([], 0.0, tl.float32)
    top = tl.load(top_ptr + token_index * top_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        e = tl.exp(sub_vocab)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = z + tile_sum
        z = next_z
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        e = tl.exp(sub_vocab)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = z + tile_sum
        z = next_z
    tl.store(z_ptr + token_index * z_stride_token, z)
    # src[maps.diag:7]
    where = tl.where(z > 0.0, 1.0 / z, 0.0)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        tl.store(
            buffer_1_ptr + token_index * buffer_1_stride_token + vocab_index * buffer_1_stride_vocab,
            (where * tl.exp(sub_vocab)).to(tl.bfloat16),
        )
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        tl.store(
            buffer_1_ptr + token_index * buffer_1_stride_token + vocab_index * buffer_1_stride_vocab,
            (where * tl.exp(sub_vocab)).to(tl.bfloat16),
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def choice_backward_d_logits_kernel(
    logits_ptr, E_ptr, d_mean_ptr, d_top_ptr, mean_ptr, best_ptr, top_ptr, z_ptr, d_logits_ptr,
    logits_stride_token, logits_stride_vocab, E_stride_vocab, E_stride_e, d_mean_stride_token,
    d_mean_stride_e, d_top_stride_token, mean_stride_token, mean_stride_e, best_stride_token,
    top_stride_token, z_stride_token, d_logits_stride_token, d_logits_stride_vocab, size_token, size_vocab,
    size_e, BLOCK_VOCAB: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    e_index = tl.arange(0, BLOCK_E)
    acc_vocab = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    mean = tl.load(
        mean_ptr + token_index[:, None] * mean_stride_token + e_index[None, :] * mean_stride_e,
        mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    d_mean = tl.load(
        d_mean_ptr + token_index[:, None] * d_mean_stride_token + e_index[None, :] * d_mean_stride_e,
        mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    mul_token_e = d_mean.to(tl.float32) * mean.to(tl.float32)
    sum_ = tl.sum(mul_token_e, 1)
    top = tl.load(top_ptr + token_index * top_stride_token, mask=(token_index < size_token), other=0.0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        E = load_tile(
            E_ptr + vocab_index[:, None] * E_stride_vocab + e_index[None, :] * E_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_mean, tl.trans(E))
        logits = tl.load(
            logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        sub_token_vocab = logits - tl.where(top == float("-inf"), 0.0, top)[:, None]
        mul_token_vocab = tl.exp(sub_token_vocab) * (dot - sum_[:, None])
        tile_sum = tl.sum(mul_token_vocab, 1)
        next_acc_vocab = acc_vocab + tile_sum
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[:, None] * E_stride_vocab + e_index[None, :] * E_stride_e,
            mask=(vocab_index < size_vocab)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_mean, tl.trans(E))
        logits = tl.load(
            logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        sub_token_vocab = logits - tl.where(top == float("-inf"), 0.0, top)[:, None]
        mul_token_vocab = tl.exp(sub_token_vocab) * (dot - sum_[:, None])
        tile_sum = tl.sum(mul_token_vocab, 1)
        next_acc_vocab = acc_vocab + tile_sum
        acc_vocab = next_acc_vocab
    z = tl.load(z_ptr + token_index * z_stride_token, mask=(token_index < size_token), other=0.0)
    recip_token = 1.0 / z
    # src[maps.diag:7]
    gt_token = z > 0.0
    d_top = tl.load(d_top_ptr + token_index * d_top_stride_token, mask=(token_index < size_token), other=0.0)
    sub_token = d_top - tl.where(gt_token, acc_vocab * recip_token, 0.0)
    best = tl.load(best_ptr + token_index * best_stride_token, mask=(token_index < size_token), other=0)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        E = load_tile(
            E_ptr + vocab_index[:, None] * E_stride_vocab + e_index[None, :] * E_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_mean, tl.trans(E))
        logits = tl.load(
            logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        sub_token_vocab = logits - tl.where(top == float("-inf"), 0.0, top)[:, None]
        mul_token_vocab = (recip_token[:, None] * tl.exp(sub_token_vocab)) * (dot - sum_[:, None])
        where_token_vocab = tl.where(gt_token[:, None], mul_token_vocab, 0.0)
        eq_token_vocab = vocab_index.to(tl.int32)[None, :] == best[:, None]
        where_token_vocab_2 = tl.where(eq_token_vocab, sub_token[:, None], 0.0)
        tl.store(
            d_logits_ptr + token_index[:, None] * d_logits_stride_token + vocab_index[None, :] * d_logits_stride_vocab,
            (where_token_vocab_2 + where_token_vocab),
            mask=(token_index < size_token)[:, None],
        )
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[:, None] * E_stride_vocab + e_index[None, :] * E_stride_e,
            mask=(vocab_index < size_vocab)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_mean, tl.trans(E))
        logits = tl.load(
            logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        # src[maps.diag:5]
        sub_token_vocab = logits - tl.where(top == float("-inf"), 0.0, top)[:, None]
        mul_token_vocab = (recip_token[:, None] * tl.exp(sub_token_vocab)) * (dot - sum_[:, None])
        where_token_vocab = tl.where(gt_token[:, None], mul_token_vocab, 0.0)
        eq_token_vocab = vocab_index.to(tl.int32)[None, :] == best[:, None]
        where_token_vocab_2 = tl.where(eq_token_vocab, sub_token[:, None], 0.0)
        tl.store(
            d_logits_ptr + token_index[:, None] * d_logits_stride_token + vocab_index[None, :] * d_logits_stride_vocab,
            (where_token_vocab_2 + where_token_vocab),
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
        )


@triton.jit
def choice_backward_d_E_kernel(
    d_mean_ptr, buffer_1_ptr, d_E_ptr, d_mean_stride_token, d_mean_stride_e, buffer_1_stride_token,
    buffer_1_stride_vocab, d_E_stride_vocab, d_E_stride_e, size_token, size_e, size_vocab,
    BLOCK_TOKEN: tl.constexpr, BLOCK_VOCAB: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_E], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        buffer_1 = tl.load(
            buffer_1_ptr + token_index[None, :] * buffer_1_stride_token + vocab_index[:, None] * buffer_1_stride_vocab,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index[None, :] * d_mean_stride_token + e_index[:, None] * d_mean_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_1, tl.trans(d_mean), acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        buffer_1 = tl.load(
            buffer_1_ptr + token_index[None, :] * buffer_1_stride_token + vocab_index[:, None] * buffer_1_stride_vocab,
            mask=(token_index < size_token)[None, :] & (vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index[None, :] * d_mean_stride_token + e_index[:, None] * d_mean_stride_e,
            mask=(token_index < size_token)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_1, tl.trans(d_mean), acc_token)
        acc_token = next_acc_token
    tl.store(
        d_E_ptr + vocab_index[:, None] * d_E_stride_vocab + e_index[None, :] * d_E_stride_e,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def choice_long_forward_e_best_top_rows_kernel(
    logits_ptr, e_ptr, best_ptr, top_ptr, logits_stride_token, logits_stride_vocab, e_stride_token,
    e_stride_vocab, best_stride_token, top_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
    EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[moments.diag:43]
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[maps.diag:5]
    max_ = tl.max(logits, 0)
    sub_vocab = logits - tl.where(max_ == float("-inf"), 0.0, max_)
    tl.store(
        e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
        tl.exp(sub_vocab),
        mask=(vocab_index < size_vocab),
    )
    where_vocab = tl.where(logits == max_, vocab_index.to(tl.int32), tl.cast((-1 + size_vocab), tl.int32))
    where_vocab_2 = tl.where(vocab_index < size_vocab, where_vocab, 2147483647)
    # src[moments.diag:49]
    min_ = tl.min(where_vocab_2, 0)
    tl.store(best_ptr + token_index * best_stride_token, min_)
    tl.store(top_ptr + token_index * top_stride_token, max_)


@triton.jit
def choice_long_forward_e_best_top_kernel(
    logits_ptr, e_ptr, best_ptr, top_ptr, logits_stride_token, logits_stride_vocab, e_stride_token,
    e_stride_vocab, best_stride_token, top_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    max_vocab = tl.full([], float("-inf"), tl.float32)
    min_vocab = tl.full([], 2147483647, tl.int32)
    tile_i32 = tl.cast((-1 + size_vocab), tl.int32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        tile_max = tl.max(logits, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_vocab = tl.where(logits == next_max_vocab, vocab_index.to(tl.int32), tile_i32)
        # src[moments.diag:49]
        tile_min = tl.min(where_vocab, 0)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        min_vocab = next_min_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(logits, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        min_vocab_2 = tl.where(max_vocab == next_max_vocab, min_vocab, tile_i32)
        where_vocab = tl.where(logits == next_max_vocab, vocab_index.to(tl.int32), tile_i32)
        where_vocab_2 = tl.where(vocab_index < size_vocab, where_vocab, 2147483647)
        # src[moments.diag:49]
        tile_min = tl.min(where_vocab_2, 0)
        next_min_vocab = tl.minimum(min_vocab_2, tile_min)
        max_vocab = next_max_vocab
        min_vocab = next_min_vocab
    tl.store(best_ptr + token_index * best_stride_token, min_vocab)
    tl.store(top_ptr + token_index * top_stride_token, max_vocab)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        safe_max_vocab = tl.where(max_vocab == float("-inf"), 0.0, max_vocab)
        # src[maps.diag:5]
        tl.store(
            e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
            tl.exp(logits - safe_max_vocab),
        )
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        safe_max_vocab = tl.where(max_vocab == float("-inf"), 0.0, max_vocab)
        # src[maps.diag:5]
        tl.store(
            e_ptr + token_index * e_stride_token + vocab_index * e_stride_vocab,
            tl.exp(logits - safe_max_vocab),
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def choice_long_forward_mean_kernel(
    E_ptr, e_ptr, mean_ptr, E_stride_vocab, E_stride_e, e_stride_token, e_stride_vocab, mean_stride_token,
    mean_stride_e, size_vocab, size_e, size_token, BLOCK_VOCAB: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    z = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_E], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        e = tl.load(
            e_ptr + token_index[:, None] * e_stride_token + vocab_index[None, :] * e_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = z + tile_sum
        e_bf16 = e.to(tl.bfloat16)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), acc_vocab)
        z = next_z
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        e = tl.load(
            e_ptr + token_index[:, None] * e_stride_token + vocab_index[None, :] * e_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = z + tile_sum
        e_bf16 = e.to(tl.bfloat16)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[None, :] * E_stride_vocab + e_index[:, None] * E_stride_e,
            mask=(vocab_index < size_vocab)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(e_bf16, tl.trans(E), acc_vocab)
        z = next_z
        acc_vocab = next_acc_vocab
    # src[maps.diag:7]
    # src[moments.diag:49]
    where_token_e = tl.where((z > 0.0)[:, None], acc_vocab * (1.0 / z)[:, None], 0.0)
    tl.store(
        mean_ptr + token_index[:, None] * mean_stride_token + e_index[None, :] * mean_stride_e,
        where_token_e.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def choice_long_backward_buffer_0_kernel(
    E_ptr, d_mean_ptr, buffer_0_ptr, E_stride_vocab, E_stride_e, d_mean_stride_token, d_mean_stride_e,
    buffer_0_stride_token, buffer_0_stride_vocab, size_vocab, size_e, size_token, BLOCK_E: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    acc_e = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[:, None] * E_stride_vocab + e_index[None, :] * E_stride_e,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index[:, None] * d_mean_stride_token + e_index[None, :] * d_mean_stride_e,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_mean, tl.trans(E), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[moments.diag:43]
        E = tl.load(
            E_ptr + vocab_index[:, None] * E_stride_vocab + e_index[None, :] * E_stride_e,
            mask=(vocab_index < size_vocab)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index[:, None] * d_mean_stride_token + e_index[None, :] * d_mean_stride_e,
            mask=(token_index < size_token)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_mean, tl.trans(E), acc_e)
        acc_e = next_acc_e
    tl.store(
        buffer_0_ptr + token_index[:, None] * buffer_0_stride_token + vocab_index[None, :] * buffer_0_stride_vocab,
        acc_e,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def choice_long_backward_buffer_1_rows_kernel(
    d_mean_ptr, mean_ptr, buffer_1_ptr, d_mean_stride_token, d_mean_stride_e, mean_stride_token,
    mean_stride_e, buffer_1_stride_token, size_token, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    mean = load_tile(
        mean_ptr + token_index * mean_stride_token + e_index * mean_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    d_mean = load_tile(
        d_mean_ptr + token_index * d_mean_stride_token + e_index * d_mean_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_mean.to(tl.float32) * mean.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_1_ptr + token_index * buffer_1_stride_token, sum_)


@triton.jit
def choice_long_backward_buffer_1_kernel(
    d_mean_ptr, mean_ptr, buffer_1_ptr, d_mean_stride_token, d_mean_stride_e, mean_stride_token,
    mean_stride_e, buffer_1_stride_token, size_token, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        mean = tl.load(mean_ptr + token_index * mean_stride_token + e_index * mean_stride_e)
        d_mean = tl.load(d_mean_ptr + token_index * d_mean_stride_token + e_index * d_mean_stride_e)
        mul_e = d_mean.to(tl.float32) * mean.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        mean = tl.load(
            mean_ptr + token_index * mean_stride_token + e_index * mean_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index * d_mean_stride_token + e_index * d_mean_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_mean.to(tl.float32) * mean.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_1_ptr + token_index * buffer_1_stride_token, acc_e)


@triton.jit
def choice_long_backward_buffer_3_d_logits_rows_kernel(
    logits_ptr, d_top_ptr, best_ptr, top_ptr, buffer_0_ptr, buffer_1_ptr, buffer_3_ptr, d_logits_ptr,
    logits_stride_token, logits_stride_vocab, d_top_stride_token, best_stride_token, top_stride_token,
    buffer_0_stride_token, buffer_0_stride_vocab, buffer_1_stride_token, buffer_3_stride_token,
    buffer_3_stride_vocab, d_logits_stride_token, d_logits_stride_vocab, size_token, size_vocab,
    BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    top = tl.load(top_ptr + token_index * top_stride_token)
    # src[moments.diag:43]
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[maps.diag:5]
    sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
    e = tl.exp(sub_vocab)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    recip = 1.0 / sum_
    # src[maps.diag:7]
    gt = sum_ > 0.0
    tl.store(
        buffer_3_ptr + token_index * buffer_3_stride_token + vocab_index * buffer_3_stride_vocab,
        (tl.where(gt, recip, 0.0) * e).to(tl.bfloat16),
        mask=(vocab_index < size_vocab),
    )
    buffer_1 = tl.load(buffer_1_ptr + token_index * buffer_1_stride_token)
    buffer_0 = load_tile(
        buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
        (vocab_index < size_vocab),
        0.0,
        EXACT_VOCAB,
    )
    safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
    sub_vocab_2 = buffer_0 - safe_buffer_1
    mul_vocab = e * sub_vocab_2
    sum_2 = tl.sum(mul_vocab, 0)
    d_top = tl.load(d_top_ptr + token_index * d_top_stride_token)
    best = tl.load(best_ptr + token_index * best_stride_token)
    where_vocab = tl.where(vocab_index.to(tl.int32) == best, d_top - tl.where(gt, sum_2 * recip, 0.0), 0.0)
    add_vocab = where_vocab + tl.where(gt, (recip * e) * sub_vocab_2, 0.0)
    tl.store(
        d_logits_ptr + token_index * d_logits_stride_token + vocab_index * d_logits_stride_vocab,
        add_vocab,
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def choice_long_backward_buffer_3_d_logits_kernel(
    logits_ptr, d_top_ptr, best_ptr, top_ptr, buffer_0_ptr, buffer_1_ptr, buffer_3_ptr, d_logits_ptr,
    logits_stride_token, logits_stride_vocab, d_top_stride_token, best_stride_token, top_stride_token,
    buffer_0_stride_token, buffer_0_stride_vocab, buffer_1_stride_token, buffer_3_stride_token,
    buffer_3_stride_vocab, d_logits_stride_token, d_logits_stride_vocab, size_token, size_vocab,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    z = tl.full([], 0.0, tl.float32)
    acc_vocab = tl.full([], 0.0, tl.float32)
    top = tl.load(top_ptr + token_index * top_stride_token)
    buffer_1 = tl.load(buffer_1_ptr + token_index * buffer_1_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        e = tl.exp(sub_vocab)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = z + tile_sum
        buffer_0 = tl.load(
            buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
        )
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        mul_vocab = e * (buffer_0 - safe_buffer_1)
        tile_sum_2 = tl.sum(mul_vocab, 0)
        next_acc_vocab = acc_vocab + tile_sum_2
        z = next_z
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        e = tl.exp(sub_vocab)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = z + tile_sum
        buffer_0 = tl.load(
            buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        mul_vocab = e * (buffer_0 - safe_buffer_1)
        tile_sum_2 = tl.sum(mul_vocab, 0)
        next_acc_vocab = acc_vocab + tile_sum_2
        z = next_z
        acc_vocab = next_acc_vocab
    recip = 1.0 / z
    # src[maps.diag:7]
    gt = z > 0.0
    where = tl.where(gt, recip, 0.0)
    d_top = tl.load(d_top_ptr + token_index * d_top_stride_token)
    sub = d_top - tl.where(gt, acc_vocab * recip, 0.0)
    best = tl.load(best_ptr + token_index * best_stride_token)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        e = tl.exp(sub_vocab)
        tl.store(
            buffer_3_ptr + token_index * buffer_3_stride_token + vocab_index * buffer_3_stride_vocab,
            (where * e).to(tl.bfloat16),
        )
        buffer_0 = tl.load(
            buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
        )
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        where_vocab = tl.where(gt, (recip * e) * (buffer_0 - safe_buffer_1), 0.0)
        where_vocab_2 = tl.where(vocab_index.to(tl.int32) == best, sub, 0.0)
        tl.store(
            d_logits_ptr + token_index * d_logits_stride_token + vocab_index * d_logits_stride_vocab,
            (where_vocab_2 + where_vocab),
        )
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[moments.diag:43]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        # src[maps.diag:5]
        sub_vocab = logits - tl.where(top == float("-inf"), 0.0, top)
        e = tl.exp(sub_vocab)
        tl.store(
            buffer_3_ptr + token_index * buffer_3_stride_token + vocab_index * buffer_3_stride_vocab,
            (where * e).to(tl.bfloat16),
            mask=(vocab_index < size_vocab),
        )
        buffer_0 = tl.load(
            buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        safe_buffer_1 = tl.where(buffer_1 == float("-inf"), 0.0, buffer_1)
        where_vocab = tl.where(gt, (recip * e) * (buffer_0 - safe_buffer_1), 0.0)
        where_vocab_2 = tl.where(vocab_index.to(tl.int32) == best, sub, 0.0)
        tl.store(
            d_logits_ptr + token_index * d_logits_stride_token + vocab_index * d_logits_stride_vocab,
            (where_vocab_2 + where_vocab),
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def choice_long_backward_d_E_kernel(
    d_mean_ptr, buffer_3_ptr, d_E_ptr, d_mean_stride_token, d_mean_stride_e, buffer_3_stride_token,
    buffer_3_stride_vocab, d_E_stride_vocab, d_E_stride_e, size_token, size_e, size_vocab,
    BLOCK_TOKEN: tl.constexpr, BLOCK_VOCAB: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_E], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        buffer_3 = tl.load(
            buffer_3_ptr + token_index[None, :] * buffer_3_stride_token + vocab_index[:, None] * buffer_3_stride_vocab,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index[None, :] * d_mean_stride_token + e_index[:, None] * d_mean_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_3, tl.trans(d_mean), acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        buffer_3 = tl.load(
            buffer_3_ptr + token_index[None, :] * buffer_3_stride_token + vocab_index[:, None] * buffer_3_stride_vocab,
            mask=(token_index < size_token)[None, :] & (vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_mean = tl.load(
            d_mean_ptr + token_index[None, :] * d_mean_stride_token + e_index[:, None] * d_mean_stride_e,
            mask=(token_index < size_token)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_3, tl.trans(d_mean), acc_token)
        acc_token = next_acc_token
    tl.store(
        d_E_ptr + vocab_index[:, None] * d_E_stride_vocab + e_index[None, :] * d_E_stride_e,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (e_index < size_e)[None, :],
    )


@_operator
def _choice_e_best_top(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_choice_e_best_top(logits: f32[token vocab]) -> e: f32[token vocab], best: i32[token] in vocab, top: f32[token]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    token, vocab = logits.shape
    e = torch.empty((token, vocab), dtype=torch.float32, device=logits.device)
    best = torch.empty((token,), dtype=torch.int32, device=logits.device)
    top = torch.empty((token,), dtype=torch.float32, device=logits.device)
    if _is_traced(e):
        return e, best, top
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        choice_e_best_top_rows_kernel[grid](
            logits, e, best, top, logits.stride(0), logits.stride(1), e.stride(0), e.stride(1),
            best.stride(0), top.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
            EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return e, best, top
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    choice_e_best_top_kernel[grid](
        logits, e, best, top, logits.stride(0), logits.stride(1), e.stride(0), e.stride(1), best.stride(0),
        top.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return e, best, top


@_operator
def _choice_mean(E: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
    """_choice_mean(E: bf16[vocab e], e: f32[token vocab]) -> mean: bf16[token e]. Any strides; sizes are read off the shapes."""
    _check("E", E, torch.bfloat16, 2, E.device)
    _check("e", e, torch.float32, 2, E.device)
    vocab, e_2 = E.shape
    token, _ = e.shape
    if e.shape != (token, vocab):
        raise ValueError(f"e: f32[token vocab] has shape {e.shape}, expected {(token, vocab)}")
    mean = torch.empty((token, e_2), dtype=torch.bfloat16, device=E.device)
    if _is_traced(mean):
        return mean
    BLOCK_TOKEN, BLOCK_E, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(e_2, BLOCK_E),)
    choice_mean_kernel[grid](
        E, e, mean, E.stride(0), E.stride(1), e.stride(0), e.stride(1), mean.stride(0), mean.stride(1), vocab,
        e_2, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return mean


@_operator
def _choice_forward_e_best_top(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_choice_forward_e_best_top(logits: f32[token vocab]) -> e: f32[token vocab], best: i32[token] in vocab, top: f32[token]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    token, vocab = logits.shape
    e = torch.empty((token, vocab), dtype=torch.float32, device=logits.device)
    best = torch.empty((token,), dtype=torch.int32, device=logits.device)
    top = torch.empty((token,), dtype=torch.float32, device=logits.device)
    if _is_traced(e):
        return e, best, top
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        choice_forward_e_best_top_rows_kernel[grid](
            logits, e, best, top, logits.stride(0), logits.stride(1), e.stride(0), e.stride(1),
            best.stride(0), top.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
            EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return e, best, top
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    choice_forward_e_best_top_kernel[grid](
        logits, e, best, top, logits.stride(0), logits.stride(1), e.stride(0), e.stride(1), best.stride(0),
        top.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return e, best, top


@_operator
def _choice_forward_mean(E: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
    """_choice_forward_mean(E: bf16[vocab e], e: f32[token vocab]) -> mean: bf16[token e]. Any strides; sizes are read off the shapes."""
    _check("E", E, torch.bfloat16, 2, E.device)
    _check("e", e, torch.float32, 2, E.device)
    vocab, e_2 = E.shape
    token, _ = e.shape
    if e.shape != (token, vocab):
        raise ValueError(f"e: f32[token vocab] has shape {e.shape}, expected {(token, vocab)}")
    mean = torch.empty((token, e_2), dtype=torch.bfloat16, device=E.device)
    if _is_traced(mean):
        return mean
    BLOCK_TOKEN, BLOCK_E, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(e_2, BLOCK_E),)
    choice_forward_mean_kernel[grid](
        E, e, mean, E.stride(0), E.stride(1), e.stride(0), e.stride(1), mean.stride(0), mean.stride(1), vocab,
        e_2, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return mean


@_operator
def _choice_backward_z_buffer_1(logits: torch.Tensor, top: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_choice_backward_z_buffer_1(logits: f32[token vocab], top: f32[token]) -> z: f32[token], buffer_1: bf16[token vocab]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    _check("top", top, torch.float32, 1, logits.device)
    token, vocab = logits.shape
    if top.shape != (token,):
        raise ValueError(f"top: f32[token] has shape {top.shape}, expected {(token,)}")
    z = torch.empty((token,), dtype=torch.float32, device=logits.device)
    buffer_1 = torch.empty((token, vocab), dtype=torch.bfloat16, device=logits.device)
    if _is_traced(z):
        return z, buffer_1
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        choice_backward_z_buffer_1_rows_kernel[grid](
            logits, top, z, buffer_1, logits.stride(0), logits.stride(1), top.stride(0), z.stride(0),
            buffer_1.stride(0), buffer_1.stride(1), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
            EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return z, buffer_1
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    choice_backward_z_buffer_1_kernel[grid](
        logits, top, z, buffer_1, logits.stride(0), logits.stride(1), top.stride(0), z.stride(0),
        buffer_1.stride(0), buffer_1.stride(1), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return z, buffer_1


@_operator
def _choice_backward_d_logits(
    logits: torch.Tensor,
    E: torch.Tensor,
    d_mean: torch.Tensor,
    d_top: torch.Tensor,
    mean: torch.Tensor,
    best: torch.Tensor,
    top: torch.Tensor,
    z: torch.Tensor,
) -> torch.Tensor:
    """_choice_backward_d_logits(logits: f32[token vocab], E: bf16[vocab e], d_mean: bf16[token e], d_top: f32[token], mean: bf16[token e], best: i32[token] in vocab, top: f32[token], z: f32[token]) -> d_logits: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    _check("E", E, torch.bfloat16, 2, logits.device)
    _check("d_mean", d_mean, torch.bfloat16, 2, logits.device)
    _check("d_top", d_top, torch.float32, 1, logits.device)
    _check("mean", mean, torch.bfloat16, 2, logits.device)
    _check("best", best, torch.int32, 1, logits.device)
    _check("top", top, torch.float32, 1, logits.device)
    _check("z", z, torch.float32, 1, logits.device)
    token, vocab = logits.shape
    _, e = E.shape
    if E.shape != (vocab, e):
        raise ValueError(f"E: bf16[vocab e] has shape {E.shape}, expected {(vocab, e)}")
    if d_mean.shape != (token, e):
        raise ValueError(f"d_mean: bf16[token e] has shape {d_mean.shape}, expected {(token, e)}")
    if d_top.shape != (token,):
        raise ValueError(f"d_top: f32[token] has shape {d_top.shape}, expected {(token,)}")
    if mean.shape != (token, e):
        raise ValueError(f"mean: bf16[token e] has shape {mean.shape}, expected {(token, e)}")
    if best.shape != (token,):
        raise ValueError(f"best: i32[token] has shape {best.shape}, expected {(token,)}")
    if top.shape != (token,):
        raise ValueError(f"top: f32[token] has shape {top.shape}, expected {(token,)}")
    if z.shape != (token,):
        raise ValueError(f"z: f32[token] has shape {z.shape}, expected {(token,)}")
    d_logits = torch.empty((token, vocab), dtype=torch.float32, device=logits.device)
    if _is_traced(d_logits):
        return d_logits
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E > 256:
        raise ValueError(f"e = {BLOCK_E}: at most 256 elements are held on chip")
    if BLOCK_E <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_E <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    choice_backward_d_logits_kernel[grid](
        logits, E, d_mean, d_top, mean, best, top, z, d_logits, logits.stride(0), logits.stride(1),
        E.stride(0), E.stride(1), d_mean.stride(0), d_mean.stride(1), d_top.stride(0), mean.stride(0),
        mean.stride(1), best.stride(0), top.stride(0), z.stride(0), d_logits.stride(0), d_logits.stride(1),
        token, vocab, e, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_E=BLOCK_E, BLOCK_TOKEN=BLOCK_TOKEN,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_logits


@_operator
def _choice_backward_d_E(d_mean: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_choice_backward_d_E(d_mean: bf16[token e], buffer_1: bf16[token vocab]) -> d_E: bf16[vocab e]. Any strides; sizes are read off the shapes."""
    _check("d_mean", d_mean, torch.bfloat16, 2, d_mean.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, d_mean.device)
    token, e = d_mean.shape
    _, vocab = buffer_1.shape
    if buffer_1.shape != (token, vocab):
        raise ValueError(f"buffer_1: bf16[token vocab] has shape {buffer_1.shape}, expected {(token, vocab)}")
    d_E = torch.empty((vocab, e), dtype=torch.bfloat16, device=d_mean.device)
    if _is_traced(d_E):
        return d_E
    BLOCK_VOCAB, BLOCK_E, BLOCK_TOKEN, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(vocab, BLOCK_VOCAB) * triton.cdiv(e, BLOCK_E),)
    choice_backward_d_E_kernel[grid](
        d_mean, buffer_1, d_E, d_mean.stride(0), d_mean.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_E.stride(0), d_E.stride(1), token, e, vocab, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_E


@_operator
def _choice_long_forward_e_best_top(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_choice_long_forward_e_best_top(logits: f32[token vocab]) -> e: f32[token vocab], best: i32[token] in vocab, top: f32[token]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    token, vocab = logits.shape
    e = torch.empty((token, vocab), dtype=torch.float32, device=logits.device)
    best = torch.empty((token,), dtype=torch.int32, device=logits.device)
    top = torch.empty((token,), dtype=torch.float32, device=logits.device)
    if _is_traced(e):
        return e, best, top
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        choice_long_forward_e_best_top_rows_kernel[grid](
            logits, e, best, top, logits.stride(0), logits.stride(1), e.stride(0), e.stride(1),
            best.stride(0), top.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
            EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return e, best, top
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    choice_long_forward_e_best_top_kernel[grid](
        logits, e, best, top, logits.stride(0), logits.stride(1), e.stride(0), e.stride(1), best.stride(0),
        top.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return e, best, top


@_operator
def _choice_long_forward_mean(E: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
    """_choice_long_forward_mean(E: bf16[vocab e], e: f32[token vocab]) -> mean: bf16[token e]. Any strides; sizes are read off the shapes."""
    _check("E", E, torch.bfloat16, 2, E.device)
    _check("e", e, torch.float32, 2, E.device)
    vocab, e_2 = E.shape
    token, _ = e.shape
    if e.shape != (token, vocab):
        raise ValueError(f"e: f32[token vocab] has shape {e.shape}, expected {(token, vocab)}")
    mean = torch.empty((token, e_2), dtype=torch.bfloat16, device=E.device)
    if _is_traced(mean):
        return mean
    BLOCK_TOKEN, BLOCK_E, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(e_2, BLOCK_E),)
    choice_long_forward_mean_kernel[grid](
        E, e, mean, E.stride(0), E.stride(1), e.stride(0), e.stride(1), mean.stride(0), mean.stride(1), vocab,
        e_2, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return mean


@_operator
def _choice_long_backward_buffer_0(E: torch.Tensor, d_mean: torch.Tensor) -> torch.Tensor:
    """_choice_long_backward_buffer_0(E: bf16[vocab e], d_mean: bf16[token e]) -> buffer_0: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("E", E, torch.bfloat16, 2, E.device)
    _check("d_mean", d_mean, torch.bfloat16, 2, E.device)
    vocab, e = E.shape
    token, _ = d_mean.shape
    if d_mean.shape != (token, e):
        raise ValueError(f"d_mean: bf16[token e] has shape {d_mean.shape}, expected {(token, e)}")
    buffer_0 = torch.empty((token, vocab), dtype=torch.float32, device=E.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    choice_long_backward_buffer_0_kernel[grid](
        E, d_mean, buffer_0, E.stride(0), E.stride(1), d_mean.stride(0), d_mean.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), vocab, e, token, BLOCK_E=BLOCK_E, BLOCK_TOKEN=BLOCK_TOKEN,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _choice_long_backward_buffer_1(d_mean: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """_choice_long_backward_buffer_1(d_mean: bf16[token e], mean: bf16[token e]) -> buffer_1: f32[token]. Any strides; sizes are read off the shapes."""
    _check("d_mean", d_mean, torch.bfloat16, 2, d_mean.device)
    _check("mean", mean, torch.bfloat16, 2, d_mean.device)
    token, e = d_mean.shape
    if mean.shape != (token, e):
        raise ValueError(f"mean: bf16[token e] has shape {mean.shape}, expected {(token, e)}")
    buffer_1 = torch.empty((token,), dtype=torch.float32, device=d_mean.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        choice_long_backward_buffer_1_rows_kernel[grid](
            d_mean, mean, buffer_1, d_mean.stride(0), d_mean.stride(1), mean.stride(0), mean.stride(1),
            buffer_1.stride(0), token, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (token,)
    choice_long_backward_buffer_1_kernel[grid](
        d_mean, mean, buffer_1, d_mean.stride(0), d_mean.stride(1), mean.stride(0), mean.stride(1),
        buffer_1.stride(0), token, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _choice_long_backward_buffer_3_d_logits(
    logits: torch.Tensor,
    d_top: torch.Tensor,
    best: torch.Tensor,
    top: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_choice_long_backward_buffer_3_d_logits(logits: f32[token vocab], d_top: f32[token], best: i32[token] in vocab, top: f32[token], buffer_0: f32[token vocab], buffer_1: f32[token]) -> buffer_3: bf16[token vocab], d_logits: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.float32, 2, logits.device)
    _check("d_top", d_top, torch.float32, 1, logits.device)
    _check("best", best, torch.int32, 1, logits.device)
    _check("top", top, torch.float32, 1, logits.device)
    _check("buffer_0", buffer_0, torch.float32, 2, logits.device)
    _check("buffer_1", buffer_1, torch.float32, 1, logits.device)
    token, vocab = logits.shape
    if d_top.shape != (token,):
        raise ValueError(f"d_top: f32[token] has shape {d_top.shape}, expected {(token,)}")
    if best.shape != (token,):
        raise ValueError(f"best: i32[token] has shape {best.shape}, expected {(token,)}")
    if top.shape != (token,):
        raise ValueError(f"top: f32[token] has shape {top.shape}, expected {(token,)}")
    if buffer_0.shape != (token, vocab):
        raise ValueError(f"buffer_0: f32[token vocab] has shape {buffer_0.shape}, expected {(token, vocab)}")
    if buffer_1.shape != (token,):
        raise ValueError(f"buffer_1: f32[token] has shape {buffer_1.shape}, expected {(token,)}")
    buffer_3 = torch.empty((token, vocab), dtype=torch.bfloat16, device=logits.device)
    d_logits = torch.empty((token, vocab), dtype=torch.float32, device=logits.device)
    if _is_traced(buffer_3):
        return buffer_3, d_logits
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        choice_long_backward_buffer_3_d_logits_rows_kernel[grid](
            logits, d_top, best, top, buffer_0, buffer_1, buffer_3, d_logits, logits.stride(0),
            logits.stride(1), d_top.stride(0), best.stride(0), top.stride(0), buffer_0.stride(0),
            buffer_0.stride(1), buffer_1.stride(0), buffer_3.stride(0), buffer_3.stride(1),
            d_logits.stride(0), d_logits.stride(1), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
            EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return buffer_3, d_logits
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    choice_long_backward_buffer_3_d_logits_kernel[grid](
        logits, d_top, best, top, buffer_0, buffer_1, buffer_3, d_logits, logits.stride(0), logits.stride(1),
        d_top.stride(0), best.stride(0), top.stride(0), buffer_0.stride(0), buffer_0.stride(1),
        buffer_1.stride(0), buffer_3.stride(0), buffer_3.stride(1), d_logits.stride(0), d_logits.stride(1),
        token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return buffer_3, d_logits


@_operator
def _choice_long_backward_d_E(d_mean: torch.Tensor, buffer_3: torch.Tensor) -> torch.Tensor:
    """_choice_long_backward_d_E(d_mean: bf16[token e], buffer_3: bf16[token vocab]) -> d_E: bf16[vocab e]. Any strides; sizes are read off the shapes."""
    _check("d_mean", d_mean, torch.bfloat16, 2, d_mean.device)
    _check("buffer_3", buffer_3, torch.bfloat16, 2, d_mean.device)
    token, e = d_mean.shape
    _, vocab = buffer_3.shape
    if buffer_3.shape != (token, vocab):
        raise ValueError(f"buffer_3: bf16[token vocab] has shape {buffer_3.shape}, expected {(token, vocab)}")
    d_E = torch.empty((vocab, e), dtype=torch.bfloat16, device=d_mean.device)
    if _is_traced(d_E):
        return d_E
    BLOCK_VOCAB, BLOCK_E, BLOCK_TOKEN, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(vocab, BLOCK_VOCAB) * triton.cdiv(e, BLOCK_E),)
    choice_long_backward_d_E_kernel[grid](
        d_mean, buffer_3, d_E, d_mean.stride(0), d_mean.stride(1), buffer_3.stride(0), buffer_3.stride(1),
        d_E.stride(0), d_E.stride(1), token, e, vocab, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_E


class _choice_autograd(torch.autograd.Function):
    """choice and its derivative."""

    @staticmethod
    def forward(ctx, logits, E):
        e, best, top = _choice_forward_e_best_top(logits)
        mean = _choice_forward_mean(E, e)
        ctx.save_for_backward(logits, E, mean, best, top)
        ctx.mark_non_differentiable(best)
        return mean, best, top

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_mean, unused, d_top):
        logits, E, mean, best, top = ctx.saved_tensors
        z, buffer_1 = _choice_backward_z_buffer_1(logits, top)
        d_logits = _choice_backward_d_logits(logits, E, d_mean, d_top, mean, best, top, z)
        d_E = _choice_backward_d_E(d_mean, buffer_1)
        return d_logits, d_E


class _choice_long_autograd(torch.autograd.Function):
    """choice and its derivative."""

    @staticmethod
    def forward(ctx, logits, E):
        e, best, top = _choice_long_forward_e_best_top(logits)
        mean = _choice_long_forward_mean(E, e)
        ctx.save_for_backward(logits, E, mean, best, top)
        ctx.mark_non_differentiable(best)
        return mean, best, top

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_mean, unused, d_top):
        logits, E, mean, best, top = ctx.saved_tensors
        buffer_0 = _choice_long_backward_buffer_0(E, d_mean)
        buffer_1 = _choice_long_backward_buffer_1(d_mean, mean)
        buffer_3, d_logits = _choice_long_backward_buffer_3_d_logits(logits, d_top, best, top, buffer_0, buffer_1)
        d_E = _choice_long_backward_d_E(d_mean, buffer_3)
        return d_logits, d_E


@_anywhere(torch.float32, torch.bfloat16)
def choice(logits: torch.Tensor, E: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """choice(logits: f32[token vocab], E: bf16[vocab e]) -> mean: bf16[token e], best: i32[token] in vocab, top: f32[token]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, vocab = logits.shape
    _, e = E.shape
    if E.shape != (vocab, e):
        raise ValueError(f"E: bf16[vocab e] has shape {E.shape}, expected {(vocab, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (logits, E)):
        if e <= 256:
            return _choice_autograd.apply(logits, E)
        return _choice_long_autograd.apply(logits, E)
    e_2, best, top = _choice_e_best_top(logits)
    mean = _choice_mean(E, e_2)
    return mean, best, top


@triton.jit
def temperature_kernel(
    Q_ptr, K_ptr, b_ptr, L_ptr, E_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, L_stride_q, E_stride_q,
    size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:53]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = ((1.4426950408889634 * b) * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        mul_q_x_2 = e * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:53]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = tl.where((x_index < size_x)[None, :], ((1.4426950408889634 * b) * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        mul_q_x_2 = e * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:12]
    tl.store(
        L_ptr + q_index * L_stride_q,
        (tl.log(z) + (max_x * 0.6931471805599453)),
        mask=(q_index < size_q),
    )
    # src[maps.diag:7]
    # src[moments.diag:55]
    where_q = tl.where(z > 0.0, (rsqrt * acc_x) * (1.0 / z), 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where_q, mask=(q_index < size_q))


@triton.jit
def temperature_long_buffer_0_kernel(
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
        # src[moments.diag:53]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:53]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def temperature_long_L_E_rows_kernel(
    b_ptr, buffer_0_ptr, L_ptr, E_ptr, buffer_0_stride_q, buffer_0_stride_x, L_stride_q, E_stride_q, size_q,
    size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    buffer_0 = load_tile(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * b) * rsqrt) * buffer_0, float("-inf"))
    max_ = tl.max(mul_x, 0)
    sub_x = mul_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:12]
    e = tl.exp2(sub_x)
    sum_ = tl.sum(e, 0)
    tl.store(L_ptr + q_index * L_stride_q, (tl.log(sum_) + (max_ * 0.6931471805599453)))
    mul_x_2 = e * buffer_0
    sum_2 = tl.sum(mul_x_2, 0)
    # src[maps.diag:7]
    # src[moments.diag:55]
    where = tl.where(sum_ > 0.0, (rsqrt * sum_2) * (1.0 / sum_), 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where)


@triton.jit
def temperature_long_L_E_kernel(
    b_ptr, buffer_0_ptr, L_ptr, E_ptr, buffer_0_stride_q, buffer_0_stride_x, L_stride_q, E_stride_q, size_q,
    size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x)
        mul_x = ((1.4426950408889634 * b) * rsqrt) * buffer_0
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_x - safe_next_max_x)
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        mul_x_2 = e * buffer_0
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * b) * rsqrt) * buffer_0, float("-inf"))
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_x - safe_next_max_x)
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        mul_x_2 = e * buffer_0
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, (tl.log(z) + (max_x * 0.6931471805599453)))
    # src[maps.diag:7]
    # src[moments.diag:55]
    where = tl.where(z > 0.0, (rsqrt * acc_x) * (1.0 / z), 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where)


@triton.jit
def temperature_forward_kernel(
    Q_ptr, K_ptr, b_ptr, L_ptr, E_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, L_stride_q, E_stride_q,
    size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:53]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = ((1.4426950408889634 * b) * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        mul_q_x_2 = e * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:53]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = tl.where((x_index < size_x)[None, :], ((1.4426950408889634 * b) * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_q_x - safe_next_max_x[:, None])
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        mul_q_x_2 = e * dot
        tile_sum_2 = tl.sum(mul_q_x_2, 1)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:12]
    tl.store(
        L_ptr + q_index * L_stride_q,
        (tl.log(z) + (max_x * 0.6931471805599453)),
        mask=(q_index < size_q),
    )
    # src[maps.diag:7]
    # src[moments.diag:55]
    where_q = tl.where(z > 0.0, (rsqrt * acc_x) * (1.0 / z), 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where_q, mask=(q_index < size_q))


@triton.jit
def temperature_backward_buffer_0_buffer_1_d_Q_kernel(
    Q_ptr, K_ptr, b_ptr, d_L_ptr, d_E_ptr, L_ptr, buffer_0_ptr, buffer_1_ptr, d_Q_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, d_L_stride_q, d_E_stride_q, L_stride_q, buffer_0_stride_q, buffer_1_stride_q,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_3 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    acc_x_4 = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    centre = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[moments.diag:53]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    L = tl.load(L_ptr + q_index * L_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * L
    b = tl.load(b_ptr)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    d_E = tl.load(d_E_ptr + q_index * d_E_stride_q, mask=(q_index < size_q), other=0.0)
    d_L = tl.load(d_L_ptr + q_index * d_L_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_2 = d_L * b
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[moments.diag:53]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = (((1.4426950408889634 * rsqrt) * b) * dot) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x)
        mul_q_x = exp2_q_x * dot
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        mul_q_3 = (rsqrt * b) * next_acc_x
        next_centre = tl.where(tl.abs(mul_q_3) < float("inf"), mul_q_3, 0.0)
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_5 = (-1.0 * ((rsqrt * d_E) * acc_x)) * (where_q_2 - where_q)
        mul_q_x_2 = (rsqrt * d_E)[:, None] * (dot - next_acc_x[:, None])
        mul_q_x_3 = ((d_L[:, None] + mul_q_x_2) * exp2_q_x) * dot
        tile_sum_2 = tl.sum(mul_q_x_3, 1)
        next_acc_x_2 = (acc_x_2 + acc_x_5) + tile_sum_2
        acc_x_6 = (-1.0 * (d_E[:, None] * acc_x_4)) * (next_centre - centre)[:, None]
        # src[moments.diag:55]
        safe_next_centre = tl.where(next_centre == float("-inf"), 0.0, next_centre)
        sub_q_x_2 = (((rsqrt * b) * dot) + 1.0) - safe_next_centre[:, None]
        tile = (mul_q_2[:, None] + (sub_q_x_2 * d_E[:, None])) * exp2_q_x
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16, K, (acc_x_3 + acc_x_6))
        tile_bf16_2 = exp2_q_x.to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16_2, K, acc_x_4)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        centre = next_centre
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[moments.diag:53]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = tl.where((x_index < size_x)[None, :], ((1.4426950408889634 * rsqrt) * b) * dot, float("-inf"))
        sub_q_x = mul_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        exp2_q_x = tl.exp2(sub_q_x)
        mul_q_x_2 = exp2_q_x * dot
        tile_sum = tl.sum(mul_q_x_2, 1)
        next_acc_x = acc_x + tile_sum
        mul_q_3 = (rsqrt * b) * next_acc_x
        next_centre = tl.where(tl.abs(mul_q_3) < float("inf"), mul_q_3, 0.0)
        where_q = tl.where(tl.abs(acc_x) < float("inf"), acc_x, 0.0)
        where_q_2 = tl.where(tl.abs(next_acc_x) < float("inf"), next_acc_x, 0.0)
        acc_x_5 = (-1.0 * ((rsqrt * d_E) * acc_x)) * (where_q_2 - where_q)
        mul_q_x_3 = (rsqrt * d_E)[:, None] * (dot - next_acc_x[:, None])
        add_q_x = tl.where((x_index < size_x)[None, :], d_L[:, None] + mul_q_x_3, 0.0)
        mul_q_x_4 = (add_q_x * exp2_q_x) * dot
        tile_sum_2 = tl.sum(mul_q_x_4, 1)
        next_acc_x_2 = (acc_x_2 + acc_x_5) + tile_sum_2
        acc_x_6 = (-1.0 * (d_E[:, None] * acc_x_4)) * (next_centre - centre)[:, None]
        # src[moments.diag:55]
        safe_next_centre = tl.where(next_centre == float("-inf"), 0.0, next_centre)
        sub_q_x_2 = (((rsqrt * b) * dot) + 1.0) - safe_next_centre[:, None]
        add_q_x_2 = tl.where((x_index < size_x)[None, :], mul_q_2[:, None] + (sub_q_x_2 * d_E[:, None]), 0.0)
        tile_bf16 = (add_q_x_2 * exp2_q_x).to(tl.bfloat16)
        next_acc_x_3 = tl.dot(tile_bf16, K, (acc_x_3 + acc_x_6))
        tile_bf16_2 = exp2_q_x.to(tl.bfloat16)
        next_acc_x_4 = tl.dot(tile_bf16_2, K, acc_x_4)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
        acc_x_3 = next_acc_x_3
        acc_x_4 = next_acc_x_4
        centre = next_centre
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x, mask=(q_index < size_q))
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_x_2, mask=(q_index < size_q))
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (rsqrt * acc_x_3).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def temperature_backward_d_K_kernel(
    Q_ptr, K_ptr, b_ptr, d_L_ptr, d_E_ptr, L_ptr, buffer_0_ptr, d_K_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, d_L_stride_q, d_E_stride_q, L_stride_q, buffer_0_stride_q, d_K_stride_x, d_K_stride_d, size_q,
    size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[moments.diag:53]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_E = tl.load(d_E_ptr + q_index * d_E_stride_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        mul_q = (rsqrt * b) * buffer_0
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[moments.diag:55]
        sub_x_q = (((rsqrt * b) * dot) + 1.0) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        d_L = tl.load(d_L_ptr + q_index * d_L_stride_q)
        L = tl.load(L_ptr + q_index * L_stride_q)
        mul_q_2 = 1.4426950408889634 * L
        sub_x_q_2 = (((1.4426950408889634 * rsqrt) * b) * dot) - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        tile = ((d_L * b)[None, :] + (sub_x_q * d_E[None, :])) * tl.exp2(sub_x_q_2)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_E = tl.load(d_E_ptr + q_index * d_E_stride_q, mask=(q_index < size_q), other=0.0)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = (rsqrt * b) * buffer_0
        # src[moments.diag:53]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[moments.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[moments.diag:55]
        sub_x_q = (((rsqrt * b) * dot) + 1.0) - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        d_L = tl.load(d_L_ptr + q_index * d_L_stride_q, mask=(q_index < size_q), other=0.0)
        L = tl.load(L_ptr + q_index * L_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q_2 = 1.4426950408889634 * L
        mul_x_q = tl.where((q_index < size_q)[None, :], ((1.4426950408889634 * rsqrt) * b) * dot, float("-inf"))
        sub_x_q_2 = mul_x_q - tl.where(mul_q_2 == float("-inf"), 0.0, mul_q_2)[None, :]
        tile = ((d_L * b)[None, :] + (sub_x_q * d_E[None, :])) * tl.exp2(sub_x_q_2)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        acc_q = next_acc_q
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def temperature_backward_d_b_rows_kernel(
    buffer_1_ptr,
    d_b_ptr,
    buffer_1_stride_q,
    size_q,
    size_d,
    BLOCK_Q: tl.constexpr,
    EXACT_Q: tl.constexpr,
):
    q_index = tl.arange(0, BLOCK_Q)
    buffer_1 = load_tile(buffer_1_ptr + q_index * buffer_1_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    sum_ = tl.sum(buffer_1, 0)
    # src[moments.diag:7]
    tl.store(d_b_ptr, (tl.rsqrt(tl.cast(size_d, tl.float32)) * sum_))


@triton.jit
def temperature_backward_d_b_kernel(
    buffer_1_ptr,
    d_b_ptr,
    buffer_1_stride_q,
    size_q,
    size_d,
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
    # src[moments.diag:7]
    tl.store(d_b_ptr, (tl.rsqrt(tl.cast(size_d, tl.float32)) * sum_q))


@triton.jit
def temperature_long_forward_state_kernel(
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
        # src[moments.diag:53]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[moments.diag:53]
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
        # src[moments.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def temperature_long_forward_L_E_rows_kernel(
    b_ptr, state_ptr, L_ptr, E_ptr, state_stride_q, state_stride_x, L_stride_q, E_stride_q, size_q, size_x,
    size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * rsqrt) * b) * state, float("-inf"))
    max_ = tl.max(mul_x, 0)
    sub_x = mul_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:12]
    e = tl.exp2(sub_x)
    sum_ = tl.sum(e, 0)
    tl.store(L_ptr + q_index * L_stride_q, (tl.log(sum_) + (0.6931471805599453 * max_)))
    mul_x_2 = state * e
    sum_2 = tl.sum(mul_x_2, 0)
    # src[maps.diag:7]
    # src[moments.diag:55]
    where = tl.where(sum_ > 0.0, ((1.0 / sum_) * sum_2) * rsqrt, 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where)


@triton.jit
def temperature_long_forward_L_E_kernel(
    b_ptr, state_ptr, L_ptr, E_ptr, state_stride_q, state_stride_x, L_stride_q, E_stride_q, size_q, size_x,
    size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    acc_x = tl.full([], 0.0, tl.float32)
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = ((1.4426950408889634 * rsqrt) * b) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_x - safe_next_max_x)
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        mul_x_2 = state * e
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * rsqrt) * b) * state, float("-inf"))
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:12]
        e = tl.exp2(mul_x - safe_next_max_x)
        tile_sum = tl.sum(e, 0)
        next_z = (z * scale) + tile_sum
        mul_x_2 = state * e
        tile_sum_2 = tl.sum(mul_x_2, 0)
        next_acc_x = (acc_x * scale) + tile_sum_2
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, (tl.log(z) + (0.6931471805599453 * max_x)))
    # src[maps.diag:7]
    # src[moments.diag:55]
    where = tl.where(z > 0.0, ((1.0 / z) * acc_x) * rsqrt, 0.0)
    tl.store(E_ptr + q_index * E_stride_q, where)


@triton.jit
def temperature_long_backward_buffer_0_buffer_1_rows_kernel(
    b_ptr, d_L_ptr, d_E_ptr, L_ptr, state_ptr, buffer_0_ptr, buffer_1_ptr, d_L_stride_q, d_E_stride_q,
    L_stride_q, state_stride_q, state_stride_x, buffer_0_stride_q, buffer_1_stride_q, buffer_1_stride_x,
    size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    L = tl.load(L_ptr + q_index * L_stride_q)
    mul = 1.4426950408889634 * L
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * rsqrt) * b) * state, float("-inf"))
    sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
    exp2_x = tl.exp2(sub_x)
    mul_x_2 = state * exp2_x
    sum_ = tl.sum(mul_x_2, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)
    d_E = tl.load(d_E_ptr + q_index * d_E_stride_q)
    mul_2 = (rsqrt * b) * sum_
    sub_x_2 = (1.0 + ((rsqrt * b) * state)) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
    d_L = tl.load(d_L_ptr + q_index * d_L_stride_q)
    tile_bf16 = (((d_L * b) + (sub_x_2 * d_E)) * exp2_x).to(tl.bfloat16)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tile_bf16,
        mask=(x_index < size_x),
    )


@triton.jit
def temperature_long_backward_buffer_0_buffer_1_kernel(
    b_ptr, d_L_ptr, d_E_ptr, L_ptr, state_ptr, buffer_0_ptr, buffer_1_ptr, d_L_stride_q, d_E_stride_q,
    L_stride_q, state_stride_q, state_stride_x, buffer_0_stride_q, buffer_1_stride_q, buffer_1_stride_x,
    size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    L = tl.load(L_ptr + q_index * L_stride_q)
    mul = 1.4426950408889634 * L
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        sub_x = (((1.4426950408889634 * rsqrt) * b) * state) - tl.where(mul == float("-inf"), 0.0, mul)
        mul_x = state * tl.exp2(sub_x)
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * rsqrt) * b) * state, float("-inf"))
        sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
        mul_x_2 = state * tl.exp2(sub_x)
        tile_sum = tl.sum(mul_x_2, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_x)
    d_E = tl.load(d_E_ptr + q_index * d_E_stride_q)
    mul_2 = (rsqrt * b) * acc_x
    d_L = tl.load(d_L_ptr + q_index * d_L_stride_q)
    mul_3 = d_L * b
    # whole tiles, no mask needed
    for first_x_3 in tl.range(0, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        sub_x = (((1.4426950408889634 * rsqrt) * b) * state) - tl.where(mul == float("-inf"), 0.0, mul)
        sub_x_2 = (1.0 + ((rsqrt * b) * state)) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        tile_bf16 = ((mul_3 + (sub_x_2 * d_E)) * tl.exp2(sub_x)).to(tl.bfloat16)
        tl.store(buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x, tile_bf16)
    # tiles that a mask or the end cuts
    for first_x_4 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_4 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        sub_x = (((1.4426950408889634 * rsqrt) * b) * state) - tl.where(mul == float("-inf"), 0.0, mul)
        sub_x_2 = (1.0 + ((rsqrt * b) * state)) - tl.where(mul_2 == float("-inf"), 0.0, mul_2)
        tile_bf16 = ((mul_3 + (sub_x_2 * d_E)) * tl.exp2(sub_x)).to(tl.bfloat16)
        tl.store(
            buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
            tile_bf16,
            mask=(x_index < size_x),
        )


@triton.jit
def temperature_long_backward_d_Q_kernel(
    K_ptr, buffer_1_ptr, d_Q_ptr, K_stride_x, K_stride_d, buffer_1_stride_q, buffer_1_stride_x, d_Q_stride_q,
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
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[moments.diag:53]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_1, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[moments.diag:53]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_1, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[moments.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def temperature_long_backward_d_K_kernel(
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
        # src[moments.diag:53]
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
        # src[moments.diag:53]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[moments.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def temperature_long_backward_d_b_rows_kernel(
    b_ptr, d_L_ptr, d_E_ptr, L_ptr, state_ptr, buffer_0_ptr, d_b_ptr, d_L_stride_q, d_E_stride_q, L_stride_q,
    state_stride_q, state_stride_x, buffer_0_stride_q, size_q, size_x, size_d, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_Q: tl.constexpr, EXACT_X: tl.constexpr,
):
    q_index = tl.arange(0, BLOCK_Q)
    x_index = tl.arange(0, BLOCK_X)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state = load_tile(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        (q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        0.0,
        EXACT_Q and EXACT_X,
    )
    L = load_tile(L_ptr + q_index * L_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q = 1.4426950408889634 * L
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    mul_q_x = tl.where((q_index < size_q)[:, None], ((1.4426950408889634 * rsqrt) * b) * state, float("-inf"))
    mul_q_x_2 = tl.where((x_index < size_x)[None, :], mul_q_x, float("-inf"))
    sub_q_x = mul_q_x_2 - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
    d_L = load_tile(d_L_ptr + q_index * d_L_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    buffer_0 = load_tile(buffer_0_ptr + q_index * buffer_0_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
    d_E = load_tile(d_E_ptr + q_index * d_E_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q_x_3 = (rsqrt * d_E)[:, None] * (state - safe_buffer_0[:, None])
    mul_q_x_4 = ((mul_q_x_3 + d_L[:, None]) * tl.exp2(sub_q_x)) * state
    sum_ = tl.sum(tl.sum(mul_q_x_4, 1), 0)
    tl.store(d_b_ptr, (sum_ * rsqrt))


@triton.jit
def temperature_long_backward_d_b_kernel(
    b_ptr, d_L_ptr, d_E_ptr, L_ptr, state_ptr, buffer_0_ptr, d_b_ptr, d_L_stride_q, d_E_stride_q, L_stride_q,
    state_stride_q, state_stride_x, buffer_0_stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    acc_q_x = tl.full([], 0.0, tl.float32)
    # src[moments.diag:53]
    b = tl.load(b_ptr)
    # src[moments.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    for q_index in tl.range(0, size_q):
        L = tl.load(L_ptr + q_index * L_stride_q)
        mul = 1.4426950408889634 * L
        d_L = tl.load(d_L_ptr + q_index * d_L_stride_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_E = tl.load(d_E_ptr + q_index * d_E_stride_q)
        to_x = size_x // BLOCK_X * BLOCK_X
        # whole tiles, no mask needed
        for first_x in tl.range(0, to_x, BLOCK_X):
            x_index = first_x + tl.arange(0, BLOCK_X)
            state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
            sub_x = (((1.4426950408889634 * rsqrt) * b) * state) - tl.where(mul == float("-inf"), 0.0, mul)
            safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
            add_x = ((rsqrt * d_E) * (state - safe_buffer_0)) + d_L
            mul_x = (add_x * tl.exp2(sub_x)) * state
            tile_sum = tl.sum(mul_x, 0)
            next_acc_q_x = acc_q_x + tile_sum
            acc_q_x = next_acc_q_x
        from_x = tl.maximum(0, to_x)
        # tiles that a mask or the end cuts
        for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
            x_index = first_x_2 + tl.arange(0, BLOCK_X)
            state = tl.load(
                state_ptr + q_index * state_stride_q + x_index * state_stride_x,
                mask=(x_index < size_x),
                other=0.0,
            )
            mul_x = tl.where(x_index < size_x, ((1.4426950408889634 * rsqrt) * b) * state, float("-inf"))
            sub_x = mul_x - tl.where(mul == float("-inf"), 0.0, mul)
            safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
            add_x = ((rsqrt * d_E) * (state - safe_buffer_0)) + d_L
            mul_x_2 = (add_x * tl.exp2(sub_x)) * state
            tile_sum = tl.sum(mul_x_2, 0)
            next_acc_q_x = acc_q_x + tile_sum
            acc_q_x = next_acc_q_x
    tl.store(d_b_ptr, (acc_q_x * rsqrt))


@_operator
def _temperature(Q: torch.Tensor, K: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> L: f32[q], E: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("b", b, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    L = torch.empty((q,), dtype=torch.float32, device=Q.device)
    E = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(L):
        return L, E
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
    temperature_kernel[grid](
        Q, K, b, L, E, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), L.stride(0), E.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return L, E


@_operator
def _temperature_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_temperature_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    temperature_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _temperature_long_L_E(
    b: torch.Tensor,
    buffer_0: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_temperature_long_L_E(b: f32[], buffer_0: f32[q x]) -> L: f32[q], E: f32[q]. Any strides; sizes are read off the shapes."""
    _check("b", b, torch.float32, 0, b.device)
    _check("buffer_0", buffer_0, torch.float32, 2, b.device)
    q, x = buffer_0.shape
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    L = torch.empty((q,), dtype=torch.float32, device=b.device)
    E = torch.empty((q,), dtype=torch.float32, device=b.device)
    if _is_traced(L):
        return L, E
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        temperature_long_L_E_rows_kernel[grid](
            b, buffer_0, L, E, buffer_0.stride(0), buffer_0.stride(1), L.stride(0), E.stride(0), q, x, d,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return L, E
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    temperature_long_L_E_kernel[grid](
        b, buffer_0, L, E, buffer_0.stride(0), buffer_0.stride(1), L.stride(0), E.stride(0), q, x, d,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return L, E


@_operator
def _temperature_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    b: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_temperature_forward(Q: bf16[q d], K: bf16[x d], b: f32[]) -> L: f32[q], E: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("b", b, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    L = torch.empty((q,), dtype=torch.float32, device=Q.device)
    E = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(L):
        return L, E
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
    temperature_forward_kernel[grid](
        Q, K, b, L, E, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), L.stride(0), E.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return L, E


@_operator
def _temperature_backward_buffer_0_buffer_1_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    b: torch.Tensor,
    d_L: torch.Tensor,
    d_E: torch.Tensor,
    L: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_temperature_backward_buffer_0_buffer_1_d_Q(Q: bf16[q d], K: bf16[x d], b: f32[], d_L: f32[q], d_E: f32[q], L: f32[q]) -> buffer_0: f32[q], buffer_1: f32[q], d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("b", b, torch.float32, 0, Q.device)
    _check("d_L", d_L, torch.float32, 1, Q.device)
    _check("d_E", d_E, torch.float32, 1, Q.device)
    _check("L", L, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if d_E.shape != (q,):
        raise ValueError(f"d_E: f32[q] has shape {d_E.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=Q.device)
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0, buffer_1, d_Q
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
    temperature_backward_buffer_0_buffer_1_d_Q_kernel[grid](
        Q, K, b, d_L, d_E, L, buffer_0, buffer_1, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        d_L.stride(0), d_E.stride(0), L.stride(0), buffer_0.stride(0), buffer_1.stride(0), d_Q.stride(0),
        d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1, d_Q


@_operator
def _temperature_backward_d_K(
    Q: torch.Tensor,
    K: torch.Tensor,
    b: torch.Tensor,
    d_L: torch.Tensor,
    d_E: torch.Tensor,
    L: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_temperature_backward_d_K(Q: bf16[q d], K: bf16[x d], b: f32[], d_L: f32[q], d_E: f32[q], L: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("b", b, torch.float32, 0, Q.device)
    _check("d_L", d_L, torch.float32, 1, Q.device)
    _check("d_E", d_E, torch.float32, 1, Q.device)
    _check("L", L, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if d_E.shape != (q,):
        raise ValueError(f"d_E: f32[q] has shape {d_E.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
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
    temperature_backward_d_K_kernel[grid](
        Q, K, b, d_L, d_E, L, buffer_0, d_K, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        d_L.stride(0), d_E.stride(0), L.stride(0), buffer_0.stride(0), d_K.stride(0), d_K.stride(1), q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _temperature_backward_d_b(buffer_1: torch.Tensor, d: int) -> torch.Tensor:
    """_temperature_backward_d_b(buffer_1: f32[q]) -> d_b: f32[]. Any strides; sizes are read off the shapes."""
    _check("buffer_1", buffer_1, torch.float32, 1, buffer_1.device)
    (q,) = buffer_1.shape
    d_b = torch.empty((), dtype=torch.float32, device=buffer_1.device)
    if _is_traced(d_b):
        return d_b
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 16384:
        if BLOCK_Q <= 1024:
            warps, stages = 4, 1
        elif BLOCK_Q <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        temperature_backward_d_b_rows_kernel[grid](
            buffer_1, d_b, buffer_1.stride(0), q, d, BLOCK_Q=BLOCK_Q, EXACT_Q=q == BLOCK_Q, num_warps=warps,
            num_stages=stages,
        )
        return d_b
    BLOCK_Q, warps, stages = 4096, 8, 2
    grid = (1,)
    temperature_backward_d_b_kernel[grid](
        buffer_1,
        d_b,
        buffer_1.stride(0),
        q,
        d,
        BLOCK_Q=BLOCK_Q,
        num_warps=warps,
        num_stages=stages,
    )
    return d_b


@_operator
def _temperature_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_temperature_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    temperature_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _temperature_long_forward_L_E(
    b: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_temperature_long_forward_L_E(b: f32[], state: f32[q x]) -> L: f32[q], E: f32[q]. Any strides; sizes are read off the shapes."""
    _check("b", b, torch.float32, 0, b.device)
    _check("state", state, torch.float32, 2, b.device)
    q, x = state.shape
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    L = torch.empty((q,), dtype=torch.float32, device=b.device)
    E = torch.empty((q,), dtype=torch.float32, device=b.device)
    if _is_traced(L):
        return L, E
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        temperature_long_forward_L_E_rows_kernel[grid](
            b, state, L, E, state.stride(0), state.stride(1), L.stride(0), E.stride(0), q, x, d,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return L, E
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    temperature_long_forward_L_E_kernel[grid](
        b, state, L, E, state.stride(0), state.stride(1), L.stride(0), E.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return L, E


@_operator
def _temperature_long_backward_buffer_0_buffer_1(
    b: torch.Tensor,
    d_L: torch.Tensor,
    d_E: torch.Tensor,
    L: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_temperature_long_backward_buffer_0_buffer_1(b: f32[], d_L: f32[q], d_E: f32[q], L: f32[q], state: f32[q x]) -> buffer_0: f32[q], buffer_1: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("b", b, torch.float32, 0, b.device)
    _check("d_L", d_L, torch.float32, 1, b.device)
    _check("d_E", d_E, torch.float32, 1, b.device)
    _check("L", L, torch.float32, 1, b.device)
    _check("state", state, torch.float32, 2, b.device)
    (q,) = d_L.shape
    _, x = state.shape
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if d_E.shape != (q,):
        raise ValueError(f"d_E: f32[q] has shape {d_E.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=b.device)
    buffer_1 = torch.empty((q, x), dtype=torch.bfloat16, device=b.device)
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
        temperature_long_backward_buffer_0_buffer_1_rows_kernel[grid](
            b, d_L, d_E, L, state, buffer_0, buffer_1, d_L.stride(0), d_E.stride(0), L.stride(0),
            state.stride(0), state.stride(1), buffer_0.stride(0), buffer_1.stride(0), buffer_1.stride(1), q,
            x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return buffer_0, buffer_1
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    temperature_long_backward_buffer_0_buffer_1_kernel[grid](
        b, d_L, d_E, L, state, buffer_0, buffer_1, d_L.stride(0), d_E.stride(0), L.stride(0), state.stride(0),
        state.stride(1), buffer_0.stride(0), buffer_1.stride(0), buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0, buffer_1


@_operator
def _temperature_long_backward_d_Q(K: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_temperature_long_backward_d_Q(K: bf16[x d], buffer_1: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, K.device)
    x, d = K.shape
    q, _ = buffer_1.shape
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: bf16[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    temperature_long_backward_d_Q_kernel[grid](
        K, buffer_1, d_Q, K.stride(0), K.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _temperature_long_backward_d_K(Q: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_temperature_long_backward_d_K(Q: bf16[q d], buffer_1: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    temperature_long_backward_d_K_kernel[grid](
        Q, buffer_1, d_K, Q.stride(0), Q.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _temperature_long_backward_d_b(
    b: torch.Tensor,
    d_L: torch.Tensor,
    d_E: torch.Tensor,
    L: torch.Tensor,
    state: torch.Tensor,
    buffer_0: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_temperature_long_backward_d_b(b: f32[], d_L: f32[q], d_E: f32[q], L: f32[q], state: f32[q x], buffer_0: f32[q]) -> d_b: f32[]. Any strides; sizes are read off the shapes."""
    _check("b", b, torch.float32, 0, b.device)
    _check("d_L", d_L, torch.float32, 1, b.device)
    _check("d_E", d_E, torch.float32, 1, b.device)
    _check("L", L, torch.float32, 1, b.device)
    _check("state", state, torch.float32, 2, b.device)
    _check("buffer_0", buffer_0, torch.float32, 1, b.device)
    (q,) = d_L.shape
    _, x = state.shape
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if d_E.shape != (q,):
        raise ValueError(f"d_E: f32[q] has shape {d_E.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_b = torch.empty((), dtype=torch.float32, device=b.device)
    if _is_traced(d_b):
        return d_b
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_Q * BLOCK_X <= 16384:
        if BLOCK_Q * BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_Q * BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        temperature_long_backward_d_b_rows_kernel[grid](
            b, d_L, d_E, L, state, buffer_0, d_b, d_L.stride(0), d_E.stride(0), L.stride(0), state.stride(0),
            state.stride(1), buffer_0.stride(0), q, x, d, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
            EXACT_Q=q == BLOCK_Q, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_b
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (1,)
    temperature_long_backward_d_b_kernel[grid](
        b, d_L, d_E, L, state, buffer_0, d_b, d_L.stride(0), d_E.stride(0), L.stride(0), state.stride(0),
        state.stride(1), buffer_0.stride(0), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return d_b


class _temperature_autograd(torch.autograd.Function):
    """temperature and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, b):
        _, d = Q.shape
        L, E = _temperature_forward(Q, K, b)
        ctx.save_for_backward(Q, K, b, L)
        ctx.sizes = (d,)
        return L, E

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_L, d_E):
        Q, K, b, L = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0, buffer_1, d_Q = _temperature_backward_buffer_0_buffer_1_d_Q(Q, K, b, d_L, d_E, L)
        d_K = _temperature_backward_d_K(Q, K, b, d_L, d_E, L, buffer_0)
        d_b = _temperature_backward_d_b(buffer_1, d)
        return d_Q, d_K, d_b


class _temperature_long_autograd(torch.autograd.Function):
    """temperature and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, b):
        _, d = Q.shape
        state = _temperature_long_forward_state(Q, K)
        L, E = _temperature_long_forward_L_E(b, state, d)
        ctx.save_for_backward(Q, K, b, L, state)
        ctx.sizes = (d,)
        return L, E

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_L, d_E):
        Q, K, b, L, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0, buffer_1 = _temperature_long_backward_buffer_0_buffer_1(b, d_L, d_E, L, state, d)
        d_Q = _temperature_long_backward_d_Q(K, buffer_1)
        d_K = _temperature_long_backward_d_K(Q, buffer_1)
        d_b = _temperature_long_backward_d_b(b, d_L, d_E, L, state, buffer_0, d)
        return d_Q, d_K, d_b


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def temperature(Q: torch.Tensor, K: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> L: f32[q], E: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, b)):
        if d <= 256 and d <= 256:
            return _temperature_autograd.apply(Q, K, b)
        return _temperature_long_autograd.apply(Q, K, b)
    if d <= 256:
        L, E = _temperature(Q, K, b)
        return L, E
    buffer_0 = _temperature_long_buffer_0(Q, K)
    L_2, E_2 = _temperature_long_L_E(b, buffer_0, d)
    return L_2, E_2
