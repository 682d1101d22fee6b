"""A pendulum in linear coordinates."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 40, 128, 0
optimiser = optax.adam(2e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["enc.l1.W"] = glorot(next(keys), (2, 32))
    p["enc.l1.c"] = jnp.zeros(32)
    p["enc.l2.W"] = glorot(next(keys), (32, 8))
    p["enc.l2.c"] = jnp.zeros(8)
    p["dec.l1.W"] = glorot(next(keys), (8, 32))
    p["dec.l1.c"] = jnp.zeros(32)
    p["dec.l2.W"] = glorot(next(keys), (32, 2))
    p["dec.l2.c"] = jnp.zeros(2)
    p["step.K.W"] = glorot(next(keys), (8, 8))
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def mlp(p: Any, name: str, x: Any) -> Any:
    return dense(p, f"{name}.l2", jnp.tanh(dense(p, f"{name}.l1", x)))


def mse(a: Any, b: Any) -> Any:
    return jnp.mean(jnp.mean((a - b) ** 2, axis=-1))


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["pendulum"]
    code = mlp(p, "enc", table["now"])
    moved = code @ p["step.K.W"]
    here = mse(mlp(p, "dec", code), table["now"])
    forecast = mse(mlp(p, "dec", moved), table["next"])
    return here + forecast + mse(moved, mlp(p, "enc", table["next"]))


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["now", "next"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(data["now"]))
    test, rest = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    fixed: Any = {}
    for epoch in range(EPOCHS):
        order = generator.permutation(rest)
        for start in range(0, len(order) - SIZE + 1, SIZE):
            rows = order[start : start + SIZE]
            batch = {"pendulum": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(p, state, fixed, batch)
        batch = {"pendulum": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
