"""A plane with straight scales: points, broken lines, bands and words at coordinates, as items of a scene.

>>> plane = Plane((0.0, 2.0), (0.0, 1.0))
>>> plane.at(1.0, 1.0)
(210.0, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from diagc.draw.scene import Item, Point, Region, Strand, Text


@dataclass(frozen=True, slots=True)
class Plane:
    """Ranges of the two coordinates; x grows to the right, y upwards. `logarithmic` is about y, in powers of ten."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 420.0
    height: float = 260.0
    logarithmic: bool = False

    def at(self, x: float, y: float) -> Point:
        """Where a point lies in the scene."""
        right = (x - self.x[0]) / (self.x[1] - self.x[0])
        low, high = self._scaled(self.y[0]), self._scaled(self.y[1])
        up = (self._scaled(y) - low) / (high - low)
        return right * self.width, (1 - up) * self.height

    def _scaled(self, y: float) -> float:
        return math.log10(max(y, 1e-300)) if self.logarithmic else y

    def frame(self, title: str, x_name: str, y_name: str, ticks: bool = True) -> list[Item]:
        """The ground with its scales and words."""
        items: list[Item] = [Region(0, 0, self.width, self.height, "cell")]
        across = steps(*self.x) if ticks else []
        items += [Text(self.at(x, self.y[1])[0], self.height + 14, f"{x:.6g}") for x in across]
        for y in self._y_steps() if ticks else ():
            height = self.at(self.x[0], y)[1]
            line = self._straight((0, height), (self.width, height), "batch", "", True)
            items.append(replace(line, part="through"))
            items.append(Text(-6, height + 4, f"{y:.6g}", "end"))
        items.append(Text(self.width / 2, self.height + 34, x_name, style="note"))
        items.append(Text(-6, -14, y_name, "start", style="note"))
        items.append(Text(self.width / 2, -14, title, style="name"))
        return items

    def _y_steps(self) -> list[float]:
        if not self.logarithmic:
            return steps(*self.y)
        return [
            10.0**n for n in range(math.ceil(math.log10(self.y[0])), math.floor(math.log10(self.y[1])) + 1)
        ]

    def line(
        self, points: Sequence[Point], role: str = "ink", title: str = "", dashed: bool = False
    ) -> list[Item]:
        """A broken line through points of the plane; what leaves the range of y is left out."""
        inside = [p for p in points if self.y[0] <= p[1] <= self.y[1]]
        places = [self.at(*p) for p in inside]
        return [self._straight(a, b, role, title, dashed) for a, b in pairwise(places)]

    def bars(self, points: Sequence[tuple[float, float, float]], role: str, title: str) -> list[Item]:
        """Upright bars from low to high values, inside the range."""
        made: list[Item] = []
        for x, low, high in points:
            a, b = (min(max(v, self.y[0]), self.y[1]) for v in (low, high))
            made.append(self._straight(self.at(x, a), self.at(x, b), role, title, False))
        return made

    def legend(self, number: int, role: str, words: str, dashed: bool = False) -> list[Item]:
        """A line of the legend to the right."""
        y = 10 + number * 15.0
        sample = self._straight((self.width + 12, y), (self.width + 36, y), role, words, dashed)
        return [sample, Text(self.width + 42, y + 4, words, "start")]

    @staticmethod
    def _straight(a: Point, b: Point, role: str, title: str, dashed: bool) -> Strand:
        (x0, y0), (x1, y1) = a, b
        third, rest = ((2 * x0 + x1) / 3, (2 * y0 + y1) / 3), ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3)
        return Strand((a, third, rest, b), dashed=dashed, role=role, title=title)


def steps(low: float, high: float) -> list[float]:
    """Four to ten round numbers in a range.

    >>> steps(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    size = 10.0 ** math.floor(math.log10((high - low) / 4))
    width = next(size * m for m in (1, 2, 5, 10) if (high - low) / (size * m) <= 8)
    first, last = math.ceil(low / width - 1e-9), math.floor(high / width + 1e-9)
    return [round(n * width, 12) for n in range(first, last + 1)]
