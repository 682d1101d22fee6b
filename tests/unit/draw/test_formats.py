"""A scene as PDF, TeX, HTML and as a link: text stays text, TeX compiles, the page needs no network, and boxes open."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from diagc.api import load
from diagc.core.axes import Size
from diagc.core.diagram import Array
from diagc.core.dtypes import DType
from diagc.diagnostics import DiagnosticError
from diagc.draw import render_pdf, render_svg, render_tikz
from diagc.draw.commuting import quiver_link, tikz_cd
from diagc.draw.learning import cells
from diagc.draw.notes import Notes, polynomial
from diagc.draw.opened import views
from diagc.draw.scene import Box, Strand, Text
from diagc.draw.tikz import escaped
from diagc.pictures import kernel_scene, page, scene
from tests.unit.draw.legible import assert_legible, of

pytest.importorskip("pygraphviz")

ATTENTION = load(Path("specs/attention/attention.diag"))
BLOCK = load(Path("specs/transformer/block.diag"))
DISTILL = load(Path("specs/learning/distill.diag"))
SIZES = {"b": 2, "h": 8, "q": 4096, "x": 4096, "d": 128}


def test_pdf_is_text_in_a_page_of_its_size() -> None:
    pytest.importorskip("matplotlib")
    drawn = scene(ATTENTION, "causal")
    pdf = render_pdf(drawn)
    assert pdf.startswith(b"%PDF-") and pdf == render_pdf(drawn)
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert box is not None and float(box[1]) == pytest.approx(drawn.width * 0.75, rel=1e-3)
    streams = [
        zlib.decompress(m[1])
        for m in re.finditer(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
        if m[1][:1] == b"x"
    ]
    assert sum(s.count(b"Tj") + s.count(b"TJ") for s in streams) >= len(of(drawn, Text))


def test_pdf_without_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(DiagnosticError) as caught:
        render_pdf(scene(ATTENTION))
    (found,) = caught.value.diagnostics
    assert found.code == "E0904" and "diagc[figures]" in (found.help or "")


def compiled(folder: Path, name: str, text: str, package: str) -> str:
    """What TeX says about a file that is read into an article."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex")
    (folder / f"{name}.tex").write_text(text)
    body = rf"\begin{{document}}\input{{{name}.tex}}\end{{document}}"
    article = rf"\documentclass{{article}}\usepackage{{{package}}}{body}"
    (folder / "article.tex").write_text(article)
    run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@pytest.mark.parametrize("kind", ["strands", "kernels", "cells"])
def test_tikz_compiles_with_plain_tikz(tmp_path: Path, kind: str) -> None:
    drawn = {
        "strands": lambda: scene(BLOCK, "block"),
        "kernels": lambda: kernel_scene(ATTENTION.entries["mha"]),
        "cells": lambda: scene(DISTILL),
    }[kind]()
    log = compiled(tmp_path, "figure", render_tikz(drawn), "tikz")
    assert "Missing character" not in log and "Undefined" not in log


def test_a_commuting_diagram_compiles(tmp_path: Path) -> None:
    if (
        shutil.which("kpsewhich")
        and not subprocess.run(["kpsewhich", "tikz-cd.sty"], capture_output=True, check=False).stdout
    ):
        pytest.skip("no tikz-cd")
    compiled(tmp_path, "cells", tikz_cd(cells(DISTILL.learnings["distill"])), "tikz-cd")


def test_tex_reads_no_character_otherwise() -> None:
    assert escaped("a_b^2 50% #1 {x} \\") == r"a\_b\textasciicircum{}2 50\% \#1 \{x\} \textbackslash{}"
    assert escaped("x ≤ q → 中") == r"x $\leq$ q $\to$ ?"


def test_the_link_of_quiver_holds_both_paths() -> None:
    link = quiver_link(cells(DISTILL.learnings["distill"]))
    data = json.loads(base64.b64decode(link.removeprefix("https://q.uiver.app/#q=")))
    version, count = data[:2]
    vertices, edges = data[2 : 2 + count], data[2 + count :]
    assert version == 0 and len({(x, y) for x, y, _ in vertices}) == count
    named = {edge[2]: edge for edge in edges}
    source, target, _, _, options = named[r"\textsf{teacher}"]
    assert [vertices[k][2] for k in (source, target)] == [r"\textsf{f32[pixel]}", r"\textsf{f32[class]}"]
    assert options["style"]["body"]["name"] == "dashed"
    assert sum(edge[4].get("level") == 2 for edge in edges) == 2


def test_the_page_needs_nothing_from_outside() -> None:
    text = page(BLOCK, "block")
    assert not re.findall(r"(?:src|href)\s*=|@import|url\(|fetch\(|import\(", text)
    keys = set(re.findall(r'<svg [^>]*id="(\w+)"', text))
    opened = set(re.findall(r'data-opens="(\w+)"', text))
    assert opened and opened <= keys and "kernels" in keys


def test_calls_open_all_the_way_down() -> None:
    found = {view.key: view for view in views(BLOCK.entries["block"])}
    titles = {view.title for view in found.values()}
    assert {"block", "attend", "softmax x", "swiglu", "rms_norm width"} <= titles
    attend = next(v for v in found.values() if v.title == "attend")
    assert [n.op.name for n in attend.diagram.inputs] == ["Q", "K", "V"]  # type: ignore[union-attr]
    assert found[next(iter(set(attend.notes.opens.values())))].title == "softmax x"


def test_hover_texts_count_as_a_person_would() -> None:
    drawn = scene(ATTENTION, "mha", sizes=SIZES)
    title = next(b.title for b in of(drawn, Box) if b.label == "contract d")
    # 2·b·h·q·x·d multiply-adds
    assert f"{2 * 2 * 8 * 4096 * 4096 * 128 / 1e9:.4g} GFLOP" in title and title.endswith("attention.diag:13")
    symbolic = {s.title for s in of(scene(ATTENTION, "mha"), Strand)}
    assert "q: bf16[b h q d]\n2·b·d·h·q B" in symbolic


def test_a_long_polynomial_keeps_its_highest_terms() -> None:
    n = Size.symbol("n")
    total = n * n * n + sum((Size.symbol(f"symbol{k}") for k in range(20)), Size())
    assert polynomial(total) == "n^3 + …"
    assert Notes().bytes(Array(DType.F32)) == "4 B"


@pytest.mark.parametrize("entry", ["causal", "mha"])
def test_kernels_mark_what_streams_and_what_is_shared_out(entry: str) -> None:
    drawn = kernel_scene(ATTENTION.entries[entry])
    assert_legible(drawn)
    assert {s.axis for s in of(drawn, Strand) if s.part == "halo"} == {"x"}
    marks = {s.axis for s in of(drawn, Strand) if s.part == "mark"}
    assert marks == ({"q", "x"} if entry == "causal" else {"b", "h", "q", "x"})
    loops = {b.label for b in of(drawn, Box) if b.style == "loop"}
    assert {"contract d", "contract x", "exp2"} <= loops and "recip" not in loops


def test_sizes_of_figures() -> None:
    assert len(render_svg(scene(ATTENTION)).encode()) <= 20_000
    assert len(render_svg(scene(BLOCK)).encode()) <= 200_000
