# Made by diagc 0.1.0 from linear.diag. Runs on JAX alone.
import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["one_head", "one_head_plain", "linear_attention", "linear_attention_plain", "retention", "retention_plain", "ssd", "ssd_plain", "gated_delta"]


def _einsum(formula, *factors, **options):
    """jnp.einsum of 16-bit factors; on CPUs, where XLA lacks some such products, of the same values in float32."""
    if jax.default_backend() == "cpu":
        factors = [factor.astype(jnp.float32) for factor in factors]
    return jnp.einsum(formula, *factors, **options)


def one_head(Q, K, V, *, block_t=256, block_e=512):
    """one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> bf16[t e], in blocks: memory does not grow with t."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    block_t = min(block_t, max(t, 1))
    block_e = min(block_e, max(e, 1))
    V = jnp.pad(V, ((0, max(-t % block_t, block_t - t)), (0, max(-e % block_e, block_e - e))))
    K = jnp.pad(K, ((0, max(-t % block_t, block_t - t)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        d_index = jnp.arange(d)
        first_e = tile * block_e
        e_index = first_e + jnp.arange(block_e)
        state_2 = jnp.full((block_e, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.zeros((max(-(-t // block_t), 1) * block_t, block_e), jnp.bfloat16)
        to_t = t // block_t * block_t

        def step(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            V_tile = V.at[(t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            K_tile = K.at[(t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 0)
            dot = jnp.einsum("td,ad->ta", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(t_index <= t_index[:, None], dot, 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("te,at->ea", V_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("ed,td->et", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = ((dot_3 + dot_2) * rsqrt).astype(jnp.bfloat16)
            out = lax.dynamic_update_slice_in_dim(out, tile_bf16_2.T, first_t, 0)
            dot_4 = jnp.einsum("te,td->ed", V_tile, K_tile, preferred_element_type=jnp.float32)
            add = state_2 + dot_4
            return (add, out)

        state_2, out = lax.fori_loop(0, -(-to_t // block_t), step, (state_2, out))
        from_t = jnp.maximum(0, to_t)

        def step_2(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            V_tile = V.at[(t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            K_tile = K.at[(t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 0)
            dot = jnp.einsum("td,ad->ta", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (t_index <= t_index[:, None]) & (t_index < t)
            tile_bf16 = jnp.where(mask, dot, 0.0).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("te,at->ea", V_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("ed,td->et", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = ((dot_3 + dot_2) * rsqrt).astype(jnp.bfloat16)
            out = lax.dynamic_update_slice_in_dim(out, tile_bf16_2.T, first_t, 0)
            return (state_2, out)

        state_2, out = lax.fori_loop(from_t // block_t, -(-t // block_t), step_2, (state_2, out))
        return out

    out_tiles = lax.map(program, jnp.arange(-(-e // block_e)))
    out_tiles = out_tiles.transpose(1, 0, 2)
    out_tiles = out_tiles.reshape(-(-t // block_t) * block_t, -(-e // block_e) * block_e)
    return out_tiles[:t, :e]


def one_head_plain(Q, K, V):
    """one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> bf16[t e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    t, d = Q.shape
    _, e = V.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    spread = jnp.broadcast_to(jnp.float32(0), (e, d))  # [e d]
    product = K[:, :, None].astype(jnp.float32) * V[:, None].astype(jnp.float32)  # [t d e]  # src[linear.diag:7]

    def step(states, arrays):
        (state0,) = states
        (read0,) = arrays
        total = state0 + read0  # [d e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step, (spread.T,), (product,))
    sum_d = jnp.einsum("td,tde->te", Q, state0_t.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[linear.diag:8]
    as_bf16 = (sum_d * lax.rsqrt(jnp.float32(d))).astype(jnp.bfloat16)  # [t e]
    return as_bf16


def linear_attention(Q, K, V, *, block_t=256, block_e=512):
    """linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> bf16[b h t e], in blocks: memory does not grow with t."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    block_t = min(block_t, max(t, 1))
    block_e = min(block_e, max(e, 1))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-e % block_e, block_e - e))))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        d_index = jnp.arange(d)
        b_index = jnp.arange(b)
        h_index = jnp.arange(h)
        first_e = tile * block_e
        e_index = first_e + jnp.arange(block_e)
        state_2 = jnp.full((b, h, block_e, d), 0.0, jnp.float32)
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.zeros((b, h, max(-(-t // block_t), 1) * block_t, block_e), jnp.bfloat16)
        to_t = t // block_t * block_t

        def step(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            V_tile = V.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 2)
            dot = jnp.einsum("bhtd,bhad->bhta", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(t_index <= t_index[:, None], dot, 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhte,bhat->bhea", V_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("bhed,bhtd->bhet", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (rsqrt * (dot_3 + dot_2)).astype(jnp.bfloat16)
            out = lax.dynamic_update_slice_in_dim(out, tile_bf16_2.transpose(0, 1, 3, 2), first_t, 2)
            dot_4 = jnp.einsum("bhte,bhtd->bhed", V_tile, K_tile, preferred_element_type=jnp.float32)
            add = state_2 + dot_4
            return (add, out)

        state_2, out = lax.fori_loop(0, -(-to_t // block_t), step, (state_2, out))
        from_t = jnp.maximum(0, to_t)

        def step_2(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            V_tile = V.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 2)
            dot = jnp.einsum("bhtd,bhad->bhta", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (t_index <= t_index[:, None]) & (t_index < t)
            tile_bf16 = jnp.where(mask, dot, 0.0).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhte,bhat->bhea", V_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("bhed,bhtd->bhet", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (rsqrt * (dot_3 + dot_2)).astype(jnp.bfloat16)
            out = lax.dynamic_update_slice_in_dim(out, tile_bf16_2.transpose(0, 1, 3, 2), first_t, 2)
            return (state_2, out)

        state_2, out = lax.fori_loop(from_t // block_t, -(-t // block_t), step_2, (state_2, out))
        return out

    out_tiles = lax.map(program, jnp.arange(-(-e // block_e)))
    out_tiles = out_tiles.transpose(1, 2, 3, 0, 4)
    out_tiles = out_tiles.reshape(b, h, -(-t // block_t) * block_t, -(-e // block_e) * block_e)
    return out_tiles[:, :, :t, :e]


def linear_attention_plain(Q, K, V):
    """linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> bf16[b h t e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    spread = jnp.broadcast_to(jnp.float32(0), (b, h, e, d))  # [b h e d]
    product = K[:, :, :, :, None].astype(jnp.float32) * V[:, :, :, None].astype(jnp.float32)  # [b h t d e]  # src[linear.diag:7]

    def step(states, arrays):
        (state0,) = states
        (read0,) = arrays
        total = state0 + read0  # [b h d e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step, (spread.transpose(0, 1, 3, 2),), (product.transpose(2, 0, 1, 3, 4),))
    sum_d = jnp.einsum("bhtd,tbhde->bhte", Q, state0_t.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[linear.diag:8]
    as_bf16 = (sum_d * lax.rsqrt(jnp.float32(d))).astype(jnp.bfloat16)  # [b h t e]
    return as_bf16


def retention(Q, K, V, rate, *, block_t=256, block_e=512):
    """retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> bf16[h t e], in blocks: memory does not grow with t."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    rate = jnp.asarray(rate, jnp.float32)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    block_t = min(block_t, max(t, 1))
    block_e = min(block_e, max(e, 1))
    V = jnp.pad(V, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-e % block_e, block_e - e))))
    K = jnp.pad(K, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        d_index = jnp.arange(d)
        h_index = jnp.arange(h)
        first_e = tile * block_e
        e_index = first_e + jnp.arange(block_e)
        state_2 = jnp.full((h, block_e, d), 0.0, jnp.float32)
        exp = jnp.exp(jnp.abs(rate) * -1.0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.zeros((h, max(-(-t // block_t), 1) * block_t, block_e), jnp.bfloat16)
        to_t = t // block_t * block_t

        def step(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            V_tile = V.at[(h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            K_tile = K.at[(h_index)[:, None, None], (t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 1)
            dot = jnp.einsum("htd,had->hta", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(t_index[:, None] > t_index, exp[:, None, None], 1.0)
            running_prod = jnp.cumprod(chosen, axis=1)
            chosen_2 = jnp.where(t_index <= t_index[:, None], running_prod * dot, 0.0)
            tile_bf16 = chosen_2.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("hte,hat->hea", V_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("hed,htd->het", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            zero = jnp.full((block_t,), 0.0, jnp.float32)
            add = zero + exp[:, None]
            running_prod_2 = jnp.cumprod(add, axis=1)
            mul = rsqrt * (running_prod_2[:, None] * dot_3 + dot_2)
            out = lax.dynamic_update_slice_in_dim(
                out,
                mul.astype(jnp.bfloat16).transpose(0, 2, 1),
                first_t,
                1,
            )
            prod = jnp.prod(chosen, axis=1)
            mul_2 = K_tile.astype(jnp.float32) * prod[:, :, None]
            tile_bf16_2 = mul_2.astype(jnp.bfloat16)
            dot_4 = jnp.einsum("hte,htd->hed", V_tile, tile_bf16_2, preferred_element_type=jnp.float32)
            zero_2 = jnp.full((block_t,), 0.0, jnp.float32)
            add_2 = zero_2 + exp[:, None]
            prod_2 = jnp.prod(add_2, axis=1)
            add_3 = prod_2[:, None, None] * state_2 + dot_4
            return (add_3, out)

        state_2, out = lax.fori_loop(0, -(-to_t // block_t), step, (state_2, out))
        from_t = jnp.maximum(0, to_t)

        def step_2(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            V_tile = V.at[(h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            K_tile = K.at[(h_index)[:, None, None], (t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_t, block_t, 1)
            dot = jnp.einsum("htd,had->hta", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(t_index[:, None] > t_index, exp[:, None, None], 1.0)
            running_prod = jnp.cumprod(chosen, axis=1)
            mask = (t_index <= t_index[:, None]) & (t_index < t)
            tile_bf16 = jnp.where(mask, running_prod * dot, 0.0).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("hte,hat->hea", V_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("hed,htd->het", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            zero = jnp.full((block_t,), 0.0, jnp.float32)
            add = zero + exp[:, None]
            running_prod_2 = jnp.cumprod(add, axis=1)
            mul = rsqrt * (running_prod_2[:, None] * dot_3 + dot_2)
            out = lax.dynamic_update_slice_in_dim(
                out,
                mul.astype(jnp.bfloat16).transpose(0, 2, 1),
                first_t,
                1,
            )
            return (state_2, out)

        state_2, out = lax.fori_loop(from_t // block_t, -(-t // block_t), step_2, (state_2, out))
        return out

    out_tiles = lax.map(program, jnp.arange(-(-e // block_e)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3)
    out_tiles = out_tiles.reshape(h, -(-t // block_t) * block_t, -(-e // block_e) * block_e)
    return out_tiles[:, :t, :e]


def retention_plain(Q, K, V, rate):
    """retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> bf16[h t e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    rate = jnp.asarray(rate, jnp.float32)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    spread = jnp.broadcast_to(jnp.float32(0), (h, e, d))  # [h e d]
    exponential = jnp.exp(-jnp.abs(rate))  # [h]  # src[linear.diag:14]
    product = K[:, :, :, None].astype(jnp.float32) * V[:, :, None].astype(jnp.float32)  # [h t d e]  # src[linear.diag:14]
    read0 = exponential  # [h]

    def step(states, arrays):
        (state0,) = states
        (read1,) = arrays
        total = read0[:, None, None] * state0 + read1  # [h d e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step, (spread.transpose(0, 2, 1),), (product.transpose(1, 0, 2, 3),))
    sum_d = jnp.einsum("htd,thde->hte", Q, state0_t.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[linear.diag:15]
    as_bf16 = (sum_d * lax.rsqrt(jnp.float32(d))).astype(jnp.bfloat16)  # [h t e]
    return as_bf16


def ssd(C, B, X, dt, A, D, *, block_t=256, block_e=512):
    """ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> bf16[h t e], in blocks: memory does not grow with t."""
    C, B, X = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, X))
    dt, A, D = (jnp.asarray(array, jnp.float32) for array in (dt, A, D))
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    block_t = min(block_t, max(t, 1))
    block_e = min(block_e, max(e, 1))
    dt = jnp.pad(dt, ((0, 0), (0, max(-t % block_t, block_t - t))))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-e % block_e, block_e - e))))
    B = jnp.pad(B, ((0, max(-t % block_t, block_t - t)), (0, 0)))
    C = jnp.pad(C, ((0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        n_index = jnp.arange(n)
        h_index = jnp.arange(h)
        first_e = tile * block_e
        e_index = first_e + jnp.arange(block_e)
        state_2 = jnp.full((h, block_e, n), 0.0, jnp.float32)
        abs_ = jnp.abs(A)
        out = jnp.zeros((h, max(-(-t // block_t), 1) * block_t, block_e), jnp.bfloat16)
        to_t = t // block_t * block_t

        def step(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            dt_tile = dt.at[(h_index)[:, None], (t_index)].get(mode="fill", fill_value=0.0)
            softplus = jax.nn.softplus(dt_tile)
            X_tile = X.at[(h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            B_tile = B.at[(t_index)[:, None], (n_index)].get(mode="fill", fill_value=0.0)
            C_tile = lax.dynamic_slice_in_dim(C, first_t, block_t, 0)
            dot = jnp.einsum("tn,an->ta", C_tile, B_tile, preferred_element_type=jnp.float32)
            dt_tile_2 = lax.dynamic_slice_in_dim(dt, first_t, block_t, 1)
            mul = (abs_ * -1.0)[:, None] * jax.nn.softplus(dt_tile_2)
            exp = jnp.exp(mul)
            chosen = jnp.where(t_index[:, None] > t_index, exp[:, :, None], 1.0)
            running_prod = jnp.cumprod(chosen, axis=1)
            chosen_2 = jnp.where(t_index <= t_index[:, None], running_prod * dot, 0.0)
            tile_bf16 = (chosen_2 * softplus[:, None]).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("hte,hat->hea", X_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("hen,tn->het", state_bf16, C_tile, preferred_element_type=jnp.float32)
            running_prod_2 = jnp.cumprod(exp, axis=1)
            X_tile_2 = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(X, first_t, block_t, 1), first_e, block_e, 2)
            mul_2 = X_tile_2.astype(jnp.float32).transpose(0, 2, 1) * D[:, None, None]
            add = mul_2 + (running_prod_2[:, None] * dot_3 + dot_2)
            out = lax.dynamic_update_slice_in_dim(
                out,
                add.astype(jnp.bfloat16).transpose(0, 2, 1),
                first_t,
                1,
            )
            prod = jnp.prod(chosen, axis=1)
            mul_3 = B_tile.astype(jnp.float32) * prod[:, :, None]
            tile_bf16_2 = (mul_3 * softplus[:, :, None]).astype(jnp.bfloat16)
            dot_4 = jnp.einsum("hte,htn->hen", X_tile, tile_bf16_2, preferred_element_type=jnp.float32)
            exp_2 = jnp.exp((abs_ * -1.0)[:, None] * softplus)
            prod_2 = jnp.prod(exp_2, axis=1)
            add_2 = prod_2[:, None, None] * state_2 + dot_4
            return (add_2, out)

        state_2, out = lax.fori_loop(0, -(-to_t // block_t), step, (state_2, out))
        from_t = jnp.maximum(0, to_t)

        def step_2(block, state):
            state_2, out = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            dt_tile = jnp.where((t_index < t), dt.at[(h_index)[:, None], (t_index)].get(mode="fill", fill_value=-jnp.inf), -jnp.inf)
            X_tile = X.at[(h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            B_tile = B.at[(t_index)[:, None], (n_index)].get(mode="fill", fill_value=0.0)
            C_tile = lax.dynamic_slice_in_dim(C, first_t, block_t, 0)
            dot = jnp.einsum("tn,an->ta", C_tile, B_tile, preferred_element_type=jnp.float32)
            dt_tile_2 = lax.dynamic_slice_in_dim(dt, first_t, block_t, 1)
            mul = (abs_ * -1.0)[:, None] * jax.nn.softplus(dt_tile_2)
            exp = jnp.exp(mul)
            chosen = jnp.where(t_index[:, None] > t_index, exp[:, :, None], 1.0)
            running_prod = jnp.cumprod(chosen, axis=1)
            chosen_2 = jnp.where(t_index <= t_index[:, None], running_prod * dot, 0.0)
            mul_2 = chosen_2 * jax.nn.softplus(dt_tile)[:, None]
            tile_bf16 = mul_2.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("hte,hat->hea", X_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("hen,tn->het", state_bf16, C_tile, preferred_element_type=jnp.float32)
            running_prod_2 = jnp.cumprod(exp, axis=1)
            X_tile_2 = lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(X, first_t, block_t, 1), first_e, block_e, 2)
            mul_3 = X_tile_2.astype(jnp.float32).transpose(0, 2, 1) * D[:, None, None]
            add = mul_3 + (running_prod_2[:, None] * dot_3 + dot_2)
            out = lax.dynamic_update_slice_in_dim(
                out,
                add.astype(jnp.bfloat16).transpose(0, 2, 1),
                first_t,
                1,
            )
            return (state_2, out)

        state_2, out = lax.fori_loop(from_t // block_t, -(-t // block_t), step_2, (state_2, out))
        return out

    out_tiles = lax.map(program, jnp.arange(-(-e // block_e)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3)
    out_tiles = out_tiles.reshape(h, -(-t // block_t) * block_t, -(-e // block_e) * block_e)
    return out_tiles[:, :t, :e]


def ssd_plain(C, B, X, dt, A, D):
    """ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> bf16[h t e]"""
    C, B, X = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, X))
    dt, A, D = (jnp.asarray(array, jnp.float32) for array in (dt, A, D))
    t, n = C.shape
    h, _, e = X.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    spread = jnp.broadcast_to(jnp.float32(0), (h, e, n))  # [h e n]
    step = jax.nn.softplus(dt)  # [h t]  # src[linear.diag:26]
    exponential = jnp.exp(-jnp.abs(A[:, None]) * step)  # [h t]  # src[linear.diag:27]
    X_f32 = X.astype(jnp.float32)  # [h t e]  # src[linear.diag:21]
    product = step[:, :, None, None] * B[:, None].astype(jnp.float32) * X_f32[:, :, :, None]  # [h t e n]  # src[linear.diag:27]

    def step_2(states, arrays):
        (state0,) = states
        read0, read1 = arrays
        total = read0[:, None, None] * state0 + read1  # [h n e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step_2, (spread.transpose(0, 2, 1),), (exponential.T, product.transpose(1, 0, 3, 2)))
    sum_n = _einsum("tn,thne->hte", C, state0_t.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[linear.diag:28]
    as_bf16 = (sum_n + D[:, None, None] * X_f32).astype(jnp.bfloat16)  # [h t e]
    return as_bf16


def gated_delta(Q, K, V, beta, gate):
    """gated_delta(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t]) -> f32[h t e]"""
    Q, K, V, beta, gate = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, beta, gate))
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: f32[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: f32[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if beta.shape != (h, t):
        raise ValueError(f"beta: f32[h t] has shape {beta.shape}, expected {(h, t)}")
    if gate.shape != (h, t):
        raise ValueError(f"gate: f32[h t] has shape {gate.shape}, expected {(h, t)}")
    spread = jnp.broadcast_to(jnp.float32(0), (h, e, d))  # [h e d]
    sum_d = jnp.einsum("htd,htd->ht", K, K, precision="highest")  # [h t]  # src[linear.diag:39]
    unit = K * lax.rsqrt(sum_d[:, :, None] + 1e-06)  # [h t d]  # src[linear.diag:39]
    product = jax.nn.sigmoid(beta[:, :, None]) * unit  # [h t d]  # src[linear.diag:42]
    sigmoid_value = jax.nn.sigmoid(gate)  # [h t]  # src[linear.diag:42]
    product_2 = product[:, :, :, None] * V[:, :, None]  # [h t d e]  # src[linear.diag:42]

    def step(states, arrays):
        (state0,) = states
        read0, read1, read2, read3 = arrays
        sum_d_2 = jnp.einsum("hd,hde->he", read0, state0, precision="highest")  # [h e]
        total = read2[:, None, None] * (state0 - read1[:, :, None] * sum_d_2[:, None]) + read3  # [h d e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step, (spread.transpose(0, 2, 1),), (unit.transpose(1, 0, 2), product.transpose(1, 0, 2), sigmoid_value.T, product_2.transpose(1, 0, 2, 3)))
    sum_d_2 = jnp.einsum("htd,thde->hte", Q, state0_t, precision="highest")  # [h t e]  # src[linear.diag:44]
    return sum_d_2
