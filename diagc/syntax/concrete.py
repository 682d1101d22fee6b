"""Access to Lark's parse tree with types: every accessor states what the grammar guarantees at that place."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token, Tree

from diagc.diagnostics import Diagnostic, Label, Sink
from diagc.limits import MAX_INTEGER, MAX_NESTING
from diagc.source import Source, Span
from diagc.syntax import tree

Concrete = Tree[Token]

_EXPRESSIONS = frozenset(["pipe", "binary", "unary", "index", "call", "scan", "tuple", "weave"])


@dataclass(frozen=True, slots=True)
class Reader:
    """Where a parse tree comes from, and where errors in its literals go."""

    source: Source
    sink: Sink

    def span(self, node: Concrete | Token) -> Span:
        """The characters of a node or token. An empty node has none and must not be asked."""
        place = node if isinstance(node, Token) else node.meta
        start, end = place.start_pos, place.end_pos
        assert start is not None and end is not None
        return Span(self.source, start, end)

    def name(self, node: Concrete) -> tree.Name:
        return tree.Name(str(token(node, 0)), span=self.span(node))

    def names(self, node: Concrete) -> tuple[tree.Name, ...]:
        """The names directly under `names`, `axis_set`, `factors` or a declaration."""
        return tuple(self.name(child) for child in nodes(node))

    def optional_name(self, node: Concrete | None) -> tree.Name | None:
        return None if node is None else self.name(node)

    def qname(self, node: Concrete) -> tree.QName:
        return tree.QName(self.names(node), span=self.span(node))

    def axes(self, node: Concrete | None) -> tuple[tree.Name, ...] | None:
        return None if node is None else self.names(node)

    def string(self, literal: Token) -> str:
        return str(literal)[1:-1]

    def integer(self, literal: Token) -> int:
        """The value of an integer literal; one that is out of range is reported and read as 0."""
        digits = str(literal).lstrip("0")
        if len(digits) <= len(str(MAX_INTEGER)) and int(digits or "0") <= MAX_INTEGER:
            return int(digits or "0")
        self.sink.add(
            Diagnostic(
                "E0106",
                "this integer is too large",
                (Label(self.span(literal), f"{len(digits)} digits; integers stay below 2^62"),),
                help="for a large real number write an exponent, such as `1e30`",
            )
        )
        return 0

    def number(self, node: Concrete) -> tree.Number:
        literal = token(node, 0)
        value = self.integer(literal) if literal.type == "INT" else float(literal)
        if value == float("inf"):
            message = "this number is too large for 64-bit floating point"
            self.sink.add(
                Diagnostic("E0106", message, (Label(self.span(literal)),), help="infinity is written `inf`")
            )
        return tree.Number(str(literal), value, span=self.span(node))


def node(parent: Concrete, index: int) -> Concrete:
    child = parent.children[index]
    assert isinstance(child, Tree)
    return child


def optional(parent: Concrete, index: int) -> Concrete | None:
    """The child at a place `[x]` of a rule, None when nothing was written there."""
    child = parent.children[index]
    return child if isinstance(child, Tree) else None


def nodes(parent: Concrete, start: int = 0) -> tuple[Concrete, ...]:
    """The children from `start` on that are nodes."""
    return tuple(child for child in parent.children[start:] if isinstance(child, Tree))


def token(parent: Concrete, index: int) -> Token:
    child = parent.children[index]
    assert isinstance(child, Token)
    return child


def too_deep(root: Concrete) -> Concrete | None:
    """The first expression nested deeper than the limit. Iterative, so that it may meet any tree."""
    waiting = [(root, 0)]
    while waiting:
        parent, depth = waiting.pop()
        depth += parent.data in _EXPRESSIONS
        if depth > MAX_NESTING:
            return parent
        waiting.extend((child, depth) for child in nodes(parent))
    return None
