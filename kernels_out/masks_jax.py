# Made by diagc 0.1.0 from masks.diag. Runs on JAX alone.
import jax.numpy as jnp
from jax import lax

__all__ = ["scores", "sliding_window", "sliding_window_plain", "dilated", "dilated_plain", "prefix_lm", "prefix_lm_plain", "documents", "documents_plain", "padding", "padding_plain", "alibi", "alibi_plain", "relative_bias", "softcap", "softcap_plain"]


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
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[masks.diag:7]
    return product


def sliding_window(Q, K, V, *, block_x=256, block_q=512):
    """sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        sub = q_index - 256
        from_x = jnp.maximum(0, first_q + (-255)) // block_x * block_x
        from_x_2 = -(-jnp.maximum(0, first_q + block_q + (-256)) // block_x) * block_x
        to_x = jnp.minimum(x, first_q + block_q)
        to_x_2 = jnp.minimum(from_x_2, to_x)

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (sub[:, None] < x_index)
            S = jnp.where(mask & (x_index < x), dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step, (max_x, z, acc_x))
        to_x_3 = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x_2 // block_x, -(-to_x_3 // block_x), step_2, (max_x, z, acc_x))
        from_x_3 = jnp.maximum(from_x_2, to_x_3)

        def step_3(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (sub[:, None] < x_index)
            S = jnp.where(mask & (x_index < x), dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x_3 // block_x, -(-to_x // block_x), step_3, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def sliding_window_plain(Q, K, V):
    """sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    gt_value = jnp.arange(x) > jnp.arange(q)[:, None] - 256  # [q x]  # src[masks.diag:11]
    and_value = (jnp.arange(x) <= jnp.arange(q)[:, None]) & gt_value  # [q x]  # src[masks.diag:11]
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    S = jnp.where(and_value, sum_d * lax.rsqrt(jnp.float32(d)), -jnp.inf)  # [q x]  # src[masks.diag:11]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(S, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:12]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def dilated(Q, K, V, *, block_x=256, block_q=512):
    """dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(0 == (q_index[:, None] - x_index) % 4, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (0 == (q_index[:, None] - x_index) % 4) & (x_index <= q_index[:, None])
            S = jnp.where(mask & (x_index < x), dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def dilated_plain(Q, K, V):
    """dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    eq_value = (jnp.arange(q)[:, None] - jnp.arange(x)) % 4 == 0  # [q x]  # src[masks.diag:16]
    and_value = (jnp.arange(x) <= jnp.arange(q)[:, None]) & eq_value  # [q x]  # src[masks.diag:16]
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    S = jnp.where(and_value, sum_d * lax.rsqrt(jnp.float32(d)), -jnp.inf)  # [q x]  # src[masks.diag:16]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(S, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:17]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def prefix_lm(Q, K, V, *, block_x=256, block_q=512):
    """prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            mask = (x_index < 64) | (x_index <= q_index[:, None])
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index < 64) | (x_index <= q_index[:, None])
            S = jnp.where(mask & (x_index < x), dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def prefix_lm_plain(Q, K, V):
    """prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    or_value = (jnp.arange(x) <= jnp.arange(q)[:, None]) | (jnp.arange(x) < 64)  # [q x]  # src[masks.diag:21]
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    S = jnp.where(or_value, sum_d * lax.rsqrt(jnp.float32(d)), -jnp.inf)  # [q x]  # src[masks.diag:21]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(S, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:22]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def documents(Q, K, V, of_q, of_x, *, block_x=256, block_q=512):
    """documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    of_q, of_x = (jnp.asarray(array, jnp.int32) for array in (of_q, of_x))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    of_q = jnp.pad(of_q, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    of_x = jnp.pad(of_x, ((0, max(-x % block_x, block_x - x)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
        of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(of_x_tile == of_q_tile[:, None], rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            mask = (of_x_tile == of_q_tile[:, None]) & (x_index <= q_index[:, None])
            S = jnp.where(mask & (x_index < x), rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def documents_plain(Q, K, V, of_q, of_x):
    """documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    of_q, of_x = (jnp.asarray(array, jnp.int32) for array in (of_q, of_x))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if of_q.shape != (q,):
        raise ValueError(f"of_q: i32[q] has shape {of_q.shape}, expected {(q,)}")
    if of_x.shape != (x,):
        raise ValueError(f"of_x: i32[x] has shape {of_x.shape}, expected {(x,)}")
    and_value = (jnp.arange(x) <= jnp.arange(q)[:, None]) & (of_q[:, None] == of_x)  # [q x]  # src[masks.diag:26]
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    S = jnp.where(and_value, sum_d * lax.rsqrt(jnp.float32(d)), -jnp.inf)  # [q x]  # src[masks.diag:26]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(S, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:27]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def padding(Q, K, V, real, *, block_x=256, block_q=512):
    """padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    real = jnp.asarray(real, bool)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    real = jnp.pad(real, ((0, max(-x % block_x, block_x - x)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(real_tile, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(chosen - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            chosen = jnp.where(real_tile & (x_index < x), rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def padding_plain(Q, K, V, real):
    """padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    real = jnp.asarray(real, bool)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    chosen = jnp.where(real, sum_d * lax.rsqrt(jnp.float32(d)), -jnp.inf)  # [q x]  # src[masks.diag:31]
    max_x = jnp.max(chosen, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen_2.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:31]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def alibi(Q, K, V, slope, *, block_x=256, block_q=512):
    """alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> bf16[h q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    slope = jnp.asarray(slope, jnp.float32)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((h, block_q), -jnp.inf, jnp.float32)
        z = jnp.full((h, block_q), 0.0, jnp.float32)
        acc_x = jnp.full((h, block_q, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            add = dot * rsqrt + tile_f32 * slope[:, None, None]
            tile_max = jnp.max(add, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(add - safe_next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            next_acc_x = acc_x * scale[:, :, None] + jnp.einsum("hqx,hxd->hqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            add = dot * rsqrt + tile_f32 * slope[:, None, None]
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, add, -jnp.inf)
            tile_max = jnp.max(S, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            next_acc_x = acc_x * scale[:, :, None] + jnp.einsum("hqx,hxd->hqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, None], (1 / z)[:, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3)
    out_tiles = out_tiles.reshape(h, -(-q // block_q) * block_q, d)
    return out_tiles[:, :q]


def alibi_plain(Q, K, V, slope):
    """alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> bf16[h q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    slope = jnp.asarray(slope, jnp.float32)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    sum_d = jnp.einsum("hqd,hxd->hqx", Q, K, preferred_element_type=jnp.float32)  # [h q x]  # src[masks.diag:7]
    product = slope[:, None, None] * (jnp.arange(x) - jnp.arange(q)[:, None])  # [h q x]  # src[masks.diag:35]
    total = sum_d * lax.rsqrt(jnp.float32(d)) + product  # [h q x]  # src[masks.diag:35]
    S = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], total, -jnp.inf)  # [h q x]  # src[masks.diag:35]
    max_x = jnp.max(S, axis=2, initial=-jnp.inf)  # [h q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(S, max_x[:, :, None]))  # [h q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=2)  # [h q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, :, None] > 0, e / z[:, :, None], 0)  # [h q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("hqx,hxd->hqd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:36]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [h q d]
    return as_bf16


