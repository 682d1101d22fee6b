"""Distillation with an intermediate layer."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import load_file, save_file

EPOCHS, SIZE, SEED = 60, 64, 0
optimiser = optax.adam(3e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["body.l1.W"] = glorot(next(keys), (64, 16))
    p["body.l1.c"] = jnp.zeros(16)
    p["head.W"] = glorot(next(keys), (16, 10))
    p["head.c"] = jnp.zeros(10)
    p["project.W"] = glorot(next(keys), (16, 256))
    p["project.c"] = jnp.zeros(256)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def cross_entropy(logits: Any, label: Any) -> Any:
    s = logits - jax.lax.stop_gradient(logits.max(axis=-1, keepdims=True))
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(s), axis=-1)) - s[jnp.arange(len(label)), label])


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["lab"]
    code = jax.nn.relu(dense(p, "body.l1", table["image"]))
    logits = dense(p, "head", code)
    wanted = jax.nn.relu(dense(fixed, "teacher_body.l1", table["image"]))
    hint = jnp.mean(jnp.mean((dense(p, "project", code) - wanted) ** 2, axis=-1))
    log_p = jax.nn.log_softmax(dense(fixed, "teacher_head", wanted) / 2.0)
    log_q = jax.nn.log_softmax(logits / 2.0)
    entropies = jnp.where(log_p > -jnp.inf, jnp.exp(log_p) * (log_p - log_q), 0)
    soft = 2.0**2 * jnp.sum(entropies, axis=-1)
    return 0.5 * hint + 0.3 * cross_entropy(logits, table["label"]) + 0.7 * soft.mean()


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, body: str, head: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["image", "label"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(data["image"]))
    test, rest = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    fixed: Any = load_file(body) | load_file(head)
    for epoch in range(EPOCHS):
        order = generator.permutation(rest)
        for start in range(0, len(order) - SIZE + 1, SIZE):
            rows = order[start : start + SIZE]
            batch = {"lab": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(p, state, fixed, batch)
        batch = {"lab": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
