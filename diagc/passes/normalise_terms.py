"""Laws of sums of products, and of masks inside sums, that derivatives need for a short form.

Valid for finite operands, as the others are; `tests/properties` tests each on random input.
"""

from __future__ import annotations

from collections import Counter

from diagc.core import ops
from diagc.core.diagram import Node, apply, constant, reduction, spread, walk
from diagc.core.guards import conjuncts, known_value, positive
from diagc.core.rewrite import Rule
from diagc.passes.forms import function, literal, product, scaled, tidy, total, weighted_terms


def _factors(term: Node) -> tuple[float, Counter[Node]]:
    """A term as a number times other factors."""
    factors = term.inputs if function(term) == "mul" else (term,)
    number, rest = 1.0, Counter[Node]()
    for factor in factors:
        if isinstance(factor.op, ops.Constant):
            number *= float(factor.op.value)
        else:
            rest[factor] += 1
    return number, rest


def _term(number: float, factors: Counter[Node]) -> Node:
    every = list(factors.elements())
    return product(every if number == 1.0 and every else [constant(number), *every])


def _weighted_factors(current: Node) -> list[tuple[float, Counter[Node]]]:
    """The terms of a sum or a difference as numbers times factors; empty for what is neither."""
    if function(current) not in ("add", "sub") or current.dtype.kind != "float":
        return []
    found = [(number, *_factors(term)) for number, term in weighted_terms(current)]
    return [(number * own, factors) for number, own, factors in found]


def _like_terms(current: Node) -> Node | None:
    """c·e + d·e = (c + d)·e for numbers c, d."""
    terms = _weighted_factors(current)
    found: dict[frozenset[tuple[Node, int]], tuple[float, Counter[Node]]] = {}
    for number, factors in terms:
        key = frozenset(factors.items())
        found[key] = (tidy(found[key][0] + number) if key in found else number, factors)
    if len(found) == len(terms) and all(number for number, _ in terms):
        return None
    kept = [_term(number, factors) for number, factors in found.values() if number]
    made = spread(total(kept) if kept else constant(0.0), current.axes)
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


def _common_factor(current: Node) -> Node | None:
    """f·a + f·b = f·(a + b)."""
    terms = _weighted_factors(current)
    if len(terms) < 2:
        return None
    common = _shared(terms)
    sizes = {abs(number) for number, _ in terms}
    number = sizes.pop() if len(sizes) == 1 and all(factors for _, factors in terms) else 1.0
    if not number or (not common and number == 1.0):
        return None
    rest = total([_term(own / number, factors - common) for own, factors in terms])
    made = product(
        [*common.elements(), rest] if number == 1.0 else [constant(number), *common.elements(), rest]
    )
    return made if made.dtype is current.dtype else None


def _shared(terms: list[tuple[float, Counter[Node]]]) -> Counter[Node]:
    """What is a factor of every term."""
    common = terms[0][1].copy()
    for _, factors in terms[1:]:
        common &= factors
    return common


def _factor_of_some(current: Node) -> Node | None:
    """f·a + f·b + c = f·(a + b) + c, where there is no other choice: of terms that share factors, all share f."""
    terms = _weighted_factors(current)
    groups = list[list[tuple[float, Counter[Node]]]]()
    for term in terms:
        joined = [group for group in groups if any(term[1] & other for _, other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(other for group in joined for other in group), term])
    if len(groups) < 2 or not any(len(group) > 1 and _shared(group) for group in groups):
        return None
    made = total([_factored(group) for group in groups])
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


def _factored(terms: list[tuple[float, Counter[Node]]]) -> Node:
    common = _shared(terms) if len(terms) > 1 else Counter[Node]()
    rest = total([_term(number, factors - common) for number, factors in terms])
    return product([*common.elements(), rest]) if common else rest


def _minus_difference(current: Node) -> Node | None:
    """a − f·(b − c) = a + f·(c − b), where one factor is a difference."""
    if function(current) not in ("add", "sub") or current.dtype.kind != "float":
        return None
    terms = list(weighted_terms(current))
    turned = [_turned(*term) for term in terms]
    if turned == terms:
        return None
    made = total([scaled(*term) for term in turned])
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


def _turned(number: float, term: Node) -> tuple[float, Node]:
    """A negative number times a term as a positive one, where the term has one difference to turn round."""
    differences = [f for f in term.inputs if function(f) == "sub"] if function(term) == "mul" else []
    if number > 0 or len(differences) != 1:
        return number, term
    rest = [f for f in term.inputs if f is not differences[0]]
    return -number, product([*rest, apply("sub", *reversed(differences[0].inputs))])


def _cancel(current: Node) -> Node | None:
    """a·a⁻¹ = 1 for a > 0."""
    if function(current) != "mul" or current.dtype.kind != "float":
        return None
    for place, factor in enumerate(current.inputs):
        inner = factor.inputs[0] if function(factor) == "recip" else None
        if inner is None or not positive(inner) or inner.axes:
            continue
        rest = [*current.inputs[:place], *current.inputs[place + 1 :]]
        if inner in rest:
            rest.remove(inner)
            made = product(rest)
            return made if made.dtype is current.dtype else None
    return None


