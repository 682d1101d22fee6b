"""Laws of masks, however they are written: comparisons the other way round, masks that are added, flags as numbers.

Comparisons of integers are one affine form; where one branch of a choice is a number it is the second; a mask by −∞
stands around what it was added to. Logarithms of sums leave exponentials, whose normalisation is then a quotient.
"""

from __future__ import annotations

import math
from collections import Counter

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import is_sum
from diagc.core.diagram import Node, apply, constant, node
from diagc.core.finite import finite, positive_sum
from diagc.core.guards import positive
from diagc.core.integers import INVERSE, Bound, affine, bound, is_order
from diagc.core.meaning import of_constants
from diagc.core.rewrite import Rule
from diagc.passes.forms import function, literal, product, scaled, total, weighted_terms

# ---- comparisons of integers


def _integer_order(current: Node) -> Node | None:
    """a − 1 < b, b > a − 1 and a <= b: what counts up on the left, what counts down on the right."""
    found = bound(current)
    if found is None or not found.terms:
        return None
    name, left, right = _sides(found)
    now = [affine(o) for o in current.inputs]
    if function(current) == name and now == [left, right]:
        return None
    made = apply(name, _written(*left), _written(*right))
    return made if made.axes and set(made.axes) == set(current.axes) else None


_Form = tuple[dict[Axis | Node, int], int]


def _sides(found: Bound) -> tuple[str, _Form, _Form]:
    """The comparison and its sides, with the number where it is positive; a number alone is on the right."""
    up = {part: count for part, count in found.terms.items() if count > 0}
    down = {part: -count for part, count in found.terms.items() if count < 0}
    number = found.constant
    if not down:
        return "le", (up, 0), ({}, -number)
    if not up:
        return "ge", (down, 0), ({}, number)
    if number == 1:
        return "lt", (up, 0), (down, 0)
    return "le", (up, max(number, 0)), (down, max(-number, 0))


def _written(terms: dict[Axis | Node, int], number: int) -> Node:
    parts = [node(ops.Iota(part)) if isinstance(part, Axis) else part for part in terms]
    made = [
        part if count == 1 else apply("mul", constant(count), part)
        for part, count in zip(parts, terms.values(), strict=True)
    ]
    made += [constant(number)] if number or not made else []
    return made[0] if len(made) == 1 else apply("add", *made)


def _inverse(condition: Node) -> Node | None:
    """The negation of a condition without a `not`, where it has one."""
    name = function(condition)
    if is_order(condition):
        return apply(INVERSE[str(name)], *condition.inputs)
    if name == "not":
        return condition.inputs[0]
    if name in ("and", "or"):
        parts = [_inverse(part) for part in condition.inputs]
        found = [part for part in parts if part is not None]
        return apply("or" if name == "and" else "and", *found) if len(found) == len(parts) else None
    return None


def _not_order(current: Node) -> Node | None:
    if function(current) != "not" or function(current.inputs[0]) == "not":
        return None
    return _inverse(current.inputs[0])


def _number_second(current: Node) -> Node | None:
    """where(c, k, a) = where(not c, a, k) for a number k; −∞ comes after other numbers."""
    if function(current) != "where" or function(current.inputs[0]) == "not":
        return None
    condition, value, other = current.inputs
    masks = literal(value) == -math.inf and literal(other) != -math.inf
    if literal(value) is None or not (literal(other) is None or masks):
        return None
    turned = _inverse(condition)
    return None if turned is None else apply("where", turned, other, value)


def _flag(current: Node) -> Node | None:
    """where(c, k, l) = n for numbers is c, not c, or neither."""
    if function(current) not in ("eq", "ne", "lt", "le", "gt", "ge"):
        return None
    places = [i for i, o in enumerate(current.inputs) if function(o) == "where"]
    if len(places) != 1 or literal(current.inputs[1 - places[0]]) is None:
        return None
    condition, *branches = current.inputs[places[0]].inputs
    numbers = [literal(branch) for branch in branches]
    if None in numbers:
        return None
    name, other = str(function(current)), literal(current.inputs[1 - places[0]])
    found = [
        bool(of_constants(name, [n, other] if places[0] == 0 else [other, n]))  # pyright: ignore[reportArgumentType]
        for n in numbers
    ]
    if found[0] == found[1]:
        return None
    return condition if found[0] else apply("not", condition)


# ---- masks by −∞


def _is_mask(current: Node) -> bool:
    return function(current) == "where" and literal(current.inputs[2]) == -math.inf


def _combined(terms: list[tuple[float, Node]]) -> Node:
    """A sum of numbers times terms, as what is added minus what is taken away."""
    added = [scaled(number, term) for number, term in terms if number > 0]
    taken = [scaled(-number, term) for number, term in terms if number < 0]
    if not added:
        return apply("mul", constant(-1.0), total(taken))
    return apply("sub", total(added), total(taken)) if taken else total(added)


def _added_mask(current: Node) -> Node | None:
    """a + where(c, b, −∞) = where(c, a + b, −∞), for a along all axes of c."""
    if function(current) not in ("add", "sub") or current.dtype.kind != "float":
        return None
    terms = list(weighted_terms(current))
    masks = [term for number, term in terms if number == 1 and _is_mask(term)]
    if len({mask.inputs[0] for mask in masks}) != 1:
        return None
    condition, value, other = masks[0].inputs
    rest = [(number, term) for number, term in terms if term is not masks[0]]
    inside = [(n, t) for n, t in rest if set(condition.axes) <= set(t.axes)]
    if literal(value) == 0:
        inside = inside or rest
    else:
        inside += [(1.0, value)] if inside else []
    if not inside:
        return None
    masked = apply("where", condition, _combined(inside), other)
    made = _combined([(1.0, masked), *(pair for pair in rest if pair not in inside)])
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


