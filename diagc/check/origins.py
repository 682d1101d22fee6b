"""Where the nodes of a learning diagram were written, for errors of what is done with it later.

The checker notes spans while inputs have the role that every parameter starts with. What stands over frozen inputs was
made again since, node by node in the same order; it was written where its twin was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from diagc.core import ops
from diagc.core.diagram import Node, node, substitute, walk
from diagc.core.learning import LearningDiagram
from diagc.source import Span


def origins(learning: LearningDiagram, spans: Mapping[Node, Span]) -> dict[Node, Span]:
    """The spans of all nodes of the equations that stand in the file or the library."""
    found = dict(spans)
    before: dict[Node, Node] = {}
    for model in learning.models:
        for parameter in model.parameters:
            assert isinstance(parameter.op, ops.Input)
            if parameter.op.role != "parameter":
                before[parameter] = node(replace(parameter.op, role="parameter"), array=parameter.array)
    for equation in learning.equations:
        roots = (equation.prediction, equation.target, equation.discrepancy)
        for old, new in zip(walk(substitute(roots, before)), walk(roots), strict=True):
            if old in spans:
                found.setdefault(new, spans[old])
    return found
