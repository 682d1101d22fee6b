"""Cells as commuting diagrams on a grid, for people who draw them further: tikz-cd and a link for quiver.

Each equation takes three rows: the prediction above, the target below, shared corners between. The comparator is
a 2-cell from one path to the other. Quiver keeps the whole diagram in the link, https://q.uiver.app reads it in the
browser; its format is an array of a version, the number of vertices, the vertices and the edges, in base 64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from diagc.draw.cells import Arrow, Cell, Path
from diagc.draw.tikz import escaped

_ROWS: Final = 4
"""Rows from one equation to the next; the last is empty."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """An arrow between vertices by their numbers, or a 2-cell; where that ends at edge n, its end is ~n."""

    source: int
    target: int
    label: str
    below: bool = False
    dashed: bool = False
    hollow: bool = False
    compares: bool = False


@dataclass(slots=True)
class _Grid:
    vertices: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    edges: list[_Edge] = field(default_factory=list[_Edge])

    def vertex(self, x: int, y: int, label: str) -> int:
        self.vertices.append((x, y, label))
        return len(self.vertices) - 1

    def cell(self, cell: Cell, top: int) -> None:
        columns = max(len(cell.left.arrows), len(cell.right.arrows))
        same = [cell.left.objects[k] == cell.right.objects[k] for k in (0, -1)]
        start = self.vertex(0, top + 1, cell.left.objects[0]) if same[0] else None
        end = self.vertex(columns, top + 1, cell.left.objects[-1]) if same[1] else None
        sides = [
            self._path(path, row, columns, start, end)
            for path, row in ((cell.left, top), (cell.right, top + 2))
        ]
        self.edges.append(_Edge(sides[0], sides[1], cell.words, compares=True))

    def _path(self, path: Path, row: int, columns: int, start: int | None, end: int | None) -> int:
        """The vertices and arrows of a path; what is in its middle, a vertex or ~ the number of an arrow."""
        last = len(path.objects) - 1
        found: list[int] = []
        for place, label in enumerate(path.objects):
            shared = start if place == 0 else end if place == last else None
            x = columns if place == last else place
            found.append(self.vertex(x, row, label) if shared is None else shared)
        first = len(self.edges)
        for arrow, source, target in zip(path.arrows, found, found[1:], strict=False):
            self.edges.append(_edge(arrow, source, target, bool(row % _ROWS)))
        middle, odd = divmod(len(path.arrows), 2)
        return ~(first + middle) if odd else found[middle]


def _edge(arrow: Arrow, source: int, target: int, below: bool) -> _Edge:
    return _Edge(
        source, target, arrow.label, below, arrow.stop or arrow.style == "ema", arrow.style == "frozen"
    )


def _grid(cells: Sequence[Cell]) -> _Grid:
    grid = _Grid()
    for place, cell in enumerate(cells):
        grid.cell(cell, _ROWS * place)
    return grid


def tikz_cd(cells: Sequence[Cell]) -> str:
    r"""The cells as TeX for `\usepackage{tikz-cd}`."""
    grid = _grid(cells)
    ended = [number for edge in grid.edges if edge.compares for number in (edge.source, edge.target)]
    names = {number: f"c{~number}" for number in ended if number < 0}
    names |= {n: f"{y + 1}-{x + 1}" for n, (x, y, _) in enumerate(grid.vertices)}
    arrows: dict[int, list[str]] = {}
    ends: list[str] = []
    for number, edge in enumerate(grid.edges):
        if edge.compares:
            label = _label(edge.label)
            ends.append(
                rf'\arrow["{label}", Rightarrow, shorten=3pt, from={names[edge.source]}, to={names[edge.target]}]'
            )
        else:
            arrows.setdefault(edge.source, []).append(_arrow(grid, edge, names.get(~number, "")))
    places = {(x, y): number for number, (x, y, _) in enumerate(grid.vertices)}
    width, height = max((x for x, _ in places), default=0), max((y for _, y in places), default=0)
    rows: list[str] = []
    for y in range(height + 1):
        row = [places.get((x, y)) for x in range(width + 1)]
        rows.append(" & ".join(_entry(grid, n, arrows) if n is not None else "" for n in row))
    body = " \\\\\n".join(rows)
    return (
        "\n".join(("% needs \\usepackage{tikz-cd}", "\\begin{tikzcd}", body, *ends, "\\end{tikzcd}")) + "\n"
    )


def _entry(grid: _Grid, number: int, arrows: dict[int, list[str]]) -> str:
    return " ".join((f"{{{_label(grid.vertices[number][2])}}}", *arrows.get(number, ())))


def _arrow(grid: _Grid, edge: _Edge, name: str) -> str:
    (x, y, _), (u, v, _) = grid.vertices[edge.source], grid.vertices[edge.target]
    steps = ("r" if u > x else "l") * abs(u - x) + ("d" if v > y else "u") * abs(v - y)
    named = f"{{name={name}}}" if name else ""
    mark = f"'{named}" if edge.below else named
    styles = "".join(f", {word}" for word, used in (("dashed", edge.dashed), ("hook", edge.hollow)) if used)
    return rf'\arrow["{_label(edge.label)}"{mark}, {steps or "loop"}{styles}]'


def quiver_link(cells: Sequence[Cell]) -> str:
    """The address under which quiver shows the cells and lets them be edited."""
    grid = _grid(cells)
    written: list[Any] = [0, len(grid.vertices), *([x, y, _label(label)] for x, y, label in grid.vertices)]
    for edge in grid.edges:
        ends = [len(grid.vertices) + ~end if end < 0 else end for end in (edge.source, edge.target)]
        style: dict[str, Any] = {"body": {"name": "dashed"}} if edge.dashed else {}
        if edge.hollow:
            style["tail"] = {"name": "hook", "side": "top"}
        options: dict[str, Any] = {"style": style} if style else {}
        if edge.compares:
            options |= {"level": 2, "shorten": {"source": 20, "target": 20}}
        written.append([*ends, _label(edge.label), 2 if edge.below else 0, options])
    packed = json.dumps(written, separators=(",", ":"), ensure_ascii=False).encode()
    return "https://q.uiver.app/#q=" + base64.b64encode(packed).decode()


def _label(text: str) -> str:
    return rf"\textsf{{{escaped(text)}}}"
