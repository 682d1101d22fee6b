"""Every error code that the compiler can raise has a page with an example, or a reason why it has none."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs" / "errors.md").read_text("utf-8")
CODE = re.compile(r"E\d{4}")

NO_EXAMPLE: Final = {
    "E0704": "emitted files", "E0523": "Python code",
    "E0104": "a file of a megabyte", "E0601": "arrays at run time", "E0602": "arrays at run time",
    "E0603": "arrays at run time", "E0604": "arrays at run time", "E0605": "arrays at run time",
    "E0606": "diagrams that no text gives", "E0607": "arrays at run time", "E0702": "raised after checking",
    "E0801": "arrays at run time", "E0802": "a tower of 65 functions; see tests/unit/check/test_limits.py",
    "E0805": "more than 64 files", "E0901": "the file system", "E0902": "the file system", "E0903": "the file system",
    "E0904": "an installation", "E0624": "the command line", "E0905": "the file system",
    "E1001": "a machine without a GPU", "E1101": "the command line",
    "E1102": "a machine file", "E1103": "a machine file", "E1104": "a machine file", "E1105": "the command line",
    "E1106": "a machine and its sizes", "E1201": "raised by an expansion; see tests/unit/flow/test_errors.py",
    "E1202": "raised by an expansion", "E1203": "raised by an expansion", "E1204": "raised by an expansion",
    "E1205": "raised by an expansion", "E1206": "raised by an expansion", "E1002": "an installation",
    "E1301": "raised after checking", "E1302": "paths in files", "E1303": "raised by an analysis",
    "E1501": "the command line", "E1506": "tables in files", "E1507": "raised by the solver",
    "E1508": "the command line",
    "E1401": "Python code", "E1402": "Python code", "E1403": "Python code",
}  # fmt: skip


def codes() -> set[str]:
    """The codes that stand as texts in the sources."""
    found: set[str] = set()
    for path in (ROOT / "diagc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return found


def section(code: str) -> str:
    match = re.search(rf"^## {code} .*?(?=^## |\Z)", PAGES, re.MULTILINE | re.DOTALL)
    assert match, f"docs/errors.md has no section {code}"
    return match[0]


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_has_a_page(code: str) -> None:
    text = section(code)
    assert "Remedy: " in text
    data = code.startswith("E06") and "```diag" not in text
    assert f"# error: [{code}]" in text or code in NO_EXAMPLE or data


def test_sections_are_in_order_and_once() -> None:
    found = re.findall(r"^## (E\d{4}) ", PAGES, re.MULTILINE)
    assert found == sorted(set(found))
