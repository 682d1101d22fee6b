"""What a streaming fold is: a state, how it follows a change of reference, and how a tile enters it.

A fold over axes has one number of state for each component, earlier ones first; later ones may refer to earlier ones.
When the earlier ones go from r to r', a component follows exactly: by a scalar (`Rescale`), by a Taylor polynomial in
the change of its centres with the sums of its derivatives as coefficients (`Term`), by starting over (`Reset`), or by
going to the best that is left (`Selection`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node, apply, constant, node, spread, walk
from diagc.core.ops import Monoid

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
            tuple((base, negated(sign), term) for base, sign, term in self.exponents),
            tuple((factor, negated(power)) for factor, power in self.factors),
        )


def negated(sign: Sign) -> Sign:
    return -1 if sign == 1 else 1


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a Taylor polynomial: coefficient · Π (u' − u)^power · source, with `source` at the old state."""

    coefficient: float
    powers: tuple[tuple[Node, int], ...]
    source: Node


@dataclass(frozen=True, slots=True)
class Reset:
    """The state becomes `fill` when `reference` changes: what was collected belonged to a value that lost."""

    reference: Node
    fill: Node


@dataclass(frozen=True, slots=True)
class Selection:
    """Rounds 1 … j of taking the best along an axis, for the value or for the place of round j.

    `values` are the extrema r₁ … rⱼ. `places` are where they are attained: p₁ … pⱼ for a place, whose `fill` stands
    where nothing is left, p₁ … pⱼ₋₁ for a value.
    """

    values: tuple[Node, ...]
    places: tuple[Node, ...]
    fill: Node | None = None

    @property
    def taken(self) -> tuple[Node, ...]:
        """The places of the rounds before this one."""
        return self.places[: len(self.values) - 1]


@dataclass(frozen=True, slots=True)
class NotStreaming(Exception):
    """Why an element does not stream: `culprit` mixes the streamed axis with an earlier reduction."""

    culprit: Node
    reason: str


@dataclass(frozen=True, slots=True)
class Component:
    """One number of the state: a reduction, and how its running value follows a change of the earlier ones.

    The new value is (value + Σ terms) rescaled, or the fill of the reset, or the head of the selection. `basis` are the
    reductions that move as one vector, `centres` the expressions whose change moves them, each with what stands for it
    while the fold runs, see `FoldAlgebra.centres`.
    """

    reduction: Node
    rescale: Rescale
    terms: tuple[Term, ...] = ()
    basis: tuple[Node, ...] = ()
    centres: tuple[tuple[Node, Node], ...] = ()
    reset: Reset | None = None
    selection: Selection | None = None

    @property
    def monoid(self) -> Monoid:
        assert isinstance(self.reduction.op, ops.Reduce)
        return self.reduction.op.monoid

    @property
    def element(self) -> Node:
        return self.reduction.inputs[0]

    @property
    def counts(self) -> bool:
        """Whether this is the number of indices processed, which a loop knows without carrying it."""
        return self.reduction == count_of(self.reduction)


@dataclass(frozen=True, slots=True)
class FoldAlgebra:
    """The fold over `axes` whose state is the tuple of its components, earlier ones first."""

    axes: tuple[Axis, ...]
    components: tuple[Component, ...]

    @property
    def carried(self) -> tuple[Component, ...]:
        """The components that a loop has to carry."""
        return tuple(c for c in self.components if not c.counts)

    @property
    def centres(self) -> dict[Node, Node]:
        """Centres with the expression that stands for each while the fold runs.

        Because every component follows exactly between any two references, a running state may be kept about any
        centre. A centre is 0 where it is not finite; sums that enter it are extrapolated from the indices seen to all
        of them: the centre of a running variance is the mean so far, not the sum so far by the full size. At the end
        the two agree.
        """
        return {atom: centre for c in self.components for atom, centre in c.centres}

    @property
    def moved_centres(self) -> dict[Node, Node]:
        """The centres that stand in elements too; a reduction of the fold itself stands there as it is."""
        reductions = {c.reduction for c in self.components}
        return {atom: centre for atom, centre in self.centres.items() if atom not in reductions}


def count_of(reduction: Node) -> Node:
    """∑ 1 over the axes of a reduction: how many indices it has seen."""
    assert isinstance(reduction.op, ops.Reduce)
    return node(ops.Reduce("sum", reduction.op.axes), spread(constant(1.0), reduction.op.axes))


def finite_or_zero(centre: Node) -> Node:
    """A centre that serves: where there is none yet (nothing seen, or only elements of weight 0), 0 does as well."""
    return apply("where", apply("lt", apply("abs", centre), constant(float("inf"))), centre, constant(0.0))


class Dependence:
    """Which nodes depend on given reductions, and which carry given axes."""

    def __init__(self, roots: Iterable[Node], reductions: Iterable[Node], axes: Iterable[Axis]) -> None:
        self.axes = frozenset(axes)
        self.on_reduction = set(reductions)
        self._seen = set(self.on_reduction)
        for current in walk(tuple(roots)):
            self.depends(current)

    def depends(self, current: Node) -> bool:
        """Whether a node needs one of the reductions; also for nodes made of those below the roots."""
        if current not in self._seen:
            self._seen.add(current)
            if any(self.depends(operand) for operand in current.inputs):
                self.on_reduction.add(current)
        return current in self.on_reduction

    def mixed(self, current: Node) -> bool:
        return self.on_axis(current) and self.depends(current)

    def on_axis(self, current: Node) -> bool:
        return bool(self.axes & set(current.axes))


def name_of(current: Node) -> str:
    """The scalar function of a node, or the kind of its operator."""
    return current.op.function.name if isinstance(current.op, ops.Map) else type(current.op).__name__


def literal(current: Node) -> float | int | bool | None:
    return current.op.value if isinstance(current.op, ops.Constant) else None


def masked(current: Node) -> tuple[Node, Node] | None:
    """Condition and value of `where(c, e, 0)`, else None."""
    if name_of(current) == "where" and literal(current.inputs[2]) == 0:
        return current.inputs[0], current.inputs[1]
    return None
