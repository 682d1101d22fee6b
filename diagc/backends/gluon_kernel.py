"""Kernel IR to Gluon: a producer that copies tiles to rings in shared memory, consumers that multiply one turn ahead.

Each tile of a ring has two barriers. The producer waits for `free`, copies, and the copy completes `ready`. A consumer
waits for `ready`, and arrives at `free` after the last product that reads the tile is waited for: so no tile is read
before it is there or written while it is read, whatever the order in which the two run. The text is that of Triton,
which Gluon's language shares, with a layout for each tile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from diagc.backends.gluon_form import Schedule, sides
from diagc.backends.sizes import input_name
from diagc.backends.triton_descriptors import Copy
from diagc.backends.triton_frame import Names, block_name
from diagc.backends.triton_kernel import KernelWriter
from diagc.backends.triton_terms import DTYPES
from diagc.backends.writer import Writer
from diagc.core.axes import Axis
from diagc.kernel import ir

IMPORTS = """from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, tma, warpgroup_mma, warpgroup_mma_wait
"""

PRODUCER_WARPS, PRODUCER_REGISTERS = 1, 24
"""Of the partition that copies: it has addresses to hold and nothing else (registers for each thread, the least)."""

_TAKEN = (
    "program", "turn", "ahead", "stage", "loads", "compute", "tl", "gl", "tma", "mbarrier", "gluon", "triton",
    "warpgroup_mma", "warpgroup_mma_wait",
)  # fmt: skip

_PARTS = ("tiles", "held", "ring", "ready", "free")


def in_gluon(text: str, helpers: Iterable[str] = ()) -> str:
    """A text in Triton's language as Gluon spells it; its helpers have other names, for both may be in one file."""
    for name in helpers:
        text = re.sub(rf"\b{name}\(", f"gluon_{name}(", text)
    return re.sub(r"\btl\.", "gl.", text).replace("@triton.jit", "@gluon.jit")


class Memory:
    """What the copies of a kernel are called: descriptors, tiles in shared memory, and their barriers."""

    def __init__(self, schedule: Schedule, writer: Writer) -> None:
        self.schedule = schedule
        self.of: dict[Copy, dict[str, str]] = {}
        for copy in (*schedule.held.values(), *schedule.ring.values()):
            if copy not in self.of:
                stem = writer.fresh(input_name(copy.source))
                self.of[copy] = {part: writer.fresh(f"{stem}_{part}") for part in _PARTS}

    def is_held(self, copy: Copy) -> bool:
        return copy in self.schedule.held.values()

    def buffer(self, copy: Copy) -> str:
        return self.of[copy]["held" if self.is_held(copy) else "ring"]

    @property
    def shared(self) -> list[str]:
        """The names that both partitions take."""
        names: list[str] = []
        for copy, name in self.of.items():
            names += [self.buffer(copy), name["ready"], *([] if self.is_held(copy) else [name["free"]])]
        return names

    @property
    def tiles(self) -> list[str]:
        return [name["tiles"] for name in self.of.values()]


class _Partition(KernelWriter):
    """What both partitions write."""

    def __init__(self, kernel: ir.Kernel, names: Names, writer: Writer, memory: Memory) -> None:
        super().__init__(kernel, names, writer, "gluon")
        self.memory = memory
        self.schedule = memory.schedule

    def turns(self) -> tuple[str, str]:
        """What is added to the indices of the first tile, and the number of tiles."""
        loop = self.schedule.loop
        start, stop = (self.bound(loop.axis, bound) for bound in (loop.start, loop.stop))
        turns = self.writer.fresh("turns")
        length = stop if start == "0" else f"{stop} - {start}"
        self.writer.line(f"{turns} = tl.cdiv(tl.maximum({length}, 0), {block_name(loop.axis)})")
        return "" if start == "0" else f"{start} + ", turns

    def barrier(self, copy: Copy, part: str, turn: str) -> str:
        """A barrier of the tile of a turn, and the parity of its phase."""
        return f"{self.memory.of[copy][part]}.index({_place(turn)}), {'0' if turn == '0' else f'{turn} // STAGES & 1'}"


def _place(turn: str) -> str:
    """Where the tile of a turn is in its ring."""
    return "0" if turn == "0" else f"{turn} % STAGES"


