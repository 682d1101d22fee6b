"""The fold of every pass, written out as a diagram over given chunks: what a derivation claims, to be tested.

A chunk of an axis is the whole axis with the unit of the monoid elsewhere, so masks and re-indexings keep their
meaning. Chunks are merged in the order of a given random generator: any tree has to give the same result.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import pairwise

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, apply, constant, node, reduction, substitute
from diagc.core.fold import FoldAlgebra, lifted, merge
from diagc.plan.structure import Structure

State = tuple[Node, ...]
"""What stands for each component of an algebra."""


def chunked(structure: Structure, sizes: Mapping[str, int], generator: random.Random) -> Diagram:
    """The diagram of a structure with each pass done in chunks and merged; `sizes` are those of the symbols."""
    known: dict[Node, Node] = {}
    for step in structure.passes:
        axis = step.axes[-1]
        cuts = _cuts(axis.size.evaluate(sizes), generator)
        chunks = [_chunk(step.algebra, axis, low, high) for low, high in pairwise(cuts)]
        while len(chunks) > 1:
            left, right = (chunks.pop(generator.randrange(len(chunks))) for _ in range(2))
            chunks.append(_merged(step.algebra, left, right))
        reductions = (component.reduction for component in step.algebra.components)
        known |= zip(reductions, substitute(chunks[0], known), strict=True)
    return structure.diagram.with_outputs(substitute(structure.diagram.outputs, known))


def _cuts(size: int, generator: random.Random) -> list[int]:
    inner = generator.sample(range(1, size), min(generator.randint(1, 4), size - 1)) if size > 1 else []
    return [0, *sorted(inner), size]


def _chunk(algebra: FoldAlgebra, axis: Axis, low: int, high: int) -> State:
    """The state of one chunk, from its own reductions."""
    place = node(ops.Iota(axis))
    inside = apply("and", apply("le", constant(low), place), apply("lt", place, constant(high)))
    own: dict[Node, Node] = {}
    for whole in lifted(algebra):
        assert isinstance(whole.op, ops.Reduce)
        (element,) = substitute(whole.inputs, own)
        unit = constant(ops.unit_of(whole.op.monoid, element.dtype))
        own[whole] = reduction(
            whole.op.monoid, whole.op.axes, apply("where", inside, element, unit), whole.op
        )
    return tuple(own.values())


def _merged(algebra: FoldAlgebra, left: State, right: State) -> State:
    """Two states at their joint values."""
    found = merge(algebra)
    given = zip((*found.left, *found.right), (*left, *right), strict=True)
    return substitute(found.joint, dict(given))
