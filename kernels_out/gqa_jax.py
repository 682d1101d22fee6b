# Made by diagc 0.1.0 from gqa.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["causal", "causal_plain", "gqa", "gqa_plain"]


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


def _causal(Q, K, V, *, block_x=256, block_q=512):
    """causal(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks: memory does not grow with x."""
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
            S = rsqrt * dot
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
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    return out_tiles[:q]


def _causal_forward(Q, K, V, *, block_x=256, block_q=512):
    """causal_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> (bf16[q d], f32[q]), in blocks: memory does not grow with x."""
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
            S = rsqrt * dot
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
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
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

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _causal_backward_buffer_0(d_out, out):
    """causal_backward_buffer_0(d_out: bf16[q d], out: bf16[q d]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, d = d_out.shape
    if out.shape != (q, d):
        raise ValueError(f"out: bf16[q d] has shape {out.shape}, expected {(q, d)}")
    sum_d = jnp.einsum("qd,qd->q", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_d


def _causal_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """causal_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
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
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(dot * rsqrt - logsum_tile[:, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile[:, None])).astype(jnp.bfloat16)
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
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _causal_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """causal_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x d], d_out: bf16[q d], logsum: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x d]), in blocks: memory does not grow with q."""
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
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
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
            mask = (x_index[:, None] <= q_index) & (q_index < q)
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

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(dot * rsqrt - logsum_tile)
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
            mask = (x_index[:, None] <= q_index) & (q_index < q)
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

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _causal_differentiable(Q, K, V, block_x, block_q):
    out = _causal(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _causal_keeping(Q, K, V, block_x, block_q):
    out, logsum = _causal_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _causal_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _causal_backward_buffer_0(d_out, out)
    d_Q = _causal_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _causal_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_causal_differentiable.defvjp(_causal_keeping, _causal_pull)


def causal(Q, K, V, *, block_x=256, block_q=512):
    """causal(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _causal_differentiable(Q, K, V, block_x, block_q)


def causal_plain(Q, K, V):
    """causal(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, d):
        raise ValueError(f"V: bf16[x d] has shape {V.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[gqa.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[gqa.diag:7]
    chosen = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], S, -jnp.inf)  # [q x]  # src[gqa.diag:8]
    max_x = jnp.max(chosen, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = _product("qx,xd->qd", jnp.bfloat16, P, V)  # [q d]  # src[gqa.diag:9]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q d]
    return as_bf16


def _gqa(Q, K, V, *, block_x=256, block_q=512):
    """gqa(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g q d], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, g, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, g, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, g, block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 3)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkgqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgqx,bkxd->bkgqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkgqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgqx,bkxd->bkgqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], acc_x * (1 / z)[:, :, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 3, 0, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, g, -(-q // block_q) * block_q, d)
    return out_tiles[:, :, :, :q]


def _gqa_forward(Q, K, V, *, block_x=256, block_q=512):
    """gqa_forward(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> (bf16[b kv g q d], f32[b kv g q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, kv, g, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, g, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, g, block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 3)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkgqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S = rsqrt * dot
            tile_max = jnp.max(S, axis=4)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, :, :, None])
            tile_sum = jnp.sum(e, axis=4)
            next_z = z * scale + tile_sum
            e_bf16 = e.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgqx,bkxd->bkgqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkgqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
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
            next_acc_x = acc_x * scale[:, :, :, :, None] + jnp.einsum("bkgqx,bkxd->bkgqd", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, :, None], acc_x * (1 / z)[:, :, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 3, 0, 4, 5)
    out_tiles = out_tiles.reshape(b, kv, g, -(-q // block_q) * block_q, d)
    logsum_tiles = logsum_tiles.transpose(1, 2, 3, 0, 4)
    logsum_tiles = logsum_tiles.reshape(b, kv, g, -(-q // block_q) * block_q)
    return out_tiles[:, :, :, :q], logsum_tiles[:, :, :, :q]


def _gqa_backward_buffer_0(d_out, out):
    """gqa_backward_buffer_0(d_out: bf16[b kv g q d], out: bf16[b kv g q d]) -> f32[b kv g q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, kv, g, q, d = d_out.shape
    if out.shape != (b, kv, g, q, d):
        raise ValueError(f"out: bf16[b kv g q d] has shape {out.shape}, expected {(b, kv, g, q, d)}")
    sum_d = jnp.einsum("bkgqd,bkgqd->bkgq", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_d


def _gqa_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """gqa_backward_d_Q(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> bf16[b kv g q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    if d_out.shape != (b, kv, g, q, d):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, q, d)}")
    if logsum.shape != (b, kv, g, q):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, q)}")
    if buffer_0.shape != (b, kv, g, q):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, g, block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 3)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 3)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 3)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 3)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkgqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = dot * rsqrt - logsum_tile[:, :, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgqd,bkxd->bkgqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, :, :, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkgqx,bkxd->bkgqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bkgqd,bkxd->bkgqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, :, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bkgqd,bkxd->bkgqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, :, :, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bkgqx,bkxd->bkgqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (acc_x * rsqrt).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 3, 0, 4, 5)
    d_Q_tiles = d_Q_tiles.reshape(b, kv, g, -(-q // block_q) * block_q, d)
    return d_Q_tiles[:, :, :, :q]


def _gqa_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """gqa_backward_d_K_d_V(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d], d_out: bf16[b kv g q d], logsum: f32[b kv g q], buffer_0: f32[b kv g q]) -> (bf16[b kv x d], bf16[b kv x d]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    if d_out.shape != (b, kv, g, q, d):
        raise ValueError(f"d_out: bf16[b kv g q d] has shape {d_out.shape}, expected {(b, kv, g, q, d)}")
    if logsum.shape != (b, kv, g, q):
        raise ValueError(f"logsum: f32[b kv g q] has shape {logsum.shape}, expected {(b, kv, g, q)}")
    if buffer_0.shape != (b, kv, g, q):
        raise ValueError(f"buffer_0: f32[b kv g q] has shape {buffer_0.shape}, expected {(b, kv, g, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_g_q = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, d))
        acc_q_g = jnp.full_like(Q, 0.0, jnp.float32, (b, kv, block_x, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)

        def step(g_index, state):
            acc_g_q, acc_q_g = state
            from_q = jnp.maximum(0, first_x) // block_q * block_q
            from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
            to_q = jnp.minimum(from_q_2, q)

            def step_2(block, state):
                acc_g_q, acc_q_g = state
                first_q = block * block_q
                q_index = first_q + jnp.arange(block_q)
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                dot = jnp.einsum("bkxd,bkqd->bkxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= q_index) & (q_index < q)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, :, None]
                exp = jnp.exp(sub)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                dot_2 = jnp.einsum("bkxd,bkqd->bkxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxq,bkqd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_q_g = acc_q_g + jnp.einsum("bkxq,bkqd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_q_g)

            acc_g_q, acc_q_g = lax.fori_loop(
                from_q // block_q,
                -(-to_q // block_q),
                step_2,
                (acc_g_q, acc_q_g),
            )
            to_q_2 = q // block_q * block_q

            def step_3(block, state):
                acc_g_q, acc_q_g = state
                first_q = block * block_q
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                dot = jnp.einsum("bkxd,bkqd->bkxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
                exp = jnp.exp(dot * rsqrt - logsum_tile[:, :, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                dot_2 = jnp.einsum("bkxd,bkqd->bkxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxq,bkqd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_q_g = acc_q_g + jnp.einsum("bkxq,bkqd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_q_g)

            acc_g_q, acc_q_g = lax.fori_loop(
                from_q_2 // block_q,
                -(-to_q_2 // block_q),
                step_3,
                (acc_g_q, acc_q_g),
            )
            from_q_3 = jnp.maximum(from_q_2, to_q_2)

            def step_4(block, state):
                acc_g_q, acc_q_g = state
                first_q = block * block_q
                q_index = first_q + jnp.arange(block_q)
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                dot = jnp.einsum("bkxd,bkqd->bkxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= q_index) & (q_index < q)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, :, None]
                exp = jnp.exp(sub)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, g_index, 2, keepdims=True), first_q, block_q, 3), (2,))
                dot_2 = jnp.einsum("bkxd,bkqd->bkxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = exp * (dot_2 - buffer_0_tile[:, :, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_g_q = acc_g_q + jnp.einsum("bkxq,bkqd->bkxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_q_g = acc_q_g + jnp.einsum("bkxq,bkqd->bkxd", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_g_q, next_acc_q_g)

            acc_g_q, acc_q_g = lax.fori_loop(
                from_q_3 // block_q,
                -(-q // block_q),
                step_4,
                (acc_g_q, acc_q_g),
            )
            return (acc_g_q, acc_q_g)

        acc_g_q, acc_q_g = lax.fori_loop(0, g, step, (acc_g_q, acc_q_g))
        return (rsqrt * acc_g_q).astype(jnp.bfloat16), acc_q_g.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, kv, -(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, kv, -(-x // block_x) * block_x, d)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _gqa_differentiable(Q, K, V, block_x, block_q):
    out = _gqa(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _gqa_keeping(Q, K, V, block_x, block_q):
    out, logsum = _gqa_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _gqa_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _gqa_backward_buffer_0(d_out, out)
    d_Q = _gqa_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _gqa_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_gqa_differentiable.defvjp(_gqa_keeping, _gqa_pull)


def gqa(Q, K, V, *, block_x=256, block_q=512):
    """gqa(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g q d], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _gqa_differentiable(Q, K, V, block_x, block_q)


def gqa_plain(Q, K, V):
    """gqa(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g q d]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, kv, g, q, d = Q.shape
    _, _, x, _ = K.shape
    if K.shape != (b, kv, x, d):
        raise ValueError(f"K: bf16[b kv x d] has shape {K.shape}, expected {(b, kv, x, d)}")
    if V.shape != (b, kv, x, d):
        raise ValueError(f"V: bf16[b kv x d] has shape {V.shape}, expected {(b, kv, x, d)}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[gqa.diag:8]
    sum_d = jnp.einsum("bkgqd,bkxd->bkgqx", Q, K, preferred_element_type=jnp.float32)  # [b kv g q x]  # src[gqa.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [b kv g q x]  # src[gqa.diag:7]
    chosen = jnp.where(le_value, S, -jnp.inf)  # [b kv g q x]  # src[gqa.diag:8]
    max_x = jnp.max(chosen, axis=4, initial=-jnp.inf)  # [b kv g q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, :, None]))  # [b kv g q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=4)  # [b kv g q]  # src[maps.diag:6]
    P = jnp.where(z[:, :, :, :, None] > 0, e / z[:, :, :, :, None], 0)  # [b kv g q x]  # src[maps.diag:7]
    sum_x = _product("bkgqx,bkxd->bkgqd", jnp.bfloat16, P, V)  # [b kv g q d]  # src[gqa.diag:9]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b kv g q d]  # src[gqa.diag:13]
    return as_bf16
