"""The front of a family of machines as a picture: time over cost and time over energy, coloured by what binds.

Each point is a design; its colour is the resource that binds for the largest share of the time of the workload. The
front is drawn as larger points, machines that exist with their names.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from diagc.codesign.amounts import Values
from diagc.codesign.fronts import OBJECTIVES, Front, Outcome
from diagc.codesign.problem_pictures import ring
from diagc.codesign.schedules import BOUNDS, Indices
from diagc.draw.chart import stacked
from diagc.draw.plane import Plane
from diagc.draw.scene import Item, Point, Scene, Strand, Text, fitted

NAMES: Final = {
    "l0": "device memory", "l1": "cache", "l2": "shared memory", "tensor": "matrix units", "vector": "vector units",
    "special": "special functions",
}  # fmt: skip
"""What tables and pictures call the resources that may bind."""

_CLOUD: Final = 1200
"""Designs beside the front that are drawn, evenly spaced in their order."""


def binding(front: Front, outcome: Outcome) -> Indices:
    """For each machine the resource that binds for the largest share of the time of the workload."""
    weights = np.asarray([k.job.weight for k in front.kernels])[:, None]
    held = np.nan_to_num(outcome.seconds * weights, posinf=0.0)
    by_bound = np.stack(
        [np.where(outcome.bound == place, held, 0.0).sum(axis=0) for place in range(len(BOUNDS))]
    )
    return np.argmax(by_bound, axis=0)


def front_picture(front: Front) -> Scene:
    """Time over cost, and time over energy."""
    title = f"{front.family.machine.name}: {len(front.chosen):,} designs"
    charts = [_chart(front, axis, title if place == 0 else "") for place, axis in enumerate((2, 1))]
    return stacked(charts, title)


def _chart(front: Front, axis: int, title: str) -> Scene:
    outcome, bound = front.outcome, binding(front, front.outcome)
    units = ("s", "J", front.family.prices.currency if front.family.prices.cost else "mm2")
    feasible = np.flatnonzero(outcome.feasible)
    every = [outcome.points[feasible][:, [axis, 0]], *(o.points[:, [axis, 0]] for _, o in front.references)]
    points = np.log10(np.concatenate(every))
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * np.maximum(high - low, 0.1)
    plane = Plane((low[0] - room[0], high[0] + room[0]), (low[1] - room[1], high[1] + room[1]))
    items: list[Item] = list(
        plane.frame(title, f"{OBJECTIVES[axis]} ({units[axis]})", "time (s)", ticks=False)
    )
    items += _ticks(plane)
    on_front = set(front.places.tolist())
    beside = [p for p in feasible.tolist() if p not in on_front]
    for place in (*beside[:: max(len(beside) // _CLOUD, 1)], *front.places.tolist()):
        at = _logarithms(outcome.points[place, [axis, 0]])
        items.append(_dot(plane.at(*at), str(bound[place]), place in on_front))
    named: list[Point] = []
    for machine, found in front.references:
        x, y = plane.at(*_logarithms(found.points[0, [axis, 0]]))
        crowded = any(abs(x - a) < 40 and abs(y - b) < 12 for a, b in named)
        named.append((x, y))
        items += [*_cross(x, y), Text(x + 7, y + (16 if crowded else 0), machine.name, "start", "name")]
    used = sorted(set(bound[feasible].tolist()))
    for number, place in enumerate(used):
        items += plane.legend(number, str(place), f"bound by {NAMES[BOUNDS[place]]}")
    return fitted(items, title=title)


def _logarithms(values: Values) -> Point:
    return math.log10(values[0]), math.log10(values[1])


def _dot(at: Point, role: str, on_front: bool) -> Strand:
    """A point, or a ring on the front."""
    x, y = at
    if not on_front:
        return Strand(((x - 0.8, y), (x, y), (x, y), (x + 0.8, y)), role=role, part="through")
    return ring(at, role, "on the front")


def _cross(x: float, y: float) -> list[Strand]:
    ends = (((x - 4, y - 4), (x + 4, y + 4)), ((x - 4, y + 4), (x + 4, y - 4)))
    return [Strand((a, a, b, b), role="ink") for a, b in ends]


def _ticks(plane: Plane) -> list[Item]:
    """Round numbers along both axes."""
    across, up = _round_numbers(plane.x), _round_numbers(plane.y)
    items: list[Item] = [
        Text(plane.at(math.log10(v), plane.y[0])[0], plane.height + 14, f"{v:g}") for v in across
    ]
    return [*items, *(Text(-6, plane.at(plane.x[0], math.log10(v))[1] + 4, f"{v:g}", "end") for v in up)]


def _round_numbers(ends: tuple[float, float]) -> list[float]:
    """Round numbers whose logarithms lie in a range, fewer of them over more than a decade."""
    decades = range(math.floor(ends[0]) - 1, math.ceil(ends[1]) + 1)
    digits = (1, 2, 5) if ends[1] - ends[0] > 1 else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    found = [float(f"{digit}e{decade}") for decade in decades for digit in digits]
    return [value for value in found if ends[0] <= math.log10(value) <= ends[1]]
