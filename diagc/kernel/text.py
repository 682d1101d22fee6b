"""Kernel IR as text, one statement a line, for `diagc compile --emit kernel`."""

from __future__ import annotations

from collections.abc import Iterator

from diagc.kernel import ir


def print_kernel(kernel: ir.Kernel) -> str:
    """The kernel with its extents and statements; values are numbered in order of definition."""
    names: dict[ir.Value, str] = {}
    lines = [f"kernel {kernel.name}"]
    lines += [f"  axis {axis} is {extent.kind}" for axis, extent in kernel.extents.items()]
    lines += [f"  {line}" for line in _lines(kernel.body, names)]
    return "\n".join(lines) + "\n"


def _name(value: ir.Value, names: dict[ir.Value, str]) -> str:
    return names.setdefault(value, f"%{len(names)}")


def _typed(value: ir.Value, names: dict[ir.Value, str]) -> str:
    hint = f" {value.hint}" if value.hint else ""
    return f"{_name(value, names)}{hint}: {value.dtype.value}[{' '.join(map(str, value.axes))}]"


def _lines(statements: tuple[ir.Statement, ...], names: dict[ir.Value, str]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ir.Loop():
                ends = f"from {_bound(statement.start, names)} to {_bound(statement.stop, names)}"
                yield f"for {statement.axis} {ends}, {statement.phase} tiles"
                yield from (
                    f"  carries {_typed(c.state, names)} from {_name(c.start, names)}"
                    for c in statement.carried
                )
                yield from (f"  {line}" for line in _lines(statement.body, names))
                yield from (
                    f"  next {_name(c.state, names)} = {_name(c.next, names)}" for c in statement.carried
                )
                yield from (
                    f"{_typed(c.result, names)} = last {_name(c.state, names)}" for c in statement.carried
                )
            case ir.Search():
                both = f"{_typed(statement.first, names)}, {_typed(statement.past, names)}"
                ends = f"from {_bound(statement.start, names)} to {_bound(statement.stop, names)}"
                yield f"{both} = first and past the last of {statement.axis} {ends} with"
                yield from (f"  {line}" for line in _lines(statement.body, names))
                yield f"  holds {_name(statement.condition, names)}"
            case ir.Store(output, value, guard):
                yield f"store {output}, {_name(value, names)}{_guard(guard)}"
            case _:
                yield f"{_typed(statement.target, names)} = {_right(statement, names)}"


def _right(statement: ir.Load | ir.Computation, names: dict[ir.Value, str]) -> str:
    match statement:
        case ir.Load(_, source, coordinates, guard, fill):
            places = ", ".join(_name(c, names) if isinstance(c, ir.Value) else str(c) for c in coordinates)
            return f"load {getattr(source.op, 'name', '')}[{places}]{_guard(guard)} else {fill}"
        case ir.Running(_, monoid, axis, operand):
            return f"running {monoid} along {axis} of {_name(operand, names)}"
        case ir.Apply(_, function, operands):
            return f"{function} {', '.join(_name(o, names) for o in operands)}"
        case ir.Number(_, value):
            return str(value)
        case ir.Index(_, axis):
            return f"index {axis}"
        case ir.Inside(_, axis):
            return f"index {axis} < {axis.size}"
        case ir.Progress(_, axis, after):
            return f"indices of {axis} processed {'after' if after else 'before'} this tile"
        case ir.Fold(_, monoid, axes, operand):
            return f"{monoid}[{' '.join(map(str, axes))}] {_name(operand, names)}"
        case ir.Dot(_, left, right, axes, compute, start):
            onto = f" onto {_name(start, names)}" if start is not None else ""
            both = f"{_name(left, names)}, {_name(right, names)}"
            return f"dot[{' '.join(map(str, axes))}] {both} in {compute.value}{onto}"


def _guard(axes: tuple[object, ...]) -> str:
    return f" where {' '.join(map(str, axes))} inside" if axes else ""


def _bound(bound: ir.Bound, names: dict[ir.Value, str]) -> str:
    parts = [_bound(p, names) if isinstance(p, ir.Bound) else _edge(p, names) for p in bound.parts]
    text = parts[0] if len(parts) == 1 else f"{bound.kind}({', '.join(parts)})"
    return text if bound.rounding == "none" else f"{text} rounded {bound.rounding}"


def _edge(edge: ir.Edge, names: dict[ir.Value, str]) -> str:
    terms = [f"{end} {axis}" if c == 1 else f"{c} * {end} {axis}" for axis, end, c in edge.terms]
    terms += [_name(v, names) if c == 1 else f"{c} * {_name(v, names)}" for v, _, c in edge.values]
    return " + ".join([*terms, *([str(edge.offset)] if edge.offset.terms or not terms else [])])
