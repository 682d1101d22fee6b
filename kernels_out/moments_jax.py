# Made by diagc 0.1.0 from moments.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["scores", "kurtosis", "kurtosis_plain", "deviation", "deviation_plain", "spread", "spread_plain", "drift", "drift_plain", "choice", "temperature", "temperature_plain"]


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
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    return product


def _kurtosis(Q, K, *, block_x=256, block_q=512):
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> f32[q], in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        sum_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_f32 = jnp.float32(x)
        recip = 1 / tile_f32
        to_x = x // block_x * block_x

        def step(block, state):
            sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            before_f32 = first_x.astype(jnp.float32)
            seen_f32 = jnp.minimum(first_x + block_x, x).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(dot, axis=1)
            next_sum_x = sum_x + tile_sum
            chosen = jnp.where(seen_f32 == tile_f32, 1.0, tile_f32 / jnp.maximum(seen_f32, 1.0))
            mul = recip * (next_sum_x * chosen)
            next_centre = jnp.where(jnp.abs(mul) < jnp.inf, mul, 0.0)
            change = next_centre - centre
            acc_x_4 = (-2.0 * sum_x_2 + before_f32 * change) * change
            sub = dot - next_centre[:, None]
            mul_2 = sub * sub
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + acc_x_4 + tile_sum_2
            tile_sum_3 = jnp.sum(sub, axis=1)
            next_sum_x_2 = sum_x_2 + -1.0 * before_f32 * change + tile_sum_3
            acc_x_5 = (-4.0 * sum_x_2 + before_f32 * change) * change
            acc_x_6 = -4.0 * acc_x_3 + (6.0 * acc_x + acc_x_5) * change
            mul_3 = sub * sub * sub * sub
            tile_sum_4 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + acc_x_6 * change + tile_sum_4
            acc_x_7 = 3.0 * sum_x_2 + -1.0 * before_f32 * change
            acc_x_8 = (-3.0 * acc_x + acc_x_7 * change) * change
            mul_4 = sub * sub * sub
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + acc_x_8 + tile_sum_5
            return (next_sum_x, next_acc_x, next_sum_x_2, next_acc_x_2, next_acc_x_3, next_centre)

        sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            before_f32 = first_x.astype(jnp.float32)
            seen_f32 = jnp.minimum(first_x + block_x, x).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot, 0.0)
            tile_sum = jnp.sum(chosen, axis=1)
            next_sum_x = sum_x + tile_sum
            chosen_2 = jnp.where(seen_f32 == tile_f32, 1.0, tile_f32 / jnp.maximum(seen_f32, 1.0))
            mul = recip * (next_sum_x * chosen_2)
            next_centre = jnp.where(jnp.abs(mul) < jnp.inf, mul, 0.0)
            change = next_centre - centre
            acc_x_4 = (-2.0 * sum_x_2 + before_f32 * change) * change
            chosen_3 = jnp.where((x_index < x), chosen - next_centre[:, None], 0.0)
            mul_2 = chosen_3 * chosen_3
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + acc_x_4 + tile_sum_2
            tile_sum_3 = jnp.sum(chosen_3, axis=1)
            next_sum_x_2 = sum_x_2 + -1.0 * before_f32 * change + tile_sum_3
            acc_x_5 = (-4.0 * sum_x_2 + before_f32 * change) * change
            acc_x_6 = -4.0 * acc_x_3 + (6.0 * acc_x + acc_x_5) * change
            mul_3 = chosen_3 * chosen_3 * chosen_3 * chosen_3
            tile_sum_4 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + acc_x_6 * change + tile_sum_4
            acc_x_7 = 3.0 * sum_x_2 + -1.0 * before_f32 * change
            acc_x_8 = (-3.0 * acc_x + acc_x_7 * change) * change
            mul_4 = chosen_3 * chosen_3 * chosen_3
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + acc_x_8 + tile_sum_5
            return (next_sum_x, next_acc_x, next_sum_x_2, next_acc_x_2, next_acc_x_3, next_centre)

        sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (sum_x, acc_x, sum_x_2, acc_x_2, acc_x_3, centre),
        )
        rsqrt = lax.rsqrt(jnp.float32(d))
        recip_2 = 1 / (0.001 + rsqrt * rsqrt * recip * acc_x)
        mul = rsqrt * rsqrt * rsqrt * rsqrt * recip * recip_2
        return mul * recip_2 * acc_x_2

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def _kurtosis_forward(Q, K, *, block_x=256, block_q=512):
    """kurtosis_forward(Q: bf16[q d], K: bf16[x d]) -> (f32[q], f32[q], f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        sum_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_f32 = jnp.float32(x)
        recip = 1 / tile_f32
        to_x = x // block_x * block_x

        def step(block, state):
            sum_x, acc_x, acc_x_2, acc_x_3, sum_x_2, centre = state
            first_x = block * block_x
            before_f32 = first_x.astype(jnp.float32)
            seen_f32 = jnp.minimum(first_x + block_x, x).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(dot, axis=1)
            next_sum_x = sum_x + tile_sum
            chosen = jnp.where(seen_f32 == tile_f32, 1.0, tile_f32 / jnp.maximum(seen_f32, 1.0))
            mul = recip * (next_sum_x * chosen)
            next_centre = jnp.where(jnp.abs(mul) < jnp.inf, mul, 0.0)
            change = next_centre - centre
            acc_x_4 = (-4.0 * sum_x_2 + before_f32 * change) * change
            acc_x_5 = -4.0 * acc_x_2 + (6.0 * acc_x_3 + acc_x_4) * change
            sub = dot - next_centre[:, None]
            mul_2 = sub * sub * sub * sub
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + acc_x_5 * change + tile_sum_2
            acc_x_6 = 3.0 * sum_x_2 + -1.0 * before_f32 * change
            acc_x_7 = (-3.0 * acc_x_3 + acc_x_6 * change) * change
            mul_3 = sub * sub * sub
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + acc_x_7 + tile_sum_3
            acc_x_8 = (-2.0 * sum_x_2 + before_f32 * change) * change
            mul_4 = sub * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + acc_x_8 + tile_sum_4
            tile_sum_5 = jnp.sum(sub, axis=1)
            next_sum_x_2 = sum_x_2 + -1.0 * before_f32 * change + tile_sum_5
            return (next_sum_x, next_acc_x, next_acc_x_2, next_acc_x_3, next_sum_x_2, next_centre)

        sum_x, acc_x, acc_x_2, acc_x_3, sum_x_2, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (sum_x, acc_x, acc_x_2, acc_x_3, sum_x_2, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            sum_x, acc_x, acc_x_2, acc_x_3, sum_x_2, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            before_f32 = first_x.astype(jnp.float32)
            seen_f32 = jnp.minimum(first_x + block_x, x).astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), dot, 0.0)
            tile_sum = jnp.sum(chosen, axis=1)
            next_sum_x = sum_x + tile_sum
            chosen_2 = jnp.where(seen_f32 == tile_f32, 1.0, tile_f32 / jnp.maximum(seen_f32, 1.0))
            mul = recip * (next_sum_x * chosen_2)
            next_centre = jnp.where(jnp.abs(mul) < jnp.inf, mul, 0.0)
            change = next_centre - centre
            acc_x_4 = (-4.0 * sum_x_2 + before_f32 * change) * change
            acc_x_5 = -4.0 * acc_x_2 + (6.0 * acc_x_3 + acc_x_4) * change
            chosen_3 = jnp.where((x_index < x), chosen - next_centre[:, None], 0.0)
            mul_2 = chosen_3 * chosen_3 * chosen_3 * chosen_3
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + acc_x_5 * change + tile_sum_2
            acc_x_6 = 3.0 * sum_x_2 + -1.0 * before_f32 * change
            acc_x_7 = (-3.0 * acc_x_3 + acc_x_6 * change) * change
            mul_3 = chosen_3 * chosen_3 * chosen_3
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + acc_x_7 + tile_sum_3
            acc_x_8 = (-2.0 * sum_x_2 + before_f32 * change) * change
            mul_4 = chosen_3 * chosen_3
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + acc_x_8 + tile_sum_4
            tile_sum_5 = jnp.sum(chosen_3, axis=1)
            next_sum_x_2 = sum_x_2 + -1.0 * before_f32 * change + tile_sum_5
            return (next_sum_x, next_acc_x, next_acc_x_2, next_acc_x_3, next_sum_x_2, next_centre)

        sum_x, acc_x, acc_x_2, acc_x_3, sum_x_2, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (sum_x, acc_x, acc_x_2, acc_x_3, sum_x_2, centre),
        )
        rsqrt = lax.rsqrt(jnp.float32(d))
        recip_2 = 1 / (0.001 + recip * rsqrt * rsqrt * acc_x_3)
        mul = recip * rsqrt * rsqrt * rsqrt * rsqrt * acc_x
        return mul * recip_2 * recip_2, sum_x, acc_x_3, acc_x

    out_tiles, state_tiles, state___tiles, state_____tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    state_tiles = state_tiles.reshape(-(-q // block_q) * block_q)
    state___tiles = state___tiles.reshape(-(-q // block_q) * block_q)
    state_____tiles = state_____tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], state_tiles[:q], state___tiles[:q], state_____tiles[:q]


def _kurtosis_backward_buffer_0_d_Q(Q, K, d_out, state_2, state__, state____, *, block_x=256, block_q=512):
    """kurtosis_backward_buffer_0_d_Q(Q: bf16[q d], K: bf16[x d], d_out: f32[q], state: f32[q], state__: f32[q], state____: f32[q]) -> (f32[q], bf16[q d]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    d_out, state_2, state__, state____ = (jnp.asarray(array, jnp.float32) for array in (d_out, state_2, state__, state____))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if state____.shape != (q,):
        raise ValueError(f"state____: f32[q] has shape {state____.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    state__ = jnp.pad(state__, ((0, max(-q % block_q, block_q - q)),))
    state____ = jnp.pad(state____, ((0, max(-q % block_q, block_q - q)),))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (d,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        state___tile = lax.dynamic_slice_in_dim(state__, first_q, block_q, 0)
        recip = 1 / jnp.float32(x)
        add = 0.001 + recip * rsqrt * rsqrt * state___tile
        recip_2 = 1 / add
        state_____tile = lax.dynamic_slice_in_dim(state____, first_q, block_q, 0)
        mul = recip * rsqrt * rsqrt * state_____tile * recip_2
        state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
        mul_2 = recip * state_tile
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, sum_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = dot - mul_2[:, None]
            sub_2 = sub * sub - jnp.where(mul == -jnp.inf, 0.0, mul)[:, None]
            mul_3 = sub * sub_2
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            chosen = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_2 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            acc_x_3 = -1.0 * (recip * sum_x) * (chosen_2 - chosen)[:, None]
            mul_4 = (rsqrt * rsqrt * state_____tile * recip_2)[:, None] * sub
            mul_5 = (next_acc_x[:, None] + mul_4) * recip
            sub_3 = sub * sub * sub - jnp.where(mul_5 == -jnp.inf, 0.0, mul_5)
            tile_bf16 = sub_3.astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + acc_x_3 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            K_f32 = K_tile.astype(jnp.float32)
            tile_sum_2 = jnp.sum(K_f32, axis=0)
            next_sum_x = sum_x + tile_sum_2
            return (next_acc_x, next_acc_x_2, next_sum_x)

        acc_x, acc_x_2, sum_x = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2, sum_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2, sum_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub = dot - mul_2[:, None]
            sub_2 = sub * sub - jnp.where(mul == -jnp.inf, 0.0, mul)[:, None]
            mul_3 = sub * jnp.where((x_index < x), sub_2, 0.0)
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            chosen = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_2 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            acc_x_3 = -1.0 * (recip * sum_x) * (chosen_2 - chosen)[:, None]
            mul_4 = (rsqrt * rsqrt * state_____tile * recip_2)[:, None] * sub
            mul_5 = (next_acc_x[:, None] + mul_4) * recip
            sub_3 = sub * sub * sub - jnp.where(mul_5 == -jnp.inf, 0.0, mul_5)
            tile_bf16 = jnp.where((x_index < x), sub_3, 0.0).astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + acc_x_3 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            K_f32 = K_tile.astype(jnp.float32)
            tile_sum_2 = jnp.sum(K_f32, axis=0)
            next_sum_x = sum_x + tile_sum_2
            return (next_acc_x, next_acc_x_2, next_sum_x)

        acc_x, acc_x_2, sum_x = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (acc_x, acc_x_2, sum_x),
        )
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        mul_3 = recip * 4.0 * rsqrt * rsqrt * rsqrt * rsqrt
        mul_4 = (mul_3 * d_out_tile * recip_2 * recip_2)[:, None] * acc_x_2
        return acc_x, mul_4.astype(jnp.bfloat16)

    buffer_0_tiles, d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.reshape(-(-q // block_q) * block_q)
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return buffer_0_tiles[:q], d_Q_tiles[:q]


def _kurtosis_backward_d_K(Q, K, d_out, state_2, state__, state____, buffer_0, *, block_q=256, block_x=512):
    """kurtosis_backward_d_K(Q: bf16[q d], K: bf16[x d], d_out: f32[q], state: f32[q], state__: f32[q], state____: f32[q], buffer_0: f32[q]) -> bf16[x d], in blocks: memory does not grow with q."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    d_out, state_2, state__, state____, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (d_out, state_2, state__, state____, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if state____.shape != (q,):
        raise ValueError(f"state____: f32[q] has shape {state____.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    state__ = jnp.pad(state__, ((0, max(-q % block_q, block_q - q)),))
    state____ = jnp.pad(state____, ((0, max(-q % block_q, block_q - q)),))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        recip = 1 / jnp.float32(x)
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            (acc_q,) = state
            first_q = block * block_q
            state___tile = lax.dynamic_slice_in_dim(state__, first_q, block_q, 0)
            add = 0.001 + recip * rsqrt * rsqrt * state___tile
            recip_2 = 1 / add
            state_____tile = lax.dynamic_slice_in_dim(state____, first_q, block_q, 0)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            sub = dot - recip * state_tile
            mul = rsqrt * rsqrt * state_____tile * recip_2 * sub
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            mul_2 = (buffer_0_tile + mul) * recip
            sub_2 = sub * sub * sub - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            tile_bf16 = (sub_2 * d_out_tile * recip_2 * recip_2).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            return (next_acc_q,)

        (acc_q,) = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q,))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            (acc_q,) = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            state___tile = lax.dynamic_slice_in_dim(state__, first_q, block_q, 0)
            add = 0.001 + recip * rsqrt * rsqrt * state___tile
            recip_2 = 1 / add
            state_____tile = lax.dynamic_slice_in_dim(state____, first_q, block_q, 0)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            sub = dot - recip * state_tile
            mul = rsqrt * rsqrt * state_____tile * recip_2 * sub
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            mul_2 = (buffer_0_tile + mul) * recip
            sub_2 = sub * sub * sub - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            mul_3 = jnp.where((q_index < q), sub_2, 0.0) * d_out_tile
            tile_bf16 = (mul_3 * recip_2 * recip_2).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            return (next_acc_q,)

        (acc_q,) = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q,))
        mul = recip * 4.0 * rsqrt * rsqrt * rsqrt * rsqrt
        return (mul * acc_q).astype(jnp.bfloat16)

    d_K_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    return d_K_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _kurtosis_differentiable(Q, K, block_x, block_q):
    out = _kurtosis(Q, K, block_x=block_x, block_q=block_q)
    return out


def _kurtosis_keeping(Q, K, block_x, block_q):
    out, state, state__, state____ = _kurtosis_forward(Q, K, block_x=block_x, block_q=block_q)
    return out, (Q, K, state, state__, state____)


def _kurtosis_pull(block_x, block_q, saved, cotangents):
    Q, K, state, state__, state____ = saved
    d_out = cotangents
    buffer_0, d_Q = _kurtosis_backward_buffer_0_d_Q(
        Q,
        K,
        d_out,
        state,
        state__,
        state____,
        block_x=block_x,
        block_q=block_q,
    )
    d_K = _kurtosis_backward_d_K(
        Q, K, d_out, state, state__, state____, buffer_0, block_q=block_q, block_x=block_x,
    )
    return (d_Q, d_K)


_kurtosis_differentiable.defvjp(_kurtosis_keeping, _kurtosis_pull)


def kurtosis(Q, K, *, block_x=256, block_q=512):
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> f32[q], in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    Q, K = _alike(Q, K)
    return _kurtosis_differentiable(Q, K, block_x, block_q)


def kurtosis_plain(Q, K):
    """kurtosis(Q: bf16[q d], K: bf16[x d]) -> f32[q]"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    S = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    sum_x = jnp.sum(S, axis=1)  # [q]
    C = S - sum_x[:, None] / x  # [q x]  # src[moments.diag:13]
    sum_x_2 = jnp.sum(C ** 4, axis=1)  # [q]
    sum_x_3 = jnp.sum(C ** 2, axis=1)  # [q]
    power = (sum_x_3 / x + 0.001) ** 2  # [q]  # src[moments.diag:14]
    quotient = sum_x_2 / x / power  # [q]  # src[moments.diag:14]
    return quotient


def _deviation(Q, K, t, *, block_x=256, block_q=512):
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, centre = state
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
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = t_tile * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            m = jnp.where(next_z > 0.0, 1 / next_z * next_acc_x, 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            acc_x_4 = acc_x_2 + (2.0 * acc_x_3 + z * change) * change
            sub = next_centre[:, None] - t_tile
            mul_3 = e * sub * sub
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_4 * scale + tile_sum_3
            mul_4 = e * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = (acc_x_3 + z * change) * scale + tile_sum_4
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, z, acc_x, acc_x_2, acc_x_3, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = t_tile * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            m = jnp.where(next_z > 0.0, 1 / next_z * next_acc_x, 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            acc_x_4 = acc_x_2 + (2.0 * acc_x_3 + z * change) * change
            chosen = jnp.where((x_index < x), next_centre[:, None] - t_tile, 0.0)
            mul_3 = e * chosen * chosen
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_4 * scale + tile_sum_3
            mul_4 = e * chosen
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = (acc_x_3 + z * change) * scale + tile_sum_4
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, acc_x, acc_x_2, acc_x_3, centre),
        )
        recip = 1 / z
        gt = z > 0.0
        add = jnp.where(gt, acc_x_2 * recip, 0.0) + 1.0
        return jnp.where(gt, recip * acc_x, 0.0), jnp.sqrt(add)

    M_tiles, D_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    M_tiles = M_tiles.reshape(-(-q // block_q) * block_q)
    D_tiles = D_tiles.reshape(-(-q // block_q) * block_q)
    return M_tiles[:q], D_tiles[:q]


def _deviation_forward(Q, K, t, *, block_x=256, block_q=512):
    """deviation_forward(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q], f32[q], f32[q], f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, centre = state
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
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = t_tile * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            m = jnp.where(next_z > 0.0, 1 / next_z * next_acc_x, 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            acc_x_4 = acc_x_2 + (2.0 * acc_x_3 + z * change) * change
            sub = next_centre[:, None] - t_tile
            mul_3 = sub * sub * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_4 * scale + tile_sum_3
            mul_4 = e * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = (acc_x_3 + z * change) * scale + tile_sum_4
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, z, acc_x, acc_x_2, acc_x_3, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = t_tile * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            m = jnp.where(next_z > 0.0, 1 / next_z * next_acc_x, 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            acc_x_4 = acc_x_2 + (2.0 * acc_x_3 + z * change) * change
            chosen = jnp.where((x_index < x), next_centre[:, None] - t_tile, 0.0)
            mul_3 = chosen * chosen * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_4 * scale + tile_sum_3
            mul_4 = e * chosen
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = (acc_x_3 + z * change) * scale + tile_sum_4
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, acc_x, acc_x_2, acc_x_3, centre),
        )
        recip = 1 / z
        gt = z > 0.0
        add = 1.0 + jnp.where(gt, acc_x_2 * recip, 0.0)
        return jnp.where(gt, recip * acc_x, 0.0), jnp.sqrt(add), jnp.log(z) + max_x, max_x, z, acc_x

    M_tiles, D_tiles, logsum_tiles, state_tiles, z_tiles, state__tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    M_tiles = M_tiles.reshape(-(-q // block_q) * block_q)
    D_tiles = D_tiles.reshape(-(-q // block_q) * block_q)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    state_tiles = state_tiles.reshape(-(-q // block_q) * block_q)
    z_tiles = z_tiles.reshape(-(-q // block_q) * block_q)
    state__tiles = state__tiles.reshape(-(-q // block_q) * block_q)
    return M_tiles[:q], D_tiles[:q], logsum_tiles[:q], state_tiles[:q], z_tiles[:q], state__tiles[:q]


def _deviation_backward_buffer_0_buffer_1_buffer_2_d_Q(
    Q, K, t, d_M, d_D, M, logsum, state_2, z, state_, *, block_x=256, block_q=512,
):
    """deviation_backward_buffer_0_buffer_1_buffer_2_d_Q(Q: bf16[q d], K: bf16[x d], t: f32[x], d_M: f32[q], d_D: f32[q], M: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q]) -> (f32[q], f32[q], f32[q], bf16[q d]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t, d_M, d_D, M, logsum, state_2, z, state_ = (jnp.asarray(array, jnp.float32) for array in (t, d_M, d_D, M, logsum, state_2, z, state_))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_M.shape != (q,):
        raise ValueError(f"d_M: f32[q] has shape {d_M.shape}, expected {(q,)}")
    if d_D.shape != (q,):
        raise ValueError(f"d_D: f32[q] has shape {d_D.shape}, expected {(q,)}")
    if M.shape != (q,):
        raise ValueError(f"M: f32[q] has shape {M.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    M = jnp.pad(M, ((0, max(-q % block_q, block_q - q)),))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    d_M = jnp.pad(d_M, ((0, max(-q % block_q, block_q - q)),))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))
    d_D = jnp.pad(d_D, ((0, max(-q % block_q, block_q - q)),))
    z = jnp.pad(z, ((0, max(-q % block_q, block_q - q)),))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_4 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_5 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_6 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_7 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        M_tile = lax.dynamic_slice_in_dim(M, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
        d_M_tile = lax.dynamic_slice_in_dim(d_M, first_q, block_q, 0)
        state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
        mul = state__tile * d_M_tile
        d_D_tile = lax.dynamic_slice_in_dim(d_D, first_q, block_q, 0)
        z_tile = lax.dynamic_slice_in_dim(z, first_q, block_q, 0)
        recip = 1 / z_tile
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            chosen = jnp.where((M_tile == -jnp.inf)[:, None], 0.0, t_tile)
            sub = M_tile[:, None] - chosen
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul_2 = rsqrt * dot
            exp = jnp.exp(mul_2 - logsum_tile[:, None])
            mul_3 = exp * sub * sub
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            rsqrt_2 = lax.rsqrt(next_acc_x + 1.0)
            next_centre = jnp.where(jnp.abs(rsqrt_2) < jnp.inf, rsqrt_2, 0.0)
            mul_4 = exp * sub
            tile_sum_2 = jnp.sum(mul_4, axis=1)
            next_acc_x_2 = acc_x_2 + tile_sum_2
            exp_2 = jnp.exp(mul_2 - state_tile[:, None])
            mul_5 = exp_2 * sub * sub
            tile_sum_3 = jnp.sum(mul_5, axis=1)
            next_acc_x_3 = acc_x_3 + tile_sum_3
            mul_6 = state__tile * d_D_tile * next_centre * next_acc_x_2
            mul_7 = 0.5 * d_D_tile * next_acc_x_3 * next_centre
            mul_8 = recip * (mul_7 + mul_6 + mul)
            next_centre_2 = jnp.where(jnp.abs(mul_8) < jnp.inf, mul_8, 0.0)
            chosen_2 = jnp.where(jnp.abs(acc_x_2) < jnp.inf, acc_x_2, 0.0)
            chosen_3 = jnp.where(jnp.abs(next_acc_x_2) < jnp.inf, next_acc_x_2, 0.0)
            change = chosen_3 - chosen_2
            mul_9 = d_D_tile[:, None] * acc_x_6
            acc_x_8 = -1.0 * acc_x_7 * (next_centre_2 - centre_2)[:, None]
            acc_x_9 = (d_D_tile * centre)[:, None] * acc_x_6 * change[:, None]
            acc_x_10 = (acc_x_5 + mul_9 * change[:, None]) * (next_centre - centre)[:, None]
            mul_10 = (0.5 * d_D_tile * next_centre)[:, None] * sub
            mul_11 = (d_D_tile * next_centre)[:, None] * t_tile
            add = d_M_tile[:, None] * t_tile + mul_11 * next_acc_x_2[:, None]
            safe_next_centre = jnp.where(next_centre_2 == -jnp.inf, 0.0, next_centre_2)
            sub_2 = add + mul_10 * sub - safe_next_centre[:, None]
            tile_bf16 = (exp_2 * sub_2).astype(jnp.bfloat16)
            next_acc_x_4 = acc_x_4 + acc_x_8 + acc_x_9 + acc_x_10 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            mul_12 = d_D_tile[:, None] * t_tile * next_acc_x_2[:, None]
            add_2 = mul_12 + (0.5 * d_D_tile)[:, None] * sub * sub
            tile_bf16_2 = (exp_2 * add_2).astype(jnp.bfloat16)
            next_acc_x_5 = acc_x_5 + mul_9 * change[:, None] + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (exp_2 * t_tile).astype(jnp.bfloat16)
            next_acc_x_6 = acc_x_6 + jnp.einsum("qx,xd->qd", tile_bf16_3, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = exp_2.astype(jnp.bfloat16)
            next_acc_x_7 = acc_x_7 + jnp.einsum("qx,xd->qd", tile_bf16_4, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre, next_centre_2)

        acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            chosen = jnp.where((M_tile == -jnp.inf)[:, None], 0.0, t_tile)
            sub = M_tile[:, None] - chosen
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul_2 = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            exp = jnp.exp(mul_2 - logsum_tile[:, None])
            mul_3 = exp * sub * sub
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            rsqrt_2 = lax.rsqrt(next_acc_x + 1.0)
            next_centre = jnp.where(jnp.abs(rsqrt_2) < jnp.inf, rsqrt_2, 0.0)
            mul_4 = exp * sub
            tile_sum_2 = jnp.sum(mul_4, axis=1)
            next_acc_x_2 = acc_x_2 + tile_sum_2
            exp_2 = jnp.exp(mul_2 - state_tile[:, None])
            mul_5 = exp_2 * sub * sub
            tile_sum_3 = jnp.sum(mul_5, axis=1)
            next_acc_x_3 = acc_x_3 + tile_sum_3
            mul_6 = state__tile * d_D_tile * next_centre * next_acc_x_2
            mul_7 = 0.5 * d_D_tile * next_acc_x_3 * next_centre
            mul_8 = recip * (mul_7 + mul_6 + mul)
            next_centre_2 = jnp.where(jnp.abs(mul_8) < jnp.inf, mul_8, 0.0)
            chosen_2 = jnp.where(jnp.abs(acc_x_2) < jnp.inf, acc_x_2, 0.0)
            chosen_3 = jnp.where(jnp.abs(next_acc_x_2) < jnp.inf, next_acc_x_2, 0.0)
            change = chosen_3 - chosen_2
            mul_9 = d_D_tile[:, None] * acc_x_6
            acc_x_8 = -1.0 * acc_x_7 * (next_centre_2 - centre_2)[:, None]
            acc_x_9 = (d_D_tile * centre)[:, None] * acc_x_6 * change[:, None]
            acc_x_10 = (acc_x_5 + mul_9 * change[:, None]) * (next_centre - centre)[:, None]
            mul_10 = (0.5 * d_D_tile * next_centre)[:, None] * sub
            mul_11 = (d_D_tile * next_centre)[:, None] * t_tile
            add = d_M_tile[:, None] * t_tile + mul_11 * next_acc_x_2[:, None]
            safe_next_centre = jnp.where(next_centre_2 == -jnp.inf, 0.0, next_centre_2)
            sub_2 = add + mul_10 * sub - safe_next_centre[:, None]
            mul_12 = exp_2 * jnp.where((x_index < x), sub_2, 0.0)
            tile_bf16 = mul_12.astype(jnp.bfloat16)
            next_acc_x_4 = acc_x_4 + acc_x_8 + acc_x_9 + acc_x_10 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            mul_13 = d_D_tile[:, None] * t_tile * next_acc_x_2[:, None]
            add_2 = mul_13 + (0.5 * d_D_tile)[:, None] * sub * sub
            mul_14 = exp_2 * jnp.where((x_index < x), add_2, 0.0)
            tile_bf16_2 = mul_14.astype(jnp.bfloat16)
            next_acc_x_5 = acc_x_5 + mul_9 * change[:, None] + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (exp_2 * t_tile).astype(jnp.bfloat16)
            next_acc_x_6 = acc_x_6 + jnp.einsum("qx,xd->qd", tile_bf16_3, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = exp_2.astype(jnp.bfloat16)
            next_acc_x_7 = acc_x_7 + jnp.einsum("qx,xd->qd", tile_bf16_4, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre, next_centre_2)

        acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        rsqrt_2 = lax.rsqrt(acc_x + 1.0)
        mul_2 = state__tile * d_D_tile * rsqrt_2 * acc_x_2
        add = 0.5 * d_D_tile * acc_x_3 * rsqrt_2 + mul_2
        chosen = jnp.where((z_tile > 0.0)[:, None], (rsqrt * recip)[:, None] * acc_x_4, 0.0)
        return rsqrt_2, acc_x_2, recip * (add + mul), chosen.astype(jnp.bfloat16)

    buffer_0_tiles, buffer_1_tiles, buffer_2_tiles, d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.reshape(-(-q // block_q) * block_q)
    buffer_1_tiles = buffer_1_tiles.reshape(-(-q // block_q) * block_q)
    buffer_2_tiles = buffer_2_tiles.reshape(-(-q // block_q) * block_q)
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return buffer_0_tiles[:q], buffer_1_tiles[:q], buffer_2_tiles[:q], d_Q_tiles[:q]


def _deviation_backward_d_K_d_t(
    Q, K, t, d_M, d_D, M, logsum, state_2, z, buffer_0, buffer_1, buffer_2, *, block_q=256, block_x=512,
):
    """deviation_backward_d_K_d_t(Q: bf16[q d], K: bf16[x d], t: f32[x], d_M: f32[q], d_D: f32[q], M: f32[q], logsum: f32[q], state: f32[q], z: f32[q], buffer_0: f32[q], buffer_1: f32[q], buffer_2: f32[q]) -> (bf16[x d], f32[x]), in blocks: memory does not grow with q."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t, d_M, d_D, M, logsum, state_2, z, buffer_0, buffer_1, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (t, d_M, d_D, M, logsum, state_2, z, buffer_0, buffer_1, buffer_2))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_M.shape != (q,):
        raise ValueError(f"d_M: f32[q] has shape {d_M.shape}, expected {(q,)}")
    if d_D.shape != (q,):
        raise ValueError(f"d_D: f32[q] has shape {d_D.shape}, expected {(q,)}")
    if M.shape != (q,):
        raise ValueError(f"M: f32[q] has shape {M.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_2.shape != (q,):
        raise ValueError(f"buffer_2: f32[q] has shape {buffer_2.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_2 = jnp.pad(buffer_2, ((0, max(-q % block_q, block_q - q)),))
    M = jnp.pad(M, ((0, max(-q % block_q, block_q - q)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_D = jnp.pad(d_D, ((0, max(-q % block_q, block_q - q)),))
    buffer_1 = jnp.pad(buffer_1, ((0, max(-q % block_q, block_q - q)),))
    d_M = jnp.pad(d_M, ((0, max(-q % block_q, block_q - q)),))
    z = jnp.pad(z, ((0, max(-q % block_q, block_q - q)),))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        sum_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x,))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x,))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, sum_q, acc_q_2 = state
            first_q = block * block_q
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            exp = jnp.exp(mul - state_tile)
            buffer_2_tile = lax.dynamic_slice_in_dim(buffer_2, first_q, block_q, 0)
            M_tile = lax.dynamic_slice_in_dim(M, first_q, block_q, 0)
            chosen = jnp.where(M_tile == -jnp.inf, 0.0, t_tile[:, None])
            sub = M_tile - chosen
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_D_tile = lax.dynamic_slice_in_dim(d_D, first_q, block_q, 0)
            mul_2 = 0.5 * d_D_tile * buffer_0_tile * sub * sub
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            mul_3 = d_D_tile * buffer_0_tile * t_tile[:, None]
            d_M_tile = lax.dynamic_slice_in_dim(d_M, first_q, block_q, 0)
            add = d_M_tile * t_tile[:, None] + mul_3 * buffer_1_tile
            safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
            z_tile = lax.dynamic_slice_in_dim(z, first_q, block_q, 0)
            recip = 1 / z_tile
            gt = z_tile > 0.0
            mul_4 = exp * (add + mul_2 - safe_buffer_2) * jnp.where(gt, recip, 0.0)
            tile_bf16 = mul_4.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            add_2 = d_M_tile + d_D_tile * buffer_0_tile * buffer_1_tile
            chosen_2 = jnp.where(gt, recip * add_2 * exp, 0.0)
            tile_sum = jnp.sum(chosen_2, axis=1)
            next_sum_q = sum_q + tile_sum
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mul_5 = d_D_tile * buffer_0_tile * (jnp.exp(mul - logsum_tile) * sub)
            tile_sum_2 = jnp.sum(mul_5, axis=1)
            next_acc_q_2 = acc_q_2 + tile_sum_2
            return (next_acc_q, next_sum_q, next_acc_q_2)

        acc_q, sum_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, sum_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, sum_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            exp = jnp.exp(mul - state_tile)
            buffer_2_tile = lax.dynamic_slice_in_dim(buffer_2, first_q, block_q, 0)
            M_tile = lax.dynamic_slice_in_dim(M, first_q, block_q, 0)
            chosen = jnp.where(M_tile == -jnp.inf, 0.0, t_tile[:, None])
            sub = M_tile - chosen
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_D_tile = lax.dynamic_slice_in_dim(d_D, first_q, block_q, 0)
            mul_2 = 0.5 * d_D_tile * buffer_0_tile * sub * sub
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            mul_3 = d_D_tile * buffer_0_tile * t_tile[:, None]
            d_M_tile = lax.dynamic_slice_in_dim(d_M, first_q, block_q, 0)
            add = d_M_tile * t_tile[:, None] + mul_3 * buffer_1_tile
            safe_buffer_2 = jnp.where(buffer_2_tile == -jnp.inf, 0.0, buffer_2_tile)
            z_tile = lax.dynamic_slice_in_dim(z, first_q, block_q, 0)
            chosen_2 = jnp.where((q_index < q), 1 / z_tile, 0.0)
            gt = z_tile > 0.0
            mul_4 = exp * (add + mul_2 - safe_buffer_2) * jnp.where(gt, chosen_2, 0.0)
            tile_bf16 = mul_4.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            add_2 = d_M_tile + d_D_tile * buffer_0_tile * buffer_1_tile
            chosen_3 = jnp.where(gt, chosen_2 * add_2 * exp, 0.0)
            tile_sum = jnp.sum(chosen_3, axis=1)
            next_sum_q = sum_q + tile_sum
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mul_5 = d_D_tile * buffer_0_tile * (jnp.exp(mul - logsum_tile) * sub)
            tile_sum_2 = jnp.sum(mul_5, axis=1)
            next_acc_q_2 = acc_q_2 + tile_sum_2
            return (next_acc_q, next_sum_q, next_acc_q_2)

        acc_q, sum_q, acc_q_2 = lax.fori_loop(
            from_q // block_q,
            -(-q // block_q),
            step_2,
            (acc_q, sum_q, acc_q_2),
        )
        return (rsqrt * acc_q).astype(jnp.bfloat16), sum_q - acc_q_2

    d_K_tiles, d_t_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_t_tiles = d_t_tiles.reshape(-(-x // block_x) * block_x)
    return d_K_tiles[:x], d_t_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _deviation_differentiable(Q, K, t, block_x, block_q):
    M, D = _deviation(Q, K, t, block_x=block_x, block_q=block_q)
    return (M, D)


def _deviation_keeping(Q, K, t, block_x, block_q):
    M, D, logsum, state, z, state_ = _deviation_forward(Q, K, t, block_x=block_x, block_q=block_q)
    return (M, D), (Q, K, t, M, logsum, state, z, state_)


def _deviation_pull(block_x, block_q, saved, cotangents):
    Q, K, t, M, logsum, state, z, state_ = saved
    d_M, d_D = cotangents
    buffer_0, buffer_1, buffer_2, d_Q = _deviation_backward_buffer_0_buffer_1_buffer_2_d_Q(
        Q, K, t, d_M, d_D, M, logsum, state, z, state_, block_x=block_x, block_q=block_q,
    )
    d_K, d_t = _deviation_backward_d_K_d_t(
        Q, K, t, d_M, d_D, M, logsum, state, z, buffer_0, buffer_1, buffer_2, block_q=block_q,
        block_x=block_x,
    )
    return (d_Q, d_K, d_t)


_deviation_differentiable.defvjp(_deviation_keeping, _deviation_pull)


def deviation(Q, K, t, *, block_x=256, block_q=512):
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q]), in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    Q, K, t = _alike(Q, K, t)
    return _deviation_differentiable(Q, K, t, block_x, block_q)


def deviation_plain(Q, K, t):
    """deviation(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q])"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    max_x = jnp.max(product, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(product - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    m = jnp.einsum("qx,x->q", P, t, precision="highest")  # [q]  # src[moments.diag:20]
    power = (t - m[:, None]) ** 2  # [q x]  # src[moments.diag:21]
    sum_x = jnp.einsum("qx,qx->q", P, power, precision="highest")  # [q]  # src[moments.diag:21]
    sqrt_value = jnp.sqrt(1 + sum_x)  # [q]  # src[moments.diag:21]
    return m, sqrt_value


def _spread(Q, K, V, *, block_x=256, block_q=512):
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (f32[q e], f32[q]), in blocks: memory does not grow with x."""
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
        m = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            m, z, acc_x, acc_x_2 = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(S, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            sub = S - next_m[:, None]
            w = jnp.exp(sub)
            tile_sum = jnp.sum(w, axis=1)
            next_z = z * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(jnp.abs(next_m) < jnp.inf, next_m, 0.0)
            change = chosen - jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            mul = w * sub
            tile_sum_2 = jnp.sum(mul, axis=1)
            next_acc_x_2 = (acc_x_2 + -1.0 * z * change) * scale + tile_sum_2
            return (next_m, next_z, next_acc_x, next_acc_x_2)

        m, z, acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            m, z, acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S_2 = jnp.where((x_index < x), S, -jnp.inf)
            tile_max = jnp.max(S_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            sub = S_2 - next_m[:, None]
            w = jnp.exp(sub)
            tile_sum = jnp.sum(w, axis=1)
            next_z = z * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(jnp.abs(next_m) < jnp.inf, next_m, 0.0)
            change = chosen - jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            chosen_2 = jnp.where((x_index < x), w * sub, 0.0)
            tile_sum_2 = jnp.sum(chosen_2, axis=1)
            next_acc_x_2 = (acc_x_2 + -1.0 * z * change) * scale + tile_sum_2
            return (next_m, next_z, next_acc_x, next_acc_x_2)

        m, z, acc_x, acc_x_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (m, z, acc_x, acc_x_2),
        )
        recip = 1 / z
        return recip[:, None] * acc_x, jnp.exp(jnp.log(z) - recip * acc_x_2)

    O_tiles, N_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    O_tiles = O_tiles.reshape(-(-q // block_q) * block_q, e)
    N_tiles = N_tiles.reshape(-(-q // block_q) * block_q)
    return O_tiles[:q], N_tiles[:q]


def _spread_forward(Q, K, V, *, block_x=256, block_q=512):
    """spread_forward(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (f32[q e], f32[q], f32[q], f32[q], f32[q], f32[q e], f32[q], i32[q]), in blocks: memory does not grow with x."""
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
        m = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        min_x = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            m, z, acc_x, acc_x_2, min_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(S, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            sub = S - next_m[:, None]
            w = jnp.exp(sub)
            tile_sum = jnp.sum(w, axis=1)
            next_z = z * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(jnp.abs(next_m) < jnp.inf, next_m, 0.0)
            change = chosen - jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            mul = w * sub
            tile_sum_2 = jnp.sum(mul, axis=1)
            next_acc_x_2 = (acc_x_2 + -1.0 * z * change) * scale + tile_sum_2
            chosen_2 = jnp.where(next_m[:, None] == S, x_index.astype(jnp.int32), tile_i32)
            tile_min = jnp.min(chosen_2, axis=1)
            next_min_x = jnp.minimum(jnp.where(m == next_m, min_x, tile_i32), tile_min)
            return (next_m, next_z, next_acc_x, next_acc_x_2, next_min_x)

        m, z, acc_x, acc_x_2, min_x = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (m, z, acc_x, acc_x_2, min_x),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            m, z, acc_x, acc_x_2, min_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            S_2 = jnp.where((x_index < x), S, -jnp.inf)
            tile_max = jnp.max(S_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            scale = jnp.exp(m - next_m)
            sub = S_2 - next_m[:, None]
            w = jnp.exp(sub)
            tile_sum = jnp.sum(w, axis=1)
            next_z = z * scale + tile_sum
            w_bf16 = w.astype(jnp.bfloat16)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", w_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(jnp.abs(next_m) < jnp.inf, next_m, 0.0)
            change = chosen - jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            chosen_2 = jnp.where((x_index < x), w * sub, 0.0)
            tile_sum_2 = jnp.sum(chosen_2, axis=1)
            next_acc_x_2 = (acc_x_2 + -1.0 * z * change) * scale + tile_sum_2
            chosen_3 = jnp.where(next_m[:, None] == S_2, x_index.astype(jnp.int32), tile_i32)
            chosen_4 = jnp.where((x_index < x), chosen_3, 2147483647)
            tile_min = jnp.min(chosen_4, axis=1)
            next_min_x = jnp.minimum(jnp.where(m == next_m, min_x, tile_i32), tile_min)
            return (next_m, next_z, next_acc_x, next_acc_x_2, next_min_x)

        m, z, acc_x, acc_x_2, min_x = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (m, z, acc_x, acc_x_2, min_x),
        )
        recip = 1 / z
        log = jnp.log(z)
        return recip[:, None] * acc_x, jnp.exp(log - recip * acc_x_2), log + m, m, z, acc_x, acc_x_2, min_x

    O_tiles, N_tiles, logsum_tiles, m_tiles, z_tiles, state_tiles, state__tiles, place_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    O_tiles = O_tiles.reshape(-(-q // block_q) * block_q, e)
    N_tiles = N_tiles.reshape(-(-q // block_q) * block_q)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    m_tiles = m_tiles.reshape(-(-q // block_q) * block_q)
    z_tiles = z_tiles.reshape(-(-q // block_q) * block_q)
    state_tiles = state_tiles.reshape(-(-q // block_q) * block_q, e)
    state__tiles = state__tiles.reshape(-(-q // block_q) * block_q)
    place_tiles = place_tiles.reshape(-(-q // block_q) * block_q)
    return O_tiles[:q], N_tiles[:q], logsum_tiles[:q], m_tiles[:q], z_tiles[:q], state_tiles[:q], state__tiles[:q], place_tiles[:q]


def _spread_backward_buffer_1(d_O, d_N, N, z, state, state_):
    """spread_backward_buffer_1(d_O: f32[q e], d_N: f32[q], N: f32[q], z: f32[q], state: f32[q e], state_: f32[q]) -> f32[q]"""
    d_O, d_N, N, z, state, state_ = (jnp.asarray(array, jnp.float32) for array in (d_O, d_N, N, z, state, state_))
    q, e = d_O.shape
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state.shape != (q, e):
        raise ValueError(f"state: f32[q e] has shape {state.shape}, expected {(q, e)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    sum_e = jnp.einsum("qe,qe->q", d_O, state, precision="highest")  # [q]
    product = 1 / z * (sum_e - d_N * N * state_)  # [q]
    return product


def _spread_backward_buffer_0_d_Q(
    Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, *, block_x=256, block_q=512,
):
    """spread_backward_buffer_0_d_Q(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: f32[q e], d_N: f32[q], N: f32[q], logsum: f32[q], m: f32[q], place: i32[q], buffer_1: f32[q]) -> (f32[q], bf16[q d]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    d_O, d_N, N, logsum, m, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (d_O, d_N, N, logsum, m, buffer_1))
    place = jnp.asarray(place, jnp.int32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: f32[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if m.shape != (q,):
        raise ValueError(f"m: f32[q] has shape {m.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    buffer_1 = jnp.pad(buffer_1, ((0, max(-q % block_q, block_q - q)),))
    N = jnp.pad(N, ((0, max(-q % block_q, block_q - q)),))
    d_N = jnp.pad(d_N, ((0, max(-q % block_q, block_q - q)),))
    m = jnp.pad(m, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    d_O = jnp.pad(d_O, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    place = jnp.pad(place, ((0, max(-q % block_q, block_q - q)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
        N_tile = lax.dynamic_slice_in_dim(N, first_q, block_q, 0)
        d_N_tile = lax.dynamic_slice_in_dim(d_N, first_q, block_q, 0)
        m_tile = lax.dynamic_slice_in_dim(m, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        place_tile = lax.dynamic_slice_in_dim(place, first_q, block_q, 0)
        mul = d_N_tile * N_tile
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, acc_x_3 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul_2 = (d_N_tile * N_tile)[:, None] * (S - m_tile[:, None])
            add = mul_2 + buffer_1_tile[:, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            d_O_bf16 = d_O_tile.astype(jnp.bfloat16)
            dot = jnp.einsum("qe,xe->qx", d_O_bf16, V_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(S - logsum_tile[:, None])
            mul_3 = exp * (dot - add)
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            chosen = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_2 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            acc_x_4 = -1.0 * acc_x_3 * (chosen_2 - chosen)[:, None]
            equal = place_tile[:, None] == x_index.astype(jnp.int32)
            chosen_3 = jnp.where(equal, next_acc_x[:, None], 0.0)
            add_2 = chosen_3 + (d_N_tile * N_tile)[:, None] * exp
            sub = dot + mul[:, None] - jnp.where(add == -jnp.inf, 0.0, add)
            sub_2 = exp * sub - jnp.where(add_2 == -jnp.inf, 0.0, add_2)
            tile_bf16 = sub_2.astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + acc_x_4 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = jnp.where(equal, jnp.float32(1.0), 0.0).astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3)

        acc_x, acc_x_2, acc_x_3 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2, acc_x_3))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2, acc_x_3 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            S = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul_2 = (d_N_tile * N_tile)[:, None] * (S - m_tile[:, None])
            add = mul_2 + buffer_1_tile[:, None]
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            d_O_bf16 = d_O_tile.astype(jnp.bfloat16)
            dot = jnp.einsum("qe,xe->qx", d_O_bf16, V_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), S - logsum_tile[:, None], -jnp.inf)
            exp = jnp.exp(chosen)
            mul_3 = exp * (dot - add)
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            chosen_2 = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_3 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            acc_x_4 = -1.0 * acc_x_3 * (chosen_3 - chosen_2)[:, None]
            equal = place_tile[:, None] == x_index.astype(jnp.int32)
            chosen_4 = jnp.where(equal, next_acc_x[:, None], 0.0)
            add_2 = chosen_4 + (d_N_tile * N_tile)[:, None] * exp
            sub = dot + mul[:, None] - jnp.where(add == -jnp.inf, 0.0, add)
            sub_2 = exp * sub - jnp.where(add_2 == -jnp.inf, 0.0, add_2)
            tile_bf16 = jnp.where((x_index < x), sub_2, 0.0).astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + acc_x_4 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = jnp.where(equal, jnp.float32(1.0), 0.0).astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3)

        acc_x, acc_x_2, acc_x_3 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (acc_x, acc_x_2, acc_x_3),
        )
        return acc_x, acc_x_2.astype(jnp.bfloat16)

    buffer_0_tiles, d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.reshape(-(-q // block_q) * block_q)
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return buffer_0_tiles[:q], d_Q_tiles[:q]


def _spread_backward_d_K_d_V(
    Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, buffer_0, *, block_q=256, block_x=512,
):
    """spread_backward_d_K_d_V(Q: bf16[q d], K: bf16[x d], V: bf16[x e], d_O: f32[q e], d_N: f32[q], N: f32[q], logsum: f32[q], m: f32[q], place: i32[q], buffer_1: f32[q], buffer_0: f32[q]) -> (bf16[x d], bf16[x e]), in blocks: memory does not grow with q."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    d_O, d_N, N, logsum, m, buffer_1, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (d_O, d_N, N, logsum, m, buffer_1, buffer_0))
    place = jnp.asarray(place, jnp.int32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if d_O.shape != (q, e):
        raise ValueError(f"d_O: f32[q e] has shape {d_O.shape}, expected {(q, e)}")
    if d_N.shape != (q,):
        raise ValueError(f"d_N: f32[q] has shape {d_N.shape}, expected {(q,)}")
    if N.shape != (q,):
        raise ValueError(f"N: f32[q] has shape {N.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if m.shape != (q,):
        raise ValueError(f"m: f32[q] has shape {m.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    N = jnp.pad(N, ((0, max(-q % block_q, block_q - q)),))
    d_N = jnp.pad(d_N, ((0, max(-q % block_q, block_q - q)),))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    place = jnp.pad(place, ((0, max(-q % block_q, block_q - q)),))
    buffer_1 = jnp.pad(buffer_1, ((0, max(-q % block_q, block_q - q)),))
    m = jnp.pad(m, ((0, max(-q % block_q, block_q - q)),))
    d_O = jnp.pad(d_O, ((0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, e))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        x_i32 = x_index.astype(jnp.int32)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            N_tile = lax.dynamic_slice_in_dim(N, first_q, block_q, 0)
            d_N_tile = lax.dynamic_slice_in_dim(d_N, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            S = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(S - logsum_tile)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            place_tile = lax.dynamic_slice_in_dim(place, first_q, block_q, 0)
            chosen = jnp.where(place_tile == x_i32[:, None], buffer_0_tile, 0.0)
            add = chosen + d_N_tile * N_tile * exp
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            m_tile = lax.dynamic_slice_in_dim(m, first_q, block_q, 0)
            add_2 = d_N_tile * N_tile * (S - m_tile) + buffer_1_tile
            d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
            d_O_bf16 = d_O_tile.astype(jnp.bfloat16)
            dot = jnp.einsum("xe,qe->xq", V_tile, d_O_bf16, preferred_element_type=jnp.float32)
            sub = dot + d_N_tile * N_tile - jnp.where(add_2 == -jnp.inf, 0.0, add_2)
            sub_2 = exp * sub - jnp.where(add == -jnp.inf, 0.0, add)
            tile_bf16 = sub_2.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_O_bf16, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            N_tile = lax.dynamic_slice_in_dim(N, first_q, block_q, 0)
            d_N_tile = lax.dynamic_slice_in_dim(d_N, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            S = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            exp = jnp.exp(S - logsum_tile)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            place_tile = lax.dynamic_slice_in_dim(place, first_q, block_q, 0)
            chosen = jnp.where(place_tile == x_i32[:, None], buffer_0_tile, 0.0)
            add = chosen + d_N_tile * N_tile * exp
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            m_tile = lax.dynamic_slice_in_dim(m, first_q, block_q, 0)
            add_2 = d_N_tile * N_tile * (S - m_tile) + buffer_1_tile
            d_O_tile = lax.dynamic_slice_in_dim(d_O, first_q, block_q, 0)
            d_O_bf16 = d_O_tile.astype(jnp.bfloat16)
            dot = jnp.einsum("xe,qe->xq", V_tile, d_O_bf16, preferred_element_type=jnp.float32)
            sub = dot + d_N_tile * N_tile - jnp.where(add_2 == -jnp.inf, 0.0, add_2)
            sub_2 = exp * sub - jnp.where(add == -jnp.inf, 0.0, add)
            tile_bf16 = jnp.where((q_index < q), sub_2, 0.0).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qe->xe", tile_bf16_2, d_O_bf16, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return acc_q.astype(jnp.bfloat16), acc_q_2.astype(jnp.bfloat16)

    d_K_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, e)
    return d_K_tiles[:x], d_V_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _spread_differentiable(Q, K, V, block_x, block_q):
    O, N = _spread(Q, K, V, block_x=block_x, block_q=block_q)
    return (O, N)


def _spread_keeping(Q, K, V, block_x, block_q):
    O, N, logsum, m, z, state, state_, place = _spread_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return (O, N), (Q, K, V, N, logsum, m, z, state, state_, place)


def _spread_pull(block_x, block_q, saved, cotangents):
    Q, K, V, N, logsum, m, z, state, state_, place = saved
    d_O, d_N = cotangents
    buffer_1 = _spread_backward_buffer_1(d_O, d_N, N, z, state, state_)
    buffer_0, d_Q = _spread_backward_buffer_0_d_Q(
        Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, block_x=block_x, block_q=block_q,
    )
    d_K, d_V = _spread_backward_d_K_d_V(
        Q, K, V, d_O, d_N, N, logsum, m, place, buffer_1, buffer_0, block_q=block_q, block_x=block_x,
    )
    return (d_Q, d_K, d_V)


_spread_differentiable.defvjp(_spread_keeping, _spread_pull)


def spread(Q, K, V, *, block_x=256, block_q=512):
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (f32[q e], f32[q]), in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _spread_differentiable(Q, K, V, block_x, block_q)


def spread_plain(Q, K, V):
    """spread(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> (f32[q e], f32[q])"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    S = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:26]
    m = _extremum(S, (1,), jnp.max)  # [q]  # src[moments.diag:27]
    difference = S - m[:, None]  # [q x]  # src[moments.diag:28]
    w = jnp.exp(difference)  # [q x]  # src[moments.diag:28]
    sum_x = _product("qx,xe->qe", jnp.bfloat16, w, V)  # [q e]  # src[moments.diag:30]
    z = jnp.sum(w, axis=1)  # [q]  # src[moments.diag:29]
    quotient = sum_x / z[:, None]  # [q e]  # src[moments.diag:30]
    sum_x_2 = jnp.einsum("qx,qx->q", w, difference, precision="highest")  # [q]  # src[moments.diag:30]
    exponential = jnp.exp(jnp.log(z) - sum_x_2 / z)  # [q]  # src[moments.diag:30]
    return quotient, exponential


def _drift(Q, K, t, *, block_x=256, block_q=512):
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_4 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_5 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_6 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_7 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        recip = 1 / jnp.float32(x)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = e * t_tile
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            recip_2 = 1 / next_z
            gt = next_z > 0.0
            m = jnp.where(gt, next_acc_x * recip_2, 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            x_f32 = x_index.astype(jnp.float32)
            mul_3 = x_f32 * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 * scale + tile_sum_3
            centre_3 = jnp.where(gt, recip * next_acc_x_2 * recip_2, 0.0)
            next_centre_2 = jnp.where(jnp.abs(centre_3) < jnp.inf, centre_3, 0.0)
            change = next_centre_2 - centre
            change_2 = next_centre - centre_2
            acc_x_8 = acc_x_3 + -1.0 * acc_x_5 * change_2 + (-1.0 * acc_x_4 + z * change_2) * change
            sub = t_tile - next_centre[:, None]
            sub_2 = x_f32 * recip - next_centre_2[:, None]
            mul_4 = sub_2 * e * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_8 * scale + tile_sum_4
            mul_5 = e * sub
            tile_sum_5 = jnp.sum(mul_5, axis=1)
            next_acc_x_4 = (acc_x_4 + -1.0 * z * change_2) * scale + tile_sum_5
            mul_6 = e * sub_2
            tile_sum_6 = jnp.sum(mul_6, axis=1)
            next_acc_x_5 = (acc_x_5 + -1.0 * z * change) * scale + tile_sum_6
            acc_x_9 = (3.0 * acc_x_5 + -1.0 * z * change) * change
            acc_x_10 = acc_x_6 + (-3.0 * acc_x_7 + acc_x_9) * change
            mul_7 = sub_2 * sub_2 * sub_2 * e
            tile_sum_7 = jnp.sum(mul_7, axis=1)
            next_acc_x_6 = acc_x_10 * scale + tile_sum_7
            acc_x_11 = acc_x_7 + (-2.0 * acc_x_5 + z * change) * change
            mul_8 = e * sub_2 * sub_2
            tile_sum_8 = jnp.sum(mul_8, axis=1)
            next_acc_x_7 = acc_x_11 * scale + tile_sum_8
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre_2, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_2 = e * t_tile
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            recip_2 = 1 / next_z
            gt = next_z > 0.0
            m = jnp.where(gt, next_acc_x * recip_2, 0.0)
            next_centre = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            x_f32 = x_index.astype(jnp.float32)
            mul_3 = x_f32 * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 * scale + tile_sum_3
            centre_3 = jnp.where(gt, recip * next_acc_x_2 * recip_2, 0.0)
            next_centre_2 = jnp.where(jnp.abs(centre_3) < jnp.inf, centre_3, 0.0)
            change = next_centre_2 - centre
            change_2 = next_centre - centre_2
            acc_x_8 = acc_x_3 + -1.0 * acc_x_5 * change_2 + (-1.0 * acc_x_4 + z * change_2) * change
            chosen = jnp.where((x_index < x), t_tile - next_centre[:, None], 0.0)
            chosen_2 = jnp.where((x_index < x), x_f32 * recip - next_centre_2[:, None], 0.0)
            chosen_3 = jnp.where((x_index < x), chosen_2 * e * chosen, 0.0)
            tile_sum_4 = jnp.sum(chosen_3, axis=1)
            next_acc_x_3 = acc_x_8 * scale + tile_sum_4
            mul_4 = e * chosen
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_4 = (acc_x_4 + -1.0 * z * change_2) * scale + tile_sum_5
            mul_5 = e * chosen_2
            tile_sum_6 = jnp.sum(mul_5, axis=1)
            next_acc_x_5 = (acc_x_5 + -1.0 * z * change) * scale + tile_sum_6
            acc_x_9 = (3.0 * acc_x_5 + -1.0 * z * change) * change
            acc_x_10 = acc_x_6 + (-3.0 * acc_x_7 + acc_x_9) * change
            mul_6 = chosen_2 * chosen_2 * chosen_2 * e
            tile_sum_7 = jnp.sum(mul_6, axis=1)
            next_acc_x_6 = acc_x_10 * scale + tile_sum_7
            acc_x_11 = acc_x_7 + (-2.0 * acc_x_5 + z * change) * change
            mul_7 = e * chosen_2 * chosen_2
            tile_sum_8 = jnp.sum(mul_7, axis=1)
            next_acc_x_7 = acc_x_11 * scale + tile_sum_8
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre_2, next_centre)

        max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        recip_2 = 1 / z
        gt = z > 0.0
        chosen = jnp.where(gt, (acc_x + acc_x_3) * recip_2, 0.0)
        chosen_2 = jnp.where(gt, (acc_x_6 + acc_x_2 * recip) * recip_2, 0.0)
        return chosen, chosen_2

    forecast_tiles, lean_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    forecast_tiles = forecast_tiles.reshape(-(-q // block_q) * block_q)
    lean_tiles = lean_tiles.reshape(-(-q // block_q) * block_q)
    return forecast_tiles[:q], lean_tiles[:q]


def _drift_forward(Q, K, t, *, block_x=256, block_q=512):
    """drift_forward(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q], f32[q], f32[q], f32[q], f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_4 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_5 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_6 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_7 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        recip = 1 / jnp.float32(x)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * dot
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            x_f32 = x_index.astype(jnp.float32)
            mul_2 = e * x_f32
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            recip_2 = 1 / next_z
            gt = next_z > 0.0
            centre_3 = jnp.where(gt, recip * recip_2 * next_acc_x, 0.0)
            next_centre = jnp.where(jnp.abs(centre_3) < jnp.inf, centre_3, 0.0)
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_3 = t_tile * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 * scale + tile_sum_3
            m = jnp.where(gt, recip_2 * next_acc_x_2, 0.0)
            next_centre_2 = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            change_2 = next_centre_2 - centre_2
            acc_x_8 = acc_x_3 + -1.0 * acc_x_5 * change_2 + (-1.0 * acc_x_4 + z * change_2) * change
            sub = t_tile - next_centre_2[:, None]
            sub_2 = x_f32 * recip - next_centre[:, None]
            mul_4 = sub_2 * e * sub
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_8 * scale + tile_sum_4
            mul_5 = e * sub
            tile_sum_5 = jnp.sum(mul_5, axis=1)
            next_acc_x_4 = (acc_x_4 + -1.0 * z * change_2) * scale + tile_sum_5
            mul_6 = e * sub_2
            tile_sum_6 = jnp.sum(mul_6, axis=1)
            next_acc_x_5 = (acc_x_5 + -1.0 * z * change) * scale + tile_sum_6
            acc_x_9 = (3.0 * acc_x_5 + -1.0 * z * change) * change
            acc_x_10 = acc_x_6 + (-3.0 * acc_x_7 + acc_x_9) * change
            mul_7 = sub_2 * sub_2 * sub_2 * e
            tile_sum_7 = jnp.sum(mul_7, axis=1)
            next_acc_x_6 = acc_x_10 * scale + tile_sum_7
            acc_x_11 = acc_x_7 + (-2.0 * acc_x_5 + z * change) * change
            mul_8 = e * sub_2 * sub_2
            tile_sum_8 = jnp.sum(mul_8, axis=1)
            next_acc_x_7 = acc_x_11 * scale + tile_sum_8
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre, next_centre_2)

        max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = rsqrt * jnp.where((x_index < x), dot, -jnp.inf)
            tile_max = jnp.max(mul, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(mul - next_max_x[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            x_f32 = x_index.astype(jnp.float32)
            mul_2 = e * x_f32
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            recip_2 = 1 / next_z
            gt = next_z > 0.0
            centre_3 = jnp.where(gt, recip * recip_2 * next_acc_x, 0.0)
            next_centre = jnp.where(jnp.abs(centre_3) < jnp.inf, centre_3, 0.0)
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_3 = t_tile * e
            tile_sum_3 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 * scale + tile_sum_3
            m = jnp.where(gt, recip_2 * next_acc_x_2, 0.0)
            next_centre_2 = jnp.where(jnp.abs(m) < jnp.inf, m, 0.0)
            change = next_centre - centre
            change_2 = next_centre_2 - centre_2
            acc_x_8 = acc_x_3 + -1.0 * acc_x_5 * change_2 + (-1.0 * acc_x_4 + z * change_2) * change
            chosen = jnp.where((x_index < x), t_tile - next_centre_2[:, None], 0.0)
            chosen_2 = jnp.where((x_index < x), x_f32 * recip - next_centre[:, None], 0.0)
            chosen_3 = jnp.where((x_index < x), chosen_2 * e * chosen, 0.0)
            tile_sum_4 = jnp.sum(chosen_3, axis=1)
            next_acc_x_3 = acc_x_8 * scale + tile_sum_4
            mul_4 = e * chosen
            tile_sum_5 = jnp.sum(mul_4, axis=1)
            next_acc_x_4 = (acc_x_4 + -1.0 * z * change_2) * scale + tile_sum_5
            mul_5 = e * chosen_2
            tile_sum_6 = jnp.sum(mul_5, axis=1)
            next_acc_x_5 = (acc_x_5 + -1.0 * z * change) * scale + tile_sum_6
            acc_x_9 = (3.0 * acc_x_5 + -1.0 * z * change) * change
            acc_x_10 = acc_x_6 + (-3.0 * acc_x_7 + acc_x_9) * change
            mul_6 = chosen_2 * chosen_2 * chosen_2 * e
            tile_sum_7 = jnp.sum(mul_6, axis=1)
            next_acc_x_6 = acc_x_10 * scale + tile_sum_7
            acc_x_11 = acc_x_7 + (-2.0 * acc_x_5 + z * change) * change
            mul_7 = e * chosen_2 * chosen_2
            tile_sum_8 = jnp.sum(mul_7, axis=1)
            next_acc_x_7 = acc_x_11 * scale + tile_sum_8
            return (next_max_x, next_z, next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_centre, next_centre_2)

        max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, centre, centre_2),
        )
        recip_2 = 1 / z
        gt = z > 0.0
        chosen = jnp.where(gt, recip_2 * (acc_x_3 + acc_x_2), 0.0)
        chosen_2 = jnp.where(gt, recip_2 * (acc_x * recip + acc_x_6), 0.0)
        return chosen, chosen_2, jnp.log(z) + max_x, max_x, z, acc_x_2, acc_x

    forecast_tiles, lean_tiles, logsum_tiles, state_tiles, z_tiles, state__tiles, state___tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    forecast_tiles = forecast_tiles.reshape(-(-q // block_q) * block_q)
    lean_tiles = lean_tiles.reshape(-(-q // block_q) * block_q)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    state_tiles = state_tiles.reshape(-(-q // block_q) * block_q)
    z_tiles = z_tiles.reshape(-(-q // block_q) * block_q)
    state__tiles = state__tiles.reshape(-(-q // block_q) * block_q)
    state___tiles = state___tiles.reshape(-(-q // block_q) * block_q)
    return forecast_tiles[:q], lean_tiles[:q], logsum_tiles[:q], state_tiles[:q], z_tiles[:q], state__tiles[:q], state___tiles[:q]


def _drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q(
    Q, K, t, d_forecast, d_lean, logsum, state_2, z, state_, state__, *, block_x=256, block_q=512,
):
    """drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q(Q: bf16[q d], K: bf16[x d], t: f32[x], d_forecast: f32[q], d_lean: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q], state__: f32[q]) -> (f32[q], f32[q], f32[q], f32[q], f32[q], f32[q], bf16[q d]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t, d_forecast, d_lean, logsum, state_2, z, state_, state__ = (jnp.asarray(array, jnp.float32) for array in (t, d_forecast, d_lean, logsum, state_2, z, state_, state__))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_forecast.shape != (q,):
        raise ValueError(f"d_forecast: f32[q] has shape {d_forecast.shape}, expected {(q,)}")
    if d_lean.shape != (q,):
        raise ValueError(f"d_lean: f32[q] has shape {d_lean.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    d_lean = jnp.pad(d_lean, ((0, max(-q % block_q, block_q - q)),))
    d_forecast = jnp.pad(d_forecast, ((0, max(-q % block_q, block_q - q)),))
    state__ = jnp.pad(state__, ((0, max(-q % block_q, block_q - q)),))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))
    z = jnp.pad(z, ((0, max(-q % block_q, block_q - q)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_4 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_5 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_6 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_7 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_8 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_9 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        sum_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_10 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_11 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_12 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_13 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_14 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_15 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        centre_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
        d_lean_tile = lax.dynamic_slice_in_dim(d_lean, first_q, block_q, 0)
        recip = 1 / jnp.float32(x)
        d_forecast_tile = lax.dynamic_slice_in_dim(d_forecast, first_q, block_q, 0)
        state___tile = lax.dynamic_slice_in_dim(state__, first_q, block_q, 0)
        state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
        z_tile = lax.dynamic_slice_in_dim(z, first_q, block_q, 0)
        recip_2 = 1 / z_tile
        gt = z_tile > 0.0
        chosen = jnp.where(gt, recip * recip_2 * recip_2, 0.0)
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, sum_x, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, acc_x_8, acc_x_9, sum_x_2, acc_x_10, acc_x_11, acc_x_12, acc_x_13, acc_x_14, acc_x_15, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            x_f32 = x_index.astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = dot * rsqrt
            exp = jnp.exp(mul - logsum_tile[:, None])
            mul_2 = exp * x_f32
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + tile_sum
            chosen_2 = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_3 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            change = chosen_3 - chosen_2
            exp_2 = jnp.exp(mul - state_tile[:, None])
            sub = x_f32 - next_acc_x[:, None]
            mul_3 = sub * exp_2
            tile_sum_2 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + -1.0 * sum_x * change + tile_sum_2
            tile_sum_3 = jnp.sum(exp_2, axis=1)
            next_sum_x = sum_x + tile_sum_3
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_4 = exp * t_tile
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + tile_sum_4
            chosen_4 = jnp.where(jnp.abs(acc_x_3) < jnp.inf, acc_x_3, 0.0)
            chosen_5 = jnp.where(jnp.abs(next_acc_x_3) < jnp.inf, next_acc_x_3, 0.0)
            change_2 = chosen_5 - chosen_4
            acc_x_16 = 3.0 * (recip * recip * d_lean_tile * sum_x)
            acc_x_17 = -6.0 * (recip * recip * d_lean_tile * acc_x_2)
            acc_x_18 = -1.0 * (d_forecast_tile * sum_x) * change_2
            acc_x_19 = acc_x_4 + acc_x_18 + (acc_x_17 + acc_x_16 * change) * change
            sub_2 = t_tile - next_acc_x_3[:, None]
            mul_5 = (recip * recip * 3.0 * d_lean_tile)[:, None] * sub
            add = mul_5 * sub + d_forecast_tile[:, None] * sub_2
            mul_6 = add * exp_2
            tile_sum_5 = jnp.sum(mul_6, axis=1)
            next_acc_x_4 = acc_x_19 + tile_sum_5
            mul_7 = d_forecast_tile * state__tile * next_acc_x_2
            mul_8 = recip_2 * (mul_7 + state___tile * next_acc_x_4)
            next_centre = jnp.where(jnp.abs(mul_8) < jnp.inf, mul_8, 0.0)
            acc_x_20 = (-1.0 * acc_x_2 + sum_x * change) * change_2
            acc_x_21 = acc_x_5 + -1.0 * acc_x_6 * change + acc_x_20
            mul_9 = sub_2 * sub * exp_2
            tile_sum_6 = jnp.sum(mul_9, axis=1)
            next_acc_x_5 = acc_x_21 + tile_sum_6
            mul_10 = exp_2 * sub_2
            tile_sum_7 = jnp.sum(mul_10, axis=1)
            next_acc_x_6 = acc_x_6 + -1.0 * sum_x * change_2 + tile_sum_7
            acc_x_22 = (3.0 * acc_x_2 + -1.0 * sum_x * change) * change
            acc_x_23 = acc_x_7 + (-3.0 * acc_x_8 + acc_x_22) * change
            mul_11 = sub * sub * sub * exp_2
            tile_sum_8 = jnp.sum(mul_11, axis=1)
            next_acc_x_7 = acc_x_23 + tile_sum_8
            add_2 = state___tile + recip * recip * next_acc_x_7
            mul_12 = d_forecast_tile * (state__tile + recip * next_acc_x_5)
            mul_13 = recip_2 * recip_2 * (mul_12 + recip * d_lean_tile * add_2)
            next_centre_2 = jnp.where(jnp.abs(mul_13) < jnp.inf, mul_13, 0.0)
            acc_x_24 = (-2.0 * acc_x_2 + sum_x * change) * change
            mul_14 = exp_2 * sub * sub
            tile_sum_9 = jnp.sum(mul_14, axis=1)
            next_acc_x_8 = acc_x_8 + acc_x_24 + tile_sum_9
            mul_15 = sub * exp
            tile_sum_10 = jnp.sum(mul_15, axis=1)
            next_acc_x_9 = acc_x_9 + -1.0 * sum_x_2 * change + tile_sum_10
            tile_sum_11 = jnp.sum(exp, axis=1)
            next_sum_x_2 = sum_x_2 + tile_sum_11
            chosen_6 = jnp.where(jnp.abs(acc_x_4) < jnp.inf, acc_x_4, 0.0)
            chosen_7 = jnp.where(jnp.abs(next_acc_x_4) < jnp.inf, next_acc_x_4, 0.0)
            chosen_8 = jnp.where(jnp.abs(acc_x_2) < jnp.inf, acc_x_2, 0.0)
            chosen_9 = jnp.where(jnp.abs(next_acc_x_2) < jnp.inf, next_acc_x_2, 0.0)
            mul_16 = (recip * d_forecast_tile * recip_2)[:, None] * acc_x_15
            mul_17 = recip * recip * recip * d_lean_tile * recip_2
            mul_18 = mul_17[:, None] * acc_x_15
            mul_19 = (recip * d_forecast_tile * recip_2)[:, None] * acc_x_12
            mul_20 = recip * recip * recip * d_lean_tile * recip_2
            mul_21 = mul_20[:, None] * acc_x_12
            acc_x_25 = 3.0 * mul_18 + -1.0 * mul_21 * change[:, None]
            acc_x_26 = acc_x_11 + mul_19 * change_2[:, None] + acc_x_25 * change[:, None]
            acc_x_27 = -1.0 * acc_x_12 * (next_centre_2 - centre_2)[:, None]
            acc_x_28 = acc_x_10 + acc_x_27 + -1.0 * mul_16 * change_2[:, None]
            acc_x_29 = acc_x_14 * (chosen_9 - chosen_8)[:, None]
            acc_x_30 = acc_x_13 * (chosen_7 - chosen_6)[:, None]
            acc_x_31 = chosen[:, None] * acc_x_12 * (next_centre - centre)[:, None]
            acc_x_32 = acc_x_28 + acc_x_29 + acc_x_30 + acc_x_31
            mul_22 = (recip * d_forecast_tile * recip_2)[:, None] * sub_2
            mul_23 = (recip * d_lean_tile * recip_2)[:, None] * x_f32
            mul_24 = d_forecast_tile[:, None] * t_tile * next_acc_x_2[:, None]
            add_3 = next_acc_x_4[:, None] * x_f32 + mul_24
            sub_3 = next_centre[:, None] - jnp.where(add_3 == -jnp.inf, 0.0, add_3)
            mul_25 = (recip * recip_2 * recip_2)[:, None] * sub_3
            mul_26 = (d_forecast_tile * recip_2)[:, None] * t_tile
            mul_27 = recip * recip * recip * d_lean_tile * recip_2
            add_4 = mul_27[:, None] * sub * sub * sub + mul_26
            add_5 = add_4 + jnp.where(gt[:, None], mul_25, 0.0)
            safe_next_centre = jnp.where(next_centre_2 == -jnp.inf, 0.0, next_centre_2)
            sub_4 = add_5 + mul_23 + mul_22 * sub - safe_next_centre[:, None]
            tile_bf16 = (sub_4 * exp_2).astype(jnp.bfloat16)
            next_acc_x_10 = acc_x_32 + acc_x_26 * change[:, None] + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            acc_x_33 = 6.0 * mul_18 + -3.0 * mul_21 * change[:, None]
            acc_x_34 = acc_x_11 + mul_19 * change_2[:, None] + acc_x_33 * change[:, None]
            mul_28 = (-1.0 * recip * d_forecast_tile * recip_2)[:, None] * sub_2
            mul_29 = -3.0 * recip * recip * recip * d_lean_tile
            add_6 = (mul_29 * recip_2)[:, None] * sub * sub + mul_28
            tile_bf16_2 = (exp_2 * add_6).astype(jnp.bfloat16)
            next_acc_x_11 = acc_x_34 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = exp_2.astype(jnp.bfloat16)
            next_acc_x_12 = acc_x_12 + jnp.einsum("qx,xd->qd", tile_bf16_3, K_tile, preferred_element_type=jnp.float32)
            mul_30 = -1.0 * recip * x_f32 * recip_2[:, None] * recip_2[:, None]
            mul_31 = exp_2 * jnp.where(gt[:, None], mul_30, 0.0)
            tile_bf16_4 = mul_31.astype(jnp.bfloat16)
            next_acc_x_13 = acc_x_13 + jnp.einsum("qx,xd->qd", tile_bf16_4, K_tile, preferred_element_type=jnp.float32)
            mul_32 = (-1.0 * recip * d_forecast_tile)[:, None] * t_tile
            mul_33 = mul_32 * recip_2[:, None] * recip_2[:, None]
            mul_34 = exp_2 * jnp.where(gt[:, None], mul_33, 0.0)
            tile_bf16_5 = mul_34.astype(jnp.bfloat16)
            next_acc_x_14 = acc_x_14 + jnp.einsum("qx,xd->qd", tile_bf16_5, K_tile, preferred_element_type=jnp.float32)
            acc_x_35 = acc_x_15 + -1.0 * acc_x_12 * change[:, None]
            tile_bf16_6 = (exp_2 * sub).astype(jnp.bfloat16)
            next_acc_x_15 = acc_x_35 + jnp.einsum("qx,xd->qd", tile_bf16_6, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_sum_x, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_acc_x_8, next_acc_x_9, next_sum_x_2, next_acc_x_10, next_acc_x_11, next_acc_x_12, next_acc_x_13, next_acc_x_14, next_acc_x_15, next_centre, next_centre_2)

        acc_x, acc_x_2, sum_x, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, acc_x_8, acc_x_9, sum_x_2, acc_x_10, acc_x_11, acc_x_12, acc_x_13, acc_x_14, acc_x_15, centre, centre_2 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (acc_x, acc_x_2, sum_x, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, acc_x_8, acc_x_9, sum_x_2, acc_x_10, acc_x_11, acc_x_12, acc_x_13, acc_x_14, acc_x_15, centre, centre_2),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2, sum_x, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, acc_x_8, acc_x_9, sum_x_2, acc_x_10, acc_x_11, acc_x_12, acc_x_13, acc_x_14, acc_x_15, centre, centre_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            x_f32 = x_index.astype(jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = jnp.where((x_index < x), dot, -jnp.inf) * rsqrt
            exp = jnp.exp(mul - logsum_tile[:, None])
            mul_2 = exp * x_f32
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + tile_sum
            chosen_2 = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_3 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            change = chosen_3 - chosen_2
            exp_2 = jnp.exp(mul - state_tile[:, None])
            chosen_4 = jnp.where((x_index < x), x_f32 - next_acc_x[:, None], 0.0)
            mul_3 = chosen_4 * exp_2
            tile_sum_2 = jnp.sum(mul_3, axis=1)
            next_acc_x_2 = acc_x_2 + -1.0 * sum_x * change + tile_sum_2
            tile_sum_3 = jnp.sum(exp_2, axis=1)
            next_sum_x = sum_x + tile_sum_3
            t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
            mul_4 = exp * t_tile
            tile_sum_4 = jnp.sum(mul_4, axis=1)
            next_acc_x_3 = acc_x_3 + tile_sum_4
            chosen_5 = jnp.where(jnp.abs(acc_x_3) < jnp.inf, acc_x_3, 0.0)
            chosen_6 = jnp.where(jnp.abs(next_acc_x_3) < jnp.inf, next_acc_x_3, 0.0)
            change_2 = chosen_6 - chosen_5
            acc_x_16 = 3.0 * (recip * recip * d_lean_tile * sum_x)
            acc_x_17 = -6.0 * (recip * recip * d_lean_tile * acc_x_2)
            acc_x_18 = -1.0 * (d_forecast_tile * sum_x) * change_2
            acc_x_19 = acc_x_4 + acc_x_18 + (acc_x_17 + acc_x_16 * change) * change
            chosen_7 = jnp.where((x_index < x), t_tile - next_acc_x_3[:, None], 0.0)
            mul_5 = (recip * recip * 3.0 * d_lean_tile)[:, None] * chosen_4
            add = mul_5 * chosen_4 + d_forecast_tile[:, None] * chosen_7
            mul_6 = jnp.where((x_index < x), add, 0.0) * exp_2
            tile_sum_5 = jnp.sum(mul_6, axis=1)
            next_acc_x_4 = acc_x_19 + tile_sum_5
            mul_7 = d_forecast_tile * state__tile * next_acc_x_2
            mul_8 = recip_2 * (mul_7 + state___tile * next_acc_x_4)
            next_centre = jnp.where(jnp.abs(mul_8) < jnp.inf, mul_8, 0.0)
            acc_x_20 = (-1.0 * acc_x_2 + sum_x * change) * change_2
            acc_x_21 = acc_x_5 + -1.0 * acc_x_6 * change + acc_x_20
            mul_9 = chosen_7 * chosen_4 * exp_2
            tile_sum_6 = jnp.sum(mul_9, axis=1)
            next_acc_x_5 = acc_x_21 + tile_sum_6
            mul_10 = exp_2 * chosen_7
            tile_sum_7 = jnp.sum(mul_10, axis=1)
            next_acc_x_6 = acc_x_6 + -1.0 * sum_x * change_2 + tile_sum_7
            acc_x_22 = (3.0 * acc_x_2 + -1.0 * sum_x * change) * change
            acc_x_23 = acc_x_7 + (-3.0 * acc_x_8 + acc_x_22) * change
            mul_11 = chosen_4 * chosen_4 * chosen_4 * exp_2
            tile_sum_8 = jnp.sum(mul_11, axis=1)
            next_acc_x_7 = acc_x_23 + tile_sum_8
            add_2 = state___tile + recip * recip * next_acc_x_7
            mul_12 = d_forecast_tile * (state__tile + recip * next_acc_x_5)
            mul_13 = recip_2 * recip_2 * (mul_12 + recip * d_lean_tile * add_2)
            next_centre_2 = jnp.where(jnp.abs(mul_13) < jnp.inf, mul_13, 0.0)
            acc_x_24 = (-2.0 * acc_x_2 + sum_x * change) * change
            mul_14 = exp_2 * chosen_4 * chosen_4
            tile_sum_9 = jnp.sum(mul_14, axis=1)
            next_acc_x_8 = acc_x_8 + acc_x_24 + tile_sum_9
            mul_15 = chosen_4 * exp
            tile_sum_10 = jnp.sum(mul_15, axis=1)
            next_acc_x_9 = acc_x_9 + -1.0 * sum_x_2 * change + tile_sum_10
            tile_sum_11 = jnp.sum(exp, axis=1)
            next_sum_x_2 = sum_x_2 + tile_sum_11
            chosen_8 = jnp.where(jnp.abs(acc_x_4) < jnp.inf, acc_x_4, 0.0)
            chosen_9 = jnp.where(jnp.abs(next_acc_x_4) < jnp.inf, next_acc_x_4, 0.0)
            chosen_10 = jnp.where(jnp.abs(acc_x_2) < jnp.inf, acc_x_2, 0.0)
            chosen_11 = jnp.where(jnp.abs(next_acc_x_2) < jnp.inf, next_acc_x_2, 0.0)
            mul_16 = (recip * d_forecast_tile * recip_2)[:, None] * acc_x_15
            mul_17 = recip * recip * recip * d_lean_tile * recip_2
            mul_18 = mul_17[:, None] * acc_x_15
            mul_19 = (recip * d_forecast_tile * recip_2)[:, None] * acc_x_12
            mul_20 = recip * recip * recip * d_lean_tile * recip_2
            mul_21 = mul_20[:, None] * acc_x_12
            acc_x_25 = 3.0 * mul_18 + -1.0 * mul_21 * change[:, None]
            acc_x_26 = acc_x_11 + mul_19 * change_2[:, None] + acc_x_25 * change[:, None]
            acc_x_27 = -1.0 * acc_x_12 * (next_centre_2 - centre_2)[:, None]
            acc_x_28 = acc_x_10 + acc_x_27 + -1.0 * mul_16 * change_2[:, None]
            acc_x_29 = acc_x_14 * (chosen_11 - chosen_10)[:, None]
            acc_x_30 = acc_x_13 * (chosen_9 - chosen_8)[:, None]
            acc_x_31 = chosen[:, None] * acc_x_12 * (next_centre - centre)[:, None]
            acc_x_32 = acc_x_28 + acc_x_29 + acc_x_30 + acc_x_31
            mul_22 = (recip * d_forecast_tile * recip_2)[:, None] * chosen_7
            mul_23 = (recip * d_lean_tile * recip_2)[:, None] * x_f32
            mul_24 = d_forecast_tile[:, None] * t_tile * next_acc_x_2[:, None]
            add_3 = next_acc_x_4[:, None] * x_f32 + mul_24
            sub = next_centre[:, None] - jnp.where(add_3 == -jnp.inf, 0.0, add_3)
            mul_25 = (recip * recip_2 * recip_2)[:, None] * sub
            mul_26 = (d_forecast_tile * recip_2)[:, None] * t_tile
            mul_27 = recip * recip * recip * d_lean_tile * recip_2
            mul_28 = mul_27[:, None] * chosen_4 * chosen_4 * chosen_4
            add_4 = mul_28 + mul_26 + jnp.where(gt[:, None], mul_25, 0.0)
            safe_next_centre = jnp.where(next_centre_2 == -jnp.inf, 0.0, next_centre_2)
            sub_2 = add_4 + mul_23 + mul_22 * chosen_4 - safe_next_centre[:, None]
            mul_29 = jnp.where((x_index < x), sub_2, 0.0) * exp_2
            tile_bf16 = mul_29.astype(jnp.bfloat16)
            next_acc_x_10 = acc_x_32 + acc_x_26 * change[:, None] + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            acc_x_33 = 6.0 * mul_18 + -3.0 * mul_21 * change[:, None]
            acc_x_34 = acc_x_11 + mul_19 * change_2[:, None] + acc_x_33 * change[:, None]
            mul_30 = (-1.0 * recip * d_forecast_tile * recip_2)[:, None] * chosen_7
            mul_31 = -3.0 * recip * recip * recip * d_lean_tile
            mul_32 = (mul_31 * recip_2)[:, None] * chosen_4 * chosen_4
            chosen_12 = jnp.where((x_index < x), mul_32 + mul_30, 0.0)
            tile_bf16_2 = (exp_2 * chosen_12).astype(jnp.bfloat16)
            next_acc_x_11 = acc_x_34 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = exp_2.astype(jnp.bfloat16)
            next_acc_x_12 = acc_x_12 + jnp.einsum("qx,xd->qd", tile_bf16_3, K_tile, preferred_element_type=jnp.float32)
            mul_33 = -1.0 * recip * x_f32 * recip_2[:, None] * recip_2[:, None]
            mul_34 = exp_2 * jnp.where(gt[:, None], mul_33, 0.0)
            tile_bf16_4 = mul_34.astype(jnp.bfloat16)
            next_acc_x_13 = acc_x_13 + jnp.einsum("qx,xd->qd", tile_bf16_4, K_tile, preferred_element_type=jnp.float32)
            mul_35 = (-1.0 * recip * d_forecast_tile)[:, None] * t_tile
            mul_36 = mul_35 * recip_2[:, None] * recip_2[:, None]
            mul_37 = exp_2 * jnp.where(gt[:, None], mul_36, 0.0)
            tile_bf16_5 = mul_37.astype(jnp.bfloat16)
            next_acc_x_14 = acc_x_14 + jnp.einsum("qx,xd->qd", tile_bf16_5, K_tile, preferred_element_type=jnp.float32)
            acc_x_35 = acc_x_15 + -1.0 * acc_x_12 * change[:, None]
            tile_bf16_6 = (exp_2 * chosen_4).astype(jnp.bfloat16)
            next_acc_x_15 = acc_x_35 + jnp.einsum("qx,xd->qd", tile_bf16_6, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_sum_x, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6, next_acc_x_7, next_acc_x_8, next_acc_x_9, next_sum_x_2, next_acc_x_10, next_acc_x_11, next_acc_x_12, next_acc_x_13, next_acc_x_14, next_acc_x_15, next_centre, next_centre_2)

        acc_x, acc_x_2, sum_x, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, acc_x_8, acc_x_9, sum_x_2, acc_x_10, acc_x_11, acc_x_12, acc_x_13, acc_x_14, acc_x_15, centre, centre_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (acc_x, acc_x_2, sum_x, acc_x_3, acc_x_4, acc_x_5, acc_x_6, acc_x_7, acc_x_8, acc_x_9, sum_x_2, acc_x_10, acc_x_11, acc_x_12, acc_x_13, acc_x_14, acc_x_15, centre, centre_2),
        )
        mul = recip * d_lean_tile * (state___tile + recip * recip * acc_x_7)
        mul_2 = d_forecast_tile * (state__tile + recip * acc_x_5)
        chosen_2 = jnp.where(gt[:, None], acc_x_10 * rsqrt, 0.0)
        return acc_x, acc_x_2, acc_x_3, acc_x_4, recip_2 * recip_2 * (mul_2 + mul), 1.0 - recip * acc_x_9, chosen_2.astype(jnp.bfloat16)

    buffer_0_tiles, buffer_1_tiles, buffer_2_tiles, buffer_3_tiles, buffer_5_tiles, buffer_6_tiles, d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.reshape(-(-q // block_q) * block_q)
    buffer_1_tiles = buffer_1_tiles.reshape(-(-q // block_q) * block_q)
    buffer_2_tiles = buffer_2_tiles.reshape(-(-q // block_q) * block_q)
    buffer_3_tiles = buffer_3_tiles.reshape(-(-q // block_q) * block_q)
    buffer_5_tiles = buffer_5_tiles.reshape(-(-q // block_q) * block_q)
    buffer_6_tiles = buffer_6_tiles.reshape(-(-q // block_q) * block_q)
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return buffer_0_tiles[:q], buffer_1_tiles[:q], buffer_2_tiles[:q], buffer_3_tiles[:q], buffer_5_tiles[:q], buffer_6_tiles[:q], d_Q_tiles[:q]


def _drift_backward_d_K_d_t(
    Q, K, t, d_forecast, d_lean, logsum, state_2, z, state_, state__, buffer_0, buffer_1, buffer_3, buffer_2,
    buffer_5, buffer_6, *, block_q=256, block_x=512,
):
    """drift_backward_d_K_d_t(Q: bf16[q d], K: bf16[x d], t: f32[x], d_forecast: f32[q], d_lean: f32[q], logsum: f32[q], state: f32[q], z: f32[q], state_: f32[q], state__: f32[q], buffer_0: f32[q], buffer_1: f32[q], buffer_3: f32[q], buffer_2: f32[q], buffer_5: f32[q], buffer_6: f32[q]) -> (bf16[x d], f32[x]), in blocks: memory does not grow with q."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t, d_forecast, d_lean, logsum, state_2, z, state_, state__, buffer_0, buffer_1, buffer_3, buffer_2, buffer_5, buffer_6 = (jnp.asarray(array, jnp.float32) for array in (t, d_forecast, d_lean, logsum, state_2, z, state_, state__, buffer_0, buffer_1, buffer_3, buffer_2, buffer_5, buffer_6))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    if d_forecast.shape != (q,):
        raise ValueError(f"d_forecast: f32[q] has shape {d_forecast.shape}, expected {(q,)}")
    if d_lean.shape != (q,):
        raise ValueError(f"d_lean: f32[q] has shape {d_lean.shape}, expected {(q,)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if state_2.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state_2.shape}, expected {(q,)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if state_.shape != (q,):
        raise ValueError(f"state_: f32[q] has shape {state_.shape}, expected {(q,)}")
    if state__.shape != (q,):
        raise ValueError(f"state__: f32[q] has shape {state__.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    if buffer_3.shape != (q,):
        raise ValueError(f"buffer_3: f32[q] has shape {buffer_3.shape}, expected {(q,)}")
    if buffer_2.shape != (q,):
        raise ValueError(f"buffer_2: f32[q] has shape {buffer_2.shape}, expected {(q,)}")
    if buffer_5.shape != (q,):
        raise ValueError(f"buffer_5: f32[q] has shape {buffer_5.shape}, expected {(q,)}")
    if buffer_6.shape != (q,):
        raise ValueError(f"buffer_6: f32[q] has shape {buffer_6.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    t = jnp.pad(t, ((0, max(-x % block_x, block_x - x)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    buffer_5 = jnp.pad(buffer_5, ((0, max(-q % block_q, block_q - q)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    buffer_2 = jnp.pad(buffer_2, ((0, max(-q % block_q, block_q - q)),))
    z = jnp.pad(z, ((0, max(-q % block_q, block_q - q)),))
    d_forecast = jnp.pad(d_forecast, ((0, max(-q % block_q, block_q - q)),))
    d_lean = jnp.pad(d_lean, ((0, max(-q % block_q, block_q - q)),))
    buffer_1 = jnp.pad(buffer_1, ((0, max(-q % block_q, block_q - q)),))
    buffer_3 = jnp.pad(buffer_3, ((0, max(-q % block_q, block_q - q)),))
    state__ = jnp.pad(state__, ((0, max(-q % block_q, block_q - q)),))
    state_ = jnp.pad(state_, ((0, max(-q % block_q, block_q - q)),))
    state_2 = jnp.pad(state_2, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_6 = jnp.pad(buffer_6, ((0, max(-q % block_q, block_q - q)),))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        sum_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x,))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x,))
        x_f32 = x_index.astype(jnp.float32)
        t_tile = lax.dynamic_slice_in_dim(t, first_x, block_x, 0)
        recip = 1 / jnp.float32(x)
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, sum_q, acc_q_2 = state
            first_q = block * block_q
            buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            sub = x_f32[:, None] - buffer_0_tile
            buffer_2_tile = lax.dynamic_slice_in_dim(buffer_2, first_q, block_q, 0)
            chosen = jnp.where((t_tile == -jnp.inf)[:, None], 0.0, buffer_2_tile)
            z_tile = lax.dynamic_slice_in_dim(z, first_q, block_q, 0)
            recip_2 = 1 / z_tile
            d_forecast_tile = lax.dynamic_slice_in_dim(d_forecast, first_q, block_q, 0)
            mul = recip * d_forecast_tile * recip_2 * (t_tile[:, None] - chosen)
            d_lean_tile = lax.dynamic_slice_in_dim(d_lean, first_q, block_q, 0)
            mul_2 = recip * d_lean_tile * recip_2 * x_f32[:, None]
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            mul_3 = d_forecast_tile * t_tile[:, None] * buffer_1_tile
            buffer_3_tile = lax.dynamic_slice_in_dim(buffer_3, first_q, block_q, 0)
            add = buffer_3_tile * x_f32[:, None] + mul_3
            state___tile = lax.dynamic_slice_in_dim(state__, first_q, block_q, 0)
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            mul_4 = d_forecast_tile * state__tile * buffer_1_tile
            mul_5 = recip_2 * (mul_4 + state___tile * buffer_3_tile)
            sub_2 = mul_5 - jnp.where(add == -jnp.inf, 0.0, add)
            gt = z_tile > 0.0
            chosen_2 = jnp.where(gt, recip * recip_2 * recip_2 * sub_2, 0.0)
            mul_6 = d_forecast_tile * recip_2 * t_tile[:, None]
            mul_7 = recip * recip * recip * d_lean_tile * recip_2
            add_2 = mul_7 * sub * sub * sub + mul_6 + chosen_2
            safe_buffer_5 = jnp.where(buffer_5_tile == -jnp.inf, 0.0, buffer_5_tile)
            sub_3 = add_2 + mul_2 + mul * sub - safe_buffer_5
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mul_8 = dot * rsqrt
            exp = jnp.exp(mul_8 - state_tile)
            tile_bf16 = (jnp.where(gt, sub_3, 0.0) * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_q, block_q, 0)
            mul_9 = d_forecast_tile * recip_2 * buffer_6_tile
            chosen_3 = jnp.where(gt, mul_9 * exp, 0.0)
            tile_sum = jnp.sum(chosen_3, axis=1)
            next_sum_q = sum_q + tile_sum
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mul_10 = d_forecast_tile * (sub * jnp.exp(mul_8 - logsum_tile))
            tile_sum_2 = jnp.sum(mul_10, axis=1)
            next_acc_q_2 = acc_q_2 + tile_sum_2
            return (next_acc_q, next_sum_q, next_acc_q_2)

        acc_q, sum_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, sum_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, sum_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            buffer_5_tile = lax.dynamic_slice_in_dim(buffer_5, first_q, block_q, 0)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            sub = x_f32[:, None] - buffer_0_tile
            buffer_2_tile = lax.dynamic_slice_in_dim(buffer_2, first_q, block_q, 0)
            chosen = jnp.where((t_tile == -jnp.inf)[:, None], 0.0, buffer_2_tile)
            z_tile = lax.dynamic_slice_in_dim(z, first_q, block_q, 0)
            recip_2 = 1 / z_tile
            d_forecast_tile = lax.dynamic_slice_in_dim(d_forecast, first_q, block_q, 0)
            mul = recip * d_forecast_tile * recip_2 * (t_tile[:, None] - chosen)
            d_lean_tile = lax.dynamic_slice_in_dim(d_lean, first_q, block_q, 0)
            mul_2 = recip * d_lean_tile * recip_2 * x_f32[:, None]
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            mul_3 = d_forecast_tile * t_tile[:, None] * buffer_1_tile
            buffer_3_tile = lax.dynamic_slice_in_dim(buffer_3, first_q, block_q, 0)
            add = buffer_3_tile * x_f32[:, None] + mul_3
            state___tile = lax.dynamic_slice_in_dim(state__, first_q, block_q, 0)
            state__tile = lax.dynamic_slice_in_dim(state_, first_q, block_q, 0)
            mul_4 = d_forecast_tile * state__tile * buffer_1_tile
            mul_5 = recip_2 * (mul_4 + state___tile * buffer_3_tile)
            sub_2 = mul_5 - jnp.where(add == -jnp.inf, 0.0, add)
            gt = z_tile > 0.0
            chosen_2 = jnp.where(gt, recip * recip_2 * recip_2 * sub_2, 0.0)
            mul_6 = d_forecast_tile * recip_2 * t_tile[:, None]
            mul_7 = recip * recip * recip * d_lean_tile * recip_2
            add_2 = mul_7 * sub * sub * sub + mul_6 + chosen_2
            safe_buffer_5 = jnp.where(buffer_5_tile == -jnp.inf, 0.0, buffer_5_tile)
            sub_3 = add_2 + mul_2 + mul * sub - safe_buffer_5
            chosen_3 = jnp.where(gt & (q_index < q), sub_3, 0.0)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            mul_8 = dot * rsqrt
            exp = jnp.exp(mul_8 - state_tile)
            tile_bf16 = (chosen_3 * exp).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            buffer_6_tile = lax.dynamic_slice_in_dim(buffer_6, first_q, block_q, 0)
            mul_9 = d_forecast_tile * recip_2 * buffer_6_tile
            chosen_4 = jnp.where(gt & (q_index < q), mul_9 * exp, 0.0)
            tile_sum = jnp.sum(chosen_4, axis=1)
            next_sum_q = sum_q + tile_sum
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            mul_10 = d_forecast_tile * (sub * jnp.exp(mul_8 - logsum_tile))
            tile_sum_2 = jnp.sum(mul_10, axis=1)
            next_acc_q_2 = acc_q_2 + tile_sum_2
            return (next_acc_q, next_sum_q, next_acc_q_2)

        acc_q, sum_q, acc_q_2 = lax.fori_loop(
            from_q // block_q,
            -(-q // block_q),
            step_2,
            (acc_q, sum_q, acc_q_2),
        )
        return (acc_q * rsqrt).astype(jnp.bfloat16), sum_q + recip * acc_q_2

    d_K_tiles, d_t_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_t_tiles = d_t_tiles.reshape(-(-x // block_x) * block_x)
    return d_K_tiles[:x], d_t_tiles[:x]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _drift_differentiable(Q, K, t, block_x, block_q):
    forecast, lean = _drift(Q, K, t, block_x=block_x, block_q=block_q)
    return (forecast, lean)


def _drift_keeping(Q, K, t, block_x, block_q):
    forecast, lean, logsum, state, z, state_, state__ = _drift_forward(
        Q,
        K,
        t,
        block_x=block_x,
        block_q=block_q,
    )
    return (forecast, lean), (Q, K, t, logsum, state, z, state_, state__)


def _drift_pull(block_x, block_q, saved, cotangents):
    Q, K, t, logsum, state, z, state_, state__ = saved
    d_forecast, d_lean = cotangents
    buffer_0, buffer_1, buffer_2, buffer_3, buffer_5, buffer_6, d_Q = _drift_backward_buffer_0_buffer_1_buffer_2_buffer_3_buffer_5_buffer_6_d_Q(
        Q, K, t, d_forecast, d_lean, logsum, state, z, state_, state__, block_x=block_x, block_q=block_q,
    )
    d_K, d_t = _drift_backward_d_K_d_t(
        Q, K, t, d_forecast, d_lean, logsum, state, z, state_, state__, buffer_0, buffer_1, buffer_3,
        buffer_2, buffer_5, buffer_6, block_q=block_q, block_x=block_x,
    )
    return (d_Q, d_K, d_t)


_drift_differentiable.defvjp(_drift_keeping, _drift_pull)


def drift(Q, K, t, *, block_x=256, block_q=512):
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q]), in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    Q, K, t = _alike(Q, K, t)
    return _drift_differentiable(Q, K, t, block_x, block_q)


def drift_plain(Q, K, t):
    """drift(Q: bf16[q d], K: bf16[x d], t: f32[x]) -> (f32[q], f32[q])"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    t = jnp.asarray(t, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if t.shape != (x,):
        raise ValueError(f"t: f32[x] has shape {t.shape}, expected {(x,)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[moments.diag:7]
    max_x = jnp.max(product, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(product - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    m = jnp.einsum("qx,x->q", P, t, precision="highest")  # [q]  # src[moments.diag:37]
    place = jnp.arange(x).astype(jnp.float32) / x  # [x]  # src[moments.diag:36]
    centre = jnp.einsum("qx,x->q", P, place, precision="highest")  # [q]  # src[moments.diag:38]
    difference = place - centre[:, None]  # [q x]  # src[moments.diag:39]
    sum_x = jnp.einsum("qx,qx,qx->q", P, t - m[:, None], difference, precision="highest")  # [q]  # src[moments.diag:39]
    total = m + sum_x  # [q]  # src[moments.diag:39]
    sum_x_2 = jnp.einsum("qx,qx->q", P, difference ** 3, precision="highest")  # [q]  # src[moments.diag:39]
    total_2 = centre + sum_x_2  # [q]  # src[moments.diag:39]
    return total, total_2


def choice(logits, E):
    """choice(logits: f32[token vocab], E: bf16[vocab e]) -> (bf16[token e], i32[token] in vocab, f32[token])"""
    logits = jnp.asarray(logits, jnp.float32)
    E = jnp.asarray(E, jnp.bfloat16)
    token, vocab = logits.shape
    _, e = E.shape
    if E.shape != (vocab, e):
        raise ValueError(f"E: bf16[vocab e] has shape {E.shape}, expected {(vocab, e)}")
    max_vocab = _extremum(logits, (1,), jnp.max)  # [token]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(logits, max_vocab[:, None]))  # [token vocab]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [token]  # src[maps.diag:6]
    P = jnp.where(z[:, None] > 0, e_2 / z[:, None], 0)  # [token vocab]  # src[maps.diag:7]
    sum_vocab = _product("tv,ve->te", jnp.bfloat16, P, E)  # [token e]  # src[moments.diag:49]
    as_bf16 = sum_vocab.astype(jnp.bfloat16)  # [token e]
    argmax_vocab = jnp.argmax(logits, axis=1).astype(jnp.int32)  # [token]  # src[moments.diag:49]
    return as_bf16, argmax_vocab, max_vocab


def _temperature(Q, K, b, *, block_x=256, block_q=512):
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b = jnp.asarray(b, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        m = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = b * rsqrt * dot
            tile_max = jnp.max(mul, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e = jnp.exp(mul - safe_next_m[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            mul_2 = dot * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), b * rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e = jnp.exp(chosen - safe_next_m[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            mul = dot * e
            tile_sum_2 = jnp.sum(mul, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (m, z, acc_x))
        chosen = jnp.where(z > 0.0, rsqrt * (1 / z) * acc_x, 0.0)
        return jnp.log(z) + m, chosen

    L_tiles, E_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    L_tiles = L_tiles.reshape(-(-q // block_q) * block_q)
    E_tiles = E_tiles.reshape(-(-q // block_q) * block_q)
    return L_tiles[:q], E_tiles[:q]


def _temperature_forward(Q, K, b, *, block_x=256, block_q=512):
    """temperature_forward(Q: bf16[q d], K: bf16[x d], b: f32[]) -> (f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b = jnp.asarray(b, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        m = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul = b * rsqrt * dot
            tile_max = jnp.max(mul, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e = jnp.exp(mul - safe_next_m[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            mul_2 = dot * e
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (m, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            m, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), b * rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_m = jnp.maximum(m, tile_max)
            safe_next_m = jnp.where(next_m == -jnp.inf, 0.0, next_m)
            scale = jnp.exp(m - safe_next_m)
            e = jnp.exp(chosen - safe_next_m[:, None])
            tile_sum = jnp.sum(e, axis=1)
            next_z = z * scale + tile_sum
            mul = dot * e
            tile_sum_2 = jnp.sum(mul, axis=1)
            next_acc_x = acc_x * scale + tile_sum_2
            return (next_m, next_z, next_acc_x)

        m, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (m, z, acc_x))
        chosen = jnp.where(z > 0.0, rsqrt * (1 / z) * acc_x, 0.0)
        return jnp.log(z) + m, chosen

    L_tiles, E_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    L_tiles = L_tiles.reshape(-(-q // block_q) * block_q)
    E_tiles = E_tiles.reshape(-(-q // block_q) * block_q)
    return L_tiles[:q], E_tiles[:q]


def _temperature_backward_buffer_0_d_Q(Q, K, b, d_L, d_E, L, *, block_x=256, block_q=512):
    """temperature_backward_buffer_0_d_Q(Q: bf16[q d], K: bf16[x d], b: f32[], d_L: f32[q], d_E: f32[q], L: f32[q]) -> (f32[q], bf16[q d]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b, d_L, d_E, L = (jnp.asarray(array, jnp.float32) for array in (b, d_L, d_E, L))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if d_E.shape != (q,):
        raise ValueError(f"d_E: f32[q] has shape {d_E.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    L = jnp.pad(L, ((0, max(-q % block_q, block_q - q)),))
    d_E = jnp.pad(d_E, ((0, max(-q % block_q, block_q - q)),))
    d_L = jnp.pad(d_L, ((0, max(-q % block_q, block_q - q)),))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        centre = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        d_E_tile = lax.dynamic_slice_in_dim(d_E, first_q, block_q, 0)
        d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
        mul = d_L_tile * b
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            mul_2 = b * rsqrt * dot
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            exp = jnp.exp(mul_2 - safe_L[:, None])
            mul_3 = exp * dot
            tile_sum = jnp.sum(mul_3, axis=1)
            next_acc_x = acc_x + tile_sum
            mul_4 = b * rsqrt * next_acc_x
            next_centre = jnp.where(jnp.abs(mul_4) < jnp.inf, mul_4, 0.0)
            acc_x_4 = -1.0 * (d_E_tile[:, None] * acc_x_3) * (next_centre - centre)[:, None]
            safe_next_centre = jnp.where(next_centre == -jnp.inf, 0.0, next_centre)
            mul_5 = d_E_tile[:, None] * (1.0 + mul_2 - safe_next_centre[:, None])
            tile_bf16 = (exp * (mul_5 + mul[:, None])).astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + acc_x_4 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (acc_x, acc_x_2, acc_x_3, centre),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2, acc_x_3, centre = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < x), b * rsqrt * dot, -jnp.inf)
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            exp = jnp.exp(chosen - safe_L[:, None])
            mul_2 = exp * dot
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_x = acc_x + tile_sum
            mul_3 = b * rsqrt * next_acc_x
            next_centre = jnp.where(jnp.abs(mul_3) < jnp.inf, mul_3, 0.0)
            acc_x_4 = -1.0 * (d_E_tile[:, None] * acc_x_3) * (next_centre - centre)[:, None]
            safe_next_centre = jnp.where(next_centre == -jnp.inf, 0.0, next_centre)
            mul_4 = d_E_tile[:, None] * (1.0 + chosen - safe_next_centre[:, None])
            chosen_2 = jnp.where((x_index < x), mul_4 + mul[:, None], 0.0)
            tile_bf16 = (exp * chosen_2).astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + acc_x_4 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_centre)

        acc_x, acc_x_2, acc_x_3, centre = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (acc_x, acc_x_2, acc_x_3, centre),
        )
        return acc_x, (acc_x_2 * rsqrt).astype(jnp.bfloat16)

    buffer_0_tiles, d_Q_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.reshape(-(-q // block_q) * block_q)
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    return buffer_0_tiles[:q], d_Q_tiles[:q]


def _temperature_backward_buffer_1_d_K(Q, K, b, d_L, d_E, L, buffer_0, *, block_q=256, block_x=512):
    """temperature_backward_buffer_1_d_K(Q: bf16[q d], K: bf16[x d], b: f32[], d_L: f32[q], d_E: f32[q], L: f32[q], buffer_0: f32[q]) -> (f32[x], bf16[x d]), in blocks: memory does not grow with q."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b, d_L, d_E, L, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (b, d_L, d_E, L, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    if d_L.shape != (q,):
        raise ValueError(f"d_L: f32[q] has shape {d_L.shape}, expected {(q,)}")
    if d_E.shape != (q,):
        raise ValueError(f"d_E: f32[q] has shape {d_E.shape}, expected {(q,)}")
    if L.shape != (q,):
        raise ValueError(f"L: f32[q] has shape {L.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    d_E = jnp.pad(d_E, ((0, max(-q % block_q, block_q - q)),))
    d_L = jnp.pad(d_L, ((0, max(-q % block_q, block_q - q)),))
    L = jnp.pad(L, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x,))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        rsqrt = lax.rsqrt(jnp.float32(d))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            d_E_tile = lax.dynamic_slice_in_dim(d_E, first_q, block_q, 0)
            d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
            add = d_L_tile + rsqrt * d_E_tile * (dot - buffer_0_tile)
            L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
            mul = b * rsqrt * dot
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            exp = jnp.exp(mul - safe_L)
            mul_2 = exp * dot * add
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_q = acc_q + tile_sum
            mul_3 = b * rsqrt * buffer_0_tile
            sub = 1.0 + mul - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            tile_bf16 = (exp * (d_E_tile * sub + d_L_tile * b)).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            d_E_tile = lax.dynamic_slice_in_dim(d_E, first_q, block_q, 0)
            d_L_tile = lax.dynamic_slice_in_dim(d_L, first_q, block_q, 0)
            add = d_L_tile + rsqrt * d_E_tile * (dot - buffer_0_tile)
            L_tile = lax.dynamic_slice_in_dim(L, first_q, block_q, 0)
            mul = b * rsqrt * dot
            safe_L = jnp.where(L_tile == -jnp.inf, 0.0, L_tile)
            chosen = jnp.where((q_index < q), mul - safe_L, -jnp.inf)
            exp = jnp.exp(chosen)
            mul_2 = exp * dot * add
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_q = acc_q + tile_sum
            mul_3 = b * rsqrt * buffer_0_tile
            sub = 1.0 + mul - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            tile_bf16 = (exp * (d_E_tile * sub + d_L_tile * b)).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-q // block_q), step_2, (acc_q, acc_q_2))
        return acc_q, (acc_q_2 * rsqrt).astype(jnp.bfloat16)

    buffer_1_tiles, d_K_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    buffer_1_tiles = buffer_1_tiles.reshape(-(-x // block_x) * block_x)
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    return buffer_1_tiles[:x], d_K_tiles[:x]


def _temperature_backward_d_b(buffer_1, *, d):
    """temperature_backward_d_b(buffer_1: f32[x]) -> f32[]"""
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    (x,) = buffer_1.shape
    sum_x = jnp.sum(buffer_1)  # []
    product = sum_x * lax.rsqrt(jnp.float32(d))  # []
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _temperature_differentiable(Q, K, b, block_x, block_q):
    L, E = _temperature(Q, K, b, block_x=block_x, block_q=block_q)
    return (L, E)


def _temperature_keeping(Q, K, b, block_x, block_q):
    L, E = _temperature_forward(Q, K, b, block_x=block_x, block_q=block_q)
    return (L, E), (Q, K, b, L)


def _temperature_pull(block_x, block_q, saved, cotangents):
    Q, K, b, L = saved
    d_L, d_E = cotangents
    _, d = Q.shape
    buffer_0, d_Q = _temperature_backward_buffer_0_d_Q(Q, K, b, d_L, d_E, L, block_x=block_x, block_q=block_q)
    buffer_1, d_K = _temperature_backward_buffer_1_d_K(
        Q, K, b, d_L, d_E, L, buffer_0, block_q=block_q, block_x=block_x,
    )
    d_b = _temperature_backward_d_b(buffer_1, d=d)
    return (d_Q, d_K, d_b)


_temperature_differentiable.defvjp(_temperature_keeping, _temperature_pull)


def temperature(Q, K, b, *, block_x=256, block_q=512):
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> (f32[q], f32[q]), in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b = jnp.asarray(b, jnp.float32)
    Q, K, b = _alike(Q, K, b)
    return _temperature_differentiable(Q, K, b, block_x, block_q)


def temperature_plain(Q, K, b):
    """temperature(Q: bf16[q d], K: bf16[x d], b: f32[]) -> (f32[q], f32[q])"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    b = jnp.asarray(b, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if b.shape != ():
        raise ValueError(f"b: f32[] has shape {b.shape}, expected {()}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[moments.diag:7]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []  # src[moments.diag:7]
    product = b * (sum_d * rsqrt_value)  # [q x]  # src[moments.diag:55]
    m = jnp.max(product, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:11]
    e = jnp.exp(product - m[:, None])  # [q x]  # src[maps.diag:12]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:12]
    total = m + jnp.log(z)  # [q]  # src[maps.diag:12]
    chosen = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,qx->q", chosen, sum_d, precision="highest") * rsqrt_value  # [q]  # src[moments.diag:55]
    return total, sum_x
