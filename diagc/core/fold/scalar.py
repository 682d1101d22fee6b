"""Repairs by one number: what of an element depends on earlier reductions, as factors or as terms.

`A` with `e(x, r') = A(r, r') ⊙ e(x, r)` is found by splitting `e` into what depends on x and what depends on r: over +
by factors (and by terms under an exponential), over max by terms (RedFuser, arXiv 2603.10026; Neptune, 2510.08726).
"""

from __future__ import annotations

from typing import Final

from diagc.core.diagram import Node, apply
from diagc.core.fold.algebra import Dependence, NotStreaming, Rescale, Sign, literal, masked, name_of, negated
from diagc.core.formula import formula

EXPONENTIALS: Final = ("exp", "exp2")


def scalar_factors(current: Node, dependence: Dependence) -> Rescale:
    """The factors of a product that depend on an earlier reduction, for ⊙ = × over ⊕ = +."""
    if current not in dependence.on_reduction:
        return Rescale()
    name = name_of(current)
    if name in EXPONENTIALS:
        found = scalar_terms(current.inputs[0], dependence)
        return Rescale(exponents=tuple((name, sign, term) for sign, term in found))
    if name == "mul":
        return sum((scalar_factors(operand, dependence) for operand in current.inputs), Rescale())
    if name == "recip":
        return scalar_factors(current.inputs[0], dependence).inverse()
    if name == "Cast":
        return scalar_factors(current.inputs[0], dependence)
    chosen = masked(current)
    if chosen is not None and chosen[0] not in dependence.on_reduction:
        return scalar_factors(chosen[1], dependence)
    if not dependence.on_axis(current):
        return Rescale(factors=((current, 1),))
    raise NotStreaming(current, refusal(current, "a product of a factor of each"))


def scalar_terms(current: Node, dependence: Dependence) -> tuple[tuple[Sign, Node], ...]:
    """The terms of a sum that depend on an earlier reduction, for ⊙ = + over ⊕ = max or under an exponential."""
    if current not in dependence.on_reduction:
        return ()
    if not dependence.on_axis(current):
        return ((1, current),)
    name = name_of(current)
    if name == "add":
        return tuple(term for operand in current.inputs for term in scalar_terms(operand, dependence))
    if name == "sub":
        right = scalar_terms(current.inputs[1], dependence)
        return (
            *scalar_terms(current.inputs[0], dependence),
            *((negated(sign), term) for sign, term in right),
        )
    if name == "mul":
        return _scaled_terms(current, dependence)
    if name == "Cast":
        return scalar_terms(current.inputs[0], dependence)
    if (
        name == "where"
        and literal(current.inputs[2]) == float("-inf")
        and current.inputs[0] not in dependence.on_reduction
    ):
        return scalar_terms(current.inputs[1], dependence)
    raise NotStreaming(current, refusal(current, "a sum of a term of each"))


def _scaled_terms(current: Node, dependence: Dependence) -> tuple[tuple[Sign, Node], ...]:
    """c·(s + t) = c·s + c·t where c is free of both the axis and the reductions."""
    mixed = [operand for operand in current.inputs if dependence.mixed(operand)]
    rest = [operand for operand in current.inputs if operand not in mixed]
    if len(mixed) != 1 or any(o in dependence.on_reduction or dependence.on_axis(o) for o in rest):
        raise NotStreaming(current, refusal(current, "a sum of a term of each"))
    return tuple((sign, apply("mul", *rest, term)) for sign, term in scalar_terms(mixed[0], dependence))


def refusal(current: Node, wanted: str) -> str:
    """The sentence for a node that is not of the wanted form."""
    return f"`{formula(current)}` mixes the streamed axis with an earlier result and is not {wanted}"
