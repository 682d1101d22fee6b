"""A learning diagram as cells: every equation is the region between two paths.

The left path, the prediction, runs above, the right path, the target, below; the comparator stands between
them, the double arrow from prediction to target. An arrow is hollow for a frozen model, dashed for a moving
average and for what is cut by `stop`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from diagc.draw.labels import balanced
from diagc.draw.scene import FONT, Item, Point, Region, Scene, Strand, Text, fitted, text_width

Style = Literal["data", "train", "frozen", "ema"]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A column of a source, or a model; `stop` when no gradient flows back through it."""

    label: str
    style: Style = "data"
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """Objects, written as their types, and the arrows between neighbours: one fewer."""

    objects: tuple[str, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """An equation: both paths, what compares their ends, and its weight."""

    label: str
    left: Path
    right: Path
    comparator: str
    weight: str = ""


_ROW: Final = 62.0
"""From the middle of a cell to each of its paths."""

_ARROW: Final = 44.0
_PAD: Final = 16.0
_BETWEEN: Final = 20.0
_LINE: Final = 13.0
_LONG: Final = 28
"""Characters of a label in one line."""
_BASE: Final = 0.35 * FONT


def draw_cells(cells: Sequence[Cell]) -> Scene:
    """One cell below the other, of one width."""
    columns = [_Columns(cell) for cell in cells]
    width = max((c.width for c in columns), default=0.0)
    items: list[Item] = []
    for place, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        top = place * (2 * _ROW + 4 * _PAD + _BETWEEN)
        items += _cell(cell, column, width, top)
    return fitted(items, title="learning")


@dataclass(slots=True)
class _Columns:
    """Horizontal places of a cell: where its rows start and end, and the middles of shared corners beyond."""

    start: float
    end: float
    width: float
    first: float
    last: float

    def __init__(self, cell: Cell) -> None:
        before, after = max(map(text_width, _starts(cell))), max(map(text_width, _ends(cell)))
        label = text_width(cell.label, bold=True)
        # the label stands in the corner above: neither a curve from a shared start nor two starts come near it
        beside = before if len(_starts(cell)) == 2 else 0.0
        self.start = max(label + beside + 2 * _PAD, before + 2 * _PAD)
        room = max(_row_width(path) for path in (cell.left, cell.right))
        middle = text_width(cell.comparator) + text_width(cell.weight) + 80
        self.end = self.start + max(room, middle)
        self.width = self.end + after + 2 * _PAD
        self.first = self.start - _PAD / 2 - before / 2
        self.last = self.end + _PAD / 2 + after / 2


def _starts(cell: Cell) -> tuple[str, ...]:
    """One corner when both paths begin at the same object, else two."""
    return tuple(dict.fromkeys((cell.left.objects[0], cell.right.objects[0])))


def _ends(cell: Cell) -> tuple[str, ...]:
    return tuple(dict.fromkeys((cell.left.objects[-1], cell.right.objects[-1])))


def _row_width(path: Path) -> float:
    return sum(map(_arrow_width, path.arrows)) + sum(text_width(o) + 12 for o in path.objects[1:-1])


def _arrow_width(arrow: Arrow) -> float:
    return max(_ARROW, *(text_width(line) + 24 for line in _lines(arrow.label)))


def _lines(label: str) -> list[str]:
    """A long label in two lines."""
    return balanced(label, max(_LONG, len(label) * 2 // 3))


def _cell(cell: Cell, columns: _Columns, width: float, top: float) -> list[Item]:
    middle = top + _ROW + 2 * _PAD
    items: list[Item] = [Region(0, top, width, 2 * _ROW + 4 * _PAD, "cell")]
    items.append(Text(_PAD, top + _PAD + FONT * 0.6, cell.label, "start", "name"))
    # a shorter cell keeps its own corner at the right edge of the widest
    columns.last += width - columns.width
    columns.end += width - columns.width
    for path, side in ((cell.left, -1), (cell.right, 1)):
        items += _row(path, side, middle, columns, (len(_starts(cell)) == 1, len(_ends(cell)) == 1))
    items += _corners(_starts(cell), columns.first, columns.start - 6, "end", middle)
    items += _corners(_ends(cell), columns.last, columns.end + 6, "start", middle)
    return items + _comparison(cell, (columns.start + columns.end) / 2, middle)


def _corners(
    objects: tuple[str, ...], shared: float, x: float, anchor: Literal["start", "end"], middle: float
) -> list[Item]:
    """The objects at one side: one in the middle, or one at the end of each row."""
    if len(objects) == 1:
        return [Text(shared, middle + _BASE, objects[0], "middle", "object")]
    rows = (middle - _ROW, middle + _ROW)
    return [Text(x, y + _BASE, o, anchor, "object") for o, y in zip(objects, rows, strict=True)]


def _row(path: Path, side: int, middle: float, columns: _Columns, shared: tuple[bool, bool]) -> list[Item]:
    """One path: it leaves a shared corner on a curve and comes back to one on another."""
    y, corner = middle + side * _ROW, middle + side * 12
    inner = path.objects[1:-1]
    free = (columns.end - columns.start - _row_width(path)) / len(path.arrows)
    items: list[Item] = []
    x = columns.start
    for place, arrow in enumerate(path.arrows):
        final = place == len(path.arrows) - 1
        past = x + _arrow_width(arrow) + free
        start = (columns.first, corner) if shared[0] and place == 0 else (x, y)
        end = (columns.last, corner) if shared[1] and final else (past, y)
        items += _arrow(arrow, start, end, (x, past), y, side)
        if not final:
            width = text_width(inner[place])
            items.append(Text(past + 6 + width / 2, y + _BASE, inner[place], "middle", "object"))
            x = past + width + 12
    return items


def _arrow(
    arrow: Arrow, start: Point, end: Point, level: tuple[float, float], y: float, side: int
) -> list[Item]:
    """The arrow and its label, which stands outside of the cell, at the level part of the arrow."""
    left, right = level
    points: list[Point] = [start]
    if start[1] != y:
        points += [(start[0], (start[1] + 2 * y) / 3), ((start[0] + 2 * left) / 3, y), (left + 6, y)]
        left += 6
    if end[1] != y:
        right -= 6
    points += [(left, y), (right, y), (right, y)]
    if end[1] != y:
        points += [((end[0] + 2 * right) / 3, y), (end[0], (end[1] + 2 * y) / 3), end]
    dashed = arrow.stop or arrow.style == "ema"
    title = f"{arrow.style}{', no gradient' if arrow.stop else ''}: {arrow.label}"
    lines = _lines(arrow.label)
    first = y - 7 - _LINE * (len(lines) - 1) if side < 0 else y + 7 + 0.76 * FONT
    return [
        Strand(tuple(points), "", dashed, "ink", title, "open", arrow.style == "frozen", head=True),
        *(Text((left + right) / 2, first + place * _LINE, line) for place, line in enumerate(lines)),
    ]


def _comparison(cell: Cell, x: float, middle: float) -> list[Item]:
    """The double arrow from prediction to target, with comparator and weight at its sides."""
    rail = 2.0
    items: list[Item] = []
    x += (text_width(f"× {cell.weight}") * bool(cell.weight) - text_width(cell.comparator)) / 2
    for dx in (-rail, rail):
        ends = ((x + dx, middle - 20), (x + dx, middle - 20), (x + dx, middle + 14), (x + dx, middle + 14))
        items.append(Strand(ends, title=f"compared by {cell.comparator}"))
    tip: tuple[Point, ...] = (
        (x - 7, middle + 11), (x - 7, middle + 11), (x, middle + 20), (x, middle + 20),
        (x, middle + 20), (x + 7, middle + 11), (x + 7, middle + 11),
    )  # fmt: skip
    items.append(Strand(tip))
    items.append(Text(x + 14, middle + _BASE, cell.comparator, "start", "label"))
    if cell.weight:
        items.append(Text(x - 14, middle + _BASE, f"× {cell.weight}", "end", "note"))
    return items
