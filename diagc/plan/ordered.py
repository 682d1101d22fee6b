"""Running folds and state machines as a loop over tiles in order: what a tile computes, and the state that it hands on.

A running fold of a tile starts from the fold of the tiles before. A machine whose step is affine in its state, and
whose states are read by contractions alone, needs no state but that at the start of a tile (`core/affine.py`):
∑_d q_t·h_t = D(t, start)·∑_d q_t·h + ∑ over s ≤ t in the tile of D(t, s)·(∑_d q_t·k_s)·v_s, where k_s·v_s is what step
s adds; h goes on as D(end, start)·h + ∑ D(end, s)·k_s·v_s. Other machines go step by step.
Chunks after Dao and Gu (Mamba-2, arXiv 2405.21060) and Yang et al. (GLA, 2312.06635).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diagc.core import ops
from diagc.core.affine import affine
from diagc.core.axes import Axis, Coordinate, in_order
from diagc.core.contraction import contraction_dtype, product_factors, summed_factors
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    rebuild,
    reduction,
    spread,
    substitute,
    view,
    walk,
    with_inputs,
)
from diagc.core.scan_body import woven_body
from diagc.diagnostics import DiagnosticError, failure
from diagc.plan.decay import Decay


@dataclass(frozen=True, slots=True)
class Carried:
    """A state: what stands for it in a tile, its value before the first, and what the next tile gets."""

    state: Node
    start: Node
    next: Node


@dataclass(frozen=True, slots=True)
class Ordered:
    """One tile of a loop along `axis`: its results and states. Without a `twin`, a tile is one index.

    The twin is the axis again, for a second index in the same tile.
    """

    axis: Axis
    twin: Axis | None
    outputs: tuple[Node, ...]
    carried: tuple[Carried, ...]

    @property
    def roots(self) -> tuple[Node, ...]:
        """Everything that a tile computes."""
        return (*self.outputs, *(c.next for c in self.carried))

    @property
    def dependent(self) -> set[Node]:
        """What differs from tile to tile, by its indices or by a state, whatever axes it has."""
        local = {c.state for c in self.carried}
        along: set[Node] = set()
        for current in walk(self.roots):
            if self.twin in current.axes or any(operand in local for operand in current.inputs):
                local.add(current)
            elif self.axis in current.axes:
                along.add(current)
        return local | along


def ordered_axes(nodes: Iterable[Node]) -> tuple[Axis, ...]:
    """The axes along which running folds and state machines go."""
    return in_order(n.op.axis for n in nodes if isinstance(n.op, ops.Cumulative | ops.Scan))


def ordered(diagram: Diagram) -> Ordered | None:
    """The loop of a diagram over tiles in order, or None where nothing in it needs one.

    Raises `DiagnosticError` E0702 where one loop does not do.
    """
    axis, *others = ordered_axes(walk(diagram.outputs)) or (None,)
    if axis is None:
        return None
    if others:
        raise refused(diagram, f"what runs along `{axis}` with what runs along `{others[0]}`")
    if _folded(diagram, axis):
        raise refused(diagram, f"a fold over `{axis}` of what runs along it")
    twin = Axis(f"{axis.uid}#tile", axis.size)
    for form in (_Tile(axis, twin), _Step(axis)):
        outputs = rebuild(diagram.outputs, form.change)
        if not ordered_axes(n for n in walk(outputs) if isinstance(n.op, ops.Scan)):
            return Ordered(axis, form.twin, outputs, tuple(form.carried.values()))
    raise refused(diagram, "a state machine inside of a state machine")


def refused(diagram: Diagram, what: str) -> DiagnosticError:
    """E0702 for what one loop in order does not do."""
    return failure(
        "E0702",
        f"`{diagram.name}` uses {what}, which no kernel is made for yet",
        help="compile it with `--target jax`, which runs everything the language has",
    )


def _folded(diagram: Diagram, axis: Axis) -> bool:
    """Whether something folds or re-indexes along the axis what runs along it."""
    runs: set[Node] = set()
    for current in walk(diagram.outputs):
        if any(operand in runs for operand in current.inputs):
            runs.add(current)
            if isinstance(current.op, ops.Reduce) and axis in current.op.axes:
                return True
        elif isinstance(current.op, ops.Cumulative | ops.Scan):
            runs.add(current)
    return False


def _placeholder(name: str, array: Array) -> Node:
    return node(ops.Input(name), array=array)


def _without(current: Node, axis: Axis) -> tuple[Axis, ...]:
    return tuple(a for a in current.axes if a != axis)


@dataclass(slots=True)
class _Step:
    """Tiles of one index: the state after a step is the step."""

    axis: Axis
    twin: Axis | None = None
    carried: dict[object, Carried] = field(default_factory=dict[object, Carried])

    def change(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        """A node of a tile over operands of a tile."""
        made = with_inputs(current, inputs)
        match made.op:
            case ops.Cumulative(monoid, axis):
                return self._running(made, monoid, axis)
            case ops.Scan():
                return self._machine(made, made.op)
            case _:
                return made

    def _running(self, made: Node, monoid: ops.Monoid, axis: Axis) -> Node:
        if made not in self.carried:
            array = Array(made.dtype, _without(made, axis))
            state = _placeholder(f"running#{len(self.carried)}", array)
            self.carried[made] = self._fold(made, monoid, state)
        return self.carried[made].next

    def _fold(self, made: Node, monoid: ops.Monoid, state: Node) -> Carried:
        start = spread(cast(constant(ops.unit_of(monoid, made.dtype)), made.dtype), state.axes)
        return Carried(state, start, apply(ops.COMBINE[monoid], state, cast(made.inputs[0], made.dtype)))

    def _machine(self, made: Node, op: ops.Scan) -> Node:
        key = (op.body.outputs, made.inputs)
        if (key, 0) not in self.carried:
            body = woven_body(op, made.inputs)
            arrays = [n.array for n in body.inputs[: op.states]]
            states = [_placeholder(f"state#{len(self.carried)}_{i}", a) for i, a in enumerate(arrays)]
            given = dict(zip(body.inputs, (*states, *made.inputs[op.states :]), strict=True))
            for place, after in enumerate(substitute(body.outputs, given)):
                start = cast(spread(made.inputs[place], states[place].axes), states[place].dtype)
                after = cast(spread(after, states[place].axes), states[place].dtype)
                self.carried[key, place] = Carried(states[place], start, after)
        return spread(self.carried[key, op.output].next, made.axes)


@dataclass(slots=True)
class _Tile(_Step):
    """Tiles of several indices. A machine that has no such form is left, and so is what reads it."""

    def __init__(self, axis: Axis, twin: Axis) -> None:
        self.axis, self.twin, self.carried = axis, twin, {}

    def change(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        """A node of a tile over operands of a tile."""
        made = with_inputs(current, inputs)
        match made.op:
            case ops.Cumulative(monoid, axis):
                return self._running(made, monoid, axis)
            case ops.Reduce("sum"):
                return self._contracted(made) or made
            case _:
                return made

    def _running(self, made: Node, monoid: ops.Monoid, axis: Axis) -> Node:
        super(_Tile, self)._running(made, monoid, axis)
        return apply(ops.COMBINE[monoid], self.carried[made].state, made)

    def _fold(self, made: Node, monoid: ops.Monoid, state: Node) -> Carried:
        assert self.twin is not None
        start = spread(cast(constant(ops.unit_of(monoid, made.dtype)), made.dtype), state.axes)
        whole = reduction(monoid, (self.twin,), self._renamed(cast(made.inputs[0], made.dtype)))
        return Carried(state, start, apply(ops.COMBINE[monoid], state, whole))

    # ---- affine machines

    def _contracted(self, made: Node) -> Node | None:
        """∑_d q·h over the states of an affine machine."""
        assert isinstance(made.op, ops.Reduce) and self.twin is not None
        factors = summed_factors(made)
        machines = [f for f in factors if isinstance(f.op, ops.Scan)]
        if len(machines) != 1 or self.axis in made.op.axes or made.dtype.kind != "float":
            return None
        read = [f for f in factors if f is not machines[0]]
        step = _affine_step(machines[0])
        parts = None if step is None else _parts(step, read, made.op.axes, self.axis)
        if parts is None:
            return None
        decay = None
        if parts.factor is not None:
            decay = Decay(parts.factor, self.axis, self.twin, self._renamed)
        state = self._state(machines[0], parts, decay)
        compute = contraction_dtype(made)
        like = ops.Reduce("sum", made.op.axes, compute, made.op.accumulate)
        earlier = apply("le", node(ops.Iota(self.twin)), node(ops.Iota(self.axis)))
        weights = reduction("sum", made.op.axes, apply("mul", *read, *map(self._renamed, parts.keys)), like)
        if decay is not None:
            weights = apply("mul", decay.within(), weights)
        weights = apply("where", earlier, weights, constant(0.0))
        inside = reduction(
            "sum", (self.twin,), apply("mul", weights, *map(self._renamed, parts.values)) if parts.values else weights,
            ops.Reduce("sum", (self.twin,), compute if parts.values else None, made.op.accumulate),
        )  # fmt: skip
        carried = reduction("sum", made.op.axes, apply("mul", *read, state), like)
        if decay is not None:
            carried = apply("mul", decay.before(), carried)
        return cast(spread(apply("add", carried, inside), made.axes), made.dtype)

    def _state(self, machine: Node, parts: _Parts, decay: Decay | None) -> Node:
        assert self.twin is not None
        if machine not in self.carried:
            array = Array(machine.dtype, _without(machine, self.axis))
            state = _placeholder(f"state#{len(self.carried)}", array)
            keys, values = (list(map(self._renamed, part)) for part in (parts.keys, parts.values))
            added = [*keys, *([] if decay is None else [decay.after()]), *values]
            product = spread(added[0] if len(added) == 1 else apply("mul", *added), (self.twin,))
            total = reduction("sum", (self.twin,), product)
            kept = state if decay is None else apply("mul", decay.whole(), state)
            after = cast(spread(apply("add", kept, total), array.axes), array.dtype)
            start = cast(spread(machine.inputs[0], array.axes), array.dtype)
            self.carried[machine] = Carried(state, start, after)
        return self.carried[machine].state

    def _renamed(self, root: Node) -> Node:
        """A node at the other index of the tile."""
        assert self.twin is not None
        axis, twin = self.axis, self.twin
        other = Coordinate.along(twin)

        def change(current: Node, inputs: tuple[Node, ...]) -> Node:
            match current.op:
                case ops.Input() if axis in current.axes:
                    return view(current, {axis: other})
                case ops.View(coordinates, fill) if isinstance(current.inputs[0].op, ops.Input):
                    base = current.inputs[0]
                    made = {a: c.substitute({axis: other}) or c for a, c in coordinates}
                    if axis in base.axes:
                        made.setdefault(axis, other)
                    return view(base, made, fill)
                case ops.Iota(a) if a == axis:
                    return node(ops.Iota(twin))
                case ops.Cumulative(monoid, a) if a == axis:
                    return node(ops.Cumulative(monoid, twin), *inputs)
                case ops.Spread(axes):
                    return spread(inputs[0], (twin if a == axis else a for a in axes))
                case _:
                    return with_inputs(current, inputs)

        return rebuild((root,), change)[0]


@dataclass(frozen=True, slots=True)
class _Parts:
    """h' = factor·h + ∏ keys·∏ values: the keys have the contracted axes."""

    factor: Node | None
    keys: tuple[Node, ...]
    values: tuple[Node, ...]


