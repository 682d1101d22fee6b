"""A recurrent world model."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 60, 128, 0
optimiser = optax.adam(2e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["enc.l1.W"], p["enc.l1.c"] = glorot(next(keys), (2, 16)), jnp.zeros(16)
    p["dyn.W"], p["dyn.c"] = glorot(next(keys), (16, 16)), jnp.zeros(16)
    p["dyn.B"] = 0.5 * jax.random.normal(next(keys), (16,))
    p["dec.l1.W"], p["dec.l1.c"] = glorot(next(keys), (16, 2)), jnp.zeros(2)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["rollouts"]
    code = jnp.tanh(dense(p, "enc.l1", table["first"]))

    def move(h: Any, force: Any) -> Any:
        h = jnp.tanh(h @ p["dyn.W"] + p["dyn.B"] * force[:, None] + p["dyn.c"])
        return h, h

    _, later = jax.lax.scan(move, code, table["force"].T)
    future = dense(p, "dec.l1", jnp.moveaxis(later, 0, 1))
    ahead = jnp.mean(jnp.mean((future - table["later"]) ** 2, axis=(1, 2)))
    return ahead + jnp.mean(jnp.mean((dense(p, "dec.l1", code) - table["first"]) ** 2, axis=-1))


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["first", "force", "later"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(data["first"]))
    test, rest = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    fixed: Any = {}
    for epoch in range(EPOCHS):
        order = generator.permutation(rest)
        for start in range(0, len(order) - SIZE + 1, SIZE):
            rows = order[start : start + SIZE]
            batch = {"rollouts": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(p, state, fixed, batch)
        batch = {"rollouts": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
