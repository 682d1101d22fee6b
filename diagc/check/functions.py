"""Which `fn` a name means, and what a term such as `weave[b h] f` or `chain(12, block)` stands for."""

from __future__ import annotations

from dataclasses import replace

from diagc import limits
from diagc.check.context import FunctionValue, Poisoned
from diagc.check.expressions import Body
from diagc.check.scope import BUILTIN_AXES_CALLS, BUILTIN_CALLS, Module, unknown
from diagc.core.diagram import Node
from diagc.core.ops import POINTWISE
from diagc.diagnostics import Label, failure
from diagc.syntax import tree


def resolve(
    body: Body, name: tree.QName, axes: tuple[tree.Name, ...] | None, seen: tuple[tree.Alias, ...]
) -> FunctionValue:
    """The function that a (dotted) name means, with its bracketed axes bound."""
    module, plain = body.module, name.parts[-1]
    if len(name.parts) == 2:
        if isinstance(body.locals.get(name.parts[0].text), Node):
            raise failure(
                "E0203",
                f"`{name.parts[0].text}` is an array, and arrays have no methods",
                Label(name.span),
                help=f"functions take arrays in parentheses: `{plain.text}(…)`, or `{plain.text}[axis](…)` to consume",
            )
        if name.parts[0].text not in module.imports:
            raise unknown("E0208", "imported file", name.parts[0], module.imports)
        used = module.imports[name.parts[0].text]
        if used is None:
            raise Poisoned
        module = used
        found = (module, module.functions[plain.text]) if plain.text in module.functions else None
    else:
        found = module.find_function(name.text)
    if found is None:
        raise unknown("E0203", "function", name, _candidates(body, module))
    home, item = found
    if isinstance(item, tree.Fn):
        return with_axes(body, FunctionValue(home, item), name, axes)
    if item in seen:
        raise failure(
            "E0210", f"`{name.text}` is defined by itself", Label(name.span), help="name another function"
        )
    value = term(body.elsewhere(home), item.term, (*seen, item))
    return value if axes is None else with_axes(body, value, name, axes)


def _candidates(body: Body, module: Module) -> list[str]:
    found = [*module.functions, *POINTWISE, *BUILTIN_AXES_CALLS, *BUILTIN_CALLS, *body.locals]
    return found + [f for library in body.module.library for f in library.functions]


def with_axes(
    body: Body, function: FunctionValue, name: tree.QName, axes: tuple[tree.Name, ...] | None
) -> FunctionValue:
    if axes is None:
        return function
    formals = function.fn.axis_params or ()
    if len(axes) != len(formals):
        wanted = f"`{name.text}[{' '.join(f.text for f in formals)}]`" if formals else f"`{name.text}(…)`"
        raise failure(
            "E0314",
            f"`{name.text}` takes {len(formals)} axes in brackets, {len(axes)} given",
            Label(name.span),
            help=f"write {wanted}",
        )
    return replace(function, axes=tuple(body.axis(axis) for axis in axes))


def term(body: Body, item: tree.FnTerm, seen: tuple[tree.Alias, ...] = ()) -> FunctionValue:
    """The function that a term stands for."""
    match item:
        case tree.Weave(axes, inner):
            value = term(body, inner, seen)
            return replace(value, woven=(*(body.axis(a) for a in axes), *value.woven))
        case tree.Instance(name, None, args) if name.text == "chain" and args is not None:
            return _chain(body, item, args, seen)
        case tree.Instance(name, None, args) if name.text == "grad" and args is not None:
            return _derivative(body, item, args, seen)
        case tree.Instance(name, axes, args):
            local = body.locals.get(name.text)
            if name.text in body.locals and local is None:
                raise Poisoned
            if isinstance(local, FunctionValue):
                return bound_by_name(body, with_axes(body, local, name, axes), args or ())
            value = resolve(body, name, axes, seen)
            return bound_by_name(body, value, args or ())


def _chain(
    body: Body, item: tree.Instance, args: tuple[tree.Argument, ...], seen: tuple[tree.Alias, ...]
) -> FunctionValue:
    match args:
        case (tree.Argument(None, tree.Number(_, int()) | tree.Call() as count), tree.Argument(None, inner)):
            value = term(body, _as_term(inner), seen)
            copies = _count(body, count) * value.repeat
            if copies < 1:
                message, help = "`chain` takes at least one copy", "write `chain(2, f)`"
                raise failure("E0402", message, Label(args[0].span), help=help)
            if copies > limits.MAX_COPIES:
                message = f"a chain of {copies:,} copies; at most {limits.MAX_COPIES:,} are allowed"
                raise failure(
                    "E0803", message, Label(args[0].span), help="use `scan` for steps that share arrays"
                )
            return replace(value, repeat=copies)
        case _:
            raise failure(
                "E0306",
                "`chain` takes a number and a function",
                Label(item.span),
                help="write `chain(12, block)`",
            )


