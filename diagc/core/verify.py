"""Is a diagram well typed? A pass that breaks a rule here has a defect: `IllTyped` is an internal error.

>>> from diagc.core.diagram import Array, node
>>> X = node(ops.Input("X"), array=Array(DType.F32, ()))
>>> verify(Diagram("f", (), (X,), ("out",), (X.array,)))
Traceback (most recent call last):
diagc.core.verify.IllTyped: f: Input f32[]: the signature lacks this input
"""

from __future__ import annotations

from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node, infer, walk
from diagc.core.dtypes import DType

_OPERANDS: Final[dict[type[ops.Operator], int]] = {
    ops.Input: 0, ops.Constant: 0, ops.SizeOf: 0, ops.Iota: 0, ops.Random: 0, ops.Cast: 1, ops.Stop: 1, ops.Reduce: 1,
    ops.View: 1, ops.Spread: 1, ops.Cumulative: 1, ops.TopK: 1, ops.Gather: 2,
}  # fmt: skip
"""Operands of every operator that has a fixed number."""

_TRUTH: Final = frozenset({"and", "or", "not"})


class IllTyped(AssertionError):
    """A node breaks the type rules; the message says which and how."""


def verify(diagram: Diagram) -> None:
    """Raise `IllTyped` for the first node, operands first, that breaks a rule; bodies of scans are included."""
    inputs, uids = set(diagram.inputs), dict[str, Axis]()
    if not len(diagram.outputs) == len(diagram.layouts) == len(diagram.output_names):
        raise IllTyped(f"{diagram.name}: results, names and layouts differ in number")
    for current in walk((*diagram.inputs, *diagram.outputs)):
        problem = _problem(current, inputs) or _clash(current, uids)
        if problem:
            raise IllTyped(f"{diagram.name}: {type(current.op).__name__} {current.array}: {problem}")
    for name, current, layout in zip(diagram.output_names, diagram.outputs, diagram.layouts, strict=True):
        if set(layout.axes) != set(current.axes) or layout.dtype is not current.dtype:
            raise IllTyped(f"{diagram.name}: result `{name}` is {current.array}, its layout {layout}")


def _clash(current: Node, uids: dict[str, Axis]) -> str | None:
    for axis in current.axes:
        if uids.setdefault(axis.uid, axis) != axis:
            return f"two axes are called {axis.uid}"
    return None


def _problem(current: Node, inputs: set[Node]) -> str | None:
    if isinstance(current.op, ops.Input):
        return None if current in inputs else "the signature lacks this input"
    wanted = _OPERANDS.get(type(current.op))
    if wanted is not None and len(current.inputs) != wanted:
        return f"{len(current.inputs)} operands instead of {wanted}"
    problem = _operator_problem(current)
    if problem:
        return problem
    if len(set(current.axes)) != len(current.axes):
        return "one axis twice"
    expected = infer(current.op, current.inputs)
    return None if expected == current.array else f"the type rule gives {expected}"


def _operator_problem(current: Node) -> str | None:
    axes = current.inputs[0].axes if current.inputs else ()
    match current.op:
        case ops.Map(function):
            return _map_problem(function, current.inputs)
        case ops.Reduce(_, consumed):
            return _absent(consumed, axes) or (None if consumed else "nothing is consumed")
        case ops.Cumulative(_, axis) | ops.TopK(axis):
            return _absent((axis,), axes)
        case ops.View(coordinates):
            read = tuple(axis for axis, _ in coordinates)
            return _absent(read, axes) or ("an axis is read twice" if len(set(read)) < len(read) else None)
        case ops.Gather(axis):
            integer = current.inputs[1].dtype.kind == "int"
            return _absent((axis,), axes) or (None if integer else "the indices are no integers")
        case ops.Spread(more):
            return f"the operand has {more[0]} already" if set(more) & set(axes) else None
        case ops.Concat(_, parts):
            pairs = zip(parts, current.inputs, strict=False)
            same = len(parts) == len(current.inputs)
            return next(
                (p for a, i in pairs if (p := _absent((a,), i.axes))), None if same else "parts missing"
            )
        case ops.Scan() as op:
            return _scan_problem(op, op.body, current.inputs)
        case ops.Foreign(_, operands):
            pairs = zip(operands, current.inputs, strict=False)
            return next((p for own, i in pairs if (p := _absent(own, i.axes))), None)
        case _:
            return None


def _map_problem(function: ops.Pointwise, operands: tuple[Node, ...]) -> str | None:
    count = len(operands)
    if count < function.arity or (count > function.arity and not function.commutative):
        return f"{count} operands for `{function.name}`"
    truth = operands if function.name in _TRUTH else operands[:1] if function.name == "where" else ()
    return "a truth value is expected" if any(o.dtype is not DType.BOOL for o in truth) else None


def _scan_problem(op: ops.Scan, body: Diagram, operands: tuple[Node, ...]) -> str | None:
    if len(body.inputs) != len(operands) or len(body.outputs) != op.states or op.output >= op.states:
        return "the body has other inputs or states"
    if any(op.axis in n.axes for n in (*body.inputs, *body.outputs)):
        return f"the body carries axis {op.axis}"
    if any(old.dtype is not new.dtype for old, new in zip(operands, body.inputs, strict=True)):
        return "an operand has another dtype than the input of the body"
    verify(body)
    return None


def _absent(wanted: tuple[Axis, ...], axes: tuple[Axis, ...]) -> str | None:
    missing = [axis for axis in wanted if axis not in axes]
    return f"the operand lacks axis {missing[0]}" if missing else None
