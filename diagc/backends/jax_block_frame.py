"""What a blockwise function is while it is written: names and sizes, the state that its parts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from diagc.backends.jax_text import Text, filled_text, literal, size_text
from diagc.backends.writer import Writer, tuple_text
from diagc.core.axes import Axis, Coordinate, Size, in_order
from diagc.core.diagram import Node
from diagc.kernel import ir

INLINE_WIDTH = 40
"""A value used once is written into its user up to this many characters."""


def block_argument(axis: Axis) -> str:
    """The keyword that sets the block of an axis."""
    return f"block_{axis.name}"


def cut_axes(kernel: ir.Kernel) -> list[Axis]:
    """The axes that are cut into blocks."""
    return [axis for axis, extent in kernel.extents.items() if extent.kind in ("tile", "stream")]


@dataclass(slots=True)
class Frame:
    """The function being written. `names` are the input arrays, `symbols` the sizes."""

    kernel: ir.Kernel
    writer: Writer
    names: dict[Node, str]
    symbols: Mapping[str, str]
    uses: Counter[ir.Value] = field(default_factory=Counter[ir.Value])
    text: dict[ir.Value, Text] = field(default_factory=dict[ir.Value, Text])
    indices: dict[Axis, str] = field(default_factory=dict[Axis, str])
    first: dict[Axis, str] = field(default_factory=dict[Axis, str])
    outputs: dict[int, str] = field(default_factory=dict[int, str])
    bounds: dict[tuple[Axis, ir.Bound], str] = field(default_factory=dict[tuple[Axis, ir.Bound], str])

    def ordered(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """Axes in the one order that tiles have throughout, so that little is transposed."""
        places = {axis: place for place, axis in enumerate(self.kernel.group_axes)}
        kinds = {"one": 0, "walk": 0, "tile": 1, "stream": 2, "twin": 3, "resident": 4}
        names = list(self.kernel.extents)
        return tuple(sorted(
            in_order(axes), key=lambda a: (kinds[self._kind(a)], places.get(a, len(places)), names.index(a))
        ))  # fmt: skip

    def _kind(self, axis: Axis) -> str:
        return self.kernel.extents[axis].kind

    def _blocks(self, axis: Axis) -> str:
        """The number of blocks along an axis."""
        return f"-(-{self._size(axis.size)} // {block_argument(axis)})"

    def _whole_blocks(self, axis: Axis) -> str:
        """The extent along an axis when its last block is filled up; other axes have their own extent."""
        if axis not in cut_axes(self.kernel):
            return self._size(axis.size)
        return f"{self._blocks(axis)} * {block_argument(axis)}"

    def _size(self, size: Size) -> str:
        return size_text(size, self.symbols).at(7)

    def _index(self, axis: Axis) -> Text:
        return Text(self.indices[axis], 7, () if self._kind(axis) == "walk" else (axis,))

    def _define(self, target: ir.Value, value: Text, hint: str = "", inline: bool = False) -> None:
        if inline and self.uses[target] <= 1 and len(value.text) <= INLINE_WIDTH:
            self.text[target] = value
            return
        name = self.writer.fresh(hint or target.hint or "tile")
        self.writer.line(f"{name} = {value.text}")
        self.text[target] = Text(name, 7, value.axes)

    def _literal(self, target: ir.Value, value: float | bool | Size) -> None:
        if isinstance(value, Size):
            self.text[target] = size_text(value, self.symbols)
        elif target.hint:  # the start of a state
            axes = self.ordered(a for a in target.axes if self._kind(a) != "walk")
            shape = tuple_text([self._extent(a) for a in axes]) if axes else "()"
            text = filled_text(literal(value), self._like, shape, target.dtype)
            self._define(target, Text(text, 7, axes))
        else:
            self.text[target] = literal(value)

    @property
    def _like(self) -> str | None:
        return self.names[self.kernel.inputs[0]] if self.kernel.inputs else None

    def _extent(self, axis: Axis) -> str:
        axis = self.kernel.extents[axis].of or axis
        cut = self._kind(axis) in ("tile", "stream")
        return block_argument(axis) if cut else size_text(axis.size, self.symbols).text

    def _whole_axes(self) -> None:
        for axis, extent in self.kernel.extents.items():
            if extent.kind in ("one", "resident") and self._is_indexed(axis):
                self.indices[axis] = self.writer.fresh(f"{axis.name}_index")
                self.writer.line(f"{self.indices[axis]} = jnp.arange({self._size(axis.size)})")

    def _is_indexed(self, axis: Axis, body: tuple[ir.Statement, ...] | None = None) -> bool:
        """Whether the index along an axis is read, in a loop body or anywhere."""
        for statement in self.kernel.statements() if body is None else ir.nested(body):
            match statement:
                case ir.Index(_, a) | ir.Inside(_, a) if a == axis:
                    return True
                case ir.Load(_, source, coordinates) if not direct(source, coordinates):
                    return True
                case ir.Load() if axis in forced(statement):
                    return True
                case _:
                    pass
        return False


def direct(source: Node, coordinates: Iterable[Coordinate | ir.Value]) -> bool:
    """Whether a load follows the axes of its array."""
    pairs = zip(source.axes, coordinates, strict=True)
    return all(isinstance(c, Coordinate) and c.axis == axis for axis, c in pairs)


def forced(load: ir.Load) -> tuple[Axis, ...]:
    """The axes along which lanes outside of the array are set: what fills up its blocks is 0."""
    return load.guard if load.fill != 0 and not load.checked else ()


def in_order_nodes(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Nodes without repetition."""
    return tuple(dict.fromkeys(nodes))