def relative_bias(Q, K, V, B):
    """relative_bias(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], B: f32[h q x]) -> bf16[h q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    B = jnp.asarray(B, jnp.float32)
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if B.shape != (h, q, x):
        raise ValueError(f"B: f32[h q x] has shape {B.shape}, expected {(h, q, x)}")
    sum_d = jnp.einsum("hqd,hxd->hqx", Q, K, preferred_element_type=jnp.float32)  # [h q x]  # src[masks.diag:7]
    total = sum_d * lax.rsqrt(jnp.float32(d)) + B  # [h q x]  # src[masks.diag:40]
    max_x = jnp.max(total, axis=2, initial=-jnp.inf)  # [h q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(total, max_x[:, :, None]))  # [h q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=2)  # [h q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, :, None] > 0, e / z[:, :, None], 0)  # [h q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("hqx,hxd->hqd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:40]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [h q d]
    return as_bf16


def softcap(Q, K, V, *, block_x=256, block_q=512):
    """softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            mul = tanh * 30.0
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, tanh * 30.0, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def softcap_plain(Q, K, V):
    """softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[masks.diag:7]
    product = 30 * jnp.tanh(sum_d * lax.rsqrt(jnp.float32(d)) / 30)  # [q x]  # src[masks.diag:44]
    S = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], product, -jnp.inf)  # [q x]  # src[masks.diag:44]
    max_x = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(S, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xd->qd", chosen.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[masks.diag:45]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16
