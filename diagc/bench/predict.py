"""The time that the cost model predicts for what an entry launches at given sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagc.backends.launches import Plan
from diagc.backends.plans import kernels
from diagc.bench.coverage import cover
from diagc.bench.work import Work
from diagc.check.entry import Entry
from diagc.machine import Machine


def predicted_seconds(entry: Entry, work: Work, machine: Machine, sizes: Mapping[str, int]) -> float | None:
    """Seconds of the kernels that are launched for some work; None where no plan fits the sizes.

    A forward that a derivative follows keeps what the derivative reads.
    """
    made = kernels(entry, sizes)
    if work == "forward":
        return _seconds(made.plans, machine, sizes)
    parts = [_seconds([d.backward for d in made.differentiated], machine, sizes)]
    if work == "both":
        parts.append(_seconds([d.forward for d in made.differentiated], machine, sizes))
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _seconds(plans: Iterable[Plan], machine: Machine, sizes: Mapping[str, int]) -> float | None:
    found = cover(plans, (), machine, sizes)
    return found.seconds if found is not None else None
