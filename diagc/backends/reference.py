"""The meaning of diagrams: every operator on NumPy arrays in float64.

A value has one dimension per axis of its node, in the order of `node.axes`; operands meet by the identity of axes.
With `rounding` the same computation runs in the dtypes of the nodes, as plain code would: this is the error that
tolerances of the other back ends refer to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc import limits
from diagc.backends.contraction import Factor, aligned, contract
from diagc.backends.precision import cast, round_to, storage, stored
from diagc.backends.reference_folds import cumulative, largest, reduce
from diagc.backends.reference_indexing import coordinate_values, read_at
from diagc.backends.sizes import bind_sizes, input_name
from diagc.core import ops, random
from diagc.core.axes import Axis, in_order
from diagc.core.contraction import contracted_factors, contraction_dtype, factors_read, summed_factors
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.dtypes import DType
from diagc.core.scan_body import woven_body
from diagc.diagnostics import failure

Tensor = NDArray[Any]


def evaluate(
    diagram: Diagram,
    arrays: Mapping[str, Tensor],
    sizes: Mapping[str, int] | None = None,
    key: int = 0,
    rounding: bool = False,
    moved: np.random.Generator | None = None,
) -> tuple[Tensor, ...]:
    """The results of a diagram, axes in the order of its layouts; floats are float64, integers int64.

    `arrays` are the inputs by name, axes in the order of their types. Sizes come from their shapes (`bind_sizes`);
    `sizes` gives those that no array determines. `key` selects the random numbers of this run. With `moved` every
    result of arithmetic is moved by up to a unit in the last place of its dtype, as another order of sums might
    (discrete stochastic arithmetic: Vignes, Mathematics and Computers in Simulation 35, 1993). Raises
    `DiagnosticError` where shapes disagree, an index is out of range, or an array exceeds the limits (E0801).
    """
    bound = bind_sizes(diagram, {name: np.shape(array) for name, array in arrays.items()}, sizes)
    run = _Run(bound, key, rounding, moved)
    given = {n: stored(np.asarray(arrays[input_name(n)]), n.dtype, rounding) for n in diagram.inputs}
    results: list[Tensor] = []
    for current, layout, value in zip(
        diagram.outputs, diagram.layouts, run.outputs(diagram.outputs, given), strict=True
    ):
        placed = np.transpose(value, [current.axes.index(axis) for axis in layout.axes])
        results.append(np.ascontiguousarray(stored(placed, layout.dtype, rounding)).reshape(placed.shape))
    return tuple(r.astype(storage(t.dtype, False)) for r, t in zip(results, diagram.layouts, strict=True))


_EXACT: Final = frozenset({"where", "max", "min", "neg", "abs", "relu", "sign", "floor", "round", "floordiv"})


def _is_arithmetic(current: Node) -> bool:
    """Whether a real result is rounded: choices, steps and re-indexings are exact."""
    match current.op:
        case ops.Map(function):
            return current.dtype.kind == "float" and function.name not in _EXACT
        case ops.Reduce(monoid):
            return current.dtype.kind == "float" and monoid in ("sum", "prod")
        case _:
            return False


@dataclass(slots=True)
class _Run:
    """One evaluation: sizes, key, precision."""

    sizes: Mapping[str, int]
    key: int
    rounding: bool
    moved: np.random.Generator | None = None
    orders: dict[tuple[Node, ...], list[Node]] = field(default_factory=dict[tuple[Node, ...], list[Node]])

    def outputs(self, roots: tuple[Node, ...], given: Mapping[Node, Tensor]) -> tuple[Tensor, ...]:
        """Values of the roots; a value is dropped after its last reader. Scans of one loop are run once."""
        if roots not in self.orders:
            self.orders[roots] = list(walk(roots, factors_read))
        order = self.orders[roots]
        last = {operand: place for place, current in enumerate(order) for operand in factors_read(current)}
        values, loops = dict[Node, Tensor](), dict[object, tuple[Tensor, ...]]()
        kept = set(roots)
        for place, current in enumerate(order):
            if isinstance(current.op, ops.Input):
                values[current] = given[current]
            else:
                read = factors_read(current)
                values[current] = self._value(current, [values[operand] for operand in read], loops)
                for operand in read:
                    if last[operand] == place and operand not in kept:
                        values.pop(operand, None)
        return tuple(values[root] for root in roots)

    def extent(self, axis: Axis) -> int:
        return axis.size.evaluate(self.sizes)

    def shape(self, axes: Sequence[Axis]) -> tuple[int, ...]:
        """The extents of axes; E0801 where an array of this shape is beyond the limit."""
        found = tuple(self.extent(axis) for axis in axes)
        if math.prod(found) > limits.MAX_REFERENCE_ELEMENTS:
            bundle = " ".join(f"{axis}={extent}" for axis, extent in zip(axes, found, strict=True))
            message = f"the reference would build an array [{bundle}] of {math.prod(found):,} elements"
            raise failure(
                "E0801", message, help=f"the limit is {limits.MAX_REFERENCE_ELEMENTS:,}: use smaller sizes"
            )
        return found

    def _value(self, current: Node, values: list[Tensor], loops: dict[object, tuple[Tensor, ...]]) -> Tensor:
        shape = self.shape(current.axes)
        if isinstance(current.op, ops.Scan):
            made = self._scan(current, current.op, values, loops)
        else:
            with np.errstate(all="ignore"):
                made = self._leaf(current, values) if not values else self._operator(current, values)
        if isinstance(current.op, ops.Cast):
            return made
        value = stored(np.asarray(made), current.dtype, self.rounding)
        if _is_arithmetic(current):
            value = stored(self._moved(value, current, current.dtype), current.dtype, self.rounding)
        return np.broadcast_to(value, shape)

    def _moved(self, value: Tensor, current: Node, dtype: DType) -> Tensor:
        """A computed value moved by up to a unit in the last place of a dtype; what is given stays."""
        if self.moved is None or isinstance(current.op, ops.Input):
            return value
        unit = 2.0 ** (1 - dtype.precision)
        with np.errstate(all="ignore"):
            return value * (1.0 + unit * self.moved.uniform(-1.0, 1.0, value.shape))

    def _leaf(self, current: Node, values: list[Tensor]) -> Tensor:
        """Operators without operands."""
        match current.op:
            case ops.Constant(value):
                return np.asarray(value)
            case ops.SizeOf(size):
                return np.asarray(size.evaluate(self.sizes))
            case ops.Iota(axis):
                return np.arange(self.extent(axis))
            case ops.Random(distribution, place, axes):
                draw = random.uniform if distribution == "uniform" else random.normal
                return draw(self.key, place, self.shape(axes))
            case _:
                return self._operator(current, values)

    def _operator(self, current: Node, values: list[Tensor]) -> Tensor:
        first = values[0]
        match current.op:
            case ops.Map(function):
                return self._map(current, function, values)
            case ops.Cast(dtype):
                return cast(first, dtype, self.rounding)
            case ops.Stop():
                return first
            case ops.Reduce() as op:
                return self._reduce(current, op, values)
            case ops.Spread():
                return aligned(first, current.inputs[0].axes, current.axes)
            case ops.Cumulative(monoid, axis):
                return cumulative(first, monoid, current.inputs[0].axes.index(axis))
            case ops.TopK(axis, slots, indices):
                return largest(first, current.inputs[0].axes.index(axis), self.extent(slots), indices)
            case _:
                return self._reindexed(current, values)

    def _reindexed(self, current: Node, values: list[Tensor]) -> Tensor:
        axes = current.inputs[0].axes
        match current.op:
            case ops.View(coordinates, fill):
                indices = {a: coordinate_values(c, current.axes, self.sizes) for a, c in coordinates}
                return read_at(values[0], axes, indices, current.axes, fill)
            case ops.Gather(axis):
                index = aligned(values[1], current.inputs[1].axes, current.axes)
                return read_at(values[0], axes, {axis: index}, current.axes)
            case ops.Concat(axis, parts):
                return self._concat(current, axis, parts, values)
            case _:
                raise AssertionError(f"{current.op} is not an operator with operands")

    def _map(self, current: Node, function: ops.Pointwise, values: list[Tensor]) -> Tensor:
        operands = [aligned(v, n.axes, current.axes) for v, n in zip(values, current.inputs, strict=True)]
        if function.result == "bool":
            return function.reference(*operands)
        dtype = storage(current.dtype, self.rounding)
        arithmetic = np.dtype(np.int64) if dtype.kind == "b" else dtype
        if function.name == "where":
            return function.reference(operands[0].astype(np.bool_), *(o.astype(dtype) for o in operands[1:]))
        return function.reference(*(operand.astype(arithmetic, copy=False) for operand in operands))

    def _reduce(self, current: Node, op: ops.Reduce, values: list[Tensor]) -> Tensor:
        factors = summed_factors(current)
        if not factors:
            operand = current.inputs[0]
            value = round_to(values[0], op.compute) if self.rounding and op.compute else values[0]
            if self.rounding and current.dtype.kind == "float" and op.monoid in ("sum", "prod"):
                value = value.astype(storage(current.dtype, True), copy=False)
            return reduce(value, op.monoid, tuple(operand.axes.index(axis) for axis in op.axes))
        return self._contract(current, factors, values)

    def _contract(self, current: Node, factors: tuple[Node, ...], values: list[Tensor]) -> Tensor:
        narrow = contraction_dtype(current) if self.rounding else None
        operands = set(contracted_factors(current))
        held = storage(current.dtype, self.rounding)
        accumulate = np.dtype(np.int64) if held.kind == "b" else held
        made: list[Factor] = []
        for factor, value in zip(factors, values, strict=True):
            rounded = value
            if narrow and factor in operands:
                rounded = round_to(self._moved(value, factor, narrow), narrow)
            made.append(Factor(rounded.astype(accumulate, copy=False), factor.axes))
        extents = {axis: self.extent(axis) for axis in in_order(a for n in factors for a in n.axes)}
        return contract(made, current.axes, extents, self.shape)

    def _concat(self, current: Node, axis: Axis, parts: tuple[Axis, ...], values: list[Tensor]) -> Tensor:
        place, pieces = current.axes.index(axis), list[Tensor]()
        for value, operand, part in zip(values, current.inputs, parts, strict=True):
            axes = tuple(axis if a == part else a for a in operand.axes)
            shape = [self.extent(part if a == axis else a) for a in current.axes]
            pieces.append(np.broadcast_to(aligned(value, axes, current.axes), shape))
        return np.concatenate(pieces, axis=place)

    def _scan(
        self, current: Node, op: ops.Scan, values: list[Tensor], loops: dict[object, tuple[Tensor, ...]]
    ) -> Tensor:
        """The state `op.output` after every step, axes in the order of the node."""
        body = woven_body(op, current.inputs)
        loop = (op.axis, op.body.outputs, current.inputs)
        if loop not in loops:
            loops[loop] = self._run_loop(current, op, body, values)
        axes = (op.axis, *body.inputs[op.output].axes)
        return aligned(loops[loop][op.output], axes, current.axes)

    def _run_loop(
        self, current: Node, op: ops.Scan, body: Diagram, values: list[Tensor]
    ) -> tuple[Tensor, ...]:
        states = [self._placed(values[i], current.inputs[i].axes, body.inputs[i]) for i in range(op.states)]
        history = [np.empty((self.extent(op.axis), *s.shape), s.dtype) for s in states]
        read = list(zip(values, current.inputs, body.inputs, strict=True))[op.states :]
        for step in range(self.extent(op.axis)):
            given = dict(zip(body.inputs, states, strict=False))
            for value, operand, target in read:
                at = value.take(step, operand.axes.index(op.axis)) if op.axis in operand.axes else value
                given[target] = self._placed(at, [a for a in operand.axes if a != op.axis], target)
            results = self.outputs(body.outputs, given)
            states = [
                self._placed(v, n.axes, s)
                for v, n, s in zip(results, body.outputs, body.inputs, strict=False)
            ]
            for kept, state in zip(history, states, strict=True):
                kept[step] = state
        return tuple(history)

    def _placed(self, value: Tensor, axes: Sequence[Axis], target: Node) -> Tensor:
        """A value as the value of `target`: its axes, broadcast, and its dtype."""
        placed = np.broadcast_to(aligned(value, axes, target.axes), self.shape(target.axes))
        return stored(placed, target.dtype, self.rounding)
