"""Diagnostics for machines: JSON, GitHub annotations and SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from diagc.diagnostics import Diagnostic
from diagc.source import Span
from diagc.version import __version__


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array; lines and columns count from 1, ends are exclusive."""
    return json.dumps([_entry(diagnostic) for diagnostic in diagnostics], indent=2, ensure_ascii=False) + "\n"


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands that GitHub shows as annotations of the changed lines."""
    return "".join(_annotation(diagnostic) for diagnostic in diagnostics)


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A SARIF 2.1.0 log with one run."""
    collected = tuple(diagnostics)
    rules = [{"id": code} for code in sorted({diagnostic.code for diagnostic in collected})]
    driver = {"name": "diagc", "version": __version__, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(diagnostic) for diagnostic in collected]}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _entry(diagnostic: Diagnostic) -> dict[str, Any]:
    labels = [_place(label.span) | {"text": label.text} for label in diagnostic.labels]
    return {
        "code": diagnostic.code,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "labels": labels,
    }


def _place(span: Span) -> dict[str, Any]:
    (line, column), (end_line, end_column) = span.source.position(span.start), span.source.position(span.end)
    return {
        "path": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _annotation(diagnostic: Diagnostic) -> str:
    properties = {"title": f"error[{diagnostic.code}]"}
    if span := diagnostic.span:
        place = _place(span)
        properties = {
            "file": place["path"],
            "line": str(place["line"]),
            "endLine": str(place["end_line"]),
            "col": str(place["column"]),
            "endColumn": str(place["end_column"]),
        } | properties
    text = diagnostic.message if diagnostic.help is None else f"{diagnostic.message}\nhelp: {diagnostic.help}"
    listed = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::error {listed}::{_escaped(text)}\n"


def _escaped(text: str, more: str = "") -> str:
    return "".join(
        f"%{ord(character):02X}" if character in "%\r\n" + more else character for character in text
    )


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    text = diagnostic.message if diagnostic.help is None else f"{diagnostic.message}. Help: {diagnostic.help}"
    result: dict[str, Any] = {"ruleId": diagnostic.code, "level": "error", "message": {"text": text}}
    places = [_location(label.span) | {"message": {"text": label.text}} for label in diagnostic.labels]
    if places:
        result["locations"] = places[:1]
    if places[1:]:
        result["relatedLocations"] = places[1:]
    return result


def _location(span: Span) -> dict[str, Any]:
    place = _place(span)
    region = {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }
    return {"physicalLocation": {"artifactLocation": {"uri": span.source.name}, "region": region}}