class Producer(_Partition):
    """Copies tiles in the order in which they are read."""

    def write(self) -> None:
        with self.programs():
            for copy in self.schedule.held.values():
                self._copy(copy, "0")
            start, turns = self.turns()
            axis = self.schedule.loop.axis
            self.writer.line(f"for turn in range({turns}):")
            with self.writer.indented():
                self.firsts[axis] = self.writer.fresh(f"first_{axis.name}")
                self.writer.line(f"{self.firsts[axis]} = {start}turn * {block_name(axis)}")
                ring = self.schedule.ring
                for load in sorted(ring, key=lambda load: load not in self.schedule.early):
                    self.writer.line(f"mbarrier.wait({self.barrier(ring[load], 'free', 'turn')} ^ 1)")
                    self._copy(ring[load], "turn % STAGES")

    def span(self, axis: Axis, first: str = "") -> None:
        """One warp has no tiles in registers."""

    def _copy(self, copy: Copy, place: str) -> None:
        name = self.memory.of[copy]
        ready = f"{name['ready']}.index({place})"
        offsets = ", ".join(self.offsets(copy))
        self.writer.line(f"mbarrier.expect({ready}, {name['tiles']}.block_type.nbytes)")
        target = f"{self.memory.buffer(copy)}.index({place})"
        self.writer.call(
            "tma.async_copy_global_to_shared", [name["tiles"], f"[{offsets}]", ready, target], ""
        )


