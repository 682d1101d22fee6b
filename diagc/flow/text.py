"""Polynomials in writing: plain text, LaTeX, JSON.

>>> from fractions import Fraction
>>> half = {(Fraction(1), Fraction(0)): Fraction(1, 2), (Fraction(2), Fraction(4)): Fraction(-3)}
>>> plain(half, ("p", "sigma"), 1)
'1/2 p - 3 p^2 sigma^4'
>>> latex(half, ("p", "sigma"), 1)
'\\\\frac{1}{2} p - 3 p^{2} \\\\sigma^{4}'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from diagc.flow.polynomial import Polynomial, Powers
from diagc.flow.series import Order

_GREEK: Final = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "pi",
    "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
))  # fmt: skip


def by_scales(powers: Powers, sizes: int) -> tuple[Powers, tuple[Fraction, ...]]:
    """The order of terms: powers of scales first, then falling powers of sizes."""
    return powers[sizes:], tuple(-p for p in powers[:sizes])


def monomial(powers: Iterable[Fraction], symbols: Iterable[str]) -> str:
    """A product of powers in plain text; nothing for 1."""
    parts = [
        name if power == 1 else f"{name}^{_exponent(power)}"
        for name, power in zip(symbols, powers, strict=True)
        if power
    ]
    return " ".join(parts)


def _exponent(power: Fraction) -> str:
    return str(power) if power.denominator == 1 and power > 0 else f"({power})"


def plain(polynomial: Polynomial, symbols: tuple[str, ...], sizes: int | None = None) -> str:
    """A polynomial in plain text."""
    made = ""
    for powers in _in_order(polynomial, symbols, sizes):
        coefficient = polynomial[powers]
        factors = monomial(powers, symbols)
        number = "" if abs(coefficient) == 1 and factors else str(abs(coefficient))
        sign = ("-" if coefficient < 0 else "") if not made else (" - " if coefficient < 0 else " + ")
        made += sign + " ".join(filter(None, (number, factors)))
    return made or "0"


def latex(polynomial: Polynomial, symbols: tuple[str, ...], sizes: int | None = None) -> str:
    """A polynomial in LaTeX."""
    made = ""
    names = [_name(symbol) for symbol in symbols]
    for powers in _in_order(polynomial, symbols, sizes):
        coefficient = polynomial[powers]
        factors = " ".join(
            name if power == 1 else f"{name}^{{{power}}}"
            for name, power in zip(names, powers, strict=True)
            if power
        )
        size = abs(coefficient)
        number = str(size) if size.denominator == 1 else rf"\frac{{{size.numerator}}}{{{size.denominator}}}"
        sign = ("-" if coefficient < 0 else "") if not made else (" - " if coefficient < 0 else " + ")
        made += sign + " ".join(filter(None, ("" if size == 1 and factors else number, factors)))
    return made or "0"


def _in_order(polynomial: Polynomial, symbols: tuple[str, ...], sizes: int | None) -> list[Powers]:
    count = len(symbols) if sizes is None else sizes
    return sorted(polynomial, key=lambda powers: by_scales(powers, count))


def _name(symbol: str) -> str:
    if symbol in _GREEK:
        return f"\\{symbol}"
    return symbol if len(symbol) == 1 else rf"\mathrm{{{symbol}}}"


def data(orders: Iterable[Order], symbols: tuple[str, ...]) -> list[dict[str, object]]:
    """The orders as plain values for JSON; numbers are texts, as fractions have no other form there."""
    return [
        {
            "order": order.number,
            "diagrams": order.diagrams,
            "terms": [_term(powers, number, symbols) for powers, number in sorted(order.polynomial.items())],
        }
        for order in orders
    ]


def _term(powers: Powers, number: Fraction, symbols: tuple[str, ...]) -> Mapping[str, object]:
    named = zip(symbols, powers, strict=True)
    return {"coefficient": str(number), "powers": {name: str(power) for name, power in named if power}}
