"""What must not be part of one kernel: each function finds the nodes to be written to memory, for one reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors, multiplies
from diagc.core.diagram import Node, walk
from diagc.plan.structure import Structure, reduced_axes


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
        if streamed & set(r.axes)
        and set(reduced_axes(r)) & set(made.group_axes)
        and not multiplies(contracted_factors(r))
    ]


def parallel_axes(made: Structure) -> set[Axis]:
    return {a for a in made.group_axes if made.extents[a].kind in ("one", "tile")}


def reductions_of(roots: Iterable[Node]) -> list[Node]:
    return [n for n in walk(roots) if isinstance(n.op, ops.Reduce)]
