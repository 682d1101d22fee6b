"""Fused kernels for scores, sigmoid_weights, spherical, sink, multi_query, cross, with_logsumexp.

Made by diagc 0.1.0 from weights.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["scores", "sigmoid_weights", "spherical", "sink", "multi_query", "cross", "with_logsumexp"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of weights_jax.py do, on NumPy arrays")
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
    """A function of weights_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by weights_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("weights_jax.py")
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
    """A function that on a CPU is that of weights_jax.py; `params` are the places of what it takes as parameters."""

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
        # src[weights.diag:6]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:6]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
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
        # src[weights.diag:6]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:6]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
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
        # src[weights.diag:6]
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
        # src[weights.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(d_out_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[weights.diag:7]
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
        # src[weights.diag:6]
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
        # src[weights.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(d_out_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[weights.diag:7]
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
def sigmoid_weights_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    out_stride_q, out_stride_e, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:10]
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:11]
        tile_bf16 = tl.sigmoid(dot * rsqrt).to(tl.bfloat16)
        # src[weights.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(tile_bf16, V, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        # src[weights.diag:11]
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], tl.sigmoid(tile * rsqrt), 0.0)
        tile_bf16 = where_q_x.to(tl.bfloat16)
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(tile_bf16, V, acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sigmoid_weights_long_buffer_0_kernel(
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
        # src[weights.diag:10]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:10]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    # src[weights.diag:11]
    sigmoid_q_x = tl.sigmoid(acc_d * tl.rsqrt(tl.cast(size_d, tl.float32)))
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], sigmoid_q_x, 0.0)
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sigmoid_weights_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_x, V_stride_e, buffer_0_stride_q, buffer_0_stride_x, out_stride_q,
    out_stride_e, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(buffer_0, tl.trans(V), acc_x)
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
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(buffer_0, tl.trans(V), acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sigmoid_weights_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    out_stride_q, out_stride_e, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:10]
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:11]
        tile_bf16 = tl.sigmoid(dot * rsqrt).to(tl.bfloat16)
        # src[weights.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(tile_bf16, V, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        # src[weights.diag:11]
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], tl.sigmoid(tile * rsqrt), 0.0)
        tile_bf16 = where_q_x.to(tl.bfloat16)
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(tile_bf16, V, acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sigmoid_weights_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_e, d_out_stride_q, d_out_stride_e, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, size_e,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[weights.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[weights.diag:10]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:11]
        sigmoid_q_x = tl.sigmoid(rsqrt * dot)
        # src[weights.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (((1.0 - sigmoid_q_x) * sigmoid_q_x) * dot_2).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:11]
        sigmoid_q_x = tl.sigmoid(rsqrt * dot)
        sub_q_x = tl.where((x_index < size_x)[None, :], 1.0 - sigmoid_q_x, 0.0)
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        # src[weights.diag:11]
        where_q_x = tl.where(x_index[None, :] <= q_index[:, None], dot_2, 0.0)
        tile_bf16 = ((sub_q_x * sigmoid_q_x) * where_q_x).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * rsqrt).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sigmoid_weights_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, d_K_ptr, d_V_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e, d_K_stride_x, d_K_stride_d, d_V_stride_x,
    d_V_stride_e, size_q, size_d, size_x, size_e, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:10]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:10]
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[weights.diag:11]
        sigmoid_x_q = tl.sigmoid(rsqrt * dot)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        le_x_q = x_index[:, None] <= q_index[None, :]
        tile = ((1.0 - sigmoid_x_q) * sigmoid_x_q) * tl.where(le_x_q, dot_2, 0.0)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = tl.where(le_x_q, sigmoid_x_q, 0.0).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[weights.diag:10]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[weights.diag:11]
        sigmoid_x_q = tl.sigmoid(rsqrt * dot)
        sub_x_q = tl.where((q_index < size_q)[None, :], 1.0 - sigmoid_x_q, 0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        le_x_q = x_index[:, None] <= q_index[None, :]
        tile = (sub_x_q * sigmoid_x_q) * tl.where(le_x_q, dot_2, 0.0)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = tl.where(le_x_q, sigmoid_x_q, 0.0).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (rsqrt * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sigmoid_weights_long_forward_state_kernel(
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
        # src[weights.diag:10]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:10]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sigmoid_weights_long_forward_buffer_0_kernel(
    state_ptr, buffer_0_ptr, state_stride_q, state_stride_x, buffer_0_stride_q, buffer_0_stride_x, size_q,
    size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[weights.diag:7]
    # src[weights.diag:11]
    sigmoid_x = tl.sigmoid(tl.rsqrt(tl.cast(size_d, tl.float32)) * state)
    tile_bf16 = tl.where(x_index <= q_index, sigmoid_x, 0.0).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        tile_bf16,
        mask=(x_index < size_x),
    )


@triton.jit
def sigmoid_weights_long_forward_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_x, V_stride_e, buffer_0_stride_q, buffer_0_stride_x, out_stride_q,
    out_stride_e, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(buffer_0, tl.trans(V), acc_x)
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
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:11]
        next_acc_x = tl.dot(buffer_0, tl.trans(V), acc_x)
        acc_x = next_acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        acc_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sigmoid_weights_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, state_ptr, buffer_0_ptr, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e,
    state_stride_q, state_stride_x, buffer_0_stride_q, buffer_0_stride_x, size_x, size_e, size_q, size_d,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[weights.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    # src[weights.diag:7]
    state = tl.load(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    # src[weights.diag:11]
    sigmoid_q_x = tl.sigmoid(state * tl.rsqrt(tl.cast(size_d, tl.float32)))
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], 1.0 - sigmoid_q_x, 0.0)
    tile_bf16 = ((sigmoid_q_x * acc_e) * where_q_x).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sigmoid_weights_long_backward_buffer_1_kernel(
    state_ptr, buffer_1_ptr, state_stride_q, state_stride_x, buffer_1_stride_q, buffer_1_stride_x, size_q,
    size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    # src[weights.diag:7]
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[weights.diag:11]
    sigmoid_x = tl.sigmoid(state * tl.rsqrt(tl.cast(size_d, tl.float32)))
    tile_bf16 = tl.where(x_index <= q_index, sigmoid_x, 0.0).to(tl.bfloat16)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tile_bf16,
        mask=(x_index < size_x),
    )


@triton.jit
def sigmoid_weights_long_backward_d_Q_kernel(
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
        # src[weights.diag:10]
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
        # src[weights.diag:10]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[weights.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sigmoid_weights_long_backward_d_K_kernel(
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
        # src[weights.diag:10]
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
        # src[weights.diag:10]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[weights.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sigmoid_weights_long_backward_d_V_kernel(
    d_out_ptr, buffer_1_ptr, d_V_ptr, d_out_stride_q, d_out_stride_e, buffer_1_stride_q, buffer_1_stride_x,
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
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1, tl.trans(d_out), acc_q)
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
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@_operator
def _sigmoid_weights(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
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
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    sigmoid_weights_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _sigmoid_weights_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    sigmoid_weights_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _sigmoid_weights_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_out(V: bf16[x e], buffer_0: bf16[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bf16[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    sigmoid_weights_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _sigmoid_weights_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
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
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    sigmoid_weights_forward_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _sigmoid_weights_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    """_sigmoid_weights_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
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
    sigmoid_weights_backward_d_Q_kernel[grid](
        Q, K, V, d_out, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        d_out.stride(0), d_out.stride(1), d_Q.stride(0), d_Q.stride(1), q, d, x, e, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _sigmoid_weights_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_sigmoid_weights_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e]) -> d_K: bf16[x d], d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    sigmoid_weights_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0),
        V.stride(1), d_out.stride(0), d_out.stride(1), d_K.stride(0), d_K.stride(1), d_V.stride(0),
        d_V.stride(1), q, d, x, e, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X,
        EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _sigmoid_weights_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    sigmoid_weights_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _sigmoid_weights_long_forward_buffer_0(state: torch.Tensor, d: int) -> torch.Tensor:
    """_sigmoid_weights_long_forward_buffer_0(state: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=state.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    sigmoid_weights_long_forward_buffer_0_kernel[grid](
        state, buffer_0, state.stride(0), state.stride(1), buffer_0.stride(0), buffer_0.stride(1), q, x, d,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _sigmoid_weights_long_forward_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_forward_out(V: bf16[x e], buffer_0: bf16[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bf16[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    sigmoid_weights_long_forward_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _sigmoid_weights_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_sigmoid_weights_long_backward_buffer_0(V: bf16[x e], d_out: bf16[q e], state: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_out", d_out, torch.bfloat16, 2, V.device)
    _check("state", state, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    sigmoid_weights_long_backward_buffer_0_kernel[grid](
        V, d_out, state, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        state.stride(0), state.stride(1), buffer_0.stride(0), buffer_0.stride(1), x, e, q, d, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _sigmoid_weights_long_backward_buffer_1(state: torch.Tensor, d: int) -> torch.Tensor:
    """_sigmoid_weights_long_backward_buffer_1(state: f32[q x]) -> buffer_1: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    buffer_1 = torch.empty((q, x), dtype=torch.bfloat16, device=state.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    sigmoid_weights_long_backward_buffer_1_kernel[grid](
        state, buffer_1, state.stride(0), state.stride(1), buffer_1.stride(0), buffer_1.stride(1), q, x, d,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _sigmoid_weights_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    sigmoid_weights_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _sigmoid_weights_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    sigmoid_weights_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


@_operator
def _sigmoid_weights_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_sigmoid_weights_long_backward_d_V(d_out: bf16[q e], buffer_1: bf16[q x]) -> d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("buffer_1", buffer_1, torch.bfloat16, 2, d_out.device)
    q, e = d_out.shape
    _, x = buffer_1.shape
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: bf16[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    sigmoid_weights_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


class _sigmoid_weights_autograd(torch.autograd.Function):
    """sigmoid_weights and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out = _sigmoid_weights_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V = ctx.saved_tensors
        d_Q = _sigmoid_weights_backward_d_Q(Q, K, V, d_out)
        d_K, d_V = _sigmoid_weights_backward_d_K_d_V(Q, K, V, d_out)
        return d_Q, d_K, d_V


class _sigmoid_weights_long_autograd(torch.autograd.Function):
    """sigmoid_weights and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _sigmoid_weights_long_forward_state(Q, K)
        buffer_0 = _sigmoid_weights_long_forward_buffer_0(state, d)
        out = _sigmoid_weights_long_forward_out(V, buffer_0)
        ctx.save_for_backward(Q, K, V, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0 = _sigmoid_weights_long_backward_buffer_0(V, d_out, state, d)
        buffer_1 = _sigmoid_weights_long_backward_buffer_1(state, d)
        d_Q = _sigmoid_weights_long_backward_d_Q(K, buffer_0)
        d_K = _sigmoid_weights_long_backward_d_K(Q, buffer_0)
        d_V = _sigmoid_weights_long_backward_d_V(d_out, buffer_1)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def sigmoid_weights(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _sigmoid_weights_autograd.apply(Q, K, V)
        return _sigmoid_weights_long_autograd.apply(Q, K, V)
    if max(d, e) <= 256:
        out = _sigmoid_weights(Q, K, V)
        return out
    buffer_0 = _sigmoid_weights_long_buffer_0(Q, K)
    out_2 = _sigmoid_weights_long_out(V, buffer_0)
    return out_2


@triton.jit
def spherical_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    out_stride_q, out_stride_e, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:14]
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = dot * dot
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:7]
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(dot_bf16, V, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:14]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, 0.0)
        mul_q_x = tile * tile
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, V, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:16]
    tile = rsqrt * tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * acc_x))
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (tile[:, None] * acc_x_2).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spherical_long_buffer_0_kernel(
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
        # src[weights.diag:14]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:14]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def spherical_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_x, V_stride_e, buffer_0_stride_q, buffer_0_stride_x, out_stride_q,
    out_stride_e, size_x, size_e, size_q, size_d, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = buffer_0 * buffer_0
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(buffer_0_bf16, tl.trans(V), acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        mul_q_x = buffer_0 * buffer_0
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(buffer_0_bf16, tl.trans(V), acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:16]
    tile = rsqrt * tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * acc_x))
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (tile[:, None] * acc_x_2).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spherical_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, state__ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_e, out_stride_q, out_stride_e, state__stride_q, size_q, size_d, size_x, size_e,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x_2 = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:14]
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = dot * dot
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:7]
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(dot_bf16, V, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:14]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, 0.0)
        mul_q_x = tile * tile
        tile_sum = tl.sum(mul_q_x, 1)
        next_acc_x = acc_x + tile_sum
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_x_2 = tl.dot(tile_bf16, V, acc_x_2)
        acc_x = next_acc_x
        acc_x_2 = next_acc_x_2
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:16]
    tile = rsqrt * tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * acc_x))
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (tile[:, None] * acc_x_2).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(state__ptr + q_index * state__stride_q, acc_x, mask=(q_index < size_q))


@triton.jit
def spherical_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_0_stride_q, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    out = load_tile(
        out_ptr + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def spherical_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_0_stride_q, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e)
        out = tl.load(out_ptr + q_index * out_stride_q + e_index * out_stride_e)
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        out = tl.load(
            out_ptr + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_e)


@triton.jit
def spherical_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, state__ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e, state__stride_q, buffer_0_stride_q,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:14]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    rsqrt_q = tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state_))
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:14]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        sub_q_x = dot_2 - (((rsqrt * buffer_0) * rsqrt_q)[:, None] * dot)
        tile_bf16 = sub_q_x.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:14]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        sub_q_x = dot_2 - (((rsqrt * buffer_0) * rsqrt_q)[:, None] * dot)
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], sub_q_x, 0.0)
        tile_bf16 = sub_q_x_2.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tile_bf16 = ((rsqrt * rsqrt_q)[:, None] * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def spherical_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, state__ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e, state__stride_q,
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
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:14]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        rsqrt_q = tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state_))
        tile_bf16 = (Q.to(tl.float32) * rsqrt_q[:, None]).to(tl.bfloat16)
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        sub_x_q = dot_2 - (((rsqrt * buffer_0) * rsqrt_q)[None, :] * dot)
        tile_bf16_2 = sub_x_q.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16_2, tile_bf16, acc_q)
        tile_bf16_3 = (d_out.to(tl.float32) * rsqrt_q[:, None]).to(tl.bfloat16)
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(dot_bf16, tile_bf16_3, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[weights.diag:14]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        rsqrt_q = tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state_))
        tile_bf16 = (Q.to(tl.float32) * rsqrt_q[:, None]).to(tl.bfloat16)
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        sub_x_q = dot_2 - (((rsqrt * buffer_0) * rsqrt_q)[None, :] * dot)
        sub_x_q_2 = tl.where((q_index < size_q)[None, :], sub_x_q, 0.0)
        tile_bf16_2 = sub_x_q_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16_2, tile_bf16, acc_q)
        tile_bf16_3 = (d_out.to(tl.float32) * rsqrt_q[:, None]).to(tl.bfloat16)
        dot_bf16 = dot.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(dot_bf16, tile_bf16_3, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        (rsqrt * acc_q_2).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spherical_long_forward_state_kernel(
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
        # src[weights.diag:14]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:14]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def spherical_long_forward_state___rows_kernel(
    state_ptr, state___ptr, state_stride_q, state_stride_x, state___stride_q, size_q, size_x,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    mul_x = state * state
    sum_ = tl.sum(mul_x, 0)
    tl.store(state___ptr + q_index * state___stride_q, sum_)


@triton.jit
def spherical_long_forward_state___kernel(
    state_ptr,
    state___ptr,
    state_stride_q,
    state_stride_x,
    state___stride_q,
    size_q,
    size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_x = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = state * state
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
        mul_x = state * state
        tile_sum = tl.sum(mul_x, 0)
        next_acc_x = acc_x + tile_sum
        acc_x = next_acc_x
    tl.store(state___ptr + q_index * state___stride_q, acc_x)


@triton.jit
def spherical_long_forward_out_kernel(
    V_ptr, state___ptr, state_ptr, out_ptr, V_stride_x, V_stride_e, state___stride_q, state_stride_q,
    state_stride_x, out_stride_q, out_stride_e, size_x, size_e, size_q, size_d, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(state_bf16, tl.trans(V), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        state_bf16 = state.to(tl.bfloat16)
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(state_bf16, tl.trans(V), acc_x)
        acc_x = next_acc_x
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
    # src[weights.diag:16]
    tile = rsqrt * tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state__))
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        (tile[:, None] * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spherical_long_backward_buffer_0_kernel(
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
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[weights.diag:14]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
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
def spherical_long_backward_buffer_1_rows_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    out = load_tile(
        out_ptr + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, sum_)


@triton.jit
def spherical_long_backward_buffer_1_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e)
        out = tl.load(out_ptr + q_index * out_stride_q + e_index * out_stride_e)
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        out = tl.load(
            out_ptr + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_e)


@triton.jit
def spherical_long_backward_d_V_kernel(
    d_out_ptr, state_ptr, state___ptr, d_V_ptr, d_out_stride_q, d_out_stride_e, state_stride_q,
    state_stride_x, state___stride_q, d_V_stride_x, d_V_stride_e, size_q, size_e, size_x, size_d,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        tile = state * tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state__))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(tile_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        tile = state * tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state__))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(tile_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def spherical_long_backward_d_Q_kernel(
    K_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, d_Q_ptr, K_stride_x, K_stride_d,
    state_stride_q, state_stride_x, state___stride_q, buffer_0_stride_q, buffer_0_stride_x, buffer_1_stride_q,
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
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
    rsqrt_q = tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state__))
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_x = ((rsqrt * buffer_1) * rsqrt_q)[:, None] * state
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        sub_q_x = buffer_0 - tl.where(mul_q_x == float("-inf"), 0.0, mul_q_x)
        tile_bf16 = sub_q_x.to(tl.bfloat16)
        # src[weights.diag:14]
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
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        mul_q_x = ((rsqrt * buffer_1) * rsqrt_q)[:, None] * state
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        sub_q_x = buffer_0 - tl.where(mul_q_x == float("-inf"), 0.0, mul_q_x)
        sub_q_x_2 = tl.where((x_index < size_x)[None, :], sub_q_x, 0.0)
        tile_bf16 = sub_q_x_2.to(tl.bfloat16)
        # src[weights.diag:14]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(tile_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    tile_bf16 = ((rsqrt * rsqrt_q)[:, None] * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def spherical_long_backward_d_K_kernel(
    Q_ptr, state_ptr, state___ptr, buffer_0_ptr, buffer_1_ptr, d_K_ptr, Q_stride_q, Q_stride_d,
    state_stride_q, state_stride_x, state___stride_q, buffer_0_stride_q, buffer_0_stride_x, buffer_1_stride_q,
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
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[weights.diag:14]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        rsqrt_q = tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state__))
        tile_bf16 = (Q.to(tl.float32) * rsqrt_q[None, :]).to(tl.bfloat16)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        mul_x_q = ((rsqrt * buffer_1) * rsqrt_q)[None, :] * state
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        sub_x_q = buffer_0 - tl.where(mul_x_q == float("-inf"), 0.0, mul_x_q)
        tile_bf16_2 = sub_x_q.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16_2, tl.trans(tile_bf16), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[weights.diag:14]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        rsqrt_q = tl.rsqrt(1e-06 + ((rsqrt * rsqrt) * state__))
        tile_bf16 = (Q.to(tl.float32) * rsqrt_q[None, :]).to(tl.bfloat16)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        state = tl.load(
            state_ptr + q_index[None, :] * state_stride_q + x_index[:, None] * state_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        mul_x_q = ((rsqrt * buffer_1) * rsqrt_q)[None, :] * state
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        sub_x_q = buffer_0 - tl.where(mul_x_q == float("-inf"), 0.0, mul_x_q)
        tile_bf16_2 = sub_x_q.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16_2, tl.trans(tile_bf16), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _spherical(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
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
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
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
    spherical_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _spherical_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_spherical_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    spherical_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _spherical_long_out(V: torch.Tensor, buffer_0: torch.Tensor, d: int) -> torch.Tensor:
    """_spherical_long_out(V: bf16[x e], buffer_0: f32[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    spherical_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, e, q, d, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _spherical_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_spherical_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e], state_: f32[q]. Any strides; sizes are read off the shapes."""
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
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, state_
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
    spherical_forward_kernel[grid](
        Q, K, V, out, state_, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), state_.stride(0), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out, state_


@_operator
def _spherical_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_spherical_backward_buffer_0(d_out: bf16[q e], out: bf16[q e]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("out", out, torch.bfloat16, 2, d_out.device)
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: bf16[q e] has shape {out.shape}, expected {(q, e)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spherical_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    spherical_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _spherical_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_spherical_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e], state_: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
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
    spherical_backward_d_Q_kernel[grid](
        Q, K, V, d_out, state_, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), state_.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _spherical_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_spherical_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e], state_: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
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
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    spherical_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, state_, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), state_.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, e, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _spherical_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_spherical_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    spherical_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _spherical_long_forward_state__(state: torch.Tensor) -> torch.Tensor:
    """_spherical_long_forward_state__(state: f32[q x]) -> state__: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    state__ = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(state__):
        return state__
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        spherical_long_forward_state___rows_kernel[grid](
            state, state__, state.stride(0), state.stride(1), state__.stride(0), q, x, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return state__
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    spherical_long_forward_state___kernel[grid](
        state, state__, state.stride(0), state.stride(1), state__.stride(0), q, x, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return state__


@_operator
def _spherical_long_forward_out(
    V: torch.Tensor,
    state__: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_spherical_long_forward_out(V: bf16[x e], state__: f32[q], state: f32[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("state__", state__, torch.float32, 1, V.device)
    _check("state", state, torch.float32, 2, V.device)
    x, e = V.shape
    (q,) = state__.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    spherical_long_forward_out_kernel[grid](
        V, state__, state, out, V.stride(0), V.stride(1), state__.stride(0), state.stride(0), state.stride(1),
        out.stride(0), out.stride(1), x, e, q, d, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _spherical_long_backward_buffer_0(V: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_spherical_long_backward_buffer_0(V: bf16[x e], d_out: bf16[q e]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    spherical_long_backward_buffer_0_kernel[grid](
        V, d_out, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _spherical_long_backward_buffer_1(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_spherical_long_backward_buffer_1(d_out: bf16[q e], out: bf16[q e]) -> buffer_1: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("out", out, torch.bfloat16, 2, d_out.device)
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: bf16[q e] has shape {out.shape}, expected {(q, e)}")
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
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
        spherical_long_backward_buffer_1_rows_kernel[grid](
            d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    spherical_long_backward_buffer_1_kernel[grid](
        d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _spherical_long_backward_d_V(
    d_out: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_spherical_long_backward_d_V(d_out: bf16[q e], state: f32[q x], state__: f32[q]) -> d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("state", state, torch.float32, 2, d_out.device)
    _check("state__", state__, torch.float32, 1, d_out.device)
    q, e = d_out.shape
    _, x = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    spherical_long_backward_d_V_kernel[grid](
        d_out, state, state__, d_V, d_out.stride(0), d_out.stride(1), state.stride(0), state.stride(1),
        state__.stride(0), d_V.stride(0), d_V.stride(1), q, e, x, d, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _spherical_long_backward_d_Q(
    K: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_spherical_long_backward_d_Q(K: bf16[x d], state: f32[q x], state__: f32[q], buffer_0: f32[q x], buffer_1: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("state", state, torch.float32, 2, K.device)
    _check("state__", state__, torch.float32, 1, K.device)
    _check("buffer_0", buffer_0, torch.float32, 2, K.device)
    _check("buffer_1", buffer_1, torch.float32, 1, K.device)
    x, d = K.shape
    q, _ = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    spherical_long_backward_d_Q_kernel[grid](
        K, state, state__, buffer_0, buffer_1, d_Q, K.stride(0), K.stride(1), state.stride(0),
        state.stride(1), state__.stride(0), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
        d_Q.stride(0), d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _spherical_long_backward_d_K(
    Q: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    buffer_0: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_spherical_long_backward_d_K(Q: bf16[q d], state: f32[q x], state__: f32[q], buffer_0: f32[q x], buffer_1: f32[q]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("state", state, torch.float32, 2, Q.device)
    _check("state__", state__, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    _check("buffer_1", buffer_1, torch.float32, 1, Q.device)
    q, d = Q.shape
    _, x = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    spherical_long_backward_d_K_kernel[grid](
        Q, state, state__, buffer_0, buffer_1, d_K, Q.stride(0), Q.stride(1), state.stride(0),
        state.stride(1), state__.stride(0), buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0),
        d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K


class _spherical_autograd(torch.autograd.Function):
    """spherical and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, state_ = _spherical_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, state_ = ctx.saved_tensors
        buffer_0 = _spherical_backward_buffer_0(d_out, out)
        d_Q = _spherical_backward_d_Q(Q, K, V, d_out, state_, buffer_0)
        d_K, d_V = _spherical_backward_d_K_d_V(Q, K, V, d_out, state_, buffer_0)
        return d_Q, d_K, d_V


class _spherical_long_autograd(torch.autograd.Function):
    """spherical and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _spherical_long_forward_state(Q, K)
        state__ = _spherical_long_forward_state__(state)
        out = _spherical_long_forward_out(V, state__, state, d)
        ctx.save_for_backward(Q, K, V, out, state, state__)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, state, state__ = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0 = _spherical_long_backward_buffer_0(V, d_out)
        buffer_1 = _spherical_long_backward_buffer_1(d_out, out)
        d_V = _spherical_long_backward_d_V(d_out, state, state__, d)
        d_Q = _spherical_long_backward_d_Q(K, state, state__, buffer_0, buffer_1)
        d_K = _spherical_long_backward_d_K(Q, state, state__, buffer_0, buffer_1)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def spherical(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> out: bf16[q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _spherical_autograd.apply(Q, K, V)
        return _spherical_long_autograd.apply(Q, K, V)
    if max(d, e) <= 256:
        out = _spherical(Q, K, V)
        return out
    buffer_0 = _spherical_long_buffer_0(Q, K)
    out_2 = _spherical_long_out(V, buffer_0, d)
    return out_2


@triton.jit
def sink_kernel(
    Q_ptr, K_ptr, V_ptr, s_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_e, out_stride_q, out_stride_e, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    mul = 1.4426950408889634 * s
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        tile = tl.maximum(mul, max_x) - tl.where(max_q == float("-inf"), 0.0, max_q)
        scale = tl.exp2(tile)
        # src[weights.diag:22]
        w = tl.exp2(mul_q_x - max_q[:, None])
        # src[weights.diag:23]
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        # src[weights.diag:22]
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        sum_x = next_sum_x
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:19]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:20]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_q == float("-inf"), 0.0, max_q)
        scale = tl.exp2(tl.maximum(mul, max_x) - safe_)
        # src[weights.diag:22]
        w = tl.exp2(where_q_x - safe_[:, None])
        # src[weights.diag:23]
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        # src[weights.diag:22]
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        sum_x = next_sum_x
        acc_x = next_acc_x
    max_q = tl.maximum(0.6931471805599453 * max_x, s)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    mul_q_e = (1.0 / (sum_x + tl.exp(sub_q)))[:, None] * acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        mul_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sink_long_buffer_0_kernel(
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
        # src[weights.diag:19]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:19]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:20]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sink_long_out_kernel(
    V_ptr, s_ptr, buffer_0_ptr, out_ptr, V_stride_x, V_stride_e, buffer_0_stride_q, buffer_0_stride_x,
    out_stride_q, out_stride_e, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    mul = 1.4426950408889634 * s
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_q == float("-inf"), 0.0, max_q)
        scale = tl.exp2(tl.maximum(mul, max_x) - safe_)
        # src[weights.diag:22]
        w = tl.exp2(buffer_0 - safe_[:, None])
        # src[weights.diag:23]
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        # src[weights.diag:22]
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        sum_x = next_sum_x
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
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_q == float("-inf"), 0.0, max_q)
        scale = tl.exp2(tl.maximum(mul, max_x) - safe_)
        # src[weights.diag:22]
        w = tl.exp2(buffer_0 - safe_[:, None])
        # src[weights.diag:23]
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        # src[weights.diag:22]
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        sum_x = next_sum_x
        acc_x = next_acc_x
    max_q = tl.maximum(0.6931471805599453 * max_x, s)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    mul_q_e = (1.0 / (sum_x + tl.exp(sub_q)))[:, None] * acc_x
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        mul_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sink_forward_kernel(
    Q_ptr, K_ptr, V_ptr, s_ptr, out_ptr, state_ptr, state__ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_e, out_stride_q, out_stride_e, state_stride_q, state__stride_q, size_q,
    size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    sum_x = tl.full([BLOCK_Q], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    s = tl.load(s_ptr)
    mul = 1.4426950408889634 * s
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        mul_q_x = (1.4426950408889634 * rsqrt) * dot
        tile_max = tl.max(mul_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        tile = tl.maximum(mul, max_x) - tl.where(max_q == float("-inf"), 0.0, max_q)
        scale = tl.exp2(tile)
        # src[weights.diag:19]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        # src[weights.diag:22]
        w = tl.exp2(mul_q_x - max_q[:, None])
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:19]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:20]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_q == float("-inf"), 0.0, max_q)
        scale = tl.exp2(tl.maximum(mul, max_x) - safe_)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:22]
        w = tl.exp2(where_q_x - safe_[:, None])
        w_bf16 = w.to(tl.bfloat16)
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, V, (acc_x * scale[:, None]))
        tile_sum = tl.sum(w, 1)
        next_sum_x = (sum_x * scale) + tile_sum
        max_x = next_max_x
        acc_x = next_acc_x
        sum_x = next_sum_x
    mul_q = max_x * 0.6931471805599453
    max_q = tl.maximum(mul_q, s)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    mul_q_e = acc_x * (1.0 / (sum_x + tl.exp(sub_q)))[:, None]
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        mul_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(state_ptr + q_index * state_stride_q, mul_q, mask=(q_index < size_q))
    tl.store(state__ptr + q_index * state__stride_q, sum_x, mask=(q_index < size_q))


@triton.jit
def sink_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_0_stride_q, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    out = load_tile(
        out_ptr + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def sink_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_0_stride_q, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        out = tl.load(out_ptr + q_index * out_stride_q + e_index * out_stride_e)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e)
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        out = tl.load(
            out_ptr + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_e)


@triton.jit
def sink_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, s_ptr, d_out_ptr, state_ptr, state__ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e,
    state_stride_q, state__stride_q, buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x,
    size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    max_q = tl.maximum(1.4426950408889634 * s, 1.4426950408889634 * state)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
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
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = ((1.4426950408889634 * rsqrt) * dot) - max_q[:, None]
        # src[weights.diag:19]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
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
        # src[weights.diag:19]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:20]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(max_q == float("-inf"), 0.0, max_q)[:, None]
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    max_q_2 = tl.maximum(s, state)
    sub_q = s - tl.where(max_q_2 == float("-inf"), 0.0, max_q_2)
    mul_q_d = (rsqrt * (1.0 / (tl.exp(sub_q) + state_)))[:, None] * acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        mul_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sink_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, s_ptr, d_out_ptr, state_ptr, state__ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e, d_out_stride_q, d_out_stride_e,
    state_stride_q, state__stride_q, buffer_0_stride_q, d_K_stride_x, d_K_stride_d, d_V_stride_x,
    d_V_stride_e, size_q, size_d, size_x, size_e, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    mul = 1.4426950408889634 * s
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
        max_q = tl.maximum(s, state)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        recip_q = 1.0 / (tl.exp(sub_q) + state_)
        max_q_2 = tl.maximum(mul, 1.4426950408889634 * state)
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[weights.diag:20]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(max_q_2 == float("-inf"), 0.0, max_q_2)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_2 = (recip_q[None, :] * exp2_x_q) * (dot_2 - buffer_0[None, :])
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = (recip_q[None, :] * exp2_x_q).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        state = tl.load(state_ptr + q_index * state_stride_q)
        max_q = tl.maximum(s, state)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        recip_q = 1.0 / (tl.exp(sub_q) + state_)
        # src[weights.diag:19]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        sub_x_q = ((1.4426950408889634 * rsqrt) * dot) - tl.maximum(mul, 1.4426950408889634 * state)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile = (recip_q[None, :] * exp2_x_q) * (dot_2 - buffer_0[None, :])
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = (recip_q[None, :] * exp2_x_q).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
        max_q = tl.maximum(s, state)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        recip_q = 1.0 / (tl.exp(sub_q) + state_)
        max_q_2 = tl.maximum(mul, 1.4426950408889634 * state)
        # src[weights.diag:19]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[weights.diag:20]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(max_q_2 == float("-inf"), 0.0, max_q_2)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_2 = (recip_q[None, :] * exp2_x_q) * (dot_2 - buffer_0[None, :])
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = (recip_q[None, :] * exp2_x_q).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sink_backward_d_s_rows_kernel(
    s_ptr, state_ptr, state__ptr, buffer_0_ptr, d_s_ptr, state_stride_q, state__stride_q, buffer_0_stride_q,
    size_q, BLOCK_Q: tl.constexpr, EXACT_Q: tl.constexpr,
):
    q_index = tl.arange(0, BLOCK_Q)
    buffer_0 = load_tile(buffer_0_ptr + q_index * buffer_0_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    state = load_tile(state_ptr + q_index * state_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    max_q = tl.maximum(s, state)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    exp_q = tl.exp(sub_q)
    state_ = load_tile(state__ptr + q_index * state__stride_q, (q_index < size_q), 0.0, EXACT_Q)
    recip_q = tl.where(q_index < size_q, 1.0 / (exp_q + state_), 0.0)
    mul_q = (recip_q * exp_q) * buffer_0
    sum_ = tl.sum(mul_q, 0)
    tl.store(d_s_ptr, (-1.0 * sum_))


@triton.jit
def sink_backward_d_s_kernel(
    s_ptr, state_ptr, state__ptr, buffer_0_ptr, d_s_ptr, state_stride_q, state__stride_q, buffer_0_stride_q,
    size_q, BLOCK_Q: tl.constexpr,
):
    acc_q = tl.full([], 0.0, tl.float32)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        state = tl.load(state_ptr + q_index * state_stride_q)
        max_q = tl.maximum(s, state)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        exp_q = tl.exp(sub_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        mul_q = ((1.0 / (exp_q + state_)) * exp_q) * buffer_0
        tile_sum = tl.sum(mul_q, 0)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        state = tl.load(state_ptr + q_index * state_stride_q, mask=(q_index < size_q), other=0.0)
        max_q = tl.maximum(s, state)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        exp_q = tl.exp(sub_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        recip_q = tl.where(q_index < size_q, 1.0 / (exp_q + state_), 0.0)
        mul_q = (recip_q * exp_q) * buffer_0
        tile_sum = tl.sum(mul_q, 0)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    tl.store(d_s_ptr, (-1.0 * acc_q))


@triton.jit
def sink_long_forward_state_kernel(
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
        # src[weights.diag:19]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:19]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sink_long_forward_state__state___rows_kernel(
    s_ptr, state_ptr, state__ptr, state___ptr, state_stride_q, state_stride_x, state__stride_q,
    state___stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:20]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    tl.store(state__ptr + q_index * state__stride_q, (max_ * 0.6931471805599453))
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    max_2 = tl.maximum(1.4426950408889634 * s, max_)
    sub_x = where_x - tl.where(max_2 == float("-inf"), 0.0, max_2)
    # src[weights.diag:22]
    w = tl.exp2(sub_x)
    # src[weights.diag:23]
    sum_ = tl.sum(w, 0)
    tl.store(state___ptr + q_index * state___stride_q, sum_)


@triton.jit
def sink_long_forward_state__state___kernel(
    s_ptr, state_ptr, state__ptr, state___ptr, state_stride_q, state_stride_x, state__stride_q,
    state___stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    sum_x = tl.full([], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    mul = 1.4426950408889634 * s
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        mul_x = (1.4426950408889634 * rsqrt) * state
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        max_ = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_ == float("-inf"), 0.0, max_)
        sum_x_2 = sum_x * tl.exp2(tl.maximum(mul, max_x) - safe_)
        # src[weights.diag:22]
        w = tl.exp2(mul_x - safe_)
        # src[weights.diag:23]
        tile_sum = tl.sum(w, 0)
        next_sum_x = sum_x_2 + tile_sum
        max_x = next_max_x
        sum_x = next_sum_x
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
        # src[weights.diag:20]
        where_x = tl.where((x_index <= q_index) & (x_index < size_x), (1.4426950408889634 * rsqrt) * state, float("-inf"))
        tile_max = tl.max(where_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        max_ = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_ == float("-inf"), 0.0, max_)
        sum_x_2 = sum_x * tl.exp2(tl.maximum(mul, max_x) - safe_)
        # src[weights.diag:22]
        w = tl.exp2(where_x - safe_)
        # src[weights.diag:23]
        tile_sum = tl.sum(w, 0)
        next_sum_x = sum_x_2 + tile_sum
        max_x = next_max_x
        sum_x = next_sum_x
    tl.store(state__ptr + q_index * state__stride_q, (max_x * 0.6931471805599453))
    tl.store(state___ptr + q_index * state___stride_q, sum_x)


@triton.jit
def sink_long_forward_out_kernel(
    V_ptr, s_ptr, state_ptr, state___ptr, state__ptr, out_ptr, V_stride_x, V_stride_e, state_stride_q,
    state_stride_x, state___stride_q, state__stride_q, out_stride_q, out_stride_e, size_x, size_e, size_q,
    size_d, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    mul = 1.4426950408889634 * s
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
        max_q = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_q == float("-inf"), 0.0, max_q)
        acc_x_2 = acc_x * tl.exp2(tl.maximum(mul, max_x) - safe_)[:, None]
        # src[weights.diag:22]
        w_bf16 = tl.exp2(mul_q_x - safe_[:, None]).to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), acc_x_2)
        max_x = next_max_x
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
        # src[weights.diag:20]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        max_q = tl.maximum(mul, next_max_x)
        safe_ = tl.where(max_q == float("-inf"), 0.0, max_q)
        acc_x_2 = acc_x * tl.exp2(tl.maximum(mul, max_x) - safe_)[:, None]
        # src[weights.diag:22]
        w_bf16 = tl.exp2(where_q_x - safe_[:, None]).to(tl.bfloat16)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[weights.diag:23]
        next_acc_x = tl.dot(w_bf16, tl.trans(V), acc_x_2)
        max_x = next_max_x
        acc_x = next_acc_x
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    max_q = tl.maximum(state_, s)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
    mul_q_e = acc_x * (1.0 / (state__ + tl.exp(sub_q)))[:, None]
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        mul_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sink_long_backward_buffer_1_rows_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    out = load_tile(
        out_ptr + q_index * out_stride_q + e_index * out_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = out.to(tl.float32) * d_out.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, sum_)


@triton.jit
def sink_long_backward_buffer_1_kernel(
    d_out_ptr, out_ptr, buffer_1_ptr, d_out_stride_q, d_out_stride_e, out_stride_q, out_stride_e,
    buffer_1_stride_q, size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e)
        out = tl.load(out_ptr + q_index * out_stride_q + e_index * out_stride_e)
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + e_index * d_out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        out = tl.load(
            out_ptr + q_index * out_stride_q + e_index * out_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_1_ptr + q_index * buffer_1_stride_q, acc_e)


@triton.jit
def sink_long_backward_buffer_2_kernel(
    s_ptr, state_ptr, state__ptr, buffer_2_ptr, state_stride_q, state_stride_x, state__stride_q,
    buffer_2_stride_q, buffer_2_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    state_ = tl.load(state__ptr + q_index * state__stride_q)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    max_ = tl.maximum(1.4426950408889634 * s, 1.4426950408889634 * state_)
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[weights.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[weights.diag:20]
    where_x = tl.where(x_index <= q_index, scalar * state, float("-inf"))
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    tl.store(
        buffer_2_ptr + q_index * buffer_2_stride_q + x_index * buffer_2_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def sink_long_backward_buffer_1__kernel(
    V_ptr, d_out_ptr, buffer_1_ptr, buffer_2_ptr, buffer_1__ptr, V_stride_x, V_stride_e, d_out_stride_q,
    d_out_stride_e, buffer_1_stride_q, buffer_2_stride_q, buffer_2_stride_x, buffer_1__stride_q,
    buffer_1__stride_x, size_x, size_e, size_q, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
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
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        # src[weights.diag:19]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        acc_e = next_acc_e
    buffer_2 = tl.load(
        buffer_2_ptr + q_index[:, None] * buffer_2_stride_q + x_index[None, :] * buffer_2_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
    tile_bf16 = ((acc_e - buffer_1[:, None]) * buffer_2).to(tl.bfloat16)
    tl.store(
        buffer_1__ptr + q_index[:, None] * buffer_1__stride_q + x_index[None, :] * buffer_1__stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sink_long_backward_d_V_kernel(
    s_ptr, d_out_ptr, state__ptr, state___ptr, buffer_2_ptr, d_V_ptr, d_out_stride_q, d_out_stride_e,
    state__stride_q, state___stride_q, buffer_2_stride_q, buffer_2_stride_x, d_V_stride_x, d_V_stride_e,
    size_q, size_e, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        max_q = tl.maximum(state_, s)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        tile = (1.0 / (tl.exp(sub_q) + state__))[None, :] * d_out.to(tl.float32)
        tile_bf16 = tile.to(tl.bfloat16)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[None, :] * buffer_2_stride_q + x_index[:, None] * buffer_2_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_2_bf16 = buffer_2.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_2_bf16, tl.trans(tile_bf16), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        max_q = tl.maximum(state_, s)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        recip_q = tl.where(q_index < size_q, 1.0 / (tl.exp(sub_q) + state__), 0.0)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        tile_bf16 = (recip_q[None, :] * d_out.to(tl.float32)).to(tl.bfloat16)
        buffer_2 = tl.load(
            buffer_2_ptr + q_index[None, :] * buffer_2_stride_q + x_index[:, None] * buffer_2_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_2_bf16 = buffer_2.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_2_bf16, tl.trans(tile_bf16), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def sink_long_backward_d_s_rows_kernel(
    s_ptr, state__ptr, state___ptr, buffer_1_ptr, d_s_ptr, state__stride_q, state___stride_q,
    buffer_1_stride_q, size_q, BLOCK_Q: tl.constexpr, EXACT_Q: tl.constexpr,
):
    q_index = tl.arange(0, BLOCK_Q)
    state__ = load_tile(state___ptr + q_index * state___stride_q, (q_index < size_q), 0.0, EXACT_Q)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    state_ = load_tile(state__ptr + q_index * state__stride_q, (q_index < size_q), 0.0, EXACT_Q)
    max_q = tl.maximum(state_, s)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    exp_q = tl.exp(sub_q)
    buffer_1 = load_tile(buffer_1_ptr + q_index * buffer_1_stride_q, (q_index < size_q), 0.0, EXACT_Q)
    mul_q = (buffer_1 * exp_q) * (1.0 / (exp_q + state__))
    sum_ = tl.sum(mul_q, 0)
    tl.store(d_s_ptr, (-1.0 * sum_))


@triton.jit
def sink_long_backward_d_s_kernel(
    s_ptr, state__ptr, state___ptr, buffer_1_ptr, d_s_ptr, state__stride_q, state___stride_q,
    buffer_1_stride_q, size_q, BLOCK_Q: tl.constexpr,
):
    acc_q = tl.full([], 0.0, tl.float32)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        max_q = tl.maximum(state_, s)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        exp_q = tl.exp(sub_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q)
        mul_q = (buffer_1 * exp_q) * (1.0 / (exp_q + state__))
        tile_sum = tl.sum(mul_q, 0)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        max_q = tl.maximum(state_, s)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        exp_q = tl.exp(sub_q)
        buffer_1 = tl.load(buffer_1_ptr + q_index * buffer_1_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = (buffer_1 * exp_q) * (1.0 / (exp_q + state__))
        tile_sum = tl.sum(mul_q, 0)
        next_acc_q = acc_q + tile_sum
        acc_q = next_acc_q
    tl.store(d_s_ptr, (-1.0 * acc_q))


@triton.jit
def sink_long_backward_d_Q_kernel(
    K_ptr, s_ptr, state__ptr, state___ptr, buffer_1__ptr, d_Q_ptr, K_stride_x, K_stride_d, state__stride_q,
    state___stride_q, buffer_1__stride_q, buffer_1__stride_x, d_Q_stride_q, d_Q_stride_d, size_x, size_d,
    size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
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
        buffer_1_ = tl.load(
            buffer_1__ptr + q_index[:, None] * buffer_1__stride_q + x_index[None, :] * buffer_1__stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:19]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_1_, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_1_ = tl.load(
            buffer_1__ptr + q_index[:, None] * buffer_1__stride_q + x_index[None, :] * buffer_1__stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[weights.diag:19]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_1_, tl.trans(K), acc_x)
        acc_x = next_acc_x
    state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
    max_q = tl.maximum(state_, s)
    sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
    # src[weights.diag:7]
    tile = tl.rsqrt(tl.cast(size_d, tl.float32)) * (1.0 / (tl.exp(sub_q) + state__))
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (tile[:, None] * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sink_long_backward_d_K_kernel(
    Q_ptr, s_ptr, state__ptr, state___ptr, buffer_1__ptr, d_K_ptr, Q_stride_q, Q_stride_d, state__stride_q,
    state___stride_q, buffer_1__stride_q, buffer_1__stride_x, d_K_stride_x, d_K_stride_d, size_q, size_d,
    size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[weights.diag:19]
    s = tl.load(s_ptr)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_1_ = tl.load(
            buffer_1__ptr + q_index[None, :] * buffer_1__stride_q + x_index[:, None] * buffer_1__stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + q_index * state___stride_q)
        state_ = tl.load(state__ptr + q_index * state__stride_q)
        max_q = tl.maximum(state_, s)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        tile = buffer_1_.to(tl.float32) * (1.0 / (tl.exp(sub_q) + state__))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(tile_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_1_ = tl.load(
            buffer_1__ptr + q_index[None, :] * buffer_1__stride_q + x_index[:, None] * buffer_1__stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        state__ = tl.load(state___ptr + q_index * state___stride_q, mask=(q_index < size_q), other=0.0)
        state_ = tl.load(state__ptr + q_index * state__stride_q, mask=(q_index < size_q), other=0.0)
        max_q = tl.maximum(state_, s)
        sub_q = s - tl.where(max_q == float("-inf"), 0.0, max_q)
        tile = buffer_1_.to(tl.float32) * (1.0 / (tl.exp(sub_q) + state__))[None, :]
        tile_bf16 = tile.to(tl.bfloat16)
        # src[weights.diag:19]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(tile_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[weights.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _sink(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """_sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("s", s, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    sink_kernel[grid](
        Q, K, V, s, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _sink_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sink_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    sink_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _sink_long_out(V: torch.Tensor, s: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sink_long_out(V: bf16[x e], s: f32[], buffer_0: f32[q x]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("s", s, torch.float32, 0, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    sink_long_out_kernel[grid](
        V, s, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _sink_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    s: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_sink_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> out: bf16[q e], state: f32[q], state_: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("s", s, torch.float32, 0, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    state = torch.empty((q,), dtype=torch.float32, device=Q.device)
    state_ = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, state, state_
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    sink_forward_kernel[grid](
        Q, K, V, s, out, state, state_, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0),
        V.stride(1), out.stride(0), out.stride(1), state.stride(0), state_.stride(0), q, d, x, e,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out, state, state_


@_operator
def _sink_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_sink_backward_buffer_0(d_out: bf16[q e], out: bf16[q e]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("out", out, torch.bfloat16, 2, d_out.device)
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: bf16[q e] has shape {out.shape}, expected {(q, e)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        sink_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    sink_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _sink_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    s: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_sink_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[], d_out: bf16[q e], state: f32[q], state_: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("s", s, torch.float32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
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
    sink_backward_d_Q_kernel[grid](
        Q, K, V, s, d_out, state, state_, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), state.stride(0), state_.stride(0),
        buffer_0.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _sink_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    s: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_sink_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[], d_out: bf16[q e], state: f32[q], state_: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("s", s, torch.float32, 0, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("state", state, torch.float32, 1, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
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
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    sink_backward_d_K_d_V_kernel[grid](
        Q, K, V, s, d_out, state, state_, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0),
        K.stride(1), V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), state.stride(0),
        state_.stride(0), buffer_0.stride(0), d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q,
        d, x, e, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _sink_backward_d_s(
    s: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_sink_backward_d_s(s: f32[], state: f32[q], state_: f32[q], buffer_0: f32[q]) -> d_s: f32[]. Any strides; sizes are read off the shapes."""
    _check("s", s, torch.float32, 0, s.device)
    _check("state", state, torch.float32, 1, s.device)
    _check("state_", state_, torch.float32, 1, s.device)
    _check("buffer_0", buffer_0, torch.float32, 1, s.device)
    (q,) = state.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_s = torch.empty((), dtype=torch.float32, device=s.device)
    if _is_traced(d_s):
        return d_s
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 16384:
        if BLOCK_Q <= 1024:
            warps, stages = 4, 1
        elif BLOCK_Q <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        sink_backward_d_s_rows_kernel[grid](
            s, state, state_, buffer_0, d_s, state.stride(0), state_.stride(0), buffer_0.stride(0), q,
            BLOCK_Q=BLOCK_Q, EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_s
    BLOCK_Q, warps, stages = 4096, 8, 2
    grid = (1,)
    sink_backward_d_s_kernel[grid](
        s, state, state_, buffer_0, d_s, state.stride(0), state_.stride(0), buffer_0.stride(0), q,
        BLOCK_Q=BLOCK_Q, num_warps=warps, num_stages=stages,
    )
    return d_s


@_operator
def _sink_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sink_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    sink_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _sink_long_forward_state__state__(
    s: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_sink_long_forward_state__state__(s: f32[], state: f32[q x]) -> state_: f32[q], state__: f32[q]. Any strides; sizes are read off the shapes."""
    _check("s", s, torch.float32, 0, s.device)
    _check("state", state, torch.float32, 2, s.device)
    q, x = state.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    state_ = torch.empty((q,), dtype=torch.float32, device=s.device)
    state__ = torch.empty((q,), dtype=torch.float32, device=s.device)
    if _is_traced(state_):
        return state_, state__
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        sink_long_forward_state__state___rows_kernel[grid](
            s, state, state_, state__, state.stride(0), state.stride(1), state_.stride(0), state__.stride(0),
            q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return state_, state__
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    sink_long_forward_state__state___kernel[grid](
        s, state, state_, state__, state.stride(0), state.stride(1), state_.stride(0), state__.stride(0), q,
        x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state_, state__


@_operator
def _sink_long_forward_out(
    V: torch.Tensor,
    s: torch.Tensor,
    state: torch.Tensor,
    state__: torch.Tensor,
    state_: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_sink_long_forward_out(V: bf16[x e], s: f32[], state: f32[q x], state__: f32[q], state_: f32[q]) -> out: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("s", s, torch.float32, 0, V.device)
    _check("state", state, torch.float32, 2, V.device)
    _check("state__", state__, torch.float32, 1, V.device)
    _check("state_", state_, torch.float32, 1, V.device)
    x, e = V.shape
    q, _ = state.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    out = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    sink_long_forward_out_kernel[grid](
        V, s, state, state__, state_, out, V.stride(0), V.stride(1), state.stride(0), state.stride(1),
        state__.stride(0), state_.stride(0), out.stride(0), out.stride(1), x, e, q, d, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _sink_long_backward_buffer_1(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_sink_long_backward_buffer_1(d_out: bf16[q e], out: bf16[q e]) -> buffer_1: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("out", out, torch.bfloat16, 2, d_out.device)
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: bf16[q e] has shape {out.shape}, expected {(q, e)}")
    buffer_1 = torch.empty((q,), dtype=torch.float32, device=d_out.device)
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
        sink_long_backward_buffer_1_rows_kernel[grid](
            d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps,
            num_stages=stages,
        )
        return buffer_1
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    sink_long_backward_buffer_1_kernel[grid](
        d_out, out, buffer_1, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_1.stride(0), q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _sink_long_backward_buffer_2(
    s: torch.Tensor,
    state: torch.Tensor,
    state_: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_sink_long_backward_buffer_2(s: f32[], state: f32[q x], state_: f32[q]) -> buffer_2: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("s", s, torch.float32, 0, s.device)
    _check("state", state, torch.float32, 2, s.device)
    _check("state_", state_, torch.float32, 1, s.device)
    q, x = state.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    buffer_2 = torch.empty((q, x), dtype=torch.float32, device=s.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    sink_long_backward_buffer_2_kernel[grid](
        s, state, state_, buffer_2, state.stride(0), state.stride(1), state_.stride(0), buffer_2.stride(0),
        buffer_2.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _sink_long_backward_buffer_1_(
    V: torch.Tensor,
    d_out: torch.Tensor,
    buffer_1: torch.Tensor,
    buffer_2: torch.Tensor,
) -> torch.Tensor:
    """_sink_long_backward_buffer_1_(V: bf16[x e], d_out: bf16[q e], buffer_1: f32[q], buffer_2: f32[q x]) -> buffer_1_: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_out", d_out, torch.bfloat16, 2, V.device)
    _check("buffer_1", buffer_1, torch.float32, 1, V.device)
    _check("buffer_2", buffer_2, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    buffer_1_ = torch.empty((q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_1_):
        return buffer_1_
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    sink_long_backward_buffer_1__kernel[grid](
        V, d_out, buffer_1, buffer_2, buffer_1_, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        buffer_1.stride(0), buffer_2.stride(0), buffer_2.stride(1), buffer_1_.stride(0), buffer_1_.stride(1),
        x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1_


@_operator
def _sink_long_backward_d_V(
    s: torch.Tensor,
    d_out: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    buffer_2: torch.Tensor,
) -> torch.Tensor:
    """_sink_long_backward_d_V(s: f32[], d_out: bf16[q e], state_: f32[q], state__: f32[q], buffer_2: f32[q x]) -> d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("s", s, torch.float32, 0, s.device)
    _check("d_out", d_out, torch.bfloat16, 2, s.device)
    _check("state_", state_, torch.float32, 1, s.device)
    _check("state__", state__, torch.float32, 1, s.device)
    _check("buffer_2", buffer_2, torch.float32, 2, s.device)
    q, e = d_out.shape
    _, x = buffer_2.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=s.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    sink_long_backward_d_V_kernel[grid](
        s, d_out, state_, state__, buffer_2, d_V, d_out.stride(0), d_out.stride(1), state_.stride(0),
        state__.stride(0), buffer_2.stride(0), buffer_2.stride(1), d_V.stride(0), d_V.stride(1), q, e, x,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _sink_long_backward_d_s(
    s: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_sink_long_backward_d_s(s: f32[], state_: f32[q], state__: f32[q], buffer_1: f32[q]) -> d_s: f32[]. Any strides; sizes are read off the shapes."""
    _check("s", s, torch.float32, 0, s.device)
    _check("state_", state_, torch.float32, 1, s.device)
    _check("state__", state__, torch.float32, 1, s.device)
    _check("buffer_1", buffer_1, torch.float32, 1, s.device)
    (q,) = state_.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    d_s = torch.empty((), dtype=torch.float32, device=s.device)
    if _is_traced(d_s):
        return d_s
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    if BLOCK_Q <= 16384:
        if BLOCK_Q <= 1024:
            warps, stages = 4, 1
        elif BLOCK_Q <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        sink_long_backward_d_s_rows_kernel[grid](
            s, state_, state__, buffer_1, d_s, state_.stride(0), state__.stride(0), buffer_1.stride(0), q,
            BLOCK_Q=BLOCK_Q, EXACT_Q=q == BLOCK_Q, num_warps=warps, num_stages=stages,
        )
        return d_s
    BLOCK_Q, warps, stages = 4096, 8, 2
    grid = (1,)
    sink_long_backward_d_s_kernel[grid](
        s, state_, state__, buffer_1, d_s, state_.stride(0), state__.stride(0), buffer_1.stride(0), q,
        BLOCK_Q=BLOCK_Q, num_warps=warps, num_stages=stages,
    )
    return d_s


@_operator
def _sink_long_backward_d_Q(
    K: torch.Tensor,
    s: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    buffer_1_: torch.Tensor,
) -> torch.Tensor:
    """_sink_long_backward_d_Q(K: bf16[x d], s: f32[], state_: f32[q], state__: f32[q], buffer_1_: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 2, K.device)
    _check("s", s, torch.float32, 0, K.device)
    _check("state_", state_, torch.float32, 1, K.device)
    _check("state__", state__, torch.float32, 1, K.device)
    _check("buffer_1_", buffer_1_, torch.bfloat16, 2, K.device)
    x, d = K.shape
    (q,) = state_.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_1_.shape != (q, x):
        raise ValueError(f"buffer_1_: bf16[q x] has shape {buffer_1_.shape}, expected {(q, x)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    sink_long_backward_d_Q_kernel[grid](
        K, s, state_, state__, buffer_1_, d_Q, K.stride(0), K.stride(1), state_.stride(0), state__.stride(0),
        buffer_1_.stride(0), buffer_1_.stride(1), d_Q.stride(0), d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _sink_long_backward_d_K(
    Q: torch.Tensor,
    s: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    buffer_1_: torch.Tensor,
) -> torch.Tensor:
    """_sink_long_backward_d_K(Q: bf16[q d], s: f32[], state_: f32[q], state__: f32[q], buffer_1_: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("s", s, torch.float32, 0, Q.device)
    _check("state_", state_, torch.float32, 1, Q.device)
    _check("state__", state__, torch.float32, 1, Q.device)
    _check("buffer_1_", buffer_1_, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    _, x = buffer_1_.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_1_.shape != (q, x):
        raise ValueError(f"buffer_1_: bf16[q x] has shape {buffer_1_.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    sink_long_backward_d_K_kernel[grid](
        Q, s, state_, state__, buffer_1_, d_K, Q.stride(0), Q.stride(1), state_.stride(0), state__.stride(0),
        buffer_1_.stride(0), buffer_1_.stride(1), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


class _sink_autograd(torch.autograd.Function):
    """sink and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, s):
        out, state, state_ = _sink_forward(Q, K, V, s)
        ctx.save_for_backward(Q, K, V, s, out, state, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, s, out, state, state_ = ctx.saved_tensors
        buffer_0 = _sink_backward_buffer_0(d_out, out)
        d_Q = _sink_backward_d_Q(Q, K, V, s, d_out, state, state_, buffer_0)
        d_K, d_V = _sink_backward_d_K_d_V(Q, K, V, s, d_out, state, state_, buffer_0)
        d_s = _sink_backward_d_s(s, state, state_, buffer_0)
        return d_Q, d_K, d_V, d_s


class _sink_long_autograd(torch.autograd.Function):
    """sink and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, s):
        _, d = Q.shape
        state = _sink_long_forward_state(Q, K)
        state_, state__ = _sink_long_forward_state__state__(s, state, d)
        out = _sink_long_forward_out(V, s, state, state__, state_, d)
        ctx.save_for_backward(Q, K, V, s, out, state, state_, state__)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, s, out, state, state_, state__ = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _sink_long_backward_buffer_1(d_out, out)
        buffer_2 = _sink_long_backward_buffer_2(s, state, state_, d)
        buffer_1_ = _sink_long_backward_buffer_1_(V, d_out, buffer_1, buffer_2)
        d_V = _sink_long_backward_d_V(s, d_out, state_, state__, buffer_2)
        d_s = _sink_long_backward_d_s(s, state_, state__, buffer_1)
        d_Q = _sink_long_backward_d_Q(K, s, state_, state__, buffer_1_)
        d_K = _sink_long_backward_d_K(Q, s, state_, state__, buffer_1_)
        return d_Q, d_K, d_V, d_s


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32)
def sink(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> out: bf16[q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V, s)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _sink_autograd.apply(Q, K, V, s)
        return _sink_long_autograd.apply(Q, K, V, s)
    if max(d, e) <= 256:
        out = _sink(Q, K, V, s)
        return out
    buffer_0 = _sink_long_buffer_0(Q, K)
    out_2 = _sink_long_out(V, s, buffer_0)
    return out_2


@triton.jit
def multi_query_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b, K_stride_x,
    K_stride_d, V_stride_b, V_stride_x, V_stride_e, out_stride_b, out_stride_h, out_stride_q, out_stride_e,
    size_b, size_h, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:26]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[weights.diag:26]
        K = load_tile(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[weights.diag:26]
        V = load_tile(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:27]
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
    # src[weights.diag:27]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def multi_query_long_buffer_0_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b, K_stride_x,
    K_stride_d, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, size_b, size_h,
    size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[weights.diag:26]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:26]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:27]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def multi_query_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_b, V_stride_x, V_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, buffer_0_stride_x, out_stride_b, out_stride_h, out_stride_q, out_stride_e, size_b,
    size_x, size_e, size_h, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:27]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def multi_query_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b,
    K_stride_x, K_stride_d, V_stride_b, V_stride_x, V_stride_e, out_stride_b, out_stride_h, out_stride_q,
    out_stride_e, logsum_stride_b, logsum_stride_h, logsum_stride_q, size_b, size_h, size_q, size_d, size_x,
    size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:26]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[weights.diag:26]
        V = load_tile(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:27]
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
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
    # src[weights.diag:27]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def multi_query_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
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
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def multi_query_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr,
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
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        acc_e,
    )


@triton.jit
def multi_query_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_h, Q_stride_q,
    Q_stride_d, K_stride_b, K_stride_x, K_stride_d, V_stride_b, V_stride_x, V_stride_e, d_out_stride_b,
    d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b, logsum_stride_h, logsum_stride_q,
    buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, d_Q_stride_b, d_Q_stride_h, d_Q_stride_q,
    d_Q_stride_d, size_b, size_h, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = 1.4426950408889634 * logsum
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:26]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        sub_q_x = ((1.4426950408889634 * rsqrt) * dot) - mul_q[:, None]
        # src[weights.diag:26]
        V = load_tile(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
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
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:27]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_bf16 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * rsqrt).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def multi_query_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b, Q_stride_h,
    Q_stride_q, Q_stride_d, K_stride_b, K_stride_x, K_stride_d, V_stride_b, V_stride_x, V_stride_e,
    d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b, logsum_stride_h,
    logsum_stride_q, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, d_K_stride_b, d_K_stride_x,
    d_K_stride_d, d_V_stride_b, d_V_stride_x, d_V_stride_e, size_b, size_h, size_q, size_d, size_x, size_e,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_h_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_h = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:26]
    K = tl.load(
        K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    V = tl.load(
        V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    for h_index in tl.range(0, size_h):
        from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
        from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
        to_q = tl.minimum(from_q_2, size_q)
        # tiles that a mask or the end cuts
        for first_q in tl.range(from_q, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
                other=0.0,
            )
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = 1.4426950408889634 * logsum
            # src[weights.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            # src[weights.diag:27]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            exp2_x_q = tl.exp2(sub_x_q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, Q, acc_h_q)
            tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
            next_acc_q_h = tl.dot(tile_bf16_2, d_out, acc_q_h)
            acc_h_q = next_acc_h_q
            acc_q_h = next_acc_q_h
        to_q_2 = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            # src[weights.diag:26]
            Q = load_tile(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                (d_index < size_d)[None, :],
                0.0,
                EXACT_D,
            )
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            )
            # src[weights.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            sub_x_q = ((1.4426950408889634 * rsqrt) * dot) - (1.4426950408889634 * logsum)[None, :]
            exp2_x_q = tl.exp2(sub_x_q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            )
            d_out = load_tile(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                (e_index < size_e)[None, :],
                0.0,
                EXACT_E,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, Q, acc_h_q)
            tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
            next_acc_q_h = tl.dot(tile_bf16_2, d_out, acc_q_h)
            acc_h_q = next_acc_h_q
            acc_q_h = next_acc_q_h
        from_q_3 = tl.maximum(from_q_2, to_q_2)
        # tiles that a mask or the end cuts
        for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
            q_index = first_q_3 + tl.arange(0, BLOCK_Q)
            # src[weights.diag:26]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
                mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
                other=0.0,
            )
            logsum = tl.load(
                logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            mul_q = 1.4426950408889634 * logsum
            # src[weights.diag:7]
            dot = tl.dot(K, tl.trans(Q))
            # src[weights.diag:27]
            tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
            where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
            sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
            exp2_x_q = tl.exp2(sub_x_q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
                mask=(q_index < size_q),
                other=0.0,
            )
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
                mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
                other=0.0,
            )
            dot_2 = tl.dot(V, tl.trans(d_out))
            tile_bf16 = (exp2_x_q * (dot_2 - buffer_0[None, :])).to(tl.bfloat16)
            next_acc_h_q = tl.dot(tile_bf16, Q, acc_h_q)
            tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
            next_acc_q_h = tl.dot(tile_bf16_2, d_out, acc_q_h)
            acc_h_q = next_acc_h_q
            acc_q_h = next_acc_q_h
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_h_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_h.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def multi_query_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b, K_stride_x,
    K_stride_d, state_stride_b, state_stride_h, state_stride_q, state_stride_x, size_b, size_h, size_q,
    size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def multi_query_long_forward_out_kernel(
    V_ptr, state_ptr, out_ptr, V_stride_b, V_stride_x, V_stride_e, state_stride_b, state_stride_h,
    state_stride_q, state_stride_x, out_stride_b, out_stride_h, out_stride_q, out_stride_e, size_b, size_x,
    size_e, size_h, size_q, size_d, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[weights.diag:27]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:27]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def multi_query_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_b, state_stride_h, state_stride_q, state_stride_x, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, size_b, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
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
    # src[weights.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[weights.diag:27]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(sum_) + (0.6931471805599453 * max_)),
    )


@triton.jit
def multi_query_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_b, state_stride_h, state_stride_q, state_stride_x, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, size_b, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
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
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[weights.diag:27]
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
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(z) + (0.6931471805599453 * max_x)),
    )


@triton.jit
def multi_query_long_backward_buffer_1_kernel(
    logsum_ptr, state_ptr, buffer_1_ptr, logsum_stride_b, logsum_stride_h, logsum_stride_q, state_stride_b,
    state_stride_h, state_stride_q, state_stride_x, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q,
    buffer_1_stride_x, size_b, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
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
    mul = logsum * 1.4426950408889634
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:27]
    where_x = tl.where(x_index <= q_index, scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def multi_query_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, out_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_b, V_stride_x, V_stride_e, d_out_stride_b,
    d_out_stride_h, d_out_stride_q, d_out_stride_e, out_stride_b, out_stride_h, out_stride_q, out_stride_e,
    buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_x, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, size_b, size_x, size_e, size_h, size_q,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_e_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_q_e, 1)
        next_acc_e_2 = acc_e_2 + tile_sum
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:26]
        V = tl.load(
            V_ptr + b_index * V_stride_b + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        mul_q_e = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_q_e, 1)
        next_acc_e_2 = acc_e_2 + tile_sum
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tile_bf16 = (buffer_1 * (acc_e - acc_e_2[:, None])).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def multi_query_long_backward_d_V_kernel(
    d_out_ptr, buffer_1_ptr, d_V_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_x, d_V_stride_b, d_V_stride_x,
    d_V_stride_e, size_b, size_h, size_q, size_e, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    acc_h_q = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    for h_index in tl.range(0, size_h):
        to_q = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q in tl.range(0, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
                mask=(e_index < size_e)[:, None],
                other=0.0,
            )
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            buffer_1_bf16 = buffer_1.to(tl.bfloat16)
            next_acc_h_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_h_q)
            acc_h_q = next_acc_h_q
        from_q = tl.maximum(0, to_q)
        # tiles that a mask or the end cuts
        for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            d_out = tl.load(
                d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
                mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
                other=0.0,
            )
            buffer_1 = tl.load(
                buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
                mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
                other=0.0,
            )
            buffer_1_bf16 = buffer_1.to(tl.bfloat16)
            next_acc_h_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_h_q)
            acc_h_q = next_acc_h_q
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_h_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def multi_query_long_backward_d_Q_kernel(
    K_ptr, buffer_0_ptr, d_Q_ptr, K_stride_b, K_stride_x, K_stride_d, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, buffer_0_stride_x, d_Q_stride_b, d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, size_b,
    size_x, size_d, size_h, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
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
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[weights.diag:26]
        K = tl.load(
            K_ptr + b_index * K_stride_b + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[weights.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def multi_query_long_backward_d_K_kernel(
    Q_ptr, buffer_0_ptr, d_K_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, d_K_stride_b, d_K_stride_x, d_K_stride_d, size_b,
    size_h, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    b_index = program.to(tl.int64)
    acc_h_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    for h_index in tl.range(0, size_h):
        to_q = size_q // BLOCK_Q * BLOCK_Q
        # whole tiles, no mask needed
        for first_q in tl.range(0, to_q, BLOCK_Q):
            q_index = first_q + tl.arange(0, BLOCK_Q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
                mask=(x_index < size_x)[:, None],
                other=0.0,
            )
            # src[weights.diag:26]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
                mask=(d_index < size_d)[:, None],
                other=0.0,
            )
            next_acc_h_q = tl.dot(buffer_0, tl.trans(Q), acc_h_q)
            acc_h_q = next_acc_h_q
        from_q = tl.maximum(0, to_q)
        # tiles that a mask or the end cuts
        for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
            q_index = first_q_2 + tl.arange(0, BLOCK_Q)
            buffer_0 = tl.load(
                buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
                mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
                other=0.0,
            )
            # src[weights.diag:26]
            Q = tl.load(
                Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
                mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
                other=0.0,
            )
            next_acc_h_q = tl.dot(buffer_0, tl.trans(Q), acc_h_q)
            acc_h_q = next_acc_h_q
    # src[weights.diag:7]
    mul_x_d = acc_h_q * tl.rsqrt(tl.cast(size_d, tl.float32))
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        mul_x_d.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _multi_query(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    multi_query_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), out.stride(0), out.stride(1), out.stride(2),
        out.stride(3), b, h, q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _multi_query_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_buffer_0(Q: bf16[b h q d], K: bf16[b x d]) -> buffer_0: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    multi_query_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, h, q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _multi_query_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_out(V: bf16[b x e], buffer_0: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("buffer_0", buffer_0, torch.float32, 4, V.device)
    b, x, e = V.shape
    _, h, q, _ = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: f32[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    multi_query_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), V.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b,
        x, e, h, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _multi_query_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_multi_query_forward(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> out: bf16[b h q e], logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    multi_query_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), out.stride(0), out.stride(1), out.stride(2),
        out.stride(3), logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h, q, d, x, e,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _multi_query_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_multi_query_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> buffer_0: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    buffer_0 = torch.empty((b, h, q), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        multi_query_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0),
            buffer_0.stride(1), buffer_0.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    multi_query_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _multi_query_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_multi_query_backward_d_Q(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> d_Q: bf16[b h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_Q = torch.empty((b, h, q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
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
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    multi_query_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        K.stride(0), K.stride(1), K.stride(2), V.stride(0), V.stride(1), V.stride(2), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0), logsum.stride(1),
        logsum.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_Q.stride(0),
        d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), b, h, q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _multi_query_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_multi_query_backward_d_K_d_V(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> d_K: bf16[b x d], d_V: bf16[b x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_K = torch.empty((b, x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, x, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (b * triton.cdiv(x, BLOCK_X),)
    multi_query_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        K.stride(0), K.stride(1), K.stride(2), V.stride(0), V.stride(1), V.stride(2), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0), logsum.stride(1),
        logsum.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_K.stride(0),
        d_K.stride(1), d_K.stride(2), d_V.stride(0), d_V.stride(1), d_V.stride(2), b, h, q, d, x, e,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _multi_query_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_forward_state(Q: bf16[b h q d], K: bf16[b x d]) -> state: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    state = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    multi_query_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), state.stride(0), state.stride(1), state.stride(2), state.stride(3), b, h, q, d, x,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _multi_query_long_forward_out(V: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_multi_query_long_forward_out(V: bf16[b x e], state: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("state", state, torch.float32, 4, V.device)
    b, x, e = V.shape
    _, h, q, _ = state.shape
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    multi_query_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), V.stride(2), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, x, e,
        h, q, d, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _multi_query_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_multi_query_long_forward_logsum(state: f32[b h q x]) -> logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 4, state.device)
    b, h, q, x = state.shape
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=state.device)
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
        grid = (b * h * q,)
        multi_query_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), state.stride(2), state.stride(3),
            logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h, q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    multi_query_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), state.stride(2), state.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), b, h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return logsum


@_operator
def _multi_query_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_multi_query_long_backward_buffer_1(logsum: f32[b h q], state: f32[b h q x]) -> buffer_1: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 3, logsum.device)
    _check("state", state, torch.float32, 4, logsum.device)
    b, h, q = logsum.shape
    _, _, _, x = state.shape
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    buffer_1 = torch.empty((b, h, q, x), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (b * h * q * triton.cdiv(x, BLOCK_X),)
    multi_query_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), logsum.stride(1), logsum.stride(2), state.stride(0),
        state.stride(1), state.stride(2), state.stride(3), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), b, h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _multi_query_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_multi_query_long_backward_buffer_0(V: bf16[b x e], d_out: bf16[b h q e], out: bf16[b h q e], buffer_1: f32[b h q x]) -> buffer_0: bf16[b h q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("d_out", d_out, torch.bfloat16, 4, V.device)
    _check("out", out, torch.bfloat16, 4, V.device)
    _check("buffer_1", buffer_1, torch.float32, 4, V.device)
    b, x, e = V.shape
    _, h, q, _ = d_out.shape
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    if buffer_1.shape != (b, h, q, x):
        raise ValueError(f"buffer_1: f32[b h q x] has shape {buffer_1.shape}, expected {(b, h, q, x)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    multi_query_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), V.stride(2), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), d_out.stride(3), out.stride(0), out.stride(1), out.stride(2),
        out.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3),
        buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b, x, e, h, q,
        BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _multi_query_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_backward_d_V(d_out: bf16[b h q e], buffer_1: f32[b h q x]) -> d_V: bf16[b x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("buffer_1", buffer_1, torch.float32, 4, d_out.device)
    b, h, q, e = d_out.shape
    _, _, _, x = buffer_1.shape
    if buffer_1.shape != (b, h, q, x):
        raise ValueError(f"buffer_1: f32[b h q x] has shape {buffer_1.shape}, expected {(b, h, q, x)}")
    d_V = torch.empty((b, x, e), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (b * triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    multi_query_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), d_V.stride(0),
        d_V.stride(1), d_V.stride(2), b, h, q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _multi_query_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_backward_d_Q(K: bf16[b x d], buffer_0: bf16[b h q x]) -> d_Q: bf16[b h q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 3, K.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, K.device)
    b, x, d = K.shape
    _, h, q, _ = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: bf16[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    d_Q = torch.empty((b, h, q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    multi_query_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), K.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), buffer_0.stride(3), d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), b,
        x, d, h, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _multi_query_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_multi_query_long_backward_d_K(Q: bf16[b h q d], buffer_0: bf16[b h q x]) -> d_K: bf16[b x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, _, x = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: bf16[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    d_K = torch.empty((b, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (b * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    multi_query_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_K.stride(0), d_K.stride(1),
        d_K.stride(2), b, h, q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _multi_query_autograd(torch.autograd.Function):
    """multi_query and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _multi_query_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _multi_query_backward_buffer_0(d_out, out)
        d_Q = _multi_query_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _multi_query_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _multi_query_long_autograd(torch.autograd.Function):
    """multi_query and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, _, _, d = Q.shape
        state = _multi_query_long_forward_state(Q, K)
        out = _multi_query_long_forward_out(V, state, d)
        logsum = _multi_query_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _multi_query_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _multi_query_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _multi_query_long_backward_d_V(d_out, buffer_1)
        d_Q = _multi_query_long_backward_d_Q(K, buffer_0)
        d_K = _multi_query_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def multi_query(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> out: bf16[b h q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _multi_query_autograd.apply(Q, K, V)
        return _multi_query_long_autograd.apply(Q, K, V)
    if max(d, e) <= 256:
        out = _multi_query(Q, K, V)
        return out
    buffer_0 = _multi_query_long_buffer_0(Q, K)
    out_2 = _multi_query_long_out(V, buffer_0)
    return out_2


@triton.jit
def cross_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_x, K_stride_d, V_stride_b, V_stride_h, V_stride_x, V_stride_e, out_stride_b, out_stride_h,
    out_stride_q, out_stride_e, size_b, size_h, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:30]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[weights.diag:30]
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
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:30]
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
    # src[weights.diag:31]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cross_long_buffer_0_kernel(
    Q_ptr, K_ptr, buffer_0_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_x, K_stride_d, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x,
    size_b, size_h, size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
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
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        (scalar * acc_d),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def cross_long_out_kernel(
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
        # src[weights.diag:30]
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
        # src[weights.diag:30]
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
    # src[weights.diag:31]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cross_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b,
    K_stride_h, K_stride_x, K_stride_d, V_stride_b, V_stride_h, V_stride_x, V_stride_e, out_stride_b,
    out_stride_h, out_stride_q, out_stride_e, logsum_stride_b, logsum_stride_h, logsum_stride_q, size_b,
    size_h, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:30]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[weights.diag:30]
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
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:30]
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
    # src[weights.diag:31]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(z) + (0.6931471805599453 * max_x)),
        mask=(q_index < size_q),
    )


@triton.jit
def cross_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
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
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        sum_,
    )


@triton.jit
def cross_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    out_stride_b, out_stride_h, out_stride_q, out_stride_e, buffer_0_stride_b, buffer_0_stride_h,
    buffer_0_stride_q, size_b, size_h, size_q, size_e, BLOCK_E: tl.constexpr,
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
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        acc_e,
    )


@triton.jit
def cross_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_b, Q_stride_h, Q_stride_q,
    Q_stride_d, K_stride_b, K_stride_h, K_stride_x, K_stride_d, V_stride_b, V_stride_h, V_stride_x,
    V_stride_e, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, d_Q_stride_b,
    d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, size_b, size_h, size_q, size_d, size_x, size_e,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_0 = tl.load(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    logsum = tl.load(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    mul_q = 1.4426950408889634 * logsum
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:30]
    Q = tl.load(
        Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        V = load_tile(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[weights.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        sub_q_x = ((1.4426950408889634 * rsqrt) * dot_2) - mul_q[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[weights.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot_2, float("-inf"))
        sub_q_x = ((1.4426950408889634 * rsqrt) * tile) - mul_q[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * rsqrt).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def cross_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_b, Q_stride_h,
    Q_stride_q, Q_stride_d, K_stride_b, K_stride_h, K_stride_x, K_stride_d, V_stride_b, V_stride_h,
    V_stride_x, V_stride_e, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, d_K_stride_b,
    d_K_stride_h, d_K_stride_x, d_K_stride_d, d_V_stride_b, d_V_stride_h, d_V_stride_x, d_V_stride_e, size_b,
    size_h, size_q, size_d, size_x, size_e, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_E: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr, EXACT_E: tl.constexpr,
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
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:30]
    V = tl.load(
        V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:30]
    K = tl.load(
        K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        Q = load_tile(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        )
        d_out = load_tile(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        )
        # src[weights.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        sub_x_q = ((1.4426950408889634 * rsqrt) * dot_2) - (1.4426950408889634 * logsum)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(
            logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        # src[weights.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        tile = tl.where((q_index < size_q)[None, :], dot_2, float("-inf"))
        sub_x_q = ((1.4426950408889634 * rsqrt) * tile) - (1.4426950408889634 * logsum)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + h_index * d_K_stride_h + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cross_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_b, K_stride_h,
    K_stride_x, K_stride_d, state_stride_b, state_stride_h, state_stride_q, state_stride_x, size_b, size_h,
    size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def cross_long_forward_out_kernel(
    V_ptr, state_ptr, out_ptr, V_stride_b, V_stride_h, V_stride_x, V_stride_e, state_stride_b, state_stride_h,
    state_stride_q, state_stride_x, out_stride_b, out_stride_h, out_stride_q, out_stride_e, size_b, size_h,
    size_x, size_e, size_q, size_d, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
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
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
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
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
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
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:31]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cross_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_b, state_stride_h, state_stride_q, state_stride_x, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, size_b, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[weights.diag:7]
    state = load_tile(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    mul_x = scalar * state
    max_ = tl.max(mul_x, 0)
    sub_x = mul_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(sum_) + (0.6931471805599453 * max_)),
    )


@triton.jit
def cross_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_b, state_stride_h, state_stride_q, state_stride_x, logsum_stride_b,
    logsum_stride_h, logsum_stride_q, size_b, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        )
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
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
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
    tl.store(
        logsum_ptr + b_index * logsum_stride_b + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(z) + (0.6931471805599453 * max_x)),
    )


@triton.jit
def cross_long_backward_buffer_1_kernel(
    logsum_ptr, state_ptr, buffer_1_ptr, logsum_stride_b, logsum_stride_h, logsum_stride_q, state_stride_b,
    state_stride_h, state_stride_q, state_stride_x, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q,
    buffer_1_stride_x, size_b, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
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
    mul = logsum * 1.4426950408889634
    state = tl.load(
        state_ptr + b_index * state_stride_b + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    sub_x = (scalar * state) - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def cross_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, out_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_b, V_stride_h, V_stride_x, V_stride_e,
    d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e, out_stride_b, out_stride_h, out_stride_q,
    out_stride_e, buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_x,
    buffer_0_stride_b, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, size_b, size_h, size_x,
    size_e, size_q, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
    acc_e_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_e, 1)
        next_acc_e_2 = acc_e_2 + tile_sum
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + e_index[None, :] * d_out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:30]
        V = tl.load(
            V_ptr + b_index * V_stride_b + h_index * V_stride_h + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_out, tl.trans(V), acc_e)
        out = tl.load(
            out_ptr + b_index * out_stride_b + h_index * out_stride_h + q_index[:, None] * out_stride_q + e_index[None, :] * out_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        mul_q_e = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_e, 1)
        next_acc_e_2 = acc_e_2 + tile_sum
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    buffer_1 = tl.load(
        buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tile_bf16 = (buffer_1 * (acc_e - acc_e_2[:, None])).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def cross_long_backward_d_V_kernel(
    d_out_ptr, buffer_1_ptr, d_V_ptr, d_out_stride_b, d_out_stride_h, d_out_stride_q, d_out_stride_e,
    buffer_1_stride_b, buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_x, d_V_stride_b, d_V_stride_h,
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
        buffer_1 = tl.load(
            buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_1 = tl.load(
            buffer_1_ptr + b_index * buffer_1_stride_b + h_index * buffer_1_stride_h + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + b_index * d_out_stride_b + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + e_index[:, None] * d_out_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + b_index * d_V_stride_b + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def cross_long_backward_d_Q_kernel(
    K_ptr, buffer_0_ptr, d_Q_ptr, K_stride_b, K_stride_h, K_stride_x, K_stride_d, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, d_Q_stride_b, d_Q_stride_h, d_Q_stride_q,
    d_Q_stride_d, size_b, size_h, size_x, size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
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
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[weights.diag:30]
        K = tl.load(
            K_ptr + b_index * K_stride_b + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[weights.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + b_index * d_Q_stride_b + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def cross_long_backward_d_K_kernel(
    Q_ptr, buffer_0_ptr, d_K_ptr, Q_stride_b, Q_stride_h, Q_stride_q, Q_stride_d, buffer_0_stride_b,
    buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, d_K_stride_b, d_K_stride_h, d_K_stride_x,
    d_K_stride_d, size_b, size_h, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = (program % size_h).to(tl.int64)
    program = program // size_h
    b_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
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
            buffer_0_ptr + b_index * buffer_0_stride_b + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        # src[weights.diag:30]
        Q = tl.load(
            Q_ptr + b_index * Q_stride_b + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[weights.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + b_index * d_K_stride_b + h_index * d_K_stride_h + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _cross(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    cross_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), b, h, q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _cross_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_cross_long_buffer_0(Q: bf16[b h q d], K: bf16[b h x d]) -> buffer_0: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    cross_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        buffer_0.stride(3), b, h, q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _cross_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_cross_long_out(V: bf16[b h x e], buffer_0: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
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
    cross_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), V.stride(2), V.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), b, h, x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _cross_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_cross_forward(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> out: bf16[b h q e], logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=Q.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    cross_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2), V.stride(3), out.stride(0),
        out.stride(1), out.stride(2), out.stride(3), logsum.stride(0), logsum.stride(1), logsum.stride(2), b,
        h, q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _cross_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_cross_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> buffer_0: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("out", out, torch.bfloat16, 4, d_out.device)
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    buffer_0 = torch.empty((b, h, q), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (b * h * q,)
        cross_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
            out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0),
            buffer_0.stride(1), buffer_0.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    cross_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        out.stride(0), out.stride(1), out.stride(2), out.stride(3), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), b, h, q, e, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _cross_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_cross_backward_d_Q(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> d_Q: bf16[b h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_Q = torch.empty((b, h, q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
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
    grid = (b * h * triton.cdiv(q, BLOCK_Q),)
    cross_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), d_Q.stride(3), b, h, q, d, x, e, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _cross_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_cross_backward_d_K_d_V(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> d_K: bf16[b h x d], d_V: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    _check("V", V, torch.bfloat16, 4, Q.device)
    _check("d_out", d_out, torch.bfloat16, 4, Q.device)
    _check("logsum", logsum, torch.float32, 3, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    d_K = torch.empty((b, h, x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((b, h, x, e), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (b * h * triton.cdiv(x, BLOCK_X),)
    cross_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3),
        K.stride(0), K.stride(1), K.stride(2), K.stride(3), V.stride(0), V.stride(1), V.stride(2),
        V.stride(3), d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), d_K.stride(3), d_V.stride(0), d_V.stride(1),
        d_V.stride(2), d_V.stride(3), b, h, q, d, x, e, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _cross_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_cross_long_forward_state(Q: bf16[b h q d], K: bf16[b h x d]) -> state: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("K", K, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    state = torch.empty((b, h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    cross_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), K.stride(0), K.stride(1),
        K.stride(2), K.stride(3), state.stride(0), state.stride(1), state.stride(2), state.stride(3), b, h, q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _cross_long_forward_out(V: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_cross_long_forward_out(V: bf16[b h x e], state: f32[b h q x]) -> out: bf16[b h q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("state", state, torch.float32, 4, V.device)
    b, h, x, e = V.shape
    _, _, q, _ = state.shape
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    out = torch.empty((b, h, q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    cross_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), V.stride(2), V.stride(3), state.stride(0), state.stride(1),
        state.stride(2), state.stride(3), out.stride(0), out.stride(1), out.stride(2), out.stride(3), b, h, x,
        e, q, d, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _cross_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_cross_long_forward_logsum(state: f32[b h q x]) -> logsum: f32[b h q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 4, state.device)
    b, h, q, x = state.shape
    logsum = torch.empty((b, h, q), dtype=torch.float32, device=state.device)
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
        grid = (b * h * q,)
        cross_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), state.stride(2), state.stride(3),
            logsum.stride(0), logsum.stride(1), logsum.stride(2), b, h, q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (b * h * q,)
    cross_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), state.stride(2), state.stride(3), logsum.stride(0),
        logsum.stride(1), logsum.stride(2), b, h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return logsum


@_operator
def _cross_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_cross_long_backward_buffer_1(logsum: f32[b h q], state: f32[b h q x]) -> buffer_1: f32[b h q x]. Any strides; sizes are read off the shapes."""
    _check("logsum", logsum, torch.float32, 3, logsum.device)
    _check("state", state, torch.float32, 4, logsum.device)
    b, h, q = logsum.shape
    _, _, _, x = state.shape
    if state.shape != (b, h, q, x):
        raise ValueError(f"state: f32[b h q x] has shape {state.shape}, expected {(b, h, q, x)}")
    buffer_1 = torch.empty((b, h, q, x), dtype=torch.float32, device=logsum.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (b * h * q * triton.cdiv(x, BLOCK_X),)
    cross_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), logsum.stride(1), logsum.stride(2), state.stride(0),
        state.stride(1), state.stride(2), state.stride(3), buffer_1.stride(0), buffer_1.stride(1),
        buffer_1.stride(2), buffer_1.stride(3), b, h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1


@_operator
def _cross_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_cross_long_backward_buffer_0(V: bf16[b h x e], d_out: bf16[b h q e], out: bf16[b h q e], buffer_1: f32[b h q x]) -> buffer_0: bf16[b h q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 4, V.device)
    _check("d_out", d_out, torch.bfloat16, 4, V.device)
    _check("out", out, torch.bfloat16, 4, V.device)
    _check("buffer_1", buffer_1, torch.float32, 4, V.device)
    b, h, x, e = V.shape
    _, _, q, _ = d_out.shape
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    if buffer_1.shape != (b, h, q, x):
        raise ValueError(f"buffer_1: f32[b h q x] has shape {buffer_1.shape}, expected {(b, h, q, x)}")
    buffer_0 = torch.empty((b, h, q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    cross_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), V.stride(2), V.stride(3),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3), out.stride(0), out.stride(1),
        out.stride(2), out.stride(3), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2),
        buffer_1.stride(3), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), b,
        h, x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _cross_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_cross_long_backward_d_V(d_out: bf16[b h q e], buffer_1: f32[b h q x]) -> d_V: bf16[b h x e]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 4, d_out.device)
    _check("buffer_1", buffer_1, torch.float32, 4, d_out.device)
    b, h, q, e = d_out.shape
    _, _, _, x = buffer_1.shape
    if buffer_1.shape != (b, h, q, x):
        raise ValueError(f"buffer_1: f32[b h q x] has shape {buffer_1.shape}, expected {(b, h, q, x)}")
    d_V = torch.empty((b, h, x, e), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    cross_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), d_out.stride(2), d_out.stride(3),
        buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), buffer_1.stride(3), d_V.stride(0),
        d_V.stride(1), d_V.stride(2), d_V.stride(3), b, h, q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _cross_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_cross_long_backward_d_Q(K: bf16[b h x d], buffer_0: bf16[b h q x]) -> d_Q: bf16[b h q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 4, K.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, K.device)
    b, h, x, d = K.shape
    _, _, q, _ = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: bf16[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    d_Q = torch.empty((b, h, q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    cross_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), K.stride(2), K.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_Q.stride(0), d_Q.stride(1),
        d_Q.stride(2), d_Q.stride(3), b, h, x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _cross_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_cross_long_backward_d_K(Q: bf16[b h q d], buffer_0: bf16[b h q x]) -> d_K: bf16[b h x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 4, Q.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 4, Q.device)
    b, h, q, d = Q.shape
    _, _, _, x = buffer_0.shape
    if buffer_0.shape != (b, h, q, x):
        raise ValueError(f"buffer_0: bf16[b h q x] has shape {buffer_0.shape}, expected {(b, h, q, x)}")
    d_K = torch.empty((b, h, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (b * h * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    cross_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), Q.stride(2), Q.stride(3), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), buffer_0.stride(3), d_K.stride(0), d_K.stride(1),
        d_K.stride(2), d_K.stride(3), b, h, q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K


class _cross_autograd(torch.autograd.Function):
    """cross and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _cross_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _cross_backward_buffer_0(d_out, out)
        d_Q = _cross_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _cross_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _cross_long_autograd(torch.autograd.Function):
    """cross and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, _, _, d = Q.shape
        state = _cross_long_forward_state(Q, K)
        out = _cross_long_forward_out(V, state, d)
        logsum = _cross_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _cross_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _cross_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _cross_long_backward_d_V(d_out, buffer_1)
        d_Q = _cross_long_backward_d_Q(K, buffer_0)
        d_K = _cross_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def cross(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> out: bf16[b h q e]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _cross_autograd.apply(Q, K, V)
        return _cross_long_autograd.apply(Q, K, V)
    if max(d, e) <= 256:
        out = _cross(Q, K, V)
        return out
    buffer_0 = _cross_long_buffer_0(Q, K)
    out_2 = _cross_long_out(V, buffer_0)
    return out_2


@triton.jit
def with_logsumexp_kernel(
    Q_ptr, K_ptr, V_ptr, O_ptr, L_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    O_stride_q, O_stride_e, L_stride_q, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[weights.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:34]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
        # src[weights.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:35]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:36]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    # src[maps.diag:12]
    tl.store(
        L_ptr + q_index * L_stride_q,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def with_logsumexp_long_buffer_0_kernel(
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
        # src[weights.diag:34]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:34]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[weights.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[weights.diag:35]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def with_logsumexp_long_O_kernel(
    V_ptr, buffer_0_ptr, O_ptr, V_stride_x, V_stride_e, buffer_0_stride_q, buffer_0_stride_x, O_stride_q,
    O_stride_e, size_x, size_e, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
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
            buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:36]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def with_logsumexp_long_L_rows_kernel(
    buffer_0_ptr, L_ptr, buffer_0_stride_q, buffer_0_stride_x, L_stride_q, size_q, size_x,
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
    max_ = tl.max(buffer_0, 0)
    sub_x = buffer_0 - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, ((0.6931471805599453 * max_) + tl.log(sum_)))


@triton.jit
def with_logsumexp_long_L_kernel(
    buffer_0_ptr,
    L_ptr,
    buffer_0_stride_q,
    buffer_0_stride_x,
    L_stride_q,
    size_q,
    size_x,
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
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
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
        tile_max = tl.max(buffer_0, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(buffer_0 - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, ((0.6931471805599453 * max_x) + tl.log(z)))


@triton.jit
def with_logsumexp_forward_kernel(
    Q_ptr, K_ptr, V_ptr, O_ptr, L_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_e,
    O_stride_q, O_stride_e, L_stride_q, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:34]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[weights.diag:34]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[weights.diag:7]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:34]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
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
        # src[weights.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[weights.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[weights.diag:35]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:36]
    where_q_e = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )
    # src[maps.diag:12]
    tl.store(
        L_ptr + q_index * L_stride_q,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def with_logsumexp_backward_buffer_0_rows_kernel(
    d_O_ptr, O_ptr, buffer_0_ptr, d_O_stride_q, d_O_stride_e, O_stride_q, O_stride_e, buffer_0_stride_q,
    size_q, size_e, BLOCK_E: tl.constexpr, EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    e_index = tl.arange(0, BLOCK_E)
    O = load_tile(O_ptr + q_index * O_stride_q + e_index * O_stride_e, (e_index < size_e), 0.0, EXACT_E)
    d_O = load_tile(
        d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e,
        (e_index < size_e),
        0.0,
        EXACT_E,
    )
    mul_e = d_O.to(tl.float32) * O.to(tl.float32)
    sum_ = tl.sum(mul_e, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def with_logsumexp_backward_buffer_0_kernel(
    d_O_ptr, O_ptr, buffer_0_ptr, d_O_stride_q, d_O_stride_e, O_stride_q, O_stride_e, buffer_0_stride_q,
    size_q, size_e, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    acc_e = tl.full([], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        O = tl.load(O_ptr + q_index * O_stride_q + e_index * O_stride_e)
        d_O = tl.load(d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e)
        mul_e = d_O.to(tl.float32) * O.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        O = tl.load(O_ptr + q_index * O_stride_q + e_index * O_stride_e, mask=(e_index < size_e), other=0.0)
        d_O = tl.load(
            d_O_ptr + q_index * d_O_stride_q + e_index * d_O_stride_e,
            mask=(e_index < size_e),
            other=0.0,
        )
        mul_e = d_O.to(tl.float32) * O.to(tl.float32)
        tile_sum = tl.sum(mul_e, 0)
        next_acc_e = acc_e + tile_sum
        acc_e = next_acc_e
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_e)


@triton.jit
def with_logsumexp_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_O_ptr, d_L_ptr, L_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_e, d_O_stride_q, d_O_stride_e, d_L_stride_q, L_stride_q,
    buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, size_e, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
    EXACT_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    e_index = tl.arange(0, BLOCK_E)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_L = tl.load(d_L_ptr + q_index * d_L_stride_q, mask=(q_index < size_q), other=0.0)
    d_O = tl.load(
        d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    L = tl.load(L_ptr + q_index * L_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * L
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:34]
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
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(d_O, tl.trans(V))
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        # src[weights.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        sub_q_x = ((1.4426950408889634 * rsqrt) * dot_2) - mul_q[:, None]
        tile = ((dot + d_L[:, None]) - safe_buffer_0[:, None]) * tl.exp2(sub_q_x)
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[weights.diag:34]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_O, tl.trans(V))
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        # src[weights.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[weights.diag:35]
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        tile_2 = ((dot + d_L[:, None]) - safe_buffer_0[:, None]) * tl.exp2(sub_q_x)
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def with_logsumexp_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, d_O_ptr, d_L_ptr, L_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, V_stride_x, V_stride_e, d_O_stride_q, d_O_stride_e, d_L_stride_q, L_stride_q,
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
    # src[weights.diag:34]
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
        other=0.0,
    )
    # src[weights.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:34]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_L = tl.load(d_L_ptr + q_index * d_L_stride_q, mask=(q_index < size_q), other=0.0)
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_O))
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        L = tl.load(L_ptr + q_index * L_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * L
        # src[weights.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        # src[weights.diag:35]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_2 = ((dot + d_L[None, :]) - safe_buffer_0[None, :]) * exp2_x_q
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_O, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[weights.diag:34]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_L = tl.load(d_L_ptr + q_index * d_L_stride_q)
        d_O = load_tile(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            (e_index < size_e)[None, :],
            0.0,
            EXACT_E,
        )
        dot = tl.dot(V, tl.trans(d_O))
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        L = tl.load(L_ptr + q_index * L_stride_q)
        # src[weights.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        sub_x_q = ((1.4426950408889634 * rsqrt) * dot_2) - (1.4426950408889634 * L)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile = ((dot + d_L[None, :]) - safe_buffer_0[None, :]) * exp2_x_q
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_O, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        # src[weights.diag:34]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_L = tl.load(d_L_ptr + q_index * d_L_stride_q, mask=(q_index < size_q), other=0.0)
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_O))
        safe_buffer_0 = tl.where(buffer_0 == float("-inf"), 0.0, buffer_0)
        L = tl.load(L_ptr + q_index * L_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * L
        # src[weights.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        # src[weights.diag:35]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_2 = ((dot + d_L[None, :]) - safe_buffer_0[None, :]) * exp2_x_q
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_O, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (rsqrt * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def with_logsumexp_long_forward_state_kernel(
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
        # src[weights.diag:34]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[weights.diag:34]
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
        # src[weights.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def with_logsumexp_long_forward_O_kernel(
    V_ptr, state_ptr, O_ptr, V_stride_x, V_stride_e, state_stride_q, state_stride_x, O_stride_q, O_stride_e,
    size_x, size_e, size_q, size_d, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_E: tl.constexpr,
):
    program = tl.program_id(0)
    first_e = (program % tl.cdiv(size_e, BLOCK_E)) * BLOCK_E
    e_index = first_e + tl.arange(0, BLOCK_E)
    program = program // tl.cdiv(size_e, BLOCK_E)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_E], 0.0, tl.float32)
    # src[weights.diag:7]
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
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(e_index < size_e)[:, None],
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
        # src[weights.diag:35]
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
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + e_index[:, None] * V_stride_e,
            mask=(x_index < size_x)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[weights.diag:36]
    where_q_e = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
        where_q_e.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def with_logsumexp_long_forward_L_rows_kernel(
    state_ptr, L_ptr, state_stride_q, state_stride_x, L_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    # src[weights.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:35]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, ((max_ * 0.6931471805599453) + tl.log(sum_)))


@triton.jit
def with_logsumexp_long_forward_L_kernel(
    state_ptr, L_ptr, state_stride_q, state_stride_x, L_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[weights.diag:7]
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
        # src[weights.diag:35]
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
    # src[maps.diag:12]
    tl.store(L_ptr + q_index * L_stride_q, ((max_x * 0.6931471805599453) + tl.log(z)))


@triton.jit
def with_logsumexp_long_backward_buffer_1_kernel(
    L_ptr, state_ptr, buffer_1_ptr, L_stride_q, state_stride_q, state_stride_x, buffer_1_stride_q,
    buffer_1_stride_x, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    L = tl.load(L_ptr + q_index * L_stride_q)
    mul = 1.4426950408889634 * L
    # src[weights.diag:7]
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[weights.diag:35]
    where_x = tl.where(x_index <= q_index, scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def with_logsumexp_long_backward_buffer_0_kernel(
    V_ptr, d_O_ptr, d_L_ptr, O_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_x, V_stride_e, d_O_stride_q,
    d_O_stride_e, d_L_stride_q, O_stride_q, O_stride_e, buffer_1_stride_q, buffer_1_stride_x,
    buffer_0_stride_q, buffer_0_stride_x, size_x, size_e, size_q, BLOCK_E: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    acc_e = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_e_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_e = size_e // BLOCK_E * BLOCK_E
    # whole tiles, no mask needed
    for first_e in tl.range(0, to_e, BLOCK_E):
        e_index = first_e + tl.arange(0, BLOCK_E)
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_e = tl.dot(d_O, tl.trans(V), acc_e)
        O = tl.load(
            O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_e = O.to(tl.float32) * d_O.to(tl.float32)
        tile_sum = tl.sum(mul_q_e, 1)
        next_acc_e_2 = acc_e_2 + tile_sum
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    from_e = tl.maximum(0, to_e)
    # tiles that a mask or the end cuts
    for first_e_2 in tl.range(from_e, size_e, BLOCK_E):
        e_index = first_e_2 + tl.arange(0, BLOCK_E)
        d_O = tl.load(
            d_O_ptr + q_index[:, None] * d_O_stride_q + e_index[None, :] * d_O_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        # src[weights.diag:34]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + e_index[None, :] * V_stride_e,
            mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        next_acc_e = tl.dot(d_O, tl.trans(V), acc_e)
        O = tl.load(
            O_ptr + q_index[:, None] * O_stride_q + e_index[None, :] * O_stride_e,
            mask=(q_index < size_q)[:, None] & (e_index < size_e)[None, :],
            other=0.0,
        )
        mul_q_e = O.to(tl.float32) * d_O.to(tl.float32)
        tile_sum = tl.sum(mul_q_e, 1)
        next_acc_e_2 = acc_e_2 + tile_sum
        acc_e = next_acc_e
        acc_e_2 = next_acc_e_2
    d_L = tl.load(d_L_ptr + q_index * d_L_stride_q, mask=(q_index < size_q), other=0.0)
    buffer_1 = tl.load(
        buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    mul_q_x = buffer_1 * ((acc_e + d_L[:, None]) - acc_e_2[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        mul_q_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def with_logsumexp_long_backward_d_V_kernel(
    d_O_ptr, buffer_1_ptr, d_V_ptr, d_O_stride_q, d_O_stride_e, buffer_1_stride_q, buffer_1_stride_x,
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
        d_O = tl.load(
            d_O_ptr + q_index[None, :] * d_O_stride_q + e_index[:, None] * d_O_stride_e,
            mask=(e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_O), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_O = tl.load(
            d_O_ptr + q_index[None, :] * d_O_stride_q + e_index[:, None] * d_O_stride_e,
            mask=(q_index < size_q)[None, :] & (e_index < size_e)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_O), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + e_index[None, :] * d_V_stride_e,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (e_index < size_e)[None, :],
    )


@triton.jit
def with_logsumexp_long_backward_d_Q_kernel(
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
        # src[weights.diag:34]
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
        # src[weights.diag:34]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[weights.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def with_logsumexp_long_backward_d_K_kernel(
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
        # src[weights.diag:34]
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
        # src[weights.diag:34]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[weights.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _with_logsumexp(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: bf16[q e], L: f32[q]. Any strides; sizes are read off the shapes."""
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
    O = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    L = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(O):
        return O, L
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    with_logsumexp_kernel[grid](
        Q, K, V, O, L, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        O.stride(0), O.stride(1), L.stride(0), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O, L


@_operator
def _with_logsumexp_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    with_logsumexp_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _with_logsumexp_long_O(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_O(V: bf16[x e], buffer_0: f32[q x]) -> O: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("buffer_0", buffer_0, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    O = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(O):
        return O
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    with_logsumexp_long_O_kernel[grid](
        V, buffer_0, O, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), O.stride(0),
        O.stride(1), x, e, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps,
        num_stages=stages,
    )
    return O


@_operator
def _with_logsumexp_long_L(buffer_0: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_L(buffer_0: f32[q x]) -> L: f32[q]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 2, buffer_0.device)
    q, x = buffer_0.shape
    L = torch.empty((q,), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(L):
        return L
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        with_logsumexp_long_L_rows_kernel[grid](
            buffer_0, L, buffer_0.stride(0), buffer_0.stride(1), L.stride(0), q, x, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return L
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    with_logsumexp_long_L_kernel[grid](
        buffer_0, L, buffer_0.stride(0), buffer_0.stride(1), L.stride(0), q, x, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return L


@_operator
def _with_logsumexp_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_with_logsumexp_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: bf16[q e], L: f32[q]. Any strides; sizes are read off the shapes."""
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
    O = torch.empty((q, e), dtype=torch.bfloat16, device=Q.device)
    L = torch.empty((q,), dtype=torch.float32, device=Q.device)
    if _is_traced(O):
        return O, L
    BLOCK_D = max(16, triton.next_power_of_2(d))
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if max(BLOCK_D, BLOCK_E) > 256:
        raise ValueError(f"d x e = {max(BLOCK_D, BLOCK_E)}: at most 256 elements are held on chip")
    if max(BLOCK_D, BLOCK_E) <= 64:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 64, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_Q, BLOCK_X, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_Q, BLOCK_X, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(q, BLOCK_Q),)
    with_logsumexp_forward_kernel[grid](
        Q, K, V, O, L, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        O.stride(0), O.stride(1), L.stride(0), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O, L


@_operator
def _with_logsumexp_backward_buffer_0(d_O: torch.Tensor, O: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_backward_buffer_0(d_O: bf16[q e], O: bf16[q e]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
    _check("d_O", d_O, torch.bfloat16, 2, d_O.device)
    _check("O", O, torch.bfloat16, 2, d_O.device)
    q, e = d_O.shape
    if O.shape != (q, e):
        raise ValueError(f"O: bf16[q e] has shape {O.shape}, expected {(q, e)}")
    buffer_0 = torch.empty((q,), dtype=torch.float32, device=d_O.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_E = max(16, triton.next_power_of_2(e))
    if BLOCK_E <= 16384:
        if BLOCK_E <= 1024:
            warps, stages = 4, 1
        elif BLOCK_E <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        with_logsumexp_backward_buffer_0_rows_kernel[grid](
            d_O, O, buffer_0, d_O.stride(0), d_O.stride(1), O.stride(0), O.stride(1), buffer_0.stride(0), q,
            e, BLOCK_E=BLOCK_E, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_E, warps, stages = 4096, 8, 2
    grid = (q,)
    with_logsumexp_backward_buffer_0_kernel[grid](
        d_O, O, buffer_0, d_O.stride(0), d_O.stride(1), O.stride(0), O.stride(1), buffer_0.stride(0), q, e,
        BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _with_logsumexp_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_O: torch.Tensor,
    d_L: torch.Tensor,
    L: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_with_logsumexp_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: bf16[q e], d_L: f32[q], L: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_O", d_O, torch.bfloat16, 2, Q.device)
    _check("d_L", d_L, torch.float32, 1, Q.device)
    _check("L", L, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: bf16[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    d_Q = torch.empty((q, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_Q):
        return d_Q
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
    with_logsumexp_backward_d_Q_kernel[grid](
        Q, K, V, d_O, d_L, L, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0),
        V.stride(1), d_O.stride(0), d_O.stride(1), d_L.stride(0), L.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, e, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _with_logsumexp_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_O: torch.Tensor,
    d_L: torch.Tensor,
    L: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_with_logsumexp_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: bf16[q e], d_L: f32[q], L: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("d_O", d_O, torch.bfloat16, 2, Q.device)
    _check("d_L", d_L, torch.float32, 1, Q.device)
    _check("L", L, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: bf16[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
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
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 4, 2
    elif max(BLOCK_D, BLOCK_E) <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (triton.cdiv(x, BLOCK_X),)
    with_logsumexp_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_O, d_L, L, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_O.stride(0), d_O.stride(1), d_L.stride(0), L.stride(0),
        buffer_0.stride(0), d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, e,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_E=BLOCK_E, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D,
        EXACT_E=e == BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _with_logsumexp_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    with_logsumexp_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _with_logsumexp_long_forward_O(V: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_with_logsumexp_long_forward_O(V: bf16[x e], state: f32[q x]) -> O: bf16[q e]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("state", state, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    O = torch.empty((q, e), dtype=torch.bfloat16, device=V.device)
    if _is_traced(O):
        return O
    BLOCK_Q, BLOCK_E, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(e, BLOCK_E),)
    with_logsumexp_long_forward_O_kernel[grid](
        V, state, O, V.stride(0), V.stride(1), state.stride(0), state.stride(1), O.stride(0), O.stride(1), x,
        e, q, d, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_E=BLOCK_E, num_warps=warps, num_stages=stages,
    )
    return O


@_operator
def _with_logsumexp_long_forward_L(state: torch.Tensor, d: int) -> torch.Tensor:
    """_with_logsumexp_long_forward_L(state: f32[q x]) -> L: f32[q]. Any strides; sizes are read off the shapes."""
    _check("state", state, torch.float32, 2, state.device)
    q, x = state.shape
    L = torch.empty((q,), dtype=torch.float32, device=state.device)
    if _is_traced(L):
        return L
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (q,)
        with_logsumexp_long_forward_L_rows_kernel[grid](
            state, L, state.stride(0), state.stride(1), L.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return L
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    with_logsumexp_long_forward_L_kernel[grid](
        state, L, state.stride(0), state.stride(1), L.stride(0), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return L


@_operator
def _with_logsumexp_long_backward_buffer_1(L: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_with_logsumexp_long_backward_buffer_1(L: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("L", L, torch.float32, 1, L.device)
    _check("state", state, torch.float32, 2, L.device)
    (q,) = L.shape
    _, x = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_1 = torch.empty((q, x), dtype=torch.float32, device=L.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    with_logsumexp_long_backward_buffer_1_kernel[grid](
        L, state, buffer_1, L.stride(0), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _with_logsumexp_long_backward_buffer_0(
    V: torch.Tensor,
    d_O: torch.Tensor,
    d_L: torch.Tensor,
    O: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_with_logsumexp_long_backward_buffer_0(V: bf16[x e], d_O: bf16[q e], d_L: f32[q], O: bf16[q e], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_O", d_O, torch.bfloat16, 2, V.device)
    _check("d_L", d_L, torch.float32, 1, V.device)
    _check("O", O, torch.bfloat16, 2, V.device)
    _check("buffer_1", buffer_1, torch.float32, 2, V.device)
    x, e = V.shape
    q, _ = d_O.shape
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: bf16[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if O.shape != (q, e):
        raise ValueError(f"O: bf16[q e] has shape {O.shape}, expected {(q, e)}")
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: f32[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_E, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    with_logsumexp_long_backward_buffer_0_kernel[grid](
        V, d_O, d_L, O, buffer_1, buffer_0, V.stride(0), V.stride(1), d_O.stride(0), d_O.stride(1),
        d_L.stride(0), O.stride(0), O.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, e, q, BLOCK_E=BLOCK_E, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _with_logsumexp_long_backward_d_V(d_O: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_backward_d_V(d_O: bf16[q e], buffer_1: f32[q x]) -> d_V: bf16[x e]. Any strides; sizes are read off the shapes."""
    _check("d_O", d_O, torch.bfloat16, 2, d_O.device)
    _check("buffer_1", buffer_1, torch.float32, 2, d_O.device)
    q, e = d_O.shape
    _, x = buffer_1.shape
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: f32[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    d_V = torch.empty((x, e), dtype=torch.bfloat16, device=d_O.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_E, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(e, BLOCK_E),)
    with_logsumexp_long_backward_d_V_kernel[grid](
        d_O, buffer_1, d_V, d_O.stride(0), d_O.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, e, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_E=BLOCK_E,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _with_logsumexp_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    with_logsumexp_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _with_logsumexp_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_with_logsumexp_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    with_logsumexp_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _with_logsumexp_autograd(torch.autograd.Function):
    """with_logsumexp and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        O, L = _with_logsumexp_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, O, L)
        return O, L

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_O, d_L):
        Q, K, V, O, L = ctx.saved_tensors
        buffer_0 = _with_logsumexp_backward_buffer_0(d_O, O)
        d_Q = _with_logsumexp_backward_d_Q(Q, K, V, d_O, d_L, L, buffer_0)
        d_K, d_V = _with_logsumexp_backward_d_K_d_V(Q, K, V, d_O, d_L, L, buffer_0)
        return d_Q, d_K, d_V


class _with_logsumexp_long_autograd(torch.autograd.Function):
    """with_logsumexp and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _with_logsumexp_long_forward_state(Q, K)
        O = _with_logsumexp_long_forward_O(V, state, d)
        L = _with_logsumexp_long_forward_L(state, d)
        ctx.save_for_backward(Q, K, V, O, L, state)
        ctx.sizes = (d,)
        return O, L

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_O, d_L):
        Q, K, V, O, L, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _with_logsumexp_long_backward_buffer_1(L, state, d)
        buffer_0 = _with_logsumexp_long_backward_buffer_0(V, d_O, d_L, O, buffer_1)
        d_V = _with_logsumexp_long_backward_d_V(d_O, buffer_1)
        d_Q = _with_logsumexp_long_backward_d_Q(K, buffer_0)
        d_K = _with_logsumexp_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def with_logsumexp(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> O: bf16[q e], L: f32[q]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if max(d, e) <= 256 and max(d, e) <= 256:
            return _with_logsumexp_autograd.apply(Q, K, V)
        return _with_logsumexp_long_autograd.apply(Q, K, V)
    if max(d, e) <= 256:
        O, L = _with_logsumexp(Q, K, V)
        return O, L
    buffer_0 = _with_logsumexp_long_buffer_0(Q, K)
    O_2 = _with_logsumexp_long_O(V, buffer_0)
    L_2 = _with_logsumexp_long_L(buffer_0)
    return O_2, L_2
