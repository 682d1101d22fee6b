"""Words beside lines and points, where they cover neither lines nor other words if there is such a place.

>>> above = Text(50, -6, "word")
>>> beside((0, 0), (100, 0), "word", [above]).y > 4
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from diagc.draw.scene import FONT, Bounds, Item, Point, Strand, Text, bounds, text_width

_GAP: Final = 4.0
_PARTS: Final = (0.5, 0.35, 0.65, 0.2, 0.8)
_TURNS: Final = 16


def beside(start: Point, end: Point, words: str, items: Sequence[Item]) -> Text:
    """A note beside a straight line, at its middle if there is room."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    sides = [(dy / length, -dx / length), (-dy / length, dx / length)]

    def offered() -> Iterator[Text]:
        for part in _PARTS:
            for side in sides:
                yield _at((start[0] + part * dx, start[1] + part * dy), side, Text(0, 0, words, style="note"))

    return _clearest(offered(), items)


def around(point: Point, outward: Point, words: str, items: Sequence[Item]) -> Text:
    """A name at a point, in the direction nearest to `outward` in which there is room."""
    angle = math.atan2(outward[1], outward[0])
    turns = sorted(range(_TURNS), key=lambda n: min(n, _TURNS - n))
    directions = [angle + 2 * math.pi * n / _TURNS for n in turns]
    offered = (_at(point, (math.cos(a), math.sin(a)), Text(0, 0, words, style="name")) for a in directions)
    return _clearest(offered, items)


def _at(point: Point, direction: Point, word: Text) -> Text:
    """The word as near to a point in a direction as leaves a gap."""
    half = text_width(word.text, word.style == "name") / 2
    away = abs(direction[0]) * half + abs(direction[1]) * FONT / 2 + _GAP
    x, y = point[0] + direction[0] * away, point[1] + direction[1] * away
    return Text(x, y + 0.26 * FONT, word.text, style=word.style)


def _clearest(offered: Iterable[Text], items: Sequence[Item]) -> Text:
    return min(offered, key=lambda word: _covered(word.bounds, items))


def _covered(area: Bounds, items: Sequence[Item]) -> int:
    """How many words and lines an area covers."""
    words = (bounds(i) for i in items if isinstance(i, Text))
    lines = (pair for i in items if isinstance(i, Strand) and i.role == "ink" for pair in pairwise(i.points))
    return sum(_meet(area, word) for word in words) + sum(_crosses(area, *line) for line in lines)


def _meet(a: Bounds, b: Bounds) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _crosses(area: Bounds, start: Point, end: Point) -> bool:
    """Whether a straight line meets an area: its part within the width, and that within the height, overlap."""
    low, high = 0.0, 1.0
    for at, to, least, most in (
        (start[0], end[0], area[0], area[2]), (start[1], end[1], area[1], area[3]),
    ):  # fmt: skip
        if at == to:
            if not least <= at <= most:
                return False
            continue
        first, last = sorted(((least - at) / (to - at), (most - at) / (to - at)))
        low, high = max(low, first), min(high, last)
    return low <= high
