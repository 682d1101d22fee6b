"""Cases have the elements that a diagram takes."""

from __future__ import annotations

from diagc.core import ops
from diagc.core.diagram import walk
from diagc.verify.cases import cases, enough
from tests.unit.specs import entry


def test_every_case_has_as_many_elements_as_topk_takes() -> None:
    text = "axis q, x, two: 2 * x, few: 7\nfn f(S: f32[q two], T: f32[q x]) -> (a: f32[q few], b: f32[q few]) {\n"
    text += "  v, i = topk[two](S, k = few)\n  w, j = topk[x](T, k = few)\n  return v, w\n}"
    diagram = entry(text).diagram
    assert {type(n.op) for n in walk(diagram.outputs)} >= {ops.TopK}
    assert enough(diagram, {"q": 1, "x": 1}) == {"q": 1, "x": 7}
    assert enough(diagram, {"q": 2, "x": 30}) == {"q": 2, "x": 30}
    assert all(case.sizes["x"] >= 7 for case in cases(diagram))
