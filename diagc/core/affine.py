"""Steps of state machines that are affine in the state, point by point: h' = a·h + b with a and b free of h.

Affine maps compose: with D(t, s) the product of a over the steps after s up to t, h_t = D(t, s)·h_s + ∑ D(t, r)·b_r
over these steps r.

>>> from diagc.core.diagram import Array, apply, constant, node
>>> from diagc.core.dtypes import DType
>>> h, x = (node(ops.Input(name), array=Array(DType.F32, ())) for name in "hx")
>>> found = affine(apply("add", apply("mul", constant(0.5), h), x), h)
>>> found is not None and (found.factor, found.offset) == (constant(0.5), x)
True
>>> affine(apply("mul", h, h), h) is None
True
"""

from __future__ import annotations

from dataclasses import dataclass

from diagc.core import ops
from diagc.core.diagram import Node, apply, constant, spread, walk
from diagc.core.dtypes import DType


@dataclass(frozen=True, slots=True)
class Affine:
    """a·h + b; a factor of None is 1, an offset of None is 0."""

    factor: Node | None
    offset: Node | None


def affine(root: Node, state: Node) -> Affine | None:
    """A step as an affine map of a state, or None where it is none; depth is that of the step."""
    dependent = {state}
    for current in walk((root,)):
        if any(operand in dependent for operand in current.inputs):
            dependent.add(current)
    return _affine(root, state, dependent)


def _affine(current: Node, state: Node, dependent: set[Node]) -> Affine | None:
    if current is state:
        return Affine(None, None)
    if current not in dependent:
        return Affine(constant(0.0), None if _is_zero(current) else current)
    parts = [_affine(operand, state, dependent) for operand in current.inputs]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    match current.op:
        case ops.Spread(axes):
            offset = found[0].offset
            return Affine(found[0].factor, None if offset is None else spread(offset, axes))
        case ops.Cast(dtype) if dtype is current.inputs[0].dtype or dtype is DType.F64:
            return found[0]
        case ops.Map(function):
            return _mapped(current, function.name, found, [o in dependent for o in current.inputs])
        case _:
            return None


def _mapped(current: Node, name: str, parts: list[Affine], moves: list[bool]) -> Affine | None:
    match name:
        case "add":
            return _sum(parts)
        case "sub":
            return _sum([parts[0], _scaled(parts[1], constant(-1.0))])
        case "neg":
            return _scaled(parts[0], constant(-1.0))
        case "mul" if sum(moves) == 1:
            place = moves.index(True)
            rest = [o for p, o in enumerate(current.inputs) if p != place]
            return _scaled(parts[place], rest[0] if len(rest) == 1 else apply("mul", *rest))
        case "div" if not moves[1]:
            return _scaled(parts[0], apply("recip", current.inputs[1]))
        case "where" if not moves[0]:
            return _chosen(current.inputs[0], parts[1], parts[2])
        case _:
            return None


def _sum(parts: list[Affine]) -> Affine:
    factors = [p.factor for p in parts if not _is_zero(p.factor)]
    offsets = [p.offset for p in parts if p.offset is not None]
    if len(factors) == 1:
        factor = factors[0]
    else:
        factor = (
            apply("add", *(constant(1.0) if f is None else f for f in factors)) if factors else constant(0.0)
        )
    return Affine(factor, (offsets[0] if len(offsets) == 1 else apply("add", *offsets)) if offsets else None)


def _scaled(part: Affine, scale: Node) -> Affine:
    factor = part.factor
    if not _is_zero(factor):
        factor = scale if factor is None else apply("mul", scale, factor)
    return Affine(factor, None if part.offset is None else apply("mul", scale, part.offset))


def _chosen(condition: Node, left: Affine, right: Affine) -> Affine:
    factors = [constant(1.0) if p.factor is None else p.factor for p in (left, right)]
    offsets = [constant(0.0) if p.offset is None else p.offset for p in (left, right)]
    same = left.factor is right.factor
    none = left.offset is None and right.offset is None
    return Affine(
        left.factor if same else apply("where", condition, *factors),
        None if none else apply("where", condition, *offsets),
    )


def _is_zero(factor: Node | None) -> bool:
    while factor is not None and isinstance(factor.op, ops.Spread | ops.Cast):
        factor = factor.inputs[0]
    return factor is not None and isinstance(factor.op, ops.Constant) and factor.op.value == 0
