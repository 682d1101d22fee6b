# Made by diagc 0.1.0 from nearest.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["distances", "nearest", "nearest_plain", "nearest_distance", "nearest_distance_plain", "nearest_few", "nearest_few_plain", "margin", "margin_plain", "kernel_regression", "kernel_regression_plain"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]


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


def distances(Q, K):
    """distances(Q: f32[q d], K: f32[x d]) -> f32[q x]"""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    return sum_d


def nearest(Q, K, *, block_x=256, block_q=512):
    """nearest(Q: f32[q d], K: f32[x d]) -> i32[q] in x, in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    Q, K = _alike(Q, K)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        min_x = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        min_x_2 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            min_x, min_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            tile_min = jnp.min(sum_, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_3 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_2 = jnp.where(sum_ == next_min_x[:, None], x_index.astype(jnp.int32), tile_i32)
            tile_min_2 = jnp.min(chosen_2, axis=1)
            next_min_x_2 = jnp.minimum(min_x_3, tile_min_2)
            return (next_min_x, next_min_x_2)

        min_x, min_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (min_x, min_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            min_x, min_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(chosen_2, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_3 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_3 = jnp.where(sum_ == next_min_x[:, None], x_index.astype(jnp.int32), tile_i32)
            chosen_4 = jnp.where((x_index < x), chosen_3, 2147483647)
            tile_min_2 = jnp.min(chosen_4, axis=1)
            next_min_x_2 = jnp.minimum(min_x_3, tile_min_2)
            return (next_min_x, next_min_x_2)

        min_x, min_x_2 = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (min_x, min_x_2))
        return min_x_2

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def nearest_plain(Q, K):
    """nearest(Q: f32[q d], K: f32[x d]) -> i32[q] in x"""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    argmin_x = jnp.argmin(sum_d, axis=1).astype(jnp.int32)  # [q]  # src[nearest.diag:11]
    return argmin_x


def _nearest_distance(Q, K, *, block_x=256, block_q=512):
    """nearest_distance(Q: f32[q d], K: f32[x d]) -> f32[q], in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        min_x = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            (min_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            tile_min = jnp.min(sum_, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            return (next_min_x,)

        (min_x,) = lax.fori_loop(0, -(-to_x // block_x), step, (min_x,))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            (min_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(chosen_2, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            return (next_min_x,)

        (min_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (min_x,))
        return min_x

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def _nearest_distance_forward(Q, K, *, block_x=256, block_q=512):
    """nearest_distance_forward(Q: f32[q d], K: f32[x d]) -> (f32[q], i32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        min_x = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        min_x_2 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            min_x, min_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            tile_min = jnp.min(sum_, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_3 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_2 = jnp.where(next_min_x[:, None] == sum_, x_index.astype(jnp.int32), tile_i32)
            tile_min_2 = jnp.min(chosen_2, axis=1)
            next_min_x_2 = jnp.minimum(min_x_3, tile_min_2)
            return (next_min_x, next_min_x_2)

        min_x, min_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (min_x, min_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            min_x, min_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(chosen_2, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_3 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_3 = jnp.where(next_min_x[:, None] == sum_, x_index.astype(jnp.int32), tile_i32)
            chosen_4 = jnp.where((x_index < x), chosen_3, 2147483647)
            tile_min_2 = jnp.min(chosen_4, axis=1)
            next_min_x_2 = jnp.minimum(min_x_3, tile_min_2)
            return (next_min_x, next_min_x_2)

        min_x, min_x_2 = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (min_x, min_x_2))
        return min_x, min_x_2

    out_tiles, place_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    place_tiles = place_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], place_tiles[:q]


def _nearest_distance_backward_d_Q(Q, K, d_out, place):
    """nearest_distance_backward_d_Q(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q]) -> f32[q d]"""
    Q, K, d_out = (jnp.asarray(array, jnp.float32) for array in (Q, K, d_out))
    place = jnp.asarray(place, jnp.int32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    eq_value = jnp.arange(x).astype(jnp.int32) == place[:, None]  # [q x]
    sum_x = jnp.sum(jnp.where(eq_value[:, :, None], _subtract(K, Q[:, None]), 0.0), axis=1)  # [q d]
    product = -2.0 * d_out[:, None] * sum_x  # [q d]
    return product


def _nearest_distance_backward_d_K(Q, K, d_out, place):
    """nearest_distance_backward_d_K(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q]) -> f32[x d]"""
    Q, K, d_out = (jnp.asarray(array, jnp.float32) for array in (Q, K, d_out))
    place = jnp.asarray(place, jnp.int32)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    eq_value = jnp.arange(x)[:, None].astype(jnp.int32) == place  # [x q]
    chosen = jnp.where(eq_value[:, :, None], _subtract(K[:, None], Q) * d_out[:, None], 0.0)  # [x q d]
    sum_q = jnp.sum(chosen, axis=1)  # [x d]
    product = 2.0 * sum_q  # [x d]
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _nearest_distance_differentiable(Q, K, block_x, block_q):
    out = _nearest_distance(Q, K, block_x=block_x, block_q=block_q)
    return out


def _nearest_distance_keeping(Q, K, block_x, block_q):
    out, place = _nearest_distance_forward(Q, K, block_x=block_x, block_q=block_q)
    return out, (Q, K, place)


def _nearest_distance_pull(block_x, block_q, saved, cotangents):
    Q, K, place = saved
    d_out = cotangents
    d_Q = _nearest_distance_backward_d_Q(Q, K, d_out, place)
    d_K = _nearest_distance_backward_d_K(Q, K, d_out, place)
    return (d_Q, d_K)


_nearest_distance_differentiable.defvjp(_nearest_distance_keeping, _nearest_distance_pull)


def nearest_distance(Q, K, *, block_x=256, block_q=512):
    """nearest_distance(Q: f32[q d], K: f32[x d]) -> f32[q], in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    Q, K = _alike(Q, K)
    return _nearest_distance_differentiable(Q, K, block_x, block_q)


def nearest_distance_plain(Q, K):
    """nearest_distance(Q: f32[q d], K: f32[x d]) -> f32[q]"""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    min_x = _extremum(sum_d, (1,), jnp.min)  # [q]  # src[nearest.diag:15]
    return min_x


def _nearest_few(Q, K, *, block_x=256, block_q=512):
    """nearest_few(Q: f32[q d], K: f32[x d]) -> (f32[q place], i32[q place] in x), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        place_index = jnp.arange(4)
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        max_x_2 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x_2 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        max_x_3 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x_3 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        max_x_4 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x_4 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            mul_2 = sum_ * -1.0
            tile_max = jnp.max(mul_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            min_x_5 = jnp.where(max_x == next_max_x, min_x, tile_i32)
            x_i32 = x_index.astype(jnp.int32)
            chosen_2 = jnp.where(mul_2 == next_max_x[:, None], x_i32, tile_i32)
            tile_min = jnp.min(chosen_2, axis=1)
            next_min_x = jnp.minimum(min_x_5, tile_min)
            min_x_6 = next_min_x == min_x
            max_x_5 = jnp.where(min_x_6, max_x_2, max_x)
            ne = next_min_x[:, None] != x_i32
            chosen_3 = jnp.where(ne, mul_2, -jnp.inf)
            tile_max_2 = jnp.max(chosen_3, axis=1)
            next_max_x_2 = jnp.maximum(max_x_5, tile_max_2)
            min_x_7 = jnp.where(min_x_6, min_x_2, min_x)
            tile_i32_2 = jnp.where(max_x_5 == next_max_x_2, min_x_7, tile_i32)
            chosen_4 = jnp.where(ne & (mul_2 == next_max_x_2[:, None]), x_i32, tile_i32)
            tile_min_2 = jnp.min(chosen_4, axis=1)
            next_tile_i32 = jnp.minimum(tile_i32_2, tile_min_2)
            max_x_6 = jnp.where(min_x_6, max_x_3, max_x_2)
            min_x_8 = next_tile_i32 == min_x_7
            max_x_7 = jnp.where(min_x_8, max_x_6, max_x_5)
            mask = (next_tile_i32[:, None] != x_i32) & ne
            chosen_5 = jnp.where(mask, mul_2, -jnp.inf)
            tile_max_3 = jnp.max(chosen_5, axis=1)
            next_max_x_3 = jnp.maximum(max_x_7, tile_max_3)
            min_x_9 = jnp.where(min_x_6, min_x_3, min_x_2)
            min_x_10 = jnp.where(min_x_8, min_x_9, min_x_7)
            tile_i32_3 = jnp.where(max_x_7 == next_max_x_3, min_x_10, tile_i32)
            chosen_6 = jnp.where((next_max_x_3[:, None] == mul_2) & mask, x_i32, tile_i32)
            tile_min_3 = jnp.min(chosen_6, axis=1)
            next_tile_i32_2 = jnp.minimum(tile_i32_3, tile_min_3)
            max_x_8 = jnp.where(min_x_8, jnp.where(min_x_6, max_x_4, max_x_3), max_x_6)
            min_x_11 = next_tile_i32_2 == min_x_10
            max_x_9 = jnp.where(min_x_11, max_x_8, max_x_7)
            mask_2 = (next_tile_i32_2[:, None] != x_i32) & mask
            chosen_7 = jnp.where(mask_2, mul_2, -jnp.inf)
            tile_max_4 = jnp.max(chosen_7, axis=1)
            next_max_x_4 = jnp.maximum(max_x_9, tile_max_4)
            min_x_12 = jnp.where(min_x_8, jnp.where(min_x_6, min_x_4, min_x_3), min_x_9)
            tile_i32_4 = jnp.where(max_x_9 == next_max_x_4, jnp.where(min_x_11, min_x_12, min_x_10), tile_i32)
            mask_3 = (mul_2 == next_max_x_4[:, None]) & mask_2
            chosen_8 = jnp.where(mask_3, x_i32, tile_i32)
            tile_min_4 = jnp.min(chosen_8, axis=1)
            next_tile_i32_3 = jnp.minimum(tile_i32_4, tile_min_4)
            return (next_max_x, next_min_x, next_max_x_2, next_tile_i32, next_max_x_3, next_tile_i32_2, next_max_x_4, next_tile_i32_3)

        max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), sum_ * -1.0, -jnp.inf)
            tile_max = jnp.max(chosen_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            min_x_5 = jnp.where(max_x == next_max_x, min_x, tile_i32)
            x_i32 = x_index.astype(jnp.int32)
            chosen_3 = jnp.where(chosen_2 == next_max_x[:, None], x_i32, tile_i32)
            chosen_4 = jnp.where((x_index < x), chosen_3, 2147483647)
            tile_min = jnp.min(chosen_4, axis=1)
            next_min_x = jnp.minimum(min_x_5, tile_min)
            min_x_6 = next_min_x == min_x
            max_x_5 = jnp.where(min_x_6, max_x_2, max_x)
            ne = next_min_x[:, None] != x_i32
            chosen_5 = jnp.where(ne, chosen_2, -jnp.inf)
            tile_max_2 = jnp.max(chosen_5, axis=1)
            next_max_x_2 = jnp.maximum(max_x_5, tile_max_2)
            min_x_7 = jnp.where(min_x_6, min_x_2, min_x)
            tile_i32_2 = jnp.where(max_x_5 == next_max_x_2, min_x_7, tile_i32)
            chosen_6 = jnp.where(ne & (chosen_2 == next_max_x_2[:, None]), x_i32, tile_i32)
            chosen_7 = jnp.where((x_index < x), chosen_6, 2147483647)
            tile_min_2 = jnp.min(chosen_7, axis=1)
            next_tile_i32 = jnp.minimum(tile_i32_2, tile_min_2)
            max_x_6 = jnp.where(min_x_6, max_x_3, max_x_2)
            min_x_8 = next_tile_i32 == min_x_7
            max_x_7 = jnp.where(min_x_8, max_x_6, max_x_5)
            mask = (next_tile_i32[:, None] != x_i32) & ne
            chosen_8 = jnp.where(mask, chosen_2, -jnp.inf)
            tile_max_3 = jnp.max(chosen_8, axis=1)
            next_max_x_3 = jnp.maximum(max_x_7, tile_max_3)
            min_x_9 = jnp.where(min_x_6, min_x_3, min_x_2)
            min_x_10 = jnp.where(min_x_8, min_x_9, min_x_7)
            tile_i32_3 = jnp.where(max_x_7 == next_max_x_3, min_x_10, tile_i32)
            mask_2 = (next_max_x_3[:, None] == chosen_2) & mask
            chosen_9 = jnp.where((x_index < x), jnp.where(mask_2, x_i32, tile_i32), 2147483647)
            tile_min_3 = jnp.min(chosen_9, axis=1)
            next_tile_i32_2 = jnp.minimum(tile_i32_3, tile_min_3)
            max_x_8 = jnp.where(min_x_8, jnp.where(min_x_6, max_x_4, max_x_3), max_x_6)
            min_x_11 = next_tile_i32_2 == min_x_10
            max_x_9 = jnp.where(min_x_11, max_x_8, max_x_7)
            mask_3 = (next_tile_i32_2[:, None] != x_i32) & mask
            chosen_10 = jnp.where(mask_3, chosen_2, -jnp.inf)
            tile_max_4 = jnp.max(chosen_10, axis=1)
            next_max_x_4 = jnp.maximum(max_x_9, tile_max_4)
            min_x_12 = jnp.where(min_x_8, jnp.where(min_x_6, min_x_4, min_x_3), min_x_9)
            tile_i32_4 = jnp.where(max_x_9 == next_max_x_4, jnp.where(min_x_11, min_x_12, min_x_10), tile_i32)
            mask_4 = (chosen_2 == next_max_x_4[:, None]) & mask_3
            chosen_11 = jnp.where((x_index < x), jnp.where(mask_4, x_i32, tile_i32), 2147483647)
            tile_min_4 = jnp.min(chosen_11, axis=1)
            next_tile_i32_3 = jnp.minimum(tile_i32_4, tile_min_4)
            return (next_max_x, next_min_x, next_max_x_2, next_tile_i32, next_max_x_3, next_tile_i32_2, next_max_x_4, next_tile_i32_3)

        max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4),
        )
        equal = 2 == place_index
        chosen = jnp.where(equal, max_x_3[:, None], max_x_4[:, None])
        equal_2 = place_index == 1
        chosen_2 = jnp.where(equal_2, max_x_2[:, None], chosen)
        equal_3 = 0 == place_index
        near = jnp.where(equal_3, max_x[:, None], chosen_2)
        chosen_3 = jnp.where(equal, min_x_3[:, None], min_x_4[:, None])
        chosen_4 = jnp.where(equal_2, min_x_2[:, None], chosen_3)
        found = jnp.where(equal_3, min_x[:, None], chosen_4)
        return -1.0 * near, found

    D_tiles, I_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    D_tiles = D_tiles.reshape(-(-q // block_q) * block_q, 4)
    I_tiles = I_tiles.reshape(-(-q // block_q) * block_q, 4)
    return D_tiles[:q], I_tiles[:q]


def _nearest_few_forward(Q, K, *, block_x=256, block_q=512):
    """nearest_few_forward(Q: f32[q d], K: f32[x d]) -> (f32[q place], i32[q place] in x), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        place_index = jnp.arange(4)
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        max_x_2 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x_2 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        max_x_3 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x_3 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        max_x_4 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        min_x_4 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            mul_2 = -1.0 * sum_
            tile_max = jnp.max(mul_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            min_x_5 = jnp.where(max_x == next_max_x, min_x, tile_i32)
            x_i32 = x_index.astype(jnp.int32)
            chosen_2 = jnp.where(mul_2 == next_max_x[:, None], x_i32, tile_i32)
            tile_min = jnp.min(chosen_2, axis=1)
            next_min_x = jnp.minimum(min_x_5, tile_min)
            min_x_6 = next_min_x == min_x
            max_x_5 = jnp.where(min_x_6, max_x_2, max_x)
            ne = next_min_x[:, None] != x_i32
            chosen_3 = jnp.where(ne, mul_2, -jnp.inf)
            tile_max_2 = jnp.max(chosen_3, axis=1)
            next_max_x_2 = jnp.maximum(max_x_5, tile_max_2)
            min_x_7 = jnp.where(min_x_6, min_x_2, min_x)
            tile_i32_2 = jnp.where(max_x_5 == next_max_x_2, min_x_7, tile_i32)
            chosen_4 = jnp.where(ne & (mul_2 == next_max_x_2[:, None]), x_i32, tile_i32)
            tile_min_2 = jnp.min(chosen_4, axis=1)
            next_tile_i32 = jnp.minimum(tile_i32_2, tile_min_2)
            max_x_6 = jnp.where(min_x_6, max_x_3, max_x_2)
            min_x_8 = next_tile_i32 == min_x_7
            max_x_7 = jnp.where(min_x_8, max_x_6, max_x_5)
            ne_2 = next_tile_i32[:, None] != x_i32
            chosen_5 = jnp.where(ne & ne_2, mul_2, -jnp.inf)
            tile_max_3 = jnp.max(chosen_5, axis=1)
            next_max_x_3 = jnp.maximum(max_x_7, tile_max_3)
            min_x_9 = jnp.where(min_x_6, min_x_3, min_x_2)
            min_x_10 = jnp.where(min_x_8, min_x_9, min_x_7)
            tile_i32_3 = jnp.where(max_x_7 == next_max_x_3, min_x_10, tile_i32)
            mask = ne & ne_2 & (mul_2 == next_max_x_3[:, None])
            chosen_6 = jnp.where(mask, x_i32, tile_i32)
            tile_min_3 = jnp.min(chosen_6, axis=1)
            next_tile_i32_2 = jnp.minimum(tile_i32_3, tile_min_3)
            max_x_8 = jnp.where(min_x_8, jnp.where(min_x_6, max_x_4, max_x_3), max_x_6)
            min_x_11 = next_tile_i32_2 == min_x_10
            max_x_9 = jnp.where(min_x_11, max_x_8, max_x_7)
            ne_3 = x_i32 != next_tile_i32_2[:, None]
            chosen_7 = jnp.where(ne & ne_3 & ne_2, mul_2, -jnp.inf)
            tile_max_4 = jnp.max(chosen_7, axis=1)
            next_max_x_4 = jnp.maximum(max_x_9, tile_max_4)
            min_x_12 = jnp.where(min_x_8, jnp.where(min_x_6, min_x_4, min_x_3), min_x_9)
            tile_i32_4 = jnp.where(max_x_9 == next_max_x_4, jnp.where(min_x_11, min_x_12, min_x_10), tile_i32)
            mask_2 = ne & (next_max_x_4[:, None] == mul_2) & ne_3
            chosen_8 = jnp.where(mask_2 & ne_2, x_i32, tile_i32)
            tile_min_4 = jnp.min(chosen_8, axis=1)
            next_tile_i32_3 = jnp.minimum(tile_i32_4, tile_min_4)
            return (next_max_x, next_min_x, next_max_x_2, next_tile_i32, next_max_x_3, next_tile_i32_2, next_max_x_4, next_tile_i32_3)

        max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where(K_tile == -jnp.inf, 0.0, Q_tile[:, None])
            sub = K_tile - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), -1.0 * sum_, -jnp.inf)
            tile_max = jnp.max(chosen_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            min_x_5 = jnp.where(max_x == next_max_x, min_x, tile_i32)
            x_i32 = x_index.astype(jnp.int32)
            chosen_3 = jnp.where(chosen_2 == next_max_x[:, None], x_i32, tile_i32)
            chosen_4 = jnp.where((x_index < x), chosen_3, 2147483647)
            tile_min = jnp.min(chosen_4, axis=1)
            next_min_x = jnp.minimum(min_x_5, tile_min)
            min_x_6 = next_min_x == min_x
            max_x_5 = jnp.where(min_x_6, max_x_2, max_x)
            ne = next_min_x[:, None] != x_i32
            chosen_5 = jnp.where(ne, chosen_2, -jnp.inf)
            tile_max_2 = jnp.max(chosen_5, axis=1)
            next_max_x_2 = jnp.maximum(max_x_5, tile_max_2)
            min_x_7 = jnp.where(min_x_6, min_x_2, min_x)
            tile_i32_2 = jnp.where(max_x_5 == next_max_x_2, min_x_7, tile_i32)
            chosen_6 = jnp.where(ne & (chosen_2 == next_max_x_2[:, None]), x_i32, tile_i32)
            chosen_7 = jnp.where((x_index < x), chosen_6, 2147483647)
            tile_min_2 = jnp.min(chosen_7, axis=1)
            next_tile_i32 = jnp.minimum(tile_i32_2, tile_min_2)
            max_x_6 = jnp.where(min_x_6, max_x_3, max_x_2)
            min_x_8 = next_tile_i32 == min_x_7
            max_x_7 = jnp.where(min_x_8, max_x_6, max_x_5)
            ne_2 = next_tile_i32[:, None] != x_i32
            chosen_8 = jnp.where(ne & ne_2, chosen_2, -jnp.inf)
            tile_max_3 = jnp.max(chosen_8, axis=1)
            next_max_x_3 = jnp.maximum(max_x_7, tile_max_3)
            min_x_9 = jnp.where(min_x_6, min_x_3, min_x_2)
            min_x_10 = jnp.where(min_x_8, min_x_9, min_x_7)
            tile_i32_3 = jnp.where(max_x_7 == next_max_x_3, min_x_10, tile_i32)
            mask = ne & ne_2 & (chosen_2 == next_max_x_3[:, None])
            chosen_9 = jnp.where((x_index < x), jnp.where(mask, x_i32, tile_i32), 2147483647)
            tile_min_3 = jnp.min(chosen_9, axis=1)
            next_tile_i32_2 = jnp.minimum(tile_i32_3, tile_min_3)
            max_x_8 = jnp.where(min_x_8, jnp.where(min_x_6, max_x_4, max_x_3), max_x_6)
            min_x_11 = next_tile_i32_2 == min_x_10
            max_x_9 = jnp.where(min_x_11, max_x_8, max_x_7)
            ne_3 = x_i32 != next_tile_i32_2[:, None]
            chosen_10 = jnp.where(ne & ne_3 & ne_2, chosen_2, -jnp.inf)
            tile_max_4 = jnp.max(chosen_10, axis=1)
            next_max_x_4 = jnp.maximum(max_x_9, tile_max_4)
            min_x_12 = jnp.where(min_x_8, jnp.where(min_x_6, min_x_4, min_x_3), min_x_9)
            tile_i32_4 = jnp.where(max_x_9 == next_max_x_4, jnp.where(min_x_11, min_x_12, min_x_10), tile_i32)
            mask_2 = ne & (next_max_x_4[:, None] == chosen_2) & ne_3
            chosen_11 = jnp.where(mask_2 & ne_2, x_i32, tile_i32)
            chosen_12 = jnp.where((x_index < x), chosen_11, 2147483647)
            tile_min_4 = jnp.min(chosen_12, axis=1)
            next_tile_i32_3 = jnp.minimum(tile_i32_4, tile_min_4)
            return (next_max_x, next_min_x, next_max_x_2, next_tile_i32, next_max_x_3, next_tile_i32_2, next_max_x_4, next_tile_i32_3)

        max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, min_x, max_x_2, min_x_2, max_x_3, min_x_3, max_x_4, min_x_4),
        )
        equal = 2 == place_index
        chosen = jnp.where(equal, max_x_3[:, None], max_x_4[:, None])
        equal_2 = place_index == 1
        chosen_2 = jnp.where(equal_2, max_x_2[:, None], chosen)
        equal_3 = 0 == place_index
        near = jnp.where(equal_3, max_x[:, None], chosen_2)
        chosen_3 = jnp.where(equal, min_x_3[:, None], min_x_4[:, None])
        chosen_4 = jnp.where(equal_2, min_x_2[:, None], chosen_3)
        found = jnp.where(equal_3, min_x[:, None], chosen_4)
        return -1.0 * near, found

    D_tiles, I_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    D_tiles = D_tiles.reshape(-(-q // block_q) * block_q, 4)
    I_tiles = I_tiles.reshape(-(-q // block_q) * block_q, 4)
    return D_tiles[:q], I_tiles[:q]


def _nearest_few_backward_buffer_0(d_D, I, *, x):
    """nearest_few_backward_buffer_0(d_D: f32[q place], I: i32[q place] in x) -> f32[q x]"""
    d_D = jnp.asarray(d_D, jnp.float32)
    I = jnp.asarray(I, jnp.int32)
    q, _ = d_D.shape
    if d_D.shape != (q, 4):
        raise ValueError(f"d_D: f32[q place] has shape {d_D.shape}, expected {(q, 4)}")
    if I.shape != (q, 4):
        raise ValueError(f"I: i32[q place] has shape {I.shape}, expected {(q, 4)}")
    sum_place = jnp.sum(jnp.where(jnp.arange(x) == I[:, :, None], d_D[:, :, None], 0.0), axis=1)  # [q x]
    return sum_place


def _nearest_few_backward_d_Q(Q, K, buffer_0):
    """nearest_few_backward_d_Q(Q: f32[q d], K: f32[x d], buffer_0: f32[q x]) -> f32[q d]"""
    Q, K, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    sum_x = jnp.einsum("qx,xdq->qd", buffer_0, _subtract(K[:, :, None], Q.T), precision="highest")  # [q d]
    product = -2.0 * sum_x  # [q d]
    return product


def _nearest_few_backward_d_K(Q, K, buffer_0):
    """nearest_few_backward_d_K(Q: f32[q d], K: f32[x d], buffer_0: f32[q x]) -> f32[x d]"""
    Q, K, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (Q, K, buffer_0))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    sum_q = jnp.einsum("qx,xdq->xd", buffer_0, _subtract(K[:, :, None], Q.T), precision="highest")  # [x d]
    product = 2.0 * sum_q  # [x d]
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _nearest_few_differentiable(Q, K, block_x, block_q):
    D, I = _nearest_few(Q, K, block_x=block_x, block_q=block_q)
    return (D, I)


def _nearest_few_keeping(Q, K, block_x, block_q):
    D, I = _nearest_few_forward(Q, K, block_x=block_x, block_q=block_q)
    return (D, I), (Q, K, I)


def _nearest_few_pull(block_x, block_q, saved, cotangents):
    Q, K, I = saved
    d_D, _ = cotangents
    x, _ = K.shape
    buffer_0 = _nearest_few_backward_buffer_0(d_D, I, x=x)
    d_Q = _nearest_few_backward_d_Q(Q, K, buffer_0)
    d_K = _nearest_few_backward_d_K(Q, K, buffer_0)
    return (d_Q, d_K)


_nearest_few_differentiable.defvjp(_nearest_few_keeping, _nearest_few_pull)


def nearest_few(Q, K, *, block_x=256, block_q=512):
    """nearest_few(Q: f32[q d], K: f32[x d]) -> (f32[q place], i32[q place] in x), in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    Q, K = _alike(Q, K)
    return _nearest_few_differentiable(Q, K, block_x, block_q)


def nearest_few_plain(Q, K):
    """nearest_few(Q: f32[q d], K: f32[x d]) -> (f32[q place], i32[q place] in x)"""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    negated = -sum_d  # [q x]  # src[nearest.diag:20]
    largest, positions = lax.top_k(negated, 4)  # [q place]
    negated_2 = -largest  # [q place]  # src[nearest.diag:21]
    return negated_2, positions


def _margin(Q, K, *, block_x=256, block_q=512):
    """margin(Q: f32[q d], K: f32[x d]) -> f32[q], in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        min_x = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        min_x_2 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        min_x_3 = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            min_x, min_x_2, min_x_3 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            tile_min = jnp.min(sum_, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_4 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_2 = jnp.where(sum_ == next_min_x[:, None], x_index.astype(jnp.int32), tile_i32)
            tile_min_2 = jnp.min(chosen_2, axis=1)
            next_min_x_2 = jnp.minimum(min_x_4, tile_min_2)
            min_x_5 = jnp.where(next_min_x_2 == min_x_2, min_x_3, min_x)
            chosen_3 = jnp.where(next_min_x_2[:, None] == x_index, jnp.inf, sum_)
            tile_min_3 = jnp.min(chosen_3, axis=1)
            next_min_x_3 = jnp.minimum(min_x_5, tile_min_3)
            return (next_min_x, next_min_x_2, next_min_x_3)

        min_x, min_x_2, min_x_3 = lax.fori_loop(0, -(-to_x // block_x), step, (min_x, min_x_2, min_x_3))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            min_x, min_x_2, min_x_3 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            D = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(D, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_4 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_2 = jnp.where(sum_ == next_min_x[:, None], x_index.astype(jnp.int32), tile_i32)
            chosen_3 = jnp.where((x_index < x), chosen_2, 2147483647)
            tile_min_2 = jnp.min(chosen_3, axis=1)
            next_min_x_2 = jnp.minimum(min_x_4, tile_min_2)
            min_x_5 = jnp.where(next_min_x_2 == min_x_2, min_x_3, min_x)
            chosen_4 = jnp.where(next_min_x_2[:, None] == x_index, jnp.inf, sum_)
            chosen_5 = jnp.where((x_index < x), chosen_4, jnp.inf)
            tile_min_3 = jnp.min(chosen_5, axis=1)
            next_min_x_3 = jnp.minimum(min_x_5, tile_min_3)
            return (next_min_x, next_min_x_2, next_min_x_3)

        min_x, min_x_2, min_x_3 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (min_x, min_x_2, min_x_3),
        )
        return min_x_3 - min_x

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def _margin_forward(Q, K, *, block_x=256, block_q=512):
    """margin_forward(Q: f32[q d], K: f32[x d]) -> (f32[q], i32[q], i32[q]), in blocks: memory does not grow with x."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        min_x = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        min_x_2 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        min_x_3 = jnp.full_like(Q, jnp.inf, jnp.float32, (block_q,))
        min_x_4 = jnp.full_like(Q, 2147483647, jnp.int32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            min_x, min_x_2, min_x_3, min_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            tile_min = jnp.min(sum_, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_5 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            x_i32 = x_index.astype(jnp.int32)
            chosen_2 = jnp.where(sum_ == next_min_x[:, None], x_i32, tile_i32)
            tile_min_2 = jnp.min(chosen_2, axis=1)
            next_min_x_2 = jnp.minimum(min_x_5, tile_min_2)
            min_x_6 = next_min_x_2 == min_x_2
            min_x_7 = jnp.where(min_x_6, min_x_3, min_x)
            chosen_3 = jnp.where(x_index == next_min_x_2[:, None], jnp.inf, sum_)
            tile_min_3 = jnp.min(chosen_3, axis=1)
            next_min_x_3 = jnp.minimum(min_x_7, tile_min_3)
            tile_i32_2 = jnp.where(min_x_7 == next_min_x_3, jnp.where(min_x_6, min_x_4, min_x_2), tile_i32)
            chosen_4 = jnp.where(chosen_3 == next_min_x_3[:, None], x_i32, tile_i32)
            tile_min_4 = jnp.min(chosen_4, axis=1)
            next_tile_i32 = jnp.minimum(tile_i32_2, tile_min_4)
            return (next_min_x, next_min_x_2, next_min_x_3, next_tile_i32)

        min_x, min_x_2, min_x_3, min_x_4 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (min_x, min_x_2, min_x_3, min_x_4),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            min_x, min_x_2, min_x_3, min_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            D = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(D, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_5 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            x_i32 = x_index.astype(jnp.int32)
            chosen_2 = jnp.where(sum_ == next_min_x[:, None], x_i32, tile_i32)
            chosen_3 = jnp.where((x_index < x), chosen_2, 2147483647)
            tile_min_2 = jnp.min(chosen_3, axis=1)
            next_min_x_2 = jnp.minimum(min_x_5, tile_min_2)
            min_x_6 = next_min_x_2 == min_x_2
            min_x_7 = jnp.where(min_x_6, min_x_3, min_x)
            chosen_4 = jnp.where(x_index == next_min_x_2[:, None], jnp.inf, sum_)
            chosen_5 = jnp.where((x_index < x), chosen_4, jnp.inf)
            tile_min_3 = jnp.min(chosen_5, axis=1)
            next_min_x_3 = jnp.minimum(min_x_7, tile_min_3)
            tile_i32_2 = jnp.where(min_x_7 == next_min_x_3, jnp.where(min_x_6, min_x_4, min_x_2), tile_i32)
            chosen_6 = jnp.where(chosen_4 == next_min_x_3[:, None], x_i32, tile_i32)
            chosen_7 = jnp.where((x_index < x), chosen_6, 2147483647)
            tile_min_4 = jnp.min(chosen_7, axis=1)
            next_tile_i32 = jnp.minimum(tile_i32_2, tile_min_4)
            return (next_min_x, next_min_x_2, next_min_x_3, next_tile_i32)

        min_x, min_x_2, min_x_3, min_x_4 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (min_x, min_x_2, min_x_3, min_x_4),
        )
        return min_x_3 - min_x, min_x_2, min_x_4

    out_tiles, place_tiles, place__tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    place_tiles = place_tiles.reshape(-(-q // block_q) * block_q)
    place__tiles = place__tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], place_tiles[:q], place__tiles[:q]


def _margin_backward_d_Q(Q, K, d_out, place, place_):
    """margin_backward_d_Q(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q], place_: i32[q]) -> f32[q d]"""
    Q, K, d_out = (jnp.asarray(array, jnp.float32) for array in (Q, K, d_out))
    place, place_ = (jnp.asarray(array, jnp.int32) for array in (place, place_))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if place_.shape != (q,):
        raise ValueError(f"place_: i32[q] has shape {place_.shape}, expected {(q,)}")
    as_i32 = jnp.arange(x).astype(jnp.int32)  # [x]
    difference = _subtract(Q[:, :, None], K.T)  # [q d x]
    chosen = jnp.where(as_i32 == place_[:, None, None], difference * d_out[:, None, None], 0.0)  # [q d x]
    chosen_2 = jnp.where(place[:, None, None] == jnp.arange(x), 0.0, chosen)  # [q d x]
    product = 2.0 * difference * d_out[:, None, None]  # [q d x]
    chosen_3 = jnp.where(as_i32 == place[:, None, None], product, 0.0)  # [q d x]
    sum_x = jnp.sum(2.0 * chosen_2 - chosen_3, axis=2)  # [q d]
    return sum_x


def _margin_backward_d_K(Q, K, d_out, place, place_):
    """margin_backward_d_K(Q: f32[q d], K: f32[x d], d_out: f32[q], place: i32[q], place_: i32[q]) -> f32[x d]"""
    Q, K, d_out = (jnp.asarray(array, jnp.float32) for array in (Q, K, d_out))
    place, place_ = (jnp.asarray(array, jnp.int32) for array in (place, place_))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if place.shape != (q,):
        raise ValueError(f"place: i32[q] has shape {place.shape}, expected {(q,)}")
    if place_.shape != (q,):
        raise ValueError(f"place_: i32[q] has shape {place_.shape}, expected {(q,)}")
    as_i32 = jnp.arange(x).astype(jnp.int32)  # [x]
    difference = _subtract(Q[:, :, None], K.T)  # [q d x]
    product = 2.0 * difference * d_out[:, None, None]  # [q d x]
    chosen = jnp.where(as_i32 == place[:, None, None], product, 0.0)  # [q d x]
    chosen_2 = jnp.where(as_i32 == place_[:, None, None], difference * d_out[:, None, None], 0.0)  # [q d x]
    chosen_3 = jnp.where(place[:, None, None] == jnp.arange(x), 0.0, chosen_2)  # [q d x]
    sum_q = jnp.sum(chosen - 2.0 * chosen_3, axis=0)  # [d x]
    return sum_q.T


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _margin_differentiable(Q, K, block_x, block_q):
    out = _margin(Q, K, block_x=block_x, block_q=block_q)
    return out


def _margin_keeping(Q, K, block_x, block_q):
    out, place, place_ = _margin_forward(Q, K, block_x=block_x, block_q=block_q)
    return out, (Q, K, place, place_)


def _margin_pull(block_x, block_q, saved, cotangents):
    Q, K, place, place_ = saved
    d_out = cotangents
    d_Q = _margin_backward_d_Q(Q, K, d_out, place, place_)
    d_K = _margin_backward_d_K(Q, K, d_out, place, place_)
    return (d_Q, d_K)


_margin_differentiable.defvjp(_margin_keeping, _margin_pull)


def margin(Q, K, *, block_x=256, block_q=512):
    """margin(Q: f32[q d], K: f32[x d]) -> f32[q], in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    Q, K = _alike(Q, K)
    return _margin_differentiable(Q, K, block_x, block_q)


def margin_plain(Q, K):
    """margin(Q: f32[q d], K: f32[x d]) -> f32[q]"""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    D = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    argmin_x = jnp.argmin(D, axis=1).astype(jnp.int32)  # [q]  # src[nearest.diag:27]
    min_x = _extremum(jnp.where(jnp.arange(x) == argmin_x[:, None], jnp.inf, D), (1,), jnp.min)  # [q]  # src[nearest.diag:27]
    min_x_2 = _extremum(D, (1,), jnp.min)  # [q]  # src[nearest.diag:27]
    difference = min_x - min_x_2  # [q]  # src[nearest.diag:27]
    return difference


def _kernel_regression(Q, K, V, *, block_x=256, block_q=512):
    """kernel_regression(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        recip = 1 / jnp.float32(d)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            mul_2 = -1.0 * recip * sum_
            tile_max = jnp.max(mul_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(-1.0 * next_max_x - -1.0 * max_x)
            mul_3 = -1.0 * (sum_ * recip + next_max_x[:, None])
            e_2 = jnp.exp(mul_3)
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_2, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), -1.0 * recip * sum_, -jnp.inf)
            tile_max = jnp.max(chosen_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(-1.0 * next_max_x - -1.0 * max_x)
            mul_2 = -1.0 * (sum_ * recip + next_max_x[:, None])
            chosen_3 = jnp.where((x_index < x), mul_2, -jnp.inf)
            e_2 = jnp.exp(chosen_3)
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_2, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def _kernel_regression_forward(Q, K, V, *, block_x=256, block_q=512):
    """kernel_regression_forward(Q: f32[q d], K: f32[x d], V: f32[x e]) -> (f32[q e], f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        recip = 1 / jnp.float32(d)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            mul_2 = -1.0 * recip * sum_
            tile_max = jnp.max(mul_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(-1.0 * next_max_x - -1.0 * max_x)
            mul_3 = -1.0 * (recip * sum_ + next_max_x[:, None])
            e_2 = jnp.exp(mul_3)
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_2, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            chosen = jnp.where((Q_tile == -jnp.inf)[:, None], 0.0, K_tile)
            sub = Q_tile[:, None] - chosen
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen_2 = jnp.where((x_index < x), -1.0 * recip * sum_, -jnp.inf)
            tile_max = jnp.max(chosen_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(-1.0 * next_max_x - -1.0 * max_x)
            mul_2 = -1.0 * (recip * sum_ + next_max_x[:, None])
            chosen_3 = jnp.where((x_index < x), mul_2, -jnp.inf)
            e_2 = jnp.exp(chosen_3)
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_2, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], (1 / z)[:, None] * acc_x, 0.0)
        return chosen, max_x, z

    out_tiles, state_tiles, z_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    state_tiles = state_tiles.reshape(-(-q // block_q) * block_q)
    z_tiles = z_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], state_tiles[:q], z_tiles[:q]


def _kernel_regression_backward_buffer_0(Q, K, state):
    """kernel_regression_backward_buffer_0(Q: f32[q d], K: f32[x d], state: f32[q]) -> f32[q x]"""
    Q, K, state = (jnp.asarray(array, jnp.float32) for array in (Q, K, state))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if state.shape != (q,):
        raise ValueError(f"state: f32[q] has shape {state.shape}, expected {(q,)}")
    difference = _subtract(Q[:, :, None], K.T)  # [q d x]
    sum_d = jnp.einsum("qdx,qdx->qx", difference, difference, precision="highest")  # [q x]
    total = state[:, None] + 1 / jnp.float32(d) * sum_d  # [q x]
    exponential = jnp.exp(-1.0 * total)  # [q x]
    return exponential


def _kernel_regression_backward_buffer_1(d_out, out):
    """kernel_regression_backward_buffer_1(d_out: f32[q e], out: f32[q e]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.float32) for array in (d_out, out))
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: f32[q e] has shape {out.shape}, expected {(q, e)}")
    sum_e = jnp.einsum("qe,qe->q", d_out, out, precision="highest")  # [q]
    return sum_e


def _kernel_regression_backward_buffer_2(V, d_out, buffer_1):
    """kernel_regression_backward_buffer_2(V: f32[x e], d_out: f32[q e], buffer_1: f32[q]) -> f32[q x]"""
    V, d_out, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (V, d_out, buffer_1))
    x, e = V.shape
    q, _ = d_out.shape
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: f32[q e] has shape {d_out.shape}, expected {(q, e)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    sum_e = jnp.einsum("xe,qe->qx", V, d_out, precision="highest")  # [q x]
    difference = sum_e - buffer_1[:, None]  # [q x]
    return difference


def _kernel_regression_backward_d_V(d_out, z, buffer_0):
    """kernel_regression_backward_d_V(d_out: f32[q e], z: f32[q], buffer_0: f32[q x]) -> f32[x e]"""
    d_out, z, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (d_out, z, buffer_0))
    q, e = d_out.shape
    _, x = buffer_0.shape
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    chosen = jnp.where(z[:, None] > 0.0, buffer_0, 0.0)  # [q x]
    sum_q = jnp.einsum("q,qx,qe->xe", 1 / z, chosen, d_out, precision="highest")  # [x e]
    return sum_q


def _kernel_regression_backward_d_Q(Q, K, z, buffer_0, buffer_2):
    """kernel_regression_backward_d_Q(Q: f32[q d], K: f32[x d], z: f32[q], buffer_0: f32[q x], buffer_2: f32[q x]) -> f32[q d]"""
    Q, K, z, buffer_0, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (Q, K, z, buffer_0, buffer_2))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    inverse = 1 / jnp.float32(d)  # []
    sum_x = jnp.einsum("qdx,qx,qx->qd", _subtract(Q[:, :, None], K.T), buffer_0, buffer_2, precision="highest")
    product = inverse * (1 / z[:, None]) * sum_x * -2.0  # [q d]
    chosen = jnp.where(z[:, None] > 0.0, product, 0.0)  # [q d]
    return chosen


def _kernel_regression_backward_d_K(Q, K, z, buffer_0, buffer_2):
    """kernel_regression_backward_d_K(Q: f32[q d], K: f32[x d], z: f32[q], buffer_0: f32[q x], buffer_2: f32[q x]) -> f32[x d]"""
    Q, K, z, buffer_0, buffer_2 = (jnp.asarray(array, jnp.float32) for array in (Q, K, z, buffer_0, buffer_2))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if z.shape != (q,):
        raise ValueError(f"z: f32[q] has shape {z.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_2.shape != (q, x):
        raise ValueError(f"buffer_2: f32[q x] has shape {buffer_2.shape}, expected {(q, x)}")
    product = _subtract(Q[:, :, None], K.T) * (1 / z[:, None, None]) * buffer_0[:, None] * buffer_2[:, None]
    sum_q = jnp.sum(jnp.where(z[:, None, None] > 0.0, product, 0.0), axis=0)  # [d x]
    product_2 = 2.0 * (1 / jnp.float32(d)) * sum_q.T  # [x d]
    return product_2


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _kernel_regression_differentiable(Q, K, V, block_x, block_q):
    out = _kernel_regression(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _kernel_regression_keeping(Q, K, V, block_x, block_q):
    out, state, z = _kernel_regression_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, state, z)


def _kernel_regression_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, state, z = saved
    d_out = cotangents
    buffer_0 = _kernel_regression_backward_buffer_0(Q, K, state)
    buffer_1 = _kernel_regression_backward_buffer_1(d_out, out)
    buffer_2 = _kernel_regression_backward_buffer_2(V, d_out, buffer_1)
    d_V = _kernel_regression_backward_d_V(d_out, z, buffer_0)
    d_Q = _kernel_regression_backward_d_Q(Q, K, z, buffer_0, buffer_2)
    d_K = _kernel_regression_backward_d_K(Q, K, z, buffer_0, buffer_2)
    return (d_Q, d_K, d_V)


_kernel_regression_differentiable.defvjp(_kernel_regression_keeping, _kernel_regression_pull)


def kernel_regression(Q, K, V, *, block_x=256, block_q=512):
    """kernel_regression(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _kernel_regression_differentiable(Q, K, V, block_x, block_q)


def kernel_regression_plain(Q, K, V):
    """kernel_regression(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e]"""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    sum_d = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    quotient = -sum_d / d  # [q x]  # src[nearest.diag:32]
    max_x = jnp.max(quotient, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e_2 = jnp.exp(quotient - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e_2 / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xe->qe", chosen, V, precision="highest")  # [q e]  # src[nearest.diag:32]
    return sum_x
