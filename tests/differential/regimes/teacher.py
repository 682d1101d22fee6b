"""A wide classifier."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 30, 64, 0
optimiser = optax.adamw(1e-3, weight_decay=1e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["teacher.l1.W"] = glorot(next(keys), (64, 256))
    p["teacher.l1.c"] = jnp.zeros(256)
    p["teacher.l2.W"] = glorot(next(keys), (256, 256))
    p["teacher.l2.c"] = jnp.zeros(256)
    p["teacher.l3.W"] = glorot(next(keys), (256, 10))
    p["teacher.l3.c"] = jnp.zeros(10)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def cross_entropy(logits: Any, label: Any) -> Any:
    s = logits - jax.lax.stop_gradient(logits.max(axis=-1, keepdims=True))
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(s), axis=-1)) - s[jnp.arange(len(label)), label])


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["digits"]
    code = jax.nn.relu(dense(p, "teacher.l1", table["image"]))
    code = jax.nn.relu(dense(p, "teacher.l2", code))
    return cross_entropy(dense(p, "teacher.l3", code), table["label"])


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["image", "label"]}
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
