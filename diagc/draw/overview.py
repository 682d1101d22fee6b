"""All equations of a learning diagram in one graph: what paths have in common is drawn once, comparators are boxes.

Paths run from their sources to the right; two that begin with the same steps are one as far as they agree. Each box is
an equation; the prediction enters above, the target below. Arrows are styled as in cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from diagc.draw.cells import Arrow, Cell, Path
from diagc.draw.labels import balanced
from diagc.draw.scene import FONT, Box, Item, Point, Scene, Strand, Text, fitted, text_width
from diagc.draw.sweep import nearest

_ROW: Final = 40.0
_FAN: Final = 34.0
"""Room in which arrows that leave one place part, and in which they meet comparators."""
_PAD: Final = 10.0
_LINE: Final = 13.0
_LONG: Final = 24
_BASE: Final = 0.35 * FONT


@dataclass(slots=True)
class _Place:
    """What paths with the same first steps have reached: its words, the arrow that led there, and what follows."""

    words: str
    arrow: Arrow | None
    depth: int
    after: dict[tuple[Arrow, str], _Place] = field(default_factory=dict[tuple[Arrow, str], "_Place"])
    ends: bool = False
    y: float = 0.0


def draw_overview(cells: Sequence[Cell]) -> Scene:
    """The graph of all equations."""
    starts: dict[str, _Place] = {}
    ends = [[_entered(starts, path) for path in (cell.left, cell.right)] for cell in cells]
    places = [place for start in starts.values() for place in _below(start)]
    row = 0.0
    for start in starts.values():
        row = _settle(start, row)
    columns = _columns(places)
    items: list[Item] = []
    for place in places:
        style = "name" if place.arrow is None else "object"
        items.append(Text(columns[place.depth][0], place.y + _BASE, place.words, "start", style))
        for after in place.after.values():
            items += _arrow(place, after, columns)
    return fitted(items + _comparators(cells, ends, columns), title="overview")


def _entered(starts: dict[str, _Place], path: Path) -> _Place:
    """The place where a path ends, with all places on its way."""
    here = starts.setdefault(path.objects[0], _Place(path.objects[0], None, 0))
    for arrow, words in zip(path.arrows, path.objects[1:], strict=True):
        here = here.after.setdefault((arrow, words), _Place(words, arrow, here.depth + 1))
    here.ends = True
    return here


def _below(place: _Place) -> list[_Place]:
    return [place, *(inner for after in place.after.values() for inner in _below(after))]


def _settle(place: _Place, row: float) -> float:
    """Heights of a place and of all that follows, from a row on; the next free row. What ends has a row of its own."""
    first = row
    row += _ROW if place.ends or not place.after else 0.0
    for after in place.after.values():
        row = _settle(after, row)
    heights = [after.y for after in place.after.values()]
    place.y = first if place.ends or not heights else (heights[0] + heights[-1]) / 2
    return row


def _columns(places: Sequence[_Place]) -> list[tuple[float, float]]:
    """Left and right edge of the words at each depth."""
    found: list[tuple[float, float]] = []
    for depth in range(max((p.depth for p in places), default=-1) + 1):
        here = [p for p in places if p.depth == depth]
        arrows = [line for p in here if p.arrow for line in _words(p.arrow)]
        left = found[-1][1] + 2 * _PAD + _FAN + max(map(text_width, arrows), default=0.0) if found else 0.0
        found.append((left, left + max(text_width(p.words, p.arrow is None) for p in here)))
    return found


def _words(arrow: Arrow) -> list[str]:
    return balanced(arrow.label, max(_LONG, len(arrow.label) * 2 // 3))


def _arrow(place: _Place, after: _Place, columns: Sequence[tuple[float, float]]) -> list[Item]:
    """An arrow: a bend beyond all words of its column, then level below its own."""
    assert after.arrow is not None
    start = _after(place, columns)
    bend, end = columns[place.depth][1] + 4, columns[after.depth][0] - 4
    points = _path(start, bend, bend + _FAN, end, place.y, after.y)
    arrow = after.arrow
    stops = ", no gradient" if arrow.stop else ""
    line = Strand(
        points, "", arrow.stop or arrow.style == "ema", "ink", f"{arrow.style}{stops}: {arrow.label}", "open",
        arrow.style == "frozen", head=True,
    )  # fmt: skip
    lines = _words(arrow)
    texts = [
        Text((bend + _FAN + end) / 2, after.y - 7 - _LINE * (len(lines) - 1 - n), words)
        for n, words in enumerate(lines)
    ]
    return [line, *texts]


def _after(place: _Place, columns: Sequence[tuple[float, float]]) -> float:
    """Where lines from a place begin."""
    return columns[place.depth][0] + text_width(place.words, place.arrow is None) + 4


def _path(start: float, bend: float, level: float, end: float, y: float, z: float) -> tuple[Point, ...]:
    """Level, a bend from one height to another, and level again."""
    if abs(y - z) < 0.1:
        return ((start, y), (start, y), (end, y), (end, y))
    middle = (bend + level) / 2
    return (
        (start, y), (start, y), (bend, y), (bend, y), (middle, y), (middle, z), (level, z), (level, z),
        (end, z), (end, z),
    )  # fmt: skip


def _comparators(
    cells: Sequence[Cell], ends: Sequence[Sequence[_Place]], columns: Sequence[tuple[float, float]]
) -> list[Item]:
    """A box for each equation, between the ends of its paths if it can be."""
    left = columns[-1][1] + _PAD if columns else 0.0
    order = sorted(range(len(cells)), key=lambda n: sum(place.y for place in ends[n]))
    aims = [sum(place.y for place in ends[n]) / 2 for n in order]
    heights = dict(zip(order, nearest(aims, [1.0] * len(aims), [_ROW] * len(aims)), strict=True))
    spread = max((abs(p.y - heights[n]) for n in order for p in ends[n]), default=0.0)
    room = _FAN + 0.3 * spread
    lines = [_title(cell) for cell in cells]
    width = max((text_width(label) for label in lines), default=0.0) + 2 * _PAD
    items: list[Item] = []
    for n, (cell, label) in enumerate(zip(cells, lines, strict=True)):
        top = heights[n] - 0.4 * _ROW
        items.append(Box(left + room, top, width, 0.8 * _ROW, label, title=f"{cell.label}: {label}"))
        items.append(Text(left + room + width / 2, heights[n] + _BASE, label))
        items.append(Text(left + room + width + _PAD, heights[n] + _BASE, cell.label, "start", "name"))
        for place, port in zip(ends[n], (-0.2, 0.2), strict=True):
            points = _path(
                _after(place, columns), left, left + room, left + room, place.y, heights[n] + port * _ROW
            )
            items.append(Strand(points, title=cell.label))
    return items


def _title(cell: Cell) -> str:
    return cell.comparator + (f" × {cell.weight}" if cell.weight else "")
