# Made by diagc 0.1.0 from block.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["attend", "attend_plain", "block", "block_plain"]


def _add(a, b):
    """a + b, where -inf absorbs: -inf + inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, a + b)


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def _attend(Q, K, V, *, block_x=256, block_t=512):
    """attend(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g t d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    block_x = min(block_x, max(t, 1))
    block_t = min(block_t, max(t, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))

    def program(tile):
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        max_x = jnp.full((b, 2, 2, block_t), -jnp.inf, jnp.float32)
        z = jnp.full((b, 2, 2, block_t), 0.0, jnp.float32)
        acc_x = jnp.full((b, 2, 2, block_t, 64), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 3)
        to_x = jnp.minimum(t, first_t + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgtd,bkxd->bkgtx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = 0.125 * dot
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgtx,bkxd->bkgtd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(t, first_t + block_t)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgtd,bkxd->bkgtx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= t_index[:, None]) & (x_index < t)
            chosen = jnp.where(mask, 0.125 * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            sub = chosen - safe_next_max_x[:, :, :, :, None]
            e = jnp.exp(sub)
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgtx,bkxd->bkgtd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], (1 / z)[:, :, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    out_tiles = out_tiles.transpose(1, 2, 3, 0, 4, 5)
    out_tiles = out_tiles.reshape(b, 2, 2, -(-t // block_t) * block_t, 64)
    return out_tiles[:, :, :, :t]


def _attend_forward(Q, K, V, *, block_x=256, block_t=512):
    """attend_forward(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> (bf16[b kv g t d], f32[b kv g t]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    block_x = min(block_x, max(t, 1))
    block_t = min(block_t, max(t, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))

    def program(tile):
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        max_x = jnp.full((b, 2, 2, block_t), -jnp.inf, jnp.float32)
        z = jnp.full((b, 2, 2, block_t), 0.0, jnp.float32)
        acc_x = jnp.full((b, 2, 2, block_t, 64), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 3)
        to_x = jnp.minimum(t, first_t + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgtd,bkxd->bkgtx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = 0.125 * dot
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgtx,bkxd->bkgtd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(t, first_t + block_t)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgtd,bkxd->bkgtx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= t_index[:, None]) & (x_index < t)
            chosen = jnp.where(mask, 0.125 * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            sub = chosen - safe_next_max_x[:, :, :, :, None]
            e = jnp.exp(sub)
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgtx,bkxd->bkgtd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], acc_x * (1 / z)[:, :, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    out_tiles = out_tiles.transpose(1, 2, 3, 0, 4, 5)
    out_tiles = out_tiles.reshape(b, 2, 2, -(-t // block_t) * block_t, 64)
    logsum_tiles = logsum_tiles.transpose(1, 2, 3, 0, 4)
    logsum_tiles = logsum_tiles.reshape(b, 2, 2, -(-t // block_t) * block_t)
    return out_tiles[:, :, :, :t], logsum_tiles[:, :, :, :t]


def _attend_backward_buffer_0(d_out, out):
    """attend_backward_buffer_0(d_out: bf16[b kv g t d], out: bf16[b kv g t d]) -> f32[b kv g t]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, _, _, t, _ = d_out.shape
    if d_out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"d_out: bf16[b kv g t d] has shape {d_out.shape}, expected {(b, 2, 2, t, 64)}")
    if out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"out: bf16[b kv g t d] has shape {out.shape}, expected {(b, 2, 2, t, 64)}")
    sum_d = jnp.einsum("bkgtd,bkgtd->bkgt", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_d


def _attend_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_t=512):
    """attend_backward_d_Q(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g t d], logsum: f32[b kv g t], buffer_0: f32[b kv g t]) -> bf16[b kv g t d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    if d_out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"d_out: bf16[b kv g t d] has shape {d_out.shape}, expected {(b, 2, 2, t, 64)}")
    if logsum.shape != (b, 2, 2, t):
        raise ValueError(f"logsum: f32[b kv g t] has shape {logsum.shape}, expected {(b, 2, 2, t)}")
    if buffer_0.shape != (b, 2, 2, t):
        raise ValueError(f"buffer_0: f32[b kv g t] has shape {buffer_0.shape}, expected {(b, 2, 2, t)}")
    block_x = min(block_x, max(t, 1))
    block_t = min(block_t, max(t, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))

    def program(tile):
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        acc_x = jnp.full((b, 2, 2, block_t, 64), 0.0, jnp.float32)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_t, block_t, 3)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 3)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_t, block_t, 3)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 3)
        to_x = jnp.minimum(t, first_t + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot = jnp.einsum("bkgtd,bkxd->bkgtx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgtd,bkxd->bkgtx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = 0.125 * dot_2 - logsum_tile[:, :, :, :, None]
            mul = (dot - buffer_0_tile[:, :, :, :, None]) * jnp.exp(sub)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkgtx,bkxd->bkgtd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(t, first_t + block_t)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot = jnp.einsum("bkgtd,bkxd->bkgtx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgtd,bkxd->bkgtx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= t_index[:, None]) & (x_index < t)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, 0.125 * dot_2, -jnp.inf) - safe_logsum[:, :, :, :, None]
            mul = (dot - buffer_0_tile[:, :, :, :, None]) * jnp.exp(sub)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkgtx,bkxd->bkgtd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (0.125 * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 3, 0, 4, 5)
    d_Q_tiles = d_Q_tiles.reshape(b, 2, 2, -(-t // block_t) * block_t, 64)
    return d_Q_tiles[:, :, :, :t]


def _attend_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_t=256, block_x=512):
    """attend_backward_d_K_d_V(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g t d], logsum: f32[b kv g t], buffer_0: f32[b kv g t]) -> (bf16[b kv x d], bf16[b kv x d]), in blocks: memory does not grow with t."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    if d_out.shape != (b, 2, 2, t, 64):
        raise ValueError(f"d_out: bf16[b kv g t d] has shape {d_out.shape}, expected {(b, 2, 2, t, 64)}")
    if logsum.shape != (b, 2, 2, t):
        raise ValueError(f"logsum: f32[b kv g t] has shape {logsum.shape}, expected {(b, 2, 2, t)}")
    if buffer_0.shape != (b, 2, 2, t):
        raise ValueError(f"buffer_0: f32[b kv g t] has shape {buffer_0.shape}, expected {(b, 2, 2, t)}")
    block_t = min(block_t, max(t, 1))
    block_x = min(block_x, max(t, 1))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-t % block_x, block_x - t)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_g_t = jnp.full((b, 2, block_x, 64), 0.0, jnp.float32)
        acc_g_t_2 = jnp.full((b, 2, block_x, 64), 0.0, jnp.float32)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)

        def step(g_index, state):
            acc_g_t, acc_g_t_2 = state
            from_t = jnp.maximum(0, first_x) // block_t * block_t
            from_t_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_t) * block_t
            to_t = jnp.minimum(from_t_2, t)

            def step_2(block, state):
                acc_g_t, acc_g_t_2 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                dot = jnp.einsum("bkxd,bktd->bkxt", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                dot_2 = jnp.einsum("bkxd,bktd->bkxt", K_tile, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= t_index) & (t_index < t)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                sub = jnp.where(mask, 0.125 * dot_2, -jnp.inf) - safe_logsum[:, :, None]
                exp = jnp.exp(sub)
                tile_bf16 = ((dot - buffer_0_tile[:, :, None]) * exp).astype(jnp.bfloat16)
                next_acc_g_t = acc_g_t + jnp.einsum("bkxt,bktd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_t_2 = acc_g_t_2 + jnp.einsum("bkxt,bktd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_t, next_acc_g_t_2)

            acc_g_t, acc_g_t_2 = lax.fori_loop(
                from_t // block_t,
                -(-to_t // block_t),
                step_2,
                (acc_g_t, acc_g_t_2),
            )
            to_t_2 = t // block_t * block_t

            def step_3(block, state):
                acc_g_t, acc_g_t_2 = state
                first_t = block * block_t
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                dot = jnp.einsum("bkxd,bktd->bkxt", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                dot_2 = jnp.einsum("bkxd,bktd->bkxt", K_tile, Q_tile, preferred_element_type=jnp.float32)
                exp = jnp.exp(0.125 * dot_2 - logsum_tile[:, :, None])
                tile_bf16 = ((dot - buffer_0_tile[:, :, None]) * exp).astype(jnp.bfloat16)
                next_acc_g_t = acc_g_t + jnp.einsum("bkxt,bktd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_t_2 = acc_g_t_2 + jnp.einsum("bkxt,bktd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_t, next_acc_g_t_2)

            acc_g_t, acc_g_t_2 = lax.fori_loop(
                from_t_2 // block_t,
                -(-to_t_2 // block_t),
                step_3,
                (acc_g_t, acc_g_t_2),
            )
            from_t_3 = jnp.maximum(from_t_2, to_t_2)

            def step_4(block, state):
                acc_g_t, acc_g_t_2 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                dot = jnp.einsum("bkxd,bktd->bkxt", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, g_index, 2, keepdims=True), first_t, block_t, 3), (2,))
                dot_2 = jnp.einsum("bkxd,bktd->bkxt", K_tile, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= t_index) & (t_index < t)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                sub = jnp.where(mask, 0.125 * dot_2, -jnp.inf) - safe_logsum[:, :, None]
                exp = jnp.exp(sub)
                tile_bf16 = ((dot - buffer_0_tile[:, :, None]) * exp).astype(jnp.bfloat16)
                next_acc_g_t = acc_g_t + jnp.einsum("bkxt,bktd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_t_2 = acc_g_t_2 + jnp.einsum("bkxt,bktd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_t, next_acc_g_t_2)

            acc_g_t, acc_g_t_2 = lax.fori_loop(
                from_t_3 // block_t,
                -(-t // block_t),
                step_4,
                (acc_g_t, acc_g_t_2),
            )
            return (acc_g_t, acc_g_t_2)

        acc_g_t, acc_g_t_2 = lax.fori_loop(0, 2, step, (acc_g_t, acc_g_t_2))
        return (0.125 * acc_g_t).astype(jnp.bfloat16), acc_g_t_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-t // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, 2, -(-t // block_x) * block_x, 64)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, 2, -(-t // block_x) * block_x, 64)
    return d_K_tiles[:, :, :t], d_V_tiles[:, :, :t]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _attend_differentiable(Q, K, V, block_x, block_t):
    out = _attend(Q, K, V, block_x=block_x, block_t=block_t)
    return out


def _attend_keeping(Q, K, V, block_x, block_t):
    out, logsum = _attend_forward(Q, K, V, block_x=block_x, block_t=block_t)
    return out, (Q, K, V, out, logsum)


def _attend_pull(block_x, block_t, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _attend_backward_buffer_0(d_out, out)
    d_Q = _attend_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_t=block_t)
    d_K, d_V = _attend_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_t=block_t, block_x=block_x)
    return (d_Q, d_K, d_V)


_attend_differentiable.defvjp(_attend_keeping, _attend_pull)


def attend(Q, K, V, *, block_x=256, block_t=512):
    """attend(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g t d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    return _attend_differentiable(Q, K, V, block_x, block_t)


def attend_plain(Q, K, V):
    """attend(Q: bf16[b kv g t d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g t d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, _, _, t, _ = Q.shape
    if Q.shape != (b, 2, 2, t, 64):
        raise ValueError(f"Q: bf16[b kv g t d] has shape {Q.shape}, expected {(b, 2, 2, t, 64)}")
    if K.shape != (b, 2, t, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, 2, t, 64)}")
    if V.shape != (b, 2, t, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, 2, t, 64)}")
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]  # src[block.diag:8]
    sum_d = jnp.einsum("bkgtd,bkxd->bkgtx", Q, K, preferred_element_type=jnp.float32)  # [b kv g t x]  # src[block.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(64))  # [b kv g t x]  # src[block.diag:7]
    chosen = jnp.where(le_value, S, -jnp.inf)  # [b kv g t x]  # src[block.diag:8]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b kv g t]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b kv g t x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b kv g t]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b kv g t x]  # src[maps.diag:7]
    sum_x = jnp.einsum("bkgtx,bkxd->bkgtd", chosen_2.astype(jnp.bfloat16), V, preferred_element_type=jnp.float32)  # src[block.diag:8]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b kv g t d]
    return as_bf16


def _block_buffer_0(X, a, WK):
    """block_buffer_0(X: bf16[b t width], a: f32[width], WK: bf16[width kv d]) -> f32[b kv d x]"""
    X, WK = (jnp.asarray(array, jnp.bfloat16) for array in (X, WK))
    a = jnp.asarray(a, jnp.float32)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    sum_width = jnp.einsum("bxw,wkd,w->bkdx", X, WK, a.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return sum_width


def _block_buffer_1(X):
    """block_buffer_1(X: bf16[b t width]) -> f32[b x]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("bxw,bxw->bx", X, X, preferred_element_type=jnp.float32)  # [b x]
    rsqrt_value = lax.rsqrt(0.001953125 * sum_width + 1e-05)  # [b x]
    return rsqrt_value


def _block_V(X, a, WV, buffer_1):
    """block_V(X: bf16[b t width], a: f32[width], WV: bf16[width kv d], buffer_1: f32[b x]) -> bf16[b kv d x]"""
    X, WV = (jnp.asarray(array, jnp.bfloat16) for array in (X, WV))
    a, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (a, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if buffer_1.shape != (b, t):
        raise ValueError(f"buffer_1: f32[b x] has shape {buffer_1.shape}, expected {(b, t)}")
    sum_width = jnp.einsum("bxw,wkd,w->bkdx", X, WV, a.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    as_bf16 = (sum_width * buffer_1[:, None, None]).astype(jnp.bfloat16)  # [b kv d x]
    return as_bf16


def _block_out(X, a, WQ, WO, c, up, gate, down, buffer_0, buffer_1, V, *, block_hidden=256, block_t=512):
    """block_out(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WO: bf16[kv g d width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], buffer_0: f32[b kv d x], buffer_1: f32[b x], V: bf16[b kv d x]) -> bf16[b t width], in blocks: memory does not grow with hidden."""
    X, WQ, WO, up, gate, down, V = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WO, up, gate, down, V))
    a, c, buffer_0, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (a, c, buffer_0, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    if buffer_1.shape != (b, t):
        raise ValueError(f"buffer_1: f32[b x] has shape {buffer_1.shape}, expected {(b, t)}")
    if V.shape != (b, 2, 64, t):
        raise ValueError(f"V: bf16[b kv d x] has shape {V.shape}, expected {(b, 2, 64, t)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))

    def program(tile):
        x_index = jnp.arange(t)
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        acc_hidden = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        X_f32 = X_tile.astype(jnp.float32)
        mul = (a * X_f32)[:, :, :, None, None, None] * WQ.astype(jnp.float32)
        sum_ = jnp.sum(mul, axis=2)
        mul_2 = X_f32 * X_f32
        sum_2 = jnp.sum(mul_2, axis=2)
        mul_3 = lax.rsqrt(1e-05 + sum_2 * 0.001953125)[:, :, None, None, None] * sum_
        tile_bf16 = (buffer_0 * buffer_1[:, None, None]).astype(jnp.bfloat16)
        tile_bf16_f32 = mul_3.astype(jnp.bfloat16).astype(jnp.float32)
        mul_4 = tile_bf16.astype(jnp.float32)[:, None, :, None] * tile_bf16_f32[:, :, :, :, :, None]
        sum_3 = jnp.sum(mul_4, axis=4)
        chosen = jnp.where((x_index <= t_index[:, None])[:, None, None], sum_3 * 0.125, -jnp.inf)
        max_ = jnp.max(chosen, axis=4)
        sub = chosen - jnp.where(max_ == -jnp.inf, 0.0, max_)[:, :, :, :, None]
        e = jnp.exp(sub)
        sum_4 = jnp.sum(e, axis=4)
        mul_5 = V.astype(jnp.float32)[:, None, :, None] * e[:, :, :, :, None]
        sum_5 = jnp.sum(mul_5, axis=5)
        chosen_2 = jnp.where((sum_4 > 0.0)[:, :, :, :, None], sum_5 * (1 / sum_4)[:, :, :, :, None], 0.0)
        tile_bf16_f32_2 = chosen_2.astype(jnp.bfloat16).astype(jnp.float32)
        mul_6 = WO.astype(jnp.float32).transpose(3, 0, 1, 2) * tile_bf16_f32_2[:, :, None]
        sum_6 = jnp.sum(mul_6, axis=(3, 4, 5))
        Y = sum_6 + X_f32
        mul_7 = Y * Y
        sum_7 = jnp.sum(mul_7, axis=2)
        rsqrt = lax.rsqrt(1e-05 + sum_7 * 0.001953125)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16_2 = (Y * c).astype(jnp.bfloat16)
            dot = jnp.einsum("btw,wh->bth", tile_bf16_2, gate_tile, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_3 = (Y * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,wh->bth", tile_bf16_3, up_tile, preferred_element_type=jnp.float32)
            mul_8 = jax.nn.silu(rsqrt[:, :, None] * dot) * dot_2
            tile_bf16_4 = mul_8.astype(jnp.bfloat16)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_4, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(0, -(-to_hidden // block_hidden), step, (acc_hidden,))
        from_hidden = jnp.maximum(0, to_hidden)

        def step_2(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            hidden_index = first_hidden + jnp.arange(block_hidden)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16_2 = (Y * c).astype(jnp.bfloat16)
            dot = jnp.einsum("btw,wh->bth", tile_bf16_2, gate_tile, preferred_element_type=jnp.float32)
            chosen_3 = jnp.where((hidden_index < 1024), dot, 0.0)
            silu = jax.nn.silu(rsqrt[:, :, None] * chosen_3)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_3 = (Y * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,wh->bth", tile_bf16_3, up_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = (silu * dot_2).astype(jnp.bfloat16)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_4, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden,),
        )
        add = sum_6 + rsqrt[:, :, None] * acc_hidden + X_f32
        return add.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3)
    out_tiles = out_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return out_tiles[:, :t]


def _block_forward_state(X, a, WK):
    """block_forward_state(X: bf16[b t width], a: f32[width], WK: bf16[width kv d]) -> f32[b kv d x]"""
    X, WK = (jnp.asarray(array, jnp.bfloat16) for array in (X, WK))
    a = jnp.asarray(a, jnp.float32)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    sum_width = jnp.einsum("bxw,wkd,w->bkdx", X, WK, a.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return sum_width


def _block_forward_state_(X):
    """block_forward_state_(X: bf16[b t width]) -> f32[b x]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("bxw,bxw->bx", X, X, preferred_element_type=jnp.float32)  # [b x]
    return sum_width


def _block_forward_state__(X, a, WV):
    """block_forward_state__(X: bf16[b t width], a: f32[width], WV: bf16[width kv d]) -> f32[b kv d x]"""
    X, WV = (jnp.asarray(array, jnp.bfloat16) for array in (X, WV))
    a = jnp.asarray(a, jnp.float32)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    sum_width = jnp.einsum("bxw,wkd,w->bkdx", X, WV, a.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return sum_width


def _block_forward_out_state___(
    X, a, WQ, WO, c, up, gate, down, state_, state_2, state__, *, block_hidden=256, block_t=512,
):
    """block_forward_out_state___(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WO: bf16[kv g d width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], state_: f32[b x], state: f32[b kv d x], state__: f32[b kv d x]) -> (bf16[b t width], f32[b t width]), in blocks: memory does not grow with hidden."""
    X, WQ, WO, up, gate, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WO, up, gate, down))
    a, c, state_, state_2, state__ = (jnp.asarray(array, jnp.float32) for array in (a, c, state_, state_2, state__))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))

    def program(tile):
        x_index = jnp.arange(t)
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        acc_hidden = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        X_f32 = X_tile.astype(jnp.float32)
        mul = X_f32 * X_f32
        sum_ = jnp.sum(mul, axis=2)
        mul_2 = (a * X_f32)[:, :, :, None, None, None] * WQ.astype(jnp.float32).transpose(0, 1, 3, 2)
        sum_2 = jnp.sum(mul_2, axis=2)
        mul_3 = sum_2 * lax.rsqrt(0.001953125 * sum_ + 1e-05)[:, :, None, None, None]
        rsqrt = lax.rsqrt(1e-05 + state_ * 0.001953125)
        mul_4 = rsqrt[:, :, None, None] * state_2.transpose(0, 3, 1, 2)
        tile_bf16_f32 = mul_4.astype(jnp.bfloat16).astype(jnp.float32)
        tile_bf16_f32_2 = mul_3.astype(jnp.bfloat16).astype(jnp.float32)
        mul_5 = tile_bf16_f32[:, None, :, :, :, None] * tile_bf16_f32_2[:, :, None]
        sum_3 = jnp.sum(mul_5, axis=4)
        chosen = jnp.where((x_index <= t_index[:, None])[:, :, None, None], sum_3 * 0.125, -jnp.inf)
        max_ = jnp.max(chosen, axis=2)
        sub = chosen - jnp.where(max_ == -jnp.inf, 0.0, max_)[:, :, None]
        e = jnp.exp(sub)
        sum_4 = jnp.sum(e, axis=2)
        mul_6 = rsqrt[:, :, None, None] * state__.transpose(0, 3, 1, 2)
        tile_bf16_f32_3 = mul_6.astype(jnp.bfloat16).astype(jnp.float32)
        mul_7 = tile_bf16_f32_3[:, None, :, :, :, None] * e[:, :, :, :, None]
        sum_5 = jnp.sum(mul_7, axis=2)
        chosen_2 = jnp.where((sum_4 > 0.0)[:, :, :, None], sum_5 * (1 / sum_4)[:, :, :, None], 0.0)
        tile_bf16_f32_4 = chosen_2.astype(jnp.bfloat16).astype(jnp.float32)
        mul_8 = tile_bf16_f32_4[:, :, None] * WO.astype(jnp.float32).transpose(3, 0, 2, 1)
        sum_6 = jnp.sum(mul_8, axis=(3, 5, 4))
        Y = X_f32 + sum_6
        mul_9 = Y * Y
        sum_7 = jnp.sum(mul_9, axis=2)
        rsqrt_2 = lax.rsqrt(1e-05 + sum_7 * 0.001953125)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            Y_bf16 = Y.astype(jnp.bfloat16)
            dot = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
            mul_10 = jax.nn.silu(rsqrt_2[:, :, None] * dot) * dot_2
            tile_bf16_3 = mul_10.astype(jnp.bfloat16)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(0, -(-to_hidden // block_hidden), step, (acc_hidden,))
        from_hidden = jnp.maximum(0, to_hidden)

        def step_2(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            Y_bf16 = Y.astype(jnp.bfloat16)
            dot = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
            mul_10 = jax.nn.silu(rsqrt_2[:, :, None] * dot) * dot_2
            tile_bf16_3 = mul_10.astype(jnp.bfloat16)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden,),
        )
        add = rsqrt_2[:, :, None] * acc_hidden + X_f32 + sum_6
        return add.astype(jnp.bfloat16), acc_hidden

    out_tiles, state____tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3)
    out_tiles = out_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    state____tiles = state____tiles.transpose(1, 0, 2, 3)
    state____tiles = state____tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return out_tiles[:, :t], state____tiles[:, :t]


