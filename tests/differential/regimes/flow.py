"""Flow matching on straight lines."""

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
optimiser = optax.adam(2e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {"field.B": jax.random.normal(next(keys), (64,))}
    p["field.l1.W"], p["field.l1.c"] = glorot(next(keys), (2, 64)), jnp.zeros(64)
    p["field.l2.W"], p["field.l2.c"] = glorot(next(keys), (64, 64)), jnp.zeros(64)
    p["field.l3.W"], p["field.l3.c"] = glorot(next(keys), (64, 2)), jnp.zeros(2)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def draw(generator: Any, rows: int) -> dict[str, Any]:
    made = {
        "noise": generator.standard_normal((rows, 2)),
        "t": generator.random(rows),
    }
    return {c: a.astype(np.float32) for c, a in made.items()}


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["moons"]
    t = table["t"][:, None]
    place = (1 - t) * table["noise"] + t * table["x"]
    code = jax.nn.silu(dense(p, "field.l1", place) + p["field.B"] * t)
    flow = dense(p, "field.l3", jax.nn.silu(dense(p, "field.l2", code)))
    return jnp.mean(jnp.mean((flow - (table["x"] - table["noise"])) ** 2, axis=-1))


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
            batch = {"moons": {c: a[rows] for c, a in data.items()} | draw(generator, len(rows))}
            p, state, value = step(p, state, fixed, batch)
        batch = {"moons": {c: a[test] for c, a in data.items()} | draw(generator, len(test))}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
