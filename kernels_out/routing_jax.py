# Made by diagc 0.1.0 from routing.diag. Runs on JAX alone.
import functools

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["experts_masked", "experts_gathered", "experts_gathered_plain"]


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


def experts_masked(X, gate, chosen, up, down):
    """experts_masked(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], down: bf16[expert hidden d]) -> bf16[token d]"""
    X, up, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, up, down))
    gate = jnp.asarray(gate, jnp.float32)
    chosen = jnp.asarray(chosen, jnp.int32)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    weight = jnp.sum(jnp.where(chosen[:, :, None] == jnp.arange(4), gate[:, :, None], 0), axis=1)  # src[routing.diag:20]
    sum_d = jnp.einsum("td,edh->teh", X, up, preferred_element_type=jnp.float32)  # [token expert hidden]  # src[routing.diag:21]
    sum_hidden = _product("teh,ehd->tde", jnp.bfloat16, jax.nn.relu(sum_d), down)  # [token d expert]  # src[routing.diag:22]
    sum_expert = jnp.einsum("te,tde->td", weight, sum_hidden, precision="highest")  # [token d]  # src[routing.diag:22]
    as_bf16 = sum_expert.astype(jnp.bfloat16)  # [token d]
    return as_bf16


def _experts_gathered_H(X, chosen, up):
    """experts_gathered_H(X: bf16[token d], chosen: i32[token place] in expert, up: bf16[expert d hidden]) -> bf16[token place hidden]"""
    X, up = (jnp.asarray(array, jnp.bfloat16) for array in (X, up))
    chosen = jnp.asarray(chosen, jnp.int32)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    gathered_expert = up[chosen]  # [token place d hidden]
    sum_d = _einsum("tpdh,td->tph", gathered_expert, X, preferred_element_type=jnp.float32)
    relu_value = jax.nn.relu(sum_d)  # [token place hidden]
    return relu_value.astype(jnp.bfloat16)


