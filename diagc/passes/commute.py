"""The first pass of a learning diagram: its equations become one tensor diagram, the loss.

`L = Σ w · mean over the batch of d(prediction, target)`. Every source has a batch axis of its own, woven through all
that its columns reach. The terms stand in an order that neither declarations nor names decide, and what two terms
share is one node, so that permuting or renaming declarations changes neither the hash nor the bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from diagc.core import ops
from diagc.core.batch import batch_axis, batched, woven
from diagc.core.canonical import diagram_hash
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
    size_node,
    spread,
    walk,
    with_inputs,
)  # fmt: skip
from diagc.core.dtypes import DType
from diagc.core.learning import Equation, LearningDiagram, Schedule, Weight, reached


@dataclass(frozen=True, slots=True)
class Term:
    """An equation with its batch: prediction and target of all samples, and the mean discrepancy, a scalar.

    `mass` is the sum of the mask where there is one: means over parts of a table are weighted by it.
    """

    equation: Equation
    prediction: Node
    target: Node
    mean: Node
    mass: Node | None = None

    @property
    def weighted(self) -> Node:
        weight = self.equation.weight
        return self.mean if weight == 1.0 else apply("mul", weight_node(weight), self.mean)


STEP: Final = node(ops.Input("step"), array=Array(DType.F32))
"""How many updates came before, for weights that change."""


def weight_node(weight: Weight) -> Node:
    """A weight as a number, or as a function of the step."""
    if not isinstance(weight, Schedule):
        return constant(weight)
    done = apply("min", apply("div", STEP, constant(float(weight.steps))), constant(1.0))
    if weight.shape == "cosine":
        done = apply(
            "sub",
            constant(0.5),
            apply("mul", constant(0.5), apply("cos", apply("mul", constant(math.pi), done))),
        )
    change = apply("mul", constant(weight.end - weight.start), done)
    return change if weight.start == 0.0 else apply("add", constant(weight.start), change)


def terms(learning: LearningDiagram) -> tuple[Term, ...]:
    """The terms of the loss in their canonical order.

    The order is that of the hashes of the single terms. Terms that are alike up to names are ordered by the names
    of their inputs: then renaming one of three or more such terms may permute their sum.
    """
    ranked = [_term(equation) for equation in learning.equations]
    if len(ranked) > 1:
        ranked.sort(key=_rank)
    roots = _with_places([root for t in ranked for root in (t.prediction, t.target, t.mean)])
    groups = zip(ranked, roots[::3], roots[1::3], roots[2::3], strict=True)
    made = (Term(t.equation, prediction, target, mean) for t, prediction, target, mean in groups)
    return tuple(replace(term, mass=_mass(term.equation)) for term in made)


def commute(learning: LearningDiagram) -> Diagram:
    """The loss: a scalar in f32 of the columns (by name, batch first) and the parameters (by path)."""
    weighted = [term.weighted for term in terms(learning)]
    total = weighted[0] if len(weighted) == 1 else apply("add", *weighted)
    return Diagram(learning.name, loss_inputs(learning, (total,)), (total,), ("loss",), (total.array,))


def loss_inputs(learning: LearningDiagram, roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """The inputs in use: columns, parameters that train, others, each sorted by name; the step last."""
    used = reached(roots, through_stop=True)
    columns = sorted(
        (
            batched(source.input(column), batch_axis(source.name))
            for source in learning.sources
            for column in source.columns
        ),
        key=_name,
    )
    fixed = sorted((*learning.parameters("frozen"), *learning.parameters("ema")), key=_name)
    every = (*columns, *learning.parameters("train"), *fixed, STEP)
    return tuple(found for found in every if _name(found) in used)


def _name(current: Node) -> str:
    assert isinstance(current.op, ops.Input)
    return current.op.name


def _term(equation: Equation) -> Term:
    roots = (equation.prediction, equation.target, equation.discrepancy)
    if equation.source is None:
        return Term(equation, *roots)
    if equation.batchwise:
        prediction, target = woven(roots[:2], batch_axis(equation.source))
        return Term(equation, prediction, target, equation.discrepancy)
    batch = batch_axis(equation.source)
    prediction, target, discrepancy = woven(roots, batch)
    if batch not in discrepancy.axes:  # a comparator that ignores its operands
        discrepancy = spread(discrepancy, (batch,))
    if equation.mask is not None:
        (mask,) = woven((equation.mask,), batch)
        return Term(equation, prediction, target, _masked_mean(discrepancy, mask))
    mean = apply("div", reduction("sum", (batch,), discrepancy), size_node(batch.size))
    return Term(equation, prediction, target, mean)


def _mass(equation: Equation) -> Node | None:
    if equation.mask is None or equation.source is None:
        return None
    (mask,) = woven((equation.mask,), batch_axis(equation.source))
    return reduction("sum", mask.axes, cast(mask, DType.F32))


def _masked_mean(discrepancy: Node, mask: Node) -> Node:
    """`sum(mask * d) / sum(mask)`, and 0 where the mask is 0 everywhere."""
    share = cast(mask, DType.F32)
    hit = reduction("sum", mask.axes, apply("mul", share, spread(discrepancy, mask.axes)))
    total = reduction("sum", mask.axes, share)
    return apply("div", hit, apply("where", apply("gt", total, constant(0.0)), total, constant(1.0)))


def term_hash(term: Term) -> str:
    """The hash of a term by itself, with its weight: the same for terms that are equal up to names."""
    (mean,) = _with_places([term.weighted])
    return diagram_hash(Diagram("", (), (mean,), ("",), (mean.array,)))


def _rank(term: Term) -> tuple[str, list[str], str]:
    names = sorted(_name(n) for n in walk((term.weighted,)) if isinstance(n.op, ops.Input))
    return term_hash(term), names, term.equation.label


def _with_places(roots: Iterable[Node]) -> tuple[Node, ...]:
    """Random draws numbered by their first occurrence, whatever was declared before them."""
    numbers: dict[int, int] = {}

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        if isinstance(current.op, ops.Random):
            place = numbers.setdefault(current.op.place, len(numbers) + 1)
            return node(replace(current.op, place=place))
        return with_inputs(current, inputs)

    return rebuild(tuple(roots), change)
