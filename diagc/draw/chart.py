"""Curves over logarithmic scales as a scene: what `diagc cost --sweep` draws."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from diagc.draw.scene import Item, Point, Region, Scene, Strand, Text, fitted, moved

_WIDTH: Final = 420.0
_HEIGHT: Final = 260.0
_GAP: Final = 14.0


def log_chart(
    title: str, x_name: str, y_name: str, x: Sequence[float], curves: Mapping[str, Sequence[float]],
    marks: Sequence[str] = (), dashed: Collection[str] = (),
) -> Scene:  # fmt: skip
    """Positive values over positive places; the curve named first is drawn in ink, the others in hues.

    Those that `dashed` names are broken lines. `marks` are words for the places; each is written where it first holds,
    with a line that starts there.
    """
    values = [v for curve in curves.values() for v in curve if v > 0]
    x_range, y_range = _range(x, 2.0), _range(values, 10.0)

    def place(at: float, value: float) -> Point:
        right = (math.log(at) - math.log(x_range[0])) / math.log(x_range[1] / x_range[0])
        up = (math.log(value) - math.log(y_range[0])) / math.log(y_range[1] / y_range[0])
        return right * _WIDTH, (1 - up) * _HEIGHT

    items: list[Item] = [Region(0, 0, _WIDTH, _HEIGHT, "cell")]
    items += [Text(place(at, y_range[0])[0], _HEIGHT + _GAP, _short(at)) for at in x]
    decade = y_range[0]
    while decade <= y_range[1] * 1.001:
        height = place(x[0], decade)[1]
        items.append(replace(_line([(0, height), (_WIDTH, height)], "batch", "", True), part="through"))
        items.append(Text(-6, height + 4, f"1e{round(math.log10(decade))}", "end"))
        decade *= 10
    for number, (name, curve) in enumerate(curves.items()):
        role = "ink" if number == 0 else str(number - 1)
        points = [place(at, max(v, y_range[0])) for at, v in zip(x, curve, strict=True)]
        items.append(_line(points, role, name, name in dashed))
        legend = 10 + number * _GAP
        items.append(_line([(_WIDTH + 12, legend), (_WIDTH + 36, legend)], role, name, name in dashed))
        items.append(Text(_WIDTH + 42, legend + 4, name, "start"))
    items += _marked(marks, [place(at, y_range[0])[0] for at in x])
    items.append(Text(_WIDTH / 2, _HEIGHT + 2.4 * _GAP, x_name, style="note"))
    items.append(Text(-6, -_GAP, y_name, "start", style="note"))
    items.append(Text(_WIDTH / 2, -_GAP, title, style="name"))
    return fitted(items, title=title)


def _marked(marks: Sequence[str], places: Sequence[float]) -> list[Item]:
    items: list[Item] = []
    rows = 0
    for number, mark in enumerate(marks):
        if number == 0 or mark != marks[number - 1]:
            items.append(_line([(places[number], 0), (places[number], _HEIGHT)], "batch", mark, True))
            items.append(
                Text(places[number] + 4, _HEIGHT - 6 - rows % 4 * _GAP, f"limit: {mark}", "start", "note")
            )
            rows += 1
    return items


def stacked(scenes: Sequence[Scene], title: str) -> Scene:
    """Scenes below one another."""
    items: list[Item] = []
    top = 0.0
    for scene in scenes:
        items += [moved(item, 0, top) for item in scene.items]
        top += scene.height + _GAP
    return fitted(items, title=title)


def _range(values: Sequence[float], base: float) -> tuple[float, float]:
    """The powers of a base that enclose values, at least one apart."""
    low = math.floor(math.log(min(values), base) + 1e-9)
    high = math.ceil(math.log(max(values), base) - 1e-9)
    return base**low, base ** max(high, low + 1)


def _line(points: Sequence[Point], role: str, title: str, dashed: bool) -> Strand:
    """A broken line as a path of cubic pieces."""
    path: list[Point] = [points[0], points[0]] if len(points) == 1 else [points[0]]
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        path += [(x0 + (x1 - x0) / 3, y0 + (y1 - y0) / 3), (x1 - (x1 - x0) / 3, y1 - (y1 - y0) / 3), (x1, y1)]
    return Strand(tuple(path[-(3 * ((len(path) - 1) // 3) + 1) :]), dashed=dashed, role=role, title=title)


def _short(value: float) -> str:
    return f"{value / 1024:g}k" if value >= 1024 else f"{value:g}"
