"""In which order the programs of a kernel should come, read off the bounds of its loops.

Processors take programs in order, each as soon as it is free: with the longest loops first the last ones to end are
short (list scheduling by longest processing time; Graham, SIAM J. Appl. Math. 17, 1969). Programs that are side by
side in time share the tiles that they read in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagc.core.axes import Axis
from diagc.kernel import ir


def descending(kernel: ir.Kernel) -> set[Axis]:
    """The tiled axes along which loops grow: later tiles have at least as much to do, and some have more."""
    growth = {axis: 0 for axis, extent in kernel.extents.items() if extent.kind == "tile"}
    falling = set[Axis]()
    for start, stop in _ranges(kernel):
        for axis in growth:
            up, down = _signs(stop, axis), _signs(start, axis)
            growth[axis] += 1 in up
            if -1 in up or 1 in down:
                falling.add(axis)
    return {axis for axis, grows in growth.items() if grows and axis not in falling}


def is_even(kernel: ir.Kernel) -> bool:
    """Whether every program has the same to do: no bound of a loop depends on the program."""
    bounds = [bound for pair in _ranges(kernel) for bound in pair]
    return not any(edge.terms or edge.values for bound in bounds for edge in _edges(bound))


def shared_pair(kernel: ir.Kernel) -> tuple[Axis, Axis] | None:
    """The two tiled axes along which programs read the same tiles of different arrays, the outer one first."""
    tiled = [axis for axis in kernel.group_axes if kernel.extents[axis].kind == "tile"]
    loads = [s for loop in _loops(kernel) for s in ir.nested(loop.body) if isinstance(s, ir.Load)]
    read = [{axis for axis in tiled if axis in load.target.axes} for load in loads]
    if len(tiled) < 2:
        return None
    rows, columns = tiled[-2:]
    both = any(rows in r and columns not in r for r in read) and any(
        columns in r and rows not in r for r in read
    )
    return (rows, columns) if both else None


def _loops(kernel: ir.Kernel) -> list[ir.Loop]:
    return [s for s in kernel.body if isinstance(s, ir.Loop)]


def _ranges(kernel: ir.Kernel) -> Iterator[tuple[ir.Bound, ir.Bound]]:
    """Where the outer loops start and stop, those that continue each other taken as one."""
    begun: tuple[ir.Loop, ir.Loop] | None = None
    for loop in _loops(kernel):
        if begun is not None and ir.continues(begun[1], loop):
            begun = (begun[0], loop)
            continue
        if begun is not None:
            yield begun[0].start, begun[1].stop
        begun = (loop, loop)
    if begun is not None:
        yield begun[0].start, begun[1].stop


def _edges(bound: ir.Bound) -> Iterator[ir.Edge]:
    for part in bound.parts:
        if isinstance(part, ir.Bound):
            yield from _edges(part)
        else:
            yield part


def _signs(bound: ir.Bound, axis: Axis) -> set[int]:
    """The signs of the coefficients that an axis has in a bound."""
    return {1 if c > 0 else -1 for edge in _edges(bound) for a, _, c in edge.terms if a == axis and c}
