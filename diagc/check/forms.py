"""Built-in calls that name axes: reductions, running sums, scan, concat, topk, one_hot, zeros and random draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, cast

from diagc.check.binding import below
from diagc.check.context import FunctionValue, axes_text, carries, shown
from diagc.check.expressions import Body, single
from diagc.check.scope import dtype_of, nearest
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import (
    Node,
    apply,
    cast as cast_node,
    constant,
    node,
    reduction,
    size_node,
    spread,
)
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.syntax import tree

Values = tuple[Node, ...]

_REDUCTIONS: Final = ("sum", "max", "min", "prod", "mean", "any", "all", "argmax", "argmin")
_SHOWN: Final = 5
"""Operands that a label names."""


def call_form(body: Body, call: tree.Call, piped: Values | None) -> Values:
    """A built-in call with its axes in brackets."""
    name = call.callee.text
    axes = named_axes(body, call)
    if call.attributes and name not in _REDUCTIONS:
        raise stray_attribute(call.attributes[0])
    match name:
        case "scan":
            raise failure(
                "E0316",
                "a scan has initial states, `;`, and steps",
                Label(call.span),
                help="write `scan[t](h = 0; h + X)`: after `;` stands the value after each step",
            )
        case "zeros" | "ones" | "normal" | "uniform":
            _count(call, piped, 0)
            return (_MAKERS[name](body, axes),)
        case "concat":
            return (_concat(call, axes, _operands(body, call, piped)),)
        case "topk":
            return _topk(body, call, axes, _operands(body, call, piped, ("k",)))
        case _:
            return (_fold(body, call, axes, _operands(body, call, piped)),)


def _fold(
    body: Body, call: tree.Call, axes: tuple[Axis, ...], operands: list[tuple[Node, tree.Expr]]
) -> Node:
    """Forms of one operand."""
    if len(operands) != 1:
        raise wrong_count(call, len(operands), 1)
    value, expression = operands[0]
    if call.callee.text == "one_hot":
        return _one_hot(axes, value, expression)
    for axis, written in zip(axes, call.axes or (), strict=True):
        if axis not in value.axes:
            raise _missing_axis(body, call, axis, written, expression, value)
    if call.callee.text == "cumsum":
        counted = cast_node(value, DType.I64) if value.dtype.kind == "bool" else value
        return node(ops.Cumulative("sum", axes[0]), counted)
    return _reduce(call, axes, value, expression)


def named_axes(body: Body, call: tree.Call) -> tuple[Axis, ...]:
    name = call.callee.text
    if not call.axes:
        raise failure(
            "E0312",
            f"`{name}` names the axes that it consumes",
            Label(call.callee.span, "the axes go in brackets"),
            help=f"write `{name}[axis](…)`",
        )
    axes = tuple(body.axis(written) for written in call.axes)
    for place, axis in enumerate(axes):
        if axis in axes[:place]:
            raise failure(
                "E0302", f"axis `{axis}` is named twice", Label(call.axes[place].span), help="name it once"
            )
    if len(axes) > 1 and name in ("argmax", "argmin", "cumsum", "scan", "concat", "topk", "one_hot"):
        raise failure(
            "E0314",
            f"`{name}` takes one axis",
            Label(call.axes[1].span),
            help="merge the axes first: `X[(a b) -> ab]`",
        )
    return axes


def _missing_axis(
    body: Body, call: tree.Call, axis: Axis, written: tree.Name, expression: tree.Expr, value: Node
) -> DiagnosticError:
    operands = list(_operands_below(body, expression))[:_SHOWN]
    labels = [carries(part, array) for part, array in operands] or [carries(expression, value)]
    shared = [a for a in value.axes if len(operands) > 1 and all(a in array.axes for _, array in operands)]
    near = nearest(axis.name, [a.name for a in value.axes])
    meant = near or str([*shared, *reversed(value.axes)][0] if value.axes else "")
    help = f"did you mean `{call.callee.text}[{meant}]`?" if meant else "the operand has no axes to consume"
    return failure(
        "E0301",
        f"`{call.callee.text}[{written.text}]` consumes axis `{axis}`, which no operand of this expression has",
        Label(call.callee.span.to(written.span), "consumed here"),
        *labels,
        help=help,
    )


def _operands_below(body: Body, expression: tree.Expr) -> Iterator[tuple[tree.Ref, Node]]:
    """The arrays by name that an expression combines pointwise."""
    for part in below(expression):
        if isinstance(part, tree.Ref):
            array = body.locals.get(part.name.text)
            if isinstance(array, Node):
                yield part, array


def stray_attribute(attribute: tree.Attribute) -> DiagnosticError:
    """E0207: an attribute that this call does not take."""
    return failure(
        "E0207",
        f"no attribute is called `@{attribute.name.text}` here",
        Label(attribute.span),
        help="`@acc(f32)` and `@in(tf32)` follow a reduction such as `sum[k](A * B)`",
    )


def wrong_count(
    call: tree.Call, found: int, expected: int, function: FunctionValue | None = None
) -> DiagnosticError:
    """E0306: the wrong number of operands."""
    plural = "operand" if expected == 1 else "operands"
    labels = [Label(call.span)]
    if function is not None:
        labels.append(Label(function.fn.name.span, "declared here"))
    return failure(
        "E0306",
        f"`{call.callee.text}` takes {expected} {plural}, {found} given",
        *labels,
        help=f"write `{function.signature}`" if function else "axes go in brackets, arrays in parentheses",
    )


def _count(call: tree.Call, piped: Values | None, expected: int) -> None:
    found = len(call.args) + len(piped or ())
    if found != expected:
        raise wrong_count(call, found, expected)


def _operands(
    body: Body, call: tree.Call, piped: Values | None, keywords: tuple[str, ...] = ()
) -> list[tuple[Node, tree.Expr]]:
    written = [
        argument for argument in call.args if argument.name is None or argument.name.text not in keywords
    ]
    values = positional(body, call, None, written)
    places = [argument.value for argument in written]
    return [*((value, call) for value in piped or ()), *zip(values, places, strict=True)]


def positional(
    body: Body, call: tree.Call, piped: Values | None, written: Sequence[tree.Argument]
) -> list[Node]:
    """Operands in their order; E0307 for a keyword."""
    for argument in written:
        if argument.name is not None:
            raise unexpected_keyword(call, argument.name, ())
    values = body.every(argument.value for argument in written)
    return [*(piped or ()), *(single(v, a.value) for v, a in zip(values, written, strict=True))]


def unexpected_keyword(call: tree.Call, name: tree.Name, known: tuple[str, ...]) -> DiagnosticError:
    """E0307: a keyword that the call does not take."""
    hint = f"it takes {', '.join(f'`{k}`' for k in known)}" if known else "it takes no keywords"
    return failure(
        "E0307", f"`{call.callee.text}` has no argument `{name.text}`", Label(name.span), help=hint
    )


def _reduce(call: tree.Call, axes: tuple[Axis, ...], value: Node, expression: tree.Expr) -> Node:
    name = call.callee.text
    if name in ("any", "all") and value.dtype.kind != "bool":
        raise failure(
            "E0308",
            f"`{name}` takes truth values",
            Label(expression.span, f"this is {value.array}"),
            help=f"compare first, as in `{name}[x](a > 0)`",
        )
    if name not in ("any", "all") and value.dtype.kind == "bool":
        value = cast_node(value, DType.I64 if name in ("sum", "mean", "prod") else DType.I32)
    like = _precision(call)
    if name == "mean":
        count = math.prod((axis.size for axis in axes), start=Size.constant(1))
        return apply("div", reduction("sum", axes, value, like), size_node(count))
    return reduction(cast(ops.Monoid, name), axes, value, like)


def _precision(call: tree.Call) -> ops.Reduce | None:
    """`@acc(f32)` and `@in(tf32)`: the dtypes in which a contraction accumulates and runs."""
    chosen: dict[str, DType] = {}
    for attribute in call.attributes:
        name = attribute.name.text
        if name not in ("acc", "in") or call.callee.text not in ("sum", "mean", "prod") or name in chosen:
            raise stray_attribute(attribute)
        match attribute.args:
            case (tree.Argument(None, tree.Ref(tree.QName((written,)))),):
                chosen[name] = dtype_of(written)
            case _:
                raise stray_attribute(attribute)
        if chosen[name].kind != "float":
            raise failure(
                "E0308",
                f"`@{name}` takes a floating-point dtype",
                Label(attribute.span),
                help=f"write `@{name}(f32)`",
            )
    return ops.Reduce("sum", (), chosen.get("in"), chosen.get("acc")) if chosen else None


def _zeros(body: Body, axes: tuple[Axis, ...]) -> Node:
    return spread(constant(0.0), axes)


def _ones(body: Body, axes: tuple[Axis, ...]) -> Node:
    return spread(constant(1.0), axes)


def _normal(body: Body, axes: tuple[Axis, ...]) -> Node:
    return node(ops.Random("normal", body.context.place(), axes))


def _uniform(body: Body, axes: tuple[Axis, ...]) -> Node:
    return node(ops.Random("uniform", body.context.place(), axes))


_MAKERS: Final[dict[str, Callable[[Body, tuple[Axis, ...]], Node]]] = {
    "zeros": _zeros, "ones": _ones, "normal": _normal, "uniform": _uniform,
}  # fmt: skip


def _one_hot(axes: tuple[Axis, ...], value: Node, expression: tree.Expr) -> Node:
    if value.dtype.kind != "int":
        raise failure(
            "E0311", "`one_hot` takes integer indices", Label(expression.span, f"this is {value.array}"),
            help="declare it as `i32[…] in axis`, or use `cast(…, i32)`",
        )  # fmt: skip
    if axes[0] in value.axes:
        raise failure(
            "E0302",
            f"the indices already carry axis `{axes[0]}`",
            Label(expression.span, f"carries {axes_text(value.axes)}"),
            help=f"declare another axis of the same size: `axis {axes[0]}2: {axes[0].size}`",
        )
    return cast_node(apply("eq", value, node(ops.Iota(axes[0]))), DType.F32)


def _concat(call: tree.Call, axes: tuple[Axis, ...], operands: list[tuple[Node, tree.Expr]]) -> Node:
    if len(operands) < 2:
        raise failure(
            "E0306", "`concat` takes at least two operands", Label(call.span), help="write `concat[t](A, B)`"
        )
    common = set(operands[0][0].axes)
    for value, _ in operands[1:]:
        common &= set(value.axes)
    parts: list[Axis] = []
    if axes[0] in common:
        raise failure(
            "E0317",
            f"the operands of `concat` carry axis `{axes[0]}` already",
            carries(operands[0][1], operands[0][0]),
            help=f"declare an axis for the whole, as in `axis ab: a + b`, and write `concat[ab](…)`; not `{axes[0]}`",
        )
    for value, expression in operands:
        own = [axis for axis in value.axes if axis not in common]
        if len(own) != 1:
            raise failure(
                "E0317",
                "the operands of `concat` share all axes but one each",
                carries(expression, value),
                help=f"rename the axis of each operand, so that `axis {axes[0]}: a + b` joins `a` and `b`",
            )
        parts.append(own[0])
    total = sum((part.size for part in parts), Size())
    if total != axes[0].size:
        raise failure(
            "E0317",
            f"axis `{axes[0]}` has size {axes[0].size}, the operands together have {total}",
            Label(call.span),
            help=f"declare `axis {axes[0]}: {total}`",
        )
    return node(ops.Concat(axes[0], tuple(parts)), *(value for value, _ in operands))


def _topk(
    body: Body, call: tree.Call, axes: tuple[Axis, ...], operands: list[tuple[Node, tree.Expr]]
) -> Values:
    if len(operands) != 1:
        raise wrong_count(call, len(operands), 1)
    value, expression = operands[0]
    if axes[0] not in value.axes:
        raise _missing_axis(
            body, call, axes[0], tree.Name(str(axes[0]), span=call.callee.span), expression, value
        )
    written = next((a.value for a in call.args if a.name is not None and a.name.text == "k"), None)
    match written:
        case tree.Number(_, int() as count):
            slots = body.context.fresh_axis("k", Size.constant(count))
        case tree.Ref(name) if (axis := body.find_axis(name.text)) is not None:
            slots = axis
        case _:
            raise failure(
                "E0307",
                "`topk` needs `k`, an integer or an axis",
                Label(call.span),
                help="write `topk[e](X, k = 2)`",
            )
    if slots in value.axes:
        raise failure(
            "E0302",
            f"the array already has axis `{slots}`",
            Label(written.span, f"`{shown(expression)}` carries {axes_text(value.axes)}"),
            help="choose an axis for the places that the array lacks",
        )
    size, count = axes[0].size.value, slots.size.value
    if count is not None and (count < 1 or (size is not None and count > size)):
        raise failure(
            "E0405",
            f"`k` is {count}, but axis `{axes[0]}` has size {axes[0].size}",
            Label(written.span),
            help="choose `k` between 1 and the size of the axis",
        )
    return tuple(node(ops.TopK(axes[0], slots, indices), value) for indices in (False, True))
