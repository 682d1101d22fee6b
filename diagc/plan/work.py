"""The operations of a kernel: contractions, folds, scalar functions, and the rescaling of states."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis, in_order
from diagc.core.contraction import contraction_dtype, summed_factors, tile_sides
from diagc.core.diagram import Node, walk
from diagc.core.dtypes import DType
from diagc.core.fold import Component
from diagc.core.guards import masks_of
from diagc.cost.region import Operand, Work
from diagc.plan.extent import blocked_axes
from diagc.plan.structure import Structure

_NARROW = 4
"""A multiply-add of a matrix unit is two operations; vector units count in words of four bytes."""


def work_of(structure: Structure, loop: int | None, nodes: list[Node], dots: set[Node]) -> list[Work]:
    """The work of one stage: of its nodes, and of the states that its loop carries."""
    passes = structure.passes
    step = passes[loop] if loop is not None and loop < len(passes) else None
    components = step.algebra.carried if step is not None else ()
    reductions = tuple(c.reduction for c in components)
    masked = _masked(structure, loop, reductions)
    found: list[Work] = []
    for current in (*nodes, *reductions):
        part: Literal["cut", "visited"] = "cut" if current in masked else "visited"
        made = _node_work(structure, current, dots)
        found += [replace(work, loop=loop, part=part) for work in made]
    if step is not None:
        found += _rescaling(components, loop, step.axes)
    return [w for w in found if w.per_point]


def _masked(structure: Structure, loop: int | None, reductions: tuple[Node, ...]) -> set[Node]:
    """The nodes that only tiles need which a mask cuts: its condition and the choice."""
    if loop is None or not reductions:
        return set()
    found: set[Node] = set()
    for mask in masks_of(reductions, structure.passes[loop].axes[-1]):
        if mask.rest:
            continue
        found.add(mask.node)
        found |= {n for part, _ in mask.comparisons for n in walk((part,))}
        found |= {n for n in walk((mask.node.inputs[0],)) if n.dtype is DType.BOOL}
    return found


def _node_work(structure: Structure, current: Node, dots: set[Node]) -> list[Work]:
    axes = tuple(a.uid for a in current.axes)
    match current.op:
        case ops.Map(function):
            steps = max(len(current.inputs) - 1, 1) if function.commutative else 1
            plain = function.flops * steps - function.special
            made = [Work(function.name, "vector", current.dtype, axes, plain)]
            return made + [Work(function.name, "special", current.dtype, axes, 1)] * function.special
        case ops.Reduce(monoid, consumed):
            if current in dots:
                return _contraction(structure, current)
            every = (*axes, *(a.uid for a in consumed))
            return [Work(monoid, "vector", current.dtype, every, 1)]
        case ops.Cast():
            return [Work("cast", "vector", current.dtype, axes, 1)]
        case _:
            return []


def _contraction(structure: Structure, current: Node) -> list[Work]:
    """2·M·N·K, on matrix units where they can multiply the tiles; sides of several factors are multiplied before."""
    assert isinstance(current.op, ops.Reduce)
    factors = summed_factors(current)
    blocked = blocked_axes(structure.extents)
    every = tuple(a.uid for a in in_order((*current.axes, *current.op.axes)))
    dtype = contraction_dtype(current) or current.dtype
    sides = tile_sides(current, blocked)
    if sides is None:
        return [Work("contraction", "vector", dtype, every, 2.0 * (len(factors) - 1))]
    left, right = (_side(side, blocked - set(current.op.axes), dtype) for side in sides)
    found = [Work("contraction", "tensor", dtype, every, 2.0, sides=(left, right))]
    for side in sides:
        axes = tuple(a.uid for a in in_order(a for factor in side for a in factor.axes))
        found.append(Work("mul", "vector", DType.F32, axes, len(side) - 1))
    return found


def _side(factors: tuple[Node, ...], free: set[Axis], dtype: DType) -> Operand:
    loaded = len(factors) == 1 and isinstance(factors[0].op, ops.Input | ops.View | ops.Gather | ops.Cast)
    axes = tuple(a.uid for a in in_order(a for factor in factors for a in factor.axes if a in free))
    return Operand(axes, min(dtype.bytes, _NARROW), loaded)


def _rescaling(components: tuple[Component, ...], loop: int | None, axes: tuple[Axis, ...]) -> list[Work]:
    """What a step spends on bringing running values to the new states: a product each, shared exponentials."""
    each = tuple(a.uid for a in axes)
    found: list[Work] = []
    exponentials: set[tuple[str, int, Node]] = set()
    for component in components:
        rescale, reduction = component.rescale, component.reduction
        if not rescale.is_identity:
            carried = tuple(a.uid for a in reduction.axes)
            found.append(Work("rescale", "vector", reduction.dtype, carried, 1, loop, each))
        if component.terms:
            carried = tuple(a.uid for a in reduction.axes)
            found.append(
                Work("recentre", "vector", reduction.dtype, carried, 2 * len(component.terms), loop, each)
            )
        for key in rescale.exponents:
            if key not in exponentials:
                exponentials.add(key)
                carried = tuple(a.uid for a in key[2].axes)
                found.append(Work("rescale", "special", key[2].dtype, carried, 1, loop, each))
    return found
