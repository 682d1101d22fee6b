"""Diagrams of the series as pictures: a dot for each node with the size that it is summed over, a line for each factor.

Lines of one parameter have one colour; a constraint is a dashed polygon around its nodes. Under each diagram stand its
coefficient in the derivative of the loss and its mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, cos, pi, sin, sqrt
from typing import Final

from diagc.draw.scene import Box, Item, Point, Scene, Strand, Text, fitted, moved
from diagc.flow.expectation import Expectation
from diagc.flow.graph import Edge, Edges
from diagc.flow.merge import Sum
from diagc.flow.polynomial import Packed
from diagc.flow.problem import Problem
from diagc.flow.text import plain

_CELL: Final = 150.0
_RADIUS: Final = 46.0
MAX_DRAWN: Final = 200
"""Diagrams of one picture; more are a wall, not a picture."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Draws diagrams of a problem."""

    problem: Problem
    expectation: Expectation

    def scene(self, diagrams: Sum, order: int) -> Scene:
        """All diagrams of an order with a factor at least, most factors first."""
        forms = sorted((form for form in diagrams if form), key=lambda form: (-len(form), form))[:MAX_DRAWN]
        columns = max(1, ceil(sqrt(1.6 * len(forms))))
        items: list[Item] = [
            Text(columns * _CELL / 2, -18, f"{self.problem.name}, order {order}", style="name")
        ]
        for number, form in enumerate(forms):
            x, y = _CELL * (number % columns), (_CELL + 34) * (number // columns)
            items += [moved(item, x, y) for item in self._diagram(form, diagrams[form], order)]
        names = [p.name for p in self.problem.parameters]
        for number, name in enumerate(names):
            y = 14.0 * number
            items.append(_curve((columns * _CELL + 8, y), (columns * _CELL + 28, y), 0.0, str(number), name))
            items.append(Text(columns * _CELL + 34, y + 4, name, "start"))
        return fitted(items, title=f"{self.problem.name}, diagrams of order {order}")

    def _diagram(self, form: Edges, coefficient: Packed, order: int) -> list[Item]:
        places = _circle(_walked(form))
        beside = Counter(frozenset(edge[1:]) for edge in form if edge[0] >= 0)
        drawn: Counter[frozenset[int]] = Counter()
        items: list[Item] = []
        for edge in form:
            if edge[0] < 0:
                items += self._constraint(edge, places)
                continue
            pair = frozenset(edge[1:])
            side = 1 if edge[1] == min(pair) else -1  # so that bends of one pair go to one side
            items += self._factor(edge, places, side * (drawn[pair] - (beside[pair] - 1) / 2))
            drawn[pair] += 1
        for node, size in self.problem.node_sizes(form).items():
            x, y = places[node]
            items += [Box(x - 9, y - 8, 18, 16, str(size)), Text(x, y + 4, str(size))]
        below = self.problem.denominator ** (order + 1)
        items.append(Text(_CELL / 2, _CELL + 4, self._written(coefficient, below)))
        items.append(
            Text(_CELL / 2, _CELL + 18, f"mean {self._written(self.expectation.mean(form), 1)}", style="note")
        )
        return items

    def _factor(self, edge: Edge, places: Mapping[int, Point], bend: float) -> list[Item]:
        name = self.problem.parameters[edge[0]].name
        ends = [places[node] for node in edge[1:]]
        if len(ends) == 1:
            (x, y) = ends[0]
            ends = [(x, y), (x + 14, y - 22)]
        return [_curve(a, b, bend * 10, str(edge[0]), name) for a, b in pairwise(ends)]

    def _constraint(self, edge: Edge, places: Mapping[int, Point]) -> list[Item]:
        ends = [places[node] for node in edge[1:]]
        pairs = zip(ends, [*ends[1:], ends[0]], strict=True)
        words = f"a linear form is 0 modulo {self.problem.node_size(edge, 0)}"
        return [_curve(a, b, 6.0, "batch", words, dashed=True) for a, b in pairs]

    def _written(self, packed: Packed, below: int) -> str:
        found = {self.problem.space.powers(m): Fraction(c, below) for m, c in packed.items()}
        text = plain(found, self.problem.symbols, len(self.problem.sizes))
        return text if len(text) < 27 else f"{len(found)} terms"


def _walked(form: Edges) -> list[int]:
    """The nodes in the order of a walk in depth, so that neighbours mostly stand side by side."""
    near: dict[int, list[int]] = {}
    for edge in form:
        for node in edge[1:]:
            near.setdefault(node, []).extend(n for n in edge[1:] if n != node)
    found: dict[int, None] = {}
    waiting = sorted(near, reverse=True)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting += sorted(near[node], key=lambda n: -len(near[n]))
    return list(found)


def _circle(nodes: list[int]) -> dict[int, Point]:
    turn = 2 * pi / max(len(nodes), 1)
    middle = _CELL / 2
    return {
        node: (middle + _RADIUS * sin(turn * place), middle - _RADIUS * cos(turn * place))
        for place, node in enumerate(nodes)
    }


def _curve(a: Point, b: Point, bend: float, role: str, title: str, dashed: bool = False) -> Strand:
    """An arc between two points, or a loop at one; `bend` is how far its middle lies off."""
    (x0, y0), (x1, y1) = a, b
    length = sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    if length == 0:
        return Strand(
            (a, (x0 - 24, y0 - 30 - bend), (x0 + 24, y0 - 30 - bend), b),
            role=role,
            title=title,
            dashed=dashed,
        )
    dx, dy = -(y1 - y0) / length * bend * 4 / 3, (x1 - x0) / length * bend * 4 / 3
    inner = (
        ((2 * x0 + x1) / 3 + dx, (2 * y0 + y1) / 3 + dy),
        ((x0 + 2 * x1) / 3 + dx, (y0 + 2 * y1) / 3 + dy),
    )
    return Strand((a, *inner, b), role=role, title=title, dashed=dashed)