def _implied_mask(current: Node) -> Node | None:
    """where(b, e, 0) = e where e is 0 without b: it has a factor under the same mask already."""
    if function(current) != "where" or literal(current.inputs[2]) != 0 or current.dtype.kind != "float":
        return None
    condition, value, _ = current.inputs
    kept = [part for part in conjuncts(condition) if not _vanishes_without(part, value)]
    if len(kept) == len(conjuncts(condition)) or set(value.axes) != set(current.axes):
        return None
    if not kept:
        return value if value.dtype is current.dtype else None
    return apply("where", kept[0] if len(kept) == 1 else apply("and", *kept), value, constant(0.0))


def _mask_of_sum(current: Node) -> Node | None:
    """where(c, a, 0) + where(c, b, 0) = where(c, a + b, 0)."""
    if function(current) not in ("add", "sub") or current.dtype.kind != "float":
        return None
    rest, masked = list[Node](), dict[Node, list[Node]]()
    for number, term in weighted_terms(current):
        if function(term) == "where" and literal(term.inputs[2]) == 0:
            masked.setdefault(term.inputs[0], []).append(scaled(number, term.inputs[1]))
        else:
            rest.append(scaled(number, term))
    if all(len(values) == 1 for values in masked.values()):
        return None
    joined = [apply("where", c, total(values), constant(0.0)) for c, values in masked.items()]
    made = total([*rest, *joined])
    return made if made.dtype is current.dtype else None


def _vanishes_without(part: Node, value: Node) -> bool:
    """Whether a factor of the value is 0 wherever a conjunct of the mask fails."""
    factors = value.inputs if function(value) == "mul" else (value,)
    for factor in factors:
        for mask in walk((factor,)):
            if function(mask) != "where" or part not in conjuncts(mask.inputs[0]):
                continue
            other = literal(mask.inputs[2])
            if other is not None and known_value(factor, {mask: float(other)}) == 0.0:
                return True
    return False


def _masked_sum(current: Node) -> tuple[ops.Reduce, Node, Node] | None:
    """Operator, condition and value of ∑ where(c, e, 0)."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"):
        return None
    element = current.inputs[0]
    if function(element) != "where" or literal(element.inputs[2]) != 0 or element.dtype.kind != "float":
        return None
    return current.op, element.inputs[0], element.inputs[1]


def _total(op: ops.Reduce, condition: Node, value: Node) -> Node:
    element = apply("where", condition, value, constant(0.0))
    return reduction("sum", op.axes, spread(element, op.axes), op)


def _factor_of_masked_sum(current: Node) -> Node | None:
    """∑ₐ where(c, f·e, 0) = f·∑ₐ where(c, e, 0) for f free of a."""
    parts = _masked_sum(current)
    if parts is None or function(parts[2]) != "mul":
        return None
    op, condition, value = parts
    free = [f for f in value.inputs if not set(op.axes) & set(f.axes)]
    bound = [f for f in value.inputs if set(op.axes) & set(f.axes)]
    if not free or not bound:
        return None
    made = apply("mul", *free, _total(op, condition, product(bound)))
    return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None


def _mask_of_masked_sum(current: Node) -> Node | None:
    """∑ₐ where(b and c, e, 0) = where(b, ∑ₐ where(c, e, 0), 0) for b free of a."""
    parts = _masked_sum(current)
    if parts is None:
        return None
    op, condition, value = parts
    free = [part for part in conjuncts(condition) if not set(op.axes) & set(part.axes)]
    bound = [part for part in conjuncts(condition) if set(op.axes) & set(part.axes)]
    if not free or not bound:
        return None
    outer, inner = (p[0] if len(p) == 1 else apply("and", *p) for p in (free, bound))
    return apply("where", outer, _total(op, inner, value), constant(0.0))


TERMS = (
    Rule("like-terms", "c·e + d·e = (c + d)·e for numbers c, d", _like_terms),
    Rule("common-factor", "f·a + f·b = f·(a + b)", _common_factor),
    Rule("factor-of-some", "f·a + f·b + c = f·(a + b) + c, where no other factor is shared", _factor_of_some),
    Rule("minus-of-difference", "a − f·(b − c) = a + f·(c − b)", _minus_difference),
    Rule("cancel", "a·a⁻¹ = 1 for a > 0", _cancel),
)
SUMMED_MASKS = (
    Rule("mask-of-sum", "where(c, a, 0) + where(c, b, 0) = where(c, a + b, 0)", _mask_of_sum),
    Rule("implied-mask", "where(b, e, 0) = e where e vanishes without b", _implied_mask),
    Rule("factor-of-masked-sum", "∑ₐ where(c, f·e, 0) = f·∑ₐ where(c, e, 0), f free of a", _factor_of_masked_sum),
    Rule("mask-of-masked-sum", "∑ₐ where(b and c, e, 0) = where(b, ∑ₐ where(c, e, 0), 0)", _mask_of_masked_sum),
)  # fmt: skip
