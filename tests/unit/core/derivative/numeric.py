"""Derivatives by central differences in float64, and diagrams that hold derivatives of a diagram."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.derivative.forward import jvp
from diagc.core.derivative.reverse import gradient
from diagc.core.diagram import Array, Diagram, Node, node
from diagc.core.dtypes import DType, promote

Tensor = NDArray[Any]
Arrays = dict[str, Tensor]


def name_of(current: Node) -> str:
    assert isinstance(current.op, ops.Input)
    return current.op.name


def float_inputs(diagram: Diagram) -> tuple[Node, ...]:
    return tuple(n for n in diagram.inputs if n.dtype.kind == "float")


def float_outputs(diagram: Diagram) -> tuple[Node, ...]:
    return tuple(n for n in diagram.outputs if n.dtype.kind == "float")


def _partner(prefix: str, current: Node, place: int) -> Node:
    return node(ops.Input(f"{prefix}{place}"), array=Array(promote([current.dtype]), current.axes))


def reverse_diagram(diagram: Diagram) -> Diagram:
    """The gradients by all float inputs, with inputs `ct0`, `ct1` … for the cotangents of the float outputs."""
    outputs, wrt = float_outputs(diagram), float_inputs(diagram)
    cotangents = tuple(_partner("ct", n, place) for place, n in enumerate(outputs))
    found = gradient(outputs, cotangents, wrt)
    names = tuple(f"d{name_of(n)}" for n in wrt)
    layouts = tuple(n.array for n in wrt)
    return Diagram("reverse", (*diagram.inputs, *cotangents), found, names, layouts)


def forward_diagram(diagram: Diagram) -> Diagram:
    """The tangents of the float outputs, with an input `tX` for the tangent of each float input `X`."""
    outputs = float_outputs(diagram)
    tangents = {n: node(ops.Input(f"t{name_of(n)}"), array=n.array) for n in float_inputs(diagram)}
    found = jvp(outputs, tangents)
    names = tuple(f"out{place}" for place in range(len(outputs)))
    return Diagram(
        "forward", (*diagram.inputs, *tangents.values()), found, names, tuple(n.array for n in outputs)
    )


def loss(diagram: Diagram, arrays: Arrays, sizes: dict[str, int]) -> float:
    """∑ of cotangents times float outputs; outputs are read in the order of the axes of their nodes."""
    plain = Diagram(
        diagram.name, diagram.inputs, float_outputs(diagram),
        tuple(f"o{i}" for i in range(len(float_outputs(diagram)))),
        tuple(Array(DType.F64, n.axes) for n in float_outputs(diagram)),
    )  # fmt: skip
    given = {name_of(n): arrays[name_of(n)] for n in diagram.inputs}
    found = evaluate(plain, given, sizes)
    with np.errstate(invalid="ignore"):
        terms = [np.where(np.isfinite(f), f, 0.0) * arrays[f"ct{i}"] for i, f in enumerate(found)]
    return float(sum(np.sum(term) for term in terms))


def central(function: Callable[[Tensor], float], point: Tensor, step: float = 1e-3) -> Tensor:
    """The gradient of a function by differences of sixth order."""
    weights = {1: 45.0, 2: -9.0, 3: 1.0}
    found = np.zeros(point.shape)
    for place in np.ndindex(point.shape):
        for count, weight in weights.items():
            for sign in (1, -1):
                moved = point.copy()
                moved[place] += sign * count * step
                found[place] += sign * weight * function(moved)
    return found / (60.0 * step)
