"""The best schedule of a region on each of many machines at once.

The rule is that of `plan.search`: every legal tiling with as many loads ahead as fit is priced, the fastest to four
digits is kept, of equals the one of fewest steps, then of least shared memory, then the first. What a tiling asks does
not depend on the machine and is worked out once; what machines take for it is one formula over arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.codesign.amounts import UNITS, Values
from diagc.codesign.family import Amounts, rates
from diagc.codesign.prices import Prices
from diagc.cost.demand import Pools, demand
from diagc.cost.estimate import Rates, overlapped, pipeline_seconds
from diagc.cost.region import Region, Tiling
from diagc.cost.rounding import tilings
from diagc.cost.traffic import held_bytes
from diagc.machine import Machine
from diagc.plan.search import FREE, STAGES, legal_tiles, steps as steps_of

CHUNK: Final = 96
"""Tilings that one process looks at in turn."""

BOUNDS: Final = ("l0", "l1", "l2", "tensor", "vector", "special")
"""What may bind: the bandwidth of a level, or a pipeline."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines of one form: a representative, the amounts of each by path, and their prices."""

    form: Machine
    amounts: Amounts
    prices: Prices

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.amounts[UNITS])


@dataclass(frozen=True, slots=True)
class Best:
    """For each machine [n] the best schedule: seconds (∞ where nothing fits), joules of what is moved and computed.

    `bound` are places in `BOUNDS`, `tiling` the place among the legal tilings; `steps` and `shared` decide between
    equals.
    """

    seconds: Values
    joules: Values
    bound: Indices
    tiling: Indices
    steps: Values
    shared: Values

    def better(self, other: Best) -> Best:
        """For each machine the better of two; of equals this one."""
        mine, theirs = rounded(self.seconds), rounded(other.seconds)
        ties = (other.steps < self.steps) | ((other.steps == self.steps) & (other.shared < self.shared))
        take = (theirs < mine) | ((theirs == mine) & np.isfinite(theirs) & ties)
        return Best(*(np.where(take, b, a) for a, b in zip(_columns(self), _columns(other), strict=True)))


def _columns(best: Best) -> tuple[NDArray[Any], ...]:
    return best.seconds, best.joules, best.bound, best.tiling, best.steps, best.shared


def rounded(seconds: Values) -> Values:
    """Times to four digits, as `plan.search.rounded`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** (np.floor(np.log10(seconds)) - 3)
        return np.where(np.isfinite(seconds) & (seconds > 0), np.round(seconds / step) * step, seconds)


def chunks(region: Region) -> int:
    """How many chunks the legal tilings of a region make."""
    return -(-prod(map(len, legal_tiles(region).values())) // CHUNK)


def best_schedules(pools: Pools, machines: Machines, chunk: int) -> Best:
    """The best schedule of a region among a chunk of its legal tilings."""
    found = tilings(pools.region, legal_tiles(pools.region))
    start = chunk * CHUNK
    priced = (
        _priced(pools, tiling, place, machines)
        for place, tiling in enumerate(islice(found, start, start + CHUNK), start)
    )
    return merged(list(priced))


def merged(found: Sequence[Best]) -> Best:
    """For each machine the best of several, earlier ones first."""
    return reduce(Best.better, found)


def tiling_at(region: Region, place: int) -> Tiling:
    """The legal tiling at a place."""
    return next(islice(tilings(region, legal_tiles(region)), place, None))


def _priced(pools: Pools, tiling: Tiling, place: int, machines: Machines) -> Best:
    """One tiling on every machine."""
    region, n = pools.region, machines.count
    shared = {stages: held_bytes(region, tiling, True, stages) for stages in STAGES}
    room = machines.amounts["levels.l2.capacity"]
    fits = held_bytes(region, tiling, False) <= machines.amounts["levels.l3.capacity"] * FREE
    fits = fits & (shared[min(STAGES)] <= room)
    held = np.where(room >= shared[3], shared[3], np.where(room >= shared[2], shared[2], shared[1])).astype(
        float
    )
    never = np.full(n, np.inf)
    steps = float(steps_of(region, tiling))
    if not fits.any():
        nothing = np.zeros(n, np.int64)
        return Best(never, never, nothing - 1, nothing + place, np.full(n, steps), held)
    found, asked = rates(machines.form, machines.amounts), demand(region, tiling, machines.form)
    levels = {"l0": _l0(pools, tiling, asked.on_l1, found), "l1": asked.on_l1, "l2": asked.on_l2}
    transfers, computes = pipeline_seconds(asked, levels, found)
    seconds = {name: np.broadcast_to(v, n) for name, v in (transfers | computes).items()}
    alone = bool(region.loops) & (room < shared[2])
    together = overlapped([*transfers.values()], [*computes.values()], False, _greatest)
    apart = overlapped([*transfers.values()], [*computes.values()], True, _greatest)
    total = np.where(alone, apart, together) + found.launch
    bound = np.asarray([place_of(name) for name in seconds])[np.argmax(np.stack([*seconds.values()]), axis=0)]
    joules = np.broadcast_to(machines.prices.energies(asked, levels), n)
    return Best(
        np.where(fits, total, np.inf), np.where(fits, joules, np.inf), np.where(fits, bound, -1),
        np.full(n, place), np.full(n, steps), held,
    )  # fmt: skip


def place_of(name: str) -> int:
    """The place in `BOUNDS` of a pipeline by its name."""
    words = {"matrix units": "tensor", "vector units": "vector", "special functions": "special"}
    return BOUNDS.index(words.get(name, name.partition(" ")[0]))


def _greatest(values: Any) -> Any:
    return reduce(np.maximum, values)


def _l0(pools: Pools, tiling: Tiling, most: int, found: Rates) -> Values:
    """Bytes from the memory of the device: pooled alike for numbers of processors between powers of two."""
    n = len(found.units)
    made = np.zeros(n)
    for places, units in _pools(found.units):
        traffic = pools.cached(tiling, units, float(found.cache[places].min()))
        made[places] = traffic.bytes(found.cache[places], found.units[places], most, np.where)
    return made


def _pools(units: Values) -> Iterator[tuple[Indices, int]]:
    doublings = np.floor(np.log2(units) + 1e-9).astype(int)
    for doubling in np.unique(doublings):
        yield np.flatnonzero(doublings == doubling), 1 << int(doubling)


__all__ = [
    "BOUNDS",
    "Best",
    "Machines",
    "best_schedules",
    "chunks",
    "merged",
    "place_of",
    "rounded",
    "tiling_at",
]
