"""The normal form: equal diagrams, however written, become the same nodes.

Sums and products are flat and ordered by a hash that ignores names; division is a product with a reciprocal; what is
free of a consumed axis has left the reduction; masks stand outside products and sums. Every rule is a law of the
language, valid for finite operands; `tests/properties` tests each on random input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.canonical import Colouring
from diagc.core.derivative.shifts import irrelevant_stops
from diagc.core.diagram import (
    Array,
    Diagram,
    Node,
    apply,
    constant,
    node,
    rebuild,
    reduction,
    size_node,
    spread,
    substitute,
    with_inputs,
)  # fmt: skip
from diagc.core.dtypes import DType
from diagc.core.places import first_place
from diagc.core.rewrite import Record, Rule, Step, rewrite
from diagc.passes.even_powers import turned
from diagc.passes.forms import function, literal, product
from diagc.passes.normalise_finished import FINISHED
from diagc.passes.normalise_joins import JOINS
from diagc.passes.normalise_logarithms import LOGARITHMS
from diagc.passes.normalise_masks import MASK_SPELLINGS
from diagc.passes.normalise_scalars import SCALARS, WIDENING
from diagc.passes.normalise_terms import SUMMED_MASKS, TERMS
from diagc.passes.normalise_views import DIGITS, VIEWS
from diagc.passes.sharing import shared_folds

# ---- reductions


def _nested_reduction(current: Node) -> Node | None:
    """∑ₐ ∑_b e = ∑ₐ_b e, for every commutative monoid."""
    match current.op, current.inputs[0].op if current.inputs else None:
        case ops.Reduce(outer, axes), ops.Reduce(inner, more) if outer == inner and outer not in (
            "argmax",
            "argmin",
        ):
            element = current.inputs[0].inputs[0]
            return reduction(outer, (*axes, *more), element, current.op)  # pyright: ignore[reportArgumentType]
        case _:
            return None


def _place_of_extremum(current: Node) -> Node | None:
    """argmax a = min over where(a = max a, index, last index)."""
    match current.op:
        case ops.Reduce("argmax" | "argmin" as monoid, (axis,)) if current.inputs[0].dtype.kind != "bool":
            values = current.inputs[0]
            extremum = reduction("max" if monoid == "argmax" else "min", (axis,), values)
            return first_place(values, extremum, (axis,))
        case _:
            return None


def _fold_of_widened(current: Node) -> Node | None:
    """A fold of numbers that were made wider is that of the numbers, where it is as wide in any case."""
    element = current.inputs[0] if current.inputs else current
    if not (isinstance(current.op, ops.Reduce) and isinstance(element.op, ops.Cast)):
        return None
    narrow = element.inputs[0]
    if narrow.dtype.kind != "float" or narrow.dtype.bytes >= element.dtype.bytes:
        return None
    made = with_inputs(current, (narrow,))
    return made if made.dtype is current.dtype else None


def _hoist_factors(current: Node) -> Node | None:
    """∑ₐ c·e = c·∑ₐ e for c free of a."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"):
        return None
    element, axes = current.inputs[0], set(current.op.axes)
    if function(element) != "mul" or element.dtype.kind != "float":
        return None
    free = [f for f in element.inputs if not axes & set(f.axes)]
    bound = [f for f in element.inputs if axes & set(f.axes)]
    if not free or not bound:
        return None
    kept = product(bound)
    inner = spread(kept, axes) if axes - set(kept.axes) else kept
    return apply("mul", *free, reduction("sum", current.op.axes, inner, current.op))


def _hoist_mask(current: Node) -> Node | None:
    """∑ₐ where(c, e, 0) = where(c, ∑ₐ e, 0) for c free of a."""
    match current.op, current.inputs[0] if current.inputs else None:
        case ops.Reduce("sum", axes), Node() as element if function(element) == "where":
            condition, value, other = element.inputs
            if literal(other) != 0 or set(axes) & set(condition.axes) or not set(axes) <= set(value.axes):
                return None
            return apply("where", condition, reduction("sum", axes, value, current.op), constant(0.0))
        case _:
            return None


