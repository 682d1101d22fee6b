"""Text to surface tree. Every syntax error of a file is reported in one run, and no input makes the parser crash.

After an error the parser goes on at the next line that looks like the start of a statement of the same block, or of a
declaration. Lark's own loop is not used, because recovery needs to restore an earlier state of the parser.

>>> parse(Source("a.diag", "diag 1 size n")).items
(Sizes(names=(Name(text='n'),)),)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token

from diagc.diagnostics import Label, Sink, failure
from diagc.limits import MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_NESTING
from diagc.source import Source, Span
from diagc.syntax import tree
from diagc.syntax.build import build_file
from diagc.syntax.concrete import Concrete, Reader, too_deep
from diagc.syntax.mistakes import Context, explain
from diagc.syntax.stepper import Stepper, TooDeep, Unexpected
from diagc.syntax.words import RESERVED

LANGUAGE_VERSION = 1

_ITEM = re.compile(r'(fn|size|axis)\s+[A-Za-z_]|use\s*"|(learning|design)\s+\w+\s*[{=]|schedule\s+\w+\s+on\b')
_STATEMENT = re.compile(
    r"(return|param|model|source|train|frozen|ema|commutes?|optimise|epochs|batch|seed|steps|poset|component|provides|requires|choice|ensure)\b(?!\s*[=,.)])"
    r"|[A-Za-z_]\w*(\s*,\s*[A-Za-z_]\w*)*\s*(:[^=\n]*)?=(?!=)"
)
_INDENT = re.compile(r"[ \t]*")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_OPEN = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSE = frozenset(_OPEN.values())


def parse(source: Source) -> tree.File:
    """The surface tree of a source. Raises `DiagnosticError` with every syntax error (E01xx) that was found."""
    if len(source.text.encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
        start = Label(Span(source, 0, 0))
        raise failure(
            "E0104",
            f"this file is larger than {MAX_FILE_BYTES:,} bytes",
            start,
            help="split it, join by `use`",
        )
    sink = Sink()
    concrete = _Run(source, sink).read()
    sink.raise_if_any()
    assert concrete is not None
    reader = Reader(source, sink)
    if deep := too_deep(concrete):
        raise _nested_too_deeply(reader.span(deep))
    file = build_file(reader, concrete)
    sink.raise_if_any()
    return file


def _nested_too_deeply(span: Span) -> Exception:
    short = Span(span.source, span.start, min(span.end, span.start + 1))
    message = f"this is nested more than {MAX_NESTING} levels deep"
    return failure("E0105", message, Label(short), help="give names to parts of it: `part = …`")


@dataclass(slots=True)
class _Block:
    """The parser right after a `{`, to go on from when a statement of the block is wrong."""

    parser: Stepper
    brackets: tuple[Token, ...]
    indent: int | None = None


@dataclass(slots=True)
class _Run:
    """One pass over a file: the state of the parser and what is open at it."""

    source: Source
    sink: Sink
    parser: Stepper = field(init=False)
    top: _Block = field(init=False)
    blocks: list[_Block] = field(init=False, default_factory=list[_Block])
    brackets: list[Token] = field(init=False, default_factory=list[Token])
    recent: list[Token] = field(init=False, default_factory=list[Token])
    resumed: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self.parser = Stepper(self.source.text)
        header = self.parser.copy()
        header.feed(Token("DIAG", "diag", 0, end_pos=0))
        header.feed(Token("INT", str(LANGUAGE_VERSION), 0, end_pos=0))
        self.top = _Block(header, ())

    def read(self) -> Concrete | None:
        """The parse tree of the file, or None when it has errors, which are then in the sink."""
        while len(self.sink.diagnostics) < MAX_DIAGNOSTICS:
            try:
                for token in self.parser.tokens():
                    self._take(token)
                return self._finish()
            except TooDeep as error:
                raise _nested_too_deeply(self._span(error.token)) from None
            except Unexpected as error:
                self._report(error.token)
                if not self._resume(_place(error.token)[0]):
                    break
        return None

    def _finish(self) -> Concrete | None:
        end = len(self.source.text)
        result = self.parser.feed(Token("$END", "", end, end_pos=end))
        return None if self.sink.diagnostics else result

    def _take(self, token: Token) -> None:
        """Feed one token, after the checks that the grammar cannot express."""
        if len(self.recent) == 1 and token.type == "INT" and int(token[:9]) != LANGUAGE_VERSION:
            raise _unsupported_version(self.source, token)
        self._start_line(token)
        if token.type == "NAME" and token.upper() in RESERVED:
            raise Unexpected(Token.new_borrow_pos(token.upper(), token, token))
        self.parser.feed(_whole_word(self.source, token))
        self.recent.append(token)
        if token.type in _OPEN:
            self.brackets.append(token)
            if len(self.brackets) > MAX_NESTING:
                raise _nested_too_deeply(self._span(token))
        elif token.type in _CLOSE and self.brackets:
            self.brackets.pop()
        if token.type == "LBRACE":
            self.blocks.append(_Block(self.parser.copy(), tuple(self.brackets)))
        elif token.type == "RBRACE" and self.blocks:
            self.blocks.pop()

    def _start_line(self, token: Token) -> None:
        """Learn the indentation of a block, and notice a declaration at the margin before the last one has ended."""
        start = _place(token)[0]
        column = self.source.position(start)[1]
        block = self.blocks[-1] if self.blocks else None
        if block and block.indent is None and not self.source.text[start - column + 1 : start].strip():
            block.indent = column - 1
        if column == 1 and _ITEM.match(self.source.text, start) and (block or not self.parser.may_end()):
            raise Unexpected(Token.new_borrow_pos("ITEM", token, token))

    def _report(self, token: Token) -> None:
        accepts = self.parser.accepts()
        if token.type == "ITEM" and self.blocks:
            accepts &= {"RBRACE", "RETURN"}
        opener = self._span(self.brackets[-1]) if self.brackets else None
        self.sink.add(
            explain(Context(self._span(token), token.type, accepts, tuple(self.recent[-3:]), opener))
        )

    def _span(self, token: Token) -> Span:
        return Span(self.source, *_place(token))

    def _resume(self, offset: int) -> bool:
        """Put the parser at the start of a later line from which it can go on; False when there is none."""
        text, block = self.source.text, self.blocks[-1] if self.blocks else None
        for line in self.source.line_starts[self.source.position(offset)[0] - 1 :]:
            start = _indented(text, line)
            if start < offset or start <= self.resumed:
                continue
            if _ITEM.match(text, line):
                self._restore(self.top, line)
                return True
            if block and block.indent is not None and start - line <= block.indent:
                if start - line == block.indent and _STATEMENT.match(text, start):
                    self._restore(block, start)
                    return True
                block = None if text.startswith("}", start) else block
        return False

    def _restore(self, block: _Block, offset: int) -> None:
        self.parser = block.parser.copy(offset)
        self.brackets[:] = block.brackets
        if block is self.top:
            self.blocks.clear()
        self.resumed = offset


def _place(token: Token) -> tuple[int, int]:
    start = token.start_pos
    assert start is not None
    return start, start + len(token)


def _indented(text: str, line: int) -> int:
    blank = _INDENT.match(text, line)
    return blank.end() if blank else line


def _whole_word(source: Source, token: Token) -> Token:
    """The token, or the longer word that it starts: a keyword or number never ends inside a word."""
    start, end = _place(token)
    rest = _WORD.match(source.text, end) if _WORD.fullmatch(token[-1:]) else None
    if rest is None:
        return token
    raise Unexpected(Token("WORD", source.text[start : rest.end()], start, end_pos=rest.end()))


def _unsupported_version(source: Source, token: Token) -> Exception:
    message = f"this diagc reads version {LANGUAGE_VERSION} of the language, not version {token[:9]}"
    return failure(
        "E0103",
        message,
        Label(Span(source, *_place(token))),
        help=f"write `diag {LANGUAGE_VERSION}`, or install a newer diagc",
    )
