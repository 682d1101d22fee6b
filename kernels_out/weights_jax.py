# Made by diagc 0.1.0 from weights.diag. Runs on JAX alone.
import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["scores", "sigmoid_weights", "sigmoid_weights_plain", "spherical", "spherical_plain", "sink", "sink_plain", "multi_query", "multi_query_plain", "cross", "cross_plain", "with_logsumexp", "with_logsumexp_plain"]


def _add(a, b):
    """a + b, where -inf absorbs: -inf + inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, a + b)


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def scores(Q, K):
    """scores(Q: bf16[q d], K: bf16[x d]) -> f32[q x]"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[weights.diag:7]
    return product


def sigmoid_weights(Q, K, V, *, block_x=256, block_q=512):
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        sum_x = jnp.full((e, block_q), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (sum_x,) = state
            first_x = block * block_x
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = jax.nn.sigmoid(rsqrt * dot) * V_tile.astype(jnp.float32).T[:, None]
            tile_sum = jnp.sum(mul, axis=2)
            next_sum_x = sum_x + tile_sum
            return (next_sum_x,)

        (sum_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (sum_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (sum_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            mul_2 = jax.nn.sigmoid(mul) * V_tile.astype(jnp.float32).T[:, None]
            chosen = jnp.where(x_index <= q_index[:, None], mul_2, 0.0)
            tile_sum = jnp.sum(chosen, axis=2)
            next_sum_x = sum_x + tile_sum
            return (next_sum_x,)

        (sum_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (sum_x,))
        return sum_x.astype(jnp.bfloat16).T

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def sigmoid_weights_plain(Q, K, V):
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    sigmoid_value = jax.nn.sigmoid(sum_d * lax.rsqrt(jnp.float32(d)))  # [q x]  # src[weights.diag:11]
    chosen = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], sigmoid_value, 0)  # [q x]  # src[weights.diag:11]
    sum_x = jnp.einsum("qx,xe->qe", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[weights.diag:11]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q e]
    return as_bf16


def spherical(Q, K, V, *, block_x=256, block_q=512):
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_2 = jnp.full((block_q, e), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * dot
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x = acc_x + tile_sum
            dot_bf16 = dot.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x_2 = acc_x_2 + jnp.einsum("qx,xe->qe", dot_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot, 0.0)
            mul = chosen * chosen
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x = acc_x + tile_sum
            tile_bf16 = chosen.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x_2 = acc_x_2 + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x, acc_x_2))
        rsqrt = lax.rsqrt(jnp.float32(d))
        mul = rsqrt * lax.rsqrt(rsqrt * rsqrt * acc_x + 1e-06)
        tile_bf16 = (mul[:, None] * acc_x_2).astype(jnp.bfloat16)
        return tile_bf16

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def spherical_plain(Q, K, V):
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []  # src[weights.diag:7]
    sum_x = jnp.einsum("qx,xe->qe", sum_d.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32) * rsqrt_value  # src[weights.diag:16]
    sum_x_2 = jnp.einsum("qx,qx->q", sum_d, sum_d, precision="highest") * rsqrt_value * rsqrt_value  # [q]  # src[weights.diag:16]
    as_bf16 = (sum_x * lax.rsqrt(sum_x_2[:, None] + 1e-06)).astype(jnp.bfloat16)  # [q e]
    return as_bf16


def sink(Q, K, V, s, *, block_x=256, block_q=512):
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> bf16[q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    s = jnp.asarray(s, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        acc_x = jnp.full((block_q, e), 0.0, jnp.float32)
        sum_x = jnp.full((block_q,), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, acc_x, sum_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            m = jnp.maximum(s, next_max_x)
            sub = jnp.maximum(s, max_x) - jnp.where(m == -jnp.inf, 0.0, m)
            scale = jnp.exp(sub)
            w = jnp.exp(mul - m[:, None])
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(w, axis=1)
            next_sum_x = sum_x * scale + tile_sum
            return (next_max_x, next_acc_x, next_sum_x)

        max_x, acc_x, sum_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, acc_x, sum_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, acc_x, sum_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            m = jnp.maximum(s, next_max_x)
            safe_m = jnp.where(m == -jnp.inf, 0.0, m)
            scale = jnp.exp(jnp.maximum(s, max_x) - safe_m)
            w = jnp.exp(S - safe_m[:, None])
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(w, axis=1)
            next_sum_x = sum_x * scale + tile_sum
            return (next_max_x, next_acc_x, next_sum_x)

        max_x, acc_x, sum_x = lax.fori_loop(
            from_x // block_x,
            -(-to_x_2 // block_x),
            step_2,
            (max_x, acc_x, sum_x),
        )
        m = jnp.maximum(s, max_x)
        exp = jnp.exp(s - jnp.where(m == -jnp.inf, 0.0, m))
        tile_bf16 = (acc_x * (1 / (exp + sum_x))[:, None]).astype(jnp.bfloat16)
        return tile_bf16

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def sink_plain(Q, K, V, s):
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> bf16[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    s = jnp.asarray(s, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[weights.diag:7]
    S = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], product, -jnp.inf)  # [q x]  # src[weights.diag:20]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[weights.diag:21]
    m = jnp.maximum(max_x, s)  # [q]  # src[weights.diag:21]
    w = jnp.exp(_subtract(S, m[:, None]))  # [q x]  # src[weights.diag:22]
    sum_x = jnp.einsum("qx,xe->qe", w.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # [q e]  # src[weights.diag:23]
    sum_x_2 = jnp.sum(w, axis=1)  # [q]  # src[weights.diag:23]
    as_bf16 = (sum_x / (sum_x_2[:, None] + jnp.exp(_subtract(s, m[:, None])))).astype(jnp.bfloat16)  # [q e]
    return as_bf16


def multi_query(Q, K, V, *, block_x=256, block_q=512):
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((b, h, block_q), -jnp.inf, jnp.float32)
        z = jnp.full((b, h, block_q), 0.0, jnp.float32)
        acc_x = jnp.full((b, h, block_q, e), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    return out_tiles[:, :, :q]


def multi_query_plain(Q, K, V):
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> bf16[b h q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[weights.diag:27]
    sum_d = jnp.einsum("bhqd,bxd->bhqx", Q, K, preferred_element_type=jnp.float32)  # [b h q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [b h q x]  # src[weights.diag:7]
    chosen = jnp.where(le_value, product, -jnp.inf)  # [b h q x]  # src[weights.diag:27]
    max_x = jnp.max(chosen, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(chosen, max_x[:, :, :, None]))  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, None] > 0, e_2 / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("bhqx,bxe->bhqe", chosen_2.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[weights.diag:27]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h q e]
    return as_bf16


def cross(Q, K, V, *, block_x=256, block_q=512):
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full((b, h, block_q), -jnp.inf, jnp.float32)
        z = jnp.full((b, h, block_q), 0.0, jnp.float32)
        acc_x = jnp.full((b, h, block_q, e), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            e_bf16 = e_2.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            e_bf16 = e_2.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    return out_tiles[:, :, :q]


def cross_plain(Q, K, V):
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> bf16[b h q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    sum_d = jnp.einsum("bhqd,bhxd->bhqx", Q, K, preferred_element_type=jnp.float32)  # [b h q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [b h q x]  # src[weights.diag:7]
    max_x = jnp.max(product, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e_2 = jnp.exp(product - max_x[:, :, :, None])  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, :, :, None] > 0, e_2 / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("bhqx,bhxe->bhqe", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[weights.diag:31]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h q e]
    return as_bf16


def with_logsumexp(Q, K, V, *, block_x=256, block_q=512):
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        m = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, e), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            e_2 = jnp.exp(mul - next_m[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e_2 = jnp.exp(S - safe_next_m[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (m, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + m

    O_tiles, L_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    O_tiles = O_tiles.reshape(-(-q // block_q) * block_q, e)
    L_tiles = L_tiles.reshape(-(-q // block_q) * block_q)
    return O_tiles[:q], L_tiles[:q]


def with_logsumexp_plain(Q, K, V):
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q])"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[weights.diag:7]
    S = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], product, -jnp.inf)  # [q x]  # src[weights.diag:35]
    m = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(S, m[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e_2 / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xe->qe", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[weights.diag:36]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q e]
    total = _add(m, jnp.log(z))  # [q]  # src[maps.diag:12]
    return as_bf16, total
