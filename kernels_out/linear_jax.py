# Made by diagc 0.1.0 from linear.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["one_head", "one_head_plain", "linear_attention", "linear_attention_plain", "retention", "retention_plain", "ssd", "ssd_plain", "gated_delta"]


def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]


def _einsum(formula, *factors, **options):
    """jnp.einsum of 16-bit factors; of the same values in float32 on CPUs, where XLA lacks some products."""
    if jax.default_backend() == "cpu":
        factors = [factor.astype(jnp.float32) for factor in factors]
    return jnp.einsum(formula, *factors, **options)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _product(formula, dtype, *factors):
    """jnp.einsum of factors rounded to 16 bits, added up in float32; derivatives are not rounded."""
    return _einsum(formula, *(f.astype(dtype) for f in factors), preferred_element_type=jnp.float32)


@functools.partial(_product.defjvp, symbolic_zeros=True)
def _product_tangent(formula, dtype, factors, tangents):
    """The sum over the factors of the product with the tangent in that factor's place."""
    wide = [f.astype(dtype).astype(jnp.float32) for f in factors]
    made = _product(formula, dtype, *factors)
    tangent = jnp.zeros_like(made)
    for place, t in enumerate(tangents):
        if not isinstance(t, jax.custom_derivatives.SymbolicZero):
            tangent += jnp.einsum(formula, *wide[:place], t.astype(jnp.float32), *wide[place + 1 :])
    return made, tangent


def _read(array, index, fill):
    """array[index], and `fill` where an integer index is out of range; `index` is made by jnp.s_."""
    index = index if isinstance(index, tuple) else (index,)
    index += (slice(None),) * (array.ndim - len(index))
    empty = [(0, int(size == 0 and not isinstance(i, slice))) for size, i in zip(array.shape, index)]
    array = jnp.pad(array, empty, constant_values=fill)
    return array.at[index].get(mode="fill", fill_value=fill, wrap_negative_indices=False)


