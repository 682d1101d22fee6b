"""The structure of a kernel: passes over streamed axes, resident axes, axes that programs share out.

A reduction whose result is needed at every index of a streamed axis is done on the tile, so the axes that it consumes
are resident. All other reductions stream. Those that one fold can carry share a pass; a reduction that does not
stream with the earlier ones gets a pass of its own, and the reason is kept for the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis, in_order
from diagc.core.contraction import contracted_factors, multiplies, own_axes
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.fold import Component, FoldAlgebra, NotStreaming, derive_components
from diagc.core.requirements import Requirement
from diagc.diagnostics import failure
from diagc.plan.extent import Extent, ExtentKind
from diagc.plan.ordered import Ordered, ordered, refused
from diagc.plan.visits import searched

FUSIBLE = (
    ops.Input
    | ops.Constant
    | ops.SizeOf
    | ops.Iota
    | ops.Map
    | ops.Cast
    | ops.Stop
    | ops.Reduce
    | ops.View
    | ops.Gather
    | ops.Spread
    | ops.Cumulative
    | ops.Scan
)
"""The leaves that fused kernels are made of; the others run in plain JAX."""

MAX_BESIDE: Final = 16
"""Longest axis of results that a program holds beside its folds, so that it does not repeat them for each index."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One loop over `axes`, the last of which is cut into blocks, carrying a fold.

    `reason` says why this pass could not be joined with an earlier one over the same axis. `search` is what indices
    must meet for which the loop does anything, where a program is to look for them first.
    """

    axes: tuple[Axis, ...]
    algebra: FoldAlgebra
    reason: str | None = None
    search: Requirement | None = None


@dataclass(frozen=True, slots=True)
class Structure:
    """The shape of the kernel of a diagram in normal form.

    `apart` are streamed axes of the results if there are several: one loop cannot store along all of them.
    """

    diagram: Diagram
    passes: tuple[Pass, ...]
    extents: dict[Axis, Extent]
    group_axes: tuple[Axis, ...]
    stored_axis: Axis | None
    apart: tuple[Axis, ...] = ()
    ordered: Ordered | None = None

    @property
    def roots(self) -> tuple[Node, ...]:
        """What is computed: the results, or with an order of tiles what one tile computes."""
        return self.diagram.outputs if self.ordered is None else self.ordered.roots

    @property
    def streamed(self) -> tuple[Axis, ...]:
        return tuple(axis for axis, extent in self.extents.items() if extent.kind == "stream")


@dataclass(slots=True)
class _Pending:
    axes: tuple[Axis, ...]
    components: list[Component] = field(default_factory=list[Component])
    reason: str | None = None


def structure(diagram: Diagram, resident_rows: bool = False, in_parts: bool = False) -> Structure:
    """The kernel structure of a diagram in normal form.

    With `resident_rows` every reduced axis is held on chip and nothing is streamed: the form for short rows.
    Raises `DiagnosticError` E0702 for leaves that no kernel is made of, and for several streamed axes of the results
    unless the diagram is to be taken `in_parts`.
    """
    _refuse_unknown(diagram)
    order = ordered(diagram)
    nodes = tuple(walk(diagram.outputs if order is None else order.roots))
    reductions = [n for n in nodes if isinstance(n.op, ops.Reduce)]
    inside = order.dependent if order is not None else set[Node]()
    inner = [r for r in reductions if r in inside]
    resident = _resident_axes(reductions) | {axis for r in inner for axis in reduced_axes(r)}
    if resident_rows:
        resident |= {axis for r in reductions for axis in reduced_axes(r)}
    places = {axis: place for place, axis in enumerate(diagram.reading_order)}
    passes = _passes([r for r in reductions if not set(reduced_axes(r)) <= resident], resident, places)
    streamed = {p.axes[-1] for p in passes}
    walked = {axis for p in passes for axis in p.axes[:-1]}
    if order is not None:
        if order.axis in (walked if order.twin else streamed | walked):
            raise refused(diagram, f"`{order.axis}` in two kinds of loops")
        (streamed if order.twin else walked).add(order.axis)
    group, stored = _group_axes(diagram, streamed | walked)
    if len(stored) > 1 and not in_parts:
        raise failure(
            "E0702",
            f"the results of `{diagram.name}` carry different streamed axes",
            help="compile each result as its own entry, or compile with `--target jax`",
        )
    twins = {order.twin} if order is not None and order.twin else set[Axis]()
    extents = _extents(diagram, nodes, group, resident - twins, streamed, walked, order, places)
    if order is not None and order.twin in extents:
        extents[order.twin] = Extent(order.twin, "twin", order.axis)
    one = stored[0] if stored else None
    if order is None:
        passes = tuple(replace(p, search=_search(p, extents)) for p in passes)
    return Structure(diagram, passes, extents, group, one, stored if len(stored) > 1 else (), order)


def _search(step: Pass, extents: Mapping[Axis, Extent]) -> Requirement | None:
    return searched(tuple(c.reduction for c in step.algebra.components), step.axes[-1], extents)


def reduced_axes(reduction: Node) -> tuple[Axis, ...]:
    """The axes that a reduction consumes."""
    assert isinstance(reduction.op, ops.Reduce)
    return reduction.op.axes


def _is_fusible(current: Node) -> bool:
    if isinstance(current.op, ops.Reduce) and current.op.monoid in ("argmax", "argmin"):
        return False
    if isinstance(current.op, ops.View | ops.Gather) and not isinstance(current.inputs[0].op, ops.Input):
        return False
    return isinstance(current.op, FUSIBLE)


def _refuse_unknown(diagram: Diagram) -> None:
    for current in walk(diagram.outputs):
        if not _is_fusible(current):
            raise refused(diagram, _spoken(current.op))


def _spoken(op: ops.Operator) -> str:
    match op:
        case ops.Reduce(monoid):
            return f"`{monoid}`"
        case ops.View() | ops.Gather():
            return "a re-indexing of a computed array"
        case ops.TopK() | ops.Concat():
            return f"`{type(op).__name__.lower()}`"
        case _:
            return "random numbers"


def _resident_axes(reductions: list[Node]) -> set[Axis]:
    """Axes consumed by a reduction whose result another reduction needs at every index it consumes."""
    found: set[Axis] = set()
    above: dict[Node, frozenset[Axis]] = {}
    """For a node the axes that reductions above it consume: a few, so that one walk does for all pairs."""
    for current in reversed(tuple(walk(reductions))):
        consumed = above.get(current, frozenset())
        if isinstance(current.op, ops.Reduce):
            if consumed & set(current.axes):
                found |= set(current.op.axes)
            consumed |= set(current.op.axes)
        for operand in current.inputs:
            above[operand] = above.get(operand, frozenset()) | consumed
    return found


def _passes(reductions: list[Node], resident: set[Axis], places: Mapping[Axis, int]) -> tuple[Pass, ...]:
    """Each reduction in the earliest pass that can carry it; `first` is the earliest that a node can be computed in.

    Of several axes the one that comes last in `places` is cut into blocks.
    """
    pending: list[_Pending] = []
    own, first = set(reductions), dict[Node, int]()
    placed: set[Node] = set()
    for reduction in walk(reductions):
        if reduction in placed:  # another one needed it already
            continue
        first[reduction] = max((first[operand] for operand in reduction.inputs), default=0)
        if reduction not in own:
            continue
        axes = _walked(
            sorted((a for a in reduced_axes(reduction) if a not in resident), key=places.__getitem__)
        )
        place, components, reason = _join(reduction, axes, pending, first[reduction])
        if not components:
            place, components = len(pending), derive_components(reduction, ())
            pending.append(_Pending(axes, reason=reason))
        pending[place].components += components
        placed |= {component.reduction for component in components}
        first |= {component.reduction: place for component in components}
    return tuple(Pass(p.axes, FoldAlgebra(p.axes, tuple(p.components)), p.reason) for p in pending)


def _walked(axes: list[Axis]) -> tuple[Axis, ...]:
    """The axes of a loop from the outside: the last one, which is cut into blocks, is the innermost that fills one."""
    last = next((a for a in reversed(axes) if fills(a)), None)
    return (*(a for a in axes if a is not last), last) if last is not None else tuple(axes)


def _join(
    reduction: Node, axes: tuple[Axis, ...], pending: list[_Pending], first: int
) -> tuple[int, tuple[Component, ...], str | None]:
    """The earliest pass from `first` on that can carry the reduction, or the reason why none can."""
    reason: str | None = None
    for place in range(first, len(pending)):
        if set(pending[place].axes) != set(axes):
            continue
        try:
            return place, derive_components(reduction, pending[place].components), None
        except NotStreaming as obstacle:
            reason = obstacle.reason
    return -1, (), reason


def _group_axes(diagram: Diagram, streamed: set[Axis]) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    """The axes that programs share out, and the streamed axes along which results are stored."""
    axes = in_order(axis for array in diagram.layouts for axis in array.axes)
    return tuple(a for a in axes if a not in streamed), tuple(a for a in axes if a in streamed)


def _extents(
    diagram: Diagram, nodes: tuple[Node, ...], group: tuple[Axis, ...], resident: set[Axis],
    streamed: set[Axis], walked: set[Axis], order: Ordered | None, places: Mapping[Axis, int],
) -> dict[Axis, Extent]:  # fmt: skip
    kinds: dict[ExtentKind, set[Axis]] = {"stream": streamed, "walk": walked - streamed}
    kinds["resident"] = resident - streamed - walked
    extents = {
        axis: Extent(axis, kind)
        for kind, axes in kinds.items()
        for axis in sorted(axes, key=lambda a: (places.get(a, len(places)), a.uid))
    }
    candidates = [axis for axis in group if axis not in extents]
    sides = _contracted_sides(nodes, candidates, streamed)
    filled = {a for a in resident if a.size.value is not None and fills(a)}
    alone = len(candidates) == 1 and not _contracted_sides(nodes, candidates, streamed | filled)
    tiled = (
        set[Axis]() if alone else sides
    )  # without the only axis of results, both sides are on chip already
    if not sides:
        tiled = _sharing_sides(nodes, candidates, streamed)
        if order is None:
            tiled = tiled or _neighbours(nodes, candidates, streamed | resident)
    beside = _beside_folds(nodes, candidates)
    held = _held_sides(nodes, tiled, streamed | walked) | beside
    extents |= {axis: Extent(axis, "resident", beside=axis in beside) for axis in candidates if axis in held}
    candidates = [axis for axis in candidates if axis not in held]
    tiled -= held
    whole = not streamed and not resident if order is None else order.twin is None or not (resident or held)
    if not tiled and whole and candidates:
        tiled = {_innermost(diagram, candidates)}
    extents |= {axis: Extent(axis, "tile" if axis in tiled else "one") for axis in candidates}
    for axis in in_order(a for n in _tiles(nodes, diagram) for a in n.axes):
        extents.setdefault(axis, Extent(axis, "resident"))
    for axis in in_order(
        a for n in nodes for a in n.axes
    ):  # axes of arrays that are re-indexed when they are read
        extents.setdefault(axis, Extent(axis, "one"))
    return extents


def _tiles(nodes: tuple[Node, ...], diagram: Diagram) -> list[Node]:
    """The nodes that a kernel holds tiles of: not the arrays that are read at other indices than their own."""
    held = set(diagram.outputs)
    for current in nodes:
        held.update(current.inputs[1:] if isinstance(current.op, ops.View | ops.Gather) else current.inputs)
    return [current for current in nodes if current in held]


def _held_sides(nodes: tuple[Node, ...], tiled: set[Axis], looped: set[Axis]) -> set[Axis]:
    """Sides that a kernel holds whole: each block of them would repeat a contraction that does not have them."""
    found: set[Axis] = set()
    for current in nodes:
        inner = (
            contracted_factors(current)
            and looped & set(current.axes)
            and not looped & set(reduced_axes(current))
        )
        if inner and tiled & set(current.axes):
            found |= tiled - set(current.axes)
    return found


def _beside_folds(nodes: tuple[Node, ...], candidates: list[Axis]) -> set[Axis]:
    """Short axes that no fold has: programs that share them out would repeat the folds, one holds them all."""
    folds = [n for n in nodes if isinstance(n.op, ops.Reduce)]
    consumed = {axis for fold in folds for axis in reduced_axes(fold)}
    inside = {axis for n in (*folds, *(n for n in nodes if consumed & set(n.axes))) for axis in n.axes}
    short = {a for a in candidates if a.size.value is not None and a.size.value <= MAX_BESIDE}
    return short - inside if folds else set()


def fills(axis: Axis) -> bool:
    """Whether an axis may be as long as the side of the smallest product of matrices."""
    return axis.size.value is None or axis.size.value >= 16


def _innermost(diagram: Diagram, candidates: list[Axis]) -> Axis:
    return next(a for a in reversed(diagram.layouts[0].axes) if a in candidates)


def _contracted_sides(nodes: tuple[Node, ...], candidates: list[Axis], streamed: set[Axis]) -> set[Axis]:
    """For each contraction an axis that only its left, and one that only its right side carries: the innermost that
    fills a block.

    A factor with a part of the axes of another is on the side of that one; a side that a loop runs along has its blocks
    there. An axis that all factors of another contraction have would make that one a batch of products on a tile.
    """
    every = [[set(f.axes) for f in factors] for n in nodes if (factors := contracted_factors(n))]
    shared = {a for axes in every for a in set[Axis].intersection(*axes)}
    tiled: set[Axis] = set()
    for reduction in nodes:
        factors = contracted_factors(reduction)
        alone = own_axes(factors)
        sides = [[a for a in candidates if a in each] for each in alone]
        for own, each in zip(sides, alone, strict=True):
            inside = any(set(own) < set(other) for other in sides)
            looped = streamed & each - set(reduced_axes(reduction))
            if own and not inside and not looped and not tiled & set(own):
                free = [a for a in own if fills(a) and a not in shared]
                tiled.update(
                    free[-1:] or (own[-1:] if multiplies(reduction) or not shared & set(own) else ())
                )
    return tiled


def _sharing_sides(nodes: tuple[Node, ...], candidates: list[Axis], streamed: set[Axis]) -> set[Axis]:
    """The innermost axis that a reduction on tiles carries and an array lacks which it reads along a loop.

    Programs that take one index of it each would read the whole array for that index.
    """
    for reduction in nodes:
        if not isinstance(reduction.op, ops.Reduce) or streamed & set(reduced_axes(reduction)):
            continue
        loads = (n for n in walk(reduction.inputs) if isinstance(n.op, ops.Input | ops.View | ops.Gather))
        looped = [n for n in loads if streamed & set(n.axes) and set(reduced_axes(reduction)) & set(n.axes)]
        own = [a for a in candidates if a in reduction.axes and any(a not in n.axes for n in looped)]
        if own:
            return {own[-1]}
    return set()


def _neighbours(nodes: tuple[Node, ...], candidates: list[Axis], reduced: set[Axis]) -> set[Axis]:
    """The axis along which the elements of an array are neighbours in memory, of an array that is read along a loop.

    Programs that take one index of it each would fetch its neighbours with it, and not use them.
    """
    for current in nodes:
        if isinstance(current.op, ops.Input | ops.View | ops.Gather) and reduced & set(current.axes):
            array = current if isinstance(current.op, ops.Input) else current.inputs[0]
            last = array.axes[-1]
            if last in candidates and last in current.axes and fills(last):
                return {last}
    return set()
