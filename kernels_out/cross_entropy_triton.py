"""Fused kernels for cross_entropy_rows, linear_cross_entropy.

Made by diagc 0.1.0 from cross_entropy.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["cross_entropy_rows", "linear_cross_entropy"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of cross_entropy_jax.py do, on NumPy arrays")
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
    """A function of cross_entropy_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by cross_entropy_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("cross_entropy_jax.py")
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
    """A function that on a CPU is that of cross_entropy_jax.py; `params` are the places of what it takes as parameters."""

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
def cross_entropy_rows_rows_kernel(
    logits_ptr, label_ptr, out_ptr, logits_stride_token, logits_stride_vocab, label_stride_token,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[cross_entropy.diag:6]
    label = tl.load(label_ptr + token_index * label_stride_token)
    # src[cross_entropy.diag:7]
    logits = tl.load(logits_ptr + token_index * logits_stride_token + label * logits_stride_vocab)
    # src[cross_entropy.diag:6]
    logits_2 = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    logits_f32 = logits_2.to(tl.float32)
    # src[maps.diag:11]
    max_ = tl.max(logits_f32, 0)
    # src[maps.diag:12]
    sub_vocab = logits_f32 - tl.where(max_ == float("-inf"), 0.0, max_)
    exp_vocab = tl.exp(sub_vocab)
    sum_ = tl.sum(exp_vocab, 0)
    # src[cross_entropy.diag:7]
    logits_f32_2 = logits.to(tl.float32)
    safe_logits_f32 = tl.where(logits_f32_2 == float("-inf"), 0.0, logits_f32_2)
    tl.store(out_ptr + token_index * out_stride_token, ((tl.log(sum_) + max_) - safe_logits_f32))


@triton.jit
def cross_entropy_rows_kernel(
    logits_ptr, label_ptr, out_ptr, logits_stride_token, logits_stride_vocab, label_stride_token,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:6]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        logits_f32 = logits.to(tl.float32)
        # src[maps.diag:11]
        tile_max = tl.max(logits_f32, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits_f32 - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_vocab = next_sum_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:6]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        logits_f32 = logits.to(tl.float32)
        # src[maps.diag:11]
        tile_max = tl.max(logits_f32, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits_f32 - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_vocab = next_sum_vocab
    # src[cross_entropy.diag:6]
    label = tl.load(label_ptr + token_index * label_stride_token)
    # src[cross_entropy.diag:7]
    logits = tl.load(logits_ptr + token_index * logits_stride_token + label * logits_stride_vocab)
    # src[maps.diag:12]
    # src[cross_entropy.diag:7]
    logits_f32 = logits.to(tl.float32)
    safe_logits_f32 = tl.where(logits_f32 == float("-inf"), 0.0, logits_f32)
    tl.store(out_ptr + token_index * out_stride_token, ((tl.log(sum_vocab) + m) - safe_logits_f32))


@triton.jit
def cross_entropy_rows_forward_rows_kernel(
    logits_ptr, label_ptr, out_ptr, logsum_ptr, logits_stride_token, logits_stride_vocab, label_stride_token,
    out_stride_token, logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
    EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    # src[cross_entropy.diag:6]
    label = tl.load(label_ptr + token_index * label_stride_token)
    # src[cross_entropy.diag:7]
    logits = tl.load(logits_ptr + token_index * logits_stride_token + label * logits_stride_vocab)
    # src[cross_entropy.diag:6]
    logits_2 = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    logits_f32 = logits_2.to(tl.float32)
    # src[maps.diag:11]
    max_ = tl.max(logits_f32, 0)
    # src[maps.diag:12]
    sub_vocab = logits_f32 - tl.where(max_ == float("-inf"), 0.0, max_)
    exp_vocab = tl.exp(sub_vocab)
    sum_ = tl.sum(exp_vocab, 0)
    add = tl.log(sum_) + max_
    # src[cross_entropy.diag:7]
    logits_f32_2 = logits.to(tl.float32)
    safe_logits_f32 = tl.where(logits_f32_2 == float("-inf"), 0.0, logits_f32_2)
    tl.store(out_ptr + token_index * out_stride_token, (add - safe_logits_f32))
    tl.store(logsum_ptr + token_index * logsum_stride_token, add)


@triton.jit
def cross_entropy_rows_forward_kernel(
    logits_ptr, label_ptr, out_ptr, logsum_ptr, logits_stride_token, logits_stride_vocab, label_stride_token,
    out_stride_token, logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:6]
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        logits_f32 = logits.to(tl.float32)
        # src[maps.diag:11]
        tile_max = tl.max(logits_f32, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits_f32 - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_vocab = next_sum_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:6]
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        logits_f32 = logits.to(tl.float32)
        # src[maps.diag:11]
        tile_max = tl.max(logits_f32, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits_f32 - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        m = next_m
        sum_vocab = next_sum_vocab
    # src[cross_entropy.diag:6]
    label = tl.load(label_ptr + token_index * label_stride_token)
    # src[cross_entropy.diag:7]
    logits = tl.load(logits_ptr + token_index * logits_stride_token + label * logits_stride_vocab)
    # src[maps.diag:12]
    add = tl.log(sum_vocab) + m
    # src[cross_entropy.diag:7]
    logits_f32 = logits.to(tl.float32)
    safe_logits_f32 = tl.where(logits_f32 == float("-inf"), 0.0, logits_f32)
    tl.store(out_ptr + token_index * out_stride_token, (add - safe_logits_f32))
    tl.store(logsum_ptr + token_index * logsum_stride_token, add)


@triton.jit
def cross_entropy_rows_backward_kernel(
    logits_ptr, label_ptr, d_out_ptr, logsum_ptr, d_logits_ptr, logits_stride_token, logits_stride_vocab,
    label_stride_token, d_out_stride_token, logsum_stride_token, d_logits_stride_token, d_logits_stride_vocab,
    size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    token_index = program.to(tl.int64)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
    # src[cross_entropy.diag:6]
    label = tl.load(label_ptr + token_index * label_stride_token)
    where_vocab = tl.where(label == vocab_index, d_out, 0.0)
    logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
    logits = tl.load(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        mask=(vocab_index < size_vocab),
        other=0.0,
    )
    sub_vocab = logits.to(tl.float32) - tl.where(logsum == float("-inf"), 0.0, logsum)
    safe_ = tl.where(where_vocab == float("-inf"), 0.0, where_vocab)
    tile_bf16 = ((tl.exp(sub_vocab) * d_out) - safe_).to(tl.bfloat16)
    tl.store(
        d_logits_ptr + token_index * d_logits_stride_token + vocab_index * d_logits_stride_vocab,
        tile_bf16,
        mask=(vocab_index < size_vocab),
    )


@_operator
def _cross_entropy_rows(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """_cross_entropy_rows(logits: bf16[token vocab], label: i32[token] in vocab) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.bfloat16, 2, logits.device)
    _check("label", label, torch.int32, 1, logits.device)
    token, vocab = logits.shape
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    out = torch.empty((token,), dtype=torch.float32, device=logits.device)
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
        cross_entropy_rows_rows_kernel[grid](
            logits, label, out, logits.stride(0), logits.stride(1), label.stride(0), out.stride(0), token,
            vocab, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    cross_entropy_rows_kernel[grid](
        logits, label, out, logits.stride(0), logits.stride(1), label.stride(0), out.stride(0), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _cross_entropy_rows_forward(
    logits: torch.Tensor,
    label: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_cross_entropy_rows_forward(logits: bf16[token vocab], label: i32[token] in vocab) -> out: f32[token], logsum: f32[token]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.bfloat16, 2, logits.device)
    _check("label", label, torch.int32, 1, logits.device)
    token, vocab = logits.shape
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    out = torch.empty((token,), dtype=torch.float32, device=logits.device)
    logsum = torch.empty((token,), dtype=torch.float32, device=logits.device)
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
        cross_entropy_rows_forward_rows_kernel[grid](
            logits, label, out, logsum, logits.stride(0), logits.stride(1), label.stride(0), out.stride(0),
            logsum.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB,
            num_warps=warps, num_stages=stages,
        )
        return out, logsum
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    cross_entropy_rows_forward_kernel[grid](
        logits, label, out, logsum, logits.stride(0), logits.stride(1), label.stride(0), out.stride(0),
        logsum.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _cross_entropy_rows_backward(
    logits: torch.Tensor,
    label: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_cross_entropy_rows_backward(logits: bf16[token vocab], label: i32[token] in vocab, d_out: f32[token], logsum: f32[token]) -> d_logits: bf16[token vocab]. Any strides; sizes are read off the shapes."""
    _check("logits", logits, torch.bfloat16, 2, logits.device)
    _check("label", label, torch.int32, 1, logits.device)
    _check("d_out", d_out, torch.float32, 1, logits.device)
    _check("logsum", logsum, torch.float32, 1, logits.device)
    token, vocab = logits.shape
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    d_logits = torch.empty((token, vocab), dtype=torch.bfloat16, device=logits.device)
    if _is_traced(d_logits):
        return d_logits
    BLOCK_VOCAB, warps, stages = 1024, 4, 1
    grid = (token * triton.cdiv(vocab, BLOCK_VOCAB),)
    cross_entropy_rows_backward_kernel[grid](
        logits, label, d_out, logsum, d_logits, logits.stride(0), logits.stride(1), label.stride(0),
        d_out.stride(0), logsum.stride(0), d_logits.stride(0), d_logits.stride(1), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return d_logits


class _cross_entropy_rows_autograd(torch.autograd.Function):
    """cross_entropy_rows and its derivative."""

    @staticmethod
    def forward(ctx, logits, label):
        out, logsum = _cross_entropy_rows_forward(logits, label)
        ctx.save_for_backward(logits, label, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        logits, label, logsum = ctx.saved_tensors
        d_logits = _cross_entropy_rows_backward(logits, label, d_out, logsum)
        return d_logits, None


@_anywhere(torch.bfloat16, torch.int32)
def cross_entropy_rows(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """cross_entropy_rows(logits: bf16[token vocab], label: i32[token] in vocab) -> out: f32[token]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, vocab = logits.shape
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if torch.is_grad_enabled() and logits.requires_grad:
        return _cross_entropy_rows_autograd.apply(logits, label)
    out = _cross_entropy_rows(logits, label)
    return out


@triton.jit
def linear_cross_entropy_kernel(
    X_ptr, W_ptr, label_ptr, out_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d,
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
    # src[cross_entropy.diag:11]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:12]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[cross_entropy.diag:15]
        logits = tl.dot(X, tl.trans(W))
        # src[maps.diag:11]
        tile_max = tl.max(logits, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(logits - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], logits, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        logits = tl.dot(X, tl.trans(W))
        logits_2 = tl.where((vocab_index < size_vocab)[None, :], logits, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(logits_2, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(logits_2 - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        tile = (vocab_index[None, :] == label[:, None]) & (vocab_index < size_vocab)[None, :]
        where_token_vocab = tl.where(tile, logits_2, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[maps.diag:12]
    # src[cross_entropy.diag:16]
    tl.store(
        out_ptr + token_index * out_stride_token,
        ((tl.log(sum_vocab) + m) - sum_vocab_2),
        mask=(token_index < size_token),
    )


@triton.jit
def linear_cross_entropy_long_logits_kernel(
    X_ptr, W_ptr, logits_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, logits_stride_token,
    logits_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    logits = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[cross_entropy.diag:11]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        next_logits = tl.dot(X, tl.trans(W), logits)
        logits = next_logits
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[cross_entropy.diag:11]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        next_logits = tl.dot(X, tl.trans(W), logits)
        logits = next_logits
    tl.store(
        logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
        logits,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def linear_cross_entropy_long_out_rows_kernel(
    label_ptr, logits_ptr, out_ptr, label_stride_token, logits_stride_token, logits_stride_vocab,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr, EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token)
    tile = (vocab_index == label) & (vocab_index < size_vocab)
    where_vocab = tl.where(tile, logits, 0.0)
    # src[cross_entropy.diag:16]
    sum_ = tl.sum(where_vocab, 0)
    # src[maps.diag:11]
    max_ = tl.max(logits, 0)
    # src[maps.diag:12]
    sub_vocab = logits - tl.where(max_ == float("-inf"), 0.0, max_)
    exp_vocab = tl.exp(sub_vocab)
    sum_2 = tl.sum(exp_vocab, 0)
    # src[cross_entropy.diag:16]
    tl.store(out_ptr + token_index * out_stride_token, ((tl.log(sum_2) + max_) - sum_))


@triton.jit
def linear_cross_entropy_long_out_kernel(
    label_ptr, logits_ptr, out_ptr, label_stride_token, logits_stride_token, logits_stride_vocab,
    out_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    sum_vocab_2 = tl.full([], 0.0, tl.float32)
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:11]
        tile_max = tl.max(logits, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        where_vocab = tl.where(vocab_index == label, logits, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:11]
        tile_max = tl.max(logits, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        tile = (vocab_index == label) & (vocab_index < size_vocab)
        where_vocab = tl.where(tile, logits, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[maps.diag:12]
    # src[cross_entropy.diag:16]
    tl.store(out_ptr + token_index * out_stride_token, ((tl.log(sum_vocab) + m) - sum_vocab_2))


@triton.jit
def linear_cross_entropy_forward_kernel(
    X_ptr, W_ptr, label_ptr, out_ptr, logsum_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d,
    label_stride_token, out_stride_token, logsum_stride_token, size_token, size_d, size_vocab,
    BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    m = tl.full([BLOCK_TOKEN], float("-inf"), tl.float32)
    sum_vocab = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    sum_vocab_2 = tl.full([BLOCK_TOKEN], 0.0, tl.float32)
    # src[cross_entropy.diag:11]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:12]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[cross_entropy.diag:15]
        logits = tl.dot(X, tl.trans(W))
        # src[maps.diag:11]
        tile_max = tl.max(logits, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(logits - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], logits, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        logits = tl.dot(X, tl.trans(W))
        logits_2 = tl.where((vocab_index < size_vocab)[None, :], logits, float("-inf"))
        # src[maps.diag:11]
        tile_max = tl.max(logits_2, 1)
        next_m = tl.maximum(m, tile_max)
        # src[maps.diag:12]
        exp_token_vocab = tl.exp(logits_2 - next_m[:, None])
        tile_sum = tl.sum(exp_token_vocab, 1)
        next_sum_vocab = (sum_vocab * tl.exp(m - next_m)) + tile_sum
        tile = (vocab_index[None, :] == label[:, None]) & (vocab_index < size_vocab)[None, :]
        where_token_vocab = tl.where(tile, logits_2, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_token_vocab, 1)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[maps.diag:12]
    add_token = tl.log(sum_vocab) + m
    # src[cross_entropy.diag:16]
    tl.store(
        out_ptr + token_index * out_stride_token,
        (add_token - sum_vocab_2),
        mask=(token_index < size_token),
    )
    tl.store(logsum_ptr + token_index * logsum_stride_token, add_token, mask=(token_index < size_token))


@triton.jit
def linear_cross_entropy_backward_d_X_kernel(
    X_ptr, W_ptr, label_ptr, d_out_ptr, logsum_ptr, d_X_ptr, X_stride_token, X_stride_d, W_stride_vocab,
    W_stride_d, label_stride_token, d_out_stride_token, logsum_stride_token, d_X_stride_token, d_X_stride_d,
    size_token, size_d, size_vocab, BLOCK_VOCAB: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    acc_vocab = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token, mask=(token_index < size_token), other=0.0)
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token, mask=(token_index < size_token), other=0)
    logsum = tl.load(
        logsum_ptr + token_index * logsum_stride_token,
        mask=(token_index < size_token),
        other=0.0,
    )
    # src[cross_entropy.diag:11]
    X = tl.load(
        X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
        mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
        other=0.0,
    )
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:12]
        W = load_tile(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], d_out[:, None], 0.0)
        # src[cross_entropy.diag:15]
        logits = tl.dot(X, tl.trans(W))
        mul_token_vocab = tl.exp(logits - logsum[:, None]) * d_out[:, None]
        safe_ = tl.where(where_token_vocab == float("-inf"), 0.0, where_token_vocab)
        tile_bf16 = (mul_token_vocab - safe_).to(tl.bfloat16)
        next_acc_vocab = tl.dot(tile_bf16, W, acc_vocab)
        acc_vocab = next_acc_vocab
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        where_token_vocab = tl.where(vocab_index[None, :] == label[:, None], d_out[:, None], 0.0)
        # src[cross_entropy.diag:15]
        logits = tl.dot(X, tl.trans(W))
        mul_token_vocab = tl.exp(logits - logsum[:, None]) * d_out[:, None]
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
def linear_cross_entropy_backward_d_W_kernel(
    X_ptr, W_ptr, label_ptr, d_out_ptr, logsum_ptr, d_W_ptr, X_stride_token, X_stride_d, W_stride_vocab,
    W_stride_d, label_stride_token, d_out_stride_token, logsum_stride_token, d_W_stride_vocab, d_W_stride_d,
    size_token, size_d, size_vocab, BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = program * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    d_index = tl.arange(0, BLOCK_D)
    acc_token = tl.full([BLOCK_VOCAB, BLOCK_D], 0.0, tl.float32)
    # src[cross_entropy.diag:12]
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
        # src[cross_entropy.diag:13]
        label = tl.load(label_ptr + token_index * label_stride_token)
        where_vocab_token = tl.where(vocab_index[:, None] == label[None, :], d_out[None, :], 0.0)
        logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
        # src[cross_entropy.diag:11]
        X = load_tile(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            (d_index < size_d)[None, :],
            0.0,
            EXACT_D,
        )
        # src[cross_entropy.diag:15]
        logits = tl.dot(W, tl.trans(X))
        mul_vocab_token = tl.exp(logits - logsum[None, :]) * d_out[None, :]
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
        # src[cross_entropy.diag:13]
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
        # src[cross_entropy.diag:11]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        logits = tl.dot(W, tl.trans(X))
        mul_vocab_token = tl.exp(logits - logsum[None, :]) * d_out[None, :]
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
def linear_cross_entropy_long_forward_logits_kernel(
    X_ptr, W_ptr, logits_ptr, X_stride_token, X_stride_d, W_stride_vocab, W_stride_d, logits_stride_token,
    logits_stride_vocab, size_token, size_d, size_vocab, BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    logits = tl.full([BLOCK_TOKEN, BLOCK_VOCAB], 0.0, tl.float32)
    to_d = size_d // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None],
            other=0.0,
        )
        # src[cross_entropy.diag:11]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        next_logits = tl.dot(X, tl.trans(W), logits)
        logits = next_logits
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, size_d, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[cross_entropy.diag:12]
        W = tl.load(
            W_ptr + vocab_index[:, None] * W_stride_vocab + d_index[None, :] * W_stride_d,
            mask=(vocab_index < size_vocab)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:11]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < size_d)[None, :],
            other=0.0,
        )
        # src[cross_entropy.diag:15]
        next_logits = tl.dot(X, tl.trans(W), logits)
        logits = next_logits
    tl.store(
        logits_ptr + token_index[:, None] * logits_stride_token + vocab_index[None, :] * logits_stride_vocab,
        logits,
        mask=(token_index < size_token)[:, None] & (vocab_index < size_vocab)[None, :],
    )


@triton.jit
def linear_cross_entropy_long_forward_out_logsum_rows_kernel(
    label_ptr, logits_ptr, out_ptr, logsum_ptr, label_stride_token, logits_stride_token, logits_stride_vocab,
    out_stride_token, logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
    EXACT_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    vocab_index = tl.arange(0, BLOCK_VOCAB)
    logits = load_tile(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        (vocab_index < size_vocab),
        float("-inf"),
        EXACT_VOCAB,
    )
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token)
    tile = (label == vocab_index) & (vocab_index < size_vocab)
    where_vocab = tl.where(tile, logits, 0.0)
    # src[cross_entropy.diag:16]
    sum_ = tl.sum(where_vocab, 0)
    # src[maps.diag:11]
    max_ = tl.max(logits, 0)
    # src[maps.diag:12]
    sub_vocab = logits - tl.where(max_ == float("-inf"), 0.0, max_)
    exp_vocab = tl.exp(sub_vocab)
    sum_2 = tl.sum(exp_vocab, 0)
    add = tl.log(sum_2) + max_
    # src[cross_entropy.diag:16]
    tl.store(out_ptr + token_index * out_stride_token, (add - sum_))
    tl.store(logsum_ptr + token_index * logsum_stride_token, add)


@triton.jit
def linear_cross_entropy_long_forward_out_logsum_kernel(
    label_ptr, logits_ptr, out_ptr, logsum_ptr, label_stride_token, logits_stride_token, logits_stride_vocab,
    out_stride_token, logsum_stride_token, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    token_index = program.to(tl.int64)
    m = tl.full([], float("-inf"), tl.float32)
    sum_vocab = tl.full([], 0.0, tl.float32)
    sum_vocab_2 = tl.full([], 0.0, tl.float32)
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token)
    to_vocab = size_vocab // BLOCK_VOCAB * BLOCK_VOCAB
    # whole tiles, no mask needed
    for first_vocab in tl.range(0, to_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
        logits = tl.load(logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab)
        # src[maps.diag:11]
        tile_max = tl.max(logits, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        where_vocab = tl.where(label == vocab_index, logits, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    from_vocab = tl.maximum(0, to_vocab)
    # tiles that a mask or the end cuts
    for first_vocab_2 in tl.range(from_vocab, size_vocab, BLOCK_VOCAB):
        vocab_index = first_vocab_2 + tl.arange(0, BLOCK_VOCAB)
        logits = tl.load(
            logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
            mask=(vocab_index < size_vocab),
            other=float("-inf"),
        )
        # src[maps.diag:11]
        tile_max = tl.max(logits, 0)
        next_m = tl.maximum(m, tile_max)
        safe_next_m = tl.where(next_m == float("-inf"), 0.0, next_m)
        # src[maps.diag:12]
        exp_vocab = tl.exp(logits - safe_next_m)
        tile_sum = tl.sum(exp_vocab, 0)
        next_sum_vocab = (sum_vocab * tl.exp(m - safe_next_m)) + tile_sum
        tile = (label == vocab_index) & (vocab_index < size_vocab)
        where_vocab = tl.where(tile, logits, 0.0)
        # src[cross_entropy.diag:16]
        tile_sum_2 = tl.sum(where_vocab, 0)
        next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
        m = next_m
        sum_vocab = next_sum_vocab
        sum_vocab_2 = next_sum_vocab_2
    # src[maps.diag:12]
    add = tl.log(sum_vocab) + m
    # src[cross_entropy.diag:16]
    tl.store(out_ptr + token_index * out_stride_token, (add - sum_vocab_2))
    tl.store(logsum_ptr + token_index * logsum_stride_token, add)


@triton.jit
def linear_cross_entropy_long_backward_buffer_0_kernel(
    label_ptr, d_out_ptr, logsum_ptr, logits_ptr, buffer_0_ptr, label_stride_token, d_out_stride_token,
    logsum_stride_token, logits_stride_token, logits_stride_vocab, buffer_0_stride_token,
    buffer_0_stride_vocab, size_token, size_vocab, BLOCK_VOCAB: tl.constexpr,
):
    program = tl.program_id(0)
    first_vocab = (program % tl.cdiv(size_vocab, BLOCK_VOCAB)) * BLOCK_VOCAB
    vocab_index = first_vocab + tl.arange(0, BLOCK_VOCAB)
    program = program // tl.cdiv(size_vocab, BLOCK_VOCAB)
    token_index = program.to(tl.int64)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token)
    # src[cross_entropy.diag:13]
    label = tl.load(label_ptr + token_index * label_stride_token)
    where_vocab = tl.where(label == vocab_index, d_out, 0.0)
    logsum = tl.load(logsum_ptr + token_index * logsum_stride_token)
    logits = tl.load(
        logits_ptr + token_index * logits_stride_token + vocab_index * logits_stride_vocab,
        mask=(vocab_index < size_vocab),
        other=0.0,
    )
    sub_vocab = logits - tl.where(logsum == float("-inf"), 0.0, logsum)
    safe_ = tl.where(where_vocab == float("-inf"), 0.0, where_vocab)
    tile_bf16 = ((tl.exp(sub_vocab) * d_out) - safe_).to(tl.bfloat16)
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + vocab_index * buffer_0_stride_vocab,
        tile_bf16,
        mask=(vocab_index < size_vocab),
    )


@triton.jit
def linear_cross_entropy_long_backward_d_X_kernel(
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
        # src[cross_entropy.diag:12]
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
        # src[cross_entropy.diag:12]
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
def linear_cross_entropy_long_backward_d_W_kernel(
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
        # src[cross_entropy.diag:11]
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
        # src[cross_entropy.diag:11]
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
def _linear_cross_entropy(X: torch.Tensor, W: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """_linear_cross_entropy(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
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
    linear_cross_entropy_kernel[grid](
        X, W, label, out, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0), out.stride(0),
        token, d, vocab, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN,
        EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _linear_cross_entropy_long_logits(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_linear_cross_entropy_long_logits(X: bf16[token d], W: bf16[vocab d]) -> logits: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    logits = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(logits):
        return logits
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    linear_cross_entropy_long_logits_kernel[grid](
        X, W, logits, X.stride(0), X.stride(1), W.stride(0), W.stride(1), logits.stride(0), logits.stride(1),
        token, d, vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return logits


@_operator
def _linear_cross_entropy_long_out(label: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """_linear_cross_entropy_long_out(label: i32[token] in vocab, logits: f32[token vocab]) -> out: f32[token]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("logits", logits, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = logits.shape
    if logits.shape != (token, vocab):
        raise ValueError(f"logits: f32[token vocab] has shape {logits.shape}, expected {(token, vocab)}")
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
        linear_cross_entropy_long_out_rows_kernel[grid](
            label, logits, out, label.stride(0), logits.stride(0), logits.stride(1), out.stride(0), token,
            vocab, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    linear_cross_entropy_long_out_kernel[grid](
        label, logits, out, label.stride(0), logits.stride(0), logits.stride(1), out.stride(0), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _linear_cross_entropy_forward(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_linear_cross_entropy_forward(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> out: f32[token], logsum: f32[token]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
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
    linear_cross_entropy_forward_kernel[grid](
        X, W, label, out, logsum, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0),
        out.stride(0), logsum.stride(0), token, d, vocab, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D,
        BLOCK_TOKEN=BLOCK_TOKEN, EXACT_D=d == BLOCK_D, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _linear_cross_entropy_backward_d_X(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_linear_cross_entropy_backward_d_X(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, d_out: f32[token], logsum: f32[token]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
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
    linear_cross_entropy_backward_d_X_kernel[grid](
        X, W, label, d_out, logsum, d_X, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0),
        d_out.stride(0), logsum.stride(0), d_X.stride(0), d_X.stride(1), token, d, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _linear_cross_entropy_backward_d_W(
    X: torch.Tensor,
    W: torch.Tensor,
    label: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
) -> torch.Tensor:
    """_linear_cross_entropy_backward_d_W(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, d_out: f32[token], logsum: f32[token]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    _check("label", label, torch.int32, 1, X.device)
    _check("d_out", d_out, torch.float32, 1, X.device)
    _check("logsum", logsum, torch.float32, 1, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
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
    linear_cross_entropy_backward_d_W_kernel[grid](
        X, W, label, d_out, logsum, d_W, X.stride(0), X.stride(1), W.stride(0), W.stride(1), label.stride(0),
        d_out.stride(0), logsum.stride(0), d_W.stride(0), d_W.stride(1), token, d, vocab,
        BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_D=d == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


@_operator
def _linear_cross_entropy_long_forward_logits(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """_linear_cross_entropy_long_forward_logits(X: bf16[token d], W: bf16[vocab d]) -> logits: f32[token vocab]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("W", W, torch.bfloat16, 2, X.device)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    logits = torch.empty((token, vocab), dtype=torch.float32, device=X.device)
    if _is_traced(logits):
        return logits
    BLOCK_TOKEN, BLOCK_VOCAB, BLOCK_D, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(vocab, BLOCK_VOCAB),)
    linear_cross_entropy_long_forward_logits_kernel[grid](
        X, W, logits, X.stride(0), X.stride(1), W.stride(0), W.stride(1), logits.stride(0), logits.stride(1),
        token, d, vocab, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps,
        num_stages=stages,
    )
    return logits


@_operator
def _linear_cross_entropy_long_forward_out_logsum(
    label: torch.Tensor,
    logits: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_linear_cross_entropy_long_forward_out_logsum(label: i32[token] in vocab, logits: f32[token vocab]) -> out: f32[token], logsum: f32[token]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("logits", logits, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = logits.shape
    if logits.shape != (token, vocab):
        raise ValueError(f"logits: f32[token vocab] has shape {logits.shape}, expected {(token, vocab)}")
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
        linear_cross_entropy_long_forward_out_logsum_rows_kernel[grid](
            label, logits, out, logsum, label.stride(0), logits.stride(0), logits.stride(1), out.stride(0),
            logsum.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, EXACT_VOCAB=vocab == BLOCK_VOCAB,
            num_warps=warps, num_stages=stages,
        )
        return out, logsum
    BLOCK_VOCAB, warps, stages = 4096, 8, 2
    grid = (token,)
    linear_cross_entropy_long_forward_out_logsum_kernel[grid](
        label, logits, out, logsum, label.stride(0), logits.stride(0), logits.stride(1), out.stride(0),
        logsum.stride(0), token, vocab, BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return out, logsum


@_operator
def _linear_cross_entropy_long_backward_buffer_0(
    label: torch.Tensor,
    d_out: torch.Tensor,
    logsum: torch.Tensor,
    logits: torch.Tensor,
) -> torch.Tensor:
    """_linear_cross_entropy_long_backward_buffer_0(label: i32[token] in vocab, d_out: f32[token], logsum: f32[token], logits: f32[token vocab]) -> buffer_0: bf16[token vocab]. Any strides; sizes are read off the shapes."""
    _check("label", label, torch.int32, 1, label.device)
    _check("d_out", d_out, torch.float32, 1, label.device)
    _check("logsum", logsum, torch.float32, 1, label.device)
    _check("logits", logits, torch.float32, 2, label.device)
    (token,) = label.shape
    _, vocab = logits.shape
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    if logits.shape != (token, vocab):
        raise ValueError(f"logits: f32[token vocab] has shape {logits.shape}, expected {(token, vocab)}")
    buffer_0 = torch.empty((token, vocab), dtype=torch.bfloat16, device=label.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_VOCAB, warps, stages = 1024, 4, 1
    grid = (token * triton.cdiv(vocab, BLOCK_VOCAB),)
    linear_cross_entropy_long_backward_buffer_0_kernel[grid](
        label, d_out, logsum, logits, buffer_0, label.stride(0), d_out.stride(0), logsum.stride(0),
        logits.stride(0), logits.stride(1), buffer_0.stride(0), buffer_0.stride(1), token, vocab,
        BLOCK_VOCAB=BLOCK_VOCAB, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _linear_cross_entropy_long_backward_d_X(W: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_linear_cross_entropy_long_backward_d_X(W: bf16[vocab d], buffer_0: bf16[token vocab]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
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
    linear_cross_entropy_long_backward_d_X_kernel[grid](
        W, buffer_0, d_X, W.stride(0), W.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_X.stride(0),
        d_X.stride(1), vocab, d, token, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _linear_cross_entropy_long_backward_d_W(X: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_linear_cross_entropy_long_backward_d_W(X: bf16[token d], buffer_0: bf16[token vocab]) -> d_W: bf16[vocab d]. Any strides; sizes are read off the shapes."""
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
    linear_cross_entropy_long_backward_d_W_kernel[grid](
        X, buffer_0, d_W, X.stride(0), X.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_W.stride(0),
        d_W.stride(1), token, d, vocab, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_VOCAB=BLOCK_VOCAB, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_W


class _linear_cross_entropy_autograd(torch.autograd.Function):
    """linear_cross_entropy and its derivative."""

    @staticmethod
    def forward(ctx, X, W, label):
        out, logsum = _linear_cross_entropy_forward(X, W, label)
        ctx.save_for_backward(X, W, label, logsum)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, label, logsum = ctx.saved_tensors
        d_X = _linear_cross_entropy_backward_d_X(X, W, label, d_out, logsum)
        d_W = _linear_cross_entropy_backward_d_W(X, W, label, d_out, logsum)
        return d_X, d_W, None


class _linear_cross_entropy_long_autograd(torch.autograd.Function):
    """linear_cross_entropy and its derivative."""

    @staticmethod
    def forward(ctx, X, W, label):
        logits = _linear_cross_entropy_long_forward_logits(X, W)
        out, logsum = _linear_cross_entropy_long_forward_out_logsum(label, logits)
        ctx.save_for_backward(X, W, label, logsum, logits)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, W, label, logsum, logits = ctx.saved_tensors
        buffer_0 = _linear_cross_entropy_long_backward_buffer_0(label, d_out, logsum, logits)
        d_X = _linear_cross_entropy_long_backward_d_X(W, buffer_0)
        d_W = _linear_cross_entropy_long_backward_d_W(X, buffer_0)
        return d_X, d_W, None


@_anywhere(torch.bfloat16, torch.bfloat16, torch.int32)
def linear_cross_entropy(X: torch.Tensor, W: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """linear_cross_entropy(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> out: f32[token]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, W)):
        if d <= 256 and d <= 256:
            return _linear_cross_entropy_autograd.apply(X, W, label)
        return _linear_cross_entropy_long_autograd.apply(X, W, label)
    if d <= 256:
        out = _linear_cross_entropy(X, W, label)
        return out
    logits = _linear_cross_entropy_long_logits(X, W)
    out_2 = _linear_cross_entropy_long_out(label, logits)
    return out_2
