"""The loops of a pass: they carry the state of its fold, bring it to new centres, and add a tile.

Masks that bound a loop vanish from its full tiles. Beside the components a loop
carries the centres that stand in elements, so that old and new state refer to exactly the centres that tiles used.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors
from diagc.core.diagram import Node, walk
from diagc.core.dtypes import DType
from diagc.core.fold import Component, Dependence, FoldAlgebra
from diagc.core.guards import Mask, guard_points, masks_of
from diagc.core.requirements import Requirement
from diagc.kernel.builder import Scope
from diagc.kernel.ir import Bound, Carried, Index, Loop, Number, Progress, Value
from diagc.kernel.ranges import RangeBuilder, everything, phases
from diagc.kernel.rescale import follow, mentioned
from diagc.plan.structure import Pass


class PassBuilder(RangeBuilder):
    """Builds passes."""

    def run_pass(self, step: Pass) -> None:
        """The loops of a pass; its reductions then have values outside of them."""
        algebra = step.algebra
        starts = [self._unit(component) for component in algebra.carried]
        starts += [self.literal(self.root, 0.0, a.dtype, a.axes, "centre") for a in algebra.moved_centres]
        results = self._loops(algebra, self.root, step.axes, starts, step.search)
        for component, result in zip(algebra.carried, results, strict=False):
            self.root.values[component.reduction] = result

    def _unit(self, component: Component) -> Value:
        reduction = component.reduction
        unit = ops.unit_of(component.monoid, reduction.dtype)
        return self.literal(self.root, unit, reduction.dtype, reduction.axes, self._state_name(reduction))

    def _state_name(self, reduction: Node) -> str:
        """The name in the source, else `sum_x` for a sum over x, `acc_x` for the accumulator of a contraction."""
        assert isinstance(reduction.op, ops.Reduce)
        name = "acc" if contracted_factors(reduction) else reduction.op.monoid
        return self.names.get(reduction) or "_".join((name, *(axis.name for axis in reduction.op.axes)))

    def _loops(
        self, algebra: FoldAlgebra, scope: Scope, axes: tuple[Axis, ...], states: list[Value],
        search: Requirement | None,
    ) -> list[Value]:  # fmt: skip
        axis, inner = axes[0], axes[1:]
        if inner:  # walk one index at a time around the blocked loop
            start, stop = everything(axis)
            body = Scope(scope, (axis,), "full")
            inside = renewed(states)
            nexts = self._loops(algebra, body, inner, inside, search)
            return close(scope, body, start, stop, inside, states, nexts)
        masks = masks_of(tuple(c.reduction for c in algebra.components), axis)
        for phase, start, stop in phases(axis, self.limits(scope, axis, masks, search)):
            body = Scope(scope, (axis,), phase, dependent=_dependent(algebra))
            self._force(body, tuple(c.reduction for c in algebra.carried), axis, masks)
            inside = renewed(states)
            nexts = self._step(body, algebra, inside)
            states = close(scope, body, start, stop, inside, states, nexts)
        return states

    def _force(self, scope: Scope, reductions: tuple[Node, ...], axis: Axis, masks: tuple[Mask, ...]) -> None:
        if scope.phase == "full":
            scope.dropped = {m.node: m.rest for m in masks}
            return
        for place, value in guard_points(reductions, axis):
            scope.forced[place] = ((axis, value),)

    def _step(self, scope: Scope, algebra: FoldAlgebra, states: list[Value]) -> list[Value]:
        """One tile: each component follows the change of the earlier ones and takes the tile's share."""
        centres = algebra.moved_centres
        places = [*(c.reduction for c in algebra.carried), *centres]
        before = Scope(scope, (), scope.phase, scope.statements, dependent=scope.dependent, casts=scope.casts)
        before.values = dict(zip(places, states, strict=True))
        before.values |= {centre: before.values[atom] for atom, centre in centres.items()}
        for component in algebra.components:
            if component.counts:
                for side, after in ((before, False), (scope, True)):
                    side.values[component.reduction] = self._count(
                        scope, component.reduction, algebra.axes, after
                    )
        pending = dict(centres)
        for component, state in zip(algebra.carried, states, strict=False):
            start = follow(self, before, scope, component, state)
            scope.values[component.reduction] = self._tile_fold(scope, component.reduction, start)
            self._recentre(scope, algebra, pending)
        return [scope.values[place] for place in places]

    def _recentre(self, scope: Scope, algebra: FoldAlgebra, pending: dict[Node, Node]) -> None:
        """Give the centres their new values as soon as all that they are made of has its own."""
        reductions = {c.reduction for c in algebra.components}
        for atom, centre in list(pending.items()):
            if all(n in scope.values for n in walk((centre,)) if n in reductions):
                made = scope.values[atom] = self.value(scope, centre)
                made.hint = made.hint or "next_centre"
                del pending[atom]

    def _count(self, scope: Scope, count: Node, axes: tuple[Axis, ...], after: bool) -> Value:
        """How many indices of the pass have been processed, in the dtype of the state."""
        total: Value | None = None
        for place, axis in enumerate(axes):
            target = Value((), DType.I64, hint="" if place else "seen" if after else "before")
            if place < len(axes) - 1:
                scope.statements.append(Index(target, axis))
            else:
                scope.statements.append(Progress(target, axis, after))
            if total is not None:
                size = Value((), DType.I64)
                scope.statements.append(Number(size, axis.size))
                total = self.add(scope, "mul", total, size, dtype=DType.I64)
                target = self.add(scope, "add", total, target, dtype=DType.I64)
            total = target
        assert total is not None
        return self.cast(scope, total, count.dtype)


def _dependent(algebra: FoldAlgebra) -> set[Node]:
    """What changes from tile to tile with the running state."""
    roots = [c.element for c in algebra.components]
    roots += algebra.centres.values()
    roots += [n for c in algebra.components for n in mentioned(c)]
    return Dependence(roots, (c.reduction for c in algebra.components), algebra.axes).on_reduction


def renewed(states: list[Value]) -> list[Value]:
    """States of the same type, for the inside of a loop or for its results."""
    return [Value(s.axes, s.dtype, s.origin, s.hint) for s in states]


def close(
    scope: Scope,
    body: Scope,
    start: Bound,
    stop: Bound,
    inside: list[Value],
    states: list[Value],
    nexts: list[Value],
) -> list[Value]:
    """Append the loop whose body has been built; its results."""
    results = renewed(states)
    carried = tuple(map(Carried, inside, states, nexts, results))
    scope.statements.append(Loop(body.axes[0], start, stop, body.phase, carried, tuple(body.statements)))
    return results
