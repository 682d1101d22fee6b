"""Every rewrite rule keeps the values, and the normal form does not depend on how a diagram is written."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Final

import pytest

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.canonical import diagram_hash
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    rebuild,
    reduction,
    size_node,
    spread,
    view,
    with_inputs,
)
from diagc.core.dtypes import DType
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.base_two import RULE as BASE_TWO, BaseTwo
from diagc.passes.normalise import RULES, Normalise
from diagc.passes.normalise_views import VIEWS
from tests.properties.expressions import Maker, as_diagram, assert_same_values

EXAMPLES: Final = 60
FIVE: Final = Axis("five", Size.constant(5))
Pattern = Callable[[Maker], Node]


def _spreadable(make: Maker, axis: str) -> Node:
    return spread(make.value(2), (make.axis(axis),))


def _free(make: Maker, axis: str) -> Node:
    """An expression without an axis."""
    made = make.value(2)
    return view(made, {make.axis(axis): Coordinate((), Size())}) if make.axis(axis) in made.axes else made


def _sum(make: Maker, element: Node) -> Node:
    return reduction("sum", (make.axis("a"),), element)


def _flipped(make: Maker, operand: Node) -> Node:
    axis = make.axis("a")
    return view(operand, {axis: Coordinate.affine({axis: Size.constant(-1)}, axis.size - 1)})


def _masked(make: Maker) -> Node:
    return apply("where", make.condition(1), make.value(1), constant(0.0))


def _reciprocal(make: Maker) -> Node:
    inner = [apply(name, make.positive(1)) for name in ("recip", "sqrt", "rsqrt")]
    return apply("recip", make.generator.choice((*inner, apply("mul", make.positive(1), make.positive(1)))))


def _base_two(make: Maker) -> Node:
    """The exponent has a scalar factor that takes up the scale."""
    rows = [apply("mul", constant(0.25), apply("tanh", _spreadable(make, "a"))) for _ in range(2)]
    return apply("exp", apply("sub", rows[0], reduction("max", (make.axis("a"),), rows[1])))


def _extent(make: Maker) -> Node:
    return cast(size_node(make.axis("a").size), DType.F32)


def _row(make: Maker) -> Node:
    return apply("tanh", _spreadable(make, "a"))


def _row_mask(make: Maker) -> Node:
    return apply("le", node(ops.Iota(make.axis("a"))), constant(0))


def _like_terms(make: Maker) -> Node:
    first, second = make.input(), make.input()
    scaled = apply("mul", constant(-0.5), first, second)
    return apply("add", scaled, make.value(1), apply("mul", second, first, constant(2.0)), scaled)


def _common_factor(make: Maker) -> Node:
    shared = make.value(2)
    return apply("add", apply("mul", shared, make.input()), apply("mul", make.positive(1), shared), shared)


def _factor_of_some(make: Maker) -> Node:
    shared = make.value(1)
    pair = [apply("mul", shared, make.input()), apply("mul", make.positive(1), shared)]
    return apply("sub", apply("add", *pair), apply("tanh", make.value(2)))


def _minus_difference(make: Maker) -> Node:
    """The difference has all axes of the sum, so that turning it round keeps them."""
    difference = apply("sub", _along(make), make.input())
    return apply("sub", make.input(), apply("mul", make.positive(1), difference))


def _mask_in_mask(make: Maker) -> Node:
    condition = make.condition(1)
    inner = apply("where", condition, _along(make), constant(0.0))
    value = apply("add", apply("mul", inner, _wide(make)), make.input())
    return apply("exp", apply("where", condition, value, constant(-math.inf)))


def _implied_mask(make: Maker) -> Node:
    masks = [make.condition(1), make.condition(1)]
    row = apply("where", masks[0], apply("tanh", make.value(1)), constant(-math.inf))
    weight = apply("mul", apply("exp", apply("sub", row, make.input())), make.input())
    return apply("where", apply("and", *masks), spread(weight, make.axes), constant(0.0))


def _negative(make: Maker) -> Node:
    return apply("mul", constant(-0.5), make.input())


def _wide(make: Maker) -> Node:
    return apply("tanh", make.value(1))


def _masked_terms(make: Maker) -> Node:
    mask = make.condition(1)
    masked = [apply("where", mask, _wide(make), constant(0.0)) for _ in range(2)]
    return apply("sub", apply("add", masked[0], make.input()), masked[1])


def _places(make: Maker) -> list[Node]:
    """Sums of indices and numbers."""
    indices = [node(ops.Iota(make.axis(a))) for a in "ab"]
    moved = apply("sub", indices[0], constant(make.generator.randint(-2, 2)))
    return make.generator.sample([moved, apply("add", indices[1], constant(1))], 2)


def _order(make: Maker) -> Node:
    return apply("and", apply("lt", *_places(make)), apply("ge", node(ops.Iota(make.axis("a"))), constant(1)))


def _chosen(make: Maker, condition: Node) -> Node:
    return apply("where", condition, _wide(make), _wide(make))


def _unseen(make: Maker) -> Node:
    return apply("where", make.condition(1), _wide(make), constant(-math.inf))


def _along(make: Maker) -> Node:
    return apply("tanh", spread(make.value(1), make.axes))


def _moved_mask(make: Maker) -> Node:
    """A mask around a sum, of which one term does not run along it."""
    value = apply("sub", _along(make), reduction("max", (make.axis("a"),), _along(make)))
    condition = apply("lt", _along(make), constant(0.25))
    return apply("where", condition, value, constant(-math.inf))


def _guarded(value: Node) -> Node:
    return apply("where", apply("lt", apply("abs", value), constant(math.inf)), value, constant(0.0))


def _normalised(make: Maker) -> Node:
    """A softmax by its logarithm, of rows that a mask may leave empty."""
    rows = spread(make.generator.choice((_unseen, _wide))(make), (make.axis("a"),))
    shifted = apply("sub", rows, reduction("max", (make.axis("a"),), rows))
    total = _sum(make, apply("exp", shifted))
    return apply("exp", apply("sub", shifted, apply("log", total)))


def _parts(make: Maker) -> tuple[ops.Concat, list[Node]]:
    """A join of rows of two and of three indices."""
    axes = [Axis(f"part{size}", Size.constant(size)) for size in (2, 3)]
    joined = ops.Concat(FIVE, tuple(axes))
    return joined, [
        apply("tanh", apply("add", spread(make.value(1), make.axes), node(ops.Iota(axis)))) for axis in axes
    ]


def _folded_join(make: Maker) -> Node:
    joined, parts = _parts(make)
    element = apply("mul", node(joined, *parts), make.value(1))
    return reduction(make.generator.choice(("sum", "max")), (joined.axis,), apply("tanh", element))


def _part_of_join(make: Maker) -> Node:
    joined, parts = _parts(make)
    start = make.generator.choice((0, 2))
    place = Coordinate.affine({joined.parts[0]: Size.constant(1)}, Size.constant(start))
    return _sum(make, spread(view(node(joined, *parts), {joined.axis: place}), make.axes))


def _joined_again(make: Maker) -> Node:
    joined, _ = _parts(make)
    table = node(ops.Input("table"), array=Array(DType.F32, (joined.axis,)))
    index, other = node(ops.Iota(joined.axis)), apply("tanh", make.value(1))
    whole = apply("add", apply("mul", table, other), index)
    starts = (Size(), Size.constant(2))
    parts = [
        rewrite((view(whole, {joined.axis: Coordinate.affine({p: Size.constant(1)}, s)}),), VIEWS, Record())[
            0
        ]
        for p, s in zip(joined.parts, starts, strict=True)
    ]
    return node(joined, *parts)


def _digits(make: Maker) -> Node:
    """A fold over pairs of indices, counted one after the other."""
    pair = [Axis(f"digit{size}", Size.constant(size)) for size in (2, 5)]
    table = node(ops.Input("table"), array=Array(DType.F32, tuple(pair)))
    both = Axis("both", Size.constant(10))
    first = Coordinate(((both, Size.constant(1)),), Size(), Size.constant(5))
    second = Coordinate(((both, Size.constant(1)),), Size(), Size.constant(1), Size.constant(5))
    read = view(table, {pair[0]: first, pair[1]: second})
    element = apply("mul", read, apply("tanh", apply("add", read, make.value(1))))
    return reduction(make.generator.choice(("sum", "max")), (both,), element)


def _distribution(make: Maker) -> Node:
    """A softmax of finite rows."""
    rows = apply("mul", _wide(make), spread(_wide(make), (make.axis("a"),)))
    powers = apply("exp", apply("sub", rows, reduction("max", (make.axis("a"),), rows)))
    return apply("mul", powers, apply("recip", _sum(make, powers)))


def _finished_factor(make: Maker) -> Node:
    """A total of what was divided by a sum over one axis."""
    rows = apply("exp", apply("tanh", spread(make.value(1), make.axes)))
    total = reduction("sum", (make.axis("b"),), rows)
    return reduction("sum", make.axes, apply("mul", apply("recip", total), rows, rows))


def _finished_logarithm(make: Maker) -> Node:
    rows = apply("exp", apply("tanh", spread(make.value(1), make.axes)))
    total = reduction("sum", (make.axis("a"),), rows)
    return _sum(make, apply("mul", rows, apply("sub", _row(make), apply("log", total))))


PATTERNS: Final[dict[str, Pattern]] = {
    "literals": lambda m: apply("where", m.condition(1), apply("tanh", m.value(1)), constant(0)),
    "quotient": lambda m: apply("div", m.value(2), m.positive(2)),
    "negation": lambda m: apply("neg", apply("mul", m.input(), constant(1.5))),
    "power": lambda m: apply(
        "pow", m.positive(2), constant(m.generator.choice((1, 2, 3, 4, 0.5, -0.5, -1.0)))
    ),
    "reciprocal": _reciprocal,
    "flatten": lambda m: apply("add", apply("add", m.input(), m.input()), apply("mul", m.input(), m.input())),
    "constants": lambda m: apply("add", constant(1.5), apply("mul", constant(2.0), m.input()), constant(2)),
    "evaluate": lambda m: apply("mul", m.input(), apply("exp", constant(0.5))),
    "difference": lambda m: apply("sub", apply("add", m.input(), apply("neg", m.input())), _negative(m)),
    "sign-of-sum": lambda m: apply("mul", constant(-2.0), apply("sub", _wide(m), _wide(m))),
    "number-into-sum": lambda m: apply(
        "mul", constant(-2.0), apply("sub", constant(0.5), _wide(m)), _wide(m)
    ),
    "idempotent": lambda m: _chosen(m, apply("and", _order(m), _order(m), *[m.condition(1)] * 2)),
    "mirror": lambda m: apply("where", apply("gt", m.value(1), m.value(1)), m.value(1), constant(0.0)),
    "denial": lambda m: apply(
        "where", apply("not", apply("not", apply("not", m.condition(1)))), m.positive(1), constant(0.5)
    ),
    "real-operand": lambda m: apply("rsqrt", apply("add", node(ops.Iota(m.axis("a"))), constant(2))),
    "widening": lambda m: apply("exp", apply("tanh", apply("mul", constant(1.0), m.input()))),
    "place-of-extremum": lambda m: cast(
        node(ops.Reduce(m.generator.choice(("argmax", "argmin")), (m.axis("a"),)), _row(m)), DType.F32
    ),
    "mask-of-sum": _masked_terms,
    "nested-reduction": lambda m: _sum(m, reduction("sum", (m.axis("b"),), spread(m.value(2), m.axes))),
    "fold-of-widened": lambda m: _sum(
        m, node(ops.Cast(DType.F32), node(ops.Cast(DType.BF16), _spreadable(m, "a")))
    ),
    "hoist-factors": lambda m: _sum(m, apply("mul", _free(m, "a"), _spreadable(m, "a"))),
    "hoist-mask": lambda m: _sum(
        m, apply("where", apply("lt", _free(m, "a"), constant(1.0)), _spreadable(m, "a"), constant(0.0))
    ),
    "sum-of-constant": lambda m: _sum(m, spread(_free(m, "a"), (m.axis("a"),))),
    "fold-of-repeated": lambda m: reduction(
        m.generator.choice(("sum", "max")), (m.axis("a"),), spread(spread(m.input(), (m.axis("a"),)), m.axes)
    ),
    "extremum-of-constant": lambda m: reduction(
        m.generator.choice(("max", "min")), (m.axis("b"), FIVE), spread(m.value(2), (m.axis("b"), FIVE))
    ),
    "factor-after": _finished_factor,
    "logarithm-after": _finished_logarithm,
    "fold-of-digits": _digits,
    "fold-of-join": _folded_join,
    "part-of-join": _part_of_join,
    "joined-again": _joined_again,
    "logarithm": lambda m: apply("log", m.generator.choice((apply("exp", _wide(m)), _distribution(m)))),
    "shown-condition": lambda m: apply(
        "where", apply("gt", _distribution(m), constant(0.0)), _wide(m), constant(0.0)
    ),
    "mask-of-product": lambda m: apply("mul", m.value(1), _masked(m), m.value(1)),
    "nested-mask": lambda m: apply("where", m.condition(1), _masked(m), constant(0.0)),
    "spread-operand": lambda m: apply("add", spread(m.input(), m.axes), spread(m.input(), m.axes)),
    "view-of-map": lambda m: _flipped(m, apply("add", _spreadable(m, "a"), node(ops.Iota(m.axis("a"))))),
    "view-of-view": lambda m: view(
        _flipped(m, spread(m.input(), (m.axis("a"),))), {m.axis("a"): Coordinate((), Size())}
    ),
    "gather-of-computed": lambda m: node(
        ops.Gather(m.axis("a")),
        apply("exp", apply("tanh", _spreadable(m, "a"))),
        apply("mod", node(ops.Iota(m.axis("b"))), constant(2)),
    ),
    "base-two": _base_two,
    "like-terms": _like_terms,
    "common-factor": _common_factor,
    "factor-of-some": _factor_of_some,
    "minus-of-difference": _minus_difference,
    "cancel": lambda m: apply("mul", m.value(2), _extent(m), apply("recip", _extent(m))),
    "implied-mask": _implied_mask,
    "factor-of-masked-sum": lambda m: _sum(
        m, apply("where", _row_mask(m), apply("mul", _free(m, "a"), _row(m)), constant(0.0))
    ),
    "integer-order": lambda m: _chosen(m, apply(m.generator.choice(("lt", "le", "gt", "ge")), *_places(m))),
    "not-order": lambda m: _chosen(m, apply("not", _order(m))),
    "number-second": lambda m: apply("where", _order(m), constant(0.5), _wide(m)),
    "flag": lambda m: _chosen(
        m, apply("eq", apply("where", m.condition(1), constant(1.0), constant(0.0)), constant(0.0))
    ),
    "added-mask": lambda m: apply("exp", apply("sub", apply("add", _unseen(m), _along(m)), _wide(m))),
    "mask-of-addition": lambda m: apply("exp", _moved_mask(m)),
    "mask-in-mask": _mask_in_mask,
    "scaled-mask": lambda m: apply("exp", apply("mul", constant(0.5), _unseen(m))),
    "exponential-of-logarithm": _normalised,
    "absolute": lambda m: apply("abs", _sum(m, apply("exp", _row(m)))),
    "finite-guard": lambda m: _guarded(reduction("max", (m.axis("a"),), _row(m))),
    "mask-of-masked-sum": lambda m: _sum(
        m,
        apply(
            "where",
            apply("and", apply("lt", _free(m, "a"), constant(1.0)), _row_mask(m)),
            _row(m),
            constant(0.0),
        ),
    ),
}


@pytest.mark.parametrize("rule", [*RULES, BASE_TWO], ids=lambda rule: rule.name)
def test_a_rule_keeps_the_values(rule: Rule) -> None:
    """Alone, on its own pattern inside random surroundings, and wherever else it applies."""
    applied = 0
    for seed in range(EXAMPLES):
        make = Maker(random.Random(seed))
        before = as_diagram((PATTERNS[rule.name](make), make.value(4)))
        record = Record()
        after = before.with_outputs(rewrite(before.outputs, (rule,), record))
        applied += bool(record.steps)
        assert_same_values(before, after)
    assert applied > EXAMPLES // 3, f"`{rule.name}` applied to {applied} of {EXAMPLES} diagrams only"


@pytest.mark.parametrize("seed", range(120))
def test_normal_form_keeps_values_and_is_final(seed: int) -> None:
    before = Maker(random.Random(seed)).diagram()
    normal = Normalise().run(before)
    assert_same_values(before, normal)
    assert Normalise().run(normal).outputs == normal.outputs
    assert_same_values(before, BaseTwo().run(normal))


@pytest.mark.parametrize("seed", range(120))
def test_hash_ignores_names_and_orders(seed: int) -> None:
    first = Maker(random.Random(seed)).diagram()
    renamed = Maker(random.Random(seed), {"a": "row", "b": "column", "c": "depth"}).diagram()
    shuffled = _shuffled(first, random.Random(seed + 1))
    hashes = {diagram_hash(Normalise().run(d)) for d in (first, renamed, shuffled)}
    assert len(hashes) == 1


def test_hash_tells_diagrams_apart() -> None:
    found = {diagram_hash(Normalise().run(Maker(random.Random(seed)).diagram())) for seed in range(200)}
    assert len(found) > 190


def _shuffled(diagram: Diagram, generator: random.Random) -> Diagram:
    """Operands of commutative functions and declarations of inputs in another order."""

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        if isinstance(current.op, ops.Map) and current.op.function.commutative:
            return apply(current.op.function.name, *generator.sample(inputs, len(inputs)))
        return with_inputs(current, inputs)

    outputs = rebuild(diagram.outputs, change)
    inputs = tuple(generator.sample(diagram.inputs, len(diagram.inputs)))
    return Diagram(diagram.name, inputs, outputs, diagram.output_names, diagram.layouts)
