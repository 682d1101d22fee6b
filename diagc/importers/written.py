"""A traced function as a text in the language: axes by data flow, and names for what is read more than once."""

from __future__ import annotations

from diagc.importers.axes import Axes
from diagc.importers.pointwise import Pointwise
from diagc.importers.products import Products
from diagc.importers.reshaping import Reshaping
from diagc.importers.traced import Traced


class _Writer(Pointwise, Reshaping, Products):
    """Knows every operation."""


def write(traced: Traced, origin: str) -> str:
    """The text of a file with the function as its one entry. Raises `NoDiagram`."""
    axes, text = Axes(), ""
    before: list[int] | None = None
    while before != axes.parent:  # a walk may find more of them to be the same
        before = list(axes.parent)
        text = _Writer(traced, axes).text(origin)
    return text
