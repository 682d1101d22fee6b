"""Kernel IR to JAX: the fused computation as loops over tiles, for machines without a GPU.

Axes that one program has to itself on a GPU stay whole here and are batch dimensions; resident axes are whole as well;
tiled axes are mapped over, streamed ones are the trips of `lax.fori_loop`. Memory does not grow with a streamed axis
beyond the arrays themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from diagc.backends.infinities import Infinities
from diagc.backends.jax_pointwise import Operand, combine
from diagc.backends.jax_text import (
    DTYPES,
    SUM,
    TERM,
    Text,
    aligned,
    cast,
    literal,
    permuted,
    size_text,
    tuple_text,
)
from diagc.backends.sizes import input_name
from diagc.backends.writer import Writer
from diagc.core.axes import ONE, Axis, Coordinate, Size, in_order
from diagc.core.diagram import Array, Node
from diagc.core.dtypes import DType
from diagc.core.ops import POINTWISE
from diagc.kernel import ir

_FINITE = Infinities()
INLINE_WIDTH = 40
"""A value used once is written into its user up to this many characters."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def block_argument(axis: Axis) -> str:
    """The keyword that sets the block of an axis."""
    return f"block_{axis.name}"


def cut_axes(kernel: ir.Kernel) -> list[Axis]:
    """The axes that are cut into blocks."""
    return [axis for axis, extent in kernel.extents.items() if extent.kind in ("tile", "stream")]


