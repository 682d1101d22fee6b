"""Streaming folds found by algebra: which repair, how many sums, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Node, apply, constant, reduction
from diagc.core.fold import Component, NotStreaming, Rescale, derive_components
from tests.properties.cascades import (
    CASCADES,
    MAXIMUM,
    WEIGHT,
    S,
    V,
    X,
    fold,
    given,
    joined,
    lift,
    mean,
    times,
    total,
)

CENTRED = apply("sub", S, MAXIMUM)
SHIFTED = apply("sub", V, MAXIMUM)


def test_the_worked_example() -> None:
    """Scores 0, 1, 2, 3 with values 1, 2, 4, 8 in chunks of two: derivation of the running states."""
    algebra = fold(*CASCADES["weighted sum"])
    scores, payload = np.arange(4.0), np.array([1.0, 2.0, 4.0, 8.0])
    first = lift(algebra, {"S": scores[:2], "V": payload[:2]}, 4)
    second = lift(algebra, {"S": scores[2:], "V": payload[2:]}, 4)
    np.testing.assert_allclose(first, (1, 1.367879, 2.367879), atol=5e-7)
    np.testing.assert_allclose(second, (3, 1.367879, 9.471518), atol=5e-7)
    both = joined(algebra, first, second, 4)
    np.testing.assert_allclose(both, (3, 1.553002, 9.791975), atol=5e-7)
    np.testing.assert_allclose(joined(algebra, second, first, 4), both, rtol=1e-15)
    assert both[2] / both[1] == pytest.approx(6.305193, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("exponential sum", 1), ("weighted sum", 1), ("entropy", 2), ("variance", 3), ("weighted variance", 3),
        ("fourth moment", 5), ("weighted skewness", 4), ("weighted covariance", 4), ("masked variance", 3),
    ],
)  # fmt: skip
def test_the_basis_is_as_small_as_the_span_of_the_derivatives(name: str, dimension: int) -> None:
    """The dimensions that numerical differentiation finds, see the design's probe of closure."""
    target = CASCADES[name][-1]
    (component,) = (c for c in fold(*CASCADES[name]).components if c.reduction == target)
    assert max(len(component.basis), 1) == dimension


def test_sums_that_are_there_are_shared() -> None:
    reductions = [c.reduction for c in fold(*CASCADES["weighted variance"]).components]
    assert reductions[:3] == list(CASCADES["weighted variance"][:3])
    assert len(reductions) == 5  # the squares, and the first moment about the running mean
    both = fold(*CASCADES["variance"], *CASCADES["fourth moment"])
    assert len(both.components) == 6  # Σx, the count, moments 1 to 4


def test_a_basis_does_not_grow_with_dependent_derivatives() -> None:
    """(x − u − 2v)² has proportional derivatives in u and v."""
    u, v = total(V), total(times(V, V))
    element = apply("add", apply("sub", S, u), times(constant(-2.0), v))
    found, _ = (c for c in fold(u, v, total(times(element, element, V))).components if len(c.basis) > 1)
    assert len(found.basis) == 3


@pytest.mark.parametrize(
    ("element", "earlier", "monoid"),
    [
        (apply("max", CENTRED, constant(0.0)), MAXIMUM, "sum"),
        (apply("recip", apply("add", constant(1.0), times(CENTRED, CENTRED))), MAXIMUM, "sum"),
        (apply("log", apply("add", constant(1.0), WEIGHT)), MAXIMUM, "sum"),
        (WEIGHT, MAXIMUM, "prod"),
        (apply("mul", S, MAXIMUM), MAXIMUM, "max"),
        (times(*[CENTRED] * 9), MAXIMUM, "sum"),
        (apply("where", apply("eq", V, MAXIMUM), V, constant(1.0)), MAXIMUM, "min"),
        (apply("where", apply("lt", S, MAXIMUM), V, constant(0.0)), MAXIMUM, "sum"),
        (apply("where", apply("eq", SHIFTED, reduction("max", (X,), SHIFTED)), V, constant(9.0)), MAXIMUM, "min"),
    ],
    ids=[
        "clipped difference", "Cauchy weight", "logarithm of a sum", "product", "scaled maximum", "ninth power",
        "not at its own maximum", "below the maximum",
        "where a moving maximum is",
    ],
)  # fmt: skip
def test_refusals_have_a_reason(element: Node, earlier: Node, monoid: ops.Monoid) -> None:
    with pytest.raises(NotStreaming) as refused:
        derive_components(reduction(monoid, (X,), element), (Component(earlier, Rescale()),))
    assert len(refused.value.reason) > 20
    assert refused.value.culprit is not None


def test_a_refusal_quotes_what_does_not_move() -> None:
    clipped = total(apply("max", CENTRED, constant(0.0)))
    with pytest.raises(NotStreaming) as refused:
        derive_components(clipped, (Component(MAXIMUM, Rescale()),))
    assert "`max(S - max[x](S), 0)` mixes the streamed axis with an earlier result" in refused.value.reason


def test_moments_over_fewer_axes_than_the_pass_are_refused() -> None:
    y = Axis("y", Size.symbol("y"))
    table = given("T", X, y)
    average = reduction("sum", (X, y), table)
    centred = apply("sub", table, apply("mul", average, constant(0.5)))
    weighted = reduction("sum", (X, y), apply("mul", V, centred, centred))
    with pytest.raises(NotStreaming):
        derive_components(weighted, (Component(average, Rescale()),))
    plain = derive_components(
        reduction("sum", (X, y), times(centred, centred)), (Component(average, Rescale()),)
    )
    assert [c.counts for c in plain] == [True, False, False]


def test_independent_reductions_are_their_own_monoid() -> None:
    for target in (MAXIMUM, total(V)):
        (component,) = derive_components(target, (Component(total(S), Rescale()),))
        assert component == Component(target, Rescale())


def test_the_centre_of_a_running_variance_is_the_running_mean() -> None:
    algebra = fold(*CASCADES["variance"])
    (centre,) = algebra.centres
    assert centre == mean(S)
    assert algebra.centres[centre] != centre
    half = lift(algebra, {"S": np.array([4.0, 6.0])}, 4)
    squares = dict(zip((c.reduction for c in algebra.components), half, strict=True))
    assert squares[CASCADES["variance"][1]] == 2.0  # (4 − 5)² + (6 − 5)²: about 5, not about 10 / 4
