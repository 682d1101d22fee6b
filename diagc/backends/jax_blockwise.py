"""Kernel IR to JAX: the fused computation as loops over tiles, for machines without a GPU.

Axes that one program has to itself on a GPU stay whole here and are batch dimensions; resident axes are whole as well;
tiled axes are mapped over, streamed ones are the trips of `lax.fori_loop`. Memory does not grow with a streamed axis
beyond the arrays themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagc.backends.infinities import Infinities
from diagc.backends.jax_block_frame import block_argument
from diagc.backends.jax_block_memory import Memory
from diagc.backends.jax_nodes import einsum, letters, precision
from diagc.backends.jax_pointwise import Operand, combine
from diagc.backends.jax_text import SUM, TERM, Text, aligned, cast, permuted
from diagc.backends.writer import tuple_text, unpacking
from diagc.core.axes import Axis, in_order
from diagc.core.ops import POINTWISE
from diagc.kernel import ir

_FINITE = Infinities()
_NAMES = {"and": "mask", "or": "mask", "where": "chosen", "eq": "equal"}
"""What the value of a function is called that has no name in the source."""


@dataclass(slots=True)
class BlockBody(Memory):
    """Writes the body of one function."""

    def write(self) -> list[str]:
        """All statements; returns the names of the results."""
        self.uses = ir.count_uses(self.kernel.statements())
        self._pad()
        tiled = [a for a in self.kernel.group_axes if self._kind(a) == "tile"]
        if not tiled:
            self._whole_axes()
            self._statements(self.kernel.body)
            return [
                self._finished(place, self.outputs[place], ()) for place in range(len(self.kernel.outputs))
            ]
        self._program(tiled)
        counts = [f"{self._blocks(axis)}" for axis in tiled]
        result = [self.writer.fresh(f"{name}_tiles") for name, _ in self.kernel.outputs]
        number = counts[0] if len(counts) == 1 else " * ".join(f"({count})" for count in counts)
        self.writer.line(f"{', '.join(result)} = lax.map(program, jnp.arange({number}))")
        return [self._joined(place, name, tiled) for place, name in enumerate(result)]

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
                    self.writer.line(
                        f"{self.indices[axis]} = {self.first[axis]} + jnp.arange({block_argument(axis)})"
                    )
            self._statements(self.kernel.body)
            results = [self.outputs[place] for place in range(len(self.kernel.outputs))]
            self.writer.line(f"return {', '.join(results)}")
        self.writer.line()

    # ---- statements

    def _statements(self, statements: tuple[ir.Statement, ...]) -> None:
        for statement in statements:
            match statement:
                case ir.Load():
                    self._load(statement)
                case ir.Loop():
                    self._loop(statement)
                case ir.Search():
                    self._search(statement)
                case ir.Store():
                    self._store(statement)
                case _:
                    self._compute(statement)

    def _compute(self, statement: ir.Computation) -> None:
        match statement:
            case ir.Apply():
                self._apply(statement)
            case ir.Fold():
                self._fold(statement)
            case ir.Running():
                self._running(statement)
            case ir.Dot():
                self._dot(statement)
            case _:
                self._leaf(statement)

    def _leaf(self, statement: ir.Number | ir.Index | ir.Inside | ir.Progress) -> None:
        match statement:
            case ir.Number(target, value):
                self._literal(target, value)
            case ir.Index(target, axis):
                self.text[target] = self._index(axis)
            case ir.Inside(target, axis):
                self.text[target] = Text(f"({self._index(axis).text} < {self._size(axis.size)})", 7, (axis,))
            case ir.Progress(target, axis, after):
                first = self.first[axis]
                end = f"jnp.minimum({first} + {block_argument(axis)}, {self._size(axis.size)})"
                self.text[target] = Text(end if after else first, 7)

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
            name = target.hint or _NAMES.get(statement.function, statement.function)
            self._define(target, Text(made.text, made.level, frame), name, inline=True)

    def _fold(self, statement: ir.Fold) -> None:
        value = self.text[statement.operand]
        places = [value.axes.index(axis) for axis in statement.axes]
        kept = tuple(a for a in value.axes if a not in statement.axes)
        where = str(places[0]) if len(places) == 1 else tuple_text([str(p) for p in places])
        self._define(statement.target, Text(f"jnp.{statement.monoid}({value.text}, axis={where})", 7, kept))

    def _running(self, statement: ir.Running) -> None:
        value, monoid = self.text[statement.operand], statement.monoid
        function = f"jnp.cum{monoid}" if monoid in ("sum", "prod") else f"lax.cum{monoid}"
        place = value.axes.index(statement.axis)
        self._define(statement.target, Text(f"{function}({value.text}, axis={place})", 7, value.axes))

    def _dot(self, statement: ir.Dot) -> None:
        left, right = self.text[statement.left], self.text[statement.right]
        if _leads(right, left, self.ordered((*left.axes, *right.axes))):
            left, right = right, left
        axes = in_order((*left.axes, *right.axes))
        letter = letters(axes)
        kept = self.ordered(a for a in axes if a not in statement.axes)
        formula = ",".join("".join(letter[a] for a in side.axes) for side in (left, right))
        formula += "->" + "".join(letter[a] for a in kept)
        arguments = [
            f'"{formula}"',
            left.text,
            right.text,
            *precision(statement.compute, statement.target.dtype),
        ]
        function = einsum(self.writer, statement.compute, (left.axes, right.axes), kept)
        made = Text(f"{function}({', '.join(arguments)})", 7, kept)
        if statement.start is not None:
            start = self.text[statement.start]
            made = Text(f"{permuted(start, kept).at(SUM)} + {made.at(TERM)}", SUM, kept)
        self._define(statement.target, made)

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
        walked = self._kind(statement.axis) == "walk"
        number = self.writer.fresh(f"{statement.axis.name}_index") if walked else "block"
        self.writer.line()
        self.writer.line(f"def {function}({number}, state):")
        known, outer = dict(self.bounds), dict(self.indices)
        with self.writer.indented(), self.writer.scope():
            self.writer.line(f"{unpacking(names)} = state")
            for carried in statement.carried:
                self.text[carried.state] = self.text[carried.start]
            if walked:
                self.indices[statement.axis] = number
            else:
                self._enter(statement)
            self._statements(statement.body)
            nexts = [permuted(self.text[c.next], self.text[c.start].axes).text for c in statement.carried]
            self.writer.line(f"return {tuple_text([*nexts, *buffers])}")
        self.bounds, self.indices = known, outer
        for axis in (statement.axis, *self.kernel.twins(statement.axis)):
            self.first.pop(axis, None)
        self.writer.line()
        arguments = [start, stop, function, tuple_text(names)]
        self.writer.call(f"{unpacking(names)} = lax.fori_loop", arguments, "")
        for carried in statement.carried:
            self.text[carried.result] = self.text[carried.start]

    def _search(self, statement: ir.Search) -> None:
        """Over the whole axis at once, and over all programs that are held at once."""
        axis, size = statement.axis, self._size(statement.axis.size)
        outer = dict(self.indices)
        index = self.indices[axis] = self.writer.fresh(f"{axis.name}_index")
        self.writer.line(f"{index} = jnp.arange({self._whole_blocks(axis)})")
        self._statements(statement.body)
        met = self.text[statement.condition]
        places = aligned(Text(index, 7, (axis,)), met.axes).text
        first, past = (self.writer.fresh(v.hint) for v in (statement.first, statement.past))
        self.writer.line(f"{first} = jnp.min(jnp.where({met.text}, {places}, {size}))")
        self.writer.line(f"{past} = jnp.max(jnp.where({met.text}, {places} + 1, 0))")
        self.text[statement.first], self.text[statement.past] = Text(first, 7), Text(past, 7)
        self.indices = outer

    def _enter(self, statement: ir.Loop) -> None:
        axis = statement.axis
        self.first[axis] = self.writer.fresh(f"first_{axis.name}")
        self.writer.line(f"{self.first[axis]} = block * {block_argument(axis)}")
        if any(self._is_indexed(a, statement.body) for a in (axis, *self.kernel.twins(axis))):
            self.indices[axis] = self.writer.fresh(f"{axis.name}_index")
            self.writer.line(
                f"{self.indices[axis]} = {self.first[axis]} + jnp.arange({block_argument(axis)})"
            )
        for twin in self.kernel.twins(axis):
            self.first[twin] = self.first[axis]
            if axis in self.indices:
                self.indices[twin] = self.indices[axis]


def _leads(left: Text, right: Text, order: tuple[Axis, ...]) -> bool:
    """Whether the own axes of `left` come before those of `right`, so that the result needs no transpose."""
    own = [
        [order.index(a) for a in side.axes if a not in other.axes]
        for side, other in ((left, right), (right, left))
    ]
    return bool(own[0]) and bool(own[1]) and min(own[0]) < min(own[1])
