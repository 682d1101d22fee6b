"""Linear constraints modulo a size: identification of their nodes, and how many solutions they have.

A system of rank r over n nodes has m^(n - r) solutions modulo m, for every m that is prime to the elementary divisors
of the system; those are collected, so that a result can say for which m it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from diagc.core.axes import Size
from diagc.flow.graph import Edge, ordered


@dataclass(frozen=True, slots=True)
class Constraint:
    """`Σ coefficient · node + constant ≡ 0` modulo a size; coefficients fall, the first is positive."""

    coefficients: tuple[int, ...]
    constant: int
    modulus: Size


def distinct(edges: Iterable[Edge]) -> list[Edge]:
    """The edges with each constraint once; a factor may stand several times."""
    made = list(edges)
    masks = list(dict.fromkeys(edge for edge in made if edge[0] < 0))
    return masks + [edge for edge in made if edge[0] >= 0]


@dataclass(slots=True)
class Constraints:
    """The forms of constraint that have occurred, numbered; `divisors` are integers that moduli must be prime to."""

    forms: list[Constraint] = field(default_factory=list[Constraint])
    coefficients: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    divisors: set[int] = field(default_factory=set[int])
    _numbers: dict[Constraint, int] = field(default_factory=dict[Constraint, int])

    def edge(self, factors: Mapping[int, int], constant: int, modulus: Size) -> Edge | None:
        """The edge of a constraint on nodes; None when it says nothing."""
        kept = {node: factor for node, factor in factors.items() if factor}
        if not kept:
            assert constant == 0, "a constraint between constants"
            return None
        pairs = sorted(((f, n) for n, f in kept.items()), key=lambda t: (-t[0], t[1]))
        negated = sorted(((-f, n) for f, n in pairs), key=lambda t: (-t[0], t[1]))
        sign = 1
        if [f for f, _ in negated] > [f for f, _ in pairs]:
            pairs, sign = negated, -1
        made = Constraint(tuple(f for f, _ in pairs), sign * constant, modulus)
        number = self._numbers.get(made)
        if number is None:
            number = self._numbers[made] = len(self.forms)
            self.forms.append(made)
            self.coefficients.append(made.coefficients)
        return (-1 - number, *(n for _, n in pairs))

    def moved(self, edge: Edge, place: Mapping[int, int]) -> Edge | None:
        """A constraint after nodes have been identified or renamed."""
        form = self.forms[-1 - edge[0]]
        if len({place.get(n, n) for n in edge[1:]}) == len(edge) - 1:
            return ordered(edge[0], [place.get(n, n) for n in edge[1:]], self.coefficients)
        factors: dict[int, int] = {}
        for factor, node in zip(form.coefficients, edge[1:], strict=True):
            node = place.get(node, node)
            factors[node] = factors.get(node, 0) + factor
        return self.edge(factors, form.constant, form.modulus)

    def without_loose(self, edges: Sequence[Edge], legs: Iterable[int] = ()) -> list[Edge]:
        """The edges without constraints that a node of their own solves: it has one value for any of the others."""
        kept = list(edges)
        while True:
            count: dict[int, int] = dict.fromkeys(legs, 2)
            for edge in kept:
                for node in edge[1:]:
                    count[node] = count.get(node, 0) + 1
            solved = next((e for e in kept if e[0] < 0 and self._solves(e, count)), None)
            if solved is None:
                return kept
            kept.remove(solved)

    def _solves(self, edge: Edge, count: Mapping[int, int]) -> bool:
        factors = self.coefficients[-1 - edge[0]]
        return any(abs(f) == 1 and count[n] == 1 for f, n in zip(factors, edge[1:], strict=True))

    def rank(self, edges: Sequence[Edge]) -> int | None:
        """The rank of constraints that share one modulus; None when they contradict each other."""
        nodes = sorted({node for edge in edges for node in edge[1:]})
        rows: list[list[int]] = []
        for edge in edges:
            form = self.forms[-1 - edge[0]]
            factors = dict(zip(edge[1:], form.coefficients, strict=True))
            rows.append([*(factors.get(node, 0) for node in nodes), form.constant])
        rank = self._eliminated(rows, len(nodes))
        left = {abs(row[-1]) for row in rows[rank:] if row[-1]}
        self.divisors |= left
        return None if left else rank

    def _eliminated(self, rows: list[list[int]], columns: int) -> int:
        """Bring rows to echelon form by integer steps, smallest pivots first; the pivots join the divisors."""
        rank = 0
        while True:
            found = [
                (abs(rows[r][c]), r, c) for r in range(rank, len(rows)) for c in range(columns) if rows[r][c]
            ]
            if not found:
                return rank
            _, r, c = min(found)
            rows[rank], rows[r] = rows[r], rows[rank]
            if self._reduced(rows, rank, c):
                if abs(rows[rank][c]) > 1:
                    self.divisors.add(abs(rows[rank][c]))
                rank += 1

    def _reduced(self, rows: list[list[int]], rank: int, column: int) -> bool:
        """Subtract the pivot row from those below; whether the column is zero there."""
        pivot, clean = rows[rank], True
        for row in rows[rank + 1 :]:
            times = row[column] // pivot[column]
            for c, factor in enumerate(pivot):
                row[c] -= times * factor
            clean = clean and not row[column]
        return clean
