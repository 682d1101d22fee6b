"""The first pass of a learning diagram: its equations become one tensor diagram, the loss.

`L = Σ w · mean over the batch of d(prediction, target)`. Every source has a batch axis of its own, woven through all
that its columns reach. The terms stand in an order that neither declarations nor names decide, and what two terms
share is one node, so that permuting or renaming declarations changes neither the hash nor the bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.canonical import diagram_hash
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    constant,
    node,
    rebuild,
    reduction,
    size_node,
    spread,
    walk,
    with_inputs,
)  # fmt: skip
from diagc.core.learning import Equation, LearningDiagram, reached


@dataclass(frozen=True, slots=True)
class Term:
    """An equation with its batch: prediction and target of all samples, and the mean discrepancy, a scalar."""

    equation: Equation
    prediction: Node
    target: Node
    mean: Node

    @property
    def weighted(self) -> Node:
        weight = self.equation.weight
        return self.mean if weight == 1.0 else apply("mul", constant(weight), self.mean)


def batch_axis(source: str) -> Axis:
    """The batch axis of a source; its size is free."""
    return Axis(f"batch#{source}", Size.symbol(f"batch.{source}"))


def terms(learning: LearningDiagram) -> tuple[Term, ...]:
    """The terms of the loss in their canonical order.

    The order is that of the hashes of the single terms. Terms that are alike up to names are ordered by the names
    of their inputs: then renaming one of three or more such terms may permute their sum.
    """
    ranked = sorted(map(_term, learning.equations), key=_rank)
    roots = _with_places([root for t in ranked for root in (t.prediction, t.target, t.mean)])
    groups = zip(ranked, roots[::3], roots[1::3], roots[2::3], strict=True)
    return tuple(Term(t.equation, prediction, target, mean) for t, prediction, target, mean in groups)


def commute(learning: LearningDiagram) -> Diagram:
    """The loss: a scalar in f32 of the columns (by name, batch first) and the parameters (by path)."""
    weighted = [term.weighted for term in terms(learning)]
    total = weighted[0] if len(weighted) == 1 else apply("add", *weighted)
    return Diagram(learning.name, loss_inputs(learning, (total,)), (total,), ("loss",), (total.array,))


def loss_inputs(learning: LearningDiagram, roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """The inputs in use: columns, then parameters that train, then frozen ones, each sorted by name."""
    used = reached(roots, through_stop=True)
    columns = sorted(
        (
            _batched(source.input(column), batch_axis(source.name))
            for source in learning.sources
            for column in source.columns
        ),
        key=_name,
    )
    every = (*columns, *learning.parameters("train"), *learning.parameters("frozen"))
    return tuple(found for found in every if _name(found) in used)


def _name(current: Node) -> str:
    assert isinstance(current.op, ops.Input)
    return current.op.name


def _term(equation: Equation) -> Term:
    roots = (equation.prediction, equation.target, equation.discrepancy)
    if equation.source is None:
        return Term(equation, *roots)
    batch = batch_axis(equation.source)
    prediction, target, discrepancy = rebuild(roots, lambda n, i: _woven(n, i, batch))
    if batch not in discrepancy.axes:  # a comparator that ignores its operands
        discrepancy = spread(discrepancy, (batch,))
    mean = apply("div", reduction("sum", (batch,), discrepancy), size_node(batch.size))
    return Term(equation, prediction, target, mean)


def _woven(current: Node, inputs: tuple[Node, ...], batch: Axis) -> Node:
    """The node over operands that may have gained the batch axis."""
    match current.op:
        case ops.Input(_, "tensor"):
            return _batched(current, batch)
        case ops.Random(distribution, place, axes):  # every sample draws its own numbers
            return node(ops.Random(distribution, place, (batch, *axes)))
        case ops.Concat() if any(batch in i.axes for i in inputs):
            return node(current.op, *(spread(i, (batch,)) for i in inputs))
        case ops.Scan() as op if any(batch in i.axes for i in inputs):
            starts = (spread(i, (batch,)) for i in inputs[: op.states])
            return node(op, *starts, *inputs[op.states :])
        case _:
            return with_inputs(current, inputs)


def _batched(current: Node, batch: Axis) -> Node:
    array = current.array
    return node(current.op, array=Array(array.dtype, (batch, *array.axes), array.index_of))


def _rank(term: Term) -> tuple[str, float, list[str], str]:
    (mean,) = _with_places([term.weighted])
    alone = Diagram("", (), (mean,), ("",), (mean.array,))
    names = sorted(_name(n) for n in walk((mean,)) if isinstance(n.op, ops.Input))
    return diagram_hash(alone), term.equation.weight, names, term.equation.label


def _with_places(roots: Iterable[Node]) -> tuple[Node, ...]:
    """Random draws numbered by their first occurrence, whatever was declared before them."""
    numbers: dict[int, int] = {}

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        if isinstance(current.op, ops.Random):
            place = numbers.setdefault(current.op.place, len(numbers) + 1)
            return node(replace(current.op, place=place))
        return with_inputs(current, inputs)

    return rebuild(tuple(roots), change)
