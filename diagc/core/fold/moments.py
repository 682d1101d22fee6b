"""Repairs by a vector of sums: an element that is a polynomial in earlier results, closed under derivatives.

e(x, r) = s(x, r) · p(x, u), where s moves by a scalar and p is a polynomial in the centres u. Its derivatives span a
finite space, so with the sums of a basis of it every change of u is exact (Taylor):
∑ p(x, u') = Σ_β (u' − u)^β / β! · ∑ ∂^β p(x, u). A derivative that is free of x is a number times how many indices have
been seen. For the centred square this is the merge of Chan, Golub and LeVeque (1979).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from diagc.core import ops
from diagc.core.axes import Size
from diagc.core.contraction import is_sum
from diagc.core.diagram import Node, apply, cast, constant, reduction, size_node, substitute, walk
from diagc.core.dtypes import DType
from diagc.core.fold.algebra import (
    Component,
    Dependence,
    NotStreaming,
    Rescale,
    Term,
    count_of,
    finite_or_zero,
    masked,
    name_of,
)  # fmt: skip
from diagc.core.fold.polynomial import Polynomial, combination, flat_factors, product, split
from diagc.core.fold.scalar import refusal, scalar_factors

LIMIT: Final = 8
"""Sums that may move together. Beyond that a second pass over the data is cheaper than the arithmetic."""


@dataclass(slots=True)
class Parts:
    """An element taken apart: conditions under which it is not 0, factors that move by a scalar, and the rest."""

    conditions: list[Node] = field(default_factory=list[Node])
    kept: list[Node] = field(default_factory=list[Node])
    mixed: list[Node] = field(default_factory=list[Node])
    rescale: Rescale = field(default_factory=Rescale)

    def element(self, basis: tuple[Node, ...]) -> Node:
        """The element with another polynomial, given by its factors."""
        value = product((*self.kept, *basis))
        if not self.conditions:
            return value
        condition = self.conditions[0] if len(self.conditions) == 1 else apply("and", *self.conditions)
        return apply("where", condition, value, constant(0.0))


def parts_of(element: Node, dependence: Dependence) -> Parts:
    """Factors, through masks and roundings."""
    found, stack = Parts(), [element]
    while stack:
        current = stack.pop()
        chosen = masked(current)
        if name_of(current) == "Cast" and current in dependence.on_reduction:
            stack.append(current.inputs[0])
        elif chosen is not None and chosen[0] not in dependence.on_reduction:
            found.conditions += _conjuncts(chosen[0])
            stack.append(chosen[1])
        elif name_of(current) == "mul":
            stack += reversed(current.inputs)
        else:
            _place(current, dependence, found)
    return found


def _place(current: Node, dependence: Dependence, found: Parts) -> None:
    try:
        rescale = scalar_factors(current, dependence)
    except NotStreaming:
        found.mixed.append(current)
    else:
        found.kept.append(current)
        found.rescale += rescale


def _conjuncts(condition: Node) -> tuple[Node, ...]:
    if name_of(condition) != "and":
        return (condition,)
    return tuple(part for operand in condition.inputs for part in _conjuncts(operand))


def sum_components(target: Node, earlier: tuple[Component, ...]) -> tuple[Component, ...]:
    """A sum and the further sums that it needs to follow the earlier ones. Raises `NotStreaming`."""
    assert isinstance(target.op, ops.Reduce)
    dependence = Dependence(target.inputs, (c.reduction for c in earlier), target.op.axes)
    parts = parts_of(target.inputs[0], dependence)
    if not parts.mixed:
        return (Component(target, parts.rescale),)
    return _Closure(target, parts, dependence, earlier).components()


class _Closure:
    """The span of the derivatives, as it grows."""

    def __init__(
        self, target: Node, parts: Parts, dependence: Dependence, earlier: tuple[Component, ...]
    ) -> None:
        self.target = target
        self.parts = parts
        self.dependence = dependence
        self.polynomial = Polynomial(product(tuple(parts.mixed)), dependence)
        self.known = {_signature(c.reduction): c.reduction for c in earlier if c.monoid == "sum"}
        self.earlier = {c.reduction for c in earlier}
        self.settled = {atom: centre for c in earlier for atom, centre in c.centres}
        self.factors: list[tuple[Node, ...]] = [tuple(parts.mixed)]
        self.sums: list[Node] = [target]

    def components(self) -> tuple[Component, ...]:
        """One component for each sum that is not there already: the count, which centres need, then the target."""
        terms = [self._taylor(product(factors)) for factors in self.factors]  # which grow meanwhile
        basis, centres = tuple(self.sums), self._centres()
        counts = [
            Component(made, Rescale()) for made in basis if _is_count(made) and made not in self.earlier
        ]
        moving = [
            Component(made, self.parts.rescale, found, basis, centres)
            for made, found in zip(basis, terms, strict=True)
            if made not in self.earlier and not _is_count(made)
        ]
        return (*counts, *moving)

    def _taylor(self, root: Node) -> tuple[Term, ...]:
        """The terms of all orders above 0; atoms are differentiated in one order, each set of powers once."""
        atoms = self.polynomial.atoms
        frontier: list[tuple[tuple[int, ...], Node]] = [((), root)]
        found: list[Term] = []
        while frontier:
            taken, current = frontier.pop()
            for place in range(taken[-1] if taken else 0, len(atoms)):
                made = self.polynomial.derivative(current, atoms[place])
                if made is not None:
                    frontier.append(((*taken, place), made))
                    found += self._terms((*taken, place), made)
        return tuple(found)

    def _terms(self, taken: tuple[int, ...], current: Node) -> list[Term]:
        powers = tuple((self.polynomial.atoms[place], count) for place, count in Counter(taken).items())
        inverse = 1.0 / math.prod(math.factorial(count) for _, count in powers)
        taken_apart = split(current, self.dependence)
        scale = float(taken_apart.coefficient) * inverse
        return [
            Term(scale * weight, powers, product((*taken_apart.free, made)))
            for weight, made in self._combination(taken_apart.bound)
            if scale * weight
        ]

    def _combination(self, bound: tuple[Node, ...]) -> list[tuple[float, Node]]:
        """A derivative in the basis, which it joins when it is independent of it."""
        values = [self.polynomial.values(product(factors)) for factors in self.factors]
        found = combination(self.polynomial.values(product(bound)), values)
        if found is not None:
            return [(float(weight), made) for weight, made in zip(found, self.sums, strict=True)]
        if len(self.factors) == LIMIT:
            raise NotStreaming(
                self.target.inputs[0],
                f"its derivatives do not close within {LIMIT} sums over the streamed axis",
            )
        self.factors.append(bound)
        self.sums.append(self._sum(bound))
        return [(1.0, self.sums[-1])]

    def _sum(self, bound: tuple[Node, ...]) -> Node:
        """The sum of a basis element: one that the pass has already, the count, or a new one."""
        assert isinstance(self.target.op, ops.Reduce)
        if not (bound or self.parts.kept or self.parts.conditions):
            return count_of(self.target)
        element = self.parts.element(bound)
        if not set(self.target.op.axes) <= set(element.axes):
            raise NotStreaming(element, refusal(element, "a moment over all of the streamed axes"))
        made = reduction("sum", self.target.op.axes, element, self.target.op)
        return self.known.get(_signature(made), made)

    # ---- centres

    def _centres(self) -> tuple[tuple[Node, Node], ...]:
        """What stands for each centre: what does for earlier sums, since a pass keeps one value of it.

        Where elements are counted alone, sums are extrapolated to the whole axis.
        """
        count = next((made for made in self.sums if _is_count(made)), None)
        found: list[tuple[Node, Node]] = []
        for atom in self.polynomial.atoms:
            sums = [n for n in walk((atom,)) if n in self.earlier and is_sum(n)]
            centre = atom
            if count is not None and atom not in self.earlier:
                scale = extrapolation(count)
                (centre,) = substitute((atom,), {made: apply("mul", made, scale) for made in sums})
            found.append((atom, self.settled.get(atom) or finite_or_zero(centre)))
        return tuple(found)


def extrapolation(count: Node) -> Node:
    """All indices by those seen: exactly 1 when all have been seen, and finite before the first."""
    assert isinstance(count.op, ops.Reduce)
    size = math.prod((axis.size for axis in count.op.axes), start=Size.constant(1))
    total = cast(size_node(size), DType.F32)
    ratio = apply("div", total, apply("max", count, constant(1.0)))
    return apply("where", apply("eq", count, total), constant(1.0), ratio)


def _is_count(made: Node) -> bool:
    return made == count_of(made)


def _signature(made: Node) -> tuple[object, ...]:
    """What a sum adds up, whatever the order of its factors and conditions."""
    conditions, element = list[Node](), made.inputs[0]
    while (chosen := masked(element)) is not None:
        conditions += _conjuncts(chosen[0])
        element = chosen[1]
    return made.op, _ids(conditions), _ids(flat_factors(element))


def _ids(nodes: Iterable[Node]) -> tuple[int, ...]:
    return tuple(sorted(map(id, nodes)))
