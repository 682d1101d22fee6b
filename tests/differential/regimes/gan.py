"""Two players."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

EPOCHS, SIZE, SEED = 100, 128, 0
optimiser = optax.adam(5e-4, b1=0.5)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["G.l1.W"] = glorot(next(keys), (4, 64))
    p["G.l1.c"] = jnp.zeros(64)
    p["G.l2.W"] = glorot(next(keys), (64, 64))
    p["G.l2.c"] = jnp.zeros(64)
    p["G.l3.W"] = glorot(next(keys), (64, 2))
    p["G.l3.c"] = jnp.zeros(2)
    p["D.l1.W"] = glorot(next(keys), (2, 64))
    p["D.l1.c"] = jnp.zeros(64)
    p["D.l2.W"] = glorot(next(keys), (64, 64))
    p["D.l2.c"] = jnp.zeros(64)
    p["D.l3.W"] = glorot(next(keys), (64, 1))
    p["D.l3.c"] = jnp.zeros(1)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def stopped(p: Any, name: str) -> Any:
    return {n: jax.lax.stop_gradient(a) if n.startswith(f"{name}.") else a for n, a in p.items()}


def draw(generator: Any, rows: int) -> dict[str, Any]:
    made = {
        "z": generator.standard_normal((rows, 4)),
    }
    return {c: a.astype(np.float32) for c, a in made.items()}


def mlp(p: Any, name: str, x: Any) -> Any:
    x = jax.nn.relu(dense(p, f"{name}.l1", x))
    return dense(p, f"{name}.l3", jax.nn.relu(dense(p, f"{name}.l2", x)))


def bce(logits: Any, truth: int) -> Any:
    return jnp.mean(jnp.mean(jax.nn.softplus(logits) - truth * logits, axis=-1))


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    z = batch["prior"]["z"]
    fool = bce(mlp(stopped(p, "D"), "D", mlp(p, "G", z)), 1)
    real = bce(mlp(p, "D", batch["moons"]["x"]), 1)
    fake = bce(mlp(p, "D", mlp(stopped(p, "G"), "G", z)), 0)
    return fool + real + fake


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["x"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(data["x"]))
    test, rest = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    fixed: Any = {}
    for epoch in range(EPOCHS):
        order = generator.permutation(rest)
        for start in range(0, len(order) - SIZE + 1, SIZE):
            rows = order[start : start + SIZE]
            batch = {"moons": {c: a[rows] for c, a in data.items()}, "prior": draw(generator, SIZE)}
            p, state, value = step(p, state, fixed, batch)
        batch = {"moons": {c: a[test] for c, a in data.items()}, "prior": draw(generator, SIZE)}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
