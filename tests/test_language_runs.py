"""Every entry of the language reference runs in the float64 reference, on random arrays of small sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.core.diagram import Diagram, Node
from diagc.source import Source
from tests.mdtest.harness import Block, blocks, text_of

PAGE = Path(__file__).parents[1] / "docs" / "language.md"


def arrays(diagram: Diagram, sizes: dict[str, int], generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Random inputs; indices are in range."""
    return {n.op.name: array(n, sizes, generator) for n in diagram.inputs}


def array(current: Node, sizes: dict[str, int], generator: np.random.Generator) -> np.ndarray:
    shape = [axis.size.evaluate(sizes) for axis in current.axes]
    match current.dtype.kind:
        case "bool":
            return generator.random(shape) < 0.5
        case "int":
            bound = current.array.index_of.size.evaluate(sizes) if current.array.index_of else 9
            return generator.integers(0, bound, shape)
        case "float":
            return generator.standard_normal(shape)


def small_sizes(diagram: Diagram) -> dict[str, int]:
    """Distinct small sizes for which every axis has an element: windows are smaller than what they slide over."""
    symbols = diagram.size_symbols
    for order in (symbols, symbols[::-1]):
        sizes = {symbol: 4 + place for place, symbol in enumerate(order)}
        if all(axis.size.evaluate(sizes) > 0 for axis in diagram.axes):
            return sizes
    raise AssertionError(f"no sizes for {diagram.name}")


@pytest.mark.parametrize(
    "block", [b for b in blocks(PAGE) if "# error:" not in b.text], ids=lambda block: block.name
)
def test_entries_run(block: Block) -> None:
    program = check_source(Source("main.diag", text_of(block)), extra=dict(block.provided))
    generator = np.random.default_rng(0)
    for entry in program.entries.values():
        diagram = entry.diagram
        sizes = small_sizes(diagram)
        results = evaluate(diagram, arrays(diagram, sizes, generator), sizes)
        for value, layout in zip(results, diagram.layouts, strict=True):
            assert value.shape == tuple(axis.size.evaluate(sizes) for axis in layout.axes)
            assert not np.isnan(value).any(), diagram.name
