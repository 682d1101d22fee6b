"""Functions of JAX as they stand in public repositories, written anew; none of them knows diagc."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax


def gqa_grouped(q: Array, k: Array, v: Array) -> Array:
    """Causal attention with fewer key heads, by queries in groups."""
    b, h, t, d = q.shape
    q = q.reshape(b, k.shape[1], h // k.shape[1], t, d) * d**-0.5
    scores = jnp.einsum("bkgtd,bksd->bkgts", q, k)
    scores = jnp.where(jnp.tril(jnp.ones((t, t), bool)), scores, -jnp.inf)
    weights = jax.nn.softmax(scores, axis=-1)
    return jnp.einsum("bkgts,bksd->bkgtd", weights, v).reshape(b, h, t, d)


def softcapped(q: Array, k: Array, v: Array) -> Array:
    """Causal attention whose scores stay within 50."""
    scores = jnp.einsum("bthd,bshd->bhts", q, k) / jnp.sqrt(q.shape[-1])
    scores = jnp.tanh(scores / 50.0) * 50.0
    i = jnp.arange(q.shape[1])
    scores = jnp.where(i[:, None] >= i[None, :], scores, -jnp.inf)
    return jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(scores), v)


def documents(q: Array, k: Array, v: Array, segment: Array) -> Array:
    """Causal attention within the documents of a packed row."""
    t = q.shape[2]
    same = segment[:, None, :, None] == segment[:, None, None, :]
    mask = jnp.logical_and(same, jnp.tril(jnp.ones((t, t), dtype=bool))[None, None])
    scores = jnp.where(mask, q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5, -jnp.inf)
    return jax.nn.softmax(scores, axis=-1) @ v


def online_softmax(q: Array, k: Array, v: Array) -> Array:
    """Attention with the keys in chunks and the running maximum and sum by hand."""
    size = k.shape[0] // 4
    chunks = (k.reshape(-1, size, k.shape[-1]), v.reshape(-1, size, v.shape[-1]))

    def step(
        carry: tuple[Array, Array, Array], chunk: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array, Array], None]:
        top, total, out = carry
        scores = q @ chunk[0].T * q.shape[-1] ** -0.5
        new = jnp.maximum(top, scores.max(-1))
        weights = jnp.exp(scores - new[:, None])
        old = jnp.exp(top - new)
        return (new, total * old + weights.sum(-1), out * old[:, None] + weights @ chunk[1]), None

    start = (jnp.full(q.shape[0], -jnp.inf), jnp.zeros(q.shape[0]), jnp.zeros((q.shape[0], v.shape[-1])))
    (_, total, out), _ = lax.scan(step, start, chunks)
    return out / total[:, None]


def causal_linear(q: Array, k: Array, v: Array) -> Array:
    """Linear attention that sees the past alone, by a mask on the products."""
    scores = jnp.einsum("htd,hsd->hts", q, k)
    scores = scores * jnp.tril(jnp.ones(scores.shape[-2:]))
    return jnp.einsum("hts,hse->hte", scores, v)


def retention(q: Array, k: Array, v: Array) -> Array:
    """Retention in its parallel form: products that decay with the distance, a rate for each head."""
    h, t, d = q.shape
    decay = jnp.log(1 - 2.0 ** (-5.0 - jnp.arange(h)))
    distance = jnp.arange(t)[:, None] - jnp.arange(t)[None, :]
    mask = jnp.where(distance >= 0, jnp.exp(decay[:, None, None] * distance), 0.0)
    return ((q @ k.swapaxes(1, 2)) * d**-0.5 * mask) @ v


def moving_average(x: Array, rate: Array) -> Array:
    """An exponential moving average along time."""
    alpha = jax.nn.sigmoid(rate)

    def step(state: Array, now: Array) -> tuple[Array, Array]:
        state = alpha * state + (1 - alpha) * now
        return state, state

    _, states = lax.scan(step, jnp.zeros_like(x[0]), x)
    return states


def gated_linear(q: Array, k: Array, v: Array, gate: Array) -> Array:
    """Linear attention with gates, step by step: a matrix is the state."""

    def step(state: Array, now: tuple[Array, Array, Array, Array]) -> tuple[Array, Array]:
        q, k, v, gate = now
        state = jax.nn.sigmoid(gate)[:, None, None] * state + k[:, :, None] * v[:, None, :]
        return state, jnp.einsum("hd,hde->he", q, state)

    h, d = k.shape[1:]
    _, out = lax.scan(step, jnp.zeros((h, d, v.shape[-1])), (q, k, v, gate))
    return out


def elman(x: Array, inner: Array, bias: Array) -> Array:
    """The states of a recurrent network."""

    def step(state: Array, now: Array) -> tuple[Array, Array]:
        state = jnp.tanh(now + state @ inner + bias)
        return state, state

    _, states = lax.scan(step, jnp.zeros(x.shape[1:]), x)
    return states


def z_loss(x: Array, head: Array, labels: Array) -> Array:
    """The loss of a language model with a penalty on the size of its logits."""
    logits = x @ head
    log_z = jax.scipy.special.logsumexp(logits, axis=-1)
    label = jnp.take_along_axis(logits, labels[:, None], axis=-1)[:, 0]
    return jnp.mean(log_z - label + 1e-4 * jnp.square(log_z))


def entropy(logits: Array) -> Array:
    """The entropy of each row, as policies report it."""
    log_p = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_p) * log_p, axis=-1)


def mean_discrepancy(x: Array, y: Array) -> Array:
    """Maximum mean discrepancy with a Gaussian kernel."""

    def kernel(a: Array, b: Array) -> Array:
        squares = jnp.sum(a**2, 1)[:, None] + jnp.sum(b**2, 1)[None, :] - 2 * a @ b.T
        return jnp.exp(-squares / (2 * a.shape[1])).mean()

    return kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)


def alignment(x: Array, y: Array) -> Array:
    """Linear alignment of kernels of two representations of the same samples."""

    def similarity(a: Array, b: Array) -> Array:
        return jnp.sum((a @ a.T) * (b @ b.T))

    return similarity(x, y) / jnp.sqrt(similarity(x, x) * similarity(y, y))


def late_interaction(query: Array, documents: Array) -> Array:
    """For each word of a query the best word of each document, summed."""
    similar = jnp.einsum("qd,nwd->nqw", query, documents)
    return similar.max(axis=-1).sum(axis=-1)


def moments(x: Array) -> tuple[Array, Array, Array, Array]:
    """Mean, variance, skewness and kurtosis of rows."""
    mean = x.mean(axis=-1)
    centred = x - mean[:, None]
    variance = (centred**2).mean(axis=-1)
    skewness = (centred**3).mean(axis=-1) / variance**1.5
    return mean, variance, skewness, (centred**4).mean(axis=-1) / variance**2


def geglu(x: Array, both: Array, down: Array) -> Array:
    """A gated layer whose two halves come of one product."""
    gate, value = jnp.split(x @ both, 2, axis=-1)
    return (jax.nn.gelu(gate) * value) @ down


def causal_conv(x: Array, weight: Array, bias: Array) -> Array:
    """The short convolution of a state-space model: each channel over its last four steps."""
    width, t = weight.shape[0], x.shape[1]
    padded = jnp.pad(x, ((0, 0), (width - 1, 0), (0, 0)))
    out = sum(padded[:, i : i + t] * weight[i] for i in range(width))
    return jax.nn.silu(out + bias)


def spectral_distance(x: Array, y: Array) -> Array:
    """The mean difference of log magnitudes of short spectra."""
    size, hop = 64, 16

    def magnitudes(signal: Array) -> Array:
        starts = jnp.arange(0, signal.shape[-1] - size + 1, hop)
        frames = signal[:, starts[:, None] + jnp.arange(size)]
        frames = frames * (0.5 - 0.5 * jnp.cos(2 * jnp.pi * jnp.arange(size) / size))
        angle = 2 * jnp.pi / size * jnp.arange(size)[:, None] * jnp.arange(size // 2 + 1)
        real, imaginary = frames @ jnp.cos(angle), frames @ jnp.sin(angle)
        return jnp.log(real**2 + imaginary**2 + 1e-6)

    return jnp.mean(jnp.abs(magnitudes(x) - magnitudes(y)))


def cosine_attention(q: Array, k: Array, v: Array, scale: Array) -> Array:
    """Attention by angles, with a learned scale for each head."""
    q = q / jnp.linalg.norm(q, axis=-1, keepdims=True)
    k = k / jnp.linalg.norm(k, axis=-1, keepdims=True)
    scores = jnp.einsum("bhid,bhjd->bhij", q, k) * jnp.exp(jnp.minimum(scale, 4.6))[:, None, None]
    return jnp.einsum("bhij,bhjd->bhid", jax.nn.softmax(scores, axis=-1), v)