def _one_head(Q, K, V, *, block_t=256, block_e=512):
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
        state_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_e, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.full_like(Q, 0, jnp.bfloat16, (max(-(-t // block_t), 1) * block_t, block_e))
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


def _one_head_forward(Q, K, V, *, block_t=256, block_e=512):
    """one_head_forward(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> bf16[t e], in blocks: memory does not grow with t."""
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
        state_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_e, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.full_like(Q, 0, jnp.bfloat16, (max(-(-t // block_t), 1) * block_t, block_e))
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


def _one_head_backward_buffer_0(Q, d_out):
    """one_head_backward_buffer_0(Q: bf16[t d], d_out: bf16[t e]) -> f32[t d e]"""
    Q, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, d_out))
    Q, d_out = _alike(Q, d_out)
    t, d = Q.shape
    _, e = d_out.shape
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    spread = jnp.broadcast_to(0.0, (d, e))  # [d e]
    view = d_out[::-1]  # [t e]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    view_2 = Q[::-1]  # [t d]
    product = view[:, :, None].astype(jnp.float32) * rsqrt_value * view_2[:, None].astype(jnp.float32)

    def step(states, arrays):
        (cotangent0,) = states
        (sent0,) = arrays
        total = cotangent0 + sent0.T  # [d e]
        following = (total,)
        return following, following

    _, (cotangent0_t,) = lax.scan(step, tuple(_alike(spread, product)[:-1]), (product,))
    return cotangent0_t


def _one_head_backward_d_Q(K, V, d_out, *, block_t=256, block_d=512):
    """one_head_backward_d_Q(K: bf16[t d], V: bf16[t e], d_out: bf16[t e]) -> bf16[t d], in blocks: memory does not grow with t."""
    K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (K, V, d_out))
    t, d = K.shape
    _, e = V.shape
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    block_t = min(block_t, max(t, 1))
    block_d = min(block_d, max(d, 1))
    K = jnp.pad(K, ((0, max(-t % block_t, block_t - t)), (0, max(-d % block_d, block_d - d))))
    V = jnp.pad(V, ((0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        e_index = jnp.arange(e)
        first_d = tile * block_d
        d_index = first_d + jnp.arange(block_d)
        state_2 = jnp.full_like(K, 0.0, jnp.float32, (block_d, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        d_Q = jnp.full_like(K, 0, jnp.bfloat16, (max(-(-t // block_t), 1) * block_t, block_d))
        to_t = t // block_t * block_t

        def step(block, state):
            state_2, d_Q = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            K_tile = K.at[(t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            V_tile = V.at[(t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 0)
            dot = jnp.einsum("te,ae->ta", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(t_index <= t_index[:, None], dot, 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("td,at->da", K_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("de,te->dt", state_bf16, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = ((dot_3 + dot_2) * rsqrt).astype(jnp.bfloat16)
            d_Q = lax.dynamic_update_slice_in_dim(d_Q, tile_bf16_2.T, first_t, 0)
            dot_4 = jnp.einsum("td,te->de", K_tile, V_tile, preferred_element_type=jnp.float32)
            add = state_2 + dot_4
            return (add, d_Q)

        state_2, d_Q = lax.fori_loop(0, -(-to_t // block_t), step, (state_2, d_Q))
        from_t = jnp.maximum(0, to_t)

        def step_2(block, state):
            state_2, d_Q = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            K_tile = K.at[(t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            V_tile = V.at[(t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 0)
            dot = jnp.einsum("te,ae->ta", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mask = (t_index <= t_index[:, None]) & (t_index < t)
            tile_bf16 = jnp.where(mask, dot, 0.0).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("td,at->da", K_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("de,te->dt", state_bf16, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = ((dot_3 + dot_2) * rsqrt).astype(jnp.bfloat16)
            d_Q = lax.dynamic_update_slice_in_dim(d_Q, tile_bf16_2.T, first_t, 0)
            return (state_2, d_Q)

        state_2, d_Q = lax.fori_loop(from_t // block_t, -(-t // block_t), step_2, (state_2, d_Q))
        return d_Q

    d_Q_tiles = lax.map(program, jnp.arange(-(-d // block_d)))
    d_Q_tiles = d_Q_tiles.transpose(1, 0, 2)
    d_Q_tiles = d_Q_tiles.reshape(-(-t // block_t) * block_t, -(-d // block_d) * block_d)
    return d_Q_tiles[:t, :d]


def _one_head_backward_buffer_1(buffer_0):
    """one_head_backward_buffer_1(buffer_0: f32[t d e]) -> f32[t d e]"""
    buffer_0 = jnp.asarray(buffer_0, jnp.float32)
    t, d, e = buffer_0.shape
    view = buffer_0[::-1]  # [t d e]
    return view


def _one_head_backward_d_K(Q, V, d_out, buffer_1):
    """one_head_backward_d_K(Q: bf16[t d], V: bf16[t e], d_out: bf16[t e], buffer_1: f32[t d e]) -> bf16[t d]"""
    Q, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, V, d_out))
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    t, d = Q.shape
    _, e = V.shape
    if V.shape != (t, e):
        raise ValueError(f"V: bf16[t e] has shape {V.shape}, expected {(t, e)}")
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    if buffer_1.shape != (t, d, e):
        raise ValueError(f"buffer_1: f32[t d e] has shape {buffer_1.shape}, expected {(t, d, e)}")
    view = _read(buffer_1, jnp.s_[jnp.arange(t) + 1], 0.0)  # [t d e]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    total = view + Q[:, :, None].astype(jnp.float32) * rsqrt_value * d_out[:, None].astype(jnp.float32)
    sum_e = jnp.einsum("tde,te->td", total, V.astype(jnp.float32), precision="highest")  # [t d]
    as_bf16 = sum_e.astype(jnp.bfloat16)  # [t d]
    return as_bf16


def _one_head_backward_d_V(Q, K, d_out, buffer_1):
    """one_head_backward_d_V(Q: bf16[t d], K: bf16[t d], d_out: bf16[t e], buffer_1: f32[t d e]) -> bf16[t e]"""
    Q, K, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, d_out))
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    t, d = Q.shape
    _, e = d_out.shape
    if K.shape != (t, d):
        raise ValueError(f"K: bf16[t d] has shape {K.shape}, expected {(t, d)}")
    if d_out.shape != (t, e):
        raise ValueError(f"d_out: bf16[t e] has shape {d_out.shape}, expected {(t, e)}")
    if buffer_1.shape != (t, d, e):
        raise ValueError(f"buffer_1: f32[t d e] has shape {buffer_1.shape}, expected {(t, d, e)}")
    view = _read(buffer_1, jnp.s_[jnp.arange(t) + 1], 0.0)  # [t d e]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    total = view + Q[:, :, None].astype(jnp.float32) * rsqrt_value * d_out[:, None].astype(jnp.float32)
    sum_d = jnp.einsum("td,tde->te", K.astype(jnp.float32), total, precision="highest")  # [t e]
    as_bf16 = sum_d.astype(jnp.bfloat16)  # [t e]
    return as_bf16


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _one_head_differentiable(Q, K, V, block_t, block_e):
    out = _one_head(Q, K, V, block_t=block_t, block_e=block_e)
    return out


def _one_head_keeping(Q, K, V, block_t, block_e):
    out = _one_head_forward(Q, K, V, block_t=block_t, block_e=block_e)
    return out, (Q, K, V)


def _one_head_pull(block_t, block_e, saved, cotangents):
    Q, K, V = saved
    d_out = cotangents
    buffer_0 = _one_head_backward_buffer_0(Q, d_out)
    d_Q = _one_head_backward_d_Q(K, V, d_out, block_t=block_t)
    buffer_1 = _one_head_backward_buffer_1(buffer_0)
    d_K = _one_head_backward_d_K(Q, V, d_out, buffer_1)
    d_V = _one_head_backward_d_V(Q, K, d_out, buffer_1)
    return (d_Q, d_K, d_V)


_one_head_differentiable.defvjp(_one_head_keeping, _one_head_pull)


def one_head(Q, K, V, *, block_t=256, block_e=512):
    """one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> bf16[t e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _one_head_differentiable(Q, K, V, block_t, block_e)


def one_head_plain(Q, K, V):
    """one_head(Q: bf16[t d], K: bf16[t d], V: bf16[t e]) -> bf16[t e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
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

    _, (state0_t,) = lax.scan(step, tuple(_alike(spread.T, product)[:-1]), (product,))
    sum_d = _product("td,tde->te", jnp.bfloat16, Q, state0_t)  # [t e]  # src[linear.diag:8]
    as_bf16 = (sum_d * lax.rsqrt(jnp.float32(d))).astype(jnp.bfloat16)  # [t e]
    return as_bf16


def _linear_attention(Q, K, V, *, block_t=256, block_e=512):
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
        state_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_e, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.full_like(Q, 0, jnp.bfloat16, (b, h, max(-(-t // block_t), 1) * block_t, block_e))
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


def _linear_attention_forward(Q, K, V, *, block_t=256, block_e=512):
    """linear_attention_forward(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> bf16[b h t e], in blocks: memory does not grow with t."""
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
        state_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_e, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.full_like(Q, 0, jnp.bfloat16, (b, h, max(-(-t // block_t), 1) * block_t, block_e))
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


def _linear_attention_backward_buffer_0(Q, d_out):
    """linear_attention_backward_buffer_0(Q: bf16[b h t d], d_out: bf16[b h t e]) -> f32[b h t d e]"""
    Q, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, d_out))
    Q, d_out = _alike(Q, d_out)
    b, h, t, d = Q.shape
    _, _, _, e = d_out.shape
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    spread = jnp.broadcast_to(0.0, (b, h, d, e))  # [b h d e]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    view = d_out[:, :, ::-1]  # [b h t e]
    view_2 = Q[:, :, ::-1]  # [b h t d]
    product = rsqrt_value * view[:, :, :, :, None].astype(jnp.float32) * view_2[:, :, :, None].astype(jnp.float32)

    def step(states, arrays):
        (cotangent0,) = states
        (sent0,) = arrays
        total = cotangent0 + sent0.transpose(0, 1, 3, 2)  # [b h d e]
        following = (total,)
        return following, following

    _, (cotangent0_t,) = lax.scan(step, tuple(_alike(spread, product.transpose(2, 0, 1, 3, 4))[:-1]), (product.transpose(2, 0, 1, 3, 4),))
    return cotangent0_t.transpose(1, 2, 0, 3, 4)


def _linear_attention_backward_d_Q(K, V, d_out, *, block_t=256, block_d=512):
    """linear_attention_backward_d_Q(K: bf16[b h t d], V: bf16[b h t e], d_out: bf16[b h t e]) -> bf16[b h t d], in blocks: memory does not grow with t."""
    K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (K, V, d_out))
    b, h, t, d = K.shape
    _, _, _, e = V.shape
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    block_t = min(block_t, max(t, 1))
    block_d = min(block_d, max(d, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, max(-d % block_d, block_d - d))))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        e_index = jnp.arange(e)
        b_index = jnp.arange(b)
        h_index = jnp.arange(h)
        first_d = tile * block_d
        d_index = first_d + jnp.arange(block_d)
        state_2 = jnp.full_like(K, 0.0, jnp.float32, (b, h, block_d, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        d_Q = jnp.full_like(K, 0, jnp.bfloat16, (b, h, max(-(-t // block_t), 1) * block_t, block_d))
        to_t = t // block_t * block_t

        def step(block, state):
            state_2, d_Q = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            V_tile = V.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 2)
            dot = jnp.einsum("bhte,bhae->bhta", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(t_index <= t_index[:, None], dot, 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhtd,bhat->bhda", K_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("bhde,bhte->bhdt", state_bf16, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (rsqrt * (dot_3 + dot_2)).astype(jnp.bfloat16)
            d_Q = lax.dynamic_update_slice_in_dim(d_Q, tile_bf16_2.transpose(0, 1, 3, 2), first_t, 2)
            dot_4 = jnp.einsum("bhtd,bhte->bhde", K_tile, V_tile, preferred_element_type=jnp.float32)
            add = state_2 + dot_4
            return (add, d_Q)

        state_2, d_Q = lax.fori_loop(0, -(-to_t // block_t), step, (state_2, d_Q))
        from_t = jnp.maximum(0, to_t)

        def step_2(block, state):
            state_2, d_Q = state
            first_t = block * block_t
            t_index = first_t + jnp.arange(block_t)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            V_tile = V.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (t_index)[:, None], (e_index)].get(mode="fill", fill_value=0.0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 2)
            dot = jnp.einsum("bhte,bhae->bhta", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mask = (t_index <= t_index[:, None]) & (t_index < t)
            tile_bf16 = jnp.where(mask, dot, 0.0).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhtd,bhat->bhda", K_tile, tile_bf16, preferred_element_type=jnp.float32)
            state_bf16 = state_2.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("bhde,bhte->bhdt", state_bf16, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (rsqrt * (dot_3 + dot_2)).astype(jnp.bfloat16)
            d_Q = lax.dynamic_update_slice_in_dim(d_Q, tile_bf16_2.transpose(0, 1, 3, 2), first_t, 2)
            return (state_2, d_Q)

        state_2, d_Q = lax.fori_loop(from_t // block_t, -(-t // block_t), step_2, (state_2, d_Q))
        return d_Q

    d_Q_tiles = lax.map(program, jnp.arange(-(-d // block_d)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 3, 0, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, h, -(-t // block_t) * block_t, -(-d // block_d) * block_d)
    return d_Q_tiles[:, :, :t, :d]


def _linear_attention_backward_buffer_1(buffer_0):
    """linear_attention_backward_buffer_1(buffer_0: f32[b h t d e]) -> f32[b h t d e]"""
    buffer_0 = jnp.asarray(buffer_0, jnp.float32)
    b, h, t, d, e = buffer_0.shape
    view = buffer_0[:, :, ::-1]  # [b h t d e]
    return view


def _linear_attention_backward_d_K(Q, V, d_out, buffer_1):
    """linear_attention_backward_d_K(Q: bf16[b h t d], V: bf16[b h t e], d_out: bf16[b h t e], buffer_1: f32[b h t d e]) -> bf16[b h t d]"""
    Q, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, V, d_out))
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    b, h, t, d = Q.shape
    _, _, _, e = V.shape
    if V.shape != (b, h, t, e):
        raise ValueError(f"V: bf16[b h t e] has shape {V.shape}, expected {(b, h, t, e)}")
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    if buffer_1.shape != (b, h, t, d, e):
        raise ValueError(f"buffer_1: f32[b h t d e] has shape {buffer_1.shape}, expected {(b, h, t, d, e)}")
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    view = _read(buffer_1, jnp.s_[:, :, jnp.arange(t) + 1], 0.0)  # [b h t d e]
    total = rsqrt_value * Q[:, :, :, :, None].astype(jnp.float32) * d_out[:, :, :, None].astype(jnp.float32) + view
    sum_e = jnp.einsum("bhte,bhtde->bhtd", V.astype(jnp.float32), total, precision="highest")  # [b h t d]
    as_bf16 = sum_e.astype(jnp.bfloat16)  # [b h t d]
    return as_bf16


def _linear_attention_backward_d_V(Q, K, d_out, buffer_1):
    """linear_attention_backward_d_V(Q: bf16[b h t d], K: bf16[b h t d], d_out: bf16[b h t e], buffer_1: f32[b h t d e]) -> bf16[b h t e]"""
    Q, K, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, d_out))
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    b, h, t, d = Q.shape
    _, _, _, e = d_out.shape
    if K.shape != (b, h, t, d):
        raise ValueError(f"K: bf16[b h t d] has shape {K.shape}, expected {(b, h, t, d)}")
    if d_out.shape != (b, h, t, e):
        raise ValueError(f"d_out: bf16[b h t e] has shape {d_out.shape}, expected {(b, h, t, e)}")
    if buffer_1.shape != (b, h, t, d, e):
        raise ValueError(f"buffer_1: f32[b h t d e] has shape {buffer_1.shape}, expected {(b, h, t, d, e)}")
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    view = _read(buffer_1, jnp.s_[:, :, jnp.arange(t) + 1], 0.0)  # [b h t d e]
    total = rsqrt_value * Q[:, :, :, :, None].astype(jnp.float32) * d_out[:, :, :, None].astype(jnp.float32) + view
    sum_d = jnp.einsum("bhtd,bhtde->bhte", K.astype(jnp.float32), total, precision="highest")  # [b h t e]
    as_bf16 = sum_d.astype(jnp.bfloat16)  # [b h t e]
    return as_bf16


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _linear_attention_differentiable(Q, K, V, block_t, block_e):
    out = _linear_attention(Q, K, V, block_t=block_t, block_e=block_e)
    return out


def _linear_attention_keeping(Q, K, V, block_t, block_e):
    out = _linear_attention_forward(Q, K, V, block_t=block_t, block_e=block_e)
    return out, (Q, K, V)


def _linear_attention_pull(block_t, block_e, saved, cotangents):
    Q, K, V = saved
    d_out = cotangents
    buffer_0 = _linear_attention_backward_buffer_0(Q, d_out)
    d_Q = _linear_attention_backward_d_Q(K, V, d_out, block_t=block_t)
    buffer_1 = _linear_attention_backward_buffer_1(buffer_0)
    d_K = _linear_attention_backward_d_K(Q, V, d_out, buffer_1)
    d_V = _linear_attention_backward_d_V(Q, K, d_out, buffer_1)
    return (d_Q, d_K, d_V)


_linear_attention_differentiable.defvjp(_linear_attention_keeping, _linear_attention_pull)


def linear_attention(Q, K, V, *, block_t=256, block_e=512):
    """linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> bf16[b h t e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _linear_attention_differentiable(Q, K, V, block_t, block_e)


def linear_attention_plain(Q, K, V):
    """linear_attention(Q: bf16[b h t d], K: bf16[b h t d], V: bf16[b h t e]) -> bf16[b h t e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
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

    _, (state0_t,) = lax.scan(step, tuple(_alike(spread.transpose(0, 1, 3, 2), product.transpose(2, 0, 1, 3, 4))[:-1]), (product.transpose(2, 0, 1, 3, 4),))
    sum_d = _product("bhtd,tbhde->bhte", jnp.bfloat16, Q, state0_t)  # [b h t e]  # src[linear.diag:8]
    as_bf16 = (sum_d * lax.rsqrt(jnp.float32(d))).astype(jnp.bfloat16)  # [b h t e]
    return as_bf16


def _retention(Q, K, V, rate, *, block_t=256, block_e=512):
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
        state_2 = jnp.full_like(Q, 0.0, jnp.float32, (h, block_e, d))
        exp = jnp.exp(jnp.abs(rate) * -1.0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.full_like(Q, 0, jnp.bfloat16, (h, max(-(-t // block_t), 1) * block_t, block_e))
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
            zero = jnp.full_like(Q, 0.0, jnp.float32, (block_t,))
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
            zero_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_t,))
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
            zero = jnp.full_like(Q, 0.0, jnp.float32, (block_t,))
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


def _retention_forward(Q, K, V, rate, *, block_t=256, block_e=512):
    """retention_forward(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> bf16[h t e], in blocks: memory does not grow with t."""
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
        state_2 = jnp.full_like(Q, 0.0, jnp.float32, (h, block_e, d))
        exp = jnp.exp(jnp.abs(rate) * -1.0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        out = jnp.full_like(Q, 0, jnp.bfloat16, (h, max(-(-t // block_t), 1) * block_t, block_e))
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
            zero = jnp.full_like(Q, 0.0, jnp.float32, (block_t,))
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
            zero_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_t,))
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
            zero = jnp.full_like(Q, 0.0, jnp.float32, (block_t,))
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


def _retention_backward_buffer_0_S(Q, K, V, rate, d_out):
    """retention_backward_buffer_0_S(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h], d_out: bf16[h t e]) -> (f32[h t d e], f32[h t d e])"""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    rate = jnp.asarray(rate, jnp.float32)
    Q, K, V, rate, d_out = _alike(Q, K, V, rate, d_out)
    h, t, d = Q.shape
    _, _, e = V.shape
    if K.shape != (h, t, d):
        raise ValueError(f"K: bf16[h t d] has shape {K.shape}, expected {(h, t, d)}")
    if V.shape != (h, t, e):
        raise ValueError(f"V: bf16[h t e] has shape {V.shape}, expected {(h, t, e)}")
    if rate.shape != (h,):
        raise ValueError(f"rate: f32[h] has shape {rate.shape}, expected {(h,)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    spread = jnp.broadcast_to(0.0, (h, d, e))  # [h d e]
    exponential = jnp.exp(-1.0 * jnp.abs(rate))  # [h]
    view = Q[:, ::-1]  # [h t d]
    view_2 = d_out[:, ::-1]  # [h t e]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    product = view[:, :, :, None].astype(jnp.float32) * view_2[:, :, None].astype(jnp.float32) * rsqrt_value
    read0 = exponential  # [h]

    def step(states, arrays):
        (cotangent0,) = states
        (sent0,) = arrays
        product_2 = (cotangent0 + sent0.transpose(0, 2, 1)) * read0[:, None, None]  # [h d e]
        following = (product_2,)
        return following, following

    _, (cotangent0_t,) = lax.scan(step, tuple(_alike(spread, product.transpose(1, 0, 3, 2))[:-1]), (product.transpose(1, 0, 3, 2),))
    product_2 = K[:, :, :, None].astype(jnp.float32) * V[:, :, None].astype(jnp.float32)  # [h t d e]
    read0_2 = exponential  # [h]

    def step_2(states, arrays):
        (state0,) = states
        (read1,) = arrays
        total = read0_2[:, None, None] * state0 + read1  # [h d e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step_2, tuple(_alike(spread, product_2.transpose(1, 0, 2, 3))[:-1]), (product_2.transpose(1, 0, 2, 3),))
    return cotangent0_t.transpose(1, 0, 2, 3), state0_t.transpose(1, 0, 2, 3)


def _retention_backward_buffer_1(buffer_0):
    """retention_backward_buffer_1(buffer_0: f32[h t d e]) -> f32[h t d e]"""
    buffer_0 = jnp.asarray(buffer_0, jnp.float32)
    h, t, d, e = buffer_0.shape
    view = buffer_0[:, ::-1]  # [h t d e]
    return view


def _retention_backward_buffer_4(Q, d_out, buffer_1):
    """retention_backward_buffer_4(Q: bf16[h t d], d_out: bf16[h t e], buffer_1: f32[h t d e]) -> f32[h t d e]"""
    Q, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, d_out))
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    h, t, d = Q.shape
    _, _, e = d_out.shape
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if buffer_1.shape != (h, t, d, e):
        raise ValueError(f"buffer_1: f32[h t d e] has shape {buffer_1.shape}, expected {(h, t, d, e)}")
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []
    view = _read(buffer_1, jnp.s_[:, jnp.arange(t) + 1], 0.0)  # [h t d e]
    total = Q[:, :, :, None].astype(jnp.float32) * d_out[:, :, None].astype(jnp.float32) * rsqrt_value + view
    return total


def _retention_backward_buffer_3_d_Q_d_K(V, d_out, buffer_4, S):
    """retention_backward_buffer_3_d_Q_d_K(V: bf16[h t e], d_out: bf16[h t e], buffer_4: f32[h t d e], S: f32[h t d e]) -> (f32[h t d e], bf16[h t d], bf16[h t d])"""
    V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (V, d_out))
    buffer_4, S = (jnp.asarray(array, jnp.float32) for array in (buffer_4, S))
    h, t, e = V.shape
    _, _, d, _ = buffer_4.shape
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if buffer_4.shape != (h, t, d, e):
        raise ValueError(f"buffer_4: f32[h t d e] has shape {buffer_4.shape}, expected {(h, t, d, e)}")
    if S.shape != (h, t, d, e):
        raise ValueError(f"S: f32[h t d e] has shape {S.shape}, expected {(h, t, d, e)}")
    view = _read(S, jnp.s_[:, jnp.arange(t) - 1], 0.0)  # [h t d e]
    product = buffer_4 * jnp.where(0 == jnp.arange(t)[:, None, None], 0.0, view)  # [h t d e]
    sum_e = _product("htde,hte->htd", jnp.bfloat16, S, d_out)  # [h t d]
    product_2 = sum_e * lax.rsqrt(jnp.float32(d))  # [h t d]
    as_bf16 = product_2.astype(jnp.bfloat16)  # [h t d]
    sum_e_2 = jnp.einsum("hte,htde->htd", V.astype(jnp.float32), buffer_4, precision="highest")  # [h t d]
    as_bf16_2 = sum_e_2.astype(jnp.bfloat16)  # [h t d]
    return product, as_bf16, as_bf16_2


def _retention_backward_d_V(K, buffer_4):
    """retention_backward_d_V(K: bf16[h t d], buffer_4: f32[h t d e]) -> bf16[h t e]"""
    K = jnp.asarray(K, jnp.bfloat16)
    buffer_4 = jnp.asarray(buffer_4, jnp.float32)
    h, t, d = K.shape
    _, _, _, e = buffer_4.shape
    if buffer_4.shape != (h, t, d, e):
        raise ValueError(f"buffer_4: f32[h t d e] has shape {buffer_4.shape}, expected {(h, t, d, e)}")
    sum_d = jnp.einsum("htd,htde->hte", K.astype(jnp.float32), buffer_4, precision="highest")  # [h t e]
    as_bf16 = sum_d.astype(jnp.bfloat16)  # [h t e]
    return as_bf16


def _retention_backward_d_rate(rate, buffer_3):
    """retention_backward_d_rate(rate: f32[h], buffer_3: f32[h t d e]) -> f32[h]"""
    rate, buffer_3 = (jnp.asarray(array, jnp.float32) for array in (rate, buffer_3))
    (h,) = rate.shape
    _, t, d, e = buffer_3.shape
    if buffer_3.shape != (h, t, d, e):
        raise ValueError(f"buffer_3: f32[h t d e] has shape {buffer_3.shape}, expected {(h, t, d, e)}")
    sum_t_d_e = jnp.sum(buffer_3, axis=(1, 2, 3))  # [h]
    product = -1.0 * jnp.sign(rate) * jnp.exp(-1.0 * jnp.abs(rate)) * sum_t_d_e  # [h]
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _retention_differentiable(Q, K, V, rate, block_t, block_e):
    out = _retention(Q, K, V, rate, block_t=block_t, block_e=block_e)
    return out


def _retention_keeping(Q, K, V, rate, block_t, block_e):
    out = _retention_forward(Q, K, V, rate, block_t=block_t, block_e=block_e)
    return out, (Q, K, V, rate)


def _retention_pull(block_t, block_e, saved, cotangents):
    Q, K, V, rate = saved
    d_out = cotangents
    buffer_0, S = _retention_backward_buffer_0_S(Q, K, V, rate, d_out)
    buffer_1 = _retention_backward_buffer_1(buffer_0)
    buffer_4 = _retention_backward_buffer_4(Q, d_out, buffer_1)
    buffer_3, d_Q, d_K = _retention_backward_buffer_3_d_Q_d_K(V, d_out, buffer_4, S)
    d_V = _retention_backward_d_V(K, buffer_4)
    d_rate = _retention_backward_d_rate(rate, buffer_3)
    return (d_Q, d_K, d_V, d_rate)


_retention_differentiable.defvjp(_retention_keeping, _retention_pull)


def retention(Q, K, V, rate, *, block_t=256, block_e=512):
    """retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> bf16[h t e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    rate = jnp.asarray(rate, jnp.float32)
    Q, K, V, rate = _alike(Q, K, V, rate)
    return _retention_differentiable(Q, K, V, rate, block_t, block_e)


def retention_plain(Q, K, V, rate):
    """retention(Q: bf16[h t d], K: bf16[h t d], V: bf16[h t e], rate: f32[h]) -> bf16[h t e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    rate = jnp.asarray(rate, jnp.float32)
    Q, K, V, rate = _alike(Q, K, V, rate)
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

    _, (state0_t,) = lax.scan(step, tuple(_alike(spread.transpose(0, 2, 1), product.transpose(1, 0, 2, 3))[:-1]), (product.transpose(1, 0, 2, 3),))
    sum_d = _product("htd,thde->hte", jnp.bfloat16, Q, state0_t)  # [h t e]  # src[linear.diag:15]
    as_bf16 = (sum_d * lax.rsqrt(jnp.float32(d))).astype(jnp.bfloat16)  # [h t e]
    return as_bf16


def _ssd(C, B, X, dt, A, D, *, block_t=256, block_e=512):
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
        state_2 = jnp.full_like(C, 0.0, jnp.float32, (h, block_e, n))
        abs_ = jnp.abs(A)
        out = jnp.full_like(C, 0, jnp.bfloat16, (h, max(-(-t // block_t), 1) * block_t, block_e))
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


def _ssd_forward(C, B, X, dt, A, D, *, block_t=256, block_e=512):
    """ssd_forward(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> bf16[h t e], in blocks: memory does not grow with t."""
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
        state_2 = jnp.full_like(C, 0.0, jnp.float32, (h, block_e, n))
        abs_ = jnp.abs(A)
        out = jnp.full_like(C, 0, jnp.bfloat16, (h, max(-(-t // block_t), 1) * block_t, block_e))
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


def _ssd_backward_buffer_0_S(C, B, X, dt, A, d_out):
    """ssd_backward_buffer_0_S(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], d_out: bf16[h t e]) -> (f32[t n h e], f32[t n h e])"""
    C, B, X, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, X, d_out))
    dt, A = (jnp.asarray(array, jnp.float32) for array in (dt, A))
    C, B, X, dt, A, d_out = _alike(C, B, X, dt, A, d_out)
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
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    spread = jnp.broadcast_to(0.0, (n, h, e))  # [n h e]
    abs_value = jnp.abs(A)  # [h]
    view = dt[:, ::-1]  # [h t]
    exponential = jnp.exp(abs_value[:, None] * -1.0 * jax.nn.softplus(view))  # [h t]
    view_2 = C[::-1]  # [t n]
    view_3 = d_out[:, ::-1]  # [h t e]
    product = view_2[:, None].astype(jnp.float32) * view_3[:, :, :, None].astype(jnp.float32)  # [h t e n]

    def step(states, arrays):
        (cotangent0,) = states
        read0, sent0 = arrays
        product_2 = (cotangent0 + sent0.transpose(0, 2, 1)) * read0[:, None, None]  # [h n e]
        following = (product_2,)
        return following, following

    _, (cotangent0_t,) = lax.scan(step, tuple(_alike(spread.transpose(1, 0, 2), exponential.T)[:-1]), (exponential.T, product.transpose(1, 0, 2, 3)))
    softplus_value = jax.nn.softplus(dt)  # [h t]
    exponential_2 = jnp.exp(abs_value[:, None] * -1.0 * softplus_value)  # [h t]
    product_2 = B[:, None].astype(jnp.float32) * X[:, :, :, None].astype(jnp.float32) * softplus_value[:, :, None, None]

    def step_2(states, arrays):
        (state0,) = states
        read0, read1 = arrays
        total = read0[:, None, None] * state0 + read1  # [h n e]
        following = (total,)
        return following, following

    _, (state0_t,) = lax.scan(step_2, tuple(_alike(spread.transpose(1, 0, 2), exponential_2.T)[:-1]), (exponential_2.T, product_2.transpose(1, 0, 3, 2)))
    return cotangent0_t.transpose(0, 2, 1, 3), state0_t.transpose(0, 2, 1, 3)


def _ssd_backward_d_D(X, d_out):
    """ssd_backward_d_D(X: bf16[h t e], d_out: bf16[h t e]) -> f32[h]"""
    X, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, d_out))
    h, t, e = X.shape
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    sum_t_e = jnp.einsum("hte,hte->h", X.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_t_e


def _ssd_backward_buffer_1(buffer_0):
    """ssd_backward_buffer_1(buffer_0: f32[t n h e]) -> f32[t n h e]"""
    buffer_0 = jnp.asarray(buffer_0, jnp.float32)
    t, n, h, e = buffer_0.shape
    view = buffer_0[::-1]  # [t n h e]
    return view


def _ssd_backward_buffer_3_d_dt(C, B, X, dt, A, d_out, S, buffer_1):
    """ssd_backward_buffer_3_d_dt(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], d_out: bf16[h t e], S: f32[t n h e], buffer_1: f32[t n h e]) -> (f32[t h], f32[h t])"""
    C, B, X, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, X, d_out))
    dt, A, S, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (dt, A, S, buffer_1))
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
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if S.shape != (t, n, h, e):
        raise ValueError(f"S: f32[t n h e] has shape {S.shape}, expected {(t, n, h, e)}")
    if buffer_1.shape != (t, n, h, e):
        raise ValueError(f"buffer_1: f32[t n h e] has shape {buffer_1.shape}, expected {(t, n, h, e)}")
    view = _read(S, jnp.s_[jnp.arange(t) - 1], 0.0)  # [t n h e]
    chosen = jnp.where(jnp.arange(t)[:, None, None, None] == 0, 0.0, view)  # [t n h e]
    view_2 = _read(buffer_1, jnp.s_[jnp.arange(t) + 1], 0.0)  # [t n h e]
    total = C[:, :, None, None].astype(jnp.float32) * d_out.transpose(1, 0, 2)[:, None].astype(jnp.float32) + view_2
    sum_n_e = jnp.einsum("tnhe,tnhe->th", chosen, total, precision="highest")  # [t h]
    sum_n_e_2 = jnp.einsum("tn,tnhe,hte->th", B.astype(jnp.float32), total, X.astype(jnp.float32), precision="highest")
    abs_value = jnp.abs(A)  # [h]
    product = jnp.exp(abs_value[:, None] * -1.0 * jax.nn.softplus(dt)) * abs_value[:, None] * sum_n_e.T
    product_2 = jax.nn.sigmoid(dt) * (sum_n_e_2.T - product)  # [h t]
    return sum_n_e, product_2


def _ssd_backward_d_C_d_B(C, X, dt, d_out, S, buffer_1):
    """ssd_backward_d_C_d_B(C: bf16[t n], X: bf16[h t e], dt: f32[h t], d_out: bf16[h t e], S: f32[t n h e], buffer_1: f32[t n h e]) -> (bf16[t n], bf16[t n])"""
    C, X, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (C, X, d_out))
    dt, S, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (dt, S, buffer_1))
    t, n = C.shape
    h, _, e = X.shape
    if X.shape != (h, t, e):
        raise ValueError(f"X: bf16[h t e] has shape {X.shape}, expected {(h, t, e)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if S.shape != (t, n, h, e):
        raise ValueError(f"S: f32[t n h e] has shape {S.shape}, expected {(t, n, h, e)}")
    if buffer_1.shape != (t, n, h, e):
        raise ValueError(f"buffer_1: f32[t n h e] has shape {buffer_1.shape}, expected {(t, n, h, e)}")
    sum_h_e = _product("tnhe,hte->tn", jnp.bfloat16, S, d_out)  # [t n]
    as_bf16 = sum_h_e.astype(jnp.bfloat16)  # [t n]
    view = _read(buffer_1, jnp.s_[jnp.arange(t) + 1], 0.0)  # [t n h e]
    total = C[:, :, None, None].astype(jnp.float32) * d_out.transpose(1, 0, 2)[:, None].astype(jnp.float32) + view
    sum_h_e_2 = jnp.einsum("tnhe,hte,ht->tn", total, X.astype(jnp.float32), jax.nn.softplus(dt), precision="highest")
    as_bf16_2 = sum_h_e_2.astype(jnp.bfloat16)  # [t n]
    return as_bf16, as_bf16_2


def _ssd_backward_d_X(C, B, dt, D, d_out, buffer_1):
    """ssd_backward_d_X(C: bf16[t n], B: bf16[t n], dt: f32[h t], D: f32[h], d_out: bf16[h t e], buffer_1: f32[t n h e]) -> bf16[h t e]"""
    C, B, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, d_out))
    dt, D, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (dt, D, buffer_1))
    t, n = C.shape
    h, _ = dt.shape
    _, _, e = d_out.shape
    if B.shape != (t, n):
        raise ValueError(f"B: bf16[t n] has shape {B.shape}, expected {(t, n)}")
    if dt.shape != (h, t):
        raise ValueError(f"dt: f32[h t] has shape {dt.shape}, expected {(h, t)}")
    if D.shape != (h,):
        raise ValueError(f"D: f32[h] has shape {D.shape}, expected {(h,)}")
    if d_out.shape != (h, t, e):
        raise ValueError(f"d_out: bf16[h t e] has shape {d_out.shape}, expected {(h, t, e)}")
    if buffer_1.shape != (t, n, h, e):
        raise ValueError(f"buffer_1: f32[t n h e] has shape {buffer_1.shape}, expected {(t, n, h, e)}")
    view = _read(buffer_1, jnp.s_[jnp.arange(t) + 1], 0.0)  # [t n h e]
    d_out_f32 = d_out.astype(jnp.float32)  # [h t e]
    total = C[:, :, None, None].astype(jnp.float32) * d_out_f32.transpose(1, 0, 2)[:, None] + view
    sum_n = jnp.einsum("tn,tnhe->hte", B.astype(jnp.float32), total, precision="highest")  # [h t e]
    as_bf16 = (D[:, None, None] * d_out_f32 + sum_n * jax.nn.softplus(dt[:, :, None])).astype(jnp.bfloat16)
    return as_bf16


def _ssd_backward_d_A(dt, A, buffer_3):
    """ssd_backward_d_A(dt: f32[h t], A: f32[h], buffer_3: f32[t h]) -> f32[h]"""
    dt, A, buffer_3 = (jnp.asarray(array, jnp.float32) for array in (dt, A, buffer_3))
    h, t = dt.shape
    if A.shape != (h,):
        raise ValueError(f"A: f32[h] has shape {A.shape}, expected {(h,)}")
    if buffer_3.shape != (t, h):
        raise ValueError(f"buffer_3: f32[t h] has shape {buffer_3.shape}, expected {(t, h)}")
    softplus_value = jax.nn.softplus(dt)  # [h t]
    exponential = jnp.exp(jnp.abs(A[:, None]) * -1.0 * softplus_value)  # [h t]
    sum_t = jnp.einsum("ht,th,ht->h", exponential, buffer_3, softplus_value, precision="highest")  # [h]
    product = sum_t * -1.0 * jnp.sign(A)  # [h]
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(6, 7))
def _ssd_differentiable(C, B, X, dt, A, D, block_t, block_e):
    out = _ssd(C, B, X, dt, A, D, block_t=block_t, block_e=block_e)
    return out


def _ssd_keeping(C, B, X, dt, A, D, block_t, block_e):
    out = _ssd_forward(C, B, X, dt, A, D, block_t=block_t, block_e=block_e)
    return out, (C, B, X, dt, A, D)


def _ssd_pull(block_t, block_e, saved, cotangents):
    C, B, X, dt, A, D = saved
    d_out = cotangents
    buffer_0, S = _ssd_backward_buffer_0_S(C, B, X, dt, A, d_out)
    d_D = _ssd_backward_d_D(X, d_out)
    buffer_1 = _ssd_backward_buffer_1(buffer_0)
    buffer_3, d_dt = _ssd_backward_buffer_3_d_dt(C, B, X, dt, A, d_out, S, buffer_1)
    d_C, d_B = _ssd_backward_d_C_d_B(C, X, dt, d_out, S, buffer_1)
    d_X = _ssd_backward_d_X(C, B, dt, D, d_out, buffer_1)
    d_A = _ssd_backward_d_A(dt, A, buffer_3)
    return (d_C, d_B, d_X, d_dt, d_A, d_D)


_ssd_differentiable.defvjp(_ssd_keeping, _ssd_pull)


def ssd(C, B, X, dt, A, D, *, block_t=256, block_e=512):
    """ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> bf16[h t e], in blocks; differentiable in reverse."""
    C, B, X = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, X))
    dt, A, D = (jnp.asarray(array, jnp.float32) for array in (dt, A, D))
    C, B, X, dt, A, D = _alike(C, B, X, dt, A, D)
    return _ssd_differentiable(C, B, X, dt, A, D, block_t, block_e)


def ssd_plain(C, B, X, dt, A, D):
    """ssd(C: bf16[t n], B: bf16[t n], X: bf16[h t e], dt: f32[h t], A: f32[h], D: f32[h]) -> bf16[h t e]"""
    C, B, X = (jnp.asarray(array, jnp.bfloat16) for array in (C, B, X))
    dt, A, D = (jnp.asarray(array, jnp.float32) for array in (dt, A, D))
    C, B, X, dt, A, D = _alike(C, B, X, dt, A, D)
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

    _, (state0_t,) = lax.scan(step_2, tuple(_alike(spread.transpose(0, 2, 1), exponential.T)[:-1]), (exponential.T, product.transpose(1, 0, 3, 2)))
    sum_n = _product("tn,thne->hte", jnp.bfloat16, C, state0_t)  # [h t e]  # src[linear.diag:28]
    as_bf16 = (sum_n + D[:, None, None] * X_f32).astype(jnp.bfloat16)  # [h t e]
    return as_bf16


def gated_delta(Q, K, V, beta, gate):
    """gated_delta(Q: f32[h t d], K: f32[h t d], V: f32[h t e], beta: f32[h t], gate: f32[h t]) -> f32[h t e]"""
    Q, K, V, beta, gate = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, beta, gate))
    Q, K, V, beta, gate = _alike(Q, K, V, beta, gate)
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

    _, (state0_t,) = lax.scan(step, tuple(_alike(spread.transpose(0, 2, 1), unit.transpose(1, 0, 2))[:-1]), (unit.transpose(1, 0, 2), product.transpose(1, 0, 2), sigmoid_value.T, product_2.transpose(1, 0, 2, 3)))
    sum_d_2 = jnp.einsum("htd,thde->hte", Q, state0_t, precision="highest")  # [h t e]  # src[linear.diag:44]
    return sum_d_2
