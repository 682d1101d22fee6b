# Made by diagc 0.1.0 from weights.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["scores", "sigmoid_weights", "sigmoid_weights_plain", "spherical", "spherical_plain", "sink", "sink_plain", "multi_query", "multi_query_plain", "cross", "cross_plain", "with_logsumexp", "with_logsumexp_plain"]


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


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _extremum(array, axes, fold):
    """The maximum or minimum over axes; of the elements that attain it the first has the derivative."""
    return fold(array, axes, initial=-jnp.inf if fold is jnp.max else jnp.inf)


@_extremum.defjvp
def _extremum_tangent(axes, fold, arrays, tangents):
    """Reads the tangent at the place of the extremum."""
    found = _extremum(arrays[0], axes, fold)
    if 0 in arrays[0].shape:
        return found, jnp.zeros_like(found)
    hit = arrays[0] == jnp.expand_dims(found, axes)
    hit, tangent = (jnp.moveaxis(a, axes, range(-len(axes), 0)).reshape(*found.shape, -1) for a in (hit, tangents[0]))
    return found, jnp.take_along_axis(tangent, jnp.argmax(hit, axis=-1)[..., None], axis=-1)[..., 0]


def scores(Q, K):
    """scores(Q: bf16[q d], K: bf16[x d]) -> f32[q x]"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[weights.diag:7]
    return product


def _sigmoid_weights(Q, K, V, *, block_x=256, block_q=512):
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks: memory does not grow with x."""
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
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_bf16 = jax.nn.sigmoid(dot * rsqrt).astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
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
            mul = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            chosen = jnp.where(x_index <= q_index[:, None], jax.nn.sigmoid(mul), 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return acc_x.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def _sigmoid_weights_forward(Q, K, V, *, block_x=256, block_q=512):
    """sigmoid_weights_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks: memory does not grow with x."""
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
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_bf16 = jax.nn.sigmoid(dot * rsqrt).astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
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
            mul = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            chosen = jnp.where(x_index <= q_index[:, None], jax.nn.sigmoid(mul), 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return acc_x.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def _sigmoid_weights_backward_d_Q(Q, K, V, d_out, *, block_x=256, block_q=512):
    """sigmoid_weights_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(rsqrt * dot)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            tile_bf16 = ((1.0 - sigmoid) * sigmoid * dot_2).astype(jnp.bfloat16)
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
            sigmoid = jax.nn.sigmoid(rsqrt * dot)
            chosen = jnp.where((x_index < x), 1.0 - sigmoid, 0.0)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            chosen_2 = jnp.where(x_index <= q_index[:, None], dot_2, 0.0)
            tile_bf16 = (chosen * sigmoid * chosen_2).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (acc_x * rsqrt).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _sigmoid_weights_backward_d_K_d_V(Q, K, V, d_out, *, block_q=256, block_x=512):
    """sigmoid_weights_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e]) -> (bf16[x d], bf16[x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, e))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(rsqrt * dot)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            le = x_index[:, None] <= q_index
            mul = (1.0 - sigmoid) * sigmoid * jnp.where(le, dot_2, 0.0)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = jnp.where(le, sigmoid, 0.0).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(rsqrt * dot)
            chosen = jnp.where((q_index < q), 1.0 - sigmoid, 0.0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            le = x_index[:, None] <= q_index
            mul = chosen * sigmoid * jnp.where(le, dot_2, 0.0)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = jnp.where(le, sigmoid, 0.0).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, e)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _sigmoid_weights_differentiable(Q, K, V, block_x, block_q):
    out = _sigmoid_weights(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _sigmoid_weights_keeping(Q, K, V, block_x, block_q):
    out = _sigmoid_weights_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V)


