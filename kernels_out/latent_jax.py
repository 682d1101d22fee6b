# Made by diagc 0.1.0 from latent.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["mla", "mla_plain", "mla_decode", "mla_decode_plain"]


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


def _mla_K(C, U):
    """mla_K(C: bf16[b x r], U: bf16[h r d]) -> bf16[b h x d]"""
    C, U = (jnp.asarray(array, jnp.bfloat16) for array in (C, U))
    b, x, _ = C.shape
    h, _, _ = U.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    sum_r = jnp.einsum("bxr,hrd->bhxd", C, U, preferred_element_type=jnp.float32)  # [b h x d]
    as_bf16 = sum_r.astype(jnp.bfloat16)  # [b h x d]
    return as_bf16


def _mla_out(Q, R, C, T, W, K, *, block_x=256):
    """mla_out(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], W: bf16[h r e], K: bf16[b h x d]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, R, C, T, W, K = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, W, K))
    b, h, q, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if K.shape != (b, h, x, 128):
        raise ValueError(f"K: bf16[b h x d] has shape {K.shape}, expected {(b, h, x, 128)}")
    block_x = min(block_x, max(x, 1))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    q_index = jnp.arange(q)
    max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, q))
    z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, q))
    acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, q, 128))
    to_x = jnp.minimum(x, 1) // block_x * block_x

    def step(block, state):
        max_x, z, acc_x = state
        first_x = block * block_x
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q, preferred_element_type=jnp.float32)
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        dot_2 = jnp.einsum("bhqp,bxp->bhxq", R, T_tile, preferred_element_type=jnp.float32)
        S = (dot_2 + dot) * 0.07216878364870323
        tile_max = jnp.max(S, axis=2)
        next_max_x = jnp.maximum(max_x, tile_max)
        scale = jnp.exp(max_x - next_max_x)
        e = jnp.exp(S - next_max_x[:, :, None])
        tile_sum = jnp.sum(e, axis=2)
        next_z = z * scale + tile_sum
        e_bf16 = e.astype(jnp.bfloat16)
        C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
        dot_3 = jnp.einsum("bxr,hre->bhxe", C_tile, W, preferred_element_type=jnp.float32)
        dot_bf16 = dot_3.astype(jnp.bfloat16)
        next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhxq,bhxe->bhqe", e_bf16, dot_bf16, preferred_element_type=jnp.float32)
        return (next_max_x, next_z, next_acc_x)

    max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
    from_x = jnp.maximum(0, to_x)
    to_x_2 = jnp.minimum(x, q)

    def step_2(block, state):
        max_x, z, acc_x = state
        first_x = block * block_x
        x_index = first_x + jnp.arange(block_x)
        K_tile = lax.dynamic_slice_in_dim(K, first_x, block_x, 2)
        dot = jnp.einsum("bhxd,bhqd->bhxq", K_tile, Q, preferred_element_type=jnp.float32)
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        dot_2 = jnp.einsum("bhqp,bxp->bhxq", R, T_tile, preferred_element_type=jnp.float32)
        mask = (x_index[:, None] <= q_index) & (x_index < x)[:, None]
        chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
        tile_max = jnp.max(chosen, axis=2)
        next_max_x = jnp.maximum(max_x, tile_max)
        safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
        scale = jnp.exp(max_x - safe_next_max_x)
        e = jnp.exp(chosen - safe_next_max_x[:, :, None])
        tile_sum = jnp.sum(e, axis=2)
        next_z = z * scale + tile_sum
        e_bf16 = e.astype(jnp.bfloat16)
        C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
        dot_3 = jnp.einsum("bxr,hre->bhxe", C_tile, W, preferred_element_type=jnp.float32)
        dot_bf16 = dot_3.astype(jnp.bfloat16)
        next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhxq,bhxe->bhqe", e_bf16, dot_bf16, preferred_element_type=jnp.float32)
        return (next_max_x, next_z, next_acc_x)

    max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
    chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
    return chosen.astype(jnp.bfloat16)


def _mla_forward_state(C, U):
    """mla_forward_state(C: bf16[b x r], U: bf16[h r d]) -> f32[b h d x]"""
    C, U = (jnp.asarray(array, jnp.bfloat16) for array in (C, U))
    b, x, _ = C.shape
    h, _, _ = U.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    sum_r = jnp.einsum("hrd,bxr->bhdx", U, C, preferred_element_type=jnp.float32)  # [b h d x]
    return sum_r


def _mla_forward_out(Q, R, C, T, W, state_2, *, block_x=256):
    """mla_forward_out(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], W: bf16[h r e], state: f32[b h d x]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, R, C, T, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, W))
    state_2 = jnp.asarray(state_2, jnp.float32)
    b, h, q, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if state_2.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state_2.shape}, expected {(b, h, 128, x)}")
    block_x = min(block_x, max(x, 1))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, 0), (0, max(-x % block_x, block_x - x))))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    q_index = jnp.arange(q)
    max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, q))
    z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, q))
    acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, q, 128))
    to_x = jnp.minimum(x, 1) // block_x * block_x

    def step(block, state):
        max_x, z, acc_x = state
        first_x = block * block_x
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        dot = jnp.einsum("bhqp,bxp->bhxq", R, T_tile, preferred_element_type=jnp.float32)
        state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
        state_bf16 = state_tile.astype(jnp.bfloat16)
        dot_2 = jnp.einsum("bhdx,bhqd->bhxq", state_bf16, Q, preferred_element_type=jnp.float32)
        S = (dot_2 + dot) * 0.07216878364870323
        tile_max = jnp.max(S, axis=2)
        next_max_x = jnp.maximum(max_x, tile_max)
        scale = jnp.exp(max_x - next_max_x)
        e = jnp.exp(S - next_max_x[:, :, None])
        tile_sum = jnp.sum(e, axis=2)
        next_z = z * scale + tile_sum
        e_bf16 = e.astype(jnp.bfloat16)
        C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
        dot_3 = jnp.einsum("bxr,hre->bhxe", C_tile, W, preferred_element_type=jnp.float32)
        dot_bf16 = dot_3.astype(jnp.bfloat16)
        next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhxq,bhxe->bhqe", e_bf16, dot_bf16, preferred_element_type=jnp.float32)
        return (next_max_x, next_z, next_acc_x)

    max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
    from_x = jnp.maximum(0, to_x)
    to_x_2 = jnp.minimum(x, q)

    def step_2(block, state):
        max_x, z, acc_x = state
        first_x = block * block_x
        x_index = first_x + jnp.arange(block_x)
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        dot = jnp.einsum("bhqp,bxp->bhxq", R, T_tile, preferred_element_type=jnp.float32)
        state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
        state_bf16 = state_tile.astype(jnp.bfloat16)
        dot_2 = jnp.einsum("bhdx,bhqd->bhxq", state_bf16, Q, preferred_element_type=jnp.float32)
        mask = (x_index[:, None] <= q_index) & (x_index < x)[:, None]
        chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
        tile_max = jnp.max(chosen, axis=2)
        next_max_x = jnp.maximum(max_x, tile_max)
        safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
        scale = jnp.exp(max_x - safe_next_max_x)
        e = jnp.exp(chosen - safe_next_max_x[:, :, None])
        tile_sum = jnp.sum(e, axis=2)
        next_z = z * scale + tile_sum
        e_bf16 = e.astype(jnp.bfloat16)
        C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
        dot_3 = jnp.einsum("bxr,hre->bhxe", C_tile, W, preferred_element_type=jnp.float32)
        dot_bf16 = dot_3.astype(jnp.bfloat16)
        next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhxq,bhxe->bhqe", e_bf16, dot_bf16, preferred_element_type=jnp.float32)
        return (next_max_x, next_z, next_acc_x)

    max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
    chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
    return chosen.astype(jnp.bfloat16)


