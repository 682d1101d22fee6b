"""The time that the cost model predicts for what an entry launches at given sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagc.backends.plans import kernels
from diagc.backends.sizes import input_name
from diagc.bench.coverage import cover
from diagc.bench.work import Work, launched_plans, moved
from diagc.check.entry import Entry
from diagc.machine import Machine


@dataclass(frozen=True, slots=True)
class Prediction:
    """Seconds: of the kernels, and at least, by their products or by moving every array of the entry once."""

    seconds: float
    floor: float


def predicted(entry: Entry, work: Work, machine: Machine, sizes: Mapping[str, int]) -> Prediction | None:
    """The kernels that are launched for some work; None where no plan fits the sizes.

    A forward that a derivative follows keeps what the derivative reads.
    """
    made, touched = kernels(entry, sizes), moved(entry, work)
    arrays = {*map(input_name, touched.inputs), *touched.output_names}
    found = [cover(plans, arrays, machine, sizes) for plans in launched_plans(made, work)]
    known = [part for part in found if part is not None]
    if len(known) < len(found):
        return None
    return Prediction(sum(p.seconds for p in known), sum(p.roofline * p.seconds for p in known))
