"""Compile what is shipped for sm_90 until nothing spills: `python -m bench.spilling`.

Configurations that spill go into `diagc/plan/spilling.json`, by which the plan takes the next lighter one, which is
compiled in turn. What no kernel of `specs/` would have any more leaves the table. Then `make golden lint-kernels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.coverage import entries
from diagc.backends.plans import kernels
from diagc.core.canonical import diagram_hash
from diagc.plan.spilling import Spilling, numbers, read, refuse
from diagc.verify.aot import MAX_SPILLS
from diagc.verify.lint import Shipped, checked, configured, read_table, table_text

ROOT = Path(__file__).parents[1]
CHECKED = ROOT / "bench" / "results" / "kernels_sm_90.json"


def shipped() -> Iterator[tuple[str, Shipped]]:
    """Every configuration of the specs, with the hash of what its kernel computes."""
    for spec, _, entry in entries():
        for launch in (step for plan in kernels(entry).every_plan for step in plan.launches):
            kernel = diagram_hash(launch.diagram)
            for variant in launch.variants:
                yield from ((kernel, one) for one in configured(spec.stem, variant, "sm_90"))


def main() -> None:
    """Compile, list what spills, and again with what is taken instead."""
    by_digest = {finding.digest: finding for finding in read_table(CHECKED)}
    listed = read()
    while True:
        asked = {one.name: (kernel, one) for kernel, one in shipped()}
        found = list(checked((one for _, one in asked.values()), by_digest, "sm_90", processes=2))
        by_digest |= {finding.digest: finding for finding in found}
        CHECKED.write_text(table_text(found, "sm_90"), "utf-8")
        spilling = [f for f in found if f.spills > MAX_SPILLS]
        seen = {kernel for kernel, _ in asked.values()}
        listed = [row for row in listed if row.kernel in seen]
        listed += [Spilling(asked[f.name][0], *numbers(asked[f.name][1].config), f.spills) for f in spilling]
        refuse(listed)
        print(f"{len(found)} configurations, {len(spilling)} spill, {len(listed)} are listed")
        if not spilling:
            return


if __name__ == "__main__":
    main()
