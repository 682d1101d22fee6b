"""The exact series against averages of true Taylor coefficients, and against printed polynomials."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from diagc.check.program import read_program
from diagc.diagnostics import DiagnosticError
from diagc.flow.lower import problem_of
from diagc.flow.polynomial import Polynomial, value
from diagc.flow.problem import Problem
from diagc.flow.series import Order, Series
from diagc.flow.text import plain
from tests.unit.flow.oracle import gauss_hermite

SPECS = Path(__file__).parents[3] / "specs" / "flow"

CASES = [
    ("cp2", {"p": 1, "H": 1}, 5), ("cp2", {"p": 2, "H": 1}, 3), ("cp2", {"p": 1, "H": 2}, 3),
    ("cp2_sym", {"p": 1, "H": 1}, 5), ("cp2_sym", {"p": 2, "H": 1}, 4), ("cp2_sym", {"p": 1, "H": 3}, 3),
    ("cp2_sym", {"p": 2, "H": 2}, 2), ("cp3", {"p": 1, "H": 1}, 3), ("cp3", {"p": 2, "H": 1}, 1),
    ("cp3", {"p": 1, "H": 2}, 2), ("cp3_sym", {"p": 1, "H": 1}, 3), ("cp3_sym", {"p": 2, "H": 1}, 3),
    ("cp3_sym", {"p": 1, "H": 3}, 2), ("cp3_sym", {"p": 2, "H": 2}, 1), ("cp4_sym", {"p": 1, "H": 1}, 3),
    ("cp4_sym", {"p": 2, "H": 1}, 2), ("cp4_sym", {"p": 1, "H": 2}, 3), ("linear3", {"p": 1, "H": 1}, 3),
    ("linear3", {"p": 2, "H": 1}, 2), ("modular", {"p": 1, "H": 1}, 3), ("modular", {"p": 3, "H": 1}, 1),
    ("quadratic", {"n": 1, "d": 1, "H": 1}, 3), ("quadratic", {"n": 1, "d": 1, "H": 2}, 2),
    ("quadratic", {"n": 1, "d": 2, "H": 1}, 1), ("regression", {"n": 1, "d": 1}, 4),
    ("regression", {"n": 2, "d": 1}, 4), ("regression", {"n": 1, "d": 2}, 2),
]  # fmt: skip


@cache
def problem(name: str) -> Problem:
    (learning,) = read_program(SPECS / f"{name}.diag").learnings.values()
    return problem_of(learning)


@cache
def orders(name: str, last: int) -> tuple[Order, ...]:
    return tuple(Series(problem(name)).orders(last))


def series(name: str, last: int) -> list[Polynomial]:
    return [order.polynomial for order in orders(name, last)]


@pytest.mark.parametrize(("name", "sizes", "order"), CASES, ids=lambda v: str(v).replace(" ", ""))
def test_every_order_is_the_average_of_the_true_taylor_coefficient(
    name: str, sizes: dict[str, int], order: int
) -> None:
    numbers = {"sigma": 0.8, "tau": 1.3}
    made = problem(name)
    scales = tuple(float(f) * (numbers[s] if s else 1.0) for f, s in (p.scale for p in made.parameters))
    frozen = {"quadratic": (1.0, 1.3), "regression": (1.0, 1.3)}.get(name, ())
    trained = scales[: len(scales) - len(frozen)]
    expected = gauss_hermite(name, sizes, (*trained, *frozen), order)
    found = [value(y, {**sizes, **numbers}, made.symbols) for y in series(name, order)]
    assert found == pytest.approx(expected, rel=1e-10)


def test_printed_polynomials() -> None:
    """Reference values of the paper's models, by hand or printed there."""
    sym, asym = problem("cp2_sym"), problem("cp3")
    assert plain(series("cp2_sym", 0)[0], sym.symbols, 2) == (
        "1/2 p - p H sigma^2 + 1/2 p^2 H sigma^4 + 1/2 p H^2 sigma^4 + 1/2 p H sigma^4"
    )
    assert plain(series("cp3", 1)[1], asym.symbols, 2) == (
        "3 p H sigma^4 + 3 p^5 H sigma^10 + 12 p^4 H sigma^10 + 3 p^3 H^2 sigma^10 + 9 p^3 H sigma^10"
    )
    assert series("modular", 1)[1] == {
        powers if powers[2] == 10 else (Fraction(2), *powers[1:]): number
        for powers, number in series("cp3", 1)[1].items()
    }
    cube = {powers: 2 * number for powers, number in series("cp3_sym", 0)[0].items() if powers[2] == 6}
    assert {int(powers[0]): number for powers, number in cube.items()} == {
        1: 8,
        2: 6,
        3: 1,
    }  # p (p+2) (p+4) H


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("cp2_sym", [2, 3, 4, 5, 6, 7, 8]),
        ("cp2", [2, 3, 11, 14, 42, 63]),
        ("cp3", [2, 3, 12, 76]),
        ("cp3_sym", [2, 3, 12, 55]),
    ],
)
def test_equal_diagrams_are_found_equal(name: str, counts: list[int]) -> None:
    """As many diagrams as an enumeration with exact isomorphism tests has."""
    assert [order.diagrams for order in orders(name, len(counts))][:-1] == counts


def test_narayana_numbers() -> None:
    """The leading coefficients of the tied matrix model are products of a recurrence and Narayana numbers."""
    from math import comb

    steps = {(0, 0): Fraction(-1), (0, 1): Fraction(1, 2)}
    for s in range(1, 8):
        for d in range(s + 2):
            steps[s, d] = -4 * (d + 1) * steps.get((s - 1, d), Fraction(0)) + 4 * d * steps.get(
                (s - 1, d - 1), Fraction(0)
            )
    for s, polynomial in enumerate(series("cp2_sym", 7)):
        for d in range(s + 2):
            for n in range(1, d + 2):
                narayana = Fraction(comb(d + 1, n) * comb(d + 1, n - 1), d + 1)
                powers = (Fraction(d + 2 - n), Fraction(n), Fraction(2 * (d + 1)))
                assert polynomial.get(powers, 0) == steps[s, d] * narayana


def test_an_order_out_of_reach_says_what_it_needs() -> None:
    with pytest.raises(DiagnosticError, match=r"E1205: order 9 of `cp3_sym` needs about .* diagrams"):
        list(Series(problem("cp3_sym")).orders(9))
