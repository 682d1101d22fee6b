"""Captions word by word, from the code of an image."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 20, 128, 0
optimiser = optax.adam(optax.cosine_decay_schedule(2e-3, 1240))


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    he = jax.nn.initializers.he_normal()
    p: dict[str, Any] = {}
    p["enc.edges.W"], p["enc.edges.c"] = he(next(keys), (3, 3, 1, 16)), jnp.zeros(16)
    p["enc.parts.W"], p["enc.parts.c"] = he(next(keys), (3, 3, 16, 32)), jnp.zeros(32)
    p["enc.code.W"], p["enc.code.c"] = glorot(next(keys), (4, 4, 32, 128)), jnp.zeros(128)
    p["dec.words.E"] = 0.02 * jax.random.normal(next(keys), (15, 32))
    for gate in ["reset", "keep", "new"]:
        p[f"dec.recur.cell.{gate}_x.W"] = glorot(next(keys), (32, 128))
        p[f"dec.recur.cell.{gate}_x.c"] = jnp.zeros(128)
        p[f"dec.recur.cell.{gate}_h.W"] = glorot(next(keys), (128, 128))
    p["dec.recur.cell.new_h.c"] = jnp.zeros(128)
    p["dec.read.W"], p["dec.read.c"] = glorot(next(keys), (128, 15)), jnp.zeros(15)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def conv(p: Any, name: str, x: Any, stride: int) -> Any:
    around = p[f"{name}.W"].shape[0] // 2
    given: Any = {"padding": [(around, around)] * 2, "dimension_numbers": ("NHWC", "HWIO", "NHWC")}
    return jax.lax.conv_general_dilated(x, p[f"{name}.W"], (stride, stride), **given) + p[f"{name}.c"]


def cross_entropy(logits: Any, label: Any) -> Any:
    return optax.softmax_cross_entropy_with_integer_labels(logits, label).mean()


def encode(p: Any, image: Any) -> Any:
    parts = jax.nn.relu(conv(p, "enc.edges", image[..., None], 2))
    parts = jax.nn.relu(conv(p, "enc.parts", parts, 2))
    return jnp.tanh(jnp.einsum("bhwp,hwps->bs", parts, p["enc.code.W"]) + p["enc.code.c"])


def decode(p: Any, start: Any, before: Any) -> Any:
    words, cell = p["dec.words.E"][before], "dec.recur.cell"
    told = [dense(p, f"{cell}.{gate}_x", words) for gate in ["reset", "keep", "new"]]

    def read(h: Any, told: Any) -> Any:
        reset, keep, new = told
        keep = jax.nn.sigmoid(keep + h @ p[f"{cell}.keep_h.W"])
        reset = jax.nn.sigmoid(reset + h @ p[f"{cell}.reset_h.W"])
        h = (1 - keep) * jnp.tanh(new + reset * dense(p, f"{cell}.new_h", h)) + keep * h
        return h, h

    _, states = jax.lax.scan(read, start, [jnp.moveaxis(a, 1, 0) for a in told])
    return dense(p, "dec.read", jnp.moveaxis(states, 0, 1))


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["scenes"]
    return cross_entropy(decode(p, encode(p, table["image"]), table["before"]), table["caption"])


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["image", "before", "caption"]}
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
            batch = {"scenes": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(p, state, fixed, batch)
        batch = {"scenes": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
