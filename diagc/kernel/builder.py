"""Emitting values into nested scopes: each node is computed once, in the outermost loop that it can stand in.

A scope is the body of a loop (or of the kernel). A node belongs to the innermost scope whose axis it carries or whose
running reductions it depends on; everything else is hoisted.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, in_order
from diagc.core.diagram import Node
from diagc.core.dtypes import DType
from diagc.diagnostics import failure
from diagc.kernel.ir import Apply, Index, Inside, Load, Number, Statement, Value
from diagc.plan.extent import Extent

Phase = Literal["full", "partial"]
MIN_BLOCK = 16
"""Blocks are powers of two from here on: the smallest side of a matrix instruction."""


@dataclass(slots=True)
class Scope:
    """A loop body under construction.

    `dependent` are the nodes that need the running reductions of the loop; `dropped` are masks known to hold in
    this phase; `forced` maps a node to the axis and value with which its lanes beyond the end are filled.
    """

    parent: Scope | None = None
    axes: tuple[Axis, ...] = ()
    phase: Phase = "partial"
    statements: list[Statement] = field(default_factory=list[Statement])
    values: dict[Node, Value] = field(default_factory=dict[Node, Value])
    dependent: set[Node] = field(default_factory=set[Node])
    dropped: dict[Node, tuple[Node, ...]] = field(default_factory=dict[Node, tuple[Node, ...]])
    forced: dict[Node, tuple[tuple[Axis, float], ...]] = field(
        default_factory=dict[Node, tuple[tuple[Axis, float], ...]]
    )
    casts: dict[tuple[int, DType], Value] = field(default_factory=dict[tuple[int, DType], Value])
    derived: dict[tuple[str, int], Value] = field(default_factory=dict[tuple[str, int], Value])

    def fills(self, node: Node) -> list[tuple[Axis, float]]:
        """The axes beyond whose ends a node is filled, here or around, each with its value."""
        return [found for scope in self.chain() for found in scope.forced.get(node, ())]

    def chain(self) -> Iterable[Scope]:
        """This scope and those around it, innermost first."""
        current: Scope | None = self
        while current is not None:
            yield current
            current = current.parent


class Builder(ABC):
    """Builds the statements of a kernel. `extents` say how each axis is covered.

    `padded` says that blocks of resident axes are powers of two, so that lanes may lie beyond the end.
    """

    def __init__(self, extents: dict[Axis, Extent], padded: bool, names: dict[Node, str]) -> None:
        self.extents = extents
        self.names = names
        self.padded = padded
        self.root = Scope()

    # ---- scopes

    def home(self, scope: Scope, node: Node) -> Scope:
        """The scope in which a node is computed."""
        carried = set(node.axes)
        for candidate in scope.chain():
            if carried & set(candidate.axes) or node in candidate.dependent or node in candidate.forced:
                return candidate
        return self.root

    def find(self, scope: Scope, node: Node) -> Value | None:
        """The value of a node if it has been computed in this scope or around it."""
        for candidate in scope.chain():
            if node in candidate.values:
                return candidate.values[node]
            if node in candidate.dependent:
                return None  # what stands further out belongs to another state
        return None

    def exact(self, axis: Axis) -> bool:
        """Whether blocks of a resident axis cover exactly its indices: always, where blocks need no power of two."""
        size = axis.size.value
        resident = self.extents[axis].kind == "resident"
        return (resident and not self.padded) or (
            resident and size is not None and size >= MIN_BLOCK and size & (size - 1) == 0
        )

    def ragged(self, scope: Scope, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """Those blocked axes whose lanes may lie beyond the end in this scope."""
        full = {axis for s in scope.chain() if s.phase == "full" for axis in s.axes}
        return tuple(
            a for a in in_order(axes) if self.extents[a].blocked and a not in full and not self.exact(a)
        )

    # ---- statements

    def add(
        self,
        scope: Scope,
        function: str,
        *operands: Value,
        dtype: DType,
        origin: Node | None = None,
        hint: str = "",
    ) -> Value:
        """A scalar function of tiles."""
        axes = in_order(a for o in operands for a in o.axes)
        named = self.names.get(origin, "") if origin is not None else ""
        target = Value(axes, dtype, origin, hint or named)
        scope.statements.append(Apply(target, function, operands))
        return target

    def literal(
        self,
        scope: Scope,
        value: float | bool,
        dtype: DType,
        axes: tuple[Axis, ...] = (),
        hint: str = "",
    ) -> Value:
        target = Value(axes, dtype, hint=hint)
        scope.statements.append(Number(target, value))
        return target

    def over(self, scope: Scope, value: Value, axes: tuple[Axis, ...]) -> Value:
        """The value with a dimension for each of the blocked axes, repeated along those that it lacks."""
        missing = tuple(a for a in axes if a not in value.axes and self.extents[a].blocked)
        if not missing:
            return value
        zero = self.literal(scope, 0 if value.dtype.kind == "int" else 0.0, value.dtype, missing, "zero")
        return self.add(scope, "add", zero, value, dtype=value.dtype, origin=value.origin)

    def cast(self, scope: Scope, value: Value, dtype: DType) -> Value:
        """The value in another dtype; conversions are shared."""
        if value.dtype is dtype:
            return value
        key = (id(value), dtype)
        for candidate in scope.chain():
            if key in candidate.casts:
                return candidate.casts[key]
        made = self.add(
            scope,
            "cast",
            value,
            dtype=dtype,
            origin=value.origin,
            hint=f"{value.hint or 'tile'}_{dtype.value}",
        )
        scope.casts[key] = made
        return made

    def inside(self, scope: Scope, axes: Iterable[Axis]) -> Value | None:
        """The conjunction of `index < size` over axes, or None for no axes."""
        result: Value | None = None
        for axis in axes:
            target = Value((axis,), DType.BOOL, hint=f"{axis.name}_inside")
            scope.statements.append(Inside(target, axis))
            result = target if result is None else self.add(scope, "and", result, target, dtype=DType.BOOL)
        return result

    def index(self, scope: Scope, axis: Axis) -> Value:
        target = Value((axis,), DType.I64, hint=axis.name)
        scope.statements.append(Index(target, axis))
        return target

    # ---- leaves

    def load(self, scope: Scope, node: Node) -> Value:
        """A tile of an input, read directly, through a re-indexing or through a gather."""
        source, coordinates, fill, checked = self._address(scope, node)
        axes = in_order(a for c in coordinates for a in c.axes)
        guard = self.ragged(scope, axes)
        for axis, value in scope.fills(node):
            if axis in guard:
                fill = value
        target = Value(axes, source.dtype, node, _input_name(source))
        scope.statements.append(Load(target, source, coordinates, guard, fill, checked))
        return target

    def _address(
        self, scope: Scope, node: Node
    ) -> tuple[Node, tuple[Coordinate | Value, ...], float | int | bool, bool]:
        match node.op:
            case ops.Input():
                return node, tuple(Coordinate.along(a) for a in node.axes), _zero(node), False
            case ops.View(changes, fill) if isinstance(node.inputs[0].op, ops.Input):
                source, made = node.inputs[0], dict(changes)
                coordinates = tuple(made.get(a, Coordinate.along(a)) for a in source.axes)
                return source, coordinates, _zero(source) if fill is None else fill, fill is not None
            case ops.Gather(axis) if isinstance(node.inputs[0].op, ops.Input):
                source, index = node.inputs[0], self.value(scope, node.inputs[1])
                gathered = tuple(index if a == axis else Coordinate.along(a) for a in source.axes)
                return source, gathered, _zero(source), False
            case _:
                raise failure(
                    "E0702",
                    "a re-indexing of a computed array is not part of a fused kernel yet",
                    help="compile it with `--target jax`, which runs everything the language has",
                )

    @abstractmethod
    def value(self, scope: Scope, node: Node) -> Value:
        """The tile of a node."""


def _input_name(source: Node) -> str:
    return source.op.name if isinstance(source.op, ops.Input) else "tile"


def _zero(source: Node) -> float | int | bool:
    return {"float": 0.0, "int": 0, "bool": False}[source.dtype.kind]


NEGATIVE_INFINITY = -math.inf
