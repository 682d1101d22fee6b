"""A hash of diagrams that names, order of operands and order of declarations do not change.

Axes and inputs get colours by refinement: at first what an axis is by itself (its size), then where it occurs. The
hash of a node is that of its operator under the colours and of its operands, sorted where the operator commutes. In
the body of a scan axes have the colours that they have around it, and inputs are what their places say.
Isomorphic diagrams have equal hashes; refinement may fail to tell apart what only a deeper look could, as with any
Weisfeiler-Lehman colouring, and then orders equals arbitrarily.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields
from typing import cast

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Diagram, Node, operator_axes, walk
from diagc.core.dtypes import DType

ROUNDS = 3
"""Refinements. Each lets an axis see one consumer further; three tell apart all axes of the shipped specs."""


_UNORDERED = ops.Reduce | ops.Spread | ops.View
"""Operators that take their axes as a set."""


_UNCOLOURED = ops.Input | ops.Constant | ops.Map | ops.Cast | ops.Stop
"""Operators that mention no axis and no size, which no round changes."""


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def _in_single(value: float) -> str:
    """A number to the 24 bits that kernels compute with: its last bits depend on the order in which it was folded."""
    return f"{value:.6e}"


def _alike(nodes: Iterable[Node], key: Callable[[Node], Hashable]) -> dict[Node, Node]:
    """For each node the first one with the same key, so that what they share is hashed once."""
    first: dict[Hashable, Node] = {}
    return {current: first.setdefault(key(current), current) for current in nodes}


class Colouring:
    """Colours of axes and hashes of nodes for the sub-diagram below `roots`.

    `layouts` are the results as they are stored: the place of an axis there tells it apart. `inputs` are told apart
    by their places, and `around` are colours of axes, where something else decides them.
    """

    def __init__(
        self,
        roots: Iterable[Node],
        layouts: Iterable[Array] = (),
        inputs: Iterable[Node] = (),
        around: Mapping[Axis, str] | None = None,
    ) -> None:
        self.nodes = tuple(walk(roots))
        self.roots = tuple(roots)
        self._places = {given: str(place) for place, given in enumerate(inputs)}
        self._own_axes = {n: operator_axes(n.op) for n in self.nodes}
        self._same_array = _alike(self.nodes, lambda n: (n.dtype, n.axes, isinstance(n.op, ops.Input)))
        self._same_operator = _alike(
            self.nodes, lambda n: (type(n.op), repr(getattr(n.op, "value", "")), n.op)
        )
        self._plain = {
            n: self._operator(n.op)
            for n in set(self._same_operator.values())
            if isinstance(n.op, _UNCOLOURED)
        }
        every = (a for n in self.nodes for a in (*n.axes, *self._own_axes[n]))
        self.axis_colours = {axis: (around or {}).get(axis, "axis") for axis in every}
        for number, layout in enumerate(layouts):
            for place, axis in enumerate(layout.axes):
                self.axis_colours[axis] = _digest(self.axis_colours.get(axis, "axis"), f"{number} {place}")
        self.hashes: dict[Node, str] = {}
        self.contexts: dict[Node, str] = {}
        self._symbol_colours: dict[str, str] = {}
        for _ in range(ROUNDS):
            self._refine()
        self._hash_nodes()

    def _refine(self) -> None:
        self._colour_symbols()
        self._hash_nodes()
        self._hash_contexts()
        seen: defaultdict[Axis, list[str]] = defaultdict(list)
        for current in self.nodes:
            mark = _digest(self.hashes[current], self.contexts[current])
            for axis in self._own_axes[current]:
                seen[axis].append("op" + mark)
            for place, axis in enumerate(current.axes):
                role = str(place) if isinstance(current.op, ops.Input) else "on"
                seen[axis].append(role + mark)
        self.axis_colours = {
            axis: _digest(colour, self._size(axis.size), *sorted(seen[axis]))
            for axis, colour in self.axis_colours.items()
        }

    def _colour_symbols(self) -> None:
        """A size symbol is what the axes of that size are."""
        owners: defaultdict[str, list[str]] = defaultdict(list)
        for axis, colour in self.axis_colours.items():
            for symbol in axis.size.symbols:
                owners[symbol].append(colour)
        self._symbol_colours = {symbol: _digest(*sorted(found)) for symbol, found in owners.items()}

    def _size(self, size: Size) -> str:
        terms = (
            _digest(str(c), *sorted(f"{self._symbol_colours.get(s, 'free')}^{p}" for s, p in monomial))
            for monomial, c in size.terms
        )
        return _digest("size", *sorted(terms))

    def _hash_nodes(self) -> None:
        self.hashes = {}
        arrays = {n: self._array(n) for n in set(self._same_array.values())}
        operators = {n: self._plain.get(n) or self._operator(n.op) for n in set(self._same_operator.values())}
        for current in self.nodes:
            operands = [self.hashes[i] for i in current.inputs]
            if isinstance(current.op, ops.Map) and current.op.function.commutative:
                operands.sort()
            operator = operators[self._same_operator[current]] + self._places.get(current, "")
            self.hashes[current] = _digest(operator, arrays[self._same_array[current]], *operands)

    def _hash_contexts(self) -> None:
        above: defaultdict[Node, list[str]] = defaultdict(list)
        for place, root in enumerate(self.roots):
            above[root].append(f"root{place}")
        for current in reversed(self.nodes):
            self.contexts[current] = _digest(*sorted(above[current]))
            own = self.hashes[current], self.contexts[current]
            if isinstance(current.op, ops.Map) and current.op.function.commutative:
                mark = _digest("", *own)
                for operand in current.inputs:
                    above[operand].append(mark)
            else:
                for place, operand in enumerate(current.inputs):
                    above[operand].append(_digest(str(place), *own))

    def _array(self, current: Node) -> str:
        colours = [self.axis_colours[a] for a in current.axes]
        return _digest(
            current.dtype.value, *(colours if isinstance(current.op, ops.Input) else sorted(colours))
        )

    def _operator(self, op: ops.Operator) -> str:
        if isinstance(op, ops.Input):
            return _digest("Input", op.role, repr(op.init))
        if isinstance(op, ops.Constant) and isinstance(op.value, float):
            return _digest("Constant", _in_single(op.value))
        unordered = isinstance(op, _UNORDERED)
        return _digest(type(op).__name__, *(self._part(getattr(op, f.name), unordered) for f in fields(op)))

    def _part(self, value: object, unordered: bool = False) -> str:
        match value:
            case Axis():
                return self.axis_colours.get(value, "axis")
            case Size():
                return self._size(value)
            case Coordinate(terms, offset, divisor, modulus):
                pairs = sorted(self._part(a) + self._size(c) for a, c in terms)
                return _digest(*pairs, *map(self._part, (offset, divisor, modulus)))
            case Diagram():
                return Colouring(value.outputs, value.layouts, value.inputs, self.axis_colours).whole(value)
            case tuple():
                parts = [self._part(v) for v in cast(tuple[object, ...], value)]
                return _digest(*(sorted(parts) if unordered else parts))
            case ops.Pointwise() | DType():
                return str(value)
            case _:
                return repr(value)

    def layout(self, array: Array) -> str:
        """A result type: dtype and order of axes."""
        return _digest(array.dtype.value, *(self.axis_colours.get(a, "axis") for a in array.axes))

    def whole(self, diagram: Diagram) -> str:
        """The results of a diagram in their order, and every node with what reads it.

        By their operands alone a·a and a·b would be the same.
        """
        results = (
            self.hashes[n] + self.layout(t) for n, t in zip(diagram.outputs, diagram.layouts, strict=True)
        )
        self._hash_contexts()
        return _digest(*results, *sorted(self.hashes[n] + self.contexts[n] for n in self.nodes))


def diagram_hash(diagram: Diagram) -> str:
    """24 hexadecimal digits; equal for diagrams that differ in names and order of declarations only."""
    return Colouring(diagram.outputs, diagram.layouts).whole(diagram)
