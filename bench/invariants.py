"""Writes bench/results/invariants.json, docs/runs.md and its figures: populations of runs, transfers, drift, geometry.

Everything is trained here, with its seeds. `make theory` runs it after bench.theory; about six minutes on two cores.
"""

from __future__ import annotations

import json
import math
import platform
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from bench.invariants_page import page
from diagc.api import load
from diagc.check.program import read_program
from diagc.draw import render_svg
from diagc.learn.data import Selection
from diagc.learn.many import train_many, variation, write_runs
from diagc.learn.samples import write_samples
from diagc.learn.session import Inputs, Service, bind, prepare
from diagc.runs.classes import barcode, lifetimes, split
from diagc.runs.functor import Drift, affine_share, cka, functor, wired
from diagc.runs.landscape import landscape, smooth
from diagc.runs.paths import levels
from diagc.runs.persistence import on_grid, on_sample, total
from diagc.runs.pictures import count_chart, counts, dendrogram
from diagc.runs.regression import Fit, regression
from diagc.runs.runs import Population, population
from diagc.runs.transfer import emitted, side
from diagc.runs.transfer_runs import Sets, Transfer, outcomes
from diagc.syntax.files import load_source

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures"
LEVELS = (0.05, 0.1, 0.2, 0.5)
POPULATIONS: dict[str, tuple[str, tuple[float, float] | None]] = {
    "seeds": ("wide", None),
    "rates": ("wide", (0.03, 3.0)),
    "narrow": ("narrow", None),
}
"""The learning diagram of each population, and between which factors its learning rates lie."""


def rounded(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}")


def trained(
    name: str, rates: tuple[float, float] | None, data: Path, out: Path, runs: int = 50
) -> Population:
    """Fifty runs in one programme, on 600 digits."""
    spec = ROOT / "specs" / "runs" / "digits.diag"
    learning = read_program(spec).learnings[name]
    inputs = Inputs(
        {"digits": Selection(data / "digits_train.npz", 0, 600)},
        {"digits": Selection(data / "digits_test.npz")},
    )
    made = prepare(bind(learning, {}, {}, inputs.data), inputs, spec.parent, {}, Service())
    folders = write_runs(made, train_many(made, variation(runs, 0, True, rates)), out)
    return population(learning, folders, inputs, spec.parent, {})


def populations(data: Path, folder: Path) -> tuple[dict[str, Any], Population]:
    """For each population what its classes and its merge trees say; and the first one."""
    made: dict[str, Any] = {}
    kept: Population | None = None
    for name, (learning, rates) in POPULATIONS.items():
        started = time.perf_counter()
        found = trained(learning, rates, data, folder / name)
        kept = found if kept is None else kept
        done = time.perf_counter()
        heights = levels(found.weights, found.loss, found.hidden, rescalings=found.rescalings)
        accuracy = found.metrics["label.accuracy"]
        gap = [-x for x in found.metrics["label.accuracy.gap"]]
        row: dict[str, Any] = {
            "runs": len(found.names), "rows": found.rows,
            "loss": [rounded(x) for x in (heights.losses.min(), np.median(heights.losses), heights.losses.max())],
            "accuracy": [rounded(100 * x) for x in (min(accuracy), np.mean(accuracy), max(accuracy), np.std(accuracy))],
            "seconds": {"training": round(done - started, 1), "classes": round(time.perf_counter() - done, 1)},
            "families": {},
        }  # fmt: skip
        for family, matrix in heights.heights.items():
            row["families"][family] = _family(matrix, accuracy, gap, heights.losses)
        made[name] = row
        print(name, json.dumps(row), flush=True)
        (FIGURES / f"runs_{name}.svg").write_text(
            render_svg(count_chart(heights.heights, f"K(λ), {name}")), "utf-8"
        )
        if name == "seeds":
            tree = dendrogram(heights.heights["aligned"], found.names, "aligned paths")
            (FIGURES / "runs_tree.svg").write_text(render_svg(tree), "utf-8")
    assert kept is not None
    return made, kept


