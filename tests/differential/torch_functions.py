"""Functions and modules of PyTorch as people write them, with the shapes of their arguments."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import Tensor, nn

Many = tuple[Tensor, ...]


def causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    s = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    m = torch.tril(torch.ones(s.shape[-2:], dtype=torch.bool))
    return torch.softmax(s.masked_fill(~m, float("-inf")), -1) @ v


def library(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def grouped(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)


def masked(q: Tensor, k: Tensor, v: Tensor, m: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=m)


def einsums(q: Tensor, k: Tensor, v: Tensor) -> Many:
    weights = torch.einsum("bhqd,bhkd->bhqk", q, k).softmax(-1)
    triple = torch.einsum("bhqd,bhkd,hk->bq", q, k, k[0, :, :, 0])
    return torch.einsum("bhqk,bhkd->bhqd", weights, v), torch.einsum("...d->...", q), triple


def repeated(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return causal(q, torch.repeat_interleave(k, 2, dim=1), v.repeat_interleave(2, 1))


def expanded(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    b, h, t, d = k.shape
    k, v = (x[:, :, None].expand(b, h, 2, t, d).reshape(b, 2 * h, t, d) for x in (k, v))
    return causal(q, k, v)


def additive(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.full((16, 16), float("-inf")).triu(1)
    return (q @ k.mT + mask).softmax(-1) @ v


def by_logsumexp(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    s = q @ k.mT
    return torch.exp(s - torch.logsumexp(s, -1, keepdim=True)) @ v


def norms(x: Tensor, g: Tensor, b: Tensor) -> Many:
    return F.layer_norm(x, (32,), g, b), F.rms_norm(x, (32,), g), F.rms_norm(x, (32,))


def activations(x: Tensor) -> Many:
    first = (
        F.gelu(x),
        F.gelu(x, approximate="tanh"),
        F.silu(x),
        F.relu(x),
        x.tanh(),
        x.sigmoid(),
        F.softplus(x),
    )
    return (*first, F.leaky_relu(x), F.elu(x), F.mish(x), F.relu6(x), F.hardswish(x), F.logsigmoid(x))


def cross_entropies(x: Tensor, w: Tensor, y: Tensor) -> Many:
    logits = x @ w
    rows = F.log_softmax(logits, -1)
    soft = F.cross_entropy(logits, logits.softmax(-1))
    by_index = -rows[torch.arange(4), y].mean()
    return (
        F.cross_entropy(logits, y),
        F.nll_loss(rows, y),
        by_index,
        soft,
        F.cross_entropy(logits, y, ignore_index=1),
    )


def losses(x: Tensor, y: Tensor) -> Many:
    return F.mse_loss(x, y), F.l1_loss(x, y, reduction="sum"), F.mse_loss(x, y, reduction="none")


def reads(x: Tensor, y: Tensor) -> Many:
    return x.gather(1, y[:, None]).squeeze(1), x.index_select(0, y), x[y], F.embedding(y, x) * 2


def shapes(x: Tensor) -> Many:
    a, b = x.chunk(2, -1)
    c, d, e = x.split([8, 8, 16], -1)
    joined = torch.cat([b, a], -1), torch.stack([c, d]), e.flatten(), x.view(4, 4, 8).permute(2, 0, 1)
    moved = x.flip(0), x.roll(1, 0), F.pad(x, (1, 2)), x[1:3, ::2], x[..., None], x.T, x.movedim(0, 1)
    return (*joined, *moved, x.unbind(0)[1], x.repeat(2, 1), x.narrow(1, 3, 4), F.pad(x, (-1, 2)))


def folds(x: Tensor) -> Many:
    sums = x.sum(), x.mean(-1), x.var(-1), x.std(0, unbiased=False), x.norm(dim=-1), F.normalize(x, dim=-1)
    best = x.amax(-1, keepdim=True), x.max(-1).values, x.max(-1).indices, x.argmin(0), x.min()
    return (*sums, *best, x.logsumexp(-1), x.cumsum(0), x.prod(0), (x > 0).any(-1), (x > 0).all())


def topk(x: Tensor) -> Many:
    values, places = x.topk(3, -1)
    return values.softmax(-1), places


def convolutions(x: Tensor, w: Tensor, b: Tensor) -> Many:
    plain = F.conv2d(x, w, b, stride=2, padding=1)
    grouped = F.conv2d(x, w[:, :1], padding="same", groups=4)
    line = F.conv1d(x[:, :, 0], w[:, :, 0], stride=2, dilation=2)
    return plain, grouped, line, F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 1, 1)


def in_place(x: Tensor) -> Tensor:
    x = x + 1
    x += 2
    return x.masked_fill_(x > 1, 0.0)


def scalars(x: Tensor) -> Many:
    powers = (x * 2 - 1) / 3 + 1 / (x.abs() + 1) - 2**x + x**2 + x.pow(3)
    return powers, torch.clamp(x, -1, 1), x.clamp(min=0), torch.where(x > 0, x, 0.0), torch.rsqrt(x * x + 1)


def integers(i: Tensor) -> Many:
    return (i + 1).float() * 2, i == 1, i.to(torch.bool), F.one_hot(i, 3)


def products(b: Tensor, x: Tensor, w: Tensor) -> Many:
    mats = torch.addmm(b, x, w), torch.baddbmm(b[None], x[None], w[None]), torch.outer(b[0], b[0])
    return (*mats, torch.mv(x, w[:, 0]), torch.dot(b[0], b[0]), F.linear(x, w, b[0]))


class Block(nn.Module):
    """A block of a transformer as in small public ones: a mask in a buffer, heads by views."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.qkv, self.out = (
            nn.LayerNorm(width),
            nn.Linear(width, 3 * width),
            nn.Linear(width, width),
        )
        inner = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
        self.mlp = nn.Sequential(nn.LayerNorm(width), *inner)
        self.register_buffer("mask", torch.tril(torch.ones(16, 16)).view(1, 1, 16, 16))

    def forward(self, x: Tensor) -> Tensor:
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm(x)).split(d, -1)
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in (q, k, v))
        s = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        mask: Any = self.mask
        s = s.masked_fill(mask[:, :, :t, :t] == 0, float("-inf"))
        y = (F.softmax(s, -1) @ v).transpose(1, 2).contiguous().view(b, t, d)
        x = x + self.out(y)
        return x + self.mlp(x)


