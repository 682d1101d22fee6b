"""Functions of other libraries that may compute the same as a diagram.

A peer is not chosen by name: each is tried on small random inputs, in every order of them, and is taken where shapes
fit and the values agree with the float64 reference. Which diagram a peer belongs to is written nowhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

SLACK: Final = 8.0
"""How many times the error allowed to diagc a peer may have: it may sum in another order, but not something else."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A function of `arity` arrays of a library. `call` takes them in this order and returns one array."""

    name: str
    library: str
    arity: int
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A peer and which of the inputs are its arguments: `order[i]` is the place of argument i."""

    peer: Peer
    order: tuple[int, ...]

    @property
    def key(self) -> str:
        return f"{self.peer.library}:{self.peer.name}:{','.join(map(str, self.order))}"

    def __call__(self, arrays: Sequence[Any]) -> Any:
        return self.peer.call(*(arrays[place] for place in self.order))


def candidates(peers: Sequence[Peer], count: int) -> Iterator[Candidate]:
    """Every peer of this many arguments with every order of them, the written order first."""
    for peer in peers:
        if peer.arity == count:
            for order in permutations(range(count)):
                yield Candidate(peer, order)


def find(peers: Sequence[Peer], key: str) -> Candidate:
    """The candidate of a key. `KeyError` when there is none."""
    for candidate in (c for peer in peers for c in candidates([peer], peer.arity)):
        if candidate.key == key:
            return candidate
    raise KeyError(key)


def _functional(name: str) -> Callable[..., Any]:
    """A function of `torch.nn.functional`, imported when it is called."""

    def call(*arrays: Any, **options: Any) -> Any:
        return getattr(importlib.import_module("torch.nn.functional"), name)(*arrays, **options)

    return call


_dot_product = _functional("scaled_dot_product_attention")


def _grouped(Q: Any, K: Any, V: Any, **options: Any) -> Any:
    """Query heads in groups that share a key and value head, as one axis of heads."""
    if Q.ndim != K.ndim + 1:
        raise ValueError("no groups")
    made = _dot_product(Q.flatten(-4, -3), K, V, enable_gqa=True, **options)
    return made.unflatten(-3, Q.shape[-4:-2])


def _jax_attention(Q: Any, K: Any, V: Any, **options: Any) -> Any:
    import jax

    if Q.ndim != 4:
        raise ValueError("heads and batch are needed")
    swapped = [array.transpose(0, 2, 1, 3) for array in (Q, K, V)]
    return jax.nn.dot_product_attention(*swapped, **options).transpose(0, 2, 1, 3)


def _row_norm(name: str) -> Callable[..., Any]:
    def call(X: Any, *scales: Any) -> Any:
        return _functional(name)(X, X.shape[-1:], *(s.to(X.dtype) for s in scales), eps=1e-5)

    return call


TORCH: Final = (
    Peer("scaled_dot_product_attention", "torch", 3, _dot_product),
    Peer("scaled_dot_product_attention(is_causal)", "torch", 3, lambda *a: _dot_product(*a, is_causal=True)),
    Peer("scaled_dot_product_attention(enable_gqa)", "torch", 3, _grouped),
    Peer(
        "scaled_dot_product_attention(enable_gqa, is_causal)", "torch", 3, lambda *a: _grouped(*a, is_causal=True)
    ),
    Peer("matmul", "torch", 2, lambda A, B: A @ B),
    Peer("gelu(linear)", "torch", 3, lambda A, B, c: _functional("gelu")(A @ B + c.to(A.dtype))),
    Peer("softmax", "torch", 1, lambda X: _functional("softmax")(X, -1)),
    Peer("logsumexp", "torch", 1, lambda X: X.logsumexp(-1)),
    Peer("rms_norm", "torch", 2, _row_norm("rms_norm")),
    Peer("layer_norm", "torch", 3, _row_norm("layer_norm")),
    Peer(
        "cross_entropy", "torch", 2, lambda X, y: _functional("cross_entropy")(X.float(), y.long(), reduction="none")
    ),
    Peer(
        "cross_entropy(linear)", "torch", 3,
        lambda X, W, y: _functional("cross_entropy")((X @ W.T).float(), y.long(), reduction="none"),
    ),
)  # fmt: skip

JAX: Final = (
    Peer("nn.dot_product_attention", "jax", 3, _jax_attention),
    Peer("nn.dot_product_attention(is_causal)", "jax", 3, lambda *a: _jax_attention(*a, is_causal=True)),
)

CPU: Final = (*TORCH, *JAX)
