"""Colours as pairs, for light and for dark paper, and the strokes of strands.

Hues differ in lightness or along blue-yellow, so that readers who do not tell red from green keep them apart:

>>> colours("0"), colours("8") == colours("0")
(('#1f63ad', '#7ab3f0'), True)
"""

from __future__ import annotations

from typing import Final

Pair = tuple[str, str]

HUES: Final[tuple[Pair, ...]] = (
    ("#1f63ad", "#7ab3f0"), ("#b3500f", "#f09a58"), ("#2a7a44", "#6cc98a"), ("#8a3f9e", "#d08ee0"),
    ("#0c7686", "#56c6d6"), ("#ad2a5c", "#f086ac"), ("#766200", "#d0ba4a"), ("#4a4fb5", "#a0a4f5"),
)  # fmt: skip
"""Blue, vermilion, green, purple, cyan, rose, olive, indigo."""

STROKES: Final = {
    "open": (1.5, 1.0), "through": (1.5, 0.22), "halo": (11.0, 0.16), "mark": (1.3, 1.0), "apart": (1.3, 1.0),
}  # fmt: skip
"""Width and opacity of each part of strands."""

PAPER: Final[Pair] = ("#ffffff", "#14171d")
FACE: Final[Pair] = ("#f4f6fc", "#232833")
LOOP: Final[Pair] = ("#fdebd6", "#3a2d1c")
CELL: Final[Pair] = ("#f7f8fb", "#1a1e26")
_GREY: Final[Pair] = ("#8a8fa3", "#8a8fa3")
_GREYS: Final = {"batch": _GREY, "scalar": _GREY, "ink": ("#1f2430", "#e4e7ee")}


def colours(role: str) -> Pair:
    """The colour of a role of a strand or text: `batch`, `scalar`, `ink` or the number of a hue."""
    return _GREYS[role] if role in _GREYS else HUES[int(role) % len(HUES)]
