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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, 2, 2, block_t))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, 2, block_t))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, 2, block_t, 64))
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, 2, 2, block_t))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, 2, block_t))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, 2, block_t, 64))
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
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, 2, block_t, 64))
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
        acc_g_t = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, block_x, 64))
        acc_g_t_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, 2, block_x, 64))
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
    Q, K, V = _alike(Q, K, V)
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
    sum_x = _product("bkgtx,bkxd->bkgtd", jnp.bfloat16, chosen_2, V)  # [b kv g t d]  # src[block.diag:8]
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
    sum_width = _product("bxw,wkd,w->bkdx", jnp.bfloat16, X, WK, a)  # [b kv d x]
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


def _block_buffer_3(X, a, WQ):
    """block_buffer_3(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d]) -> f32[b t kv g d]"""
    X, WQ = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ))
    a = jnp.asarray(a, jnp.float32)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    sum_width = _product("wkgd,btw,w->btkgd", jnp.bfloat16, WQ, X, a)  # [b t kv g d]
    return sum_width


def _block_buffer_5(X):
    """block_buffer_5(X: bf16[b t width]) -> f32[b t]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("btw,btw->bt", X, X, preferred_element_type=jnp.float32)  # [b t]
    rsqrt_value = lax.rsqrt(1e-05 + sum_width * 0.001953125)  # [b t]
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
    sum_width = _product("bxw,wkd,w->bkdx", jnp.bfloat16, X, WV, a)  # [b kv d x]
    as_bf16 = (sum_width * buffer_1[:, None, None]).astype(jnp.bfloat16)  # [b kv d x]
    return as_bf16


def _block_buffer_7(buffer_0, buffer_1, buffer_5, buffer_3):
    """block_buffer_7(buffer_0: f32[b kv d x], buffer_1: f32[b x], buffer_5: f32[b t], buffer_3: f32[b t kv g d]) -> f32[b t kv g x]"""
    buffer_0, buffer_1, buffer_5, buffer_3 = (jnp.asarray(array, jnp.float32) for array in (buffer_0, buffer_1, buffer_5, buffer_3))
    b, _, _, t = buffer_0.shape
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    if buffer_1.shape != (b, t):
        raise ValueError(f"buffer_1: f32[b x] has shape {buffer_1.shape}, expected {(b, t)}")
    if buffer_5.shape != (b, t):
        raise ValueError(f"buffer_5: f32[b t] has shape {buffer_5.shape}, expected {(b, t)}")
    if buffer_3.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_3: f32[b t kv g d] has shape {buffer_3.shape}, expected {(b, t, 2, 2, 64)}")
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]
    as_bf16 = (buffer_0 * buffer_1[:, None, None]).astype(jnp.bfloat16)  # [b kv d x]
    as_bf16_2 = (buffer_5[:, :, None, None, None] * buffer_3).astype(jnp.bfloat16)  # [b t kv g d]
    sum_d = _einsum("bkdx,btkgd->btkgx", as_bf16, as_bf16_2, preferred_element_type=jnp.float32)
    chosen = jnp.where(le_value[:, None, None], sum_d * 0.125, -jnp.inf)  # [b t kv g x]
    return chosen


def _block_buffer_4(V, buffer_7):
    """block_buffer_4(V: bf16[b kv d x], buffer_7: f32[b t kv g x]) -> f32[b t kv g d]"""
    V = jnp.asarray(V, jnp.bfloat16)
    buffer_7 = jnp.asarray(buffer_7, jnp.float32)
    b, _, _, t = V.shape
    if V.shape != (b, 2, 64, t):
        raise ValueError(f"V: bf16[b kv d x] has shape {V.shape}, expected {(b, 2, 64, t)}")
    if buffer_7.shape != (b, t, 2, 2, t):
        raise ValueError(f"buffer_7: f32[b t kv g x] has shape {buffer_7.shape}, expected {(b, t, 2, 2, t)}")
    max_x = jnp.max(buffer_7, axis=4, initial=-jnp.inf)  # [b t kv g]
    exponential = jnp.exp(_subtract(buffer_7, max_x[:, :, :, :, None]))  # [b t kv g x]
    sum_x = _product("bkdx,btkgx->btkgd", jnp.bfloat16, V, exponential)  # [b t kv g d]
    return sum_x


def _block_z(buffer_7):
    """block_z(buffer_7: f32[b t kv g x]) -> f32[b t kv g]"""
    buffer_7 = jnp.asarray(buffer_7, jnp.float32)
    b, t, _, _, _ = buffer_7.shape
    if buffer_7.shape != (b, t, 2, 2, t):
        raise ValueError(f"buffer_7: f32[b t kv g x] has shape {buffer_7.shape}, expected {(b, t, 2, 2, t)}")
    max_x = jnp.max(buffer_7, axis=4, initial=-jnp.inf)  # [b t kv g]
    sum_x = jnp.sum(jnp.exp(_subtract(buffer_7, max_x[:, :, :, :, None])), axis=4)  # [b t kv g]
    return sum_x


def _block_buffer_6(WO, z, buffer_4):
    """block_buffer_6(WO: bf16[kv g d width], z: f32[b t kv g], buffer_4: f32[b t kv g d]) -> f32[b t width]"""
    WO = jnp.asarray(WO, jnp.bfloat16)
    z, buffer_4 = (jnp.asarray(array, jnp.float32) for array in (z, buffer_4))
    b, t, _, _ = z.shape
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if z.shape != (b, t, 2, 2):
        raise ValueError(f"z: f32[b t kv g] has shape {z.shape}, expected {(b, t, 2, 2)}")
    if buffer_4.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_4: f32[b t kv g d] has shape {buffer_4.shape}, expected {(b, t, 2, 2, 64)}")
    product = buffer_4 * (1 / z[:, :, :, :, None])  # [b t kv g d]
    chosen = jnp.where(z[:, :, :, :, None] > 0.0, product, 0.0)  # [b t kv g d]
    sum_kv_g_d = jnp.einsum("kgdw,btkgd->btw", WO, chosen.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return sum_kv_g_d


def _block_out(X, c, up, gate, down, buffer_6, *, block_hidden=256, block_t=512):
    """block_out(X: bf16[b t width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], buffer_6: f32[b t width]) -> bf16[b t width], in blocks: memory does not grow with hidden."""
    X, up, gate, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, up, gate, down))
    c, buffer_6 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_6))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if buffer_6.shape != (b, t, 512):
        raise ValueError(f"buffer_6: f32[b t width] has shape {buffer_6.shape}, expected {(b, t, 512)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))

    def program(tile):
        first_t = tile * block_t
        acc_hidden = jnp.full_like(X, 0.0, jnp.float32, (b, block_t, 512))
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_t, block_t, 1)
        X_f32 = X_tile.astype(jnp.float32)
        Y = buffer_6_tile + X_f32
        mul = Y * Y
        sum_ = jnp.sum(mul, axis=2)
        rsqrt = lax.rsqrt(1e-05 + sum_ * 0.001953125)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (Y * c).astype(jnp.bfloat16)
            dot = jnp.einsum("btw,wh->bth", tile_bf16, gate_tile, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (Y * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,wh->bth", tile_bf16_2, up_tile, preferred_element_type=jnp.float32)
            mul_2 = jax.nn.silu(rsqrt[:, :, None] * dot) * dot_2
            tile_bf16_3 = mul_2.astype(jnp.bfloat16)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(0, -(-to_hidden // block_hidden), step, (acc_hidden,))
        from_hidden = jnp.maximum(0, to_hidden)

        def step_2(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            hidden_index = first_hidden + jnp.arange(block_hidden)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (Y * c).astype(jnp.bfloat16)
            dot = jnp.einsum("btw,wh->bth", tile_bf16, gate_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((hidden_index < 1024), dot, 0.0)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (Y * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,wh->bth", tile_bf16_2, up_tile, preferred_element_type=jnp.float32)
            mul_2 = jax.nn.silu(rsqrt[:, :, None] * chosen) * dot_2
            tile_bf16_3 = mul_2.astype(jnp.bfloat16)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden,),
        )
        add = buffer_6_tile + rsqrt[:, :, None] * acc_hidden
        return (add + X_f32).astype(jnp.bfloat16)

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
    sum_width = _product("bxw,w,wkd->bkdx", jnp.bfloat16, X, a, WK)  # [b kv d x]
    return sum_width


def _block_forward_state_(X):
    """block_forward_state_(X: bf16[b t width]) -> f32[b x]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("bxw,bxw->bx", X, X, preferred_element_type=jnp.float32)  # [b x]
    return sum_width


def _block_forward_state__(X, a, WQ):
    """block_forward_state__(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d]) -> f32[b t kv g d]"""
    X, WQ = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ))
    a = jnp.asarray(a, jnp.float32)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    sum_width = _product("btw,wkgd,w->btkgd", jnp.bfloat16, X, WQ, a)  # [b t kv g d]
    return sum_width


