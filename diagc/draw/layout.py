"""Coordinates: columns by rank, and the order and height of everything in a column by Graphviz.

A value that is read further right than the next column runs through a lane, a box without a face, in every
column between; so strands run either in the gap between two columns or on a line of their own, and cannot
meet a box that is not theirs. Graphviz sees one port and one edge per strand and gives the vertical
coordinates.
"""

from __future__ import annotations

import importlib
import json
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from diagc.diagnostics import failure
from diagc.draw.graph import Graph, StrandAxis
from diagc.draw.shapes import PITCH, Order, Shape, shapes
from diagc.draw.sweep import Block, Pull, heights

Port = tuple[str, int]
"""A place's name and a slot of it."""

_GAP_LEAST: Final = 30.0
_GAP_MOST: Final = 90.0
_SCALE: Final = 4
"""Graphviz rounds to points: it is given a larger picture."""

_ROUNDING: Final = 1.5
_MANY: Final = 600
"""Above this many strands a bundle goes to Graphviz as one edge: such a picture is about its boxes."""

_LARGE: Final = 1200
"""Above this many places Graphviz takes many seconds: `sweep` places them."""

_ROOM: Final = 10.0
"""Least room between the places of a column, as Graphviz is told to leave."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box (`box` ≥ 0) or a lane of `value`, at its rank. `y` is its top."""

    name: str
    rank: int
    slots: int
    box: int = -1
    value: int = -1
    y: float = 0.0

    def slot_y(self, slot: int) -> float:
        return self.y + (slot + 0.5) * PITCH


