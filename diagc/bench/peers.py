"""Functions of other libraries that may compute the same as a diagram.

A peer is not chosen by name: each is tried on small random inputs, in every order of them, and is taken where shapes
fit and the values agree with the float64 reference. Which diagram a peer belongs to is written nowhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any, Final

SLACK: Final = 8.0
"""How many times the error allowed to diagc a peer may have: it may sum in another order, but not something else."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A function of `arity` arrays of a library. `call` takes them in this order and returns one array.

    `trial` computes the same where `call` takes long to start; it is what is tried with inputs in other orders.
    """

    name: str
    library: str
    arity: int
    call: Callable[..., Any]
    trial: Callable[..., Any] | None = None


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

    def trial(self, arrays: Sequence[Any]) -> Any:
        """As the call, by the cheaper function if there is one."""
        return (self.peer.trial or self.peer.call)(*(arrays[place] for place in self.order))


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


def library(name: str) -> Any:
    """A module, imported when it is needed."""
    return importlib.import_module(name)


def functional(name: str) -> Callable[..., Any]:
    """A function of `torch.nn.functional`."""

    def call(*arrays: Any, **options: Any) -> Any:
        return getattr(library("torch.nn.functional"), name)(*arrays, **options)

    return call


dot_product = functional("scaled_dot_product_attention")


def grouped(Q: Any, K: Any, V: Any, **options: Any) -> Any:
    """Query heads in groups that share a key and value head, as one axis of heads."""
    if Q.ndim != K.ndim + 1:
        raise ValueError("no groups")
    made = dot_product(Q.flatten(-4, -3), K, V, enable_gqa=True, **options)
    return made.unflatten(-3, Q.shape[-4:-2])


def _jax_dot_product(Q: Any, K: Any, V: Any, **options: Any) -> Any:
    """As it stands in JAX, which has the heads after the rows."""
    if Q.ndim != 4:
        raise ValueError("heads and batch are needed")
    swapped = [array.transpose(0, 2, 1, 3) for array in (Q, K, V)]
    return library("jax").nn.dot_product_attention(*swapped, **options).transpose(0, 2, 1, 3)


def _row_norm(name: str) -> Callable[..., Any]:
    def call(X: Any, *scales: Any) -> Any:
        return functional(name)(X, X.shape[-1:], *(s.to(X.dtype) for s in scales), eps=1e-5)

    return call


def _matmul(A: Any, B: Any) -> Any:
    return A @ B


def _gelu_linear(A: Any, B: Any, c: Any) -> Any:
    return functional("gelu")(A @ B + c.to(A.dtype))


def _softmax(X: Any) -> Any:
    return functional("softmax")(X, -1)


def _logsumexp(X: Any) -> Any:
    return X.logsumexp(-1)


def _cross_entropy(X: Any, labels: Any) -> Any:
    return functional("cross_entropy")(X.float(), labels.long(), reduction="none")


def _linear_cross_entropy(X: Any, W: Any, labels: Any) -> Any:
    return _cross_entropy(X @ W.T, labels)


TORCH: Final = (
    Peer("scaled_dot_product_attention", "torch", 3, dot_product),
    Peer("scaled_dot_product_attention(is_causal)", "torch", 3, partial(dot_product, is_causal=True)),
    Peer("scaled_dot_product_attention(enable_gqa)", "torch", 3, grouped),
    Peer("scaled_dot_product_attention(enable_gqa, is_causal)", "torch", 3, partial(grouped, is_causal=True)),
    Peer("matmul", "torch", 2, _matmul),
    Peer("gelu(linear)", "torch", 3, _gelu_linear),
    Peer("softmax", "torch", 1, _softmax),
    Peer("logsumexp", "torch", 1, _logsumexp),
    Peer("rms_norm", "torch", 2, _row_norm("rms_norm")),
    Peer("layer_norm", "torch", 3, _row_norm("layer_norm")),
    Peer("cross_entropy", "torch", 2, _cross_entropy),
    Peer("cross_entropy(linear)", "torch", 3, _linear_cross_entropy),
)

JAX: Final = (
    Peer("nn.dot_product_attention", "jax", 3, _jax_dot_product),
    Peer("nn.dot_product_attention(is_causal)", "jax", 3, partial(_jax_dot_product, is_causal=True)),
)

CPU: Final = (*TORCH, *JAX)
