"""Regimes of gradient flow at large sizes, read off the exponents of the series.

In the direction in which sizes and scales go, the terms of a face of the convex hull of Y_s lead. Faces of two orders
are taken together (as faces of the sum of their hulls), because orders of different parity show different vertices.
Where an edge leads, its two ends are alike: that is one condition, a monomial ≍ 1. A term with fewer factors than the
most has merged with the target as often: never (free evolution), a bounded number of times (lazy), or in step with
the order (rich).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, log
from typing import Final, Literal

from diagc.diagnostics import failure
from diagc.flow.pareto import front
from diagc.flow.polynomial import Polynomial, Powers
from diagc.flow.polytope import Leading, Vector, best, leading_faces
from diagc.flow.problem import Problem

Label = Literal["free", "lazy", "rich"]
WORDS: Final[dict[Label, str]] = {
    "free": "the target plays no part",
    "lazy": "the target enters a bounded number of times",
    "rich": "the target enters at every step",
}


@dataclass(frozen=True, slots=True)
class Exponents:
    """The leading exponents of one order, sizes first; `scales` are the places of those of what trains."""

    points: tuple[Vector, ...]
    scales: tuple[int, ...]

    def deficit(self, point: Vector) -> int:
        """How many factors a term has less than the most."""
        most = max(sum(p[n] for n in self.scales) for p in self.points)
        return most - sum(point[n] for n in self.scales)


@dataclass(frozen=True, slots=True)
class Regime:
    """A face: `equal` are monomials ≍ 1, `large` those → ∞; `time` is the natural time, with rational powers.

    `ends` are the leading terms for each vertex, at the one of the last two orders that tells more of them apart;
    `merged` is how often, least and most, the target has entered those of the last order.
    """

    name: str
    equal: tuple[Vector, ...]
    large: tuple[Vector, ...]
    time: Powers
    merged: tuple[Fraction, Fraction]
    label: Label
    ends: tuple[Vector, ...]
    direction: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """All regimes over their symbols; the first `sizes` of those are sizes, which grow."""

    symbols: tuple[str, ...]
    sizes: int
    regimes: tuple[Regime, ...]
    order: int

    @property
    def boundaries(self) -> tuple[Vector, ...]:
        """The monomials that are ≍ 1 on the edges."""
        return tuple(dict.fromkeys(r.equal[0] for r in self.regimes if len(r.equal) == 1))


def regimes(series: Sequence[Polynomial], problem: Problem, growing: tuple[int, ...] | None = None) -> Map:
    """The regimes of a series of at least three orders; `growing` are the places of sizes that go to infinity, or all.

    Raises `DiagnosticError` E1206 where no scale of a parameter that trains is free: then nothing tells terms apart.
    """
    symbols, sizes = problem.symbols, len(problem.sizes)
    if not problem.moving:
        raise failure(
            "E1206", f"no scale of what `{problem.name}` trains is free, so terms cannot be told apart",
            help="name it: `~ normal(stddev = sigma)`",
        )  # fmt: skip
    growing = tuple(range(sizes)) if growing is None else growing
    kept = (*growing, *range(sizes, len(symbols)))
    moving = tuple(kept.index(n) for n in problem.moving)
    before, middle, after = (_exponents(y, kept, growing, sizes, moving) for y in series[-3:])
    sums = {_plus(a, b) for a in middle.points for b in after.points}
    faces = leading_faces(list(sums), tuple(range(len(growing))))
    made = _Reading(before, middle, after, faces, problem.step).regimes()
    return Map(tuple(symbols[n] for n in kept), len(growing), made, len(series) - 1)


def _exponents(
    polynomial: Polynomial,
    kept: tuple[int, ...],
    growing: tuple[int, ...],
    sizes: int,
    moving: tuple[int, ...],
) -> Exponents:
    """The front without the constant of the target, which no flow changes."""
    powers = [p for p in front(polynomial, growing) if any(p[sizes:])]
    points = tuple(sorted(tuple(int(p[n]) for n in kept) for p in powers))
    return Exponents(points, moving)


@dataclass(slots=True)
class _Reading:
    before: Exponents
    middle: Exponents
    after: Exponents
    faces: list[Leading]
    step: int

    def regimes(self) -> tuple[Regime, ...]:
        single = [face for face in self.faces if len(face.vertices) == 1]
        edges = [face for face in self.faces if len(face.vertices) == 2]
        names = self._names(single, edges)
        made = [self._regime(face, edges, names) for face in self.faces]
        return tuple(sorted(made, key=lambda r: (len(r.name), r.name)))

    def _names(self, single: list[Leading], edges: list[Leading]) -> dict[Vector, str]:
        """Letters along the polygon, from the vertex with most factors on."""
        order = sorted(single, key=lambda f: (self._lacking(f.direction), f.vertices[0]))
        links = {f.vertices[0]: [e for e in edges if f.vertices[0] in e.vertices] for f in single}
        found: list[Vector] = []
        while len(found) < len(order):
            near = [v for e in (links[found[-1]] if found else []) for v in e.vertices if v not in found]
            ranked = [f.vertices[0] for f in order if f.vertices[0] not in found]
            found.append(next((v for v in ranked if v in near), ranked[0]))
        return {vertex: _letter(n) for n, vertex in enumerate(found)}

    def _lacking(self, direction: tuple[float, ...]) -> int:
        return self.after.deficit(best(list(self.after.points), direction))

    def _regime(self, face: Leading, edges: list[Leading], names: dict[Vector, str]) -> Regime:
        corners = {
            v: next(f for f in self.faces if f.vertices == (v,)).direction
            for v in face.vertices
            if v in names
        }
        times = [self._time(direction) for direction in corners.values()]
        deficits = [self._lacking(direction) for direction in corners.values()]
        earlier = [self.before.deficit(best(list(self.before.points), d)) for d in corners.values()]
        return Regime(
            "-".join(sorted(names[v] for v in corners)),
            _independent(_primitive(_minus(a, b)) for a, b in _sides(face, edges)),
            self._large(face, edges),
            min(times, key=lambda t: (sum(map(abs, t)), t)),
            (Fraction(min(deficits), self.step), Fraction(max(deficits), self.step)),
            _label(deficits, earlier),
            tuple(best(list(self._clearest().points), d) for d in corners.values()),
            face.direction,
        )

    def _clearest(self) -> Exponents:
        """Of the last two orders the one that tells more vertices apart."""
        every = [face.direction for face in self.faces if len(face.vertices) == 1]
        return max(self.after, self.middle, key=lambda e: len({best(list(e.points), d) for d in every}))

    def _time(self, direction: tuple[float, ...]) -> Powers:
        """T with T² the ratio of what leads two orders apart."""
        late, early = (best(list(e.points), direction) for e in (self.after, self.before))
        return tuple(Fraction(x, 2) for x in _minus(late, early))

    def _large(self, face: Leading, edges: list[Leading]) -> tuple[Vector, ...]:
        """What goes to infinity: the ratio of an end of each edge that leaves the face."""
        found: list[Vector] = []
        for edge in edges:
            inside = [v for v in edge.vertices if v in face.vertices]
            if len(inside) == 1:
                (other,) = (v for v in edge.vertices if v not in face.vertices)
                found.append(_primitive(_minus(inside[0], other)))
        return tuple(dict.fromkeys(found))


def _sides(face: Leading, edges: list[Leading]) -> list[tuple[Vector, Vector]]:
    """Pairs of ends that are alike on a face: those of its visible edges, else of its vertices in order."""
    own = [e.vertices for e in edges if set(e.vertices) <= set(face.vertices)]
    pairs = [*((a, b) for a, b in own), *((face.vertices[0], v) for v in face.vertices[1:])]
    return [(max(pair), min(pair)) for pair in pairs]


def _label(deficits: list[int], earlier: list[int]) -> Label:
    if not any(deficits):
        return "free"
    grows = any(late > early for late, early in zip(deficits, earlier, strict=True))
    return "rich" if grows else "lazy"


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else f"A{number}"


def _independent(vectors: Iterable[Vector]) -> tuple[Vector, ...]:
    """The vectors, without those that depend on earlier ones."""
    import numpy as np

    found: list[Vector] = []
    for vector in vectors:
        if np.linalg.matrix_rank(np.array([*found, vector])) > len(found):
            found.append(vector)
    return tuple(found)


def _primitive(vector: Vector) -> Vector:
    divisor = gcd(*vector)
    return tuple(x // divisor for x in vector) if divisor else vector


def _plus(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _minus(a: Vector, b: Vector) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))


# ---- a point


@dataclass(frozen=True, slots=True)
class Place:
    """Where numbers lie: the vertex that leads there, and for each of its boundaries the ratio that is 1 on it."""

    regime: Regime
    distances: tuple[tuple[str, Vector, float], ...]


def located(found: Map, numbers: dict[str, float]) -> Place:
    """The regime of given sizes and scales: that of the vertex whose term is largest, and how far others are."""
    logs = tuple(log(numbers[symbol]) for symbol in found.symbols)
    corners = [r for r in found.regimes if "-" not in r.name]

    def inside(regime: Regime) -> float:
        return min((_value(vector, logs) for vector in regime.large), default=0.0)

    regime = max(corners, key=inside)
    distances: list[tuple[str, Vector, float]] = []
    for edge in found.regimes:
        ends = edge.name.split("-")
        if len(ends) == 2 and regime.name in ends and len(edge.equal) == 1:
            distances.append((edge.name, edge.equal[0], _value(edge.equal[0], logs)))
    return Place(regime, tuple(distances))


def _value(vector: Vector, logs: tuple[float, ...]) -> float:
    """The natural logarithm of a monomial at given numbers."""
    return sum(x * y for x, y in zip(vector, logs, strict=True))
