"""Pictures of every spec and of random diagrams are legible."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from diagc.api import load
from diagc.diagnostics import DiagnosticError
from diagc.draw import draw_cells, draw_diagram, draw_overview
from diagc.draw.designs import draw_design
from diagc.draw.learning import cells
from diagc.draw.opened import views
from diagc.pictures import kernel_scene
from tests.properties.diagrams import random_case
from tests.unit.draw.legible import assert_legible

pytest.importorskip("pygraphviz")

SPECS = sorted(Path("specs").rglob("*.diag"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_every_spec_is_legible(spec: Path) -> None:
    program = load(spec)
    for entry in program.entries.values():
        for view in views(entry):
            assert_legible(draw_diagram(view.diagram, view.boxes, view.notes))
        assert_legible(draw_diagram(entry.diagram))
    for learning in program.learnings.values():
        assert_legible(draw_cells(cells(learning)))
        assert_legible(draw_overview(cells(learning)))
    for design in program.designs.values():
        assert_legible(draw_design(design))


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_kernels_of_every_spec_are_legible(spec: Path) -> None:
    for entry in load(spec).entries.values():
        with suppress(DiagnosticError):  # what no kernel is made of has no picture of kernels
            assert_legible(kernel_scene(entry))


@pytest.mark.parametrize(
    "seed", [*range(80), *(pytest.param(s, marks=pytest.mark.slow) for s in range(80, 200))]
)
def test_random_diagrams_are_legible(seed: int) -> None:
    assert_legible(draw_diagram(random_case(seed).diagram))


@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_the_layout_of_large_diagrams_is_legible(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagc.draw.layout._LARGE", 0)
    assert_legible(draw_diagram(random_case(seed).diagram))
