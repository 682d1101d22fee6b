"""Normalised exponentials from a saved logarithm of their sum.

With z = ∑ exp(s − m), m = max s and L = m + log z: exp(s − m)·z⁻¹ = exp(s − L). Where z is 0, all s and L are −inf and
the right side is 0 (language, −inf absorbs), so that a mask z > 0 is not needed. Saving L saves m and z.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagc.core import ops
from diagc.core.contraction import is_sum
from diagc.core.diagram import Node, apply, constant, node
from diagc.core.guards import conjuncts
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.forms import function, literal, product


@dataclass(frozen=True, slots=True)
class _Saved:
    """The element exp(s − m), its sum z, and the element exp(s − L) that reads what was saved."""

    element: Node
    total: Node
    normalised: Node


def from_logarithm(roots: tuple[Node, ...], logarithm: Node, stand_in: Node) -> tuple[Node, ...]:
    """The roots, reading `stand_in` for `logarithm` = m + log z where they divide by z; unchanged for another node."""
    saved = _matched(logarithm, stand_in)
    if saved is None:
        return roots
    rules = (
        Rule("quotient-of-exponentials", "exp(s − m)·z⁻¹ = exp(s − L)", lambda n: _quotient(n, saved)),
        Rule(
            "mask-of-exponentials", "where(z > 0, exp(s − L)·e, 0) = exp(s − L)·e", lambda n: _mask(n, saved)
        ),
    )
    return rewrite(roots, rules, Record())


def _matched(logarithm: Node, stand_in: Node) -> _Saved | None:
    terms = logarithm.inputs if function(logarithm) == "add" else ()
    for place, term in enumerate(terms):
        if len(terms) != 2 or function(term) != "log":
            continue
        maximum, total = terms[1 - place], term.inputs[0]
        if not (isinstance(total.op, ops.Reduce) and total.op.monoid == "sum"):
            continue
        element = total.inputs[0]
        difference = element.inputs[0] if function(element) == "exp" else element
        if function(difference) != "sub" or difference.inputs[1] is not maximum:
            continue
        scores = difference.inputs[0]
        if maximum is node(ops.Reduce("max", total.op.axes), scores):
            return _Saved(element, total, apply("exp", apply("sub", scores, stand_in)))
    return None


def _quotient(current: Node, saved: _Saved) -> Node | None:
    if function(current) != "mul":
        return None
    inverse = next((f for f in current.inputs if function(f) == "recip" and f.inputs[0] is saved.total), None)
    if inverse is None:
        return None
    rest = list(current.inputs)
    rest.remove(inverse)
    for place, factor in enumerate(rest):
        made = _replaced(factor, saved, inverse)
        if made is not None:
            return product([*rest[:place], made, *rest[place + 1 :]])
    return None


def _replaced(factor: Node, saved: _Saved, inverse: Node) -> Node | None:
    """A factor exp(s − m), or a sum of products with it that the inverse may enter, with exp(s − L) instead."""
    if factor is saved.element:
        return saved.normalised
    if not isinstance(factor.op, ops.Reduce) or factor.op.monoid != "sum":
        return None
    if set(factor.op.axes) & set(inverse.axes):
        return None
    element = factor.inputs[0]
    if function(element) == "where" and literal(element.inputs[2]) == 0:
        inner = _in_product(element.inputs[1], saved)
        made = None if inner is None else apply("where", element.inputs[0], inner, constant(0.0))
    else:
        made = _in_product(element, saved)
    return None if made is None else node(factor.op, made)


def _in_product(element: Node, saved: _Saved) -> Node | None:
    factors = list(element.inputs) if function(element) == "mul" else [element]
    if saved.element not in factors:
        return None
    factors[factors.index(saved.element)] = saved.normalised
    return product(factors)


def _mask(current: Node, saved: _Saved) -> Node | None:
    if function(current) != "where" or literal(current.inputs[2]) != 0:
        return None
    condition, value, other = current.inputs
    parts = conjuncts(condition)
    kept = [part for part in parts if not _is_positive(part, saved.total)]
    if len(kept) == len(parts) or not _vanishes(value, saved):
        return None
    if not kept:
        return value if value.array == current.array or set(value.axes) == set(current.axes) else None
    return apply("where", kept[0] if len(kept) == 1 else apply("and", *kept), value, other)


def _is_positive(condition: Node, total: Node) -> bool:
    return function(condition) == "gt" and condition.inputs[0] is total and literal(condition.inputs[1]) == 0


def _vanishes(value: Node, saved: _Saved) -> bool:
    """Whether a product has the factor exp(s − L), also under a mask, or a sum over axes free of L has it."""
    if function(value) == "where" and literal(value.inputs[2]) == 0:
        return _vanishes(value.inputs[1], saved)
    factors = value.inputs if function(value) == "mul" else (value,)
    if saved.normalised in factors:
        return True
    sums = [f for f in factors if is_sum(f)]
    kept = [f for f in sums if set(saved.total.axes) <= set(f.axes)]
    return any(_vanishes(f.inputs[0], saved) for f in kept)
