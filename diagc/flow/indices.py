"""Conditions between indices that the expansion can follow: equality of two indices, and linear forms modulo a size."""

from __future__ import annotations

from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Node


@dataclass(frozen=True, slots=True)
class Index:
    """`Σ factor · index + constant`, reduced modulo a size where there is one."""

    factors: dict[Axis, int]
    constant: int = 0
    modulus: Size | None = None


def index_of(node: Node) -> Index | None:
    """The linear form that an integer node is, or None."""
    match node.op:
        case ops.Iota(axis):
            return Index({axis: 1})
        case ops.Constant(int(value)) if not isinstance(value, bool):
            return Index({}, value)
        case ops.Cast():
            return index_of(node.inputs[0])
        case ops.View(coordinates, None):
            return _viewed(index_of(node.inputs[0]), dict(coordinates))
        case ops.Map(function):
            parts = [index_of(operand) for operand in node.inputs]
            known = [part for part in parts if part is not None]
            return _mapped(function.name, node, known) if known else None
        case _:
            return None


def _viewed(inner: Index | None, coordinates: dict[Axis, Coordinate]) -> Index | None:
    if inner is None or any(a in coordinates and coordinates[a].axis is None for a in inner.factors):
        return None
    factors: dict[Axis, int] = {}
    for axis, factor in inner.factors.items():
        found = coordinates[axis].axis if axis in coordinates else axis
        assert found is not None
        factors[found] = factors.get(found, 0) + factor
    return Index(factors, inner.constant, inner.modulus)


def _mapped(name: str, node: Node, parts: list[Index]) -> Index | None:
    if name == "mod" and isinstance(node.inputs[1].op, ops.SizeOf) and parts[0].modulus is None:
        return Index(parts[0].factors, parts[0].constant, node.inputs[1].op.size)
    if len(parts) != len(node.inputs) or any(part.modulus is not None for part in parts):
        return None
    if name == "add":
        return _added([(1, part) for part in parts])
    if name == "sub":
        return _added([(1, parts[0]), (-1, parts[1])])
    if name == "neg":
        return _added([(-1, parts[0])])
    numbers = [part for part in parts if not part.factors]
    if name == "mul" and len(parts) == 2 and numbers:
        other = parts[1] if parts[0] is numbers[0] else parts[0]
        return _added([(numbers[0].constant, other)])
    return None


def _added(parts: list[tuple[int, Index]]) -> Index:
    factors: dict[Axis, int] = {}
    for times, part in parts:
        for axis, factor in part.factors.items():
            factors[axis] = factors.get(axis, 0) + times * factor
    return Index({a: f for a, f in factors.items() if f}, sum(t * p.constant for t, p in parts))


def compared(left: Index, right: Index) -> Index | None:
    """The form that is 0 where two are equal, with the modulus that it is taken in; None where none is known.

    An index that runs over the size itself is its own remainder.
    """
    moduli = {m for m in (left.modulus, right.modulus) if m is not None}
    made = _added([(1, left), (-1, right)])
    if not moduli:
        return made
    (modulus, *more) = moduli
    if more or any(part.modulus is None and not _reduced(part, modulus) for part in (left, right)):
        return None
    return Index(made.factors, made.constant, modulus)


def _reduced(part: Index, modulus: Size) -> bool:
    """Whether a form is its own remainder whatever the size is."""
    if not part.factors:
        return part.constant >= 0
    ((axis, factor),) = part.factors.items() if len(part.factors) == 1 else ((None, 0),)
    return axis is not None and factor == 1 and part.constant == 0 and axis.size == modulus
