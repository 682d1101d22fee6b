"""Two states of a fold to the state of both, as a diagram.

Both are brought to the joint value of the earlier components and combined by the monoid. The operation is associative
and commutative, so any chunking and any tree of merges give the whole: across the steps of a loop, the programs of a
split axis, or devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.diagram import Array, Node, apply, constant, node, substitute
from diagc.core.fold.algebra import Component, FoldAlgebra, Rescale
from diagc.core.fold.horner import horner
from diagc.core.fold.selection import head


@dataclass(frozen=True, slots=True)
class Merge:
    """`joint[i]` is component i of the merged state; `left[i]` and `right[i]` are the inputs for the two states.

    Input i of the left state is called `left_i`, and has the array of the component's reduction.
    """

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    joint: tuple[Node, ...]


def lifted(algebra: FoldAlgebra) -> tuple[Node, ...]:
    """The state of a chunk: its own reductions, about the centres that a running state has.

    Sizes in the centres are those of the whole axis, whatever the chunk.
    """
    made: dict[Node, Node] = {}
    for component in algebra.components:
        moved = _at(component.element, made, algebra.moved_centres)
        made[component.reduction] = node(component.reduction.op, moved)
    return tuple(made[c.reduction] for c in algebra.components)


def merge(algebra: FoldAlgebra) -> Merge:
    """The merge of two states. A state that has seen nothing (the units of the monoids) changes nothing."""
    components = algebra.components
    sides = [
        {c.reduction: _input(f"{name}_{place}", c.reduction.array) for place, c in enumerate(components)}
        for name in ("left", "right")
    ]
    joint: dict[Node, Node] = {}
    for component in components:
        moved = [followed(component, side, joint, algebra.moved_centres) for side in sides]
        joint[component.reduction] = apply(ops.COMBINE[component.monoid], *moved)
    return Merge(
        tuple(sides[0].values()), tuple(sides[1].values()), tuple(joint[c.reduction] for c in components)
    )


def _input(name: str, array: Array) -> Node:
    return node(ops.Input(name), array=array)


def _at(expression: Node, state: Mapping[Node, Node], centres: Mapping[Node, Node]) -> Node:
    """An expression at a state, with centres where the fold keeps them."""
    held = {atom: substitute((centre,), dict(state))[0] for atom, centre in centres.items()}
    return substitute((expression,), {**held, **state})[0]


def followed(
    component: Component, old: Mapping[Node, Node], new: Mapping[Node, Node], centres: Mapping[Node, Node]
) -> Node:
    """The value of a component of the state `old` after the earlier ones have become `new`.

    The states are nodes by reduction, `new` those of the earlier components; `centres` are the moved ones of the fold.
    """
    value = old[component.reduction]
    if component.reset is not None:
        reference = component.reset.reference
        kept = apply("eq", old[reference], new[reference])
        return apply("where", kept, value, component.reset.fill)
    if component.selection is not None:
        return head(component.selection, old, new, component.selection.fill, _Nodes())
    if component.terms:
        changes = {
            atom: apply("sub", substitute((centre,), dict(new))[0], substitute((centre,), dict(old))[0])
            for atom, centre in component.centres
        }
        sources = {term.source: _at(term.source, old, centres) for term in component.terms}
        value = horner(component.terms, value, changes, sources, _Nodes())
    return _rescaled(component.rescale, value, old, new, centres)


def _rescaled(
    rescale: Rescale, value: Node, old: Mapping[Node, Node], new: Mapping[Node, Node],
    centres: Mapping[Node, Node],
) -> Node:  # fmt: skip
    for base, sign, term in rescale.exponents:
        value = apply(
            "mul", value, apply(base, _difference(sign, _at(term, old, centres), _at(term, new, centres)))
        )
    for factor, power in rescale.factors:
        before, after = _at(factor, old, centres), _at(factor, new, centres)
        value = apply("mul", value, apply("div", *((after, before) if power == 1 else (before, after))))
    for sign, term in rescale.shifts:
        value = apply("add", value, _difference(sign, _at(term, old, centres), _at(term, new, centres)))
    return value


def _difference(sign: int, old: Node, new: Node) -> Node:
    """sign·(new − old), where an empty state, at −inf, stays empty: −inf absorbs what is subtracted from it."""
    return apply("sub", new, _safe(old)) if sign == 1 else apply("sub", old, new)


def _safe(value: Node) -> Node:
    """0 for −inf: an empty state has no reference."""
    return apply("where", apply("eq", value, constant(float("-inf"))), constant(0.0), value)


class _Nodes:
    """Arithmetic on nodes."""

    def plus(self, left: Node, right: Node) -> Node:
        return apply("add", left, right)

    def times(self, left: Node, right: Node) -> Node:
        return apply("mul", left, right)

    def number(self, value: float) -> Node:
        return constant(value)

    def equal(self, left: Node, right: Node) -> Node:
        return apply("eq", left, right)

    def choose(self, condition: Node, chosen: Node, other: Node) -> Node:
        return apply("where", condition, chosen, other)
