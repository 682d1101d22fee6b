"""Slides of a derivation: they begin as written, end in the normal form, each is the value of the one before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagc.api import load
from diagc.backends.plans import normal_form
from diagc.backends.reference import evaluate
from diagc.draw.slides import frames
from diagc.machine import machine
from diagc.pictures import derivation_slides
from tests.chromium import chromium, watched

pytest.importorskip("pygraphviz")


def test_every_slide_is_the_same_function() -> None:
    entry = load(Path("specs/attention/attention_f32.diag")).entries["causal"]
    normal, record = normal_form(entry)
    found = list(frames(entry.diagram, record.steps, normal))
    assert found[0] == (None, entry.diagram) and found[-1][1].outputs == normal.outputs
    random = np.random.default_rng(0)
    arrays = {name: random.standard_normal((5, 4)) for name in "QKV"}
    wanted = evaluate(entry.diagram, arrays)[0]
    for _, diagram in found:
        np.testing.assert_allclose(evaluate(diagram, arrays)[0], wanted, rtol=1e-9)


def test_the_slides_in_a_browser(tmp_path: Path) -> None:
    entry = load(Path("specs/attention/attention.diag")).entries["causal"]
    sizes = {"q": 4096, "x": 4096, "d": 128}
    file = tmp_path / "slides.html"
    file.write_text(derivation_slides(entry, machine("h200"), sizes), "utf-8")
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        errors = watched(page)
        page.goto(file.as_uri())
        assert page.text_content("#law") == "as written"
        page.keyboard.press("ArrowRight")
        assert page.text_content("#number").startswith("1 of ") and page.text_content("#formula").startswith(
            "  "
        )
        last = int(page.get_attribute("#step", "max"))
        for _ in range(last):
            page.keyboard.press("ArrowRight")
        assert page.text_content("#number") == f"{last} of {last}"
        assert page.locator("figure:visible").count() == 1 and "predicted" in page.text_content("#facts")
        assert errors == []
