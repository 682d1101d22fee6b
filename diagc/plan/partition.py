"""Cutting a diagram into kernels.

A node that is *cut* is written to memory by one kernel and read by the others. Cuts are made for one of these reasons:
a value would be computed again by programs that need not, what is held on chip would be too long, a reduction runs
over an axis that programs should share out or over several that results carry, or a re-indexing reads what has been
computed. Nothing else is cut: results that share the passes of a kernel are written by it together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import contracted_factors, contraction_dtype, is_product, product_factors
from diagc.core.diagram import Array, Diagram, Node, node, rebuild, substitute, users, walk, with_inputs
from diagc.core.dtypes import DType
from diagc.core.naming import unused
from diagc.core.rewrite import Record
from diagc.diagnostics import DiagnosticError
from diagc.plan.config import MAX_RESIDENT_DOT, MAX_RESIDENT_ROW, has_dot
from diagc.plan.meeting import meeting
from diagc.plan.obstacles import (
    across,
    apart,
    crossed,
    doubled,
    laboured,
    overfull,
    parallel_axes,
    reductions_of,
    repeated,
    smallest,
    unmultiplied,
)
from diagc.plan.out_of_order import out_of_order
from diagc.plan.stages import Stage, writers_first
from diagc.plan.structure import Structure, fills, reduced_axes, structure

MAX_ROUNDS = 100
"""Rounds of cutting; each cuts at least one node more, so only a defect needs as many."""


Held = Literal["short", "long", "any"]


def partition(
    diagram: Diagram,
    record: Record | None = None,
    held: Held = "short",
) -> tuple[Stage, ...]:
    """The kernels of a diagram in normal form, each after those whose buffers it reads.

    An axis that has to be held beside a contraction and whose size is not known is taken to be short or long, as `held`
    says; with `any` no axis is too long to be held, where memory is not on chip. `record` says what nodes are called in
    the source. Raises `DiagnosticError` E0702 where a leaf fits into no kernel.
    """
    return _Partition(diagram, record or Record(), held).run()


def finished_folds(diagram: Diagram, record: Record, held: Held = "short") -> list[Node]:
    """The reductions of a diagram that its kernels finish in their passes, in order; raises as `partition`."""
    cutting = _Partition(diagram, record, held)
    passes = [step for stage in cutting.run() for step in stage.structure.passes]
    return cutting.originals(c.reduction for step in passes for c in step.algebra.components)


@dataclass(slots=True)
class _Partition:
    diagram: Diagram
    record: Record
    held: Held
    cuts: dict[Node, Node] = field(default_factory=dict[Node, Node])
    readers: dict[Node, list[Node]] = field(default_factory=dict[Node, list[Node]])
    known: dict[tuple[Node, ...], Stage] = field(default_factory=dict[tuple[Node, ...], Stage])
    asked: dict[tuple[tuple[Node, ...], ...], Stage] = field(
        default_factory=dict[tuple[tuple[Node, ...], ...], Stage]
    )

    def run(self) -> tuple[Stage, ...]:
        self.readers = users(self.diagram.outputs)
        for current in walk(self.diagram.outputs):
            if isinstance(current.op, ops.View | ops.Gather) and not _is_read(current):
                self._cut(current.inputs[0])
        for current in out_of_order(self.diagram):
            self._cut(current)
        for _ in range(MAX_ROUNDS):
            groups = self._groups()
            made = [self._stage(group).structure for group in groups]
            before = set(self.cuts)
            found = [n for each in made for n in self._obstacles(each)]
            for current in found or self._unmultiplied(made) or self._laboured(made) or self._overfull(made):
                self._cut(current)
            if set(self.cuts) == before:
                return writers_first(self._read_by_others(groups), self.diagram.inputs)
        raise AssertionError("cutting does not end on this diagram")

    def _read_by_others(self, groups: list[tuple[Node, ...]]) -> list[Stage]:
        """The stages, without writing what turned out to be read by the kernel alone that computes it."""
        read = {n for group in groups for n in self._stage(group).diagram.inputs}
        idle = [n for n, buffer in self.cuts.items() if buffer not in read]
        for current in idle:
            del self.cuts[current]
        return [self._stage(group) for group in (self._groups() if idle else groups)]

    # ---- cuts

    def _cut(self, current: Node) -> None:
        """Write a node to memory, or what all its readers make of it at the same points."""
        current = self._written(current)
        if self._is_known(current):
            return
        dtype = self._stored_dtype(current)
        name = self.record.names.get(current) or f"buffer_{len(self.cuts)}"
        taken = {
            n.op.name for n in (*self.diagram.inputs, *self.cuts.values()) if isinstance(n.op, ops.Input)
        }
        taken |= set(self.diagram.output_names)
        places = {axis: place for place, axis in enumerate(self.diagram.reading_order)}
        array = Array(dtype, tuple(sorted(current.axes, key=places.__getitem__)), current.array.index_of)
        self.cuts[current] = node(ops.Input(unused(name, taken)), array=array)

    def _written(self, current: Node) -> Node:
        """What is written in place of a node: what all its readers make of it at the same points."""
        while not self._is_known(current):
            reader = meeting(current, self.readers, self._continues, self._is_known)
            if reader is None:
                break
            current = reader
        return current

    def _is_known(self, current: Node) -> bool:
        """Whether a node is in memory already, or is no part of the diagram: a fold that a plan has added."""
        outside = current not in self.readers or isinstance(current.op, ops.Input)
        return outside or current in self.cuts or current in self.diagram.outputs

    def _continues(self, current: Node, reader: Node) -> bool:
        """Whether a reader is computed at the same points, of nothing that a kernel would have to fold besides."""
        axes = set(current.axes)
        if not isinstance(reader.op, ops.Map | ops.Cast) or set(reader.axes) != axes:
            return False
        stack = [operand for operand in reader.inputs if operand is not current]
        while stack:
            top = stack.pop()
            if top in self.cuts:
                continue
            if isinstance(top.op, ops.Reduce) and set(top.axes) != axes:
                return False
            stack += top.inputs
        return True

    def _stored_dtype(self, current: Node) -> DType:
        """The dtype to which every reader rounds a node, if they agree, else its own."""
        found: set[DType | None] = set()
        factors = set(product_factors(current))
        for reader in self.readers[current]:
            folds = self.readers[reader] if is_product(reader) else []
            taken = [contraction_dtype(f) for f in folds if factors <= set(contracted_factors(f))]
            found |= set(taken) if folds and len(taken) == len(folds) else {None}
        dtype = found.pop() if len(found) == 1 else None
        return dtype or current.dtype

    def _results(self) -> list[Node]:
        """What kernels write: buffers, then the outputs that are computed."""
        return list(dict.fromkeys((*self.cuts, *self.diagram.outputs)))

    # ---- kernels

    def _groups(self) -> list[tuple[Node, ...]]:
        """The results by kernel: together as far as they share work and passes."""
        results = self._results()
        if not self.cuts and self._joins(tuple(results)):
            return [tuple(results)]
        below = {r: self._read(r) for r in results}
        groups: list[tuple[Node, ...]] = []
        for result in results:
            for place, group in enumerate(groups):
                if self._shares((*group, result), below) and self._joins((*group, result)):
                    groups[place] = (*group, result)
                    break
            else:
                groups.append((result,))
        return groups

    def _read(self, result: Node) -> set[Node]:
        """The buffers and results that the kernel of a result reads, directly or through other kernels."""
        boundary = set(self._results())
        return {n for n in walk((result,)) if n in boundary and n is not result}

    def _shares(self, group: tuple[Node, ...], below: Mapping[Node, set[Node]]) -> bool:
        """Whether the last of the group fits in: no cycle through another kernel, and work or loads in common."""
        *rest, last = group
        inside = set(group)
        for one in group:
            for other in below[one] - inside:
                if below.get(other, set[Node]()) & inside:
                    return False
        folds = {n for n in self._stage((last,)).diagram.outputs for n in reductions_of((n,))}
        others = {n for r in rest for o in self._stage((r,)).diagram.outputs for n in reductions_of((o,))}
        if folds & others:
            return True
        stages = [self._stage((r,)).structure for r in group]
        loads = [{n for n in walk(s.diagram.outputs) if isinstance(n.op, ops.Input)} for s in stages]
        return not any(map(has_dot, stages)) and bool(loads[-1] & set[Node]().union(*loads[:-1]))

    def _joins(self, group: tuple[Node, ...]) -> bool:
        """Whether results go into one kernel without more passes or obstacles than the worst of them has alone."""
        try:
            made = self._stage(group).structure
            alone = [self._stage((result,)).structure for result in group]
        except DiagnosticError as error:
            if len(group) == 1 or any(d.code != "E0702" for d in error.diagnostics):
                raise
            return False
        if len(group) == 1:
            return True
        if self._obstacles(made) and not any(map(self._obstacles, alone)):
            return False
        return len(made.passes) <= max(len(s.passes) for s in alone) and all(
            parallel_axes(s) == parallel_axes(made) for s in alone if reductions_of(s.diagram.outputs)
        )

    def _stage(self, group: tuple[Node, ...]) -> Stage:
        asked = (group, tuple(self.cuts), self.diagram.outputs)
        if asked not in self.asked:
            self.asked[asked] = self._made(group)
        return self.asked[asked]

    def _made(self, group: tuple[Node, ...]) -> Stage:
        outside = {n: b for n, b in self.cuts.items() if n not in group}
        outside |= {
            n: self._result_input(n)
            for n in self.diagram.outputs
            if n not in group and n not in self.cuts and not isinstance(n.op, ops.Input)
        }
        made = tuple(self._inside(result, outside) for result in group)
        if made not in self.known:
            self.known[made] = self._build(group, made)
        return self.known[made]

    def _inside(self, result: Node, outside: Mapping[Node, Node]) -> Node:
        """A result with the buffers that its kernel reads in place of what they hold."""

        def change(current: Node, inputs: tuple[Node, ...]) -> Node:
            return outside.get(current) or self.record.follow(current, with_inputs(current, inputs))

        return self.record.follow(result, with_inputs(result, rebuild(result.inputs, change)))

    def _build(self, group: tuple[Node, ...], made: tuple[Node, ...]) -> Stage:
        names, layouts, outputs = list[str](), list[Array](), list[Node]()
        for result, computed in zip(group, made, strict=True):
            places = [p for p, output in enumerate(self.diagram.outputs) if output is result]
            buffer = self.cuts.get(result)
            if not places:
                assert buffer is not None and isinstance(buffer.op, ops.Input)
                names.append(buffer.op.name)
                layouts.append(buffer.array)
            names += [self.diagram.output_names[p] for p in places]
            layouts += [self.diagram.layouts[p] for p in places]
            outputs += [computed] * max(len(places), 1)
        read = {n for n in walk(made) if isinstance(n.op, ops.Input)}
        inputs = [n for n in self.diagram.inputs if n in read]
        inputs += [n for n in walk(made) if n in read and n not in inputs]
        name = (
            f"{self.diagram.name}_{'_'.join(names)}" if group != tuple(self._results()) else self.diagram.name
        )
        diagram = Diagram(name, tuple(inputs), tuple(outputs), tuple(names), tuple(layouts))
        found = structure(diagram, in_parts=True)
        if found.apart and not apart(found, reductions_of(made)):
            structure(diagram)  # nothing can be cut: this says why
        return Stage(diagram, found)

    def _result_input(self, output: Node) -> Node:
        """An output as another kernel reads it: in the dtype and layout in which it was written."""
        place = self.diagram.outputs.index(output)
        layout = self.diagram.layouts[place]
        return node(ops.Input(self.diagram.output_names[place]), array=layout)

    # ---- obstacles

    def _obstacles(self, made: Structure) -> list[Node]:
        """The reductions that must not be part of a kernel, by the first reason that applies."""
        reductions = reductions_of(made.diagram.outputs)
        for find in (apart, crossed, repeated, across, doubled, self._long):
            found = find(made, reductions)
            if found:
                return self.originals(found)
        return []

    def _long(self, made: Structure, reductions: Sequence[Node]) -> list[Node]:
        """Reductions that make a kernel hold an axis that is too long for it."""
        limit = MAX_RESIDENT_DOT if has_dot(made) else MAX_RESIDENT_ROW
        streamed = {c.reduction for p in made.passes for c in p.algebra.components}
        found: list[Node] = []
        for axis, extent in made.extents.items():
            size = axis.size.value
            short = size <= limit if size is not None else self.held == "short" or not has_dot(made)
            if extent.kind != "resident" or short or self.held == "any":
                continue
            inner = [
                r
                for r, whole in zip(reductions, self.originals(reductions), strict=True)
                if r not in streamed and not self._is_known(self._written(whole))
            ]
            found += [r for r in inner if axis in reduced_axes(r)] or _last(
                r for r in inner if axis not in r.axes
            )
        return list(dict.fromkeys(found))

    def _unmultiplied(self, made: Sequence[Structure]) -> list[Node]:
        """One cut for each kernel that cannot multiply its matrices: of a fold over several axes, or of a product."""
        found: list[Node] = []
        for each in made:
            reductions = reductions_of(each.diagram.outputs)
            products = unmultiplied(each, reductions) if each.ordered is None else []
            walked = {axis for axis, extent in each.extents.items() if extent.kind == "walk" and fills(axis)}
            folds = [r for r in reductions if walked & set(reduced_axes(r)) and set(reduced_axes(r)) - walked]
            if products and folds:
                return [self._nested(self.originals(folds)[0], walked)]
            found += smallest(n for n in self.originals(products) if not self._is_known(self._written(n)))
        return found

    def _overfull(self, made: Sequence[Structure]) -> list[Node]:
        return self.originals(n for s in made for n in overfull(s, reductions_of(s.diagram.outputs)))

    def _laboured(self, made: Sequence[Structure]) -> list[Node]:
        """Sides to be written; what was written for them alone is no longer, so that one kernel makes all of them."""
        found = [
            self._side(r, side)
            for each in made
            for r, side in laboured(each, reductions_of(each.diagram.outputs))
        ]
        found = [f for f in dict.fromkeys(found) if not self._is_known(self._written(f))]
        results = {*self.diagram.outputs, *found, *self.cuts}
        for current in [n for n in self.cuts if self._read_for(n, results) <= set(found)]:
            del self.cuts[current]
        return found

    def _side(self, reduction: Node, factors: tuple[Node, ...]) -> Node:
        """The node of the whole diagram that is the product of some factors of a contraction."""
        whole, *side = self.originals((reduction, *factors))
        if len(side) == 1:
            return side[0]
        product = whole.inputs[0]
        others = [f for f in product_factors(product) if f not in side]
        made = node(product.op, *side)
        self._replace(product, node(product.op, made, *others))
        return made

    def _read_for(self, current: Node, results: set[Node]) -> set[Node]:
        """The results that are made of a node without another result between."""
        found, stack = set[Node](), list(self.readers[current])
        while stack:
            top = stack.pop()
            if top in results:
                found.add(top)
            else:
                stack += self.readers[top]
        return found

    def _nested(self, fold: Node, walked: set[Axis]) -> Node:
        """Fold over several axes as folds of folds, and return the inner one, which does not have the walked axes."""
        assert isinstance(fold.op, ops.Reduce)
        outer = tuple(axis for axis in fold.op.axes if axis in walked)
        inner = node(
            replace(fold.op, axes=tuple(axis for axis in fold.op.axes if axis not in walked)), *fold.inputs
        )
        made = node(replace(fold.op, axes=outer), inner)
        self._replace(fold, made)
        return inner

    def _replace(self, current: Node, made: Node) -> None:
        """Put another node in the place of one of the whole diagram."""
        results = substitute(
            (*self.diagram.outputs, *self.cuts), {current: self.record.follow(current, made)}
        )
        self.diagram = replace(self.diagram, outputs=results[: len(self.diagram.outputs)])
        self.cuts = dict(zip(results[len(self.diagram.outputs) :], self.cuts.values(), strict=True))
        self.readers = users(self.diagram.outputs)

    def originals(self, of_kernels: Iterable[Node]) -> list[Node]:
        """The nodes of the whole diagram that nodes of kernels stand for."""
        back = {buffer: n for n, buffer in self.cuts.items()}
        back |= {self._result_input(n): n for n in self.diagram.outputs if not isinstance(n.op, ops.Input)}
        return list(substitute(tuple(of_kernels), back))


def _last(found: Iterable[Node]) -> list[Node]:
    """Those of the nodes that no other one is made of."""
    nodes = list(found)
    below = {n for current in nodes for n in walk((current,)) if n is not current}
    return [n for n in nodes if n not in below]


def _is_read(current: Node) -> bool:
    """Whether a re-indexing is a load of an input."""
    return isinstance(current.inputs[0].op, ops.Input)
