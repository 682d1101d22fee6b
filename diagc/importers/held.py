"""Arrays that a function holds, as operations on indices: numbers, affine functions of indices, and masks by them.

Law: what is emitted equals the array at every element, which is checked before it is emitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.importers.traced import Graph, Literal, Operand, dtype_of

Held = NDArray[Any]
MOST: Final = 1 << 24
"""Elements of an array that is looked at."""


def described(array: Held, graph: Graph) -> Operand | None:
    """An array without its elements; None where it is none of these."""
    dtype = dtype_of(str(array.dtype))
    if array.size and bool((array == array.flat[0]).all()):
        return Literal(array.flat[0].item(), dtype, array.shape)
    if not array.size or array.size > MOST:
        return None
    return _affine(array, dtype, graph) or _mask(array, dtype, graph)


def _affine(array: Held, dtype: str, graph: Graph) -> Operand | None:
    """c + Σ kᵢ·iᵢ."""
    if dtype == "bool" or not bool(np.isfinite(array).all()):
        return None
    origin = array.flat[0]
    steps = [_step(array, place) - origin for place in range(array.ndim)]
    whole = [*steps, origin]
    if not all(float(n).is_integer() for n in whole):
        return None
    weights = [int(n) for n in steps]
    if not bool((_combined(array.shape, weights) + int(origin) == array).all()):
        return None
    made = _emitted(array.shape, weights, graph)
    offset = Literal(int(origin), "i64", array.shape)
    summed = graph.emit("add", (made, offset), "i64", array.shape)
    return graph.emit("convert_element_type", (summed,), dtype, array.shape)


def _step(array: Held, place: int) -> Any:
    """The second element along a dimension, the first where there is no second."""
    return array[tuple(min(1, size - 1) if i == place else 0 for i, size in enumerate(array.shape))]


def _mask(array: Held, dtype: str, graph: Graph) -> Operand | None:
    """One of two values where low <= Σ sᵢ·iᵢ <= high, for signs sᵢ."""
    values = np.unique(array)
    if len(values) != 2:
        return None
    for chosen, other in (values, values[::-1]):
        inside = array == chosen
        for signs in product(*((1, 0, -1) if size > 1 else (0,) for size in array.shape)):
            at = _combined(array.shape, signs)
            low, high = int(at[inside].min()), int(at[inside].max())
            if bool((((at >= low) & (at <= high)) == inside).all()):
                return _chosen(array, dtype, signs, low, high, (chosen.item(), other.item()), graph)
    return None


def _chosen(
    array: Held, dtype: str, signs: Sequence[int], low: int, high: int, values: tuple[Any, Any], graph: Graph
) -> Operand:
    at, shape = _combined(array.shape, signs), array.shape
    found = _emitted(shape, signs, graph)
    parts = [
        graph.emit(name, (found, Literal(bound, "i64", shape)), "bool", shape)
        for name, bound, needed in (("ge", low, at.min() < low), ("le", high, at.max() > high))
        if needed
    ]
    condition = parts[0] if len(parts) == 1 else graph.emit("and", parts, "bool", shape)
    if dtype == "bool":
        return condition if values[0] else graph.emit("not", (condition,), "bool", shape)
    inside, outside = (Literal(value, dtype, shape) for value in values)
    return graph.emit("select_n", (condition, outside, inside), dtype, shape)


def _combined(shape: Sequence[int], weights: Sequence[int]) -> Held:
    """Σ wᵢ·iᵢ at every element."""
    total = np.zeros(tuple(shape), np.int64)
    for place, weight in enumerate(weights):
        total = total + weight * np.arange(shape[place]).reshape([-1] + [1] * (len(shape) - place - 1))
    return total


def _emitted(shape: Sequence[int], weights: Sequence[int], graph: Graph) -> Operand:
    total: Operand = Literal(0, "i64", tuple(shape))
    for place, weight in sorted(enumerate(weights), key=lambda pair: -pair[1]):
        if weight:
            index: Operand = graph.emit("iota", (), "i64", shape, shape=list(shape), dimension=place)
            if abs(weight) != 1:
                index = graph.emit("mul", (Literal(abs(weight), "i64", tuple(shape)), index), "i64", shape)
            total = graph.emit("add" if weight > 0 else "sub", (total, index), "i64", shape)
    return total
