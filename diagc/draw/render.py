"""A scene as SVG: text as text, colours as classes for light and dark, hover text on boxes and strands.

The same scene gives the same bytes.
"""

from __future__ import annotations

import re
from typing import Final, assert_never
from xml.sax.saxutils import escape

from diagc.draw.palette import CELL, FACE, LOOP, PAPER, colours
from diagc.draw.scene import FONT, Box, Item, Point, Region, Scene, Strand, Text


def render_svg(scene: Scene, scope: str = "") -> str:
    """The scene as an SVG document. With a `scope`, its styles hold below the element of that `id` only."""
    width, height = _number(scene.width), _number(scene.height)
    mark = f'id="{scope}" ' if scope else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {mark}viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" '
        f'font-family="DejaVu Sans, Helvetica, sans-serif" font-size="{FONT}">'
    )
    body = [_item(item) for item in scene.items]
    title = [f"<title>{escape(scene.title)}</title>"] if scene.title else []
    paper = '<rect class="bg" width="100%" height="100%"/>'
    return "\n".join([head, *title, f"<style>{_css(scene, scope)}</style>", paper, *body, "</svg>"]) + "\n"


def _css(scene: Scene, scope: str) -> str:
    roles = {item.role for item in scene.items if isinstance(item, Strand | Text)}
    fixed = (
        "path{fill:none;stroke-width:1.5;stroke-linecap:round}.t{opacity:.22}.d{stroke-dasharray:5 3}"
        ".a{font-style:italic}.n{font-weight:700}.p{font-weight:700;font-style:italic}.h{stroke-width:5;stroke-linecap:butt}"
        ".o{stroke-width:2.4}text,.f,.t,.m{pointer-events:none}"
    )
    parts = {item.part for item in scene.items if isinstance(item, Strand)}
    fixed += (".w{opacity:.16;stroke-width:11;stroke-linecap:butt}" if "halo" in parts else "") + (
        ".m{stroke-width:1.3}" if parts & {"mark", "apart"} else ""
    )
    if any(isinstance(item, Box) and item.style == "loop" for item in scene.items):
        loops = [f".l{{fill:{colour}}}" for colour in LOOP]
    else:
        loops = ["", ""]
    light, dark = (
        _below(scope, fixed + _theme(roles, 0) + loops[0]),
        _below(scope, _theme(roles, 1) + loops[1]),
    )
    return f"{light}@media(prefers-color-scheme:dark){{{dark}}}"


def _below(scope: str, rules: str) -> str:
    """Rules that hold below the element of an `id`."""
    return re.sub(r"(^|\})(?=[^}])", rf"\1#{scope} ", rules) if scope else rules


def _theme(roles: set[str], mode: int) -> str:
    ink = colours("ink")[mode]
    rules = [
        f".bg{{fill:{PAPER[mode]}}}.b{{fill:{FACE[mode]};stroke:{ink}}}.f{{fill:{FACE[mode]}}}",
        f".e{{fill:{CELL[mode]}}}.o{{stroke:{CELL[mode]}}}.k{{fill:{ink};stroke:{ink}}}text{{fill:{ink}}}",
    ]
    for role in sorted(roles):
        colour = colours(role)[mode]
        rules.append(f".c{role}{{stroke:{colour}}}text.c{role}{{stroke:none;fill:{colour}}}")
    return "".join(rules)


def _item(item: Item) -> str:
    match item:
        case Box():
            title = f"<title>{escape(item.title)}</title>" if item.title else ""
            place = _rectangle(item.x, item.y, item.w, item.h)
            name = "b l" if item.style == "loop" else "b"
            opens = f' data-opens="{escape(item.opens)}"' if item.opens else ""
            return f'<rect class="{name}" {place} rx="4"{opens}>{title}</rect>'
        case Strand():
            return _strand(item)
        case Text():
            return _text(item)
        case Region():
            corner = ' rx="8"' if item.style == "cell" else ""
            name = {"cell": "e", "plate": "f", "loop": "f l"}[item.style]
            return f'<rect class="{name}" {_rectangle(item.x, item.y, item.w, item.h)}{corner}/>'
        case _:
            assert_never(item)


def _rectangle(x: float, y: float, w: float, h: float) -> str:
    return f'x="{_number(x)}" y="{_number(y)}" width="{_number(w)}" height="{_number(h)}"'


def _text(item: Text) -> str:
    names = {"name": "n", "parameter": "p", "axis": f"a c{item.role}", "note": "a"}
    style = f' class="{names[item.style]}"' if item.style in names else ""
    anchor = "" if item.anchor == "start" else f' text-anchor="{item.anchor}"'
    return f'<text{style} x="{_number(item.x)}" y="{_number(item.y)}"{anchor}>{escape(item.text)}</text>'


def _strand(item: Strand) -> str:
    title = f"<title>{escape(item.title)}</title>" if item.title else ""
    part = {"open": "", "through": " t", "halo": " w", "mark": " m", "apart": " m"}[item.part]
    names = f"c{item.role}{part}" + (" d" if item.dashed else "")
    data = _path(shortened(item) if item.head else item.points)
    close = f">{title}</path>" if title else "/>"
    lines = [f'<path class="{names}{" h" if item.hollow else ""}" d="{data}"{close}']
    if item.hollow:
        lines.append(f'<path class="o" d="{data}"/>')
    if item.head:
        lines.append(_head(item))
    return "\n".join(lines)


def _path(points: tuple[Point, ...]) -> str:
    """Level pieces as `H`, others as `C`."""
    text = f"M{_pair(points[0])}"
    for k in range(1, len(points) - 2, 3):
        if len({y for _, y in points[k - 1 : k + 3]}) == 1:
            text += f"H{_number(points[k + 2][0])}"
        else:
            text += "C" + " ".join(_pair(p) for p in points[k : k + 3])
    return text


_BACK: Final = 7.0
"""Length of an arrow head."""


def _direction(points: tuple[Point, ...]) -> Point:
    """The unit vector in which a path ends."""
    (x0, y0), (x, y) = next(p for p in reversed(points) if p != points[-1]), points[-1]
    length = ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
    return (x - x0) / length, (y - y0) / length


def shortened(item: Strand) -> tuple[Point, ...]:
    """The path up to the base of its head."""
    (ux, uy), (x, y) = _direction(item.points), item.points[-1]
    end = (x - 0.9 * _BACK * ux, y - 0.9 * _BACK * uy)
    control = end if item.points[-2] == item.points[-1] else item.points[-2]
    return (*item.points[:-2], control, end)


def arrow_head(item: Strand) -> tuple[Point, Point, Point]:
    """The corners of an arrow head at the end of a strand, along its last direction."""
    (ux, uy), (x, y), side = _direction(item.points), item.points[-1], 3.6
    bx, by = x - _BACK * ux, y - _BACK * uy
    return (bx - side * uy, by + side * ux), (x, y), (bx + side * uy, by - side * ux)


def _head(item: Strand) -> str:
    """The head of an arrow; hollow strands have a hollow one."""
    shape = "L".join(_pair(c) for c in arrow_head(item))
    return f'<path class="{"e" if item.hollow else "k"} c{item.role}" d="M{shape}Z"/>'


def _pair(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
