"""What is said about values and boxes beside their picture: type, bytes, operations, level, and where they are written.

Amounts are polynomials in the sizes, or numbers where all sizes are known:

>>> from diagc.core.axes import Axis
>>> from diagc.core.dtypes import DType
>>> q, d = Axis("q", Size.symbol("q")), Axis("d", Size.constant(64))
>>> Notes().bytes(Array(DType.BF16, (q, d))), Notes(sizes={"q": 1024}).bytes(Array(DType.BF16, (q, d)))
('128·q B', '131.1 kB')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis, Size, SizeLimit
from diagc.core.diagram import Array, Node
from diagc.cost.words import amount

_LONGEST: Final = 60
"""Characters of a polynomial; of a longer one the terms of the highest degree stand."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known about nodes beyond their types.

    `places` says where a node is written, `opens` names the picture of the inside of the call whose result it is,
    `sizes` are values of size symbols. `level` names where values stay that are neither inputs nor outputs.
    """

    places: Mapping[Node, str] = field(default_factory=dict[Node, str])
    opens: Mapping[Node, str] = field(default_factory=dict[Node, str])
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    level: str = ""

    def value(self, node: Node, outside: bool) -> str:
        """The lines about the value of a node; `outside` for inputs and outputs."""
        level = ("in memory" if outside else self.level) if self.level else ""
        return "\n".join(filter(None, (str(node.array), self.bytes(node.array), level)))

    def box(self, label: str, nodes: Iterable[Node], results: Iterable[Node]) -> str:
        """The lines about a box that stands for nodes."""
        inside, made = tuple(nodes), tuple(results)
        place = next((self.places[n] for n in (*made, *inside) if n in self.places), "")
        types = ", ".join(str(n.array) for n in made)
        lines = (f"{label.replace(chr(10), ', ')}: {types}", self.work(inside), place)
        return "\n".join(filter(None, lines))

    def bytes(self, array: Array) -> str:
        """How much memory an array takes."""
        try:
            total = _points(array.axes) * max(array.dtype.bytes, 1)
        except SizeLimit:
            return ""
        known = self._known(total)
        return f"{polynomial(total)} B" if known is None else amount(known)

    def work(self, nodes: Iterable[Node]) -> str:
        """Operations of all nodes: one for each point of a reduction, of a function as many as it is priced with."""
        try:
            total = sum((_operations(n) for n in nodes), Size())
        except SizeLimit:
            return ""
        known = self._known(total)
        return "" if not total.terms else f"{polynomial(total)} FLOP" if known is None else spoken(known)

    def _known(self, total: Size) -> int | None:
        return total.evaluate(self.sizes) if set(total.symbols) <= set(self.sizes) else None


def _points(axes: Iterable[Axis]) -> Size:
    return prod((axis.size for axis in axes), start=Size.constant(1))


def _operations(node: Node) -> Size:
    match node.op:
        case ops.Map(function):
            return _points(node.axes) * (function.flops * max(len(node.inputs) - function.arity + 1, 1))
        case ops.Reduce():
            return _points(node.inputs[0].axes)
        case _:
            return Size()


def spoken(operations: int) -> str:
    """A number of operations as a person writes it."""
    for unit, factor in (("TFLOP", 1e12), ("GFLOP", 1e9), ("MFLOP", 1e6)):
        if operations >= factor:
            return f"{operations / factor:.4g} {unit}"
    return f"{operations} FLOP"


def polynomial(size: Size) -> str:
    """A polynomial with `·` for products; of a long one the terms of the highest degree."""
    text = _written(size)
    if len(text) <= _LONGEST:
        return text
    highest = max(sum(power for _, power in monomial) for monomial, _ in size.terms)
    top = Size(tuple(t for t in size.terms if sum(power for _, power in t[0]) == highest))
    return f"{_written(top)} + …"


def _written(size: Size) -> str:
    return str(size).replace(" * ", "·").replace(" ^ ", "^")
