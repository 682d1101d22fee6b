"""Which axes of a kernel may be shared out in parts, for when it has too few programs.

Parts pay where all programs together may be few whatever the sizes, and the loop is long: the fold of one query over a
long cache, a sum of everything. Each part costs a state, written and read once.
"""

from __future__ import annotations

from typing import Final

from diagc.core.axes import Axis, Size
from diagc.core.comparisons import Comparison
from diagc.core.contraction import contracted_factors, own_axes
from diagc.core.diagram import walk
from diagc.core.guards import masks_of
from diagc.plan.config import has_dot
from diagc.plan.structure import Structure

LEAST: Final = 2048
"""Indices of an axis of known size that are worth parts."""


PART: Final = 256
"""Indices of a streamed axis that a part has at least, and of which its length is a multiple: whole tiles."""


def parted_axes(structure: Structure) -> tuple[Axis, ...]:
    """The axes of the one pass of a kernel that may have parts, outermost first; none where parts cannot pay.

    Tiles of an axis of unknown size are taken to be many where matrices are multiplied, unless it is tiled in place of
    a shorter one. A mask that makes the loop shorter than the axis would leave most of the parts with nothing to do;
    what data leave of it is not known, and taken to be most.
    """
    if len(structure.passes) != 1 or structure.stored_axis is not None or not _may_be_few(structure):
        return ()
    (step,) = structure.passes
    *walked, streamed = step.axes
    long = [a for a in step.axes if a.size.value is None or a.size.value >= LEAST]
    reductions = tuple(c.reduction for c in step.algebra.components)
    bounds = [
        c for m in masks_of(reductions, streamed) for _, found in m.comparisons for c in found if not c.values
    ]
    if not all(_grows(c, streamed.size) == c.upper for c in bounds):
        long = [a for a in long if a in walked]
    return tuple(long)


def _may_be_few(structure: Structure) -> bool:
    tiled = {a for a in structure.group_axes if structure.extents[a].kind == "tile"}
    return not has_dot(structure) or all(a.size.value is not None or _replaces(a, structure) for a in tiled)


def _replaces(axis: Axis, structure: Structure) -> bool:
    """Whether an axis is tiled because those inside it, on its side of a product, are too short for a tile."""
    for reduction in walk(structure.roots):
        for own in own_axes(contracted_factors(reduction)):
            if axis in [a for a in structure.group_axes if a in own][:-1]:
                return True
    return False


def _grows(found: Comparison, size: Size) -> bool:
    """Whether the bound that a comparison sets moves with the end of the axis."""
    value = size.value
    if value is not None:
        offset = found.offset.value
        return offset is not None and 2 * offset >= value
    return set(size.symbols) <= set(found.offset.symbols)
