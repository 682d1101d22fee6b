"""Other writings of an entry give the same kernel: up to names, whatever laws lead from one to the other.

The laws are those of `laws.py`. What they do not cover: the order of contractions is chosen by work, a polynomial is
not searched for powers, and a factor below 32 bits stays a factor because it decides the dtype of a contraction.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Final

import pytest

from diagc.core.diagram import Diagram
from diagc.verify.derivation import check_result
from tests.properties.kernel_hash import kernel_hash
from tests.properties.laws import rewritten
from tests.properties.renaming import renamed
from tests.unit.specs import ROOT, SPECS, spec_entries

TABLE: Final = ROOT / "bench" / "results" / "laws.json"
FEW: Final = (
    ("attention", "causal"), ("masks", "sliding_window"), ("norms", "softmax_rows"), ("layers", "swiglu"),
    ("cross_entropy", "cross_entropy_rows"), ("moments", "spread"),
)  # fmt: skip


def _entries() -> dict[tuple[str, str], Diagram]:
    return {(path.stem, name): e.diagram for path in SPECS for name, e in spec_entries(path).items()}


@pytest.mark.parametrize("which", FEW, ids="-".join)
def test_a_few_laws_leave_the_kernel_unchanged(which: tuple[str, str]) -> None:
    diagram = _entries()[which]
    expected = kernel_hash(diagram)
    for seed in range(2):
        other, used = rewritten(diagram, random.Random(seed), 30)
        assert len(used) == 30
        assert check_result(diagram, other, "rewritten").passed
        assert kernel_hash(other, seed + 1) == expected, used


DECLARED = ("block", "convolution", "decode", "nearest", "norms")
"""Specs some of whose kernels still differ, in the order of axes, when inputs are declared in another order."""

RENAMED = [
    pytest.param(
        path,
        id=path.stem,
        marks=[pytest.mark.xfail(reason="axes are planned in the order of declaration")]
        if path.stem in DECLARED
        else [],
    )
    for path in SPECS
]


@pytest.mark.parametrize("path", RENAMED)
def test_names_and_declarations_leave_the_kernel_unchanged(path: Path) -> None:
    for entry in spec_entries(path).values():
        expected = kernel_hash(entry.diagram)
        assert {kernel_hash(renamed(entry.diagram, random.Random(s)), s) for s in (1, 2)} == {expected}


def test_other_diagrams_have_other_kernels() -> None:
    """The hash tells apart what is not equal."""
    found = {which: kernel_hash(diagram) for which, diagram in _entries().items()}
    assert len({found[which] for which in FEW}) == len(FEW)


@pytest.mark.slow
def test_two_hundred_laws_leave_most_kernels_unchanged() -> None:
    counts: dict[str, list[bool]] = {}
    for (file, name), diagram in _entries().items():
        expected = kernel_hash(diagram)
        for seed in range(2):
            other, _ = rewritten(diagram, random.Random(seed), 200)
            counts.setdefault(f"{file}.{name}", []).append(kernel_hash(other, seed + 1) == expected)
    same = sum(map(sum, counts.values()))
    total = sum(map(len, counts.values()))
    differ = sorted(name for name, found in counts.items() if not all(found))
    text = json.dumps({"applications": 200, "same": same, "of": total, "differ": differ}, indent=1) + "\n"
    assert text == TABLE.read_text("utf-8"), text
