"""The columns of a schedule: every variable with its place, every operation with its clocks, and how much fits.

A processor holds several warpgroups, each with its own rows; chunks of the streamed axis are held once for all of them.
The unit of work is the row-chunk: one row against one chunk. Clocks of a pipeline are operations divided by what a
processor does in a clock, from the general rates of the machine (arXiv 2412.03317, §5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from diagc.cost.estimate import pipeline
from diagc.cost.region import Live, Region, Tiling, Transfer, Work
from diagc.machine import Machine

SHARED = "l2"
"""The pipeline that reads operands of matrix products from shared memory."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A tile that is held: `bytes` for each warpgroup (`own`) or the block, `copies` while loads run ahead."""

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    copies: int
    level: str
    own: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its clocks by pipeline: for a row-chunk in a loop, for a row outside of loops."""

    name: str
    axes: tuple[str, ...]
    dtype: str
    loop: int | None
    clocks: Mapping[str, float]
    flops: float


@dataclass(frozen=True, slots=True)
class Limit:
    """How many warpgroups a level holds: (capacity − what the block has once) / what each warpgroup has."""

    level: str
    capacity: float
    block: int
    each: int

    @property
    def warpgroups(self) -> float:
        return (self.capacity - self.block) / self.each if self.each else math.inf


@dataclass(frozen=True, slots=True)
class Columns:
    """The whole table. `rows` is the axis that warpgroups share out, `tile` what one of them has of it."""

    rows: str
    tile: int
    chunk: Mapping[str, int]
    variables: tuple[Variable, ...]
    operations: tuple[Operation, ...]
    limits: tuple[Limit, ...]
    chunk_bytes: int
    machine: Machine

    @property
    def warpgroups(self) -> int:
        """The warpgroups that every level has room for, at least one."""
        return max(int(min(limit.warpgroups for limit in self.limits)), 1)

    def clocks(self, loop: int | None = 0) -> dict[str, float]:
        """Clocks of each pipeline for a row-chunk of a loop, or for a row outside of loops."""
        found: dict[str, float] = {}
        for operation in self.operations:
            if operation.loop == loop:
                for name, value in operation.clocks.items():
                    found[name] = found.get(name, 0.0) + value
        return found

    @property
    def ceiling(self) -> float:
        """FLOP/s of the device when nothing but its matrix units limits the loop; 0 without matrix products."""
        clocks = self.clocks().get("matrix units", 0.0)
        products = [o for o in self.operations if o.loop == 0 and "matrix units" in o.clocks]
        every = sum(o.flops for o in products) * self.machine.units * self.machine.clock.value
        return every / clocks if clocks else 0.0

    def transfer_seconds(self) -> float:
        """Seconds in which the memory of the device gives every processor one chunk."""
        level = self.machine.levels["l0"]
        return self.chunk_bytes * self.machine.units / level.bandwidth.value if level.bandwidth else 0.0

    def compute_seconds(self, rows: int, unit: str = "matrix units") -> float:
        """Seconds in which a processor with so many rows computes one chunk on a pipeline."""
        return rows * self.clocks().get(unit, 0.0) / self.machine.clock.value

    def compute_bound_from(self) -> int | None:
        """The rows a processor from which the matrix units take longer than the transfer of a chunk."""
        one = self.compute_seconds(1)
        return math.ceil(self.transfer_seconds() / one) if one else None


def columns(region: Region, tiling: Tiling, machine: Machine, stages: int = 2) -> Columns | None:
    """The columns of a region in tiles; None for a region that no axis is shared out of."""
    rows = _rows(region)
    if rows is None:
        return None
    tiles = tiling.tiles(region)
    variables = tuple(_variables(region, tiles, rows, stages))
    chunk = {axis: tiles[axis] for axis in region.streamed}
    loaded = [t for t in region.reads if t.loop == 0 and rows not in t.axes]
    return Columns(
        rows, tiles[rows], chunk, variables, tuple(_operations(region, tiles, rows, machine)),
        tuple(_limits(region, tiles, rows, machine, stages)), sum(_bytes(t, tiles) for t in loaded), machine,
    )  # fmt: skip


def _rows(region: Region) -> str | None:
    """The axis that warpgroups share out: the first tiled one that a matrix product has on one side only."""
    free = {a for w in region.work if w.sides for side in w.sides for a in side.free}
    named = [a for a in region.tiled if a in free] or [*region.tiled] or [*reversed(region.group)]
    return named[0] if named else None


def _bytes(transfer: Transfer, tiles: Mapping[str, int]) -> int:
    return prod(window.length(tiles) for window in transfer.windows) * transfer.bytes


def _variables(region: Region, tiles: Mapping[str, int], rows: str, stages: int) -> Iterator[Variable]:
    seen: dict[tuple[str, tuple[str, ...], int], Live] = {}
    for live in (live for moment in region.moments for live in moment):
        seen.setdefault((live.name, live.axes, live.bytes), live)
    for live in seen.values():
        shape = tuple(tiles[a] for a in live.axes)
        yield Variable(
            live.name, live.axes, shape, live.dtype, prod(shape) * live.bytes, stages if live.staged else 1,
            "l2" if live.shared else "l3", rows in live.axes,
        )  # fmt: skip
    for written in region.writes:
        axes = tuple(a for w in written.windows for a, _ in w.terms)
        shape = tuple(tiles[a] for a in axes)
        yield Variable(
            written.name, axes, shape, written.dtype, _bytes(written, tiles), 1, "l2", rows in axes
        )


def _operations(region: Region, tiles: Mapping[str, int], rows: str, machine: Machine) -> Iterator[Operation]:
    for work in region.work:
        axes = [a for a in dict.fromkeys((*work.axes, *work.each)) if a != rows]
        points = work.per_point * prod(tiles[a] for a in axes if a not in work.each)
        name, rate = pipeline(work, machine)
        clocks = {name: points * machine.units * machine.clock.value / rate}
        shared = _operand_bytes(work, tiles, rows, machine) if name == "matrix units" else 0.0
        bandwidth = machine.levels["l2"].bandwidth
        if shared and bandwidth is not None:
            clocks[SHARED] = shared * machine.units * machine.clock.value / bandwidth.value
        yield Operation(work.label, work.axes, work.dtype.value, work.loop, clocks, points)


def _operand_bytes(work: Work, tiles: Mapping[str, int], rows: str, machine: Machine) -> float:
    """Bytes that one row of a product reads from shared memory: an operand once for each fragment of the other side.

    The side with the rows that warpgroups share out is the left one.
    """
    assert work.sides is not None
    sides = sorted(work.sides, key=lambda side: rows not in side.free)
    points = prod(tiles[a] for a in work.axes)
    lengths = [prod(tiles[a] for a in side.free) for side in sides]
    cuts = (machine.fragment.columns, machine.fragment.rows)
    total = 0.0
    for side, other, cut in zip(sides, reversed(lengths), cuts, strict=True):
        if side.shared:
            total += points / other * -(-other // cut) * side.bytes
    return total / tiles[rows] if rows in work.axes else total


def _limits(
    region: Region, tiles: Mapping[str, int], rows: str, machine: Machine, stages: int
) -> Iterator[Limit]:
    """Shared memory holds chunks of loops `stages` times and every array with rows; registers the widest moment."""
    shared = machine.levels["l2"].capacity.value
    chunks = [t for t in region.reads if t.loop is not None and rows not in t.axes]
    block = stages * sum(_bytes(t, tiles) for t in chunks)
    yield Limit("l2", shared, block, sum(_bytes(t, tiles) for t in region.transfers if rows in t.axes))
    widest = (0, 0)
    for moment in region.moments:
        held = [(rows in v.axes, prod(tiles[a] for a in v.axes) * v.bytes) for v in moment if not v.shared]
        found = (sum(size for own, size in held if own), sum(size for own, size in held if not own))
        widest = max(widest, found)
    yield Limit("l3", machine.levels["l3"].capacity.value, widest[1], widest[0])
