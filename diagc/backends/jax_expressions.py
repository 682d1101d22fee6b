"""The state of an emission of JAX statements, and the expressions of values over a frame of axes.

Stored values are read by name; pointwise values that are read once are written out where they are read, their
operands aligned to the frame of the whole expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from diagc.backends.infinities import Infinities, infinities
from diagc.backends.jax_inline import inlined_nodes, operands_read
from diagc.backends.jax_pointwise import Operand, combine
from diagc.backends.jax_text import Text, aligned, cast, literal, narrow, permuted, size_text
from diagc.backends.writer import Writer, tuple_text
from diagc.core import ops
from diagc.core.axes import Axis, Size, in_order
from diagc.core.diagram import Array, Node, walk
from diagc.core.dtypes import DType

_NAMES: Final = {
    "add": "total", "sub": "difference", "mul": "product", "div": "quotient", "where": "chosen", "exp": "exponential",
    "log": "logarithm", "max": "larger", "min": "smaller", "recip": "inverse", "neg": "negated", "pow": "power",
}  # fmt: skip


@dataclass(slots=True)
class Body:
    """What each node is called so far. `statement` writes what computes a node."""

    writer: Writer
    symbols: dict[str, str]
    hints: dict[Node, str]
    sources: dict[Node, str]
    key: str
    statement: Callable[[Body, Node], Text]
    values: dict[Node, Text] = field(default_factory=dict[Node, Text])
    wide: dict[Node, Text] = field(default_factory=dict[Node, Text])
    shared: dict[object, tuple[Text, ...]] = field(default_factory=dict[object, tuple[Text, ...]])
    inlined: set[Node] = field(default_factory=set[Node])
    readers: dict[Node, int] = field(default_factory=dict[Node, int])
    flags: dict[Node, Infinities] = field(default_factory=dict[Node, Infinities])
    orders: dict[Node, tuple[Axis, ...]] = field(default_factory=dict[Node, tuple[Axis, ...]])
    choices: frozenset[Node] = frozenset()
    reading: dict[Axis, int] = field(default_factory=dict[Axis, int])

    def prepare(
        self,
        roots: tuple[Node, ...],
        given: Mapping[Node, Infinities],
        orders: Mapping[Node, tuple[Axis, ...]],
        leading: Sequence[Axis] = (),
    ) -> None:
        """Write all statements below the roots. `given` are infinities of inputs, `orders` preferred dimensions."""
        order = list(walk(roots, operands_read))
        self.inlined = inlined_nodes(order, roots)
        self.flags = infinities(roots, given)
        self.orders = dict(orders)
        written = [tuple(leading), *orders.values(), *(value.axes for value in self.values.values())]
        self.reading = {axis: i for i, axis in enumerate(in_order(a for axes in written for a in axes))}
        for current in order:
            if isinstance(current.op, ops.Map):
                for operand in set(current.inputs):
                    self.readers[operand] = self.readers.get(operand, 0) + 1
        for current in order:
            if current not in self.inlined and current not in self.values:
                self.values[current] = self.statement(self, current)

    def result(self, root: Node, layout: Array) -> str:
        """The expression of a root in a dtype and an order of axes."""
        value = permuted(self.frame_text(root, layout.axes), layout.axes)
        if value.weak or root.dtype is not layout.dtype:
            return cast(value, layout.dtype).text
        return value.text

    # ---- names and sizes

    def size(self, size: Size) -> Text:
        return size_text(size, self.symbols)

    def extent(self, axis: Axis) -> str:
        return self.size(axis.size).text

    def shape(self, axes: Sequence[Axis]) -> str:
        """The extents of axes as a tuple."""
        return tuple_text([self.extent(axis) for axis in axes]) if axes else "()"

    def assign(self, current: Node, value: Text, hint: str | None = None) -> Text:
        """A line `name = value`, with the axes as a comment; the value under its name."""
        name = self.writer.fresh(self.hints.get(current) or hint or self.name_of(current))
        comment = f"[{' '.join(map(str, value.axes))}]"
        self.writer.line(f"{name} = {value.text}", comment, self.sources.get(current))
        return Text(name, axes=value.axes)

    def name_of(self, current: Node) -> str:
        """A name that says what a value is."""
        match current.op:
            case ops.Map(function):
                return _NAMES.get(function.name, f"{function.name}_value")
            case ops.Reduce(monoid, axes):
                return "_".join([monoid, *(axis.name for axis in axes)])
            case ops.Cumulative(monoid, axis):
                return f"running_{monoid}_{axis.name}"
            case ops.Random(distribution):
                return distribution
            case ops.Gather(axis):
                return f"gathered_{axis.name}"
            case ops.Cast(dtype):
                return f"as_{dtype.value}"
            case _:
                return type(current.op).__name__.lower()

    # ---- expressions

    def frame_of(self, current: Node) -> tuple[Axis, ...]:
        """The order of dimensions of an expression: the preferred one, else that of its largest stored operand."""
        if current in self.orders:
            return self.orders[current]
        leaves = [axes for axes in self._leaves(current) if len(axes) > 1]
        leaves.sort(key=lambda axes: -len(axes))
        every = (*leaves[:1], self.usual(current.axes))
        return in_order(axis for axes in every for axis in axes if axis in current.axes)

    def usual(self, axes: Sequence[Axis]) -> tuple[Axis, ...]:
        """Axes in the order in which results and inputs have them, so that few values are transposed."""
        return tuple(sorted(axes, key=lambda axis: self.reading.get(axis, len(self.reading))))

    def _leaves(self, current: Node) -> list[tuple[Axis, ...]]:
        found: list[tuple[Axis, ...]] = []
        stack = [current]
        while stack:
            top = stack.pop()
            if top in self.values:
                found.append(self.values[top].axes)
            elif isinstance(top.op, ops.Map | ops.Cast | ops.Stop | ops.Spread):
                stack.extend(reversed(top.inputs))
        return found

    def frame_text(self, current: Node, frame: Sequence[Axis]) -> Text:
        """The value over exactly these axes, as an operand of something that needs them all."""
        value = self.render(current, frame)
        if set(value.axes) == set(frame):
            return permuted(value, frame)
        if not frame:
            return value
        return Text(f"jnp.broadcast_to({value.text}, {self.shape(frame)})", axes=tuple(frame))

    def render(self, current: Node, frame: Sequence[Axis]) -> Text:
        """An expression that broadcasts over the frame; recursion ends at names, after a line's worth of text."""
        if current in self.values:
            return aligned(self.values[current], frame)
        match current.op:
            case ops.Constant(value):
                number = float(value) if current.dtype.kind == "float" else value
                return literal(number)
            case ops.SizeOf(size):
                return self.size(size)
            case ops.Iota(axis):
                return aligned(Text(f"jnp.arange({self.extent(axis)})", axes=(axis,)), frame)
            case ops.Cast(dtype):
                return cast(self.render(current.inputs[0], frame), dtype)
            case ops.Stop():
                value = self.render(current.inputs[0], frame)
                return Text(f"lax.stop_gradient({value.text})", axes=value.axes, weak=value.weak)
            case ops.Spread():
                return self.render(current.inputs[0], frame)
            case ops.Map(function):
                operands = [self._operand(operand, frame) for operand in current.inputs]
                made = combine(function, operands, current.dtype, self.writer.helpers)
                return made.renamed(tuple(axis for axis in frame if axis in made.axes))
            case _:
                raise AssertionError(f"{current} has no statement")

    def _operand(self, current: Node, frame: Sequence[Axis]) -> Operand:
        """An operand of a scalar function; a stored narrow value that is read twice is widened once."""
        flags = self.flags[current]
        if narrow(current.dtype) and current in self.values and self.readers.get(current, 0) > 1:
            if current not in self.wide:
                stored = self.values[current]
                self.wide[current] = self.assign(current, cast(stored, DType.F32), f"{stored.text}_f32")
            return Operand(aligned(self.wide[current], frame), DType.F32, flags)
        return Operand(self.render(current, frame), current.dtype, flags)
