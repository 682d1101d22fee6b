"""Parse tree to surface tree: expressions, types and the terms that stand for a `fn`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from diagc.syntax import tree
from diagc.syntax.concrete import Concrete, Reader, node, nodes, optional, token


def expression(reader: Reader, concrete: Concrete) -> tree.Expr:
    """An expression. The recursion is bounded: nesting was checked before."""
    return _EXPRESSIONS[concrete.data](reader, concrete)


def expressions(reader: Reader, parts: tuple[Concrete, ...]) -> tuple[tree.Expr, ...]:
    return tuple(expression(reader, part) for part in parts)


def optional_expression(reader: Reader, concrete: Concrete | None) -> tree.Expr | None:
    return None if concrete is None else expression(reader, concrete)


def arguments(reader: Reader, concrete: Concrete | None) -> tuple[tree.Argument, ...] | None:
    """The arguments of an `arguments` node, which may be absent."""
    if concrete is None:
        return None
    written = optional(concrete, 0)
    return () if written is None else _args(reader, written)


def _args(reader: Reader, concrete: Concrete) -> tuple[tree.Argument, ...]:
    return tuple(
        tree.Argument(
            reader.optional_name(optional(part, 0)), expression(reader, node(part, 1)), span=reader.span(part)
        )
        for part in nodes(concrete)
    )


def _ref(reader: Reader, concrete: Concrete) -> tree.Ref:
    name = concrete if concrete.data == "qname" else node(concrete, 0)
    return tree.Ref(reader.qname(name), span=reader.span(concrete))


def _unary(reader: Reader, concrete: Concrete) -> tree.Unary:
    operator = "-" if token(concrete, 0).type == "MINUS" else "not"
    return tree.Unary(operator, expression(reader, node(concrete, 1)), span=reader.span(concrete))


def _binary(reader: Reader, concrete: Concrete) -> tree.Binary:
    left, right = node(concrete, 0), node(concrete, 2)
    operator = cast(tree.BinaryOperator, str(token(concrete, 1)))
    return tree.Binary(
        operator, expression(reader, left), expression(reader, right), span=reader.span(concrete)
    )


def _pipe(reader: Reader, concrete: Concrete) -> tree.Pipe:
    return tree.Pipe(
        expression(reader, node(concrete, 0)),
        reader.qname(node(concrete, 1)),
        reader.axes(optional(concrete, 2)),
        arguments(reader, optional(concrete, 3)),
        attributes(reader, node(concrete, 4)),
        span=reader.span(concrete),
    )


def _call(reader: Reader, concrete: Concrete) -> tree.Call:
    return tree.Call(
        reader.qname(node(concrete, 0)),
        reader.axes(optional(concrete, 1)),
        arguments(reader, node(concrete, 2)) or (),
        attributes(reader, node(concrete, 3)),
        span=reader.span(concrete),
    )


def _scan(reader: Reader, concrete: Concrete) -> tree.Scan:
    return tree.Scan(
        reader.qname(node(concrete, 0)),
        reader.names(node(concrete, 1)),
        _args(reader, node(concrete, 2)),
        expressions(reader, nodes(concrete, 3)),
        span=reader.span(concrete),
    )


def _tuple(reader: Reader, concrete: Concrete) -> tree.TupleExpr:
    return tree.TupleExpr(expressions(reader, nodes(concrete)), span=reader.span(concrete))


def _index(reader: Reader, concrete: Concrete) -> tree.Index:
    base, *entries = nodes(concrete)
    built = tuple(_entry(reader, entry) for entry in entries)
    return tree.Index(expression(reader, base), built, span=reader.span(concrete))


def _entry(reader: Reader, concrete: Concrete) -> tree.Reindex | tree.Split | tree.Merge:
    span, first, second = reader.span(concrete), node(concrete, 0), node(concrete, 1)
    if concrete.data == "split":
        return tree.Split(reader.name(first), reader.names(second), span=span)
    if concrete.data == "merge":
        return tree.Merge(reader.names(first), reader.name(second), span=span)
    fill = optional_expression(reader, optional(concrete, 2))
    return tree.Reindex(reader.name(first), expression(reader, second), fill, span=span)


_EXPRESSIONS: dict[str, Callable[[Reader, Concrete], tree.Expr]] = {
    "number": Reader.number,
    "ref": _ref,
    "qname": _ref,
    "unary": _unary,
    "binary": _binary,
    "pipe": _pipe,
    "call": _call,
    "scan": _scan,
    "tuple": _tuple,
    "index": _index,
}


def type_of(reader: Reader, concrete: Concrete) -> tree.Type:
    return tree.Type(
        reader.name(node(concrete, 0)),
        reader.axes(optional(concrete, 1)),
        reader.optional_name(optional(concrete, 2)),
        attributes(reader, node(concrete, 3)),
        span=reader.span(concrete),
    )


def optional_type(reader: Reader, concrete: Concrete | None) -> tree.Type | None:
    return None if concrete is None else type_of(reader, concrete)


def attributes(reader: Reader, concrete: Concrete) -> tuple[tree.Attribute, ...]:
    return tuple(_attribute(reader, part) for part in nodes(concrete))


def _attribute(reader: Reader, concrete: Concrete) -> tree.Attribute:
    content = node(concrete, 1)
    is_axes = content.data == "axis_set"
    return tree.Attribute(
        reader.name(node(concrete, 0)),
        reader.names(content) if is_axes else None,
        None if is_axes else arguments(reader, content),
        span=reader.span(concrete),
    )


def parameters(reader: Reader, concrete: Concrete | None) -> tuple[tree.Parameter, ...]:
    return tuple(
        tree.Parameter(
            reader.name(node(part, 0)), optional_type(reader, optional(part, 1)), span=reader.span(part)
        )
        for part in (nodes(concrete) if concrete else ())
    )


def results(reader: Reader, concrete: Concrete) -> tuple[tree.Result, ...]:
    """The results of a signature: a single type, or several with names."""
    return tuple(
        tree.Result(None, type_of(reader, part), span=reader.span(part))
        if part.data == "type"
        else tree.Result(reader.name(node(part, 0)), type_of(reader, node(part, 1)), span=reader.span(part))
        for part in nodes(concrete)
    )


def term(reader: Reader, concrete: Concrete) -> tree.FnTerm:
    span = reader.span(concrete)
    if concrete.data == "weave":
        return tree.Weave(reader.names(node(concrete, 0)), term(reader, node(concrete, 1)), span=span)
    return tree.Instance(
        reader.qname(node(concrete, 0)),
        reader.axes(optional(concrete, 1)),
        arguments(reader, optional(concrete, 2)),
        span=span,
    )
