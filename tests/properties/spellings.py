"""Attention by hand in six spellings, in JAX and in PyTorch: one function, written as people write it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from jax import Array
from torch import Tensor

Function = Callable[..., Any]

HEADS: Final = "f32[2,3,16,8] f32[2,3,16,8] f32[2,3,16,8]"


def jax_library(q: Array, k: Array, v: Array) -> Array:
    s = jnp.einsum("bhqd,bhkd->bhqk", q, k) / jnp.sqrt(q.shape[-1])
    s = jnp.where(jnp.tril(jnp.ones(s.shape[-2:], bool)), s, -jnp.inf)
    return jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(s, axis=-1), v)


def jax_exponentials(q: Array, k: Array, v: Array) -> Array:
    s = q @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5
    i = jnp.arange(s.shape[-1])
    s = jnp.where(i[:, None] < i, -jnp.inf, s)
    e = jnp.exp(s - s.max(-1, keepdims=True))
    return (e @ v) / e.sum(-1, keepdims=True)


def jax_additive(q: Array, k: Array, v: Array) -> Array:
    i = jnp.arange(16)
    mask = jnp.where(i[:, None] >= i[None, :], 0.0, -jnp.inf)
    return jax.nn.softmax(q @ k.swapaxes(-1, -2) * 8**-0.5 + mask, -1) @ v


def jax_filled(q: Array, k: Array, v: Array) -> Array:
    later = jnp.triu(jnp.ones((16, 16)), 1) == 1
    s = jnp.einsum("bhqd,bhkd->bhqk", q / math.sqrt(8), k)
    return jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(jnp.where(later, -jnp.inf, s)), v)


def jax_logsumexp(q: Array, k: Array, v: Array) -> Array:
    s = q @ k.swapaxes(-1, -2) / math.sqrt(8)
    s = jnp.where(~jnp.tril(jnp.ones((16, 16), bool)), -jnp.inf, s)
    return jnp.exp(s - jax.nn.logsumexp(s, axis=-1, keepdims=True)) @ v


def jax_mapped(q: Array, k: Array, v: Array) -> Array:
    def head(q: Array, k: Array, v: Array) -> Array:
        s = jnp.where(jnp.tri(16, dtype=bool), (q @ k.T) / jnp.sqrt(8.0), -jnp.inf)
        p = jnp.exp(s - jnp.max(s, axis=1)[:, None])
        return (p / jnp.sum(p, axis=1)[:, None]) @ v

    return jax.vmap(jax.vmap(head))(q, k, v)


def torch_library(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def torch_exponentials(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    s = q @ k.transpose(-1, -2) / math.sqrt(q.size(-1))
    i = torch.arange(s.size(-1))
    s = torch.where(i[:, None] >= i, s, -torch.inf)
    e = torch.exp(s - s.amax(-1, keepdim=True))
    return (e / e.sum(-1, keepdim=True)) @ v


def torch_additive(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.full((16, 16), float("-inf")).triu(1)
    return torch.softmax(q @ k.mT * 8**-0.5 + mask, -1) @ v


def torch_filled(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    s = torch.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(8)
    s = s.masked_fill(~torch.tril(torch.ones(16, 16, dtype=torch.bool)), float("-inf"))
    return torch.einsum("bhqk,bhkd->bhqd", s.softmax(-1), v)


def torch_logsumexp(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    s = (q @ k.mT / math.sqrt(8)).masked_fill(torch.tril(torch.ones(16, 16)) == 0, float("-inf"))
    return torch.exp(s - torch.logsumexp(s, -1, keepdim=True)) @ v


def torch_unnormalised(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    s = (q * 8**-0.5) @ k.transpose(-2, -1)
    s = s.masked_fill(torch.triu(torch.ones(16, 16, dtype=torch.bool), diagonal=1), -math.inf)
    e = torch.exp(s - s.max(-1, keepdim=True).values)
    return (e @ v) / e.sum(-1, keepdim=True)


SPELLINGS: Final[tuple[Function, ...]] = (
    jax_library, jax_exponentials, jax_additive, jax_filled, jax_logsumexp, jax_mapped,
    torch_library, torch_exponentials, torch_additive, torch_filled, torch_logsumexp, torch_unnormalised,
)  # fmt: skip
