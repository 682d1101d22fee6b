"""Scenes as one HTML page that needs nothing else: it pans, zooms, says what is under the pointer, and boxes open.

The page works from a file without network, with the keyboard alone, and in light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from diagc.draw.render import render_svg
from diagc.draw.scene import Scene

_ASSETS: Final = Path(__file__).parent / "assets"
_HELP: Final = (
    "Drag to move, wheel or + and - to zoom, 0 to fit. Point at a strand or a box; "
    "click a box with a thick border."
)
_BUTTONS: Final = " ".join(
    f'<button data-do="{action}" aria-label="{spoken}">{sign}</button>'
    for action, spoken, sign in (("out", "smaller", "−"), ("in", "larger", "+"), ("fit", "fit", "fit"))
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A scene under the key by which boxes of other scenes open it; the first is `view0`."""

    key: str
    title: str
    scene: Scene


def viewer(title: str, shown: Sequence[Shown]) -> str:
    """The page. A scene whose key does not begin with `view` has a button of its own."""
    pictures: list[str] = []
    titles: list[str] = []
    for place, each in enumerate(shown):
        svg = render_svg(each.scene, each.key)
        size = f'data-width="{each.scene.width:.0f}" data-height="{each.scene.height:.0f}"'
        hidden = " hidden" if place else ""
        pictures.append(
            svg.replace("<svg ", f'<svg role="img" aria-label="{escape(each.title)}" {size}{hidden} ', 1)
        )
        titles.append(f'"{each.key}":"{_string(each.title)}"')
    style, script = ((_ASSETS / name).read_text("utf-8") for name in ("viewer.css", "viewer.js"))
    return "\n".join((
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>", f"<style>\n{style}</style>", "</head>", "<body>",
        f'<header><nav aria-label="Where you are"></nav><span>{_BUTTONS}</span></header>',
        f'<main tabindex="0">{"".join(pictures)}</main>', f'<output aria-live="polite">{_HELP}</output>',
        f'<script type="application/json" id="titles">{{{",".join(titles)}}}</script>',
        f"<script>\n{script}</script>", "</body>", "</html>",
    )) + "\n"  # fmt: skip


def _string(text: str) -> str:
    """Text inside a JSON string in a script element."""
    return "".join(c if c not in '"\\<>&' and c.isprintable() else f"\\u{ord(c):04x}" for c in text)
