"""Entries: the `fn`s of a file that can be compiled by themselves, as diagrams.

A `fn` is an entry when all its tensors have types. Its axis parameters become axes of free size, unless a
re-indexing in the body determines the size, as in `X[n -> i + k]` (language §2).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from diagc import limits
from diagc.check import body as bodies
from diagc.check.binding import below
from diagc.check.calls import call, call_function, parameter_value
from diagc.check.context import CallRecord, Context, FunctionValue, Poisoned
from diagc.check.expressions import Body
from diagc.check.functions import term
from diagc.check.indexing import affine_coordinate, bounds, index
from diagc.check.scans import scan_form
from diagc.check.schedules import Schedule
from diagc.check.scope import Module
from diagc.check.types import check_signature, type_axes
from diagc.core import ops
from diagc.core.axes import ONE, Axis, Size, SizeLimit
from diagc.core.diagram import Array, Diagram, Node, node, walk
from diagc.core.dtypes import DType
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
    defined: tuple[tuple[tree.Name, Node], ...] = ()
    schedules: tuple[Schedule, ...] = ()


def new_body(module: Module, context: Context) -> Body:
    """An empty scope of a module, with the rooms for calls and indexing attached."""
    return Body(module, context, call=call, scan=scan_form, index=index, parameter=parameter_value)


def entry_names(module: Module) -> tuple[str, ...]:
    """The functions of a file that can be compiled by themselves, in the order of the file."""
    return tuple(name for name, item in module.functions.items() if _is_entry(module, item))


def _is_entry(module: Module, item: tree.Fn | tree.Alias) -> bool:
    if isinstance(item, tree.Fn):
        return all(parameter.type is not None for parameter in item.params)
    try:
        function = term(new_body(module, Context(Sink())), item.term, (item,))
    except (DiagnosticError, Poisoned):
        return False
    return all(parameter.type is not None for parameter in _free(function))


def _free(function: FunctionValue) -> list[tree.Parameter]:
    bound = dict(function.arguments)
    return [parameter for parameter in function.fn.params if parameter.name.text not in bound]


def build_entry(module: Module, name: str, sink: Sink) -> Entry | None:
    """The diagram of an entry; None when an error was reported to the sink."""
    context = Context(sink)
    scope = new_body(module, context)
    item = module.functions[name]
    try:
        if isinstance(item, tree.Fn):
            return _build(scope, name, FunctionValue(module, item), None)
        return _build(scope, name, term(scope, item.term, (item,)), item)
    except DiagnosticError as error:
        sink.extend(error.diagnostics)
    except Poisoned:
        pass
    return None


def _build(scope: Body, name: str, function: FunctionValue, alias: tree.Alias | None) -> Entry:
    """A `fn` runs as it stands; an alias is a call of what it names, on inputs of the types of the signature."""
    context, fn = scope.context, function.fn
    formals = _formal_axes(scope, function)
    callee = scope.elsewhere(function.module)
    callee.axes.update(formals)
    check_signature(callee, fn)
    inputs = [_input(callee, parameter, function.woven) for parameter in _free(function)]
    if alias is None:
        callee.locals.update({p.name.text: value for p, value in zip(fn.params, inputs, strict=True)})
        context.running.append(fn)
        results = bodies.run(callee, fn, None)
    else:
        path = function.path or ("" if function.repeat == 1 else fn.name.text)
        bound = replace(function, axes=tuple(formals[f] for f in function.formals), sizes=(), path=path)
        written = tree.Call(tree.QName((fn.name,)), None, (), span=alias.span)
        results = call_function(scope, written, bound, tuple(inputs))
    outputs, layouts = _signature(callee, function, inputs, results)
    parameters = [context.parameters[path] for path in sorted(context.parameters)]
    diagram = Diagram(name, (*inputs, *parameters), results, outputs, layouts)
    kept = set(walk(results))
    spans = {n: s for n, s in context.spans.items() if n in kept}
    return Entry(diagram, spans, context.names, tuple(context.calls), tuple(context.defined))


def _input(scope: Body, parameter: tree.Parameter, woven: tuple[Axis, ...]) -> Node:
    assert parameter.type is not None
    array = type_axes(scope, parameter.type)
    axes = tuple(dict.fromkeys((*woven, *array.axes)))
    made = node(ops.Input(parameter.name.text), array=Array(array.dtype, axes, array.index_of))
    return scope.context.note(made, parameter.span)


def _signature(
    callee: Body, function: FunctionValue, inputs: list[Node], results: tuple[Node, ...]
) -> tuple[tuple[str, ...], tuple[Array, ...]]:
    """Names and types of the results; a derivative by `X` is called `dX` and has the type of `X`."""
    if function.derivatives:
        operands = dict(zip([p.name.text for p in _free(function)], inputs, strict=True))
        names = [name.text for name in function.derivatives[-1]]
        return tuple(f"d{name}" for name in names), tuple(operands[name].array for name in names)
    names = [r.name.text if r.name else "" for r in function.fn.results or ()] or [""] * len(results)
    outputs = tuple(n or ("out" if len(results) == 1 else f"out{i}") for i, n in enumerate(names))
    return outputs, tuple(_layout(callee, function, place, value) for place, value in enumerate(results))


def _layout(scope: Body, function: FunctionValue, place: int, value: Node) -> Array:
    if function.fn.results is None:
        return value.array
    array = type_axes(scope, function.fn.results[place].type)
    return Array(array.dtype, tuple(dict.fromkeys((*function.woven, *array.axes))), array.index_of)


def _formal_axes(scope: Body, function: FunctionValue) -> dict[str, Axis]:
    names = [f.text for f in function.fn.axis_params or ()]
    given = dict(zip(names, function.axes or (), strict=False))
    given |= {name: Axis(name, Size.constant(size)) for name, size in function.sizes}
    free = {name: Axis(name, Size.symbol(name)) for name in names if name not in given}
    determined = {a.text for p in function.fn.params if p.type for a in p.type.axes or ()}
    found = {**given, **free}
    probe = scope.elsewhere(function.module)
    probe.axes = found
    entries = [
        part for part in below(function.fn.body + function.fn.returns) if isinstance(part, tree.Reindex)
    ]
    waiting = [name for name in free if name not in determined]
    for _ in waiting:  # one size may follow from another
        for name in waiting:
            size = _inferred_size(probe, entries, found[name])
            if size is not None:
                found[name] = Axis(name, size)
    return found


def _inferred_size(scope: Body, entries: list[tree.Reindex], axis: Axis) -> Size | None:
    """The largest size for which every re-indexing `n -> axis + …` stays in range."""
    for written in entries:
        if written.fill is not None:
            continue
        try:
            coordinate = affine_coordinate(scope, written.target)
        except SizeLimit:
            continue
        read = scope.find_axis(written.axis.text)
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


def check_generic(module: Module, name: str, sink: Sink) -> None:
    """Look at a `fn` with untyped tensors, which cannot be expanded alone: report what is wrong for all operands."""
    item = module.functions[name]
    trial = Sink()
    scope = new_body(module, Context(trial))
    if isinstance(item, tree.Alias):
        with suppress(Poisoned):
            _collect(sink, lambda: term(scope, item.term, (item,)))
        return
    scope.axes.update({f.text: Axis(f.text, Size.symbol(f.text)) for f in item.axis_params or ()})
    if not _collect(sink, lambda: check_signature(scope, item)):
        return
    every = Array(DType.F32, _mentioned(scope, item))
    for parameter in item.params:
        scope.locals[parameter.name.text] = None
        written, label = parameter.type, ops.Input(parameter.name.text)
        with suppress(DiagnosticError):
            array = every if written is None else type_axes(scope, written)
            scope.locals[parameter.name.text] = node(label, array=array)
        if written is not None:
            _collect(sink, partial(type_axes, scope, written))
    scope.context.running.append(item)
    with suppress(Poisoned):
        bodies.run(scope, item, None)
    sink.extend(d for d in trial.diagnostics if bodies.is_general(d))


def _collect(sink: Sink, action: Callable[[], object]) -> bool:
    """Whether an action succeeds; its errors go to the sink."""
    try:
        action()
    except DiagnosticError as error:
        sink.extend(error.diagnostics)
        return False
    return True


def _mentioned(scope: Body, fn: tree.Fn) -> tuple[Axis, ...]:
    """The axes that a body names, as far as one array can have them: an untyped tensor may carry any."""
    names = dict.fromkeys(part.text for part in below(fn) if isinstance(part, tree.Name))
    found = [axis for name in names if (axis := scope.find_axis(name)) is not None]
    return tuple(dict.fromkeys(found))[: limits.MAX_RANK]
