"""Inputs that are made to be large end in a diagnostic, and soon."""

from __future__ import annotations

import time
from typing import Final

import pytest

from diagc import api
from diagc.source import Source

SECONDS: Final = 8.0
HEADER: Final = "diag 1 axis q, d, t, x "
STEP: Final = "fn s(X: f32[q]) -> f32[q] { return X * 2 + 1 }\n"


def tower(height: int, calls: int) -> str:
    """Functions each of which calls the next several times."""
    body = " + ".join(["f{}(X)"] * calls)
    lines = [
        f"fn f{i}(X: f32[q]) -> f32[q] {{ return {body.replace('{}', str(i + 1))} }}" for i in range(height)
    ]
    return "\n".join([*lines, f"fn f{height}(X: f32[q]) -> f32[q] {{ return X * 2 }}"])


def nested_scans(depth: int, start: str) -> str:
    head = "".join(f"scan[t{i}](h{i} = {start}; " for i in range(depth))
    axes = "axis " + ", ".join(f"t{i}" for i in range(depth))
    return f"{axes}\nfn f(X: f32[t0 d]) -> f32[t0 d] {{ return {head} X + h0 {')' * depth} }}"


PATHOLOGICAL: Final = {
    "long chain": ("E0803", STEP + "fn f = chain(20000, s)"),
    "chain of chains": ("E0803", STEP + "fn a = chain(100, s) fn b = chain(100, a) fn c = chain(100, b)"),
    "exponential calls": ("E0803", tower(60, 2)),
    "deep calls": ("E0802", tower(70, 1)),
    "deep expressions in calls": (
        "E0802",
        "\n".join(
            f"fn f{i}(X: f32[q]) -> f32[q] {{ return {'(' * 90}f{i + 1}(X){' + 1)' * 90} }}" for i in range(20)
        )
        + "\nfn f20(X: f32[q]) -> f32[q] { return X }",
    ),
    "powers of polynomials": ("E0406", "size a, b, c, e\naxis p: (a + b + c + e) ^ 8, r: p ^ 8, w: r ^ 8"),
    "nested powers": ("E0406", "size a\naxis p: " + "(" * 30 + "a" + " ^ 8)" * 30),
    "huge number": ("E0106", "axis p: 1" + "0" * 30),
    "huge product": ("E0406", "axis p: 4000000000000000000, r: p * p * p"),
    "two hundred axes": (
        "E0804",
        "axis " + ", ".join(f"a{i}" for i in range(200)) + "\nfn f(X: f32["
        + " ".join(f"a{i}" for i in range(200)) + "]) -> f32[] { return 0 }",
    ),
    "axes by weaving": (
        "E0804",
        "axis " + ", ".join(f"a{i}" for i in range(40)) + "\nfn f("
        + ", ".join(f"X{i}: f32[a{i}]" for i in range(40)) + ") -> f32[] { return "
        + " + ".join(f"X{i}" for i in range(40)) + " }",
    ),
    "nested scans": ("E0803", nested_scans(50, "0")),
    "many statements": (
        "E0803",
        "fn f(X: f32[q]) -> f32[q] {" + "\n".join(f"Y{i} = X * {i} + {i}" for i in range(8_000)) + "\nreturn X }",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_large_inputs_are_refused_soon(name: str) -> None:
    code, text = PATHOLOGICAL[name]
    start = time.process_time()
    found = api.check(Source("large.diag", HEADER + text))
    assert code in {one.code for one in found}, [one.code for one in found]
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "text",
    [
        "fn f(X: f32[q]) -> f32[q] { a, b = topk[q](X, k = 4000000000000000000) return X }",
        "fn f(X: f32[q]) -> f32[q] { return " + "-" * 90 + "X }",
        "\n".join(f"fn f{i}(X: f32[q]) -> f32[q] {{ return unknown{i}(X) }}" for i in range(500)),
        "axis " + ", ".join(f"a{i}" for i in range(3000)),
        nested_scans(5, "X"),
    ],
)
def test_large_inputs_are_read_soon(text: str) -> None:
    start = time.process_time()
    api.check(Source("large.diag", HEADER + text))
    assert time.process_time() - start < SECONDS
