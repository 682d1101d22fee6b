"""Where a traced function is cut: units that are walls, and what is connected between them on one level.

Levels count the walls on the longest way from the inputs, so that no way leaves a group and comes back. What depends on
no input, as a mask by indices, belongs to every group that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from diagc.importers.traced import Operation, Traced, Variable, arrays_read

VIEWS: Final = frozenset(
    (
        "broadcast_in_dim", "reshape", "transpose", "squeeze", "slice", "stop_gradient", "copy", "iota", "split",
        "constant",
    )
)  # fmt: skip
"""Operations that move nothing."""

Kind = Literal["whole", "parts", "boxes"]
"""How a function is read: as one diagram, as parts of a program that run, or as what stands around boxes."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Operations that run together or not at all: those of one operator of the framework; `wall` is in no region.

    `called` names the calls that it is part of, outermost first, and the operator last.
    """

    operations: tuple[Operation, ...]
    wall: bool
    called: tuple[str, ...] = ()

    @property
    def writes(self) -> tuple[Variable, ...]:
        return tuple(r for operation in self.operations for r in operation.results)

    @property
    def reads(self) -> tuple[Variable, ...]:
        """What comes from other units, once each."""
        own = {v.number for v in self.writes}
        found = (v for operation in self.operations for v in arrays_read(operation))
        read = {v.number: v for v in found if v.number not in own}
        return tuple(read.values())


@dataclass(frozen=True, slots=True)
class Whole:
    """A traced function as units, and what runs them: it gives the arrays of some numbers for those of its inputs."""

    traced: Traced
    units: tuple[Unit, ...]
    replay: Callable[[Sequence[Any], Sequence[int]], dict[int, Any]]


@dataclass(frozen=True, slots=True)
class Region:
    """Units by their places, and the function that they are; `inputs` and `outputs` are in its order."""

    units: tuple[int, ...]
    traced: Traced

    @property
    def inputs(self) -> tuple[Variable, ...]:
        return tuple(variable for _, variable, _ in self.traced.inputs)

    @property
    def outputs(self) -> tuple[Variable, ...]:
        return tuple(o for o in self.traced.outputs if isinstance(o, Variable))


def makers(units: Sequence[Unit]) -> dict[int, int]:
    """The places of the units by the numbers of what they write."""
    return {v.number: place for place, unit in enumerate(units) for v in unit.writes}


def levels(units: Sequence[Unit], in_rows: bool = False) -> list[int | None]:
    """Walls on the longest way to each unit; None for what depends on no input.

    Walls before which nothing is computed with floats, as those that draw from a seed, count as none: no way leads
    from a group through them. With `in_rows` they count, but walls in a row count as one.
    """
    level: dict[int, int | None] = {}
    found: list[int | None] = []
    made, early = makers(units), set[int]()
    for unit in units:
        known = list[int]()
        for variable in unit.reads:
            below = level[variable.number] if variable.number in made else 0
            if below is not None:
                row = in_rows and unit.wall and variable.number in made and units[made[variable.number]].wall
                known.append(below - row)
        own = max(known) if known else (0 if unit.wall else None)
        found.append(own)
        after = own + 1 if own is not None and unit.wall else own
        if unit.wall and not in_rows and all(_is_early(v, made, level, early) for v in unit.reads):
            early |= {v.number for v in unit.writes}
            after = 0
        level |= {v.number: after for v in unit.writes}
    return found


def _is_early(
    variable: Variable, made: dict[int, int], level: dict[int, int | None], early: set[int]
) -> bool:
    if variable.number in made:
        return variable.number in early or level[variable.number] is None
    return variable.dtype[0] not in "fb" or variable.dtype == "bool"


def groups(
    units: Sequence[Unit], level: Sequence[int | None], made: dict[int, int], walls: bool = False
) -> list[list[int]]:
    """Connected units of one level that are no walls, or that are."""
    parent = list(range(len(units)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    inside = [own is not None and unit.wall is walls for unit, own in zip(units, level, strict=True)]
    for place, unit in enumerate(units):
        for variable in unit.reads:
            source = made.get(variable.number)
            if source is not None and inside[place] and inside[source] and level[source] == level[place]:
                parent[root(place)] = root(source)
    found: dict[int, list[int]] = {}
    for place in range(len(units)):
        if inside[place]:
            found.setdefault(root(place), []).append(place)
    return sorted(found.values(), key=lambda places: places[-1])


def region_of(
    units: Sequence[Unit],
    places: Sequence[int],
    level: Sequence[int | None],
    made: dict[int, int],
    results: set[int],
    name: str,
) -> Region:
    """Some units, with what they read that depends on no input, as a function."""
    own = set(places)
    waiting = list(places)
    while waiting:
        for variable in units[waiting.pop()].reads:
            source = made.get(variable.number)
            if source is not None and level[source] is None and source not in own:
                own.add(source)
                waiting.append(source)
    order = sorted(own)
    written = {v.number for place in order for v in units[place].writes}
    read = {v.number: v for place in order for v in units[place].reads if v.number not in written}
    outside = {v.number for place, unit in enumerate(units) if place not in own for v in unit.reads} | results
    given = {v.number for place in places for v in units[place].writes}
    outputs = [v for place in order for v in units[place].writes if v.number in outside & given]
    inputs = tuple((f"x{i}", variable, ()) for i, variable in enumerate(read.values()))
    operations = tuple(operation for place in order for operation in units[place].operations)
    return Region(tuple(places), Traced(name, inputs, operations, tuple(outputs)))
