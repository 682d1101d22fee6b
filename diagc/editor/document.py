"""A text in an editor: its errors, and what can be said about the name at a place.

The names and types are those of the last text that could be read, so that a half-written line does not take them away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from diagc.check.program import Program, collect
from diagc.core.diagram import Node
from diagc.diagnostics import Diagnostic, DiagnosticError
from diagc.draw.notes import Notes
from diagc.editor.symbols import Symbol, Symbols, symbols
from diagc.source import Source, Span
from diagc.syntax import tree
from diagc.syntax.format import format_source
from diagc.syntax.parse import parse

LIBRARY = Path(__file__).parent.parent / "std"


@dataclass(slots=True)
class Document:
    """One file, as it is being written. `path` is where it lies, for the files that it uses."""

    path: Path
    source: Source = field(default_factory=lambda: Source("", ""))
    names: Symbols = field(default_factory=Symbols)
    program: Program | None = None

    def changed(self, text: str) -> tuple[Diagnostic, ...]:
        """Take in a new text; its errors, in the order of the text."""
        source = Source(str(self.path), text)
        self.source = source
        try:
            names = symbols(parse(source))
            program, sink = collect(source, self.path.parent)
        except DiagnosticError as error:
            return error.diagnostics
        self.names = names
        if self.program is None or not sink.diagnostics:
            self.program = program
        return tuple(sorted(sink.diagnostics, key=lambda d: d.span.start if d.span else 0))

    def formatted(self) -> str:
        """The text in the one style. Raises `DiagnosticError` where it cannot be read."""
        return format_source(self.source)

    def hover(self, offset: int) -> str | None:
        """What the name at a place stands for, as Markdown."""
        symbol = self.names.at(offset)
        if symbol is None:
            name = self.names.free_at(offset)
            declared = self._in_library(name) if name else None
            return f"```diag\n{_head(declared)}\n```\nof the standard library" if declared else None
        match symbol.kind:
            case "axis":
                return self._axis(symbol)
            case "value":
                types = self._types(symbol, offset)
                return (
                    f"```diag\n{symbol.name}: {' or '.join(types)}\n```"
                    if types
                    else f"value `{symbol.name}`"
                )
            case _:
                return f"```diag\n{_head(symbol.node)}\n```"

    def definition(self, offset: int) -> Span | None:
        """Where the name at a place is declared; for a function of the library in its file."""
        symbol = self.names.at(offset)
        if symbol is not None:
            return symbol.declared
        name = self.names.free_at(offset)
        declared = self._in_library(name) if name else None
        return declared.name.span if declared else None

    def _axis(self, symbol: Symbol) -> str:
        axis = self.program.module.axes.get(symbol.name) if self.program is not None else None
        size = f", size `{axis.size}`" if axis is not None and isinstance(symbol.node, tree.AxisDecl) else ""
        return f"axis `{symbol.name}`{size}"

    def _types(self, symbol: Symbol, offset: int) -> list[str]:
        """The types that a value has in the entries that define it, at the last definition before a place."""
        if self.program is None:
            return []
        found: dict[int, list[Node]] = {}
        for entry in self.program.entries.values():
            for name, node in entry.defined:
                if name.text == symbol.name and name.span.source.name == self.source.name:
                    found.setdefault(name.span.start, []).append(node)
        before = [
            start for start in found if start <= offset
        ]  # none where the text has grown since it was sound
        nodes = found[max(before) if before else min(found)] if found else []
        notes = Notes()
        return list(dict.fromkeys(f"{node.array}  # {notes.bytes(node.array)}" for node in nodes))

    def _in_library(self, name: str) -> tree.Fn | tree.Alias | None:
        if self.program is None:
            return None
        found = self.program.module.find_function(name)
        return found[1] if found is not None else None


def _head(node: object) -> str:
    """A declaration without its body."""
    text = node.span.text if isinstance(node, tree.Node) else ""
    return " ".join(text.partition("{")[0].split())