@dataclass(frozen=True, slots=True)
class Link:
    """One bundle between neighbouring columns: strands with the slots they leave and enter."""

    value: int
    source: str
    target: str
    strands: tuple[tuple[StrandAxis, int, int], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything placed. `columns` holds left and right edge per rank."""

    places: dict[str, Place]
    links: tuple[Link, ...]
    columns: tuple[tuple[float, float], ...]
    shapes: tuple[Shape, ...]


def layout(graph: Graph) -> Layout:
    """Places, links and columns of a graph; `DiagnosticError` E0904 without pygraphviz."""
    ranks = _ranks(graph)
    first = _laid(graph, ranks)
    if len(first.places) > _LARGE:
        return first
    turned = _turned(graph, first)
    if turned == graph:
        return first
    second = _laid(turned, ranks)
    return second if _crossings(second) < _crossings(first) else first


def _laid(graph: Graph, ranks: list[int]) -> Layout:
    found, orders = shapes(graph)
    places = [Place(f"b{k}", ranks[k], found[k].slots, box=k) for k in range(len(graph.boxes))]
    links: list[Link] = []
    _connect(graph, found, orders, ranks, places, links)
    heights = _heights(places, links)
    placed = {p.name: Place(p.name, p.rank, p.slots, p.box, p.value, heights[p.name]) for p in places}
    columns = _columns(placed, links, found)
    return Layout(placed, tuple(links), columns, tuple(found))


def _turned(graph: Graph, laid: Layout) -> Graph:
    """The graph whose commutative boxes read their operands in the order in which these start."""
    heights = {value: laid.places[f"b{place}"].y for value, place in graph.producers().items()}
    boxes = tuple(
        replace(box, operands=tuple(sorted(box.operands, key=lambda value: heights[value])))
        if box.commutes
        else box
        for box in graph.boxes
    )
    return replace(graph, boxes=boxes)


def _crossings(laid: Layout) -> int:
    """Pairs of strands that change sides between two columns."""
    gaps: dict[int, list[tuple[float, float]]] = {}
    for link, (_, out, into) in _strands(laid.links):
        source, target = laid.places[link.source], laid.places[link.target]
        gaps.setdefault(source.rank, []).append((source.slot_y(out), target.slot_y(into)))
    return sum(map(_inversions, gaps.values()))


def _inversions(ends: list[tuple[float, float]]) -> int:
    """Pairs that are in another order at the right than at the left; strands that touch do not count."""
    found, seen = 0, list[float]()
    for _, right in sorted(ends, key=lambda end: (round(end[0]), round(end[1]))):
        found += len(seen) - bisect_right(seen, right + 1.0)
        insort(seen, right)
    return found


def _ranks(graph: Graph) -> list[int]:
    """Longest path from the left; what can move right without new lanes does, outputs stand last."""
    producer = graph.producers()
    ranks = [0] * len(graph.boxes)
    readers: list[list[int]] = [[] for _ in graph.boxes]
    for place, box in enumerate(graph.boxes):
        before = [producer[o] for o in box.operands]
        ranks[place] = max((ranks[b] + 1 for b in before), default=0)
        for b in before:
            readers[b].append(place)
    last = max(ranks, default=0)
    for place in reversed(range(len(graph.boxes))):
        box = graph.boxes[place]
        if box.kind == "output":
            ranks[place] = last
        elif readers[place] and all(len(set(readers[producer[o]])) == 1 for o in box.operands):
            ranks[place] = min(ranks[r] for r in readers[place]) - 1
    return ranks


def _connect(
    graph: Graph,
    found: list[Shape],
    orders: list[Order],
    ranks: list[int],
    places: list[Place],
    links: list[Link],
) -> None:
    """Links from every producer to its readers, through lanes that the readers of one value share."""
    readers: dict[int, list[int]] = {}
    for place, box in enumerate(graph.boxes):
        for operand in box.operands:
            readers.setdefault(operand, []).append(place)
    producer = graph.producers()
    for value, places_of in sorted(readers.items()):
        order, first = orders[value], producer[value]
        name, out = f"b{first}", {axis: found[first].outs[value, axis] for axis in order}
        for rank in range(ranks[first] + 1, max(ranks[r] for r in places_of) + 1):
            for reader in places_of:
                if ranks[reader] == rank:
                    strands = tuple((axis, out[axis], found[reader].ins[value, axis]) for axis in order)
                    links.append(Link(value, name, f"b{reader}", strands))
            if any(ranks[r] > rank for r in places_of):
                lane = Place(f"v{value}_{rank}", rank, len(order), value=value)
                places.append(lane)
                strands = tuple((axis, out[axis], slot) for slot, axis in enumerate(order))
                links.append(Link(value, name, lane.name, strands))
                name, out = lane.name, {axis: slot for slot, axis in enumerate(order)}


# ---- Graphviz


def _heights(places: list[Place], links: list[Link]) -> dict[str, float]:
    """The top of every place."""
    if not places:
        return {}
    if len(places) > _LARGE:
        blocks = [Block(p.name, p.rank, p.slots * PITCH) for p in places]
        return heights(blocks, [_pull(link) for link in links], _ROOM)
    drawn = json.loads(_graphviz(_source(places, links)))
    centres = {item["name"]: -float(item["pos"].split(",")[1]) / _SCALE for item in drawn["objects"]}
    tops = {p.name: centres[p.name] - p.slots * PITCH / 2 for p in places}
    _straighten(tops, places, links)
    return tops


def _pull(link: Link) -> Pull:
    lanes = link.source.startswith("v") + link.target.startswith("v")
    _, out, into = link.strands[len(link.strands) // 2]
    return Pull(link.source, link.target, (out - into) * PITCH, (1.0, 3.0, 12.0)[lanes])


def _straighten(tops: dict[str, float], places: list[Place], links: list[Link]) -> None:
    """Move places by what Graphviz rounds, so that bundles meant to be level are: joined places move
    together."""
    together = {p.name: [p.name] for p in places}
    for link in links:
        climb, moved, still = _climb(tops, link), together[link.target], together[link.source]
        if moved is still or abs(climb) >= _ROUNDING:
            continue
        if len(moved) > len(still):
            climb, moved, still = -climb, still, moved
        for name in moved:
            tops[name] -= climb
            together[name] = still
        still += moved


def _climb(tops: dict[str, float], link: Link) -> float:
    """How much the first strand of a bundle falls on its way."""
    _, out, into = link.strands[0]
    return tops[link.target] + into * PITCH - tops[link.source] - out * PITCH


def _source(places: list[Place], links: list[Link]) -> str:
    node = "shape=record,fixedsize=true,fontsize=1,margin=0,width=.5"
    lines = [f"digraph{{rankdir=LR;ranksep=2;nodesep=.64;node[{node}];"]
    many = sum(len(link.strands) for link in links) > _MANY
    for place in places:
        left = "|".join(f"<i{slot}>" for slot in range(place.slots))
        right = "|".join(f"<o{slot}>" for slot in range(place.slots))
        height = place.slots * PITCH * _SCALE / 72
        lines.append(f'{place.name}[height={height:.4f},label="{{{{{left}}}|{{{right}}}}}"];')
    for link in links:
        lane = link.source.startswith("v") + link.target.startswith("v")
        strands = link.strands[len(link.strands) // 2 :][:1] if many else link.strands
        for _, out, into in strands:
            lines.append(f"{link.source}:o{out}:e->{link.target}:i{into}:w[weight={(1, 2, 6)[lane]}];")
    return "\n".join([*lines, *_tied(places, links), "}"])


def _tied(places: list[Place], links: list[Link]) -> Iterator[str]:
    """Invisible edges that hold parts of a picture that no strand joins at their ranks."""
    root = {p.name: p.name for p in places}

    def found(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for link in links:
        root[found(link.target)] = found(link.source)
    first: dict[str, Place] = {}
    for place in places:
        known = first.setdefault(found(place.name), place)
        if place.rank < known.rank:
            first[found(place.name)] = place
    if len(first) > 1:
        yield "tie[height=.01,shape=point];"
        for place in first.values():
            yield f"tie->{place.name}[style=invis,minlen={place.rank + 1}];"


def _graphviz(source: str) -> str:
    try:
        module: Any = importlib.import_module("pygraphviz")
    except ImportError as error:
        help_line = "install it with `pip install pygraphviz`; it carries Graphviz"
        raise failure("E0904", "drawing needs pygraphviz, which is not installed", help=help_line) from error
    drawn: bytes = module.AGraph(string=source).draw(format="json0", prog="dot")
    return drawn.decode()


# ---- columns


def _columns(
    places: dict[str, Place], links: list[Link], found: list[Shape]
) -> tuple[tuple[float, float], ...]:
    """Left and right edges: as wide as the widest box, and further apart where strands climb more."""
    count = max((p.rank for p in places.values()), default=-1) + 1
    widths, climbs = [0.0] * count, [0.0] * count
    for place in places.values():
        if place.box >= 0:
            widths[place.rank] = max(widths[place.rank], found[place.box].width)
    for link, (_, out, into) in _strands(links):
        source, target = places[link.source], places[link.target]
        climb = abs(source.slot_y(out) - target.slot_y(into))
        climbs[source.rank] = max(climbs[source.rank], climb)
    edges: list[tuple[float, float]] = []
    left = 0.0
    for width, climb in zip(widths, climbs, strict=True):
        edges.append((left, left + width))
        left += width + min(max(_GAP_LEAST, 22 + 0.45 * climb), _GAP_MOST)
    return tuple(edges)


def _strands(links: Iterable[Link]) -> Iterator[tuple[Link, tuple[StrandAxis, int, int]]]:
    return ((link, strand) for link in links for strand in link.strands)
