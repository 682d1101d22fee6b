# Made by diagc 0.1.0 from moments.diag. Runs on JAX alone.
import jax.numpy as jnp
from jax import lax

__all__ = ["scores", "kurtosis", "kurtosis_plain", "deviation", "deviation_plain", "spread", "spread_plain", "drift", "drift_plain", "choice", "temperature", "temperature_plain"]


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
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    return product


def kurtosis(Q, K, *, block_x=256, block_q=512):
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> f32[q], in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        sum_x = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q,), 0.0, jnp.float32)
        sum_x_2 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_2 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_3 = jnp.full((block_q,), 0.0, jnp.float32)
        centre = jnp.full((block_q,), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_f32 = jnp.float32(x)
        recip = 1 / tile_f32
        to_x = x // block_x * block_x

        def step(block, state):
            sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            before_f32 = first_x.astype(jnp.float32)
            seen_f32 = jnp.minimum(first_x + block_x, x).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(dot, axis=1)
            next_sum_x = sum_x + tile_sum
            chosen = jnp.where(seen_f32 == tile_f32, 1.0, tile_f32 / jnp.maximum(seen_f32, 1.0))
            mul = next_sum_x * chosen * recip
            next_centre = jnp.where(jnp.abs(mul) < jnp.inf, mul, 0.0)
            change = next_centre - centre
            acc_x_4 = (-2.0 * sum_x_2 + before_f32 * change) * change
            sub = dot - next_centre[:, None]
            mul_2 = sub * sub
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + acc_x_4 + tile_sum_2
            tile_sum_3 = jnp.sum(sub, axis=1)
            next_sum_x_2 = sum_x_2 + -1.0 * before_f32 * change + tile_sum_3
            acc_x_5 = (-4.0 * sum_x_2 + before_f32 * change) * change
            acc_x_6 = -4.0 * acc_x_3 + (6.0 * acc_x + acc_x_5) * change
            mul_3 = sub * sub * sub * sub
            tile_sum_4 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + acc_x_6 * change + tile_sum_4
            acc_x_7 = 3.0 * sum_x_2 + -1.0 * before_f32 * change
            acc_x_8 = (-3.0 * acc_x + acc_x_7 * change) * change
            mul_4 = sub * sub * sub
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + acc_x_8 + tile_sum_5
            return (next_sum_x, next_acc_x, next_sum_x_2, next_acc_x_2, next_acc_x_3, next_centre)

        sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            before_f32 = first_x.astype(jnp.float32)
            seen_f32 = jnp.minimum(first_x + block_x, x).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot, 0.0)
            tile_sum = jnp.sum(chosen, axis=1)
            next_sum_x = sum_x + tile_sum
            chosen_2 = jnp.where(seen_f32 == tile_f32, 1.0, tile_f32 / jnp.maximum(seen_f32, 1.0))
            mul = next_sum_x * chosen_2 * recip
            next_centre = jnp.where(jnp.abs(mul) < jnp.inf, mul, 0.0)
            change = next_centre - centre
            acc_x_4 = (-2.0 * sum_x_2 + before_f32 * change) * change
            chosen_3 = jnp.where((x_index < x), chosen - next_centre[:, None], 0.0)
            mul_2 = chosen_3 * chosen_3
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + acc_x_4 + tile_sum_2
            tile_sum_3 = jnp.sum(chosen_3, axis=1)
            next_sum_x_2 = sum_x_2 + -1.0 * before_f32 * change + tile_sum_3
            acc_x_5 = (-4.0 * sum_x_2 + before_f32 * change) * change
            acc_x_6 = -4.0 * acc_x_3 + (6.0 * acc_x + acc_x_5) * change
            mul_3 = chosen_3 * chosen_3 * chosen_3 * chosen_3
            tile_sum_4 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + acc_x_6 * change + tile_sum_4
            acc_x_7 = 3.0 * sum_x_2 + -1.0 * before_f32 * change
            acc_x_8 = (-3.0 * acc_x + acc_x_7 * change) * change
            mul_4 = chosen_3 * chosen_3 * chosen_3
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + acc_x_8 + tile_sum_5
            return (next_sum_x, next_acc_x, next_sum_x_2, next_acc_x_2, next_acc_x_3, next_centre)

        sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre),
        )
        rsqrt = lax.rsqrt(jnp.float32(d))
        recip_2 = 1 / (0.001 + rsqrt * rsqrt * recip * acc_x)
        mul = rsqrt * rsqrt * rsqrt * rsqrt * recip * recip_2
        return mul * recip_2 * acc_x_2

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def kurtosis_plain(Q, K):
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> f32[q]"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    sum_x = jnp.sum(S, axis=1)  # [q]
    C = S - sum_x[:, None] / x  # [q x]  # src[moments.diag:13]
    sum_x_2 = jnp.sum(C ** 4, axis=1)  # [q]
    sum_x_3 = jnp.sum(C ** 2, axis=1)  # [q]
    power = (sum_x_3 / x + 0.001) ** 2  # [q]  # src[moments.diag:14]
    quotient = sum_x_2 / x / power  # [q]  # src[moments.diag:14]
    return quotient


