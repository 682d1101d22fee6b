"""The hash-consed diagram: equal diagrams are the same object.

`node` is the only way to make a `Node`; it infers the array of the result from the operator and the operands, and
returns the existing object when there is one. Traversals are iterative and visit a node once.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from weakref import WeakValueDictionary

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size, in_order
from diagc.core.dtypes import DType, promote
from diagc.core.ops import Operator


@dataclass(frozen=True, slots=True)
class Array:
    """The type of a value: a dtype and a bundle of distinct axes. `index_of` marks indices into an axis."""

    dtype: DType
    axes: tuple[Axis, ...] = ()
    index_of: Axis | None = None

    def __str__(self) -> str:
        bundle = f"[{' '.join(map(str, self.axes))}]"
        return self.dtype.value + bundle + (f" in {self.index_of}" if self.index_of else "")


class Node:
    """A leaf applied to operands. Compared by identity, which hash-consing makes structural equality."""

    __slots__ = ("__weakref__", "array", "inputs", "op")

    def __init__(self, op: Operator, inputs: tuple[Node, ...], array: Array) -> None:
        self.op = op
        self.inputs = inputs
        self.array = array

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.array.axes

    @property
    def dtype(self) -> DType:
        return self.array.dtype

    def __repr__(self) -> str:
        return f"<{type(self.op).__name__} {self.array}>"


_Key = tuple[type, Operator, tuple[int, ...], Array, type]
_interned: WeakValueDictionary[_Key, Node] = WeakValueDictionary()


def node(op: Operator, *inputs: Node, array: Array | None = None) -> Node:
    """The node for an operator and operands. `array` is given for inputs only; otherwise it is inferred."""
    array = array if array is not None else infer(op, inputs)
    value = op.value if isinstance(op, ops.Constant) else None
    key = (type(op), op, tuple(map(id, inputs)), array, type(value))  # 1, 1.0 and True differ
    found = _interned.get(key)
    if found is None:
        found = Node(op, inputs, array)
        _interned[key] = found
    return found


def infer(op: Operator, inputs: tuple[Node, ...]) -> Array:
    """The type rule: the result's dtype and axes. Operands are assumed to be well typed."""
    match op:
        case ops.Constant(value):
            dtype = (
                DType.BOOL if isinstance(value, bool) else DType.I64 if isinstance(value, int) else DType.F32
            )
            return Array(dtype)
        case ops.SizeOf():
            return Array(DType.I64)
        case ops.Iota(axis):
            return Array(DType.I64, (axis,), axis)
        case ops.Random(_, _, axes):
            return Array(DType.F32, axes)
        case ops.Map(function):
            return Array(map_dtype(function, [i.dtype for i in inputs]), _union(inputs))
        case ops.Cast(dtype):
            return Array(dtype, inputs[0].axes)
        case ops.Reduce(monoid, axes, _, accumulate):
            kept = tuple(a for a in inputs[0].axes if a not in axes)
            if monoid in ("argmax", "argmin"):
                return Array(DType.I32, kept, axes[0])
            return Array(accumulate or promote([inputs[0].dtype]), kept)
        case _:
            return _infer_structural(op, inputs)


def _infer_structural(op: Operator, inputs: tuple[Node, ...]) -> Array:
    dtype, axes = inputs[0].dtype, inputs[0].axes
    match op:
        case ops.View(coordinates):
            made = dict(coordinates)
            bundle = in_order(b for a in axes for b in (made[a].axes if a in made else (a,)))
            return Array(dtype, bundle, inputs[0].array.index_of)
        case ops.Gather(axis):
            rest = (b for a in axes for b in (inputs[1].axes if a == axis else (a,)))
            return Array(dtype, in_order(rest), inputs[0].array.index_of)
        case ops.Spread(more):
            return Array(dtype, in_order((*axes, *more)))
        case ops.Cumulative():
            return Array(promote([dtype]), axes)
        case ops.Scan(axis, body, _, output):
            result: Node = body.outputs[output]
            return Array(inputs[output].dtype, in_order((axis, *inputs[output].axes, *result.axes)))
        case ops.Concat(axis, parts):
            replaced = (axis if a == parts[0] else a for a in axes)
            return Array(dtype, in_order(replaced))
        case ops.Foreign() as op:
            return Array(op.dtype, (*foreign_woven(op, inputs), *op.made))
        case ops.TopK(axis, slots, indices):
            bundle = tuple(slots if a == axis else a for a in axes)
            return Array(DType.I32, bundle, axis) if indices else Array(dtype, bundle)
        case _:
            return inputs[0].array


