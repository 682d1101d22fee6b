"""Fused kernels for experts_masked, experts_gathered.

Made by diagc 0.1.0 from routing.diag. Tiles are masked at ragged ends; arithmetic is float32.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pathlib

import torch
import triton
import triton.language as tl

__all__ = ["experts_masked", "experts_gathered"]


@triton.jit
def load_tile(pointers, mask, fill, EXACT: tl.constexpr):
    """A tile whose lanes beyond the end read `fill`; with EXACT there are none."""
    if EXACT:
        return tl.load(pointers)
    return tl.load(pointers, mask=mask, other=fill)


def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread, or could not reach."""
    if array.device.type == "cpu" and not triton.knobs.runtime.interpret:
        raise ValueError(f"{name}: on a CPU, where no kernel runs; the functions of routing_jax.py do, on NumPy arrays")
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
    """A function of routing_jax.py of all arrays in order, and with it its derivative by those at the places `real`."""
    try:
        import jax
    except ImportError as error:
        raise ImportError("on a CPU this file runs by routing_jax.py, which needs JAX: pip install jax") from error
    path = pathlib.Path(__file__).with_name("routing_jax.py")
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
    """A function that on a CPU is that of routing_jax.py; `params` are the places of what it takes as parameters."""

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
def experts_masked_H_kernel(
    X_ptr, up_ptr, H_ptr, X_stride_token, X_stride_d, up_stride_expert, up_stride_d, up_stride_hidden,
    H_stride_token, H_stride_expert, H_stride_hidden, size_token, BLOCK_D: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    first_token = (program % tl.cdiv(size_token, BLOCK_TOKEN)) * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    program = program // tl.cdiv(size_token, BLOCK_TOKEN)
    expert_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_TOKEN, BLOCK_HIDDEN], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[routing.diag:14]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[routing.diag:17]
        up = tl.load(
            up_ptr + expert_index * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:21]
        next_acc_d = tl.dot(X, tl.trans(up), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[routing.diag:14]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < 64)[None, :],
            other=0.0,
        )
        # src[routing.diag:17]
        up = tl.load(
            up_ptr + expert_index * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(d_index < 64)[None, :] & (hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:21]
        next_acc_d = tl.dot(X, tl.trans(up), acc_d)
        acc_d = next_acc_d
    # src[routing.diag:21]
    tl.store(
        H_ptr + token_index[:, None] * H_stride_token + expert_index * H_stride_expert + hidden_index[None, :] * H_stride_hidden,
        tl.maximum(acc_d, 0.0).to(tl.bfloat16),
        mask=(token_index < size_token)[:, None] & (hidden_index < 64)[None, :],
    )


@triton.jit
def experts_masked_weight_rows_kernel(
    gate_ptr, chosen_ptr, weight_ptr, gate_stride_token, gate_stride_place, chosen_stride_token,
    chosen_stride_place, weight_stride_token, weight_stride_expert, size_token, BLOCK_PLACE: tl.constexpr,
    EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    expert_index = (program % 4).to(tl.int64)
    program = program // 4
    token_index = program.to(tl.int64)
    place_index = tl.arange(0, BLOCK_PLACE)
    # src[routing.diag:15]
    gate = load_tile(
        gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
        (place_index < 2),
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:16]
    chosen = load_tile(
        chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
        (place_index < 2),
        0,
        EXACT_PLACE,
    )
    # src[routing.diag:20]
    where_place = tl.where((expert_index == chosen) & (place_index < 2), gate, 0.0)
    sum_ = tl.sum(where_place, 0)
    tl.store(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert, sum_)


@triton.jit
def experts_masked_weight_kernel(
    gate_ptr, chosen_ptr, weight_ptr, gate_stride_token, gate_stride_place, chosen_stride_token,
    chosen_stride_place, weight_stride_token, weight_stride_expert, size_token, BLOCK_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    expert_index = (program % 4).to(tl.int64)
    program = program // 4
    token_index = program.to(tl.int64)
    weight = tl.full([], 0.0, tl.float32)
    to_place = (2) // BLOCK_PLACE * BLOCK_PLACE
    # whole tiles, no mask needed
    for first_place in tl.range(0, to_place, BLOCK_PLACE):
        place_index = first_place + tl.arange(0, BLOCK_PLACE)
        # src[routing.diag:16]
        chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
        # src[routing.diag:20]
        # src[routing.diag:15]
        gate = tl.load(gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place)
        # src[routing.diag:20]
        where_place = tl.where(expert_index == chosen, gate, 0.0)
        tile_sum = tl.sum(where_place, 0)
        next_weight = weight + tile_sum
        weight = next_weight
    from_place = tl.maximum(0, to_place)
    # tiles that a mask or the end cuts
    for first_place_2 in tl.range(from_place, 2, BLOCK_PLACE):
        place_index = first_place_2 + tl.arange(0, BLOCK_PLACE)
        # src[routing.diag:15]
        gate = tl.load(
            gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
            mask=(place_index < 2),
            other=0.0,
        )
        # src[routing.diag:16]
        chosen = tl.load(
            chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
            mask=(place_index < 2),
            other=0,
        )
        # src[routing.diag:20]
        where_place = tl.where((expert_index == chosen) & (place_index < 2), gate, 0.0)
        tile_sum = tl.sum(where_place, 0)
        next_weight = weight + tile_sum
        weight = next_weight
    tl.store(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert, weight)


@triton.jit
def experts_masked_buffer_2_kernel(
    down_ptr, H_ptr, weight_ptr, buffer_2_ptr, down_stride_expert, down_stride_hidden, down_stride_d,
    H_stride_token, H_stride_expert, H_stride_hidden, weight_stride_token, weight_stride_expert,
    buffer_2_stride_token, buffer_2_stride_d, buffer_2_stride_expert, size_token, BLOCK_HIDDEN: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_token = (program % tl.cdiv(size_token, BLOCK_TOKEN)) * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    program = program // tl.cdiv(size_token, BLOCK_TOKEN)
    expert_index = program.to(tl.int64)
    acc_hidden = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    to_hidden = (64) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        # src[routing.diag:18]
        down = tl.load(
            down_ptr + expert_index * down_stride_expert + hidden_index[None, :] * down_stride_hidden + d_index[:, None] * down_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        H = tl.load(
            H_ptr + token_index[:, None] * H_stride_token + expert_index * H_stride_expert + hidden_index[None, :] * H_stride_hidden,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[routing.diag:22]
        next_acc_hidden = tl.dot(H, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 64, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        # src[routing.diag:18]
        down = tl.load(
            down_ptr + expert_index * down_stride_expert + hidden_index[None, :] * down_stride_hidden + d_index[:, None] * down_stride_d,
            mask=(hidden_index < 64)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        H = tl.load(
            H_ptr + token_index[:, None] * H_stride_token + expert_index * H_stride_expert + hidden_index[None, :] * H_stride_hidden,
            mask=(token_index < size_token)[:, None] & (hidden_index < 64)[None, :],
            other=0.0,
        )
        # src[routing.diag:22]
        next_acc_hidden = tl.dot(H, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    weight = tl.load(
        weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert,
        mask=(token_index < size_token),
        other=0.0,
    )
    # src[routing.diag:22]
    tl.store(
        buffer_2_ptr + token_index[:, None] * buffer_2_stride_token + d_index[None, :] * buffer_2_stride_d + expert_index * buffer_2_stride_expert,
        (acc_hidden * weight[:, None]),
        mask=(token_index < size_token)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def experts_masked_out_rows_kernel(
    buffer_2_ptr, out_ptr, buffer_2_stride_token, buffer_2_stride_d, buffer_2_stride_expert, out_stride_token,
    out_stride_d, size_token, BLOCK_EXPERT: tl.constexpr, EXACT_EXPERT: tl.constexpr,
):
    program = tl.program_id(0)
    d_index = (program % 64).to(tl.int64)
    program = program // 64
    token_index = program.to(tl.int64)
    expert_index = tl.arange(0, BLOCK_EXPERT)
    buffer_2 = load_tile(
        buffer_2_ptr + token_index * buffer_2_stride_token + d_index * buffer_2_stride_d + expert_index * buffer_2_stride_expert,
        (expert_index < 4),
        0.0,
        EXACT_EXPERT,
    )
    # src[routing.diag:22]
    sum_ = tl.sum(buffer_2, 0)
    tl.store(out_ptr + token_index * out_stride_token + d_index * out_stride_d, sum_.to(tl.bfloat16))


@triton.jit
def experts_masked_out_kernel(
    buffer_2_ptr, out_ptr, buffer_2_stride_token, buffer_2_stride_d, buffer_2_stride_expert, out_stride_token,
    out_stride_d, size_token, BLOCK_EXPERT: tl.constexpr,
):
    program = tl.program_id(0)
    d_index = (program % 64).to(tl.int64)
    program = program // 64
    token_index = program.to(tl.int64)
    sum_expert = tl.full([], 0.0, tl.float32)
    to_expert = (4) // BLOCK_EXPERT * BLOCK_EXPERT
    # whole tiles, no mask needed
    for first_expert in tl.range(0, to_expert, BLOCK_EXPERT):
        expert_index = first_expert + tl.arange(0, BLOCK_EXPERT)
        buffer_2 = tl.load(
            buffer_2_ptr + token_index * buffer_2_stride_token + d_index * buffer_2_stride_d + expert_index * buffer_2_stride_expert,
        )
        # src[routing.diag:22]
        tile_sum = tl.sum(buffer_2, 0)
        next_sum_expert = sum_expert + tile_sum
        sum_expert = next_sum_expert
    from_expert = tl.maximum(0, to_expert)
    # tiles that a mask or the end cuts
    for first_expert_2 in tl.range(from_expert, 4, BLOCK_EXPERT):
        expert_index = first_expert_2 + tl.arange(0, BLOCK_EXPERT)
        buffer_2 = tl.load(
            buffer_2_ptr + token_index * buffer_2_stride_token + d_index * buffer_2_stride_d + expert_index * buffer_2_stride_expert,
            mask=(expert_index < 4),
            other=0.0,
        )
        # src[routing.diag:22]
        tile_sum = tl.sum(buffer_2, 0)
        next_sum_expert = sum_expert + tile_sum
        sum_expert = next_sum_expert
    tl.store(out_ptr + token_index * out_stride_token + d_index * out_stride_d, sum_expert.to(tl.bfloat16))


@triton.jit
def experts_masked_forward_state_kernel(
    X_ptr, up_ptr, state_ptr, X_stride_token, X_stride_d, up_stride_expert, up_stride_d, up_stride_hidden,
    state_stride_token, state_stride_expert, state_stride_hidden, size_token, BLOCK_D: tl.constexpr,
    BLOCK_TOKEN: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    first_token = (program % tl.cdiv(size_token, BLOCK_TOKEN)) * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    program = program // tl.cdiv(size_token, BLOCK_TOKEN)
    expert_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_TOKEN, BLOCK_HIDDEN], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[routing.diag:17]
        up = tl.load(
            up_ptr + expert_index * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:14]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[routing.diag:21]
        next_acc_d = tl.dot(X, tl.trans(up), acc_d)
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[routing.diag:17]
        up = tl.load(
            up_ptr + expert_index * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(d_index < 64)[None, :] & (hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:14]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None] & (d_index < 64)[None, :],
            other=0.0,
        )
        # src[routing.diag:21]
        next_acc_d = tl.dot(X, tl.trans(up), acc_d)
        acc_d = next_acc_d
    tl.store(
        state_ptr + token_index[:, None] * state_stride_token + expert_index * state_stride_expert + hidden_index[None, :] * state_stride_hidden,
        acc_d,
        mask=(token_index < size_token)[:, None] & (hidden_index < 64)[None, :],
    )


@triton.jit
def experts_masked_forward_weight_rows_kernel(
    gate_ptr, chosen_ptr, weight_ptr, gate_stride_token, gate_stride_place, chosen_stride_token,
    chosen_stride_place, weight_stride_token, weight_stride_expert, size_token, BLOCK_PLACE: tl.constexpr,
    EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    expert_index = (program % 4).to(tl.int64)
    program = program // 4
    token_index = program.to(tl.int64)
    place_index = tl.arange(0, BLOCK_PLACE)
    # src[routing.diag:15]
    gate = load_tile(
        gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
        (place_index < 2),
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:16]
    chosen = load_tile(
        chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
        (place_index < 2),
        0,
        EXACT_PLACE,
    )
    # src[routing.diag:20]
    where_place = tl.where((expert_index == chosen) & (place_index < 2), gate, 0.0)
    sum_ = tl.sum(where_place, 0)
    tl.store(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert, sum_)


@triton.jit
def experts_masked_forward_weight_kernel(
    gate_ptr, chosen_ptr, weight_ptr, gate_stride_token, gate_stride_place, chosen_stride_token,
    chosen_stride_place, weight_stride_token, weight_stride_expert, size_token, BLOCK_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    expert_index = (program % 4).to(tl.int64)
    program = program // 4
    token_index = program.to(tl.int64)
    weight = tl.full([], 0.0, tl.float32)
    to_place = (2) // BLOCK_PLACE * BLOCK_PLACE
    # whole tiles, no mask needed
    for first_place in tl.range(0, to_place, BLOCK_PLACE):
        place_index = first_place + tl.arange(0, BLOCK_PLACE)
        # src[routing.diag:16]
        chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
        # src[routing.diag:20]
        # src[routing.diag:15]
        gate = tl.load(gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place)
        # src[routing.diag:20]
        where_place = tl.where(expert_index == chosen, gate, 0.0)
        tile_sum = tl.sum(where_place, 0)
        next_weight = weight + tile_sum
        weight = next_weight
    from_place = tl.maximum(0, to_place)
    # tiles that a mask or the end cuts
    for first_place_2 in tl.range(from_place, 2, BLOCK_PLACE):
        place_index = first_place_2 + tl.arange(0, BLOCK_PLACE)
        # src[routing.diag:15]
        gate = tl.load(
            gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
            mask=(place_index < 2),
            other=0.0,
        )
        # src[routing.diag:16]
        chosen = tl.load(
            chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
            mask=(place_index < 2),
            other=0,
        )
        # src[routing.diag:20]
        where_place = tl.where((expert_index == chosen) & (place_index < 2), gate, 0.0)
        tile_sum = tl.sum(where_place, 0)
        next_weight = weight + tile_sum
        weight = next_weight
    tl.store(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert, weight)


@triton.jit
def experts_masked_forward_state__kernel(
    down_ptr, state_ptr, state__ptr, down_stride_expert, down_stride_hidden, down_stride_d,
    state_stride_token, state_stride_expert, state_stride_hidden, state__stride_token, state__stride_d,
    state__stride_expert, size_token, BLOCK_HIDDEN: tl.constexpr, BLOCK_TOKEN: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_token = (program % tl.cdiv(size_token, BLOCK_TOKEN)) * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    program = program // tl.cdiv(size_token, BLOCK_TOKEN)
    expert_index = program.to(tl.int64)
    acc_hidden = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    to_hidden = (64) // BLOCK_HIDDEN * BLOCK_HIDDEN
    # whole tiles, no mask needed
    for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
        hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
        state = tl.load(
            state_ptr + token_index[:, None] * state_stride_token + expert_index * state_stride_expert + hidden_index[None, :] * state_stride_hidden,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        # src[routing.diag:21]
        H_bf16 = tl.maximum(state, 0.0).to(tl.bfloat16)
        # src[routing.diag:18]
        down = tl.load(
            down_ptr + expert_index * down_stride_expert + hidden_index[None, :] * down_stride_hidden + d_index[:, None] * down_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:22]
        next_acc_hidden = tl.dot(H_bf16, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    from_hidden = tl.maximum(0, to_hidden)
    # tiles that a mask or the end cuts
    for first_hidden_2 in tl.range(from_hidden, 64, BLOCK_HIDDEN):
        hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
        state = tl.load(
            state_ptr + token_index[:, None] * state_stride_token + expert_index * state_stride_expert + hidden_index[None, :] * state_stride_hidden,
            mask=(token_index < size_token)[:, None] & (hidden_index < 64)[None, :],
            other=float("-inf"),
        )
        # src[routing.diag:21]
        H_bf16 = tl.maximum(state, 0.0).to(tl.bfloat16)
        # src[routing.diag:18]
        down = tl.load(
            down_ptr + expert_index * down_stride_expert + hidden_index[None, :] * down_stride_hidden + d_index[:, None] * down_stride_d,
            mask=(hidden_index < 64)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:22]
        next_acc_hidden = tl.dot(H_bf16, tl.trans(down), acc_hidden)
        acc_hidden = next_acc_hidden
    tl.store(
        state__ptr + token_index[:, None] * state__stride_token + d_index[None, :] * state__stride_d + expert_index * state__stride_expert,
        acc_hidden,
        mask=(token_index < size_token)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def experts_masked_forward_out_rows_kernel(
    state__ptr, weight_ptr, out_ptr, state__stride_token, state__stride_d, state__stride_expert,
    weight_stride_token, weight_stride_expert, out_stride_token, out_stride_d, size_token,
    BLOCK_EXPERT: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_EXPERT: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    token_index = program.to(tl.int64)
    expert_index = tl.arange(0, BLOCK_EXPERT)
    weight = load_tile(
        weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert,
        (expert_index < 4),
        0.0,
        EXACT_EXPERT,
    )
    state_ = tl.load(
        state__ptr + token_index * state__stride_token + d_index[:, None] * state__stride_d + expert_index[None, :] * state__stride_expert,
        mask=(d_index < 64)[:, None] & (expert_index < 4)[None, :],
        other=0.0,
    )
    # src[routing.diag:22]
    mul_d_expert = state_ * weight[None, :]
    sum_ = tl.sum(mul_d_expert, 1)
    tl.store(
        out_ptr + token_index * out_stride_token + d_index * out_stride_d,
        sum_.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def experts_masked_forward_out_kernel(
    state__ptr, weight_ptr, out_ptr, state__stride_token, state__stride_d, state__stride_expert,
    weight_stride_token, weight_stride_expert, out_stride_token, out_stride_d, size_token,
    BLOCK_EXPERT: tl.constexpr, BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    token_index = program.to(tl.int64)
    acc_expert = tl.full([BLOCK_D], 0.0, tl.float32)
    to_expert = (4) // BLOCK_EXPERT * BLOCK_EXPERT
    # whole tiles, no mask needed
    for first_expert in tl.range(0, to_expert, BLOCK_EXPERT):
        expert_index = first_expert + tl.arange(0, BLOCK_EXPERT)
        weight = tl.load(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert)
        state_ = tl.load(
            state__ptr + token_index * state__stride_token + d_index[:, None] * state__stride_d + expert_index[None, :] * state__stride_expert,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:22]
        mul_d_expert = state_ * weight[None, :]
        tile_sum = tl.sum(mul_d_expert, 1)
        next_acc_expert = acc_expert + tile_sum
        acc_expert = next_acc_expert
    from_expert = tl.maximum(0, to_expert)
    # tiles that a mask or the end cuts
    for first_expert_2 in tl.range(from_expert, 4, BLOCK_EXPERT):
        expert_index = first_expert_2 + tl.arange(0, BLOCK_EXPERT)
        weight = tl.load(
            weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert,
            mask=(expert_index < 4),
            other=0.0,
        )
        state_ = tl.load(
            state__ptr + token_index * state__stride_token + d_index[:, None] * state__stride_d + expert_index[None, :] * state__stride_expert,
            mask=(d_index < 64)[:, None] & (expert_index < 4)[None, :],
            other=0.0,
        )
        # src[routing.diag:22]
        mul_d_expert = state_ * weight[None, :]
        tile_sum = tl.sum(mul_d_expert, 1)
        next_acc_expert = acc_expert + tile_sum
        acc_expert = next_acc_expert
    tl.store(
        out_ptr + token_index * out_stride_token + d_index * out_stride_d,
        acc_expert.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def experts_masked_backward_buffer_0_rows_kernel(
    d_out_ptr, state__ptr, buffer_0_ptr, d_out_stride_token, d_out_stride_d, state__stride_token,
    state__stride_d, state__stride_expert, buffer_0_stride_token, buffer_0_stride_expert, size_token,
    BLOCK_D: tl.constexpr, BLOCK_EXPERT: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_expert = (program % tl.cdiv(4, BLOCK_EXPERT)) * BLOCK_EXPERT
    expert_index = first_expert + tl.arange(0, BLOCK_EXPERT)
    program = program // tl.cdiv(4, BLOCK_EXPERT)
    token_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    state_ = tl.load(
        state__ptr + token_index * state__stride_token + d_index[None, :] * state__stride_d + expert_index[:, None] * state__stride_expert,
        mask=(expert_index < 4)[:, None],
        other=0.0,
    )
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
    mul_expert_d = d_out.to(tl.float32)[None, :] * state_
    sum_ = tl.sum(mul_expert_d, 1)
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + expert_index * buffer_0_stride_expert,
        sum_,
        mask=(expert_index < 4),
    )


@triton.jit
def experts_masked_backward_buffer_0_kernel(
    d_out_ptr, state__ptr, buffer_0_ptr, d_out_stride_token, d_out_stride_d, state__stride_token,
    state__stride_d, state__stride_expert, buffer_0_stride_token, buffer_0_stride_expert, size_token,
    BLOCK_D: tl.constexpr, BLOCK_EXPERT: tl.constexpr,
):
    program = tl.program_id(0)
    first_expert = (program % tl.cdiv(4, BLOCK_EXPERT)) * BLOCK_EXPERT
    expert_index = first_expert + tl.arange(0, BLOCK_EXPERT)
    program = program // tl.cdiv(4, BLOCK_EXPERT)
    token_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_EXPERT], 0.0, tl.float32)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        state_ = tl.load(
            state__ptr + token_index * state__stride_token + d_index[None, :] * state__stride_d + expert_index[:, None] * state__stride_expert,
            mask=(expert_index < 4)[:, None],
            other=0.0,
        )
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
        mul_expert_d = d_out.to(tl.float32)[None, :] * state_
        tile_sum = tl.sum(mul_expert_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        state_ = tl.load(
            state__ptr + token_index * state__stride_token + d_index[None, :] * state__stride_d + expert_index[:, None] * state__stride_expert,
            mask=(d_index < 64)[None, :] & (expert_index < 4)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        mul_expert_d = d_out.to(tl.float32)[None, :] * state_
        tile_sum = tl.sum(mul_expert_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + expert_index * buffer_0_stride_expert,
        acc_d,
        mask=(expert_index < 4),
    )


@triton.jit
def experts_masked_backward_d_X_kernel(
    up_ptr, down_ptr, d_out_ptr, state_ptr, weight_ptr, d_X_ptr, up_stride_expert, up_stride_d,
    up_stride_hidden, down_stride_expert, down_stride_hidden, down_stride_d, d_out_stride_token,
    d_out_stride_d, state_stride_token, state_stride_expert, state_stride_hidden, weight_stride_token,
    weight_stride_expert, d_X_stride_token, d_X_stride_d, size_token, BLOCK_HIDDEN: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_TOKEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_token = program * BLOCK_TOKEN
    token_index = first_token + tl.arange(0, BLOCK_TOKEN)
    d_index = tl.arange(0, BLOCK_D)
    acc_expert_hidden = tl.full([BLOCK_TOKEN, BLOCK_D], 0.0, tl.float32)
    d_out = tl.load(
        d_out_ptr + token_index[:, None] * d_out_stride_token + d_index[None, :] * d_out_stride_d,
        mask=(token_index < size_token)[:, None],
        other=0.0,
    )
    for expert_index in tl.range(0, 4):
        weight = tl.load(
            weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert,
            mask=(token_index < size_token),
            other=0.0,
        )
        to_hidden = (64) // BLOCK_HIDDEN * BLOCK_HIDDEN
        # whole tiles, no mask needed
        for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
            hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
            state = tl.load(
                state_ptr + token_index[:, None] * state_stride_token + expert_index * state_stride_expert + hidden_index[None, :] * state_stride_hidden,
                mask=(token_index < size_token)[:, None],
                other=0.0,
            )
            # src[routing.diag:18]
            down = tl.load(
                down_ptr + expert_index * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
            )
            dot = tl.dot(d_out, tl.trans(down))
            tile = weight[:, None] * tl.where(state > 0.0, dot, 0.0)
            tile_bf16 = tile.to(tl.bfloat16)
            # src[routing.diag:17]
            up = tl.load(
                up_ptr + expert_index * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            )
            next_acc_expert_hidden = tl.dot(tile_bf16, up, acc_expert_hidden)
            acc_expert_hidden = next_acc_expert_hidden
        from_hidden = tl.maximum(0, to_hidden)
        # tiles that a mask or the end cuts
        for first_hidden_2 in tl.range(from_hidden, 64, BLOCK_HIDDEN):
            hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
            # src[routing.diag:18]
            down = tl.load(
                down_ptr + expert_index * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
                mask=(hidden_index < 64)[:, None],
                other=0.0,
            )
            dot = tl.dot(d_out, tl.trans(down))
            state = tl.load(
                state_ptr + token_index[:, None] * state_stride_token + expert_index * state_stride_expert + hidden_index[None, :] * state_stride_hidden,
                mask=(token_index < size_token)[:, None] & (hidden_index < 64)[None, :],
                other=0.0,
            )
            where_token_hidden = tl.where((state > 0.0) & (hidden_index < 64)[None, :], dot, 0.0)
            tile_bf16 = (weight[:, None] * where_token_hidden).to(tl.bfloat16)
            # src[routing.diag:17]
            up = tl.load(
                up_ptr + expert_index * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
                mask=(hidden_index < 64)[:, None],
                other=0.0,
            )
            next_acc_expert_hidden = tl.dot(tile_bf16, up, acc_expert_hidden)
            acc_expert_hidden = next_acc_expert_hidden
    tl.store(
        d_X_ptr + token_index[:, None] * d_X_stride_token + d_index[None, :] * d_X_stride_d,
        acc_expert_hidden.to(tl.bfloat16),
        mask=(token_index < size_token)[:, None],
    )


@triton.jit
def experts_masked_backward_d_up_kernel(
    X_ptr, down_ptr, d_out_ptr, state_ptr, weight_ptr, d_up_ptr, X_stride_token, X_stride_d,
    down_stride_expert, down_stride_hidden, down_stride_d, d_out_stride_token, d_out_stride_d,
    state_stride_token, state_stride_expert, state_stride_hidden, weight_stride_token, weight_stride_expert,
    d_up_stride_expert, d_up_stride_d, d_up_stride_hidden, size_token, BLOCK_TOKEN: tl.constexpr,
    BLOCK_D: tl.constexpr, BLOCK_HIDDEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    expert_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    acc_token = tl.full([BLOCK_HIDDEN, BLOCK_D], 0.0, tl.float32)
    # src[routing.diag:18]
    down = tl.load(
        down_ptr + expert_index * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
        mask=(hidden_index < 64)[:, None],
        other=0.0,
    )
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        weight = tl.load(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert)
        # src[routing.diag:14]
        X = tl.load(X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d)
        tile_bf16 = (weight[:, None] * X.to(tl.float32)).to(tl.bfloat16)
        state = tl.load(
            state_ptr + token_index[None, :] * state_stride_token + expert_index * state_stride_expert + hidden_index[:, None] * state_stride_hidden,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + token_index[:, None] * d_out_stride_token + d_index[None, :] * d_out_stride_d,
        )
        dot = tl.dot(down, tl.trans(d_out))
        tile_bf16_2 = tl.where(state > 0.0, dot, 0.0).to(tl.bfloat16)
        next_acc_token = tl.dot(tile_bf16_2, tile_bf16, acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        weight = tl.load(
            weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert,
            mask=(token_index < size_token),
            other=0.0,
        )
        # src[routing.diag:14]
        X = tl.load(
            X_ptr + token_index[:, None] * X_stride_token + d_index[None, :] * X_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        tile_bf16 = (weight[:, None] * X.to(tl.float32)).to(tl.bfloat16)
        d_out = tl.load(
            d_out_ptr + token_index[:, None] * d_out_stride_token + d_index[None, :] * d_out_stride_d,
            mask=(token_index < size_token)[:, None],
            other=0.0,
        )
        dot = tl.dot(down, tl.trans(d_out))
        state = tl.load(
            state_ptr + token_index[None, :] * state_stride_token + expert_index * state_stride_expert + hidden_index[:, None] * state_stride_hidden,
            mask=(token_index < size_token)[None, :] & (hidden_index < 64)[:, None],
            other=0.0,
        )
        tile_bf16_2 = tl.where(state > 0.0, dot, 0.0).to(tl.bfloat16)
        next_acc_token = tl.dot(tile_bf16_2, tile_bf16, acc_token)
        acc_token = next_acc_token
    tl.store(
        d_up_ptr + expert_index * d_up_stride_expert + d_index[None, :] * d_up_stride_d + hidden_index[:, None] * d_up_stride_hidden,
        acc_token.to(tl.bfloat16),
        mask=(hidden_index < 64)[:, None],
    )


@triton.jit
def experts_masked_backward_d_down_kernel(
    d_out_ptr, state_ptr, weight_ptr, d_down_ptr, d_out_stride_token, d_out_stride_d, state_stride_token,
    state_stride_expert, state_stride_hidden, weight_stride_token, weight_stride_expert, d_down_stride_expert,
    d_down_stride_hidden, d_down_stride_d, size_token, BLOCK_TOKEN: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
    BLOCK_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    expert_index = program.to(tl.int64)
    acc_token = tl.full([BLOCK_HIDDEN, BLOCK_D], 0.0, tl.float32)
    to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
    # whole tiles, no mask needed
    for first_token in tl.range(0, to_token, BLOCK_TOKEN):
        token_index = first_token + tl.arange(0, BLOCK_TOKEN)
        weight = tl.load(weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert)
        d_out = tl.load(
            d_out_ptr + token_index[None, :] * d_out_stride_token + d_index[:, None] * d_out_stride_d,
            mask=(d_index < 64)[:, None],
            other=0.0,
        )
        tile_bf16 = (weight[None, :] * d_out.to(tl.float32)).to(tl.bfloat16)
        state = tl.load(
            state_ptr + token_index[None, :] * state_stride_token + expert_index * state_stride_expert + hidden_index[:, None] * state_stride_hidden,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:21]
        H_bf16 = tl.maximum(state, 0.0).to(tl.bfloat16)
        next_acc_token = tl.dot(H_bf16, tl.trans(tile_bf16), acc_token)
        acc_token = next_acc_token
    from_token = tl.maximum(0, to_token)
    # tiles that a mask or the end cuts
    for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
        token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
        weight = tl.load(
            weight_ptr + token_index * weight_stride_token + expert_index * weight_stride_expert,
            mask=(token_index < size_token),
            other=0.0,
        )
        d_out = tl.load(
            d_out_ptr + token_index[None, :] * d_out_stride_token + d_index[:, None] * d_out_stride_d,
            mask=(token_index < size_token)[None, :] & (d_index < 64)[:, None],
            other=0.0,
        )
        tile_bf16 = (weight[None, :] * d_out.to(tl.float32)).to(tl.bfloat16)
        state = tl.load(
            state_ptr + token_index[None, :] * state_stride_token + expert_index * state_stride_expert + hidden_index[:, None] * state_stride_hidden,
            mask=(token_index < size_token)[None, :] & (hidden_index < 64)[:, None],
            other=float("-inf"),
        )
        # src[routing.diag:21]
        H_bf16 = tl.maximum(state, 0.0).to(tl.bfloat16)
        next_acc_token = tl.dot(H_bf16, tl.trans(tile_bf16), acc_token)
        acc_token = next_acc_token
    tl.store(
        d_down_ptr + expert_index * d_down_stride_expert + hidden_index[:, None] * d_down_stride_hidden + d_index[None, :] * d_down_stride_d,
        acc_token.to(tl.bfloat16),
        mask=(hidden_index < 64)[:, None] & (d_index < 64)[None, :],
    )


@triton.jit
def experts_masked_backward_d_gate_rows_kernel(
    chosen_ptr, buffer_0_ptr, d_gate_ptr, chosen_stride_token, chosen_stride_place, buffer_0_stride_token,
    buffer_0_stride_expert, d_gate_stride_token, d_gate_stride_place, size_token, BLOCK_EXPERT: tl.constexpr,
    EXACT_EXPERT: tl.constexpr,
):
    program = tl.program_id(0)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    expert_index = tl.arange(0, BLOCK_EXPERT)
    buffer_0 = load_tile(
        buffer_0_ptr + token_index * buffer_0_stride_token + expert_index * buffer_0_stride_expert,
        (expert_index < 4),
        0.0,
        EXACT_EXPERT,
    )
    # src[routing.diag:16]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    # src[routing.diag:20]
    where_expert = tl.where((chosen == expert_index) & (expert_index < 4), buffer_0, 0.0)
    sum_ = tl.sum(where_expert, 0)
    tl.store(d_gate_ptr + token_index * d_gate_stride_token + place_index * d_gate_stride_place, sum_)


@triton.jit
def experts_masked_backward_d_gate_kernel(
    chosen_ptr, buffer_0_ptr, d_gate_ptr, chosen_stride_token, chosen_stride_place, buffer_0_stride_token,
    buffer_0_stride_expert, d_gate_stride_token, d_gate_stride_place, size_token, BLOCK_EXPERT: tl.constexpr,
):
    program = tl.program_id(0)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    sum_expert = tl.full([], 0.0, tl.float32)
    # src[routing.diag:16]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    to_expert = (4) // BLOCK_EXPERT * BLOCK_EXPERT
    # whole tiles, no mask needed
    for first_expert in tl.range(0, to_expert, BLOCK_EXPERT):
        expert_index = first_expert + tl.arange(0, BLOCK_EXPERT)
        # src[routing.diag:20]
        buffer_0 = tl.load(
            buffer_0_ptr + token_index * buffer_0_stride_token + expert_index * buffer_0_stride_expert,
        )
        where_expert = tl.where(chosen == expert_index, buffer_0, 0.0)
        tile_sum = tl.sum(where_expert, 0)
        next_sum_expert = sum_expert + tile_sum
        sum_expert = next_sum_expert
    from_expert = tl.maximum(0, to_expert)
    # tiles that a mask or the end cuts
    for first_expert_2 in tl.range(from_expert, 4, BLOCK_EXPERT):
        expert_index = first_expert_2 + tl.arange(0, BLOCK_EXPERT)
        buffer_0 = tl.load(
            buffer_0_ptr + token_index * buffer_0_stride_token + expert_index * buffer_0_stride_expert,
            mask=(expert_index < 4),
            other=0.0,
        )
        # src[routing.diag:20]
        where_expert = tl.where((chosen == expert_index) & (expert_index < 4), buffer_0, 0.0)
        tile_sum = tl.sum(where_expert, 0)
        next_sum_expert = sum_expert + tile_sum
        sum_expert = next_sum_expert
    tl.store(d_gate_ptr + token_index * d_gate_stride_token + place_index * d_gate_stride_place, sum_expert)


@_operator
def _experts_masked_H(X: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """_experts_masked_H(X: bf16[token d], up: bf16[expert d hidden]) -> H: bf16[token expert hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("up", up, torch.bfloat16, 3, X.device)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    H = torch.empty((token, 4, 64), dtype=torch.bfloat16, device=X.device)
    if _is_traced(H):
        return H
    BLOCK_TOKEN, BLOCK_HIDDEN, BLOCK_D, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * 4 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_masked_H_kernel[grid](
        X, up, H, X.stride(0), X.stride(1), up.stride(0), up.stride(1), up.stride(2), H.stride(0),
        H.stride(1), H.stride(2), token, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_HIDDEN=BLOCK_HIDDEN,
        num_warps=warps, num_stages=stages,
    )
    return H


@_operator
def _experts_masked_weight(gate: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """_experts_masked_weight(gate: f32[token place], chosen: i32[token place] in expert) -> weight: f32[token expert]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 2, gate.device)
    _check("chosen", chosen, torch.int32, 2, gate.device)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    weight = torch.empty((token, 4), dtype=torch.float32, device=gate.device)
    if _is_traced(weight):
        return weight
    BLOCK_PLACE = max(16, triton.next_power_of_2(2))
    if BLOCK_PLACE <= 16384:
        if BLOCK_PLACE <= 1024:
            warps, stages = 4, 1
        elif BLOCK_PLACE <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token * 4,)
        experts_masked_weight_rows_kernel[grid](
            gate, chosen, weight, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
            weight.stride(0), weight.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, EXACT_PLACE=2 == BLOCK_PLACE,
            num_warps=warps, num_stages=stages,
        )
        return weight
    BLOCK_PLACE, warps, stages = 4096, 8, 2
    grid = (token * 4,)
    experts_masked_weight_kernel[grid](
        gate, chosen, weight, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
        weight.stride(0), weight.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, num_warps=warps,
        num_stages=stages,
    )
    return weight


@_operator
def _experts_masked_buffer_2(down: torch.Tensor, H: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """_experts_masked_buffer_2(down: bf16[expert hidden d], H: bf16[token expert hidden], weight: f32[token expert]) -> buffer_2: f32[token d expert]. Any strides; sizes are read off the shapes."""
    _check("down", down, torch.bfloat16, 3, down.device)
    _check("H", H, torch.bfloat16, 3, down.device)
    _check("weight", weight, torch.float32, 2, down.device)
    token, _, _ = H.shape
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if H.shape != (token, 4, 64):
        raise ValueError(f"H: bf16[token expert hidden] has shape {H.shape}, expected {(token, 4, 64)}")
    if weight.shape != (token, 4):
        raise ValueError(f"weight: f32[token expert] has shape {weight.shape}, expected {(token, 4)}")
    buffer_2 = torch.empty((token, 64, 4), dtype=torch.float32, device=down.device)
    if _is_traced(buffer_2):
        return buffer_2
    BLOCK_TOKEN, BLOCK_D, BLOCK_HIDDEN, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(64, BLOCK_D) * 4,)
    experts_masked_buffer_2_kernel[grid](
        down, H, weight, buffer_2, down.stride(0), down.stride(1), down.stride(2), H.stride(0), H.stride(1),
        H.stride(2), weight.stride(0), weight.stride(1), buffer_2.stride(0), buffer_2.stride(1),
        buffer_2.stride(2), token, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return buffer_2


@_operator
def _experts_masked_out(buffer_2: torch.Tensor) -> torch.Tensor:
    """_experts_masked_out(buffer_2: f32[token d expert]) -> out: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("buffer_2", buffer_2, torch.float32, 3, buffer_2.device)
    token, _, _ = buffer_2.shape
    if buffer_2.shape != (token, 64, 4):
        raise ValueError(f"buffer_2: f32[token d expert] has shape {buffer_2.shape}, expected {(token, 64, 4)}")
    out = torch.empty((token, 64), dtype=torch.bfloat16, device=buffer_2.device)
    if _is_traced(out):
        return out
    BLOCK_EXPERT = max(16, triton.next_power_of_2(4))
    if BLOCK_EXPERT <= 16384:
        if BLOCK_EXPERT <= 1024:
            warps, stages = 4, 1
        elif BLOCK_EXPERT <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token * 64,)
        experts_masked_out_rows_kernel[grid](
            buffer_2, out, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), out.stride(0),
            out.stride(1), token, BLOCK_EXPERT=BLOCK_EXPERT, EXACT_EXPERT=4 == BLOCK_EXPERT, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_EXPERT, warps, stages = 4096, 8, 2
    grid = (token * 64,)
    experts_masked_out_kernel[grid](
        buffer_2, out, buffer_2.stride(0), buffer_2.stride(1), buffer_2.stride(2), out.stride(0),
        out.stride(1), token, BLOCK_EXPERT=BLOCK_EXPERT, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _experts_masked_forward_state(X: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """_experts_masked_forward_state(X: bf16[token d], up: bf16[expert d hidden]) -> state: f32[token expert hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("up", up, torch.bfloat16, 3, X.device)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    state = torch.empty((token, 4, 64), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_TOKEN, BLOCK_HIDDEN, BLOCK_D, warps, stages = 128, 64, 64, 8, 3
    grid = (triton.cdiv(token, BLOCK_TOKEN) * 4 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_masked_forward_state_kernel[grid](
        X, up, state, X.stride(0), X.stride(1), up.stride(0), up.stride(1), up.stride(2), state.stride(0),
        state.stride(1), state.stride(2), token, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN,
        BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _experts_masked_forward_weight(gate: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """_experts_masked_forward_weight(gate: f32[token place], chosen: i32[token place] in expert) -> weight: f32[token expert]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 2, gate.device)
    _check("chosen", chosen, torch.int32, 2, gate.device)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    weight = torch.empty((token, 4), dtype=torch.float32, device=gate.device)
    if _is_traced(weight):
        return weight
    BLOCK_PLACE = max(16, triton.next_power_of_2(2))
    if BLOCK_PLACE <= 16384:
        if BLOCK_PLACE <= 1024:
            warps, stages = 4, 1
        elif BLOCK_PLACE <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token * 4,)
        experts_masked_forward_weight_rows_kernel[grid](
            gate, chosen, weight, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
            weight.stride(0), weight.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, EXACT_PLACE=2 == BLOCK_PLACE,
            num_warps=warps, num_stages=stages,
        )
        return weight
    BLOCK_PLACE, warps, stages = 4096, 8, 2
    grid = (token * 4,)
    experts_masked_forward_weight_kernel[grid](
        gate, chosen, weight, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
        weight.stride(0), weight.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, num_warps=warps,
        num_stages=stages,
    )
    return weight


@_operator
def _experts_masked_forward_state_(down: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """_experts_masked_forward_state_(down: bf16[expert hidden d], state: f32[token expert hidden]) -> state_: f32[token d expert]. Any strides; sizes are read off the shapes."""
    _check("down", down, torch.bfloat16, 3, down.device)
    _check("state", state, torch.float32, 3, down.device)
    token, _, _ = state.shape
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if state.shape != (token, 4, 64):
        raise ValueError(f"state: f32[token expert hidden] has shape {state.shape}, expected {(token, 4, 64)}")
    state_ = torch.empty((token, 64, 4), dtype=torch.float32, device=down.device)
    if _is_traced(state_):
        return state_
    BLOCK_TOKEN, BLOCK_D, BLOCK_HIDDEN, warps, stages = 128, 64, 64, 8, 1
    grid = (triton.cdiv(token, BLOCK_TOKEN) * triton.cdiv(64, BLOCK_D) * 4,)
    experts_masked_forward_state__kernel[grid](
        down, state, state_, down.stride(0), down.stride(1), down.stride(2), state.stride(0), state.stride(1),
        state.stride(2), state_.stride(0), state_.stride(1), state_.stride(2), token,
        BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D, num_warps=warps,
        num_stages=stages,
    )
    return state_


@_operator
def _experts_masked_forward_out(state_: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """_experts_masked_forward_out(state_: f32[token d expert], weight: f32[token expert]) -> out: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("state_", state_, torch.float32, 3, state_.device)
    _check("weight", weight, torch.float32, 2, state_.device)
    token, _, _ = state_.shape
    if state_.shape != (token, 64, 4):
        raise ValueError(f"state_: f32[token d expert] has shape {state_.shape}, expected {(token, 64, 4)}")
    if weight.shape != (token, 4):
        raise ValueError(f"weight: f32[token expert] has shape {weight.shape}, expected {(token, 4)}")
    out = torch.empty((token, 64), dtype=torch.bfloat16, device=state_.device)
    if _is_traced(out):
        return out
    BLOCK_EXPERT = max(16, triton.next_power_of_2(4))
    if BLOCK_EXPERT <= 1024:
        if BLOCK_EXPERT <= 16:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_EXPERT <= 64:
            BLOCK_D, warps, stages = 64, 4, 1
        elif BLOCK_EXPERT <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (token * triton.cdiv(64, BLOCK_D),)
        experts_masked_forward_out_rows_kernel[grid](
            state_, weight, out, state_.stride(0), state_.stride(1), state_.stride(2), weight.stride(0),
            weight.stride(1), out.stride(0), out.stride(1), token, BLOCK_EXPERT=BLOCK_EXPERT, BLOCK_D=BLOCK_D,
            EXACT_EXPERT=4 == BLOCK_EXPERT, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_EXPERT, BLOCK_D, warps, stages = 128, 16, 8, 2
    grid = (token * triton.cdiv(64, BLOCK_D),)
    experts_masked_forward_out_kernel[grid](
        state_, weight, out, state_.stride(0), state_.stride(1), state_.stride(2), weight.stride(0),
        weight.stride(1), out.stride(0), out.stride(1), token, BLOCK_EXPERT=BLOCK_EXPERT, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _experts_masked_backward_buffer_0(d_out: torch.Tensor, state_: torch.Tensor) -> torch.Tensor:
    """_experts_masked_backward_buffer_0(d_out: bf16[token d], state_: f32[token d expert]) -> buffer_0: f32[token expert]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("state_", state_, torch.float32, 3, d_out.device)
    token, _ = d_out.shape
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state_.shape != (token, 64, 4):
        raise ValueError(f"state_: f32[token d expert] has shape {state_.shape}, expected {(token, 64, 4)}")
    buffer_0 = torch.empty((token, 4), dtype=torch.float32, device=d_out.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_EXPERT, warps, stages = 16, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_EXPERT, warps, stages = 16, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_EXPERT, warps, stages = 16, 4, 1
        else:
            BLOCK_EXPERT, warps, stages = 8, 8, 1
        grid = (token * triton.cdiv(4, BLOCK_EXPERT),)
        experts_masked_backward_buffer_0_rows_kernel[grid](
            d_out, state_, buffer_0, d_out.stride(0), d_out.stride(1), state_.stride(0), state_.stride(1),
            state_.stride(2), buffer_0.stride(0), buffer_0.stride(1), token, BLOCK_D=BLOCK_D,
            BLOCK_EXPERT=BLOCK_EXPERT, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, BLOCK_EXPERT, warps, stages = 128, 16, 8, 2
    grid = (token * triton.cdiv(4, BLOCK_EXPERT),)
    experts_masked_backward_buffer_0_kernel[grid](
        d_out, state_, buffer_0, d_out.stride(0), d_out.stride(1), state_.stride(0), state_.stride(1),
        state_.stride(2), buffer_0.stride(0), buffer_0.stride(1), token, BLOCK_D=BLOCK_D,
        BLOCK_EXPERT=BLOCK_EXPERT, num_warps=warps, num_stages=stages,
    )
    return buffer_0


@_operator
def _experts_masked_backward_d_X(
    up: torch.Tensor,
    down: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """_experts_masked_backward_d_X(up: bf16[expert d hidden], down: bf16[expert hidden d], d_out: bf16[token d], state: f32[token expert hidden], weight: f32[token expert]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("up", up, torch.bfloat16, 3, up.device)
    _check("down", down, torch.bfloat16, 3, up.device)
    _check("d_out", d_out, torch.bfloat16, 2, up.device)
    _check("state", state, torch.float32, 3, up.device)
    _check("weight", weight, torch.float32, 2, up.device)
    token, _ = d_out.shape
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state.shape != (token, 4, 64):
        raise ValueError(f"state: f32[token expert hidden] has shape {state.shape}, expected {(token, 4, 64)}")
    if weight.shape != (token, 4):
        raise ValueError(f"weight: f32[token expert] has shape {weight.shape}, expected {(token, 4)}")
    d_X = torch.empty((token, 64), dtype=torch.bfloat16, device=up.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_TOKEN, BLOCK_HIDDEN, warps, stages = 64, 64, 4, 2
    grid = (triton.cdiv(token, BLOCK_TOKEN),)
    experts_masked_backward_d_X_kernel[grid](
        up, down, d_out, state, weight, d_X, up.stride(0), up.stride(1), up.stride(2), down.stride(0),
        down.stride(1), down.stride(2), d_out.stride(0), d_out.stride(1), state.stride(0), state.stride(1),
        state.stride(2), weight.stride(0), weight.stride(1), d_X.stride(0), d_X.stride(1), token,
        BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_D=BLOCK_D, BLOCK_TOKEN=BLOCK_TOKEN, EXACT_D=64 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _experts_masked_backward_d_up(
    X: torch.Tensor,
    down: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """_experts_masked_backward_d_up(X: bf16[token d], down: bf16[expert hidden d], d_out: bf16[token d], state: f32[token expert hidden], weight: f32[token expert]) -> d_up: bf16[expert d hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("down", down, torch.bfloat16, 3, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 3, X.device)
    _check("weight", weight, torch.float32, 2, X.device)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state.shape != (token, 4, 64):
        raise ValueError(f"state: f32[token expert hidden] has shape {state.shape}, expected {(token, 4, 64)}")
    if weight.shape != (token, 4):
        raise ValueError(f"weight: f32[token expert] has shape {weight.shape}, expected {(token, 4)}")
    d_up = torch.empty((4, 64, 64), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_up):
        return d_up
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D > 64:
        raise ValueError(f"d = {BLOCK_D}: at most 64 elements are held on chip")
    BLOCK_HIDDEN, BLOCK_TOKEN, warps, stages = 64, 64, 4, 2
    grid = (4 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_masked_backward_d_up_kernel[grid](
        X, down, d_out, state, weight, d_up, X.stride(0), X.stride(1), down.stride(0), down.stride(1),
        down.stride(2), d_out.stride(0), d_out.stride(1), state.stride(0), state.stride(1), state.stride(2),
        weight.stride(0), weight.stride(1), d_up.stride(0), d_up.stride(1), d_up.stride(2), token,
        BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_D=BLOCK_D, BLOCK_HIDDEN=BLOCK_HIDDEN, EXACT_D=64 == BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_up


@_operator
def _experts_masked_backward_d_down(
    d_out: torch.Tensor,
    state: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """_experts_masked_backward_d_down(d_out: bf16[token d], state: f32[token expert hidden], weight: f32[token expert]) -> d_down: bf16[expert hidden d]. Any strides; sizes are read off the shapes."""
    _check("d_out", d_out, torch.bfloat16, 2, d_out.device)
    _check("state", state, torch.float32, 3, d_out.device)
    _check("weight", weight, torch.float32, 2, d_out.device)
    token, _ = d_out.shape
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state.shape != (token, 4, 64):
        raise ValueError(f"state: f32[token expert hidden] has shape {state.shape}, expected {(token, 4, 64)}")
    if weight.shape != (token, 4):
        raise ValueError(f"weight: f32[token expert] has shape {weight.shape}, expected {(token, 4)}")
    d_down = torch.empty((4, 64, 64), dtype=torch.bfloat16, device=d_out.device)
    if _is_traced(d_down):
        return d_down
    BLOCK_HIDDEN, BLOCK_D, BLOCK_TOKEN, warps, stages = 64, 64, 64, 8, 1
    grid = (4 * triton.cdiv(64, BLOCK_HIDDEN) * triton.cdiv(64, BLOCK_D),)
    experts_masked_backward_d_down_kernel[grid](
        d_out, state, weight, d_down, d_out.stride(0), d_out.stride(1), state.stride(0), state.stride(1),
        state.stride(2), weight.stride(0), weight.stride(1), d_down.stride(0), d_down.stride(1),
        d_down.stride(2), token, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_D=BLOCK_D,
        num_warps=warps, num_stages=stages,
    )
    return d_down


@_operator
def _experts_masked_backward_d_gate(chosen: torch.Tensor, buffer_0: torch.Tensor) -> torch.Tensor:
    """_experts_masked_backward_d_gate(chosen: i32[token place] in expert, buffer_0: f32[token expert]) -> d_gate: f32[token place]. Any strides; sizes are read off the shapes."""
    _check("chosen", chosen, torch.int32, 2, chosen.device)
    _check("buffer_0", buffer_0, torch.float32, 2, chosen.device)
    token, _ = chosen.shape
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if buffer_0.shape != (token, 4):
        raise ValueError(f"buffer_0: f32[token expert] has shape {buffer_0.shape}, expected {(token, 4)}")
    d_gate = torch.empty((token, 2), dtype=torch.float32, device=chosen.device)
    if _is_traced(d_gate):
        return d_gate
    BLOCK_EXPERT = max(16, triton.next_power_of_2(4))
    if BLOCK_EXPERT <= 16384:
        if BLOCK_EXPERT <= 1024:
            warps, stages = 4, 1
        elif BLOCK_EXPERT <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token * 2,)
        experts_masked_backward_d_gate_rows_kernel[grid](
            chosen, buffer_0, d_gate, chosen.stride(0), chosen.stride(1), buffer_0.stride(0),
            buffer_0.stride(1), d_gate.stride(0), d_gate.stride(1), token, BLOCK_EXPERT=BLOCK_EXPERT,
            EXACT_EXPERT=4 == BLOCK_EXPERT, num_warps=warps, num_stages=stages,
        )
        return d_gate
    BLOCK_EXPERT, warps, stages = 4096, 8, 2
    grid = (token * 2,)
    experts_masked_backward_d_gate_kernel[grid](
        chosen, buffer_0, d_gate, chosen.stride(0), chosen.stride(1), buffer_0.stride(0), buffer_0.stride(1),
        d_gate.stride(0), d_gate.stride(1), token, BLOCK_EXPERT=BLOCK_EXPERT, num_warps=warps,
        num_stages=stages,
    )
    return d_gate


class _experts_masked_autograd(torch.autograd.Function):
    """experts_masked and its derivative."""

    @staticmethod
    def forward(ctx, X, gate, chosen, up, down):
        state = _experts_masked_forward_state(X, up)
        weight = _experts_masked_forward_weight(gate, chosen)
        state_ = _experts_masked_forward_state_(down, state)
        out = _experts_masked_forward_out(state_, weight)
        ctx.save_for_backward(X, chosen, up, down, state, weight, state_)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, chosen, up, down, state, weight, state_ = ctx.saved_tensors
        buffer_0 = _experts_masked_backward_buffer_0(d_out, state_)
        d_X = _experts_masked_backward_d_X(up, down, d_out, state, weight)
        d_up = _experts_masked_backward_d_up(X, down, d_out, state, weight)
        d_down = _experts_masked_backward_d_down(d_out, state, weight)
        d_gate = _experts_masked_backward_d_gate(chosen, buffer_0)
        return d_X, d_gate, None, d_up, d_down


@_anywhere(torch.bfloat16, torch.float32, torch.int32, torch.bfloat16, torch.bfloat16)
def experts_masked(
    X: torch.Tensor,
    gate: torch.Tensor,
    chosen: torch.Tensor,
    up: torch.Tensor,
    down: torch.Tensor,
) -> torch.Tensor:
    """experts_masked(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], down: bf16[expert hidden d]) -> out: bf16[token d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, gate, up, down)):
        return _experts_masked_autograd.apply(X, gate, chosen, up, down)
    H = _experts_masked_H(X, up)
    weight = _experts_masked_weight(gate, chosen)
    buffer_2 = _experts_masked_buffer_2(down, H, weight)
    out = _experts_masked_out(buffer_2)
    return out


@triton.jit
def experts_gathered_H_rows_kernel(
    X_ptr, chosen_ptr, up_ptr, H_ptr, X_stride_token, X_stride_d, chosen_stride_token, chosen_stride_place,
    up_stride_expert, up_stride_d, up_stride_hidden, H_stride_token, H_stride_place, H_stride_hidden,
    size_token, BLOCK_D: tl.constexpr, BLOCK_HIDDEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[routing.diag:27]
    X = tl.load(X_ptr + token_index * X_stride_token + d_index * X_stride_d)
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    # src[routing.diag:33]
    up = tl.load(
        up_ptr + chosen * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
        mask=(hidden_index < 64)[:, None],
        other=0.0,
    )
    # src[routing.diag:27]
    # src[routing.diag:33]
    mul_hidden_d = up.to(tl.float32) * X.to(tl.float32)[None, :]
    sum_ = tl.sum(mul_hidden_d, 1)
    tl.store(
        H_ptr + token_index * H_stride_token + place_index * H_stride_place + hidden_index * H_stride_hidden,
        tl.maximum(sum_, 0.0).to(tl.bfloat16),
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_H_kernel(
    X_ptr, chosen_ptr, up_ptr, H_ptr, X_stride_token, X_stride_d, chosen_stride_token, chosen_stride_place,
    up_stride_expert, up_stride_d, up_stride_hidden, H_stride_token, H_stride_place, H_stride_hidden,
    size_token, BLOCK_D: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_HIDDEN], 0.0, tl.float32)
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[routing.diag:27]
        X = tl.load(X_ptr + token_index * X_stride_token + d_index * X_stride_d)
        # src[routing.diag:33]
        up = tl.load(
            up_ptr + chosen * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:27]
        # src[routing.diag:33]
        mul_hidden_d = up.to(tl.float32) * X.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_hidden_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[routing.diag:27]
        X = tl.load(
            X_ptr + token_index * X_stride_token + d_index * X_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        # src[routing.diag:33]
        up = tl.load(
            up_ptr + chosen * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(d_index < 64)[None, :] & (hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:27]
        # src[routing.diag:33]
        mul_hidden_d = up.to(tl.float32) * X.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_hidden_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    # src[routing.diag:33]
    tl.store(
        H_ptr + token_index * H_stride_token + place_index * H_stride_place + hidden_index * H_stride_hidden,
        tl.maximum(acc_d, 0.0).to(tl.bfloat16),
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_out_rows_kernel(
    gate_ptr, chosen_ptr, down_ptr, H_ptr, out_ptr, gate_stride_token, gate_stride_place, chosen_stride_token,
    chosen_stride_place, down_stride_expert, down_stride_hidden, down_stride_d, H_stride_token,
    H_stride_place, H_stride_hidden, out_stride_token, out_stride_d, size_token, BLOCK_PLACE: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_PLACE: tl.constexpr, EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    token_index = program.to(tl.int64)
    place_index = tl.arange(0, BLOCK_PLACE)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    H = load_tile(
        H_ptr + token_index * H_stride_token + place_index[:, None] * H_stride_place + hidden_index[None, :] * H_stride_hidden,
        (place_index < 2)[:, None],
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:29]
    chosen = load_tile(
        chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
        (place_index < 2),
        0,
        EXACT_PLACE,
    )
    # src[routing.diag:34]
    down = tl.load(
        down_ptr + chosen[None, :, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[:, None, None] * down_stride_d,
        mask=(place_index < 2)[None, :, None] & (d_index < 64)[:, None, None],
        other=0.0,
    )
    mul_d_place_hidden = down.to(tl.float32) * H.to(tl.float32)[None, :, :]
    sum_ = tl.sum(mul_d_place_hidden, 2)
    # src[routing.diag:28]
    gate = load_tile(
        gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
        (place_index < 2),
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:34]
    mul_d_place = gate[None, :] * sum_
    sum_2 = tl.sum(mul_d_place, 1)
    tl.store(
        out_ptr + token_index * out_stride_token + d_index * out_stride_d,
        sum_2.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def experts_gathered_out_kernel(
    gate_ptr, chosen_ptr, down_ptr, H_ptr, out_ptr, gate_stride_token, gate_stride_place, chosen_stride_token,
    chosen_stride_place, down_stride_expert, down_stride_hidden, down_stride_d, H_stride_token,
    H_stride_place, H_stride_hidden, out_stride_token, out_stride_d, size_token, BLOCK_PLACE: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    token_index = program.to(tl.int64)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    acc_place = tl.full([BLOCK_D], 0.0, tl.float32)
    to_place = (2) // BLOCK_PLACE * BLOCK_PLACE
    # whole tiles, no mask needed
    for first_place in tl.range(0, to_place, BLOCK_PLACE):
        place_index = first_place + tl.arange(0, BLOCK_PLACE)
        H = tl.load(
            H_ptr + token_index * H_stride_token + place_index[:, None] * H_stride_place + hidden_index[None, :] * H_stride_hidden,
        )
        # src[routing.diag:29]
        chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen[None, :, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[:, None, None] * down_stride_d,
            mask=(d_index < 64)[:, None, None],
            other=0.0,
        )
        mul_d_place_hidden = down.to(tl.float32) * H.to(tl.float32)[None, :, :]
        sum_ = tl.sum(mul_d_place_hidden, 2)
        # src[routing.diag:28]
        gate = tl.load(gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place)
        # src[routing.diag:34]
        mul_d_place = gate[None, :] * sum_
        tile_sum = tl.sum(mul_d_place, 1)
        next_acc_place = acc_place + tile_sum
        acc_place = next_acc_place
    from_place = tl.maximum(0, to_place)
    # tiles that a mask or the end cuts
    for first_place_2 in tl.range(from_place, 2, BLOCK_PLACE):
        place_index = first_place_2 + tl.arange(0, BLOCK_PLACE)
        H = tl.load(
            H_ptr + token_index * H_stride_token + place_index[:, None] * H_stride_place + hidden_index[None, :] * H_stride_hidden,
            mask=(place_index < 2)[:, None],
            other=0.0,
        )
        # src[routing.diag:29]
        chosen = tl.load(
            chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
            mask=(place_index < 2),
            other=0,
        )
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen[None, :, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[:, None, None] * down_stride_d,
            mask=(place_index < 2)[None, :, None] & (d_index < 64)[:, None, None],
            other=0.0,
        )
        mul_d_place_hidden = down.to(tl.float32) * H.to(tl.float32)[None, :, :]
        sum_ = tl.sum(mul_d_place_hidden, 2)
        # src[routing.diag:28]
        gate = tl.load(
            gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
            mask=(place_index < 2),
            other=0.0,
        )
        # src[routing.diag:34]
        mul_d_place = gate[None, :] * sum_
        tile_sum = tl.sum(mul_d_place, 1)
        next_acc_place = acc_place + tile_sum
        acc_place = next_acc_place
    tl.store(
        out_ptr + token_index * out_stride_token + d_index * out_stride_d,
        acc_place.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def experts_gathered_forward_state_rows_kernel(
    X_ptr, chosen_ptr, up_ptr, state_ptr, X_stride_token, X_stride_d, chosen_stride_token,
    chosen_stride_place, up_stride_expert, up_stride_d, up_stride_hidden, state_stride_token,
    state_stride_place, state_stride_hidden, size_token, BLOCK_D: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    # src[routing.diag:33]
    up = tl.load(
        up_ptr + chosen * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
        mask=(hidden_index < 64)[:, None],
        other=0.0,
    )
    # src[routing.diag:27]
    X = tl.load(X_ptr + token_index * X_stride_token + d_index * X_stride_d)
    # src[routing.diag:33]
    mul_hidden_d = X.to(tl.float32)[None, :] * up.to(tl.float32)
    sum_ = tl.sum(mul_hidden_d, 1)
    tl.store(
        state_ptr + token_index * state_stride_token + place_index * state_stride_place + hidden_index * state_stride_hidden,
        sum_,
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_forward_state_kernel(
    X_ptr, chosen_ptr, up_ptr, state_ptr, X_stride_token, X_stride_d, chosen_stride_token,
    chosen_stride_place, up_stride_expert, up_stride_d, up_stride_hidden, state_stride_token,
    state_stride_place, state_stride_hidden, size_token, BLOCK_D: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_HIDDEN], 0.0, tl.float32)
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        # src[routing.diag:33]
        up = tl.load(
            up_ptr + chosen * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:27]
        X = tl.load(X_ptr + token_index * X_stride_token + d_index * X_stride_d)
        # src[routing.diag:33]
        mul_hidden_d = X.to(tl.float32)[None, :] * up.to(tl.float32)
        tile_sum = tl.sum(mul_hidden_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        # src[routing.diag:33]
        up = tl.load(
            up_ptr + chosen * up_stride_expert + d_index[None, :] * up_stride_d + hidden_index[:, None] * up_stride_hidden,
            mask=(d_index < 64)[None, :] & (hidden_index < 64)[:, None],
            other=0.0,
        )
        # src[routing.diag:27]
        X = tl.load(
            X_ptr + token_index * X_stride_token + d_index * X_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        # src[routing.diag:33]
        mul_hidden_d = X.to(tl.float32)[None, :] * up.to(tl.float32)
        tile_sum = tl.sum(mul_hidden_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        state_ptr + token_index * state_stride_token + place_index * state_stride_place + hidden_index * state_stride_hidden,
        acc_d,
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_forward_out_rows_kernel(
    gate_ptr, chosen_ptr, down_ptr, state_ptr, out_ptr, gate_stride_token, gate_stride_place,
    chosen_stride_token, chosen_stride_place, down_stride_expert, down_stride_hidden, down_stride_d,
    state_stride_token, state_stride_place, state_stride_hidden, out_stride_token, out_stride_d, size_token,
    BLOCK_PLACE: tl.constexpr, BLOCK_HIDDEN: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_PLACE: tl.constexpr,
    EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    token_index = program.to(tl.int64)
    place_index = tl.arange(0, BLOCK_PLACE)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    # src[routing.diag:28]
    gate = load_tile(
        gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
        (place_index < 2),
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:29]
    chosen = load_tile(
        chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
        (place_index < 2),
        0,
        EXACT_PLACE,
    )
    # src[routing.diag:34]
    down = tl.load(
        down_ptr + chosen[None, :, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[:, None, None] * down_stride_d,
        mask=(place_index < 2)[None, :, None] & (d_index < 64)[:, None, None],
        other=0.0,
    )
    state = load_tile(
        state_ptr + token_index * state_stride_token + place_index[:, None] * state_stride_place + hidden_index[None, :] * state_stride_hidden,
        (place_index < 2)[:, None],
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:33]
    # src[routing.diag:34]
    mul_d_place_hidden = tl.maximum(state, 0.0)[None, :, :] * down.to(tl.float32)
    sum_ = tl.sum(mul_d_place_hidden, 2)
    mul_d_place = tl.where((place_index < 2)[None, :], sum_, 0.0) * gate[None, :]
    sum_2 = tl.sum(mul_d_place, 1)
    tl.store(
        out_ptr + token_index * out_stride_token + d_index * out_stride_d,
        sum_2.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def experts_gathered_forward_out_kernel(
    gate_ptr, chosen_ptr, down_ptr, state_ptr, out_ptr, gate_stride_token, gate_stride_place,
    chosen_stride_token, chosen_stride_place, down_stride_expert, down_stride_hidden, down_stride_d,
    state_stride_token, state_stride_place, state_stride_hidden, out_stride_token, out_stride_d, size_token,
    BLOCK_PLACE: tl.constexpr, BLOCK_HIDDEN: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_d = (program % tl.cdiv(64, BLOCK_D)) * BLOCK_D
    d_index = first_d + tl.arange(0, BLOCK_D)
    program = program // tl.cdiv(64, BLOCK_D)
    token_index = program.to(tl.int64)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    acc_place = tl.full([BLOCK_D], 0.0, tl.float32)
    to_place = (2) // BLOCK_PLACE * BLOCK_PLACE
    # whole tiles, no mask needed
    for first_place in tl.range(0, to_place, BLOCK_PLACE):
        place_index = first_place + tl.arange(0, BLOCK_PLACE)
        # src[routing.diag:28]
        gate = tl.load(gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place)
        # src[routing.diag:29]
        chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen[None, :, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[:, None, None] * down_stride_d,
            mask=(d_index < 64)[:, None, None],
            other=0.0,
        )
        state = tl.load(
            state_ptr + token_index * state_stride_token + place_index[:, None] * state_stride_place + hidden_index[None, :] * state_stride_hidden,
        )
        # src[routing.diag:33]
        # src[routing.diag:34]
        mul_d_place_hidden = tl.maximum(state, 0.0)[None, :, :] * down.to(tl.float32)
        sum_ = tl.sum(mul_d_place_hidden, 2)
        mul_d_place = sum_ * gate[None, :]
        tile_sum = tl.sum(mul_d_place, 1)
        next_acc_place = acc_place + tile_sum
        acc_place = next_acc_place
    from_place = tl.maximum(0, to_place)
    # tiles that a mask or the end cuts
    for first_place_2 in tl.range(from_place, 2, BLOCK_PLACE):
        place_index = first_place_2 + tl.arange(0, BLOCK_PLACE)
        # src[routing.diag:28]
        gate = tl.load(
            gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
            mask=(place_index < 2),
            other=0.0,
        )
        # src[routing.diag:29]
        chosen = tl.load(
            chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
            mask=(place_index < 2),
            other=0,
        )
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen[None, :, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[:, None, None] * down_stride_d,
            mask=(place_index < 2)[None, :, None] & (d_index < 64)[:, None, None],
            other=0.0,
        )
        state = tl.load(
            state_ptr + token_index * state_stride_token + place_index[:, None] * state_stride_place + hidden_index[None, :] * state_stride_hidden,
            mask=(place_index < 2)[:, None],
            other=0.0,
        )
        # src[routing.diag:33]
        # src[routing.diag:34]
        mul_d_place_hidden = tl.maximum(state, 0.0)[None, :, :] * down.to(tl.float32)
        sum_ = tl.sum(mul_d_place_hidden, 2)
        mul_d_place = tl.where((place_index < 2)[None, :], sum_, 0.0) * gate[None, :]
        tile_sum = tl.sum(mul_d_place, 1)
        next_acc_place = acc_place + tile_sum
        acc_place = next_acc_place
    tl.store(
        out_ptr + token_index * out_stride_token + d_index * out_stride_d,
        acc_place.to(tl.bfloat16),
        mask=(d_index < 64),
    )


@triton.jit
def experts_gathered_backward_buffer_0_rows_kernel(
    chosen_ptr, down_ptr, d_out_ptr, buffer_0_ptr, chosen_stride_token, chosen_stride_place,
    down_stride_expert, down_stride_hidden, down_stride_d, d_out_stride_token, d_out_stride_d,
    buffer_0_stride_token, buffer_0_stride_place, buffer_0_stride_hidden, size_token, BLOCK_D: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr, EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    d_index = tl.arange(0, BLOCK_D)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    # src[routing.diag:34]
    down = tl.load(
        down_ptr + chosen * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
        mask=(hidden_index < 64)[:, None],
        other=0.0,
    )
    mul_hidden_d = down.to(tl.float32) * d_out.to(tl.float32)[None, :]
    sum_ = tl.sum(mul_hidden_d, 1)
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + place_index * buffer_0_stride_place + hidden_index * buffer_0_stride_hidden,
        sum_,
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_backward_buffer_0_kernel(
    chosen_ptr, down_ptr, d_out_ptr, buffer_0_ptr, chosen_stride_token, chosen_stride_place,
    down_stride_expert, down_stride_hidden, down_stride_d, d_out_stride_token, d_out_stride_d,
    buffer_0_stride_token, buffer_0_stride_place, buffer_0_stride_hidden, size_token, BLOCK_D: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    acc_d = tl.full([BLOCK_HIDDEN], 0.0, tl.float32)
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
            mask=(hidden_index < 64)[:, None],
            other=0.0,
        )
        mul_hidden_d = down.to(tl.float32) * d_out.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_hidden_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
            mask=(hidden_index < 64)[:, None] & (d_index < 64)[None, :],
            other=0.0,
        )
        mul_hidden_d = down.to(tl.float32) * d_out.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_hidden_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        buffer_0_ptr + token_index * buffer_0_stride_token + place_index * buffer_0_stride_place + hidden_index * buffer_0_stride_hidden,
        acc_d,
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_backward_d_gate_rows_kernel(
    chosen_ptr, down_ptr, d_out_ptr, state_ptr, d_gate_ptr, chosen_stride_token, chosen_stride_place,
    down_stride_expert, down_stride_hidden, down_stride_d, d_out_stride_token, d_out_stride_d,
    state_stride_token, state_stride_place, state_stride_hidden, d_gate_stride_token, d_gate_stride_place,
    size_token, BLOCK_HIDDEN: tl.constexpr, BLOCK_D: tl.constexpr, EXACT_HIDDEN: tl.constexpr,
    EXACT_D: tl.constexpr,
):
    program = tl.program_id(0)
    place_index = (program % 2).to(tl.int64)
    program = program // 2
    token_index = program.to(tl.int64)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    d_index = tl.arange(0, BLOCK_D)
    d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
    state = tl.load(
        state_ptr + token_index * state_stride_token + place_index * state_stride_place + hidden_index * state_stride_hidden,
    )
    # src[routing.diag:33]
    # src[routing.diag:29]
    chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
    # src[routing.diag:34]
    down = tl.load(
        down_ptr + chosen * down_stride_expert + hidden_index[:, None] * down_stride_hidden + d_index[None, :] * down_stride_d,
    )
    mul_hidden_d = down.to(tl.float32) * tl.maximum(state, 0.0)[:, None]
    sum_ = tl.sum(mul_hidden_d, 0)
    mul_d = sum_ * d_out.to(tl.float32)
    sum_2 = tl.sum(mul_d, 0)
    tl.store(d_gate_ptr + token_index * d_gate_stride_token + place_index * d_gate_stride_place, sum_2)


@triton.jit
def experts_gathered_backward_d_gate_kernel(
    chosen_ptr, down_ptr, d_out_ptr, state_ptr, d_gate_ptr, chosen_stride_token, chosen_stride_place,
    down_stride_expert, down_stride_hidden, down_stride_d, d_out_stride_token, d_out_stride_d,
    state_stride_token, state_stride_place, state_stride_hidden, d_gate_stride_token, d_gate_stride_place,
    size_token, BLOCK_D: tl.constexpr, BLOCK_HIDDEN: tl.constexpr, BLOCK_PLACE: tl.constexpr,
    EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_place = (program % tl.cdiv(2, BLOCK_PLACE)) * BLOCK_PLACE
    place_index = first_place + tl.arange(0, BLOCK_PLACE)
    program = program // tl.cdiv(2, BLOCK_PLACE)
    token_index = program.to(tl.int64)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    acc_d = tl.full([BLOCK_PLACE], 0.0, tl.float32)
    state = tl.load(
        state_ptr + token_index * state_stride_token + place_index[:, None] * state_stride_place + hidden_index[None, :] * state_stride_hidden,
        mask=(place_index < 2)[:, None],
        other=0.0,
    )
    # src[routing.diag:33]
    H = tl.maximum(state, 0.0)
    # src[routing.diag:29]
    chosen = tl.load(
        chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
        mask=(place_index < 2),
        other=0,
    )
    to_d = (64) // BLOCK_D * BLOCK_D
    # whole tiles, no mask needed
    for first_d in tl.range(0, to_d, BLOCK_D):
        d_index = first_d + tl.arange(0, BLOCK_D)
        d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen[:, None, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[None, :, None] * down_stride_d,
            mask=(place_index < 2)[:, None, None],
            other=0.0,
        )
        mul_place_d_hidden = down.to(tl.float32) * H[:, None, :]
        sum_ = tl.sum(mul_place_d_hidden, 2)
        mul_place_d = sum_ * d_out.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_place_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    from_d = tl.maximum(0, to_d)
    # tiles that a mask or the end cuts
    for first_d_2 in tl.range(from_d, 64, BLOCK_D):
        d_index = first_d_2 + tl.arange(0, BLOCK_D)
        d_out = tl.load(
            d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d,
            mask=(d_index < 64),
            other=0.0,
        )
        # src[routing.diag:34]
        down = tl.load(
            down_ptr + chosen[:, None, None] * down_stride_expert + hidden_index[None, None, :] * down_stride_hidden + d_index[None, :, None] * down_stride_d,
            mask=(place_index < 2)[:, None, None] & (d_index < 64)[None, :, None],
            other=0.0,
        )
        mul_place_d_hidden = down.to(tl.float32) * H[:, None, :]
        sum_ = tl.sum(mul_place_d_hidden, 2)
        mul_place_d = sum_ * d_out.to(tl.float32)[None, :]
        tile_sum = tl.sum(mul_place_d, 1)
        next_acc_d = acc_d + tile_sum
        acc_d = next_acc_d
    tl.store(
        d_gate_ptr + token_index * d_gate_stride_token + place_index * d_gate_stride_place,
        acc_d,
        mask=(place_index < 2),
    )


@triton.jit
def experts_gathered_backward_d_X_rows_kernel(
    gate_ptr, chosen_ptr, up_ptr, state_ptr, buffer_0_ptr, d_X_ptr, gate_stride_token, gate_stride_place,
    chosen_stride_token, chosen_stride_place, up_stride_expert, up_stride_d, up_stride_hidden,
    state_stride_token, state_stride_place, state_stride_hidden, buffer_0_stride_token, buffer_0_stride_place,
    buffer_0_stride_hidden, d_X_stride_token, d_X_stride_d, size_token, BLOCK_PLACE: tl.constexpr,
    BLOCK_HIDDEN: tl.constexpr, EXACT_PLACE: tl.constexpr, EXACT_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    d_index = (program % 64).to(tl.int64)
    program = program // 64
    token_index = program.to(tl.int64)
    place_index = tl.arange(0, BLOCK_PLACE)
    hidden_index = tl.arange(0, BLOCK_HIDDEN)
    buffer_0 = load_tile(
        buffer_0_ptr + token_index * buffer_0_stride_token + place_index[:, None] * buffer_0_stride_place + hidden_index[None, :] * buffer_0_stride_hidden,
        (place_index < 2)[:, None],
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:29]
    chosen = load_tile(
        chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
        (place_index < 2),
        0,
        EXACT_PLACE,
    )
    # src[routing.diag:33]
    up = load_tile(
        up_ptr + chosen[:, None] * up_stride_expert + d_index * up_stride_d + hidden_index[None, :] * up_stride_hidden,
        (place_index < 2)[:, None],
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:28]
    gate = load_tile(
        gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
        (place_index < 2),
        0.0,
        EXACT_PLACE,
    )
    # src[routing.diag:33]
    state = load_tile(
        state_ptr + token_index * state_stride_token + place_index[:, None] * state_stride_place + hidden_index[None, :] * state_stride_hidden,
        (place_index < 2)[:, None],
        float("-inf"),
        EXACT_PLACE,
    )
    where_place_hidden = tl.where(state > 0.0, (gate[:, None] * up.to(tl.float32)) * buffer_0, 0.0)
    sum_ = tl.sum(tl.sum(where_place_hidden, 1), 0)
    tl.store(d_X_ptr + token_index * d_X_stride_token + d_index * d_X_stride_d, sum_.to(tl.bfloat16))


@triton.jit
def experts_gathered_backward_d_X_kernel(
    gate_ptr, chosen_ptr, up_ptr, state_ptr, buffer_0_ptr, d_X_ptr, gate_stride_token, gate_stride_place,
    chosen_stride_token, chosen_stride_place, up_stride_expert, up_stride_d, up_stride_hidden,
    state_stride_token, state_stride_place, state_stride_hidden, buffer_0_stride_token, buffer_0_stride_place,
    buffer_0_stride_hidden, d_X_stride_token, d_X_stride_d, size_token, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    d_index = (program % 64).to(tl.int64)
    program = program // 64
    token_index = program.to(tl.int64)
    sum_place_hidden = tl.full([], 0.0, tl.float32)
    for place_index in tl.range(0, 2):
        # src[routing.diag:29]
        chosen = tl.load(chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place)
        # src[routing.diag:28]
        gate = tl.load(gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place)
        to_hidden = (64) // BLOCK_HIDDEN * BLOCK_HIDDEN
        # whole tiles, no mask needed
        for first_hidden in tl.range(0, to_hidden, BLOCK_HIDDEN):
            hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
            state = tl.load(
                state_ptr + token_index * state_stride_token + place_index * state_stride_place + hidden_index * state_stride_hidden,
            )
            buffer_0 = tl.load(
                buffer_0_ptr + token_index * buffer_0_stride_token + place_index * buffer_0_stride_place + hidden_index * buffer_0_stride_hidden,
            )
            # src[routing.diag:33]
            up = tl.load(
                up_ptr + chosen * up_stride_expert + d_index * up_stride_d + hidden_index * up_stride_hidden,
            )
            where_hidden = tl.where(state > 0.0, (gate * up.to(tl.float32)) * buffer_0, 0.0)
            tile_sum = tl.sum(where_hidden, 0)
            next_sum_place_hidden = sum_place_hidden + tile_sum
            sum_place_hidden = next_sum_place_hidden
        from_hidden = tl.maximum(0, to_hidden)
        # tiles that a mask or the end cuts
        for first_hidden_2 in tl.range(from_hidden, 64, BLOCK_HIDDEN):
            hidden_index = first_hidden_2 + tl.arange(0, BLOCK_HIDDEN)
            buffer_0 = tl.load(
                buffer_0_ptr + token_index * buffer_0_stride_token + place_index * buffer_0_stride_place + hidden_index * buffer_0_stride_hidden,
                mask=(hidden_index < 64),
                other=0.0,
            )
            # src[routing.diag:33]
            up = tl.load(
                up_ptr + chosen * up_stride_expert + d_index * up_stride_d + hidden_index * up_stride_hidden,
                mask=(hidden_index < 64),
                other=0.0,
            )
            state = tl.load(
                state_ptr + token_index * state_stride_token + place_index * state_stride_place + hidden_index * state_stride_hidden,
                mask=(hidden_index < 64),
                other=float("-inf"),
            )
            where_hidden = tl.where(state > 0.0, (gate * up.to(tl.float32)) * buffer_0, 0.0)
            tile_sum = tl.sum(where_hidden, 0)
            next_sum_place_hidden = sum_place_hidden + tile_sum
            sum_place_hidden = next_sum_place_hidden
    tl.store(
        d_X_ptr + token_index * d_X_stride_token + d_index * d_X_stride_d,
        sum_place_hidden.to(tl.bfloat16),
    )


@triton.jit
def experts_gathered_backward_d_up_d_down_rows_kernel(
    X_ptr, gate_ptr, chosen_ptr, d_out_ptr, state_ptr, buffer_0_ptr, d_up_ptr, d_down_ptr, X_stride_token,
    X_stride_d, gate_stride_token, gate_stride_place, chosen_stride_token, chosen_stride_place,
    d_out_stride_token, d_out_stride_d, state_stride_token, state_stride_place, state_stride_hidden,
    buffer_0_stride_token, buffer_0_stride_place, buffer_0_stride_hidden, d_up_stride_expert, d_up_stride_d,
    d_up_stride_hidden, d_down_stride_expert, d_down_stride_hidden, d_down_stride_d, size_token,
    BLOCK_TOKEN: tl.constexpr, BLOCK_PLACE: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
    EXACT_TOKEN: tl.constexpr, EXACT_PLACE: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    d_index = (program % 64).to(tl.int64)
    program = program // 64
    expert_index = program.to(tl.int64)
    token_index = tl.arange(0, BLOCK_TOKEN)
    place_index = tl.arange(0, BLOCK_PLACE)
    buffer_0 = tl.load(
        buffer_0_ptr + token_index[None, :, None] * buffer_0_stride_token + place_index[None, None, :] * buffer_0_stride_place + hidden_index[:, None, None] * buffer_0_stride_hidden,
        mask=(token_index < size_token)[None, :, None] & (place_index < 2)[None, None, :] & (hidden_index < 64)[:, None, None],
        other=0.0,
    )
    # src[routing.diag:28]
    gate = load_tile(
        gate_ptr + token_index[:, None] * gate_stride_token + place_index[None, :] * gate_stride_place,
        (token_index < size_token)[:, None] & (place_index < 2)[None, :],
        0.0,
        EXACT_TOKEN and EXACT_PLACE,
    )
    # src[routing.diag:27]
    X = load_tile(
        X_ptr + token_index * X_stride_token + d_index * X_stride_d,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    mul_hidden_token_place = (X.to(tl.float32)[:, None] * gate)[None, :, :] * buffer_0
    # src[routing.diag:29]
    chosen = load_tile(
        chosen_ptr + token_index[:, None] * chosen_stride_token + place_index[None, :] * chosen_stride_place,
        (token_index < size_token)[:, None] & (place_index < 2)[None, :],
        0,
        EXACT_TOKEN and EXACT_PLACE,
    )
    eq_token_place = expert_index == chosen
    state = tl.load(
        state_ptr + token_index[None, :, None] * state_stride_token + place_index[None, None, :] * state_stride_place + hidden_index[:, None, None] * state_stride_hidden,
        mask=(token_index < size_token)[None, :, None] & (place_index < 2)[None, None, :] & (hidden_index < 64)[:, None, None],
        other=float("-inf"),
    )
    where_hidden_token_place = tl.where((state > 0.0) & eq_token_place[None, :, :], mul_hidden_token_place, 0.0)
    sum_ = tl.sum(tl.sum(where_hidden_token_place, 2), 1)
    tl.store(
        d_up_ptr + expert_index * d_up_stride_expert + d_index * d_up_stride_d + hidden_index * d_up_stride_hidden,
        sum_.to(tl.bfloat16),
        mask=(hidden_index < 64),
    )
    d_out = load_tile(
        d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d,
        (token_index < size_token),
        0.0,
        EXACT_TOKEN,
    )
    # src[routing.diag:33]
    mul_hidden_token_place_2 = (d_out.to(tl.float32)[:, None] * gate)[None, :, :] * tl.maximum(state, 0.0)
    where_hidden_token_place_2 = tl.where(eq_token_place[None, :, :], mul_hidden_token_place_2, 0.0)
    sum_2 = tl.sum(tl.sum(where_hidden_token_place_2, 2), 1)
    tl.store(
        d_down_ptr + expert_index * d_down_stride_expert + hidden_index * d_down_stride_hidden + d_index * d_down_stride_d,
        sum_2.to(tl.bfloat16),
        mask=(hidden_index < 64),
    )


@triton.jit
def experts_gathered_backward_d_up_d_down_kernel(
    X_ptr, gate_ptr, chosen_ptr, d_out_ptr, state_ptr, buffer_0_ptr, d_up_ptr, d_down_ptr, X_stride_token,
    X_stride_d, gate_stride_token, gate_stride_place, chosen_stride_token, chosen_stride_place,
    d_out_stride_token, d_out_stride_d, state_stride_token, state_stride_place, state_stride_hidden,
    buffer_0_stride_token, buffer_0_stride_place, buffer_0_stride_hidden, d_up_stride_expert, d_up_stride_d,
    d_up_stride_hidden, d_down_stride_expert, d_down_stride_hidden, d_down_stride_d, size_token,
    BLOCK_TOKEN: tl.constexpr, BLOCK_HIDDEN: tl.constexpr,
):
    program = tl.program_id(0)
    first_hidden = (program % tl.cdiv(64, BLOCK_HIDDEN)) * BLOCK_HIDDEN
    hidden_index = first_hidden + tl.arange(0, BLOCK_HIDDEN)
    program = program // tl.cdiv(64, BLOCK_HIDDEN)
    d_index = (program % 64).to(tl.int64)
    program = program // 64
    expert_index = program.to(tl.int64)
    sum_token_place = tl.full([BLOCK_HIDDEN], 0.0, tl.float32)
    sum_token_place_2 = tl.full([BLOCK_HIDDEN], 0.0, tl.float32)
    for place_index in tl.range(0, 2):
        to_token = size_token // BLOCK_TOKEN * BLOCK_TOKEN
        # whole tiles, no mask needed
        for first_token in tl.range(0, to_token, BLOCK_TOKEN):
            token_index = first_token + tl.arange(0, BLOCK_TOKEN)
            buffer_0 = tl.load(
                buffer_0_ptr + token_index[None, :] * buffer_0_stride_token + place_index * buffer_0_stride_place + hidden_index[:, None] * buffer_0_stride_hidden,
                mask=(hidden_index < 64)[:, None],
                other=0.0,
            )
            # src[routing.diag:28]
            gate = tl.load(gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place)
            # src[routing.diag:27]
            X = tl.load(X_ptr + token_index * X_stride_token + d_index * X_stride_d)
            # src[routing.diag:29]
            chosen = tl.load(
                chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
            )
            eq_token = expert_index == chosen
            state = tl.load(
                state_ptr + token_index[None, :] * state_stride_token + place_index * state_stride_place + hidden_index[:, None] * state_stride_hidden,
                mask=(hidden_index < 64)[:, None],
                other=0.0,
            )
            where_hidden_token = tl.where((state > 0.0) & eq_token[None, :], (X.to(tl.float32) * gate)[None, :] * buffer_0, 0.0)
            tile_sum = tl.sum(where_hidden_token, 1)
            next_sum_token_place = sum_token_place + tile_sum
            d_out = tl.load(d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d)
            # src[routing.diag:33]
            mul_hidden_token = (d_out.to(tl.float32) * gate)[None, :] * tl.maximum(state, 0.0)
            where_hidden_token_2 = tl.where(eq_token[None, :], mul_hidden_token, 0.0)
            tile_sum_2 = tl.sum(where_hidden_token_2, 1)
            next_sum_token_place_2 = sum_token_place_2 + tile_sum_2
            sum_token_place = next_sum_token_place
            sum_token_place_2 = next_sum_token_place_2
        from_token = tl.maximum(0, to_token)
        # tiles that a mask or the end cuts
        for first_token_2 in tl.range(from_token, size_token, BLOCK_TOKEN):
            token_index = first_token_2 + tl.arange(0, BLOCK_TOKEN)
            buffer_0 = tl.load(
                buffer_0_ptr + token_index[None, :] * buffer_0_stride_token + place_index * buffer_0_stride_place + hidden_index[:, None] * buffer_0_stride_hidden,
                mask=(token_index < size_token)[None, :] & (hidden_index < 64)[:, None],
                other=0.0,
            )
            # src[routing.diag:28]
            gate = tl.load(
                gate_ptr + token_index * gate_stride_token + place_index * gate_stride_place,
                mask=(token_index < size_token),
                other=0.0,
            )
            # src[routing.diag:27]
            X = tl.load(
                X_ptr + token_index * X_stride_token + d_index * X_stride_d,
                mask=(token_index < size_token),
                other=0.0,
            )
            # src[routing.diag:29]
            chosen = tl.load(
                chosen_ptr + token_index * chosen_stride_token + place_index * chosen_stride_place,
                mask=(token_index < size_token),
                other=0,
            )
            eq_token = expert_index == chosen
            state = tl.load(
                state_ptr + token_index[None, :] * state_stride_token + place_index * state_stride_place + hidden_index[:, None] * state_stride_hidden,
                mask=(token_index < size_token)[None, :] & (hidden_index < 64)[:, None],
                other=float("-inf"),
            )
            where_hidden_token = tl.where((state > 0.0) & eq_token[None, :], (X.to(tl.float32) * gate)[None, :] * buffer_0, 0.0)
            tile_sum = tl.sum(where_hidden_token, 1)
            next_sum_token_place = sum_token_place + tile_sum
            d_out = tl.load(
                d_out_ptr + token_index * d_out_stride_token + d_index * d_out_stride_d,
                mask=(token_index < size_token),
                other=0.0,
            )
            # src[routing.diag:33]
            mul_hidden_token = (d_out.to(tl.float32) * gate)[None, :] * tl.maximum(state, 0.0)
            where_hidden_token_2 = tl.where(eq_token[None, :], mul_hidden_token, 0.0)
            tile_sum_2 = tl.sum(where_hidden_token_2, 1)
            next_sum_token_place_2 = sum_token_place_2 + tile_sum_2
            sum_token_place = next_sum_token_place
            sum_token_place_2 = next_sum_token_place_2
    tl.store(
        d_up_ptr + expert_index * d_up_stride_expert + d_index * d_up_stride_d + hidden_index * d_up_stride_hidden,
        sum_token_place.to(tl.bfloat16),
        mask=(hidden_index < 64),
    )
    tl.store(
        d_down_ptr + expert_index * d_down_stride_expert + hidden_index * d_down_stride_hidden + d_index * d_down_stride_d,
        sum_token_place_2.to(tl.bfloat16),
        mask=(hidden_index < 64),
    )


@_operator
def _experts_gathered_H(X: torch.Tensor, chosen: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """_experts_gathered_H(X: bf16[token d], chosen: i32[token place] in expert, up: bf16[expert d hidden]) -> H: bf16[token place hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("chosen", chosen, torch.int32, 2, X.device)
    _check("up", up, torch.bfloat16, 3, X.device)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    H = torch.empty((token, 2, 64), dtype=torch.bfloat16, device=X.device)
    if _is_traced(H):
        return H
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_HIDDEN, warps, stages = 64, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_HIDDEN, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_HIDDEN, warps, stages = 16, 4, 1
        else:
            BLOCK_HIDDEN, warps, stages = 8, 8, 1
        grid = (token * 2 * triton.cdiv(64, BLOCK_HIDDEN),)
        experts_gathered_H_rows_kernel[grid](
            X, chosen, up, H, X.stride(0), X.stride(1), chosen.stride(0), chosen.stride(1), up.stride(0),
            up.stride(1), up.stride(2), H.stride(0), H.stride(1), H.stride(2), token, BLOCK_D=BLOCK_D,
            BLOCK_HIDDEN=BLOCK_HIDDEN, EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return H
    BLOCK_D, BLOCK_HIDDEN, warps, stages = 128, 16, 8, 2
    grid = (token * 2 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_gathered_H_kernel[grid](
        X, chosen, up, H, X.stride(0), X.stride(1), chosen.stride(0), chosen.stride(1), up.stride(0),
        up.stride(1), up.stride(2), H.stride(0), H.stride(1), H.stride(2), token, BLOCK_D=BLOCK_D,
        BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return H


@_operator
def _experts_gathered_out(
    gate: torch.Tensor,
    chosen: torch.Tensor,
    down: torch.Tensor,
    H: torch.Tensor,
) -> torch.Tensor:
    """_experts_gathered_out(gate: f32[token place], chosen: i32[token place] in expert, down: bf16[expert hidden d], H: bf16[token place hidden]) -> out: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 2, gate.device)
    _check("chosen", chosen, torch.int32, 2, gate.device)
    _check("down", down, torch.bfloat16, 3, gate.device)
    _check("H", H, torch.bfloat16, 3, gate.device)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if H.shape != (token, 2, 64):
        raise ValueError(f"H: bf16[token place hidden] has shape {H.shape}, expected {(token, 2, 64)}")
    out = torch.empty((token, 64), dtype=torch.bfloat16, device=gate.device)
    if _is_traced(out):
        return out
    BLOCK_PLACE = max(16, triton.next_power_of_2(2))
    BLOCK_HIDDEN = max(16, triton.next_power_of_2(64))
    if BLOCK_PLACE * BLOCK_HIDDEN <= 1024:
        if BLOCK_PLACE * BLOCK_HIDDEN <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (token * triton.cdiv(64, BLOCK_D),)
        experts_gathered_out_rows_kernel[grid](
            gate, chosen, down, H, out, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
            down.stride(0), down.stride(1), down.stride(2), H.stride(0), H.stride(1), H.stride(2),
            out.stride(0), out.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, BLOCK_HIDDEN=BLOCK_HIDDEN,
            BLOCK_D=BLOCK_D, EXACT_PLACE=2 == BLOCK_PLACE, EXACT_HIDDEN=64 == BLOCK_HIDDEN, num_warps=warps,
            num_stages=stages,
        )
        return out
    BLOCK_HIDDEN_2 = max(16, triton.next_power_of_2(64))
    if BLOCK_HIDDEN_2 > 16384:
        raise ValueError(f"hidden = {BLOCK_HIDDEN_2}: at most 16384 elements are held on chip")
    if BLOCK_HIDDEN_2 <= 64:
        BLOCK_PLACE, BLOCK_D, warps, stages = 16, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 256:
        BLOCK_PLACE, BLOCK_D, warps, stages = 4, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 1024:
        BLOCK_PLACE, BLOCK_D, warps, stages = 1, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 4096:
        BLOCK_PLACE, BLOCK_D, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_PLACE, BLOCK_D, warps, stages = 1, 1, 8, 2
    grid = (token * triton.cdiv(64, BLOCK_D),)
    experts_gathered_out_kernel[grid](
        gate, chosen, down, H, out, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
        down.stride(0), down.stride(1), down.stride(2), H.stride(0), H.stride(1), H.stride(2), out.stride(0),
        out.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, BLOCK_HIDDEN=BLOCK_HIDDEN_2, BLOCK_D=BLOCK_D,
        EXACT_HIDDEN=64 == BLOCK_HIDDEN_2, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _experts_gathered_forward_state(X: torch.Tensor, chosen: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """_experts_gathered_forward_state(X: bf16[token d], chosen: i32[token place] in expert, up: bf16[expert d hidden]) -> state: f32[token place hidden]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("chosen", chosen, torch.int32, 2, X.device)
    _check("up", up, torch.bfloat16, 3, X.device)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    state = torch.empty((token, 2, 64), dtype=torch.float32, device=X.device)
    if _is_traced(state):
        return state
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_HIDDEN, warps, stages = 64, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_HIDDEN, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_HIDDEN, warps, stages = 16, 4, 1
        else:
            BLOCK_HIDDEN, warps, stages = 8, 8, 1
        grid = (token * 2 * triton.cdiv(64, BLOCK_HIDDEN),)
        experts_gathered_forward_state_rows_kernel[grid](
            X, chosen, up, state, X.stride(0), X.stride(1), chosen.stride(0), chosen.stride(1), up.stride(0),
            up.stride(1), up.stride(2), state.stride(0), state.stride(1), state.stride(2), token,
            BLOCK_D=BLOCK_D, BLOCK_HIDDEN=BLOCK_HIDDEN, EXACT_D=64 == BLOCK_D, num_warps=warps,
            num_stages=stages,
        )
        return state
    BLOCK_D, BLOCK_HIDDEN, warps, stages = 128, 16, 8, 2
    grid = (token * 2 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_gathered_forward_state_kernel[grid](
        X, chosen, up, state, X.stride(0), X.stride(1), chosen.stride(0), chosen.stride(1), up.stride(0),
        up.stride(1), up.stride(2), state.stride(0), state.stride(1), state.stride(2), token, BLOCK_D=BLOCK_D,
        BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return state


@_operator
def _experts_gathered_forward_out(
    gate: torch.Tensor,
    chosen: torch.Tensor,
    down: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_experts_gathered_forward_out(gate: f32[token place], chosen: i32[token place] in expert, down: bf16[expert hidden d], state: f32[token place hidden]) -> out: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 2, gate.device)
    _check("chosen", chosen, torch.int32, 2, gate.device)
    _check("down", down, torch.bfloat16, 3, gate.device)
    _check("state", state, torch.float32, 3, gate.device)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if state.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state.shape}, expected {(token, 2, 64)}")
    out = torch.empty((token, 64), dtype=torch.bfloat16, device=gate.device)
    if _is_traced(out):
        return out
    BLOCK_PLACE = max(16, triton.next_power_of_2(2))
    BLOCK_HIDDEN = max(16, triton.next_power_of_2(64))
    if BLOCK_PLACE * BLOCK_HIDDEN <= 1024:
        if BLOCK_PLACE * BLOCK_HIDDEN <= 256:
            BLOCK_D, warps, stages = 16, 4, 1
        else:
            BLOCK_D, warps, stages = 8, 8, 1
        grid = (token * triton.cdiv(64, BLOCK_D),)
        experts_gathered_forward_out_rows_kernel[grid](
            gate, chosen, down, state, out, gate.stride(0), gate.stride(1), chosen.stride(0),
            chosen.stride(1), down.stride(0), down.stride(1), down.stride(2), state.stride(0),
            state.stride(1), state.stride(2), out.stride(0), out.stride(1), token, BLOCK_PLACE=BLOCK_PLACE,
            BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_D=BLOCK_D, EXACT_PLACE=2 == BLOCK_PLACE,
            EXACT_HIDDEN=64 == BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
        )
        return out
    BLOCK_HIDDEN_2 = max(16, triton.next_power_of_2(64))
    if BLOCK_HIDDEN_2 > 16384:
        raise ValueError(f"hidden = {BLOCK_HIDDEN_2}: at most 16384 elements are held on chip")
    if BLOCK_HIDDEN_2 <= 64:
        BLOCK_PLACE, BLOCK_D, warps, stages = 16, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 256:
        BLOCK_PLACE, BLOCK_D, warps, stages = 4, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 1024:
        BLOCK_PLACE, BLOCK_D, warps, stages = 1, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 4096:
        BLOCK_PLACE, BLOCK_D, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_PLACE, BLOCK_D, warps, stages = 1, 1, 8, 2
    grid = (token * triton.cdiv(64, BLOCK_D),)
    experts_gathered_forward_out_kernel[grid](
        gate, chosen, down, state, out, gate.stride(0), gate.stride(1), chosen.stride(0), chosen.stride(1),
        down.stride(0), down.stride(1), down.stride(2), state.stride(0), state.stride(1), state.stride(2),
        out.stride(0), out.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, BLOCK_HIDDEN=BLOCK_HIDDEN_2,
        BLOCK_D=BLOCK_D, EXACT_HIDDEN=64 == BLOCK_HIDDEN_2, num_warps=warps, num_stages=stages,
    )
    return out


@_operator
def _experts_gathered_backward_buffer_0(
    chosen: torch.Tensor,
    down: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    """_experts_gathered_backward_buffer_0(chosen: i32[token place] in expert, down: bf16[expert hidden d], d_out: bf16[token d]) -> buffer_0: f32[token place hidden]. Any strides; sizes are read off the shapes."""
    _check("chosen", chosen, torch.int32, 2, chosen.device)
    _check("down", down, torch.bfloat16, 3, chosen.device)
    _check("d_out", d_out, torch.bfloat16, 2, chosen.device)
    token, _ = chosen.shape
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    buffer_0 = torch.empty((token, 2, 64), dtype=torch.float32, device=chosen.device)
    if _is_traced(buffer_0):
        return buffer_0
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_D <= 1024:
        if BLOCK_D <= 16:
            BLOCK_HIDDEN, warps, stages = 64, 4, 1
        elif BLOCK_D <= 64:
            BLOCK_HIDDEN, warps, stages = 64, 4, 1
        elif BLOCK_D <= 256:
            BLOCK_HIDDEN, warps, stages = 16, 4, 1
        else:
            BLOCK_HIDDEN, warps, stages = 8, 8, 1
        grid = (token * 2 * triton.cdiv(64, BLOCK_HIDDEN),)
        experts_gathered_backward_buffer_0_rows_kernel[grid](
            chosen, down, d_out, buffer_0, chosen.stride(0), chosen.stride(1), down.stride(0), down.stride(1),
            down.stride(2), d_out.stride(0), d_out.stride(1), buffer_0.stride(0), buffer_0.stride(1),
            buffer_0.stride(2), token, BLOCK_D=BLOCK_D, BLOCK_HIDDEN=BLOCK_HIDDEN, EXACT_D=64 == BLOCK_D,
            num_warps=warps, num_stages=stages,
        )
        return buffer_0
    BLOCK_D, BLOCK_HIDDEN, warps, stages = 128, 16, 8, 2
    grid = (token * 2 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_gathered_backward_buffer_0_kernel[grid](
        chosen, down, d_out, buffer_0, chosen.stride(0), chosen.stride(1), down.stride(0), down.stride(1),
        down.stride(2), d_out.stride(0), d_out.stride(1), buffer_0.stride(0), buffer_0.stride(1),
        buffer_0.stride(2), token, BLOCK_D=BLOCK_D, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps,
        num_stages=stages,
    )
    return buffer_0


@_operator
def _experts_gathered_backward_d_gate(
    chosen: torch.Tensor,
    down: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
) -> torch.Tensor:
    """_experts_gathered_backward_d_gate(chosen: i32[token place] in expert, down: bf16[expert hidden d], d_out: bf16[token d], state: f32[token place hidden]) -> d_gate: f32[token place]. Any strides; sizes are read off the shapes."""
    _check("chosen", chosen, torch.int32, 2, chosen.device)
    _check("down", down, torch.bfloat16, 3, chosen.device)
    _check("d_out", d_out, torch.bfloat16, 2, chosen.device)
    _check("state", state, torch.float32, 3, chosen.device)
    token, _ = chosen.shape
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state.shape}, expected {(token, 2, 64)}")
    d_gate = torch.empty((token, 2), dtype=torch.float32, device=chosen.device)
    if _is_traced(d_gate):
        return d_gate
    BLOCK_HIDDEN = max(16, triton.next_power_of_2(64))
    BLOCK_D = max(16, triton.next_power_of_2(64))
    if BLOCK_HIDDEN * BLOCK_D <= 16384:
        if BLOCK_HIDDEN * BLOCK_D <= 1024:
            warps, stages = 4, 1
        elif BLOCK_HIDDEN * BLOCK_D <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token * 2,)
        experts_gathered_backward_d_gate_rows_kernel[grid](
            chosen, down, d_out, state, d_gate, chosen.stride(0), chosen.stride(1), down.stride(0),
            down.stride(1), down.stride(2), d_out.stride(0), d_out.stride(1), state.stride(0),
            state.stride(1), state.stride(2), d_gate.stride(0), d_gate.stride(1), token,
            BLOCK_HIDDEN=BLOCK_HIDDEN, BLOCK_D=BLOCK_D, EXACT_HIDDEN=64 == BLOCK_HIDDEN,
            EXACT_D=64 == BLOCK_D, num_warps=warps, num_stages=stages,
        )
        return d_gate
    BLOCK_HIDDEN_2 = max(16, triton.next_power_of_2(64))
    if BLOCK_HIDDEN_2 > 16384:
        raise ValueError(f"hidden = {BLOCK_HIDDEN_2}: at most 16384 elements are held on chip")
    if BLOCK_HIDDEN_2 <= 64:
        BLOCK_D, BLOCK_PLACE, warps, stages = 16, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 256:
        BLOCK_D, BLOCK_PLACE, warps, stages = 4, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 1024:
        BLOCK_D, BLOCK_PLACE, warps, stages = 1, 16, 8, 2
    elif BLOCK_HIDDEN_2 <= 4096:
        BLOCK_D, BLOCK_PLACE, warps, stages = 1, 4, 8, 2
    else:
        BLOCK_D, BLOCK_PLACE, warps, stages = 1, 1, 8, 2
    grid = (token * triton.cdiv(2, BLOCK_PLACE),)
    experts_gathered_backward_d_gate_kernel[grid](
        chosen, down, d_out, state, d_gate, chosen.stride(0), chosen.stride(1), down.stride(0),
        down.stride(1), down.stride(2), d_out.stride(0), d_out.stride(1), state.stride(0), state.stride(1),
        state.stride(2), d_gate.stride(0), d_gate.stride(1), token, BLOCK_D=BLOCK_D,
        BLOCK_HIDDEN=BLOCK_HIDDEN_2, BLOCK_PLACE=BLOCK_PLACE, EXACT_HIDDEN=64 == BLOCK_HIDDEN_2,
        num_warps=warps, num_stages=stages,
    )
    return d_gate


@_operator
def _experts_gathered_backward_d_X(
    gate: torch.Tensor,
    chosen: torch.Tensor,
    up: torch.Tensor,
    state: torch.Tensor,
    buffer_0: torch.Tensor,
) -> torch.Tensor:
    """_experts_gathered_backward_d_X(gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], state: f32[token place hidden], buffer_0: f32[token place hidden]) -> d_X: bf16[token d]. Any strides; sizes are read off the shapes."""
    _check("gate", gate, torch.float32, 2, gate.device)
    _check("chosen", chosen, torch.int32, 2, gate.device)
    _check("up", up, torch.bfloat16, 3, gate.device)
    _check("state", state, torch.float32, 3, gate.device)
    _check("buffer_0", buffer_0, torch.float32, 3, gate.device)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if state.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state.shape}, expected {(token, 2, 64)}")
    if buffer_0.shape != (token, 2, 64):
        raise ValueError(f"buffer_0: f32[token place hidden] has shape {buffer_0.shape}, expected {(token, 2, 64)}")
    d_X = torch.empty((token, 64), dtype=torch.bfloat16, device=gate.device)
    if _is_traced(d_X):
        return d_X
    BLOCK_PLACE = max(16, triton.next_power_of_2(2))
    BLOCK_HIDDEN = max(16, triton.next_power_of_2(64))
    if BLOCK_PLACE * BLOCK_HIDDEN <= 16384:
        if BLOCK_PLACE * BLOCK_HIDDEN <= 1024:
            warps, stages = 4, 1
        elif BLOCK_PLACE * BLOCK_HIDDEN <= 4096:
            warps, stages = 8, 1
        else:
            warps, stages = 16, 1
        grid = (token * 64,)
        experts_gathered_backward_d_X_rows_kernel[grid](
            gate, chosen, up, state, buffer_0, d_X, gate.stride(0), gate.stride(1), chosen.stride(0),
            chosen.stride(1), up.stride(0), up.stride(1), up.stride(2), state.stride(0), state.stride(1),
            state.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_X.stride(0),
            d_X.stride(1), token, BLOCK_PLACE=BLOCK_PLACE, BLOCK_HIDDEN=BLOCK_HIDDEN,
            EXACT_PLACE=2 == BLOCK_PLACE, EXACT_HIDDEN=64 == BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
        )
        return d_X
    BLOCK_HIDDEN, warps, stages = 4096, 8, 2
    grid = (token * 64,)
    experts_gathered_backward_d_X_kernel[grid](
        gate, chosen, up, state, buffer_0, d_X, gate.stride(0), gate.stride(1), chosen.stride(0),
        chosen.stride(1), up.stride(0), up.stride(1), up.stride(2), state.stride(0), state.stride(1),
        state.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2), d_X.stride(0),
        d_X.stride(1), token, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return d_X


@_operator
def _experts_gathered_backward_d_up_d_down(
    X: torch.Tensor,
    gate: torch.Tensor,
    chosen: torch.Tensor,
    d_out: torch.Tensor,
    state: torch.Tensor,
    buffer_0: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """_experts_gathered_backward_d_up_d_down(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, d_out: bf16[token d], state: f32[token place hidden], buffer_0: f32[token place hidden]) -> d_up: bf16[expert d hidden], d_down: bf16[expert hidden d]. Any strides; sizes are read off the shapes."""
    _check("X", X, torch.bfloat16, 2, X.device)
    _check("gate", gate, torch.float32, 2, X.device)
    _check("chosen", chosen, torch.int32, 2, X.device)
    _check("d_out", d_out, torch.bfloat16, 2, X.device)
    _check("state", state, torch.float32, 3, X.device)
    _check("buffer_0", buffer_0, torch.float32, 3, X.device)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state.shape}, expected {(token, 2, 64)}")
    if buffer_0.shape != (token, 2, 64):
        raise ValueError(f"buffer_0: f32[token place hidden] has shape {buffer_0.shape}, expected {(token, 2, 64)}")
    d_up = torch.empty((4, 64, 64), dtype=torch.bfloat16, device=X.device)
    d_down = torch.empty((4, 64, 64), dtype=torch.bfloat16, device=X.device)
    if _is_traced(d_up):
        return d_up, d_down
    BLOCK_TOKEN = max(16, triton.next_power_of_2(token))
    BLOCK_PLACE = max(16, triton.next_power_of_2(2))
    if BLOCK_TOKEN * BLOCK_PLACE <= 1024:
        if BLOCK_TOKEN * BLOCK_PLACE <= 256:
            BLOCK_HIDDEN, warps, stages = 8, 4, 1
        else:
            BLOCK_HIDDEN, warps, stages = 8, 8, 1
        grid = (4 * 64 * triton.cdiv(64, BLOCK_HIDDEN),)
        experts_gathered_backward_d_up_d_down_rows_kernel[grid](
            X, gate, chosen, d_out, state, buffer_0, d_up, d_down, X.stride(0), X.stride(1), gate.stride(0),
            gate.stride(1), chosen.stride(0), chosen.stride(1), d_out.stride(0), d_out.stride(1),
            state.stride(0), state.stride(1), state.stride(2), buffer_0.stride(0), buffer_0.stride(1),
            buffer_0.stride(2), d_up.stride(0), d_up.stride(1), d_up.stride(2), d_down.stride(0),
            d_down.stride(1), d_down.stride(2), token, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_PLACE=BLOCK_PLACE,
            BLOCK_HIDDEN=BLOCK_HIDDEN, EXACT_TOKEN=token == BLOCK_TOKEN, EXACT_PLACE=2 == BLOCK_PLACE,
            num_warps=warps, num_stages=stages,
        )
        return d_up, d_down
    BLOCK_TOKEN, BLOCK_HIDDEN, warps, stages = 128, 16, 8, 2
    grid = (4 * 64 * triton.cdiv(64, BLOCK_HIDDEN),)
    experts_gathered_backward_d_up_d_down_kernel[grid](
        X, gate, chosen, d_out, state, buffer_0, d_up, d_down, X.stride(0), X.stride(1), gate.stride(0),
        gate.stride(1), chosen.stride(0), chosen.stride(1), d_out.stride(0), d_out.stride(1), state.stride(0),
        state.stride(1), state.stride(2), buffer_0.stride(0), buffer_0.stride(1), buffer_0.stride(2),
        d_up.stride(0), d_up.stride(1), d_up.stride(2), d_down.stride(0), d_down.stride(1), d_down.stride(2),
        token, BLOCK_TOKEN=BLOCK_TOKEN, BLOCK_HIDDEN=BLOCK_HIDDEN, num_warps=warps, num_stages=stages,
    )
    return d_up, d_down


class _experts_gathered_autograd(torch.autograd.Function):
    """experts_gathered and its derivative."""

    @staticmethod
    def forward(ctx, X, gate, chosen, up, down):
        state = _experts_gathered_forward_state(X, chosen, up)
        out = _experts_gathered_forward_out(gate, chosen, down, state)
        ctx.save_for_backward(X, gate, chosen, up, down, state)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_out):
        X, gate, chosen, up, down, state = ctx.saved_tensors
        buffer_0 = _experts_gathered_backward_buffer_0(chosen, down, d_out)
        d_gate = _experts_gathered_backward_d_gate(chosen, down, d_out, state)
        d_X = _experts_gathered_backward_d_X(gate, chosen, up, state, buffer_0)
        d_up, d_down = _experts_gathered_backward_d_up_d_down(X, gate, chosen, d_out, state, buffer_0)
        return d_X, d_gate, None, d_up, d_down


@_anywhere(torch.bfloat16, torch.float32, torch.int32, torch.bfloat16, torch.bfloat16)
def experts_gathered(
    X: torch.Tensor,
    gate: torch.Tensor,
    chosen: torch.Tensor,
    up: torch.Tensor,
    down: torch.Tensor,
) -> torch.Tensor:
    """experts_gathered(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], down: bf16[expert hidden d]) -> out: bf16[token d]. Gradients by torch.autograd. Any strides; sizes are read off the shapes."""
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if torch.is_grad_enabled() and any(array.requires_grad for array in (X, gate, up, down)):
        return _experts_gathered_autograd.apply(X, gate, chosen, up, down)
    H = _experts_gathered_H(X, chosen, up)
    out = _experts_gathered_out(gate, chosen, down, H)
    return out
