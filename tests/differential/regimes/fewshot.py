"""A class and a quarter turn, read off one backbone."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 60, 96, 0
optimiser = optax.adam(2e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    he = jax.nn.initializers.he_normal()
    p: dict[str, Any] = {}
    p["backbone.edges.W"], p["backbone.edges.c"] = he(next(keys), (3, 3, 1, 16)), jnp.zeros(16)
    p["backbone.norm.weight"], p["backbone.norm.bias"] = jnp.ones(16), jnp.zeros(16)
    for name, size, i, o in [("short", 1, 16, 64), ("conv1", 3, 16, 64), ("conv2", 3, 64, 64)]:
        p[f"backbone.block.{name}.W"] = he(next(keys), (size, size, i, o))
        p[f"backbone.block.{name}.c"] = jnp.zeros(o)
    for name, size in [("norm1", 16), ("norm2", 64)]:
        p[f"backbone.block.{name}.weight"] = jnp.ones(size)
        p[f"backbone.block.{name}.bias"] = jnp.zeros(size)
    p["which.W"], p["which.c"] = glorot(next(keys), (64, 24)), jnp.zeros(24)
    p["way.W"], p["way.c"] = glorot(next(keys), (64, 4)), jnp.zeros(4)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def conv(p: Any, name: str, x: Any, stride: int) -> Any:
    around = p[f"{name}.W"].shape[0] // 2
    given: Any = {"padding": [(around, around)] * 2, "dimension_numbers": ("NHWC", "HWIO", "NHWC")}
    return jax.lax.conv_general_dilated(x, p[f"{name}.W"], (stride, stride), **given) + p[f"{name}.c"]


def cross_entropy(logits: Any, label: Any) -> Any:
    return optax.softmax_cross_entropy_with_integer_labels(logits, label).mean()


def norm(p: Any, name: str, x: Any) -> Any:
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    x = x * jax.lax.rsqrt((x**2).mean(axis=(1, 2, 3), keepdims=True) + 1e-5)
    return x * p[f"{name}.weight"] + p[f"{name}.bias"]


def see(p: Any, image: Any) -> Any:
    x = jax.nn.relu(norm(p, "backbone.norm", conv(p, "backbone.edges", image[..., None], 2)))
    x = jax.nn.relu(norm(p, "backbone.block.norm1", x))
    deep = jax.nn.relu(norm(p, "backbone.block.norm2", conv(p, "backbone.block.conv1", x, 2)))
    block = conv(p, "backbone.block.short", x, 2) + conv(p, "backbone.block.conv2", deep, 1)
    return jax.nn.relu(block).mean(axis=(1, 2))


def classes(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["glyphs"]
    return cross_entropy(dense(p, "which", see(p, table["image"])), table["label"])


def turns(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["glyphs"]
    return 0.5 * cross_entropy(dense(p, "way", see(p, table["turned"])), table["turn"])


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    return classes(p, fixed, batch) + turns(p, fixed, batch)


DIAGRAMS = {"classes": classes, "turns": turns, "both": loss}


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def step(diagram: str, p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(DIAGRAMS[diagram])(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str, diagram: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["image", "label", "turned", "turn"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(data["image"]))
    test, rest = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    fixed: Any = {}
    for epoch in range(EPOCHS):
        order = generator.permutation(rest)
        for start in range(0, len(order) - SIZE + 1, SIZE):
            rows = order[start : start + SIZE]
            batch = {"glyphs": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(diagram, p, state, fixed, batch)
        batch = {"glyphs": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(DIAGRAMS[diagram](p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
