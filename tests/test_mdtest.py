"""Every `diag` block of the documentation and of `tests/mdtest` says what the compiler says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mdtest.harness import Block, blocks, run

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted((ROOT / "tests" / "mdtest").glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize(
    "block", [b for document in DOCUMENTS for b in blocks(document)], ids=lambda b: b.name
)
def test_block(block: Block, tmp_path: Path) -> None:
    run(block, tmp_path)
