"""What a tiling asks of machines: bytes and operations, no seconds.

Amounts depend on a machine only by what its matrix units can do and how they cut tiles, and by how many processors pool
their tiles in the cache; so one demand serves every machine of a family (derivation.md §4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

from diagc.core.dtypes import DType
from diagc.cost.region import Region, Tiling, Work, counts
from diagc.cost.traffic import bytes_moved, moved, visited
from diagc.machine import Machine

Kind = tuple[Literal["tensor", "vector", "special"], DType]
"""A pipeline that computes, and the dtype in which it does; `f32` for special functions."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Bytes between programs and the cache, bytes that l2 hands on, operations by kind of all programs together."""

    programs: int
    on_l1: int
    on_l2: int
    work: Mapping[Kind, float]


def demand(region: Region, tiling: Tiling, machine: Machine) -> Demand:
    """What a region in tiles asks of a machine and of all that compute with the same kinds and fragments."""
    work: dict[Kind, float] = {}
    for part in region.work:
        kind = kind_of(part, machine)
        work[kind] = work.get(kind, 0.0) + executed(region, tiling, part, machine)
    on_l1 = bytes_moved(region, tiling)
    on_l2 = on_l1 + round(operand_bytes(region, tiling, machine))
    return Demand(_programs(region, tiling), on_l1, on_l2, work)


def _programs(region: Region, tiling: Tiling) -> int:
    return round(prod(counts(region, tiling.tiles(region))[a] for a in region.group))


# ---- work


def kind_of(work: Work, machine: Machine) -> Kind:
    """Where some work is done. Products in a dtype that the matrix units lack fall back to the vector units."""
    if work.unit == "special":
        return "special", DType.F32
    if work.unit == "tensor" and machine.rate(work.dtype) is not None:
        return "tensor", work.dtype
    return "vector", DType.F64 if work.dtype is DType.F64 and DType.F64 in machine.vector else DType.F32


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


def operand_bytes(region: Region, tiling: Tiling, machine: Machine) -> float:
    """Bytes that products read from l2: an operand once for each fragment of the other side."""
    blocks, total = tiling.blocks(region), 0.0
    for work in region.work:
        if work.sides is None or kind_of(work, machine)[0] != "tensor":
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


@dataclass(frozen=True, slots=True)
class Cached:
    """Bytes that the cache reads from the memory of the device, and what decides which of them.

    `once` is every array once; `few` if what a wave reads again stays, which is `again` for each of its programs;
    `many` if not. `written` is written in any case.
    """

    once: int
    written: int
    few: int = 0
    many: int = 0
    again: float = 0.0

    def bytes(self, capacity: Any, units: Any, most: int, where: Callable[..., Any]) -> Any:
        """Bytes at a capacity, `most` at most. What fits as a whole is fetched once; so is what a wave reads again."""
        few, many, once = (min(read + self.written, most) for read in (self.few, self.many, self.once))
        return where(self.once <= capacity, once, where(self.again * units <= capacity, few, many))


def cached(region: Region, tiling: Tiling, units: int, capacity: float) -> Cached:
    """What the cache reads with the pooled tiles of a wave; see `Pools.cached`."""
    return Pools(region).cached(tiling, units, capacity)


class Pools:
    """What the cache reads of a region. Tiles that were looked at once are remembered: other tilings pool to them."""

    def __init__(self, region: Region) -> None:
        self.region = region
        distinct = dict[str, int]()
        for read in region.reads:
            distinct[read.name] = max(distinct.get(read.name, 0), read.values * read.bytes)
        self._once = sum(distinct.values())
        self._written = sum(t.values * t.bytes for t in region.writes)
        self._bytes: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[int, ...]] = {}

    def cached(self, tiling: Tiling, units: int, capacity: float) -> Cached:
        """What the cache reads with the pooled tiles of a wave.

        It holds for every capacity from this one on, and for any number of units between the same powers of two.
        """
        if self._once <= capacity:
            return Cached(self._once, self._written)
        amounts: dict[str, list[int]] = {}
        pooled = self._transfers(self._pooled(tiling, units.bit_length() - 1))
        for transfer, amount in zip(self.region.reads, pooled, strict=False):
            amounts.setdefault(transfer.name, []).append(amount)
        again = sum(max(found) for found in amounts.values() if len(found) > 1)
        few, many = sum(map(max, amounts.values())), sum(map(sum, amounts.values()))
        return Cached(self._once, self._written, few, many, again / max(_programs(self.region, tiling), 1))

    def _pooled(self, tiling: Tiling, doublings: int) -> Tiling:
        """The tiles of 2^doublings programs side by side: the axis that saves most is doubled each time."""
        group = {a: tiling.group.get(a, 1) for a in self.region.group}

        def cost(axis: str) -> int:
            return sum(self._transfers(Tiling(group | {axis: 2 * group[axis]}, tiling.stream)))

        for _ in range(doublings):
            growing = [a for a in self.region.group if group[a] < self.region.sizes[a]]
            if not growing:
                break
            group[min(growing, key=cost)] *= 2
        return Tiling(group, tiling.stream)

    def _transfers(self, tiling: Tiling) -> tuple[int, ...]:
        """Bytes of each array that is read, then written."""
        key = (tuple(tiling.group.values()), tuple(tiling.stream.values()))
        if key not in self._bytes:
            self._bytes[key] = tuple(moved(self.region, tiling, t) * t.bytes for t in self.region.transfers)
        return self._bytes[key]
