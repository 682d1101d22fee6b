"""Calls: scalar functions, `fn` of the file, of imports and of the library, instances with parameters.

A call expands the body with formal axes standing for actual ones. An axis that two formals share is kept apart inside
the body: the argument is renamed to the formal axis and the result is renamed back (language §2).
"""

from __future__ import annotations

from dataclasses import replace

from diagc import limits
from diagc.check import body as bodies
from diagc.check.context import CallRecord, FunctionValue, Poisoned, axes_text
from diagc.check.expressions import Body, single
from diagc.check.forms import call_form, unexpected_keyword, wrong_count
from diagc.check.functions import resolve
from diagc.check.scope import BUILTIN_AXES_CALLS, BUILTIN_CALLS, dtype_of, unknown
from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Node, apply, cast, node, size_node, view
from diagc.core.ops import POINTWISE
from diagc.diagnostics import Label, failure
from diagc.syntax import tree

Values = tuple[Node, ...]


def call(body: Body, expression: tree.Call, piped: Values | None) -> Values:
    """The results of a call; `piped` are operands that stand before the written ones."""
    name = expression.callee.text
    local = body.locals.get(name)
    if name in body.locals and local is None:
        raise Poisoned
    if isinstance(local, Node):
        raise failure(
            "E0203",
            f"`{name}` is an array, not a function",
            Label(expression.callee.span),
            help="write `*` to multiply",
        )
    if local is None and name in ("min", "max") and expression.axes is None:
        return (_pointwise(body, expression, piped),)
    if local is None and name in BUILTIN_AXES_CALLS:
        return call_form(body, expression, piped)
    if local is None and name in BUILTIN_CALLS:
        return (_builtin(body, expression, piped),)
    if local is None and name in POINTWISE and not body.module.functions.get(name):
        return (_pointwise(body, expression, piped),)
    function = local or resolve(body, expression.callee, expression.axes, ())
    return call_function(body, expression, function, piped)


def _pointwise(body: Body, expression: tree.Call, piped: Values | None) -> Node:
    name = expression.callee.text
    if expression.axes is not None:
        raise failure(
            "E0314", f"`{name}` works at each point and consumes no axis", Label(expression.span),
            help=f"write `{name}(…)`; all axes are woven",
        )  # fmt: skip
    operands = list(piped or ())
    for argument in expression.args:
        if argument.name is not None:
            raise unexpected_keyword(expression, argument.name, ())
        operands.append(single(body.values(argument.value), argument.value))
    function = POINTWISE[name]
    if len(operands) != function.arity:
        raise wrong_count(expression, len(operands), function.arity)
    if function.result != "bool" and any(o.dtype.kind == "bool" for o in operands):
        raise failure(
            "E0308",
            f"`{name}` does not take truth values",
            Label(expression.span),
            help="use `cast(…, f32)` first",
        )
    return apply(name, *operands)


def _builtin(body: Body, expression: tree.Call, piped: Values | None) -> Node:
    name = expression.callee.text
    if name in ("grad", "jvp"):
        raise failure(
            "E0701",
            f"`{name}` is part of the language but not compiled yet",
            Label(expression.span),
            help="derivatives come from `jax.grad` of the emitted JAX code until then",
        )
    if name == "size":
        return _size(body, expression)
    operands = list(piped or ())
    wanted = {"cast": 1, "where": 3, "stop": 1, "uniform_like": 1}[name]
    written = expression.args[: wanted - len(operands)] if name == "cast" else expression.args
    for argument in written:
        if argument.name is not None:
            raise unexpected_keyword(expression, argument.name, ())
        operands.append(single(body.values(argument.value), argument.value))
    if len(operands) != wanted:
        raise wrong_count(expression, len(operands), wanted)
    match name:
        case "cast":
            return _cast(expression, operands[0])
        case "where":
            return _where(expression, operands)
        case "stop":
            return node(ops.Stop(), operands[0])
        case _:
            return node(ops.Random("uniform", body.context.place(), operands[0].axes))


def _where(expression: tree.Call, operands: list[Node]) -> Node:
    kinds = [operand.dtype.kind for operand in operands]
    if kinds[0] != "bool":
        raise failure(
            "E0308", "the first operand of `where` is a condition", Label(expression.span, f"it is {operands[0].array}"),
            help="compare it with something, as in `where(a > 0, x, y)`",
        )  # fmt: skip
    if "bool" in kinds[1:] and kinds[1] != kinds[2]:
        raise failure(
            "E0308", "the branches of `where` have different kinds", Label(expression.span),
            help="both are truth values or both are numbers",
        )  # fmt: skip
    return apply("where", *operands)


