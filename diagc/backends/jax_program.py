"""An entry in blocks for JAX: its stages as functions, one public function, and its derivative as a `custom_vjp`.

A derivative of loops with computed bounds does not exist in JAX; the derived backward stages take its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from diagc.backends.differentiate import Derivative, derivative, is_differentiable
from diagc.backends.jax_block_frame import block_argument
from diagc.backends.jax_blockwise import BlockBody
from diagc.backends.jax_helpers import HELPERS
from diagc.backends.jax_plain import (
    bind_parameters,
    convert_inputs,
    emit_function,
    function_arguments,
    signature,
    vary_together,
)
from diagc.backends.jax_runtime import DERIVATIVE, RUNTIME
from diagc.backends.plans import normal_form
from diagc.backends.shapes import bind_shapes, read_sizes, undetermined
from diagc.backends.sizes import input_name
from diagc.backends.writer import Writer, identifier, tuple_text, unpacking
from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.rewrite import Record
from diagc.diagnostics import DiagnosticError
from diagc.kernel.ir import Kernel
from diagc.kernel.lower import lower
from diagc.passes.choices import Choices
from diagc.passes.masked_factors import MaskedFactors
from diagc.plan.partition import Stage, partition
from diagc.plan.structure import Structure

CPU_TILE, CPU_STREAM = 512, 256
"""Indices of a block on a CPU, of an axis that is shared out and of one that is streamed.

A 512 × 256 tile of float32 is 512 KiB: it stays in the second-level cache of a core, and its contraction is large
enough for XLA to share it among threads, which a 256 × 256 one is not. Measured in docs/performance.md.
"""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The stages of an entry, and those of its derivative where it has one."""

    stages: tuple[Stage, ...]
    derivative: Derivative | None
    record: Record


def blockwise(entry: Entry, sizes: Mapping[str, int] | None = None) -> Blocks | None:
    """The stages that JAX runs in blocks, or None where blocks would save nothing.

    Blocks pay where something between the inputs and the outputs has a streamed axis and is larger than each of them.
    """
    normal, record = normal_form(entry, sizes)
    try:
        stages = partition(_prepared(normal, record), record, "any")
    except DiagnosticError:
        return None
    if not any(map(_loops, stages)):
        return None
    return Blocks(stages, _derivative(normal, record), record)


def _prepared(normal: Diagram, record: Record) -> Diagram:
    return MaskedFactors().run(Choices().run(normal, record), record)


def _derivative(normal: Diagram, record: Record) -> Derivative | None:
    given = undetermined(normal.inputs, normal.size_symbols)
    if given or not is_differentiable(normal):
        return None
    try:
        return derivative(normal, record, "any", _prepared)
    except DiagnosticError:  # a leaf of the derivative fits into no kernel
        return None


def _pays(planned: Structure) -> bool:
    streamed = set(planned.streamed)
    if planned.ordered is not None:
        return any(isinstance(n.op, ops.Reduce) for n in walk(planned.ordered.outputs))
    outside = [set(n.axes) for n in planned.diagram.inputs] + [set(t.axes) for t in planned.diagram.layouts]
    computed = (
        n for n in walk(planned.diagram.outputs) if isinstance(n.op, ops.Reduce) and streamed & set(n.axes)
    )
    return any(not any(set(n.axes) <= axes for axes in outside) for n in computed)


# ---- text


def program_text(diagram: Diagram, plan: Blocks, name: str, helpers: set[str]) -> str:
    """The functions of an entry; the public one is called `name`."""
    return _Program(diagram, plan, name, helpers).text()


