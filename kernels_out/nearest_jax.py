# Made by diagc 0.1.0 from nearest.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["distances", "nearest", "nearest_plain", "nearest_distance", "nearest_distance_plain", "kernel_regression", "kernel_regression_plain"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


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
        min_x = jnp.full((block_q,), jnp.inf, jnp.float32)
        min_x_2 = jnp.full((block_q,), 2147483647, jnp.int32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        tile_i32 = jnp.int32(x - 1)
        to_x = x // block_x * block_x

        def step(block, state):
            min_x, min_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            tile_min = jnp.min(sum_, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_3 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen = jnp.where(sum_ == next_min_x[:, None], x_index.astype(jnp.int32), tile_i32)
            tile_min_2 = jnp.min(chosen, axis=1)
            next_min_x_2 = jnp.minimum(min_x_3, tile_min_2)
            return (next_min_x, next_min_x_2)

        min_x, min_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (min_x, min_x_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            min_x, min_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(chosen, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            min_x_3 = jnp.where(min_x == next_min_x, min_x_2, tile_i32)
            chosen_2 = jnp.where(sum_ == next_min_x[:, None], x_index.astype(jnp.int32), tile_i32)
            chosen_3 = jnp.where((x_index < x), chosen_2, 2147483647)
            tile_min_2 = jnp.min(chosen_3, axis=1)
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
        min_x = jnp.full((block_q,), jnp.inf, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            (min_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
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
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(chosen, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            return (next_min_x,)

        (min_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (min_x,))
        return min_x

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def _nearest_distance_forward(Q, K, *, block_x=256, block_q=512):
    """nearest_distance_forward(Q: f32[q d], K: f32[x d]) -> f32[q], in blocks: memory does not grow with x."""
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
        min_x = jnp.full((block_q,), jnp.inf, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            (min_x,) = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
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
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen = jnp.where((x_index < x), sum_, jnp.inf)
            tile_min = jnp.min(chosen, axis=1)
            next_min_x = jnp.minimum(min_x, tile_min)
            return (next_min_x,)

        (min_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (min_x,))
        return min_x

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q]


def _nearest_distance_backward_buffer_0(Q, K, out):
    """nearest_distance_backward_buffer_0(Q: f32[q d], K: f32[x d], out: f32[q]) -> bool[q x]"""
    Q, K, out = (jnp.asarray(array, jnp.float32) for array in (Q, K, out))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if out.shape != (q,):
        raise ValueError(f"out: f32[q] has shape {out.shape}, expected {(q,)}")
    difference = _subtract(Q[:, :, None], K.T)  # [q d x]
    sum_d = jnp.einsum("qdx,qdx->qx", difference, difference, precision="highest")  # [q x]
    eq_value = out[:, None] == sum_d  # [q x]
    return eq_value


def _nearest_distance_backward_buffer_1(buffer_0):
    """nearest_distance_backward_buffer_1(buffer_0: bool[q x]) -> f32[q]"""
    buffer_0 = jnp.asarray(buffer_0, bool)
    q, x = buffer_0.shape
    sum_x = jnp.sum(jnp.where(buffer_0, jnp.float32(1.0), 0.0), axis=1)  # [q]
    inverse = 1 / sum_x  # [q]
    return inverse


def _nearest_distance_backward_d_Q(Q, K, d_out, buffer_0, buffer_1):
    """nearest_distance_backward_d_Q(Q: f32[q d], K: f32[x d], d_out: f32[q], buffer_0: bool[q x], buffer_1: f32[q]) -> f32[q d]"""
    Q, K, d_out, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (Q, K, d_out, buffer_1))
    buffer_0 = jnp.asarray(buffer_0, bool)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bool[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    sum_x = jnp.sum(jnp.where(buffer_0[:, :, None], _subtract(Q[:, None], K), 0.0), axis=1)  # [q d]
    product = d_out[:, None] * sum_x * buffer_1[:, None] * 2.0  # [q d]
    return product


def _nearest_distance_backward_d_K(Q, K, d_out, buffer_0, buffer_1):
    """nearest_distance_backward_d_K(Q: f32[q d], K: f32[x d], d_out: f32[q], buffer_0: bool[q x], buffer_1: f32[q]) -> f32[x d]"""
    Q, K, d_out, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (Q, K, d_out, buffer_1))
    buffer_0 = jnp.asarray(buffer_0, bool)
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if d_out.shape != (q,):
        raise ValueError(f"d_out: f32[q] has shape {d_out.shape}, expected {(q,)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: bool[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    chosen = jnp.where(buffer_0[:, :, None], _subtract(Q[:, None], K), 0.0)  # [q x d]
    sum_q = jnp.einsum("q,qxd,q->xd", d_out, chosen, buffer_1, precision="highest")  # [x d]
    product = sum_q * -2.0  # [x d]
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _nearest_distance_differentiable(Q, K, block_x, block_q):
    out = _nearest_distance(Q, K, block_x=block_x, block_q=block_q)
    return out


def _nearest_distance_keeping(Q, K, block_x, block_q):
    out = _nearest_distance_forward(Q, K, block_x=block_x, block_q=block_q)
    return out, (Q, K, out)


def _nearest_distance_pull(block_x, block_q, saved, cotangents):
    Q, K, out = saved
    d_out = cotangents
    buffer_0 = _nearest_distance_backward_buffer_0(Q, K, out)
    buffer_1 = _nearest_distance_backward_buffer_1(buffer_0)
    d_Q = _nearest_distance_backward_d_Q(Q, K, d_out, buffer_0, buffer_1)
    d_K = _nearest_distance_backward_d_K(Q, K, d_out, buffer_0, buffer_1)
    return (d_Q, d_K)


_nearest_distance_differentiable.defvjp(_nearest_distance_keeping, _nearest_distance_pull)


def nearest_distance(Q, K, *, block_x=256, block_q=512):
    """nearest_distance(Q: f32[q d], K: f32[x d]) -> f32[q], in blocks; differentiable in reverse."""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    return _nearest_distance_differentiable(Q, K, block_x, block_q)


def nearest_distance_plain(Q, K):
    """nearest_distance(Q: f32[q d], K: f32[x d]) -> f32[q]"""
    Q, K = (jnp.asarray(array, jnp.float32) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.sum(_subtract(Q[:, :, None], K.T) ** 2, axis=1)  # [q x]  # src[nearest.diag:7]
    min_x = jnp.min(sum_d, axis=1, initial=jnp.inf)  # [q]  # src[nearest.diag:15]
    return min_x


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
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, e), 0.0, jnp.float32)
        recip = 1 / jnp.float32(d)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            mul_2 = -1.0 * recip * sum_
            tile_max = jnp.max(mul_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul_2 - next_max_x[:, None])
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
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen = jnp.where((x_index < x), -1.0 * recip * sum_, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(chosen - next_max_x[:, None])
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
    """kernel_regression_forward(Q: f32[q d], K: f32[x d], V: f32[x e]) -> (f32[q e], f32[q]), in blocks: memory does not grow with x."""
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
        max_x = jnp.full((block_q,), -jnp.inf, jnp.float32)
        z = jnp.full((block_q,), 0.0, jnp.float32)
        acc_x = jnp.full((block_q, e), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        recip = 1 / jnp.float32(d)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            mul_2 = -1.0 * recip * sum_
            tile_max = jnp.max(mul_2, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(mul_2 - next_max_x[:, None])
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
            safe_K = jnp.where(K_tile == -jnp.inf, 0.0, K_tile)
            sub = Q_tile[:, None] - safe_K
            mul = sub * sub
            sum_ = jnp.sum(mul, axis=2)
            chosen = jnp.where((x_index < x), -1.0 * recip * sum_, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(chosen - next_max_x[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            next_acc_x = acc_x * scale[:, None] + jnp.einsum("qx,xe->qe", e_2, V_tile, precision="highest")
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-x // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, None], acc_x * (1 / z)[:, None], 0.0)
        return chosen, jnp.log(z) + max_x

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q]


def _kernel_regression_backward_buffer_0(Q, K, logsum):
    """kernel_regression_backward_buffer_0(Q: f32[q d], K: f32[x d], logsum: f32[q]) -> f32[q x]"""
    Q, K, logsum = (jnp.asarray(array, jnp.float32) for array in (Q, K, logsum))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    difference = _subtract(Q[:, :, None], K.T)  # [q d x]
    sum_d = jnp.einsum("qdx,qdx->qx", difference, difference, precision="highest")  # [q x]
    product = -1.0 * (1 / jnp.float32(d)) * sum_d  # [q x]
    exponential = jnp.exp(product - logsum[:, None])  # [q x]
    return exponential


def _kernel_regression_backward_buffer_1(d_out, out):
    """kernel_regression_backward_buffer_1(d_out: f32[q e], out: f32[q e]) -> f32[q]"""
    d_out, out = (jnp.asarray(array, jnp.float32) for array in (d_out, out))
    q, e = d_out.shape
    if out.shape != (q, e):
        raise ValueError(f"out: f32[q e] has shape {out.shape}, expected {(q, e)}")
    sum_e = jnp.einsum("qe,qe->q", out, d_out, precision="highest")  # [q]
    return sum_e


def _kernel_regression_backward_d_Q(Q, K, V, d_out, buffer_0, buffer_1):
    """kernel_regression_backward_d_Q(Q: f32[q d], K: f32[x d], V: f32[x e], d_out: f32[q e], buffer_0: f32[q x], buffer_1: f32[q]) -> f32[q d]"""
    Q, K, V, d_out, buffer_0, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, buffer_0, buffer_1))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: f32[q e] has shape {d_out.shape}, expected {(q, e)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    sum_e = jnp.einsum("xe,qe->qx", V, d_out, precision="highest")  # [q x]
    sum_x = jnp.einsum("qdx,qx,qx->qd", _subtract(Q[:, :, None], K.T), buffer_0, sum_e - buffer_1[:, None], precision="highest")
    product = sum_x * -2.0 * (1 / jnp.float32(d))  # [q d]
    return product


def _kernel_regression_backward_d_K(Q, K, V, d_out, buffer_0, buffer_1):
    """kernel_regression_backward_d_K(Q: f32[q d], K: f32[x d], V: f32[x e], d_out: f32[q e], buffer_0: f32[q x], buffer_1: f32[q]) -> f32[x d]"""
    Q, K, V, d_out, buffer_0, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (Q, K, V, d_out, buffer_0, buffer_1))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: f32[x d] has shape {K.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: f32[x e] has shape {V.shape}, expected {(x, e)}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: f32[q e] has shape {d_out.shape}, expected {(q, e)}")
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    sum_e = jnp.einsum("xe,qe->xq", V, d_out, precision="highest")  # [x q]
    sum_q = jnp.einsum("qdx,qx,xq->xd", _subtract(Q[:, :, None], K.T), buffer_0, sum_e - buffer_1, precision="highest")
    product = sum_q * (1 / jnp.float32(d)) * 2.0  # [x d]
    return product


def _kernel_regression_backward_d_V(d_out, buffer_0):
    """kernel_regression_backward_d_V(d_out: f32[q e], buffer_0: f32[q x]) -> f32[x e]"""
    d_out, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (d_out, buffer_0))
    q, e = d_out.shape
    _, x = buffer_0.shape
    if buffer_0.shape != (q, x):
        raise ValueError(f"buffer_0: f32[q x] has shape {buffer_0.shape}, expected {(q, x)}")
    sum_q = jnp.einsum("qx,qe->xe", buffer_0, d_out, precision="highest")  # [x e]
    return sum_q


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _kernel_regression_differentiable(Q, K, V, block_x, block_q):
    out = _kernel_regression(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _kernel_regression_keeping(Q, K, V, block_x, block_q):
    out, logsum = _kernel_regression_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum)


def _kernel_regression_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum = saved
    d_out = cotangents
    buffer_0 = _kernel_regression_backward_buffer_0(Q, K, logsum)
    buffer_1 = _kernel_regression_backward_buffer_1(d_out, out)
    d_Q = _kernel_regression_backward_d_Q(Q, K, V, d_out, buffer_0, buffer_1)
    d_K = _kernel_regression_backward_d_K(Q, K, V, d_out, buffer_0, buffer_1)
    d_V = _kernel_regression_backward_d_V(d_out, buffer_0)
    return (d_Q, d_K, d_V)


_kernel_regression_differentiable.defvjp(_kernel_regression_keeping, _kernel_regression_pull)


def kernel_regression(Q, K, V, *, block_x=256, block_q=512):
    """kernel_regression(Q: f32[q d], K: f32[x d], V: f32[x e]) -> f32[q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.float32) for array in (Q, K, V))
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
    quotient = -sum_d / d  # [q x]  # src[nearest.diag:20]
    max_x = jnp.max(quotient, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e_2 = jnp.exp(quotient - max_x[:, None])  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [q]  # src[maps.diag:6]
    chosen = jnp.where(z[:, None] > 0, e_2 / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    sum_x = jnp.einsum("qx,xe->qe", chosen, V, precision="highest")  # [q e]  # src[nearest.diag:20]
    return sum_x