def _block_backward_buffer_5(X):
    """block_backward_buffer_5(X: bf16[b t width]) -> f32[b t]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("btw,btw->bt", X, X, preferred_element_type=jnp.float32)  # [b t]
    rsqrt_value = lax.rsqrt(1e-05 + sum_width * 0.001953125)  # [b t]
    return rsqrt_value


def _block_backward_buffer_7(d_out, state___):
    """block_backward_buffer_7(d_out: bf16[b t width], state___: f32[b t width]) -> f32[b t]"""
    d_out = jnp.asarray(d_out, jnp.bfloat16)
    state___ = jnp.asarray(state___, jnp.float32)
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state___.shape != (b, t, 512):
        raise ValueError(f"state___: f32[b t width] has shape {state___.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("btw,btw->bt", state___, d_out.astype(jnp.float32), precision="highest")  # [b t]
    return sum_width


def _block_backward_buffer_2_buffer_3(
    X, a, WQ, state_2, state_, buffer_5, *, block_x=256, block_t=512, block_g=512,
):
    """block_backward_buffer_2_buffer_3(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], state: f32[b kv d x], state_: f32[b x], buffer_5: f32[b t]) -> (f32[b t kv g], f32[b t kv g]), in blocks: memory does not grow with x."""
    X, WQ = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ))
    a, state_2, state_, buffer_5 = (jnp.asarray(array, jnp.float32) for array in (a, state_2, state_, buffer_5))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    block_x = min(block_x, max(t, 1))
    block_t = min(block_t, max(t, 1))
    block_g = min(block_g, max(2, 1))
    buffer_5 = jnp.pad(buffer_5, ((0, 0), (0, max(-t % block_t, block_t - t))))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    WQ = jnp.pad(WQ, ((0, 0), (0, 0), (0, max(-2 % block_g, block_g - 2)), (0, 0)))
    state_ = jnp.pad(state_, ((0, 0), (0, max(-t % block_x, block_x - t))))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, 0), (0, max(-t % block_x, block_x - t))))

    def program(tile):
        first_g = (tile % -(-2 // block_g)) * block_g
        tile = tile // -(-2 // block_g)
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        max_x = jnp.full((b, 2, block_t, block_g), -jnp.inf, jnp.float32)
        sum_x = jnp.full((b, 2, block_t, block_g), 0.0, jnp.float32)
        buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_t, block_t, 1)
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        WQ_tile = lax.dynamic_slice_in_dim(WQ, first_g, block_g, 2)
        mul = (a * X_tile.astype(jnp.float32))[:, None, :, None, None] * WQ_tile.astype(jnp.float32).transpose(1, 2, 3, 0)[:, None]
        sum_ = jnp.sum(mul, axis=5)
        mul_2 = sum_ * buffer_5_tile[:, None, :, None, None]
        tile_bf16 = mul_2.astype(jnp.bfloat16)
        to_x = jnp.minimum(t, first_t + 1) // block_x * block_x

        def step(block, state):
            max_x, sum_x = state
            first_x = block * block_x
            state__tile = lax.dynamic_slice_in_dim(state_, first_x, block_x, 1)
            rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
            mul_3 = state_tile.transpose(0, 1, 3, 2) * rsqrt[:, None, :, None]
            tile_bf16_f32 = mul_3.astype(jnp.bfloat16).astype(jnp.float32)
            mul_4 = tile_bf16_f32[:, :, None, None] * tile_bf16.astype(jnp.float32)[:, :, :, :, None]
            sum_2 = jnp.sum(mul_4, axis=5)
            mul_5 = sum_2 * 0.125
            tile_max = jnp.max(mul_5, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            exp = jnp.exp(mul_5 - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(exp, axis=4)
            next_sum_x = sum_x * jnp.exp(max_x - next_max_x) + tile_sum
            return (next_max_x, next_sum_x)

        max_x, sum_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, sum_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(t, first_t + block_t)

        def step_2(block, state):
            max_x, sum_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            state__tile = lax.dynamic_slice_in_dim(state_, first_x, block_x, 1)
            rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
            mul_3 = state_tile.transpose(0, 1, 3, 2) * rsqrt[:, None, :, None]
            tile_bf16_f32 = mul_3.astype(jnp.bfloat16).astype(jnp.float32)
            mul_4 = tile_bf16_f32[:, :, None, None] * tile_bf16.astype(jnp.float32)[:, :, :, :, None]
            sum_2 = jnp.sum(mul_4, axis=5)
            mask = (x_index <= t_index[:, None]) & (x_index < t)
            chosen = jnp.where(mask[:, None], sum_2 * 0.125, -jnp.inf)
            tile_max = jnp.max(chosen, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            sub = chosen - safe_next_max_x[:, :, :, :, None]
            exp = jnp.exp(sub)
            tile_sum = jnp.sum(exp, axis=4)
            next_sum_x = sum_x * jnp.exp(max_x - safe_next_max_x) + tile_sum
            return (next_max_x, next_sum_x)

        max_x, sum_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, sum_x))
        return max_x.transpose(0, 2, 1, 3), sum_x.transpose(0, 2, 1, 3)

    buffer_2_tiles, buffer_3_tiles = lax.map(program, jnp.arange((-(-t // block_t)) * (-(-2 // block_g))))
    buffer_2_tiles = buffer_2_tiles.reshape(-(-t // block_t), -(-2 // block_g), *buffer_2_tiles.shape[1:])
    buffer_2_tiles = buffer_2_tiles.transpose(2, 0, 3, 4, 1, 5)
    buffer_2_tiles = buffer_2_tiles.reshape(b, -(-t // block_t) * block_t, 2, -(-2 // block_g) * block_g)
    buffer_3_tiles = buffer_3_tiles.reshape(-(-t // block_t), -(-2 // block_g), *buffer_3_tiles.shape[1:])
    buffer_3_tiles = buffer_3_tiles.transpose(2, 0, 3, 4, 1, 5)
    buffer_3_tiles = buffer_3_tiles.reshape(b, -(-t // block_t) * block_t, 2, -(-2 // block_g) * block_g)
    return buffer_2_tiles[:, :t, :, :2], buffer_3_tiles[:, :t, :, :2]


def _block_backward_buffer_8(
    X, a, WQ, WO, state_2, state_, state__, buffer_3, buffer_5, buffer_2, *, block_g=256, block_t=512,
):
    """block_backward_buffer_8(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WO: bf16[kv g d width], state: f32[b kv d x], state_: f32[b x], state__: f32[b kv d x], buffer_3: f32[b t kv g], buffer_5: f32[b t], buffer_2: f32[b t kv g]) -> f32[b t width], in blocks: memory does not grow with g."""
    X, WQ, WO = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WO))
    a, state_2, state_, state__, buffer_3, buffer_5, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (a, state_2, state_, state__, buffer_3, buffer_5, buffer_2))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    if buffer_3.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_3: f32[b t kv g] has shape {buffer_3.shape}, expected {(b, t, 2, 2)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    block_g = min(block_g, max(2, 1))
    block_t = min(block_t, max(t, 1))
    buffer_5 = jnp.pad(buffer_5, ((0, 0), (0, max(-t % block_t, block_t - t))))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    WO = jnp.pad(WO, ((0, 0), (0, max(-2 % block_g, block_g - 2)), (0, 0), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, max(-2 % block_g, block_g - 2))))
    buffer_2 = jnp.pad(buffer_2, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, max(-2 % block_g, block_g - 2))))
    WQ = jnp.pad(WQ, ((0, 0), (0, 0), (0, max(-2 % block_g, block_g - 2)), (0, 0)))

    def program(tile):
        x_index = jnp.arange(t)
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        acc_kv_g_d = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_t, block_t, 1)
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        rsqrt = lax.rsqrt(1e-05 + state_ * 0.001953125)
        le = x_index <= t_index[:, None]

        def step(kv_index, state):
            (acc_kv_g_d,) = state
            state_tile = jnp.squeeze(lax.dynamic_index_in_dim(state_2, kv_index, 1, keepdims=True), (1,))
            tile_bf16 = (state_tile * rsqrt[:, None]).astype(jnp.bfloat16)
            state___tile = jnp.squeeze(lax.dynamic_index_in_dim(state__, kv_index, 1, keepdims=True), (1,))
            tile_bf16_2 = (state___tile * rsqrt[:, None]).astype(jnp.bfloat16)
            to_g = (2) // block_g * block_g

            def step_2(block, state):
                (acc_kv_g_d,) = state
                first_g = block * block_g
                WO_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(WO, kv_index, 0, keepdims=True), first_g, block_g, 1), (0,))
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), kv_index, 2, keepdims=True), first_g, block_g, 3), (2,))
                buffer_2_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), kv_index, 2, keepdims=True), first_g, block_g, 3), (2,))
                WQ_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(WQ, kv_index, 1, keepdims=True), first_g, block_g, 2), (1,))
                mul = (a * X_tile.astype(jnp.float32))[:, :, None, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 0, 2)
                sum_ = jnp.sum(mul, axis=3)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, :, None, None]).astype(jnp.bfloat16)
                mul_2 = tile_bf16.astype(jnp.float32)[:, None, None] * tile_bf16_3.astype(jnp.float32)[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                chosen = jnp.where(le[:, None], sum_2 * 0.125, -jnp.inf)
                safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, None])
                mul_3 = tile_bf16_2.astype(jnp.float32)[:, None, None] * exp[:, :, :, None]
                sum_3 = jnp.sum(mul_3, axis=4)
                mul_4 = (1 / buffer_3_tile)[:, :, :, None] * sum_3
                chosen_2 = jnp.where((buffer_3_tile > 0.0)[:, :, :, None], mul_4, 0.0)
                tile_bf16_f32 = chosen_2.astype(jnp.bfloat16).astype(jnp.float32)
                mul_5 = tile_bf16_f32[:, :, :, None] * WO_tile.astype(jnp.float32).transpose(0, 2, 1)
                tile_sum = jnp.sum(mul_5, axis=(2, 4))
                next_acc_kv_g_d = acc_kv_g_d + tile_sum
                return (next_acc_kv_g_d,)

            (acc_kv_g_d,) = lax.fori_loop(0, -(-to_g // block_g), step_2, (acc_kv_g_d,))
            from_g = jnp.maximum(0, to_g)

            def step_3(block, state):
                (acc_kv_g_d,) = state
                first_g = block * block_g
                g_index = first_g + jnp.arange(block_g)
                WO_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(WO, kv_index, 0, keepdims=True), first_g, block_g, 1), (0,))
                buffer_2_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), kv_index, 2, keepdims=True), first_g, block_g, 3), (2,))
                WQ_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(WQ, kv_index, 1, keepdims=True), first_g, block_g, 2), (1,))
                mul = (a * X_tile.astype(jnp.float32))[:, :, None, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 0, 2)
                sum_ = jnp.sum(mul, axis=3)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, :, None, None]).astype(jnp.bfloat16)
                mul_2 = tile_bf16.astype(jnp.float32)[:, None, None] * tile_bf16_3.astype(jnp.float32)[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                chosen = jnp.where(le[:, None], sum_2 * 0.125, -jnp.inf)
                safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, None])
                mul_3 = tile_bf16_2.astype(jnp.float32)[:, None, None] * exp[:, :, :, None]
                sum_3 = jnp.sum(mul_3, axis=4)
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), kv_index, 2, keepdims=True), first_g, block_g, 3), (2,))
                mul_4 = (1 / buffer_3_tile)[:, :, :, None] * sum_3
                chosen_2 = jnp.where(((buffer_3_tile > 0.0) & (g_index < 2))[:, :, :, None], mul_4, 0.0)
                tile_bf16_f32 = chosen_2.astype(jnp.bfloat16).astype(jnp.float32)
                mul_5 = tile_bf16_f32[:, :, :, None] * WO_tile.astype(jnp.float32).transpose(0, 2, 1)
                tile_sum = jnp.sum(mul_5, axis=(2, 4))
                next_acc_kv_g_d = acc_kv_g_d + tile_sum
                return (next_acc_kv_g_d,)

            (acc_kv_g_d,) = lax.fori_loop(from_g // block_g, -(-2 // block_g), step_3, (acc_kv_g_d,))
            return (acc_kv_g_d,)

        (acc_kv_g_d,) = lax.fori_loop(0, 2, step, (acc_kv_g_d,))
        return acc_kv_g_d + X_tile.astype(jnp.float32)

    buffer_8_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    buffer_8_tiles = buffer_8_tiles.transpose(1, 0, 2, 3)
    buffer_8_tiles = buffer_8_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return buffer_8_tiles[:, :t]


def _block_backward_buffer_6(buffer_8):
    """block_backward_buffer_6(buffer_8: f32[b t width]) -> f32[b t]"""
    buffer_8 = jnp.asarray(buffer_8, jnp.float32)
    b, t, _ = buffer_8.shape
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("btw,btw->bt", buffer_8, buffer_8, precision="highest")  # [b t]
    rsqrt_value = lax.rsqrt(1e-05 + 0.001953125 * sum_width)  # [b t]
    return rsqrt_value


def _block_backward_buffer_9_buffer_10_buffer_11(
    c, up, gate, down, d_out, buffer_6, buffer_8, buffer_7, *, block_hidden=256, block_t=512,
):
    """block_backward_buffer_9_buffer_10_buffer_11(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], d_out: bf16[b t width], buffer_6: f32[b t], buffer_8: f32[b t width], buffer_7: f32[b t]) -> (f32[b t width], f32[b t width], f32[b t]), in blocks: memory does not grow with hidden."""
    c, buffer_6, buffer_8, buffer_7 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_6, buffer_8, buffer_7))
    up, gate, down, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (up, gate, down, d_out))
    b, t, _ = d_out.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    if buffer_7.shape != (b, t):
        raise ValueError(f"buffer_7: f32[b t] has shape {buffer_7.shape}, expected {(b, t)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    buffer_8 = jnp.pad(buffer_8, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t))))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    buffer_7 = jnp.pad(buffer_7, ((0, 0), (0, max(-t % block_t, block_t - t))))

    def program(tile):
        first_t = tile * block_t
        acc_hidden = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        acc_hidden_2 = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        acc_hidden_3 = jnp.full((b, block_t), 0.0, jnp.float32)
        buffer_8_tile = lax.dynamic_slice_in_dim(buffer_8, first_t, block_t, 1)
        buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_t, block_t, 1)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            acc_hidden, acc_hidden_2, acc_hidden_3 = state
            first_hidden = block * block_hidden
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (c * buffer_8_tile).astype(jnp.bfloat16)
            dot = jnp.einsum("btw,wh->bth", tile_bf16, gate_tile, preferred_element_type=jnp.float32)
            mul = buffer_6_tile[:, :, None] * dot
            sigmoid = jax.nn.sigmoid(mul)
            mul_2 = buffer_6_tile[:, :, None] * (1.0 - sigmoid)
            add = mul_2 * dot + 1.0
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            dot_2 = jnp.einsum("btw,hw->bth", d_out_tile, down_tile, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (c * buffer_8_tile).astype(jnp.bfloat16)
            dot_3 = jnp.einsum("btw,wh->bth", tile_bf16_2, up_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (add * dot_2 * sigmoid * dot_3).astype(jnp.bfloat16)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,wh->btw", tile_bf16_3, gate_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = (dot_2 * jax.nn.silu(mul)).astype(jnp.bfloat16)
            next_acc_hidden_2 = acc_hidden_2 + jnp.einsum("bth,wh->btw", tile_bf16_4, up_tile, preferred_element_type=jnp.float32)
            mul_3 = add * dot_2 * sigmoid * dot * dot_3
            tile_sum = jnp.sum(mul_3, axis=2)
            next_acc_hidden_3 = acc_hidden_3 + tile_sum
            return (next_acc_hidden, next_acc_hidden_2, next_acc_hidden_3)

        acc_hidden, acc_hidden_2, acc_hidden_3 = lax.fori_loop(
            0,
            -(-to_hidden // block_hidden),
            step,
            (acc_hidden, acc_hidden_2, acc_hidden_3),
        )
        from_hidden = jnp.maximum(0, to_hidden)

        def step_2(block, state):
            acc_hidden, acc_hidden_2, acc_hidden_3 = state
            first_hidden = block * block_hidden
            hidden_index = first_hidden + jnp.arange(block_hidden)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (c * buffer_8_tile).astype(jnp.bfloat16)
            dot = jnp.einsum("btw,wh->bth", tile_bf16, gate_tile, preferred_element_type=jnp.float32)
            mul = buffer_6_tile[:, :, None] * dot
            sigmoid = jax.nn.sigmoid(mul)
            mul_2 = buffer_6_tile[:, :, None] * (1.0 - sigmoid)
            chosen = jnp.where((hidden_index < 1024), mul_2 * dot + 1.0, 0.0)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            dot_2 = jnp.einsum("btw,hw->bth", d_out_tile, down_tile, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (c * buffer_8_tile).astype(jnp.bfloat16)
            dot_3 = jnp.einsum("btw,wh->bth", tile_bf16_2, up_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (chosen * dot_2 * sigmoid * dot_3).astype(jnp.bfloat16)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,wh->btw", tile_bf16_3, gate_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = (dot_2 * jax.nn.silu(mul)).astype(jnp.bfloat16)
            next_acc_hidden_2 = acc_hidden_2 + jnp.einsum("bth,wh->btw", tile_bf16_4, up_tile, preferred_element_type=jnp.float32)
            mul_3 = chosen * dot_2 * sigmoid * dot * dot_3
            tile_sum = jnp.sum(mul_3, axis=2)
            next_acc_hidden_3 = acc_hidden_3 + tile_sum
            return (next_acc_hidden, next_acc_hidden_2, next_acc_hidden_3)

        acc_hidden, acc_hidden_2, acc_hidden_3 = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden, acc_hidden_2, acc_hidden_3),
        )
        mul = c * buffer_6_tile[:, :, None] * buffer_6_tile[:, :, None]
        mul_2 = c * buffer_6_tile[:, :, None] * acc_hidden_2
        buffer_7_tile = lax.dynamic_slice_in_dim(buffer_7, first_t, block_t, 1)
        add = buffer_6_tile * acc_hidden_3 + buffer_7_tile
        return mul * acc_hidden, mul_2, add

    buffer_9_tiles, buffer_10_tiles, buffer_11_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    buffer_9_tiles = buffer_9_tiles.transpose(1, 0, 2, 3)
    buffer_9_tiles = buffer_9_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    buffer_10_tiles = buffer_10_tiles.transpose(1, 0, 2, 3)
    buffer_10_tiles = buffer_10_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    buffer_11_tiles = buffer_11_tiles.transpose(1, 0, 2)
    buffer_11_tiles = buffer_11_tiles.reshape(b, -(-t // block_t) * block_t)
    return buffer_9_tiles[:, :t], buffer_10_tiles[:, :t], buffer_11_tiles[:, :t]


def _block_backward_d_c(c, up, gate, down, d_out, buffer_6, buffer_8, *, block_hidden=256):
    """block_backward_d_c(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], d_out: bf16[b t width], buffer_6: f32[b t], buffer_8: f32[b t width]) -> f32[width], in blocks: memory does not grow with hidden."""
    c, buffer_6, buffer_8 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_6, buffer_8))
    up, gate, down, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (up, gate, down, d_out))
    b, t, _ = d_out.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    block_hidden = min(block_hidden, max(1024, 1))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    acc_t_b_hidden = jnp.full((512,), 0.0, jnp.float32)
    acc_t_b_hidden_2 = jnp.full((512,), 0.0, jnp.float32)

    def step(b_index, state):
        acc_t_b_hidden, acc_t_b_hidden_2 = state

        def step_2(t_index, state):
            acc_t_b_hidden, acc_t_b_hidden_2 = state
            buffer_8_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), t_index, 1, keepdims=True), (0, 1))
            buffer_6_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), t_index, 1, keepdims=True), (0, 1))
            d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), t_index, 1, keepdims=True), (0, 1))
            mul = buffer_6_tile * buffer_6_tile
            to_hidden = (1024) // block_hidden * block_hidden

            def step_3(block, state):
                acc_t_b_hidden, acc_t_b_hidden_2 = state
                first_hidden = block * block_hidden
                gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
                gate_f32 = gate_tile.astype(jnp.float32)
                mul_2 = c * buffer_8_tile * gate_f32.T
                sum_ = jnp.sum(mul_2, axis=1)
                mul_3 = buffer_6_tile * sum_
                down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
                mul_4 = down_tile.astype(jnp.float32) * d_out_tile.astype(jnp.float32)
                sum_2 = jnp.sum(mul_4, axis=1)
                up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
                up_f32 = up_tile.astype(jnp.float32)
                mul_5 = buffer_6_tile * buffer_8_tile * (sum_2 * jax.nn.silu(mul_3))[:, None]
                mul_6 = mul_5 * up_f32.T
                tile_sum = jnp.sum(mul_6, axis=0)
                next_acc_t_b_hidden = acc_t_b_hidden + tile_sum
                mul_7 = c * buffer_8_tile * up_f32.T
                sum_3 = jnp.sum(mul_7, axis=1)
                sigmoid = jax.nn.sigmoid(mul_3)
                add = buffer_6_tile * (1.0 - sigmoid) * sum_ + 1.0
                mul_8 = mul * buffer_8_tile * (add * sum_2 * sigmoid * sum_3)[:, None]
                mul_9 = mul_8 * gate_f32.T
                tile_sum_2 = jnp.sum(mul_9, axis=0)
                next_acc_t_b_hidden_2 = acc_t_b_hidden_2 + tile_sum_2
                return (next_acc_t_b_hidden, next_acc_t_b_hidden_2)

            acc_t_b_hidden, acc_t_b_hidden_2 = lax.fori_loop(
                0,
                -(-to_hidden // block_hidden),
                step_3,
                (acc_t_b_hidden, acc_t_b_hidden_2),
            )
            from_hidden = jnp.maximum(0, to_hidden)

            def step_4(block, state):
                acc_t_b_hidden, acc_t_b_hidden_2 = state
                first_hidden = block * block_hidden
                hidden_index = first_hidden + jnp.arange(block_hidden)
                gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
                gate_f32 = gate_tile.astype(jnp.float32)
                mul_2 = c * buffer_8_tile * gate_f32.T
                sum_ = jnp.sum(mul_2, axis=1)
                mul_3 = buffer_6_tile * sum_
                down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
                mul_4 = down_tile.astype(jnp.float32) * d_out_tile.astype(jnp.float32)
                sum_2 = jnp.sum(mul_4, axis=1)
                chosen = jnp.where((hidden_index < 1024), sum_2, 0.0)
                up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
                up_f32 = up_tile.astype(jnp.float32)
                mul_5 = buffer_6_tile * buffer_8_tile * (chosen * jax.nn.silu(mul_3))[:, None]
                mul_6 = mul_5 * up_f32.T
                tile_sum = jnp.sum(mul_6, axis=0)
                next_acc_t_b_hidden = acc_t_b_hidden + tile_sum
                mul_7 = c * buffer_8_tile * up_f32.T
                sum_3 = jnp.sum(mul_7, axis=1)
                sigmoid = jax.nn.sigmoid(mul_3)
                add = buffer_6_tile * (1.0 - sigmoid) * sum_ + 1.0
                mul_8 = mul * buffer_8_tile * (add * chosen * sigmoid * sum_3)[:, None]
                mul_9 = mul_8 * gate_f32.T
                tile_sum_2 = jnp.sum(mul_9, axis=0)
                next_acc_t_b_hidden_2 = acc_t_b_hidden_2 + tile_sum_2
                return (next_acc_t_b_hidden, next_acc_t_b_hidden_2)

            acc_t_b_hidden, acc_t_b_hidden_2 = lax.fori_loop(
                from_hidden // block_hidden,
                -(-1024 // block_hidden),
                step_4,
                (acc_t_b_hidden, acc_t_b_hidden_2),
            )
            return (acc_t_b_hidden, acc_t_b_hidden_2)

        acc_t_b_hidden, acc_t_b_hidden_2 = lax.fori_loop(0, t, step_2, (acc_t_b_hidden, acc_t_b_hidden_2))
        return (acc_t_b_hidden, acc_t_b_hidden_2)

    acc_t_b_hidden, acc_t_b_hidden_2 = lax.fori_loop(0, b, step, (acc_t_b_hidden, acc_t_b_hidden_2))
    return acc_t_b_hidden + acc_t_b_hidden_2


def _block_backward_d_up_d_gate_d_down(
    c, up, gate, down, d_out, buffer_6, buffer_8, *, block_t=256, block_hidden=512,
):
    """block_backward_d_up_d_gate_d_down(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], d_out: bf16[b t width], buffer_6: f32[b t], buffer_8: f32[b t width]) -> (bf16[width hidden], bf16[width hidden], bf16[hidden width]), in blocks: memory does not grow with t."""
    c, buffer_6, buffer_8 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_6, buffer_8))
    up, gate, down, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (up, gate, down, d_out))
    b, t, _ = d_out.shape
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    block_t = min(block_t, max(t, 1))
    block_hidden = min(block_hidden, max(1024, 1))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_8 = jnp.pad(buffer_8, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        first_hidden = tile * block_hidden
        acc_t_b = jnp.full((block_hidden, 512), 0.0, jnp.float32)
        acc_t_b_2 = jnp.full((block_hidden, 512), 0.0, jnp.float32)
        acc_t_b_3 = jnp.full((block_hidden, 512), 0.0, jnp.float32)
        down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
        gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
        up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)

        def step(b_index, state):
            acc_t_b, acc_t_b_2, acc_t_b_3 = state
            to_t = t // block_t * block_t

            def step_2(block, state):
                acc_t_b, acc_t_b_2, acc_t_b_3 = state
                first_t = block * block_t
                buffer_6_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_8_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                tile_bf16 = (buffer_6_tile[:, None] * buffer_8_tile).astype(jnp.bfloat16)
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                dot = jnp.einsum("hw,tw->ht", down_tile, d_out_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = (c * buffer_8_tile).astype(jnp.bfloat16)
                dot_2 = jnp.einsum("wh,tw->ht", gate_tile, tile_bf16_2, preferred_element_type=jnp.float32)
                mul = buffer_6_tile * dot_2
                silu = jax.nn.silu(mul)
                tile_bf16_3 = (dot * silu).astype(jnp.bfloat16)
                next_acc_t_b = acc_t_b + jnp.einsum("ht,tw->hw", tile_bf16_3, tile_bf16, preferred_element_type=jnp.float32)
                mul_2 = (buffer_6_tile * buffer_6_tile)[:, None] * buffer_8_tile
                tile_bf16_4 = mul_2.astype(jnp.bfloat16)
                sigmoid = jax.nn.sigmoid(mul)
                add = buffer_6_tile * (1.0 - sigmoid) * dot_2 + 1.0
                tile_bf16_5 = (c * buffer_8_tile).astype(jnp.bfloat16)
                dot_3 = jnp.einsum("wh,tw->ht", up_tile, tile_bf16_5, preferred_element_type=jnp.float32)
                tile_bf16_6 = (add * dot * sigmoid * dot_3).astype(jnp.bfloat16)
                next_acc_t_b_2 = acc_t_b_2 + jnp.einsum("ht,tw->hw", tile_bf16_6, tile_bf16_4, preferred_element_type=jnp.float32)
                tile_bf16_7 = (buffer_6_tile * silu * dot_3).astype(jnp.bfloat16)
                next_acc_t_b_3 = acc_t_b_3 + jnp.einsum("ht,tw->hw", tile_bf16_7, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_t_b, next_acc_t_b_2, next_acc_t_b_3)

            acc_t_b, acc_t_b_2, acc_t_b_3 = lax.fori_loop(
                0,
                -(-to_t // block_t),
                step_2,
                (acc_t_b, acc_t_b_2, acc_t_b_3),
            )
            from_t = jnp.maximum(0, to_t)

            def step_3(block, state):
                acc_t_b, acc_t_b_2, acc_t_b_3 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_6_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_8_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                tile_bf16 = (buffer_6_tile[:, None] * buffer_8_tile).astype(jnp.bfloat16)
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                dot = jnp.einsum("hw,tw->ht", down_tile, d_out_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where((t_index < t), dot, 0.0)
                tile_bf16_2 = (c * buffer_8_tile).astype(jnp.bfloat16)
                dot_2 = jnp.einsum("wh,tw->ht", gate_tile, tile_bf16_2, preferred_element_type=jnp.float32)
                mul = buffer_6_tile * dot_2
                silu = jax.nn.silu(mul)
                tile_bf16_3 = (chosen * silu).astype(jnp.bfloat16)
                next_acc_t_b = acc_t_b + jnp.einsum("ht,tw->hw", tile_bf16_3, tile_bf16, preferred_element_type=jnp.float32)
                mul_2 = (buffer_6_tile * buffer_6_tile)[:, None] * buffer_8_tile
                tile_bf16_4 = mul_2.astype(jnp.bfloat16)
                sigmoid = jax.nn.sigmoid(mul)
                add = buffer_6_tile * (1.0 - sigmoid) * dot_2 + 1.0
                tile_bf16_5 = (c * buffer_8_tile).astype(jnp.bfloat16)
                dot_3 = jnp.einsum("wh,tw->ht", up_tile, tile_bf16_5, preferred_element_type=jnp.float32)
                tile_bf16_6 = (add * chosen * sigmoid * dot_3).astype(jnp.bfloat16)
                next_acc_t_b_2 = acc_t_b_2 + jnp.einsum("ht,tw->hw", tile_bf16_6, tile_bf16_4, preferred_element_type=jnp.float32)
                tile_bf16_7 = (buffer_6_tile * silu * dot_3).astype(jnp.bfloat16)
                next_acc_t_b_3 = acc_t_b_3 + jnp.einsum("ht,tw->hw", tile_bf16_7, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_t_b, next_acc_t_b_2, next_acc_t_b_3)

            acc_t_b, acc_t_b_2, acc_t_b_3 = lax.fori_loop(
                from_t // block_t,
                -(-t // block_t),
                step_3,
                (acc_t_b, acc_t_b_2, acc_t_b_3),
            )
            return (acc_t_b, acc_t_b_2, acc_t_b_3)

        acc_t_b, acc_t_b_2, acc_t_b_3 = lax.fori_loop(0, b, step, (acc_t_b, acc_t_b_2, acc_t_b_3))
        return (c * acc_t_b).astype(jnp.bfloat16).T, (c * acc_t_b_2).astype(jnp.bfloat16).T, acc_t_b_3.astype(jnp.bfloat16)

    d_up_tiles, d_gate_tiles, d_down_tiles = lax.map(program, jnp.arange(-(-1024 // block_hidden)))
    d_up_tiles = d_up_tiles.transpose(1, 0, 2)
    d_up_tiles = d_up_tiles.reshape(512, -(-1024 // block_hidden) * block_hidden)
    d_gate_tiles = d_gate_tiles.transpose(1, 0, 2)
    d_gate_tiles = d_gate_tiles.reshape(512, -(-1024 // block_hidden) * block_hidden)
    d_down_tiles = d_down_tiles.reshape(-(-1024 // block_hidden) * block_hidden, 512)
    return d_up_tiles[:, :1024], d_gate_tiles[:, :1024], d_down_tiles[:1024]


def _block_backward_buffer_4(
    X, a, WQ, WO, d_out, state, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8,
    buffer_5, buffer_2,
):
    """block_backward_buffer_4(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WO: bf16[kv g d width], d_out: bf16[b t width], state: f32[b kv d x], state_: f32[b x], state__: f32[b kv d x], buffer_3: f32[b t kv g], buffer_9: f32[b t width], buffer_10: f32[b t width], buffer_11: f32[b t], buffer_6: f32[b t], buffer_8: f32[b t width], buffer_5: f32[b t], buffer_2: f32[b t kv g]) -> f32[b t kv g]"""
    X, WQ, WO, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WO, d_out))
    a, state, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_5, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (a, state, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_5, buffer_2))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    if buffer_3.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_3: f32[b t kv g] has shape {buffer_3.shape}, expected {(b, t, 2, 2)}")
    if buffer_9.shape != (b, t, 512):
        raise ValueError(f"buffer_9: f32[b t width] has shape {buffer_9.shape}, expected {(b, t, 512)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    if buffer_11.shape != (b, t):
        raise ValueError(f"buffer_11: f32[b t] has shape {buffer_11.shape}, expected {(b, t)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    product = buffer_11[:, :, None] * buffer_6[:, :, None] * buffer_6[:, :, None] * buffer_6[:, :, None] * buffer_8 * 0.001953125
    difference = buffer_9 + d_out.astype(jnp.float32) + buffer_10 - product  # [b t width]
    sum_width = jnp.einsum("btw,kgdw->btkgd", difference.astype(jnp.bfloat16), WO, preferred_element_type=jnp.float32)
    rsqrt_value = lax.rsqrt(1e-05 + state_ * 0.001953125)  # [b x]
    as_bf16 = (state__ * rsqrt_value[:, None, None]).astype(jnp.bfloat16)  # [b kv d x]
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]
    as_bf16_2 = (state * rsqrt_value[:, None, None]).astype(jnp.bfloat16)  # [b kv d x]
    sum_width_2 = jnp.einsum("w,wkgd,btw->btkgd", a.astype(jnp.bfloat16), WQ, X, preferred_element_type=jnp.float32)
    as_bf16_3 = (sum_width_2 * buffer_5[:, :, None, None, None]).astype(jnp.bfloat16)  # [b t kv g d]
    sum_d = jnp.einsum("bkdx,btkgd->btkgx", as_bf16_2, as_bf16_3, preferred_element_type=jnp.float32)
    chosen = jnp.where(le_value[:, None, None], sum_d * 0.125, -jnp.inf)  # [b t kv g x]
    exponential = jnp.exp(_subtract(chosen, buffer_2[:, :, :, :, None]))  # [b t kv g x]
    sum_x = jnp.einsum("bkdx,btkgx->btkgd", as_bf16, exponential.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    sum_d_2 = jnp.einsum("btkgd,btkgd->btkg", sum_width, sum_x, precision="highest")  # [b t kv g]
    product_2 = 1 / buffer_3 * sum_d_2  # [b t kv g]
    return product_2


def _block_backward_buffer_0_buffer_1(
    X, a, WQ, WO, d_out, state_2, state_, state__, buffer_3, buffer_5, buffer_9, buffer_10, buffer_11,
    buffer_6, buffer_8, buffer_4, buffer_2, *, block_t=256, block_kv=512,
):
    """block_backward_buffer_0_buffer_1(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WO: bf16[kv g d width], d_out: bf16[b t width], state: f32[b kv d x], state_: f32[b x], state__: f32[b kv d x], buffer_3: f32[b t kv g], buffer_5: f32[b t], buffer_9: f32[b t width], buffer_10: f32[b t width], buffer_11: f32[b t], buffer_6: f32[b t], buffer_8: f32[b t width], buffer_4: f32[b t kv g], buffer_2: f32[b t kv g]) -> (f32[b kv d x], f32[b kv d x]), in blocks: memory does not grow with t."""
    X, WQ, WO, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WO, d_out))
    a, state_2, state_, state__, buffer_3, buffer_5, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (a, state_2, state_, state__, buffer_3, buffer_5, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_2))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    if buffer_3.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_3: f32[b t kv g] has shape {buffer_3.shape}, expected {(b, t, 2, 2)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_9.shape != (b, t, 512):
        raise ValueError(f"buffer_9: f32[b t width] has shape {buffer_9.shape}, expected {(b, t, 512)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    if buffer_11.shape != (b, t):
        raise ValueError(f"buffer_11: f32[b t] has shape {buffer_11.shape}, expected {(b, t)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_4: f32[b t kv g] has shape {buffer_4.shape}, expected {(b, t, 2, 2)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    block_t = min(block_t, max(t, 1))
    block_kv = min(block_kv, max(2, 1))
    state_2 = jnp.pad(state_2, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    state__ = jnp.pad(state__, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    WQ = jnp.pad(WQ, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    WO = jnp.pad(WO, ((0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0), (0, 0)))
    buffer_2 = jnp.pad(buffer_2, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-2 % block_kv, block_kv - 2)), (0, 0)))
    buffer_5 = jnp.pad(buffer_5, ((0, 0), (0, max(-t % block_t, block_t - t))))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-2 % block_kv, block_kv - 2)), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-2 % block_kv, block_kv - 2)), (0, 0)))
    buffer_8 = jnp.pad(buffer_8, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_11 = jnp.pad(buffer_11, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_10 = jnp.pad(buffer_10, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_9 = jnp.pad(buffer_9, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        x_index = jnp.arange(t)
        first_kv = tile * block_kv
        acc_t_g = jnp.full((b, block_kv, 64, t), 0.0, jnp.float32)
        acc_t_g_2 = jnp.full((b, block_kv, 64, t), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(1e-05 + state_ * 0.001953125)
        state_tile = lax.dynamic_slice_in_dim(state_2, first_kv, block_kv, 1)
        tile_bf16 = (state_tile * rsqrt[:, None, None]).astype(jnp.bfloat16)
        state___tile = lax.dynamic_slice_in_dim(state__, first_kv, block_kv, 1)
        tile_bf16_2 = (state___tile * rsqrt[:, None, None]).astype(jnp.bfloat16)

        def step(g_index, state):
            acc_t_g, acc_t_g_2 = state
            WQ_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(WQ, first_kv, block_kv, 1), g_index, 2, keepdims=True), (2,))
            WO_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(WO, first_kv, block_kv, 0), g_index, 1, keepdims=True), (1,))
            from_t = -(-jnp.maximum(0, t + (-1)) // block_t) * block_t
            to_t = jnp.minimum(from_t, t)

            def step_2(block, state):
                acc_t_g, acc_t_g_2 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_t, block_t, 1)
                X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
                mul = (a * X_tile.astype(jnp.float32))[:, None, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 2, 0)[:, None]
                sum_ = jnp.sum(mul, axis=4)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, None, :, None]).astype(jnp.bfloat16)
                tile_bf16_f32 = tile_bf16_3.astype(jnp.float32)
                mul_2 = tile_bf16.astype(jnp.float32)[:, :, None] * tile_bf16_f32[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                chosen = jnp.where(x_index <= t_index[:, None], sum_2 * 0.125, -jnp.inf)
                equal = buffer_2_tile.transpose(0, 2, 1) == -jnp.inf
                safe_buffer_2 = jnp.where(equal, 0.0, buffer_2_tile.transpose(0, 2, 1))
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, None])
                buffer_3_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                chosen_2 = jnp.where((buffer_3_tile.transpose(0, 2, 1) > 0.0)[:, :, :, None], exp, 0.0)
                buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_8_tile = lax.dynamic_slice_in_dim(buffer_8, first_t, block_t, 1)
                buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_t, block_t, 1)
                buffer_11_tile = lax.dynamic_slice_in_dim(buffer_11, first_t, block_t, 1)
                mul_3 = 0.001953125 * buffer_11_tile * buffer_6_tile
                mul_4 = (mul_3 * buffer_6_tile * buffer_6_tile)[:, :, None] * buffer_8_tile
                buffer_10_tile = lax.dynamic_slice_in_dim(buffer_10, first_t, block_t, 1)
                d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
                buffer_9_tile = lax.dynamic_slice_in_dim(buffer_9, first_t, block_t, 1)
                add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                sub = add + buffer_10_tile - jnp.where(mul_4 == -jnp.inf, 0.0, mul_4)
                mul_5 = sub[:, None, :, None] * WO_tile.astype(jnp.float32)[:, None]
                sum_3 = jnp.sum(mul_5, axis=4)
                mul_6 = tile_bf16_2.astype(jnp.float32)[:, :, None] * sum_3[:, :, :, :, None]
                sum_4 = jnp.sum(mul_6, axis=3)
                sub_2 = sum_4 - buffer_4_tile.transpose(0, 2, 1)[:, :, :, None]
                chosen_3 = jnp.where((t_index < t), 1 / buffer_3_tile.transpose(0, 2, 1), 0.0)
                mul_7 = (chosen_3[:, :, :, None] * tile_bf16_f32)[:, :, :, :, None] * (sub_2 * chosen_2)[:, :, :, None]
                tile_sum = jnp.sum(mul_7, axis=2)
                next_acc_t_g = acc_t_g + tile_sum
                mul_8 = (chosen_3[:, :, :, None] * sum_3)[:, :, :, :, None] * chosen_2[:, :, :, None]
                tile_sum_2 = jnp.sum(mul_8, axis=2)
                next_acc_t_g_2 = acc_t_g_2 + tile_sum_2
                return (next_acc_t_g, next_acc_t_g_2)

            acc_t_g, acc_t_g_2 = lax.fori_loop(0, -(-to_t // block_t), step_2, (acc_t_g, acc_t_g_2))
            to_t_2 = t // block_t * block_t

            def step_3(block, state):
                acc_t_g, acc_t_g_2 = state
                first_t = block * block_t
                buffer_3_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_t, block_t, 1)
                X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
                mul = (a * X_tile.astype(jnp.float32))[:, None, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 2, 0)[:, None]
                sum_ = jnp.sum(mul, axis=4)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, None, :, None]).astype(jnp.bfloat16)
                tile_bf16_f32 = tile_bf16_3.astype(jnp.float32)
                mul_2 = tile_bf16.astype(jnp.float32)[:, :, None] * tile_bf16_f32[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                sub = sum_2 * 0.125 - buffer_2_tile.transpose(0, 2, 1)[:, :, :, None]
                chosen = jnp.where((buffer_3_tile.transpose(0, 2, 1) > 0.0)[:, :, :, None], jnp.exp(sub), 0.0)
                buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_8_tile = lax.dynamic_slice_in_dim(buffer_8, first_t, block_t, 1)
                buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_t, block_t, 1)
                buffer_11_tile = lax.dynamic_slice_in_dim(buffer_11, first_t, block_t, 1)
                mul_3 = 0.001953125 * buffer_11_tile * buffer_6_tile
                mul_4 = (mul_3 * buffer_6_tile * buffer_6_tile)[:, :, None] * buffer_8_tile
                buffer_10_tile = lax.dynamic_slice_in_dim(buffer_10, first_t, block_t, 1)
                d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
                buffer_9_tile = lax.dynamic_slice_in_dim(buffer_9, first_t, block_t, 1)
                add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                sub_2 = add + buffer_10_tile - jnp.where(mul_4 == -jnp.inf, 0.0, mul_4)
                mul_5 = sub_2[:, None, :, None] * WO_tile.astype(jnp.float32)[:, None]
                sum_3 = jnp.sum(mul_5, axis=4)
                mul_6 = tile_bf16_2.astype(jnp.float32)[:, :, None] * sum_3[:, :, :, :, None]
                sum_4 = jnp.sum(mul_6, axis=3)
                sub_3 = sum_4 - buffer_4_tile.transpose(0, 2, 1)[:, :, :, None]
                recip = 1 / buffer_3_tile.transpose(0, 2, 1)
                mul_7 = (recip[:, :, :, None] * tile_bf16_f32)[:, :, :, :, None] * (sub_3 * chosen)[:, :, :, None]
                tile_sum = jnp.sum(mul_7, axis=2)
                next_acc_t_g = acc_t_g + tile_sum
                mul_8 = (recip[:, :, :, None] * sum_3)[:, :, :, :, None] * chosen[:, :, :, None]
                tile_sum_2 = jnp.sum(mul_8, axis=2)
                next_acc_t_g_2 = acc_t_g_2 + tile_sum_2
                return (next_acc_t_g, next_acc_t_g_2)

            acc_t_g, acc_t_g_2 = lax.fori_loop(
                from_t // block_t,
                -(-to_t_2 // block_t),
                step_3,
                (acc_t_g, acc_t_g_2),
            )
            from_t_2 = jnp.maximum(from_t, to_t_2)

            def step_4(block, state):
                acc_t_g, acc_t_g_2 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_t, block_t, 1)
                X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
                mul = (a * X_tile.astype(jnp.float32))[:, None, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 2, 0)[:, None]
                sum_ = jnp.sum(mul, axis=4)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, None, :, None]).astype(jnp.bfloat16)
                tile_bf16_f32 = tile_bf16_3.astype(jnp.float32)
                mul_2 = tile_bf16.astype(jnp.float32)[:, :, None] * tile_bf16_f32[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                chosen = jnp.where(x_index <= t_index[:, None], sum_2 * 0.125, -jnp.inf)
                equal = buffer_2_tile.transpose(0, 2, 1) == -jnp.inf
                safe_buffer_2 = jnp.where(equal, 0.0, buffer_2_tile.transpose(0, 2, 1))
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, None])
                buffer_3_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                chosen_2 = jnp.where((buffer_3_tile.transpose(0, 2, 1) > 0.0)[:, :, :, None], exp, 0.0)
                buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1), first_kv, block_kv, 2), g_index, 3, keepdims=True), (3,))
                buffer_8_tile = lax.dynamic_slice_in_dim(buffer_8, first_t, block_t, 1)
                buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_t, block_t, 1)
                buffer_11_tile = lax.dynamic_slice_in_dim(buffer_11, first_t, block_t, 1)
                mul_3 = 0.001953125 * buffer_11_tile * buffer_6_tile
                mul_4 = (mul_3 * buffer_6_tile * buffer_6_tile)[:, :, None] * buffer_8_tile
                buffer_10_tile = lax.dynamic_slice_in_dim(buffer_10, first_t, block_t, 1)
                d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
                buffer_9_tile = lax.dynamic_slice_in_dim(buffer_9, first_t, block_t, 1)
                add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                sub = add + buffer_10_tile - jnp.where(mul_4 == -jnp.inf, 0.0, mul_4)
                mul_5 = sub[:, None, :, None] * WO_tile.astype(jnp.float32)[:, None]
                sum_3 = jnp.sum(mul_5, axis=4)
                mul_6 = tile_bf16_2.astype(jnp.float32)[:, :, None] * sum_3[:, :, :, :, None]
                sum_4 = jnp.sum(mul_6, axis=3)
                sub_2 = sum_4 - buffer_4_tile.transpose(0, 2, 1)[:, :, :, None]
                chosen_3 = jnp.where((t_index < t), 1 / buffer_3_tile.transpose(0, 2, 1), 0.0)
                mul_7 = (chosen_3[:, :, :, None] * tile_bf16_f32)[:, :, :, :, None] * (sub_2 * chosen_2)[:, :, :, None]
                tile_sum = jnp.sum(mul_7, axis=2)
                next_acc_t_g = acc_t_g + tile_sum
                mul_8 = (chosen_3[:, :, :, None] * sum_3)[:, :, :, :, None] * chosen_2[:, :, :, None]
                tile_sum_2 = jnp.sum(mul_8, axis=2)
                next_acc_t_g_2 = acc_t_g_2 + tile_sum_2
                return (next_acc_t_g, next_acc_t_g_2)

            acc_t_g, acc_t_g_2 = lax.fori_loop(
                from_t_2 // block_t,
                -(-t // block_t),
                step_4,
                (acc_t_g, acc_t_g_2),
            )
            return (acc_t_g, acc_t_g_2)

        acc_t_g, acc_t_g_2 = lax.fori_loop(0, 2, step, (acc_t_g, acc_t_g_2))
        return acc_t_g, acc_t_g_2

    buffer_0_tiles, buffer_1_tiles = lax.map(program, jnp.arange(-(-2 // block_kv)))
    buffer_0_tiles = buffer_0_tiles.transpose(1, 0, 2, 3, 4)
    buffer_0_tiles = buffer_0_tiles.reshape(b, -(-2 // block_kv) * block_kv, 64, t)
    buffer_1_tiles = buffer_1_tiles.transpose(1, 0, 2, 3, 4)
    buffer_1_tiles = buffer_1_tiles.reshape(b, -(-2 // block_kv) * block_kv, 64, t)
    return buffer_0_tiles[:, :2], buffer_1_tiles[:, :2]


def _block_backward_d_WQ_d_WO(
    X, a, WQ, WO, d_out, state_2, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6,
    buffer_8, buffer_4, buffer_5, buffer_2, *, block_t=256, block_g=512,
):
    """block_backward_d_WQ_d_WO(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WO: bf16[kv g d width], d_out: bf16[b t width], state: f32[b kv d x], state_: f32[b x], state__: f32[b kv d x], buffer_3: f32[b t kv g], buffer_9: f32[b t width], buffer_10: f32[b t width], buffer_11: f32[b t], buffer_6: f32[b t], buffer_8: f32[b t width], buffer_4: f32[b t kv g], buffer_5: f32[b t], buffer_2: f32[b t kv g]) -> (bf16[width kv g d], bf16[kv g d width]), in blocks: memory does not grow with t."""
    X, WQ, WO, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WO, d_out))
    a, state_2, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_5, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (a, state_2, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_5, buffer_2))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    if buffer_3.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_3: f32[b t kv g] has shape {buffer_3.shape}, expected {(b, t, 2, 2)}")
    if buffer_9.shape != (b, t, 512):
        raise ValueError(f"buffer_9: f32[b t width] has shape {buffer_9.shape}, expected {(b, t, 512)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    if buffer_11.shape != (b, t):
        raise ValueError(f"buffer_11: f32[b t] has shape {buffer_11.shape}, expected {(b, t)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_4: f32[b t kv g] has shape {buffer_4.shape}, expected {(b, t, 2, 2)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    block_t = min(block_t, max(t, 1))
    block_g = min(block_g, max(2, 1))
    WQ = jnp.pad(WQ, ((0, 0), (0, 0), (0, max(-2 % block_g, block_g - 2)), (0, 0)))
    WO = jnp.pad(WO, ((0, 0), (0, max(-2 % block_g, block_g - 2)), (0, 0), (0, 0)))
    buffer_5 = jnp.pad(buffer_5, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_2 = jnp.pad(buffer_2, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, max(-2 % block_g, block_g - 2))))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, max(-2 % block_g, block_g - 2))))
    buffer_8 = jnp.pad(buffer_8, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_11 = jnp.pad(buffer_11, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_10 = jnp.pad(buffer_10, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_9 = jnp.pad(buffer_9, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, max(-2 % block_g, block_g - 2))))

    def program(tile):
        x_index = jnp.arange(t)
        first_g = tile * block_g
        acc_t_b = jnp.full((2, block_g, 512, 64), 0.0, jnp.float32)
        acc_t_b_2 = jnp.full((2, block_g, 512, 64), 0.0, jnp.float32)
        WQ_tile = lax.dynamic_slice_in_dim(WQ, first_g, block_g, 2)
        WO_tile = lax.dynamic_slice_in_dim(WO, first_g, block_g, 1)

        def step(b_index, state):
            acc_t_b, acc_t_b_2 = state
            state__tile = jnp.squeeze(lax.dynamic_index_in_dim(state_, b_index, 0, keepdims=True), (0,))
            rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)
            state_tile = jnp.squeeze(lax.dynamic_index_in_dim(state_2, b_index, 0, keepdims=True), (0,))
            tile_bf16 = (state_tile * rsqrt).astype(jnp.bfloat16)
            state___tile = jnp.squeeze(lax.dynamic_index_in_dim(state__, b_index, 0, keepdims=True), (0,))
            tile_bf16_2 = (state___tile * rsqrt).astype(jnp.bfloat16)
            to_t = t // block_t * block_t

            def step_2(block, state):
                acc_t_b, acc_t_b_2 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_5_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_5, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_2_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_2, b_index, 0, keepdims=True), first_t, block_t, 1), first_g, block_g, 3), (0,))
                X_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(X, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                X_f32 = X_tile.astype(jnp.float32)
                mul = (a * X_f32)[:, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 2, 0, 3)[:, :, None]
                sum_ = jnp.sum(mul, axis=3)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, None]).astype(jnp.bfloat16)
                tile_bf16_f32 = tile_bf16.astype(jnp.float32)
                mul_2 = tile_bf16_f32[:, None, None] * tile_bf16_3.astype(jnp.float32)[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                chosen = jnp.where(x_index <= t_index[:, None], sum_2 * 0.125, -jnp.inf)
                equal = buffer_2_tile.transpose(1, 2, 0) == -jnp.inf
                safe_buffer_2 = jnp.where(equal, 0.0, buffer_2_tile.transpose(1, 2, 0))
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, None])
                buffer_4_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_4, b_index, 0, keepdims=True), first_t, block_t, 1), first_g, block_g, 3), (0,))
                buffer_8_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_6_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_11_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_11, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                mul_3 = 0.001953125 * buffer_11_tile * buffer_6_tile
                mul_4 = (mul_3 * buffer_6_tile * buffer_6_tile)[:, None] * buffer_8_tile
                buffer_10_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_10, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_9_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_9, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                sub = add + buffer_10_tile - jnp.where(mul_4 == -jnp.inf, 0.0, mul_4)
                mul_5 = sub[:, :, None] * WO_tile.astype(jnp.float32).transpose(0, 1, 3, 2)[:, :, None]
                sum_3 = jnp.sum(mul_5, axis=3)
                tile_bf16_f32_2 = tile_bf16_2.astype(jnp.float32)
                mul_6 = tile_bf16_f32_2[:, None, None] * sum_3[:, :, :, :, None]
                sum_4 = jnp.sum(mul_6, axis=3)
                sub_2 = sum_4 - buffer_4_tile.transpose(1, 2, 0)[:, :, :, None]
                mul_7 = tile_bf16_f32[:, None, None] * (sub_2 * exp)[:, :, :, None]
                sum_5 = jnp.sum(mul_7, axis=4)
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_3, b_index, 0, keepdims=True), first_t, block_t, 1), first_g, block_g, 3), (0,))
                gt = buffer_3_tile.transpose(1, 2, 0) > 0.0
                recip = 1 / buffer_3_tile.transpose(1, 2, 0)
                mul_8 = (buffer_5_tile * recip)[:, :, :, None] * X_f32
                mul_9 = mul_8[:, :, :, :, None] * jnp.where(gt[:, :, :, None], sum_5, 0.0)[:, :, :, None]
                tile_sum = jnp.sum(mul_9, axis=2)
                next_acc_t_b = acc_t_b + tile_sum
                mul_10 = tile_bf16_f32_2[:, None, None] * exp[:, :, :, None]
                sum_6 = jnp.sum(mul_10, axis=4)
                chosen_2 = jnp.where(gt[:, :, :, None], recip[:, :, :, None] * sum_6, 0.0)
                tile_bf16_f32_3 = chosen_2.astype(jnp.bfloat16).astype(jnp.float32)
                mul_11 = sub[:, :, None] * tile_bf16_f32_3[:, :, :, None]
                tile_sum_2 = jnp.sum(mul_11, axis=2)
                next_acc_t_b_2 = acc_t_b_2 + tile_sum_2
                return (next_acc_t_b, next_acc_t_b_2)

            acc_t_b, acc_t_b_2 = lax.fori_loop(0, -(-to_t // block_t), step_2, (acc_t_b, acc_t_b_2))
            from_t = jnp.maximum(0, to_t)

            def step_3(block, state):
                acc_t_b, acc_t_b_2 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_5_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_5, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_2_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_2, b_index, 0, keepdims=True), first_t, block_t, 1), first_g, block_g, 3), (0,))
                X_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(X, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                X_f32 = X_tile.astype(jnp.float32)
                mul = (a * X_f32)[:, :, None] * WQ_tile.astype(jnp.float32).transpose(1, 2, 0, 3)[:, :, None]
                sum_ = jnp.sum(mul, axis=3)
                tile_bf16_3 = (sum_ * buffer_5_tile[:, None]).astype(jnp.bfloat16)
                tile_bf16_f32 = tile_bf16.astype(jnp.float32)
                mul_2 = tile_bf16_f32[:, None, None] * tile_bf16_3.astype(jnp.float32)[:, :, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                chosen = jnp.where(x_index <= t_index[:, None], sum_2 * 0.125, -jnp.inf)
                equal = buffer_2_tile.transpose(1, 2, 0) == -jnp.inf
                safe_buffer_2 = jnp.where(equal, 0.0, buffer_2_tile.transpose(1, 2, 0))
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, None])
                buffer_4_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_4, b_index, 0, keepdims=True), first_t, block_t, 1), first_g, block_g, 3), (0,))
                buffer_8_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_6_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_11_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_11, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                mul_3 = 0.001953125 * buffer_11_tile * buffer_6_tile
                mul_4 = (mul_3 * buffer_6_tile * buffer_6_tile)[:, None] * buffer_8_tile
                buffer_10_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_10, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_9_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_9, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                sub = add + buffer_10_tile - jnp.where(mul_4 == -jnp.inf, 0.0, mul_4)
                mul_5 = sub[:, :, None] * WO_tile.astype(jnp.float32).transpose(0, 1, 3, 2)[:, :, None]
                sum_3 = jnp.sum(mul_5, axis=3)
                tile_bf16_f32_2 = tile_bf16_2.astype(jnp.float32)
                mul_6 = tile_bf16_f32_2[:, None, None] * sum_3[:, :, :, :, None]
                sum_4 = jnp.sum(mul_6, axis=3)
                sub_2 = sum_4 - buffer_4_tile.transpose(1, 2, 0)[:, :, :, None]
                mul_7 = tile_bf16_f32[:, None, None] * (sub_2 * exp)[:, :, :, None]
                sum_5 = jnp.sum(mul_7, axis=4)
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_3, b_index, 0, keepdims=True), first_t, block_t, 1), first_g, block_g, 3), (0,))
                gt = buffer_3_tile.transpose(1, 2, 0) > 0.0
                chosen_2 = jnp.where((t_index < t), 1 / buffer_3_tile.transpose(1, 2, 0), 0.0)
                mul_8 = (buffer_5_tile * chosen_2)[:, :, :, None] * X_f32
                mul_9 = mul_8[:, :, :, :, None] * jnp.where(gt[:, :, :, None], sum_5, 0.0)[:, :, :, None]
                tile_sum = jnp.sum(mul_9, axis=2)
                next_acc_t_b = acc_t_b + tile_sum
                mul_10 = tile_bf16_f32_2[:, None, None] * exp[:, :, :, None]
                sum_6 = jnp.sum(mul_10, axis=4)
                chosen_3 = jnp.where(gt[:, :, :, None], chosen_2[:, :, :, None] * sum_6, 0.0)
                tile_bf16_f32_3 = chosen_3.astype(jnp.bfloat16).astype(jnp.float32)
                mul_11 = sub[:, :, None] * tile_bf16_f32_3[:, :, :, None]
                tile_sum_2 = jnp.sum(mul_11, axis=2)
                next_acc_t_b_2 = acc_t_b_2 + tile_sum_2
                return (next_acc_t_b, next_acc_t_b_2)

            acc_t_b, acc_t_b_2 = lax.fori_loop(
                from_t // block_t,
                -(-t // block_t),
                step_3,
                (acc_t_b, acc_t_b_2),
            )
            return (acc_t_b, acc_t_b_2)

        acc_t_b, acc_t_b_2 = lax.fori_loop(0, b, step, (acc_t_b, acc_t_b_2))
        tile_bf16 = ((0.125 * a)[:, None] * acc_t_b).astype(jnp.bfloat16)
        return tile_bf16.transpose(2, 0, 1, 3), acc_t_b_2.astype(jnp.bfloat16).transpose(0, 1, 3, 2)

    d_WQ_tiles, d_WO_tiles = lax.map(program, jnp.arange(-(-2 // block_g)))
    d_WQ_tiles = d_WQ_tiles.transpose(1, 2, 0, 3, 4)
    d_WQ_tiles = d_WQ_tiles.reshape(512, 2, -(-2 // block_g) * block_g, 64)
    d_WO_tiles = d_WO_tiles.transpose(1, 0, 2, 3, 4)
    d_WO_tiles = d_WO_tiles.reshape(2, -(-2 // block_g) * block_g, 64, 512)
    return d_WQ_tiles[:, :, :2], d_WO_tiles[:, :2]


def _block_backward_d_X(
    X, a, WQ, WK, WV, WO, d_out, state_2, state_, state__, buffer_0, buffer_5, buffer_9, buffer_3, buffer_10,
    buffer_11, buffer_6, buffer_8, buffer_4, buffer_2, buffer_1, *, block_kv=256, block_g=256, block_t=512,
):
    """block_backward_d_X(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], WO: bf16[kv g d width], d_out: bf16[b t width], state: f32[b kv d x], state_: f32[b x], state__: f32[b kv d x], buffer_0: f32[b kv d x], buffer_5: f32[b t], buffer_9: f32[b t width], buffer_3: f32[b t kv g], buffer_10: f32[b t width], buffer_11: f32[b t], buffer_6: f32[b t], buffer_8: f32[b t width], buffer_4: f32[b t kv g], buffer_2: f32[b t kv g], buffer_1: f32[b kv d x]) -> bf16[b t width], in blocks: memory does not grow with kv and g."""
    X, WQ, WK, WV, WO, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WK, WV, WO, d_out))
    a, state_2, state_, state__, buffer_0, buffer_5, buffer_9, buffer_3, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_2, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (a, state_2, state_, state__, buffer_0, buffer_5, buffer_9, buffer_3, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_2, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_9.shape != (b, t, 512):
        raise ValueError(f"buffer_9: f32[b t width] has shape {buffer_9.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_3: f32[b t kv g] has shape {buffer_3.shape}, expected {(b, t, 2, 2)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    if buffer_11.shape != (b, t):
        raise ValueError(f"buffer_11: f32[b t] has shape {buffer_11.shape}, expected {(b, t)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_4: f32[b t kv g] has shape {buffer_4.shape}, expected {(b, t, 2, 2)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    block_kv = min(block_kv, max(2, 1))
    block_g = min(block_g, max(2, 1))
    block_t = min(block_t, max(t, 1))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    WK = jnp.pad(WK, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    WV = jnp.pad(WV, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0)))
    buffer_1 = jnp.pad(buffer_1, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    buffer_5 = jnp.pad(buffer_5, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_8 = jnp.pad(buffer_8, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_11 = jnp.pad(buffer_11, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_10 = jnp.pad(buffer_10, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_9 = jnp.pad(buffer_9, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    state__ = jnp.pad(state__, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, 0), (0, 0)))
    buffer_2 = jnp.pad(buffer_2, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-2 % block_kv, block_kv - 2)), (0, max(-2 % block_g, block_g - 2))))
    WQ = jnp.pad(WQ, ((0, 0), (0, max(-2 % block_kv, block_kv - 2)), (0, max(-2 % block_g, block_g - 2)), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-2 % block_kv, block_kv - 2)), (0, max(-2 % block_g, block_g - 2))))
    WO = jnp.pad(WO, ((0, max(-2 % block_kv, block_kv - 2)), (0, max(-2 % block_g, block_g - 2)), (0, 0), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-2 % block_kv, block_kv - 2)), (0, max(-2 % block_g, block_g - 2))))

    def program(tile):
        width_index = jnp.arange(512)
        d_index = jnp.arange(64)
        x_index = jnp.arange(t)
        b_index = jnp.arange(b)
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        acc_kv_d = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        acc_kv_d_2 = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        acc_kv_d_3 = jnp.full((b, block_t), 0.0, jnp.float32)
        acc_kv_d_4 = jnp.full((b, block_t), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        to_kv = (2) // block_kv * block_kv

        def step(block, state):
            acc_kv_d, acc_kv_d_2, acc_kv_d_3, acc_kv_d_4 = state
            first_kv = block * block_kv
            kv_index = first_kv + jnp.arange(block_kv)
            WK_tile = lax.dynamic_slice_in_dim(WK, first_kv, block_kv, 1)
            buffer_0_tile = buffer_0.at[(b_index)[:, None, None, None], (kv_index)[:, None, None], (d_index)[:, None], (t_index)].get(mode="fill", fill_value=0.0)
            WK_f32 = WK_tile.astype(jnp.float32)
            mul = buffer_0_tile.transpose(0, 3, 1, 2)[:, :, :, None] * WK_f32.transpose(1, 0, 2)
            tile_sum = jnp.sum(mul, axis=(2, 4))
            next_acc_kv_d = acc_kv_d + tile_sum
            WV_tile = lax.dynamic_slice_in_dim(WV, first_kv, block_kv, 1)
            buffer_1_tile = buffer_1.at[(b_index)[:, None, None, None], (kv_index)[:, None, None], (d_index)[:, None], (t_index)].get(mode="fill", fill_value=0.0)
            WV_f32 = WV_tile.astype(jnp.float32)
            mul_2 = buffer_1_tile.transpose(0, 3, 1, 2)[:, :, :, None] * WV_f32.transpose(1, 0, 2)
            tile_sum_2 = jnp.sum(mul_2, axis=(2, 4))
            next_acc_kv_d_2 = acc_kv_d_2 + tile_sum_2
            X_f32 = X_tile.astype(jnp.float32)
            mul_3 = (a * X_f32)[:, :, None, :, None] * WK_f32.transpose(1, 0, 2)
            sum_ = jnp.sum(mul_3, axis=3)
            mul_4 = sum_ * buffer_0_tile.transpose(0, 3, 1, 2)
            tile_sum_3 = jnp.sum(mul_4, axis=(2, 3))
            next_acc_kv_d_3 = acc_kv_d_3 + tile_sum_3
            mul_5 = (a * X_f32)[:, :, None, :, None] * WV_f32.transpose(1, 0, 2)
            sum_2 = jnp.sum(mul_5, axis=3)
            mul_6 = sum_2 * buffer_1_tile.transpose(0, 3, 1, 2)
            tile_sum_4 = jnp.sum(mul_6, axis=(2, 3))
            next_acc_kv_d_4 = acc_kv_d_4 + tile_sum_4
            return (next_acc_kv_d, next_acc_kv_d_2, next_acc_kv_d_3, next_acc_kv_d_4)

        acc_kv_d, acc_kv_d_2, acc_kv_d_3, acc_kv_d_4 = lax.fori_loop(
            0,
            -(-to_kv // block_kv),
            step,
            (acc_kv_d, acc_kv_d_2, acc_kv_d_3, acc_kv_d_4),
        )
        from_kv = jnp.maximum(0, to_kv)

        def step_2(block, state):
            acc_kv_d, acc_kv_d_2, acc_kv_d_3, acc_kv_d_4 = state
            first_kv = block * block_kv
            kv_index = first_kv + jnp.arange(block_kv)
            WK_tile = lax.dynamic_slice_in_dim(WK, first_kv, block_kv, 1)
            buffer_0_tile = buffer_0.at[(b_index)[:, None, None, None], (kv_index)[:, None, None], (d_index)[:, None], (t_index)].get(mode="fill", fill_value=0.0)
            WK_f32 = WK_tile.astype(jnp.float32)
            mul = buffer_0_tile.transpose(0, 3, 1, 2)[:, :, :, None] * WK_f32.transpose(1, 0, 2)
            tile_sum = jnp.sum(mul, axis=(2, 4))
            next_acc_kv_d = acc_kv_d + tile_sum
            WV_tile = lax.dynamic_slice_in_dim(WV, first_kv, block_kv, 1)
            buffer_1_tile = buffer_1.at[(b_index)[:, None, None, None], (kv_index)[:, None, None], (d_index)[:, None], (t_index)].get(mode="fill", fill_value=0.0)
            WV_f32 = WV_tile.astype(jnp.float32)
            mul_2 = buffer_1_tile.transpose(0, 3, 1, 2)[:, :, :, None] * WV_f32.transpose(1, 0, 2)
            tile_sum_2 = jnp.sum(mul_2, axis=(2, 4))
            next_acc_kv_d_2 = acc_kv_d_2 + tile_sum_2
            X_f32 = X_tile.astype(jnp.float32)
            mul_3 = (a * X_f32)[:, :, None, :, None] * WK_f32.transpose(1, 0, 2)
            sum_ = jnp.sum(mul_3, axis=3)
            mul_4 = sum_ * buffer_0_tile.transpose(0, 3, 1, 2)
            tile_sum_3 = jnp.sum(mul_4, axis=(2, 3))
            next_acc_kv_d_3 = acc_kv_d_3 + tile_sum_3
            mul_5 = (a * X_f32)[:, :, None, :, None] * WV_f32.transpose(1, 0, 2)
            sum_2 = jnp.sum(mul_5, axis=3)
            mul_6 = sum_2 * buffer_1_tile.transpose(0, 3, 1, 2)
            tile_sum_4 = jnp.sum(mul_6, axis=(2, 3))
            next_acc_kv_d_4 = acc_kv_d_4 + tile_sum_4
            return (next_acc_kv_d, next_acc_kv_d_2, next_acc_kv_d_3, next_acc_kv_d_4)

        acc_kv_d, acc_kv_d_2, acc_kv_d_3, acc_kv_d_4 = lax.fori_loop(
            from_kv // block_kv,
            -(-2 // block_kv),
            step_2,
            (acc_kv_d, acc_kv_d_2, acc_kv_d_3, acc_kv_d_4),
        )
        acc_kv_g_d = jnp.full((b, block_t, 512), 0.0, jnp.float32)
        sum_kv_g_d = jnp.full((b, block_t), 0.0, jnp.float32)
        buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_t, block_t, 1)
        rsqrt = lax.rsqrt(1e-05 + state_ * 0.001953125)
        le = x_index <= t_index[:, None]
        buffer_8_tile = lax.dynamic_slice_in_dim(buffer_8, first_t, block_t, 1)
        buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_t, block_t, 1)
        buffer_11_tile = lax.dynamic_slice_in_dim(buffer_11, first_t, block_t, 1)
        mul = 0.001953125 * buffer_11_tile * buffer_6_tile
        mul_2 = (mul * buffer_6_tile * buffer_6_tile)[:, :, None] * buffer_8_tile
        buffer_10_tile = lax.dynamic_slice_in_dim(buffer_10, first_t, block_t, 1)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
        buffer_9_tile = lax.dynamic_slice_in_dim(buffer_9, first_t, block_t, 1)
        d_out_f32 = d_out_tile.astype(jnp.float32)
        add = buffer_9_tile + d_out_f32 + buffer_10_tile
        sub = add - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)

        def step_3(block, state):
            acc_kv_g_d, sum_kv_g_d = state
            first_kv = block * block_kv
            state_tile = lax.dynamic_slice_in_dim(state_2, first_kv, block_kv, 1)
            tile_bf16 = (state_tile * rsqrt[:, None, None]).astype(jnp.bfloat16)
            state___tile = lax.dynamic_slice_in_dim(state__, first_kv, block_kv, 1)
            tile_bf16_2 = (state___tile * rsqrt[:, None, None]).astype(jnp.bfloat16)
            to_g = (2) // block_g * block_g

            def step_4(block, state):
                acc_kv_g_d, sum_kv_g_d = state
                first_g = block * block_g
                buffer_2_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), first_kv, block_kv, 2), first_g, block_g, 3)
                WQ_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(WQ, first_kv, block_kv, 1), first_g, block_g, 2)
                WQ_f32 = WQ_tile.astype(jnp.float32)
                mul_3 = (a * X_tile.astype(jnp.float32))[:, :, None, None, :, None] * WQ_f32.transpose(1, 2, 0, 3)
                sum_ = jnp.sum(mul_3, axis=4)
                mul_4 = sum_ * buffer_5_tile[:, :, None, None, None]
                tile_bf16_f32 = tile_bf16.astype(jnp.float32)
                tile_bf16_f32_2 = mul_4.astype(jnp.bfloat16).astype(jnp.float32)
                mul_5 = tile_bf16_f32[:, None, :, None] * tile_bf16_f32_2[:, :, :, :, :, None]
                sum_2 = jnp.sum(mul_5, axis=4)
                chosen = jnp.where(le[:, None, None], sum_2 * 0.125, -jnp.inf)
                safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, :, None])
                buffer_4_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1), first_kv, block_kv, 2), first_g, block_g, 3)
                WO_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(WO, first_kv, block_kv, 0), first_g, block_g, 1)
                mul_6 = sub[:, :, None, None, :, None] * WO_tile.astype(jnp.float32).transpose(0, 1, 3, 2)
                sum_3 = jnp.sum(mul_6, axis=4)
                mul_7 = tile_bf16_2.astype(jnp.float32)[:, None, :, None] * sum_3[:, :, :, :, :, None]
                sum_4 = jnp.sum(mul_7, axis=4)
                mul_8 = (sum_4 - buffer_4_tile[:, :, :, :, None]) * exp
                mul_9 = tile_bf16_f32[:, None, :, None] * mul_8[:, :, :, :, None]
                sum_5 = jnp.sum(mul_9, axis=5)
                buffer_3_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), first_kv, block_kv, 2), first_g, block_g, 3)
                gt = buffer_3_tile > 0.0
                chosen_2 = jnp.where(gt[:, :, :, :, None], sum_5, 0.0)
                recip = 1 / buffer_3_tile
                mul_10 = recip[:, :, :, :, None, None] * WQ_f32.transpose(1, 2, 0, 3)
                mul_11 = mul_10 * chosen_2[:, :, :, :, None]
                tile_sum = jnp.sum(mul_11, axis=(2, 3, 5))
                next_acc_kv_g_d = acc_kv_g_d + tile_sum
                chosen_3 = jnp.where(gt[:, :, :, :, None], recip[:, :, :, :, None] * sum_ * sum_5, 0.0)
                tile_sum_2 = jnp.sum(chosen_3, axis=(2, 3, 4))
                next_sum_kv_g_d = sum_kv_g_d + tile_sum_2
                return (next_acc_kv_g_d, next_sum_kv_g_d)

            acc_kv_g_d, sum_kv_g_d = lax.fori_loop(0, -(-to_g // block_g), step_4, (acc_kv_g_d, sum_kv_g_d))
            from_g = jnp.maximum(0, to_g)

            def step_5(block, state):
                acc_kv_g_d, sum_kv_g_d = state
                first_g = block * block_g
                g_index = first_g + jnp.arange(block_g)
                buffer_2_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_t, block_t, 1), first_kv, block_kv, 2), first_g, block_g, 3)
                WQ_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(WQ, first_kv, block_kv, 1), first_g, block_g, 2)
                WQ_f32 = WQ_tile.astype(jnp.float32)
                mul_3 = (a * X_tile.astype(jnp.float32))[:, :, None, None, :, None] * WQ_f32.transpose(1, 2, 0, 3)
                sum_ = jnp.sum(mul_3, axis=4)
                mul_4 = sum_ * buffer_5_tile[:, :, None, None, None]
                tile_bf16_f32 = tile_bf16.astype(jnp.float32)
                tile_bf16_f32_2 = mul_4.astype(jnp.bfloat16).astype(jnp.float32)
                mul_5 = tile_bf16_f32[:, None, :, None] * tile_bf16_f32_2[:, :, :, :, :, None]
                sum_2 = jnp.sum(mul_5, axis=4)
                chosen = jnp.where(le[:, None, None], sum_2 * 0.125, -jnp.inf)
                safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
                exp = jnp.exp(chosen - safe_buffer_2[:, :, :, :, None])
                buffer_4_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1), first_kv, block_kv, 2), first_g, block_g, 3)
                WO_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(WO, first_kv, block_kv, 0), first_g, block_g, 1)
                mul_6 = sub[:, :, None, None, :, None] * WO_tile.astype(jnp.float32).transpose(0, 1, 3, 2)
                sum_3 = jnp.sum(mul_6, axis=4)
                mul_7 = tile_bf16_2.astype(jnp.float32)[:, None, :, None] * sum_3[:, :, :, :, :, None]
                sum_4 = jnp.sum(mul_7, axis=4)
                mul_8 = (sum_4 - buffer_4_tile[:, :, :, :, None]) * exp
                mul_9 = tile_bf16_f32[:, None, :, None] * mul_8[:, :, :, :, None]
                sum_5 = jnp.sum(mul_9, axis=5)
                buffer_3_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1), first_kv, block_kv, 2), first_g, block_g, 3)
                gt = buffer_3_tile > 0.0
                chosen_2 = jnp.where(gt[:, :, :, :, None], sum_5, 0.0)
                chosen_3 = jnp.where((g_index < 2), 1 / buffer_3_tile, 0.0)
                mul_10 = chosen_3[:, :, :, :, None, None] * WQ_f32.transpose(1, 2, 0, 3)
                mul_11 = mul_10 * chosen_2[:, :, :, :, None]
                tile_sum = jnp.sum(mul_11, axis=(2, 3, 5))
                next_acc_kv_g_d = acc_kv_g_d + tile_sum
                mul_12 = chosen_3[:, :, :, :, None] * sum_ * sum_5
                chosen_4 = jnp.where(gt[:, :, :, :, None], mul_12, 0.0)
                tile_sum_2 = jnp.sum(chosen_4, axis=(2, 3, 4))
                next_sum_kv_g_d = sum_kv_g_d + tile_sum_2
                return (next_acc_kv_g_d, next_sum_kv_g_d)

            acc_kv_g_d, sum_kv_g_d = lax.fori_loop(
                from_g // block_g,
                -(-2 // block_g),
                step_5,
                (acc_kv_g_d, sum_kv_g_d),
            )
            return (acc_kv_g_d, sum_kv_g_d)

        acc_kv_g_d, sum_kv_g_d = lax.fori_loop(0, -(-2 // block_kv), step_3, (acc_kv_g_d, sum_kv_g_d))
        X_f32 = X_tile.astype(jnp.float32)
        mul_3 = 0.000244140625 * sum_kv_g_d * buffer_5_tile
        mul_4 = (mul_3 * buffer_5_tile * buffer_5_tile)[:, :, None] * X_f32
        mul_5 = 0.001953125 * buffer_5_tile * buffer_5_tile
        mul_6 = mul_5 * buffer_5_tile * (0.125 * acc_kv_d_3 + acc_kv_d_4)
        add_2 = mul_6[:, :, None] * X_f32 + mul_2 + mul_4
        mul_7 = a * buffer_5_tile[:, :, None] * acc_kv_d_2
        mul_8 = 0.125 * a * buffer_5_tile[:, :, None] * acc_kv_g_d
        mul_9 = 0.125 * a * buffer_5_tile[:, :, None] * acc_kv_d
        add_3 = mul_9 + buffer_9_tile + mul_8 + d_out_f32
        sub_2 = add_3 + mul_7 + buffer_10_tile - jnp.where(add_2 == -jnp.inf, 0.0, add_2)
        return sub_2.astype(jnp.bfloat16)

    d_X_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    d_X_tiles = d_X_tiles.transpose(1, 0, 2, 3)
    d_X_tiles = d_X_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return d_X_tiles[:, :t]


def _block_backward_d_a(
    X, a, WQ, WK, WV, WO, d_out, state_2, state_, state__, buffer_0, buffer_3, buffer_9, buffer_10, buffer_11,
    buffer_6, buffer_8, buffer_4, buffer_5, buffer_2, buffer_1, *, block_b=256, block_t=256,
):
    """block_backward_d_a(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], WO: bf16[kv g d width], d_out: bf16[b t width], state: f32[b kv d x], state_: f32[b x], state__: f32[b kv d x], buffer_0: f32[b kv d x], buffer_3: f32[b t kv g], buffer_9: f32[b t width], buffer_10: f32[b t width], buffer_11: f32[b t], buffer_6: f32[b t], buffer_8: f32[b t width], buffer_4: f32[b t kv g], buffer_5: f32[b t], buffer_2: f32[b t kv g], buffer_1: f32[b kv d x]) -> f32[width], in blocks: memory does not grow with b and t."""
    X, WQ, WK, WV, WO, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WK, WV, WO, d_out))
    a, state_2, state_, state__, buffer_0, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_5, buffer_2, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (a, state_2, state_, state__, buffer_0, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_5, buffer_2, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state_2.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state_2.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, 2, 64, t):
        raise ValueError(f"state__: f32[b kv d x] has shape {state__.shape}, expected {(b, 2, 64, t)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    if buffer_3.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_3: f32[b t kv g] has shape {buffer_3.shape}, expected {(b, t, 2, 2)}")
    if buffer_9.shape != (b, t, 512):
        raise ValueError(f"buffer_9: f32[b t width] has shape {buffer_9.shape}, expected {(b, t, 512)}")
    if buffer_10.shape != (b, t, 512):
        raise ValueError(f"buffer_10: f32[b t width] has shape {buffer_10.shape}, expected {(b, t, 512)}")
    if buffer_11.shape != (b, t):
        raise ValueError(f"buffer_11: f32[b t] has shape {buffer_11.shape}, expected {(b, t)}")
    if buffer_6.shape != (b, t):
        raise ValueError(f"buffer_6: f32[b t] has shape {buffer_6.shape}, expected {(b, t)}")
    if buffer_8.shape != (b, t, 512):
        raise ValueError(f"buffer_8: f32[b t width] has shape {buffer_8.shape}, expected {(b, t, 512)}")
    if buffer_4.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_4: f32[b t kv g] has shape {buffer_4.shape}, expected {(b, t, 2, 2)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    block_b = min(block_b, max(b, 1))
    block_t = min(block_t, max(t, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0), (0, 0)))
    state_ = jnp.pad(state_, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_1 = jnp.pad(buffer_1, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0), (0, 0)))
    state__ = jnp.pad(state__, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0)))
    buffer_5 = jnp.pad(buffer_5, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t))))
    buffer_2 = jnp.pad(buffer_2, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0)))
    buffer_8 = jnp.pad(buffer_8, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t))))
    buffer_11 = jnp.pad(buffer_11, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t))))
    buffer_10 = jnp.pad(buffer_10, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_9 = jnp.pad(buffer_9, ((0, max(-b % block_b, block_b - b)), (0, max(-t % block_t, block_t - t)), (0, 0)))
    width_index = jnp.arange(512)
    x_index = jnp.arange(t)
    d_index = jnp.arange(64)
    acc_b_x_kv_d = jnp.full((512,), 0.0, jnp.float32)
    acc_b_x_kv_d_2 = jnp.full((512,), 0.0, jnp.float32)

    def step(kv_index, state):
        acc_b_x_kv_d, acc_b_x_kv_d_2 = state
        WK_tile = jnp.squeeze(lax.dynamic_index_in_dim(WK, kv_index, 1, keepdims=True), (1,))
        WV_tile = jnp.squeeze(lax.dynamic_index_in_dim(WV, kv_index, 1, keepdims=True), (1,))
        to_b = b // block_b * block_b

        def step_2(block, state):
            acc_b_x_kv_d, acc_b_x_kv_d_2 = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_b, block_b, 0), kv_index, 1, keepdims=True), (1,))
            state__tile = lax.dynamic_slice_in_dim(state_, first_b, block_b, 0)
            rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)
            X_tile = X.at[(b_index)[:, None, None], (x_index)[:, None], (width_index)].get(mode="fill", fill_value=0.0)
            X_f32 = X_tile.astype(jnp.float32)
            mul = rsqrt[:, None, :, None] * WK_tile.astype(jnp.float32)[:, None]
            mul_2 = mul * X_f32.transpose(0, 2, 1)[:, :, :, None]
            mul_3 = mul_2 * buffer_0_tile.transpose(0, 2, 1)[:, None]
            tile_sum = jnp.sum(mul_3, axis=(0, 2, 3))
            next_acc_b_x_kv_d = acc_b_x_kv_d + tile_sum
            buffer_1_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_1, first_b, block_b, 0), kv_index, 1, keepdims=True), (1,))
            mul_4 = rsqrt[:, None, :, None] * WV_tile.astype(jnp.float32)[:, None]
            mul_5 = mul_4 * X_f32.transpose(0, 2, 1)[:, :, :, None]
            mul_6 = mul_5 * buffer_1_tile.transpose(0, 2, 1)[:, None]
            tile_sum_2 = jnp.sum(mul_6, axis=(0, 2, 3))
            next_acc_b_x_kv_d_2 = acc_b_x_kv_d_2 + tile_sum_2
            return (next_acc_b_x_kv_d, next_acc_b_x_kv_d_2)

        acc_b_x_kv_d, acc_b_x_kv_d_2 = lax.fori_loop(
            0,
            -(-to_b // block_b),
            step_2,
            (acc_b_x_kv_d, acc_b_x_kv_d_2),
        )
        from_b = jnp.maximum(0, to_b)

        def step_3(block, state):
            acc_b_x_kv_d, acc_b_x_kv_d_2 = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_b, block_b, 0), kv_index, 1, keepdims=True), (1,))
            state__tile = lax.dynamic_slice_in_dim(state_, first_b, block_b, 0)
            rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)
            X_tile = X.at[(b_index)[:, None, None], (x_index)[:, None], (width_index)].get(mode="fill", fill_value=0.0)
            X_f32 = X_tile.astype(jnp.float32)
            mul = rsqrt[:, None, :, None] * WK_tile.astype(jnp.float32)[:, None]
            mul_2 = mul * X_f32.transpose(0, 2, 1)[:, :, :, None]
            mul_3 = mul_2 * buffer_0_tile.transpose(0, 2, 1)[:, None]
            tile_sum = jnp.sum(mul_3, axis=(0, 2, 3))
            next_acc_b_x_kv_d = acc_b_x_kv_d + tile_sum
            buffer_1_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_1, first_b, block_b, 0), kv_index, 1, keepdims=True), (1,))
            mul_4 = rsqrt[:, None, :, None] * WV_tile.astype(jnp.float32)[:, None]
            mul_5 = mul_4 * X_f32.transpose(0, 2, 1)[:, :, :, None]
            mul_6 = mul_5 * buffer_1_tile.transpose(0, 2, 1)[:, None]
            tile_sum_2 = jnp.sum(mul_6, axis=(0, 2, 3))
            next_acc_b_x_kv_d_2 = acc_b_x_kv_d_2 + tile_sum_2
            return (next_acc_b_x_kv_d, next_acc_b_x_kv_d_2)

        acc_b_x_kv_d, acc_b_x_kv_d_2 = lax.fori_loop(
            from_b // block_b,
            -(-b // block_b),
            step_3,
            (acc_b_x_kv_d, acc_b_x_kv_d_2),
        )
        return (acc_b_x_kv_d, acc_b_x_kv_d_2)

    acc_b_x_kv_d, acc_b_x_kv_d_2 = lax.fori_loop(0, 2, step, (acc_b_x_kv_d, acc_b_x_kv_d_2))
    sum_t_b_kv_g_d = jnp.full((512,), 0.0, jnp.float32)

    def step_2(block, state):
        (sum_t_b_kv_g_d,) = state
        first_b = block * block_b
        state__tile = lax.dynamic_slice_in_dim(state_, first_b, block_b, 0)
        rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)

        def step_3(kv_index_2, state):
            (sum_t_b_kv_g_d,) = state
            state_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(state_2, first_b, block_b, 0), kv_index_2, 1, keepdims=True), (1,))
            mul = state_tile.transpose(0, 2, 1) * rsqrt[:, :, None]
            tile_bf16 = mul.astype(jnp.bfloat16)
            state___tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(state__, first_b, block_b, 0), kv_index_2, 1, keepdims=True), (1,))
            mul_2 = state___tile.transpose(0, 2, 1) * rsqrt[:, :, None]
            tile_bf16_2 = mul_2.astype(jnp.bfloat16)

            def step_4(g_index, state):
                (sum_t_b_kv_g_d,) = state
                WQ_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(WQ, kv_index_2, 1, keepdims=True), g_index, 2, keepdims=True), (1, 2))
                WO_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(WO, kv_index_2, 0, keepdims=True), g_index, 1, keepdims=True), (0, 1))
                to_t = t // block_t * block_t

                def step_5(block, state):
                    (sum_t_b_kv_g_d,) = state
                    first_t = block * block_t
                    t_index = first_t + jnp.arange(block_t)
                    buffer_3_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_b, block_b, 0), first_t, block_t, 1), kv_index_2, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                    buffer_5_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_5, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_b, block_b, 0), first_t, block_t, 1), kv_index_2, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                    X_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(X, first_b, block_b, 0), first_t, block_t, 1)
                    WQ_f32 = WQ_tile.astype(jnp.float32)
                    X_f32 = X_tile.astype(jnp.float32)
                    mul_3 = a[:, None] * WQ_f32 * X_f32[:, :, :, None]
                    sum_ = jnp.sum(mul_3, axis=2)
                    tile_bf16_3 = (sum_ * buffer_5_tile[:, :, None]).astype(jnp.bfloat16)
                    tile_bf16_f32 = tile_bf16.astype(jnp.float32)
                    mul_4 = tile_bf16_f32[:, None] * tile_bf16_3.astype(jnp.float32)[:, :, None]
                    sum_2 = jnp.sum(mul_4, axis=3)
                    chosen = jnp.where(x_index <= t_index[:, None], sum_2 * 0.125, -jnp.inf)
                    safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
                    exp = jnp.exp(chosen - safe_buffer_2[:, :, None])
                    buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_b, block_b, 0), first_t, block_t, 1), kv_index_2, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                    buffer_8_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_8, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_6_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_6, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_11_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_11, first_b, block_b, 0), first_t, block_t, 1)
                    mul_5 = 0.001953125 * buffer_11_tile * buffer_6_tile
                    mul_6 = (mul_5 * buffer_6_tile * buffer_6_tile)[:, :, None] * buffer_8_tile
                    buffer_10_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_10, first_b, block_b, 0), first_t, block_t, 1)
                    d_out_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_9_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_9, first_b, block_b, 0), first_t, block_t, 1)
                    add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                    sub = add + buffer_10_tile - jnp.where(mul_6 == -jnp.inf, 0.0, mul_6)
                    mul_7 = sub[:, :, :, None] * WO_tile.astype(jnp.float32).T
                    sum_3 = jnp.sum(mul_7, axis=2)
                    mul_8 = tile_bf16_2.astype(jnp.float32)[:, None] * sum_3[:, :, None]
                    sum_4 = jnp.sum(mul_8, axis=3)
                    mul_9 = (sum_4 - buffer_4_tile[:, :, None]) * exp
                    mul_10 = tile_bf16_f32[:, None] * mul_9[:, :, :, None]
                    sum_5 = jnp.sum(mul_10, axis=2)
                    mul_11 = (1 / buffer_3_tile)[:, :, None, None] * WQ_f32
                    mul_12 = mul_11 * buffer_5_tile[:, :, None, None] * X_f32[:, :, :, None]
                    chosen_2 = jnp.where((buffer_3_tile > 0.0)[:, :, None, None], mul_12 * sum_5[:, :, None], 0.0)
                    tile_sum = jnp.sum(chosen_2, axis=(1, 0, 3))
                    next_sum_t_b_kv_g_d = sum_t_b_kv_g_d + tile_sum
                    return (next_sum_t_b_kv_g_d,)

                (sum_t_b_kv_g_d,) = lax.fori_loop(0, -(-to_t // block_t), step_5, (sum_t_b_kv_g_d,))
                from_t = jnp.maximum(0, to_t)

                def step_6(block, state):
                    (sum_t_b_kv_g_d,) = state
                    first_t = block * block_t
                    t_index = first_t + jnp.arange(block_t)
                    buffer_5_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_5, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_b, block_b, 0), first_t, block_t, 1), kv_index_2, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                    X_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(X, first_b, block_b, 0), first_t, block_t, 1)
                    WQ_f32 = WQ_tile.astype(jnp.float32)
                    X_f32 = X_tile.astype(jnp.float32)
                    mul_3 = a[:, None] * WQ_f32 * X_f32[:, :, :, None]
                    sum_ = jnp.sum(mul_3, axis=2)
                    tile_bf16_3 = (sum_ * buffer_5_tile[:, :, None]).astype(jnp.bfloat16)
                    tile_bf16_f32 = tile_bf16.astype(jnp.float32)
                    mul_4 = tile_bf16_f32[:, None] * tile_bf16_3.astype(jnp.float32)[:, :, None]
                    sum_2 = jnp.sum(mul_4, axis=3)
                    chosen = jnp.where(x_index <= t_index[:, None], sum_2 * 0.125, -jnp.inf)
                    safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
                    exp = jnp.exp(chosen - safe_buffer_2[:, :, None])
                    buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_b, block_b, 0), first_t, block_t, 1), kv_index_2, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                    buffer_8_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_8, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_6_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_6, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_11_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_11, first_b, block_b, 0), first_t, block_t, 1)
                    mul_5 = 0.001953125 * buffer_11_tile * buffer_6_tile
                    mul_6 = (mul_5 * buffer_6_tile * buffer_6_tile)[:, :, None] * buffer_8_tile
                    buffer_10_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_10, first_b, block_b, 0), first_t, block_t, 1)
                    d_out_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_t, block_t, 1)
                    buffer_9_tile = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_9, first_b, block_b, 0), first_t, block_t, 1)
                    add = buffer_9_tile + d_out_tile.astype(jnp.float32)
                    sub = add + buffer_10_tile - jnp.where(mul_6 == -jnp.inf, 0.0, mul_6)
                    mul_7 = sub[:, :, :, None] * WO_tile.astype(jnp.float32).T
                    sum_3 = jnp.sum(mul_7, axis=2)
                    mul_8 = tile_bf16_2.astype(jnp.float32)[:, None] * sum_3[:, :, None]
                    sum_4 = jnp.sum(mul_8, axis=3)
                    mul_9 = (sum_4 - buffer_4_tile[:, :, None]) * exp
                    mul_10 = tile_bf16_f32[:, None] * mul_9[:, :, :, None]
                    sum_5 = jnp.sum(mul_10, axis=2)
                    buffer_3_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(buffer_3, first_b, block_b, 0), first_t, block_t, 1), kv_index_2, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                    mul_11 = (1 / buffer_3_tile)[:, :, None, None] * WQ_f32
                    mul_12 = mul_11 * buffer_5_tile[:, :, None, None] * X_f32[:, :, :, None]
                    chosen_2 = jnp.where(((buffer_3_tile > 0.0) & (t_index < t))[:, :, None, None], mul_12 * sum_5[:, :, None], 0.0)
                    tile_sum = jnp.sum(chosen_2, axis=(1, 0, 3))
                    next_sum_t_b_kv_g_d = sum_t_b_kv_g_d + tile_sum
                    return (next_sum_t_b_kv_g_d,)

                (sum_t_b_kv_g_d,) = lax.fori_loop(
                    from_t // block_t,
                    -(-t // block_t),
                    step_6,
                    (sum_t_b_kv_g_d,),
                )
                return (sum_t_b_kv_g_d,)

            (sum_t_b_kv_g_d,) = lax.fori_loop(0, 2, step_4, (sum_t_b_kv_g_d,))
            return (sum_t_b_kv_g_d,)

        (sum_t_b_kv_g_d,) = lax.fori_loop(0, 2, step_3, (sum_t_b_kv_g_d,))
        return (sum_t_b_kv_g_d,)

    (sum_t_b_kv_g_d,) = lax.fori_loop(0, -(-b // block_b), step_2, (sum_t_b_kv_g_d,))
    add = 0.125 * acc_b_x_kv_d + sum_t_b_kv_g_d * 0.125
    return add + acc_b_x_kv_d_2


def _block_backward_d_WK(X, a, state_, buffer_0):
    """block_backward_d_WK(X: bf16[b t width], a: f32[width], state_: f32[b x], buffer_0: f32[b kv d x]) -> bf16[width kv d]"""
    X = jnp.asarray(X, jnp.bfloat16)
    a, state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (a, state_, buffer_0))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    rsqrt_value = lax.rsqrt(1e-05 + state_ * 0.001953125)  # [b x]
    sum_b_x = jnp.einsum("bxw,bx,bkdx->wkd", X, rsqrt_value.astype(jnp.bfloat16), buffer_0.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    as_bf16 = (a[:, None, None] * sum_b_x * 0.125).astype(jnp.bfloat16)  # [width kv d]
    return as_bf16


def _block_backward_d_WV(X, a, state_, buffer_1):
    """block_backward_d_WV(X: bf16[b t width], a: f32[width], state_: f32[b x], buffer_1: f32[b kv d x]) -> bf16[width kv d]"""
    X = jnp.asarray(X, jnp.bfloat16)
    a, state_, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (a, state_, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    rsqrt_value = lax.rsqrt(1e-05 + state_ * 0.001953125)  # [b x]
    sum_b_x = jnp.einsum("bxw,bkdx,bx->wkd", X, buffer_1.astype(jnp.bfloat16), rsqrt_value.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    as_bf16 = (sum_b_x * a[:, None, None]).astype(jnp.bfloat16)  # [width kv d]
    return as_bf16


@functools.partial(jax.custom_vjp, nondiff_argnums=(10, 11))
def _block_differentiable(X, a, WQ, WK, WV, WO, c, up, gate, down, block_hidden, block_t):
    buffer_0 = _block_buffer_0(X, a, WK)
    buffer_1 = _block_buffer_1(X)
    V = _block_V(X, a, WV, buffer_1)
    out = _block_out(
        X, a, WQ, WO, c, up, gate, down, buffer_0, buffer_1, V, block_hidden=block_hidden, block_t=block_t,
    )
    return out


def _block_keeping(X, a, WQ, WK, WV, WO, c, up, gate, down, block_hidden, block_t):
    state = _block_forward_state(X, a, WK)
    state_ = _block_forward_state_(X)
    state__ = _block_forward_state__(X, a, WV)
    out, state___ = _block_forward_out_state___(
        X, a, WQ, WO, c, up, gate, down, state_, state, state__, block_hidden=block_hidden, block_t=block_t,
    )
    return out, (X, a, WQ, WK, WV, WO, c, up, gate, down, state, state_, state__, state___)


def _block_pull(block_hidden, block_t, saved, cotangents):
    X, a, WQ, WK, WV, WO, c, up, gate, down, state, state_, state__, state___ = saved
    d_out = cotangents
    buffer_5 = _block_backward_buffer_5(X)
    buffer_7 = _block_backward_buffer_7(d_out, state___)
    buffer_2, buffer_3 = _block_backward_buffer_2_buffer_3(X, a, WQ, state, state_, buffer_5, block_t=block_t)
    buffer_8 = _block_backward_buffer_8(
        X, a, WQ, WO, state, state_, state__, buffer_3, buffer_5, buffer_2, block_t=block_t,
    )
    buffer_6 = _block_backward_buffer_6(buffer_8)
    buffer_9, buffer_10, buffer_11 = _block_backward_buffer_9_buffer_10_buffer_11(
        c, up, gate, down, d_out, buffer_6, buffer_8, buffer_7, block_hidden=block_hidden, block_t=block_t,
    )
    d_c = _block_backward_d_c(c, up, gate, down, d_out, buffer_6, buffer_8, block_hidden=block_hidden)
    d_up, d_gate, d_down = _block_backward_d_up_d_gate_d_down(
        c, up, gate, down, d_out, buffer_6, buffer_8, block_t=block_t, block_hidden=block_hidden,
    )
    buffer_4 = _block_backward_buffer_4(
        X, a, WQ, WO, d_out, state, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6,
        buffer_8, buffer_5, buffer_2,
    )
    buffer_0, buffer_1 = _block_backward_buffer_0_buffer_1(
        X, a, WQ, WO, d_out, state, state_, state__, buffer_3, buffer_5, buffer_9, buffer_10, buffer_11,
        buffer_6, buffer_8, buffer_4, buffer_2, block_t=block_t,
    )
    d_WQ, d_WO = _block_backward_d_WQ_d_WO(
        X, a, WQ, WO, d_out, state, state_, state__, buffer_3, buffer_9, buffer_10, buffer_11, buffer_6,
        buffer_8, buffer_4, buffer_5, buffer_2, block_t=block_t,
    )
    d_X = _block_backward_d_X(
        X, a, WQ, WK, WV, WO, d_out, state, state_, state__, buffer_0, buffer_5, buffer_9, buffer_3,
        buffer_10, buffer_11, buffer_6, buffer_8, buffer_4, buffer_2, buffer_1, block_t=block_t,
    )
    d_a = _block_backward_d_a(
        X, a, WQ, WK, WV, WO, d_out, state, state_, state__, buffer_0, buffer_3, buffer_9, buffer_10,
        buffer_11, buffer_6, buffer_8, buffer_4, buffer_5, buffer_2, buffer_1, block_t=block_t,
    )
    d_WK = _block_backward_d_WK(X, a, state_, buffer_0)
    d_WV = _block_backward_d_WV(X, a, state_, buffer_1)
    return (d_X, d_a, d_WQ, d_WK, d_WV, d_WO, d_c, d_up, d_gate, d_down)


_block_differentiable.defvjp(_block_keeping, _block_pull)


def block(X, a, WQ, WK, WV, WO, c, up, gate, down, *, block_hidden=256, block_t=512):
    """block(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], WO: bf16[kv g d width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width]) -> bf16[b t width], in blocks; differentiable in reverse."""
    X, WQ, WK, WV, WO, up, gate, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WK, WV, WO, up, gate, down))
    a, c = (jnp.asarray(array, jnp.float32) for array in (a, c))
    return _block_differentiable(X, a, WQ, WK, WV, WO, c, up, gate, down, block_hidden, block_t)


def block_plain(X, a, WQ, WK, WV, WO, c, up, gate, down):
    """block(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], WO: bf16[kv g d width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width]) -> bf16[b t width]"""
    X, WQ, WK, WV, WO, up, gate, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WK, WV, WO, up, gate, down))
    a, c = (jnp.asarray(array, jnp.float32) for array in (a, c))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]  # src[block.diag:8]
    sum_width = jnp.einsum("btw,btw->bt", X, X, preferred_element_type=jnp.float32)  # [b t]
    rsqrt_value = lax.rsqrt(sum_width / 512 + 1e-05)  # [b t]  # src[maps.diag:25]
    sum_width_2 = jnp.einsum("btw,w,wkgd->btkgd", X, a.astype(jnp.bfloat16), WQ, preferred_element_type=jnp.float32) * rsqrt_value[:, :, None, None, None]  # src[block.diag:24]
    sum_width_3 = jnp.einsum("btw,w,wkd->btkd", X, a.astype(jnp.bfloat16), WK, preferred_element_type=jnp.float32) * rsqrt_value[:, :, None, None]  # src[block.diag:25]
    as_bf16 = sum_width_3.astype(jnp.bfloat16)  # [b t kv d]  # src[block.diag:25]
    sum_d = jnp.einsum("btkgd,bxkd->btkgx", sum_width_2.astype(jnp.bfloat16), as_bf16, preferred_element_type=jnp.float32)  # src[block.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(64))  # [b t kv g x]  # src[block.diag:7]
    chosen = jnp.where(le_value[:, None, None], S, -jnp.inf)  # [b t kv g x]  # src[block.diag:8]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b t kv g]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b t kv g x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b t kv g]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b t kv g x]  # src[maps.diag:7]
    sum_width_4 = jnp.einsum("btw,w,wkd->btkd", X, a.astype(jnp.bfloat16), WV, preferred_element_type=jnp.float32) * rsqrt_value[:, :, None, None]  # src[block.diag:26]
    as_bf16_2 = sum_width_4.astype(jnp.bfloat16)  # [b t kv d]  # src[block.diag:26]
    sum_x = jnp.einsum("btkgx,bxkd->btkgd", chosen_2.astype(jnp.bfloat16), as_bf16_2, preferred_element_type=jnp.float32)  # src[block.diag:8]
    sum_kv_g_d = jnp.einsum("btkgd,kgdw->btw", sum_x.astype(jnp.bfloat16), WO, preferred_element_type=jnp.float32)  # src[block.diag:27]
    Y = _add(X.astype(jnp.float32), sum_kv_g_d)  # [b t width]  # src[block.diag:27]
    sum_width_5 = jnp.einsum("btw,btw->bt", Y, Y, precision="highest")  # [b t]
    rsqrt_value_2 = lax.rsqrt(sum_width_5 / 512 + 1e-05)  # [b t]  # src[maps.diag:25]
    sum_width_6 = jnp.einsum("btw,w,wh->bth", Y.astype(jnp.bfloat16), c.astype(jnp.bfloat16), gate, preferred_element_type=jnp.float32) * rsqrt_value_2[:, :, None]  # src[block.diag:29]
    sum_width_7 = jnp.einsum("btw,w,wh->bth", Y.astype(jnp.bfloat16), c.astype(jnp.bfloat16), up, preferred_element_type=jnp.float32) * rsqrt_value_2[:, :, None]  # src[block.diag:29]
    sum_hidden = jnp.einsum("bth,bth,hw->btw", jax.nn.silu(sum_width_6).astype(jnp.bfloat16), sum_width_7.astype(jnp.bfloat16), down, preferred_element_type=jnp.float32)  # src[block.diag:29]
    as_bf16_3 = _add(Y, sum_hidden).astype(jnp.bfloat16)  # [b t width]
    return as_bf16_3
