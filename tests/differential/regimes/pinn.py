"""A network solves the heat equation."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 30, 128, 0
optimiser = optax.adam(2e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {f"u.{name}": jax.random.normal(next(keys), (32,)) for name in "ABc"}
    p["u.l2.W"], p["u.l2.c"] = glorot(next(keys), (32, 32)), jnp.zeros(32)
    p["u.l3.W"], p["u.l3.c"] = glorot(next(keys), (32, 1)), jnp.zeros(1)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def u(p: Any, x: Any, t: Any) -> Any:
    code = jnp.tanh(p["u.A"] * x + p["u.B"] * t + p["u.c"])
    return jnp.sum(dense(p, "u.l3", jnp.tanh(dense(p, "u.l2", code))))


def draw(generator: Any) -> dict[str, dict[str, Any]]:
    made = {"inside": ("x", "t"), "start": ("x",), "ends": ("t",)}
    return {s: {c: generator.random(SIZE).astype(np.float32) for c in columns} for s, columns in made.items()}


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    field = partial(u, p)
    inside, x, t = batch["inside"], batch["start"]["x"], batch["ends"]["t"]
    slope = jax.vmap(jax.grad(field, 1))(inside["x"], inside["t"])
    bend = jax.vmap(jax.grad(jax.grad(field)))(inside["x"], inside["t"])
    heat = jnp.mean((slope - 0.1 * bend) ** 2)
    begin = jnp.mean((jax.vmap(field, (0, None))(x, 0.0) - jnp.sin(jnp.pi * x)) ** 2)
    left = jnp.mean(jax.vmap(field, (None, 0))(0.0, t) ** 2)
    right = jnp.mean(jax.vmap(field, (None, 0))(1.0, t) ** 2)
    return 10.0 * right + 10.0 * begin + 10.0 * left + heat


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(out: str) -> None:
    fixed: Any = {}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    value: Any = 0.0
    for epoch in range(EPOCHS):
        for _ in range(100):
            p, state, value = step(p, state, fixed, draw(generator))
        print(epoch, float(value))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
