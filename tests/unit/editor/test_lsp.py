"""The language server, driven over its pipes by a client: errors, hover, definition, rename, format."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from diagc.api import load
from diagc.core.ops import POINTWISE

lsp = pytest.importorskip("lsprotocol.types")
clients = pytest.importorskip("pygls.lsp.client")

TEXT = """diag 1
size n
axis q: n, x, d
fn f(Q: f32[q d], K: f32[x d]) -> f32[q] {
  S = sum[d](Q * K)  # 𝔸
  P = softmax[x](S)
  return sum[x](P)
}
fn g[q](X: f32[q]) -> f32 { return sum[q](X) }
"""


class Session:
    """A client with one open file."""

    def __init__(self, client: Any, uri: str) -> None:
        self.client, self.uri, self.version = client, uri, 1
        self.found: asyncio.Queue[Any] = asyncio.Queue()

    async def write(self, text: str) -> list[Any]:
        """Change the whole text; the errors that come back."""
        self.version += 1
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        document = lsp.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))
        return list((await asyncio.wait_for(self.found.get(), 20)).diagnostics)

    def at(self, line: int, character: int) -> dict[str, Any]:
        document = lsp.TextDocumentIdentifier(self.uri)
        return {"text_document": document, "position": lsp.Position(line, character)}

    async def hover(self, line: int, character: int) -> str:
        found = await self.client.text_document_hover_async(lsp.HoverParams(**self.at(line, character)))
        return found.contents.value if found else ""


def session(path: Path, work: Callable[[Session], Awaitable[None]]) -> None:
    text = path.read_text("utf-8")

    async def run() -> None:
        client = clients.LanguageClient("test", "1")
        await client.start_io(sys.executable, "-m", "diagc.cli.main", "lsp")
        opened = Session(client, path.as_uri())

        @client.feature("textDocument/publishDiagnostics")
        def published(found: Any) -> None:
            opened.found.put_nowait(found)

        try:
            capabilities = lsp.ClientCapabilities()
            await client.initialize_async(lsp.InitializeParams(capabilities, root_uri=path.parent.as_uri()))
            client.initialized(lsp.InitializedParams())
            item = lsp.TextDocumentItem(opened.uri, "diag", 1, text)
            client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
            first = (await asyncio.wait_for(opened.found.get(), 30)).diagnostics
            assert list(first) == []
            await work(opened)
            await client.shutdown_async(None)
        finally:
            client.exit(None)
            await client.stop()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_an_editing_session(tmp_path: Path) -> None:
    path = tmp_path / "a.diag"
    path.write_text(TEXT, "utf-8")

    async def work(s: Session) -> None:
        assert "S: f32[q x]" in await s.hover(4, 2) and "4·n·x B" in await s.hover(5, 17)
        assert await s.hover(2, 5) == "axis `q`, size `n`"
        assert "fn softmax[a](X)" in await s.hover(5, 8)

        there = await s.client.text_document_definition_async(lsp.DefinitionParams(**s.at(5, 17)))
        assert (there.uri, there.range.start.line, there.range.start.character) == (s.uri, 4, 2)
        library = await s.client.text_document_definition_async(lsp.DefinitionParams(**s.at(5, 8)))
        assert library.uri.endswith("diagc/std/maps.diag")

        edit = await s.client.text_document_rename_async(lsp.RenameParams(**s.at(3, 12), new_name="row"))
        changed = renamed(TEXT, edit.changes[s.uri])
        assert changed == TEXT.replace("axis q", "axis row").replace("[q d]", "[row d]").replace(
            "f32[q] {\n  S", "f32[row] {\n  S"
        )
        assert await s.write(changed) == []

        (error,) = await s.write(TEXT.replace("sum[d](Q * K)", "sum[e](Q * K)"))
        assert (error.code, error.range.start.line, error.range.start.character) == ("E0202", 4, 10)
        (syntax,) = await s.write(TEXT.replace("sum[x](P)", "sum[x](P"))
        assert syntax.code.startswith("E01")
        assert "S: f32[row x]" in await s.hover(4, 2)  # of the last text that could be read

        assert await s.write(TEXT.replace("  S =", "      S   =")) == []
        options = lsp.FormattingOptions(tab_size=2, insert_spaces=True)
        document = lsp.TextDocumentIdentifier(s.uri)
        (whole,) = await s.client.text_document_formatting_async(
            lsp.DocumentFormattingParams(document, options)
        )
        assert "\n  S = sum[d](Q * K)" in whole.new_text and "# 𝔸" in whole.new_text

    session(path, work)


def renamed(text: str, edits: list[Any]) -> str:
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        line, start, end = edit.range.start.line, edit.range.start.character, edit.range.end.character
        lines[line] = lines[line][:start] + edit.new_text + lines[line][end:]
    return "\n".join(lines)


@pytest.mark.parametrize("spec", sorted(Path("specs").rglob("*.diag")), ids=lambda p: p.stem)
def test_renaming_each_axis_of_a_spec_keeps_it_sound(spec: Path, tmp_path: Path) -> None:
    from diagc.editor.symbols import symbols
    from diagc.source import Source
    from diagc.syntax.parse import parse

    text = spec.read_text("utf-8")
    found = symbols(parse(Source("a.diag", text)))
    before = load(spec)
    for symbol in {id(s): s for _, s in found.places if s.kind == "axis"}.values():
        changed = text
        for span in reversed(symbol.occurrences):
            changed = changed[: span.start] + "renamed_axis" + changed[span.end :]
        path = tmp_path / "changed.diag"
        path.write_text(changed, "utf-8")
        after = load(path)
        assert list(after.entries) == list(before.entries) and list(after.learnings) == list(before.learnings)


def test_the_textmate_grammar_knows_the_words_of_the_language() -> None:
    grammar = json.loads(Path("editor/vscode/syntaxes/diag.tmLanguage.json").read_text())["repository"]
    for rule in grammar.values():
        re.compile(rule["match"])
    unary = {n for n, p in POINTWISE.items() if p.arity == 1 and n not in ("neg", "not", "recip")}
    assert all(re.search(grammar["call"]["match"], f"{name}(X)") for name in unary)
    for dtype in ("f32", "bf16", "i32", "bool"):
        assert re.fullmatch(grammar["dtype"]["match"], dtype)
