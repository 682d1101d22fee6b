"""Parallel paths of a finite multigraph: the pairs that have to agree when a diagram commutes.

A path of length 0 stands for staying at a vertex, so a closed path has a partner too. Two parallel paths are a
primitive pair when they meet at their ends only; on a graph without cycles these pairs generate every equality.

>>> square = [Edge("f", "a", "b"), Edge("g", "b", "d"), Edge("h", "a", "c"), Edge("k", "c", "d")]
>>> [(" ".join(e.name for e in p), " ".join(e.name for e in q)) for p, q in parallel_pairs(square)]
[('f g', 'h k')]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from diagc import limits


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow of a multigraph."""

    name: str
    start: str
    end: str


Path = tuple[Edge, ...]
Pair = tuple[Path, Path]


class TooManyPaths(Exception):
    """There are more than `limits.MAX_PAIRS` paths or pairs."""


def paths(edges: Sequence[Edge], longest: int | None) -> dict[tuple[str, str], list[Path]]:
    """Every path of at least one edge by its ends; without a bound on length, those that meet no vertex twice.

    Only a closed path meets its own start again. Raises `TooManyPaths`.
    """
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.start, []).append(edge)
    found: dict[tuple[str, str], list[Path]] = {}
    waiting: list[Path] = [(edge,) for edge in reversed(edges)]
    count = 0
    while waiting:
        path = waiting.pop()
        count += 1
        if count > limits.MAX_PAIRS:
            raise TooManyPaths
        found.setdefault((path[0].start, path[-1].end), []).append(path)
        if longest is not None and len(path) >= longest:
            continue
        further = leaving.get(path[-1].end, [])
        if longest is None:
            met = {path[0].start, *(e.end for e in path)}
            further = [] if path[-1].end == path[0].start else further
            further = [e for e in further if e.end not in met or e.end == path[0].start]
        waiting += [(*path, edge) for edge in reversed(further)]
    return found


def parallel_pairs(edges: Sequence[Edge], longest: int | None = None) -> list[Pair]:
    """Every pair of different paths with the same ends. Raises `TooManyPaths`."""
    found: list[Pair] = []
    for pair in _pairs(paths(edges, longest)):
        found.append(pair)
        if len(found) > limits.MAX_PAIRS:
            raise TooManyPaths
    return found


def _pairs(found: dict[tuple[str, str], list[Path]]) -> Iterator[Pair]:
    for (start, end), several in found.items():
        if start == end:
            yield from ((path, ()) for path in several)
        yield from combinations(several, 2)


def primitive(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs whose paths share neither an edge nor a vertex between their ends."""
    return [(p, q) for p, q in pairs if not set(p) & set(q) and not _inner(p) & _inner(q)]


def _inner(path: Path) -> set[str]:
    return {edge.end for edge in path[:-1]}
