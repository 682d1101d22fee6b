"""`scan[t](h = init; step)`: a state machine along an axis.

The steps are read as expressions in the states. What does not depend on a state is computed outside, for all of `t` at
once, and read at each step; the rest is the body, a diagram that is closed over its inputs.
"""

from __future__ import annotations

from diagc.check.context import shown
from diagc.check.expressions import Body
from diagc.check.forms import named_axes
from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    cast,
    node,
    operator_axes,
    rebuild,
    spread,
    walk,
    with_inputs,
)
from diagc.core.dtypes import DType
from diagc.diagnostics import Label, failure
from diagc.syntax import tree

Values = tuple[Node, ...]


def scan_form(body: Body, expression: tree.Scan) -> Values:
    """One result per state, each with axis `t`."""
    if expression.callee.text != "scan":
        raise failure(
            "E0203",
            f"`{shown(expression)}` is no scan",
            Label(expression.callee.span),
            help="only `scan[t](state = init; step)` has a `;`",
        )
    axis = named_axes(body, tree.Call(expression.callee, expression.axes, (), span=expression.span))[0]
    names = _state_names(expression)
    inits = [body.value(state.value) for state in expression.states]
    inits = [cast(i, DType.F32) if i.dtype.kind == "int" else i for i in inits]
    for init, state in zip(inits, expression.states, strict=True):
        if axis in init.axes:
            raise failure(
                "E0316",
                f"the initial state carries axis `{axis}`, along which the scan runs",
                Label(state.span, f"this is {init.array}"),
                help=f"start from one element, such as `X[{axis} -> 0]`",
            )
    states, steps = _state_fixpoint(body, expression, axis, names, inits)
    return _close(expression, axis, inits, states, steps)


def _state_names(expression: tree.Scan) -> list[str]:
    if len(expression.steps) != len(expression.states):
        raise failure(
            "E0316",
            f"{len(expression.states)} states but {len(expression.steps)} steps",
            Label(expression.span),
            help="after `;` stands one step for each state, in their order",
        )
    names = [state.name.text if state.name else "" for state in expression.states]
    for name, state in zip(names, expression.states, strict=True):
        if not name or names.count(name) > 1:
            raise failure(
                "E0316",
                "each state of a scan has a name of its own",
                Label(state.span),
                help="as in `scan[t](h = 0, c = 1; h + c, c * 2)`",
            )
    return names


def _state_fixpoint(
    body: Body, expression: tree.Scan, axis: Axis, names: list[str], inits: list[Node]
) -> tuple[list[Node], list[Node]]:
    """States get the axes of their initial values and of their steps; every round adds an axis or ends."""
    bundles = [value.axes for value in inits]
    while True:
        body.context.count_expansion(expression.span)
        states = [
            node(ops.Input(body.context.state_name()), array=Array(init.dtype, bundle))
            for init, bundle in zip(inits, bundles, strict=True)
        ]
        scope = body.inner(dict(zip(names, states, strict=True)))
        steps = [scope.value(step) for step in expression.steps]
        wider = [
            tuple(dict.fromkeys((*bundle, *(a for a in step.axes if a != axis))))
            for bundle, step in zip(bundles, steps, strict=True)
        ]
        if wider == bundles:
            return states, steps
        bundles = wider


def _close(
    expression: tree.Scan, axis: Axis, inits: list[Node], states: list[Node], steps: list[Node]
) -> Values:
    """Cut the steps at what does not depend on a state; the body gets inputs whose names do not depend on the place."""
    dependent = _dependent(expression, axis, states, steps)
    inner = {state: node(ops.Input(f"state{i}"), array=state.array) for i, state in enumerate(states)}
    outside: dict[Node, Node] = {}

    def read(value: Node) -> Node:
        if isinstance(value.op, ops.Constant | ops.SizeOf):
            return value
        if value not in outside:
            bundle = tuple(a for a in value.axes if a != axis)
            array = Array(value.dtype, bundle, value.array.index_of)
            outside[value] = node(ops.Input(f"read{len(outside)}"), array=array)
        return outside[value]

    def change(current: Node, inputs: Values) -> Node:
        if current not in dependent:
            return current
        if current in inner:
            return inner[current]
        pairs = zip(current.inputs, inputs, strict=True)
        return _at_one_index(
            current, tuple(new if old in dependent else read(old) for old, new in pairs), axis
        )

    closed = rebuild(tuple(steps), change)
    results = tuple(
        spread(cast(made if step in dependent else read(step), state.dtype), state.axes)
        for made, step, state in zip(closed, steps, states, strict=True)
    )
    names = tuple(f"state{i}" for i in range(len(steps)))
    body = Diagram(
        "step", (*inner.values(), *outside.values()), results, names, tuple(s.array for s in states)
    )
    starts = [spread(init, state.axes) for init, state in zip(inits, states, strict=True)]
    return tuple(node(ops.Scan(axis, body, len(starts), i), *starts, *outside) for i in range(len(starts)))


def _at_one_index(current: Node, operands: Values, axis: Axis) -> Node:
    """The operator on operands that have lost `axis`; the body of a scan and what it repeats lose it too."""
    match current.op:
        case ops.Spread(axes):
            return spread(operands[0], (a for a in axes if a != axis))
        case ops.Scan(along, inner, states, output):
            return node(ops.Scan(along, _body_at_one_index(inner, axis), states, output), *operands)
        case _:
            return with_inputs(current, operands)


def _body_at_one_index(body: Diagram, axis: Axis) -> Diagram:
    def less(array: Array) -> Array:
        return Array(array.dtype, tuple(a for a in array.axes if a != axis), array.index_of)

    made = {i: node(i.op, array=less(i.array)) for i in body.inputs}
    outputs = rebuild(body.outputs, lambda n, i: made[n] if n in made else _at_one_index(n, i, axis))
    return Diagram(
        body.name, tuple(made.values()), outputs, body.output_names, tuple(map(less, body.layouts))
    )


def _dependent(expression: tree.Scan, axis: Axis, states: list[Node], steps: list[Node]) -> set[Node]:
    """The nodes that read a state; E0316 when one of them looks along the axis of the scan."""
    dependent: set[Node] = set(states)
    for current in walk(steps):
        if not any(operand in dependent for operand in current.inputs):
            continue
        dependent.add(current)
        if axis in operator_axes(current.op) and not isinstance(current.op, ops.Spread):
            raise failure(
                "E0316",
                f"a step works at one index of `{axis}` and cannot look along it",
                Label(expression.span),
                help=f"what consumes or re-indexes `{axis}` may not read a state: compute it before the scan",
            )
    return dependent
