"""The cells of a learning diagram, ready to be drawn: one for every equation, in the order of the file."""

from __future__ import annotations

from diagc.core import learning as core
from diagc.draw.cells import Arrow, Cell, Path, Style


def cells(learning: core.LearningDiagram) -> tuple[Cell, ...]:
    """One cell for each equation; a weight of 1 is not written."""
    return tuple(
        Cell(
            equation.label,
            _path(equation.paths[0]),
            _path(equation.paths[1]),
            equation.comparator,
            "" if equation.weight == 1.0 else core.weight_text(equation.weight),
        )
        for equation in learning.equations
    )


def _path(path: core.Path) -> Path:
    arrows = tuple(Arrow(step.label, _style(step.style), step.stop) for step in path.steps)
    return Path((path.start, *(step.end for step in path.steps)), arrows)


def _style(style: core.Style) -> Style:
    return "data" if style == "function" else style
