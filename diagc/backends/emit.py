"""From a checked entry to source text: the one way through passes, plan and lowering that every command takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from diagc import __version__
from diagc.backends.jax_block_frame import block_argument, cut_axes
from diagc.backends.jax_blockwise import BlockBody
from diagc.backends.jax_helpers import helpers_text
from diagc.backends.jax_plain import (
    Naming,
    bind_shapes,
    convert_inputs,
    emit_function,
    function_arguments,
    module_text,
    signature,
)  # fmt: skip
from diagc.backends.plans import kernels, normal_form
from diagc.backends.sizes import input_name
from diagc.backends.triton_program import emit_module
from diagc.backends.writer import Writer
from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, walk
from diagc.diagnostics import DiagnosticError
from diagc.kernel.ir import Kernel
from diagc.kernel.lower import lower
from diagc.passes.choices import Choices
from diagc.plan.structure import Structure, is_fusible, structure

CPU_TILE, CPU_STREAM = 512, 256
"""Indices of a block on a CPU, of an axis that is shared out and of one that is streamed.

A 512 × 256 tile of float32 is 512 KiB: it stays in the second-level cache of a core, and its contraction is large
enough for XLA to share it among threads, which a 256 × 256 one is not. Measured in docs/performance.md.
"""


def triton_source(entries: Iterable[Entry], file: str, sizes: Mapping[str, int] | None = None) -> str:
    """The Triton file of entries."""
    return emit_module([kernels(entry, sizes) for entry in entries], file, __version__)


def blockwise(entry: Entry, sizes: Mapping[str, int] | None = None) -> Kernel | None:
    """The kernel that JAX runs in blocks, or None where blocks would save nothing.

    Blocks pay where something between the inputs and the outputs has a streamed axis and is larger than each of them.
    """
    normal, record = normal_form(entry, sizes)
    normal = Choices().run(normal, record)
    if not is_fusible(normal):
        return None
    try:
        planned = structure(normal)
    except DiagnosticError:
        return None
    if not planned.streamed or not _pays(planned):
        return None
    return lower(planned, entry.diagram.name, record, padded=False)


def _pays(planned: Structure) -> bool:
    streamed = set(planned.streamed)
    if planned.ordered is not None:
        return any(isinstance(n.op, ops.Reduce) for n in walk(planned.ordered.outputs))
    outside = [set(n.axes) for n in planned.diagram.inputs] + [set(t.axes) for t in planned.diagram.layouts]
    computed = (
        n for n in walk(planned.diagram.outputs) if isinstance(n.op, ops.Reduce) and streamed & set(n.axes)
    )
    return any(not any(set(n.axes) <= axes for axes in outside) for n in computed)


def jax_source(entries: Mapping[str, Entry], file: str, sizes: Mapping[str, int] | None = None) -> str:
    """The JAX file of entries: each in the form that runs best, and as `…_plain` where that is another one."""
    functions: dict[str, str] = {}
    helpers: set[str] = set()
    for name, entry in entries.items():
        kernel = blockwise(entry, sizes)
        if kernel is not None:
            functions[name] = _blockwise_function(kernel, entry.diagram, name, helpers)
        plain = name if kernel is None else f"{name}_plain"
        writer = Writer()
        emit_function(writer, entry.diagram, plain, naming=_naming(entry))
        functions[plain] = writer.text
        helpers |= writer.helpers
    header = f"Made by diagc {__version__} from {PurePath(file).name}. Runs on JAX alone."
    return module_text(functions, helpers_text(helpers), header)


def _naming(entry: Entry) -> Naming:
    sources = {node: f"{PurePath(span.source.name).name}:{span.line}" for node, span in entry.spans.items()}
    return Naming(entry.names, sources)


def _blockwise_function(kernel: Kernel, diagram: Diagram, name: str, helpers: set[str]) -> str:
    writer = Writer()
    writer.taken.update((name, "params", "key", "program", "tile", "block", "state"))
    names: dict[Node, str] = {node: writer.fresh(input_name(node)) for node in diagram.inputs}
    symbols = {symbol: writer.fresh(symbol) for symbol in diagram.size_symbols}
    arguments = function_arguments(diagram, names, symbols, "dict")
    blocks = [f"{block_argument(axis)}={_default_block(kernel, axis)}" for axis in cut_axes(kernel)]
    writer.taken.update(block_argument(axis) for axis in cut_axes(kernel))
    separator = [] if "*" in arguments else ["*"]
    writer.call(f"def {name}", [*arguments, *separator, *blocks], ":")
    with writer.indented():
        streamed = " and ".join(a.name for a in kernel.extents if kernel.extents[a].kind == "stream")
        writer.line(f'"""{signature(diagram)}, in blocks: memory does not grow with {streamed}."""')
        convert_inputs(writer, diagram, names)
        bind_shapes(writer, diagram, names, symbols)
        results = BlockBody(kernel, writer, names, symbols).write()
        writer.line(f"return {', '.join(results)}")
    helpers |= writer.helpers
    return writer.text


def _default_block(kernel: Kernel, axis: Axis) -> int:
    return CPU_TILE if kernel.extent(axis).kind == "tile" else CPU_STREAM
