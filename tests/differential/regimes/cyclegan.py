"""Two clouds without pairs."""

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
optimiser = optax.adam(1e-3, b1=0.5)


def init(key: Any) -> dict[str, Any]:
    keys, glorot = iter(jax.random.split(key, 64)), jax.nn.initializers.glorot_uniform()
    p: dict[str, Any] = {}
    p["F.l1.W"] = glorot(next(keys), (2, 32))
    p["F.l1.c"] = jnp.zeros(32)
    p["F.l2.W"] = glorot(next(keys), (32, 2))
    p["F.l2.c"] = jnp.zeros(2)
    p["G.l1.W"] = glorot(next(keys), (2, 32))
    p["G.l1.c"] = jnp.zeros(32)
    p["G.l2.W"] = glorot(next(keys), (32, 2))
    p["G.l2.c"] = jnp.zeros(2)
    p["DP.l1.W"] = glorot(next(keys), (2, 32))
    p["DP.l1.c"] = jnp.zeros(32)
    p["DP.l2.W"] = glorot(next(keys), (32, 1))
    p["DP.l2.c"] = jnp.zeros(1)
    p["DQ.l1.W"] = glorot(next(keys), (2, 32))
    p["DQ.l1.c"] = jnp.zeros(32)
    p["DQ.l2.W"] = glorot(next(keys), (32, 1))
    p["DQ.l2.c"] = jnp.zeros(1)
    return p


def dense(p: Any, name: str, x: Any) -> Any:
    return x @ p[f"{name}.W"] + p[f"{name}.c"]


def stopped(p: Any, name: str) -> Any:
    return {n: jax.lax.stop_gradient(a) if n.startswith(f"{name}.") else a for n, a in p.items()}


def carry(p: Any, name: str, x: Any) -> Any:
    return dense(p, f"{name}.l2", jnp.tanh(dense(p, f"{name}.l1", x)))


def judge(p: Any, name: str, x: Any, truth: int) -> Any:
    said = dense(p, f"{name}.l2", jax.nn.relu(dense(p, f"{name}.l1", x)))
    return jnp.mean(jnp.mean((said - truth) ** 2, axis=-1))


def loss(p: Any, fixed: Any, batch: Any) -> Any:
    x, y = batch["left"]["x"], batch["right"]["y"]
    left_is, right_is = judge(p, "DP", x, 1), judge(p, "DQ", y, 1)
    from_y, from_x = carry(p, "G", y), carry(p, "F", x)
    left_fool, right_fool = judge(stopped(p, "DP"), "DP", from_y, 1), judge(stopped(p, "DQ"), "DQ", from_x, 1)
    left_from = judge(p, "DP", carry(stopped(p, "G"), "G", y), 0)
    right_from = judge(p, "DQ", carry(stopped(p, "F"), "F", x), 0)
    there = jnp.mean(jnp.mean(jnp.abs(carry(p, "G", from_x) - x), axis=-1))
    back = jnp.mean(jnp.mean(jnp.abs(carry(p, "F", from_y) - y), axis=-1))
    judged = left_is + right_is + left_fool + right_fool + left_from + right_from
    return judged + 5.0 * there + 5.0 * back


@partial(jax.jit, donate_argnums=(0, 1))
def step(p: Any, state: Any, fixed: Any, batch: Any) -> Any:
    value, gradient = jax.value_and_grad(loss)(p, fixed, batch)
    change, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, change), state, value


def main(left: str, right: str, out: str) -> None:
    with np.load(left) as held:
        first = {c: held[c] for c in ["x"]}
    with np.load(right) as held:
        second = {c: held[c] for c in ["y"]}
    p = init(jax.random.key(SEED))
    state = optimiser.init(p)
    generator = np.random.default_rng(SEED)
    fixed: Any = {}
    for epoch in range(EPOCHS):
        one = generator.permutation(len(first["x"]))
        two = generator.permutation(len(second["y"]))
        for start in range(0, len(one) - SIZE + 1, SIZE):
            here, there = one[start : start + SIZE], np.take(two, range(start, start + SIZE), mode="wrap")
            batch = {
                "left": {c: a[here] for c, a in first.items()},
                "right": {c: a[there] for c, a in second.items()},
            }
            p, state, value = step(p, state, fixed, batch)
        print(epoch, float(value))
    save_file({name: np.asarray(array) for name, array in p.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
