"""The series of the expected loss: `E[L(t)] = Σ Y_s x^s / s!` with x = -t, every Y_s an exact polynomial.

Y_s is the mean, over the initial parameters, of the s-th derivative of the loss along gradient ascent. It is a
polynomial in the sizes and the scales of the initialisers, with rational coefficients. (Yarotsky, Golikov, Gusev,
arXiv 2602.04548, with nodes and edges of any type.)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from diagc.diagnostics import failure
from diagc.flow.expectation import Expectation
from diagc.flow.graph import Edges
from diagc.flow.merge import Merger, Sum
from diagc.flow.polynomial import Packed, Polynomial, add_to
from diagc.flow.problem import Problem

MAX_DIAGRAMS: Final = 40_000
"""Diagrams of one order; with some thousand contractions behind each hundred, several minutes of one core."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one order of the series is and cost: diagrams with a mean that need not be zero, and seconds of CPU."""

    number: int
    polynomial: Polynomial
    diagrams: int
    contractions: int
    seconds: float


@dataclass(slots=True)
class Series:
    """The orders of a problem one by one; `diagrams` are those of the order that was made last."""

    problem: Problem
    diagrams: Sum = field(default_factory=dict[Edges, Packed])
    counts: list[int] = field(default_factory=list[int])
    expectation: Expectation = field(init=False)

    def __post_init__(self) -> None:
        self.expectation = Expectation(self.problem)

    def orders(self, last: int) -> Iterator[Order]:
        """Orders 0 to `last`. Raises `DiagnosticError` E1205 where an order has too many diagrams."""
        expectation, merger = self.expectation, Merger(self.problem)
        self.diagrams = self.problem.terms
        for number in range(last + 1):
            start = time.process_time()
            if number:
                self._check(number, last)
                self.diagrams = merger.along_flow(self.diagrams, only_paired=number == last)
            count = sum(1 for form in self.diagrams if form)
            self.counts.append(count)
            polynomial = self._mean(expectation, number)
            seconds = time.process_time() - start
            yield Order(number, polynomial, count, len(expectation.known), seconds)

    def _check(self, number: int, last: int) -> None:
        """E1205 when the growth so far says that the last order is out of reach."""
        if len(self.counts) < 4:
            return
        growth = self.counts[-1] / self.counts[-2]
        expected = self.counts[-1] * growth ** (last - number + 1)
        if expected > MAX_DIAGRAMS:
            raise failure(
                "E1205",
                f"order {last} of `{self.problem.name}` needs about {expected:.2g} diagrams, "
                f"more than {MAX_DIAGRAMS:,}",
                help=f"orders 0 to {number - 1} have {', '.join(map(str, self.counts))}; ask for a lower one",
            )

    def _mean(self, expectation: Expectation, number: int) -> Polynomial:
        found: dict[int, Fraction] = {}
        scaled: dict[tuple[int, ...], Packed] = {}
        for form, coefficient in self.diagrams.items():
            mean = expectation.mean(form)
            if mean:
                edges = Counter(edge[0] for edge in form if edge[0] >= 0)
                key = tuple(edges[n] for n in range(len(self.problem.parameters)))
                total = scaled.setdefault(key, {})
                for monomial, factor in coefficient.items():
                    add_to(total, mean, factor, monomial)
        below = self.problem.denominator ** (number + 1)
        for key, total in scaled.items():
            scale, shift = self._scale(key)
            for monomial, factor in total.items():
                found[monomial + shift] = found.get(monomial + shift, Fraction(0)) + factor * scale / below
        return {self.problem.space.powers(m): c for m, c in found.items() if c}

    def _scale(self, counts: tuple[int, ...]) -> tuple[Fraction, int]:
        """What standard deviations contribute: a number and a monomial."""
        number, shift = Fraction(1), 0
        for parameter, count in zip(self.problem.parameters, counts, strict=True):
            factor, symbol = parameter.scale
            number *= factor**count
            if symbol is not None:
                shift += self.problem.space.symbol(symbol, count)
        return number, shift
