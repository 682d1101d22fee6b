"""Functions of PyTorch as they stand in public repositories, written anew; none of them knows diagc."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it
from torch import Tensor, nn


def gqa_repeat(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention with fewer key heads, which are repeated."""
    groups = q.shape[1] // k.shape[1]
    k = k.repeat_interleave(groups, dim=1)
    v = v.repeat_interleave(groups, dim=1)
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
    causal = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).tril()
    scores = scores.masked_fill(~causal, float("-inf"))
    return torch.matmul(F.softmax(scores, dim=-1), v)


def sliding_window(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention to the last 128 positions."""
    t = q.shape[-2]
    ones = torch.ones(t, t)
    mask = torch.tril(ones) * torch.triu(ones, diagonal=-127)
    scores = torch.einsum("bhid,bhjd->bhij", q, k) * q.shape[-1] ** -0.5
    scores = scores.masked_fill(mask == 0, float("-inf"))
    return torch.einsum("bhij,bhjd->bhid", scores.softmax(dim=-1), v)


def alibi(q: Tensor, k: Tensor, v: Tensor, slopes: Tensor) -> Tensor:
    """Causal attention with a penalty that grows with the distance."""
    t = q.shape[-2]
    position = torch.arange(t)
    bias = -slopes[:, None, None] * (position[:, None] - position[None, :]).abs()
    scores = q @ k.mT / q.shape[-1] ** 0.5 + bias
    future = torch.triu(torch.full((t, t), float("-inf")), diagonal=1)
    return torch.softmax(scores + future, dim=-1) @ v


def sinks(q: Tensor, k: Tensor, v: Tensor, sink: Tensor) -> Tensor:
    """Causal attention in which each head may also look at nothing: one more score, dropped after the softmax."""
    b, h, t, d = q.shape
    scores = torch.matmul(q, k.transpose(-1, -2)) * d**-0.5
    scores = scores + torch.full((t, t), float("-inf")).triu(1)
    column = sink.reshape(1, h, 1, 1).expand(b, h, t, 1)
    weights = torch.cat([scores, column], dim=-1).softmax(dim=-1)
    return weights[..., :-1] @ v


def chunked_queries(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention a quarter of the queries at a time, to save memory."""
    size = q.shape[-2] // 4
    out = []
    for i in range(0, q.shape[-2], size):
        scores = q[:, :, i : i + size] @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        out.append(scores.softmax(-1) @ v)
    return torch.cat(out, dim=-2)


def lora(x: Tensor, weight: Tensor, down: Tensor, up: Tensor) -> Tensor:
    """A linear layer with an update of low rank, added to its weight."""
    return F.linear(x, weight + 2.0 * (up @ down))


def latent_decode(
    q: Tensor, rotary: Tensor, latent: Tensor, key: Tensor, to_k: Tensor, to_v: Tensor
) -> Tensor:
    """One token of latent attention: keys and values of all heads are made of one latent row per position."""
    k = torch.einsum("btr,hdr->bthd", latent, to_k)
    v = torch.einsum("btr,hdr->bthd", latent, to_v)
    scores = torch.einsum("bshd,bthd->bsht", q, k) + torch.einsum("bshp,btp->bsht", rotary, key)
    weights = (scores * (q.shape[-1] + rotary.shape[-1]) ** -0.5).softmax(dim=-1)
    return torch.einsum("bsht,bthd->bshd", weights, v)


def linear_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention by products of positive features, normalised by rows."""
    q, k = F.elu(q) + 1, F.elu(k) + 1
    weights = q @ k.transpose(-1, -2)
    weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-6)
    return weights @ v


def rmsnorm_linear(x: Tensor, scale: Tensor, weight: Tensor) -> Tensor:
    """A norm by hand before a linear layer."""
    normed = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * scale
    return normed @ weight.t()


def group_norm_silu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What stands before every convolution of a diffusion model, by hand."""
    n, c, h, w = x.shape
    groups = x.view(n, 4, -1)
    mean = groups.mean(dim=-1, keepdim=True)
    var = groups.var(dim=-1, keepdim=True, unbiased=False)
    x = ((groups - mean) / (var + 1e-5).sqrt()).view(n, c, h, w)
    return F.silu(x * weight.view(1, c, 1, 1) + bias.view(1, c, 1, 1))


def label_smoothed(x: Tensor, weight: Tensor, target: Tensor) -> Tensor:
    """The loss of a language model: its head, and cross entropy with smoothed labels."""
    return F.cross_entropy(x @ weight.T, target, label_smoothing=0.1)


def focal(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy that counts what is known well for less."""
    log_p = F.log_softmax(logits, dim=-1)
    log_pt = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    return -((1 - log_pt.exp()) ** 2 * log_pt).mean()


def distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Divergence of a student from a teacher at temperature 2."""
    log_q = F.log_softmax(student / 2.0, dim=-1)
    p = F.softmax(teacher / 2.0, dim=-1)
    return F.kl_div(log_q, p, reduction="batchmean") * 2.0**2


def moe_onehot(x: Tensor, router: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """Two experts of each token, dispatched by a mask over all experts."""
    weights, chosen = torch.topk((x @ router).softmax(-1), 2, dim=-1)
    weights = weights / weights.sum(-1, keepdim=True)
    gates = (F.one_hot(chosen, router.shape[1]) * weights.unsqueeze(-1)).sum(1)
    hidden = F.relu(torch.einsum("td,edh->teh", x, up))
    return torch.einsum("te,teh,ehd->td", gates, hidden, down)


def squeeze_excite(x: Tensor, down: Tensor, up: Tensor) -> Tensor:
    """Channels scaled by a function of their means."""
    pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
    gate = torch.sigmoid(F.relu(pooled @ down) @ up)
    return x * gate[:, :, None, None]


class ConvNorm(nn.Module):
    """A convolution, batch norm and ReLU, for evaluation."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """One layer."""
        return F.relu(self.norm(self.conv(x)))


def neighbours(queries: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """The four nearest points of each query, by the expanded square."""
    squares = queries.square().sum(1, keepdim=True) + points.square().sum(1)
    distances = squares - 2 * queries @ points.T
    return torch.topk(distances, 4, dim=1, largest=False)


def info_nce(image: Tensor, text: Tensor) -> Tensor:
    """Each image with its text against all others, and the other way round."""
    image, text = F.normalize(image, dim=-1), F.normalize(text, dim=-1)
    logits = image @ text.T / 0.07
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def rotate_half(x: Tensor) -> Tensor:
    """The second half, negated, before the first."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


def rope(q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    """Queries and keys turned by their position."""
    t, d = q.shape[-2:]
    frequency = 10000.0 ** (-torch.arange(0, d, 2) / d)
    angle = torch.outer(torch.arange(t), frequency)
    angle = torch.cat((angle, angle), dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin


class Embedded(nn.Module):
    """The first lines of a transformer: tokens, positions, dropout, norm."""

    def __init__(self, vocabulary: int, length: int, width: int) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(length, width)
        self.drop = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows of the norm."""
        places = torch.arange(tokens.shape[1])
        return self.norm(self.drop(self.token(tokens) + self.position(places)))


def recurrence(x: Tensor, forget: Tensor) -> Tensor:
    """A gated recurrence as a loop over time."""
    gate = torch.sigmoid(forget)
    state = torch.zeros_like(x[:, 0])
    states = []
    for t in range(x.shape[1]):
        state = gate[:, t] * state + (1 - gate[:, t]) * x[:, t]
        states.append(state)
    return torch.stack(states, dim=1)
