"""Steps as one page with a slider: a picture before the first and after each, with what it changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from diagc.draw.render import render_svg
from diagc.draw.scene import Scene

_ASSETS: Final = Path(__file__).parent / "assets"


@dataclass(frozen=True, slots=True)
class Slide:
    """A picture, the law or pass that led to it with what it says, and what is true of the diagram now."""

    law: str
    formula: str
    scene: Scene
    facts: tuple[tuple[str, str], ...]


def slides_page(title: str, slides: Sequence[Slide]) -> str:
    """The page; arrow keys and a button go through the slides."""
    style, script = ((_ASSETS / name).read_text("utf-8") for name in ("slides.css", "slides.js"))
    pictures = "".join(
        f"<figure{' hidden' if place else ''}>{render_svg(slide.scene, f'slide{place}')}</figure>"
        for place, slide in enumerate(slides)
    )
    words = [{"law": s.law, "formula": s.formula, "facts": s.facts} for s in slides]
    data = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")
    slider = f'<input id="step" type="range" min="0" max="{len(slides) - 1}" value="0" aria-label="Step">'
    return "\n".join((
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>", f"<style>\n{style}</style>", "</head>", "<body>",
        f"<h1>{escape(title)}</h1>",
        f'<p><button id="play">play</button> {slider} <span id="number"></span></p>',
        '<section aria-live="polite"><h2 id="law"></h2><pre id="formula"></pre></section>',
        f'<main>{pictures}</main>', '<table><tbody id="facts"></tbody></table>',
        f'<script type="application/json" id="slides">{data}</script>', f"<script>\n{script}</script>",
        "</body>", "</html>",
    )) + "\n"  # fmt: skip
