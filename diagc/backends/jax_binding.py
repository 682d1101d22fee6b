"""A function of a JAX file that is kernels where it is lowered for CUDA, and elsewhere what JAX makes of the entry.

Shapes are known when JAX traces: there launchers choose plan, configuration and grid, as those for torch do when they
are called. Both sides have the derivative of the entry; each keeps its own states, beside inputs and results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagc.backends.jax_block_frame import block_argument
from diagc.backends.jax_launcher import JAX
from diagc.backends.jax_plain import (
    bind_parameters,
    convert_inputs,
    function_arguments,
    signature,
    vary_together,
)
from diagc.backends.jax_program import (
    Blocks,
    block_lengths,
    keeping_function,
    pulling_function,
    saved_names,
    with_sizes,
)
from diagc.backends.launcher import free_symbols, launcher_text
from diagc.backends.launches import Differentiated, EntryKernels, Plan
from diagc.backends.shapes import bind_shapes, read_sizes
from diagc.backends.sizes import input_name
from diagc.backends.triton_calls import call_launches
from diagc.backends.triton_parts import parted_plans
from diagc.backends.writer import Writer, tuple_text, unpacking
from diagc.core import ops
from diagc.core.diagram import Array, Diagram, Node


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What an entry is on other platforms: the function `name`, in blocks if there is a plan for them.

    JAX can differentiate the function `plain` itself.
    """

    name: str
    plan: Blocks | None
    plain: str


def binding_text(
    kernels: EntryKernels, name: str, elsewhere: Elsewhere, is_differentiable: bool, helpers: set[str]
) -> str:
    """The functions of an entry whose kernels its file carries; the public one is called `name`.

    Names of helpers that it calls are added to `helpers`.
    """
    return _Binding(kernels, name, elsewhere, is_differentiable, helpers).text()


