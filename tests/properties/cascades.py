"""Cascades of reductions over one axis, and the numbers of their folds: lift, merge, all by the float64 reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    reduction,
    size_node,
    substitute,
    walk,
)
from diagc.core.dtypes import DType
from diagc.core.fold import Component, FoldAlgebra, derive_components, lifted, merge

X: Final = Axis("x", Size.symbol("x"))
State = tuple[float, ...]


def given(name: str, *axes: Axis) -> Node:
    return node(ops.Input(name), array=Array(DType.F64, axes))


def fold(*reductions: Node) -> FoldAlgebra:
    """The algebra that carries reductions over X, and whatever it needs besides."""
    components: tuple[Component, ...] = ()
    for target in reductions:
        if target not in {c.reduction for c in components}:
            components += derive_components(target, components)
    return FoldAlgebra((X,), components)


def total(element: Node) -> Node:
    return reduction("sum", (X,), element)


def mean(element: Node) -> Node:
    return apply("mul", total(element), apply("recip", cast(size_node(X.size), DType.F32)))


def times(*factors: Node) -> Node:
    return apply("mul", *factors)


S, V, W = (given(name, X) for name in "SVW")
MAXIMUM: Final = reduction("max", (X,), S)
WEIGHT: Final = apply("exp", apply("sub", S, MAXIMUM))
TOTAL: Final = total(WEIGHT)
WEIGHTED: Final = total(times(WEIGHT, V))
SQUARES: Final = total(times(S, S))
SHIFT: Final = apply("sub", S, MAXIMUM)
CENTRE: Final = apply("sub", S, mean(S))
OTHER: Final = apply("sub", V, mean(V))
AVERAGE: Final = times(WEIGHTED, apply("recip", TOTAL))
SPREAD: Final = apply("sub", V, AVERAGE)
PLACE: Final = cast(node(ops.Iota(X)), DType.F64)
FIRST: Final = apply("where", apply("eq", S, MAXIMUM), W, constant(100.0))
SLOPE: Final = times(total(times(S, V)), apply("recip", SQUARES))
RESIDUAL: Final = apply("sub", V, times(S, SLOPE))
FLAT: Final = apply("sub", V, times(S, total(times(S, V)), apply("recip", SQUARES)))
LIVE: Final = apply("lt", W, constant(0.5))
ZERO: Final = constant(0.0)


def live(element: Node) -> Node:
    return apply("where", LIVE, element, ZERO)


LIVE_MEAN: Final = times(total(live(S)), apply("recip", total(live(constant(1.0)))))
LIVE_CENTRE: Final = apply("sub", S, LIVE_MEAN)

CASCADES: Final[Mapping[str, tuple[Node, ...]]] = {
    "exponential sum": (MAXIMUM, TOTAL),
    "weighted sum": (MAXIMUM, TOTAL, WEIGHTED),
    "normalised by squares": (SQUARES, total(times(S, apply("rsqrt", SQUARES), V))),
    "shifted maximum": (MAXIMUM, TOTAL, reduction("max", (X,), apply("add", V, TOTAL))),
    "masked": (MAXIMUM, total(live(WEIGHT))),
    "scaled exponent": (MAXIMUM, total(apply("exp2", times(SHIFT, constant(0.5))))),
    "variance": (total(S), total(times(CENTRE, CENTRE))),
    "fourth moment": (total(S), total(times(CENTRE, CENTRE, CENTRE, CENTRE))),
    "covariance": (total(S), total(V), total(times(CENTRE, OTHER))),
    "entropy": (MAXIMUM, TOTAL, total(times(WEIGHT, SHIFT))),
    "weighted variance": (MAXIMUM, TOTAL, WEIGHTED, total(times(WEIGHT, SPREAD, SPREAD))),
    "weighted skewness": (MAXIMUM, TOTAL, WEIGHTED, total(times(WEIGHT, SPREAD, SPREAD, SPREAD))),
    "weighted covariance": (
        MAXIMUM, TOTAL, WEIGHTED, total(times(WEIGHT, W)),
        total(times(WEIGHT, SPREAD, apply("sub", W, times(total(times(WEIGHT, W)), apply("recip", TOTAL))))),
    ),
    "regression": (SQUARES, total(times(S, V)), total(times(RESIDUAL, RESIDUAL))),
    "regression, flat": (SQUARES, total(times(S, V)), total(times(FLAT, FLAT))),
    "masked variance": (total(live(S)), total(live(constant(1.0))), total(live(times(LIVE_CENTRE, LIVE_CENTRE)))),
    "at the maximum": (MAXIMUM, reduction("min", (X,), FIRST)),
    "ties": (MAXIMUM, total(apply("where", apply("eq", S, MAXIMUM), constant(1.0), ZERO))),
    "linear combination": (MAXIMUM, SQUARES, total(apply("add", times(S, MAXIMUM), times(V, SQUARES)))),
}  # fmt: skip


def evaluated(nodes: tuple[Node, ...], arrays: Mapping[str, NDArray[Any]], size: int) -> list[NDArray[Any]]:
    """The values of nodes on a chunk of an axis of `size`."""
    fixed = {n: constant(size) for n in walk(nodes) if isinstance(n.op, ops.SizeOf)}
    roots = substitute(nodes, fixed)
    inputs = tuple(n for n in walk(roots) if isinstance(n.op, ops.Input))
    names = tuple(map(str, range(len(roots))))
    diagram = Diagram("f", inputs, roots, names, tuple(n.array for n in roots))
    chosen = {n.op.name: np.asarray(arrays[n.op.name]) for n in inputs if isinstance(n.op, ops.Input)}
    return list(evaluate(diagram, chosen, {"x": len(arrays["S"])} if "S" in arrays else {}))


def lift(algebra: FoldAlgebra, chunk: Mapping[str, NDArray[Any]], size: int) -> State:
    """The state of a chunk."""
    return tuple(float(v) for v in evaluated(lifted(algebra), chunk, size))


def joined(algebra: FoldAlgebra, left: State, right: State, size: int) -> State:
    """The merged state."""
    made = merge(algebra)
    names = [n.op.name for n in (*made.left, *made.right) if isinstance(n.op, ops.Input)]
    values = {name: np.asarray(v) for name, v in zip(names, (*left, *right), strict=True)}
    return tuple(float(v) for v in evaluated(made.joint, values, size))
