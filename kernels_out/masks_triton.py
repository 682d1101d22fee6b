"""Fused kernels for scores, sliding_window, dilated, prefix_lm, documents, padding, alibi, relative_bias, softcap.

Made by diagc 0.1.0 from masks.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["scores", "sliding_window", "dilated", "prefix_lm", "documents", "padding", "alibi", "relative_bias", "softcap"]


@triton.jit
def tanh(x):
    """(1 - e) / (1 + e) with e = exp(-2|x|), by its series where that would cancel."""
    e = tl.exp(-2.0 * tl.abs(x))
    large = tl.where(x < 0, -1.0, 1.0) * (1.0 - e) / (1.0 + e)
    square = x * x
    return tl.where(tl.abs(x) < 0.1, x * (1.0 - square / 3.0 * (1.0 - 0.4 * square)), large)


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of masks_jax.py do, on NumPy arrays")
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
    """A function of masks_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by masks_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("masks_jax.py")
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
    """A function that on a CPU is that of masks_jax.py; `params` are the places of what it takes as parameters."""

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
        # src[masks.diag:6]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:6]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
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
        # src[masks.diag:6]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:6]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
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
        # src[masks.diag:6]
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
        # src[masks.diag:6]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(d_out_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
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
        # src[masks.diag:6]
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
        # src[masks.diag:6]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(d_out_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
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
def sliding_window_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_d,
    out_stride_q, out_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, first_q - 255)) // BLOCK_X * BLOCK_X
    from_x_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_q + BLOCK_Q, size_q) - 256), BLOCK_X) * BLOCK_X
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    to_x_2 = tl.minimum(from_x_2, to_x)
    # tiles that a mask or the end cuts
    for first_x in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    to_x_3 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x_2, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
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
        # src[masks.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_3 = tl.maximum(from_x_2, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_3, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:12]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_long_buffer_0_kernel(
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
        # src[masks.diag:10]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:10]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:11]
    and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(and_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sliding_window_long_out_kernel(
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
        # src[masks.diag:10]
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
        # src[masks.diag:10]
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
    # src[masks.diag:12]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_d, out_stride_q, out_stride_d, logsum_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, first_q - 255)) // BLOCK_X * BLOCK_X
    from_x_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_q + BLOCK_Q, size_q) - 256), BLOCK_X) * BLOCK_X
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    to_x_2 = tl.minimum(from_x_2, to_x)
    # tiles that a mask or the end cuts
    for first_x in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:10]
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
    to_x_3 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x_2, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
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
        # src[masks.diag:10]
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
    from_x_3 = tl.maximum(from_x_2, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_3, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:10]
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
    # src[masks.diag:12]
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
def sliding_window_backward_buffer_0_rows_kernel(
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
def sliding_window_backward_buffer_0_kernel(
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
def sliding_window_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_d, d_out_stride_q, d_out_stride_d, logsum_stride_q, buffer_0_stride_q,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[masks.diag:10]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, first_q - 255)) // BLOCK_X * BLOCK_X
    from_x_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_q + BLOCK_Q, size_q) - 256), BLOCK_X) * BLOCK_X
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    to_x_2 = tl.minimum(from_x_2, to_x)
    # tiles that a mask or the end cuts
    for first_x in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (q_index[:, None] <= (x_index + 255)[None, :])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    to_x_3 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x_2, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(d_out, tl.trans(V))
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        sub_q_x = ((1.4426950408889634 * rsqrt) * dot_2) - mul_q[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x_3 = tl.maximum(from_x_2, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_3, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[masks.diag:11]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (q_index[:, None] <= (x_index + 255)[None, :])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_backward_d_K_d_V_kernel(
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
    # src[masks.diag:10]
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    add_x = x_index + 255
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(size_q, tl.minimum(first_x + BLOCK_X, size_x) + 255)
    to_q_2 = tl.minimum(from_q_2, to_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q_2, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:10]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        # src[masks.diag:11]
        and_x_q = (x_index[:, None] <= q_index[None, :]) & (q_index[None, :] <= add_x[:, None])
        where_x_q = tl.where(and_x_q & (q_index < size_q)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    to_q_3 = (tl.minimum(size_q, first_x + 256)) // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_3, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        # src[masks.diag:10]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        sub_x_q = ((1.4426950408889634 * rsqrt) * dot_2) - (1.4426950408889634 * logsum)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    from_q_3 = tl.maximum(from_q_2, to_q_3)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, to_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:10]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        # src[masks.diag:11]
        and_x_q = (x_index[:, None] <= q_index[None, :]) & (q_index[None, :] <= add_x[:, None])
        where_x_q = tl.where(and_x_q & (q_index < size_q)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
        next_acc_q = tl.dot(tile_bf16, Q, acc_q)
        tile_bf16_2 = exp2_x_q.to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16_2, d_out, acc_q_2)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (rsqrt * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_long_forward_state_kernel(
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
        # src[masks.diag:10]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:10]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def sliding_window_long_forward_out_kernel(
    V_ptr, state_ptr, out_ptr, V_stride_x, V_stride_d, state_stride_q, state_stride_x, out_stride_q,
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
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, first_q - 255)) // BLOCK_X * BLOCK_X
    from_x_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_q + BLOCK_Q, size_q) - 256), BLOCK_X) * BLOCK_X
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    to_x_2 = tl.minimum(from_x_2, to_x)
    # tiles that a mask or the end cuts
    for first_x in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:11]
        and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    to_x_3 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x_2, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
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
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_3 = tl.maximum(from_x_2, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_3, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:11]
        and_q_x = (q_index[:, None] <= (x_index + 255)[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
        # src[masks.diag:10]
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
    # src[masks.diag:12]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[masks.diag:7]
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:11]
    and_x = (q_index <= (x_index + 255)) & (x_index <= q_index)
    where_x = tl.where(and_x & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((0.6931471805599453 * max_) + tl.log(sum_)))


@triton.jit
def sliding_window_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, q_index - 255)) // BLOCK_X * BLOCK_X
    from_x_2 = tl.cdiv(tl.maximum(0, q_index - 255), BLOCK_X) * BLOCK_X
    to_x = tl.minimum(size_x, q_index + 1)
    to_x_2 = tl.minimum(from_x_2, to_x)
    # tiles that a mask or the end cuts
    for first_x in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[masks.diag:11]
        and_x = (q_index <= (x_index + 255)) & (x_index <= q_index)
        where_x = tl.where(and_x & (x_index < size_x), (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
    to_x_3 = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x_2, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
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
    from_x_3 = tl.maximum(from_x_2, to_x_3)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_3, to_x, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[masks.diag:11]
        and_x = (q_index <= (x_index + 255)) & (x_index <= q_index)
        where_x = tl.where(and_x & (x_index < size_x), (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((0.6931471805599453 * max_x) + tl.log(z)))


@triton.jit
def sliding_window_long_backward_buffer_1_kernel(
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
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:11]
    and_x = (q_index <= (255 + x_index)) & (x_index <= q_index)
    sub_x = tl.where(and_x, scalar * state, float("-inf")) - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def sliding_window_long_backward_buffer_0_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
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
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:10]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = d_out.to(tl.float32) * out.to(tl.float32)
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
def sliding_window_long_backward_d_V_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_long_backward_d_Q_kernel(
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
        # src[masks.diag:10]
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
        # src[masks.diag:10]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def sliding_window_long_backward_d_K_kernel(
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
        # src[masks.diag:10]
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
        # src[masks.diag:10]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _sliding_window(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _sliding_window_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _sliding_window_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _sliding_window_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_sliding_window_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
    sliding_window_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), logsum.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _sliding_window_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_sliding_window_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
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
        sliding_window_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    sliding_window_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _sliding_window_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_sliding_window_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _sliding_window_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_sliding_window_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _sliding_window_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _sliding_window_long_forward_out(V: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_forward_out(V: bf16[x d], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _sliding_window_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_sliding_window_long_forward_logsum(state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
        sliding_window_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    sliding_window_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _sliding_window_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_sliding_window_long_backward_buffer_1(logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _sliding_window_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_sliding_window_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _sliding_window_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _sliding_window_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _sliding_window_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_sliding_window_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    sliding_window_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _sliding_window_autograd(torch.autograd.Function):
    """sliding_window and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _sliding_window_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _sliding_window_backward_buffer_0(d_out, out)
        d_Q = _sliding_window_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _sliding_window_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _sliding_window_long_autograd(torch.autograd.Function):
    """sliding_window and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _sliding_window_long_forward_state(Q, K)
        out = _sliding_window_long_forward_out(V, state)
        logsum = _sliding_window_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _sliding_window_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _sliding_window_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _sliding_window_long_backward_d_V(d_out, buffer_1)
        d_Q = _sliding_window_long_backward_d_Q(K, buffer_0)
        d_K = _sliding_window_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def sliding_window(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _sliding_window_autograd.apply(Q, K, V)
        return _sliding_window_long_autograd.apply(Q, K, V)
    if d <= 256:
        out = _sliding_window(Q, K, V)
        return out
    buffer_0 = _sliding_window_long_buffer_0(Q, K)
    out_2 = _sliding_window_long_out(V, buffer_0)
    return out_2


@triton.jit
def dilated_kernel(
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
    # src[masks.diag:15]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:16]
        eq_q_x = ((q_index[:, None] - x_index[None, :]) % 4) == 0
        # src[masks.diag:15]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(eq_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
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
        # src[masks.diag:15]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
        # src[masks.diag:15]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:16]
        eq_q_x = ((q_index[:, None] - x_index[None, :]) % 4) == 0
        and_q_x = eq_q_x & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
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
        # src[masks.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:17]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_long_buffer_0_kernel(
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
        # src[masks.diag:15]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:15]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:16]
    eq_q_x = ((q_index[:, None] - x_index[None, :]) % 4) == 0
    and_q_x = eq_q_x & (x_index[None, :] <= q_index[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(and_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def dilated_long_out_kernel(
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
        # src[masks.diag:15]
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
        # src[masks.diag:15]
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
    # src[masks.diag:17]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_forward_kernel(
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
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:15]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:16]
        eq_q_x = 0 == ((q_index[:, None] - x_index[None, :]) % 4)
        # src[masks.diag:15]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(eq_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:15]
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
        # src[masks.diag:15]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:16]
        eq_q_x = 0 == ((q_index[:, None] - x_index[None, :]) % 4)
        and_q_x = (x_index[None, :] <= q_index[:, None]) & eq_q_x
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:15]
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
    # src[masks.diag:17]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def dilated_backward_buffer_0_rows_kernel(
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
def dilated_backward_buffer_0_kernel(
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
def dilated_backward_d_Q_kernel(
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
    # src[masks.diag:15]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
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
        # src[masks.diag:16]
        eq_q_x = 0 == ((q_index[:, None] - x_index[None, :]) % 4)
        # src[masks.diag:15]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(eq_q_x, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[masks.diag:15]
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
        # src[masks.diag:15]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:16]
        eq_q_x = 0 == ((q_index[:, None] - x_index[None, :]) % 4)
        and_q_x = (x_index[None, :] <= q_index[:, None]) & eq_q_x
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[masks.diag:15]
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
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_backward_d_K_d_V_kernel(
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
    # src[masks.diag:15]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:15]
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
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:16]
        eq_x_q = 0 == ((q_index[None, :] - x_index[:, None]) % 4)
        and_x_q = (x_index[:, None] <= q_index[None, :]) & eq_x_q
        where_x_q = tl.where(and_x_q & (q_index < size_q)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:16]
        eq_x_q = 0 == ((q_index[None, :] - x_index[:, None]) % 4)
        # src[masks.diag:15]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        where_x_q = tl.where(eq_x_q, (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
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
        # src[masks.diag:15]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:16]
        eq_x_q = 0 == ((q_index[None, :] - x_index[:, None]) % 4)
        and_x_q = (x_index[:, None] <= q_index[None, :]) & eq_x_q
        where_x_q = tl.where(and_x_q & (q_index < size_q)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        (rsqrt * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_long_forward_state_kernel(
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
        # src[masks.diag:15]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:15]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def dilated_long_forward_out_kernel(
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
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:16]
        eq_q_x = 0 == ((q_index[:, None] - x_index[None, :]) % 4)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x = tl.where(eq_q_x, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:15]
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
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:16]
        eq_q_x = 0 == ((q_index[:, None] - x_index[None, :]) % 4)
        and_q_x = eq_q_x & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:15]
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
    # src[masks.diag:17]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
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
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:16]
    and_x = (0 == ((q_index - x_index) % 4)) & (x_index <= q_index)
    where_x = tl.where(and_x & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((0.6931471805599453 * max_) + tl.log(sum_)))


@triton.jit
def dilated_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:16]
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x = tl.where(0 == ((q_index - x_index) % 4), (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
        # src[masks.diag:16]
        and_x = (0 == ((q_index - x_index) % 4)) & (x_index <= q_index)
        where_x = tl.where(and_x & (x_index < size_x), (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((0.6931471805599453 * max_x) + tl.log(z)))


@triton.jit
def dilated_long_backward_buffer_1_kernel(
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
    # src[masks.diag:7]
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:16]
    and_x = (((q_index - x_index) % 4) == 0) & (x_index <= q_index)
    sub_x = tl.where(and_x, scalar * state, float("-inf")) - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def dilated_long_backward_buffer_0_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:15]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
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
def dilated_long_backward_d_V_kernel(
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
def dilated_long_backward_d_Q_kernel(
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
        # src[masks.diag:15]
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
        # src[masks.diag:15]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def dilated_long_backward_d_K_kernel(
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
        # src[masks.diag:15]
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
        # src[masks.diag:15]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _dilated(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    dilated_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _dilated_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_dilated_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    dilated_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _dilated_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_dilated_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    dilated_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _dilated_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_dilated_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
    dilated_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), logsum.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _dilated_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_dilated_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
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
        dilated_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    dilated_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _dilated_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_dilated_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    dilated_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _dilated_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_dilated_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    dilated_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _dilated_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_dilated_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    dilated_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _dilated_long_forward_out(V: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_dilated_long_forward_out(V: bf16[x d], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    dilated_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _dilated_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_dilated_long_forward_logsum(state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
        dilated_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    dilated_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _dilated_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_dilated_long_backward_buffer_1(logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
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
    dilated_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _dilated_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_dilated_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
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
    dilated_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _dilated_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_dilated_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    dilated_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _dilated_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_dilated_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    dilated_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _dilated_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_dilated_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    dilated_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _dilated_autograd(torch.autograd.Function):
    """dilated and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _dilated_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _dilated_backward_buffer_0(d_out, out)
        d_Q = _dilated_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _dilated_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _dilated_long_autograd(torch.autograd.Function):
    """dilated and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _dilated_long_forward_state(Q, K)
        out = _dilated_long_forward_out(V, state)
        logsum = _dilated_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _dilated_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _dilated_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _dilated_long_backward_d_V(d_out, buffer_1)
        d_Q = _dilated_long_backward_d_Q(K, buffer_0)
        d_K = _dilated_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def dilated(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _dilated_autograd.apply(Q, K, V)
        return _dilated_long_autograd.apply(Q, K, V)
    if d <= 256:
        out = _dilated(Q, K, V)
        return out
    buffer_0 = _dilated_long_buffer_0(Q, K)
    out_2 = _dilated_long_out(V, buffer_0)
    return out_2


@triton.jit
def prefix_lm_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_d,
    out_stride_q, out_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:20]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        # src[masks.diag:20]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(or_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
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
        # src[masks.diag:20]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:20]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(or_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
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
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:22]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_long_buffer_0_kernel(
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
        # src[masks.diag:20]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:20]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:21]
    or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(or_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def prefix_lm_long_out_kernel(
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
        # src[masks.diag:20]
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
        # src[masks.diag:20]
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
    # src[masks.diag:22]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_forward_kernel(
    Q_ptr, K_ptr, V_ptr, out_ptr, logsum_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_d, out_stride_q, out_stride_d, logsum_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:20]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        # src[masks.diag:20]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(or_q_x, (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:20]
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
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:20]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(or_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:20]
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
    # src[masks.diag:22]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        ((0.6931471805599453 * max_x) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def prefix_lm_backward_buffer_0_rows_kernel(
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
def prefix_lm_backward_buffer_0_kernel(
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
def prefix_lm_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_d, d_out_stride_q, d_out_stride_d, logsum_stride_q, buffer_0_stride_q,
    d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:20]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        # src[masks.diag:20]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(or_q_x, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(or_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp2(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (acc_x * rsqrt).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_backward_d_K_d_V_kernel(
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
    # src[masks.diag:20]
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:21]
    le_x = x_index <= 63
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:20]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:21]
        or_x_q = le_x[:, None] | (x_index[:, None] <= q_index[None, :])
        # src[masks.diag:20]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        where_x_q = tl.where(or_x_q, (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
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
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(V, tl.trans(d_out))
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:20]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot_2 = tl.dot(K, tl.trans(Q))
        # src[masks.diag:21]
        or_x_q = le_x[:, None] | (x_index[:, None] <= q_index[None, :])
        where_x_q = tl.where(or_x_q & (q_index < size_q)[None, :], (1.4426950408889634 * rsqrt) * dot_2, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        tile_bf16 = ((dot - buffer_0[None, :]) * exp2_x_q).to(tl.bfloat16)
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
def prefix_lm_long_forward_state_kernel(
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
        # src[masks.diag:20]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:20]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def prefix_lm_long_forward_out_kernel(
    V_ptr, state_ptr, out_ptr, V_stride_x, V_stride_d, state_stride_q, state_stride_x, out_stride_q,
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
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x = tl.where(or_q_x, (rsqrt * 1.4426950408889634) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:20]
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
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:21]
        or_q_x = (x_index <= 63)[None, :] | (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(or_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * state, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:20]
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
    # src[masks.diag:22]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
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
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:21]
    tile = ((x_index <= 63) | (x_index <= q_index)) & (x_index < size_x)
    where_x = tl.where(tile, scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(sum_) + (0.6931471805599453 * max_)))


@triton.jit
def prefix_lm_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:21]
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x = tl.where((x_index <= 63) | (x_index <= q_index), (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[masks.diag:21]
        tile = ((x_index <= 63) | (x_index <= q_index)) & (x_index < size_x)
        where_x = tl.where(tile, (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(z) + (0.6931471805599453 * max_x)))


@triton.jit
def prefix_lm_long_backward_buffer_1_kernel(
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
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:21]
    where_x = tl.where((x_index <= q_index) | (x_index <= 63), scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def prefix_lm_long_backward_buffer_0_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
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
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:20]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    buffer_1 = tl.load(
        buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tile_bf16 = ((acc_d - acc_d_2[:, None]) * buffer_1).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def prefix_lm_long_backward_d_V_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_long_backward_d_Q_kernel(
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
        # src[masks.diag:20]
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
        # src[masks.diag:20]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def prefix_lm_long_backward_d_K_kernel(
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
        # src[masks.diag:20]
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
        # src[masks.diag:20]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _prefix_lm(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _prefix_lm_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _prefix_lm_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _prefix_lm_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_prefix_lm_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), logsum.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _prefix_lm_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
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
        prefix_lm_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    prefix_lm_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _prefix_lm_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_prefix_lm_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _prefix_lm_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_prefix_lm_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _prefix_lm_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _prefix_lm_long_forward_out(V: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_forward_out(V: bf16[x d], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _prefix_lm_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_prefix_lm_long_forward_logsum(state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
        prefix_lm_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    prefix_lm_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _prefix_lm_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_prefix_lm_long_backward_buffer_1(logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _prefix_lm_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_prefix_lm_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _prefix_lm_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _prefix_lm_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _prefix_lm_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_prefix_lm_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    prefix_lm_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _prefix_lm_autograd(torch.autograd.Function):
    """prefix_lm and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _prefix_lm_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _prefix_lm_backward_buffer_0(d_out, out)
        d_Q = _prefix_lm_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _prefix_lm_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _prefix_lm_long_autograd(torch.autograd.Function):
    """prefix_lm and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _prefix_lm_long_forward_state(Q, K)
        out = _prefix_lm_long_forward_out(V, state)
        logsum = _prefix_lm_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _prefix_lm_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _prefix_lm_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _prefix_lm_long_backward_d_V(d_out, buffer_1)
        d_Q = _prefix_lm_long_backward_d_Q(K, buffer_0)
        d_K = _prefix_lm_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def prefix_lm(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _prefix_lm_autograd.apply(Q, K, V)
        return _prefix_lm_long_autograd.apply(Q, K, V)
    if d <= 256:
        out = _prefix_lm(Q, K, V)
        return out
    buffer_0 = _prefix_lm_long_buffer_0(Q, K)
    out_2 = _prefix_lm_long_out(V, buffer_0)
    return out_2


@triton.jit
def documents_kernel(
    Q_ptr, K_ptr, V_ptr, of_q_ptr, of_x_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    V_stride_x, V_stride_d, of_q_stride_q, of_x_stride_x, out_stride_q, out_stride_d, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    tile = tl.where(q_index < size_q, of_q, -2147483648)
    most_of_q = tl.max(tile, 0)
    tile_2 = tl.where(q_index < size_q, of_q, 2147483647)
    least_of_q = tl.min(tile_2, 0)
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, to_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        met = ((of_x <= most_of_q) & (of_x >= least_of_q)) & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    # src[masks.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x_2 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    to_x_3 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_4 = tl.minimum(to_x_2, to_x_3)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_4, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x)
        # src[masks.diag:26]
        # src[masks.diag:25]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(of_x[None, :] == of_q[:, None], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        # src[masks.diag:25]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_2 = tl.maximum(from_x, to_x_4)
    to_x_5 = tl.minimum(tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q)), end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_5, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        # src[masks.diag:26]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (of_x[None, :] == of_q[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        # src[masks.diag:25]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:27]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_long_buffer_0_kernel(
    Q_ptr, K_ptr, of_q_ptr, of_x_ptr, buffer_0_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    of_q_stride_q, of_x_stride_x, buffer_0_stride_q, buffer_0_stride_x, size_q, size_d, size_x,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        # src[masks.diag:25]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:25]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
    # src[masks.diag:26]
    and_q_x = (x_index[None, :] <= q_index[:, None]) & (of_x[None, :] == of_q[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        tl.where(and_q_x, scalar * acc_d, float("-inf")),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def documents_long_out_kernel(
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
        # src[masks.diag:25]
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
        # src[masks.diag:25]
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
    # src[masks.diag:27]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_forward_kernel(
    Q_ptr, K_ptr, V_ptr, of_q_ptr, of_x_ptr, out_ptr, logsum_ptr, Q_stride_q, Q_stride_d, K_stride_x,
    K_stride_d, V_stride_x, V_stride_d, of_q_stride_q, of_x_stride_x, out_stride_q, out_stride_d,
    logsum_stride_q, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    tile = tl.where(q_index < size_q, of_q, 2147483647)
    least_of_q = tl.min(tile, 0)
    tile_2 = tl.where(q_index < size_q, of_q, -2147483648)
    most_of_q = tl.max(tile_2, 0)
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, to_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        met = ((least_of_q <= of_x) & (most_of_q >= of_x)) & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x_2 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    to_x_3 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_4 = tl.minimum(to_x_2, to_x_3)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_4, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x)
        # src[masks.diag:26]
        # src[masks.diag:25]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(of_q[:, None] == of_x[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:25]
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
    from_x_2 = tl.maximum(from_x, to_x_4)
    to_x_5 = tl.minimum(tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q)), end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_5, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:26]
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        # src[masks.diag:26]
        and_q_x = (of_q[:, None] == of_x[None, :]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:25]
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
    # src[masks.diag:27]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        (tl.log(z) + (0.6931471805599453 * max_x)),
        mask=(q_index < size_q),
    )


@triton.jit
def documents_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_d, out_stride_q, out_stride_d,
    buffer_0_stride_q, size_q, size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    out = load_tile(
        out_ptr + q_index * out_stride_q + d_index * out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_d = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def documents_backward_buffer_0_kernel(
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
        out = tl.load(out_ptr + q_index * out_stride_q + d_index * out_stride_d)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d)
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        out = tl.load(
            out_ptr + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_d)


@triton.jit
def documents_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, of_q_ptr, of_x_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_d, of_q_stride_q, of_x_stride_x, d_out_stride_q,
    d_out_stride_d, logsum_stride_q, buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - program) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    tile = tl.where(q_index < size_q, of_q, -2147483648)
    most_of_q = tl.max(tile, 0)
    tile_2 = tl.where(q_index < size_q, of_q, 2147483647)
    least_of_q = tl.min(tile_2, 0)
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, to_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        met = ((of_x <= most_of_q) & (of_x >= least_of_q)) & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[masks.diag:25]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
    d_out = tl.load(
        d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x_2 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    to_x_3 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_4 = tl.minimum(to_x_2, to_x_3)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_4, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x)
        # src[masks.diag:26]
        # src[masks.diag:25]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(of_x[None, :] == of_q[:, None], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[masks.diag:25]
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
    from_x_2 = tl.maximum(from_x, to_x_4)
    to_x_5 = tl.minimum(tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q)), end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_5, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:26]
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        # src[masks.diag:26]
        and_q_x = (of_x[None, :] == of_q[:, None]) & (x_index[None, :] <= q_index[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[masks.diag:25]
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
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, of_q_ptr, of_x_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr,
    Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_d, of_q_stride_q, of_x_stride_x,
    d_out_stride_q, d_out_stride_d, logsum_stride_q, buffer_0_stride_q, d_K_stride_x, d_K_stride_d,
    d_V_stride_x, d_V_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:25]
    of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
    tile = tl.where(x_index < size_x, of_x, 2147483647)
    least_of_x = tl.min(tile, 0)
    tile_2 = tl.where(x_index < size_x, of_x, -2147483648)
    most_of_x = tl.max(tile_2, 0)
    from_q = tl.maximum(0, first_x)
    # indices that the mask may leave
    begin_q = tl.full([1024], size_q, tl.int32)
    end_q = tl.full([1024], 0, tl.int32)
    for first_q in tl.range(from_q, size_q, 1024):
        q_index = (first_q + tl.arange(0, 1024)).to(tl.int32)
        of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
        met = ((least_of_x <= of_q) & (most_of_x >= of_q)) & (q_index < size_q)
        begin_q = tl.minimum(begin_q, tl.where(met, q_index, size_q))
        end_q = tl.maximum(end_q, tl.where(met, q_index + 1, 0))
    begin_q = tl.min(begin_q, 0)
    end_q = tl.max(end_q, 0)
    # src[masks.diag:25]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:25]
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_q_2 = (tl.maximum(tl.maximum(0, first_x), begin_q)) // BLOCK_Q * BLOCK_Q
    from_q_3 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    from_q_4 = tl.maximum(from_q_3, from_q_2)
    to_q = tl.minimum(size_q, end_q)
    to_q_2 = tl.minimum(from_q_4, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:26]
        # src[masks.diag:25]
        of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
        # src[masks.diag:26]
        and_x_q = (of_x[:, None] == of_q[None, :]) & (x_index[:, None] <= q_index[None, :])
        where_x_q = tl.where(and_x_q & (q_index < size_q)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
    to_q_3 = size_q // BLOCK_Q * BLOCK_Q
    to_q_4 = tl.cdiv(end_q, BLOCK_Q) * BLOCK_Q
    to_q_5 = tl.minimum(to_q_3, to_q_4)
    # whole tiles, no mask needed
    for first_q_3 in tl.range(from_q_4, to_q_5, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:25]
        of_q = tl.load(of_q_ptr + q_index * of_q_stride_q)
        # src[masks.diag:26]
        # src[masks.diag:25]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        where_x_q = tl.where(of_x[:, None] == of_q[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
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
    from_q_5 = tl.maximum(from_q_4, to_q_5)
    # tiles that a mask or the end cuts
    for first_q_4 in tl.range(from_q_5, to_q, BLOCK_Q):
        q_index = first_q_4 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:25]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:26]
        # src[masks.diag:25]
        of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
        # src[masks.diag:26]
        and_x_q = (of_x[:, None] == of_q[None, :]) & (x_index[:, None] <= q_index[None, :])
        where_x_q = tl.where(and_x_q & (q_index < size_q)[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        (rsqrt * acc_q).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_long_forward_state_kernel(
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
        # src[masks.diag:25]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:25]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def documents_long_forward_out_kernel(
    V_ptr, of_q_ptr, of_x_ptr, state_ptr, out_ptr, V_stride_x, V_stride_d, of_q_stride_q, of_x_stride_x,
    state_stride_q, state_stride_x, out_stride_q, out_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
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
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q, mask=(q_index < size_q), other=0)
    tile = tl.where(q_index < size_q, of_q, -2147483648)
    most_of_q = tl.max(tile, 0)
    tile_2 = tl.where(q_index < size_q, of_q, 2147483647)
    least_of_q = tl.min(tile_2, 0)
    to_x = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, to_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        met = ((of_x <= most_of_q) & (of_x >= least_of_q)) & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x_2 = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    to_x_3 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_4 = tl.minimum(to_x_2, to_x_3)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_4, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x)
        # src[masks.diag:26]
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x = tl.where(of_x[None, :] == of_q[:, None], (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
        # src[masks.diag:25]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_2 = tl.maximum(from_x, to_x_4)
    to_x_5 = tl.minimum(tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q)), end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_5, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        # src[masks.diag:26]
        and_q_x = (x_index[None, :] <= q_index[:, None]) & (of_x[None, :] == of_q[:, None])
        where_q_x = tl.where(and_q_x & (x_index < size_x)[None, :], (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
        # src[masks.diag:25]
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
    # src[masks.diag:27]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_long_forward_logsum_rows_kernel(
    of_q_ptr, of_x_ptr, state_ptr, logsum_ptr, of_q_stride_q, of_x_stride_x, state_stride_q, state_stride_x,
    logsum_stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[masks.diag:7]
    state = load_tile(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q)
    of_x = load_tile(of_x_ptr + x_index * of_x_stride_x, (x_index < size_x), 0, EXACT_X)
    # src[masks.diag:26]
    tile = ((x_index <= q_index) & (of_x == of_q)) & (x_index < size_x)
    where_x = tl.where(tile, scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(sum_) + (max_ * 0.6931471805599453)))


@triton.jit
def documents_long_forward_logsum_kernel(
    of_q_ptr, of_x_ptr, state_ptr, logsum_ptr, of_q_stride_q, of_x_stride_x, state_stride_q, state_stride_x,
    logsum_stride_q, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:25]
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x)
        # src[masks.diag:26]
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x = tl.where(of_x == of_q, (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
        # src[masks.diag:25]
        of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
        # src[masks.diag:26]
        tile = ((x_index <= q_index) & (of_x == of_q)) & (x_index < size_x)
        where_x = tl.where(tile, (1.4426950408889634 * rsqrt) * state, float("-inf"))
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
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(z) + (max_x * 0.6931471805599453)))


@triton.jit
def documents_long_backward_buffer_1_kernel(
    of_q_ptr, of_x_ptr, logsum_ptr, state_ptr, buffer_1_ptr, of_q_stride_q, of_x_stride_x, logsum_stride_q,
    state_stride_q, state_stride_x, buffer_1_stride_q, buffer_1_stride_x, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = logsum * 1.4426950408889634
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:25]
    of_x = tl.load(of_x_ptr + x_index * of_x_stride_x, mask=(x_index < size_x), other=0)
    of_q = tl.load(of_q_ptr + q_index * of_q_stride_q)
    # src[masks.diag:26]
    where_x = tl.where((x_index <= q_index) & (of_q == of_x), scalar * state, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def documents_long_backward_buffer_0_kernel(
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
        # src[masks.diag:25]
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
        # src[masks.diag:25]
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
def documents_long_backward_d_V_kernel(
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
def documents_long_backward_d_Q_kernel(
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
        # src[masks.diag:25]
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
        # src[masks.diag:25]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def documents_long_backward_d_K_kernel(
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
        # src[masks.diag:25]
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
        # src[masks.diag:25]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _documents(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> torch.Tensor:
    """_documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
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
    documents_kernel[grid](
        Q, K, V, of_q, of_x, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0),
        V.stride(1), of_q.stride(0), of_x.stride(0), out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _documents_long_buffer_0(
    Q: torch.Tensor,
    K: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> torch.Tensor:
    """_documents_long_buffer_0(Q: bf16[q d], K: bf16[x d], of_q: i32[q], of_x: i32[x]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    documents_long_buffer_0_kernel[grid](
        Q, K, of_q, of_x, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), of_q.stride(0),
        of_x.stride(0), buffer_0.stride(0), buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _documents_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_documents_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    documents_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _documents_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_documents_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
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
    documents_forward_kernel[grid](
        Q, K, V, of_q, of_x, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0),
        V.stride(1), of_q.stride(0), of_x.stride(0), out.stride(0), out.stride(1), logsum.stride(0), q, d, x,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out, logsum


@_operator
def _documents_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_documents_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
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
        documents_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    documents_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _documents_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_documents_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
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
    documents_backward_d_Q_kernel[grid](
        Q, K, V, of_q, of_x, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), of_q.stride(0), of_x.stride(0), d_out.stride(0), d_out.stride(1),
        logsum.stride(0), buffer_0.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _documents_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_documents_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("of_q", of_q, torch.int32, 1, Q.device)
    _check("of_x", of_x, torch.int32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
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
    documents_backward_d_K_d_V_kernel[grid](
        Q, K, V, of_q, of_x, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0),
        K.stride(1), V.stride(0), V.stride(1), of_q.stride(0), of_x.stride(0), d_out.stride(0),
        d_out.stride(1), logsum.stride(0), buffer_0.stride(0), d_K.stride(0), d_K.stride(1), d_V.stride(0),
        d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _documents_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_documents_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    documents_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _documents_long_forward_out(
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_documents_long_forward_out(V: bf16[x d], of_q: i32[q], of_x: i32[x], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("of_q", of_q, torch.int32, 1, V.device)
    _check("of_x", of_x, torch.int32, 1, V.device)
    _check("state", state, torch.float32, 2, V.device)
    x, d = V.shape
    (q,) = of_q.shape
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    documents_long_forward_out_kernel[grid](
        V, of_q, of_x, state, out, V.stride(0), V.stride(1), of_q.stride(0), of_x.stride(0), state.stride(0),
        state.stride(1), out.stride(0), out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _documents_long_forward_logsum(
    of_q: torch.Tensor,
    of_x: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_documents_long_forward_logsum(of_q: i32[q], of_x: i32[x], state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
    _check("of_q", of_q, torch.int32, 1, of_q.device)
    _check("of_x", of_x, torch.int32, 1, of_q.device)
    _check("state", state, torch.float32, 2, of_q.device)
    (q,) = of_q.shape
    (x,) = of_x.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    logsum = torch.empty((q,), dtype=torch.float32, device=of_q.device)
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
        documents_long_forward_logsum_rows_kernel[grid](
            of_q, of_x, state, logsum, of_q.stride(0), of_x.stride(0), state.stride(0), state.stride(1),
            logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps,
            num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    documents_long_forward_logsum_kernel[grid](
        of_q, of_x, state, logsum, of_q.stride(0), of_x.stride(0), state.stride(0), state.stride(1),
        logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _documents_long_backward_buffer_1(
    of_q: torch.Tensor,
    of_x: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_documents_long_backward_buffer_1(of_q: i32[q], of_x: i32[x], logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("of_q", of_q, torch.int32, 1, of_q.device)
    _check("of_x", of_x, torch.int32, 1, of_q.device)
    _check("logsum", logsum, torch.float32, 1, of_q.device)
    _check("state", state, torch.float32, 2, of_q.device)
    (q,) = of_q.shape
    (x,) = of_x.shape
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_1 = torch.empty((q, x), dtype=torch.float32, device=of_q.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    documents_long_backward_buffer_1_kernel[grid](
        of_q, of_x, logsum, state, buffer_1, of_q.stride(0), of_x.stride(0), logsum.stride(0),
        state.stride(0), state.stride(1), buffer_1.stride(0), buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _documents_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_documents_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
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
    documents_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _documents_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_documents_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    documents_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _documents_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_documents_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    documents_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _documents_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_documents_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    documents_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _documents_autograd(torch.autograd.Function):
    """documents and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, of_q, of_x):
        out, logsum = _documents_forward(Q, K, V, of_q, of_x)
        ctx.save_for_backward(Q, K, V, of_q, of_x, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, of_q, of_x, out, logsum = ctx.saved_tensors
        buffer_0 = _documents_backward_buffer_0(d_out, out)
        d_Q = _documents_backward_d_Q(Q, K, V, of_q, of_x, d_out, logsum, buffer_0)
        d_K, d_V = _documents_backward_d_K_d_V(Q, K, V, of_q, of_x, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V, None, None


class _documents_long_autograd(torch.autograd.Function):
    """documents and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, of_q, of_x):
        _, d = Q.shape
        state = _documents_long_forward_state(Q, K)
        out = _documents_long_forward_out(V, of_q, of_x, state)
        logsum = _documents_long_forward_logsum(of_q, of_x, state, d)
        ctx.save_for_backward(Q, K, V, of_q, of_x, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, of_q, of_x, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _documents_long_backward_buffer_1(of_q, of_x, logsum, state, d)
        buffer_0 = _documents_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _documents_long_backward_d_V(d_out, buffer_1)
        d_Q = _documents_long_backward_d_Q(K, buffer_0)
        d_K = _documents_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V, None, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.int32, torch.int32)
def documents(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    of_q: torch.Tensor,
    of_x: torch.Tensor,
) -> torch.Tensor:
    """documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _documents_autograd.apply(Q, K, V, of_q, of_x)
        return _documents_long_autograd.apply(Q, K, V, of_q, of_x)
    if d <= 256:
        out = _documents(Q, K, V, of_q, of_x)
        return out
    buffer_0 = _documents_long_buffer_0(Q, K, of_q, of_x)
    out_2 = _documents_long_out(V, buffer_0)
    return out_2


@triton.jit
def padding_kernel(
    Q_ptr, K_ptr, V_ptr, real_ptr, out_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, V_stride_x,
    V_stride_d, real_stride_x, out_stride_q, out_stride_d, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, size_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        met = real & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    # src[masks.diag:30]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x = size_x // BLOCK_X * BLOCK_X
    to_x_2 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_3 = tl.minimum(to_x, to_x_2)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(real[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        # src[masks.diag:30]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_2 = tl.maximum(from_x, to_x_3)
    to_x_4 = tl.minimum(size_x, end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_4, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        where_q_x = tl.where((real & (x_index < size_x))[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
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
        # src[masks.diag:30]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:31]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_long_buffer_0_kernel(
    Q_ptr, K_ptr, real_ptr, buffer_0_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d, real_stride_x,
    buffer_0_stride_q, buffer_0_stride_x, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        # src[masks.diag:30]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:30]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:30]
    real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
    where_q_x = tl.where(real[None, :], scalar * acc_d, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def padding_long_out_kernel(
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:30]
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
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:30]
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
    # src[masks.diag:31]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_forward_kernel(
    Q_ptr, K_ptr, V_ptr, real_ptr, out_ptr, logsum_ptr, Q_stride_q, Q_stride_d, K_stride_x, K_stride_d,
    V_stride_x, V_stride_d, real_stride_x, out_stride_q, out_stride_d, logsum_stride_q, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, size_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        met = real & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:30]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x = size_x // BLOCK_X * BLOCK_X
    to_x_2 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_3 = tl.minimum(to_x, to_x_2)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        real = tl.load(real_ptr + x_index * real_stride_x)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(real[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:30]
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
    from_x_2 = tl.maximum(from_x, to_x_3)
    to_x_4 = tl.minimum(size_x, end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_4, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        where_q_x = tl.where((real & (x_index < size_x))[None, :], (rsqrt * 1.4426950408889634) * dot, float("-inf"))
        tile_max = tl.max(where_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp2(max_x - safe_next_max_x)
        # src[maps.diag:5]
        e = tl.exp2(where_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:30]
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
    # src[masks.diag:31]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
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
def padding_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_q, d_out_stride_d, out_stride_q, out_stride_d,
    buffer_0_stride_q, size_q, size_d, BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    out = load_tile(
        out_ptr + q_index * out_stride_q + d_index * out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    d_out = load_tile(
        d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_d = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, sum_)


@triton.jit
def padding_backward_buffer_0_kernel(
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
        out = tl.load(out_ptr + q_index * out_stride_q + d_index * out_stride_d)
        d_out = tl.load(d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d)
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        out = tl.load(
            out_ptr + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(buffer_0_ptr + q_index * buffer_0_stride_q, acc_d)


@triton.jit
def padding_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, real_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_q, Q_stride_d,
    K_stride_x, K_stride_d, V_stride_x, V_stride_d, real_stride_x, d_out_stride_q, d_out_stride_d,
    logsum_stride_q, buffer_0_stride_q, d_Q_stride_q, d_Q_stride_d, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = program * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, size_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        met = real & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
    mul_q = 1.4426950408889634 * logsum
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:30]
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
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x = size_x // BLOCK_X * BLOCK_X
    to_x_2 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_3 = tl.minimum(to_x, to_x_2)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        real = tl.load(real_ptr + x_index * real_stride_x)
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        where_q_x = tl.where(real[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[masks.diag:30]
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
    from_x_2 = tl.maximum(from_x, to_x_3)
    to_x_4 = tl.minimum(size_x, end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_4, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        where_q_x = tl.where((real & (x_index < size_x))[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
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
def padding_backward_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, real_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_K_ptr, d_V_ptr, Q_stride_q,
    Q_stride_d, K_stride_x, K_stride_d, V_stride_x, V_stride_d, real_stride_x, d_out_stride_q, d_out_stride_d,
    logsum_stride_q, buffer_0_stride_q, d_K_stride_x, d_K_stride_d, d_V_stride_x, d_V_stride_d, size_q,
    size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = program * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:30]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
    V = tl.load(
        V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
        mul_q = 1.4426950408889634 * logsum
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        where_x_q = tl.where(real[:, None], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
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
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + q_index * logsum_stride_q, mask=(q_index < size_q), other=0.0)
        mul_q = 1.4426950408889634 * logsum
        # src[masks.diag:30]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        where_x_q = tl.where(real[:, None] & (q_index < size_q)[None, :], (1.4426950408889634 * rsqrt) * dot, float("-inf"))
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
    tile_bf16 = tl.where(real[:, None], rsqrt * acc_q, 0.0).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_2.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_long_forward_state_kernel(
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
        # src[masks.diag:30]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:30]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def padding_long_forward_out_kernel(
    V_ptr, real_ptr, state_ptr, out_ptr, V_stride_x, V_stride_d, real_stride_x, state_stride_q,
    state_stride_x, out_stride_q, out_stride_d, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
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
    # indices that the mask may leave
    begin_x = tl.full([1024], size_x, tl.int32)
    end_x = tl.full([1024], 0, tl.int32)
    for first_x in tl.range(0, size_x, 1024):
        x_index = (first_x + tl.arange(0, 1024)).to(tl.int32)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        met = real & (x_index < size_x)
        begin_x = tl.minimum(begin_x, tl.where(met, x_index, size_x))
        end_x = tl.maximum(end_x, tl.where(met, x_index + 1, 0))
    begin_x = tl.min(begin_x, 0)
    end_x = tl.max(end_x, 0)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    from_x = (tl.maximum(0, begin_x)) // BLOCK_X * BLOCK_X
    to_x = size_x // BLOCK_X * BLOCK_X
    to_x_2 = tl.cdiv(end_x, BLOCK_X) * BLOCK_X
    to_x_3 = tl.minimum(to_x, to_x_2)
    # whole tiles, no mask needed
    for first_x_2 in tl.range(from_x, to_x_3, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        where_q_x = tl.where(real[None, :], (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
        # src[masks.diag:30]
        V = tl.load(
            V_ptr + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x_2 = tl.maximum(from_x, to_x_3)
    to_x_4 = tl.minimum(size_x, end_x)
    # tiles that a mask or the end cuts
    for first_x_3 in tl.range(from_x_2, to_x_4, BLOCK_X):
        x_index = first_x_3 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        where_q_x = tl.where((real & (x_index < size_x))[None, :], (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
        # src[masks.diag:30]
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
    # src[masks.diag:31]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_long_forward_logsum_rows_kernel(
    real_ptr, state_ptr, logsum_ptr, real_stride_x, state_stride_q, state_stride_x, logsum_stride_q, size_x,
    size_q, size_d, BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
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
    # src[masks.diag:7]
    scalar = tl.rsqrt(tl.cast(size_d, tl.float32)) * 1.4426950408889634
    # src[masks.diag:30]
    real = load_tile(real_ptr + x_index * real_stride_x, (x_index < size_x), False, EXACT_X)
    where_x = tl.where(real & (x_index < size_x), scalar * state, float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((0.6931471805599453 * max_) + tl.log(sum_)))


@triton.jit
def padding_long_forward_logsum_kernel(
    real_ptr, state_ptr, logsum_ptr, real_stride_x, state_stride_q, state_stride_x, logsum_stride_q, size_x,
    size_q, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        where_x = tl.where(real, (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[masks.diag:30]
        real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
        where_x = tl.where(real & (x_index < size_x), (rsqrt * 1.4426950408889634) * state, float("-inf"))
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
    tl.store(logsum_ptr + q_index * logsum_stride_q, ((0.6931471805599453 * max_x) + tl.log(z)))


@triton.jit
def padding_long_backward_buffer_1_kernel(
    real_ptr, logsum_ptr, state_ptr, buffer_1_ptr, real_stride_x, logsum_stride_q, state_stride_q,
    state_stride_x, buffer_1_stride_q, buffer_1_stride_x, size_x, size_q, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = program.to(tl.int64)
    logsum = tl.load(logsum_ptr + q_index * logsum_stride_q)
    mul = 1.4426950408889634 * logsum
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:7]
    scalar = 1.4426950408889634 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:30]
    real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
    sub_x = tl.where(real, scalar * state, float("-inf")) - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def padding_long_backward_buffer_0_kernel(
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
        # src[masks.diag:30]
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
        # src[masks.diag:30]
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
def padding_long_backward_d_V_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_long_backward_d_Q_kernel(
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
        # src[masks.diag:30]
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
        # src[masks.diag:30]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_x).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def padding_long_backward_d_K_kernel(
    Q_ptr, real_ptr, buffer_0_ptr, d_K_ptr, Q_stride_q, Q_stride_d, real_stride_x, buffer_0_stride_q,
    buffer_0_stride_x, d_K_stride_x, d_K_stride_d, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
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
        buffer_0 = tl.load(
            buffer_0_ptr + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[masks.diag:30]
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
        # src[masks.diag:30]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    # src[masks.diag:30]
    real = tl.load(real_ptr + x_index * real_stride_x, mask=(x_index < size_x), other=False)
    where_x_d = tl.where(real[:, None], tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q, 0.0)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        where_x_d.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _padding(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """_padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
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
    padding_kernel[grid](
        Q, K, V, real, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        real.stride(0), out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _padding_long_buffer_0(Q: torch.Tensor, K: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """_padding_long_buffer_0(Q: bf16[q d], K: bf16[x d], real: bool[x]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    buffer_0 = torch.empty((q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    padding_long_buffer_0_kernel[grid](
        Q, K, real, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), real.stride(0),
        buffer_0.stride(0), buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _padding_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_padding_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    padding_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _padding_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    real: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_padding_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
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
    padding_forward_kernel[grid](
        Q, K, V, real, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0),
        V.stride(1), real.stride(0), out.stride(0), out.stride(1), logsum.stride(0), q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _padding_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_padding_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
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
        padding_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    padding_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _padding_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    real: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_padding_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
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
    padding_backward_d_Q_kernel[grid](
        Q, K, V, real, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), real.stride(0), d_out.stride(0), d_out.stride(1), logsum.stride(0),
        buffer_0.stride(0), d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _padding_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    real: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_padding_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("K", K, torch.bfloat16, 2, Q.device)
    _check("V", V, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 2, Q.device)
    _check("logsum", logsum, torch.float32, 1, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 1, Q.device)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
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
    padding_backward_d_K_d_V_kernel[grid](
        Q, K, V, real, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), real.stride(0), d_out.stride(0), d_out.stride(1), logsum.stride(0),
        buffer_0.stride(0), d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K, d_V


@_operator
def _padding_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_padding_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    padding_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _padding_long_forward_out(V: torch.Tensor, real: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_padding_long_forward_out(V: bf16[x d], real: bool[x], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("real", real, torch.bool, 1, V.device)
    _check("state", state, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = state.shape
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    out = torch.empty((q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    padding_long_forward_out_kernel[grid](
        V, real, state, out, V.stride(0), V.stride(1), real.stride(0), state.stride(0), state.stride(1),
        out.stride(0), out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _padding_long_forward_logsum(real: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_padding_long_forward_logsum(real: bool[x], state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
    _check("real", real, torch.bool, 1, real.device)
    _check("state", state, torch.float32, 2, real.device)
    (x,) = real.shape
    q, _ = state.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    logsum = torch.empty((q,), dtype=torch.float32, device=real.device)
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
        padding_long_forward_logsum_rows_kernel[grid](
            real, state, logsum, real.stride(0), state.stride(0), state.stride(1), logsum.stride(0), x, q, d,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    padding_long_forward_logsum_kernel[grid](
        real, state, logsum, real.stride(0), state.stride(0), state.stride(1), logsum.stride(0), x, q, d,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _padding_long_backward_buffer_1(
    real: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_padding_long_backward_buffer_1(real: bool[x], logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
    _check("real", real, torch.bool, 1, real.device)
    _check("logsum", logsum, torch.float32, 1, real.device)
    _check("state", state, torch.float32, 2, real.device)
    (x,) = real.shape
    (q,) = logsum.shape
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    buffer_1 = torch.empty((q, x), dtype=torch.float32, device=real.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (q * triton.cdiv(x, BLOCK_X),)
    padding_long_backward_buffer_1_kernel[grid](
        real, logsum, state, buffer_1, real.stride(0), logsum.stride(0), state.stride(0), state.stride(1),
        buffer_1.stride(0), buffer_1.stride(1), x, q, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _padding_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_padding_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
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
    padding_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), buffer_1.stride(0), buffer_1.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _padding_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_padding_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    padding_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _padding_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_padding_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    padding_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _padding_long_backward_d_K(Q: torch.Tensor, real: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_padding_long_backward_d_K(Q: bf16[q d], real: bool[x], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 2, Q.device)
    _check("real", real, torch.bool, 1, Q.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, Q.device)
    q, d = Q.shape
    (x,) = real.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bf16[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    d_K = torch.empty((x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    padding_long_backward_d_K_kernel[grid](
        Q, real, buffer_0, d_K, Q.stride(0), Q.stride(1), real.stride(0), buffer_0.stride(0),
        buffer_0.stride(1), d_K.stride(0), d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


class _padding_autograd(torch.autograd.Function):
    """padding and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, real):
        out, logsum = _padding_forward(Q, K, V, real)
        ctx.save_for_backward(Q, K, V, real, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, real, out, logsum = ctx.saved_tensors
        buffer_0 = _padding_backward_buffer_0(d_out, out)
        d_Q = _padding_backward_d_Q(Q, K, V, real, d_out, logsum, buffer_0)
        d_K, d_V = _padding_backward_d_K_d_V(Q, K, V, real, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V, None


class _padding_long_autograd(torch.autograd.Function):
    """padding and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, real):
        _, d = Q.shape
        state = _padding_long_forward_state(Q, K)
        out = _padding_long_forward_out(V, real, state)
        logsum = _padding_long_forward_logsum(real, state, d)
        ctx.save_for_backward(Q, K, V, real, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, real, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _padding_long_backward_buffer_1(real, logsum, state, d)
        buffer_0 = _padding_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _padding_long_backward_d_V(d_out, buffer_1)
        d_Q = _padding_long_backward_d_Q(K, buffer_0)
        d_K = _padding_long_backward_d_K(Q, real, buffer_0)
        return d_Q, d_K, d_V, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.bool)
def padding(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _padding_autograd.apply(Q, K, V, real)
        return _padding_long_autograd.apply(Q, K, V, real)
    if d <= 256:
        out = _padding(Q, K, V, real)
        return out
    buffer_0 = _padding_long_buffer_0(Q, K, real)
    out_2 = _padding_long_out(V, buffer_0)
    return out_2


@triton.jit
def alibi_kernel(
    Q_ptr, K_ptr, V_ptr, slope_ptr, out_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x,
    K_stride_d, V_stride_h, V_stride_x, V_stride_d, slope_stride_h, out_stride_h, out_stride_q, out_stride_d,
    size_h, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:34]
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        add_q_x = (tile_f32 * slope) + (dot * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:34]
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        S = tl.where(tile, (tile_f32 * slope) + (dot * rsqrt), float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
    # src[masks.diag:36]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_long_S_kernel(
    Q_ptr, K_ptr, slope_ptr, S_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x, K_stride_d,
    slope_stride_h, S_stride_h, S_stride_q, S_stride_x, size_h, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:34]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:34]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    # src[masks.diag:35]
    tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
    add_q_x = (tile_f32 * slope) + (acc_d * tl.rsqrt(tl.cast(size_d, tl.float32)))
    S = tl.where(x_index[None, :] <= q_index[:, None], add_q_x, float("-inf"))
    tl.store(
        S_ptr + h_index * S_stride_h + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
        S,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def alibi_long_out_kernel(
    V_ptr, S_ptr, out_ptr, V_stride_h, V_stride_x, V_stride_d, S_stride_h, S_stride_q, S_stride_x,
    out_stride_h, out_stride_q, out_stride_d, size_h, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        S = tl.load(
            S_ptr + h_index * S_stride_h + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
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
        S = tl.load(
            S_ptr + h_index * S_stride_h + q_index[:, None] * S_stride_q + x_index[None, :] * S_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
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
    # src[masks.diag:36]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_forward_kernel(
    Q_ptr, K_ptr, V_ptr, slope_ptr, out_ptr, logsum_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h,
    K_stride_x, K_stride_d, V_stride_h, V_stride_x, V_stride_d, slope_stride_h, out_stride_h, out_stride_q,
    out_stride_d, logsum_stride_h, logsum_stride_q, size_h, size_q, size_d, size_x, BLOCK_X: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:34]
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        add_q_x = (slope * tile_f32) + (rsqrt * dot)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        S = tl.where(tile, (slope * tile_f32) + (rsqrt * dot), float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:36]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(z) + max_x),
        mask=(q_index < size_q),
    )


@triton.jit
def alibi_backward_buffer_0_rows_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_h, d_out_stride_q, d_out_stride_d, out_stride_h,
    out_stride_q, out_stride_d, buffer_0_stride_h, buffer_0_stride_q, size_h, size_q, size_d,
    BLOCK_D: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    out = load_tile(
        out_ptr + h_index * out_stride_h + q_index * out_stride_q + d_index * out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    d_out = load_tile(
        d_out_ptr + h_index * d_out_stride_h + q_index * d_out_stride_q + d_index * d_out_stride_d,
        (d_index < size_d),
        0.0,
        EXACT_D,
    )
    mul_d = d_out.to(tl.float32) * out.to(tl.float32)
    sum_ = tl.sum(mul_d, 0)
    tl.store(buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q, sum_)


@triton.jit
def alibi_backward_buffer_0_kernel(
    d_out_ptr, out_ptr, buffer_0_ptr, d_out_stride_h, d_out_stride_q, d_out_stride_d, out_stride_h,
    out_stride_q, out_stride_d, buffer_0_stride_h, buffer_0_stride_q, size_h, size_q, size_d,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    acc_d = tl.full([], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        out = tl.load(out_ptr + h_index * out_stride_h + q_index * out_stride_q + d_index * out_stride_d)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index * d_out_stride_q + d_index * d_out_stride_d,
        )
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index * out_stride_q + d_index * out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index * d_out_stride_q + d_index * d_out_stride_d,
            mask=(d_index < size_d),
            other=0.0,
        )
        mul_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_d, 0)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q, acc_d)


@triton.jit
def alibi_backward_buffer_1_d_K_d_V_kernel(
    Q_ptr, K_ptr, V_ptr, slope_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, buffer_1_ptr, d_K_ptr, d_V_ptr,
    Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x, K_stride_d, V_stride_h, V_stride_x,
    V_stride_d, slope_stride_h, d_out_stride_h, d_out_stride_q, d_out_stride_d, logsum_stride_h,
    logsum_stride_q, buffer_0_stride_h, buffer_0_stride_q, buffer_1_stride_h, buffer_1_stride_x, d_K_stride_h,
    d_K_stride_x, d_K_stride_d, d_V_stride_h, d_V_stride_x, d_V_stride_d, size_h, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X], 0.0, tl.float32)
    acc_q_2 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    acc_q_3 = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:34]
    K = tl.load(
        K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    V = tl.load(
        V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    from_q = (tl.maximum(0, first_x)) // BLOCK_Q * BLOCK_Q
    from_q_2 = tl.cdiv(tl.maximum(0, tl.minimum(first_x + BLOCK_X, size_x) - 1), BLOCK_Q) * BLOCK_Q
    to_q = tl.minimum(from_q_2, size_q)
    # tiles that a mask or the end cuts
    for first_q in tl.range(from_q, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[masks.diag:35]
        tile_f32 = (x_index[:, None] - q_index[None, :]).to(tl.float32)
        logsum = tl.load(
            logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        # src[masks.diag:34]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:35]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        S = tl.where(tile, (slope * tile_f32) + (rsqrt * dot), float("-inf"))
        sub_x_q = S - tl.where(logsum == float("-inf"), 0.0, logsum)[None, :]
        exp_x_q = tl.exp(sub_x_q)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        sub_x_q_2 = dot_2 - buffer_0[None, :]
        mul_x_q = (sub_x_q_2 * exp_x_q) * tile_f32
        tile_sum = tl.sum(mul_x_q, 1)
        next_acc_q = acc_q + tile_sum
        tile_bf16 = (sub_x_q_2 * exp_x_q).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16, Q, acc_q_2)
        tile_bf16_2 = exp_x_q.to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16_2, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    to_q_2 = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q_2 in tl.range(from_q_2, to_q_2, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[masks.diag:35]
        tile_f32 = (x_index[:, None] - q_index[None, :]).to(tl.float32)
        logsum = tl.load(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q)
        # src[masks.diag:34]
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:35]
        sub_x_q = ((slope * tile_f32) + (rsqrt * dot)) - tl.where(logsum == float("-inf"), 0.0, logsum)[None, :]
        exp_x_q = tl.exp(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        sub_x_q_2 = dot_2 - buffer_0[None, :]
        mul_x_q = (sub_x_q_2 * exp_x_q) * tile_f32
        tile_sum = tl.sum(mul_x_q, 1)
        next_acc_q = acc_q + tile_sum
        tile_bf16 = (sub_x_q_2 * exp_x_q).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16, Q, acc_q_2)
        tile_bf16_2 = exp_x_q.to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16_2, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    from_q_3 = tl.maximum(from_q_2, to_q_2)
    # tiles that a mask or the end cuts
    for first_q_3 in tl.range(from_q_3, size_q, BLOCK_Q):
        q_index = first_q_3 + tl.arange(0, BLOCK_Q)
        # src[masks.diag:35]
        tile_f32 = (x_index[:, None] - q_index[None, :]).to(tl.float32)
        logsum = tl.load(
            logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        # src[masks.diag:34]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:35]
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        S = tl.where(tile, (slope * tile_f32) + (rsqrt * dot), float("-inf"))
        sub_x_q = S - tl.where(logsum == float("-inf"), 0.0, logsum)[None, :]
        exp_x_q = tl.exp(sub_x_q)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        sub_x_q_2 = dot_2 - buffer_0[None, :]
        mul_x_q = (sub_x_q_2 * exp_x_q) * tile_f32
        tile_sum = tl.sum(mul_x_q, 1)
        next_acc_q = acc_q + tile_sum
        tile_bf16 = (sub_x_q_2 * exp_x_q).to(tl.bfloat16)
        next_acc_q_2 = tl.dot(tile_bf16, Q, acc_q_2)
        tile_bf16_2 = exp_x_q.to(tl.bfloat16)
        next_acc_q_3 = tl.dot(tile_bf16_2, d_out, acc_q_3)
        acc_q = next_acc_q
        acc_q_2 = next_acc_q_2
        acc_q_3 = next_acc_q_3
    tl.store(
        buffer_1_ptr + h_index * buffer_1_stride_h + x_index * buffer_1_stride_x,
        acc_q,
        mask=(x_index < size_x),
    )
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        (acc_q_2 * rsqrt).to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q_3.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_backward_d_Q_kernel(
    Q_ptr, K_ptr, V_ptr, slope_ptr, d_out_ptr, logsum_ptr, buffer_0_ptr, d_Q_ptr, Q_stride_h, Q_stride_q,
    Q_stride_d, K_stride_h, K_stride_x, K_stride_d, V_stride_h, V_stride_x, V_stride_d, slope_stride_h,
    d_out_stride_h, d_out_stride_q, d_out_stride_d, logsum_stride_h, logsum_stride_q, buffer_0_stride_h,
    buffer_0_stride_q, d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, size_h, size_q, size_d, size_x,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    buffer_0 = tl.load(
        buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    d_out = tl.load(
        d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    logsum = tl.load(
        logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    # src[masks.diag:34]
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        sub_q_x = ((slope * tile_f32) + (rsqrt * dot_2)) - tl.where(logsum == float("-inf"), 0.0, logsum)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot = tl.dot(d_out, tl.trans(V))
        # src[masks.diag:7]
        dot_2 = tl.dot(Q, tl.trans(K))
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        S = tl.where(tile, (slope * tile_f32) + (rsqrt * dot_2), float("-inf"))
        sub_q_x = S - tl.where(logsum == float("-inf"), 0.0, logsum)[:, None]
        tile_bf16 = ((dot - buffer_0[:, None]) * tl.exp(sub_q_x)).to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_backward_d_slope_rows_kernel(
    buffer_1_ptr, d_slope_ptr, buffer_1_stride_h, buffer_1_stride_x, d_slope_stride_h, size_h, size_x,
    BLOCK_X: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    buffer_1 = load_tile(
        buffer_1_ptr + h_index * buffer_1_stride_h + x_index * buffer_1_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    sum_ = tl.sum(buffer_1, 0)
    tl.store(d_slope_ptr + h_index * d_slope_stride_h, sum_)


@triton.jit
def alibi_backward_d_slope_kernel(
    buffer_1_ptr,
    d_slope_ptr,
    buffer_1_stride_h,
    buffer_1_stride_x,
    d_slope_stride_h,
    size_h,
    size_x,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    h_index = program.to(tl.int64)
    sum_x = tl.full([], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(buffer_1_ptr + h_index * buffer_1_stride_h + x_index * buffer_1_stride_x)
        tile_sum = tl.sum(buffer_1, 0)
        next_sum_x = sum_x + tile_sum
        sum_x = next_sum_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_1 = tl.load(
            buffer_1_ptr + h_index * buffer_1_stride_h + x_index * buffer_1_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        tile_sum = tl.sum(buffer_1, 0)
        next_sum_x = sum_x + tile_sum
        sum_x = next_sum_x
    tl.store(d_slope_ptr + h_index * d_slope_stride_h, sum_x)


@triton.jit
def alibi_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x, K_stride_d,
    state_stride_h, state_stride_q, state_stride_x, size_h, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def alibi_long_forward_out_kernel(
    V_ptr, slope_ptr, state_ptr, out_ptr, V_stride_h, V_stride_x, V_stride_d, slope_stride_h, state_stride_h,
    state_stride_q, state_stride_x, out_stride_h, out_stride_q, out_stride_d, size_h, size_x, size_d, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (tl.cdiv(size_q, BLOCK_Q) - 1 - (program % tl.cdiv(size_q, BLOCK_Q))) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    to_x = (tl.minimum(size_x, first_q + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        add_q_x = (slope * tile_f32) + (state * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
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
            state_ptr + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        # src[masks.diag:35]
        tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        S = tl.where(tile, (slope * tile_f32) + (state * rsqrt), float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(S, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(S - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:36]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_long_forward_logsum_rows_kernel(
    slope_ptr, state_ptr, logsum_ptr, slope_stride_h, state_stride_h, state_stride_q, state_stride_x,
    logsum_stride_h, logsum_stride_q, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[masks.diag:7]
    state = load_tile(
        state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[masks.diag:35]
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    # src[masks.diag:35]
    add_x = (slope * (x_index - q_index).to(tl.float32)) + (state * tl.rsqrt(tl.cast(size_d, tl.float32)))
    S = tl.where((x_index <= q_index) & (x_index < size_x), add_x, float("-inf"))
    # src[maps.diag:5]
    max_ = tl.max(S, 0)
    e = tl.exp(S - tl.where(max_ == float("-inf"), 0.0, max_))
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q, (tl.log(sum_) + max_))


@triton.jit
def alibi_long_forward_logsum_kernel(
    slope_ptr, state_ptr, logsum_ptr, slope_stride_h, state_stride_h, state_stride_q, state_stride_x,
    logsum_stride_h, logsum_stride_q, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        )
        # src[masks.diag:7]
        # src[masks.diag:35]
        add_x = (slope * (x_index - q_index).to(tl.float32)) + (state * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        e = tl.exp(add_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, q_index + 1)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[masks.diag:7]
        # src[masks.diag:35]
        add_x = (slope * (x_index - q_index).to(tl.float32)) + (state * rsqrt)
        S = tl.where((x_index <= q_index) & (x_index < size_x), add_x, float("-inf"))
        # src[maps.diag:5]
        tile_max = tl.max(S, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        e = tl.exp(S - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    tl.store(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q, (tl.log(z) + max_x))


@triton.jit
def alibi_long_backward_buffer_1_kernel(
    slope_ptr, logsum_ptr, state_ptr, buffer_1_ptr, slope_stride_h, logsum_stride_h, logsum_stride_q,
    state_stride_h, state_stride_q, state_stride_x, buffer_1_stride_h, buffer_1_stride_q, buffer_1_stride_x,
    size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    logsum = tl.load(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q)
    # src[masks.diag:7]
    state = tl.load(
        state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:34]
    slope = tl.load(slope_ptr + h_index * slope_stride_h)
    # src[masks.diag:35]
    add_x = ((x_index - q_index).to(tl.float32) * slope) + (state * tl.rsqrt(tl.cast(size_d, tl.float32)))
    where_x = tl.where(x_index <= q_index, add_x, float("-inf"))
    sub_x = where_x - tl.where(logsum == float("-inf"), 0.0, logsum)
    tl.store(
        buffer_1_ptr + h_index * buffer_1_stride_h + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def alibi_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, out_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_h, V_stride_x, V_stride_d, d_out_stride_h,
    d_out_stride_q, d_out_stride_d, out_stride_h, out_stride_q, out_stride_d, buffer_1_stride_h,
    buffer_1_stride_q, buffer_1_stride_x, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, size_h,
    size_x, size_d, size_q, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_d_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
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
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:34]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    buffer_1 = tl.load(
        buffer_1_ptr + h_index * buffer_1_stride_h + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tl.store(
        buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        ((acc_d - acc_d_2[:, None]) * buffer_1),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def alibi_long_backward_d_V_kernel(
    d_out_ptr, buffer_1_ptr, d_V_ptr, d_out_stride_h, d_out_stride_q, d_out_stride_d, buffer_1_stride_h,
    buffer_1_stride_q, buffer_1_stride_x, d_V_stride_h, d_V_stride_x, d_V_stride_d, size_h, size_q, size_d,
    size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + h_index * buffer_1_stride_h + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + h_index * buffer_1_stride_h + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_long_backward_d_Q_kernel(
    K_ptr, buffer_0_ptr, d_Q_ptr, K_stride_h, K_stride_x, K_stride_d, buffer_0_stride_h, buffer_0_stride_q,
    buffer_0_stride_x, d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, size_h, size_x, size_d, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[masks.diag:34]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_long_backward_d_K_kernel(
    Q_ptr, buffer_0_ptr, d_K_ptr, Q_stride_h, Q_stride_q, Q_stride_d, buffer_0_stride_h, buffer_0_stride_q,
    buffer_0_stride_x, d_K_stride_h, d_K_stride_x, d_K_stride_d, size_h, size_q, size_d, size_x,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[masks.diag:34]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[masks.diag:34]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def alibi_long_backward_d_slope_rows_kernel(
    buffer_0_ptr, d_slope_ptr, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, d_slope_stride_h,
    size_h, size_q, size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_H: tl.constexpr,
    EXACT_Q: tl.constexpr, EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    q_index = tl.arange(0, BLOCK_Q)
    x_index = tl.arange(0, BLOCK_X)
    buffer_0 = tl.load(
        buffer_0_ptr + h_index[:, None, None] * buffer_0_stride_h + q_index[None, :, None] * buffer_0_stride_q + x_index[None, None, :] * buffer_0_stride_x,
        mask=(h_index < size_h)[:, None, None] & (q_index < size_q)[None, :, None] & (x_index < size_x)[None, None, :],
        other=0.0,
    )
    # src[masks.diag:35]
    tile_f32 = (x_index[None, :] - q_index[:, None]).to(tl.float32)
    tile = tl.where((x_index < size_x)[None, :], tile_f32, 0.0)
    mul_h_q_x = tl.where((q_index < size_q)[:, None], tile, 0.0)[None, :, :] * buffer_0
    sum_ = tl.sum(tl.sum(mul_h_q_x, 2), 1)
    tl.store(d_slope_ptr + h_index * d_slope_stride_h, sum_, mask=(h_index < size_h))


@triton.jit
def alibi_long_backward_d_slope_kernel(
    buffer_0_ptr, d_slope_ptr, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, d_slope_stride_h,
    size_h, size_q, size_x, BLOCK_X: tl.constexpr, BLOCK_H: tl.constexpr,
):
    program = tl.program_id(0)
    first_h = program * BLOCK_H
    h_index = first_h + tl.arange(0, BLOCK_H)
    acc_x_q = tl.full([BLOCK_H], 0.0, tl.float32)
    for q_index in tl.range(0, size_q):
        to_x = size_x // BLOCK_X * BLOCK_X
        # whole tiles, no mask needed
        for first_x in tl.range(0, to_x, BLOCK_X):
            x_index = first_x + tl.arange(0, BLOCK_X)
            buffer_0 = tl.load(
                buffer_0_ptr + h_index[:, None] * buffer_0_stride_h + q_index * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
                mask=(h_index < size_h)[:, None],
                other=0.0,
            )
            # src[masks.diag:35]
            mul_h_x = (x_index - q_index).to(tl.float32)[None, :] * buffer_0
            tile_sum = tl.sum(mul_h_x, 1)
            next_acc_x_q = acc_x_q + tile_sum
            acc_x_q = next_acc_x_q
        from_x = tl.maximum(0, to_x)
        # tiles that a mask or the end cuts
        for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
            x_index = first_x_2 + tl.arange(0, BLOCK_X)
            buffer_0 = tl.load(
                buffer_0_ptr + h_index[:, None] * buffer_0_stride_h + q_index * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
                mask=(h_index < size_h)[:, None] & (x_index < size_x)[None, :],
                other=0.0,
            )
            # src[masks.diag:35]
            tile = tl.where(x_index < size_x, (x_index - q_index).to(tl.float32), 0.0)
            mul_h_x = tile[None, :] * buffer_0
            tile_sum = tl.sum(mul_h_x, 1)
            next_acc_x_q = acc_x_q + tile_sum
            acc_x_q = next_acc_x_q
    tl.store(d_slope_ptr + h_index * d_slope_stride_h, acc_x_q, mask=(h_index < size_h))


@_operator
def _alibi(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """_alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
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
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    alibi_kernel[grid](
        Q, K, V, slope, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), slope.stride(0), out.stride(0), out.stride(1), out.stride(2),
        h, q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _alibi_long_S(Q: torch.Tensor, K: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """_alibi_long_S(Q: bf16[h q d], K: bf16[h x d], slope: f32[h]) -> S: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    S = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(S):
        return S
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 64, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    alibi_long_S_kernel[grid](
        Q, K, slope, S, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        slope.stride(0), S.stride(0), S.stride(1), S.stride(2), h, q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return S


@_operator
def _alibi_long_out(V: torch.Tensor, S: torch.Tensor) -> torch.Tensor:
    """_alibi_long_out(V: bf16[h x d], S: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("S", S, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = S.shape
    if S.shape != (h, q, x):
        raise ValueError(f"S: f32[h q x] has shape {S.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    alibi_long_out_kernel[grid](
        V, S, out, V.stride(0), V.stride(1), V.stride(2), S.stride(0), S.stride(1), S.stride(2),
        out.stride(0), out.stride(1), out.stride(2), h, x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _alibi_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    slope: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_alibi_forward(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> out: bf16[h q d], logsum: f32[h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((h, q), dtype=torch.float32, device=Q.device)
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
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    alibi_forward_kernel[grid](
        Q, K, V, slope, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), slope.stride(0), out.stride(0), out.stride(1),
        out.stride(2), logsum.stride(0), logsum.stride(1), h, q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _alibi_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_alibi_backward_buffer_0(d_out: bf16[h q d], out: bf16[h q d]) -> buffer_0: f32[h q]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 3, d_out.device)
    _check("out", out, torch.bfloat16, 3, d_out.device)
    h, q, d = d_out.shape
    if out.shape != (h, q, d):
        raise ValueError(f"out: bf16[h q d] has shape {out.shape}, expected {(h, q, d)}")
    buffer_0 = torch.empty((h, q), dtype=torch.float32, device=d_out.device)
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
        grid = (h * q,)
        alibi_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), out.stride(0),
            out.stride(1), out.stride(2), buffer_0.stride(0), buffer_0.stride(1), h, q, d, BLOCK_D=BLOCK_D,
            EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (h * q,)
    alibi_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), d_out.stride(2), out.stride(0), out.stride(1),
        out.stride(2), buffer_0.stride(0), buffer_0.stride(1), h, q, d, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _alibi_backward_buffer_1_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    slope: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """_alibi_backward_buffer_1_d_K_d_V(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h], d_out: bf16[h q d], logsum: f32[h q], buffer_0: f32[h q]) -> buffer_1: f32[h x], d_K: bf16[h x d], d_V: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 3, Q.device)
    _check("logsum", logsum, torch.float32, 2, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    if buffer_0.shape != (h, q):
        raise ValueError(f"buffer_0: f32[h q] has shape {buffer_0.shape}, expected {(h, q)}")
    buffer_1 = torch.empty((h, x), dtype=torch.float32, device=Q.device)
    d_K = torch.empty((h, x, d), dtype=torch.bfloat16, device=Q.device)
    d_V = torch.empty((h, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(buffer_1):
        return buffer_1, d_K, d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 1
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 32, 8, 1
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 32, 16, 8, 1
    grid = (h * triton.cdiv(x, BLOCK_X),)
    alibi_backward_buffer_1_d_K_d_V_kernel[grid](
        Q, K, V, slope, d_out, logsum, buffer_0, buffer_1, d_K, d_V, Q.stride(0), Q.stride(1), Q.stride(2),
        K.stride(0), K.stride(1), K.stride(2), V.stride(0), V.stride(1), V.stride(2), slope.stride(0),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), logsum.stride(0), logsum.stride(1),
        buffer_0.stride(0), buffer_0.stride(1), buffer_1.stride(0), buffer_1.stride(1), d_K.stride(0),
        d_K.stride(1), d_K.stride(2), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return buffer_1, d_K, d_V


@_operator
def _alibi_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    slope: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_alibi_backward_d_Q(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h], d_out: bf16[h q d], logsum: f32[h q], buffer_0: f32[h q]) -> d_Q: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("slope", slope, torch.float32, 1, Q.device)
    _check("d_out", d_out, torch.bfloat16, 3, Q.device)
    _check("logsum", logsum, torch.float32, 2, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 2, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    if buffer_0.shape != (h, q):
        raise ValueError(f"buffer_0: f32[h q] has shape {buffer_0.shape}, expected {(h, q)}")
    d_Q = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
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
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    alibi_backward_d_Q_kernel[grid](
        Q, K, V, slope, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0),
        K.stride(1), K.stride(2), V.stride(0), V.stride(1), V.stride(2), slope.stride(0), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), logsum.stride(0), logsum.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), h, q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _alibi_backward_d_slope(buffer_1: torch.Tensor) -> torch.Tensor:
    """_alibi_backward_d_slope(buffer_1: f32[h x]) -> d_slope: f32[h]. Any strides; sizes are read off the shapes."""
    _check("buffer_1", buffer_1, torch.float32, 2, buffer_1.device)
    h, x = buffer_1.shape
    d_slope = torch.empty((h,), dtype=torch.float32, device=buffer_1.device)
    if _is_traced(d_slope):
        return d_slope
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_X <= 16384:
        if BLOCK_X <= 1024:
            warps, stages = 4, 1
        elif BLOCK_X <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (h,)
        alibi_backward_d_slope_rows_kernel[grid](
            buffer_1, d_slope, buffer_1.stride(0), buffer_1.stride(1), d_slope.stride(0), h, x,
            BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_slope
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (h,)
    alibi_backward_d_slope_kernel[grid](
        buffer_1, d_slope, buffer_1.stride(0), buffer_1.stride(1), d_slope.stride(0), h, x, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return d_slope


@_operator
def _alibi_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_alibi_long_forward_state(Q: bf16[h q d], K: bf16[h x d]) -> state: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    state = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    alibi_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        state.stride(0), state.stride(1), state.stride(2), h, q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _alibi_long_forward_out(V: torch.Tensor, slope: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_alibi_long_forward_out(V: bf16[h x d], slope: f32[h], state: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("slope", slope, torch.float32, 1, V.device)
    _check("state", state, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = state.shape
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if state.shape != (h, q, x):
        raise ValueError(f"state: f32[h q x] has shape {state.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    alibi_long_forward_out_kernel[grid](
        V, slope, state, out, V.stride(0), V.stride(1), V.stride(2), slope.stride(0), state.stride(0),
        state.stride(1), state.stride(2), out.stride(0), out.stride(1), out.stride(2), h, x, d, q,
        BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _alibi_long_forward_logsum(slope: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_alibi_long_forward_logsum(slope: f32[h], state: f32[h q x]) -> logsum: f32[h q]. Any strides; sizes are read off the shapes."""
    _check("slope", slope, torch.float32, 1, slope.device)
    _check("state", state, torch.float32, 3, slope.device)
    (h,) = slope.shape
    _, q, x = state.shape
    if state.shape != (h, q, x):
        raise ValueError(f"state: f32[h q x] has shape {state.shape}, expected {(h, q, x)}")
    logsum = torch.empty((h, q), dtype=torch.float32, device=slope.device)
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
        grid = (h * q,)
        alibi_long_forward_logsum_rows_kernel[grid](
            slope, state, logsum, slope.stride(0), state.stride(0), state.stride(1), state.stride(2),
            logsum.stride(0), logsum.stride(1), h, q, x, d, BLOCK_X=BLOCK_X, EXACT_X=x == BLOCK_X,
            num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (h * q,)
    alibi_long_forward_logsum_kernel[grid](
        slope, state, logsum, slope.stride(0), state.stride(0), state.stride(1), state.stride(2),
        logsum.stride(0), logsum.stride(1), h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _alibi_long_backward_buffer_1(
    slope: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_alibi_long_backward_buffer_1(slope: f32[h], logsum: f32[h q], state: f32[h q x]) -> buffer_1: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("slope", slope, torch.float32, 1, slope.device)
    _check("logsum", logsum, torch.float32, 2, slope.device)
    _check("state", state, torch.float32, 3, slope.device)
    (h,) = slope.shape
    _, q = logsum.shape
    _, _, x = state.shape
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    if state.shape != (h, q, x):
        raise ValueError(f"state: f32[h q x] has shape {state.shape}, expected {(h, q, x)}")
    buffer_1 = torch.empty((h, q, x), dtype=torch.float32, device=slope.device)
    if _is_traced(buffer_1):
        return buffer_1
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (h * q * triton.cdiv(x, BLOCK_X),)
    alibi_long_backward_buffer_1_kernel[grid](
        slope, logsum, state, buffer_1, slope.stride(0), logsum.stride(0), logsum.stride(1), state.stride(0),
        state.stride(1), state.stride(2), buffer_1.stride(0), buffer_1.stride(1), buffer_1.stride(2), h, q, x,
        d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _alibi_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_alibi_long_backward_buffer_0(V: bf16[h x d], d_out: bf16[h q d], out: bf16[h q d], buffer_1: f32[h q x]) -> buffer_0: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("d_out", d_out, torch.bfloat16, 3, V.device)
    _check("out", out, torch.bfloat16, 3, V.device)
    _check("buffer_1", buffer_1, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = d_out.shape
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if out.shape != (h, q, d):
        raise ValueError(f"out: bf16[h q d] has shape {out.shape}, expected {(h, q, d)}")
    if buffer_1.shape != (h, q, x):
        raise ValueError(f"buffer_1: f32[h q x] has shape {buffer_1.shape}, expected {(h, q, x)}")
    buffer_0 = torch.empty((h, q, x), dtype=torch.float32, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    alibi_long_backward_buffer_0_kernel[grid](
        V, d_out, out, buffer_1, buffer_0, V.stride(0), V.stride(1), V.stride(2), d_out.stride(0),
        d_out.stride(1), d_out.stride(2), out.stride(0), out.stride(1), out.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), h,
        x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _alibi_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_alibi_long_backward_d_V(d_out: bf16[h q d], buffer_1: f32[h q x]) -> d_V: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 3, d_out.device)
    _check("buffer_1", buffer_1, torch.float32, 3, d_out.device)
    h, q, d = d_out.shape
    _, _, x = buffer_1.shape
    if buffer_1.shape != (h, q, x):
        raise ValueError(f"buffer_1: f32[h q x] has shape {buffer_1.shape}, expected {(h, q, x)}")
    d_V = torch.empty((h, x, d), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    alibi_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_1.stride(0),
        buffer_1.stride(1), buffer_1.stride(2), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _alibi_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_alibi_long_backward_d_Q(K: bf16[h x d], buffer_0: f32[h q x]) -> d_Q: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 3, K.device)
    _check("buffer_0", buffer_0, torch.float32, 3, K.device)
    h, x, d = K.shape
    _, q, _ = buffer_0.shape
    if buffer_0.shape != (h, q, x):
        raise ValueError(f"buffer_0: f32[h q x] has shape {buffer_0.shape}, expected {(h, q, x)}")
    d_Q = torch.empty((h, q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    alibi_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), K.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), h, x, d, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _alibi_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_alibi_long_backward_d_K(Q: bf16[h q d], buffer_0: f32[h q x]) -> d_K: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("buffer_0", buffer_0, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, _, x = buffer_0.shape
    if buffer_0.shape != (h, q, x):
        raise ValueError(f"buffer_0: f32[h q x] has shape {buffer_0.shape}, expected {(h, q, x)}")
    d_K = torch.empty((h, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    alibi_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), Q.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), d_K.stride(0), d_K.stride(1), d_K.stride(2), h, q, d, x, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _alibi_long_backward_d_slope(buffer_0: torch.Tensor) -> torch.Tensor:
    """_alibi_long_backward_d_slope(buffer_0: f32[h q x]) -> d_slope: f32[h]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 3, buffer_0.device)
    h, q, x = buffer_0.shape
    d_slope = torch.empty((h,), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(d_slope):
        return d_slope
    BLOCK_Q = max(16, triton.next_power_of_2(q))
    BLOCK_X = max(16, triton.next_power_of_2(x))
    if BLOCK_Q * BLOCK_X <= 1024:
        if BLOCK_Q * BLOCK_X <= 256:
            BLOCK_H, warps, stages = 8, 4, 1
        else:
            BLOCK_H, warps, stages = 8, 8, 1
        grid = (triton.cdiv(h, BLOCK_H),)
        alibi_long_backward_d_slope_rows_kernel[grid](
            buffer_0, d_slope, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_slope.stride(0),
            h, q, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_H=BLOCK_H, EXACT_Q=q == BLOCK_Q,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return d_slope
    BLOCK_X, BLOCK_H, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(h, BLOCK_H),)
    alibi_long_backward_d_slope_kernel[grid](
        buffer_0, d_slope, buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_slope.stride(0), h,
        q, x, BLOCK_X=BLOCK_X, BLOCK_H=BLOCK_H, num_warps=warps, num_stages=stages,
    )
    return d_slope


class _alibi_autograd(torch.autograd.Function):
    """alibi and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, slope):
        out, logsum = _alibi_forward(Q, K, V, slope)
        ctx.save_for_backward(Q, K, V, slope, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, slope, out, logsum = ctx.saved_tensors
        buffer_0 = _alibi_backward_buffer_0(d_out, out)
        buffer_1, d_K, d_V = _alibi_backward_buffer_1_d_K_d_V(Q, K, V, slope, d_out, logsum, buffer_0)
        d_Q = _alibi_backward_d_Q(Q, K, V, slope, d_out, logsum, buffer_0)
        d_slope = _alibi_backward_d_slope(buffer_1)
        return d_Q, d_K, d_V, d_slope


class _alibi_long_autograd(torch.autograd.Function):
    """alibi and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, slope):
        _, _, d = Q.shape
        state = _alibi_long_forward_state(Q, K)
        out = _alibi_long_forward_out(V, slope, state)
        logsum = _alibi_long_forward_logsum(slope, state, d)
        ctx.save_for_backward(Q, K, V, slope, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, slope, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _alibi_long_backward_buffer_1(slope, logsum, state, d)
        buffer_0 = _alibi_long_backward_buffer_0(V, d_out, out, buffer_1)
        d_V = _alibi_long_backward_d_V(d_out, buffer_1)
        d_Q = _alibi_long_backward_d_Q(K, buffer_0)
        d_K = _alibi_long_backward_d_K(Q, buffer_0)
        d_slope = _alibi_long_backward_d_slope(buffer_0)
        return d_Q, d_K, d_V, d_slope


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32)
def alibi(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> out: bf16[h q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V, slope)):
        if d <= 256 and d <= 256:
            return _alibi_autograd.apply(Q, K, V, slope)
        return _alibi_long_autograd.apply(Q, K, V, slope)
    if d <= 256:
        out = _alibi(Q, K, V, slope)
        return out
    S = _alibi_long_S(Q, K, slope)
    out_2 = _alibi_long_out(V, S)
    return out_2


@triton.jit
def relative_bias_kernel(
    Q_ptr, K_ptr, V_ptr, B_ptr, out_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x,
    K_stride_d, V_stride_h, V_stride_x, V_stride_d, B_stride_h, B_stride_q, B_stride_x, out_stride_h,
    out_stride_q, out_stride_d, size_h, size_q, size_d, size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:39]
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:40]
        add_q_x = B + (dot * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:39]
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[masks.diag:40]
        add_q_x = B + (dot * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:40]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_long_buffer_0_kernel(
    Q_ptr, K_ptr, B_ptr, buffer_0_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x, K_stride_d,
    B_stride_h, B_stride_q, B_stride_x, buffer_0_stride_h, buffer_0_stride_q, buffer_0_stride_x, size_h,
    size_q, size_d, size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    # src[masks.diag:39]
    B = tl.load(
        B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    # src[masks.diag:40]
    add_q_x = B + (acc_d * tl.rsqrt(tl.cast(size_d, tl.float32)))
    tl.store(
        buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        add_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def relative_bias_long_out_kernel(
    V_ptr, buffer_0_ptr, out_ptr, V_stride_h, V_stride_x, V_stride_d, buffer_0_stride_h, buffer_0_stride_q,
    buffer_0_stride_x, out_stride_h, out_stride_q, out_stride_d, size_h, size_x, size_d, size_q,
    BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(d_index < size_d)[:, None],
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
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[maps.diag:5]
        tile_max = tl.max(buffer_0, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(buffer_0 - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[maps.diag:5]
        e_bf16 = e.to(tl.bfloat16)
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, tl.trans(V), (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:40]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_forward_kernel(
    Q_ptr, K_ptr, V_ptr, B_ptr, out_ptr, logsum_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h,
    K_stride_x, K_stride_d, V_stride_h, V_stride_x, V_stride_d, B_stride_h, B_stride_q, B_stride_x,
    out_stride_h, out_stride_q, out_stride_d, logsum_stride_h, logsum_stride_q, size_h, size_q, size_d,
    size_x, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:39]
    Q = tl.load(
        Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = load_tile(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:40]
        add_q_x = (dot * rsqrt) + B
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = load_tile(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        tile = tl.where((x_index < size_x)[None, :], dot, float("-inf"))
        # src[masks.diag:40]
        add_q_x = (tile * rsqrt) + B
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
    # src[masks.diag:40]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
        (tl.log(z) + max_x),
        mask=(q_index < size_q),
    )


@triton.jit
def relative_bias_backward_d_V_kernel(
    Q_ptr, K_ptr, B_ptr, d_out_ptr, logsum_ptr, d_V_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h,
    K_stride_x, K_stride_d, B_stride_h, B_stride_q, B_stride_x, d_out_stride_h, d_out_stride_q,
    d_out_stride_d, logsum_stride_h, logsum_stride_q, d_V_stride_h, d_V_stride_x, d_V_stride_d, size_h,
    size_q, size_d, size_x, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_X: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:39]
    K = tl.load(
        K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        logsum = tl.load(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q)
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[None, :] * B_stride_q + x_index[:, None] * B_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = load_tile(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:40]
        sub_x_q = ((dot * rsqrt) + B) - tl.where(logsum == float("-inf"), 0.0, logsum)[None, :]
        tile_bf16 = tl.exp(sub_x_q).to(tl.bfloat16)
        d_out = load_tile(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        next_acc_q = tl.dot(tile_bf16, d_out, acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        logsum = tl.load(
            logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
            mask=(q_index < size_q),
            other=0.0,
        )
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[None, :] * B_stride_q + x_index[:, None] * B_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        tile = tl.where((q_index < size_q)[None, :], dot, float("-inf"))
        # src[masks.diag:40]
        sub_x_q = ((tile * rsqrt) + B) - tl.where(logsum == float("-inf"), 0.0, logsum)[None, :]
        tile_bf16 = tl.exp(sub_x_q).to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_q = tl.dot(tile_bf16, d_out, acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_backward_d_B_kernel(
    Q_ptr, K_ptr, V_ptr, B_ptr, d_out_ptr, out_ptr, logsum_ptr, d_B_ptr, Q_stride_h, Q_stride_q, Q_stride_d,
    K_stride_h, K_stride_x, K_stride_d, V_stride_h, V_stride_x, V_stride_d, B_stride_h, B_stride_q,
    B_stride_x, d_out_stride_h, d_out_stride_q, d_out_stride_d, out_stride_h, out_stride_q, out_stride_d,
    logsum_stride_h, logsum_stride_q, d_B_stride_h, d_B_stride_q, d_B_stride_x, size_h, size_q, size_d,
    size_x, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_d_2 = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_d_3 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        next_acc_d_2 = tl.dot(d_out, tl.trans(V), acc_d_2)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        mul_q_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_3 = acc_d_3 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
        acc_d_3 = next_acc_d_3
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d_2 = tl.dot(d_out, tl.trans(V), acc_d_2)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = out.to(tl.float32) * d_out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_3 = acc_d_3 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
        acc_d_3 = next_acc_d_3
    logsum = tl.load(
        logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q,
        mask=(q_index < size_q),
        other=0.0,
    )
    # src[masks.diag:39]
    B = tl.load(
        B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    # src[masks.diag:40]
    add_q_x = (acc_d * tl.rsqrt(tl.cast(size_d, tl.float32))) + B
    sub_q_x = add_q_x - tl.where(logsum == float("-inf"), 0.0, logsum)[:, None]
    tl.store(
        d_B_ptr + h_index * d_B_stride_h + q_index[:, None] * d_B_stride_q + x_index[None, :] * d_B_stride_x,
        (tl.exp(sub_q_x) * (acc_d_2 - acc_d_3[:, None])),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def relative_bias_backward_d_Q_kernel(
    K_ptr, d_B_ptr, d_Q_ptr, K_stride_h, K_stride_x, K_stride_d, d_B_stride_h, d_B_stride_q, d_B_stride_x,
    d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, size_h, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[:, None] * d_B_stride_q + x_index[None, :] * d_B_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        next_acc_x = tl.dot(d_B_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[:, None] * d_B_stride_q + x_index[None, :] * d_B_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        next_acc_x = tl.dot(d_B_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_backward_d_K_kernel(
    Q_ptr, d_B_ptr, d_K_ptr, Q_stride_h, Q_stride_q, Q_stride_d, d_B_stride_h, d_B_stride_q, d_B_stride_x,
    d_K_stride_h, d_K_stride_x, d_K_stride_d, size_h, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[None, :] * d_B_stride_q + x_index[:, None] * d_B_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        # src[masks.diag:39]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(d_B_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[None, :] * d_B_stride_q + x_index[:, None] * d_B_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        # src[masks.diag:39]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(d_B_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_long_forward_state_kernel(
    Q_ptr, K_ptr, state_ptr, Q_stride_h, Q_stride_q, Q_stride_d, K_stride_h, K_stride_x, K_stride_d,
    state_stride_h, state_stride_q, state_stride_x, size_h, size_q, size_d, size_x, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:39]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def relative_bias_long_forward_out_kernel(
    V_ptr, B_ptr, state_ptr, out_ptr, V_stride_h, V_stride_x, V_stride_d, B_stride_h, B_stride_q, B_stride_x,
    state_stride_h, state_stride_q, state_stride_x, out_stride_h, out_stride_q, out_stride_d, size_h, size_x,
    size_d, size_q, BLOCK_X: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    max_x = tl.full([BLOCK_Q], float("-inf"), tl.float32)
    z = tl.full([BLOCK_Q], 0.0, tl.float32)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:40]
        add_q_x = B + (state * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
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
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index[:, None] * B_stride_q + x_index[None, :] * B_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=float("-inf"),
        )
        # src[masks.diag:40]
        add_q_x = B + (state * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_q_x, 1)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        scale = tl.exp(max_x - safe_next_max_x)
        e = tl.exp(add_q_x - safe_next_max_x[:, None])
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 1)
        next_z = (z * scale) + tile_sum
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[None, :] * V_stride_x + d_index[:, None] * V_stride_d,
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
    # src[masks.diag:40]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_long_forward_logsum_rows_kernel(
    B_ptr, state_ptr, logsum_ptr, B_stride_h, B_stride_q, B_stride_x, state_stride_h, state_stride_q,
    state_stride_x, logsum_stride_h, logsum_stride_q, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
    EXACT_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    x_index = tl.arange(0, BLOCK_X)
    # src[masks.diag:7]
    state = load_tile(
        state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        (x_index < size_x),
        0.0,
        EXACT_X,
    )
    # src[masks.diag:39]
    B = load_tile(
        B_ptr + h_index * B_stride_h + q_index * B_stride_q + x_index * B_stride_x,
        (x_index < size_x),
        float("-inf"),
        EXACT_X,
    )
    # src[masks.diag:40]
    add_x = B + (state * tl.rsqrt(tl.cast(size_d, tl.float32)))
    # src[maps.diag:5]
    max_ = tl.max(add_x, 0)
    sub_x = add_x - tl.where(max_ == float("-inf"), 0.0, max_)
    e = tl.exp(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q, (tl.log(sum_) + max_))


@triton.jit
def relative_bias_long_forward_logsum_kernel(
    B_ptr, state_ptr, logsum_ptr, B_stride_h, B_stride_q, B_stride_x, state_stride_h, state_stride_q,
    state_stride_x, logsum_stride_h, logsum_stride_q, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        )
        # src[masks.diag:39]
        B = tl.load(B_ptr + h_index * B_stride_h + q_index * B_stride_q + x_index * B_stride_x)
        # src[masks.diag:40]
        add_x = B + (state * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        e = tl.exp(add_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        state = tl.load(
            state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
            mask=(x_index < size_x),
            other=0.0,
        )
        # src[masks.diag:7]
        # src[masks.diag:39]
        B = tl.load(
            B_ptr + h_index * B_stride_h + q_index * B_stride_q + x_index * B_stride_x,
            mask=(x_index < size_x),
            other=float("-inf"),
        )
        # src[masks.diag:40]
        add_x = B + (state * rsqrt)
        # src[maps.diag:5]
        tile_max = tl.max(add_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        safe_next_max_x = tl.where(next_max_x == float("-inf"), 0.0, next_max_x)
        e = tl.exp(add_x - safe_next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp(max_x - safe_next_max_x)) + tile_sum
        max_x = next_max_x
        z = next_z
    tl.store(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q, (tl.log(z) + max_x))


@triton.jit
def relative_bias_long_backward_buffer_0_kernel(
    B_ptr, logsum_ptr, state_ptr, buffer_0_ptr, B_stride_h, B_stride_q, B_stride_x, logsum_stride_h,
    logsum_stride_q, state_stride_h, state_stride_q, state_stride_x, buffer_0_stride_h, buffer_0_stride_q,
    buffer_0_stride_x, size_h, size_q, size_x, size_d, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    q_index = (program % size_q).to(tl.int64)
    program = program // size_q
    h_index = program.to(tl.int64)
    logsum = tl.load(logsum_ptr + h_index * logsum_stride_h + q_index * logsum_stride_q)
    # src[masks.diag:7]
    state = tl.load(
        state_ptr + h_index * state_stride_h + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:39]
    B = tl.load(
        B_ptr + h_index * B_stride_h + q_index * B_stride_q + x_index * B_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    # src[masks.diag:40]
    add_x = B + (state * tl.rsqrt(tl.cast(size_d, tl.float32)))
    sub_x = add_x - tl.where(logsum == float("-inf"), 0.0, logsum)
    tl.store(
        buffer_0_ptr + h_index * buffer_0_stride_h + q_index * buffer_0_stride_q + x_index * buffer_0_stride_x,
        tl.exp(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def relative_bias_long_backward_d_V_kernel(
    d_out_ptr, buffer_0_ptr, d_V_ptr, d_out_stride_h, d_out_stride_q, d_out_stride_d, buffer_0_stride_h,
    buffer_0_stride_q, buffer_0_stride_x, d_V_stride_h, d_V_stride_x, d_V_stride_d, size_h, size_q, size_d,
    size_x, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_0_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + h_index * buffer_0_stride_h + q_index[None, :] * buffer_0_stride_q + x_index[:, None] * buffer_0_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_0_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + h_index * d_V_stride_h + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_long_backward_d_B_kernel(
    V_ptr, d_out_ptr, out_ptr, buffer_0_ptr, d_B_ptr, V_stride_h, V_stride_x, V_stride_d, d_out_stride_h,
    d_out_stride_q, d_out_stride_d, out_stride_h, out_stride_q, out_stride_d, buffer_0_stride_h,
    buffer_0_stride_q, buffer_0_stride_x, d_B_stride_h, d_B_stride_q, d_B_stride_x, size_h, size_x, size_d,
    size_q, BLOCK_D: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_Q, BLOCK_X], 0.0, tl.float32)
    acc_d_2 = tl.full([BLOCK_Q], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
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
            d_out_ptr + h_index * d_out_stride_h + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:39]
        V = tl.load(
            V_ptr + h_index * V_stride_h + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_d = tl.dot(d_out, tl.trans(V), acc_d)
        out = tl.load(
            out_ptr + h_index * out_stride_h + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        mul_q_d = d_out.to(tl.float32) * out.to(tl.float32)
        tile_sum = tl.sum(mul_q_d, 1)
        next_acc_d_2 = acc_d_2 + tile_sum
        acc_d = next_acc_d
        acc_d_2 = next_acc_d_2
    buffer_0 = tl.load(
        buffer_0_ptr + h_index * buffer_0_stride_h + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    tl.store(
        d_B_ptr + h_index * d_B_stride_h + q_index[:, None] * d_B_stride_q + x_index[None, :] * d_B_stride_x,
        ((acc_d - acc_d_2[:, None]) * buffer_0),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def relative_bias_long_backward_d_Q_kernel(
    K_ptr, d_B_ptr, d_Q_ptr, K_stride_h, K_stride_x, K_stride_d, d_B_stride_h, d_B_stride_q, d_B_stride_x,
    d_Q_stride_h, d_Q_stride_q, d_Q_stride_d, size_h, size_x, size_d, size_q, BLOCK_X: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_q = (program % tl.cdiv(size_q, BLOCK_Q)) * BLOCK_Q
    q_index = first_q + tl.arange(0, BLOCK_Q)
    program = program // tl.cdiv(size_q, BLOCK_Q)
    h_index = program.to(tl.int64)
    acc_x = tl.full([BLOCK_Q, BLOCK_D], 0.0, tl.float32)
    to_x = size_x // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[:, None] * d_B_stride_q + x_index[None, :] * d_B_stride_x,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(d_B_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, size_x, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[:, None] * d_B_stride_q + x_index[None, :] * d_B_stride_x,
            mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        # src[masks.diag:39]
        K = tl.load(
            K_ptr + h_index * K_stride_h + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(d_B_bf16, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + h_index * d_Q_stride_h + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def relative_bias_long_backward_d_K_kernel(
    Q_ptr, d_B_ptr, d_K_ptr, Q_stride_h, Q_stride_q, Q_stride_d, d_B_stride_h, d_B_stride_q, d_B_stride_x,
    d_K_stride_h, d_K_stride_x, d_K_stride_d, size_h, size_q, size_d, size_x, BLOCK_Q: tl.constexpr,
    BLOCK_X: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_x = (program % tl.cdiv(size_x, BLOCK_X)) * BLOCK_X
    x_index = first_x + tl.arange(0, BLOCK_X)
    program = program // tl.cdiv(size_x, BLOCK_X)
    h_index = program.to(tl.int64)
    acc_q = tl.full([BLOCK_X, BLOCK_D], 0.0, tl.float32)
    to_q = size_q // BLOCK_Q * BLOCK_Q
    # whole tiles, no mask needed
    for first_q in tl.range(0, to_q, BLOCK_Q):
        q_index = first_q + tl.arange(0, BLOCK_Q)
        # src[masks.diag:39]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[None, :] * d_B_stride_q + x_index[:, None] * d_B_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        next_acc_q = tl.dot(d_B_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        # src[masks.diag:39]
        Q = tl.load(
            Q_ptr + h_index * Q_stride_h + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        d_B = tl.load(
            d_B_ptr + h_index * d_B_stride_h + q_index[None, :] * d_B_stride_q + x_index[:, None] * d_B_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        d_B_bf16 = d_B.to(tl.bfloat16)
        next_acc_q = tl.dot(d_B_bf16, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (acc_q * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_K_ptr + h_index * d_K_stride_h + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _relative_bias(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_relative_bias(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
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
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    relative_bias_kernel[grid](
        Q, K, V, B, out, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), B.stride(0), B.stride(1), B.stride(2), out.stride(0),
        out.stride(1), out.stride(2), h, q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _relative_bias_long_buffer_0(Q: torch.Tensor, K: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_buffer_0(Q: bf16[h q d], K: bf16[h x d], B: f32[h q x]) -> buffer_0: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    buffer_0 = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    relative_bias_long_buffer_0_kernel[grid](
        Q, K, B, buffer_0, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        B.stride(0), B.stride(1), B.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), h,
        q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _relative_bias_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_out(V: bf16[h x d], buffer_0: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("buffer_0", buffer_0, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = buffer_0.shape
    if buffer_0.shape != (h, q, x):
        raise ValueError(f"buffer_0: f32[h q x] has shape {buffer_0.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    relative_bias_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), V.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), out.stride(0), out.stride(1), out.stride(2), h, x, d, q, BLOCK_X=BLOCK_X,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _relative_bias_forward(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    B: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_relative_bias_forward(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x]) -> out: bf16[h q d], logsum: f32[h q]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=Q.device)
    logsum = torch.empty((h, q), dtype=torch.float32, device=Q.device)
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
    grid = (h * triton.cdiv(q, BLOCK_Q),)
    relative_bias_forward_kernel[grid](
        Q, K, V, B, out, logsum, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        V.stride(0), V.stride(1), V.stride(2), B.stride(0), B.stride(1), B.stride(2), out.stride(0),
        out.stride(1), out.stride(2), logsum.stride(0), logsum.stride(1), h, q, d, x, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _relative_bias_backward_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    B: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_relative_bias_backward_d_V(Q: bf16[h q d], K: bf16[h x d], B: f32[h q x], d_out: bf16[h q d], logsum: f32[h q]) -> d_V: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 3, Q.device)
    _check("logsum", logsum, torch.float32, 2, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    d_V = torch.empty((h, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_X, BLOCK_Q, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_X, BLOCK_Q, warps, stages = 64, 16, 8, 2
    grid = (h * triton.cdiv(x, BLOCK_X),)
    relative_bias_backward_d_V_kernel[grid](
        Q, K, B, d_out, logsum, d_V, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), B.stride(0), B.stride(1), B.stride(2), d_out.stride(0), d_out.stride(1), d_out.stride(2),
        logsum.stride(0), logsum.stride(1), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_V


@_operator
def _relative_bias_backward_d_B(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    B: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_relative_bias_backward_d_B(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x], d_out: bf16[h q d], out: bf16[h q d], logsum: f32[h q]) -> d_B: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    _check("V", V, torch.bfloat16, 3, Q.device)
    _check("B", B, torch.float32, 3, Q.device)
    _check("d_out", d_out, torch.bfloat16, 3, Q.device)
    _check("out", out, torch.bfloat16, 3, Q.device)
    _check("logsum", logsum, torch.float32, 2, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if out.shape != (h, q, d):
        raise ValueError(f"out: bf16[h q d] has shape {out.shape}, expected {(h, q, d)}")
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    d_B = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(d_B):
        return d_B
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 64, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    relative_bias_backward_d_B_kernel[grid](
        Q, K, V, B, d_out, out, logsum, d_B, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1),
        K.stride(2), V.stride(0), V.stride(1), V.stride(2), B.stride(0), B.stride(1), B.stride(2),
        d_out.stride(0), d_out.stride(1), d_out.stride(2), out.stride(0), out.stride(1), out.stride(2),
        logsum.stride(0), logsum.stride(1), d_B.stride(0), d_B.stride(1), d_B.stride(2), h, q, d, x,
        BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return d_B


@_operator
def _relative_bias_backward_d_Q(K: torch.Tensor, d_B: torch.Tensor) -> torch.Tensor:
    """_relative_bias_backward_d_Q(K: bf16[h x d], d_B: f32[h q x]) -> d_Q: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 3, K.device)
    _check("d_B", d_B, torch.float32, 3, K.device)
    h, x, d = K.shape
    _, q, _ = d_B.shape
    if d_B.shape != (h, q, x):
        raise ValueError(f"d_B: f32[h q x] has shape {d_B.shape}, expected {(h, q, x)}")
    d_Q = torch.empty((h, q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    relative_bias_backward_d_Q_kernel[grid](
        K, d_B, d_Q, K.stride(0), K.stride(1), K.stride(2), d_B.stride(0), d_B.stride(1), d_B.stride(2),
        d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), h, x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _relative_bias_backward_d_K(Q: torch.Tensor, d_B: torch.Tensor) -> torch.Tensor:
    """_relative_bias_backward_d_K(Q: bf16[h q d], d_B: f32[h q x]) -> d_K: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("d_B", d_B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, _, x = d_B.shape
    if d_B.shape != (h, q, x):
        raise ValueError(f"d_B: f32[h q x] has shape {d_B.shape}, expected {(h, q, x)}")
    d_K = torch.empty((h, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    relative_bias_backward_d_K_kernel[grid](
        Q, d_B, d_K, Q.stride(0), Q.stride(1), Q.stride(2), d_B.stride(0), d_B.stride(1), d_B.stride(2),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), h, q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


@_operator
def _relative_bias_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_forward_state(Q: bf16[h q d], K: bf16[h x d]) -> state: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("K", K, torch.bfloat16, 3, Q.device)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    state = torch.empty((h, q, x), dtype=torch.float32, device=Q.device)
    if _is_traced(state):
        return state
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    relative_bias_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), Q.stride(2), K.stride(0), K.stride(1), K.stride(2),
        state.stride(0), state.stride(1), state.stride(2), h, q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _relative_bias_long_forward_out(V: torch.Tensor, B: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_forward_out(V: bf16[h x d], B: f32[h q x], state: f32[h q x]) -> out: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("B", B, torch.float32, 3, V.device)
    _check("state", state, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = B.shape
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    if state.shape != (h, q, x):
        raise ValueError(f"state: f32[h q x] has shape {state.shape}, expected {(h, q, x)}")
    out = torch.empty((h, q, d), dtype=torch.bfloat16, device=V.device)
    if _is_traced(out):
        return out
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    relative_bias_long_forward_out_kernel[grid](
        V, B, state, out, V.stride(0), V.stride(1), V.stride(2), B.stride(0), B.stride(1), B.stride(2),
        state.stride(0), state.stride(1), state.stride(2), out.stride(0), out.stride(1), out.stride(2), h, x,
        d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _relative_bias_long_forward_logsum(B: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_relative_bias_long_forward_logsum(B: f32[h q x], state: f32[h q x]) -> logsum: f32[h q]. Any strides; sizes are read off the shapes."""
    _check("B", B, torch.float32, 3, B.device)
    _check("state", state, torch.float32, 3, B.device)
    h, q, x = B.shape
    if state.shape != (h, q, x):
        raise ValueError(f"state: f32[h q x] has shape {state.shape}, expected {(h, q, x)}")
    logsum = torch.empty((h, q), dtype=torch.float32, device=B.device)
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
        grid = (h * q,)
        relative_bias_long_forward_logsum_rows_kernel[grid](
            B, state, logsum, B.stride(0), B.stride(1), B.stride(2), state.stride(0), state.stride(1),
            state.stride(2), logsum.stride(0), logsum.stride(1), h, q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (h * q,)
    relative_bias_long_forward_logsum_kernel[grid](
        B, state, logsum, B.stride(0), B.stride(1), B.stride(2), state.stride(0), state.stride(1),
        state.stride(2), logsum.stride(0), logsum.stride(1), h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return logsum


@_operator
def _relative_bias_long_backward_buffer_0(
    B: torch.Tensor,
    logsum: torch.Tensor,
    state: torch.Tensor,
    d: int,
) -> torch.Tensor:
    """_relative_bias_long_backward_buffer_0(B: f32[h q x], logsum: f32[h q], state: f32[h q x]) -> buffer_0: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("B", B, torch.float32, 3, B.device)
    _check("logsum", logsum, torch.float32, 2, B.device)
    _check("state", state, torch.float32, 3, B.device)
    h, q, x = B.shape
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    if state.shape != (h, q, x):
        raise ValueError(f"state: f32[h q x] has shape {state.shape}, expected {(h, q, x)}")
    buffer_0 = torch.empty((h, q, x), dtype=torch.float32, device=B.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_X, warps, stages = 1024, 4, 1
    grid = (h * q * triton.cdiv(x, BLOCK_X),)
    relative_bias_long_backward_buffer_0_kernel[grid](
        B, logsum, state, buffer_0, B.stride(0), B.stride(1), B.stride(2), logsum.stride(0), logsum.stride(1),
        state.stride(0), state.stride(1), state.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), h, q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _relative_bias_long_backward_d_V(d_out: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_backward_d_V(d_out: bf16[h q d], buffer_0: f32[h q x]) -> d_V: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 3, d_out.device)
    _check("buffer_0", buffer_0, torch.float32, 3, d_out.device)
    h, q, d = d_out.shape
    _, _, x = buffer_0.shape
    if buffer_0.shape != (h, q, x):
        raise ValueError(f"buffer_0: f32[h q x] has shape {buffer_0.shape}, expected {(h, q, x)}")
    d_V = torch.empty((h, x, d), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_V):
        return d_V
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    relative_bias_long_backward_d_V_kernel[grid](
        d_out, buffer_0, d_V, d_out.stride(0), d_out.stride(1), d_out.stride(2), buffer_0.stride(0),
        buffer_0.stride(1), buffer_0.stride(2), d_V.stride(0), d_V.stride(1), d_V.stride(2), h, q, d, x,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _relative_bias_long_backward_d_B(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_relative_bias_long_backward_d_B(V: bf16[h x d], d_out: bf16[h q d], out: bf16[h q d], buffer_0: f32[h q x]) -> d_B: f32[h q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 3, V.device)
    _check("d_out", d_out, torch.bfloat16, 3, V.device)
    _check("out", out, torch.bfloat16, 3, V.device)
    _check("buffer_0", buffer_0, torch.float32, 3, V.device)
    h, x, d = V.shape
    _, q, _ = d_out.shape
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if out.shape != (h, q, d):
        raise ValueError(f"out: bf16[h q d] has shape {out.shape}, expected {(h, q, d)}")
    if buffer_0.shape != (h, q, x):
        raise ValueError(f"buffer_0: f32[h q x] has shape {buffer_0.shape}, expected {(h, q, x)}")
    d_B = torch.empty((h, q, x), dtype=torch.float32, device=V.device)
    if _is_traced(d_B):
        return d_B
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    relative_bias_long_backward_d_B_kernel[grid](
        V, d_out, out, buffer_0, d_B, V.stride(0), V.stride(1), V.stride(2), d_out.stride(0), d_out.stride(1),
        d_out.stride(2), out.stride(0), out.stride(1), out.stride(2), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), d_B.stride(0), d_B.stride(1), d_B.stride(2), h, x, d, q, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return d_B


@_operator
def _relative_bias_long_backward_d_Q(K: torch.Tensor, d_B: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_backward_d_Q(K: bf16[h x d], d_B: f32[h q x]) -> d_Q: bf16[h q d]. Any strides; sizes are read off the shapes."""
    _check("K", K, torch.bfloat16, 3, K.device)
    _check("d_B", d_B, torch.float32, 3, K.device)
    h, x, d = K.shape
    _, q, _ = d_B.shape
    if d_B.shape != (h, q, x):
        raise ValueError(f"d_B: f32[h q x] has shape {d_B.shape}, expected {(h, q, x)}")
    d_Q = torch.empty((h, q, d), dtype=torch.bfloat16, device=K.device)
    if _is_traced(d_Q):
        return d_Q
    BLOCK_Q, BLOCK_D, BLOCK_X, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(q, BLOCK_Q) * triton.cdiv(d, BLOCK_D),)
    relative_bias_long_backward_d_Q_kernel[grid](
        K, d_B, d_Q, K.stride(0), K.stride(1), K.stride(2), d_B.stride(0), d_B.stride(1), d_B.stride(2),
        d_Q.stride(0), d_Q.stride(1), d_Q.stride(2), h, x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _relative_bias_long_backward_d_K(Q: torch.Tensor, d_B: torch.Tensor) -> torch.Tensor:
    """_relative_bias_long_backward_d_K(Q: bf16[h q d], d_B: f32[h q x]) -> d_K: bf16[h x d]. Any strides; sizes are read off the shapes."""
    _check("Q", Q, torch.bfloat16, 3, Q.device)
    _check("d_B", d_B, torch.float32, 3, Q.device)
    h, q, d = Q.shape
    _, _, x = d_B.shape
    if d_B.shape != (h, q, x):
        raise ValueError(f"d_B: f32[h q x] has shape {d_B.shape}, expected {(h, q, x)}")
    d_K = torch.empty((h, x, d), dtype=torch.bfloat16, device=Q.device)
    if _is_traced(d_K):
        return d_K
    BLOCK_X, BLOCK_D, BLOCK_Q, warps, stages = 128, 128, 64, 8, 1
    grid = (h * triton.cdiv(x, BLOCK_X) * triton.cdiv(d, BLOCK_D),)
    relative_bias_long_backward_d_K_kernel[grid](
        Q, d_B, d_K, Q.stride(0), Q.stride(1), Q.stride(2), d_B.stride(0), d_B.stride(1), d_B.stride(2),
        d_K.stride(0), d_K.stride(1), d_K.stride(2), h, q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X,
        BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K


class _relative_bias_autograd(torch.autograd.Function):
    """relative_bias and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, B):
        out, logsum = _relative_bias_forward(Q, K, V, B)
        ctx.save_for_backward(Q, K, V, B, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, B, out, logsum = ctx.saved_tensors
        d_V = _relative_bias_backward_d_V(Q, K, B, d_out, logsum)
        d_B = _relative_bias_backward_d_B(Q, K, V, B, d_out, out, logsum)
        d_Q = _relative_bias_backward_d_Q(K, d_B)
        d_K = _relative_bias_backward_d_K(Q, d_B)
        return d_Q, d_K, d_V, d_B


class _relative_bias_long_autograd(torch.autograd.Function):
    """relative_bias and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V, B):
        _, _, d = Q.shape
        state = _relative_bias_long_forward_state(Q, K)
        out = _relative_bias_long_forward_out(V, B, state)
        logsum = _relative_bias_long_forward_logsum(B, state, d)
        ctx.save_for_backward(Q, K, V, B, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, B, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_0 = _relative_bias_long_backward_buffer_0(B, logsum, state, d)
        d_V = _relative_bias_long_backward_d_V(d_out, buffer_0)
        d_B = _relative_bias_long_backward_d_B(V, d_out, out, buffer_0)
        d_Q = _relative_bias_long_backward_d_Q(K, d_B)
        d_K = _relative_bias_long_backward_d_K(Q, d_B)
        return d_Q, d_K, d_V, d_B


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32)
def relative_bias(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """relative_bias(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x]) -> out: bf16[h q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V, B)):
        if d <= 256 and d <= 256:
            return _relative_bias_autograd.apply(Q, K, V, B)
        return _relative_bias_long_autograd.apply(Q, K, V, B)
    if d <= 256:
        out = _relative_bias(Q, K, V, B)
        return out
    buffer_0 = _relative_bias_long_buffer_0(Q, K, B)
    out_2 = _relative_bias_long_out(V, buffer_0)
    return out_2


@triton.jit
def softcap_kernel(
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
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:43]
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
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        mul_q_x = tanh((0.03333333333333333 * rsqrt) * dot) * 43.2808512266689
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
        # src[masks.diag:43]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        mul_q_x = tanh((0.03333333333333333 * rsqrt) * dot) * 43.2808512266689
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, mul_q_x, float("-inf"))
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
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:45]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_long_buffer_0_kernel(
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
        # src[masks.diag:43]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:43]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    # src[masks.diag:7]
    scalar = 0.03333333333333333 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:44]
    where_q_x = tl.where(x_index[None, :] <= q_index[:, None], tanh(scalar * acc_d) * 43.2808512266689, float("-inf"))
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        where_q_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def softcap_long_out_kernel(
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
        # src[masks.diag:43]
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
        # src[masks.diag:43]
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
    # src[masks.diag:45]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_forward_kernel(
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
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:43]
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
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        mul_q_x = 43.2808512266689 * tanh((0.03333333333333333 * rsqrt) * dot)
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
        # src[masks.diag:43]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
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
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        mul_q_x = 43.2808512266689 * tanh((0.03333333333333333 * rsqrt) * dot)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, mul_q_x, float("-inf"))
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
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        next_acc_x = tl.dot(e_bf16, V, (acc_x * scale[:, None]))
        max_x = next_max_x
        z = next_z
        acc_x = next_acc_x
    # src[maps.diag:7]
    # src[masks.diag:45]
    where_q_d = tl.where((z > 0.0)[:, None], acc_x * (1.0 / z)[:, None], 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )
    tl.store(
        logsum_ptr + q_index * logsum_stride_q,
        ((max_x * 0.6931471805599453) + tl.log(z)),
        mask=(q_index < size_q),
    )


@triton.jit
def softcap_backward_buffer_0_rows_kernel(
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
def softcap_backward_buffer_0_kernel(
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
def softcap_backward_d_Q_kernel(
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
    # src[masks.diag:43]
    Q = tl.load(
        Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
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
        # src[masks.diag:43]
        K = load_tile(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        tanh_q_x = tanh((0.03333333333333333 * rsqrt) * dot)
        exp2_q_x = tl.exp2((43.2808512266689 * tanh_q_x) - mul_q[:, None])
        # src[masks.diag:43]
        V = load_tile(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile = (exp2_q_x * (dot_2 - buffer_0[:, None])) * (1.0 - (tanh_q_x * tanh_q_x))
        tile_bf16 = tile.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    from_x = tl.maximum(0, to_x)
    to_x_2 = tl.minimum(size_x, tl.minimum(first_q + BLOCK_Q, size_q))
    # tiles that a mask or the end cuts
    for first_x_2 in tl.range(from_x, to_x_2, BLOCK_X):
        x_index = first_x_2 + tl.arange(0, BLOCK_X)
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(Q, tl.trans(K))
        # src[masks.diag:44]
        tanh_q_x = tanh((0.03333333333333333 * rsqrt) * dot)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, 43.2808512266689 * tanh_q_x, float("-inf"))
        sub_q_x = where_q_x - tl.where(mul_q == float("-inf"), 0.0, mul_q)[:, None]
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(d_out, tl.trans(V))
        tile_2 = (tl.exp2(sub_q_x) * (dot_2 - buffer_0[:, None])) * (1.0 - (tanh_q_x * tanh_q_x))
        tile_bf16 = tile_2.to(tl.bfloat16)
        next_acc_x = tl.dot(tile_bf16, K, acc_x)
        acc_x = next_acc_x
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        (rsqrt * acc_x).to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_backward_d_K_d_V_kernel(
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
    # src[masks.diag:43]
    K = tl.load(
        K_ptr + x_index[:, None] * K_stride_x + d_index[None, :] * K_stride_d,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:43]
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
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:44]
        tanh_x_q = tanh((0.03333333333333333 * rsqrt) * dot)
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 43.2808512266689 * tanh_x_q, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_2 = (exp2_x_q * (dot_2 - buffer_0[None, :])) * (1.0 - (tanh_x_q * tanh_x_q))
        tile_bf16 = tile_2.to(tl.bfloat16)
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
        # src[masks.diag:43]
        Q = load_tile(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:44]
        tanh_x_q = tanh((0.03333333333333333 * rsqrt) * dot)
        sub_x_q = (43.2808512266689 * tanh_x_q) - (1.4426950408889634 * logsum)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q)
        d_out = load_tile(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile = (exp2_x_q * (dot_2 - buffer_0[None, :])) * (1.0 - (tanh_x_q * tanh_x_q))
        tile_bf16 = tile.to(tl.bfloat16)
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
        # src[masks.diag:43]
        Q = tl.load(
            Q_ptr + q_index[:, None] * Q_stride_q + d_index[None, :] * Q_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:7]
        dot = tl.dot(K, tl.trans(Q))
        # src[masks.diag:44]
        tanh_x_q = tanh((0.03333333333333333 * rsqrt) * dot)
        tile = (x_index[:, None] <= q_index[None, :]) & (q_index < size_q)[None, :]
        where_x_q = tl.where(tile, 43.2808512266689 * tanh_x_q, float("-inf"))
        sub_x_q = where_x_q - tl.where(mul_q == float("-inf"), 0.0, mul_q)[None, :]
        exp2_x_q = tl.exp2(sub_x_q)
        buffer_0 = tl.load(buffer_0_ptr + q_index * buffer_0_stride_q, mask=(q_index < size_q), other=0.0)
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        dot_2 = tl.dot(V, tl.trans(d_out))
        tile_2 = (exp2_x_q * (dot_2 - buffer_0[None, :])) * (1.0 - (tanh_x_q * tanh_x_q))
        tile_bf16 = tile_2.to(tl.bfloat16)
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
def softcap_long_forward_state_kernel(
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
        # src[masks.diag:43]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[masks.diag:43]
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
        # src[masks.diag:7]
        next_acc_d = tl.dot(Q, tl.trans(K), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        acc_d,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def softcap_long_forward_out_kernel(
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
    # src[masks.diag:7]
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
        # src[masks.diag:44]
        mul_q_x = 43.2808512266689 * tanh((0.03333333333333333 * rsqrt) * state)
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
        # src[masks.diag:43]
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
        # src[masks.diag:44]
        mul_q_x = 43.2808512266689 * tanh((0.03333333333333333 * rsqrt) * state)
        tile = (x_index[None, :] <= q_index[:, None]) & (x_index < size_x)[None, :]
        where_q_x = tl.where(tile, mul_q_x, float("-inf"))
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
        # src[masks.diag:43]
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
    # src[masks.diag:45]
    where_q_d = tl.where((z > 0.0)[:, None], (1.0 / z)[:, None] * acc_x, 0.0)
    tl.store(
        out_ptr + q_index[:, None] * out_stride_q + d_index[None, :] * out_stride_d,
        where_q_d.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_long_forward_logsum_rows_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
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
    # src[masks.diag:7]
    scalar = 0.03333333333333333 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:44]
    where_x = tl.where((x_index <= q_index) & (x_index < size_x), 43.2808512266689 * tanh(scalar * state), float("-inf"))
    max_ = tl.max(where_x, 0)
    sub_x = where_x - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:5]
    e = tl.exp2(sub_x)
    # src[maps.diag:6]
    sum_ = tl.sum(e, 0)
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(sum_) + (0.6931471805599453 * max_)))


@triton.jit
def softcap_long_forward_logsum_kernel(
    state_ptr, logsum_ptr, state_stride_q, state_stride_x, logsum_stride_q, size_q, size_x, size_d,
    BLOCK_X: tl.constexpr,
):
    program = tl.program_id(0)
    q_index = program.to(tl.int64)
    max_x = tl.full([], float("-inf"), tl.float32)
    z = tl.full([], 0.0, tl.float32)
    # src[masks.diag:7]
    rsqrt = tl.rsqrt(tl.cast(size_d, tl.float32))
    to_x = (tl.minimum(size_x, q_index + 1)) // BLOCK_X * BLOCK_X
    # whole tiles, no mask needed
    for first_x in tl.range(0, to_x, BLOCK_X):
        x_index = first_x + tl.arange(0, BLOCK_X)
        state = tl.load(state_ptr + q_index * state_stride_q + x_index * state_stride_x)
        # src[masks.diag:44]
        mul_x = 43.2808512266689 * tanh((0.03333333333333333 * rsqrt) * state)
        tile_max = tl.max(mul_x, 0)
        next_max_x = tl.maximum(max_x, tile_max)
        # src[maps.diag:5]
        e = tl.exp2(mul_x - next_max_x)
        # src[maps.diag:6]
        tile_sum = tl.sum(e, 0)
        next_z = (z * tl.exp2(max_x - next_max_x)) + tile_sum
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
        # src[masks.diag:44]
        mul_x = 43.2808512266689 * tanh((0.03333333333333333 * rsqrt) * state)
        where_x = tl.where((x_index <= q_index) & (x_index < size_x), mul_x, float("-inf"))
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
    tl.store(logsum_ptr + q_index * logsum_stride_q, (tl.log(z) + (0.6931471805599453 * max_x)))


@triton.jit
def softcap_long_backward_buffer_1_kernel(
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
    # src[masks.diag:7]
    state = tl.load(
        state_ptr + q_index * state_stride_q + x_index * state_stride_x,
        mask=(x_index < size_x),
        other=0.0,
    )
    scalar = 0.03333333333333333 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:44]
    where_x = tl.where(x_index <= q_index, tanh(scalar * state) * 43.2808512266689, float("-inf"))
    sub_x = where_x - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(
        buffer_1_ptr + q_index * buffer_1_stride_q + x_index * buffer_1_stride_x,
        tl.exp2(sub_x),
        mask=(x_index < size_x),
    )


@triton.jit
def softcap_long_backward_buffer_0_kernel(
    V_ptr, d_out_ptr, out_ptr, state_ptr, buffer_1_ptr, buffer_0_ptr, V_stride_x, V_stride_d, d_out_stride_q,
    d_out_stride_d, out_stride_q, out_stride_d, state_stride_q, state_stride_x, buffer_1_stride_q,
    buffer_1_stride_x, buffer_0_stride_q, buffer_0_stride_x, size_x, size_d, size_q, BLOCK_D: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_X: tl.constexpr,
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None],
            other=0.0,
        )
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None],
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
        d_out = tl.load(
            d_out_ptr + q_index[:, None] * d_out_stride_q + d_index[None, :] * d_out_stride_d,
            mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[masks.diag:43]
        V = tl.load(
            V_ptr + x_index[:, None] * V_stride_x + d_index[None, :] * V_stride_d,
            mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
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
    # src[masks.diag:7]
    state = tl.load(
        state_ptr + q_index[:, None] * state_stride_q + x_index[None, :] * state_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    scalar = 0.03333333333333333 * tl.rsqrt(tl.cast(size_d, tl.float32))
    # src[masks.diag:44]
    tanh_q_x = tanh(scalar * state)
    buffer_1 = tl.load(
        buffer_1_ptr + q_index[:, None] * buffer_1_stride_q + x_index[None, :] * buffer_1_stride_x,
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
        other=0.0,
    )
    mul_q_x = (buffer_1 * (1.0 - (tanh_q_x * tanh_q_x))) * (acc_d - acc_d_2[:, None])
    tl.store(
        buffer_0_ptr + q_index[:, None] * buffer_0_stride_q + x_index[None, :] * buffer_0_stride_x,
        mul_q_x.to(tl.bfloat16),
        mask=(q_index < size_q)[:, None] & (x_index < size_x)[None, :],
    )


@triton.jit
def softcap_long_backward_d_V_kernel(
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
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    from_q = tl.maximum(0, to_q)
    # tiles that a mask or the end cuts
    for first_q_2 in tl.range(from_q, size_q, BLOCK_Q):
        q_index = first_q_2 + tl.arange(0, BLOCK_Q)
        d_out = tl.load(
            d_out_ptr + q_index[None, :] * d_out_stride_q + d_index[:, None] * d_out_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_1 = tl.load(
            buffer_1_ptr + q_index[None, :] * buffer_1_stride_q + x_index[:, None] * buffer_1_stride_x,
            mask=(q_index < size_q)[None, :] & (x_index < size_x)[:, None],
            other=0.0,
        )
        buffer_1_bf16 = buffer_1.to(tl.bfloat16)
        next_acc_q = tl.dot(buffer_1_bf16, tl.trans(d_out), acc_q)
        acc_q = next_acc_q
    tl.store(
        d_V_ptr + x_index[:, None] * d_V_stride_x + d_index[None, :] * d_V_stride_d,
        acc_q.to(tl.bfloat16),
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_long_backward_d_Q_kernel(
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
        # src[masks.diag:43]
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
        # src[masks.diag:43]
        K = tl.load(
            K_ptr + x_index[None, :] * K_stride_x + d_index[:, None] * K_stride_d,
            mask=(x_index < size_x)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_x = tl.dot(buffer_0, tl.trans(K), acc_x)
        acc_x = next_acc_x
    # src[masks.diag:7]
    tile_bf16 = (acc_x * tl.rsqrt(tl.cast(size_d, tl.float32))).to(tl.bfloat16)
    tl.store(
        d_Q_ptr + q_index[:, None] * d_Q_stride_q + d_index[None, :] * d_Q_stride_d,
        tile_bf16,
        mask=(q_index < size_q)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def softcap_long_backward_d_K_kernel(
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
        # src[masks.diag:43]
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
        # src[masks.diag:43]
        Q = tl.load(
            Q_ptr + q_index[None, :] * Q_stride_q + d_index[:, None] * Q_stride_d,
            mask=(q_index < size_q)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_q = tl.dot(buffer_0, tl.trans(Q), acc_q)
        acc_q = next_acc_q
    # src[masks.diag:7]
    tile_bf16 = (tl.rsqrt(tl.cast(size_d, tl.float32)) * acc_q).to(tl.bfloat16)
    tl.store(
        d_K_ptr + x_index[:, None] * d_K_stride_x + d_index[None, :] * d_K_stride_d,
        tile_bf16,
        mask=(x_index < size_x)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _softcap(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """_softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    softcap_kernel[grid](
        Q, K, V, out, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _softcap_long_buffer_0(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_softcap_long_buffer_0(Q: bf16[q d], K: bf16[x d]) -> buffer_0: f32[q x]. Any strides; sizes are read off the shapes."""
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
    softcap_long_buffer_0_kernel[grid](
        Q, K, buffer_0, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), buffer_0.stride(0),
        buffer_0.stride(1), q, d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _softcap_long_out(V: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_softcap_long_out(V: bf16[x d], buffer_0: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    softcap_long_out_kernel[grid](
        V, buffer_0, out, V.stride(0), V.stride(1), buffer_0.stride(0), buffer_0.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _softcap_forward(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_softcap_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d], logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
    softcap_forward_kernel[grid](
        Q, K, V, out, logsum, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), V.stride(0), V.stride(1),
        out.stride(0), out.stride(1), logsum.stride(0), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        BLOCK_Q=BLOCK_Q, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _softcap_backward_buffer_0(d_out: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """_softcap_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> buffer_0: f32[q]. Any strides; sizes are read off the shapes."""
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
        softcap_backward_buffer_0_rows_kernel[grid](
            d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
            buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, EXACT_D=d == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return buffer_0
    BLOCK_D, warps, stages = 4096, 8, 2
    grid = (q,)
    softcap_backward_buffer_0_kernel[grid](
        d_out, out, buffer_0, d_out.stride(0), d_out.stride(1), out.stride(0), out.stride(1),
        buffer_0.stride(0), q, d, BLOCK_D=BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _softcap_backward_d_Q(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_softcap_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    softcap_backward_d_Q_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_Q, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_Q.stride(0), d_Q.stride(1), q, d, x, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_Q


@_operator
def _softcap_backward_d_K_d_V(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_softcap_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> d_K: bf16[x d], d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    softcap_backward_d_K_d_V_kernel[grid](
        Q, K, V, d_out, logsum, buffer_0, d_K, d_V, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1),
        V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0), buffer_0.stride(0),
        d_K.stride(0), d_K.stride(1), d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D,
        BLOCK_X=BLOCK_X, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return d_K, d_V


@_operator
def _softcap_long_forward_state(Q: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """_softcap_long_forward_state(Q: bf16[q d], K: bf16[x d]) -> state: f32[q x]. Any strides; sizes are read off the shapes."""
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
    softcap_long_forward_state_kernel[grid](
        Q, K, state, Q.stride(0), Q.stride(1), K.stride(0), K.stride(1), state.stride(0), state.stride(1), q,
        d, x, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _softcap_long_forward_out(V: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_softcap_long_forward_out(V: bf16[x d], state: f32[q x]) -> out: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    softcap_long_forward_out_kernel[grid](
        V, state, out, V.stride(0), V.stride(1), state.stride(0), state.stride(1), out.stride(0),
        out.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _softcap_long_forward_logsum(state: torch.Tensor, d: int) -> torch.Tensor:
    """_softcap_long_forward_logsum(state: f32[q x]) -> logsum: f32[q]. Any strides; sizes are read off the shapes."""
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
        softcap_long_forward_logsum_rows_kernel[grid](
            state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
            EXACT_X=x == BLOCK_X, num_warps=warps, num_stages=stages,
        )
        return logsum
    BLOCK_X, warps, stages = 4096, 8, 2
    grid = (q,)
    softcap_long_forward_logsum_kernel[grid](
        state, logsum, state.stride(0), state.stride(1), logsum.stride(0), q, x, d, BLOCK_X=BLOCK_X,
        num_warps=warps, num_stages=stages,
    )
    return logsum


@_operator
def _softcap_long_backward_buffer_1(logsum: torch.Tensor, state: torch.Tensor, d: int) -> torch.Tensor:
    """_softcap_long_backward_buffer_1(logsum: f32[q], state: f32[q x]) -> buffer_1: f32[q x]. Any strides; sizes are read off the shapes."""
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
    softcap_long_backward_buffer_1_kernel[grid](
        logsum, state, buffer_1, logsum.stride(0), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), q, x, d, BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_1


@_operator
def _softcap_long_backward_buffer_0(
    V: torch.Tensor,
    d_out: torch.Tensor,
    out: torch.Tensor,
    state: torch.Tensor,
    buffer_1: torch.Tensor,
) -> torch.Tensor:
    """_softcap_long_backward_buffer_0(V: bf16[x d], d_out: bf16[q d], out: bf16[q d], state: f32[q x], buffer_1: f32[q x]) -> buffer_0: bf16[q x]. Any strides; sizes are read off the shapes."""
    _check("V", V, torch.bfloat16, 2, V.device)
    _check("d_out", d_out, torch.bfloat16, 2, V.device)
    _check("out", out, torch.bfloat16, 2, V.device)
    _check("state", state, torch.float32, 2, V.device)
    _check("buffer_1", buffer_1, torch.float32, 2, V.device)
    x, d = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    if state.shape != (q, x):
        raise ValueError(f"state: f32[q x] has shape {state.shape}, expected {(q, x)}")
    if buffer_1.shape != (q, x):
        raise ValueError(f"buffer_1: f32[q x] has shape {buffer_1.shape}, expected {(q, x)}")
    buffer_0 = torch.empty((q, x), dtype=torch.bfloat16, device=V.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_Q, BLOCK_X, BLOCK_D, warps, stages = 128, 64, 64, 8, 1
    grid = (triton.cdiv(q, BLOCK_Q) * triton.cdiv(x, BLOCK_X),)
    softcap_long_backward_buffer_0_kernel[grid](
        V, d_out, out, state, buffer_1, buffer_0, V.stride(0), V.stride(1), d_out.stride(0), d_out.stride(1),
        out.stride(0), out.stride(1), state.stride(0), state.stride(1), buffer_1.stride(0),
        buffer_1.stride(1), buffer_0.stride(0), buffer_0.stride(1), x, d, q, BLOCK_D=BLOCK_D, BLOCK_Q=BLOCK_Q,
        BLOCK_X=BLOCK_X, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _softcap_long_backward_d_V(d_out: torch.Tensor, buffer_1: torch.Tensor) -> torch.Tensor:
    """_softcap_long_backward_d_V(d_out: bf16[q d], buffer_1: f32[q x]) -> d_V: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    softcap_long_backward_d_V_kernel[grid](
        d_out, buffer_1, d_V, d_out.stride(0), d_out.stride(1), buffer_1.stride(0), buffer_1.stride(1),
        d_V.stride(0), d_V.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_V


@_operator
def _softcap_long_backward_d_Q(K: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_softcap_long_backward_d_Q(K: bf16[x d], buffer_0: bf16[q x]) -> d_Q: bf16[q d]. Any strides; sizes are read off the shapes."""
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
    softcap_long_backward_d_Q_kernel[grid](
        K, buffer_0, d_Q, K.stride(0), K.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_Q.stride(0),
        d_Q.stride(1), x, d, q, BLOCK_X=BLOCK_X, BLOCK_Q=BLOCK_Q, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_Q


@_operator
def _softcap_long_backward_d_K(Q: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_softcap_long_backward_d_K(Q: bf16[q d], buffer_0: bf16[q x]) -> d_K: bf16[x d]. Any strides; sizes are read off the shapes."""
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
    softcap_long_backward_d_K_kernel[grid](
        Q, buffer_0, d_K, Q.stride(0), Q.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_K.stride(0),
        d_K.stride(1), q, d, x, BLOCK_Q=BLOCK_Q, BLOCK_X=BLOCK_X, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return d_K


class _softcap_autograd(torch.autograd.Function):
    """softcap and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        out, logsum = _softcap_forward(Q, K, V)
        ctx.save_for_backward(Q, K, V, out, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum = ctx.saved_tensors
        buffer_0 = _softcap_backward_buffer_0(d_out, out)
        d_Q = _softcap_backward_d_Q(Q, K, V, d_out, logsum, buffer_0)
        d_K, d_V = _softcap_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0)
        return d_Q, d_K, d_V


class _softcap_long_autograd(torch.autograd.Function):
    """softcap and its derivative."""

    @staticmethod
    def forward(ctx, Q, K, V):
        _, d = Q.shape
        state = _softcap_long_forward_state(Q, K)
        out = _softcap_long_forward_out(V, state)
        logsum = _softcap_long_forward_logsum(state, d)
        ctx.save_for_backward(Q, K, V, out, logsum, state)
        ctx.sizes = (d,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Q, K, V, out, logsum, state = ctx.saved_tensors
        (d,) = ctx.sizes
        buffer_1 = _softcap_long_backward_buffer_1(logsum, state, d)
        buffer_0 = _softcap_long_backward_buffer_0(V, d_out, out, state, buffer_1)
        d_V = _softcap_long_backward_d_V(d_out, buffer_1)
        d_Q = _softcap_long_backward_d_Q(K, buffer_0)
        d_K = _softcap_long_backward_d_K(Q, buffer_0)
        return d_Q, d_K, d_V


@_anywhere(torch.bfloat16, torch.bfloat16, torch.bfloat16)
def softcap(Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor) -> torch.Tensor:
    """softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> out: bf16[q d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (Q, K, V)):
        if d <= 256 and d <= 256:
            return _softcap_autograd.apply(Q, K, V)
        return _softcap_long_autograd.apply(Q, K, V)
    if d <= 256:
        out = _softcap(Q, K, V)
        return out
    buffer_0 = _softcap_long_buffer_0(Q, K)
    out_2 = _softcap_long_out(V, buffer_0)
    return out_2