@dataclass(slots=True)
class _Program:
    diagram: Diagram
    plan: Blocks
    name: str
    helpers: set[str]

    def text(self) -> str:
        made = self.plan.derivative
        if made is None and len(self.plan.stages) == 1:
            return self._stage(self.plan.stages[0], self.name, alone=True)[0]
        parts: dict[str, str] = {}
        blocks: dict[Axis, int] = {}
        stages = [*self.plan.stages, *((*made.forward, *made.backward) if made else ())]
        for place, stage in enumerate(stages):
            text, cut = self._stage(stage, _private(stage), alone=False)
            parts[_private(stage)] = text
            if place < len(self.plan.stages):
                blocks |= cut
        texts = list(parts.values())
        if made is not None:
            texts += [self._differentiable(made, blocks)]
        return "\n\n".join([*texts, self._public(blocks)])

    # ---- stages

    def _stage(self, stage: Stage, name: str, alone: bool) -> tuple[str, dict[Axis, int]]:
        """The function of a stage, and its axes in blocks with their lengths."""
        if not _loops(stage):
            writer = Writer()
            emit_function(writer, stage.diagram, name, "dict" if alone else "arguments")
            self.helpers |= writer.helpers
            return writer.text, {}
        kernel = lower(stage.structure, name, self.plan.record, padded=False)
        diagram = self.diagram if alone else stage.diagram
        return self._in_blocks(kernel, diagram, name, _cut(stage), alone), _cut(stage)

    def _in_blocks(
        self, kernel: Kernel, diagram: Diagram, name: str, blocks: Mapping[Axis, int], alone: bool
    ) -> str:
        writer = Writer()
        writer.taken.update((name, "params", "key", "program", "tile", "block", "state"))
        names: dict[Node, str] = {node: writer.fresh(input_name(node)) for node in diagram.inputs}
        symbols = {symbol: writer.fresh(symbol) for symbol in diagram.size_symbols}
        parameters = "dict" if alone else "arguments"
        arguments = function_arguments(diagram, names, symbols, parameters)
        writer.taken.update(map(block_argument, blocks))
        keywords = [f"{block_argument(axis)}={length}" for axis, length in blocks.items()]
        writer.call(f"def {name}", [*arguments, *([] if "*" in arguments else ["*"]), *keywords], ":")
        with writer.indented():
            streamed = " and ".join(a.name for a in kernel.extents if kernel.extents[a].kind == "stream")
            writer.line(f'"""{signature(diagram)}, in blocks: memory does not grow with {streamed}."""')
            bind_parameters(writer, diagram, names, parameters)
            convert_inputs(writer, diagram, names)
            if alone:
                vary_together(writer, names.values())
            bind_shapes(writer, names, symbols)
            results = BlockBody(kernel, writer, names, symbols).write()
            writer.line(f"return {', '.join(results)}")
        self.helpers |= writer.helpers
        return writer.text

    # ---- the public function

    def _public(self, blocks: Mapping[Axis, int]) -> str:
        writer, diagram = Writer(), self.diagram
        writer.taken.update((self.name, "params", "key", *map(block_argument, blocks)))
        names = {node: writer.fresh(input_name(node)) for node in diagram.inputs}
        symbols = {symbol: writer.fresh(symbol) for symbol in diagram.size_symbols}
        arguments = function_arguments(diagram, names, symbols, "dict")
        keywords = [f"{block_argument(axis)}={length}" for axis, length in blocks.items()]
        marked = [*arguments, *(["*"] if keywords and "*" not in arguments else []), *keywords]
        writer.call(f"def {self.name}", marked, ":")
        with writer.indented():
            writer.line(f'"""{signature(diagram)}, in blocks; differentiable in reverse."""')
            bind_parameters(writer, diagram, names, "dict")
            convert_inputs(writer, diagram, names)
            vary_together(writer, names.values())
            if self.plan.derivative is not None:
                given = [*names.values(), *map(block_argument, blocks)]
                writer.line(f"return _{self.name}_differentiable({', '.join(given)})")
            else:
                bind_shapes(writer, names, symbols)
                known = {input_name(node): name for node, name in names.items()}
                self._run(writer, self.plan.stages, known, symbols, blocks)
                writer.line(f"return {', '.join(known[name] for name in diagram.output_names)}")
        self.helpers |= writer.helpers
        return writer.text

    def _run(
        self, writer: Writer, stages: Iterable[Stage], names: dict[str, str], symbols: Mapping[str, str],
        blocks: Mapping[Axis, int],
    ) -> None:  # fmt: skip
        """Call the functions of stages; `names` gains what they make."""
        for stage in stages:
            diagram = stage.diagram
            arguments = [names[input_name(node)] for node in diagram.inputs]
            free = undetermined(diagram.inputs, diagram.size_symbols)
            arguments += [f"{identifier(symbol)}={symbols[symbol]}" for symbol in free]
            if _loops(stage):
                arguments += [f"{block_argument(a)}={block_argument(a)}" for a in _cut(stage) if a in blocks]
            for name in diagram.output_names:
                names[name] = writer.fresh(name)
            targets = ", ".join(names[name] for name in diagram.output_names)
            writer.call(f"{targets} = {_private(stage)}", arguments, "")

    # ---- the derivative

    def _differentiable(self, made: Derivative, blocks: Mapping[Axis, int]) -> str:
        writer, name = Writer(), f"_{self.name}_differentiable"
        count = len(self.diagram.inputs)
        fixed = tuple_text([str(count + place) for place in range(len(blocks))]) if blocks else "()"
        writer.line(f"@functools.partial(jax.custom_vjp, nondiff_argnums={fixed})")
        self._forward(writer, name, self.plan.stages, blocks, ())
        writer.line()
        writer.line()
        made = replace(made, saved=saved_names(self.diagram, made))
        self._forward(writer, keeping_function(self.name), made.forward, blocks, made.saved)
        writer.line()
        writer.line()
        self._backward(writer, made, blocks)
        writer.line()
        writer.line()
        writer.line(f"{name}.defvjp({keeping_function(self.name)}, {pulling_function(self.name)})")
        return writer.text

    def _forward(
        self, writer: Writer, name: str, stages: Sequence[Stage], blocks: Mapping[Axis, int], saved: tuple[str, ...]
    ) -> None:  # fmt: skip
        """The results; with what is saved beside them if anything is."""
        with writer.scope():
            writer.taken.update(map(block_argument, blocks))
            nodes = {node: writer.fresh(input_name(node)) for node in self.diagram.inputs}
            writer.line(f"def {name}({', '.join((*nodes.values(), *map(block_argument, blocks)))}):")
            with writer.indented():
                symbols = _sizes(writer, stages, nodes)
                names = {input_name(node): variable for node, variable in nodes.items()}
                self._run(writer, stages, names, symbols, blocks)
                results = [names[result] for result in self.diagram.output_names]
                made = tuple_text(results) if len(results) > 1 else results[0]
                keeping = name.endswith("_keeping")
                writer.line(
                    f"return {made}, {tuple_text([names[s] for s in saved]) if saved else '()'}"
                    if keeping else f"return {made}"
                )  # fmt: skip

    def _backward(self, writer: Writer, made: Derivative, blocks: Mapping[Axis, int]) -> None:
        with writer.scope():
            writer.taken.update((*map(block_argument, blocks), "saved", "cotangents"))
            names = {name: writer.fresh(name) for name in made.saved}
            names |= {input_name(node): writer.fresh(input_name(node)) for node in made.cotangents}
            arguments = (*map(block_argument, blocks), "saved", "cotangents")
            writer.line(f"def {pulling_function(self.name)}({', '.join(arguments)}):")
            with writer.indented():
                if made.saved:
                    writer.line(f"{unpacking([names[name] for name in made.saved])} = saved")
                given = iter(names[input_name(node)] for node in made.cotangents)
                real = [layout.dtype.kind == "float" for layout in self.diagram.layouts]
                targets = [next(given) if is_real else "_" for is_real in real]
                writer.line(f"{unpacking(targets) if len(targets) > 1 else targets[0]} = cotangents")
                inputs = [*(n for s in made.backward for n in s.diagram.inputs), *self.diagram.inputs]
                inputs += made.cotangents
                read = {n: names[input_name(n)] for n in inputs if input_name(n) in names}
                symbols = _sizes(writer, made.backward, read)
                self._run(writer, made.backward, names, symbols, blocks)
                gradients = [names[g] if g is not None else "None" for g in made.gradients]
                writer.line(f"return {tuple_text(gradients)}")


