"""What rules look for in nodes: functions, constants, products."""

from __future__ import annotations

from diagc.core import ops
from diagc.core.diagram import Node, apply, constant


def function(current: Node) -> str | None:
    """The name of the scalar function of a `Map`, else None."""
    return current.op.function.name if isinstance(current.op, ops.Map) else None


def literal(current: Node) -> float | int | bool | None:
    """The value of a constant (through `Spread` and `Cast`), else None."""
    while isinstance(current.op, ops.Spread | ops.Cast):
        current = current.inputs[0]
    return current.op.value if isinstance(current.op, ops.Constant) else None


def product(factors: list[Node]) -> Node:
    """The product of factors; the empty product is 1."""
    if not factors:
        return constant(1.0)
    return factors[0] if len(factors) == 1 else apply("mul", *factors)
