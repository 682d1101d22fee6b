"""Folds along axes of NumPy arrays: reductions, running folds, the largest elements."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.core import ops
from diagc.diagnostics import failure

Tensor = NDArray[Any]

_FOLDS: Final[dict[str, np.ufunc]] = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


def unit(monoid: ops.Monoid, dtype: np.dtype[Any]) -> Any:
    """The neutral element of a monoid in a dtype: the extreme integer where integers have no infinity."""
    value = ops.UNITS[monoid]
    if math.isinf(value) and dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        return bounds.max if value > 0 else bounds.min
    return dtype.type(value)


def reduce(array: Tensor, monoid: ops.Monoid, places: tuple[int, ...]) -> Tensor:
    """The fold over the dimensions `places`; of an empty range it is the unit of the monoid.

    `argmax` and `argmin` give the row-major index over `places` in that order; ties: lowest index first.
    """
    if monoid in ("argmax", "argmin"):
        moved = np.moveaxis(array, places, range(-len(places), 0))
        flat = moved.reshape(
            (*moved.shape[: array.ndim - len(places)], math.prod(array.shape[p] for p in places))
        )
        if flat.shape[-1] == 0 and flat.size == 0 and math.prod(flat.shape[:-1]):
            raise failure("E0605", f"`{monoid}` over an empty axis has no value")
        if flat.size == 0:
            return np.zeros(flat.shape[:-1], np.int64)
        return (np.argmax if monoid == "argmax" else np.argmin)(flat, axis=-1)
    if array.dtype.kind == "b" and monoid in ("max", "min"):
        monoid = "any" if monoid == "max" else "all"
    if monoid in ("any", "all"):
        return _FOLDS[monoid].reduce(array.astype(np.bool_), axis=places)
    if monoid == "sum":
        return np.asarray(np.sum(array, axis=places, dtype=_wide(array.dtype)))
    return np.asarray(
        _FOLDS[monoid].reduce(
            array, axis=places, dtype=_wide(array.dtype), initial=unit(monoid, _wide(array.dtype))
        )
    )


def cumulative(array: Tensor, monoid: ops.Monoid, place: int) -> Tensor:
    """The inclusive running fold along a dimension."""
    if monoid in ("argmax", "argmin"):
        raise failure("E0606", f"a running `{monoid}` is not defined")
    if monoid in ("any", "all"):
        array = array.astype(np.bool_)
    return _FOLDS[monoid].accumulate(
        array, axis=place, dtype=_wide(array.dtype) if monoid in ("sum", "prod") else None
    )


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.int64) if dtype.kind == "b" else dtype


def largest(array: Tensor, place: int, count: int, indices: bool) -> Tensor:
    """The `count` largest along a dimension in falling order, or their indices; ties: lowest index first.

    NaN counts as larger than every number.
    """
    extent = array.shape[place]
    if count > extent:
        raise failure("E0605", f"`topk` of {count} elements along an axis of size {extent}")
    ascending = np.argsort(np.flip(array, place), axis=place, kind="stable")
    chosen = np.take(extent - 1 - np.flip(ascending, place), np.arange(count), axis=place)
    return chosen if indices else np.take_along_axis(array, chosen, place)
