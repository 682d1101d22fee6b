# Made by diagc 0.1.0 from latent.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["mla", "mla_plain", "mla_decode", "mla_decode_plain"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def _mla(Q, R, C, T, U, W, *, block_x=256, block_h=512):
    """mla(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e]) -> bf16[b h q e], in blocks: memory does not grow with x."""
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
    block_x = min(block_x, max(x, 1))
    block_h = min(block_h, max(h, 1))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        q_index = jnp.arange(q)
        first_h = tile * block_h
        max_x = jnp.full((b, block_h, q), -jnp.inf, jnp.float32)
        z = jnp.full((b, block_h, q), 0.0, jnp.float32)
        acc_x = jnp.full((b, block_h, q, 128), 0.0, jnp.float32)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_h, block_h, 1)
        R_tile = lax.dynamic_slice_in_dim(R, first_h, block_h, 1)
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
        to_x = jnp.minimum(x, 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            C_f32 = C_tile.astype(jnp.float32)
            mul = C_f32[:, None, :, None] * U_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None]
            sum_ = jnp.sum(mul, axis=4)
            sum_bf16_f32 = sum_.astype(jnp.bfloat16).astype(jnp.float32)
            mul_2 = Q_tile.astype(jnp.float32)[:, :, None] * sum_bf16_f32[:, :, :, None]
            sum_2 = jnp.sum(mul_2, axis=4)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            mul_3 = T_tile.astype(jnp.float32)[:, None, :, None] * R_tile.astype(jnp.float32)[:, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            S = (sum_3 + sum_2) * 0.07216878364870323
            tile_max = jnp.max(S, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            mul_4 = W_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None] * C_f32[:, None, :, None]
            sum_4 = jnp.sum(mul_4, axis=4)
            sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
            mul_5 = e[:, :, :, :, None] * sum_bf16_f32_2[:, :, :, None]
            tile_sum_2 = jnp.sum(mul_5, axis=2)
            next_acc_x = acc_x * scale[:, :, :, None] + tile_sum_2
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            C_f32 = C_tile.astype(jnp.float32)
            mul = C_f32[:, None, :, None] * U_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None]
            sum_ = jnp.sum(mul, axis=4)
            sum_bf16_f32 = sum_.astype(jnp.bfloat16).astype(jnp.float32)
            mul_2 = Q_tile.astype(jnp.float32)[:, :, None] * sum_bf16_f32[:, :, :, None]
            sum_2 = jnp.sum(mul_2, axis=4)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            mul_3 = T_tile.astype(jnp.float32)[:, None, :, None] * R_tile.astype(jnp.float32)[:, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            mask = (x_index[:, None] <= q_index) & (x_index < x)[:, None]
            chosen = jnp.where(mask, (sum_3 + sum_2) * 0.07216878364870323, -jnp.inf)
            tile_max = jnp.max(chosen, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            mul_4 = W_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None] * C_f32[:, None, :, None]
            sum_4 = jnp.sum(mul_4, axis=4)
            sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
            mul_5 = e[:, :, :, :, None] * sum_bf16_f32_2[:, :, :, None]
            tile_sum_2 = jnp.sum(mul_5, axis=2)
            next_acc_x = acc_x * scale[:, :, :, None] + tile_sum_2
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3, 4)
    out_tiles = out_tiles.reshape(b, -(-h // block_h) * block_h, q, 128)
    return out_tiles[:, :h]


def _mla_forward(Q, R, C, T, U, W, *, block_x=256, block_h=512):
    """mla_forward(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e]) -> (bf16[b h q e], f32[b h q]), in blocks: memory does not grow with x."""
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
    block_x = min(block_x, max(x, 1))
    block_h = min(block_h, max(h, 1))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        q_index = jnp.arange(q)
        first_h = tile * block_h
        max_x = jnp.full((b, block_h, q), -jnp.inf, jnp.float32)
        z = jnp.full((b, block_h, q), 0.0, jnp.float32)
        acc_x = jnp.full((b, block_h, q, 128), 0.0, jnp.float32)
        R_tile = lax.dynamic_slice_in_dim(R, first_h, block_h, 1)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_h, block_h, 1)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
        to_x = jnp.minimum(x, 1) // block_x * block_x

        def step(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            mul = T_tile.astype(jnp.float32)[:, None, :, None] * R_tile.astype(jnp.float32)[:, :, None]
            sum_ = jnp.sum(mul, axis=4)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            C_f32 = C_tile.astype(jnp.float32)
            mul_2 = C_f32[:, None, :, :, None] * U_tile.astype(jnp.float32)[:, None]
            sum_2 = jnp.sum(mul_2, axis=3)
            sum_bf16_f32 = sum_2.astype(jnp.bfloat16).astype(jnp.float32)
            mul_3 = sum_bf16_f32[:, :, :, None] * Q_tile.astype(jnp.float32)[:, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            S = (sum_3 + sum_) * 0.07216878364870323
            tile_max = jnp.max(S, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            scale = jnp.exp(max_x - next_max_x)
            e = jnp.exp(S - next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            mul_4 = W_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None] * C_f32[:, None, :, None]
            sum_4 = jnp.sum(mul_4, axis=4)
            sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
            mul_5 = e[:, :, :, :, None] * sum_bf16_f32_2[:, :, :, None]
            tile_sum_2 = jnp.sum(mul_5, axis=2)
            next_acc_x = acc_x * scale[:, :, :, None] + tile_sum_2
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(0, -(-to_x // block_x), step, (max_x, z, acc_x))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, q)

        def step_2(block, state):
            max_x, z, acc_x = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            mul = T_tile.astype(jnp.float32)[:, None, :, None] * R_tile.astype(jnp.float32)[:, :, None]
            sum_ = jnp.sum(mul, axis=4)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            C_f32 = C_tile.astype(jnp.float32)
            mul_2 = C_f32[:, None, :, :, None] * U_tile.astype(jnp.float32)[:, None]
            sum_2 = jnp.sum(mul_2, axis=3)
            sum_bf16_f32 = sum_2.astype(jnp.bfloat16).astype(jnp.float32)
            mul_3 = sum_bf16_f32[:, :, :, None] * Q_tile.astype(jnp.float32)[:, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            mask = (x_index[:, None] <= q_index) & (x_index < x)[:, None]
            chosen = jnp.where(mask, (sum_3 + sum_) * 0.07216878364870323, -jnp.inf)
            tile_max = jnp.max(chosen, axis=2)
            next_max_x = jnp.maximum(max_x, tile_max)
            safe_next_max_x = jnp.where(next_max_x == -jnp.inf, 0.0, next_max_x)
            scale = jnp.exp(max_x - safe_next_max_x)
            e = jnp.exp(chosen - safe_next_max_x[:, :, None])
            tile_sum = jnp.sum(e, axis=2)
            next_z = z * scale + tile_sum
            mul_4 = W_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None] * C_f32[:, None, :, None]
            sum_4 = jnp.sum(mul_4, axis=4)
            sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
            mul_5 = e[:, :, :, :, None] * sum_bf16_f32_2[:, :, :, None]
            tile_sum_2 = jnp.sum(mul_5, axis=2)
            next_acc_x = acc_x * scale[:, :, :, None] + tile_sum_2
            return (next_max_x, next_z, next_acc_x)

        max_x, z, acc_x = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (max_x, z, acc_x))
        chosen = jnp.where((z > 0.0)[:, :, :, None], (1 / z)[:, :, :, None] * acc_x, 0.0)
        return chosen.astype(jnp.bfloat16), max_x + jnp.log(z)

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    out_tiles = out_tiles.transpose(1, 0, 2, 3, 4)
    out_tiles = out_tiles.reshape(b, -(-h // block_h) * block_h, q, 128)
    logsum_tiles = logsum_tiles.transpose(1, 0, 2, 3)
    logsum_tiles = logsum_tiles.reshape(b, -(-h // block_h) * block_h, q)
    return out_tiles[:, :h], logsum_tiles[:, :h]


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


def _mla_backward_d_Q_d_R(Q, R, C, T, U, W, d_out, logsum, buffer_0, *, block_x=256, block_h=512):
    """mla_backward_d_Q_d_R(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> (bf16[b h q d], bf16[b h q p]), in blocks: memory does not grow with x."""
    Q, R, C, T, U, W, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
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
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_h = min(block_h, max(h, 1))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        q_index = jnp.arange(q)
        first_h = tile * block_h
        acc_x = jnp.full((b, block_h, q, 128), 0.0, jnp.float32)
        acc_x_2 = jnp.full((b, block_h, q, 64), 0.0, jnp.float32)
        buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_h, block_h, 1)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_h, block_h, 1)
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_h, block_h, 1)
        R_tile = lax.dynamic_slice_in_dim(R, first_h, block_h, 1)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_h, block_h, 1)
        to_x = jnp.minimum(x, 1) // block_x * block_x

        def step(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            C_f32 = C_tile.astype(jnp.float32)
            mul = C_f32[:, None, :, :, None] * W_tile.astype(jnp.float32)[:, None]
            sum_ = jnp.sum(mul, axis=3)
            sum_bf16_f32 = sum_.astype(jnp.bfloat16).astype(jnp.float32)
            mul_2 = sum_bf16_f32[:, :, :, None] * d_out_tile.astype(jnp.float32)[:, :, None]
            sum_2 = jnp.sum(mul_2, axis=4)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            T_f32 = T_tile.astype(jnp.float32)
            mul_3 = T_f32[:, None, :, None] * R_tile.astype(jnp.float32)[:, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            mul_4 = C_f32[:, None, :, None] * U_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None]
            sum_4 = jnp.sum(mul_4, axis=4)
            sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
            mul_5 = Q_tile.astype(jnp.float32)[:, :, None] * sum_bf16_f32_2[:, :, :, None]
            sum_5 = jnp.sum(mul_5, axis=4)
            sub = (sum_5 + sum_3) * 0.07216878364870323 - logsum_tile[:, :, None]
            mul_6 = jnp.exp(sub) * (sum_2 - buffer_0_tile[:, :, None])
            mul_7 = sum_bf16_f32_2[:, :, :, None] * mul_6[:, :, :, :, None]
            tile_sum = jnp.sum(mul_7, axis=2)
            next_acc_x = acc_x + tile_sum
            mul_8 = T_f32[:, None, :, None] * mul_6[:, :, :, :, None]
            tile_sum_2 = jnp.sum(mul_8, axis=2)
            next_acc_x_2 = acc_x_2 + tile_sum_2
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(0, -(-to_x // block_x), step, (acc_x, acc_x_2))
        from_x = jnp.maximum(0, to_x)
        to_x_2 = jnp.minimum(x, q)

        def step_2(block, state):
            acc_x, acc_x_2 = state
            first_x = block * block_x
            x_index = first_x + jnp.arange(block_x)
            C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
            C_f32 = C_tile.astype(jnp.float32)
            mul = C_f32[:, None, :, :, None] * W_tile.astype(jnp.float32)[:, None]
            sum_ = jnp.sum(mul, axis=3)
            sum_bf16_f32 = sum_.astype(jnp.bfloat16).astype(jnp.float32)
            mul_2 = sum_bf16_f32[:, :, :, None] * d_out_tile.astype(jnp.float32)[:, :, None]
            sum_2 = jnp.sum(mul_2, axis=4)
            T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
            T_f32 = T_tile.astype(jnp.float32)
            mul_3 = T_f32[:, None, :, None] * R_tile.astype(jnp.float32)[:, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            mul_4 = C_f32[:, None, :, None] * U_tile.astype(jnp.float32).transpose(0, 2, 1)[:, None]
            sum_4 = jnp.sum(mul_4, axis=4)
            sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
            mul_5 = Q_tile.astype(jnp.float32)[:, :, None] * sum_bf16_f32_2[:, :, :, None]
            sum_5 = jnp.sum(mul_5, axis=4)
            mask = (x_index[:, None] <= q_index) & (x_index < x)[:, None]
            chosen = jnp.where(mask, (sum_5 + sum_3) * 0.07216878364870323, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, :, None])
            mul_6 = exp * (sum_2 - buffer_0_tile[:, :, None])
            mul_7 = sum_bf16_f32_2[:, :, :, None] * mul_6[:, :, :, :, None]
            tile_sum = jnp.sum(mul_7, axis=2)
            next_acc_x = acc_x + tile_sum
            mul_8 = T_f32[:, None, :, None] * mul_6[:, :, :, :, None]
            tile_sum_2 = jnp.sum(mul_8, axis=2)
            next_acc_x_2 = acc_x_2 + tile_sum_2
            return (next_acc_x, next_acc_x_2)

        acc_x, acc_x_2 = lax.fori_loop(from_x // block_x, -(-to_x_2 // block_x), step_2, (acc_x, acc_x_2))
        tile_bf16 = (acc_x * 0.07216878364870323).astype(jnp.bfloat16)
        tile_bf16_2 = (acc_x_2 * 0.07216878364870323).astype(jnp.bfloat16)
        return tile_bf16, tile_bf16_2

    d_Q_tiles, d_R_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_Q_tiles = d_Q_tiles.transpose(1, 0, 2, 3, 4)
    d_Q_tiles = d_Q_tiles.reshape(b, -(-h // block_h) * block_h, q, 128)
    d_R_tiles = d_R_tiles.transpose(1, 0, 2, 3, 4)
    d_R_tiles = d_R_tiles.reshape(b, -(-h // block_h) * block_h, q, 64)
    return d_Q_tiles[:, :h], d_R_tiles[:, :h]


def _mla_backward_d_C_d_T(Q, R, C, T, U, W, d_out, logsum, buffer_0, *, block_h=256, block_x=512):
    """mla_backward_d_C_d_T(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> (bf16[b x r], bf16[b x p]), in blocks: memory does not grow with h."""
    Q, R, C, T, U, W, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
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
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_h = min(block_h, max(h, 1))
    block_x = min(block_x, max(x, 1))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))

    def program(tile):
        q_index = jnp.arange(q)
        first_x = tile * block_x
        x_index = first_x + jnp.arange(block_x)
        acc_h_e = jnp.full((b, block_x, 256), 0.0, jnp.float32)
        acc_h_d = jnp.full((b, block_x, 256), 0.0, jnp.float32)
        acc_q_h = jnp.full((b, block_x, 64), 0.0, jnp.float32)
        T_tile = lax.dynamic_slice_in_dim(T, first_x, block_x, 1)
        C_tile = lax.dynamic_slice_in_dim(C, first_x, block_x, 1)
        le = x_index[:, None] <= q_index
        to_h = h // block_h * block_h

        def step(block, state):
            acc_h_e, acc_h_d, acc_q_h = state
            first_h = block * block_h
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_h, block_h, 1)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_h, block_h, 1)
            R_tile = lax.dynamic_slice_in_dim(R, first_h, block_h, 1)
            R_f32 = R_tile.astype(jnp.float32)
            mul = T_tile.astype(jnp.float32)[:, :, None, :, None] * R_f32.transpose(0, 1, 3, 2)[:, None]
            sum_ = jnp.sum(mul, axis=3)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
            C_f32 = C_tile.astype(jnp.float32)
            U_f32 = U_tile.astype(jnp.float32)
            mul_2 = C_f32[:, :, None, :, None] * U_f32
            sum_2 = jnp.sum(mul_2, axis=3)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_h, block_h, 1)
            Q_f32 = Q_tile.astype(jnp.float32)
            sum_bf16_f32 = sum_2.astype(jnp.bfloat16).astype(jnp.float32)
            mul_3 = Q_f32[:, None] * sum_bf16_f32[:, :, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            chosen = jnp.where(le[:, None], (sum_3 + sum_) * 0.07216878364870323, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, None])
            d_out_f32 = d_out_tile.astype(jnp.float32)
            mul_4 = exp[:, :, :, :, None] * d_out_f32[:, None]
            sum_4 = jnp.sum(mul_4, axis=3)
            W_f32 = W_tile.astype(jnp.float32)
            mul_5 = sum_4[:, :, :, None] * W_f32
            tile_sum = jnp.sum(mul_5, axis=(2, 4))
            next_acc_h_e = acc_h_e + tile_sum
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_h, block_h, 1)
            mul_6 = C_f32[:, :, None, :, None] * W_f32
            sum_5 = jnp.sum(mul_6, axis=3)
            sum_bf16_f32_2 = sum_5.astype(jnp.bfloat16).astype(jnp.float32)
            mul_7 = sum_bf16_f32_2[:, :, :, None] * d_out_f32[:, None]
            sum_6 = jnp.sum(mul_7, axis=4)
            mul_8 = exp * (sum_6 - buffer_0_tile[:, None])
            mul_9 = Q_f32[:, None] * mul_8[:, :, :, :, None]
            sum_7 = jnp.sum(mul_9, axis=3)
            mul_10 = U_f32 * sum_7[:, :, :, None]
            tile_sum_2 = jnp.sum(mul_10, axis=(2, 4))
            next_acc_h_d = acc_h_d + tile_sum_2
            mul_11 = mul_8[:, :, :, None] * R_f32.transpose(0, 1, 3, 2)[:, None]
            tile_sum_3 = jnp.sum(mul_11, axis=(4, 2))
            next_acc_q_h = acc_q_h + tile_sum_3
            return (next_acc_h_e, next_acc_h_d, next_acc_q_h)

        acc_h_e, acc_h_d, acc_q_h = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h_e, acc_h_d, acc_q_h))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            acc_h_e, acc_h_d, acc_q_h = state
            first_h = block * block_h
            h_index = first_h + jnp.arange(block_h)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_h, block_h, 1)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_h, block_h, 1)
            R_tile = lax.dynamic_slice_in_dim(R, first_h, block_h, 1)
            R_f32 = R_tile.astype(jnp.float32)
            mul = T_tile.astype(jnp.float32)[:, :, None, :, None] * R_f32.transpose(0, 1, 3, 2)[:, None]
            sum_ = jnp.sum(mul, axis=3)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
            C_f32 = C_tile.astype(jnp.float32)
            U_f32 = U_tile.astype(jnp.float32)
            mul_2 = C_f32[:, :, None, :, None] * U_f32
            sum_2 = jnp.sum(mul_2, axis=3)
            Q_tile = lax.dynamic_slice_in_dim(Q, first_h, block_h, 1)
            Q_f32 = Q_tile.astype(jnp.float32)
            sum_bf16_f32 = sum_2.astype(jnp.bfloat16).astype(jnp.float32)
            mul_3 = Q_f32[:, None] * sum_bf16_f32[:, :, :, None]
            sum_3 = jnp.sum(mul_3, axis=4)
            chosen = jnp.where(le[:, None], (sum_3 + sum_) * 0.07216878364870323, -jnp.inf)
            safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
            exp = jnp.exp(chosen - safe_logsum[:, None])
            d_out_f32 = d_out_tile.astype(jnp.float32)
            mul_4 = exp[:, :, :, :, None] * d_out_f32[:, None]
            sum_4 = jnp.sum(mul_4, axis=3)
            chosen_2 = jnp.where((h_index < h)[:, None], sum_4, 0.0)
            W_f32 = W_tile.astype(jnp.float32)
            mul_5 = chosen_2[:, :, :, None] * W_f32
            tile_sum = jnp.sum(mul_5, axis=(2, 4))
            next_acc_h_e = acc_h_e + tile_sum
            buffer_0_tile = lax.dynamic_slice_in_dim(buffer_0, first_h, block_h, 1)
            mul_6 = C_f32[:, :, None, :, None] * W_f32
            sum_5 = jnp.sum(mul_6, axis=3)
            sum_bf16_f32_2 = sum_5.astype(jnp.bfloat16).astype(jnp.float32)
            mul_7 = sum_bf16_f32_2[:, :, :, None] * d_out_f32[:, None]
            sum_6 = jnp.sum(mul_7, axis=4)
            mul_8 = exp * (sum_6 - buffer_0_tile[:, None])
            mul_9 = Q_f32[:, None] * mul_8[:, :, :, :, None]
            sum_7 = jnp.sum(mul_9, axis=3)
            mul_10 = U_f32 * sum_7[:, :, :, None]
            tile_sum_2 = jnp.sum(mul_10, axis=(2, 4))
            next_acc_h_d = acc_h_d + tile_sum_2
            mul_11 = mul_8[:, :, :, None] * R_f32.transpose(0, 1, 3, 2)[:, None]
            tile_sum_3 = jnp.sum(mul_11, axis=(4, 2))
            next_acc_q_h = acc_q_h + tile_sum_3
            return (next_acc_h_e, next_acc_h_d, next_acc_q_h)

        acc_h_e, acc_h_d, acc_q_h = lax.fori_loop(
            from_h // block_h,
            -(-h // block_h),
            step_2,
            (acc_h_e, acc_h_d, acc_q_h),
        )
        tile_bf16 = (acc_h_e + acc_h_d * 0.07216878364870323).astype(jnp.bfloat16)
        tile_bf16_2 = (acc_q_h * 0.07216878364870323).astype(jnp.bfloat16)
        return tile_bf16, tile_bf16_2

    d_C_tiles, d_T_tiles = lax.map(program, jnp.arange(-(-x // block_x)))
    d_C_tiles = d_C_tiles.transpose(1, 0, 2, 3)
    d_C_tiles = d_C_tiles.reshape(b, -(-x // block_x) * block_x, 256)
    d_T_tiles = d_T_tiles.transpose(1, 0, 2, 3)
    d_T_tiles = d_T_tiles.reshape(b, -(-x // block_x) * block_x, 64)
    return d_C_tiles[:, :x], d_T_tiles[:, :x]


def _mla_backward_d_U_d_W(Q, R, C, T, U, W, d_out, logsum, buffer_0, *, block_x=256, block_h=512):
    """mla_backward_d_U_d_W(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], d_out: bf16[b h q e], logsum: f32[b h q], buffer_0: f32[b h q]) -> (bf16[h r d], bf16[h r e]), in blocks: memory does not grow with x."""
    Q, R, C, T, U, W, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W, d_out))
    logsum, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (logsum, buffer_0))
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
    if d_out.shape != (b, h, q, 128):
        raise ValueError(f"d_out: bf16[b h q e] has shape {d_out.shape}, expected {(b, h, q, 128)}")
    if logsum.shape != (b, h, q):
        raise ValueError(f"logsum: f32[b h q] has shape {logsum.shape}, expected {(b, h, q)}")
    if buffer_0.shape != (b, h, q):
        raise ValueError(f"buffer_0: f32[b h q] has shape {buffer_0.shape}, expected {(b, h, q)}")
    block_x = min(block_x, max(x, 1))
    block_h = min(block_h, max(h, 1))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    buffer_0 = jnp.pad(buffer_0, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0)))
    R = jnp.pad(R, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    Q = jnp.pad(Q, ((0, 0), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    C = jnp.pad(C, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))
    T = jnp.pad(T, ((0, 0), (0, max(-x % block_x, block_x - x)), (0, 0)))

    def program(tile):
        q_index = jnp.arange(q)
        first_h = tile * block_h
        acc_b_x = jnp.full((block_h, 256, 128), 0.0, jnp.float32)
        acc_b_x_2 = jnp.full((block_h, 256, 128), 0.0, jnp.float32)
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)

        def step(b_index, state):
            acc_b_x, acc_b_x_2 = state
            buffer_0_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(buffer_0, b_index, 0, keepdims=True), first_h, block_h, 1), (0,))
            d_out_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(d_out, b_index, 0, keepdims=True), first_h, block_h, 1), (0,))
            logsum_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(logsum, b_index, 0, keepdims=True), first_h, block_h, 1), (0,))
            R_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(R, b_index, 0, keepdims=True), first_h, block_h, 1), (0,))
            Q_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(Q, b_index, 0, keepdims=True), first_h, block_h, 1), (0,))
            to_x = x // block_x * block_x

            def step_2(block, state):
                acc_b_x, acc_b_x_2 = state
                first_x = block * block_x
                x_index = first_x + jnp.arange(block_x)
                C_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(C, b_index, 0, keepdims=True), first_x, block_x, 1), (0,))
                C_f32 = C_tile.astype(jnp.float32)
                mul = C_f32[:, :, None] * W_tile.astype(jnp.float32)[:, None]
                sum_ = jnp.sum(mul, axis=2)
                sum_bf16_f32 = sum_.astype(jnp.bfloat16).astype(jnp.float32)
                d_out_f32 = d_out_tile.astype(jnp.float32)
                mul_2 = sum_bf16_f32[:, :, :, None] * d_out_f32.transpose(0, 2, 1)[:, None]
                sum_2 = jnp.sum(mul_2, axis=2)
                T_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(T, b_index, 0, keepdims=True), first_x, block_x, 1), (0,))
                mul_3 = T_tile.astype(jnp.float32)[:, None] * R_tile.astype(jnp.float32)[:, None]
                sum_3 = jnp.sum(mul_3, axis=3)
                mul_4 = C_f32[:, :, None] * U_tile.astype(jnp.float32)[:, None]
                sum_4 = jnp.sum(mul_4, axis=2)
                Q_f32 = Q_tile.astype(jnp.float32)
                sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
                mul_5 = Q_f32.transpose(0, 2, 1)[:, None] * sum_bf16_f32_2[:, :, :, None]
                sum_5 = jnp.sum(mul_5, axis=2)
                chosen = jnp.where(x_index[:, None] <= q_index, (sum_5 + sum_3) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, None])
                mul_6 = Q_f32.transpose(0, 2, 1)[:, None] * (exp * (sum_2 - buffer_0_tile[:, None]))[:, :, None]
                sum_6 = jnp.sum(mul_6, axis=3)
                mul_7 = C_f32[:, :, None] * sum_6[:, :, None]
                tile_sum = jnp.sum(mul_7, axis=1)
                next_acc_b_x = acc_b_x + tile_sum
                mul_8 = exp[:, :, None] * d_out_f32.transpose(0, 2, 1)[:, None]
                sum_7 = jnp.sum(mul_8, axis=3)
                mul_9 = C_f32[:, :, None] * sum_7[:, :, None]
                tile_sum_2 = jnp.sum(mul_9, axis=1)
                next_acc_b_x_2 = acc_b_x_2 + tile_sum_2
                return (next_acc_b_x, next_acc_b_x_2)

            acc_b_x, acc_b_x_2 = lax.fori_loop(0, -(-to_x // block_x), step_2, (acc_b_x, acc_b_x_2))
            from_x = jnp.maximum(0, to_x)

            def step_3(block, state):
                acc_b_x, acc_b_x_2 = state
                first_x = block * block_x
                x_index = first_x + jnp.arange(block_x)
                C_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(C, b_index, 0, keepdims=True), first_x, block_x, 1), (0,))
                C_f32 = C_tile.astype(jnp.float32)
                mul = C_f32[:, :, None] * W_tile.astype(jnp.float32)[:, None]
                sum_ = jnp.sum(mul, axis=2)
                sum_bf16_f32 = sum_.astype(jnp.bfloat16).astype(jnp.float32)
                d_out_f32 = d_out_tile.astype(jnp.float32)
                mul_2 = sum_bf16_f32[:, :, :, None] * d_out_f32.transpose(0, 2, 1)[:, None]
                sum_2 = jnp.sum(mul_2, axis=2)
                T_tile = jnp.squeeze(lax.dynamic_slice_in_dim(lax.dynamic_index_in_dim(T, b_index, 0, keepdims=True), first_x, block_x, 1), (0,))
                mul_3 = T_tile.astype(jnp.float32)[:, None] * R_tile.astype(jnp.float32)[:, None]
                sum_3 = jnp.sum(mul_3, axis=3)
                mul_4 = C_f32[:, :, None] * U_tile.astype(jnp.float32)[:, None]
                sum_4 = jnp.sum(mul_4, axis=2)
                Q_f32 = Q_tile.astype(jnp.float32)
                sum_bf16_f32_2 = sum_4.astype(jnp.bfloat16).astype(jnp.float32)
                mul_5 = Q_f32.transpose(0, 2, 1)[:, None] * sum_bf16_f32_2[:, :, :, None]
                sum_5 = jnp.sum(mul_5, axis=2)
                chosen = jnp.where(x_index[:, None] <= q_index, (sum_5 + sum_3) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, None])
                mul_6 = Q_f32.transpose(0, 2, 1)[:, None] * (exp * (sum_2 - buffer_0_tile[:, None]))[:, :, None]
                sum_6 = jnp.sum(mul_6, axis=3)
                chosen_2 = jnp.where((x_index < x)[:, None], sum_6, 0.0)
                mul_7 = C_f32[:, :, None] * chosen_2[:, :, None]
                tile_sum = jnp.sum(mul_7, axis=1)
                next_acc_b_x = acc_b_x + tile_sum
                mul_8 = exp[:, :, None] * d_out_f32.transpose(0, 2, 1)[:, None]
                sum_7 = jnp.sum(mul_8, axis=3)
                mul_9 = C_f32[:, :, None] * sum_7[:, :, None]
                tile_sum_2 = jnp.sum(mul_9, axis=1)
                next_acc_b_x_2 = acc_b_x_2 + tile_sum_2
                return (next_acc_b_x, next_acc_b_x_2)

            acc_b_x, acc_b_x_2 = lax.fori_loop(
                from_x // block_x,
                -(-x // block_x),
                step_3,
                (acc_b_x, acc_b_x_2),
            )
            return (acc_b_x, acc_b_x_2)

        acc_b_x, acc_b_x_2 = lax.fori_loop(0, b, step, (acc_b_x, acc_b_x_2))
        tile_bf16 = (acc_b_x * 0.07216878364870323).astype(jnp.bfloat16)
        return tile_bf16, acc_b_x_2.astype(jnp.bfloat16)

    d_U_tiles, d_W_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_U_tiles = d_U_tiles.reshape(-(-h // block_h) * block_h, 256, 128)
    d_W_tiles = d_W_tiles.reshape(-(-h // block_h) * block_h, 256, 128)
    return d_U_tiles[:h], d_W_tiles[:h]


@functools.partial(jax.custom_vjp, nondiff_argnums=(6, 7))
def _mla_differentiable(Q, R, C, T, U, W, block_x, block_h):
    out = _mla(Q, R, C, T, U, W, block_x=block_x, block_h=block_h)
    return out


def _mla_keeping(Q, R, C, T, U, W, block_x, block_h):
    out, logsum = _mla_forward(Q, R, C, T, U, W, block_x=block_x, block_h=block_h)
    return out, (Q, R, C, T, U, W, out, logsum)


def _mla_pull(block_x, block_h, saved, cotangents):
    Q, R, C, T, U, W, out, logsum = saved
    d_out = cotangents
    buffer_0 = _mla_backward_buffer_0(d_out, out)
    d_Q, d_R = _mla_backward_d_Q_d_R(
        Q, R, C, T, U, W, d_out, logsum, buffer_0, block_x=block_x, block_h=block_h,
    )
    d_C, d_T = _mla_backward_d_C_d_T(
        Q, R, C, T, U, W, d_out, logsum, buffer_0, block_h=block_h, block_x=block_x,
    )
    d_U, d_W = _mla_backward_d_U_d_W(
        Q, R, C, T, U, W, d_out, logsum, buffer_0, block_x=block_x, block_h=block_h,
    )
    return (d_Q, d_R, d_C, d_T, d_U, d_W)


_mla_differentiable.defvjp(_mla_keeping, _mla_pull)


def mla(Q, R, C, T, U, W, *, block_x=256, block_h=512):
    """mla(Q: bf16[b h q d], R: bf16[b h q p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e]) -> bf16[b h q e], in blocks; differentiable in reverse."""
    Q, R, C, T, U, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W))
    return _mla_differentiable(Q, R, C, T, U, W, block_x, block_h)


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
    sum_x = jnp.einsum("bhqx,bhex->bhqe", chosen_2.astype(jnp.bfloat16), sum_r_2.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[latent.diag:18]
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
        max_x = jnp.full((b, h, block_one), -jnp.inf, jnp.float32)
        sum_x = jnp.full((b, h, block_one), 0.0, jnp.float32)
        acc_x = jnp.full((b, h, block_one, 256), 0.0, jnp.float32)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_one, block_one, 2)
        dot = jnp.einsum("bhod,hrd->bhor", Q_tile, U, preferred_element_type=jnp.float32)
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
    sum_r = jnp.einsum("hre,bhor->bhoe", W, buffer_1, preferred_element_type=jnp.float32)  # [b h one e]
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
        max_x = jnp.full((b, h, block_one), -jnp.inf, jnp.float32)
        acc_x = jnp.full((b, h, block_one, 256), 0.0, jnp.float32)
        sum_x = jnp.full((b, h, block_one), 0.0, jnp.float32)
        R_tile = lax.dynamic_slice_in_dim(R, first_one, block_one, 2)
        Q_tile = lax.dynamic_slice_in_dim(Q, first_one, block_one, 2)
        dot = jnp.einsum("bhod,hrd->bhor", Q_tile, U, preferred_element_type=jnp.float32)
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
    sum_r = jnp.einsum("hre,bhor->bhoe", W, buffer_0, preferred_element_type=jnp.float32)  # [b h one e]
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


def _mla_decode_backward_d_Q_d_R(Q, R, C, T, U, W, filled, d_out, out, logsum, state, state_):
    """mla_decode_backward_d_Q_d_R(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[], d_out: bf16[b h one e], out: bf16[b h one e], logsum: f32[b h one], state: f32[b h one], state_: f32[b h one]) -> (bf16[b h one d], bf16[b h one p])"""
    Q, R, C, T, U, W, d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W, d_out, out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum, state, state_ = (jnp.asarray(array, jnp.float32) for array in (logsum, state, state_))
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
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if out.shape != (b, h, 1, 128):
        raise ValueError(f"out: bf16[b h one e] has shape {out.shape}, expected {(b, h, 1, 128)}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    if state.shape != (b, h, 1):
        raise ValueError(f"state: f32[b h one] has shape {state.shape}, expected {(b, h, 1)}")
    if state_.shape != (b, h, 1):
        raise ValueError(f"state_: f32[b h one] has shape {state_.shape}, expected {(b, h, 1)}")
    sum_p = jnp.einsum("bxp,bhop->bhox", T, R, preferred_element_type=jnp.float32)  # [b h one x]
    sum_d = jnp.einsum("hrd,bhod->bhor", U, Q, preferred_element_type=jnp.float32)  # [b h one r]
    sum_r = jnp.einsum("bxr,bhor->bhox", C, sum_d.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    product = (sum_p + sum_r) * 0.07216878364870323  # [b h one x]
    chosen = jnp.where(jnp.arange(x) < filled, product, -jnp.inf)  # [b h one x]
    exponential = jnp.exp(_subtract(chosen, state[:, :, :, None]))  # [b h one x]
    sum_e = jnp.einsum("hre,bhoe->bhor", W, d_out, preferred_element_type=jnp.float32)  # [b h one r]
    sum_r_2 = jnp.einsum("bhor,bxr->bhox", sum_e.astype(jnp.bfloat16), C, preferred_element_type=jnp.float32)
    sum_e_2 = jnp.einsum("bhoe,bhoe->bho", out.astype(jnp.float32), d_out.astype(jnp.float32), precision="highest")
    difference = sum_r_2 - sum_e_2[:, :, :, None]  # [b h one x]
    sum_x = jnp.einsum("bxr,bhox,bhox->bhor", C, exponential.astype(jnp.bfloat16), difference.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    sum_r_3 = jnp.einsum("hrd,bhor->bhod", U, sum_x.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    product_2 = sum_r_3 * (1 / state_[:, :, :, None]) * 0.07216878364870323  # [b h one d]
    as_bf16 = jnp.where(state_[:, :, :, None] > 0.0, product_2, 0.0).astype(jnp.bfloat16)  # [b h one d]
    exponential_2 = jnp.exp(_subtract(chosen, logsum[:, :, :, None]))  # [b h one x]
    sum_x_2 = jnp.einsum("bxp,bhox,bhox->bhop", T, exponential_2.astype(jnp.bfloat16), difference.astype(jnp.bfloat16), preferred_element_type=jnp.float32)
    as_bf16_2 = (sum_x_2 * 0.07216878364870323).astype(jnp.bfloat16)  # [b h one p]
    return as_bf16, as_bf16_2


def _mla_decode_backward_d_C_d_T(Q, R, C, T, U, W, filled, d_out, out, logsum, *, block_h=256, block_b=512):
    """mla_decode_backward_d_C_d_T(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[], d_out: bf16[b h one e], out: bf16[b h one e], logsum: f32[b h one]) -> (bf16[b x r], bf16[b x p]), in blocks: memory does not grow with h."""
    Q, R, C, T, U, W, d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W, d_out, out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum = jnp.asarray(logsum, jnp.float32)
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
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if out.shape != (b, h, 1, 128):
        raise ValueError(f"out: bf16[b h one e] has shape {out.shape}, expected {(b, h, 1, 128)}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    C = jnp.pad(C, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0)))
    T = jnp.pad(T, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    R = jnp.pad(R, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    out = jnp.pad(out, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))

    def program(tile):
        x_index = jnp.arange(x)
        first_b = tile * block_b
        acc_h_one = jnp.full((block_b, x, 256), 0.0, jnp.float32)
        acc_h_one_2 = jnp.full((block_b, x, 256), 0.0, jnp.float32)
        acc_h_one_3 = jnp.full((block_b, x, 64), 0.0, jnp.float32)
        C_tile = lax.dynamic_slice_in_dim(C, first_b, block_b, 0)
        T_tile = lax.dynamic_slice_in_dim(T, first_b, block_b, 0)
        lt = x_index < filled

        def step(one_index, state):
            acc_h_one, acc_h_one_2, acc_h_one_3 = state
            to_h = h // block_h * block_h

            def step_2(block, state):
                acc_h_one, acc_h_one_2, acc_h_one_3 = state
                first_h = block * block_h
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
                d_out_f32 = d_out_tile.astype(jnp.float32)
                mul = W_tile.astype(jnp.float32) * d_out_f32[:, :, None]
                sum_ = jnp.sum(mul, axis=3)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(logsum, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(Q, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
                mul_2 = U_tile.astype(jnp.float32) * Q_tile.astype(jnp.float32)[:, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                C_f32 = C_tile.astype(jnp.float32)
                mul_3 = C_f32[:, None] * sum_2[:, :, None]
                sum_3 = jnp.sum(mul_3, axis=3)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(R, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                R_f32 = R_tile.astype(jnp.float32)
                mul_4 = T_tile.astype(jnp.float32)[:, None] * R_f32[:, :, None]
                sum_4 = jnp.sum(mul_4, axis=3)
                chosen = jnp.where(lt, (sum_4 + sum_3) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                mul_5 = exp[:, :, :, None] * sum_[:, :, None]
                tile_sum = jnp.sum(mul_5, axis=1)
                next_acc_h_one = acc_h_one + tile_sum
                out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                mul_6 = out_tile.astype(jnp.float32) * d_out_f32
                sum_5 = jnp.sum(mul_6, axis=2)
                mul_7 = sum_[:, :, None] * C_f32[:, None]
                sum_6 = jnp.sum(mul_7, axis=3)
                mul_8 = exp * (sum_6 - sum_5[:, :, None])
                mul_9 = mul_8[:, :, :, None] * sum_2[:, :, None]
                tile_sum_2 = jnp.sum(mul_9, axis=1)
                next_acc_h_one_2 = acc_h_one_2 + tile_sum_2
                mul_10 = R_f32[:, :, None] * mul_8[:, :, :, None]
                tile_sum_3 = jnp.sum(mul_10, axis=1)
                next_acc_h_one_3 = acc_h_one_3 + tile_sum_3
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
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
                d_out_f32 = d_out_tile.astype(jnp.float32)
                mul = W_tile.astype(jnp.float32) * d_out_f32[:, :, None]
                sum_ = jnp.sum(mul, axis=3)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(logsum, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(Q, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
                mul_2 = U_tile.astype(jnp.float32) * Q_tile.astype(jnp.float32)[:, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                C_f32 = C_tile.astype(jnp.float32)
                mul_3 = C_f32[:, None] * sum_2[:, :, None]
                sum_3 = jnp.sum(mul_3, axis=3)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(R, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                R_f32 = R_tile.astype(jnp.float32)
                mul_4 = T_tile.astype(jnp.float32)[:, None] * R_f32[:, :, None]
                sum_4 = jnp.sum(mul_4, axis=3)
                chosen = jnp.where(lt & (h_index < h)[:, None], (sum_4 + sum_3) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile == -jnp.inf, 0.0, logsum_tile)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                mul_5 = exp[:, :, :, None] * sum_[:, :, None]
                tile_sum = jnp.sum(mul_5, axis=1)
                next_acc_h_one = acc_h_one + tile_sum
                out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                mul_6 = out_tile.astype(jnp.float32) * d_out_f32
                sum_5 = jnp.sum(mul_6, axis=2)
                mul_7 = sum_[:, :, None] * C_f32[:, None]
                sum_6 = jnp.sum(mul_7, axis=3)
                mul_8 = exp * (sum_6 - sum_5[:, :, None])
                mul_9 = mul_8[:, :, :, None] * sum_2[:, :, None]
                tile_sum_2 = jnp.sum(mul_9, axis=1)
                next_acc_h_one_2 = acc_h_one_2 + tile_sum_2
                mul_10 = R_f32[:, :, None] * mul_8[:, :, :, None]
                tile_sum_3 = jnp.sum(mul_10, axis=1)
                next_acc_h_one_3 = acc_h_one_3 + tile_sum_3
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

    d_C_tiles, d_T_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    d_C_tiles = d_C_tiles.reshape(-(-b // block_b) * block_b, x, 256)
    d_T_tiles = d_T_tiles.reshape(-(-b // block_b) * block_b, x, 64)
    return d_C_tiles[:b], d_T_tiles[:b]


def _mla_decode_backward_d_U(Q, R, C, T, U, W, filled, d_out, out, logsum, *, block_b=256, block_h=512):
    """mla_decode_backward_d_U(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[], d_out: bf16[b h one e], out: bf16[b h one e], logsum: f32[b h one]) -> bf16[h r d], in blocks: memory does not grow with b."""
    Q, R, C, T, U, W, d_out, out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W, d_out, out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum = jnp.asarray(logsum, jnp.float32)
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
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if out.shape != (b, h, 1, 128):
        raise ValueError(f"out: bf16[b h one e] has shape {out.shape}, expected {(b, h, 1, 128)}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    block_b = min(block_b, max(b, 1))
    block_h = min(block_h, max(h, 1))
    W = jnp.pad(W, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    out = jnp.pad(out, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    C = jnp.pad(C, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    R = jnp.pad(R, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    T = jnp.pad(T, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0)))

    def program(tile):
        x_index = jnp.arange(x)
        first_h = tile * block_h
        acc_b_one = jnp.full((block_h, 256, 128), 0.0, jnp.float32)
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 0)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
        lt = x_index < filled

        def step(one_index, state):
            (acc_b_one,) = state
            to_b = b // block_b * block_b

            def step_2(block, state):
                (acc_b_one,) = state
                first_b = block * block_b
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                d_out_f32 = d_out_tile.astype(jnp.float32)
                mul = out_tile.astype(jnp.float32).transpose(1, 0, 2) * d_out_f32.transpose(1, 0, 2)
                sum_ = jnp.sum(mul, axis=2)
                C_tile = lax.dynamic_slice_in_dim(C, first_b, block_b, 0)
                mul_2 = W_tile.astype(jnp.float32)[:, None] * d_out_f32.transpose(1, 0, 2)[:, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                C_f32 = C_tile.astype(jnp.float32)
                mul_3 = sum_2[:, :, :, None] * C_f32.transpose(0, 2, 1)
                sum_3 = jnp.sum(mul_3, axis=2)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(logsum, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(Q, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_f32 = Q_tile.astype(jnp.float32)
                mul_4 = U_tile.astype(jnp.float32)[:, None] * Q_f32.transpose(1, 0, 2)[:, :, None]
                sum_4 = jnp.sum(mul_4, axis=3)
                mul_5 = C_f32.transpose(0, 2, 1) * sum_4[:, :, :, None]
                sum_5 = jnp.sum(mul_5, axis=2)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(R, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                T_tile = lax.dynamic_slice_in_dim(T, first_b, block_b, 0)
                mul_6 = T_tile.astype(jnp.float32) * R_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                sum_6 = jnp.sum(mul_6, axis=3)
                chosen = jnp.where(lt, (sum_6 + sum_5) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile.T == -jnp.inf, 0.0, logsum_tile.T)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                mul_7 = C_f32.transpose(0, 2, 1) * (exp * (sum_3 - sum_[:, :, None]))[:, :, None]
                sum_7 = jnp.sum(mul_7, axis=3)
                mul_8 = Q_f32.transpose(1, 0, 2)[:, :, None] * sum_7[:, :, :, None]
                tile_sum = jnp.sum(mul_8, axis=1)
                next_acc_b_one = acc_b_one + tile_sum
                return (next_acc_b_one,)

            (acc_b_one,) = lax.fori_loop(0, -(-to_b // block_b), step_2, (acc_b_one,))
            from_b = jnp.maximum(0, to_b)

            def step_3(block, state):
                (acc_b_one,) = state
                first_b = block * block_b
                b_index = first_b + jnp.arange(block_b)
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                d_out_f32 = d_out_tile.astype(jnp.float32)
                mul = out_tile.astype(jnp.float32).transpose(1, 0, 2) * d_out_f32.transpose(1, 0, 2)
                sum_ = jnp.sum(mul, axis=2)
                C_tile = lax.dynamic_slice_in_dim(C, first_b, block_b, 0)
                mul_2 = W_tile.astype(jnp.float32)[:, None] * d_out_f32.transpose(1, 0, 2)[:, :, None]
                sum_2 = jnp.sum(mul_2, axis=3)
                C_f32 = C_tile.astype(jnp.float32)
                mul_3 = sum_2[:, :, :, None] * C_f32.transpose(0, 2, 1)
                sum_3 = jnp.sum(mul_3, axis=2)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(logsum, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(Q, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_f32 = Q_tile.astype(jnp.float32)
                mul_4 = U_tile.astype(jnp.float32)[:, None] * Q_f32.transpose(1, 0, 2)[:, :, None]
                sum_4 = jnp.sum(mul_4, axis=3)
                mul_5 = C_f32.transpose(0, 2, 1) * sum_4[:, :, :, None]
                sum_5 = jnp.sum(mul_5, axis=2)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(R, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                T_tile = lax.dynamic_slice_in_dim(T, first_b, block_b, 0)
                mul_6 = T_tile.astype(jnp.float32) * R_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                sum_6 = jnp.sum(mul_6, axis=3)
                chosen = jnp.where(lt, (sum_6 + sum_5) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile.T == -jnp.inf, 0.0, logsum_tile.T)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                mul_7 = C_f32.transpose(0, 2, 1) * (exp * (sum_3 - sum_[:, :, None]))[:, :, None]
                sum_7 = jnp.sum(mul_7, axis=3)
                chosen_2 = jnp.where((b_index < b)[:, None], sum_7, 0.0)
                mul_8 = Q_f32.transpose(1, 0, 2)[:, :, None] * chosen_2[:, :, :, None]
                tile_sum = jnp.sum(mul_8, axis=1)
                next_acc_b_one = acc_b_one + tile_sum
                return (next_acc_b_one,)

            (acc_b_one,) = lax.fori_loop(from_b // block_b, -(-b // block_b), step_3, (acc_b_one,))
            return (acc_b_one,)

        (acc_b_one,) = lax.fori_loop(0, 1, step, (acc_b_one,))
        tile_bf16 = (acc_b_one * 0.07216878364870323).astype(jnp.bfloat16)
        return tile_bf16

    d_U_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_U_tiles = d_U_tiles.reshape(-(-h // block_h) * block_h, 256, 128)
    return d_U_tiles[:h]


def _mla_decode_backward_d_W(Q, R, C, T, U, filled, d_out, logsum, *, block_b=256, block_h=512):
    """mla_decode_backward_d_W(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], filled: i32[], d_out: bf16[b h one e], logsum: f32[b h one]) -> bf16[h r e], in blocks: memory does not grow with b."""
    Q, R, C, T, U, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, d_out))
    filled = jnp.asarray(filled, jnp.int32)
    logsum = jnp.asarray(logsum, jnp.float32)
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
    if d_out.shape != (b, h, 1, 128):
        raise ValueError(f"d_out: bf16[b h one e] has shape {d_out.shape}, expected {(b, h, 1, 128)}")
    if logsum.shape != (b, h, 1):
        raise ValueError(f"logsum: f32[b h one] has shape {logsum.shape}, expected {(b, h, 1)}")
    block_b = min(block_b, max(b, 1))
    block_h = min(block_h, max(h, 1))
    U = jnp.pad(U, ((0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    C = jnp.pad(C, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0)))
    logsum = jnp.pad(logsum, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0)))
    Q = jnp.pad(Q, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    R = jnp.pad(R, ((0, max(-b % block_b, block_b - b)), (0, max(-h % block_h, block_h - h)), (0, 0), (0, 0)))
    T = jnp.pad(T, ((0, max(-b % block_b, block_b - b)), (0, 0), (0, 0)))

    def program(tile):
        x_index = jnp.arange(x)
        first_h = tile * block_h
        acc_b_one = jnp.full((block_h, 256, 128), 0.0, jnp.float32)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 0)
        lt = x_index < filled

        def step(one_index, state):
            (acc_b_one,) = state
            to_b = b // block_b * block_b

            def step_2(block, state):
                (acc_b_one,) = state
                first_b = block * block_b
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                C_tile = lax.dynamic_slice_in_dim(C, first_b, block_b, 0)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(logsum, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(Q, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                mul = U_tile.astype(jnp.float32)[:, None] * Q_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                sum_ = jnp.sum(mul, axis=3)
                C_f32 = C_tile.astype(jnp.float32)
                mul_2 = C_f32.transpose(0, 2, 1) * sum_[:, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=2)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(R, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                T_tile = lax.dynamic_slice_in_dim(T, first_b, block_b, 0)
                mul_3 = T_tile.astype(jnp.float32) * R_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                sum_3 = jnp.sum(mul_3, axis=3)
                chosen = jnp.where(lt, (sum_3 + sum_2) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile.T == -jnp.inf, 0.0, logsum_tile.T)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                mul_4 = exp[:, :, None] * C_f32.transpose(0, 2, 1)
                sum_4 = jnp.sum(mul_4, axis=3)
                mul_5 = sum_4[:, :, :, None] * d_out_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                tile_sum = jnp.sum(mul_5, axis=1)
                next_acc_b_one = acc_b_one + tile_sum
                return (next_acc_b_one,)

            (acc_b_one,) = lax.fori_loop(0, -(-to_b // block_b), step_2, (acc_b_one,))
            from_b = jnp.maximum(0, to_b)

            def step_3(block, state):
                (acc_b_one,) = state
                first_b = block * block_b
                b_index = first_b + jnp.arange(block_b)
                d_out_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                C_tile = lax.dynamic_slice_in_dim(C, first_b, block_b, 0)
                logsum_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(logsum, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                Q_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(Q, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                mul = U_tile.astype(jnp.float32)[:, None] * Q_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                sum_ = jnp.sum(mul, axis=3)
                C_f32 = C_tile.astype(jnp.float32)
                mul_2 = C_f32.transpose(0, 2, 1) * sum_[:, :, :, None]
                sum_2 = jnp.sum(mul_2, axis=2)
                R_tile = jnp.squeeze(lax.dynamic_index_in_dim(lax.dynamic_slice_in_dim(lax.dynamic_slice_in_dim(R, first_b, block_b, 0), first_h, block_h, 1), one_index, 2, keepdims=True), (2,))
                T_tile = lax.dynamic_slice_in_dim(T, first_b, block_b, 0)
                mul_3 = T_tile.astype(jnp.float32) * R_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                sum_3 = jnp.sum(mul_3, axis=3)
                chosen = jnp.where(lt, (sum_3 + sum_2) * 0.07216878364870323, -jnp.inf)
                safe_logsum = jnp.where(logsum_tile.T == -jnp.inf, 0.0, logsum_tile.T)
                exp = jnp.exp(chosen - safe_logsum[:, :, None])
                mul_4 = exp[:, :, None] * C_f32.transpose(0, 2, 1)
                sum_4 = jnp.sum(mul_4, axis=3)
                chosen_2 = jnp.where((b_index < b)[:, None], sum_4, 0.0)
                mul_5 = chosen_2[:, :, :, None] * d_out_tile.astype(jnp.float32).transpose(1, 0, 2)[:, :, None]
                tile_sum = jnp.sum(mul_5, axis=1)
                next_acc_b_one = acc_b_one + tile_sum
                return (next_acc_b_one,)

            (acc_b_one,) = lax.fori_loop(from_b // block_b, -(-b // block_b), step_3, (acc_b_one,))
            return (acc_b_one,)

        (acc_b_one,) = lax.fori_loop(0, 1, step, (acc_b_one,))
        return acc_b_one.astype(jnp.bfloat16)

    d_W_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_W_tiles = d_W_tiles.reshape(-(-h // block_h) * block_h, 256, 128)
    return d_W_tiles[:h]


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
    d_Q, d_R = _mla_decode_backward_d_Q_d_R(Q, R, C, T, U, W, filled, d_out, out, logsum, state, state_)
    d_C, d_T = _mla_decode_backward_d_C_d_T(Q, R, C, T, U, W, filled, d_out, out, logsum)
    d_U = _mla_decode_backward_d_U(Q, R, C, T, U, W, filled, d_out, out, logsum)
    d_W = _mla_decode_backward_d_W(Q, R, C, T, U, filled, d_out, logsum)
    return (d_Q, d_R, d_C, d_T, d_U, d_W, None)


_mla_decode_differentiable.defvjp(_mla_decode_keeping, _mla_decode_pull)


def mla_decode(Q, R, C, T, U, W, filled, *, block_x=256, block_one=512):
    """mla_decode(Q: bf16[b h one d], R: bf16[b h one p], C: bf16[b x r], T: bf16[b x p], U: bf16[h r d], W: bf16[h r e], filled: i32[]) -> bf16[b h one e], in blocks; differentiable in reverse."""
    Q, R, C, T, U, W = (jnp.asarray(array, jnp.bfloat16) for array in (Q, R, C, T, U, W))
    filled = jnp.asarray(filled, jnp.int32)
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
    sum_d = jnp.einsum("bhod,bhdx->bhox", Q, K.astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[latent.diag:33]
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
