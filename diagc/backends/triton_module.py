"""A self-contained Triton file: kernels, and for each entry a launcher on torch tensors with checked arguments.

The text imports only torch and triton. Shapes and strides are run-time arguments; ragged sizes are masked.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from diagc.backends.launches import Launch, Variant, resident_axes
from diagc.backends.shapes import bind_shapes, undetermined
from diagc.backends.sizes import input_name
from diagc.backends.triton_frame import Names, block_name
from diagc.backends.triton_kernel import KernelWriter
from diagc.backends.triton_terms import HELPERS, TORCH_DTYPES, size_text
from diagc.backends.writer import Writer, identifier, tuple_text
from diagc.core.axes import Axis
from diagc.core.diagram import Node
from diagc.kernel.ir import Kernel, Load, Number
from diagc.plan.config import Config
from diagc.plan.extent import held_axes

_HEADER = '''"""{title}

Made by diagc {version} from {source}. {note}
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = [{exported}]
'''

_CHECK = '''
def _check(name: str, array: torch.Tensor, dtype: torch.dtype, rank: int, device: torch.device) -> None:
    """Refuse an array that the kernel would misread."""
    if array.dtype is not dtype or array.dim() != rank:
        raise ValueError(f"{name}: expected {rank} axes of {dtype}, got {array.dim()} of {array.dtype}")
    if array.device != device:
        raise ValueError(f"{name}: on {array.device}, but the first array is on {device}")
    span = sum((size - 1) * abs(stride) for size, stride in zip(array.shape, array.stride()))
    if span >= 2**31:
        raise ValueError(f"{name}: spans {span} elements; the kernel counts to 2**31")
