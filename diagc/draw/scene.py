"""Geometry without a format: boxes, strands, texts and regions, y downwards, in the order of painting.

Every text states its own extent through a table of advance widths, so that no back end needs a font to place
it:

>>> text_width("softmax x") < text_width("softmax x", bold=True) < 80
True
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Point = tuple[float, float]
Bounds = tuple[float, float, float, float]
"""Left, top, right, bottom."""

FONT: Final = 10.5
"""Size of all text."""

_WIDTHS: Final = {
    28: "'ijl", 30: "IJ", 32: " ,.·", 34: "/:;\\|", 36: "f", 37: "-", 40: "()[]t", 41: "!²³", 42: "r",
    46: '"', 50: "*_`", 53: "sz⁻", 54: "?", 55: "c", 56: "L", 58: "Fk", 60: "vxy", 61: "Pτ", 62: "TYaeo",
    64: "√", 66: "K", 69: "ABVXZ", 70: "CR", 74: "U∧∨", 75: "N", 76: "H", 78: "&DG", 79: "OQ", 82: "w", 87: "M",
    84: "#+<=>^~×−≤≥≠→∞÷¬⇓≈", 96: "%", 98: "m", 99: "W", 100: "@…",
}  # fmt: skip
"""Advance widths of DejaVu Sans in hundredths of the font size; the other fonts of the list are narrower."""

_ADVANCE: Final = {character: width / 100 for width, group in _WIDTHS.items() for character in group}
_OTHER: Final = 0.64
_WIDE: Final = 1.0


def text_width(text: str, bold: bool = False, size: float = FONT) -> float:
    """An upper estimate of the width of one line."""
    total = sum(_ADVANCE.get(c, _OTHER if ord(c) < 0x250 else _WIDE) for c in text)
    return total * size * (1.18 if bold else 1.0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rounded rectangle. `label` is what it says; its lines are separate `Text` items of style `label`.

    A box of style `loop` is done in the loop of a kernel; `opens` names the scene of its inside.
    """

    x: float
    y: float
    w: float
    h: float
    label: str = ""
    style: Literal["plain", "loop"] = "plain"
    title: str = ""
    opens: str = ""

    @property
    def bounds(self) -> Bounds:
        return (self.x, self.y, self.x + self.w, self.y + self.h)


@dataclass(frozen=True, slots=True)
class Strand:
    """A cubic Bézier path of 3n + 1 points. `role` is the colour: `batch`, `scalar`, `ink` or a number of a
    hue.

    `part` says where it runs: in the open, or faintly through a box that weaves over it; a `halo` is a broad
    band below a strand that a loop streams, a `mark` is a sign across one, and `apart` keeps two bundles apart.
    A `hollow` strand is a double line; one with a `head` ends in an arrow.
    """

    points: tuple[Point, ...]
    axis: str = ""
    dashed: bool = False
    role: str = "ink"
    title: str = ""
    part: Literal["open", "through", "halo", "mark", "apart"] = "open"
    hollow: bool = False
    head: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text with its baseline at `y`. The style `axis` takes the colour of `role`."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    style: Literal["label", "name", "parameter", "axis", "note", "object"] = "label"
    role: str = "ink"

    @property
    def bounds(self) -> Bounds:
        width = text_width(self.text, self.style in ("name", "parameter"))
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return (left, self.y - 0.76 * FONT, left + width, self.y + 0.24 * FONT)


@dataclass(frozen=True, slots=True)
class Region:
    """An area without border: the `plate` behind a label (`loop` in a box of a loop), or the `cell` behind an
    equation."""

    x: float
    y: float
    w: float
    h: float
    style: Literal["plate", "loop", "cell"] = "plate"

    @property
    def bounds(self) -> Bounds:
        return (self.x, self.y, self.x + self.w, self.y + self.h)


Item = Box | Strand | Text | Region


@dataclass(frozen=True, slots=True)
class Scene:
    """Items in the order of painting, within (0, 0) and (width, height)."""

    items: tuple[Item, ...]
    width: float
    height: float
    title: str = ""


def bounds(item: Item) -> Bounds:
    """The extent of an item; that of a strand is the hull of its control points."""
    if not isinstance(item, Strand):
        return item.bounds
    xs, ys = [x for x, _ in item.points], [y for _, y in item.points]
    return (min(xs), min(ys), max(xs), max(ys))


def fitted(items: list[Item], margin: float = 12.0, title: str = "") -> Scene:
    """The scene that holds all items with a margin around them."""
    every = [bounds(item) for item in items] or [(0.0, 0.0, 0.0, 0.0)]
    left, top = min(b[0] for b in every) - margin, min(b[1] for b in every) - margin
    width, height = max(b[2] for b in every) + margin - left, max(b[3] for b in every) + margin - top
    return Scene(tuple(moved(item, -left, -top) for item in items), width, height, title)


def moved(item: Item, dx: float, dy: float) -> Item:
    """The item elsewhere."""
    if isinstance(item, Strand):
        return replace(item, points=tuple((x + dx, y + dy) for x, y in item.points))
    return replace(item, x=item.x + dx, y=item.y + dy)
