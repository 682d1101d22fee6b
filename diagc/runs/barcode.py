"""Pairs of persistent homology as pictures and as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diagc.draw.plane import Plane
from diagc.draw.scene import Box, Item, Scene, Text, fitted
from diagc.runs.persistence import Pair

_ROLES = ("0", "1", "2", "3")


def csv(pairs: Sequence[Pair]) -> str:
    """One line for each pair."""
    lines = ["dimension,birth,death", *(f"{p.dimension},{p.birth:.9g},{p.death:.9g}" for p in pairs)]
    return "\n".join(lines) + "\n"


def barcode(pairs: Sequence[Pair], title: str) -> Scene:
    """A bar for each pair, from birth to death; one that never dies runs to the edge."""
    top = _top(pairs)
    low = min(p.birth for p in pairs)
    plane = Plane((low, top), (0.0, float(len(pairs) + 1)), height=18.0 * (len(pairs) + 1))
    items = plane.frame(title, "height", "", ticks=False)
    for number, pair in enumerate(pairs):
        y = float(len(pairs) - number)
        items += plane.line(
            [(pair.birth, y), (min(pair.death, top), y)], _ROLES[pair.dimension % 4], _words(pair)
        )
        x, height = plane.at(min(pair.death, top), y)
        items.append(Text(x + 6, height + 4, _words(pair), "start"))
    return fitted(items, title=title)


def diagram(pairs: Sequence[Pair], title: str) -> Scene:
    """Deaths over births; what never dies lies on the upper edge."""
    top, low = _top(pairs), min(p.birth for p in pairs)
    plane = Plane((low, top), (low, top), 300.0, 300.0)
    items: list[Item] = [
        *plane.frame(title, "birth", "death"),
        *plane.line([(low, low), (top, top)], "batch", "", True),
    ]
    for pair in pairs:
        x, y = plane.at(pair.birth, min(pair.death, top))
        items.append(Box(x - 3, y - 3, 6, 6, title=_words(pair)))
        items.append(Text(x + 8, y + 4, f"H{pair.dimension}", "start", "axis", _ROLES[pair.dimension % 4]))
    return fitted(items, title=title)


def _top(pairs: Sequence[Pair]) -> float:
    heights = [x for p in pairs for x in (p.birth, p.death) if np.isfinite(x)]
    return max(heights) + 0.05 * ((max(heights) - min(heights)) or 1.0)


def _words(pair: Pair) -> str:
    death = f"{pair.death:.6g}" if np.isfinite(pair.death) else "∞"
    return f"H{pair.dimension} [{pair.birth:.6g}, {death})"
