"""One algorithm, however it is written, has one normal form."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from diagc.backends.reference import evaluate
from diagc.check.program import check_source
from diagc.core.canonical import diagram_hash
from diagc.passes.base_two import BaseTwo
from diagc.passes.normalise import Normalise
from diagc.source import Source

HEADER: Final = "diag 1 axis q, x, d, row, column, depth "
SIGNATURE: Final = "fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d]"

SPELLINGS: Final = {
    "library call": f"""{SIGNATURE} {{
        S = sum[d](Q * K) * rsqrt(size(d))
        return sum[x](softmax[x](S) * V)
    }}""",
    "by hand": f"""{SIGNATURE} {{
        S = rsqrt(size(d)) * sum[d](K * Q)
        e = exp(S - max[x](S))
        z = sum[x](e)
        P = where(z > 0, e / z, 0)
        return sum[x](V * P)
    }}""",
    "division after the contraction": f"""{SIGNATURE} {{
        S = sum[d](Q * K) * rsqrt(size(d))
        e = exp(S - max[x](S))
        z = sum[x](e)
        return where(z > 0, sum[x](e * V) / z, 0)
    }}""",
    "division by the root": f"""{SIGNATURE} {{
        S = sum[d](Q * K) / sqrt(size(d))
        return S |> softmax[x] |> weigh(V)
    }}
    fn weigh(P, V: bf16[x d]) {{ return sum[x](P * V) }}""",
    "other names and orders": """fn f(C: bf16[column depth], A: bf16[row depth], B: bf16[column depth])
        -> bf16[row depth] {
        scores = sum[depth](A * B) * rsqrt(size(depth))
        return sum[column](C * softmax[column](scores))
    }""",
}


def normal_hash(text: str) -> str:
    diagram = check_source(Source("f.diag", HEADER + text)).entries["f"].diagram
    return diagram_hash(Normalise().run(diagram))


@pytest.mark.parametrize("name", [name for name in SPELLINGS if name != "library call"])
def test_spellings_of_one_algorithm(name: str) -> None:
    assert normal_hash(SPELLINGS[name]) == normal_hash(SPELLINGS["library call"])


@pytest.mark.parametrize(
    "other",
    [
        SPELLINGS["library call"].replace("rsqrt", "sqrt"),
        SPELLINGS["library call"].replace("softmax[x](S)", "exp(S)"),
        SPELLINGS["library call"].replace("Q * K", "Q * Q * K"),
        SPELLINGS["library call"].replace("softmax[x](S)", "softmax[x](where(x <= q, S, -inf))"),
    ],
)
def test_other_algorithms_have_other_forms(other: str) -> None:
    assert normal_hash(other) != normal_hash(SPELLINGS["library call"])


def test_normal_forms_are_final() -> None:
    for text in SPELLINGS.values():
        normal = Normalise().run(check_source(Source("f.diag", HEADER + text)).entries["f"].diagram)
        assert Normalise().run(normal) is normal
        scaled = BaseTwo().run(normal)
        assert BaseTwo().run(scaled) is scaled


def test_dividing_by_an_integer_literal_is_not_integer_division() -> None:
    text = "diag 1\naxis q\nfn f(X: f32[q]) -> f32[q] { return 30 * tanh(X / 30) }"
    diagram = check_source(Source("f.diag", text)).entries["f"].diagram
    given = {"X": np.array([-100.0, 0.5, 45.0])}
    (value,) = evaluate(Normalise().run(diagram), given)
    np.testing.assert_allclose(value, 30 * np.tanh(given["X"] / 30), rtol=1e-12)


ALIKE: Final = {
    "even powers": ("(A - B) * (A - B)", "(B - A) * (B - A)", "0 - (A - B) * (B - A)"),
    "terms times nothing": ("A * C", "1.5 * A * C - (0.5 * A * C + 0 * C)"),
    "numbers and sums": ("rsqrt(A * A + 1)", "rsqrt(0.5 * (2 * A * A + 2))"),
    "negative sums": ("C * (0 - A - B)", "0 - C * (A + B)"),
    "masked signs": ("C - where(A < B, A, 0)", "C + where(A < B, 0 - A, 0)"),
    "numbers": ("A * C", "A * 1.5 * C / 0.75 / 2"),
}
"""Elements of A[q x], B[x q] and C[q] that are the same."""


@pytest.mark.parametrize("name", ALIKE)
def test_elements_that_are_the_same(name: str) -> None:
    signature = "fn f(A: f32[q x], B: f32[x q], C: f32[q]) -> f32[q x]"
    assert len({normal_hash(f"{signature} {{ return {element} }}") for element in ALIKE[name]}) == 1
