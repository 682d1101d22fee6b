"""Launchers for JAX: on dense arrays, chosen while JAX traces, started by jaxlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diagc.backends.jax_text import DTYPES
from diagc.backends.launcher import Call, Host, described
from diagc.backends.launches import Launch
from diagc.backends.triton_terms import size_text
from diagc.backends.writer import Writer, identifier, tuple_text
from diagc.core.diagram import Diagram, Node
from diagc.kernel.ir import Kernel


class _Jax:
    def launcher(self, diagram: Diagram) -> str:
        return f"_launch_{identifier(diagram.name)}"

    def place(self, array: str) -> list[str]:
        return []

    def ceiling(self, size: str, block: str) -> str:
        return f"_cdiv({size}, {block})"

    def power_of_two(self, size: str) -> str:
        return f"_power_of_two({size})"

    def processors(self, array: str) -> str:
        return "_processors()"

    def head(
        self, writer: Writer, launch: Launch, name: str, names: Mapping[Node, str], sizes: Sequence[str]
    ) -> None:
        writer.call(f"def {name}", [*names.values(), *sizes], ":")
        with writer.indented():
            writer.line(f'"""{described(launch, launch.diagram.name)} Sizes are read off the shapes."""')

    def check(self, writer: Writer, names: Mapping[Node, str]) -> None:
        """Launching does."""

    def allocate(
        self, writer: Writer, kernel: Kernel, names: Mapping[Node, str], symbols: Mapping[str, str]
    ) -> list[str]:
        made: list[str] = []
        for _, array in kernel.outputs:
            shape = tuple_text([size_text(axis.size, symbols) for axis in array.axes])
            made.append(f"jax.ShapeDtypeStruct({shape}, {DTYPES[array.dtype]})")
        if len(made) == 1:
            writer.line(f"made = {tuple_text(made)}")
        else:
            writer.call("made = ", made, "")
        return ["made"]

    def by_descriptor(self, arrays: Sequence[str], pipeline: bool = False) -> str:
        return "False"

    def refuse(self, writer: Writer, message: str) -> None:
        writer.line(f'raise _NotCarried(f"{message}")')

    def start(self, writer: Writer, call: Call, last: bool) -> None:
        constants = [f"{name}={value}" for name, value in call.constants.items()]
        arrays, sizes = (tuple_text(list(group)) for group in (call.arrays, call.sizes))
        arguments = [f'"{call.function}"', "grid", arrays, "made", sizes, "warps", "stages", *constants]
        if last:
            writer.call("return _launch", arguments, "")
            return
        writer.line("with contextlib.suppress(_NotCarried):")
        with writer.indented():
            writer.call("return _launch", arguments, "")


JAX: Host = _Jax()
