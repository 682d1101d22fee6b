# Made by diagc 0.1.0 from rotary.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["rotary_rows", "rotary", "rotary_plain"]


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


def rotary_rows(X):
    """rotary_rows(X: bf16[b h q two half]) -> bf16[b h q two half]"""
    X = jnp.asarray(X, jnp.bfloat16)
    b, h, q, _, _ = X.shape
    if X.shape != (b, h, q, 2, 32):
        raise ValueError(f"X: bf16[b h q two half] has shape {X.shape}, expected {(b, h, q, 2, 32)}")
    angle = jnp.arange(q)[:, None] * 10000 ** ((-jnp.arange(32)).astype(jnp.float32) / 32)  # [q half]  # src[maps.diag:42]
    other = X[:, :, :, ::-1]  # [b h q two half]  # src[maps.diag:43]
    other_2 = other.astype(jnp.float32)  # [b h q two half]  # src[maps.diag:43]
    chosen = jnp.where(jnp.arange(2)[:, None] == 0, -other_2, other_2)  # [b h q two half]  # src[maps.diag:44]
    total = X.astype(jnp.float32) * jnp.cos(angle[:, None]) + chosen * jnp.sin(angle[:, None])  # src[maps.diag:44]
    as_bf16 = total.astype(jnp.bfloat16)  # [b h q two half]
    return as_bf16