def _mla_forward_logsum(Q, R, T, state_2, *, block_x=256, block_q=512):
    """mla_forward_logsum(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], state: f32[b h d x]) -> f32[b h q], in blocks: memory does not grow with x."""
    Q, R, T = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, T))
    state_2 = jnp.asarray(state_2, jnp.float32)
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if state_2.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state_2.shape}, expected {(b, h, 128, x)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    R = jnp.pad(R, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, 0), (0, max(-x % block_x, block_x - x))))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        R_tile = lax.dynamic_slice_in_dim(R, first_q, block_q, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z = state
            first_x = block * block_x
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot = jnp.einsum("bhqp,bxp->bhqx", R_tile, T_tile, preferred_element_type=jnp.float32)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
            state_bf16 = state_tile.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhqd,bhdx->bhqx", Q_tile, state_bf16, preferred_element_type=jnp.float32)
            S = (dot_2 + dot) * 0.07216878364870323
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            e = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * jnp.exp(max_x - next_max_x) + tile_sum
            return (next_max_x, next_z)

        max_x, z = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot = jnp.einsum("bhqp,bxp->bhqx", R_tile, T_tile, preferred_element_type=jnp.float32)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
            state_bf16 = state_tile.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhqd,bhdx->bhqx", Q_tile, state_bf16, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e, axis=3)
            next_z = z * jnp.exp(max_x - safe_next_max_x) + tile_sum
            return (next_max_x, next_z)

        max_x, z = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z))
        return jnp.log(z) + max_x

    logsum_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3)
    logsum_tiles = logsum_tiles.reshape(b, h, -(-q // block_q) * block_q)
    return logsum_tiles[:, :, :q]


def _mla_backward_buffer_0(d_out, out):
    """mla_backward_buffer_0(d_out: bf16[b h q e], out: bf16[b h q e]) -> f32[b h q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, h, q, _ = d_out.shape
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if out.shape != (b, h, q, 128):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, 128)}")
    sum_e = jnp.einsum("bhqe,bhqe->bhq", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_e


def _mla_backward_V(C, W):
    """mla_backward_V(C: bf16[b x r], W: bf16[h r e]) -> bf16[b h x e]"""
    C, W = (jnp.asarray(array, jnp.bfloat16) for array in (C, W))
    b, x, _ = C.shape
    h, _, _ = W.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    sum_r = jnp.einsum("bxr,hre->bhxe", C, W, preferred_element_type=jnp.float32)  # [b h x e]
    as_bf16 = sum_r.astype(jnp.bfloat16)  # [b h x e]
    return as_bf16


def _mla_backward_buffer_5_buffer_6(
    Q, R, T, d_out, logsum, state_2, V, buffer_0, *, block_q=256, block_x=512,
):
    """mla_backward_buffer_5_buffer_6(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], V: bf16[b h x e], buffer_0: f32[b h q]) -> (bf16[b h d x], bf16[b h x e]), in blocks: memory does not grow with q."""
    Q, R, T, d_out, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, T, d_out, V))
    logsum, state_2, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_2, buffer_0))
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state_2.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state_2.shape}, expected {(b, h, 128, x)}")
    if V.shape != (b, h, x, 128):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, 0), (0, max(-x % block_x, block_x - x))))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    R = jnp.pad(R, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, 128))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, 128))
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
        state_bf16 = state_tile.astype(jnp.bfloat16)
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            R_tile = lax.dynamic_slice_in_dim(R, first_q, block_q, 2)
            dot = jnp.einsum("bhqp,bxp->bhxq", R_tile, T_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("bhdx,bhqd->bhxq", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, :, None])
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_3 = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            mul = exp * (dot_3 - buffer_0_tile[:, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step, (acc_q, acc_q_2))
        to_q_2 = q // block_q * block_q

        def step_2(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            R_tile = lax.dynamic_slice_in_dim(R, first_q, block_q, 2)
            dot = jnp.einsum("bhqp,bxp->bhxq", R_tile, T_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("bhdx,bhqd->bhxq", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            sub = (dot_2 + dot) * 0.07216878364870323 - logsum_tile[:, :, None]
            exp = jnp.exp(sub)
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_3 = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            mul = exp * (dot_3 - buffer_0_tile[:, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_2, (acc_q, acc_q_2))
        from_q_3 = jnp.maximum(from_q_2, to_q_2)

        def step_3(block, state):
            acc_q, acc_q_2 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            R_tile = lax.dynamic_slice_in_dim(R, first_q, block_q, 2)
            dot = jnp.einsum("bhqp,bxp->bhxq", R_tile, T_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("bhdx,bhqd->bhxq", state_bf16, Q_tile, preferred_element_type=jnp.float32)
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, :, None])
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot_3 = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            mul = exp * (dot_3 - buffer_0_tile[:, :, None])
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqd->bhxd", tile_bf16, Q_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16_2, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2)

        acc_q, acc_q_2 = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_3, (acc_q, acc_q_2))
        return acc_q.astype(jnp.bfloat16).transpose(0, 1, 3, 2), acc_q_2.astype(jnp.bfloat16)

    buffer_5_tiles, buffer_6_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    buffer_5_tiles = buffer_5_tiles.transpose(1, 2, 3, 0, 4)
    buffer_5_tiles = buffer_5_tiles.reshape(b, h, 128, -(-x // block_x) * block_x)
    buffer_6_tiles = buffer_6_tiles.transpose(1, 2, 0, 3, 4)
    buffer_6_tiles = buffer_6_tiles.reshape(b, h, -(-x // block_x) * block_x, 128)
    return buffer_5_tiles[:, :, :, :x], buffer_6_tiles[:, :, :x]


def _mla_backward_d_Q_d_R(Q, R, T, d_out, logsum, state_2, V, buffer_0, *, block_x=256, block_q=512):
    """mla_backward_d_Q_d_R(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], V: bf16[b h x e], buffer_0: f32[b h q]) -> (bf16[b h q d], bf16[b h q p]), in blocks: memory does not grow with x."""
    Q, R, T, d_out, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, T, d_out, V))
    logsum, state_2, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_2, buffer_0))
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state_2.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state_2.shape}, expected {(b, h, 128, x)}")
    if V.shape != (b, h, x, 128):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    R = jnp.pad(R, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, 0), (0, max(-x % block_x, block_x - x))))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, 128))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, 64))
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
        R_tile = lax.dynamic_slice_in_dim(R, first_q, block_q, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_q, block_q, 2)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_q, block_q, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
            state_bf16 = state_tile.astype(jnp.bfloat16)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot = jnp.einsum("bhqp,bxp->bhqx", R_tile, T_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("bhqd,bhdx->bhqx", Q_tile, state_bf16, preferred_element_type=jnp.float32)
            sub = (dot_2 + dot) * 0.07216878364870323 - logsum_tile[:, :, :, None]
            exp = jnp.exp(sub)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_3 = jnp.einsum("bhqe,bhxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_3 - buffer_0_tile[:, :, :, None]
            tile_bf16 = (exp * sub_2).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bhqx,bhdx->bhqd", tile_bf16, state_bf16, preferred_element_type=jnp.float32)
            tile_bf16_2 = (exp * sub_2).astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + jnp.einsum("bhqx,bxp->bhqp", tile_bf16_2, T_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_x, block_x, 3)
            state_bf16 = state_tile.astype(jnp.bfloat16)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot = jnp.einsum("bhqp,bxp->bhqx", R_tile, T_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("bhqd,bhdx->bhqx", Q_tile, state_bf16, preferred_element_type=jnp.float32)
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, :, :, None])
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot_3 = jnp.einsum("bhqe,bhxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub = dot_3 - buffer_0_tile[:, :, :, None]
            tile_bf16 = (exp * sub).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bhqx,bhdx->bhqd", tile_bf16, state_bf16, preferred_element_type=jnp.float32)
            tile_bf16_2 = (exp * sub).astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + jnp.einsum("bhqx,bxp->bhqp", tile_bf16_2, T_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x, acc_x_2))
        tile_bf16 = (acc_x * 0.07216878364870323).astype(jnp.bfloat16)
        tile_bf16_2 = (acc_x_2 * 0.07216878364870323).astype(jnp.bfloat16)
        return tile_bf16, tile_bf16_2

    d_Q_tiles, d_R_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    d_Q_tiles = d_Q_tiles.transpose(1, 2, 0, 3, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, h, -(-q // block_q) * block_q, 128)
    d_R_tiles = d_R_tiles.transpose(1, 2, 0, 3, 4)
    d_R_tiles = d_R_tiles.reshape(b, h, -(-q // block_q) * block_q, 64)
    return d_Q_tiles[:, :, :q], d_R_tiles[:, :, :q]


def _mla_backward_d_T(Q, R, T, d_out, logsum, state_2, V, buffer_0, *, block_q=256, block_x=512):
    """mla_backward_d_T(Q: bf16[b h q d], R: bf16[b h q p], T: bf16[b x p], d_out: bf16[b h q e], logsum: f32[b h q], state: f32[b h d x], V: bf16[b h x e], buffer_0: f32[b h q]) -> bf16[b x p], in blocks: memory does not grow with q."""
    Q, R, T, d_out, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, T, d_out, V))
    logsum, state_2, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_2, buffer_0))
    b, h, q, _ = Q.shape
    _, x, _ = T.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if state_2.shape != (b, h, 128, x):
        raise ValueError(f"state: f32[b h d x] has shape {state_2.shape}, expected {(b, h, 128, x)}")
    if V.shape != (b, h, x, 128):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, 128)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, 0), (0, max(-x % block_x, block_x - x))))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_h_q = jnp.full_like(Q, 0.0, jnp.float32, (b, block_x, 64))
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)

        def step(h_index, state):
            (acc_h_q,) = state
            state_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(state_2, h_index, 1, keepdims=True), first_x, block_x, 3), (1,))
            state_bf16 = state_tile.astype(jnp.bfloat16)
            V_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(V, h_index, 1, keepdims=True), first_x, block_x, 2), (1,))
            from_q = jnp.maximum(0, first_x) // block_q * block_q
            from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
            to_q = jnp.minimum(from_q_2, q)

            def step_2(block, state):
                (acc_h_q,) = state
                first_q = block * block_q
                q_index = first_q + jnp.arange(block_q)
                R_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(R, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot = jnp.einsum("bxp,bqp->bxq", T_tile, R_tile, preferred_element_type=jnp.float32)
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_2 = jnp.einsum("bdx,bqd->bxq", state_bf16, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= q_index) & (q_index < q)
                chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_3 = jnp.einsum("bxe,bqe->bxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = jnp.exp(chosen - safe_logsum[:, None]) * (dot_3 - buffer_0_tile[:, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_h_q = acc_h_q + jnp.einsum("bxq,bqp->bxp", tile_bf16, R_tile, preferred_element_type=jnp.float32)
                return (next_acc_h_q,)

            (acc_h_q,) = lax.fori_loop(from_q // block_q, -(-to_q // block_q), step_2, (acc_h_q,))
            to_q_2 = q // block_q * block_q

            def step_3(block, state):
                (acc_h_q,) = state
                first_q = block * block_q
                R_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(R, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot = jnp.einsum("bxp,bqp->bxq", T_tile, R_tile, preferred_element_type=jnp.float32)
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_2 = jnp.einsum("bdx,bqd->bxq", state_bf16, Q_tile, preferred_element_type=jnp.float32)
                sub = (dot_2 + dot) * 0.07216878364870323 - logsum_tile[:, None]
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_3 = jnp.einsum("bxe,bqe->bxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = jnp.exp(sub) * (dot_3 - buffer_0_tile[:, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_h_q = acc_h_q + jnp.einsum("bxq,bqp->bxp", tile_bf16, R_tile, preferred_element_type=jnp.float32)
                return (next_acc_h_q,)

            (acc_h_q,) = lax.fori_loop(from_q_2 // block_q, -(-to_q_2 // block_q), step_3, (acc_h_q,))
            from_q_3 = jnp.maximum(from_q_2, to_q_2)

            def step_4(block, state):
                (acc_h_q,) = state
                first_q = block * block_q
                q_index = first_q + jnp.arange(block_q)
                R_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(R, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot = jnp.einsum("bxp,bqp->bxq", T_tile, R_tile, preferred_element_type=jnp.float32)
                Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_2 = jnp.einsum("bdx,bqd->bxq", state_bf16, Q_tile, preferred_element_type=jnp.float32)
                mask = (x_index[:, None] <= q_index) & (q_index < q)
                chosen = jnp.where(mask, (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, h_index, 1, keepdims=True), first_q, block_q, 2), (1,))
                dot_3 = jnp.einsum("bxe,bqe->bxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
                mul = jnp.exp(chosen - safe_logsum[:, None]) * (dot_3 - buffer_0_tile[:, None])
                tile_bf16 = mul.astype(jnp.bfloat16)
                next_acc_h_q = acc_h_q + jnp.einsum("bxq,bqp->bxp", tile_bf16, R_tile, preferred_element_type=jnp.float32)
                return (next_acc_h_q,)

            (acc_h_q,) = lax.fori_loop(from_q_3 // block_q, -(-q // block_q), step_4, (acc_h_q,))
            return (acc_h_q,)

        (acc_h_q,) = lax.fori_loop(0, h, step, (acc_h_q,))
        tile_bf16 = (acc_h_q * 0.07216878364870323).astype(jnp.bfloat16)
        return tile_bf16

    d_T_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_T_tiles = d_T_tiles.transpose(1, 0, 2, 3)
    d_T_tiles = d_T_tiles.reshape(b, -(-x // block_x) * block_x, 64)
    return d_T_tiles[:, :x]


def _mla_backward_buffer_1(C, buffer_5):
    """mla_backward_buffer_1(C: bf16[b x r], buffer_5: bf16[b h d x]) -> f32[b h d r]"""
    C, buffer_5 = (jnp.asarray(array, jnp.bfloat16) for array in (C, buffer_5))
    b, x, _ = C.shape
    _, h, _, _ = buffer_5.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if buffer_5.shape != (b, h, 128, x):
        raise ValueError(f"buffer_5: bf16[b h d x] has shape {buffer_5.shape}, expected {(b, h, 128, x)}")
    sum_x = jnp.einsum("bxr,bhdx->bhdr", C, buffer_5, preferred_element_type=jnp.float32)  # [b h d r]
    return sum_x


def _mla_backward_buffer_2(C, buffer_6):
    """mla_backward_buffer_2(C: bf16[b x r], buffer_6: bf16[b h x e]) -> f32[b h r e]"""
    C, buffer_6 = (jnp.asarray(array, jnp.bfloat16) for array in (C, buffer_6))
    b, x, _ = C.shape
    _, h, _, _ = buffer_6.shape
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if buffer_6.shape != (b, h, x, 128):
        raise ValueError(f"buffer_6: bf16[b h x e] has shape {buffer_6.shape}, expected {(b, h, x, 128)}")
    sum_x = _einsum("bhxe,bxr->bhre", buffer_6, C, preferred_element_type=jnp.float32)  # [b h r e]
    return sum_x


def _mla_backward_buffer_4(U, buffer_5):
    """mla_backward_buffer_4(U: bf16[h r d], buffer_5: bf16[b h d x]) -> f32[b x r]"""
    U, buffer_5 = (jnp.asarray(array, jnp.bfloat16) for array in (U, buffer_5))
    h, _, _ = U.shape
    b, _, _, x = buffer_5.shape
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if buffer_5.shape != (b, h, 128, x):
        raise ValueError(f"buffer_5: bf16[b h d x] has shape {buffer_5.shape}, expected {(b, h, 128, x)}")
    sum_h_d = jnp.einsum("hrd,bhdx->bxr", U, buffer_5, preferred_element_type=jnp.float32)  # [b x r]
    product = sum_h_d * 0.07216878364870323  # [b x r]
    return product


def _mla_backward_d_C(W, buffer_4, buffer_6):
    """mla_backward_d_C(W: bf16[h r e], buffer_4: f32[b x r], buffer_6: bf16[b h x e]) -> bf16[b x r]"""
    W, buffer_6 = (jnp.asarray(array, jnp.bfloat16) for array in (W, buffer_6))
    buffer_4 = jnp.asarray(buffer_4, jnp.float32)
    h, _, _ = W.shape
    b, x, _ = buffer_4.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if buffer_4.shape != (b, x, 256):
        raise ValueError(f"buffer_4: f32[b x r] has shape {buffer_4.shape}, expected {(b, x, 256)}")
    if buffer_6.shape != (b, h, x, 128):
        raise ValueError(f"buffer_6: bf16[b h x e] has shape {buffer_6.shape}, expected {(b, h, x, 128)}")
    sum_h_e = jnp.einsum("bhxe,hre->bxr", buffer_6, W, preferred_element_type=jnp.float32)  # [b x r]
    as_bf16 = (buffer_4 + sum_h_e).astype(jnp.bfloat16)  # [b x r]
    return as_bf16


def _mla_backward_d_U(buffer_1):
    """mla_backward_d_U(buffer_1: f32[b h d r]) -> bf16[h r d]"""
    buffer_1 = jnp.asarray(buffer_1, jnp.float32)
    b, h, _, _ = buffer_1.shape
    if buffer_1.shape != (b, h, 128, 256):
        raise ValueError(f"buffer_1: f32[b h d r] has shape {buffer_1.shape}, expected {(b, h, 128, 256)}")
    sum_b = jnp.sum(buffer_1, axis=0)  # [h d r]
    as_bf16 = (sum_b.transpose(0, 2, 1) * 0.07216878364870323).astype(jnp.bfloat16)  # [h r d]
    return as_bf16


def _mla_backward_d_W(buffer_2):
    """mla_backward_d_W(buffer_2: f32[b h r e]) -> bf16[h r e]"""
    buffer_2 = jnp.asarray(buffer_2, jnp.float32)
    b, h, _, _ = buffer_2.shape
    if buffer_2.shape != (b, h, 256, 128):
        raise ValueError(f"buffer_2: f32[b h r e] has shape {buffer_2.shape}, expected {(b, h, 256, 128)}")
    sum_b = jnp.sum(buffer_2, axis=0)  # [h r e]
    as_bf16 = sum_b.astype(jnp.bfloat16)  # [h r e]
    return as_bf16


@functools.partial(jax.custom_vjp, nondiff_argnums=(6,))
def _mla_differentiable(Q, R, C, T, U, W, block_x):
    K = _mla_K(C, U)
    out = _mla_out(Q, R, C, T, W, K, block_x=block_x)
    return out


def _mla_keeping(Q, R, C, T, U, W, block_x):
    state = _mla_forward_state(C, U)
    out = _mla_forward_out(Q, R, C, T, W, state, block_x=block_x)
    logsum = _mla_forward_logsum(Q, R, T, state, block_x=block_x)
    return out, (Q, R, C, T, U, W, out, logsum, state)


def _mla_pull(block_x, saved, cotangents):
    Q, R, C, T, U, W, out, logsum, state = saved
    d_out = cotangents
    buffer_0 = _mla_backward_buffer_0(d_out, out)
    V = _mla_backward_V(C, W)
    buffer_5, buffer_6 = _mla_backward_buffer_5_buffer_6(
        Q, R, T, d_out, logsum, state, V, buffer_0, block_x=block_x,
    )
    d_Q, d_R = _mla_backward_d_Q_d_R(Q, R, T, d_out, logsum, state, V, buffer_0, block_x=block_x)
    d_T = _mla_backward_d_T(Q, R, T, d_out, logsum, state, V, buffer_0, block_x=block_x)
    buffer_1 = _mla_backward_buffer_1(C, buffer_5)
    buffer_2 = _mla_backward_buffer_2(C, buffer_6)
    buffer_4 = _mla_backward_buffer_4(U, buffer_5)
    d_C = _mla_backward_d_C(W, buffer_4, buffer_6)
    d_U = _mla_backward_d_U(buffer_1)
    d_W = _mla_backward_d_W(buffer_2)
    return (d_Q, d_R, d_C, d_T, d_U, d_W)


_mla_differentiable.defvjp(_mla_keeping, _mla_pull)


def mla(Q, R, C, T, U, W, *, block_x=256):
    """mla(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e]) -> bf16[b h q e], in blocks; differentiable in reverse."""
    Q, R, C, T, U, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W))
    Q, R, C, T, U, W = _alike(Q, R, C, T, U, W)
    return _mla_differentiable(Q, R, C, T, U, W, block_x)


def mla_plain(Q, R, C, T, U, W):
    """mla(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e]) -> bf16[b h q e]"""
    Q, R, C, T, U, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W))
    b, h, q, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, q, 128):
        raise ValueError(f"Q: bf16[b h q d] has shape {Q.shape}, expected {(b, h, q, 128)}")
    if R.shape != (b, h, q, 64):
        raise ValueError(f"R: bf16[b h q p] has shape {R.shape}, expected {(b, h, q, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[latent.diag:18]
    sum_r = jnp.einsum("bxr,hrd->bhdx", C, U, preferred_element_type=jnp.float32)  # [b h d x]  # src[latent.diag:15]
    sum_d = jnp.einsum("bhqd,bhdx->bhqx", Q, sum_r.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[latent.diag:17]
    sum_p = jnp.einsum("bhqp,bxp->bhqx", R, T, preferred_element_type=jnp.float32)  # [b h q x]  # src[latent.diag:17]
    S = (sum_d + sum_p) * lax.rsqrt(jnp.float32(128 + 64))  # [b h q x]  # src[latent.diag:17]
    chosen = jnp.where(le_value, S, -jnp.inf)  # [b h q x]  # src[latent.diag:18]
    max_x = jnp.max(chosen, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, None]))  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, None] > 0, e / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_r_2 = jnp.einsum("bxr,hre->bhex", C, W, preferred_element_type=jnp.float32)  # [b h e x]  # src[latent.diag:16]
    sum_x = _product("bhqx,bhex->bhqe", jnp.bfloat16, chosen_2, sum_r_2.astype(jnp.bfloat16))  # [b h q e]  # src[latent.diag:18]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h q e]
    return as_bf16


def _mla_decode_buffer_0_buffer_1(Q, R, C, T, U, filled, *, block_x=256, block_one=512):
    """mla_decode_buffer_0_buffer_1(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], filled: i32[]) -> (f32[b h one], bf16[b h one r]), in blocks: memory does not grow with x."""
    Q, R, C, T, U = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U))
    filled = jnp.asarray(filled, jnp.int32)
    b, h, _, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_one = min(block_one, max(1, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-1 % block_one, block_one - 1)), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, 0), (0, max(-1 % block_one, block_one - 1)), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_one = tile * block_one
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_one))
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_one))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_one, 256))
        Q_tile = lax.dynamic_slice_in_dim(Q, first_one, block_one, 2)
        dot = _einsum("bhod,hrd->bhor", Q_tile, U, preferred_element_type=jnp.float32)
        R_tile = lax.dynamic_slice_in_dim(R, first_one, block_one, 2)
        to_x = jnp.minimum(x, filled.astype(int)) // block_x * block_x

        def step(block, state):
            max_x, sum_x, acc_x = state
            first_x = block * block_x
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            dot_bf16 = dot.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhor,bxr->bhox", dot_bf16, C_tile, preferred_element_type=jnp.float32)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot_3 = jnp.einsum("bhop,bxp->bhox", R_tile, T_tile, preferred_element_type=jnp.float32)
            mul = (dot_3 + dot_2) * 0.07216878364870323
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            exp = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(exp, axis=3)
            next_sum_x = sum_x * scale + tile_sum
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhox,bxr->bhor", tile_bf16, C_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_sum_x, next_acc_x)

        max_x, sum_x, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, sum_x, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, filled.astype(int))

        def step_2(block, state):
            max_x, sum_x, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            dot_bf16 = dot.astype(jnp.bfloat16)
            dot_2 = jnp.einsum("bhor,bxr->bhox", dot_bf16, C_tile, preferred_element_type=jnp.float32)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot_3 = jnp.einsum("bhop,bxp->bhox", R_tile, T_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < filled) & (x_index < x), (dot_3 + dot_2) * 0.07216878364870323, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            exp = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(exp, axis=3)
            next_sum_x = sum_x * scale + tile_sum
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhox,bxr->bhor", tile_bf16, C_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_sum_x, next_acc_x)

        max_x, sum_x, acc_x = lax.fori_loop(
            from_x // block_x,
            -(-to_x_2 // block_x),
            step_2,
            (max_x, sum_x, acc_x),
        )
        return sum_x, acc_x.astype(jnp.bfloat16)

    buffer_0_tiles, buffer_1_tiles = lax.map(program, jnp.arange(-(-1 // block_one)))
    buffer_0_tiles = buffer_0_tiles.transpose(1, 2, 0, 3)
    buffer_0_tiles = buffer_0_tiles.reshape(b, h, -(-1 // block_one) * block_one)
    buffer_1_tiles = buffer_1_tiles.transpose(1, 2, 0, 3, 4)
    buffer_1_tiles = buffer_1_tiles.reshape(b, h, -(-1 // block_one) * block_one, 256)
    return buffer_0_tiles[:, :, :1], buffer_1_tiles[:, :, :1]


def _mla_decode_out(W, buffer_0, buffer_1):
    """mla_decode_out(W: bf16[h r e], buffer_0: f32[b h one], buffer_1: bf16[b h one r]) -> bf16[b h one e]"""
    W, buffer_1 = (jnp.asarray(array, jnp.bfloat16) for array in (W, buffer_1))
    buffer_0 = jnp.asarray(buffer_0, jnp.float32)
    h, _, _ = W.shape
    b, _, _ = buffer_0.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if buffer_0.shape != (b, h, 1):
        raise ValueError(f"buffer_0: f32[b h one] has shape {buffer_0.shape}, expected {(b, h, 1)}")
    if buffer_1.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_1: bf16[b h one r] has shape {buffer_1.shape}, expected {(b, h, 1, 256)}")
    sum_r = _einsum("hre,bhor->bhoe", W, buffer_1, preferred_element_type=jnp.float32)  # [b h one e]
    product = 1 / buffer_0[:, :, :, None] * sum_r  # [b h one e]
    as_bf16 = jnp.where(buffer_0[:, :, :, None] > 0.0, product, 0.0).astype(jnp.bfloat16)  # [b h one e]
    return as_bf16


def _mla_decode_forward_buffer_0_state_state_(Q, R, C, T, U, filled, *, block_x=256, block_one=512):
    """mla_decode_forward_buffer_0_state_state_(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], filled: i32[]) -> (bf16[b h one r], f32[b h one], f32[b h one]), in blocks: memory does not grow with x."""
    Q, R, C, T, U = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U))
    filled = jnp.asarray(filled, jnp.int32)
    b, h, _, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    block_x = min(block_x, max(x, 1))
    block_one = min(block_one, max(1, 1))
    R = jnp.pad(R, ((0, 0), (0, 0), (0, max(-1 % block_one, block_one - 1)), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-1 % block_one, block_one - 1)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_one = tile * block_one
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_one))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_one, 256))
        sum_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_one))
        R_tile = lax.dynamic_slice_in_dim(R, first_one, block_one, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_one, block_one, 2)
        dot = _einsum("bhod,hrd->bhor", Q_tile, U, preferred_element_type=jnp.float32)
        to_x = jnp.minimum(x, filled.astype(int)) // block_x * block_x

        def step(block, state):
            max_x, acc_x, sum_x = state
            first_x = block * block_x
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot_2 = jnp.einsum("bhop,bxp->bhox", R_tile, T_tile, preferred_element_type=jnp.float32)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            dot_bf16 = dot.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("bhor,bxr->bhox", dot_bf16, C_tile, preferred_element_type=jnp.float32)
            mul = (dot_3 + dot_2) * 0.07216878364870323
            tile_max = jnp.max(mul, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            exp = jnp.exp(mul - next_max_x[:, :, :, None])
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhox,bxr->bhor", tile_bf16, C_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(exp, axis=3)
            next_sum_x = sum_x * scale + tile_sum
            return (next_max_x, next_acc_x, next_sum_x)

        max_x, acc_x, sum_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, acc_x, sum_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, filled.astype(int))

        def step_2(block, state):
            max_x, acc_x, sum_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot_2 = jnp.einsum("bhop,bxp->bhox", R_tile, T_tile, preferred_element_type=jnp.float32)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            dot_bf16 = dot.astype(jnp.bfloat16)
            dot_3 = jnp.einsum("bhor,bxr->bhox", dot_bf16, C_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < filled) & (x_index < x), (dot_3 + dot_2) * 0.07216878364870323, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            exp = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhox,bxr->bhor", tile_bf16, C_tile, preferred_element_type=jnp.float32)
            tile_sum = jnp.sum(exp, axis=3)
            next_sum_x = sum_x * scale + tile_sum
            return (next_max_x, next_acc_x, next_sum_x)

        max_x, acc_x, sum_x = lax.fori_loop(
            from_x // block_x,
            -(-to_x_2 // block_x),
            step_2,
            (max_x, acc_x, sum_x),
        )
        return acc_x.astype(jnp.bfloat16), max_x, sum_x

    buffer_0_tiles, state_tiles, state__tiles = lax.map(program, jnp.arange(-(-1 // block_one)))
    buffer_0_tiles = buffer_0_tiles.transpose(1, 2, 0, 3, 4)
    buffer_0_tiles = buffer_0_tiles.reshape(b, h, -(-1 // block_one) * block_one, 256)
    state_tiles = state_tiles.transpose(1, 2, 0, 3)
    state_tiles = state_tiles.reshape(b, h, -(-1 // block_one) * block_one)
    state__tiles = state__tiles.transpose(1, 2, 0, 3)
    state__tiles = state__tiles.reshape(b, h, -(-1 // block_one) * block_one)
    return buffer_0_tiles[:, :, :1], state_tiles[:, :, :1], state__tiles[:, :, :1]


def _mla_decode_forward_out(W, state_, buffer_0):
    """mla_decode_forward_out(W: bf16[h r e], state_: f32[b h one], buffer_0: bf16[b h one r]) -> bf16[b h one e]"""
    W, buffer_0 = (jnp.asarray(array, jnp.bfloat16) for array in (W, buffer_0))
    state_ = jnp.asarray(state_, jnp.float32)
    h, _, _ = W.shape
    b, _, _ = state_.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    if buffer_0.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_0: bf16[b h one r] has shape {buffer_0.shape}, expected {(b, h, 1, 256)}")
    sum_r = _einsum("hre,bhor->bhoe", W, buffer_0, preferred_element_type=jnp.float32)  # [b h one e]
    product = 1 / state_[:, :, :, None] * sum_r  # [b h one e]
    as_bf16 = jnp.where(state_[:, :, :, None] > 0.0, product, 0.0).astype(jnp.bfloat16)  # [b h one e]
    return as_bf16


def _mla_decode_forward_logsum(state, state_):
    """mla_decode_forward_logsum(state: f32[b h one], state_: f32[b h one]) -> f32[b h one]"""
    state, state_ = (jnp.asarray(array, jnp.float32) for array in (state, state_))
    b, h, _ = state.shape
    if state.shape != (b, h, 1):
        raise ValueError(f"state: f32[b h one] has shape {state.shape}, expected {(b, h, 1)}")
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    total = state + jnp.log(state_)  # [b h one]
    return total


def _mla_decode_backward_buffer_0(Q, U):
    """mla_decode_backward_buffer_0(Q: bf16[b h one d], U: bf16[h r d]) -> bf16[b h one r]"""
    Q, U = (jnp.asarray(array, jnp.bfloat16) for array in (Q, U))
    b, h, _, _ = Q.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    sum_d = _einsum("hrd,bhod->bhor", U, Q, preferred_element_type=jnp.float32)  # [b h one r]
    return sum_d.astype(jnp.bfloat16)


def _mla_decode_backward_buffer_2(W, d_out):
    """mla_decode_backward_buffer_2(W: bf16[h r e], d_out: bf16[b h one e]) -> bf16[b h one r]"""
    W, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (W, d_out))
    h, _, _ = W.shape
    b, _, _, _ = d_out.shape
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    sum_e = _einsum("hre,bhoe->bhor", W, d_out, preferred_element_type=jnp.float32)  # [b h one r]
    return sum_e.astype(jnp.bfloat16)


def _mla_decode_backward_buffer_4(d_out, out):
    """mla_decode_backward_buffer_4(d_out: bf16[b h one e], out: bf16[b h one e]) -> f32[b h one]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, h, _, _ = d_out.shape
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if out.shape != (b, h, 1, 128):
        raise ValueError(f"out: bf16[b h one e] has shape {out.shape}, expected {(b, h, 1, 128)}")
    sum_e = jnp.einsum("bhoe,bhoe->bho", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    return sum_e


def _mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R(
    R, C, T, filled, logsum, state_2, buffer_0, buffer_2, buffer_4, *, block_x=256, block_h=512,
):
    """mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R(R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], filled: i32[], logsum: f32[b h one], state: f32[b h one], buffer_0: bf16[b h one r], buffer_2: bf16[b h one r], buffer_4: f32[b h one]) -> (bf16[b h one r], bf16[b h one r], bf16[b h one r], bf16[b h one p]), in blocks: memory does not grow with x."""
    R, C, T, buffer_0, buffer_2 = (jnp.asarray(array, jnp.bfloat16) for array in (R, C, T, buffer_0, buffer_2))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, state_2, buffer_4 = (jnp.asarray(array, jnp.float32) for array in (logsum, state_2, buffer_4))
    b, h, _, _ = R.shape
    _, x, _ = C.shape
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    if state_2.shape != (b, h, 1):
        raise ValueError(f"state: f32[b h one] has shape {state_2.shape}, expected {(b, h, 1)}")
    if buffer_0.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_0: bf16[b h one r] has shape {buffer_0.shape}, expected {(b, h, 1, 256)}")
    if buffer_2.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_2: bf16[b h one r] has shape {buffer_2.shape}, expected {(b, h, 1, 256)}")
    if buffer_4.shape != (b, h, 1):
        raise ValueError(f"buffer_4: f32[b h one] has shape {buffer_4.shape}, expected {(b, h, 1)}")
    block_x = min(block_x, max(x, 1))
    block_h = min(block_h, max(h, 1))
    state_2 = jnp.pad(state_2, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    buffer_2 = jnp.pad(buffer_2, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        first_h = tile * block_h
        acc_x = jnp.full_like(R, 0.0, jnp.float32, (b, 1, block_h, 256))
        acc_x_2 = jnp.full_like(R, 0.0, jnp.float32, (b, 1, block_h, 256))
        acc_x_3 = jnp.full_like(R, 0.0, jnp.float32, (b, 1, block_h, 256))
        acc_x_4 = jnp.full_like(R, 0.0, jnp.float32, (b, 1, block_h, 64))
        state_tile = lax.dynamic_slice_in_dim(state_2, first_h, block_h, 1)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_h, block_h, 1)
        R_tile = lax.dynamic_slice_in_dim(R, first_h, block_h, 1)
        buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_h, block_h, 1)
        buffer_2_tile = lax.dynamic_slice_in_dim(buffer_2, first_h, block_h, 1)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_h, block_h, 1)
        to_x = jnp.minimum(x, filled.astype(int)) // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2, acc_x_3, acc_x_4 = state
            first_x = block * block_x
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            dot = jnp.einsum("bhor,bxr->bohx", buffer_0_tile, C_tile, preferred_element_type=jnp.float32)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot_2 = jnp.einsum("bhop,bxp->bohx", R_tile, T_tile, preferred_element_type=jnp.float32)
            mul = (dot_2 + dot) * 0.07216878364870323
            sub = mul - state_tile.transpose(0, 2, 1)[:, :, :, None]
            dot_3 = jnp.einsum("bhor,bxr->bohx", buffer_2_tile, C_tile, preferred_element_type=jnp.float32)
            sub_2 = dot_3 - buffer_4_tile.transpose(0, 2, 1)[:, :, :, None]
            tile_bf16 = (jnp.exp(sub) * sub_2).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bohx,bxr->bohr", tile_bf16, C_tile, preferred_element_type=jnp.float32)
            sub_3 = mul - logsum_tile.transpose(0, 2, 1)[:, :, :, None]
            exp = jnp.exp(sub_3)
            tile_bf16_2 = exp.astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + jnp.einsum("bohx,bxr->bohr", tile_bf16_2, C_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (exp * sub_2).astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + jnp.einsum("bohx,bxr->bohr", tile_bf16_3, C_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = (exp * sub_2).astype(jnp.bfloat16)
            next_acc_x_4 = acc_x_4 + jnp.einsum("bohx,bxp->bohp", tile_bf16_4, T_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4)

        acc_x, acc_x_2, acc_x_3, acc_x_4 = lax.fori_loop(
            0,
            -(-to_x // block_x),
            step,
            (acc_x, acc_x_2, acc_x_3, acc_x_4),
        )
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, filled.astype(int))

        def step_2(block, state):
            acc_x, acc_x_2, acc_x_3, acc_x_4 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            dot = jnp.einsum("bhor,bxr->bohx", buffer_0_tile, C_tile, preferred_element_type=jnp.float32)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            dot_2 = jnp.einsum("bhop,bxp->bohx", R_tile, T_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((x_index < filled) & (x_index < x), (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
            equal = state_tile.transpose(0, 2, 1) == -jnp.inf
            safe_state = jnp.where(equal, 0.0, state_tile.transpose(0, 2, 1))
            exp = jnp.exp(chosen - safe_state[:, :, :, None])
            dot_3 = jnp.einsum("bhor,bxr->bohx", buffer_2_tile, C_tile, preferred_element_type=jnp.float32)
            sub = dot_3 - buffer_4_tile.transpose(0, 2, 1)[:, :, :, None]
            tile_bf16 = (exp * sub).astype(jnp.bfloat16)
            next_acc_x = acc_x + jnp.einsum("bohx,bxr->bohr", tile_bf16, C_tile, preferred_element_type=jnp.float32)
            equal_2 = logsum_tile.transpose(0, 2, 1) == -jnp.inf
            safe_logsum = jnp.where(equal_2, 0.0, logsum_tile.transpose(0, 2, 1))
            exp_2 = jnp.exp(chosen - safe_logsum[:, :, :, None])
            tile_bf16_2 = exp_2.astype(jnp.bfloat16)
            next_acc_x_2 = acc_x_2 + jnp.einsum("bohx,bxr->bohr", tile_bf16_2, C_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (exp_2 * sub).astype(jnp.bfloat16)
            next_acc_x_3 = acc_x_3 + jnp.einsum("bohx,bxr->bohr", tile_bf16_3, C_tile, preferred_element_type=jnp.float32)
            tile_bf16_4 = (exp_2 * sub).astype(jnp.bfloat16)
            next_acc_x_4 = acc_x_4 + jnp.einsum("bohx,bxp->bohp", tile_bf16_4, T_tile, preferred_element_type=jnp.float32)
            return (next_acc_x, next_acc_x_2, next_acc_x_3, next_acc_x_4)

        acc_x, acc_x_2, acc_x_3, acc_x_4 = lax.fori_loop(
            from_x // block_x,
            -(-to_x_2 // block_x),
            step_2,
            (acc_x, acc_x_2, acc_x_3, acc_x_4),
        )
        tile_bf16 = (acc_x_4 * 0.07216878364870323).astype(jnp.bfloat16)
        return acc_x.astype(jnp.bfloat16).transpose(0, 2, 1, 3), acc_x_2.astype(jnp.bfloat16).transpose(0, 2, 1, 3), acc_x_3.astype(jnp.bfloat16).transpose(0, 2, 1, 3), tile_bf16.transpose(0, 2, 1, 3)

    buffer_1_tiles, buffer_3_tiles, buffer_5_tiles, d_R_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    buffer_1_tiles = buffer_1_tiles.transpose(1, 0, 2, 3, 4)
    buffer_1_tiles = buffer_1_tiles.reshape(b, -(-h // block_h) * block_h, 1, 256)
    buffer_3_tiles = buffer_3_tiles.transpose(1, 0, 2, 3, 4)
    buffer_3_tiles = buffer_3_tiles.reshape(b, -(-h // block_h) * block_h, 1, 256)
    buffer_5_tiles = buffer_5_tiles.transpose(1, 0, 2, 3, 4)
    buffer_5_tiles = buffer_5_tiles.reshape(b, -(-h // block_h) * block_h, 1, 256)
    d_R_tiles = d_R_tiles.transpose(1, 0, 2, 3, 4)
    d_R_tiles = d_R_tiles.reshape(b, -(-h // block_h) * block_h, 1, 64)
    return buffer_1_tiles[:, :h], buffer_3_tiles[:, :h], buffer_5_tiles[:, :h], d_R_tiles[:, :h]


def _mla_decode_backward_d_C_d_T(
    R, C, T, filled, logsum, buffer_0, buffer_2, buffer_4, *, block_h=256, block_x=512,
):
    """mla_decode_backward_d_C_d_T(R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], filled: i32[], logsum: f32[b h one], buffer_0: bf16[b h one r], buffer_2: bf16[b h one r], buffer_4: f32[b h one]) -> (bf16[b x r], bf16[b x p]), in blocks: memory does not grow with h."""
    R, C, T, buffer_0, buffer_2 = (jnp.asarray(array, jnp.bfloat16) for array in (R, C, T, buffer_0, buffer_2))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, buffer_4 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_4))
    b, h, _, _ = R.shape
    _, x, _ = C.shape
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    if buffer_0.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_0: bf16[b h one r] has shape {buffer_0.shape}, expected {(b, h, 1, 256)}")
    if buffer_2.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_2: bf16[b h one r] has shape {buffer_2.shape}, expected {(b, h, 1, 256)}")
    if buffer_4.shape != (b, h, 1):
        raise ValueError(f"buffer_4: f32[b h one] has shape {buffer_4.shape}, expected {(b, h, 1)}")
    block_h = min(block_h, max(h, 1))
    block_x = min(block_x, max(x, 1))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    buffer_2 = jnp.pad(buffer_2, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))

    def program(tile):
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_h_one = jnp.full_like(R, 0.0, jnp.float32, (b, block_x, 256))
        acc_h_one_2 = jnp.full_like(R, 0.0, jnp.float32, (b, block_x, 256))
        acc_h_one_3 = jnp.full_like(R, 0.0, jnp.float32, (b, block_x, 64))
        C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        lt = x_index < filled

        def step(one_index, state):
            acc_h_one, acc_h_one_2, acc_h_one_3 = state
            to_h = h // block_h * block_h

            def step_2(block, state):
                acc_h_one, acc_h_one_2, acc_h_one_3 = state
                first_h = block * block_h
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                dot = jnp.einsum("bxr,bhr->bxh", C_tile, buffer_0_tile, preferred_element_type=jnp.float32)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(R, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                dot_2 = jnp.einsum("bxp,bhp->bxh", T_tile, R_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(lt[:, None], (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, None])
                tile_bf16 = exp.astype(jnp.bfloat16)
                buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                next_acc_h_one = acc_h_one + jnp.einsum("bxh,bhr->bxr", tile_bf16, buffer_2_tile, preferred_element_type=jnp.float32)
                buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                dot_3 = jnp.einsum("bxr,bhr->bxh", C_tile, buffer_2_tile, preferred_element_type=jnp.float32)
                sub = dot_3 - buffer_4_tile[:, None]
                tile_bf16_2 = (exp * sub).astype(jnp.bfloat16)
                next_acc_h_one_2 = acc_h_one_2 + jnp.einsum("bxh,bhr->bxr", tile_bf16_2, buffer_0_tile, preferred_element_type=jnp.float32)
                tile_bf16_3 = (exp * sub).astype(jnp.bfloat16)
                next_acc_h_one_3 = acc_h_one_3 + jnp.einsum("bxh,bhp->bxp", tile_bf16_3, R_tile, preferred_element_type=jnp.float32)
                return (next_acc_h_one, next_acc_h_one_2, next_acc_h_one_3)

            acc_h_one, acc_h_one_2, acc_h_one_3 = lax.fori_loop(
                0,
                -(-to_h // block_h),
                step_2,
                (acc_h_one, acc_h_one_2, acc_h_one_3),
            )
            from_h = jnp.maximum(0, to_h)

            def step_3(block, state):
                acc_h_one, acc_h_one_2, acc_h_one_3 = state
                first_h = block * block_h
                h_index = first_h + jnp.arange(block_h)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(logsum, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                buffer_0_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_0, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                dot = jnp.einsum("bxr,bhr->bxh", C_tile, buffer_0_tile, preferred_element_type=jnp.float32)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(R, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                dot_2 = jnp.einsum("bxp,bhp->bxh", T_tile, R_tile, preferred_element_type=jnp.float32)
                chosen = jnp.where(lt[:, None] & (h_index < h), (dot_2 + dot) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, None])
                tile_bf16 = exp.astype(jnp.bfloat16)
                buffer_2_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_2, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                next_acc_h_one = acc_h_one + jnp.einsum("bxh,bhr->bxr", tile_bf16, buffer_2_tile, preferred_element_type=jnp.float32)
                buffer_4_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(buffer_4, first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                dot_3 = jnp.einsum("bxr,bhr->bxh", C_tile, buffer_2_tile, preferred_element_type=jnp.float32)
                sub = dot_3 - buffer_4_tile[:, None]
                tile_bf16_2 = (exp * sub).astype(jnp.bfloat16)
                next_acc_h_one_2 = acc_h_one_2 + jnp.einsum("bxh,bhr->bxr", tile_bf16_2, buffer_0_tile, preferred_element_type=jnp.float32)
                tile_bf16_3 = (exp * sub).astype(jnp.bfloat16)
                next_acc_h_one_3 = acc_h_one_3 + jnp.einsum("bxh,bhp->bxp", tile_bf16_3, R_tile, preferred_element_type=jnp.float32)
                return (next_acc_h_one, next_acc_h_one_2, next_acc_h_one_3)

            acc_h_one, acc_h_one_2, acc_h_one_3 = lax.fori_loop(
                from_h // block_h,
                -(-h // block_h),
                step_3,
                (acc_h_one, acc_h_one_2, acc_h_one_3),
            )
            return (acc_h_one, acc_h_one_2, acc_h_one_3)

        acc_h_one, acc_h_one_2, acc_h_one_3 = lax.fori_loop(0, 1, step, (acc_h_one, acc_h_one_2, acc_h_one_3))
        chosen = jnp.where(lt[:, None], 0.07216878364870323 * acc_h_one_2, 0.0)
        tile_bf16 = (acc_h_one + chosen).astype(jnp.bfloat16)
        chosen_2 = jnp.where(lt[:, None], acc_h_one_3 * 0.07216878364870323, 0.0)
        return tile_bf16, chosen_2.astype(jnp.bfloat16)

    d_C_tiles, d_T_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_C_tiles = d_C_tiles.transpose(1, 0, 2, 3)
    d_C_tiles = d_C_tiles.reshape(b, -(-x // block_x) * block_x, 256)
    d_T_tiles = d_T_tiles.transpose(1, 0, 2, 3)
    d_T_tiles = d_T_tiles.reshape(b, -(-x // block_x) * block_x, 64)
    return d_C_tiles[:, :x], d_T_tiles[:, :x]


def _mla_decode_backward_d_Q(U, state_, buffer_1):
    """mla_decode_backward_d_Q(U: bf16[h r d], state_: f32[b h one], buffer_1: bf16[b h one r]) -> bf16[b h one d]"""
    U, buffer_1 = (jnp.asarray(array, jnp.bfloat16) for array in (U, buffer_1))
    state_ = jnp.asarray(state_, jnp.float32)
    h, _, _ = U.shape
    b, _, _ = state_.shape
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    if buffer_1.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_1: bf16[b h one r] has shape {buffer_1.shape}, expected {(b, h, 1, 256)}")
    sum_r = _einsum("hrd,bhor->bhod", U, buffer_1, preferred_element_type=jnp.float32)  # [b h one d]
    product = sum_r * (1 / state_[:, :, :, None]) * 0.07216878364870323  # [b h one d]
    as_bf16 = jnp.where(state_[:, :, :, None] > 0.0, product, 0.0).astype(jnp.bfloat16)  # [b h one d]
    return as_bf16


def _mla_decode_backward_d_U(Q, buffer_5):
    """mla_decode_backward_d_U(Q: bf16[b h one d], buffer_5: bf16[b h one r]) -> bf16[h r d]"""
    Q, buffer_5 = (jnp.asarray(array, jnp.bfloat16) for array in (Q, buffer_5))
    b, h, _, _ = Q.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if buffer_5.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_5: bf16[b h one r] has shape {buffer_5.shape}, expected {(b, h, 1, 256)}")
    sum_b_one = _einsum("bhod,bhor->hrd", Q, buffer_5, preferred_element_type=jnp.float32)  # [h r d]
    as_bf16 = (sum_b_one * 0.07216878364870323).astype(jnp.bfloat16)  # [h r d]
    return as_bf16


def _mla_decode_backward_d_W(d_out, buffer_3):
    """mla_decode_backward_d_W(d_out: bf16[b h one e], buffer_3: bf16[b h one r]) -> bf16[h r e]"""
    d_out, buffer_3 = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, buffer_3))
    b, h, _, _ = d_out.shape
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if buffer_3.shape != (b, h, 1, 256):
        raise ValueError(f"buffer_3: bf16[b h one r] has shape {buffer_3.shape}, expected {(b, h, 1, 256)}")
    sum_b_one = _einsum("bhor,bhoe->hre", buffer_3, d_out, preferred_element_type=jnp.float32)  # [h r e]
    as_bf16 = sum_b_one.astype(jnp.bfloat16)  # [h r e]
    return as_bf16


@functools.partial(jax.custom_vjp, nondiff_argnums=(7, 8))
def _mla_decode_differentiable(Q, R, C, T, U, W, filled, block_x, block_one):
    buffer_0, buffer_1 = _mla_decode_buffer_0_buffer_1(
        Q,
        R,
        C,
        T,
        U,
        filled,
        block_x=block_x,
        block_one=block_one,
    )
    out = _mla_decode_out(W, buffer_0, buffer_1)
    return out


def _mla_decode_keeping(Q, R, C, T, U, W, filled, block_x, block_one):
    buffer_0, state, state_ = _mla_decode_forward_buffer_0_state_state_(
        Q,
        R,
        C,
        T,
        U,
        filled,
        block_x=block_x,
        block_one=block_one,
    )
    out = _mla_decode_forward_out(W, state_, buffer_0)
    logsum = _mla_decode_forward_logsum(state, state_)
    return out, (Q, R, C, T, U, W, filled, out, logsum, state, state_)


def _mla_decode_pull(block_x, block_one, saved, cotangents):
    Q, R, C, T, U, W, filled, out, logsum, state, state_ = saved
    d_out = cotangents
    buffer_0 = _mla_decode_backward_buffer_0(Q, U)
    buffer_2 = _mla_decode_backward_buffer_2(W, d_out)
    buffer_4 = _mla_decode_backward_buffer_4(d_out, out)
    buffer_1, buffer_3, buffer_5, d_R = _mla_decode_backward_buffer_1_buffer_3_buffer_5_d_R(
        R, C, T, filled, logsum, state, buffer_0, buffer_2, buffer_4, block_x=block_x,
    )
    d_C, d_T = _mla_decode_backward_d_C_d_T(
        R, C, T, filled, logsum, buffer_0, buffer_2, buffer_4, block_x=block_x,
    )
    d_Q = _mla_decode_backward_d_Q(U, state_, buffer_1)
    d_U = _mla_decode_backward_d_U(Q, buffer_5)
    d_W = _mla_decode_backward_d_W(d_out, buffer_3)
    return (d_Q, d_R, d_C, d_T, d_U, d_W, None)


_mla_decode_differentiable.defvjp(_mla_decode_keeping, _mla_decode_pull)


def mla_decode(Q, R, C, T, U, W, filled, *, block_x=256, block_one=512):
    """mla_decode(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[]) -> bf16[b h one e], in blocks; differentiable in reverse."""
    Q, R, C, T, U, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W))
    filled = jnp.asarray(filled, jnp.int32)
    Q, R, C, T, U, W, filled = _alike(Q, R, C, T, U, W, filled)
    return _mla_decode_differentiable(Q, R, C, T, U, W, filled, block_x, block_one)


def mla_decode_plain(Q, R, C, T, U, W, filled):
    """mla_decode(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[]) -> bf16[b h one e]"""
    Q, R, C, T, U, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W))
    filled = jnp.asarray(filled, jnp.int32)
    b, h, _, _ = Q.shape
    _, x, _ = C.shape
    if Q.shape != (b, h, 1, 128):
        raise ValueError(f"Q: bf16[b h one d] has shape {Q.shape}, expected {(b, h, 1, 128)}")
    if R.shape != (b, h, 1, 64):
        raise ValueError(f"R: bf16[b h one p] has shape {R.shape}, expected {(b, h, 1, 64)}")
    if C.shape != (b, x, 256):
        raise ValueError(f"C: bf16[b x r] has shape {C.shape}, expected {(b, x, 256)}")
    if T.shape != (b, x, 64):
        raise ValueError(f"T: bf16[b x p] has shape {T.shape}, expected {(b, x, 64)}")
    if U.shape != (h, 256, 128):
        raise ValueError(f"U: bf16[h r d] has shape {U.shape}, expected {(h, 256, 128)}")
    if W.shape != (h, 256, 128):
        raise ValueError(f"W: bf16[h r e] has shape {W.shape}, expected {(h, 256, 128)}")
    if filled.shape != ():
        raise ValueError(f"filled: i32[] has shape {filled.shape}, expected {()}")
    K = jnp.einsum("bxr,hrd->bhdx", C, U, preferred_element_type=jnp.float32)  # [b h d x]  # src[latent.diag:31]
    sum_d = _product("bhod,bhdx->bhox", jnp.bfloat16, Q, K)  # [b h one x]  # src[latent.diag:33]
    sum_p = jnp.einsum("bhop,bxp->bhox", R, T, preferred_element_type=jnp.float32)  # [b h one x]  # src[latent.diag:33]
    S = (sum_d + sum_p) * lax.rsqrt(jnp.float32(128 + 64))  # [b h one x]  # src[latent.diag:33]
    chosen = jnp.where(jnp.arange(x) < filled, S, -jnp.inf)  # [b h one x]  # src[latent.diag:34]
    max_x = jnp.max(chosen, axis=3, initial=-jnp.inf)  # [b h one]  # src[maps.diag:5]
    e = jnp.exp(_subtract(chosen, max_x[:, :, :, None]))  # [b h one x]  # src[maps.diag:5]
    z = jnp.sum(e, axis=3)  # [b h one]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, None] > 0, e / z[:, :, :, None], 0)  # [b h one x]  # src[maps.diag:7]
    V = jnp.einsum("bxr,hre->bhex", C, W, preferred_element_type=jnp.float32)  # [b h e x]  # src[latent.diag:32]
    sum_x = jnp.einsum("bhox,bhex->bhoe", chosen_2, V, precision="highest")  # [b h one e]  # src[latent.diag:34]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h one e]
    return as_bf16
