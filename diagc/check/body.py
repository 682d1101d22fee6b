"""Running a body: statements in order, errors collected, results checked against the signature.

`bind` says which actual axis each formal axis stands for at a call; `run` expands the statements under that binding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from diagc.check.context import FunctionValue, Local, Poisoned, axes_text
from diagc.check.expressions import Body, single
from diagc.check.functions import term
from diagc.check.scope import dtype_of, unknown
from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Node, cast, spread, view
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree

INITIALISERS: Final = {
    "zeros": "zeros", "ones": "ones", "constant": "constant", "normal": "normal", "uniform": "uniform",
    "truncated_normal": "truncated_normal", "glorot": "glorot_uniform", "glorot_uniform": "glorot_uniform",
    "glorot_normal": "glorot_normal", "xavier_uniform": "glorot_uniform", "xavier_normal": "glorot_normal",
    "he": "he_normal", "he_normal": "he_normal", "he_uniform": "he_uniform", "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform", "lecun": "lecun_normal", "lecun_normal": "lecun_normal",
    "lecun_uniform": "lecun_uniform", "orthogonal": "orthogonal",
}  # fmt: skip
"""Initialisers by the names of `jax.nn.initializers`, with the usual short forms."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A call's binding. `renamed` maps axes made for the body to the actual axes of the result."""

    axes: dict[str, Axis]
    arguments: dict[str, Local]
    woven: tuple[Axis, ...]
    renamed: dict[Axis, Axis]


def has_parameters(function: FunctionValue) -> bool:
    """Whether the body declares parameters or models, so that an instance needs a path."""
    return any(isinstance(s, tree.ParamDecl | tree.ModelDecl) for s in function.fn.body)


def type_axes(body: Body, written: tree.Type) -> Array:
    """The array type that is written; axes must be known and distinct."""
    dtype = dtype_of(written.dtype)
    names = written.axes or ()
    axes = tuple(body.axis(name) for name in names)
    for place, axis in enumerate(axes):
        if axis in axes[:place]:
            raise failure(
                "E0302",
                f"axis `{axis}` occurs twice in one array",
                Label(names[place].span),
                help=f"declare a second axis of the same size: `axis {axis}2: {axis.size}`",
            )
    for attribute in written.attributes:
        code = "E0701" if attribute.name.text == "order" else "E0207"
        message = f"`@{attribute.name.text}` is part of the language but not compiled yet"
        raise failure(
            code,
            message if code == "E0701" else f"no attribute is called `@{attribute.name.text}` here",
            Label(attribute.span),
            help="write the axes in the order they have in memory, or pass strided arrays",
        )
    index_of = body.axis(written.index_of) if written.index_of else None
    if index_of is not None and dtype.kind != "int":
        raise failure(
            "E0308", "indices into an axis are integers", Label(written.dtype.span), help="write `i32`"
        )
    return Array(dtype, axes, index_of)


# ---- binding of a call


def bind(caller: Body, call: tree.Call, function: FunctionValue, arguments: dict[str, Node]) -> Frame:
    """Formal axes to actual ones: by brackets, by sizes given by name, else by the signature."""
    frame = Frame({}, dict(arguments), (), {})
    _bind_brackets(caller, function, frame)
    for name, size in function.sizes:
        frame.axes[name] = caller.context.fresh_axis(name, Size.constant(size))
    _bind_signature(caller, function, frame)
    formals = [f.text for f in function.fn.axis_params or ()]
    for name in formals:
        if name not in frame.axes:
            raise failure(
                "E0315",
                f"axis `{name}` of `{function.name}` is not determined by the operands",
                Label(call.span),
                help=f"give it in brackets: `{function.name}[{' '.join(formals)}](…)`, or by size: `{name} = 64`",
            )
    woven = _check_arguments(caller, call, function, frame)
    return replace(frame, woven=tuple(dict.fromkeys((*caller.woven, *woven))))


def _bind_brackets(caller: Body, function: FunctionValue, frame: Frame) -> None:
    actual = function.axes or ()
    for formal, axis in zip(function.fn.axis_params or (), actual, strict=False):
        if actual.count(axis) == 1:
            frame.axes[formal.text] = axis
            continue
        inner = caller.context.fresh_axis(formal.text, axis.size)
        first = axis not in frame.renamed.values()
        frame.axes[formal.text] = inner
        frame.renamed[inner] = axis
        if first:  # the operand's axis is the first formal; the others can only come out of parameters
            for name, value in frame.arguments.items():
                if isinstance(value, Node) and axis in value.axes:
                    frame.arguments[name] = view(value, {axis: Coordinate.along(inner)})


