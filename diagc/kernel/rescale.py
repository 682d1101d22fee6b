"""Bringing a running state from old to new references: new over old, new minus old, or what is left of a list."""

from __future__ import annotations

from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.core.fold import Component
from diagc.core.fold.horner import horner
from diagc.core.fold.selection import head
from diagc.kernel.builder import Scope
from diagc.kernel.ir import Value
from diagc.kernel.tiles import TileBuilder


def follow(builder: TileBuilder, before: Scope, after: Scope, component: Component, state: Value) -> Value:
    """The state of a component after the earlier components went from their old to their new values."""
    if component.reset is not None:
        old, new = (builder.value(side, component.reset.reference) for side in (before, after))
        kept = builder.add(after, "eq", old, new, dtype=DType.BOOL)
        fill = builder.cast(after, builder.value(after, component.reset.fill), state.dtype)
        return builder.add(after, "where", kept, state, fill, dtype=state.dtype, hint=state.hint)
    if component.selection is not None:
        return _left(builder, before, after, component, state)
    if component.terms:
        changes = {atom: _change(builder, before, after, centre) for atom, centre in component.centres}
        sources = {term.source: builder.value(before, term.source) for term in component.terms}
        state = horner(component.terms, state, changes, sources, _Values(builder, after, state))
    return _rescaled(builder, before, after, component, state)


def _left(builder: TileBuilder, before: Scope, after: Scope, component: Component, state: Value) -> Value:
    """What the running state has for a round once the places of the rounds before it are taken."""
    selection = component.selection
    assert selection is not None
    listed = (*selection.values, *selection.places)
    old = {n: builder.value(before, n) for n in listed}
    new = {n: builder.value(after, n) for n in listed if n is not component.reduction}
    fill = selection.fill
    other = None if fill is None else builder.cast(after, builder.value(after, fill), state.dtype)
    return head(selection, old, new, other, _Choices(builder, after))


def mentioned(component: Component) -> list[Node]:
    """The expressions in earlier results that following a change evaluates."""
    rescale = component.rescale
    found = [term for _, _, term in rescale.exponents] + [factor for factor, _ in rescale.factors]
    found += [term for _, term in rescale.shifts] + [term.source for term in component.terms]
    return found


class _Values:
    """Arithmetic on values, in the dtype of a state."""

    def __init__(self, builder: TileBuilder, scope: Scope, state: Value) -> None:
        self.builder = builder
        self.scope = scope
        self.state = state

    def plus(self, left: Value, right: Value) -> Value:
        return self._apply("add", left, right)

    def times(self, left: Value, right: Value) -> Value:
        return self._apply("mul", left, right)

    def number(self, value: float) -> Value:
        return self.builder.literal(self.scope, value, self.state.dtype)

    def _apply(self, function: str, left: Value, right: Value) -> Value:
        return self.builder.add(
            self.scope, function, left, right, dtype=self.state.dtype, hint=self.state.hint
        )


class _Choices:
    """Choices between values, shared by the rounds of a selection."""

    def __init__(self, builder: TileBuilder, scope: Scope) -> None:
        self.builder = builder
        self.scope = scope

    def equal(self, left: Value, right: Value) -> Value:
        return self._shared("eq", left, right, dtype=DType.BOOL)

    def choose(self, condition: Value, chosen: Value, other: Value) -> Value:
        return self._shared("where", condition, chosen, other, dtype=other.dtype)

    def _shared(self, function: str, *operands: Value, dtype: DType) -> Value:
        *first, last = operands
        key = (" ".join((function, *(str(id(o)) for o in first))), id(last))
        if key not in self.scope.derived:
            made = self.builder.add(self.scope, function, *operands, dtype=dtype, hint=last.hint)
            self.scope.derived[key] = made
        return self.scope.derived[key]


def _change(builder: TileBuilder, before: Scope, after: Scope, centre: Node) -> Value:
    """New minus old centre; shared by the components that follow it."""
    old, new = builder.value(before, centre), builder.value(after, centre)
    key = ("change", id(new))
    if key not in after.derived:
        after.derived[key] = builder.add(after, "sub", new, old, dtype=centre.dtype, hint="change")
    return after.derived[key]


def _rescaled(builder: TileBuilder, before: Scope, after: Scope, component: Component, state: Value) -> Value:
    rescale = component.rescale
    for sign, term in rescale.shifts:
        change = _difference(builder, before, after, sign, term)
        state = builder.add(after, "add", state, change, dtype=state.dtype, hint=state.hint)
    for base, sign, term in rescale.exponents:
        factor = _exponential(builder, before, after, base, sign, term)
        state = builder.add(after, "mul", state, factor, dtype=state.dtype, hint=state.hint)
    for factor, power in rescale.factors:
        old, new = builder.value(before, factor), builder.value(after, factor)
        over, under = (new, old) if power == 1 else (old, new)
        quotient = builder.add(after, "div", over, under, dtype=factor.dtype)
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