def _count(body: Body, expression: tree.Expr) -> int:
    """How many copies a chain has: a number, or the size of an axis that is known where the chain is expanded."""
    match expression:
        case tree.Number(_, int() as count):
            return count
        case tree.Call(tree.QName((tree.Name("size"),)), None, (tree.Argument(None, tree.Ref(name)),)):
            axis = body.axis(name.parts[0])
            if axis.size.value is not None:
                return axis.size.value
            raise failure(
                "E0315", f"`chain` copies as often as `{axis}` is long, and its size is not known here",
                Label(expression.span), help=f"give it a number: `axis {axis}: 4`, or `{axis} = 4` by name",
            )  # fmt: skip
        case _:
            raise failure(
                "E0306", "`chain` takes a number and a function", Label(expression.span),
                help="write `chain(12, block)` or `chain(size(depth), block)`",
            )  # fmt: skip


def _derivative(
    body: Body, item: tree.Instance, args: tuple[tree.Argument, ...], seen: tuple[tree.Alias, ...]
) -> FunctionValue:
    """`grad(f, wrt = (Q, K))` as a function of what `f` takes."""
    match args:
        case (tree.Argument(None, inner), tree.Argument(tree.Name("wrt")) as wrt):
            value = term(body, _as_term(inner), seen)
            known = [p.name.text for p in value.fn.params]
            names = wrt_names(wrt, item)
            for name in names:
                if name.text not in known:
                    raise unknown("E0201", f"parameter of `{value.name}`", name, known)
            return replace(value, derivatives=(*value.derivatives, names))
        case _:
            raise failure(
                "E0306",
                "`grad` takes a function and `wrt`",
                Label(item.span),
                help="write `grad(f, wrt = (X))`",
            )


def wrt_names(argument: tree.Argument | None, whole: tree.Call | tree.Instance) -> tuple[tree.Name, ...]:
    """The parameters by which `grad` differentiates, as in `wrt = (Q, K)`."""
    items: tuple[tree.Expr, ...] = ()
    if argument is not None:
        items = argument.value.items if isinstance(argument.value, tree.TupleExpr) else (argument.value,)
    names = [i.name.parts[0] for i in items if isinstance(i, tree.Ref) and len(i.name.parts) == 1]
    if not names or len(names) < len(items) or len({name.text for name in names}) < len(names):
        raise failure(
            "E0306",
            "`wrt` names parameters of the function, each once",
            Label(argument.span if argument is not None else whole.span),
            help="write `grad(f, wrt = (X))`, or `wrt = (Q, K)` for several",
        )
    return tuple(names)


def term_of(body: Body, expression: tree.Expr) -> FunctionValue:
    """The function that an argument stands for."""
    return term(body, _as_term(expression))


def _as_term(expression: tree.Expr) -> tree.FnTerm:
    match expression:
        case tree.Ref(name):
            return tree.Instance(name, None, None, span=expression.span)
        case tree.Call(name, axes, args):
            return tree.Instance(name, axes, args, span=expression.span)
        case _:
            raise failure("E0203", "this is no function", Label(expression.span), help="name a `fn`")


def bound_by_name(body: Body, function: FunctionValue, args: tuple[tree.Argument, ...]) -> FunctionValue:
    """Bind sizes of formal axes and scalar parameters by keyword."""
    formals = [f.text for f in function.fn.axis_params or ()]
    scalars = [p.name.text for p in function.fn.params]
    sizes, values = dict(function.sizes), dict(function.arguments)
    for argument in args:
        name = argument.name.text if argument.name else None
        if argument.name is None or (name not in formals and name not in scalars):
            label = Label(argument.name.span if argument.name else argument.span)
            raise failure(
                "E0307",
                f"an instance of `{function.name}` has no argument `{name}`"
                if name
                else "an instance is bound by name",
                label,
                help=f"it takes {', '.join(f'`{k}`' for k in [*formals, *scalars]) or 'nothing'} by name",
            )
        if name in formals:
            sizes[str(name)] = _whole_number(argument.value)
        else:
            values[str(name)] = body.value(argument.value)
    return replace(function, sizes=tuple(sizes.items()), arguments=tuple(values.items()))


def _whole_number(expression: tree.Expr) -> int:
    match expression:
        case tree.Number(_, int() as value) if value >= 1:
            return value
        case _:
            raise failure(
                "E0402",
                "the size of an axis is a positive integer",
                Label(expression.span),
                help="as in `hidden = 8`",
            )
