"""The Pareto front of a family of machines for a workload: least time, energy and cost.

Time is Σ weight · seconds over the kernels, each with the schedule that is best on that machine; energy is what the
schedules move and compute, and what the machine takes while it stands by; cost is what the machine is worth in money,
or its area where no section `cost` is given. A design on which a kernel has no schedule is no machine for the workload.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from diagc.codesign.amounts import Free, Values
from diagc.codesign.antichain import Places, minimal
from diagc.codesign.family import Family, amounts_of
from diagc.codesign.prices import unpriced
from diagc.codesign.samples import designs
from diagc.codesign.schedules import BOUNDS, Best, Indices, Machines, best_schedules, chunks, merged, rounded
from diagc.codesign.workload import Kernel
from diagc.cost.demand import Pools, kind_of
from diagc.cost.region import Region
from diagc.diagnostics import failure
from diagc.machine import Machine

OBJECTIVES: Final = ("time", "energy", "cost")
_SMALL: Final = 1.05
_DOUBLE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """For each kernel k and machine n: seconds and joules of one run [k n], and what binds longest, in `BOUNDS`.

    `points` [n 3] are time, energy and cost of the workload; `area` is in mm², `watts` are energy by time.
    """

    seconds: Values
    bound: Indices
    points: Values
    area: Values

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Which machines have a schedule for every kernel."""
        return np.asarray(np.isfinite(self.points).all(axis=1))

    @property
    def watts(self) -> Values:
        """Mean power over the workload."""
        with np.errstate(invalid="ignore"):
            return self.points[:, 1] / self.points[:, 0]


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """d log objective / d log parameter for one design: [3 f]; None where a design beside it is impossible."""

    name: str
    place: int
    elasticities: Values


@dataclass(frozen=True, slots=True)
class Front:
    """Designs [n f] of a family with what comes of them, the places of the front, and machines that exist beside it."""

    family: Family
    kernels: tuple[Kernel, ...]
    chosen: Values
    outcome: Outcome
    places: Places
    references: tuple[tuple[Machine, Outcome], ...]
    sensitivities: tuple[Sensitivity, ...]

    def shares(self) -> list[dict[str, float]]:
        """For each kernel which share of the feasible designs each resource binds."""
        kept: Any = self.outcome.bound[:, self.outcome.feasible]
        counts: list[list[int]] = [np.bincount(row, minlength=len(BOUNDS)).tolist() for row in kept]
        return [
            {name: count / sum(row) for name, count in zip(BOUNDS, row, strict=True) if count}
            for row in counts
        ]  # fmt: skip


def front(
    family: Family, kernels: Sequence[Kernel], most: int, references: Sequence[Machine], jobs: int
) -> Front:
    """The front of at most `most` designs of a family, worked out by `jobs` processes."""
    chosen = designs(family, most)
    groups = [_machines(family, chosen)]
    groups += [Machines(m, amounts_of(m), family.prices) for m in references]
    for group in groups:
        _check_prices(group, kernels)
    with _Workers(kernels, jobs) as workers:
        own, *others = workers.outcomes(groups)
        found = np.flatnonzero(own.feasible)
        places = found[minimal(own.points[found])]
        sensitivities = _sensitivities(workers, family, chosen, own, places)
    named = tuple(zip(references, others, strict=True))
    return Front(family, tuple(kernels), chosen, own, places, named, sensitivities)


def _check_prices(machines: Machines, kernels: Sequence[Kernel]) -> None:
    """E1104 for work whose energy is not stated beside that of other work."""
    done = {
        kind_of(w, machines.form) for k in kernels for way in k.ways for s in way for r in s for w in r.work
    }
    missing = unpriced(machines.prices, done)
    if machines.prices.energy and missing:
        raise failure("E1104", f"section `energy` states nothing for `{missing[0]}`, which {machines.form.name} does",
                      help=f"add `{missing[0]}: {{value: … pJ/FLOP, source: …}}`")  # fmt: skip


def _machines(family: Family, chosen: Values) -> Machines:
    return Machines(family.machine, family.values(chosen), family.prices)


# ---- processes


_Task = tuple[int, Machines, int]
_regions: list[Pools] = []


def _start(regions: Sequence[Region]) -> None:
    """Regions are sent to a process once, and what was worked out for some machines serves the next."""
    _regions[:] = map(Pools, regions)


def _solve(task: _Task) -> Best:
    region, machines, chunk = task
    return best_schedules(_regions[region], machines, chunk)


