"""The learning diagram: sources, models, and the equations between paths whose disagreement is the loss.

Types are those of one sample. The terms of an equation are nodes over two kinds of inputs: columns, named
`source.column`, and parameters, named by the path of their model, such as `student.l1.W`. The batch is woven in by
`passes.commute`, which makes one tensor diagram of all equations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Array, Node, node
from diagc.source import Span

Mode = Literal["train", "frozen", "ema"]
Style = Literal["data", "train", "frozen", "ema", "function"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source: what one sample has under this name."""

    name: str
    array: Array


@dataclass(frozen=True, slots=True)
class Source:
    """An apex of the diagram: samples that are drawn together, with their columns."""

    name: str
    columns: tuple[Column, ...]

    def input(self, column: Column) -> Node:
        """The input that stands for a column of one sample."""
        return node(ops.Input(f"{self.name}.{column.name}"), array=column.array)


@dataclass(frozen=True, slots=True)
class Model:
    """An arrow with parameters. `weights` is a safetensors file relative to the specification, or None."""

    name: str
    mode: Mode
    domain: tuple[Array, ...]
    codomain: tuple[Array, ...]
    implementation: str
    parameters: tuple[Node, ...]
    weights: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of a path, and the type at its end; `stop` when no gradient flows back through it."""

    label: str
    style: Style
    stop: bool
    end: str


@dataclass(frozen=True, slots=True)
class Path:
    """What a side of an equation looks like as a path: where it starts and its arrows. For pictures only."""

    start: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """`prediction ~ target`. `discrepancy` is the comparator's value for one sample, a scalar, before the weight.

    `source` is the source whose columns occur, or None for an equation on parameters alone.
    """

    label: str
    prediction: Node
    target: Node
    discrepancy: Node
    comparator: str
    weight: float
    source: str | None
    paths: tuple[Path, Path]

    @property
    def class_axis(self) -> Axis | None:
        """The axis that the target is an index into, when the prediction has scores along it."""
        axis = self.target.array.index_of
        return axis if axis in self.prediction.axes and axis not in self.target.axes else None


@dataclass(frozen=True, slots=True)
class Optimiser:
    """How models move: `model` is None for all models that have no optimiser of their own."""

    model: str | None
    method: str
    arguments: tuple[tuple[str, float | int | bool], ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Training settings; None where the specification says nothing. `steps` and `epochs` exclude each other."""

    epochs: int | None = None
    steps: int | None = None
    batch: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LearningDiagram:
    """A whole learning diagram, in the order of its declaration. `spans` says where nodes were first written."""

    name: str
    sources: tuple[Source, ...]
    models: tuple[Model, ...]
    equations: tuple[Equation, ...]
    optimisers: tuple[Optimiser, ...]
    settings: Settings
    spans: Mapping[Node, Span] = field(default_factory=dict[Node, Span], compare=False, repr=False)

    def parameters(self, mode: Mode) -> tuple[Node, ...]:
        """The parameters of the models of a mode, sorted by path."""
        found = {parameter_path(p): p for m in self.models if m.mode == mode for p in m.parameters}
        return tuple(found[path] for path in sorted(found))

    def source(self, name: str) -> Source:
        return next(source for source in self.sources if source.name == name)


def parameter_path(parameter: Node) -> str:
    """The path of a parameter, model first."""
    assert isinstance(parameter.op, ops.Input)
    return parameter.op.name


def reached(roots: tuple[Node, ...], through_stop: bool) -> set[str]:
    """The names of the inputs below the roots; without `through_stop`, of those that a gradient reaches."""
    found, seen = set[str](), set[Node]()
    stack = list(roots)
    while stack:
        current = stack.pop()
        if current in seen or (isinstance(current.op, ops.Stop) and not through_stop):
            continue
        seen.add(current)
        if isinstance(current.op, ops.Input):
            found.add(current.op.name)
        stack.extend(current.inputs)
    return found