def _sum_of_constant(current: Node) -> Node | None:
    """∑ₐ c = |a|·c for c free of a."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"):
        return None
    element = current.inputs[0]
    if not isinstance(element.op, ops.Spread):
        return None
    axes = [axis for axis in current.op.axes if axis in element.op.axes]
    if not axes:
        return None
    inner = spread(element.inputs[0], (a for a in element.op.axes if a not in axes))
    rest = [axis for axis in current.op.axes if axis not in axes]
    total = reduction("sum", rest, inner, current.op) if rest else inner
    count = math.prod((axis.size for axis in axes), start=Size.constant(1))
    return apply("mul", total, node(ops.Cast(DType.F32), size_node(count)))


def _fold_of_repeated(current: Node) -> Node | None:
    """∑ₐ of what is the same along b is the same along b."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid not in ("argmax", "argmin")):
        return None
    element, op = current.inputs[0], current.op
    repeated = [a for a in element.op.axes if a not in op.axes] if isinstance(element.op, ops.Spread) else []
    if not repeated:
        return None
    inner = spread(element.inputs[0], (a for a in element.axes if a in op.axes))
    return spread(reduction(op.monoid, op.axes, inner, op), repeated)


def _extremum_of_constant(current: Node) -> Node | None:
    """max_a c = c for c free of a, which has an index; so for min, any and all."""
    if not (isinstance(current.op, ops.Reduce) and current.op.monoid in ("max", "min", "any", "all")):
        return None
    element, op = current.inputs[0], current.op
    if not isinstance(element.op, ops.Spread):
        return None
    axes = [a for a in op.axes if a in element.op.axes and (a.size.value or 0) > 0]
    inner = spread(element.inputs[0], (a for a in element.op.axes if a not in axes))
    rest = [a for a in op.axes if a not in axes]
    made = reduction(op.monoid, rest, inner, op) if rest else inner
    return made if axes and made.dtype is current.dtype else None


def _mask_of_product(current: Node) -> Node | None:
    """where(c, a, 0)·b = where(c, a·b, 0)."""
    if function(current) != "mul" or current.dtype.kind == "bool":
        return None
    for place, factor in enumerate(current.inputs):
        if function(factor) == "where" and literal(factor.inputs[2]) == 0:
            rest = [*current.inputs[:place], *current.inputs[place + 1 :]]
            none = constant(0.0 if current.dtype.kind == "float" else 0)
            made = apply("where", factor.inputs[0], apply("mul", factor.inputs[1], *rest), none)
            return made if made.dtype is current.dtype else None
    return None


def _nested_mask(current: Node) -> Node | None:
    """where(a, where(b, e, k), k) = where(a and b, e, k)."""
    if function(current) != "where":
        return None
    condition, value, other = current.inputs
    if function(value) != "where" or literal(other) is None or literal(other) != literal(value.inputs[2]):
        return None
    return apply("where", apply("and", condition, value.inputs[0]), value.inputs[1], other)


def _gather_of_computed(current: Node) -> Node | None:
    """E[v → t] = ∑ᵥ [v = t]·E: reading one element of what is computed is a fold (Kronecker's delta)."""
    match current.op:
        case ops.Gather(axis) if not isinstance(current.inputs[0].op, ops.Input | ops.View):
            table, index = current.inputs
            hit = apply("eq", node(ops.Iota(axis)), index)
            return reduction("sum", (axis,), apply("where", hit, table, constant(0.0)))
        case _:
            return None


REDUCTIONS = (
    *DIGITS,
    Rule("nested-reduction", "∑ₐ ∑_b e = ∑ₐ_b e", _nested_reduction),
    Rule("place-of-extremum", "argmax a = min where(a = max a, index, last)", _place_of_extremum),
    Rule("fold-of-widened", "∑ₐ f32 e = ∑ₐ e, which is as wide", _fold_of_widened),
    Rule("hoist-factors", "∑ₐ c·e = c·∑ₐ e, c free of a", _hoist_factors),
    Rule("hoist-mask", "∑ₐ where(c, e, 0) = where(c, ∑ₐ e, 0), c free of a", _hoist_mask),
    Rule("sum-of-constant", "∑ₐ c = |a|·c, c free of a", _sum_of_constant),
    Rule("fold-of-repeated", "∑ₐ e is the same along b where e is", _fold_of_repeated),
    Rule("extremum-of-constant", "max_a c = c, c free of a", _extremum_of_constant),
)
MASKS = (
    Rule("mask-of-product", "where(c, a, 0)·b = where(c, a·b, 0)", _mask_of_product),
    Rule("nested-mask", "where(a, where(b, e, k), k) = where(a and b, e, k)", _nested_mask),
)
GATHERS = (Rule("gather-of-computed", "E[v → t] = ∑ᵥ [v = t]·E", _gather_of_computed),)
LIKE_TERMS, OTHER_TERMS = TERMS[:1], TERMS[1:]
FIRST = tuple(rule for rule in VIEWS + GATHERS + SCALARS if rule.name != "sign-of-sum") + LIKE_TERMS
"""What makes sums and products flat, which the other rules need: else brackets would decide what they find.

Signs meet in flat products; one that went into a sum before would turn it around.
"""

