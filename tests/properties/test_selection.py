"""Lists of the best are merged exactly, whatever the parts and their order: against NumPy's sorting, ties included."""

from __future__ import annotations

import numpy as np
import pytest

from diagc.core.diagram import Node, apply, cast, constant, reduction, size_node
from diagc.core.dtypes import DType
from diagc.core.fold import NotStreaming
from diagc.core.ops import Monoid
from tests.properties.cascades import MAXIMUM, S, V, W, X, fold, joined
from tests.properties.selections import INDEX, LAST, chunks, drawn, listed, lists_merge, rounds

FREE = apply("lt", W, constant(0.5))
FEW = apply("where", FREE, S, constant(-np.inf))
LOW, HALF = constant(-np.inf), cast(apply("div", size_node(X.size), constant(2.0)), DType.I32)


@pytest.mark.parametrize(
    "scores", [S, apply("mul", V, constant(-2.0)), FEW], ids=["array", "computed", "masked"]
)
def test_lists_of_parts_are_those_of_the_row(scores: Node) -> None:
    assert lists_merge(scores, seeds=24)


@pytest.mark.parametrize("seed", range(24))
def test_the_merge_is_associative_and_commutative(seed: int) -> None:
    size, count = 9, 3
    algebra = fold(*rounds(S, count))
    (a, p), (b, q), (c, _) = chunks(seed, size, count, 3)
    both = np.sort(np.concatenate([p, q]))
    one = joined(algebra, a, b, size)
    assert one == joined(algebra, b, a, size) == listed(drawn(seed, size)[both], both, count, size - 1)
    whole = listed(drawn(seed, size), np.arange(size), count, size - 1)
    assert joined(algebra, one, c, size) == joined(algebra, a, joined(algebra, b, c, size), size) == whole


@pytest.mark.parametrize("seed", range(8))
def test_a_list_that_has_seen_nothing_changes_nothing(seed: int) -> None:
    size, count = 9, 3
    algebra = fold(*rounds(S, count))
    nothing = (-np.inf, 2.0**31 - 1) * count
    for state, _ in chunks(seed, size, count, 4):
        assert joined(algebra, nothing, state, size) == joined(algebra, state, nothing, size) == state


# ---- what is such a round, and what is none


def extremum(element: Node, monoid: Monoid = "max") -> Node:
    return reduction(monoid, (X,), element)


def place_of(
    value: Node, scores: Node = S, fill: Node = LAST, index: Node = INDEX, monoid: Monoid = "min"
) -> Node:
    return extremum(apply("where", apply("eq", scores, value), index, fill), monoid)


def without(place: Node, scores: Node = S, index: Node = INDEX, unit: Node = LOW) -> Node:
    return apply("where", apply("ne", index, place), scores, unit)


def is_selected(*reductions: Node) -> bool:
    try:
        algebra = fold(*reductions)
    except NotStreaming:
        return False
    return algebra.components[-1].selection is not None


LEAST = extremum(S, "min")
FIRST, LOWEST, OTHER = place_of(MAXIMUM), place_of(LEAST), place_of(extremum(V), V)
FEWER = extremum(FEW)
TWO = rounds(S, 2)
EITHER = apply("or", apply("eq", INDEX, TWO[3]), apply("eq", INDEX, TWO[1]))
ALLOWED: dict[str, tuple[Node, ...]] = {
    "second": (MAXIMUM, FIRST, extremum(without(FIRST))),
    "chosen the other way": (MAXIMUM, FIRST, extremum(apply("where", apply("eq", FIRST, INDEX), LOW, S))),
    "converted": (MAXIMUM, FIRST, extremum(without(FIRST, index=cast(INDEX, DType.I32)))),
    "from below": (LEAST, LOWEST, extremum(without(LOWEST, unit=constant(np.inf)), "min")),
    "third, neither of two": (*TWO, extremum(apply("where", EITHER, LOW, S))),
    "masked": (FEWER, place_of(FEWER, FEW), extremum(without(place_of(FEWER, FEW), FEW))),
}
REFUSED: dict[str, tuple[Node, ...]] = {
    "place of another array": (extremum(V), OTHER, extremum(without(OTHER))),
    "masked otherwise": (MAXIMUM, FIRST, extremum(without(FIRST, FEW))),
    "the unit of another fold": (MAXIMUM, FIRST, extremum(without(FIRST, unit=constant(0.0)))),
    "a fill below indices": (
        MAXIMUM,
        place_of(MAXIMUM, fill=HALF),
        extremum(without(place_of(MAXIMUM, fill=HALF))),
    ),
    "the opposite extremum": (LEAST, LOWEST, extremum(without(LOWEST))),
    "highest index": (MAXIMUM, HIGHEST := place_of(MAXIMUM, monoid="max"), extremum(without(HIGHEST))),
    "an index that repeats": (
        MAXIMUM,
        FIRST,
        extremum(without(FIRST, index=apply("mod", INDEX, constant(2)))),
    ),
    "the second alone taken": (*TWO, extremum(without(TWO[3]))),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_written_by_hand_it_is_a_round_too(name: str) -> None:
    assert is_selected(*ALLOWED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_none_is_refused(name: str) -> None:
    assert not is_selected(*REFUSED[name])
