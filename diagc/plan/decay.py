"""D(t, s) = ∏ a over the steps after s up to t, on one tile: products of the factors themselves.

Nothing is divided and no logarithm is taken, so that factors may be 0 or negative, and a product of many small ones
underflows to 0 as it does step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node, apply, constant, node, reduction, spread


@dataclass(frozen=True, slots=True)
class Decay:
    """The products of a factor over parts of a tile, whose rows are `axis` and whose columns are `twin`."""

    factor: Node
    axis: Axis
    twin: Axis
    renamed: Callable[[Node], Node]

    def within(self) -> Node:
        """D(t, s) for rows and columns of a tile with s ≤ t; 1 elsewhere."""
        return node(ops.Cumulative("prod", self.axis), self._later())

    def before(self) -> Node:
        """The product over the steps of the tile up to each row."""
        return node(ops.Cumulative("prod", self.axis), spread(self.factor, (self.axis,)))

    def after(self) -> Node:
        """The product over the steps of the tile after each column."""
        return reduction("prod", (self.axis,), self._later())

    def whole(self) -> Node:
        """The product over the steps of the tile."""
        return reduction("prod", (self.twin,), self.renamed(spread(self.factor, (self.axis,))))

    def _later(self) -> Node:
        later = apply("gt", node(ops.Iota(self.axis)), node(ops.Iota(self.twin)))
        return apply("where", later, self.factor, constant(1.0))