def deviation(Q, K, t, *, block_x=256, block_q=512):
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_2 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_3 = jnp.full((block_q,), 0.0, jnp.float32)
        centre = jnp.full((block_q,), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = e * t_tile
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            m = jnp.where(next_z > 0.0, next_acc_x * (1 / next_z), 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            acc_x_4 = acc_x_2 + (-2.0 * acc_x_3 + z * change) * change
            sub = t_tile - next_centre[:, None]
            mul_3 = sub * sub * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_4 * scale + tile_sum_3
            mul_4 = e * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = (acc_x_3 + -1.0 * z * change) * scale + tile_sum_4
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, z, acc_x, acc_x_2, acc_x_3, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = e * t_tile
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            m = jnp.where(next_z > 0.0, next_acc_x * (1 / next_z), 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            acc_x_4 = acc_x_2 + (-2.0 * acc_x_3 + z * change) * change
            chosen = jnp.where((x_index < x), t_tile - next_centre[:, None], 0.0)
            mul_3 = chosen * chosen * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_4 * scale + tile_sum_3
            mul_4 = e * chosen
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = (acc_x_3 + -1.0 * z * change) * scale + tile_sum_4
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, acc_x, acc_x_2, acc_x_3, centre),
        )
        recip = 1 / z
        gt = z > 0.0
        add = jnp.where(gt, acc_x_2 * recip, 0.0) + 1.0
        return jnp.where(gt, acc_x * recip, 0.0), jnp.sqrt(add)

    M_tiles, D_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    M_tiles = M_tiles.reshape(-(-q // block_q) * block_q)
    D_tiles = D_tiles.reshape(-(-q // block_q) * block_q)
    return M_tiles[:q], D_tiles[:q]


def deviation_plain(Q, K, t):
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q])"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    max_x = jnp.max(product, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(product - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    m = jnp.einsum("qx,x->q", P, t, precision="highest")  # [q]  # src[moments.diag:20]
    power = (t - m[:, None]) ** 2  # [q x]  # src[moments.diag:21]
    sum_x = jnp.einsum("qx,qx->q", P, power, precision="highest")  # [q]  # src[moments.diag:21]
    sqrt_value = jnp.sqrt(1 + sum_x)  # [q]  # src[moments.diag:21]
    return m, sqrt_value


def spread(Q, K, V, *, block_x=256, block_q=512):
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (f32[q e], f32[q]), in blocks: memory does not grow with x."""
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
        m = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, e), 0.0, jnp.float32)
        acc_x_2 = jnp.full((block_q,), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            m, z, acc_x, acc_x_2 = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(S, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            sub = S - next_m[:, None]
            w = jnp.exp(sub)
            tile_sum = jnp.sum(w, axis=1)
            next_z = z * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(jnp.abs(next_m) < jnp.inf, next_m, 0.0)
            change = chosen - jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            mul = w * sub
            tile_sum_2 = jnp.sum(mul, axis=1)
            next_acc_x_2 = (acc_x_2 + -1.0 * z * change) * scale + tile_sum_2
            return (next_m, next_z, next_acc_x, next_acc_x_2)

        m, z, acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            m, z, acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S_2 = jnp.where((x_index < x), S, -jnp.inf)
            tile_max = jnp.max(S_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            sub = S_2 - next_m[:, None]
            w = jnp.exp(sub)
            tile_sum = jnp.sum(w, axis=1)
            next_z = z * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(jnp.abs(next_m) < jnp.inf, next_m, 0.0)
            change = chosen - jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            chosen_2 = jnp.where((x_index < x), w * sub, 0.0)
            tile_sum_2 = jnp.sum(chosen_2, axis=1)
            next_acc_x_2 = (acc_x_2 + -1.0 * z * change) * scale + tile_sum_2
            return (next_m, next_z, next_acc_x, next_acc_x_2)

        m, z, acc_x, acc_x_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (m, z, acc_x, acc_x_2),
        )
        recip = 1 / z
        return recip[:, None] * acc_x, jnp.exp(jnp.log(z) - recip * acc_x_2)

    O_tiles, N_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    O_tiles = O_tiles.reshape(-(-q // block_q) * block_q, e)
    N_tiles = N_tiles.reshape(-(-q // block_q) * block_q)
    return O_tiles[:q], N_tiles[:q]


def spread_plain(Q, K, V):
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (f32[q e], f32[q])"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    S = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:26]
    m = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[moments.diag:27]
    difference = S - m[:, None]  # [q x]  # src[moments.diag:28]
    w = jnp.exp(difference)  # [q x]  # src[moments.diag:28]
    sum_x = jnp.einsum("qx,xe->qe", w.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # [q e]  # src[moments.diag:30]
    z = jnp.sum(w, axis=1)  # [q]  # src[moments.diag:29]
    quotient = sum_x / z[:, None]  # [q e]  # src[moments.diag:30]
    sum_x_2 = jnp.einsum("qx,qx->q", w, difference, precision="highest")  # [q]  # src[moments.diag:30]
    exponential = jnp.exp(jnp.log(z) - sum_x_2 / z)  # [q]  # src[moments.diag:30]
    return quotient, exponential


def drift(Q, K, t, *, block_x=256, block_q=512):
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_2 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_3 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_4 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_5 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_6 = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x_7 = jnp.full((block_q,), 0.0, jnp.float32)
        centre = jnp.full((block_q,), 0.0, jnp.float32)
        centre_2 = jnp.full((block_q,), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        recip = 1 / jnp.float32(x)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            x_f32 = x_index.astype(jnp.float32)
            mul_2 = x_f32 * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            recip_2 = 1 / next_z
            gt = next_z > 0.0
            centre_3 = jnp.where(gt, recip * next_acc_x * recip_2, 0.0)
            next_centre = jnp.where(jnp.abs(centre_3) < jnp.inf, centre_3, 0.0)
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_3 = t_tile * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 * scale + tile_sum_3
            m = jnp.where(gt, recip_2 * next_acc_x_2, 0.0)
            next_centre_2 = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            change_2 = next_centre_2 - centre_2
            acc_x_8 = acc_x_3 + -1.0 * acc_x_5 * change_2 + (-1.0 * acc_x_4 + z * change_2) * change
            sub = t_tile - next_centre_2[:, None]
            sub_2 = x_f32 * recip - next_centre[:, None]
            mul_4 = sub_2 * e * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_8 * scale + tile_sum_4
            mul_5 = e * sub
            tile_sum_5 = jnp.sum(mul_5, axis=1)
            next_acc_x_4 = (acc_x_4 + -1.0 * z * change_2) * scale + tile_sum_5
            mul_6 = e * sub_2
            tile_sum_6 = jnp.sum(mul_6, axis=1)
            next_acc_x_5 = (acc_x_5 + -1.0 * z * change) * scale + tile_sum_6
            acc_x_9 = (3.0 * acc_x_5 + -1.0 * z * change) * change
            acc_x_10 = acc_x_6 + (-3.0 * acc_x_7 + acc_x_9) * change
            mul_7 = sub_2 * sub_2 * sub_2 * e
            tile_sum_7 = jnp.sum(mul_7, axis=1)
            next_acc_x_6 = acc_x_10 * scale + tile_sum_7
            acc_x_11 = acc_x_7 + (-2.0 * acc_x_5 + z * change) * change
            mul_8 = e * sub_2 * sub_2
            tile_sum_8 = jnp.sum(mul_8, axis=1)
            next_acc_x_7 = acc_x_11 * scale + tile_sum_8
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre, next_centre_2)

        max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            x_f32 = x_index.astype(jnp.float32)
            mul_2 = x_f32 * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            recip_2 = 1 / next_z
            gt = next_z > 0.0
            centre_3 = jnp.where(gt, recip * next_acc_x * recip_2, 0.0)
            next_centre = jnp.where(jnp.abs(centre_3) < jnp.inf, centre_3, 0.0)
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_3 = t_tile * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 * scale + tile_sum_3
            m = jnp.where(gt, recip_2 * next_acc_x_2, 0.0)
            next_centre_2 = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            change_2 = next_centre_2 - centre_2
            acc_x_8 = acc_x_3 + -1.0 * acc_x_5 * change_2 + (-1.0 * acc_x_4 + z * change_2) * change
            chosen = jnp.where((x_index < x), t_tile - next_centre_2[:, None], 0.0)
            chosen_2 = jnp.where((x_index < x), x_f32 * recip - next_centre[:, None], 0.0)
            chosen_3 = jnp.where((x_index < x), chosen_2 * e * chosen, 0.0)
            tile_sum_4 = jnp.sum(chosen_3, axis=1)
            next_acc_x_3 = acc_x_8 * scale + tile_sum_4
            mul_4 = e * chosen
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_4 = (acc_x_4 + -1.0 * z * change_2) * scale + tile_sum_5
            mul_5 = e * chosen_2
            tile_sum_6 = jnp.sum(mul_5, axis=1)
            next_acc_x_5 = (acc_x_5 + -1.0 * z * change) * scale + tile_sum_6
            acc_x_9 = (3.0 * acc_x_5 + -1.0 * z * change) * change
            acc_x_10 = acc_x_6 + (-3.0 * acc_x_7 + acc_x_9) * change
            mul_6 = chosen_2 * chosen_2 * chosen_2 * e
            tile_sum_7 = jnp.sum(mul_6, axis=1)
            next_acc_x_6 = acc_x_10 * scale + tile_sum_7
            acc_x_11 = acc_x_7 + (-2.0 * acc_x_5 + z * change) * change
            mul_7 = e * chosen_2 * chosen_2
            tile_sum_8 = jnp.sum(mul_7, axis=1)
            next_acc_x_7 = acc_x_11 * scale + tile_sum_8
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre, next_centre_2)

        max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        recip_2 = 1 / z
        gt = z > 0.0
        chosen = jnp.where(gt, recip_2 * (acc_x_3 + acc_x_2), 0.0)
        chosen_2 = jnp.where(gt, recip_2 * (acc_x_6 + acc_x * recip), 0.0)
        return chosen, chosen_2

    forecast_tiles, lean_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    forecast_tiles = forecast_tiles.reshape(-(-q // block_q) * block_q)
    lean_tiles = lean_tiles.reshape(-(-q // block_q) * block_q)
    return forecast_tiles[:q], lean_tiles[:q]


def drift_plain(Q, K, t):
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q])"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    max_x = jnp.max(product, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(product - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    m = jnp.einsum("qx,x->q", P, t, precision="highest")  # [q]  # src[moments.diag:37]
    place = jnp.arange(x).astype(jnp.float32) / x  # [x]  # src[moments.diag:36]
    centre = jnp.einsum("qx,x->q", P, place, precision="highest")  # [q]  # src[moments.diag:38]
    difference = place - centre[:, None]  # [q x]  # src[moments.diag:39]
    sum_x = jnp.einsum("qx,qx,qx->q", P, t - m[:, None], difference, precision="highest")  # [q]  # src[moments.diag:39]
    total = m + sum_x  # [q]  # src[moments.diag:39]
    sum_x_2 = jnp.einsum("qx,qx->q", P, difference ** 3, precision="highest")  # [q]  # src[moments.diag:39]
    total_2 = centre + sum_x_2  # [q]  # src[moments.diag:39]
    return total, total_2


def choice(logits, E):
    """choice(logits: f32[token vocab], E: bf16[vocab e]) -> (bf16[token e], i32[token] in vocab, f32[token])"""
    logits = jnp.asarray(logits, jnp.float32)
    E = jnp.asarray(E, jnp.bfloat16)
    token, vocab = logits.shape
    _, e = E.shape
    if E.shape != (vocab, e):
        raise ValueError(f"E: bf16[vocab e] has shape {E.shape}, expected {(vocab, e)}")
    max_vocab = jnp.max(logits, axis=1, initial=-jnp.inf)  # [token]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(logits, max_vocab[:, None]))  # [token vocab]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [token]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e_2 / z[:, None], 0)  # [token vocab]  # src[maps.diag:7]
    sum_vocab = jnp.einsum("tv,ve->te", P.astype(jnp.bfloat16), E, preferred_element_type=jnp.float32)  # src[moments.diag:49]
    as_bf16 = sum_vocab.astype(jnp.bfloat16)  # [token e]
    argmax_vocab = jnp.argmax(logits, axis=1).astype(jnp.int32)  # [token]  # src[moments.diag:49]
    return as_bf16, argmax_vocab, max_vocab


def temperature(Q, K, b, *, block_x=256, block_q=512):
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b = jnp.asarray(b, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        m = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q,), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * b * dot
            tile_max = jnp.max(mul, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e = jnp.exp(mul - safe_next_m[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            mul_2 = dot * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), rsqrt * b * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e = jnp.exp(chosen - safe_next_m[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            mul = dot * e
            tile_sum_2 = jnp.sum(mul, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (m, z, acc_x))
        chosen = jnp.where(z > 0.0, rsqrt * (1 / z) * acc_x, 0.0)
        return jnp.log(z) + m, chosen

    L_tiles, E_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    L_tiles = L_tiles.reshape(-(-q // block_q) * block_q)
    E_tiles = E_tiles.reshape(-(-q // block_q) * block_q)
    return L_tiles[:q], E_tiles[:q]


def temperature_plain(Q, K, b):
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> (f32[q], f32[q])"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b = jnp.asarray(b, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []  # src[moments.diag:7]
    product = b * (sum_d * rsqrt_value)  # [q x]  # src[moments.diag:55]
    m = jnp.max(product, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:11]
    e = jnp.exp(product - m[:, None])  # [q x]  # src[maps.diag:12]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:12]
    total = m + jnp.log(z)  # [q]  # src[maps.diag:12]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,qx->q", chosen, sum_d, precision="highest") * rsqrt_value  # [q]  # src[moments.diag:55]
    return total, sum_x