def _family(matrix: Any, accuracy: Any, gap: Any, losses: Any) -> dict[str, Any]:
    """Classes at levels and at the level with most information, lifetimes, and what they explain of the gap."""
    splits = {str(level): _split(matrix, level, accuracy) for level in LEVELS}
    several = [
        one for level in np.unique(np.quantile(matrix, np.linspace(0.02, 0.98, 25)))
        if (one := _split(matrix, float(level), accuracy)) and one["between"] is not None
    ]  # fmt: skip
    life = lifetimes(matrix)
    line = regression(gap, list(life), list(losses))
    return {
        "counts": counts(matrix, LEVELS), "splits": splits,
        "best": min(several, key=lambda one: one["p"]) if several else None, "tests": len(several),
        "persistence": rounded(total(barcode(matrix))), "median": rounded(float(np.median(life[np.isfinite(life)]))),
        "gap": _line(line.plain), "partial": _line(line.partial),
    }  # fmt: skip


def _split(matrix: Any, level: float, accuracy: Any) -> dict[str, Any]:
    one = split(matrix, level, accuracy)
    numbers = {"within": one.within, "between": one.between}
    found = {n: None if v is None else rounded(100 * v, 3) for n, v in numbers.items()}
    return {
        "level": rounded(level), "classes": one.count, "largest": one.largest, **found,
        "p": None if one.probability is None else rounded(one.probability, 3),
    }  # fmt: skip


def _line(fit: Fit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "share": rounded(fit.share, 3), "low": rounded(fit.low, 3), "high": rounded(fit.high, 3),
        "sign": "−" if fit.slope < 0 else "+",
    }  # fmt: skip


def affine(found: Population, data: Path) -> dict[str, Any]:
    """Whether representations of runs in one class are affine images of each other: all pairs of ten runs."""
    spec = ROOT / "specs" / "runs" / "digits.diag"
    learning = read_program(spec).learnings["wide"]
    inputs = Inputs({"digits": Selection(data / "digits_test.npz")})
    made = prepare(bind(learning, {}, {}, inputs.data), inputs, spec.parent, {}, Service())
    rows = [wired(made, bind(learning, {}, {}), weights) for weights in found.weights[:10]]
    result: dict[str, Any] = {}
    for wire in ("→ net.l2.W", "label"):
        pairs = [(a[wire], b[wire]) for a, b in combinations(rows, 2)]
        shares, alike = [affine_share(*p) for p in pairs], [cka(*p) for p in pairs]
        result[wire] = {
            "affine": [rounded(x, 3) for x in (min(shares), np.mean(shares), max(shares))],
            "cka": [rounded(x, 3) for x in (min(alike), np.mean(alike), max(alike))],
        }
    print("affine", result, flush=True)
    return result


def resumed(data: Path) -> dict[str, Any]:
    """Composition of runs, and drift of wires."""
    spec = ROOT / "specs" / "runs" / "digits.diag"
    inputs = Inputs({"digits": Selection(data / "digits_train.npz", 0, 600)})
    learning = bind(read_program(spec).learnings["wide"], {}, {}, inputs.data)
    found = functor(prepare(learning, inputs, spec.parent, {}, Service()), learning, 100)

    def rows(drifts: tuple[Drift, ...]) -> dict[str, list[float]]:
        return {d.wire: [rounded(x, 3) for x in (d.cka, d.affine, d.parted)] for d in drifts}

    return {
        "resumed": found.resumed, "dropped": found.dropped, "first": rows(found.first), "second": rows(found.second)
    }  # fmt: skip


def transfers(data: Path, folder: Path) -> dict[str, Any]:
    """Turned digits from upright ones with few labels."""
    spec = ROOT / "specs" / "runs" / "transfer.diag"
    source, learnings = load_source(spec, spec.parent), read_program(spec).learnings
    old, new = side(source, learnings["upright"]), side(source, learnings["turned"])
    made: dict[str, Any] = {}
    for labels in (20, 50, 200):
        out = folder / f"transfer-{labels}"
        out.mkdir()
        (out / "transfer.diag").write_text(emitted(source, old, new, 8, 16).text, "utf-8")
        sets = Sets(
            Selection(data / "digits_train.npz"), Selection(data / "turned.npz", 0, labels),
            Selection(data / "turned.npz", 1200),
        )  # fmt: skip
        job = Transfer(old, new, out, sets, 10)
        done = outcomes(job, read_program(out / "transfer.diag").learnings, lambda one: None)
        made[str(labels)] = {
            one.name: {
                "parameters": one.parameters, "mean": rounded(100 * np.mean(one.numbers), 4),
                "spread": rounded(100 * np.std(one.numbers, ddof=1), 2),
            }
            for one in done
        }  # fmt: skip
        print("transfer", labels, made[str(labels)], flush=True)
    return made


