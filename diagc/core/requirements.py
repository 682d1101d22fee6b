"""What has to hold at an index of one axis for a condition to hold somewhere in a tile.

What a tile has along other axes is only known by its least and its greatest value: a = b needs least(a) ≤ b ≤ most(a).
The converse fails, so a requirement says where a condition may hold, and nothing about where it does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node, walk

End = Literal["least", "most", "each"]


@dataclass(frozen=True, slots=True)
class Extreme:
    """The `least` or `most` of a node in a tile that a program holds, or its value at `each` index of the axis.

    The most of Booleans says whether any of them holds.
    """

    node: Node
    end: End


@dataclass(frozen=True, slots=True)
class Combined:
    """A scalar function of requirements: a comparison, `and` or `or`."""

    function: str
    operands: tuple[Requirement, ...]


Requirement = Extreme | Combined

_ENDS: dict[str, tuple[tuple[str, End, End], ...]] = {
    "le": (("le", "least", "most"),),
    "lt": (("lt", "least", "most"),),
    "ge": (("ge", "most", "least"),),
    "gt": (("gt", "most", "least"),),
    "eq": (("le", "least", "most"), ("ge", "most", "least")),
    "ne": (("ne", "least", "most"), ("ne", "most", "least")),
}
"""For a comparison the ends of its sides that have to compare; all of them, for `ne` one of them."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads requirements for a loop along an axis; `tiled` are the axes along which programs hold tiles."""

    axis: Axis
    tiled: Collection[Axis]
    own: Collection[Node]

    def read(self, condition: Node) -> Requirement | None:
        """What a condition requires; None where nothing follows."""
        whole = self._side(condition, "most")
        if whole is not None or not isinstance(condition.op, ops.Map):
            return whole
        name = condition.op.function.name
        if name in _ENDS:
            return self._compared(name, *condition.inputs)
        if name not in ("and", "or"):
            return None
        parts = [self.read(operand) for operand in condition.inputs]
        known = tuple(part for part in parts if part is not None)
        if not known or (name == "or" and len(known) < len(parts)):
            return None
        return known[0] if len(known) == 1 else Combined(name, known)

    def _compared(self, name: str, left: Node, right: Node) -> Requirement | None:
        if left.dtype.kind != "int" or right.dtype.kind != "int":  # a NaN has no least value
            return None
        parts: list[Requirement] = []
        for function, low, high in _ENDS[name]:
            sides = self._side(left, low), self._side(right, high)
            if sides[0] is None or sides[1] is None:
                return None
            parts.append(Combined(function, (sides[0], sides[1])))
        return parts[0] if len(parts) == 1 else Combined("or" if name == "ne" else "and", tuple(parts))

    def _side(self, current: Node, end: End) -> Extreme | None:
        """A node that runs along the axis only, or not at all."""
        if self.axis not in current.axes:
            return Extreme(current, end)
        alone = all(a == self.axis or a not in self.tiled for a in current.axes)
        return Extreme(current, "each") if alone else None


def requirement(
    condition: Node, axis: Axis, tiled: Collection[Axis], own: Collection[Node]
) -> Requirement | None:
    """What the values along `axis` must meet where a condition holds; None where nothing is known.

    `own` are the reductions of the loop along the axis: what depends on them is not known before it.
    """
    if any(current in own for current in walk((condition,))):
        return None
    return _Reader(axis, tiled, own).read(condition)


def extremes(found: Requirement) -> Iterator[Extreme]:
    """What a requirement compares."""
    stack = [found]
    while stack:
        current = stack.pop()
        if isinstance(current, Extreme):
            yield current
        else:
            stack.extend(reversed(current.operands))


def chooses_along(found: Requirement, axis: Axis) -> bool:
    """Whether a requirement reads integers or Booleans along the axis, and no real numbers."""
    each = [e.node for e in extremes(found) if e.end == "each"]
    loads = [n for n in walk(each) if isinstance(n.op, ops.Input | ops.View | ops.Gather) and axis in n.axes]
    return bool(loads) and all(n.dtype.kind != "float" for n in loads)
