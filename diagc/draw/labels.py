"""What is written into a box: closed expressions (constants, sizes, indices) and operators, as short phrases.

`expression` writes a pointwise expression; `holes` gives the text of the nodes that it reads from strands.
`phrase` turns the expression of one strand into what a person would write, `× d^-½` and not `· × d^-½`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from diagc.core import ops
from diagc.core.axes import Size
from diagc.core.diagram import Node

HOLE: Final = "·"
LONGEST: Final = 30
"""Characters of a label; the rest is in the hover text."""

_INFIX: Final = {
    "add": ("+", 4), "sub": ("−", 4), "mul": ("×", 5), "div": ("/", 5), "floordiv": ("//", 5),
    "mod": ("%", 5), "lt": ("<", 3), "le": ("≤", 3), "gt": (">", 3), "ge": ("≥", 3), "eq": ("=", 3),
    "ne": ("≠", 3), "and": ("and", 2), "or": ("or", 1),
}  # fmt: skip
_POWERS: Final = {"sqrt": "½", "rsqrt": "-½", "recip": "-1"}
_SPOKEN: Final = {f"{HOLE}^2": "square", f"−{HOLE}": "negate"}
_ATOM: Final = 9
_COMPARISONS: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"})


def is_closed_operator(op: ops.Operator) -> bool:
    """Whether the operator reads no array from outside, if its operands do not."""
    return isinstance(op, ops.Constant | ops.SizeOf | ops.Iota | ops.Map | ops.Cast | ops.Spread)


def is_comparison(node: Node) -> bool:
    return isinstance(node.op, ops.Map) and node.op.function.name in _COMPARISONS


def number(value: float | bool) -> str:
    """A constant as written in a label."""
    if isinstance(value, bool):
        return str(value).lower()
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return str(value) if isinstance(value, int) else f"{value:.4g}".replace("e-0", "e-").replace("e+0", "e")


def expression(node: Node, holes: Mapping[Node, str] | None = None) -> str:
    """The node as an infix expression over its holes."""
    return _written(node, holes or {})[0]


def _written(node: Node, holes: Mapping[Node, str]) -> tuple[str, int]:
    if node in holes:
        return holes[node], _ATOM
    match node.op:
        case ops.Constant(value):
            return number(value), _ATOM
        case ops.SizeOf(size):
            return _size(size)
        case ops.Iota(axis):
            return axis.name, _ATOM
        case ops.Cast() | ops.Spread():
            return _written(node.inputs[0], holes)
        case ops.Map(function):
            return _map(function.name, [_written(i, holes) for i in node.inputs])
        case _:
            return type(node.op).__name__.lower(), _ATOM


def size_text(size: Size) -> str:
    """A size polynomial as it stands in a label."""
    return _size(size)[0]


def _size(size: Size) -> tuple[str, int]:
    text = str(size).replace(" * ", " × ").replace(" ^ ", "^").replace(" - ", " − ")
    return text, (4 if len(size.terms) > 1 else 5 if " " in text else _ATOM)


def _map(name: str, parts: list[tuple[str, int]]) -> tuple[str, int]:
    if name in _INFIX:
        sign, level = _INFIX[name]
        sides = [_at(part, level + (place > 0)) for place, part in enumerate(parts)]
        return f" {sign} ".join(sides), level
    if name == "pow":
        return f"{_at(parts[0], 7)}^{_at(parts[1], 7)}", 6
    if name in _POWERS and parts[0][0] != HOLE and len(parts[0][0]) < 5:
        return f"{_at(parts[0], 7)}^{_POWERS[name]}", 6
    if name == "neg":
        return f"−{_at(parts[0], 6)}", 5
    return f"{name}({', '.join(text for text, _ in parts)})", _ATOM


def _at(part: tuple[str, int], level: int) -> str:
    return part[0] if part[1] >= level else f"({part[0]})"


def phrase(text: str) -> str:
    """An expression of one hole, as a short phrase.

    >>> phrase("· × d^-½"), phrase("gelu(·)"), phrase("·^2"), phrase("rsqrt(· + 1e-5)")
    ('× d^-½', 'gelu', 'square', 'rsqrt(· + 1e-5)')
    """
    if text.count(HOLE) != 1:
        return text
    if text.endswith(f"({HOLE})"):
        return text.removesuffix(f"({HOLE})")
    if text in _SPOKEN:
        return _SPOKEN[text]
    if text.startswith(f"{HOLE} ") and text.split()[1] in {sign for sign, _ in _INFIX.values()}:
        return text.removeprefix(f"{HOLE} ")
    for sign in ("+", "×"):
        if text.endswith(f" {sign} {HOLE}"):
            rest = text.removesuffix(f" {sign} {HOLE}")
            return f"{sign} {rest}" if " + " not in rest and " − " not in rest else f"{sign} ({rest})"
    return text


def choice(condition: str, otherwise: str | None) -> str:
    """`where` under a condition on indices."""
    if otherwise == "-∞":
        return f"mask {condition}"
    return f"where {condition}" + (f" else {otherwise}" if otherwise else "")


def shortened(label: str) -> str:
    """Every line of the label cut to a readable length."""
    lines = label.split("\n")
    return "\n".join(line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…" for line in lines)


_REDUCTIONS: Final = {"argmax": "argmax", "argmin": "argmin", "any": "any", "all": "all"}
_RUNNING: Final = {"sum": "cumsum", "max": "cummax", "min": "cummin", "prod": "cumprod"}


def structural(op: ops.Operator, texts: Mapping[int, str]) -> str:
    """The label of an operator that is not pointwise. `texts` holds operands that are closed, by their
    place."""
    match op:
        case ops.Reduce(monoid, axes):
            return " ".join([_REDUCTIONS.get(monoid, monoid), *(a.name for a in axes)])
        case ops.View(coordinates, fill):
            moves = ", ".join(f"{a.name} → {c}" for a, c in coordinates)
            return moves if fill is None else f"{moves} else {number(fill)}"
        case ops.Gather(axis):
            return f"{axis.name} → {texts[1]}" if 1 in texts else f"gather {axis.name}"
        case ops.Spread(axes):
            return " ".join(["repeat", *(a.name for a in axes)])
        case ops.Cumulative(monoid, axis):
            return f"{_RUNNING.get(monoid, 'cum' + monoid)} {axis.name}"
        case ops.Scan(axis):
            return f"scan {axis.name}"
        case ops.Concat(axis):
            return f"concat {axis.name}"
        case ops.TopK(axis, slots, indices):
            return f"{'arg ' if indices else ''}top {slots.size} of {axis.name}"
        case ops.Random(distribution):
            return distribution
        case _:
            return type(op).__name__.lower()