class _Workers:
    """Works out outcomes in processes, or in this one; the results do not depend on which."""

    def __init__(self, kernels: Sequence[Kernel], jobs: int) -> None:
        self.kernels = kernels
        self.regions = list(
            {id(r): r for k in kernels for way in k.ways for stage in way for r in stage}.values()
        )
        self.pool = None
        if jobs > 1:
            context = multiprocessing.get_context("spawn")
            self.pool = ProcessPoolExecutor(jobs, context, initializer=_start, initargs=(self.regions,))
        else:
            _start(self.regions)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def outcomes(self, groups: Sequence[Machines]) -> list[Outcome]:
        """What comes of each group of machines."""
        tasks = [
            (place, group, chunk)
            for group in groups
            for place, region in enumerate(self.regions)
            for chunk in range(chunks(region))
        ]
        solved = map(_solve, tasks) if self.pool is None else self.pool.map(_solve, tasks)
        parts: dict[tuple[int, int], list[Best]] = {}
        for (place, group, _), best in zip(tasks, solved, strict=True):
            parts.setdefault((id(group), id(self.regions[place])), []).append(best)
        best = {key: merged(found) for key, found in parts.items()}
        return [
            _outcome(self.kernels, group, {id(r): best[id(group), id(r)] for r in self.regions})
            for group in groups
        ]


def _outcome(kernels: Sequence[Kernel], machines: Machines, best: dict[int, Best]) -> Outcome:
    """The workload on machines, each kernel in the way that is fastest there."""
    n = machines.count
    seconds, joules = np.zeros((len(kernels), n)), np.zeros((len(kernels), n))
    bound = np.zeros((len(kernels), n), np.int64)
    for k, kernel in enumerate(kernels):
        ways = [_way([[best[id(r)] for r in stage] for stage in way]) for way in kernel.ways]
        taken = np.argmin(np.stack([rounded(w[0]) for w in ways]), axis=0)
        everyone = np.arange(n)
        for target, column in ((seconds, 0), (joules, 1), (bound, 2)):
            target[k] = np.stack([w[column] for w in ways])[taken, everyone]
    weights = np.asarray([k.job.weight for k in kernels])
    time = weights @ seconds
    energy = weights @ joules + machines.prices.idle(machines.amounts) * time
    area = np.broadcast_to(machines.prices.areas(machines.amounts), n)
    cost = machines.prices.costs(machines.amounts) if machines.prices.cost else area
    points = np.stack([time, energy, np.broadcast_to(cost, n)], axis=1)
    return Outcome(seconds, bound, points, area)


def _way(stages: list[list[Best]]) -> tuple[Values, Values, Indices]:
    """Seconds and joules of stages one after the other, and what binds for the longest time."""
    done = [merged(options) for options in stages]
    seconds, joules = sum(b.seconds for b in done), sum(b.joules for b in done)
    held = np.stack([np.where(b.bound >= 0, b.seconds, 0.0) for b in done])
    by_bound = np.stack(
        [(held * np.stack([b.bound == i for b in done])).sum(axis=0) for i in range(len(BOUNDS))]
    )
    return np.asarray(seconds), np.asarray(joules), np.argmax(by_bound, axis=0)


# ---- sensitivities


def _sensitivities(
    workers: _Workers, family: Family, chosen: Values, own: Outcome, places: Places
) -> tuple[Sensitivity, ...]:
    """For the designs that stand for the front, how time, energy and cost follow each parameter."""
    picked = _picked(own, places)
    if not picked or not family.free:
        return ()
    near = [_neighbours(family, chosen[place]) for _, place in picked]
    (around,) = workers.outcomes([_machines(family, np.concatenate(near))])
    points = np.split(around.points, len(picked))
    return tuple(
        Sensitivity(name, place, _elasticities(values, found))
        for (name, place), values, found in zip(picked, near, points, strict=True)
    )


def _picked(outcome: Outcome, places: Places) -> list[tuple[str, int]]:
    """Designs of the front that stand for it: the least of each objective, and the least of all in balance."""
    if not len(places):
        return []
    points = np.log(outcome.points[places])
    found = [(f"least {name}", int(places[np.argmin(points[:, k])])) for k, name in enumerate(OBJECTIVES)]
    span = np.ptp(points, axis=0)
    balance = ((points - points.min(axis=0)) / np.where(span > 0, span, 1.0)).max(axis=1)
    return [*found, ("balanced", int(places[np.argmin(balance)]))]


def _step(free: Free) -> float:
    """How far a parameter is moved: what tiles depend on changes in steps of two."""
    return _DOUBLE if free.path.endswith(("capacity", "count")) else _SMALL


def _neighbours(family: Family, chosen: Values) -> Values:
    """The design with each parameter a step up, then with each a step down [2f f], then itself."""
    steps = np.asarray([_step(f) for f in family.free])
    whole = np.asarray([f.unit == "instances" for f in family.free])
    near = np.concatenate(
        [chosen * (1 + np.diag(steps - 1)), chosen * (1 + np.diag(1 / steps - 1)), chosen[None]]
    )
    return np.where(whole, np.maximum(np.round(near), 1), near)


def _elasticities(near: Values, found: Values) -> Values:
    """Secants of the logarithms; where one side is no machine for the workload, that of the other side."""
    n = near.shape[1]
    made = np.full((len(OBJECTIVES), n), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        values, points = np.log(near), np.log(found)
        for place in range(n):
            up, down = (side if np.isfinite(points[side]).all() else 2 * n for side in (place, n + place))
            made[:, place] = (points[up] - points[down]) / (values[up, place] - values[down, place])
    return made


__all__ = ["OBJECTIVES", "Front", "Outcome", "Sensitivity", "front"]
