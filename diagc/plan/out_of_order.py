"""What is written to memory around a loop in order: what it would repeat, and what others make of its results."""

from __future__ import annotations

from collections.abc import Mapping

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors, multiplies, summed_factors
from diagc.core.diagram import Diagram, Node, walk


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
            return bool(below & set(axes)) or (multiplies(contracted_factors(current)) and not read)
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
    return [
        current
        for current in walk((root,))
        if isinstance(current.op, ops.Reduce)
        and axis in current.axes
        and multiplies(contracted_factors(current))
        and not any(isinstance(factor.op, ops.Scan) for factor in summed_factors(current))
    ]
