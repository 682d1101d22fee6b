"""Writes bench/results/theory.json and the figures of docs/flow.md: every number of the page that a program made.

Growth of diagrams against enumeration, leading laws of three models against runs at several sizes, and the checks of
closed forms. `make theory` runs it; ten minutes on two cores.
"""

from __future__ import annotations

import itertools
import json
import math
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

from diagc.check.program import read_program
from diagc.draw import render_svg
from diagc.draw.plane import Plane
from diagc.draw.scene import fitted
from diagc.flow.bernoulli import threshold
from diagc.flow.laws import laws
from diagc.flow.lower import problem_of
from diagc.flow.polynomial import Polynomial
from diagc.flow.problem import Problem
from diagc.flow.regimes import Map, located, regimes
from diagc.flow.series import Series
from diagc.flow.simulate import simulate

ROOT = Path(__file__).parents[1]

GROWTH = {"cp2_sym": 10, "cp2": 6, "cp3": 5, "cp3_sym": 5, "cp4_sym": 3, "linear3": 4, "modular": 4}

LAWS: dict[str, list[dict[str, float]]] = {
    "rank_one": [{"p": 16, "H": 4000, "sigma": 0.1}, {"p": 16, "H": 64000, "sigma": 0.05}],
    "autoencoder": [{"n": 100, "d": 5, "H": 500, "sigma": 1.0}, {"n": 400, "d": 20, "H": 2000, "sigma": 1.0},
                    {"n": 10, "d": 400, "H": 4, "sigma": 1.0}, {"n": 20, "d": 1600, "H": 5, "sigma": 1.0}],
    "cp3": [{"p": 32, "H": 4, "sigma": 1.0}, {"p": 128, "H": 8, "sigma": 1.0}],
    "linear3": [{"p": 4, "H": 100, "sigma": 0.2}, {"p": 4, "H": 400, "sigma": 0.1}],
    "modular": [{"p": 5, "H": 2000, "sigma": 0.2}, {"p": 5, "H": 20000, "sigma": 0.1}],
}  # fmt: skip

COLLAPSE: dict[str, list[dict[str, float]]] = {
    "cp3_half": [
        {"p": 32, "H": 2, "sigma": 1.0},
        {"p": 64, "H": 2, "sigma": 1.0},
        {"p": 128, "H": 2, "sigma": 1.0},
    ],
}


def expanded(name: str, order: int) -> tuple[Problem, list[Polynomial], Map]:
    problem = problem_of(
        next(iter(read_program(ROOT / "specs" / "flow" / f"{name}.diag").learnings.values()))
    )
    series = [o.polynomial for o in Series(problem).orders(order)]
    return problem, series, regimes(series, problem)


def pairings(series: Series) -> int:
    """The perfect pairings of the diagrams at hand, which an enumeration would go through one by one."""
    total = 0
    for form in series.diagrams:
        counts = [sum(1 for edge in form if edge[0] == n) for n in range(len(series.problem.parameters))]
        if all(count % 2 == 0 for count in counts):
            total += math.prod(math.prod(range(count - 1, 0, -2)) for count in counts)
    return total


def growth() -> dict[str, Any]:
    """By model and order: diagrams, contractions with a memo, pairings without one, seconds of CPU."""
    made: dict[str, Any] = {}
    for name, last in GROWTH.items():
        running = Series(
            problem_of(next(iter(read_program(ROOT / f"specs/flow/{name}.diag").learnings.values())))
        )
        rows = []
        for order in running.orders(last):
            rows.append({
                "order": order.number, "diagrams": order.diagrams, "contracted": order.contractions,
                "pairings": pairings(running), "seconds": round(order.seconds, 3),
            })  # fmt: skip
            print(name, rows[-1], flush=True)
        made[name] = rows
    return made


def growth_figure(made: dict[str, Any]) -> str:
    rows = made["cp3_sym"]
    words = {
        "pairings": "pairings without a memo",
        "contracted": "diagrams contracted with a memo",
        "diagrams": "diagrams of the order",
        "seconds": "seconds of CPU",
    }
    curves = {key: [max(float(row[key]), 1e-3) for row in rows] for key in words}
    top = max(max(curve) for curve in curves.values())
    plane = Plane((0.0, float(len(rows) - 1)), (1e-3, 10.0 ** math.ceil(math.log10(top))), logarithmic=True)
    items = plane.frame("tied rank 3", "order", "")
    for number, (key, curve) in enumerate(curves.items()):
        role = "ink" if number == 0 else str(number - 1)
        items += plane.line(list(enumerate(curve)), role, words[key])
        items += plane.legend(number, role, words[key])
    return render_svg(fitted(items, title="growth of diagrams with the order"))


def law_deviations() -> dict[str, Any]:
    """The law of the leading coefficients against runs: the greatest deviation of L(t) / L(0)."""
    made: dict[str, Any] = {}
    for name, points in LAWS.items():
        problem, series, among = expanded(name, 4 if name in ("cp3", "rank_one") else 3)
        made[name] = []
        for numbers in points:
            law = laws(series, problem.symbols, len(problem.sizes), among, numbers)[0]
            times = np.linspace(0, (2 if law.power is None else 6) / law.rate, 9)
            losses = simulate(problem, numbers, times, 4).losses
            off = np.abs((losses / losses[:, :1]).mean(0) - law(times) / law(times)[0]).max()
            row = {
                "numbers": numbers,
                "face": law.face,
                "law": law.formula,
                "deviation": round(float(off), 5),
            }
            made[name].append(row)
            print(name, row, flush=True)
    return made


def collapses() -> dict[str, Any]:
    """Curves of L / L(0) over t T at several sizes of one regime: the greatest distance of neighbours."""
    made: dict[str, Any] = {}
    for name, points in COLLAPSE.items():
        problem, _, among = expanded(name, 3)
        curves = []
        for numbers in points:
            place = located(among, numbers).regime
            scale = math.prod(numbers[s] ** float(p) for s, p in zip(among.symbols, place.time, strict=True))
            losses = simulate(problem, numbers, np.linspace(0, 0.5 / scale, 9), 8).losses
            curves.append((losses / losses[:, :1]).mean(0))
        far = [round(float(np.abs(a - b).max()), 5) for a, b in itertools.pairwise(curves)]
        made[name] = {"points": points, "face": place.name, "distances": far}
        print(name, made[name], flush=True)
    return made


def divergence() -> dict[str, list[float]]:
    """The share of ten ascending runs that diverge, at parts of the threshold, by the number of coordinates."""
    problem, _, _ = expanded("cp4_sym", 3)
    made: dict[str, list[float]] = {}
    for p in (64, 512, 4096):
        row = []
        for part in (0.7, 0.85, 1.15):
            s2 = math.sqrt(part * threshold(4) / (1 + 12 / p**2) / p**3)
            numbers = {"p": float(p), "H": 4.0, "sigma": math.sqrt(s2)}
            losses = simulate(problem, numbers, [0.0, 20 / s2], 10, ascent=True).losses
            row.append(float((~np.isfinite(losses[:, -1])).mean()))
        made[str(p)] = row
        print("diverging", p, row, flush=True)
    return made


def main() -> None:
    counted = growth()
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "growth": counted,
        "laws": law_deviations(),
        "collapse": collapses(),
        "thresholds": {str(rank): threshold(rank) for rank in (4, 6, 8)},
        "divergence": divergence() if "--quick" not in sys.argv else {},
    }
    (ROOT / "bench" / "results" / "theory.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (ROOT / "docs" / "figures" / "flow_growth.svg").write_text(growth_figure(counted), "utf-8")


if __name__ == "__main__":
    main()
