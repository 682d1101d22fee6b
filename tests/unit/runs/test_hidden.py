"""Permutations of hidden axes leave the loss of every learning diagram that ships alone, and are all found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.check.program import read_program
from diagc.core import ops
from diagc.core.diagram import Diagram, Node
from diagc.core.learning import LearningDiagram
from diagc.passes.commute import commute
from diagc.runs.align import permuted
from diagc.runs.hidden import groups

ROOT = Path(__file__).parents[3] / "specs" / "learning"
RNG = np.random.default_rng(0)

FOUND: dict[str, list[set[str]]] = {
    "supervised": [{"student.l1.W", "student.l1.c", "student.l2.W"}],
    "denoising": [
        {"clean.l1.W", "clean.l1.c", "clean.l2.W"}, {"clean.l2.W", "clean.l2.c", "clean.l3.W"},
        {"clean.l3.W", "clean.l3.c", "clean.l4.W"},
    ],
    "world": [{"dec.l1.W", "dyn.B", "dyn.W", "dyn.c", "enc.l1.W", "enc.l1.c"}],
}  # fmt: skip
"""The arrays along each hidden axis, read off the specifications by hand."""


def diagrams() -> dict[str, LearningDiagram]:
    made: dict[str, LearningDiagram] = {}
    for path in sorted(ROOT.glob("*.diag")):
        try:
            made |= {f"{path.stem}.{n}": found for n, found in read_program(path).learnings.items()}
        except Exception:
            continue
    return made


ALL = diagrams()


def drawn(node: Node) -> np.ndarray:
    shape = tuple(axis.size.value or 3 for axis in node.axes)
    if node.array.index_of is not None:
        return RNG.integers(0, node.array.index_of.size.value or 3, shape)
    return RNG.normal(size=shape) if node.dtype.kind == "float" else RNG.integers(0, 2, shape)


def inputs(diagram: Diagram) -> dict[str, np.ndarray]:
    return {node.op.name: drawn(node) for node in diagram.inputs if isinstance(node.op, ops.Input)}


@pytest.mark.parametrize("name", ALL)
def test_no_permutation_changes_a_loss(name: str) -> None:
    diagram = commute(ALL[name])
    if diagram.size_symbols and any(not s.startswith("batch.") for s in diagram.size_symbols):
        pytest.skip("sizes of its arrays are free")
    arrays, hidden = inputs(diagram), groups(diagram)
    before = evaluate(diagram, arrays, dict.fromkeys(diagram.size_symbols, 3))[0]
    moved = permuted(arrays, hidden, [RNG.permutation(group.size) for group in hidden])
    after = evaluate(diagram, moved, dict.fromkeys(diagram.size_symbols, 3))[0]
    assert float(after) == pytest.approx(float(before), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", FOUND)
def test_the_hidden_axes_are_found(name: str) -> None:
    found = groups(commute(ALL[f"{name}.{name}"]))
    arrays = [{path for path, _ in group.places} for group in found]
    assert sorted(map(sorted, arrays)) == sorted(map(sorted, FOUND[name]))


def test_what_does_not_move_holds_what_it_meets() -> None:
    """With the second layer held, its hidden axis is no symmetry of the first any more."""
    diagram = commute(ALL["denoising.denoising"])
    trained = {"clean.l1.W", "clean.l1.c", "clean.l3.W", "clean.l3.c", "clean.l4.W", "clean.l4.c"}
    found = [{path for path, _ in group.places} for group in groups(diagram, trained)]
    assert found == [{"clean.l3.W", "clean.l3.c", "clean.l4.W"}]
