"""Solutions of design problems as pictures: least resources against each other, and what is unavoidable above them.

The first resource is drawn over each of the others. A point of the solution is a ring; the line bounds what is possible
with these two resources alone, whatever the rest. Best and worst cases are full and broken lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diagc.codesign.antichain import Points, minimal
from diagc.codesign.problems import Answer, shown
from diagc.core.design import Port
from diagc.draw.chart import stacked
from diagc.draw.plane import Plane
from diagc.draw.scene import Item, Point, Scene, Strand, fitted


def answer_picture(found: Sequence[Answer]) -> Scene:
    """The solutions of one design for one or several needs."""
    design = found[0].design
    numbers = [k for k, port in enumerate(design.requires) if not port.order.is_finite]
    pairs = [(numbers[0], k) for k in numbers[1:]] or [(numbers[0], numbers[0])] if numbers else []
    scenes = [_chart(found, first, second) for first, second in pairs]
    return stacked(scenes, design.name)


def _chart(found: Sequence[Answer], first: int, second: int) -> Scene:
    ports = found[0].design.requires
    series = [
        (number, name, solution.points[:, [second, first]])
        for number, each in enumerate(found)
        for name, solution in each.solutions()
        if len(solution.points)
    ]
    every = np.concatenate([points for _, _, points in series])
    low, high = every.min(axis=0), every.max(axis=0)
    room = 0.08 * np.where(high > low, high - low, np.maximum(high, 1.0))
    plane = Plane(
        (float(low[0] - room[0]), float(high[0] + room[0])),
        (float(low[1] - room[1]), float(high[1] + room[1])),
    )
    title = f"{found[0].design.name}: {_name(ports[first])} over {_name(ports[second])}"
    items: list[Item] = list(plane.frame(title, _name(ports[second]), _name(ports[first])))
    for place, (number, name, points) in enumerate(series):
        role = "ink" if number == 0 else str(number - 1)
        items += plane.line(_boundary(points, plane), role, name, name == "at worst")
        items += [ring(plane.at(float(x), float(y)), role) for x, y in points]
        items += plane.legend(place, role, _words(found[number], name, len(found) > 1), name == "at worst")
    return fitted(items, title=title)


def _name(port: Port) -> str:
    return f"{port.name} ({port.unit})" if port.unit else port.name


def _words(found: Answer, name: str, several: bool) -> str:
    ports = {port.name: port for port in found.design.provides}
    need = ", ".join(f"{n} = {shown(v, ports[n])}" for n, v in found.need.items()) if several else ""
    return ", ".join(part for part in (need, name) if part) or "least resources"


def _boundary(points: Points, plane: Plane) -> list[Point]:
    """The edge of what lies above the points: down, then right, at each of the least."""
    least = points[minimal(points)]
    least = least[np.argsort(least[:, 0])]
    made: list[Point] = [(float(least[0, 0]), plane.y[1])]
    for x, y in least:
        made += [(float(x), made[-1][1]), (float(x), float(y))]
    return [*made, (plane.x[1], made[-1][1])]


def ring(at: Point, role: str, title: str = "") -> Strand:
    """A small circle."""
    (x, y), r, k = at, 3.0, 3.0 * 0.5523
    points = (
        (x + r, y), (x + r, y + k), (x + k, y + r), (x, y + r), (x - k, y + r), (x - r, y + k), (x - r, y),
        (x - r, y - k), (x - k, y - r), (x, y - r), (x + k, y - r), (x + r, y - k), (x + r, y),
    )  # fmt: skip
    return Strand(points, role=role, title=title)
