"""Regimes as pictures: the polygon of the leading exponents, and the map of the directions in which they lead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from diagc.draw.plane import Plane
from diagc.draw.scene import Bounds, Item, Point, Scene, Text, fitted
from diagc.draw.words import around, beside
from diagc.flow.polytope import Vector, flattened
from diagc.flow.regimes import Map, Regime
from diagc.flow.text import monomial

if TYPE_CHECKING:
    from diagc.flow.solve import Solution

_MARGIN: Final = 1.2
_GRID: Final = 48


def words(vector: Vector, symbols: tuple[str, ...]) -> str:
    """A monomial as a quotient of products."""
    above = monomial((Fraction(max(x, 0)) for x in vector), symbols)
    below = monomial((Fraction(max(-x, 0)) for x in vector), symbols)
    many = sum(x < 0 for x in vector) > 1
    return (above or "1") + (f" / ({below})" if many else f" / {below}" if below else "")


def polygon(found: Map) -> Scene:
    """The vertices in the plane of their exponents, with the conditions on the edges."""
    corners = {r.name: r.ends[0] for r in found.regimes if "-" not in r.name}
    flat, _ = flattened([*corners.values()])
    if flat.shape[1] < 2:
        flat = [[float(row[0]), 0.0] for row in flat]  # pyright: ignore[reportAssignmentType]
    places = {name: (float(row[0]), float(row[1])) for name, row in zip(corners, flat, strict=True)}
    across, upwards = (_range([p[n] for p in places.values()]) for n in (0, 1))
    plane = Plane(across, upwards)
    items = plane.frame("leading exponents", "", "", ticks=False)
    edges: list[tuple[Point, Point, str]] = []
    for regime in found.regimes:
        ends = [places[n] for n in regime.name.split("-")]
        if len(ends) == 2:
            items += plane.line(ends, title=regime.label)
            edges.append(
                (plane.at(*ends[0]), plane.at(*ends[1]), f"{words(regime.equal[0], found.symbols)} ≍ 1")
            )
    middle = plane.at(*(sum(p[n] for p in places.values()) / len(places) for n in (0, 1)))
    for name, place in places.items():
        x, y = plane.at(*place)
        term = f"{name}: {words(corners[name], found.symbols)}"
        items.append(around((x, y), (x - middle[0], y - middle[1]), term, items))
    for start, end, condition in edges:
        items.append(beside(start, end, condition, items))
    return fitted(items, title="polygon of leading terms")


def regime_map(found: Map) -> Scene | None:
    """Regimes over the growth of the second size and of the scale, the first size growing as a; None in other cases."""
    if found.sizes != 2 or len(found.symbols) != 3:
        return None
    box = _box(found)
    plane = Plane((box[0], box[2]), (box[1], box[3]), height=320.0)
    first, second, scale = found.symbols
    borders: list[tuple[Point, Point, str]] = []
    items = plane.frame("regimes", f"{second} grows as {first}^x", f"{scale} as {first}^y")
    for regime in found.regimes:
        if len(regime.equal) == 1 and len(regime.name.split("-")) == 2:
            segment = _segment(regime, box)
            if segment is not None:
                condition = words(regime.equal[0], found.symbols)
                items += plane.line(segment, title=condition)
                borders.append((plane.at(*segment[0]), plane.at(*segment[-1]), condition))
    items += _regions(found, plane, box)
    for start, end, condition in borders:
        items.append(beside(start, end, condition, items))
    return fitted(items, title="regime map")


def _regions(found: Map, plane: Plane, box: Bounds) -> Iterator[Item]:
    for regime in found.regimes:
        if "-" not in regime.name:
            inside = [p for p in _grid(box) if all(_form(v, p) > 0 for v in regime.large)]
            if inside:
                widest = max(inside, key=lambda p: _room(p, regime, box))
                yield Text(*plane.at(*widest), f"{regime.name} {regime.label}", style="name")


def _room(point: Point, regime: Regime, box: Bounds) -> float:
    """How far a point is from the ends of its regime and of the box, in the units of the axes."""
    ends = [_form(v, point) / math.hypot(v[1], v[2]) for v in regime.large if v[1] or v[2]]
    sides = (point[0] - box[0], box[2] - point[0], point[1] - box[1], box[3] - point[1])
    return min((*ends, *sides))


def _grid(box: Bounds) -> Iterator[Point]:
    for m in range(_GRID):
        for n in range(_GRID):
            yield (
                box[0] + (box[2] - box[0]) * (m + 0.5) / _GRID,
                box[1] + (box[3] - box[1]) * (n + 0.5) / _GRID,
            )


def _form(vector: Vector, point: Point) -> float:
    return vector[0] + vector[1] * point[0] + vector[2] * point[1]


def _box(found: Map) -> Bounds:
    """The junctions of three and more regimes, with room around them."""
    points = [(d[1] / d[0], d[2] / d[0]) for r in found.regimes if len(r.equal) > 1 for d in [r.direction]]
    points = points or [(1.0, -1.0)]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return (0.0, min(ys) - _MARGIN, max(xs) + 2 * _MARGIN, max(ys) + _MARGIN)


def _segment(regime: Regime, box: Bounds) -> list[Point] | None:
    """The part of the line of a condition on which nothing else leads."""
    a, b, c = regime.equal[0]
    if c:
        start, end = ((x, -(a + b * x) / c) for x in (box[0], box[2]))
    else:
        start, end = (-a / b, box[1]), (-a / b, box[3])
    low, high = 0.0, 1.0
    sides = [(_form(v, start), _form(v, end)) for v in regime.large]
    sides += [(start[1] - box[1], end[1] - box[1]), (box[3] - start[1], box[3] - end[1])]
    for at, to in sides:
        if at < 0 and to < 0:
            return None
        if (at < 0) != (to < 0):
            cut = at / (at - to)
            low, high = (max(low, cut), high) if at < 0 else (low, min(high, cut))
    if low >= high:
        return None
    return [(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])) for t in (low, high)]


def curves(solution: Solution, title: str) -> Scene:
    """Every way of one solution: runs with bars of two standard errors, sums, the Padé band, closed forms."""
    times, mean, error = solution.curves.times, solution.curves.mean, solution.curves.error
    top = 1.15 * float(max(mean[np.isfinite(mean)]))
    plane = Plane((0.0, float(times[-1])), (min(0.0, float(mean.min())), top))
    items = plane.frame(title, "t", "E[L]")
    shown = list(zip(map(float, times), mean, error, strict=True))
    items += plane.bars([(t, m - 2 * e, m + 2 * e) for t, m, e in shown], "ink", "simulated")
    items += plane.line([(t, m) for t, m, _ in shown], "ink", "simulated")
    items += plane.legend(0, "ink", f"{len(solution.curves.losses)} runs, ± 2 standard errors")
    lines = [("partial sum", solution.series, True)]
    lines += [
        (f"Padé {n}", v, True)
        for n, v in zip(solution.band.orders, (solution.band.higher, solution.band.lower), strict=True)
    ]
    lines += [(f"{c.name} ({c.holds})", c.values, False) for c in solution.closed]
    for number, (name, values, dashed) in enumerate(lines):
        points = [(float(t), float(v)) for t, v in zip(times, values, strict=True)]
        items += plane.line(points, str(number), name, dashed)
        items += plane.legend(number + 1, str(number), name, dashed)
    return fitted(items, title=title)


def _range(values: list[float]) -> tuple[float, float]:
    width = max(max(values) - min(values), 1.0)
    return min(values) - 0.15 * width, max(values) + 0.15 * width
