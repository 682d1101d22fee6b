"""The mean of a diagram over Gaussian parameters, by Wick's rule one contraction at a time.

`E[u_a · rest] = Σ over factors u_b of rest: δ(a, b) · E[rest without u_b]`, times the variance, which the caller
multiplies by, as the number of edges decides it. Means are kept by canonical form, so that a diagram that many
contractions lead to is averaged once. (Isserlis 1918; the same recursion counts Feynman diagrams.)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from diagc.flow.graph import Edge, Edges, identified, renamed, surroundings
from diagc.flow.polynomial import Packed, add_to, product, without_zeros
from diagc.flow.problem import Problem

Factor = tuple[tuple[int, int], ...]
"""A packed polynomial that can be a key."""


@dataclass(slots=True)
class Expectation:
    """Means of diagrams of a problem with unit variances, as packed polynomials in the sizes."""

    problem: Problem
    known: dict[Edges, Packed] = field(default_factory=lambda: {(): {0: 1}})

    def mean(self, form: Edges) -> Packed:
        """The mean of the diagram of a canonical form."""
        found = self.known.get(form)
        if found is None:
            found = self.known[form] = self._averaged(form) if paired(form) else {}
        return found

    def _averaged(self, form: Edges) -> Packed:
        first = _first(form)
        if first is None:
            return self._solutions(form)
        place = form.index(first)
        rest = form[:place] + form[place + 1 :]
        raw: Counter[tuple[Edges, Factor]] = Counter()
        for second, times in _choices(form, first, rest).items():
            left, factor = self._contracted(first, second, rest)
            raw[left, factor] += times
        merged: Counter[tuple[Edges, Factor]] = Counter()
        for (left, factor), times in raw.items():
            merged[self.problem.canoniser.form(left), factor] += times
        total: Packed = {}
        for (left, factor), times in merged.items():
            mean = self.mean(left)
            for shift, number in factor:
                add_to(total, mean, times * number, shift)
        return without_zeros(total)

    def _contracted(self, first: Edge, second: Edge, rest: Edges) -> tuple[Edges, Factor]:
        """The rest without `second`, its nodes identified with those of `first`, and the factor of free nodes."""
        place = identified(first, second)
        there = rest.index(second)
        left = rest[:there] + rest[there + 1 :]
        if rest[0][0] >= 0:  # constraints stand first
            made = [renamed(edge, place) for edge in left] if place else list(left)
            factor = self.problem.free(renamed(first, place), made)
        else:
            made, factor = self.problem.settled((first, second, *left), left, place)
        made.sort()
        return tuple(made), tuple(factor.items())

    def _solutions(self, form: Edges) -> Packed:
        """How many values the nodes of constraints take when no factor is left."""
        rank = self.problem.constraints.rank(form)
        if rank is None:
            return {}
        made: Packed = {0: 1}
        for size in self.problem.node_sizes(form).values():
            made = product(made, self.problem.space.size(size))
        modulus = self.problem.space.monomial(self.problem.node_size(form[0], 0))
        return {m - rank * modulus: c for m, c in made.items()}


def _choices(form: Edges, first: Edge, rest: Edges) -> dict[Edge, int]:
    """The edges that `first` can be contracted with, one of those that exchanges of nodes make alike, and how many."""
    near = surroundings(form, 1 + max(node for edge in form for node in edge[1:]))
    kinds: dict[tuple[Edge, ...], int] = {}
    kind = [kinds.setdefault(tuple(found), node) for node, found in enumerate(near)]
    for node in first[1:]:
        kind[node] = -1 - node
    chosen: dict[tuple[int, ...], Edge] = {}
    counts: dict[Edge, int] = {}
    for edge in rest:
        if edge[0] == first[0]:
            one = chosen.setdefault(tuple(kind[node] for node in edge[1:]), edge)
            counts[one] = counts.get(one, 0) + 1
    return counts


def paired(form: Edges) -> bool:
    """Whether every parameter occurs an even number of times; otherwise the mean is zero."""
    odd: set[int] = set()
    for edge in form:
        if edge[0] >= 0:
            odd ^= {edge[0]}
    return not odd


def _first(form: Edges) -> Edge | None:
    """An edge at a node of least degree: few contractions identify much there. None when no factor is left."""
    degree: Counter[int] = Counter()
    for edge in form:
        degree.update(edge[1:])
    factors = [edge for edge in form if edge[0] >= 0]
    if not factors:
        return None
    return min(factors, key=lambda e: sorted(degree[n] for n in e[1:]))
