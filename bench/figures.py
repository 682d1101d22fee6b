"""Draws every diagram of specs/ into out/figures: `python -m bench.figures`; index.html there is the contact sheet.

Each entry has a figure, its kernels another where kernels are made, each learning diagram one of cells. With
`--record` the sizes of files and CPU times stand in bench/results/cpu/figures.json, and pictures of docs are renewed.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import statistics
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from time import process_time
from typing import Any

from diagc.api import load
from diagc.check.program import check_source
from diagc.core.diagram import Diagram
from diagc.diagnostics import DiagnosticError
from diagc.draw import Scene, draw_cells, draw_diagram, draw_overview, render_svg
from diagc.draw.learning import cells
from diagc.draw.scene import Box
from diagc.pictures import kernel_scene, scene
from diagc.source import Source

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"
OUT = ROOT / "out" / "figures"
KEPT = {
    "attention/attention.mha.svg": "attention.svg",
    "attention/attention.causal.kernels.svg": "kernel.svg",
    "learning/distill.distill.cells.svg": "distill.svg",
}
"""Figures of the README and of docs/ideas, which are part of the repository."""

RECORD = ROOT / "bench" / "results" / "cpu" / "figures.json"
REPEATS = 5
STACKED = 31
"""Blocks of the picture that has about a thousand boxes."""


@dataclass(frozen=True)
class Figure:
    """A picture of something in a file of specs/: `name` is the path of its file without the ending."""

    name: str
    title: str
    scene: Scene


def specs() -> list[Path]:
    """Every specification, those of machines left out."""
    return sorted(SPECS.rglob("*.diag"))


def figures(spec: Path, kernels: bool = True) -> Iterator[Figure]:
    """The pictures of a file."""
    program = load(spec)
    place = spec.relative_to(SPECS).with_suffix("")
    for name, entry in program.entries.items():
        yield Figure(f"{place}.{name}", name, scene(program, name))
        if kernels:
            with suppress(DiagnosticError):  # what no kernel is made of has no picture of kernels
                yield Figure(f"{place}.{name}.kernels", f"{name}: kernels", kernel_scene(entry))
    for name, learning in program.learnings.items():
        yield Figure(f"{place}.{name}.cells", name, draw_cells(cells(learning)))
        if len(learning.equations) > 1:
            yield Figure(f"{place}.{name}.overview", f"{name}: overview", draw_overview(cells(learning)))


def sheet(found: dict[Path, list[Figure]]) -> str:
    """All figures on one page."""
    parts = ["<!doctype html>", '<meta charset="utf-8">', "<title>Figures</title>", STYLE]
    for spec, drawn in found.items():
        parts.append(f"<h2>{escape(str(spec.relative_to(SPECS)))}</h2>")
        parts += (
            f'<figure><img src="{escape(f.name)}.svg" alt="{escape(f.title)}">'
            f"<figcaption>{escape(f.title)}</figcaption></figure>"
            for f in drawn
        )
    return "\n".join(parts) + "\n"


STYLE = (
    "<style>body{font-family:sans-serif}figure{display:inline-block;margin:8px;border:1px solid #ccc;padding:8px;"
    "max-width:100%}img{max-width:100%}figcaption{font-size:12px}</style>"
)


def draw_all(out: Path) -> dict[Path, list[Figure]]:
    """Write every figure and the contact sheet."""
    found = {spec: list(figures(spec)) for spec in specs()}
    for figure in (f for drawn in found.values() for f in drawn):
        file = out / f"{figure.name}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render_svg(figure.scene), "utf-8")
    (out / "index.html").write_text(sheet(found), "utf-8")
    return found


# ---- sizes and times


def stacked(count: int) -> Diagram:
    """Transformer blocks one after the other, each with its own weights."""
    text = (SPECS / "transformer" / "block.diag").read_text("utf-8")
    (signature,) = re.findall(r"fn block\((.*?)\) ->", text, re.DOTALL)
    weights = [part.split(":") for part in signature.split(",")][1:]
    given = [f"{name.strip()}{k}:{kind}" for k in range(count) for name, kind in weights]
    calls = [
        f"  X{k + 1} = block(X{k}, {', '.join(f'{name.strip()}{k}' for name, _ in weights)})"
        for k in range(count)
    ]
    deep = f"fn deep(X0: bf16[b t width], {', '.join(given)}) -> bf16[b t width] {{"
    text = "\n".join((text, deep, *calls, f"  return X{count}", "}"))
    return check_source(Source("deep.diag", text)).entries["deep"].diagram


def measured(diagram: Diagram) -> dict[str, Any]:
    """Boxes, bytes and median CPU seconds of the SVG of a diagram without folded calls."""
    times: list[float] = []
    drawn, svg = Scene((), 0.0, 0.0), ""
    for _ in range(REPEATS):
        start = process_time()
        drawn = draw_diagram(diagram)
        svg = render_svg(drawn)
        times.append(process_time() - start)
    boxes = sum(isinstance(item, Box) for item in drawn.items)
    return {"boxes": boxes, "bytes": len(svg.encode()), "seconds": round(statistics.median(times), 4)}


def record() -> dict[str, Any]:
    """The pictures that are held to limits, every call open."""
    diagrams = {
        "attention": load(SPECS / "attention" / "attention.diag").entries["mha"].diagram,
        "transformer block": load(SPECS / "transformer" / "block.diag").entries["block"].diagram,
        f"{STACKED} transformer blocks": stacked(STACKED),
    }
    where = {"processor": platform.machine(), "python": platform.python_version(), "repeats": REPEATS}
    return where | {"figures": {name: measured(diagram) for name, diagram in diagrams.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="measure, and renew the figures of the docs")
    chosen = parser.parse_args()
    found = draw_all(OUT)
    print(f"{sum(map(len, found.values()))} figures of {len(found)} files: {OUT / 'index.html'}")
    if chosen.record:
        RECORD.write_text(json.dumps(record(), indent=2) + "\n", "utf-8")
        for source, name in KEPT.items():
            shutil.copyfile(OUT / source, ROOT / "docs" / "figures" / name)


if __name__ == "__main__":
    main()
