"""Split: a fold over an axis is the fold over its parts of their folds.

An axis x of n indices becomes `parts` parts of `length` indices, x = part · length + inner. Inside a part the fold runs
over `inner`, beyond the end of x its reductions see their units; the states of the parts, each brought to the joint
value of the earlier components, are folded over `part`. As the merge of states is associative, any number of parts
gives the whole, and parts that lie beyond the end are the unit.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.contraction import contraction_dtype
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    operator_axes,
    rebuild,
    size_node,
    substitute,
    view,
    walk,
    with_inputs,
)  # fmt: skip
from diagc.core.fold import FoldAlgebra, followed, lifted
from diagc.core.guards import guard_points
from diagc.core.rewrite import Record


class NotSplit(Exception):
    """The message says why a diagram does not split along an axis."""


@dataclass(frozen=True, slots=True)
class Split:
    """`states` computes the states of all parts, `joined` the results from them and from what else they need.

    The sizes of `part` and `inner`, their number and their length, are symbols of their own; part · inner has to be at
    least the size of the axis.
    """

    axis: Axis
    part: Axis
    inner: Axis
    states: Diagram
    joined: Diagram

    @property
    def whole(self) -> Diagram:
        """Both in one diagram."""
        made = dict(zip(self.states.output_names, self.states.outputs, strict=True))
        inputs = [n for n in self.joined.inputs if isinstance(n.op, ops.Input) and n.op.name in made]
        replaced = {n: made[n.op.name] for n in inputs if isinstance(n.op, ops.Input)}
        outputs = substitute(self.joined.outputs, replaced)
        given = (*self.states.inputs, *(n for n in self.joined.inputs if n not in replaced))
        return Diagram(
            self.joined.name,
            tuple(dict.fromkeys(given)),
            outputs,
            self.joined.output_names,
            self.joined.layouts,
        )


def split(diagram: Diagram, algebra: FoldAlgebra, axis: Axis, record: Record | None = None) -> Split:
    """A diagram whose reductions over `axis` are those of one fold, in two.

    Raises `NotSplit` where results carry the axis, or something reads along it in a way that has no parts.
    """
    record = record or Record()
    taken = {a.uid for a in diagram.axes} | set(diagram.size_symbols)
    part = Axis(_fresh(f"{axis.name}_part#", taken), Size.symbol(_fresh(f"parts_{axis.name}", taken)))
    inner = Axis(_fresh(f"{axis.name}_in#", taken), Size.symbol(_fresh(f"length_{axis.name}", taken)))
    states = _Parts(axis, part, inner, record).states(algebra)
    names = {n.op.name for n in diagram.inputs if isinstance(n.op, ops.Input)} | set(diagram.output_names)
    order = diagram.reading_order
    made: list[Node] = []
    for component, state in zip(algebra.components, states, strict=True):
        array = Array(state.dtype, (part, *sorted(component.reduction.axes, key=order.index)))
        name = _fresh(f"{record.names.get(component.reduction, component.monoid)}_parts", names)
        made.append(node(ops.Input(name), array=array))
    joint = _joined(algebra, made, part, apply("lt", _start(part, inner), size_node(axis.size)))
    outputs = substitute(diagram.outputs, joint)
    if any(axis in (*n.axes, *operator_axes(n.op)) for n in walk(outputs)):
        raise NotSplit(f"the results need `{axis}` beside its folds")
    return Split(
        axis, part, inner,
        Diagram(
            f"{diagram.name}_parts", _read(diagram, states), states,
            tuple(n.op.name for n in made if isinstance(n.op, ops.Input)), tuple(n.array for n in made),
        ),
        Diagram(
            f"{diagram.name}_joined", (*made, *_read(diagram, outputs)), outputs,
            diagram.output_names, diagram.layouts,
        ),
    )  # fmt: skip


def _fresh(name: str, taken: set[str]) -> str:
    """A name that is not taken; one that ends in # gets a number."""
    count = 1
    found = f"{name}1" if name.endswith("#") else name
    while found in taken:
        count += 1
        found = f"{name}{count}"
    taken.add(found)
    return found


