"""A scene as a PDF page of its own size: text as text, in the font whose widths `diagc.draw.scene` assumes.

One unit of a scene is three quarters of a point, as a pixel is in print. The same scene gives the same bytes.
"""

from __future__ import annotations

import importlib
from io import BytesIO
from typing import Any, Final

from diagc.diagnostics import failure
from diagc.draw.palette import CELL, FACE, LOOP, colours
from diagc.draw.render import arrow_head, shortened
from diagc.draw.scene import FONT, Box, Item, Region, Scene, Strand, Text

_POINT: Final = 0.75
_STROKES: Final = {
    "open": (1.5, 1.0), "through": (1.5, 0.22), "halo": (11.0, 0.16), "mark": (1.3, 1.0), "apart": (1.3, 1.0),
}  # fmt: skip
"""Widths and opacities of lines."""
_INK: Final = colours("ink")[0]


def render_pdf(scene: Scene) -> bytes:
    """The scene as a PDF document of one page. Raises `DiagnosticError` E0904 without matplotlib."""
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
        figure: Any = importlib.import_module("matplotlib.figure")
        importlib.import_module("matplotlib.backends.backend_pdf")
    except ImportError as error:
        raise failure(
            "E0904", "PDF needs matplotlib, which is not installed",
            help="install it with `pip install \'diagc[figures]\'`",
        ) from error  # fmt: skip
    # Type 42 keeps the letters as text: it can be searched and set in another font
    with matplotlib.rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans"}):
        inch = _POINT / 72
        page = figure.Figure(figsize=(scene.width * inch, scene.height * inch))
        axes = page.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, scene.width)
        axes.set_ylim(scene.height, 0)
        for depth, item in enumerate(scene.items):
            _paint(axes, item, depth)
        kept = BytesIO()
        about = {"Title": scene.title or None, "Creator": "diagc", "Producer": None, "CreationDate": None}
        page.savefig(kept, format="pdf", metadata=about)
    return kept.getvalue()


def _paint(axes: Any, item: Item, depth: int) -> None:
    match item:
        case Box():
            face = (LOOP if item.style == "loop" else FACE)[0]
            _rectangle(axes, (item.x, item.y, item.w, item.h), face, _INK, 4, depth)
        case Region():
            face = {"plate": FACE, "loop": LOOP, "cell": CELL}[item.style][0]
            corner = 8 if item.style == "cell" else 0
            _rectangle(axes, (item.x, item.y, item.w, item.h), face, "none", corner, depth)
        case Strand():
            _strand(axes, item, depth)
        case Text():
            _text(axes, item, depth)


def _rectangle(
    axes: Any, place: tuple[float, float, float, float], face: str, edge: str, corner: float, depth: int
) -> None:
    patches: Any = importlib.import_module("matplotlib.patches")
    x, y, w, h = place
    corner = min(corner, w / 2, h / 2)
    shape = f"round,pad=0,rounding_size={corner}" if corner else "square,pad=0"
    axes.add_patch(patches.FancyBboxPatch(
        (x, y), w, h, boxstyle=shape, facecolor=face, edgecolor=edge, linewidth=_POINT, zorder=depth
    ))  # fmt: skip


def _strand(axes: Any, item: Strand, depth: int) -> None:
    colour = colours(item.role)[0]
    width, opacity = _STROKES[item.part]
    points = shortened(item) if item.head else item.points
    codes = [1, *[4] * (len(points) - 1)]  # a move, then cubic curves
    style = (0, (3.3, 2)) if item.dashed else "solid"
    cap = "butt" if item.part == "halo" or item.hollow else "round"
    _path(axes, points, codes, depth, edgecolor=colour, linewidth=(5 if item.hollow else width) * _POINT,
          alpha=opacity, linestyle=style, capstyle=cap)  # fmt: skip
    if item.hollow:
        _path(axes, points, codes, depth, edgecolor=CELL[0], linewidth=2.4 * _POINT)
    if item.head:
        corners = arrow_head(item)
        face = CELL[0] if item.hollow else colour
        _path(axes, (*corners, corners[0]), [1, 2, 2, 79], depth, True, facecolor=face, edgecolor=colour,
              linewidth=_POINT)  # fmt: skip


def _path(axes: Any, points: Any, codes: list[int], depth: int, filled: bool = False, **style: Any) -> None:
    patches: Any = importlib.import_module("matplotlib.patches")
    path: Any = importlib.import_module("matplotlib.path")
    axes.add_patch(patches.PathPatch(path.Path(points, codes), fill=filled, zorder=depth, **style))


def _text(axes: Any, item: Text, depth: int) -> None:
    colour = colours(item.role)[0] if item.style == "axis" else _INK
    axes.text(
        item.x, item.y, item.text.replace("$", r"\$"), color=colour, fontsize=FONT * _POINT, zorder=depth,
        horizontalalignment={"start": "left", "middle": "center", "end": "right"}[item.anchor],
        verticalalignment="baseline", parse_math=False,
        fontweight="bold" if item.style in ("name", "parameter") else "normal",
        fontstyle="italic" if item.style in ("axis", "note", "parameter") else "normal",
    )  # fmt: skip
