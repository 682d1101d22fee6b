"""Binding of a call: which actual axis each formal axis stands for, and what every tensor is.

Formal axes are bound by brackets, by sizes given by name, else by the signature: same name first, then from the right.
Two formals bound to one axis stay two axes inside the body. An axis that is woven is kept apart from an axis of the
same declaration that the body uses for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import cast as typed

from diagc.check.context import FunctionValue, Local, axes_text
from diagc.check.expressions import Body
from diagc.check.types import type_axes
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Node, cast, view
from diagc.diagnostics import Label, failure
from diagc.source import Span
from diagc.syntax import tree


@dataclass(frozen=True, slots=True)
class Frame:
    """A call's binding. `renamed` maps axes made for the body to the actual axes of the result."""

    axes: dict[str, Axis]
    arguments: dict[str, Local]
    woven: tuple[Axis, ...] = ()
    renamed: dict[Axis, Axis] = field(default_factory=dict[Axis, Axis])
    sizes: dict[str, Size] = field(default_factory=dict[str, Size])


def has_parameters(function: FunctionValue) -> bool:
    """Whether the body declares parameters or models, so that an instance needs a path."""
    return any(isinstance(s, tree.ParamDecl | tree.ModelDecl) for s in function.fn.body)


def bind(
    caller: Body, call: tree.Call, function: FunctionValue, arguments: dict[str, Node], path: str
) -> Frame:
    """The binding of a call whose arguments are known by name."""
    frame = bind_instance(caller, function, path)
    frame.arguments.update(arguments)
    _rename_arguments(function, frame)
    _bind_signature(caller, function, frame)
    for name in function.formals:
        if name not in frame.axes:
            raise failure(
                "E0315",
                f"axis `{name}` of `{function.name}` is not determined by the operands",
                Label(call.span),
                help=f"give it in brackets: `{function.signature}`, or its size by name: `{name} = 64`",
            )
    if _rebinds(caller, function):
        _bind_sizes(call, function, frame)
        _inherit(caller, function, frame)
    woven = _check_arguments(caller, call, function, frame)
    every = tuple(dict.fromkeys((*caller.woven, *function.woven, *woven)))
    return Frame(frame.axes, frame.arguments, every, frame.renamed, frame.sizes)


def bind_instance(caller: Body, function: FunctionValue, path: str) -> Frame:
    """What is bound before there are operands: formal axes given in brackets or by size."""
    frame = Frame({}, {})
    actual = function.axes or ()
    shared = has_parameters(function)
    context = caller.context
    for formal, axis in zip(function.formals, actual, strict=False):
        if actual.count(axis) == 1:
            frame.axes[formal] = axis
            continue
        made = (
            context.instance_axis(path, formal, axis.size)
            if shared
            else context.fresh_axis(formal, axis.size)
        )
        frame.axes[formal] = made
        frame.renamed[made] = axis
    for name, size in function.sizes:
        fixed = Size.constant(size)
        frame.axes[name] = (
            context.instance_axis(path, name, fixed) if shared else context.fresh_axis(name, fixed)
        )
    return frame


def _rename_arguments(function: FunctionValue, frame: Frame) -> None:
    """An operand along an axis that two formals stand for follows the one that its type names, else the first."""
    for parameter in function.fn.params:
        value = frame.arguments[parameter.name.text]
        if not isinstance(value, Node):
            continue
        written = [name.text for name in parameter.type.axes or ()] if parameter.type else list(frame.axes)
        chosen: dict[Axis, Coordinate] = {}
        for name in written:
            inner = frame.axes.get(name)
            outer = frame.renamed.get(inner) if inner is not None else None
            if inner is not None and outer is not None and outer in value.axes and outer not in chosen:
                chosen[outer] = Coordinate.along(inner)
        frame.arguments[parameter.name.text] = view(value, chosen)


def _rebinds(caller: Body, function: FunctionValue) -> bool:
    """Whether the axes of the function's file are bound at the call: for used files, also within them."""
    return function.module is not caller.module or function.module.prefix != ""


