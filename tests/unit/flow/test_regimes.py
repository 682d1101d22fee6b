"""Regimes out of the exponents alone, against the tables of the paper; names and order change nothing."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError
from diagc.draw import render_svg
from diagc.draw.scene import Bounds, Point, Scene, Strand, Text
from diagc.flow.lower import problem_of
from diagc.flow.pareto import front
from diagc.flow.pictures import polygon, regime_map
from diagc.flow.polytope import Vector
from diagc.flow.regimes import Map, Regime, located, regimes
from diagc.flow.series import Series
from diagc.source import Source

SPECS = Path(__file__).parents[3] / "specs" / "flow"

FOUR = """diag 1
size p, H
axis i: p, j: p, l: p, m: p, k: H
fn cp() -> f32[i j l m] {
  param A: f32[k i] ~ normal(stddev = sigma)
  param B: f32[k j] ~ normal(stddev = sigma)
  param C: f32[k l] ~ normal(stddev = sigma)
  param D: f32[k m] ~ normal(stddev = sigma)
  return sum[k](A * B * C * D)
}
fn identity() -> f32[i j l m] { return where(i == j and j == l and l == m, 1.0, 0.0) }
learning cp4 {
  train student: () -> f32[i j l m] = cp()
  commute fit: student() ~ identity() by sse
}
"""


@cache
def found(text: str, order: int) -> Map:
    (learning,) = check_source(Source("a.diag", text)).learnings.values()
    problem = problem_of(learning)
    series = [o.polynomial for o in Series(problem).orders(order)]
    return regimes(series, problem)


def spec(name: str) -> str:
    return (SPECS / f"{name}.diag").read_text("utf-8")


def vector(text: str, symbols: tuple[str, ...]) -> tuple[Fraction, ...]:
    """`p^2 H sigma^(1/2)` as powers."""
    powers = {s: Fraction(0) for s in symbols}
    for name, power in re.findall(r"([A-Za-z]+)(?:\^\(?(-?[\d/]+)\)?)?", text):
        powers[name] += Fraction(power or 1)
    return tuple(powers[s] for s in symbols)


def same_line(a: Vector | tuple[Fraction, ...], b: tuple[Fraction, ...]) -> bool:
    """Whether two vectors are multiples of each other."""
    return all(a[m] * b[n] == a[n] * b[m] for m in range(len(a)) for n in range(len(a)))


def edge(among: Map, condition: str, label: str) -> Regime:
    wanted = vector(condition, among.symbols)
    (one,) = [
        r for r in among.regimes
        if len(r.equal) == 1 and r.label == label and same_line(tuple(map(Fraction, r.equal[0])), wanted)
    ]  # fmt: skip
    return one


def alike_on(regime: Regime, time: str, among: Map) -> bool:
    """Whether the natural time is the one given, up to the condition of the edge."""
    wanted = vector(time, among.symbols)
    rest = tuple(x - y for x, y in zip(regime.time, wanted, strict=True))
    return not any(rest) or same_line(tuple(map(Fraction, regime.equal[0])), rest)


TABLE = [
    # model, order, rows: condition of the edge, natural time, label
    ("cp2_sym", 4, [("H^2 p^-2", "p sigma^2", "free"), ("H^2 sigma^4", "", "rich"), ("p sigma^2", "", "rich")]),
    ("cp4_sym", 3, [
        ("H^2 p^-4", "p^3 sigma^6", "free"), ("p^2 H^2 sigma^8", "sigma^2", "rich"), ("p^3 sigma^4", "sigma^2", "rich"),
    ]),
    ("cp2", 4, [
        ("H p^-1", "p sigma^2", "free"), ("p H sigma^4", "H sigma^2", "lazy"), ("H sigma^2", "", "rich"),
        ("H p^-1", "", "rich"), ("p sigma^2", "", "rich"),
    ]),
    ("cp3", 4, [
        ("H p^-2", "p^2 sigma^4", "free"), ("p^2 H sigma^6", "H sigma^4", "lazy"), ("H sigma^3", "sigma", "rich"),
        ("H p^-2", "sigma", "rich"), ("p^2 sigma^3", "sigma", "rich"),
    ]),
    ("cp4", 3, [
        ("H p^-3", "p^3 sigma^6", "free"), ("p^3 H sigma^8", "H sigma^6", "lazy"), ("H sigma^4", "sigma^2", "rich"),
        ("H p^-3", "sigma^2", "rich"), ("p^3 sigma^4", "sigma^2", "rich"),
    ]),
    ("modular", 3, [
        ("H p^-2", "p^2 sigma^4", "free"), ("H p sigma^6", "H sigma^4", "lazy"),
        ("H^2 sigma^6 p^-1", "p^(1/2) sigma", "rich"),
        ("H p^-2", "p^(1/2) sigma", "rich"), ("p sigma^2", "p^(1/2) sigma", "rich"),
    ]),
    ("linear3", 3, [
        ("H p^-1", "p^2 sigma^4", "free"), ("H^2 p sigma^6", "H^2 sigma^4", "lazy"),
        ("H sigma^2", "H^(1/2) sigma", "rich"),
        ("H p^-1", "p^(1/2) sigma", "rich"), ("p sigma^2", "p^(1/2) sigma", "rich"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "order", "rows"), TABLE, ids=[row[0] for row in TABLE])
def test_every_row_of_the_table(name: str, order: int, rows: list[tuple[str, str, str]]) -> None:
    among = found(FOUR if name == "cp4" else spec(name), order)
    edges = [r for r in among.regimes if len(r.equal) == 1]
    assert len(edges) == len(rows)
    for condition, time, label in rows:
        assert alike_on(edge(among, condition, label), time, among)
    assert len([r for r in among.regimes if "-" not in r.name]) == len(rows)  # a polygon has as many vertices


@pytest.mark.parametrize("name", ["cp2", "cp3"])
def test_fronts_are_those_of_the_theorem(name: str) -> None:
    """Theorem 4.1: p^Q H^n sigma^(nu (s_D + 1) + (nu - 2) s) with Q = 1 + (nu - 1)(s_D + 1 - n), s_R even."""
    nu = int(name[2])
    (learning,) = check_source(Source("a.diag", spec(name))).learnings.values()
    for s, order in enumerate(Series(problem_of(learning)).orders(4)):
        expected = {
            (1 + (nu - 1) * (d + 1 - n), n, nu * (d + 1) + (nu - 2) * s)
            for d in range(s + 2) for n in range(1, d + 2)
            if (s + 1 - d) % 2 == 0 and (n, d) != (s + 2, s + 1)
        }  # fmt: skip
        moving = {powers for powers in front(order.polynomial, (0, 1)) if powers[2]}
        assert moving == {tuple(map(Fraction, powers)) for powers in expected}


def test_names_and_order_of_declarations_change_nothing() -> None:
    text = spec("linear3")
    other = text.replace("size p, H", "size wide, n").replace(
        "axis i: p, j: p, k: H, l: H", "axis l: wide, k: wide, j: n, i: n"
    )
    for old, new in (("sigma", "tau"), ("A", "Zeta"), ("B", "M"), ("C", "First"), ("linear3", "x")):
        other = re.sub(rf"\b{old}\b", new, other)
    mine, theirs = found(text, 3), found(other, 3)
    assert set(theirs.symbols) == {"wide", "n", "tau"}
    rename = {"p": "n", "H": "wide", "sigma": "tau"}
    place = [theirs.symbols.index(rename[s]) for s in mine.symbols]

    def facts(of: Map, order: list[int]) -> set[object]:
        def named(v: Vector, sign: int = 1) -> Vector:
            return tuple(sign * v[n] for n in order)

        return {
            (
                r.label,
                frozenset(frozenset((named(v), named(v, -1))) for v in r.equal),
                frozenset(map(named, r.large)),
            )
            for r in of.regimes
            if len(r.equal) < 2
        }

    assert facts(mine, [0, 1, 2]) == facts(theirs, place)


def test_a_point_is_placed_with_its_distances() -> None:
    """The examples of the paper's regime map, at a = 1000: NTK with vanishing start, mean field, saddle escape."""
    among = found(spec("cp3"), 4)
    a = 1000.0

    def at(p: float, H: float, sigma: float) -> tuple[str, dict[str, float]]:
        place = located(among, {"p": a**p, "H": a**H, "sigma": a**sigma})
        return place.regime.label, {edge: distance for edge, _, distance in place.distances}

    assert at(1, 4, -1.2)[0] == "lazy"
    assert at(1, 3, 0.0)[0] == at(1, 1, 0.0)[0] == "free"
    assert at(1, 1, -2.0)[0] == "rich"
    label, distances = at(1, 3, -0.99)  # near H sigma^3 = 1
    mean_field = edge(among, "H sigma^3", "rich")
    assert label == "lazy"
    assert distances[mean_field.name] == pytest.approx(0.03 * 6.907755, rel=1e-3)