class Images(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 10)
        self.batch, self.group = nn.BatchNorm2d(8), nn.GroupNorm(2, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.group(F.relu(self.batch(self.first(x)))).mean((2, 3)))


def dropped(x: Tensor) -> Tensor:
    return F.dropout(x, 0.5)


def sorted_rows(x: Tensor) -> Tensor:
    y = x + 1
    return torch.sort(y)[0]


def mismatched(x: Tensor) -> Tensor:
    return x @ torch.ones(3, 3)


HEADS = "f64[2,3,16,8] f64[2,3,16,8] f64[2,3,16,8]"
GROUPS = "f64[2,4,16,8] f64[2,2,16,8] f64[2,2,16,8]"
SOUND = {
    causal: HEADS, library: HEADS, grouped: GROUPS, masked: HEADS + " bool[16,16]", einsums: HEADS,
    repeated: GROUPS, expanded: GROUPS, additive: HEADS.replace("f64", "f32"), by_logsumexp: HEADS,
    norms: "f64[4,32] f64[32] f64[32]", activations: "f64[4,8]",
    cross_entropies: "f64[4,8] f64[8,10] i64[4]", losses: "f64[4,8] f64[4,8]", reads: "f64[4,8] i64[4]",
    shapes: "f64[4,32]", folds: "f64[4,8]", topk: "f64[4,8]",
    convolutions: "f64[2,4,8,8] f64[4,4,3,3] f64[4]", in_place: "f64[4,8]", scalars: "f64[4,8]",
    integers: "i64[4]", products: "f64[4,4] f64[4,4] f64[4,4]",
}  # fmt: skip
