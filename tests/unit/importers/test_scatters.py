"""Sums of rows at indices, in JAX and in PyTorch, against NumPy's `add.at`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import torch

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.importers import jax_trace, torch_trace
from diagc.importers.function import parse_arguments
from diagc.importers.traced import NAMES
from diagc.importers.values import NoDiagram
from diagc.importers.written import named, write
from diagc.source import Source

FILE = Path(__file__)


def written(function: Callable[..., Any], arguments: str, framework: Any) -> tuple[str, list[str]]:
    asked = [(NAMES[dtype], shape) for dtype, shape in parse_arguments(arguments)]
    traced = named(framework.trace(function, "f", str(FILE), asked))
    return write(traced, "test"), [name for name, _, _ in traced.inputs]


def arrays(arguments: str) -> list[Any]:
    source = np.random.default_rng(4)
    return [
        source.integers(0, 3, shape) if dtype[0] == "i" else source.standard_normal(shape)
        for dtype, shape in parse_arguments(arguments)
    ]


def summed(x: Any, at: Any, rows: Any) -> Any:
    made = x.copy()
    np.add.at(made, at, rows)
    return made


def in_rows(x: Any, i: Any, v: Any) -> Any:
    return x.at[i].add(v)


def in_columns(x: Any, i: Any, v: Any) -> Any:
    return x.at[:, i].add(v)


def at_points(x: Any, i: Any, j: Any, v: Any) -> Any:
    return x.at[i, j].add(v)


def of_itself(x: Any, i: Any) -> Any:
    return x.at[i].add(x)


def mapped(x: Any, i: Any, v: Any) -> Any:
    return jax.vmap(in_rows)(x, i, v)


def counted(x: Any, i: Any) -> Any:
    return x.at[i].add(1)


def torch_rows(x: Any, i: Any, v: Any) -> Any:
    return x.index_add(0, i, v, alpha=2)


def torch_in_place(x: Any, i: Any, v: Any) -> Any:
    y = torch.zeros_like(x)
    y.index_add_(0, i, v)
    return y + x


def torch_along(x: Any, i: Any, v: Any) -> Any:
    return x.scatter_add(1, i, v)


def torch_points(x: Any, i: Any, j: Any, v: Any) -> Any:
    return x.index_put((i, j), v, accumulate=True)


ROWS = "f32[5,3] i32[4] f32[4,3]"
CASES: list[tuple[Any, str, Callable[..., Any]]] = [
    (in_rows, ROWS, lambda x, i, v: summed(x, i, v)),
    (in_columns, "f32[2,5] i32[3] f32[2,3]", lambda x, i, v: summed(x, (slice(None), i), v)),
    (at_points, "f32[3,4] i32[6] i32[6] f32[6]", lambda x, i, j, v: summed(x, (i, j), v)),
    (of_itself, "f32[5,3] i32[5]", lambda x, i: summed(x, i, x)),
    (mapped, "f32[2,5,3] i32[2,4] f32[2,4,3]", lambda x, i, v: np.stack(list(map(summed, x, i, v)))),
    (counted, "i32[5] i32[7]", lambda x, i: summed(x, i, 1)),
    (torch_rows, ROWS, lambda x, i, v: summed(x, i, 2 * v)),
    (torch_in_place, ROWS, lambda x, i, v: summed(x, i, v)),
    (torch_along, "f32[5,3] i64[5,4] f32[5,6]", lambda x, i, v: summed(x, (np.arange(5)[:, None], i), v[:, :4])),
    (torch_points, "f32[3,4] i32[6] i32[6] f32[6]", lambda x, i, j, v: summed(x, (i, j), v)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "expected"), CASES, ids=[c[0].__name__ for c in CASES])
def test_a_scatter_is_a_sum_where_the_index_is_that_of_the_row(
    function: Callable[..., Any], arguments: str, expected: Callable[..., Any]
) -> None:
    framework = torch_trace if function.__name__.startswith("torch") else jax_trace
    text, names = written(function, arguments, framework)
    given = arrays(arguments)
    (made,) = evaluate(
        check_source(Source("f.diag", text)).entries["f"].diagram, dict(zip(names, given, strict=True))
    )
    np.testing.assert_allclose(made, expected(*given), rtol=1e-12, atol=1e-12)


def test_rows_share_the_axis_of_their_indices() -> None:
    text, _ = written(in_rows, ROWS, jax_trace)
    assert "fn f(x: f32[a b], i: i32[c], v: f32[c b]) -> f32[a b]" in text


def clipped(x: Any, i: Any, v: Any) -> Any:
    return x.at[i].add(v, mode="clip")


def in_blocks(x: Any, i: Any, v: Any) -> Any:
    return x.at[i, :2].add(v)


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (clipped, ROWS, "cut to those that there are"),
        (in_blocks, "f32[5,3] i32[4] f32[4,2]", "sums of blocks"),
    ],
)
def test_sums_at_other_places_are_refused(function: Callable[..., Any], arguments: str, said: str) -> None:
    with pytest.raises(NoDiagram, match=said):
        written(function, arguments, jax_trace)
