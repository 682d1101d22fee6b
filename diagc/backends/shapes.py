"""Lines of emitted code that read size symbols off the shapes of arrays and refuse shapes that contradict.

Every axis of every array is an equation `size polynomial = extent`; each symbol comes from the first equation that is
linear in it once those before it are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagc.backends.jax_text import TERM, UNARY, size_text
from diagc.backends.sizes import input_name, solve_linear
from diagc.backends.writer import Writer, tuple_text, unpacking
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Node

_Solution = tuple[str, Node, Axis]
"""A symbol, and the array and the axis that it comes from."""


def undetermined(arrays: Iterable[Node], symbols: Iterable[str]) -> list[str]:
    """The size symbols that the shapes of arrays do not determine."""
    known = {symbol for symbol, _, _ in _solutions(arrays)}
    return [symbol for symbol in symbols if symbol not in known]


def bind_shapes(writer: Writer, names: Mapping[Node, str], symbols: Mapping[str, str]) -> None:
    """Assign every symbol that the shapes of the named arrays determine, and check all shapes."""
    unpacked = _assign(writer, _solutions(names), names, symbols)
    for node, name in names.items():
        if node not in unpacked:
            _check_shape(writer, node, name, symbols)


def read_sizes(writer: Writer, names: Mapping[Node, str], symbols: Mapping[str, str]) -> None:
    """Assign the symbols, and no others, from shapes that were checked before."""
    found = list[_Solution]()
    needed = set(symbols)
    for solution in reversed(_solutions(names)):
        if solution[0] in needed:
            needed.update(solution[2].size.symbols)
            found.insert(0, solution)
    _assign(writer, found, names, symbols)


def _solutions(arrays: Iterable[Node]) -> list[_Solution]:
    known, found, progress = dict[str, int](), list[_Solution](), True
    nodes = list(arrays)
    while progress:
        progress = False
        for node in nodes:
            for axis in node.axes:
                solved = solve_linear(axis.size, known)
                if solved is not None:
                    known[solved[0]] = 7919 + 2 * len(known)  # any value: which are solved is all that counts
                    found.append((solved[0], node, axis))
                    progress = True
    return found


def _assign(
    writer: Writer, solutions: list[_Solution], names: Mapping[Node, str], symbols: Mapping[str, str]
) -> set[Node]:
    """Assign the symbols; the arrays whose shapes were unpacked whole into them, and need no check."""
    unpacked: set[Node] = set()
    for symbol, node, axis in solutions:
        plain = {a: s for s, source, a in solutions if source is node and str(a.size) == s}
        if axis not in plain:
            extent = f"{names[node]}.shape[{node.axes.index(axis)}]"
            writer.line(f"{symbols[symbol]} = {_solved(symbol, axis, extent, symbols)}")
        elif axis == next(iter(plain)):
            targets = [symbols[plain[a]] if a in plain else "_" for a in node.axes]
            writer.line(f"{unpacking(targets)} = {names[node]}.shape")
            unpacked.update((node,) if len(plain) == len(node.axes) else ())
    return unpacked


def _solved(symbol: str, axis: Axis, extent: str, symbols: Mapping[str, str]) -> str:
    """The symbol from `size = extent`, where the size is linear in it."""
    factor, rest = axis.size, axis.size
    for monomial, coefficient in axis.size.terms:
        if (symbol, 1) in monomial:
            others = tuple(part for part in monomial if part != (symbol, 1))
            factor = Size(((others, coefficient),))
            rest = rest - factor * Size.symbol(symbol)
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