def test_a_teacher_is_not_what_trains() -> None:
    """Linear regression: where the teacher is larger than the start, the target has entered; else it has not."""
    among = found(spec("regression"), 3)
    corners = {r.large: r.label for r in among.regimes if "-" not in r.name}
    sigma, tau = among.symbols.index("sigma"), among.symbols.index("tau")
    for large, label in corners.items():
        (ratio,) = (v for v in large if v[sigma])
        assert label == ("free" if ratio[sigma] > 0 > ratio[tau] else "lazy")


def test_without_a_free_scale_there_are_no_regimes() -> None:
    with pytest.raises(DiagnosticError, match="E1206"):
        found(spec("cp2").replace("stddev = sigma", "stddev = 1.0"), 3)


def test_pictures_show_conditions() -> None:
    among = found(spec("cp3"), 4)
    drawn = regime_map(among)
    assert drawn is not None
    assert "H sigma^3" in render_svg(drawn)
    assert "≍ 1" in render_svg(polygon(among))


def lines(scene: Scene) -> list[tuple[Point, Point]]:
    drawn = [item.points for item in scene.items if isinstance(item, Strand) and item.role == "ink"]
    return [(points[0], points[-1]) for points in drawn]


def covers(area: Bounds, start: Point, end: Point) -> bool:
    """Whether one of many points of a line is in an area."""
    places = [
        (start[0] + t / 500 * (end[0] - start[0]), start[1] + t / 500 * (end[1] - start[1]))
        for t in range(501)
    ]
    return any(area[0] < x < area[2] and area[1] < y < area[3] for x, y in places)


@pytest.mark.parametrize("name", ["cp2", "cp3", "linear3", "modular"])
def test_words_cover_no_words_and_names_of_corners_no_lines(name: str) -> None:
    among = found(spec(name), 4)
    for scene in (polygon(among), regime_map(among)):
        assert scene is not None
        words = [item for item in scene.items if isinstance(item, Text)]
        for place, word in enumerate(words):
            for other in words[place + 1 :]:
                a, b = word.bounds, other.bounds
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (word.text, other.text)
    named = [item for item in polygon(among).items if isinstance(item, Text) and item.style == "name"]
    assert not [w.text for w in named for line in lines(polygon(among)) if covers(w.bounds, *line)]
