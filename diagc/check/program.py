"""Files to a checked program: parse, follow `use`, build every entry, collect all errors.

The standard library is parsed once per process.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

from diagc import limits
from diagc.check.designs import build_design
from diagc.check.entry import Entry, build_entry, check_generic, entry_names
from diagc.check.learning import build_learning
from diagc.check.schedules import check_schedules
from diagc.check.scope import Module, build_module
from diagc.core.design import Design
from diagc.core.learning import LearningDiagram
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Source
from diagc.syntax import tree
from diagc.syntax.files import load_source
from diagc.syntax.parse import parse

_PATH: Final = "a path is relative to the folder of the file that uses it"
_LIBRARY: Final = Path(__file__).parent.parent / "std"
_FIRST: Final = ("maps", "layers", "blocks")
"""Files of the library that the others use, each after those that it uses itself."""


@dataclass(frozen=True, slots=True)
class Program:
    """A checked file: its declarations, its entries, learning diagrams and designs in the order of the file."""

    module: Module
    entries: dict[str, Entry]
    learnings: dict[str, LearningDiagram]
    designs: dict[str, Design] = field(default_factory=dict[str, Design])


@cache
def library() -> tuple[Module, ...]:
    """The modules of the standard library, written in the language itself."""
    found: list[Module] = []
    stems = [*_FIRST, *sorted(path.stem for path in _LIBRARY.glob("*.diag") if path.stem not in _FIRST)]
    for stem in stems:
        source = Source(f"std/{stem}.diag", (_LIBRARY / f"{stem}.diag").read_text("utf-8"))
        found.append(build_module(source, parse(source), _no_imports, tuple(found), Sink(), f"std_{stem}"))
    return tuple(found)


def _no_imports(item: tree.Use, _: Source) -> tuple[Source, tree.File]:
    raise failure("E0902", "the standard library uses no files", Label(item.path_span))


@dataclass(slots=True)
class Loader:
    """Reads the files that `use` names, relative to the file that names them and inside `root`."""

    root: Path
    extra: dict[str, str]
    count: int = 0

    def __call__(self, item: tree.Use, user: Source) -> tuple[Source, tree.File]:
        self.count += 1
        if self.count > limits.MAX_IMPORTED_FILES:
            raise failure(
                "E0805", f"more than {limits.MAX_IMPORTED_FILES} files are used", Label(item.path_span),
                help="join small files",
            )  # fmt: skip
        if item.path in self.extra:
            source = Source(item.path, self.extra[item.path])
            return source, parse(source)
        try:
            source = load_source(Path(user.name).parent / item.path, self.root)
        except DiagnosticError as error:
            raise DiagnosticError(
                Diagnostic(
                    d.code, d.message, (Label(item.path_span, "used here"), *d.labels), d.help or _PATH
                )
                for d in error.diagnostics
            ) from None
        return source, parse(source)


def read_program(path: Path, allow_python: bool = False) -> Program:
    """The checked program of a file. Raises `DiagnosticError` with every error that was found.

    Models from Python are imported where that is allowed.
    """
    source = load_source(path, path.parent)
    return check_source(source, path.parent, allow_python=allow_python)


def check_source(
    source: Source, root: Path | None = None, extra: dict[str, str] | None = None, allow_python: bool = False
) -> Program:
    """As `read_program`, for text that is at hand; `extra` holds the text of files by the path that `use` names."""
    program, sink = collect(source, root, extra, allow_python)
    sink.raise_if_any()
    return program


def collect(
    source: Source, root: Path | None = None, extra: dict[str, str] | None = None, allow_python: bool = False
) -> tuple[Program, Sink]:
    """The program as far as it could be built, and the errors."""
    with _recursion(limits.MAX_RECURSION):
        return _collect(source, Loader(root or Path("."), extra or {}), allow_python)


@contextmanager
def _recursion(frames: int) -> Generator[None, None, None]:
    """Python's bound on recursion, raised to what `limits.MAX_LEVELS` needs."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, frames))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _collect(source: Source, loader: Loader, allow_python: bool) -> tuple[Program, Sink]:
    sink = Sink()
    module = build_module(source, parse(source), loader, library(), sink)
    entries: dict[str, Entry] = {}
    own = set(entry_names(module))
    for name in module.functions:
        if len(sink.diagnostics) >= limits.MAX_DIAGNOSTICS or any(
            d.code == "E0803" for d in sink.diagnostics
        ):
            break  # what is too large in one entry is too large in every entry that calls it
        if name in own:
            entry = build_entry(module, name, sink)
            if entry is not None:
                entries[name] = entry
        else:
            check_generic(module, name, sink)
    schedules = check_schedules(module, {name: entry.diagram for name, entry in entries.items()}, sink)
    entries = {
        name: replace(entry, schedules=tuple(schedules[name])) if name in schedules else entry
        for name, entry in entries.items()
    }
    found = {
        name: build_learning(module, item, sink, allow_python) for name, item in module.learnings.items()
    }
    learnings = {name: learning for name, learning in found.items() if learning is not None}
    made = {
        name: build_design(module, item, sink, loader.root, loader.extra)
        for name, item in module.designs.items()
    }
    designs = {name: design for name, design in made.items() if design is not None}
    return Program(module, entries, learnings, designs), sink
