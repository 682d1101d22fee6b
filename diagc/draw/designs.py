"""A design problem as a scene: components are boxes and ports strands, functionality left and resources right.

A term of several ports is a box of its own that bears its sign. A resource that is read before the component that
requires it runs back below the boxes: a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from diagc.core.axes import ONE, Axis
from diagc.core.design import Apply, Bound, Design, Port, Term, Variable, variables
from diagc.draw.graph import Graph, GraphBox, Value
from diagc.draw.layout import Layout, layout
from diagc.draw.picture import painted
from diagc.draw.scene import Point, Scene, Strand, bounds, fitted, text_width
from diagc.draw.shapes import PITCH, STUB

_SIGNS: Final = {"add": "+", "mul": "×", "div": "÷", "pow": "^", "neg": "−", "max": "max", "min": "min"}


def draw_design(design: Design) -> Scene:
    """The picture of a design problem. Raises `DiagnosticError` E0904 when pygraphviz is missing."""
    graph, loops = _Builder(design).graph()
    placed = layout(graph)
    items = painted(graph, placed)
    every = [bounds(item) for item in items] or [(0.0, 0.0, 0.0, 0.0)]
    frame = min(b[0] for b in every), max(b[2] for b in every), max(b[3] for b in every)
    back = [_back(placed, graph, ends, frame, (n + 1) * PITCH) for n, ends in enumerate(loops)]
    return fitted([*back, *items], title=design.name)


@dataclass(slots=True)
class _Builder:
    design: Design
    values: list[Value] = field(default_factory=list[Value])
    boxes: list[GraphBox] = field(default_factory=list[GraphBox])
    known: dict[str, int] = field(default_factory=dict[str, int])
    """The value of each port that something may read."""

    def graph(self) -> tuple[Graph, list[tuple[int, int]]]:
        """The graph, and for each loop the boxes where it begins and ends."""
        ports, demands = self.design.ports, {b.port: b for b in self.design.demands}
        starts: dict[str, int] = {}
        for port in self.design.provides:
            self.known[port.name] = self._input(port, port.name)
        for name in _read_early(self.design, demands):
            starts[name] = len(self.boxes)
            self.known[name] = self._input(ports[name], f"{name}?")
        for part in self.design.components:
            asked = [self._asked(b) for p in part.provides if (b := demands.get(f"{part.name}.{p.name}"))]
            made = {f"{part.name}.{p.name}": self._value(p, f"{part.name}.{p.name}") for p in part.requires}
            self._box(part.name, asked, list(made.values()), f"component {part.name}")
            self.known |= made
        for bound in self.design.results:
            self._output(self._asked(bound), ports[bound.port], bound.port)
        loops = [
            (start, self._output(self.known[name], ports[name], f"{name}!")) for name, start in starts.items()
        ]
        return Graph(self.design.name, tuple(self.values), tuple(self.boxes)), loops

    def _value(self, port: Port, name: str) -> int:
        title = f"{name.rstrip('?!')}: {port.order.name}{' ' + port.unit if port.unit else ''}"
        self.values.append(Value((Axis(f"{port.name}#{name.rstrip('?')}", ONE),), title))
        return len(self.values) - 1

    def _input(self, port: Port, name: str) -> int:
        value = self._value(port, name)
        self.boxes.append(GraphBox("input", "" if name.endswith("?") else port.unit, (), (value,)))
        return value

    def _output(self, value: int, port: Port, name: str) -> int:
        """The place of an end on the right; the strand keeps its own name."""
        shown = self.values[value]
        self.values.append(shown)
        own = name if shown.axes[0].name != name else ""
        label = "" if name.endswith("!") else f"{own} {port.unit}".strip()
        self.boxes.append(GraphBox("output", label, (value,), (len(self.values) - 1,)))
        return len(self.boxes) - 1

    def _asked(self, bound: Bound) -> int:
        """The value of a term: a wire, or what a box of its own makes of several."""
        if isinstance(bound.term, Variable):
            return self.known[bound.term.name]
        read = [self.known[name] for name in dict.fromkeys(variables(bound.term))]
        made = self._value(self.design.ports[bound.port], f"{bound.port}=")
        self._box(_sign(bound.term), read, [made], bound.span.text)
        return made

    def _box(self, label: str, operands: list[int], results: list[int], title: str) -> None:
        touched = frozenset(axis for value in (*operands, *results) for axis in self.values[value].axes)
        self.boxes.append(
            GraphBox("box", label, tuple(dict.fromkeys(operands)), tuple(results), touched, title)
        )


def _sign(term: Term) -> str:
    return _SIGNS.get(term.function, term.function) if isinstance(term, Apply) else "constant"


def _read_early(design: Design, demands: Mapping[str, Bound]) -> list[str]:
    """Resources that a component reads before the one that requires them, in the order of the file."""
    done: set[str] = set()
    found: dict[str, None] = {}
    for part in design.components:
        for port in part.provides:
            bound = demands.get(f"{part.name}.{port.name}")
            names = [] if bound is None else [n for n in variables(bound.term) if "." in n]
            found |= dict.fromkeys(name for name in names if name not in done)
        done |= {f"{part.name}.{port.name}" for port in part.requires}
    return list(found)


def _back(
    placed: Layout, graph: Graph, ends: tuple[int, int], frame: tuple[float, float, float], room: float
) -> Strand:
    """The strand of a loop: from its end on the right, around everything from below, to its start on the left."""
    start, stop = (placed.places[f"b{place}"] for place in ends)
    axis = graph.values[graph.boxes[ends[0]].results[0]].axes[0]
    beside = STUB + text_width(axis.name) + 8
    begin = placed.columns[stop.rank][0] + beside, stop.slot_y(0)
    end = placed.columns[start.rank][1] - beside, start.slot_y(0)
    left, right, bottom = frame[0] - room, frame[1] + room, frame[2] + room
    corners = [begin, (right, begin[1]), (right, bottom), (left, bottom), (left, end[1]), end]
    title = f"{axis.name} comes back"
    return Strand(_rounded(corners), axis.name, dashed=True, role=graph.hue()[axis], title=title)


def _rounded(corners: Sequence[Point]) -> tuple[Point, ...]:
    """A path along straight lines whose corners are round."""
    made: list[Point] = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        into, out = _towards(corner, before), _towards(corner, after)
        made += [made[-1], into, into, corner, corner, out]
    return (*made, made[-1], corners[-1], corners[-1])


def _towards(corner: Point, other: Point) -> Point:
    """The point of a line near its corner where the rounding begins."""
    (x, y), (a, b) = corner, other
    length = abs(a - x) + abs(b - y)
    share = min(PITCH / length, 0.5) if length else 0.0
    return x + (a - x) * share, y + (b - y) * share


__all__ = ["draw_design"]