def geometry() -> dict[str, float]:
    """The natural gradient flow of KL(target, ·) between normal laws: its Fisher length beside the geodesic's."""
    (m0, s0), (m1, s1) = (0.0, 1.0), (1.5, 2.0)
    t = np.linspace(0, 1, 200_001)
    mean = (1 - t) * m0 + t * m1
    second = (1 - t) * (m0**2 + s0**2) + t * (m1**2 + s1**2)
    deviation = np.sqrt(second - mean**2)
    length = float(
        np.sum(
            np.sqrt(np.diff(mean) ** 2 + 2 * np.diff(deviation) ** 2) / (deviation[1:] + deviation[:-1]) * 2
        )
    )
    inner = ((m0 - m1) ** 2 / 2 + (s0 - s1) ** 2) / (2 * s0 * s1)
    geodesic = math.sqrt(2) * math.acosh(1 + inner)
    at, rate, off = np.array([m0, math.log(s0)]), 1e-3, 0.0
    start, end = np.array([m0, m0**2 + s0**2]), np.array([m1, m1**2 + s1**2])
    for _ in range(20_000):
        mu, sigma = at[0], math.exp(at[1])
        slope = np.array([(mu - m1) / sigma**2, 1 - (s1**2 + (mu - m1) ** 2) / sigma**2])
        at = at - rate * slope / np.array([1 / sigma**2, 2.0])
        here = np.array([at[0], at[0] ** 2 + math.exp(2 * at[1])]) - start
        along = (end - start) * (here @ (end - start)) / ((end - start) @ (end - start))
        off = max(off, float(np.linalg.norm(here - along)))
    return {"ratio": rounded(length / geodesic, 5), "off_straight": rounded(off, 2), "rate": rate}


def landscapes() -> dict[str, Any]:
    """Himmelblau's function on a grid and on random points."""
    entry = load(ROOT / "specs" / "runs" / "himmelblau.diag").entries["himmelblau"]
    heights, ranges = landscape(entry.diagram), [(-5.0, 5.0)] * 2
    grid = [p for p in on_grid(heights, ranges, 401) if p.length > 1]
    sample = [p for p in on_sample(heights, ranges, 4000) if p.length > 1]
    return {
        "grid": [[p.dimension, rounded(p.birth, 7), rounded(p.death, 7)] for p in grid if math.isfinite(p.death)],
        "sample": [rounded(p.death, 6) for p in sample if math.isfinite(p.death)],
    }  # fmt: skip


def rings() -> dict[str, list[float]]:
    """The highest point of the lowest sheet between two half-turns of a circle and of a sphere, at λ = 0.5 and 1.1."""
    from diagc.runs.homotopy import sheet

    angles, made = np.linspace(0, np.pi, 33), {}
    entry = load(ROOT / "specs" / "runs" / "ring.diag").entries
    for name in ("circle", "sphere"):
        loss = smooth(entry[name])
        more = {} if name == "circle" else {"z": 0 * angles}
        paths = [{"x": np.cos(angles), "y": sign * np.sin(angles), **more} for sign in (1, -1)]
        made[name] = [rounded(sheet(paths[0], paths[1], loss, level).height) for level in (0.5, 1.1)]
    print("rings", made, flush=True)
    return made


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data"
        write_samples(data)
        found, first = populations(data, folder)
        result = {
            "machine": f"{platform.machine()}, Python {platform.python_version()}, two cores",
            "populations": found, "affine": affine(first, data), "functor": resumed(data),
            "transfer": transfers(data, folder), "geometry": geometry(), "landscape": landscapes(), "rings": rings(),
        }  # fmt: skip
    (ROOT / "bench" / "results" / "invariants.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (ROOT / "docs" / "runs.md").write_text(page(result), "utf-8")


if __name__ == "__main__":
    main()
