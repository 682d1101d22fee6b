"""Streaming folds, found by algebra: states, the repairs that keep them exact, and how two states merge."""

from diagc.core.fold.algebra import (
    Component,
    Dependence,
    FoldAlgebra,
    NotStreaming,
    Rescale,
    Reset,
    Selection,
    Term,
    count_of,
)  # fmt: skip
from diagc.core.fold.derive import derive_components
from diagc.core.fold.merge import Merge, followed, lifted, merge

__all__ = [
    "Component", "Dependence", "FoldAlgebra", "Merge", "NotStreaming", "Rescale", "Reset", "Selection", "Term",
    "count_of", "derive_components", "followed", "lifted", "merge",
]  # fmt: skip
