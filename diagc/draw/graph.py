"""The graph that is drawn: boxes a person would draw, joined by values, each value a bundle of strands.

A strand is named by its axis; `None` is the single strand of a value without axes. `touched` holds the axes
that a box reads, consumes or makes; all others are woven: their strands pass the box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from diagc.core.axes import Axis, in_order

StrandAxis = Axis | None
Hue = str

BATCH: Final[Hue] = "batch"
SCALAR: Final[Hue] = "scalar"
HUES: Final = 8
"""Hues that stay apart for colour-blind readers; a diagram with more axes uses them again."""


@dataclass(frozen=True, slots=True)
class Value:
    """What runs from one box to others. `title` is its type as written."""

    axes: tuple[Axis, ...]
    title: str
    dashed: bool = False

    @property
    def strands(self) -> tuple[StrandAxis, ...]:
        return self.axes or (None,)


@dataclass(frozen=True, slots=True)
class GraphBox:
    """A box, input or output. Operands and results are numbers of values."""

    kind: Literal["input", "parameter", "output", "box"]
    label: str
    operands: tuple[int, ...]
    results: tuple[int, ...]
    touched: frozenset[Axis] = frozenset()
    title: str = ""
    commutes: bool = False
    """Whether the operands may stand in any order."""
    opens: str = ""
    """The name of the picture of its inside, of a call."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes in topological order, inputs first, and the values between them."""

    name: str
    values: tuple[Value, ...]
    boxes: tuple[GraphBox, ...]

    def producers(self) -> dict[int, int]:
        """For every value the box that makes it."""
        return {value: place for place, box in enumerate(self.boxes) for value in box.results}

    def hue(self) -> Mapping[StrandAxis, Hue]:
        """A hue per axis; batch-like axes, which no box touches and every tensor input has, share grey."""
        axes = in_order(a for value in self.values for a in value.axes)
        touched = {a for box in self.boxes for a in box.touched}
        inputs = [set(self.values[box.results[0]].axes) for box in self.boxes if box.kind == "input"]
        every = set[Axis]().union(*inputs).intersection(*(i for i in inputs if i))
        owned = {a for box in self.boxes if box.kind == "parameter" for a in self.values[box.results[0]].axes}
        batch = every - touched - owned
        if batch.issuperset(axes):
            batch = set[Axis]()
        coloured = [a for a in axes if a not in batch]
        found: dict[StrandAxis, Hue] = {a: str(place % HUES) for place, a in enumerate(coloured)}
        return found | dict.fromkeys(batch, BATCH) | {None: SCALAR}
