"""Laws of sums in which something stands that a fold over the same axis has to finish first: it leaves the sum.

What is left inside can be folded in the pass that computes what has left. `tests/properties` tests each on random
input.
"""

from __future__ import annotations

from collections.abc import Iterable

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node, apply, reduction, spread, walk
from diagc.core.rewrite import Rule
from diagc.passes.forms import function, product, scaled, total, weighted_terms


def _sum_of_products(current: Node) -> tuple[ops.Reduce, list[Node]] | None:
    """A sum with the factors of what it folds."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"):
        return None
    element = current.inputs[0]
    if function(element) != "mul" or element.dtype.kind != "float":
        return None
    return current.op, list(element.inputs)


def _finishes(current: Node, axes: Iterable[Axis]) -> bool:
    """Whether a node is made of a fold over one of these axes."""
    folded = set(axes)
    return any(isinstance(n.op, ops.Reduce) and folded & set(n.op.axes) for n in walk((current,)))


def _factor_after(current: Node) -> Node | None:
    """∑ₐ_b f·e = ∑ₐ f·∑_b e, where f is made of a fold over b and the sum is a total, as that of a loss."""
    found = _sum_of_products(current)
    if found is None or current.axes:
        return None
    op, factors = found
    for factor in factors:
        outer = [a for a in op.axes if a in factor.axes]
        inner = [a for a in op.axes if a not in factor.axes]
        late = [f for f in factors if not set(inner) & set(f.axes) and set(outer) & set(f.axes)]
        if not outer or not _finishes(factor, inner):
            continue
        kept = [f for f in factors if f not in late]
        if not all(any(a in f.axes for f in kept) for a in inner):
            return None
        folded = reduction("sum", inner, product(kept), op)
        made = reduction("sum", outer, apply("mul", *late, folded), op)
        return made if made.dtype is current.dtype and set(made.axes) == set(current.axes) else None
    return None


def _logarithm_after(current: Node) -> Node | None:
    """∑ₐ e·(b + log z) = ∑ₐ e·b + ∑ₐ e·log z, where z is a fold over a."""
    found = _sum_of_products(current)
    if found is None:
        return None
    op, factors = found
    sums = [f for f in factors if function(f) in ("add", "sub")]
    if len(sums) != 1:
        return None
    terms = list(weighted_terms(sums[0]))
    late = [
        (number, term)
        for number, term in terms
        if function(term) == "log" and not set(op.axes) <= set(term.axes) and _finishes(term, op.axes)
    ]
    early = [pair for pair in terms if pair not in late]
    if not late or not early:
        return None
    rest = [f for f in factors if f is not sums[0]]
    made = [
        reduction(
            "sum", op.axes, spread(product([*rest, total([scaled(*pair) for pair in some])]), op.axes), op
        )
        for some in (early, late)
    ]
    whole = apply("add", *made)
    return whole if whole.dtype is current.dtype and set(whole.axes) == set(current.axes) else None


FINISHED = (
    Rule("factor-after", "∑ₐ_b f·e = ∑ₐ f·∑_b e in a total, f made of a fold over b", _factor_after),
    Rule("logarithm-after", "∑ₐ e·(b + log z) = ∑ₐ e·b + ∑ₐ e·log z, z a fold over a", _logarithm_after),
)
