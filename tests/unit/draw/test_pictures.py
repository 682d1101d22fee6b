"""Pictures: nothing overlaps, consumed axes end at a box, woven axes pass it, bytes are stable."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest

from diagc.core.diagram import Diagram, Node
from diagc.diagnostics import DiagnosticError
from diagc.draw import Box, Cell, Scene, Strand, draw_cells, draw_diagram, draw_overview, render_svg
from tests.unit.draw import examples as ex
from tests.unit.draw.legible import assert_legible, hits, of

pytest.importorskip("pygraphviz")

DRAWN = [pytest.param(d, calls, id=d.name) for d, calls in ex.examples()]
RANDOM = [pytest.param(ex.random_diagram(seed), {}, id=f"random {seed}") for seed in range(50)]
LARGE = [pytest.param(ex.random_diagram(seed, 60), {}, id=f"large {seed}") for seed in (1, 2, 5)]


@pytest.mark.parametrize(("diagram", "calls"), DRAWN + RANDOM + LARGE)
def test_nothing_overlaps(diagram: Diagram, calls: Mapping[Node, str]) -> None:
    assert_legible(draw_diagram(diagram, calls))


@pytest.mark.parametrize(("diagram", "calls"), DRAWN + RANDOM[:5])
def test_svg_is_xml_and_repeats_its_bytes(diagram: Diagram, calls: Mapping[Node, str]) -> None:
    svg = render_svg(draw_diagram(diagram, calls))
    assert svg == render_svg(draw_diagram(diagram, calls))
    root = ElementTree.fromstring(svg)
    said = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(name in said for name in diagram.output_names)


def ends(scene: Scene, box: Box, axis: str) -> tuple[int, int, int]:
    """How many strands of an axis arrive at the left edge of a box, run through it, leave its right edge."""
    found = [0, 0, 0]
    for strand in of(scene, Strand):
        (x0, y0), (x1, y1) = strand.points[0], strand.points[-1]
        if strand.axis == axis:
            inside = strand.part == "through" and hits(strand, box.bounds)
            found[0] += strand.part == "open" and abs(x1 - box.x) < 0.01 and box.y < y1 < box.y + box.h
            found[1] += inside
            found[2] += (
                strand.part == "open" and abs(x0 - box.x - box.w) < 0.01 and box.y < y0 < box.y + box.h
            )
    return found[0], found[1], found[2]


def test_consumed_axes_end_at_the_box_and_woven_axes_pass() -> None:
    scene = draw_diagram(*ex.attention())
    boxes = {box.label: box for box in of(scene, Box)}
    assert set(boxes) == {"contract d", "/ √d", "mask x ≤ q", "softmax x", "contract x"}
    assert ends(scene, boxes["contract d"], "d") == (2, 0, 0)
    assert ends(scene, boxes["contract d"], "b") == (2, 2, 1)
    assert ends(scene, boxes["contract x"], "x") == (2, 0, 0)
    assert ends(scene, boxes["softmax x"], "x") == (1, 0, 1)
    assert ends(scene, boxes["softmax x"], "q") == (0, 0, 0)
    softmax = boxes["softmax x"]
    over = [s for s in of(scene, Strand) if s.axis == "q" and s.points[0][0] < softmax.x + 0.1]
    assert any(s.points[-1][0] > softmax.x + softmax.w - 0.1 and s.points[0][1] < softmax.y for s in over)


def test_colours_tell_axes_apart_and_batch_axes_are_grey() -> None:
    scene = draw_diagram(*ex.attention())
    roles = {(s.axis, s.role) for s in of(scene, Strand) if s.part == "open"}
    assert {axis for axis, role in roles if role == "batch"} == {"b", "h"}
    assert len({role for _, role in roles}) == 4


@pytest.mark.parametrize(
    ("diagram", "expected"),
    [
        (ex.dense(), {"contract i", "+", "gelu"}),
        (ex.layer_norm(), {"mean d", "−", "square", "rsqrt(· + 1e-5)", "×", "+"}),
        (ex.convolution(), {"n → i + k", "contract k c", "relu"}),
        (ex.embedding(), {"gather vocab", "contract d", "tanh", "cumsum t", "argmax z", "stop"}),
    ],
)
def test_boxes_are_those_a_person_would_draw(diagram: Diagram, expected: set[str]) -> None:
    assert {box.label for box in of(draw_diagram(diagram), Box)} == expected


def test_calls_that_would_close_a_cycle_stay_unfolded() -> None:
    diagram, calls = ex.attention()
    top = dict.fromkeys(list(calls)[:1], "outer") | {list(calls)[-1]: "outer"}
    parts = dict(list(calls.items())[1:3])
    assert_legible(draw_diagram(diagram, parts | top))


def test_attention_is_small() -> None:
    assert len(render_svg(draw_diagram(*ex.attention())).encode()) <= 20_000


def test_cells_are_legible() -> None:
    scene = draw_cells(ex.distillation())
    assert_legible(scene)
    arrows = {s.title.partition(": ")[2]: s for s in of(scene, Strand) if s.head}
    assert arrows["teacher"].hollow and arrows["teacher"].dashed
    assert not arrows["student"].hollow and not arrows["student"].dashed
    ElementTree.fromstring(render_svg(scene))


def test_cells_of_any_shape_are_legible() -> None:
    path, arrow = ex.Path, ex.Arrow
    arrows = (arrow("x"), arrow("encoder", "ema"), arrow("dec"))
    long = path(("source", "f32[a b c]", "f32[z]", "f32[a b c]"), arrows)
    identity = path(("source", "f32[a b c]"), (arrow("x"),))
    apart = path(("another", "bool"), (arrow("a very long name of a column"),))
    last = Cell("α", identity, apart, "a comparator of some length", "2e-3")
    cells = [Cell("", long, identity, "mse"), last]
    assert_legible(draw_cells(cells))
    assert_legible(draw_cells([]))


def test_an_overview_draws_what_paths_share_once() -> None:
    arrow, path = ex.Arrow, ex.Path
    code = path(("x", "f32[p]", "f32[z]"), (arrow("image"), arrow("enc", "train")))
    back = path((*code.objects, "f32[p]"), (*code.arrows, arrow("dec", "train")))
    image = path(("x", "f32[p]"), (arrow("image"),))
    held = path(("x", "f32[p]", "f32[z]"), (arrow("image"), arrow("old", "frozen")))
    scene = draw_overview([Cell("again", back, image, "mse"), Cell("near", code, held, "cosine", "0.1")])
    assert_legible(scene)
    arrows = [s.title for s in of(scene, Strand) if s.head]
    assert sorted(arrows) == ["data: image", "frozen: old", "train: dec", "train: enc"]
    assert {box.label for box in of(scene, Box)} == {"mse", "cosine × 0.1"}
    for box in of(scene, Box):  # two paths end at each
        ends = [s.points[-1] for s in of(scene, Strand) if not s.head]
        assert sum(x == box.x and box.y < y < box.y + box.h for x, y in ends) == 2
    assert_legible(draw_overview([]))


def test_bundles_that_run_side_by_side_are_kept_apart() -> None:
    scene = draw_diagram(*ex.attention())
    (box,) = [box for box in of(scene, Box) if box.label == "contract d"]
    apart = [s for s in of(scene, Strand) if s.part == "apart"]
    (line,) = [s for s in apart if box.x - 5 < s.points[-1][0] < box.x]
    heights = sorted(
        s.points[-1][1] for s in of(scene, Strand) if s.part == "open" and s.points[-1][0] == box.x
    )
    # four strands of Q above it, four of K below it
    assert sum(y < line.points[0][1] for y in heights) == 4 == sum(y > line.points[0][1] for y in heights)


def test_without_pygraphviz_there_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(DiagnosticError) as caught:
        draw_diagram(ex.dense())
    assert [d.code for d in caught.value.diagnostics] == ["E0904"]
