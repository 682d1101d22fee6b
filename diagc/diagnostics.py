"""Errors are values. A `Diagnostic` has a code, a message, labelled spans and a help line; it is rendered elsewhere.

Passes over a file report into a `Sink`, so that one run shows every error of the file. `DiagnosticError` carries
diagnostics across a boundary where no value can be returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diagc.source import Span


@dataclass(frozen=True, slots=True)
class Label:
    """A span and what is to be said at it."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error. The first label is the place of the error, further labels explain it."""

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    help: str | None = None

    @property
    def span(self) -> Span | None:
        return self.labels[0].span if self.labels else None


class DiagnosticError(Exception):
    """Diagnostics that end the current step."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in self.diagnostics))


def failure(code: str, message: str, *labels: Label, help: str | None = None) -> DiagnosticError:
    """A `DiagnosticError` with a single diagnostic, ready to be raised."""
    return DiagnosticError([Diagnostic(code, message, labels, help)])


@dataclass(slots=True)
class Sink:
    """Collects diagnostics of one run; each place and code is reported once."""

    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    _seen: set[tuple[str, Span | None]] = field(default_factory=set[tuple[str, Span | None]])

    def add(self, diagnostic: Diagnostic) -> None:
        place = (diagnostic.code, diagnostic.span)
        if place not in self._seen:
            self._seen.add(place)
            self.diagnostics.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def raise_if_any(self) -> None:
        """Raise `DiagnosticError` with everything collected, in source order, if there is anything."""
        if self.diagnostics:
            raise DiagnosticError(sorted(self.diagnostics, key=_place))


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return (span.source.name, span.start) if span else ("", -1)
