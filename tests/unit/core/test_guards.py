"""Which node is masked so that every reduction of a pass sees its unit, and what a comparison bounds."""

from __future__ import annotations

import math

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.comparisons import comparisons
from diagc.core.diagram import Array, Node, apply, constant, node, reduction
from diagc.core.dtypes import DType
from diagc.core.guards import guard_point, neutral

Q, X = (Axis(name, Size.symbol(name)) for name in "qx")
S = node(ops.Input("S"), array=Array(DType.F32, (Q, X)))
V = node(ops.Input("V"), array=Array(DType.F32, (X,)))


def cascade() -> tuple[Node, Node, Node]:
    largest = reduction("max", [X], S)
    weight = apply("exp", apply("sub", S, largest))
    return largest, reduction("sum", [X], weight), reduction("sum", [X], apply("mul", weight, V))


def test_scores_at_minus_infinity_make_the_whole_cascade_neutral() -> None:
    assert neutral(cascade(), S, -math.inf)
    assert not neutral(cascade(), S, 0.0)
    assert guard_point(cascade(), X) == (S, -math.inf)


def test_a_product_vanishes_with_one_factor() -> None:
    assert guard_point((reduction("sum", [X], apply("mul", S, V)),), X) == (S, 0.0)


def test_nothing_is_guarded_where_nothing_helps() -> None:
    shifted = apply("add", apply("mul", S, S), constant(1.0))
    product = reduction("prod", [X], shifted)
    assert guard_point((product,), X) is None


def test_a_mask_right_above_takes_the_guard_up() -> None:
    mask = apply("where", apply("le", node(ops.Iota(X)), node(ops.Iota(Q))), S, constant(-math.inf))
    largest = reduction("max", [X], mask)
    found = guard_point((largest, reduction("sum", [X], apply("exp", apply("sub", mask, largest)))), X)
    assert found == (mask, -math.inf)


def test_comparisons_bound_the_streamed_axis() -> None:
    x, q = node(ops.Iota(X)), node(ops.Iota(Q))
    (upper,) = comparisons(apply("le", x, q), X)
    assert (upper.upper, upper.terms, upper.offset) == (True, ((Q, 1),), Size())
    (strict,) = comparisons(apply("lt", x, q), X)
    assert strict.offset == Size.constant(-1)
    (lower,) = comparisons(apply("gt", x, apply("sub", q, constant(128))), X)
    assert (lower.upper, lower.terms, lower.offset) == (False, ((Q, 1),), Size.constant(-127))
    both = comparisons(apply("eq", x, q), X)
    assert [c.upper for c in both] == [True, False]
    assert comparisons(apply("le", apply("mul", x, x), q), X) == ()
    assert comparisons(apply("le", apply("mul", constant(2), x), q), X) == ()
