"""Names that are not taken."""

from __future__ import annotations

from collections.abc import Container


def unused(name: str, taken: Container[str]) -> str:
    """The name, with underscores behind it until it is not taken.

    >>> unused("x", {"x", "x_"})
    'x__'
    """
    while name in taken:
        name += "_"
    return name
