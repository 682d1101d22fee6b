"""Size symbols from the shapes of the caller's arrays.

Every axis of every input is an equation `size polynomial = extent`. Equations that are linear in one unknown symbol
are solved until none is left; then all of them are checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Diagram, Node
from diagc.diagnostics import Diagnostic, DiagnosticError


@dataclass(frozen=True, slots=True)
class _Equation:
    array: str
    axis: Axis
    extent: int


def input_name(current: Node) -> str:
    """The name of an input node, as in the specification."""
    assert isinstance(current.op, ops.Input)
    return current.op.name


def bind_sizes(
    diagram: Diagram, shapes: Mapping[str, tuple[int, ...]], sizes: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The value of every size symbol of the diagram.

    `shapes` are those of the inputs by name, axes in the order of the input's type; `sizes` fixes symbols beforehand.
    Raises `DiagnosticError`: E0601 a shape contradicts (array, axis, expected, got), E0602 a size is not determined,
    E0603 an array is missing, E0604 a size comes out negative.
    """
    equations = _equations(diagram, shapes)
    bound = dict(sizes or {})
    _solve(equations, bound)
    _check(diagram, equations, bound)
    return bound


def _equations(diagram: Diagram, shapes: Mapping[str, tuple[int, ...]]) -> list[_Equation]:
    problems, found = list[Diagnostic](), list[_Equation]()
    for current in diagram.inputs:
        name = input_name(current)
        if name not in shapes:
            problems.append(Diagnostic("E0603", f"array `{name}: {current.array}` is missing"))
        elif len(shapes[name]) != len(current.axes):
            message = f"array `{name}` has axes [{' '.join(map(str, current.axes))}] but shape {shapes[name]}"
            problems.append(Diagnostic("E0601", message))
        else:
            found.extend(map(_Equation, [name] * len(current.axes), current.axes, shapes[name]))
    if problems:
        raise DiagnosticError(problems)
    return found


def solve_linear(size: Size, known: Mapping[str, int]) -> tuple[str, int, int] | None:
    """`(symbol, factor, offset)` when, at the known symbols, the size is `factor · symbol + offset`."""
    left = size.substitute({name: Size.constant(value) for name, value in known.items()})
    if len(left.symbols) != 1:
        return None
    symbol, terms = left.symbols[0], dict(left.terms)
    factor, offset = terms.pop(((symbol, 1),), 0), terms.pop((), 0)
    return None if terms or not factor else (symbol, factor, offset)


def _solve(equations: list[_Equation], bound: dict[str, int]) -> None:
    pending, progress = list(equations), True
    while progress:
        progress, waiting = False, list[_Equation]()
        for equation in pending:
            solved = solve_linear(equation.axis.size, bound)
            if solved is None:
                waiting.append(equation)
                continue
            symbol, factor, offset = solved
            bound[symbol] = (equation.extent - offset) // factor
            progress = True
        pending = waiting


def _check(diagram: Diagram, equations: list[_Equation], bound: Mapping[str, int]) -> None:
    missing = [symbol for symbol in diagram.size_symbols if symbol not in bound]
    if missing:
        text = ", ".join(f"`{symbol}`" for symbol in missing)
        raise DiagnosticError([Diagnostic("E0602", f"no array determines the size {text}: give its value")])
    problems: list[Diagnostic] = []
    for equation in equations:
        expected = equation.axis.size.evaluate(bound)
        if expected != equation.extent:
            rule = "" if equation.axis.size.value is not None else f" = {equation.axis.size}"
            message = (
                f"axis `{equation.axis}` of array `{equation.array}` has size {equation.extent}, "
                f"expected {expected}{rule}"
            )
            problems.append(Diagnostic("E0601", message))
    for axis in diagram.axes:
        value = axis.size.evaluate(bound)
        if value < 0:
            problems.append(
                Diagnostic("E0604", f"the size of axis `{axis}`, {axis.size}, comes out as {value}")
            )
    if problems:
        raise DiagnosticError(problems)
