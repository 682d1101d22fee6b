"""Pictures: strings (one strand per axis), cells (one per equation). A scene is geometry without a format."""

from diagc.draw.cells import Arrow, Cell, Path, draw_cells
from diagc.draw.overview import draw_overview
from diagc.draw.pdf import render_pdf
from diagc.draw.picture import draw_diagram
from diagc.draw.render import render_svg
from diagc.draw.scene import Box, Region, Scene, Strand, Text
from diagc.draw.tikz import render_tikz

__all__ = [
    "Arrow", "Box", "Cell", "Path", "Region", "Scene", "Strand", "Text",
    "draw_cells", "draw_diagram", "draw_overview", "render_pdf", "render_svg", "render_tikz",
]  # fmt: skip
