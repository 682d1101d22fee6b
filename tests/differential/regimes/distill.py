"""Distillation from a wide teacher."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import load_file, save_file

EPOCHS, SIZE, SEED = 150, 128, 0
optimiser = optax.adam(3e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["student.l1.W"] = glorot(next(keys), (64, 8))
    p["student.l1.c"] = jnp.zeros(8)
    p["student.l2.W"] = glorot(next(keys), (8, 10))
    p["student.l2.c"] = jnp.zeros(10)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def mlp(p: Any, name: str, x: Any) -> Any:
    return dense(p, f"{name}.l2", jax.nn.relu(dense(p, f"{name}.l1", x)))


def deep(p: Any, name: str, x: Any) -> Any:
    wide = jax.nn.relu(dense(p, f"{name}.l2", jax.nn.relu(dense(p, f"{name}.l1", x))))
    return dense(p, f"{name}.l3", wide)


def cross_entropy(logits: Any, label: Any) -> Any:
    s = logits - jax.lax.stop_gradient(logits.max(axis=-1, keepdims=True))
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(s), axis=-1)) - s[jnp.arange(len(label)), label])


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    lab, unl = batch["lab"], batch["unl"]
    hard = cross_entropy(mlp(p, "student", lab["image"]), lab["label"])
    wanted = jax.lax.stop_gradient(deep(fixed, "teacher", unl["image"]))
    log_p = jax.nn.log_softmax(wanted / 2.0)
    log_q = jax.nn.log_softmax(mlp(p, "student", unl["image"]) / 2.0)
    entropies = jnp.where(log_p > -jnp.inf, jnp.exp(log_p) * (log_p - log_q), 0)
    soft = 2.0**2 * jnp.sum(entropies, axis=-1)
    return 0.3 * hard + 0.7 * soft.mean()


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(left: str, right: str, teacher: str, out: str) -> None:
    with np.load(left) as held:
        first = {c: held[c] for c in ["image", "label"]}
    with np.load(right) as held:
        second = {c: held[c] for c in ["image"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    fixed = {f"teacher.{name}": array for name, array in load_file(teacher).items()}
    few = min(SIZE, len(first["image"]))
    for epoch in range(EPOCHS):
        one = generator.permutation(len(first["image"]))
        two = generator.permutation(len(second["image"]))
        for start in range(0, len(two) - SIZE + 1, SIZE):
            here, there = np.take(one, range(start, start + few), mode="wrap"), two[start : start + SIZE]
            batch = {
                "lab": {c: a[here] for c, a in first.items()},
                "unl": {c: a[there] for c, a in second.items()},
            }
            p, state, value = step(p, state, fixed, batch)
        print(epoch, float(value))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
