"""Parse tree to surface tree: the file, its declarations, statements and learning diagrams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from lark import Token

from diagc.source import Span
from diagc.syntax import tree
from diagc.syntax.build_designs import design
from diagc.syntax.build_terms import (
    arguments,
    expression,
    expressions,
    optional_expression,
    optional_type,
    parameters,
    results,
    term,
    type_of,
)
from diagc.syntax.concrete import Concrete, Reader, node, nodes, optional, token


def build_file(reader: Reader, concrete: Concrete) -> tree.File:
    """The surface tree of a whole file, whose nesting is within the limit."""
    items = tuple(_ITEMS[part.data](reader, part) for part in nodes(concrete, 1))
    version = reader.integer(token(node(concrete, 0), 0))
    return tree.File(version, items, span=Span(reader.source, 0, len(reader.source.text)))


# ---- declarations


def _use(reader: Reader, concrete: Concrete) -> tree.Use:
    path = token(concrete, 0)
    alias = reader.optional_name(optional(concrete, 1))
    return tree.Use(reader.string(path), reader.span(path), alias, span=reader.span(concrete))


def _sizes(reader: Reader, concrete: Concrete) -> tree.Sizes:
    return tree.Sizes(reader.names(concrete), span=reader.span(concrete))


def _axes(reader: Reader, concrete: Concrete) -> tree.Axes:
    declarations = tuple(
        tree.AxisDecl(
            reader.name(node(part, 0)), optional_expression(reader, optional(part, 1)), span=reader.span(part)
        )
        for part in nodes(concrete)
    )
    return tree.Axes(declarations, span=reader.span(concrete))


def _fn(reader: Reader, concrete: Concrete) -> tree.Fn:
    arrow, parts = optional(concrete, 3), nodes(node(concrete, 4))
    statements = tuple(part for part in parts if part.data in _STATEMENTS)
    return tree.Fn(
        reader.name(node(concrete, 0)),
        reader.axes(optional(concrete, 1)),
        parameters(reader, optional(concrete, 2)),
        None if arrow is None else results(reader, arrow),
        tuple(_STATEMENTS[part.data](reader, part) for part in statements),
        expressions(reader, parts[len(statements) :]),
        span=reader.span(concrete),
    )


def _alias(reader: Reader, concrete: Concrete) -> tree.Alias:
    return tree.Alias(
        reader.name(node(concrete, 0)), term(reader, node(concrete, 1)), span=reader.span(concrete)
    )


def _glue(reader: Reader, concrete: Concrete) -> tree.Glue:
    dotted = [reader.qname(part) for part in nodes(node(concrete, 1))]
    parts = tuple(tree.Name(part.text, span=part.span) for part in dotted)
    over = reader.names(node(concrete, 2))
    return tree.Glue(reader.name(node(concrete, 0)), parts, over, span=reader.span(concrete))


# ---- statements


def _let(reader: Reader, concrete: Concrete) -> tree.Let:
    return tree.Let(
        reader.names(node(concrete, 0)),
        optional_type(reader, optional(concrete, 1)),
        expression(reader, node(concrete, 2)),
        span=reader.span(concrete),
    )


def _param_decl(reader: Reader, concrete: Concrete) -> tree.ParamDecl:
    return tree.ParamDecl(
        reader.name(node(concrete, 0)),
        type_of(reader, node(concrete, 1)),
        _init(reader, node(concrete, 2)),
        span=reader.span(concrete),
    )


def _init(reader: Reader, concrete: Concrete) -> tree.Init:
    given = arguments(reader, optional(concrete, 1))
    return tree.Init(reader.name(node(concrete, 0)), given, span=reader.span(concrete))


def _model_decl(reader: Reader, concrete: Concrete) -> tree.ModelDecl:
    return tree.ModelDecl(
        reader.name(node(concrete, 0)), term(reader, node(concrete, 1)), span=reader.span(concrete)
    )


# ---- schedules


def _schedule(reader: Reader, concrete: Concrete) -> tree.Schedule:
    settings = tuple(_decision(reader, part) for part in nodes(concrete, 2))
    machine = reader.string(token(concrete, 1))
    return tree.Schedule(reader.name(node(concrete, 0)), machine, settings, span=reader.span(concrete))


def _decision(reader: Reader, concrete: Concrete) -> tree.Tile | tree.Option | tree.Stages:
    span, head = reader.span(concrete), reader.name(node(concrete, 0))
    value = reader.integer(token(concrete, -1))
    if concrete.data == "option":
        return tree.Option(head, value, span=span)
    kind = tree.Tile if concrete.data == "tile" else tree.Stages
    return kind(head, reader.names(node(concrete, 1)), value, span=span)


# ---- learning diagrams


def _learning(reader: Reader, concrete: Concrete) -> tree.Learning:
    items = tuple(_LEARNING[part.data](reader, part) for part in nodes(concrete, 1))
    return tree.Learning(reader.name(node(concrete, 0)), items, span=reader.span(concrete))


def _source(reader: Reader, concrete: Concrete) -> tree.SourceDecl:
    head, *written = nodes(concrete)
    columns = tuple(_column(reader, part) for part in written)
    return tree.SourceDecl(reader.name(head), columns, span=reader.span(concrete))


def _column(reader: Reader, concrete: Concrete) -> tree.ColumnDecl:
    drawn = optional(concrete, 2)
    return tree.ColumnDecl(
        reader.name(node(concrete, 0)),
        optional_type(reader, optional(concrete, 1)),
        None if drawn is None else _init(reader, drawn),
        span=reader.span(concrete),
    )


def _model(reader: Reader, concrete: Concrete) -> tree.Model:
    mode: Literal["train", "frozen"] = "train" if token(node(concrete, 0), 0).type == "TRAIN" else "frozen"
    written, weights = optional(concrete, 4), concrete.children[5]
    return tree.Model(
        mode,
        reader.name(node(concrete, 1)),
        tuple(type_of(reader, part) for part in nodes(node(concrete, 2))),
        results(reader, node(concrete, 3)),
        None if written is None else _implementation(reader, written),
        reader.string(weights) if isinstance(weights, Token) else None,
        reader.span(weights) if isinstance(weights, Token) else None,
        span=reader.span(concrete),
    )


def _implementation(reader: Reader, concrete: Concrete) -> tree.FnTerm | tree.PythonModel:
    if concrete.data != "python":
        return term(reader, concrete)
    target = reader.string(token(concrete, 0))
    return tree.PythonModel(target, arguments(reader, optional(concrete, 1)), span=reader.span(concrete))


def _ema(reader: Reader, concrete: Concrete) -> tree.Ema:
    slow, of = reader.name(node(concrete, 0)), reader.name(node(concrete, 1))
    return tree.Ema(slow, of, reader.number(node(concrete, 2)), span=reader.span(concrete))


def _equation(reader: Reader, concrete: Concrete) -> tree.Equation:
    return tree.Equation(
        reader.optional_name(optional(concrete, 0)),
        expression(reader, node(concrete, 1)),
        expression(reader, node(concrete, 2)),
        _comparator(reader, node(concrete, 3)),
        tuple(_OPTIONS[part.data](reader, part) for part in nodes(concrete, 4)),
        span=reader.span(concrete),
    )


def _comparator(reader: Reader, concrete: Concrete) -> tree.Comparator:
    written = arguments(reader, optional(concrete, 1))
    return tree.Comparator(reader.name(node(concrete, 0)), written, span=reader.span(concrete))


def _weight(reader: Reader, concrete: Concrete) -> tree.Weight:
    value = node(concrete, 0)
    built = reader.number(value) if value.data == "number" else _comparator(reader, value)
    return tree.Weight(built, span=reader.span(concrete))


def _updates(reader: Reader, concrete: Concrete) -> tree.Updates:
    return tree.Updates(reader.names(node(concrete, 0)), span=reader.span(concrete))


def _against(reader: Reader, concrete: Concrete) -> tree.Against:
    return tree.Against(reader.name(node(concrete, 0)), span=reader.span(concrete))


def _mask(reader: Reader, concrete: Concrete) -> tree.Mask:
    return tree.Mask(reader.qname(node(concrete, 0)), span=reader.span(concrete))


def _policy(reader: Reader, concrete: Concrete) -> tree.Policy:
    if not concrete.children:
        return tree.Policy("primitive", None, span=reader.span(concrete))
    return tree.Policy("all", reader.integer(token(concrete, 0)), span=reader.span(concrete))


def _optimise(reader: Reader, concrete: Concrete) -> tree.Optimise:
    optimisers = tuple(
        tree.Optimiser(
            reader.optional_name(optional(part, 0)),
            _comparator(reader, node(part, 1)),
            span=reader.span(part),
        )
        for part in nodes(concrete)
    )
    return tree.Optimise(optimisers, span=reader.span(concrete))


def _setting(reader: Reader, concrete: Concrete) -> tree.Setting:
    value = reader.integer(token(concrete, 1))
    return tree.Setting(reader.name(node(concrete, 0)), value, span=reader.span(concrete))


_ITEMS: dict[str, Callable[[Reader, Concrete], tree.Item]] = {
    "use": _use,
    "sizes": _sizes,
    "axes": _axes,
    "fn": _fn,
    "alias": _alias,
    "schedule": _schedule,
    "learning": _learning,
    "glue": _glue,
    "design": design,
}
_STATEMENTS: dict[str, Callable[[Reader, Concrete], tree.Statement]] = {
    "let": _let,
    "param_decl": _param_decl,
    "model_decl": _model_decl,
}
_LEARNING: dict[str, Callable[[Reader, Concrete], tree.LearningItem]] = {
    "source": _source,
    "model": _model,
    "ema": _ema,
    "equation": _equation,
    "policy": _policy,
    "optimise": _optimise,
    "setting": _setting,
}
_OPTIONS: dict[str, Callable[[Reader, Concrete], tree.EquationOption]] = {
    "weight": _weight,
    "updates": _updates,
    "against": _against,
    "mask": _mask,
}
