"""Where everything that is made of a node comes together: what may be written in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from diagc.core.diagram import Node, walk

MOST: Final = 24
"""Nodes between a node and where its readers meet; beyond, it is written itself."""


def meeting(
    current: Node,
    readers: Mapping[Node, list[Node]],
    continues: Callable[[Node, Node], bool],
    known: Callable[[Node], bool],
) -> Node | None:
    """The nearest node that every way from a node goes through; None where a way does not continue to one.

    `continues(a, b)` says whether b, which reads a, may take its place; what is `known` is written in any case.
    """
    below = {current}
    found = list(readers[current])
    for _ in range(MOST):
        if not all(any(continues(a, reader) for a in below if a in reader.inputs) for reader in found):
            return None
        if len(found) < 2:
            return found[0] if found else None
        first = next((n for n in found if set(walk((n,))).isdisjoint({*found} - {n})), found[0])
        if known(first) or not readers[first]:
            return None
        below.add(first)
        found = list(dict.fromkeys([*(n for n in found if n is not first), *readers[first]]))
    return None
