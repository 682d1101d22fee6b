"""From the structure of a kernel to what the cost model sees of it: transfers, work, and what is live when.

The walk follows the lowering: a node is computed in the outermost loop that it can stand in, a view or an input is a
load, a contraction multiplies its factors without their product being held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate
from diagc.core.contraction import contracted_factors, summed_factors
from diagc.core.diagram import Node, walk
from diagc.core.guards import masks_of
from diagc.core.requirements import extremes
from diagc.cost.region import Limit, Loop, Region, Transfer, Window
from diagc.diagnostics import failure
from diagc.plan.liveness import moments
from diagc.plan.structure import Structure
from diagc.plan.visits import decided_by_data
from diagc.plan.work import work_of


def region(
    structure: Structure, sizes: Mapping[str, int], names: Mapping[Node, str] | None = None,
    share: Fraction = Fraction(1),
) -> Region:  # fmt: skip
    """The region of a structure at given size symbols; `names` are for tiles that no input names.

    `share` is how many of the tiles of a loop data leave, where a mask depends on them.

    Raises `DiagnosticError` E0602 for a size that is missing.
    """
    missing = [s for s in structure.diagram.size_symbols if s not in sizes]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        example = ",".join(f"{name}=4096" for name in missing)
        raise failure("E0602", f"the size {listed} has no value", help=f"add `--size {example}`")
    return _Builder(structure, sizes, names or {}, share).build()


@dataclass(slots=True)
class Stage:
    """What one loop computes, operands first; `loop` is None for what is computed outside of loops."""

    loop: int | None
    axes: tuple[Axis, ...]
    nodes: list[Node]
    states: tuple[Node, ...] = ()
    order: list[Node] = field(default_factory=list[Node])
    """The nodes, with the states where they take their share."""
    rest: list[Node] = field(default_factory=list[Node])
    """Nodes that the stage needs and that are computed outside of it."""


class _Builder:
    def __init__(
        self, structure: Structure, sizes: Mapping[str, int], names: Mapping[Node, str], share: Fraction
    ) -> None:
        self.structure, self.names, self.share = structure, names, share
        self.symbols = sizes
        self.sizes = {a.uid: a.size.evaluate(sizes) for a in structure.extents}
        self.states = [c.reduction for p in structure.passes for c in p.algebra.carried]
        self.dots = {n for n in walk((*structure.diagram.outputs, *self.states)) if self._is_dot(n)}

    def build(self) -> Region:
        structure = self.structure
        kinds = {a: e.kind for a, e in structure.extents.items()}
        stages = self._stages()
        loops = tuple(self._loop(stage) for stage in stages if stage.loop is not None)
        work = tuple(
            w for stage in stages for w in work_of(self.structure, stage.loop, stage.nodes, self.dots)
        )
        return Region(
            structure.diagram.name,
            self.sizes,
            tuple(a.uid for a in structure.group_axes if kinds[a] in ("tile", "one")),
            tuple(a.uid for a in structure.group_axes if kinds[a] == "tile"),
            loops,
            tuple(t for stage in stages for t in self._reads(stage)),
            self._writes(stages),
            work,
            tuple(m for i in range(len(stages)) for m in moments(self, stages, i)),
        )

    # ---- stages

    def operands(self, current: Node) -> tuple[Node, ...]:
        """What computing a node reads: nothing for a load at known indices, the factors for a contraction."""
        if self.is_load(current):
            return current.inputs[1:] if isinstance(current.op, ops.Gather) else ()
        return summed_factors(current) if current in self.dots else current.inputs

    def name(self, current: Node) -> str:
        """What a node is called where it is listed."""
        match current.op:
            case ops.Input(name):
                return name
            case ops.Map(function):
                return self.names.get(current, function.name)
            case ops.Reduce(monoid):
                return self.names.get(current, monoid)
            case op:
                return self.names.get(current, type(op).__name__.lower())

    def is_load(self, current: Node) -> bool:
        return isinstance(current.op, ops.Input | ops.View | ops.Gather)

    def _is_dot(self, current: Node) -> bool:
        factors = contracted_factors(current)
        return bool(factors) and len(factors) == len(summed_factors(current))

    def _stages(self) -> list[Stage]:
        structure, found = self.structure, list[Stage]()
        for number, step in enumerate(structure.passes):
            states = tuple(c.reduction for c in step.algebra.carried)
            found.append(self._stage(number, step.axes, states, states))
        if structure.stored_axis is not None:
            found.append(self._stage(len(found), (structure.stored_axis,), structure.diagram.outputs, ()))
        outside = [n for stage in found for n in stage.rest]
        last = self._order((*outside, *structure.diagram.outputs), ())
        inside = {n for stage in found for n in stage.nodes}
        nodes = [n for n in last if n not in inside]
        found.append(Stage(None, (), nodes, (), nodes))
        return found

    def _stage(
        self, loop: int, axes: tuple[Axis, ...], roots: tuple[Node, ...], states: tuple[Node, ...]
    ) -> Stage:
        order = self._order(roots, states)
        inner = [n for n in order if n in states or set(axes) & set(n.axes)]
        stage = Stage(loop, axes, [n for n in inner if n not in states], states, inner)
        stage.rest = [n for n in order if n not in inner]
        return stage

    def _order(self, roots: Iterable[Node], own: tuple[Node, ...]) -> list[Node]:
        """The nodes below the roots, operands first, without states other than the `own` ones of a loop."""
        return list(walk(roots, self.operands, set(self.states) - set(own)))

    # ---- loops and transfers

    def _loop(self, stage: Stage) -> Loop:
        axis = stage.axes[-1]
        masks = masks_of(stage.states, axis) if stage.states else ()
        limits = tuple(
            Limit(c.upper, tuple((a.uid, k) for a, k in c.terms), c.offset.evaluate(self.symbols))
            for mask in masks
            for _, found in mask.comparisons
            for c in found
            if not c.values
        )
        by_data = decided_by_data(stage.states, axis, self.structure.extents) if stage.states else ()
        return Loop(tuple(a.uid for a in stage.axes), limits, self.share if by_data else Fraction(1))

    def _reads(self, stage: Stage) -> list[Transfer]:
        return [self._read(n, stage.loop) for n in (*stage.nodes, *self._searched(stage)) if self.is_load(n)]

    def _searched(self, stage: Stage) -> list[Node]:
        """What a search reads along the axis of the loop that it is for."""
        passes = self.structure.passes
        step = passes[stage.loop] if stage.loop is not None and stage.loop < len(passes) else None
        if step is None or step.search is None:
            return []
        return self._order([e.node for e in extremes(step.search) if e.end == "each"], ())

    def _read(self, current: Node, loop: int | None) -> Transfer:
        root = current
        while not isinstance(root.op, ops.Input) and root.inputs:
            root = root.inputs[0]
        name = root.op.name if isinstance(root.op, ops.Input) else "computed"
        source = current.inputs[0] if current.inputs else current
        made = dict(current.op.coordinates) if isinstance(current.op, ops.View) else {}
        if isinstance(current.op, ops.Gather):  # each index reads an element of its own
            windows = tuple(self._window(Coordinate.along(a), a) for a in current.axes)
        else:
            windows = tuple(self._window(made.get(a, Coordinate.along(a)), a) for a in source.axes)
        return Transfer(name, windows, current.dtype.bytes, loop, current.dtype.value)

    def _window(self, coordinate: Coordinate, axis: Axis) -> Window:
        value = self.symbols
        terms = tuple((a.uid, c.evaluate(value)) for a, c in coordinate.terms)
        modulus = coordinate.modulus.evaluate(value) if coordinate.modulus is not None else None
        return Window(terms, axis.size.evaluate(value), max(coordinate.divisor.evaluate(value), 1), modulus)

    def _writes(self, stages: list[Stage]) -> tuple[Transfer, ...]:
        diagram, axis = self.structure.diagram, self.structure.stored_axis
        last = next((s.loop for s in reversed(stages) if s.loop is not None), None)
        return tuple(
            Transfer(
                name,
                tuple(self._window(Coordinate.along(a), a) for a in t.axes),
                t.dtype.bytes,
                last if axis in t.axes else None,
                t.dtype.value,
            )
            for name, t in zip(diagram.output_names, diagram.layouts, strict=True)
        )
