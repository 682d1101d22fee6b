"""An entry of a spec as a landscape: coordinates are its arrays, all along one axis of points, heights its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from diagc.backends.emit import jax_source
from diagc.backends.reference import evaluate
from diagc.backends.sizes import input_name
from diagc.check.entry import Entry
from diagc.core.diagram import Diagram
from diagc.diagnostics import failure
from diagc.learn.session import load_program
from diagc.runs.persistence import Floats, Landscape


def landscape(diagram: Diagram) -> Landscape:
    """The heights of points, in float64. Raises `DiagnosticError` E1301 for an entry of another form."""
    names = _coordinates(diagram)

    def heights(points: Floats) -> Floats:
        (found,) = evaluate(diagram, {name: points[:, n] for n, name in enumerate(names)})
        return np.asarray(found, np.float64)

    return heights


def smooth(entry: Entry) -> Callable[[Any], Any]:
    """The height of one point, given as numbers by coordinate: the entry's JAX function, which has a slope."""
    names = _coordinates(entry.diagram)
    function = getattr(load_program(jax_source({entry.diagram.name: entry}, "landscape")), entry.diagram.name)

    def height(at: Any) -> Any:
        return function(*(at[name].reshape(1) for name in names))[0]

    return height


def _coordinates(diagram: Diagram) -> list[str]:
    axes = {node.axes for node in (*diagram.inputs, *diagram.outputs)}
    if len(diagram.outputs) != 1 or len(axes) != 1 or len(next(iter(axes))) != 1:
        raise failure(
            "E1301", f"`{diagram.name}` is no landscape: its arrays do not all run along one axis of points",
            help="write `fn height(x: f32[point], y: f32[point]) -> f32[point]`",
        )  # fmt: skip
    return [input_name(node) for node in diagram.inputs]
