"""The page of a picture in a real browser, from a file and without network: hover, open, go back, zoom, keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.api import load
from diagc.pictures import page
from tests.chromium import chromium, watched

pytest.importorskip("pygraphviz")


def test_the_page_of_a_block(tmp_path: Path) -> None:
    file = tmp_path / "block.html"
    file.write_text(page(load(Path("specs/transformer/block.diag")), "block"), "utf-8")
    with chromium() as browser:
        context = browser.new_context(offline=True, viewport={"width": 1200, "height": 700})
        shown = context.new_page()
        errors = watched(shown)
        shown.goto(file.as_uri())
        shown.hover('#view0 rect[data-said^="attend"]')
        assert "transformer/block.diag:" in shown.text_content("output")
        shown.hover('#view0 path[data-said^="hidden: "]', force=True)
        shown.click('#view0 rect[data-said^="attend"]')
        assert not shown.is_visible("#view0")
        assert shown.text_content("button[aria-current]") == "attend"
        assert "softmax x" in shown.locator("main svg:not([hidden])").text_content()
        shown.keyboard.press("Escape")
        assert shown.is_visible("#view0")
        before = shown.get_attribute("#view0", "viewBox")
        shown.mouse.move(600, 300)
        shown.mouse.wheel(0, -300)
        shown.wait_for_function(
            "b => document.getElementById('view0').getAttribute('viewBox') !== b", arg=before
        )
        width = float(shown.get_attribute("#view0", "viewBox").split()[2])
        assert width < float(before.split()[2])
        shown.keyboard.press("0")
        assert shown.get_attribute("#view0", "viewBox") == before
        shown.focus('#view0 rect[data-said^="swiglu"]')
        shown.keyboard.press("Enter")
        assert shown.text_content("button[aria-current]") == "swiglu"
        assert errors == []
