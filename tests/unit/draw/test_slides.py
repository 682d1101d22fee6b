"""Pages with slides: every step has a picture, and the browser goes through them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diagc.api import load
from diagc.machine import machine
from diagc.pictures import derivation_slides, trace_slides
from tests.chromium import chromium, watched

pytest.importorskip("pygraphviz")


def test_a_trace_has_a_slide_for_each_pass_that_does_something() -> None:
    entry = load(Path("specs/attention/attention_f32.diag")).entries["causal"]
    data = re.search(r'id="slides">(.*?)</script>', trace_slides(entry), re.DOTALL)
    assert data is not None
    slides = json.loads(data[1])
    # whether operands change places between passes depends on a hash
    found = {slide["law"]: slide for slide in slides if slide["law"] != "order"}
    assert list(found) == ["as written", "flatten", "laws", "base-two", "kernels"]
    assert "1 × ∑ₐ c·e = c·∑ₐ e, c free of a" in found["laws"]["formula"]
    # the weights are divided before they are summed: that reads a row twice, until the laws take the quotient out
    loops = {name: dict(slide["facts"])["loops"] for name, slide in found.items()}
    assert loops["as written"] == loops["flatten"] == "over x; over x" and loops["laws"] == "over x"


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
