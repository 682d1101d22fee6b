"""Laws, folds, guards, derivatives and figures that were broken on purpose: a check notices every one of them."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import pytest

from diagc.core import comparisons, guards, ops
from diagc.core.axes import Axis, Size
from diagc.core.derivative import partials
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    constant,
    node,
    reduction,
    spread,
    walk,
    with_inputs,
)
from diagc.core.dtypes import DType
from diagc.core.fold import Component, FoldAlgebra, Rescale, Selection
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.cost import traffic
from diagc.passes import base_two, exchange, masked_factors, reassociate
from diagc.passes.forms import function
from diagc.passes.normalise import RULES
from tests.mutants.checks import (
    bounds_hold,
    derivative_holds,
    fold_holds,
    guard_holds,
    law_holds,
    partition_holds,
    positives_hold,
    same_after,
)  # fmt: skip
from tests.properties.cascades import S
from tests.properties.expressions import Maker, as_diagram
from tests.properties.selections import lists_merge
from tests.properties.test_rules import PATTERNS
from tests.unit.cost.test_figures import Tiling
from tests.unit.cost.textbook import MATMUL, made

partition = importlib.import_module("diagc.plan.partition")
merging = importlib.import_module("diagc.core.fold.merge")
LAWS: Final = {rule.name: rule for rule in RULES}
Broken = Callable[[Node], Node | None]


# ---- laws: what each rule would be with one mistake


def _after(name: str, spoil: Callable[[Node, Node], Node | None]) -> Broken:
    """The rule, its result spoilt; `spoil` gets both sides."""
    return lambda n: None if (m := LAWS[name].apply(n)) is None else spoil(n, m)


def _in_dtype(before: Node, made: Node) -> Node | None:
    wide = spread(made, before.axes)
    return wide if wide.dtype is before.dtype and wide is not before else None


def _renamed(new: str, operands: slice = slice(None)) -> Callable[[Node, Node], Node | None]:
    return lambda b, a: _in_dtype(b, apply(new, *a.inputs[operands]))


def _operand(place: int) -> Callable[[Node, Node], Node | None]:
    return lambda b, a: _in_dtype(b, a.inputs[place])


BROKEN_LAWS: Final[dict[str, Broken]] = {
    "quotient": lambda n: apply("mul", *n.inputs) if function(n) == "div" else None,
    "negation": lambda n: _in_dtype(n, n.inputs[0]) if function(n) == "neg" else None,
    "power": _after("power", lambda b, a: _in_dtype(b, b.inputs[0])),
    "reciprocal": _after("reciprocal", lambda b, a: _in_dtype(b, b.inputs[0])),
    "difference": _after("difference", lambda b, a: _renamed("sub", slice(2))(b, a) if function(a) == "add" else a),
    "sign-of-sum": _after("sign-of-sum", lambda b, a: _in_dtype(b, apply("mul", constant(-1.0), a))),
    "number-into-sum": _after("number-into-sum", lambda b, a: _in_dtype(b, apply("mul", constant(-1.0), a))),
    "mirror": _after("mirror", lambda b, a: apply(a.op.function.name, *b.inputs)),  # type: ignore[union-attr]
    "denial": _after(
        "denial", lambda b, a: with_inputs(a, (a.inputs[0], *b.inputs[1:])) if function(a) == "where" else a
    ),
    "constants": _after("constants", lambda b, a: _in_dtype(b, b.inputs[-1])),
    "flatten": _after("flatten", lambda b, a: _in_dtype(b, apply(function(a) or "", *a.inputs[1:]))),
    "hoist-mask": _after("hoist-mask", _operand(1)),
    "sum-of-constant": _after("sum-of-constant", _operand(0)),
    "mask-of-product": _after("mask-of-product", _operand(1)),
    "nested-mask": _after(
        "nested-mask", lambda b, a: with_inputs(a, (apply("or", *a.inputs[0].inputs), *a.inputs[1:]))
    ),
    "place-of-extremum": _after("place-of-extremum", lambda b, a: reduction("max", a.op.axes, *a.inputs)),  # type: ignore[union-attr]
    "like-terms": _after("like-terms", lambda b, a: _in_dtype(b, apply("mul", constant(2.0), a))),
    "common-factor": _after("common-factor", lambda b, a: _in_dtype(b, a.inputs[-1])),
    "cancel": _after("cancel", lambda b, a: _in_dtype(b, apply("mul", a, constant(2.0)))),
    "mask-of-masked-sum": _after("mask-of-masked-sum", _operand(1)),
    "view-of-map": _after("view-of-map", lambda b, a: _in_dtype(b, b.inputs[0]) if b.axes == b.inputs[0].axes else a),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_LAWS)
def test_a_broken_law_is_noticed(name: str) -> None:
    assert law_holds(LAWS[name])
    assert not law_holds(Rule(name, "broken", BROKEN_LAWS[name]))


# ---- folds


def _last(change: Callable[[Component], Component]) -> Callable[[FoldAlgebra], FoldAlgebra]:
    """An algebra whose last component is changed."""
    return lambda a: replace(a, components=(*a.components[:-1], change(a.components[-1])))


def _all(change: Callable[[Component], Component]) -> Callable[[FoldAlgebra], FoldAlgebra]:
    return lambda a: replace(a, components=tuple(map(change, a.components)))


def _flipped(c: Component) -> Component:
    return replace(c, rescale=c.rescale.inverse())


BROKEN_FOLDS: Final[dict[str, tuple[str, Callable[[FoldAlgebra], FoldAlgebra]]]] = {
    "no rescaling": ("exponential sum", _last(lambda c: replace(c, rescale=Rescale()))),
    "rescaling backwards": ("weighted sum", _last(_flipped)),
    "factor upside down": ("normalised by squares", _last(_flipped)),
    "no shift": ("shifted maximum", _last(lambda c: replace(c, rescale=Rescale()))),
    "no last term": ("variance", _all(lambda c: replace(c, terms=c.terms[:-1]))),
    "coefficient": (
        "fourth moment",
        _all(lambda c: replace(c, terms=tuple(replace(t, coefficient=2 * t.coefficient) for t in c.terms))),
    ),
    "power": (
        "covariance",
        _all(
            lambda c: replace(
                c, terms=tuple(replace(t, powers=tuple((a, k + 1) for a, k in t.powers)) for t in c.terms)
            )
        ),
    ),
    "no reset": ("at the maximum", _last(lambda c: replace(c, reset=None))),
    "fill of a reset": (
        "at the maximum",
        _last(lambda c: replace(c, reset=c.reset and replace(c.reset, fill=constant(-9.0)))),
    ),
}


@pytest.mark.parametrize("name", BROKEN_FOLDS)
def test_a_broken_fold_is_noticed(name: str) -> None:
    cascade, change = BROKEN_FOLDS[name]
    assert fold_holds(cascade, lambda algebra: algebra)
    assert not fold_holds(cascade, change)


def _of_selections(**changes: Callable[[Selection], object]) -> Callable[[FoldAlgebra], FoldAlgebra]:
    """Selections with fields changed."""

    def changed(c: Component) -> Component:
        found = c.selection
        made = {name: change(found) for name, change in changes.items()} if found else {}
        return replace(c, selection=found and replace(found, **made))

    return _all(changed)


BROKEN_SELECTIONS: Final[dict[str, Callable[[FoldAlgebra], FoldAlgebra]]] = {
    "what was taken stays": _all(lambda c: replace(c, selection=None)),
    "a list that is too short": _of_selections(
        values=lambda s: s.values[-2:], places=lambda s: s.places[-1 if s.fill is None else -2 :]
    ),
    "values in the wrong order": _of_selections(values=lambda s: s.values[:-1][::-1] + s.values[-1:]),
    "fill of a place": _of_selections(fill=lambda s: s.fill and constant(0)),
}


@pytest.mark.parametrize("name", BROKEN_SELECTIONS)
def test_a_broken_selection_is_noticed(name: str) -> None:
    assert lists_merge(S)
    assert not lists_merge(S, BROKEN_SELECTIONS[name])


def test_a_broken_merge_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(merging.ops.COMBINE, "max", "min")
    assert not fold_holds("exponential sum", lambda algebra: algebra)


# ---- guards and bounds


@pytest.mark.parametrize("function", ["le", "lt", "ge", "gt"])
def test_a_broken_bound_is_noticed(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bounds_hold(function)
    right = comparisons._bound  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(comparisons, "_bound", lambda slope, rest, offset: right(slope, rest, offset + 1))
    assert not bounds_hold(function)


def test_a_bound_on_the_wrong_side_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = comparisons._bound  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(comparisons, "_bound", lambda slope, rest, offset: right(-slope, rest, offset))
    assert not bounds_hold("le")


def test_a_function_that_is_not_0_at_0_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def cosine(s: Node, _: Node) -> Node:
        return apply("cos", s)

    assert guard_holds(cosine)
    monkeypatch.setattr(guards, "_VANISH_AT_ZERO", (*guards._VANISH_AT_ZERO, "cos"))  # pyright: ignore[reportPrivateUsage]
    assert not guard_holds(cosine)


def test_a_guard_that_is_not_neutral_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(s: Node, w: Node) -> Node:
        return apply("add", s, w)

    assert guard_holds(shifted, "max")
    monkeypatch.setattr(guards, "_all_neutral", lambda *given: True)
    assert not guard_holds(shifted, "sum")


def test_a_function_that_is_not_positive_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is positive by its form every value is, and a·a⁻¹ = 1 rests on it."""
    assert positives_hold()
    right = guards.positive
    for wrong in ("tanh", "sin", "neg"):
        monkeypatch.setattr(guards, "positive", lambda n, w=wrong: function(n) == w or right(n))
        assert not positives_hold()


