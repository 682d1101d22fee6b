"""Fused kernels for matmul, matmul_bias_gelu.

Made by diagc 0.1.0 from matmul.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["matmul", "matmul_bias_gelu"]


@triton.jit
def gelu(x):
    """x times the normal distribution, whose tail is taken by Chebyshev's fit to erfc (Numerical Recipes, 6.2)."""
    z = 0.7071067811865476 * tl.abs(x)
    t = 1.0 / (1.0 + 0.5 * z)
    p = 1.48851587 + t * (-0.82215223 + t * 0.17087277)
    p = -0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * p))
    p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * p)))
    tail = 0.5 * t * tl.exp(p - z * z)
    return x * tl.where(x < 0, tail, 1.0 - tail)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of matmul_jax.py do, on NumPy arrays")
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
    """A function of matmul_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by matmul_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("matmul_jax.py")
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
    """A function that on a CPU is that of matmul_jax.py; `params` are the places of what it takes as parameters."""

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
def matmul_kernel(
    A_ptr, B_ptr, out_ptr, A_stride_m, A_stride_k, B_stride_k, B_stride_n, out_stride_m, out_stride_n, size_m,
    size_k, size_n, BLOCK_K: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_k = tl.full([BLOCK_M, BLOCK_N], 0.0, tl.float32)
    to_k = size_k // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        # src[matmul.diag:7]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, size_k, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(k_index < size_k)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
            other=0.0,
        )
        # src[matmul.diag:7]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    tl.store(
        out_ptr + m_index[:, None] * out_stride_m + n_index[None, :] * out_stride_n,
        acc_k.to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def matmul_forward_kernel(
    A_ptr, B_ptr, out_ptr, A_stride_m, A_stride_k, B_stride_k, B_stride_n, out_stride_m, out_stride_n, size_m,
    size_k, size_n, BLOCK_K: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_k = tl.full([BLOCK_M, BLOCK_N], 0.0, tl.float32)
    to_k = size_k // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        # src[matmul.diag:7]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, size_k, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(k_index < size_k)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
            other=0.0,
        )
        # src[matmul.diag:7]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    tl.store(
        out_ptr + m_index[:, None] * out_stride_m + n_index[None, :] * out_stride_n,
        acc_k.to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def matmul_backward_d_A_kernel(
    B_ptr, d_out_ptr, d_A_ptr, B_stride_k, B_stride_n, d_out_stride_m, d_out_stride_n, d_A_stride_m,
    d_A_stride_k, size_k, size_n, size_m, BLOCK_N: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(size_k, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(size_k, BLOCK_K)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_n = tl.full([BLOCK_M, BLOCK_K], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        d_out = tl.load(
            d_out_ptr + m_index[:, None] * d_out_stride_m + n_index[None, :] * d_out_stride_n,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[:, None] * B_stride_k + n_index[None, :] * B_stride_n,
            mask=(k_index < size_k)[:, None],
            other=0.0,
        )
        next_acc_n = tl.dot(d_out, tl.trans(B), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        d_out = tl.load(
            d_out_ptr + m_index[:, None] * d_out_stride_m + n_index[None, :] * d_out_stride_n,
            mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        # src[matmul.diag:6]
        B = tl.load(
            B_ptr + k_index[:, None] * B_stride_k + n_index[None, :] * B_stride_n,
            mask=(k_index < size_k)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        next_acc_n = tl.dot(d_out, tl.trans(B), acc_n)
        acc_n = next_acc_n
    tl.store(
        d_A_ptr + m_index[:, None] * d_A_stride_m + k_index[None, :] * d_A_stride_k,
        acc_n.to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
    )


@triton.jit
def matmul_backward_d_B_kernel(
    A_ptr, d_out_ptr, d_B_ptr, A_stride_m, A_stride_k, d_out_stride_m, d_out_stride_n, d_B_stride_k,
    d_B_stride_n, size_m, size_k, size_n, BLOCK_M: tl.constexpr, BLOCK_K: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_k = program * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    acc_m = tl.full([BLOCK_K, BLOCK_N], 0.0, tl.float32)
    to_m = size_m // BLOCK_M * BLOCK_M
    # whole tiles, no mask needed
    for first_m in tl.range(0, to_m, BLOCK_M):
        m_index = first_m + tl.arange(0, BLOCK_M)
        d_out = tl.load(
            d_out_ptr + m_index[None, :] * d_out_stride_m + n_index[:, None] * d_out_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[matmul.diag:6]
        A = tl.load(
            A_ptr + m_index[None, :] * A_stride_m + k_index[:, None] * A_stride_k,
            mask=(k_index < size_k)[:, None],
            other=0.0,
        )
        next_acc_m = tl.dot(A, tl.trans(d_out), acc_m)
        acc_m = next_acc_m
    from_m = tl.maximum(0, to_m)
    # tiles that a mask or the end cuts
    for first_m_2 in tl.range(from_m, size_m, BLOCK_M):
        m_index = first_m_2 + tl.arange(0, BLOCK_M)
        d_out = tl.load(
            d_out_ptr + m_index[None, :] * d_out_stride_m + n_index[:, None] * d_out_stride_n,
            mask=(m_index < size_m)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[matmul.diag:6]
        A = tl.load(
            A_ptr + m_index[None, :] * A_stride_m + k_index[:, None] * A_stride_k,
            mask=(m_index < size_m)[None, :] & (k_index < size_k)[:, None],
            other=0.0,
        )
        next_acc_m = tl.dot(A, tl.trans(d_out), acc_m)
        acc_m = next_acc_m
    tl.store(
        d_B_ptr + k_index[:, None] * d_B_stride_k + n_index[None, :] * d_B_stride_n,
        acc_m.to(tl.bfloat16),
        mask=(k_index < size_k)[:, None] & (n_index < size_n)[None, :],
    )


@_operator
def _matmul(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_matmul(A: bf16[m k], B: bf16[k n]) -> out: bf16[m n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("B", B, torch.bfloat16, 2, A.device)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    out = torch.empty((m, n), dtype=torch.bfloat16, device=A.device)
    if _is_traced(out):
        return out
    BLOCK_M, BLOCK_N, BLOCK_K, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N),)
    matmul_kernel[grid](
        A, B, out, A.stride(0), A.stride(1), B.stride(0), B.stride(1), out.stride(0), out.stride(1), m, k, n,
        BLOCK_K=BLOCK_K, BLOCK_M=BLOCK_M, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _matmul_forward(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """_matmul_forward(A: bf16[m k], B: bf16[k n]) -> out: bf16[m n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("B", B, torch.bfloat16, 2, A.device)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    out = torch.empty((m, n), dtype=torch.bfloat16, device=A.device)
    if _is_traced(out):
        return out
    BLOCK_M, BLOCK_N, BLOCK_K, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N),)
    matmul_forward_kernel[grid](
        A, B, out, A.stride(0), A.stride(1), B.stride(0), B.stride(1), out.stride(0), out.stride(1), m, k, n,
        BLOCK_K=BLOCK_K, BLOCK_M=BLOCK_M, BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _matmul_backward_d_A(B: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_matmul_backward_d_A(B: bf16[k n], d_out: bf16[m n]) -> d_A: bf16[m k]. Any strides; sizes are read off the shapes."""
    _check("B", B, torch.bfloat16, 2, B.device)
    _check("d_out", d_out, torch.bfloat16, 2, B.device)
    k, n = B.shape
    m, _ = d_out.shape
    if d_out.shape != (m, n):
        raise ValueError(f"d_out: bf16[m n] has shape {d_out.shape}, expected {(m, n)}")
    d_A = torch.empty((m, k), dtype=torch.bfloat16, device=B.device)
    if _is_traced(d_A):
        return d_A
    BLOCK_M, BLOCK_K, BLOCK_N, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(k, BLOCK_K),)
    matmul_backward_d_A_kernel[grid](
        B, d_out, d_A, B.stride(0), B.stride(1), d_out.stride(0), d_out.stride(1), d_A.stride(0),
        d_A.stride(1), k, n, m, BLOCK_N=BLOCK_N, BLOCK_M=BLOCK_M, BLOCK_K=BLOCK_K, num_warps=warps,
        num_stages=stages,
    )
    return d_A


@_operator
def _matmul_backward_d_B(A: torch.Tensor, d_out: torch.Tensor) -> torch.Tensor:
    """_matmul_backward_d_B(A: bf16[m k], d_out: bf16[m n]) -> d_B: bf16[k n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("d_out", d_out, torch.bfloat16, 2, A.device)
    m, k = A.shape
    _, n = d_out.shape
    if d_out.shape != (m, n):
        raise ValueError(f"d_out: bf16[m n] has shape {d_out.shape}, expected {(m, n)}")
    d_B = torch.empty((k, n), dtype=torch.bfloat16, device=A.device)
    if _is_traced(d_B):
        return d_B
    BLOCK_K, BLOCK_N, BLOCK_M, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(k, BLOCK_K) * triton.cdiv(n, BLOCK_N),)
    matmul_backward_d_B_kernel[grid](
        A, d_out, d_B, A.stride(0), A.stride(1), d_out.stride(0), d_out.stride(1), d_B.stride(0),
        d_B.stride(1), m, k, n, BLOCK_M=BLOCK_M, BLOCK_K=BLOCK_K, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return d_B


class _matmul_autograd(torch.autograd.Function):
    """matmul and its derivative."""

    @staticmethod
    def forward(ctx, A, B):
        out = _matmul_forward(A, B)
        ctx.save_for_backward(A, B)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        A, B = ctx.saved_tensors
        d_A = _matmul_backward_d_A(B, d_out)
        d_B = _matmul_backward_d_B(A, d_out)
        return d_A, d_B


@_anywhere(torch.bfloat16, torch.bfloat16)
def matmul(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """matmul(A: bf16[m k], B: bf16[k n]) -> out: bf16[m n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (A, B)):
        return _matmul_autograd.apply(A, B)
    out = _matmul(A, B)
    return out


@triton.jit
def matmul_bias_gelu_kernel(
    A_ptr, B_ptr, c_ptr, out_ptr, A_stride_m, A_stride_k, B_stride_k, B_stride_n, c_stride_n, out_stride_m,
    out_stride_n, size_m, size_k, size_n, BLOCK_K: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_k = tl.full([BLOCK_M, BLOCK_N], 0.0, tl.float32)
    to_k = size_k // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[matmul.diag:10]
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[matmul.diag:11]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, size_k, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[matmul.diag:10]
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
            other=0.0,
        )
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(k_index < size_k)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[matmul.diag:11]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    # src[matmul.diag:10]
    c = tl.load(c_ptr + n_index * c_stride_n, mask=(n_index < size_n), other=0.0)
    # src[matmul.diag:11]
    tl.store(
        out_ptr + m_index[:, None] * out_stride_m + n_index[None, :] * out_stride_n,
        gelu(c[None, :] + acc_k).to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def matmul_bias_gelu_forward_kernel(
    A_ptr, B_ptr, c_ptr, out_ptr, state_ptr, A_stride_m, A_stride_k, B_stride_k, B_stride_n, c_stride_n,
    out_stride_m, out_stride_n, state_stride_m, state_stride_n, size_m, size_k, size_n, BLOCK_K: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_k = tl.full([BLOCK_M, BLOCK_N], 0.0, tl.float32)
    to_k = size_k // BLOCK_K * BLOCK_K
    # whole tiles, no mask needed
    for first_k in tl.range(0, to_k, BLOCK_K):
        k_index = first_k + tl.arange(0, BLOCK_K)
        # src[matmul.diag:10]
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        # src[matmul.diag:11]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    from_k = tl.maximum(0, to_k)
    # tiles that a mask or the end cuts
    for first_k_2 in tl.range(from_k, size_k, BLOCK_K):
        k_index = first_k_2 + tl.arange(0, BLOCK_K)
        # src[matmul.diag:10]
        A = tl.load(
            A_ptr + m_index[:, None] * A_stride_m + k_index[None, :] * A_stride_k,
            mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
            other=0.0,
        )
        B = tl.load(
            B_ptr + k_index[None, :] * B_stride_k + n_index[:, None] * B_stride_n,
            mask=(k_index < size_k)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        # src[matmul.diag:11]
        next_acc_k = tl.dot(A, tl.trans(B), acc_k)
        acc_k = next_acc_k
    # src[matmul.diag:10]
    c = tl.load(c_ptr + n_index * c_stride_n, mask=(n_index < size_n), other=0.0)
    # src[matmul.diag:11]
    tl.store(
        out_ptr + m_index[:, None] * out_stride_m + n_index[None, :] * out_stride_n,
        gelu(c[None, :] + acc_k).to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )
    tl.store(
        state_ptr + m_index[:, None] * state_stride_m + n_index[None, :] * state_stride_n,
        acc_k,
        mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def matmul_bias_gelu_backward_buffer_0_kernel(
    c_ptr, d_out_ptr, state_ptr, buffer_0_ptr, c_stride_n, d_out_stride_m, d_out_stride_n, state_stride_m,
    state_stride_n, buffer_0_stride_m, buffer_0_stride_n, size_n, size_m, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    m_index = program.to(tl.int64)
    state = tl.load(
        state_ptr + m_index * state_stride_m + n_index * state_stride_n,
        mask=(n_index < size_n),
        other=0.0,
    )
    # src[matmul.diag:10]
    c = tl.load(c_ptr + n_index * c_stride_n, mask=(n_index < size_n), other=0.0)
    # src[matmul.diag:11]
    add_n = c + state
    mul_n = (0.3989422804014327 * add_n) * tl.exp2((-0.7213475204444817 * add_n) * add_n)
    tile = 0.5 + (tl.erf(0.7071067811865476 * add_n) * 0.5)
    d_out = tl.load(
        d_out_ptr + m_index * d_out_stride_m + n_index * d_out_stride_n,
        mask=(n_index < size_n),
        other=0.0,
    )
    tl.store(
        buffer_0_ptr + m_index * buffer_0_stride_m + n_index * buffer_0_stride_n,
        (d_out.to(tl.float32) * (tile + mul_n)),
        mask=(n_index < size_n),
    )


@triton.jit
def matmul_bias_gelu_backward_d_A_kernel(
    B_ptr, buffer_0_ptr, d_A_ptr, B_stride_k, B_stride_n, buffer_0_stride_m, buffer_0_stride_n, d_A_stride_m,
    d_A_stride_k, size_k, size_n, size_m, BLOCK_N: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_K: tl.constexpr,
):
    program = tl.program_id(0)
    first_k = (program % tl.cdiv(size_k, BLOCK_K)) * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    program = program // tl.cdiv(size_k, BLOCK_K)
    first_m = program * BLOCK_M
    m_index = first_m + tl.arange(0, BLOCK_M)
    acc_n = tl.full([BLOCK_M, BLOCK_K], 0.0, tl.float32)
    to_n = size_n // BLOCK_N * BLOCK_N
    # whole tiles, no mask needed
    for first_n in tl.range(0, to_n, BLOCK_N):
        n_index = first_n + tl.arange(0, BLOCK_N)
        buffer_0 = tl.load(
            buffer_0_ptr + m_index[:, None] * buffer_0_stride_m + n_index[None, :] * buffer_0_stride_n,
            mask=(m_index < size_m)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[matmul.diag:10]
        B = tl.load(
            B_ptr + k_index[:, None] * B_stride_k + n_index[None, :] * B_stride_n,
            mask=(k_index < size_k)[:, None],
            other=0.0,
        )
        next_acc_n = tl.dot(buffer_0_bf16, tl.trans(B), acc_n)
        acc_n = next_acc_n
    from_n = tl.maximum(0, to_n)
    # tiles that a mask or the end cuts
    for first_n_2 in tl.range(from_n, size_n, BLOCK_N):
        n_index = first_n_2 + tl.arange(0, BLOCK_N)
        buffer_0 = tl.load(
            buffer_0_ptr + m_index[:, None] * buffer_0_stride_m + n_index[None, :] * buffer_0_stride_n,
            mask=(m_index < size_m)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[matmul.diag:10]
        B = tl.load(
            B_ptr + k_index[:, None] * B_stride_k + n_index[None, :] * B_stride_n,
            mask=(k_index < size_k)[:, None] & (n_index < size_n)[None, :],
            other=0.0,
        )
        next_acc_n = tl.dot(buffer_0_bf16, tl.trans(B), acc_n)
        acc_n = next_acc_n
    tl.store(
        d_A_ptr + m_index[:, None] * d_A_stride_m + k_index[None, :] * d_A_stride_k,
        acc_n.to(tl.bfloat16),
        mask=(m_index < size_m)[:, None] & (k_index < size_k)[None, :],
    )


@triton.jit
def matmul_bias_gelu_backward_d_B_kernel(
    A_ptr, buffer_0_ptr, d_B_ptr, A_stride_m, A_stride_k, buffer_0_stride_m, buffer_0_stride_n, d_B_stride_k,
    d_B_stride_n, size_m, size_k, size_n, BLOCK_M: tl.constexpr, BLOCK_K: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = (program % tl.cdiv(size_n, BLOCK_N)) * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    program = program // tl.cdiv(size_n, BLOCK_N)
    first_k = program * BLOCK_K
    k_index = first_k + tl.arange(0, BLOCK_K)
    acc_m = tl.full([BLOCK_K, BLOCK_N], 0.0, tl.float32)
    to_m = size_m // BLOCK_M * BLOCK_M
    # whole tiles, no mask needed
    for first_m in tl.range(0, to_m, BLOCK_M):
        m_index = first_m + tl.arange(0, BLOCK_M)
        buffer_0 = tl.load(
            buffer_0_ptr + m_index[None, :] * buffer_0_stride_m + n_index[:, None] * buffer_0_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[matmul.diag:10]
        A = tl.load(
            A_ptr + m_index[None, :] * A_stride_m + k_index[:, None] * A_stride_k,
            mask=(k_index < size_k)[:, None],
            other=0.0,
        )
        next_acc_m = tl.dot(A, tl.trans(buffer_0_bf16), acc_m)
        acc_m = next_acc_m
    from_m = tl.maximum(0, to_m)
    # tiles that a mask or the end cuts
    for first_m_2 in tl.range(from_m, size_m, BLOCK_M):
        m_index = first_m_2 + tl.arange(0, BLOCK_M)
        buffer_0 = tl.load(
            buffer_0_ptr + m_index[None, :] * buffer_0_stride_m + n_index[:, None] * buffer_0_stride_n,
            mask=(m_index < size_m)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        buffer_0_bf16 = buffer_0.to(tl.bfloat16)
        # src[matmul.diag:10]
        A = tl.load(
            A_ptr + m_index[None, :] * A_stride_m + k_index[:, None] * A_stride_k,
            mask=(m_index < size_m)[None, :] & (k_index < size_k)[:, None],
            other=0.0,
        )
        next_acc_m = tl.dot(A, tl.trans(buffer_0_bf16), acc_m)
        acc_m = next_acc_m
    tl.store(
        d_B_ptr + k_index[:, None] * d_B_stride_k + n_index[None, :] * d_B_stride_n,
        acc_m.to(tl.bfloat16),
        mask=(k_index < size_k)[:, None] & (n_index < size_n)[None, :],
    )


@triton.jit
def matmul_bias_gelu_backward_d_c_rows_kernel(
    buffer_0_ptr, d_c_ptr, buffer_0_stride_m, buffer_0_stride_n, d_c_stride_n, size_m, size_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, EXACT_M: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    m_index = tl.arange(0, BLOCK_M)
    buffer_0 = tl.load(
        buffer_0_ptr + m_index[None, :] * buffer_0_stride_m + n_index[:, None] * buffer_0_stride_n,
        mask=(m_index < size_m)[None, :] & (n_index < size_n)[:, None],
        other=0.0,
    )
    sum_ = tl.sum(buffer_0, 1)
    tl.store(d_c_ptr + n_index * d_c_stride_n, sum_, mask=(n_index < size_n))


@triton.jit
def matmul_bias_gelu_backward_d_c_kernel(
    buffer_0_ptr, d_c_ptr, buffer_0_stride_m, buffer_0_stride_n, d_c_stride_n, size_m, size_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):
    program = tl.program_id(0)
    first_n = program * BLOCK_N
    n_index = first_n + tl.arange(0, BLOCK_N)
    sum_m = tl.full([BLOCK_N], 0.0, tl.float32)
    to_m = size_m // BLOCK_M * BLOCK_M
    # whole tiles, no mask needed
    for first_m in tl.range(0, to_m, BLOCK_M):
        m_index = first_m + tl.arange(0, BLOCK_M)
        buffer_0 = tl.load(
            buffer_0_ptr + m_index[None, :] * buffer_0_stride_m + n_index[:, None] * buffer_0_stride_n,
            mask=(n_index < size_n)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 1)
        next_sum_m = sum_m + tile_sum
        sum_m = next_sum_m
    from_m = tl.maximum(0, to_m)
    # tiles that a mask or the end cuts
    for first_m_2 in tl.range(from_m, size_m, BLOCK_M):
        m_index = first_m_2 + tl.arange(0, BLOCK_M)
        buffer_0 = tl.load(
            buffer_0_ptr + m_index[None, :] * buffer_0_stride_m + n_index[:, None] * buffer_0_stride_n,
            mask=(m_index < size_m)[None, :] & (n_index < size_n)[:, None],
            other=0.0,
        )
        tile_sum = tl.sum(buffer_0, 1)
        next_sum_m = sum_m + tile_sum
        sum_m = next_sum_m
    tl.store(d_c_ptr + n_index * d_c_stride_n, sum_m, mask=(n_index < size_n))


@_operator
def _matmul_bias_gelu(A: torch.Tensor, B: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """_matmul_bias_gelu(A: bf16[m k], B: bf16[k n], c: f32[n]) -> out: bf16[m n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("B", B, torch.bfloat16, 2, A.device)
    _check("c", c, torch.float32, 1, A.device)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    if c.shape != (n,):
        raise ValueError(f"c: f32[n] has shape {c.shape}, expected {(n,)}")
    out = torch.empty((m, n), dtype=torch.bfloat16, device=A.device)
    if _is_traced(out):
        return out
    BLOCK_M, BLOCK_N, BLOCK_K, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N),)
    matmul_bias_gelu_kernel[grid](
        A, B, c, out, A.stride(0), A.stride(1), B.stride(0), B.stride(1), c.stride(0), out.stride(0),
        out.stride(1), m, k, n, BLOCK_K=BLOCK_K, BLOCK_M=BLOCK_M, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return out


@_operator
def _matmul_bias_gelu_forward(
    A: torch.Tensor,
    B: torch.Tensor,
    c: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_matmul_bias_gelu_forward(A: bf16[m k], B: bf16[k n], c: f32[n]) -> out: bf16[m n], state: f32[m n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("B", B, torch.bfloat16, 2, A.device)
    _check("c", c, torch.float32, 1, A.device)
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    if c.shape != (n,):
        raise ValueError(f"c: f32[n] has shape {c.shape}, expected {(n,)}")
    out = torch.empty((m, n), dtype=torch.bfloat16, device=A.device)
    state = torch.empty((m, n), dtype=torch.float32, device=A.device)
    if _is_traced(out):
        return out, state
    BLOCK_M, BLOCK_N, BLOCK_K, warps, stages = 128, 128, 64, 8, 3
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N),)
    matmul_bias_gelu_forward_kernel[grid](
        A, B, c, out, state, A.stride(0), A.stride(1), B.stride(0), B.stride(1), c.stride(0), out.stride(0),
        out.stride(1), state.stride(0), state.stride(1), m, k, n, BLOCK_K=BLOCK_K, BLOCK_M=BLOCK_M,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return out, state


@_operator
def _matmul_bias_gelu_backward_buffer_0(
    c: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_matmul_bias_gelu_backward_buffer_0(c: f32[n], d_out: bf16[m n], state: f32[m n]) -> buffer_0: f32[m n]. Any strides; sizes are read off the shapes."""
    _check("c", c, torch.float32, 1, c.device)
    _check("d_out", d_out, torch.bfloat16, 2, c.device)
    _check("state", state, torch.float32, 2, c.device)
    (n,) = c.shape
    m, _ = d_out.shape
    if d_out.shape != (m, n):
        raise ValueError(f"d_out: bf16[m n] has shape {d_out.shape}, expected {(m, n)}")
    if state.shape != (m, n):
        raise ValueError(f"state: f32[m n] has shape {state.shape}, expected {(m, n)}")
    buffer_0 = torch.empty((m, n), dtype=torch.float32, device=c.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_N, warps, stages = 1024, 4, 1
    grid = (m * triton.cdiv(n, BLOCK_N),)
    matmul_bias_gelu_backward_buffer_0_kernel[grid](
        c, d_out, state, buffer_0, c.stride(0), d_out.stride(0), d_out.stride(1), state.stride(0),
        state.stride(1), buffer_0.stride(0), buffer_0.stride(1), n, m, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _matmul_bias_gelu_backward_d_A(B: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_matmul_bias_gelu_backward_d_A(B: bf16[k n], buffer_0: f32[m n]) -> d_A: bf16[m k]. Any strides; sizes are read off the shapes."""
    _check("B", B, torch.bfloat16, 2, B.device)
    _check("buffer_0", buffer_0, torch.float32, 2, B.device)
    k, n = B.shape
    m, _ = buffer_0.shape
    if buffer_0.shape != (m, n):
        raise ValueError(f"buffer_0: f32[m n] has shape {buffer_0.shape}, expected {(m, n)}")
    d_A = torch.empty((m, k), dtype=torch.bfloat16, device=B.device)
    if _is_traced(d_A):
        return d_A
    BLOCK_M, BLOCK_K, BLOCK_N, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(m, BLOCK_M) * triton.cdiv(k, BLOCK_K),)
    matmul_bias_gelu_backward_d_A_kernel[grid](
        B, buffer_0, d_A, B.stride(0), B.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_A.stride(0),
        d_A.stride(1), k, n, m, BLOCK_N=BLOCK_N, BLOCK_M=BLOCK_M, BLOCK_K=BLOCK_K, num_warps=warps,
        num_stages=stages,
    )
    return d_A


@_operator
def _matmul_bias_gelu_backward_d_B(A: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_matmul_bias_gelu_backward_d_B(A: bf16[m k], buffer_0: f32[m n]) -> d_B: bf16[k n]. Any strides; sizes are read off the shapes."""
    _check("A", A, torch.bfloat16, 2, A.device)
    _check("buffer_0", buffer_0, torch.float32, 2, A.device)
    m, k = A.shape
    _, n = buffer_0.shape
    if buffer_0.shape != (m, n):
        raise ValueError(f"buffer_0: f32[m n] has shape {buffer_0.shape}, expected {(m, n)}")
    d_B = torch.empty((k, n), dtype=torch.bfloat16, device=A.device)
    if _is_traced(d_B):
        return d_B
    BLOCK_K, BLOCK_N, BLOCK_M, warps, stages = 128, 128, 64, 8, 1
    grid = (triton.cdiv(k, BLOCK_K) * triton.cdiv(n, BLOCK_N),)
    matmul_bias_gelu_backward_d_B_kernel[grid](
        A, buffer_0, d_B, A.stride(0), A.stride(1), buffer_0.stride(0), buffer_0.stride(1), d_B.stride(0),
        d_B.stride(1), m, k, n, BLOCK_M=BLOCK_M, BLOCK_K=BLOCK_K, BLOCK_N=BLOCK_N, num_warps=warps,
        num_stages=stages,
    )
    return d_B


@_operator
def _matmul_bias_gelu_backward_d_c(buffer_0: torch.Tensor) -> torch.Tensor:
    """_matmul_bias_gelu_backward_d_c(buffer_0: f32[m n]) -> d_c: f32[n]. Any strides; sizes are read off the shapes."""
    _check("buffer_0", buffer_0, torch.float32, 2, buffer_0.device)
    m, n = buffer_0.shape
    d_c = torch.empty((n,), dtype=torch.float32, device=buffer_0.device)
    if _is_traced(d_c):
        return d_c
    BLOCK_M = max(16, triton.next_power_of_2(m))
    if BLOCK_M <= 1024:
        if BLOCK_M <= 16:
            BLOCK_N, warps, stages = 256, 4, 1
        elif BLOCK_M <= 64:
            BLOCK_N, warps, stages = 64, 4, 1
        elif BLOCK_M <= 256:
            BLOCK_N, warps, stages = 16, 4, 1
        else:
            BLOCK_N, warps, stages = 8, 8, 1
        grid = (triton.cdiv(n, BLOCK_N),)
        matmul_bias_gelu_backward_d_c_rows_kernel[grid](
            buffer_0, d_c, buffer_0.stride(0), buffer_0.stride(1), d_c.stride(0), m, n, BLOCK_M=BLOCK_M,
            BLOCK_N=BLOCK_N, EXACT_M=m == BLOCK_M, num_warps=warps, num_stages=stages,
        )
        return d_c
    BLOCK_M, BLOCK_N, warps, stages = 128, 16, 8, 2
    grid = (triton.cdiv(n, BLOCK_N),)
    matmul_bias_gelu_backward_d_c_kernel[grid](
        buffer_0, d_c, buffer_0.stride(0), buffer_0.stride(1), d_c.stride(0), m, n, BLOCK_M=BLOCK_M,
        BLOCK_N=BLOCK_N, num_warps=warps, num_stages=stages,
    )
    return d_c


class _matmul_bias_gelu_autograd(torch.autograd.Function):
    """matmul_bias_gelu and its derivative."""

    @staticmethod
    def forward(ctx, A, B, c):
        out, state = _matmul_bias_gelu_forward(A, B, c)
        ctx.save_for_backward(A, B, c, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        A, B, c, state = ctx.saved_tensors
        buffer_0 = _matmul_bias_gelu_backward_buffer_0(c, d_out, state)
        d_A = _matmul_bias_gelu_backward_d_A(B, buffer_0)
        d_B = _matmul_bias_gelu_backward_d_B(A, buffer_0)
        d_c = _matmul_bias_gelu_backward_d_c(buffer_0)
        return d_A, d_B, d_c


@_anywhere(torch.bfloat16, torch.bfloat16, torch.float32)
def matmul_bias_gelu(A: torch.Tensor, B: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """matmul_bias_gelu(A: bf16[m k], B: bf16[k n], c: f32[n]) -> out: bf16[m n]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    m, k = A.shape
    _, n = B.shape
    if B.shape != (k, n):
        raise ValueError(f"B: bf16[k n] has shape {B.shape}, expected {(k, n)}")
    if c.shape != (n,):
        raise ValueError(f"c: f32[n] has shape {c.shape}, expected {(n,)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (A, B, c)):
        return _matmul_bias_gelu_autograd.apply(A, B, c)
    out = _matmul_bias_gelu(A, B, c)
    return out
