# Made by diagc 0.1.0 from masks.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["scores", "sliding_window", "sliding_window_plain", "dilated", "dilated_plain", "prefix_lm", "prefix_lm_plain", "documents", "documents_plain", "padding", "padding_plain", "alibi", "alibi_plain", "relative_bias", "softcap", "softcap_plain"]


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


def _sliding_window(Q, K, V, *, block_x=256, block_q=512):
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
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
            mask = (q_index[:, None] <= 255 + x_index) & (x_index <= q_index[:, None])
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
            mask = (q_index[:, None] <= 255 + x_index) & (x_index <= q_index[:, None])
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


def _sliding_window_forward(Q, K, V, *, block_x=256, block_q=512):
    """sliding_window_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
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
            mask = (x_index <= q_index[:, None]) & (q_index[:, None] <= x_index + 255)
            S = jnp.where(mask & (x_index < x), rsqrt * dot, -jnp.inf)
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
            mul = rsqrt * dot
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
            mask = (x_index <= q_index[:, None]) & (q_index[:, None] <= x_index + 255)
            S = jnp.where(mask & (x_index < x), rsqrt * dot, -jnp.inf)
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
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _sliding_window_backward_buffer_0(d_out, out):
    """sliding_window_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _sliding_window_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """sliding_window_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
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
        from_x = jnp.maximum(0, first_q + (-255)) // block_x * block_x
        from_x_2 = -(-jnp.maximum(0, first_q + block_q + (-256)) // block_x) * block_x
        to_x = jnp.minimum(x, first_q + block_q)
        to_x_2 = jnp.minimum(from_x_2, to_x)

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (q_index[:, None] <= x_index + 255)
            S = jnp.where(mask & (x_index < x), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(S - safe_logsum[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step, (acc_x,))
        to_x_3 = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(dot_2 * rsqrt - logsum_tile[:, None])
            tile_bf16 = ((dot - buffer_0_tile[:, None]) * exp).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x_2 // block_x, -(-to_x_3 // block_x), step_2, (acc_x,))
        from_x_3 = jnp.maximum(from_x_2, to_x_3)

        def step_3(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (q_index[:, None] <= x_index + 255)
            S = jnp.where(mask & (x_index < x), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(S - safe_logsum[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x_3 // block_x, -(-to_x // block_x), step_3, (acc_x,))
        return (acc_x * rsqrt).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _sliding_window_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """sliding_window_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
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
        add = x_index + 255
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(q, first_x + block_x + 255)
        to_q_2 = jnp.minimum(from_q_2, to_q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index <= add[:, None])
            S = jnp.where(mask & (q_index < q), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q_2 // block_q), step, (acc_q, acc_q_2))
        to_q_3 = jnp.minimum(q, first_x + 256) // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(dot_2 * rsqrt - logsum_tile)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_3 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_3)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index <= add[:, None])
            S = jnp.where(mask & (q_index < q), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-to_q // block_q), step_3, (acc_q, acc_q_2))
        return (acc_q * rsqrt).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _sliding_window_differentiable(Q, K, V, block_x, block_q):
    out = _sliding_window(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _sliding_window_keeping(Q, K, V, block_x, block_q):
    out, logsum = _sliding_window_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _sliding_window_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _sliding_window_backward_buffer_0(d_out, out)
    d_Q = _sliding_window_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _sliding_window_backward_d_K_d_V(
        Q,
        K,
        V,
        d_out,
        logsum,
        buffer_0,
        block_q=block_q,
        block_x=block_x,
    )
    return (d_Q, d_K, d_V)


_sliding_window_differentiable.defvjp(_sliding_window_keeping, _sliding_window_pull)


def sliding_window(Q, K, V, *, block_x=256, block_q=512):
    """sliding_window(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _sliding_window_differentiable(Q, K, V, block_x, block_q)


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
    sum_x = _product("qx,xd->qd", jnp.bfloat16, chosen, V)  # [q d]  # src[masks.diag:12]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def _dilated(Q, K, V, *, block_x=256, block_q=512):
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
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
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, None])
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
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _dilated_forward(Q, K, V, *, block_x=256, block_q=512):
    """dilated_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where((q_index[:, None] - x_index) % 4 == 0, rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & ((q_index[:, None] - x_index) % 4 == 0)
            S = jnp.where(mask & (x_index < x), rsqrt * dot, -jnp.inf)
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
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _dilated_backward_buffer_0(d_out, out):
    """dilated_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _dilated_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """dilated_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
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
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(0 == (q_index[:, None] - x_index) % 4, rsqrt * dot, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(S - safe_logsum[:, None]) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (0 == (q_index[:, None] - x_index) % 4) & (x_index <= q_index[:, None])
            S = jnp.where(mask & (x_index < x), rsqrt * dot, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(S - safe_logsum[:, None]) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (acc_x * rsqrt).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _dilated_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """dilated_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (0 == (q_index - x_index[:, None]) % 4) & (x_index[:, None] <= q_index)
            S = jnp.where(mask & (q_index < q), rsqrt * dot, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile)).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            S = jnp.where(0 == (q_index - x_index[:, None]) % 4, rsqrt * dot, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile)).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (0 == (q_index - x_index[:, None]) % 4) & (x_index[:, None] <= q_index)
            S = jnp.where(mask & (q_index < q), rsqrt * dot, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile)).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _dilated_differentiable(Q, K, V, block_x, block_q):
    out = _dilated(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _dilated_keeping(Q, K, V, block_x, block_q):
    out, logsum = _dilated_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _dilated_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _dilated_backward_buffer_0(d_out, out)
    d_Q = _dilated_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _dilated_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_dilated_differentiable.defvjp(_dilated_keeping, _dilated_pull)


def dilated(Q, K, V, *, block_x=256, block_q=512):
    """dilated(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _dilated_differentiable(Q, K, V, block_x, block_q)


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
    sum_x = _product("qx,xd->qd", jnp.bfloat16, chosen, V)  # [q d]  # src[masks.diag:17]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def _prefix_lm(Q, K, V, *, block_x=256, block_q=512):
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            mask = (x_index <= 63) | (x_index <= q_index[:, None])
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(mask, rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= 63) | (x_index <= q_index[:, None])
            S = jnp.where(mask & (x_index < x), rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _prefix_lm_forward(Q, K, V, *, block_x=256, block_q=512):
    """prefix_lm_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            mask = (x_index <= q_index[:, None]) | (x_index <= 63)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) | (x_index <= 63)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _prefix_lm_backward_buffer_0(d_out, out):
    """prefix_lm_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _prefix_lm_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """prefix_lm_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
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
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            mask = (x_index <= q_index[:, None]) | (x_index <= 63)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) | (x_index <= 63)
            S = jnp.where(mask & (x_index < x), dot * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(S - safe_logsum[:, None]) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _prefix_lm_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """prefix_lm_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
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
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        le = x_index <= 63
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mask = (x_index[:, None] <= q_index) | le[:, None]
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile)).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) | le[:, None]
            S = jnp.where(mask & (q_index < q), dot * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile)).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _prefix_lm_differentiable(Q, K, V, block_x, block_q):
    out = _prefix_lm(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _prefix_lm_keeping(Q, K, V, block_x, block_q):
    out, logsum = _prefix_lm_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _prefix_lm_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _prefix_lm_backward_buffer_0(d_out, out)
    d_Q = _prefix_lm_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _prefix_lm_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_prefix_lm_differentiable.defvjp(_prefix_lm_keeping, _prefix_lm_pull)


def prefix_lm(Q, K, V, *, block_x=256, block_q=512):
    """prefix_lm(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _prefix_lm_differentiable(Q, K, V, block_x, block_q)


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
    sum_x = _product("qx,xd->qd", jnp.bfloat16, chosen, V)  # [q d]  # src[masks.diag:22]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def _documents(Q, K, V, of_q, of_x, *, block_x=256, block_q=512):
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
    of_x = jnp.pad(of_x, ((0, max(-x % block_x, block_x - x)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
        chosen = jnp.where((q_index < q), of_q_tile, -2147483648)
        most_of_q = jnp.max(chosen, axis=0)
        chosen_2 = jnp.where((q_index < q), of_q_tile, 2147483647)
        least_of_q = jnp.min(chosen_2, axis=0)
        x_index = jnp.arange(-(-x // block_x) * block_x)
        mask = (of_x <= most_of_q) & (of_x >= least_of_q)
        met = mask & (x_index < x)
        begin_x = jnp.min(jnp.where(met, x_index, x))
        end_x = jnp.max(jnp.where(met, x_index + 1, 0))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        from_x = jnp.maximum(0, begin_x.astype(int)) // block_x * block_x
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x
        to_x_2 = -(-end_x.astype(int) // block_x) * block_x
        to_x_3 = jnp.minimum(to_x, to_x_2)

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(of_x_tile == of_q_tile[:, None], dot * rsqrt, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_3 // block_x), step, (max_x, z, acc_x))
        from_x_2 = jnp.maximum(from_x, to_x_3)
        to_x_4 = jnp.minimum(jnp.minimum(x, first_q + block_q), end_x.astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index_2 = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            mask_2 = (of_x_tile == of_q_tile[:, None]) & (x_index_2 <= q_index[:, None])
            S = jnp.where(mask_2 & (x_index_2 < x), dot * rsqrt, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x_2 // block_x, -(-to_x_4 // block_x), step_2, (max_x, z, acc_x))
        chosen_3 = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen_3.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _documents_forward(Q, K, V, of_q, of_x, *, block_x=256, block_q=512):
    """documents_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
    of_x = jnp.pad(of_x, ((0, max(-x % block_x, block_x - x)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
        chosen = jnp.where((q_index < q), of_q_tile, 2147483647)
        least_of_q = jnp.min(chosen, axis=0)
        chosen_2 = jnp.where((q_index < q), of_q_tile, -2147483648)
        most_of_q = jnp.max(chosen_2, axis=0)
        x_index = jnp.arange(-(-x // block_x) * block_x)
        mask = (least_of_q <= of_x) & (most_of_q >= of_x)
        met = mask & (x_index < x)
        begin_x = jnp.min(jnp.where(met, x_index, x))
        end_x = jnp.max(jnp.where(met, x_index + 1, 0))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        from_x = jnp.maximum(0, begin_x.astype(int)) // block_x * block_x
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x
        to_x_2 = -(-end_x.astype(int) // block_x) * block_x
        to_x_3 = jnp.minimum(to_x, to_x_2)

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(of_q_tile[:, None] == of_x_tile, dot * rsqrt, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_3 // block_x), step, (max_x, z, acc_x))
        from_x_2 = jnp.maximum(from_x, to_x_3)
        to_x_4 = jnp.minimum(jnp.minimum(x, first_q + block_q), end_x.astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index_2 = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            mask_2 = (of_q_tile[:, None] == of_x_tile) & (x_index_2 <= q_index[:, None])
            S = jnp.where(mask_2 & (x_index_2 < x), dot * rsqrt, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x_2 // block_x, -(-to_x_4 // block_x), step_2, (max_x, z, acc_x))
        chosen_3 = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen_3.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _documents_backward_buffer_0(d_out, out):
    """documents_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_d


def _documents_backward_d_Q(Q, K, V, of_q, of_x, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """documents_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    of_q, of_x = (jnp.asarray(array, jnp.int32) for array in (of_q, of_x))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
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
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    of_q = jnp.pad(of_q, ((0, max(-q % block_q, block_q - q)),))
    of_x = jnp.pad(of_x, ((0, max(-x % block_x, block_x - x)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
        chosen = jnp.where((q_index < q), of_q_tile, 2147483647)
        least_of_q = jnp.min(chosen, axis=0)
        chosen_2 = jnp.where((q_index < q), of_q_tile, -2147483648)
        most_of_q = jnp.max(chosen_2, axis=0)
        x_index = jnp.arange(-(-x // block_x) * block_x)
        mask = (least_of_q <= of_x) & (most_of_q >= of_x)
        met = mask & (x_index < x)
        begin_x = jnp.min(jnp.where(met, x_index, x))
        end_x = jnp.max(jnp.where(met, x_index + 1, 0))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        from_x = jnp.maximum(0, begin_x.astype(int)) // block_x * block_x
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x
        to_x_2 = -(-end_x.astype(int) // block_x) * block_x
        to_x_3 = jnp.minimum(to_x, to_x_2)

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = jnp.where(of_q_tile[:, None] == of_x_tile, dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(S - safe_logsum[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_3 // block_x), step, (acc_x,))
        from_x_2 = jnp.maximum(from_x, to_x_3)
        to_x_4 = jnp.minimum(jnp.minimum(x, first_q + block_q), end_x.astype(int))

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index_2 = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
            mask_2 = (x_index_2 <= q_index[:, None]) & (of_q_tile[:, None] == of_x_tile)
            S = jnp.where(mask_2 & (x_index_2 < x), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(S - safe_logsum[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x_2 // block_x, -(-to_x_4 // block_x), step_2, (acc_x,))
        return (acc_x * rsqrt).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _documents_backward_d_K_d_V(Q, K, V, of_q, of_x, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """documents_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    of_q, of_x = (jnp.asarray(array, jnp.int32) for array in (of_q, of_x))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
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
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    of_x = jnp.pad(of_x, ((0, max(-x % block_x, block_x - x)),))
    of_q = jnp.pad(of_q, ((0, max(-q % block_q, block_q - q)),))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        of_x_tile = lax.dynamic_slice_in_dim(of_x, first_x, block_x, 0)
        chosen = jnp.where((x_index < x), of_x_tile, -2147483648)
        most_of_x = jnp.max(chosen, axis=0)
        chosen_2 = jnp.where((x_index < x), of_x_tile, 2147483647)
        least_of_x = jnp.min(chosen_2, axis=0)
        q_index = jnp.arange(-(-q // block_q) * block_q)
        mask = (of_q <= most_of_x) & (of_q >= least_of_x)
        met = mask & (q_index < q)
        begin_q = jnp.min(jnp.where(met, q_index, q))
        end_q = jnp.max(jnp.where(met, q_index + 1, 0))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        from_q = jnp.maximum(jnp.maximum(0, first_x), begin_q.astype(int)) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        from_q_3 = jnp.maximum(from_q_2, from_q)
        to_q = jnp.minimum(q, end_q.astype(int))
        to_q_2 = jnp.minimum(from_q_3, to_q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index_2 = first_q + jnp.arange(block_q)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
            mask_2 = (x_index[:, None] <= q_index_2) & (of_q_tile == of_x_tile[:, None])
            S = jnp.where(mask_2 & (q_index_2 < q), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q_2 // block_q), step, (acc_q, acc_q_2))
        to_q_3 = q // block_q * block_q
        to_q_4 = -(-end_q.astype(int) // block_q) * block_q
        to_q_5 = jnp.minimum(to_q_3, to_q_4)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            S = jnp.where(of_q_tile == of_x_tile[:, None], dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-to_q_5 // block_q), step_2, (acc_q, acc_q_2))
        from_q_4 = jnp.maximum(from_q_3, to_q_5)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index_2 = first_q + jnp.arange(block_q)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            of_q_tile = lax.dynamic_slice_in_dim(of_q, first_q, block_q, 0)
            mask_2 = (x_index[:, None] <= q_index_2) & (of_q_tile == of_x_tile[:, None])
            S = jnp.where(mask_2 & (q_index_2 < q), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(S - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_4 // block_q, -(-to_q // block_q), step_3, (acc_q, acc_q_2))
        return (acc_q * rsqrt).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(5, 6))
def _documents_differentiable(Q, K, V, of_q, of_x, block_x, block_q):
    out = _documents(Q, K, V, of_q, of_x, block_x=block_x, block_q=block_q)
    return out


def _documents_keeping(Q, K, V, of_q, of_x, block_x, block_q):
    out, logsum = _documents_forward(Q, K, V, of_q, of_x, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, of_q, of_x, out, logsum)


def _documents_pull(block_x, block_q, saved, cotangents):
    Q, K, V, of_q, of_x, out, logsum = saved
    d_out = cotangents
    buffer_0 = _documents_backward_buffer_0(d_out, out)
    d_Q = _documents_backward_d_Q(
        Q, K, V, of_q, of_x, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q,
    )
    d_K, d_V = _documents_backward_d_K_d_V(
        Q, K, V, of_q, of_x, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x,
    )
    return (d_Q, d_K, d_V, None, None)


_documents_differentiable.defvjp(_documents_keeping, _documents_pull)


def documents(Q, K, V, of_q, of_x, *, block_x=256, block_q=512):
    """documents(Q: bf16[q d], K: bf16[x d], V: bf16[x d], of_q: i32[q], of_x: i32[x]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    of_q, of_x = (jnp.asarray(array, jnp.int32) for array in (of_q, of_x))
    Q, K, V, of_q, of_x = _alike(Q, K, V, of_q, of_x)
    return _documents_differentiable(Q, K, V, of_q, of_x, block_x, block_q)


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
    sum_x = _product("qx,xd->qd", jnp.bfloat16, chosen, V)  # [q d]  # src[masks.diag:27]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def _padding(Q, K, V, real, *, block_x=256, block_q=512):
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
    real = jnp.pad(real, ((0, max(-x % block_x, block_x - x)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        x_index = jnp.arange(-(-x // block_x) * block_x)
        met = real & (x_index < x)
        begin_x = jnp.min(jnp.where(met, x_index, x))
        end_x = jnp.max(jnp.where(met, x_index + 1, 0))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        from_x = jnp.maximum(0, begin_x.astype(int)) // block_x * block_x
        to_x = x // block_x * block_x
        to_x_2 = -(-end_x.astype(int) // block_x) * block_x
        to_x_3 = jnp.minimum(to_x, to_x_2)

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(real_tile, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_3 // block_x), step, (max_x, z, acc_x))
        from_x_2 = jnp.maximum(from_x, to_x_3)
        to_x_4 = jnp.minimum(x, end_x.astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index_2 = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            chosen = jnp.where(real_tile & (x_index_2 < x), dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xd->qd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x_2 // block_x, -(-to_x_4 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _padding_forward(Q, K, V, real, *, block_x=256, block_q=512):
    """padding_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
    real = jnp.pad(real, ((0, max(-x % block_x, block_x - x)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        x_index = jnp.arange(-(-x // block_x) * block_x)
        met = real & (x_index < x)
        begin_x = jnp.min(jnp.where(met, x_index, x))
        end_x = jnp.max(jnp.where(met, x_index + 1, 0))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        from_x = jnp.maximum(0, begin_x.astype(int)) // block_x * block_x
        to_x = x // block_x * block_x
        to_x_2 = -(-end_x.astype(int) // block_x) * block_x
        to_x_3 = jnp.minimum(to_x, to_x_2)

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(real_tile, rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_3 // block_x), step, (max_x, z, acc_x))
        from_x_2 = jnp.maximum(from_x, to_x_3)
        to_x_4 = jnp.minimum(x, end_x.astype(int))

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index_2 = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            chosen = jnp.where(real_tile & (x_index_2 < x), rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x_2 // block_x, -(-to_x_4 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _padding_backward_buffer_0(d_out, out):
    """padding_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_d


def _padding_backward_d_Q(Q, K, V, real, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """padding_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    real = jnp.asarray(real, bool)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    real = jnp.pad(real, ((0, max(-x % block_x, block_x - x)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        x_index = jnp.arange(-(-x // block_x) * block_x)
        met = real & (x_index < x)
        begin_x = jnp.min(jnp.where(met, x_index, x))
        end_x = jnp.max(jnp.where(met, x_index + 1, 0))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        from_x = jnp.maximum(0, begin_x.astype(int)) // block_x * block_x
        to_x = x // block_x * block_x
        to_x_2 = -(-end_x.astype(int) // block_x) * block_x
        to_x_3 = jnp.minimum(to_x, to_x_2)

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(real_tile, dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(chosen - safe_logsum[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_3 // block_x), step, (acc_x,))
        from_x_2 = jnp.maximum(from_x, to_x_3)
        to_x_4 = jnp.minimum(x, end_x.astype(int))

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index_2 = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
            chosen = jnp.where(real_tile & (x_index_2 < x), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, None]) * jnp.exp(chosen - safe_logsum[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x_2 // block_x, -(-to_x_4 // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _padding_backward_d_K_d_V(Q, K, V, real, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """padding_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    real = jnp.asarray(real, bool)
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if real.shape != (x,):
        raise ValueError(f"real: bool[x] has shape {real.shape}, expected {(x,)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    real = jnp.pad(real, ((0, max(-x % block_x, block_x - x)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        real_tile = lax.dynamic_slice_in_dim(real, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(real_tile[:, None], dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(real_tile[:, None] & (q_index < q), dot_2 * rsqrt, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum)
            tile_bf16 = ((dot - buffer_0_tile) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        chosen = jnp.where(real_tile[:, None], acc_q * rsqrt, 0.0)
        return chosen.astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _padding_differentiable(Q, K, V, real, block_x, block_q):
    out = _padding(Q, K, V, real, block_x=block_x, block_q=block_q)
    return out


def _padding_keeping(Q, K, V, real, block_x, block_q):
    out, logsum = _padding_forward(Q, K, V, real, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, real, out, logsum)


def _padding_pull(block_x, block_q, saved, cotangents):
    Q, K, V, real, out, logsum = saved
    d_out = cotangents
    buffer_0 = _padding_backward_buffer_0(d_out, out)
    d_Q = _padding_backward_d_Q(Q, K, V, real, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _padding_backward_d_K_d_V(
        Q, K, V, real, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x,
    )
    return (d_Q, d_K, d_V, None)


_padding_differentiable.defvjp(_padding_keeping, _padding_pull)


def padding(Q, K, V, real, *, block_x=256, block_q=512):
    """padding(Q: bf16[q d], K: bf16[x d], V: bf16[x d], real: bool[x]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    real = jnp.asarray(real, bool)
    Q, K, V, real = _alike(Q, K, V, real)
    return _padding_differentiable(Q, K, V, real, block_x, block_q)


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
    sum_x = _product("qx,xd->qd", jnp.bfloat16, chosen_2, V)  # [q d]  # src[masks.diag:31]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def _alibi(Q, K, V, slope, *, block_x=256, block_q=512):
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (h, block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            add = tile_f32 * slope[:, None, None] + dot * rsqrt
            tile_max = jnp.max(add, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(add - safe_next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, None] + jnp.einsum("hqx,hxd->hqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            add = tile_f32 * slope[:, None, None] + dot * rsqrt
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, add, -jnp.inf)
            tile_max = jnp.max(S, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(S - safe_next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, None] + jnp.einsum("hqx,hxd->hqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, None], (1 / z)[:, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3)
    out_tiles = out_tiles.reshape(h, -(-q // block_q) * block_q, d)
    return out_tiles[:, :q]


def _alibi_forward(Q, K, V, slope, *, block_x=256, block_q=512):
    """alibi_forward(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> (bf16[h q d], f32[h q]), in blocks: memory does not grow with x."""
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (h, block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            add = rsqrt * dot + tile_f32 * slope[:, None, None]
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
            add = rsqrt * dot + tile_f32 * slope[:, None, None]
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
        return chosen.astype(jnp.bfloat16), jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3)
    out_tiles = out_tiles.reshape(h, -(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.transpose(1, 0, 2)
    logsum_tiles = logsum_tiles.reshape(h, -(-q // block_q) * block_q)
    return out_tiles[:, :q], logsum_tiles[:, :q]


def _alibi_backward_buffer_0(d_out, out):
    """alibi_backward_buffer_0(d_out: bf16[h q d], out: bf16[h q d]) -> f32[h q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    h, q, d = d_out.shape
    if out.shape != (h, q, d):
        raise ValueError(f"out: bf16[h q d] has shape {out.shape}, expected {(h, q, d)}")
    sum_d = jnp.einsum("hqd,hqd->hq", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _alibi_backward_buffer_1_d_K_d_V(Q, K, V, slope, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """alibi_backward_buffer_1_d_K_d_V(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h], d_out: bf16[h q d], logsum: f32[h q], buffer_0: f32[h q]) -> (f32[h x], bf16[h x d], bf16[h x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    slope, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (slope, logsum, buffer_0))
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    if buffer_0.shape != (h, q):
        raise ValueError(f"buffer_0: f32[h q] has shape {buffer_0.shape}, expected {(h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (h, block_x))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (h, block_x, d))
        acc_q_3 = jnp.full_like(Q, 0.0, jnp.float32, (h, block_x, d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2, acc_q_3 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            tile_f32 = (x_index[:, None] - q_index).astype(jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 1)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
            dot = jnp.einsum("hxd,hqd->hxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            add = slope[:, None, None] * tile_f32 + rsqrt * dot
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, add, -jnp.inf) - safe_logsum[:, None]
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 1)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 1)
            dot_2 = jnp.einsum("hxd,hqd->hxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_2 - buffer_0_tile[:, None]
            mul = sub_2 * exp * tile_f32
            tile_sum = jnp.sum(mul, axis=2)
            next_acc_q = acc_q + tile_sum
            tile_bf16 = (sub_2 * exp).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("hxq,hqd->hxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("hxq,hqd->hxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2, next_acc_q_3)

        acc_q, acc_q_2, acc_q_3 = lax.fori_loop(
            from_q // block_q,
            -(-to_q // block_q),
            step,
            (acc_q, acc_q_2, acc_q_3),
        )
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2, acc_q_3 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            tile_f32 = (x_index[:, None] - q_index).astype(jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 1)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
            dot = jnp.einsum("hxd,hqd->hxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            add = slope[:, None, None] * tile_f32 + rsqrt * dot
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(add - safe_logsum[:, None])
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 1)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 1)
            dot_2 = jnp.einsum("hxd,hqd->hxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub = dot_2 - buffer_0_tile[:, None]
            mul = sub * exp * tile_f32
            tile_sum = jnp.sum(mul, axis=2)
            next_acc_q = acc_q + tile_sum
            tile_bf16 = (sub * exp).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("hxq,hqd->hxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("hxq,hqd->hxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2, next_acc_q_3)

        acc_q, acc_q_2, acc_q_3 = lax.fori_loop(
            from_q_2 // block_q,
            -(-to_q_2 // block_q),
            step_2,
            (acc_q, acc_q_2, acc_q_3),
        )
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2, acc_q_3 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            tile_f32 = (x_index[:, None] - q_index).astype(jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 1)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
            dot = jnp.einsum("hxd,hqd->hxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            add = slope[:, None, None] * tile_f32 + rsqrt * dot
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, add, -jnp.inf) - safe_logsum[:, None]
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 1)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 1)
            dot_2 = jnp.einsum("hxd,hqd->hxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_2 - buffer_0_tile[:, None]
            mul = sub_2 * exp * tile_f32
            tile_sum = jnp.sum(mul, axis=2)
            next_acc_q = acc_q + tile_sum
            tile_bf16 = (sub_2 * exp).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("hxq,hqd->hxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("hxq,hqd->hxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2, next_acc_q_3)

        acc_q, acc_q_2, acc_q_3 = lax.fori_loop(
            from_q_3 // block_q,
            -(-q // block_q),
            step_3,
            (acc_q, acc_q_2, acc_q_3),
        )
        return acc_q, (acc_q_2 * rsqrt).astype(jnp.bfloat16), acc_q_3.astype(jnp.bfloat16)

    buffer_1_tiles, d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    buffer_1_tiles = buffer_1_tiles.transpose(1, 0, 2)
    buffer_1_tiles = buffer_1_tiles.reshape(h, -(-x // block_x) * block_x)
    d_K_tiles = d_K_tiles.transpose(1, 0, 2, 3)
    d_K_tiles = d_K_tiles.reshape(h, -(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.transpose(1, 0, 2, 3)
    d_V_tiles = d_V_tiles.reshape(h, -(-x // block_x) * block_x, d)
    return buffer_1_tiles[:, :x], d_K_tiles[:, :x], d_V_tiles[:, :x]


def _alibi_backward_d_Q(Q, K, V, slope, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """alibi_backward_d_Q(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h], d_out: bf16[h q d], logsum: f32[h q], buffer_0: f32[h q]) -> bf16[h q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    slope, logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (slope, logsum, buffer_0))
    h, q, d = Q.shape
    _, x, _ = K.shape
    if K.shape != (h, x, d):
        raise ValueError(f"K: bf16[h x d] has shape {K.shape}, expected {(h, x, d)}")
    if V.shape != (h, x, d):
        raise ValueError(f"V: bf16[h x d] has shape {V.shape}, expected {(h, x, d)}")
    if slope.shape != (h,):
        raise ValueError(f"slope: f32[h] has shape {slope.shape}, expected {(h,)}")
    if d_out.shape != (h, q, d):
        raise ValueError(f"d_out: bf16[h q d] has shape {d_out.shape}, expected {(h, q, d)}")
    if logsum.shape != (h, q):
        raise ValueError(f"logsum: f32[h q] has shape {logsum.shape}, expected {(h, q)}")
    if buffer_0.shape != (h, q):
        raise ValueError(f"buffer_0: f32[h q] has shape {buffer_0.shape}, expected {(h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (h, block_q, d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 1)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 1)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 1)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 1)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            add = slope[:, None, None] * tile_f32 + rsqrt * dot_2
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            mul = (dot - buffer_0_tile[:, :, None]) * jnp.exp(add - safe_logsum[:, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("hqx,hxd->hqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            dot = jnp.einsum("hqd,hxd->hqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("hqd,hxd->hqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_f32 = (x_index - q_index[:, None]).astype(jnp.float32)
            add = slope[:, None, None] * tile_f32 + rsqrt * dot_2
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, add, -jnp.inf) - safe_logsum[:, :, None]
            mul = (dot - buffer_0_tile[:, :, None]) * jnp.exp(sub)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("hqx,hxd->hqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 0, 2, 3)
    d_Q_tiles = d_Q_tiles.reshape(h, -(-q // block_q) * block_q, d)
    return d_Q_tiles[:, :q]


def _alibi_backward_d_slope(buffer_1):
    """alibi_backward_d_slope(buffer_1: f32[h x]) -> f32[h]"""
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    h, x = buffer_1.shape
    sum_x = jnp.sum(buffer_1, axis=1)  # [h]
    return sum_x


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _alibi_differentiable(Q, K, V, slope, block_x, block_q):
    out = _alibi(Q, K, V, slope, block_x=block_x, block_q=block_q)
    return out


def _alibi_keeping(Q, K, V, slope, block_x, block_q):
    out, logsum = _alibi_forward(Q, K, V, slope, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, slope, out, logsum)


def _alibi_pull(block_x, block_q, saved, cotangents):
    Q, K, V, slope, out, logsum = saved
    d_out = cotangents
    buffer_0 = _alibi_backward_buffer_0(d_out, out)
    buffer_1, d_K, d_V = _alibi_backward_buffer_1_d_K_d_V(
        Q, K, V, slope, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x,
    )
    d_Q = _alibi_backward_d_Q(Q, K, V, slope, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_slope = _alibi_backward_d_slope(buffer_1)
    return (d_Q, d_K, d_V, d_slope)


_alibi_differentiable.defvjp(_alibi_keeping, _alibi_pull)


def alibi(Q, K, V, slope, *, block_x=256, block_q=512):
    """alibi(Q: bf16[h q d], K: bf16[h x d], V: bf16[h x d], slope: f32[h]) -> bf16[h q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    slope = jnp.asarray(slope, jnp.float32)
    Q, K, V, slope = _alike(Q, K, V, slope)
    return _alibi_differentiable(Q, K, V, slope, block_x, block_q)


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
    sum_x = _product("hqx,hxd->hqd", jnp.bfloat16, chosen, V)  # [h q d]  # src[masks.diag:36]
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
    sum_x = _product("hqx,hxd->hqd", jnp.bfloat16, chosen, V)  # [h q d]  # src[masks.diag:40]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [h q d]
    return as_bf16


def _softcap(Q, K, V, *, block_x=256, block_q=512):
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
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _softcap_forward(Q, K, V, *, block_x=256, block_q=512):
    """softcap_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            mul = 30.0 * tanh
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
            S = jnp.where(mask, 30.0 * tanh, -jnp.inf)
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
        return chosen.astype(jnp.bfloat16), jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _softcap_backward_buffer_0(d_out, out):
    """softcap_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_d


def _softcap_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """softcap_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(tanh * 30.0 - logsum_tile[:, None])
            mul = (1.0 - tanh * tanh) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = (mul * exp).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, tanh * 30.0, -jnp.inf) - safe_logsum[:, None]
            mul = (1.0 - tanh * tanh) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = (mul * jnp.exp(sub)).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _softcap_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """softcap_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    if d_out.shape != (q, d):
        raise ValueError(f"d_out: bf16[q d] has shape {d_out.shape}, expected {(q, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, tanh * 30.0, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            mul = (1.0 - tanh * tanh) * (dot_2 - buffer_0_tile)
            tile_bf16 = (mul * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            exp = jnp.exp(tanh * 30.0 - logsum_tile)
            mul = (1.0 - tanh * tanh) * (dot_2 - buffer_0_tile)
            tile_bf16 = (mul * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            tanh = jnp.tanh(0.03333333333333333 * rsqrt * dot)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, tanh * 30.0, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            mul = (1.0 - tanh * tanh) * (dot_2 - buffer_0_tile)
            tile_bf16 = (mul * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _softcap_differentiable(Q, K, V, block_x, block_q):
    out = _softcap(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _softcap_keeping(Q, K, V, block_x, block_q):
    out, logsum = _softcap_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _softcap_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _softcap_backward_buffer_0(d_out, out)
    d_Q = _softcap_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _softcap_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_softcap_differentiable.defvjp(_softcap_keeping, _softcap_pull)


def softcap(Q, K, V, *, block_x=256, block_q=512):
    """softcap(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _softcap_differentiable(Q, K, V, block_x, block_q)


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
    sum_x = _product("qx,xd->qd", jnp.bfloat16, chosen, V)  # [q d]  # src[masks.diag:45]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16
