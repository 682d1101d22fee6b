"""The fold of every pass, written out as a diagram over given chunks: what a derivation claims, to be tested.

A chunk of an axis is the whole axis with the unit of the monoid elsewhere, so masks and re-indexings keep their
meaning. Chunks are merged in the order of a given random generator: any tree has to give the same result.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, apply, constant, node, reduction, substitute
from diagc.core.fold import Component
from diagc.plan.structure import Pass, Structure

States = dict[Node, Node]
"""Reductions by what stands for them."""

_JOINS = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "or", "all": "and"}


def chunked(structure: Structure, sizes: Mapping[str, int], generator: random.Random) -> Diagram:
    """The diagram of a structure with each pass done in chunks and merged; `sizes` are those of the symbols."""
    known: States = {}
    for step in structure.passes:
        axis = step.axes[-1]
        cuts = _cuts(axis.size.evaluate(sizes), generator)
        chunks = [_lift(step, axis, low, high, known) for low, high in pairwise(cuts)]
        while len(chunks) > 1:
            left, right = (chunks.pop(generator.randrange(len(chunks))) for _ in range(2))
            chunks.append(_merge(step.algebra.components, left, right, known))
        known |= chunks[0]
    return structure.diagram.with_outputs(substitute(structure.diagram.outputs, known))


def _cuts(size: int, generator: random.Random) -> list[int]:
    inner = generator.sample(range(1, size), min(generator.randint(1, 4), size - 1)) if size > 1 else []
    return [0, *sorted(inner), size]


def _lift(step: Pass, axis: Axis, low: int, high: int, known: States) -> States:
    """The state of one chunk, from its own reductions."""
    place = node(ops.Iota(axis))
    inside = apply("and", apply("le", constant(low), place), apply("lt", place, constant(high)))
    own: States = {}
    for component in step.algebra.components:
        op = component.reduction.op
        assert isinstance(op, ops.Reduce)
        (element,) = substitute((component.element,), known | own)
        part = apply("where", inside, element, _unit(element, op.monoid))
        own[component.reduction] = reduction(op.monoid, op.axes, part, op)
    return own


def _unit(element: Node, monoid: ops.Monoid) -> Node:
    unit = ops.UNITS[monoid]
    match element.dtype.kind:
        case "bool":
            return constant(bool(unit))
        case "int" if unit in (0.0, 1.0):
            return constant(int(unit))
        case _:
            return constant(float(unit))


def _merge(components: Sequence[Component], left: States, right: States, known: States) -> States:
    """Two states at their joint values."""
    joint: States = {}
    for component in components:
        sides = [_follow(component, side, joint, known) for side in (left, right)]
        joint[component.reduction] = apply(_JOINS[component.monoid], *sides)
    return joint


def _follow(component: Component, old: States, new: States, known: States) -> Node:
    """The number of one side after the earlier numbers went from their own to the joint values."""
    rescale, value = component.rescale, old[component.reduction]
    for sign, term in rescale.shifts:
        value = apply("add", value, _change(term, sign, known | old, known | new))
    for base, sign, term in rescale.exponents:
        value = apply("mul", value, apply(base, _change(term, sign, known | old, known | new)))
    for factor, power in rescale.factors:
        before, after = (_at(factor, states) for states in (known | old, known | new))
        value = apply("mul", value, apply("div", *_ordered(before, after, power)))
    return value


def _change(term: Node, sign: int, old: States, new: States) -> Node:
    return apply("sub", *_ordered(_at(term, old), _at(term, new), sign))


def _ordered(before: Node, after: Node, sign: int) -> Iterable[Node]:
    return (after, before) if sign == 1 else (before, after)


def _at(term: Node, states: States) -> Node:
    return substitute((term,), states)[0]