def _inherit(caller: Body, function: FunctionValue, frame: Frame) -> None:
    """Within a used file, what the signature leaves open is bound as it is for the caller."""
    if function.module is caller.module:
        for name, axis in caller.bound.items():
            if name not in function.formals:
                frame.axes.setdefault(name, axis)
        for symbol, size in caller.sizes.items():
            frame.sizes.setdefault(symbol, size)


def _bind_signature(caller: Body, function: FunctionValue, frame: Frame) -> None:
    """Formal axes, and those of a used file: to the caller's axis of this name if the operand has it, to one that is
    called the same, to what is left from the right."""
    formals, foreign = set(function.formals), _rebinds(caller, function)
    own = {} if foreign else function.module.axes
    for parameter in function.fn.params:
        value = frame.arguments[parameter.name.text]
        if parameter.type is None or not isinstance(value, Node):
            continue
        names = [name.text for name in parameter.type.axes or ()]
        waiting = [n for n in names if n not in frame.axes and (n in formals or foreign)]
        taken = {frame.axes.get(n) or own.get(n) for n in names if n not in waiting}
        spare = [axis for axis in value.axes if axis not in taken]
        inside = foreign and function.module is caller.module
        for name in tuple(waiting):
            known = caller.find_axis(name) if inside and name not in formals else None
            same = known if known in spare else next((axis for axis in spare if axis.name == name), None)
            if same is not None:
                frame.axes[name] = same
                spare.remove(same)
                waiting.remove(name)
        if waiting and len(spare) >= len(waiting):
            frame.axes.update(zip(waiting, spare[-len(waiting) :], strict=True))


def _bind_sizes(call: tree.Call, function: FunctionValue, frame: Frame) -> None:
    """The sizes that a used file declares are those of the axes that its formal ones stand for."""
    declared = {n: (function.module.axes[n], a) for n, a in frame.axes.items() if n in function.module.axes}
    pending = {n: pair for n, pair in declared.items() if n not in function.formals}
    progress = True
    while progress and pending:
        progress = False
        for name, (formal, actual) in list(pending.items()):
            wanted = formal.size.substitute(frame.sizes)
            own = [s for s in wanted.symbols if s not in frame.sizes and s in formal.size.symbols]
            solved = wanted.solved(own[0], actual.size) if len(own) == 1 else None
            if solved is not None and (solved.value is None or solved.value > 0):
                frame.sizes[own[0]] = solved
            elif wanted != actual.size:
                continue
            del pending[name]
            progress = True
    for name, (formal, actual) in pending.items():
        wanted = formal.size.substitute(frame.sizes)
        raise failure(
            "E0322",
            f"axis `{name}` of `{function.name}` has size {wanted}, the operand's axis `{actual}` has {actual.size}",
            Label(call.span, f"`{name}` stands for `{actual}` here"),
            help=f"declare `axis {actual}: {wanted}`"
            if wanted.value is not None
            else "give both the same size",
        )


def _check_arguments(caller: Body, call: tree.Call, function: FunctionValue, frame: Frame) -> list[Axis]:
    """Every typed operand has the axes and the kind of its parameter. Returns the axes that are woven."""
    callee = callee_body(caller, function, frame, "")
    types = {p.name.text: type_axes(callee, p.type) for p in function.fn.params if p.type is not None}
    signature = {axis for array in types.values() for axis in array.axes}
    _refuse_woven(call, function, signature)
    inside = _used_inside(callee, function.fn) - signature
    apart: dict[Axis, Axis] = {}
    woven: list[Axis] = []
    for parameter in function.fn.params:
        name = parameter.name.text
        value = frame.arguments[name]
        if name not in types or not isinstance(value, Node):
            continue
        wanted = types[name]
        _check_argument(call, function, parameter, wanted, value)
        extra = [axis for axis in value.axes if axis not in wanted.axes]
        _refuse_shared(call, function, parameter, [axis for axis in extra if axis in signature], value)
        apart.update(
            {a: caller.context.fresh_axis(a.uid, a.size) for a in extra if a in inside and a not in apart}
        )
        value = view(value, {axis: Coordinate.along(apart[axis]) for axis in extra if axis in apart})
        woven += [apart.get(axis, axis) for axis in extra]
        frame.arguments[name] = cast(value, wanted.dtype)
    frame.renamed.update({inner: outer for outer, inner in apart.items()})
    return woven


