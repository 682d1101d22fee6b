"""Diagnostics as people and machines see them."""

from __future__ import annotations

import json

from diagc.cli.report import render_github, render_json, render_sarif
from diagc.diagnostics import Diagnostic, Label
from diagc.rendered import render_short, render_text
from diagc.source import Source, Span

SOURCE = Source(
    "specs/a.diag", "diag 1\n\nfn f(X) {\n  S = sum[d](Q * K)\n  # far\n  # away\n\treturn 漢 + S\n}\n"
)


def label(text: str, note: str = "", source: Source = SOURCE) -> Label:
    start = source.text.index(text)
    return Label(Span(source, start, start + len(text)), note)


SEVERAL = Diagnostic(
    "E0301",
    "`sum[d]` consumes axis `d`",
    (label("sum[d]", "consumed here"), label("K", "`K` carries x, e"), label("Q", "`Q` carries q, e")),
    help="did you mean `sum[e]`?",
)


def test_labels_on_one_line_have_rows_of_their_own() -> None:
    assert render_text([SEVERAL]) == (
        "error[E0301]: `sum[d]` consumes axis `d`\n"
        " --> specs/a.diag:4:7\n"
        "  |\n"
        "4 |   S = sum[d](Q * K)\n"
        "  |       ^^^^^^ consumed here\n"
        "  |              - `Q` carries q, e\n"
        "  |                  - `K` carries x, e\n"
        "  = help: did you mean `sum[e]`?\n"
    )


def test_gaps_tabs_and_wide_characters() -> None:
    diagnostic = Diagnostic("E0999", "m", (label("+ S", "here"), label("fn", "there")))
    assert render_text([diagnostic]) == (
        "error[E0999]: m\n"
        " --> specs/a.diag:7:11\n"
        "  |\n"
        "3 | fn f(X) {\n"
        "  | -- there\n"
        "...\n"
        "7 |     return 漢 + S\n"
        "  |               ^^^ here\n"
    )


def test_several_sources_and_several_lines() -> None:
    other = Source("b.diag", "diag 1\naxis q\n")
    whole = Label(Span(SOURCE, SOURCE.text.index("fn"), len(SOURCE.text)), "all of it")
    assert render_text([Diagnostic("E0999", "m", (whole, label("q", "declared", other)))]) == (
        "error[E0999]: m\n"
        " --> specs/a.diag:3:1\n"
        "  |\n"
        "3 | fn f(X) {\n"
        "  | ^^^^^^^^^ all of it\n"
        " ::: b.diag:2:6\n"
        "  |\n"
        "2 | axis q\n"
        "  |      - declared\n"
    )


def test_long_lines_are_cut_around_the_label() -> None:
    source = Source("long.diag", "a" * 5000 + "HERE" + "b" * 5000)
    rows = render_text([Diagnostic("E0999", "m", (label("HERE", source=source),))]).splitlines()
    assert max(map(len, rows)) < 160
    assert rows[3].index("HERE") == rows[4].index("^^^^")


def test_nothing_reaches_the_terminal_as_an_escape() -> None:
    source = Source("\x1b[2J.diag", "\x1b[2J\x07 x")
    text = render_text([Diagnostic("E0101", "\x1b", (label("x", "\x07", source),), help="\x1b")])
    assert "\x1b" not in text
    assert "\x07" not in text


def test_colour_only_adds_escapes() -> None:
    import re

    assert re.sub(r"\x1b\[[\d;]*m", "", render_text([SEVERAL], colour=True)) == render_text([SEVERAL])


def test_a_diagnostic_without_a_place() -> None:
    bare = Diagnostic("E0901", "cannot read `x`", help="check\nthe path")
    assert render_text([bare]) == "error[E0901]: cannot read `x`\n  = help: check\n          the path\n"
    assert render_short([bare]) == "error[E0901]: cannot read `x`\n"


def test_short() -> None:
    assert render_short([SEVERAL]) == "specs/a.diag:4:7: error[E0301]: `sum[d]` consumes axis `d`\n"


def test_github() -> None:
    assert render_github([Diagnostic("E0301", "50%\nmore", (label("sum[d]"),))]) == (
        "::error file=specs/a.diag,line=4,endLine=4,col=7,endColumn=13,title=error[E0301]::50%25%0Amore\n"
    )


def test_json_and_sarif() -> None:
    (entry,) = json.loads(render_json([SEVERAL]))
    assert entry["labels"][0] == {
        "path": "specs/a.diag", "line": 4, "column": 7, "end_line": 4, "end_column": 13, "text": "consumed here",
    }  # fmt: skip
    (run,) = json.loads(render_sarif([SEVERAL]))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][0]["id"] == "E0301"
    assert result["locations"][0]["physicalLocation"]["region"]["startColumn"] == 7
    assert len(result["relatedLocations"]) == 2
