"""What the tree does not keep: comments, in the order of the text, and the places of brackets."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from diagc.source import Source

_LEXEME = re.compile(r'"[^"\n]*"|#[^\n]*|[()\[\]{}]')


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment and its place; `text` starts with `#` and has no space at its end."""

    text: str
    start: int
    end: int


class Margin:
    """The comments of a source that are not yet placed in the output, and its brackets."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._comments: list[Comment] = []
        self._brackets: list[tuple[int, str]] = []
        for found in _LEXEME.finditer(source.text):
            text = found.group()
            if text[0] == "#":
                self._comments.append(Comment(text.rstrip(), found.start(), found.end()))
            elif text[0] != '"':
                self._brackets.append((found.start(), text))
        self.all = tuple(comment.text for comment in self._comments)
        self._next = 0

    def take(self, limit: int) -> tuple[Comment, ...]:
        """The comments before a place that were not taken yet; they count as placed from now on."""
        start = self._next
        while self._next < len(self._comments) and self._comments[self._next].start < limit:
            self._next += 1
        return tuple(self._comments[start : self._next])

    def take_on_line(self, end: int) -> tuple[Comment, ...]:
        """The comment that follows the place `end` on its line, if nothing else but `,` is between them."""
        following = self._comments[self._next : self._next + 1]
        if (
            following
            and following[0].start >= end
            and not self._between(end, following[0].start).strip(" \t,")
        ):
            self._next += 1
            return tuple(following)
        return ()

    def newlines(self, start: int, end: int) -> int:
        """Line breaks between two places."""
        return self._between(start, end).count("\n")

    def opener(self, closer: int) -> int:
        """The place of the bracket that the bracket at `closer` closes."""
        depth = 0
        for place, text in reversed(self._brackets[: bisect_left(self._brackets, (closer, "")) + 1]):
            depth += 1 if text in ")]}" else -1
            if depth == 0:
                return place
        raise ValueError("unbalanced brackets")

    def closer(self, inside: int) -> int:
        """The place of the bracket that closes the innermost one around the place `inside`."""
        depth = 1
        for place, text in self._brackets[bisect_left(self._brackets, (inside, "")) :]:
            depth += -1 if text in ")]}" else 1
            if depth == 0:
                return place
        raise ValueError("unbalanced brackets")

    def _between(self, start: int, end: int) -> str:
        return self._source.text[start:end]