def _mask_of_addition(current: Node) -> Node | None:
    """where(c, a + b, −∞) = where(c, a, −∞) + b, for b that lacks an axis of c, as a maximum of rows does."""
    if not _is_mask(current) or function(current.inputs[1]) not in ("add", "sub"):
        return None
    condition, value, other = current.inputs
    terms = list(weighted_terms(value))
    inside = [(n, t) for n, t in terms if set(condition.axes) <= set(t.axes)]
    if not inside or len(inside) == len(terms):
        return None
    masked = apply("where", condition, _combined(inside), other)
    made = _combined([(1.0, masked), *(pair for pair in terms if pair not in inside)])
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


def _mask_in_mask(current: Node) -> Node | None:
    """where(c, f(where(c, a, b)), −∞) = where(c, f(a), −∞), for sums and products f."""
    if not _is_mask(current):
        return None
    condition, value, other = current.inputs
    inside = _chosen(condition, value, _DEEP)
    if inside is value or set(inside.axes) != set(value.axes) or inside.dtype is not value.dtype:
        return None
    return apply("where", condition, inside, other)


_DEEP = 4
"""Sums and products inside each other that are searched for what a mask around them decides."""


def _chosen(condition: Node, value: Node, deep: int) -> Node:
    """A sum or product as it is where the condition holds."""
    if function(value) == "where" and value.inputs[0] == condition:
        return value.inputs[1]
    if not deep or function(value) not in ("add", "sub", "mul"):
        return value
    inputs = tuple(_chosen(condition, part, deep - 1) for part in value.inputs)
    return value if inputs == value.inputs else apply(str(function(value)), *inputs)


def _scaled_mask(current: Node) -> Node | None:
    """k · where(c, a, −∞) = where(c, k·a, −∞) for a number k > 0."""
    if function(current) != "mul" or len(current.inputs) != 2:
        return None
    for number, mask in (current.inputs, current.inputs[::-1]):
        value = number.op.value if isinstance(number.op, ops.Constant) else 0
        if 0 < value < math.inf and _is_mask(mask):
            made = apply("where", mask.inputs[0], apply("mul", number, mask.inputs[1]), mask.inputs[2])
            return made if made.dtype is current.dtype else None
    return None


# ---- exponentials of logarithms


def _exponential_of_logarithm(current: Node) -> Node | None:
    """exp(a − log z) = exp(a)·z⁻¹ for z > 0; where z = ∑ exp(a) may be 0, so is the exponential there."""
    if function(current) != "exp" or function(current.inputs[0]) != "sub":
        return None
    terms = list(weighted_terms(current.inputs[0]))
    taken = [t for number, t in terms if number == -1 and function(t) == "log"]
    if len(taken) != 1:
        return None
    (z,), rest = taken[0].inputs, [(n, t) for n, t in terms if t is not taken[0]]
    if not all(abs(number) == 1 for number, _ in rest):
        return None
    own = z.inputs[0] if is_sum(z) else None
    if own is None or function(own) != "exp" or Counter(weighted_terms(own.inputs[0])) != Counter(rest):
        if not positive(z):
            return None
        added, less = ([t for n, t in rest if n == sign] for sign in (1, -1))
        own = apply("exp", apply("sub", total(added), total(less)) if less else total(added))
    made = product([own, apply("recip", z)])
    if not positive(z) and not positive_sum(z):
        made = apply("where", apply("gt", z, constant(0.0)), made, constant(0.0))
    return made if made.dtype is current.dtype else None


def _absolute(current: Node) -> Node | None:
    """|a| = a for a >= 0."""
    return current.inputs[0] if function(current) == "abs" and _nonnegative(current.inputs[0]) else None


def _nonnegative(current: Node) -> bool:
    match current.op:
        case ops.Reduce("sum" | "max" | "min" | "prod"):
            return _nonnegative(current.inputs[0])
        case ops.Map(function) if function.name in ("mul", "add"):
            return all(map(_nonnegative, current.inputs))
        case ops.Map(function):
            return function.name in ("abs", "relu") or positive(current)
        case _:
            return positive(current)


def _finite_guard(current: Node) -> Node | None:
    """where(|a| < ∞, b, c) = b where a is finite."""
    if function(current) != "where" or function(current.inputs[0]) != "lt":
        return None
    size, limit = current.inputs[0].inputs
    if function(size) != "abs" or literal(limit) != math.inf or not finite(size.inputs[0]):
        return None
    made = current.inputs[1]
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


MASK_SPELLINGS = (
    Rule("integer-order", "a < b = a + 1 <= b for integers", _integer_order),
    Rule("not-order", "not a < b = b <= a for integers; not (c and d) = not c or not d", _not_order),
    Rule("number-second", "where(c, k, a) = where(not c, a, k) for a number k", _number_second),
    Rule("flag", "(where(c, k, l) = k) = c for numbers k, l", _flag),
    Rule("added-mask", "a + where(c, b, −∞) = where(c, a + b, −∞), a along c", _added_mask),
    Rule("mask-of-addition", "where(c, a + b, −∞) = where(c, a, −∞) + b, b not along c", _mask_of_addition),
    Rule("mask-in-mask", "where(c, f(where(c, a, b)), −∞) = where(c, f(a), −∞)", _mask_in_mask),
    Rule("scaled-mask", "k·where(c, a, −∞) = where(c, k·a, −∞) for numbers k > 0", _scaled_mask),
    Rule("exponential-of-logarithm", "exp(a − log z) = exp(a)·z⁻¹ for z > 0", _exponential_of_logarithm),
    Rule("absolute", "|a| = a for a >= 0", _absolute),
    Rule("finite-guard", "where(|a| < ∞, b, c) = b for finite a", _finite_guard),
)
