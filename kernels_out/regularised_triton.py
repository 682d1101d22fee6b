"""Fused kernels for logits, log_softmax_rows, label_smoothing, z_loss.

Made by diagc 0.1.0 from regularised.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["logits", "log_softmax_rows", "label_smoothing", "z_loss"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of regularised_jax.py do, on NumPy arrays")
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
    """A function of regularised_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by regularised_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("regularised_jax.py")
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
    """A function that on a CPU is that of regularised_jax.py; `params` are the places of what it takes as parameters."""

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
def logits_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, out_stride_token,
    out_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    acc_d = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[regularised.diag:6]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_acc_d = tl.dot(X, tl.trans(W), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[regularised.diag:6]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_acc_d = tl.dot(X, tl.trans(W), acc_d)
        acc_d = next_acc_d
    tl.store(
        out_ptr + token_index[:, None] * out_stride_token + vocab_index[None, :] * out_stride_vocab,
        acc_d,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def logits_forward_kernel(
    X_ptr, W_ptr, out_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, out_stride_token,
    out_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    acc_d = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[regularised.diag:6]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_acc_d = tl.dot(X, tl.trans(W), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[regularised.diag:6]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_acc_d = tl.dot(X, tl.trans(W), acc_d)
        acc_d = next_acc_d
    tl.store(
        out_ptr + token_index[:, None] * out_stride_token + vocab_index[None, :] * out_stride_vocab,
        acc_d,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def logits_backward_d_X_kernel(
    W_ptr, d_out_ptr, d_X_ptr, W_stride_vocab, W_stride_d, d_out_stride_token, d_out_stride_vocab,
    d_X_stride_token, d_X_stride_d, size_vocab, size_d, size_token, BLOCK_VOCAB: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        d_out = tl.load(
            d_out_ptr + token_index[:, None] * d_out_stride_token + vocab_index[None, :] * d_out_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[regularised.diag:6]
        W = tl.load(
            W_ptr + vocab_index[None, :] * W_stride_vocab + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(d_out_bf16, tl.trans(W), acc_vocab)
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        d_out = tl.load(
            d_out_ptr + token_index[:, None] * d_out_stride_token + vocab_index[None, :] * d_out_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[regularised.diag:6]
        W = tl.load(
            W_ptr + vocab_index[None, :] * W_stride_vocab + d_index[:, None] * W_stride_d,
            mask=(vocab_index < size_vocab)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(d_out_bf16, tl.trans(W), acc_vocab)
        acc_vocab = next_acc_vocab
    tl.store(
        d_X_ptr + token_index[:, None] * d_X_stride_token + d_index[None, :] * d_X_stride_d,
        acc_vocab.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def logits_backward_d_W_kernel(
    X_ptr, d_out_ptr, d_W_ptr, X_stride_token, X_stride_d, d_out_stride_token, d_out_stride_vocab,
    d_W_stride_vocab, d_W_stride_d, size_token, size_d, size_vocab, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_D], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(
            d_out_ptr + token_index[None, :] * d_out_stride_token + vocab_index[:, None] * d_out_stride_vocab,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[regularised.diag:6]
        X = tl.load(
            X_ptr + token_index[None, :] * X_stride_token + d_index[:, None] * X_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(d_out_bf16, tl.trans(X), acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(
            d_out_ptr + token_index[None, :] * d_out_stride_token + vocab_index[:, None] * d_out_stride_vocab,
            mask=(token_index < size_token)[None, :] & (vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        d_out_bf16 = d_out.to(tl.bfloat16)
        # src[regularised.diag:6]
        X = tl.load(
            X_ptr + token_index[None, :] * X_stride_token + d_index[:, None] * X_stride_d,
            mask=(token_index < size_token)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(d_out_bf16, tl.trans(X), acc_token)
        acc_token = next_acc_token
    tl.store(
        d_W_ptr + vocab_index[:, None] * d_W_stride_vocab + d_index[None, :] * d_W_stride_d,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _logits(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_logits(X: bf16[token d], W: bf16[vocab d]) -> out: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    out = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    logits_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), out.stride(0), out.stride(1), token, d,
        vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _logits_forward(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_logits_forward(X: bf16[token d], W: bf16[vocab d]) -> out: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    out = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    logits_forward_kernel[grid](
        X, W, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), out.stride(0), out.stride(1), token, d,
        vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _logits_backward_d_X(W: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_logits_backward_d_X(W: bf16[vocab d], d_out: f32[token vocab]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("d_out", d_out, torch.float32, 2, W.device)
    vocab, d = W.shape
    token, _ = d_out.shape
    if d_out.shape != (token, vocab):
        raise ValueError(f"d_out: f32[token vocab] has shape {d_out.shape}, expected {(token, vocab)}")
    d_X = torch.empty((token, d), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_TOKEN, BLOCK_D, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(d, BLOCK_D),)
    logits_backward_d_X_kernel[grid](
        W, d_out, d_X, W.stride(0), W.stride(1), d_out.stride(0), d_out.stride(1), d_X.stride(0),
        d_X.stride(1), vocab, d, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _logits_backward_d_W(X: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_logits_backward_d_W(X: bf16[token d], d_out: f32[token vocab]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("d_out", d_out, torch.float32, 2, X.device)
    token, d = X.shape
    _, vocab = d_out.shape
    if d_out.shape != (token, vocab):
        raise ValueError(f"d_out: f32[token vocab] has shape {d_out.shape}, expected {(token, vocab)}")
    d_W = torch.empty((vocab, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_VOCAB, BLOCK_D, BLOCK_TOKEN, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(vocab, BLOCK_VOCAB) * triton.cdiv(d, BLOCK_D),)
    logits_backward_d_W_kernel[grid](
        X, d_out, d_W, X.stride(0), X.stride(1), d_out.stride(0), d_out.stride(1), d_W.stride(0),
        d_W.stride(1), token, d, vocab, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


class _logits_autograd(torch.autograd.Function):
    """logits and its derivative."""

    @staticmethod
    def forward(ctx, X, W):
        out = _logits_forward(X, W)
        ctx.save_for_backward(X, W)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W = ctx.saved_tensors
        d_X = _logits_backward_d_X(W, d_out)
        d_W = _logits_backward_d_W(X, d_out)
        return d_X, d_W


@_anywhere(torch.bfloat16, torch.bfloat16)
def logits(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """logits(X: bf16[token d], W: bf16[vocab d]) -> out: f32[token vocab]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        return _logits_autograd.apply(X, W)
    out = _logits(X, W)
    return out


@triton.jit
def log_softmax_rows_rows_kernel(
    Z_ptr, out_ptr, Z_stride_token, Z_stride_vocab, out_stride_token, out_stride_vocab, size_token,
    size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[regularised.diag:10]
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    Z_f32 = Z.to(tl.float32)
    # src[maps.diag:16]
    max_ = tl.max(Z_f32, 0)
    s = Z_f32 - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:17]
    exp_vocab = tl.exp(s)
    sum_ = tl.sum(exp_vocab, 0)
    add = max_ + tl.log(sum_)
    sub_vocab = Z_f32 - tl.where(add == float("-inf"), 0.0, add)
    tl.store(
        out_ptr + token_index * out_stride_token + vocab_index * out_stride_vocab,
        sub_vocab,
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def log_softmax_rows_kernel(
    Z_ptr, out_ptr, Z_stride_token, Z_stride_vocab, out_stride_token, out_stride_vocab, size_token,
    size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    max_vocab = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        Z_f32 = Z.to(tl.float32)
        # src[maps.diag:16]
        tile_max = tl.max(Z_f32, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        safe_next_max_vocab = tl.where(next_max_vocab == float("-inf"), 0.0, next_max_vocab)
        sum_vocab_2 = sum_vocab * tl.exp(max_vocab - safe_next_max_vocab)
        # src[maps.diag:17]
        exp_vocab = tl.exp(Z_f32 - safe_next_max_vocab)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = sum_vocab_2 + tile_sum
        max_vocab = next_max_vocab
        sum_vocab = next_sum_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        Z_f32 = Z.to(tl.float32)
        # src[maps.diag:16]
        tile_max = tl.max(Z_f32, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        safe_next_max_vocab = tl.where(next_max_vocab == float("-inf"), 0.0, next_max_vocab)
        sum_vocab_2 = sum_vocab * tl.exp(max_vocab - safe_next_max_vocab)
        # src[maps.diag:17]
        exp_vocab = tl.exp(Z_f32 - safe_next_max_vocab)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = sum_vocab_2 + tile_sum
        max_vocab = next_max_vocab
        sum_vocab = next_sum_vocab
    # src[maps.diag:17]
    add = max_vocab + tl.log(sum_vocab)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        # src[maps.diag:17]
        sub_vocab = Z.to(tl.float32) - tl.where(add == float("-inf"), 0.0, add)
        tl.store(out_ptr + token_index * out_stride_token + vocab_index * out_stride_vocab, sub_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        # src[maps.diag:17]
        sub_vocab = Z.to(tl.float32) - tl.where(add == float("-inf"), 0.0, add)
        tl.store(
            out_ptr + token_index * out_stride_token + vocab_index * out_stride_vocab,
            sub_vocab,
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def log_softmax_rows_forward_rows_kernel(
    Z_ptr, out_ptr, logsum_ptr, Z_stride_token, Z_stride_vocab, out_stride_token, out_stride_vocab,
    logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[regularised.diag:10]
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    Z_f32 = Z.to(tl.float32)
    # src[maps.diag:16]
    max_ = tl.max(Z_f32, 0)
    s = Z_f32 - tl.where(max_ == float("-inf"), 0.0, max_)
    # src[maps.diag:17]
    exp_vocab = tl.exp(s)
    sum_ = tl.sum(exp_vocab, 0)
    add = max_ + tl.log(sum_)
    sub_vocab = Z_f32 - tl.where(add == float("-inf"), 0.0, add)
    tl.store(
        out_ptr + token_index * out_stride_token + vocab_index * out_stride_vocab,
        sub_vocab,
        mask=(vocab_index < size_vocab),
    )
    tl.store(logsum_ptr + token_index * logsum_stride_token, add)


@triton.jit
def log_softmax_rows_forward_kernel(
    Z_ptr, out_ptr, logsum_ptr, Z_stride_token, Z_stride_vocab, out_stride_token, out_stride_vocab,
    logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    max_vocab = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        Z_f32 = Z.to(tl.float32)
        # src[maps.diag:16]
        tile_max = tl.max(Z_f32, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        safe_next_max_vocab = tl.where(next_max_vocab == float("-inf"), 0.0, next_max_vocab)
        sum_vocab_2 = sum_vocab * tl.exp(max_vocab - safe_next_max_vocab)
        # src[maps.diag:17]
        exp_vocab = tl.exp(Z_f32 - safe_next_max_vocab)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = sum_vocab_2 + tile_sum
        max_vocab = next_max_vocab
        sum_vocab = next_sum_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        Z_f32 = Z.to(tl.float32)
        # src[maps.diag:16]
        tile_max = tl.max(Z_f32, 0)
        next_max_vocab = tl.maximum(max_vocab, tile_max)
        safe_next_max_vocab = tl.where(next_max_vocab == float("-inf"), 0.0, next_max_vocab)
        sum_vocab_2 = sum_vocab * tl.exp(max_vocab - safe_next_max_vocab)
        # src[maps.diag:17]
        exp_vocab = tl.exp(Z_f32 - safe_next_max_vocab)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = sum_vocab_2 + tile_sum
        max_vocab = next_max_vocab
        sum_vocab = next_sum_vocab
    # src[maps.diag:17]
    add = max_vocab + tl.log(sum_vocab)
    tl.store(logsum_ptr + token_index * logsum_stride_token, add)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        # src[maps.diag:17]
        sub_vocab = Z.to(tl.float32) - tl.where(add == float("-inf"), 0.0, add)
        tl.store(out_ptr + token_index * out_stride_token + vocab_index * out_stride_vocab, sub_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        # src[maps.diag:17]
        sub_vocab = Z.to(tl.float32) - tl.where(add == float("-inf"), 0.0, add)
        tl.store(
            out_ptr + token_index * out_stride_token + vocab_index * out_stride_vocab,
            sub_vocab,
            mask=(vocab_index < size_vocab),
        )


@triton.jit
def log_softmax_rows_backward_rows_kernel(
    Z_ptr, d_out_ptr, logsum_ptr, d_Z_ptr, Z_stride_token, Z_stride_vocab, d_out_stride_token,
    d_out_stride_vocab, logsum_stride_token, d_Z_stride_token, d_Z_stride_vocab, size_token, size_vocab,
    BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    d_out = load_tile(
        d_out_ptr + token_index * d_out_stride_token + vocab_index * d_out_stride_vocab,
        (vocab_index < size_vocab),
        0.0,
        EXACT_VOCAB,
    )
    sum_ = tl.sum(d_out, 0)
    logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
    # src[regularised.diag:10]
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        0.0,
        EXACT_VOCAB,
    )
    # src[maps.diag:17]
    sub_vocab = Z.to(tl.float32) - tl.where(logsum == float("-inf"), 0.0, logsum)
    tile_bf16 = (d_out - (tl.exp(sub_vocab) * sum_)).to(tl.bfloat16)
    tl.store(
        d_Z_ptr + token_index * d_Z_stride_token + vocab_index * d_Z_stride_vocab,
        tile_bf16,
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def log_softmax_rows_backward_kernel(
    Z_ptr, d_out_ptr, logsum_ptr, d_Z_ptr, Z_stride_token, Z_stride_vocab, d_out_stride_token,
    d_out_stride_vocab, logsum_stride_token, d_Z_stride_token, d_Z_stride_vocab, size_token, size_vocab,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    sum_vocab = tl.full([], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + vocab_index * d_out_stride_vocab)
        tile_sum = tl.sum(d_out, 0)
        next_sum_vocab = sum_vocab + tile_sum
        sum_vocab = next_sum_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token + vocab_index * d_out_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        tile_sum = tl.sum(d_out, 0)
        next_sum_vocab = sum_vocab + tile_sum
        sum_vocab = next_sum_vocab
    logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
    # whole tiles, no mask needed
    for first_vocab_3 in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_3 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        # src[maps.diag:17]
        sub_vocab = Z.to(tl.float32) - tl.where(logsum == float("-inf"), 0.0, logsum)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + vocab_index * d_out_stride_vocab)
        tile_bf16 = (d_out - (tl.exp(sub_vocab) * sum_vocab)).to(tl.bfloat16)
        tl.store(d_Z_ptr + token_index * d_Z_stride_token + vocab_index * d_Z_stride_vocab, tile_bf16)
    # tiles that a mask or the end cuts
    for first_vocab_4 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_4 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:10]
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        # src[maps.diag:17]
        sub_vocab = Z.to(tl.float32) - tl.where(logsum == float("-inf"), 0.0, logsum)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token + vocab_index * d_out_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        tile_bf16 = (d_out - (tl.exp(sub_vocab) * sum_vocab)).to(tl.bfloat16)
        tl.store(
            d_Z_ptr + token_index * d_Z_stride_token + vocab_index * d_Z_stride_vocab,
            tile_bf16,
            mask=(vocab_index < size_vocab),
        )


@_operator
def _log_softmax_rows(Z: torch.Tensor) -> torch.Tensor:
    """_log_softmax_rows(Z: bf16[token vocab]) -> out: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("Z", Z, torch.bfloat16, 2, Z.device)
    token, vocab = Z.shape
    out = torch.empty((token, vocab), dtype=torch.float32, device=Z.device)
    if _is_traced(out):
        return out
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        log_softmax_rows_rows_kernel[grid](
            Z, out, Z.stride(0), Z.stride(1), out.stride(0), out.stride(1), token, vocab,
            BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    log_softmax_rows_kernel[grid](
        Z, out, Z.stride(0), Z.stride(1), out.stride(0), out.stride(1), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _log_softmax_rows_forward(Z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """_log_softmax_rows_forward(Z: bf16[token vocab]) -> out: f32[token vocab], logsum: f32[token]. Any strides; sizes are read off the shapes."""
    _check("Z", Z, torch.bfloat16, 2, Z.device)
    token, vocab = Z.shape
    out = torch.empty((token, vocab), dtype=torch.float32, device=Z.device)
    logsum = torch.empty((token,), dtype=torch.float32, device=Z.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        log_softmax_rows_forward_rows_kernel[grid](
            Z, out, logsum, Z.stride(0), Z.stride(1), out.stride(0), out.stride(1), logsum.stride(0), token,
            vocab, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps,
            num_stages=stages,
        )
        return out, logsum
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    log_softmax_rows_forward_kernel[grid](
        Z, out, logsum, Z.stride(0), Z.stride(1), out.stride(0), out.stride(1), logsum.stride(0), token,
        vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _log_softmax_rows_backward(Z: torch.Tensor, d_out: torch.Tensor, logsum: torch.Tensor) -> torch.Tensor:
    """_log_softmax_rows_backward(Z: bf16[token vocab], d_out: f32[token vocab], logsum: f32[token]) -> d_Z: bf16[token vocab]. Any strides; sizes are read off the shapes."""
    _check("Z", Z, torch.bfloat16, 2, Z.device)
    _check("d_out", d_out, torch.float32, 2, Z.device)
    _check("logsum", logsum, torch.float32, 1, Z.device)
    token, vocab = Z.shape
    if d_out.shape != (token, vocab):
        raise ValueError(f"d_out: f32[token vocab] has shape {d_out.shape}, expected {(token, vocab)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_Z = torch.empty((token, vocab), dtype=torch.bfloat16, device=Z.device)
    if _is_traced(d_Z):
        return d_Z
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        log_softmax_rows_backward_rows_kernel[grid](
            Z, d_out, logsum, d_Z, Z.stride(0), Z.stride(1), d_out.stride(0), d_out.stride(1),
            logsum.stride(0), d_Z.stride(0), d_Z.stride(1), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB,
            EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return d_Z
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    log_softmax_rows_backward_kernel[grid](
        Z, d_out, logsum, d_Z, Z.stride(0), Z.stride(1), d_out.stride(0), d_out.stride(1), logsum.stride(0),
        d_Z.stride(0), d_Z.stride(1), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return d_Z


class _log_softmax_rows_autograd(torch.autograd.Function):
    """log_softmax_rows and its derivative."""

    @staticmethod
    def forward(ctx, Z):
        out, logsum = _log_softmax_rows_forward(Z)
        ctx.save_for_backward(Z, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        Z, logsum = ctx.saved_tensors
        d_Z = _log_softmax_rows_backward(Z, d_out, logsum)
        return d_Z


@_anywhere(torch.bfloat16)
def log_softmax_rows(Z: torch.Tensor) -> torch.Tensor:
    """log_softmax_rows(Z: bf16[token vocab]) -> out: f32[token vocab]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, vocab = Z.shape
    if torch.is_grad_enabled() and Z.requires_grad:
        return _log_softmax_rows_autograd.apply(Z)
    out = _log_softmax_rows(Z)
    return out


@triton.jit
def label_smoothing_kernel(
    X_ptr, W_ptr, label_ptr, epsilon_ptr, out_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d,
    label_stride_token, out_stride_token, size_token, size_d, size_vocab, BLOCK_VOCAB: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    sum_vocab = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    m = tl.full([BLOCK_TOKEN], float("-inf"), tl.float32)
    sum_vocab_2 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    sum_vocab_3 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    # src[regularised.diag:16]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:17]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], Z, 0.0)
        # src[regularised.diag:22]
        tile_sum = tl.sum(where_token_vocab, 1)
        next_sum_vocab = sum_vocab + tile_sum
        # src[maps.diag:11]
        tile_max = tl.max(Z, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z - next_m[:, None])
        tile_sum_2 = tl.sum(exp_token_vocab, 1)
        next_sum_vocab_2 = (sum_vocab_2 * tl.exp(m - next_m)) + tile_sum_2
        tile_sum_3 = tl.sum(Z, 1)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        sum_vocab = next_sum_vocab
        m = next_m
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        Z_2 = tl.where((vocab_index < size_vocab)[None, :], Z, float("-inf"))
        tile = (vocab_index[None, :] == label[:, None]) & (vocab_index < size_vocab)[None, :]
        where_token_vocab = tl.where(tile, Z_2, 0.0)
        # src[regularised.diag:22]
        tile_sum = tl.sum(where_token_vocab, 1)
        next_sum_vocab = sum_vocab + tile_sum
        # src[maps.diag:11]
        tile_max = tl.max(Z_2, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z_2 - next_m[:, None])
        tile_sum_2 = tl.sum(exp_token_vocab, 1)
        next_sum_vocab_2 = (sum_vocab_2 * tl.exp(m - next_m)) + tile_sum_2
        # src[regularised.diag:7]
        Z_3 = tl.where((vocab_index < size_vocab)[None, :], Z_2, 0.0)
        tile_sum_3 = tl.sum(Z_3, 1)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        sum_vocab = next_sum_vocab
        m = next_m
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    scalar = epsilon * (1.0 / tl.cast(size_vocab, tl.float32))
    # src[regularised.diag:22]
    mul_token = scalar * sum_vocab_3
    # src[maps.diag:12]
    add_token = (((-1.0 + epsilon) * sum_vocab) + m) + tl.log(sum_vocab_2)
    safe_ = tl.where(mul_token == float("-inf"), 0.0, mul_token)
    # src[regularised.diag:23]
    tl.store(out_ptr + token_index * out_stride_token, (add_token - safe_), mask=(token_index < size_token))


@triton.jit
def label_smoothing_long_Z_kernel(
    X_ptr, W_ptr, Z_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, Z_stride_token,
    Z_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    Z = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    tl.store(
        Z_ptr + token_index[:, None] * Z_stride_token + vocab_index[None, :] * Z_stride_vocab,
        Z,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def label_smoothing_long_out_rows_kernel(
    label_ptr, epsilon_ptr, Z_ptr, out_ptr, label_stride_token, Z_stride_token, Z_stride_vocab,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        0.0,
        EXACT_VOCAB,
    )
    sum_ = tl.sum(Z, 0)
    # src[regularised.diag:22]
    mul = (sum_ * epsilon) * (1.0 / tl.cast(size_vocab, tl.float32))
    tile = tl.where(vocab_index < size_vocab, Z, float("-inf"))
    # src[maps.diag:11]
    max_ = tl.max(tile, 0)
    # src[maps.diag:12]
    sub_vocab = tl.where(vocab_index < size_vocab, Z - tl.where(max_ == float("-inf"), 0.0, max_), float("-inf"))
    exp_vocab = tl.exp(sub_vocab)
    sum_2 = tl.sum(exp_vocab, 0)
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token)
    where_vocab = tl.where(vocab_index == label, Z, 0.0)
    # src[regularised.diag:22]
    sum_3 = tl.sum(where_vocab, 0)
    add = (((-1.0 + epsilon) * sum_3) + max_) + tl.log(sum_2)
    # src[regularised.diag:23]
    tl.store(out_ptr + token_index * out_stride_token, (add - tl.where(mul == float("-inf"), 0.0, mul)))


@triton.jit
def label_smoothing_long_out_kernel(
    label_ptr, epsilon_ptr, Z_ptr, out_ptr, label_stride_token, Z_stride_token, Z_stride_vocab,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    sum_vocab = tl.full([], 0.0, tl.float32)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab_2 = tl.full([], 0.0, tl.float32)
    sum_vocab_3 = tl.full([], 0.0, tl.float32)
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        where_vocab = tl.where(vocab_index == label, Z, 0.0)
        # src[regularised.diag:22]
        tile_sum = tl.sum(where_vocab, 0)
        next_sum_vocab = sum_vocab + tile_sum
        # src[maps.diag:11]
        tile_max = tl.max(Z, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(Z - safe_next_m)
        tile_sum_2 = tl.sum(exp_vocab, 0)
        next_sum_vocab_2 = (sum_vocab_2 * tl.exp(m - safe_next_m)) + tile_sum_2
        tile_sum_3 = tl.sum(Z, 0)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        sum_vocab = next_sum_vocab
        m = next_m
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        where_vocab = tl.where(vocab_index == label, Z, 0.0)
        # src[regularised.diag:22]
        tile_sum = tl.sum(where_vocab, 0)
        next_sum_vocab = sum_vocab + tile_sum
        tile = tl.where(vocab_index < size_vocab, Z, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(tile, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        sub_vocab = tl.where(vocab_index < size_vocab, Z - safe_next_m, float("-inf"))
        exp_vocab = tl.exp(sub_vocab)
        tile_sum_2 = tl.sum(exp_vocab, 0)
        next_sum_vocab_2 = (sum_vocab_2 * tl.exp(m - safe_next_m)) + tile_sum_2
        tile_sum_3 = tl.sum(Z, 0)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        sum_vocab = next_sum_vocab
        m = next_m
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    # src[regularised.diag:22]
    mul = (sum_vocab_3 * epsilon) * (1.0 / tl.cast(size_vocab, tl.float32))
    # src[maps.diag:12]
    add = (((-1.0 + epsilon) * sum_vocab) + m) + tl.log(sum_vocab_2)
    # src[regularised.diag:23]
    tl.store(out_ptr + token_index * out_stride_token, (add - tl.where(mul == float("-inf"), 0.0, mul)))


@triton.jit
def label_smoothing_forward_kernel(
    X_ptr, W_ptr, label_ptr, epsilon_ptr, out_ptr, logsum_ptr, state__ptr, state___ptr, X_stride_token,
    X_stride_d, W_stride_vocab, W_stride_d, label_stride_token, out_stride_token, logsum_stride_token,
    state__stride_token, state___stride_token, size_token, size_d, size_vocab, BLOCK_VOCAB: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    m = tl.full([BLOCK_TOKEN], float("-inf"), tl.float32)
    sum_vocab = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    sum_vocab_2 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    sum_vocab_3 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    # src[regularised.diag:16]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:17]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        # src[maps.diag:11]
        tile_max = tl.max(Z, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], Z, 0.0)
        # src[regularised.diag:22]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        tile_sum_3 = tl.sum(Z, 1)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        Z_2 = tl.where((vocab_index < size_vocab)[None, :], Z, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(Z_2, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z_2 - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        tile = (vocab_index[None, :] == label[:, None]) & (vocab_index < size_vocab)[None, :]
        where_token_vocab = tl.where(tile, Z_2, 0.0)
        # src[regularised.diag:22]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        # src[regularised.diag:7]
        Z_3 = tl.where((vocab_index < size_vocab)[None, :], Z_2, 0.0)
        tile_sum_3 = tl.sum(Z_3, 1)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    scalar = epsilon * (1.0 / tl.cast(size_vocab, tl.float32))
    # src[regularised.diag:22]
    mul_token = scalar * sum_vocab_3
    # src[maps.diag:12]
    log_token = tl.log(sum_vocab)
    add_token = (log_token + ((-1.0 + epsilon) * sum_vocab_2)) + m
    safe_ = tl.where(mul_token == float("-inf"), 0.0, mul_token)
    # src[regularised.diag:23]
    tl.store(out_ptr + token_index * out_stride_token, (add_token - safe_), mask=(token_index < size_token))
    # src[maps.diag:12]
    tl.store(logsum_ptr + token_index * logsum_stride_token, (log_token + m), mask=(token_index < size_token))
    tl.store(state__ptr + token_index * state__stride_token, sum_vocab_2, mask=(token_index < size_token))
    tl.store(state___ptr + token_index * state___stride_token, sum_vocab_3, mask=(token_index < size_token))


@triton.jit
def label_smoothing_backward_d_X_kernel(
    X_ptr, W_ptr, label_ptr, epsilon_ptr, d_out_ptr, logsum_ptr, d_X_ptr, X_stride_token, X_stride_d,
    W_stride_vocab, W_stride_d, label_stride_token, d_out_stride_token, logsum_stride_token, d_X_stride_token,
    d_X_stride_d, size_token, size_d, size_vocab, BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token, mask=(token_index < size_token), other=0.0)
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    mul_token = (-1.0 + epsilon) * d_out
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    mul = (1.0 / tl.cast(size_vocab, tl.float32)) * epsilon
    logsum = tl.load(
        logsum_ptr + token_index * logsum_stride_token,
        mask=(token_index < size_token),
        other=0.0,
    )
    # src[regularised.diag:16]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], mul_token[:, None], 0.0)
        # src[regularised.diag:17]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        mul_token_vocab = (tl.exp(Z - logsum[:, None]) - mul) * d_out[:, None]
        tile_bf16 = (mul_token_vocab + where_token_vocab).to(tl.bfloat16)
        next_acc_vocab = tl.dot(tile_bf16, W, acc_vocab)
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], mul_token[:, None], 0.0)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        mul_token_vocab = (tl.exp(Z - logsum[:, None]) - mul) * d_out[:, None]
        add_token_vocab = tl.where((vocab_index < size_vocab)[None, :], mul_token_vocab + where_token_vocab, 0.0)
        tile_bf16 = add_token_vocab.to(tl.bfloat16)
        next_acc_vocab = tl.dot(tile_bf16, W, acc_vocab)
        acc_vocab = next_acc_vocab
    tl.store(
        d_X_ptr + token_index[:, None] * d_X_stride_token + d_index[None, :] * d_X_stride_d,
        acc_vocab.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def label_smoothing_backward_d_W_kernel(
    X_ptr, W_ptr, label_ptr, epsilon_ptr, d_out_ptr, logsum_ptr, d_W_ptr, X_stride_token, X_stride_d,
    W_stride_vocab, W_stride_d, label_stride_token, d_out_stride_token, logsum_stride_token, d_W_stride_vocab,
    d_W_stride_d, size_token, size_d, size_vocab, BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    d_index = tl.arange(0, BLOCK_D)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_D], 0.0, tl.float32)
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    add = -1.0 + epsilon
    mul = (1.0 / tl.cast(size_vocab, tl.float32)) * epsilon
    # src[regularised.diag:17]
    W = tl.load(
        W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        # src[regularised.diag:16]
        X = load_tile(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
        # src[regularised.diag:18]
        label = tl.load(label_ptr + token_index * label_stride_token)
        where_vocab_token = tl.where(vocab_index[:, None] == label[None, :], (add * d_out)[None, :], 0.0)
        logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
        # src[regularised.diag:7]
        Z = tl.dot(W, tl.trans(X))
        mul_vocab_token = (tl.exp(Z - logsum[None, :]) - mul) * d_out[None, :]
        tile_bf16 = (mul_vocab_token + where_vocab_token).to(tl.bfloat16)
        next_acc_token = tl.dot(tile_bf16, X, acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        # src[regularised.diag:18]
        label = tl.load(
            label_ptr + token_index * label_stride_token,
            mask=(token_index < size_token),
            other=0,
        )
        where_vocab_token = tl.where(vocab_index[:, None] == label[None, :], (add * d_out)[None, :], 0.0)
        logsum = tl.load(
            logsum_ptr + token_index * logsum_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(W, tl.trans(X))
        mul_vocab_token = (tl.exp(Z - logsum[None, :]) - mul) * d_out[None, :]
        add_vocab_token = tl.where((token_index < size_token)[None, :], mul_vocab_token + where_vocab_token, 0.0)
        tile_bf16 = add_vocab_token.to(tl.bfloat16)
        next_acc_token = tl.dot(tile_bf16, X, acc_token)
        acc_token = next_acc_token
    tl.store(
        d_W_ptr + vocab_index[:, None] * d_W_stride_vocab + d_index[None, :] * d_W_stride_d,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def label_smoothing_backward_d_epsilon_rows_kernel(
    d_out_ptr, state__ptr, state___ptr, d_epsilon_ptr, d_out_stride_token, state__stride_token,
    state___stride_token, size_token, size_vocab, BLOCK_TOKEN: tl.constexpr, EXACT_TOKEN: tl.constexpr,
):
    token_index = tl.arange(0, BLOCK_TOKEN)
    d_out = load_tile(
        d_out_ptr + token_index * d_out_stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    state__ = load_tile(
        state___ptr + token_index * state___stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_token = state__ * d_out
    sum_ = tl.sum(mul_token, 0)
    state_ = load_tile(
        state__ptr + token_index * state__stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_token_2 = state_ * d_out
    sum_2 = tl.sum(mul_token_2, 0)
    sub = sum_2 - ((1.0 / tl.cast(size_vocab, tl.float32)) * sum_)
    tl.store(d_epsilon_ptr, sub)


@triton.jit
def label_smoothing_backward_d_epsilon_kernel(
    d_out_ptr, state__ptr, state___ptr, d_epsilon_ptr, d_out_stride_token, state__stride_token,
    state___stride_token, size_token, size_vocab, BLOCK_TOKEN: tl.constexpr,
):
    acc_token = tl.full([], 0.0, tl.float32)
    acc_token_2 = tl.full([], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
        state_ = tl.load(state__ptr + token_index * state__stride_token)
        mul_token = state_ * d_out
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        state__ = tl.load(state___ptr + token_index * state___stride_token)
        mul_token_2 = state__ * d_out
        tile_sum_2 = tl.sum(mul_token_2, 0)
        next_acc_token_2 = acc_token_2 + tile_sum_2
        acc_token = next_acc_token
        acc_token_2 = next_acc_token_2
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + token_index * state__stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        mul_token = state_ * d_out
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        state__ = tl.load(
            state___ptr + token_index * state___stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        mul_token_2 = state__ * d_out
        tile_sum_2 = tl.sum(mul_token_2, 0)
        next_acc_token_2 = acc_token_2 + tile_sum_2
        acc_token = next_acc_token
        acc_token_2 = next_acc_token_2
    mul = (1.0 / tl.cast(size_vocab, tl.float32)) * acc_token_2
    tl.store(d_epsilon_ptr, (acc_token - mul))


@triton.jit
def label_smoothing_long_forward_Z_kernel(
    X_ptr, W_ptr, Z_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, Z_stride_token,
    Z_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    Z = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    tl.store(
        Z_ptr + token_index[:, None] * Z_stride_token + vocab_index[None, :] * Z_stride_vocab,
        Z,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def label_smoothing_long_forward_out_logsum_state__state___rows_kernel(
    label_ptr, epsilon_ptr, Z_ptr, out_ptr, logsum_ptr, state__ptr, state___ptr, label_stride_token,
    Z_stride_token, Z_stride_vocab, out_stride_token, logsum_stride_token, state__stride_token,
    state___stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        0.0,
        EXACT_VOCAB,
    )
    sum_ = tl.sum(Z, 0)
    # src[regularised.diag:22]
    mul = (sum_ * (1.0 / tl.cast(size_vocab, tl.float32))) * epsilon
    tile = tl.where(vocab_index < size_vocab, Z, float("-inf"))
    # src[maps.diag:11]
    max_ = tl.max(tile, 0)
    # src[maps.diag:12]
    sub_vocab = tl.where(vocab_index < size_vocab, Z - tl.where(max_ == float("-inf"), 0.0, max_), float("-inf"))
    exp_vocab = tl.exp(sub_vocab)
    sum_2 = tl.sum(exp_vocab, 0)
    log = tl.log(sum_2)
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token)
    where_vocab = tl.where(vocab_index == label, Z, 0.0)
    # src[regularised.diag:22]
    sum_3 = tl.sum(where_vocab, 0)
    # src[regularised.diag:23]
    sub = ((((-1.0 + epsilon) * sum_3) + log) + max_) - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(out_ptr + token_index * out_stride_token, sub)
    # src[maps.diag:12]
    tl.store(logsum_ptr + token_index * logsum_stride_token, (log + max_))
    tl.store(state__ptr + token_index * state__stride_token, sum_3)
    tl.store(state___ptr + token_index * state___stride_token, sum_)


@triton.jit
def label_smoothing_long_forward_out_logsum_state__state___kernel(
    label_ptr, epsilon_ptr, Z_ptr, out_ptr, logsum_ptr, state__ptr, state___ptr, label_stride_token,
    Z_stride_token, Z_stride_vocab, out_stride_token, logsum_stride_token, state__stride_token,
    state___stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    sum_vocab = tl.full([], 0.0, tl.float32)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab_2 = tl.full([], 0.0, tl.float32)
    sum_vocab_3 = tl.full([], 0.0, tl.float32)
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        where_vocab = tl.where(vocab_index == label, Z, 0.0)
        # src[regularised.diag:22]
        tile_sum = tl.sum(where_vocab, 0)
        next_sum_vocab = sum_vocab + tile_sum
        # src[maps.diag:11]
        tile_max = tl.max(Z, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(Z - safe_next_m)
        tile_sum_2 = tl.sum(exp_vocab, 0)
        next_sum_vocab_2 = (sum_vocab_2 * tl.exp(m - safe_next_m)) + tile_sum_2
        tile_sum_3 = tl.sum(Z, 0)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        sum_vocab = next_sum_vocab
        m = next_m
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=0.0,
        )
        where_vocab = tl.where(vocab_index == label, Z, 0.0)
        # src[regularised.diag:22]
        tile_sum = tl.sum(where_vocab, 0)
        next_sum_vocab = sum_vocab + tile_sum
        tile = tl.where(vocab_index < size_vocab, Z, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(tile, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        sub_vocab = tl.where(vocab_index < size_vocab, Z - safe_next_m, float("-inf"))
        exp_vocab = tl.exp(sub_vocab)
        tile_sum_2 = tl.sum(exp_vocab, 0)
        next_sum_vocab_2 = (sum_vocab_2 * tl.exp(m - safe_next_m)) + tile_sum_2
        tile_sum_3 = tl.sum(Z, 0)
        next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
        sum_vocab = next_sum_vocab
        m = next_m
        sum_vocab_2 = next_sum_vocab_2
        sum_vocab_3 = next_sum_vocab_3
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    scalar = sum_vocab_3 * (1.0 / tl.cast(size_vocab, tl.float32))
    # src[regularised.diag:22]
    mul = scalar * epsilon
    # src[maps.diag:12]
    log = tl.log(sum_vocab_2)
    # src[regularised.diag:23]
    sub = ((((-1.0 + epsilon) * sum_vocab) + log) + m) - tl.where(mul == float("-inf"), 0.0, mul)
    tl.store(out_ptr + token_index * out_stride_token, sub)
    # src[maps.diag:12]
    tl.store(logsum_ptr + token_index * logsum_stride_token, (log + m))
    tl.store(state__ptr + token_index * state__stride_token, sum_vocab)
    tl.store(state___ptr + token_index * state___stride_token, sum_vocab_3)


@triton.jit
def label_smoothing_long_backward_buffer_0_kernel(
    label_ptr, epsilon_ptr, d_out_ptr, logsum_ptr, Z_ptr, buffer_0_ptr, label_stride_token,
    d_out_stride_token, logsum_stride_token, Z_stride_token, Z_stride_vocab, buffer_0_stride_token,
    buffer_0_stride_vocab, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    token_index = program.to(tl.int64)
    # src[regularised.diag:19]
    epsilon = tl.load(epsilon_ptr)
    mul = (1.0 / tl.cast(size_vocab, tl.float32)) * epsilon
    logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
    Z = tl.load(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        mask=(vocab_index < size_vocab),
        other=0.0,
    )
    sub_vocab = Z - tl.where(logsum == float("-inf"), 0.0, logsum)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
    # src[regularised.diag:18]
    label = tl.load(label_ptr + token_index * label_stride_token)
    where_vocab = tl.where(vocab_index == label, d_out * (-1.0 + epsilon), 0.0)
    add_vocab = where_vocab + (d_out * (tl.exp(sub_vocab) - mul))
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
        add_vocab.to(tl.bfloat16),
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def label_smoothing_long_backward_d_epsilon_rows_kernel(
    d_out_ptr, state__ptr, state___ptr, d_epsilon_ptr, d_out_stride_token, state__stride_token,
    state___stride_token, size_token, size_vocab, BLOCK_TOKEN: tl.constexpr, EXACT_TOKEN: tl.constexpr,
):
    token_index = tl.arange(0, BLOCK_TOKEN)
    state__ = load_tile(
        state___ptr + token_index * state___stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    d_out = load_tile(
        d_out_ptr + token_index * d_out_stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_token = d_out * state__
    sum_ = tl.sum(mul_token, 0)
    state_ = load_tile(
        state__ptr + token_index * state__stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_token_2 = d_out * state_
    sum_2 = tl.sum(mul_token_2, 0)
    sub = sum_2 - (sum_ * (1.0 / tl.cast(size_vocab, tl.float32)))
    tl.store(d_epsilon_ptr, sub)


@triton.jit
def label_smoothing_long_backward_d_epsilon_kernel(
    d_out_ptr, state__ptr, state___ptr, d_epsilon_ptr, d_out_stride_token, state__stride_token,
    state___stride_token, size_token, size_vocab, BLOCK_TOKEN: tl.constexpr,
):
    acc_token = tl.full([], 0.0, tl.float32)
    acc_token_2 = tl.full([], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        state_ = tl.load(state__ptr + token_index * state__stride_token)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
        mul_token = d_out * state_
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        state__ = tl.load(state___ptr + token_index * state___stride_token)
        mul_token_2 = d_out * state__
        tile_sum_2 = tl.sum(mul_token_2, 0)
        next_acc_token_2 = acc_token_2 + tile_sum_2
        acc_token = next_acc_token
        acc_token_2 = next_acc_token_2
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        state_ = tl.load(
            state__ptr + token_index * state__stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        mul_token = d_out * state_
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        state__ = tl.load(
            state___ptr + token_index * state___stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        mul_token_2 = d_out * state__
        tile_sum_2 = tl.sum(mul_token_2, 0)
        next_acc_token_2 = acc_token_2 + tile_sum_2
        acc_token = next_acc_token
        acc_token_2 = next_acc_token_2
    mul = acc_token_2 * (1.0 / tl.cast(size_vocab, tl.float32))
    tl.store(d_epsilon_ptr, (acc_token - mul))


@triton.jit
def label_smoothing_long_backward_d_X_kernel(
    W_ptr, buffer_0_ptr, d_X_ptr, W_stride_vocab, W_stride_d, buffer_0_stride_token, buffer_0_stride_vocab,
    d_X_stride_token, d_X_stride_d, size_vocab, size_d, size_token, BLOCK_VOCAB: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[None, :] * W_stride_vocab + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[:, None] * buffer_0_stride_token + vocab_index[None, :] * buffer_0_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(buffer_0, tl.trans(W), acc_vocab)
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:17]
        W = tl.load(
            W_ptr + vocab_index[None, :] * W_stride_vocab + d_index[:, None] * W_stride_d,
            mask=(vocab_index < size_vocab)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[:, None] * buffer_0_stride_token + vocab_index[None, :] * buffer_0_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        next_acc_vocab = tl.dot(buffer_0, tl.trans(W), acc_vocab)
        acc_vocab = next_acc_vocab
    tl.store(
        d_X_ptr + token_index[:, None] * d_X_stride_token + d_index[None, :] * d_X_stride_d,
        acc_vocab.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def label_smoothing_long_backward_d_W_kernel(
    X_ptr, buffer_0_ptr, d_W_ptr, X_stride_token, X_stride_d, buffer_0_stride_token, buffer_0_stride_vocab,
    d_W_stride_vocab, d_W_stride_d, size_token, size_d, size_vocab, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_D], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[None, :] * X_stride_token + d_index[:, None] * X_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[None, :] * buffer_0_stride_token + vocab_index[:, None] * buffer_0_stride_vocab,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_0, tl.trans(X), acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        # src[regularised.diag:16]
        X = tl.load(
            X_ptr + token_index[None, :] * X_stride_token + d_index[:, None] * X_stride_d,
            mask=(token_index < size_token)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[None, :] * buffer_0_stride_token + vocab_index[:, None] * buffer_0_stride_vocab,
            mask=(token_index < size_token)[None, :] & (vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_0, tl.trans(X), acc_token)
        acc_token = next_acc_token
    tl.store(
        d_W_ptr + vocab_index[:, None] * d_W_stride_vocab + d_index[None, :] * d_W_stride_d,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _label_smoothing(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    epsilon: torch.Tensor,
) -> torch.Tensor:
    """_label_smoothing(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("epsilon", epsilon, torch.float32, 0, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    out = torch.empty((token,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    label_smoothing_kernel[grid](
        X, W, label, epsilon, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0),
        out.stride(0), token, d, vocab, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _label_smoothing_long_Z(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_label_smoothing_long_Z(X: bf16[token d], W: bf16[vocab d]) -> Z: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    Z = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(Z):
        return Z
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    label_smoothing_long_Z_kernel[grid](
        X, W, Z, X.stride(0), X.stride(1), W.stride(0), W.stride(1), Z.stride(0), Z.stride(1), token, d,
        vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return Z


@_operator
def _label_smoothing_long_out(label: torch.Tensor, epsilon: torch.Tensor, Z: torch.Tensor) -> torch.Tensor:
    """_label_smoothing_long_out(label: i32[token] in vocab, epsilon: f32[], Z: f32[token vocab]) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("epsilon", epsilon, torch.float32, 0, label.device)
    _check("Z", Z, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = Z.shape
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if Z.shape != (token, vocab):
        raise ValueError(f"Z: f32[token vocab] has shape {Z.shape}, expected {(token, vocab)}")
    out = torch.empty((token,), dtype=torch.float32, device=label.device)
    if _is_traced(out):
        return out
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        label_smoothing_long_out_rows_kernel[grid](
            label, epsilon, Z, out, label.stride(0), Z.stride(0), Z.stride(1), out.stride(0), token, vocab,
            BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    label_smoothing_long_out_kernel[grid](
        label, epsilon, Z, out, label.stride(0), Z.stride(0), Z.stride(1), out.stride(0), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _label_smoothing_forward(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    epsilon: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_label_smoothing_forward(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> out: f32[token], logsum: f32[token], state_: f32[token], state__: f32[token]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("epsilon", epsilon, torch.float32, 0, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    out = torch.empty((token,), dtype=torch.float32, device=X.device)
    logsum = torch.empty((token,), dtype=torch.float32, device=X.device)
    state_ = torch.empty((token,), dtype=torch.float32, device=X.device)
    state__ = torch.empty((token,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, logsum, state_, state__
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    label_smoothing_forward_kernel[grid](
        X, W, label, epsilon, out, logsum, state_, state__, X.stride(0), X.stride(1), W.stride(0),
        W.stride(1), label.stride(0), out.stride(0), logsum.stride(0), state_.stride(0), state__.stride(0),
        token, d, vocab, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum, state_, state__


@_operator
def _label_smoothing_backward_d_X(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    epsilon: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_label_smoothing_backward_d_X(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[], d_out: f32[token], logsum: f32[token]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("epsilon", epsilon, torch.float32, 0, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_X = torch.empty((token, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    label_smoothing_backward_d_X_kernel[grid](
        X, W, label, epsilon, d_out, logsum, d_X, X.stride(0), X.stride(1), W.stride(0), W.stride(1),
        label.stride(0), d_out.stride(0), logsum.stride(0), d_X.stride(0), d_X.stride(1), token, d, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _label_smoothing_backward_d_W(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    epsilon: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_label_smoothing_backward_d_W(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[], d_out: f32[token], logsum: f32[token]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("epsilon", epsilon, torch.float32, 0, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_W = torch.empty((vocab, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_VOCAB, BLOCK_TOKEN, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_VOCAB, BLOCK_TOKEN, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_VOCAB, BLOCK_TOKEN, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(vocab, BLOCK_VOCAB),)
    label_smoothing_backward_d_W_kernel[grid](
        X, W, label, epsilon, d_out, logsum, d_W, X.stride(0), X.stride(1), W.stride(0), W.stride(1),
        label.stride(0), d_out.stride(0), logsum.stride(0), d_W.stride(0), d_W.stride(1), token, d, vocab,
        BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _label_smoothing_backward_d_epsilon(
    d_out: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    vocab: int,
) -> torch.Tensor:
    """_label_smoothing_backward_d_epsilon(d_out: f32[token], state_: f32[token], state__: f32[token]) -> d_epsilon: f32[]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 1, d_out.device)
    _check("state_", state_, torch.float32, 1, d_out.device)
    _check("state__", state__, torch.float32, 1, d_out.device)
    (token,) = d_out.shape
    if state_.shape != (token,):
        raise ValueError(f"state_: f32[token] has shape {state_.shape}, expected {(token,)}")
    if state__.shape != (token,):
        raise ValueError(f"state__: f32[token] has shape {state__.shape}, expected {(token,)}")
    d_epsilon = torch.empty((), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_epsilon):
        return d_epsilon
    BLOCK_TOKEN = max(16, triton.next_power_of_2(token))
    if BLOCK_TOKEN <= 16384:
        if BLOCK_TOKEN <= 1024:
            warps, stages = 4, 1
        elif BLOCK_TOKEN <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        label_smoothing_backward_d_epsilon_rows_kernel[grid](
            d_out, state_, state__, d_epsilon, d_out.stride(0), state_.stride(0), state__.stride(0), token,
            vocab, BLOCK_TOKEN=BLOCK_TOKEN, EXACT_TOKEN=token == BLOCK_TOKEN, num_warps=warps,
            num_stages=stages,
        )
        return d_epsilon
    BLOCK_TOKEN, warps, stages = 4096, 8, 2
    grid = (1,)
    label_smoothing_backward_d_epsilon_kernel[grid](
        d_out, state_, state__, d_epsilon, d_out.stride(0), state_.stride(0), state__.stride(0), token, vocab,
        BLOCK_TOKEN=BLOCK_TOKEN, num_warps=warps, num_stages=stages,
    )
    return d_epsilon


@_operator
def _label_smoothing_long_forward_Z(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_label_smoothing_long_forward_Z(X: bf16[token d], W: bf16[vocab d]) -> Z: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    Z = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(Z):
        return Z
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    label_smoothing_long_forward_Z_kernel[grid](
        X, W, Z, X.stride(0), X.stride(1), W.stride(0), W.stride(1), Z.stride(0), Z.stride(1), token, d,
        vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return Z


@_operator
def _label_smoothing_long_forward_out_logsum_state__state__(
    label: torch.Tensor,
    epsilon: torch.Tensor,
    Z: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """_label_smoothing_long_forward_out_logsum_state__state__(label: i32[token] in vocab, epsilon: f32[], Z: f32[token vocab]) -> out: f32[token], logsum: f32[token], state_: f32[token], state__: f32[token]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("epsilon", epsilon, torch.float32, 0, label.device)
    _check("Z", Z, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = Z.shape
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if Z.shape != (token, vocab):
        raise ValueError(f"Z: f32[token vocab] has shape {Z.shape}, expected {(token, vocab)}")
    out = torch.empty((token,), dtype=torch.float32, device=label.device)
    logsum = torch.empty((token,), dtype=torch.float32, device=label.device)
    state_ = torch.empty((token,), dtype=torch.float32, device=label.device)
    state__ = torch.empty((token,), dtype=torch.float32, device=label.device)
    if _is_traced(out):
        return out, logsum, state_, state__
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        label_smoothing_long_forward_out_logsum_state__state___rows_kernel[grid](
            label, epsilon, Z, out, logsum, state_, state__, label.stride(0), Z.stride(0), Z.stride(1),
            out.stride(0), logsum.stride(0), state_.stride(0), state__.stride(0), token, vocab,
            BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return out, logsum, state_, state__
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    label_smoothing_long_forward_out_logsum_state__state___kernel[grid](
        label, epsilon, Z, out, logsum, state_, state__, label.stride(0), Z.stride(0), Z.stride(1),
        out.stride(0), logsum.stride(0), state_.stride(0), state__.stride(0), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out, logsum, state_, state__


@_operator
def _label_smoothing_long_backward_buffer_0(
    label: torch.Tensor,
    epsilon: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    Z: torch.Tensor,
) -> torch.Tensor:
    """_label_smoothing_long_backward_buffer_0(label: i32[token] in vocab, epsilon: f32[], d_out: f32[token], logsum: f32[token], Z: f32[token vocab]) -> buffer_0: bf16[token vocab]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("epsilon", epsilon, torch.float32, 0, label.device)
    _check("d_out", d_out, torch.float32, 1, label.device)
    _check("logsum", logsum, torch.float32, 1, label.device)
    _check("Z", Z, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = Z.shape
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    if Z.shape != (token, vocab):
        raise ValueError(f"Z: f32[token vocab] has shape {Z.shape}, expected {(token, vocab)}")
    buffer_0 = torch.empty((token, vocab), dtype=torch.bfloat16, device=label.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_VOCAB, warps, stages = 1024, 4, 1
    grid = (token * triton.cdiv(vocab, BLOCK_VOCAB),)
    label_smoothing_long_backward_buffer_0_kernel[grid](
        label, epsilon, d_out, logsum, Z, buffer_0, label.stride(0), d_out.stride(0), logsum.stride(0),
        Z.stride(0), Z.stride(1), buffer_0.stride(0), buffer_0.stride(1), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _label_smoothing_long_backward_d_epsilon(
    d_out: torch.Tensor,
    state_: torch.Tensor,
    state__: torch.Tensor,
    vocab: int,
) -> torch.Tensor:
    """_label_smoothing_long_backward_d_epsilon(d_out: f32[token], state_: f32[token], state__: f32[token]) -> d_epsilon: f32[]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 1, d_out.device)
    _check("state_", state_, torch.float32, 1, d_out.device)
    _check("state__", state__, torch.float32, 1, d_out.device)
    (token,) = d_out.shape
    if state_.shape != (token,):
        raise ValueError(f"state_: f32[token] has shape {state_.shape}, expected {(token,)}")
    if state__.shape != (token,):
        raise ValueError(f"state__: f32[token] has shape {state__.shape}, expected {(token,)}")
    d_epsilon = torch.empty((), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_epsilon):
        return d_epsilon
    BLOCK_TOKEN = max(16, triton.next_power_of_2(token))
    if BLOCK_TOKEN <= 16384:
        if BLOCK_TOKEN <= 1024:
            warps, stages = 4, 1
        elif BLOCK_TOKEN <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        label_smoothing_long_backward_d_epsilon_rows_kernel[grid](
            d_out, state_, state__, d_epsilon, d_out.stride(0), state_.stride(0), state__.stride(0), token,
            vocab, BLOCK_TOKEN=BLOCK_TOKEN, EXACT_TOKEN=token == BLOCK_TOKEN, num_warps=warps,
            num_stages=stages,
        )
        return d_epsilon
    BLOCK_TOKEN, warps, stages = 4096, 8, 2
    grid = (1,)
    label_smoothing_long_backward_d_epsilon_kernel[grid](
        d_out, state_, state__, d_epsilon, d_out.stride(0), state_.stride(0), state__.stride(0), token, vocab,
        BLOCK_TOKEN=BLOCK_TOKEN, num_warps=warps, num_stages=stages,
    )
    return d_epsilon


@_operator
def _label_smoothing_long_backward_d_X(W: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_label_smoothing_long_backward_d_X(W: bf16[vocab d], buffer_0: bf16[token vocab]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, W.device)
    vocab, d = W.shape
    token, _ = buffer_0.shape
    if buffer_0.shape != (token, vocab):
        raise ValueError(f"buffer_0: bf16[token vocab] has shape {buffer_0.shape}, expected {(token, vocab)}")
    d_X = torch.empty((token, d), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_TOKEN, BLOCK_D, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(d, BLOCK_D),)
    label_smoothing_long_backward_d_X_kernel[grid](
        W, buffer_0, d_X, W.stride(0), W.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
        d_X.stride(1), vocab, d, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _label_smoothing_long_backward_d_W(X: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_label_smoothing_long_backward_d_W(X: bf16[token d], buffer_0: bf16[token vocab]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, X.device)
    token, d = X.shape
    _, vocab = buffer_0.shape
    if buffer_0.shape != (token, vocab):
        raise ValueError(f"buffer_0: bf16[token vocab] has shape {buffer_0.shape}, expected {(token, vocab)}")
    d_W = torch.empty((vocab, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_VOCAB, BLOCK_D, BLOCK_TOKEN, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(vocab, BLOCK_VOCAB) * triton.cdiv(d, BLOCK_D),)
    label_smoothing_long_backward_d_W_kernel[grid](
        X, buffer_0, d_W, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_W.stride(0),
        d_W.stride(1), token, d, vocab, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


class _label_smoothing_autograd(torch.autograd.Function):
    """label_smoothing and its derivative."""

    @staticmethod
    def forward(ctx, X, W, label, epsilon):
        vocab, _ = W.shape
        out, logsum, state_, state__ = _label_smoothing_forward(X, W, label, epsilon)
        ctx.save_for_backward(X, W, label, epsilon, logsum, state_, state__)
        ctx.sizes = (vocab,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, label, epsilon, logsum, state_, state__ = ctx.saved_tensors
        (vocab,) = ctx.sizes
        d_X = _label_smoothing_backward_d_X(X, W, label, epsilon, d_out, logsum)
        d_W = _label_smoothing_backward_d_W(X, W, label, epsilon, d_out, logsum)
        d_epsilon = _label_smoothing_backward_d_epsilon(d_out, state_, state__, vocab)
        return d_X, d_W, None, d_epsilon


class _label_smoothing_long_autograd(torch.autograd.Function):
    """label_smoothing and its derivative."""

    @staticmethod
    def forward(ctx, X, W, label, epsilon):
        vocab, _ = W.shape
        Z = _label_smoothing_long_forward_Z(X, W)
        out, logsum, state_, state__ = _label_smoothing_long_forward_out_logsum_state__state__(label, epsilon, Z)
        ctx.save_for_backward(X, W, label, epsilon, logsum, Z, state_, state__)
        ctx.sizes = (vocab,)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, label, epsilon, logsum, Z, state_, state__ = ctx.saved_tensors
        (vocab,) = ctx.sizes
        buffer_0 = _label_smoothing_long_backward_buffer_0(label, epsilon, d_out, logsum, Z)
        d_epsilon = _label_smoothing_long_backward_d_epsilon(d_out, state_, state__, vocab)
        d_X = _label_smoothing_long_backward_d_X(W, buffer_0)
        d_W = _label_smoothing_long_backward_d_W(X, buffer_0)
        return d_X, d_W, None, d_epsilon


@_anywhere(torch.bfloat16, torch.bfloat16, torch.int32, torch.float32)
def label_smoothing(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    epsilon: torch.Tensor,
) -> torch.Tensor:
    """label_smoothing(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> out: f32[token]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, epsilon)):
        if d <= 256 and d <= 256:
            return _label_smoothing_autograd.apply(X, W, label, epsilon)
        return _label_smoothing_long_autograd.apply(X, W, label, epsilon)
    if d <= 256:
        out = _label_smoothing(X, W, label, epsilon)
        return out
    Z = _label_smoothing_long_Z(X, W)
    out_2 = _label_smoothing_long_out(label, epsilon, Z)
    return out_2


@triton.jit
def z_loss_kernel(
    X_ptr, W_ptr, label_ptr, weight_ptr, out_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d,
    label_stride_token, out_stride_token, size_token, size_d, size_vocab, BLOCK_VOCAB: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    m = tl.full([BLOCK_TOKEN], float("-inf"), tl.float32)
    sum_vocab = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    sum_vocab_2 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    # src[regularised.diag:28]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:29]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        # src[maps.diag:11]
        tile_max = tl.max(Z, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], Z, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        Z_2 = tl.where((vocab_index < size_vocab)[None, :], Z, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(Z_2, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z_2 - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        tile = (vocab_index[None, :] == label[:, None]) & (vocab_index < size_vocab)[None, :]
        where_token_vocab = tl.where(tile, Z_2, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[maps.diag:12]
    log_token = tl.log(sum_vocab)
    L = log_token + m
    # src[regularised.diag:35]
    sub_token = ((log_token + ((weight * L) * L)) + m) - sum_vocab_2
    tl.store(out_ptr + token_index * out_stride_token, sub_token, mask=(token_index < size_token))


@triton.jit
def z_loss_long_Z_kernel(
    X_ptr, W_ptr, Z_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, Z_stride_token,
    Z_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    Z = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    tl.store(
        Z_ptr + token_index[:, None] * Z_stride_token + vocab_index[None, :] * Z_stride_vocab,
        Z,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def z_loss_long_out_rows_kernel(
    label_ptr, weight_ptr, Z_ptr, out_ptr, label_stride_token, Z_stride_token, Z_stride_vocab,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token)
    tile = (vocab_index == label) & (vocab_index < size_vocab)
    where_vocab = tl.where(tile, Z, 0.0)
    # src[regularised.diag:35]
    sum_ = tl.sum(where_vocab, 0)
    # src[maps.diag:11]
    max_ = tl.max(Z, 0)
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[maps.diag:12]
    exp_vocab = tl.exp(Z - tl.where(max_ == float("-inf"), 0.0, max_))
    sum_2 = tl.sum(exp_vocab, 0)
    log = tl.log(sum_2)
    L = log + max_
    # src[regularised.diag:35]
    tl.store(out_ptr + token_index * out_stride_token, (((log + ((L * L) * weight)) + max_) - sum_))


@triton.jit
def z_loss_long_out_kernel(
    label_ptr, weight_ptr, Z_ptr, out_ptr, label_stride_token, Z_stride_token, Z_stride_vocab,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    sum_vocab_2 = tl.full([], 0.0, tl.float32)
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        # src[maps.diag:11]
        tile_max = tl.max(Z, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(Z - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        where_vocab = tl.where(vocab_index == label, Z, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:11]
        tile_max = tl.max(Z, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(Z - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        tile = (vocab_index == label) & (vocab_index < size_vocab)
        where_vocab = tl.where(tile, Z, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[maps.diag:12]
    log = tl.log(sum_vocab)
    L = log + m
    # src[regularised.diag:35]
    tl.store(out_ptr + token_index * out_stride_token, (((log + ((L * L) * weight)) + m) - sum_vocab_2))


@triton.jit
def z_loss_forward_kernel(
    X_ptr, W_ptr, label_ptr, weight_ptr, out_ptr, logsum_ptr, X_stride_token, X_stride_d, W_stride_vocab,
    W_stride_d, label_stride_token, out_stride_token, logsum_stride_token, size_token, size_d, size_vocab,
    BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    m = tl.full([BLOCK_TOKEN], float("-inf"), tl.float32)
    sum_vocab = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    sum_vocab_2 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    # src[regularised.diag:28]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:29]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        # src[maps.diag:11]
        tile_max = tl.max(Z, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], Z, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        Z_2 = tl.where((vocab_index < size_vocab)[None, :], Z, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(Z_2, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(Z_2 - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        tile = (vocab_index[None, :] == label[:, None]) & (vocab_index < size_vocab)[None, :]
        where_token_vocab = tl.where(tile, Z_2, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[maps.diag:12]
    log_token = tl.log(sum_vocab)
    L = m + log_token
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[regularised.diag:35]
    sub_token = ((m + ((weight * L) * L)) + log_token) - sum_vocab_2
    tl.store(out_ptr + token_index * out_stride_token, sub_token, mask=(token_index < size_token))
    tl.store(logsum_ptr + token_index * logsum_stride_token, L, mask=(token_index < size_token))


@triton.jit
def z_loss_backward_d_X_kernel(
    X_ptr, W_ptr, label_ptr, weight_ptr, d_out_ptr, logsum_ptr, d_X_ptr, X_stride_token, X_stride_d,
    W_stride_vocab, W_stride_d, label_stride_token, d_out_stride_token, logsum_stride_token, d_X_stride_token,
    d_X_stride_d, size_token, size_d, size_vocab, BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token, mask=(token_index < size_token), other=0.0)
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    logsum = tl.load(
        logsum_ptr + token_index * logsum_stride_token,
        mask=(token_index < size_token),
        other=0.0,
    )
    add_token = ((2.0 * weight) * logsum) + 1.0
    # src[regularised.diag:28]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], d_out[:, None], 0.0)
        # src[regularised.diag:29]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        mul_token_vocab = (d_out * add_token)[:, None] * tl.exp(Z - logsum[:, None])
        safe_ = tl.where(where_token_vocab == float("-inf"), 0.0, where_token_vocab)
        tile_bf16 = (mul_token_vocab - safe_).to(tl.bfloat16)
        next_acc_vocab = tl.dot(tile_bf16, W, acc_vocab)
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], d_out[:, None], 0.0)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(X, tl.trans(W))
        mul_token_vocab = (d_out * add_token)[:, None] * tl.exp(Z - logsum[:, None])
        safe_ = tl.where(where_token_vocab == float("-inf"), 0.0, where_token_vocab)
        sub_token_vocab = tl.where((vocab_index < size_vocab)[None, :], mul_token_vocab - safe_, 0.0)
        tile_bf16 = sub_token_vocab.to(tl.bfloat16)
        next_acc_vocab = tl.dot(tile_bf16, W, acc_vocab)
        acc_vocab = next_acc_vocab
    tl.store(
        d_X_ptr + token_index[:, None] * d_X_stride_token + d_index[None, :] * d_X_stride_d,
        acc_vocab.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def z_loss_backward_d_W_kernel(
    X_ptr, W_ptr, label_ptr, weight_ptr, d_out_ptr, logsum_ptr, d_W_ptr, X_stride_token, X_stride_d,
    W_stride_vocab, W_stride_d, label_stride_token, d_out_stride_token, logsum_stride_token, d_W_stride_vocab,
    d_W_stride_d, size_token, size_d, size_vocab, BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    d_index = tl.arange(0, BLOCK_D)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_D], 0.0, tl.float32)
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[regularised.diag:29]
    W = tl.load(
        W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
        # src[regularised.diag:30]
        label = tl.load(label_ptr + token_index * label_stride_token)
        where_vocab_token = tl.where(vocab_index[:, None] == label[None, :], d_out[None, :], 0.0)
        logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
        # src[regularised.diag:28]
        X = load_tile(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[regularised.diag:7]
        Z = tl.dot(W, tl.trans(X))
        mul_vocab_token = (d_out * (((2.0 * weight) * logsum) + 1.0))[None, :] * tl.exp(Z - logsum[None, :])
        safe_ = tl.where(where_vocab_token == float("-inf"), 0.0, where_vocab_token)
        tile_bf16 = (mul_vocab_token - safe_).to(tl.bfloat16)
        next_acc_token = tl.dot(tile_bf16, X, acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        # src[regularised.diag:30]
        label = tl.load(
            label_ptr + token_index * label_stride_token,
            mask=(token_index < size_token),
            other=0,
        )
        where_vocab_token = tl.where(vocab_index[:, None] == label[None, :], d_out[None, :], 0.0)
        logsum = tl.load(
            logsum_ptr + token_index * logsum_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        Z = tl.dot(W, tl.trans(X))
        mul_vocab_token = (d_out * (((2.0 * weight) * logsum) + 1.0))[None, :] * tl.exp(Z - logsum[None, :])
        safe_ = tl.where(where_vocab_token == float("-inf"), 0.0, where_vocab_token)
        sub_vocab_token = tl.where((token_index < size_token)[None, :], mul_vocab_token - safe_, 0.0)
        tile_bf16 = sub_vocab_token.to(tl.bfloat16)
        next_acc_token = tl.dot(tile_bf16, X, acc_token)
        acc_token = next_acc_token
    tl.store(
        d_W_ptr + vocab_index[:, None] * d_W_stride_vocab + d_index[None, :] * d_W_stride_d,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def z_loss_backward_d_weight_rows_kernel(
    d_out_ptr,
    logsum_ptr,
    d_weight_ptr,
    d_out_stride_token,
    logsum_stride_token,
    size_token,
    BLOCK_TOKEN: tl.constexpr,
    EXACT_TOKEN: tl.constexpr,
):
    token_index = tl.arange(0, BLOCK_TOKEN)
    d_out = load_tile(
        d_out_ptr + token_index * d_out_stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    logsum = load_tile(
        logsum_ptr + token_index * logsum_stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_token = (logsum * logsum) * d_out
    sum_ = tl.sum(mul_token, 0)
    tl.store(d_weight_ptr, sum_)


@triton.jit
def z_loss_backward_d_weight_kernel(
    d_out_ptr,
    logsum_ptr,
    d_weight_ptr,
    d_out_stride_token,
    logsum_stride_token,
    size_token,
    BLOCK_TOKEN: tl.constexpr,
):
    acc_token = tl.full([], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
        logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
        mul_token = (logsum * logsum) * d_out
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        logsum = tl.load(
            logsum_ptr + token_index * logsum_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        mul_token = (logsum * logsum) * d_out
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        acc_token = next_acc_token
    tl.store(d_weight_ptr, acc_token)


@triton.jit
def z_loss_long_forward_Z_kernel(
    X_ptr, W_ptr, Z_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, Z_stride_token,
    Z_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    Z = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[regularised.diag:7]
        next_Z = tl.dot(X, tl.trans(W), Z)
        Z = next_Z
    tl.store(
        Z_ptr + token_index[:, None] * Z_stride_token + vocab_index[None, :] * Z_stride_vocab,
        Z,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def z_loss_long_forward_out_logsum_rows_kernel(
    label_ptr, weight_ptr, Z_ptr, out_ptr, logsum_ptr, label_stride_token, Z_stride_token, Z_stride_vocab,
    out_stride_token, logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
    EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    Z = load_tile(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token)
    tile = (vocab_index == label) & (vocab_index < size_vocab)
    where_vocab = tl.where(tile, Z, 0.0)
    # src[regularised.diag:35]
    sum_ = tl.sum(where_vocab, 0)
    # src[maps.diag:11]
    max_ = tl.max(Z, 0)
    # src[maps.diag:12]
    exp_vocab = tl.exp(Z - tl.where(max_ == float("-inf"), 0.0, max_))
    sum_2 = tl.sum(exp_vocab, 0)
    log = tl.log(sum_2)
    L = max_ + log
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[regularised.diag:35]
    tl.store(out_ptr + token_index * out_stride_token, (((max_ + ((weight * L) * L)) + log) - sum_))
    tl.store(logsum_ptr + token_index * logsum_stride_token, L)


@triton.jit
def z_loss_long_forward_out_logsum_kernel(
    label_ptr, weight_ptr, Z_ptr, out_ptr, logsum_ptr, label_stride_token, Z_stride_token, Z_stride_vocab,
    out_stride_token, logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    sum_vocab_2 = tl.full([], 0.0, tl.float32)
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab)
        # src[maps.diag:11]
        tile_max = tl.max(Z, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(Z - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        where_vocab = tl.where(vocab_index == label, Z, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        Z = tl.load(
            Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:11]
        tile_max = tl.max(Z, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(Z - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        tile = (vocab_index == label) & (vocab_index < size_vocab)
        where_vocab = tl.where(tile, Z, 0.0)
        # src[regularised.diag:35]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[maps.diag:12]
    log = tl.log(sum_vocab)
    L = m + log
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    # src[regularised.diag:35]
    tl.store(out_ptr + token_index * out_stride_token, (((m + ((weight * L) * L)) + log) - sum_vocab_2))
    tl.store(logsum_ptr + token_index * logsum_stride_token, L)


@triton.jit
def z_loss_long_backward_buffer_0_kernel(
    label_ptr, weight_ptr, d_out_ptr, logsum_ptr, Z_ptr, buffer_0_ptr, label_stride_token, d_out_stride_token,
    logsum_stride_token, Z_stride_token, Z_stride_vocab, buffer_0_stride_token, buffer_0_stride_vocab,
    size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    token_index = program.to(tl.int64)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
    # src[regularised.diag:30]
    label = tl.load(label_ptr + token_index * label_stride_token)
    where_vocab = tl.where(label == vocab_index, d_out, 0.0)
    # src[regularised.diag:31]
    weight = tl.load(weight_ptr)
    logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
    Z = tl.load(
        Z_ptr + token_index * Z_stride_token + vocab_index * Z_stride_vocab,
        mask=(vocab_index < size_vocab),
        other=0.0,
    )
    sub_vocab = Z - tl.where(logsum == float("-inf"), 0.0, logsum)
    mul_vocab = (d_out * (((logsum * 2.0) * weight) + 1.0)) * tl.exp(sub_vocab)
    safe_ = tl.where(where_vocab == float("-inf"), 0.0, where_vocab)
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
        (mul_vocab - safe_).to(tl.bfloat16),
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def z_loss_long_backward_d_weight_rows_kernel(
    d_out_ptr,
    logsum_ptr,
    d_weight_ptr,
    d_out_stride_token,
    logsum_stride_token,
    size_token,
    BLOCK_TOKEN: tl.constexpr,
    EXACT_TOKEN: tl.constexpr,
):
    token_index = tl.arange(0, BLOCK_TOKEN)
    logsum = load_tile(
        logsum_ptr + token_index * logsum_stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    d_out = load_tile(
        d_out_ptr + token_index * d_out_stride_token,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_token = (d_out * logsum) * logsum
    sum_ = tl.sum(mul_token, 0)
    tl.store(d_weight_ptr, sum_)


@triton.jit
def z_loss_long_backward_d_weight_kernel(
    d_out_ptr,
    logsum_ptr,
    d_weight_ptr,
    d_out_stride_token,
    logsum_stride_token,
    size_token,
    BLOCK_TOKEN: tl.constexpr,
):
    acc_token = tl.full([], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
        mul_token = (d_out * logsum) * logsum
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        logsum = tl.load(
            logsum_ptr + token_index * logsum_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token,
            mask=(token_index < size_token),
            other=0.0,
        )
        mul_token = (d_out * logsum) * logsum
        tile_sum = tl.sum(mul_token, 0)
        next_acc_token = acc_token + tile_sum
        acc_token = next_acc_token
    tl.store(d_weight_ptr, acc_token)


@triton.jit
def z_loss_long_backward_d_X_kernel(
    W_ptr, buffer_0_ptr, d_X_ptr, W_stride_vocab, W_stride_d, buffer_0_stride_token, buffer_0_stride_vocab,
    d_X_stride_token, d_X_stride_d, size_vocab, size_d, size_token, BLOCK_VOCAB: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[:, None] * buffer_0_stride_token + vocab_index[None, :] * buffer_0_stride_vocab,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[None, :] * W_stride_vocab + d_index[:, None] * W_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(buffer_0, tl.trans(W), acc_vocab)
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[:, None] * buffer_0_stride_token + vocab_index[None, :] * buffer_0_stride_vocab,
            mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
            other=0.0,
        )
        # src[regularised.diag:29]
        W = tl.load(
            W_ptr + vocab_index[None, :] * W_stride_vocab + d_index[:, None] * W_stride_d,
            mask=(vocab_index < size_vocab)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_vocab = tl.dot(buffer_0, tl.trans(W), acc_vocab)
        acc_vocab = next_acc_vocab
    tl.store(
        d_X_ptr + token_index[:, None] * d_X_stride_token + d_index[None, :] * d_X_stride_d,
        acc_vocab.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
    )


@triton.jit
def z_loss_long_backward_d_W_kernel(
    X_ptr, buffer_0_ptr, d_W_ptr, X_stride_token, X_stride_d, buffer_0_stride_token, buffer_0_stride_vocab,
    d_W_stride_vocab, d_W_stride_d, size_token, size_d, size_vocab, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(size_d, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(size_d, BLOCK_D)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_D], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[None, :] * buffer_0_stride_token + vocab_index[:, None] * buffer_0_stride_vocab,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[None, :] * X_stride_token + d_index[:, None] * X_stride_d,
            mask=(d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_0, tl.trans(X), acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        buffer_0 = tl.load(
            buffer_0_ptr + token_index[None, :] * buffer_0_stride_token + vocab_index[:, None] * buffer_0_stride_vocab,
            mask=(token_index < size_token)[None, :] & (vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[regularised.diag:28]
        X = tl.load(
            X_ptr + token_index[None, :] * X_stride_token + d_index[:, None] * X_stride_d,
            mask=(token_index < size_token)[None, :] & (d_index < size_d)[:, None],
            other=0.0,
        )
        next_acc_token = tl.dot(buffer_0, tl.trans(X), acc_token)
        acc_token = next_acc_token
    tl.store(
        d_W_ptr + vocab_index[:, None] * d_W_stride_vocab + d_index[None, :] * d_W_stride_d,
        acc_token.to(tl.bfloat16),
        mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
    )


@_operator
def _z_loss(X: torch.Tensor, W: torch.Tensor, label: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """_z_loss(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("weight", weight, torch.float32, 0, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    out = torch.empty((token,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    z_loss_kernel[grid](
        X, W, label, weight, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0),
        out.stride(0), token, d, vocab, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _z_loss_long_Z(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_z_loss_long_Z(X: bf16[token d], W: bf16[vocab d]) -> Z: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    Z = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(Z):
        return Z
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    z_loss_long_Z_kernel[grid](
        X, W, Z, X.stride(0), X.stride(1), W.stride(0), W.stride(1), Z.stride(0), Z.stride(1), token, d,
        vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return Z


@_operator
def _z_loss_long_out(label: torch.Tensor, weight: torch.Tensor, Z: torch.Tensor) -> torch.Tensor:
    """_z_loss_long_out(label: i32[token] in vocab, weight: f32[], Z: f32[token vocab]) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("weight", weight, torch.float32, 0, label.device)
    _check("Z", Z, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = Z.shape
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    if Z.shape != (token, vocab):
        raise ValueError(f"Z: f32[token vocab] has shape {Z.shape}, expected {(token, vocab)}")
    out = torch.empty((token,), dtype=torch.float32, device=label.device)
    if _is_traced(out):
        return out
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        z_loss_long_out_rows_kernel[grid](
            label, weight, Z, out, label.stride(0), Z.stride(0), Z.stride(1), out.stride(0), token, vocab,
            BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    z_loss_long_out_kernel[grid](
        label, weight, Z, out, label.stride(0), Z.stride(0), Z.stride(1), out.stride(0), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _z_loss_forward(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_z_loss_forward(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> out: f32[token], logsum: f32[token]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("weight", weight, torch.float32, 0, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    out = torch.empty((token,), dtype=torch.float32, device=X.device)
    logsum = torch.empty((token,), dtype=torch.float32, device=X.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    z_loss_forward_kernel[grid](
        X, W, label, weight, out, logsum, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0),
        out.stride(0), logsum.stride(0), token, d, vocab, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D,
        BLOCK_TOKEN=BLOCK_TOKEN, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _z_loss_backward_d_X(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_z_loss_backward_d_X(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[], d_out: f32[token], logsum: f32[token]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("weight", weight, torch.float32, 0, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_X = torch.empty((token, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_TOKEN, BLOCK_VOCAB, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    z_loss_backward_d_X_kernel[grid](
        X, W, label, weight, d_out, logsum, d_X, X.stride(0), X.stride(1), W.stride(0), W.stride(1),
        label.stride(0), d_out.stride(0), logsum.stride(0), d_X.stride(0), d_X.stride(1), token, d, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _z_loss_backward_d_W(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_z_loss_backward_d_W(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[], d_out: f32[token], logsum: f32[token]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("weight", weight, torch.float32, 0, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_W = torch.empty((vocab, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_D = max(16, triton.next_power_of_2(d))
    if BLOCK_D > 256:
        raise ValueError(f"d = {BLOCK_D}: at most 256 elements are held on chip")
    if BLOCK_D <= 64:
        BLOCK_VOCAB, BLOCK_TOKEN, warps, stages = 64, 64, 4, 2
    elif BLOCK_D <= 128:
        BLOCK_VOCAB, BLOCK_TOKEN, warps, stages = 128, 64, 8, 2
    else:
        BLOCK_VOCAB, BLOCK_TOKEN, warps, stages = 64, 16, 8, 2
    grid = (triton.cdiv(vocab, BLOCK_VOCAB),)
    z_loss_backward_d_W_kernel[grid](
        X, W, label, weight, d_out, logsum, d_W, X.stride(0), X.stride(1), W.stride(0), W.stride(1),
        label.stride(0), d_out.stride(0), logsum.stride(0), d_W.stride(0), d_W.stride(1), token, d, vocab,
        BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _z_loss_backward_d_weight(d_out: torch.Tensor, logsum: torch.Tensor) -> torch.Tensor:
    """_z_loss_backward_d_weight(d_out: f32[token], logsum: f32[token]) -> d_weight: f32[]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 1, d_out.device)
    _check("logsum", logsum, torch.float32, 1, d_out.device)
    (token,) = d_out.shape
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_weight = torch.empty((), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_weight):
        return d_weight
    BLOCK_TOKEN = max(16, triton.next_power_of_2(token))
    if BLOCK_TOKEN <= 16384:
        if BLOCK_TOKEN <= 1024:
            warps, stages = 4, 1
        elif BLOCK_TOKEN <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        z_loss_backward_d_weight_rows_kernel[grid](
            d_out, logsum, d_weight, d_out.stride(0), logsum.stride(0), token, BLOCK_TOKEN=BLOCK_TOKEN,
            EXACT_TOKEN=token == BLOCK_TOKEN, num_warps=warps, num_stages=stages,
        )
        return d_weight
    BLOCK_TOKEN, warps, stages = 4096, 8, 2
    grid = (1,)
    z_loss_backward_d_weight_kernel[grid](
        d_out, logsum, d_weight, d_out.stride(0), logsum.stride(0), token, BLOCK_TOKEN=BLOCK_TOKEN,
        num_warps=warps, num_stages=stages,
    )
    return d_weight


@_operator
def _z_loss_long_forward_Z(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_z_loss_long_forward_Z(X: bf16[token d], W: bf16[vocab d]) -> Z: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    Z = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(Z):
        return Z
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    z_loss_long_forward_Z_kernel[grid](
        X, W, Z, X.stride(0), X.stride(1), W.stride(0), W.stride(1), Z.stride(0), Z.stride(1), token, d,
        vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return Z


@_operator
def _z_loss_long_forward_out_logsum(
    label: torch.Tensor,
    weight: torch.Tensor,
    Z: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_z_loss_long_forward_out_logsum(label: i32[token] in vocab, weight: f32[], Z: f32[token vocab]) -> out: f32[token], logsum: f32[token]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("weight", weight, torch.float32, 0, label.device)
    _check("Z", Z, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = Z.shape
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    if Z.shape != (token, vocab):
        raise ValueError(f"Z: f32[token vocab] has shape {Z.shape}, expected {(token, vocab)}")
    out = torch.empty((token,), dtype=torch.float32, device=label.device)
    logsum = torch.empty((token,), dtype=torch.float32, device=label.device)
    if _is_traced(out):
        return out, logsum
    BLOCK_VOCAB = max(16, triton.next_power_of_2(vocab))
    if BLOCK_VOCAB <= 16384:
        if BLOCK_VOCAB <= 1024:
            warps, stages = 4, 1
        elif BLOCK_VOCAB <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token,)
        z_loss_long_forward_out_logsum_rows_kernel[grid](
            label, weight, Z, out, logsum, label.stride(0), Z.stride(0), Z.stride(1), out.stride(0),
            logsum.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB,
            num_warps=warps, num_stages=stages,
        )
        return out, logsum
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    z_loss_long_forward_out_logsum_kernel[grid](
        label, weight, Z, out, logsum, label.stride(0), Z.stride(0), Z.stride(1), out.stride(0),
        logsum.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _z_loss_long_backward_buffer_0(
    label: torch.Tensor,
    weight: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    Z: torch.Tensor,
) -> torch.Tensor:
    """_z_loss_long_backward_buffer_0(label: i32[token] in vocab, weight: f32[], d_out: f32[token], logsum: f32[token], Z: f32[token vocab]) -> buffer_0: bf16[token vocab]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("weight", weight, torch.float32, 0, label.device)
    _check("d_out", d_out, torch.float32, 1, label.device)
    _check("logsum", logsum, torch.float32, 1, label.device)
    _check("Z", Z, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = Z.shape
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    if Z.shape != (token, vocab):
        raise ValueError(f"Z: f32[token vocab] has shape {Z.shape}, expected {(token, vocab)}")
    buffer_0 = torch.empty((token, vocab), dtype=torch.bfloat16, device=label.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_VOCAB, warps, stages = 1024, 4, 1
    grid = (token * triton.cdiv(vocab, BLOCK_VOCAB),)
    z_loss_long_backward_buffer_0_kernel[grid](
        label, weight, d_out, logsum, Z, buffer_0, label.stride(0), d_out.stride(0), logsum.stride(0),
        Z.stride(0), Z.stride(1), buffer_0.stride(0), buffer_0.stride(1), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _z_loss_long_backward_d_weight(d_out: torch.Tensor, logsum: torch.Tensor) -> torch.Tensor:
    """_z_loss_long_backward_d_weight(d_out: f32[token], logsum: f32[token]) -> d_weight: f32[]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.float32, 1, d_out.device)
    _check("logsum", logsum, torch.float32, 1, d_out.device)
    (token,) = d_out.shape
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_weight = torch.empty((), dtype=torch.float32, device=d_out.device)
    if _is_traced(d_weight):
        return d_weight
    BLOCK_TOKEN = max(16, triton.next_power_of_2(token))
    if BLOCK_TOKEN <= 16384:
        if BLOCK_TOKEN <= 1024:
            warps, stages = 4, 1
        elif BLOCK_TOKEN <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (1,)
        z_loss_long_backward_d_weight_rows_kernel[grid](
            d_out, logsum, d_weight, d_out.stride(0), logsum.stride(0), token, BLOCK_TOKEN=BLOCK_TOKEN,
            EXACT_TOKEN=token == BLOCK_TOKEN, num_warps=warps, num_stages=stages,
        )
        return d_weight
    BLOCK_TOKEN, warps, stages = 4096, 8, 2
    grid = (1,)
    z_loss_long_backward_d_weight_kernel[grid](
        d_out, logsum, d_weight, d_out.stride(0), logsum.stride(0), token, BLOCK_TOKEN=BLOCK_TOKEN,
        num_warps=warps, num_stages=stages,
    )
    return d_weight


@_operator
def _z_loss_long_backward_d_X(W: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_z_loss_long_backward_d_X(W: bf16[vocab d], buffer_0: bf16[token vocab]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("W", W, torch.bfloat16, 2, W.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, W.device)
    vocab, d = W.shape
    token, _ = buffer_0.shape
    if buffer_0.shape != (token, vocab):
        raise ValueError(f"buffer_0: bf16[token vocab] has shape {buffer_0.shape}, expected {(token, vocab)}")
    d_X = torch.empty((token, d), dtype=torch.bfloat16, device=W.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_TOKEN, BLOCK_D, BLOCK_VOCAB, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(d, BLOCK_D),)
    z_loss_long_backward_d_X_kernel[grid](
        W, buffer_0, d_X, W.stride(0), W.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
        d_X.stride(1), vocab, d, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _z_loss_long_backward_d_W(X: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_z_loss_long_backward_d_W(X: bf16[token d], buffer_0: bf16[token vocab]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("buffer_0", buffer_0, torch.bfloat16, 2, X.device)
    token, d = X.shape
    _, vocab = buffer_0.shape
    if buffer_0.shape != (token, vocab):
        raise ValueError(f"buffer_0: bf16[token vocab] has shape {buffer_0.shape}, expected {(token, vocab)}")
    d_W = torch.empty((vocab, d), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_W):
        return d_W
    BLOCK_VOCAB, BLOCK_D, BLOCK_TOKEN, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(vocab, BLOCK_VOCAB) * triton.cdiv(d, BLOCK_D),)
    z_loss_long_backward_d_W_kernel[grid](
        X, buffer_0, d_W, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_W.stride(0),
        d_W.stride(1), token, d, vocab, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


class _z_loss_autograd(torch.autograd.Function):
    """z_loss and its derivative."""

    @staticmethod
    def forward(ctx, X, W, label, weight):
        out, logsum = _z_loss_forward(X, W, label, weight)
        ctx.save_for_backward(X, W, label, weight, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, label, weight, logsum = ctx.saved_tensors
        d_X = _z_loss_backward_d_X(X, W, label, weight, d_out, logsum)
        d_W = _z_loss_backward_d_W(X, W, label, weight, d_out, logsum)
        d_weight = _z_loss_backward_d_weight(d_out, logsum)
        return d_X, d_W, None, d_weight


class _z_loss_long_autograd(torch.autograd.Function):
    """z_loss and its derivative."""

    @staticmethod
    def forward(ctx, X, W, label, weight):
        Z = _z_loss_long_forward_Z(X, W)
        out, logsum = _z_loss_long_forward_out_logsum(label, weight, Z)
        ctx.save_for_backward(X, W, label, weight, logsum, Z)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, label, weight, logsum, Z = ctx.saved_tensors
        buffer_0 = _z_loss_long_backward_buffer_0(label, weight, d_out, logsum, Z)
        d_weight = _z_loss_long_backward_d_weight(d_out, logsum)
        d_X = _z_loss_long_backward_d_X(W, buffer_0)
        d_W = _z_loss_long_backward_d_W(X, buffer_0)
        return d_X, d_W, None, d_weight


@_anywhere(torch.bfloat16, torch.bfloat16, torch.int32, torch.float32)
def z_loss(X: torch.Tensor, W: torch.Tensor, label: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """z_loss(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> out: f32[token]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W, weight)):
        if d <= 256 and d <= 256:
            return _z_loss_autograd.apply(X, W, label, weight)
        return _z_loss_long_autograd.apply(X, W, label, weight)
    if d <= 256:
        out = _z_loss(X, W, label, weight)
        return out
    Z = _z_loss_long_Z(X, W)
    out_2 = _z_loss_long_out(label, weight, Z)
    return out_2
