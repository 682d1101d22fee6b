"""What programs gain that fill their shared memory from each other: the cross-transfer of derivation.md §4.

N programs pool their memory, so each array comes down once for all of them, (1/B_down − 1/B_across)·H*(N·M), and goes
across to each, H*(M)/B_across. Only the part of H that memory changes is transferred so.
"""

from __future__ import annotations

from diagc.cost.laws import cross_transfer, power_law
from diagc.cost.region import Region
from diagc.machine import Machine


def cluster_seconds(region: Region, memory: int, width: float, machine: Machine) -> dict[int, float]:
    """Seconds in which chunks reach shared memory, by size of cluster; `memory` in values, `width` in bytes a value.

    Empty where the machine states no rates, or where memory changes nothing.
    """
    bound = power_law(region, memory)
    if bound is None or not machine.clusters:
        return {}
    rates = {size: rate.value / width for size, rate in machine.clusters.items()}
    law = bound.law.variable
    return {size: cross_transfer(law, memory, size, rates[1], rate) for size, rate in rates.items()}
