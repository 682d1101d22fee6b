"""How long it takes to decide whether an element closes under a fold, for every fold that planning specs/ asks about.

python bench/fold_decisions.py writes bench/results/cpu/fold_decisions.json: CPU milliseconds, the least of three of
each. The decision is `derive_components`, asked for each reduction of a plan and each pass that may carry it.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import process_time

import diagc.plan.structure as plan
from diagc.api import load
from diagc.backends.plans import kernels
from diagc.core.diagram import Node
from diagc.core.fold import Component, NotStreaming, derive_components

ROOT = Path(__file__).parents[1]
REPEATS = 3

Question = tuple[Node, tuple[Component, ...]]


def questions() -> dict[Question, str]:
    """The folds that planning asks about, with an entry that has them."""
    found: dict[Question, str] = {}
    entry = ""

    def noted(reduction: Node, earlier: Iterable[Component]) -> tuple[Component, ...]:
        found.setdefault((reduction, tuple(earlier)), entry)
        return derive_components(reduction, earlier)

    plan.derive_components = noted
    for path in sorted((ROOT / "specs").rglob("*.diag")):
        if not {"learning", "flow", "runs"} & set(path.parts):
            for name, each in load(path).entries.items():
                entry = f"{path.stem} {name}"
                kernels(each)
    plan.derive_components = derive_components
    return found


def milliseconds(question: Question) -> float:
    """The least time of one decision."""
    times: list[float] = []
    for _ in range(REPEATS):
        start = process_time()
        with suppress(NotStreaming):
            derive_components(*question)
        times.append(1e3 * (process_time() - start))
    return min(times)


def main() -> None:
    """Measure, print and write."""
    asked = questions()
    times = {question: milliseconds(question) for question in asked}
    slowest = sorted(times, key=times.__getitem__, reverse=True)[:5]
    found = {
        "decisions": len(times),
        "median_ms": round(statistics.median(times.values()), 3),
        "slowest_ms": {asked[q]: round(times[q], 1) for q in reversed(slowest)},
    }
    text = json.dumps(found, indent=1)
    print(text)
    (ROOT / "bench" / "results" / "cpu" / "fold_decisions.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
