"""Markdown as a test suite: every fenced block `diag` of a document is checked.

- `# error: [E0102] part of the message` at the end of a line: this error is on this line. On a line of its own it
  speaks of the next line. A block without such comments has no errors, and no block has other errors.
- `# revealed: S f32[q x]`: the type of a variable.
- A block that starts without `diag 1` gets the header and a declaration of the axes it uses without declaring them,
  unless its info string has the word `raw`.
- ```` ```diag file=blocks.diag ```` provides a file to the blocks of the same section.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import pytest

from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.source import Source
from diagc.syntax import tree
from diagc.syntax.parse import parse

_FENCE = re.compile(
    r"^(?P<ticks>`{3,})diag(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=ticks)\s*$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_ERROR = re.compile(r"# error: \[(E\d{4})\]((?:(?!# error: )[^\n])*)")
_REVEALED = re.compile(r"# revealed: (\w+) ([^#\n]+)")
_HEADER = re.compile(r"\s*(#[^\n]*\n\s*)*diag\b")

Check = Callable[[Source], tuple[Diagnostic, ...]]
Reveal = Callable[[Source, int, str], str]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a document; `files` are those that its section provides before it."""

    document: Path
    line: int
    text: str
    raw: bool
    files: tuple[tuple[str, str], ...]

    @property
    def provided(self) -> tuple[tuple[str, str], ...]:
        """The files with their headers."""
        return tuple((n, text if _HEADER.match(text) else f"diag 1\n{text}") for n, text in self.files)

    @property
    def name(self) -> str:
        return f"{self.document.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Expectation:
    line: int
    code: str
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """The blocks of a document that are checked on their own."""
    content = document.read_text("utf-8")
    files: list[tuple[str, str]] = []
    last = 0
    for fence in _FENCE.finditer(content):
        if _HEADING.search(content, last, fence.start()):
            files.clear()
        last = fence.end()
        words = dict(word.partition("=")[::2] for word in fence["info"].split())
        if "file" in words:
            files.append((words["file"], fence["body"]))
            continue
        line = content.count("\n", 0, fence.start()) + 1
        yield Block(document, line, fence["body"], "raw" in words, tuple(files))


def run(block: Block, folder: Path) -> None:
    """Check a block in an empty folder; fails with the difference between what is said and what is found."""
    for name, text in block.provided:
        (folder / name).write_text(text, "utf-8")
    path = folder / "main.diag"
    path.write_text(text_of(block), "utf-8")
    source = Source(str(path), text_of(block))
    expected = _expectations(source.text)
    check = _api("check")
    if check is None and any(not one.code.startswith("E01") for one in expected):
        pytest.skip("diagc.api.check does not exist yet, and the block expects more than syntax errors")
    _compare(expected, (check or _syntax)(source))
    _compare_types(source)


def text_of(block: Block) -> str:
    """The file that a block stands for."""
    return _first_line(block) + block.text


def _first_line(block: Block) -> str:
    if block.raw or _HEADER.match(block.text):
        return ""
    try:
        missing = _undeclared(parse(Source("block", f"diag 1\n{block.text}")))
    except DiagnosticError:
        missing = []
    return "diag 1 " + (f"axis {', '.join(missing)}" if missing else "") + "\n"


def _undeclared(file: tree.File) -> list[str]:
    """The axes in brackets of types and calls that neither the file nor an axis parameter declares."""
    used: dict[str, None] = {}
    known: set[str] = set()
    waiting: list[object] = [file]
    while waiting:
        node = waiting.pop()
        match node:
            case tree.Type() | tree.Call() | tree.Scan() | tree.Weave() | tree.Pipe() | tree.Instance():
                used |= dict.fromkeys(axis.text for axis in node.axes or ())
            case tree.AxisDecl(name):
                known.add(name.text)
            case tree.Fn():
                known |= {axis.text for axis in node.axis_params or ()}
            case _:
                pass
        if isinstance(node, tuple):
            waiting.extend(node)
        elif is_dataclass(node) and isinstance(node, tree.Node):
            waiting.extend(getattr(node, one.name) for one in fields(node) if one.name != "span")
    return sorted(set(used) - known)


def _expectations(text: str) -> list[Expectation]:
    found: list[Expectation] = []
    for number, line in enumerate(text.split("\n"), 1):
        target = number + 1 if line.lstrip().startswith("# error:") else number
        found += [Expectation(target, code, part.strip()) for code, part in _ERROR.findall(line)]
    return found


def _compare(expected: list[Expectation], found: tuple[Diagnostic, ...]) -> None:
    for one in found:
        assert re.fullmatch(r"E\d{4}", one.code) and one.message, f"no code or message: {one}"
        assert one.span is not None and (one.span.start < one.span.end or one.code == "E0102"), (
            f"no place: {one}"
        )
        assert one.help, f"no help: {one}"
    places = [(one.code, one.span) for one in found]
    assert len(set(places)) == len(places), f"reported twice: {places}"
    rest = list(found)
    missing: list[Expectation] = []
    for one in expected:
        match = next((d for d in rest if _agrees(one, d)), None)
        if match is None:
            missing.append(one)
        else:
            rest.remove(match)
    unexpected = [
        f"line {d.span.line if d.span else '?'}: [{d.code}] {d.message} (help: {d.help})" for d in rest
    ]
    assert not missing, f"expected but not found: {missing}; found instead: {unexpected}"
    assert not unexpected, f"not expected: {unexpected}"


def _agrees(expected: Expectation, found: Diagnostic) -> bool:
    said = "\n".join([found.message, *(label.text for label in found.labels), found.help or ""])
    line = found.span.line if found.span else 1
    return (expected.line, expected.code) == (line, found.code) and expected.text in said


def _compare_types(source: Source) -> None:
    revealed = [(n, *m) for n, line in enumerate(source.text.split("\n"), 1) for m in _REVEALED.findall(line)]
    if not revealed:
        return
    reveal: Reveal | None = _api("reveal")
    if reveal is None:
        pytest.skip("diagc.api.reveal(source, line, name) does not exist yet")
    for line, name, type_ in revealed:
        assert reveal(source, line, name) == type_.strip(), f"line {line}: type of `{name}`"


def _api(name: str) -> Callable[..., object] | None:
    if importlib.util.find_spec("diagc.api") is None:
        return None
    return getattr(importlib.import_module("diagc.api"), name, None)


def _syntax(source: Source) -> tuple[Diagnostic, ...]:
    try:
        parse(source)
    except DiagnosticError as error:
        return error.diagnostics
    return ()