# ---- passes for the hardware


def test_a_wrong_logarithm_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    diagrams = [as_diagram((PATTERNS["base-two"](Maker(random.Random(s))),)) for s in range(4)]
    run = base_two.BaseTwo().run
    assert all(same_after(run, d) for d in diagrams)
    monkeypatch.setattr(base_two, "LOG2_E", 1.44)
    assert not all(same_after(run, d) for d in diagrams)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_mask_lost_in_a_contraction_is_noticed(kept: int) -> None:
    make = Maker(random.Random(0))
    first, inner, last = make.axes[:3]
    sides = ((first, inner), (inner, last))
    read = [node(ops.Input(f"X{place}"), array=Array(DType.F32, axes)) for place, axes in enumerate(sides)]
    mask = apply("lt", read[0], constant(0.9))
    masked = apply("where", mask, apply("mul", *read), constant(0.0))
    diagram = as_diagram((reduction("sum", (inner,), masked),))
    rule = masked_factors.RULE

    def spoilt(n: Node) -> Node | None:
        made = rule.apply(n)
        if made is None:
            return None
        factors = [f.inputs[1] if function(f) == "where" else f for f in made.inputs[0].inputs]
        return with_inputs(made, (apply("mul", *factors, *([] if kept else factors[:1])),))

    def run(broken: Rule) -> bool:
        return same_after(lambda d: d.with_outputs(rewrite(d.outputs, (broken,), Record())), diagram)

    assert run(rule)
    assert not run(replace(rule, apply=spoilt))


