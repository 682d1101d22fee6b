"""JAX source for the un-fused computation, as an engineer would write it from the specification.

The text is made without importing JAX. Every function takes arrays (anything array-like) by the names of the
specification, checks their shapes, converts them to the dtypes of the specification, and rounds where it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from diagc.backends.jax_body import emit_body, size_symbols
from diagc.backends.jax_helpers import helpers_text
from diagc.backends.jax_text import DTYPES, TERM, UNARY, size_text, tuple_text, unpacking
from diagc.backends.sizes import input_name, solve_linear
from diagc.backends.writer import Writer
from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.derivative.shifts import relevant_choices
from diagc.core.diagram import Array, Diagram, Node, walk

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


def module_text(functions: Mapping[str, str], helpers: str, header: str) -> str:
    """A module of functions by name, with the imports that they use and `__all__`."""
    bodies = helpers + "".join(f"\n\n{text}" for text in functions.values())
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    exported = ", ".join(f'"{name}"' for name in functions)
    return f"{comment}{_imports(bodies)}\n__all__ = [{exported}]\n{bodies}"


def _imports(bodies: str) -> str:
    library = "".join(f"import {name}\n" for name in ("functools", "math") if f"{name}." in bodies)
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
        bind_shapes(writer, diagram, names, symbols)
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
    keywords = [symbols[symbol] for symbol in undetermined(diagram, list(symbols))]
    if _draws(diagram.outputs):
        keywords.append("key=0")
    return [*found, *(["*", *keywords] if keywords else [])]


def _draws(roots: Sequence[Node]) -> bool:
    """Whether random numbers are drawn below the roots."""
    return any(
        isinstance(n.op, ops.Random) or (isinstance(n.op, ops.Scan) and _draws(n.op.body.outputs))
        for n in walk(roots)
    )


def undetermined(diagram: Diagram, symbols: list[str]) -> list[str]:
    """The size symbols that the shapes of the inputs do not determine."""
    known = {symbol: 7919 for symbol, _, _ in _solutions(diagram)}
    return [symbol for symbol in symbols if symbol not in known]


def _solutions(diagram: Diagram) -> list[tuple[str, Node, Axis]]:
    """Which symbol comes from which axis of which input, in an order in which each is linear in one new symbol."""
    known, found = dict[str, int](), list[tuple[str, Node, Axis]]()
    progress = True
    while progress:
        progress = False
        for node in diagram.inputs:
            for axis in node.axes:
                solved = solve_linear(axis.size, known)
                if solved is not None:
                    known[solved[0]] = 7919 + 2 * len(
                        known
                    )  # any value: which symbols are solved is all that counts
                    found.append((solved[0], node, axis))
                    progress = True
    return found


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


def bind_shapes(
    writer: Writer, diagram: Diagram, names: Mapping[Node, str], symbols: Mapping[str, str]
) -> None:
    solutions = _solutions(diagram)
    checked: set[Node] = set()
    for symbol, node, axis in solutions:
        plain = {a: s for s, source, a in solutions if source is node and str(a.size) == s}
        if axis not in plain:
            extent = f"{names[node]}.shape[{node.axes.index(axis)}]"
            writer.line(f"{symbols[symbol]} = {_solved(symbol, axis, extent, symbols)}")
        elif axis == next(iter(plain)):
            targets = [symbols[plain[a]] if a in plain else "_" for a in node.axes]
            writer.line(f"{unpacking(targets)} = {names[node]}.shape")
            checked.update((node,) if len(plain) == len(node.axes) else ())
    for node in diagram.inputs:
        if node not in checked:
            _check_shape(writer, node, names[node], symbols)


def _solved(symbol: str, axis: Axis, extent: str, symbols: Mapping[str, str]) -> str:
    """The symbol from `size = extent`, where the size is linear in it."""
    factor, rest = axis.size, axis.size
    for monomial, coefficient in axis.size.terms:
        if (symbol, 1) in monomial:
            others = tuple(part for part in monomial if part != (symbol, 1))
            factor = type(axis.size)(((others, coefficient),))
            rest = rest - factor * type(axis.size).symbol(symbol)
    text = extent
    if rest.terms:
        text = f"{extent} - {size_text(rest, symbols).at(TERM)}"
        text = f"({text})" if factor.value != 1 else text
    return text if factor.value == 1 else f"{text} // {size_text(factor, symbols).at(UNARY)}"


def _check_shape(writer: Writer, node: Node, name: str, symbols: Mapping[str, str]) -> None:
    extents = [size_text(axis.size, symbols).text for axis in node.axes]
    expected = tuple_text(extents) if extents else "()"
    axes = Array(node.dtype, node.axes)
    writer.line(f"if {name}.shape != {expected}:")
    with writer.indented():
        message = f"{input_name(node)}: {axes} has shape {{{name}.shape}}, expected {{{expected}}}"
        writer.line(f'raise ValueError(f"{message}")')
