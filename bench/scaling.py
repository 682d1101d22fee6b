"""How the time to derive a kernel grows with the number of leaves: chains of 10 to 1,000, CPU time, median of three.

python bench/scaling.py writes bench/results/cpu/scaling.json and docs/figures/scaling.svg. The exponent is the slope of
log time over log nodes from 100 nodes on, by least squares; it has to stay below two. One chain is for comparison:
folds whose rows are streamed make a kernel of quadratic size, since each pass computes anew what earlier passes gave.
"""

from __future__ import annotations

import json
import math
import platform
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Diagram, Node, apply, constant, node, reduction, walk
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError
from diagc.draw.chart import log_chart
from diagc.draw.render import render_svg
from diagc.machine import machine
from diagc.passes.normalise import Normalise
from diagc.plan.search import choose
from diagc.plan.structure import structure

ROOT = Path(__file__).parents[1]
LEAVES = (10, 20, 50, 100, 200, 500, 1000)
REPEATS = 3
SIZES = {"q": 4096, "x": 64, "d": 64, "e": 64}


def axis(name: str) -> Axis:
    return Axis(name, Size.symbol(name))


Q, X, D, E = (axis(name) for name in "qxde")


def given(name: str, *axes: Axis) -> Node:
    return node(ops.Input(name), array=Array(DType.F32, axes))


def diagram(result: Node) -> Diagram:
    inputs = tuple(n for n in walk((result,)) if isinstance(n.op, ops.Input))
    return Diagram("chain", inputs, (result,), ("out",), (result.array,))


def pointwise(leaves: int) -> Diagram:
    """Scalar functions on top of each other."""
    result = given("A", Q, X)
    for number in range(leaves):
        step = apply("add", result, constant(number + 0.5))
        result = step if number % 2 else apply("tanh", result)
    return diagram(result)


def normalised(leaves: int) -> Diagram:
    """Rows that are divided by the sum of their exponentials, again and again: five leaves a step."""
    result = given("A", Q, X)
    for _ in range(max(leaves // 5, 1)):
        weight = apply("exp", apply("sub", result, reduction("max", [X], result)))
        result = apply("div", weight, reduction("sum", [X], weight))
    return diagram(result)


def layers(leaves: int) -> Diagram:
    """Matrix products with a nonlinearity between them, each with its own weight: four leaves a layer."""
    result, axes = given("A", Q, D), (D, E)
    for number in range(max(leaves // 4, 1)):
        weight = given(f"W{number}", *axes)
        result = apply("relu", reduction("sum", [axes[0]], apply("mul", result, weight)))
        axes = axes[::-1]
    return diagram(result)


def terms(leaves: int) -> Diagram:
    """A sum of many arrays, written one after the other."""
    result = given("A", Q, X)
    for number in range(leaves // 2):
        result = apply("add", result, given(f"B{number}", Q, X))
    return diagram(result)


def streamed(leaves: int) -> Diagram:
    """The same as `normalised`, planned for rows of any length: a pass over the row for every fold."""
    return normalised(leaves)


CHAINS: dict[str, Callable[[int], Diagram]] = {
    "pointwise": pointwise,
    "normalised": normalised,
    "layers": layers,
    "terms": terms,
    "streamed": streamed,
}
QUADRATIC = {"streamed": 200}
"""Chains whose kernels are of quadratic size, with the leaves up to which they are measured."""

STAGES = ("normalise", "structure", "search")


def timed(chain: Callable[[int], Diagram], leaves: int) -> dict[str, float]:
    """CPU seconds of each stage for a chain that is built afresh, with rows held on chip where all are short."""
    rows = chain is normalised
    written, device = chain(leaves), machine("h200")
    marks = [process_time()]
    normal = Normalise().run(written)
    marks.append(process_time())
    found = structure(normal, resident_rows=rows)
    marks.append(process_time())
    try:
        choose(found, device, SIZES)
    except DiagnosticError as error:  # a chain that no tiles fit has been priced for memory all the same
        if error.diagnostics[0].code != "E1106":
            raise
    marks.append(process_time())
    return {stage: after - before for stage, before, after in zip(STAGES, marks, marks[1:], strict=False)}


def exponent(points: list[tuple[int, float]]) -> float:
    """The slope of log time over log leaves."""
    xs, ys = zip(*((math.log(n), math.log(t)) for n, t in points), strict=True)
    middle = statistics.fmean(xs)
    level = statistics.fmean(ys)
    return sum((x - middle) * (y - level) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - middle) ** 2 for x in xs
    )


def measure(chain: Callable[[int], Diagram], lengths: tuple[int, ...]) -> dict[str, Any]:
    """Seconds by stage at every length, and the exponents from 100 nodes on."""
    seconds: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "all")}
    counted: list[int] = []
    for leaves in lengths:
        counted.append(sum(1 for _ in walk(chain(leaves).outputs)))
        runs = [timed(chain, leaves) for _ in range(REPEATS)]
        for stage in STAGES:
            seconds[stage].append(statistics.median(run[stage] for run in runs))
        seconds["all"].append(statistics.median(sum(run.values()) for run in runs))
    places = [place for place, count in enumerate(counted) if count >= 100]
    powers = {
        stage: round(exponent([(counted[p], max(values[p], 1e-6)) for p in places]), 2)
        for stage, values in seconds.items()
    }
    return {"leaves": lengths, "nodes": counted, "seconds": seconds, "exponent": powers}


def main() -> int:
    """Measure every chain; exit with 1 where the whole grows at least quadratically."""
    lengths = {name: tuple(n for n in LEAVES if n <= QUADRATIC.get(name, LEAVES[-1])) for name in CHAINS}
    found = {name: measure(chain, lengths[name]) for name, chain in CHAINS.items()}
    results = ROOT / "bench" / "results" / "cpu" / "scaling.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    report = {"repeats": REPEATS, "processor": platform.machine(), "python": platform.python_version()}
    results.write_text(json.dumps(report | {"chains": found}, indent=2) + "\n", "utf-8")
    gated = {name: one for name, one in found.items() if name not in QUADRATIC}
    curves = {
        f"{name}, exponent {one['exponent']['all']}": one["seconds"]["all"] for name, one in gated.items()
    }
    chart = log_chart("normalise, structure and search", "leaves", "CPU seconds", LEAVES, curves)
    (ROOT / "docs" / "figures" / "scaling.svg").write_text(render_svg(chart), "utf-8")
    for name, one in found.items():
        print(name, one["exponent"])
    return int(any(one["exponent"]["all"] >= 2 for one in gated.values()))


if __name__ == "__main__":
    sys.exit(main())
