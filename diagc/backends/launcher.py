"""Launchers: for each launch one function that reads sizes off shapes, picks a configuration and starts the kernel.

One lowering decides what is launched; a `Host` spells it, for torch or for JAX.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from diagc.backends.launches import Launch, Variant, resident_axes
from diagc.backends.shapes import bind_shapes, undetermined
from diagc.backends.sizes import input_name
from diagc.backends.triton_descriptors import FLAG, copies
from diagc.backends.triton_frame import block_name
from diagc.backends.triton_module import arrays_read, blocked_axes, kernel_function, size_symbols
from diagc.backends.triton_terms import size_text
from diagc.backends.writer import Writer, identifier, tuple_text
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node
from diagc.kernel.ir import Kernel
from diagc.plan.config import Config
from diagc.plan.extent import held_axes


@dataclass(frozen=True, slots=True)
class Call:
    """The start of a kernel: the arrays that it reads and makes, all by their variables, sizes, and what is constant.

    The strides of the arrays come between these and the sizes; `ranks` are the numbers of their axes.
    """

    function: str
    arrays: Sequence[str]
    made: Sequence[str]
    ranks: Sequence[int]
    sizes: Sequence[str]
    constants: Mapping[str, str]


class Host(Protocol):
    """How the code around kernels is spelt."""

    def launcher(self, diagram: Diagram) -> str:
        """The function that starts the kernel of a launch."""
        ...

    def place(self, array: str) -> list[str]:
        """The argument by which a launcher that reads nothing is told to run where an array is."""
        ...

    def ceiling(self, size: str, block: str) -> str:
        """How many blocks cover a size."""
        ...

    def power_of_two(self, size: str) -> str:
        """The least power of two that is no smaller."""
        ...

    def processors(self, array: str) -> str:
        """How many programs the device of an array runs at once at least."""
        ...

    def head(
        self, writer: Writer, launch: Launch, name: str, names: Mapping[Node, str], sizes: Sequence[str]
    ) -> None:
        """The line that defines a launcher."""
        ...

    def check(self, writer: Writer, names: Mapping[Node, str]) -> None:
        """Refuse arrays that the kernel would misread."""
        ...

    def allocate(
        self, writer: Writer, kernel: Kernel, names: Mapping[Node, str], symbols: Mapping[str, str]
    ) -> list[str]:
        """The variables of the results."""
        ...

    def by_descriptor(self, arrays: Sequence[str], pipeline: bool = False) -> str:
        """Whether the device copies tiles of these arrays by itself, and has warp groups for a pipeline."""
        ...

    def refuse(self, writer: Writer, message: str) -> None:
        """Say that no configuration holds these sizes; `message` is the inside of an f-string."""
        ...

    def start(self, writer: Writer, call: Call, last: bool) -> None:
        """Start the kernel on `grid` with `warps` and `stages` and return its results; `last` if no other follows."""
        ...


def launcher_text(launch: Launch, name: str, host: Host) -> str:
    """A function that checks the arrays of one launch, allocates its results and starts the kernel that fits."""
    writer = Writer()
    kernel = launch.variants[0].kernel
    inputs = list(kernel.inputs)
    writer.taken.update(("blocks", "warps", "stages", "grid", "device", "made", name))
    names = {node: writer.fresh(input_name(node)) for node in inputs}
    symbols = {symbol: writer.fresh(symbol) for symbol in size_symbols(kernel)}
    host.head(writer, launch, name, names, [symbols[symbol] for symbol in free_symbols(launch)])
    with writer.indented():
        host.check(writer, names)
        bind_shapes(writer, names, symbols)
        made = host.allocate(writer, kernel, names, symbols)
        for place, variant in enumerate(launch.variants):
            last = place == len(launch.variants) - 1
            _Variant(writer, host, variant, names, symbols, made, last).write()
    return writer.text


def described(launch: Launch, name: str) -> str:
    """What a launcher takes and gives, for its documentation."""
    kernel = launch.variants[0].kernel
    inputs = ", ".join(f"{input_name(n)}: {n.array}" for n in kernel.inputs)
    outputs = ", ".join(f"{name}: {array}" for name, array in kernel.outputs)
    return f"{name}({inputs}) -> {outputs}."


def free_symbols(launch: Launch) -> list[str]:
    """The size symbols that the shapes of the arrays of a launch do not determine."""
    kernel = launch.variants[0].kernel
    return undetermined(kernel.inputs, size_symbols(kernel))


@dataclass(frozen=True, slots=True)
class _Variant:
    """One kernel of a launch with its configurations."""

    writer: Writer
    host: Host
    variant: Variant
    names: Mapping[Node, str]
    symbols: Mapping[str, str]
    made: Sequence[str]
    last: bool

    def write(self) -> None:
        writer, variant = self.writer, self.variant
        resident = [a for a in resident_axes(variant.kernel) if a.size.value is None or a.size.value > 0]
        blocks = {axis: writer.fresh(block_name(axis)) for axis in resident}
        for axis in resident:
            size = size_text(axis.size, self.symbols)
            writer.line(f"{blocks[axis]} = max(16, {self.host.power_of_two(size)})")
        held = [axis for axis in resident if axis in held_axes(variant.kernel.extents)]
        limit = variant.configs[-1].max_resident
        widest = variant.widest([blocks[axis] for axis in held]) if limit else ""
        if not self.last:
            writer.line(f"if {widest} <= {limit}:")
            with writer.indented():
                self._call(blocks, widest)
            return
        if widest:
            writer.line(f"if {widest} > {limit}:")
            with writer.indented():
                spoken = " x ".join(axis.name for axis in held)
                self.host.refuse(
                    writer, f"{spoken} = {{{widest}}}: at most {limit} elements are held on chip"
                )
        self._call(blocks, widest)

    def _call(self, blocks: Mapping[Axis, str], widest: str) -> None:
        """Start the kernel, or where it is not for these arrays another one."""
        if self.variant.otherwise is None:
            self._launch(blocks, widest, self.last)
            return
        self.writer.line(f"if {self.host.by_descriptor(self._copied(), pipeline=True)}:")
        with self.writer.indented():
            self._launch(blocks, widest, False)
        replace(self, variant=self.variant.otherwise)._call(blocks, widest)

    def _copied(self) -> list[str]:
        """The arrays that have descriptors."""
        sources = dict.fromkeys(copy.source for copy in copies(self.variant.kernel).values())
        return [self.names[node] for node in sources]

    def _launch(self, blocks: Mapping[Axis, str], widest: str, last: bool) -> None:
        writer, kernel = self.writer, self.variant.kernel
        choice = self._choose(self.variant.configs, widest)
        counts: list[str] = []
        for axis in (a for a in kernel.group_axes if kernel.extents[a].kind in ("one", "tile")):
            size = size_text(axis.size, self.symbols)
            tile = kernel.extents[axis].kind == "tile"
            counts.append(self.host.ceiling(size, choice[axis]) if tile else size)
        tiles = " * ".join(counts) or "1"
        if self.variant.form == "persistent":
            tiles = f"min({tiles}, {self.host.processors(self.made[0])})"
        writer.line(f"grid = ({tiles},)")
        read = arrays_read(kernel)
        constants = {block_name(a): blocks[a] if a in blocks else choice[a] for a in blocked_axes(kernel)}
        for axis in resident_axes(kernel):
            exact = f"{size_text(axis.size, self.symbols)} == {blocks[axis]}"
            constants[f"EXACT_{block_name(axis)[6:]}"] = exact
        if self.variant.form == "gluon":
            constants["STAGES"] = "stages"
        elif self.variant.form != "pointers":
            constants[FLAG] = self.host.by_descriptor(self._copied())
        ranks = [*(len(node.axes) for node in read), *(len(array.axes) for _, array in kernel.outputs)]
        call = Call(
            kernel_function(kernel.name), [self.names[node] for node in read], self.made, ranks,
            [self.symbols[symbol] for symbol in size_symbols(kernel)], constants,
        )  # fmt: skip
        self.host.start(writer, call, last)

    def _choose(self, configs: tuple[Config, ...], widest: str) -> dict[Axis, str]:
        """Assign the blocks of the configuration that fits; their names."""
        writer = self.writer
        axes = [axis for axis, _ in configs[0].blocks]
        rows = [", ".join(map(str, (*(b for _, b in c.blocks), c.warps, c.stages))) for c in configs]
        left = ", ".join((*(block_name(axis) for axis in axes), "warps", "stages"))
        if len(rows) == 1:
            writer.line(f"{left} = {rows[0]}")
        else:
            for place, (config, row) in enumerate(zip(configs, rows, strict=True)):
                last = place == len(rows) - 1
                word = "else:" if last else f"{'el' if place else ''}if {widest} <= {config.max_resident}:"
                writer.line(word)
                with writer.indented():
                    writer.line(f"{left} = {row}")
        return {axis: block_name(axis) for axis in axes}


# ---- torch


class _Torch:
    """Launchers on torch tensors of any strides, started by Triton."""

    def launcher(self, diagram: Diagram) -> str:
        return f"_{identifier(diagram.name)}"

    def place(self, array: str) -> list[str]:
        return [f"device={array}.device"]

    def ceiling(self, size: str, block: str) -> str:
        return f"triton.cdiv({size}, {block})"

    def power_of_two(self, size: str) -> str:
        return f"triton.next_power_of_2({size})"

    def processors(self, array: str) -> str:
        return f"_processors({array})"

    def head(
        self, writer: Writer, launch: Launch, name: str, names: Mapping[Node, str], sizes: Sequence[str]
    ) -> None:
        """One that reads nothing is told the device."""
        results = ["torch.Tensor"] * len(launch.variants[0].kernel.outputs)
        result = results[0] if len(results) == 1 else f"tuple[{', '.join(results)}]"
        arguments = [f"{array}: torch.Tensor" for array in names.values()]
        arguments += [f"{size}: int" for size in sizes]
        arguments += [] if names else ["device: torch.device"]
        writer.line("@_operator")
        writer.call(f"def {name}", arguments, f" -> {result}:")
        with writer.indented():
            writer.line(f'"""{described(launch, name)} Any strides; sizes are read off the shapes."""')

    def check(self, writer: Writer, names: Mapping[Node, str]) -> None:
        for node, name in names.items():
            dtype = f"torch.{node.dtype.array_name}"
            writer.line(f'_check("{input_name(node)}", {name}, {dtype}, {len(node.axes)}, {_device(names)})')

    def allocate(
        self, writer: Writer, kernel: Kernel, names: Mapping[Node, str], symbols: Mapping[str, str]
    ) -> list[str]:
        made: list[str] = []
        for name, array in kernel.outputs:
            extents = [size_text(axis.size, symbols) for axis in array.axes]
            made.append(writer.fresh(name))
            dtype = f"torch.{array.dtype.array_name}"
            shape = tuple_text(extents)
            writer.line(f"{made[-1]} = torch.empty({shape}, dtype={dtype}, device={_device(names)})")
        writer.line(f"if _is_traced({made[0]}):")
        with writer.indented():
            writer.line(f"return {', '.join(made)}")
        return made

    def by_descriptor(self, arrays: Sequence[str], pipeline: bool = False) -> str:
        return f"{'_has_pipeline' if pipeline else '_by_descriptor'}({', '.join(arrays)})"

    def refuse(self, writer: Writer, message: str) -> None:
        writer.line(f'raise ValueError(f"{message}")')

    def start(self, writer: Writer, call: Call, last: bool) -> None:
        arrays = [*call.arrays, *call.made]
        strides = [
            f"{array}.stride({place})"
            for array, rank in zip(arrays, call.ranks, strict=True)
            for place in range(rank)
        ]
        constants = [f"{name}={value}" for name, value in call.constants.items()]
        launch = ["num_warps=warps", "num_stages=stages"]
        writer.call(f"{call.function}[grid]", [*arrays, *strides, *call.sizes, *constants, *launch], "")
        writer.line(f"return {', '.join(call.made)}")


def _device(names: Mapping[Node, str]) -> str:
    return f"{next(iter(names.values()))}.device" if names else "device"


TORCH: Host = _Torch()