def foreign_woven(op: ops.Foreign, inputs: Sequence[Node]) -> tuple[Axis, ...]:
    """The axes that the operands of a function from Python have beyond its own."""
    pairs = zip(inputs[: len(op.operands)], op.operands, strict=True)
    return in_order(axis for operand, own in pairs for axis in operand.axes if axis not in own)


def _union(inputs: Iterable[Node]) -> tuple[Axis, ...]:
    return in_order(axis for operand in inputs for axis in operand.axes)


def map_dtype(function: ops.Pointwise, dtypes: list[DType]) -> DType:
    """The dtype of a pointwise result: bool, at least f32, or the promotion of the operands."""
    if function.result == "bool":
        return DType.BOOL
    operands = dtypes[1:] if function.name == "where" else dtypes
    found = promote(operands)
    return DType.F32 if function.result == "float" and found.kind != "float" else found


# ---- short makers, used by every pass


def constant(value: float | bool) -> Node:
    return node(ops.Constant(value))


def apply(name: str, *operands: Node) -> Node:
    """The named scalar function of `ops.POINTWISE` on operands."""
    return node(ops.Map(ops.POINTWISE[name]), *operands)


def reduction(
    monoid: ops.Monoid, axes: Iterable[Axis], operand: Node, like: ops.Reduce | None = None
) -> Node:
    """A fold over axes (in the order of the operand), with the precision attributes of `like`."""
    wanted = set(axes)
    consumed = tuple(a for a in operand.axes if a in wanted)
    if like is None:
        return node(ops.Reduce(monoid, consumed), operand)
    return node(ops.Reduce(monoid, consumed, like.compute, like.accumulate), operand)


def cast(operand: Node, dtype: DType) -> Node:
    return operand if operand.dtype is dtype else node(ops.Cast(dtype), operand)


def spread(operand: Node, axes: Iterable[Axis]) -> Node:
    """The operand repeated along those axes that it lacks."""
    missing = tuple(axis for axis in axes if axis not in operand.axes)
    return node(ops.Spread(missing), operand) if missing else operand


def view(operand: Node, coordinates: dict[Axis, Coordinate], fill: float | bool | None = None) -> Node:
    """Re-index; coordinates that change nothing are dropped."""
    changed = tuple((a, c) for a, c in coordinates.items() if c.axis != a)
    return node(ops.View(changed, fill), operand) if changed else operand


# ---- diagrams


