"""Kernels as straight-line code over tiles, with loops that carry states.

A `Value` is a tile: it has the axes of the diagram node that it holds, and each axis has an `Extent` in the kernel
that says how much of it a tile spans. Values are compared by identity (single assignment). The IR knows arithmetic,
loads, stores, tile folds, contractions and loops; it knows no back end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Node
from diagc.core.dtypes import DType
from diagc.core.ops import Monoid
from diagc.plan.extent import Extent
from diagc.source import Span


@dataclass(eq=False, slots=True)
class Value:
    """A tile, or a scalar when no axis is blocked. `origin` is the node it holds, for names and source lines."""

    axes: tuple[Axis, ...]
    dtype: DType
    origin: Node | None = None
    hint: str = ""


# ---- bounds of loops: integers known before the loop


@dataclass(frozen=True, slots=True)
class Edge:
    """An affine integer in the first or last index of blocked or single axes of this program, plus a size.

    `values` are integers that the program has computed, with their coefficients. Where a back end holds several
    programs at once, they have a value for each, of which the `least` or the `most` counts.
    """

    terms: tuple[tuple[Axis, Literal["first", "last"], int], ...]
    offset: Size
    values: tuple[tuple[Value, Literal["least", "most"], int], ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """`max` or `min` of edges and bounds; `rounding` aligns the result to the block of the loop's axis."""

    kind: Literal["max", "min"]
    parts: tuple[Edge | Bound, ...]
    rounding: Literal["none", "down", "up"] = "none"


# ---- statements


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """Reads an input at a coordinate per axis of the array; a coordinate may be a tile of indices.

    `guard` are the blocked axes whose lanes may lie outside and must be masked; masked lanes read `fill`. With
    `checked`, whole coordinates may lie outside the array and are compared with its sizes.
    """

    target: Value
    source: Node
    coordinates: tuple[Coordinate | Value, ...]
    guard: tuple[Axis, ...]
    fill: float | int | bool
    checked: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """A scalar function at each point of a tile; `cast` converts to the target's dtype."""

    target: Value
    function: str
    operands: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number or a size."""

    target: Value
    value: float | int | bool | Size


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The absolute index along an axis."""

    target: Value
    axis: Axis


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Whether the index along a blocked axis is below its size."""

    target: Value
    axis: Axis


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How many indices of a loop's axis have been processed before this iteration, or `after` it."""

    target: Value
    axis: Axis
    after: bool


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A monoid over blocked axes of a tile."""

    target: Value
    monoid: Monoid
    axes: tuple[Axis, ...]
    operand: Value


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The inclusive running fold of a monoid along a blocked axis of a tile."""

    target: Value
    monoid: Monoid
    axis: Axis
    operand: Value


@dataclass(frozen=True, slots=True, eq=False)
class Dot:
    """Contraction of two tiles over `axes`, computed in `compute`, accumulated in the target's dtype onto `start`."""

    target: Value
    left: Value
    right: Value
    axes: tuple[Axis, ...]
    compute: DType
    start: Value | None


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """A state of a loop: `state` inside the body, `start` before the first and `next` after each iteration."""

    state: Value
    start: Value
    next: Value
    result: Value


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop along an axis from `start` to `stop` in steps of its block (or of 1 when the axis is walked).

    `phase` says whether masks and bounds of the loop's axis have been dropped from the body.
    """

    axis: Axis
    start: Bound
    stop: Bound
    phase: Literal["full", "partial"]
    carried: tuple[Carried, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """The `first` index of an axis from `start` to `stop` at which `condition` holds, and the one `past` the last.

    `body` computes the condition at a chunk of indices; it is the conjunct of being inside the axis. Where it holds
    nowhere, `first` is not below the size of the axis and `past` is 0.
    """

    axis: Axis
    start: Bound
    stop: Bound
    body: tuple[Statement, ...]
    condition: Value
    first: Value
    past: Value


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Writes a tile to output number `output`; lanes outside are not written."""

    output: int
    value: Value
    guard: tuple[Axis, ...]


