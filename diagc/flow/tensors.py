"""Polynomial tensors: sums of diagrams with legs, and the operations of a ring on them.

A term is a coefficient times a diagram some of whose nodes are legs: `legs[axis]` says which nodes the index along an
axis is made of, by the stride that each has in it (a plain axis is one node of stride 1). A term without a leg for an
axis is constant along it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from diagc.core.axes import ONE, Axis, Size
from diagc.flow.constraints import Constraints, distinct
from diagc.flow.graph import ROOT, Canoniser, Edges, renamed
from diagc.flow.polynomial import Space, product, without_zeros

Coefficient = dict[int, Fraction]
"""A packed polynomial with rational coefficients."""

Leg = tuple[tuple[Size, int], ...]
"""Nodes with their strides, greatest text of the stride first."""

MAX_TERMS: Final = 2_000
"""Terms of one tensor: a loss of several hundred diagrams is beyond any order that could be computed."""


class TooManyTerms(Exception):
    """A tensor has more than `MAX_TERMS` terms."""


class Mixed(Exception):
    """Two terms split an axis in different ways."""


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient times a diagram with legs."""

    coefficient: Coefficient
    edges: Edges
    legs: Mapping[Axis, Leg]


Tensor = tuple[Term, ...]


@dataclass(slots=True)
class Ring:
    """Operations on tensors of one problem. `types` holds the size of every node that has been made."""

    space: Space
    constraints: Constraints
    types: dict[int, Size] = field(default_factory=dict[int, Size])

    def node(self, size: Size) -> int:
        """A new node."""
        self.types[len(self.types)] = size
        return len(self.types) - 1

    # ---- tensors without operands

    def number(self, value: Fraction, monomial: int = 0) -> Tensor:
        """A scalar."""
        return (Term({monomial: value}, (), {}),) if value else ()

    def factor(self, label: int, axes: Iterable[Axis]) -> Tensor:
        """The entry of a parameter at its axes."""
        nodes = {axis: self.node(axis.size) for axis in axes}
        legs = {axis: ((ONE, node),) for axis, node in nodes.items()}
        return (Term({0: Fraction(1)}, ((label, *nodes.values()),), legs),)

    def equal(self, first: Axis, second: Axis) -> Tensor:
        """1 where the indices along two axes of one size agree."""
        leg = ((ONE, self.node(first.size)),)
        return (Term({0: Fraction(1)}, (), {first: leg, second: leg}),)

    def congruent(self, factors: Mapping[Axis, int], constant: int, modulus: Size) -> Tensor:
        """1 where a linear form of the indices is 0 modulo a size."""
        nodes = {axis: self.node(axis.size) for axis in factors}
        edge = self.constraints.edge({nodes[a]: f for a, f in factors.items()}, constant, modulus)
        assert edge is not None
        return (Term({0: Fraction(1)}, (edge,), {a: ((ONE, n),) for a, n in nodes.items()}),)

    # ---- sums and products

    def scaled(self, tensor: Tensor, by: Coefficient) -> Tensor:
        """The tensor times a polynomial in the sizes."""
        return tuple(replace(t, coefficient=_times(t.coefficient, by)) for t in tensor)

    def sum(self, tensors: Iterable[Tensor]) -> Tensor:
        """The sum, with terms of one diagram joined."""
        found: dict[tuple[object, ...], Term] = {}
        for term in (term for tensor in tensors for term in tensor):
            key = self._key(term)
            known = found.get(key)
            if known is None:
                found[key] = term
                if len(found) > MAX_TERMS:
                    raise TooManyTerms
            else:
                found[key] = replace(known, coefficient=_plus(known.coefficient, term.coefficient))
        return tuple(term for term in found.values() if term.coefficient)

    def _key(self, term: Term) -> tuple[object, ...]:
        axes = sorted(term.legs, key=lambda axis: axis.uid)
        nodes = tuple(node for axis in axes for _, node in term.legs[axis])
        strides = tuple((axis, tuple(stride for stride, _ in term.legs[axis])) for axis in axes)
        canoniser = Canoniser((), self.constraints.coefficients)
        return strides, canoniser.form((*term.edges, (ROOT, *nodes)), exact=True)

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """The product at each point of the union of the axes."""
        return self.sum([(self._product(a, self._copied(b)),) for a in left for b in right])

    def _copied(self, term: Term) -> Term:
        nodes = {node for edge in term.edges for node in edge[1:]}
        nodes |= {node for leg in term.legs.values() for _, node in leg}
        return self._renamed(term, {node: self.node(self.types[node]) for node in sorted(nodes)})

    def _product(self, a: Term, b: Term) -> Term:
        same = [
            (x, y)
            for axis in a.legs
            if axis in b.legs
            for (s, x), (t, y) in _paired(a.legs[axis], b.legs[axis])
            if s == t
        ]
        made = Term(_times(a.coefficient, b.coefficient), (*a.edges, *b.edges), {**b.legs, **a.legs})
        return self.joined(made, same)

    def joined(self, term: Term, pairs: Iterable[tuple[int, int]]) -> Term:
        """The term with pairs of nodes made one."""
        place: dict[int, int] = {}

        def end(node: int) -> int:
            while node in place:
                node = place[node]
            return node

        for x, y in pairs:
            x, y = end(x), end(y)
            if x != y:
                place[y] = x
        return self._renamed(term, {node: end(node) for node in place})

    def _renamed(self, term: Term, place: Mapping[int, int]) -> Term:
        if not place:
            return term
        moved = [self.constraints.moved(e, place) if e[0] < 0 else renamed(e, place) for e in term.edges]
        edges = tuple(sorted(distinct(edge for edge in moved if edge is not None)))
        legs = {a: tuple((s, place.get(n, n)) for s, n in leg) for a, leg in term.legs.items()}
        return Term(term.coefficient, edges, legs)

    # ---- axes

    def summed(self, tensor: Tensor, axes: Iterable[Axis]) -> Tensor:
        """The sum over axes."""
        wanted = tuple(axes)
        return self.sum([(self._summed(term, wanted),) for term in tensor])

    def _summed(self, term: Term, axes: tuple[Axis, ...]) -> Term:
        legs = {axis: leg for axis, leg in term.legs.items() if axis not in axes}
        kept = {node for leg in legs.values() for _, node in leg}
        edges = self.constraints.without_loose(term.edges, kept)
        used = kept | {node for edge in edges for node in edge[1:]}
        coefficient = term.coefficient
        for axis in axes:
            if axis not in term.legs:
                coefficient = _times(coefficient, self._size(axis.size))
        before = {node for axis in axes for _, node in term.legs.get(axis, ())}
        before |= {node for edge in term.edges for node in edge[1:]}
        for node in sorted(before - used):
            coefficient = _times(coefficient, self._size(self.types[node]))
        for _ in range(len(term.edges) - len(edges)):
            solved = next(edge for edge in term.edges if edge not in edges)
            modulus = self.space.monomial(self.constraints.forms[-1 - solved[0]].modulus)
            coefficient = {m - modulus: c for m, c in coefficient.items()}
        return Term(coefficient, tuple(edges), legs)

    def _size(self, size: Size) -> Coefficient:
        return {m: Fraction(c) for m, c in self.space.size(size).items()}

    def reindexed(self, tensor: Tensor, move: Callable[[Term], Term]) -> Tensor:
        """Each term with other legs."""
        return self.sum([(move(term),) for term in tensor])

    def leg(self, term: Term, axis: Axis) -> Leg:
        """The leg along an axis; a node that nothing depends on where there is none."""
        found = term.legs.get(axis)
        return found if found is not None else ((ONE, self.node(axis.size)),)


def _paired(a: Leg, b: Leg) -> Iterable[tuple[tuple[Size, int], tuple[Size, int]]]:
    if tuple(s for s, _ in a) != tuple(s for s, _ in b):
        raise Mixed
    return zip(a, b, strict=True)


def _times(left: Coefficient, right: Coefficient) -> Coefficient:
    return without_zeros(product(left, right))


def _plus(left: Coefficient, right: Coefficient) -> Coefficient:
    made = dict(left)
    for monomial, number in right.items():
        made[monomial] = made.get(monomial, Fraction(0)) + number
    return without_zeros(made)
