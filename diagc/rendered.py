"""Diagnostics as text for people, with the source lines and carets, and as one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Final
from unicodedata import combining, east_asian_width

from diagc.diagnostics import Diagnostic, Label
from diagc.source import Source

_TAB: Final = 4
_VISIBLE: Final = 140
"""Columns of a source line that are shown; a longer line is cut around its first label."""

_STYLES: Final = {"error": "1;31", "title": "1", "gutter": "1;34", "note": "34", "help": "1;36"}
_Paint = Callable[[str, str], str]


def render_text(diagnostics: Iterable[Diagnostic], colour: bool = False) -> str:
    """Every diagnostic with its source lines, an empty line between them. With `colour`, ANSI escapes are used."""
    paint = _coloured if colour else _plain
    return "\n".join(_render(diagnostic, paint) for diagnostic in diagnostics)


def render_short(diagnostics: Iterable[Diagnostic]) -> str:
    """One line per diagnostic: `path:line:column: error[code]: message`."""
    return "".join(f"{_where(d)}error[{d.code}]: {printable(d.message)}\n" for d in diagnostics)


def printable(text: str) -> str:
    """The text without characters that would move or confuse a terminal."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def _where(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    if span is None:
        return ""
    line, column = span.source.position(span.start)
    return f"{printable(span.source.name)}:{line}:{column}: "


def _plain(_style: str, text: str) -> str:
    return text


def _coloured(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else ""


def _render(diagnostic: Diagnostic, paint: _Paint) -> str:
    title = paint("error", f"error[{diagnostic.code}]") + paint("title", f": {printable(diagnostic.message)}")
    width = max((len(str(label.span.line)) for label in diagnostic.labels), default=1)
    rows = [title, *_sources(diagnostic.labels, width, paint)]
    if diagnostic.help is not None:
        first, *more = printable(diagnostic.help).split("\n")
        rows.append(f"{' ' * width} {paint('gutter', '=')} {paint('help', 'help')}: {first}")
        rows.extend(f"{' ' * width}         {line}" for line in more)
    return "\n".join(rows) + "\n"


def _sources(labels: tuple[Label, ...], width: int, paint: _Paint) -> Iterable[str]:
    """The excerpt of the source of the first label, then those of other sources in the order of their labels."""
    sources = list(dict.fromkeys(label.span.source for label in labels))
    for number, source in enumerate(sources):
        own = tuple(label for label in labels if label.span.source == source)
        line, column = source.position(own[0].span.start)
        arrow = paint("gutter", "-->" if number == 0 else ":::")
        yield f"{' ' * width}{arrow} {printable(source.name)}:{line}:{column}"
        yield f"{' ' * width} {paint('gutter', '|')}"
        yield from _excerpt(source, own, labels[0], width, paint)


def _excerpt(
    source: Source, labels: Sequence[Label], primary: Label, width: int, paint: _Paint
) -> Iterable[str]:
    previous: int | None = None
    ordered = sorted(labels, key=lambda label: (label.span.line, label is not primary, label.span.start))
    for line, group in groupby(ordered, key=lambda label: label.span.line):
        if previous is not None and line > previous + 1:
            yield paint("gutter", "...")
        previous = line
        yield from _line(source, line, tuple(group), primary, f"{line:>{width}}", paint)


def _line(
    source: Source, line: int, labels: Sequence[Label], primary: Label, number: str, paint: _Paint
) -> Iterable[str]:
    """A source line and one row for every label on it."""
    text, start_of_line = source.line(line).rstrip("\r"), source.line_starts[line - 1]
    offsets = [label.span.start - start_of_line for label in labels]
    cut = _cut(text, offsets[0])
    shown = "…" * (cut > 0) + text[cut : cut + _VISIBLE] + "…" * (len(text) > cut + _VISIBLE)
    column = partial(_column, text, cut)
    bar = paint("gutter", "|")
    yield f"{paint('gutter', number)} {bar} {_expanded(shown)}".rstrip()
    for label, offset in zip(labels, offsets, strict=True):
        end = max(min(label.span.end - start_of_line, len(text), cut + _VISIBLE), offset + 1)
        style, mark = ("error", "^") if label is primary else ("note", "-")
        marks = mark * max(column(end) - column(offset), 1)
        note = f"{marks} {printable(label.text)}".rstrip()
        yield f"{' ' * len(number)} {bar} {' ' * column(offset)}{paint(style, note)}"


def _cut(text: str, offset: int) -> int:
    """How many characters at the start of a long line are left out."""
    return 0 if len(text) <= _VISIBLE else max(0, min(offset - _VISIBLE // 3, len(text) - _VISIBLE))


def _column(text: str, cut: int, offset: int) -> int:
    """The terminal column of a character of a line that is shown from `cut` on."""
    shown = "…" * (cut > 0) + text[cut : max(cut, offset)]
    return sum(_width(character) for character in shown) + max(0, offset - max(cut, len(text)))


def _expanded(text: str) -> str:
    return "".join(" " * _TAB if character == "\t" else printable(character) for character in text)


def _width(character: str) -> int:
    """Columns that a terminal gives to a character as it is shown here."""
    if character == "\t":
        return _TAB
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
