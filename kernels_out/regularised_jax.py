# Made by diagc 0.1.0 from regularised.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["logits", "log_softmax_rows", "label_smoothing", "label_smoothing_plain", "z_loss", "z_loss_plain"]


def _add(a, b):
    """a + b, where -inf absorbs: -inf + inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, a + b)


def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)


def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]


def logits(X, W):
    """logits(X: bf16[token d], W: bf16[vocab d]) -> f32[token vocab]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    sum_d = jnp.einsum("td,vd->tv", X, W, preferred_element_type=jnp.float32)  # [token vocab]  # src[regularised.diag:7]
    return sum_d


def log_softmax_rows(Z):
    """log_softmax_rows(Z: bf16[token vocab]) -> f32[token vocab]"""
    Z = jnp.asarray(Z, jnp.bfloat16)
    token, vocab = Z.shape
    max_vocab = jnp.max(Z.astype(jnp.float32), axis=1, initial=-jnp.inf)  # [token]  # src[maps.diag:16]
    s = _subtract(Z.astype(jnp.float32), max_vocab[:, None])  # [token vocab]  # src[maps.diag:16]
    sum_vocab = jnp.sum(jnp.exp(s), axis=1)  # [token]  # src[maps.diag:17]
    difference = _subtract(s, jnp.log(sum_vocab[:, None]))  # [token vocab]  # src[maps.diag:17]
    return difference


