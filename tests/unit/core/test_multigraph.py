"""The numbers of parallel pairs, counted by hand and by an independent program."""

from __future__ import annotations

from itertools import combinations

import pytest

from diagc.core.multigraph import Edge, TooManyPaths, parallel_pairs, primitive

SUPERVISED = ["px S X", "py S Y", "f X Y"]
HEADS = ["px S X", "b X Z", *(f"h{i} Z Y{i}" for i in range(4)), *(f"y{i} S Y{i}" for i in range(4))]
CYCLE = ["F X Y", "G Y X"]


def edges(written: list[str]) -> list[Edge]:
    return [Edge(*line.split()) for line in written]


def parallel(count: int) -> list[str]:
    return [f"{name}{i} {i} {i + 1}" for i in range(count) for name in "ab"]


def diamonds(count: int) -> list[str]:
    sides = (("a", "", "m"), ("c", "", "n"), ("b", "m", ""), ("d", "n", ""))
    return [f"{e}{i} {i}{s} {i + (not t)}{t}" for i in range(count) for e, s, t in sides]


@pytest.mark.parametrize(
    ("graph", "longest", "every", "generating"),
    [
        (SUPERVISED, None, 1, 1),
        ([*SUPERVISED, "t X Y"], None, 4, 3),
        (HEADS, None, 4, 4),
        (CYCLE, 2, 2, 2),
        (CYCLE, 4, 8, 4),
        (CYCLE, None, 2, 2),
        (parallel(4), None, 198, 4),
        (parallel(6), None, 3516, 6),
        (diamonds(4), None, 402, 4),
        (diamonds(6), None, 7704, 6),
    ],
)
def test_pairs(graph: list[str], longest: int | None, every: int, generating: int) -> None:
    pairs = parallel_pairs(edges(graph), longest)
    assert len(pairs) == every
    assert len(primitive(pairs)) == generating


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(TooManyPaths):
        parallel_pairs(edges(parallel(8)))


def test_primitive_pairs_generate_every_equality() -> None:
    """Paths become equal by replacing one side of a primitive pair by the other inside of them."""
    pairs = parallel_pairs(edges([*diamonds(3), "e 0 2"]))
    rules = [(p, q) for pair in primitive(pairs) for p, q in (pair, pair[::-1])]
    for first, second in pairs:
        met, waiting = {first}, [first]
        while waiting:
            path = waiting.pop()
            for old, new in rules:
                for start, stop in combinations(range(len(path) + 1), 2):
                    if path[start:stop] == old:
                        made = (*path[:start], *new, *path[stop:])
                        waiting += [made] if made not in met else []
                        met.add(made)
        assert second in met