@dataclass(frozen=True, slots=True)
class _Binding:
    kernels: EntryKernels
    name: str
    elsewhere: Elsewhere
    is_differentiable: bool
    helpers: set[str]

    def text(self) -> str:
        launches = {
            launch.diagram.name: launch for plan in self.kernels.every_plan for launch in plan.launches
        }
        parts = [launcher_text(launch, JAX.launcher(launch.diagram), JAX) for launch in launches.values()]
        parts.append(self._kernels())
        if self.is_differentiable:
            parts += (
                [] if self.made is None else [self._kernels_keeping(self.made), self._kernels_pull(self.made)]
            )
            parts += [self._either(), self._either_keeping(), self._either_pull()]
            parts.append(f"{self.either}.defvjp({self.either}_keeping, {self.either}_pull)\n")
        return "\n\n".join([*parts, self._public()])

    # ---- what there is

    @property
    def diagram(self) -> Diagram:
        return self.kernels.diagram

    @property
    def made(self) -> Differentiated | None:
        """The derivative by kernels."""
        return self.kernels.differentiated[0] if self.kernels.differentiated else None

    @property
    def run(self) -> str:
        return f"_{self.name}_kernels"

    @property
    def either(self) -> str:
        return f"_{self.name}_either"

    @property
    def inputs(self) -> list[str]:
        return [input_name(node) for node in self.diagram.inputs]

    @property
    def real_inputs(self) -> list[str]:
        return [input_name(node) for node in self.diagram.inputs if _is_real(node.array)]

    @property
    def cotangents(self) -> list[str | None]:
        """For each result the name of its cotangent; None where it is no real array."""
        taken = {*self.inputs, *self.diagram.output_names}
        results = zip(self.diagram.output_names, self.diagram.layouts, strict=True)
        names = [f"d_{name}" if _is_real(layout) else None for name, layout in results]
        return [f"{name}_" if name in taken else name for name in names]

    @property
    def blocks(self) -> list[str]:
        """The arguments that say how long blocks are."""
        plan = self.elsewhere.plan
        return [] if plan is None else [block_argument(axis) for axis in block_lengths(plan)]

    @property
    def kept_by_blocks(self) -> tuple[str, ...] | None:
        """What blocks keep for their derivative; None where JAX differentiates."""
        plan = self.elsewhere.plan
        return None if plan is None or plan.derivative is None else saved_names(self.diagram, plan.derivative)

    @property
    def kept_by_kernels(self) -> tuple[str, ...]:
        made = self.made
        if made is None:
            return ()
        launches = (*made.forward.launches, *made.backward.launches)
        read = [*made.cotangents, *(n for launch in launches for n in launch.diagram.inputs)]
        known = (*made.saved, *map(input_name, made.cotangents))
        return with_sizes(self.diagram, known, read, _needed(made.backward), made.saved)

    @property
    def shared(self) -> list[str]:
        """The inputs and results that are kept for the derivative of either side."""
        kept = {*self.kept_by_kernels, *(self.inputs if self.kept_by_blocks is None else self.kept_by_blocks)}
        return [name for name in dict.fromkeys((*self.inputs, *self.diagram.output_names)) if name in kept]

    def states(self, kept: Iterable[str]) -> list[str]:
        """What is kept beside inputs and results."""
        return [name for name in kept if name not in {*self.inputs, *self.diagram.output_names}]

    # ---- by kernels

    def _kernels(self) -> str:
        writer, names = self._begin(self.run, self.inputs, "by its kernels")
        with writer.indented():
            symbols = {symbol: writer.fresh(symbol) for symbol in self.diagram.size_symbols}
            bind_shapes(writer, {n: names[input_name(n)] for n in self.diagram.inputs}, symbols)
            parted_plans(writer, self.kernels, names, symbols, JAX)
            call_launches(writer, self.kernels.plans[0], names, symbols, JAX)
            writer.line(f"return {self._results(names)}")
        return writer.text

    def _kernels_keeping(self, made: Differentiated) -> str:
        writer, names = self._begin(f"{self.run}_keeping", self.inputs, "and what its derivative reads")
        with writer.indented():
            symbols = _read(writer, made.forward, self.diagram.inputs, names)
            call_launches(writer, made.forward, names, symbols, JAX)
            states = [names[name] for name in self.states(self.kept_by_kernels)]
            writer.line(f"return {self._results(names)}, {tuple_text(states)}")
        return writer.text

    def _kernels_pull(self, made: Differentiated) -> str:
        given = [name for name in self.cotangents if name is not None]
        arguments = ["states", *self.shared, *given]
        writer, names = self._begin(f"{self.run}_pull", arguments, "differentiated by its kernels")
        names |= {input_name(n): names[name] for n, name in zip(made.cotangents, given, strict=True)}
        with writer.indented():
            states = self.states(self.kept_by_kernels)
            names |= {name: writer.fresh(name) for name in states}
            if states:
                writer.line(f"{unpacking([names[name] for name in states])} = states")
            read = [n for launch in made.backward.launches for n in launch.diagram.inputs]
            symbols = _read(writer, made.backward, [*read, *self.diagram.inputs], names)
            call_launches(writer, made.backward, names, symbols, JAX)
            writer.line(f"return {tuple_text([names[g] for g in made.gradients if g is not None])}")
        return writer.text

    # ---- by either

    def _either(self) -> str:
        writer, names = self._writer()
        if self.blocks:
            places = [str(len(self.inputs) + place) for place in range(len(self.blocks))]
            writer.line(f"@functools.partial(jax.custom_vjp, nondiff_argnums={tuple_text(places)})")
        else:
            writer.line("@jax.custom_vjp")
        writer.line(f"def {self.either}({', '.join((*names.values(), *self.blocks))}):")
        with writer.indented():
            self._choose(writer, names)
        return writer.text

    def _choose(self, writer: Writer, names: dict[str, str]) -> None:
        arguments = ", ".join(names.values())
        writer.line(f"def elsewhere({arguments}):")
        with writer.indented():
            writer.line(f"return {self._call(names)}")
        writer.line()
        writer.line(f"return _either({self.run}, elsewhere, {arguments})")

    def _either_keeping(self) -> str:
        writer, names = self._writer()
        arguments = ", ".join(names.values())
        writer.line(f"def {self.either}_keeping({', '.join((*names.values(), *self.blocks))}):")
        with writer.indented():
            self._elsewhere_keeping(writer, names)
            if self.made is None:
                writer.line(f"made, states = elsewhere({arguments})")
                writer.line("states = (None, states)")
            else:
                self._whole(writer, names)
                writer.line(f"made, states = _keep(whole, {self.run}_keeping, elsewhere, {arguments})")
            if set(self.shared) & set(self.diagram.output_names):
                self._unpack_results(writer, names)
            writer.line(f"return made, {tuple_text(['states', *(names[name] for name in self.shared)])}")
        return writer.text

    def _elsewhere_keeping(self, writer: Writer, names: dict[str, str]) -> None:
        writer.line(f"def elsewhere({', '.join(names.values())}):")
        kept = self.kept_by_blocks
        with writer.indented(), writer.scope():
            if kept is None:
                writer.line(f"return {self._call(names)}, ()")
            else:
                states = {name: writer.fresh(name) for name in self.states(kept)}
                targets = tuple_text([states.get(name, "_") for name in kept]) if states else "_"
                call = (
                    f"{keeping_function(self.elsewhere.name)}({', '.join((*names.values(), *self.blocks))})"
                )
                writer.line(f"made, {targets} = {call}")
                writer.line(f"return made, {tuple_text(list(states.values()))}")
        writer.line()

    def _whole(self, writer: Writer, names: dict[str, str]) -> None:
        """Both directions, for which there are kernels or not."""
        arguments = ", ".join(names.values())
        writer.line(f"def whole({arguments}):")
        with writer.indented(), writer.scope():
            inside = dict(names)
            writer.line(f"made, states = {self.run}_keeping({arguments})")
            self._unpack_results(writer, inside)
            real = [inside[n] for n, d in zip(self.diagram.output_names, self.cotangents, strict=True) if d]
            writer.line(
                f"return {self.run}_pull({', '.join(('states', *(inside[n] for n in self.shared), *real))})"
            )
        writer.line()

    def _either_pull(self) -> str:
        given = [name for name in self.cotangents if name is not None]
        writer = Writer()
        writer.taken.update((*self.blocks, "saved", "states", "cotangents", "elsewhere"))
        names = {name: writer.fresh(name) for name in (*self.shared, *given)}
        writer.line(f"def {self.either}_pull({', '.join((*self.blocks, 'saved', 'cotangents'))}):")
        with writer.indented():
            writer.line(f"{unpacking(['states', *(names[name] for name in self.shared)])} = saved")
            targets = ["_" if name is None else names[name] for name in self.cotangents]
            writer.line(f"{', '.join(targets)} = cotangents")
            writer.line()
            arguments = ", ".join(names.values())
            writer.line(f"def elsewhere(states, {arguments}):")
            with writer.indented(), writer.scope():
                self._elsewhere_pull(writer, names)
            writer.line()
            if self.made is None:
                writer.line(f"found = elsewhere(states[1], {arguments})")
            else:
                writer.line(f"found = _pull({self.run}_pull, elsewhere, states, {arguments})")
            real = iter(range(len(self.real_inputs)))
            gradients = [f"found[{next(real)}]" if _is_real(n.array) else "None" for n in self.diagram.inputs]
            writer.line(f"return {tuple_text(gradients)}")
        return writer.text

    def _elsewhere_pull(self, writer: Writer, names: dict[str, str]) -> None:
        kept = self.kept_by_blocks
        cotangents = ["None" if name is None else names[name] for name in self.cotangents]
        if kept is not None:
            states = {name: writer.fresh(name) for name in self.states(kept)}
            if states:
                writer.line(f"{unpacking(list(states.values()))} = states")
            saved = tuple_text([states.get(name) or names[name] for name in kept])
            given = cotangents[0] if len(cotangents) == 1 else tuple_text(cotangents)
            call = f"{pulling_function(self.elsewhere.name)}({', '.join((*self.blocks, saved, given))})"
            writer.line(f"found = {call}")
            whole = len(self.real_inputs) == len(self.inputs)
            real = [f"found[{p}]" for p, node in enumerate(self.diagram.inputs) if _is_real(node.array)]
            writer.line(f"return {'found' if whole else tuple_text(real)}")
            return
        reals = [names[name] for name in self.real_inputs]
        places = [place for place, name in enumerate(self.cotangents) if name is not None]
        writer.line(f"def real({', '.join(reals)}):")
        with writer.indented():
            call = self._call(names, plain=True)
            chosen = "" if len(places) == len(cotangents) else f"[{places[0]}]"
            if len(places) > 1 and chosen:
                writer.line(f"made = {call}")
                writer.line(f"return {tuple_text([f'made[{place}]' for place in places])}")
            else:
                writer.line(f"return {call}{chosen}")
        writer.line()
        given = [name for name in cotangents if name != "None"]
        pulled = given[0] if len(given) == 1 else f"({', '.join(given)})"
        writer.line(f"return jax.vjp(real, {', '.join(reals)})[1]({pulled})")

    # ---- the public function

    def _public(self) -> str:
        writer, diagram = Writer(), self.diagram
        writer.taken.update((self.name, "params", "elsewhere", *self.blocks))
        nodes = {node: writer.fresh(input_name(node)) for node in diagram.inputs}
        plan = self.elsewhere.plan
        lengths = {} if plan is None else block_lengths(plan)
        keywords = [f"{block_argument(axis)}={length}" for axis, length in lengths.items()]
        arguments = [*function_arguments(diagram, nodes, {}, "dict"), *(["*"] if keywords else []), *keywords]
        fixed = tuple_text([f'"{block}"' for block in self.blocks])
        writer.line(f"@functools.partial(jax.jit, static_argnames={fixed})" if self.blocks else "@jax.jit")
        writer.call(f"def {self.name}", arguments, ":")
        with writer.indented():
            how = "in blocks" if plan is not None else "by JAX"
            writer.line(f'"""{signature(diagram)}, by kernels on CUDA, {how} elsewhere."""')
            bind_parameters(writer, diagram, nodes, "dict")
            convert_inputs(writer, diagram, nodes)
            vary_together(writer, nodes.values())
            if self.is_differentiable:
                writer.line(f"return {self.either}({', '.join((*nodes.values(), *self.blocks))})")
            else:
                writer.line()
                self._choose(writer, {input_name(node): name for node, name in nodes.items()})
        self.helpers.update(("_alike", *writer.helpers))
        return writer.text

    # ---- parts of text

    def _writer(self) -> tuple[Writer, dict[str, str]]:
        """A writer and the names of the inputs."""
        writer = Writer()
        writer.taken.update(("made", "states", "elsewhere", "whole", *self.blocks))
        return writer, {name: writer.fresh(name) for name in self.inputs}

    def _begin(self, name: str, arguments: Sequence[str], what: str) -> tuple[Writer, dict[str, str]]:
        """A function of kernels, and the names of its arguments."""
        writer = Writer()
        names = {argument: writer.fresh(argument) for argument in arguments}
        writer.call(f"def {name}", names.values(), ":")
        with writer.indented():
            writer.line(f'"""{self.kernels.name}, {what}."""')
        return writer, names

    def _call(self, names: dict[str, str], plain: bool = False) -> str:
        """The entry on other platforms."""
        tensors = [n for n in self.diagram.inputs if isinstance(n.op, ops.Input) and n.op.role == "tensor"]
        arguments = [names[input_name(node)] for node in tensors]
        if len(tensors) < len(self.diagram.inputs):
            others = [input_name(node) for node in self.diagram.inputs if node not in tensors]
            arguments.append(f"{{{', '.join(f'{name!r}: {names[name]}' for name in others)}}}")
        arguments += [] if plain else [f"{block}={block}" for block in self.blocks]
        return f"{self.elsewhere.plain if plain else self.elsewhere.name}({', '.join(arguments)})"

    def _results(self, names: dict[str, str]) -> str:
        results = [names[name] for name in self.diagram.output_names]
        return results[0] if len(results) == 1 else tuple_text(results)

    def _unpack_results(self, writer: Writer, names: dict[str, str]) -> None:
        """Variables for the results that are kept or have a cotangent."""
        for name in self.diagram.output_names:
            names[name] = writer.fresh(name)
        writer.line(f"{', '.join(names[name] for name in self.diagram.output_names)} = made")


def _is_real(array: Array) -> bool:
    return array.dtype.kind == "float"


def _needed(plan: Plan) -> list[str]:
    """The sizes that the launches of a plan ask for."""
    return list(dict.fromkeys(symbol for launch in plan.launches for symbol in free_symbols(launch)))


def _read(writer: Writer, plan: Plan, arrays: Iterable[Node], names: dict[str, str]) -> dict[str, str]:
    """Variables for the sizes that a plan asks for."""
    symbols = {symbol: writer.fresh(symbol) for symbol in _needed(plan)}
    read_sizes(writer, {n: names[input_name(n)] for n in arrays if input_name(n) in names}, symbols)
    return symbols