def _affine_step(machine: Node) -> tuple[Node | None, Node] | None:
    """Factor and offset of a machine of one affine state, over the arrays that it reads."""
    op = machine.op
    assert isinstance(op, ops.Scan)
    body = woven_body(op, machine.inputs)
    if op.states != 1 or machine.dtype.kind != "float":
        return None
    found = affine(body.outputs[0], body.inputs[0])
    if found is None or found.offset is None:
        return None
    given = dict(zip(body.inputs[1:], machine.inputs[1:], strict=True))
    if found.factor is None:
        return None, substitute((found.offset,), given)[0]
    factor, offset = substitute((found.factor, found.offset), given)
    return factor, offset


def _parts(
    step: tuple[Node | None, Node], read: list[Node], consumed: tuple[Axis, ...], axis: Axis
) -> _Parts | None:
    """The offset as keys and values, where all that a tile computes then is a product of matrices; else None."""
    factor, offset = step
    every = [f for part in product_factors(_bare(offset)) for f in product_factors(_bare(part))]
    keys = tuple(f for f in every if set(consumed) & set(f.axes))
    values = tuple(f for f in every if not set(consumed) & set(f.axes))
    both = {a for f in (*read, *keys) for a in f.axes} - {axis, *consumed}
    decaying = set(() if factor is None else factor.axes) - {axis}
    own = {a for f in values for a in f.axes} - both - decaying - {axis}
    alone = (
        {a for f in keys for a in f.axes} - {axis, *consumed} - {a for f in (*read, *values) for a in f.axes}
    )
    if len(consumed) != 1 or not keys or decaying & set(consumed) or alone or len(own) > 1:
        return None
    if decaying - both and not own:
        return None
    if any(
        isinstance(n.op, ops.Gather)
        for root in (*every, *([factor] if factor else []))
        for n in walk((root,))
    ):
        return None
    return _Parts(factor, keys, values)


def _bare(current: Node) -> Node:
    """A node without what only repeats or widens it."""
    while isinstance(current.op, ops.Spread) or (
        isinstance(current.op, ops.Cast) and current.op.dtype.bytes >= max(current.inputs[0].dtype.bytes, 4)
    ):
        current = current.inputs[0]
    return current
