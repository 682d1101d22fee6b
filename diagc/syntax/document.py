"""Layout of text with optional line breaks: a group stays on one line iff it fits there and nothing in it must break.

>>> listed = Group(("f(", Nest((Line(""), "first,", Line(" "), "second")), Line(""), ")"))
>>> layout(listed, 80)
'f(first, second)'
>>> print(layout(listed, 10))
f(
  first,
  second
)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

INDENT: Final = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line break, or `flat` while the group around it stays on one line."""

    flat: str


@dataclass(frozen=True, slots=True)
class Hard:
    """A line break in any case, after an empty line when `blank`."""

    blank: bool = False


@dataclass(frozen=True, slots=True)
class Trailing:
    """A comment at the end of a line. It takes no width, and the next `Line` of its group must break."""

    text: str


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines that start within are indented by one level."""

    content: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """The lines directly within break all or none."""

    content: Doc


Doc = str | tuple["Doc", ...] | Line | Hard | Trailing | Nest | Group
_Frame = tuple[int, bool, Doc]


def layout(doc: Doc, width: int) -> str:
    """The text of a document whose lines keep to `width` where its groups allow it."""
    out: list[str] = []
    column = 0
    stack: list[_Frame] = [(0, False, doc)]
    while stack:
        indent, flat, part = stack.pop()
        match part:
            case str():
                out.append(part)
                column += len(part)
            case tuple():
                stack.extend((indent, flat, child) for child in reversed(part))
            case Nest(content):
                stack.append((indent + INDENT, flat, content))
            case Group(content):
                flat = not must_break(content) and _fits(content, width - column, stack)
                stack.append((indent, flat, content))
            case Line(text) if flat:
                out.append(text)
                column += len(text)
            case Line() | Hard():
                out.append("\n\n" if part == Hard(blank=True) else "\n")
                out.append(" " * indent)
                column = indent
            case Trailing(text):
                out.append(f"  {text}")
            case _:
                assert_never(part)
    return "\n".join(line.rstrip() for line in "".join(out).split("\n"))


def must_break(doc: Doc) -> bool:
    """A comment or a hard line break stands somewhere in the document."""
    waiting = [doc]
    while waiting:
        part = waiting.pop()
        match part:
            case Hard() | Trailing():
                return True
            case tuple() as parts:
                waiting.extend(parts)
            case Nest(content) | Group(content):
                waiting.append(content)
            case str() | Line():
                pass
            case _:
                assert_never(part)
    return False


def _fits(content: Doc, room: int, rest: list[_Frame]) -> bool:
    """`content` on one line, and what follows it up to the next possible line break, is at most `room` wide."""
    stack: list[_Frame] = [(0, True, content)]
    upcoming = len(rest)
    while room >= 0:
        if not stack:
            if upcoming == 0:
                return True
            upcoming -= 1
            stack.append(rest[upcoming])
        _, flat, part = stack.pop()
        match part:
            case str():
                room -= len(part)
            case tuple():
                stack.extend((0, flat, child) for child in reversed(part))
            case Nest(inner):
                stack.append((0, flat, inner))
            case Group(inner):
                stack.append((0, flat and not must_break(inner), inner))
            case Line(text) if flat:
                room -= len(text)
            case Line() | Hard() | Trailing():
                return True
            case _:
                assert_never(part)
    return False
