"""Axes, their sizes and affine coordinates.

A `Size` is a polynomial with integer coefficients in size symbols, kept in a normal form, so that equality of
values is equality of polynomials:

>>> n, k = Size.symbol("n"), Size.symbol("k")
>>> (n + k) * (n - k) == n * n - k * k
True
>>> str(n - k + 1)
'n - k + 1'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from diagc import limits

Monomial = tuple[tuple[str, int], ...]
"""Symbols with their powers, sorted by symbol; the empty tuple is 1."""


class SizeLimit(Exception):
    """A polynomial has grown beyond `limits`: its message says in which way."""


@dataclass(frozen=True, slots=True)
class Size:
    """A polynomial in size symbols: monomials with their non-zero coefficients, sorted."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    @staticmethod
    def constant(value: int) -> Size:
        return Size((((), value),)) if value else Size()

    @staticmethod
    def symbol(name: str) -> Size:
        return Size(((((name, 1),), 1),))

    @staticmethod
    def of(value: int | Size) -> Size:
        return Size.constant(value) if isinstance(value, int) else value

    @property
    def value(self) -> int | None:
        """The integer this polynomial is, or None when it has a symbol."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and self.terms[0][0] == ():
            return self.terms[0][1]
        return None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that occur, sorted."""
        return tuple(sorted({name for monomial, _ in self.terms for name, _ in monomial}))

    def __add__(self, other: int | Size) -> Size:
        return _collect((*self.terms, *Size.of(other).terms))

    __radd__ = __add__

    def __neg__(self) -> Size:
        return Size(tuple((monomial, -coefficient) for monomial, coefficient in self.terms))

    def __sub__(self, other: int | Size) -> Size:
        return self + -Size.of(other)

    def __rsub__(self, other: int | Size) -> Size:
        return Size.of(other) - self

    def __mul__(self, other: int | Size) -> Size:
        pairs = ((_times(a, b), x * y) for a, x in self.terms for b, y in Size.of(other).terms)
        return _collect(pairs)

    __rmul__ = __mul__

    def evaluate(self, sizes: Mapping[str, int]) -> int:
        """The value at given symbols; `KeyError` names a symbol that is missing."""
        return sum(c * reduce(lambda p, s: p * sizes[s[0]] ** s[1], m, 1) for m, c in self.terms)

    def substitute(self, values: Mapping[str, Size]) -> Size:
        """Replace symbols by polynomials."""
        total = Size()
        for monomial, coefficient in self.terms:
            product = Size.constant(coefficient)
            for name, power in monomial:
                for _ in range(power):
                    product = product * values.get(name, Size.symbol(name))
            total = total + product
        return total

    def solved(self, symbol: str, total: Size) -> Size | None:
        """The value of a symbol at which this is `total`; None where that is no single polynomial.

        >>> (2 * Size.symbol("half") + 1).solved("half", Size.constant(9))
        Size(terms=(((), 4),))
        """
        alone = ((symbol, 1),)
        rest = total - Size(tuple((m, c) for m, c in self.terms if m != alone))
        factor = dict(self.terms).get(alone, 0)
        if not factor or symbol in rest.symbols or any(c % factor for _, c in rest.terms):
            return None
        return Size(tuple((m, c // factor) for m, c in rest.terms))

    def divided(self, by: Size) -> Size | None:
        """The polynomial that times `by` is this one, for a single monomial; None where there is none."""
        if len(by.terms) != 1:
            return ONE if self == by else None
        ((below, number),) = by.terms
        found: list[tuple[Monomial, int]] = []
        for monomial, coefficient in self.terms:
            powers = dict(monomial)
            for name, power in below:
                powers[name] = powers.get(name, 0) - power
            if coefficient % number or any(p < 0 for p in powers.values()):
                return None
            found.append((tuple(sorted((n, p) for n, p in powers.items() if p)), coefficient // number))
        return Size(tuple(sorted(found)))

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        text = ""
        for monomial, coefficient in sorted(self.terms, key=lambda t: (t[0] == (), t[1] < 0)):
            factors = [name if power == 1 else f"{name} ^ {power}" for name, power in monomial]
            if abs(coefficient) != 1 or not factors:
                factors.insert(0, str(abs(coefficient)))
            sign = ("-" if coefficient < 0 else "") if not text else (" - " if coefficient < 0 else " + ")
            text += sign + " * ".join(factors)
        return text


def _times(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0) + power
    if sum(powers.values()) > limits.MAX_SIZE_DEGREE:
        raise SizeLimit(f"a product of more than {limits.MAX_SIZE_DEGREE} sizes")
    return tuple(sorted(powers.items()))


def _collect(terms: Iterable[tuple[Monomial, int]]) -> Size:
    total: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, 0) + coefficient
    found = tuple(sorted((m, c) for m, c in total.items() if c))
    if len(found) > limits.MAX_SIZE_TERMS:
        raise SizeLimit(f"a sum of more than {limits.MAX_SIZE_TERMS} products of sizes")
    if any(abs(coefficient) >= limits.MAX_INTEGER for _, coefficient in found):
        raise SizeLimit("a number beyond 2^62")
    return Size(found)


ONE = Size.constant(1)


@dataclass(frozen=True, slots=True)
class Axis:
    """A named direction of arrays. Identity is the declaration: two axes of one size stay different.

    `uid` is unique within a diagram, so that it alone is hashed. Axes that the compiler makes carry a `#` and a number
    after their name.
    """

    uid: str
    size: Size = field(hash=False)

    @property
    def name(self) -> str:
        """The name as written, without the number of a made axis."""
        return self.uid.partition("#")[0]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Coordinate:
    """The quasi-affine index `((Σ cᵢ·aᵢ + offset) // divisor) % modulus` over axes aᵢ, with polynomial coefficients.

    Without divisor and modulus it is affine: convolution, window, stride, flip, diagonal and slice. The divisor and
    the modulus are what the merge of factors into a product axis needs.
    """

    terms: tuple[tuple[Axis, Size], ...]
    offset: Size = Size()
    divisor: Size = ONE
    modulus: Size | None = None

    @staticmethod
    def along(axis: Axis) -> Coordinate:
        """The index along an axis itself."""
        return Coordinate(((axis, ONE),))

    @staticmethod
    def affine(terms: Mapping[Axis, Size], offset: Size) -> Coordinate:
        kept = ((axis, c) for axis, c in terms.items() if c != Size())
        return Coordinate(tuple(sorted(kept, key=lambda t: t[0].uid)), offset)

    def ordered(self, rank: Callable[[Axis], tuple[int, str]]) -> Coordinate:
        """The same index with its terms in the order of a rank, by names where that is equal."""
        terms = tuple(sorted(self.terms, key=lambda t: (rank(t[0]), t[0].uid)))
        return self if terms == self.terms else replace(self, terms=terms)

    @property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(axis for axis, _ in self.terms)

    @property
    def axis(self) -> Axis | None:
        """The axis this coordinate simply follows, or None when it does more."""
        if len(self.terms) == 1 and self == Coordinate.along(self.terms[0][0]):
            return self.terms[0][0]
        return None

    @property
    def is_affine(self) -> bool:
        return self.divisor == ONE and self.modulus is None

    def substitute(self, coordinates: Mapping[Axis, Coordinate]) -> Coordinate | None:
        """The composite with coordinates for some axes, or None when it is not of this form."""
        pairs = [(coordinates.get(axis, Coordinate.along(axis)), c) for axis, c in self.terms]
        if self.axis is not None and not pairs[0][0].is_affine:
            return pairs[0][0]
        offset, total = self.offset, dict[Axis, Size]()
        for inner, coefficient in _rejoined(pairs):
            if not inner.is_affine:
                return None
            offset = offset + coefficient * inner.offset
            for inner_axis, inner_coefficient in inner.terms:
                total[inner_axis] = total.get(inner_axis, Size()) + coefficient * inner_coefficient
        made = Coordinate.affine(total, offset)
        return Coordinate(made.terms, made.offset, self.divisor, self.modulus)._divided()

    def _divided(self) -> Coordinate:
        """(D·a + b) // D % M = a, for 0 <= b < D and 0 <= a < M, of sizes that are known or b of one axis of size D."""
        if self.is_affine or self.offset != Size():
            return self
        by, rest, below = self.divisor, dict[Axis, Size](), dict[Axis, Size]()
        for axis, coefficient in self.terms:
            times = coefficient.divided(by)
            (rest if times is not None else below)[axis] = coefficient if times is None else times
        if not _is_below(below, by):
            return self
        if self.modulus is not None:
            rest = {axis: c for axis, c in rest.items() if c.divided(self.modulus) is None}
            if not _is_below(rest, self.modulus):
                return self
        return Coordinate.affine(rest, Size())

    def __str__(self) -> str:
        parts = [axis.name if c == ONE else f"{_factor(c)} * {axis.name}" for axis, c in self.terms]
        if self.offset != Size() or not parts:
            parts.append(str(self.offset))
        text = " + ".join(parts).replace("+ -", "- ")
        if self.divisor != ONE:
            text = f"({text}) // {_factor(self.divisor)}"
        return text if self.modulus is None else f"({text}) % {_factor(self.modulus)}"


def _is_below(terms: Mapping[Axis, Size], limit: Size) -> bool:
    """Whether Σ cᵢ·aᵢ stays in 0 … limit − 1: one index of an axis of that size, or numbers that are known."""
    if not terms:
        return True
    if len(terms) == 1 and all(c == ONE and axis.size == limit for axis, c in terms.items()):
        return True
    most, known = 0, limit.value
    for axis, coefficient in terms.items():
        size, times = axis.size.value, coefficient.value
        if size is None or times is None or times < 0:
            return False
        most += times * max(size - 1, 0)
    return known is not None and most < known


def _rejoined(pairs: list[tuple[Coordinate, Size]]) -> list[tuple[Coordinate, Size]]:
    """Terms of a sum, with g·(u // g) + u % g as u."""
    for i, (high, times) in enumerate(pairs):
        for j, (low, once) in enumerate(pairs):
            g = low.modulus
            whole = replace(low, modulus=None)
            if g is None or low.divisor != ONE or high != replace(whole, divisor=g) or times != once * g:
                continue
            return _rejoined([(whole, once), *(p for k, p in enumerate(pairs) if k not in (i, j))])
    return pairs


def _factor(size: Size) -> str:
    return f"({size})" if len(size.terms) > 1 else str(size)


def in_order(axes: Iterable[Axis]) -> tuple[Axis, ...]:
    """Axes without repetition, in order of first occurrence.

    >>> q, d = Axis("q", ONE), Axis("d", ONE)
    >>> [str(axis) for axis in in_order([q, d, q])]
    ['q', 'd']
    """
    return tuple(dict.fromkeys(axes))
