"""Streaming folds, found by algebra.

A cascade of reductions over an axis, `r_j = ⊕_j over k of e_j(x_k, r_1 … r_{j-1})`, streams iff every dependence on
an earlier `r` can be repaired: there is `A(r, r')`, free of `x`, with `e(x, r') = A(r, r') ⊙ e(x, r)` where ⊙
distributes over ⊕ (RedFuser, arXiv 2603.10026; Neptune, 2510.08726; derivation.md §1). `A` is found by splitting `e`
into what depends on x and what depends on r: over + by factors (and by terms under an exponential), over max by terms.
The state of the fold is then the vector of all r; `merge` brings two states to their joint r and adds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node, apply, walk
from diagc.core.ops import Monoid

EXPONENTIALS: Final = ("exp", "exp2")
Sign = Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Rescale:
    """`A(r, r')` as a quotient of the same expressions at the new and at the old state.

    `exponents` are terms t with sign s under a base: A contains base(s·(t(r') − t(r))). `factors` are expressions f
    with a power ±1: A contains (f(r') / f(r))^±1. `shifts` are terms that a max or min adds: t(r') − t(r).
    """

    exponents: tuple[tuple[str, Sign, Node], ...] = ()
    factors: tuple[tuple[Node, Sign], ...] = ()
    shifts: tuple[tuple[Sign, Node], ...] = ()

    @property
    def is_identity(self) -> bool:
        return not (self.exponents or self.factors or self.shifts)

    def __add__(self, other: Rescale) -> Rescale:
        return Rescale(
            self.exponents + other.exponents, self.factors + other.factors, self.shifts + other.shifts
        )

    def inverse(self) -> Rescale:
        """The rescaling by 1 / A."""
        return Rescale(
            tuple((base, _negated(sign), term) for base, sign, term in self.exponents),
            tuple((factor, _negated(power)) for factor, power in self.factors),
        )


def _negated(sign: Sign) -> Sign:
    return -1 if sign == 1 else 1


@dataclass(frozen=True, slots=True)
class NotStreaming(Exception):
    """Why an element does not stream: `culprit` mixes the streamed axis with an earlier reduction."""

    culprit: Node
    reason: str


@dataclass(frozen=True, slots=True)
class Component:
    """One number of the state: a reduction, and how its running value follows a change of the earlier ones."""

    reduction: Node
    rescale: Rescale

    @property
    def monoid(self) -> Monoid:
        assert isinstance(self.reduction.op, ops.Reduce)
        return self.reduction.op.monoid

    @property
    def element(self) -> Node:
        return self.reduction.inputs[0]


@dataclass(frozen=True, slots=True)
class FoldAlgebra:
    """The fold over `axes` whose state is the tuple of its components, earlier ones first."""

    axes: tuple[Axis, ...]
    components: tuple[Component, ...]


class Dependence:
    """Which nodes depend on given reductions, and which carry given axes."""

    def __init__(self, roots: Iterable[Node], reductions: Iterable[Node], axes: Iterable[Axis]) -> None:
        self.axes = frozenset(axes)
        self.on_reduction = set(reductions)
        for current in walk(tuple(roots)):
            if any(operand in self.on_reduction for operand in current.inputs):
                self.on_reduction.add(current)

    def mixed(self, current: Node) -> bool:
        return self.on_axis(current) and current in self.on_reduction

    def on_axis(self, current: Node) -> bool:
        return bool(self.axes & set(current.axes))


def derive_component(reduction: Node, earlier: Iterable[Node]) -> Component:
    """How a reduction follows the `earlier` ones of its pass. Raises `NotStreaming` when no repair is found."""
    assert isinstance(reduction.op, ops.Reduce)
    element = reduction.inputs[0]
    dependence = Dependence((element,), earlier, reduction.op.axes)
    if element not in dependence.on_reduction:
        return Component(reduction, Rescale())
    match reduction.op.monoid:
        case "sum":
            return Component(reduction, _factors(element, dependence))
        case "max" | "min":
            return Component(reduction, Rescale(shifts=_terms(element, dependence)))
        case monoid:
            raise NotStreaming(element, f"nothing distributes over `{monoid}`")


def _name(current: Node) -> str:
    return current.op.function.name if isinstance(current.op, ops.Map) else type(current.op).__name__


def _factors(current: Node, dependence: Dependence) -> Rescale:
    """The factors of a product that depend on an earlier reduction, for ⊙ = × over ⊕ = +."""
    if current not in dependence.on_reduction:
        return Rescale()
    name = _name(current)
    if name in EXPONENTIALS:
        terms = _terms(current.inputs[0], dependence)
        return Rescale(exponents=tuple((name, sign, term) for sign, term in terms))
    if name == "mul":
        return sum((_factors(operand, dependence) for operand in current.inputs), Rescale())
    if name == "recip":
        return _factors(current.inputs[0], dependence).inverse()
    if name == "Cast":
        return _factors(current.inputs[0], dependence)
    if name == "where" and _is_zero(current.inputs[2]) and current.inputs[0] not in dependence.on_reduction:
        return _factors(current.inputs[1], dependence)
    if not dependence.on_axis(current):
        return Rescale(factors=((current, 1),))
    raise NotStreaming(
        current, f"`{name}` mixes the streamed axis with an earlier reduction and is not a product"
    )


def _terms(current: Node, dependence: Dependence) -> tuple[tuple[Sign, Node], ...]:
    """The terms of a sum that depend on an earlier reduction, for ⊙ = + over ⊕ = max or under an exponential."""
    if current not in dependence.on_reduction:
        return ()
    if not dependence.on_axis(current):
        return ((1, current),)
    name = _name(current)
    if name == "add":
        return tuple(term for operand in current.inputs for term in _terms(operand, dependence))
    if name == "sub":
        right = _terms(current.inputs[1], dependence)
        return (*_terms(current.inputs[0], dependence), *((_negated(sign), term) for sign, term in right))
    if name == "mul":
        return _scaled_terms(current, dependence)
    if name == "Cast":
        return _terms(current.inputs[0], dependence)
    if (
        name == "where"
        and _is_negative_infinity(current.inputs[2])
        and current.inputs[0] not in dependence.on_reduction
    ):
        return _terms(current.inputs[1], dependence)
    raise NotStreaming(
        current, f"`{name}` mixes the streamed axis with an earlier reduction and is not a sum"
    )


def _scaled_terms(current: Node, dependence: Dependence) -> tuple[tuple[Sign, Node], ...]:
    """c·(s + t) = c·s + c·t where c is free of both the axis and the reductions."""
    mixed = [operand for operand in current.inputs if dependence.mixed(operand)]
    rest = [operand for operand in current.inputs if operand not in mixed]
    if len(mixed) != 1 or any(o in dependence.on_reduction or dependence.on_axis(o) for o in rest):
        raise NotStreaming(current, "a product of the streamed axis and an earlier reduction is not a sum")
    return tuple((sign, apply("mul", *rest, term)) for sign, term in _terms(mixed[0], dependence))


def _constant(current: Node) -> float | int | bool | None:
    return current.op.value if isinstance(current.op, ops.Constant) else None


def _is_zero(current: Node) -> bool:
    return _constant(current) == 0


def _is_negative_infinity(current: Node) -> bool:
    return _constant(current) == float("-inf")
