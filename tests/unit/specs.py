"""Entries of the shipped specs and of texts, for tests of the rooms behind the checker."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from diagc.check.entry import Entry
from diagc.check.program import check_source, read_program
from diagc.source import Source

ROOT = Path(__file__).parents[2]
SPECS = tuple(
    sorted(
        p
        for p in (ROOT / "specs").rglob("*.diag")
        if not {"learning", "flow", "runs", "design"} & set(p.parts)
    )
)


@cache
def spec_entries(path: Path) -> dict[str, Entry]:
    """The entries of a spec file."""
    return read_program(path).entries


def entry(text: str, name: str = "f") -> Entry:
    """An entry of a text without its header line."""
    return check_source(Source("test.diag", f"diag 1\n{text}")).entries[name]