def _sigmoid_weights_pull(block_x, block_q, saved, cotangents):
    Q, K, V = saved
    d_out = cotangents
    d_Q = _sigmoid_weights_backward_d_Q(Q, K, V, d_out, block_x=block_x, block_q=block_q)
    d_K, d_V = _sigmoid_weights_backward_d_K_d_V(Q, K, V, d_out, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_sigmoid_weights_differentiable.defvjp(_sigmoid_weights_keeping, _sigmoid_weights_pull)


def sigmoid_weights(Q, K, V, *, block_x=256, block_q=512):
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _sigmoid_weights_differentiable(Q, K, V, block_x, block_q)


def sigmoid_weights_plain(Q, K, V):
    """sigmoid_weights(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    sigmoid_value = jax.nn.sigmoid(sum_d * lax.rsqrt(jnp.float32(d)))  # [q x]  # src[weights.diag:11]
    chosen = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], sigmoid_value, 0)  # [q x]  # src[weights.diag:11]
    sum_x = _product("qx,xe->qe", jnp.bfloat16, chosen, V)  # [q e]  # src[weights.diag:11]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q e]
    return as_bf16


def _spherical(Q, K, V, *, block_x=256, block_q=512):
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks: memory does not grow with x."""
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
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * dot
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x = acc_x + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + jnp.einsum("qx,xe->qe", dot_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot, 0.0)
            mul = chosen * chosen
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x = acc_x + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x, acc_x_2))
        rsqrt = lax.rsqrt(jnp.float32(d))
        mul = rsqrt * lax.rsqrt(1e-06 + rsqrt * rsqrt * acc_x)
        tile_bf16 = (mul[:, None] * acc_x_2).astype(jnp.bfloat16)
        return tile_bf16

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def _spherical_forward(Q, K, V, *, block_x=256, block_q=512):
    """spherical_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q]), in blocks: memory does not grow with x."""
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
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", dot_bf16, V_tile, preferred_element_type=jnp.float32)
            mul = dot * dot
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x_2 = acc_x_2 + tile_sum
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot, 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", tile_bf16, V_tile, preferred_element_type=jnp.float32)
            mul = chosen * chosen
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x_2 = acc_x_2 + tile_sum
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x, acc_x_2))
        rsqrt = lax.rsqrt(jnp.float32(d))
        rsqrt_2 = lax.rsqrt(1e-06 + rsqrt * rsqrt * acc_x_2)
        tile_bf16 = ((rsqrt * rsqrt_2)[:, None] * acc_x).astype(jnp.bfloat16)
        return tile_bf16, acc_x_2

    out_tiles, state__tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    state__tiles = state__tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], state__tiles[:q]


