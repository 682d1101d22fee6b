# Made by diagc 0.1.0 from decode.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["decode", "decode_plain", "decode_ragged", "decode_ragged_plain", "decode_few", "decode_few_plain"]


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


def _decode(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> bf16[b kv g q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_g = tile * block_g
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, 1, block_g))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g, 64))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        to_x = jnp.minimum(x, filled.astype(int)) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = dot * 0.125
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, filled.astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < filled) & (x_index < x), dot * 0.125, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], (1 / z)[:, :, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4)

    out_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1, 64)
    return out_tiles[:, :, :g]


def _decode_forward(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_forward(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> (bf16[b kv g q d], f32[b kv g q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_g = tile * block_g
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, 1, block_g))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g, 64))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        to_x = jnp.minimum(x, filled.astype(int)) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = dot * 0.125
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, filled.astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < filled) & (x_index < x), dot * 0.125, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], (1 / z)[:, :, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4), (jnp.log(z) + max_x).transpose(0, 1, 3, 2)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1, 64)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3, 4)
    logsum_tiles = logsum_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1)
    return out_tiles[:, :, :g], logsum_tiles[:, :, :g]


def _decode_backward_buffer_0(d_out, out):
    """decode_backward_buffer_0(d_out: bf16[b kv g q d], out: bf16[b kv g q d]) -> f32[b kv g q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, kv, g, _, _ = d_out.shape
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, 1, 64)}")
    sum_d = jnp.einsum("bkgqd,bkgqd->bkgq", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_d


def _decode_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0, *, block_x=256, block_g=512):
    """decode_backward_d_Q(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> bf16[b kv g q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_g = tile * block_g
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g, 64))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2)
        to_x = jnp.minimum(x, filled.astype(int)) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = 0.125 * dot - logsum_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgqd,bkxd->bkqgx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_2 - buffer_0_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            tile_bf16 = (jnp.exp(sub) * sub_2).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkqgx,bkxd->bkqgd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, filled.astype(int))

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < filled) & (x_index < x), 0.125 * dot, -jnp.inf)
            equal = logsum_tile.transpose(0, 1, 3, 2) == -jnp.inf
            safe_logsum = jnp.where(equal, 0.0, logsum_tile.transpose(0, 1, 3, 2))
            exp = jnp.exp(chosen - safe_logsum[:, :, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgqd,bkxd->bkqgx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub = dot_2 - buffer_0_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            tile_bf16 = (exp * sub).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkqgx,bkxd->bkqgd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (0.125 * acc_x).astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4)

    d_Q_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4, 5)
    d_Q_tiles = d_Q_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1, 64)
    return d_Q_tiles[:, :, :g]


