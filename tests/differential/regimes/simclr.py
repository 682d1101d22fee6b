"""Contrast of two disturbed views."""

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
optimiser = optax.adam(1e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["enc.l1.W"] = glorot(next(keys), (64, 128))
    p["enc.l1.c"] = jnp.zeros(128)
    p["enc.l2.W"] = glorot(next(keys), (128, 32))
    p["enc.l2.c"] = jnp.zeros(32)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def draw(generator: Any, rows: int) -> dict[str, Any]:
    made = {
        "one": 0.2 * generator.standard_normal((rows, 64)),
        "two": 0.2 * generator.standard_normal((rows, 64)),
    }
    return {c: a.astype(np.float32) for c, a in made.items()}


def mlp(p: Any, name: str, x: Any) -> Any:
    return dense(p, f"{name}.l2", jax.nn.relu(dense(p, f"{name}.l1", x)))


def infonce(a: Any, b: Any) -> Any:
    one = jax.lax.rsqrt(jnp.einsum("bz,bz->b", a, a) + 1e-12)
    two = jax.lax.rsqrt(jnp.einsum("bz,bz->b", b, b) + 1e-12)
    scores = jnp.einsum("bz,oz->bo", a, b * two[:, None]) * one[:, None] / 0.3
    top = jax.lax.stop_gradient(scores.max(axis=1))
    own = jnp.einsum("bz,bz->b", a, b) * one * two / 0.3
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(scores - top[:, None]), axis=1)) + top - own)


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["digits"]
    one, two = table["image"] + table["one"], table["image"] + table["two"]
    return infonce(mlp(p, "enc", one), mlp(p, "enc", two))


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
            batch = {"digits": {c: a[rows] for c, a in data.items()} | draw(generator, len(rows))}
            p, state, value = step(p, state, fixed, batch)
        batch = {"digits": {c: a[test] for c, a in data.items()} | draw(generator, len(test))}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
