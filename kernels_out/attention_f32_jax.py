# Made by diagc 0.1.0 from attention_f32.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["full", "full_plain", "causal", "causal_plain", "mha_full", "mha_full_plain", "mha", "mha_plain"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]


def _full(Q, K, V, *, block_x=256, block_q=512):
    """full(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _full_forward(Q, K, V, *, block_x=256, block_q=512):
    """full_forward(Q: f32[q d], K: f32[x d], V: f32[x d]) -> (f32[q d], f32[q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = dot * rsqrt
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen, max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _full_backward_buffer_0(d_out, out):
    """full_backward_buffer_0(d_out: f32[q d], out: f32[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.float32) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: f32[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", d_out, out, precision="highest")  # [q]
    return sum_d


def _full_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """full_backward_d_Q(Q: f32[q d], K: f32[x d], V: f32[x d], d_out: f32[q d], logsum: f32[q], buffer_0: f32[q]) -> f32[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: f32[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            exp = jnp.exp(rsqrt * dot - logsum_tile[:, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile[:, None])
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, precision="highest")
            mul = jnp.exp(S - logsum_tile[:, None]) * (dot_2 - buffer_0_tile[:, None])
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x,))
        return acc_x * rsqrt

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _full_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """full_backward_d_K_d_V(Q: f32[q d], K: f32[x d], V: f32[x d], d_out: f32[q d], logsum: f32[q], buffer_0: f32[q]) -> (f32[x d], f32[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: f32[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, precision="highest")
            exp = jnp.exp(rsqrt * dot - logsum_tile)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, precision="highest")
            S = rsqrt * jnp.where((q_index < q), dot, -jnp.inf)
            exp = jnp.exp(S - logsum_tile)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return acc_q * rsqrt, acc_q_2

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _full_differentiable(Q, K, V, block_x, block_q):
    out = _full(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _full_keeping(Q, K, V, block_x, block_q):
    out, logsum = _full_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _full_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _full_backward_buffer_0(d_out, out)
    d_Q = _full_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _full_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_full_differentiable.defvjp(_full_keeping, _full_pull)


def full(Q, K, V, *, block_x=256, block_q=512):
    """full(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _full_differentiable(Q, K, V, block_x, block_q)


def full_plain(Q, K, V):
    """full(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, precision="highest")  # [q x]  # src[attention_f32.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[attention_f32.diag:7]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(S - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen, V, precision="highest")  # [q d]  # src[attention_f32.diag:8]
    return sum_x


def _causal(Q, K, V, *, block_x=256, block_q=512):
    """causal(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _causal_forward(Q, K, V, *, block_x=256, block_q=512):
    """causal_forward(Q: f32[q d], K: f32[x d], V: f32[x d]) -> (f32[q d], f32[q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen, jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _causal_backward_buffer_0(d_out, out):
    """causal_backward_buffer_0(d_out: f32[q d], out: f32[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.float32) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: f32[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", d_out, out, precision="highest")  # [q]
    return sum_d


def _causal_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """causal_backward_d_Q(Q: f32[q d], K: f32[x d], V: f32[x d], d_out: f32[q d], logsum: f32[q], buffer_0: f32[q]) -> f32[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: f32[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, precision="highest")
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            exp = jnp.exp(dot_2 * rsqrt - logsum_tile[:, None])
            mul = (dot - buffer_0_tile[:, None]) * exp
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, precision="highest")
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot_2 * rsqrt, -jnp.inf) - safe_logsum[:, None]
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(sub)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return rsqrt * acc_x

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _causal_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """causal_backward_d_K_d_V(Q: f32[q d], K: f32[x d], V: f32[x d], d_out: f32[q d], logsum: f32[q], buffer_0: f32[q]) -> (f32[x d], f32[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: f32[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, precision="highest")
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, precision="highest")
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot_2 * rsqrt, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            mul = (dot - buffer_0_tile) * exp
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, precision="highest")
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, precision="highest")
            exp = jnp.exp(dot_2 * rsqrt - logsum_tile)
            mul = (dot - buffer_0_tile) * exp
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, precision="highest")
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, precision="highest")
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot_2 * rsqrt, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            mul = (dot - buffer_0_tile) * exp
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return acc_q * rsqrt, acc_q_2

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _causal_differentiable(Q, K, V, block_x, block_q):
    out = _causal(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _causal_keeping(Q, K, V, block_x, block_q):
    out, logsum = _causal_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _causal_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _causal_backward_buffer_0(d_out, out)
    d_Q = _causal_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _causal_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_causal_differentiable.defvjp(_causal_keeping, _causal_pull)


def causal(Q, K, V, *, block_x=256, block_q=512):
    """causal(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _causal_differentiable(Q, K, V, block_x, block_q)


def causal_plain(Q, K, V):
    """causal(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: f32[x d] has shape {V.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, precision="highest")  # [q x]  # src[attention_f32.diag:12]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[attention_f32.diag:12]
    chosen = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], S, -jnp.inf)  # [q x]  # src[attention_f32.diag:13]
    max_x = jnp.max(chosen, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", P, V, precision="highest")  # [q d]  # src[attention_f32.diag:14]
    return sum_x


def _mha_full(Q, K, V, *, block_x=256, block_q=512):
    """mha_full(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> f32[b h q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            S = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], acc_x * (1 / z)[:, :, :, None], 0.0)
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return out_tiles[:, :, :q]


def _mha_full_forward(Q, K, V, *, block_x=256, block_q=512):
    """mha_full_forward(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> (f32[b h q d], f32[b h q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            S = dot * rsqrt
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            S = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], acc_x * (1 / z)[:, :, :, None], 0.0)
        return chosen, jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3)
    logsum_tiles = logsum_tiles.reshape(b, h, -(-q // block_q) * block_q)
    return out_tiles[:, :, :q], logsum_tiles[:, :, :q]


def _mha_full_backward_buffer_0(d_out, out):
    """mha_full_backward_buffer_0(d_out: f32[b h q d], out: f32[b h q d]) -> f32[b h q]"""
    d_out, out = (jnp.asarray(array, jnp.float32) for array in (d_out, out))
    b, h, q, d = d_out.shape
    if out.shape != (b, h, q, d):
        raise ValueError(f"out: f32[b h q d] has shape {out.shape}, expected {(b, h, q, d)}")
    sum_d = jnp.einsum("bhqd,bhqd->bhq", d_out, out, precision="highest")  # [b h q]
    return sum_d


def _mha_full_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """mha_full_backward_d_Q(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d], d_out: f32[b h q d], logsum: f32[b h q], buffer_0: f32[b h q]) -> f32[b h q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    if d_out.shape != (b, h, q, d):
        raise ValueError(f"d_out: f32[b h q d] has shape {d_out.shape}, expected {(b, h, q, d)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", d_out_tile, V_tile, precision="highest")
            dot_2 = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            sub = rsqrt * dot_2 - logsum_tile[:, :, :, None]
            mul = (dot - buffer_0_tile[:, :, :, None]) * jnp.exp(sub)
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxd->bhqd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", d_out_tile, V_tile, precision="highest")
            dot_2 = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            chosen = jnp.where((x_index < x), dot_2, -jnp.inf)
            sub = rsqrt * chosen - logsum_tile[:, :, :, None]
            mul = (dot - buffer_0_tile[:, :, :, None]) * jnp.exp(sub)
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxd->bhqd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x,))
        return acc_x * rsqrt

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return d_Q_tiles[:, :, :q]


def _mha_full_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """mha_full_backward_d_K_d_V(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d], d_out: f32[b h q d], logsum: f32[b h q], buffer_0: f32[b h q]) -> (f32[b h x d], f32[b h x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    if d_out.shape != (b, h, q, d):
        raise ValueError(f"d_out: f32[b h q d] has shape {d_out.shape}, expected {(b, h, q, d)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", V_tile, d_out_tile, precision="highest")
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, precision="highest")
            exp = jnp.exp(rsqrt * dot_2 - logsum_tile[:, :, None])
            mul = (dot - buffer_0_tile[:, :, None]) * exp
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqd->bhxd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", V_tile, d_out_tile, precision="highest")
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, precision="highest")
            chosen = jnp.where((q_index < q), dot_2, -jnp.inf)
            exp = jnp.exp(rsqrt * chosen - logsum_tile[:, :, None])
            mul = (dot - buffer_0_tile[:, :, None]) * exp
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqd->bhxd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return rsqrt * acc_q, acc_q_2

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, h, -(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, h, -(-x // block_x) * block_x, d)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _mha_full_differentiable(Q, K, V, block_x, block_q):
    out = _mha_full(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _mha_full_keeping(Q, K, V, block_x, block_q):
    out, logsum = _mha_full_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _mha_full_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _mha_full_backward_buffer_0(d_out, out)
    d_Q = _mha_full_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _mha_full_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_mha_full_differentiable.defvjp(_mha_full_keeping, _mha_full_pull)


def mha_full(Q, K, V, *, block_x=256, block_q=512):
    """mha_full(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> f32[b h q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _mha_full_differentiable(Q, K, V, block_x, block_q)


def mha_full_plain(Q, K, V):
    """mha_full(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> f32[b h q d]"""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    sum_d = jnp.einsum("bhqd,bhxd->bhqx", Q, K, precision="highest")  # [b h q x]  # src[attention_f32.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [b h q x]  # src[attention_f32.diag:7]
    max_x = jnp.max(S, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e = jnp.exp(S - max_x[:, :, :, None])  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, :, :, None] > 0, e / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("bhqx,bhxd->bhqd", chosen, V, precision="highest")  # [b h q d]  # src[attention_f32.diag:8]
    return sum_x


def _mha(Q, K, V, *, block_x=256, block_q=512):
    """mha(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> f32[b h q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], acc_x * (1 / z)[:, :, :, None], 0.0)
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return out_tiles[:, :, :q]


def _mha_forward(Q, K, V, *, block_x=256, block_q=512):
    """mha_forward(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> (f32[b h q d], f32[b h q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            S = dot * rsqrt
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxd->bhqd", e, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], acc_x * (1 / z)[:, :, :, None], 0.0)
        return chosen, jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3)
    logsum_tiles = logsum_tiles.reshape(b, h, -(-q // block_q) * block_q)
    return out_tiles[:, :, :q], logsum_tiles[:, :, :q]


def _mha_backward_buffer_0(d_out, out):
    """mha_backward_buffer_0(d_out: f32[b h q d], out: f32[b h q d]) -> f32[b h q]"""
    d_out, out = (jnp.asarray(array, jnp.float32) for array in (d_out, out))
    b, h, q, d = d_out.shape
    if out.shape != (b, h, q, d):
        raise ValueError(f"out: f32[b h q d] has shape {out.shape}, expected {(b, h, q, d)}")
    sum_d = jnp.einsum("bhqd,bhqd->bhq", out, d_out, precision="highest")  # [b h q]
    return sum_d


def _mha_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """mha_backward_d_Q(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d], d_out: f32[b h q d], logsum: f32[b h q], buffer_0: f32[b h q]) -> f32[b h q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    if d_out.shape != (b, h, q, d):
        raise ValueError(f"d_out: f32[b h q d] has shape {d_out.shape}, expected {(b, h, q, d)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            exp = jnp.exp(rsqrt * dot - logsum_tile[:, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bhqd,bhxd->bhqx", d_out_tile, V_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile[:, :, :, None])
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxd->bhqd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, rsqrt * dot, -jnp.inf) - safe_logsum[:, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bhqd,bhxd->bhqx", d_out_tile, V_tile, precision="highest")
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, :, :, None])
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxd->bhqd", mul, K_tile, precision="highest")
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return rsqrt * acc_x

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return d_Q_tiles[:, :, :q]


def _mha_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """mha_backward_d_K_d_V(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d], d_out: f32[b h q d], logsum: f32[b h q], buffer_0: f32[b h q]) -> (f32[b h x d], f32[b h x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, logsum, buffer_0))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    if d_out.shape != (b, h, q, d):
        raise ValueError(f"d_out: f32[b h q d] has shape {d_out.shape}, expected {(b, h, q, d)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, precision="highest")
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, rsqrt * dot, -jnp.inf) - safe_logsum[:, :, None]
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxd,bhqd->bhxq", V_tile, d_out_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile[:, :, None])
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqd->bhxd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, precision="highest")
            exp = jnp.exp(rsqrt * dot - logsum_tile[:, :, None])
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxd,bhqd->bhxq", V_tile, d_out_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile[:, :, None])
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqd->bhxd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, precision="highest")
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, rsqrt * dot, -jnp.inf) - safe_logsum[:, :, None]
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxd,bhqd->bhxq", V_tile, d_out_tile, precision="highest")
            mul = exp * (dot_2 - buffer_0_tile[:, :, None])
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", mul, Q_tile, precision="highest")
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqd->bhxd", exp, d_out_tile, precision="highest")
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return rsqrt * acc_q, acc_q_2

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, h, -(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, h, -(-x // block_x) * block_x, d)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _mha_differentiable(Q, K, V, block_x, block_q):
    out = _mha(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _mha_keeping(Q, K, V, block_x, block_q):
    out, logsum = _mha_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _mha_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _mha_backward_buffer_0(d_out, out)
    d_Q = _mha_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _mha_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_mha_differentiable.defvjp(_mha_keeping, _mha_pull)


def mha(Q, K, V, *, block_x=256, block_q=512):
    """mha(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> f32[b h q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _mha_differentiable(Q, K, V, block_x, block_q)


def mha_plain(Q, K, V):
    """mha(Q: f32[b h q d], K: f32[b h x d], V: f32[b h x d]) -> f32[b h q d]"""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: f32[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, d):
        raise ValueError(f"V: f32[b h x d] has shape {V.shape}, expected {(b, h, x, d)}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[attention_f32.diag:13]
    sum_d = jnp.einsum("bhqd,bhxd->bhqx", Q, K, precision="highest")  # [b h q x]  # src[attention_f32.diag:12]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [b h q x]  # src[attention_f32.diag:12]
    chosen = jnp.where(le_value, S, -jnp.inf)  # [b h q x]  # src[attention_f32.diag:13]
    max_x = jnp.max(chosen, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, None]))  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=3)  # [b h q]  # src[maps.diag:6]
    P = jnp.where(z[:, :, :, None] > 0, e / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("bhqx,bhxd->bhqd", P, V, precision="highest")  # [b h q d]  # src[attention_f32.diag:14]
    return sum_x
