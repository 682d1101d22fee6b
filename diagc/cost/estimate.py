"""Time as the maximum over pipelines: the transfer of each level, matrix units, vector units, special functions.

Every pipeline runs at the rate of the machine file and all overlap, so the time is a lower bound; with one stage loads
do not overlap and add to the rest. The start of a kernel is added where the file states it. Processors work in whole
waves: ⌈programs / units⌉. Between the device's memory and the cache, the programs of a wave act like one with their
pooled tiles (derivation.md §4, "intermediate cache"). The formulas take rates as numbers or as arrays over machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from diagc.core.dtypes import DType
from diagc.cost.demand import Demand, Kind, cached, demand, executed, flops, kind_of
from diagc.cost.region import Region, Tiling, Transfer, Work
from diagc.cost.traffic import bytes_moved, elements_moved, held_bytes, memory_values
from diagc.machine import Machine

Number = Any
"""A number, or an array of one for each machine."""


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


@dataclass(frozen=True, slots=True)
class Rates:
    """What of a machine, or of many, decides the time of given amounts.

    `transfers` are by level what the pipeline is called, its bytes a second, and whether each processor has its own;
    `computes` the same in operations a second by kind of work. `launch` is in seconds.
    """

    units: Number
    cache: Number
    transfers: Mapping[str, tuple[str, Number, bool]]
    computes: Mapping[Kind, tuple[str, Number]]
    launch: Number


def rates_of(machine: Machine) -> Rates:
    """The rates of one machine."""
    transfers = {
        level.name: (f"{level.name} {level.title}", level.bandwidth.value, level.count.value > 1)
        for level in machine.levels.values()
        if level.bandwidth is not None
    }
    computes: dict[Kind, tuple[str, Number]] = {
        ("special", DType.F32): ("special functions", machine.special.value)
    }
    computes |= {("tensor", dtype): ("matrix units", rate.value) for dtype, rate in machine.tensor.items()}
    computes |= {("vector", dtype): ("vector units", rate.value) for dtype, rate in machine.vector.items()}
    launch = machine.launch.value if machine.launch is not None else 0.0
    return Rates(machine.units, machine.levels["l1"].capacity.value, transfers, computes, launch)


def estimate(region: Region, tiling: Tiling, machine: Machine, stages: int = 2) -> Estimate:
    """The cost of a region in tiles."""
    stages = stages if region.loops else 1
    rates, asked = rates_of(machine), demand(region, tiling, machine)
    on_l0 = l0_bytes(region, tiling, machine)
    levels = {"l0": on_l0, "l1": asked.on_l1, "l2": asked.on_l2}
    transfers, computes = pipeline_seconds(asked, levels, rates)
    seconds = transfers | computes
    alone = stages == 1 and bool(region.loops)
    return Estimate(
        elements_moved(region, tiling), asked.on_l1, flops(region, tiling), levels, seconds,
        overlapped([*transfers.values()], [*computes.values()], alone, max) + rates.launch,
        max(seconds, key=lambda name: seconds[name]), memory_values(region, tiling),
        held_bytes(region, tiling, True, stages), held_bytes(region, tiling, False), stages, asked.programs,
    )  # fmt: skip


# ---- formulas over one machine or many


def _either(condition: bool, yes: int, no: int) -> int:
    return yes if condition else no


def pipeline_seconds(
    asked: Demand, levels: Mapping[str, Number], rates: Rates
) -> tuple[dict[str, Number], dict[str, Number]]:
    """Seconds of the transfers, and of the pipelines that compute, each by its name."""
    waves = -(-asked.programs // rates.units) * rates.units / max(asked.programs, 1)
    transfers = {
        name: levels[level] / bandwidth * (waves if own else 1.0)
        for level, (name, bandwidth, own) in rates.transfers.items()
    }
    computes: dict[str, Number] = {}
    for kind, amount in asked.work.items():
        name, rate = rates.computes[kind]
        computes[name] = computes.get(name, 0.0) + amount / rate * waves
    return transfers, computes


def overlapped(
    transfers: list[Number], computes: list[Number], alone: bool, most: Callable[[Iterable[Number]], Number]
) -> Number:
    """Seconds of a kernel but for its start: the slowest pipeline, or with loads `alone` these and the rest."""
    if alone and computes:
        return most(transfers) + most(computes)
    return most([*transfers, *computes])


def pipeline(work: Work, machine: Machine) -> tuple[str, float]:
    """The pipeline that does some work, and its operations a second. Products fall back to the vector units."""
    return rates_of(machine).computes[kind_of(work, machine)]


def l0_bytes(region: Region, tiling: Tiling, machine: Machine) -> int:
    """Bytes between the memory of the device and the cache: H with the pooled tiles of a wave, in bytes."""
    capacity = machine.levels["l1"].capacity.value
    found = cached(region, tiling, machine.units, capacity)
    return found.bytes(capacity, machine.units, bytes_moved(region, tiling), _either)


def unique_elements(region: Region) -> int:
    """Values moved when every array is moved once: the least that a region which is not fused further can do."""
    arrays: dict[str, Transfer] = {t.name: t for t in region.transfers}
    return sum(t.values for t in arrays.values())


__all__ = [
    "Estimate",
    "Rates",
    "estimate",
    "executed",
    "flops",
    "l0_bytes",
    "overlapped",
    "pipeline",
    "pipeline_seconds",
    "rates_of",
    "unique_elements",
]
