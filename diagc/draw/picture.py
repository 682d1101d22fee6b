"""A tensor diagram as a scene: the layout of its string graph, painted as lines, boxes and names.

Strands that no box touches run over it; through a box of several operands the woven strands run faintly,
below a plate for the label. Strands that are consumed end at the left edge of the box, made ones begin at the
right edge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Literal

from diagc.core.axes import Axis
from diagc.core.diagram import Diagram, Node
from diagc.draw.graph import BATCH, SCALAR, Graph, GraphBox, Hue, StrandAxis
from diagc.draw.layout import Layout, Link, Place, layout
from diagc.draw.notes import Notes
from diagc.draw.scene import FONT, Box, Item, Point, Region, Scene, Strand, Text, fitted, text_width
from diagc.draw.shapes import PITCH, STUB, Shape
from diagc.draw.strings import string_graph

Cover = Literal["group", "stream", "held"]
"""How a kernel covers an axis: programs share it out, a loop goes over it, or it is whole on chip."""

_LINE: Final = 13.0
_BASE: Final = 0.35 * FONT
"""From the middle of a line to its baseline."""

_CLEAR: Final = 3.0
"""Room at the ends of a separator of bundles."""


def draw_diagram(
    diagram: Diagram,
    boxes: Mapping[Node, str] | None = None,
    notes: Notes | None = None,
    covers: Mapping[Axis, Cover] | None = None,
) -> Scene:
    """The strings of a diagram. `boxes` maps nodes to the label of the call that they belong to and fold
    into, `covers` says how a kernel covers axes: strands of streamed ones have a halo, and those that programs
    share out bars across.

    Raises `DiagnosticError` E0904 when pygraphviz is missing.
    """
    graph = string_graph(diagram, boxes, notes)
    return fitted(painted(graph, layout(graph), covers), title=diagram.name)


def painted(graph: Graph, placed: Layout, covers: Mapping[Axis, Cover] | None = None) -> list[Item]:
    """The items of a graph that has been laid out."""
    return _Painter(graph, placed, graph.hue(), covers or {}).items()


@dataclass(slots=True)
class _Painter:
    graph: Graph
    layout: Layout
    hue: Mapping[StrandAxis, Hue]
    covers: Mapping[Axis, Cover]
    lines: list[Item] = field(default_factory=list[Item])
    begun: dict[tuple[str, StrandAxis], tuple[Point, ...]] = field(
        default_factory=dict[tuple[str, StrandAxis], tuple[Point, ...]]
    )
    """Strands that have come through a lane and are not yet at a box."""
    faces: list[Item] = field(default_factory=list[Item])
    arriving: dict[tuple[str, int], list[Link]] = field(
        default_factory=lambda: defaultdict[tuple[str, int], list[Link]](list)
    )
    """The links that end at a place, by their value."""
    climbs: dict[int, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict[int, list[tuple[float, float]]](list)
    )
    """For the gap before each column the heights between which its strands climb or fall."""

    def items(self) -> list[Item]:
        for link in self.layout.links:
            source, target = self.layout.places[link.source], self.layout.places[link.target]
            self.arriving[link.target, link.value].append(link)
            self.climbs[target.rank] += [(min(ends), max(ends)) for ends in self._heights(link)]
            for axis, out, into in link.strands:
                self._between(link.value, axis, source, out, target, into)
        for place in self.layout.places.values():
            if place.box < 0:
                continue
            if self.graph.boxes[place.box].kind == "box":
                self._box(place)
            else:
                self._end(place)
        # grey strands lie below the coloured ones, which carry the meaning
        return self._halos() + sorted(self.lines, key=self._depth) + self.faces

    def _halos(self) -> list[Item]:
        streamed = {axis.name for axis, cover in self.covers.items() if cover == "stream"}
        found = (line for line in self.lines if isinstance(line, Strand) and line.part == "open")
        return [replace(line, part="halo", title="") for line in found if line.axis in streamed]

    @staticmethod
    def _depth(item: Item) -> int:
        return 0 if isinstance(item, Strand) and item.role in (BATCH, SCALAR) else 1

    def _strand(self, value: int, axis: StrandAxis, *points: Point, through: bool = False) -> Strand:
        source = self.graph.values[value]
        name = axis.name if axis else ""
        title = "" if through else f"{name}: {source.title}" if axis else source.title
        part = "through" if through else "open"
        return Strand(points, name, source.dashed, self.hue[axis], title, part)

    def _face(self, place: Place) -> tuple[float, float]:
        """Left and right edge of what stands at a place."""
        left, right = self.layout.columns[place.rank]
        if place.box < 0:
            return left, right
        box, width = self.graph.boxes[place.box], self.layout.shapes[place.box].width
        if box.kind == "output":
            return left, left + width
        if box.kind != "box":
            return right - width, right
        return (left + right - width) / 2, (left + right + width) / 2

    def _between(
        self, value: int, axis: StrandAxis, source: Place, out: int, target: Place, into: int
    ) -> None:
        """A strand through the gap between two columns, with level ends up to the boxes; lanes go on in the next."""
        start, end = self._face(source)[1], self._face(target)[0]
        left, right = self.layout.columns[source.rank][1], self.layout.columns[target.rank][0]
        if source.box >= 0 and axis in self.layout.shapes[source.box].over:
            start = left
        if target.box >= 0 and axis in self.layout.shapes[target.box].over:
            end = right
        y, z = source.slot_y(out), target.slot_y(into)
        points = self.begun.pop((source.name, axis), ())
        if abs(y - z) < 0.1:
            points = _joined(points, _level(start, end, y))
        else:
            bend = (right - left) * 0.5
            before = _level(start, left, y) if start < left - 0.1 else ()
            after = _level(right, end, z) if right < end - 0.1 else ()
            curve = ((left, y), (left + bend, y), (right - bend, z), (right, z))
            points = _joined(_joined(points, before), _joined(curve, after))
        if target.box < 0:
            self.begun[target.name, axis] = _joined(points, _level(*self._face(target), z))
        else:
            self.lines.append(self._strand(value, axis, *points))

    # ---- ends

    def _end(self, place: Place) -> None:
        """An input or an output: stubs, the names of the axes and the name in bold."""
        box, shape = self.graph.boxes[place.box], self.layout.shapes[place.box]
        left, right = self._face(place)
        is_output = box.kind == "output"
        sign, edge, anchor = (1, left, "start") if is_output else (-1, right, "end")
        ports = shape.ins if is_output else shape.outs
        widest = 0.0
        for (value, axis), slot in ports.items():
            y, far = place.slot_y(slot), edge + sign * STUB
            self.lines.append(self._strand(value, axis, *_level(min(edge, far), max(edge, far), y)))
            if axis is not None:
                widest = max(widest, text_width(axis.name))
                role = self.hue[axis]
                self.faces.append(Text(far + sign * 4, y + _BASE, axis.name, anchor, "axis", role))
                self.lines += self._marks(axis, edge + sign * STUB / 2, y)
        style = "parameter" if box.kind == "parameter" else "name"
        x = edge + sign * (STUB + 4 + widest + (8 if widest else 2))
        middle = place.y + place.slots * PITCH / 2
        self.faces.append(Text(x, middle + _BASE, box.label, anchor, style))

    def _marks(self, axis: Axis, x: float, y: float) -> list[Item]:
        """The sign of how a kernel covers an axis, across its strand: two bars, or the head of an arrow."""
        match self.covers.get(axis):
            case "group":
                corners = [((x - 2, y - 4), (x - 2, y + 4)), ((x + 2, y - 4), (x + 2, y + 4))]
            case "stream":
                corners = [((x - 2, y - 4), (x + 2, y)), ((x + 2, y), (x - 2, y + 4))]
            case _:
                return []
        return [Strand((a, a, b, b), axis.name, False, self.hue[axis], "", "mark") for a, b in corners]

    def _in_loop(self, box: GraphBox) -> bool:
        """Whether a box reads a streamed axis: it is done once for each tile of it."""
        axes = {a for value in box.operands for a in self.graph.values[value].axes} | box.touched
        return any(self.covers.get(axis) == "stream" for axis in axes)

    # ---- boxes

    def _box(self, place: Place) -> None:
        box, shape = self.graph.boxes[place.box], self.layout.shapes[place.box]
        left, right = self._face(place)
        column = self.layout.columns[place.rank]
        result = box.results[0] if box.results else -1
        for axis in shape.over:
            y = place.slot_y(shape.outs[result, axis])
            self.lines.append(self._strand(result, axis, *_level(*column, y)))
        top, bottom = place.y + shape.top * PITCH, place.y + shape.bottom * PITCH
        inset = -2.0 if shape.bottom - shape.top == 1 else -1.0
        style = "loop" if self._in_loop(box) else "plain"
        height = bottom - top - 2 * inset
        self.faces.append(
            Box(left, top + inset, right - left, height, box.label, style, box.title, box.opens)
        )
        self.lines += self._separators(place, shape)
        through = self._through(place, box, shape, left, right)
        self.faces += through
        self._label(shape, (left + right) / 2, (top + bottom) / 2, style if through else None)
        for (_, axis), slot in shape.outs.items():
            if axis is not None and axis in shape.made:
                name = Text(right - 5, place.slot_y(slot) + _BASE, axis.name, "end", "axis", self.hue[axis])
                self.faces.append(name)

    def _separators(self, place: Place, shape: Shape) -> Iterator[Strand]:
        """Dashed lines between bundles that run level to a box, side by side, where no strand crosses them."""
        last = {value: slot for (value, _), slot in sorted(shape.ins.items(), key=lambda port: port[1])}
        right = self._face(place)[0] - _CLEAR
        for above, below in pairwise(last):
            y = place.slot_y(last[above] + 1)
            starts = [self._level_from(place, value) for value in (above, below)]
            if None not in starts and not any(low < y < high for low, high in self.climbs[place.rank]):
                left = max(start for start in starts if start is not None) + _CLEAR
                yield Strand(_level(left, right, y), "", True, BATCH, "", "apart")

    def _level_from(self, place: Place, value: int) -> float | None:
        """Where a bundle that is level in the gap before a box comes from."""
        (link,) = self.arriving[place.name, value]
        level = all(abs(y - z) < 0.1 for y, z in self._heights(link))
        return self.layout.columns[self.layout.places[link.source].rank][1] if level else None

    def _heights(self, link: Link) -> Iterator[tuple[float, float]]:
        """Where the strands of a bundle leave and arrive."""
        source, target = self.layout.places[link.source], self.layout.places[link.target]
        return ((source.slot_y(out), target.slot_y(into)) for _, out, into in link.strands)

    def _through(self, place: Place, box: GraphBox, shape: Shape, left: float, right: float) -> list[Item]:
        """The woven strands within a box, from every operand that has them."""
        found: list[Item] = []
        for (result, axis), out in shape.outs.items():
            if axis in shape.over or axis in box.touched or axis is None:
                continue
            for operand in box.operands:
                if (operand, axis) in shape.ins:
                    y, z, bend = place.slot_y(shape.ins[operand, axis]), place.slot_y(out), (right - left) / 2
                    curve = ((left, y), (left + bend, y), (right - bend, z), (right, z))
                    found.append(self._strand(result, axis, *curve, through=True))
        return found

    def _label(self, shape: Shape, x: float, middle: float, plate: Literal["plain", "loop"] | None) -> None:
        width = max(map(text_width, shape.lines))
        height = _LINE * len(shape.lines)
        if plate is not None:
            kind = "loop" if plate == "loop" else "plate"
            self.faces.append(Region(x - width / 2 - 3, middle - height / 2, width + 6, height, kind))
        for place, line in enumerate(shape.lines):
            y = middle + _LINE * (place + 0.5) - height / 2 + _BASE
            self.faces.append(Text(x, y, line))


def _joined(first: tuple[Point, ...], second: tuple[Point, ...]) -> tuple[Point, ...]:
    """One path of two; a level piece that goes on level is one piece."""
    if not first or not second:
        return first or second
    (_, a), (x, b), (_, c) = first[-4], first[-1], second[-1]
    if (
        len(second) == 4
        and a == b == c
        and all(y == a for _, y in (*first[-4:], *second))
        and x <= second[0][0] + 0.1
    ):
        return (*first[:-2], second[-1], second[-1])
    return (*first, *second[1:])


def _level(start: float, end: float, y: float) -> tuple[Point, Point, Point, Point]:
    return ((start, y), (start, y), (end, y), (end, y))