class Consumer(_Partition):
    """Does everything else, in the layouts of the products."""

    def __init__(self, kernel: ir.Kernel, names: Names, writer: Writer, memory: Memory) -> None:
        super().__init__(kernel, names, writer, memory)
        self.layouts = {
            pair: writer.fresh(f"layout_{'_'.join(axis.name for axis in pair)}")
            for pair in self.schedule.pairs
        }
        self.zeros: dict[tuple[Axis, ...], str] = {}
        self.turn = "0"
        self.loads = {load.target: load for load in (*self.schedule.held, *self.schedule.ring)}

    def write(self) -> None:
        for pair, name in self.layouts.items():
            shape = f"[16, {self.block(pair[1])}, 16]"
            layout = f"gl.NVMMADistributedLayout([3, 0], [gl.num_warps(), 1], {shape})"
            self.writer.line(f"{name}: gl.constexpr = {layout}")
        super().write()

    def _describe(self) -> None:
        """The kernel does."""

    # ---- layouts

    def span(self, axis: Axis, first: str = "") -> None:
        """An axis that only tiles in shared memory have needs no indices."""
        if any(axis in pair for pair in self.layouts):
            super().span(axis, first)

    def _slice(self, axis: Axis, pair: tuple[Axis, ...] = ()) -> str:
        """The layout of a row or column of a tile; without one, of the first that has the axis."""
        pair = pair or next(pair for pair in self.layouts if axis in pair)
        return f"gl.SliceLayout({1 - pair.index(axis)}, {self.layouts[pair]})"

    def _converted(self, text: str, have: str, want: str) -> str:
        return text if have == want else f"gl.convert_layout({text}, {want})"

    def lanes(self, axis: Axis) -> str:
        return f"gl.arange(0, {block_name(axis)}, {self._slice(axis)})"

    def filled(self, dims: tuple[Axis, ...], number: str, dtype: str) -> str:
        if not dims:
            return f"gl.cast({number}, {dtype})"
        layout = self._slice(dims[0]) if len(dims) == 1 else self.layouts[dims]
        return f"gl.full([{', '.join(map(self.block, dims))}], {number}, {dtype}, {layout})"

    def spread(self, text: str, have: tuple[Axis, ...], want: tuple[Axis, ...]) -> str:
        if len(have) == 1 and len(want) == 2:
            text = self._converted(text, self._slice(have[0]), self._slice(have[0], want))
        return super().spread(text, have, want)

    def folded(self, statement: ir.Fold) -> str:
        text = super().folded(statement)
        have, left = self.dims(statement.operand.axes), self.dims(statement.target.axes)
        if len(have) == 2 and len(left) == 1:
            return self._converted(text, self._slice(left[0], have), self._slice(left[0]))
        return text

    # ---- memory

    def _load(self, statement: ir.Load) -> None:
        if statement in self.schedule.held:
            ready = self.memory.of[self.schedule.held[statement]]["ready"]
            self.writer.line(f"mbarrier.wait({ready}.index(0), 0)")
        elif statement not in self.schedule.ring:
            super()._load(statement)

    def _shared(self, value: ir.Value, want: tuple[Axis, ...]) -> str:
        """A copied tile as an operand with these dimensions."""
        load = self.loads[value]
        copy = self.copies[load]
        place = "0" if self.memory.is_held(copy) else _place(self.turn)
        text = f"{self.memory.buffer(copy)}.index({place})"
        stored = [axis for axis in copy.along if axis is not None]
        if None in copy.along:
            text += f".reshape(({', '.join(map(self.block, stored))}))"
        return text if tuple(stored) == want else f"{text}.permute((1, 0))"

    # ---- products

    def _multiply(self, name: str, dot: ir.Dot) -> None:
        """Start a product; it is not there before it is waited for."""
        dims = self.dims(dot.target.axes)
        left, right = sides(dot, dims)
        inner = next(axis for axis in self.dims(left.axes) if axis != dims[0])
        first = (
            self._shared(left, (dims[0], inner)) if left in self.loads
            else f"gl.convert_layout({self.text[left]}, gl.DotOperandLayout(0, {self.layouts[dims]}, 2))"
        )  # fmt: skip
        start = [self.text[dot.start]] if dot.start is not None else [self.zeros[dims], "use_acc=False"]
        arguments = [first, self._shared(right, (inner, dims[1])), *start, "is_async=True"]
        self.writer.call(f"{name} = warpgroup_mma", arguments, "")

    def _dot(self, statement: ir.Dot) -> None:
        if statement in self.schedule.ahead:
            return
        for load in self._read((statement,)):
            if load not in self.schedule.early and load not in self.waited:
                self.waited.add(load)
                self.writer.line(
                    f"mbarrier.wait({self.barrier(self.schedule.ring[load], 'ready', self.turn)})"
                )
        name = self.text[statement.target] = self.writer.fresh(self._hint(statement.target))
        self._multiply(name, statement)
        self.writer.line(f"{name} = warpgroup_mma_wait(0, deps=[{name}])")

    def _read(self, dots: Iterable[ir.Dot]) -> list[ir.Load]:
        """The tiles of the rings that products read, in order."""
        loads = (self.loads.get(v) for dot in dots for v in (dot.left, dot.right))
        return list(dict.fromkeys(load for load in loads if load is not None and load in self.schedule.ring))

    # ---- the loop

    def _loop(self, statement: ir.Loop) -> None:
        for carried in statement.carried:
            self.text[carried.state] = self.text[carried.start]
        start, turns = self.turns()
        for dot in (s for s in statement.body if isinstance(s, ir.Dot) and s.start is None):
            dims = self.dims(dot.target.axes)
            if dims not in self.zeros:
                name = self.zeros[dims] = self.writer.fresh("zero")
                self.writer.line(f"{name} = {self.filled(dims, '0.0', DTYPES[dot.target.dtype])}")
        current = [self.writer.fresh(self._hint(dot.target)) for dot in self.schedule.ahead]
        coming = [self.writer.fresh(f"next_{name}") for name in current]
        self._start(coming, "0", f"{turns} > 0")
        self._finish(current, coming, "0", f"{turns} > 0")
        self.writer.line(f"for turn in range({turns}):")
        with self.body():
            self._turn(statement, start, current)
            self._start(coming, "ahead", f"ahead < {turns}")
            self.turn, self.waited = "turn", set[ir.Load]()
            self._statements(statement.body)
            self._renew(statement.carried)
            self._finish(current, coming, "ahead", f"ahead < {turns}")
            for load in sorted(self.schedule.late, key=list(self.schedule.ring).index):
                self._release(load, "turn")
        for carried in statement.carried:
            self.text[carried.result] = self.text[carried.state]

    def _turn(self, loop: ir.Loop, start: str, current: list[str]) -> None:
        """The names of a turn."""
        axis = loop.axis
        first = self.firsts[axis] = self.writer.fresh(f"first_{axis.name}")
        self.writer.line(f"{first} = {start}turn * {block_name(axis)}")
        self.span(axis, first)
        self.text |= {dot.target: name for dot, name in zip(self.schedule.ahead, current, strict=True)}
        self.writer.line("ahead = turn + 1")

    def _start(self, names: list[str], turn: str, there: str) -> None:
        """Start the products that are made ahead, on the tiles of a turn if it is there."""
        self.turn = turn
        for load in self._read(self.schedule.ahead):
            ready = self.barrier(self.schedule.ring[load], "ready", turn)
            self.writer.line(f"mbarrier.wait({ready}, pred={there})")
        for name, dot in zip(names, self.schedule.ahead, strict=True):
            self._multiply(name, dot)

    def _finish(self, current: list[str], coming: list[str], turn: str, there: str) -> None:
        """Wait for them, and give back the tiles that nothing else reads."""
        for name, made in zip(current, coming, strict=True):
            self.writer.line(f"{name} = warpgroup_mma_wait(0, deps=[{made}])")
        for load in self._read(self.schedule.ahead):
            if load not in self.schedule.late:
                self._release(load, turn, f", pred={there}")

    def _release(self, load: ir.Load, turn: str, when: str = "") -> None:
        """Give the place of a tile back to the producer."""
        free = self.memory.of[self.schedule.ring[load]]["free"]
        self.writer.line(f"mbarrier.arrive({free}.index({_place(turn)}), count=1{when})")


