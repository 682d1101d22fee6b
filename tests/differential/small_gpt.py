"""A small GPT, in JAX and in PyTorch, on generated text: each letter depends on the two before it."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import Tensor, nn

LETTERS, LENGTH, WIDTH, HEADS = 32, 64, 32, 4


def text(rows: int, seed: int) -> tuple[Any, Any]:
    """Letters, and those that follow them."""
    random = np.random.default_rng(seed)
    found = random.integers(0, LETTERS, (rows, LENGTH + 1))
    for place in range(2, LENGTH + 1):
        kept = random.random(rows) < 0.9
        found[:, place] = np.where(
            kept, (found[:, place - 1] + 3 * found[:, place - 2]) % LETTERS, found[:, place]
        )
    return np.ascontiguousarray(found[:, :-1]), np.ascontiguousarray(found[:, 1:])


# ---- JAX


def parameters(seed: int = 0) -> Any:
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> Any:
        return jnp.asarray(random.standard_normal(shape) / math.sqrt(shape[0]), jnp.float32)

    names = {
        "qkv": (WIDTH, 3 * WIDTH),
        "out": (WIDTH, WIDTH),
        "up": (WIDTH, 4 * WIDTH),
        "down": (4 * WIDTH, WIDTH),
    }
    blocks = [
        {n: matrix(*s) for n, s in names.items()} | {"g": jnp.ones(WIDTH), "h": jnp.ones(WIDTH)} for _ in "ab"
    ]
    whole = {
        "letters": matrix(LETTERS, WIDTH),
        "places": matrix(LENGTH, WIDTH),
        "head": matrix(WIDTH, LETTERS),
    }
    return {**whole, "g": jnp.ones(WIDTH), "blocks": blocks}


def rms(x: Any, g: Any) -> Any:
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * g


def loss(params: Any, x: Any, y: Any) -> Any:
    h = params["letters"][x] + params["places"]
    for p in params["blocks"]:
        b, t, d = h.shape
        q, k, v = jnp.split(rms(h, p["g"]) @ p["qkv"], 3, axis=-1)
        q, k, v = (z.reshape(b, t, HEADS, d // HEADS).transpose(0, 2, 1, 3) for z in (q, k, v))
        s = q @ k.swapaxes(-1, -2) / math.sqrt(d // HEADS)
        s = jnp.where(jnp.tril(jnp.ones((t, t), bool)), s, -jnp.inf)
        o = (jax.nn.softmax(s, axis=-1) @ v).transpose(0, 2, 1, 3).reshape(b, t, d)
        h = h + o @ p["out"]
        h = h + jax.nn.gelu(rms(h, p["h"]) @ p["up"]) @ p["down"]
    rows = jax.nn.log_softmax(rms(h, params["g"]) @ params["head"])
    return -jnp.mean(jnp.take_along_axis(rows, y[..., None], -1))


# ---- PyTorch


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        b, t, d = x.shape
        q, k, v = (
            z.view(b, t, HEADS, d // HEADS).transpose(1, 2) for z in self.qkv(self.first(x)).split(d, -1)
        )
        s = q @ k.transpose(-2, -1) / math.sqrt(d // HEADS)
        s = s.masked_fill(~torch.tril(torch.ones(t, t, dtype=torch.bool)), float("-inf"))
        x = x + self.out((s.softmax(-1) @ v).transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.second(x))


class GPT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(LETTERS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, LETTERS, bias=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        h = self.letters(x) + self.places(torch.arange(x.shape[1]))
        for block in self.blocks:
            h = block(h)
        return F.cross_entropy(self.head(self.norm(h)).view(-1, LETTERS), y.view(-1))