def _refuse_woven(call: tree.Call, function: FunctionValue, signature: set[Axis]) -> None:
    twice = [axis for axis in function.woven if axis in signature or function.woven.count(axis) > 1]
    if twice:
        raise failure(
            "E0302",
            f"`{function.name}` already has axis `{twice[0]}`; it cannot be woven over it",
            Label(call.span),
            Label(function.fn.name.span, "declared here"),
            help="weave over axes that the signature does not name",
        )


def callee_body(caller: Body, function: FunctionValue, frame: Frame, path: str) -> Body:
    """The scope in which the statements of a called function run."""
    body = caller.elsewhere(function.module)
    body.axes, body.locals, body.woven = dict(frame.axes), dict(frame.arguments), frame.woven
    body.sizes, body.path = dict(frame.sizes), path
    body.bound = {name: axis for name, axis in frame.axes.items() if name not in function.formals}
    return body


def _refuse_shared(
    call: tree.Call, function: FunctionValue, parameter: tree.Parameter, shared: list[Axis], value: Node
) -> None:
    if shared:
        raise failure(
            "E0321",
            f"the operand for `{parameter.name.text}` carries axis `{shared[0]}`, "
            f"which `{function.name}` uses for another array",
            Label(call.span, f"the operand carries {axes_text(value.axes)}"),
            Label(parameter.span, "declared without it"),
            help=f"rename it first: `X[{shared[0]} -> other]`",
        )


def _check_argument(
    call: tree.Call, function: FunctionValue, parameter: tree.Parameter, wanted: Array, value: Node
) -> None:
    missing = [axis for axis in wanted.axes if axis not in value.axes]
    if missing:
        spare = [axis for axis in value.axes if axis not in wanted.axes]
        rename = f"`X[{spare[-1]} -> {missing[0]}]`" if spare else f"`X + zeros[{missing[0]}]()`"
        remedy = f"{'rename an axis of' if spare else 'repeat'} the operand: {rename}"
        if function.formals and str(missing[0]) in map(str, spare):
            own = f"`{function.name}` got a size for `{missing[0]}` and made an axis of its own"
            remedy = f"{own}: name its axes instead, `{function.name}[{' '.join(function.formals)}]`"
        raise failure(
            "E0305",
            f"`{parameter.name.text}` of `{function.name}` needs axis `{missing[0]}`, which the operand lacks",
            Label(call.span, f"the operand carries {axes_text(value.axes)}"),
            Label(parameter.span, f"declared as {wanted}"),
            help=remedy,
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
    if wanted.index_of is not None and value.array.index_of not in (None, wanted.index_of):
        raise failure(
            "E0311",
            f"`{parameter.name.text}` of `{function.name}` is {wanted}, the operand is {value.array}",
            Label(call.span, f"indices into `{value.array.index_of}`"),
            Label(parameter.span, f"indices into `{wanted.index_of}`"),
            help=f"declare the operand as indices into `{wanted.index_of}`",
        )


def _used_inside(callee: Body, fn: tree.Fn) -> set[Axis]:
    """The axes that the statements of a body mention by name."""
    names = callee.context.mentioned.get(id(fn))
    if names is None:
        names = frozenset(n.text for n in below((fn.body, fn.returns)) if isinstance(n, tree.Name))
        callee.context.mentioned[id(fn)] = names
    found = (callee.find_axis(name) for name in sorted(names) if name not in callee.axes)
    return {axis for axis in found if axis is not None}


def below(root: object) -> Iterable[object]:
    """Every node of the surface tree below a node or tuple of nodes, itself included, in the order of the text."""
    stack = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(reversed(typed(tuple[object, ...], item)))
        elif is_dataclass(item) and not isinstance(item, Span):
            yield item
            stack.extend(getattr(item, part.name) for part in reversed(fields(item)) if part.name != "span")
