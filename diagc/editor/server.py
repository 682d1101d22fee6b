"""The language server: what `diagc lsp` speaks with an editor, over standard input and output.

Places count in UTF-16 units, as the protocol has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.editor.document import LIBRARY, Document
from diagc.source import Source, Span
from diagc.version import __version__


def position(source: Source, offset: int) -> lsp.Position:
    """An offset in characters as line and UTF-16 unit.

    >>> position(Source("a", "a\\n𝔸b"), 3)
    1:2
    """
    line, _ = source.position(offset)
    before = source.text[source.line_starts[line - 1] : offset]
    return lsp.Position(line - 1, len(before.encode("utf-16-le")) // 2)


def offset(source: Source, place: lsp.Position) -> int:
    """The offset in characters of a place; what lies beyond the text is its end.

    >>> offset(Source("a", "a\\n𝔸b"), lsp.Position(1, 2))
    3
    """
    if place.line >= len(source.line_starts):
        return len(source.text)
    start = source.line_starts[place.line]
    line = source.line(place.line + 1)
    return start + len(line.encode("utf-16-le")[: 2 * place.character].decode("utf-16-le", "ignore"))


def span_range(span: Span) -> lsp.Range:
    return lsp.Range(position(span.source, span.start), position(span.source, max(span.end, span.start)))


def published(diagnostic: Diagnostic, uri: str) -> lsp.Diagnostic:
    """A diagnostic for an editor: its own place, and what its other labels say."""
    own = [label for label in diagnostic.labels if label.span.source.name == _path(uri)]
    place = span_range(own[0].span) if own else lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
    more = [
        lsp.DiagnosticRelatedInformation(lsp.Location(uri, span_range(label.span)), label.text)
        for label in own
        if label.text
    ]
    help_line = f"\nhelp: {diagnostic.help}" if diagnostic.help else ""
    return lsp.Diagnostic(
        place, diagnostic.message + help_line, lsp.DiagnosticSeverity.Error, diagnostic.code, source="diagc",
        related_information=more,
    )  # fmt: skip


def _path(uri: str) -> str:
    return str(to_fs_path(uri) or uri)


def server() -> LanguageServer:
    """A server with all features, ready to be started."""
    made = LanguageServer("diagc", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
    documents: dict[str, Document] = {}
    _watch(made, documents)
    _answer(made, documents)
    return made


def _watch(made: LanguageServer, documents: dict[str, Document]) -> None:
    """Errors as one types."""

    def take(uri: str) -> None:
        text = made.workspace.get_text_document(uri)
        document = documents.setdefault(uri, Document(Path(_path(uri))))
        found = [published(d, uri) for d in document.changed(text.source)]
        made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, text.version))

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(given: lsp.DidOpenTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        take(given.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(given: lsp.DidChangeTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        take(given.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(given: lsp.DidCloseTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        documents.pop(given.text_document.uri, None)


def _answer(made: LanguageServer, documents: Mapping[str, Document]) -> None:
    """What an editor asks about a place."""

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(given: lsp.HoverParams) -> lsp.Hover | None:  # pyright: ignore[reportUnusedFunction]
        document = documents[given.text_document.uri]
        said = document.hover(offset(document.source, given.position))
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, said)) if said else None

    @made.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(given: lsp.DefinitionParams) -> lsp.Location | None:  # pyright: ignore[reportUnusedFunction]
        document = documents[given.text_document.uri]
        found = document.definition(offset(document.source, given.position))
        if found is None:
            return None
        outside = found.source.name != document.source.name
        uri = (
            from_fs_path(str(LIBRARY / Path(found.source.name).name)) if outside else given.text_document.uri
        )
        return lsp.Location(uri or given.text_document.uri, span_range(found))

    @made.feature(lsp.TEXT_DOCUMENT_RENAME)
    def rename(given: lsp.RenameParams) -> lsp.WorkspaceEdit | None:  # pyright: ignore[reportUnusedFunction]
        document = documents[given.text_document.uri]
        symbol = document.names.at(offset(document.source, given.position))
        if symbol is None or not given.new_name.isidentifier():
            return None
        edits = [lsp.TextEdit(span_range(span), given.new_name) for span in symbol.occurrences]
        return lsp.WorkspaceEdit({given.text_document.uri: edits})

    @made.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def formatted(given: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:  # pyright: ignore[reportUnusedFunction]
        document = documents[given.text_document.uri]
        try:
            text = document.formatted()
        except DiagnosticError:
            return []
        end = position(document.source, len(document.source.text))
        return [lsp.TextEdit(lsp.Range(lsp.Position(0, 0), end), text)]
