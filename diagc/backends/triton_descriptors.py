"""Tiles that the hardware copies by itself (tensor descriptors, TMA): which loads may be such copies, and their text.

A load may be one where its tile feeds matrix instructions, each index runs along an axis by itself, and lanes outside
read 0. At run time the array must have rows without gaps and strides of multiples of 16 bytes (CUDA programming guide
13, tensor memory accelerator); `BY_DESCRIPTOR` says so, and without it the load is by pointers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from diagc.core.axes import Axis, Coordinate
from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.kernel.ir import Dot, Kernel, Load, Value

FLAG: Final = "BY_DESCRIPTOR"
"""The compile-time constant that says whether the arrays of a launch allow descriptors."""

HELPER: Final = '''
def _scratch(size: int, align: int, stream: int | None) -> torch.Tensor:
    return torch.empty(size, device="cuda", dtype=torch.int8)


def _by_descriptor(*arrays: torch.Tensor) -> bool:
    """Whether the GPU copies tiles of these by itself: from Hopper on, rows without gaps, multiples of 16 bytes."""
    if not _INTERPRETED:
        if torch.version.hip is not None or torch.cuda.get_device_capability(arrays[0].device)[0] < 9:
            return False
        triton.set_allocator(_scratch)
    return all(_has_tiles(array) for array in arrays)


def _has_tiles(array: torch.Tensor) -> bool:
    strides = [stride * array.element_size() for stride in array.stride()[:-1]]
    dense = array.stride(-1) == 1 and all(stride > 0 and stride % 16 == 0 for stride in strides)
    return array.numel() > 0 and array.data_ptr() % 16 == 0 and dense
'''

PIPELINES: Final = '''
def _has_pipeline(*arrays: torch.Tensor) -> bool:
    """Whether kernels in Gluon are for this device: they use the warp groups of Hopper."""
    if _INTERPRETED and not hasattr(gluon, "simulated"):
        return False
    if not _INTERPRETED and torch.cuda.get_device_capability(arrays[0].device)[0] != 9:
        return False
    return _by_descriptor(*arrays)
'''

MOST_AXES: Final = 5
"""Axes of an array that has a descriptor (CUDA programming guide 13, tensor map objects)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A load that may be a copy of a tile: for each axis of the array the blocked axis of its index, or None."""

    source: Node
    coordinates: tuple[Coordinate | Value, ...]
    along: tuple[Axis | None, ...]

    @property
    def dims(self) -> list[tuple[Axis, Coordinate | Value, Axis | None]]:
        """The axes of the array with their indices and blocked axes; those of which a tile has one index come first."""
        every = zip(self.source.axes, self.coordinates, self.along, strict=True)
        return sorted(every, key=lambda dim: dim[2] is not None)


def copies(kernel: Kernel) -> dict[Load, Copy]:
    """The loads of a kernel that may be copies."""
    dots = (s for s in kernel.statements() if isinstance(s, Dot) and s.compute is not DType.F32)
    multiplied = {value for dot in dots for value in (dot.left, dot.right)}
    found: dict[Load, Copy] = {}
    for statement in kernel.statements():
        if isinstance(statement, Load) and statement.target in multiplied:
            along = _along(kernel, statement)
            if along is not None:
                found[statement] = Copy(statement.source, statement.coordinates, along)
    return found


def _along(kernel: Kernel, load: Load) -> tuple[Axis | None, ...] | None:
    if load.checked or (load.guard and load.fill != 0):
        return None
    found: list[Axis | None] = []
    for own, coordinate in zip(load.source.axes, load.coordinates, strict=True):
        if isinstance(coordinate, Value):
            return None
        axis = coordinate.axis
        if axis is not None and kernel.extents[axis].blocked and axis.size == own.size:
            found.append(axis)
        elif all(kernel.extents[a].kind == "one" and a in kernel.group_axes for a in coordinate.axes):
            found.append(None)
        else:
            return None
    blocked = [axis for axis in found if axis is not None]
    sound = len(blocked) == len(set(blocked)) == 2 and found[-1] is not None and len(found) <= MOST_AXES
    return tuple(found) if sound else None


def is_turned(copy: Copy, dims: Sequence[Axis]) -> bool:
    """Whether the dimensions of a tile are in another order than those of the array."""
    return [axis for axis in copy.along if axis is not None] != list(dims)
