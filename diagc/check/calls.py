"""Calls: scalar functions, `fn` of the file, of imports and of the library, instances with parameters.

A call expands the body with formal axes standing for actual ones. An axis that two formals share is kept apart inside
the body: the argument is renamed to the formal axis and the result is renamed back (language §2).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diagc import limits
from diagc.check import body as bodies
from diagc.check.binding import bind, bind_instance, callee_body, has_parameters
from diagc.check.context import CallRecord, FunctionValue, Poisoned, axes_text
from diagc.check.derivatives import derivative_form, gradient_of
from diagc.check.expressions import Body, single
from diagc.check.forms import call_form, positional, stray_attribute, unexpected_keyword, wrong_count
from diagc.check.functions import bound_by_name, resolve, term, with_axes
from diagc.check.python_models import foreign_result
from diagc.check.scope import BUILTIN_AXES_CALLS, BUILTIN_CALLS, dtype_of, unknown
from diagc.core import ops
from diagc.core.axes import Axis, Coordinate
from diagc.core.diagram import Node, apply, cast, node, size_node, spread, view
from diagc.core.ops import POINTWISE
from diagc.diagnostics import DiagnosticError, Label, failure
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
    if local is None and name in ("grad", "jvp"):
        return derivative_form(body, expression, piped, call_function)
    if local is None and name in BUILTIN_CALLS:
        return (_builtin(body, expression, piped),)
    if local is None and name in POINTWISE and not body.module.functions.get(name):
        return (_pointwise(body, expression, piped),)
    if local is not None:
        function = with_axes(body, local, expression.callee, expression.axes)
    else:
        function = resolve(body, expression.callee, expression.axes, ())
    return call_function(body, expression, function, piped)


def _refuse_attributes(expression: tree.Call) -> None:
    if expression.attributes:
        raise stray_attribute(expression.attributes[0])


def _pointwise(body: Body, expression: tree.Call, piped: Values | None) -> Node:
    name = expression.callee.text
    _refuse_attributes(expression)
    if expression.axes is not None:
        raise failure(
            "E0314", f"`{name}` works at each point and consumes no axis", Label(expression.span),
                help=f"write `{name}(…)`; all axes are woven",
        )  # fmt: skip
    _refuse_index(body, expression)
    operands = positional(body, expression, piped, expression.args)
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


def _refuse_index(body: Body, expression: tree.Call) -> None:
    """`sqrt(d)` of an axis is the root of the index along it, which nobody means."""
    match expression:
        case tree.Call(
            tree.QName((tree.Name("sqrt" | "rsqrt" as root),)), None, (tree.Argument(None, tree.Ref(name)),)
        ):
            if name.text not in body.locals and body.find_axis(name.text) is not None:
                raise failure(
                    "E0324",
                    f"`{name.text}` as a value is the index along axis `{name.text}`, not its size",
                    Label(name.span),
                    help=f"write `{root}(size({name.text}))`; for the index itself write `{root}({name.text} + 0)`",
                )
        case _:
            pass


def _builtin(body: Body, expression: tree.Call, piped: Values | None) -> Node:
    name = expression.callee.text
    _refuse_attributes(expression)
    if name == "size":
        return _size(body, expression)
    wanted = {"cast": 2, "where": 3, "stop": 1, "uniform_like": 1}[name]
    if len(expression.args) + len(piped or ()) != wanted and name == "cast":
        raise _no_cast(expression)
    operands = positional(
        body, expression, piped, expression.args[:-1] if name == "cast" else expression.args
    )
    if len(operands) != wanted - (name == "cast"):
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
            "E0308", "the first operand of `where` is a condition",
            Label(expression.span, f"it is {operands[0].array}"),
            help="compare it with something, as in `where(a > 0, x, y)`",
        )  # fmt: skip
    if "bool" in kinds[1:] and kinds[1] != kinds[2]:
        raise failure(
            "E0308", "the branches of `where` have different kinds", Label(expression.span),
            help="both are truth values or both are numbers",
        )  # fmt: skip
    return apply("where", *operands)


def _cast(expression: tree.Call, value: Node) -> Node:
    match expression.args[-1]:
        case tree.Argument(None, tree.Ref(tree.QName((name,)))):
            return cast(value, dtype_of(name))
        case _:
            raise _no_cast(expression)


def _no_cast(expression: tree.Call) -> DiagnosticError:
    message = "`cast` takes an array and a dtype"
    return failure("E0306", message, Label(expression.span), help="write `cast(X, f32)`")


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
    if expression.attributes:
        raise stray_attribute(expression.attributes[0])
    function, operands, keywords = _arguments(body, expression, function, piped)
    if function.derivatives:
        arguments = _by_name(expression, function, operands, keywords)
        return gradient_of(body, expression, function, arguments, call_function)
    path = _instance_path(body, function)
    if function.path is not None:
        body.context.enter_instance(path)
        if function.repeat == 1 and function.foreign is None:
            work = partial(_expand, body, expression, function, operands, keywords, path)
            return body.context.once((*function.bound, *operands, *keywords.items()), work)
    if function.repeat == 1:
        return _expand(body, expression, function, operands, keywords, path)
    for copy in range(function.repeat):
        place = f"{path}.{copy}" if path else str(copy)
        operands = list(_expand(body, expression, function, operands, keywords, place))
    return tuple(operands)


def _instance_path(body: Body, function: FunctionValue) -> str:
    if function.path is not None:
        return function.path
    if not has_parameters(function):
        return body.path
    return body.context.instance_path(".".join(filter(None, (body.path, function.name))))


def _arguments(
    body: Body, expression: tree.Call, function: FunctionValue, piped: Values | None
) -> tuple[FunctionValue, list[Node], dict[str, Node]]:
    """Operands by position and by name; a keyword that names a formal axis gives its size."""
    names = [p.name.text for p in function.fn.params]
    bound = dict(function.arguments)
    sizes = [a for a in expression.args if a.name is not None and a.name.text in function.formals]
    function = bound_by_name(body, function, tuple(sizes))
    for argument in expression.args:
        if argument.name is not None and argument.name.text not in (*names, *function.formals):
            raise unexpected_keyword(expression, argument.name, (*function.formals, *names))
    written = [argument for argument in expression.args if argument not in sizes]
    operands = list(piped or ())
    for argument, values in zip(written, body.every(a.value for a in written), strict=True):
        value = single(values, argument.value)
        if argument.name is None:
            operands.append(value)
        else:
            bound[argument.name.text] = value
    return function, operands, bound


def _expand(
    body: Body,
    expression: tree.Call,
    function: FunctionValue,
    operands: list[Node],
    keywords: dict[str, Node],
    path: str,
) -> Values:
    context = body.context
    _check_depth(body, expression, function)
    arguments = _by_name(expression, function, operands, keywords)
    frame = bind(body, expression, function, arguments, path)
    context.running.append(function.fn)
    try:
        if function.foreign is not None:
            results = foreign_result(expression, function, frame.arguments)
        else:
            results = bodies.run(callee_body(body, function, frame, path), function.fn, expression)
    finally:
        context.running.pop()
    results = tuple(
        spread(_rename_back(expression, result, frame.renamed), function.woven) for result in results
    )
    label = " ".join([function.name, *(str(a) for a in function.axes or ())])
    context.calls.append(
        CallRecord(label, tuple(arguments.values()), results, context.depth, tuple(arguments))
    )
    return results


def _by_name(
    expression: tree.Call, function: FunctionValue, operands: list[Node], keywords: dict[str, Node]
) -> dict[str, Node]:
    free = [p.name.text for p in function.fn.params if p.name.text not in keywords]
    if len(operands) != len(free):
        raise wrong_count(expression, len(operands), len(free), function)
    return {**keywords, **dict(zip(free, operands, strict=True))}


def _check_depth(body: Body, expression: tree.Call, function: FunctionValue) -> None:
    context = body.context
    if any(fn is function.fn for fn in context.running):
        raise failure(
            "E0210",
            f"`{function.name}` calls itself",
            Label(expression.span, "here, by way of its own body"),
            Label(function.fn.name.span, "declared here"),
            help="a `fn` is not recursive; use `chain(n, f)` or `scan` to repeat",
        )
    if context.depth >= limits.MAX_CALL_DEPTH:
        raise failure(
            "E0802",
            f"calls are nested more than {limits.MAX_CALL_DEPTH} deep",
            Label(expression.span),
            help="use `chain(n, f)` or `scan` to repeat",
        )
    context.count_expansion(expression.span)


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


def parameter_value(body: Body, name: tree.QName) -> Node:
    """A parameter of an instance as a value, such as `enc.l1.W`, whether the instance has been called or not."""
    local = body.locals[name.parts[0].text]
    if local is None:
        raise Poisoned
    if not isinstance(local, FunctionValue):
        raise failure(
            "E0201",
            f"`{name.parts[0].text}` is an array and has no parts",
            Label(name.span),
            help="a path such as `enc.l1.W` starts with the name of a model",
        )
    return _parameter_of(body, local, name, name.parts[1:])


def _parameter_of(body: Body, function: FunctionValue, name: tree.QName, rest: tuple[tree.Name, ...]) -> Node:
    path = function.path or ""
    inner = callee_body(body, function, bind_instance(body, function, path), path)
    first, *more = rest
    known: list[str] = []
    for statement in function.fn.body:
        if not isinstance(statement, tree.ParamDecl | tree.ModelDecl):
            continue
        if (
            isinstance(statement, tree.ModelDecl) and not statement.name.text
        ):  # stands for the instance itself
            return _parameter_of(inner, replace(term(inner, statement.term), path=path), name, rest)
        known.append(statement.name.text)
        if statement.name.text != first.text or bool(more) != isinstance(statement, tree.ModelDecl):
            continue
        if isinstance(statement, tree.ParamDecl):
            return bodies.declared_parameter(inner, statement)
        place = f"{path}.{first.text}" if path else first.text
        return _parameter_of(inner, replace(term(inner, statement.term), path=place), name, tuple(more))
    raise unknown("E0201", f"parameter of `{function.name}`", first, known, f"it has {', '.join(known)}")