# ---- contractions


def _maximum(_: str, axes: Iterable[Axis], operand: Node, like: ops.Reduce | None = None) -> Node:
    return reduction("max", axes, operand, like and replace(like, monoid="max"))


def _inputs(*each: tuple[str, tuple[Axis, ...]]) -> tuple[Node, ...]:
    return tuple(node(ops.Input(name), array=Array(DType.F32, axes)) for name, axes in each)


def test_a_wrong_bracketing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """(X·W)·v becomes X·(W·v)."""
    a, b, c = Maker(random.Random(0)).axes[:3]
    rows, matrix, vector = _inputs(("X", (a, b)), ("W", (b, c)), ("v", (c,)))
    inner = reduction("sum", (b,), apply("mul", rows, matrix))
    diagram = as_diagram((reduction("sum", (c,), apply("mul", inner, vector)),))
    run = reassociate.Reassociate().run
    assert run(diagram) is not diagram
    assert same_after(run, diagram)
    monkeypatch.setattr(reassociate, "reduction", _maximum)
    assert not same_after(run, diagram)


def test_a_wrong_exchange_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """∑ₓ P·(∑_d G·V) is ∑_d G·O for O = ∑ₓ P·V."""
    q, x, d = Maker(random.Random(0)).axes[:3]
    weights, values, slopes = _inputs(("P", (q, x)), ("V", (x, d)), ("G", (q, d)))
    result = reduction("sum", (x,), apply("mul", weights, values))
    inner = reduction("sum", (d,), apply("mul", slopes, values))
    diagram = as_diagram((reduction("sum", (x,), apply("mul", weights, inner)),))

    def run(before: Diagram) -> Diagram:
        return before.with_outputs(exchange.exchange(before.outputs, (result,)))

    assert result in walk(run(diagram).outputs)
    assert same_after(run, diagram)
    monkeypatch.setattr(exchange, "reduction", _maximum)
    assert not same_after(run, diagram)


