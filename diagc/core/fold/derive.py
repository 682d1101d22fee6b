"""How a reduction follows the earlier ones of its pass: the repairs, each tried where its law holds.

A cascade of reductions over an axis, `r_j = ⊕_j over k of e_j(x_k, r_1 … r_{j-1})`, streams iff every dependence on
an earlier `r` can be repaired. Over a sum: scalars that multiply it, and polynomials through the vector of their
derivatives. Over a max or min: terms that are added, or the best that is left where earlier rounds took theirs. Over
any of these: an element that counts only where x attains an earlier extremum starts over when the extremum changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from diagc.core import ops
from diagc.core.diagram import Node
from diagc.core.fold.algebra import Component, Dependence, NotStreaming, Rescale, Reset, literal, name_of
from diagc.core.fold.moments import sum_components
from diagc.core.fold.scalar import scalar_terms
from diagc.core.fold.selection import selection_of
from diagc.core.formula import formula


def derive_components(reduction: Node, earlier: Iterable[Component]) -> tuple[Component, ...]:
    """The components that carry a reduction beside the `earlier` ones: its own, and what that needs besides.

    Raises `NotStreaming` when no repair is found.
    """
    assert isinstance(reduction.op, ops.Reduce)
    before = tuple(earlier)
    element = reduction.inputs[0]
    dependence = Dependence((element,), (c.reduction for c in before), reduction.op.axes)
    if element not in dependence.on_reduction:
        return (Component(reduction, Rescale()),)
    reset = _reset(reduction, dependence)
    if reset is not None:
        return (Component(reduction, Rescale(), reset=reset),)
    selection = selection_of(reduction, dependence)
    if selection is not None:
        return (Component(reduction, Rescale(), selection=selection),)
    match reduction.op.monoid:
        case "sum":
            return sum_components(reduction, before)
        case "max" | "min":
            return (Component(reduction, Rescale(shifts=scalar_terms(element, dependence))),)
        case monoid:
            raise NotStreaming(
                element,
                f"`{formula(element)}` changes with an earlier result, and no repair distributes over `{monoid}`",
            )


def _reset(reduction: Node, dependence: Dependence) -> Reset | None:
    """`where(s == r, e, k)` under sum (k = 0), max or min, where r is the extremum of s over the same axes.

    Let r change to r' on merging. Then no element seen so far equals r', so all of them are k, and the fold of these
    is k: max and min are idempotent, and a sum of zeros is 0.
    """
    assert isinstance(reduction.op, ops.Reduce)
    element = reduction.inputs[0]
    while name_of(element) == "Cast":
        element = element.inputs[0]
    if name_of(element) != "where" or reduction.op.monoid not in ("sum", "max", "min"):
        return None
    condition, value, fill = element.inputs
    if value in dependence.on_reduction or fill in dependence.on_reduction or dependence.on_axis(fill):
        return None
    if reduction.op.monoid == "sum" and literal(fill) != 0:
        return None
    parts = condition.inputs if name_of(condition) == "and" else (condition,)
    moving = [part for part in parts if part in dependence.on_reduction]
    reference = _extremum(moving[0], reduction.op, dependence) if len(moving) == 1 else None
    return None if reference is None else Reset(reference, fill)


def _extremum(condition: Node, op: ops.Reduce, dependence: Dependence) -> Node | None:
    """The r of `s == r` with r = max s or min s, where s does not move with an earlier result itself."""
    if name_of(condition) != "eq" or len(condition.inputs) != 2:
        return None
    for r, s in (condition.inputs, condition.inputs[::-1]):
        moves = s in dependence.on_reduction or r not in dependence.on_reduction
        if moves or not isinstance(r.op, ops.Reduce) or r.inputs[0] != s:
            continue
        if r.op.monoid in ("max", "min") and set(r.op.axes) == set(op.axes):
            return r
    return None