def _decode_backward_d_K_d_V(Q, K, V, filled, d_out, logsum, buffer_0, *, block_g=256, block_x=512):
    """decode_backward_d_K_d_V(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> (bf16[b kv x d], bf16[b kv x d]), in blocks: memory does not grow with g."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    block_g = min(block_g, max(g, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_g_q = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, 64))
        acc_g_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, 64))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        lt = x_index < filled
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)

        def step(q_index, state):
            acc_g_q, acc_g_q_2 = state
            to_g = g // block_g * block_g

            def step_2(block, state):
                acc_g_q, acc_g_q_2 = state
                first_g = block * block_g
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(Q, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot = jnp.einsum("bkxd,bkgd->bkxg", K_tile, Q_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(lt[:, None], 0.125 * dot, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot_2 = jnp.einsum("bkxd,bkgd->bkxg", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_q_2 = acc_g_q_2 + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_g_q_2)

            acc_g_q, acc_g_q_2 = lax.fori_loop(0, -(-to_g // block_g), step_2, (acc_g_q, acc_g_q_2))
            from_g = jnp.maximum(0, to_g)

            def step_3(block, state):
                acc_g_q, acc_g_q_2 = state
                first_g = block * block_g
                g_index = first_g + jnp.arange(block_g)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(Q, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot = jnp.einsum("bkxd,bkgd->bkxg", K_tile, Q_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(lt[:, None] & (g_index < g), 0.125 * dot, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot_2 = jnp.einsum("bkxd,bkgd->bkxg", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_q_2 = acc_g_q_2 + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_g_q_2)

            acc_g_q, acc_g_q_2 = lax.fori_loop(
                from_g // block_g,
                -(-g // block_g),
                step_3,
                (acc_g_q, acc_g_q_2),
            )
            return (acc_g_q, acc_g_q_2)

        acc_g_q, acc_g_q_2 = lax.fori_loop(0, 1, step, (acc_g_q, acc_g_q_2))
        chosen = jnp.where(lt[:, None], acc_g_q * 0.125, 0.0)
        return chosen.astype(jnp.bfloat16), acc_g_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, kv, -(-x // block_x) * block_x, 64)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, kv, -(-x // block_x) * block_x, 64)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _decode_differentiable(Q, K, V, filled, block_x, block_g):
    out = _decode(Q, K, V, filled, block_x=block_x, block_g=block_g)
    return out


def _decode_keeping(Q, K, V, filled, block_x, block_g):
    out, logsum = _decode_forward(Q, K, V, filled, block_x=block_x, block_g=block_g)
    return out, (Q, K, V, filled, out, logsum)


def _decode_pull(block_x, block_g, saved, cotangents):
    Q, K, V, filled, out, logsum = saved
    d_out = cotangents
    buffer_0 = _decode_backward_buffer_0(d_out, out)
    d_Q = _decode_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0, block_x=block_x, block_g=block_g)
    d_K, d_V = _decode_backward_d_K_d_V(
        Q, K, V, filled, d_out, logsum, buffer_0, block_g=block_g, block_x=block_x,
    )
    return (d_Q, d_K, d_V, None)


_decode_differentiable.defvjp(_decode_keeping, _decode_pull)


def decode(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> bf16[b kv g q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    Q, K, V, filled = _alike(Q, K, V, filled)
    return _decode_differentiable(Q, K, V, filled, block_x, block_g)


def decode_plain(Q, K, V, filled):
    """decode(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> bf16[b kv g q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    sum_d = jnp.einsum("bkgqd,bkxd->bkgqx", Q, K, preferred_element_type=jnp.float32)  # [b kv g q x]  # src[decode.diag:12]
    S = sum_d * lax.rsqrt(jnp.float32(64))  # [b kv g q x]  # src[decode.diag:12]
    chosen = jnp.where(jnp.arange(x) < filled, S, -jnp.inf)  # [b kv g q x]  # src[decode.diag:13]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b kv g q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b kv g q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b kv g q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b kv g q x]  # src[maps.diag:7]
    sum_x = _product("bkgqx,bkxd->bkgqd", jnp.bfloat16, chosen_2, V)  # [b kv g q d]  # src[decode.diag:13]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b kv g q d]
    return as_bf16


def _decode_ragged(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_ragged(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> bf16[b kv g q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_g = tile * block_g
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, 1, block_g))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g, 64))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        to_x = jnp.minimum(x, jnp.min(filled).astype(int)) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = 0.125 * dot
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, jnp.max(filled).astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index < filled[:, None]) & (x_index < x)
            chosen = jnp.where(mask[:, None, None, None], 0.125 * dot, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], acc_x * (1 / z)[:, :, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4)

    out_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1, 64)
    return out_tiles[:, :, :g]


def _decode_ragged_forward(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_ragged_forward(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> (bf16[b kv g q d], f32[b kv g q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_g = tile * block_g
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, 1, block_g))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g, 64))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        to_x = jnp.minimum(x, jnp.min(filled).astype(int)) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = dot * 0.125
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, jnp.max(filled).astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index < filled[:, None]) & (x_index < x)
            chosen = jnp.where(mask[:, None, None, None], dot * 0.125, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkqgx,bkxd->bkqgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], acc_x * (1 / z)[:, :, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4), (max_x + jnp.log(z)).transpose(0, 1, 3, 2)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1, 64)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3, 4)
    logsum_tiles = logsum_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1)
    return out_tiles[:, :, :g], logsum_tiles[:, :, :g]


