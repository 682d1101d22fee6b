"""A function some operators of which have no diagram, as regions and boxes in the order in which it computes.

Law: regions and boxes, one after the other, are the function; a region is as large as it can be, so that no way leaves
it and comes back, and a box has no diagram.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from diagc.importers.cuts import VIEWS, Region, Unit, Whole, groups, levels, makers, region_of
from diagc.importers.traced import NAMES, Operand, Operation, Traced, Variable
from diagc.importers.written import knows

_SAME: Final = frozenset((*VIEWS, "convert_element_type"))
"""Operations that make nothing new of an array."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A region, or a box: `called` says what that does, and is empty for a region."""

    region: Region
    called: str = ""
    line: int | None = None

    @property
    def inputs(self) -> tuple[Variable, ...]:
        return self.region.inputs

    @property
    def outputs(self) -> tuple[Variable, ...]:
        return self.region.outputs


def pieces(whole: Whole, refused: Callable[[Sequence[Piece]], int | None]) -> list[Piece]:
    """The regions and boxes of a function; no regions where none is worth one.

    `refused` gives the number of an array whose operation has no diagram after all, or None.
    """
    units, odd = _walls(whole.traced, whole.units)
    while True:
        found = _pieces(whole.traced, units, odd)
        plain = [p for piece in found if not piece.called and not _worth(piece.region.traced)
                 for p in piece.region.units]  # fmt: skip
        if not plain:
            number = refused(found)
            if number is None:
                return found
            plain = [makers(units)[number]]
            odd.update(plain)
        units = [replace(u, wall=True) if place in plain else u for place, u in enumerate(units)]


def _walls(traced: Traced, units: Sequence[Unit]) -> tuple[list[Unit], set[int]]:
    """Units without a diagram are walls, and so is what is drawn: made of keys or bits, and of no array of floats.

    Also the places of the units that have no diagram themselves.
    """
    real = {v.number for _, v, _ in traced.inputs if v.dtype[0] in "fb" and v.dtype != "bool"}
    free, drawn, found, places = set[int](), set[int](), list[Unit](), set[int]()
    for place, unit in enumerate(units):
        read, written = {v.number for v in unit.reads}, {v.number for v in unit.writes}
        arrays = [o for operation in unit.operations for o in (*operation.operands, *operation.results)]
        odd = any(o.dtype not in NAMES for o in arrays)
        opaque = odd or unit.wall or not all(knows(o.primitive) for o in unit.operations)
        own = bool(read & drawn) and read <= drawn | free
        found.append(replace(unit, wall=opaque or own))
        if opaque and unit.operations[0].primitive not in _SAME:
            places.add(place)
        if read & real:
            real |= written
        elif odd or own:
            drawn |= written
        elif read <= free and not opaque:
            free |= written
    return found, places


def _pieces(traced: Traced, units: Sequence[Unit], odd: set[int]) -> list[Piece]:
    level, made = levels(units, in_rows=True), makers(units)
    results = {o.number for o in traced.outputs if isinstance(o, Variable)}
    for number in results & made.keys():  # what depends on no input and is returned is made once
        level[made[number]] = level[made[number]] or 0
    found = [*groups(units, level, made), *groups(units, level, made, walls=True)]
    merged = [sorted(places) for places in _merged(found, units, made)]
    inside = [u for u, own in zip(units, level, strict=True) if own is not None and not u.wall]
    paths = {unit.called[:n] for unit in inside for n in range(1, len(unit.called))}
    built = list[Piece]()
    for places in merged:
        region = region_of(units, places, level, made, results, traced.name)
        if region.outputs:
            own = [p for p in places if p in odd] or places
            said = dict.fromkeys(_called(units[p], paths) for p in own) if units[places[0]].wall else ()
            lines = [o.line for p in reversed(own) for o in units[p].operations if o.line is not None]
            built.append(Piece(region, ", ".join(said), lines[0] if lines else None))
    return _ordered(built)


def _worth(traced: Traced) -> bool:
    """Whether something is computed with numbers that are not integers, or folded."""

    def counts(operation: Operation) -> bool:
        arrays: tuple[Operand, ...] = (*operation.operands, *operation.results)
        real = any(o.dtype[0] in "fb" and o.dtype != "bool" for o in arrays)
        return operation.primitive not in _SAME and (real or operation.primitive.startswith("reduce_"))

    return any(map(counts, traced.operations))


def _merged(found: Sequence[list[int]], units: Sequence[Unit], made: dict[int, int]) -> list[list[int]]:
    """Groups of one kind joined where one reads another and no way between them leads through a third."""
    own = {place: n for n, places in enumerate(found) for place in places}
    inside, walls = dict(enumerate(found)), [units[places[0]].wall for places in found]
    while True:
        after: dict[int, set[int]] = {n: set() for n in inside}
        for n, places in inside.items():
            for variable in (v for place in places for v in units[place].reads):
                source = own.get(made.get(variable.number, -1), n)
                if source != n:
                    after[source].add(n)
        pair = next(
            (
                (a, b) for a in sorted(after) for b in sorted(after[a])
                if walls[a] == walls[b] and not _reaches(after, after[a] - {b}, b)
            ),
            None,
        )  # fmt: skip
        if pair is None:
            return list(inside.values())
        first, second = pair
        inside[first] = [*inside[first], *inside.pop(second)]
        own |= dict.fromkeys(inside[first], first)


def _reaches(after: dict[int, set[int]], starts: set[int], end: int) -> bool:
    seen, waiting = set(starts), list(starts)
    while waiting:
        for following in after[waiting.pop()] - seen:
            seen.add(following)
            waiting.append(following)
    return end in seen


def _ordered(found: Sequence[Piece]) -> list[Piece]:
    """Pieces so that each comes after what it reads, as early as it ends in the function."""
    waiting = sorted(found, key=lambda piece: max(piece.region.units))
    unmade = {v.number for piece in waiting for v in piece.outputs}
    order: list[Piece] = []
    while waiting:
        ready = next(p for p in waiting if not unmade & {v.number for v in p.inputs})
        waiting.remove(ready)
        unmade -= {v.number for v in ready.outputs}
        order.append(ready)
    return order


def _called(unit: Unit, of_regions: set[tuple[str, ...]]) -> str:
    """The outermost call that a unit is part of and no region is."""
    for n in range(1, len(unit.called) + 1):
        if unit.called[:n] not in of_regions:
            return unit.called[n - 1].strip("_")
    return unit.operations[0].primitive
