# Made by diagc 0.1.0 from layers.diag. Runs on JAX alone.
import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["mlp", "mlp_plain", "swiglu", "swiglu_plain", "geglu", "geglu_plain", "lora", "lora_plain"]


def mlp(X, W, c, D, *, block_h=256, block_b=512):
    """mlp(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> bf16[b o], in blocks: memory does not grow with h."""
    X, W, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, D))
    c = jnp.asarray(c, jnp.float32)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    c = jnp.pad(c, ((0, max(-h % block_h, block_h - h)),))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))

    def program(tile):
        first_b = tile * block_b
        acc_h = jnp.full((block_b, o), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        to_h = h // block_h * block_h

        def step(block, state):
            (acc_h,) = state
            first_h = block * block_h
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            c_tile = lax.dynamic_slice_in_dim(c, first_h, block_h, 0)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            H = jax.nn.gelu(dot + c_tile, approximate=False)
            H_bf16 = H.astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ho->bo", H_bf16, D_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h,))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            (acc_h,) = state
            first_h = block * block_h
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            c_tile = lax.dynamic_slice_in_dim(c, first_h, block_h, 0)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            H = jax.nn.gelu(dot + c_tile, approximate=False)
            H_bf16 = H.astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ho->bo", H_bf16, D_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(from_h // block_h, -(-h // block_h), step_2, (acc_h,))
        return acc_h.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    out_tiles = out_tiles.reshape(-(-b // block_b) * block_b, o)
    return out_tiles[:b]


def mlp_plain(X, W, c, D):
    """mlp(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> bf16[b o]"""
    X, W, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, D))
    c = jnp.asarray(c, jnp.float32)
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if c.shape != (h,):
        raise ValueError(f"c: f32[h] has shape {c.shape}, expected {(h,)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    sum_i = jnp.einsum("bi,ih->bh", X, W, preferred_element_type=jnp.float32)  # [b h]  # src[layers.diag:7]
    H = jax.nn.gelu(sum_i + c, approximate=False)  # [b h]  # src[layers.diag:7]
    sum_h = jnp.einsum("bh,ho->bo", H.astype(jnp.bfloat16), D, preferred_element_type=jnp.float32)  # [b o]  # src[layers.diag:8]
    as_bf16 = sum_h.astype(jnp.bfloat16)  # [b o]
    return as_bf16


def swiglu(X, W, U, D, *, block_h=256, block_b=512):
    """swiglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o], in blocks: memory does not grow with h."""
    X, W, U, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    U = jnp.pad(U, ((0, 0), (0, max(-h % block_h, block_h - h))))

    def program(tile):
        first_b = tile * block_b
        acc_h = jnp.full((block_b, o), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        to_h = h // block_h * block_h

        def step(block, state):
            (acc_h,) = state
            first_h = block * block_h
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (jax.nn.silu(dot) * dot_2).astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ho->bo", tile_bf16, D_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h,))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            (acc_h,) = state
            first_h = block * block_h
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (jax.nn.silu(dot) * dot_2).astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ho->bo", tile_bf16, D_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(from_h // block_h, -(-h // block_h), step_2, (acc_h,))
        return acc_h.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    out_tiles = out_tiles.reshape(-(-b // block_b) * block_b, o)
    return out_tiles[:b]


def swiglu_plain(X, W, U, D):
    """swiglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o]"""
    X, W, U, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    sum_i = jnp.einsum("bi,ih->bh", X, W, preferred_element_type=jnp.float32)  # [b h]  # src[layers.diag:12]
    sum_i_2 = jnp.einsum("bi,ih->bh", X, U, preferred_element_type=jnp.float32)  # [b h]  # src[layers.diag:12]
    sum_h = jnp.einsum("bh,bh,ho->bo", jax.nn.silu(sum_i).astype(jnp.bfloat16), sum_i_2.astype(jnp.bfloat16), D, preferred_element_type=jnp.float32)  # src[layers.diag:12]
    as_bf16 = sum_h.astype(jnp.bfloat16)  # [b o]
    return as_bf16


def geglu(X, W, U, D, *, block_h=256, block_b=512):
    """geglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o], in blocks: memory does not grow with h."""
    X, W, U, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    U = jnp.pad(U, ((0, 0), (0, max(-h % block_h, block_h - h))))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))

    def program(tile):
        first_b = tile * block_b
        acc_h = jnp.full((block_b, o), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        to_h = h // block_h * block_h

        def step(block, state):
            (acc_h,) = state
            first_h = block * block_h
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            mul = jax.nn.gelu(dot, approximate=False) * dot_2
            tile_bf16 = mul.astype(jnp.bfloat16)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            next_acc_h = acc_h + jnp.einsum("bh,ho->bo", tile_bf16, D_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h,))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            (acc_h,) = state
            first_h = block * block_h
            h_index = first_h + jnp.arange(block_h)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            gelu = jax.nn.gelu(jnp.where((h_index < h), dot, 0.0), approximate=False)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (gelu * dot_2).astype(jnp.bfloat16)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            next_acc_h = acc_h + jnp.einsum("bh,ho->bo", tile_bf16, D_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(from_h // block_h, -(-h // block_h), step_2, (acc_h,))
        return acc_h.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    out_tiles = out_tiles.reshape(-(-b // block_b) * block_b, o)
    return out_tiles[:b]


def geglu_plain(X, W, U, D):
    """geglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o]"""
    X, W, U, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    sum_i = jnp.einsum("bi,ih->bh", X, W, preferred_element_type=jnp.float32)  # [b h]  # src[layers.diag:16]
    sum_i_2 = jnp.einsum("bi,ih->bh", X, U, preferred_element_type=jnp.float32)  # [b h]  # src[layers.diag:16]
    sum_h = jnp.einsum("bh,bh,ho->bo", jax.nn.gelu(sum_i, approximate=False).astype(jnp.bfloat16), sum_i_2.astype(jnp.bfloat16), D, preferred_element_type=jnp.float32)  # src[layers.diag:16]
    as_bf16 = sum_h.astype(jnp.bfloat16)  # [b o]
    return as_bf16


def lora(X, W, A, B, *, block_r=256, block_b=512):
    """lora(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> bf16[b o], in blocks: memory does not grow with r."""
    X, W, A, B = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, A, B))
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    block_r = min(block_r, max(16, 1))
    block_b = min(block_b, max(b, 1))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    B = jnp.pad(B, ((0, max(-16 % block_r, block_r - 16)), (0, 0)))
    A = jnp.pad(A, ((0, 0), (0, max(-16 % block_r, block_r - 16))))

    def program(tile):
        first_b = tile * block_b
        acc_r = jnp.full((block_b, o), 0.0, jnp.float32)
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        to_r = (16) // block_r * block_r

        def step(block, state):
            (acc_r,) = state
            first_r = block * block_r
            B_tile = lax.dynamic_slice_in_dim(B, first_r, block_r, 0)
            A_tile = lax.dynamic_slice_in_dim(A, first_r, block_r, 1)
            dot = jnp.einsum("bi,ir->br", X_tile, A_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_r = acc_r + jnp.einsum("br,ro->bo", dot_bf16, B_tile, preferred_element_type=jnp.float32)
            return (next_acc_r,)

        (acc_r,) = lax.fori_loop(0, -(-to_r // block_r), step, (acc_r,))
        from_r = jnp.maximum(0, to_r)

        def step_2(block, state):
            (acc_r,) = state
            first_r = block * block_r
            B_tile = lax.dynamic_slice_in_dim(B, first_r, block_r, 0)
            A_tile = lax.dynamic_slice_in_dim(A, first_r, block_r, 1)
            dot = jnp.einsum("bi,ir->br", X_tile, A_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_r = acc_r + jnp.einsum("br,ro->bo", dot_bf16, B_tile, preferred_element_type=jnp.float32)
            return (next_acc_r,)

        (acc_r,) = lax.fori_loop(from_r // block_r, -(-16 // block_r), step_2, (acc_r,))
        dot = jnp.einsum("bi,io->bo", X_tile, W, preferred_element_type=jnp.float32)
        return (acc_r + dot).astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    out_tiles = out_tiles.reshape(-(-b // block_b) * block_b, o)
    return out_tiles[:b]


def lora_plain(X, W, A, B):
    """lora(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> bf16[b o]"""
    X, W, A, B = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, A, B))
    b, i = X.shape
    _, o = W.shape
    if W.shape != (i, o):
        raise ValueError(f"W: bf16[i o] has shape {W.shape}, expected {(i, o)}")
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    sum_r = jnp.einsum("ir,ro->oi", A, B, preferred_element_type=jnp.float32)  # [o i]  # src[layers.diag:20]
    sum_i = jnp.einsum("bi,io->bo", X, (W.astype(jnp.float32) + sum_r.T).astype(jnp.bfloat16), preferred_element_type=jnp.float32)  # src[layers.diag:20]
    as_bf16 = sum_i.astype(jnp.bfloat16)  # [b o]
    return as_bf16
