"""Schedules of a file put in place of what the compiler would choose, where a kernel can have them.

A tile that no kernel can have is refused with its place. One that fits some lengths of resident axes only is taken for
those lengths; for the others the compiler chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diagc.check.schedules import Schedule, Tiles
from diagc.cost.region import Tiling
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.machine import Machine, machine
from diagc.plan.config import Config, has_dot
from diagc.plan.regions import region
from diagc.plan.search import Fixed, misfit
from diagc.plan.structure import Structure

_LONG = 4096
"""Indices of axes that are cut into tiles, where no size is given: long enough for any tile."""

_SHORT = 16
"""Indices of resident axes where a configuration holds for all: the shortest that contractions take."""


def schedule_for(schedules: Sequence[Schedule], found: Machine) -> Schedule | None:
    """The schedule that a file has for a machine, the first of several."""
    return next((s for s in schedules if s.machine == found.name), None)


def fixed_tiles(
    structure: Structure, schedule: Schedule | None, group: Mapping[str, int], stream: Mapping[str, int]
) -> Fixed:
    """The tiles of a schedule under those that are given otherwise. Raises `DiagnosticError` E0703 as `scheduled`."""
    if schedule is None:
        return Fixed(group, stream)
    kinds = {"group": dict[str, int](), "stream": dict[str, int]()}
    for tile in schedule.tiles:
        _check(structure, tile)
        if structure.extents[tile.axis].kind != "resident":
            kinds[tile.kind][tile.axis.name] = tile.size
    given = {**kinds["group"], **group}, {**kinds["stream"], **stream}
    return Fixed(*given, stages=schedule.stages, strict=schedule.span)


def scheduled(
    structure: Structure, configs: tuple[Config, ...], schedules: Sequence[Schedule]
) -> tuple[Config, ...]:
    """The configurations of a kernel with the first schedule of its entry in them.

    Raises `DiagnosticError` E0703 for an axis that the kernel covers otherwise, or when no configuration has room.
    """
    if not schedules:
        return configs
    schedule = schedules[0]
    tiles = {t.axis: t.size for t in schedule.tiles if _check(structure, t)}
    device = machine(schedule.machine)
    made: list[Config] = []
    room: str | None = None
    for config in configs:
        blocks = tuple((axis, tiles.get(axis, block)) for axis, block in config.blocks)
        changed = replace(
            config,
            blocks=blocks,
            warps=schedule.warps or config.warps,
            stages=schedule.stages or config.stages,
        )
        lack = _lack(structure, changed, device)
        room = room or lack
        made.append(changed if lack is None else config)
    if made == list(configs) and room is not None:
        raise failure(
            "E0703", f"the schedule does not fit on chip: {room}", Label(schedule.span),
            help="take shorter tiles or fewer stages",
        )  # fmt: skip
    return tuple(made)


def _check(structure: Structure, tile: Tiles) -> bool:
    """Whether a tile is for an axis that this kernel cuts. An axis that is held whole in this kernel has none."""
    extent = structure.extents.get(tile.axis)
    wanted = {"group": "tile", "stream": "stream"}[tile.kind]
    if extent is None or extent.kind == wanted:
        least = _SHORT if has_dot(structure) else 1
        if tile.size < least:
            raise failure(
                "E0703", f"a tile of {tile.size} indices beside a matrix product", Label(tile.span),
                help=f"matrix units take {_SHORT} indices at least",
            )  # fmt: skip
        return extent is not None
    if extent.kind == "resident" and tile.kind == "stream":
        return False
    covered = {
        "one": "each program has one index of it",
        "tile": f"programs share it out: write `group[{tile.axis.name}]`",
        "stream": f"each program sums over it: write `stream[{tile.axis.name}]`; sharing it out needs partial states "
        "and a second kernel that merges them",
        "walk": "each program takes one index after another",
        "resident": "each program holds it whole",
    }[extent.kind]
    name = f"{tile.kind}[{tile.axis.name}]"
    raise failure(
        "E0703", f"`{name}` is not possible in `{structure.diagram.name}`", Label(tile.span), help=covered
    )


def _lack(structure: Structure, config: Config, device: Machine) -> str | None:
    """What a configuration lacks on a machine at the longest resident axes that it is made for, or None."""
    sizes = _sizes(structure, config)
    try:
        found = region(structure, sizes)
    except DiagnosticError:
        return None
    tiles = {axis.uid: block for axis, block in config.blocks}
    group = {a: t for a, t in tiles.items() if a in found.group}
    tiling = Tiling(group, {a: t for a, t in tiles.items() if a not in group})
    return misfit(found, tiling, device, config.stages)


def _sizes(structure: Structure, config: Config) -> dict[str, int]:
    resident: set[str] = set()
    for axis, extent in structure.extents.items():
        if extent.kind == "resident":
            resident |= set(axis.size.symbols)
    length = config.max_resident or _SHORT
    return {symbol: length if symbol in resident else _LONG for symbol in structure.diagram.size_symbols}
