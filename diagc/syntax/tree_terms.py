"""The lower half of the surface tree: names, expressions, types and terms. Import them from `diagc.syntax.tree`.

Spans do not take part in equality: two trees are equal iff they mean the same text up to layout and comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from diagc.source import NOWHERE, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Base of all tree nodes."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A single identifier."""

    text: str


@dataclass(frozen=True, slots=True)
class QName(Node):
    """A dotted name such as `blocks.mlp`; a plain name has one part."""

    parts: tuple[Name, ...]

    @property
    def text(self) -> str:
        return ".".join(part.text for part in self.parts)


# ---- expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A literal. `value` is an int for integer literals, else a float."""

    text: str
    value: int | float


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """A name used as a value: a variable, an axis (its index), a size, a constant or a parameter path."""

    name: QName


@dataclass(frozen=True, slots=True)
class Reindex(Node):
    """`axis -> target` with an optional `else fill`."""

    axis: Name
    target: Expr
    fill: Expr | None = None


@dataclass(frozen=True, slots=True)
class Split(Node):
    """`axis -> (a b)`: a product axis becomes its factors."""

    axis: Name
    factors: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Merge(Node):
    """`(a b) -> axis`: factors become one product axis."""

    factors: tuple[Name, ...]
    axis: Name


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`base[entries]`."""

    base: Expr
    entries: tuple[Reindex | Split | Merge, ...]


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """An argument of a call, positional when `name` is None."""

    name: Name | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`@name[axes]` or `@name(args)`; exactly one of the two is not None."""

    name: Name
    axes: tuple[Name, ...] | None
    args: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`callee[axes](args) @attributes`; `axes` is None when no brackets were written."""

    callee: QName
    axes: tuple[Name, ...] | None
    args: tuple[Argument, ...]
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan(Node):
    """`scan[axis](h = init, c = init; step, step)`; `callee` holds the word as written."""

    callee: QName
    axes: tuple[Name, ...]
    states: tuple[Argument, ...]
    steps: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    operator: Literal["-", "not"]
    operand: Expr


BinaryOperator = Literal["+", "-", "*", "/", "//", "%", "^", "and", "or", "<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Every two-place operator, comparisons and connectives included."""

    operator: BinaryOperator
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """`value |> callee[axes](args)`; `args` is None when no parentheses were written."""

    value: Expr
    callee: QName
    axes: tuple[Name, ...] | None
    args: tuple[Argument, ...] | None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class TupleExpr(Node):
    """`(a, b)`: at least two items; legal only as an argument such as `wrt = (Q, K)`."""

    items: tuple[Expr, ...]


Expr = Number | Ref | Index | Call | Scan | Unary | Binary | Pipe | TupleExpr


# ---- types and functions


@dataclass(frozen=True, slots=True)
class Type(Node):
    """`dtype[axes] in axis @attributes`; `axes` is None when no brackets were written (rank 0)."""

    dtype: Name
    axes: tuple[Name, ...] | None
    index_of: Name | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A formal tensor of a `fn`, or a column of a `source`."""

    name: Name
    type: Type | None


@dataclass(frozen=True, slots=True)
class Result(Node):
    """One result of a signature; `name` is None for a single unnamed result."""

    name: Name | None
    type: Type


@dataclass(frozen=True, slots=True)
class Weave(Node):
    """`weave[axes] term`."""

    axes: tuple[Name, ...]
    term: FnTerm


@dataclass(frozen=True, slots=True)
class Instance(Node):
    """`name[axes](args)`: a `fn` with axes or scalar parameters bound; `args` is None without parentheses."""

    name: QName
    axes: tuple[Name, ...] | None
    args: tuple[Argument, ...] | None


FnTerm = Weave | Instance