@dataclass(slots=True)
class BlockBody:
    """Writes the body of one function. `names` are the input arrays, `symbols` the sizes."""

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

    # ---- frame

    def ordered(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """Axes in the one order that tiles have throughout, so that little is transposed."""
        places = {axis: place for place, axis in enumerate(self.kernel.group_axes)}
        kinds = {"one": 0, "walk": 0, "tile": 1, "stream": 2, "resident": 3}
        names = list(self.kernel.extents)
        return tuple(sorted(
            in_order(axes), key=lambda a: (kinds[self._kind(a)], places.get(a, len(places)), names.index(a))
        ))  # fmt: skip

    def write(self) -> list[str]:
        """All statements; returns the names of the results."""
        self.uses = ir.count_uses(self.kernel.statements())
        self._pad()
        tiled = [a for a in self.kernel.group_axes if self._kind(a) == "tile"]
        if not tiled:
            self._whole_axes()
            self._statements(self.kernel.body)
            return [self._finished(place, self.outputs[place], ()) for place in range(len(self.kernel.outputs))]
        self._program(tiled)
        counts = [f"{self._blocks(axis)}" for axis in tiled]
        result = [self.writer.fresh(f"{name}_tiles") for name, _ in self.kernel.outputs]
        self.writer.line(f"{', '.join(result)}{',' if len(result) == 1 else ''} = lax.map(program, jnp.arange({' * '.join(counts)}))")
        return [self._joined(place, name, tiled) for place, name in enumerate(result)]

    def _kind(self, axis: Axis) -> str:
        return self.kernel.extents[axis].kind

    def _blocks(self, axis: Axis) -> str:
        """The number of blocks along an axis."""
        return f"(-(-{self._size(axis.size)} // {block_argument(axis)}))"

    def _size(self, size: Size) -> str:
        return size_text(size, self.symbols).at(7)

    def _pad(self) -> None:
        """Whole blocks along cut axes, so that every tile has one shape; the padding reads 0."""
        cut = [axis for axis in cut_axes(self.kernel)]
        for source in in_order_nodes(s.source for s in self.kernel.statements() if isinstance(s, ir.Load)):
            widths: list[str] = []
            for axis in source.axes:
                size = self._size(axis.size)
                widths.append(f"(0, -{size} % {block_argument(axis)})" if axis in cut else "(0, 0)")
            if any(axis in cut for axis in source.axes):
                name = self.names[source]
                self.writer.line(f"{name} = jnp.pad({name}, {tuple_text(widths)})")

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
                case ir.Load(_, source, coordinates) if not _direct(source, coordinates):
                    return True
                case _:
                    pass
        return False

    def _program(self, tiled: list[Axis]) -> None:
        self.writer.line()
        self.writer.line("def program(tile):")
        with self.writer.indented():
            self._whole_axes()
            for place, axis in enumerate(reversed(tiled)):
                last = place == len(tiled) - 1
                count = self._blocks(axis)
                self.first[axis] = self.writer.fresh(f"first_{axis.name}")
                index = "tile" if last else f"(tile % {count})"
                self.writer.line(f"{self.first[axis]} = {index} * {block_argument(axis)}")
                if not last:
                    self.writer.line(f"tile = tile // {count}")
                if self._is_indexed(axis):
                    self.indices[axis] = self.writer.fresh(f"{axis.name}_index")
                    self.writer.line(f"{self.indices[axis]} = {self.first[axis]} + jnp.arange({block_argument(axis)})")
            self._statements(self.kernel.body)
            results = [self.outputs[place] for place in range(len(self.kernel.outputs))]
            self.writer.line(f"return {', '.join(results)}{',' if len(results) == 1 else ''}")
        self.writer.line()

    def _joined(self, place: int, name: str, tiled: list[Axis]) -> str:
        """Tiles side by side: the leading tile dimension moves next to the axes that it counts."""
        axes = self.kernel.outputs[place][1].axes
        counts = [self._blocks(axis) for axis in tiled]
        if len(tiled) > 1:
            self.writer.line(f"{name} = {name}.reshape({', '.join(counts)}, *{name}.shape[1:])")
        order: list[int] = []
        for position, axis in enumerate(axes):
            if axis in tiled:
                order.append(tiled.index(axis))
            order.append(len(tiled) + position)
        missing = [p for p, axis in enumerate(tiled) if axis not in axes]
        if missing:  # every tile along such an axis holds the same values
            self.writer.line(f"{name} = {name}[{', '.join('0' if p in missing else ':' for p in range(len(tiled)))}]")
            order = [o - sum(m < o for m in missing) for o in order]
        if order != list(range(len(order))):
            self.writer.line(f"{name} = {name}.transpose({', '.join(map(str, order))})")
        extents = [f"{self._blocks(a)} * {block_argument(a)}" if a in cut_axes(self.kernel) else self._size(a.size) for a in axes]
        self.writer.line(f"{name} = {name}.reshape({', '.join(extents)})")
        return self._finished(place, name, tuple(tiled))

    def _finished(self, place: int, name: str, tiled: tuple[Axis, ...]) -> str:
        """The result without padding."""
        axes = self.kernel.outputs[place][1].axes
        cut = [axis for axis in axes if axis in cut_axes(self.kernel)]
        if not cut:
            return name
        slices = [f":{self._size(a.size)}" if a in cut else ":" for a in axes]
        while slices[-1] == ":":
            slices.pop()
        return f"{name}[{', '.join(slices)}]"

    # ---- statements

    def _statements(self, statements: tuple[ir.Statement, ...]) -> None:
        for statement in statements:
            match statement:
                case ir.Load():
                    self._load(statement)
                case ir.Apply():
                    self._apply(statement)
                case ir.Number(target, value):
                    self._literal(target, value)
                case ir.Index(target, axis):
                    self.text[target] = self._index(axis)
                case ir.Inside(target, axis):
                    self.text[target] = Text(f"({self._index(axis).text} < {self._size(axis.size)})", 7, (axis,))
                case ir.Fold():
                    self._fold(statement)
                case ir.Dot():
                    self._dot(statement)
                case ir.Loop():
                    self._loop(statement)
                case ir.Store():
                    self._store(statement)

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
            self._define(target, Text(f"jnp.full({shape}, {literal(value).text}, {DTYPES[target.dtype]})", 7, axes))
        else:
            self.text[target] = literal(value)

    def _extent(self, axis: Axis) -> str:
        return block_argument(axis) if self._kind(axis) in ("tile", "stream") else size_text(axis.size, self.symbols).text

    def _apply(self, statement: ir.Apply) -> None:
        target = statement.target
        operands = [self.text[o] for o in statement.operands]
        if statement.function == "cast":
            self._define(target, cast(operands[0], target.dtype), target.hint, inline=True)
            return
        frame = self.ordered(a for o in operands for a in o.axes)
        prepared = [
            Operand(aligned(text, frame), value.dtype, _FINITE)
            for text, value in zip(operands, statement.operands, strict=True)
        ]
        made = combine(POINTWISE[statement.function], prepared, target.dtype, self.writer.helpers)
        if made.weak:
            self.text[target] = made
        else:
            self._define(target, Text(made.text, made.level, frame), target.hint or statement.function, inline=True)

    def _fold(self, statement: ir.Fold) -> None:
        value = self.text[statement.operand]
        places = [value.axes.index(axis) for axis in statement.axes]
        kept = tuple(a for a in value.axes if a not in statement.axes)
        where = str(places[0]) if len(places) == 1 else tuple_text([str(p) for p in places])
        self._define(statement.target, Text(f"jnp.{statement.monoid}({value.text}, axis={where})", 7, kept))

    def _dot(self, statement: ir.Dot) -> None:
        left, right = self.text[statement.left], self.text[statement.right]
        axes = in_order((*left.axes, *right.axes))
        letter = dict(zip(axes, _LETTERS, strict=False))
        kept = self.ordered(a for a in axes if a not in statement.axes)
        formula = ",".join("".join(letter[a] for a in side.axes) for side in (left, right))
        formula += "->" + "".join(letter[a] for a in kept)
        accumulate = DTYPES[statement.target.dtype]
        precise = ', precision="highest"' if statement.compute in (DType.F32, DType.F64) else ""
        operands = f"{left.text}, {right.text}"
        text = f'jnp.einsum("{formula}", {operands}{precise}, preferred_element_type={accumulate})'
        made = Text(text, 7, kept)
        if statement.start is not None:
            start = self.text[statement.start]
            made = Text(f"{permuted(start, kept).at(SUM)} + {text}", SUM, kept)
        self._define(statement.target, made)

    # ---- memory

    def _load(self, statement: ir.Load) -> None:
        target, source = statement.target, statement.source
        name = self.names[source]
        if _direct(source, statement.coordinates):
            text = name
            for place, axis in enumerate(source.axes):
                if axis in self.first:
                    text = f"lax.dynamic_slice_in_dim({text}, {self.first[axis]}, {block_argument(axis)}, {place})"
                elif self._kind(axis) == "walk":
                    text = f"lax.dynamic_index_in_dim({text}, {self.indices[axis]}, {place}, keepdims=True)"
            axes = tuple(a for a in source.axes if self._kind(a) != "walk")
            if len(axes) != len(source.axes):
                gone = [str(p) for p, a in enumerate(source.axes) if self._kind(a) == "walk"]
                text = f"jnp.squeeze({text}, {tuple_text(gone)})"
            made = Text(text, 7, axes)
        else:
            made = self._gathered(statement, name)
        forced = [a for a in statement.guard if statement.fill != 0 and not statement.checked]
        for axis in forced:
            inside = aligned(Text(f"({self._index(axis).text} < {self._size(axis.size)})", 7, (axis,)), made.axes)
            made = Text(f"jnp.where({inside.text}, {made.text}, {literal(statement.fill).text})", 7, made.axes)
        if made.text == name:
            self.text[target] = made
        else:
            self._define(target, made, f"{input_name(source)}_tile")

    def _gathered(self, statement: ir.Load, name: str) -> Text:
        """A read at computed indices; what lies outside reads the fill value."""
        places = [self.text[c] if isinstance(c, ir.Value) else self._coordinate(c) for c in statement.coordinates]
        frame = in_order(a for p in places for a in p.axes)
        indices = ", ".join(aligned(place, frame).text for place in places)
        fill = literal(statement.fill).text
        # a negative index would count from the end: send it beyond the end instead
        if statement.checked:
            safe = [f"jnp.where({aligned(p, frame).text} < 0, {2**31 - 1}, {aligned(p, frame).text})" for p in places]
            indices = ", ".join(safe)
        return Text(f'{name}.at[{indices}].get(mode="fill", fill_value={fill})', 7, frame)

    def _coordinate(self, coordinate: Coordinate) -> Text:
        frame = tuple(a for a in coordinate.axes if self._kind(a) != "walk")
        terms: list[str] = []
        for axis, coefficient in coordinate.terms:
            index = aligned(self._index(axis), frame).text
            terms.append(index if coefficient == ONE else f"{self._size(coefficient)} * {index}")
        if coordinate.offset != Size() or not terms:
            terms.append(self._size(coordinate.offset))
        text = Text(" + ".join(terms), SUM if len(terms) > 1 else TERM, frame)
        if coordinate.divisor != ONE:
            text = Text(f"{text.at(7)} // {self._size(coordinate.divisor)}", TERM, frame)
        if coordinate.modulus is not None:
            text = Text(f"{text.at(7)} % {self._size(coordinate.modulus)}", TERM, frame)
        return Text(text.at(7), 7, frame)

    def _store(self, statement: ir.Store) -> None:
        layout = self.kernel.outputs[statement.output][1]
        value = self.text[statement.value]
        value = permuted(value, [a for a in layout.axes if a in value.axes])
        missing = [a for a in layout.axes if a not in value.axes]
        if missing:
            shape = tuple_text([self._extent(a) for a in layout.axes])
            value = Text(f"jnp.broadcast_to({aligned(value, layout.axes).text}, {shape})", 7, layout.axes)
        streamed = [a for a in layout.axes if self._kind(a) == "stream"]
        if streamed:
            buffer, place = self.outputs[statement.output], layout.axes.index(streamed[0])
            self.writer.line(
                f"{buffer} = lax.dynamic_update_slice_in_dim({buffer}, {value.text}, {self.first[streamed[0]]}, {place})"
            )
            return
        self.outputs[statement.output] = value.text

    # ---- loops

    def _loop(self, statement: ir.Loop) -> None:
        stores = [s for s in statement.body if isinstance(s, ir.Store)]
        for store in stores:
            if store.output not in self.outputs:
                self._buffer(store.output)
        start, stop = self._trips(statement)
        buffers = [self.outputs[store.output] for store in stores]
        states = [self.text[c.start].text for c in statement.carried]
        names = [*states, *buffers]
        function = self.writer.fresh("step")
        self.writer.line()
        self.writer.line(f"def {function}(block, state):")
        known, outer = dict(self.bounds), dict(self.indices)
        with self.writer.indented(), self.writer.scope():
            self.writer.line(f"{tuple_text(names)[1:-1] if len(names) > 1 else names[0]}{',' if len(names) == 1 else ''} = state")
            for carried in statement.carried:
                self.text[carried.state] = self.text[carried.start]
            self._enter(statement)
            self._statements(statement.body)
            nexts = [permuted(self.text[c.next], self.text[c.start].axes).text for c in statement.carried]
            self.writer.line(f"return {tuple_text([*nexts, *buffers])}")
        self.bounds, self.indices = known, outer
        self.first.pop(statement.axis, None)
        self.writer.line()
        left = ", ".join(names) + ("," if len(names) == 1 else "")
        self.writer.line(f"{left} = lax.fori_loop({start}, {stop}, {function}, {tuple_text(names)})")
        for carried in statement.carried:
            self.text[carried.result] = self.text[carried.start]

    def _enter(self, statement: ir.Loop) -> None:
        axis = statement.axis
        if self._kind(axis) == "walk":
            self.indices[axis] = "block"
            return
        self.first[axis] = self.writer.fresh(f"first_{axis.name}")
        self.writer.line(f"{self.first[axis]} = block * {block_argument(axis)}")
        if self._is_indexed(axis, statement.body):
            self.indices[axis] = self.writer.fresh(f"{axis.name}_index")
            self.writer.line(f"{self.indices[axis]} = {self.first[axis]} + jnp.arange({block_argument(axis)})")

    def _buffer(self, place: int) -> None:
        name, array = self.kernel.outputs[place]
        self.outputs[place] = self.writer.fresh(name)
        extents = [self._padded(axis) for axis in array.axes]
        self.writer.line(f"{self.outputs[place]} = jnp.zeros({tuple_text(extents)}, {DTYPES[array.dtype]})")

    def _padded(self, axis: Axis) -> str:
        if self._kind(axis) == "stream":
            return f"{self._blocks(axis)} * {block_argument(axis)}"
        return self._extent(axis)

    def _trips(self, statement: ir.Loop) -> tuple[str, str]:
        """First and last trip of a loop, in blocks."""
        start, stop = self._bound(statement.axis, statement.start), self._bound(statement.axis, statement.stop)
        if self._kind(statement.axis) == "walk":
            return start, stop
        block = block_argument(statement.axis)
        first = start if start == "0" else f"{start} // {block}"
        return first, f"-(-{stop} // {block})"

    def _bound(self, axis: Axis, bound: ir.Bound) -> str:
        if (axis, bound) in self.bounds:
            return self.bounds[axis, bound]
        parts = list(dict.fromkeys(self._part(axis, part) for part in bound.parts))
        text = parts[0]
        for part in parts[1:]:
            text = f"jnp.{bound.kind}imum({text}, {part})"
        block = block_argument(axis)
        if text != "0" and bound.rounding != "none":
            text = f"({text}) // {block} * {block}" if bound.rounding == "down" else f"-(-({text}) // {block}) * {block}"
        if text.isidentifier() or text.isdigit():
            return text
        name = self.writer.fresh(f"{'from' if bound.kind == 'max' else 'to'}_{axis.name}")
        self.writer.line(f"{name} = {text}")
        self.bounds[axis, bound] = name
        return name

    def _part(self, axis: Axis, part: ir.Edge | ir.Bound) -> str:
        if isinstance(part, ir.Bound):
            return self._bound(axis, part)
        terms = [self._end(a, end) if c == 1 else f"{c} * {self._end(a, end)}" for a, end, c in part.terms]
        if part.offset != Size() or not terms:
            terms.append(self._size(part.offset))
        return " + ".join(terms)

    def _end(self, axis: Axis, end: str) -> str:
        """The first or last index of an axis in this tile; whole axes reach from 0 to their size."""
        if self._kind(axis) == "tile":
            return self.first[axis] if end == "first" else f"{self.first[axis]} + {block_argument(axis)} - 1"
        if self._kind(axis) == "walk":
            return self.indices[axis]
        return "0" if end == "first" else f"{self._size(axis.size)} - 1"


def _direct(source: Node, coordinates: Iterable[Coordinate | ir.Value]) -> bool:
    """Whether a load follows the axes of its array."""
    pairs = zip(source.axes, coordinates, strict=True)
    return all(isinstance(c, Coordinate) and c.axis == axis for axis, c in pairs)


def in_order_nodes(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Nodes without repetition."""
    return tuple(dict.fromkeys(nodes))


__all__ = ["Array", "BlockBody", "DType", "block_argument", "cut_axes"]
