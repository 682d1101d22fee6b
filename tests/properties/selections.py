"""Rounds of taking the best, written out, and the lists that they are by NumPy's sorting."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diagc.core import ops
from diagc.core.diagram import Node, apply, constant, node, reduction, size_node
from diagc.core.fold import FoldAlgebra
from tests.properties.cascades import X, fold, joined

Scores = NDArray[np.float64]
State = tuple[float, ...]

INDEX = node(ops.Iota(X))
LAST = size_node(X.size - 1)


def rounds(scores: Node, count: int) -> tuple[Node, ...]:
    """Value and place of each round: the largest that is free, and the lowest free index that attains it."""
    found: list[Node] = []
    taken: list[Node] = []
    for _ in range(count):
        free = [apply("ne", place, INDEX) for place in taken]
        left = scores
        for condition in reversed(free):
            left = apply("where", condition, left, constant(-np.inf))
        value = reduction("max", (X,), left)
        attained = apply("and", *free, apply("eq", value, scores)) if free else apply("eq", value, scores)
        place = reduction("min", (X,), apply("where", attained, INDEX, LAST))
        found += [value, place]
        taken.append(place)
    return tuple(found)


def listed(scores: Scores, places: NDArray[np.int64], count: int, last: int) -> State:
    """The best of some elements as a state: falling, lowest index first, and what stands where none is left."""
    order = sorted(zip(-scores, places, strict=True))[:count]
    full = [(-negative, place) for negative, place in order] + [(-np.inf, last)] * (count - len(order))
    return tuple(float(number) for pair in full for number in pair)


def drawn(seed: int, size: int) -> Scores:
    """Scores of few different values, some of them −∞: ties everywhere."""
    numbers = np.random.default_rng(seed)
    scores = numbers.integers(0, 3, size).astype(np.float64)
    scores[numbers.random(size) < 0.3] = -np.inf
    return scores


def chunks(seed: int, size: int, count: int, parts: int) -> Iterator[tuple[State, NDArray[np.int64]]]:
    """States of the parts of a row, which may be shorter than a list, in any order, with the places that they have."""
    generator, scores = random.Random(seed), drawn(seed, size)
    order = np.array(generator.sample(range(size), size))
    cuts = [0, *sorted(generator.sample(range(1, size), parts - 1)), size]
    for low, high in pairwise(cuts):
        places = np.sort(order[low:high])
        yield listed(scores[places], places, count, size - 1), places


def lists_merge(
    scores: Node, change: Callable[[FoldAlgebra], FoldAlgebra] = lambda a: a, seeds: int = 8
) -> bool:
    """Whether lists of parts, merged in any order, are those of the whole row."""
    size, count = 11, 4
    algebra = change(fold(*rounds(scores, count)))
    for seed in range(seeds):
        generator = random.Random(seed)
        states = [state for state, _ in chunks(seed, size, count, generator.randint(2, 7))]
        while len(states) > 1:
            left, right = (states.pop(generator.randrange(len(states))) for _ in range(2))
            states.append(joined(algebra, left, right, size))
        if states[0] != listed(drawn(seed, size), np.arange(size), count, size - 1):
            return False
    return True
