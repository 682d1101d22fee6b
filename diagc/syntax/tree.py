"""The surface tree: what was written, with a span on every node and nothing resolved.

Spans do not take part in equality: two trees are equal iff they mean the same text up to layout and comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from diagc.source import Span
from diagc.syntax.tree_terms import (
    Argument as Argument,
    Attribute as Attribute,
    Binary as Binary,
    BinaryOperator as BinaryOperator,
    Call as Call,
    Expr as Expr,
    FnTerm as FnTerm,
    Index as Index,
    Instance as Instance,
    Merge as Merge,
    Name as Name,
    Node as Node,
    Number as Number,
    Parameter as Parameter,
    Pipe as Pipe,
    QName as QName,
    Ref as Ref,
    Reindex as Reindex,
    Result as Result,
    Scan as Scan,
    Split as Split,
    TupleExpr as TupleExpr,
    Type as Type,
    Unary as Unary,
    Weave as Weave,
)

# ---- functions


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
class ColumnDecl(Node):
    """`image: f32[pixel]`, or `noise: f32[z] ~ normal` for a column that is drawn."""

    name: Name
    type: Type | None
    drawn: Init | None


@dataclass(frozen=True, slots=True)
class SourceDecl(Node):
    """`source lab { image: f32[pixel], label: i32 in class }`."""

    name: Name
    columns: tuple[ColumnDecl, ...]


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
    """`learning both = glue left, right over backbone`; a part of a used file is one name with a dot."""

    name: Name
    parts: tuple[Name, ...]
    over: tuple[Name, ...]


# ---- design problems


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """`low < middle < high`; `signs` are the comparisons as written."""

    elements: tuple[Name, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Poset(Node):
    """`poset grade: low < middle < high`: what the chains say, and what follows from it."""

    name: Name
    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True)
class Port(Node):
    """`distance: real @unit(km) = 10`."""

    name: Name
    poset: Name
    attributes: tuple[Attribute, ...]
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Ports(Node):
    """`provides a: real, b: natural` or `requires c: real`."""

    side: Literal["provides", "requires"]
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`choice speed = values(5, 10, 20)`."""

    name: Name
    values: Expr


@dataclass(frozen=True, slots=True)
class Rows(Node):
    """`from "batteries.csv"`: each row of the table is an implementation."""

    path: str
    path_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ensure(Node):
    """`ensure motor.torque >= 2 * load`."""

    condition: Expr


ComponentItem = Ports | Choice | Rows | Ensure


@dataclass(frozen=True, slots=True)
class Component(Node):
    """A part of a design: it provides functionality, requires resources, and has implementations."""

    name: Name
    items: tuple[ComponentItem, ...]


DesignItem = Poset | Component | Ports | Ensure


@dataclass(frozen=True, slots=True)
class Design(Node):
    """`design drone { … }`."""

    name: Name
    items: tuple[DesignItem, ...]


Item = Use | Sizes | Axes | Fn | Alias | Schedule | Learning | Glue | Design


@dataclass(frozen=True, slots=True)
class File(Node):
    """A whole source file; `version` is the language version of its first line."""

    version: int
    items: tuple[Item, ...]