def _bind_signature(caller: Body, function: FunctionValue, frame: Frame) -> None:
    formals = {f.text for f in function.fn.axis_params or ()}
    foreign = function.module is not caller.module
    for parameter in function.fn.params:
        value = frame.arguments[parameter.name.text]
        if parameter.type is None or not isinstance(value, Node):
            continue
        names = [name.text for name in parameter.type.axes or ()]
        open_names = [n for n in names if n not in frame.axes and (n in formals or foreign)]
        taken = {frame.axes[n] for n in names if n in frame.axes}
        taken |= {
            caller.module.axes[n]
            for n in names
            if not foreign and n not in formals and n in caller.module.axes
        }
        spare = [axis for axis in value.axes if axis not in taken]
        for name in list(open_names):
            same = next((axis for axis in spare if axis.uid == name), None)
            if same is not None:
                frame.axes[name] = same
                spare.remove(same)
                open_names.remove(name)
        if open_names and len(spare) >= len(open_names):
            frame.axes.update(zip(open_names, spare[-len(open_names) :], strict=True))


def _check_arguments(caller: Body, call: tree.Call, function: FunctionValue, frame: Frame) -> list[Axis]:
    callee = Body(function.module, caller.context, frame.axes)
    woven: list[Axis] = []
    signature = {a for p in function.fn.params if p.type for a in type_axes(callee, p.type).axes}
    for parameter in function.fn.params:
        value = frame.arguments[parameter.name.text]
        if parameter.type is None or not isinstance(value, Node):
            continue
        wanted = type_axes(callee, parameter.type)
        _check_argument(call, function, parameter, wanted, value)
        extra = [axis for axis in value.axes if axis not in wanted.axes]
        for axis in extra:
            if axis in signature:
                raise failure(
                    "E0321",
                    f"`{parameter.name.text}` carries axis `{axis}`, which `{function.name}` uses for another array",
                    Label(call.span, f"the operand carries {axes_text(value.axes)}"),
                    help="rename it first: `X[axis -> other]`",
                )
        woven += extra
        frame.arguments[parameter.name.text] = cast(value, wanted.dtype)
    return woven


def _check_argument(
    call: tree.Call, function: FunctionValue, parameter: tree.Parameter, wanted: Array, value: Node
) -> None:
    missing = [axis for axis in wanted.axes if axis not in value.axes]
    if missing:
        raise failure(
            "E0305",
            f"`{parameter.name.text}` of `{function.name}` needs axis `{missing[0]}`, which the operand lacks",
            Label(call.span, f"the operand carries {axes_text(value.axes)}"),
            Label(parameter.span, f"declared as {wanted}"),
            help=f"rename an axis of the operand: `X[other -> {missing[0]}]`",
        )
    kinds = (value.dtype.kind, wanted.dtype.kind)
    if kinds not in (("int", "float"), (wanted.dtype.kind, wanted.dtype.kind)):
        raise failure(
            "E0308",
            f"`{parameter.name.text}` of `{function.name}` is {wanted}, the operand is {value.array}",
            Label(call.span),
            Label(parameter.span, "declared here"),
            help=f"convert it: `cast(…, {wanted.dtype.value})`",
        )


# ---- running


def run(body: Body, fn: tree.Fn, call: tree.Call | None) -> tuple[Node, ...]:
    """Expand a body and return its results. Errors go to the sink; `Poisoned` is raised when a result failed."""
    outer = body.context.sink
    body.context.sink = Sink()
    try:
        for statement in fn.body:
            _statement(body, statement)
        return _returns(body, fn)
    finally:
        found, body.context.sink = body.context.sink, outer
        outer.extend(_located(d, body, call) for d in found.diagnostics)


def _located(diagnostic: Diagnostic, body: Body, call: tree.Call | None) -> Diagnostic:
    """An error inside a library function is the caller's: the call is its place."""
    if call is None:
        return diagnostic
    here = Label(call.span, "in this call")
    library = body.module.library == ()
    labels = (here, *diagnostic.labels) if library else (*diagnostic.labels, here)
    return replace(diagnostic, labels=labels)


def _statement(body: Body, statement: tree.Statement) -> None:
    try:
        match statement:
            case tree.Let():
                _let(body, statement)
            case tree.ParamDecl():
                body.locals[statement.name.text] = _parameter(body, statement)
            case tree.ModelDecl(name, written):
                path = ".".join(filter(None, (body.path, name.text)))
                body.locals[name.text] = replace(term(body, written), path=path)
    except (DiagnosticError, Poisoned) as error:
        names = statement.names if isinstance(statement, tree.Let) else (statement.name,)
        body.locals.update({name.text: None for name in names})
        if isinstance(error, DiagnosticError):
            body.context.sink.extend(error.diagnostics)


