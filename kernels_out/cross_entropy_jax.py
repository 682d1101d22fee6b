# Made by diagc 0.1.0 from cross_entropy.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["cross_entropy_rows", "linear_cross_entropy", "linear_cross_entropy_plain"]


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]


def cross_entropy_rows(logits, label):
    """cross_entropy_rows(logits: bf16[token vocab], label: i32[token] in vocab) -> f32[token]"""
    logits = jnp.asarray(logits, jnp.bfloat16)
    label = jnp.asarray(label, jnp.int32)
    token, vocab = logits.shape
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    m = jnp.max(logits.astype(jnp.float32), axis=1, initial=-jnp.inf)  # [token]  # src[maps.diag:11]
    sum_vocab = jnp.sum(jnp.exp(_subtract(logits.astype(jnp.float32), m[:, None])), axis=1)  # [token]  # src[maps.diag:12]
    gathered_vocab = logits[jnp.arange(token), label]  # [token]  # src[cross_entropy.diag:7]
    difference = _subtract(m + jnp.log(sum_vocab), gathered_vocab.astype(jnp.float32))  # [token]  # src[cross_entropy.diag:7]
    return difference


def _linear_cross_entropy(X, W, label, *, block_vocab=256, block_token=512):
    """linear_cross_entropy(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> f32[token], in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    block_vocab = min(block_vocab, max(vocab, 1))
    block_token = min(block_token, max(token, 1))
    X = jnp.pad(X, ((0, max(-token % block_token, block_token - token)), (0, 0)))
    label = jnp.pad(label, ((0, max(-token % block_token, block_token - token)),))
    W = jnp.pad(W, ((0, max(-vocab % block_vocab, block_vocab - vocab)), (0, 0)))

    def program(tile):
        first_token = tile * block_token
        m = jnp.full_like(X, -jnp.inf, jnp.float32, (block_token,))
        sum_vocab = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        sum_vocab_2 = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            m, sum_vocab, sum_vocab_2 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            logits = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(logits, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(logits - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            chosen = jnp.where(vocab_index == label_tile[:, None], logits, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            return (next_m, next_sum_vocab, next_sum_vocab_2)

        m, sum_vocab, sum_vocab_2 = lax.fori_loop(
            0,
            -(-to_vocab // block_vocab),
            step,
            (m, sum_vocab, sum_vocab_2),
        )
        from_vocab = jnp.maximum(0, to_vocab)

        def step_2(block, state):
            m, sum_vocab, sum_vocab_2 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            logits = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            logits_2 = jnp.where((vocab_index < vocab), logits, -jnp.inf)
            tile_max = jnp.max(logits_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(logits_2 - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            mask = (vocab_index == label_tile[:, None]) & (vocab_index < vocab)
            chosen = jnp.where(mask, logits_2, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            return (next_m, next_sum_vocab, next_sum_vocab_2)

        m, sum_vocab, sum_vocab_2 = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (m, sum_vocab, sum_vocab_2),
        )
        return jnp.log(sum_vocab) + m - sum_vocab_2

    out_tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    out_tiles = out_tiles.reshape(-(-token // block_token) * block_token)
    return out_tiles[:token]


def _linear_cross_entropy_forward(X, W, label, *, block_vocab=256, block_token=512):
    """linear_cross_entropy_forward(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> (f32[token], f32[token]), in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    block_vocab = min(block_vocab, max(vocab, 1))
    block_token = min(block_token, max(token, 1))
    X = jnp.pad(X, ((0, max(-token % block_token, block_token - token)), (0, 0)))
    label = jnp.pad(label, ((0, max(-token % block_token, block_token - token)),))
    W = jnp.pad(W, ((0, max(-vocab % block_vocab, block_vocab - vocab)), (0, 0)))

    def program(tile):
        first_token = tile * block_token
        m = jnp.full_like(X, -jnp.inf, jnp.float32, (block_token,))
        sum_vocab = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        sum_vocab_2 = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            m, sum_vocab, sum_vocab_2 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            logits = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(logits, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(logits - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            chosen = jnp.where(vocab_index == label_tile[:, None], logits, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            return (next_m, next_sum_vocab, next_sum_vocab_2)

        m, sum_vocab, sum_vocab_2 = lax.fori_loop(
            0,
            -(-to_vocab // block_vocab),
            step,
            (m, sum_vocab, sum_vocab_2),
        )
        from_vocab = jnp.maximum(0, to_vocab)

        def step_2(block, state):
            m, sum_vocab, sum_vocab_2 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            logits = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            logits_2 = jnp.where((vocab_index < vocab), logits, -jnp.inf)
            tile_max = jnp.max(logits_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(logits_2 - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            mask = (vocab_index == label_tile[:, None]) & (vocab_index < vocab)
            chosen = jnp.where(mask, logits_2, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            return (next_m, next_sum_vocab, next_sum_vocab_2)

        m, sum_vocab, sum_vocab_2 = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (m, sum_vocab, sum_vocab_2),
        )
        add = m + jnp.log(sum_vocab)
        return add - sum_vocab_2, add

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    out_tiles = out_tiles.reshape(-(-token // block_token) * block_token)
    logsum_tiles = logsum_tiles.reshape(-(-token // block_token) * block_token)
    return out_tiles[:token], logsum_tiles[:token]


def _linear_cross_entropy_backward_d_X(X, W, label, d_out, logsum, *, block_vocab=256, block_token=512):
    """linear_cross_entropy_backward_d_X(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, d_out: f32[token], logsum: f32[token]) -> bf16[token d], in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (d_out, logsum))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    block_vocab = min(block_vocab, max(vocab, 1))
    block_token = min(block_token, max(token, 1))
    d_out = jnp.pad(d_out, ((0, max(-token % block_token, block_token - token)),))
    label = jnp.pad(label, ((0, max(-token % block_token, block_token - token)),))
    logsum = jnp.pad(logsum, ((0, max(-token % block_token, block_token - token)),))
    X = jnp.pad(X, ((0, max(-token % block_token, block_token - token)), (0, 0)))
    W = jnp.pad(W, ((0, max(-vocab % block_vocab, block_vocab - vocab)), (0, 0)))

    def program(tile):
        first_token = tile * block_token
        acc_vocab = jnp.full_like(X, 0.0, jnp.float32, (block_token, d))
        d_out_tile = lax.dynamic_slice_in_dim(d_out, first_token, block_token, 0)
        label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_token, block_token, 0)
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            (acc_vocab,) = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            chosen = jnp.where(vocab_index == label_tile[:, None], d_out_tile[:, None], 0.0)
            logits = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(logits - logsum_tile[:, None]) * d_out_tile[:, None]
            safe_ = jnp.where(chosen == -jnp.inf, 0.0, chosen)
            tile_bf16 = (mul - safe_).astype(jnp.bfloat16)
            next_acc_vocab = acc_vocab + jnp.einsum("tv,vd->td", tile_bf16, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_vocab,)

        (acc_vocab,) = lax.fori_loop(0, -(-to_vocab // block_vocab), step, (acc_vocab,))
        from_vocab = jnp.maximum(0, to_vocab)

        def step_2(block, state):
            (acc_vocab,) = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            chosen = jnp.where(vocab_index == label_tile[:, None], d_out_tile[:, None], 0.0)
            logits = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(logits - logsum_tile[:, None]) * d_out_tile[:, None]
            safe_ = jnp.where(chosen == -jnp.inf, 0.0, chosen)
            chosen_2 = jnp.where((vocab_index < vocab), mul - safe_, 0.0)
            tile_bf16 = chosen_2.astype(jnp.bfloat16)
            next_acc_vocab = acc_vocab + jnp.einsum("tv,vd->td", tile_bf16, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_vocab,)

        (acc_vocab,) = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (acc_vocab,),
        )
        return acc_vocab.astype(jnp.bfloat16)

    d_X_tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    d_X_tiles = d_X_tiles.reshape(-(-token // block_token) * block_token, d)
    return d_X_tiles[:token]


def _linear_cross_entropy_backward_d_W(X, W, label, d_out, logsum, *, block_token=256, block_vocab=512):
    """linear_cross_entropy_backward_d_W(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, d_out: f32[token], logsum: f32[token]) -> bf16[vocab d], in blocks: memory does not grow with token."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (d_out, logsum))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    block_token = min(block_token, max(token, 1))
    block_vocab = min(block_vocab, max(vocab, 1))
    W = jnp.pad(W, ((0, max(-vocab % block_vocab, block_vocab - vocab)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-token % block_token, block_token - token)),))
    label = jnp.pad(label, ((0, max(-token % block_token, block_token - token)),))
    logsum = jnp.pad(logsum, ((0, max(-token % block_token, block_token - token)),))
    X = jnp.pad(X, ((0, max(-token % block_token, block_token - token)), (0, 0)))

    def program(tile):
        first_vocab = tile * block_vocab
        vocab_index = first_vocab + jnp.arange(block_vocab)
        acc_token = jnp.full_like(X, 0.0, jnp.float32, (block_vocab, d))
        W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
        to_token = token // block_token * block_token

        def step(block, state):
            (acc_token,) = state
            first_token = block * block_token
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_token, block_token, 0)
            label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
            chosen = jnp.where(vocab_index[:, None] == label_tile, d_out_tile, 0.0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_token, block_token, 0)
            X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
            logits = jnp.einsum("vd,td->vt", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(logits - logsum_tile) * d_out_tile
            safe_ = jnp.where(chosen == -jnp.inf, 0.0, chosen)
            tile_bf16 = (mul - safe_).astype(jnp.bfloat16)
            next_acc_token = acc_token + jnp.einsum("vt,td->vd", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            return (next_acc_token,)

        (acc_token,) = lax.fori_loop(0, -(-to_token // block_token), step, (acc_token,))
        from_token = jnp.maximum(0, to_token)

        def step_2(block, state):
            (acc_token,) = state
            first_token = block * block_token
            token_index = first_token + jnp.arange(block_token)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_token, block_token, 0)
            label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
            chosen = jnp.where(vocab_index[:, None] == label_tile, d_out_tile, 0.0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_token, block_token, 0)
            X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
            logits = jnp.einsum("vd,td->vt", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul = jnp.exp(logits - logsum_tile) * d_out_tile
            safe_ = jnp.where(chosen == -jnp.inf, 0.0, chosen)
            chosen_2 = jnp.where((token_index < token), mul - safe_, 0.0)
            tile_bf16 = chosen_2.astype(jnp.bfloat16)
            next_acc_token = acc_token + jnp.einsum("vt,td->vd", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            return (next_acc_token,)

        (acc_token,) = lax.fori_loop(
            from_token // block_token,
            -(-token // block_token),
            step_2,
            (acc_token,),
        )
        return acc_token.astype(jnp.bfloat16)

    d_W_tiles = lax.map(program, jnp.arange(-(-vocab // block_vocab)))
    d_W_tiles = d_W_tiles.reshape(-(-vocab // block_vocab) * block_vocab, d)
    return d_W_tiles[:vocab]


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _linear_cross_entropy_differentiable(X, W, label, block_vocab, block_token):
    out = _linear_cross_entropy(X, W, label, block_vocab=block_vocab, block_token=block_token)
    return out


def _linear_cross_entropy_keeping(X, W, label, block_vocab, block_token):
    out, logsum = _linear_cross_entropy_forward(X, W, label, block_vocab=block_vocab, block_token=block_token)
    return out, (X, W, label, logsum)


def _linear_cross_entropy_pull(block_vocab, block_token, saved, cotangents):
    X, W, label, logsum = saved
    d_out = cotangents
    d_X = _linear_cross_entropy_backward_d_X(
        X,
        W,
        label,
        d_out,
        logsum,
        block_vocab=block_vocab,
        block_token=block_token,
    )
    d_W = _linear_cross_entropy_backward_d_W(
        X,
        W,
        label,
        d_out,
        logsum,
        block_token=block_token,
        block_vocab=block_vocab,
    )
    return (d_X, d_W, None)


_linear_cross_entropy_differentiable.defvjp(_linear_cross_entropy_keeping, _linear_cross_entropy_pull)


def linear_cross_entropy(X, W, label, *, block_vocab=256, block_token=512):
    """linear_cross_entropy(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> f32[token], in blocks; differentiable in reverse."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    X, W, label = _alike(X, W, label)
    return _linear_cross_entropy_differentiable(X, W, label, block_vocab, block_token)


def linear_cross_entropy_plain(X, W, label):
    """linear_cross_entropy(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab) -> f32[token]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    logits = jnp.einsum("td,vd->tv", X, W, preferred_element_type=jnp.float32)  # [token vocab]  # src[cross_entropy.diag:15]
    m = jnp.max(logits, axis=1, initial=-jnp.inf)  # [token]  # src[maps.diag:11]
    sum_vocab = jnp.sum(jnp.exp(logits - m[:, None]), axis=1)  # [token]  # src[maps.diag:12]
    gathered_vocab = logits[jnp.arange(token), label]  # [token]  # src[cross_entropy.diag:16]
    difference = m + jnp.log(sum_vocab) - gathered_vocab  # [token]  # src[cross_entropy.diag:16]
    return difference
