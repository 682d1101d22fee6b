"""A traced function as a text in the language: axes by data flow, and names for what is read more than once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from diagc.check.scope import BUILTIN_AXES_CALLS, BUILTIN_CALLS
from diagc.importers.axes import Axes
from diagc.importers.machines import Machines
from diagc.importers.traced import Traced

KEYWORDS: Final = frozenset(
    ("param", "model", "return", "and", "or", "not", "in", "else", "true", "false", "inf", "pi", "size")
)
"""What is no name of an array."""


def named(traced: Traced) -> Traced:
    """The same function under names that the language does not have itself."""
    inputs = tuple((legal(name), variable, axes) for name, variable, axes in traced.inputs)
    return replace(traced, name=legal(traced.name), inputs=inputs)


def legal(name: str) -> str:
    """A name that the language does not have itself, nor this importer."""
    own = name in KEYWORDS | BUILTIN_CALLS | BUILTIN_AXES_CALLS or re.fullmatch(r"v\d+", name)
    return f"{name}_" if own else name


def knows(primitive: str) -> bool:
    """Whether an operation has a diagram, at least at some parameters."""
    return Machines.knows(primitive)


def write(traced: Traced, origin: str) -> str:
    """The text of a file with the function as its one entry. Raises `NoDiagram`."""
    axes, text = Axes(), ""
    before: list[int] | None = None
    while before != axes.parent:  # a walk may find more of them to be the same
        before = list(axes.parent)
        walk = Machines(traced, axes)
        function = walk.text()
        declared = walk.names.declared(walk.used)
        text = f"diag 1\n# {traced.name}, imported from {origin}.\n\n{declared}\n\n{function}"
    return text
