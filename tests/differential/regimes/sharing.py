"""Two tasks whose first layers are pulled together."""

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
optimiser = optax.adam(2e-3)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["a.l1.W"] = glorot(next(keys), (64, 32))
    p["a.l1.c"] = jnp.zeros(32)
    p["a.l2.W"] = glorot(next(keys), (32, 2))
    p["a.l2.c"] = jnp.zeros(2)
    p["b.l1.W"] = glorot(next(keys), (64, 32))
    p["b.l1.c"] = jnp.zeros(32)
    p["b.l2.W"] = glorot(next(keys), (32, 10))
    p["b.l2.c"] = jnp.zeros(10)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def mlp(p: Any, name: str, x: Any) -> Any:
    return dense(p, f"{name}.l2", jax.nn.relu(dense(p, f"{name}.l1", x)))


def cross_entropy(logits: Any, label: Any) -> Any:
    s = logits - jax.lax.stop_gradient(logits.max(axis=-1, keepdims=True))
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(s), axis=-1)) - s[jnp.arange(len(label)), label])


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    which = cross_entropy(mlp(p, "b", batch["few"]["image"]), batch["few"]["label"])
    side = cross_entropy(mlp(p, "a", batch["many"]["image"]), batch["many"]["odd"])
    alike = 0.5 * jnp.sum((p["a.l1.W"].ravel() - p["b.l1.W"].ravel()) ** 2)
    return which + side + 0.01 * alike


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(left: str, right: str, out: str) -> None:
    with np.load(left) as held:
        first = {c: held[c] for c in ["image", "odd"]}
    with np.load(right) as held:
        second = {c: held[c] for c in ["image", "label"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    fixed: Any = {}
    for epoch in range(EPOCHS):
        one = generator.permutation(len(first["image"]))
        two = generator.permutation(len(second["image"]))
        for start in range(0, len(one) - SIZE + 1, SIZE):
            here, there = one[start : start + SIZE], np.take(two, range(start, start + SIZE), mode="wrap")
            batch = {
                "many": {c: a[here] for c, a in first.items()},
                "few": {c: a[there] for c, a in second.items()},
            }
            p, state, value = step(p, state, fixed, batch)
        print(epoch, float(value))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
