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
Distribution = Literal["normal", "uniform", "bernoulli"]
Shape = Literal["linear", "cosine"]
Style = Literal["data", "train", "frozen", "ema", "function"]


@dataclass(frozen=True, slots=True)
class Draw:
    """A distribution with its numbers; every sample of every step draws anew, from a key of the column's own."""

    distribution: Distribution
    arguments: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source: what one sample has under this name, read from a file or `drawn`."""

    name: str
    array: Array
    drawn: Draw | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """An apex of the diagram: samples that are drawn together, with their columns."""

    name: str
    columns: tuple[Column, ...]

    @property
    def reads(self) -> bool:
        """Whether any column comes from a file."""
        return any(column.drawn is None for column in self.columns)

    def input(self, column: Column) -> Node:
        """The input that stands for a column of one sample."""
        return node(ops.Input(f"{self.name}.{column.name}"), array=column.array)


@dataclass(frozen=True, slots=True)
class Model:
    """An arrow with parameters. `weights` is a safetensors file relative to the specification, or None.

    The parameters of a model of mode `ema` follow those of the model `of`: `decay · own + (1 - decay) · other`.
    """

    name: str
    mode: Mode
    domain: tuple[Array, ...]
    codomain: tuple[Array, ...]
    implementation: str
    parameters: tuple[Node, ...]
    weights: str | None = None
    of: str = ""
    decay: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """A number that goes from `start` to `end` in `steps` updates and stays there."""

    shape: Shape
    start: float
    end: float
    steps: int

    def __str__(self) -> str:
        return f"{self.shape}({self.start:g}, {self.end:g}, steps = {self.steps})"


Weight = float | Schedule
OptimiserValue = float | int | bool | Schedule


def weight_text(weight: Weight) -> str:
    """A weight as it is written."""
    return str(weight) if isinstance(weight, Schedule) else f"{weight:g}"


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
    """`prediction ~ target`. `discrepancy` is the comparator's value before the weight.

    It is a scalar of one sample; over the axes of `mask`, of one sample too, where there is one; and of a whole batch
    where the comparator is `batchwise`. `source` is the source whose columns occur, or None for an equation on
    parameters alone. `updates` names the models that it trains, where not all; `against` the one that raises it.
    """

    label: str
    prediction: Node
    target: Node
    discrepancy: Node
    comparator: str
    weight: Weight
    source: str | None
    paths: tuple[Path, Path]
    mask: Node | None = None
    batchwise: bool = False
    updates: tuple[str, ...] | None = None
    against: str | None = None

    @property
    def trains(self) -> bool:
        """Whether its weight is ever other than zero."""
        return self.weight != 0.0

    @property
    def options(self) -> str:
        """What stands behind the comparator, as text."""
        found = [] if self.weight == 1.0 else [f"weight {weight_text(self.weight)}"]
        found += [f"updates {', '.join(self.updates)}"] if self.updates is not None else []
        found += [f"against {self.against}"] if self.against is not None else []
        found += ["masked"] if self.mask is not None else []
        return " ".join(found)

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
    arguments: tuple[tuple[str, OptimiserValue], ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Training settings; None where the specification says nothing. `steps` and `epochs` exclude each other."""

    epochs: int | None = None
    steps: int | None = None
    batch: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LearningDiagram:
    """A whole learning diagram, in the order of its declaration; `parts` are those that it is glued from.

    `spans` says where nodes were first written.
    """

    name: str
    sources: tuple[Source, ...]
    models: tuple[Model, ...]
    equations: tuple[Equation, ...]
    optimisers: tuple[Optimiser, ...]
    settings: Settings
    parts: tuple[str, ...] = ()
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
