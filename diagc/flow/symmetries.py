"""The symmetries of a loss: relabellings of parameters, with their axes permuted, that leave it unchanged.

Parameters that can be exchanged are alike in what trains, in scale and in sizes. Every candidate is tested on the
loss itself, so that a symmetry is a fact of the polynomial and of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations, product
from typing import Final

from diagc.flow.graph import Symmetry
from diagc.flow.problem import Parameter, Problem

_MAX_CANDIDATES: Final = 5_000
"""Relabellings tested: all of six exchangeable matrices. What is not found costs time only."""


def symmetries(problem: Problem) -> tuple[Symmetry, ...]:
    """The group of symmetries, the identity first."""
    found = [s for s in islice(_candidates(problem.parameters), _MAX_CANDIDATES) if _keeps(problem, s)]
    return tuple(found) if _closed(found) else tuple(found[:1])


def _candidates(parameters: tuple[Parameter, ...]) -> Iterator[Symmetry]:
    """Relabellings that fit the sizes; the identity comes first."""
    count = len(parameters)
    kinds = [(p.trains, p.scale, tuple(sorted(map(str, p.sizes)))) for p in parameters]
    for to in _within(kinds):
        choices = [
            [o for o in permutations(range(len(parameters[n].sizes))) if _fits(parameters, n, to[n], o)]
            for n in range(count)
        ]
        for order in product(*choices):
            yield Symmetry(to, tuple(order))


def _within(kinds: Sequence[tuple[object, ...]]) -> Iterator[tuple[int, ...]]:
    """Permutations that take every parameter to one of its kind."""
    groups: dict[object, list[int]] = {}
    for number, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(number)
    for images in product(*(permutations(group) for group in groups.values())):
        to = dict(zip((n for g in groups.values() for n in g), (n for i in images for n in i), strict=True))
        yield tuple(to[n] for n in range(len(kinds)))


def _fits(parameters: tuple[Parameter, ...], old: int, new: int, order: tuple[int, ...]) -> bool:
    return all(
        parameters[old].sizes[place] == parameters[new].sizes[there] for there, place in enumerate(order)
    )


def _keeps(problem: Problem, symmetry: Symmetry) -> bool:
    moved = {
        problem.canoniser.form([symmetry.moves(edge) for edge in form], exact=True): coefficient
        for form, coefficient in problem.terms.items()
    }
    return moved == problem.terms


def _closed(found: list[Symmetry]) -> bool:
    """Whether the symmetries are a group; a list that was cut short need not be one."""
    known = set(found)
    return all(_after(a, b) in known for a in found for b in found)


def _after(a: Symmetry, b: Symmetry) -> Symmetry:
    """First `b`, then `a`."""
    to = tuple(a.to[n] for n in b.to)
    order = tuple(tuple(b.order[n][place] for place in a.order[b.to[n]]) for n in range(len(b.to)))
    return Symmetry(to, order)
