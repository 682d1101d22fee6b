"""Where to mask, and which tiles to visit.

A tile fold must not see lanes beyond the end of the array. Rather than masking every reduction of a pass, one node is
sought whose masking makes all of them neutral there: with the scores at −inf, every exponential is 0 and every
maximum is unchanged. The same argument decides which tiles a mask of the diagram empties: they are not visited. It
is made by evaluating the elements over the values −inf, 0 and unknown; no form of expression is looked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.comparisons import Comparison, comparisons
from diagc.core.diagram import Node, walk

NEGATIVE_INFINITY = -math.inf
Known = float | None
"""A number; None for what is not known but finite, NaN for what is not known and may not be finite once forced."""

LEAST_BOUNDED = 128
"""Indices of an axis of known size that are worth bounds by data: fewer are a tile or two in any case."""

_VANISH_AT_ZERO = ("relu", "gelu", "silu", "tanh", "sin", "expm1", "sqrt", "abs", "erf", "neg")


_AT_ZERO = {"recip": math.inf, "rsqrt": math.inf, "log": NEGATIVE_INFINITY, "log2": NEGATIVE_INFINITY}


@dataclass(frozen=True, slots=True)
class Mask:
    """A `where` whose masked branch makes every reduction of a pass neutral, with its condition taken apart.

    `comparisons` are the parts that bound the axis, decided per tile; `rest` are the parts that must be evaluated.
    """

    node: Node
    comparisons: tuple[tuple[Node, tuple[Comparison, ...]], ...]
    rest: tuple[Node, ...]


def neutral(reductions: Iterable[Node], forced: Node, value: float) -> bool:
    """Whether every reduction sees its unit wherever `forced` has `value`."""
    return _all_neutral(reductions, {forced: value})


def _loaded(reductions: Iterable[Node], axis: Axis) -> dict[Node, float]:
    """What loads give beyond the end of an axis."""
    found: dict[Node, float] = {}
    for current in walk(r.inputs[0] for r in reductions):
        if axis in current.axes and current.dtype.kind == "float":
            match current.op:
                case ops.Input() | ops.Gather():
                    found[current] = 0.0
                case ops.View(_, fill):
                    found[current] = float(fill or 0.0)
                case _:
                    pass
    return found


def _all_neutral(
    reductions: Iterable[Node], forced: Mapping[Node, float], loaded: Mapping[Node, float] | None = None
) -> bool:
    for reduction in reductions:
        assert isinstance(reduction.op, ops.Reduce)
        if reduction.op.monoid not in ops.UNITS:
            return False
        if known_value(reduction.inputs[0], forced, loaded) != ops.unit_of(
            reduction.op.monoid, reduction.dtype
        ):
            return False
    return True


def known_value(
    root: Node, forced: Mapping[Node, float], loaded: Mapping[Node, float] | None = None
) -> Known:
    """What a node is wherever nodes are forced to values, as far as that alone decides it.

    `loaded` are nodes with values that they have there in any case. NaN stands for what may be no number.
    """
    found: dict[Node, Known] = {**(loaded or {}), **forced}
    touched = set(forced)
    for current in walk((root,)):
        if current in found:
            continue
        value = _transfer(current, [found[i] for i in current.inputs])
        if any(i in touched for i in current.inputs):
            touched.add(current)
            value = math.nan if value is None else value
        found[current] = value
    return found[root]


def _transfer(current: Node, operands: list[Known]) -> Known:
    match current.op:
        case ops.Constant(value):
            return float(value)
        case ops.Cast() | ops.Spread() | ops.Stop():
            return operands[0]
        case ops.Map(function):
            return _transfer_map(function.name, operands, current.inputs)
        case _:
            return None


def _transfer_map(name: str, operands: list[Known], inputs: tuple[Node, ...]) -> Known:
    found = _transfer_rule(name, operands, inputs)
    spoilt = any(o is not None and (math.isnan(o) or o == math.inf) for o in operands)
    return math.nan if found is None and spoilt else found


def _transfer_rule(name: str, operands: list[Known], inputs: tuple[Node, ...]) -> Known:
    if name in _AT_ZERO and operands[0] == 0.0:
        return _AT_ZERO[name]
    if name == "mul":
        if 0.0 in operands:
            return 0.0 if all(o is None or math.isfinite(o) for o in operands) else None
        rest = [i for i, o in zip(inputs, operands, strict=True) if o != NEGATIVE_INFINITY]
        return NEGATIVE_INFINITY if len(rest) == len(inputs) - 1 and all(map(positive, rest)) else None
    if name == "where":
        return operands[1] if operands[1] == operands[2] else None
    if name == "add":
        return NEGATIVE_INFINITY if NEGATIVE_INFINITY in operands else None
    if operands[0] == NEGATIVE_INFINITY:
        return {
            "sub": NEGATIVE_INFINITY,
            "exp": 0.0,
            "exp2": 0.0,
            "sigmoid": 0.0,
            "relu": 0.0,
            "softplus": 0.0,
            "tanh": -1.0,
            "erf": -1.0,
        }.get(name)
    return 0.0 if operands[0] == 0.0 and name in _VANISH_AT_ZERO else None


def positive(current: Node) -> bool:
    """Whether a node is > 0 by its form: sizes, positive numbers, exponentials, and products and roots of such."""
    match current.op:
        case ops.Constant(value):
            return value > 0
        case ops.SizeOf():
            return True
        case ops.Cast() | ops.Spread():
            return positive(current.inputs[0])
        case ops.Map(function) if function.name in ("mul", "add", "rsqrt", "sqrt", "recip", "div"):
            return all(map(positive, current.inputs))
        case ops.Map(function):
            return function.name in ("exp", "exp2", "sigmoid")
        case _:
            return False


def guard_point(reductions: tuple[Node, ...], axis: Axis) -> tuple[Node, float] | None:
    """The node and value that, forced where the axis is out of range, makes all reductions neutral; None if none is.

    −inf is preferred: an exponential that is 0 there cannot overflow, as it could beside a factor that is 0.
    """
    elements = [
        n for n in walk(r.inputs[0] for r in reductions) if axis in n.axes and n.dtype.kind == "float"
    ]
    loaded = _loaded(reductions, axis)
    for value in (NEGATIVE_INFINITY, 0.0):
        for current in elements:
            if _all_neutral(reductions, {current: value}, loaded):
                return (_outermost_mask(current, reductions, value), value)
    return None


def guard_points(reductions: tuple[Node, ...], axis: Axis) -> tuple[tuple[Node, float], ...]:
    """Nodes and values that together make all reductions neutral beyond the end: one, where one does.

    A reduction itself stands for what it folds: filled there, nobody else sees it.
    """
    single = guard_point(reductions, axis)
    if single is not None:
        return (single,)
    chosen: dict[Node, float] = {}
    settled: list[Node] = []
    alone: list[tuple[Node, float]] = []
    for reduction in reductions:
        if not _all_neutral((reduction,), chosen, _loaded((reduction,), axis)):
            point = _joined((*settled, reduction), chosen, axis)
            if point is None:
                assert isinstance(reduction.op, ops.Reduce)
                alone.append((reduction, ops.unit_of(reduction.op.monoid, reduction.dtype)))
                continue
            chosen[point[0]] = point[1]
        settled.append(reduction)
    return (*chosen.items(), *alone)


def _joined(settled: tuple[Node, ...], chosen: Mapping[Node, float], axis: Axis) -> tuple[Node, float] | None:
    """The next node for the last reduction that leaves the earlier ones neutral."""
    last, loaded = settled[-1], _loaded(settled, axis)
    for current in walk(last.inputs):
        if axis not in current.axes or current.dtype.kind != "float" or current in chosen:
            continue
        for value in (NEGATIVE_INFINITY, 0.0):
            if _all_neutral(settled, {**chosen, current: value}, loaded):
                outer = _outermost_mask(current, (last,), value)
                return (current if outer in chosen else outer), value
    return None


def _outermost_mask(current: Node, reductions: tuple[Node, ...], value: float) -> Node:
    """Prefer a `where` right above the node: its condition can take the guard up at no cost."""
    for user in walk(r.inputs[0] for r in reductions):
        is_where = isinstance(user.op, ops.Map) and user.op.function.name == "where"
        if (
            is_where
            and current in walk((user,))
            and _constant(user.inputs[2]) == value
            and neutral(reductions, user, value)
        ):
            return user
    return current


def masks_of(reductions: tuple[Node, ...], axis: Axis) -> tuple[Mask, ...]:
    """The masks of a pass whose empty tiles need not be visited."""
    found: list[Mask] = []
    for current in walk(r.inputs[0] for r in reductions):
        if not (isinstance(current.op, ops.Map) and current.op.function.name == "where"):
            continue
        value = _constant(current.inputs[2])
        if value is None or axis not in current.inputs[0].axes or not neutral(reductions, current, value):
            continue
        parts = conjuncts(current.inputs[0])
        affine = [(part, _bounds(part, axis, reductions)) for part in parts]
        decided = tuple((part, c) for part, c in affine if c)
        found.append(Mask(current, decided, tuple(part for part, c in affine if not c)))
    return tuple(found)


def _bounds(part: Node, axis: Axis, reductions: tuple[Node, ...]) -> tuple[Comparison, ...]:
    """The bounds of a comparison; those that data tell only where they may save tiles."""
    found = comparisons(part, axis, reductions)
    return () if is_short(axis) and any(c.values for c in found) else found


def is_short(axis: Axis) -> bool:
    """Whether an axis is known to be one or two tiles."""
    return axis.size.value is not None and axis.size.value < LEAST_BOUNDED


def conjuncts(condition: Node) -> tuple[Node, ...]:
    """The parts of a conjunction."""
    if isinstance(condition.op, ops.Map) and condition.op.function.name == "and":
        return tuple(part for operand in condition.inputs for part in conjuncts(operand))
    return (condition,)


def _constant(current: Node) -> float | None:
    return float(current.op.value) if isinstance(current.op, ops.Constant) else None
