"""JAX source for the un-fused computation, as an engineer would write it from the specification.

The text is made without importing JAX. Every function takes arrays (anything array-like) by the names of the
specification, checks their shapes, converts them to the dtypes of the specification, and rounds where it says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from diagc.backends.jax_body import emit_body, size_symbols
from diagc.backends.jax_helpers import helpers_text
from diagc.backends.jax_text import DTYPES
from diagc.backends.shapes import bind_shapes, undetermined
from diagc.backends.sizes import input_name
from diagc.backends.writer import Writer
from diagc.core import ops
from diagc.core.derivative.shifts import relevant_choices
from diagc.core.diagram import Diagram, Node, walk

ParametersAs = Literal["dict", "arguments"]
"""Whether parameters come as one dict `params` keyed by their paths, or each as an argument."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What the emitted lines should call values, and where in a specification they come from (`file:line`)."""

    hints: Mapping[Node, str]
    sources: Mapping[Node, str]


NO_NAMES = Naming({}, {})


def emit_plain(
    diagram: Diagram, function_name: str, parameters: ParametersAs = "dict", naming: Naming = NO_NAMES
) -> str:
    """A whole module with one function; see `emit_module`."""
    return emit_module({function_name: diagram}, "", parameters, naming)


def emit_module(
    diagrams: Mapping[str, Diagram],
    header: str,
    parameters: ParametersAs = "dict",
    naming: Naming = NO_NAMES,
) -> str:
    """A module with one function for each diagram, `__all__`, the imports and helpers in use.

    `header` is put on top as comment lines.
    """
    functions, helpers = list[str](), set[str]()
    for name, diagram in diagrams.items():
        writer = Writer()
        emit_function(writer, diagram, name, parameters, naming)
        functions.append(writer.text)
        helpers |= writer.helpers
    texts = dict(zip(diagrams, functions, strict=True))
    return module_text(texts, helpers_text(helpers), header)


def module_text(functions: Mapping[str, str], helpers: str, header: str, data: str = "") -> str:
    """A module of functions by name, with the imports that they use and `__all__`; `data` are what they read."""
    bodies = helpers + "".join(f"\n\n{text}" for text in (*functions.values(), *filter(None, [data])))
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    exported = ", ".join(f'"{name}"' for name in functions)
    return f"{comment}{_imports(bodies)}\n__all__ = [{exported}]\n{bodies}"


_LIBRARY = ("base64", "contextlib", "functools", "math", "zlib")


def _imports(bodies: str) -> str:
    library = "".join(f"import {name}\n" for name in _LIBRARY if f"{name}." in bodies)
    library += "from typing import NamedTuple\n" if "NamedTuple" in bodies else ""
    wanted = (("jax.", "import jax\n"), ("jnp.", "import jax.numpy as jnp\n"))
    text = (library and f"{library}\n") + "".join(line for mark, line in wanted if mark in bodies)
    return text + ("from jax import lax\n" if "lax." in bodies else "")


def emit_function(
    writer: Writer,
    diagram: Diagram,
    function_name: str,
    parameters: ParametersAs = "dict",
    naming: Naming = NO_NAMES,
) -> None:
    """One Python function: the inputs in the order of the signature; sizes that no array determines, and the
    random key, by keyword.
    """
    writer.taken.update((function_name, "params", "key"))
    names = {node: writer.fresh(input_name(node)) for node in diagram.inputs}
    symbols = {
        symbol: writer.fresh(symbol)
        for symbol in dict.fromkeys((*diagram.size_symbols, *size_symbols(diagram.outputs)))
    }
    arguments = function_arguments(diagram, names, symbols, parameters)
    writer.call(f"def {function_name}", arguments, ":")
    with writer.indented():
        writer.line(f'"""{signature(diagram)}"""')
        bind_parameters(writer, diagram, names, parameters)
        convert_inputs(writer, diagram, names)
        if any(isinstance(n.op, ops.Scan) for n in walk(diagram.outputs)):
            vary_together(writer, names.values())
        bind_shapes(writer, names, symbols)
        choices = relevant_choices(diagram.outputs) if parameters == "dict" else ()
        results = emit_body(
            writer, diagram.outputs, names, symbols, diagram.layouts, naming.hints, naming.sources,
            choices=choices,
        )  # fmt: skip
        writer.line(f"return {', '.join(results)}")


def signature(diagram: Diagram) -> str:
    inputs = ", ".join(f"{input_name(node)}: {node.array}" for node in diagram.inputs if _is_tensor(node))
    results = [str(layout) for layout in diagram.layouts]
    result = results[0] if len(results) == 1 else f"({', '.join(results)})"
    return f"{diagram.name}({inputs}) -> {result}"


def _is_tensor(current: Node) -> bool:
    return isinstance(current.op, ops.Input) and current.op.role == "tensor"


def function_arguments(
    diagram: Diagram, names: Mapping[Node, str], symbols: Mapping[str, str], parameters: ParametersAs
) -> list[str]:
    as_dict = parameters == "dict"
    found = [names[node] for node in diagram.inputs if _is_tensor(node) or not as_dict]
    if as_dict and not all(map(_is_tensor, diagram.inputs)):
        found.append("params")
    keywords = [symbols[symbol] for symbol in undetermined(diagram.inputs, symbols)]
    if draws(diagram.outputs):
        keywords.append("key=0")
    return [*found, *(["*", *keywords] if keywords else [])]


def draws(roots: Sequence[Node]) -> bool:
    """Whether random numbers are drawn below the roots."""
    return any(
        isinstance(n.op, ops.Random) or (isinstance(n.op, ops.Scan) and draws(n.op.body.outputs))
        for n in walk(roots)
    )


def bind_parameters(
    writer: Writer, diagram: Diagram, names: Mapping[Node, str], parameters: ParametersAs
) -> None:
    for node in diagram.inputs:
        if parameters == "dict" and not _is_tensor(node):
            writer.line(f'{names[node]} = params["{input_name(node)}"]')


def convert_inputs(writer: Writer, diagram: Diagram, names: Mapping[Node, str]) -> None:
    """Arrays of the dtypes that the specification says."""
    groups: dict[str, list[str]] = {}
    for node in diagram.inputs:
        groups.setdefault(DTYPES[node.dtype], []).append(names[node])
    for dtype, group in groups.items():
        if len(group) == 1:
            writer.line(f"{group[0]} = jnp.asarray({group[0]}, {dtype})")
        else:
            together = ", ".join(group)
            writer.line(f"{together} = (jnp.asarray(array, {dtype}) for array in ({together}))")


def vary_together(writer: Writer, names: Collection[str]) -> None:
    """Inside shard_map a loop's state is of one type throughout: arrays vary over the same mesh axes."""
    if len(names) > 1:
        writer.helpers.add("_alike")
        writer.line(f"{', '.join(names)} = _alike({', '.join(names)})")
