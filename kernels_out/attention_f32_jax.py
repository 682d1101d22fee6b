# Made by diagc 0.1.0 from attention_f32.diag. Runs on JAX alone.
import jax.numpy as jnp
from jax import lax

__all__ = ["full", "full_plain", "causal", "causal_plain", "mha_full", "mha_full_plain", "mha", "mha_plain"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def full(Q, K, V, *, block_x=256, block_q=512):
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
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, d), 0.0, jnp.float32)
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


def causal(Q, K, V, *, block_x=256, block_q=512):
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
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, dot * rsqrt, -jnp.inf)
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
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


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


def mha_full(Q, K, V, *, block_x=256, block_q=512):
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
        max_x = jnp.full((b, h, block_q), -jnp.inf, jnp.float32)
        z = jnp.full((b, h, block_q), 0.0, jnp.float32)
        acc_x = jnp.full((b, h, block_q, d), 0.0, jnp.float32)
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
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return out_tiles[:, :, :q]


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


def mha(Q, K, V, *, block_x=256, block_q=512):
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
        max_x = jnp.full((b, h, block_q), -jnp.inf, jnp.float32)
        z = jnp.full((b, h, block_q), 0.0, jnp.float32)
        acc_x = jnp.full((b, h, block_q, d), 0.0, jnp.float32)
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
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return out_tiles[:, :, :q]


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
