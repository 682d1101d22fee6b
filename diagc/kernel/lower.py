"""A planned diagram to kernel IR.

Reductions of a pass become loops that carry the state of its fold; every other node is computed on tiles. Masks set
the bounds of the loop; those that are decided per tile vanish from its full tiles.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node, walk
from diagc.core.guards import guard_points
from diagc.core.rewrite import Record
from diagc.kernel.builder import Phase, Scope
from diagc.kernel.ir import Bound, Kernel, Loop, Store, Value
from diagc.kernel.ranges import EVERYWHERE, everything, phases
from diagc.kernel.streaming import PassBuilder, close, renewed
from diagc.passes.forms import literal
from diagc.plan.ordered import Carried, Ordered
from diagc.plan.structure import Structure


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


class _Lowering(PassBuilder):
    def __init__(self, structure: Structure, padded: bool, names: dict[Node, str]) -> None:
        super().__init__(structure.extents, padded, names)
        self.structure = structure
        streamed = {c.reduction for p in structure.passes for c in p.algebra.components}
        self._force_resident(streamed)

    def _force_resident(self, streamed: set[Node]) -> None:
        """Choose what to mask so that folds over resident axes see neutral lanes."""
        pending: dict[Axis, list[Node]] = {}
        order = self.structure.ordered  # its last tile, the one that the end cuts, makes results only
        for current in walk(self.structure.diagram.outputs if order is None else order.outputs):
            if isinstance(current.op, ops.Reduce) and current not in streamed:
                for axis in current.op.axes:
                    if not self.exact(axis):
                        pending.setdefault(axis, []).append(current)
        for axis, reductions in pending.items():
            for place, value in guard_points(tuple(reductions), axis):
                more = self.root.forced.get(place, ())
                self.root.forced[place] = (*more, (axis, value))

    def run(self) -> None:
        """Passes in order, then the results."""
        for step in self.structure.passes:
            self.run_pass(step)
        axis = self.structure.stored_axis
        layouts = self.structure.diagram.layouts
        along = [place for place, layout in enumerate(layouts) if axis in layout.axes]
        self._store(self.root, [place for place in range(len(layouts)) if place not in along])
        if axis is None or not along:
            return
        if self.structure.ordered is not None:
            self._in_order(self.structure.ordered, along)
            return
        for phase, start, stop in phases(axis, EVERYWHERE):
            scope = Scope(self.root, (axis,), phase)
            self._store(scope, along)
            self.root.statements.append(Loop(axis, start, stop, phase, (), tuple(scope.statements)))

    def _in_order(self, order: Ordered, along: list[int]) -> None:
        """The loop whose tiles hand a state on; a tile that the end cuts is the last and has nobody to hand it to."""
        states = [self._start(c) for c in order.carried]
        moving = (order.axis,) if order.twin is None else (order.axis, order.twin)
        each: list[tuple[Phase, Bound, Bound]] = [("full", *everything(order.axis))]
        loops = phases(order.axis, EVERYWHERE) if order.twin else each
        for phase, start, stop in loops:
            scope = Scope(self.root, moving, phase, dependent=order.dependent)
            inside = renewed(states)
            scope.values = dict(zip((c.state for c in order.carried), inside, strict=True))
            self._store(scope, along)
            last = phase == "partial"
            nexts = inside if last else [self.value(scope, c.next) for c in order.carried]
            states = close(self.root, scope, start, stop, inside, states, nexts)

    def _start(self, carried: Carried) -> Value:
        """The value of a state before the first tile, over all its axes."""
        state, name = carried.state, "state" if carried.state.axes else "carried"
        value = literal(carried.start)
        if value is not None:
            value = float(value) if state.dtype.kind == "float" else value
            return self.literal(self.root, value, state.dtype, state.axes, name)
        return self.over(self.root, self.value(self.root, carried.start), state.axes)

    def _store(self, scope: Scope, places: list[int]) -> None:
        diagram = self.structure.diagram
        outputs = diagram.outputs if self.structure.ordered is None else self.structure.ordered.outputs
        for place in places:
            layout = diagram.layouts[place]
            value = self.cast(scope, self.value(scope, outputs[place]), layout.dtype)
            scope.statements.append(Store(place, value, self.ragged(scope, layout.axes)))
