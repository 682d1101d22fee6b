"""Blockwise JAX against the float64 reference, with blocks smaller, larger and one off the sizes of the arrays."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from diagc.backends.emit import blockwise, jax_source
from diagc.backends.reference import evaluate
from diagc.backends.writer import identifier
from diagc.check.entry import Entry
from diagc.check.program import read_program
from diagc.modules import module_of
from diagc.verify.cases import cases
from diagc.verify.differential import judge_array

ROOT = Path(__file__).parents[2]
SPECS = sorted(p for p in (ROOT / "specs").rglob("*.diag") if not {"flow", "runs", "design"} & set(p.parts))
BLOCKS = (1, 16, 17, 1000)


def blocked(path: Path) -> dict[str, Entry]:
    return {name: entry for name, entry in read_program(path).entries.items() if blockwise(entry) is not None}


def module(text: str, folder: Path) -> ModuleType:
    path = folder / "emitted.py"
    path.write_text(text)
    return module_of(path)


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("path", [p for p in SPECS if blocked(p)], ids=lambda p: p.stem)
def test_any_block_computes_the_reference(path: Path, block: int, tmp_path: Path) -> None:
    entries = blocked(path)
    emitted = module(jax_source(entries, path.name), tmp_path)
    for name, entry in entries.items():
        function = getattr(emitted, identifier(name))
        given = {
            p: block + i
            for i, p in enumerate(inspect.signature(function).parameters)
            if p.startswith("block_")
        }
        assert given
        for case in cases(entry.diagram):
            if max(case.sizes.values()) > 70 * block:
                continue  # thousands of trips show nothing that dozens do not
            made = function(**case.arrays, **given)
            want = evaluate(entry.diagram, case.arrays, case.sizes)
            plain = evaluate(entry.diagram, case.arrays, case.sizes, rounding=True)
            results = made if isinstance(made, tuple) else (made,)
            for value, exact, rough, layout in zip(results, want, plain, entry.diagram.layouts, strict=True):
                _, _, problem = judge_array(np.asarray(value, np.float64), exact, rough, layout)
                assert problem is None, (name, case.name, given, problem)


def test_blocks_are_no_longer_than_their_axes(tmp_path: Path) -> None:
    entries = blocked(ROOT / "specs" / "attention" / "attention_f32.diag")
    text = jax_source(entries, "attention_f32.diag")
    assert "block_x = min(block_x, max(x, 1))" in text
    empty = {name: np.zeros((0, 4), np.float32) for name in "QKV"}
    assert module(text, tmp_path).causal(**empty).shape == (0, 4)
