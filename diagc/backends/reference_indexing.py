"""Reading NumPy arrays at computed coordinates: views and gathers are one operation, an open mesh of index arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.backends.contraction import aligned
from diagc.core.axes import Axis, Coordinate
from diagc.diagnostics import failure

Tensor = NDArray[Any]


def coordinate_values(coordinate: Coordinate, frame: Sequence[Axis], sizes: Mapping[str, int]) -> Tensor:
    """The index at every point of the frame's axes, of extent 1 along axes that the coordinate does not follow."""
    total = np.full([1] * len(frame), coordinate.offset.evaluate(sizes), np.int64)
    for axis, coefficient in coordinate.terms:
        steps = np.arange(axis.size.evaluate(sizes), dtype=np.int64) * coefficient.evaluate(sizes)
        total = total + aligned(steps, (axis,), frame)
    if total.size and not coordinate.is_affine:
        total = total // coordinate.divisor.evaluate(sizes)
        total = total if coordinate.modulus is None else total % coordinate.modulus.evaluate(sizes)
    return total


def read_at(
    array: Tensor,
    axes: Sequence[Axis],
    indices: Mapping[Axis, Tensor],
    frame: Sequence[Axis],
    fill: float | None = None,
) -> Tensor:
    """`result[p] = array[indices at p]` for every point p of the frame.

    `indices` holds for some axes of the array an index array with one dimension per frame axis (extent 1: the same
    for all); an axis without one is in the frame and is followed. Out of range gives `fill`, or E0607 without one.
    """
    mesh: list[Tensor] = []
    valid = np.ones([1] * len(frame), np.bool_)
    for axis, extent in zip(axes, array.shape, strict=True):
        index = indices.get(axis)
        if index is None:
            mesh.append(aligned(np.arange(int(extent)), (axis,), frame))
            continue
        inside = (index >= 0) & (index < extent)
        if fill is None and not inside.all():
            worst = index[~inside].flat[0]
            raise failure("E0607", f"index {worst} is out of range for axis `{axis}` of size {extent}")
        valid = valid & inside
        mesh.append(np.clip(index, 0, max(extent - 1, 0)))
    if array.size == 0:
        shape = np.broadcast_shapes(*(index.shape for index in mesh))
        return np.full(shape, 0 if fill is None else fill, array.dtype)
    found = array[tuple(mesh)]
    return found if fill is None else np.where(valid, found, np.asarray(fill, array.dtype))
