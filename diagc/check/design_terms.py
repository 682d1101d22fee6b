"""Expressions of the surface tree as terms of design problems."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from diagc.check.scope import unknown
from diagc.core.design import Apply, Constant, Term, Variable
from diagc.core.terms import FUNCTIONS, MATH, Value, counterexample, direction, interval
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.source import Span
from diagc.syntax import tree

_BINARY = {"*": "mul", "/": "div"}
_CONSTANTS = {"inf": math.inf, "pi": math.pi}


def term_of(expression: tree.Expr, names: Collection[str]) -> Term:
    """The term of an expression over `names`. Raises `DiagnosticError` E0201 unknown value, E1503 no term."""
    match expression:
        case tree.Number(_, value):
            return Constant(float(value), float(value))
        case tree.Ref(name) if name.text in names:
            return Variable(name.text)
        case tree.Ref(name) if name.text in _CONSTANTS:
            return Constant(_CONSTANTS[name.text], _CONSTANTS[name.text])
        case tree.Ref(name):
            raise unknown("E0201", "value", name, [*names, *_CONSTANTS])
        case tree.Unary("-", operand):
            return Apply("neg", (term_of(operand, names),))
        case tree.Binary("+" | "-" | "*" | "/" | "^" as sign, left, right):
            return _binary(sign, left, right, names)
        case tree.Call(callee, None, args, ()) if callee.text in (*FUNCTIONS, "between"):
            return _call(callee, args, expression.span, names)
        case tree.Call(callee):
            raise unknown("E0203", "function of a design", callee, [*FUNCTIONS, "between"])
        case _:
            raise failure(
                "E1503", "this is no term of a design", Label(expression.span),
                help="terms have numbers, ports, parameters, `+ - * / ^`, "
                f"{', '.join(f'`{f}`' for f in FUNCTIONS)} and `between(low, high)`",
            )  # fmt: skip


def _binary(sign: str, left: tree.Expr, right: tree.Expr, names: Collection[str]) -> Term:
    first = term_of(left, names)
    if sign == "^":
        return Apply("pow", (first, Constant(*[number(right)] * 2)))
    second = term_of(right, names)
    if sign in _BINARY:
        return Apply(_BINARY[sign], (first, second))
    return _sum(first, second if sign == "+" else Apply("neg", (second,)))


def _sum(left: Term, right: Term) -> Term:
    """Sums of sums are one sum, so that any part of it can be known before the rest."""
    parts: list[Term] = []
    for side in (left, right):
        parts += side.operands if isinstance(side, Apply) and side.function == "add" else (side,)
    return Apply("add", tuple(parts))


def _call(callee: tree.QName, args: tuple[tree.Argument, ...], span: Span, names: Collection[str]) -> Term:
    function = callee.text
    wanted = 2 if function == "between" else 1
    several = function in ("min", "max")
    if any(a.name is not None for a in args) or (len(args) < 2 if several else len(args) != wanted):
        count = "at least two terms" if several else "two numbers" if function == "between" else "one term"
        raise failure(
            "E1503", f"`{function}` takes {count}", Label(span), help=f"write `{function}(…)` with {count}"
        )
    if function == "between":
        low, high = (number(a.value) for a in args)
        if low > high:
            raise failure("E1503", "the bounds of `between` are the wrong way round", Label(span),
                          help="write `between(low, high)`")  # fmt: skip
        return Constant(low, high)
    return Apply(function, tuple(term_of(a.value, names) for a in args))


def number(expression: tree.Expr) -> float:
    """The number that an expression of numbers is. Raises E1503 for one that may be several."""
    low, high = interval(term_of(expression, ()), {}, MATH)
    if low != high or math.isnan(low):
        raise failure("E1503", "one number is needed here", Label(expression.span), help="write a number")
    return float(low)


def check_monotone(
    term: Term, span: Span, names: Collection[str], fixed: Mapping[str, Value], what: str
) -> None:
    """E1502 with a counter-example where a term falls as one of `names` grows.

    The signs of its parts decide; where they do not, pairs of points do. `fixed` are ranges of parameters.
    """
    ranges = {**fixed, **dict.fromkeys(names, (0.0, math.inf))}
    if direction(term, ranges, names) in ("constant", "up"):
        return
    ends: list[Mapping[str, Value]] = [
        {name: (value[end], value[end]) for name, value in fixed.items()} for end in (0, 1)
    ]
    for at in ends:
        found = counterexample(term, names, at)
        if found is not None:
            raise _falls(found, at, span, what)


def _falls(
    found: tuple[dict[str, float], dict[str, float], float, float],
    fixed: Mapping[str, Value],
    span: Span,
    what: str,
) -> DiagnosticError:
    low, high, before, after = found
    moved = next(name for name in low if low[name] != high[name])
    rest = {n: v for n, v in low.items() if n != moved} | {n: v[0] for n, v in fixed.items()}
    beside = f", at {', '.join(f'{n} = {v:.4g}' for n, v in rest.items())}" if rest else ""
    falls = f"{moved} = {low[moved]:.4g} gives {before:.6g}, {moved} = {high[moved]:.4g} gives {after:.6g}"
    return failure(
        "E1502", f"{what} is not monotone in `{moved}`", Label(span, falls + beside),
        help="more functionality may never need less; what is traded is a `choice` or a row of a table",
    )  # fmt: skip
