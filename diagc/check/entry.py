"""Entries: the `fn`s of a file that can be compiled by themselves, as diagrams.

A `fn` is an entry when all its tensors have types. Its axis parameters become axes of free size, unless a
re-indexing in the body determines the size, as in `X[n -> i + k]` (language §2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace

from diagc.check import body as bodies
from diagc.check.calls import call
from diagc.check.context import CallRecord, Context, FunctionValue, Poisoned
from diagc.check.expressions import Body
from diagc.check.forms import scan_form
from diagc.check.functions import term
from diagc.check.indexing import affine_coordinate, bounds, index
from diagc.check.scope import Module
from diagc.core import ops
from diagc.core.axes import ONE, Axis, Size
from diagc.core.diagram import Array, Diagram, Node, node, walk
from diagc.diagnostics import DiagnosticError, Sink
from diagc.source import Span
from diagc.syntax import tree


@dataclass(frozen=True, slots=True)
class Entry:
    """A compiled entry: its diagram, and where its nodes were written and by which calls."""

    diagram: Diagram
    spans: dict[Node, Span]
    names: dict[Node, str]
    calls: tuple[CallRecord, ...]


def new_body(module: Module, context: Context) -> Body:
    """An empty scope of a module, with the rooms for calls and indexing attached."""
    return Body(module, context, call=call, scan=scan_form, index=index)


def entry_names(module: Module) -> tuple[str, ...]:
    """The functions of a file that can be compiled by themselves, in the order of the file."""
    return tuple(name for name, item in module.functions.items() if _is_entry(module, item))


def _is_entry(module: Module, item: tree.Fn | tree.Alias) -> bool:
    if isinstance(item, tree.Alias):
        try:
            item = term(new_body(module, Context(Sink())), item.term, (item,)).fn
        except (DiagnosticError, Poisoned):
            return False
    return all(parameter.type is not None for parameter in item.params)


def build_entry(module: Module, name: str, sink: Sink) -> Entry | None:
    """The diagram of an entry; None when an error was reported to the sink."""
    context = Context(sink)
    scope = new_body(module, context)
    item = module.functions[name]
    try:
        function = (
            FunctionValue(module, item) if isinstance(item, tree.Fn) else term(scope, item.term, (item,))
        )
        return _build(scope, name, function)
    except DiagnosticError as error:
        sink.extend(error.diagnostics)
    except Poisoned:
        pass
    return None


def _build(scope: Body, name: str, function: FunctionValue) -> Entry:
    context, fn = scope.context, function.fn
    scope = replace(scope, module=function.module, woven=function.woven, path="")
    scope.axes.update(_formal_axes(scope, function))
    inputs = [_input(scope, parameter, function.woven) for parameter in fn.params]
    scope.locals.update(
        {parameter.name.text: value for parameter, value in zip(fn.params, inputs, strict=True)}
    )
    scope.locals.update(dict(function.arguments))
    results = bodies.run(scope, fn, None)
    layouts = [_layout(scope, fn, place, value) for place, value in enumerate(results)]
    parameters = [context.parameters[path] for path in sorted(context.parameters)]
    names = [r.name.text if r.name else "" for r in fn.results or ()]
    outputs = tuple(
        n or ("out" if len(results) == 1 else f"out{i}") for i, n in enumerate(names or [""] * len(results))
    )
    diagram = Diagram(name, (*inputs, *parameters), results, outputs, tuple(layouts))
    kept = set(walk(results))
    spans = {n: s for n, s in context.spans.items() if n in kept}
    return Entry(diagram, spans, context.names, tuple(context.calls))


def _input(scope: Body, parameter: tree.Parameter, woven: tuple[Axis, ...]) -> Node:
    assert parameter.type is not None
    array = bodies.type_axes(scope, parameter.type)
    axes = tuple(dict.fromkeys((*woven, *array.axes))) if array.axes else array.axes
    made = node(ops.Input(parameter.name.text), array=Array(array.dtype, axes, array.index_of))
    return scope.context.note(made, parameter.span)


def _layout(scope: Body, fn: tree.Fn, place: int, value: Node) -> Array:
    if fn.results is None:
        return value.array
    array = bodies.type_axes(scope, fn.results[place].type)
    return Array(array.dtype, tuple(dict.fromkeys((*scope.woven, *array.axes))), array.index_of)


def _formal_axes(scope: Body, function: FunctionValue) -> dict[str, Axis]:
    names = [f.text for f in function.fn.axis_params or ()]
    given = dict(zip(names, function.axes or (), strict=False))
    given |= {name: Axis(name, Size.constant(size)) for name, size in function.sizes}
    free = {name: Axis(name, Size.symbol(name)) for name in names if name not in given}
    determined = {a.text for p in function.fn.params if p.type for a in p.type.axes or ()}
    found = {**given, **free}
    probe = replace(scope, axes=found)
    for name in [n for n in free if n not in determined]:
        size = _inferred_size(probe, function.fn, found[name])
        if size is not None:
            found[name] = Axis(name, size)
    return found


def _inferred_size(scope: Body, fn: tree.Fn, axis: Axis) -> Size | None:
    """The largest size for which every re-indexing `n -> axis + …` stays in range."""
    for written in _indexings(fn):
        if not isinstance(written, tree.Reindex) or written.fill is not None:
            continue
        read, coordinate = scope.find_axis(written.axis.text), affine_coordinate(scope, written.target)
        if (
            read is None
            or coordinate is None
            or dict(coordinate.terms).get(axis) != ONE
            or read.size == axis.size
        ):
            continue
        reach = bounds(coordinate)
        if reach is not None:
            return read.size - 1 - reach[1] + axis.size
    return None


def _indexings(item: object) -> Iterator[tree.Reindex | tree.Split | tree.Merge]:
    """Every entry of an index expression below a tree node."""
    if isinstance(item, tree.Index):
        yield from item.entries
    if isinstance(item, tuple):
        for part in item:  # pyright: ignore[reportUnknownVariableType]
            yield from _indexings(part)  # pyright: ignore[reportUnknownArgumentType]
    elif is_dataclass(item) and not isinstance(item, Span):
        for field in fields(item):
            if field.name != "span":
                yield from _indexings(getattr(item, field.name))


def check_generic(module: Module, name: str, sink: Sink) -> None:
    """Look at a `fn` with untyped tensors, which cannot be expanded alone: report unknown names only."""
    item = module.functions[name]
    if not isinstance(item, tree.Fn):
        return
    trial = Sink()
    context = Context(trial)
    scope = new_body(module, context)
    scope.axes.update({f.text: Axis(f.text, Size.symbol(f.text)) for f in item.axis_params or ()})
    every = Array(bodies.dtype_of(tree.Name("f32")), tuple(scope.axes.values()))
    for parameter in item.params:
        try:
            array = every if parameter.type is None else bodies.type_axes(scope, parameter.type)
            scope.locals[parameter.name.text] = node(ops.Input(parameter.name.text), array=array)
        except DiagnosticError as error:
            sink.extend(error.diagnostics)
            scope.locals[parameter.name.text] = None
    try:
        bodies.run(scope, item, None)
    except Poisoned:
        pass
    sink.extend(d for d in trial.diagnostics if d.code.startswith("E02"))
