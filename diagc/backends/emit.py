"""From a checked entry to source text: the one way through passes, plan and lowering that every command takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
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
from diagc.backends.launches import EntryKernels, Launch, Plan, Variant, resident_axes
from diagc.backends.sizes import input_name
from diagc.backends.triton_program import emit_module
from diagc.backends.writer import Writer
from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.rewrite import Record
from diagc.kernel.ir import Kernel
from diagc.kernel.lower import lower
from diagc.passes.base_two import BaseTwo
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.passes.reassociate import Reassociate
from diagc.plan.config import configurations, has_dot
from diagc.plan.partition import Stage, partition
from diagc.plan.structure import Structure, is_fusible, structure

CPU_TILE, CPU_STREAM = 512, 256
"""Indices of a block on a CPU, of an axis that is shared out and of one that is streamed.

A 512 × 256 tile of float32 is 512 KiB: it stays in the second-level cache of a core, and its contraction is large
enough for XLA to share it among threads, which a 256 × 256 one is not. Measured in docs/performance.md.
"""


def normal_form(entry: Entry, sizes: Mapping[str, int] | None = None) -> tuple[Diagram, Record]:
    """The normal form of an entry with its contractions in the order that is the least work at `sizes`.

    The record holds the laws used and where nodes come from.
    """
    record = Record(spans=dict(entry.spans), names=dict(entry.names))
    return Reassociate(sizes or {}).run(Normalise().run(entry.diagram, record), record), record


def planned_form(entry: Entry, sizes: Mapping[str, int] | None = None) -> tuple[Diagram, Record]:
    """The form of an entry that kernels are planned for: exponentials in base two, masks inside contractions."""
    normal, record = normal_form(entry, sizes)
    return MaskedFactors().run(BaseTwo().run(normal, record), record), record


def kernels(entry: Entry, sizes: Mapping[str, int] | None = None) -> EntryKernels:
    """The kernels of an entry: one if it can be, and where that limits sizes the several that do not.

    `sizes` are values of size symbols for which they should be fast; they are right for all.

    Raises `DiagnosticError` E0702 where no kernel can be made.
    """
    diagram, record = planned_form(entry, sizes)
    name = entry.diagram.name
    plans = [_plan(partition(diagram, record), record)]
    if any(
        axis.size.value is None for v in plans[0].limited if v.multiplies for axis in resident_axes(v.kernel)
    ):
        longer = replace(diagram, name=f"{name}_long")
        plans.append(_plan(partition(longer, record, assume_short=False), record))
    return EntryKernels(name, entry.diagram, tuple(plans))


def _plan(stages: tuple[Stage, ...], record: Record) -> Plan:
    return Plan(tuple(Launch(stage.diagram, _variants(stage, record)) for stage in stages))


def _variants(stage: Stage, record: Record) -> tuple[Variant, ...]:
    """The kernel for any length, and before it the one for rows that fit on chip."""
    streamed, name = stage.structure, stage.diagram.name
    variants = [Variant(lower(streamed, name, record), configurations(streamed))]
    if streamed.streamed and not has_dot(streamed):
        held = structure(stage.diagram, resident_rows=True)
        variants.insert(0, Variant(lower(held, f"{name}_rows", record), configurations(held)))
    return tuple(variants)


def triton_source(entries: Iterable[Entry], file: str, sizes: Mapping[str, int] | None = None) -> str:
    """The Triton file of entries."""
    return emit_module([kernels(entry, sizes) for entry in entries], file, __version__)


def blockwise(entry: Entry, sizes: Mapping[str, int] | None = None) -> Kernel | None:
    """The kernel that JAX runs in blocks, or None where blocks would save nothing.

    Blocks pay where something between the inputs and the outputs has a streamed axis and is larger than each of them.
    """
    normal, record = normal_form(entry, sizes)
    if not is_fusible(normal):
        return None
    planned = structure(normal)
    if not planned.streamed or not _pays(planned):
        return None
    return lower(planned, entry.diagram.name, record, padded=False)


def _pays(planned: Structure) -> bool:
    streamed = set(planned.streamed)
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