def block_lengths(plan: Blocks) -> dict[Axis, int]:
    """The axes that the public function of an entry cuts into blocks, with the lengths of these."""
    return {axis: n for stage in plan.stages if _loops(stage) for axis, n in _cut(stage).items()}


def keeping_function(name: str) -> str:
    """Of the public function of that name, the one that gives what its derivative reads beside the results."""
    return f"_{name}_keeping"


def pulling_function(name: str) -> str:
    """The derivative of the public function of that name, from what was kept and cotangents to gradients."""
    return f"_{name}_pull"


def saved_names(diagram: Diagram, made: Derivative) -> tuple[str, ...]:
    """What the blocks keep for their derivative, in order."""
    read = [*made.cotangents, *(n for s in (*made.forward, *made.backward) for n in s.diagram.inputs)]
    wanted = {u for s in made.backward for u in undetermined(s.diagram.inputs, s.diagram.size_symbols)}
    return with_sizes(diagram, (*made.saved, *map(input_name, made.cotangents)), read, wanted, made.saved)


def with_sizes(
    diagram: Diagram, known: Iterable[str], read: Iterable[Node], wanted: Iterable[str], saved: Iterable[str]
) -> tuple[str, ...]:
    """What is saved, and of the inputs those whose shapes give wanted sizes that those of known arrays do not."""
    every = {input_name(n): n for n in (*read, *diagram.inputs)}
    arrays = [every[name] for name in known if name in every]
    kept = list(saved)
    for node in diagram.inputs:
        left = undetermined(arrays, wanted)
        if set(left) & {symbol for axis in node.axes for symbol in axis.size.symbols}:
            arrays.append(node)
            kept.append(input_name(node))
    return tuple(dict.fromkeys(kept))


def _sizes(writer: Writer, stages: Iterable[Stage], arrays: Mapping[Node, str]) -> dict[str, str]:
    """Variables for the sizes that stages ask for, read off the shapes of arrays."""
    asked = (undetermined(s.diagram.inputs, s.diagram.size_symbols) for s in stages)
    symbols = {symbol: writer.fresh(symbol) for symbol in dict.fromkeys(chain.from_iterable(asked))}
    read_sizes(writer, arrays, symbols)
    return symbols


def _private(stage: Stage) -> str:
    """The name of a stage's function, which is none of the functions that the module defines for itself."""
    name = f"_{identifier(stage.diagram.name)}"
    return f"{name}_stage" if name in HELPERS or f"def {name}(" in RUNTIME + DERIVATIVE else name


def _loops(stage: Stage) -> bool:
    """Whether a stage runs in blocks."""
    return bool(stage.structure.streamed) and _pays(stage.structure)


def _cut(stage: Stage) -> dict[Axis, int]:
    """The axes of a stage that are cut into blocks, with the lengths of these."""
    lengths = {"tile": CPU_TILE, "stream": CPU_STREAM}
    return {a: lengths[e.kind] for a, e in stage.structure.extents.items() if e.kind in lengths}
