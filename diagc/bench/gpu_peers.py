"""Peers on a GPU: every back end of torch's functions under its own name, and what torch compiles."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

from diagc.bench.peers import TORCH, Peer, dot_product, grouped, library

_BACKENDS: Final = ("CUDNN_ATTENTION", "FLASH_ATTENTION", "EFFICIENT_ATTENTION")


def _with_backend(call: Callable[..., Any], backend: str) -> Callable[..., Any]:
    """The call with one back end allowed; it raises where that cannot run."""

    def run(*arrays: Any) -> Any:
        module = library("torch.nn.attention")
        with module.sdpa_kernel([getattr(module.SDPBackend, backend)]):
            return call(*arrays)

    return run


def _written(Q: Any, K: Any, V: Any, causal: bool) -> Any:
    """The plain form: every array is built."""
    scores = Q @ K.transpose(-1, -2) * Q.shape[-1] ** -0.5
    if causal:
        torch = library("torch")
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    return scores.softmax(-1) @ V


@cache
def _compiled(call: Callable[..., Any]) -> Callable[..., Any]:
    library("torch._functorch.config").donated_buffer = False  # a graph whose derivative is timed is kept
    made: Callable[..., Any] = library("torch").compile(call)
    return made


def _run_compiled(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call through `torch.compile`, which is asked for on the first run."""

    def run(*arrays: Any) -> Any:
        return _compiled(call)(*arrays)

    return run


def _not_after(_b: Any, _h: Any, q: Any, x: Any) -> Any:
    return q >= x


@cache
def _block_mask(rows: int, columns: int, device: str) -> Any:
    module = library("torch.nn.attention.flex_attention")
    return module.create_block_mask(_not_after, None, None, rows, columns, device=device)


def _flex(Q: Any, K: Any, V: Any, causal: bool) -> Any:
    mask = _block_mask(Q.shape[-2], K.shape[-2], str(Q.device)) if causal else None
    return _compiled(library("torch.nn.attention.flex_attention").flex_attention)(Q, K, V, block_mask=mask)


def _dot_products() -> list[Peer]:
    found: list[Peer] = []
    for word, call in (("", dot_product), ("enable_gqa", grouped)):
        for causal in (False, True):
            chosen = partial(call, is_causal=causal)
            options = ", ".join(filter(None, (word, "is_causal" if causal else "")))
            for backend in _BACKENDS:
                name = f"scaled_dot_product_attention[{backend}]" + (f"({options})" if options else "")
                found.append(Peer(name, "torch", 3, _with_backend(chosen, backend), chosen))
    return found


def _attention_compiled() -> list[Peer]:
    found: list[Peer] = []
    for causal in (False, True):
        written = partial(_written, causal=causal)
        trial = partial(dot_product, is_causal=causal)
        mark = "(causal)" if causal else ""
        found.append(Peer(f"compile(written plainly{mark})", "torch", 3, _run_compiled(written), trial))
        found.append(Peer(f"flex_attention{mark}", "torch", 3, partial(_flex, causal=causal), trial))
    return found


_OTHERS: Final = tuple(p for p in TORCH if not p.name.startswith("scaled_dot_product_attention"))
GPU: Final = (
    *_dot_products(),
    *_attention_compiled(),
    *_OTHERS,
    *(Peer(f"compile({p.name})", p.library, p.arity, _run_compiled(p.call), p.call) for p in _OTHERS),
)