def _experts_gathered_out(gate, chosen, down, H, *, block_place=256, block_d=512):
    """experts_gathered_out(gate: f32[token place], chosen: i32[token place] in expert, down: bf16[expert hidden d], H: bf16[token place hidden]) -> bf16[token d], in blocks: memory does not grow with place."""
    gate = jnp.asarray(gate, jnp.float32)
    chosen = jnp.asarray(chosen, jnp.int32)
    down, H = (jnp.asarray(array, jnp.bfloat16) for array in (down, H))
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if H.shape != (token, 2, 64):
        raise ValueError(f"H: bf16[token place hidden] has shape {H.shape}, expected {(token, 2, 64)}")
    block_place = min(block_place, max(2, 1))
    block_d = min(block_d, max(64, 1))
    H = jnp.pad(H, ((0, 0), (0, max(-2 % block_place, block_place - 2)), (0, 0)))
    chosen = jnp.pad(chosen, ((0, 0), (0, max(-2 % block_place, block_place - 2))))
    down = jnp.pad(down, ((0, 0), (0, 0), (0, max(-64 % block_d, block_d - 64))))
    gate = jnp.pad(gate, ((0, 0), (0, max(-2 % block_place, block_place - 2))))

    def program(tile):
        hidden_index = jnp.arange(64)
        token_index = jnp.arange(token)
        expert_index = jnp.arange(4)
        first_d = tile * block_d
        d_index = first_d + jnp.arange(block_d)
        acc_place = jnp.full_like(gate, 0.0, jnp.float32, (token, block_d))
        to_place = (2) // block_place * block_place

        def step(block, state):
            (acc_place,) = state
            first_place = block * block_place
            place_index = first_place + jnp.arange(block_place)
            H_tile = lax.dynamic_slice_in_dim(H, first_place, block_place, 1)
            chosen_tile = lax.dynamic_slice_in_dim(chosen, first_place, block_place, 1)
            down_tile = down.at[chosen_tile[:, :, None, None], (hidden_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            mul = down_tile.astype(jnp.float32).transpose(0, 3, 1, 2) * H_tile.astype(jnp.float32)[:, None]
            sum_ = jnp.sum(mul, axis=3)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_place, block_place, 1)
            mul_2 = gate_tile[:, None] * sum_
            tile_sum = jnp.sum(mul_2, axis=2)
            next_acc_place = acc_place + tile_sum
            return (next_acc_place,)

        (acc_place,) = lax.fori_loop(0, -(-to_place // block_place), step, (acc_place,))
        from_place = jnp.maximum(0, to_place)

        def step_2(block, state):
            (acc_place,) = state
            first_place = block * block_place
            place_index = first_place + jnp.arange(block_place)
            H_tile = lax.dynamic_slice_in_dim(H, first_place, block_place, 1)
            chosen_tile = lax.dynamic_slice_in_dim(chosen, first_place, block_place, 1)
            down_tile = down.at[chosen_tile[:, :, None, None], (hidden_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            mul = down_tile.astype(jnp.float32).transpose(0, 3, 1, 2) * H_tile.astype(jnp.float32)[:, None]
            sum_ = jnp.sum(mul, axis=3)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_place, block_place, 1)
            mul_2 = gate_tile[:, None] * sum_
            tile_sum = jnp.sum(mul_2, axis=2)
            next_acc_place = acc_place + tile_sum
            return (next_acc_place,)

        (acc_place,) = lax.fori_loop(from_place // block_place, -(-2 // block_place), step_2, (acc_place,))
        return acc_place.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-64 // block_d)))
    out_tiles = out_tiles.transpose(1, 0, 2)
    out_tiles = out_tiles.reshape(token, -(-64 // block_d) * block_d)
    return out_tiles[:, :64]


def _experts_gathered_forward_state(X, chosen, up):
    """experts_gathered_forward_state(X: bf16[token d], chosen: i32[token place] in expert, up: bf16[expert d hidden]) -> f32[token place hidden]"""
    X, up = (jnp.asarray(array, jnp.bfloat16) for array in (X, up))
    chosen = jnp.asarray(chosen, jnp.int32)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    gathered_expert = up[chosen]  # [token place d hidden]
    sum_d = _einsum("td,tpdh->tph", X, gathered_expert, preferred_element_type=jnp.float32)
    return sum_d


def _experts_gathered_forward_out(gate, chosen, down, state_2, *, block_place=256, block_d=512):
    """experts_gathered_forward_out(gate: f32[token place], chosen: i32[token place] in expert, down: bf16[expert hidden d], state: f32[token place hidden]) -> bf16[token d], in blocks: memory does not grow with place."""
    gate, state_2 = (jnp.asarray(array, jnp.float32) for array in (gate, state_2))
    chosen = jnp.asarray(chosen, jnp.int32)
    down = jnp.asarray(down, jnp.bfloat16)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if state_2.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state_2.shape}, expected {(token, 2, 64)}")
    block_place = min(block_place, max(2, 1))
    block_d = min(block_d, max(64, 1))
    gate = jnp.pad(gate, ((0, 0), (0, max(-2 % block_place, block_place - 2))))
    chosen = jnp.pad(chosen, ((0, 0), (0, max(-2 % block_place, block_place - 2))))
    down = jnp.pad(down, ((0, 0), (0, 0), (0, max(-64 % block_d, block_d - 64))))
    state_2 = jnp.pad(state_2, ((0, 0), (0, max(-2 % block_place, block_place - 2)), (0, 0)))

    def program(tile):
        hidden_index = jnp.arange(64)
        token_index = jnp.arange(token)
        expert_index = jnp.arange(4)
        first_d = tile * block_d
        d_index = first_d + jnp.arange(block_d)
        acc_place = jnp.full_like(gate, 0.0, jnp.float32, (token, block_d))
        to_place = (2) // block_place * block_place

        def step(block, state):
            (acc_place,) = state
            first_place = block * block_place
            place_index = first_place + jnp.arange(block_place)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_place, block_place, 1)
            chosen_tile = lax.dynamic_slice_in_dim(chosen, first_place, block_place, 1)
            down_tile = down.at[chosen_tile[:, :, None, None], (hidden_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_place, block_place, 1)
            mul = jax.nn.relu(state_tile)[:, None] * down_tile.astype(jnp.float32).transpose(0, 3, 1, 2)
            sum_ = jnp.sum(mul, axis=3)
            mul_2 = sum_ * gate_tile[:, None]
            tile_sum = jnp.sum(mul_2, axis=2)
            next_acc_place = acc_place + tile_sum
            return (next_acc_place,)

        (acc_place,) = lax.fori_loop(0, -(-to_place // block_place), step, (acc_place,))
        from_place = jnp.maximum(0, to_place)

        def step_2(block, state):
            (acc_place,) = state
            first_place = block * block_place
            place_index = first_place + jnp.arange(block_place)
            gate_tile = lax.dynamic_slice_in_dim(gate, first_place, block_place, 1)
            chosen_tile = lax.dynamic_slice_in_dim(chosen, first_place, block_place, 1)
            down_tile = down.at[chosen_tile[:, :, None, None], (hidden_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            state_tile = lax.dynamic_slice_in_dim(state_2, first_place, block_place, 1)
            mul = jax.nn.relu(state_tile)[:, None] * down_tile.astype(jnp.float32).transpose(0, 3, 1, 2)
            sum_ = jnp.sum(mul, axis=3)
            mul_2 = jnp.where((place_index < 2), sum_, 0.0) * gate_tile[:, None]
            tile_sum = jnp.sum(mul_2, axis=2)
            next_acc_place = acc_place + tile_sum
            return (next_acc_place,)

        (acc_place,) = lax.fori_loop(from_place // block_place, -(-2 // block_place), step_2, (acc_place,))
        return acc_place.astype(jnp.bfloat16)

    out_tiles = lax.map(program, jnp.arange(-(-64 // block_d)))
    out_tiles = out_tiles.transpose(1, 0, 2)
    out_tiles = out_tiles.reshape(token, -(-64 // block_d) * block_d)
    return out_tiles[:, :64]


def _experts_gathered_backward_buffer_0(chosen, down, d_out):
    """experts_gathered_backward_buffer_0(chosen: i32[token place] in expert, down: bf16[expert hidden d], d_out: bf16[token d]) -> f32[token place hidden]"""
    chosen = jnp.asarray(chosen, jnp.int32)
    down, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (down, d_out))
    token, _ = chosen.shape
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    gathered_expert = down[chosen]  # [token place hidden d]
    sum_d = jnp.einsum("tphd,td->tph", gathered_expert, d_out, preferred_element_type=jnp.float32)
    return sum_d


def _experts_gathered_backward_d_gate(chosen, down, d_out, state_2, *, block_d=256, block_place=512):
    """experts_gathered_backward_d_gate(chosen: i32[token place] in expert, down: bf16[expert hidden d], d_out: bf16[token d], state: f32[token place hidden]) -> f32[token place], in blocks: memory does not grow with d."""
    chosen = jnp.asarray(chosen, jnp.int32)
    down, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (down, d_out))
    state_2 = jnp.asarray(state_2, jnp.float32)
    token, _ = chosen.shape
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state_2.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state_2.shape}, expected {(token, 2, 64)}")
    block_d = min(block_d, max(64, 1))
    block_place = min(block_place, max(2, 1))
    state_2 = jnp.pad(state_2, ((0, 0), (0, max(-2 % block_place, block_place - 2)), (0, 0)))
    chosen = jnp.pad(chosen, ((0, 0), (0, max(-2 % block_place, block_place - 2))))
    d_out = jnp.pad(d_out, ((0, 0), (0, max(-64 % block_d, block_d - 64))))
    down = jnp.pad(down, ((0, 0), (0, 0), (0, max(-64 % block_d, block_d - 64))))

    def program(tile):
        hidden_index = jnp.arange(64)
        token_index = jnp.arange(token)
        expert_index = jnp.arange(4)
        first_place = tile * block_place
        place_index = first_place + jnp.arange(block_place)
        acc_d = jnp.full_like(chosen, 0.0, jnp.float32, (token, block_place))
        state_tile = lax.dynamic_slice_in_dim(state_2, first_place, block_place, 1)
        H = jax.nn.relu(state_tile)
        chosen_tile = lax.dynamic_slice_in_dim(chosen, first_place, block_place, 1)
        to_d = (64) // block_d * block_d

        def step(block, state):
            (acc_d,) = state
            first_d = block * block_d
            d_index = first_d + jnp.arange(block_d)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_d, block_d, 1)
            down_tile = down.at[chosen_tile[:, :, None, None], (hidden_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            mul = down_tile.astype(jnp.float32).transpose(0, 1, 3, 2) * H[:, :, None]
            sum_ = jnp.sum(mul, axis=3)
            mul_2 = sum_ * d_out_tile.astype(jnp.float32)[:, None]
            tile_sum = jnp.sum(mul_2, axis=2)
            next_acc_d = acc_d + tile_sum
            return (next_acc_d,)

        (acc_d,) = lax.fori_loop(0, -(-to_d // block_d), step, (acc_d,))
        from_d = jnp.maximum(0, to_d)

        def step_2(block, state):
            (acc_d,) = state
            first_d = block * block_d
            d_index = first_d + jnp.arange(block_d)
            d_out_tile = lax.dynamic_slice_in_dim(d_out, first_d, block_d, 1)
            down_tile = down.at[chosen_tile[:, :, None, None], (hidden_index)[:, None], (d_index)].get(mode="fill", fill_value=0.0)
            mul = down_tile.astype(jnp.float32).transpose(0, 1, 3, 2) * H[:, :, None]
            sum_ = jnp.sum(mul, axis=3)
            mul_2 = sum_ * d_out_tile.astype(jnp.float32)[:, None]
            tile_sum = jnp.sum(mul_2, axis=2)
            next_acc_d = acc_d + tile_sum
            return (next_acc_d,)

        (acc_d,) = lax.fori_loop(from_d // block_d, -(-64 // block_d), step_2, (acc_d,))
        return acc_d

    d_gate_tiles = lax.map(program, jnp.arange(-(-2 // block_place)))
    d_gate_tiles = d_gate_tiles.transpose(1, 0, 2)
    d_gate_tiles = d_gate_tiles.reshape(token, -(-2 // block_place) * block_place)
    return d_gate_tiles[:, :2]


def _experts_gathered_backward_d_X(gate, chosen, up, state, buffer_0):
    """experts_gathered_backward_d_X(gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], state: f32[token place hidden], buffer_0: f32[token place hidden]) -> bf16[token d]"""
    gate, state, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (gate, state, buffer_0))
    chosen = jnp.asarray(chosen, jnp.int32)
    up = jnp.asarray(up, jnp.bfloat16)
    token, _ = gate.shape
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if state.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state.shape}, expected {(token, 2, 64)}")
    if buffer_0.shape != (token, 2, 64):
        raise ValueError(f"buffer_0: f32[token place hidden] has shape {buffer_0.shape}, expected {(token, 2, 64)}")
    gathered_expert = up[chosen]  # [token place d hidden]
    product = gate[:, :, None, None] * gathered_expert.astype(jnp.float32) * buffer_0[:, :, None]
    sum_place_hidden = jnp.sum(jnp.where(state[:, :, None] > 0.0, product, 0.0), axis=(1, 3))  # [token d]
    as_bf16 = sum_place_hidden.astype(jnp.bfloat16)  # [token d]
    return as_bf16


def _experts_gathered_backward_d_up_d_down(X, gate, chosen, d_out, state, buffer_0):
    """experts_gathered_backward_d_up_d_down(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, d_out: bf16[token d], state: f32[token place hidden], buffer_0: f32[token place hidden]) -> (bf16[expert d hidden], bf16[expert hidden d])"""
    X, d_out = (jnp.asarray(array, jnp.bfloat16) for array in (X, d_out))
    gate, state, buffer_0 = (jnp.asarray(array, jnp.float32) for array in (gate, state, buffer_0))
    chosen = jnp.asarray(chosen, jnp.int32)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if d_out.shape != (token, 64):
        raise ValueError(f"d_out: bf16[token d] has shape {d_out.shape}, expected {(token, 64)}")
    if state.shape != (token, 2, 64):
        raise ValueError(f"state: f32[token place hidden] has shape {state.shape}, expected {(token, 2, 64)}")
    if buffer_0.shape != (token, 2, 64):
        raise ValueError(f"buffer_0: f32[token place hidden] has shape {buffer_0.shape}, expected {(token, 2, 64)}")
    eq_value = jnp.arange(4) == chosen[:, :, None]  # [token place expert]
    and_value = (state[:, :, :, None] > 0.0) & eq_value[:, :, None]  # [token place hidden expert]
    product = X[:, None, None].astype(jnp.float32) * gate[:, :, None, None] * buffer_0[:, :, :, None]
    sum_token_place = jnp.sum(jnp.where(and_value[:, :, :, :, None], product[:, :, :, None], 0.0), axis=(0, 1))
    as_bf16 = sum_token_place.transpose(1, 2, 0).astype(jnp.bfloat16)  # [expert d hidden]
    product_2 = jax.nn.relu(state[:, :, :, None]) * d_out[:, None, None].astype(jnp.float32) * gate[:, :, None, None]
    sum_token_place_2 = jnp.sum(jnp.where(eq_value[:, :, None, None], product_2[:, :, :, :, None], 0.0), axis=(0, 1))
    as_bf16_2 = sum_token_place_2.transpose(2, 0, 1).astype(jnp.bfloat16)  # [expert hidden d]
    return as_bf16, as_bf16_2


@functools.partial(jax.custom_vjp, nondiff_argnums=(5, 6))
def _experts_gathered_differentiable(X, gate, chosen, up, down, block_place, block_d):
    H = _experts_gathered_H(X, chosen, up)
    out = _experts_gathered_out(gate, chosen, down, H, block_place=block_place, block_d=block_d)
    return out


def _experts_gathered_keeping(X, gate, chosen, up, down, block_place, block_d):
    state = _experts_gathered_forward_state(X, chosen, up)
    out = _experts_gathered_forward_out(gate, chosen, down, state, block_place=block_place, block_d=block_d)
    return out, (X, gate, chosen, up, down, state)


def _experts_gathered_pull(block_place, block_d, saved, cotangents):
    X, gate, chosen, up, down, state = saved
    d_out = cotangents
    buffer_0 = _experts_gathered_backward_buffer_0(chosen, down, d_out)
    d_gate = _experts_gathered_backward_d_gate(
        chosen,
        down,
        d_out,
        state,
        block_d=block_d,
        block_place=block_place,
    )
    d_X = _experts_gathered_backward_d_X(gate, chosen, up, state, buffer_0)
    d_up, d_down = _experts_gathered_backward_d_up_d_down(X, gate, chosen, d_out, state, buffer_0)
    return (d_X, d_gate, None, d_up, d_down)


_experts_gathered_differentiable.defvjp(_experts_gathered_keeping, _experts_gathered_pull)


def experts_gathered(X, gate, chosen, up, down, *, block_place=256, block_d=512):
    """experts_gathered(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], down: bf16[expert hidden d]) -> bf16[token d], in blocks; differentiable in reverse."""
    X, up, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, up, down))
    gate = jnp.asarray(gate, jnp.float32)
    chosen = jnp.asarray(chosen, jnp.int32)
    X, gate, chosen, up, down = _alike(X, gate, chosen, up, down)
    return _experts_gathered_differentiable(X, gate, chosen, up, down, block_place, block_d)


def experts_gathered_plain(X, gate, chosen, up, down):
    """experts_gathered(X: bf16[token d], gate: f32[token place], chosen: i32[token place] in expert, up: bf16[expert d hidden], down: bf16[expert hidden d]) -> bf16[token d]"""
    X, up, down = (jnp.asarray(array, jnp.bfloat16) for array in (X, up, down))
    gate = jnp.asarray(gate, jnp.float32)
    chosen = jnp.asarray(chosen, jnp.int32)
    token, _ = X.shape
    if X.shape != (token, 64):
        raise ValueError(f"X: bf16[token d] has shape {X.shape}, expected {(token, 64)}")
    if gate.shape != (token, 2):
        raise ValueError(f"gate: f32[token place] has shape {gate.shape}, expected {(token, 2)}")
    if chosen.shape != (token, 2):
        raise ValueError(f"chosen: i32[token place] has shape {chosen.shape}, expected {(token, 2)}")
    if up.shape != (4, 64, 64):
        raise ValueError(f"up: bf16[expert d hidden] has shape {up.shape}, expected {(4, 64, 64)}")
    if down.shape != (4, 64, 64):
        raise ValueError(f"down: bf16[expert hidden d] has shape {down.shape}, expected {(4, 64, 64)}")
    gathered_expert = up[chosen]  # [token place d hidden]  # src[routing.diag:33]
    sum_d = _einsum("td,tpdh->tph", X, gathered_expert, preferred_element_type=jnp.float32)  # src[routing.diag:33]
    gathered_expert_2 = down[chosen]  # [token place hidden d]  # src[routing.diag:34]
    sum_hidden = _product("tph,tphd->tdp", jnp.bfloat16, jax.nn.relu(sum_d), gathered_expert_2)  # src[routing.diag:34]
    sum_place = jnp.einsum("tp,tdp->td", gate, sum_hidden, precision="highest")  # [token d]  # src[routing.diag:34]
    as_bf16 = sum_place.astype(jnp.bfloat16)  # [token d]
    return as_bf16
