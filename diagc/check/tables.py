"""Tables of implementations: the CSV files that components of design problems name.

The first line names columns. A column is a number in each row, or a text; two columns `mass.low` and `mass.high` give
what is not known exactly, the least and the greatest value of `mass`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from diagc.diagnostics import Diagnostic, DiagnosticError, Label, failure
from diagc.limits import MAX_IMPLEMENTATIONS
from diagc.source import Source
from diagc.syntax import tree
from diagc.syntax.files import load_source


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file by name, as texts; `labels` are those of the first column that is no number."""

    columns: dict[str, tuple[str, ...]]
    labels: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(self.labels)


def read_table(item: tree.Rows, user: Source, root: Path, extra: dict[str, str]) -> Table:
    """The table that a component names, relative to its file.

    Raises `DiagnosticError`: E0901–E0903 for the file, E1506 for what is no table.
    """
    text = extra[item.path] if item.path in extra else _loaded(item, user, root)
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    label = Label(item.path_span)
    if len(rows) < 2:
        raise failure("E1506", f"`{item.path}` has no rows", label, help="the first line names the columns")
    head, body = [name.strip() for name in rows[0]], rows[1:]
    if len(set(head)) < len(head):
        raise failure(
            "E1506", f"`{item.path}` names a column twice", label, help="give each column its own name"
        )
    wrong = next((n for n, row in enumerate(body, 2) if len(row) != len(head)), None)
    if wrong is not None:
        found = f"line {wrong} of `{item.path}` has {len(body[wrong - 2])} values for {len(head)} columns"
        raise failure("E1506", found, label, help="give every row a value for every column")  # fmt: skip
    if len(body) > MAX_IMPLEMENTATIONS:
        raise failure("E1506", f"`{item.path}` has {len(body):,} rows", label,
                      help=f"there may be {MAX_IMPLEMENTATIONS:,}")  # fmt: skip
    columns = {name: tuple(row[n].strip() for row in body) for n, name in enumerate(head)}
    named = next((texts for texts in columns.values() if not all(map(is_number, texts))), None)
    return Table(columns, named or tuple(f"row {n}" for n in range(1, len(body) + 1)))


def _loaded(item: tree.Rows, user: Source, root: Path) -> str:
    try:
        return load_source(Path(user.name).parent / item.path, root).text
    except DiagnosticError as error:
        label, help = (
            Label(item.path_span, "read here"),
            "a path is relative to the folder of the file that names it",
        )
        raise DiagnosticError(
            Diagnostic(d.code, d.message, (label, *d.labels), d.help or help) for d in error.diagnostics
        ) from None


def is_number(text: str) -> bool:
    """Whether a text is a number that a table may hold: finite or `inf`, and not below 0."""
    try:
        return float(text) >= 0
    except ValueError:
        return False
