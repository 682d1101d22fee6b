"""`grad` and `jvp`: a `fn` is expanded on fresh inputs, differentiated, and the operands take their places.

`grad(f, wrt = (Q, K))` reads what `f` needs from its further arguments, by position or by name, and else from the
arrays of the same names. It has one result for each name of `wrt`, with the axes and dtype of that operand; an operand
that is shared along woven axes gets the sum over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from diagc.check.context import FunctionValue, axes_text
from diagc.check.expressions import Body, single
from diagc.check.functions import term_of, wrt_names
from diagc.check.scope import unknown
from diagc.core import ops
from diagc.core.derivative.forward import jvp
from diagc.core.derivative.reverse import gradient
from diagc.core.diagram import Array, Node, constant, node, substitute, walk
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.source import Span
from diagc.syntax import tree

Values = tuple[Node, ...]
CallFunction = Callable[[Body, tree.Call, FunctionValue, Values], Values]

_SCALAR: Final = "reduce the result to a scalar, or give its cotangent: `grad(f, wrt = (X), ct = dY)`"


def derivative_form(
    body: Body, expression: tree.Call, piped: Values | None, call_function: CallFunction
) -> Values:
    """`grad(f, …, wrt = (X))` or `jvp(f, x, v)` in an expression."""
    plain = [argument for argument in expression.args if argument.name is None]
    if expression.axes is not None or expression.attributes or not plain:
        raise _malformed(expression)
    function = term_of(body, plain[0].value)
    if expression.callee.text == "grad":
        return _grad(body, expression, function, (piped or (), plain[1:]), call_function)
    return _jvp(body, expression, function, plain[1:], call_function)


def _malformed(expression: tree.Call) -> DiagnosticError:
    forms = {"grad": "grad(f, wrt = (X))", "jvp": "jvp(f, X, dX)"}
    name = expression.callee.text
    return failure(
        "E0306",
        f"`{name}` takes a function first",
        Label(expression.span),
        help=f"write `{forms[name]}`",
    )


# ---- grad


def _grad(
    body: Body,
    expression: tree.Call,
    function: FunctionValue,
    operands: tuple[Values, list[tree.Argument]],
    call_function: CallFunction,
) -> Values:
    keywords = {a.name.text: a for a in expression.args if a.name is not None}
    wrt = wrt_names(keywords.pop("wrt", None), expression)
    written = keywords.pop("ct", None)
    piped, plain = operands
    values = [
        *piped,
        *(single(v, a.value) for v, a in zip(body.every(a.value for a in plain), plain, strict=True)),
    ]
    names = free_names(function)
    if len(values) > len(names):
        raise failure(
            "E0307",
            f"`{function.signature}` takes {len(names)} operands, {len(values)} given",
            Label(expression.span),
            help="after the function stand its operands, in the order of its parameters",
        )
    arguments = dict(zip(names, values, strict=False))
    for name, argument in keywords.items():
        if name not in names or name in arguments:
            label = Label(argument.span)
            raise failure(
                "E0307",
                f"`grad` of `{function.name}` has no argument `{name}` left",
                label,
                help=f"`{function.signature}` gives the names; beside them there are `wrt` and `ct`",
            )
        arguments[name] = body.value(argument.value)
    for name in names:
        if name not in arguments:
            reference = tree.Ref(tree.QName((tree.Name(name, span=expression.span),)), span=expression.span)
            arguments[name] = body.value(reference)
    cotangents = None if written is None else tuple(map(body.value, parts(written.value)))
    return gradient_of(
        body,
        expression,
        replace(function, derivatives=(*function.derivatives, wrt)),
        arguments,
        call_function,
        cotangents,
    )


def gradient_of(
    body: Body,
    expression: tree.Call,
    function: FunctionValue,
    arguments: dict[str, Node],
    call_function: CallFunction,
    cotangents: Values | None = None,
) -> Values:
    """The outermost derivative of `function.derivatives` at the operands `arguments`."""
    *inner, wrt = function.derivatives
    inputs = {name.text: _placeholder(body, expression, function, name, arguments) for name in wrt}
    plain = replace(function, derivatives=tuple(inner))
    operands = tuple(inputs.get(name, arguments[name]) for name in free_names(function))
    call = tree.Call(expression.callee, None, (), span=expression.span)
    results = call_function(body, call, plain, operands)
    _refuse_python(expression, results)
    made = gradient(results, _cotangents(expression, plain, results, cotangents), tuple(inputs.values()))
    return substitute(made, {leaf: arguments[name] for name, leaf in inputs.items()})


def _refuse_python(expression: tree.Call | tree.Instance, results: Values) -> None:
    """E0523: what Python computes is differentiated by JAX, for training; there is no diagram of its derivative."""
    if any(isinstance(one.op, ops.Foreign) for one in walk(results)):
        raise failure(
            "E0523", "a model from Python has no derivative in the language", Label(expression.span),
            help="write the model as a `fn`",
        )  # fmt: skip


def free_names(function: FunctionValue) -> tuple[str, ...]:
    """The parameters that a call gives."""
    bound = dict(function.arguments)
    return tuple(p.name.text for p in function.fn.params if p.name.text not in bound)


def parts(expression: tree.Expr) -> tuple[tree.Expr, ...]:
    """The members of a tuple; another expression alone."""
    return expression.items if isinstance(expression, tree.TupleExpr) else (expression,)


def _placeholder(
    body: Body, expression: tree.Call, function: FunctionValue, name: tree.Name, arguments: dict[str, Node]
) -> Node:
    if name.text not in arguments:
        raise unknown("E0201", f"parameter of `{function.name}`", name, free_names(function))
    return _leaf(body, expression, name.text, arguments[name.text], name.span)


def _leaf(body: Body, expression: tree.Call, name: str, value: Node, place: Span) -> Node:
    if value.dtype.kind != "float":
        raise failure(
            "E0325",
            f"there is no derivative by `{name}`, which is {value.array}",
            Label(place),
            help=f"`{expression.callee.text}` differentiates by floating-point arrays",
        )
    return node(ops.Input(body.context.state_name()), array=Array(value.dtype, value.axes))


def _cotangents(
    expression: tree.Call, function: FunctionValue, results: Values, given: Values | None
) -> Values:
    if given is None:
        declared = None if function.derivatives else function.fn.results
        own = [bool(r.type.axes) for r in declared] if declared else [bool(r.axes) for r in results]
        if len(results) != 1 or any(own) or results[0].dtype.kind != "float":
            shown = ", ".join(str(result.array) for result in results)
            raise failure(
                "E0325",
                f"`{function.name}` gives {shown}, and `grad` differentiates one real scalar",
                Label(expression.span),
                help=_SCALAR,
            )
        return (constant(1.0),)
    if len(given) != len(results):
        message = f"`{function.name}` has {len(results)} results, {len(given)} cotangents are given"
        raise failure("E0325", message, Label(expression.span), help="write one for each: `ct = (dO, dL)`")
    for cotangent, result in zip(given, results, strict=True):
        _refuse_axes(expression, "cotangent", cotangent, result)
    return given


def _refuse_axes(expression: tree.Call, kind: str, value: Node, target: Node) -> None:
    extra = [axis for axis in value.axes if axis not in target.axes]
    if extra:
        raise failure(
            "E0325",
            f"a {kind} carries axis `{extra[0]}`, which what it belongs to lacks",
            Label(expression.span, f"{axes_text(value.axes)} for {target.array}"),
            help=f"a {kind} has the axes of its array",
        )


# ---- jvp


def _jvp(
    body: Body,
    expression: tree.Call,
    function: FunctionValue,
    written: Iterable[tree.Argument],
    call_function: CallFunction,
) -> Values:
    """`jvp(f, x, v)`, or `jvp(f, (x, y), (v, w))` for several operands; what is given by name does not move."""
    still = {a.name.text: body.value(a.value) for a in expression.args if a.name is not None}
    groups = [tuple(map(body.value, parts(argument.value))) for argument in written]
    names = free_names(function)
    moving = [name for name in names if name not in still]
    if (
        len(groups) != 2
        or any(len(group) != len(moving) for group in groups)
        or not still.keys() <= set(names)
    ):
        raise failure(
            "E0306",
            f"`jvp` takes the operands of `{function.signature}` and a tangent for each",
            Label(expression.span),
            help="write `jvp(f, x, v)`, or `jvp(f, (x, y), (v, w))` for two; give by name what does not move",
        )
    operands, tangents = (dict(zip(moving, group, strict=True)) for group in groups)
    leaves: dict[str, Node] = {}
    for name, value in operands.items():
        _refuse_axes(expression, "tangent", tangents[name], value)
        leaves[name] = _leaf(body, expression, name, value, expression.span)
    call = tree.Call(expression.callee, None, (), span=expression.span)
    results = call_function(body, call, function, tuple({**still, **leaves}[name] for name in names))
    _refuse_python(expression, results)
    made = jvp(results, {leaf: tangents[name] for name, leaf in leaves.items()})
    return substitute(made, {leaf: operands[name] for name, leaf in leaves.items()})
