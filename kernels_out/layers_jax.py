# Made by diagc 0.1.0 from layers.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["mlp", "mlp_plain", "swiglu", "swiglu_plain", "geglu", "geglu_plain", "lora", "lora_plain"]


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


def _mlp(X, W, c, D, *, block_h=256, block_b=512):
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
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _mlp_forward(X, W, c, D, *, block_h=256, block_b=512):
    """mlp_forward(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> bf16[b o], in blocks: memory does not grow with h."""
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
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _mlp_backward_d_X(X, W, c, D, d_out, *, block_h=256, block_b=512):
    """mlp_backward_d_X(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o], d_out: bf16[b o]) -> bf16[b i], in blocks: memory does not grow with h."""
    X, W, D, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, D, d_out))
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
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    c = jnp.pad(c, ((0, max(-h % block_h, block_h - h)),))

    def program(tile):
        first_b = tile * block_b
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, i))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        to_h = h // block_h * block_h

        def step(block, state):
            (acc_h,) = state
            first_h = block * block_h
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            dot = jnp.einsum("bo,ho->bh", d_out_tile, D_tile, preferred_element_type=jnp.float32)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            c_tile = lax.dynamic_slice_in_dim(c, first_h, block_h, 0)
            add = c_tile + dot_2
            mul = 0.3989422804014327 * add * jnp.exp(-0.5 * add * add)
            add_2 = 0.5 + mul + lax.erf(0.7071067811865476 * add) * 0.5
            tile_bf16 = (dot * add_2).astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ih->bi", tile_bf16, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h,))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            (acc_h,) = state
            first_h = block * block_h
            h_index = first_h + jnp.arange(block_h)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            dot = jnp.einsum("bo,ho->bh", d_out_tile, D_tile, preferred_element_type=jnp.float32)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            c_tile = lax.dynamic_slice_in_dim(c, first_h, block_h, 0)
            add = c_tile + dot_2
            mul = 0.3989422804014327 * add * jnp.exp(-0.5 * add * add)
            add_2 = 0.5 + mul + lax.erf(0.7071067811865476 * add) * 0.5
            mul_2 = jnp.where((h_index < h), dot, 0.0) * add_2
            tile_bf16 = mul_2.astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ih->bi", tile_bf16, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_h,)

        (acc_h,) = lax.fori_loop(from_h // block_h, -(-h // block_h), step_2, (acc_h,))
        return acc_h.astype(jnp.bfloat16)

    d_X_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    d_X_tiles = d_X_tiles.reshape(-(-b // block_b) * block_b, i)
    return d_X_tiles[:b]


def _mlp_backward_d_W_d_c_d_D(X, W, c, D, d_out, *, block_b=256, block_h=512):
    """mlp_backward_d_W_d_c_d_D(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o], d_out: bf16[b o]) -> (bf16[i h], f32[h], bf16[h o]), in blocks: memory does not grow with b."""
    X, W, D, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, D, d_out))
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
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_b = min(block_b, max(b, 1))
    block_h = min(block_h, max(h, 1))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    c = jnp.pad(c, ((0, max(-h % block_h, block_h - h)),))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))

    def program(tile):
        first_h = tile * block_h
        acc_b = jnp.full_like(X, 0.0, jnp.float32, (block_h, i))
        acc_b_2 = jnp.full_like(X, 0.0, jnp.float32, (block_h,))
        acc_b_3 = jnp.full_like(X, 0.0, jnp.float32, (block_h, o))
        D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
        c_tile = lax.dynamic_slice_in_dim(c, first_h, block_h, 0)
        to_b = b // block_b * block_b

        def step(block, state):
            acc_b, acc_b_2, acc_b_3 = state
            first_b = block * block_b
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot = jnp.einsum("ho,bo->hb", D_tile, d_out_tile, preferred_element_type=jnp.float32)
            dot_2 = jnp.einsum("ih,bi->hb", W_tile, X_tile, preferred_element_type=jnp.float32)
            add = c_tile[:, None] + dot_2
            mul = 0.3989422804014327 * add * jnp.exp(-0.5 * add * add)
            add_2 = 0.5 + mul + lax.erf(0.7071067811865476 * add) * 0.5
            tile_bf16 = (dot * add_2).astype(jnp.bfloat16)
            next_acc_b = acc_b + jnp.einsum("hb,bi->hi", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            mul_2 = dot * add_2
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_b_2 = acc_b_2 + tile_sum
            H_bf16 = jax.nn.gelu(add, approximate=False).astype(jnp.bfloat16)
            next_acc_b_3 = acc_b_3 + jnp.einsum("hb,bo->ho", H_bf16, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b, next_acc_b_2, next_acc_b_3)

        acc_b, acc_b_2, acc_b_3 = lax.fori_loop(0, -(-to_b // block_b), step, (acc_b, acc_b_2, acc_b_3))
        from_b = jnp.maximum(0, to_b)

        def step_2(block, state):
            acc_b, acc_b_2, acc_b_3 = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot = jnp.einsum("ho,bo->hb", D_tile, d_out_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((b_index < b), dot, 0.0)
            dot_2 = jnp.einsum("ih,bi->hb", W_tile, X_tile, preferred_element_type=jnp.float32)
            add = c_tile[:, None] + dot_2
            mul = 0.3989422804014327 * add * jnp.exp(-0.5 * add * add)
            add_2 = 0.5 + mul + lax.erf(0.7071067811865476 * add) * 0.5
            tile_bf16 = (chosen * add_2).astype(jnp.bfloat16)
            next_acc_b = acc_b + jnp.einsum("hb,bi->hi", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            mul_2 = chosen * add_2
            tile_sum = jnp.sum(mul_2, axis=1)
            next_acc_b_2 = acc_b_2 + tile_sum
            H_bf16 = jax.nn.gelu(add, approximate=False).astype(jnp.bfloat16)
            next_acc_b_3 = acc_b_3 + jnp.einsum("hb,bo->ho", H_bf16, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b, next_acc_b_2, next_acc_b_3)

        acc_b, acc_b_2, acc_b_3 = lax.fori_loop(
            from_b // block_b,
            -(-b // block_b),
            step_2,
            (acc_b, acc_b_2, acc_b_3),
        )
        return acc_b.astype(jnp.bfloat16).T, acc_b_2, acc_b_3.astype(jnp.bfloat16)

    d_W_tiles, d_c_tiles, d_D_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_W_tiles = d_W_tiles.transpose(1, 0, 2)
    d_W_tiles = d_W_tiles.reshape(i, -(-h // block_h) * block_h)
    d_c_tiles = d_c_tiles.reshape(-(-h // block_h) * block_h)
    d_D_tiles = d_D_tiles.reshape(-(-h // block_h) * block_h, o)
    return d_W_tiles[:, :h], d_c_tiles[:h], d_D_tiles[:h]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _mlp_differentiable(X, W, c, D, block_h, block_b):
    out = _mlp(X, W, c, D, block_h=block_h, block_b=block_b)
    return out


def _mlp_keeping(X, W, c, D, block_h, block_b):
    out = _mlp_forward(X, W, c, D, block_h=block_h, block_b=block_b)
    return out, (X, W, c, D)


def _mlp_pull(block_h, block_b, saved, cotangents):
    X, W, c, D = saved
    d_out = cotangents
    d_X = _mlp_backward_d_X(X, W, c, D, d_out, block_h=block_h, block_b=block_b)
    d_W, d_c, d_D = _mlp_backward_d_W_d_c_d_D(X, W, c, D, d_out, block_b=block_b, block_h=block_h)
    return (d_X, d_W, d_c, d_D)


_mlp_differentiable.defvjp(_mlp_keeping, _mlp_pull)


def mlp(X, W, c, D, *, block_h=256, block_b=512):
    """mlp(X: bf16[b i], W: bf16[i h], c: f32[h], D: bf16[h o]) -> bf16[b o], in blocks; differentiable in reverse."""
    X, W, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, D))
    c = jnp.asarray(c, jnp.float32)
    X, W, c, D = _alike(X, W, c, D)
    return _mlp_differentiable(X, W, c, D, block_h, block_b)


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
    sum_h = _product("bh,ho->bo", jnp.bfloat16, H, D)  # [b o]  # src[layers.diag:8]
    as_bf16 = sum_h.astype(jnp.bfloat16)  # [b o]
    return as_bf16


def _swiglu(X, W, U, D, *, block_h=256, block_b=512):
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
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _swiglu_forward(X, W, U, D, *, block_h=256, block_b=512):
    """swiglu_forward(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o], in blocks: memory does not grow with h."""
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
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _swiglu_backward_d_X(X, W, U, D, d_out, *, block_h=256, block_b=512):
    """swiglu_backward_d_X(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> bf16[b i], in blocks: memory does not grow with h."""
    X, W, U, D, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D, d_out))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    U = jnp.pad(U, ((0, 0), (0, max(-h % block_h, block_h - h))))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))

    def program(tile):
        first_b = tile * block_b
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, i))
        acc_h_2 = jnp.full_like(X, 0.0, jnp.float32, (block_b, i))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        to_h = h // block_h * block_h

        def step(block, state):
            acc_h, acc_h_2 = state
            first_h = block * block_h
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            dot = jnp.einsum("bo,ho->bh", d_out_tile, D_tile, preferred_element_type=jnp.float32)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (dot * jax.nn.silu(dot_2)).astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ih->bi", tile_bf16, U_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(dot_2)
            dot_3 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            mul = sigmoid * dot * dot_3 * (dot_2 * (1.0 - sigmoid) + 1.0)
            tile_bf16_2 = mul.astype(jnp.bfloat16)
            next_acc_h_2 = acc_h_2 + jnp.einsum("bh,ih->bi", tile_bf16_2, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_h, next_acc_h_2)

        acc_h, acc_h_2 = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h, acc_h_2))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            acc_h, acc_h_2 = state
            first_h = block * block_h
            h_index = first_h + jnp.arange(block_h)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            dot = jnp.einsum("bo,ho->bh", d_out_tile, D_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((h_index < h), dot, 0.0)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot_2 = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (chosen * jax.nn.silu(dot_2)).astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ih->bi", tile_bf16, U_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(dot_2)
            dot_3 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            mul = sigmoid * chosen * dot_3 * (dot_2 * (1.0 - sigmoid) + 1.0)
            tile_bf16_2 = mul.astype(jnp.bfloat16)
            next_acc_h_2 = acc_h_2 + jnp.einsum("bh,ih->bi", tile_bf16_2, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_h, next_acc_h_2)

        acc_h, acc_h_2 = lax.fori_loop(from_h // block_h, -(-h // block_h), step_2, (acc_h, acc_h_2))
        return (acc_h + acc_h_2).astype(jnp.bfloat16)

    d_X_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    d_X_tiles = d_X_tiles.reshape(-(-b // block_b) * block_b, i)
    return d_X_tiles[:b]


def _swiglu_backward_d_W_d_U_d_D(X, W, U, D, d_out, *, block_b=256, block_h=512):
    """swiglu_backward_d_W_d_U_d_D(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> (bf16[i h], bf16[i h], bf16[h o]), in blocks: memory does not grow with b."""
    X, W, U, D, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D, d_out))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_b = min(block_b, max(b, 1))
    block_h = min(block_h, max(h, 1))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    U = jnp.pad(U, ((0, 0), (0, max(-h % block_h, block_h - h))))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))

    def program(tile):
        first_h = tile * block_h
        acc_b = jnp.full_like(X, 0.0, jnp.float32, (block_h, i))
        acc_b_2 = jnp.full_like(X, 0.0, jnp.float32, (block_h, i))
        acc_b_3 = jnp.full_like(X, 0.0, jnp.float32, (block_h, o))
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
        D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
        to_b = b // block_b * block_b

        def step(block, state):
            acc_b, acc_b_2, acc_b_3 = state
            first_b = block * block_b
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            dot = jnp.einsum("ih,bi->hb", W_tile, X_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(dot)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot_2 = jnp.einsum("ho,bo->hb", D_tile, d_out_tile, preferred_element_type=jnp.float32)
            dot_3 = jnp.einsum("ih,bi->hb", U_tile, X_tile, preferred_element_type=jnp.float32)
            mul = sigmoid * dot_2 * dot_3 * (dot * (1.0 - sigmoid) + 1.0)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_b = acc_b + jnp.einsum("hb,bi->hi", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            silu = jax.nn.silu(dot)
            tile_bf16_2 = (dot_2 * silu).astype(jnp.bfloat16)
            next_acc_b_2 = acc_b_2 + jnp.einsum("hb,bi->hi", tile_bf16_2, X_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (dot_3 * silu).astype(jnp.bfloat16)
            next_acc_b_3 = acc_b_3 + jnp.einsum("hb,bo->ho", tile_bf16_3, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b, next_acc_b_2, next_acc_b_3)

        acc_b, acc_b_2, acc_b_3 = lax.fori_loop(0, -(-to_b // block_b), step, (acc_b, acc_b_2, acc_b_3))
        from_b = jnp.maximum(0, to_b)

        def step_2(block, state):
            acc_b, acc_b_2, acc_b_3 = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            dot = jnp.einsum("ih,bi->hb", W_tile, X_tile, preferred_element_type=jnp.float32)
            sigmoid = jax.nn.sigmoid(dot)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot_2 = jnp.einsum("ho,bo->hb", D_tile, d_out_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((b_index < b), dot_2, 0.0)
            dot_3 = jnp.einsum("ih,bi->hb", U_tile, X_tile, preferred_element_type=jnp.float32)
            mul = sigmoid * chosen * dot_3 * (dot * (1.0 - sigmoid) + 1.0)
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_b = acc_b + jnp.einsum("hb,bi->hi", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            silu = jax.nn.silu(dot)
            tile_bf16_2 = (chosen * silu).astype(jnp.bfloat16)
            next_acc_b_2 = acc_b_2 + jnp.einsum("hb,bi->hi", tile_bf16_2, X_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (dot_3 * silu).astype(jnp.bfloat16)
            next_acc_b_3 = acc_b_3 + jnp.einsum("hb,bo->ho", tile_bf16_3, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b, next_acc_b_2, next_acc_b_3)

        acc_b, acc_b_2, acc_b_3 = lax.fori_loop(
            from_b // block_b,
            -(-b // block_b),
            step_2,
            (acc_b, acc_b_2, acc_b_3),
        )
        return acc_b.astype(jnp.bfloat16).T, acc_b_2.astype(jnp.bfloat16).T, acc_b_3.astype(jnp.bfloat16)

    d_W_tiles, d_U_tiles, d_D_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_W_tiles = d_W_tiles.transpose(1, 0, 2)
    d_W_tiles = d_W_tiles.reshape(i, -(-h // block_h) * block_h)
    d_U_tiles = d_U_tiles.transpose(1, 0, 2)
    d_U_tiles = d_U_tiles.reshape(i, -(-h // block_h) * block_h)
    d_D_tiles = d_D_tiles.reshape(-(-h // block_h) * block_h, o)
    return d_W_tiles[:, :h], d_U_tiles[:, :h], d_D_tiles[:h]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _swiglu_differentiable(X, W, U, D, block_h, block_b):
    out = _swiglu(X, W, U, D, block_h=block_h, block_b=block_b)
    return out


def _swiglu_keeping(X, W, U, D, block_h, block_b):
    out = _swiglu_forward(X, W, U, D, block_h=block_h, block_b=block_b)
    return out, (X, W, U, D)


def _swiglu_pull(block_h, block_b, saved, cotangents):
    X, W, U, D = saved
    d_out = cotangents
    d_X = _swiglu_backward_d_X(X, W, U, D, d_out, block_h=block_h, block_b=block_b)
    d_W, d_U, d_D = _swiglu_backward_d_W_d_U_d_D(X, W, U, D, d_out, block_b=block_b, block_h=block_h)
    return (d_X, d_W, d_U, d_D)


_swiglu_differentiable.defvjp(_swiglu_keeping, _swiglu_pull)


def swiglu(X, W, U, D, *, block_h=256, block_b=512):
    """swiglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o], in blocks; differentiable in reverse."""
    X, W, U, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D))
    X, W, U, D = _alike(X, W, U, D)
    return _swiglu_differentiable(X, W, U, D, block_h, block_b)


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
    sum_h = _product("bh,bh,ho->bo", jnp.bfloat16, jax.nn.silu(sum_i), sum_i_2, D)  # [b o]  # src[layers.diag:12]
    as_bf16 = sum_h.astype(jnp.bfloat16)  # [b o]
    return as_bf16


def _geglu(X, W, U, D, *, block_h=256, block_b=512):
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
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _geglu_forward(X, W, U, D, *, block_h=256, block_b=512):
    """geglu_forward(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o], in blocks: memory does not grow with h."""
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
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _geglu_backward_d_X(X, W, U, D, d_out, *, block_h=256, block_b=512):
    """geglu_backward_d_X(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> bf16[b i], in blocks: memory does not grow with h."""
    X, W, U, D, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D, d_out))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_h = min(block_h, max(h, 1))
    block_b = min(block_b, max(b, 1))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    U = jnp.pad(U, ((0, 0), (0, max(-h % block_h, block_h - h))))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))

    def program(tile):
        first_b = tile * block_b
        acc_h = jnp.full_like(X, 0.0, jnp.float32, (block_b, i))
        acc_h_2 = jnp.full_like(X, 0.0, jnp.float32, (block_b, i))
        X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
        to_h = h // block_h * block_h

        def step(block, state):
            acc_h, acc_h_2 = state
            first_h = block * block_h
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            dot_2 = jnp.einsum("bo,ho->bh", d_out_tile, D_tile, preferred_element_type=jnp.float32)
            mul = jax.nn.gelu(dot, approximate=False) * dot_2
            tile_bf16 = mul.astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ih->bi", tile_bf16, U_tile, preferred_element_type=jnp.float32)
            mul_2 = 0.3989422804014327 * jnp.exp(-0.5 * dot * dot)
            add = 0.5 + mul_2 * dot + lax.erf(0.7071067811865476 * dot) * 0.5
            dot_3 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (add * dot_2 * dot_3).astype(jnp.bfloat16)
            next_acc_h_2 = acc_h_2 + jnp.einsum("bh,ih->bi", tile_bf16_2, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_h, next_acc_h_2)

        acc_h, acc_h_2 = lax.fori_loop(0, -(-to_h // block_h), step, (acc_h, acc_h_2))
        from_h = jnp.maximum(0, to_h)

        def step_2(block, state):
            acc_h, acc_h_2 = state
            first_h = block * block_h
            h_index = first_h + jnp.arange(block_h)
            U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
            W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
            dot = jnp.einsum("bi,ih->bh", X_tile, W_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where((h_index < h), jax.nn.gelu(dot, approximate=False), 0.0)
            D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
            dot_2 = jnp.einsum("bo,ho->bh", d_out_tile, D_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (chosen * dot_2).astype(jnp.bfloat16)
            next_acc_h = acc_h + jnp.einsum("bh,ih->bi", tile_bf16, U_tile, preferred_element_type=jnp.float32)
            mul = 0.3989422804014327 * jnp.exp(-0.5 * dot * dot)
            add = 0.5 + mul * dot + lax.erf(0.7071067811865476 * dot) * 0.5
            dot_3 = jnp.einsum("bi,ih->bh", X_tile, U_tile, preferred_element_type=jnp.float32)
            tile_bf16_2 = (add * dot_2 * dot_3).astype(jnp.bfloat16)
            next_acc_h_2 = acc_h_2 + jnp.einsum("bh,ih->bi", tile_bf16_2, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_h, next_acc_h_2)

        acc_h, acc_h_2 = lax.fori_loop(from_h // block_h, -(-h // block_h), step_2, (acc_h, acc_h_2))
        return (acc_h + acc_h_2).astype(jnp.bfloat16)

    d_X_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    d_X_tiles = d_X_tiles.reshape(-(-b // block_b) * block_b, i)
    return d_X_tiles[:b]


def _geglu_backward_d_W_d_U_d_D(X, W, U, D, d_out, *, block_b=256, block_h=512):
    """geglu_backward_d_W_d_U_d_D(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o], d_out: bf16[b o]) -> (bf16[i h], bf16[i h], bf16[h o]), in blocks: memory does not grow with b."""
    X, W, U, D, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D, d_out))
    b, i = X.shape
    _, h = W.shape
    _, o = D.shape
    if W.shape != (i, h):
        raise ValueError(f"W: bf16[i h] has shape {W.shape}, expected {(i, h)}")
    if U.shape != (i, h):
        raise ValueError(f"U: bf16[i h] has shape {U.shape}, expected {(i, h)}")
    if D.shape != (h, o):
        raise ValueError(f"D: bf16[h o] has shape {D.shape}, expected {(h, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_b = min(block_b, max(b, 1))
    block_h = min(block_h, max(h, 1))
    W = jnp.pad(W, ((0, 0), (0, max(-h % block_h, block_h - h))))
    D = jnp.pad(D, ((0, max(-h % block_h, block_h - h)), (0, 0)))
    U = jnp.pad(U, ((0, 0), (0, max(-h % block_h, block_h - h))))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))

    def program(tile):
        first_h = tile * block_h
        acc_b = jnp.full_like(X, 0.0, jnp.float32, (block_h, i))
        acc_b_2 = jnp.full_like(X, 0.0, jnp.float32, (block_h, i))
        acc_b_3 = jnp.full_like(X, 0.0, jnp.float32, (block_h, o))
        W_tile = lax.dynamic_slice_in_dim(W, first_h, block_h, 1)
        D_tile = lax.dynamic_slice_in_dim(D, first_h, block_h, 0)
        U_tile = lax.dynamic_slice_in_dim(U, first_h, block_h, 1)
        to_b = b // block_b * block_b

        def step(block, state):
            acc_b, acc_b_2, acc_b_3 = state
            first_b = block * block_b
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            dot = jnp.einsum("ih,bi->hb", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul = 0.3989422804014327 * jnp.exp(-0.5 * dot * dot)
            add = 0.5 + mul * dot + lax.erf(0.7071067811865476 * dot) * 0.5
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot_2 = jnp.einsum("ho,bo->hb", D_tile, d_out_tile, preferred_element_type=jnp.float32)
            dot_3 = jnp.einsum("ih,bi->hb", U_tile, X_tile, preferred_element_type=jnp.float32)
            tile_bf16 = (add * dot_2 * dot_3).astype(jnp.bfloat16)
            next_acc_b = acc_b + jnp.einsum("hb,bi->hi", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            gelu = jax.nn.gelu(dot, approximate=False)
            tile_bf16_2 = (gelu * dot_2).astype(jnp.bfloat16)
            next_acc_b_2 = acc_b_2 + jnp.einsum("hb,bi->hi", tile_bf16_2, X_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (gelu * dot_3).astype(jnp.bfloat16)
            next_acc_b_3 = acc_b_3 + jnp.einsum("hb,bo->ho", tile_bf16_3, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b, next_acc_b_2, next_acc_b_3)

        acc_b, acc_b_2, acc_b_3 = lax.fori_loop(0, -(-to_b // block_b), step, (acc_b, acc_b_2, acc_b_3))
        from_b = jnp.maximum(0, to_b)

        def step_2(block, state):
            acc_b, acc_b_2, acc_b_3 = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            dot = jnp.einsum("ih,bi->hb", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul = 0.3989422804014327 * jnp.exp(-0.5 * dot * dot)
            add = 0.5 + mul * dot + lax.erf(0.7071067811865476 * dot) * 0.5
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot_2 = jnp.einsum("ho,bo->hb", D_tile, d_out_tile, preferred_element_type=jnp.float32)
            dot_3 = jnp.einsum("ih,bi->hb", U_tile, X_tile, preferred_element_type=jnp.float32)
            mul_2 = jnp.where((b_index < b), add, 0.0) * dot_2
            tile_bf16 = (mul_2 * dot_3).astype(jnp.bfloat16)
            next_acc_b = acc_b + jnp.einsum("hb,bi->hi", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            gelu = jax.nn.gelu(dot, approximate=False)
            tile_bf16_2 = (gelu * dot_2).astype(jnp.bfloat16)
            next_acc_b_2 = acc_b_2 + jnp.einsum("hb,bi->hi", tile_bf16_2, X_tile, preferred_element_type=jnp.float32)
            tile_bf16_3 = (gelu * dot_3).astype(jnp.bfloat16)
            next_acc_b_3 = acc_b_3 + jnp.einsum("hb,bo->ho", tile_bf16_3, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b, next_acc_b_2, next_acc_b_3)

        acc_b, acc_b_2, acc_b_3 = lax.fori_loop(
            from_b // block_b,
            -(-b // block_b),
            step_2,
            (acc_b, acc_b_2, acc_b_3),
        )
        return acc_b.astype(jnp.bfloat16).T, acc_b_2.astype(jnp.bfloat16).T, acc_b_3.astype(jnp.bfloat16)

    d_W_tiles, d_U_tiles, d_D_tiles = lax.map(program, jnp.arange(-(-h // block_h)))
    d_W_tiles = d_W_tiles.transpose(1, 0, 2)
    d_W_tiles = d_W_tiles.reshape(i, -(-h // block_h) * block_h)
    d_U_tiles = d_U_tiles.transpose(1, 0, 2)
    d_U_tiles = d_U_tiles.reshape(i, -(-h // block_h) * block_h)
    d_D_tiles = d_D_tiles.reshape(-(-h // block_h) * block_h, o)
    return d_W_tiles[:, :h], d_U_tiles[:, :h], d_D_tiles[:h]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _geglu_differentiable(X, W, U, D, block_h, block_b):
    out = _geglu(X, W, U, D, block_h=block_h, block_b=block_b)
    return out


def _geglu_keeping(X, W, U, D, block_h, block_b):
    out = _geglu_forward(X, W, U, D, block_h=block_h, block_b=block_b)
    return out, (X, W, U, D)


def _geglu_pull(block_h, block_b, saved, cotangents):
    X, W, U, D = saved
    d_out = cotangents
    d_X = _geglu_backward_d_X(X, W, U, D, d_out, block_h=block_h, block_b=block_b)
    d_W, d_U, d_D = _geglu_backward_d_W_d_U_d_D(X, W, U, D, d_out, block_b=block_b, block_h=block_h)
    return (d_X, d_W, d_U, d_D)


_geglu_differentiable.defvjp(_geglu_keeping, _geglu_pull)


def geglu(X, W, U, D, *, block_h=256, block_b=512):
    """geglu(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o], in blocks; differentiable in reverse."""
    X, W, U, D = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, U, D))
    X, W, U, D = _alike(X, W, U, D)
    return _geglu_differentiable(X, W, U, D, block_h, block_b)


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
    sum_h = _product("bh,bh,ho->bo", jnp.bfloat16, jax.nn.gelu(sum_i, approximate=False), sum_i_2, D)  # [b o]  # src[layers.diag:16]
    as_bf16 = sum_h.astype(jnp.bfloat16)  # [b o]
    return as_bf16


def _lora(X, W, A, B, *, block_r=256, block_b=512):
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
        acc_r = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _lora_forward(X, W, A, B, *, block_r=256, block_b=512):
    """lora_forward(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> bf16[b o], in blocks: memory does not grow with r."""
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
        acc_r = jnp.full_like(X, 0.0, jnp.float32, (block_b, o))
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


def _lora_backward_d_X(W, A, B, d_out, *, block_r=256, block_b=512):
    """lora_backward_d_X(W: bf16[i o], A: bf16[i r], B: bf16[r o], d_out: bf16[b o]) -> bf16[b i], in blocks: memory does not grow with r."""
    W, A, B, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (W, A, B, d_out))
    i, o = W.shape
    b, _ = d_out.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_r = min(block_r, max(16, 1))
    block_b = min(block_b, max(b, 1))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    A = jnp.pad(A, ((0, 0), (0, max(-16 % block_r, block_r - 16))))
    B = jnp.pad(B, ((0, max(-16 % block_r, block_r - 16)), (0, 0)))

    def program(tile):
        first_b = tile * block_b
        acc_r = jnp.full_like(W, 0.0, jnp.float32, (block_b, i))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
        to_r = (16) // block_r * block_r

        def step(block, state):
            (acc_r,) = state
            first_r = block * block_r
            A_tile = lax.dynamic_slice_in_dim(A, first_r, block_r, 1)
            B_tile = lax.dynamic_slice_in_dim(B, first_r, block_r, 0)
            dot = jnp.einsum("bo,ro->br", d_out_tile, B_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_r = acc_r + jnp.einsum("br,ir->bi", dot_bf16, A_tile, preferred_element_type=jnp.float32)
            return (next_acc_r,)

        (acc_r,) = lax.fori_loop(0, -(-to_r // block_r), step, (acc_r,))
        from_r = jnp.maximum(0, to_r)

        def step_2(block, state):
            (acc_r,) = state
            first_r = block * block_r
            A_tile = lax.dynamic_slice_in_dim(A, first_r, block_r, 1)
            B_tile = lax.dynamic_slice_in_dim(B, first_r, block_r, 0)
            dot = jnp.einsum("bo,ro->br", d_out_tile, B_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            next_acc_r = acc_r + jnp.einsum("br,ir->bi", dot_bf16, A_tile, preferred_element_type=jnp.float32)
            return (next_acc_r,)

        (acc_r,) = lax.fori_loop(from_r // block_r, -(-16 // block_r), step_2, (acc_r,))
        dot = jnp.einsum("bo,io->bi", d_out_tile, W, preferred_element_type=jnp.float32)
        return (acc_r + dot).astype(jnp.bfloat16)

    d_X_tiles = lax.map(program, jnp.arange(-(-b // block_b)))
    d_X_tiles = d_X_tiles.reshape(-(-b // block_b) * block_b, i)
    return d_X_tiles[:b]


def _lora_backward_d_W(X, d_out):
    """lora_backward_d_W(X: bf16[b i], d_out: bf16[b o]) -> bf16[i o]"""
    X, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, d_out))
    b, i = X.shape
    _, o = d_out.shape
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    sum_b = jnp.einsum("bo,bi->io", d_out, X, preferred_element_type=jnp.float32)  # [i o]
    as_bf16 = sum_b.astype(jnp.bfloat16)  # [i o]
    return as_bf16


def _lora_backward_d_A(X, B, d_out, *, block_b=256, block_r=512):
    """lora_backward_d_A(X: bf16[b i], B: bf16[r o], d_out: bf16[b o]) -> bf16[i r], in blocks: memory does not grow with b."""
    X, B, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, B, d_out))
    b, i = X.shape
    _, o = B.shape
    if B.shape != (16, o):
        raise ValueError(f"B: bf16[r o] has shape {B.shape}, expected {(16, o)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_b = min(block_b, max(b, 1))
    block_r = min(block_r, max(16, 1))
    B = jnp.pad(B, ((0, max(-16 % block_r, block_r - 16)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))

    def program(tile):
        first_r = tile * block_r
        acc_b = jnp.full_like(X, 0.0, jnp.float32, (block_r, i))
        B_tile = lax.dynamic_slice_in_dim(B, first_r, block_r, 0)
        to_b = b // block_b * block_b

        def step(block, state):
            (acc_b,) = state
            first_b = block * block_b
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot = jnp.einsum("ro,bo->rb", B_tile, d_out_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            next_acc_b = acc_b + jnp.einsum("rb,bi->ri", dot_bf16, X_tile, preferred_element_type=jnp.float32)
            return (next_acc_b,)

        (acc_b,) = lax.fori_loop(0, -(-to_b // block_b), step, (acc_b,))
        from_b = jnp.maximum(0, to_b)

        def step_2(block, state):
            (acc_b,) = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            dot = jnp.einsum("ro,bo->rb", B_tile, d_out_tile, preferred_element_type=jnp.float32)
            tile_bf16 = jnp.where((b_index < b), dot, 0.0).astype(jnp.bfloat16)
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            next_acc_b = acc_b + jnp.einsum("rb,bi->ri", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            return (next_acc_b,)

        (acc_b,) = lax.fori_loop(from_b // block_b, -(-b // block_b), step_2, (acc_b,))
        return acc_b.astype(jnp.bfloat16).T

    d_A_tiles = lax.map(program, jnp.arange(-(-16 // block_r)))
    d_A_tiles = d_A_tiles.transpose(1, 0, 2)
    d_A_tiles = d_A_tiles.reshape(i, -(-16 // block_r) * block_r)
    return d_A_tiles[:, :16]


def _lora_backward_d_B(X, A, d_out, *, block_b=256, block_r=512):
    """lora_backward_d_B(X: bf16[b i], A: bf16[i r], d_out: bf16[b o]) -> bf16[r o], in blocks: memory does not grow with b."""
    X, A, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, A, d_out))
    b, i = X.shape
    _, o = d_out.shape
    if A.shape != (i, 16):
        raise ValueError(f"A: bf16[i r] has shape {A.shape}, expected {(i, 16)}")
    if d_out.shape != (b, o):
        raise ValueError(f"d_out: bf16[b o] has shape {d_out.shape}, expected {(b, o)}")
    block_b = min(block_b, max(b, 1))
    block_r = min(block_r, max(16, 1))
    A = jnp.pad(A, ((0, 0), (0, max(-16 % block_r, block_r - 16))))
    X = jnp.pad(X, ((0, max(-b % block_b, block_b - b)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-b % block_b, block_b - b)), (0, 0)))

    def program(tile):
        first_r = tile * block_r
        acc_b = jnp.full_like(X, 0.0, jnp.float32, (block_r, o))
        A_tile = lax.dynamic_slice_in_dim(A, first_r, block_r, 1)
        to_b = b // block_b * block_b

        def step(block, state):
            (acc_b,) = state
            first_b = block * block_b
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            dot = jnp.einsum("ir,bi->rb", A_tile, X_tile, preferred_element_type=jnp.float32)
            dot_bf16 = dot.astype(jnp.bfloat16)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            next_acc_b = acc_b + jnp.einsum("rb,bo->ro", dot_bf16, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b,)

        (acc_b,) = lax.fori_loop(0, -(-to_b // block_b), step, (acc_b,))
        from_b = jnp.maximum(0, to_b)

        def step_2(block, state):
            (acc_b,) = state
            first_b = block * block_b
            b_index = first_b + jnp.arange(block_b)
            X_tile = lax.dynamic_slice_in_dim(X, first_b, block_b, 0)
            dot = jnp.einsum("ir,bi->rb", A_tile, X_tile, preferred_element_type=jnp.float32)
            tile_bf16 = jnp.where((b_index < b), dot, 0.0).astype(jnp.bfloat16)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_b, block_b, 0)
            next_acc_b = acc_b + jnp.einsum("rb,bo->ro", tile_bf16, d_out_tile, preferred_element_type=jnp.float32)
            return (next_acc_b,)

        (acc_b,) = lax.fori_loop(from_b // block_b, -(-b // block_b), step_2, (acc_b,))
        return acc_b.astype(jnp.bfloat16)

    d_B_tiles = lax.map(program, jnp.arange(-(-16 // block_r)))
    d_B_tiles = d_B_tiles.reshape(-(-16 // block_r) * block_r, o)
    return d_B_tiles[:16]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _lora_differentiable(X, W, A, B, block_r, block_b):
    out = _lora(X, W, A, B, block_r=block_r, block_b=block_b)
    return out


def _lora_keeping(X, W, A, B, block_r, block_b):
    out = _lora_forward(X, W, A, B, block_r=block_r, block_b=block_b)
    return out, (X, W, A, B)


def _lora_pull(block_r, block_b, saved, cotangents):
    X, W, A, B = saved
    d_out = cotangents
    d_X = _lora_backward_d_X(W, A, B, d_out, block_r=block_r, block_b=block_b)
    d_W = _lora_backward_d_W(X, d_out)
    d_A = _lora_backward_d_A(X, B, d_out, block_b=block_b, block_r=block_r)
    d_B = _lora_backward_d_B(X, A, d_out, block_b=block_b, block_r=block_r)
    return (d_X, d_W, d_A, d_B)


_lora_differentiable.defvjp(_lora_keeping, _lora_pull)


def lora(X, W, A, B, *, block_r=256, block_b=512):
    """lora(X: bf16[b i], W: bf16[i o], A: bf16[i r], B: bf16[r o]) -> bf16[b o], in blocks; differentiable in reverse."""
    X, W, A, B = (jnp.asarray(array, jnp.bfloat16) for array in (X, W, A, B))
    X, W, A, B = _alike(X, W, A, B)
    return _lora_differentiable(X, W, A, B, block_r, block_b)


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
    sum_i = _product("bi,io->bo", jnp.bfloat16, X, W.astype(jnp.float32) + sum_r.T)  # [b o]  # src[layers.diag:20]
    as_bf16 = sum_i.astype(jnp.bfloat16)  # [b o]
    return as_bf16
