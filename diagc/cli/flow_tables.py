"""Regimes as lines of text and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp
from typing import TYPE_CHECKING

from diagc.flow.pictures import words
from diagc.flow.regimes import WORDS, Map, Regime, located
from diagc.flow.text import monomial

if TYPE_CHECKING:
    from diagc.flow.solve import Solution


def regime_lines(found: Map, numbers: Mapping[str, float]) -> Iterator[str]:
    """A table of regimes, and where a point lies when numbers are given."""
    rows = [("face", "condition", "T in du/dt = -∇L/T", "s_R", "target")]
    rows += [
        (r.name, condition(r, found.symbols), _time(r, found), _merged(r), r.label) for r in found.regimes
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    present = {r.label for r in found.regimes}
    yield from (f"{label}: {said}" for label, said in WORDS.items() if label in present)
    if numbers:
        yield ""
        yield from _place(found, numbers)


def condition(regime: Regime, symbols: tuple[str, ...]) -> str:
    """What holds on a face: monomials of order 1, and monomials that go to infinity."""
    equal = [f"{words(v, symbols)} ≍ 1" for v in regime.equal]
    large = [f"{words(v, symbols)} → ∞" for v in regime.large]
    return ", ".join([*equal, *large])


def _time(regime: Regime, found: Map) -> str:
    return monomial(regime.time, found.symbols) or "1"


def _merged(regime: Regime) -> str:
    least, most = regime.merged
    return str(least) if least == most else f"{least}…{most}"


def _place(found: Map, numbers: Mapping[str, float]) -> Iterator[str]:
    place = located(found, dict(numbers))
    at = ", ".join(f"{name} = {numbers[name]:g}" for name in found.symbols)
    yield f"{at}: {place.regime.name}, {place.regime.label}"
    for edge, vector, distance in sorted(place.distances, key=lambda d: abs(d[2])):
        yield f"  {words(vector, found.symbols)} = {exp(distance):.4g}; 1 is the boundary {edge}"


def regime_data(found: Map, numbers: Mapping[str, float]) -> dict[str, object]:
    """The same as plain values for JSON."""
    made: dict[str, object] = {
        "symbols": found.symbols,
        "regimes": [
            {
                "face": r.name,
                "equal": [words(v, found.symbols) for v in r.equal],
                "large": [words(v, found.symbols) for v in r.large],
                "time": _time(r, found),
                "target": r.label,
                "merged": [str(m) for m in r.merged],
            }
            for r in found.regimes
        ],
    }
    if numbers:
        place = located(found, dict(numbers))
        made["point"] = {
            "numbers": dict(numbers),
            "face": place.regime.name,
            "boundaries": {edge: [words(v, found.symbols), exp(d)] for edge, v, d in place.distances},
        }
    return made


def solution_lines(solution: Solution) -> Iterator[str]:
    """A table over times, the names of its columns, and what to beware of."""
    names = ["simulated", "± s.e.", "partial sum", *(f"Padé {n}" for n in solution.band.orders)]
    columns = [
        solution.curves.mean, solution.curves.error, solution.series, solution.band.higher, solution.band.lower,
        *(closed.values for closed in solution.closed),
    ]  # fmt: skip
    names += [f"({number})" for number in range(1, len(solution.closed) + 1)]
    widths = [max(11, len(name)) for name in names]
    yield "  ".join(["t".rjust(10), *(n.rjust(w) for n, w in zip(names, widths, strict=True))])
    for row, time in enumerate(solution.curves.times):
        cells = (f"{column[row]:.5g}".rjust(width) for column, width in zip(columns, widths, strict=True))
        yield "  ".join([f"{time:.4g}".rjust(10), *cells])
    yield ""
    for number, closed in enumerate(solution.closed, 1):
        yield f"({number}) {closed.name}: {closed.holds}"
    regime = solution.place.regime
    yield f"regime {regime.name}, {regime.label}: {condition(regime, solution.found.symbols)}"
    yield from (f"warning: {words}" for words in solution.warnings)