def test_a_wrong_nesting_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum over queries and keys of what a product of matrices gives is made in two kernels."""
    h, q, x, d = (Axis(name, Size.symbol(name)) for name in "hqxd")
    queries, keys, weights = _inputs(("Q", (h, q, d)), ("K", (h, x, d)), ("W", (q, x)))
    scores = apply("exp", reduction("sum", (d,), apply("mul", queries, keys)))
    diagram = as_diagram((reduction("sum", (q, x), apply("mul", scores, weights)),))
    assert len(partition.partition(diagram)) == 2
    assert partition_holds(diagram)

    def spoilt(op: ops.Op, *inputs: Node, array: Array | None = None) -> Node:
        wrong = replace(op, monoid="max") if isinstance(op, ops.Reduce) else op
        return node(wrong, *inputs, array=array)

    monkeypatch.setattr(partition, "node", spoilt)
    assert not partition_holds(diagram)


# ---- derivatives

UNARY: Final = {"exp": "sin", "tanh": "sigmoid", "log": "exp", "sqrt": "rsqrt", "cos": "sin"}


@pytest.mark.parametrize("name", UNARY)
def test_a_wrong_derivative_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(s: Node) -> Node:
        return apply(name, s)

    assert derivative_holds(build)
    table = partials._UNARY  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setitem(table, name, lambda a, r: apply(UNARY[name], a))
    assert not derivative_holds(build)


def test_swapped_branches_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(s: Node) -> Node:
        return apply("where", apply("lt", s, constant(0.8)), apply("exp", s), s)

    assert derivative_holds(build)
    table = partials._OTHERS  # pyright: ignore[reportPrivateUsage]
    right = table["where"]
    monkeypatch.setitem(table, "where", lambda o, r: (None, *reversed(right(o, r)[1:])))
    assert not derivative_holds(build)


# ---- cost


def _product_elements() -> int:
    region = made(MATMUL, a=512, b=512, c=512)
    return traffic.elements_moved(region, Tiling({"a": 128, "c": 64}, {"b": 32}))


def test_a_transfer_that_is_not_counted_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """abc (1/g_a + 1/g_c) + ac."""
    expected = 512**3 // 128 + 512**3 // 64 + 512**2
    assert _product_elements() == expected
    right = traffic._covered  # pyright: ignore[reportPrivateUsage]
    for wrong in (lambda *a: right(*a) + 1, lambda *a: right(*a) // 2, lambda *a: 1):
        monkeypatch.setattr(traffic, "_covered", wrong)
        assert _product_elements() != expected
