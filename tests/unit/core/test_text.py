"""The textual form of diagrams: what is printed is read back as the very same nodes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest

from diagc.check.program import check_source
from diagc.core.diagram import Diagram
from diagc.core.text import DiagramSyntaxError, parse_diagram, print_diagram
from diagc.core.verify import verify
from diagc.passes.base_two import BaseTwo
from diagc.passes.normalise import Normalise
from diagc.source import Source
from tests.mdtest.harness import blocks, text_of
from tests.properties.expressions import Maker

ROOT: Final = Path(__file__).parents[3]


def assert_round_trip(diagram: Diagram) -> None:
    verify(diagram)
    text = print_diagram(diagram)
    found = parse_diagram(text)
    assert found == diagram
    assert all(new is old for new, old in zip(found.outputs, diagram.outputs, strict=True))
    assert print_diagram(found) == text


@pytest.mark.parametrize("seed", range(150))
def test_random_diagrams(seed: int) -> None:
    diagram = Maker(random.Random(seed)).diagram()
    assert_round_trip(diagram)
    normal = Normalise().run(diagram)
    assert_round_trip(normal)
    assert_round_trip(BaseTwo().run(normal))


@pytest.mark.parametrize(
    "block",
    [b for b in blocks(ROOT / "docs" / "language.md") if "# error:" not in b.text],
    ids=lambda block: block.name,
)
def test_every_construct_of_the_language(block: object) -> None:
    program = check_source(Source("main.diag", text_of(block)), extra=dict(block.provided))
    for entry in program.entries.values():
        assert_round_trip(entry.diagram)
        assert_round_trip(Normalise().run(entry.diagram))


def test_a_page_of_it() -> None:
    text = "diag 1 axis q, x: 2 * q fn f(X: bf16[q], s: f32) -> f32[x] { return X[q -> x // 2] * s + 0.5 }"
    diagram = check_source(Source("f.diag", text)).entries["f"].diagram
    assert print_diagram(diagram) == (
        'diagram "f"\n'
        "axis q = {q}\n"
        "axis x = {2 * q}\n"
        '%0 = input name="X" role="tensor" : bf16[q]\n'
        '%1 = input name="s" role="tensor" : f32[]\n'
        "%2 = iota axis='x : i64[x] in x\n"
        "%3 = constant value=2 : i64[]\n"
        "%4 = map function=floordiv %2 %3 : i64[x]\n"
        "%5 = gather axis='q %0 %4 : bf16[x]\n"
        "%6 = map function=mul %5 %1 : f32[x]\n"
        "%7 = constant value=0.5 : f32[]\n"
        "%8 = map function=add %6 %7 : f32[x]\n"
        'return "out" %8 : f32[x]\n'
        "end\n"
    )


GOOD: Final = (
    'diagram "f"\naxis q = {q}\n%0 = input name="X" role="tensor" : f32[q]\nreturn "o" %0 : f32[q]\nend\n'
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f32[q]", "f31[q]"), ("f32[q]", "f32[z]"), ("input", "inputs"), ("%0 :", "%7 :"), ("end\n", ""), ("{q}", "{q"),
        ('"f"', "f"), ("role=", "rule="), ("end\n", "end\nend\n"), ("%0 = input", "%0 = constant"), ("{q}", "{(}"),
    ],
)  # fmt: skip
def test_wrong_texts_are_refused(old: str, new: str) -> None:
    assert parse_diagram(GOOD)
    with pytest.raises(DiagramSyntaxError, match="line"):
        parse_diagram(GOOD.replace(old, new))