def _rotary(Q, K, V, *, block_x=256, block_q=512):
    """rotary(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> bf16[b h q e], in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        half_index = jnp.arange(32)
        e_index = jnp.arange(e)
        b_index = jnp.arange(b)
        h_index = jnp.arange(h)
        two_index = jnp.arange(2)
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, e))
        Q_tile = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
        mul = (-half_index).astype(jnp.float32) * 0.03125
        pow_ = 10000.0 ** mul
        angle = q_index.astype(jnp.float32)[:, None] * pow_
        cos = jnp.cos(angle)
        Q_f32 = Q_tile.astype(jnp.float32)
        Q_tile_2 = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
        sin = jnp.sin(angle)
        Q_f32_2 = Q_tile_2.astype(jnp.float32)
        B = sin * Q_f32_2 + cos * Q_f32
        mul_2 = sin * Q_f32
        A = cos * Q_f32_2 - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = pow_ * x_index.astype(jnp.float32)[:, None]
            cos_2 = jnp.cos(angle_2)
            K_f32 = K_tile.astype(jnp.float32)
            sin_2 = jnp.sin(angle_2)
            K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            K_f32_2 = K_tile_2.astype(jnp.float32)
            D = K_f32_2 * sin_2 + cos_2 * K_f32
            dot = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")
            mul_3 = sin_2 * K_f32
            C = K_f32_2 * cos_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")
            S = (dot_2 + dot) * 0.125
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = pow_ * x_index.astype(jnp.float32)[:, None]
            cos_2 = jnp.cos(angle_2)
            K_f32 = K_tile.astype(jnp.float32)
            sin_2 = jnp.sin(angle_2)
            K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            K_f32_2 = K_tile_2.astype(jnp.float32)
            D = K_f32_2 * sin_2 + cos_2 * K_f32
            dot = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")
            mul_3 = sin_2 * K_f32
            C = K_f32_2 * cos_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, (dot_2 + dot) * 0.125, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    return out_tiles[:, :, :q]


def _rotary_forward(Q, K, V, *, block_x=256, block_q=512):
    """rotary_forward(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> (bf16[b h q e], f32[b h q], f32[b h q], f32[b h q]), in blocks: memory does not grow with x."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        half_index = jnp.arange(32)
        e_index = jnp.arange(e)
        b_index = jnp.arange(b)
        h_index = jnp.arange(h)
        two_index = jnp.arange(2)
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        max_x = jnp.full_like(Q, -jnp.inf, jnp.float32, (b, h, block_q))
        z = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q))
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, e))
        mul = (-half_index).astype(jnp.float32) * 0.03125
        pow_ = 10000.0 ** mul
        angle = q_index.astype(jnp.float32)[:, None] * pow_
        sin = jnp.sin(angle)
        Q_tile = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
        Q_f32 = Q_tile.astype(jnp.float32)
        mul_2 = Q_f32 * sin
        cos = jnp.cos(angle)
        Q_tile_2 = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
        Q_f32_2 = Q_tile_2.astype(jnp.float32)
        A = Q_f32_2 * cos - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
        B = Q_f32 * cos + Q_f32_2 * sin
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            angle_2 = pow_ * x_index.astype(jnp.float32)[:, None]
            sin_2 = jnp.sin(angle_2)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            K_f32 = K_tile.astype(jnp.float32)
            mul_3 = K_f32 * sin_2
            K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            K_f32_2 = K_tile_2.astype(jnp.float32)
            C = cos_2 * K_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")
            D = sin_2 * K_f32_2 + K_f32 * cos_2
            dot_2 = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")
            S = (dot_2 + dot) * 0.125
            tile_max = jnp.max(S, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e_2 = jnp.exp(S - next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            angle_2 = pow_ * x_index.astype(jnp.float32)[:, None]
            sin_2 = jnp.sin(angle_2)
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            K_f32 = K_tile.astype(jnp.float32)
            mul_3 = K_f32 * sin_2
            K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            K_f32_2 = K_tile_2.astype(jnp.float32)
            C = cos_2 * K_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")
            D = sin_2 * K_f32_2 + K_f32 * cos_2
            dot_2 = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, (dot_2 + dot) * 0.125, -jnp.inf)
            tile_max = jnp.max(chosen, axis=3)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e_2 = jnp.exp(chosen - safe_next_max_x[:, :, :, None])
            tile_sum = jnp.sum(e_2, axis=3)
            next_z = z * scale + tile_sum
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            e_bf16 = e_2.astype(jnp.bfloat16)
            next_acc_x = acc_x * scale[:, :, :, None] + jnp.einsum("bhqx,bhxe->bhqe", e_bf16, V_tile, preferred_element_type=jnp.float32)
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z), max_x, z

    out_tiles, logsum_tiles, state_tiles, z_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    out_tiles = out_tiles.transpose(1, 2, 0, 3, 4)
    out_tiles = out_tiles.reshape(b, h, -(-q // block_q) * block_q, e)
    logsum_tiles = logsum_tiles.transpose(1, 2, 0, 3)
    logsum_tiles = logsum_tiles.reshape(b, h, -(-q // block_q) * block_q)
    state_tiles = state_tiles.transpose(1, 2, 0, 3)
    state_tiles = state_tiles.reshape(b, h, -(-q // block_q) * block_q)
    z_tiles = z_tiles.transpose(1, 2, 0, 3)
    z_tiles = z_tiles.reshape(b, h, -(-q // block_q) * block_q)
    return out_tiles[:, :, :q], logsum_tiles[:, :, :q], state_tiles[:, :, :q], z_tiles[:, :, :q]


def _rotary_backward_buffer_4(d_out, out):
    """rotary_backward_buffer_4(d_out: bf16[b h q e], out: bf16[b h q e]) -> f32[b h q]"""
    d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (d_out, out))
    b, h, q, e = d_out.shape
    if out.shape != (b, h, q, e):
        raise ValueError(f"out: bf16[b h q e] has shape {out.shape}, expected {(b, h, q, e)}")
    sum_e = jnp.einsum("bhqe,bhqe->bhq", d_out.astype(jnp.float32), out.astype(jnp.float32), precision="highest")
    return sum_e


def _rotary_backward_buffer_0_buffer_1(Q, K, V, d_out, state_2, buffer_4, *, block_x=256, block_q=512):
    """rotary_backward_buffer_0_buffer_1(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e], d_out: bf16[b h q e], state: f32[b h q], buffer_4: f32[b h q]) -> (f32[b h q half], f32[b h q half]), in blocks: memory does not grow with x."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    state_2, buffer_4 = (jnp.asarray(array, jnp.float32) for array in (state_2, buffer_4))
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if state_2.shape != (b, h, q):
        raise ValueError(f"state: f32[b h q] has shape {state_2.shape}, expected {(b, h, q)}")
    if buffer_4.shape != (b, h, q):
        raise ValueError(f"buffer_4: f32[b h q] has shape {buffer_4.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_q = min(block_q, max(q, 1))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    state_2 = jnp.pad(state_2, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0), (0, 0)))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0), (0, 0)))

    def program(tile):
        half_index = jnp.arange(32)
        e_index = jnp.arange(e)
        b_index = jnp.arange(b)
        h_index = jnp.arange(h)
        two_index = jnp.arange(2)
        first_q = tile * block_q
        q_index = first_q + jnp.arange(block_q)
        acc_x = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, 32))
        acc_x_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_q, 32))
        buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_q, block_q, 2)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
        state_tile = lax.dynamic_slice_in_dim(state_2, first_q, block_q, 2)
        mul = (-half_index).astype(jnp.float32) * 0.03125
        pow_ = 10000.0 ** mul
        Q_tile = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
        angle = pow_ * q_index.astype(jnp.float32)[:, None]
        sin = jnp.sin(angle)
        Q_f32 = Q_tile.astype(jnp.float32)
        mul_2 = sin * Q_f32
        Q_tile_2 = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
        cos = jnp.cos(angle)
        Q_f32_2 = Q_tile_2.astype(jnp.float32)
        A = cos * Q_f32_2 - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
        B = cos * Q_f32 + Q_f32_2 * sin
        to_x = jnp.minimum(x, first_q + 1) // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot = jnp.einsum("bhqe,bhxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub = dot - buffer_4_tile[:, :, :, None]
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = x_index.astype(jnp.float32)[:, None] * pow_
            sin_2 = jnp.sin(angle_2)
            K_f32 = K_tile.astype(jnp.float32)
            mul_3 = sin_2 * K_f32
            K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            K_f32_2 = K_tile_2.astype(jnp.float32)
            C = cos_2 * K_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")
            D = cos_2 * K_f32 + sin_2 * K_f32_2
            dot_3 = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")
            sub_2 = (dot_3 + dot_2) * 0.125 - state_tile[:, :, :, None]
            exp = jnp.exp(sub_2)
            mul_4 = sub * exp
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxa->bhqa", mul_4, D, precision="highest")
            mul_5 = sub * exp
            next_acc_x_2 = acc_x_2 + jnp.einsum("bhqx,bhxa->bhqa", mul_5, C, precision="highest")
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, first_q + block_q)

        def step_2(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
            dot = jnp.einsum("bhqe,bhxe->bhqx", d_out_tile, V_tile, preferred_element_type=jnp.float32)
            sub = dot - buffer_4_tile[:, :, :, None]
            K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = x_index.astype(jnp.float32)[:, None] * pow_
            sin_2 = jnp.sin(angle_2)
            K_f32 = K_tile.astype(jnp.float32)
            mul_3 = sin_2 * K_f32
            K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            K_f32_2 = K_tile_2.astype(jnp.float32)
            C = cos_2 * K_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")
            D = cos_2 * K_f32 + sin_2 * K_f32_2
            dot_3 = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")
            mask = (x_index <= q_index[:, None]) & (x_index < x)
            chosen = jnp.where(mask, (dot_3 + dot_2) * 0.125, -jnp.inf)
            safe_state = jnp.where(state_tile == -jnp.inf, 0.0, state_tile)
            exp = jnp.exp(chosen - safe_state[:, :, :, None])
            mul_4 = sub * exp
            next_acc_x = acc_x + jnp.einsum("bhqx,bhxa->bhqa", mul_4, D, precision="highest")
            mul_5 = sub * exp
            next_acc_x_2 = acc_x_2 + jnp.einsum("bhqx,bhxa->bhqa", mul_5, C, precision="highest")
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x, acc_x_2))
        return acc_x, acc_x_2

    buffer_0_tiles, buffer_1_tiles = lax.map(program, jnp.arange(-(-q // block_q)))
    buffer_0_tiles = buffer_0_tiles.transpose(1, 2, 0, 3, 4)
    buffer_0_tiles = buffer_0_tiles.reshape(b, h, -(-q // block_q) * block_q, 32)
    buffer_1_tiles = buffer_1_tiles.transpose(1, 2, 0, 3, 4)
    buffer_1_tiles = buffer_1_tiles.reshape(b, h, -(-q // block_q) * block_q, 32)
    return buffer_0_tiles[:, :, :q], buffer_1_tiles[:, :, :q]


def _rotary_backward_buffer_2_buffer_3_d_V(Q, K, V, d_out, logsum, buffer_4, *, block_q=256, block_x=512):
    """rotary_backward_buffer_2_buffer_3_d_V(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_4: f32[b h q]) -> (f32[b h half x], f32[b h half x], bf16[b h x e]), in blocks: memory does not grow with q."""
    Q, K, V, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V, d_out))
    logsum, buffer_4 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_4))
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    if d_out.shape != (b, h, q, e):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, e)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_4.shape != (b, h, q):
        raise ValueError(f"buffer_4: f32[b h q] has shape {buffer_4.shape}, expected {(b, h, q)}")
    block_q = min(block_q, max(q, 1))
    block_x = min(block_x, max(x, 1))
    V = jnp.pad(V, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    K = jnp.pad(K, ((0, 0), (0, 0), (0, max(-x % block_x, block_x - x)), (0, 0), (0, 0)))
    buffer_4 = jnp.pad(buffer_4, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    d_out = jnp.pad(d_out, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q))))
    Q = jnp.pad(Q, ((0, 0), (0, 0), (0, max(-q % block_q, block_q - q)), (0, 0), (0, 0)))

    def program(tile):
        half_index = jnp.arange(32)
        e_index = jnp.arange(e)
        b_index = jnp.arange(b)
        h_index = jnp.arange(h)
        two_index = jnp.arange(2)
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_q = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, 32))
        acc_q_2 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, 32))
        acc_q_3 = jnp.full_like(Q, 0.0, jnp.float32, (b, h, block_x, e))
        V_tile = lax.dynamic_slice_in_dim(V, first_x, block_x, 2)
        K_tile = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
        mul = (-half_index).astype(jnp.float32) * 0.03125
        pow_ = 10000.0 ** mul
        angle = x_index.astype(jnp.float32)[:, None] * pow_
        sin = jnp.sin(angle)
        K_f32 = K_tile.astype(jnp.float32)
        mul_2 = sin * K_f32
        K_tile_2 = K.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (x_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
        cos = jnp.cos(angle)
        K_f32_2 = K_tile_2.astype(jnp.float32)
        C = cos * K_f32_2 - jnp.where(mul_2 == -jnp.inf, 0.0, mul_2)
        D = cos * K_f32 + sin * K_f32_2
        from_q = jnp.maximum(0, first_x) // block_q * block_q
        from_q_2 = -(-jnp.maximum(0, first_x + block_x + (-1)) // block_q) * block_q
        to_q = jnp.minimum(from_q_2, q)

        def step(block, state):
            acc_q, acc_q_2, acc_q_3 = state
            first_q = block * block_q
            q_index = first_q + jnp.arange(block_q)
            buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub = dot - buffer_4_tile[:, :, None]
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = pow_ * q_index.astype(jnp.float32)[:, None]
            sin_2 = jnp.sin(angle_2)
            Q_f32 = Q_tile.astype(jnp.float32)
            mul_3 = sin_2 * Q_f32
            Q_tile_2 = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            Q_f32_2 = Q_tile_2.astype(jnp.float32)
            A = cos_2 * Q_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhxa,bhqa->bhxq", C, A, precision="highest")
            B = cos_2 * Q_f32 + Q_f32_2 * sin_2
            dot_3 = jnp.einsum("bhxa,bhqa->bhxq", D, B, precision="highest")
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            chosen = jnp.where(mask, (dot_3 + dot_2) * 0.125, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, :, None])
            mul_4 = sub * exp
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqa->bhxa", mul_4, A, precision="highest")
            mul_5 = sub * exp
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqa->bhxa", mul_5, B, precision="highest")
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16, d_out_tile, preferred_element_type=jnp.float32)
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
            buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub = dot - buffer_4_tile[:, :, None]
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = pow_ * q_index.astype(jnp.float32)[:, None]
            sin_2 = jnp.sin(angle_2)
            Q_f32 = Q_tile.astype(jnp.float32)
            mul_3 = sin_2 * Q_f32
            Q_tile_2 = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            Q_f32_2 = Q_tile_2.astype(jnp.float32)
            A = cos_2 * Q_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhxa,bhqa->bhxq", C, A, precision="highest")
            B = cos_2 * Q_f32 + Q_f32_2 * sin_2
            dot_3 = jnp.einsum("bhxa,bhqa->bhxq", D, B, precision="highest")
            sub_2 = (dot_3 + dot_2) * 0.125 - logsum_tile[:, :, None]
            exp = jnp.exp(sub_2)
            mul_4 = sub * exp
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqa->bhxa", mul_4, A, precision="highest")
            mul_5 = sub * exp
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqa->bhxa", mul_5, B, precision="highest")
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16, d_out_tile, preferred_element_type=jnp.float32)
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
            buffer_4_tile = lax.dynamic_slice_in_dim(buffer_4, first_q, block_q, 2)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_q, block_q, 2)
            dot = jnp.einsum("bhxe,bhqe->bhxq", V_tile, d_out_tile, preferred_element_type=jnp.float32)
            sub = dot - buffer_4_tile[:, :, None]
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_q, block_q, 2)
            Q_tile = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (1), (half_index)].get(mode="fill", fill_value=0.0)
            angle_2 = pow_ * q_index.astype(jnp.float32)[:, None]
            sin_2 = jnp.sin(angle_2)
            Q_f32 = Q_tile.astype(jnp.float32)
            mul_3 = sin_2 * Q_f32
            Q_tile_2 = Q.at[(b_index)[:, None, None, None], (h_index)[:, None, None], (q_index)[:, None], (0), (half_index)].get(mode="fill", fill_value=0.0)
            cos_2 = jnp.cos(angle_2)
            Q_f32_2 = Q_tile_2.astype(jnp.float32)
            A = cos_2 * Q_f32_2 - jnp.where(mul_3 == -jnp.inf, 0.0, mul_3)
            dot_2 = jnp.einsum("bhxa,bhqa->bhxq", C, A, precision="highest")
            B = cos_2 * Q_f32 + Q_f32_2 * sin_2
            dot_3 = jnp.einsum("bhxa,bhqa->bhxq", D, B, precision="highest")
            mask = (x_index[:, None] <= q_index) & (q_index < q)
            chosen = jnp.where(mask, (dot_3 + dot_2) * 0.125, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, :, None])
            mul_4 = sub * exp
            next_acc_q = acc_q + jnp.einsum("bhxq,bhqa->bhxa", mul_4, A, precision="highest")
            mul_5 = sub * exp
            next_acc_q_2 = acc_q_2 + jnp.einsum("bhxq,bhqa->bhxa", mul_5, B, precision="highest")
            tile_bf16 = exp.astype(jnp.bfloat16)
            next_acc_q_3 = acc_q_3 + jnp.einsum("bhxq,bhqe->bhxe", tile_bf16, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_q, next_acc_q_2, next_acc_q_3)

        acc_q, acc_q_2, acc_q_3 = lax.fori_loop(
            from_q_3 // block_q,
            -(-q // block_q),
            step_3,
            (acc_q, acc_q_2, acc_q_3),
        )
        return acc_q.transpose(0, 1, 3, 2), acc_q_2.transpose(0, 1, 3, 2), acc_q_3.astype(jnp.bfloat16)

    buffer_2_tiles, buffer_3_tiles, d_V_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    buffer_2_tiles = buffer_2_tiles.transpose(1, 2, 3, 0, 4)
    buffer_2_tiles = buffer_2_tiles.reshape(b, h, 32, -(-x // block_x) * block_x)
    buffer_3_tiles = buffer_3_tiles.transpose(1, 2, 3, 0, 4)
    buffer_3_tiles = buffer_3_tiles.reshape(b, h, 32, -(-x // block_x) * block_x)
    d_V_tiles = d_V_tiles.transpose(1, 2, 0, 3, 4)
    d_V_tiles = d_V_tiles.reshape(b, h, -(-x // block_x) * block_x, e)
    return buffer_2_tiles[:, :, :, :x], buffer_3_tiles[:, :, :, :x], d_V_tiles[:, :, :x]


def _rotary_backward_d_Q(z, buffer_0, buffer_1):
    """rotary_backward_d_Q(z: f32[b h q], buffer_0: f32[b h q half], buffer_1: f32[b h q half]) -> bf16[b h q two half]"""
    z, buffer_0, buffer_1 = (jnp.asarray(array, jnp.float32) for array in (z, buffer_0, buffer_1))
    b, h, q = z.shape
    if buffer_0.shape != (b, h, q, 32):
        raise ValueError(f"buffer_0: f32[b h q half] has shape {buffer_0.shape}, expected {(b, h, q, 32)}")
    if buffer_1.shape != (b, h, q, 32):
        raise ValueError(f"buffer_1: f32[b h q half] has shape {buffer_1.shape}, expected {(b, h, q, 32)}")
    gt_value = z > 0.0  # [b h q]
    and_value = gt_value[:, :, :, None] & (jnp.arange(2) == 1)  # [b h q two]
    power = 10000.0 ** ((-jnp.arange(32)).astype(jnp.float32) * 0.03125)  # [half]
    product = power * jnp.arange(q)[:, None].astype(jnp.float32)  # [q half]
    cos_value = jnp.cos(product)  # [q half]
    sin_value = jnp.sin(product)  # [q half]
    difference = cos_value * buffer_0 - sin_value * buffer_1  # [b h q half]
    inverse = 1 / z  # [b h q]
    product_2 = difference * 0.125 * inverse[:, :, :, None]  # [b h q half]
    chosen = jnp.where(and_value[:, :, :, :, None], product_2[:, :, :, None], 0.0)  # [b h q two half]
    and_value_2 = gt_value[:, :, :, None] & (jnp.arange(2) == 0)  # [b h q two]
    total = sin_value * buffer_0 + cos_value * buffer_1  # [b h q half]
    product_3 = 0.125 * inverse[:, :, :, None] * total  # [b h q half]
    total_2 = chosen + jnp.where(and_value_2[:, :, :, :, None], product_3[:, :, :, None], 0.0)
    as_bf16 = total_2.astype(jnp.bfloat16)  # [b h q two half]
    return as_bf16


def _rotary_backward_d_K(buffer_2, buffer_3):
    """rotary_backward_d_K(buffer_2: f32[b h half x], buffer_3: f32[b h half x]) -> bf16[b h x two half]"""
    buffer_2, buffer_3 = (jnp.asarray(array, jnp.float32) for array in (buffer_2, buffer_3))
    b, h, _, x = buffer_2.shape
    if buffer_2.shape != (b, h, 32, x):
        raise ValueError(f"buffer_2: f32[b h half x] has shape {buffer_2.shape}, expected {(b, h, 32, x)}")
    if buffer_3.shape != (b, h, 32, x):
        raise ValueError(f"buffer_3: f32[b h half x] has shape {buffer_3.shape}, expected {(b, h, 32, x)}")
    power = 10000.0 ** ((-jnp.arange(32)).astype(jnp.float32) * 0.03125)  # [half]
    product = jnp.arange(x)[:, None].astype(jnp.float32) * power  # [x half]
    cos_value = jnp.cos(product)  # [x half]
    sin_value = jnp.sin(product)  # [x half]
    product_2 = 0.125 * (cos_value.T * buffer_2 + buffer_3 * sin_value.T)  # [b h half x]
    chosen = jnp.where(jnp.arange(2) == 0, product_2[:, :, :, :, None], 0.0)  # [b h half x two]
    product_3 = 0.125 * (cos_value.T * buffer_3 - sin_value.T * buffer_2)  # [b h half x]
    chosen_2 = jnp.where(jnp.arange(2) == 1, product_3[:, :, :, :, None], 0.0)  # [b h half x two]
    as_bf16 = (chosen.transpose(0, 1, 3, 4, 2) + chosen_2.transpose(0, 1, 3, 4, 2)).astype(jnp.bfloat16)
    return as_bf16


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _rotary_differentiable(Q, K, V, block_x, block_q):
    out = _rotary(Q, K, V, block_x=block_x, block_q=block_q)
    return out


def _rotary_keeping(Q, K, V, block_x, block_q):
    out, logsum, state, z = _rotary_forward(Q, K, V, block_x=block_x, block_q=block_q)
    return out, (Q, K, V, out, logsum, state, z)


def _rotary_pull(block_x, block_q, saved, cotangents):
    Q, K, V, out, logsum, state, z = saved
    d_out = cotangents
    buffer_4 = _rotary_backward_buffer_4(d_out, out)
    buffer_0, buffer_1 = _rotary_backward_buffer_0_buffer_1(
        Q,
        K,
        V,
        d_out,
        state,
        buffer_4,
        block_x=block_x,
        block_q=block_q,
    )
    buffer_2, buffer_3, d_V = _rotary_backward_buffer_2_buffer_3_d_V(
        Q,
        K,
        V,
        d_out,
        logsum,
        buffer_4,
        block_q=block_q,
        block_x=block_x,
    )
    d_Q = _rotary_backward_d_Q(z, buffer_0, buffer_1)
    d_K = _rotary_backward_d_K(buffer_2, buffer_3)
    return (d_Q, d_K, d_V)


_rotary_differentiable.defvjp(_rotary_keeping, _rotary_pull)


def rotary(Q, K, V, *, block_x=256, block_q=512):
    """rotary(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> bf16[b h q e], in blocks; differentiable in reverse."""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    Q, K, V = _alike(Q, K, V)
    return _rotary_differentiable(Q, K, V, block_x, block_q)


def rotary_plain(Q, K, V):
    """rotary(Q: bf16[b h q two half], K: bf16[b h x two half], V: bf16[b h x e]) -> bf16[b h q e]"""
    Q, K, V = (jnp.asarray(array, jnp.bfloat16) for array in (Q, K, V))
    b, h, q, _, _ = Q.shape
    _, _, x, _, _ = K.shape
    _, _, _, e = V.shape
    if Q.shape != (b, h, q, 2, 32):
        raise ValueError(f"Q: bf16[b h q two half] has shape {Q.shape}, expected {(b, h, q, 2, 32)}")
    if K.shape != (b, h, x, 2, 32):
        raise ValueError(f"K: bf16[b h x two half] has shape {K.shape}, expected {(b, h, x, 2, 32)}")
    if V.shape != (b, h, x, e):
        raise ValueError(f"V: bf16[b h x e] has shape {V.shape}, expected {(b, h, x, e)}")
    le_value = jnp.arange(x) <= jnp.arange(q)[:, None]  # [q x]  # src[rotary.diag:14]
    first = Q[:, :, :, 0]  # [b h q half]  # src[maps.diag:49]
    power = 10000 ** ((-jnp.arange(32)).astype(jnp.float32) / 32)  # [half]  # src[maps.diag:48]
    angle = jnp.arange(q)[:, None] * power  # [q half]  # src[maps.diag:48]
    cos_value = jnp.cos(angle)  # [q half]  # src[maps.diag:51]
    second = Q[:, :, :, 1]  # [b h q half]  # src[maps.diag:50]
    sin_value = jnp.sin(angle)  # [q half]  # src[maps.diag:51]
    first_2 = first.astype(jnp.float32)  # [b h q half]  # src[maps.diag:49]
    second_2 = second.astype(jnp.float32)  # [b h q half]  # src[maps.diag:50]
    A = first_2 * cos_value - second_2 * sin_value  # [b h q half]  # src[maps.diag:51]
    first_3 = K[:, :, :, 0]  # [b h x half]  # src[maps.diag:49]
    angle_2 = jnp.arange(x) * power[:, None]  # [half x]  # src[maps.diag:48]
    cos_value_2 = jnp.cos(angle_2)  # [half x]  # src[maps.diag:51]
    second_3 = K[:, :, :, 1]  # [b h x half]  # src[maps.diag:50]
    sin_value_2 = jnp.sin(angle_2)  # [half x]  # src[maps.diag:51]
    first_4 = first_3.astype(jnp.float32)  # [b h x half]  # src[maps.diag:49]
    second_4 = second_3.astype(jnp.float32)  # [b h x half]  # src[maps.diag:50]
    C = first_4 * cos_value_2.T - second_4 * sin_value_2.T  # [b h x half]  # src[maps.diag:51]
    sum_half = jnp.einsum("bhqa,bhxa->bhqx", A, C, precision="highest")  # [b h q x]  # src[rotary.diag:13]
    B = second_2 * cos_value + first_2 * sin_value  # [b h q half]  # src[maps.diag:51]
    D = second_4 * cos_value_2.T + first_4 * sin_value_2.T  # [b h x half]  # src[maps.diag:51]
    sum_half_2 = jnp.einsum("bhqa,bhxa->bhqx", B, D, precision="highest")  # [b h q x]  # src[rotary.diag:13]
    S = (sum_half + sum_half_2) * lax.rsqrt(jnp.float32(2 * 32))  # [b h q x]  # src[rotary.diag:13]
    chosen = jnp.where(le_value, S, -jnp.inf)  # [b h q x]  # src[rotary.diag:14]
    max_x = jnp.max(chosen, axis=3, initial=-jnp.inf)  # [b h q]  # src[maps.diag:5]
    e_2 = jnp.exp(_subtract(chosen, max_x[:, :, :, None]))  # [b h q x]  # src[maps.diag:5]
    z = jnp.sum(e_2, axis=3)  # [b h q]  # src[maps.diag:6]
    chosen_2 = jnp.where(z[:, :, :, None] > 0, e_2 / z[:, :, :, None], 0)  # [b h q x]  # src[maps.diag:7]
    sum_x = _product("bhqx,bhxe->bhqe", jnp.bfloat16, chosen_2, V)  # [b h q e]  # src[rotary.diag:14]
    as_bf16 = sum_x.astype(jnp.bfloat16)  # [b h q e]
    return as_bf16
