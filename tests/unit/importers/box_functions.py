"""Functions some operators of which have no diagram, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def middle(x: Any, w: Any) -> Any:
    s = jax.nn.softmax(x @ w, axis=-1)
    values = jnp.sort(s, axis=-1)
    weighted = values * jnp.exp(w.sum(0))
    return weighted / weighted.sum(-1, keepdims=True)


def dropped(x: Any, w: Any, seed: Any) -> Any:
    h = jax.nn.gelu(x @ w)
    keep = jax.random.bernoulli(jax.random.key(seed), 0.75, h.shape)
    return jax.nn.softmax(jnp.where(keep, h / 0.75, 0.0), axis=-1)


def ranked(x: Any, v: Any) -> Any:
    score = (x * x).sum(-1)
    order = jnp.argsort(score)
    return v[order] * 2.0, order


def looped(x: Any) -> Any:
    y = jnp.tanh(x)
    z = jax.lax.while_loop(lambda z: jnp.abs(z).max() > 0.1, lambda z: z * 0.5, y)
    return jax.nn.softmax(z, -1) + y


def sampled(x: Any, share: Any) -> Any:
    p = jax.nn.softmax(x)
    s = jnp.sort(p)[:, ::-1]
    least = jnp.min(jnp.where(jnp.cumsum(s, -1) - s < share, s, jnp.inf), -1, keepdims=True)
    return jax.nn.softmax(jnp.where(p >= least, x, -jnp.inf))


def carried(x: Any) -> Any:
    def step(state: Any, row: Any) -> Any:
        key, h = state
        key, own = jax.random.split(key)
        h = 0.5 * h + row + jax.random.normal(own, h.shape)
        return (key, h), h

    start = (jax.random.key(0), jnp.zeros(x.shape[1]))
    return jax.nn.softmax(jax.lax.scan(step, start, x)[1], -1)


def written(x: Any, i: Any, v: Any) -> Any:
    return jax.nn.softmax(x.at[i].set(jnp.tanh(v)))


def ordered(x: Any) -> Any:
    return jnp.argsort(x)


def experts(x: Any, gate: Any, up: Any, down: Any) -> Any:
    t, d = x.shape
    weight, chosen = jax.lax.top_k(jax.nn.softmax(x @ gate), 2)
    chosen, token = chosen.reshape(-1), jnp.repeat(jnp.arange(t), 2)
    before = jnp.cumsum(jax.nn.one_hot(chosen, gate.shape[1], dtype=jnp.int32), 0) - 1
    slot = jnp.take_along_axis(before, chosen[:, None], 1)[:, 0]
    sent = jnp.zeros((gate.shape[1], 2 * t, d)).at[chosen, slot].add(x[token])
    made = jnp.einsum("ecf,efd->ecd", jax.nn.silu(jnp.einsum("ecd,edf->ecf", sent, up)), down)
    return jnp.zeros_like(x).at[token].add(made[chosen, slot] * weight.reshape(-1, 1))
