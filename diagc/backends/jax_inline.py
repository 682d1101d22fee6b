"""Which values become part of the expression that reads them, and which get a line of their own.

A pointwise value with one reader is inlined as long as the whole stays within a line. Lengths are estimates: names
are not known yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagc.core import ops
from diagc.core.contraction import contracted_factors, summed_factors
from diagc.core.diagram import Node

COLUMNS: Final = 80
"""Columns of an expression, which with a name and an indent makes a line of ninety."""

_NAME, _MARK, _CALL, _OPERATOR, _CAST, _ARGUMENT = 8, 3, 10, 3, 20, 28


def operands_read(current: Node) -> tuple[Node, ...]:
    """The operands that an emitted statement names: a contraction names the factors, not their product."""
    return summed_factors(current) if contracted_factors(current) else current.inputs


def is_leaf(current: Node) -> bool:
    """Written out wherever it is read: numbers, sizes and indices."""
    return isinstance(current.op, ops.Constant | ops.SizeOf | ops.Iota)


def inlined_nodes(order: list[Node], roots: Iterable[Node]) -> set[Node]:
    """The nodes without a line of their own."""
    readers: dict[Node, int] = {}
    for current in order:
        for operand in operands_read(current):
            readers[operand] = readers.get(operand, 0) + 1
    kept = set(roots)
    inlined, length = set[Node](), dict[Node, int]()
    for current in order:
        if is_leaf(current):
            length[current] = len(str(getattr(current.op, "value", "jnp.arange(size)")))
            inlined.add(current)
            continue
        operands = operands_read(current)
        limit = _limit(current)
        inside = [o for o in operands if o in length and o in inlined and not is_leaf(o)]
        inside.sort(key=lambda o: length[o], reverse=True)
        while inside and (
            _length(current, operands, inlined, length) > limit or length[inside[0]] > _each(current)
        ):
            inlined.discard(inside.pop(0))
        length[current] = _length(current, operands, inlined, length)
        once = readers.get(current, 0) == 1 and current not in kept
        if once and isinstance(current.op, ops.Map | ops.Cast | ops.Stop | ops.Spread):
            inlined.add(current)
    return inlined


def _limit(current: Node) -> int:
    """The length above which operands get lines of their own; nothing is inlined where an operand must be a name."""
    if isinstance(current.op, ops.Map | ops.Cast | ops.Stop | ops.Spread | ops.Reduce):
        return COLUMNS
    return -1


def _each(current: Node) -> int:
    """The longest single operand: arguments of a contraction stay short."""
    return _ARGUMENT if contracted_factors(current) else COLUMNS


def _length(current: Node, operands: tuple[Node, ...], inlined: set[Node], length: dict[Node, int]) -> int:
    total = sum(length[o] if o in inlined else _NAME for o in operands)
    total += sum(
        _MARK * (len(current.axes) - len(o.axes)) for o in operands if len(o.axes) < len(current.axes)
    )
    match current.op:
        case ops.Map(function) if function.arity == 2:
            return total + _OPERATOR * (len(operands) - 1)
        case ops.Cast():
            return total + _CAST
        case ops.Spread():
            return total
        case _:
            return total + _CALL
