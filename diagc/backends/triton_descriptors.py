"""Tiles that the hardware copies by itself (tensor descriptors, TMA): which loads may be such copies, and their text.

A load may be one where its tile feeds matrix instructions, each index runs along an axis by itself, and lanes outside
read 0. At run time the array must have rows without gaps and strides of multiples of 16 bytes (CUDA programming guide
13, tensor memory accelerator); `BY_DESCRIPTOR` says so, and without it the load is by pointers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from diagc.backends.launches import EntryKernels, Form, Variant
from diagc.core.axes import Axis, Coordinate
from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.kernel.ir import Dot, Kernel, Load, Loop, Search, Statement, Value, count_uses, nested
from diagc.plan.config import Config

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

SPECIALISED_WARPS: Final = 4
"""Warps of the specialised form: with 8 the compiler ignores it, and with one stage it fails (triton 3.6.0, sm_90)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A load that may be a copy of a tile: for each axis of the array the blocked axis of its index, or None."""

    source: Node
    coordinates: tuple[Coordinate | Value, ...]
    along: tuple[Axis | None, ...]


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
    sound = len(blocked) == len(set(blocked)) == 2 and found[-1] is not None
    return tuple(found) if sound else None


# ---- the forms of what is launched


def formed(made: EntryKernels, form: Form) -> EntryKernels:
    """An entry whose kernels have a form where they can; the others keep pointers."""
    return made if form == "pointers" else made.mapped(lambda variant: _formed(variant, form))


def _formed(variant: Variant, form: Form) -> Variant:
    if not copies(variant.kernel):
        return variant
    if form == "specialised":
        kernel = _in_one_loop(variant.kernel)
        loops = [s for s in kernel.statements() if isinstance(s, Loop | Search)]
        staged = all(config.stages > 1 for config in variant.configs)
        if staged and len(loops) == 1 and isinstance(loops[0], Loop) and _multiplies(loops[0]):
            return Variant(kernel, tuple(map(_specialised, variant.configs)), "specialised")
    return replace(variant, form="descriptors")


def _multiplies(loop: Loop) -> bool:
    return any(isinstance(s, Dot) for s in loop.body)


def _specialised(config: Config) -> Config:
    return replace(config, warps=SPECIALISED_WARPS)


def _in_one_loop(kernel: Kernel) -> Kernel:
    """The kernel with loops that follow each other along one axis as the last of them, which has every mask."""
    body = list[Statement]()
    for statement in kernel.body:
        place = max((i for i, s in enumerate(body) if isinstance(s, Loop)), default=None)
        before = body[place] if place is not None else None
        if place is not None and isinstance(statement, Loop) and isinstance(before, Loop):
            read = count_uses(nested(tuple(body[place + 1 :])))
            if _continues(before, statement) and not any(c.result in read for c in before.carried):
                starts = {carried.result: carried.start for carried in before.carried}
                carried = tuple(replace(c, start=starts[c.start]) for c in statement.carried)
                del body[place]
                statement = replace(statement, start=before.start, carried=carried)
        body.append(statement)
    return replace(kernel, body=tuple(body))


def _continues(before: Loop, after: Loop) -> bool:
    results = [carried.result for carried in before.carried]
    return (
        before.axis == after.axis
        and after.phase == "partial"
        and [carried.start for carried in after.carried] == results
    )


def is_turned(copy: Copy, dims: Sequence[Axis]) -> bool:
    """Whether the dimensions of a tile are in another order than those of the array."""
    return [axis for axis in copy.along if axis is not None] != list(dims)
