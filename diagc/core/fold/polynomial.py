"""Polynomials in centres: derivatives as nodes, and linear dependence decided exactly on random points.

A centre (atom) is a largest subexpression that depends on an earlier reduction and is free of the streamed axis. A
mixed expression is a polynomial in its atoms when it is made of sums, products and choices by a condition that no
earlier reduction decides. Derivatives stay factored as they were written, because centred powers are what is
accurate; whether one is a combination of others is decided by elimination over rationals, at random points.

>>> from diagc.core import ops
>>> from diagc.core.fold.algebra import Dependence
>>> from diagc.core.axes import Axis, Size
>>> from diagc.core.diagram import Array, node, reduction
>>> from diagc.core.dtypes import DType
>>> x = Axis("x", Size.symbol("x"))
>>> s = node(ops.Input("S"), array=Array(DType.F64, (x,)))
>>> m = reduction("max", [x], s)
>>> square = apply("mul", apply("sub", s, m), apply("sub", s, m))
>>> found = Polynomial(square, Dependence((square,), (m,), (x,)))
>>> found.atoms == [m]
True
>>> split(found.derivative(square, m), found.dependence).coefficient
Fraction(-2, 1)
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from diagc.core.diagram import Node, apply, constant, walk
from diagc.core.fold.algebra import Dependence, NotStreaming, literal, name_of
from diagc.core.fold.scalar import refusal

POINTS: Final = 14
"""More random points than a basis may have elements."""

_PASSED: Final = ("Cast", "Spread", "Stop")


@dataclass(frozen=True, slots=True)
class Product:
    """coefficient · Π free · Π bound: numbers, what is free of the axis, and the rest."""

    coefficient: Fraction
    free: tuple[Node, ...]
    bound: tuple[Node, ...]


def product(factors: tuple[Node, ...]) -> Node:
    """The product of factors; the empty product is 1."""
    if not factors:
        return constant(1.0)
    return factors[0] if len(factors) == 1 else apply("mul", *factors)


def flat_factors(current: Node, dependence: Dependence | None = None) -> tuple[Node, ...]:
    """The factors of nested products; given a dependence, a product that is a centre stays whole."""
    whole = dependence is not None and dependence.depends(current) and not dependence.on_axis(current)
    if name_of(current) != "mul" or whole:
        return (current,)
    return tuple(factor for operand in current.inputs for factor in flat_factors(operand, dependence))


def split(current: Node, dependence: Dependence) -> Product:
    """A product taken apart."""
    coefficient, free, bound = Fraction(1), list[Node](), list[Node]()
    for factor in flat_factors(current, dependence):
        value = literal(factor)
        if value is not None:
            coefficient *= Fraction(value)
        else:
            (bound if dependence.on_axis(factor) else free).append(factor)
    return Product(coefficient, tuple(free), tuple(bound))


class Polynomial:
    """A mixed expression as a polynomial in its `atoms`. Raises `NotStreaming` where it is none."""

    def __init__(self, root: Node, dependence: Dependence) -> None:
        self.dependence = dependence
        self.atoms: list[Node] = []
        self._check(root)
        self._random = random.Random(0)
        self._values: dict[Node, tuple[Fraction, ...]] = {}

    def _check(self, root: Node) -> None:
        stack, seen = [root], set[Node]()
        while stack:
            current = stack.pop()
            if current in seen or not self.dependence.depends(current):
                continue
            seen.add(current)
            if not self.dependence.on_axis(current):
                self.atoms.append(current)
            elif name_of(current) in ("add", "sub", "mul", *_PASSED):
                stack += reversed(current.inputs)
            elif name_of(current) == "where" and not self.dependence.depends(current.inputs[0]):
                stack += reversed(current.inputs[1:])
            else:
                raise NotStreaming(
                    current, refusal(current, "a factor that divides out or a polynomial in that result")
                )

    def derivative(self, current: Node, atom: Node) -> Node | None:
        """∂/∂atom, or None where it is zero."""
        if current == atom:
            return constant(1.0)
        if not self.dependence.mixed(current):
            return None
        parts = [self.derivative(operand, atom) for operand in current.inputs]
        match name_of(current):
            case "add":
                return _sum(parts)
            case "sub":
                negative = None if parts[1] is None else self._times(constant(-1.0), parts[1])
                return _sum([parts[0], negative])
            case "mul":
                return self._product_rule(current, atom)
            case "where":
                chosen = [constant(0.0) if part is None else part for part in parts[1:]]
                none = parts[1] is None and parts[2] is None
                return None if none else apply("where", current.inputs[0], *chosen)
            case _:
                return parts[0]

    def _product_rule(self, current: Node, atom: Node) -> Node | None:
        """Equal factors are counted once: d(fⁿ·g) = n·fⁿ⁻¹·g·df + fⁿ·dg."""
        count = Counter(flat_factors(current, self.dependence))
        found: list[Node | None] = []
        for factor, power in count.items():
            part = self.derivative(factor, atom)
            if part is None:
                continue
            rest = [f for f, n in (count - Counter((factor,))).items() for _ in range(n)]
            number = [constant(float(power))] if power > 1 else []
            found.append(self._times(*number, part, *rest))
        return _sum(found)

    def _times(self, *factors: Node) -> Node:
        """A product with its numbers collected."""
        flat = [f for factor in factors for f in flat_factors(factor, self.dependence)]
        numbers = [float(value) for f in flat if (value := literal(f)) is not None]
        rest = tuple(f for f in flat if literal(f) is None)
        number = math.prod(numbers)
        return product(rest if number == 1.0 and rest else (constant(number), *rest))

    # ---- values

    def values(self, root: Node) -> tuple[Fraction, ...]:
        """The exact values at the random points; whatever is no polynomial operation is an indeterminate."""
        for current in walk((root,)):
            if current not in self._values:
                self._values[current] = self._evaluate(current)
        return self._values[root]

    def _evaluate(self, current: Node) -> tuple[Fraction, ...]:
        value = literal(current)
        if value is not None and abs(value) != float("inf"):
            return (Fraction(value),) * POINTS
        name = name_of(current)
        inputs = [self._values[operand] for operand in current.inputs]
        if name in ("add", "sub", "mul"):
            return tuple(_arithmetic(name, list(column)) for column in zip(*inputs, strict=True))
        if name == "where":
            return tuple(b if c > 0 else a for c, a, b in zip(*inputs, strict=True))
        if name in _PASSED:
            return inputs[0]
        return tuple(Fraction(self._random.randint(-99, 99)) for _ in range(POINTS))


def _arithmetic(name: str, column: list[Fraction]) -> Fraction:
    total = column[0]
    for value in column[1:]:
        total = total + value if name == "add" else total - value if name == "sub" else total * value
    return total


def _sum(parts: list[Node | None]) -> Node | None:
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else apply("add", *found)


def combination(target: tuple[Fraction, ...], basis: list[tuple[Fraction, ...]]) -> list[Fraction] | None:
    """Coefficients with target = Σ cᵢ·basisᵢ (the basis is independent), or None."""
    size = len(basis)
    rows = [[vector[k] for vector in basis] + [target[k]] for k in range(len(target))]
    for column in range(size):
        pivot = next((r for r in range(column, len(rows)) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        pivoted = [value / head for value in rows[column][column:]]  # what is left of the pivot is zero
        rows[column][column:] = pivoted
        for other, row in enumerate(rows):
            if other != column and row[column]:
                factor = row[column]
                row[column:] = [a - factor * b for a, b in zip(row[column:], pivoted, strict=True)]
    if any(row[size] for row in rows[size:]):
        return None
    return [rows[place][size] for place in range(size)]
