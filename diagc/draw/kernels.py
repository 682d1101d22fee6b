"""The kernels of an entry as one scene, a panel each: what leaves a panel goes through memory, the rest is on chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from diagc.core.axes import Axis
from diagc.core.diagram import Diagram
from diagc.draw.notes import Notes
from diagc.draw.picture import Cover, draw_diagram
from diagc.draw.scene import FONT, Item, Region, Scene, Text, fitted, moved, text_width

_PAD: Final = 10.0
_HEAD: Final = 3.2 * FONT
_WORDS: Final = (("group", "‖ programs share out"), ("stream", "› a loop streams"), ("held", "whole on chip"))


@dataclass(frozen=True, slots=True)
class Panel:
    """A kernel: its diagram, and how it covers each axis."""

    diagram: Diagram
    covers: Mapping[Axis, Cover]


def draw_kernels(panels: Sequence[Panel], sizes: Mapping[str, int] | None = None) -> Scene:
    """One panel below the other; strands of streamed axes have a halo, boxes of the loop another face."""
    notes = Notes(sizes=sizes or {}, level="on chip")
    scenes = [draw_diagram(panel.diagram, None, notes, panel.covers) for panel in panels]
    heads = [
        (f"kernel {n} of {len(panels)}: {p.diagram.name}", _words(p.covers)) for n, p in enumerate(panels, 1)
    ]
    lines = [text_width(heading, True) for heading, _ in heads] + [text_width(words) for _, words in heads]
    width = max((*lines, *(scene.width for scene in scenes))) + 2 * _PAD
    items: list[Item] = []
    top = 0.0
    for scene, (heading, words) in zip(scenes, heads, strict=True):
        height = scene.height + _HEAD
        items.append(Region(0, top, width, height, "cell"))
        items.append(Text(_PAD, top + 1.5 * FONT, heading, "start", "name"))
        items.append(Text(_PAD, top + 2.9 * FONT, words, "start", "note"))
        items += (moved(item, _PAD, top + _HEAD) for item in scene.items)
        top += height + _PAD
    return fitted(items, title=panels[0].diagram.name if panels else "")


def _words(covers: Mapping[Axis, Cover]) -> str:
    """How axes are covered, with the signs that stand on their strands."""
    named = (
        (words, dict.fromkeys(a.name for a, cover in covers.items() if cover == kind))
        for kind, words in _WORDS
    )
    return "; ".join(f"{words} {', '.join(names)}" for words, names in named if names)
