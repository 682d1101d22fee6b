"""Derivatives of state machines.

Backwards, the cotangent of the state runs through the transposed steps in the opposite order; it is a scan over
flipped arrays that reads the states which the forward scan went through. What the steps read from outside gets its
cotangent after that, for all steps at once. Forwards, a state runs together with its tangent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.derivative.reindexing import flipped
from diagc.core.derivative.terms import added, at_axes, total
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    rebuild,
    spread,
    view,
    walk,
    with_inputs,
)
from diagc.core.dtypes import promote
from diagc.core.naming import unused
from diagc.core.scan_body import woven_body

Pull = Callable[[tuple[Node, ...], tuple[Node, ...], tuple[Node, ...]], dict[Node, Node]]
"""Cotangents of some nodes from outputs and their cotangents; absent where there is no dependence."""
Push = Callable[[tuple[Node, ...], Mapping[Node, Node]], tuple[Node | None, ...]]
"""Tangents of outputs from those of inputs; None where there is no dependence."""


@dataclass(frozen=True, slots=True)
class _Loop:
    """A scan with its body at the axes that its operands have, and the places of its float states."""

    op: ops.Scan
    operands: tuple[Node, ...]
    body: Diagram

    @staticmethod
    def of(current: Node) -> _Loop:
        assert isinstance(current.op, ops.Scan)
        return _Loop(current.op, current.inputs, woven_body(current.op, current.inputs))

    @property
    def axis(self) -> Axis:
        return self.op.axis

    @property
    def moving(self) -> tuple[int, ...]:
        return tuple(k for k in range(self.op.states) if self.body.inputs[k].dtype.kind == "float")

    def before(self, state: int) -> Node:
        """The state before every step, with the axis of the scan."""
        after = node(ops.Scan(self.axis, self.op.body, self.op.states, state), *self.operands)
        shifted = view(after, {self.axis: Coordinate.affine({self.axis: ONE}, Size.constant(-1))}, 0)
        first = apply("eq", node(ops.Iota(self.axis)), constant(0))
        found = apply("where", first, self.operands[state], shifted)
        return cast(spread(found, self.body.inputs[state].axes), self.body.inputs[state].dtype)

    def placeholder(self, kind: str, place: int, array: Array) -> Node:
        """An input of a derived body, of a name that no input of the body has."""
        taken = {n.op.name for n in self.body.inputs if isinstance(n.op, ops.Input)}
        return node(ops.Input(unused(f"{kind}{place}", taken)), array=array)

    def companions(self, kind: str) -> dict[int, Node]:
        """Inputs that go with the float states."""
        arrays = {k: self.body.inputs[k].array for k in self.moving}
        return {k: self.placeholder(kind, k, Array(promote([a.dtype]), a.axes)) for k, a in arrays.items()}

    def derived(self, states: list[Node], results: list[Node], given: Mapping[Node, Node]) -> list[Node]:
        """The scan whose body has these states and results; `given` are the values of every input that it may read."""
        used = set(walk(results)) - set(states)
        reads = [read for read in given if read in used]
        outputs = tuple(
            cast(spread(result, state.axes), state.dtype)
            for result, state in zip(results, states, strict=True)
        )
        names = tuple(f"state{k}" for k in range(len(states)))
        inputs = (*states, *reads)
        body = Diagram("step", inputs, outputs, names, tuple(s.array for s in states))
        operands = (*(given[state] for state in states), *(given[read] for read in reads))
        return [node(ops.Scan(self.axis, body, len(states), k), *operands) for k in range(len(states))]


def transposed_scan(current: Node, cotangents: Mapping[int, Node], pull: Pull) -> list[tuple[Node, Node]]:
    """The operands of a scan with their cotangents, from those of its outputs by number."""
    loop = _Loop.of(current)
    body, axis = loop.body, loop.axis
    states = loop.companions("cotangent")
    sent = {k: loop.placeholder("sent", k, _less(value, axis)) for k, value in cotangents.items()}
    arriving = [added([states[k], sent[k]] if k in sent else [states[k]]) for k in loop.moving]
    results = tuple(body.outputs[k] for k in loop.moving)
    pulled = pull(results, tuple(arriving), tuple(body.inputs[k] for k in loop.moving))
    steps = [_present(pulled, body.inputs[k]) for k in loop.moving]
    values = {body.inputs[k]: loop.before(k) for k in range(loop.op.states)}
    values |= dict(zip(body.inputs[loop.op.states :], loop.operands[loop.op.states :], strict=True))
    given = {read: flipped(value, axis) for read, value in values.items()}
    given |= {sent[k]: flipped(value, axis) for k, value in cotangents.items()}
    given |= {state: cast(spread(constant(0.0), state.axes), state.dtype) for state in states.values()}
    earlier = dict(zip(loop.moving, loop.derived(list(states.values()), steps, given), strict=True))
    earlier = {k: flipped(value, axis) for k, value in earlier.items()}
    found = [(loop.operands[k], _at(value, axis, Coordinate((), Size()))) for k, value in earlier.items()]
    after = Coordinate.affine({axis: ONE}, ONE)
    for k, state in states.items():
        later = _at(earlier[k], axis, after)
        values[state] = added([later, cotangents[k]]) if k in cotangents else later
    return found + _pulled_reads(loop, results, tuple(states.values()), values, pull)


def _pulled_reads(
    loop: _Loop, results: tuple[Node, ...], arriving: tuple[Node, ...], values: dict[Node, Node], pull: Pull
) -> list[tuple[Node, Node]]:
    """The cotangents of what the steps read, at every step at once."""
    reads = tuple(n for n in loop.body.inputs[loop.op.states :] if n.dtype.kind == "float")
    pulled = pull(results, arriving, reads)
    operands = dict(zip(loop.body.inputs, loop.operands, strict=True))
    present = tuple(read for read in reads if read in pulled)
    woven = rebuild(tuple(pulled[read] for read in present), lambda n, i: _woven(n, i, values, loop.axis))
    found: list[tuple[Node, Node]] = []
    for read, cotangent in zip(present, woven, strict=True):
        wanted = operands[read].axes
        if loop.axis not in wanted:
            cotangent = spread(cotangent, (loop.axis,))
        found.append((operands[read], total(cotangent, (a for a in cotangent.axes if a not in wanted))))
    return found


def _at(value: Node, axis: Axis, coordinate: Coordinate) -> Node:
    return view(value, {axis: coordinate}, 0.0)


def _less(value: Node, axis: Axis) -> Array:
    return Array(value.dtype, tuple(a for a in value.axes if a != axis), value.array.index_of)


def _present(pulled: Mapping[Node, Node], state: Node) -> Node:
    return at_axes(pulled[state], state) if state in pulled else spread(constant(0.0), state.axes)


def _woven(current: Node, inputs: tuple[Node, ...], values: Mapping[Node, Node], axis: Axis) -> Node:
    """A node of the body over operands that may have gained the axis of the scan."""
    if current in values:
        return values[current]
    gained = any(axis in operand.axes for operand in inputs)
    match current.op:
        case ops.Concat() if gained:
            return node(current.op, *(spread(operand, (axis,)) for operand in inputs))
        case ops.Scan() as op if gained:
            return node(op, *(spread(i, (axis,)) for i in inputs[: op.states]), *inputs[op.states :])
        case _:
            return with_inputs(current, inputs)


def pushed_scan(current: Node, tangents: Mapping[Node, Node], push: Push) -> Node:
    """The tangent of a scan from those of its operands."""
    loop = _Loop.of(current)
    body, axis = loop.body, loop.axis
    assert isinstance(current.op, ops.Scan)
    values = dict(zip(body.inputs, loop.operands, strict=True))
    states = loop.companions("tangent")
    moving = {body.inputs[k]: state for k, state in states.items()}
    for place in range(loop.op.states, len(body.inputs)):
        tangent = tangents.get(loop.operands[place])
        if tangent is not None:
            moving[body.inputs[place]] = loop.placeholder("tangent", place, _less(tangent, axis))
            values[moving[body.inputs[place]]] = tangent
    pushed = push(tuple(body.outputs[k] for k in loop.moving), moving)
    for k, state in states.items():
        tangent = tangents.get(loop.operands[k], constant(0.0))
        values[state] = cast(spread(tangent, state.axes), state.dtype)
    steps = [constant(0.0) if step is None else step for step in pushed]
    every = [*body.inputs[: loop.op.states], *states.values()]
    made = loop.derived(every, [*body.outputs, *steps], values)
    return made[loop.op.states + loop.moving.index(current.op.output)]
