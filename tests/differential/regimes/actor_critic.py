"""A critic and an actor from recorded moves."""

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
optimiser = optax.partition({"value": optax.adam(2e-3), "actor": optax.adam(5e-4)}, lambda p: owner(p))


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["value.l1.W"] = glorot(next(keys), (2, 32))
    p["value.l1.c"] = jnp.zeros(32)
    p["value.l2.W"] = glorot(next(keys), (1, 32))
    p["value.l3.W"] = glorot(next(keys), (32, 1))
    p["value.l3.c"] = jnp.zeros(1)
    p["actor.l1.W"] = glorot(next(keys), (2, 32))
    p["actor.l1.c"] = jnp.zeros(32)
    p["actor.l2.W"] = glorot(next(keys), (32, 1))
    p["actor.l2.c"] = jnp.zeros(1)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def value_of(p: Any, name: str, s: Any, a: Any) -> Any:
    return dense(p, f"{name}.l3", jax.nn.relu(dense(p, f"{name}.l1", s) + a @ p[f"{name}.l2.W"]))


def act(p: Any, s: Any) -> Any:
    return jnp.tanh(dense(p, "actor.l2", jax.nn.relu(dense(p, "actor.l1", s))))


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    table = batch["moves"]
    still = {
        name: jax.lax.stop_gradient(array) if name.startswith("value.") else array
        for name, array in p.items()
    }
    improve = jnp.mean(jnp.mean(-value_of(still, "value", table["state"], act(p, table["state"])), axis=-1))
    later = value_of(fixed, "slow", table["next"], act(p, table["next"]))
    target = jax.lax.stop_gradient(table["reward"] + 0.9 * later)
    error = value_of(p, "value", table["state"], table["move"]) - target
    return improve + jnp.mean(jnp.mean(error**2, axis=-1))


def follow(p: Any, fixed: Any) -> Any:
    """A slow copy of the critic: at first the critic itself."""
    own = {name.replace("value.", "slow."): array for name, array in p.items() if name.startswith("value.")}
    if not fixed:
        return {name: jnp.array(array) for name, array in own.items()}
    return {name: 0.99 * fixed[name] + 0.01 * own[name] for name in own}


def owner(p: Any) -> dict[str, str]:
    return {name: name.partition(".")[0] for name in p}


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(path: str, out: str) -> None:
    with np.load(path) as held:
        data = {c: held[c] for c in ["state", "move", "reward", "next"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    rows = generator.permutation(len(data["state"]))
    test, rest = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    fixed: Any = follow(p, {})
    for epoch in range(EPOCHS):
        order = generator.permutation(rest)
        for start in range(0, len(order) - SIZE + 1, SIZE):
            rows = order[start : start + SIZE]
            batch = {"moves": {c: a[rows] for c, a in data.items()}}
            p, state, value = step(p, state, fixed, batch)
            fixed = follow(p, fixed)
        batch = {"moves": {c: a[test] for c, a in data.items()}}
        print(epoch, float(value), float(loss(p, fixed, batch)))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