# ---- the kernel


def kernel_text(
    kernel: ir.Kernel, schedule: Schedule, function: str, names: Callable[[], Names], arguments: Sequence[str],
    constants: Sequence[str],
) -> tuple[str, set[str]]:  # fmt: skip
    """The functions of a kernel in Gluon, with the helpers that they call; `names` are those of its arguments."""
    writer = Writer()
    writer.taken.update({*arguments, *constants, *_TAKEN})
    memory = Memory(schedule, writer)
    taken = set(writer.taken)
    pointers = [name for name in arguments if name.endswith("_ptr") or "_stride_" in name]
    sizes = [name for name in arguments if name not in pointers]
    loads, compute = ([*first, *memory.shared, *sizes] for first in (memory.tiles, pointers))
    for part, kind, given in ((Producer, "loads", loads), (Consumer, "compute", compute)):
        writer.taken = set(taken)
        writer.line("@triton.jit")
        writer.call(f"def {function}_{kind}", [*given, *_typed(constants)], ":")
        with writer.indented():
            part(kernel, names(), writer, memory).write()
        writer.line()
        writer.line()
    writer.taken = set(taken)
    writer.line("@triton.jit")
    writer.call(f"def {function}", [*arguments, *_typed(constants)], ":")
    with writer.indented():
        _allocate(kernel, names(), writer, memory)
        writer.line("gl.warp_specialize([")
        with writer.indented():
            for kind, given in (("compute", compute), ("loads", loads)):
                writer.call(f"({function}_{kind}, ", [*given, *constants], "),")
        writer.line(f"], [{PRODUCER_WARPS}], [{PRODUCER_REGISTERS}])")
    return in_gluon(writer.text, writer.helpers), {f"gluon_{name}" for name in writer.helpers}


def _typed(constants: Sequence[str]) -> list[str]:
    return [f"{name}: tl.constexpr" for name in constants]


def _allocate(kernel: ir.Kernel, names: Names, writer: Writer, memory: Memory) -> None:
    """Descriptors, tiles in shared memory and barriers, which count one arrival each."""
    frame = KernelWriter(kernel, names, writer, "gluon")
    for copy, name in memory.of.items():
        stages = "1" if memory.is_held(copy) else "STAGES"
        block = [frame.block(along) for _, _, along in copy.dims]
        dtype = DTYPES[copy.source.dtype]
        layout = writer.fresh(f"{name['tiles']}_layout")
        writer.line(
            f"{layout}: gl.constexpr = gl.NVMMASharedLayout.get_default_for([{', '.join(block)}], {dtype})"
        )
        writer.call(f"{name['tiles']} = tma.make_tensor_descriptor", [*frame.described(copy), layout], "")
        shape = f"[{', '.join((stages, *block))}]"
        writer.line(f"{memory.buffer(copy)} = gl.allocate_shared_memory({dtype}, {shape}, {layout})")
        for part in ("ready",) if memory.is_held(copy) else ("ready", "free"):
            barriers = f"gl.allocate_shared_memory(gl.int64, [{stages}, 1], mbarrier.MBarrierLayout())"
            writer.line(f"{name[part]} = {barriers}")
            writer.line(f"for stage in gl.static_range({stages}):")
            with writer.indented():
                writer.line(f"mbarrier.init({name[part]}.index(stage), count=1)")
