"""The checks that mutants have to fail: each says whether a part of the compiler is right, in numbers of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np

from diagc.backends.reference import evaluate
from diagc.core import guards, ops
from diagc.core.axes import Axis, Size
from diagc.core.comparisons import comparisons
from diagc.core.derivative.reverse import gradient
from diagc.core.diagram import Array, Diagram, Node, apply, constant, node, reduction, substitute
from diagc.core.dtypes import DType
from diagc.core.fold import FoldAlgebra
from diagc.core.guards import guard_point
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.plan.partition import partition
from tests.properties.cascades import CASCADES, evaluated, fold, joined, lift
from tests.properties.expressions import Maker, as_diagram, assert_same_values
from tests.properties.test_rules import PATTERNS

SEEDS, LENGTH = 24, 9
Q, X = (Axis(name, Size.symbol(name)) for name in "qx")


def law_holds(rule: Rule) -> bool:
    """Both sides of a rule on random diagrams."""
    for seed in range(SEEDS):
        make = Maker(random.Random(seed))
        before = as_diagram((PATTERNS[rule.name](make), make.value(3)))
        try:
            after = before.with_outputs(rewrite(before.outputs, (rule,), Record()))
            assert_same_values(before, after)
        except (AssertionError, ValueError):
            return False
    return True


def fold_holds(name: str, change: Callable[[FoldAlgebra], FoldAlgebra]) -> bool:
    """A fold in chunks, merged in a random order, against its cascade of reductions."""
    algebra = change(fold(*CASCADES[name]))
    for seed in range(3):
        generator, numbers = random.Random(seed), np.random.default_rng(seed)
        arrays = {key: numbers.standard_normal(LENGTH) for key in ("S", "V", "W")}
        cuts = [0, *sorted(generator.sample(range(1, LENGTH), 3)), LENGTH]
        chunks = [{key: array[a:b] for key, array in arrays.items()} for a, b in pairwise(cuts)]
        states = [lift(algebra, chunk, LENGTH) for chunk in chunks]
        while len(states) > 1:
            pair = [states.pop(generator.randrange(len(states))) for _ in range(2)]
            states.append(joined(algebra, pair[0], pair[1], LENGTH))
        merged = dict(zip((c.reduction for c in algebra.components), states[0], strict=True))
        direct = [float(v) for v in evaluated(CASCADES[name], arrays, LENGTH)]
        if not np.allclose([merged[t] for t in CASCADES[name]], direct, rtol=1e-9, atol=1e-9):
            return False
    return True


def bounds_hold(function: str) -> bool:
    """The bounds that a comparison sets, against the comparison at every index."""
    for swapped in (False, True):
        shifted = apply("sub", node(ops.Iota(Q)), constant(2))
        sides = (node(ops.Iota(X)), shifted)
        condition = apply(function, *(sides[::-1] if swapped else sides))
        found = comparisons(condition, X)
        diagram = Diagram("f", (), (condition,), ("c",), (Array(DType.BOOL, (Q, X)),))
        (truth,) = evaluate(diagram, {}, {"q": 6, "x": 6})
        for q, x in product(range(6), range(6)):
            edges = [(c, sum(n * q for _, n in c.terms) + c.offset.evaluate({})) for c in found]
            inside = all(x <= edge if c.upper else x >= edge for c, edge in edges)
            if not found or inside != bool(truth[q, x]):
                return False
    return True


def guard_holds(element: Callable[[Node, Node], Node], monoid: ops.Monoid = "sum") -> bool:
    """Lanes beyond the end, filled at the guard point, leave a reduction as it was."""
    s, w = (node(ops.Input(name), array=Array(DType.F64, (X,))) for name in "SW")
    target = reduction(monoid, (X,), element(s, w))
    point = guard_point((target,), X)
    if point is None:
        return True
    fill = apply("where", apply("lt", node(ops.Iota(X)), constant(5)), point[0], constant(point[1]))
    (forced,) = substitute((target,), {point[0]: fill})
    numbers = np.random.default_rng(1)
    arrays = {"S": -1.0 - numbers.random(8), "W": numbers.standard_normal(8)}
    short = {key: array[:5] for key, array in arrays.items()}
    pairs = ((target, short, 5), (forced, arrays, 8))
    values = [_value(root, given, size) for root, given, size in pairs]
    return bool(np.allclose(values[0], values[1]))


def positives_hold() -> bool:
    """What is said to be positive by its form is, at numbers of either sign."""
    s = node(ops.Input("S"), array=Array(DType.F64, (X,)))
    unary = [p.name for p in ops.POINTWISE.values() if p.arity == 1 and p.result != "bool"]
    formed = [apply(name, inner) for name in unary for inner in (s, apply("exp", s))]
    formed += [
        apply(name, apply("exp", s), other)
        for name in ("add", "sub", "mul", "div")
        for other in (s, apply("exp", s))
    ]
    said = [f for f in formed if guards.positive(f)]
    numbers = np.array([-2.0, -0.3, 0.4, 1.7, 3.3])
    return bool(said) and all((_value(f, {"S": numbers}, 5, (X,)) > 0).all() for f in said)


def same_after(run: Callable[[Diagram], Diagram], diagram: Diagram) -> bool:
    """A pass against the diagram that it was given."""
    try:
        assert_same_values(diagram, run(diagram))
    except AssertionError:
        return False
    return True


def partition_holds(diagram: Diagram) -> bool:
    """The kernels of a diagram, one after the other, against the diagram."""
    make = np.random.default_rng(2)
    sizes = dict.fromkeys(diagram.size_symbols, 5)
    known = {str(n.op.name): make.standard_normal([5] * len(n.axes)) for n in diagram.inputs}  # type: ignore[union-attr]
    expected = evaluate(diagram, known, sizes)
    for stage in partition(diagram):
        known |= dict(zip(stage.diagram.output_names, evaluate(stage.diagram, known, sizes), strict=True))
    return all(
        np.allclose(known[name], value) for name, value in zip(diagram.output_names, expected, strict=True)
    )


def derivative_holds(build: Callable[[Node], Node], start: float = 0.3) -> bool:
    """A derivative against central differences."""
    s = node(ops.Input("S"), array=Array(DType.F64, (X,)))
    result = reduction("sum", (X,), build(s))
    seed = node(ops.Input("c"), array=Array(DType.F64))
    (slope,) = gradient((result,), (seed,), (s,))
    point = start + 0.37 * np.arange(4.0)
    found = _value(slope, {"S": point, "c": np.array(1.0)}, 4, (X,))
    steps = 1e-6 * np.eye(4)
    ends = [(_value(result, {"S": point + d}, 4), _value(result, {"S": point - d}, 4)) for d in steps]
    return bool(np.allclose(found, [(a - b) / 2e-6 for a, b in ends], rtol=1e-5, atol=1e-6))


def _value(root: Node, arrays: dict[str, np.ndarray], size: int, axes: tuple[Axis, ...] = ()) -> np.ndarray:
    inputs = [node(ops.Input(name), array=Array(DType.F64, (X,) * a.ndim)) for name, a in arrays.items()]
    diagram = Diagram("f", tuple(inputs), (root,), ("r",), (Array(root.dtype, axes or root.axes),))
    return evaluate(diagram, arrays, {"x": size})[0]
