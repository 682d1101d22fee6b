"""The surface tree: what was written, with a span on every node and nothing resolved.

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


@dataclass(frozen=True, slots=True)
class Let(Node):
    """`a, b: type = value`."""

    names: tuple[Name, ...]
    type: Type | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Init(Node):
    """An initialiser `name(args)`; `args` is None without parentheses."""

    name: Name
    args: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True)
class ParamDecl(Node):
    """`param W: type ~ init`."""

    name: Name
    type: Type
    init: Init


@dataclass(frozen=True, slots=True)
class ModelDecl(Node):
    """`model l1 = term` inside a `fn`."""

    name: Name
    term: FnTerm


Statement = Let | ParamDecl | ModelDecl


@dataclass(frozen=True, slots=True)
class Fn(Node):
    """A tensor diagram. `axis_params` is None when no brackets were written, `results` when no arrow was."""

    name: Name
    axis_params: tuple[Name, ...] | None
    params: tuple[Parameter, ...]
    results: tuple[Result, ...] | None
    body: tuple[Statement, ...]
    returns: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Alias(Node):
    """`fn name = term`."""

    name: Name
    term: FnTerm


# ---- declarations


@dataclass(frozen=True, slots=True)
class Use(Node):
    path: str
    path_span: Span = field(compare=False, repr=False)
    alias: Name | None


@dataclass(frozen=True, slots=True)
class Sizes(Node):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class AxisDecl(Node):
    name: Name
    size: Expr | None


@dataclass(frozen=True, slots=True)
class Axes(Node):
    declarations: tuple[AxisDecl, ...]


@dataclass(frozen=True, slots=True)
class Tile(Node):
    """`group[q] = 128` or `stream[x] = 64`."""

    kind: Name
    axes: tuple[Name, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Option(Node):
    """`warps = 8`."""

    name: Name
    value: int


@dataclass(frozen=True, slots=True)
class Stages(Node):
    """`stages K, V = 2`."""

    kind: Name
    arrays: tuple[Name, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Schedule(Node):
    entry: Name
    machine: str
    settings: tuple[Tile | Option | Stages, ...]


# ---- learning diagrams


@dataclass(frozen=True, slots=True)
class SourceDecl(Node):
    """`source lab { image: f32[pixel], label: i32 in class }`."""

    name: Name
    columns: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class PythonModel(Node):
    """`python "pkg:Class"(args)`."""

    target: str
    args: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True)
class Model(Node):
    """`train|frozen name: domain -> codomain = implementation from "file"`."""

    mode: Literal["train", "frozen"]
    name: Name
    domain: tuple[Type, ...]
    codomain: tuple[Result, ...]
    implementation: FnTerm | PythonModel | None
    weights: str | None
    weights_span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ema(Node):
    """`ema slow of enc decay 0.996`."""

    name: Name
    of: Name
    decay: Number


@dataclass(frozen=True, slots=True)
class Comparator(Node):
    """`kl(temperature = 2)` after `by`; also an optimiser such as `adamw(lr = 3e-4)`."""

    name: Name
    args: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True)
class Weight(Node):
    """`weight 0.3`, or a schedule `weight linear(0, 1, steps = 1000)`."""

    value: Number | Comparator


@dataclass(frozen=True, slots=True)
class Updates(Node):
    models: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Against(Node):
    model: Name


@dataclass(frozen=True, slots=True)
class Mask(Node):
    column: QName


EquationOption = Weight | Updates | Against | Mask


@dataclass(frozen=True, slots=True)
class Equation(Node):
    """`commute label: prediction ~ target by comparator options`."""

    label: Name | None
    prediction: Expr
    target: Expr
    comparator: Comparator
    options: tuple[EquationOption, ...]


@dataclass(frozen=True, slots=True)
class Policy(Node):
    """`commutes primitive` (limit None) or `commutes all up to n`."""

    kind: Literal["primitive", "all"]
    limit: int | None


@dataclass(frozen=True, slots=True)
class Optimiser(Node):
    """`enc by adamw(lr = 3e-4)`; `model` is None for all models."""

    model: Name | None
    method: Comparator


@dataclass(frozen=True, slots=True)
class Optimise(Node):
    optimisers: tuple[Optimiser, ...]


@dataclass(frozen=True, slots=True)
class Setting(Node):
    """`epochs 20`, `batch 128`, `seed 0`, `steps 1000`."""

    name: Name
    value: int


LearningItem = SourceDecl | Model | Ema | Equation | Policy | Optimise | Setting


@dataclass(frozen=True, slots=True)
class Learning(Node):
    name: Name
    items: tuple[LearningItem, ...]


@dataclass(frozen=True, slots=True)
class Glue(Node):
    """`learning both = glue left, right over backbone`."""

    name: Name
    parts: tuple[Name, ...]
    over: tuple[Name, ...]


Item = Use | Sizes | Axes | Fn | Alias | Schedule | Learning | Glue


@dataclass(frozen=True, slots=True)
class File(Node):
    """A whole source file; `version` is the language version of its first line."""

    version: int
    items: tuple[Item, ...]
