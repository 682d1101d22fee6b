# Made by diagc 0.1.0 from differential.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["weights", "differential", "differential_plain"]


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


def weights(Q, K):
    """weights(Q: bf16[q d], K: bf16[x d]) -> f32[q x]"""
    Q, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K))
    q, d = Q.shape
    x, _ = K.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[differential.diag:7]
    product = sum_d * lax.rsqrt(jnp.float32(d))  # [q x]  # src[differential.diag:7]
    chosen = jnp.where(jnp.arange(x) <= jnp.arange(q)[:, None], product, -jnp.inf)  # [q x]  # src[differential.diag:7]
    max_x = jnp.max(chosen, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=1)  # [q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, None] > 0, e / z[:, None], 0)  # [q x]  # src[maps.diag:7]
    return chosen_2


def _differential(Q, K, Q2, K2, V, lambda_, *, block_x=256, block_q=512):
    """differential(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> bf16[q e], in blocks: memory does not grow with x."""
    Q, K, Q2, K2, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, Q2, K2, V))
    lambda_ = jnp.asarray(lambda_, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    Q2 = jnp.pad(Q2, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K2 = jnp.pad(K2, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        max_x_2 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        Q2_tile = lax.dynamic_slice_in_dim(Q2, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, max_x_2, z_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            chosen = jnp.where(le, dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * jnp.exp(max_x - safe_next_max_x) + tile_sum
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            chosen_2 = jnp.where(le, dot_2 * rsqrt, -jnp.inf)
            tile_max_2 = jnp.max(chosen_2, axis=1)
            next_max_x_2 = jnp.maximum(max_x_2, tile_max_2)
            safe_next_max_x_2 = jnp.where(next_max_x_2 == -jnp.inf, 0.0, next_max_x_2)
            z_3 = z_2 * jnp.exp(max_x_2 - safe_next_max_x_2)
            e_3 = jnp.exp(chosen_2 - safe_next_max_x_2[:, None])
            tile_sum_2 = jnp.sum(e_3, axis=1)
            next_z_2 = z_3 + tile_sum_2
            return (next_max_x, next_z, next_max_x_2, next_z_2)

        max_x, z, max_x_2, z_2 = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, max_x_2, z_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, max_x_2, z_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            chosen = jnp.where(le & (x_index < x), dot * rsqrt, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * jnp.exp(max_x - safe_next_max_x) + tile_sum
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            chosen_2 = jnp.where(le & (x_index < x), dot_2 * rsqrt, -jnp.inf)
            tile_max_2 = jnp.max(chosen_2, axis=1)
            next_max_x_2 = jnp.maximum(max_x_2, tile_max_2)
            safe_next_max_x_2 = jnp.where(next_max_x_2 == -jnp.inf, 0.0, next_max_x_2)
            z_3 = z_2 * jnp.exp(max_x_2 - safe_next_max_x_2)
            e_3 = jnp.exp(chosen_2 - safe_next_max_x_2[:, None])
            tile_sum_2 = jnp.sum(e_3, axis=1)
            next_z_2 = z_3 + tile_sum_2
            return (next_max_x, next_z, next_max_x_2, next_z_2)

        max_x, z, max_x_2, z_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, max_x_2, z_2),
        )
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        recip = 1 / z_2
        gt = z_2 > 0.0
        recip_2 = 1 / z
        gt_2 = z > 0.0

        def step_3(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            safe_max_x = jnp.where(max_x_2 == -jnp.inf, 0.0, max_x_2)
            sub = jnp.where(le, dot * rsqrt, -jnp.inf) - safe_max_x[:, None]
            mul = (lambda_ * recip)[:, None] * jnp.exp(sub)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub_2 = jnp.where(le, dot_2 * rsqrt, -jnp.inf) - jnp.where(max_x == -jnp.inf, 0.0, max_x)[:, None]
            chosen = jnp.where(gt_2[:, None], recip_2[:, None] * jnp.exp(sub_2), 0.0)
            P = chosen - jnp.where(gt[:, None], mul, 0.0)
            P_bf16 = P.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", P_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step_3, (acc_x,))

        def step_4(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            safe_max_x = jnp.where(max_x_2 == -jnp.inf, 0.0, max_x_2)
            sub = jnp.where(le, dot * rsqrt, -jnp.inf) - safe_max_x[:, None]
            mul = (lambda_ * recip)[:, None] * jnp.exp(sub)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub_2 = jnp.where(le, dot_2 * rsqrt, -jnp.inf) - jnp.where(max_x == -jnp.inf, 0.0, max_x)[:, None]
            chosen = jnp.where(gt_2[:, None], recip_2[:, None] * jnp.exp(sub_2), 0.0)
            P = chosen - jnp.where(gt[:, None], mul, 0.0)
            P_bf16 = P.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", P_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_4, (acc_x,))
        return acc_x.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    return out_tiles[:q]


def _differential_forward(Q, K, Q2, K2, V, lambda_, *, block_x=256, block_q=512):
    """differential_forward(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> (bf16[q e], f32[q], f32[q]), in blocks: memory does not grow with x."""
    Q, K, Q2, K2, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, Q2, K2, V))
    lambda_ = jnp.asarray(lambda_, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    Q2 = jnp.pad(Q2, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K2 = jnp.pad(K2, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        max_x_2 = jnp.full_like(Q, -jnp.inf, jnp.float32, (block_q,))
        z_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        Q2_tile = lax.dynamic_slice_in_dim(Q2, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            max_x, z, max_x_2, z_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            chosen = jnp.where(le, rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * jnp.exp(max_x - safe_next_max_x) + tile_sum
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            chosen_2 = jnp.where(le, rsqrt * dot_2, -jnp.inf)
            tile_max_2 = jnp.max(chosen_2, axis=1)
            next_max_x_2 = jnp.maximum(max_x_2, tile_max_2)
            safe_next_max_x_2 = jnp.where(next_max_x_2 == -jnp.inf, 0.0, next_max_x_2)
            z_3 = z_2 * jnp.exp(max_x_2 - safe_next_max_x_2)
            e_3 = jnp.exp(chosen_2 - safe_next_max_x_2[:, None])
            tile_sum_2 = jnp.sum(e_3, axis=1)
            next_z_2 = z_3 + tile_sum_2
            return (next_max_x, next_z, next_max_x_2, next_z_2)

        max_x, z, max_x_2, z_2 = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, max_x_2, z_2))
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            max_x, z, max_x_2, z_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            chosen = jnp.where(le & (x_index < x), rsqrt * dot, -jnp.inf)
            tile_max = jnp.max(chosen, axis=1)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, None])
            tile_sum = jnp.sum(e_2, axis=1)
            next_z = z * jnp.exp(max_x - safe_next_max_x) + tile_sum
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            chosen_2 = jnp.where(le & (x_index < x), rsqrt * dot_2, -jnp.inf)
            tile_max_2 = jnp.max(chosen_2, axis=1)
            next_max_x_2 = jnp.maximum(max_x_2, tile_max_2)
            safe_next_max_x_2 = jnp.where(next_max_x_2 == -jnp.inf, 0.0, next_max_x_2)
            z_3 = z_2 * jnp.exp(max_x_2 - safe_next_max_x_2)
            e_3 = jnp.exp(chosen_2 - safe_next_max_x_2[:, None])
            tile_sum_2 = jnp.sum(e_3, axis=1)
            next_z_2 = z_3 + tile_sum_2
            return (next_max_x, next_z, next_max_x_2, next_z_2)

        max_x, z, max_x_2, z_2 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (max_x, z, max_x_2, z_2),
        )
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q, e))
        recip = 1 / z_2
        gt = z_2 > 0.0
        recip_2 = 1 / z
        gt_2 = z > 0.0

        def step_3(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            safe_max_x = jnp.where(max_x_2 == -jnp.inf, 0.0, max_x_2)
            sub = jnp.where(le, rsqrt * dot, -jnp.inf) - safe_max_x[:, None]
            mul = (lambda_ * recip)[:, None] * jnp.exp(sub)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub_2 = jnp.where(le, rsqrt * dot_2, -jnp.inf) - jnp.where(max_x == -jnp.inf, 0.0, max_x)[:, None]
            chosen = jnp.where(gt_2[:, None], jnp.exp(sub_2) * recip_2[:, None], 0.0)
            P = chosen - jnp.where(gt[:, None], mul, 0.0)
            P_bf16 = P.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", P_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(0, -(-to_x // block_x), step_3, (acc_x,))

        def step_4(block, state):
            (acc_x,) = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            safe_max_x = jnp.where(max_x_2 == -jnp.inf, 0.0, max_x_2)
            sub = jnp.where(le, rsqrt * dot, -jnp.inf) - safe_max_x[:, None]
            mul = (lambda_ * recip)[:, None] * jnp.exp(sub)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            sub_2 = jnp.where(le, rsqrt * dot_2, -jnp.inf) - jnp.where(max_x == -jnp.inf, 0.0, max_x)[:, None]
            chosen = jnp.where(gt_2[:, None], jnp.exp(sub_2) * recip_2[:, None], 0.0)
            P = chosen - jnp.where(gt[:, None], mul, 0.0)
            P_bf16 = P.astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("qx,xe->qe", P_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_acc_x,)

        (acc_x,) = lax.fori_loop(from_x // block_x, -(-x // block_x), step_4, (acc_x,))
        return acc_x.astype(jnp.bfloat16), max_x + jnp.log(z), max_x_2 + jnp.log(z_2)

    out_tiles, logsum_tiles, logsum__tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.reshape(-(-q // block_q) * block_q, e)
    logsum_tiles = logsum_tiles.reshape(-(-q // block_q) * block_q)
    logsum__tiles = logsum__tiles.reshape(-(-q // block_q) * block_q)
    return out_tiles[:q], logsum_tiles[:q], logsum__tiles[:q]


def _differential_backward_buffer_0_buffer_1_d_Q_d_Q2(
    Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, *, block_x=256, block_q=512,
):
    """differential_backward_buffer_0_buffer_1_d_Q_d_Q2(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[], d_out: bf16[q e], logsum: f32[q], logsum_: f32[q]) -> (f32[q], f32[q], bf16[q d], bf16[q d]), in blocks: memory does not grow with x."""
    Q, K, Q2, K2, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, Q2, K2, V, d_out))
    lambda_, logsum, logsum_ = (jnp.asarray(array, jnp.float32) for array in (lambda_, logsum, logsum_))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if logsum_.shape != (q,):
        raise ValueError(f"logsum_: f32[q] has shape {logsum_.shape}, expected {(q,)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum_ = jnp.pad(logsum_, ((0, max(-q % block_q, block_q - q)),))
    Q2 = jnp.pad(Q2, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K2 = jnp.pad(K2, ((0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_q,))
        acc_x_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_4 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_5 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        acc_x_6 = jnp.full_like(Q, 0.0, jnp.float32, (block_q, d))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        logsum__tile = lax.dynamic_slice_in_dim(logsum_, first_q, block_q, 0)
        Q2_tile = lax.dynamic_slice_in_dim(Q2, first_q, block_q, 0)
        to_x = x // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(le, rsqrt * dot_2, -jnp.inf) - safe_logsum[:, None]
            exp = jnp.exp(sub)
            mul = exp * dot
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x = acc_x + tile_sum
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot_3 = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            safe_logsum_ = jnp.where(logsum__tile == -jnp.inf, 0.0, logsum__tile)
            sub_2 = jnp.where(le, rsqrt * dot_3, -jnp.inf) - safe_logsum_[:, None]
            exp_2 = jnp.exp(sub_2)
            mul_2 = exp_2 * dot
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x_2 = acc_x_2 + tile_sum_2
            chosen = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_2 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            acc_x_7 = -1.0 * acc_x_4 * (chosen_2 - chosen)[:, None]
            tile_bf16 = (exp * (dot - next_acc_x[:, None])).astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + acc_x_7 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_x_4 = acc_x_4 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            chosen_3 = jnp.where(jnp.abs(acc_x_2) < jnp.inf, acc_x_2, 0.0)
            chosen_4 = jnp.where(jnp.abs(next_acc_x_2) < jnp.inf, next_acc_x_2, 0.0)
            acc_x_8 = -1.0 * acc_x_6 * (chosen_4 - chosen_3)[:, None]
            tile_bf16_3 = (exp_2 * (dot - next_acc_x_2[:, None])).astype(jnp.bfloat16)
            next_acc_x_5 = acc_x_5 + acc_x_8 + jnp.einsum("qx,xd->qd", tile_bf16_3, K2_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = exp_2.astype(jnp.bfloat16)
            next_acc_x_6 = acc_x_6 + jnp.einsum("qx,xd->qd", tile_bf16_4, K2_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6)

        acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6),
        )
        from_x = jnp.maximum(0, to_x)

        def step_2(block, state):
            acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
            dot = jnp.einsum("qe,xe->qx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
            dot_2 = jnp.einsum("qd,xd->qx", Q_tile, K_tile, preferred_element_type=jnp.float32)
            le = x_index <= q_index[:, None]
            chosen = jnp.where(le & (x_index < x), rsqrt * dot_2, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, None])
            mul = exp * dot
            tile_sum = jnp.sum(mul, axis=1)
            next_acc_x = acc_x + tile_sum
            K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
            dot_3 = jnp.einsum("qd,xd->qx", Q2_tile, K2_tile, preferred_element_type=jnp.float32)
            chosen_2 = jnp.where(le & (x_index < x), rsqrt * dot_3, -jnp.inf)
            safe_logsum_ = jnp.where(logsum__tile == -jnp.inf, 0.0, logsum__tile)
            exp_2 = jnp.exp(chosen_2 - safe_logsum_[:, None])
            mul_2 = exp_2 * dot
            tile_sum_2 = jnp.sum(mul_2, axis=1)
            next_acc_x_2 = acc_x_2 + tile_sum_2
            chosen_3 = jnp.where(jnp.abs(acc_x) < jnp.inf, acc_x, 0.0)
            chosen_4 = jnp.where(jnp.abs(next_acc_x) < jnp.inf, next_acc_x, 0.0)
            acc_x_7 = -1.0 * acc_x_4 * (chosen_4 - chosen_3)[:, None]
            chosen_5 = jnp.where((x_index < x), dot - next_acc_x[:, None], 0.0)
            tile_bf16 = (exp * chosen_5).astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + acc_x_7 + jnp.einsum("qx,xd->qd", tile_bf16, K_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_x_4 = acc_x_4 + jnp.einsum("qx,xd->qd", tile_bf16_2, K_tile, preferred_element_type=jnp.float32)
            chosen_6 = jnp.where(jnp.abs(acc_x_2) < jnp.inf, acc_x_2, 0.0)
            chosen_7 = jnp.where(jnp.abs(next_acc_x_2) < jnp.inf, next_acc_x_2, 0.0)
            acc_x_8 = -1.0 * acc_x_6 * (chosen_7 - chosen_6)[:, None]
            chosen_8 = jnp.where((x_index < x), dot - next_acc_x_2[:, None], 0.0)
            tile_bf16_3 = (exp_2 * chosen_8).astype(jnp.bfloat16)
            next_acc_x_5 = acc_x_5 + acc_x_8 + jnp.einsum("qx,xd->qd", tile_bf16_3, K2_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = exp_2.astype(jnp.bfloat16)
            next_acc_x_6 = acc_x_6 + jnp.einsum("qx,xd->qd", tile_bf16_4, K2_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4, next_acc_x_5, next_acc_x_6)

        acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6 = lax.fori_loop(
            from_x // block_x,
            -(-x // block_x),
            step_2,
            (acc_x, acc_x_2, acc_x_3, acc_x_4, acc_x_5, acc_x_6),
        )
        tile_bf16 = (rsqrt * -1.0 * lambda_ * acc_x_5).astype(jnp.bfloat16)
        return acc_x, acc_x_2, (rsqrt * acc_x_3).astype(jnp.bfloat16), tile_bf16

    buffer_0_tiles, buffer_1_tiles, d_Q_tiles, d_Q2_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.reshape(-(-q // block_q) * block_q)
    buffer_1_tiles = buffer_1_tiles.reshape(-(-q // block_q) * block_q)
    d_Q_tiles = d_Q_tiles.reshape(-(-q // block_q) * block_q, d)
    d_Q2_tiles = d_Q2_tiles.reshape(-(-q // block_q) * block_q, d)
    return buffer_0_tiles[:q], buffer_1_tiles[:q], d_Q_tiles[:q], d_Q2_tiles[:q]


def _differential_backward_d_K_d_K2_d_V(
    Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, buffer_0, buffer_1, *, block_q=256, block_x=512,
):
    """differential_backward_d_K_d_K2_d_V(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[], d_out: bf16[q e], logsum: f32[q], logsum_: f32[q], buffer_0: f32[q], buffer_1: f32[q]) -> (bf16[x d], bf16[x d], bf16[x e]), in blocks: memory does not grow with q."""
    Q, K, Q2, K2, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, Q2, K2, V, d_out))
    lambda_, logsum, logsum_, buffer_0, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (lambda_, logsum, logsum_, buffer_0, buffer_1))
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    if d_out.shape != (q, e):
        raise ValueError(f"d_out: bf16[q e] has shape {d_out.shape}, expected {(q, e)}")
    if logsum.shape != (q,):
        raise ValueError(f"logsum: f32[q] has shape {logsum.shape}, expected {(q,)}")
    if logsum_.shape != (q,):
        raise ValueError(f"logsum_: f32[q] has shape {logsum_.shape}, expected {(q,)}")
    if buffer_0.shape != (q,):
        raise ValueError(f"buffer_0: f32[q] has shape {buffer_0.shape}, expected {(q,)}")
    if buffer_1.shape != (q,):
        raise ValueError(f"buffer_1: f32[q] has shape {buffer_1.shape}, expected {(q,)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    K2 = jnp.pad(K2, ((0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-q % block_q, block_q - q)),))
    buffer_0 = jnp.pad(buffer_0, ((0, max(-q % block_q, block_q - q)),))
    d_out = jnp.pad(d_out, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    Q2 = jnp.pad(Q2, ((0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum_ = jnp.pad(logsum_, ((0, max(-q % block_q, block_q - q)),))
    buffer_1 = jnp.pad(buffer_1, ((0, max(-q % block_q, block_q - q)),))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, d))
        acc_q_3 = jnp.full_like(Q, 0.0, jnp.float32, (block_x, e))
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 0)
        rsqrt = lax.rsqrt(jnp.float32(d))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 0)
        K2_tile = lax.dynamic_slice_in_dim(K2, first_x, block_x, 0)
        to_q = q // block_q * block_q

        def step(block, state):
            acc_q, acc_q_2, acc_q_3 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            le = x_index[:, None] <= q_index
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(le, rsqrt * dot, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (exp * (dot_2 - buffer_0_tile)).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            Q2_tile = lax.dynamic_slice_in_dim(Q2, first_q, block_q, 0)
            logsum__tile = lax.dynamic_slice_in_dim(logsum_, first_q, block_q, 0)
            dot_3 = jnp.einsum("xd,qd->xq", K2_tile, Q2_tile, preferred_element_type=jnp.float32)
            safe_logsum_ = jnp.where(logsum__tile == -jnp.inf, 0.0, logsum__tile)
            sub_2 = jnp.where(le, rsqrt * dot_3, -jnp.inf) - safe_logsum_
            exp_2 = jnp.exp(sub_2)
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            tile_bf16_2 = (exp_2 * (dot_2 - buffer_1_tile)).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, Q2_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (exp - exp_2 * lambda_).astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("xq,qe->xe", tile_bf16_3, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2, next_acc_q_3)

        acc_q, acc_q_2, acc_q_3 = lax.fori_loop(0, -(-to_q // block_q), step, (acc_q, acc_q_2, acc_q_3))
        from_q = jnp.maximum(0, to_q)

        def step_2(block, state):
            acc_q, acc_q_2, acc_q_3 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 0)
            dot = jnp.einsum("xd,qd->xq", K_tile, Q_tile, preferred_element_type=jnp.float32)
            le = x_index[:, None] <= q_index
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            sub = jnp.where(le, rsqrt * dot, -jnp.inf) - safe_logsum
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 0)
            dot_2 = jnp.einsum("xe,qe->xq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((q_index < q), dot_2 - buffer_0_tile, 0.0)
            tile_bf16 = (exp * chosen).astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("xq,qd->xd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            Q2_tile = lax.dynamic_slice_in_dim(Q2, first_q, block_q, 0)
            logsum__tile = lax.dynamic_slice_in_dim(logsum_, first_q, block_q, 0)
            dot_3 = jnp.einsum("xd,qd->xq", K2_tile, Q2_tile, preferred_element_type=jnp.float32)
            safe_logsum_ = jnp.where(logsum__tile == -jnp.inf, 0.0, logsum__tile)
            sub_2 = jnp.where(le, rsqrt * dot_3, -jnp.inf) - safe_logsum_
            exp_2 = jnp.exp(sub_2)
            buffer_1_tile = lax.dynamic_slice_in_dim(buffer_1, first_q, block_q, 0)
            tile_bf16_2 = (exp_2 * (dot_2 - buffer_1_tile)).astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("xq,qd->xd", tile_bf16_2, Q2_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (exp - exp_2 * lambda_).astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("xq,qe->xe", tile_bf16_3, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2, next_acc_q_3)

        acc_q, acc_q_2, acc_q_3 = lax.fori_loop(
            from_q // block_q,
            -(-q // block_q),
            step_2,
            (acc_q, acc_q_2, acc_q_3),
        )
        tile_bf16 = (rsqrt * -1.0 * lambda_ * acc_q_2).astype(jnp.bfloat16)
        return (rsqrt * acc_q).astype(jnp.bfloat16), tile_bf16, acc_q_3.astype(jnp.bfloat16)

    d_K_tiles, d_K2_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_K_tiles = d_K_tiles.reshape(-(-x // block_x) * block_x, d)
    d_K2_tiles = d_K2_tiles.reshape(-(-x // block_x) * block_x, d)
    d_V_tiles = d_V_tiles.reshape(-(-x // block_x) * block_x, e)
    return d_K_tiles[:x], d_K2_tiles[:x], d_V_tiles[:x]


def _differential_backward_d_lambda(buffer_1):
    """differential_backward_d_lambda(buffer_1: f32[q]) -> f32[]"""
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    (q,) = buffer_1.shape
    sum_q = jnp.sum(buffer_1)  # []
    product = -1.0 * sum_q  # []
    return product


@functools.partial(jax.custom_vjp, nondiff_argnums=(6, 7))
def _differential_differentiable(Q, K, Q2, K2, V, lambda_, block_x, block_q):
    out = _differential(Q, K, Q2, K2, V, lambda_, block_x=block_x, block_q=block_q)
    return out


def _differential_keeping(Q, K, Q2, K2, V, lambda_, block_x, block_q):
    out, logsum, logsum_ = _differential_forward(Q, K, Q2, K2, V, lambda_, block_x=block_x, block_q=block_q)
    return out, (Q, K, Q2, K2, V, lambda_, logsum, logsum_)


def _differential_pull(block_x, block_q, saved, cotangents):
    Q, K, Q2, K2, V, lambda_, logsum, logsum_ = saved
    d_out = cotangents
    buffer_0, buffer_1, d_Q, d_Q2 = _differential_backward_buffer_0_buffer_1_d_Q_d_Q2(
        Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, block_x=block_x, block_q=block_q,
    )
    d_K, d_K2, d_V = _differential_backward_d_K_d_K2_d_V(
        Q, K, Q2, K2, V, lambda_, d_out, logsum, logsum_, buffer_0, buffer_1, block_q=block_q,
        block_x=block_x,
    )
    d_lambda = _differential_backward_d_lambda(buffer_1)
    return (d_Q, d_K, d_Q2, d_K2, d_V, d_lambda)


_differential_differentiable.defvjp(_differential_keeping, _differential_pull)


def differential(Q, K, Q2, K2, V, lambda_, *, block_x=256, block_q=512):
    """differential(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> bf16[q e], in blocks; differentiable in reverse."""
    Q, K, Q2, K2, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, Q2, K2, V))
    lambda_ = jnp.asarray(lambda_, jnp.float32)
    Q, K, Q2, K2, V, lambda_ = _alike(Q, K, Q2, K2, V, lambda_)
    return _differential_differentiable(Q, K, Q2, K2, V, lambda_, block_x, block_q)


def differential_plain(Q, K, Q2, K2, V, lambda_):
    """differential(Q: bf16[q d], K: bf16[x d], Q2: bf16[q d], K2: bf16[x d], V: bf16[x e], lambda: f32[]) -> bf16[q e]"""
    Q, K, Q2, K2, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, Q2, K2, V))
    lambda_ = jnp.asarray(lambda_, jnp.float32)
    q, d = Q.shape
    x, _ = K.shape
    _, e = V.shape
    if K.shape != (x, d):
        raise ValueError(f"K: bf16[x d] has shape {K.shape}, expected {(x, d)}")
    if Q2.shape != (q, d):
        raise ValueError(f"Q2: bf16[q d] has shape {Q2.shape}, expected {(q, d)}")
    if K2.shape != (x, d):
        raise ValueError(f"K2: bf16[x d] has shape {K2.shape}, expected {(x, d)}")
    if V.shape != (x, e):
        raise ValueError(f"V: bf16[x e] has shape {V.shape}, expected {(x, e)}")
    if lambda_.shape != ():
        raise ValueError(f"lambda: f32[] has shape {lambda_.shape}, expected {()}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[differential.diag:7]
    sum_d = jnp.einsum("qd,xd->qx", Q, K, preferred_element_type=jnp.float32)  # [q x]  # src[differential.diag:7]
    rsqrt_value = lax.rsqrt(jnp.float32(d))  # []  # src[differential.diag:7]
    chosen = jnp.where(le_value, sum_d * rsqrt_value, -jnp.inf)  # [q x]  # src[differential.diag:7]
    max_x = jnp.max(chosen, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(chosen, max_x[:, None]))  # [q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=1)  # [q]  # src[maps.diag:6]
    sum_d_2 = jnp.einsum("qd,xd->qx", Q2, K2, preferred_element_type=jnp.float32)  # [q x]  # src[differential.diag:7]
    chosen_2 = jnp.where(le_value, sum_d_2 * rsqrt_value, -jnp.inf)  # [q x]  # src[differential.diag:7]
    max_x_2 = jnp.max(chosen_2, axis=1, initial=-jnp.inf)  # [q]  # src[maps.diag:5]
    e_3 = jnp.exp(_subtract(chosen_2, max_x_2[:, None]))  # [q x]  # src[maps.diag:5]
    z_2 = jnp.sum(e_3, axis=1)  # [q]  # src[maps.diag:6]
    product = lambda_ * jnp.where(z_2[:, None] > 0, e_3 / z_2[:, None], 0)  # [q x]  # src[differential.diag:18]
    P = _subtract(jnp.where(z[:, None] > 0, e_2 / z[:, None], 0), product)  # [q x]  # src[differential.diag:18]
    sum_x = _product("qx,xe->qe", jnp.bfloat16, P, V)  # [q e]  # src[differential.diag:19]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [q e]
    return as_bf16