@dataclass(frozen=True, slots=True)
class Diagram:
    """A DAG of leaves with ordered inputs and named outputs.

    `inputs` are the `Input` nodes in the order of the signature (parameters last, by path); an input need not be
    used. `layouts` are the result types as written: dtype and order of axes in memory.
    """

    name: str
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    output_names: tuple[str, ...]
    layouts: tuple[Array, ...]

    def with_outputs(self, outputs: tuple[Node, ...]) -> Diagram:
        """The same signature around other outputs; the same object when they are the same."""
        if outputs == self.outputs:
            return self
        return Diagram(self.name, self.inputs, outputs, self.output_names, self.layouts)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Every axis that occurs, in order of first occurrence from the inputs."""
        found = [a for n in self.inputs for a in n.axes]
        return in_order([*found, *(a for n in walk(self.outputs) for a in (*n.axes, *operator_axes(n.op)))])

    @property
    def reading_order(self) -> tuple[Axis, ...]:
        """Every axis in the order of the results, then of the arrays in memory: declarations do not change it.

        An array that is re-indexed when it is read counts with the axes at which it is read. What is in no array comes
        last.
        """
        stored = [a for layout in self.layouts for a in layout.axes]
        nodes = tuple(walk(self.outputs))
        moved = {n for n in nodes if isinstance(n.op, ops.View) and isinstance(n.inputs[0].op, ops.Input)}
        direct = {i for n in nodes if n not in moved for i in n.inputs if isinstance(i.op, ops.Input)}
        read = [a for n in nodes if n in moved or n in direct for a in n.axes]
        return in_order([*stored, *read, *(a for n in nodes for a in (*n.axes, *operator_axes(n.op)))])

    @property
    def size_symbols(self) -> tuple[str, ...]:
        """The size symbols that the caller's arrays determine or that a size expression reads."""
        used = [axis.size for axis in self.axes]
        used += [n.op.size for n in walk(self.outputs) if isinstance(n.op, ops.SizeOf)]
        return tuple(dict.fromkeys(symbol for size in used for symbol in size.symbols))


def walk(
    roots: Iterable[Node],
    operands: Callable[[Node], Sequence[Node]] = attrgetter("inputs"),
    without: Iterable[Node] = (),
) -> Iterator[Node]:
    """Every node below the roots once, operands before users, in a deterministic order.

    `operands` says what is below a node. Nodes `without` are left out, and so is what only they read.
    """
    done = set(map(id, without))
    for root in roots:
        stack: list[Node | None] = [root]  # None: the operands of the last opened node have been given
        opened: list[Node] = []
        while stack:
            current = stack.pop()
            if current is None:
                current = opened.pop()
                done.add(id(current))
                yield current
            elif id(current) not in done:
                opened.append(current)
                stack.append(None)
                stack.extend([o for o in reversed(operands(current)) if id(o) not in done])


def rebuild(roots: tuple[Node, ...], change: Callable[[Node, tuple[Node, ...]], Node]) -> tuple[Node, ...]:
    """Bottom-up: each node is replaced by `change(node, new operands)`."""
    made: dict[int, Node] = {}
    for current in walk(roots):
        made[id(current)] = change(current, tuple(made[id(i)] for i in current.inputs))
    return tuple(made[id(root)] for root in roots)


def with_inputs(current: Node, inputs: tuple[Node, ...]) -> Node:
    """The node's operator on other operands; the same object when nothing changed."""
    if inputs == current.inputs:
        return current
    return node(current.op, *inputs)


def substitute(roots: tuple[Node, ...], replacement: dict[Node, Node]) -> tuple[Node, ...]:
    """Replace whole nodes below the roots."""
    if not replacement:
        return roots
    return rebuild(roots, lambda n, i: replacement[n] if n in replacement else with_inputs(n, i))


def users(roots: Iterable[Node]) -> dict[Node, list[Node]]:
    """For every node below the roots the nodes that read it, in deterministic order."""
    found: dict[Node, list[Node]] = {}
    for current in walk(roots):
        found.setdefault(current, [])
        for operand in dict.fromkeys(current.inputs):
            found[operand].append(current)
    return found


def operator_axes(op: Operator) -> tuple[Axis, ...]:
    """The axes that an operator mentions itself."""
    found: list[Axis] = []
    for name in _field_names(type(op)):
        _gather_axes(getattr(op, name), found)
    return in_order(found)


@cache
def _field_names(kind: type[Operator]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _gather_axes(value: object, found: list[Axis]) -> None:
    match value:
        case Axis():
            found.append(value)
        case Coordinate():
            found.extend(value.axes)
        case tuple():
            for item in typing.cast(tuple[object, ...], value):
                _gather_axes(item, found)
        case _:
            pass


def size_node(size: Size) -> Node:
    """A size as an i64 scalar; an integer becomes a constant."""
    return constant(size.value) if size.value is not None else node(ops.SizeOf(size))
