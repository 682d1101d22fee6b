"""Functions that emitted JAX modules define for themselves, so that they need nothing but JAX."""

from __future__ import annotations

from typing import Final

HELPERS: Final = {
    "_add": '''
def _add(a, b):
    """a + b, where -inf absorbs: -inf + inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a) | jnp.isneginf(b), -jnp.inf, a + b)
''',
    "_subtract": '''
def _subtract(a, b):
    """a - b, where -inf absorbs: -inf - -inf is -inf, not NaN."""
    return jnp.where(jnp.isneginf(a), -jnp.inf, a - b)
''',
    "_alike": '''
def _alike(*arrays):
    """The arrays; inside shard_map all over the mesh axes over which any varies, so that their gradients are added."""
    marks = [jnp.zeros_like(array, bool, shape=()) for array in arrays]
    mark = functools.reduce(jnp.logical_or, marks)
    same = [jax.typeof(one) == jax.typeof(mark) for one in marks]
    return [array if is_same else jnp.where(mark, array, array) for array, is_same in zip(arrays, same)]
''',
    "_einsum": '''
def _einsum(formula, *factors, **options):
    """jnp.einsum of 16-bit factors; of the same values in float32 on CPUs, where XLA lacks some products."""
    if jax.default_backend() == "cpu":
        factors = [factor.astype(jnp.float32) for factor in factors]
    return jnp.einsum(formula, *factors, **options)
''',
    "_product": '''
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
''',
    "_read": '''
def _read(array, index, fill):
    """array[index], and `fill` where an integer index is out of range; `index` is made by jnp.s_."""
    index = index if isinstance(index, tuple) else (index,)
    index += (slice(None),) * (array.ndim - len(index))
    empty = [(0, int(size == 0 and not isinstance(i, slice))) for size, i in zip(array.shape, index)]
    array = jnp.pad(array, empty, constant_values=fill)
    return array.at[index].get(mode="fill", fill_value=fill, wrap_negative_indices=False)
''',
    "_slide": '''
def _slide(array, axis, starts, count, step, fill):
    """`count` elements every `step` along an axis, from each of `starts` on, stacked; `fill` outside of the array."""
    places = starts if isinstance(starts, tuple) else (starts,)
    reach = step * (count - 1) + 1
    before, after = max(-places[0], 0), max(places[-1] + reach - array.shape[axis], 0)
    pad = [(before, after) if place == axis else (0, 0) for place in range(array.ndim)]
    array = jnp.pad(array, pad, constant_values=fill)
    parts = [lax.slice_in_dim(array, p + before, p + before + reach, step, axis) for p in places]
    return jnp.stack(parts, axis) if isinstance(starts, tuple) else parts[0]
''',
    "_extremum": '''
@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _extremum(array, axes, fold):
    """The maximum or minimum over axes; of the elements that attain it the first has the derivative."""
    return fold(array, axes, initial=-jnp.inf if fold is jnp.max else jnp.inf)


@_extremum.defjvp
def _extremum_tangent(axes, fold, arrays, tangents):
    """Reads the tangent at the place of the extremum."""
    found = _extremum(arrays[0], axes, fold)
    if 0 in arrays[0].shape:
        return found, jnp.zeros_like(found)
    hit = arrays[0] == jnp.expand_dims(found, axes)
    hit, tangent = (jnp.moveaxis(a, axes, range(-len(axes), 0)).reshape(*found.shape, -1) for a in (hit, tangents[0]))
    return found, jnp.take_along_axis(tangent, jnp.argmax(hit, axis=-1)[..., None], axis=-1)[..., 0]
''',
    "_uniform": '''
def _mixed(x):
    """The 32-bit finaliser lowbias32."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def _uniform(key, place, shape):
    """Numbers in [0, 1) as a function of the run's key (below 2**32), the place in the diagram and the index."""
    start = jnp.uint32(key) * jnp.uint32(0x9E3779B9) + jnp.uint32(place)
    words = _mixed(jnp.arange(math.prod(shape), dtype=jnp.uint32) + _mixed(start))
    return (words >> 8).astype(jnp.float32).reshape(shape) / (1 << 24)
''',
    "_normal": '''
def _normal(key, place, shape):
    """Standard normal numbers by Box and Muller from two uniform streams of the place."""
    first = _uniform(key, 2 * place + (1 << 20), shape)
    second = _uniform(key, 2 * place + (1 << 20) + 1, shape)
    return jnp.sqrt(-2 * jnp.log1p(-first)) * jnp.cos(2 * jnp.pi * second)
''',
}
"""Source by name; a helper comes after those that it calls."""


def helpers_text(used: set[str]) -> str:
    """The definitions of the helpers in use, each after two empty lines."""
    return "".join(f"\n{text}" for name, text in HELPERS.items() if name in used)
