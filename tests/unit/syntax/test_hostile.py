"""No input makes the parser fail otherwise than by a diagnostic, nor takes it long."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagc.diagnostics import DiagnosticError
from diagc.limits import MAX_FILE_BYTES, MAX_NESTING
from diagc.source import Source
from diagc.syntax.files import load_source
from diagc.syntax.parse import parse

MANY = 100_000


def codes(text: str) -> list[str]:
    with pytest.raises(DiagnosticError) as caught:
        parse(Source("hostile.diag", text))
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(
    "text",
    [
        "fn f(X) { return " + "(" * MANY,
        "fn f(X) { return " + "f(" * MANY,
        "axis a: " + "-" * MANY + "a",
        "axis a: " + "a^" * MANY + "a",
        "axis a: " + "+".join("a" * 20_000),
        "fn f = " + "weave[a] " * MANY + "g",
        "fn f(X) { return " + "not " * MANY + "X }",
        "fn f(X) { return X" + "|> f" * 20_000 + " }",
        "fn f(X) { return X" + "[q->a]" * 10_000 + " }",
    ],
    ids=lambda text: text[:24],
)
def test_nesting_is_bounded(text: str) -> None:
    assert codes("diag 1\n" + text) == ["E0105"]


def test_nesting_up_to_the_limit_is_fine() -> None:
    text = "f(" * (MAX_NESTING - 1) + "X" + ")" * (MAX_NESTING - 1)
    parse(Source("deep.diag", f"diag 1\nfn g(X) {{ return {text} }}"))


@pytest.mark.parametrize("text", ["\0" * MANY, "\x1b[2J", "\ufeff diag 1", "\ud800", "diag 1\n\0"])
def test_strange_characters(text: str) -> None:
    assert codes(text) == ["E0101"]


def test_numbers_are_bounded() -> None:
    assert codes("diag 1\naxis a: " + "9" * MANY) == ["E0106"]
    assert codes("diag 1\naxis a: 1e999") == ["E0106"]
    assert codes("diag " + "1" * MANY) == ["E0103"]


def test_files_are_bounded() -> None:
    assert codes("diag 1\n" + " " * MAX_FILE_BYTES) == ["E0104"]


def test_errors_are_bounded() -> None:
    assert 0 < len(codes("diag 1\n" + "axis a b\n" * 5000)) <= 100


def refused(path: Path, root: Path) -> str:
    with pytest.raises(DiagnosticError) as caught:
        load_source(path, root)
    return caught.value.diagnostics[0].code


def test_files_are_read_within_their_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.diag").write_bytes("\ufeffdiag 1\n# é".encode())
    (tmp_path / "outside.diag").write_text("diag 1\n")
    (root / "link.diag").symlink_to(tmp_path / "outside.diag")
    (root / "loop.diag").symlink_to(root / "loop.diag")
    (root / "latin.diag").write_bytes(b"diag 1\n# \xe9")
    (root / "large.diag").write_bytes(b" " * (MAX_FILE_BYTES + 1))
    assert load_source(root / "a.diag", root).text == "diag 1\n# é"
    assert refused(root / ".." / "outside.diag", root) == "E0902"
    assert refused(root / "link.diag", root) == "E0902"
    assert refused(root / "loop.diag", root) == "E0901"
    assert refused(root / "missing.diag", root) == "E0901"
    assert refused(root, root) == "E0901"
    assert refused(root / "nul\0.diag", root) == "E0901"
    assert refused(root / "latin.diag", root) == "E0903"
    assert refused(root / "large.diag", root) == "E0104"