def _cast(expression: tree.Call, value: Node) -> Node:
    match expression.args[-1] if expression.args else None:
        case tree.Argument(_, tree.Ref(tree.QName((name,)))):
            return cast(value, dtype_of(name))
        case _:
            raise failure(
                "E0306",
                "`cast` takes an array and a dtype",
                Label(expression.span),
                help="write `cast(X, f32)`",
            )


def _size(body: Body, expression: tree.Call) -> Node:
    match expression.args:
        case (tree.Argument(None, tree.Ref(tree.QName((name,)))),):
            return size_node(body.axis(name).size)
        case _:
            raise failure(
                "E0306", "`size` takes the name of an axis", Label(expression.span), help="write `size(d)`"
            )


# ---- functions


def call_function(body: Body, expression: tree.Call, function: FunctionValue, piped: Values | None) -> Values:
    """Expand a function on the operands of a call, `repeat` times for a chain."""
    operands, keywords = _arguments(body, expression, function, piped)
    path = _instance_path(body, function)
    if function.repeat == 1:
        return _expand(body, expression, function, operands, keywords, path)
    for copy in range(function.repeat):
        operands = list(_expand(body, expression, function, operands, keywords, f"{path}.{copy}"))
    return tuple(operands)


def _instance_path(body: Body, function: FunctionValue) -> str:
    if function.path is not None:
        return function.path
    if not bodies.has_parameters(function):
        return body.path
    return body.context.instance_path(".".join(filter(None, (body.path, function.name))))


def _arguments(
    body: Body, expression: tree.Call, function: FunctionValue, piped: Values | None
) -> tuple[list[Node], dict[str, Node]]:
    names = [p.name.text for p in function.fn.params]
    bound = dict(function.arguments)
    operands = list(piped or ())
    for argument in expression.args:
        value = single(body.values(argument.value), argument.value)
        if argument.name is None:
            operands.append(value)
        elif argument.name.text not in names:
            raise unexpected_keyword(expression, argument.name, tuple(names))
        else:
            bound[argument.name.text] = value
    return operands, bound


def _expand(
    body: Body,
    expression: tree.Call,
    function: FunctionValue,
    operands: list[Node],
    keywords: dict[str, Node],
    path: str,
) -> Values:
    context = body.context
    if context.depth >= limits.MAX_CALL_DEPTH:
        raise failure(
            "E0802", f"calls are nested more than {limits.MAX_CALL_DEPTH} deep", Label(expression.span),
            help="a `fn` does not call itself; use `chain(n, f)` or `scan` to repeat",
        )  # fmt: skip
    free = [p.name.text for p in function.fn.params if p.name.text not in keywords]
    if len(operands) != len(free):
        raise wrong_count(expression, len(operands), len(free))
    arguments = {**keywords, **dict(zip(free, operands, strict=True))}
    frame = bodies.bind(body, expression, function, arguments)
    context.depth += 1
    try:
        inner = Body(
            function.module,
            context,
            dict(frame.axes),
            dict(frame.arguments),
            frame.woven,
            path,
            body.call,
            body.scan,
            body.index,
        )
        results = bodies.run(inner, function.fn, expression)
    finally:
        context.depth -= 1
    results = tuple(_rename_back(expression, result, frame.renamed) for result in results)
    label = " ".join([function.name, *(str(a) for a in function.axes or ())])
    context.calls.append(CallRecord(label, tuple(arguments.values()), results, context.depth))
    return results


def _rename_back(expression: tree.Call, result: Node, renamed: dict[Axis, Axis]) -> Node:
    present = {inner: outer for inner, outer in renamed.items() if inner in result.axes}
    targets = [*present.values(), *(a for a in result.axes if a not in present)]
    if len(set(targets)) != len(targets):
        raise failure(
            "E0302",
            "the result of this call would have one axis twice",
            Label(expression.span, f"carries {axes_text(result.axes)}"),
            help="bind the formal axes to different axes",
        )
    return view(result, {inner: Coordinate.along(outer) for inner, outer in present.items()})


__all__ = ["Size", "call", "call_function", "replace", "unknown"]
