"""Parse tree to surface tree: design problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from lark import Token

from diagc.syntax import tree
from diagc.syntax.build_terms import attributes, expression, optional_expression
from diagc.syntax.concrete import Concrete, Reader, node, nodes, optional, token


def design(reader: Reader, concrete: Concrete) -> tree.Design:
    """`design name { … }`."""
    items = tuple(_DESIGN[part.data](reader, part) for part in nodes(concrete, 1))
    return tree.Design(reader.name(node(concrete, 0)), items, span=reader.span(concrete))


def _poset(reader: Reader, concrete: Concrete) -> tree.Poset:
    chains = tuple(
        tree.Chain(
            reader.names(part),
            tuple(str(sign) for sign in part.children if isinstance(sign, Token)),
            span=reader.span(part),
        )
        for part in nodes(concrete, 1)
    )
    return tree.Poset(reader.name(node(concrete, 0)), chains, span=reader.span(concrete))


def _component(reader: Reader, concrete: Concrete) -> tree.Component:
    items = tuple(_PARTS[part.data](reader, part) for part in nodes(concrete, 1))
    return tree.Component(reader.name(node(concrete, 0)), items, span=reader.span(concrete))


def _ports(reader: Reader, concrete: Concrete) -> tree.Ports:
    first, *ports = nodes(concrete)
    side: Literal["provides", "requires"] = "provides" if token(first, 0).type == "PROVIDES" else "requires"
    return tree.Ports(side, tuple(_port(reader, part) for part in ports), span=reader.span(concrete))


def _port(reader: Reader, concrete: Concrete) -> tree.Port:
    return tree.Port(
        reader.name(node(concrete, 0)),
        reader.name(node(concrete, 1)),
        attributes(reader, node(concrete, 2)),
        optional_expression(reader, optional(concrete, 3)),
        span=reader.span(concrete),
    )


def _choice(reader: Reader, concrete: Concrete) -> tree.Choice:
    values = expression(reader, node(concrete, 1))
    return tree.Choice(reader.name(node(concrete, 0)), values, span=reader.span(concrete))


def _rows(reader: Reader, concrete: Concrete) -> tree.Rows:
    path = token(concrete, 0)
    return tree.Rows(reader.string(path), reader.span(path), span=reader.span(concrete))


def _ensure(reader: Reader, concrete: Concrete) -> tree.Ensure:
    return tree.Ensure(expression(reader, node(concrete, 0)), span=reader.span(concrete))


_PARTS: dict[str, Callable[[Reader, Concrete], tree.ComponentItem]] = {
    "ports": _ports,
    "choice": _choice,
    "rows": _rows,
    "ensure": _ensure,
}
_DESIGN: dict[str, Callable[[Reader, Concrete], tree.DesignItem]] = {
    "poset": _poset,
    "component": _component,
    "ports": _ports,
    "ensure": _ensure,
}