"""Like terms are joined before a sum is made flat: laws that open and close its terms in turn would hide them."""

RULES = (
    *(VIEWS + JOINS + GATHERS + LIKE_TERMS + SCALARS + LOGARITHMS + WIDENING + OTHER_TERMS + MASK_SPELLINGS),
    *(MASKS + REDUCTIONS + SUMMED_MASKS + FINISHED),
)


ROUNDS = 4
"""Rounds of rules and order; what is alike to the hash may change places in every round, and nothing else does."""


STOP = Rule("stop-of-reference", "stop a = a where no result depends on a", lambda _: None)
"""A law of a whole diagram."""


def without_stops(roots: tuple[Node, ...], record: Record) -> tuple[Node, ...]:
    """The roots without stops of what they have derivative 0 by in any case."""
    free = irrelevant_stops(roots)
    record.steps += [Step(STOP, stop, stop.inputs[0]) for stop in free]
    return substitute(roots, {stop: stop.inputs[0] for stop in free}) if free else roots


@dataclass(frozen=True, slots=True)
class Normalise:
    """The pass `normalise`."""

    rules: tuple[Rule, ...] = RULES

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram in normal form; the same object when it was normal already."""
        *_, (_, made) = self.stages(diagram, record or Record())
        return made

    def stages(self, diagram: Diagram, record: Record) -> Iterator[tuple[str, Diagram]]:
        """What the pass does one after the other, each by its name with the diagram after it."""
        diagram = diagram.with_outputs(without_stops(diagram.outputs, record))
        first = tuple(rule for rule in self.rules if rule in FIRST)
        made = diagram.with_outputs(rewrite(diagram.outputs, first, record))
        yield "flatten", made
        made = order(made, record)
        yield "order", made
        made = turned(made, record)
        yield "even powers", made
        for _ in range(ROUNDS):  # what the order makes equal, rules may join
            roots = rewrite(made.outputs, self.rules, record)
            if roots == made.outputs:
                break
            made = made.with_outputs(roots)
            yield "laws", made
            made = order(made, record)
            yield "order", made
            made = turned(made, record)
            yield "even powers", made
        made = made.with_outputs(shared_folds(made.outputs, record))
        yield "shared folds", made
        yield "order", order(made, record)


def order(diagram: Diagram, record: Record) -> Diagram:
    """Operands of commutative functions, and axes that form a set, in an order that names do not change."""
    colouring = Colouring(diagram.outputs, diagram.layouts)
    places = {current: place for place, current in enumerate(colouring.nodes)}
    ranks: dict[int, tuple[str, str, int]] = {}

    stored = [a for layout in diagram.layouts for a in layout.axes]
    axes = {
        a: (stored.index(a), "") if a in stored else (len(stored), c)
        for a, c in colouring.axis_colours.items()
    }

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made = node(_in_order(current.op, inputs, axes), *inputs, array=_given(current))
        if isinstance(current.op, ops.Map) and current.op.function.commutative:
            made = apply(current.op.function.name, *sorted(inputs, key=lambda i: ranks[id(i)]))
        rank = (colouring.hashes[current], colouring.contexts[current], places[current])
        ranks.setdefault(id(made), rank)
        return record.follow(current, made)

    return diagram.with_outputs(rebuild(diagram.outputs, change))


def _given(current: Node) -> Array | None:
    """The array of an input, which nothing infers."""
    return current.array if isinstance(current.op, ops.Input) else None


def _in_order(
    op: ops.Operator, operands: tuple[Node, ...], rank: Mapping[Axis, tuple[int, str]]
) -> ops.Operator:
    """The operator with its set of axes in order."""
    match op:
        case ops.Spread(axes):
            return ops.Spread(tuple(sorted(axes, key=rank.__getitem__)))
        case ops.Reduce(axes=axes):
            return replace(op, axes=tuple(a for a in operands[0].axes if a in axes))
        case ops.View(coordinates):
            return replace(op, coordinates=tuple((a, c.ordered(rank.__getitem__)) for a, c in coordinates))
        case _:
            return op
