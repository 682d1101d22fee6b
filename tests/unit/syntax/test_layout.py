"""What canonical layout looks like."""

from __future__ import annotations

import pytest

from diagc.source import Source
from diagc.syntax.format import format_source


def formatted(body: str) -> str:
    text = format_source(Source("test.diag", f"diag 1\n{body}"))
    return text.removeprefix("diag 1\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("axis a,b :4,c", "axis a, b: 4, c\n"),
        ("size n\n\n\n\nsize m", "size n\n\nsize m\n"),
        ("size n size m # beside", "size n\nsize m  # beside\n"),
        ("fn f (X){return((X+1)*2)}", "fn f(X) { return (X + 1) * 2 }\n"),
        ("fn f(X) { return -(X^2) + (-X)^2 - (a - (b - c)) }",
         "fn f(X) { return -X ^ 2 + (-X) ^ 2 - (a - (b - c)) }\n"),
        ("fn f(X) { return (a < b) == (not c) }", "fn f(X) { return (a < b) == (not c) }\n"),
        ("fn f(X) { return ((X |> f) |> g) + 1 }", "fn f(X) { return (X |> f |> g) + 1 }\n"),
        ("fn f(X) {\n\n y=X\n\n\n\n z=y return z }", "fn f(X) {\n  y = X\n\n  z = y\n  return z\n}\n"),
        ("fn f(X) { # why\n return X # here\n # last\n}", "fn f(X) {  # why\n  return X  # here\n  # last\n}\n"),
        ("axis a, # one\n b", "axis a,  # one\n  b\n"),
        ("fn f(\n  X, # first\n  # of both\n  Y # second\n) { return X }",
         "fn f(\n  X,  # first\n  # of both\n  Y  # second\n) { return X }\n"),
        ("fn f(X) {\n  y = X + # why\n    1\n  return y\n}", "fn f(X) {\n  # why\n  y = X + 1\n  return y\n}\n"),
        ("learning l{}", "learning l {}\n"),
        ('schedule f on "m" {a[q]=1 w=2}', 'schedule f on "m" { a[q] = 1   w = 2 }\n'),
        ("learning l { epochs 1 batch 2 }", "learning l {\n  epochs 1\n  batch 2\n}\n"),
    ],
)  # fmt: skip
def test_layout(text: str, expected: str) -> None:
    assert formatted(text) == expected


def test_long_arguments_stand_on_lines_of_their_own() -> None:
    args = [f"argument_number_{i} = {i}" for i in range(5)]
    broken = ",\n    ".join(args)
    assert formatted(f"fn f(X) {{ y = X return h({', '.join(args)}) }}") == (
        f"fn f(X) {{\n  y = X\n  return h(\n    {broken}\n  )\n}}\n"
    )


def test_long_sums_break_before_their_operators() -> None:
    terms = [f"a_rather_long_name_number_{i}" for i in range(5)]
    broken = "\n    + ".join(terms)
    assert (
        formatted(f"fn f(X) {{ y = {' + '.join(terms)} return y }}")
        == f"fn f(X) {{\n  y = {broken}\n  return y\n}}\n"
    )
