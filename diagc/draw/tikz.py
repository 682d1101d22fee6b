"""A scene as a `tikzpicture` for `\\input`, with plain TikZ: no library, no font package.

One unit of a scene is three quarters of a point; text is in the sans serif font of the document.
"""

from __future__ import annotations

from typing import Final, assert_never

from diagc.draw.palette import CELL, FACE, LOOP, colours
from diagc.draw.render import arrow_head, shortened
from diagc.draw.scene import FONT, Box, Item, Point, Region, Scene, Strand, Text

_SIZE: Final = f"\\fontsize{{{FONT * 0.75:.2f}}}{{{FONT:.2f}}}\\selectfont"
_LETTERS: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": "$<$", ">": "$>$", "|": "$|$",
    "×": r"$\times$", "÷": r"$\div$", "−": "$-$", "·": r"$\cdot$", "≤": r"$\leq$", "≥": r"$\geq$",
    "≠": r"$\neq$", "→": r"$\to$", "∞": r"$\infty$", "√": r"$\surd$", "‖": r"$\|$", "›": "$>$",
    "²": "$^2$", "³": "$^3$", "∧": r"$\wedge$", "∨": r"$\vee$", "¬": r"$\neg$", "≈": r"$\approx$",
    "…": r"\ldots{}", "τ": r"$\tau$", "σ": r"$\sigma$", "α": r"$\alpha$", "β": r"$\beta$", "λ": r"$\lambda$",
}  # fmt: skip
"""What stands for a character that TeX reads otherwise, or that its fonts lack."""


def render_tikz(scene: Scene) -> str:
    """The scene as TeX: `\\usepackage{tikz}` in the preamble is all that it needs."""
    roles = sorted({i.role for i in scene.items if isinstance(i, Strand | Text)} | {"ink"})
    named = {f"diagc-{role}": colours(role)[0] for role in roles}
    named |= {"diagc-face": FACE[0], "diagc-loop": LOOP[0], "diagc-cell": CELL[0]}
    # \providecolor leaves a colour that the document has given another value
    lines = [f"% {escaped(scene.title)}; needs \\usepackage{{tikz}}"]
    lines += [f"\\providecolor{{{name}}}{{HTML}}{{{c[1:].upper()}}}" for name, c in named.items()]
    lines.append(
        f"\\begin{{tikzpicture}}[x=.75pt,y=-.75pt,font=\\sffamily{_SIZE},inner sep=0pt,line width=.75pt]"
    )
    lines += [line for item in scene.items for line in _item(item)]
    return "\n".join([*lines, r"\end{tikzpicture}"]) + "\n"


def escaped(text: str) -> str:
    """Text that TeX sets as it stands; a character without a sign of its own becomes `?`."""
    return "".join(_LETTERS.get(c, c if c.isascii() else "?") for c in text)


def _item(item: Item) -> list[str]:
    match item:
        case Box():
            face = "loop" if item.style == "loop" else "face"
            return [f"\\draw[rounded corners=3pt,fill=diagc-{face},draw=diagc-ink] {_rectangle(item)};"]
        case Region():
            face = {"plate": "face", "loop": "loop", "cell": "cell"}[item.style]
            corner = "rounded corners=6pt," if item.style == "cell" else ""
            return [f"\\fill[{corner}diagc-{face}] {_rectangle(item)};"]
        case Strand():
            return _strand(item)
        case Text():
            return [_text(item)]
        case _:
            assert_never(item)


def _rectangle(item: Box | Region) -> str:
    return f"{_pair((item.x, item.y))} rectangle {_pair((item.x + item.w, item.y + item.h))}"


def _text(item: Text) -> str:
    styles = {
        "name": r"\bfseries ",
        "parameter": r"\bfseries\itshape ",
        "axis": r"\itshape ",
        "note": r"\itshape ",
    }
    anchor = {"start": "base west", "middle": "base", "end": "base east"}[item.anchor]
    role = item.role if item.style == "axis" else "ink"
    return (
        f"\\node[anchor={anchor},text=diagc-{role}] at {_pair((item.x, item.y))} "
        f"{{{styles.get(item.style, '')}{escaped(item.text)}}};"
    )


def _strand(item: Strand) -> list[str]:
    width = {
        "open": "1.13pt",
        "through": "1.13pt,opacity=.22",
        "halo": "8.25pt,opacity=.16",
        "mark": "1pt",
        "apart": "1pt",
    }
    dash = ",dash pattern=on 3.75pt off 2.25pt" if item.dashed else ""
    cap = "" if item.part == "halo" or item.hollow else ",line cap=round"
    data = _path(shortened(item) if item.head else item.points)
    wide = "3.75pt" if item.hollow else width[item.part]
    lines = [f"\\draw[diagc-{item.role},line width={wide}{dash}{cap}] {data};"]
    if item.hollow:
        lines.append(f"\\draw[diagc-cell,line width=1.8pt] {data};")
    if item.head:
        face = "diagc-cell" if item.hollow else f"diagc-{item.role}"
        corners = " -- ".join(map(_pair, arrow_head(item)))
        lines.append(f"\\draw[diagc-{item.role},fill={face}] {corners} -- cycle;")
    return lines


def _path(points: tuple[Point, ...]) -> str:
    """Level pieces as lines, others as curves."""
    text = _pair(points[0])
    for k in range(1, len(points) - 2, 3):
        first, second, end = points[k : k + 3]
        if len({y for _, y in (points[k - 1], first, second, end)}) == 1:
            text += f" -- {_pair(end)}"
        else:
            text += f" .. controls {_pair(first)} and {_pair(second)} .. {_pair(end)}"
    return text


def _pair(point: Point) -> str:
    x, y = (f"{v:.1f}".removesuffix(".0") for v in point)
    return f"({x},{y})"
