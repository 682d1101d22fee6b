"""Functions some operators of which have no diagram, in PyTorch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone writes it


def torch_middle(x: Any, w: Any) -> Any:
    s = torch.softmax(x @ w, -1)
    values, order = torch.sort(s, -1)
    weighted = values * w.sum(0).exp()
    return weighted / weighted.sum(-1, keepdim=True), order


def torch_dropped(x: Any, w: Any) -> Any:
    h = F.gelu(x @ w)
    return torch.softmax(F.dropout(h, 0.25), -1)


def torch_attention(q: Any, k: Any, v: Any) -> Any:
    return F.scaled_dot_product_attention(q, k, v, dropout_p=0.25, is_causal=True) * 2


def torch_spectrum(x: Any) -> Any:
    return torch.softmax(torch.fft.rfft(x).abs(), -1)


def torch_experts(x: Any, gate: Any, up: Any, down: Any) -> Any:
    weight, chosen = torch.topk(F.softmax(x @ gate, -1), 2, -1)
    token, chosen = torch.arange(x.shape[0]).repeat_interleave(2), chosen.reshape(-1)
    made = torch.einsum("tf,tfd->td", F.silu(torch.einsum("td,tdf->tf", x[token], up[chosen])), down[chosen])
    return torch.zeros_like(x).index_add(0, token, made * weight.reshape(-1, 1))


def torch_unique(x: Any) -> Any:
    return torch.unique(x) * 2


def torch_branch(x: Any) -> Any:
    if x.sum() > 0:
        return x
    return -x
