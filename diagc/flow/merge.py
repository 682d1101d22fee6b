"""The derivative of a diagram along the flow: merging with the loss.

With x = -t, `dG/dx = Σ ∂G/∂u ∂L/∂u` over the entries u that train: every edge of G is replaced by each term of the
derivative of L by the entry that it stands for. Results are merged by their canonical forms at once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from diagc.flow.expectation import paired
from diagc.flow.graph import ROOT, Edge, Edges, identified, renamed
from diagc.flow.polynomial import Packed, add_to, product, without_zeros
from diagc.flow.problem import Problem

Sum = dict[Edges, Packed]
"""Diagrams with their coefficients."""

_NEW = 1 << 10
"""Names of nodes that a merger adds start here; diagrams have far fewer nodes."""


@dataclass(slots=True)
class Merger:
    """Merges diagrams with the loss of a problem. `gradient` has, by parameter, open diagrams with a root edge."""

    problem: Problem
    gradient: dict[int, Sum] = field(default_factory=dict[int, Sum])

    def __post_init__(self) -> None:
        for number, parameter in enumerate(self.problem.parameters):
            if parameter.trains:
                self.gradient[number] = self._derivative(number)

    def _derivative(self, number: int) -> Sum:
        found: Sum = {}
        canoniser = self.problem.canoniser.without_symmetries()
        for form, coefficient in self.problem.terms.items():
            for place, edge in enumerate(form):
                if edge[0] == number:
                    rest = (*form[:place], *form[place + 1 :], (ROOT, *edge[1:]))
                    add_to(found.setdefault(canoniser.form(rest, exact=True), {}), coefficient)
        return found

    def along_flow(self, diagrams: Sum, only_paired: bool = False) -> Sum:
        """The derivative of a sum of diagrams; with `only_paired` without those whose mean is zero by parity."""
        found: Sum = {}
        for form, coefficient in diagrams.items():
            for raw, factor in self._merged(form, only_paired).items():
                canonical = self.problem.canoniser.form(raw, exact=True)
                add_to(found.setdefault(canonical, {}), product(coefficient, factor))
        cleaned = {form: without_zeros(coefficient) for form, coefficient in found.items()}
        return {form: coefficient for form, coefficient in cleaned.items() if coefficient}

    def _merged(self, form: Edges, only_paired: bool) -> Sum:
        found: Sum = {}
        for edge, times in Counter(form).items():
            if edge[0] not in self.gradient:
                continue
            place = form.index(edge)
            rest = form[:place] + form[place + 1 :]
            for term, coefficient in self.gradient[edge[0]].items():
                if only_paired and not paired(rest + term[:-1]):
                    continue
                made, factor = self._glued(edge, rest, term)
                add_to(found.setdefault(made, {}), product(factor, coefficient), times)
        return found

    def _glued(self, edge: Edge, rest: Edges, term: Edges) -> tuple[Edges, Packed]:
        """The rest with an open diagram in place of `edge`, and the factor of nodes that are gone."""
        inner = [(e[0], *(n + _NEW for n in e[1:])) for e in term]
        legs = inner.pop()
        place = identified((ROOT, *edge[1:]), legs)
        left = [*rest, *inner]
        if all(e[0] >= 0 for e in left):
            made = [renamed(e, place) for e in left]
            factor = self.problem.free(renamed(edge, place), made)
        else:
            made, factor = self.problem.settled([edge, *left], left, place)
        made.sort()
        return tuple(made), factor
