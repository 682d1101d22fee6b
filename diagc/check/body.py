"""Running a body: statements in order, errors collected, results checked against the signature."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from diagc.check.binding import has_parameters as has_parameters
from diagc.check.context import Poisoned, axes_text
from diagc.check.expressions import Body, single
from diagc.check.functions import term
from diagc.check.scope import unknown
from diagc.check.types import require_no_axis, type_axes
from diagc.core import ops
from diagc.core.diagram import Node, cast, spread
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
        outer.extend(_located(d, body, fn, call) for d in found.diagnostics)


GENERAL: Final = frozenset(
    {"E0306", "E0307", "E0312", "E0313", "E0314", "E0316", "E0318", "E0319", "E0402", "E0701"}
)
"""Errors, beside those of names (E02), that a body has whatever its untyped tensors are."""


def is_general(diagnostic: Diagnostic) -> bool:
    """Whether a body is wrong by itself, and not for the operands of one call only."""
    return diagnostic.code in GENERAL or diagnostic.code.startswith("E02")


def _located(diagnostic: Diagnostic, body: Body, fn: tree.Fn, call: tree.Call | None) -> Diagnostic:
    """Where a called body is right for other operands, the call is the place of the error."""
    if call is None:
        return diagnostic
    here = Label(call.span, "in this call")
    generic = fn.axis_params is not None or any(parameter.type is None for parameter in fn.params)
    at_call = body.module.library == () or (generic and not is_general(diagnostic))
    return replace(diagnostic, labels=(here, *diagnostic.labels) if at_call else (*diagnostic.labels, here))


def _statement(body: Body, statement: tree.Statement) -> None:
    try:
        match statement:
            case tree.Let():
                _let(body, statement)
            case tree.ParamDecl(name):
                _declare(body, name)
                body.locals[name.text] = declared_parameter(body, statement)
            case tree.ModelDecl(name, written):
                _declare(body, name)
                path = ".".join(filter(None, (body.path, name.text)))
                body.locals[name.text] = replace(term(body, written), path=path)
    except (DiagnosticError, Poisoned) as error:
        names = statement.names if isinstance(statement, tree.Let) else (statement.name,)
        body.locals.update({name.text: None for name in names})
        if isinstance(error, DiagnosticError):
            body.context.sink.extend(error.diagnostics)


def _declare(body: Body, name: tree.Name) -> None:
    """Parameters and models are declared once; a plain name may be given a new value."""
    require_no_axis(body, name)
    if name.text in body.locals:
        raise failure(
            "E0204",
            f"`{name.text}` is declared already in this body",
            Label(name.span, "second declaration"),
            help="parameters and models have names of their own; to use one twice, call it twice",
        )


def _let(body: Body, statement: tree.Let) -> None:
    for name in statement.names:
        require_no_axis(body, name)
    values = body.values(statement.value)
    if len(values) != len(statement.names):
        raise failure(
            "E0313",
            f"{len(statement.names)} names for {len(values)} results",
            Label(statement.names[0].span.to(statement.names[-1].span)),
            Label(statement.value.span, f"{len(values)} results"),
            help="write one name for each result",
        )
    for name, value in zip(statement.names, values, strict=True):
        if statement.type is not None:
            _assert_type(body, statement.type, value, name)
        body.locals[name.text] = value
        body.context.names.setdefault(value, name.text)
        body.context.defined.append((name, value))


def _assert_type(body: Body, written: tree.Type, value: Node, name: tree.Name) -> None:
    wanted = type_axes(body, written)
    free = {axis for axis in value.axes if axis not in body.woven}
    if not free <= set(wanted.axes) <= set(value.axes) or wanted.dtype is not value.dtype:
        raise failure(
            "E0304",
            f"`{name.text}` is declared as {wanted} but is {value.array}",
            Label(written.span),
            Label(name.span, f"carries {axes_text(value.axes)}"),
            help=f"write `{name.text}: {value.array}`, or change the value",
        )


def declared_parameter(body: Body, statement: tree.ParamDecl) -> Node:
    """The array that a `param` line declares, at the instance path of the body."""
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
    made = body.context.parameter(path, array, (INITIALISERS[init.name.text], arguments))
    return body.context.note(made, statement.span)


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
            f"consume it, as in `sum[{extra[0]}](…)`"
            if extra
            else f"if `{missing[0]}` was consumed above, consume a second axis of that size instead: "
            f"`axis {missing[0]}2: {missing[0]}` and `X[{missing[0]} -> {missing[0]}2]`; to repeat the value, "
            f"add `zeros[{missing[0]}]()`"
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
    if wanted.index_of is not None and value.array.index_of not in (None, wanted.index_of):
        raise failure(
            "E0311",
            f"the result is declared as {wanted}, but this value is {value.array}",
            Label(place, f"indices into `{value.array.index_of}`"),
            Label(result.span, "declared here"),
            help=f"declare the result as indices into `{value.array.index_of}`",
        )
    return cast(spread(value, missing), wanted.dtype)
