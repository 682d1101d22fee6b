"""Kernel IR to the source of one `@triton.jit` function.

Tiles have one dimension for each blocked axis, in one order for the whole kernel, so that broadcasting is an index with
`None` and nothing is transposed but operands of `tl.dot`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import PurePath

from diagc.backends.launches import Form
from diagc.backends.sizes import input_name
from diagc.backends.triton_descriptors import FLAG, Copy, copies, is_turned
from diagc.backends.triton_frame import FIRST, Names, block_name
from diagc.backends.triton_grid import GridWriter
from diagc.backends.triton_terms import (
    DTYPES,
    fold_text,
    function_text,
    is_parenthesised,
    number_text,
    repeats_operand,
    running_text,
    takes_atoms,
)  # fmt: skip
from diagc.backends.writer import Writer
from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.kernel import ir
from diagc.source import Span

INLINE_WIDTH = 48
"""A value used once is written into its user up to this many characters."""


SEARCHED = 1024
"""Indices that a search looks at in a step: four a thread."""


class KernelWriter(GridWriter):
    """Writes the body of one kernel, whose tiles come in a form."""

    def __init__(self, kernel: ir.Kernel, names: Names, writer: Writer, form: Form = "pointers") -> None:
        super().__init__(kernel, names, writer, form)
        self.copies = copies(kernel) if form != "pointers" else {}
        self.descriptors: dict[Copy, str] = {}

    # ---- frame

    def write(self) -> None:
        """Descriptors, program indices, then the statements."""
        self._describe()
        with self.programs():
            self._statements(self.kernel.body)

    def _statements(self, statements: tuple[ir.Statement, ...]) -> None:
        for statement in statements:
            self._locate(statement)
            match statement:
                case ir.Load():
                    self._load(statement)
                case ir.Store():
                    self._store(statement)
                case ir.Loop():
                    self._loop(statement)
                case ir.Search():
                    self._search(statement)
                case _:
                    self._compute(statement)

    def _compute(self, statement: ir.Computation) -> None:
        match statement:
            case ir.Apply():
                self._apply(statement)
            case ir.Number(target, value):
                self._literal(target, value)
            case ir.Index(target, axis):
                self._define(target, self.names.indices[axis], atom=True)
            case ir.Inside(target, axis):
                self._define(target, f"({self._inside(axis)})")
            case ir.Progress(target, axis, after):
                first = self.firsts[axis]
                end = f"tl.minimum({first} + {block_name(axis)}, {self.names.size(axis.size)})"
                self._define(target, end if after else first, atom=not after)
            case ir.Fold():
                self._fold(statement)
            case ir.Running(target, monoid, axis, operand):
                place = self.dims(operand.axes).index(axis)
                text = running_text(monoid, self.text[operand], place, self.writer.helpers)
                self._define(target, text, inline=False)
            case ir.Dot():
                self._dot(statement)

    def _locate(self, statement: ir.Statement) -> None:
        """A comment where the lines begin to come from another line of the specification."""
        target = getattr(statement, "target", None)
        origin = target.origin if isinstance(target, ir.Value) else None
        span: Span | None = self.kernel.spans.get(origin) if origin is not None else None
        if span is None or isinstance(statement, ir.Number | ir.Index):
            return
        place = (PurePath(span.source.name).name, span.line)
        if place != self.source:
            self.source = place
            self.writer.line(f"# src[{place[0]}:{place[1]}]")

    # ---- values

    def _define(self, target: ir.Value, text: str, atom: bool = False, inline: bool = True) -> None:
        """Bind a value to a text, in place where it is short and used once, else by a name."""
        if atom or (inline and self.uses[target] <= 1 and len(text) <= INLINE_WIDTH):
            self.text[target] = text
            return
        name = self.writer.fresh(self._hint(target))
        bare = text[1:-1] if text.startswith("(") and is_parenthesised(text) else text
        self.writer.line(f"{name} = {bare}")
        self.text[target] = name

    def _hint(self, value: ir.Value) -> str:
        if value.hint:
            return value.hint
        dims = self.dims(value.axes)
        if value.origin is not None and isinstance(value.origin.op, ops.Map):
            return value.origin.op.function.name + "".join(f"_{axis.name}" for axis in dims)
        return "tile" if dims else "scalar"

    def _literal(self, target: ir.Value, value: float | bool | Size) -> None:
        if isinstance(value, Size):
            self._define(target, self.names.size(value), atom=True)
            return
        dims = self.dims(target.axes)
        if dims or target.axes or target.hint:  # the start of a state
            text = self.filled(dims, number_text(value), DTYPES[target.dtype])
            self._define(target, text, inline=False)
        else:
            self._define(target, number_text(value), atom=True)

    def _apply(self, statement: ir.Apply) -> None:
        target, want = statement.target, self.dims(statement.target.axes)
        operands = [self.operand(o, want) for o in statement.operands]
        if statement.function == "cast":
            scalar = not statement.operands[0].axes
            text = (
                f"tl.cast({operands[0]}, {DTYPES[target.dtype]})"
                if scalar
                else f"{operands[0]}.to({DTYPES[target.dtype]})"
            )
            self._define(target, text)
            return
        if repeats_operand(statement.function) and not operands[0].isidentifier():
            name = self.writer.fresh("argument")
            self.writer.line(f"{name} = {operands[0]}")
            operands[0] = name
        bare = [o[1:-1] if o.startswith("(") and is_parenthesised(o) else o for o in operands]
        kept = operands if takes_atoms(statement.function) else bare
        self._define(target, function_text(statement.function, kept, self.writer.helpers))

    def _fold(self, statement: ir.Fold) -> None:
        self._define(statement.target, self.folded(statement), inline=False)

    def folded(self, statement: ir.Fold) -> str:
        """The fold of a tile."""
        dims = self.dims(statement.operand.axes)
        text = self.text[statement.operand]
        for place in reversed(range(len(dims))):
            if dims[place] in statement.axes:
                text = fold_text(statement.monoid, text, place, self.writer.helpers)
        return text

    def _dot(self, statement: ir.Dot) -> None:
        want = self.dims(statement.target.axes)
        left, right = statement.left, statement.right
        if want[0] not in left.axes:
            left, right = right, left
        rows, columns = self.dims(left.axes), self.dims(right.axes)
        first = self.text[left] if rows[0] == want[0] else f"tl.trans({self.text[left]})"
        second = self.text[right] if columns[1] == want[1] else f"tl.trans({self.text[right]})"
        extra = f", {self.text[statement.start]}" if statement.start is not None else ""
        if statement.compute is DType.F32:
            extra += ', input_precision="ieee"'
        elif statement.compute is DType.TF32:
            extra += ', input_precision="tf32"'
        self._define(statement.target, f"tl.dot({first}, {second}{extra})", inline=False)

    # ---- memory

    def _describe(self) -> None:
        """The descriptors of the tiles that the hardware may copy."""
        for copy in dict.fromkeys(self.copies.values()):
            self.descriptors[copy] = self.writer.fresh(f"{input_name(copy.source)}_tiles")
        if not self.descriptors:
            return
        self.writer.line(f"if {FLAG}:")
        with self.writer.indented():
            for copy, name in self.descriptors.items():
                self.writer.call(f"{name} = tl.make_tensor_descriptor", self.described(copy), "")

    def described(self, copy: Copy) -> list[str]:
        """The arguments of a descriptor: array, sizes, strides and blocks."""
        sizes = [self.names.size(own.size) for own, _, _ in copy.dims]
        strides = [self.names.stride(copy.source, own) for own, _, _ in copy.dims[:-1]]
        blocks = [self.block(along) for _, _, along in copy.dims]
        parts = [f"[{', '.join(part)}]" for part in (sizes, [*strides, "1"], blocks)]
        return [self.names.arrays[copy.source], *parts]

    def block(self, along: Axis | None) -> str:
        return "1" if along is None else block_name(self.kernel.extents[along].of or along)

    def _first(self, axis: Axis) -> str:
        """The first index of the tile along an axis."""
        whole = self.kernel.extents[axis].of or axis
        return self.firsts.get(whole) or self.bounds.get((whole, FIRST), "0")

    def offsets(self, copy: Copy) -> list[str]:
        """Where the tile of a copy begins."""
        return [
            f"tl.cast({self._coordinate(c, ())}, tl.int32)" if along is None else self._first(along)
            for _, c, along in copy.dims
        ]

    def _copied(self, name: str, copy: Copy, dims: tuple[Axis, ...]) -> None:
        text = f"{self.descriptors[copy]}.load([{', '.join(self.offsets(copy))}])"
        if None in copy.along:
            text += f".reshape([{', '.join(self.block(a) for _, _, a in copy.dims if a is not None)}])"
        self.writer.line(f"{name} = {f'tl.trans({text})' if is_turned(copy, dims) else text}")

    def _load(self, statement: ir.Load) -> None:
        target, source = statement.target, statement.source
        want = self.dims(target.axes)
        pairs = list(zip(source.axes, statement.coordinates, strict=True))
        pointers = self._pointers(source, [(axis, self._coordinate(c, want)) for axis, c in pairs])
        conditions = [self.spread(f"({self._inside(a)})", (a,), want) for a in statement.guard]
        if statement.checked:
            conditions += [
                self._in_range(axis, c, want)
                for axis, c in pairs
                if isinstance(c, Coordinate) and (c.axis is None or c.axis.size != axis.size)
            ]
        name = self.text[target] = self.writer.fresh(self._hint(target))
        copy = self.copies.get(statement)
        if copy is None:
            self._by_pointers(name, statement, pointers, conditions)
            return
        self.writer.line(f"if {FLAG}:")
        with self.writer.indented():
            self._copied(name, copy, want)
        self.writer.line("else:")
        with self.writer.indented():
            self._by_pointers(name, statement, pointers, conditions)

    def _by_pointers(self, name: str, statement: ir.Load, pointers: str, conditions: list[str]) -> None:
        if not conditions:
            self.writer.call(f"{name} = tl.load", [pointers], "")
            return
        mask = " & ".join(conditions)
        exact = [
            f"EXACT_{block_name(a)[6:]}" for a in statement.guard if self.kernel.extents[a].kind == "resident"
        ]
        if len(exact) == len(conditions):
            self.writer.helpers.add("load_tile")
            arguments = [pointers, mask, number_text(statement.fill), " and ".join(exact)]
            self.writer.call(f"{name} = load_tile", arguments, "")
        else:
            arguments = [pointers, f"mask={mask}", f"other={number_text(statement.fill)}"]
            self.writer.call(f"{name} = tl.load", arguments, "")

    def _inside(self, axis: Axis) -> str:
        return f"{self.names.indices[axis]} < {self.names.size(axis.size)}"

    def _in_range(self, axis: Axis, coordinate: Coordinate, want: tuple[Axis, ...]) -> str:
        text = self._coordinate(coordinate, want)
        return f"({text} >= 0) & ({text} < {self.names.size(axis.size)})"

    def _coordinate(self, coordinate: Coordinate | ir.Value, want: tuple[Axis, ...]) -> str:
        """An index tile, broadcast to the dimensions of what is read."""
        if isinstance(coordinate, ir.Value):
            return self.operand(coordinate, want)
        terms: list[str] = []
        for axis, coefficient in coordinate.terms:
            index = self.spread(self.names.indices[axis], self.dims((axis,)), want)
            terms.append(index if coefficient == ONE else f"{self.names.size(coefficient)} * {index}")
        if coordinate.offset != Size() or not terms:
            terms.append(self.names.size(coordinate.offset))
        text = " + ".join(terms)
        if coordinate.divisor != ONE:
            text = f"({text}) // {self.names.size(coordinate.divisor)}"
        if coordinate.modulus is not None:
            text = f"({text}) % {self.names.size(coordinate.modulus)}"
        return (
            text
            if text.replace("[", "").isidentifier() or len(coordinate.terms) + len(terms) <= 2
            else f"({text})"
        )

    def _pointers(self, array: Node | int, places: list[tuple[Axis, str]]) -> str:
        parts = [f"{index} * {self.names.stride(array, axis)}" for axis, index in places]
        return " + ".join([self.names.arrays[array], *parts])

    def _store(self, statement: ir.Store) -> None:
        layout = self.kernel.outputs[statement.output][1]
        want = self.dims(layout.axes)
        pointers = self._pointers(
            statement.output,
            [(a, self.spread(self.names.indices[a], self.dims((a,)), want)) for a in layout.axes],
        )
        value = self.operand(statement.value, want)
        conditions = [self.spread(f"({self._inside(a)})", (a,), want) for a in statement.guard]
        mask = [f"mask={' & '.join(conditions)}"] if conditions else []
        self.writer.call("tl.store", [pointers, value, *mask], "")

    # ---- loops

    @contextmanager
    def body(self) -> Generator[None]:
        """The body of a loop: what it names and bounds is unknown after it."""
        known = dict(self.bounds)
        with self.writer.scope(), self.writer.indented():
            yield
        self.bounds, self.source = known, None

    def _loop(self, statement: ir.Loop) -> None:
        start, stop = (self.bound(statement.axis, b) for b in (statement.start, statement.stop))
        for carried in statement.carried:
            self.text[carried.state] = self.text[carried.start]  # one name through the loops
        extent = self.kernel.extents[statement.axis]
        blocked = extent.blocked
        step = f", {block_name(statement.axis)}" if blocked else ""
        variable = self.writer.fresh(
            f"first_{statement.axis.name}" if blocked else f"{statement.axis.name}_index"
        )
        if blocked:
            self.writer.line(f"# {_PHASES[statement.phase]}")
        specialised = f", warp_specialize={FLAG}" if self.form == "specialised" else ""
        self.writer.line(f"for {variable} in tl.range({start}, {stop}{step}{specialised}):")
        with self.body():
            self.firsts[statement.axis] = variable
            if blocked:
                self.span(statement.axis, variable)
            else:
                self.names.indices[statement.axis] = variable
            for twin in self.kernel.twins(statement.axis):
                self.names.indices[twin] = self.names.indices[statement.axis]
            self._statements(statement.body)
            self._renew(statement.carried)
        for carried in statement.carried:
            self.text[carried.result] = self.text[carried.state]

    def _search(self, statement: ir.Search) -> None:
        """Each lane keeps its first and last index; the lanes are compared once, after the loop."""
        axis, size = statement.axis, self.names.size(statement.axis.size)
        start, stop = (self.bound(axis, b) for b in (statement.start, statement.stop))
        first, past = (self.writer.fresh(v.hint) for v in (statement.first, statement.past))
        chunk = self.writer.fresh(f"first_{axis.name}")
        self.writer.line("# indices that the mask may leave")
        self.writer.line(f"{first} = tl.full([{SEARCHED}], {size}, tl.int32)")
        self.writer.line(f"{past} = tl.full([{SEARCHED}], 0, tl.int32)")
        self.writer.line(f"for {chunk} in tl.range({start}, {stop}, {SEARCHED}):")
        with self.body():
            index = self.names.indices[axis] = self.writer.fresh(f"{axis.name}_index")
            self.writer.line(f"{index} = ({chunk} + tl.arange(0, {SEARCHED})).to(tl.int32)")
            self._statements(statement.body)
            met = self.text[statement.condition]
            self.writer.line(f"{first} = tl.minimum({first}, tl.where({met}, {index}, {size}))")
            self.writer.line(f"{past} = tl.maximum({past}, tl.where({met}, {index} + 1, 0))")
        self.writer.line(f"{first} = tl.min({first}, 0)")
        self.writer.line(f"{past} = tl.max({past}, 0)")
        self.text[statement.first], self.text[statement.past] = first, past

    def _renew(self, states: tuple[ir.Carried, ...]) -> None:
        """States take the values for the next iteration; one that stays is left."""
        for carried in states:
            after = self.operand(carried.next, self.dims(carried.state.axes))
            if after != self.text[carried.state]:
                self.writer.line(f"{self.text[carried.state]} = {after}")


_PHASES = {"full": "whole tiles, no mask needed", "partial": "tiles that a mask or the end cuts"}
