"""Joining and selecting as choices by index, which kernels are made of.

concat(a, b)[t] = where(t < |a|, a[t], b[t − |a|]): a re-indexing of an operand moves to the arrays that it reads, where
reads out of range give a number that the choice discards. topk is k rounds of a maximum, the lowest index that attains
it among those not taken, and taking it; ties go to the lowest index, also among −∞.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import (
    Diagram,
    Node,
    apply,
    constant,
    node,
    reduction,
    size_node,
    spread,
    view,
    with_inputs,
)
from diagc.core.dtypes import DType
from diagc.core.rewrite import Record, Rule, rewrite

MAX_ROUNDS: Final = 16
"""Slots up to which topk is written out; more would be longer to compile than it saves."""


def _joined(current: Node) -> Node | None:
    if not isinstance(current.op, ops.Concat):
        return None
    axis, parts = current.op.axis, current.op.parts
    index, offset = node(ops.Iota(axis)), Size()
    placed: list[tuple[Node, Node]] = []
    for operand, part in zip(current.inputs, parts, strict=True):
        coordinate = Coordinate.affine({axis: ONE}, -offset)
        offset = offset + part.size
        value = spread(_read_at(operand, part, coordinate), current.axes)
        placed.append((apply("lt", index, size_node(offset)), value))
    made = placed[-1][1]
    for before, value in reversed(placed[:-1]):
        made = apply("where", before, value, made)
    return made if made.dtype is current.dtype else node(ops.Cast(current.dtype), made)


def _read_at(operand: Node, axis: Axis, coordinate: Coordinate) -> Node:
    """The operand at a coordinate of one of its axes, right where that is in range and any number elsewhere."""
    if axis not in operand.axes:
        return operand
    match operand.op:
        case ops.Map() | ops.Cast() | ops.Stop():
            return with_inputs(operand, tuple(_read_at(o, axis, coordinate) for o in operand.inputs))
        case ops.Iota():
            terms = [apply("mul", size_node(c), node(ops.Iota(a))) for a, c in coordinate.terms]
            return apply("add", size_node(coordinate.offset), *terms)
        case ops.Spread(axes):
            inner = _read_at(operand.inputs[0], axis, coordinate)
            return spread(inner, (b for a in axes for b in (coordinate.axes if a == axis else (a,))))
        case ops.Reduce(monoid, axes, compute, accumulate) if not set(coordinate.axes) & set(axes):
            inner = _read_at(operand.inputs[0], axis, coordinate)
            return node(ops.Reduce(monoid, axes, compute, accumulate), inner)
        case ops.View(coordinates, fill):
            composed = {a: c.substitute({axis: coordinate}) for a, c in coordinates}
            known = {a: c for a, c in composed.items() if c is not None}
            base = operand.inputs[0]
            if len(known) == len(composed) and isinstance(base.op, ops.Input):
                if axis in base.axes and axis not in known:
                    known[axis] = coordinate
                return view(base, known, _zero(base) if fill is None else fill)
            return view(operand, {axis: coordinate}, _zero(operand))
        case _:
            return view(operand, {axis: coordinate}, _zero(operand))


def _zero(current: Node) -> float | int | bool:
    return {"float": 0.0, "int": 0, "bool": False}[current.dtype.kind]


def _selected(current: Node) -> Node | None:
    if not isinstance(current.op, ops.TopK):
        return None
    axis, slots, indices = current.op.axis, current.op.slots, current.op.indices
    count, values = slots.size.value, current.inputs[0]
    if count is None or not 0 < count <= MAX_ROUNDS or values.dtype.kind == "bool":
        return None
    rounds = _rounds(values, axis, count)
    slot, found = node(ops.Iota(slots)), [r[indices] for r in rounds]
    made = spread(found[-1], (slots,))
    for place in reversed(range(count - 1)):
        made = apply("where", apply("eq", slot, constant(place)), found[place], made)
    return made if made.dtype is current.dtype else node(ops.Cast(current.dtype), made)


def _rounds(values: Node, axis: Axis, count: int) -> list[tuple[Node, Node]]:
    """The largest elements with their indices, in falling order."""
    index, last = (node(ops.Cast(DType.I32), n) for n in (node(ops.Iota(axis)), size_node(axis.size - 1)))
    lowest = constant(ops.unit_of("max", values.dtype))
    found: list[tuple[Node, Node]] = []
    free: Node | None = None
    for _ in range(count):
        left = values if free is None else apply("where", free, values, lowest)
        largest = reduction("max", (axis,), left)
        attained = apply("eq", values, largest)
        open_ = attained if free is None else apply("and", attained, free)
        place = reduction("min", (axis,), apply("where", open_, index, last))
        found.append((largest, place))
        other = apply("ne", index, place)
        free = other if free is None else apply("and", free, other)
    return found


JOIN = Rule("join", "concat(a, b)[t] = where(t < |a|, a[t], b[t − |a|])", _joined)
SELECT = Rule("select", "topk is k rounds of a maximum, its lowest free index, and taking that", _selected)


@dataclass(frozen=True, slots=True)
class Choices:
    """The pass `choices`: joins and selections of few elements become choices by index."""

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram without `concat`, and without `topk` of up to `MAX_ROUNDS` elements."""
        return diagram.with_outputs(rewrite(diagram.outputs, (JOIN, SELECT), record or Record()))
