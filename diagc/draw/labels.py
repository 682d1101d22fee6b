"""What is written into a box: closed expressions (constants, sizes, indices) and operators, as short phrases.

`expression` writes a pointwise expression; `holes` gives the text of the nodes that it reads from strands.
`phrase` turns the expression of one strand into what a person would write, `/ √d` and not `· / √d`.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Node

HOLE: Final = "·"
LONGEST: Final = 38
"""Characters of a line of a label."""
_LINES: Final = 4
"""Lines of a label; the rest is in the hover text."""

_INFIX: Final = {
    "floordiv": ("//", 5), "mod": ("%", 5), "lt": ("<", 3), "le": ("≤", 3), "gt": (">", 3), "ge": ("≥", 3),
    "eq": ("=", 3), "ne": ("≠", 3), "and": ("and", 2), "or": ("or", 1),
}  # fmt: skip
_SIGNS: Final = ("+", "−", "×", "/", *(sign for sign, _ in _INFIX.values()))
_LEADING: Final = (("+", {"+", "−", "×", "/"}), ("×", {"×", "/"}))
"""Signs with which a phrase may begin, and those that may stand beside them."""
_SPOKEN: Final = {f"{HOLE}^2": "square", f"−{HOLE}": "negate"}
_SUM: Final = 4
_PRODUCT: Final = 5
_POWER: Final = 6
_ATOM: Final = 9
_COMPARISONS: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"})

_Part = tuple[str, int]
"""A text, and how strongly what it says last binds."""


def is_closed_operator(op: ops.Operator) -> bool:
    """Whether the operator reads no array from outside, if its operands do not."""
    return isinstance(op, ops.Constant | ops.SizeOf | ops.Iota | ops.Map | ops.Cast | ops.Spread)


def is_comparison(node: Node) -> bool:
    return _function(node) in _COMPARISONS


def _function(node: Node) -> str:
    """The name of the function of a map."""
    return node.op.function.name if isinstance(node.op, ops.Map) else ""


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


def _written(node: Node, holes: Mapping[Node, str]) -> _Part:
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
        case ops.Map(function) if function.name in ("add", "sub"):
            return _sum(list(_terms(node, holes)))
        case ops.Map(function) if function.name in ("mul", "div", "recip", "rsqrt"):
            return _product(list(_factors(node, holes)))
        case ops.Map(function):
            return _map(function.name, [_written(i, holes) for i in node.inputs])
        case _:
            return type(node.op).__name__.lower(), _ATOM


# ---- sums and products


def _terms(node: Node, holes: Mapping[Node, str], negative: bool = False) -> Iterator[tuple[_Part, bool]]:
    """The terms of nested sums, and whether they are taken away."""
    name = "" if node in holes else _function(node)
    if name in ("add", "sub"):
        for place, operand in enumerate(node.inputs):
            yield from _terms(operand, holes, negative != (name == "sub" and place > 0))
        return
    text, level = _written(node, holes)
    minus = level == _ATOM and text.startswith("-") and text != "-∞"
    yield (text.removeprefix("-") if minus else text, level), negative != minus


def _sum(terms: list[tuple[_Part, bool]]) -> _Part:
    """What is added first, and numbers last.

    >>> _sum([(("1", _ATOM), True), ((HOLE, _ATOM), False)])[0]
    '· − 1'
    """
    terms = sorted(terms, key=lambda term: (term[0][0][:1].isdigit(), term[1]))
    if terms[0][1] and not terms[-1][1]:
        terms = terms[-1:] + terms[:-1]
    text = ""
    for part, negative in terms:
        sign = (" − " if text else "−") if negative else " + " if text else ""
        text += sign + _at(part, _SUM + negative)
    return text, _SUM


def _factors(node: Node, holes: Mapping[Node, str], below: bool = False) -> Iterator[tuple[_Part, bool]]:
    """The factors of nested products, and whether they divide."""
    name = "" if node in holes else _function(node)
    if name in ("mul", "div", "recip"):
        for place, operand in enumerate(node.inputs):
            divides = name == "recip" or (name == "div" and place > 0)
            yield from _factors(operand, holes, below != divides)
    elif name == "rsqrt" and HOLE not in expression(node.inputs[0], holes):
        yield _root(_written(node.inputs[0], holes)), not below
    elif name == "rsqrt":
        yield _map(name, [_written(node.inputs[0], holes)]), below
    else:
        yield _written(node, holes), below


def _product(factors: list[tuple[_Part, bool]]) -> _Part:
    """Numbers first, what divides last.

    >>> _product([((HOLE, _ATOM), False), (("√d", _ATOM), True), (("√d", _ATOM), True)])[0]
    '· / d'
    """
    above, below = (_merged([part for part, divides in factors if divides == side]) for side in (False, True))
    if len(above) + len(below) == 1 and above:
        return above[0]
    above.sort(key=lambda part: not part[0].lstrip("-")[:1].isdigit())
    top = " × ".join(_at(part, _PRODUCT) for part in above) or "1"
    if not below:
        return top, _PRODUCT
    bottom = below[0]
    if len(below) > 1:
        bottom = " × ".join(_at(part, _PRODUCT) for part in below), _PRODUCT
    return f"{top} / {_at(bottom, _PRODUCT + 1)}", _PRODUCT


def _merged(parts: list[_Part]) -> list[_Part]:
    """Equal factors as powers: two roots of one thing are that thing. Holes are strands of their own."""
    counts = {part: parts.count(part) for part in parts}
    found: list[_Part] = []
    for (text, level), count in counts.items():
        if HOLE in text:
            found += [(text, level)] * count
            continue
        if text.startswith("√"):
            whole, odd = divmod(count, 2)
            found += [_power(text.removeprefix("√"), whole)] * bool(whole) + [(text, level)] * odd
        else:
            found.append(_power(_at((text, level), _POWER + 1), count) if count > 1 else (text, level))
    return found


def _power(base: str, count: int) -> _Part:
    return (base, _ATOM) if count == 1 else (f"{base}^{count}", _POWER)


def _root(part: _Part) -> _Part:
    return f"√{_at(part, _POWER + 1)}", _ATOM


def size_text(size: Size) -> str:
    """A size polynomial as it stands in a label."""
    return _size(size)[0]


def _size(size: Size) -> _Part:
    text = str(size).replace(" * ", " × ").replace(" ^ ", "^").replace(" - ", " − ")
    return text, (_SUM if len(size.terms) > 1 else _PRODUCT if " " in text else _ATOM)


def _map(name: str, parts: list[_Part]) -> _Part:
    if name in _INFIX:
        sign, level = _INFIX[name]
        sides = [_at(part, level + (place > 0)) for place, part in enumerate(parts)]
        return f" {sign} ".join(sides), level
    if name == "pow":
        return f"{_at(parts[0], _POWER + 1)}^{_at(parts[1], _POWER + 1)}", _POWER
    if name == "sqrt" and HOLE not in parts[0][0]:
        return _root(parts[0])
    if name == "neg":
        return f"−{_at(parts[0], _POWER)}", _PRODUCT
    return f"{name}({', '.join(text for text, _ in parts)})", _ATOM


def _at(part: _Part, level: int) -> str:
    return part[0] if part[1] >= level else f"({part[0]})"


def phrase(text: str) -> str:
    """An expression of one hole, as a short phrase.

    >>> phrase("· / √d"), phrase("2 × ·"), phrase("gelu(·)"), phrase("·^2"), phrase("rsqrt(· + 1e-5)")
    ('/ √d', '× 2', 'gelu', 'square', 'rsqrt(· + 1e-5)')
    >>> phrase("x − q + ·"), phrase("2 × · / d"), phrase("b + 2 × ·")
    ('+ x − q', '× 2 / d', 'b + 2 × ·')
    """
    if text.count(HOLE) != 1:
        return text
    if text.endswith(f"({HOLE})") and text.removesuffix(f"({HOLE})").isidentifier():
        return text.removesuffix(f"({HOLE})")
    if text in _SPOKEN:
        return _SPOKEN[text]
    if text.startswith(f"{HOLE} ") and text.split()[1] in _SIGNS:
        return text.removeprefix(f"{HOLE} ")
    before, _, after = text.partition(HOLE)
    for sign, allowed in _LEADING:
        if (
            before.endswith(f" {sign} ")
            and _signs(before + after) <= allowed
            and (sign == "×" or after[:3] not in (" × ", " / "))
        ):
            return f"{sign} {before.removesuffix(f' {sign} ')}{after}"
    return text


def _signs(text: str) -> set[str]:
    """The signs outside of brackets; those of a bracket that is left open count."""
    return set(re.sub(r"\([^()]*\)", "", text).split()) & {*_SIGNS}


def choice(condition: str, otherwise: str | None) -> str:
    """`where` under a condition on indices."""
    if otherwise == "-∞":
        return f"mask {condition}"
    return f"where {condition}" + (f" else {otherwise}" if otherwise else "")


def wrapped(label: str) -> str:
    """The label in lines of a readable length, broken after commas where there are some.

    >>> wrapped("row → 2 × i + k − 1, column → 2 × j + l − 1")
    'row → 2 × i + k − 1,\\ncolumn → 2 × j + l − 1'
    """
    lines = [part for line in label.split("\n") for part in _lines(line)]
    return "\n".join(lines if len(lines) <= _LINES else [*lines[: _LINES - 1], f"{lines[_LINES - 1]} …"])


def _lines(line: str) -> Iterator[str]:
    kept = ""
    for piece in line.replace(", ", ",\n").split("\n"):
        if kept and len(kept) + len(piece) >= LONGEST:
            yield from balanced(kept, LONGEST)
            kept = piece
        else:
            kept = f"{kept} {piece}".lstrip()
    yield from balanced(kept, LONGEST)


def balanced(text: str, width: int) -> list[str]:
    """As few lines as the width allows, of about one length; a word that is longer has a line of its own.

    >>> balanced("a line that is just too long", 25)
    ['a line that is', 'just too long']
    """
    count = len(_wrapped(text, width))
    return _wrapped(
        text, next(w for w in range(-(-len(text) // count), width + 1) if len(_wrapped(text, w)) <= count)
    )


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


_REDUCTIONS: Final = {"argmax": "argmax", "argmin": "argmin", "any": "any", "all": "all"}
_RUNNING: Final = {"sum": "cumsum", "max": "cummax", "min": "cummin", "prod": "cumprod"}


def structural(op: ops.Operator, texts: Mapping[int, str]) -> str:
    """The label of an operator that is not pointwise. `texts` holds operands that are closed, by their
    place."""
    match op:
        case ops.Reduce(monoid, axes):
            return " ".join([_REDUCTIONS.get(monoid, monoid), *(a.name for a in axes)])
        case ops.View(coordinates, fill):
            moves = ", ".join(f"{a.name} → {_coordinate(c)}" for a, c in coordinates)
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


def _coordinate(found: Coordinate) -> str:
    """An index with what is added first, and numbers last."""
    parts = [_along(axis, factor) for axis, factor in found.terms]
    parts += [
        ((str(abs(c)) if m == () else _size(Size(((m, abs(c)),)))[0], _PRODUCT), c < 0)
        for m, c in found.offset.terms
    ]
    text, level = _sum(parts) if parts else ("0", _ATOM)
    if len(parts) == 1 and not parts[0][1]:
        level = parts[0][0][1]
    if found.divisor != Size.constant(1):
        text, level = f"{_at((text, level), _PRODUCT)} // {_at(_size(found.divisor), _POWER)}", _PRODUCT
    if found.modulus is None:
        return text
    return f"{_at((text, level), _PRODUCT)} % {_at(_size(found.modulus), _POWER)}"


def _along(axis: Axis, factor: Size) -> tuple[_Part, bool]:
    """A term of an index, and whether it is taken away."""
    negative = len(factor.terms) == 1 and factor.terms[0][1] < 0
    if negative:
        factor = Size(tuple((m, -c) for m, c in factor.terms))
    if factor == Size.constant(1):
        return (axis.name, _ATOM), negative
    return (f"{_at(_size(factor), _PRODUCT)} × {axis.name}", _PRODUCT), negative