Computation = Apply | Number | Index | Inside | Progress | Fold | Running | Dot
Statement = Load | Store | Loop | Search | Computation


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel: arrays in and out, how each axis is covered, and its statements.

    `group_axes` are the axes over which programs are laid out, outermost first.
    """

    name: str
    inputs: tuple[Node, ...]
    outputs: tuple[tuple[str, Array], ...]
    extents: dict[Axis, Extent]
    group_axes: tuple[Axis, ...]
    body: tuple[Statement, ...]
    spans: dict[Node, Span] = field(default_factory=dict[Node, Span], compare=False)

    def extent(self, axis: Axis) -> Extent:
        return self.extents[axis]

    @property
    def _has_twin(self) -> bool:
        return any(extent.kind == "twin" for extent in self.extents.values())

    def twins(self, axis: Axis) -> tuple[Axis, ...]:
        """The axes that are second indices in the blocks of an axis."""
        return tuple(a for a, extent in self.extents.items() if extent.of == axis)

    def blocked(self, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """Those of the axes for which a tile has a dimension."""
        return tuple(axis for axis in axes if self.extents[axis].blocked)

    def dims(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The dimensions of a tile with these axes, in order."""
        return tuple(sorted(self.blocked(tuple(axes)), key=self.dimension_order().index))

    def dimension_order(self) -> list[Axis]:
        """Tiled axes as in the result, then streamed ones, then resident ones: the order of dimensions of tiles.

        Where results are stored along a loop, its axis comes first: then no product is transposed.
        """
        order = ("stream", "twin", "resident", "tile") if self._has_twin else ("tile", "stream", "resident")
        kinds = {kind: order.index(kind) if kind in order else len(order) for kind in ("one", "walk", *order)}
        places = {axis: place for place, axis in enumerate(self.group_axes)}
        axes = list(self.extents)
        return sorted(
            axes, key=lambda a: (kinds[self.extents[a].kind], places.get(a, len(places)), axes.index(a))
        )

    def statements(self) -> Iterator[Statement]:
        """Every statement, loop bodies included, in order."""
        return nested(self.body)


def nested(body: tuple[Statement, ...]) -> Iterator[Statement]:
    """The statements of a body and of the loops and searches in it, in order."""
    stack = list(reversed(body))
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, Loop | Search):
            stack.extend(reversed(current.body))


def continues(before: Loop, after: Loop) -> bool:
    """Whether a loop goes on along the axis of another with the states that it left."""
    left = [carried.result for carried in before.carried]
    return before.axis == after.axis and [carried.start for carried in after.carried] == left


def bound_values(bound: Bound) -> Iterator[Value]:
    """The values in a bound."""
    for part in bound.parts:
        if isinstance(part, Bound):
            yield from bound_values(part)
        else:
            yield from (value for value, _, _ in part.values)


def count_uses(statements: Iterable[Statement]) -> Counter[Value]:
    """How often each value is read; twice for reads into which no expression should be written."""
    uses: Counter[Value] = Counter()
    for statement in statements:
        match statement:
            case Apply(_, _, operands):
                uses.update(operands)
            case Load(_, _, coordinates):
                uses.update(c for c in coordinates if isinstance(c, Value))
            case Fold(_, _, _, operand) | Running(_, _, _, operand):
                uses.update((operand, operand))
            case Dot(_, left, right, _, _, start):
                uses.update((left, left, right, right, *((start,) if start is not None else ())))
            case Store(_, value):
                uses[value] += 1
            case Loop():
                for carried in statement.carried:
                    uses.update({carried.start: 2, carried.next: 2})
                uses.update(2 * [*bound_values(statement.start), *bound_values(statement.stop)])
            case Search():
                uses[statement.condition] += 2
                uses.update(2 * [*bound_values(statement.start), *bound_values(statement.stop)])
            case _:
                pass
    return uses
