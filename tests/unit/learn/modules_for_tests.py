"""Classes that specifications of the tests name as models from Python."""

from __future__ import annotations

from typing import Any

import equinox
import jax
from flax import nnx


class Encoder(equinox.Module):
    """Two layers, as Equinox writes them."""

    first: equinox.nn.Linear
    layers: list[Any]

    def __init__(self, width: int, *, key: Any) -> None:
        one, two = jax.random.split(key)
        self.first, self.layers = equinox.nn.Linear(6, width, key=one), [equinox.nn.Linear(width, 3, key=two)]

    def __call__(self, x: Any) -> Any:
        return self.layers[0](jax.nn.relu(self.first(x)))


class Head(nnx.Module):
    """One layer, as Flax NNX writes it."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        self.linear = nnx.Linear(6, 3, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.linear(x)


class Normalised(nnx.Module):
    """It keeps running means."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        self.norm = nnx.BatchNorm(6, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.norm(x)


class Broken(equinox.Module):
    """It cannot be made."""

    def __init__(self) -> None:
        raise OSError("no licence")


class Plain:
    """No module of either library."""
