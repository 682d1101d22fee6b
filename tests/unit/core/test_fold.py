"""Streaming folds found by algebra, and reproduced in numbers for any chunking and any order of merging."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Node, apply, constant, node, reduction, substitute
from diagc.core.dtypes import DType
from diagc.core.fold import Component, NotStreaming, derive_component
from tests.properties.expressions import as_diagram

X: Final = Axis("x", Size.symbol("x"))


def given(name: str, *axes: Axis) -> Node:
    return node(ops.Input(name), array=Array(DType.F64, axes))


S, V, W = given("S", X), given("V", X), given("W", X)
MAXIMUM: Final = reduction("max", (X,), S)
WEIGHT: Final = apply("exp", apply("sub", S, MAXIMUM))
TOTAL: Final = reduction("sum", (X,), WEIGHT)
WEIGHTED: Final = reduction("sum", (X,), apply("mul", WEIGHT, V))
SQUARES: Final = reduction("sum", (X,), apply("mul", S, S))
NORMED: Final = reduction("sum", (X,), apply("mul", S, apply("rsqrt", SQUARES), V))
SHIFTED_MAX: Final = reduction("max", (X,), apply("add", V, TOTAL))
MASKED: Final = reduction("sum", (X,), apply("where", apply("lt", W, constant(1.0)), WEIGHT, constant(0.0)))
HALVED: Final = reduction("sum", (X,), apply("exp2", apply("mul", apply("sub", S, MAXIMUM), constant(0.5))))

State = tuple[float, ...]


class Fold:
    """A fold as its components say: state of a chunk, and the merge of two states at their joint values."""

    def __init__(self, *components: Component) -> None:
        self.components = components
        self.reductions = [component.reduction for component in components]

    def lift(self, chunk: dict[str, np.ndarray]) -> State:
        """The state of a chunk: its own reductions."""
        diagram = as_diagram(tuple(self.reductions))
        arrays = {n.op.name: chunk[n.op.name] for n in diagram.inputs if isinstance(n.op, ops.Input)}
        return tuple(float(v) for v in evaluate(diagram, arrays))

    def merge(self, left: State, right: State) -> State:
        joint: list[float] = []
        for place, component in enumerate(self.components):
            sides = [self._follow(component, state, joint)(state[place]) for state in (left, right)]
            joint.append(max(sides) if component.monoid == "max" else sum(sides))
        return tuple(joint)

    def _follow(self, component: Component, old: State, new: Sequence[float]) -> Callable[[float], float]:
        """What a change of the earlier reductions does to the value of a component."""
        rescale = component.rescale
        factor, shift = 1.0, 0.0
        for base, sign, term in rescale.exponents:
            power = sign * (self._at(term, new) - self._at(term, old))
            factor *= float(np.exp(power) if base == "exp" else np.exp2(power))
        for expression, sign in rescale.factors:
            factor *= (self._at(expression, new) / self._at(expression, old)) ** sign
        for sign, term in rescale.shifts:
            shift += sign * (self._at(term, new) - self._at(term, old))
        return lambda value: value * factor + shift

    def _at(self, expression: Node, state: Sequence[float]) -> float:
        """An expression in the reductions at given values of them."""
        values = {r: constant(float(v)) for r, v in zip(self.reductions, state, strict=False)}
        (result,) = substitute((expression,), values)
        return float(evaluate(as_diagram((result,)), {})[0])


def fold(*reductions: Node) -> Fold:
    return Fold(*(derive_component(r, reductions[:place]) for place, r in enumerate(reductions)))


FOLDS: Final = {
    "exp-sum": fold(MAXIMUM, TOTAL),
    "weighted sum": fold(MAXIMUM, TOTAL, WEIGHTED),
    "normalised by squares": fold(SQUARES, NORMED),
    "shifted maximum": fold(MAXIMUM, TOTAL, SHIFTED_MAX),
    "masked": fold(MAXIMUM, MASKED),
    "scaled exponent": fold(MAXIMUM, HALVED),
}


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("seed", range(8))
def test_any_chunking_and_any_tree(name: str, seed: int) -> None:
    generator, numbers = random.Random(seed), np.random.default_rng(seed)
    arrays = {key: numbers.standard_normal(13) for key in ("S", "V", "W")}
    algebra = FOLDS[name]
    cuts = [0, *sorted(generator.sample(range(1, 13), generator.randint(1, 8))), 13]
    states = [algebra.lift({key: array[a:b] for key, array in arrays.items()}) for a, b in pairwise(cuts)]
    generator.shuffle(states)
    while len(states) > 1:
        left, right = (
            states.pop(generator.randrange(len(states))),
            states.pop(generator.randrange(len(states))),
        )
        states.append(algebra.merge(left, right))
    np.testing.assert_allclose(states[0], algebra.lift(arrays), rtol=1e-12)


def test_the_worked_example() -> None:
    """Scores 0, 1, 2, 3 with values 1, 2, 4, 8 in chunks of two: derivation of the running states."""
    algebra = FOLDS["weighted sum"]
    scores, payload = np.arange(4.0), np.array([1.0, 2.0, 4.0, 8.0])
    first = algebra.lift({"S": scores[:2], "V": payload[:2]})
    second = algebra.lift({"S": scores[2:], "V": payload[2:]})
    np.testing.assert_allclose(first, (1, 1.367879, 2.367879), atol=5e-7)
    np.testing.assert_allclose(second, (3, 1.367879, 9.471518), atol=5e-7)
    both = algebra.merge(first, second)
    np.testing.assert_allclose(both, (3, 1.553002, 9.791975), atol=5e-7)
    np.testing.assert_allclose(algebra.merge(second, first), both, rtol=1e-15)
    assert both[2] / both[1] == pytest.approx(6.305193, abs=5e-7)


MEAN: Final = apply("div", reduction("sum", (X,), S), constant(4.0))
CENTRED: Final = apply("sub", S, MEAN)


@pytest.mark.parametrize(
    ("element", "earlier", "monoid"),
    [
        (apply("max", apply("sub", S, MAXIMUM), constant(0.0)), MAXIMUM, "sum"),
        (apply("mul", CENTRED, CENTRED), reduction("sum", (X,), S), "sum"),
        (apply("log", apply("add", constant(1.0), WEIGHT)), MAXIMUM, "sum"),
        (WEIGHT, MAXIMUM, "prod"),
        (apply("mul", S, MAXIMUM), MAXIMUM, "max"),
    ],
    ids=["clipped difference", "centred variance", "logarithm of a sum", "product", "scaled maximum"],
)
def test_refusals_have_a_reason(element: Node, earlier: Node, monoid: ops.Monoid) -> None:
    with pytest.raises(NotStreaming) as refused:
        derive_component(reduction(monoid, (X,), element), (earlier,))
    assert refused.value.reason
    assert refused.value.culprit is not None


def test_independent_reductions_are_their_own_monoid() -> None:
    assert derive_component(MAXIMUM, ()).rescale.is_identity
    assert derive_component(reduction("sum", (X,), V), (MAXIMUM,)).rescale.is_identity
