"""Expressions in the language with the axes of their dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


class NoDiagram(Exception):
    """An operation that the language has no words for, or that the importer does not know; `result` is the number of
    what it makes, where it is one of the function that is written."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.message, self.line = message, line
        self.result: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """An expression. Its dimensions are axes, or None along which it is the same; an `atom` needs no parentheses.

    A `free` one reads no array: it is made of numbers and indices. Indices that a fold found are `within` its axis.
    """

    text: str
    dims: tuple[int | None, ...]
    dtype: str
    shape: tuple[int, ...]
    atom: bool = True
    number: float | int | bool | None = None
    free: bool = False
    within: int | None = None

    @property
    def bracketed(self) -> str:
        return self.text if self.atom else f"({self.text})"

    @property
    def axes(self) -> tuple[int, ...]:
        return tuple(d for d in self.dims if d is not None)


def number(value: float | bool, dtype: str, shape: tuple[int, ...]) -> Value:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and math.isinf(value):
        text = "inf" if value > 0 else "-inf"
    elif float(value).is_integer() and abs(value) < 1e15:
        text = str(int(value))
    else:
        single = np.float32(value)
        text = str(single) if dtype != "f64" and float(single) == value else repr(float(value))
    return Value(text, (None,) * len(shape), dtype, shape, not text.startswith("-"), value, True)


def signed(number: int) -> str:
    """A number as a further term of a sum; nothing for 0."""
    return "" if not number else f" + {number}" if number > 0 else f" - {-number}"


def groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """The shortest runs of dimensions of two shapes that hold as many elements."""
    found: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        left, right = [i] if i < len(old) else [], [j] if j < len(new) else []
        a, b = (math.prod(s[k] for k in side) for s, side in ((old, left), (new, right)))
        i, j = i + len(left), j + len(right)
        while a != b:
            if a < b:
                a, left, i = a * old[i], [*left, i], i + 1
            else:
                b, right, j = b * new[j], [*right, j], j + 1
        found.append((left, right))
    return found


def refined(old: Sequence[int], new: Sequence[int]) -> list[int] | None:
    """The longest dimensions that both shapes are products of side by side; None where there are none.

    >>> refined([64, 32, 32], [4, 16384])
    [4, 16, 32, 32]
    """
    cuts = sorted({math.prod(side[i:]) for side in (old, new) for i in range(len(side) + 1)})
    if any(b % a for a, b in pairwise(cuts)):
        return None
    return [b // a for a, b in pairwise(cuts)][::-1]
