"""Laurent polynomials in size and scale symbols with half-integer powers, packed so that products are additions.

A monomial is one integer: twice the power of symbol number n stands in its n-th group of bits, in balanced form.
Packing is linear, hence the product of monomials is the sum of their integers.

>>> space = Space(("p", "H"))
>>> p, H = space.symbol("p"), space.symbol("H")
>>> both = product({p: 1}, {p: 2, H: 3})
>>> sorted((space.powers(m), c) for m, c in both.items())
[((Fraction(1, 1), Fraction(1, 1)), 3), ((Fraction(2, 1), Fraction(0, 1)), 2)]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar

from diagc.core.axes import Size

_BITS: Final = 16
_HALF: Final = 1 << (_BITS - 1)

Packed = dict[int, int]
"""Coefficients by packed monomial."""

N = TypeVar("N", int, Fraction)

Powers = tuple[Fraction, ...]
"""The power of every symbol of a space."""

Polynomial = dict[Powers, Fraction]
"""A result: non-zero coefficients by powers."""


@dataclass(frozen=True, slots=True)
class Space:
    """The symbols of a family of polynomials, in the order in which results name them."""

    symbols: tuple[str, ...]

    def symbol(self, name: str, power: Fraction | int = 1) -> int:
        """The packed monomial of a power of a symbol. Twice the power is an integer."""
        twice = Fraction(power) * 2
        assert twice.denominator == 1
        return int(twice) << (_BITS * self.symbols.index(name))

    def powers(self, monomial: int) -> Powers:
        """The powers of all symbols of a packed monomial."""
        found: list[Fraction] = []
        for _ in self.symbols:
            digit = ((monomial + _HALF) & ((1 << _BITS) - 1)) - _HALF
            found.append(Fraction(digit, 2))
            monomial = (monomial - digit) >> _BITS
        return tuple(found)

    def monomial(self, size: Size) -> int:
        """A size that is a product of symbols."""
        ((packed, one),) = self.size(size).items()
        assert one == 1
        return packed

    def size(self, size: Size) -> Packed:
        """A size polynomial."""
        made: Packed = {}
        for monomial, coefficient in size.terms:
            packed = sum(self.symbol(name, power) for name, power in monomial)
            made[packed] = made.get(packed, 0) + coefficient
        return made


def product(left: Mapping[int, N], right: Mapping[int, N]) -> dict[int, N]:
    """The product of two packed polynomials, of whole or of rational coefficients."""
    if len(right) == 1:
        ((monomial, factor),) = right.items()
        return {m + monomial: c * factor for m, c in left.items()}
    made: dict[int, N] = {}
    for a, x in left.items():
        for b, y in right.items():
            made[a + b] = x * y + made[a + b] if a + b in made else x * y
    return made


def add_to(total: Packed, more: Mapping[int, int], factor: int = 1, shift: int = 0) -> None:
    """`total += factor · shift · more`, in place; coefficients that become zero stay until `without_zeros`."""
    for monomial, coefficient in more.items():
        monomial += shift
        total[monomial] = total.get(monomial, 0) + coefficient * factor


def without_zeros(total: Mapping[int, N]) -> dict[int, N]:
    """The polynomial without monomials whose coefficient is zero."""
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def value(
    polynomial: Mapping[Powers, Fraction], numbers: Mapping[str, float], symbols: tuple[str, ...]
) -> float:
    """The number that a polynomial is at given numbers for its symbols, summed from the smallest term up."""
    parts: list[float] = []
    for powers, coefficient in polynomial.items():
        part = float(coefficient)
        for symbol, power in zip(symbols, powers, strict=True):
            if power:
                part *= float(numbers[symbol]) ** float(power)
        parts.append(part)
    return sum(sorted(parts, key=abs))
