"""Time as the maximum over pipelines: the transfer of each level, matrix units, vector units, special functions.

Every pipeline runs at the rate of the machine file and all overlap, so the time is a lower bound; with one stage loads
do not overlap and add to the rest. The start of a kernel is added where the file states it. Processors work in whole
waves: ⌈programs / units⌉. Between the device's memory and the cache, the programs of a wave act like one with their
pooled tiles (derivation.md §4, "intermediate cache").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from diagc.core.dtypes import DType
from diagc.cost.region import Region, Tiling, Transfer, Work, counts
from diagc.cost.traffic import bytes_moved, elements_moved, held_bytes, memory_values, moved, visited
from diagc.machine import Machine


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a schedule costs on a machine: bytes by level, seconds by pipeline, FLOP per byte of l0."""

    elements_moved: int
    bytes_moved: int
    flops: int
    level_bytes: Mapping[str, int]
    seconds: Mapping[str, float]
    predicted_seconds: float
    bound: str
    memory_values: int
    shared_bytes: int
    register_bytes: int
    stages: int
    programs: int

    @property
    def intensity(self) -> float:
        return self.flops / max(self.level_bytes["l0"], 1)


def estimate(region: Region, tiling: Tiling, machine: Machine, stages: int = 2) -> Estimate:
    """The cost of a region in tiles."""
    stages = stages if region.loops else 1
    programs = round(prod(counts(region, tiling.tiles(region))[a] for a in region.group))
    waves = -(-programs // machine.units) * machine.units / max(programs, 1)
    on_l1 = bytes_moved(region, tiling)
    levels = {"l0": min(l0_bytes(region, tiling, machine), on_l1), "l1": on_l1}
    levels["l2"] = on_l1 + round(operand_bytes(region, tiling, machine))
    transfers = _transfer_seconds(levels, machine, waves)
    computes = {name: t * waves for name, t in _compute_seconds(region, tiling, machine).items()}
    seconds = transfers | computes
    bound = max(seconds, key=lambda name: seconds[name])
    alone = stages == 1 and bool(region.loops)
    total = max(transfers.values()) + max(computes.values(), default=0.0) if alone else seconds[bound]
    total += machine.launch.value if machine.launch is not None else 0.0
    return Estimate(
        elements_moved(region, tiling), on_l1, flops(region, tiling), levels, seconds, total, bound,
        memory_values(region, tiling), held_bytes(region, tiling, True, stages),
        held_bytes(region, tiling, False), stages, programs,
    )  # fmt: skip


def _transfer_seconds(levels: Mapping[str, int], machine: Machine, waves: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, amount in levels.items():
        level = machine.levels[name]
        if level.bandwidth is not None:
            own = waves if level.count.value > 1 else 1.0
            found[f"{name} {level.title}"] = amount / level.bandwidth.value * own
    return found


# ---- work


def flops(region: Region, tiling: Tiling) -> int:
    """Operations of the tiles visited, ragged ends not counted: 2·M·N·K for a contraction."""
    return round(sum(_operations(region, tiling, work, region.sizes) for work in region.work))


def executed(region: Region, tiling: Tiling, work: Work, machine: Machine) -> float:
    """Operations that the hardware does: whole blocks, and at least as many rows as the matrix units take."""
    blocks, tiles = tiling.blocks(region), tiling.tiles(region)
    numbers = counts(region, tiles)
    done = _operations(region, tiling, work, {a: numbers[a] * blocks[a] for a in blocks})
    if work.sides is not None and work.unit == "tensor":
        rows = prod(blocks[a] for a in work.sides[0].free)
        done *= max(rows, machine.fragment.least) / rows
    return done


def _operations(region: Region, tiling: Tiling, work: Work, sizes: Mapping[str, int]) -> float:
    numbers = counts(region, tiling.tiles(region))
    points = prod(sizes[a] for a in work.axes) * prod(numbers[a] for a in work.each)
    repeats = prod(numbers[a] for a in region.group if a not in work.axes and a not in work.each)
    share = 1.0
    if work.loop is not None:
        loop = region.loops[work.loop]
        if loop.axes[-1] in (*work.axes, *work.each):
            share = float(
                visited(region, tiling, loop)[0 if work.part == "visited" or not loop.limits else 1]
            )
    return work.per_point * points * repeats * share


def _compute_seconds(region: Region, tiling: Tiling, machine: Machine) -> dict[str, float]:
    found: dict[str, float] = {}
    for work in region.work:
        name, rate = pipeline(work, machine)
        found[name] = found.get(name, 0.0) + executed(region, tiling, work, machine) / rate
    return found


def pipeline(work: Work, machine: Machine) -> tuple[str, float]:
    """The pipeline that does some work, and its operations a second. Products fall back to the vector units."""
    if work.unit == "special":
        return "special functions", machine.special.value
    rate = machine.rate(work.dtype) if work.unit == "tensor" else None
    if rate is not None:
        return "matrix units", rate.value
    wide = DType.F64 if work.dtype is DType.F64 and DType.F64 in machine.vector else DType.F32
    return "vector units", machine.vector[wide].value


def operand_bytes(region: Region, tiling: Tiling, machine: Machine) -> float:
    """Bytes that products read from l2: an operand once for each fragment of the other side."""
    blocks, total = tiling.blocks(region), 0.0
    for work in region.work:
        if work.sides is None or pipeline(work, machine)[0] != "matrix units":
            continue
        points = executed(region, tiling, work, machine) / work.per_point
        lengths = [prod(blocks[a] for a in side.free) for side in work.sides]
        lengths[0] = max(lengths[0], machine.fragment.least)
        cuts = (machine.fragment.columns, machine.fragment.rows)
        for side, other, cut in zip(work.sides, reversed(lengths), cuts, strict=True):
            if side.shared:
                total += points / other * -(-other // cut) * side.bytes
    return total


# ---- the cache


def l0_bytes(region: Region, tiling: Tiling, machine: Machine) -> int:
    """Bytes between the memory of the device and the cache: H with the pooled tiles of a wave, in bytes.

    What fits the cache as a whole is fetched once; so is what one wave reads again.
    """
    capacity = machine.levels["l1"].capacity.value
    distinct = dict[str, int]()
    for read in region.reads:
        distinct[read.name] = max(distinct.get(read.name, 0), read.values * read.bytes)
    writes = sum(t.values * t.bytes for t in region.writes)
    if sum(distinct.values()) <= capacity:
        return sum(distinct.values()) + writes
    pooled = pooled_tiling(region, tiling, machine.units)
    amounts: dict[str, list[int]] = {}
    for transfer in region.reads:
        amounts.setdefault(transfer.name, []).append(moved(region, pooled, transfer) * transfer.bytes)
    again = sum(max(found) for found in amounts.values() if len(found) > 1)
    programs = prod(counts(region, tiling.tiles(region))[a] for a in region.group)
    fits = again / max(programs, 1) * machine.units <= capacity
    return sum(max(found) if fits else sum(found) for found in amounts.values()) + writes


def pooled_tiling(region: Region, tiling: Tiling, children: int) -> Tiling:
    """The tiles of `children` programs side by side: the axis that saves most is doubled until they are used up."""
    group = {a: tiling.group.get(a, 1) for a in region.group}
    left = children

    def cost(axis: str) -> int:
        return bytes_moved(region, Tiling(group | {axis: 2 * group[axis]}, tiling.stream))

    while left >= 2:
        growing = [a for a in region.group if group[a] < region.sizes[a]]
        if not growing:
            break
        best = min(growing, key=cost)
        group[best] *= 2
        left //= 2
    return Tiling(group, tiling.stream)


def unique_elements(region: Region) -> int:
    """Values moved when every array is moved once: the least that a region which is not fused further can do."""
    arrays: dict[str, Transfer] = {t.name: t for t in region.transfers}
    return sum(t.values for t in arrays.values())