def _spherical_backward_buffer_0(d_out, out):
    """spherical_backward_buffer_0(d_out: bf16[q e], out: bf16[q e]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: bf16[q e] has shape {out.shape}, expected {(q, e)}")
    sum_e = jnp.einsum("qe,qe->q", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_e


def _spherical_backward_d_Q(Q, K, V, d_out, state_, buffer_0, *, block_x=256, block_q=512):
    """spherical_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e], state_: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (state_, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
        rsqrt_2 = lax.rsqrt(1e-06 + rsqrt * rsqrt * state__tile)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = (rsqrt * buffer_0_tile * rsqrt_2)[:, None] * dot
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (dot_2 - mul).astype(jnp.bfloat16)
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
            mul = (rsqrt * buffer_0_tile * rsqrt_2)[:, None] * dot
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot_2 - mul, 0.0)
            tile_bf16 = chosen.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x,))
        tile_bf16 = ((rsqrt * rsqrt_2)[:, None] * acc_x).astype(jnp.bfloat16)
        return tile_bf16

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _spherical_backward_d_K_d_V(Q, K, V, d_out, state_, buffer_0, *, block_q=256, block_x=512):
    """spherical_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_out: bf16[q e], state_: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (state_, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            rsqrt_2 = lax.rsqrt(1e-06 + rsqrt * rsqrt * state__tile)
            mul = Q_tile.astype(jnp.float32) * rsqrt_2[:, None]
            tile_bf16 = mul.astype(jnp.bfloat16)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub = dot_2 - rsqrt * buffer_0_tile * rsqrt_2 * dot
            tile_bf16_2 = sub.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16_2, tile_bf16, preferred_element_type=jnp.float32)
            mul_2 = d_out_tile.astype(jnp.float32) * rsqrt_2[:, None]
            tile_bf16_3 = mul_2.astype(jnp.bfloat16)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", dot_bf16, tile_bf16_3, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            rsqrt_2 = lax.rsqrt(1e-06 + rsqrt * rsqrt * state__tile)
            mul = Q_tile.astype(jnp.float32) * rsqrt_2[:, None]
            tile_bf16 = mul.astype(jnp.bfloat16)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub = dot_2 - rsqrt * buffer_0_tile * rsqrt_2 * dot
            tile_bf16_2 = jnp.where((q_index < q), sub, 0.0).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16_2, tile_bf16, preferred_element_type=jnp.float32)
            mul_2 = d_out_tile.astype(jnp.float32) * rsqrt_2[:, None]
            tile_bf16_3 = mul_2.astype(jnp.bfloat16)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", dot_bf16, tile_bf16_3, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return (acc_q * rsqrt).astype(jnp.bfloat16), (rsqrt * acc_q_2).astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, e)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _spherical_differentiable(Q, K, V, block_x, block_q):
    out = _spherical(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _spherical_keeping(Q, K, V, block_x, block_q):
    out, state_ = _spherical_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, state_)


def _spherical_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, state_ = saved
    d_out = cotangents
    buffer_0 = _spherical_backward_buffer_0(d_out, out)
    d_Q = _spherical_backward_d_Q(Q, K, V, d_out, state_, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _spherical_backward_d_K_d_V(Q, K, V, d_out, state_, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_spherical_differentiable.defvjp(_spherical_keeping, _spherical_pull)


def spherical(Q, K, V, *, block_x=256, block_q=512):
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _spherical_differentiable(Q, K, V, block_x, block_q)


def spherical_plain(Q, K, V):
    """spherical(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []  # src[weights.diag:7]
    sum_x = _product("qx,xe->qe", jnp.bfloat16, sum_d, V) * rsqrt_value  # [q e]  # src[weights.diag:16]
    sum_x_2 = jnp.einsum("qx,qx->q", sum_d, sum_d, precision="highest") * rsqrt_value * rsqrt_value  # [q]  # src[weights.diag:16]
    as_bf16 = (sum_x * lax.rsqrt(sum_x_2[:, None] + 1e-06)).astype(jnp.bfloat16)  # [q e]
    return as_bf16


def _sink(Q, K, V, s, *, block_x=256, block_q=512):
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> bf16[q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    s = jnp.asarray(s, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, acc_x, sum_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            m = jnp.maximum(s, next_max_x)
            sub = jnp.maximum(s, max_x) - jnp.where(m == -jnp.inf, 0.0, m)
            scale = jnp.exp(sub)
            w = jnp.exp(mul - m[:, None])
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(w, axis=1)
            next_sum_x = sum_x * scale + tile_sum
            return (next_max_x, next_acc_x, next_sum_x)

        max_x, acc_x, sum_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, acc_x, sum_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, acc_x, sum_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            m = jnp.maximum(s, next_max_x)
            safe_m = jnp.where(m == -jnp.inf, 0.0, m)
            scale = jnp.exp(jnp.maximum(s, max_x) - safe_m)
            w = jnp.exp(S - safe_m[:, None])
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(w, axis=1)
            next_sum_x = sum_x * scale + tile_sum
            return (next_max_x, next_acc_x, next_sum_x)

        max_x, acc_x, sum_x = lax.fori_loop(
            from_x // block_x,
            -(-to_x_2 // block_x),
            step_2,
            (max_x, acc_x, sum_x),
        )
        m = jnp.maximum(s, max_x)
        exp = jnp.exp(s - jnp.where(m == -jnp.inf, 0.0, m))
        tile_bf16 = (acc_x * (1 / (exp + sum_x))[:, None]).astype(jnp.bfloat16)
        return tile_bf16

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def _sink_forward(Q, K, V, s, *, block_x=256, block_q=512):
    """sink_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> (bf16[q e], f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    s = jnp.asarray(s, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, sum_x, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            m = jnp.maximum(next_max_x, s)
            sub = jnp.maximum(max_x, s) - jnp.where(m == -jnp.inf, 0.0, m)
            scale = jnp.exp(sub)
            w = jnp.exp(mul - m[:, None])
            tile_sum = jnp.sum(w, axis=1)
            next_sum_x = sum_x * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_sum_x, next_acc_x)

        max_x, sum_x, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, sum_x, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, sum_x, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            m = jnp.maximum(next_max_x, s)
            safe_m = jnp.where(m == -jnp.inf, 0.0, m)
            scale = jnp.exp(jnp.maximum(max_x, s) - safe_m)
            w = jnp.exp(S - safe_m[:, None])
            tile_sum = jnp.sum(w, axis=1)
            next_sum_x = sum_x * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_sum_x, next_acc_x)

        max_x, sum_x, acc_x = lax.fori_loop(
            from_x // block_x,
            -(-to_x_2 // block_x),
            step_2,
            (max_x, sum_x, acc_x),
        )
        m = jnp.maximum(max_x, s)
        exp = jnp.exp(s - jnp.where(m == -jnp.inf, 0.0, m))
        tile_bf16 = ((1 / (sum_x + exp))[:, None] * acc_x).astype(jnp.bfloat16)
        return tile_bf16, max_x, sum_x

    out_tiles, state_tiles, state__tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    state_tiles = state_tiles.reshape(-(-q // block_q) * block_q)
    state__tiles = state__tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], state_tiles[:q], state__tiles[:q]


def _sink_backward_buffer_0(d_out, out):
    """sink_backward_buffer_0(d_out: bf16[q e], out: bf16[q e]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: bf16[q e] has shape {out.shape}, expected {(q, e)}")
    sum_e = jnp.einsum("qe,qe->q", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_e


def _sink_backward_d_Q(Q, K, V, s, d_out, state_2, state_, buffer_0, *, block_x=256, block_q=512):
    """sink_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[], d_out: bf16[q e], state: f32[q], state_: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    s, state_2, state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (s, state_2, state_, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
        m = jnp.maximum(state_tile, s)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(rsqrt * dot - m[:, None]) * (dot_2 - buffer_0_tile[:, None])
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
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            sub = jnp.where(mask, rsqrt * dot, -jnp.inf) - jnp.where(m == -jnp.inf, 0.0, m)[:, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot_2 = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        exp = jnp.exp(s - jnp.where(m == -jnp.inf, 0.0, m))
        state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
        mul = (rsqrt * (1 / (state__tile + exp)))[:, None] * acc_x
        return mul.astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _sink_backward_d_K_d_V(Q, K, V, s, d_out, state_2, state_, buffer_0, *, block_q=256, block_x=512):
    """sink_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[], d_out: bf16[q e], state: f32[q], state_: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    s, state_2, state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (s, state_2, state_, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, e))
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
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            m = jnp.maximum(state_tile, s)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_m = jnp.where(m == -jnp.inf, 0.0, m)
            sub = jnp.where(mask, rsqrt * dot, -jnp.inf) - safe_m
            w = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            recip = 1 / (state__tile + jnp.exp(s - safe_m))
            tile_bf16 = (w * (dot_2 - buffer_0_tile) * recip).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (w * recip).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            m = jnp.maximum(state_tile, s)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            w = jnp.exp(rsqrt * dot - m)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(s - jnp.where(m == -jnp.inf, 0.0, m))
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            recip = 1 / (state__tile + exp)
            tile_bf16 = (w * (dot_2 - buffer_0_tile) * recip).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (w * recip).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            m = jnp.maximum(state_tile, s)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_m = jnp.where(m == -jnp.inf, 0.0, m)
            sub = jnp.where(mask, rsqrt * dot, -jnp.inf) - safe_m
            w = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            recip = 1 / (state__tile + jnp.exp(s - safe_m))
            tile_bf16 = (w * (dot_2 - buffer_0_tile) * recip).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (w * recip).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, e)
    return d_K_tiles[:x], d_V_tiles[:x]


def _sink_backward_d_s(s, state, state_, buffer_0):
    """sink_backward_d_s(s: f32[], state: f32[q], state_: f32[q], buffer_0: f32[q]) -> f32[]"""
    s, state, state_, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (s, state, state_, buffer_0))
    (q,) = state.shape
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    exponential = jnp.exp(_subtract(s, jnp.maximum(state, s)))  # [q]
    inverse = 1 / _add(state_, exponential)  # [q]
    sum_q = jnp.einsum("q,q,q->", inverse, exponential, buffer_0, precision="highest")  # []
    product = -1.0 * sum_q  # []
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _sink_differentiable(Q, K, V, s, block_x, block_q):
    out = _sink(Q, K, V, s, block_x=block_x, block_q=block_q)
    return out


def _sink_keeping(Q, K, V, s, block_x, block_q):
    out, state, state_ = _sink_forward(Q, K, V, s, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, s, out, state, state_)


def _sink_pull(block_x, block_q, saved, cotangents):
    Q, K, V, s, out, state, state_ = saved
    d_out = cotangents
    buffer_0 = _sink_backward_buffer_0(d_out, out)
    d_Q = _sink_backward_d_Q(Q, K, V, s, d_out, state, state_, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _sink_backward_d_K_d_V(
        Q, K, V, s, d_out, state, state_, buffer_0, block_q=block_q, block_x=block_x,
    )
    d_s = _sink_backward_d_s(s, state, state_, buffer_0)
    return (d_Q, d_K, d_V, d_s)


_sink_differentiable.defvjp(_sink_keeping, _sink_pull)


def sink(Q, K, V, s, *, block_x=256, block_q=512):
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> bf16[q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    s = jnp.asarray(s, jnp.float32)
    Q, K, V, s = _alike(Q, K, V, s)
    return _sink_differentiable(Q, K, V, s, block_x, block_q)


def sink_plain(Q, K, V, s):
    """sink(Q: bf16[q d], K: bf16[x d], V: bf16[x e], s: f32[]) -> bf16[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    s = jnp.asarray(s, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if s.shape != ():
        raise ValueError(f"s: f32[] has shape {s.shape}, expected {()}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[weights.diag:7]
    S = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], product, -jnp.inf)  # [q x]  # src[weights.diag:20]
    max_x = _extremum(S, (1,), jnp.max)  # [q]  # src[weights.diag:21]
    m = jnp.maximum(max_x, s)  # [q]  # src[weights.diag:21]
    w = jnp.exp(_subtract(S, m[:, None]))  # [q x]  # src[weights.diag:22]
    sum_x = _product("qx,xe->qe", jnp.bfloat16, w, V)  # [q e]  # src[weights.diag:23]
    sum_x_2 = jnp.sum(w, axis=1)  # [q]  # src[weights.diag:23]
    as_bf16 = (sum_x / (sum_x_2[:, None] + jnp.exp(_subtract(s, m[:, None])))).astype(jnp.bfloat16)  # [q e]
    return as_bf16


def _multi_query(Q, K, V, *, block_x=256, block_q=512):
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], acc_x * (1 / z)[:, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    return out_tiles[:, :, :q]


def _multi_query_forward(Q, K, V, *, block_x=256, block_q=512):
    """multi_query_forward(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> (bf16[b h q e], f32[b h q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, e))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], acc_x * (1 / z)[:, :, :, None], 0.0)
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3)
    logsum_tiles = logsum_tiles.reshape(b, h, -(-q // block_q) * block_q)
    return out_tiles[:, :, :q], logsum_tiles[:, :, :q]


def _multi_query_backward_buffer_0(d_out, out):
    """multi_query_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> f32[b h q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    sum_e = jnp.einsum("bhqe,bhqe->bhq", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_e


def _multi_query_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """multi_query_backward_d_Q(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> bf16[b h q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(dot * rsqrt - logsum_tile[:, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            dot_2 = jnp.einsum("bhqe,bxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = exp * (dot_2 - buffer_0_tile[:, :, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bhqx,bxd->bhqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
            dot = jnp.einsum("bhqd,bxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, :, :, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)
            dot_2 = jnp.einsum("bhqe,bxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(sub) * (dot_2 - buffer_0_tile[:, :, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bhqx,bxd->bhqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return d_Q_tiles[:, :, :q]


def _multi_query_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """multi_query_backward_d_K_d_V(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> (bf16[b x d], bf16[b x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q_h = jnp.full_like(Q, 0.0, jnp.float32, (b, block_x, d))
        acc_q_h_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, block_x, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 1)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 1)

        def step(h_index, state):
            acc_q_h, acc_q_h_2 = state
            from_q = jnp.maximum(0, first_x) // block_q * block_q
            from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
            to_q = jnp.minimum(from_q_2, q)

            def step_2(block, state):
                acc_q_h, acc_q_h_2 = state
                first_q = block * block_q
                q_index = first_q + jnp.arange(block_q)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot = jnp.einsum("bxd,bqd->bxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= q_index) & (q_index < q)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, None]
                exp = jnp.exp(sub)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_2 = jnp.einsum("bxe,bqe->bxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                tile_bf16 = (exp * (dot_2 - buffer_0_tile[:, None])).astype(jnp.bfloat16)
                next_acc_q_h = acc_q_h + jnp.einsum("bxq,bqd->bxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_q_h_2 = acc_q_h_2 + jnp.einsum("bxq,bqe->bxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_q_h, next_acc_q_h_2)

            acc_q_h, acc_q_h_2 = lax.fori_loop(
                from_q // block_q,
                -(-to_q // block_q),
                step_2,
                (acc_q_h, acc_q_h_2),
            )
            to_q_2 = q // block_q * block_q

            def step_3(block, state):
                acc_q_h, acc_q_h_2 = state
                first_q = block * block_q
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot = jnp.einsum("bxd,bqd->bxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
                exp = jnp.exp(dot * rsqrt - logsum_tile[:, None])
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_2 = jnp.einsum("bxe,bqe->bxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                tile_bf16 = (exp * (dot_2 - buffer_0_tile[:, None])).astype(jnp.bfloat16)
                next_acc_q_h = acc_q_h + jnp.einsum("bxq,bqd->bxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_q_h_2 = acc_q_h_2 + jnp.einsum("bxq,bqe->bxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_q_h, next_acc_q_h_2)

            acc_q_h, acc_q_h_2 = lax.fori_loop(
                from_q_2 // block_q,
                -(-to_q_2 // block_q),
                step_3,
                (acc_q_h, acc_q_h_2),
            )
            from_q_3 = jnp.maximum(from_q_2, to_q_2)

            def step_4(block, state):
                acc_q_h, acc_q_h_2 = state
                first_q = block * block_q
                q_index = first_q + jnp.arange(block_q)
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot = jnp.einsum("bxd,bqd->bxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= q_index) & (q_index < q)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                sub = jnp.where(mask, dot * rsqrt, -jnp.inf) - safe_logsum[:, None]
                exp = jnp.exp(sub)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_2 = jnp.einsum("bxe,bqe->bxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                tile_bf16 = (exp * (dot_2 - buffer_0_tile[:, None])).astype(jnp.bfloat16)
                next_acc_q_h = acc_q_h + jnp.einsum("bxq,bqd->bxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
                tile_bf16_2 = exp.astype(jnp.bfloat16)
                next_acc_q_h_2 = acc_q_h_2 + jnp.einsum("bxq,bqe->bxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
                return (next_acc_q_h, next_acc_q_h_2)

            acc_q_h, acc_q_h_2 = lax.fori_loop(
                from_q_3 // block_q,
                -(-q // block_q),
                step_4,
                (acc_q_h, acc_q_h_2),
            )
            return (acc_q_h, acc_q_h_2)

        acc_q_h, acc_q_h_2 = lax.fori_loop(0, h, step, (acc_q_h, acc_q_h_2))
        return (acc_q_h * rsqrt).astype(jnp.bfloat16), acc_q_h_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 0, 2, 3)
    d_K_tiles = d_K_tiles.reshape(b, -(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.transpose(1, 0, 2, 3)
    d_V_tiles = d_V_tiles.reshape(b, -(-x // block_x) * block_x, e)
    return d_K_tiles[:, :x], d_V_tiles[:, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _multi_query_differentiable(Q, K, V, block_x, block_q):
    out = _multi_query(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _multi_query_keeping(Q, K, V, block_x, block_q):
    out, logsum = _multi_query_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _multi_query_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _multi_query_backward_buffer_0(d_out, out)
    d_Q = _multi_query_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _multi_query_backward_d_K_d_V(
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


_multi_query_differentiable.defvjp(_multi_query_keeping, _multi_query_pull)


def multi_query(Q, K, V, *, block_x=256, block_q=512):
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> bf16[b h q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _multi_query_differentiable(Q, K, V, block_x, block_q)


def multi_query_plain(Q, K, V):
    """multi_query(Q: bf16[b h q d], K: bf16[b x d], V: bf16[b x e]) -> bf16[b h q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, x, _ = K.shape
    _, _, e = V.shape
    if K.shape != (b, x, d):
        raise ValueError(f"K: bf16[b x d] has shape {K.shape}, expected {(b, x, d)}")
    if V.shape != (b, x, e):
        raise ValueError(f"V: bf16[b x e] has shape {V.shape}, expected {(b, x, e)}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[weights.diag:27]
    sum_d = jnp.einsum("bhqd,bxd->bhqx", Q, K, preferred_element_type=jnp.float32)  # [b h q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [b h q x]  # src[weights.diag:7]
    chosen = jnp.where(le_value, product, -jnp.inf)  # [b h q x]  # src[weights.diag:27]
    max_x = jnp.max(chosen, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(chosen, max_x[:, :, :, None]))  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, None] > 0, e_2 / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = _product("bhqx,bxe->bhqe", jnp.bfloat16, chosen_2, V)  # [b h q e]  # src[weights.diag:27]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h q e]
    return as_bf16


def _cross(Q, K, V, *, block_x=256, block_q=512):
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    return out_tiles[:, :, :q]


def _cross_forward(Q, K, V, *, block_x=256, block_q=512):
    """cross_forward(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> (bf16[b h q e], f32[b h q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, e))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3)
    logsum_tiles = logsum_tiles.reshape(b, h, -(-q // block_q) * block_q)
    return out_tiles[:, :, :q], logsum_tiles[:, :, :q]


def _cross_backward_buffer_0(d_out, out):
    """cross_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> f32[b h q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    sum_e = jnp.einsum("bhqe,bhqe->bhq", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_e


def _cross_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, *, block_x=256, block_q=512):
    """cross_backward_d_Q(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> bf16[b h q d], in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, d))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
        to_x = x // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(rsqrt * dot - logsum_tile[:, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bhqe,bhxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul = exp * (dot_2 - buffer_0_tile[:, :, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxd->bhqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x,))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
            dot = jnp.einsum("bhqd,bhxd->bhqx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            exp = jnp.exp(mul - logsum_tile[:, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_2 = jnp.einsum("bhqe,bhxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            mul_2 = exp * (dot_2 - buffer_0_tile[:, :, :, None])
            tile_bf16 = mul_2.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxd->bhqd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (acc_x,))
        return (rsqrt * acc_x).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, h, -(-q // block_q) * block_q, d)
    return d_Q_tiles[:, :, :q]


def _cross_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, *, block_q=256, block_x=512):
    """cross_backward_d_K_d_V(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> (bf16[b h x d], bf16[b h x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, e))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(rsqrt * dot - logsum_tile[:, :, None])
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            mul = exp * (dot_2 - buffer_0_tile[:, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((q_index < q), dot, -jnp.inf)
            exp = jnp.exp(mul - logsum_tile[:, :, None])
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_2 = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            mul_2 = exp * (dot_2 - buffer_0_tile[:, :, None])
            tile_bf16 = mul_2.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.transpose(1, 2, 0, 3, 4)
    d_K_tiles = d_K_tiles.reshape(b, h, -(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, h, -(-x // block_x) * block_x, e)
    return d_K_tiles[:, :, :x], d_V_tiles[:, :, :x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _cross_differentiable(Q, K, V, block_x, block_q):
    out = _cross(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _cross_keeping(Q, K, V, block_x, block_q):
    out, logsum = _cross_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _cross_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _cross_backward_buffer_0(d_out, out)
    d_Q = _cross_backward_d_Q(Q, K, V, d_out, logsum, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _cross_backward_d_K_d_V(Q, K, V, d_out, logsum, buffer_0, block_q=block_q, block_x=block_x)
    return (d_Q, d_K, d_V)


_cross_differentiable.defvjp(_cross_keeping, _cross_pull)


def cross(Q, K, V, *, block_x=256, block_q=512):
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> bf16[b h q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _cross_differentiable(Q, K, V, block_x, block_q)


def cross_plain(Q, K, V):
    """cross(Q: bf16[b h q d], K: bf16[b h x d], V: bf16[b h x e]) -> bf16[b h q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, d = Q.shape
    _, _, x, _ = K.shape
    _, _, _, e = V.shape
    if K.shape != (b, h, x, d):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, d)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    sum_d = jnp.einsum("bhqd,bhxd->bhqx", Q, K, preferred_element_type=jnp.float32)  # [b h q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [b h q x]  # src[weights.diag:7]
    max_x = jnp.max(product, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e_2 = jnp.exp(product - max_x[:, :, :, None])  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, :, :, None] > 0, e_2 / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = _product("bhqx,bhxe->bhqe", jnp.bfloat16, chosen, V)  # [b h q e]  # src[weights.diag:31]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h q e]
    return as_bf16


def _with_logsumexp(Q, K, V, *, block_x=256, block_q=512):
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q]), in blocks: memory does not grow with x."""
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
        q_index = first_q + jnp.arange(block_q)
        m = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            e_2 = jnp.exp(mul - next_m[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e_2 = jnp.exp(S - safe_next_m[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (m, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + m

    O_tiles, L_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    O_tiles = O_tiles.reshape(-(-q // block_q) * block_q, e)
    L_tiles = L_tiles.reshape(-(-q // block_q) * block_q)
    return O_tiles[:q], L_tiles[:q]


def _with_logsumexp_forward(Q, K, V, *, block_x=256, block_q=512):
    """with_logsumexp_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q]), in blocks: memory does not grow with x."""
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
        q_index = first_q + jnp.arange(block_q)
        m = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            e_2 = jnp.exp(mul - next_m[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            S = jnp.where(mask, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(S, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e_2 = jnp.exp(S - safe_next_m[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (m, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), jnp.log(z) + m

    O_tiles, L_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    O_tiles = O_tiles.reshape(-(-q // block_q) * block_q, e)
    L_tiles = L_tiles.reshape(-(-q // block_q) * block_q)
    return O_tiles[:q], L_tiles[:q]


def _with_logsumexp_backward_buffer_0(d_O, O):
    """with_logsumexp_backward_buffer_0(d_O: bf16[q e], O: bf16[q e]) -> f32[q]"""
    d_O, O = (jnp.asarray(array, jnp.bfloat16) for array in (d_O, O))
    q, e = d_O.shape
    if O.shape != (q, e):
        raise ValueError(f"O: bf16[q e] has shape {O.shape}, expected {(q, e)}")
    sum_e = jnp.einsum("qe,qe->q", O.astype(jnp.float32), d_O.astype(jnp.float32), precision="highest")  # [q]
    return sum_e


def _with_logsumexp_backward_d_Q(Q, K, V, d_O, d_L, L, buffer_0, *, block_x=256, block_q=512):
    """with_logsumexp_backward_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: bf16[q e], d_L: f32[q], L: f32[q], buffer_0: f32[q]) -> bf16[q d], in blocks: memory does not grow with x."""
    Q, K, V, d_O = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_O))
    d_L, L, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (d_L, L, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: bf16[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_O = jnp.pad(d_O, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    d_L = jnp.pad(d_L, ((0, max(-q % block_q, block_q - q)),))
    L = jnp.pad(L, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
        d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
        d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
        L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            (acc_x,) = state
            first_x = block * block_x
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qe,xe->qx", d_O_tile, V_tile, preferred_element_type=jnp.float32)
            safe_buffer_0 = jnp.where(buffer_0_tile == -jnp.inf, 0.0, buffer_0_tile)
            sub = d_L_tile[:, None] + dot - safe_buffer_0[:, None]
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = sub * jnp.exp(rsqrt * dot_2 - L_tile[:, None])
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
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qe,xe->qx", d_O_tile, V_tile, preferred_element_type=jnp.float32)
            safe_buffer_0 = jnp.where(buffer_0_tile == -jnp.inf, 0.0, buffer_0_tile)
            sub = d_L_tile[:, None] + dot - safe_buffer_0[:, None]
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            sub_2 = jnp.where(mask, rsqrt * dot_2, -jnp.inf) - safe_L[:, None]
            tile_bf16 = (sub * jnp.exp(sub_2)).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x,))
        return (acc_x * rsqrt).astype(jnp.bfloat16)

    d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return d_Q_tiles[:q]


def _with_logsumexp_backward_d_K_d_V(Q, K, V, d_O, d_L, L, buffer_0, *, block_q=256, block_x=512):
    """with_logsumexp_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: bf16[q e], d_L: f32[q], L: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_O = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_O))
    d_L, L, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (d_L, L, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: bf16[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_O = jnp.pad(d_O, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    d_L = jnp.pad(d_L, ((0, max(-q % block_q, block_q - q)),))
    L = jnp.pad(L, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, e))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
            dot = jnp.einsum("xe,qe->xq", V_tile, d_O_tile, preferred_element_type=jnp.float32)
            d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
            safe_buffer_0 = jnp.where(buffer_0_tile == -jnp.inf, 0.0, buffer_0_tile)
            L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            sub = jnp.where(mask, rsqrt * dot_2, -jnp.inf) - safe_L
            exp = jnp.exp(sub)
            tile_bf16 = ((d_L_tile + dot - safe_buffer_0) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_O_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
            dot = jnp.einsum("xe,qe->xq", V_tile, d_O_tile, preferred_element_type=jnp.float32)
            d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
            safe_buffer_0 = jnp.where(buffer_0_tile == -jnp.inf, 0.0, buffer_0_tile)
            L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(rsqrt * dot_2 - L_tile)
            tile_bf16 = ((d_L_tile + dot - safe_buffer_0) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_O_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
            dot = jnp.einsum("xe,qe->xq", V_tile, d_O_tile, preferred_element_type=jnp.float32)
            d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
            safe_buffer_0 = jnp.where(buffer_0_tile == -jnp.inf, 0.0, buffer_0_tile)
            L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot_2 = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            sub = jnp.where(mask, rsqrt * dot_2, -jnp.inf) - safe_L
            exp = jnp.exp(sub)
            tile_bf16 = ((d_L_tile + dot - safe_buffer_0) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_O_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return (rsqrt * acc_q).astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, e)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _with_logsumexp_differentiable(Q, K, V, block_x, block_q):
    O, L = _with_logsumexp(Q, K, V, block_x=block_x, block_q=block_q)
    return (O, L)


def _with_logsumexp_keeping(Q, K, V, block_x, block_q):
    O, L = _with_logsumexp_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return (O, L), (Q, K, V, O, L)


def _with_logsumexp_pull(block_x, block_q, saved, cotangents):
    Q, K, V, O, L = saved
    d_O, d_L = cotangents
    buffer_0 = _with_logsumexp_backward_buffer_0(d_O, O)
    d_Q = _with_logsumexp_backward_d_Q(Q, K, V, d_O, d_L, L, buffer_0, block_x=block_x, block_q=block_q)
    d_K, d_V = _with_logsumexp_backward_d_K_d_V(
        Q, K, V, d_O, d_L, L, buffer_0, block_q=block_q, block_x=block_x,
    )
    return (d_Q, d_K, d_V)


_with_logsumexp_differentiable.defvjp(_with_logsumexp_keeping, _with_logsumexp_pull)


def with_logsumexp(Q, K, V, *, block_x=256, block_q=512):
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q]), in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _with_logsumexp_differentiable(Q, K, V, block_x, block_q)


def with_logsumexp_plain(Q, K, V):
    """with_logsumexp(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (bf16[q e], f32[q])"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[weights.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[weights.diag:7]
    S = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], product, -jnp.inf)  # [q x]  # src[weights.diag:35]
    m = jnp.max(S, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(S, m[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e_2 / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = _product("qx,xe->qe", jnp.bfloat16, chosen, V)  # [q e]  # src[weights.diag:36]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q e]
    total = _add(m, jnp.log(z))  # [q]  # src[maps.diag:12]
    return as_bf16, total
