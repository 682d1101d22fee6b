"""Other names for axes, sizes and inputs, and another order of the inputs: what no kernel may depend on."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Diagram, Node, node, rebuild


class Renaming:
    """Other names for axes, sizes and inputs; each is a letter, a random number and an underscore."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator
        self._names: dict[tuple[str, str], str] = {}

    def name(self, kind: str, old: str) -> str:
        """The new name of something of a kind."""
        if (kind, old) not in self._names:
            self._names[kind, old] = f"{kind}{self._generator.randrange(10**9)}_"
        return self._names[kind, old]

    def size(self, size: Size) -> Size:
        return size.substitute({symbol: Size.symbol(self.name("S", symbol)) for symbol in size.symbols})

    def axis(self, axis: Axis) -> Axis:
        return Axis(self.name("A", axis.uid), self.size(axis.size))

    def part(self, value: Any) -> Any:
        """A field of an operator."""
        match value:
            case Axis():
                return self.axis(value)
            case Size():
                return self.size(value)
            case Coordinate(terms, offset, divisor, modulus):
                made = {self.axis(a): self.size(c) for a, c in terms}
                ordered = tuple(sorted(made.items(), key=lambda term: term[0].uid))
                return Coordinate(
                    ordered,
                    self.size(offset),
                    self.size(divisor),
                    None if modulus is None else self.size(modulus),
                )
            case Diagram():
                return self.body(value)
            case tuple():
                return tuple(map(self.part, value))
            case _:
                return value

    def body(self, body: Diagram) -> Diagram:
        """The body of a scan, whose inputs have their order."""
        inputs = tuple(self.node(n, ()) for n in body.inputs)
        outputs = rebuild(body.outputs, self.node)
        return Diagram(body.name, inputs, outputs, body.output_names, tuple(map(self.array, body.layouts)))

    def array(self, array: Array) -> Array:
        index = None if array.index_of is None else self.axis(array.index_of)
        return Array(array.dtype, tuple(map(self.axis, array.axes)), index)

    def node(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        """The node over renamed operands."""
        if isinstance(current.op, ops.Input):
            op = replace(current.op, name=self.name("I", current.op.name))
            return node(op, array=self.array(current.array))
        changed = {f.name: self.part(getattr(current.op, f.name)) for f in fields(current.op)}
        return node(type(current.op)(**changed), *inputs)


def renamed(diagram: Diagram, generator: random.Random) -> Diagram:
    """The diagram with other names, its inputs declared in another order."""
    names = Renaming(generator)
    inputs = tuple(names.node(n, ()) for n in generator.sample(diagram.inputs, len(diagram.inputs)))
    outputs = rebuild(diagram.outputs, names.node)
    return Diagram("renamed", inputs, outputs, diagram.output_names, tuple(map(names.array, diagram.layouts)))
