"""Levels of runs as pictures: how classes merge as the loss rises, and how many there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diagc.draw.plane import Plane
from diagc.draw.scene import Item, Point, Scene, Text, fitted
from diagc.runs.classes import classes

Floats = NDArray[np.float64]


def merges(heights: Floats) -> list[tuple[float, tuple[int, ...], tuple[int, ...]]]:
    """The merges of classes by rising level: the level, and the runs of the two classes that become one."""
    count = len(heights)
    member = {run: (run,) for run in range(count)}
    made: list[tuple[float, tuple[int, ...], tuple[int, ...]]] = []
    edges = [(float(heights[i, j]), i, j) for i in range(count) for j in range(i)]
    for height, i, j in sorted(edges):
        first, second = member[i], member[j]
        if first != second:
            made.append((height, first, second))
            member |= dict.fromkeys(first + second, first + second)
    return made


def dendrogram(heights: Floats, names: Sequence[str], title: str) -> Scene:
    """A tree over the runs: a leaf starts at the loss of its run, two branches meet where their classes do."""
    joined, own = merges(heights), np.diag(heights)
    order = (*joined[-1][1], *joined[-1][2]) if joined else tuple(range(len(names)))
    low, high = float(own.min()), max([float(own.max()), *(h for h, _, _ in joined)])
    room = 0.05 * ((high - low) or 1.0)
    plane = Plane((-0.5, len(names) - 0.5), (low - room, high + room), max(240.0, 18.0 * len(names)))
    items: list[Item] = [*plane.frame(title, "", "loss", ticks=False)]
    marks = [float(level) for level in np.linspace(low, high, 5)]
    items += [Text(-6, plane.at(0, level)[1] + 4, f"{level:.4g}", "end") for level in marks]
    tops: dict[tuple[int, ...], Point] = {}
    for place, run in enumerate(order):
        tops[(run,)] = (float(place), float(own[run]))
        x, y = plane.at(place, low - room)
        items.append(Text(x, y + 14, names[run].removeprefix("run-")))
    for height, first, second in joined:
        (x0, y0), (x1, y1) = tops[first], tops[second]
        words = f"{len(first)} and {len(second)} runs meet at {height:.6g}"
        items += plane.line([(x0, y0), (x0, height), (x1, height), (x1, y1)], "ink", words)
        tops[first + second] = ((x0 + x1) / 2, height)
    return fitted(items, title=title)


def counts(heights: Floats, levels: Sequence[float]) -> list[int]:
    """K(λ): the number of classes at each level."""
    return [len({label for label in classes(heights, level) if label >= 0}) for level in levels]


def count_chart(heights: Mapping[str, Floats], title: str) -> Scene:
    """K(λ) of every family, as steps; λ is logarithmic where it can be."""
    every = np.unique(np.concatenate([h.ravel() for h in heights.values()]))
    scaled: Callable[[float], float] = math.log10 if every[0] > 0 else float
    low, high = scaled(float(every[0])), scaled(float(every[-1]))
    end = high + 0.02 * ((high - low) or 1.0)
    most = max(len(h) for h in heights.values())
    plane = Plane((low, end), (0.0, most + 1.0))
    items = plane.frame(title, "λ", "classes", ticks=False)
    for part in range(6):
        at = low + part / 5 * (high - low)
        items.append(Text(plane.at(at, 0)[0], plane.height + 14, f"{10**at if every[0] > 0 else at:.3g}"))
    for value in (1, most):
        items.append(Text(-6, plane.at(low, value)[1] + 4, str(value), "end"))
    for number, (family, matrix) in enumerate(heights.items()):
        role, levels = "ink" if number == 0 else str(number - 1), np.unique(matrix)
        found, points = counts(matrix, list(levels)), list[Point]()
        for level, count in zip(levels, found, strict=True):
            x = scaled(float(level))
            points += [(x, points[-1][1]), (x, float(count))] if points else [(x, float(count))]
        points.append((end, points[-1][1]))
        items += plane.line(points, role, family)
        items += plane.legend(number, role, family)
    return fitted(items, title=title)
