"""Which part of the result a program makes: its indices, in the order of `kernel/order.py`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from diagc.backends.launches import Form
from diagc.backends.triton_descriptors import FLAG
from diagc.backends.triton_frame import FIRST, Frame, Names, block_name
from diagc.backends.writer import Writer
from diagc.core.axes import Axis
from diagc.kernel import ir
from diagc.kernel.order import descending, shared_pair

GROUP = 8
"""Rows of tiles that persistent programs go through together: those that run at once then read few rows and columns
(triton-lang.org, tutorial 03, "L2 cache optimizations")."""


class GridWriter(Frame):
    """Writes the head of a kernel in a form."""

    def __init__(self, kernel: ir.Kernel, names: Names, writer: Writer, form: Form) -> None:
        super().__init__(kernel, names, writer)
        self.form: Form = form
        self.descending = descending(kernel)
        self.grid = [
            axis
            for kind in ("one", "tile")
            for axis in kernel.group_axes
            if kernel.extents[axis].kind == kind
        ]

    @contextmanager
    def programs(self) -> Generator[None]:
        """The indices of a program, for the statements written inside; where it persists it has several in turn."""
        if self.form != "persistent" or not self.grid:
            if self.grid:
                self.writer.line("program = tl.program_id(0)")
            self._indices()
            yield
            return
        turn, tiles = self.writer.fresh("turn"), self.writer.fresh("tiles")
        self.writer.line(f"{tiles} = {' * '.join(self._count(axis) for axis in self.grid)}")
        ends = f"tl.program_id(0), {tiles}, tl.num_programs(0)"
        self.writer.line(f"for {turn} in tl.range({ends}, flatten={FLAG}):")
        with self.writer.indented():
            self.writer.line(f"program = {turn}")
            self._indices()
            yield

    def _count(self, axis: Axis) -> str:
        """How many programs there are along an axis."""
        size = self.names.size(axis.size)
        return f"tl.cdiv({size}, {block_name(axis)})" if self.kernel.extents[axis].kind == "tile" else size

    def _indices(self) -> None:
        pair = shared_pair(self.kernel) if self.form == "persistent" else None
        swizzled = self._swizzled(pair) if pair is not None else {}
        left = [axis for axis in self.grid if axis not in swizzled]
        for place, axis in enumerate(reversed(left)):
            last, count = place == len(left) - 1, self._count(axis)
            self._index(axis, "program" if last else f"program % {count}")
            if not last:
                self.writer.line(f"program = program // {count}")
        for axis, tile in swizzled.items():
            self._index(axis, tile)
        for axis, extent in self.kernel.extents.items():
            if extent.kind == "resident":
                self.span(axis)

    def _swizzled(self, pair: tuple[Axis, Axis]) -> dict[Axis, str]:
        """The tiles along two axes, in groups of rows."""
        rows, columns = (self.writer.fresh(f"{axis.name}_tiles") for axis in pair)
        row, column = tiles = [self.writer.fresh(f"{axis.name}_tile") for axis in pair]
        self.writer.line(f"{rows}, {columns} = {', '.join(map(self._count, pair))}")
        self.writer.line(f"{row}, {column} = program // {columns} % {rows}, program % {columns}")
        if len(self.grid) > len(pair):
            self.writer.line(f"program = program // ({rows} * {columns})")
        self.writer.line(f"{row}, {column} = tl.swizzle2d({row}, {column}, {rows}, {columns}, {GROUP})")
        return dict(zip(pair, tiles, strict=True))

    def _index(self, axis: Axis, index: str) -> None:
        """The name of the indices of a program along an axis; loops that grow along it come longest first."""
        whole = index if index.isidentifier() else f"({index})"
        if self.kernel.extents[axis].kind == "one":
            self.names.indices[axis] = self.writer.fresh(f"{axis.name}_index")
            self.writer.line(f"{self.names.indices[axis]} = {whole}.to(tl.int64)")
            return
        if axis in self.descending:
            whole = f"({self._count(axis)} - 1 - {whole})"
        first = self.bounds[axis, FIRST] = self.writer.fresh(f"first_{axis.name}")
        self.writer.line(f"{first} = {whole} * {block_name(axis)}")
        self.span(axis, first)
