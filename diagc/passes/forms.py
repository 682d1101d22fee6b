"""What rules look for in nodes: functions, constants, products."""

from __future__ import annotations

import math
from collections.abc import Iterator

from diagc.core import ops
from diagc.core.diagram import Node, apply, constant
from diagc.core.dtypes import DType


def function(current: Node) -> str | None:
    """The name of the scalar function of a `Map`, else None."""
    return current.op.function.name if isinstance(current.op, ops.Map) else None


def literal(current: Node) -> float | int | bool | None:
    """The value of a constant (through `Spread` and `Cast`), else None."""
    while isinstance(current.op, ops.Spread | ops.Cast):
        current = current.inputs[0]
    return current.op.value if isinstance(current.op, ops.Constant) else None


def tidy(number: float) -> float:
    """The short number that a few roundings of float64 away is meant: 1 for 0.9999999999999999."""
    short = float(f"{number:.10g}")
    return short if math.isclose(number, short, rel_tol=1e-14) else number


def product(factors: list[Node]) -> Node:
    """The product of factors; the empty product is 1."""
    if not factors:
        return constant(1.0)
    return factors[0] if len(factors) == 1 else apply("mul", *factors)


def weighted_terms(current: Node, number: float = 1.0) -> Iterator[tuple[float, Node]]:
    """A sum as numbers times terms: nested sums, differences and multiples of them in one dtype are flat."""
    name = function(current)
    if name == "add":
        for operand in current.inputs:
            yield from _weighted_operand(operand, number, current.dtype)
    elif name == "sub":
        yield from _weighted_operand(current.inputs[0], number, current.dtype)
        yield from _weighted_operand(current.inputs[1], -number, current.dtype)
    else:
        yield number, current


def _weighted_operand(operand: Node, number: float, dtype: DType) -> Iterator[tuple[float, Node]]:
    if operand.dtype is dtype and function(operand) in ("add", "sub"):
        yield from weighted_terms(operand, number)
    elif isinstance(operand.op, ops.Constant) and math.isfinite(operand.op.value):
        if operand.op.value:
            yield 1.0, constant(number * float(operand.op.value))
    elif function(operand) == "mul" and (own := _number(operand)) is not None:
        rest = product([factor for factor in operand.inputs if not isinstance(factor.op, ops.Constant)])
        yield from _weighted_operand(rest, number * own, dtype)
    elif (positive := _without_sign(operand)) is not None:
        yield -number, positive
    else:
        yield number, operand


def _without_sign(operand: Node) -> Node | None:
    """where(c, a, 0) for where(c, (−1)·a, 0): a mask does not hide a sign."""
    if function(operand) != "where" or literal(operand.inputs[2]) != 0:
        return None
    condition, value, other = operand.inputs
    number = _number(value) if function(value) == "mul" else None
    if number is None or not number < 0:
        return None
    rest = product([factor for factor in value.inputs if not isinstance(factor.op, ops.Constant)])
    made = apply("where", condition, scaled(-number, rest), other)
    return made if made.array == operand.array else None


def _number(factors: Node) -> float | None:
    """The product of the numbers among factors, if there are any."""
    numbers = [float(f.op.value) for f in factors.inputs if isinstance(f.op, ops.Constant)]
    return math.prod(numbers) if numbers else None


def scaled(number: float, term: Node) -> Node:
    """A number times a term."""
    if number == 1.0:
        return term
    return apply("mul", constant(number), *(term.inputs if function(term) == "mul" else (term,)))


def total(terms: list[Node]) -> Node:
    """The sum of terms; the empty sum is 0."""
    if not terms:
        return constant(0.0)
    return terms[0] if len(terms) == 1 else apply("add", *terms)
