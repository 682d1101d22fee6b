"""A small writer of Python source: indented lines, fresh readable names, helpers that a text asks for.

>>> writer = Writer()
>>> [writer.fresh(name) for name in ("total", "total", "lambda", "sum", "l1.W")]
['total', 'total_2', 'lambda_', 'sum_', 'l1_W']
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

WIDTH: Final = 110
"""Columns of an emitted line; comments that would pass it are left out."""

MANY: Final = 8
"""Arguments of a call beyond which several share a line."""

_RESERVED: Final = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "jax", "jnp", "lax", "np"}
)


def identifier(text: str) -> str:
    """The nearest Python identifier that is no keyword and no builtin."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if name in _RESERVED else name


def tuple_text(items: Sequence[str]) -> str:
    """A tuple of one item or more."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def unpacking(names: Sequence[str]) -> str:
    """The left side that unpacks a tuple."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


@dataclass(slots=True)
class Writer:
    """Lines of source text. `helpers` are the names of module-level functions that the lines call."""

    lines: list[str] = field(default_factory=list[str])
    depth: int = 0
    taken: set[str] = field(default_factory=set[str])
    helpers: set[str] = field(default_factory=set[str])

    def line(self, text: str = "", comment: str | None = None, source: str | None = None) -> None:
        """One line at the current depth; `comment` where it fits, `source` always, as `# src[...]`."""
        indented = "    " * self.depth + text if text else ""
        if comment and len(indented) + len(comment) + 4 <= WIDTH:
            indented += f"  # {comment}"
        self.lines.append(indented + (f"  # src[{source}]" if source else ""))

    def call(self, head: str, arguments: Iterable[str], tail: str) -> None:
        """`head(arguments)tail`, where it does not fit on one line with few arguments one a line, else as they fit."""
        parts = list(arguments)
        whole = f"{head}({', '.join(parts)}){tail}"
        if 4 * self.depth + len(whole) <= WIDTH:
            self.line(whole)
            return
        self.line(f"{head}(")
        with self.indented():
            few = len(parts) <= MANY
            for row in [[part] for part in parts] if few else _rows(parts, WIDTH - 4 * self.depth):
                self.line(f"{', '.join(row)},")
        self.line(f"){tail}")

    @contextmanager
    def indented(self) -> Generator[None, None, None]:
        self.depth += 1
        yield
        self.depth -= 1

    def fresh(self, hint: str) -> str:
        """A name like the hint that was not given out before."""
        name = base = identifier(hint)
        count = 1
        while name in self.taken:
            count += 1
            name = f"{base.rstrip('_')}_{count}"
        self.taken.add(name)
        return name

    @contextmanager
    def scope(self) -> Generator[None, None, None]:
        """Names taken inside are free again afterwards."""
        before = set(self.taken)
        yield
        self.taken = before

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def _rows(parts: list[str], width: int) -> list[list[str]]:
    """Consecutive parts in rows of at most `width` columns."""
    rows: list[list[str]] = [[]]
    for part in parts:
        if rows[-1] and len(", ".join((*rows[-1], part))) + 1 > width:
            rows.append([])
        rows[-1].append(part)
    return rows
