"""The body of a scan at the axes that its operands really have: a state may gain the axes of what is added to it."""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis, in_order
from diagc.core.diagram import Array, Diagram, Node, node, substitute


def woven_body(op: ops.Scan, operands: tuple[Node, ...]) -> Diagram:
    """The body with the axes of every state, and of every array without the scan axis, woven through.

    States have the axes of their initial value and of the step's result; the same object when nothing is missing.
    """
    body: Diagram = op.body
    wanted = [_without(operand.axes, op.axis) for operand in operands]
    while True:
        fresh = tuple(map(_widened, body.inputs, wanted))
        woven = _rebound(body, fresh)
        for place, result in enumerate(woven.outputs):
            wanted[place] = in_order((*fresh[place].axes, *result.axes))
        if all(set(have.axes) == set(axes) for have, axes in zip(fresh[: op.states], wanted, strict=False)):
            return woven


def _without(axes: tuple[Axis, ...], gone: Axis) -> tuple[Axis, ...]:
    return tuple(axis for axis in axes if axis != gone)


def _widened(current: Node, wanted: tuple[Axis, ...]) -> Node:
    axes = in_order((*current.axes, *wanted))
    if axes == current.axes:
        return current
    return node(current.op, array=Array(current.dtype, axes, current.array.index_of))


def _rebound(body: Diagram, inputs: tuple[Node, ...]) -> Diagram:
    if inputs == body.inputs:
        return body
    outputs = substitute(body.outputs, dict(zip(body.inputs, inputs, strict=True)))
    layouts = tuple(
        Array(t.dtype, in_order((*t.axes, *n.axes))) for t, n in zip(body.layouts, outputs, strict=True)
    )
    return Diagram(body.name, inputs, outputs, body.output_names, layouts)
