"""Built-in calls that name axes: reductions, running sums, scan, concat, topk, one_hot, zeros and random draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from diagc.check.context import CallRecord, axes_text, carries, shown
from diagc.check.expressions import Body, single
from diagc.check.scope import dtype_of
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast as cast_node,
    constant,
    node,
    rebuild,
    reduction,
    size_node,
    spread,
    walk,
    with_inputs,
)
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.syntax import tree

Values = tuple[Node, ...]


def call_form(body: Body, call: tree.Call, piped: Values | None) -> Values:
    """A built-in call with its axes in brackets."""
    name = call.callee.text
    axes = _axes(body, call)
    if name in _MAKERS:
        _count(call, piped, 0)
        return (_MAKERS[name](body, axes),)
    if name == "concat":
        return (_concat(body, call, axes, _operands(body, call, piped)),)
    keywords = ("k",) if name == "topk" else ()
    if name == "topk":
        return _topk(body, call, axes, _operands(body, call, piped, keywords))
    operands = _operands(body, call, piped)
    if len(operands) != 1:
        raise wrong_count(call, len(operands), 1)
    value, expression = operands[0]
    if name == "one_hot":
        return (_one_hot(call, axes, value, expression),)
    for axis, written in zip(axes, call.axes or (), strict=True):
        if axis not in value.axes:
            raise _missing_axis(call, axis, written, expression, value)
    if name == "cumsum":
        return (node(ops.Cumulative("sum", axes[0]), value),)
    return (_reduce(body, call, axes, value, expression),)


def _axes(body: Body, call: tree.Call) -> tuple[Axis, ...]:
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


def _missing_axis(call: tree.Call, axis: Axis, written: tree.Name, expression: tree.Expr, value: Node):  # noqa: ANN202
    labels = [Label(call.callee.span.to(written.span), "consumed here")]
    return failure(
        "E0301",
        f"`{call.callee.text}[{written.text}]` consumes axis `{axis}`, which no operand of this expression has",
        *labels,
        carries(expression, value),
        help=f"the operand has {axes_text(value.axes)}"
        + (f": did you mean `{call.callee.text}[{value.axes[-1]}]`?" if value.axes else ""),
    )


def wrong_count(call: tree.Call, found: int, expected: int) -> DiagnosticError:
    """E0306: the wrong number of operands."""
    plural = "operand" if expected == 1 else "operands"
    return failure(
        "E0306",
        f"`{call.callee.text}` takes {expected} {plural}, {found} given",
        Label(call.span),
        help="axes go in brackets, arrays in parentheses",
    )


def _count(call: tree.Call, piped: Values | None, expected: int) -> None:
    found = len(call.args) + len(piped or ())
    if found != expected:
        raise wrong_count(call, found, expected)


def _operands(
    body: Body, call: tree.Call, piped: Values | None, keywords: tuple[str, ...] = ()
) -> list[tuple[Node, tree.Expr]]:
    found: list[tuple[Node, tree.Expr]] = [(value, call) for value in piped or ()]
    for argument in call.args:
        if argument.name is None:
            found.append((single(body.values(argument.value), argument.value), argument.value))
        elif argument.name.text not in keywords:
            raise unexpected_keyword(call, argument.name, keywords)
    return found


def unexpected_keyword(call: tree.Call, name: tree.Name, known: tuple[str, ...]) -> DiagnosticError:
    """E0307: a keyword that the call does not take."""
    hint = f"it takes {', '.join(f'`{k}`' for k in known)}" if known else "it takes no keywords"
    return failure(
        "E0307", f"`{call.callee.text}` has no argument `{name.text}`", Label(name.span), help=hint
    )


def _reduce(body: Body, call: tree.Call, axes: tuple[Axis, ...], value: Node, expression: tree.Expr) -> Node:
    name = call.callee.text
    if name in ("any", "all") and value.dtype.kind != "bool":
        raise failure(
            "E0308", f"`{name}` takes truth values", Label(expression.span, f"this is {value.array}"),
            help="compare first, as in `any[x](a > 0)`",
        )  # fmt: skip
    if name not in ("any", "all") and value.dtype.kind == "bool":
        value = cast_node(value, DType.I64 if name in ("sum", "mean", "prod") else DType.I32)
    like = _precision(call)
    if name == "mean":
        total = reduction("sum", axes, value, like)
        count = Size.constant(1)
        for axis in axes:
            count = count * axis.size
        return apply("div", total, size_node(count))
    return reduction(cast(ops.Monoid, name), axes, value, like)


def _precision(call: tree.Call) -> ops.Reduce | None:
    """`@acc(f32)` and `@in(tf32)`: the dtypes in which a contraction accumulates and runs."""
    chosen: dict[str, DType] = {}
    for attribute in call.attributes:
        name = attribute.name.text
        argument = attribute.args[0].value if attribute.args else None
        if name not in ("acc", "in") or not isinstance(argument, tree.Ref):
            raise failure(
                "E0207", f"no attribute is called `@{name}` here", Label(attribute.span),
                help="a reduction takes `@acc(f32)` and `@in(tf32)`",
            )  # fmt: skip
        chosen[name] = dtype_of(argument.name.parts[0])
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


def _one_hot(call: tree.Call, axes: tuple[Axis, ...], value: Node, expression: tree.Expr) -> Node:
    if value.dtype.kind != "int":
        raise failure(
            "E0311", "`one_hot` takes integer indices", Label(expression.span, f"this is {value.array}"),
            help="declare it as `i32[…] in axis`, or use `cast(…, i32)`",
        )  # fmt: skip
    return cast_node(apply("eq", value, node(ops.Iota(axes[0]))), DType.F32)


def _concat(
    body: Body, call: tree.Call, axes: tuple[Axis, ...], operands: list[tuple[Node, tree.Expr]]
) -> Node:
    if len(operands) < 2:
        raise failure(
            "E0306", "`concat` takes at least two operands", Label(call.span), help="write `concat[t](A, B)`"
        )
    common = set(operands[0][0].axes)
    for value, _ in operands[1:]:
        common &= set(value.axes)
    parts: list[Axis] = []
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
        raise _missing_axis(call, axes[0], (call.axes or ())[0], expression, value)
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
    size, count = axes[0].size.value, slots.size.value
    if count is not None and (count < 1 or (size is not None and count > size)):
        raise failure(
            "E0405",
            f"`k` is {count}, but axis `{axes[0]}` has size {axes[0].size}",
            Label(written.span),
            help="choose `k` between 1 and the size of the axis",
        )
    return tuple(node(ops.TopK(axes[0], slots, indices), value) for indices in (False, True))


def scan_form(body: Body, expression: tree.Scan) -> Values:
    """`scan[t](h = init, …; step, …)`: one result per state, each with axis `t`."""
    axis = _axes(body, tree.Call(expression.callee, expression.axes, ()))[0]
    if expression.callee.text != "scan":
        raise failure(
            "E0203", f"`{shown(expression)}` is no scan", Label(expression.span), help="write `scan[t](…)`"
        )
    if len(expression.steps) != len(expression.states):
        raise failure(
            "E0316",
            f"{len(expression.states)} states but {len(expression.steps)} steps",
            Label(expression.span),
            help="after `;` stands one step for each state, in their order",
        )
    names = [state.name for state in expression.states]
    inits = [body.value(state.value) for state in expression.states]
    inits = [cast_node(i, DType.F32) if i.dtype.kind == "int" else i for i in inits]
    states, steps = _state_fixpoint(body, expression, axis, names, inits)
    return _close(axis, inits, states, steps, body)


def _state_fixpoint(
    body: Body, expression: tree.Scan, axis: Axis, names: list[tree.Name | None], inits: list[Node]
) -> tuple[list[Node], list[Node]]:
    """States get the axes of their initial values and of their steps; two rounds per state reach the fixed point."""
    bundles = [tuple(a for a in value.axes) for value in inits]
    for _ in range(2 * len(inits) + 1):
        states = [
            node(ops.Input(f"state{i}"), array=Array(init.dtype, bundle))
            for i, (init, bundle) in enumerate(zip(inits, bundles, strict=True))
        ]
        scope = body.inner({name.text: state for name, state in zip(names, states, strict=True) if name})
        steps = [scope.value(step) for step in expression.steps]
        wider = [
            tuple(dict.fromkeys((*b, *(a for a in s.axes if a != axis))))
            for b, s in zip(bundles, steps, strict=True)
        ]
        if wider == bundles:
            return states, steps
        bundles = wider
    raise failure(
        "E0316", "the axes of the states do not settle", Label(expression.span), help="simplify the steps"
    )


def _close(axis: Axis, inits: list[Node], states: list[Node], steps: list[Node], body: Body) -> Values:
    """Cut the steps at what does not depend on a state: those arrays are computed outside and read at each step."""
    dependent: set[Node] = set(states)
    for current in walk(steps):
        if any(operand in dependent for operand in current.inputs):
            dependent.add(current)
    outside: dict[Node, Node] = {}

    def read(value: Node) -> Node:
        if value not in outside:
            bundle = tuple(a for a in value.axes if a != axis)
            array = Array(value.dtype, bundle, value.array.index_of)
            outside[value] = node(ops.Input(f"read{len(outside)}"), array=array)
        return outside[value]

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        if current not in dependent:
            return current
        if current in states:
            return current
        return with_inputs(
            current,
            tuple(i if o in dependent else read(o) for o, i in zip(current.inputs, inputs, strict=True)),
        )

    closed = rebuild(tuple(steps), change)
    results = [
        spread(cast_node(step if original in dependent else read(original), state.dtype), state.axes)
        for step, original, state in zip(closed, steps, states, strict=True)
    ]
    inner = Diagram("step", (*states, *outside.values()), tuple(results), tuple(f"state{i}" for i in range(len(steps))),
                    tuple(state.array for state in states))  # fmt: skip
    starts = [spread(init, state.axes) for init, state in zip(inits, states, strict=True)]
    return tuple(node(ops.Scan(axis, inner, len(starts), i), *starts, *outside) for i in range(len(starts)))


__all__ = ["CallRecord", "call_form", "scan_form", "unexpected_keyword", "wrong_count"]
