"""Size symbols replaced by given sizes, everywhere in a diagram: axes, coordinates, bodies of scans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Diagram, Node, node, rebuild, size_node
from diagc.core.learning import LearningDiagram


@dataclass(frozen=True, slots=True)
class Resize:
    """The pass `resize`: `sizes` by symbol; symbols that are not named stay."""

    sizes: Mapping[str, Size]

    def nodes(self, roots: tuple[Node, ...]) -> tuple[Node, ...]:
        """The roots at the given sizes."""
        return rebuild(roots, self._node)

    def learning(self, diagram: LearningDiagram) -> LearningDiagram:
        """A learning diagram at the given sizes."""
        return self._value(diagram) if self.sizes else diagram

    def _node(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        match current.op:
            case ops.Input():
                return node(current.op, array=self._value(current.array))
            case ops.SizeOf(size):
                return size_node(size.substitute(self.sizes))
            case ops.Constant():
                return current
            case _:
                return node(self._value(current.op), *inputs)

    def _value(self, value: Any) -> Any:
        match value:
            case Size():
                return value.substitute(self.sizes)
            case Axis(uid, size):
                return Axis(uid, size.substitute(self.sizes))
            case Node():
                return self.nodes((value,))[0]
            case tuple():
                return tuple(self._value(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
            case ops.Pointwise():
                return value
            case Array() | Coordinate() | Diagram() | LearningDiagram():
                return self._fields(value)
            case _:
                return self._fields(value) if is_dataclass(value) and not isinstance(value, type) else value

    def _fields(self, value: Any) -> Any:
        return replace(value, **{f.name: self._value(getattr(value, f.name)) for f in fields(value)})
