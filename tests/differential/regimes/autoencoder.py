"""An autoencoder whose two halves move by optimisers of their own."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 40, 64, 0
optimiser = optax.partition(
    {"enc": optax.adam(2e-3), "dec": optax.adamw(2e-3, weight_decay=1e-4)},
    lambda p: {name: name.split(".")[0] for name in p},
)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["enc.l1.W"] = glorot(next(keys), (64, 64))
    p["enc.l1.c"] = jnp.zeros(64)
    p["enc.l2.W"] = glorot(next(keys), (64, 8))
    p["enc.l2.c"] = jnp.zeros(8)
    p["dec.l1.W"] = glorot(next(keys), (8, 64))
    p["dec.l1.c"] = jnp.zeros(64)
    p["dec.l2.W"] = glorot(next(keys), (64, 64))
    p["dec.l2.c"] = jnp.zeros(64)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def mlp(p: Any, name: str, x: Any) -> Any:
    return dense(p, f"{name}.l2", jax.nn.relu(dense(p, f"{name}.l1", x)))


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    image = batch["digits"]["image"]
    back = jax.nn.sigmoid(mlp(p, "dec", mlp(p, "enc", image)))
    return jnp.mean(jnp.mean((back - image) ** 2, axis=-1))


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["image"]}
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
            batch = {"digits": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(p, state, fixed, batch)
        batch = {"digits": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