def _read(diagram: Diagram, roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """The inputs of a diagram that some nodes read, in the order of the signature."""
    read = set(walk(roots))
    return tuple(n for n in diagram.inputs if n in read)


def _start(part: Axis, inner: Axis) -> Node:
    """Where a part starts."""
    return apply("mul", node(ops.Iota(part)), size_node(inner.size))


def _joined(algebra: FoldAlgebra, states: list[Node], part: Axis, filled: Node) -> dict[Node, Node]:
    """For each reduction its value over all parts; a part that is not `filled` adds the unit."""
    old = {c.reduction: state for c, state in zip(algebra.components, states, strict=True)}
    joint: dict[Node, Node] = {}
    for component in algebra.components:
        op = component.reduction.op
        assert isinstance(op, ops.Reduce)
        moved = followed(component, old, joint, algebra.moved_centres)
        if moved is not old[component.reduction]:
            moved = apply("where", filled, moved, _unit(component.reduction))
        made = node(ops.Reduce(op.monoid, (part,), None, op.accumulate), moved)
        joint[component.reduction] = cast(made, component.reduction.dtype)
    return joint


def _unit(reduction: Node) -> Node:
    assert isinstance(reduction.op, ops.Reduce)
    return cast(constant(ops.unit_of(reduction.op.monoid, reduction.dtype)), reduction.dtype)


class _Parts:
    """The fold of a part: everything at part · length + inner in place of the axis."""

    def __init__(self, axis: Axis, part: Axis, inner: Axis, record: Record) -> None:
        self.axis, self.part, self.inner, self.record = axis, part, inner, record
        self.place = Coordinate.affine({part: inner.size, inner: ONE}, Size())
        self.index = apply("add", _start(part, inner), node(ops.Iota(inner)))
        self.within = apply("lt", self.index, size_node(axis.size))
        self.points: dict[Node, float] = {}

    def states(self, algebra: FoldAlgebra) -> tuple[Node, ...]:
        """The states of the parts."""
        roots = lifted(algebra)
        self.points = dict(guard_points(roots, self.axis))
        made = rebuild(roots, self._change)
        return tuple(cast(new, old.dtype) for old, new in zip(roots, made, strict=True))

    def _change(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        made = self.record.follow(current, self._reindexed(current, inputs))
        if current not in self.points or self.axis not in current.axes:
            return made
        filled = apply("where", self.within, made, constant(self.points[current]))
        return cast(filled, made.dtype)

    def _reindexed(self, current: Node, inputs: tuple[Node, ...]) -> Node:
        match current.op:
            case ops.Input() if self.axis in current.axes:
                return view(current, {self.axis: self.place}, _zero(current))
            case ops.Iota(axis) if axis == self.axis:
                return self.index
            case ops.Spread(axes) if self.axis in axes:
                return node(ops.Spread(self._replaced(axes)), *inputs)
            case ops.Reduce(axes=axes) if self.axis in axes:
                return self._reduced(current, inputs[0])
            case ops.View() if self._reads(current):
                return self._viewed(current)
            case ops.Gather() if self.axis in current.inputs[0].axes:
                raise NotSplit(f"a table with `{self.axis}` is read at indices")
            case _ if self.axis in operator_axes(current.op):
                raise NotSplit(f"{type(current.op).__name__} runs along `{self.axis}`")
            case _:
                return with_inputs(current, inputs)

    def _replaced(self, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        return tuple(b for a in axes for b in ((self.part, self.inner) if a == self.axis else (a,)))

    def _reduced(self, current: Node, element: Node) -> Node:
        """The reduction over the inner axis; one that stands for what it folds has it filled beyond the end."""
        op = current.op
        assert isinstance(op, ops.Reduce)
        if current in self.points:
            element = cast(apply("where", self.within, element, _unit(current)), element.dtype)
        axes = tuple(self.inner if a == self.axis else a for a in op.axes)
        return node(
            ops.Reduce(op.monoid, axes, op.compute or contraction_dtype(current), op.accumulate), element
        )

    def _reads(self, current: Node) -> bool:
        return self.axis in (*current.inputs[0].axes, *operator_axes(current.op))

    def _viewed(self, current: Node) -> Node:
        """One re-indexing of an input in place of two; beyond the end it gives its fill."""
        op, source = current.op, current.inputs[0]
        assert isinstance(op, ops.View)
        made: dict[Axis, Coordinate] = {}
        for axis, coordinate in op.coordinates:
            composite = coordinate.substitute({self.axis: self.place})
            if composite is None:
                raise NotSplit(f"`{coordinate}` has no parts along `{self.axis}`")
            made[axis] = composite
        if not isinstance(source.op, ops.Input):
            raise NotSplit(f"something computed is read along `{self.axis}`")
        if self.axis in source.axes:
            made.setdefault(self.axis, self.place)
        return view(source, made, _zero(source) if op.fill is None else op.fill)


def _zero(source: Node) -> float | int | bool:
    """0 in the kind of an array."""
    return False if source.dtype.kind == "bool" else 0 if source.dtype.kind == "int" else 0.0
