"""What must not be part of one kernel: each function finds the nodes to be written to memory, for one reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors, summed_factors
from diagc.core.diagram import Diagram, Node, walk
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


def out_of_order(diagram: Diagram) -> list[Node]:
    """What has to be written before a loop in order can read it, or after it for others.

    A kernel runs along one axis in order. Below such a loop stand no products of matrices, which would be repeated for
    each tile; above it nothing folds over its axis, runs along another, or multiplies what it makes.
    """
    runs: dict[Node, set[Axis]] = {}
    found: list[Node] = []
    for current in walk(diagram.outputs):
        below: set[Axis] = set[Axis]().union(*(runs[o] for o in current.inputs))
        stops = _stops(current, below)
        if stops and below:
            found += [n for o in current.inputs for n in _makers(o, runs)]
            below = set()
        if isinstance(current.op, ops.Cumulative | ops.Scan):
            found += [n for o in current.inputs for n in _products(o, current.op.axis)]
            below = {current.op.axis}
        runs[current] = below
    return list(dict.fromkeys(found))


def _stops(current: Node, below: set[Axis]) -> bool:
    """Whether a node cannot be part of the loop that makes its operands."""
    match current.op:
        case ops.Cumulative(_, axis) | ops.Scan(axis):
            return below != {axis}
        case ops.Reduce(_, axes):
            read = any(isinstance(f.op, ops.Scan) for f in summed_factors(current))
            return bool(below & set(axes)) or (_multiplies(current) and not read)
        case _:
            return len(below) > 1


def _makers(root: Node, runs: Mapping[Node, set[Axis]]) -> list[Node]:
    """The nearest nodes that are made in order, below what is computed at each point."""
    found, stack = list[Node](), [root]
    while stack:
        current = stack.pop()
        if not runs[current]:
            continue
        if isinstance(current.op, ops.Map | ops.Cast | ops.Spread | ops.Stop):
            stack += current.inputs
        else:
            found.append(current)
    return found


def _products(root: Node, axis: Axis) -> list[Node]:
    """The products of matrices along an axis that a node is made of."""
    made = (n for n in walk((root,)) if isinstance(n.op, ops.Reduce) and axis in n.axes)
    return [
        n for n in made if _multiplies(n) and not any(isinstance(f.op, ops.Scan) for f in summed_factors(n))
    ]


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
        if streamed & set(r.axes) and set(reduced_axes(r)) & set(made.group_axes) and not _multiplies(r)
    ]


def _multiplies(reduction: Node) -> bool:
    """Whether a reduction is a product of matrices: two factors have axes that the other lacks."""
    factors = contracted_factors(reduction)
    return sum(bool(set(f.axes) - {a for g in factors if g is not f for a in g.axes}) for f in factors) > 1


def parallel_axes(made: Structure) -> set[Axis]:
    return {a for a in made.group_axes if made.extents[a].kind in ("one", "tile")}


def reductions_of(roots: Iterable[Node]) -> list[Node]:
    return [n for n in walk(roots) if isinstance(n.op, ops.Reduce)]