def _decode_ragged_backward_buffer_0(d_out, out):
    """decode_ragged_backward_buffer_0(d_out: bf16[b kv g q d], out: bf16[b kv g q d]) -> f32[b kv g q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, kv, g, _, _ = d_out.shape
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, 1, 64)}")
    sum_d = jnp.einsum("bkgqd,bkgqd->bkgq", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _decode_ragged_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0, *, block_x=256, block_g=512):
    """decode_ragged_backward_d_Q(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> bf16[b kv g q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_g = tile * block_g
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 1, block_g, 64))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2)
        to_x = jnp.minimum(x, jnp.min(filled).astype(int)) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = 0.125 * dot - logsum_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgqd,bkxd->bkqgx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_2 - buffer_0_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            tile_bf16 = (jnp.exp(sub) * sub_2).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkqgx,bkxd->bkqgd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, jnp.max(filled).astype(int))

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkqgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index < filled[:, None]) & (x_index < x)
            chosen = jnp.where(mask[:, None, None, None], 0.125 * dot, -jnp.inf)
            equal = logsum_tile.transpose(0, 1, 3, 2) == -jnp.inf
            safe_logsum = jnp.where(equal, 0.0, logsum_tile.transpose(0, 1, 3, 2))
            exp = jnp.exp(chosen - safe_logsum[:, :, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgqd,bkxd->bkqgx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub = dot_2 - buffer_0_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            tile_bf16 = (exp * sub).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkqgx,bkxd->bkqgd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (acc_x * 0.125).astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4)

    d_Q_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4, 5)
    d_Q_tiles = d_Q_tiles.reshape(b, kv, -(-g // block_g) * block_g, 1, 64)
    return d_Q_tiles[:, :, :g]


def _decode_ragged_backward_d_K_d_V(Q, K, V, filled, d_out, logsum, buffer_0, *, block_g=256, block_x=512):
    """decode_ragged_backward_d_K_d_V(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> (bf16[b kv x d], bf16[b kv x d]), in blocks: memory does not grow with g."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    if d_out.shape != (b, kv, g, 1, 64):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, 1, 64)}")
    if logsum.shape != (b, kv, g, 1):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, 1)}")
    if buffer_0.shape != (b, kv, g, 1):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, 1)}")
    block_g = min(block_g, max(g, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_g_q = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, 64))
        acc_g_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, 64))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        lt = x_index < filled[:, None]
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)

        def step(q_index, state):
            acc_g_q, acc_g_q_2 = state
            to_g = g // block_g * block_g

            def step_2(block, state):
                acc_g_q, acc_g_q_2 = state
                first_g = block * block_g
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(Q, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot = jnp.einsum("bkxd,bkgd->bkxg", K_tile, Q_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(lt[:, None, :, None], 0.125 * dot, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot_2 = jnp.einsum("bkxd,bkgd->bkxg", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_q_2 = acc_g_q_2 + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_g_q_2)

            acc_g_q, acc_g_q_2 = lax.fori_loop(0, -(-to_g // block_g), step_2, (acc_g_q, acc_g_q_2))
            from_g = jnp.maximum(0, to_g)

            def step_3(block, state):
                acc_g_q, acc_g_q_2 = state
                first_g = block * block_g
                g_index = first_g + jnp.arange(block_g)
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(Q, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot = jnp.einsum("bkxd,bkgd->bkxg", K_tile, Q_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where((lt[:, :, None] & (g_index < g))[:, None], 0.125 * dot, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2), q_index, 3, keepdims=True), (3,))
                dot_2 = jnp.einsum("bkxd,bkgd->bkxg", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_q_2 = acc_g_q_2 + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_g_q_2)

            acc_g_q, acc_g_q_2 = lax.fori_loop(
                from_g // block_g,
                -(-g // block_g),
                step_3,
                (acc_g_q, acc_g_q_2),
            )
            return (acc_g_q, acc_g_q_2)

        acc_g_q, acc_g_q_2 = lax.fori_loop(0, 1, step, (acc_g_q, acc_g_q_2))
        chosen = jnp.where(lt[:, None, :, None], acc_g_q * 0.125, 0.0)
        return chosen.astype(jnp.bfloat16), acc_g_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, kv, -(-x // block_x) * block_x, 64)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, kv, -(-x // block_x) * block_x, 64)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _decode_ragged_differentiable(Q, K, V, filled, block_x, block_g):
    out = _decode_ragged(Q, K, V, filled, block_x=block_x, block_g=block_g)
    return out


def _decode_ragged_keeping(Q, K, V, filled, block_x, block_g):
    out, logsum = _decode_ragged_forward(Q, K, V, filled, block_x=block_x, block_g=block_g)
    return out, (Q, K, V, filled, out, logsum)


def _decode_ragged_pull(block_x, block_g, saved, cotangents):
    Q, K, V, filled, out, logsum = saved
    d_out = cotangents
    buffer_0 = _decode_ragged_backward_buffer_0(d_out, out)
    d_Q = _decode_ragged_backward_d_Q(
        Q, K, V, filled, d_out, logsum, buffer_0, block_x=block_x, block_g=block_g,
    )
    d_K, d_V = _decode_ragged_backward_d_K_d_V(
        Q, K, V, filled, d_out, logsum, buffer_0, block_g=block_g, block_x=block_x,
    )
    return (d_Q, d_K, d_V, None)


_decode_ragged_differentiable.defvjp(_decode_ragged_keeping, _decode_ragged_pull)


def decode_ragged(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_ragged(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> bf16[b kv g q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    Q, K, V, filled = _alike(Q, K, V, filled)
    return _decode_ragged_differentiable(Q, K, V, filled, block_x, block_g)


def decode_ragged_plain(Q, K, V, filled):
    """decode_ragged(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[b]) -> bf16[b kv g q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 1, 64):
        raise ValueError(f"Q: bf16[b kv g q d] has shape {Q.shape}, expected {(b, kv, g, 1, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != (b,):
        raise ValueError(f"filled: i32[b] has shape {filled.shape}, expected {(b,)}")
    sum_d = jnp.einsum("bkgqd,bkxd->bkgqx", Q, K, preferred_element_type=jnp.float32)  # [b kv g q x]  # src[decode.diag:23]
    S = sum_d * lax.rsqrt(jnp.float32(64))  # [b kv g q x]  # src[decode.diag:23]
    chosen = jnp.where(jnp.arange(x) < filled[:, None, None, None, None], S, -jnp.inf)  # [b kv g q x]  # src[decode.diag:24]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b kv g q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b kv g q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b kv g q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b kv g q x]  # src[maps.diag:7]
    sum_x = _product("bkgqx,bkxd->bkgqd", jnp.bfloat16, chosen_2, V)  # [b kv g q d]  # src[decode.diag:24]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b kv g q d]
    return as_bf16


def _decode_few(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_few(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> bf16[b kv g few d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        few_index = jnp.arange(4)
        first_g = tile * block_g
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, 4, block_g))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 4, block_g))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 4, block_g, 64))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        to_x = jnp.minimum(x, jnp.clip(filled, -1073741824, 1073741824).astype(int) + (-3)) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgfd,bkxd->bkfgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = 0.125 * dot
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkfgx,bkxd->bkfgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, 4 + jnp.clip(filled, -1073741824, 1073741824).astype(int) + (-4))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgfd,bkxd->bkfgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            seen = x_index + 4 <= (few_index + filled)[:, None]
            chosen = jnp.where((seen & (x_index < x))[:, None], 0.125 * dot, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkfgx,bkxd->bkfgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], (1 / z)[:, :, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4)

    out_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, -(-g // block_g) * block_g, 4, 64)
    return out_tiles[:, :, :g]


def _decode_few_forward(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_few_forward(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> (bf16[b kv g few d], f32[b kv g few]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        few_index = jnp.arange(4)
        first_g = tile * block_g
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, 4, block_g))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 4, block_g))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 4, block_g, 64))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        to_x = jnp.minimum(x, jnp.clip(filled, -1073741824, 1073741824).astype(int) + (-3)) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgfd,bkxd->bkfgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = dot * 0.125
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkfgx,bkxd->bkfgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, 4 + jnp.clip(filled, -1073741824, 1073741824).astype(int) + (-4))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgfd,bkxd->bkfgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            seen = x_index + 4 <= (few_index + filled)[:, None]
            chosen = jnp.where((seen & (x_index < x))[:, None], dot * 0.125, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkfgx,bkxd->bkfgd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], acc_x * (1 / z)[:, :, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4), (jnp.log(z) + max_x).transpose(0, 1, 3, 2)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, -(-g // block_g) * block_g, 4, 64)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3, 4)
    logsum_tiles = logsum_tiles.reshape(b, kv, -(-g // block_g) * block_g, 4)
    return out_tiles[:, :, :g], logsum_tiles[:, :, :g]


def _decode_few_backward_buffer_0(d_out, out):
    """decode_few_backward_buffer_0(d_out: bf16[b kv g few d], out: bf16[b kv g few d]) -> f32[b kv g few]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, kv, g, _, _ = d_out.shape
    if d_out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"d_out: bf16[b kv g few d] has shape {d_out.shape}, expected {(b, kv, g, 4, 64)}")
    if out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"out: bf16[b kv g few d] has shape {out.shape}, expected {(b, kv, g, 4, 64)}")
    sum_d = jnp.einsum("bkgfd,bkgfd->bkgf", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _decode_few_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0, *, block_x=256, block_g=512):
    """decode_few_backward_d_Q(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g few d], logsum: f32[b kv g few], buffer_0: f32[b kv g few]) -> bf16[b kv g few d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"d_out: bf16[b kv g few d] has shape {d_out.shape}, expected {(b, kv, g, 4, 64)}")
    if logsum.shape != (b, kv, g, 4):
        raise ValueError(f"logsum: f32[b kv g few] has shape {logsum.shape}, expected {(b, kv, g, 4)}")
    if buffer_0.shape != (b, kv, g, 4):
        raise ValueError(f"buffer_0: f32[b kv g few] has shape {buffer_0.shape}, expected {(b, kv, g, 4)}")
    block_x = min(block_x, max(x, 1))
    block_g = min(block_g, max(g, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        few_index = jnp.arange(4)
        first_g = tile * block_g
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, 4, block_g, 64))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_g, block_g, 2)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2)
        to_x = jnp.minimum(x, jnp.clip(filled, -1073741824, 1073741824).astype(int) + (-3)) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgfd,bkxd->bkfgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = dot * 0.125 - logsum_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgfd,bkxd->bkfgx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_2 - buffer_0_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            tile_bf16 = (jnp.exp(sub) * sub_2).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkfgx,bkxd->bkfgd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, 4 + jnp.clip(filled, -1073741824, 1073741824).astype(int) + (-4))

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgfd,bkxd->bkfgx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            seen = x_index + 4 <= (few_index + filled)[:, None]
            chosen = jnp.where((seen & (x_index < x))[:, None], dot * 0.125, -jnp.inf)
            equal = logsum_tile.transpose(0, 1, 3, 2) == -jnp.inf
            safe_logsum = jnp.where(equal, 0.0, logsum_tile.transpose(0, 1, 3, 2))
            exp = jnp.exp(chosen - safe_logsum[:, :, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgfd,bkxd->bkfgx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub = dot_2 - buffer_0_tile.transpose(0, 1, 3, 2)[:, :, :, :, None]
            tile_bf16 = (exp * sub).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkfgx,bkxd->bkfgd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (acc_x * 0.125).astype(jnp.bfloat16).transpose(0, 1, 3, 2, 4)

    d_Q_tiles = lax.map(program, jnp.arange(-(-g // block_g)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4, 5)
    d_Q_tiles = d_Q_tiles.reshape(b, kv, -(-g // block_g) * block_g, 4, 64)
    return d_Q_tiles[:, :, :g]


def _decode_few_backward_d_K_d_V(Q, K, V, filled, d_out, logsum, buffer_0, *, block_g=256, block_x=512):
    """decode_few_backward_d_K_d_V(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[], d_out: bf16[b kv g few d], logsum: f32[b kv g few], buffer_0: f32[b kv g few]) -> (bf16[b kv x d], bf16[b kv x d]), in blocks: memory does not grow with g."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if d_out.shape != (b, kv, g, 4, 64):
        raise ValueError(f"d_out: bf16[b kv g few d] has shape {d_out.shape}, expected {(b, kv, g, 4, 64)}")
    if logsum.shape != (b, kv, g, 4):
        raise ValueError(f"logsum: f32[b kv g few] has shape {logsum.shape}, expected {(b, kv, g, 4)}")
    if buffer_0.shape != (b, kv, g, 4):
        raise ValueError(f"buffer_0: f32[b kv g few] has shape {buffer_0.shape}, expected {(b, kv, g, 4)}")
    block_g = min(block_g, max(g, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-g % block_g, block_g - g)), (0, 0), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_g_few = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, 64))
        acc_g_few_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, 64))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)

        def step(few_index, state):
            acc_g_few, acc_g_few_2 = state
            seen = x_index + 4 <= few_index + filled
            to_g = g // block_g * block_g

            def step_2(block, state):
                acc_g_few, acc_g_few_2 = state
                first_g = block * block_g
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(Q, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                dot = jnp.einsum("bkxd,bkgd->bkxg", K_tile, Q_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(seen[:, None], dot * 0.125, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                dot_2 = jnp.einsum("bkxd,bkgd->bkxg", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_few = acc_g_few + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_few_2 = acc_g_few_2 + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_few, next_acc_g_few_2)

            acc_g_few, acc_g_few_2 = lax.fori_loop(0, -(-to_g // block_g), step_2, (acc_g_few, acc_g_few_2))
            from_g = jnp.maximum(0, to_g)

            def step_3(block, state):
                acc_g_few, acc_g_few_2 = state
                first_g = block * block_g
                g_index = first_g + jnp.arange(block_g)
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(Q, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                dot = jnp.einsum("bkxd,bkgd->bkxg", K_tile, Q_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(seen[:, None] & (g_index < g), dot * 0.125, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(d_out, first_g, block_g, 2), few_index, 3, keepdims=True), (3,))
                dot_2 = jnp.einsum("bkxd,bkgd->bkxg", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_few = acc_g_few + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_g_few_2 = acc_g_few_2 + jnp.einsum("bkxg,bkgd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_few, next_acc_g_few_2)

            acc_g_few, acc_g_few_2 = lax.fori_loop(
                from_g // block_g,
                -(-g // block_g),
                step_3,
                (acc_g_few, acc_g_few_2),
            )
            return (acc_g_few, acc_g_few_2)

        acc_g_few, acc_g_few_2 = lax.fori_loop(0, 4, step, (acc_g_few, acc_g_few_2))
        return (0.125 * acc_g_few).astype(jnp.bfloat16), acc_g_few_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, kv, -(-x // block_x) * block_x, 64)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, kv, -(-x // block_x) * block_x, 64)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _decode_few_differentiable(Q, K, V, filled, block_x, block_g):
    out = _decode_few(Q, K, V, filled, block_x=block_x, block_g=block_g)
    return out


def _decode_few_keeping(Q, K, V, filled, block_x, block_g):
    out, logsum = _decode_few_forward(Q, K, V, filled, block_x=block_x, block_g=block_g)
    return out, (Q, K, V, filled, out, logsum)


def _decode_few_pull(block_x, block_g, saved, cotangents):
    Q, K, V, filled, out, logsum = saved
    d_out = cotangents
    buffer_0 = _decode_few_backward_buffer_0(d_out, out)
    d_Q = _decode_few_backward_d_Q(Q, K, V, filled, d_out, logsum, buffer_0, block_x=block_x, block_g=block_g)
    d_K, d_V = _decode_few_backward_d_K_d_V(
        Q, K, V, filled, d_out, logsum, buffer_0, block_g=block_g, block_x=block_x,
    )
    return (d_Q, d_K, d_V, None)


_decode_few_differentiable.defvjp(_decode_few_keeping, _decode_few_pull)


def decode_few(Q, K, V, filled, *, block_x=256, block_g=512):
    """decode_few(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> bf16[b kv g few d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    Q, K, V, filled = _alike(Q, K, V, filled)
    return _decode_few_differentiable(Q, K, V, filled, block_x, block_g)


def decode_few_plain(Q, K, V, filled):
    """decode_few(Q: bf16[b kv g few d], K: bf16[b kv x d], V: bf16[b kv x d], filled: i32[]) -> bf16[b kv g few d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    filled = jnp.asarray(filled, jnp.int32)
    b, kv, g, _, _ = Q.shape
    _, _, x, _ = K.shape
    if Q.shape != (b, kv, g, 4, 64):
        raise ValueError(f"Q: bf16[b kv g few d] has shape {Q.shape}, expected {(b, kv, g, 4, 64)}")
    if K.shape != (b, kv, x, 64):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, 64)}")
    if V.shape != (b, kv, x, 64):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    seen = jnp.arange(x) <= filled - 4 + jnp.arange(4)[:, None]  # [few x]  # src[decode.diag:35]
    sum_d = jnp.einsum("bkgfd,bkxd->bkgfx", Q, K, preferred_element_type=jnp.float32)  # [b kv g few x]  # src[decode.diag:34]
    S = sum_d * lax.rsqrt(jnp.float32(64))  # [b kv g few x]  # src[decode.diag:34]
    chosen = jnp.where(seen, S, -jnp.inf)  # [b kv g few x]  # src[decode.diag:36]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b kv g few]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b kv g few x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b kv g few]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b kv g few x]  # src[maps.diag:7]
    sum_x = _product("bkgfx,bkxd->bkgfd", jnp.bfloat16, chosen_2, V)  # [b kv g few d]  # src[decode.diag:36]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b kv g few d]
    return as_bf16
