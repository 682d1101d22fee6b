"""Tiles in and out of arrays: padding to whole blocks, reads, writes, and the result put together."""

from __future__ import annotations

from diagc.backends.jax_block_bounds import Bounds
from diagc.backends.jax_block_frame import block_argument, cut_axes, direct, forced, in_order_nodes
from diagc.backends.jax_text import SUM, TERM, Text, aligned, filled_text, literal, permuted
from diagc.backends.sizes import input_name
from diagc.backends.writer import tuple_text
from diagc.core.axes import ONE, Axis, Coordinate, Size, in_order
from diagc.kernel import ir


class Memory(Bounds):
    """Writes loads, stores and what surrounds them."""

    __slots__ = ()

    def _pad(self) -> None:
        """Whole blocks along cut axes, so that every tile has one shape, and at least one; the padding reads 0."""
        cut = cut_axes(self.kernel)
        for axis in cut:
            block, size = block_argument(axis), self._size(axis.size)
            self.writer.line(f"{block} = min({block}, max({size}, 1))")
        for source in in_order_nodes(s.source for s in self.kernel.statements() if isinstance(s, ir.Load)):
            widths: list[str] = []
            for axis in source.axes:
                size = self._size(axis.size)
                widths.append(
                    f"(0, max(-{size} % {block_argument(axis)}, {block_argument(axis)} - {size}))"
                    if axis in cut
                    else "(0, 0)"
                )
            if any(axis in cut for axis in source.axes):
                name = self.names[source]
                self.writer.line(f"{name} = jnp.pad({name}, {tuple_text(widths)})")

    def _load(self, statement: ir.Load) -> None:
        target, source = statement.target, statement.source
        name = self.names[source]
        if direct(source, statement.coordinates):
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
        for axis in forced(statement):
            inside = aligned(
                Text(f"({self._index(axis).text} < {self._size(axis.size)})", 7, (axis,)), made.axes
            )
            made = Text(
                f"jnp.where({inside.text}, {made.text}, {literal(statement.fill).text})", 7, made.axes
            )
        if made.text == name:
            self.text[target] = made
        else:
            self._define(target, made, f"{input_name(source)}_tile")

    def _gathered(self, statement: ir.Load, name: str) -> Text:
        """A read at computed indices; what lies outside reads the fill value."""
        places = [
            self.text[c] if isinstance(c, ir.Value) else self._coordinate(c) for c in statement.coordinates
        ]
        frame = in_order(a for p in places for a in p.axes)
        indices = ", ".join(aligned(place, frame).text for place in places)
        fill = literal(statement.fill).text
        # a negative index would count from the end: send it beyond the end instead
        if statement.checked:
            safe = [
                f"jnp.where({aligned(p, frame).text} < 0, {2**31 - 1}, {aligned(p, frame).text})"
                for p in places
            ]
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
        missing = [a for a in layout.axes if a not in value.axes and self._kind(a) != "walk"]
        if missing:
            frame = [a for a in layout.axes if self._kind(a) != "walk"]
            shape = tuple_text([self._extent(a) for a in frame])
            value = Text(f"jnp.broadcast_to({aligned(value, frame).text}, {shape})", 7, tuple(frame))
        streamed = [a for a in layout.axes if self._kind(a) == "stream"]
        if streamed:
            buffer, place = self.outputs[statement.output], layout.axes.index(streamed[0])
            arguments = [buffer, value.text, self.first[streamed[0]], str(place)]
            self.writer.call(f"{buffer} = lax.dynamic_update_slice_in_dim", arguments, "")
            return
        walked = [a for a in layout.axes if self._kind(a) == "walk"]
        if walked:
            buffer, place = self.outputs[statement.output], layout.axes.index(walked[0])
            arguments = [buffer, value.text, self.indices[walked[0]], str(place)]
            self.writer.call(f"{buffer} = lax.dynamic_update_index_in_dim", arguments, "")
            return
        self.outputs[statement.output] = value.text

    def _buffer(self, place: int) -> None:
        name, array = self.kernel.outputs[place]
        self.outputs[place] = self.writer.fresh(name)
        extents = [self._padded(axis) for axis in array.axes]
        made = filled_text(literal(0), self._like, tuple_text(extents), array.dtype)
        self.writer.line(f"{self.outputs[place]} = {made}")

    def _padded(self, axis: Axis) -> str:
        if self._kind(axis) == "stream":
            return f"max({self._blocks(axis)}, 1) * {block_argument(axis)}"
        return self._extent(axis)

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
            self.writer.line(
                f"{name} = {name}[{', '.join('0' if p in missing else ':' for p in range(len(tiled)))}]"
            )
            order = [o - sum(m < o for m in missing) for o in order]
        if order != list(range(len(order))):
            self.writer.line(f"{name} = {name}.transpose({', '.join(map(str, order))})")
        extents = [self._whole_blocks(axis) for axis in axes]
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
