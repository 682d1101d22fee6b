"""Integer comparisons as one affine form that is at most 0: a < b and b >= a + 1 say the same."""

from __future__ import annotations

from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node

Affine = tuple[dict[Axis | Node, int], int]
"""Integer coefficients of indices, and of nodes that are none, with a number."""

INVERSE = {"le": "gt", "lt": "ge", "gt": "le", "ge": "lt"}


@dataclass(frozen=True, slots=True)
class Bound:
    """∑ coefficient · term + constant <= 0."""

    terms: dict[Axis | Node, int]
    constant: int


def is_order(current: Node) -> bool:
    """Whether a node compares integers by their order."""
    if not isinstance(current.op, ops.Map) or current.op.function.name not in INVERSE:
        return False
    return all(o.dtype.kind == "int" for o in current.inputs)


def bound(current: Node) -> Bound | None:
    """What a comparison of integers says; None for what is no such comparison."""
    if not is_order(current):
        return None
    assert isinstance(current.op, ops.Map)
    name = current.op.function.name
    left, right = (affine(o) for o in current.inputs)
    less, more = (left, right) if name in ("le", "lt") else (right, left)
    terms = dict(less[0])
    for part, count in more[0].items():
        terms[part] = terms.get(part, 0) - count
    kept = {part: count for part, count in terms.items() if count}
    return Bound(kept, less[1] - more[1] + (1 if name in ("lt", "gt") else 0))


def affine(current: Node) -> Affine:
    """The form of an integer node; what is no sum or multiple stands for itself."""
    match current.op:
        case ops.Iota(axis):
            return {axis: 1}, 0
        case ops.Constant(value):
            return {}, int(value)
        case ops.Map(function) if function.name in ("add", "sub", "neg"):
            parts = [affine(o) for o in current.inputs]
            signs = [1, *[-1 if function.name == "sub" else 1] * (len(parts) - 1)]
            return _total(parts, [-1] if function.name == "neg" else signs)
        case ops.Map(function) if function.name == "mul" and len(current.inputs) == 2:
            for number, other in (current.inputs, current.inputs[::-1]):
                if isinstance(number.op, ops.Constant):
                    return _total([affine(other)], [int(number.op.value)])
            return {current: 1}, 0
        case _:
            return {current: 1}, 0


def _total(parts: list[Affine], weights: list[int]) -> Affine:
    terms: dict[Axis | Node, int] = {}
    constant = 0
    for (own, offset), weight in zip(parts, weights, strict=True):
        constant += weight * offset
        for part, count in own.items():
            terms[part] = terms.get(part, 0) + weight * count
    return terms, constant
