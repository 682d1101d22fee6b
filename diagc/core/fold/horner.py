"""A polynomial in several changes, evaluated from the highest power down.

Σ c·Π dᵏ·source is taken as ((… · d + …) · d + …), so that nothing overflows which the sources do not: the powers of a
large change from an empty state meet only zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from diagc.core.diagram import Node
from diagc.core.fold.algebra import Term

T = TypeVar("T")


class Arithmetic(Protocol[T]):
    """What a polynomial is evaluated with: nodes of a diagram, or values of a kernel."""

    def plus(self, left: T, right: T) -> T: ...

    def times(self, left: T, right: T) -> T: ...

    def number(self, value: float) -> T: ...


def horner(
    terms: Sequence[Term],
    start: T,
    changes: Mapping[Node, T],
    sources: Mapping[Node, T],
    algebra: Arithmetic[T],
) -> T:
    """start + Σ coefficient · Π change^power · source. `changes` and `sources` give the values of nodes."""
    left = [(term.coefficient, dict(term.powers), term.source) for term in terms]
    found = _level(left, list(changes), start, changes, sources, algebra)
    assert found is not None
    return found


def _level(
    terms: list[tuple[float, dict[Node, int], Node]], atoms: list[Node], start: T | None,
    changes: Mapping[Node, T], sources: Mapping[Node, T], algebra: Arithmetic[T],
) -> T | None:  # fmt: skip
    if not atoms:
        total = start
        for coefficient, _, source in terms:
            value = sources[source]
            if coefficient != 1.0:
                value = algebra.times(algebra.number(coefficient), value)
            total = value if total is None else algebra.plus(total, value)
        return total
    atom, rest = atoms[0], atoms[1:]
    highest = max((powers.get(atom, 0) for _, powers, _ in terms), default=0)
    total: T | None = None
    for power in range(highest, -1, -1):
        chosen = [term for term in terms if term[1].get(atom, 0) == power]
        part = _level(chosen, rest, start if power == 0 else None, changes, sources, algebra)
        if total is not None:
            total = algebra.times(total, changes[atom])
        total = part if total is None else total if part is None else algebra.plus(part, total)
    return total
