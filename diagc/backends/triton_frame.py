"""What a Triton kernel is while it is written: names, the dimensions of tiles, and the bounds of loops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diagc.backends.triton_terms import size_text
from diagc.backends.writer import Writer, identifier
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.kernel import ir


def block_name(axis: Axis) -> str:
    """The compile-time constant that holds the block of an axis."""
    return f"BLOCK_{identifier(axis.uid.replace('#', '_')).upper()}"


@dataclass(slots=True)
class Names:
    """What the kernel calls its arguments."""

    arrays: dict[Node | int, str]
    sizes: dict[str, str]
    indices: dict[Axis, str] = field(default_factory=dict[Axis, str])

    def stride(self, array: Node | int, axis: Axis) -> str:
        return f"{self.arrays[array].removesuffix('_ptr')}_stride_{identifier(axis.uid.replace('#', '_'))}"

    def size(self, size: Size) -> str:
        return size_text(size, self.sizes)


FIRST = ir.Bound("max", ())
"""Under this bound stands the first index of a tile."""


class Frame:
    """A kernel with the texts of its values."""

    def __init__(self, kernel: ir.Kernel, names: Names, writer: Writer) -> None:
        self.kernel = kernel
        self.names = names
        self.writer = writer
        self.uses = ir.count_uses(kernel.statements())
        self.text: dict[ir.Value, str] = {}
        self.atoms: set[ir.Value] = set()
        self.bounds: dict[tuple[Axis, ir.Bound], str] = {}
        self.source: tuple[str, int] | None = None
        self.masks: dict[Axis, str] = {}
        self.firsts: dict[Axis, str] = {}

    # ---- shapes

    def dims(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The dimensions of a tile with these axes."""
        return self.kernel.dims(axes)

    def spread(self, text: str, have: tuple[Axis, ...], want: tuple[Axis, ...]) -> str:
        """A tile over some dimensions, indexed so that it broadcasts over all of `want`."""
        if have == want or not have:
            return text
        return f"{text}[{', '.join(':' if axis in have else 'None' for axis in want)}]"

    def lanes(self, axis: Axis) -> str:
        """0, 1, … along the block of an axis."""
        return f"tl.arange(0, {block_name(axis)})"

    def span(self, axis: Axis, first: str = "") -> None:
        """Name the indices of a tile along an axis, from its first one."""
        name = self.names.indices[axis] = self.writer.fresh(f"{axis.name}_index")
        self.writer.line(f"{name} = {' + '.join(filter(None, (first, self.lanes(axis))))}")

    def filled(self, dims: tuple[Axis, ...], number: str, dtype: str) -> str:
        """A tile of one number."""
        shape = ", ".join(block_name(self.kernel.extents[axis].of or axis) for axis in dims)
        return f"tl.full([{shape}], {number}, {dtype})"

    def operand(self, value: ir.Value, want: tuple[Axis, ...]) -> str:
        return self.spread(self.text[value], self.dims(value.axes), want)

    # ---- bounds

    def bound(self, axis: Axis, bound: ir.Bound) -> str:
        """A bound as an integer expression; bounds in use twice get a name."""
        if (axis, bound) in self.bounds:
            return self.bounds[axis, bound]
        parts = list(dict.fromkeys(self._part(axis, part) for part in bound.parts))
        text = parts[0]
        for part in parts[1:]:
            text = f"tl.{bound.kind}imum({text}, {part})"
        if any(isinstance(part, ir.Edge) and _is_wide(part) for part in bound.parts):
            inside = (
                f"tl.maximum({text}, 0)"
                if bound.kind == "min"
                else f"tl.minimum({text}, {self.names.size(axis.size)})"
            )
            text = f"{inside}.to(tl.int32)"
        block = block_name(axis)
        if bound.rounding == "down" and text != "0":
            text = f"{text if text.isidentifier() else f'({text})'} // {block} * {block}"
        if bound.rounding == "up" and text != "0":
            text = f"tl.cdiv({text}, {block}) * {block}"
        if text.isidentifier() or text.isdigit():
            return text
        name = self.writer.fresh(f"{'from' if bound.kind == 'max' else 'to'}_{axis.name}")
        self.writer.line(f"{name} = {text}")
        self.bounds[axis, bound] = name
        return name

    def _part(self, axis: Axis, part: ir.Edge | ir.Bound) -> str:
        if isinstance(part, ir.Bound):
            return self.bound(axis, part)
        terms, offset = list[str](), part.offset
        for a, end, c in part.terms:
            text, less = self._end(a, end)
            offset -= c * less
            terms += [text if c == 1 else f"{c} * ({text})"] if text else []
        for value, _, c in part.values:
            text = f"tl.cast({self.text[value]}, tl.int64)" if _is_wide(part) else self.text[value]
            terms.append(text if c == 1 else f"{c} * {text}")
        if offset != Size() or not terms:
            terms.append(self.names.size(offset))
        return " + ".join(terms).replace("+ -", "- ")

    def _end(self, axis: Axis, end: str) -> tuple[str, int]:
        """The first index of an axis in this program, or one past the last, and what is to be subtracted from it."""
        kind = self.kernel.extents[axis].kind
        if kind == "tile":
            first = self.bounds[axis, FIRST]
            past = f"tl.minimum({first} + {block_name(axis)}, {self.names.size(axis.size)})"
            return (first, 0) if end == "first" else (past, 1)
        if kind == "resident":
            return ("", 0) if end == "first" else (self.names.size(axis.size), 1)
        return self.names.indices[axis], 0


def _is_wide(edge: ir.Edge) -> bool:
    """Whether an edge is computed in 64 bits: sums with integers of any size, and such integers."""
    alone = not edge.terms and edge.offset == Size() and [c for _, _, c in edge.values] == [1]
    return bool(edge.values) and not (alone and edge.values[0][0].dtype is not DType.I64)
