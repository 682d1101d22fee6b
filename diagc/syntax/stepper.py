"""Lark's LALR parser, one token at a time: the only module that knows Lark's untyped interactive interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from diagc.limits import MAX_NESTING
from diagc.syntax.concrete import Concrete
from diagc.syntax.tables import load_parser

_MAX_STACK = 20 * MAX_NESTING  # symbols of the parser; no level of nesting needs more than a dozen


class Unexpected(Exception):
    """A token that cannot stand where it does; its type is empty for a character outside the language."""

    def __init__(self, token: Token) -> None:
        self.token = token
        super().__init__(str(token))


class TooDeep(Unexpected):
    """The stack of the parser is at its limit."""


class Stepper:
    """A parser in the middle of a text. A step that fails leaves it as it was."""

    def __init__(self, text: str, parser: Any = None) -> None:
        self._text = text
        lark: Any = load_parser()
        self._parser: Any = parser or lark.parse_interactive(text)

    def tokens(self) -> Iterator[Token]:
        """The tokens from here on, each read in the state that the tokens fed so far lead to."""
        try:
            yield from self._parser.lexer_thread.lex(self._parser.parser_state)
        except UnexpectedToken as error:
            found: Token = error.token  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            raise Unexpected(found) from None
        except UnexpectedCharacters as error:
            place: int = error.pos_in_stream  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportAssignmentType]
            raise Unexpected(Token("", self._text[place], place)) from None

    def feed(self, token: Token) -> Concrete | None:
        """Shift one token. Returns the parse tree when the token is the end of the file."""
        stack: list[int] = self._parser.parser_state.state_stack
        before = stack.copy()
        if len(before) > _MAX_STACK:
            raise TooDeep(token)
        try:
            return self._parser.feed_token(token)
        except UnexpectedToken:
            stack[:] = before  # so that `accepts` answers for the place before the reductions
            raise Unexpected(token) from None

    def accepts(self) -> frozenset[str]:
        """The terminals that could stand here."""
        return frozenset(self._parser.accepts())

    def may_end(self) -> bool:
        """The file could end here, or nearly so: the parser looks one token ahead."""
        return "$END" in self._parser.choices()

    def copy(self, offset: int | None = None) -> Stepper:
        """An independent parser in the same state, at another place of the text if one is given."""
        parser = self._parser.copy(deepcopy_values=False)
        if offset is not None:
            parser.lexer_thread.state.line_ctr.char_pos = offset
        return Stepper(self._text, parser)
