"""Where the strands of each box meet it: a column of slots, one strand per slot at most.

A box of one operand and one result covers the strands it touches, and the woven strands pass above it. Any
other box covers all of its strands; operands stand one below the other, an empty slot between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from diagc.core.axes import Axis
from diagc.draw.graph import BATCH, Graph, GraphBox, Hue, StrandAxis
from diagc.draw.scene import text_width

PITCH: Final = 13.0
"""Distance of strands."""

STUB: Final = 16.0
"""Length of the free end of an input or output strand."""

Order = tuple[StrandAxis, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """Slots from the top. `ins` and `outs` hold (value, axis) → slot; the drawn box covers `top` to
    `bottom`."""

    slots: int
    width: float
    ins: dict[tuple[int, StrandAxis], int]
    outs: dict[tuple[int, StrandAxis], int]
    top: int = 0
    bottom: int = 0
    over: tuple[StrandAxis, ...] = ()
    """Woven strands that pass above the box."""
    lines: tuple[str, ...] = ()
    made: tuple[Axis, ...] = ()
    """Axes that begin here, in the order of their strands: they are named at the right edge of the box."""


def shapes(graph: Graph) -> tuple[list[Shape], list[Order]]:
    """A shape per box, and per value the order of its strands."""
    orders: list[Order] = [value.strands for value in graph.values]
    hue = graph.hue()
    found = [_shape(graph, box, orders, hue) for box in graph.boxes]
    return found, orders


def _shape(graph: Graph, box: GraphBox, orders: list[Order], hue: Mapping[StrandAxis, Hue]) -> Shape:
    if box.kind == "output":
        order = graph.values[box.results[0]].strands
        width = STUB + _names_width(order) + 8 + text_width(box.label, bold=True)
        ins = {(box.operands[0], axis): slot for slot, axis in enumerate(order)}
        return Shape(len(order), width, ins, {})
    if box.kind != "box":
        order = orders[box.results[0]]
        width = STUB + _names_width(order) + 8 + text_width(box.label, bold=True)
        return Shape(len(order), width, {}, {(box.results[0], axis): slot for slot, axis in enumerate(order)})
    if len(box.operands) == 1 == len(box.results):
        return _passed(graph, box, orders, hue)
    return _covering(graph, box, orders)


def _names_width(order: Order) -> float:
    return max(text_width(axis.name) if axis else 0.0 for axis in order) + 4


def _passed(graph: Graph, box: GraphBox, orders: list[Order], hue: Mapping[StrandAxis, Hue]) -> Shape:
    """The shape of a box that woven strands pass above."""
    source, target = box.operands[0], box.results[0]
    touched: set[StrandAxis] = set(box.touched)
    if not touched:
        touched = {axis for axis in orders[source] if hue[axis] != BATCH} or set(orders[source])
    over = tuple(a for a in orders[source] if a not in touched and a in orders[target])
    read = tuple(a for a in orders[source] if a not in over)
    given = _result_order(read, graph.values[target].strands, over)
    orders[target] = (*over, *given)
    rest = max(len(read), len(given), 1)
    ins = {(source, axis): slot for slot, axis in enumerate((*over, *read))}
    outs = {(target, axis): slot for slot, axis in enumerate((*over, *given))}
    made = tuple(a for a in given if a is not None and a not in read)
    return _with_label(box, len(over), rest, ins, outs, over, made)


def _covering(graph: Graph, box: GraphBox, orders: list[Order]) -> Shape:
    """The shape of a box that covers all of its strands."""
    ins: dict[tuple[int, StrandAxis], int] = {}
    slot = 0
    for operand in box.operands:
        for axis in orders[operand]:
            ins[operand, axis] = slot
            slot += 1
        slot += 1
    read = tuple(dict.fromkeys(axis for operand in box.operands for axis in orders[operand]))
    outs: dict[tuple[int, StrandAxis], int] = {}
    height, slot = max(slot - 1, 1), 0
    for result in box.results:
        orders[result] = _result_order(read, graph.values[result].strands, ())
        for axis in orders[result]:
            outs[result, axis] = slot
            slot += 1
        slot += 1
    made = tuple(dict.fromkeys(axis for _, axis in outs if axis is not None and axis not in read))
    return _with_label(box, 0, max(height, slot - 1, 1), ins, outs, (), made)


def _result_order(read: Order, strands: Order, without: Order) -> Order:
    """Woven strands keep their order, made ones follow."""
    kept = [axis for axis in read if axis in strands]
    made = [axis for axis in strands if axis not in kept and axis not in without]
    return (*kept, *made)


def _with_label(
    box: GraphBox,
    top: int,
    covered: int,
    ins: dict[tuple[int, StrandAxis], int],
    outs: dict[tuple[int, StrandAxis], int],
    over: Order,
    made: tuple[Axis, ...],
) -> Shape:
    lines = tuple(box.label.split("\n"))
    covered = max(covered, len(lines))
    beside = max((text_width(axis.name) for axis in made), default=-6.0) + 6
    width = max(max(map(text_width, lines)) + 14 + 2 * beside, 30.0)
    return Shape(top + covered, width, ins, outs, top, top + covered, over, lines, made)
