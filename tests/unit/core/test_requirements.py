"""Where a condition holds anywhere in a tile, what it requires holds too: every condition on random integers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.comparisons import comparisons
from diagc.core.diagram import Array, Node, apply, constant, node, reduction, size_node
from diagc.core.dtypes import DType
from diagc.core.requirements import Combined, Extreme, Requirement, chooses_along, requirement

Q, X = (Axis(name, Size.symbol(name)) for name in "qx")
A = node(ops.Input("a"), array=Array(DType.I32, (Q,)))
B = node(ops.Input("b"), array=Array(DType.I32, (X,)))
FLAG = node(ops.Input("flag"), array=Array(DType.BOOL, (X,)))
BOTH = node(ops.Input("both"), array=Array(DType.I32, (Q, X)))
COUNT = node(ops.Input("count"), array=Array(DType.I32, ()))

MEANING = {
    "le": np.less_equal, "lt": np.less, "ge": np.greater_equal, "gt": np.greater, "eq": np.equal,
    "ne": np.not_equal, "and": np.logical_and, "or": np.logical_or,
}  # fmt: skip
CONDITIONS = [
    apply(name, *sides) for name in ("le", "lt", "ge", "gt", "eq", "ne") for sides in ((A, B), (B, A))
]
CONDITIONS += [
    apply(name, one, other)
    for name in ("and", "or")
    for one, other in product(CONDITIONS[:3], (CONDITIONS[9], FLAG))
]


def truth(condition: Node, known: dict[Node, NDArray[np.int64]]) -> NDArray[np.bool_]:
    """The condition over [q x]."""
    if condition in known:
        return known[condition]
    assert isinstance(condition.op, ops.Map)
    return MEANING[condition.op.function.name](*(truth(i, known) for i in condition.inputs))


def needed(found: Requirement, known: dict[Node, NDArray[np.int64]]) -> NDArray[np.bool_]:
    if isinstance(found, Combined):
        return MEANING[found.function](*(needed(o, known) for o in found.operands))
    value = known[found.node]
    return value if found.end == "each" else value.min(0) if found.end == "least" else value.max(0)


@pytest.mark.parametrize("condition", CONDITIONS, ids=range(len(CONDITIONS)))
def test_what_holds_somewhere_meets_the_requirement(condition: Node) -> None:
    random = np.random.default_rng(3)
    found = requirement(condition, X, {Q, X}, ())
    assert found is not None
    assert chooses_along(found, X)
    refused = 0
    for width, _ in product((1, 2, 5), range(20)):
        known = {
            A: random.integers(0, 6, (width, 1)) + random.integers(0, 4),
            B: random.integers(0, 9, (1, 30)),
            FLAG: random.integers(0, 2, (1, 30)) > 0,
        }
        holds, required = truth(condition, known).any(0), np.broadcast_to(needed(found, known), (1, 30))[0]
        assert not np.any(holds & ~required)
        if width == 1:  # a tile of one index is known exactly
            np.testing.assert_array_equal(holds, required)
        refused += int((~required).sum())
    assert refused > 0


def test_nothing_follows_from_what_is_not_known_apart() -> None:
    for condition in (
        apply("eq", A, BOTH),
        apply("or", FLAG, apply("eq", A, BOTH)),
        apply("not", apply("eq", A, B)),
    ):
        assert requirement(condition, X, {Q, X}, ()) is None
    own = reduction("sum", [X], B)
    assert requirement(apply("lt", own, B), X, {Q, X}, ()) is not None
    assert requirement(apply("lt", own, B), X, {Q, X}, (own,)) is None
    assert requirement(apply("and", FLAG, apply("eq", A, BOTH)), X, {Q, X}, ()) == Extreme(FLAG, "each")


def test_numbers_that_may_be_no_numbers_have_no_least_one() -> None:
    late, now = (node(ops.Input(n), array=Array(DType.F32, (a,))) for n, a in (("late", X), ("now", Q)))
    assert requirement(apply("le", late, now), X, {Q, X}, ()) is None


def test_real_numbers_do_not_choose() -> None:
    total = node(ops.Input("total"), array=Array(DType.F32, (X,)))
    found = requirement(apply("gt", total, constant(0.0)), X, {Q, X}, ())
    assert found is not None
    assert not chooses_along(found, X)


def test_integers_that_a_program_holds_bound_the_axis() -> None:
    x, q = node(ops.Iota(X)), node(ops.Iota(Q))
    (upper,) = comparisons(apply("lt", x, COUNT), X)
    assert (upper.upper, upper.terms, upper.values, upper.offset) == (
        True,
        (),
        ((COUNT, 1),),
        Size.constant(-1),
    )
    shifted = apply("add", apply("sub", COUNT, size_node(Q.size)), q)  # x ≤ count − |q| + q
    (upper,) = comparisons(apply("le", x, shifted), X)
    assert (upper.terms, upper.values, upper.offset) == (((Q, 1),), ((COUNT, 1),), -Q.size)
    (lower,) = comparisons(apply("le", apply("mul", constant(2), A), x), X)
    assert (lower.upper, lower.values) == (False, ((A, 2),))
    own = reduction("sum", [X], B)
    assert comparisons(apply("lt", x, own), X, (own,)) == ()
    assert comparisons(apply("lt", x, B), X) == ()
