"""Applying `A(r, r')` to a running state: the quotient of what an element has in r, new over old."""

from __future__ import annotations

from diagc.core.diagram import Node
from diagc.core.fold import Component
from diagc.kernel.builder import Scope
from diagc.kernel.ir import Value
from diagc.kernel.tiles import TileBuilder


def rescaled(builder: TileBuilder, before: Scope, after: Scope, component: Component, state: Value) -> Value:
    """The state of a component after the earlier components went from their old to their new values."""
    rescale = component.rescale
    for sign, term in rescale.shifts:
        change = _difference(builder, before, after, sign, term)
        state = builder.add(after, "add", state, change, dtype=state.dtype, hint=state.hint)
    for base, sign, term in rescale.exponents:
        factor = _exponential(builder, before, after, base, sign, term)
        state = builder.add(after, "mul", state, factor, dtype=state.dtype, hint=state.hint)
    for factor, power in rescale.factors:
        old, new = builder.value(before, factor), builder.value(after, factor)
        quotient = builder.add(after, "div", new, old, dtype=factor.dtype) if power == 1 else builder.add(
            after, "div", old, new, dtype=factor.dtype
        )  # fmt: skip
        state = builder.add(after, "mul", state, quotient, dtype=state.dtype, hint=state.hint)
    return state


def _exponential(
    builder: TileBuilder, before: Scope, after: Scope, base: str, sign: int, term: Node
) -> Value:
    key = (f"{base}{sign}", id(builder.value(after, term)))
    if key not in after.derived:
        change = _difference(builder, before, after, sign, term)
        after.derived[key] = builder.add(after, base, change, dtype=term.dtype, hint="scale")
    return after.derived[key]


def _difference(builder: TileBuilder, before: Scope, after: Scope, sign: int, term: Node) -> Value:
    """sign·(t(new) − t(old)), where −inf − −inf is −inf: an empty state stays empty."""
    old, new = builder.value(before, term), builder.value(after, term)
    left, right = (new, old) if sign == 1 else (old, new)
    if not builder.is_finite(after, term):
        right = builder.or_zero(after, right)
    return builder.add(after, "sub", left, right, dtype=term.dtype)