'''


def emit_kernels(variants: Iterable[Variant]) -> str:
    """Kernels alone, without launchers: a text that needs triton only."""
    texts, helpers = kernel_texts(variants)
    return "\n\n".join(["import triton\nimport triton.language as tl\n", *helper_texts(helpers), *texts])


def kernel_texts(variants: Iterable[Variant]) -> tuple[list[str], set[str]]:
    """The text of each kernel, and the helpers that they call."""
    helpers: set[str] = set()
    texts: list[str] = []
    for variant in variants:
        writer = Writer()
        _kernel(writer, variant.kernel)
        texts.append(writer.text)
        helpers |= writer.helpers
    return texts, helpers


def helper_texts(helpers: set[str]) -> list[str]:
    return [HELPERS[name] for name in HELPERS if name in helpers]


def module_text(
    exported: Iterable[str], parts: Iterable[str], helpers: set[str], source: str, version: str
) -> str:
    """The text of a file: header, helpers and parts, laid out."""
    names = list(exported)
    header = _HEADER.format(
        title=f"Fused kernels for {', '.join(names)}.", version=version, source=PurePath(source).name,
        note="Tiles are masked at ragged ends; arithmetic is float32.", exported=", ".join(f'"{n}"' for n in names),
    )  # fmt: skip
    texts = (*helper_texts(helpers), _CHECK.lstrip("\n"), *parts)
    return "\n\n".join(text.rstrip("\n") + "\n" for text in (header, *texts))


def kernel_function(variant_name: str) -> str:
    """The name of the `@triton.jit` function of a kernel."""
    return f"{identifier(variant_name)}_kernel"


def arrays_read(kernel: Kernel) -> tuple[Node, ...]:
    """The inputs that the kernel loads, in the order of the signature."""
    loaded = {s.source for s in kernel.statements() if isinstance(s, Load)}
    return tuple(node for node in kernel.inputs if node in loaded)


def size_symbols(kernel: Kernel) -> tuple[str, ...]:
    """The size symbols that the kernel needs, in order of first occurrence."""
    axes = [a for n in kernel.inputs for a in n.axes] + [a for _, array in kernel.outputs for a in array.axes]
    sizes = [axis.size for axis in (*axes, *kernel.extents)]
    sizes += [
        s.value for s in kernel.statements() if isinstance(s, Number) and not isinstance(s.value, int | float)
    ]
    return tuple(dict.fromkeys(symbol for size in sizes for symbol in size.symbols))


def _names(kernel: Kernel, writer: Writer) -> Names:
    arrays: dict[Node | int, str] = {
        node: writer.fresh(f"{input_name(node)}_ptr") for node in arrays_read(kernel)
    }
    for place, (name, _) in enumerate(kernel.outputs):
        arrays[place] = writer.fresh(f"{name}_ptr")
    sizes = {symbol: writer.fresh(f"size_{symbol}") for symbol in size_symbols(kernel)}
    return Names(arrays, sizes)


def blocked_axes(kernel: Kernel) -> list[Axis]:
    """The axes whose blocks are compile-time constants; a twin has the block of its axis."""
    return [axis for axis, extent in kernel.extents.items() if extent.blocked and extent.of is None]


def argument_names(kernel: Kernel) -> tuple[Names, list[str], list[str]]:
    """The names in a kernel, its run-time arguments and its compile-time ones, in order."""
    names = _names(kernel, Writer())
    arguments = list(names.arrays.values())
    for array in names.arrays:
        axes = kernel.outputs[array][1].axes if isinstance(array, int) else array.axes
        arguments += [names.stride(array, axis) for axis in axes]
    arguments += names.sizes.values()
    constants = [block_name(axis) for axis in blocked_axes(kernel)]
    constants += [f"EXACT_{block_name(axis)[6:]}" for axis in resident_axes(kernel)]
    return names, arguments, constants


def _kernel(writer: Writer, kernel: Kernel) -> None:
    names, arguments, constants = argument_names(kernel)
    writer.taken.update({*arguments, *constants, "program", "tl", "triton", "torch"})
    writer.line("@triton.jit")
    lines = [*arguments, *(f"{name}: tl.constexpr" for name in constants)]
    writer.call(f"def {kernel_function(kernel.name)}", lines, ":")
    with writer.indented():
        KernelWriter(kernel, names, writer).write()


# ---- launcher


def launcher_text(launch: Launch, name: str) -> str:
    """A function that checks the arrays of one launch, allocates its results and starts the kernel that fits.

    One that reads nothing is told the device.
    """
    writer = Writer()
    kernel = launch.variants[0].kernel
    inputs = list(kernel.inputs)
    writer.taken.update(("blocks", "warps", "stages", "grid", "device", name))
    names = {node: writer.fresh(input_name(node)) for node in inputs}
    symbols = {symbol: writer.fresh(symbol) for symbol in size_symbols(kernel)}
    results = [name for name, _ in kernel.outputs]
    result = "torch.Tensor" if len(results) == 1 else f"tuple[{', '.join(['torch.Tensor'] * len(results))}]"
    arguments = [f"{names[n]}: torch.Tensor" for n in inputs]
    arguments += [f"{symbols[symbol]}: int" for symbol in free_symbols(launch)]
    arguments += [] if inputs else ["device: torch.device"]
    device = f"{names[inputs[0]]}.device" if inputs else "device"
    writer.call(f"def {name}", arguments, f" -> {result}:")
    with writer.indented():
        described = ", ".join(f"{input_name(n)}: {n.array}" for n in inputs)
        outputs = ", ".join(f"{name}: {array}" for name, array in kernel.outputs)
        writer.line(f'"""{name}({described}) -> {outputs}. Any strides; sizes are read off the shapes."""')
        for node in inputs:
            dtype = f"torch.{TORCH_DTYPES[node.dtype]}"
            writer.line(f'_check("{input_name(node)}", {names[node]}, {dtype}, {len(node.axes)}, {device})')
        bind_shapes(writer, names, symbols)
        made = _allocate(writer, kernel, device, symbols)
        for place, variant in enumerate(launch.variants):
            _launch(writer, variant, names, symbols, made, last=place == len(launch.variants) - 1)
    return writer.text


def free_symbols(launch: Launch) -> list[str]:
    """The size symbols that the shapes of the arrays of a launch do not determine."""
    kernel = launch.variants[0].kernel
    return undetermined(kernel.inputs, size_symbols(kernel))


def _allocate(writer: Writer, kernel: Kernel, device: str, symbols: dict[str, str]) -> list[str]:
    made: list[str] = []
    for name, array in kernel.outputs:
        extents = [size_text(axis.size, symbols) for axis in array.axes]
        made.append(writer.fresh(name))
        dtype = f"torch.{TORCH_DTYPES[array.dtype]}"
        writer.line(f"{made[-1]} = torch.empty({tuple_text(extents)}, dtype={dtype}, device={device})")
    return made


def _launch(
    writer: Writer,
    variant: Variant,
    names: dict[Node, str],
    symbols: dict[str, str],
    made: list[str],
    last: bool,
) -> None:
    kernel = variant.kernel
    resident = [a for a in resident_axes(kernel) if a.size.value is None or a.size.value > 0]
    blocks = {axis: writer.fresh(block_name(axis)) for axis in resident}
    for axis in resident:
        size = size_text(axis.size, symbols)
        writer.line(f"{blocks[axis]} = max(16, triton.next_power_of_2({size}))")
    held = [axis for axis in resident if axis in held_axes(kernel.extents)]
    widest = variant.widest([blocks[axis] for axis in held]) if variant.configs[-1].max_resident else ""
    limit = variant.configs[-1].max_resident
    if not last:
        writer.line(f"if {widest} <= {limit}:")
        with writer.indented():
            _call(writer, variant, names, symbols, made, blocks, widest)
        return
    if widest:
        writer.line(f"if {widest} > {limit}:")
        with writer.indented():
            spoken = " x ".join(axis.name for axis in held)
            writer.line(
                f'raise ValueError(f"{spoken} = {{{widest}}}: at most {limit} elements are held on chip")'
            )
    _call(writer, variant, names, symbols, made, blocks, widest)


def _call(
    writer: Writer, variant: Variant, names: dict[Node, str], symbols: dict[str, str], made: list[str],
    blocks: dict[Axis, str], widest: str,
) -> None:  # fmt: skip
    kernel = variant.kernel
    choice = _choose(writer, variant.configs, widest)
    grid = [axis for axis in kernel.group_axes if kernel.extents[axis].kind in ("one", "tile")]
    counts: list[str] = []
    for axis in grid:
        size = size_text(axis.size, symbols)
        tile = kernel.extents[axis].kind == "tile"
        counts.append(f"triton.cdiv({size}, {choice[axis]})" if tile else size)
    writer.line(f"grid = ({' * '.join(counts) or '1'},)")
    values = [names[node] for node in arrays_read(kernel)] + made
    arguments = list(values)
    for value in values:
        node = next((n for n in kernel.inputs if names[n] == value), None)
        rank = len(node.axes) if node is not None else len(kernel.outputs[made.index(value)][1].axes)
        arguments += [f"{value}.stride({place})" for place in range(rank)]
    arguments += [symbols[symbol] for symbol in size_symbols(kernel)]
    for axis in blocked_axes(kernel):
        arguments.append(f"{block_name(axis)}={blocks[axis] if axis in blocks else choice[axis]}")
    for axis in resident_axes(kernel):
        arguments.append(f"EXACT_{block_name(axis)[6:]}={size_text(axis.size, symbols)} == {blocks[axis]}")
    arguments += ["num_warps=warps", "num_stages=stages"]
    writer.call(f"{kernel_function(kernel.name)}[grid]", arguments, "")
    writer.line(f"return {', '.join(made)}")


def _choose(writer: Writer, configs: tuple[Config, ...], widest: str) -> dict[Axis, str]:
    """Assign the blocks of the configuration that fits; their names."""
    axes = [axis for axis, _ in configs[0].blocks]
    targets = [*(block_name(axis) for axis in axes), "warps", "stages"]
    rows = [", ".join(map(str, (*(b for _, b in c.blocks), c.warps, c.stages))) for c in configs]
    left = ", ".join(targets)
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
