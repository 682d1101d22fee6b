"""A permuted copy of a net is aligned to no barrier at all, whatever the net is, by one rule for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.core.diagram import Diagram
from diagc.core.learning import parameter_path
from diagc.passes.commute import commute
from diagc.runs.align import aligned, distance
from diagc.runs.hidden import groups
from diagc.source import Source

Arrays = dict[str, np.ndarray]

HEAD = "diag 1\naxis pixel: 6, class: 3\n"
TAIL = """
learning l {
  source d { x: f32[%s], y: i32 in class }
  train m: f32[%s] -> f32[class] = net
  commute fit: m(x) ~ d.y by cross_entropy
}
"""


@dataclass(frozen=True)
class Case:
    """A net, and what a permutation of its hidden indices does to its arrays, written by hand."""

    text: str
    axes: str
    moves: dict[str, list[tuple[str, int]]]


CASES = {
    "mlp": Case(
        """axis h: 8, w: 7
fn net(X: f32[pixel]) -> f32[class] {
  model a = dense[pixel h]
  model b = dense[h w]
  model c = dense[w class]
  return X |> a |> relu |> b |> tanh |> c
}""",
        "pixel",
        {"h": [("a.W", 1), ("a.c", 0), ("b.W", 0)], "w": [("b.W", 1), ("b.c", 0), ("c.W", 0)]},
    ),
    "conv": Case(
        """axis n: 12, k: 3, i: 10, s: 8, c: 5, o: 4
fn net(X: f32[n]) -> f32[class] {
  param A: f32[k c] ~ glorot
  param B: f32[k c o] ~ glorot
  param C: f32[o class] ~ glorot
  H = relu(sum[k](X[n -> i + k] * A))
  G = relu(sum[k c](H[i -> s + k] * B))
  return sum[o](sum[s](G) * C)
}""",
        "n",
        {"c": [("A", 1), ("B", 1)], "o": [("B", 2), ("C", 0)]},
    ),
    "attention": Case(
        """axis t: 5, u: t, head: 4, d: 3, e: 6
fn net(X: f32[t pixel]) -> f32[class] {
  param Q: f32[pixel head d] ~ glorot
  param K: f32[pixel head d] ~ glorot
  param V: f32[pixel head e] ~ glorot
  param O: f32[head e class] ~ glorot
  q = sum[pixel](X * Q)
  k = sum[pixel](X[t -> u] * K)
  v = sum[pixel](X[t -> u] * V)
  P = softmax[u](sum[d](q * k))
  return sum[t head e](sum[u](P * v) * O)
}""",
        "t pixel",
        {
            "head": [("Q", 1), ("K", 1), ("V", 1), ("O", 0)],
            "d": [("Q", 2), ("K", 2)],
            "e": [("V", 2), ("O", 1)],
        },
    ),
    "gated": Case(
        """axis h: 9
fn net(X: f32[pixel]) -> f32[class] {
  param G: f32[pixel h] ~ glorot
  param U: f32[pixel h] ~ glorot
  param D: f32[h class] ~ glorot
  return sum[h](silu(sum[pixel](X * G)) * sum[pixel](X * U) * D)
}""",
        "pixel",
        {"h": [("G", 1), ("U", 1), ("D", 0)]},
    ),
}


def prepared(case: Case, seed: int) -> tuple[Diagram, Arrays, Arrays, Callable[[Arrays], float]]:
    """The loss, drawn weights, a copy of them with permuted hidden indices, and the loss of weights on drawn data."""
    text = HEAD + case.text + TAIL % (case.axes, case.axes)
    learning = check_source(Source("a.diag", text)).learnings["l"]
    diagram, rng = commute(learning), np.random.default_rng(seed)
    shapes = {
        parameter_path(p): tuple(a.size.value or 0 for a in p.axes) for p in learning.parameters("train")
    }
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    copy = {name: value.copy() for name, value in weights.items()}
    for places in case.moves.values():
        order = rng.permutation(copy[_full(copy, places[0][0])].shape[places[0][1]])
        for name, place in places:
            copy[_full(copy, name)] = np.take(copy[_full(copy, name)], order, place)
    column = next(c for c in learning.sources[0].columns if c.name == "x")
    data = {
        "d.x": rng.normal(size=(16, *(a.size.value or 0 for a in column.array.axes))),
        "d.y": rng.integers(0, 3, 16),
    }

    def loss(at: Arrays) -> float:
        return float(evaluate(diagram, {**data, **at})[0])

    return diagram, weights, copy, loss


def _full(weights: Arrays, name: str) -> str:
    return next(full for full in weights if full.endswith(f".{name}"))


def barrier(first: Arrays, second: Arrays, loss: Callable[[Arrays], float]) -> float:
    """How far the loss along the straight path rises above its higher end."""
    path = [loss({n: (1 - t) * first[n] + t * second[n] for n in first}) for t in np.linspace(0, 1, 21)]
    return max(path) - max(path[0], path[-1])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_permuted_copy_has_no_barrier(name: str, seed: int) -> None:
    diagram, weights, copy, loss = prepared(CASES[name], seed)
    assert loss(copy) == pytest.approx(loss(weights), abs=1e-9)
    back = aligned(weights, copy, groups(diagram))
    assert barrier(weights, back, loss) <= 1e-6
    assert distance(weights, back) <= 1e-12 < distance(weights, copy)


@pytest.mark.parametrize("name", CASES)
def test_hidden_axes_are_those_found_by_hand(name: str) -> None:
    diagram, weights, _, _ = prepared(CASES[name], 0)
    expected = {
        frozenset((_full(weights, array), place) for array, place in places)
        for places in CASES[name].moves.values()
    }
    assert {frozenset(group.places) for group in groups(diagram)} == expected
