"""How a kernel covers the axes of a diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from diagc.core.axes import Axis

ExtentKind = Literal["one", "tile", "resident", "stream", "walk", "twin"]


@dataclass(frozen=True, slots=True)
class Extent:
    """How a kernel covers an axis.

    `one`: one index per program. `tile`: a block per program. `resident`: the whole axis in one block.
    `stream`: a loop over blocks. `walk`: a loop over single indices. `twin`: the block of the loop over the axis `of`
    again, for a second index in it. A resident axis may be `beside` the folds: no tile that is folded has it.
    """

    axis: Axis
    kind: ExtentKind
    of: Axis | None = None
    beside: bool = False

    @property
    def blocked(self) -> bool:
        """Whether tiles have a dimension for this axis."""
        return self.kind in ("tile", "resident", "stream", "twin")


def held_axes(extents: Mapping[Axis, Extent]) -> list[Axis]:
    """The axes that tiles of folds have whole, which limits how much else a tile has."""
    return [axis for axis, extent in extents.items() if extent.kind == "resident" and not extent.beside]


def blocked_axes(extents: Mapping[Axis, Extent]) -> set[Axis]:
    """The axes that tiles have a dimension for."""
    return {axis for axis, extent in extents.items() if extent.blocked}
