"""D(t, s), the product of the factors of the steps after s up to t, on one tile: see `core/affine.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.affine import logarithm
from diagc.core.axes import Axis
from diagc.core.diagram import Node, apply, cast, constant, node, reduction, spread
from diagc.core.dtypes import DType


@dataclass(frozen=True, slots=True)
class _Running:
    """A running sum at the rows of a tile, at its columns, and over the whole tile."""

    rows: Node
    columns: Node
    end: Node


@dataclass(frozen=True, slots=True)
class Decay:
    """The products of a factor over parts of a tile; `zeros` and `negatives` where it may be 0 or negative."""

    logarithms: _Running
    zeros: _Running | None = None
    negatives: _Running | None = None

    @staticmethod
    def of(factor: Node, axis: Axis, twin: Axis, renamed: Callable[[Node], Node]) -> Decay:
        """The decay of a factor along an axis, whose columns are called `twin`."""

        def running(value: Node) -> _Running:
            rows = spread(value, (axis,))
            columns = renamed(rows)
            return _Running(
                node(ops.Cumulative("sum", axis), rows),
                node(ops.Cumulative("sum", twin), columns),
                reduction("sum", (twin,), columns),
            )

        known = logarithm(factor)
        if known is not None:
            return Decay(running(cast(known, DType.F32)))
        zero = apply("eq", factor, constant(0.0))
        negative = apply("lt", factor, constant(0.0))
        logs = apply("log", apply("where", zero, constant(1.0), apply("abs", factor)))
        return Decay(running(logs), *(running(cast(n, DType.F32)) for n in (zero, negative)))

    def within(self) -> Node:
        """D(t, s) for the rows t and the columns s of a tile, where s ≤ t."""
        exponent = apply("sub", self.logarithms.rows, self.logarithms.columns)
        return self._signed(apply("exp", exponent), lambda r: apply("sub", r.rows, r.columns))

    def before(self) -> Node:
        """The product over the steps of the tile up to each row."""
        return self._signed(apply("exp", self.logarithms.rows), lambda r: r.rows)

    def after(self) -> Node:
        """The product over the steps of the tile after each column."""
        exponent = apply("sub", self.logarithms.end, self.logarithms.columns)
        return self._signed(apply("exp", exponent), lambda r: apply("sub", r.end, r.columns))

    def whole(self) -> Node:
        """The product over the steps of the tile."""
        return self._signed(apply("exp", self.logarithms.end), lambda r: r.end)

    def _signed(self, size: Node, count: Callable[[_Running], Node]) -> Node:
        if self.zeros is None or self.negatives is None:
            return size
        negatives = count(self.negatives)
        half = apply("floor", apply("mul", constant(0.5), negatives))
        odd = apply("sub", negatives, apply("mul", constant(2.0), half))
        sign = apply("sub", constant(1.0), apply("mul", constant(2.0), odd))
        none = apply("eq", count(self.zeros), constant(0.0))
        return apply("where", none, apply("mul", sign, size), constant(0.0))
