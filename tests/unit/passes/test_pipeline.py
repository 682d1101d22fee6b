"""Pipelines by name, with options, and verified on both sides of every pass."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from diagc.check.program import check_source
from diagc.core import ops
from diagc.core.diagram import Diagram, Node
from diagc.core.rewrite import Record
from diagc.core.verify import IllTyped
from diagc.passes.base_two import BaseTwo
from diagc.passes.normalise import Normalise
from diagc.passes.pipeline import Pipeline, PipelineError
from diagc.source import Source

TEXT = "diag 1 axis q fn f(X: f32[q]) -> f32 { return sum[q](exp(X / 2)) }"


@dataclass(frozen=True, slots=True)
class Breaks:
    """A pass with a defect, when it is told to have one."""

    times: int = 0
    scale: float = 1.0
    axis: str = "q"
    loud: bool = False

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        out = diagram.outputs[0]
        broken = Node(ops.Cast(diagram.layouts[0].dtype), (out, out), out.array)
        return diagram.with_outputs((broken,)) if self.times else diagram


KNOWN = {"breaks": Breaks, "normalise": Normalise}


def test_passes_run_in_their_order() -> None:
    diagram = check_source(Source("f.diag", TEXT)).entries["f"].diagram
    made = Pipeline.parse("normalise, base-two").run(diagram)
    assert made == BaseTwo().run(Normalise().run(diagram))
    assert Pipeline.parse("").run(diagram) is diagram


def test_options_are_read() -> None:
    found = Pipeline.parse("breaks{times=2, scale=0.5, axis=x, loud=true},breaks", KNOWN)
    assert found.passes == (Breaks(2, 0.5, "x", True), Breaks())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("normalize", "there are breaks, normalise"), ("breaks{size=1}", "has no option `size`"),
        ("breaks{times=x}", "is of type int, not `x`"), ("breaks{loud=yes}", "is of type bool"),
        ("breaks breaks", "is no pass"), ("breaks{times=1", "is no pass"), ("normalise{rules=1}", "there are: none"),
    ],
)  # fmt: skip
def test_wrong_pipelines_are_refused(text: str, reason: str) -> None:
    with pytest.raises(PipelineError, match=reason):
        Pipeline.parse(text, KNOWN)


def test_a_broken_pass_is_found() -> None:
    diagram = check_source(Source("f.diag", TEXT)).entries["f"].diagram
    with pytest.raises(IllTyped, match="2 operands instead of 1"):
        Pipeline.parse("normalise,breaks{times=1}", KNOWN).run(diagram)
