"""Which dimensions of arrays are the same axis: by data flow, as far as no array would have one axis twice.

Two dimensions that meet in an operation are one axis. Where that would give some array the same axis twice, as in the
product of an array with itself transposed, they stay two, and one operand is renamed at that operation.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count


@dataclass(slots=True)
class Axes:
    """Classes of dimensions. A dimension has a key, by which a second walk over the same function meets it again."""

    sizes: list[int] = field(default_factory=list[int])
    parent: list[int] = field(default_factory=list[int])
    together: set[frozenset[int]] = field(default_factory=set[frozenset[int]])
    known: dict[tuple[int, ...], int] = field(default_factory=dict[tuple[int, ...], int])

    def of(self, key: tuple[int, ...], size: int) -> int:
        """The number of the dimension with a key."""
        number = self.known.setdefault(key, len(self.sizes))
        if number == len(self.sizes):
            self.sizes.append(size)
            self.parent.append(number)
        return number

    def root(self, axis: int) -> int:
        while self.parent[axis] != axis:
            axis = self.parent[axis]
        return axis

    def keep_apart(self, axes: Iterable[int]) -> None:
        """Say that one array has all of these."""
        self.together.add(frozenset(axes))

    def unite(self, first: int, second: int) -> bool:
        """Make two the same axis; False where an array has both."""
        a, b = self.root(first), self.root(second)
        if a == b:
            return True
        for group in self.together:
            if {a, b} <= {self.root(axis) for axis in group}:
                return False
        self.parent[max(a, b)] = min(a, b)
        return True


@dataclass(frozen=True, slots=True)
class Names:
    """Names of axes: those that are given, else letters that are not taken."""

    axes: Axes
    taken: frozenset[str]
    known: dict[int, str] = field(default_factory=dict[int, str])

    def give(self, axis: int, name: str) -> None:
        """Call an axis by a name, unless it has one."""
        self.known.setdefault(self.axes.root(axis), name)

    def of(self, axis: int) -> str:
        """The name of an axis."""
        root = self.axes.root(axis)
        if root not in self.known:
            taken = {*self.taken, *self.known.values()}
            letters = (f"{letter}{n or ''}" for n in count() for letter in string.ascii_lowercase)
            self.known[root] = next(name for name in letters if name not in taken)
        return self.known[root]

    def declared(self, used: Iterable[int]) -> str:
        """The line that declares axes; empty where there are none."""
        found = sorted({self.axes.root(a) for a in used})
        declared = ", ".join(f"{self.of(a)}: {self.axes.sizes[a]}" for a in found)
        return f"axis {declared}" if declared else ""


def name_inputs(names: Names, inputs: Iterable[tuple[tuple[int, ...], tuple[str, ...]]]) -> None:
    """Name the axes of arrays by annotations, and all others of them by letters."""
    found = list(inputs)
    for own, given in found:
        for axis, name in zip(own, given, strict=False):
            names.give(axis, name)
    for own, _ in found:
        for axis in own:
            names.of(axis)
