"""Nodes as formulas that a person reads: `sum[x](exp(S - max[x](S)) * V)`.

>>> from diagc.core.axes import Axis, Size
>>> from diagc.core.diagram import Array, apply, node, reduction
>>> from diagc.core.dtypes import DType
>>> x = Axis("x", Size.symbol("x"))
>>> s = node(ops.Input("S"), array=Array(DType.F32, (x,)))
>>> formula(apply("exp", apply("sub", s, reduction("max", [x], s))))
'exp(S - max[x](S))'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from diagc.core import ops
from diagc.core.diagram import Node, walk

_INFIX: Final = {
    "add": ("+", 4), "sub": ("-", 4), "mul": ("*", 5), "div": ("/", 5), "floordiv": ("//", 5), "mod": ("%", 5),
    "lt": ("<", 3), "le": ("<=", 3), "gt": (">", 3), "ge": (">=", 3), "eq": ("==", 3), "ne": ("!=", 3),
    "and": ("and", 2), "or": ("or", 1),
}  # fmt: skip
ATOM: Final = 9
MAX_LENGTH: Final = 160
"""A part of a formula that would be longer is left out as `…`."""


def formula(root: Node, names: Mapping[Node, str] | None = None) -> str:
    """The formula of a node; nodes in `names` are written by their names."""
    named = names or {}
    texts: dict[Node, tuple[str, int]] = {}
    for current in walk((root,)):
        if current in named and current is not root:
            texts[current] = (named[current], ATOM)
        else:
            text, level = _render(current, [texts[operand] for operand in current.inputs])
            texts[current] = (text, level) if len(text) <= MAX_LENGTH or current is root else ("…", ATOM)
    return texts[root][0]


def _at(operand: tuple[str, int], level: int) -> str:
    return operand[0] if operand[1] >= level else f"({operand[0]})"


def _render(current: Node, operands: list[tuple[str, int]]) -> tuple[str, int]:
    match current.op:
        case ops.Map(function):
            return _function(function.name, operands)
        case ops.View() | ops.Gather():
            return f"{_at(operands[0], ATOM)}[{_reading(current.op, operands)}]", ATOM
        case ops.Spread() | ops.Stop():
            return operands[0]
        case _ if not operands:
            return _leaf(current.op)
        case _:
            inner = ", ".join(text for text, _ in operands)
            return _consuming(current.op, inner), ATOM


def _leaf(op: ops.Operator) -> tuple[str, int]:
    match op:
        case ops.Input(name):
            return name, ATOM
        case ops.Constant(value):
            return f"{value:g}" if isinstance(value, float) else str(value).lower(), ATOM if value >= 0 else 6
        case ops.SizeOf(size):
            return f"size({size})", ATOM
        case ops.Iota(axis):
            return axis.name, ATOM
        case _:
            return f"{type(op).__name__.lower()}()", ATOM


def _function(name: str, operands: list[tuple[str, int]]) -> tuple[str, int]:
    if name in _INFIX:
        sign, level = _INFIX[name]
        parts = [_at(operands[0], level), *(_at(operand, level + 1) for operand in operands[1:])]
        return f" {sign} ".join(parts), level
    if name == "recip":
        return f"1 / {_at(operands[0], 6)}", 5
    return f"{name}({', '.join(text for text, _ in operands)})", ATOM


def _reading(op: ops.View | ops.Gather, operands: list[tuple[str, int]]) -> str:
    if isinstance(op, ops.Gather):
        return f"{op.axis} -> {operands[1][0]}"
    return ", ".join(f"{axis} -> {coordinate}" for axis, coordinate in op.coordinates)


def _consuming(op: ops.Operator, inner: str) -> str:
    match op:
        case ops.Reduce(monoid, axes):
            return f"{monoid}[{' '.join(map(str, axes))}]({inner})"
        case ops.Cast(dtype):
            return f"cast({inner}, {dtype.value})"
        case _:
            return f"{type(op).__name__.lower()}({inner})"
