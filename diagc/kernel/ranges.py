"""Which tiles a loop visits: none that a mask empties, as far as that is known before the loop.

Bounds that are affine in indices and in integers that a program holds say which tiles are entered and which are whole.
What must hold at an index of data along the axis is looked for before the loop; it says which tiles are entered only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.comparisons import Comparison
from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.core.guards import Mask
from diagc.core.requirements import Extreme, Requirement
from diagc.kernel.builder import Phase, Scope
from diagc.kernel.ir import Bound, Edge, Fold, Search, Value
from diagc.kernel.tiles import TileBuilder


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on the loop's axis: the edge of the tiles to visit, and of those where it holds throughout."""

    visit: Edge
    whole: Edge


@dataclass(frozen=True, slots=True)
class Limits:
    """Inclusive lower and exclusive upper bounds, and the first index to visit with the one past the last."""

    lower: tuple[Limit, ...] = ()
    upper: tuple[Limit, ...] = ()
    found: tuple[Edge, Edge] | None = None

    @property
    def first(self) -> tuple[Edge, ...]:
        return self.found[:1] if self.found is not None else ()

    @property
    def past(self) -> tuple[Edge, ...]:
        return self.found[1:] if self.found is not None else ()


EVERYWHERE = Limits()
_ZERO = Edge((), Size())


class RangeBuilder(TileBuilder):
    """Builds what the bounds of loops need."""

    def limits(self, scope: Scope, axis: Axis, masks: tuple[Mask, ...], search: Requirement | None) -> Limits:
        """The limits that masks set for a loop along an axis in a scope."""
        found = [c for mask in masks for _, parts in mask.comparisons for c in parts]
        made = [(c.upper, Limit(self._edge(scope, c, True), self._edge(scope, c, False))) for c in found]
        lower = tuple(limit for is_upper, limit in made if not is_upper)
        upper = tuple(limit for is_upper, limit in made if is_upper)
        return Limits(lower, upper, self._search(scope, axis, Limits(lower, upper), search))

    def _edge(self, scope: Scope, comparison: Comparison, visit: bool) -> Edge:
        """The bound of the tiles to visit, or of the tiles where a comparison holds throughout.

        To visit, the loosest index of the other axes counts; to hold throughout, the tightest.
        """
        loosest = comparison.upper == visit
        offset = comparison.offset + 1 if comparison.upper else comparison.offset
        terms: list[tuple[Axis, Literal["first", "last"], int]] = []
        for a, c in comparison.terms:
            terms.append((a, "last" if (c > 0) == loosest else "first", c))
        values: list[tuple[Value, Literal["least", "most"], int]] = []
        for node, c in comparison.values:
            end: Literal["least", "most"] = "most" if (c > 0) == loosest else "least"
            values.append((self._extreme(scope, node, end), end, c))
        return Edge(tuple(terms), offset, tuple(values))

    def _extreme(self, scope: Scope, node: Node, end: Literal["least", "most"]) -> Value:
        """The least or the most that a program holds of a node; of Booleans, whether any holds."""
        value = self.value(scope, node)
        axes = tuple(a for a in value.axes if self.extents[a].blocked)
        if not axes:
            return value
        key = (end, id(value))
        for candidate in scope.chain():
            if key in candidate.derived:
                return candidate.derived[key]
        monoid = "any" if node.dtype is DType.BOOL else "max" if end == "most" else "min"
        inside = self.inside(scope, self.ragged(scope, axes))
        if inside is not None:
            unit = self.literal(scope, ops.unit_of(monoid, value.dtype), value.dtype)
            value = self.add(scope, "where", inside, value, unit, dtype=value.dtype)
        hint = f"{end}_{self.names.get(node) or getattr(node.op, 'name', 'value')}"
        made = Value(tuple(a for a in value.axes if a not in axes), node.dtype, node, hint)
        scope.statements.append(Fold(made, monoid, axes, value))
        scope.derived[key] = made
        return made

    def _search(
        self, scope: Scope, axis: Axis, limits: Limits, search: Requirement | None
    ) -> tuple[Edge, Edge] | None:
        """Look for the indices that meet a requirement, between the other limits."""
        if search is None:
            return None
        start = Bound("max", (_ZERO, *(limit.visit for limit in limits.lower)))
        stop = Bound("min", (Edge((), axis.size), *(limit.visit for limit in limits.upper)))
        body = Scope(scope, (axis,), "partial")
        met, inside = self._met(body, scope, search), self.inside(body, (axis,))
        assert inside is not None
        condition = self.add(body, "and", met, inside, dtype=DType.BOOL, hint="met")
        first, past = (
            Value((), DType.I32, hint=f"begin_{axis.name}"),
            Value((), DType.I32, hint=f"end_{axis.name}"),
        )
        scope.statements.append(Search(axis, start, stop, tuple(body.statements), condition, first, past))
        return Edge((), Size(), ((first, "least", 1),)), Edge((), Size(), ((past, "most", 1),))

    def _met(self, body: Scope, scope: Scope, search: Requirement) -> Value:
        if isinstance(search, Extreme):
            if search.end == "each":
                return self.value(body, search.node)
            return self._extreme(scope, search.node, search.end)
        total, *rest = (self._met(body, scope, operand) for operand in search.operands)
        for value in rest:
            total = self.add(body, search.function, total, value, dtype=DType.BOOL)
        return total


def phases(axis: Axis, limits: Limits) -> list[tuple[Phase, Bound, Bound]]:
    """The loops over an axis: tiles before, inside and after the part in which every limit holds throughout."""
    size = Edge((), axis.size)
    lower, upper = (tuple(limit.visit for limit in each) for each in (limits.lower, limits.upper))
    rounding: Literal["down", "none"] = "down" if lower or limits.first else "none"
    start = Bound("max", (_ZERO, *lower, *limits.first), rounding)
    stop = Bound("min", (size, *upper, *limits.past))
    inner_stop = Bound("min", (size, *(limit.whole for limit in limits.upper)), "down")
    if limits.past:  # tiles that data cut are whole for all else
        inner_stop = Bound("min", (inner_stop, Bound("min", limits.past, "up")))
    if not lower:
        return [
            ("full", start, inner_stop),
            ("partial", Bound("max", (start if limits.first else _ZERO, inner_stop)), stop),
        ]
    inner_start = Bound("max", (_ZERO, *(limit.whole for limit in limits.lower)), "up")
    if limits.first:
        inner_start = Bound("max", (inner_start, start))
    last = Bound("max", (inner_start, inner_stop))
    return [
        ("partial", start, Bound("min", (inner_start, stop))),
        ("full", inner_start, inner_stop),
        ("partial", last, stop),
    ]


def everything(axis: Axis) -> tuple[Bound, Bound]:
    """The bounds of a loop over a whole axis."""
    return Bound("max", (_ZERO,)), Bound("min", (Edge((), axis.size),))
