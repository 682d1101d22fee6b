"""Which dimensions of arrays are the same axis: by data flow, as far as no array would have one axis twice.

Two dimensions that meet in an operation are one axis. Where that would give some array the same axis twice, as in the
product of an array with itself transposed, they stay two, and one operand is renamed at that operation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Axes:
    """Classes of dimensions. A dimension has a key, by which a second walk over the same function meets it again."""

    sizes: list[int] = field(default_factory=list[int])
    parent: list[int] = field(default_factory=list[int])
    together: set[frozenset[int]] = field(default_factory=set[frozenset[int]])
    known: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def of(self, key: tuple[int, int], size: int) -> int:
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
