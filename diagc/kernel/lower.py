"""A planned diagram to kernel IR.

Reductions of a pass become loops that carry the state of its fold; every other node is computed on tiles. Masks that
are affine in indices set the bounds of the loop and vanish from its full tiles.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.contraction import contracted_factors
from diagc.core.diagram import Node, walk
from diagc.core.fold import Component, Dependence
from diagc.core.guards import Comparison, Mask, guard_point, masks_of
from diagc.core.rewrite import Record
from diagc.kernel.builder import Phase, Scope
from diagc.kernel.ir import Bound, Carried, Edge, Kernel, Loop, Store, Value
from diagc.kernel.rescale import rescaled
from diagc.kernel.tiles import TileBuilder
from diagc.plan.structure import Pass, Structure


def lower(structure: Structure, name: str, record: Record | None = None, padded: bool = True) -> Kernel:
    """The kernel of a structure. Without `padded`, blocks of resident axes are exactly as long as the axes.

    `record` says where nodes come from in the source and what they are called there.
    """
    record = record or Record()
    lowering = _Lowering(structure, padded, record.names)
    lowering.run()
    diagram = structure.diagram
    outputs = tuple(zip(diagram.output_names, diagram.layouts, strict=True))
    return Kernel(
        name, diagram.inputs, outputs, structure.extents, structure.group_axes,
        tuple(lowering.root.statements), record.spans,
    )  # fmt: skip


class _Lowering(TileBuilder):
    def __init__(self, structure: Structure, padded: bool, names: dict[Node, str]) -> None:
        super().__init__(structure.extents, padded, names)
        self.structure = structure
        self.finite: dict[tuple[Node, Phase], bool] = {}
        streamed = {c.reduction for p in structure.passes for c in p.algebra.components}
        self._force_resident(streamed)

    def _force_resident(self, streamed: set[Node]) -> None:
        """Choose what to mask so that folds over resident axes see neutral lanes."""
        pending: dict[Axis, list[Node]] = {}
        for current in walk(self.structure.diagram.outputs):
            if isinstance(current.op, ops.Reduce) and current not in streamed:
                for axis in current.op.axes:
                    if not self.exact(axis):
                        pending.setdefault(axis, []).append(current)
        for axis, reductions in pending.items():
            point = guard_point(tuple(reductions), axis)
            for chosen in [point] if point else [guard_point((r,), axis) for r in reductions]:
                if chosen is not None:
                    more = self.root.forced.get(chosen[0], ())
                    self.root.forced[chosen[0]] = (*more, (axis, chosen[1]))

    def run(self) -> None:
        """Passes in order, then the results."""
        for step in self.structure.passes:
            self._pass(step)
        axis = self.structure.stored_axis
        layouts = self.structure.diagram.layouts
        along = [place for place, layout in enumerate(layouts) if axis in layout.axes]
        self._store(self.root, [place for place in range(len(layouts)) if place not in along])
        if axis is None or not along:
            return
        for phase, start, stop in self._phases(axis, ()):
            scope = Scope(self.root, (axis,), phase)
            self._store(scope, along)
            self.root.statements.append(Loop(axis, start, stop, phase, (), tuple(scope.statements)))

    def _store(self, scope: Scope, places: list[int]) -> None:
        diagram = self.structure.diagram
        for place in places:
            layout = diagram.layouts[place]
            value = self.cast(scope, self.value(scope, diagram.outputs[place]), layout.dtype)
            scope.statements.append(Store(place, value, self.ragged(scope, layout.axes)))

    # ---- passes

    def _pass(self, step: Pass) -> None:
        components = step.algebra.components
        states = [self._unit(component) for component in components]
        results = self._loops(step, self.root, step.axes, states)
        for component, result in zip(components, results, strict=True):
            self.root.values[component.reduction] = result

    def _unit(self, component: Component) -> Value:
        reduction = component.reduction
        unit = ops.UNITS[component.monoid]
        value = (
            bool(unit)
            if reduction.dtype.kind == "bool"
            else int(unit)
            if reduction.dtype.kind == "int"
            else unit
        )
        return self.literal(
            self.root, value, reduction.dtype, reduction.axes, self._state_name(component.reduction)
        )

    def _state_name(self, reduction: Node) -> str:
        """The name in the source, else `sum_x` for a sum over x, `acc_x` for the accumulator of a contraction."""
        assert isinstance(reduction.op, ops.Reduce)
        name = "acc" if contracted_factors(reduction) else reduction.op.monoid
        return self.names.get(reduction) or "_".join((name, *(axis.name for axis in reduction.op.axes)))

    def _loops(self, step: Pass, scope: Scope, axes: tuple[Axis, ...], states: list[Value]) -> list[Value]:
        axis, inner = axes[0], axes[1:]
        if inner:  # walk one index at a time around the blocked loop
            start, stop = Bound("max", (Edge((), Size()),)), Bound("min", (Edge((), axis.size),))
            body = Scope(scope, (axis,), "full")
            inside = _renewed(states)
            nexts = self._loops(step, body, inner, inside)
            return _close(scope, body, start, stop, inside, states, nexts)
        components = step.algebra.components
        reductions = tuple(c.reduction for c in components)
        masks = masks_of(reductions, axis)
        for phase, start, stop in self._phases(axis, masks):
            body = Scope(scope, (axis,), phase)
            body.dependent = Dependence((r.inputs[0] for r in reductions), reductions, step.axes).on_reduction
            self._force(body, reductions, axis, masks)
            inside = _renewed(states)
            nexts = self._step(body, components, inside)
            states = _close(scope, body, start, stop, inside, states, nexts)
        return states

    def _force(self, scope: Scope, reductions: tuple[Node, ...], axis: Axis, masks: tuple[Mask, ...]) -> None:
        if scope.phase == "full":
            scope.dropped = {m.node: m.rest for m in masks}
            return
        point = guard_point(reductions, axis)
        if point is not None:
            scope.forced[point[0]] = ((axis, point[1]),)
            return
        for reduction in reductions:
            chosen = guard_point((reduction,), axis)
            if chosen is not None:
                scope.forced[chosen[0]] = ((axis, chosen[1]),)

    def _step(self, scope: Scope, components: tuple[Component, ...], states: list[Value]) -> list[Value]:
        """One tile: each component follows the change of the earlier ones and takes the tile's share."""
        before = Scope(scope, (), scope.phase, scope.statements, dependent=scope.dependent, casts=scope.casts)
        before.values = {c.reduction: state for c, state in zip(components, states, strict=True)}
        nexts: list[Value] = []
        for component, state in zip(components, states, strict=True):
            start = rescaled(self, before, scope, component, state)
            made = self._tile_fold(scope, component.reduction, start)
            scope.values[component.reduction] = made
            nexts.append(made)
        return nexts

    def _phases(self, axis: Axis, masks: tuple[Mask, ...]) -> list[tuple[Phase, Bound, Bound]]:
        """The loops over an axis: tiles before, inside and after the part in which every mask holds."""
        found = [c for mask in masks for _, parts in mask.comparisons for c in parts]
        lower = [c for c in found if not c.upper]
        upper = [c for c in found if c.upper]
        zero, size = Edge((), Size()), Edge((), axis.size)
        start = Bound("max", (zero, *(_edge(c, True) for c in lower)), "down" if lower else "none")
        stop = Bound("min", (size, *(_after(_edge(c, True)) for c in upper)))
        inner_stop = Bound("min", (size, *(_after(_edge(c, False)) for c in upper)), "down")
        if not lower:
            return [("full", start, inner_stop), ("partial", Bound("max", (zero, inner_stop)), stop)]
        inner_start = Bound("max", (zero, *(_edge(c, False) for c in lower)), "up")
        last = Bound("max", (inner_start, inner_stop))
        return [
            ("partial", start, Bound("min", (inner_start, stop))),
            ("full", inner_start, inner_stop),
            ("partial", last, stop),
        ]


def _renewed(states: list[Value]) -> list[Value]:
    """States of the same type, for the inside of a loop or for its results."""
    return [Value(s.axes, s.dtype, s.origin, s.hint) for s in states]


def _close(
    scope: Scope,
    body: Scope,
    start: Bound,
    stop: Bound,
    inside: list[Value],
    states: list[Value],
    nexts: list[Value],
) -> list[Value]:
    """Append the loop whose body has been built; its results."""
    results = _renewed(states)
    carried = tuple(map(Carried, inside, states, nexts, results))
    scope.statements.append(Loop(body.axes[0], start, stop, body.phase, carried, tuple(body.statements)))
    return results


def _after(edge: Edge) -> Edge:
    """An inclusive upper edge as an exclusive one."""
    return Edge(edge.terms, edge.offset + 1)


def _edge(comparison: Comparison, visit: bool) -> Edge:
    """The bound of the tiles to visit, or of the tiles where a comparison holds throughout.

    To visit, the loosest index of the other axes counts; to hold throughout, the tightest.
    """
    loosest = comparison.upper == visit
    return Edge(
        tuple((a, "last" if (c > 0) == loosest else "first", c) for a, c in comparison.terms),
        comparison.offset,
    )
