"""What a workload asks of machines: for each kernel the ways to do it, as regions of the cost model.

A kernel is done in one way of several, each a sequence of stages: as one kernel where that is possible, in the several
that the partition makes, and with a long fold shared out in parts. A stage holds rows or streams them. Which of them
is best depends on the machine, so that all are kept; none depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from diagc.backends.differentiate import derivative, planned
from diagc.backends.plans import normal_form
from diagc.check.program import read_program
from diagc.codesign.family import Job
from diagc.core.diagram import Diagram
from diagc.core.rewrite import Record
from diagc.cost.region import Region
from diagc.diagnostics import DiagnosticError, failure
from diagc.passes.split import NotSplit, split
from diagc.plan.config import has_dot
from diagc.plan.partition import Stage, partition
from diagc.plan.parts import PART, parted_axes
from diagc.plan.regions import region
from diagc.plan.structure import Structure, structure

PARTS: Final = (2, 4, 8, 16, 32)
"""Numbers of parts that a long fold is shared out in."""

Way = tuple[tuple[Region, ...], ...]
"""Stages, each with the regions of which one does it."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel of a workload and the ways in which it can be done."""

    job: Job
    ways: tuple[Way, ...]


def kernel_of(job: Job) -> Kernel:
    """The ways to do a job.

    Raises `DiagnosticError`: E1501 no such entry, E0602 a size is missing, E0702 no kernel of this form.
    """
    entries = read_program(job.spec).entries
    if job.entry not in entries:
        listed = ", ".join(entries) or "none"
        raise failure("E1501", f"`{job.spec}` has no entry `{job.entry}`", help=f"there are {listed}")
    entry = entries[job.entry]
    normal, record = normal_form(entry, job.sizes)
    if job.part == "backward":
        found = [_stages(derivative(normal, record, held).backward, job.sizes) for held in ("short", "long")]
        return Kernel(job, _distinct(found))
    whole = planned(normal, record)
    stages = [partition(whole, record, held) for held in ("short", "long")]
    found = [*_alone(whole, job.sizes), *(_stages(s, job.sizes) for s in stages)]
    if len(stages[0]) == 1:
        found += _parted(stages[0][0], record, job.sizes)
    return Kernel(job, _distinct(found))


def _distinct(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Each way once, and equal regions the same object: what is worked out for one holds for all."""
    regions: list[Region] = []

    def same(found: Region) -> Region:
        if found not in regions:
            regions.append(found)
        return regions[regions.index(found)]

    kept: list[Way] = []
    for way in ways:
        shared = tuple(tuple(map(same, stage)) for stage in way)
        kept += [shared] if shared not in kept else []
    return tuple(kept)


def _alone(whole: Diagram, sizes: Mapping[str, int]) -> list[Way]:
    try:
        return [(_regions(structure(whole), sizes),)]
    except DiagnosticError as error:
        if error.diagnostics[0].code != "E0702":
            raise
        return []


def _stages(stages: tuple[Stage, ...], sizes: Mapping[str, int]) -> Way:
    return tuple(_regions(stage.structure, sizes) for stage in stages)


def _regions(found: Structure, sizes: Mapping[str, int]) -> tuple[Region, ...]:
    """A structure as it is, and before it the one that holds rows."""
    streamed = region(found, sizes)
    if not found.streamed or has_dot(found) or found.ordered is not None:
        return (streamed,)
    return region(structure(found.diagram, resident_rows=True), sizes), streamed


def _parted(stage: Stage, record: Record, sizes: Mapping[str, int]) -> Iterator[Way]:
    """The ways with each axis that may be shared out in parts."""
    for axis in parted_axes(stage.structure):
        step = stage.structure.passes[0]
        try:
            made = split(stage.diagram, step.algebra, axis, record)
        except NotSplit:
            continue
        stages = [s for d in (made.states, made.joined) for s in partition(planned(d, record), record)]
        unit = PART if axis == step.axes[-1] else 1
        length = axis.size.evaluate(sizes)
        for parts in PARTS:
            inner = -(-length // (parts * unit)) * unit
            if parts * inner - length < inner:
                more = {**sizes, str(made.part.size): parts, str(made.inner.size): inner}
                yield _stages(tuple(stages), more)
