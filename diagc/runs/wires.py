"""The wires of a learning diagram: what each parameter is multiplied with, and what each equation predicts.

A wire is named by the parameter that reads it, so every architecture has some, without a table of layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.batch import batch_axis
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.learning import LearningDiagram
from diagc.passes.commute import loss_inputs, terms

Floats = NDArray[np.float64]


def wires(learning: LearningDiagram) -> dict[str, Node]:
    """Nodes with a batch by name: `→ net.l2.W` is what this parameter reads, an equation's label what it predicts."""
    batches = {batch_axis(source.name) for source in learning.sources}
    ordered = terms(learning)
    found: dict[str, Node] = {}
    for current in walk(tuple(term.mean for term in ordered)):
        if isinstance(current.op, ops.Map) and current.op.function.name == "mul":
            for one in current.inputs:
                for other in current.inputs:
                    name = _parameter(other)
                    if name is not None and batches & set(one.axes) and len(one.axes) > 1:
                        found.setdefault(f"→ {name}", one)
    found |= {t.equation.label: t.prediction for t in ordered if batches & set(t.prediction.axes)}
    return found


def _parameter(current: Node) -> str | None:
    while isinstance(current.op, ops.View | ops.Cast):
        current = current.inputs[0]
    if isinstance(current.op, ops.Input) and current.op.role != "tensor":
        return current.op.name
    return None


def values(learning: LearningDiagram, nodes: Sequence[Node], arrays: Mapping[str, Any]) -> list[Floats]:
    """Wires on data in float64, a row for each sample. `arrays` are columns (`source.column`) and parameters."""
    roots = tuple(nodes)
    names = tuple(str(n) for n in range(len(roots)))
    diagram = Diagram("wires", loss_inputs(learning, roots), roots, names, tuple(r.array for r in roots))
    needed = {node.op.name for node in diagram.inputs if isinstance(node.op, ops.Input)}
    found = evaluate(diagram, {n: np.asarray(a) for n, a in arrays.items() if n in needed})
    batches = {batch_axis(source.name) for source in learning.sources}
    made: list[Floats] = []
    for node, value in zip(roots, found, strict=True):
        place = next(n for n, axis in enumerate(node.axes) if axis in batches)
        moved = np.moveaxis(np.asarray(value, np.float64), place, 0)
        made.append(moved.reshape(len(moved), -1))
    return made


def filled(
    program: Any, regime: Any, tables: Mapping[str, Mapping[str, Any]], rows: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Tables with their drawn columns too; those that have no others get so many rows."""
    counts = {name: len(next(iter(table.values()))) if table else rows for name, table in tables.items()}
    return {n: {**t, **program.draw(regime, n, counts[n], seed, 0)} for n, t in tables.items()}


def columns(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Columns of all sources as `values` takes them."""
    return {f"{source}.{name}": array for source, table in tables.items() for name, array in table.items()}