def _let(body: Body, statement: tree.Let) -> None:
    for name in statement.names:
        if body.find_axis(name.text) is not None:
            raise failure(
                "E0205",
                f"`{name.text}` is an axis here; an array of the same name would hide its index",
                Label(name.span),
                help="choose another name for the array",
            )
    values = body.values(statement.value)
    if len(values) != len(statement.names):
        raise failure(
            "E0313",
            f"{len(statement.names)} names for {len(values)} results",
            Label(statement.span),
            help="write one name for each result",
        )
    for name, value in zip(statement.names, values, strict=True):
        if statement.type is not None:
            _assert_type(body, statement.type, value, name)
        body.locals[name.text] = value
        body.context.names.setdefault(value, name.text)


def _assert_type(body: Body, written: tree.Type, value: Node, name: tree.Name) -> None:
    wanted = type_axes(body, written)
    free = {axis for axis in value.axes if axis not in body.woven}
    if not free <= set(wanted.axes) <= set(value.axes) or wanted.dtype is not value.dtype:
        raise failure(
            "E0304",
            f"`{name.text}` is declared as {wanted} but is {value.array}",
            Label(written.span),
            help=f"write `{name.text}: {value.array}`, or change the value",
        )


def _parameter(body: Body, statement: tree.ParamDecl) -> Node:
    init = statement.init
    if init.name.text not in INITIALISERS:
        raise unknown("E0209", "initialiser", init.name, INITIALISERS)
    arguments = tuple(sorted((a.name.text if a.name else "", _init_value(a.value)) for a in init.args or ()))
    array = type_axes(body, statement.type)
    if array.dtype.kind != "float":
        raise failure(
            "E0308", "parameters are floating-point", Label(statement.type.dtype.span), help="write `f32`"
        )
    path = ".".join(filter(None, (body.path, statement.name.text)))
    return body.context.parameter(path, array, (INITIALISERS[init.name.text], arguments))


def _init_value(expression: tree.Expr) -> float | str:
    match expression:
        case tree.Number(_, value):
            return value
        case tree.Unary("-", tree.Number(_, value)):
            return -value
        case tree.Ref(tree.QName((name,))):
            return name.text
        case _:
            raise failure(
                "E0209", "arguments of an initialiser are numbers or names", Label(expression.span),
                help="as in `normal(stddev = 0.02)` or `normal(stddev = sigma)`",
            )  # fmt: skip


def _returns(body: Body, fn: tree.Fn) -> tuple[Node, ...]:
    values: list[Node] = []
    failed = False
    for expression in fn.returns:
        try:
            made = (
                body.values(expression)
                if len(fn.returns) == 1
                else (single(body.values(expression), expression),)
            )
            values += made
        except DiagnosticError as error:
            body.context.sink.extend(error.diagnostics)
            failed = True
        except Poisoned:
            failed = True
    if failed:
        raise Poisoned
    if fn.results is None:
        return tuple(values)
    try:
        return _check_results(body, fn, fn.results, values)
    except DiagnosticError as error:
        body.context.sink.extend(error.diagnostics)
        raise Poisoned from None


def _check_results(
    body: Body, fn: tree.Fn, results: tuple[tree.Result, ...], values: list[Node]
) -> tuple[Node, ...]:
    if len(results) != len(values):
        raise failure(
            "E0313",
            f"`{fn.name.text}` declares {len(results)} results and returns {len(values)}",
            Label(fn.returns[0].span),
            help="return one value for each declared result",
        )
    places = (
        [r.span for r in fn.returns] if len(fn.returns) == len(values) else [fn.returns[0].span] * len(values)
    )
    pairs = zip(results, values, places, strict=True)
    return tuple(_check_result(body, result, value, place) for result, value, place in pairs)


def _check_result(body: Body, result: tree.Result, value: Node, place: Span) -> Node:
    wanted = type_axes(body, result.type)
    extra = [a for a in value.axes if a not in wanted.axes and a not in body.woven]
    missing = [a for a in wanted.axes if a not in value.axes]
    if extra or (missing and value.axes and not isinstance(value.op, ops.Constant)):
        verb = f"also carries {axes_text(extra)}" if extra else f"lacks {axes_text(missing)}"
        remedy = (
            f"consume it, as in `sum[{extra[0]}](…)`" if extra else f"repeat it: `… + zeros[{missing[0]}]()`"
        )
        raise failure(
            "E0303",
            f"the result is declared as {wanted}, but this value {verb}",
            Label(place, f"carries {axes_text(value.axes)}"),
            Label(result.span, "declared here"),
            help=f"{remedy}, or change the declared type",
        )
    if value.dtype.kind != wanted.dtype.kind and (value.dtype.kind, wanted.dtype.kind) != ("int", "float"):
        raise failure(
            "E0308",
            f"the result is declared as {wanted}, but this value is {value.array}",
            Label(place),
            Label(result.span, "declared here"),
            help=f"convert it: `cast(…, {wanted.dtype.value})`",
        )
    return cast(spread(value, missing), wanted.dtype)
