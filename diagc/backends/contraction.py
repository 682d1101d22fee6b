"""Sums of products on NumPy arrays, by matrix products: no array larger than an operand, the result, or the smallest
product of two factors is built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.core.axes import Axis

Tensor = NDArray[Any]
Check = Callable[[tuple[Axis, ...]], object]
"""Raises when an array over these axes would be too large."""


@dataclass(frozen=True, slots=True)
class Factor:
    """An array with one dimension per axis, in this order."""

    array: Tensor
    axes: tuple[Axis, ...]


def aligned(array: Tensor, axes: Sequence[Axis], target: Sequence[Axis]) -> Tensor:
    """Dimensions in the order of `target`, of extent 1 along axes of it that the array lacks. All axes are in it."""
    order = sorted(range(len(axes)), key=lambda place: target.index(axes[place]))
    extents = dict(zip(axes, array.shape, strict=True))
    return np.transpose(array, order).reshape([extents.get(axis, 1) for axis in target])


def contract(
    factors: Sequence[Factor], kept: tuple[Axis, ...], extents: Mapping[Axis, int], check: Check
) -> Tensor:
    """The sum over all axes not in `kept` of the product of the factors, dimensions in the order of `kept`.

    Every kept axis is an axis of a factor. All factors have one dtype, in which the sum accumulates.
    """
    pending = list(factors)
    while len(pending) > 1:
        left, right = _next_pair(pending, kept, extents)
        pending = [factor for factor in pending if factor is not left and factor is not right]
        needed = {*kept, *(axis for factor in pending for axis in factor.axes)}
        pending.append(_product(left, right, needed, check))
    return _project(pending[0], kept)


def _next_pair(
    pending: list[Factor], kept: tuple[Axis, ...], extents: Mapping[Axis, int]
) -> tuple[Factor, Factor]:
    """The two factors whose product, summed over what nothing else needs, is smallest."""

    def cost(pair: tuple[Factor, Factor]) -> int:
        others = {axis for factor in pending if all(factor is not f for f in pair) for axis in factor.axes}
        found = {axis for factor in pair for axis in factor.axes if axis in others or axis in kept}
        return math.prod(extents[axis] for axis in found)

    return min(combinations(pending, 2), key=cost)


def _product(left: Factor, right: Factor, needed: set[Axis], check: Check) -> Factor:
    left = _summed(left, needed | set(right.axes))
    right = _summed(right, needed | set(left.axes))
    shared = [axis for axis in left.axes if axis in right.axes]
    batch = [axis for axis in shared if axis in needed]
    inner = [axis for axis in shared if axis not in needed]
    rows = [axis for axis in left.axes if axis not in shared]
    columns = [axis for axis in right.axes if axis not in shared]
    axes = (*batch, *rows, *columns)
    check(axes)
    if not inner:
        return Factor(aligned(left.array, left.axes, axes) * aligned(right.array, right.axes, axes), axes)
    extents = dict(zip((*left.axes, *right.axes), (*left.array.shape, *right.array.shape), strict=True))
    a = _matrices(left, batch, rows, inner, extents)
    b = _matrices(right, batch, inner, columns, extents)
    return Factor(np.matmul(a, b).reshape([extents[axis] for axis in axes]), axes)


def _matrices(
    factor: Factor, batch: list[Axis], rows: list[Axis], columns: list[Axis], extents: Mapping[Axis, int]
) -> Tensor:
    """The factor as a stack of matrices `[batch, rows, columns]`."""
    shape = [math.prod(extents[axis] for axis in group) for group in (batch, rows, columns)]
    return aligned(factor.array, factor.axes, (*batch, *rows, *columns)).reshape(shape)


def _summed(factor: Factor, needed: set[Axis]) -> Factor:
    """The factor summed over the axes that nothing needs."""
    gone = tuple(place for place, axis in enumerate(factor.axes) if axis not in needed)
    if not gone:
        return factor
    axes = tuple(axis for axis in factor.axes if axis in needed)
    return Factor(factor.array.sum(axis=gone, dtype=factor.array.dtype), axes)


def _project(factor: Factor, kept: tuple[Axis, ...]) -> Tensor:
    summed = _summed(factor, set(kept))
    return aligned(summed.array, summed.axes, kept)