def _block_forward_state___(X):
    """block_forward_state___(X: bf16[b t width]) -> f32[b t]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("btw,btw->bt", X, X, preferred_element_type=jnp.float32)  # [b t]
    return sum_width


def _block_forward_state____(X, a, WV):
    """block_forward_state____(X: bf16[b t width], a: f32[width], WV: bf16[width kv d]) -> f32[b kv d x]"""
    X, WV = (jnp.asarray(array, jnp.bfloat16) for array in (X, WV))
    a = jnp.asarray(a, jnp.float32)
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    sum_width = _product("bxw,w,wkd->bkdx", jnp.bfloat16, X, a, WV)  # [b kv d x]
    return sum_width


def _block_forward_state_____(state___, state__, state_, state):
    """block_forward_state_____(state___: f32[b t], state__: f32[b t kv g d], state_: f32[b x], state: f32[b kv d x]) -> f32[b t kv g x]"""
    state___, state__, state_, state = (jnp.asarray(array, jnp.float32) for array in (state___, state__, state_, state))
    b, t = state___.shape
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    product = lax.rsqrt(1e-05 + state___[:, :, None, None, None] * 0.001953125) * state__  # [b t kv g d]
    product_2 = lax.rsqrt(state_[:, None, None] * 0.001953125 + 1e-05) * state  # [b kv d x]
    sum_d = _einsum("btkgd,bkdx->btkgx", product.astype(jnp.bfloat16), product_2.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return sum_d


def _block_forward_logsum_z(state_____):
    """block_forward_logsum_z(state_____: f32[b t kv g x]) -> (f32[b t kv g], f32[b t kv g])"""
    state_____ = jnp.asarray(state_____, jnp.float32)
    b, t, _, _, _ = state_____.shape
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]
    chosen = jnp.where(le_value[:, None, None], 0.125 * state_____, -jnp.inf)  # [b t kv g x]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b t kv g]
    sum_x = jnp.sum(jnp.exp(_subtract(chosen, max_x[:, :, :, :, None])), axis=4)  # [b t kv g]
    total = _add(max_x, jnp.log(sum_x))  # [b t kv g]
    return total, sum_x


def _block_forward_state_______(state_____, state_, state____):
    """block_forward_state_______(state_____: f32[b t kv g x], state_: f32[b x], state____: f32[b kv d x]) -> f32[b t kv g d]"""
    state_____, state_, state____ = (jnp.asarray(array, jnp.float32) for array in (state_____, state_, state____))
    b, t, _, _, _ = state_____.shape
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]
    chosen = jnp.where(le_value[:, None, None], 0.125 * state_____, -jnp.inf)  # [b t kv g x]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b t kv g]
    exponential = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b t kv g x]
    product = lax.rsqrt(state_[:, None, None] * 0.001953125 + 1e-05) * state____  # [b kv d x]
    sum_x = _product("btkgx,bkdx->btkgd", jnp.bfloat16, exponential, product.astype(jnp.bfloat16))
    return sum_x


def _block_forward_buffer_0(WO, z, state_______):
    """block_forward_buffer_0(WO: bf16[kv g d width], z: f32[b t kv g], state_______: f32[b t kv g d]) -> f32[b t width]"""
    WO = jnp.asarray(WO, jnp.bfloat16)
    z, state_______ = (jnp.asarray(array, jnp.float32) for array in (z, state_______))
    b, t, _, _ = z.shape
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if z.shape != (b, t, 2, 2):
        raise ValueError(f"z: f32[b t kv g] has shape {z.shape}, expected {(b, t, 2, 2)}")
    if state_______.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state_______: f32[b t kv g d] has shape {state_______.shape}, expected {(b, t, 2, 2, 64)}")
    product = state_______ * (1 / z[:, :, :, :, None])  # [b t kv g d]
    chosen = jnp.where(z[:, :, :, :, None] > 0.0, product, 0.0)  # [b t kv g d]
    sum_kv_g_d = jnp.einsum("kgdw,btkgd->btw", WO, chosen.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    return sum_kv_g_d


def _block_forward_out(X, c, up, gate, down, buffer_0, *, block_hidden=256, block_t=512):
    """block_forward_out(X: bf16[b t width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], buffer_0: f32[b t width]) -> bf16[b t width], in blocks: memory does not grow with hidden."""
    X, up, gate, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, up, gate, down))
    c, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_0))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if c.shape != (512,):
        raise ValueError(f"c: f32[width] has shape {c.shape}, expected {(512,)}")
    if up.shape != (512, 1024):
        raise ValueError(f"up: bf16[width hidden] has shape {up.shape}, expected {(512, 1024)}")
    if gate.shape != (512, 1024):
        raise ValueError(f"gate: bf16[width hidden] has shape {gate.shape}, expected {(512, 1024)}")
    if down.shape != (1024, 512):
        raise ValueError(f"down: bf16[hidden width] has shape {down.shape}, expected {(1024, 512)}")
    if buffer_0.shape != (b, t, 512):
        raise ValueError(f"buffer_0: f32[b t width] has shape {buffer_0.shape}, expected {(b, t, 512)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))

    def program(tile):
        first_t = tile * block_t
        acc_hidden = jnp.full_like(X, 0.0, jnp.float32, (b, block_t, 512))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_t, block_t, 1)
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        X_f32 = X_tile.astype(jnp.float32)
        Y = X_f32 + buffer_0_tile
        mul = Y * Y
        sum_ = jnp.sum(mul, axis=2)
        rsqrt = lax.rsqrt(1e-05 + sum_ * 0.001953125)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            Y_bf16 = Y.astype(jnp.bfloat16)
            dot = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16, preferred_element_type=jnp.float32)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
            mul_2 = jax.nn.silu(dot * rsqrt[:, :, None]) * dot_2
            tile_bf16_3 = mul_2.astype(jnp.bfloat16)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(0, -(-to_hidden // block_hidden), step, (acc_hidden,))
        from_hidden = jnp.maximum(0, to_hidden)

        def step_2(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            hidden_index = first_hidden + jnp.arange(block_hidden)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            Y_bf16 = Y.astype(jnp.bfloat16)
            dot = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16, preferred_element_type=jnp.float32)
            chosen = jnp.where((hidden_index < 1024), dot, 0.0)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16_2 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", Y_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
            mul_2 = jax.nn.silu(chosen * rsqrt[:, :, None]) * dot_2
            tile_bf16_3 = mul_2.astype(jnp.bfloat16)
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden,),
        )
        add = X_f32 + buffer_0_tile + acc_hidden * rsqrt[:, :, None]
        return add.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3)
    out_tiles = out_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return out_tiles[:, :t]


def _block_backward_buffer_4(X, WO, logsum, state_, state____, state_____, *, block_d=256, block_t=512):
    """block_backward_buffer_4(X: bf16[b t width], WO: bf16[kv g d width], logsum: f32[b t kv g], state_: f32[b x], state____: f32[b kv d x], state_____: f32[b t kv g x]) -> f32[b t width], in blocks: memory does not grow with d."""
    X, WO = (jnp.asarray(array, jnp.bfloat16) for array in (X, WO))
    logsum, state_, state____, state_____ = (jnp.asarray(array, jnp.float32) for array in (logsum, state_, state____, state_____))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    block_d = min(block_d, max(64, 1))
    block_t = min(block_t, max(t, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0)))
    state_____ = jnp.pad(state_____, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0), (0, 0)))
    WO = jnp.pad(WO, ((0, 0), (0, 0), (0, max(-64 % block_d, block_d - 64)), (0, 0)))
    state____ = jnp.pad(state____, ((0, 0), (0, 0), (0, max(-64 % block_d, block_d - 64)), (0, 0)))
    X = jnp.pad(X, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        x_index = jnp.arange(t)
        first_t = tile * block_t
        t_index = first_t + jnp.arange(block_t)
        acc_kv_g_d = jnp.full_like(X, 0.0, jnp.float32, (b, block_t, 512))
        rsqrt = lax.rsqrt(1e-05 + state_ * 0.001953125)

        def step(kv_index, state):
            (acc_kv_g_d,) = state

            def step_2(g_index, state):
                (acc_kv_g_d,) = state
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_t, block_t, 1), kv_index, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                state______tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(state_____, first_t, block_t, 1), kv_index, 2, keepdims=True), g_index, 3, keepdims=True), (2, 3))
                chosen = jnp.where(x_index <= t_index[:, None], 0.125 * state______tile, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                to_d = (64) // block_d * block_d

                def step_3(block, state):
                    (acc_kv_g_d,) = state
                    first_d = block * block_d
                    WO_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(WO, kv_index, 0, keepdims=True), g_index, 1, keepdims=True), first_d, block_d, 2), (0, 1))
                    state_____tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(state____, kv_index, 1, keepdims=True), first_d, block_d, 2), (1,))
                    tile_bf16 = (rsqrt[:, None] * state_____tile).astype(jnp.bfloat16)
                    tile_bf16_2 = exp.astype(jnp.bfloat16)
                    dot = jnp.einsum("btx,bdx->btd", tile_bf16_2, tile_bf16, preferred_element_type=jnp.float32)
                    dot_bf16 = dot.astype(jnp.bfloat16)
                    next_acc_kv_g_d = acc_kv_g_d + jnp.einsum("btd,dw->btw", dot_bf16, WO_tile, preferred_element_type=jnp.float32)
                    return (next_acc_kv_g_d,)

                (acc_kv_g_d,) = lax.fori_loop(0, -(-to_d // block_d), step_3, (acc_kv_g_d,))
                from_d = jnp.maximum(0, to_d)

                def step_4(block, state):
                    (acc_kv_g_d,) = state
                    first_d = block * block_d
                    WO_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(lax.dynamic_index_in_dim(WO, kv_index, 0, keepdims=True), g_index, 1, keepdims=True), first_d, block_d, 2), (0, 1))
                    state_____tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(state____, kv_index, 1, keepdims=True), first_d, block_d, 2), (1,))
                    tile_bf16 = (rsqrt[:, None] * state_____tile).astype(jnp.bfloat16)
                    tile_bf16_2 = exp.astype(jnp.bfloat16)
                    dot = jnp.einsum("btx,bdx->btd", tile_bf16_2, tile_bf16, preferred_element_type=jnp.float32)
                    dot_bf16 = dot.astype(jnp.bfloat16)
                    next_acc_kv_g_d = acc_kv_g_d + jnp.einsum("btd,dw->btw", dot_bf16, WO_tile, preferred_element_type=jnp.float32)
                    return (next_acc_kv_g_d,)

                (acc_kv_g_d,) = lax.fori_loop(from_d // block_d, -(-64 // block_d), step_4, (acc_kv_g_d,))
                return (acc_kv_g_d,)

            (acc_kv_g_d,) = lax.fori_loop(0, 2, step_2, (acc_kv_g_d,))
            return (acc_kv_g_d,)

        (acc_kv_g_d,) = lax.fori_loop(0, 2, step, (acc_kv_g_d,))
        X_tile = lax.dynamic_slice_in_dim(X, first_t, block_t, 1)
        return X_tile.astype(jnp.float32) + acc_kv_g_d

    buffer_4_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    buffer_4_tiles = buffer_4_tiles.transpose(1, 0, 2, 3)
    buffer_4_tiles = buffer_4_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return buffer_4_tiles[:, :t]


def _block_backward_buffer_3(buffer_4):
    """block_backward_buffer_3(buffer_4: f32[b t width]) -> f32[b t]"""
    buffer_4 = jnp.asarray(buffer_4, jnp.float32)
    b, t, _ = buffer_4.shape
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    sum_width = jnp.einsum("btw,btw->bt", buffer_4, buffer_4, precision="highest")  # [b t]
    rsqrt_value = lax.rsqrt(1e-05 + sum_width * 0.001953125)  # [b t]
    return rsqrt_value


def _block_backward_buffer_13_buffer_17_d_up_d_gate_d_down(
    c, up, gate, down, d_out, buffer_4, buffer_3, *, block_t=256, block_hidden=512,
):
    """block_backward_buffer_13_buffer_17_d_up_d_gate_d_down(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], d_out: bf16[b t width], buffer_4: f32[b t width], buffer_3: f32[b t]) -> (f32[width hidden], f32[width hidden], bf16[width hidden], bf16[width hidden], bf16[hidden width]), in blocks: memory does not grow with t."""
    c, buffer_4, buffer_3 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_4, buffer_3))
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
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t):
        raise ValueError(f"buffer_3: f32[b t] has shape {buffer_3.shape}, expected {(b, t)}")
    block_t = min(block_t, max(t, 1))
    block_hidden = min(block_hidden, max(1024, 1))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t))))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        first_hidden = tile * block_hidden
        acc_b_t = jnp.full_like(c, 0.0, jnp.float32, (block_hidden, 512))
        acc_b_t_2 = jnp.full_like(c, 0.0, jnp.float32, (block_hidden, 512))
        acc_b_t_3 = jnp.full_like(c, 0.0, jnp.float32, (block_hidden, 512))
        acc_b_t_4 = jnp.full_like(c, 0.0, jnp.float32, (block_hidden, 512))
        acc_b_t_5 = jnp.full_like(c, 0.0, jnp.float32, (block_hidden, 512))
        up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
        down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
        gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)

        def step(b_index, state):
            acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5 = state
            to_t = t // block_t * block_t

            def step_2(block, state):
                acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5 = state
                first_t = block * block_t
                buffer_4_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_4, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_3, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                mul = buffer_4_tile * buffer_3_tile[:, None] * buffer_3_tile[:, None]
                tile_bf16 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
                buffer_4_bf16 = buffer_4_tile.astype(jnp.bfloat16)
                dot = jnp.einsum("hw,tw->ht", tile_bf16, buffer_4_bf16, preferred_element_type=jnp.float32)
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                dot_2 = jnp.einsum("hw,tw->ht", down_tile, d_out_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
                dot_3 = jnp.einsum("hw,tw->ht", tile_bf16_2, buffer_4_bf16, preferred_element_type=jnp.float32)
                mul_2 = dot_3 * buffer_3_tile
                sigmoid = jax.nn.sigmoid(mul_2)
                add = buffer_3_tile * dot_3 * (1.0 - sigmoid) + 1.0
                mul_3 = dot * dot_2 * add * sigmoid
                next_acc_b_t = acc_b_t + jnp.einsum("ht,tw->hw", mul_3, mul, precision="highest")
                silu = jax.nn.silu(mul_2)
                mul_4 = dot_2 * silu * buffer_3_tile
                next_acc_b_t_2 = acc_b_t_2 + jnp.einsum("ht,tw->hw", mul_4, buffer_4_tile, precision="highest")
                tile_bf16_3 = (dot_2 * silu * buffer_3_tile).astype(jnp.bfloat16)
                next_acc_b_t_3 = acc_b_t_3 + jnp.einsum("ht,tw->hw", tile_bf16_3, buffer_4_bf16, preferred_element_type=jnp.float32)
                mul_5 = buffer_4_tile * buffer_3_tile[:, None] * buffer_3_tile[:, None]
                tile_bf16_4 = mul_5.astype(jnp.bfloat16)
                tile_bf16_5 = (dot * dot_2 * add * sigmoid).astype(jnp.bfloat16)
                next_acc_b_t_4 = acc_b_t_4 + jnp.einsum("ht,tw->hw", tile_bf16_5, tile_bf16_4, preferred_element_type=jnp.float32)
                mul_6 = buffer_3_tile[:, None] * d_out_tile.astype(jnp.float32)
                tile_bf16_6 = mul_6.astype(jnp.bfloat16)
                tile_bf16_7 = (dot * silu).astype(jnp.bfloat16)
                next_acc_b_t_5 = acc_b_t_5 + jnp.einsum("ht,tw->hw", tile_bf16_7, tile_bf16_6, preferred_element_type=jnp.float32)
                return (next_acc_b_t, next_acc_b_t_2, next_acc_b_t_3, next_acc_b_t_4, next_acc_b_t_5)

            acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5 = lax.fori_loop(
                0,
                -(-to_t // block_t),
                step_2,
                (acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5),
            )
            from_t = jnp.maximum(0, to_t)

            def step_3(block, state):
                acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5 = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_4_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_4, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_3, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                mul = buffer_4_tile * buffer_3_tile[:, None] * buffer_3_tile[:, None]
                tile_bf16 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
                buffer_4_bf16 = buffer_4_tile.astype(jnp.bfloat16)
                dot = jnp.einsum("hw,tw->ht", tile_bf16, buffer_4_bf16, preferred_element_type=jnp.float32)
                chosen = jnp.where((t_index < t), dot, 0.0)
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                dot_2 = jnp.einsum("hw,tw->ht", down_tile, d_out_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
                dot_3 = jnp.einsum("hw,tw->ht", tile_bf16_2, buffer_4_bf16, preferred_element_type=jnp.float32)
                mul_2 = dot_3 * buffer_3_tile
                sigmoid = jax.nn.sigmoid(mul_2)
                add = buffer_3_tile * dot_3 * (1.0 - sigmoid) + 1.0
                mul_3 = chosen * dot_2 * add * sigmoid
                next_acc_b_t = acc_b_t + jnp.einsum("ht,tw->hw", mul_3, mul, precision="highest")
                silu = jax.nn.silu(mul_2)
                mul_4 = dot_2 * silu * buffer_3_tile
                next_acc_b_t_2 = acc_b_t_2 + jnp.einsum("ht,tw->hw", mul_4, buffer_4_tile, precision="highest")
                tile_bf16_3 = (dot_2 * silu * buffer_3_tile).astype(jnp.bfloat16)
                next_acc_b_t_3 = acc_b_t_3 + jnp.einsum("ht,tw->hw", tile_bf16_3, buffer_4_bf16, preferred_element_type=jnp.float32)
                mul_5 = buffer_4_tile * buffer_3_tile[:, None] * buffer_3_tile[:, None]
                tile_bf16_4 = mul_5.astype(jnp.bfloat16)
                tile_bf16_5 = (chosen * dot_2 * add * sigmoid).astype(jnp.bfloat16)
                next_acc_b_t_4 = acc_b_t_4 + jnp.einsum("ht,tw->hw", tile_bf16_5, tile_bf16_4, preferred_element_type=jnp.float32)
                mul_6 = buffer_3_tile[:, None] * d_out_tile.astype(jnp.float32)
                tile_bf16_6 = mul_6.astype(jnp.bfloat16)
                tile_bf16_7 = (chosen * silu).astype(jnp.bfloat16)
                next_acc_b_t_5 = acc_b_t_5 + jnp.einsum("ht,tw->hw", tile_bf16_7, tile_bf16_6, preferred_element_type=jnp.float32)
                return (next_acc_b_t, next_acc_b_t_2, next_acc_b_t_3, next_acc_b_t_4, next_acc_b_t_5)

            acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5 = lax.fori_loop(
                from_t // block_t,
                -(-t // block_t),
                step_3,
                (acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5),
            )
            return (acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5)

        acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5 = lax.fori_loop(
            0,
            b,
            step,
            (acc_b_t, acc_b_t_2, acc_b_t_3, acc_b_t_4, acc_b_t_5),
        )
        mul = gate_tile.astype(jnp.float32).T * acc_b_t
        mul_2 = up_tile.astype(jnp.float32).T * acc_b_t_2
        return mul.T, mul_2.T, (acc_b_t_3 * c).astype(jnp.bfloat16).T, (c * acc_b_t_4).astype(jnp.bfloat16).T, acc_b_t_5.astype(jnp.bfloat16)

    buffer_13_tiles, buffer_17_tiles, d_up_tiles, d_gate_tiles, d_down_tiles = lax.map(program, jnp.arange(-(-1024 // block_hidden)))
    buffer_13_tiles = buffer_13_tiles.transpose(1, 0, 2)
    buffer_13_tiles = buffer_13_tiles.reshape(512, -(-1024 // block_hidden) * block_hidden)
    buffer_17_tiles = buffer_17_tiles.transpose(1, 0, 2)
    buffer_17_tiles = buffer_17_tiles.reshape(512, -(-1024 // block_hidden) * block_hidden)
    d_up_tiles = d_up_tiles.transpose(1, 0, 2)
    d_up_tiles = d_up_tiles.reshape(512, -(-1024 // block_hidden) * block_hidden)
    d_gate_tiles = d_gate_tiles.transpose(1, 0, 2)
    d_gate_tiles = d_gate_tiles.reshape(512, -(-1024 // block_hidden) * block_hidden)
    d_down_tiles = d_down_tiles.reshape(-(-1024 // block_hidden) * block_hidden, 512)
    return buffer_13_tiles[:, :1024], buffer_17_tiles[:, :1024], d_up_tiles[:, :1024], d_gate_tiles[:, :1024], d_down_tiles[:1024]


def _block_backward_buffer_18(c, up, gate, down, d_out, buffer_4, buffer_3, *, block_hidden=256, block_t=512):
    """block_backward_buffer_18(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], d_out: bf16[b t width], buffer_4: f32[b t width], buffer_3: f32[b t]) -> f32[b t width], in blocks: memory does not grow with hidden."""
    c, buffer_4, buffer_3 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_4, buffer_3))
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
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t):
        raise ValueError(f"buffer_3: f32[b t] has shape {buffer_3.shape}, expected {(b, t)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t))))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))

    def program(tile):
        first_t = tile * block_t
        acc_hidden = jnp.full_like(c, 0.0, jnp.float32, (b, block_t, 512))
        buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1)
        buffer_3_tile = lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            buffer_4_bf16 = buffer_4_tile.astype(jnp.bfloat16)
            dot = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16, preferred_element_type=jnp.float32)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16_2 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
            silu = jax.nn.silu(dot_2 * buffer_3_tile[:, :, None])
            tile_bf16_3 = (dot * silu).astype(jnp.bfloat16)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(0, -(-to_hidden // block_hidden), step, (acc_hidden,))
        from_hidden = jnp.maximum(0, to_hidden)

        def step_2(block, state):
            (acc_hidden,) = state
            first_hidden = block * block_hidden
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            tile_bf16 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            buffer_4_bf16 = buffer_4_tile.astype(jnp.bfloat16)
            dot = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16, preferred_element_type=jnp.float32)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16_2 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
            silu = jax.nn.silu(dot_2 * buffer_3_tile[:, :, None])
            tile_bf16_3 = (dot * silu).astype(jnp.bfloat16)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,hw->btw", tile_bf16_3, down_tile, preferred_element_type=jnp.float32)
            return (next_acc_hidden,)

        (acc_hidden,) = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden,),
        )
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
        mul = acc_hidden * d_out_tile.astype(jnp.float32)
        return mul

    buffer_18_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    buffer_18_tiles = buffer_18_tiles.transpose(1, 0, 2, 3)
    buffer_18_tiles = buffer_18_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    return buffer_18_tiles[:, :t]


def _block_backward_buffer_7(buffer_18):
    """block_backward_buffer_7(buffer_18: f32[b t width]) -> f32[b t]"""
    buffer_18 = jnp.asarray(buffer_18, jnp.float32)
    b, t, _ = buffer_18.shape
    if buffer_18.shape != (b, t, 512):
        raise ValueError(f"buffer_18: f32[b t width] has shape {buffer_18.shape}, expected {(b, t, 512)}")
    sum_width = jnp.sum(buffer_18, axis=2)  # [b t]
    return sum_width


def _block_backward_d_c(buffer_13, buffer_17):
    """block_backward_d_c(buffer_13: f32[width hidden], buffer_17: f32[width hidden]) -> f32[width]"""
    buffer_13, buffer_17 = (jnp.asarray(array, jnp.float32) for array in (buffer_13, buffer_17))
    if buffer_13.shape != (512, 1024):
        raise ValueError(f"buffer_13: f32[width hidden] has shape {buffer_13.shape}, expected {(512, 1024)}")
    if buffer_17.shape != (512, 1024):
        raise ValueError(f"buffer_17: f32[width hidden] has shape {buffer_17.shape}, expected {(512, 1024)}")
    sum_hidden = jnp.sum(buffer_13, axis=1)  # [width]
    sum_hidden_2 = jnp.sum(buffer_17, axis=1)  # [width]
    total = sum_hidden + sum_hidden_2  # [width]
    return total


def _block_backward_buffer_6_buffer_8(
    c, up, gate, down, d_out, buffer_4, buffer_3, buffer_7, *, block_hidden=256, block_t=512,
):
    """block_backward_buffer_6_buffer_8(c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width], d_out: bf16[b t width], buffer_4: f32[b t width], buffer_3: f32[b t], buffer_7: f32[b t]) -> (f32[b t width], f32[b t]), in blocks: memory does not grow with hidden."""
    c, buffer_4, buffer_3, buffer_7 = (jnp.asarray(array, jnp.float32) for array in (c, buffer_4, buffer_3, buffer_7))
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
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t):
        raise ValueError(f"buffer_3: f32[b t] has shape {buffer_3.shape}, expected {(b, t)}")
    if buffer_7.shape != (b, t):
        raise ValueError(f"buffer_7: f32[b t] has shape {buffer_7.shape}, expected {(b, t)}")
    block_hidden = min(block_hidden, max(1024, 1))
    block_t = min(block_t, max(t, 1))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    down = jnp.pad(down, ((0, max(-1024 % block_hidden, block_hidden - 1024)), (0, 0)))
    gate = jnp.pad(gate, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    up = jnp.pad(up, ((0, 0), (0, max(-1024 % block_hidden, block_hidden - 1024))))
    buffer_7 = jnp.pad(buffer_7, ((0, 0), (0, max(-t % block_t, block_t - t))))

    def program(tile):
        first_t = tile * block_t
        acc_hidden = jnp.full_like(c, 0.0, jnp.float32, (b, block_t, 512))
        acc_hidden_2 = jnp.full_like(c, 0.0, jnp.float32, (b, block_t, 512))
        acc_hidden_3 = jnp.full_like(c, 0.0, jnp.float32, (b, block_t))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_t, block_t, 1)
        buffer_3_tile = lax.dynamic_slice_in_dim(buffer_3, first_t, block_t, 1)
        buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_t, block_t, 1)
        to_hidden = (1024) // block_hidden * block_hidden

        def step(block, state):
            acc_hidden, acc_hidden_2, acc_hidden_3 = state
            first_hidden = block * block_hidden
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            dot = jnp.einsum("btw,hw->bth", d_out_tile, down_tile, preferred_element_type=jnp.float32)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            buffer_4_bf16 = buffer_4_tile.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16, preferred_element_type=jnp.float32)
            mul = dot_2 * buffer_3_tile[:, :, None]
            tile_bf16_2 = (dot * jax.nn.silu(mul)).astype(jnp.bfloat16)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,wh->btw", tile_bf16_2, up_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_3 = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16_3, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(mul)
            mul_2 = buffer_3_tile[:, :, None] * dot_2 * (1.0 - sigmoid)
            add = mul_2 + 1.0
            tile_bf16_4 = (dot_3 * dot * add * sigmoid).astype(jnp.bfloat16)
            next_acc_hidden_2 = acc_hidden_2 + jnp.einsum("bth,wh->btw", tile_bf16_4, gate_tile, preferred_element_type=jnp.float32)
            mul_3 = dot_3 * dot_2 * dot * add * sigmoid
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
            down_tile = lax.dynamic_slice_in_dim(down, first_hidden, block_hidden, 0)
            dot = jnp.einsum("btw,hw->bth", d_out_tile, down_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((hidden_index < 1024), dot, 0.0)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_hidden, block_hidden, 1)
            tile_bf16 = (gate_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            buffer_4_bf16 = buffer_4_tile.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16, preferred_element_type=jnp.float32)
            mul = dot_2 * buffer_3_tile[:, :, None]
            tile_bf16_2 = (chosen * jax.nn.silu(mul)).astype(jnp.bfloat16)
            up_tile = lax.dynamic_slice_in_dim(up, first_hidden, block_hidden, 1)
            next_acc_hidden = acc_hidden + jnp.einsum("bth,wh->btw", tile_bf16_2, up_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (up_tile.astype(jnp.float32).T * c).astype(jnp.bfloat16)
            dot_3 = jnp.einsum("btw,hw->bth", buffer_4_bf16, tile_bf16_3, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(mul)
            mul_2 = buffer_3_tile[:, :, None] * dot_2 * (1.0 - sigmoid)
            add = mul_2 + 1.0
            tile_bf16_4 = (dot_3 * chosen * add * sigmoid).astype(jnp.bfloat16)
            next_acc_hidden_2 = acc_hidden_2 + jnp.einsum("bth,wh->btw", tile_bf16_4, gate_tile, preferred_element_type=jnp.float32)
            mul_3 = dot_3 * dot_2 * chosen * add * sigmoid
            tile_sum = jnp.sum(mul_3, axis=2)
            next_acc_hidden_3 = acc_hidden_3 + tile_sum
            return (next_acc_hidden, next_acc_hidden_2, next_acc_hidden_3)

        acc_hidden, acc_hidden_2, acc_hidden_3 = lax.fori_loop(
            from_hidden // block_hidden,
            -(-1024 // block_hidden),
            step_2,
            (acc_hidden, acc_hidden_2, acc_hidden_3),
        )
        add = acc_hidden + buffer_3_tile[:, :, None] * acc_hidden_2
        buffer_7_tile = lax.dynamic_slice_in_dim(buffer_7, first_t, block_t, 1)
        add_2 = buffer_7_tile + buffer_3_tile * acc_hidden_3
        return add * c, add_2

    buffer_6_tiles, buffer_8_tiles = lax.map(program, jnp.arange(-(-t // block_t)))
    buffer_6_tiles = buffer_6_tiles.transpose(1, 0, 2, 3)
    buffer_6_tiles = buffer_6_tiles.reshape(b, -(-t // block_t) * block_t, 512)
    buffer_8_tiles = buffer_8_tiles.transpose(1, 0, 2)
    buffer_8_tiles = buffer_8_tiles.reshape(b, -(-t // block_t) * block_t)
    return buffer_6_tiles[:, :t], buffer_8_tiles[:, :t]


def _block_backward_buffer_10(WO, d_out, buffer_6, buffer_3, buffer_4, buffer_8):
    """block_backward_buffer_10(WO: bf16[kv g d width], d_out: bf16[b t width], buffer_6: f32[b t width], buffer_3: f32[b t], buffer_4: f32[b t width], buffer_8: f32[b t]) -> f32[b t kv g d]"""
    WO, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (WO, d_out))
    buffer_6, buffer_3, buffer_4, buffer_8 = (jnp.asarray(array, jnp.float32) for array in (buffer_6, buffer_3, buffer_4, buffer_8))
    b, t, _ = d_out.shape
    if WO.shape != (2, 2, 64, 512):
        raise ValueError(f"WO: bf16[kv g d width] has shape {WO.shape}, expected {(2, 2, 64, 512)}")
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if buffer_6.shape != (b, t, 512):
        raise ValueError(f"buffer_6: f32[b t width] has shape {buffer_6.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t):
        raise ValueError(f"buffer_3: f32[b t] has shape {buffer_3.shape}, expected {(b, t)}")
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    if buffer_8.shape != (b, t):
        raise ValueError(f"buffer_8: f32[b t] has shape {buffer_8.shape}, expected {(b, t)}")
    product = buffer_3[:, :, None] * buffer_3[:, :, None] * buffer_4 * 0.001953125 * buffer_8[:, :, None]
    total = d_out.astype(jnp.float32) + (buffer_6 - product) * buffer_3[:, :, None]  # [b t width]
    sum_width = _product("kgdw,btw->btkgd", jnp.bfloat16, WO, total)  # [b t kv g d]
    return sum_width


def _block_backward_d_WO(
    d_out, logsum, state_, state____, state_____, buffer_6, buffer_3, buffer_4, buffer_8, *, block_t=256,
    block_d=512,
):
    """block_backward_d_WO(d_out: bf16[b t width], logsum: f32[b t kv g], state_: f32[b x], state____: f32[b kv d x], state_____: f32[b t kv g x], buffer_6: f32[b t width], buffer_3: f32[b t], buffer_4: f32[b t width], buffer_8: f32[b t]) -> bf16[kv g d width], in blocks: memory does not grow with t."""
    d_out = jnp.asarray(d_out, jnp.bfloat16)
    logsum, state_, state____, state_____, buffer_6, buffer_3, buffer_4, buffer_8 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_, state____, state_____, buffer_6, buffer_3, buffer_4, buffer_8))
    b, t, _ = d_out.shape
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    if buffer_6.shape != (b, t, 512):
        raise ValueError(f"buffer_6: f32[b t width] has shape {buffer_6.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t):
        raise ValueError(f"buffer_3: f32[b t] has shape {buffer_3.shape}, expected {(b, t)}")
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    if buffer_8.shape != (b, t):
        raise ValueError(f"buffer_8: f32[b t] has shape {buffer_8.shape}, expected {(b, t)}")
    block_t = min(block_t, max(t, 1))
    block_d = min(block_d, max(64, 1))
    state____ = jnp.pad(state____, ((0, 0), (0, 0), (0, max(-64 % block_d, block_d - 64)), (0, 0)))
    buffer_3 = jnp.pad(buffer_3, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_8 = jnp.pad(buffer_8, ((0, 0), (0, max(-t % block_t, block_t - t))))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0)))
    state_____ = jnp.pad(state_____, ((0, 0), (0, max(-t % block_t, block_t - t)), (0, 0), (0, 0), (0, 0)))

    def program(tile):
        x_index = jnp.arange(t)
        first_d = tile * block_d
        acc_b_t = jnp.full_like(d_out, 0.0, jnp.float32, (2, 2, block_d, 512))

        def step(b_index, state):
            (acc_b_t,) = state
            state_____tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(state____, b_index, 0, keepdims=True), first_d, block_d, 2), (0,))
            state__tile = jnp.squeeze(lax.dynamic_index_in_dim(state_, b_index, 0, keepdims=True), (0,))
            rsqrt = lax.rsqrt(1e-05 + state__tile * 0.001953125)
            tile_bf16 = (rsqrt * state_____tile).astype(jnp.bfloat16)
            to_t = t // block_t * block_t

            def step_2(block, state):
                (acc_b_t,) = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_3, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_8_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_4_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_4, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                mul = 0.001953125 * buffer_3_tile * buffer_3_tile
                mul_2 = (mul * buffer_8_tile)[:, None] * buffer_4_tile
                buffer_6_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                sub = buffer_6_tile - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                add = d_out_tile.astype(jnp.float32) + sub * buffer_3_tile[:, None]
                tile_bf16_2 = add.astype(jnp.bfloat16)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                state______tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(state_____, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                S = 0.125 * state______tile.transpose(1, 2, 0, 3)
                chosen = jnp.where(x_index <= t_index[:, None], S, -jnp.inf)
                equal = logsum_tile.transpose(1, 2, 0) == -jnp.inf
                safe_logsum = jnp.where(equal, 0.0, logsum_tile.transpose(1, 2, 0))
                exp = jnp.exp(chosen - safe_logsum[:, :, :, None])
                tile_bf16_3 = exp.astype(jnp.bfloat16)
                dot = jnp.einsum("kgtx,kdx->kgdt", tile_bf16_3, tile_bf16, preferred_element_type=jnp.float32)
                dot_bf16 = dot.astype(jnp.bfloat16)
                next_acc_b_t = acc_b_t + jnp.einsum("kgdt,tw->kgdw", dot_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
                return (next_acc_b_t,)

            (acc_b_t,) = lax.fori_loop(0, -(-to_t // block_t), step_2, (acc_b_t,))
            from_t = jnp.maximum(0, to_t)

            def step_3(block, state):
                (acc_b_t,) = state
                first_t = block * block_t
                t_index = first_t + jnp.arange(block_t)
                buffer_3_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_3, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_8_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_8, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                buffer_4_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_4, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                mul = 0.001953125 * buffer_3_tile * buffer_3_tile
                mul_2 = (mul * buffer_8_tile)[:, None] * buffer_4_tile
                buffer_6_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_6, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                sub = buffer_6_tile - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                add = d_out_tile.astype(jnp.float32) + sub * buffer_3_tile[:, None]
                chosen = jnp.where((t_index < t)[:, None], add, 0.0)
                tile_bf16_2 = chosen.astype(jnp.bfloat16)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                state______tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(state_____, b_index, 0, keepdims=True), first_t, block_t, 1), (0,))
                S = 0.125 * state______tile.transpose(1, 2, 0, 3)
                chosen_2 = jnp.where(x_index <= t_index[:, None], S, -jnp.inf)
                equal = logsum_tile.transpose(1, 2, 0) == -jnp.inf
                safe_logsum = jnp.where(equal, 0.0, logsum_tile.transpose(1, 2, 0))
                exp = jnp.exp(chosen_2 - safe_logsum[:, :, :, None])
                tile_bf16_3 = exp.astype(jnp.bfloat16)
                dot = jnp.einsum("kgtx,kdx->kgdt", tile_bf16_3, tile_bf16, preferred_element_type=jnp.float32)
                dot_bf16 = dot.astype(jnp.bfloat16)
                next_acc_b_t = acc_b_t + jnp.einsum("kgdt,tw->kgdw", dot_bf16, tile_bf16_2, preferred_element_type=jnp.float32)
                return (next_acc_b_t,)

            (acc_b_t,) = lax.fori_loop(from_t // block_t, -(-t // block_t), step_3, (acc_b_t,))
            return (acc_b_t,)

        (acc_b_t,) = lax.fori_loop(0, b, step, (acc_b_t,))
        return acc_b_t.astype(jnp.bfloat16)

    d_WO_tiles = lax.map(program, jnp.arange(-(-64 // block_d)))
    d_WO_tiles = d_WO_tiles.transpose(1, 2, 0, 3, 4)
    d_WO_tiles = d_WO_tiles.reshape(2, 2, -(-64 // block_d) * block_d, 512)
    return d_WO_tiles[:, :, :64]


def _block_backward_buffer_1(logsum, state_____, buffer_10):
    """block_backward_buffer_1(logsum: f32[b t kv g], state_____: f32[b t kv g x], buffer_10: f32[b t kv g d]) -> f32[b kv d x]"""
    logsum, state_____, buffer_10 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_____, buffer_10))
    b, t, _, _ = logsum.shape
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    if buffer_10.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_10: f32[b t kv g d] has shape {buffer_10.shape}, expected {(b, t, 2, 2, 64)}")
    le_value = jnp.arange(t)[:, None] <= jnp.arange(t)  # [x t]
    chosen = jnp.where(le_value.T[:, None, None], 0.125 * state_____, -jnp.inf)  # [b t kv g x]
    exponential = jnp.exp(_subtract(chosen, logsum[:, :, :, :, None]))  # [b t kv g x]
    sum_t_g = _product("btkgx,btkgd->bkdx", jnp.bfloat16, exponential, buffer_10)  # [b kv d x]
    return sum_t_g


def _block_backward_buffer_2(state_______, z, buffer_10):
    """block_backward_buffer_2(state_______: f32[b t kv g d], z: f32[b t kv g], buffer_10: f32[b t kv g d]) -> f32[b t kv g]"""
    state_______, z, buffer_10 = (jnp.asarray(array, jnp.float32) for array in (state_______, z, buffer_10))
    b, t, _, _, _ = state_______.shape
    if state_______.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state_______: f32[b t kv g d] has shape {state_______.shape}, expected {(b, t, 2, 2, 64)}")
    if z.shape != (b, t, 2, 2):
        raise ValueError(f"z: f32[b t kv g] has shape {z.shape}, expected {(b, t, 2, 2)}")
    if buffer_10.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_10: f32[b t kv g d] has shape {buffer_10.shape}, expected {(b, t, 2, 2, 64)}")
    sum_d = jnp.einsum("btkgd,btkgd->btkg", state_______, buffer_10, precision="highest")  # [b t kv g]
    product = sum_d * (1 / z)  # [b t kv g]
    return product


def _block_backward_buffer_0(logsum, state_, state__, state___, state____, state_____, buffer_10, buffer_2):
    """block_backward_buffer_0(logsum: f32[b t kv g], state_: f32[b x], state__: f32[b t kv g d], state___: f32[b t], state____: f32[b kv d x], state_____: f32[b t kv g x], buffer_10: f32[b t kv g d], buffer_2: f32[b t kv g]) -> f32[b kv d x]"""
    logsum, state_, state__, state___, state____, state_____, buffer_10, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_, state__, state___, state____, state_____, buffer_10, buffer_2))
    b, t, _, _ = logsum.shape
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    if buffer_10.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_10: f32[b t kv g d] has shape {buffer_10.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    product = state__ * lax.rsqrt(1e-05 + 0.001953125 * state___[:, :, None, None, None])  # [b t kv g d]
    product_2 = lax.rsqrt(1e-05 + state_[:, None, None] * 0.001953125) * state____  # [b kv d x]
    sum_d = _product("bkdx,btkgd->bkxtg", jnp.bfloat16, product_2.astype(jnp.bfloat16), buffer_10)
    le_value = jnp.arange(t)[:, None] <= jnp.arange(t)  # [x t]
    chosen = jnp.where(le_value.T[:, None, None], 0.125 * state_____, -jnp.inf)  # [b t kv g x]
    exponential = jnp.exp(_subtract(chosen, logsum[:, :, :, :, None]))  # [b t kv g x]
    sum_t_g = _product("btkgd,bkxtg,btkgx->bkdx", jnp.bfloat16, product.astype(jnp.bfloat16), sum_d - buffer_2.transpose(0, 2, 1, 3)[:, :, None], exponential)
    return sum_t_g


def _block_backward_buffer_12(X, state_, buffer_1):
    """block_backward_buffer_12(X: bf16[b t width], state_: f32[b x], buffer_1: f32[b kv d x]) -> f32[width kv d]"""
    X = jnp.asarray(X, jnp.bfloat16)
    state_, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (state_, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    rsqrt_value = lax.rsqrt(1e-05 + state_ * 0.001953125)  # [b x]
    sum_b_x = _product("bx,bkdx,bxw->wkd", jnp.bfloat16, rsqrt_value, buffer_1, X)  # [width kv d]
    return sum_b_x


def _block_backward_buffer_14(logsum, state, state_, state____, state_____, buffer_10, buffer_2):
    """block_backward_buffer_14(logsum: f32[b t kv g], state: f32[b kv d x], state_: f32[b x], state____: f32[b kv d x], state_____: f32[b t kv g x], buffer_10: f32[b t kv g d], buffer_2: f32[b t kv g]) -> f32[b t kv g d]"""
    logsum, state, state_, state____, state_____, buffer_10, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (logsum, state, state_, state____, state_____, buffer_10, buffer_2))
    b, t, _, _ = logsum.shape
    if logsum.shape != (b, t, 2, 2):
        raise ValueError(f"logsum: f32[b t kv g] has shape {logsum.shape}, expected {(b, t, 2, 2)}")
    if state.shape != (b, 2, 64, t):
        raise ValueError(f"state: f32[b kv d x] has shape {state.shape}, expected {(b, 2, 64, t)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if state____.shape != (b, 2, 64, t):
        raise ValueError(f"state____: f32[b kv d x] has shape {state____.shape}, expected {(b, 2, 64, t)}")
    if state_____.shape != (b, t, 2, 2, t):
        raise ValueError(f"state_____: f32[b t kv g x] has shape {state_____.shape}, expected {(b, t, 2, 2, t)}")
    if buffer_10.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_10: f32[b t kv g d] has shape {buffer_10.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_2.shape != (b, t, 2, 2):
        raise ValueError(f"buffer_2: f32[b t kv g] has shape {buffer_2.shape}, expected {(b, t, 2, 2)}")
    rsqrt_value = lax.rsqrt(1e-05 + state_ * 0.001953125)  # [b x]
    as_bf16 = (rsqrt_value[:, None, None] * state).astype(jnp.bfloat16)  # [b kv d x]
    as_bf16_2 = (rsqrt_value[:, None, None] * state____).astype(jnp.bfloat16)  # [b kv d x]
    sum_d = _product("bkdx,btkgd->btkgx", jnp.bfloat16, as_bf16_2, buffer_10)  # [b t kv g x]
    le_value = jnp.arange(t) <= jnp.arange(t)[:, None]  # [t x]
    chosen = jnp.where(le_value[:, None, None], 0.125 * state_____, -jnp.inf)  # [b t kv g x]
    exponential = jnp.exp(_subtract(chosen, logsum[:, :, :, :, None]))  # [b t kv g x]
    sum_x = _product("bkdx,btkgx,btkgx->btkgd", jnp.bfloat16, as_bf16, sum_d - buffer_2[:, :, :, :, None], exponential)
    return sum_x


def _block_backward_buffer_15(X, a, WV, buffer_1):
    """block_backward_buffer_15(X: bf16[b t width], a: f32[width], WV: bf16[width kv d], buffer_1: f32[b kv d x]) -> f32[b t kv d]"""
    X, WV = (jnp.asarray(array, jnp.bfloat16) for array in (X, WV))
    a, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (a, buffer_1))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    sum_width = _product("wkd,w,btw->btkd", jnp.bfloat16, WV, a, X)  # [b t kv d]
    product = sum_width * buffer_1.transpose(0, 3, 1, 2)  # [b t kv d]
    return product


def _block_backward_buffer_9(X, state___, buffer_14):
    """block_backward_buffer_9(X: bf16[b t width], state___: f32[b t], buffer_14: f32[b t kv g d]) -> f32[b width kv g d]"""
    X = jnp.asarray(X, jnp.bfloat16)
    state___, buffer_14 = (jnp.asarray(array, jnp.float32) for array in (state___, buffer_14))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if buffer_14.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_14: f32[b t kv g d] has shape {buffer_14.shape}, expected {(b, t, 2, 2, 64)}")
    rsqrt_value = lax.rsqrt(1e-05 + 0.001953125 * state___)  # [b t]
    sum_t = _product("btkgd,btw,bt->bwkgd", jnp.bfloat16, buffer_14, X, rsqrt_value)  # [b width kv g d]
    return sum_t


def _block_backward_buffer_11(X, a, WK, buffer_0):
    """block_backward_buffer_11(X: bf16[b t width], a: f32[width], WK: bf16[width kv d], buffer_0: f32[b kv d x]) -> f32[b t kv d]"""
    X, WK = (jnp.asarray(array, jnp.bfloat16) for array in (X, WK))
    a, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (a, buffer_0))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    sum_width = _product("wkd,w,btw->btkd", jnp.bfloat16, WK, a, X)  # [b t kv d]
    product = buffer_0.transpose(0, 3, 1, 2) * sum_width  # [b t kv d]
    return product


def _block_backward_buffer_16(X, state_, buffer_0):
    """block_backward_buffer_16(X: bf16[b t width], state_: f32[b x], buffer_0: f32[b kv d x]) -> f32[width kv d]"""
    X = jnp.asarray(X, jnp.bfloat16)
    state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (state_, buffer_0))
    b, t, _ = X.shape
    if X.shape != (b, t, 512):
        raise ValueError(f"X: bf16[b t width] has shape {X.shape}, expected {(b, t, 512)}")
    if state_.shape != (b, t):
        raise ValueError(f"state_: f32[b x] has shape {state_.shape}, expected {(b, t)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    rsqrt_value = lax.rsqrt(1e-05 + state_ * 0.001953125)  # [b x]
    sum_b_x = _product("bx,bkdx,bxw->wkd", jnp.bfloat16, rsqrt_value, buffer_0, X)  # [width kv d]
    return sum_b_x


def _block_backward_d_X(
    X, a, WQ, WK, WV, d_out, state__, state___, buffer_0, buffer_1, buffer_14, buffer_11, buffer_15, buffer_6,
    buffer_3, buffer_4, buffer_8,
):
    """block_backward_d_X(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], d_out: bf16[b t width], state__: f32[b t kv g d], state___: f32[b t], buffer_0: f32[b kv d x], buffer_1: f32[b kv d x], buffer_14: f32[b t kv g d], buffer_11: f32[b t kv d], buffer_15: f32[b t kv d], buffer_6: f32[b t width], buffer_3: f32[b t], buffer_4: f32[b t width], buffer_8: f32[b t]) -> bf16[b t width]"""
    X, WQ, WK, WV, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WK, WV, d_out))
    a, state__, state___, buffer_0, buffer_1, buffer_14, buffer_11, buffer_15, buffer_6, buffer_3, buffer_4, buffer_8 = (jnp.asarray(array, jnp.float32) for array in (a, state__, state___, buffer_0, buffer_1, buffer_14, buffer_11, buffer_15, buffer_6, buffer_3, buffer_4, buffer_8))
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
    if d_out.shape != (b, t, 512):
        raise ValueError(f"d_out: bf16[b t width] has shape {d_out.shape}, expected {(b, t, 512)}")
    if state__.shape != (b, t, 2, 2, 64):
        raise ValueError(f"state__: f32[b t kv g d] has shape {state__.shape}, expected {(b, t, 2, 2, 64)}")
    if state___.shape != (b, t):
        raise ValueError(f"state___: f32[b t] has shape {state___.shape}, expected {(b, t)}")
    if buffer_0.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_0: f32[b kv d x] has shape {buffer_0.shape}, expected {(b, 2, 64, t)}")
    if buffer_1.shape != (b, 2, 64, t):
        raise ValueError(f"buffer_1: f32[b kv d x] has shape {buffer_1.shape}, expected {(b, 2, 64, t)}")
    if buffer_14.shape != (b, t, 2, 2, 64):
        raise ValueError(f"buffer_14: f32[b t kv g d] has shape {buffer_14.shape}, expected {(b, t, 2, 2, 64)}")
    if buffer_11.shape != (b, t, 2, 64):
        raise ValueError(f"buffer_11: f32[b t kv d] has shape {buffer_11.shape}, expected {(b, t, 2, 64)}")
    if buffer_15.shape != (b, t, 2, 64):
        raise ValueError(f"buffer_15: f32[b t kv d] has shape {buffer_15.shape}, expected {(b, t, 2, 64)}")
    if buffer_6.shape != (b, t, 512):
        raise ValueError(f"buffer_6: f32[b t width] has shape {buffer_6.shape}, expected {(b, t, 512)}")
    if buffer_3.shape != (b, t):
        raise ValueError(f"buffer_3: f32[b t] has shape {buffer_3.shape}, expected {(b, t)}")
    if buffer_4.shape != (b, t, 512):
        raise ValueError(f"buffer_4: f32[b t width] has shape {buffer_4.shape}, expected {(b, t, 512)}")
    if buffer_8.shape != (b, t):
        raise ValueError(f"buffer_8: f32[b t] has shape {buffer_8.shape}, expected {(b, t)}")
    sum_kv_d = _product("bkdt,wkd->btw", jnp.bfloat16, buffer_0, WK)  # [b t width]
    sum_kv_d_2 = _product("wkd,bkdt->btw", jnp.bfloat16, WV, buffer_1)  # [b t width]
    sum_kv_d_g = _product("btkgd,wkgd->btw", jnp.bfloat16, buffer_14, WQ)  # [b t width]
    total = sum_kv_d * 0.125 + sum_kv_d_2 + 0.125 * sum_kv_d_g  # [b t width]
    sum_kv_d_3 = jnp.sum(buffer_11, axis=(2, 3))  # [b t]
    product = sum_kv_d_3 * 0.000244140625  # [b t]
    sum_kv_d_g_2 = jnp.einsum("btkgd,btkgd->bt", buffer_14, state__, precision="highest")  # [b t]
    sum_kv_d_4 = jnp.sum(buffer_15, axis=(2, 3))  # [b t]
    total_2 = product + 0.000244140625 * sum_kv_d_g_2 + sum_kv_d_4 * 0.001953125  # [b t]
    rsqrt_value = lax.rsqrt(1e-05 + 0.001953125 * state___)  # [b t]
    difference = total * a - total_2[:, :, None] * X.astype(jnp.float32) * rsqrt_value[:, :, None] * rsqrt_value[:, :, None]
    product_2 = buffer_3[:, :, None] * buffer_3[:, :, None] * buffer_4 * 0.001953125 * buffer_8[:, :, None]
    total_3 = difference * rsqrt_value[:, :, None] + d_out.astype(jnp.float32) + (buffer_6 - product_2) * buffer_3[:, :, None]
    as_bf16 = total_3.astype(jnp.bfloat16)  # [b t width]
    return as_bf16


def _block_backward_d_a(WQ, WK, WV, buffer_12, buffer_9, buffer_16):
    """block_backward_d_a(WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], buffer_12: f32[width kv d], buffer_9: f32[b width kv g d], buffer_16: f32[width kv d]) -> f32[width]"""
    WQ, WK, WV = (jnp.asarray(array, jnp.bfloat16) for array in (WQ, WK, WV))
    buffer_12, buffer_9, buffer_16 = (jnp.asarray(array, jnp.float32) for array in (buffer_12, buffer_9, buffer_16))
    b, _, _, _, _ = buffer_9.shape
    if WQ.shape != (512, 2, 2, 64):
        raise ValueError(f"WQ: bf16[width kv g d] has shape {WQ.shape}, expected {(512, 2, 2, 64)}")
    if WK.shape != (512, 2, 64):
        raise ValueError(f"WK: bf16[width kv d] has shape {WK.shape}, expected {(512, 2, 64)}")
    if WV.shape != (512, 2, 64):
        raise ValueError(f"WV: bf16[width kv d] has shape {WV.shape}, expected {(512, 2, 64)}")
    if buffer_12.shape != (512, 2, 64):
        raise ValueError(f"buffer_12: f32[width kv d] has shape {buffer_12.shape}, expected {(512, 2, 64)}")
    if buffer_9.shape != (b, 512, 2, 2, 64):
        raise ValueError(f"buffer_9: f32[b width kv g d] has shape {buffer_9.shape}, expected {(b, 512, 2, 2, 64)}")
    if buffer_16.shape != (512, 2, 64):
        raise ValueError(f"buffer_16: f32[width kv d] has shape {buffer_16.shape}, expected {(512, 2, 64)}")
    sum_kv_d = _product("wkd,wkd->w", jnp.bfloat16, buffer_12, WV)  # [width]
    sum_b = jnp.sum(buffer_9, axis=0)  # [width kv g d]
    sum_kv_g_d = _product("wkgd,wkgd->w", jnp.bfloat16, WQ, sum_b)  # [width]
    sum_kv_d_2 = _product("wkd,wkd->w", jnp.bfloat16, WK, buffer_16)  # [width]
    total = sum_kv_d + 0.125 * sum_kv_g_d + 0.125 * sum_kv_d_2  # [width]
    return total


def _block_backward_d_WQ_d_WK_d_WV(a, buffer_9, buffer_16, buffer_12):
    """block_backward_d_WQ_d_WK_d_WV(a: f32[width], buffer_9: f32[b width kv g d], buffer_16: f32[width kv d], buffer_12: f32[width kv d]) -> (bf16[width kv g d], bf16[width kv d], bf16[width kv d])"""
    a, buffer_9, buffer_16, buffer_12 = (jnp.asarray(array, jnp.float32) for array in (a, buffer_9, buffer_16, buffer_12))
    b, _, _, _, _ = buffer_9.shape
    if a.shape != (512,):
        raise ValueError(f"a: f32[width] has shape {a.shape}, expected {(512,)}")
    if buffer_9.shape != (b, 512, 2, 2, 64):
        raise ValueError(f"buffer_9: f32[b width kv g d] has shape {buffer_9.shape}, expected {(b, 512, 2, 2, 64)}")
    if buffer_16.shape != (512, 2, 64):
        raise ValueError(f"buffer_16: f32[width kv d] has shape {buffer_16.shape}, expected {(512, 2, 64)}")
    if buffer_12.shape != (512, 2, 64):
        raise ValueError(f"buffer_12: f32[width kv d] has shape {buffer_12.shape}, expected {(512, 2, 64)}")
    sum_b = jnp.sum(buffer_9, axis=0)  # [width kv g d]
    as_bf16 = (sum_b * a[:, None, None, None] * 0.125).astype(jnp.bfloat16)  # [width kv g d]
    as_bf16_2 = (buffer_16 * a[:, None, None] * 0.125).astype(jnp.bfloat16)  # [width kv d]
    as_bf16_3 = (buffer_12 * a[:, None, None]).astype(jnp.bfloat16)  # [width kv d]
    return as_bf16, as_bf16_2, as_bf16_3


@functools.partial(jax.custom_vjp, nondiff_argnums=(10, 11))
def _block_differentiable(X, a, WQ, WK, WV, WO, c, up, gate, down, block_hidden, block_t):
    buffer_0 = _block_buffer_0(X, a, WK)
    buffer_1 = _block_buffer_1(X)
    buffer_3 = _block_buffer_3(X, a, WQ)
    buffer_5 = _block_buffer_5(X)
    V = _block_V(X, a, WV, buffer_1)
    buffer_7 = _block_buffer_7(buffer_0, buffer_1, buffer_5, buffer_3)
    buffer_4 = _block_buffer_4(V, buffer_7)
    z = _block_z(buffer_7)
    buffer_6 = _block_buffer_6(WO, z, buffer_4)
    out = _block_out(X, c, up, gate, down, buffer_6, block_hidden=block_hidden, block_t=block_t)
    return out


def _block_keeping(X, a, WQ, WK, WV, WO, c, up, gate, down, block_hidden, block_t):
    state = _block_forward_state(X, a, WK)
    state_ = _block_forward_state_(X)
    state__ = _block_forward_state__(X, a, WQ)
    state___ = _block_forward_state___(X)
    state____ = _block_forward_state____(X, a, WV)
    state_____ = _block_forward_state_____(state___, state__, state_, state)
    logsum, z = _block_forward_logsum_z(state_____)
    state_______ = _block_forward_state_______(state_____, state_, state____)
    buffer_0 = _block_forward_buffer_0(WO, z, state_______)
    out = _block_forward_out(X, c, up, gate, down, buffer_0, block_hidden=block_hidden, block_t=block_t)
    return out, (X, a, WQ, WK, WV, WO, c, up, gate, down, logsum, state, state_, state__, state___, state____, state_____, state_______, z)


def _block_pull(block_hidden, block_t, saved, cotangents):
    X, a, WQ, WK, WV, WO, c, up, gate, down, logsum, state, state_, state__, state___, state____, state_____, state_______, z = saved
    d_out = cotangents
    buffer_4 = _block_backward_buffer_4(X, WO, logsum, state_, state____, state_____, block_t=block_t)
    buffer_3 = _block_backward_buffer_3(buffer_4)
    buffer_13, buffer_17, d_up, d_gate, d_down = _block_backward_buffer_13_buffer_17_d_up_d_gate_d_down(
        c, up, gate, down, d_out, buffer_4, buffer_3, block_t=block_t, block_hidden=block_hidden,
    )
    buffer_18 = _block_backward_buffer_18(
        c, up, gate, down, d_out, buffer_4, buffer_3, block_hidden=block_hidden, block_t=block_t,
    )
    buffer_7 = _block_backward_buffer_7(buffer_18)
    d_c = _block_backward_d_c(buffer_13, buffer_17)
    buffer_6, buffer_8 = _block_backward_buffer_6_buffer_8(
        c, up, gate, down, d_out, buffer_4, buffer_3, buffer_7, block_hidden=block_hidden, block_t=block_t,
    )
    buffer_10 = _block_backward_buffer_10(WO, d_out, buffer_6, buffer_3, buffer_4, buffer_8)
    d_WO = _block_backward_d_WO(
        d_out, logsum, state_, state____, state_____, buffer_6, buffer_3, buffer_4, buffer_8, block_t=block_t,
    )
    buffer_1 = _block_backward_buffer_1(logsum, state_____, buffer_10)
    buffer_2 = _block_backward_buffer_2(state_______, z, buffer_10)
    buffer_0 = _block_backward_buffer_0(
        logsum,
        state_,
        state__,
        state___,
        state____,
        state_____,
        buffer_10,
        buffer_2,
    )
    buffer_12 = _block_backward_buffer_12(X, state_, buffer_1)
    buffer_14 = _block_backward_buffer_14(logsum, state, state_, state____, state_____, buffer_10, buffer_2)
    buffer_15 = _block_backward_buffer_15(X, a, WV, buffer_1)
    buffer_9 = _block_backward_buffer_9(X, state___, buffer_14)
    buffer_11 = _block_backward_buffer_11(X, a, WK, buffer_0)
    buffer_16 = _block_backward_buffer_16(X, state_, buffer_0)
    d_X = _block_backward_d_X(
        X, a, WQ, WK, WV, d_out, state__, state___, buffer_0, buffer_1, buffer_14, buffer_11, buffer_15,
        buffer_6, buffer_3, buffer_4, buffer_8,
    )
    d_a = _block_backward_d_a(WQ, WK, WV, buffer_12, buffer_9, buffer_16)
    d_WQ, d_WK, d_WV = _block_backward_d_WQ_d_WK_d_WV(a, buffer_9, buffer_16, buffer_12)
    return (d_X, d_a, d_WQ, d_WK, d_WV, d_WO, d_c, d_up, d_gate, d_down)


_block_differentiable.defvjp(_block_keeping, _block_pull)


def block(X, a, WQ, WK, WV, WO, c, up, gate, down, *, block_hidden=256, block_t=512):
    """block(X: bf16[b t width], a: f32[width], WQ: bf16[width kv g d], WK: bf16[width kv d], WV: bf16[width kv d], WO: bf16[kv g d width], c: f32[width], up: bf16[width hidden], gate: bf16[width hidden], down: bf16[hidden width]) -> bf16[b t width], in blocks; differentiable in reverse."""
    X, WQ, WK, WV, WO, up, gate, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, WQ, WK, WV, WO, up, gate, down))
    a, c = (jnp.asarray(array, jnp.float32) for array in (a, c))
    X, a, WQ, WK, WV, WO, c, up, gate, down = _alike(X, a, WQ, WK, WV, WO, c, up, gate, down)
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
    sum_width_2 = _product("btw,w,wkgd->btkgd", jnp.bfloat16, X, a, WQ) * rsqrt_value[:, :, None, None, None]  # src[block.diag:24]
    sum_width_3 = _product("btw,w,wkd->btkd", jnp.bfloat16, X, a, WK) * rsqrt_value[:, :, None, None]  # src[block.diag:25]
    as_bf16 = sum_width_3.astype(jnp.bfloat16)  # [b t kv d]  # src[block.diag:25]
    sum_d = _einsum("btkgd,bxkd->btkgx", sum_width_2.astype(jnp.bfloat16), as_bf16, preferred_element_type=jnp.float32)  # src[block.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(64))  # [b t kv g x]  # src[block.diag:7]
    chosen = jnp.where(le_value[:, None, None], S, -jnp.inf)  # [b t kv g x]  # src[block.diag:8]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b t kv g]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b t kv g x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b t kv g]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b t kv g x]  # src[maps.diag:7]
    sum_width_4 = _product("btw,w,wkd->btkd", jnp.bfloat16, X, a, WV) * rsqrt_value[:, :, None, None]  # src[block.diag:26]
    as_bf16_2 = sum_width_4.astype(jnp.bfloat16)  # [b t kv d]  # src[block.diag:26]
    sum_x = _product("btkgx,bxkd->btkgd", jnp.bfloat16, chosen_2, as_bf16_2)  # [b t kv g d]  # src[block.diag:8]
    sum_kv_g_d = jnp.einsum("btkgd,kgdw->btw", sum_x.astype(jnp.bfloat16), WO, preferred_element_type=jnp.float32)  # src[block.diag:27]
    Y = _add(X.astype(jnp.float32), sum_kv_g_d)  # [b t width]  # src[block.diag:27]
    sum_width_5 = jnp.einsum("btw,btw->bt", Y, Y, precision="highest")  # [b t]
    rsqrt_value_2 = lax.rsqrt(sum_width_5 / 512 + 1e-05)  # [b t]  # src[maps.diag:25]
    sum_width_6 = _product("btw,w,wh->bth", jnp.bfloat16, Y, c, gate) * rsqrt_value_2[:, :, None]  # src[block.diag:29]
    sum_width_7 = _product("btw,w,wh->bth", jnp.bfloat16, Y, c, up) * rsqrt_value_2[:, :, None]  # src[block.diag:29]
    sum_hidden = _product("bth,bth,hw->btw", jnp.bfloat16, jax.nn.silu(sum_width_6), sum_width_7, down)  # src[block.diag:29]
    as_bf16_3 = _add(Y, sum_hidden).astype(jnp.bfloat16)  # [b t width]
    return as_bf16_3
