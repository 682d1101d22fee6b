"""Whether a program looks for the part of a loop that a mask leaves before it enters the loop.

The search reads what the mask compares along the streamed axis once more, a lane for each index; the loop computes
tiles. It pays where an index costs many times as much in the loop as in the search.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from diagc.core.axes import Axis
from diagc.core.diagram import Node, walk
from diagc.core.guards import is_short, masks_of
from diagc.core.requirements import Combined, Requirement, chooses_along, extremes, requirement
from diagc.plan.extent import Extent, blocked_axes

LEAST_LANES: Final = 16
"""Lanes along a tiled or resident axis: the shortest block."""

PAYS: Final = 8
"""How many times the work of the search an index must cost in the loop: the search then costs at most an eighth."""


def searched(reductions: tuple[Node, ...], axis: Axis, extents: Mapping[Axis, Extent]) -> Requirement | None:
    """What to look for along `axis` before a loop that carries the reductions; None where it does not pay."""
    tiled = blocked_axes(extents)
    found = tuple(_required(reductions, axis, extents).values())
    if not found:
        return None
    whole = found[0] if len(found) == 1 else Combined("and", found)
    lanes = _lanes([r.inputs[0] for r in reductions], axis, tiled)
    work = _lanes([e.node for e in extremes(whole)], axis, tiled) + sum(1 for _ in extremes(whole))
    return whole if lanes >= PAYS * work else None


def decided_by_data(
    reductions: tuple[Node, ...], axis: Axis, extents: Mapping[Axis, Extent]
) -> tuple[Node, ...]:
    """The conditions that leave as many tiles of a loop as the data say."""
    bounds = [pair for mask in masks_of(reductions, axis) for pair in mask.comparisons]
    held = [part for part, found in bounds if any(c.values for c in found)]
    looked_for = searched(reductions, axis, extents) is not None
    return tuple(dict.fromkeys((*held, *(_required(reductions, axis, extents) if looked_for else ()))))


def _required(
    reductions: tuple[Node, ...], axis: Axis, extents: Mapping[Axis, Extent]
) -> dict[Node, Requirement]:
    """What parts of masks require of data along the axis.

    Integers and flags choose; a real number that is compared is a guard of the computation, which rarely fails.
    """
    if is_short(axis):
        return {}
    tiled = blocked_axes(extents)
    found: dict[Node, Requirement] = {}
    for part in (part for mask in masks_of(reductions, axis) for part in mask.rest):
        made = requirement(part, axis, tiled, reductions)
        if made is not None and chooses_along(made, axis):
            found[part] = made
    return found


def _lanes(roots: list[Node], axis: Axis, tiled: set[Axis]) -> int:
    """Values that are computed for one index of the axis, with the shortest blocks along other axes."""
    along = (n for n in walk(roots) if axis in n.axes)
    return sum(math.prod(LEAST_LANES for a in n.axes if a in tiled and a != axis) for n in along)