def _label_smoothing(X, W, label, epsilon, *, block_vocab=256, block_token=512):
    """label_smoothing(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> f32[token], in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    epsilon = jnp.asarray(epsilon, jnp.float32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    block_vocab = min(block_vocab, max(vocab, 1))
    block_token = min(block_token, max(token, 1))
    X = jnp.pad(X, ((0, max(-token % block_token, block_token - token)), (0, 0)))
    label = jnp.pad(label, ((0, max(-token % block_token, block_token - token)),))
    W = jnp.pad(W, ((0, max(-vocab % block_vocab, block_vocab - vocab)), (0, 0)))

    def program(tile):
        first_token = tile * block_token
        sum_vocab = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        m = jnp.full_like(X, -jnp.inf, jnp.float32, (block_token,))
        sum_vocab_2 = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        sum_vocab_3 = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            sum_vocab, m, sum_vocab_2, sum_vocab_3 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            chosen = jnp.where(vocab_index == label_tile[:, None], Z, 0.0)
            tile_sum = jnp.sum(chosen, axis=1)
            next_sum_vocab = sum_vocab + tile_sum
            tile_max = jnp.max(Z, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z - next_m[:, None])
            tile_sum_2 = jnp.sum(exp, axis=1)
            next_sum_vocab_2 = sum_vocab_2 * jnp.exp(m - next_m) + tile_sum_2
            tile_sum_3 = jnp.sum(Z, axis=1)
            next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
            return (next_sum_vocab, next_m, next_sum_vocab_2, next_sum_vocab_3)

        sum_vocab, m, sum_vocab_2, sum_vocab_3 = lax.fori_loop(
            0,
            -(-to_vocab // block_vocab),
            step,
            (sum_vocab, m, sum_vocab_2, sum_vocab_3),
        )
        from_vocab = jnp.maximum(0, to_vocab)

        def step_2(block, state):
            sum_vocab, m, sum_vocab_2, sum_vocab_3 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            Z_2 = jnp.where((vocab_index < vocab), Z, -jnp.inf)
            mask = (vocab_index == label_tile[:, None]) & (vocab_index < vocab)
            chosen = jnp.where(mask, Z_2, 0.0)
            tile_sum = jnp.sum(chosen, axis=1)
            next_sum_vocab = sum_vocab + tile_sum
            tile_max = jnp.max(Z_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z_2 - next_m[:, None])
            tile_sum_2 = jnp.sum(exp, axis=1)
            next_sum_vocab_2 = sum_vocab_2 * jnp.exp(m - next_m) + tile_sum_2
            Z_3 = jnp.where((vocab_index < vocab), Z_2, 0.0)
            tile_sum_3 = jnp.sum(Z_3, axis=1)
            next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
            return (next_sum_vocab, next_m, next_sum_vocab_2, next_sum_vocab_3)

        sum_vocab, m, sum_vocab_2, sum_vocab_3 = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (sum_vocab, m, sum_vocab_2, sum_vocab_3),
        )
        mul = epsilon * (1 / jnp.float32(vocab)) * sum_vocab_3
        add = (-1.0 + epsilon) * sum_vocab + m + jnp.log(sum_vocab_2)
        sub = add - jnp.where(mul == -jnp.inf, 0.0, mul)
        return sub

    out_tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    out_tiles = out_tiles.reshape(-(-token // block_token) * block_token)
    return out_tiles[:token]


def _label_smoothing_forward(X, W, label, epsilon, *, block_vocab=256, block_token=512):
    """label_smoothing_forward(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> (f32[token], f32[token], f32[token], f32[token]), in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    epsilon = jnp.asarray(epsilon, jnp.float32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
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
        sum_vocab_3 = jnp.full_like(X, 0.0, jnp.float32, (block_token,))
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            m, sum_vocab, sum_vocab_2, sum_vocab_3 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(Z, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            chosen = jnp.where(vocab_index == label_tile[:, None], Z, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            tile_sum_3 = jnp.sum(Z, axis=1)
            next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
            return (next_m, next_sum_vocab, next_sum_vocab_2, next_sum_vocab_3)

        m, sum_vocab, sum_vocab_2, sum_vocab_3 = lax.fori_loop(
            0,
            -(-to_vocab // block_vocab),
            step,
            (m, sum_vocab, sum_vocab_2, sum_vocab_3),
        )
        from_vocab = jnp.maximum(0, to_vocab)

        def step_2(block, state):
            m, sum_vocab, sum_vocab_2, sum_vocab_3 = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            Z_2 = jnp.where((vocab_index < vocab), Z, -jnp.inf)
            tile_max = jnp.max(Z_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z_2 - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            mask = (vocab_index == label_tile[:, None]) & (vocab_index < vocab)
            chosen = jnp.where(mask, Z_2, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            Z_3 = jnp.where((vocab_index < vocab), Z_2, 0.0)
            tile_sum_3 = jnp.sum(Z_3, axis=1)
            next_sum_vocab_3 = sum_vocab_3 + tile_sum_3
            return (next_m, next_sum_vocab, next_sum_vocab_2, next_sum_vocab_3)

        m, sum_vocab, sum_vocab_2, sum_vocab_3 = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (m, sum_vocab, sum_vocab_2, sum_vocab_3),
        )
        mul = epsilon * (1 / jnp.float32(vocab)) * sum_vocab_3
        log = jnp.log(sum_vocab)
        sub = log + (-1.0 + epsilon) * sum_vocab_2 + m - jnp.where(mul == -jnp.inf, 0.0, mul)
        return sub, log + m, sum_vocab_2, sum_vocab_3

    out_tiles, logsum_tiles, state__tiles, state___tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    out_tiles = out_tiles.reshape(-(-token // block_token) * block_token)
    logsum_tiles = logsum_tiles.reshape(-(-token // block_token) * block_token)
    state__tiles = state__tiles.reshape(-(-token // block_token) * block_token)
    state___tiles = state___tiles.reshape(-(-token // block_token) * block_token)
    return out_tiles[:token], logsum_tiles[:token], state__tiles[:token], state___tiles[:token]


def _label_smoothing_backward_d_X(X, W, label, epsilon, d_out, logsum, *, block_vocab=256, block_token=512):
    """label_smoothing_backward_d_X(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[], d_out: f32[token], logsum: f32[token]) -> bf16[token d], in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    epsilon, d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (epsilon, d_out, logsum))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
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
        mul = (-1.0 + epsilon) * d_out_tile
        label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
        mul_2 = 1 / jnp.float32(vocab) * epsilon
        logsum_tile = lax.dynamic_slice_in_dim(logsum, first_token, block_token, 0)
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            (acc_vocab,) = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            chosen = jnp.where(vocab_index == label_tile[:, None], mul[:, None], 0.0)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            sub = jnp.exp(Z - logsum_tile[:, None]) - mul_2
            tile_bf16 = (sub * d_out_tile[:, None] + chosen).astype(jnp.bfloat16)
            next_acc_vocab = acc_vocab + jnp.einsum("tv,vd->td", tile_bf16, W_tile, preferred_element_type=jnp.float32)
            return (next_acc_vocab,)

        (acc_vocab,) = lax.fori_loop(0, -(-to_vocab // block_vocab), step, (acc_vocab,))
        from_vocab = jnp.maximum(0, to_vocab)

        def step_2(block, state):
            (acc_vocab,) = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            chosen = jnp.where(vocab_index == label_tile[:, None], mul[:, None], 0.0)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            sub = jnp.exp(Z - logsum_tile[:, None]) - mul_2
            chosen_2 = jnp.where((vocab_index < vocab), sub * d_out_tile[:, None] + chosen, 0.0)
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


def _label_smoothing_backward_d_W(X, W, label, epsilon, d_out, logsum, *, block_token=256, block_vocab=512):
    """label_smoothing_backward_d_W(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[], d_out: f32[token], logsum: f32[token]) -> bf16[vocab d], in blocks: memory does not grow with token."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    epsilon, d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (epsilon, d_out, logsum))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    if d_out.shape != (token,):
        raise ValueError(f"d_out: f32[token] has shape {d_out.shape}, expected {(token,)}")
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    block_token = min(block_token, max(token, 1))
    block_vocab = min(block_vocab, max(vocab, 1))
    W = jnp.pad(W, ((0, max(-vocab % block_vocab, block_vocab - vocab)), (0, 0)))
    X = jnp.pad(X, ((0, max(-token % block_token, block_token - token)), (0, 0)))
    d_out = jnp.pad(d_out, ((0, max(-token % block_token, block_token - token)),))
    label = jnp.pad(label, ((0, max(-token % block_token, block_token - token)),))
    logsum = jnp.pad(logsum, ((0, max(-token % block_token, block_token - token)),))

    def program(tile):
        first_vocab = tile * block_vocab
        vocab_index = first_vocab + jnp.arange(block_vocab)
        acc_token = jnp.full_like(X, 0.0, jnp.float32, (block_vocab, d))
        add = -1.0 + epsilon
        mul = 1 / jnp.float32(vocab) * epsilon
        W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
        to_token = token // block_token * block_token

        def step(block, state):
            (acc_token,) = state
            first_token = block * block_token
            X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_token, block_token, 0)
            label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
            chosen = jnp.where(vocab_index[:, None] == label_tile, add * d_out_tile, 0.0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_token, block_token, 0)
            Z = jnp.einsum("vd,td->vt", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul_2 = (jnp.exp(Z - logsum_tile) - mul) * d_out_tile
            tile_bf16 = (mul_2 + chosen).astype(jnp.bfloat16)
            next_acc_token = acc_token + jnp.einsum("vt,td->vd", tile_bf16, X_tile, preferred_element_type=jnp.float32)
            return (next_acc_token,)

        (acc_token,) = lax.fori_loop(0, -(-to_token // block_token), step, (acc_token,))
        from_token = jnp.maximum(0, to_token)

        def step_2(block, state):
            (acc_token,) = state
            first_token = block * block_token
            token_index = first_token + jnp.arange(block_token)
            X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_token, block_token, 0)
            label_tile = lax.dynamic_slice_in_dim(label, first_token, block_token, 0)
            chosen = jnp.where(vocab_index[:, None] == label_tile, add * d_out_tile, 0.0)
            logsum_tile = lax.dynamic_slice_in_dim(logsum, first_token, block_token, 0)
            Z = jnp.einsum("vd,td->vt", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul_2 = (jnp.exp(Z - logsum_tile) - mul) * d_out_tile
            chosen_2 = jnp.where((token_index < token), mul_2 + chosen, 0.0)
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


def _label_smoothing_backward_d_epsilon(d_out, state_, state__, *, vocab):
    """label_smoothing_backward_d_epsilon(d_out: f32[token], state_: f32[token], state__: f32[token]) -> f32[]"""
    d_out, state_, state__ = (jnp.asarray(array, jnp.float32) for array in (d_out, state_, state__))
    (token,) = d_out.shape
    if state_.shape != (token,):
        raise ValueError(f"state_: f32[token] has shape {state_.shape}, expected {(token,)}")
    if state__.shape != (token,):
        raise ValueError(f"state__: f32[token] has shape {state__.shape}, expected {(token,)}")
    sum_token = jnp.einsum("t,t->", state_, d_out, precision="highest")  # []
    sum_token_2 = jnp.einsum("t,t->", state__, d_out, precision="highest")  # []
    difference = sum_token - 1 / jnp.float32(vocab) * sum_token_2  # []
    return difference


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _label_smoothing_differentiable(X, W, label, epsilon, block_vocab, block_token):
    out = _label_smoothing(X, W, label, epsilon, block_vocab=block_vocab, block_token=block_token)
    return out


def _label_smoothing_keeping(X, W, label, epsilon, block_vocab, block_token):
    out, logsum, state_, state__ = _label_smoothing_forward(
        X,
        W,
        label,
        epsilon,
        block_vocab=block_vocab,
        block_token=block_token,
    )
    return out, (X, W, label, epsilon, logsum, state_, state__)


def _label_smoothing_pull(block_vocab, block_token, saved, cotangents):
    X, W, label, epsilon, logsum, state_, state__ = saved
    d_out = cotangents
    vocab, _ = W.shape
    d_X = _label_smoothing_backward_d_X(
        X,
        W,
        label,
        epsilon,
        d_out,
        logsum,
        block_vocab=block_vocab,
        block_token=block_token,
    )
    d_W = _label_smoothing_backward_d_W(
        X,
        W,
        label,
        epsilon,
        d_out,
        logsum,
        block_token=block_token,
        block_vocab=block_vocab,
    )
    d_epsilon = _label_smoothing_backward_d_epsilon(d_out, state_, state__, vocab=vocab)
    return (d_X, d_W, None, d_epsilon)


_label_smoothing_differentiable.defvjp(_label_smoothing_keeping, _label_smoothing_pull)


def label_smoothing(X, W, label, epsilon, *, block_vocab=256, block_token=512):
    """label_smoothing(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> f32[token], in blocks; differentiable in reverse."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    epsilon = jnp.asarray(epsilon, jnp.float32)
    X, W, label, epsilon = _alike(X, W, label, epsilon)
    return _label_smoothing_differentiable(X, W, label, epsilon, block_vocab, block_token)


def label_smoothing_plain(X, W, label, epsilon):
    """label_smoothing(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, epsilon: f32[]) -> f32[token]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    epsilon = jnp.asarray(epsilon, jnp.float32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if epsilon.shape != ():
        raise ValueError(f"epsilon: f32[] has shape {epsilon.shape}, expected {()}")
    Z = jnp.einsum("td,vd->tv", X, W, preferred_element_type=jnp.float32)  # [token vocab]  # src[regularised.diag:7]
    m = jnp.max(Z, axis=1, initial=-jnp.inf)  # [token]  # src[maps.diag:11]
    sum_vocab = jnp.sum(jnp.exp(Z - m[:, None]), axis=1)  # [token]  # src[maps.diag:12]
    gathered_vocab = Z[jnp.arange(token), label]  # [token]  # src[regularised.diag:22]
    sum_vocab_2 = jnp.sum(Z, axis=1)  # [token]
    target = (1 - epsilon) * gathered_vocab + epsilon * (sum_vocab_2 / vocab)  # [token]  # src[regularised.diag:22]
    difference = m + jnp.log(sum_vocab) - target  # [token]  # src[regularised.diag:23]
    return difference


def _z_loss(X, W, label, weight, *, block_vocab=256, block_token=512):
    """z_loss(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> f32[token], in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    weight = jnp.asarray(weight, jnp.float32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
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
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(Z, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            chosen = jnp.where(vocab_index == label_tile[:, None], Z, 0.0)
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
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            Z_2 = jnp.where((vocab_index < vocab), Z, -jnp.inf)
            tile_max = jnp.max(Z_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z_2 - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            mask = (vocab_index == label_tile[:, None]) & (vocab_index < vocab)
            chosen = jnp.where(mask, Z_2, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            return (next_m, next_sum_vocab, next_sum_vocab_2)

        m, sum_vocab, sum_vocab_2 = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (m, sum_vocab, sum_vocab_2),
        )
        log = jnp.log(sum_vocab)
        L = log + m
        return log + weight * L * L + m - sum_vocab_2

    out_tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    out_tiles = out_tiles.reshape(-(-token // block_token) * block_token)
    return out_tiles[:token]


def _z_loss_forward(X, W, label, weight, *, block_vocab=256, block_token=512):
    """z_loss_forward(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> (f32[token], f32[token]), in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    weight = jnp.asarray(weight, jnp.float32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
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
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            tile_max = jnp.max(Z, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            chosen = jnp.where(vocab_index == label_tile[:, None], Z, 0.0)
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
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            Z_2 = jnp.where((vocab_index < vocab), Z, -jnp.inf)
            tile_max = jnp.max(Z_2, axis=1)
            next_m = jnp.maximum(m, tile_max)
            exp = jnp.exp(Z_2 - next_m[:, None])
            tile_sum = jnp.sum(exp, axis=1)
            next_sum_vocab = sum_vocab * jnp.exp(m - next_m) + tile_sum
            mask = (vocab_index == label_tile[:, None]) & (vocab_index < vocab)
            chosen = jnp.where(mask, Z_2, 0.0)
            tile_sum_2 = jnp.sum(chosen, axis=1)
            next_sum_vocab_2 = sum_vocab_2 + tile_sum_2
            return (next_m, next_sum_vocab, next_sum_vocab_2)

        m, sum_vocab, sum_vocab_2 = lax.fori_loop(
            from_vocab // block_vocab,
            -(-vocab // block_vocab),
            step_2,
            (m, sum_vocab, sum_vocab_2),
        )
        log = jnp.log(sum_vocab)
        L = log + m
        return log + weight * L * L + m - sum_vocab_2, L

    out_tiles, logsum_tiles = lax.map(program, jnp.arange(-(-token // block_token)))
    out_tiles = out_tiles.reshape(-(-token // block_token) * block_token)
    logsum_tiles = logsum_tiles.reshape(-(-token // block_token) * block_token)
    return out_tiles[:token], logsum_tiles[:token]


def _z_loss_backward_d_X(X, W, label, weight, d_out, logsum, *, block_vocab=256, block_token=512):
    """z_loss_backward_d_X(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[], d_out: f32[token], logsum: f32[token]) -> bf16[token d], in blocks: memory does not grow with vocab."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    weight, d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (weight, d_out, logsum))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
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
        add = 2.0 * weight * logsum_tile + 1.0
        X_tile = lax.dynamic_slice_in_dim(X, first_token, block_token, 0)
        to_vocab = vocab // block_vocab * block_vocab

        def step(block, state):
            (acc_vocab,) = state
            first_vocab = block * block_vocab
            vocab_index = first_vocab + jnp.arange(block_vocab)
            chosen = jnp.where(vocab_index == label_tile[:, None], d_out_tile[:, None], 0.0)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            mul = (d_out_tile * add)[:, None] * jnp.exp(Z - logsum_tile[:, None])
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
            chosen = jnp.where(vocab_index == label_tile[:, None], d_out_tile[:, None], 0.0)
            W_tile = lax.dynamic_slice_in_dim(W, first_vocab, block_vocab, 0)
            Z = jnp.einsum("td,vd->tv", X_tile, W_tile, preferred_element_type=jnp.float32)
            mul = (d_out_tile * add)[:, None] * jnp.exp(Z - logsum_tile[:, None])
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


def _z_loss_backward_d_W(X, W, label, weight, d_out, logsum, *, block_token=256, block_vocab=512):
    """z_loss_backward_d_W(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[], d_out: f32[token], logsum: f32[token]) -> bf16[vocab d], in blocks: memory does not grow with token."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    weight, d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (weight, d_out, logsum))
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
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
            Z = jnp.einsum("vd,td->vt", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul = d_out_tile * (2.0 * weight * logsum_tile + 1.0)
            safe_ = jnp.where(chosen == -jnp.inf, 0.0, chosen)
            tile_bf16 = (mul * jnp.exp(Z - logsum_tile) - safe_).astype(jnp.bfloat16)
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
            Z = jnp.einsum("vd,td->vt", W_tile, X_tile, preferred_element_type=jnp.float32)
            mul = d_out_tile * (2.0 * weight * logsum_tile + 1.0)
            safe_ = jnp.where(chosen == -jnp.inf, 0.0, chosen)
            chosen_2 = jnp.where((token_index < token), mul * jnp.exp(Z - logsum_tile) - safe_, 0.0)
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


def _z_loss_backward_d_weight(d_out, logsum):
    """z_loss_backward_d_weight(d_out: f32[token], logsum: f32[token]) -> f32[]"""
    d_out, logsum = (jnp.asarray(array, jnp.float32) for array in (d_out, logsum))
    (token,) = d_out.shape
    if logsum.shape != (token,):
        raise ValueError(f"logsum: f32[token] has shape {logsum.shape}, expected {(token,)}")
    sum_token = jnp.einsum("t,t,t->", logsum, logsum, d_out, precision="highest")  # []
    return sum_token


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _z_loss_differentiable(X, W, label, weight, block_vocab, block_token):
    out = _z_loss(X, W, label, weight, block_vocab=block_vocab, block_token=block_token)
    return out


def _z_loss_keeping(X, W, label, weight, block_vocab, block_token):
    out, logsum = _z_loss_forward(X, W, label, weight, block_vocab=block_vocab, block_token=block_token)
    return out, (X, W, label, weight, logsum)


def _z_loss_pull(block_vocab, block_token, saved, cotangents):
    X, W, label, weight, logsum = saved
    d_out = cotangents
    d_X = _z_loss_backward_d_X(
        X,
        W,
        label,
        weight,
        d_out,
        logsum,
        block_vocab=block_vocab,
        block_token=block_token,
    )
    d_W = _z_loss_backward_d_W(
        X,
        W,
        label,
        weight,
        d_out,
        logsum,
        block_token=block_token,
        block_vocab=block_vocab,
    )
    d_weight = _z_loss_backward_d_weight(d_out, logsum)
    return (d_X, d_W, None, d_weight)


_z_loss_differentiable.defvjp(_z_loss_keeping, _z_loss_pull)


def z_loss(X, W, label, weight, *, block_vocab=256, block_token=512):
    """z_loss(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> f32[token], in blocks; differentiable in reverse."""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    weight = jnp.asarray(weight, jnp.float32)
    X, W, label, weight = _alike(X, W, label, weight)
    return _z_loss_differentiable(X, W, label, weight, block_vocab, block_token)


def z_loss_plain(X, W, label, weight):
    """z_loss(X: bf16[token d], W: bf16[vocab d], label: i32[token] in vocab, weight: f32[]) -> f32[token]"""
    X, W = (jnp.asarray(array, jnp.bfloat16) for array in (X, W))
    label = jnp.asarray(label, jnp.int32)
    weight = jnp.asarray(weight, jnp.float32)
    token, d = X.shape
    vocab, _ = W.shape
    if W.shape != (vocab, d):
        raise ValueError(f"W: bf16[vocab d] has shape {W.shape}, expected {(vocab, d)}")
    if label.shape != (token,):
        raise ValueError(f"label: i32[token] has shape {label.shape}, expected {(token,)}")
    if weight.shape != ():
        raise ValueError(f"weight: f32[] has shape {weight.shape}, expected {()}")
    Z = jnp.einsum("td,vd->tv", X, W, preferred_element_type=jnp.float32)  # [token vocab]  # src[regularised.diag:7]
    m = jnp.max(Z, axis=1, initial=-jnp.inf)  # [token]  # src[maps.diag:11]
    sum_vocab = jnp.sum(jnp.exp(Z - m[:, None]), axis=1)  # [token]  # src[maps.diag:12]
    L = m + jnp.log(sum_vocab)  # [token]  # src[maps.diag:12]
    gathered_vocab = Z[jnp.arange(token), label]  # [token]  # src[regularised.diag:35]
    total = _add(L - gathered_vocab, weight * L ** 2)  # [token]  # src[regularised.diag:35]
    return total
