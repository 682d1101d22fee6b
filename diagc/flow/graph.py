"""Diagrams as edge lists, and their canonical forms.

A diagram is a sum over its nodes, which are indices. An edge `(label, node, …)` with label ≥ 0 is a factor: an entry
of the parameter of this number. An edge with a negative label is a constraint: the form `constraints[-1 - label]` of
its nodes is zero. Diagrams that differ by names of nodes and by the symmetries of the loss have one canonical form.

Colours of nodes are refined by their edges; where colours tie, a node is singled out. `exact` searches until ties are
shown to be symmetries; without it the first of a tie is taken, which is sound for a memo (the form still describes
the diagram in full) and only may keep two names for one diagram.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

Edge = tuple[int, ...]
Edges = tuple[Edge, ...]

_MASK: Final = (1 << 61) - 1
_ODD: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
ROOT: Final = 1 << 20
"""The label of an edge that marks nodes as legs of an open diagram."""


@dataclass(frozen=True, slots=True)
class Symmetry:
    """A relabelling of parameters: number n becomes `to[n]`, and its positions are read in the order `order[n]`."""

    to: tuple[int, ...]
    order: tuple[tuple[int, ...], ...]

    def moves(self, edge: Edge) -> Edge:
        """The edge under this relabelling; constraints and roots stay."""
        label = edge[0]
        if label < 0 or label >= len(self.to):
            return edge
        return (self.to[label], *(edge[1 + place] for place in self.order[label]))


@dataclass(slots=True)
class Canoniser:
    """Canonical forms under a group of symmetries. `coefficients` are those of each form of constraint."""

    symmetries: tuple[Symmetry, ...] = ()
    coefficients: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    _places: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    _to_first: list[tuple[int, tuple[int, ...]]] = field(default_factory=list[tuple[int, tuple[int, ...]]])

    def __post_init__(self) -> None:
        if len(self.symmetries) > 1:
            self._to_first, self._places = _orbits(self.symmetries)

    def without_symmetries(self) -> Canoniser:
        """Canonical forms up to names of nodes only."""
        return Canoniser((), self.coefficients)

    def form(self, edges: Iterable[Edge], exact: bool = False) -> Edges:
        """The canonical form: edges sorted, nodes numbered from 0."""
        numbered, count = renumbered(edges)
        finish = self._exact if exact else self._greedy
        if len(self.symmetries) <= 1:
            return finish(numbered, self._refined(numbered, [0] * count), count)
        colours = self._refined([self._first_of_orbit(e) for e in numbered], [0] * count, self._places)
        signatures = self._signatures(numbered, colours)
        least = min(signatures)
        tied = [s for s, found in zip(self.symmetries, signatures, strict=True) if found == least]
        return min(self._under(s, numbered, colours, count, finish) for s in tied[: None if exact else 1])

    def _first_of_orbit(self, edge: Edge) -> Edge:
        """The edge as one of the first parameter that symmetries take its own to."""
        if not 0 <= edge[0] < ROOT:
            return edge
        first, order = self._to_first[edge[0]]
        return (first, *(edge[1 + place] for place in order))

    def _under(
        self, symmetry: Symmetry, edges: list[Edge], colours: list[int], count: int,
        finish: Callable[[list[Edge], list[int], int], Edges],
    ) -> Edges:  # fmt: skip
        moved = [symmetry.moves(edge) for edge in edges]
        return finish(moved, self._refined(moved, colours), count)

    # ---- colours

    def _refined(
        self, edges: list[Edge], colours: list[int], alike: Mapping[int, tuple[int, ...]] = MappingProxyType({})
    ) -> list[int]:  # fmt: skip
        """Colours split until every two nodes of one colour have alike edges.

        `alike` names the parameters some of whose places are not told apart, with a number for every place.
        """
        pairs: dict[Edge, int] = {}
        rest: list[Edge] = []
        for edge in edges:
            if len(edge) == 3 and edge[0] >= 0 and edge[0] not in alike:
                pairs[edge] = pairs.get(edge, 0) + 1
            else:
                rest.append(edge)
        many = len(set(colours))
        second = _ODD[1]
        while True:
            sums = [0] * len(colours)
            for (label, a, b), times in pairs.items():
                found = hash((label, colours[a], colours[b])) * times
                sums[a] += found
                sums[b] += found * second
            for edge in rest:
                self._add(edge, colours, sums, alike)
            colours = [hash(both) for both in zip(colours, sums, strict=True)]
            now = len(set(colours))
            if now <= many:
                return colours
            many = now

    def _add(
        self, edge: Edge, colours: list[int], sums: list[int], alike: Mapping[int, tuple[int, ...]]
    ) -> None:
        """Add what an edge says of each of its nodes."""
        label, nodes = edge[0], edge[1:]
        if label < 0:
            places: Sequence[int] = self.coefficients[-1 - label]
        else:
            places = alike.get(label, range(len(nodes)))
        parts = [hash((f, colours[n])) for f, n in zip(places, nodes, strict=True)]
        found = hash((label, sum(parts) & _MASK))
        for place, node in zip(places, nodes, strict=True):
            sums[node] += found * hash((place, _ODD[2])) & _MASK

    def _signatures(self, edges: list[Edge], colours: list[int]) -> list[tuple[int, ...]]:
        """For each symmetry what it makes of the colours at the edges of every parameter."""
        sums: dict[tuple[int, tuple[int, ...]], int] = {}
        count = len(self._to_first)
        orders = [{s.order[n] for s in self.symmetries} for n in range(count)]
        for edge in edges:
            if 0 <= edge[0] < ROOT:
                for order in orders[edge[0]]:
                    found = hash(tuple([colours[edge[1 + place]] for place in order]))
                    sums[edge[0], order] = sums.get((edge[0], order), 0) + found
        made: list[tuple[int, ...]] = []
        for s in self.symmetries:
            signature = [0] * count
            for n in range(count):
                signature[s.to[n]] = sums.get((n, s.order[n]), 0)
            made.append(tuple(signature))
        return made

    # ---- ties

    def _greedy(self, edges: list[Edge], colours: list[int], count: int) -> Edges:
        if len(set(colours)) < count:
            near = surroundings(edges, count)
            while len(set(colours)) < count:
                tie = _tie(colours)
                first = colours.index(tie)
                same = [n for n in range(first, count) if colours[n] == tie and near[n] == near[first]]
                for rank, place in enumerate(same):  # alike in every edge: any order will do
                    colours[place] = hash((tie, rank))
                colours = self._refined(edges, colours)
        return self._relabelled(edges, colours)

    def _exact(self, edges: list[Edge], colours: list[int], count: int) -> Edges:
        if len(set(colours)) == count:
            return self._relabelled(edges, colours)
        tie = _tie(colours)
        branches: dict[Edges, list[int]] = {}
        for place, colour in enumerate(colours):
            if colour == tie:
                single = list(colours)
                single[place] ^= _ODD[0] & _MASK
                single = self._refined(edges, single)
                # equal leaves show a symmetry that takes one branch to the other
                branches.setdefault(self._greedy(edges, list(single), count), single)
        if len(branches) == 1:
            return self._exact(edges, next(iter(branches.values())), count)
        return min(self._exact(edges, branch, count) for branch in branches.values())

    def _relabelled(self, edges: list[Edge], colours: list[int]) -> Edges:
        order = sorted(range(len(colours)), key=colours.__getitem__)
        place = [0] * len(order)
        for rank, node in enumerate(order):
            place[node] = rank
        made: list[Edge] = []
        for edge in edges:
            if len(edge) == 3 and edge[0] >= 0:
                made.append((edge[0], place[edge[1]], place[edge[2]]))
            elif edge[0] < 0:
                made.append(ordered(edge[0], [place[n] for n in edge[1:]], self.coefficients))
            else:
                made.append((edge[0], *(place[n] for n in edge[1:])))
        made.sort()
        return tuple(made)


def ordered(label: int, nodes: Sequence[int], coefficients: list[tuple[int, ...]]) -> Edge:
    """A constraint with the nodes of equal coefficients sorted."""
    factors = coefficients[-1 - label]
    return (label, *(n for _, n in sorted(zip(factors, nodes, strict=True), key=lambda t: (-t[0], t[1]))))


def renamed(edge: Edge, place: Mapping[int, int]) -> Edge:
    """A factor with other names for its nodes."""
    if len(edge) == 3:
        return (edge[0], place.get(edge[1], edge[1]), place.get(edge[2], edge[2]))
    return (edge[0], *(place.get(n, n) for n in edge[1:]))


def identified(first: Edge, second: Edge) -> dict[int, int]:
    """Which nodes become which others when two edges are made one, place by place."""
    place: dict[int, int] = {}
    for a, b in zip(first[1:], second[1:], strict=True):
        a, b = _end(place, a), _end(place, b)
        if a != b:
            place[b] = a
    return {node: _end(place, node) for node in place} if len(place) > 1 else place


def _end(place: Mapping[int, int], node: int) -> int:
    while node in place:
        node = place[node]
    return node


def renumbered(edges: Iterable[Edge]) -> tuple[list[Edge], int]:
    """The edges with nodes numbered by first occurrence, and how many there are."""
    numbers: dict[int, int] = {}
    made: list[Edge] = []
    for edge in edges:
        for node in edge[1:]:
            if node not in numbers:
                numbers[node] = len(numbers)
        made.append(renamed(edge, numbers))
    return made, len(numbers)


def surroundings(edges: Iterable[Edge], count: int) -> list[list[Edge]]:
    """For each node its edges without it; nodes that have the same can be exchanged."""
    near: list[list[Edge]] = [[] for _ in range(count)]
    for edge in edges:
        for place in range(1, len(edge)):
            near[edge[place]].append((place, *edge[:place], *edge[place + 1 :]))
    for found in near:
        found.sort()
    return near


def _tie(colours: list[int]) -> int:
    """The least colour that several nodes have."""
    seen: set[int] = set()
    tied: set[int] = set()
    for colour in colours:
        (tied if colour in seen else seen).add(colour)
    return min(tied)


def _orbits(
    symmetries: Sequence[Symmetry],
) -> tuple[list[tuple[int, tuple[int, ...]]], dict[int, tuple[int, ...]]]:
    """How each parameter is taken to the first of its orbit; and, for first ones, which places are alike."""
    count = len(symmetries[0].to)
    to_first = [min((s.to[n], s.order[n]) for s in symmetries) for n in range(count)]
    alike: dict[int, tuple[int, ...]] = {}
    for n in {first for first, _ in to_first}:
        fixing = [s.order[n] for s in symmetries if s.to[n] == n]
        places = tuple(min(order.index(place) for order in fixing) for place in range(len(fixing[0])))
        if places != tuple(range(len(places))):
            alike[n] = places
    return to_first, alike
