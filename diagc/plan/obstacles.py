"""What must not be part of one kernel: each function finds the nodes to be written to memory, for one reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors, multiplies, tile_sides
from diagc.core.diagram import Node, walk
from diagc.plan.config import MAX_RESIDENT_ROW, has_dot
from diagc.plan.extent import blocked_axes, held_axes
from diagc.plan.structure import Structure, fills, reduced_axes

LABOUR = 17
"""Operations of a vector unit in the time in which a matrix unit multiplies an element with the 128 rows of a tile: 256
operations at 989 against 67 TFLOP/s (specs/machines/h200.yaml)."""

SPECIAL = 16
"""Operations of a vector unit in the time of a special function (the same file)."""

MANY_ROWS = 256
"""From here on the side of a product has several tiles."""

SHARED_BYTES = 227 * 1024
"""Shared memory of a program on sm_90 (CUDA programming guide 13, table of compute capabilities)."""


def apart(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """Reductions over several axes of the results: their loops could not store along all of these."""
    outputs, apart = set(made.diagram.outputs), set(made.apart)
    return [r for r in reductions if apart & set(reduced_axes(r)) and r not in outputs]


def crossed(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """Reductions that one pass finishes for every index of an axis that another one, or the storing, loops over."""
    looped = {a for step in made.passes for a in step.axes} | {made.stored_axis}
    outputs = set(made.diagram.outputs)
    finished = [c.reduction for step in made.passes for c in step.algebra.components]
    return [r for r in finished if looped & set(r.axes) and r not in outputs]


def overfull(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """The product with the largest of the matrices that a kernel would hold whole, if shared memory lacks room for all;
    else the folds over the longest axis that it would hold, if no configuration holds all of them.

    Axes of unknown size count as short. A product that a loop sums up takes its matrices piece by piece.
    """
    held = {a for a in held_axes(made.extents) if a.size.value is not None}
    summed = {c.reduction for p in made.passes for c in p.algebra.components}
    whole = {
        factor: reduction
        for reduction in reductions
        if reduction not in summed
        for factor in contracted_factors(reduction)
        if isinstance(factor.op, ops.Input) and len(factor.axes) > 1 and held.issuperset(factor.axes)
    }
    sizes = {f: f.dtype.bytes * prod(a.size.value or 1 for a in f.axes) for f in whole}
    if sum(sizes.values()) > SHARED_BYTES:
        return [whole[max(sizes, key=lambda f: sizes[f])]]
    return [] if has_dot(made) else [r for r in reductions if r not in summed and _crowds(made, r)]


def _crowds(made: Structure, reduction: Node) -> bool:
    """Whether a fold is over the longest of the held axes, whose indices together are more than a row has."""
    held = {axis: axis.size.value or 0 for axis in held_axes(made.extents)}
    together = prod(max(16, 1 << max(size - 1, 0).bit_length()) for size in held.values())
    return together > MAX_RESIDENT_ROW and max(held, key=held.__getitem__) in reduced_axes(reduction)


def repeated(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """Reductions that every program along some axis would repeat, and that ride on no pass of its own."""
    shared = {a for a in made.group_axes if made.extents[a].kind in ("one", "tile")}
    riding = {
        c.reduction
        for p in made.passes
        for c in p.algebra.components
        if any(shared <= set(o.reduction.axes) for o in p.algebra.components)
    }
    outputs = set(made.diagram.outputs)
    found = [r for r in reductions if not shared <= set(r.axes) and r not in riding and r not in outputs]
    below = {n for r in found for n in walk(r.inputs)}
    return [r for r in found if r not in below]


def across(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """Reductions over an axis of the results, needed at every step of a loop: programs could not share the axis out."""
    streamed = set(made.streamed)
    return [
        r
        for r in reductions
        if streamed & set(r.axes) and set(reduced_axes(r)) & set(made.group_axes) and not multiplies(r)
    ]


def doubled(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """Folds of arrays that a product of matrices depends on, where its running value takes another product."""
    known, found = set(reductions), list[Node]()
    for step in made.passes:
        carried = [c.reduction for c in step.algebra.carried]
        if any(r not in known and multiplies(r, fills) for r in carried):
            below = {n for r in carried if r in known and multiplies(r) for n in walk(r.inputs)}
            found += [r for r in carried if r in below and not any(map(multiplies, walk((r,))))]
    return found


def laboured(made: Structure, reductions: Sequence[Node]) -> list[tuple[Node, tuple[Node, ...]]]:
    """Sides of products whose elements take longer to compute, again in each program, than to multiply."""
    blocked = blocked_axes(made.extents)
    folds, found = set(reductions), list[tuple[Node, tuple[Node, ...]]]()
    for reduction in reductions:
        first, second = tile_sides(reduction, blocked) or ((), ())
        for side, other in ((first, second), (second, first)):
            own = {a for f in other for a in f.axes} - {a for f in side for a in f.axes}
            again = any(
                made.extents[a].kind == "tile" and (a.size.value or MANY_ROWS) >= MANY_ROWS for a in own
            )
            if again and _labour(side, folds) > LABOUR:
                found.append((reduction, side))
    return found


def _labour(side: Sequence[Node], folds: set[Node]) -> int:
    """Operations of a vector unit for an element of a side; none where a fold of the kernel makes it.

    What depends on indices alone, such as the angles of rotated positions, is part of a load and does not count.
    """
    below = list(walk(side))
    if not folds.isdisjoint(below):
        return 0
    axes = {axis for factor in side for axis in factor.axes}
    read = set[Node]()
    for current in below:  # operands come first
        if isinstance(current.op, ops.Input) or not read.isdisjoint(current.inputs):
            read.add(current)
    maps = [n.op.function for n in read if isinstance(n.op, ops.Map) and set(n.axes) == axes]
    return sum(f.flops + SPECIAL * f.special for f in maps)


def unmultiplied(made: Structure, reductions: Sequence[Node]) -> list[Node]:
    """Products of matrices that would not be products of two matrices on the tiles of a kernel."""
    blocked = blocked_axes(made.extents)
    return [r for r in reductions if multiplies(r, fills) and tile_sides(r, blocked) is None]


def smallest(found: Iterable[Node]) -> list[Node]:
    """The node with the fewest axes of unknown size, of these the one with the fewest elements; none of none."""

    def size(current: Node) -> tuple[int, int]:
        known = [axis.size.value for axis in current.axes]
        return known.count(None), prod(n for n in known if n is not None)

    return sorted(found, key=size)[:1]


def parallel_axes(made: Structure) -> set[Axis]:
    return {a for a in made.group_axes if made.extents[a].kind in ("one", "tile")}


def reductions_of(roots: Iterable[Node]) -> list[Node]:
    return [n for n in walk(roots) if isinstance(n.op, ops.Reduce)]
