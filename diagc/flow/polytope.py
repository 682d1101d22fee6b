"""Faces of the convex hull of monomials, and the directions of growth in which each of them leads.

Sizes grow as a^α with α > 0, scales as a^β with any β: a monomial with powers e then is a^((α, β)·e). A face of the
hull leads in the directions of its normal cone. Faces whose cone has a direction with growing sizes are the regimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Vector = tuple[int, ...]
Floats = NDArray[np.float64]

_svd: Any = np.linalg.svd
_SMALL: Final = 1e-7
_FAR: Final = 100.0
"""Directions are scaled so that every size grows at least as a; nothing grows faster than a^100."""


@dataclass(frozen=True, slots=True)
class Leading:
    """A face: the vertices in it, and a direction in the interior of its normal cone."""

    vertices: tuple[Vector, ...]
    direction: tuple[float, ...]


def leading_faces(points: list[Vector], growing: tuple[int, ...]) -> list[Leading]:
    """The vertices, edges and larger faces that lead in some direction in which sizes grow."""
    vertices = hull_vertices(points)
    faces: list[Leading] = []
    alone: list[Vector] = []
    for vertex in vertices:
        direction = leads((vertex,), vertices, growing)
        if direction is not None:
            alone.append(vertex)
            faces.append(Leading((vertex,), direction))
    sets: list[frozenset[Vector]] = []
    for pair in combinations(alone, 2):
        direction = leads(pair, vertices, growing, strict=False)
        if direction is not None:
            found = frozenset(_maximal(vertices, direction))
            face = tuple(v for v in vertices if v in found)
            inside = leads(face, vertices, growing)
            if found not in sets and inside is not None:
                sets.append(found)
                faces.append(Leading(face, inside))
    return faces


def hull_vertices(points: list[Vector]) -> list[Vector]:
    """The vertices of the convex hull, sorted; of any affine dimension."""
    distinct = sorted(set(points))
    if len(distinct) <= 2:
        return distinct
    flat, dimension = flattened(distinct)
    if dimension == 1:
        line = flat[:, 0]
        return sorted({distinct[int(line.argmin())], distinct[int(line.argmax())]})
    hull = _scipy("spatial").ConvexHull(flat[:, :dimension])
    return sorted(distinct[int(n)] for n in hull.vertices)


def flattened(points: list[Vector]) -> tuple[Floats, int]:
    """Coordinates along principal axes, and how many of those are needed."""
    array = np.array(points, np.float64)
    centred = array - array.mean(0)
    _, sizes, axes = _svd(centred, full_matrices=False)
    return centred @ axes.T, int((sizes > _SMALL * max(1.0, float(sizes[0]))).sum())


def leads(
    face: tuple[Vector, ...], vertices: list[Vector], growing: tuple[int, ...], strict: bool = True
) -> tuple[float, ...] | None:
    """A direction in which the face leads before all other vertices by as much as possible; None where there is none.

    Without `strict` the face may lead together with others.
    """
    count = len(face[0])
    others = [v for v in vertices if v not in face]
    first = np.array(face[0], np.float64)
    unequal = [np.append(np.array(v, np.float64) - first, 1.0) for v in others]
    equal = [np.append(np.array(v, np.float64) - first, 0.0) for v in face[1:]]
    bounds = [(1.0, _FAR) if n in growing else (-_FAR, _FAR) for n in range(count)]
    solved = _scipy("optimize").linprog(
        [*([0.0] * count), -1.0],
        A_ub=np.array(unequal) if unequal else None, b_ub=np.zeros(len(unequal)) if unequal else None,
        A_eq=np.array(equal) if equal else None, b_eq=np.zeros(len(equal)) if equal else None,
        bounds=[*bounds, (0.0, 1.0)],
    )  # fmt: skip
    if solved.status != 0 or (strict and solved.x[-1] < _SMALL):
        return None
    return tuple(float(x) for x in solved.x[:-1])


def _scipy(room: str) -> Any:
    """A part of SciPy, which has no types; loaded when it is needed."""
    return import_module(f"scipy.{room}")


def _maximal(vertices: list[Vector], direction: tuple[float, ...]) -> list[Vector]:
    values = np.array(vertices, np.float64) @ np.array(direction)
    return [v for v, value in zip(vertices, values, strict=True) if value > values.max() - _SMALL]


def best(points: list[Vector], direction: tuple[float, ...]) -> Vector:
    """The point that leads in a direction; of several, the first in order."""
    values = np.array(points, np.float64) @ np.array(direction)
    return min(point for point, value in zip(points, values, strict=True) if value > values.max() - _SMALL)
